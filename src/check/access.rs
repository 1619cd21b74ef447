//! Every grain and row of sums that an instruction touches.

use super::grain::{Along, Grains, along};
use crate::isa::{
    BufferId, Factor, Instruction, Iteration, Patches, RowsAre, SumMode, SumRows, Unit, VectorSource,
    VectorStep, Window, Work,
};

/// What a written element is: two writes of the same are of one value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// Worked out by the instruction that is so far along the program.
    Work(u64),
    /// Another buffer's elements: the first one, and how far apart they are.
    Copy(BufferId, u64, u64),
    /// Elements of the row that a number chooses: where that stands, and of row 0 as in a copy.
    Chosen(BufferId, u64, u64, u64),
}

/// One touch.
#[derive(Clone, Copy, Debug)]
pub(super) enum Touch {
    Read(BufferId, u64),
    Write(BufferId, u64, Origin),
    /// Rows of a matrix unit's sums, up to a column.
    ReadSums {
        unit: u32,
        row: usize,
        cols: usize,
    },
    WriteSums {
        unit: u32,
        row: usize,
        cols: usize,
        mode: SumMode,
    },
}

/// How many touches of grains an instruction has, at most.
pub(super) fn count(instruction: &Instruction, grains: &Grains) -> u64 {
    let all = |window: &Window| window.elements() as u64 / grains.of(window.buffer);
    let patched = |patches: &Patches| (patches.rows * patches.cols) as u64 / grains.of(patches.buffer);
    let factor = |factor: &Factor| factor.elements() as u64 / grains.of(factor.buffer());
    match &instruction.work {
        Work::Copy { from, to, rows } => {
            let read = match rows {
                RowsAre::Chosen { places, of } => all(&Window { rows: *of, ..*from }) + all(places),
                _ => all(from),
            };
            read + all(to)
        }
        Work::Fetch { tile, .. } => factor(tile),
        Work::Load => 1,
        Work::Multiply { streamed, .. } => factor(streamed) + streamed.rows() as u64,
        Work::Contract { activations, weights, .. } => {
            factor(activations) + activations.rows() as u64 + all(weights)
        }
        Work::Vector { source, steps, target } => {
            let source = match source {
                VectorSource::Accumulators { rows, .. } => *rows as u64,
                VectorSource::Buffer(window) => all(window),
                VectorSource::Patches(patches, _) => patched(patches),
            };
            source + steps.iter().flat_map(VectorStep::elements).map(all).sum::<u64>() + all(target)
        }
    }
}

/// Goes through all touches of an instruction in an iteration, reads first; of buffers grain by grain.
pub(super) fn each(
    instruction: &Instruction,
    (iteration, grains): (&Iteration, &Grains),
    nth: u64,
    touch: &mut dyn FnMut(Touch),
) {
    let here = Here { iteration, grains };
    match &instruction.work {
        Work::Copy { from, to, rows } => here.copy([from, to], rows, touch),
        Work::Fetch { tile, .. } => here.read_factor(tile, touch),
        Work::Load => {}
        Work::Multiply { streamed, cols, sums, .. } => {
            here.read_factor(streamed, touch);
            write_sums(instruction.unit, &sums.rows, [streamed.rows(), *cols], sums.mode, iteration, touch);
        }
        Work::Contract { activations, weights, sums } => {
            here.read_factor(activations, touch);
            here.read(weights, touch);
            let extents = [activations.rows(), weights.cols];
            write_sums(instruction.unit, &sums.rows, extents, sums.mode, iteration, touch);
        }
        Work::Vector { source, steps, target } => {
            match source {
                VectorSource::Accumulators { unit, place, rows, cols, .. } => {
                    let first = place.in_iteration(iteration);
                    for row in 0..*rows {
                        touch(Touch::ReadSums { unit: *unit, row: first + row, cols: *cols });
                    }
                }
                VectorSource::Buffer(window) => here.read(window, touch),
                VectorSource::Patches(patches, _) => here.read_patches(patches, touch),
            }
            for window in steps.iter().flat_map(VectorStep::elements) {
                here.read(window, touch);
            }
            elements(&here.window(target), &mut |_, _, at| {
                touch(Touch::Write(target.buffer, at, Origin::Work(nth)));
            });
        }
    }
}

