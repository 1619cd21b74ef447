//! A part of a run counted: what [`super::tally`] says of a whole one, of any of its cycles.

use std::ops::{AddAssign, Mul, Range};

use super::clock::bus_bytes;
use super::pass::{self, Shape};
use crate::base::{Bytes, Cycle};
use crate::chip::Chip;
use crate::isa::{Instruction, Program, Space, Window, Work};
use crate::timing::Stream;
use crate::trace::{PassRun, Sums, Trace, UnitRun};

/// What arrays did and what the bus moved, so summed that any part of a run is found at once.
pub struct Parts {
    /// By matrix unit.
    passes: Vec<Sums<Done>>,
    /// As the trace's units: bytes from and to DRAM.
    moved: Vec<Sums<Moved>>,
}

/// A part of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Part {
    /// MACs of the rows, or steps of k, that enter in it, without padding.
    pub macs: u64,
    /// Cycles that these would take at the peak of their dtypes, times PEs.
    pub at_peak: f64,
    /// Bytes read from DRAM. Of a transfer that it has some cycles of, as large a part of the bytes.
    pub read: Bytes,
    /// Bytes written there.
    pub written: Bytes,
}

#[derive(Clone, Copy, Default)]
struct Done {
    macs: u64,
    at_peak: f64,
}

#[derive(Clone, Copy, Default)]
struct Moved {
    read: Bytes,
    written: Bytes,
}

impl Parts {
    /// Adds everything up.
    pub fn new(program: &Program, chip: &Chip, trace: &Trace) -> Parts {
        let of_pass = |run: &PassRun| done(program, chip, run, run.stream_end);
        let of_run = |run: &UnitRun| moved(program, chip, &program.instructions[run.instruction]);
        Parts {
            passes: trace.passes.iter().map(|lane| lane.sums(of_pass)).collect(),
            moved: trace.units.iter().map(|(_, lane)| lane.sums(of_run)).collect(),
        }
    }

    /// Counts the cycles of a range, on all units. The program, chip and trace must be those that were added up.
    pub fn part(&self, program: &Program, chip: &Chip, trace: &Trace, cycles: Range<Cycle>) -> Part {
        let before = |t| self.before(program, chip, trace, t);
        let (from, to) = (before(cycles.start), before(cycles.end.max(cycles.start)));
        Part {
            macs: to.macs - from.macs,
            at_peak: to.at_peak - from.at_peak,
            read: to.read - from.read,
            written: to.written - from.written,
        }
    }

    fn before(&self, program: &Program, chip: &Chip, trace: &Trace, t: Cycle) -> Part {
        let mut part = Part::default();
        for (lane, sums) in trace.passes.iter().zip(&self.passes) {
            let come = lane.come(t, |run| run.start);
            let Some(last) = come.checked_sub(1).and_then(|last| lane.get(last)) else { continue };
            let mut sum = lane.sum_of_first(come - 1, sums);
            sum += done(program, chip, &last, t);
            part.macs += sum.macs;
            part.at_peak += sum.at_peak;
        }
        for ((_, lane), sums) in trace.units.iter().zip(&self.moved) {
            let come = lane.come(t, |run| run.start);
            let Some(last) = come.checked_sub(1).and_then(|last| lane.get(last)) else { continue };
            let mut sum = lane.sum_of_first(come - 1, sums);
            sum += moved(program, chip, &program.instructions[last.instruction]).until(&last, t);
            part.read += sum.read;
            part.written += sum.written;
        }
        part
    }
}

/// What a pass's steps that enter before a cycle do.
fn done(program: &Program, chip: &Chip, run: &PassRun, t: Cycle) -> Done {
    let Shape { steps, rate, part, .. } = pass::shape(program, chip, &program.instructions[run.instruction]);
    let stream = Stream { start: run.start, length: steps, rate };
    let entered = if t >= run.stream_end { steps } else { stream.entering(t).start };
    let macs = (entered * part.rows * part.cols) as u64;
    Done { macs, at_peak: macs as f64 / rate.as_f64() }
}

/// What an instruction of another unit moves from and to DRAM.
fn moved(program: &Program, chip: &Chip, instruction: &Instruction) -> Moved {
    let in_dram = |window: &Window| program.buffers[window.buffer].space == Space::Dram;
    let bytes = |there: bool| if there { bus_bytes(program, chip, instruction) } else { 0 };
    match &instruction.work {
        Work::Copy { from, to, .. } => Moved { read: bytes(in_dram(from)), written: bytes(in_dram(to)) },
        Work::Fetch { tile, .. } => {
            let there = program.buffers[tile.buffer()].space == Space::Dram;
            Moved { read: bytes(there), written: 0 }
        }
        _ => Moved::default(),
    }
}

impl Moved {
    /// As much of it as a transfer has of its cycles before `t`.
    fn until(self, run: &UnitRun, t: Cycle) -> Moved {
        let all = u128::from((run.busy_until - run.start).max(1));
        let so_far = u128::from(t.min(run.busy_until) - run.start);
        let of = |bytes: Bytes| (u128::from(bytes) * so_far / all) as Bytes;
        Moved { read: of(self.read), written: of(self.written) }
    }
}

impl AddAssign for Done {
    fn add_assign(&mut self, other: Done) {
        self.macs += other.macs;
        self.at_peak += other.at_peak;
    }
}

impl Mul<u64> for Done {
    type Output = Done;
    fn mul(self, times: u64) -> Done {
        Done { macs: self.macs * times, at_peak: self.at_peak * times as f64 }
    }
}

impl AddAssign for Moved {
    fn add_assign(&mut self, other: Moved) {
        self.read += other.read;
        self.written += other.written;
    }
}

impl Mul<u64> for Moved {
    type Output = Moved;
    fn mul(self, times: u64) -> Moved {
        Moved { read: self.read * times, written: self.written * times }
    }
}
