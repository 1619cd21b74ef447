//! Operands laid out for speed, and the sums of many PEs over several cycles. Work goes along the columns: PEs side by
//! side hold sums of different rows of activations, each of which is summed in ascending k. A block of PEs begins in each
//! row on the same diagonal, a column further to the left than in the row above: all its rows see the same activations, and
//! the passes on its diagonals are those of any row.

use std::ops::Range;

use wide::bytemuck::cast_slice;

use super::number::{WIDE, WIDER};
use super::{Number, Waves};
use crate::base::Cycle;
use crate::timing::Sides;
use crate::trace::NONE;

/// Rows worked on together.
const HIGH: usize = 4;

/// Neighbouring columns of weights that a block of PEs has.
const LINE: usize = HIGH + WIDE - 1;

/// Columns to the left of the first, so that blocks may begin there.
const LEFT: usize = WIDER;

/// Neighbouring operands of a pack are laid out in spans, and after each the first ones of the next: wherever a block begins,
/// all that it has of a pack is in one line, and the compiler knows how far apart the lines of neighbouring packs are.
const SPAN: usize = 64;
const SEEN: usize = SPAN + 2 * WIDE;

/// Cycles whose activations are laid out in one go, once an array is under way.
const AHEAD: usize = 2 * SPAN;

/// Packs that hold R operands, and those that whole blocks of rows reach.
fn packs<N: Number>(rows: usize) -> usize {
    rows.next_multiple_of(HIGH).div_ceil(N::PACKED)
}

/// One tile of weights.
pub(super) struct Tile<N: Number> {
    /// Packs of a column.
    down: usize,
    /// By span of columns, LEFT before the first, and rows of k packed together.
    values: Vec<[N::Pack; SEEN]>,
}

impl<N: Number> Tile<N> {
    pub(super) fn new(waves: &impl Waves<Number = N>, pass: usize) -> Self {
        let Sides { rows, cols } = waves.sides();
        let down = packs::<N>(rows);
        let spans = (LEFT + cols + LINE).div_ceil(SPAN);
        let mut values = vec![[N::Pack::default(); SEEN]; spans * down];
        let mut row = vec![Default::default(); cols];
        let mut packs = vec![N::Pack::default(); spans * SPAN + SEEN];
        for pack in 0..rows.div_ceil(N::PACKED) {
            packs.fill(N::Pack::default());
            for (within, k) in (pack * N::PACKED..rows).take(N::PACKED).enumerate() {
                waves.weights(pass, k, &mut row);
                let packs = packs[LEFT..].iter_mut().zip(&row);
                packs.for_each(|(pack, value)| pack.as_mut()[within] = *value);
            }
            for (span, lines) in values.chunks_mut(down).enumerate() {
                lines[pack].copy_from_slice(&packs[span * SPAN..][..SEEN]);
            }
        }
        Tile { down, values }
    }

    /// One weight.
    fn weight(&self, k: usize, col: usize) -> N::Operand {
        let (span, within) = ((LEFT + col) / SPAN, (LEFT + col) % SPAN);
        self.values[span * self.down + k / N::PACKED][within].as_ref()[k % N::PACKED]
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
    laid: Laid,
    /// By span and rows of k packed together; if they are laid out so.
    values: Vec<[N::Pack; SEEN]>,
    /// Packs of a place.
    down: usize,
    /// By row and place; else.
    plain: Vec<N::Operand>,
    /// Places of a row.
    width: usize,
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
        let mut streams = Streams {
            rows: sides.rows,
            lane,
            newest: t + ahead as Cycle,
            now: ahead,
            passes: Vec::new(),
            laid,
            values: Vec::new(),
            down: packs::<N>(sides.rows),
            plain: Vec::new(),
            width: places + 2 * HIGH + WIDER,
        };
        streams.make_room(places);
        streams
    }

    fn make_room(&mut self, places: usize) {
        self.passes.resize(places, NONE);
        match self.laid {
            Laid::Packed => {
                let spans = (places + 2 * HIGH + WIDE).div_ceil(SPAN);
                self.values.resize(spans * self.down, [N::Pack::default(); SEEN]);
            }
            Laid::Plain => self.plain.resize(self.rows * self.width, N::Operand::default()),
        }
    }

