//! A cycle of a run as an array sees it: its passes, of whole numbers or of floats, and what stands in the registers.

use std::ops::Range;

use super::array::{self, Sums, Timing, Waves};
use super::machine::{Moment, Reach};
use super::operands::InMemory;
use super::pass;
use crate::base::Cycle;
use crate::chip::Stationary;
use crate::timing::movement::Part;
use crate::timing::{self, Sides};
use crate::trace::{Accumulated, Accumulators, Frame, NONE, Surroundings, Waiting};

/// Sums kept from look to look at one run.
#[derive(Clone, Debug, Default)]
pub struct Kept {
    whole: array::Kept<i32>,
    floats: array::Kept<f32>,
}

impl Moment<'_> {
    /// The array's registers at the end of the cycle. What is kept must be of the same run.
    pub fn frame(&self, kept: &mut Kept) -> Frame {
        let whole = || array::frame(self, self.cycle, &mut kept.whole);
        let floats = || of_bits(array::frame(&Floats(self), self.cycle, &mut kept.floats));
        self.of_both(whole, floats, |frame, floats| self.lay_over(frame, floats))
    }

    /// What stands around it. What is kept must be of the same run.
    pub fn surroundings(&self, kept: &mut Kept) -> Surroundings {
        let whole = || surroundings(self, self, &mut kept.whole);
        let floats = || surroundings_of_bits(surroundings(self, &Floats(self), &mut kept.floats));
        self.of_both(whole, floats, |around, floats| {
            self.choose(&mut around.activations, floats.activations, |waiting| waiting.pass);
            self.choose(&mut around.weights, floats.weights, |waiting| waiting.pass);
            self.choose(&mut around.accumulators.rows, floats.accumulators.rows, |sum| sum.pass);
        })
    }

    /// The sums that came to a PE from above, where weights stay, to which it has added: one for each lane at work, as entries
    /// of a frame are.
    pub fn from_above(&self, row: usize, col: usize) -> Vec<i32> {
        let u = self.cycle.checked_sub((row + col) as Cycle);
        let Some(pass) = u.and_then(|u| array::streaming(self, u)) else { return Vec::new() };
        match self.is_float(pass as u32) {
            false => array::from_above(self, self.cycle, row, col),
            true => array::from_above(&Floats(self), self.cycle, row, col).into_iter().map(bits).collect(),
        }
    }

    /// Whether a pass is known to be of floats. Without numbers all are zeros, and it does not matter.
    fn is_float(&self, pass: u32) -> bool {
        !self.machine.memory.is_empty()
            && self.view.passes.get(pass as usize).is_some_and(|pass| pass.sums.is_float())
    }

    /// What passes of whole numbers make of the cycle, what those of floats do, or one laid over the other.
    fn of_both<T>(
        &self,
        whole: impl FnOnce() -> T,
        floats: impl FnOnce() -> T,
        lay_over: impl FnOnce(&mut T, T),
    ) -> T {
        let count = (0..self.view.passes.len()).filter(|pass| self.is_float(*pass as u32)).count();
        if count == 0 {
            return whole();
        }
        let floats = floats();
        if count == self.view.passes.len() {
            return floats;
        }
        let mut all = whole();
        lay_over(&mut all, floats);
        all
    }

    /// Registers that belong to passes of floats. Which passes these are, both kinds agree on.
    fn lay_over(&self, frame: &mut Frame, floats: Frame) {
        for (into, passes, from) in [
            (&mut frame.act, &frame.pass, floats.act),
            (&mut frame.psum, &frame.psum_pass, floats.psum),
            (&mut frame.weight, &frame.weight_pass, floats.weight),
            (&mut frame.shadow, &frame.shadow_pass, floats.shadow),
            (&mut frame.bus, &frame.bus_pass, floats.bus),
            (&mut frame.drain, &frame.drain_pass, floats.drain),
        ] {
            self.lay_list_over(into, passes, from);
        }
        for (into, passes, from) in [
            (&mut frame.weight_k, &frame.weight_pass, floats.weight_k),
            (&mut frame.shadow_k, &frame.shadow_pass, floats.shadow_k),
            (&mut frame.bus_k, &frame.bus_pass, floats.bus_k),
        ] {
            self.lay_list_over(into, passes, from);
        }
    }

    fn lay_list_over<T>(&self, into: &mut [T], passes: &[u32], from: Vec<T>) {
        for ((into, pass), from) in into.iter_mut().zip(passes).zip(from) {
            if *pass != NONE && self.is_float(*pass) {
                *into = from;
            }
        }
    }

    /// Entries that belong to passes of floats.
    fn choose<T>(&self, into: &mut [Vec<Option<T>>], floats: Vec<Vec<Option<T>>>, pass: impl Fn(&T) -> u32) {
        for (into, entry) in into.iter_mut().flatten().zip(floats.into_iter().flatten()) {
            if entry.as_ref().is_some_and(|entry| self.is_float(pass(entry))) {
                *into = entry;
            }
        }
    }
}

fn surroundings<W: Waves>(
    moment: &Moment,
    waves: &W,
    kept: &mut array::Kept<W::Number>,
) -> Surroundings<W::Number> {
    let Moment { cycle, reach, .. } = moment;
    Surroundings {
        activations: array::activations_waiting(waves, *cycle, reach.activations),
        weights: array::weights_waiting(waves, *cycle, reach.weights),
        accumulators: array::accumulated(waves, *cycle, reach.accumulators, kept),
    }
}

