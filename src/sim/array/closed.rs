//! The closed form (MACHINE.md section 1.5): every pass is a rigid diagonal wave, so the registers of any cycle follow
//! from the few passes that are in the array then. Costs O(R C) and, for the sums, O(R R C) multiply-accumulates,
//! wherever in the run the cycle lies.

use super::{Leaving, Waves, come};
use crate::base::Cycle;
use crate::trace::{Accumulated, Accumulators, Frame, Waiting};

/// The registers at the end of cycle `t`.
pub fn frame(waves: &impl Waves, t: Cycle) -> Frame {
    let (rows, cols) = waves.shape();
    let mut frame = Frame::empty(t, rows, cols);
    let streams = Diagonals::new(t, rows + cols - 1, |u| last(waves.passes(), u, |p| waves.timing(p).start));
    // Loads pass PE(i, j) 2i + j cycles later, and its bus hop i + j cycles later.
    let loads = Diagonals::new(t, 2 * rows + cols - 2, |u| last(waves.passes(), u, |p| waves.timing(p).load));
    let tiles = Tiles::new(waves, streams.range().chain(loads.range()));
    let works: Vec<Option<(usize, Vec<i16>)>> =
        (0..rows + cols - 1).map(|d| at_work(waves, &streams, d, rows)).collect();
    for row in 0..rows {
        for col in 0..cols {
            let at = frame.at(row, col);
            if let Some(pass) = streams.pass[row + col] {
                (frame.weight[at], frame.weight_pass[at]) =
                    (tiles.column(pass, col)[row].into(), pass as u32);
            }
            if let Some((pass, activations)) = &works[row + col] {
                frame.pass[at] = *pass as u32;
                frame.act[at] = activations[row].into();
                frame.psum[at] = dot(&activations[..=row], &tiles.column(*pass, col)[..=row]);
            }
            if let Some(pass) = loads.pass[2 * row + col] {
                (frame.shadow[at], frame.shadow_pass[at]) =
                    (tiles.column(pass, col)[row].into(), pass as u32);
            }
            if let Some((pass, hop)) = loads.passing(waves, row + col, rows).filter(|(_, hop)| *hop >= row) {
                (frame.bus[at], frame.bus_pass[at]) = (tiles.column(pass, col)[hop].into(), pass as u32);
            }
        }
    }
    frame
}

/// Every sum that leaves the array, by cycle and column.
pub fn outputs(waves: &impl Waves) -> Vec<Leaving> {
    let (rows, cols) = waves.shape();
    let mut list = Vec::new();
    let (mut weights, mut activations) = (vec![0; rows], vec![0; rows]);
    for pass in 0..waves.passes() {
        let timing = waves.timing(pass);
        for col in 0..cols {
            waves.weights(pass, col, &mut weights);
            for row in 0..timing.rows {
                waves.activations(pass, row, &mut activations);
                let cycle = timing.start + (row + rows - 1 + col) as Cycle;
                list.push(Leaving { cycle, pass, row, col, value: dot(&activations, &weights) });
            }
        }
    }
    list.sort_by_key(|leaving| (leaving.cycle, leaving.col));
    list
}

/// At most `most` rows of accumulators at the end of cycle `t`, around the row that column 0 is writing. `begins` tells
/// whether a pass begins its sums; the passes before it belong to another output tile.
pub fn accumulated(
    waves: &impl Waves,
    t: Cycle,
    most: usize,
    begins: impl Fn(usize) -> bool,
) -> Accumulators {
    let (rows, cols) = waves.shape();
    let arrived = |col: usize| {
        let u = t.checked_sub((rows + col) as Cycle)?;
        last(waves.passes(), u, |p| waves.timing(p).start).map(|pass| (pass, u))
    };
    let Some((newest, u)) = arrived(0) else { return Accumulators::default() };
    let timing = waves.timing(newest);
    let writing = ((u - timing.start) as usize).min(timing.rows - 1);
    let first = (writing + 1).saturating_sub(most);
    let (mut weights, mut activations) = (vec![0; rows], vec![0; rows]);
    let shown = most.min(timing.rows);
    let mut table = vec![vec![None; cols]; shown];
    for col in 0..cols {
        let Some((newest, u)) = arrived(col) else { break };
        let start = (0..=newest).rev().find(|pass| begins(*pass)).unwrap_or(0);
        for pass in start..=newest {
            let timing = waves.timing(pass);
            waves.weights(pass, col, &mut weights);
            let done = (u + 1 - timing.start) as usize;
            for (row, entries) in (first..timing.rows.min(done)).zip(&mut table) {
                waves.activations(pass, row, &mut activations);
                let sum =
                    entries[col].map_or(0, |earlier: Accumulated| earlier.sum) + dot(&activations, &weights);
                entries[col] = Some(Accumulated { sum, pass: pass as u32, now: done == row + 1 });
            }
        }
    }
    Accumulators { first, rows: table }
}

