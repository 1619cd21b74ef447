//! Operands laid out for speed, and the sums of many PEs over several cycles. Work goes along the columns: PEs side by
//! side hold sums of different rows of activations, each of which is summed in ascending k.

use std::ops::Range;

use super::number::WIDE;
use super::{Number, Waves};
use crate::base::Cycle;
use crate::timing::Sides;
use crate::trace::NONE;

/// Rows worked on together.
pub(super) const HIGH: usize = 4;

/// Neighbouring places of a stream that a block of PEs sees in a cycle.
const LINE: usize = HIGH + WIDE - 1;

/// Cycles whose activations are laid out in one go, once an array is under way.
const AHEAD: usize = 128;

/// Packs that hold R operands, and those that whole blocks of rows reach.
fn packs<N: Number>(rows: usize) -> usize {
    rows.next_multiple_of(HIGH).div_ceil(N::PACKED)
}

/// Blocks of columns in a line of them. It is odd, so that lines below each other do not fight for the same places in the
/// processor's cache.
fn blocks(cols: usize) -> usize {
    cols.div_ceil(WIDE) | 1
}

/// One tile of weights.
pub(super) struct Tile<N: Number> {
    /// Packs of a column.
    down: usize,
    /// By block of columns, and rows of k packed together.
    values: Vec<[N::Pack; WIDE]>,
}

impl<N: Number> Tile<N> {
    pub(super) fn new(waves: &impl Waves<Number = N>, pass: usize) -> Self {
        let Sides { rows, cols } = waves.sides();
        let down = packs::<N>(rows);
        let mut values = vec![[N::Pack::default(); WIDE]; cols.div_ceil(WIDE) * down];
        let mut row = vec![Default::default(); cols];
        for k in 0..rows {
            waves.weights(pass, k, &mut row);
            for (block, row) in values.chunks_mut(down).zip(row.chunks(WIDE)) {
                let packs = block[k / N::PACKED].iter_mut().zip(row);
                packs.for_each(|(pack, value)| pack.as_mut()[k % N::PACKED] = *value);
            }
        }
        Tile { down, values }
    }

    /// One weight.
    fn weight(&self, k: usize, col: usize) -> N::Operand {
        let pack = &self.values[col / WIDE * self.down + k / N::PACKED][col % WIDE];
        pack.as_ref()[k % N::PACKED]
    }

    /// Some packs of a block of columns.
    #[inline(always)]
    fn some<const PACKS: usize>(&self, first: usize, block: usize) -> &[[N::Pack; WIDE]; PACKS] {
        let at = block * self.down + first;
        match self.values.as_slice().get(at..at + PACKS).and_then(<[_]>::first_chunk) {
            Some(packs) => packs,
            None => unreachable!("tiles are padded to whole blocks"),
        }
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
    /// Places that blocks of the same rows see.
    seen: usize,
    laid: Laid,
    /// By rows of k packed together, and place; if they are laid out so.
    values: Vec<N::Pack>,
    /// By row and place; else.
    plain: Vec<N::Operand>,
}

/// How activations are laid out: each way of going on has its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Laid {
    /// Those of neighbouring rows together, for several cycles at once.
    Packed,
    /// Row by row, for one cycle after the other.
    Plain,
}

impl<N: Number> Streams<N> {
    /// In cycle `t`.
    pub(super) fn new(waves: &impl Waves<Number = N>, lane: usize, t: Cycle) -> Self {
        let mut streams = Streams::empty(waves.sides(), lane, t, 0, Laid::Packed);
        streams.fill(waves, 0..streams.passes.len());
        streams
    }

    fn empty(sides: Sides, lane: usize, t: Cycle, ahead: usize, laid: Laid) -> Self {
        let places = ahead + sides.rows + sides.cols - 1;
        let width = places + 2 * HIGH + WIDE;
        Streams {
            rows: sides.rows,
            lane,
            newest: t + ahead as Cycle,
            now: ahead,
            passes: [NONE].repeat(places),
            width,
            seen: sides.cols.next_multiple_of(WIDE) + HIGH,
            laid,
            values: vec![
                N::Pack::default();
                if laid == Laid::Packed { packs::<N>(sides.rows) * width } else { 0 }
            ],
            plain: vec![N::Operand::default(); if laid == Laid::Plain { sides.rows * width } else { 0 }],
        }
    }

