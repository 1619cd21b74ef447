//! Where the loops of a plan are in a cycle: which of their lines are under way, and how far each loop has come.

use super::running::{Occurrence, Pairs};
use crate::base::Cycle;
use crate::chip::Dataflow;
use crate::isa::{Factor, Iteration, Program, Unit, VectorSource, Window, Work};
use crate::schedule::{Layer, LayerKind, LoopLine, LoopOf, LoopPart, Over, Plan, PlannedId};

/// A run as its plan's loops.
pub struct LoopPlaces<'a> {
    /// What was planned: its layers are the program's operators.
    pub plan: &'a Plan,
    /// What was made of it.
    pub program: &'a Program,
    /// By buffer: the tensor whose memory it is.
    pub tensors: &'a [PlannedId],
    /// Of the program.
    pub pairs: &'a Pairs,
    /// The plan's loops.
    pub lines: &'a [LoopLine],
}

/// A line that is under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoopMark {
    /// Its number.
    pub line: usize,
    /// Whether somebody works on it; if not, the last of it is on its way.
    pub busy: bool,
    /// Of a loop: where it is, and its iteration from 0.
    pub of: Option<(usize, usize)>,
    /// Who, or how far a loop has come.
    pub note: String,
}

/// How far the loops around some work have come: the first element that it is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Indices(Vec<(Over, usize)>);

