//! A run counted: where the cycles of its matrix units went, what moved, when each operator ran.

use litemap::LiteMap;

use super::clock::bus_bytes;
use super::pass::{self, Shape};
use crate::base::{Bytes, Cycle, insert_by_key};
use crate::chip::{Chip, Dataflow, Stationary};
use crate::isa::{
    BufferId, Instruction, Program, ProgramOpId, RowsAre, Space, Unit, VectorSource, VectorStep, Window, Work,
};
use crate::timing::movement::{self, Moves, Path, Role};
use crate::timing::{self, Stream};
use crate::trace::{Class, Classes, Lane, PassRun, Trace, UnitRun};

/// Sums over a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tally {
    /// Of all matrix units: adds up to cycles x matrix units.
    pub classes: Classes,
    /// By operator of the program; their classes add up to the totals.
    pub ops: Vec<OpTally>,
    /// MACs that the arrays had room for while rows were entering: R x C a row.
    pub mac_slots: u64,
    /// What moved, and how much of it was padding.
    pub moves: Moves,
    /// By unit that had work, as data goes through the chip: cycles in which it was busy; of a matrix unit, in which rows
    /// were entering.
    pub busy: Vec<(Unit, Cycle)>,
}

/// One operator's part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpTally {
    /// Cycles of matrix units whose next row is its, or after whose last row none came.
    pub classes: Classes,
    /// Begin of its first instruction.
    pub start: Cycle,
    /// Its last event.
    pub end: Cycle,
    /// MACs that the arrays had room for while its rows were entering.
    pub mac_slots: u64,
    /// What moved for it.
    pub moves: Moves,
}

impl OpTally {
    /// Bytes that it read from DRAM, and wrote there.
    pub fn dram_bytes(&self) -> (Bytes, Bytes) {
        dram_bytes(&self.moves)
    }
}

/// Bytes read from DRAM, and written to it.
fn dram_bytes(moves: &Moves) -> (Bytes, Bytes) {
    let sum = |path| Role::ALL.iter().map(|role| moves.all.of(*role, path)).sum();
    (sum(Path::DramReads), sum(Path::DramWrites))
}

/// Counts a run.
pub fn tally(program: &Program, chip: &Chip, trace: &Trace) -> Tally {
    let none = OpTally {
        classes: Classes::default(),
        start: Cycle::MAX,
        end: 0,
        mac_slots: 0,
        moves: Moves::default(),
    };
    let mut tally = Tally {
        classes: Classes::default(),
        ops: vec![none; program.ops.len()],
        mac_slots: 0,
        moves: Moves::default(),
        busy: Vec::new(),
    };
    // What moves for an instruction is the same each time.
    let mut times = vec![0; program.instructions.len()];
    for (lane, unit) in trace.passes.iter().zip(0..) {
        let (loads, streams) = tally.passes(program, chip, trace.cycles, lane, &mut times);
        if !lane.is_empty() && chip.dataflow.stationary() == Stationary::Weights {
            tally.add_unit(Unit::Load(unit), loads);
        }
        tally.add_unit(Unit::Matrix(unit), streams);
    }
    for (unit, lane) in &trace.units {
        let busy = tally.work(program, lane, &mut times);
        tally.add_unit(*unit, busy);
    }
    tally.movement(program, chip, &times);
    for op in &mut tally.ops {
        // What an array holds and what it streams are each other's where the product is transposed.
        if chip.dataflow == Dataflow::InputStationary {
            op.moves = op.moves.transposed();
        }
        tally.classes += op.classes;
        tally.moves += op.moves;
        tally.mac_slots += op.mac_slots;
    }
    tally
}

impl Tally {
    fn add_unit(&mut self, unit: Unit, busy: Cycle) {
        insert_by_key(&mut self.busy, (unit, busy), |(unit, _)| unit.on_the_way());
    }

    /// Bytes read from DRAM, and written to it.
    pub fn dram_bytes(&self) -> (Bytes, Bytes) {
        dram_bytes(&self.moves)
    }

    /// Counts a matrix unit's passes, and by instruction how often it ran; returns how long it loaded weights, and how long
    /// rows were entering.
    fn passes(
        &mut self,
        program: &Program,
        chip: &Chip,
        cycles: Cycle,
        lane: &Lane<PassRun>,
        ran: &mut [u64],
    ) -> (Cycle, Cycle) {
        let mut streams = 0;
        lane.for_each_kind(&mut |pass, times, last| {
            let op = &mut self.ops[program.instructions[pass.instruction].op.index()];
            op.classes += pass.classes * times;
            streams += (pass.stream_end - pass.start) * times;
            (op.start, op.end) = (op.start.min(pass.load), op.end.max(last.event));
            ran[pass.instruction.index()] += times;
        });
        let (owner, stream_end, event) = match lane.last() {
            Some(pass) => (Some(program.instructions[pass.instruction].op), pass.stream_end, pass.event),
            None => (program.ops.ids().last(), 0, 0),
        };
        if let Some(owner) = owner {
            let classes = &mut self.ops[ProgramOpId::index(owner)].classes;
            classes.count(Class::FillDrain, event - stream_end);
            classes.count(Class::NonMatrix, cycles - event);
        }
        (lane.len() * timing::sides(chip).load_end(0), streams)
    }

