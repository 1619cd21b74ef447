//! Frames where sums stay.

use std::ops::Range;

use super::{Diagonals, zeros};
use crate::base::Cycle;
use crate::sim::array::kept::{Kept, Whose};
use crate::sim::array::kernel::{Panel, Sums};
use crate::sim::array::{Leaving, Number, Waves, frame_shape, last};
use crate::timing::{Sides, Stream};
use crate::trace::Frame;

/// Steps whose operands are laid out together.
const TOGETHER: usize = 256;

pub(super) fn frame<W: Waves>(waves: &W, t: Cycle, kept: &mut Kept<W::Number>) -> Frame<W::Number> {
    let mut frame = Frame::empty(t, frame_shape(waves));
    let Sides { rows, cols } = waves.sides();
    let streams = Diagonals::new(t, rows + cols - 1, waves.passes(), |pass| waves.timing(pass).stream.start);
    show_operands(waves, t, &streams, &mut frame);
    for row in 0..rows {
        frame.psum_pass[row * cols..][..cols].copy_from_slice(&streams.passes[row..row + cols]);
    }
    let mut seen = Seen { waves, t, kept, sums: Vec::new() };
    for span in streams.spans() {
        let sums = seen.of(span.pass);
        for row in 0..rows {
            let columns = span.columns(row, cols);
            let into = row * cols + columns.start..row * cols + columns.end;
            show_sums(&sums.row(row)[columns], &mut frame.psum[into]);
        }
    }
    show_drains(&mut seen, &mut frame);
    frame
}

fn show_sums<N: Number>(sums: &[N], into: &mut [N]) {
    into.iter_mut().zip(sums).for_each(|(into, sum)| *into = sum.settled());
}

/// Sums of passes as they are at the end of cycle `t`, each made once.
struct Seen<'a, W: Waves> {
    waves: &'a W,
    t: Cycle,
    kept: &'a mut Kept<W::Number>,
    sums: Vec<(usize, Sums<W::Number>)>,
}

impl<W: Waves> Seen<'_, W> {
    fn of(&mut self, pass: usize) -> &Sums<W::Number> {
        let at = self.sums.iter().position(|(of, _)| *of == pass).unwrap_or_else(|| {
            let sums = self.make(pass);
            self.sums.push((pass, sums));
            self.sums.len() - 1
        });
        &self.sums[at].1
    }

    /// The far corner's steps are those of all PEs; the others are up to R + C - 2 cycles ahead.
    fn make(&mut self, pass: usize) -> Sums<W::Number> {
        let (waves, Sides { rows, cols }) = (self.waves, self.waves.sides());
        let stream = waves.timing(pass).stream;
        let done: Vec<usize> =
            (0..rows + cols - 1).map(|d| steps_by(&stream, self.t.checked_sub(d as Cycle))).collect();
        let common = done[rows + cols - 2];
        let mut sums = sums_after(waves, pass, common, self.kept).clone();
        add_steps(waves, pass, common..done[0], &done, &mut sums);
        sums
    }
}

/// R x C sums of a pass over its first steps. What is kept must be of the same run.
pub fn sums_after<'k, W: Waves>(
    waves: &W,
    pass: usize,
    steps: usize,
    kept: &'k mut Kept<W::Number>,
) -> &'k Sums<W::Number> {
    let whose = Whose::Pass { array: waves.array(), pass: waves.number(pass) };
    kept.after(whose, steps, TOGETHER, waves.sides(), &mut |sums, steps| {
        add_steps(waves, pass, steps.clone(), &[steps.end], sums);
    })
}

/// Adds products of some steps to sums: of those below `ends[i + j]` for PE(i, j). They do not ascend, and the last one
/// is also that of all diagonals beyond it.
fn add_steps<W: Waves>(
    waves: &W,
    pass: usize,
    steps: Range<usize>,
    ends: &[usize],
    sums: &mut Sums<W::Number>,
) {
    let mut panel = Panel::new(waves.sides(), TOGETHER.min(steps.len()));
    for from in steps.clone().step_by(TOGETHER) {
        let to = steps.end.min(from + TOGETHER);
        panel.fill(from..to, |step, activations, weights| {
            waves.activations(pass, step, activations);
            waves.weights(pass, step, weights);
        });
        let ends: Vec<usize> = ends.iter().map(|end| (*end).clamp(from, to) - from).collect();
        sums.contract(&panel, &ends);
    }
}

