//! Frames where sums stay.

use super::{Diagonals, zeros};
use crate::base::Cycle;
use crate::sim::array::{Leaving, Number, Waves, frame_shape, last};
use crate::timing::{Sides, Stream};
use crate::trace::Frame;

pub(super) fn frame<W: Waves>(waves: &W, t: Cycle) -> Frame<W::Number> {
    let mut frame = Frame::empty(t, frame_shape(waves));
    let Sides { rows, cols } = waves.sides();
    let streams = Diagonals::new(t, rows + cols - 1, waves.passes(), |pass| waves.timing(pass).stream.start);
    show_operands(waves, t, &streams, &mut frame);
    for row in 0..rows {
        frame.psum_pass[row * cols..][..cols].copy_from_slice(&streams.passes[row..row + cols]);
    }
    for span in streams.spans() {
        let stream = waves.timing(span.pass).stream;
        let done: Vec<usize> = (0..rows + cols - 1)
            .map(
                |d| if d < span.start { stream.length } else { steps_by(&stream, t.checked_sub(d as Cycle)) },
            )
            .collect();
        let sums = sums_of(waves, span.pass, &done);
        for row in 0..rows {
            let columns = span.columns(row, cols);
            let from = row * cols + columns.start..row * cols + columns.end;
            frame.psum[from.clone()].copy_from_slice(&sums[from]);
        }
    }
    show_drains(waves, t, &mut frame);
    frame
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
fn show_drains<W: Waves>(waves: &W, t: Cycle, frame: &mut Frame<W::Number>) {
    let sides = waves.sides();
    let mut finals: Vec<(usize, Vec<W::Number>)> = Vec::new();
    let newest_by = |u: Cycle| last(waves.passes(), u, |pass| waves.timing(pass).stream.last_entry());
    for col in 0..sides.cols {
        let Some(newest) = t.checked_sub(col as Cycle).and_then(newest_by) else { break };
        for pass in [newest.checked_sub(1), Some(newest)].into_iter().flatten() {
            for (row, origin) in draining(sides, &waves.timing(pass).stream, t, col) {
                if finals.last().is_none_or(|(of, _)| *of != pass) {
                    finals.retain(|(of, _)| *of != pass);
                    let length = waves.timing(pass).stream.length;
                    finals.push((pass, sums_of(waves, pass, &vec![length; sides.rows + sides.cols - 1])));
                }
                let (_, sums) = finals.last().expect("it has just been made sure of");
                let at = row * sides.cols + col;
                (frame.drain[at], frame.drain_pass[at]) = (sums[origin * sides.cols + col], pass as u32);
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

/// R x C sums of a pass over the first `steps[i + j]` steps. Steps do not ascend.
fn sums_of<W: Waves>(waves: &W, pass: usize, steps: &[usize]) -> Vec<W::Number> {
    let Sides { rows, cols } = waves.sides();
    let mut sums = vec![W::Number::default(); rows * cols];
    let (mut activations, mut weights) = (zeros::<W>(rows), zeros::<W>(cols));
    let mut reached = steps.len();
    for step in 0..steps[0] {
        waves.activations(pass, step, &mut activations);
        waves.weights(pass, step, &mut weights);
        while steps[reached - 1] <= step {
            reached -= 1;
        }
        for (row, (sums, activation)) in sums.chunks_exact_mut(cols).zip(&activations).enumerate() {
            let columns = reached.saturating_sub(row).min(cols);
            for (sum, weight) in sums[..columns].iter_mut().zip(&weights) {
                *sum = sum.mac(*activation, *weight);
            }
        }
    }
    sums.iter_mut().for_each(|sum| *sum = sum.settled());
    sums
}

pub(super) fn outputs<W: Waves>(waves: &W) -> Vec<Leaving<W::Number>> {
    let sides = waves.sides();
    let mut list = Vec::new();
    for pass in 0..waves.passes() {
        let stream = waves.timing(pass).stream;
        let sums = sums_of(waves, pass, &vec![stream.length; sides.rows + sides.cols - 1]);
        let leaving = |(at, value): (usize, W::Number)| {
            let (row, col) = (at / sides.cols, at % sides.cols);
            Leaving { cycle: sides.leaves(&stream, row, col), pass, row, col, value }
        };
        list.extend(sums.into_iter().enumerate().map(leaving));
    }
    list
}
