//! Operands laid out for speed, and the sums of many PEs over several cycles. Work goes along the columns: PEs side by
//! side hold sums of different rows of activations, each of which is summed in ascending k.

use std::ops::Range;

use super::number::WIDE;
use super::{Number, Waves};
use crate::base::Cycle;
use crate::timing::Sides;
use crate::trace::NONE;

/// Rows worked on together.
const HIGH: usize = 4;

/// Cycles whose activations are laid out in one go, once an array is under way.
const AHEAD: usize = 128;

/// Packs that hold R operands, and those that whole blocks of rows reach.
fn packs<N: Number>(rows: usize) -> usize {
    rows.next_multiple_of(HIGH).div_ceil(N::PACKED)
}

/// One tile of weights.
pub(super) struct Tile<N: Number> {
    width: usize,
    /// By rows of k packed together, and column, padded to whole blocks.
    values: Vec<N::Pack>,
}

impl<N: Number> Tile<N> {
    pub(super) fn new(waves: &impl Waves<Number = N>, pass: usize) -> Self {
        let Sides { rows, cols } = waves.sides();
        let width = cols.next_multiple_of(WIDE);
        let mut values = vec![N::Pack::default(); packs::<N>(rows) * width];
        let mut row = vec![Default::default(); cols];
        for k in 0..rows {
            waves.weights(pass, k, &mut row);
            for (pack, value) in values[k / N::PACKED * width..].iter_mut().zip(&row) {
                pack.as_mut()[k % N::PACKED] = *value;
            }
        }
        Tile { width, values }
    }

    fn at(&self, pack: usize, col: usize) -> &[N::Pack; WIDE] {
        wide(&self.values[pack * self.width + col..])
    }
}

/// The activations of one lane by the cycle in which they enter row 0, the latest first: row i follows i cycles later
/// and column j another j, so PE(i, j) finds its own i + j places behind those that enter now.
pub(super) struct Streams<N: Number> {
    rows: usize,
    lane: usize,
    /// Cycle of the first place.
    newest: Cycle,
    /// The place of those that enter now.
    now: usize,
    /// By place: the pass, or [`NONE`].
    passes: Vec<u32>,
    width: usize,
    /// By rows of k packed together, and place.
    values: Vec<N::Pack>,
}

impl<N: Number> Streams<N> {
    /// In cycle `t`.
    pub(super) fn new(waves: &impl Waves<Number = N>, lane: usize, t: Cycle) -> Self {
        let mut streams = Streams::empty(waves.sides(), lane, t, 0);
        streams.fill(waves, 0..streams.passes.len());
        streams
    }

    fn empty(sides: Sides, lane: usize, t: Cycle, ahead: usize) -> Self {
        let places = ahead + sides.rows + sides.cols - 1;
        let width = places + HIGH + WIDE;
        Streams {
            rows: sides.rows,
            lane,
            newest: t + ahead as Cycle,
            now: ahead,
            passes: vec![NONE; places],
            width,
            values: vec![N::Pack::default(); packs::<N>(sides.rows) * width],
        }
    }

    /// Goes on to a later cycle.
    pub(super) fn seek(&mut self, waves: &impl Waves<Number = N>, t: Cycle) {
        if t > self.newest {
            let mut next = Streams::empty(waves.sides(), self.lane, t, AHEAD);
            let new = usize::try_from(next.newest - self.newest).unwrap_or(usize::MAX).min(next.passes.len());
            next.fill(waves, 0..new);
            let kept = self.passes.len().min(next.passes.len() - new);
            next.passes[new..][..kept].copy_from_slice(&self.passes[..kept]);
            for (next, line) in next.values.chunks_mut(next.width).zip(self.values.chunks(self.width)) {
                next[new..][..kept].copy_from_slice(&line[..kept]);
            }
            *self = next;
        }
        self.now = (self.newest - t) as usize;
    }

