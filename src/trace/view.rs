//! The passes around one cycle of one matrix unit.

use std::ops::Range;

use super::PassRun;
use crate::chip::{Dataflow, Stationary};
use crate::isa::{Factor, ProgramOpId, SumMode};
use crate::num::{DType, Sparsity};
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
    /// Place of a pass among those of its operator, from 0, and how many these are; in repeats, of one iteration.
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
    /// By which rule it skips weights, if it does.
    pub packed: Option<Sparsity>,
    /// Whether it begins its sums or adds to them.
    pub mode: SumMode,
    /// What it computes with: i32 or f32.
    pub sums: DType,
    /// The passes of its operator, in repeats those of the same iteration, by their numbers among all of its unit.
    pub of_op: Range<u64>,
}

/// What a register holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scalar {
    /// A whole number.
    Whole(i32),
    /// A float; a NaN is 0x7fc00000.
    Float(f32),
}

impl Scalar {
    /// The product as a PE makes it: whole numbers exactly, floats rounded to f32 (MACHINE.md section 4).
    ///
    /// # Panics
    ///
    /// If one is whole and the other is not.
    pub fn times(self, other: Scalar) -> Scalar {
        match (self, other) {
            (Scalar::Float(a), Scalar::Float(b)) => Scalar::Float(a * b),
            (Scalar::Whole(a), Scalar::Whole(b)) => Scalar::Whole(a * b),
            _ => panic!("a pass has numbers of one kind"),
        }
    }
}

impl Pass {
    /// A frame's entry that belongs to this pass.
    pub fn scalar(&self, entry: i32) -> Scalar {
        if self.sums.is_float() { Scalar::Float(f32::from_bits(entry as u32)) } else { Scalar::Whole(entry) }
    }

    /// The element of the operand from the left, by its place in the buffer, that a row of PEs multiplies in a step; nothing where
    /// the array is padded, or an image is. Where weights stay, rows are those of k.
    pub fn left(&self, row: usize, step: usize) -> Option<u64> {
        match self.dataflow.stationary() {
            Stationary::Weights => element(&self.streamed, step, row),
            Stationary::Sums => element(&self.streamed, row, step),
        }
    }

    /// The same of the operand from above, whose row `k` is for a row of PEs where weights stay, and for a step where sums stay.
    pub fn above(&self, k: usize, col: usize) -> Option<u64> {
        element(&self.tile, k, col)
    }
}

fn element(factor: &Factor, row: usize, col: usize) -> Option<u64> {
    if row < factor.rows() && col < factor.cols() { factor.at(row, col) } else { None }
}

/// Of which operators the numbers that go through the arrays are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Numbers {
    /// All.
    All,
    /// This one.
    Of(ProgramOpId),
    /// None.
    None,
}

impl Numbers {
    /// Whether they are an operator's.
    pub fn are_of(self, op: ProgramOpId) -> bool {
        match self {
            Numbers::All => true,
            Numbers::Of(known) => known == op,
            Numbers::None => false,
        }
    }
}
