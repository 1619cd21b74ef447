//! A finished run, to look into any cycle of any matrix unit.

use std::ops::Range;

use super::array;
use super::pass;
use super::tiles;
use crate::base::Cycle;
use crate::chip::Chip;
use crate::isa::{Factor, Instruction, InstructionId, Iteration, Program, SumMode, Unit, Work};
use crate::num::Values;
use crate::timing::Stream;
use crate::trace::{Lane, Pass, PassRun, Trace, View};

/// Looks into any cycle of a run.
#[derive(Clone, Copy)]
pub struct Machine<'a> {
    /// What was run.
    pub program: &'a Program,
    /// What it ran on.
    pub chip: &'a Chip,
    /// When everything happened.
    pub trace: &'a Trace,
    /// By buffer: its elements at the end. Each has had one value only, so they serve for every cycle. Those of a run without
    /// numbers are none; where only an operator's are known, other buffers are empty.
    pub memory: &'a [Values],
}

/// How far to look around the array.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reach {
    /// Hops left of it.
    pub activations: usize,
    /// Hops above it.
    pub weights: usize,
    /// Rows of accumulators, at most.
    pub accumulators: usize,
}

/// One matrix unit around one cycle.
pub struct Moment<'a> {
    pub(super) machine: Machine<'a>,
    /// The passes near the cycle.
    pub view: View,
    pub(super) unit: usize,
    pub(super) cycle: Cycle,
    pub(super) reach: Reach,
    pub(super) lanes: usize,
    pub(super) skips: bool,
}

