//! Elements that are always touched together, as one cell.
//!
//! A large network's windows are tiles of matrices. So a buffer is seen as rows of one length, and cut between rows and between
//! columns wherever a window begins or ends in any iteration: of each cell, all is touched or nothing. That changes nothing of
//! what there is to find, and leaves a fraction of the touches. The length of a row is the one by which windows are the fewest
//! rectangles; a buffer whose windows agree in none is one row.

use super::area::{Area, Next, Runs, SumsArea};
use super::cut::{Cutter, block, cost, everywhere, is_rectangle, times, whole_windows, widths};
use super::program::Limit;
use crate::isa::{BufferId, MOST_DEPTH, Node, Patches, Program};

/// Iterations of the loops around an instruction, by depth; 1 where there is none.
pub(super) type Counts = [u32; MOST_DEPTH];

/// A program's buffers and sums, cut.
pub(super) struct Grids {
    /// By buffer.
    buffers: Vec<Grid>,
    /// By matrix unit: its rows of sums.
    sums: Vec<Cuts>,
}

/// A buffer as a matrix, cut.
pub(super) struct Grid {
    width: u64,
    rows: Cuts,
    cols: Cuts,
}

/// Where segments begin, ascending, and where the last one ends.
pub(super) struct Cuts(pub Vec<u64>);

/// Neighbouring rows and columns of a buffer: whole cells, and part of one window.
pub(super) struct Piece {
    rows: [u64; 2],
    cols: [u64; 2],
    /// Of its first element: which run, and which of its elements.
    first: [u64; 2],
    /// What stands below it.
    below: Next,
}

/// One cell of a piece.
pub(super) struct Cell {
    /// Its place in the buffer's list.
    pub at: usize,
    /// Of its first element: which run, and which of its elements.
    pub first: [u64; 2],
    /// What stands to its right and below it, within it.
    pub next: [Next; 2],
}

impl Grids {
    /// A program's, whose instructions touch these areas; nothing if there is too much of it.
    pub(super) fn new(program: &Program, areas: &[Vec<Area>], limit: Limit) -> Option<Grids> {
        let counts = counts(program);
        let mut touches: Vec<Vec<(&Area, &Counts)>> = vec![Vec::new(); program.buffers.len()];
        let mut sums: Vec<Vec<u64>> = Vec::new();
        let Limit { mut cells, mut places, .. } = limit;
        for (area, counts) in areas.iter().zip(&counts).flat_map(|(all, n)| all.iter().map(move |a| (a, n))) {
            match area {
                Area::Read(runs) | Area::Write(runs, _) => touches[runs.buffer.index()].push((area, counts)),
                Area::ReadPatches(patches) => touches[patches.buffer.index()].push((area, counts)),
                Area::ReadSums(area) | Area::WriteSums(area, _) => {
                    cut_sums(&mut sums, area, counts, &mut places)?
                }
            }
        }
        let mut buffers = Vec::new();
        for ((_, buffer), touches) in program.buffers.iter().zip(&touches) {
            let grid = Grid::new(buffer.len.max(1), touches, &mut places)?;
            cells = cells.checked_sub(grid.len())?;
            buffers.push(grid);
        }
        Some(Grids { buffers, sums: sums.into_iter().map(Cuts::new).collect() })
    }

    pub(super) fn of(&self, buffer: BufferId) -> &Grid {
        &self.buffers[buffer.index()]
    }

    /// About how many cells an area has.
    pub(super) fn count(&self, area: &Area) -> u64 {
        match area {
            Area::Read(runs) | Area::Write(runs, _) => self.of(runs.buffer).count(area),
            Area::ReadPatches(patches) => self.of(patches.buffer).count(area),
            Area::ReadSums(_) | Area::WriteSums(..) => 1,
        }
    }

    /// By matrix unit: how many segments its sums have.
    pub(super) fn sums(&self) -> impl Iterator<Item = usize> {
        self.sums.iter().map(Cuts::len)
    }

    /// Segments of some rows of sums, and the first row of each.
    pub(super) fn rows_of_sums(&self, unit: u32, rows: [usize; 2]) -> impl Iterator<Item = (usize, usize)> {
        let cuts = &self.sums[unit as usize];
        cuts.of(rows.map(|row| row as u64)).map(|at| (at, cuts.0[at] as usize))
    }
}

