//! The array in one cycle.

use crate::base::Cycle;

/// In place of a pass: there is none.
pub const NONE: u32 = u32::MAX;

/// Every register of the array at the end of one cycle, row-major, R x C each. A value counts only where the pass
/// beside it is not [`NONE`]; elsewhere it is 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// t
    pub cycle: Cycle,
    /// R
    pub rows: usize,
    /// C
    pub cols: usize,
    /// Activation registers.
    pub act: Vec<i32>,
    /// Partial-sum registers.
    pub psum: Vec<i32>,
    /// The pass whose row stands in `act` and `psum`.
    pub pass: Vec<u32>,
    /// Active weight registers.
    pub weight: Vec<i32>,
    /// The pass whose tile they are of.
    pub weight_pass: Vec<u32>,
    /// Shadow weight registers.
    pub shadow: Vec<i32>,
    /// The pass whose tile they are of.
    pub shadow_pass: Vec<u32>,
    /// Hops of the weight bus.
    pub bus: Vec<i32>,
    /// The pass whose tile is passing by.
    pub bus_pass: Vec<u32>,
}

impl Frame {
    /// An empty array.
    pub fn empty(cycle: Cycle, rows: usize, cols: usize) -> Frame {
        let (values, passes) = (vec![0; rows * cols], vec![NONE; rows * cols]);
        Frame {
            cycle,
            rows,
            cols,
            act: values.clone(),
            psum: values.clone(),
            pass: passes.clone(),
            weight: values.clone(),
            weight_pass: passes.clone(),
            shadow: values.clone(),
            shadow_pass: passes.clone(),
            bus: values,
            bus_pass: passes,
        }
    }

    /// Place of PE(i, j) in each of the lists.
    pub fn at(&self, row: usize, col: usize) -> usize {
        row * self.cols + col
    }
}

/// What stands around the array at the end of one cycle.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Surroundings {
    /// By hops to go, from 1, and row: activations on their way to the left edge, in their skew.
    pub activations: Vec<Vec<Option<Waiting>>>,
    /// By hops to go, from 1, and column: weights on their way to the top edge.
    pub weights: Vec<Vec<Option<Waiting>>>,
    /// Below the array.
    pub accumulators: Accumulators,
}

/// An operand before the array.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// The operand.
    pub value: i32,
    /// The pass that it belongs to.
    pub pass: u32,
}

/// A few rows of the accumulators.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Accumulators {
    /// First row shown, counted from the output tile's first.
    pub first: usize,
    /// Rows of C entries.
    pub rows: Vec<Vec<Option<Accumulated>>>,
}

/// One accumulator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accumulated {
    /// The sum so far.
    pub sum: i32,
    /// The pass that added last.
    pub pass: u32,
    /// Whether it did so in this very cycle.
    pub now: bool,
}
