//! A finished run as the passes that went through its array.

use super::array::{self, Timing, Waves};
use crate::base::{Cycle, Ratio};
use crate::chip::{Chip, Stationary};
use crate::isa::{Sums, Window};
use crate::num::Values;
use crate::timing::movement::{self, Part};
use crate::timing::{self, Sides, Stream};
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

    /// A row of a window, and zeros beyond its columns.
    fn row(&self, window: &Window, row: usize, into: &mut [i16]) {
        let Values::I8(values) = &self.trace.memory[window.buffer.index()] else {
            unreachable!("operands of a product are i8")
        };
        let (used, padding) = into.split_at_mut(window.cols);
        let values = &values[window.at(row, 0)..][..used.len()];
        used.iter_mut().zip(values).for_each(|(into, value)| *into = (*value).into());
        padding.fill(0);
    }
}

impl Waves for Machine<'_> {
    type Number = i32;

    fn stationary(&self) -> Stationary {
        Stationary::Weights
    }

    fn sides(&self) -> Sides {
        timing::sides(self.chip)
    }

    fn lanes(&self) -> usize {
        1
    }

    fn passes(&self) -> usize {
        self.trace.passes.len()
    }

    fn timing(&self, pass: usize) -> Timing {
        let pass = &self.trace.passes[pass];
        let stream = Stream { start: pass.start, length: pass.activations.rows, rate: Ratio::ONE };
        Timing { load: pass.load, stream }
    }

    fn part(&self, pass: usize) -> Part {
        let pass = &self.trace.passes[pass];
        let sums = match pass.sums {
            Sums::Begin => movement::Sums::Replace,
            Sums::Add => movement::Sums::Add,
        };
        Part { rows: pass.tile.rows, cols: pass.tile.cols, sums }
    }

    fn activations(&self, pass: usize, step: usize, into: &mut [i16]) {
        self.row(&self.trace.passes[pass].activations, step, into);
    }

    fn weights(&self, pass: usize, k: usize, into: &mut [i16]) {
        let window = &self.trace.passes[pass].tile;
        if k < window.rows { self.row(window, k, into) } else { into.fill(0) }
    }
}
