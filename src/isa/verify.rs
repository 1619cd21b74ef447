//! What every program must be before it runs. A program that breaks a rule is a mistake of this crate, not of its user.
//!
//! 1. An instruction waits only for instructions before it (so there is no deadlock).
//! 2. Every window lies within its buffer.
//! 3. Loads and multiplies take turns, a load first, so that no load overwrites a tile that is still to be used; tiles
//!    fit the array; activations have as many columns as the tile has rows, sums as many as it has columns.
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
    let mut loaded: Option<Window> = None;
    for (id, instruction) in program.instructions.iter() {
        let check = |rule, holds: bool| if holds { Ok(()) } else { Err(Broken { rule, instruction: id }) };
        check(1, instruction.waits.iter().all(|wait| *wait < id))?;
        check(2, windows(instruction).all(|window| within(program, window)))?;
        match &instruction.work {
            Work::LoadWeights { tile } => {
                check(3, loaded.is_none() && tile.rows <= chip.rows && tile.cols <= chip.cols)?;
                loaded = Some(*tile);
            }
            Work::Multiply { activations, cols, accumulator, .. } => {
                let tile = loaded.take();
                check(3, tile.is_some_and(|tile| tile.rows == activations.cols && tile.cols == *cols))?;
                check(4, accumulator + activations.rows <= chip.accumulator_rows)?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Span;
    use crate::isa::{Buffer, ProgramOp, Sums};
    use crate::num::DType;

    /// A 2 x 2 product on a 2 x 2 array, changed in one place.
    fn broken(change: impl Fn(&mut Vec<Instruction>)) -> Option<u32> {
        let mut program = Program::default();
        let mut buffer =
            |name: &str, dtype| program.buffers.push(Buffer { name: name.into(), dtype, len: 4 });
        let (a, w, y) = (buffer("a", DType::I8), buffer("w", DType::I8), buffer("y", DType::I32));
        let op = program.ops.push(ProgramOp { name: "y".into(), span: Span::default() });
        let window = |buffer| Window { buffer, offset: 0, stride: 2, rows: 2, cols: 2 };
        let multiply = Work::Multiply { activations: window(a), cols: 2, accumulator: 0, sums: Sums::Begin };
        let source = VectorSource::Accumulators { row: 0, rows: 2, cols: 2 };
        let works = [
            Work::LoadWeights { tile: window(w) },
            multiply,
            Work::Vector { source, steps: vec![VectorStep::Relu], target: window(y) },
        ];
        let mut list: Vec<Instruction> =
            works.into_iter().map(|work| Instruction { op, work, waits: vec![] }).collect();
        change(&mut list);
        list.into_iter().for_each(|instruction| {
            program.instructions.push(instruction);
        });
        let chip = Chip { accumulator_rows: 2, ..Chip::classroom(2, 2).unwrap() };
        verify(&program, &chip).err().map(|broken| broken.rule)
    }

    #[test]
    fn every_rule_can_be_broken() {
        assert_eq!(broken(|_| ()), None);
        assert_eq!(broken(|list| list[1].waits = vec![Program::default().instructions.next_id(); 1]), None);
        assert_eq!(broken(|list| list[0].waits = vec![Program::default().instructions.next_id()]), Some(1));
        let wide = |work: &mut Work| {
            if let Work::LoadWeights { tile } = work {
                tile.stride = 3;
            }
        };
        assert_eq!(broken(|list| wide(&mut list[0].work)), Some(2));
        assert_eq!(broken(|list| list.swap(0, 1)), Some(3));
        assert_eq!(broken(|list| list.insert(1, list[0].clone())), Some(3));
        let low = |work: &mut Work| {
            if let Work::Multiply { accumulator, .. } = work {
                *accumulator = 1;
            }
        };
        assert_eq!(broken(|list| low(&mut list[1].work)), Some(4));
        let reduce = |work: &mut Work, with: &[VectorStep]| {
            if let Work::Vector { steps, .. } = work {
                *steps = with.to_vec();
            }
        };
        assert_eq!(broken(|list| reduce(&mut list[2].work, &[VectorStep::ArgMax])), Some(5));
        assert_eq!(
            broken(|list| reduce(&mut list[2].work, &[VectorStep::ArgMax, VectorStep::Relu])),
            Some(5)
        );
    }
}