/// By hops to go, from 1 to `most`, and row: activations before the left edge at the end of cycle `t`. `A[m][i]` enters
/// row i in cycle s + m + i, so it has `s + m + i - t` hops to go.
pub fn activations_waiting(waves: &impl Waves, t: Cycle, most: usize) -> Vec<Vec<Option<Waiting>>> {
    let (rows, _) = waves.shape();
    let mut values = vec![0; rows];
    let mut waiting = |hops: usize, row: usize| {
        let u = (t + hops as Cycle).checked_sub(row as Cycle)?;
        let pass = last(waves.passes(), u, |p| waves.timing(p).start)?;
        let timing = waves.timing(pass);
        let m = (u - timing.start) as usize;
        (m < timing.rows).then(|| {
            waves.activations(pass, m, &mut values);
            Waiting { value: values[row].into(), pass: pass as u32 }
        })
    };
    (1..=most).map(|hops| (0..rows).map(|row| waiting(hops, row)).collect()).collect()
}

/// By hops to go, from 1 to `most`, and column: weights above the top edge at the end of cycle `t`. Row r enters
/// column j in cycle L + r + j.
pub fn weights_waiting(waves: &impl Waves, t: Cycle, most: usize) -> Vec<Vec<Option<Waiting>>> {
    let (rows, cols) = waves.shape();
    let mut values = vec![0; rows];
    let mut waiting = |hops: usize, col: usize| {
        let u = (t + hops as Cycle).checked_sub(col as Cycle)?;
        let pass = last(waves.passes(), u, |p| waves.timing(p).load)?;
        let row = (u - waves.timing(pass).load) as usize;
        (row < rows).then(|| {
            waves.weights(pass, col, &mut values);
            Waiting { value: values[row].into(), pass: pass as u32 }
        })
    };
    (1..=most).map(|hops| (0..cols).map(|col| waiting(hops, col)).collect()).collect()
}

/// PEs at work in cycle `t`.
pub fn busy(waves: &impl Waves, t: Cycle) -> usize {
    let (rows, cols) = waves.shape();
    let at_work = |d: &usize| {
        let Some(u) = t.checked_sub(*d as Cycle) else { return false };
        let pass = last(waves.passes(), u, |p| waves.timing(p).start).map(|pass| waves.timing(pass));
        pass.is_some_and(|timing| u - timing.start < timing.rows as Cycle)
    };
    let pes_on = |d: usize| (d + 1).min(rows).min(cols).min(rows + cols - 1 - d);
    (0..rows + cols - 1).filter(at_work).map(pes_on).sum()
}

/// Index of the last pass whose time has come by `now`.
fn last(passes: usize, now: Cycle, of: impl Fn(usize) -> Cycle) -> Option<usize> {
    come(passes, now, of).checked_sub(1)
}

/// The sum of products; bounded by the program's checks to 32 bits.
fn dot(a: &[i16], b: &[i16]) -> i32 {
    a.iter().zip(b).map(|(x, y)| i32::from(*x) * i32::from(*y)).sum()
}

/// PEs on one diagonal stand at one local time `t - d`: what concerns them is found once a diagonal.
struct Diagonals {
    t: Cycle,
    pass: Vec<Option<usize>>,
}

impl Diagonals {
    fn new(t: Cycle, count: usize, pass_at: impl Fn(Cycle) -> Option<usize>) -> Self {
        let pass = (0..count).map(|d| t.checked_sub(d as Cycle).and_then(&pass_at)).collect();
        Diagonals { t, pass }
    }

    fn range(&self) -> impl Iterator<Item = usize> + '_ {
        self.pass.iter().flatten().copied()
    }

    /// The tile whose weights are on the bus on this diagonal, and which of its rows.
    fn passing(&self, waves: &impl Waves, d: usize, rows: usize) -> Option<(usize, usize)> {
        let pass = self.pass[d]?;
        let row = (self.t - d as Cycle - waves.timing(pass).load) as usize;
        (row < rows).then_some((pass, row))
    }
}

/// The pass at work on a diagonal and its row of activations.
fn at_work(waves: &impl Waves, streams: &Diagonals, d: usize, rows: usize) -> Option<(usize, Vec<i16>)> {
    let pass = streams.pass[d]?;
    let timing = waves.timing(pass);
    let row = (streams.t - d as Cycle - timing.start) as usize;
    (row < timing.rows).then(|| {
        let mut values = vec![0; rows];
        waves.activations(pass, row, &mut values);
        (pass, values)
    })
}

/// The tiles that are in the array, column by column.
struct Tiles {
    first: usize,
    rows: usize,
    cols: usize,
    values: Vec<i16>,
}

impl Tiles {
    fn new(waves: &impl Waves, passes: impl Iterator<Item = usize>) -> Self {
        let (rows, cols) = waves.shape();
        let (first, end) =
            passes.fold((usize::MAX, 0), |(low, high), pass| (low.min(pass), high.max(pass + 1)));
        let count = end.saturating_sub(first);
        let mut values = vec![0; count * rows * cols];
        for (at, column) in values.chunks_exact_mut(rows).enumerate() {
            waves.weights(first + at / cols, at % cols, column);
        }
        Tiles { first, rows, cols, values }
    }

    fn column(&self, pass: usize, col: usize) -> &[i16] {
        &self.values[((pass - self.first) * self.cols + col) * self.rows..][..self.rows]
    }
}