    /// Goes on to a later cycle, laid out as asked.
    pub(super) fn seek(&mut self, waves: &impl Waves<Number = N>, t: Cycle, laid: Laid) {
        if t > self.newest || self.laid != laid {
            let mut next = Streams::empty(waves.sides(), self.lane, t, AHEAD, laid);
            let all = next.passes.len();
            let new = match self.laid == laid {
                true => usize::try_from(next.newest - self.newest).unwrap_or(usize::MAX).min(all),
                false => all,
            };
            next.fill(waves, 0..new);
            let kept = self.passes.len().min(all - new);
            next.passes[new..][..kept].copy_from_slice(&self.passes[..kept]);
            for (next, line) in next.values.chunks_mut(next.width).zip(self.values.chunks(self.width)) {
                next[new..][..kept].copy_from_slice(&line[..kept]);
            }
            for (next, line) in next.plain.chunks_mut(next.width).zip(self.plain.chunks(self.width)) {
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
            match self.laid {
                Laid::Packed => self.pack(place, &column),
                Laid::Plain => {
                    let lines = self.plain[place..].iter_mut().step_by(self.width);
                    lines.zip(&column).for_each(|(into, operand)| *into = *operand);
                }
            }
        }
    }

    fn pack(&mut self, place: usize, column: &[N::Operand]) {
        let mut at = place;
        for operands in column.chunks(N::PACKED) {
            let pack = self.values[at].as_mut();
            pack[0] = operands[0];
            if let Some(second) = operands.get(1) {
                pack[1] = *second;
            }
            at += self.width;
        }
    }

    /// What the blocks of some rows see of a pack, the nearest diagonal first.
    fn line(&self, pack: usize, top: usize) -> &[N::Pack] {
        &self.values[pack * self.width + self.now + top..][..self.seen]
    }

    /// The passes on the diagonals from `first` on.
    pub(super) fn passes(&self, first: usize) -> &[u32] {
        &self.passes[self.now + first..]
    }

    /// The activations of a row as they are shown.
    pub(super) fn show_row(&self, row: usize, into: &mut [N]) {
        let from = |lines: usize| lines * self.width + self.now + row;
        if self.laid == Laid::Plain {
            return N::show(&self.plain[from(row)..], into);
        }
        let (packs, _) = self.values[from(row / N::PACKED)..].as_chunks();
        for (into, packs) in into.chunks_mut(WIDE).zip(packs) {
            let shown = N::shown(packs, row % N::PACKED);
            match into.first_chunk_mut() {
                Some(into) => *into = shown,
                None => into.copy_from_slice(&shown[..into.len()]),
            }
        }
    }

    /// The activations of a row.
    pub(super) fn row(&self, row: usize) -> impl Iterator<Item = N::Operand> {
        let from = |lines: usize| lines * self.width + self.now + row;
        let (packs, plain) = match self.laid {
            Laid::Packed => (&self.values[from(row / N::PACKED)..], &self.plain[..]),
            Laid::Plain => (&self.values[..], &self.plain[from(row)..]),
        };
        packs.iter().map(move |pack| pack.as_ref()[row % N::PACKED]).chain(plain.iter().copied())
    }
}

/// Rows of sums, as partial ones of a lane: these move down a row a cycle, and the rows move with them, so that what they
/// hold stays in place.
#[derive(Clone, Debug)]
pub struct Sums<N> {
    sides: Sides,
    across: usize,
    /// Place of row 0.
    top: usize,
    /// By place and block of columns; then the rows that fill up the last block of rows.
    values: Vec<[N; WIDE]>,
}

/// The sums of a block of PEs as the processor holds them, by row.
type Block<N> = [<N as Number>::Sums; HIGH];

/// Rows worked on together.
type Rows<'a, N> = [&'a mut [[N; WIDE]]; HIGH];