/// By instruction: how often the loops around it run.
fn counts(program: &Program) -> Vec<Counts> {
    fn walk(program: &Program, nodes: &[Node], depth: usize, counts: Counts, all: &mut [Counts]) {
        for node in nodes {
            match node {
                Node::Do(id) => all[id.index()] = counts,
                Node::Repeat(id) => {
                    let looped = &program.loops[*id];
                    let mut counts = counts;
                    counts[depth] = looped.count;
                    walk(program, &looped.body, depth + 1, counts, all);
                }
            }
        }
    }
    let mut all = vec![[1; MOST_DEPTH]; program.instructions.len()];
    walk(program, &program.body, 0, [1; MOST_DEPTH], &mut all);
    all
}

/// Cuts a unit's sums where some of them begin and end.
fn cut_sums(sums: &mut Vec<Vec<u64>>, area: &SumsArea, counts: &Counts, left: &mut u64) -> Option<()> {
    let place = &area.place;
    let mut firsts = vec![(place.first % place.ring) as u64];
    for (step, count) in place.advance.iter().zip(counts).filter(|(step, count)| **step > 0 && **count > 1) {
        // Around the ring it comes back at last.
        let moves = [(*step as i64, u64::from(*count).min(place.ring as u64))];
        firsts =
            everywhere(firsts, &moves, left)?.into_iter().map(|first| first % place.ring as u64).collect();
        firsts.sort_unstable();
        firsts.dedup();
    }
    let unit = area.unit as usize;
    sums.resize_with(sums.len().max(unit + 1), || vec![0]);
    sums[unit].extend(firsts.iter().flat_map(|first| [*first, first + area.rows as u64]));
    Some(())
}

impl Cuts {
    pub(super) fn new(mut cuts: Vec<u64>) -> Cuts {
        cuts.sort_unstable();
        cuts.dedup();
        Cuts(cuts)
    }

    fn len(&self) -> usize {
        self.0.len() - 1
    }

    /// The segments that something is made of.
    fn of(&self, [from, to]: [u64; 2]) -> impl Iterator<Item = usize> + use<'_> {
        // Often each row or column is cut off by itself.
        let alone = usize::try_from(from).ok().filter(|at| self.0.get(*at) == Some(&from));
        let first = alone.unwrap_or_else(|| self.0.partition_point(|cut| *cut < from));
        (first..self.len()).take_while(move |at| self.0[*at] < to)
    }
}

impl Grid {
    /// With places left that may be looked at.
    fn new(len: u64, touches: &[(&Area, &Counts)], left: &mut u64) -> Option<Grid> {
        let mut widths: Vec<(u64, u64)> = widths(len, touches)
            .into_iter()
            .filter_map(|width| Some((cost(width, touches)?, width)))
            .collect();
        widths.sort_unstable();
        let mut best: Option<(u64, Grid)> = None;
        for (pieces, width) in widths {
            if best.as_ref().is_some_and(|(least, _)| *least <= pieces) {
                break;
            }
            let Some(grid) = Grid::cut(len, width, touches, left) else { continue };
            let cells = grid.touches(touches).saturating_add(grid.len());
            if best.as_ref().is_none_or(|(least, _)| cells < *least) {
                best = Some((cells, grid));
            }
        }
        best.map(|(_, grid)| grid)
    }

    fn cut(len: u64, width: u64, touches: &[(&Area, &Counts)], left: &mut u64) -> Option<Grid> {
        let mut cutter = Cutter::new(len, width);
        touches.iter().try_for_each(|(area, counts)| cutter.area(area, counts, left))?;
        let [rows, cols] = cutter.cuts();
        Some(Grid { width, rows, cols })
    }

    /// How many cells are touched, about.
    fn touches(&self, touches: &[(&Area, &Counts)]) -> u64 {
        let all = touches.iter().map(|(area, counts)| self.count(area).saturating_mul(times(counts)));
        all.fold(0, u64::saturating_add)
    }

    /// How many cells it has.
    pub(super) fn len(&self) -> u64 {
        self.rows.len() as u64 * self.cols.len() as u64
    }

    /// The first element of a cell.
    pub(super) fn first(&self, at: usize) -> u64 {
        let [row, col] = [at / self.cols.len(), at % self.cols.len()];
        self.rows.0[row] * self.width + self.cols.0[col]
    }

    /// How many elements a cell has.
    pub(super) fn elements(&self, at: usize) -> u64 {
        let [row, col] = [at / self.cols.len(), at % self.cols.len()];
        let long = |cuts: &Cuts, at: usize| cuts.0[at + 1] - cuts.0[at];
        long(&self.rows, row) * long(&self.cols, col)
    }
}

