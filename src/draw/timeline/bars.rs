//! A lane's runs as bars, whatever they are runs of.

use std::ops::Range;

use super::{Row, Stretches, Timeline};
use crate::base::Cycle;
use crate::isa::{InstructionId, Iteration, Unit};
use crate::trace::{Lane, PassRun, Run, Stretch, UnitRun};

/// One stay of an instruction in a unit, or of several one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bar {
    /// Its first cycle.
    pub start: Cycle,
    /// One past its last.
    pub end: Cycle,
    /// The instruction, or the first of several.
    pub of: InstructionId,
    /// In which iteration of the loops around it.
    pub iteration: Iteration,
    /// How many runs it stands for.
    pub runs: u64,
}

/// Bars that begin one after the other.
pub(super) trait Bars {
    /// How many there are.
    fn len(&self) -> u64;
    /// How many begin at a cycle or before.
    fn come(&self, cycle: Cycle) -> u64;
    /// One of them.
    fn get(&self, number: u64) -> Option<Bar>;
    /// Cycles before `cycle` in which one is there.
    fn busy_before(&self, cycle: Cycle) -> Cycle;
}

/// The one in the middle of those of a range, which are at least one.
pub(super) fn middle(bars: &dyn Bars, cycles: Range<Cycle>) -> Option<Bar> {
    let first = bars.come(cycles.start).saturating_sub(1);
    let before_end = bars.come(cycles.end - 1);
    // The first one may have ended already.
    let first = match bars.get(first) {
        Some(bar) if bar.end <= cycles.start => first + 1,
        _ => first,
    };
    bars.get(first + before_end.saturating_sub(first) / 2)
}

struct Of<'a, T, F, B> {
    lane: &'a Lane<T>,
    bar: F,
    busy_before: B,
}

impl<T: Run, F: Fn(&T) -> Bar + Copy, B: Fn(Cycle) -> Cycle> Bars for Of<'_, T, F, B> {
    fn len(&self) -> u64 {
        self.lane.len()
    }

    fn come(&self, cycle: Cycle) -> u64 {
        self.lane.come(cycle, |run| (self.bar)(run).start)
    }

    fn get(&self, number: u64) -> Option<Bar> {
        self.lane.get(number).map(|run| (self.bar)(&run))
    }

    fn busy_before(&self, cycle: Cycle) -> Cycle {
        (self.busy_before)(cycle)
    }
}

impl<'a> Timeline<'a> {
    /// The bars of a lane; that of classes has none.
    pub(super) fn bars_of(&self, row: Row) -> Option<Box<dyn Bars + 'a>> {
        match row {
            Row::Operators => Some(of_stretches(self.operators()?)),
            Row::VectorOperators(core) => Some(of_stretches(self.on_vectors(core)?)),
            Row::Classes => None,
            Row::Unit(unit) => self.bars_of_unit(unit),
        }
    }

    fn bars_of_unit(&self, unit: Unit) -> Option<Box<dyn Bars + 'a>> {
        let sides = self.sides();
        let (trace, counts) = (self.trace, &self.overview.counts);
        let busy_before = move |cycle| counts.busy_before(trace, unit, sides.load_end(0), cycle);
        match unit {
            Unit::Load(number) => {
                let bar = move |run: &PassRun| of_pass(run, run.load, sides.load_end(run.load));
                let lane = trace.passes.get(number as usize)?;
                Some(Box::new(Of { lane, bar, busy_before }))
            }
            Unit::Matrix(number) => {
                let bar = |run: &PassRun| of_pass(run, run.start, run.stream_end);
                let lane = trace.passes.get(number as usize)?;
                Some(Box::new(Of { lane, bar, busy_before }))
            }
            _ => {
                let bar = |run: &UnitRun| {
                    let UnitRun { instruction: of, iteration, start, busy_until: end, .. } = *run;
                    Bar { start, end, of, iteration, runs: 1 }
                };
                Some(Box::new(Of { lane: trace.lane(unit)?, bar, busy_before }))
            }
        }
    }

    /// The ways of a matrix unit's waves through its array: they overlap, and are not counted.
    pub(super) fn waves(&self, row: Row) -> Option<Box<dyn Bars + 'a>> {
        let Row::Unit(Unit::Matrix(number)) = row else { return None };
        let lane = self.trace.passes.get(number as usize)?;
        let bar = |run: &PassRun| of_pass(run, run.start, run.event);
        Some(Box::new(Of { lane, bar, busy_before: |_| 0 }))
    }
}

fn of_pass(run: &PassRun, start: Cycle, end: Cycle) -> Bar {
    Bar { start, end, of: run.instruction, iteration: run.iteration, runs: 1 }
}

fn of_stretches(stretches: &Stretches) -> Box<dyn Bars + '_> {
    let Stretches { lane, busy, .. } = stretches;
    let bar = |stretch: &Stretch| {
        let Stretch { instruction: of, iteration, start, end, runs, .. } = *stretch;
        Bar { start, end, of, iteration, runs }
    };
    let busy_before = move |cycle: Cycle| {
        let come = lane.come(cycle, |stretch| stretch.start);
        let Some(last) = come.checked_sub(1).and_then(|last| lane.get(last)) else { return 0 };
        lane.sum_of_first(come - 1, busy) + (cycle.min(last.end) - last.start)
    };
    Box::new(Of { lane, bar, busy_before })
}
