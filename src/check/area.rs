//! What an instruction touches, in runs of elements that lie next to each other.

use crate::isa::{
    BufferId, Factor, Instruction, Iteration, MOST_DEPTH, Patches, RowsAre, SumMode, SumRows, Unit,
    VectorSource, VectorStep, Window, Work,
};

/// What a written cell is: two writes of the same are of one value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// Worked out by the instruction that is so far along the program.
    Work(u64),
    /// Another buffer's elements: the first one, and how far the next ones to its right and below it are.
    Copy(BufferId, u64, [u64; 2]),
    /// Elements of the row that a number chooses: where that stands, and of row 0 as in a copy.
    Chosen(BufferId, u64, u64, [u64; 2]),
}

/// Most columns of a window whose elements have gaps in both directions.
const MOST_COLUMNS: u64 = 1 << 12;

/// Runs of elements next to each other, evenly apart.
#[derive(Clone, Copy, Debug)]
pub(super) struct Runs {
    pub buffer: BufferId,
    /// The first element, in the first iteration of all loops.
    pub first: u64,
    /// By depth of the loops around them: how far they move with each iteration.
    pub advance: [i64; MOST_DEPTH],
    /// Elements of a run.
    pub len: u64,
    /// Runs.
    pub many: u64,
    /// From one to the next.
    pub apart: u64,
    /// Whether each is something else: then no two of them are taken as one.
    pub alone: bool,
}

/// What becomes of runs, or of others.
pub(super) enum Area {
    Read(Runs),
    ReadPatches(Patches),
    Write(Runs, Source),
    ReadSums(SumsArea),
    WriteSums(SumsArea, SumMode),
}

/// Rows of a matrix unit's sums, up to a column.
#[derive(Clone, Copy)]
pub(super) struct SumsArea {
    pub unit: u32,
    pub place: SumRows,
    pub rows: usize,
    pub cols: usize,
}

/// Where what is written comes from.
#[derive(Clone, Copy)]
pub(super) enum Source {
    /// The instruction works it out.
    Work,
    /// Elements of another buffer: from one run to the next, and from one element of it to the next.
    Copy { first: Moving, down: u64, right: u64 },
    /// The same, of rows that numbers choose: one a run.
    Chosen { first: Moving, right: u64, places: Moving, below: u64 },
}

/// An element that moves with loops.
#[derive(Clone, Copy)]
pub(super) struct Moving {
    pub buffer: BufferId,
    pub first: u64,
    pub advance: [i64; MOST_DEPTH],
}

impl Moving {
    fn of(window: &Window) -> Moving {
        Moving { buffer: window.buffer, first: window.offset, advance: window.advance }
    }

    fn place(&self, iteration: &Iteration) -> u64 {
        place(self.first, &self.advance, iteration)
    }
}

/// Where something that moves is in an iteration.
fn place(first: u64, advance: &[i64; MOST_DEPTH], iteration: &Iteration) -> u64 {
    let moved = advance.iter().zip(iteration).map(|(step, index)| step * i64::from(*index));
    first.wrapping_add_signed(moved.sum())
}

impl Runs {
    /// Where they lie in an iteration.
    pub(super) fn in_iteration(&self, iteration: &Iteration) -> Runs {
        Runs { first: place(self.first, &self.advance, iteration), ..*self }
    }

    /// Rows of a window as runs if their elements lie next to each other; else each column by itself, in single elements. Nothing
    /// if these are too many.
    fn of(window: &Window) -> Option<Vec<Runs>> {
        let Window { buffer, advance, row_stride: apart, .. } = *window;
        let split = if window.cols == 1 || window.col_stride == 1 { 1 } else { window.cols as u64 };
        let (len, many) = (window.cols as u64 / split, window.rows as u64);
        let first = |col: u64| window.offset + col * window.col_stride;
        let runs = |col| Runs { buffer, first: first(col), advance, len, many, apart, alone: false };
        (split <= MOST_COLUMNS).then(|| (0..split).map(runs).collect())
    }

    /// As one, if each begins where the one before ends.
    fn joined(self) -> Runs {
        if self.many > 1 && self.apart == self.len {
            return Runs { len: self.len * self.many, many: 1, ..self };
        }
        self
    }
}

impl Source {
    /// Of an element: which run it is of, and which one there; and how far the next ones below and to the right are.
    pub(super) fn origin(
        &self,
        nth: u64,
        iteration: &Iteration,
        [run, at]: [u64; 2],
        next: [Next; 2],
    ) -> Origin {
        let far = |next: Next, [down, right]: [u64; 2]| match next {
            Next::None => 0,
            Next::Runs => down,
            Next::Elements(elements) => elements * right,
        };
        match self {
            Source::Work => Origin::Work(nth),
            Source::Copy { first, down, right } => {
                let place = first.place(iteration) + run * down + at * right;
                Origin::Copy(first.buffer, place, next.map(|next| far(next, [*down, *right])))
            }
            Source::Chosen { first, right, places, below } => {
                let number = places.place(iteration) + run * below;
                let apart = next.map(|next| far(next, [0, *right]));
                Origin::Chosen(places.buffer, number, first.place(iteration) + at * right, apart)
            }
        }
    }
}