    /// Goes on to a later cycle, laid out as asked.
    pub(super) fn seek(&mut self, waves: &impl Waves<Number = N>, t: Cycle, laid: Laid) {
        if self.laid != laid {
            *self = Streams::empty(waves.sides(), self.lane, t, AHEAD, laid);
            self.fill(waves, 0..self.passes.len());
        } else if t > self.newest {
            // Spans stay whole.
            let new = (t - self.newest) / SPAN as Cycle * SPAN as Cycle + AHEAD as Cycle;
            let Sides { rows, cols } = waves.sides();
            self.newest += new;
            self.make_room(AHEAD + rows + cols - 1);
            let new = usize::try_from(new).unwrap_or(usize::MAX).min(self.passes.len());
            self.move_on(new);
            // The last new span sees some that are kept.
            self.fill(waves, 0..self.passes.len().min(new + SEEN - SPAN));
        }
        self.now = (self.newest - t) as usize;
    }

    /// What is laid out comes to lie so many places further.
    fn move_on(&mut self, places: usize) {
        let (kept, lines) = (self.passes.len() - places, self.values.len().min(places / SPAN * self.down));
        self.passes.copy_within(..kept, places);
        self.passes[..places].fill(NONE);
        let kept = self.values.len() - lines;
        self.values.copy_within(..kept, lines);
        for line in self.plain.chunks_mut(self.width) {
            line.copy_within(..line.len() - places, places);
            line[..places].fill(N::Operand::default());
        }
    }

    fn fill(&mut self, waves: &impl Waves<Number = N>, places: Range<usize>) {
        let mut pass = super::last(waves.passes(), self.newest, |pass| waves.timing(pass).stream.start);
        let mut column = vec![N::Operand::default(); self.rows.next_multiple_of(N::PACKED)];
        for place in places {
            let Some(cycle) = self.newest.checked_sub(place as Cycle) else { break };
            while pass.is_some_and(|pass| waves.timing(pass).stream.start > cycle) {
                pass = pass.and_then(|pass| pass.checked_sub(1));
            }
            let Some(pass) = pass else { break };
            let Some(step) = waves.timing(pass).stream.entering(cycle).nth(self.lane) else { continue };
            self.passes[place] = pass as u32;
            waves.activations(pass, step, &mut column[..self.rows]);
            match self.laid {
                Laid::Packed => {
                    let (span, within) = (place / SPAN, place % SPAN);
                    self.pack(span, within, &column);
                    if let (Some(nearer), true) = (span.checked_sub(1), SPAN + within < SEEN) {
                        self.pack(nearer, SPAN + within, &column);
                    }
                }
                Laid::Plain => {
                    let lines = self.plain[place..].iter_mut().step_by(self.width);
                    lines.zip(&column).for_each(|(into, operand)| *into = *operand);
                }
            }
        }
    }

    fn pack(&mut self, span: usize, within: usize, column: &[N::Operand]) {
        let lines = &mut self.values[span * self.down..][..self.down];
        lines.iter_mut().zip(cast_slice(column)).for_each(|(line, pack)| line[within] = *pack);
    }

    /// The lines of the span of a diagonal, and its place in each.
    #[inline(always)]
    fn lines(&self, diagonal: usize) -> (&[[N::Pack; SEEN]], usize) {
        let place = self.now + diagonal;
        (&self.values[place / SPAN * self.down..][..self.down], place % SPAN)
    }

    /// The passes on the diagonals from `first` on.
    pub(super) fn passes(&self, first: usize) -> &[u32] {
        &self.passes[self.now + first..]
    }

    /// The activations of a row as they are shown.
    pub(super) fn show_row(&self, row: usize, into: &mut [N]) {
        if self.laid == Laid::Plain {
            return N::show(self.plain_row(row), into);
        }
        for (block, into) in into.chunks_mut(WIDE).enumerate() {
            let (lines, within) = self.lines(row + block * WIDE);
            let shown = N::shown(part(&lines[row / N::PACKED], within), row % N::PACKED);
            match into.first_chunk_mut() {
                Some(into) => *into = shown,
                None => into.copy_from_slice(&shown[..into.len()]),
            }
        }
    }

    #[inline(always)]
    fn plain_row(&self, row: usize) -> &[N::Operand] {
        let from = row * self.width;
        &self.plain[from + self.now + row..from + self.width]
    }