    /// Counts any other unit's work, and by instruction how often it ran; returns how long it was busy.
    fn work(&mut self, program: &Program, lane: &Lane<UnitRun>, ran: &mut [u64]) -> Cycle {
        let mut busy = 0;
        lane.for_each_kind(&mut |run, times, last| {
            let op = &mut self.ops[program.instructions[run.instruction].op.index()];
            (op.start, op.end) = (op.start.min(run.start), op.end.max(last.event));
            busy += (run.busy_until - run.start) * times;
            ran[run.instruction.index()] += times;
        });
        busy
    }

    /// Counts what moved for instructions that ran so many times.
    fn movement(&mut self, program: &Program, chip: &Chip, ran: &[u64]) {
        let roles = Roles::new(program);
        for ((_, instruction), times) in program.instructions.iter().zip(ran).filter(|(_, times)| **times > 0)
        {
            let moved = match instruction.unit {
                Unit::Matrix(_) => {
                    let Shape { steps, rate, part, .. } = pass::shape(program, chip, instruction);
                    self.ops[instruction.op.index()].mac_slots += steps as u64 * chip.pes() * times;
                    let stream = Stream { start: 0, length: steps, rate };
                    movement::of_pass(timing::sides(chip), chip.dataflow.stationary(), &stream, part)
                }
                _ => moves(program, chip, &roles, instruction),
            };
            self.ops[instruction.op.index()].moves += moved * *times;
        }
    }
}

/// What moves for an instruction of a unit other than matrix and load. Padding is what the bus moves beyond what was asked
/// for: whole bursts of a gather, and tiles that lie in DRAM padded.
fn moves(program: &Program, chip: &Chip, roles: &Roles, instruction: &Instruction) -> Moves {
    let mut moves = Moves::default();
    let in_dram = |window: &Window| program.buffers[window.buffer].space == Space::Dram;
    let words = |window: &Window| window.elements() as u64;
    let role = |window: &Window| roles.of(instruction.op, window.buffer);
    let all = &mut moves.all;
    match &instruction.work {
        Work::Copy { from, to, rows } => {
            let mut bus = |role, path| {
                let bytes = bus_bytes(program, chip, instruction);
                all.count(role, path, bytes);
                // A row that repeats an element moves fewer bytes than it has.
                moves.padding.count(role, path, bytes.saturating_sub(program.bytes(from)));
            };
            if in_dram(from) {
                bus(role(to), Path::DramReads);
            }
            if in_dram(to) {
                bus(role(from), Path::DramWrites);
            }
            if !in_dram(from) {
                all.count(role(from), Path::BufferReads, words(from));
            }
            if !in_dram(to) {
                all.count(role(to), Path::BufferWrites, words(to));
            }
            if let RowsAre::Chosen { places, .. } = rows {
                all.count(Role::Vectors, Path::BufferReads, words(places));
            }
        }
        Work::Fetch { tile, packed } if program.buffers[tile.buffer()].space == Space::Dram => {
            let bytes = bus_bytes(program, chip, instruction);
            all.count(Role::Weights, Path::DramReads, bytes);
            moves.padding.count(Role::Weights, Path::DramReads, bytes - program.stored_bytes(tile, *packed));
        }
        Work::Fetch { tile, .. } => all.count(Role::Weights, Path::BufferReads, tile.elements() as u64),
        Work::Vector { source, steps, target } => {
            match source {
                VectorSource::Accumulators { rows, cols, .. } => {
                    all.count(Role::Sums, Path::AccumulatorReads, (rows * cols) as u64);
                }
                VectorSource::Buffer(window) => all.count(Role::Vectors, Path::BufferReads, words(window)),
                VectorSource::Patches(patches, _) => {
                    all.count(Role::Vectors, Path::BufferReads, (patches.rows * patches.cols) as u64);
                }
            }
            for window in steps.iter().flat_map(VectorStep::elements) {
                all.count(Role::Vectors, Path::BufferReads, words(window));
            }
            all.count(Role::Vectors, Path::BufferWrites, words(target));
        }
        Work::Load | Work::Multiply { .. } | Work::Contract { .. } => {}
    }
    moves
}

/// Whose words a buffer holds for an operator, as an array sees them: what it streams are activations, unless sums stay
/// and it is the right operand.
struct Roles(LiteMap<(ProgramOpId, BufferId), Role>);

impl Roles {
    fn new(program: &Program) -> Roles {
        let mut roles = LiteMap::new();
        for (_, instruction) in program.instructions.iter() {
            let mut is = |buffer, role| roles.insert((instruction.op, buffer), role);
            match &instruction.work {
                Work::Multiply { streamed, .. } => {
                    is(streamed.buffer(), Role::Activations);
                }
                Work::Contract { activations, weights, .. } => {
                    is(activations.buffer(), Role::Activations);
                    is(weights.buffer, Role::Weights);
                }
                Work::Fetch { tile, .. } => {
                    is(tile.buffer(), Role::Weights);
                }
                _ => {}
            }
        }
        Roles(roles)
    }

    fn of(&self, op: ProgramOpId, buffer: BufferId) -> Role {
        self.0.get(&(op, buffer)).copied().unwrap_or(Role::Vectors)
    }
}
