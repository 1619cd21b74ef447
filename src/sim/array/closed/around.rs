//! What stands around the array.

use std::ops::Range;

use super::sums::sums_after;
use super::zeros;
use crate::base::Cycle;
use crate::chip::Stationary;
use crate::sim::array::kept::{Kept, Whose};
use crate::sim::array::kernel::{Panel, Sums};
use crate::sim::array::packed::{Slot, Slots, depth, sparsity};
use crate::sim::array::{Number, Operand, Waves, come, last};
use crate::timing::{Sides, Stream, movement};
use crate::trace::{Accumulated, Accumulators, NONE, Waiting};

/// By hops to go, from 1 to `most`, and row: activations before the left edge at the end of cycle `t`. Step m enters row
/// i in cycle s + floor(m q/p) + i, so it has that many hops less t to go.
pub fn activations_waiting<W: Waves>(
    waves: &W,
    t: Cycle,
    most: usize,
) -> Vec<Vec<Option<Waiting<W::Number>>>> {
    let rows = waves.sides().rows;
    let mut values = Vec::new();
    let mut waiting = |hops: usize, row: usize| {
        let (pass, step) = entering(waves, (t + hops as Cycle).checked_sub(row as Cycle)?)?;
        values.resize(depth(waves, pass), Default::default());
        waves.activations(pass, step, &mut values);
        // Of a group that goes together, the first one.
        let at = sparsity(waves, pass).map_or(row, |of| of.covered(row));
        let k = if waves.stationary() == Stationary::Weights { at } else { step };
        Some(Waiting { value: W::Number::of(values[at]).settled(), pass: pass as u32, k: k as u32 })
    };
    (1..=most).map(|hops| (0..rows).map(|row| waiting(hops, row)).collect()).collect()
}

