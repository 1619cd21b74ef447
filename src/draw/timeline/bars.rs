//! A lane's runs as bars, whatever they are runs of.

use std::ops::Range;

use super::{Row, Stretches, Timeline};
use crate::base::Cycle;
use crate::isa::{InstructionId, Iteration, Unit};
use crate::trace::{Before, Lane, PassRun, Run, Stretch, UnitRun};

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

/// Bars that begin one after the other, each behind the end of the one before.
pub(super) trait Bars {
    /// How many there are.
    fn len(&self) -> u64;
    /// How many begin at a cycle or before.
    fn come(&self, cycle: Cycle) -> u64;
    /// One of them.
    fn get(&self, number: u64) -> Option<Bar>;
    /// The instruction of one of them.
    fn of(&self, number: u64) -> Option<InstructionId>;
    /// What is there before a cycle.
    fn before(&self, cycle: Cycle) -> Before;
}

/// What is in a column of pixels.
pub(super) struct Column {
    /// Bars that are there, by their numbers.
    pub bars: Range<u64>,
    /// Cycles that they have of it.
    pub busy: Cycle,
}

impl Column {
    /// Between a cycle and another one, by what is there before each.
    pub(super) fn new(from: Cycle, before: Before, to: Before) -> Column {
        let begun = before.runs - u64::from(before.end > from);
        Column { bars: begun..to.runs, busy: to.busy - before.busy }
    }

    /// The bar in the middle, if there are any.
    pub(super) fn middle(&self) -> Option<u64> {
        let Range { start, end } = self.bars;
        (start < end).then(|| start + (end - 1 - start) / 2)
    }
}

struct Of<'a, T, F, B> {
    lane: &'a Lane<T>,
    bar: F,
    before: B,
}

impl<T: Run, F: Fn(&T) -> Bar + Copy, B: Fn(Cycle) -> Before> Bars for Of<'_, T, F, B> {
    fn len(&self) -> u64 {
        self.lane.len()
    }

    fn come(&self, cycle: Cycle) -> u64 {
        self.lane.come(cycle, |run| (self.bar)(run).start)
    }

    fn get(&self, number: u64) -> Option<Bar> {
        self.lane.get(number).map(|run| (self.bar)(&run))
    }

    fn of(&self, number: u64) -> Option<InstructionId> {
        self.lane.first_like(number).map(|run| (self.bar)(run).of)
    }

    fn before(&self, cycle: Cycle) -> Before {
        (self.before)(cycle)
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
        let before = move |cycle| counts.before(trace, unit, sides.load_end(0), cycle);
        match unit {
            Unit::Load(number) => {
                let bar = move |run: &PassRun| of_pass(run, run.load, sides.load_end(run.load));
                let lane = trace.passes.get(number as usize)?;
                Some(Box::new(Of { lane, bar, before }))
            }
            Unit::Matrix(number) => {
                let bar = |run: &PassRun| of_pass(run, run.start, run.stream_end);
                let lane = trace.passes.get(number as usize)?;
                Some(Box::new(Of { lane, bar, before }))
            }
            _ => {
                let bar = |run: &UnitRun| {
                    let UnitRun { instruction: of, iteration, start, busy_until: end, .. } = *run;
                    Bar { start, end, of, iteration, runs: 1 }
                };
                Some(Box::new(Of { lane: trace.lane(unit)?, bar, before }))
            }
        }
    }

    /// The ways of a matrix unit's waves through its array: they overlap, and are not counted.
    pub(super) fn waves(&self, row: Row) -> Option<Box<dyn Bars + 'a>> {
        let Row::Unit(Unit::Matrix(number)) = row else { return None };
        let lane = self.trace.passes.get(number as usize)?;
        let bar = |run: &PassRun| of_pass(run, run.start, run.event);
        Some(Box::new(Of { lane, bar, before: |_| Before::default() }))
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
    let before = move |cycle: Cycle| {
        Before::new(lane, busy, cycle, |stretch| (stretch.start, stretch.end)).unwrap_or_default()
    };
    Box::new(Of { lane, bar, before })
}
