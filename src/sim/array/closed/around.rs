//! What stands around the array.

use std::ops::{Range, RangeInclusive};

use super::zeros;
use crate::base::Cycle;
use crate::chip::Stationary;
use crate::sim::array::{Number, Waves, last};
use crate::timing::{Sides, Stream};
use crate::trace::{Accumulated, Accumulators, Waiting};

/// By hops to go, from 1 to `most`, and row: activations before the left edge at the end of cycle `t`. Step m enters row
/// i in cycle s + floor(m q/p) + i, so it has that many hops less t to go.
pub fn activations_waiting<W: Waves>(
    waves: &W,
    t: Cycle,
    most: usize,
) -> Vec<Vec<Option<Waiting<W::Number>>>> {
    let rows = waves.sides().rows;
    let mut values = zeros::<W>(rows);
    let mut waiting = |hops: usize, row: usize| {
        let (pass, step) = entering(waves, (t + hops as Cycle).checked_sub(row as Cycle)?)?;
        waves.activations(pass, step, &mut values);
        Some(Waiting { value: W::Number::of(values[row]).settled(), pass: pass as u32 })
    };
    (1..=most).map(|hops| (0..rows).map(|row| waiting(hops, row)).collect()).collect()
}

/// By hops to go, from 1 to `most`, and column: weights above the top edge at the end of cycle `t`. Row r of a tile enters
/// column j in cycle L + r + j; where sums stay, step k in s + floor(k q/p) + j.
pub fn weights_waiting<W: Waves>(waves: &W, t: Cycle, most: usize) -> Vec<Vec<Option<Waiting<W::Number>>>> {
    let cols = waves.sides().cols;
    let mut values = zeros::<W>(cols);
    let mut waiting = |hops: usize, col: usize| {
        let u = (t + hops as Cycle).checked_sub(col as Cycle)?;
        let (pass, k) = match waves.stationary() {
            Stationary::Weights => loading(waves, u)?,
            Stationary::Sums => entering(waves, u)?,
        };
        waves.weights(pass, k, &mut values);
        Some(Waiting { value: W::Number::of(values[col]).settled(), pass: pass as u32 })
    };
    (1..=most).map(|hops| (0..cols).map(|col| waiting(hops, col)).collect()).collect()
}

/// The pass and the first step that enter row 0 in a cycle.
fn entering(waves: &impl Waves, cycle: Cycle) -> Option<(usize, usize)> {
    let pass = last(waves.passes(), cycle, |p| waves.timing(p).stream.start)?;
    Some((pass, waves.timing(pass).stream.entering(cycle).next()?))
}

/// The pass and the row of its tile that enter column 0 in a cycle.
fn loading(waves: &impl Waves, cycle: Cycle) -> Option<(usize, usize)> {
    let pass = last(waves.passes(), cycle, |p| waves.timing(p).load)?;
    let row = usize::try_from(cycle - waves.timing(pass).load).ok()?;
    (row < waves.sides().rows).then_some((pass, row))
}

/// At most `most` rows of accumulators at the end of cycle `t`, around the row that column 0 is writing. `begins` tells
/// whether a pass begins its sums; the passes before it belong to another output tile.
pub fn accumulated<W: Waves>(
    waves: &W,
    t: Cycle,
    most: usize,
    begins: impl Fn(usize) -> bool,
) -> Accumulators<W::Number> {
    let arrivals = Arrivals { sides: waves.sides(), stationary: waves.stationary(), t };
    let Some(newest) = arrivals.newest(waves, 0) else { return Accumulators::default() };
    let rows = arrivals.shown(&waves.timing(newest).stream, most);
    let mut table = vec![vec![None; arrivals.sides.cols]; rows.len()];
    let begin_of = |pass: usize| (0..=pass).rev().find(|pass| begins(*pass)).unwrap_or(0);
    // Columns further right may still be at an earlier output tile.
    let mut col = 0;
    while let Some(newest) =
        Some(col).filter(|col| *col < arrivals.sides.cols).and_then(|col| arrivals.newest(waves, col))
    {
        let begin = begin_of(newest);
        let same = |col: &usize| arrivals.newest(waves, *col).is_some_and(|newest| newest >= begin);
        let end = (col..arrivals.sides.cols).find(|col| !same(col)).unwrap_or(arrivals.sides.cols);
        fill(waves, &arrivals, begin..=newest, rows.clone(), col..end, &mut table);
        col = end;
    }
    Accumulators { first: rows.start, rows: table }
}

