//! The array of MACHINE.md section 1, register by register: weights or sums stay, at any rate, in whole numbers or floats.
//!
//! [`Stepper`] moves every register in every cycle and is there to be believed; [`frame`] gives any cycle at once. Tests
//! hold them equal.

pub mod cases;
mod closed;
mod floats;
mod flow;
mod kept;
mod kernel;
mod number;
mod packed;
mod stepper;

pub use closed::{
    accumulated, activations_waiting, add_packed, add_passes, busy, frame, from_above, grown, outputs,
    streaming, sums_after, weights_waiting,
};
pub use floats::Floats;
pub use flow::Flow;
pub use kept::Kept;
pub use kernel::Sums;
pub(super) use number::widen;
pub use number::{Number, WIDE};
pub use stepper::Stepper;

use std::ops::Range;

use crate::base::Cycle;
use crate::chip::Stationary;
use crate::timing::movement::Part;
use crate::timing::{Sides, Stream};
use crate::trace::FrameShape;

/// Passes through an array: when they come, and their operands. Every engine reads its input through this.
pub trait Waves {
    /// What is summed.
    type Number: Number;

    /// What stays in the PEs; the same for all passes.
    fn stationary(&self) -> Stationary;
    /// R and C.
    fn sides(&self) -> Sides;
    /// Most steps that any pass takes in a cycle: its rate, rounded up.
    fn lanes(&self) -> usize;
    /// Number of passes.
    fn passes(&self) -> usize;
    /// When a pass runs; starts ascend, and so do loads.
    fn timing(&self, pass: usize) -> Timing;
    /// What of the array a pass uses, for the counts of padding.
    fn part(&self, _pass: usize) -> Part {
        Part::whole(self.sides())
    }
    /// Whether some pass of the run skips weights.
    fn skips(&self) -> bool {
        (0..self.passes()).any(|pass| self.part(pass).groups.is_some())
    }
    /// Which array of the run it is.
    fn array(&self) -> usize {
        0
    }
    /// A pass's number among all of its array in the run: that by which sums of it are [`Kept`].
    fn number(&self, pass: usize) -> u64 {
        pass as u64
    }
    /// The number of the pass that began the sums to which pass 0 adds.
    fn begin(&self) -> u64 {
        self.number(0)
    }
    /// Adds what passes before pass 0 add, from [`Waves::begin`] on, to some rows of an output tile's sums.
    fn add_before(&self, _passes: Range<u64>, _rows: Range<usize>, _into: &mut Sums<Self::Number>) {}
    /// Copies the R activations of a step into `into[..R]`: row m of A where weights stay, column k of A where sums stay.
    /// What a partial tile does not use is 0. Where weights are skipped there are as many as R rows stand for.
    fn activations(&self, pass: usize, step: usize, into: &mut [Operand<Self>]);
    /// Copies the C weights of row k into `into[..C]`: k is below R where weights stay, or below
    /// as many rows as R stand for, a step where sums stay.
    fn weights(&self, pass: usize, k: usize, into: &mut [Operand<Self>]);
}

/// Operands of an array.
pub type Operand<W> = <<W as Waves>::Number as Number>::Operand;

/// When a pass runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// L: the first weight enters the top of column 0. Where sums stay, nothing is loaded and it means nothing.
    pub load: Cycle,
    /// Its steps: rows of activations, or of k where sums stay.
    pub stream: Stream,
}

/// A sum on its way out. Where weights stay, it stands in a bottom register at the end of the cycle; where sums stay, it
/// leaves in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Leaving<N = i32> {
    /// The cycle.
    pub cycle: Cycle,
    /// The pass.
    pub pass: usize,
    /// m
    pub row: usize,
    /// j
    pub col: usize,
    /// The sum over the array's rows, or over the steps of k.
    pub value: N,
}

/// Shape of the frames of a run.
fn frame_shape(waves: &impl Waves) -> FrameShape {
    let Sides { rows, cols } = waves.sides();
    FrameShape { stationary: waves.stationary(), rows, cols, lanes: waves.lanes() }
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

/// The last pass whose time has come by `now`.
fn last(passes: usize, now: Cycle, of: impl Fn(usize) -> Cycle) -> Option<usize> {
    come(passes, now, of).checked_sub(1)
}

/// One past the last MAC of the last pass, as the registers show it.
pub fn cycles_to_last_mac(waves: &impl Waves) -> Cycle {
    let ends = (0..waves.passes()).map(|pass| waves.sides().last_mac_end(&waves.timing(pass).stream));
    ends.max().unwrap_or(0)
}

/// One past the cycle in which the last sum leaves, where sums stay.
pub fn cycles_to_last_exit(waves: &impl Waves) -> Cycle {
    let ends = (0..waves.passes()).map(|pass| waves.sides().last_exit_end(&waves.timing(pass).stream));
    ends.max().unwrap_or(0)
}
