//! Numbers of floats, laid over a frame of whole numbers, which knows already which pass is where. One sum after the other in the
//! order in which PEs add, so that little code does all of it: it is part of the page's first load. Tests hold it to the stepper.

use std::ops::Range;

use super::closed::add_packed;
use super::kept::Whose;
use super::kernel::Sums;
use super::packed::{Slot, Slots, depth};
use super::{Kept, Number, Waves};
use crate::base::Cycle;
use crate::chip::Stationary;
use crate::timing::{Sides, Stream, movement};
use crate::trace::{Accumulators, Frame, NONE, Surroundings, Waiting};

/// What stands in and around an array at the end of a cycle, to be filled in.
pub struct Floats<'w, W> {
    waves: &'w W,
    t: Cycle,
    kept: &'w mut Kept<f32>,
    /// Which passes are of floats.
    are: &'w dyn Fn(u32) -> bool,
    /// By pass, each made once.
    tiles: Vec<(u32, Slots<f32>)>,
    /// Sums by pass as they are in this cycle, where they stay.
    sums: Vec<(u32, Sums<f32>)>,
    /// Room for a step's operands.
    activations: Vec<f32>,
    weights: Vec<f32>,
}

/// Steps between places at which sums that stay are kept.
const TOGETHER: usize = 256;
/// Rows of accumulators whose sums are kept together.
const ROWS: usize = 8;

/// An entry of a frame.
fn bits(float: f32) -> i32 {
    float.settled().to_bits() as i32
}

impl<'w, W: Waves<Number = f32>> Floats<'w, W> {
    /// In cycle `t`. What is kept must be of the same run.
    pub fn new(waves: &'w W, t: Cycle, kept: &'w mut Kept<f32>, are: &'w dyn Fn(u32) -> bool) -> Self {
        let (activations, weights) = (Vec::new(), vec![0.0; waves.sides().cols]);
        Floats { waves, t, kept, are, tiles: Vec::new(), sums: Vec::new(), activations, weights }
    }

    /// All registers of passes of floats.
    pub fn fill(&mut self, frame: &mut Frame) {
        self.fill_moving(frame);
        match frame.stationary {
            Stationary::Weights => self.fill_tiles(frame),
            Stationary::Sums => self.fill_sums(frame),
        }
    }

    /// What stands around the array.
    pub fn fill_around(&mut self, around: &mut Surroundings) {
        for (hops, row, waiting) in each(&mut around.activations) {
            if (self.are)(waiting.pass) {
                self.fill_activation(waiting, hops, row);
            }
        }
        for (hops, col, waiting) in each(&mut around.weights) {
            if (self.are)(waiting.pass) {
                self.fill_weight(waiting, hops, col);
            }
        }
        self.fill_accumulators(&mut around.accumulators);
    }

    fn is_float(&self, pass: u32) -> bool {
        pass != NONE && (self.are)(pass)
    }

    fn stream(&self, pass: u32) -> Stream {
        self.waves.timing(pass as usize).stream
    }

    fn read_activations(&mut self, pass: u32, step: usize) {
        self.activations.resize(depth(self.waves, pass as usize), 0.0);
        self.waves.activations(pass as usize, step, &mut self.activations);
    }

    fn tile(&mut self, pass: u32) -> &Slots<f32> {
        let at = self.tiles.iter().position(|(of, _)| *of == pass).unwrap_or_else(|| {
            self.tiles.push((pass, Slots::<f32>::new(self.waves, pass as usize)));
            self.tiles.len() - 1
        });
        &self.tiles[at].1
    }

    fn fill_activation(&mut self, waiting: &mut Waiting, hops: usize, row: usize) {
        let (place, step) = match self.waves.stationary() {
            Stationary::Sums => (row, Some(waiting.k as usize)),
            Stationary::Weights => {
                let entering = self.stream(waiting.pass).entering(self.t + hops as Cycle - row as Cycle);
                (waiting.k as usize, entering.clone().next())
            }
        };
        self.read_activations(waiting.pass, step.unwrap_or(0));
        waiting.value = bits(self.activations[place]);
    }

    fn fill_weight(&mut self, waiting: &mut Waiting, hops: usize, col: usize) {
        let pass = waiting.pass as usize;
        if self.waves.stationary() == Stationary::Sums {
            self.waves.weights(pass, waiting.k as usize, &mut self.weights);
            waiting.value = bits(self.weights[col]);
        } else {
            let row = self.t + hops as Cycle - col as Cycle - self.waves.timing(pass).load;
            let Slot { value, k } = self.tile(waiting.pass).of(row as usize, col);
            (waiting.value, waiting.k) = (bits(value), k);
        }
    }