impl<N: Number> Sums<N> {
    pub(super) fn new(sides: Sides) -> Self {
        let across = blocks(sides.cols);
        let values = vec![[N::default(); WIDE]; (sides.rows + HIGH - 1) * across];
        Sums { sides, across, top: 0, values }
    }

    /// How many.
    pub(super) fn len(&self) -> usize {
        self.values.len() * WIDE
    }

    /// All begin anew, from +0.
    pub(super) fn clear(&mut self) {
        self.values.fill(N::NONE);
    }

    /// All sums move down by so many rows.
    pub(super) fn sink(&mut self, cycles: Cycle) {
        let rows = self.sides.rows;
        self.top = (self.top + rows - (cycles % rows as Cycle) as usize) % rows;
    }

    fn place(&self, row: usize) -> usize {
        let (rows, turned) = (self.sides.rows, self.top + row);
        self.across
            * match row {
                _ if row >= rows => row,
                _ if turned < rows => turned,
                _ => turned - rows,
            }
    }

    /// The sums of a row.
    pub(super) fn row(&self, row: usize) -> &[N] {
        &self.values[self.place(row)..][..self.across].as_flattened()[..self.sides.cols]
    }

    /// Rows worked on together, from `top` on: below each other but where the lowest place is followed by the first.
    fn rows_from(&mut self, top: usize) -> Rows<'_, N> {
        let (across, first, last) = (self.across, self.place(top), self.place(top + HIGH - 1));
        if last == first + (HIGH - 1) * across {
            let (row0, rest) = self.values[first..].split_at_mut(across);
            let (row1, rest) = rest.split_at_mut(across);
            let (row2, rest) = rest.split_at_mut(across);
            return [row0, row1, row2, &mut rest[..across]];
        }
        let rows: [usize; HIGH] = std::array::from_fn(|row| self.place(top + row));
        let rows = rows.map(|place| place..place + across);
        self.values.get_disjoint_mut(rows).expect("each row has its own place")
    }

    /// Adds what the PEs have added in the last cycles, those on some diagonals at work on some tile. Sums that have come
    /// in since begin from +0.
    pub(super) fn add(&mut self, streams: &Streams<N>, at_work: &[(&Tile<N>, Range<usize>)], stride: Stride) {
        let Sides { rows, cols } = self.sides;
        for top in (0..rows).step_by(HIGH) {
            let mut lines = self.rows_from(top);
            for (tile, diagonals) in at_work {
                let columns = columns(top, cols, diagonals);
                // What is beyond the array's edges does not matter.
                let end = if diagonals.end == rows + cols - 1 { usize::MAX } else { diagonals.end };
                let on = On { top, columns, diagonals: diagonals.start..end };
                let strip = Strip { streams, tile, top };
                match (stride, N::PACKED) {
                    (Stride::Eight, 2) if top >= 8 => strip.add_the_last_eight::<6>(&on, &mut lines),
                    (Stride::Eight, _) if top >= 8 => strip.add_the_last_eight::<11>(&on, &mut lines),
                    (_, 2) => strip.begin::<2>(&on, &mut lines),
                    _ => strip.begin::<4>(&on, &mut lines),
                }
            }
        }
    }

    /// Adds what the PEs have added in the last cycle. Sums of PEs at rest are none.
    pub(super) fn step(&mut self, streams: &Streams<N>, active: &Active<N>) {
        let blocks = self.sides.cols.div_ceil(WIDE);
        for row in 0..self.sides.rows {
            let place = self.place(row);
            let sums = &mut self.values[place..][..blocks];
            if row == 0 {
                sums.fill(N::NONE);
            }
            let line = &streams.plain[row * streams.width + streams.now + row..][..blocks * WIDE];
            let (activations, _) = line.as_chunks();
            let weights = &active.weights[row * active.across..][..blocks];
            for ((sums, activations), weights) in sums.iter_mut().zip(activations).zip(weights) {
                *sums = N::add_each(sums, activations, weights);
            }
        }
    }

    /// Adds the products of a panel: those of the first `ends[i + j]` steps to the sum of PE(i, j). They do not ascend, and
    /// the last one is also that of all diagonals beyond it.
    pub(super) fn contract(&mut self, panel: &Panel<N>, ends: &[usize]) {
        let Sides { rows, cols } = self.sides;
        let end_of = |diagonal: usize| ends.get(diagonal).or(ends.last()).map_or(0, |end| *end as i32);
        let ends: Vec<i32> = (0..rows + cols + LINE).map(end_of).collect();
        for top in (0..rows).step_by(HIGH) {
            let mut lines = self.rows_from(top);
            let on = On { top, columns: 0..cols, diagonals: 0..usize::MAX };
            on.each::<N>(&mut lines, |block, sums| {
                let ends = ends[top + block * WIDE..].first_chunk().expect("there are more than diagonals");
                panel.add(top, block, ends, sums)
            });
        }
    }

    /// Adds the first rows of others to them, one to one.
    pub(super) fn plus(&mut self, other: &Sums<N>, rows: usize) {
        for row in 0..rows {
            let from = self.place(row);
            let into = self.values[from..][..self.across].as_flattened_mut();
            into.iter_mut().zip(other.row(row)).for_each(|(sum, more)| *sum = sum.plus(*more));
        }
    }
}

