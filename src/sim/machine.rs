//! A finished run as the passes that went through its array.

use super::array::{self, Timing, Waves};
use crate::base::Cycle;
use crate::chip::Chip;
use crate::isa::{Sums, Window};
use crate::num::Values;
use crate::trace::{Frame, Surroundings, Trace};

/// Looks into any cycle of a run.
#[derive(Clone, Copy)]
pub struct Machine<'a> {
    /// What it ran on.
    pub chip: &'a Chip,
    /// What it left.
    pub trace: &'a Trace,
}

/// How far to look around the array.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reach {
    /// Hops left of it.
    pub activations: usize,
    /// Hops above it.
    pub weights: usize,
    /// Rows of accumulators, at most.
    pub accumulators: usize,
}

impl Machine<'_> {
    /// The array's registers at the end of a cycle.
    pub fn frame(&self, cycle: Cycle) -> Frame {
        array::frame(self, cycle)
    }

    /// What stands around it, as many steps away as `reach` says.
    pub fn surroundings(&self, cycle: Cycle, reach: Reach) -> Surroundings {
        let begins = |pass: usize| self.trace.passes[pass].sums == Sums::Begin;
        Surroundings {
            activations: array::activations_waiting(self, cycle, reach.activations),
            weights: array::weights_waiting(self, cycle, reach.weights),
            accumulators: array::accumulated(self, cycle, reach.accumulators, begins),
        }
    }

    /// How many PEs are at work over the run, each of `samples` in its middle cycle, as a share of 255.
    pub fn activity(&self, samples: usize) -> Vec<u8> {
        let cycles = self.trace.cycles;
        let count = (samples as Cycle).min(cycles);
        let at = |sample: Cycle| array::busy(self, (2 * sample + 1) * cycles / (2 * count));
        (0..count).map(|sample| (at(sample) as u64 * 255 / self.chip.pes()) as u8).collect()
    }

    fn value(&self, window: &Window, row: usize, col: usize) -> i16 {
        match &self.trace.memory[window.buffer.index()] {
            Values::I8(values) => values[window.at(row, col)].into(),
            Values::I32(_) => unreachable!("operands of a product are i8"),
        }
    }
}

impl Waves for Machine<'_> {
    fn shape(&self) -> (usize, usize) {
        (self.chip.rows, self.chip.cols)
    }

    fn passes(&self) -> usize {
        self.trace.passes.len()
    }

    fn timing(&self, pass: usize) -> Timing {
        let pass = &self.trace.passes[pass];
        Timing { load: pass.load, start: pass.start, rows: pass.activations.rows }
    }

    fn activations(&self, pass: usize, m: usize, into: &mut [i16]) {
        let window = &self.trace.passes[pass].activations;
        for (col, value) in into.iter_mut().enumerate() {
            *value = if col < window.cols { self.value(window, m, col) } else { 0 };
        }
    }

    fn weights(&self, pass: usize, col: usize, into: &mut [i16]) {
        let window = &self.trace.passes[pass].tile;
        for (row, value) in into.iter_mut().enumerate() {
            *value = if row < window.rows && col < window.cols { self.value(window, row, col) } else { 0 };
        }
    }
}
