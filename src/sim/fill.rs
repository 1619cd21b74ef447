//! How full the memories on the chip are in any cycle of a run.

use crate::base::{Bytes, Cycle};
use crate::isa::{
    Buffer, BufferId, Instruction, Program, Space, SumMode, Unit, VectorSource, VectorStep, Work,
};
use crate::trace::{Lane, PassRun, Sums, Trace, UnitRun};

/// What a matrix unit and the unified buffer of its core hold: the structure of a run is gone through once, each cycle then is found
/// about as fast as one run.
#[derive(Clone, Debug)]
pub struct Fill {
    unit: usize,
    core: u32,
    held: Holdings,
    /// Of the unit's passes: accumulator rows that they begin with.
    begun: Sums<u64>,
    /// Of the core's vector unit: rows of the unit's accumulators that it has read.
    read: Option<Sums<u64>>,
}

impl Fill {
    /// Of a matrix unit that there is.
    pub fn new(program: &Program, trace: &Trace, unit: usize, core: u32) -> Fill {
        Fill {
            unit,
            core,
            held: Holdings::new(program, trace),
            begun: rows_begun(program, trace.passes.get(unit).unwrap_or(&Lane::default())),
            read: trace
                .lane(Unit::Vector(core))
                .map(|lane| rows_read(program, lane, &|of| of as usize == unit)),
        }
    }

    /// Whose it is.
    pub fn unit(&self) -> usize {
        self.unit
    }

    /// Bytes of the core's unified buffer that hold something in a cycle, as [`super::Course::bytes_at`] counts them.
    pub fn bytes_at(&self, time: Cycle) -> Bytes {
        self.held.bytes_at(time, &|space| space == Space::Unified(self.core))
    }

    /// Rows of the unit's accumulators that hold sums in a cycle, as [`super::Course::rows_at`] counts them. The trace must be that
    /// of before.
    pub fn rows_at(&self, trace: &Trace, time: Cycle) -> u64 {
        let Some(passes) = trace.passes.get(self.unit) else { return 0 };
        let lane = trace.lane(Unit::Vector(self.core)).zip(self.read.as_ref());
        let read = lane.map_or(0, |(lane, sums)| read_by(lane, sums, time));
        begun_by(passes, &self.begun, time).saturating_sub(read)
    }
}

/// When each buffer on the chip is first and last touched, in the order of their places.
#[derive(Clone, Debug)]
pub(super) struct Holdings(Vec<Held>);

/// Room in a unified buffer that a tensor, or blocks of it, have from one cycle to another.
#[derive(Clone, Copy, Debug)]
struct Held {
    from: Cycle,
    to: Cycle,
    /// Which unified buffer, and the first byte there and the one behind the last.
    place: (Space, Bytes, Bytes),
}

impl Holdings {
    /// Of a whole run.
    pub(super) fn new(program: &Program, trace: &Trace) -> Holdings {
        let mut all: Vec<Option<(Cycle, Cycle)>> = vec![None; program.buffers.len()];
        let mut touch = |instruction: &Instruction, from: Cycle, to: Cycle| {
            each_buffer(instruction, &mut |buffer: BufferId| {
                let life = all[buffer.index()].get_or_insert((from, to));
                *life = (life.0.min(from), life.1.max(to));
            });
        };
        for lane in &trace.passes {
            lane.for_each_kind(&mut |run, _, last| {
                touch(&program.instructions[run.instruction], run.start, last.stream_end);
            });
        }
        for (_, lane) in &trace.units {
            lane.for_each_kind(&mut |run, _, last| {
                touch(&program.instructions[run.instruction], run.start, last.busy_until);
            });
        }
        let buffers = program.buffers.iter().zip(all);
        let on_chip = buffers.filter(|((_, buffer), _)| buffer.space != Space::Dram);
        let room = |((_, buffer), life): ((BufferId, &Buffer), Option<(Cycle, Cycle)>)| {
            let place = (buffer.space, buffer.address, buffer.address + buffer.held_bytes);
            life.map(|(from, to)| Held { from, to, place })
        };
        let mut all: Vec<Held> = on_chip.filter_map(room).collect();
        all.sort_by_key(|held| held.place);
        Holdings(all)
    }

    /// When something changes.
    pub(super) fn edges(&self) -> impl Iterator<Item = Cycle> {
        self.0.iter().flat_map(|held| [held.from, held.to])
    }

    /// Bytes of some unified buffers that hold something in a cycle: room counts from the first touch of what lies there to the last,
    /// in a repeat from its first iteration to its last; what has the same place counts once.
    pub(super) fn bytes_at(&self, time: Cycle, are: &dyn Fn(Space) -> bool) -> Bytes {
        let there = self.0.iter().filter(|held| (held.from..held.to).contains(&time) && are(held.place.0));
        let (mut sum, mut covered) = (0, None);
        for Held { place: (space, from, to), .. } in there {
            let until = covered.filter(|(of, _)| of == space).map_or(0, |(_, until)| until);
            sum += to.saturating_sub(until.max(*from));
            covered = Some((*space, until.max(*to)));
        }
        sum
    }
}

/// Accumulator rows that passes are the first to write.
pub(super) fn rows_begun(program: &Program, lane: &Lane<PassRun>) -> Sums<u64> {
    lane.sums(|run| match &program.instructions[run.instruction].work {
        Work::Multiply { streamed, sums, .. } if sums.mode == SumMode::Begin => streamed.rows() as u64,
        Work::Contract { activations, sums, .. } if sums.mode == SumMode::Begin => activations.rows() as u64,
        _ => 0,
    })
}

/// How many of them have been begun by a cycle.
pub(super) fn begun_by(lane: &Lane<PassRun>, rows: &Sums<u64>, time: Cycle) -> u64 {
    lane.sum_of_first(lane.come(time, |run| run.start), rows)
}

/// Accumulator rows, of some matrix units, that vector work reads, for the last time.
pub(super) fn rows_read(program: &Program, lane: &Lane<UnitRun>, of: &dyn Fn(u32) -> bool) -> Sums<u64> {
    lane.sums(|run| match &program.instructions[run.instruction].work {
        Work::Vector { source: VectorSource::Accumulators { unit, rows, .. }, .. } if of(*unit) => {
            *rows as u64
        }
        _ => 0,
    })
}

/// How many of them have been read by a cycle.
pub(super) fn read_by(lane: &Lane<UnitRun>, rows: &Sums<u64>, time: Cycle) -> u64 {
    lane.sum_of_first(lane.come(time, |run| run.busy_until), rows)
}

/// Every buffer that an instruction reads or writes.
fn each_buffer(instruction: &Instruction, each: &mut dyn FnMut(BufferId)) {
    match &instruction.work {
        Work::Copy { from, to, .. } => [from, to].into_iter().for_each(|window| each(window.buffer)),
        Work::Fetch { tile, .. } => each(tile.buffer()),
        Work::Load => {}
        Work::Multiply { streamed, .. } => each(streamed.buffer()),
        Work::Contract { activations, weights, .. } => {
            each(activations.buffer());
            each(weights.buffer);
        }
        Work::Vector { source, steps, target } => {
            match source {
                VectorSource::Accumulators { .. } => {}
                VectorSource::Buffer(window) => each(window.buffer),
                VectorSource::Patches(patches, _) => each(patches.buffer),
            }
            steps.iter().flat_map(VectorStep::elements).for_each(|window| each(window.buffer));
            each(target.buffer);
        }
    }
}