/// What is touched, as cells.
impl Grid {
    /// About how many cells an area has, at least one.
    pub(super) fn count(&self, area: &Area) -> u64 {
        match area {
            Area::Read(runs) | Area::Write(runs, _) => self.cells_of(runs),
            Area::ReadPatches(patches) => self.cells_of_patches(patches),
            Area::ReadSums(_) | Area::WriteSums(..) => 1,
        }
    }

    fn cells_of(&self, runs: &Runs) -> u64 {
        let mut one = 1;
        let first = if is_rectangle(self.width, runs) { *runs } else { Runs { many: 1, ..*runs } };
        self.pieces(&first, &mut |piece| one += self.cells_of_piece(&piece));
        one.saturating_mul(runs.many / first.many)
    }

    fn cells_of_patches(&self, patches: &Patches) -> u64 {
        let Some(channels) = whole_windows(patches).filter(|_| self.width == patches.image.extents[3] as u64)
        else {
            return (patches.rows * patches.cols.div_ceil(patches.image.each)) as u64;
        };
        let across = self.cols.of(channels).count() as u64;
        let down = match block(patches) {
            Some(pixels) => self.rows.of(pixels.map(|pixel| patches.offset / self.width + pixel)).count(),
            None => patches.rows * patches.image.taps(),
        };
        (down as u64).saturating_mul(across)
    }

    fn cells_of_piece(&self, piece: &Piece) -> u64 {
        self.rows.of(piece.rows).count() as u64 * self.cols.of(piece.cols).count() as u64
    }

    /// The rectangles that runs in an iteration are made of.
    pub(super) fn pieces(&self, runs: &Runs, each: &mut dyn FnMut(Piece)) {
        let [row, col] = [runs.first / self.width, runs.first % self.width];
        if is_rectangle(self.width, runs) {
            let (rows, cols) = ([row, row + runs.many], [col, col + runs.len]);
            return each(Piece { rows, cols, first: [0, 0], below: Next::Runs });
        }
        for nth in 0..runs.many {
            each(self.run(runs.first + nth * runs.apart, runs.len, nth));
        }
    }

    /// The rectangles that patches in an iteration are made of, without padding.
    pub(super) fn patches(&self, patches: &Patches, each: &mut dyn FnMut(Piece)) {
        let pixels_are_rows = self.width == patches.image.extents[3] as u64;
        match whole_windows(patches).filter(|_| pixels_are_rows) {
            Some(channels) => self.windows(patches, channels, each),
            None => (0..patches.rows).for_each(|row| {
                patches.runs(row, 0, patches.cols, |first, len| {
                    if let Some(first) = first {
                        each(self.run(first, len as u64, 0));
                    }
                });
            }),
        }
    }

    /// The same of whole windows: all of some channels of every pixel that is looked at.
    fn windows(&self, patches: &Patches, channels: [u64; 2], each: &mut dyn FnMut(Piece)) {
        let first = patches.offset / self.width;
        let piece = |pixels: [u64; 2]| {
            let rows = pixels.map(|pixel| first + pixel);
            Piece { rows, cols: channels, first: [0, 0], below: Next::Runs }
        };
        if let Some(pixels) = block(patches) {
            return each(piece(pixels));
        }
        for row in 0..patches.rows {
            // The first channel of each tap is at the same pixel as the others.
            for tap in 0..patches.image.taps() {
                if let Some(start) = patches.at(row, tap * patches.image.each) {
                    let pixel = start / self.width - first;
                    each(piece([pixel, pixel + 1]));
                }
            }
        }
    }

    /// Some elements next to each other: part of a row, or whole rows.
    fn run(&self, first: u64, len: u64, nth: u64) -> Piece {
        let [row, col] = [first / self.width, first % self.width];
        let (rows, cols) = if col + len <= self.width {
            ([row, row + 1], [col, col + len])
        } else {
            ([row, row + len / self.width], [0, self.width])
        };
        Piece { rows, cols, first: [nth, 0], below: Next::Elements(self.width) }
    }