impl<'a> Machine<'a> {
    /// A matrix unit at the end of a cycle, and as far around it as `reach` says.
    pub fn at(&self, unit: usize, cycle: Cycle, reach: Reach) -> Moment<'a> {
        self.moment(unit, cycle, reach, self.view(unit, cycle, reach))
    }

    /// All passes of a matrix unit at once, to step through them: for runs that are small.
    pub fn whole(&self, unit: usize) -> Moment<'a> {
        let end = self.trace.passes.get(unit).map_or(0, Lane::len);
        self.moment(unit, 0, Reach::default(), self.passes(unit, 0..end))
    }

    pub(super) fn moment(&self, unit: usize, cycle: Cycle, reach: Reach, view: View) -> Moment<'a> {
        Moment { machine: *self, view, unit, cycle, reach, lanes: self.lanes(), skips: self.skips() }
    }

    fn view(&self, unit: usize, cycle: Cycle, reach: Reach) -> View {
        let Some(lane) = self.trace.passes.get(unit) else { return View::default() };
        let (rows, cols) = (self.chip.rows as Cycle, self.chip.cols as Cycle);
        let ahead = cycle + reach.activations.max(reach.weights) as Cycle;
        // The far corner's registers may still be those of the last pass that came this long ago.
        let long_ago = cycle.saturating_sub(2 * rows + cols);
        let oldest = lane.come(long_ago, |run| run.start).min(lane.come(long_ago, |run| run.load));
        let first = oldest.min(lane.come(cycle, |run| run.event)).saturating_sub(1);
        self.passes(unit, first..lane.come(ahead, |run| run.load))
    }

    pub(super) fn passes(&self, unit: usize, range: Range<u64>) -> View {
        let Some(lane) = self.trace.passes.get(unit) else { return View::default() };
        let fetches = self.trace.lane(Unit::Fetch(unit as u32));
        let first = range.start;
        let mut passes: Vec<Pass> = Vec::new();
        for (at, run) in range.zip(lane.iter_from(first)) {
            let op = self.instruction(run.instruction).op;
            let of_op = match passes.last() {
                Some(before) if before.op == op && before.of_op.contains(&at) => before.of_op.clone(),
                _ => self.of_op(unit, at, &run),
            };
            let fetched = fetches.and_then(|lane| lane.get(at));
            let tile = fetched.map(|run| self.fetched(run.instruction, &run.iteration));
            passes.push(self.pass(run, tile, of_op));
        }
        View { first, passes }
    }

    /// The pass that began the sums to which another one adds.
    pub(super) fn tile_begin(&self, lane: &Lane<PassRun>, pass: u64) -> u64 {
        let begins = |run: &PassRun| match &self.instruction(run.instruction).work {
            Work::Multiply { sums, .. } | Work::Contract { sums, .. } => sums.mode == SumMode::Begin,
            _ => unreachable!("rule 2: a matrix unit multiplies or contracts"),
        };
        lane.last_before(pass + 1, begins).unwrap_or(0)
    }

    pub(super) fn instruction(&self, id: InstructionId) -> &'a Instruction {
        &self.program.instructions[id]
    }

    fn fetched(&self, id: InstructionId, iteration: &Iteration) -> Factor {
        match &self.instruction(id).work {
            Work::Fetch { tile, .. } => tile.in_iteration(iteration),
            _ => unreachable!("a fetch lane has fetches"),
        }
    }

    fn pass(&self, run: PassRun, fetched: Option<Factor>, of_op: Range<u64>) -> Pass {
        let instruction = self.instruction(run.instruction);
        let (streamed, tile, sums) = match &instruction.work {
            Work::Multiply { streamed, sums, .. } => {
                (streamed.in_iteration(&run.iteration), fetched.expect("rule 6: every tile is fetched"), sums)
            }
            Work::Contract { activations, weights, sums } => {
                let weights = Factor::Window(weights.in_iteration(&run.iteration));
                (activations.in_iteration(&run.iteration), weights, sums)
            }
            _ => unreachable!("rule 2: a matrix unit multiplies or contracts"),
        };
        let pass::Shape { steps, rate, .. } = pass::shape(self.program, self.chip, instruction);
        let (dataflow, stream) = (self.chip.dataflow, Stream { start: run.start, length: steps, rate });
        let packed = match &instruction.work {
            Work::Multiply { packed, .. } => *packed,
            _ => None,
        };
        let (op, mode) = (instruction.op, sums.mode);
        let sums = self.program.buffers[tile.buffer()].dtype.sums();
        Pass { op, run, dataflow, stream, streamed, tile, packed, mode, sums, of_op }
    }

    /// The passes of a pass's operator around it, by their numbers.
    fn of_op(&self, unit: usize, at: u64, run: &PassRun) -> Range<u64> {
        let place = tiles::place_of(self.program, unit as u32, run);
        let first = at.saturating_sub(place.before);
        first..first + place.all
    }

    /// How many PEs of a unit are at work over the run, each of `samples` in its middle cycle, as a share of 255.
    pub fn activity(&self, unit: usize, samples: usize) -> Vec<u8> {
        let cycles = self.trace.cycles;
        let count = (samples as Cycle).min(cycles);
        let busy = |sample: Cycle| {
            let part = u128::from(cycles) * u128::from(2 * sample + 1);
            let cycle = (part / u128::from(2 * count)) as Cycle;
            array::busy(&self.at(unit, cycle, Reach::default()), cycle)
        };
        (0..count).map(|sample| (busy(sample) as u64 * 255 / self.chip.pes()) as u8).collect()
    }

    /// Whether frames have the numbers that the arrays work on: of a run with values.
    pub fn has_numbers(&self) -> bool {
        !self.memory.is_empty()
    }

    /// Whether a pass of the program skips weights.
    fn skips(&self) -> bool {
        let packed = |work: &Work| matches!(work, Work::Multiply { packed: Some(_), .. });
        self.program.instructions.iter().any(|(_, instruction)| packed(&instruction.work))
    }

    /// Most steps that a pass of the program takes in a cycle.
    fn lanes(&self) -> usize {
        let passes = self.program.instructions.iter().map(|(_, instruction)| instruction);
        let passes = passes.filter(|instruction| matches!(instruction.unit, Unit::Matrix(_)));
        let lanes = passes.map(|instruction| pass::shape(self.program, self.chip, instruction).lanes());
        lanes.max().unwrap_or(1)
    }
}
