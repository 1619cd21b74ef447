//! A finished run, to look into any cycle of any matrix unit.

use std::ops::Range;

use super::array::{self, Kept, Sums, Timing, Waves};
use super::pass;
use crate::base::Cycle;
use crate::chip::{Chip, Stationary};
use crate::isa::{
    BufferId, Factor, Instruction, InstructionId, Iteration, Patches, Program, ProgramOpId, SumMode, Unit,
    Window, Work,
};
use crate::num::{Run, Values};
use crate::timing::movement::Part;
use crate::timing::{self, Sides, Stream};
use crate::trace::{Frame, Lane, Pass, PassRun, Surroundings, Trace, View};

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
    machine: Machine<'a>,
    /// The passes near the cycle.
    pub view: View,
    unit: usize,
    cycle: Cycle,
    reach: Reach,
    lanes: usize,
    skips: bool,
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

    fn moment(&self, unit: usize, cycle: Cycle, reach: Reach, view: View) -> Moment<'a> {
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

    fn passes(&self, unit: usize, range: Range<u64>) -> View {
        let Some(lane) = self.trace.passes.get(unit) else { return View::default() };
        let fetches = self.trace.lane(Unit::Fetch(unit as u32));
        let first = range.start;
        let mut passes: Vec<Pass> = Vec::new();
        for (at, run) in range.zip(lane.iter_from(first)) {
            let op = self.instruction(run.instruction).op;
            let of_op = match passes.last() {
                Some(before) if before.op == op => before.of_op.clone(),
                _ => self.first_of(lane, |other| other >= op)..self.first_of(lane, |other| other > op),
            };
            let fetched = fetches.and_then(|lane| lane.get(at));
            let tile = fetched.map(|run| self.fetched(run.instruction, &run.iteration));
            passes.push(self.pass(run, tile, of_op));
        }
        View { first, passes }
    }

    /// The pass that began the sums to which another one adds.
    fn tile_begin(&self, lane: &Lane<PassRun>, pass: u64) -> u64 {
        let begins = |run: &PassRun| match &self.instruction(run.instruction).work {
            Work::Multiply { sums, .. } | Work::Contract { sums, .. } => sums.mode == SumMode::Begin,
            _ => unreachable!("rule 2: a matrix unit multiplies or contracts"),
        };
        lane.last_before(pass + 1, begins).unwrap_or(0)
    }

    fn instruction(&self, id: InstructionId) -> &'a Instruction {
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
        Pass { op, run, dataflow, stream, streamed, tile, packed, mode, of_op }
    }

    /// Number of the first pass whose operator is as asked; operators ascend along a lane.
    fn first_of(&self, lane: &Lane<PassRun>, is: impl Fn(ProgramOpId) -> bool) -> u64 {
        let (mut low, mut high) = (0, lane.len());
        while low < high {
            let middle = low + (high - low) / 2;
            let run = lane.get(middle).expect("it is below the length");
            if is(self.instruction(run.instruction).op) { high = middle } else { low = middle + 1 }
        }
        low
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

    /// Whether frames have the numbers that the arrays work on: of a run with values whose products are of whole numbers.
    pub fn has_numbers(&self) -> bool {
        let mut work = self.program.instructions.iter().map(|(_, instruction)| &instruction.work);
        let float = |buffer| self.program.buffers[buffer].dtype.is_float();
        let floats = |work: &Work| match work {
            Work::Fetch { tile, .. } => float(tile.buffer()),
            Work::Contract { weights, .. } => float(weights.buffer),
            _ => false,
        };
        !self.memory.is_empty() && !work.any(floats)
    }

    /// A row of an operand, and zeros beyond its end.
    fn copy_row(&self, factor: &Factor, row: usize, into: &mut [i16]) {
        match factor {
            Factor::Window(window) => self.copy(window.row(row), into),
            Factor::Patches(patches) => self.copy_patch(patches, row, into),
            Factor::PatchesAcross(patches) => self.copy_across(patches, row, into),
        }
    }

    /// A column of an operand, and zeros beyond its end.
    fn copy_col(&self, factor: &Factor, col: usize, into: &mut [i16]) {
        match factor {
            Factor::Window(window) => self.copy(window.col(col), into),
            Factor::Patches(patches) => self.copy_across(patches, col, into),
            Factor::PatchesAcross(patches) => self.copy_patch(patches, col, into),
        }
    }

    fn copy_patch(&self, patches: &Patches, row: usize, into: &mut [i16]) {
        into.fill(0);
        let Some(values) = self.whole_numbers(patches) else { return };
        let mut at = 0;
        patches.runs(row, 0, patches.cols, |start, len| {
            if let Some(start) = start {
                let places = into[at..][..len].iter_mut().zip(start as usize..);
                places.for_each(|(into, place)| *into = values.get(place) as i16);
            }
            at += len;
        });
    }

    fn copy_across(&self, patches: &Patches, col: usize, into: &mut [i16]) {
        into.fill(0);
        let Some(values) = self.whole_numbers(patches) else { return };
        for (row, into) in into.iter_mut().enumerate().take(patches.rows) {
            *into = patches.at(row, col).map_or(0, |place| values.get(place as usize) as i16);
        }
    }

    /// A buffer's elements, if they are known.
    fn values(&self, buffer: BufferId) -> Option<&Values> {
        self.memory.get(buffer.index()).filter(|values| !values.is_empty())
    }

    /// An image's values, if there are any and they are whole numbers.
    fn whole_numbers(&self, patches: &Patches) -> Option<&Values> {
        self.values(patches.buffer).filter(|values| !values.dtype().is_float())
    }

    /// A window of one row or column, and zeros beyond its end. A run without numbers, or of floats, has zeros only.
    fn copy(&self, window: Window, into: &mut [i16]) {
        let stride = if window.rows == 1 { window.col_stride } else { window.row_stride };
        // Memory with values is far smaller than addresses go.
        let run = Run { start: window.offset as usize, step: stride as usize, len: window.elements() };
        let values = match self.values(window.buffer) {
            Some(Values::I8(values)) => values,
            Some(values @ Values::I16(_)) => {
                into.fill(0);
                return into
                    .iter_mut()
                    .zip(run.places())
                    .for_each(|(into, at)| *into = values.get(at) as i16);
            }
            _ => return into.fill(0),
        };
        let (used, padding) = into.split_at_mut(run.len);
        padding.fill(0);
        match run.step {
            1 => array::widen(&values[run.start..][..used.len()], used),
            _ => used.iter_mut().zip(run.places()).for_each(|(into, place)| *into = values[place].into()),
        }
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

impl Moment<'_> {
    /// The array's registers at the end of the cycle. What is kept must be of the same run.
    pub fn frame(&self, kept: &mut Kept<i32>) -> Frame {
        array::frame(self, self.cycle, kept)
    }

    /// What stands around it. What is kept must be of the same run.
    pub fn surroundings(&self, kept: &mut Kept<i32>) -> Surroundings {
        Surroundings {
            activations: array::activations_waiting(self, self.cycle, self.reach.activations),
            weights: array::weights_waiting(self, self.cycle, self.reach.weights),
            accumulators: array::accumulated(self, self.cycle, self.reach.accumulators, kept),
        }
    }
}

/// Passes looked at together, of those before a view.
const TOGETHER: u64 = 1024;

impl Waves for Moment<'_> {
    type Number = i32;

    fn stationary(&self) -> Stationary {
        self.machine.chip.dataflow.stationary()
    }

    fn sides(&self) -> Sides {
        timing::sides(self.machine.chip)
    }

    fn lanes(&self) -> usize {
        self.lanes
    }

    fn passes(&self) -> usize {
        self.view.passes.len()
    }

    fn timing(&self, pass: usize) -> Timing {
        let pass = &self.view.passes[pass];
        Timing { load: pass.run.load, stream: pass.stream }
    }

    fn part(&self, pass: usize) -> Part {
        let instruction = self.machine.instruction(self.view.passes[pass].run.instruction);
        pass::shape(self.machine.program, self.machine.chip, instruction).part
    }

    fn skips(&self) -> bool {
        self.skips
    }

    fn array(&self) -> usize {
        self.unit
    }

    fn number(&self, pass: usize) -> u64 {
        self.view.first + pass as u64
    }

    fn begin(&self) -> u64 {
        let lane = self.machine.trace.passes.get(self.unit);
        lane.map_or(0, |lane| self.machine.tile_begin(lane, self.view.first))
    }

    fn add_before(&self, passes: Range<u64>, rows: Range<usize>, into: &mut Sums<i32>) {
        // A run without numbers has zeros only.
        if self.machine.memory.is_empty() {
            return;
        }
        for first in passes.clone().step_by(TOGETHER as usize) {
            let view = self.machine.passes(self.unit, first..passes.end.min(first + TOGETHER));
            let before = self.machine.moment(self.unit, self.cycle, Reach::default(), view);
            array::add_passes(&before, 0..before.passes(), rows.clone(), into);
        }
    }

    fn activations(&self, pass: usize, step: usize, into: &mut [i16]) {
        let streamed = &self.view.passes[pass].streamed;
        match self.stationary() {
            Stationary::Weights => self.machine.copy_row(streamed, step, into),
            Stationary::Sums => self.machine.copy_col(streamed, step, into),
        }
    }

    fn weights(&self, pass: usize, k: usize, into: &mut [i16]) {
        let tile = &self.view.passes[pass].tile;
        if k < tile.rows() { self.machine.copy_row(tile, k, into) } else { into.fill(0) }
    }
}
