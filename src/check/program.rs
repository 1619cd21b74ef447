//! A program, touch by touch.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::access::{self, Origin, Touch};
use super::grain::Grains;
use super::known::{Knowledge, Known, Start};
use super::stuck;
use crate::base::Bytes;
use crate::chip::Chip;
use crate::isa::{
    Assembly, Buffer, BufferId, Factor, InstructionId, Iteration, MOST_DEPTH, Node, Program, Space, SumMode,
    Work,
};

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checked {
    /// The first faults, at most [`Limit::FAULTS`]: one of an instruction.
    pub faults: Vec<Fault>,
    /// How many instructions were gone through, with all loops unrolled.
    pub instructions: u64,
    /// Whether these are all.
    pub whole: bool,
}

/// What is not gone through.
pub struct Limit;

impl Limit {
    /// Most faults that are told.
    pub const FAULTS: usize = 20;
    /// Most touches: of grains, as elements that are always touched together are called.
    pub const TOUCHES: u64 = 1 << 24;
    /// Most grains of all buffers.
    pub const GRAINS: u64 = 1 << 22;
    /// Most numbers that knowledge is made of, over all instructions.
    pub const KNOWN: u64 = 1 << 26;
}

/// Something that must not be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What.
    pub kind: FaultKind,
    /// Whose fault it is; of an output, nobody's.
    pub instruction: Option<InstructionId>,
    /// With whom it collides.
    pub other: Option<InstructionId>,
    /// The place: an element of a buffer.
    pub element: Option<(BufferId, u64)>,
    /// Or a row of a matrix unit's accumulators.
    pub row: Option<(u32, usize)>,
}

/// Kinds of faults, as in the table of [`super`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// Read, and nothing writes it before.
    Unwritten,
    /// Used, and what it waits for does not say that the other is done.
    Early,
    /// Written with another value.
    Replaced,
    /// Written where another buffer's elements are still needed.
    Shared(BufferId),
    /// So many bytes may have to be kept.
    Overfull(Bytes),
    /// An output's element is never written.
    Missing,
    /// It is written again.
    Twice,
    /// It never starts.
    Stuck,
}

impl Fault {
    /// In words; `name` is how an instruction is called.
    pub fn message(&self, program: &Program, name: &dyn Fn(InstructionId) -> String) -> String {
        let other = self.other.map_or_else(|| "nothing".to_owned(), name);
        let place = match (self.element, self.row) {
            (Some((buffer, at)), _) => format!("element {at} of {}", called(&program.buffers[buffer])),
            (None, Some((unit, row))) => format!("row {row} of the accumulators of matrix unit {unit}"),
            (None, None) => String::new(),
        };
        match self.kind {
            FaultKind::Unwritten => format!("{place} is read, and nothing writes it before"),
            FaultKind::Early => format!("{place} is used here before {other} is known to be done with it"),
            FaultKind::Replaced => format!("{place} is written here with another value than {other} wrote"),
            FaultKind::Shared(buffer) => {
                let its = called(&program.buffers[buffer]);
                format!("{place} is in the place of {its}, which {other} uses")
            }
            FaultKind::Overfull(bytes) => {
                let held = self.element.map_or(0, |(buffer, _)| program.buffers[buffer].held_bytes);
                format!("{place} comes where up to {bytes} bytes must be kept, and the buffer holds {held}")
            }
            FaultKind::Missing => format!("{place} is an output, and nothing writes it"),
            FaultKind::Twice => format!("{place} is an output, and is written here again after {other}"),
            FaultKind::Stuck => format!("this never starts: {other} never lets it"),
        }
    }

    /// How to mend it.
    pub fn hint(&self) -> &'static str {
        match self.kind {
            FaultKind::Unwritten => "copy it there, or work it out, above",
            FaultKind::Early => "let it `wait` for an event that the other instruction signals",
            FaultKind::Replaced => {
                "a buffer's elements are those of one tensor: declare it as large as all that passes through it, and say what it `holds`"
            }
            FaultKind::Shared(_) => "wait until that is done, or give one of them another place",
            FaultKind::Overfull(_) => "wait for more of what reads it, or let it hold more",
            FaultKind::Missing => "write every element of an output",
            FaultKind::Twice => "write every element of an output once",
            FaultKind::Stuck => "give the chip deeper queues, or let fetches stand nearer to their loads",
        }
    }
}

impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            FaultKind::Unwritten => "unwritten",
            FaultKind::Early => "early",
            FaultKind::Replaced => "replaced",
            FaultKind::Shared(_) => "shared",
            FaultKind::Overfull(_) => "overfull",
            FaultKind::Missing => "missing",
            FaultKind::Twice => "twice",
            FaultKind::Stuck => "stuck",
        })
    }
}

/// Checks a verified program.
pub fn check_program(assembly: &Assembly, chip: &Chip) -> Checked {
    let program = &assembly.program;
    let grains = Grains::new(program);
    let buffers = program.buffers.iter();
    let all = buffers.fold(0u64, |sum, (id, buffer)| sum.saturating_add(grains.count(id, buffer)));
    if all > Limit::GRAINS {
        return Checked::default();
    }
    if let Some(fault) = stuck::find(program, chip) {
        return Checked { faults: vec![fault], instructions: 0, whole: false };
    }
    let mut checker = Checker::new(assembly, chip, &grains);
    checker.nodes(&program.body);
    checker.finish()
}

/// An instruction that was gone through.
#[derive(Clone, Copy)]
struct Done {
    id: InstructionId,
    unit: usize,
    number: u32,
}

/// Number of an instruction along the program, from 0.
type Nth = u32;

/// A grain of a buffer.
#[derive(Clone, Copy)]
struct Cell {
    /// Who wrote it last.
    by: Writer,
    /// Of a buffer that holds less than all: what becomes of this value.
    life: u32,
}

#[derive(Clone, Copy)]
enum Writer {
    Nobody,
    /// It is there before the first cycle.
    Given,
    Done(Nth, Origin),
}

/// From when to when a value is kept.
struct Life {
    /// Of which grain.
    at: usize,
    write: Nth,
    last: Nth,
    /// By unit: its last touch.
    uses: Vec<(usize, Nth)>,
}

/// A buffer's use so far.
#[derive(Default)]
struct Use {
    cells: Vec<Cell>,
    /// By unit: its last touch.
    latest: BTreeMap<usize, Nth>,
    /// The last write to another buffer in its place.
    taken: Option<(Nth, BufferId)>,
    lives: Vec<Life>,
    /// Who wrote to it, and what was known then; for buffers that hold less than all.
    writes: Vec<(Nth, Known)>,
    /// Packed tiles that were fetched from it, by first element, rows and columns, and their bytes.
    packed: BTreeSet<(u64, [usize; 2])>,
    packed_bytes: Bytes,
}

/// A row of sums.
#[derive(Clone, Default)]
struct SumsRow {
    pass: Option<Nth>,
    cols: usize,
    reads: BTreeMap<usize, Nth>,
}

struct Checker<'a> {
    assembly: &'a Assembly,
    grains: &'a Grains,
    knowledge: Knowledge,
    iteration: Iteration,
    depth: usize,
    done: Vec<Done>,
    buffers: Vec<Use>,
    /// By memory's place in the list: buffers that are in use, or may be.
    active: Vec<BufferId>,
    sums: BTreeMap<(u32, usize), SumsRow>,
    faults: Vec<Fault>,
    touches: u64,
    known: u64,
    stopped: bool,
}

