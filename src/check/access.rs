//! Every element and row of sums that an instruction touches.

use crate::isa::{
    BufferId, Factor, Instruction, Iteration, Patches, RowsAre, SumMode, SumRows, Unit, VectorSource,
    VectorStep, Window, Work,
};

/// What a written element is: two writes of the same are of one value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// Worked out by the instruction that is so far along the program.
    Work(u64),
    /// Another buffer's element.
    Copy(BufferId, usize),
    /// An element of the row that a number chooses: where that stands, and the row's first element.
    Chosen(BufferId, usize, usize),
}

/// One touch.
#[derive(Clone, Copy, Debug)]
pub(super) enum Touch {
    Read(BufferId, usize),
    Write(BufferId, usize, Origin),
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

/// How many touches an instruction has, at most.
pub(super) fn count(instruction: &Instruction) -> u64 {
    let all = |window: &Window| window.elements() as u64;
    match &instruction.work {
        Work::Copy { from, to, rows } => {
            let read = match rows {
                RowsAre::Chosen { places, of } => *of as u64 * from.cols as u64 + all(places),
                _ => all(from),
            };
            read + all(to)
        }
        Work::Fetch { tile, .. } => tile.elements() as u64,
        Work::Load => 1,
        Work::Multiply { streamed, .. } => (streamed.elements() + streamed.rows()) as u64,
        Work::Contract { activations, weights, .. } => {
            (activations.elements() + activations.rows()) as u64 + all(weights)
        }
        Work::Vector { source, steps, target } => {
            let source = match source {
                VectorSource::Accumulators { rows, .. } => *rows as u64,
                VectorSource::Buffer(window) => all(window),
                VectorSource::Patches(patches, _) => (patches.rows * patches.cols) as u64,
            };
            source + steps.iter().flat_map(VectorStep::elements).map(all).sum::<u64>() + all(target)
        }
    }
}

/// Goes through all touches of an instruction in an iteration, reads first.
pub(super) fn each(instruction: &Instruction, iteration: &Iteration, nth: u64, touch: &mut dyn FnMut(Touch)) {
    match &instruction.work {
        Work::Copy { from, to, rows } => copy([from, to], rows, iteration, touch),
        Work::Fetch { tile, .. } => read_factor(tile, iteration, touch),
        Work::Load => {}
        Work::Multiply { streamed, cols, sums, .. } => {
            read_factor(streamed, iteration, touch);
            write_sums(instruction.unit, &sums.rows, [streamed.rows(), *cols], sums.mode, iteration, touch);
        }
        Work::Contract { activations, weights, sums } => {
            read_factor(activations, iteration, touch);
            read(weights, iteration, touch);
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
                VectorSource::Buffer(window) => read(window, iteration, touch),
                VectorSource::Patches(patches, _) => read_patches(patches, iteration, touch),
            }
            for window in steps.iter().flat_map(VectorStep::elements) {
                read(window, iteration, touch);
            }
            elements(target, iteration, &mut |_, _, at| {
                touch(Touch::Write(target.buffer, at, Origin::Work(nth)));
            });
        }
    }
}

fn copy([from, to]: [&Window; 2], rows: &RowsAre, iteration: &Iteration, touch: &mut dyn FnMut(Touch)) {
    let source = from.in_iteration(iteration);
    match rows {
        RowsAre::Chosen { places, of } => {
            read(places, iteration, touch);
            // Any of them may be chosen.
            read(&Window { rows: *of, ..*from }, iteration, touch);
            let places = places.in_iteration(iteration);
            elements(to, iteration, &mut |row, col, at| {
                let origin = Origin::Chosen(places.buffer, places.at(row, 0), source.at(0, col));
                touch(Touch::Write(to.buffer, at, origin));
            });
        }
        _ => {
            read(from, iteration, touch);
            elements(to, iteration, &mut |row, col, at| {
                touch(Touch::Write(to.buffer, at, Origin::Copy(from.buffer, source.at(row, col))));
            });
        }
    }
}

fn elements(window: &Window, iteration: &Iteration, each: &mut dyn FnMut(usize, usize, usize)) {
    let window = window.in_iteration(iteration);
    for row in 0..window.rows {
        for col in 0..window.cols {
            each(row, col, window.at(row, col));
        }
    }
}

/// A row or column that is repeated is read once.
fn read(window: &Window, iteration: &Iteration, touch: &mut dyn FnMut(Touch)) {
    let once = |extent: usize, stride: usize| if stride == 0 { 1 } else { extent };
    let (rows, cols) = (once(window.rows, window.row_stride), once(window.cols, window.col_stride));
    elements(&Window { rows, cols, ..*window }, iteration, &mut |_, _, at| {
        touch(Touch::Read(window.buffer, at));
    });
}

fn read_factor(factor: &Factor, iteration: &Iteration, touch: &mut dyn FnMut(Touch)) {
    match factor {
        Factor::Window(window) => read(window, iteration, touch),
        Factor::Patches(patches) | Factor::PatchesAcross(patches) => read_patches(patches, iteration, touch),
    }
}

/// What is not padding.
fn read_patches(patches: &Patches, iteration: &Iteration, touch: &mut dyn FnMut(Touch)) {
    let patches = patches.in_iteration(iteration);
    for row in 0..patches.rows {
        patches.runs(row, 0, patches.cols, |start, len| {
            let from = start.unwrap_or(0);
            let there = if start.is_some() { len } else { 0 };
            (from..from + there).for_each(|at| touch(Touch::Read(patches.buffer, at)));
        });
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