/// Steps of a stream that have come by a cycle, that one included.
fn steps_by(stream: &Stream, cycle: Option<Cycle>) -> usize {
    cycle.map_or(0, |cycle| stream.entering(cycle).end)
}

/// Activations and weights that pass by: on a diagonal all PEs work on the same steps.
fn show_operands<W: Waves>(waves: &W, t: Cycle, streams: &Diagonals, frame: &mut Frame<W::Number>) {
    let Sides { rows, cols } = waves.sides();
    let (mut activations, mut weights) = (zeros::<W>(rows), zeros::<W>(cols));
    for d in 0..rows + cols - 1 {
        let Some(pass) = streams.pass(d) else { break };
        for (lane, step) in waves.timing(pass).stream.entering(t - d as Cycle).enumerate() {
            waves.activations(pass, step, &mut activations);
            waves.weights(pass, step, &mut weights);
            for row in (d + 1).saturating_sub(cols)..=d.min(rows - 1) {
                let at = (lane * rows + row) * cols + d - row;
                frame.act[at] = W::Number::of(activations[row]).settled();
                frame.weight[at] = W::Number::of(weights[d - row]).settled();
                (frame.pass[at], frame.weight_pass[at]) = (pass as u32, pass as u32);
            }
        }
    }
}

/// Drain registers. In a column, the sums of the last pass that has become final in row 0 stand above those of the one
/// before it, which may be on their last hop out.
fn show_drains<W: Waves>(seen: &mut Seen<W>, frame: &mut Frame<W::Number>) {
    let (waves, t, sides) = (seen.waves, seen.t, seen.waves.sides());
    let newest_by = |u: Cycle| last(waves.passes(), u, |pass| waves.timing(pass).stream.last_entry());
    for col in 0..sides.cols {
        let Some(newest) = t.checked_sub(col as Cycle).and_then(newest_by) else { break };
        for pass in [newest.checked_sub(1), Some(newest)].into_iter().flatten() {
            for (row, origin) in draining(sides, &waves.timing(pass).stream, t, col) {
                let at = row * sides.cols + col;
                let sum = seen.of(pass).row(origin)[col];
                (frame.drain[at], frame.drain_pass[at]) = (sum.settled(), pass as u32);
            }
        }
    }
}

/// Rows of a column's drain registers that hold sums of a pass at the end of cycle `t`, and the rows these are of.
fn draining(sides: Sides, stream: &Stream, t: Cycle, col: usize) -> impl Iterator<Item = (usize, usize)> {
    let lowest = sides.is_final(stream, sides.rows - 1, col);
    let hops = usize::try_from(t.saturating_sub(lowest)).unwrap_or(usize::MAX).min(sides.rows);
    let is_final = {
        let stream = *stream;
        move |row: &usize| sides.is_final(&stream, *row, col) <= t
    };
    (0..sides.rows - hops).filter(is_final).map(move |row| (row + hops, row))
}

pub(super) fn outputs<W: Waves>(waves: &W) -> Vec<Leaving<W::Number>> {
    let sides = waves.sides();
    let mut list = Vec::new();
    for pass in 0..waves.passes() {
        let stream = waves.timing(pass).stream;
        let mut sums = Sums::new(sides);
        add_steps(waves, pass, 0..stream.length, &[stream.length], &mut sums);
        for row in 0..sides.rows {
            list.extend(sums.row(row).iter().enumerate().map(|(col, sum)| Leaving {
                cycle: sides.leaves(&stream, row, col),
                pass,
                row,
                col,
                value: sum.settled(),
            }));
        }
    }
    list
}
