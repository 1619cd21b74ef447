//! What every program must be before it runs. A program that breaks a rule is a mistake of this crate, not of its user.
//!
//! 1. An instruction waits only for instructions before it (so there is no deadlock).
//! 2. Every window lies within its buffer.
//! 3. Multiplies and loads pair up, the n-th with the n-th and the load first; tiles fit the array; activations have
//!    as many columns as the tile has rows, sums as many as it has columns.
//! 4. Accumulator rows exist.
//! 5. A vector instruction's target has its source's extents, or one column after `ArgMax`, which comes last.

use super::{Instruction, InstructionId, Program, VectorSource, VectorStep, Window, Work};
use crate::chip::Chip;

/// A broken rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Broken {
    /// Number in the list above.
    pub rule: u32,
    /// Who breaks it.
    pub instruction: InstructionId,
}

/// Checks every rule; the first broken one is returned.
pub fn verify(program: &Program, chip: &Chip) -> Result<(), Broken> {
    let mut tiles: Vec<Window> = Vec::new();
    let mut multiplies = 0;
    for (id, instruction) in program.instructions.iter() {
        let check = |rule, holds: bool| if holds { Ok(()) } else { Err(Broken { rule, instruction: id }) };
        check(1, instruction.waits.iter().all(|wait| *wait < id))?;
        check(2, windows(instruction).all(|window| within(program, window)))?;
        match &instruction.work {
            Work::LoadWeights { tile } => {
                check(3, tile.rows <= chip.rows && tile.cols <= chip.cols)?;
                tiles.push(*tile);
            }
            Work::Multiply { activations, cols, accumulator, .. } => {
                let tile = tiles.get(multiplies);
                check(3, tile.is_some_and(|tile| tile.rows == activations.cols && tile.cols == *cols))?;
                check(4, accumulator + activations.rows <= chip.accumulator_rows)?;
                multiplies += 1;
            }
            Work::Vector { source, steps, target } => {
                if let VectorSource::Accumulators { row, rows, cols } = source {
                    check(4, row + rows <= chip.accumulator_rows && *cols <= chip.cols)?;
                }
                let (rows, cols) = source.extents();
                let reduces = steps.last() == Some(&VectorStep::ArgMax);
                let early = steps.iter().rev().skip(1).any(|step| *step == VectorStep::ArgMax);
                let expected = (rows, if reduces { 1 } else { cols });
                check(5, !early && (target.rows, target.cols) == expected)?;
            }
        }
    }
    Ok(())
}

/// Every window that an instruction touches.
fn windows(instruction: &Instruction) -> impl Iterator<Item = Window> + '_ {
    let (first, steps) = match &instruction.work {
        Work::LoadWeights { tile } => ([Some(*tile), None], &[][..]),
        Work::Multiply { activations, .. } => ([Some(*activations), None], &[][..]),
        Work::Vector { source: VectorSource::Buffer(window), steps, target } => {
            ([Some(*window), Some(*target)], &steps[..])
        }
        Work::Vector { steps, target, .. } => ([Some(*target), None], &steps[..]),
    };
    let added = steps.iter().filter_map(|step| match step {
        VectorStep::Add(window) => Some(*window),
        _ => None,
    });
    first.into_iter().flatten().chain(added)
}

fn within(program: &Program, window: Window) -> bool {
    let buffer = &program.buffers[window.buffer];
    window.rows > 0 && window.cols > 0 && window.at(window.rows - 1, window.cols - 1) < buffer.len
}