    /// The activations of a row.
    pub(super) fn row(&self, row: usize) -> impl Iterator<Item = N::Operand> {
        (0..).map(move |col| match self.laid {
            Laid::Packed => {
                let (lines, within) = self.lines(row + col);
                lines[row / N::PACKED][within].as_ref()[row % N::PACKED]
            }
            Laid::Plain => self.plain_row(row)[col],
        })
    }
}

/// Rows of sums, as partial ones of a lane: these move down a row a cycle, and the rows move with them, so that what they
/// hold stays in place.
#[derive(Clone, Debug)]
pub struct Sums<N> {
    sides: Sides,
    /// From a row to the next.
    across: usize,
    /// Place of row 0.
    top: usize,
    /// By place and column, LEFT before the first; then the rows that fill up the last block of rows.
    values: Vec<N>,
}

/// The sums of a block of PEs as the processor holds them, by row.
type Block<N> = [<N as Number>::Sums; HIGH];

/// Rows worked on together.
type Rows<'a, N> = [&'a mut [N]; HIGH];

impl<N: Number> Sums<N> {
    pub(super) fn new(sides: Sides) -> Self {
        // Odd, so that rows below each other do not fight for the same places in the processor's cache.
        let across = ((LEFT + sides.cols + LINE).div_ceil(WIDER) | 1) * WIDER;
        let values = vec![N::default(); (sides.rows + HIGH - 1) * across];
        Sums { sides, across, top: 0, values }
    }

    /// How many.
    pub(super) fn len(&self) -> usize {
        self.values.len()
    }

