//! Frames where weights stay.

use std::ops::Range;

use super::around::add_passes;
use super::{Diagonals, Span, zeros};
use crate::base::Cycle;
use crate::sim::array::kernel::Sums;
use crate::sim::array::{Flow, Leaving, Number, Operand, Waves, frame_shape};
use crate::timing::Sides;
use crate::trace::{Frame, NONE};

pub(super) fn frame<W: Waves>(waves: &W, t: Cycle) -> Frame<W::Number> {
    let mut frame = Frame::empty(t, frame_shape(waves));
    let Sides { rows, cols } = waves.sides();
    let (start, load) = (|p: usize| waves.timing(p).stream.start, |p: usize| waves.timing(p).load);
    let streams = Diagonals::new(t, rows + cols - 1, waves.passes(), start);
    // Loads pass PE(i, j) 2i + j cycles later, and its bus hop i + j cycles later.
    let loads = Diagonals::new(t, 2 * rows + cols - 2, waves.passes(), load);
    let (at_work, landed) = (streams.spans(), loads.spans());
    let mut weights = zeros::<W>(cols);
    for row in 0..rows {
        let line = row * cols..(row + 1) * cols;
        frame.weight_pass[line.clone()].copy_from_slice(&streams.passes[row..row + cols]);
        frame.shadow_pass[line.clone()].copy_from_slice(&loads.passes[2 * row..2 * row + cols]);
        show_weights(waves, &at_work, row, row, &mut weights, &mut frame.weight[line.clone()]);
        show_weights(waves, &landed, row, 2 * row, &mut weights, &mut frame.shadow[line]);
    }
    show_bus(waves, t, &loads, &mut weights, &mut frame);
    show_flow(&Flow::at(waves, t).expect("weights stay"), &mut frame);
    frame
}

/// A row of weights, those of the passes on its diagonals `offset` further on. `weights` is room for a row of a tile.
fn show_weights<W: Waves>(
    waves: &W,
    spans: &[Span],
    row: usize,
    offset: usize,
    weights: &mut [Operand<W>],
    into: &mut [W::Number],
) {
    for span in spans {
        let columns = span.columns(offset, into.len());
        if !columns.is_empty() {
            waves.weights(span.pass, row, weights);
            W::Number::show(&weights[columns.clone()], &mut into[columns]);
        }
    }
}

/// Weights on their way down: row r of a tile is r + j hops from where it enters first, after L. It moves down to its own
/// row, no further.
fn show_bus<W: Waves>(
    waves: &W,
    t: Cycle,
    loads: &Diagonals,
    weights: &mut [Operand<W>],
    frame: &mut Frame<W::Number>,
) {
    let Sides { rows, cols } = waves.sides();
    for span in loads.spans() {
        // Row 0 of the tile is on this diagonal, the others on those before it.
        let first = usize::try_from(t - waves.timing(span.pass).load).unwrap_or(usize::MAX);
        let start = span.start.max(first.saturating_sub(rows - 1));
        let on = |row: usize| Span { start, end: span.end.min((first + 1).saturating_sub(row)), ..span };
        for row in 0..rows {
            let columns = on(row).columns(row, cols);
            frame.bus_pass[row * cols..][columns].fill(span.pass as u32);
        }
        for d in start..on(0).end.min(rows + cols - 1) {
            let weight_row = first - d;
            waves.weights(span.pass, weight_row, weights);
            // From row to row, one column less.
            let row = (d + 1).saturating_sub(cols);
            let mut at = row * cols + d - row;
            for col in (d - weight_row.min(d)..d + 1 - row).rev() {
                frame.bus[at] = W::Number::of(weights[col]).settled();
                at += cols - 1;
            }
        }
    }
}

/// Activations and partial sums.
fn show_flow<W: Waves>(flow: &Flow<W>, frame: &mut Frame<W::Number>) {
    let Frame { rows, cols, lanes, .. } = *frame;
    for lane in 0..lanes {
        let gaps = gaps(flow.passes(lane, 0, rows + cols - 1));
        for row in 0..rows {
            let line = (lane * rows + row) * cols..(lane * rows + row + 1) * cols;
            flow.show_activations(lane, row, &mut frame.act[line.clone()]);
            frame.pass[line.clone()].copy_from_slice(flow.passes(lane, row, cols));
            frame.psum_pass[line.clone()].copy_from_slice(flow.passes(lane, row, cols));
            let sums = &mut frame.psum[line];
            W::Number::show_sums(flow.sums(lane, row), sums);
            for gap in &gaps {
                let end = gap.end.saturating_sub(row).min(cols);
                sums[gap.start.saturating_sub(row).min(end)..end].fill(W::Number::default());
            }
        }
    }
}

/// Diagonals on which there is no pass.
fn gaps(passes: &[u32]) -> Vec<Range<usize>> {
    let mut gaps: Vec<Range<usize>> = Vec::new();
    for (diagonal, _) in passes.iter().enumerate().filter(|(_, pass)| **pass == NONE) {
        match gaps.last_mut() {
            Some(gap) if gap.end == diagonal => gap.end += 1,
            _ => gaps.push(diagonal..diagonal + 1),
        }
    }
    gaps
}

pub(super) fn outputs<W: Waves>(waves: &W) -> Vec<Leaving<W::Number>> {
    let sides = waves.sides();
    let mut list = Vec::new();
    for pass in 0..waves.passes() {
        let stream = waves.timing(pass).stream;
        let mut sums = Sums::new(Sides { rows: stream.length, ..sides });
        add_passes(waves, pass..pass + 1, 0..stream.length, &mut sums);
        for row in 0..stream.length {
            list.extend(sums.row(row).iter().enumerate().map(|(col, sum)| Leaving {
                // The sum stands in the bottom register the cycle before it is added.
                cycle: sides.accumulated(&stream, row, col) - 1,
                pass,
                row,
                col,
                value: sum.settled(),
            }));
        }
    }
    list
}
