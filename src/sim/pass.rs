//! What of an array a pass uses, and for how long.

use crate::base::Ratio;
use crate::chip::Chip;
use crate::isa::{Factor, Instruction, Program, SumMode, Work};
use crate::timing::lanes;
use crate::timing::movement::{Groups, Part, Sums};

/// One pass, apart from its times.
#[derive(Clone, Copy)]
pub(super) struct Shape {
    /// Rows of activations, or steps of k.
    pub steps: usize,
    /// Of those, in a cycle.
    pub rate: Ratio,
    /// The rest of the array is padding.
    pub part: Part,
}

impl Shape {
    /// Most steps in a cycle.
    pub fn lanes(&self) -> usize {
        lanes(self.rate)
    }
}

/// The shape of a matrix unit's instruction. The program must have passed [`crate::isa::verify`] for this chip.
pub(super) fn shape(program: &Program, chip: &Chip, instruction: &Instruction) -> Shape {
    let dtype = |factor: &Factor| program.buffers[factor.buffer()].dtype;
    let mut groups = None;
    let (steps, rate, rows, cols, sums) = match &instruction.work {
        Work::Multiply { streamed, tile, cols, packed, sums } => {
            let k = streamed.cols();
            groups = packed.map(|of| Groups { of, k });
            let rows = packed.map_or(k, |of| of.stored(k));
            (streamed.rows(), chip.rate(dtype(streamed), *tile), rows, *cols, sums)
        }
        Work::Contract { activations, weights, sums } => {
            let rate = chip.rate(dtype(activations), program.buffers[weights.buffer].dtype);
            (activations.cols(), rate, activations.rows(), weights.cols, sums)
        }
        _ => unreachable!("rule 2: a matrix unit multiplies or contracts"),
    };
    let rate = rate.expect("rule 8: the chip multiplies these dtypes");
    let sums = match sums.mode {
        SumMode::Begin => Sums::Replace,
        SumMode::Add => Sums::Add,
    };
    Shape { steps, rate, part: Part { rows, cols, sums, groups } }
}
