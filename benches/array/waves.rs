//! Passes for the benches: a square array that is never idle, for as many cycles as asked.

use systole::base::{Cycle, Ratio};
use systole::chip::Stationary;
use systole::sim::array::{Number, Operand, Timing, Waves};
use systole::timing::{Sides, Stream};

/// Tiles and blocks of activations that the passes take in turn.
const BLOCKS: usize = 4;

/// Passes of as many rows as the array has, back to back.
pub struct Busy<N: Number> {
    side: usize,
    passes: usize,
    /// BLOCKS x side x side of each.
    activations: Vec<N::Operand>,
    weights: Vec<N::Operand>,
}

/// i8 operands.
pub fn i8s(side: usize, cycles: Cycle) -> Busy<i32> {
    Busy::new(side, cycles, i16::from)
}

/// bf16 operands.
pub fn bf16(side: usize, cycles: Cycle) -> Busy<f32> {
    Busy::new(side, cycles, f32::from)
}

impl<N: Number> Busy<N> {
    /// At work for at least `cycles`.
    fn new(side: usize, cycles: Cycle, operand: impl Fn(i8) -> N::Operand) -> Self {
        let mut state = 1u32;
        let mut random = || {
            state = state.wrapping_mul(747_796_405).wrapping_add(2_891_336_453);
            operand((state >> 24) as i8)
        };
        let mut block = || (0..BLOCKS * side * side).map(|_| random()).collect();
        let (activations, weights) = (block(), block());
        Busy { side, passes: cycles as usize / side + 1, activations, weights }
    }

    fn row(&self, of: &[N::Operand], pass: usize, row: usize, into: &mut [N::Operand]) {
        into.copy_from_slice(&of[(pass % BLOCKS * self.side + row) * self.side..][..self.side]);
    }
}

impl<N: Number> Waves for Busy<N> {
    type Number = N;

    fn stationary(&self) -> Stationary {
        Stationary::Weights
    }

    fn sides(&self) -> Sides {
        Sides { rows: self.side, cols: self.side }
    }

    fn lanes(&self) -> usize {
        1
    }

    fn passes(&self) -> usize {
        self.passes
    }

    fn timing(&self, pass: usize) -> Timing {
        let rows = self.side as Cycle;
        let stream = Stream { start: (pass as Cycle + 1) * rows, length: self.side, rate: Ratio::ONE };
        Timing { load: pass as Cycle * rows, stream }
    }

    fn activations(&self, pass: usize, step: usize, into: &mut [Operand<Self>]) {
        self.row(&self.activations, pass, step, into);
    }

    fn weights(&self, pass: usize, k: usize, into: &mut [Operand<Self>]) {
        self.row(&self.weights, pass, k, into);
    }
}
