//! The closed form (MACHINE.md section 1.5): every pass is a rigid diagonal wave, so the registers of any cycle follow
//! from the few passes that are in the array then. Where weights stay a frame costs O(R C) and, for the sums, O(R R C)
//! multiply-accumulates, wherever in the run the cycle lies. Where sums stay it costs O(R C K) at first, then as many as
//! lie between two places of the pass at which sums are [`Kept`], and R + C.

mod around;
mod packed;
mod sums;
mod weights;

pub use around::{accumulated, activations_waiting, add_packed, add_passes, weights_waiting};
pub use sums::sums_after;

use super::kept::Kept;
use super::packed::{Slot, Slots, depth};
use super::{Leaving, Number, Operand, Waves, last};
use crate::base::Cycle;
use crate::chip::Stationary;
use crate::timing::Sides;
use crate::trace::{Frame, NONE};

/// The registers at the end of cycle `t`. What is kept must be of the same run.
pub fn frame<W: Waves>(waves: &W, t: Cycle, kept: &mut Kept<W::Number>) -> Frame<W::Number> {
    match waves.stationary() {
        Stationary::Weights if waves.skips() => packed::frame(waves, t),
        Stationary::Weights => weights::frame(waves, t),
        Stationary::Sums => sums::frame(waves, t, kept),
    }
}

/// Every sum that leaves the array, by cycle, column and row.
pub fn outputs<W: Waves>(waves: &W) -> Vec<Leaving<W::Number>> {
    let mut list = match waves.stationary() {
        Stationary::Weights => weights::outputs(waves),
        Stationary::Sums => sums::outputs(waves),
    };
    list.sort_by_key(|leaving| (leaving.cycle, leaving.col, leaving.row));
    list
}

/// The pass of which a step has come to row 0 last.
pub fn streaming(waves: &impl Waves, cycle: Cycle) -> Option<usize> {
    last(waves.passes(), cycle, |pass| waves.timing(pass).stream.start)
}

/// The sums to which PE(i, j) adds in cycle `t`, where weights stay: one for each lane at work.
pub fn from_above<W: Waves>(waves: &W, t: Cycle, row: usize, col: usize) -> Vec<W::Number> {
    let Some(entered) = t.checked_sub((row + col) as Cycle) else { return Vec::new() };
    let Some(pass) = streaming(waves, entered) else { return Vec::new() };
    let slots = Slots::<Operand<W>>::new(waves, pass);
    let mut activations = zeros::<W>(depth(waves, pass));
    let mut sum = |step: usize| {
        waves.activations(pass, step, &mut activations);
        let slots = (0..row).map(|row| slots.of(row, col)).filter(|slot| slot.k != NONE);
        let add = |sum: W::Number, slot: Slot<Operand<W>>| sum.mac(activations[slot.k as usize], slot.value);
        slots.fold(W::Number::default(), add).settled()
    };
    waves.timing(pass).stream.entering(entered).map(&mut sum).collect()
}

/// The sums to which PE(i, j) adds in cycle `t`, where they stay: one for each lane at work. `known` tells its sum after some of a
/// pass's first steps: those that have come to all PEs.
#[inline(never)] // Of its own, it can be left out of what everybody loads.
pub fn grown<W: Waves>(
    waves: &W,
    t: Cycle,
    [row, col]: [usize; 2],
    known: &mut dyn FnMut(usize, usize) -> W::Number,
) -> Vec<W::Number> {
    let Sides { rows, cols } = waves.sides();
    let Some(entered) = t.checked_sub((row + col) as Cycle) else { return Vec::new() };
    let Some(pass) = streaming(waves, entered) else { return Vec::new() };
    let stream = waves.timing(pass).stream;
    let now = stream.entering(entered);
    if now.is_empty() {
        return Vec::new();
    }
    let common = t.checked_sub((rows + cols - 2) as Cycle).map_or(0, |cycle| stream.entering(cycle).end);
    // In the far corner, those of now are among them.
    let common = common.min(now.start);
    let mut sum = known(pass, common);
    let (mut activations, mut weights) = (zeros::<W>(rows), zeros::<W>(cols));
    let mut before = Vec::new();
    for step in common..now.end {
        if step >= now.start {
            before.push(sum.settled());
        }
        waves.activations(pass, step, &mut activations);
        waves.weights(pass, step, &mut weights);
        sum = sum.mac(activations[row], weights[col]);
    }
    before
}

/// Number of PEs at work in cycle `t`.
pub fn busy(waves: &impl Waves, t: Cycle) -> usize {
    let Sides { rows, cols } = waves.sides();
    let streams = Diagonals::new(t, rows + cols - 1, waves.passes(), |p| waves.timing(p).stream.start);
    let works = |d: &usize| {
        let stream = streams.pass(*d).map(|pass| waves.timing(pass).stream);
        stream.is_some_and(|stream| !stream.entering(t - *d as Cycle).is_empty())
    };
    (0..rows + cols - 1).filter(works).map(|d| d.min(rows - 1) + 1 - d.saturating_sub(cols - 1)).sum()
}

/// By hops from the edge where it enters: the last pass that has come there by the end of cycle `t`. Passes descend.
struct Diagonals {
    passes: Vec<u32>,
}

impl Diagonals {
    fn new(t: Cycle, count: usize, passes: usize, of: impl Fn(usize) -> Cycle) -> Self {
        let mut list = [NONE].repeat(count);
        let mut pass = last(passes, t, &of);
        for (d, entry) in list.iter_mut().enumerate() {
            while let Some(current) = pass
                && t.checked_sub(d as Cycle).is_none_or(|u| of(current) > u)
            {
                pass = current.checked_sub(1);
            }
            *entry = pass.map_or(NONE, |pass| pass as u32);
        }
        Diagonals { passes: list }
    }

    fn pass(&self, d: usize) -> Option<usize> {
        Some(self.passes[d]).filter(|pass| *pass != NONE).map(|pass| pass as usize)
    }

    /// Passes, each with its diagonals, nearest first.
    fn spans(&self) -> Vec<Span> {
        let mut list: Vec<Span> = Vec::new();
        for (d, pass) in self.passes.iter().enumerate().filter(|(_, pass)| **pass != NONE) {
            match list.last_mut() {
                Some(span) if span.pass == *pass as usize => span.end = d + 1,
                _ => list.push(Span { pass: *pass as usize, start: d, end: d + 1 }),
            }
        }
        list
    }
}

/// Neighbouring diagonals on which one pass is.
#[derive(Clone, Copy, Debug)]
struct Span {
    pass: usize,
    start: usize,
    end: usize,
}

impl Span {
    /// Columns whose diagonal is `offset` plus the column, cut to the array.
    fn columns(&self, offset: usize, cols: usize) -> std::ops::Range<usize> {
        let end = self.end.saturating_sub(offset).min(cols);
        self.start.saturating_sub(offset).min(end)..end
    }
}

fn zeros<W: Waves>(count: usize) -> Vec<Operand<W>> {
    vec![Operand::<W>::default(); count]
}
