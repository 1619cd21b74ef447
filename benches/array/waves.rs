//! Passes for the benches: an array that is never idle, for as many cycles as asked.

use systole::base::{Cycle, Ratio};
use systole::chip::Stationary;
use systole::sim::array::{Number, Operand, Timing, Waves};
use systole::timing::movement::{Part, Sums};
use systole::timing::{Sides, Stream};

/// Rows of operands that the passes take in turn.
const ROWS: usize = 1024;

/// Equal passes, back to back.
pub struct Busy<N: Number> {
    stationary: Stationary,
    sides: Sides,
    /// Steps of a pass.
    length: usize,
    passes: usize,
    /// Passes that add to each other.
    tile: usize,
    /// ROWS of as many operands as the longer side has.
    activations: Vec<N::Operand>,
    weights: Vec<N::Operand>,
}

/// i8 operands through a square array whose weights stay.
pub fn i8s(side: usize, cycles: Cycle) -> Busy<i32> {
    Busy::square(side, cycles, i16::from)
}

/// bf16 operands.
pub fn bf16(side: usize, cycles: Cycle) -> Busy<f32> {
    Busy::square(side, cycles, f32::from)
}

/// i8 operands through a square array whose sums stay: two passes of so many steps of k.
pub fn sums_stay(side: usize, k: usize) -> Busy<i32> {
    let sides = Sides { rows: side, cols: side };
    Busy::new(Stationary::Sums, sides, k, 2, 1, i16::from)
}

/// Eight rows of i8 whose every step of k is a pass of its own.
pub fn long_k(k: usize) -> Busy<i32> {
    let sides = Sides { rows: 1, cols: 256 };
    Busy::new(Stationary::Weights, sides, 8, k, k, i16::from)
}

impl<N: Number> Busy<N> {
    /// At work for at least `cycles`, with as many rows a pass as the array has.
    fn square(side: usize, cycles: Cycle, operand: impl Fn(i8) -> N::Operand) -> Self {
        let sides = Sides { rows: side, cols: side };
        Busy::new(Stationary::Weights, sides, side, cycles as usize / side + 1, 1, operand)
    }

    fn new(
        stationary: Stationary,
        sides: Sides,
        length: usize,
        passes: usize,
        tile: usize,
        operand: impl Fn(i8) -> N::Operand,
    ) -> Self {
        let mut state = 1u32;
        let mut random = || {
            state = state.wrapping_mul(747_796_405).wrapping_add(2_891_336_453);
            operand((state >> 24) as i8)
        };
        let mut rows = || (0..ROWS * sides.rows.max(sides.cols)).map(|_| random()).collect();
        let (activations, weights) = (rows(), rows());
        Busy { stationary, sides, length, passes, tile, activations, weights }
    }

    fn row(&self, of: &[N::Operand], pass: usize, row: usize, into: &mut [N::Operand]) {
        let row = (pass * self.sides.rows + row) % ROWS;
        into.copy_from_slice(&of[row * self.sides.rows.max(self.sides.cols)..][..into.len()]);
    }
}

impl<N: Number> Waves for Busy<N> {
    type Number = N;

    fn stationary(&self) -> Stationary {
        self.stationary
    }

    fn sides(&self) -> Sides {
        self.sides
    }

    fn lanes(&self) -> usize {
        1
    }

    fn passes(&self) -> usize {
        self.passes
    }

    fn timing(&self, pass: usize) -> Timing {
        let start = (pass * self.length + self.sides.rows) as Cycle;
        Timing {
            load: start - self.sides.rows as Cycle,
            stream: Stream { start, length: self.length, rate: Ratio::ONE },
        }
    }

    fn part(&self, pass: usize) -> Part {
        let sums = if pass.is_multiple_of(self.tile) { Sums::Replace } else { Sums::Add };
        Part { sums, ..Part::whole(self.sides) }
    }

    fn activations(&self, pass: usize, step: usize, into: &mut [Operand<Self>]) {
        self.row(&self.activations, pass, step, into);
    }

    fn weights(&self, pass: usize, k: usize, into: &mut [Operand<Self>]) {
        self.row(&self.weights, pass, k, into);
    }
}
