//! The array in one cycle.

use crate::base::Cycle;
use crate::chip::Stationary;

/// In place of a pass: there is none.
pub const NONE: u32 = u32::MAX;

/// Every register of the array at the end of one cycle, row-major, R x C each; lists of registers that it has not are
/// empty. A value counts only where the pass
/// beside it is not [`NONE`]; elsewhere it is 0. Of a run whose passes may be of different numbers, those of floats are their bits
/// ([`super::Pass::scalar`]).
///
/// Above one row a cycle a PE holds several activations and partial sums (where sums stay: activations and weights) at
/// once. Those lists then have `lanes` layers of R x C, the earliest row first: an entry of the first layer stands at
/// [`Frame::at`], the next ones [`Frame::layer`] further on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame<N = i32> {
    /// t
    pub cycle: Cycle,
    /// Which of the registers below the array has.
    pub stationary: Stationary,
    /// R
    pub rows: usize,
    /// C
    pub cols: usize,
    /// Most rows of activations (where sums stay: steps of k) that a PE works on in a cycle.
    pub lanes: usize,
    /// Activation registers; in lanes.
    pub act: Vec<N>,
    /// The pass whose row (or step) stands in `act`; in lanes.
    pub pass: Vec<u32>,
    /// Partial sums on their way down, in lanes; where sums stay, the one that grows here.
    pub psum: Vec<N>,
    /// The pass whose sum it is: where weights stay, that of `pass`.
    pub psum_pass: Vec<u32>,
    /// Active weights; where sums stay, those that pass by, in lanes.
    pub weight: Vec<N>,
    /// The pass whose weights they are.
    pub weight_pass: Vec<u32>,
    /// Shadow weights, where weights stay.
    pub shadow: Vec<N>,
    /// The pass whose tile they are of.
    pub shadow_pass: Vec<u32>,
    /// Hops of the weight bus, where weights stay.
    pub bus: Vec<N>,
    /// The pass whose tile is passing by.
    pub bus_pass: Vec<u32>,
    /// Where weights are skipped: the row of k, of its tile's, that an active weight is of; [`NONE`] if nothing is stored there. A PE
    /// takes that activation.
    pub weight_k: Vec<u32>,
    /// The same of a shadow weight.
    pub shadow_k: Vec<u32>,
    /// The same of a weight on the bus.
    pub bus_k: Vec<u32>,
    /// Drain registers, where sums stay.
    pub drain: Vec<N>,
    /// The pass whose sum is on its way out.
    pub drain_pass: Vec<u32>,
}

/// What a frame is of, besides its cycle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameShape {
    /// Which registers there are.
    pub stationary: Stationary,
    /// R
    pub rows: usize,
    /// C
    pub cols: usize,
    /// Layers of the lists that have lanes.
    pub lanes: usize,
}

impl<N: Copy + Default> Frame<N> {
    /// An empty array.
    pub fn empty(cycle: Cycle, shape: FrameShape) -> Frame<N> {
        let FrameShape { stationary, rows, cols, lanes } = shape;
        let sums = if stationary == Stationary::Weights { lanes } else { 1 };
        let weights = if stationary == Stationary::Sums { lanes } else { 1 };
        let values = |layers: usize| vec![N::default(); layers * rows * cols];
        // Copied, not written one by one: the module is compiled for size.
        let passes = |layers: usize| [NONE].repeat(layers * rows * cols);
        let [tiles, chains] = match stationary {
            Stationary::Weights => [1, 0],
            Stationary::Sums => [0, 1],
        };
        Frame {
            cycle,
            stationary,
            rows,
            cols,
            lanes,
            act: values(lanes),
            pass: passes(lanes),
            psum: values(sums),
            psum_pass: passes(sums),
            weight: values(weights),
            weight_pass: passes(weights),
            shadow: values(tiles),
            shadow_pass: passes(tiles),
            bus: values(tiles),
            bus_pass: passes(tiles),
            weight_k: Vec::new(),
            shadow_k: Vec::new(),
            bus_k: Vec::new(),
            drain: values(chains),
            drain_pass: passes(chains),
        }
    }
}

impl<N> Frame<N> {
    /// Place of PE(i, j) in each of the lists; in those with lanes, of its earliest row.
    pub fn at(&self, row: usize, col: usize) -> usize {
        row * self.cols + col
    }

    /// Makes room for rows of k.
    pub fn show_rows_of_k(&mut self) {
        for list in [&mut self.weight_k, &mut self.shadow_k, &mut self.bus_k] {
            *list = [NONE].repeat(self.rows * self.cols);
        }
    }

    /// The row of k of a weight in PE(i, j), by the list that its register has; nothing if none is stored there.
    pub fn row_of_k(&self, list: &[u32], row: usize, col: usize) -> Option<usize> {
        match list.get(self.at(row, col)) {
            Some(k) => Some(*k as usize).filter(|_| *k != NONE),
            None => Some(row),
        }
    }

    /// From one lane to the next.
    pub fn layer(&self) -> usize {
        self.rows * self.cols
    }
}

/// What stands around the array at the end of one cycle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Surroundings<N = i32> {
    /// By hops to go, from 1, and row: activations on their way to the left edge, in their skew. Above one row a cycle,
    /// the earliest of those that go together.
    pub activations: Vec<Vec<Option<Waiting<N>>>>,
    /// By hops to go, from 1, and column: weights on their way to the top edge; the earliest of those that go together.
    pub weights: Vec<Vec<Option<Waiting<N>>>>,
    /// Below the array.
    pub accumulators: Accumulators<N>,
}

/// An operand before the array.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiting<N = i32> {
    /// The operand.
    pub value: N,
    /// The pass that it belongs to.
    pub pass: u32,
    /// Where it stands along k: where weights stay its row of the tile, or the row that it is for, [`NONE`] if it is none; where sums
    /// stay the step.
    pub k: u32,
}

/// A few rows of the accumulators.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accumulators<N = i32> {
    /// First row shown, counted from the output tile's first.
    pub first: usize,
    /// Rows of C entries.
    pub rows: Vec<Vec<Option<Accumulated<N>>>>,
}

impl<N> Default for Accumulators<N> {
    fn default() -> Self {
        Accumulators { first: 0, rows: Vec::new() }
    }
}

/// One accumulator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accumulated<N = i32> {
    /// The sum so far.
    pub sum: N,
    /// The pass that added last.
    pub pass: u32,
    /// Whether it did so in this very cycle.
    pub now: bool,
}