impl<'a> Checker<'a> {
    fn new(assembly: &'a Assembly, chip: &Chip, grains: &'a Grains) -> Checker<'a> {
        let program = &assembly.program;
        let cells = |(id, buffer): (BufferId, &Buffer)| {
            let by = if assembly.inputs.contains_key(&id) { Writer::Given } else { Writer::Nobody };
            Use { cells: vec![Cell { by, life: 0 }; grains.count(id, buffer) as usize], ..Use::default() }
        };
        Checker {
            assembly,
            grains,
            knowledge: Knowledge::new(program, chip.weight_fifo_tiles),
            iteration: [0; MOST_DEPTH],
            depth: 0,
            done: Vec::new(),
            buffers: program.buffers.iter().map(cells).collect(),
            active: Vec::new(),
            sums: BTreeMap::new(),
            faults: Vec::new(),
            touches: 0,
            known: 0,
            stopped: false,
        }
    }

    fn buffer(&self, id: BufferId) -> &'a Buffer {
        &self.assembly.program.buffers[id]
    }

    fn nodes(&mut self, nodes: &[Node]) {
        for node in nodes {
            match node {
                _ if self.stopped => return,
                Node::Do(id) => self.instruction(*id),
                Node::Repeat(id) => {
                    let looped = &self.assembly.program.loops[*id];
                    self.knowledge.enter_loop();
                    self.depth += 1;
                    for at in 0..looped.count {
                        self.iteration[self.depth - 1] = at;
                        self.nodes(&looped.body);
                    }
                    self.depth -= 1;
                    self.iteration[self.depth] = 0;
                    self.knowledge.leave_loop();
                }
            }
        }
    }

    fn instruction(&mut self, id: InstructionId) {
        let instruction = &self.assembly.program.instructions[id];
        self.touches = self.touches.saturating_add(access::count(instruction, self.grains));
        self.known += self.knowledge.units().len() as u64 * (2 + instruction.waits.len() as u64);
        self.stopped = self.touches > Limit::TOUCHES
            || self.known > Limit::KNOWN
            || self.faults.len() >= Limit::FAULTS
            || self.done.len() >= Nth::MAX as usize - 1;
        if self.stopped {
            return;
        }
        let start = self.knowledge.start(instruction);
        let nth = self.done.len() as Nth;
        self.done.push(Done { id, unit: start.unit, number: start.number });
        let faults = self.faults.len();
        let iteration = self.iteration;
        access::each(instruction, (&iteration, self.grains), u64::from(nth), &mut |touch| {
            if self.faults.len() == faults {
                self.touch(touch, nth, &start);
            }
        });
    }

    fn fault(&mut self, kind: FaultKind, nth: Nth, other: Option<Nth>, (id, at): (BufferId, usize)) {
        let element = Some((id, at as u64 * self.grains.of(id)));
        self.push(Fault { element, ..self.between(kind, nth, other) });
    }

    fn fault_of_sums(&mut self, kind: FaultKind, nth: Nth, other: Option<Nth>, row: (u32, usize)) {
        self.push(Fault { row: Some(row), ..self.between(kind, nth, other) });
    }

    fn between(&self, kind: FaultKind, nth: Nth, other: Option<Nth>) -> Fault {
        let of = |nth: Nth| self.done[nth as usize].id;
        Fault { kind, instruction: Some(of(nth)), other: other.map(of), element: None, row: None }
    }

    /// The same in another iteration is not worth a word.
    fn push(&mut self, fault: Fault) {
        let same = |known: &Fault| {
            (known.instruction, known.kind, known.other) == (fault.instruction, fault.kind, fault.other)
        };
        if !self.faults.iter().any(same) {
            self.faults.push(fault);
        }
    }

    /// Whether an instruction is known to be complete.
    fn is_complete(&self, nth: Nth, start: &Start) -> bool {
        let done = &self.done[nth as usize];
        start.known[done.unit] > done.number
    }

    /// Whether what it reads has been read, and what it writes comes before what is written now.
    fn is_past(&self, nth: Nth, start: &Start) -> bool {
        self.done[nth as usize].unit == start.unit || self.is_complete(nth, start)
    }

    fn touch(&mut self, touch: Touch, nth: Nth, start: &Start) {
        match touch {
            Touch::Read(buffer, at) => self.read(buffer, at as usize, nth, start),
            Touch::Write(buffer, at, origin) => self.write(buffer, at as usize, origin, nth, start),
            Touch::ReadSums { unit, row, cols } => self.read_sums((unit, row), cols, nth, start),
            Touch::WriteSums { unit, row, cols, mode } => {
                self.write_sums((unit, row), cols, mode, nth, start)
            }
        }
    }

    fn read(&mut self, id: BufferId, at: usize, nth: Nth, start: &Start) {
        let cell = self.buffers[id.index()].cells[at];
        let write = match cell.by {
            Writer::Nobody => return self.fault(FaultKind::Unwritten, nth, None, (id, at)),
            Writer::Given => match self.lacks(id, nth) {
                Some(bytes) => return self.fault(FaultKind::Overfull(bytes), nth, None, (id, at)),
                None => None,
            },
            Writer::Done(write, _) => Some(write),
        };
        let used = &self.buffers[id.index()];
        if let Some(write) = write.filter(|write| !self.is_complete(*write, start)) {
            return self.fault(FaultKind::Early, nth, Some(write), (id, at));
        }
        if let Some((taken, by)) = used.taken.filter(|(taken, _)| write.is_none_or(|write| *taken > write)) {
            return self.fault(FaultKind::Shared(by), nth, Some(taken), (id, at));
        }
        self.note(id, cell, nth, start.unit);
    }

    /// Bytes that a buffer which is there before the first cycle would have to hold for an instruction to read from it, if that is more
    /// than it does: all its elements, or the packed tiles so far.
    fn lacks(&mut self, id: BufferId, nth: Nth) -> Option<Bytes> {
        let buffer = self.buffer(id);
        if !is_partial(buffer) {
            return None;
        }
        let program = &self.assembly.program;
        let Work::Fetch { tile: Factor::Window(tile), packed: packed @ Some(_) } =
            &program.instructions[self.done[nth as usize].id].work
        else {
            return Some(buffer.len * buffer.dtype.bytes() as Bytes);
        };
        let first = tile.in_iteration(&self.iteration).offset;
        let used = &mut self.buffers[id.index()];
        if used.packed.insert((first, [tile.rows, tile.cols])) {
            used.packed_bytes += program.stored_bytes(&Factor::Window(*tile), *packed);
        }
        (used.packed_bytes > buffer.held_bytes).then_some(used.packed_bytes)
    }

    /// A value is used.
    fn note(&mut self, id: BufferId, cell: Cell, nth: Nth, unit: usize) {
        let used = &mut self.buffers[id.index()];
        if used.latest.insert(unit, nth).is_none() && !self.active.contains(&id) {
            self.active.push(id);
        }
        let Some(life) = used.lives.get_mut(cell.life as usize) else { return };
        life.last = nth;
        match life.uses.iter_mut().find(|(of, _)| *of == unit) {
            Some((_, last)) => *last = nth,
            None => life.uses.push((unit, nth)),
        }
    }

    fn write(&mut self, id: BufferId, at: usize, origin: Origin, nth: Nth, start: &Start) {
        let before = self.buffers[id.index()].cells[at].by;
        match before {
            Writer::Given => return self.fault(FaultKind::Replaced, nth, None, (id, at)),
            Writer::Done(write, _) if self.assembly.outputs.contains(&id) => {
                return self.fault(FaultKind::Twice, nth, Some(write), (id, at));
            }
            Writer::Done(write, known) if known != origin => {
                return self.fault(FaultKind::Replaced, nth, Some(write), (id, at));
            }
            Writer::Done(..) | Writer::Nobody => {}
        }
        if !self.takes_place(id, at, nth, start) {
            return;
        }
        let buffer = self.buffer(id);
        let used = &mut self.buffers[id.index()];
        let mut cell = Cell { by: Writer::Done(nth, origin), life: 0 };
        if is_partial(buffer) {
            cell.life = used.lives.len() as u32;
            used.lives.push(Life { at, write: nth, last: nth, uses: Vec::new() });
            if used.writes.last().is_none_or(|(last, _)| *last != nth) {
                used.writes.push((nth, start.known.clone()));
            }
        }
        used.cells[at] = cell;
        self.note(id, cell, nth, start.unit);
    }

    /// Whether no other buffer's elements are in the way. Those that were there are gone.
    fn takes_place(&mut self, id: BufferId, at: usize, nth: Nth, start: &Start) -> bool {
        if self.buffers[id.index()].latest.get(&start.unit) == Some(&nth) {
            return true; // this instruction has been asked
        }
        let buffer = self.buffer(id);
        let others: Vec<BufferId> = self
            .active
            .iter()
            .copied()
            .filter(|other| *other != id && shares(buffer, self.buffer(*other)))
            .collect();
        for other in others {
            let latest = self.buffers[other.index()].latest.values().copied();
            let last = latest.filter(|last| !self.is_past(*last, start)).max();
            if let Some(last) = last {
                self.fault(FaultKind::Shared(other), nth, Some(last), (id, at));
                return false;
            }
            let used = &mut self.buffers[other.index()];
            used.taken = Some((nth, id));
            let (mine, its) = (buffer, &self.assembly.program.buffers[other]);
            let whole =
                mine.address <= its.address && its.address + its.held_bytes <= mine.address + mine.held_bytes;
            if whole {
                // Whoever is in its way now is in this one's.
                used.latest.clear();
                self.active.retain(|active| *active != other);
            }
        }
        true
    }

    fn read_sums(&mut self, place: (u32, usize), cols: usize, nth: Nth, start: &Start) {
        let row = self.sums.entry(place).or_default();
        let pass = row.pass.filter(|_| cols <= row.cols);
        row.reads.insert(start.unit, nth);
        match pass {
            None => self.fault_of_sums(FaultKind::Unwritten, nth, None, place),
            Some(pass) if !self.is_complete(pass, start) => {
                self.fault_of_sums(FaultKind::Early, nth, Some(pass), place);
            }
            Some(_) => {}
        }
    }

    fn write_sums(&mut self, place: (u32, usize), cols: usize, mode: SumMode, nth: Nth, start: &Start) {
        let row = self.sums.entry(place).or_default();
        let reads: Vec<Nth> = std::mem::take(&mut row.reads).into_values().collect();
        let adds_to_nothing = mode == SumMode::Add && (row.pass.is_none() || row.cols != cols);
        (row.pass, row.cols) = (Some(nth), cols);
        if adds_to_nothing {
            return self.fault_of_sums(FaultKind::Unwritten, nth, None, place);
        }
        if let Some(read) = reads.into_iter().find(|read| !self.is_complete(*read, start)) {
            self.fault_of_sums(FaultKind::Early, nth, Some(read), place);
        }
    }

    fn finish(mut self) -> Checked {
        for id in self.assembly.program.buffers.ids() {
            self.room(id);
        }
        if !self.stopped && self.faults.is_empty() {
            self.outputs();
        }
        self.faults.truncate(Limit::FAULTS);
        Checked { faults: self.faults, instructions: self.done.len() as u64, whole: !self.stopped }
    }

    /// Whether a buffer that holds less than all has room with each write: for what is written, for what is used later, and for
    /// what is not known to be done with.
    fn room(&mut self, id: BufferId) {
        let used = &mut self.buffers[id.index()];
        let (lives, writes) = (std::mem::take(&mut used.lives), std::mem::take(&mut used.writes));
        let buffer = self.buffer(id);
        // By unit that writes: what was alive as it wrote last, and how many had begun.
        let mut alive: BTreeMap<usize, (Vec<usize>, usize)> = BTreeMap::new();
        let mut begun = 0;
        for (nth, known) in writes {
            while lives.get(begun).is_some_and(|life| life.write <= nth) {
                begun += 1;
            }
            let unit = self.done[nth as usize].unit;
            let start = Start { unit, number: 0, known };
            let (mine, seen) = alive.entry(unit).or_default();
            mine.extend(*seen..begun);
            *seen = begun;
            mine.retain(|at| {
                let life = &lives[*at];
                let past = || life.uses.iter().all(|(_, last)| self.is_past(*last, &start));
                life.last >= nth || !past()
            });
            let bytes = mine.len() as u64 * self.grains.of(id) * buffer.dtype.bytes() as Bytes;
            if bytes > buffer.held_bytes {
                return self.fault(FaultKind::Overfull(bytes), nth, None, (id, lives[begun - 1].at));
            }
        }
    }

    fn outputs(&mut self) {
        for id in &self.assembly.outputs {
            let cells = &self.buffers[id.index()].cells;
            if let Some(at) = cells.iter().position(|cell| matches!(cell.by, Writer::Nobody)) {
                let element = Some((*id, at as u64 * self.grains.of(*id)));
                let kind = FaultKind::Missing;
                self.faults.push(Fault { kind, instruction: None, other: None, element, row: None });
            }
        }
    }
}

/// A buffer for people: many have the same name in several memories.
fn called(buffer: &Buffer) -> String {
    match buffer.space {
        Space::Dram => format!("`{}` in DRAM", buffer.name),
        Space::Unified(core) => format!("`{}` in unified buffer {core}", buffer.name),
    }
}

/// Whether a buffer's elements have not all a place of their own.
fn is_partial(buffer: &Buffer) -> bool {
    buffer.held_bytes < buffer.len as Bytes * buffer.dtype.bytes() as Bytes
}

fn shares(one: &Buffer, other: &Buffer) -> bool {
    one.space == other.space
        && one.address < other.address + other.held_bytes
        && other.address < one.address + one.held_bytes
}