    /// All begin anew, from +0.
    pub(super) fn clear(&mut self) {
        self.values.fill(N::default());
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
    pub fn row(&self, row: usize) -> &[N] {
        &self.values[self.place(row) + LEFT..][..self.sides.cols]
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
                let on = diagonals.start.max(top)..diagonals.end.min(top + HIGH - 1 + cols);
                if on.is_empty() {
                    continue;
                }
                let strip = Strip::new(streams, tile, top, on.start);
                let rows = Part { first: on.start - top, sums: on.len(), rows: &mut lines };
                match (stride, N::PACKED) {
                    (Stride::Eight, 2) if top >= 8 => strip.add_the_last_eight::<6>(rows),
                    (Stride::Eight, _) if top >= 8 => strip.add_the_last_eight::<11>(rows),
                    (_, 2) => strip.begin::<2>(rows),
                    _ => strip.begin::<4>(rows),
                }
            }
        }
    }

    /// Adds what the PEs have added in the last cycle. Sums of PEs at rest are none.
    pub(super) fn step(&mut self, streams: &Streams<N>, active: &Active<N>) {
        let top = self.place(0);
        self.values[top..][..self.across].fill(N::default());
        let places: Vec<usize> = (0..self.sides.rows).map(|row| (self.place(row) + LEFT) / WIDER).collect();
        let (sums, _) = self.values.as_chunks_mut();
        let blocks = active.across;
        for (row, place) in places.into_iter().enumerate() {
            let sums = &mut sums[place..][..blocks];
            let activations = &streams.plain_row(row).as_chunks().0[..blocks];
            let weights = &active.weights[row * blocks..][..blocks];
            for block in 0..blocks {
                sums[block] = N::add_each(&sums[block], &activations[block], &weights[block]);
            }
        }
    }

    /// Adds the products of a panel: those of the first `ends[i + j]` steps to the sum of PE(i, j). They do not ascend, and
    /// the last one is also that of all diagonals beyond it.
    pub(super) fn contract(&mut self, panel: &Panel<N>, ends: &[usize]) {
        let Sides { rows, cols } = self.sides;
        let end_of = |diagonal: usize| ends.get(diagonal).or(ends.last()).map_or(0, |end| *end as i32);
        let ends: Vec<i32> = (0..rows + cols + HIGH + WIDER).map(end_of).collect();
        for top in (0..rows).step_by(HIGH) {
            let mut lines = self.rows_from(top).map(|line| line[LEFT..].as_chunks_mut().0);
            for block in 0..cols.div_ceil(WIDER) {
                let [left, right] = [2 * block, 2 * block + 1];
                let sums = [left, right].map(|at| lines.each_ref().map(|line| N::sums(&line[at])));
                let sums = panel.add(top, block, [left, right].map(|at| &ends[top + at * WIDE..]), sums);
                for (at, sums) in [left, right].into_iter().zip(sums) {
                    lines.iter_mut().zip(sums).for_each(|(line, sums)| line[at] = N::values(sums));
                }
            }
        }
    }

    /// Adds sums to those of a row.
    pub(super) fn add_row(&mut self, row: usize, more: impl Iterator<Item = N>) {
        let from = self.place(row);
        let into = &mut self.values[from + LEFT..][..self.sides.cols];
        into.iter_mut().zip(more).for_each(|(sum, more)| *sum = sum.plus(more));
    }

    /// Adds the first rows of others to them, one to one.
    pub(super) fn plus(&mut self, other: &Sums<N>, rows: usize) {
        for row in 0..rows {
            let from = self.place(row);
            let into = &mut self.values[from + LEFT..][..self.sides.cols];
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
    weights: Vec<[N::Operand; WIDER]>,
}

impl<N: Number> Active<N> {
    /// Nothing is known, and nothing allocated before it is asked for.
    pub(super) fn new(sides: Sides) -> Self {
        Active { at: None, across: sides.cols.div_ceil(WIDER), weights: Vec::new() }
    }

    /// At the end of cycle `t`, when these tiles are at work on these diagonals. From one cycle to the next, weights become
    /// active on the first diagonal of a wave only.
    pub(super) fn go_to(&mut self, sides: Sides, t: Cycle, at_work: &[(&Tile<N>, Range<usize>)]) {
        let goes_on = self.at.is_some_and(|at| at + 1 == t);
        self.weights.resize(sides.rows * self.across, [N::Operand::default(); WIDER]);
        for (tile, diagonals) in at_work {
            let front = diagonals.end - 1;
            for diagonal in if goes_on { front..diagonals.end } else { diagonals.clone() } {
                for row in (diagonal + 1).saturating_sub(sides.cols)..sides.rows.min(diagonal + 1) {
                    let col = diagonal - row;
                    self.weights[row * self.across + col / WIDER][col % WIDER] = tile.weight(row, col);
                }
            }
        }
        self.at = Some(t);
    }
}

/// Sums of rows worked on together, all on the same diagonals.
struct Part<'r, 's, N> {
    /// The column in the uppermost row.
    first: usize,
    /// So many of each row.
    sums: usize,
    rows: &'r mut Rows<'s, N>,
}

impl<N: Number> Part<'_, '_, N> {
    /// Goes on with them, block by block.
    #[inline(always)]
    fn each(self, mut go_on: impl FnMut([&mut [N; WIDE]; HIGH])) {
        let blocks = self.sums.div_ceil(WIDE);
        let mut from = LEFT + self.first;
        let [row0, row1, row2, row3] = self.rows.each_mut().map(|row| {
            let (row, _) = row[from..].as_chunks_mut();
            from -= 1;
            &mut row[..blocks]
        });
        // The last block may reach further than they do.
        let last = blocks - 1;
        let (old0, old1, old2, old3) = (row0[last], row1[last], row2[last], row3[last]);
        for block in 0..blocks {
            go_on([&mut row0[block], &mut row1[block], &mut row2[block], &mut row3[block]]);
        }
        let put_back = |row: &mut [N; WIDE], old| {
            *row = N::values(N::choose(N::sums(row), N::sums(&old), self.sums - last * WIDE));
        };
        put_back(&mut row0[last], old0);
        put_back(&mut row1[last], old1);
        put_back(&mut row2[last], old2);
        put_back(&mut row3[last], old3);
    }
}

/// Cycles whose products are added at once; one cycle alone is [`Sums::step`]'s.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stride {
    Eight,
    /// As many as the array has rows: no sum is older.
    Whole,
}

