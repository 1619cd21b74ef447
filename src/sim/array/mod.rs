//! The weight-stationary array of MACHINE.md section 1.1, register by register.

pub mod cases;
mod closed;
mod stepper;

pub use closed::{accumulated, activations_waiting, busy, frame, outputs, weights_waiting};
pub use stepper::Stepper;

use crate::base::Cycle;

/// Passes through an array: when they come, and their operands. Both engines read their input through this.
pub trait Waves {
    /// R and C.
    fn shape(&self) -> (usize, usize);
    /// Number of passes.
    fn passes(&self) -> usize;
    /// When a pass runs; starts and loads ascend.
    fn timing(&self, pass: usize) -> Timing;
    /// Copies row m of a pass's activations into `into[..R]`: what a partial tile does not use is 0.
    fn activations(&self, pass: usize, m: usize, into: &mut [i16]);
    /// Copies column j of a pass's weights into `into[..R]`.
    fn weights(&self, pass: usize, col: usize, into: &mut [i16]);
}

/// When a pass runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// L: the first weight enters the top of column 0.
    pub load: Cycle,
    /// s: the first activation enters row 0.
    pub start: Cycle,
    /// M: rows of activations.
    pub rows: usize,
}

/// A sum that stands in a bottom register at the end of a cycle, on its way out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Leaving {
    /// The cycle.
    pub cycle: Cycle,
    /// The pass.
    pub pass: usize,
    /// m
    pub row: usize,
    /// j
    pub col: usize,
    /// The sum over the array's rows.
    pub value: i32,
}

/// Number of passes whose time, as `of` tells it, has come by `now`; times ascend.
fn come(passes: usize, now: Cycle, of: impl Fn(usize) -> Cycle) -> usize {
    let (mut low, mut high) = (0, passes);
    while low < high {
        let middle = (low + high) / 2;
        if of(middle) <= now { low = middle + 1 } else { high = middle }
    }
    low
}

/// One past the last MAC of the last pass.
pub fn cycles_to_last_mac(waves: &impl Waves) -> Cycle {
    let (rows, cols) = waves.shape();
    let ends = (0..waves.passes()).map(|pass| waves.timing(pass));
    ends.map(|t| t.start + (t.rows + rows + cols) as Cycle - 2).max().unwrap_or(0)
}
