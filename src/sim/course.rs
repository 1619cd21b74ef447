//! A run over time: how much of the arrays does useful work, what crosses the bus, and how full the memories on the chip are, in any
//! stretch of cycles. What repeats is not gone through: each number comes from sums over a lane's structure.

use super::clock::bus_bytes;
use super::fill::{Holdings, begun_by, read_by, rows_begun, rows_read};
use super::pass::{self, Shape};
use crate::base::{Bytes, Cycle};
use crate::chip::Chip;
use crate::isa::{Instruction, Program, Space, Unit, Work};
use crate::trace::{Lane, PassRun, Run, Sums, Trace, UnitRun};

/// A run, to be asked about stretches of it.
pub struct Course<'a> {
    program: &'a Program,
    chip: &'a Chip,
    cycles: Cycle,
    passes: Vec<Passes<'a>>,
    transfers: Vec<Transfers<'a>>,
    reads: Vec<Reads<'a>>,
    held: Holdings,
}

/// A matrix unit's lane: multipliers in use while rows enter, and accumulator rows that passes begin with.
struct Passes<'a> {
    lane: &'a Lane<PassRun>,
    useful: Sums<u64>,
    begun: Sums<u64>,
}

/// A lane of the bus, and its bytes.
struct Transfers<'a> {
    lane: &'a Lane<UnitRun>,
    read: Sums<u64>,
    written: Sums<u64>,
}

/// A vector unit's lane, and the accumulator rows that it has read.
struct Reads<'a> {
    lane: &'a Lane<UnitRun>,
    rows: Sums<u64>,
}

/// A stretch of cycles.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Column {
    /// Multipliers that do useful work while rows enter, of all, on the average.
    pub useful: f64,
    /// Bytes a cycle from memory, on the average.
    pub read: f64,
    /// Bytes a cycle to memory.
    pub written: f64,
    /// Bytes of all unified buffers that hold something.
    pub buffer: Level,
    /// Rows of all accumulators that hold sums somebody still waits for.
    pub rows: Level,
}

/// How full something is in a stretch of cycles.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Level {
    /// On the average of the cycles looked at.
    pub mean: f64,
    /// At most.
    pub most: u64,
}

/// What there is at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capacity {
    /// Of all unified buffers.
    pub buffer: Bytes,
    /// Of all accumulators.
    pub rows: u64,
}

/// Cycles of a stretch that are looked at, if it is longer and has more changes: all of a shorter one.
const LOOKS: u64 = 16;