/// Sums of the passes of one output tile, for some of its rows and columns.
fn fill<W: Waves>(
    waves: &W,
    arrivals: &Arrivals,
    passes: RangeInclusive<usize>,
    rows: Range<usize>,
    columns: Range<usize>,
    table: &mut [Vec<Option<Accumulated<W::Number>>>],
) {
    // All that has arrived from these passes, for good.
    let whole =
        passes.clone().find(|pass| !arrivals.all(&waves.timing(*pass).stream)).unwrap_or(passes.end() + 1);
    let sums = block_sums(waves, *passes.start()..whole, rows.clone());
    for (at, row) in rows.clone().enumerate() {
        let newest =
            (*passes.start()..whole).rfind(|pass| row < arrivals.length(&waves.timing(*pass).stream));
        let Some(pass) = newest else { continue };
        for col in columns.clone() {
            let sum = sums[at * arrivals.sides.cols + col];
            table[at][col] = Some(Accumulated { sum, pass: pass as u32, now: false });
        }
    }
    for pass in whole..=*passes.end() {
        let stream = waves.timing(pass).stream;
        let sums = block_sums(waves, pass..pass + 1, rows.clone());
        for (at, row) in rows.clone().enumerate().filter(|(_, row)| *row < arrivals.length(&stream)) {
            for col in columns.clone() {
                let arrival = arrivals.of(&stream, row, col);
                if arrival <= arrivals.t {
                    let (entry, sum) = (&mut table[at][col], sums[at * arrivals.sides.cols + col]);
                    let sum = entry.map_or(sum, |earlier| earlier.sum.plus(sum));
                    *entry = Some(Accumulated { sum, pass: pass as u32, now: arrival == arrivals.t });
                }
            }
        }
    }
    for entry in table.iter_mut().flat_map(|row| &mut row[columns.clone()]).flatten() {
        entry.sum = entry.sum.settled();
    }
}

/// Some rows of the sums of some passes, by C columns: each pass sums in ascending k, passes are added in order.
pub(super) fn block_sums<W: Waves>(waves: &W, passes: Range<usize>, rows: Range<usize>) -> Vec<W::Number> {
    let Sides { rows: r, cols } = waves.sides();
    let mut total = vec![W::Number::default(); rows.len() * cols];
    let (mut activations, mut weights) = (zeros::<W>(r), zeros::<W>(cols));
    for pass in passes {
        let length = waves.timing(pass).stream.length;
        let mut sums = vec![W::Number::default(); rows.len() * cols];
        match waves.stationary() {
            Stationary::Weights => {
                for k in 0..r {
                    waves.weights(pass, k, &mut weights);
                    for (m, sums) in
                        rows.clone().zip(sums.chunks_exact_mut(cols)).filter(|(m, _)| *m < length)
                    {
                        waves.activations(pass, m, &mut activations);
                        add_products(activations[k], &weights, sums);
                    }
                }
            }
            Stationary::Sums => {
                for k in 0..length {
                    waves.weights(pass, k, &mut weights);
                    waves.activations(pass, k, &mut activations);
                    for (i, sums) in rows.clone().zip(sums.chunks_exact_mut(cols)) {
                        add_products(activations[i], &weights, sums);
                    }
                }
            }
        }
        total.iter_mut().zip(sums).for_each(|(total, sum)| *total = total.plus(sum));
    }
    total
}

fn add_products<N: Number>(activation: N::Operand, weights: &[N::Operand], sums: &mut [N]) {
    for (sum, weight) in sums.iter_mut().zip(weights) {
        *sum = sum.mac(activation, *weight);
    }
}

/// When sums arrive in the accumulators, seen from the end of cycle `t`.
struct Arrivals {
    sides: Sides,
    stationary: Stationary,
    t: Cycle,
}

impl Arrivals {
    fn of(&self, stream: &Stream, row: usize, col: usize) -> Cycle {
        match self.stationary {
            Stationary::Weights => self.sides.accumulated(stream, row, col),
            Stationary::Sums => self.sides.leaves(stream, row, col),
        }
    }

    /// Rows of accumulators that a pass writes.
    fn length(&self, stream: &Stream) -> usize {
        match self.stationary {
            Stationary::Weights => stream.length,
            Stationary::Sums => self.sides.rows,
        }
    }

    /// Whether all sums of a pass arrived before this cycle.
    fn all(&self, stream: &Stream) -> bool {
        let last = match self.stationary {
            Stationary::Weights => stream.length - 1,
            Stationary::Sums => 0,
        };
        self.of(stream, last, self.sides.cols - 1) < self.t
    }

    /// The last pass of which a sum has arrived in a column.
    fn newest(&self, waves: &impl Waves, col: usize) -> Option<usize> {
        let first = match self.stationary {
            Stationary::Weights => 0,
            Stationary::Sums => self.sides.rows - 1,
        };
        last(waves.passes(), self.t, |pass| self.of(&waves.timing(pass).stream, first, col))
    }

    /// At most `most` rows that a pass writes, with the one that column 0 has taken last.
    fn shown(&self, stream: &Stream, most: usize) -> Range<usize> {
        let length = self.length(stream);
        let writing = match self.stationary {
            Stationary::Weights => stream.entering(self.t - self.sides.rows as Cycle).end - 1,
            // They leave from the bottom up.
            Stationary::Sums => (0..length).find(|row| self.of(stream, *row, 0) <= self.t).unwrap_or(0),
        };
        // Above it where weights stay, below it where sums stay: what has been written before.
        let first = match self.stationary {
            Stationary::Weights => (writing + 1).saturating_sub(most),
            Stationary::Sums => writing.min(length.saturating_sub(most)),
        };
        first..(first + most).min(length)
    }
}