    /// What moves with the wave: on a diagonal all PEs work on the same steps.
    fn fill_moving(&mut self, frame: &mut Frame) {
        let Frame { rows, cols, lanes, stationary, .. } = *frame;
        for (d, lane) in (0..rows + cols - 1).flat_map(|d| (0..lanes).map(move |lane| (d, lane))) {
            let columns = d.saturating_sub(rows - 1)..(d + 1).min(cols);
            let at = |col: usize| (lane * rows + d - col) * cols + col;
            let pass = frame.pass[at(columns.start)];
            if !self.is_float(pass) {
                continue;
            }
            let Some(step) = self.stream(pass).entering(self.t - d as Cycle).nth(lane) else { continue };
            self.read_activations(pass, step);
            if stationary == Stationary::Sums {
                self.waves.weights(pass as usize, step, &mut self.weights);
                for col in columns {
                    frame.act[at(col)] = bits(self.activations[d - col]);
                    frame.weight[at(col)] = bits(self.weights[col]);
                }
                continue;
            }
            self.add_down(pass, d, columns.clone());
            let tile = &self.tiles.iter().find(|(of, _)| *of == pass).expect("it has just been used").1;
            for col in columns {
                let own = self.activations.get(tile.of(d - col, col).k as usize);
                frame.act[at(col)] = own.map_or(0, |own| bits(*own));
                frame.psum[at(col)] = bits(self.weights[col]);
            }
        }
    }

    /// The sums of a diagonal's PEs, in `weights`: row after row, so that they do not wait for each other.
    fn add_down(&mut self, pass: u32, d: usize, columns: Range<usize>) {
        let mut sums = std::mem::take(&mut self.weights);
        let activations = std::mem::take(&mut self.activations);
        sums.fill(0.0);
        let tile = self.tile(pass);
        for row in 0..=d - columns.start {
            let columns = columns.start..columns.end.min(d + 1 - row);
            for (sum, slot) in sums[columns.clone()].iter_mut().zip(tile.row(row, columns)) {
                if slot.k != NONE {
                    *sum += activations[slot.k as usize] * slot.value;
                }
            }
        }
        (self.weights, self.activations) = (sums, activations);
    }

    /// Weights that stay, or are on their way to where they do.
    fn fill_tiles(&mut self, frame: &mut Frame) {
        let cols = frame.cols;
        let own = |_: &W, at: usize, _: u32| at / cols;
        self.fill_weights(&mut frame.weight, &frame.weight_pass, &mut frame.weight_k, &own);
        self.fill_weights(&mut frame.shadow, &frame.shadow_pass, &mut frame.shadow_k, &own);
        // That row of the tile which entered so many cycles after its load as it has moved.
        let t = self.t;
        let passing = |waves: &W, at: usize, pass: u32| {
            (t - waves.timing(pass as usize).load) as usize - at / cols - at % cols
        };
        self.fill_weights(&mut frame.bus, &frame.bus_pass, &mut frame.bus_k, &passing);
    }

    fn fill_weights(
        &mut self,
        values: &mut [i32],
        passes: &[u32],
        rows_of_k: &mut [u32],
        row: &dyn Fn(&W, usize, u32) -> usize,
    ) {
        let cols = self.waves.sides().cols;
        for (at, pass) in passes.iter().enumerate() {
            if self.is_float(*pass) {
                let row = row(self.waves, at, *pass);
                let Slot { value, k } = self.tile(*pass).of(row, at % cols);
                values[at] = bits(value);
                if let Some(entry) = rows_of_k.get_mut(at) {
                    *entry = k;
                }
            }
        }
    }

    /// Sums that stay, and those that drain: in row i + h of a chain that has moved h times stands that of row i.
    fn fill_sums(&mut self, frame: &mut Frame) {
        let sides = self.waves.sides();
        for at in 0..sides.rows * sides.cols {
            let (row, col, pass) = (at / sides.cols, at % sides.cols, frame.psum_pass[at]);
            if self.is_float(pass) {
                frame.psum[at] = bits(self.sums_by_now(pass).row(row)[col]);
            }
            let pass = frame.drain_pass[at];
            if self.is_float(pass) {
                let lowest = sides.is_final(&self.stream(pass), sides.rows - 1, col);
                let hops = self.t.saturating_sub(lowest) as usize;
                frame.drain[at] = bits(self.sums_by_now(pass).row(row - hops)[col]);
            }
        }
    }

