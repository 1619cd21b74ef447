//! Operands of a frame laid out for speed, and its sums. Work goes along the columns: PEs side by side hold sums of
//! different rows, each of which is summed in ascending k.

use std::ops::Range;

use crate::sim::array::{Number, Waves};
use crate::trace::NONE;

/// Columns worked on together.
const WIDE: usize = 8;
/// Rows worked on together.
const HIGH: usize = 4;

/// One tile of weights, its rows padded to whole blocks.
pub(super) struct Tile<N: Number> {
    width: usize,
    values: Vec<N::Operand>,
}

impl<N: Number> Tile<N> {
    pub(super) fn new(waves: &impl Waves<Number = N>, pass: usize) -> Self {
        let sides = waves.sides();
        let width = sides.cols.next_multiple_of(WIDE);
        let mut values = vec![Default::default(); sides.rows * width];
        for (k, row) in values.chunks_exact_mut(width).enumerate() {
            waves.weights(pass, k, &mut row[..sides.cols]);
        }
        Tile { width, values }
    }

    pub(super) fn row(&self, k: usize) -> &[N::Operand] {
        &self.values[k * self.width..][..self.width]
    }
}

/// By row of the array: the activations on each diagonal, so that PE(i, j) finds its own at i + j.
pub(super) struct Streams<N: Number> {
    width: usize,
    values: Vec<N::Operand>,
}

impl<N: Number> Streams<N> {
    /// By diagonal: a pass or [`NONE`], and its step.
    pub(super) fn new(waves: &impl Waves<Number = N>, passes: &[u32], steps: &[usize]) -> Self {
        let rows = waves.sides().rows;
        let width = (passes.len() + HIGH + WIDE).next_multiple_of(WIDE);
        let mut values = vec![Default::default(); rows * width];
        let mut block = vec![Default::default(); WIDE * rows];
        for (first, (passes, steps)) in
            passes.chunks(WIDE).zip(steps.chunks(WIDE)).enumerate().map(|(at, work)| (at * WIDE, work))
        {
            for ((pass, step), column) in passes.iter().zip(steps).zip(block.chunks_exact_mut(rows)) {
                match *pass {
                    NONE => column.fill(Default::default()),
                    pass => waves.activations(pass as usize, *step, column),
                }
            }
            for (row, line) in values.chunks_exact_mut(width).enumerate() {
                for (at, value) in line[first..first + passes.len()].iter_mut().enumerate() {
                    *value = block[at * rows + row];
                }
            }
        }
        Streams { width, values }
    }

    pub(super) fn row(&self, row: usize) -> &[N::Operand] {
        &self.values[row * self.width..][..self.width]
    }
}

/// Partial sums of the PEs on some diagonals, where weights stay: PE(i, j) has summed k from 0 to i.
pub(super) fn partial_sums<N: Number>(
    streams: &Streams<N>,
    tile: &Tile<N>,
    diagonals: Range<usize>,
    cols: usize,
    into: &mut [N],
) {
    let rows = into.len() / cols;
    for top in (0..rows).step_by(HIGH) {
        let high = HIGH.min(rows - top);
        // Columns of the block's rows on these diagonals.
        let end = diagonals.end.saturating_sub(top).min(cols);
        let start = diagonals.start.saturating_sub(top + high - 1).min(end);
        for left in (start / WIDE * WIDE..end).step_by(WIDE) {
            let block = sum_block(streams, tile, top, high, left);
            for (row, sums) in (top..).zip(&block[..high]) {
                let from = diagonals.start.saturating_sub(row).max(left);
                let to = diagonals.end.saturating_sub(row).min(cols).min(left + WIDE);
                if from < to {
                    into[row * cols + from..row * cols + to].copy_from_slice(&sums[from - left..to - left]);
                }
            }
        }
    }
}

/// The sums of a block of PEs.
fn sum_block<N: Number>(
    streams: &Streams<N>,
    tile: &Tile<N>,
    top: usize,
    high: usize,
    left: usize,
) -> [[N; WIDE]; HIGH] {
    let mut sums = [[N::default(); WIDE]; HIGH];
    let mut add = |k: usize, row: usize| {
        let weights = wide::<N>(&tile.row(k)[left..]);
        let activations = wide::<N>(&streams.row(k)[top + row + left..]);
        for ((sum, a), w) in sums[row].iter_mut().zip(activations).zip(weights) {
            *sum = sum.mac(*a, *w);
        }
    };
    for k in 0..=top {
        (0..HIGH).for_each(|row| add(k, row));
    }
    for k in top + 1..top + high {
        (k - top..high).for_each(|row| add(k, row));
    }
    sums
}

fn wide<N: Number>(values: &[N::Operand]) -> &[N::Operand; WIDE] {
    values.first_chunk().expect("rows are padded to whole blocks")
}
