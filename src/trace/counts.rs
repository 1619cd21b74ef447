//! Any part of a run counted at once: how long each unit was busy, and where the cycles of matrix units went.

use std::ops::Range;

use super::{Class, Classes, Lane, PassRun, Run, Sums, Trace};
use crate::base::Cycle;
use crate::isa::Unit;

/// Sums of a trace, made once; questions about it take about as long as finding a run.
#[derive(Clone, Debug)]
pub struct Counts {
    /// By matrix unit.
    passes: Vec<PassCounts>,
    /// As the trace's units: cycles in which they were busy.
    units: Vec<Sums<Cycle>>,
}

/// Of a matrix unit.
#[derive(Clone, Debug)]
struct PassCounts {
    classes: Sums<Classes>,
    /// Cycles in which its rows enter.
    streams: Sums<Cycle>,
}

/// What a unit did before a cycle.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Before {
    /// How many runs had begun.
    pub runs: u64,
    /// In how many cycles it was busy.
    pub busy: Cycle,
    /// One past the last cycle of the last run that had begun, 0 if none had; it may be later.
    pub end: Cycle,
}

impl Before {
    /// By a lane whose runs stay from one cycle to before another, one at a time, and what these are summed up.
    pub fn new<T: Run>(
        lane: &Lane<T>,
        sums: &Sums<Cycle>,
        t: Cycle,
        stay: impl Fn(&T) -> (Cycle, Cycle),
    ) -> Option<Before> {
        let place = lane.place(t.checked_sub(1)?, |run| stay(run).0, sums)?;
        let (start, end) = stay(place.last);
        let (start, end) = (start + place.later, end + place.later);
        Some(Before { runs: place.runs, busy: place.before + (t.min(end) - start), end })
    }
}

impl Counts {
    /// Adds everything up.
    pub fn new(trace: &Trace) -> Counts {
        let of_passes = |lane: &Lane<PassRun>| PassCounts {
            classes: lane.sums(|run| run.classes),
            streams: lane.sums(|run| run.stream_end - run.start),
        };
        Counts {
            passes: trace.passes.iter().map(of_passes).collect(),
            units: trace.units.iter().map(|(_, lane)| lane.sums(|run| run.busy_until - run.start)).collect(),
        }
    }

    /// What a unit did before `t`; a matrix unit is busy when rows enter. `load` are the cycles of a weight load. The trace must
    /// be the one that was counted.
    pub fn before(&self, trace: &Trace, unit: Unit, load: Cycle, t: Cycle) -> Before {
        let passes = |number: u32| Some((trace.passes.get(number as usize)?, &self.passes[number as usize]));
        let before = match unit {
            Unit::Matrix(number) => passes(number).and_then(|(lane, PassCounts { streams, .. })| {
                Before::new(lane, streams, t, |run| (run.start, run.stream_end))
            }),
            Unit::Load(number) => passes(number).and_then(|(lane, PassCounts { streams, .. })| {
                let loads = Before::new(lane, streams, t, |run| (run.load, run.load + load))?;
                let last = loads.end - load;
                Some(Before { busy: (loads.runs - 1) * load + (t - last).min(load), ..loads })
            }),
            _ => trace.units.iter().position(|(other, _)| *other == unit).and_then(|at| {
                let (lane, sums) = (&trace.units[at].1, &self.units[at]);
                Before::new(lane, sums, t, |run| (run.start, run.busy_until))
            }),
        };
        before.unwrap_or_default()
    }

    /// Where a matrix unit's cycles of a range went, as MACHINE.md section 3 has it; those beyond the run's end count as none.
    pub fn classes(&self, trace: &Trace, unit: usize, cycles: Range<Cycle>) -> Classes {
        let (from, to) = (cycles.start.min(trace.cycles), cycles.end.min(trace.cycles));
        if from >= to {
            return Classes::default();
        }
        self.classes_before(trace, unit, to) - self.classes_before(trace, unit, from)
    }

    /// Where they went before `t`, which is at most the run's end.
    pub fn classes_before(&self, trace: &Trace, unit: usize, t: Cycle) -> Classes {
        let mut classes = Classes::default();
        let lane = trace.passes.get(unit).filter(|lane| !lane.is_empty());
        let Some((lane, counts)) = lane.zip(self.passes.get(unit)) else {
            classes.count(Class::NonMatrix, t);
            return classes;
        };
        let Some(place) = lane.place(t, |run| run.gap.since, &counts.classes) else { return classes };
        let run = place.last;
        // Its times are earlier, and so is the cycle asked for.
        let t = t - place.later;
        classes = place.before + run.classes_in(0..t);
        // Behind the last pass its wave crosses the array; then there is none.
        classes.count(Class::FillDrain, t.min(run.event).saturating_sub(run.stream_end));
        classes.count(Class::NonMatrix, t.saturating_sub(run.event));
        classes
    }
}