    /// Sums of a pass in this cycle. The far corner's steps are those of all PEs; the others are ahead.
    fn sums_by_now(&mut self, pass: u32) -> &Sums<f32> {
        let at = self.sums.iter().position(|(of, _)| *of == pass).unwrap_or_else(|| {
            let (stream, Sides { rows, cols }) = (self.stream(pass), self.waves.sides());
            let by = |d: usize| self.t.checked_sub(d as Cycle).map_or(0, |cycle| stream.entering(cycle).end);
            let done: Vec<usize> = (0..rows + cols - 1).map(by).collect();
            let common = done[rows + cols - 2];
            let mut sums = self.sums_after(pass as usize, common).clone();
            add_steps(self.waves, pass as usize, common..done[0], &done, &mut sums);
            self.sums.push((pass, sums));
            self.sums.len() - 1
        });
        &self.sums[at].1
    }

    /// Sums of a pass, where they stay, after so many of its steps.
    pub fn sums_after(&mut self, pass: usize, steps: usize) -> &Sums<f32> {
        let waves = self.waves;
        let whose = Whose::Pass { array: waves.array(), pass: waves.number(pass) };
        self.kept.after(whose, steps, TOGETHER, waves.sides(), &mut |sums, steps| {
            let end = steps.end;
            add_steps(waves, pass, steps, &[end], sums);
        })
    }

    /// Accumulators: the sums of all passes from the one that began them to the one that added last, pass by pass.
    fn fill_accumulators(&mut self, accumulators: &mut Accumulators) {
        for (row, entries) in (accumulators.first..).zip(&mut accumulators.rows) {
            let mut known = (NONE, Vec::new());
            for (col, entry) in entries.iter_mut().enumerate() {
                let Some(entry) = entry.as_mut().filter(|entry| (self.are)(entry.pass)) else { continue };
                if known.0 != entry.pass {
                    known = (entry.pass, self.accumulated(entry.pass as usize, row));
                }
                entry.sum = bits(known.1[col]);
            }
        }
    }

    fn accumulated(&mut self, newest: usize, row: usize) -> Vec<f32> {
        let waves = self.waves;
        let begins = |pass: &usize| waves.part(*pass).sums == movement::Sums::Replace;
        let begin = (0..=newest).rev().find(begins);
        if waves.stationary() == Stationary::Sums {
            let mut total = vec![0.0; waves.sides().cols];
            for pass in begin.unwrap_or(0)..=newest {
                let sums = self.sums_after(pass, waves.timing(pass).stream.length).row(row);
                total.iter_mut().zip(sums).for_each(|(total, sum)| *total += sum);
            }
            return total;
        }
        let (begin, first) = (begin.map_or(waves.begin(), |begin| waves.number(begin)), waves.number(0));
        let block = row / ROWS;
        let rows = block * ROWS..(block + 1) * ROWS;
        let whose = Whose::Tile { array: waves.array(), begin, rows: block };
        let sides = Sides { rows: ROWS, ..waves.sides() };
        let passes = (waves.number(newest) + 1 - begin) as usize;
        let sums = self.kept.after(whose, passes, 1, sides, &mut |sums, passes| {
            let (from, to) = (begin + passes.start as u64, begin + passes.end as u64);
            waves.add_before(from..to.min(first), rows.clone(), sums);
            let local = |number: u64| number.saturating_sub(first) as usize;
            add_packed(waves, local(from)..local(to), rows.clone(), sums);
        });
        sums.row(row % ROWS).to_vec()
    }
}

/// By hops to go, from 1, and row or column: all that waits.
fn each(lists: &mut [Vec<Option<Waiting>>]) -> impl Iterator<Item = (usize, usize, &mut Waiting)> {
    let lists = lists.iter_mut().enumerate();
    lists.flat_map(|(hop, list)| {
        let entries = list.iter_mut().enumerate();
        entries.filter_map(move |(at, entry)| entry.as_mut().map(|entry| (hop + 1, at, entry)))
    })
}

/// Adds products of some steps to sums that stay: of those below `ends[i + j]` for PE(i, j). They do not ascend, and the last one
/// is also that of all diagonals beyond it.
fn add_steps(
    waves: &impl Waves<Number = f32>,
    pass: usize,
    steps: Range<usize>,
    ends: &[usize],
    sums: &mut Sums<f32>,
) {
    let Sides { rows, cols } = waves.sides();
    let (mut activations, mut weights) = (vec![0.0; rows], vec![0.0; cols]);
    for step in steps {
        waves.activations(pass, step, &mut activations);
        waves.weights(pass, step, &mut weights);
        let reached = match ends.partition_point(|end| *end > step) {
            all if all == ends.len() => rows + cols,
            some => some,
        };
        for (row, activation) in activations.iter().enumerate() {
            let products = weights.iter().map(|weight| activation * weight);
            sums.add_row(row, products.take(reached.saturating_sub(row)));
        }
    }
}