/// By hops to go, from 1 to `most`, and column: weights above the top edge at the end of cycle `t`. Row r of a tile enters
/// column j in cycle L + r + j; where sums stay, step k in s + floor(k q/p) + j.
pub fn weights_waiting<W: Waves>(waves: &W, t: Cycle, most: usize) -> Vec<Vec<Option<Waiting<W::Number>>>> {
    let cols = waves.sides().cols;
    let mut values = zeros::<W>(cols);
    let mut packed: Option<(usize, Slots<Operand<W>>)> = None;
    let mut waiting = |hops: usize, col: usize| {
        let u = (t + hops as Cycle).checked_sub(col as Cycle)?;
        let (pass, k) = match waves.stationary() {
            Stationary::Weights => loading(waves, u)?,
            Stationary::Sums => entering(waves, u)?,
        };
        let Slot { value, k } = match sparsity(waves, pass) {
            Some(_) => {
                let known = packed.take().filter(|(of, _)| *of == pass);
                let slots = known.unwrap_or_else(|| (pass, Slots::<Operand<W>>::new(waves, pass)));
                packed.insert(slots).1.of(k, col)
            }
            None => {
                waves.weights(pass, k, &mut values);
                Slot { value: values[col], k: k as u32 }
            }
        };
        Some(Waiting { value: W::Number::of(value).settled(), pass: pass as u32, k })
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

/// At most `most` rows of accumulators at the end of cycle `t`, around the row that column 0 is writing. All passes of an
/// output tile have as many rows. What is kept must be of the same run.
pub fn accumulated<W: Waves>(
    waves: &W,
    t: Cycle,
    most: usize,
    kept: &mut Kept<W::Number>,
) -> Accumulators<W::Number> {
    let arrivals = Arrivals { sides: waves.sides(), stationary: waves.stationary(), t };
    let Some(newest) = arrivals.newest(waves, 0) else { return Accumulators::default() };
    let rows = arrivals.shown(&waves.timing(newest).stream, most);
    let mut shown =
        Shown { waves, kept, arrivals, table: vec![vec![None; waves.sides().cols]; rows.len()], rows };
    // Columns further right may still be at an earlier output tile.
    let (mut col, cols) = (0, waves.sides().cols);
    while let Some(newest) =
        Some(col).filter(|col| *col < cols).and_then(|col| shown.arrivals.newest(waves, col))
    {
        let begin = begin_of(waves, newest);
        let same = |col: &usize| {
            shown.arrivals.newest(waves, *col).is_some_and(|newest| newest >= begin.unwrap_or(0))
        };
        let end = (col..cols).find(|col| !same(col)).unwrap_or(cols);
        shown.fill(begin, newest, col..end);
        col = end;
    }
    Accumulators { first: shown.rows.start, rows: shown.table }
}

/// The pass that began the sums to which another one adds, unless it lies before all passes.
fn begin_of(waves: &impl Waves, pass: usize) -> Option<usize> {
    (0..=pass).rev().find(|pass| waves.part(*pass).sums == movement::Sums::Replace)
}

/// Rows of accumulators being shown.
struct Shown<'a, W: Waves> {
    waves: &'a W,
    kept: &'a mut Kept<W::Number>,
    arrivals: Arrivals,
    rows: Range<usize>,
    table: Vec<Vec<Option<Accumulated<W::Number>>>>,
}

/// Rows of accumulators whose sums are kept together.
const ROWS: usize = 8;
/// Passes between places at which sums of accumulators are kept.
const PASSES: usize = 8;

impl<W: Waves> Shown<'_, W> {
    /// Sums of the passes of one output tile, up to `newest`, in some columns.
    fn fill(&mut self, begin: Option<usize>, newest: usize, columns: Range<usize>) {
        let first = begin.unwrap_or(0);
        let last = |pass: usize| self.arrivals.last(&self.waves.timing(first + pass).stream);
        let whole =
            first + self.arrivals.t.checked_sub(1).map_or(0, |now| come(newest + 1 - first, now, last));
        let rows = self.rows.clone();
        for (at, row) in rows.enumerate() {
            let length = |pass: &usize| self.arrivals.length(&self.waves.timing(*pass).stream);
            let Some(pass) = (first..whole).rfind(|pass| row < length(pass)) else { continue };
            let sums = self.whole(begin, whole, row);
            for col in columns.clone() {
                self.table[at][col] = Some(Accumulated { sum: sums[col], pass: pass as u32, now: false });
            }
        }
        for pass in whole..=newest {
            self.arriving(pass, columns.clone());
        }
        for entry in self.table.iter_mut().flat_map(|row| &mut row[columns.clone()]).flatten() {
            entry.sum = entry.sum.settled();
        }
    }

    /// A row of the sums of all passes of an output tile before `whole`.
    fn whole(&mut self, begin: Option<usize>, whole: usize, row: usize) -> Vec<W::Number> {
        let waves = self.waves;
        if waves.stationary() == Stationary::Sums {
            let mut total = vec![W::Number::default(); waves.sides().cols];
            for pass in begin.unwrap_or(0)..whole {
                let sums = sums_after(waves, pass, waves.timing(pass).stream.length, self.kept).row(row);
                total.iter_mut().zip(sums).for_each(|(total, sum)| *total = total.plus(*sum));
            }
            return total;
        }
        let begin = begin.map_or(waves.begin(), |begin| waves.number(begin));
        let block = row / ROWS;
        let rows = block * ROWS..(block + 1) * ROWS;
        let whose = Whose::Tile { array: waves.array(), begin, rows: block };
        let sides = Sides { rows: ROWS, ..waves.sides() };
        let first = waves.number(0);
        let mut add = |sums: &mut Sums<W::Number>, passes: Range<usize>| {
            let passes = begin + passes.start as u64..begin + passes.end as u64;
            waves.add_before(passes.start..passes.end.min(first), rows.clone(), sums);
            let local = |number: u64| number.saturating_sub(first) as usize;
            add_passes(waves, local(passes.start)..local(passes.end), rows.clone(), sums);
        };
        let passes = (waves.number(whole) - begin) as usize;
        self.kept.after(whose, passes, PASSES, sides, &mut add).row(row % ROWS).to_vec()
    }

    /// The sums of a pass that have arrived, of which the last has not, or not before this cycle.
    fn arriving(&mut self, pass: usize, columns: Range<usize>) {
        let stream = self.waves.timing(pass).stream;
        let rows = self.rows.clone();
        let mut own = Sums::new(Sides { rows: rows.len(), ..self.waves.sides() });
        if self.waves.stationary() == Stationary::Weights {
            add_passes(self.waves, pass..pass + 1, rows.clone(), &mut own);
        }
        for (at, row) in rows.enumerate().filter(|(_, row)| *row < self.arrivals.length(&stream)) {
            let sums = match self.waves.stationary() {
                Stationary::Weights => own.row(at),
                Stationary::Sums => sums_after(self.waves, pass, stream.length, self.kept).row(row),
            };
            for col in columns.clone() {
                let arrival = self.arrivals.of(&stream, row, col);
                if arrival <= self.arrivals.t {
                    let entry = &mut self.table[at][col];
                    let sum = entry.map_or(sums[col], |earlier| earlier.sum.plus(sums[col]));
                    *entry = Some(Accumulated { sum, pass: pass as u32, now: arrival == self.arrivals.t });
                }
            }
        }
    }
}