impl<'a> Course<'a> {
    /// Goes through the structure of a run once.
    pub fn new(program: &'a Program, chip: &'a Chip, trace: &'a Trace) -> Course<'a> {
        let passes = trace.passes.iter().map(|lane| Passes::new(program, chip, lane));
        let of_kind = |is: fn(&Unit) -> bool| {
            trace.units.iter().filter(move |(unit, _)| is(unit)).map(|(_, lane)| lane)
        };
        let moving = of_kind(|unit| matches!(unit, Unit::DmaIn(_) | Unit::DmaOut(_) | Unit::Fetch(_)));
        let working = of_kind(|unit| matches!(unit, Unit::Vector(_)));
        Course {
            program,
            chip,
            cycles: trace.cycles,
            passes: passes.collect(),
            transfers: moving.map(|lane| Transfers::new(program, chip, lane)).collect(),
            reads: working.map(|lane| Reads { lane, rows: rows_read(program, lane, &|_| true) }).collect(),
            held: Holdings::new(program, trace),
        }
    }

    /// What there is at most.
    pub fn capacity(&self) -> Capacity {
        Capacity {
            buffer: self.chip.unified_buffer_bytes * self.chip.cores as Bytes,
            rows: (self.chip.accumulator_rows * self.chip.matrix_units) as u64,
        }
    }

    /// The cycles from `from` to before `to` in `count` equal stretches, fewer if there are fewer cycles.
    pub fn columns(&self, from: Cycle, to: Cycle, count: usize) -> Vec<Column> {
        let (from, to) = (from.min(self.cycles), to.min(self.cycles));
        let cycles = to.saturating_sub(from);
        let count = (count as Cycle).min(cycles);
        let edge = |at: Cycle| from + (u128::from(cycles) * u128::from(at) / u128::from(count)) as Cycle;
        (0..count).map(|at| self.column(edge(at), edge(at + 1))).collect()
    }

    /// One stretch of at least one cycle.
    pub fn column(&self, from: Cycle, to: Cycle) -> Column {
        let cycles = (to - from) as f64;
        let between = |until: &dyn Fn(Cycle) -> u64| (until(to) - until(from)) as f64 / cycles;
        let pes = (self.chip.pes() * self.chip.matrix_units as u64) as f64;
        let (times, weights) = self.looks(from, to);
        Column {
            useful: between(&|t| self.useful_until(t)) / pes,
            read: between(&|t| self.moved_until(t, |transfers| &transfers.read)),
            written: between(&|t| self.moved_until(t, |transfers| &transfers.written)),
            buffer: level(&times, &weights, |t| self.bytes_at(t)),
            rows: level(&times, &weights, |t| self.rows_at(t)),
        }
    }

    /// Cycles of a stretch to look at, and for how many cycles each stands: all, or those in which something changes, or, if these
    /// are too many, some.
    fn looks(&self, from: Cycle, to: Cycle) -> (Vec<Cycle>, Vec<Cycle>) {
        let length = to - from;
        let mut times: Vec<Cycle> = if length <= LOOKS {
            (from..to).collect()
        } else {
            self.changes(from, to)
                .unwrap_or_else(|| (0..LOOKS).map(|at| from + length * at / LOOKS).collect())
        };
        times.push(from);
        times.sort_unstable();
        times.dedup();
        let ends = times.iter().skip(1).copied().chain([to]);
        let weights = ends.zip(&times).map(|(end, time)| end - time).collect();
        (times, weights)
    }

    /// When levels change in a stretch, unless that is too often.
    fn changes(&self, from: Cycle, to: Cycle) -> Option<Vec<Cycle>> {
        let mut times = Vec::new();
        let edges = self.held.edges();
        times.extend(edges.filter(|time| (from..to).contains(time)).take(2 * LOOKS as usize));
        for passes in &self.passes {
            within(passes.lane, from, to, |run| run.start, &mut times)?;
        }
        for reads in &self.reads {
            within(reads.lane, from, to, |run| run.busy_until, &mut times)?;
        }
        (times.len() as u64 <= LOOKS).then_some(times)
    }

    /// Multipliers in use while rows enter, summed over the cycles before one.
    pub fn useful_until(&self, time: Cycle) -> u64 {
        let of_unit = |passes: &Passes| {
            let each = |run: &PassRun| self.multipliers(run);
            spent(
                passes.lane,
                &passes.useful,
                time,
                |run| (run.start, run.stream_end),
                |run, cycles| each(run) * cycles,
            )
        };
        self.passes.iter().map(of_unit).sum()
    }

    fn multipliers(&self, run: &PassRun) -> u64 {
        let Shape { part, .. } =
            pass::shape(self.program, self.chip, &self.program.instructions[run.instruction]);
        (part.rows * part.cols) as u64
    }

    fn moved_until(&self, time: Cycle, sums: for<'t> fn(&'t Transfers<'a>) -> &'t Sums<u64>) -> Bytes {
        let of_unit = |transfers: &Transfers<'a>| {
            let sums = sums(transfers);
            let part = |run: &UnitRun, cycles: Cycle| {
                let before = transfers.lane.come(run.start, |run| run.start);
                let bytes = transfers.lane.sum_of_first(before, sums)
                    - transfers.lane.sum_of_first(before.saturating_sub(1), sums);
                (u128::from(bytes) * u128::from(cycles) / u128::from((run.busy_until - run.start).max(1)))
                    as u64
            };
            spent(transfers.lane, sums, time, |run| (run.start, run.busy_until), part)
        };
        self.transfers.iter().map(of_unit).sum()
    }