    fn fill(&mut self, waves: &impl Waves<Number = N>, places: Range<usize>) {
        let mut pass = super::last(waves.passes(), self.newest, |pass| waves.timing(pass).stream.start);
        let mut column = vec![N::Operand::default(); self.rows];
        for place in places {
            let Some(cycle) = self.newest.checked_sub(place as Cycle) else { break };
            while pass.is_some_and(|pass| waves.timing(pass).stream.start > cycle) {
                pass = pass.and_then(|pass| pass.checked_sub(1));
            }
            let Some(pass) = pass else { break };
            let Some(step) = waves.timing(pass).stream.entering(cycle).nth(self.lane) else { continue };
            self.passes[place] = pass as u32;
            waves.activations(pass, step, &mut column);
            let packs = self.values[place..].iter_mut().step_by(self.width);
            for (pack, operands) in packs.zip(column.chunks(N::PACKED)) {
                pack.as_mut()[..operands.len()].copy_from_slice(operands);
            }
        }
    }

    fn at(&self, pack: usize, diagonal: usize) -> &[N::Pack; WIDE] {
        wide(&self.values[pack * self.width + self.now + diagonal..])
    }

    /// The passes on the diagonals from `first` on.
    pub(super) fn passes(&self, first: usize) -> &[u32] {
        &self.passes[self.now + first..]
    }

    /// The activations of a row.
    pub(super) fn row(&self, row: usize) -> impl Iterator<Item = N::Operand> {
        let packs = &self.values[row / N::PACKED * self.width + self.now + row..];
        packs.iter().map(move |pack| pack.as_ref()[row % N::PACKED])
    }
}

/// Partial sums of one lane. A sum moves down a row a cycle, and the rows move with it: what they hold stays in place.
pub(super) struct Sums<N> {
    sides: Sides,
    width: usize,
    /// Place of row 0.
    top: usize,
    values: Vec<N>,
}

impl<N: Number> Sums<N> {
    pub(super) fn new(sides: Sides) -> Self {
        let width = sides.cols.next_multiple_of(WIDE);
        Sums { sides, width, top: 0, values: vec![N::default(); sides.rows * width] }
    }

    /// All sums move down by so many rows.
    pub(super) fn sink(&mut self, cycles: Cycle) {
        let rows = self.sides.rows;
        self.top = (self.top + rows - (cycles % rows as Cycle) as usize) % rows;
    }

    fn place(&self, row: usize) -> usize {
        (self.top + row) % self.sides.rows * self.width
    }

    /// The sums of a row.
    pub(super) fn row(&self, row: usize) -> &[N] {
        &self.values[self.place(row)..][..self.sides.cols]
    }

    /// Adds what the PEs on some diagonals, at work on one tile, have added in the last cycles. Sums that have come in
    /// since begin from +0.
    pub(super) fn add(
        &mut self,
        streams: &Streams<N>,
        tile: &Tile<N>,
        diagonals: &Range<usize>,
        stride: Stride,
    ) {
        let Sides { rows, cols } = self.sides;
        for top in (0..rows).step_by(HIGH) {
            let high = HIGH.min(rows - top);
            // Columns of the block's rows on these diagonals.
            let end = diagonals.end.saturating_sub(top).min(cols);
            let start = diagonals.start.saturating_sub(top + high - 1).min(end);
            let places: [usize; HIGH] = std::array::from_fn(|row| self.place(top + row));
            for left in (start / WIDE * WIDE..end).step_by(WIDE) {
                let mut block = [[N::default(); WIDE]; HIGH];
                for row in stride.cycles(rows).saturating_sub(top).min(high)..high {
                    block[row] = *wide(&self.values[places[row] + left..]);
                }
                let at = Place { top, left };
                match stride {
                    Stride::One => at.add_the_last::<N, 1>(streams, tile, &mut block),
                    Stride::Eight if top >= 8 => at.add_the_last::<N, 8>(streams, tile, &mut block),
                    Stride::Eight | Stride::Whole => at.add_all(streams, tile, &mut block),
                }
                for (row, sums) in block[..high].iter().enumerate() {
                    let from = diagonals.start.saturating_sub(top + row).max(left);
                    let to = diagonals.end.saturating_sub(top + row).min(left + WIDE);
                    let into = &mut self.values[places[row] + left..][..WIDE];
                    if (from, to) == (left, left + WIDE) {
                        into.copy_from_slice(sums);
                    } else if from < to {
                        into[from - left..to - left].copy_from_slice(&sums[from - left..to - left]);
                    }
                }
            }
        }
    }
}

