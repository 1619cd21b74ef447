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
pub struct PassCounts {
    classes: Sums<Classes>,
    /// Cycles in which its rows enter.
    streams: Sums<Cycle>,
}

/// A run's time on its unit, which has one at a time.
struct Stay {
    start: Cycle,
    end: Cycle,
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

    /// Cycles before `t` in which a unit was busy: a matrix unit when rows entered. `load` are the cycles of a weight load. The
    /// trace must be the one that was counted.
    pub fn busy_before(&self, trace: &Trace, unit: Unit, load: Cycle, t: Cycle) -> Cycle {
        let passes = |number: u32| Some((trace.passes.get(number as usize)?, &self.passes[number as usize]));
        let busy = match unit {
            Unit::Matrix(number) => passes(number).map(|(lane, counts)| {
                let stay = |run: &PassRun| Stay { start: run.start, end: run.stream_end };
                busy_before(lane, t, stay, |runs| lane.sum_of_first(runs, &counts.streams))
            }),
            Unit::Load(number) => passes(number).map(|(lane, _)| {
                let stay = |run: &PassRun| Stay { start: run.load, end: run.load + load };
                busy_before(lane, t, stay, |runs| runs * load)
            }),
            _ => trace.units.iter().position(|(other, _)| *other == unit).map(|at| {
                let (lane, sums) = (&trace.units[at].1, &self.units[at]);
                let stay = |run: &super::UnitRun| Stay { start: run.start, end: run.busy_until };
                busy_before(lane, t, stay, |runs| lane.sum_of_first(runs, sums))
            }),
        };
        busy.unwrap_or(0)
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
        let before = lane.come(t, |run| run.gap.since).saturating_sub(1);
        let Some(run) = lane.get(before) else { return classes };
        classes = lane.sum_of_first(before, &counts.classes) + run.classes_in(0..t);
        // Behind the last pass its wave crosses the array; then there is none.
        classes.count(Class::FillDrain, t.min(run.event).saturating_sub(run.stream_end));
        classes.count(Class::NonMatrix, t.saturating_sub(run.event));
        classes
    }
}

/// Cycles before `t` in which a lane's unit was busy; `of_first` are those of its first runs.
fn busy_before<T: Run>(
    lane: &Lane<T>,
    t: Cycle,
    stay: impl Fn(&T) -> Stay + Copy,
    of_first: impl Fn(u64) -> Cycle,
) -> Cycle {
    let come = lane.come(t, |run| stay(run).start);
    let Some(last) = come.checked_sub(1).and_then(|last| lane.get(last)) else { return 0 };
    let Stay { start, end } = stay(&last);
    of_first(come - 1) + (t.min(end) - start)
}
