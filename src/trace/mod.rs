//! What a run leaves behind: when everything happened, what is in memory, and the array in any one cycle.

mod frame;

pub use frame::{Accumulated, Accumulators, Frame, FrameShape, NONE, Surroundings, Waiting};

use crate::base::Cycle;
use crate::isa::{InstructionId, ProgramOpId, Sums, Window};
use crate::num::Values;

/// A whole run.
#[derive(Clone, Debug, Default)]
pub struct Trace {
    /// Every pass through the array, in order: their starts ascend.
    pub passes: Vec<Pass>,
    /// Every vector instruction, in order.
    pub vectors: Vec<VectorRun>,
    /// What stands in each buffer at the end.
    pub memory: Vec<Values>,
    /// Cycles from the first load to the last MAC.
    pub cycles_to_last_mac: Cycle,
    /// Cycles from the first load to the last event.
    pub cycles: Cycle,
}

impl Trace {
    /// Place of a pass among those of its operator, from 0, and how many these are.
    pub fn tile_of(&self, pass: usize) -> (usize, usize) {
        let op = self.passes[pass].op;
        // Passes of an operator follow each other, and operators ascend.
        let first = self.passes.partition_point(|p| p.op < op);
        let end = self.passes.partition_point(|p| p.op <= op);
        (pass - first, end - first)
    }
}

/// One tile's trip through the array.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pass {
    /// Whose work it is.
    pub op: ProgramOpId,
    /// L: its weight load begins.
    pub load: Cycle,
    /// s: its first activation enters.
    pub start: Cycle,
    /// Weights: rows of k by columns of n.
    pub tile: Window,
    /// Activations: M rows by rows of k.
    pub activations: Window,
    /// First accumulator row.
    pub accumulator: usize,
    /// Whether it begins its sums or adds to them.
    pub sums: Sums,
}

/// One vector instruction's time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VectorRun {
    /// Which.
    pub instruction: InstructionId,
    /// Whose work it is.
    pub op: ProgramOpId,
    /// First cycle.
    pub start: Cycle,
    /// One past the last cycle in which the unit is busy with it.
    pub busy_until: Cycle,
    /// Its event.
    pub event: Cycle,
}