fn bits(float: f32) -> i32 {
    float.to_bits() as i32
}

fn of_bits(frame: Frame<f32>) -> Frame {
    let of = |floats: Vec<f32>| floats.into_iter().map(bits).collect();
    Frame {
        cycle: frame.cycle,
        stationary: frame.stationary,
        rows: frame.rows,
        cols: frame.cols,
        lanes: frame.lanes,
        act: of(frame.act),
        pass: frame.pass,
        psum: of(frame.psum),
        psum_pass: frame.psum_pass,
        weight: of(frame.weight),
        weight_pass: frame.weight_pass,
        shadow: of(frame.shadow),
        shadow_pass: frame.shadow_pass,
        bus: of(frame.bus),
        bus_pass: frame.bus_pass,
        weight_k: frame.weight_k,
        shadow_k: frame.shadow_k,
        bus_k: frame.bus_k,
        drain: of(frame.drain),
        drain_pass: frame.drain_pass,
    }
}

fn surroundings_of_bits(around: Surroundings<f32>) -> Surroundings {
    let waiting = |of: Waiting<f32>| Waiting { value: bits(of.value), pass: of.pass, k: of.k };
    let sum = |of: Accumulated<f32>| Accumulated { sum: bits(of.sum), pass: of.pass, now: of.now };
    let Accumulators { first, rows } = around.accumulators;
    Surroundings {
        activations: each(around.activations, waiting),
        weights: each(around.weights, waiting),
        accumulators: Accumulators { first, rows: each(rows, sum) },
    }
}

fn each<T, U>(rows: Vec<Vec<Option<T>>>, of: impl Fn(T) -> U) -> Vec<Vec<Option<U>>> {
    rows.into_iter().map(|row| row.into_iter().map(|entry| entry.map(&of)).collect()).collect()
}

/// Passes looked at together, of those before a view.
const TOGETHER: u64 = 1024;

impl Moment<'_> {
    /// What passes before the view add to sums.
    fn each_before(&self, passes: Range<u64>, mut add: impl FnMut(&Moment)) {
        // A run without numbers has zeros only.
        if self.machine.memory.is_empty() {
            return;
        }
        for first in passes.clone().step_by(TOGETHER as usize) {
            let view = self.machine.passes(self.unit, first..passes.end.min(first + TOGETHER));
            add(&self.machine.moment(self.unit, self.cycle, Reach::default(), view));
        }
    }

    fn copy_activations<N: InMemory>(&self, pass: usize, step: usize, into: &mut [N::Operand]) {
        let streamed = &self.view.passes[pass].streamed;
        match self.stationary() {
            Stationary::Weights => self.machine.copy_row::<N>(streamed, step, into),
            Stationary::Sums => self.machine.copy_col::<N>(streamed, step, into),
        }
    }

    fn copy_weights<N: InMemory>(&self, pass: usize, k: usize, into: &mut [N::Operand]) {
        let tile = &self.view.passes[pass].tile;
        if k < tile.rows() {
            self.machine.copy_row::<N>(tile, k, into);
        } else {
            into.fill(N::Operand::default());
        }
    }
}

/// Passes of floats have zeros.
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
        let add = |before: &Moment| array::add_passes(before, 0..before.passes(), rows.clone(), into);
        self.each_before(passes, add);
    }

    fn activations(&self, pass: usize, step: usize, into: &mut [i16]) {
        self.copy_activations::<i32>(pass, step, into);
    }

    fn weights(&self, pass: usize, k: usize, into: &mut [i16]) {
        self.copy_weights::<i32>(pass, k, into);
    }
}

/// The same passes in floats: those of whole numbers have zeros.
pub struct Floats<'m, 'a>(pub &'m Moment<'a>);

impl Waves for Floats<'_, '_> {
    type Number = f32;

    fn stationary(&self) -> Stationary {
        self.0.stationary()
    }

    fn sides(&self) -> Sides {
        self.0.sides()
    }

    fn lanes(&self) -> usize {
        self.0.lanes
    }

    fn passes(&self) -> usize {
        self.0.passes()
    }

    fn timing(&self, pass: usize) -> Timing {
        self.0.timing(pass)
    }

    fn part(&self, pass: usize) -> Part {
        self.0.part(pass)
    }

    fn skips(&self) -> bool {
        self.0.skips
    }

    fn array(&self) -> usize {
        self.0.unit
    }

    fn number(&self, pass: usize) -> u64 {
        self.0.number(pass)
    }

    fn begin(&self) -> u64 {
        self.0.begin()
    }

    fn add_before(&self, passes: Range<u64>, rows: Range<usize>, into: &mut Sums<f32>) {
        let add =
            |before: &Moment| array::add_passes(&Floats(before), 0..before.passes(), rows.clone(), into);
        self.0.each_before(passes, add);
    }

    fn activations(&self, pass: usize, step: usize, into: &mut [f32]) {
        self.0.copy_activations::<f32>(pass, step, into);
    }

    fn weights(&self, pass: usize, k: usize, into: &mut [f32]) {
        self.0.copy_weights::<f32>(pass, k, into);
    }
}