/// Cycles whose products are added at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stride {
    One,
    Eight,
    /// As many as the array has rows: no sum is older.
    Whole,
}

impl Stride {
    pub(super) fn cycles(self, rows: usize) -> usize {
        match self {
            Stride::One => 1,
            Stride::Eight => 8,
            Stride::Whole => rows,
        }
    }
}

type Block<N> = [[N; WIDE]; HIGH];

/// A block of PEs, by its first row and column.
#[derive(Clone, Copy)]
struct Place {
    top: usize,
    left: usize,
}

impl Place {
    /// All products of the block's sums.
    #[inline(always)]
    fn add_all<N: Number>(self, streams: &Streams<N>, tile: &Tile<N>, block: &mut Block<N>) {
        for pack in 0..self.top / N::PACKED {
            self.add_pack(streams, tile, pack, block);
        }
        for pack in 0..HIGH / N::PACKED {
            self.add_some(
                streams,
                tile,
                self.top / N::PACKED + pack,
                |row| 0..(row + 1).saturating_sub(pack * N::PACKED),
                block,
            );
        }
    }

    /// Those of the last `CYCLES`; in rows that are not above the array.
    #[inline(always)]
    fn add_the_last<N: Number, const CYCLES: usize>(
        self,
        streams: &Streams<N>,
        tile: &Tile<N>,
        block: &mut Block<N>,
    ) {
        // Packs above the block, and the k of each row, counted from the first of them.
        let above = (CYCLES - 1).div_ceil(N::PACKED);
        let first = self.top / N::PACKED - above;
        let k_of = |row: usize, pack: usize| {
            let end = above * N::PACKED + row + 1;
            (end - CYCLES).saturating_sub(pack * N::PACKED)..end.saturating_sub(pack * N::PACKED)
        };
        // The first pack of which the lowest row needs all.
        let common = (above * N::PACKED + HIGH).saturating_sub(CYCLES).div_ceil(N::PACKED).min(above);
        for pack in 0..common {
            self.add_some(streams, tile, first + pack, |row| k_of(row, pack), block);
        }
        for pack in common..above {
            self.add_pack(streams, tile, first + pack, block);
        }
        for pack in above..above + HIGH / N::PACKED {
            self.add_some(streams, tile, first + pack, |row| k_of(row, pack), block);
        }
    }

    /// A pack that all rows need.
    #[inline(always)]
    fn add_pack<N: Number>(self, streams: &Streams<N>, tile: &Tile<N>, pack: usize, block: &mut Block<N>) {
        let weights = tile.at(pack, self.left);
        for (row, sums) in block.iter_mut().enumerate() {
            N::add_products(sums, streams.at(pack, self.top + self.left + row), weights);
        }
    }

    /// A pack of which each row needs only some.
    #[inline(always)]
    fn add_some<N: Number>(
        self,
        streams: &Streams<N>,
        tile: &Tile<N>,
        pack: usize,
        needs: impl Fn(usize) -> Range<usize>,
        block: &mut Block<N>,
    ) {
        let weights = tile.at(pack, self.left);
        for (row, sums) in block.iter_mut().enumerate() {
            let needs = needs(row);
            let needs = needs.start..needs.end.min(N::PACKED);
            if needs.start < needs.end {
                let weights = weights.map(|pack| keep::<N>(pack, &needs));
                N::add_products(sums, streams.at(pack, self.top + self.left + row), &weights);
            }
        }
    }
}

/// Zeros in place of the operands that are not within.
#[inline(always)]
fn keep<N: Number>(mut pack: N::Pack, within: &Range<usize>) -> N::Pack {
    for (at, operand) in pack.as_mut().iter_mut().enumerate() {
        if !within.contains(&at) {
            *operand = N::Operand::default();
        }
    }
    pack
}

fn wide<T>(values: &[T]) -> &[T; WIDE] {
    values.first_chunk().expect("rows are padded to whole blocks")
}