/// Where an instruction is.
struct Here<'a> {
    iteration: &'a Iteration,
    grains: &'a Grains,
}

impl Here<'_> {
    /// A window's grains.
    fn window(&self, window: &Window) -> Window {
        self.grains.in_grains(&window.in_iteration(self.iteration))
    }

    /// A written grain is known by where its first element was, and how far from it the next ones were.
    fn copy(&self, [from, to]: [&Window; 2], rows: &RowsAre, touch: &mut dyn FnMut(Touch)) {
        let (source, grain) = (from.in_iteration(self.iteration), self.grains.of(to.buffer));
        let ([down, right], apart) = match along(to) {
            _ if grain == 1 => ([1, 1], 1),
            Along::Rows => ([grain as usize, 1], from.row_stride),
            Along::Cols | Along::Neither => ([1, grain as usize], from.col_stride),
        };
        let origin: &dyn Fn(usize, usize) -> Origin = match rows {
            RowsAre::Chosen { places, of } => {
                self.read(places, touch);
                // Any of them may be chosen.
                self.read(&Window { rows: *of, ..*from }, touch);
                let places = places.in_iteration(self.iteration);
                &move |row, col| {
                    Origin::Chosen(places.buffer, places.at(row, 0), source.at(0, right * col), apart)
                }
            }
            _ => {
                self.read(from, touch);
                &|row, col| Origin::Copy(from.buffer, source.at(down * row, right * col), apart)
            }
        };
        elements(&self.window(to), &mut |row, col, at| {
            touch(Touch::Write(to.buffer, at, origin(row, col)));
        });
    }

    /// A row or column that is repeated is read once.
    fn read(&self, window: &Window, touch: &mut dyn FnMut(Touch)) {
        let window = self.window(window);
        let once = |extent: usize, stride: u64| if stride == 0 { 1 } else { extent };
        let (rows, cols) = (once(window.rows, window.row_stride), once(window.cols, window.col_stride));
        elements(&Window { rows, cols, ..window }, &mut |_, _, at| {
            touch(Touch::Read(window.buffer, at));
        });
    }

    fn read_factor(&self, factor: &Factor, touch: &mut dyn FnMut(Touch)) {
        match factor {
            Factor::Window(window) => self.read(window, touch),
            Factor::Patches(patches) | Factor::PatchesAcross(patches) => self.read_patches(patches, touch),
        }
    }

    /// What is not padding.
    fn read_patches(&self, patches: &Patches, touch: &mut dyn FnMut(Touch)) {
        let patches = self.grains.patches_in_grains(&patches.in_iteration(self.iteration));
        for row in 0..patches.rows {
            patches.runs(row, 0, patches.cols, |start, len| {
                let from = start.unwrap_or(0);
                let there = if start.is_some() { len as u64 } else { 0 };
                (from..from + there).for_each(|at| touch(Touch::Read(patches.buffer, at)));
            });
        }
    }
}

fn elements(window: &Window, each: &mut dyn FnMut(usize, usize, u64)) {
    for row in 0..window.rows {
        for col in 0..window.cols {
            each(row, col, window.at(row, col));
        }
    }
}

fn write_sums(
    unit: Unit,
    place: &SumRows,
    [rows, cols]: [usize; 2],
    mode: SumMode,
    iteration: &Iteration,
    touch: &mut dyn FnMut(Touch),
) {
    let Unit::Matrix(unit) = unit else { unreachable!("rule 2: only matrix units leave sums") };
    let first = place.in_iteration(iteration);
    for row in 0..rows {
        touch(Touch::WriteSums { unit, row: first + row, cols, mode });
    }
}