/// The active weights of an array, of those PEs at least that are at work.
pub(super) struct Active<N: Number> {
    /// At the end of which cycle.
    at: Option<Cycle>,
    across: usize,
    /// By row and block of columns.
    weights: Vec<[N::Operand; WIDE]>,
}

impl<N: Number> Active<N> {
    /// Nothing is known, and nothing allocated before it is asked for.
    pub(super) fn new(sides: Sides) -> Self {
        Active { at: None, across: sides.cols.div_ceil(WIDE), weights: Vec::new() }
    }

    /// At the end of cycle `t`, when these tiles are at work on these diagonals. From one cycle to the next, weights become
    /// active on the first diagonal of a wave only.
    pub(super) fn go_to(&mut self, sides: Sides, t: Cycle, at_work: &[(&Tile<N>, Range<usize>)]) {
        let goes_on = self.at.is_some_and(|at| at + 1 == t);
        self.weights.resize(sides.rows * self.across, [N::Operand::default(); WIDE]);
        for (tile, diagonals) in at_work {
            let front = diagonals.end - 1;
            for diagonal in if goes_on { front..diagonals.end } else { diagonals.clone() } {
                for row in (diagonal + 1).saturating_sub(sides.cols)..sides.rows.min(diagonal + 1) {
                    let col = diagonal - row;
                    self.weights[row * self.across + col / WIDE][col % WIDE] = tile.weight(row, col);
                }
            }
        }
        self.at = Some(t);
    }
}

/// Columns that a block's rows have on some diagonals.
fn columns(top: usize, cols: usize, diagonals: &Range<usize>) -> Range<usize> {
    let end = diagonals.end.saturating_sub(top).min(cols);
    diagonals.start.saturating_sub(top + HIGH - 1).min(end)..end
}

/// Some columns of rows worked on together.
struct On {
    top: usize,
    columns: Range<usize>,
    /// Elsewhere, sums are left as they are.
    diagonals: Range<usize>,
}

impl On {
    /// Puts new sums in place of those that stand there, block by block.
    #[inline(always)]
    fn each<N: Number>(
        &self,
        [row0, row1, row2, row3]: &mut Rows<N>,
        next: impl Fn(usize, Block<N>) -> Block<N>,
    ) {
        for block in self.columns.start / WIDE..self.columns.end.div_ceil(WIDE) {
            let into = [&mut row0[block], &mut row1[block], &mut row2[block], &mut row3[block]];
            let mut new = next(block, block_of::<N>(&into));
            let nearest = self.top + block * WIDE;
            if nearest < self.diagonals.start || self.diagonals.end < nearest + LINE {
                // The old ones are read again, rather than held all the while.
                new = self.choose::<N>(nearest as i32, new, block_of::<N>(&into));
            }
            let ([new0, new1, new2, new3], [into0, into1, into2, into3]) = (new, into);
            *into0 = N::values(new0);
            *into1 = N::values(new1);
            *into2 = N::values(new2);
            *into3 = N::values(new3);
        }
    }