impl LoopPlaces<'_> {
    /// Lines under way, by what is done in a cycle. Of loops that several units go through, those of the first of `all`.
    pub fn marks(&self, all: &[Occurrence], cycle: Cycle) -> Vec<LoopMark> {
        let mut marks: Vec<LoopMark> = Vec::new();
        for occurrence in all {
            let layer = self.program.instructions[occurrence.instruction].op.index();
            let lines = self.lines_of(layer);
            let at = lines.clone().find(|line| self.is_of(self.lines[*line].part, occurrence));
            if let Some(line) = at {
                let note = format!("{}, until {}", occurrence.unit.name(), occurrence.busy_until);
                marks.push(LoopMark { line, busy: occurrence.is_busy(cycle), of: None, note });
            }
            let Some(indices) = self.indices(layer, occurrence) else { continue };
            if !marks.iter().any(|mark| lines.contains(&mark.line) && self.is_loop(mark.line)) {
                marks.extend(lines.filter_map(|line| self.loop_mark(line, &indices)));
            }
        }
        marks
    }

    fn lines_of(&self, layer: usize) -> std::ops::Range<usize> {
        let before = |number: usize| self.lines.partition_point(|line| line.layer < number);
        before(layer)..before(layer + 1)
    }

    fn is_loop(&self, line: usize) -> bool {
        matches!(self.lines[line].part, LoopPart::Loop(_))
    }

    fn loop_mark(&self, line: usize, indices: &Indices) -> Option<LoopMark> {
        let LoopPart::Loop(LoopOf { over, extent, step }) = self.lines[line].part else { return None };
        let (_, at) = indices.0.iter().find(|(known, _)| *known == over)?;
        let (number, all) = (at / step.max(1), extent.div_ceil(step.max(1)));
        let note = format!("at {at}, {} of {all}", number + 1);
        Some(LoopMark { line, busy: false, of: Some((*at, number)), note })
    }

    fn is_of(&self, part: LoopPart, occurrence: &Occurrence) -> bool {
        match (part, occurrence.unit) {
            (LoopPart::Fetch, Unit::Fetch(_))
            | (LoopPart::Load, Unit::Load(_))
            | (LoopPart::Stream, Unit::Matrix(_))
            | (LoopPart::Work, Unit::Vector(_))
            | (LoopPart::Write, Unit::DmaOut(_)) => true,
            (LoopPart::Read(id), Unit::DmaIn(_)) => match &self.program.instructions[occurrence.instruction]
                .work
            {
                Work::Copy { from, .. } => self.tensors.get(from.buffer.index()) == Some(&self.plan.root(id)),
                _ => false,
            },
            _ => false,
        }
    }

    /// How far loops have come, by what the array or the vector unit works on.
    fn indices(&self, number: usize, occurrence: &Occurrence) -> Option<Indices> {
        let layer = self.plan.layers.get(number)?;
        let iteration = &occurrence.iteration;
        let mut indices = match &self.program.instructions[occurrence.instruction].work {
            Work::Multiply { streamed, .. } => self.of_multiply(layer, occurrence, streamed)?,
            Work::Contract { activations, weights, .. } => {
                self.of_product(layer, activations, &Factor::Window(*weights), iteration)?
            }
            Work::Vector { source, target, .. } => self.of_vector(layer, source, target, iteration)?,
            _ => return None,
        };
        let repeats = layer.repeats.iter().enumerate();
        indices.0.extend(repeats.map(|(depth, _)| (Over::Repeat(depth), iteration[depth] as usize)));
        Some(indices)
    }

    fn of_multiply(&self, layer: &Layer, occurrence: &Occurrence, streamed: &Factor) -> Option<Indices> {
        let fetch = self.pairs.fetch_of(occurrence.instruction)?;
        let Work::Fetch { tile, .. } = &self.program.instructions[fetch].work else { return None };
        let [a, w] = match layer.tiling()?.dataflow {
            Dataflow::InputStationary => [tile, streamed],
            _ => [streamed, tile],
        };
        self.of_product(layer, a, w, &occurrence.iteration)
    }

    /// Of the first elements that are multiplied.
    fn of_product(&self, layer: &Layer, a: &Factor, w: &Factor, iteration: &Iteration) -> Option<Indices> {
        let [m, k, n] = self.plan.extents(layer)?.map(|side| side.max(1));
        let [of_a, of_w] = self.plan.factors(layer)?;
        let [row, depth] = self.corner(a, of_a, iteration);
        let [_, col] = self.corner(w, of_w, iteration);
        let groups = match layer.kind {
            LayerKind::Convolution(_) => (Over::Groups, depth / k),
            _ => (Over::Copies, row / m),
        };
        Some(Indices(vec![(Over::M, row % m), (Over::K, depth % k), (Over::N, col % n), groups]))
    }

    /// Of the first element that is left.
    fn of_vector(
        &self,
        layer: &Layer,
        source: &VectorSource,
        target: &Window,
        iteration: &Iteration,
    ) -> Option<Indices> {
        let of_product = matches!(source, VectorSource::Accumulators { .. });
        let cols = match (&layer.kind, of_product) {
            (LayerKind::Vector { x, .. }, false) => {
                let [rows, _] = self.plan.worked_on(*x, layer);
                self.plan.tensors[layer.result].elements() / (rows as u64).max(1)
            }
            _ => self.plan.tensors[layer.result].cols as u64,
        };
        let [row, col] = self.element(target, layer.result, cols, iteration);
        let [m, _, n] = self.plan.extents(layer).unwrap_or([usize::MAX; 3]).map(|side| side.max(1));
        Some(Indices(vec![
            (Over::M, row % m),
            (Over::N, col % n),
            (Over::Groups, col / n),
            (Over::Copies, row / m),
        ]))
    }

    /// Row and column of a factor's first element in its tensor; of windows over images the place, and the element of the window.
    fn corner(&self, factor: &Factor, of: PlannedId, iteration: &Iteration) -> [usize; 2] {
        match factor {
            Factor::Window(window) => self.element(window, of, self.plan.tensors[of].cols as u64, iteration),
            Factor::Patches(patches) | Factor::PatchesAcross(patches) => {
                patches.in_iteration(iteration).first
            }
        }
    }

    /// Row and column of a window's first element, counted in the tensor.
    fn element(&self, window: &Window, of: PlannedId, cols: u64, iteration: &Iteration) -> [usize; 2] {
        let tensor = &self.plan.tensors[of];
        let moved: i64 =
            tensor.place.steps.iter().zip(iteration).map(|(step, at)| step * i64::from(*at)).sum();
        let begin = tensor.place.first.wrapping_add_signed(moved);
        let offset = window.in_iteration(iteration).offset.saturating_sub(begin);
        let offset = offset % (tensor.rows as u64 * tensor.cols as u64).max(1);
        [(offset / cols.max(1)) as usize, (offset % cols.max(1)) as usize]
    }
}