/// The operands of rows worked on together, from some diagonal on.
#[derive(Clone, Copy)]
struct Strip<'a, N: Number> {
    /// [`Streams::values`], and the place of the first block.
    activations: (&'a [[N::Pack; SEEN]], usize),
    /// [`Tile::values`], and the place of the first block's lowest row.
    weights: (&'a [[N::Pack; SEEN]], usize),
    /// Packs that both have.
    down: usize,
    /// The rows' own first pack.
    own: usize,
}

/// What a row takes of a pack: bit 0 is its first operand.
const ALL: u8 = 3;
const FIRST: u8 = 1;
const SECOND: u8 = 2;

impl<'a, N: Number> Strip<'a, N> {
    fn new(streams: &'a Streams<N>, tile: &'a Tile<N>, top: usize, diagonal: usize) -> Self {
        Strip {
            activations: (&streams.values, streams.now + diagonal),
            weights: (&tile.values, LEFT + diagonal - top - (HIGH - 1)),
            down: tile.down,
            own: top / N::PACKED,
        }
    }

    /// Packs of the first block.
    fn packs<const PACKS: usize>(&self, first: usize) -> Packs<'a, N, PACKS> {
        let of = |(lines, place)| At::new(lines, self.down, first, place);
        Packs { activations: of(self.activations), weights: of(self.weights) }
    }

    /// All products of sums, from +0: k from 0 to the row.
    fn begin<const OWN: usize>(self, rows: Part<N>) {
        let first = self.own;
        let (mut before, mut own) = (self.packs::<0>(0), self.packs::<OWN>(first));
        rows.each(|[row0, row1, row2, row3]| {
            let none = N::sums(&N::NONE);
            let mut sums = [none, none, none, none];
            let [activations, weights] = [before.activations.at, before.weights.at];
            for (line, others) in before.activations.rest[..first].iter().zip(before.weights.rest) {
                sums = add_pack::<N>(sums, part(line, activations), part(others, weights));
            }
            before.go_on();
            let ([sums0, sums1, sums2, sums3], packs) = (sums, own.next());
            *row0 = N::values(packs.own::<0>(sums0));
            *row1 = N::values(packs.own::<1>(sums1));
            *row2 = N::values(packs.own::<2>(sums2));
            *row3 = N::values(packs.own::<3>(sums3));
        });
    }

    /// Those of the last eight cycles, at least eight rows below the edge: k from row - 7 to the row.
    fn add_the_last_eight<const PACKS: usize>(self, rows: Part<N>) {
        let first = self.own - if N::PACKED == 2 { 4 } else { 7 };
        let mut packs = self.packs::<PACKS>(first);
        rows.each(|[row0, row1, row2, row3]| {
            let packs = packs.next();
            // Row by row to the end: the processor has no room for more.
            *row0 = packs.eight::<0>(row0);
            *row1 = packs.eight::<1>(row1);
            *row2 = packs.eight::<2>(row2);
            *row3 = packs.eight::<3>(row3);
        });
    }
}

/// Where a block is in the lines of some neighbouring packs.
struct At<'a, Pack, const PACKS: usize> {
    lines: &'a [[Pack; SEEN]; PACKS],
    at: usize,
    /// From those lines on.
    rest: &'a [[Pack; SEEN]],
    /// To those of the next span.
    down: usize,
}

impl<'a, Pack, const PACKS: usize> At<'a, Pack, PACKS> {
    fn new(lines: &'a [[Pack; SEEN]], down: usize, first: usize, place: usize) -> Self {
        let rest = &lines[place / SPAN * down + first..];
        At { lines: rest.first_chunk().expect(PADDED), at: place % SPAN, rest, down }
    }

    /// To the next block.
    #[inline(always)]
    fn go_on(&mut self) {
        self.at += WIDE;
        if self.at >= SPAN {
            self.at %= SPAN;
            self.rest = self.rest.get(self.down..).unwrap_or_default();
            // There is none after the last block.
            self.lines = self.rest.first_chunk().unwrap_or(self.lines);
        }
    }
}

/// Packs that blocks of rows need, the last ones those of their own k.
struct Packs<'a, N: Number, const PACKS: usize> {
    activations: At<'a, N::Pack, PACKS>,
    /// Those of the lowest row begin furthest to the left.
    weights: At<'a, N::Pack, PACKS>,
}

impl<'a, N: Number, const PACKS: usize> Packs<'a, N, PACKS> {
    /// Those of a block, one after the other.
    #[inline(always)]
    fn next(&mut self) -> PacksOf<'a, N, PACKS> {
        let (lines, at) = (self.activations.lines, self.activations.at);
        let of = |pack: usize| N::packs(part(&lines[pack.min(PACKS - 1)], at));
        // No loop: the page's module is compiled for size.
        let activations = [of(0), of(1), of(2), of(3), of(4), of(5), of(6), of(7), of(8), of(9), of(10)];
        let packs = PacksOf { activations, weights: self.weights.lines, at: self.weights.at };
        self.go_on();
        packs
    }

    #[inline(always)]
    fn go_on(&mut self) {
        self.activations.go_on();
        self.weights.go_on();
    }
}