    /// A piece's cells.
    pub(super) fn cells(&self, piece: &Piece, each: &mut dyn FnMut(Cell)) {
        for row in self.rows.of(piece.rows) {
            let down = self.rows.0[row] - piece.rows[0];
            let below = if self.rows.0[row + 1] - self.rows.0[row] > 1 { piece.below } else { Next::None };
            for col in self.cols.of(piece.cols) {
                let right = self.cols.0[col] - piece.cols[0];
                let wide = self.cols.0[col + 1] - self.cols.0[col] > 1;
                let beside = if wide { Next::Elements(1) } else { Next::None };
                let first = match piece.below {
                    Next::Elements(width) => [piece.first[0], piece.first[1] + down * width + right],
                    Next::Runs | Next::None => [piece.first[0] + down, piece.first[1] + right],
                };
                each(Cell { at: row * self.cols.len() + col, first, next: [beside, below] });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::base::Arena;
    use crate::isa::{Image, Iteration};

    fn runs(first: u64, len: u64, many: u64, apart: u64) -> Runs {
        let advance = [0; MOST_DEPTH];
        Runs { buffer: Arena::default().next_id(), first, advance, len, many, apart, alone: false }
    }

    /// Two loops' numbers, and the others'.
    fn by_loop<T: Copy>([outer, inner]: [T; 2], others: T) -> [T; MOST_DEPTH] {
        let mut all = [others; MOST_DEPTH];
        (all[0], all[1]) = (outer, inner);
        all
    }

    /// Elements of cells that an area touches in an iteration, ascending.
    fn elements(grid: &Grid, area: &Area, iteration: &Iteration) -> Vec<u64> {
        let mut all = BTreeSet::new();
        let mut cell = |cell: Cell| {
            let (first, len) = (grid.first(cell.at), grid.elements(cell.at));
            let col = grid.cols.0[cell.at % grid.cols.len() + 1] - grid.cols.0[cell.at % grid.cols.len()];
            all.extend((0..len).map(|at| first + at / col * grid.width + at % col));
        };
        match area {
            Area::ReadPatches(patches) => {
                grid.patches(&patches.in_iteration(iteration), &mut |piece| grid.cells(&piece, &mut cell));
            }
            Area::Read(runs) => {
                grid.pieces(&runs.in_iteration(iteration), &mut |piece| grid.cells(&piece, &mut cell));
            }
            _ => unreachable!("only reads are made here"),
        }
        all.into_iter().collect()
    }

    /// The same, one by one.
    fn one_by_one(area: &Area, iteration: &Iteration) -> Vec<u64> {
        let mut all = BTreeSet::new();
        match area {
            Area::ReadPatches(patches) => {
                let patches = patches.in_iteration(iteration);
                let cols = |row: usize| (0..patches.cols).filter_map(move |col| patches.at(row, col));
                all.extend((0..patches.rows).flat_map(cols));
            }
            Area::Read(runs) => {
                let Runs { first, len, many, apart, .. } = runs.in_iteration(iteration);
                all.extend((0..many).flat_map(|run| (0..len).map(move |at| first + run * apart + at)));
            }
            _ => unreachable!("only reads are made here"),
        }
        all.into_iter().collect()
    }

    /// Numbers that look random, from a seed.
    struct Dice(u64);

    impl Dice {
        fn up_to(&mut self, most: u64) -> u64 {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (self.0 >> 33) % (most + 1)
        }

        /// Within rows of 12, mostly, and 480 elements, moving with two loops of 2 and 3 iterations.
        fn runs(&mut self) -> Area {
            let (len, many) = (1 + self.up_to(11), 1 + self.up_to(4));
            let apart = [12, 12, 24, len][self.up_to(3) as usize];
            let mut advance = [0; MOST_DEPTH];
            advance[..2].fill_with(|| [0, 12, 24, 3][self.up_to(3) as usize]);
            let first = [0, 12, 24, 5][self.up_to(3) as usize];
            Area::Read(Runs { advance, alone: self.up_to(5) == 0, ..runs(first, len, many, apart) })
        }

        fn patches(&mut self) -> Area {
            let [n, h, w, each, groups, kh, kw] =
                [1, 3, 3, 2, 2, 2, 2].map(|most| 1 + self.up_to(most) as usize);
            let (kh, kw) = (kh.min(h), kw.min(w));
            let stride = [0; 2].map(|_| 1 + self.up_to(1) as usize);
            let padding = [kh, kw].map(|size| self.up_to(size as u64 - 1) as usize);
            let places = [(h + padding[0] - kh) / stride[0] + 1, (w + padding[1] - kw) / stride[1] + 1];
            let (extents, size) = ([n, h, w, each * groups], [kh, kw]);
            let image = Image { extents, places, size, stride, padding, dilation: [1, 1], each };
            let [rows, cols] = image.matrix().map(|side| side as usize);
            // Whole rows of places and whole windows, or any.
            let [part, group] =
                [places[1], each * kh * kw].map(|all| if self.up_to(1) == 0 { all } else { 1 });
            let far = |all: usize, part: usize, dice: &mut Dice| {
                part * dice.up_to((all / part - 1) as u64) as usize
            };
            let first = [far(rows, part, self), far(cols, group, self)];
            let mut advance = [[0; 2]; MOST_DEPTH];
            advance[0] = [if first[0] + 2 * part <= rows { part } else { 0 }, 0];
            advance[1] = [0, if first[1] + 3 * group <= cols { group } else { 0 }];
            let rows = if advance[0][0] > 0 { part } else { rows - first[0] };
            let cols = if advance[1][1] > 0 { group } else { cols - first[1] };
            let buffer = Arena::<crate::isa::Buffer>::default().next_id();
            let offset = 12 * self.up_to(2);
            Area::ReadPatches(Patches {
                image,
                buffer,
                offset,
                moves: [0; MOST_DEPTH],
                first,
                advance,
                rows,
                cols,
            })
        }
    }

    /// Whatever touches a buffer, cells are touched as a whole: they are the elements that are touched one by one.
    #[test]
    fn cells_are_what_is_touched() {
        let (mut dice, mut coarse) = (Dice(7), 0);
        for case in 0..3000 {
            let some = 1 + dice.up_to(3);
            let areas: Vec<Area> =
                (0..some).map(|_| if dice.up_to(1) == 0 { dice.runs() } else { dice.patches() }).collect();
            let counts = by_loop([2, 3], 1);
            let touches: Vec<(&Area, &Counts)> = areas.iter().map(|area| (area, &counts)).collect();
            let grid = Grid::new(480, &touches, &mut (1 << 20)).unwrap();
            coarse += usize::from(grid.len() < 100);
            for (area, iteration) in areas.iter().flat_map(|a| (0..6).map(move |i| (a, [i / 3, i % 3]))) {
                let all = by_loop(iteration, 0);
                assert_eq!(elements(&grid, area, &all), one_by_one(area, &all), "{case}: {:?}", grid.cols.0);
            }
        }
        assert!(coarse > 1000, "only {coarse} have large cells");
    }

    fn touched(grid: &Grid, runs: &Runs) -> Vec<usize> {
        let mut all = Vec::new();
        grid.pieces(runs, &mut |piece| grid.cells(&piece, &mut |cell| all.push(cell.at)));
        all
    }

    /// A matrix of 6 rows of 10 by tiles of 2 x 4, the last one narrower, and by rows.
    #[test]
    fn tiles_are_cells() {
        let tiles = Runs { advance: by_loop([20, 4], 0), ..runs(0, 4, 2, 10) };
        let last = Runs { advance: by_loop([20, 0], 0), ..runs(8, 2, 2, 10) };
        let (all, rows) = (runs(0, 60, 1, 60), runs(20, 20, 1, 20));
        let counts = by_loop([3, 2], 1);
        let areas = [tiles, last, all, rows].map(Area::Read);
        let touches: Vec<(&Area, &Counts)> = areas.iter().map(|area| (area, &counts)).collect();
        let grid = Grid::new(60, &touches, &mut 100).unwrap();
        assert_eq!((grid.width, grid.len()), (10, 9));
        assert_eq!(
            [0, 1, 2, 3].map(|at| (grid.first(at), grid.elements(at))),
            [(0, 8), (4, 8), (8, 4), (20, 8)]
        );
        assert_eq!(touched(&grid, &tiles.in_iteration(&by_loop([1, 1], 0))), [4]);
        assert_eq!(touched(&grid, &last.in_iteration(&by_loop([2, 0], 0))), [8]);
        assert_eq!(touched(&grid, &all), (0..9).collect::<Vec<_>>());
        assert_eq!(touched(&grid, &rows), [3, 4, 5]);
    }

    /// Runs that begin in one row and end in the next leave one row only.
    #[test]
    fn what_agrees_in_no_width_is_one_row() {
        let areas = [runs(0, 4, 2, 10), runs(8, 4, 1, 4)].map(Area::Read);
        let counts = [1; MOST_DEPTH];
        let touches: Vec<(&Area, &Counts)> = areas.iter().map(|area| (area, &counts)).collect();
        let grid = Grid::new(20, &touches, &mut 100).unwrap();
        assert_eq!((grid.width, &grid.cols.0[..]), (20, &[0, 4, 8, 10, 12, 14, 20][..]));
    }
}