    /// The new ones on the diagonals.
    #[inline(always)]
    fn choose<N: Number>(
        &self,
        nearest: i32,
        [new0, new1, new2, new3]: Block<N>,
        [old0, old1, old2, old3]: Block<N>,
    ) -> Block<N> {
        let on = [self.diagonals.start as i32, self.diagonals.end.min(i32::MAX as usize) as i32];
        [
            N::choose(new0, old0, nearest, on),
            N::choose(new1, old1, nearest + 1, on),
            N::choose(new2, old2, nearest + 2, on),
            N::choose(new3, old3, nearest + 3, on),
        ]
    }
}

#[inline(always)]
fn block_of<N: Number>([row0, row1, row2, row3]: &[&mut [N; WIDE]; HIGH]) -> Block<N> {
    [N::sums(row0), N::sums(row1), N::sums(row2), N::sums(row3)]
}

/// Cycles whose products are added at once; one cycle alone is [`Sums::step`]'s.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stride {
    Eight,
    /// As many as the array has rows: no sum is older.
    Whole,
}

/// Rows worked on together, from `top` on, and their operands.
#[derive(Clone, Copy)]
struct Strip<'a, N: Number> {
    streams: &'a Streams<N>,
    tile: &'a Tile<N>,
    top: usize,
}

/// What rows take of a pack: bit 0 is its first operand.
const ALL: u8 = 3;
const FIRST: u8 = 1;
const SECOND: u8 = 2;
const NO: u8 = 0;

impl<'a, N: Number> Strip<'a, N> {
    /// The packs of the rows' own k, and of the k before.
    fn packs<const PACKS: usize>(self, before: usize) -> Packs<'a, N, PACKS> {
        let first = self.top / N::PACKED - before;
        let lines = std::array::from_fn(|pack| self.streams.line(first + pack, self.top));
        Packs { lines, tile: self.tile, first }
    }

    /// All products of sums, from +0: k from 0 to the row.
    fn begin<const OWN: usize>(self, on: &On, rows: &mut Rows<N>) {
        let own = self.packs::<OWN>(0);
        let place = self.streams.now + self.top;
        on.each::<N>(rows, |block, _| {
            let lines = self.streams.values[place + block * WIDE..].chunks(self.streams.width);
            let weights = &self.tile.values[block * self.tile.down..][..own.first];
            let mut sums = nothing::<N>();
            for (weights, line) in weights.iter().zip(lines) {
                sums = add_line::<N, ALL, ALL, ALL, ALL>(sums, first_of(line), weights);
            }
            own.of(block).add_own(sums)
        });
    }

    /// Those of the last eight cycles, at least eight rows below the edge: k from row - 7 to the row.
    fn add_the_last_eight<const PACKS: usize>(self, on: &On, rows: &mut Rows<N>) {
        let packs = self.packs::<PACKS>(if N::PACKED == 2 { 4 } else { 7 });
        on.each::<N>(rows, |block, mut sums| {
            let packs = packs.of(block);
            if N::PACKED == 2 {
                sums = packs.add::<SECOND, NO, NO, NO>(0, sums);
                sums = packs.add::<ALL, ALL, SECOND, NO>(1, sums);
                sums = packs.add::<ALL, ALL, ALL, ALL>(2, sums);
                sums = packs.add::<ALL, ALL, ALL, ALL>(3, sums);
            } else {
                sums = packs.add::<ALL, NO, NO, NO>(0, sums);
                sums = packs.add::<ALL, ALL, NO, NO>(1, sums);
                sums = packs.add::<ALL, ALL, ALL, NO>(2, sums);
                sums = packs.add::<ALL, ALL, ALL, ALL>(3, sums);
                sums = packs.add::<ALL, ALL, ALL, ALL>(4, sums);
                sums = packs.add::<ALL, ALL, ALL, ALL>(5, sums);
                sums = packs.add::<ALL, ALL, ALL, ALL>(6, sums);
            }
            packs.add_own(sums)
        });
    }
}

/// Packs that rows worked on together need, the last ones those of their own k.
struct Packs<'a, N: Number, const PACKS: usize> {
    lines: [&'a [N::Pack]; PACKS],
    tile: &'a Tile<N>,
    first: usize,
}