/// Those of one block.
struct PacksOf<'a, N: Number, const PACKS: usize> {
    activations: [N::Packs; 11],
    weights: &'a [[N::Pack; SEEN]; PACKS],
    at: usize,
}

impl<N: Number, const PACKS: usize> PacksOf<'_, N, PACKS> {
    /// To a row's sums, the products of a pack: of which operands.
    #[inline(always)]
    fn add<const ROW: usize, const OF: u8>(&self, pack: usize, sums: N::Sums) -> N::Sums {
        let weights = N::packs(of_row::<_, ROW>(part(&self.weights[pack], self.at)));
        let weights = if OF == ALL { weights } else { N::only::<OF>(weights) };
        N::add_products(sums, self.activations[pack], weights)
    }

    /// Those of the rows' own k, up to the row.
    #[inline(always)]
    fn own<const ROW: usize>(&self, mut sums: N::Sums) -> N::Sums {
        if N::PACKED == 2 {
            if ROW >= 2 {
                sums = self.add::<ROW, ALL>(0, sums);
            }
            return if ROW.is_multiple_of(2) {
                self.add::<ROW, FIRST>(ROW / 2, sums)
            } else {
                self.add::<ROW, ALL>(ROW / 2, sums)
            };
        }
        sums = self.add::<ROW, ALL>(0, sums);
        if ROW >= 1 {
            sums = self.add::<ROW, ALL>(1, sums);
        }
        if ROW >= 2 {
            sums = self.add::<ROW, ALL>(2, sums);
        }
        if ROW >= 3 {
            sums = self.add::<ROW, ALL>(3, sums);
        }
        sums
    }

    /// Those of eight k, up to the row.
    #[inline(always)]
    fn eight<const ROW: usize>(&self, row: &[N; WIDE]) -> [N; WIDE] {
        let mut sums = N::sums(row);
        if N::PACKED == 2 {
            let first = ROW.div_ceil(2);
            sums = match ROW % 2 {
                0 => self.add::<ROW, SECOND>(first, sums),
                _ => self.add::<ROW, ALL>(first, sums),
            };
            sums = self.add::<ROW, ALL>(first + 1, sums);
            sums = self.add::<ROW, ALL>(first + 2, sums);
            sums = self.add::<ROW, ALL>(first + 3, sums);
            if ROW.is_multiple_of(2) {
                sums = self.add::<ROW, FIRST>(first + 4, sums);
            }
        } else {
            sums = self.add::<ROW, ALL>(ROW, sums);
            sums = self.add::<ROW, ALL>(ROW + 1, sums);
            sums = self.add::<ROW, ALL>(ROW + 2, sums);
            sums = self.add::<ROW, ALL>(ROW + 3, sums);
            sums = self.add::<ROW, ALL>(ROW + 4, sums);
            sums = self.add::<ROW, ALL>(ROW + 5, sums);
            sums = self.add::<ROW, ALL>(ROW + 6, sums);
            sums = self.add::<ROW, ALL>(ROW + 7, sums);
        }
        N::values(sums)
    }
}

/// Part of a line, from some place on.
#[inline(always)]
fn part<T, const OF: usize>(line: &[T; SEEN], from: usize) -> &[T; OF] {
    let from = from % SPAN;
    match line.as_slice().get(from..from + OF).and_then(<[_]>::first_chunk) {
        Some(part) => part,
        None => unreachable!("spans see beyond their ends"),
    }
}

/// What a row has of a line of weights.
#[inline(always)]
fn of_row<T, const ROW: usize>(line: &[T; LINE]) -> &[T; WIDE] {
    let [_, _, _, row0 @ ..] = line;
    let [_, _, row1 @ .., _] = line;
    let [_, row2 @ .., _, _] = line;
    let [row3 @ .., _, _, _] = line;
    match ROW {
        0 => row0,
        1 => row1,
        2 => row2,
        _ => row3,
    }
}

/// To each row's sums, the products of a pack.
#[inline(always)]
fn add_pack<N: Number>(
    [sums0, sums1, sums2, sums3]: Block<N>,
    activations: &[N::Pack; WIDE],
    weights: &[N::Pack; LINE],
) -> Block<N> {
    let activations = N::packs(activations);
    [
        N::add_products(sums0, activations, N::packs(of_row::<_, 0>(weights))),
        N::add_products(sums1, activations, N::packs(of_row::<_, 1>(weights))),
        N::add_products(sums2, activations, N::packs(of_row::<_, 2>(weights))),
        N::add_products(sums3, activations, N::packs(of_row::<_, 3>(weights))),
    ]
}