/// How far it is to the next row or column of what is taken as one.
#[derive(Clone, Copy)]
pub(super) enum Next {
    /// There is none.
    None,
    /// The next run.
    Runs,
    /// So many elements of the same run.
    Elements(u64),
}

/// All that an instruction touches, reads first; nothing if it is too much.
pub(super) fn areas(instruction: &Instruction) -> Option<Vec<Area>> {
    let mut all = Vec::new();
    match &instruction.work {
        Work::Copy { from, to, rows } => copy(&mut all, [from, to], rows)?,
        Work::Fetch { tile, .. } => read_factor(&mut all, tile)?,
        Work::Load => {}
        Work::Multiply { streamed, cols, sums, .. } => {
            read_factor(&mut all, streamed)?;
            let area = sums_of(instruction.unit, &sums.rows, [streamed.rows(), *cols]);
            all.push(Area::WriteSums(area, sums.mode));
        }
        Work::Contract { activations, weights, sums } => {
            read_factor(&mut all, activations)?;
            read(&mut all, weights)?;
            let area = sums_of(instruction.unit, &sums.rows, [activations.rows(), weights.cols]);
            all.push(Area::WriteSums(area, sums.mode));
        }
        Work::Vector { source, steps, target } => {
            read_source(&mut all, source)?;
            let mut operands = steps.iter().flat_map(VectorStep::elements);
            operands.try_for_each(|window| read(&mut all, window))?;
            let runs = Runs::of(&if is_turned(target) { target.transposed() } else { *target })?;
            all.extend(runs.into_iter().map(|runs| Area::Write(runs.joined(), Source::Work)));
        }
    }
    Some(all)
}

fn sums_of(unit: Unit, place: &SumRows, [rows, cols]: [usize; 2]) -> SumsArea {
    let Unit::Matrix(unit) = unit else { unreachable!("rule 2: only matrix units leave sums") };
    SumsArea { unit, place: *place, rows, cols }
}

/// A row or column that is repeated is read once.
fn read(all: &mut Vec<Area>, window: &Window) -> Option<()> {
    let once = |extent: usize, stride: u64| if stride == 0 { 1 } else { extent };
    let (rows, cols) = (once(window.rows, window.row_stride), once(window.cols, window.col_stride));
    let window = Window { rows, cols, ..*window };
    let runs = Runs::of(&if is_turned(&window) { window.transposed() } else { window })?;
    all.extend(runs.into_iter().map(|runs| Area::Read(runs.joined())));
    Some(())
}

fn read_source(all: &mut Vec<Area>, source: &VectorSource) -> Option<()> {
    all.push(match source {
        VectorSource::Accumulators { unit, place, rows, cols, .. } => {
            Area::ReadSums(SumsArea { unit: *unit, place: *place, rows: *rows, cols: *cols })
        }
        VectorSource::Patches(patches, _) => Area::ReadPatches(*patches),
        VectorSource::Buffer(window) => return read(all, window),
    });
    Some(())
}

fn read_factor(all: &mut Vec<Area>, factor: &Factor) -> Option<()> {
    match factor {
        Factor::Window(window) => read(all, window),
        Factor::Patches(patches) | Factor::PatchesAcross(patches) => {
            all.push(Area::ReadPatches(*patches));
            Some(())
        }
    }
}

fn copy(all: &mut Vec<Area>, [from, to]: [&Window; 2], rows: &RowsAre) -> Option<()> {
    if let RowsAre::Chosen { places, of } = rows {
        read(all, places)?;
        // Any of them may be chosen.
        read(all, &Window { rows: *of, ..*from })?;
        return chosen(all, [from, to], places);
    }
    read(all, from)?;
    let turn = |window: &Window| if is_turned(to) { window.transposed() } else { *window };
    let (from, to) = (turn(from), turn(to));
    let [down, right] = [from.row_stride, from.col_stride];
    for (col, runs) in Runs::of(&to)?.into_iter().enumerate() {
        let first = Moving { first: from.at(0, col), ..Moving::of(&from) };
        let even = down == right * runs.len;
        let runs = if even { runs.joined() } else { runs };
        all.push(Area::Write(runs, Source::Copy { first, down, right }));
    }
    Some(())
}

fn chosen(all: &mut Vec<Area>, [from, to]: [&Window; 2], places: &Window) -> Option<()> {
    for (col, runs) in Runs::of(to)?.into_iter().enumerate() {
        let first = Moving { first: from.at(0, col), ..Moving::of(from) };
        let (right, below) = (from.col_stride, places.row_stride);
        let source = Source::Chosen { first, right, places: Moving::of(places), below };
        all.push(Area::Write(Runs { alone: true, ..runs }, source));
    }
    Some(())
}

/// Whether columns rather than rows are taken as runs: they are longer, of what lies next to each other; or fewer, if nothing does.
fn is_turned(window: &Window) -> bool {
    let run = |extent: usize, stride: u64| if extent == 1 || stride == 1 { extent } else { 0 };
    match [run(window.rows, window.row_stride), run(window.cols, window.col_stride)] {
        [0, 0] => window.rows < window.cols,
        [rows, cols] => rows > cols,
    }
}
