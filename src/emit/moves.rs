//! Elements that move from DRAM through the first core's unified buffer to other places in DRAM, in blocks of two axes.

use super::build::{Builder, Index, Matrix, wait};
use crate::isa::{MOST_DEPTH, RowsAre, Unit, Wait, Window, Work};
use crate::schedule::{Axis, Layer, MOST_LOOPS, Move, Part};

const CORE: u32 = 0;
const _: () = assert!(MOST_LOOPS == MOST_DEPTH, "what is planned can be emitted");

/// Emits a layer that only moves elements.
pub(super) fn emit(builder: &mut Builder, layer: &Layer, work: &Move) {
    let left = builder.dram(layer.result);
    for part in &work.parts {
        // A block fits the unified buffer.
        let [rows, cols] = part.block.map(|side| side as usize);
        let from = builder.dram(part.from);
        let place = builder.result(layer.result, CORE, builder.plan.blocks * rows * cols);
        let mut waits = builder.until_in_dram(part.from, CORE);
        let chosen = part.chosen.map(|(id, of)| {
            waits.extend(builder.until_in_dram(id, CORE));
            Chosen {
                from: builder.dram(id),
                place: builder.unified(id, CORE, builder.plan.blocks * rows),
                of,
            }
        });
        Moved { part, from, place, left, waits, chosen }.loops(builder, &part.loops, [Index::default(); 2]);
    }
}

struct Moved<'a> {
    part: &'a Part,
    from: Matrix,
    place: Matrix,
    left: Matrix,
    /// Of every copy from DRAM.
    waits: Vec<Wait>,
    chosen: Option<Chosen>,
}

/// Numbers of rows.
struct Chosen {
    from: Matrix,
    place: Matrix,
    of: usize,
}

/// From one place to the next along an axis, in what is read and in the result.
fn along([from, to]: [Index; 2], depth: usize, axis: &Axis) -> [Index; 2] {
    let one = Index::default().along(depth, 1);
    [from.and(one.apart(axis.from)), to.and(one.apart(axis.to))]
}

impl Moved<'_> {
    fn loops(&self, builder: &mut Builder, loops: &[Axis], at: [Index; 2]) {
        match loops.split_first() {
            Some((axis, within)) => builder.repeat(axis.extent as usize, |builder, depth| {
                self.loops(builder, within, along(at, depth, axis));
            }),
            None => self.rows(builder, at),
        }
    }

    /// One window, in blocks.
    fn rows(&self, builder: &mut Builder, at: [Index; 2]) {
        let Part { rows, cols, block, .. } = self.part;
        for_blocks(builder, rows.extent, block[0], &mut |builder, row, height| {
            for_blocks(builder, cols.extent, block[1], &mut |builder, col, width| {
                self.block(builder, at, [row, col], [height, width]);
            });
        });
    }

    /// Some rows and columns of a window, from the first ones on.
    fn block(&self, builder: &mut Builder, at: [Index; 2], [row, col]: [Index; 2], extents: [usize; 2]) {
        let Part { rows, cols, first, .. } = self.part;
        let core = CORE as usize;
        let (arrived, gone) = (builder.events.operand[core], builder.events.left[core]);
        let place = |side: usize, rows: u64, cols: u64| {
            let first = Index { first: first[side], ..at[side] };
            first.and(row.apart(rows)).and(col.apart(cols))
        };
        let (to, strides) = (place(1, rows.to, cols.to), [rows.to, cols.to]);
        let here = self.place.strided(to, strides, extents);
        let left = self.left.strided(to, strides, extents);
        // Blocks take the place of those before the last.
        let mut waits = self.waits.clone();
        waits.push(wait(gone, builder.plan.blocks - 1));
        let (from, rows_are) = match &self.chosen {
            Some(chosen) => {
                let numbers = |matrix: &Matrix| matrix.strided(row, [1, 1], [1, extents[0]]);
                let numbers = [numbers(&chosen.from), numbers(&chosen.place)];
                builder.copy_in(CORE, numbers, waits.clone(), arrived);
                waits.push(wait(arrived, 0));
                let from = self.from.strided(place(0, 0, cols.from), [rows.from, cols.from], extents);
                (from, RowsAre::Chosen { places: numbers[1].transposed(), of: chosen.of })
            }
            None => {
                let from = self.from.strided(place(0, rows.from, cols.from), [rows.from, cols.from], extents);
                (from, self.rows_are(&from))
            }
        };
        let copy = Work::Copy { from, to: here, rows: rows_are };
        builder.push(Unit::DmaIn(CORE), copy, waits, vec![arrived]);
        // Along what lies together in the result.
        let (from, to) = if cols.to == 1 { (here, left) } else { (here.transposed(), left.transposed()) };
        let copy = Work::Copy { from, to, rows: self.rows_are(&to) };
        builder.push(Unit::DmaOut(CORE), copy, vec![wait(arrived, 0)], vec![gone]);
    }

    /// How the rows of a window in DRAM lie: together if each continues the one before, or if there is but one in all.
    fn rows_are(&self, window: &Window) -> RowsAre {
        let continued = window.rows > 1 && window.row_stride == window.cols as u64;
        let single = self.part.loops.is_empty() && self.part.rows.extent == 1;
        match window.col_stride == 1 && (continued || single) {
            true => RowsAre::Together,
            false => RowsAre::Gathered,
        }
    }
}

/// Goes over an extent in blocks; each knows its first place and how many it has.
fn for_blocks(
    builder: &mut Builder,
    extent: u64,
    block: u64,
    each: &mut dyn FnMut(&mut Builder, Index, usize),
) {
    let whole = extent / block;
    if whole == 1 {
        each(builder, Index::default(), block as usize);
    } else {
        builder.repeat(whole as usize, |builder, depth| {
            let first = Index::default().along(depth, block as usize);
            each(builder, first, block as usize)
        });
    }
    if !extent.is_multiple_of(block) {
        let first = Index { first: whole * block, ..Index::default() };
        each(builder, first, (extent % block) as usize);
    }
}