/// Both operands of some steps of k, for sums that stay where they are: A[i][k] by W[k][j].
pub(super) struct Panel<N: Number> {
    sides: Sides,
    /// Packs that there is room for.
    packs: usize,
    /// By block of rows and pack.
    activations: Vec<[N::Pack; HIGH]>,
    /// By two blocks of columns and pack: both take the same activations.
    weights: Vec<[[N::Pack; WIDE]; 2]>,
}

impl<N: Number> Panel<N> {
    /// Room for some steps.
    pub(super) fn new(sides: Sides, steps: usize) -> Self {
        let packs = steps.div_ceil(N::PACKED);
        Panel {
            sides,
            packs,
            activations: vec![[N::Pack::default(); HIGH]; sides.rows.div_ceil(HIGH) * packs],
            weights: vec![[[N::Pack::default(); WIDE]; 2]; sides.cols.div_ceil(WIDER) * packs],
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
        let cols = self.weights.chunks_mut(self.packs).zip(weights.chunks(WIDER));
        for (block, operands) in cols {
            let packs = block[pack].as_flattened_mut().iter_mut().zip(operands);
            packs.for_each(|(pack, operand)| pack.as_mut()[within] = *operand);
        }
    }

    /// Adds to two blocks' sums the products of their first steps, as many as `ends` says by diagonal.
    #[inline(always)]
    fn add(
        &self,
        top: usize,
        block: usize,
        [ends0, ends1]: [&[i32]; 2],
        sums: [Block<N>; 2],
    ) -> [Block<N>; 2] {
        let activations = &self.activations[top / HIGH * self.packs..][..self.packs];
        let weights = &self.weights[block * self.packs..][..self.packs];
        let mut packs = activations.iter().zip(weights);
        let (ends0, ends1): (&[i32; LINE], &[i32; LINE]) =
            (ends0.first_chunk().expect(PADDED), ends1.first_chunk().expect(PADDED));
        let [mut sums0, mut sums1] = sums;
        let whole = ends1[LINE - 1] as usize / N::PACKED;
        for (activations, [weights0, weights1]) in packs.by_ref().take(whole) {
            let activations = splat::<N>(activations);
            sums0 = add_outer::<N>(sums0, activations, weights0);
            sums1 = add_outer::<N>(sums1, activations, weights1);
        }
        let some = (ends0[0] as usize).div_ceil(N::PACKED) - whole;
        for ((activations, [weights0, weights1]), pack) in packs.take(some).zip(whole..) {
            let (activations, k) = (splat::<N>(activations), (pack * N::PACKED) as i32);
            sums0 = add_outer_below::<N>(sums0, activations, weights0, k, ends0);
            sums1 = add_outer_below::<N>(sums1, activations, weights1, k, ends1);
        }
        [sums0, sums1]
    }
}

const PADDED: &str = "all is padded to whole blocks";

#[inline(always)]
fn splat<N: Number>([row0, row1, row2, row3]: &[N::Pack; HIGH]) -> [N::Packs; HIGH] {
    [N::splat(*row0), N::splat(*row1), N::splat(*row2), N::splat(*row3)]
}

#[inline(always)]
fn add_outer<N: Number>(
    [sums0, sums1, sums2, sums3]: Block<N>,
    [row0, row1, row2, row3]: [N::Packs; HIGH],
    weights: &[N::Pack; WIDE],
) -> Block<N> {
    let weights = N::packs(weights);
    [
        N::add_products(sums0, row0, weights),
        N::add_products(sums1, row1, weights),
        N::add_products(sums2, row2, weights),
        N::add_products(sums3, row3, weights),
    ]
}

/// The same of a pack that begins with k, below each sum's own end.
#[inline(always)]
fn add_outer_below<N: Number>(
    [sums0, sums1, sums2, sums3]: Block<N>,
    [row0, row1, row2, row3]: [N::Packs; HIGH],
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
        N::add_products_below(sums0, row0, weights, k, ends0),
        N::add_products_below(sums1, row1, weights, k, ends1),
        N::add_products_below(sums2, row2, weights, k, ends2),
        N::add_products_below(sums3, row3, weights, k, ends3),
    ]
}