/// The same for one block.
struct PacksOf<'a, N: Number, const PACKS: usize> {
    lines: &'a [&'a [N::Pack]; PACKS],
    weights: &'a [[N::Pack; WIDE]; PACKS],
    place: usize,
}

impl<N: Number, const PACKS: usize> Packs<'_, N, PACKS> {
    #[inline(always)]
    fn of(&self, block: usize) -> PacksOf<'_, N, PACKS> {
        PacksOf { lines: &self.lines, weights: self.tile.some(self.first, block), place: block * WIDE }
    }
}

impl<N: Number, const PACKS: usize> PacksOf<'_, N, PACKS> {
    /// The products of a pack: of which operands, by row.
    #[inline(always)]
    fn add<const ROW0: u8, const ROW1: u8, const ROW2: u8, const ROW3: u8>(
        &self,
        pack: usize,
        sums: Block<N>,
    ) -> Block<N> {
        let Some(line) = self.lines[pack].get(self.place..self.place + LINE) else {
            unreachable!("{PADDED}")
        };
        add_line::<N, ROW0, ROW1, ROW2, ROW3>(sums, first_of(line), &self.weights[pack])
    }

    /// Those of the rows' own k, up to the row.
    #[inline(always)]
    fn add_own(&self, mut sums: Block<N>) -> Block<N> {
        if N::PACKED == 2 {
            sums = self.add::<FIRST, ALL, ALL, ALL>(PACKS - 2, sums);
            return self.add::<NO, NO, FIRST, ALL>(PACKS - 1, sums);
        }
        sums = self.add::<ALL, ALL, ALL, ALL>(PACKS - 4, sums);
        sums = self.add::<NO, ALL, ALL, ALL>(PACKS - 3, sums);
        sums = self.add::<NO, NO, ALL, ALL>(PACKS - 2, sums);
        self.add::<NO, NO, NO, ALL>(PACKS - 1, sums)
    }
}

const PADDED: &str = "streams are padded to whole blocks";

#[inline(always)]
fn first_of<T>(line: &[T]) -> &[T; LINE] {
    let Some(line) = line.first_chunk() else { unreachable!("{PADDED}") };
    line
}

#[inline(always)]
fn nothing<N: Number>() -> Block<N> {
    let none = N::sums(&N::NONE);
    [none, none, none, none]
}

#[inline(always)]
fn add_line<N: Number, const ROW0: u8, const ROW1: u8, const ROW2: u8, const ROW3: u8>(
    [sums0, sums1, sums2, sums3]: Block<N>,
    line: &[N::Pack; LINE],
    weights: &[N::Pack; WIDE],
) -> Block<N> {
    let weights = N::packs(weights);
    let [row0 @ .., _, _, _] = line;
    let [_, row1 @ .., _, _] = line;
    let [_, _, row2 @ .., _] = line;
    let [_, _, _, row3 @ ..] = line;
    [
        add_row::<N, ROW0>(sums0, row0, weights),
        add_row::<N, ROW1>(sums1, row1, weights),
        add_row::<N, ROW2>(sums2, row2, weights),
        add_row::<N, ROW3>(sums3, row3, weights),
    ]
}

#[inline(always)]
fn add_row<N: Number, const OF: u8>(
    sums: N::Sums,
    activations: &[N::Pack; WIDE],
    weights: N::Packs,
) -> N::Sums {
    match OF {
        NO => sums,
        ALL => N::add_products(sums, N::packs(activations), weights),
        _ => N::add_products(sums, N::packs(activations), N::only::<OF>(weights)),
    }
}

/// Both operands of some steps of k, for sums that stay where they are: A[i][k] by W[k][j].
pub(super) struct Panel<N: Number> {
    sides: Sides,
    /// Packs that there is room for.
    packs: usize,
    /// By block of rows and pack.
    activations: Vec<[N::Pack; HIGH]>,
    /// By block of columns and pack.
    weights: Vec<[N::Pack; WIDE]>,
}

