//! Frames where weights stay.

use super::product::{Streams, Tile, partial_sums};
use super::{Diagonals, Span, show, zeros};
use crate::base::Cycle;
use crate::sim::array::{Leaving, Number, Waves, frame_shape};
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
    let tiles = Tiles::new(waves, at_work.iter().chain(&landed));
    for row in 0..rows {
        let line = row * cols..(row + 1) * cols;
        frame.weight_pass[line.clone()].copy_from_slice(&streams.passes[row..row + cols]);
        frame.shadow_pass[line.clone()].copy_from_slice(&loads.passes[2 * row..2 * row + cols]);
        copy_row(&tiles, &at_work, row, row, &mut frame.weight[line.clone()]);
        copy_row(&tiles, &landed, row, 2 * row, &mut frame.shadow[line]);
    }
    show_bus(waves, t, &loads, &tiles, &mut frame);
    for lane in 0..frame.lanes {
        show_lane(waves, t, lane, &at_work, &tiles, &mut frame);
    }
    frame.psum_pass.copy_from_slice(&frame.pass);
    frame
}

/// A row of PEs whose weights are those of the passes on their diagonals, `offset` further on.
fn copy_row<N: Number>(tiles: &Tiles<N>, spans: &[Span], row: usize, offset: usize, into: &mut [N]) {
    for span in spans {
        let columns = span.columns(offset, into.len());
        if !columns.is_empty() {
            show(&tiles.of(span.pass).row(row)[columns.clone()], &mut into[columns]);
        }
    }
}

/// Weights on their way down: row r of a tile is r + j hops from where it enters first, after L.
fn show_bus<W: Waves>(
    waves: &W,
    t: Cycle,
    loads: &Diagonals,
    tiles: &Tiles<W::Number>,
    frame: &mut Frame<W::Number>,
) {
    let Sides { rows, cols } = waves.sides();
    for d in 0..rows + cols - 1 {
        let Some(pass) = loads.pass(d) else { break };
        let weight_row = t - d as Cycle - waves.timing(pass).load;
        let Some(weight_row) = usize::try_from(weight_row).ok().filter(|row| *row < rows) else { continue };
        let values = tiles.of(pass).row(weight_row);
        // It moves down to its own row, no further.
        for row in (d + 1).saturating_sub(cols)..=weight_row.min(d) {
            let at = row * cols + d - row;
            (frame.bus[at], frame.bus_pass[at]) = (W::Number::of(values[d - row]).settled(), pass as u32);
        }
    }
}

/// Activations and partial sums of one lane.
fn show_lane<W: Waves>(
    waves: &W,
    t: Cycle,
    lane: usize,
    spans: &[Span],
    tiles: &Tiles<W::Number>,
    frame: &mut Frame<W::Number>,
) {
    let Sides { rows, cols } = waves.sides();
    let layer = lane * rows * cols..(lane + 1) * rows * cols;
    let (mut passes, mut steps) = (vec![NONE; rows + cols - 1], vec![0; rows + cols - 1]);
    for span in spans {
        let stream = waves.timing(span.pass).stream;
        for d in span.start..span.end {
            if let Some(step) = stream.entering(t - d as Cycle).nth(lane) {
                (passes[d], steps[d]) = (span.pass as u32, step);
            }
        }
    }
    let streams = Streams::new(waves, &passes, &steps);
    for (row, line) in frame.act[layer.clone()].chunks_exact_mut(cols).enumerate() {
        show(&streams.row(row)[row..row + cols], line);
    }
    for (row, line) in frame.pass[layer.clone()].chunks_exact_mut(cols).enumerate() {
        line.copy_from_slice(&passes[row..row + cols]);
    }
    for span in working(spans, &passes) {
        partial_sums(
            &streams,
            tiles.of(span.pass),
            span.start..span.end,
            cols,
            &mut frame.psum[layer.clone()],
        );
    }
    // Between the rows of a slow stream nothing is at work.
    for (sum, pass) in frame.psum[layer.clone()].iter_mut().zip(&frame.pass[layer]) {
        *sum = if *pass == NONE { W::Number::default() } else { sum.settled() };
    }
}

/// The spans cut to the diagonals at work; those with none left out.
fn working(spans: &[Span], passes: &[u32]) -> Vec<Span> {
    let cut = |span: &Span| {
        let works = |d: &usize| passes[*d] != NONE;
        let start = (span.start..span.end).find(works)?;
        let end = (span.start..span.end).rfind(works)? + 1;
        Some(Span { start, end, ..*span })
    };
    spans.iter().filter_map(cut).collect()
}

/// The tiles that are in the array.
struct Tiles<N: Number> {
    first: usize,
    tiles: Vec<Option<Tile<N>>>,
}

impl<N: Number> Tiles<N> {
    fn new<'s>(waves: &impl Waves<Number = N>, spans: impl Iterator<Item = &'s Span> + Clone) -> Self {
        let first = spans.clone().map(|span| span.pass).min().unwrap_or(0);
        let end = spans.clone().map(|span| span.pass + 1).max().unwrap_or(0);
        let mut tiles: Vec<Option<Tile<N>>> = (first..end).map(|_| None).collect();
        for span in spans {
            tiles[span.pass - first].get_or_insert_with(|| Tile::new(waves, span.pass));
        }
        Tiles { first, tiles }
    }

    fn of(&self, pass: usize) -> &Tile<N> {
        self.tiles[pass - self.first].as_ref().expect("it was made for these passes")
    }
}

pub(super) fn outputs<W: Waves>(waves: &W) -> Vec<Leaving<W::Number>> {
    let sides = waves.sides();
    let mut list = Vec::new();
    let mut activations = zeros::<W>(sides.rows);
    for pass in 0..waves.passes() {
        let stream = waves.timing(pass).stream;
        let tile = Tile::new(waves, pass);
        for row in 0..stream.length {
            waves.activations(pass, row, &mut activations);
            let mut sums = vec![W::Number::default(); sides.cols];
            for (k, activation) in activations.iter().enumerate() {
                for (sum, weight) in sums.iter_mut().zip(tile.row(k)) {
                    *sum = sum.mac(*activation, *weight);
                }
            }
            let leaving = |(col, value): (usize, W::Number)| Leaving {
                // The sum stands in the bottom register the cycle before it is added.
                cycle: sides.accumulated(&stream, row, col) - 1,
                pass,
                row,
                col,
                value: value.settled(),
            };
            list.extend(sums.into_iter().enumerate().map(leaving));
        }
    }
    list
}
