//! What a run leaves behind: when everything happened, what is in memory, and the array in any one cycle.

mod classes;
mod counts;
mod frame;
mod lane;
mod stops;
mod view;

pub use classes::{Class, Classes, Gap};
pub use counts::{Before, Counts};
pub use frame::{Accumulated, Accumulators, Frame, FrameShape, NONE, Surroundings, Waiting};
pub use lane::{Lane, Period, Place, Run, Stretch, Sums};
pub use view::{Numbers, Pass, Scalar, View};

use std::ops::Range;

use crate::base::Cycle;
use crate::isa::{InstructionId, Iteration, Unit};

/// A whole run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trace {
    /// By matrix unit: its passes.
    pub passes: Vec<Lane<PassRun>>,
    /// Every other unit that had work, ascending: what it did. Weight loads are told by the passes.
    pub units: Vec<(Unit, Lane<UnitRun>)>,
    /// One past the last MAC.
    pub cycles_to_last_mac: Cycle,
    /// From cycle 0 to the last event.
    pub cycles: Cycle,
}

/// One tile's trip through an array.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PassRun {
    /// The multiply or contract instruction.
    pub instruction: InstructionId,
    /// In which iteration of the loops around it.
    pub iteration: Iteration,
    /// L: its weight load begins; its start where there is none.
    pub load: Cycle,
    /// s: its first row, or step of k, enters.
    pub start: Cycle,
    /// One past the cycle in which the last one enters: the next pass may follow.
    pub stream_end: Cycle,
    /// Its event: the last sum stands in its accumulator.
    pub event: Cycle,
    /// Cycles of the unit since the pass before entered, its own streaming included.
    pub classes: Classes,
    /// What those before its start were spent on.
    pub gap: Gap,
}

/// One instruction's time on another unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnitRun {
    /// Which.
    pub instruction: InstructionId,
    /// In which iteration of the loops around it.
    pub iteration: Iteration,
    /// First cycle.
    pub start: Cycle,
    /// One past the last cycle in which the unit is busy with it.
    pub busy_until: Cycle,
    /// Its event.
    pub event: Cycle,
}

impl Run for PassRun {
    fn start(&self) -> Cycle {
        self.start
    }

    fn shifted(&self, by: Cycle, depth: usize, iterations: u32) -> Self {
        let mut run = *self;
        run.iteration[depth] += iterations;
        for time in [&mut run.load, &mut run.start, &mut run.stream_end, &mut run.event] {
            *time += by;
        }
        run.gap = run.gap.later(by);
        run
    }
}

impl PassRun {
    /// Counts those cycles since the pass before had entered, up to the end of its own stream, that lie in a range.
    pub fn classes_in(&self, cycles: Range<Cycle>) -> Classes {
        let mut classes = self.gap.classes_in(cycles.clone());
        let active = self.stream_end.min(cycles.end).saturating_sub(self.start.max(cycles.start));
        classes.count(Class::Active, active);
        classes
    }
}

impl Run for UnitRun {
    fn start(&self) -> Cycle {
        self.start
    }

    fn shifted(&self, by: Cycle, depth: usize, iterations: u32) -> Self {
        let mut run = *self;
        run.iteration[depth] += iterations;
        for time in [&mut run.start, &mut run.busy_until, &mut run.event] {
            *time += by;
        }
        run
    }
}

impl Trace {
    /// What a unit did.
    pub fn lane(&self, unit: Unit) -> Option<&Lane<UnitRun>> {
        let at = self.units.binary_search_by_key(&unit, |(unit, _)| *unit).ok()?;
        Some(&self.units[at].1)
    }
}