impl<N: Number> Panel<N> {
    /// Room for some steps.
    pub(super) fn new(sides: Sides, steps: usize) -> Self {
        let packs = steps.div_ceil(N::PACKED);
        Panel {
            sides,
            packs,
            activations: vec![[N::Pack::default(); HIGH]; sides.rows.div_ceil(HIGH) * packs],
            weights: vec![[N::Pack::default(); WIDE]; sides.cols.div_ceil(WIDE) * packs],
        }
    }

    /// Takes other steps, from those given by number on: activations are written by row, weights by column.
    pub(super) fn fill(
        &mut self,
        steps: Range<usize>,
        mut operands: impl FnMut(usize, &mut [N::Operand], &mut [N::Operand]),
    ) {
        let mut activations = vec![N::Operand::default(); self.sides.rows];
        let mut weights = vec![N::Operand::default(); self.sides.cols];
        for (at, step) in steps.enumerate() {
            operands(step, &mut activations, &mut weights);
            self.put(at, &activations, &weights);
        }
    }

    fn put(&mut self, at: usize, activations: &[N::Operand], weights: &[N::Operand]) {
        let (pack, within) = (at / N::PACKED, at % N::PACKED);
        let rows = self.activations.chunks_mut(self.packs).zip(activations.chunks(HIGH));
        for (block, operands) in rows {
            let packs = block[pack].iter_mut().zip(operands);
            packs.for_each(|(pack, operand)| pack.as_mut()[within] = *operand);
        }
        let cols = self.weights.chunks_mut(self.packs).zip(weights.chunks(WIDE));
        for (block, operands) in cols {
            let packs = block[pack].iter_mut().zip(operands);
            packs.for_each(|(pack, operand)| pack.as_mut()[within] = *operand);
        }
    }

    /// Adds to a block's sums the products of their first steps, as many as `ends` says by diagonal.
    #[inline(always)]
    fn add(&self, top: usize, block: usize, ends: &[i32; LINE], mut sums: Block<N>) -> Block<N> {
        let activations = &self.activations[top / HIGH * self.packs..][..self.packs];
        let weights = &self.weights[block * self.packs..][..self.packs];
        let mut packs = activations.iter().zip(weights);
        let whole = ends[LINE - 1] as usize / N::PACKED;
        for (activations, weights) in packs.by_ref().take(whole) {
            sums = add_outer::<N>(sums, activations, weights);
        }
        let some = (ends[0] as usize).div_ceil(N::PACKED) - whole;
        for ((activations, weights), pack) in packs.take(some).zip(whole..) {
            sums = add_outer_below::<N>(sums, activations, weights, (pack * N::PACKED) as i32, ends);
        }
        sums
    }
}

#[inline(always)]
fn add_outer<N: Number>(
    [sums0, sums1, sums2, sums3]: Block<N>,
    [row0, row1, row2, row3]: &[N::Pack; HIGH],
    weights: &[N::Pack; WIDE],
) -> Block<N> {
    let weights = N::packs(weights);
    [
        N::add_products(sums0, N::splat(*row0), weights),
        N::add_products(sums1, N::splat(*row1), weights),
        N::add_products(sums2, N::splat(*row2), weights),
        N::add_products(sums3, N::splat(*row3), weights),
    ]
}

/// The same of a pack that begins with k, below each sum's own end.
#[inline(always)]
fn add_outer_below<N: Number>(
    [sums0, sums1, sums2, sums3]: Block<N>,
    [row0, row1, row2, row3]: &[N::Pack; HIGH],
    weights: &[N::Pack; WIDE],
    k: i32,
    ends: &[i32; LINE],
) -> Block<N> {
    let weights = N::packs(weights);
    let [ends0 @ .., _, _, _] = ends;
    let [_, ends1 @ .., _, _] = ends;
    let [_, _, ends2 @ .., _] = ends;
    let [_, _, _, ends3 @ ..] = ends;
    [
        N::add_products_below(sums0, N::splat(*row0), weights, k, ends0),
        N::add_products_below(sums1, N::splat(*row1), weights, k, ends1),
        N::add_products_below(sums2, N::splat(*row2), weights, k, ends2),
        N::add_products_below(sums3, N::splat(*row3), weights, k, ends3),
    ]
}
