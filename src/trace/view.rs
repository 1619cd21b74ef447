//! The passes around one cycle of one matrix unit.

use std::ops::Range;

use super::PassRun;
use crate::chip::Dataflow;
use crate::isa::{Factor, ProgramOpId, SumMode};
use crate::timing::Stream;

/// What a picture of one cycle needs to know of the passes near it. Frames name them by their place in `passes`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct View {
    /// Number of the first one among all passes of its unit.
    pub first: u64,
    /// In order.
    pub passes: Vec<Pass>,
}

impl View {
    /// Place of a pass among those of its operator, from 0, and how many these are.
    pub fn tile_of(&self, pass: usize) -> (u64, u64) {
        let of_op = &self.passes[pass].of_op;
        (self.first + pass as u64 - of_op.start, of_op.end - of_op.start)
    }
}

/// A pass with its operands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pass {
    /// Whose work it is.
    pub op: ProgramOpId,
    /// Its times.
    pub run: PassRun,
    /// What stays while the other streams.
    pub dataflow: Dataflow,
    /// When each of its rows, or steps of k, enters.
    pub stream: Stream,
    /// Rows that stream from the left: M x k; output-stationary at most R x K.
    pub streamed: Factor,
    /// The tile that stays, k x columns; output-stationary what streams from above.
    pub tile: Factor,
    /// Whether it begins its sums or adds to them.
    pub mode: SumMode,
    /// The passes of its operator, by their numbers among all of its unit.
    pub of_op: Range<u64>,
}
