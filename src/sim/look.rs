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
use crate::trace::{Frame, Surroundings};

/// Sums kept from look to look at one run.
#[derive(Clone, Debug, Default)]
pub struct Kept {
    whole: array::Kept<i32>,
    floats: array::Kept<f32>,
}

impl Moment<'_> {
    /// The array's registers at the end of the cycle. What is kept must be of the same run.
    pub fn frame(&self, kept: &mut Kept) -> Frame {
        let mut frame = array::frame(self, self.cycle, &mut kept.whole);
        self.with_floats(&mut kept.floats, |floats| floats.fill(&mut frame));
        frame
    }

    /// What stands around it. What is kept must be of the same run.
    pub fn surroundings(&self, kept: &mut Kept) -> Surroundings {
        let mut around = Surroundings {
            activations: array::activations_waiting(self, self.cycle, self.reach.activations),
            weights: array::weights_waiting(self, self.cycle, self.reach.weights),
            accumulators: array::accumulated(self, self.cycle, self.reach.accumulators, &mut kept.whole),
        };
        self.with_floats(&mut kept.floats, |floats| floats.fill_around(&mut around));
        around
    }

    /// The sums to which a PE has added: those that came from above, where weights stay, and where sums stay its own. One for each
    /// lane at work, as entries of a frame are. What is kept must be of the same run.
    pub fn sums_before(&self, row: usize, col: usize, kept: &mut Kept) -> Vec<i32> {
        let u = self.cycle.checked_sub((row + col) as Cycle);
        let Some(pass) = u.and_then(|u| array::streaming(self, u)) else { return Vec::new() };
        match (self.stationary(), self.is_float(pass as u32)) {
            (Stationary::Sums, float) => self.sums_grown(float, [row, col], kept),
            (Stationary::Weights, false) => array::from_above(self, self.cycle, row, col),
            (Stationary::Weights, true) => bits(array::from_above(&Floats(self), self.cycle, row, col)),
        }
    }

    #[inline(never)] // Of its own, it can be left out of what everybody loads.
    fn sums_grown(&self, float: bool, [row, col]: [usize; 2], kept: &mut Kept) -> Vec<i32> {
        if !float {
            return array::grown(self, self.cycle, [row, col], &mut |pass, steps| {
                array::sums_after(self, pass, steps, &mut kept.whole).row(row)[col]
            });
        }
        let waves = Floats(self);
        let mut floats = array::Floats::new(&waves, self.cycle, &mut kept.floats, &|_| true);
        let mut known = |pass: usize, steps: usize| floats.sums_after(pass, steps).row(row)[col];
        bits(array::grown(&waves, self.cycle, [row, col], &mut known))
    }

    /// Whether a pass is known to be of floats. Without numbers all are zeros, and it does not matter.
    fn is_float(&self, pass: u32) -> bool {
        !self.machine.memory.is_empty() && self.view.passes[pass as usize].sums.is_float()
    }

    /// Fills in what belongs to passes of floats, if there are any.
    fn with_floats(&self, kept: &mut array::Kept<f32>, fill: impl FnOnce(&mut array::Floats<Floats>)) {
        if (0..self.view.passes.len() as u32).any(|pass| self.is_float(pass)) {
            let are = |pass: u32| self.is_float(pass);
            fill(&mut array::Floats::new(&Floats(self), self.cycle, kept, &are));
        }
    }
}

/// Floats as entries of a frame.
fn bits(sums: Vec<f32>) -> Vec<i32> {
    sums.into_iter().map(|sum| sum.to_bits() as i32).collect()
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
            |before: &Moment| array::add_packed(&Floats(before), 0..before.passes(), rows.clone(), into);
        self.0.each_before(passes, add);
    }

    fn activations(&self, pass: usize, step: usize, into: &mut [f32]) {
        self.0.copy_activations::<f32>(pass, step, into);
    }

    fn weights(&self, pass: usize, k: usize, into: &mut [f32]) {
        self.0.copy_weights::<f32>(pass, k, into);
    }
}