/// Most steps of k whose operands are laid out together.
const TOGETHER: usize = 256;

/// Adds what passes add to some rows of the sums of their output tile, by C columns, where weights stay: each pass sums in
/// ascending k, passes are added in order.
pub fn add_passes<W: Waves>(waves: &W, passes: Range<usize>, rows: Range<usize>, sums: &mut Sums<W::Number>) {
    if waves.skips() {
        return add_packed(waves, passes, rows, sums);
    }
    let Sides { rows: r, cols } = waves.sides();
    let sides = Sides { rows: rows.len(), cols };
    // Where the order does not matter, they are one long sum.
    let at_once = if W::Number::ORDERED { 1 } else { (TOGETHER / r).clamp(1, passes.len().max(1)) };
    let mut panel = Panel::new(sides, at_once * r);
    let mut block = zeros::<W>(rows.len() * r);
    for first in passes.clone().step_by(at_once) {
        let some = at_once.min(passes.end - first);
        panel.fill(0..some * r, |step, activations, weights| {
            let (pass, k) = (first + step / r, step % r);
            if k == 0 {
                let length = waves.timing(pass).stream.length;
                for (m, row) in rows.clone().zip(block.chunks_exact_mut(r)) {
                    if m < length { waves.activations(pass, m, row) } else { row.fill(Default::default()) }
                }
            }
            activations.iter_mut().zip(block[k..].iter().step_by(r)).for_each(|(into, of)| *into = *of);
            waves.weights(pass, k, weights);
        });
        if W::Number::ORDERED {
            let mut own = Sums::new(sides);
            own.contract(&panel, &[some * r]);
            let length = waves.timing(first).stream.length;
            sums.plus(&own, length.saturating_sub(rows.start).min(rows.len()));
        } else {
            sums.contract(&panel, &[some * r]);
        }
    }
}

/// The same where some pass skips weights; or where little code is to do it.
pub fn add_packed<W: Waves>(waves: &W, passes: Range<usize>, rows: Range<usize>, sums: &mut Sums<W::Number>) {
    let Sides { rows: r, cols } = waves.sides();
    for pass in passes {
        let slots = Slots::<Operand<W>>::new(waves, pass);
        let mut activations = zeros::<W>(depth(waves, pass));
        let length = waves.timing(pass).stream.length;
        for (at, m) in rows.clone().enumerate().take_while(|(_, m)| *m < length) {
            waves.activations(pass, m, &mut activations);
            let sum = |col: usize| {
                let slots = (0..r).map(|row| slots.of(row, col)).filter(|slot| slot.k != NONE);
                slots.fold(W::Number::default(), |sum, Slot { value, k }| {
                    sum.mac(activations[k as usize], value)
                })
            };
            sums.add_row(at, (0..cols).map(sum));
        }
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

    /// When the last sum of a pass arrives.
    fn last(&self, stream: &Stream) -> Cycle {
        let last = match self.stationary {
            Stationary::Weights => stream.length - 1,
            Stationary::Sums => 0,
        };
        self.of(stream, last, self.sides.cols - 1)
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