    /// Rows of all accumulators that hold sums in a cycle: from the cycle in which the first row of a tile enters to the last in which
    /// the vector unit reads it.
    pub fn rows_at(&self, time: Cycle) -> u64 {
        let begun = self.passes.iter().map(|passes| begun_by(passes.lane, &passes.begun, time));
        let read = self.reads.iter().map(|reads| read_by(reads.lane, &reads.rows, time));
        begun.sum::<u64>().saturating_sub(read.sum())
    }

    /// Bytes of all unified buffers that hold something in a cycle.
    pub fn bytes_at(&self, time: Cycle) -> Bytes {
        self.held.bytes_at(time, &|_| true)
    }
}

fn level(times: &[Cycle], weights: &[Cycle], at: impl Fn(Cycle) -> u64) -> Level {
    let (mut sum, mut most, mut all) = (0u128, 0, 0u128);
    for (time, weight) in times.iter().zip(weights) {
        let level = at(*time);
        sum += u128::from(level) * u128::from(*weight);
        all += u128::from(*weight);
        most = most.max(level);
    }
    Level { mean: sum as f64 / all.max(1) as f64, most }
}

/// The times of runs that lie in a stretch; nothing if they are too many.
fn within<T: Run>(
    lane: &Lane<T>,
    from: Cycle,
    to: Cycle,
    of: impl Fn(&T) -> Cycle + Copy,
    into: &mut Vec<Cycle>,
) -> Option<()> {
    let come = |time: Cycle| time.checked_sub(1).map_or(0, |before| lane.come(before, of));
    let (first, end) = (come(from), come(to));
    if end - first > LOOKS {
        return None;
    }
    into.extend((first..end).filter_map(|at| lane.get(at)).map(|run| of(&run)));
    Some(())
}

/// What the runs of a lane have spent before a cycle: all of those that are over, and a part of the last one that began.
fn spent<T: Run>(
    lane: &Lane<T>,
    sums: &Sums<u64>,
    time: Cycle,
    of: impl Fn(&T) -> (Cycle, Cycle) + Copy,
    part: impl Fn(&T, Cycle) -> u64,
) -> u64 {
    let begun = time.checked_sub(1).map_or(0, |before| lane.come(before, |run| of(run).0));
    let Some(last) = begun.checked_sub(1) else { return 0 };
    let Some(run) = lane.get(last) else { return 0 };
    let (start, end) = of(&run);
    if time >= end {
        return lane.sum_of_first(begun, sums);
    }
    lane.sum_of_first(last, sums) + part(&run, time - start)
}

impl<'a> Passes<'a> {
    fn new(program: &Program, chip: &Chip, lane: &'a Lane<PassRun>) -> Passes<'a> {
        let useful = |run: &PassRun| {
            let Shape { part, .. } = pass::shape(program, chip, &program.instructions[run.instruction]);
            (part.rows * part.cols) as u64 * (run.stream_end - run.start)
        };
        Passes { lane, useful: lane.sums(useful), begun: rows_begun(program, lane) }
    }
}

impl<'a> Transfers<'a> {
    fn new(program: &Program, chip: &Chip, lane: &'a Lane<UnitRun>) -> Transfers<'a> {
        let traffic = |run: &UnitRun| traffic(program, chip, &program.instructions[run.instruction]);
        let [read, written] = [0, 1].map(|way: usize| lane.sums(|run| traffic(run)[way]));
        Transfers { lane, read, written }
    }
}

/// Bytes that an instruction moves over the bus: to the chip, and from it.
pub fn traffic(program: &Program, chip: &Chip, instruction: &Instruction) -> [Bytes; 2] {
    let reads = match &instruction.work {
        Work::Copy { from, .. } => program.buffers[from.buffer].space == Space::Dram,
        Work::Fetch { tile, .. } if program.buffers[tile.buffer()].space == Space::Dram => true,
        _ => return [0, 0],
    };
    let bytes = bus_bytes(program, chip, instruction);
    if reads { [bytes, 0] } else { [0, bytes] }
}
