//! A program, touch by touch.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use smallvec::SmallVec;

use super::area::{self, Area, Origin, Runs, Source, SumsArea};
use super::grid::Grids;
use super::known::{Knowledge, Known, Start};
use super::stuck::{self, End};
use crate::base::Bytes;
use crate::chip::Chip;
use crate::isa::{
    Assembly, Buffer, BufferId, Factor, InstructionId, Iteration, MOST_DEPTH, Node, Patches, Program, Space,
    SumMode, Work,
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

/// How far a program is gone through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// Most instructions, all loops unrolled.
    pub instructions: usize,
    /// Most touches of cells, as elements that are always touched together are called.
    pub touches: u64,
    /// Most cells of all buffers, and values that pass through buffers which hold less than all.
    pub cells: u64,
    /// Most places of windows that are looked at to find the cells.
    pub places: u64,
}

impl Limit {
    /// What takes a second or two.
    pub const QUICK: Limit =
        Limit { instructions: 1 << 20, touches: 1 << 25, cells: 1 << 21, places: 1 << 23 };
    /// What takes up to a minute, and a gigabyte: networks of many layers.
    pub const WHOLE: Limit =
        Limit { instructions: 1 << 24, touches: 1 << 29, cells: 1 << 23, places: 1 << 28 };
    /// Most faults that are told.
    pub const FAULTS: usize = 20;
    /// Most windows of all instructions, all loops rolled up.
    const AREAS: usize = 1 << 20;
    /// Most numbers, for each cell, that is made of what is known as values are written.
    const KNOWN: u64 = 8;
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

/// Checks a verified program, as far as a limit lets it.
pub fn check_program(assembly: &Assembly, chip: &Chip, limit: Limit) -> Checked {
    let program = &assembly.program;
    let Some(areas) = areas(program) else { return Checked::default() };
    let Some(grids) = Grids::new(program, &areas, limit) else { return Checked::default() };
    let ends = stuck::find(program, chip, limit);
    if let End::Stuck(fault) = ends {
        return Checked { faults: vec![fault], instructions: 0, whole: false };
    }
    let mut checker = Checker::new(assembly, chip, (&areas, &grids), limit);
    checker.nodes(&program.body);
    let checked = checker.finish();
    Checked { whole: checked.whole && matches!(ends, End::Done), ..checked }
}

/// By instruction: all that it touches; nothing if there is too much of it.
fn areas(program: &Program) -> Option<Vec<Vec<Area>>> {
    let mut left = Limit::AREAS;
    let areas = |instruction| {
        let areas = area::areas(instruction)?;
        left = left.checked_sub(areas.len())?;
        Some(areas)
    };
    program.instructions.iter().map(|(_, instruction)| instruction).map(areas).collect()
}

/// An instruction that was gone through.
#[derive(Clone, Copy)]
struct Done {
    id: InstructionId,
    unit: u32,
    number: u32,
}

/// Number of an instruction along the program, from 0.
type Nth = u32;

/// A cell of a buffer.
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
    /// Of which cell.
    at: usize,
    write: Nth,
    last: Nth,
    /// By unit: its last touch.
    uses: SmallVec<[(u32, Nth); 2]>,
}

/// A buffer's use so far.
#[derive(Default)]
struct Use {
    cells: Vec<Cell>,
    /// By unit: its last touch.
    latest: Vec<Option<Nth>>,
    /// Whether it is in use, or may be.
    active: bool,
    /// Whether another buffer has a part of its place.
    shared: bool,
    /// The last write to another buffer in its place.
    taken: Option<(Nth, BufferId)>,
    lives: Vec<Life>,
    /// Who wrote to it, and what was known then; for buffers that hold less than all.
    writes: Vec<(Nth, Known)>,
    /// Packed tiles that were fetched from it, by first element, rows and columns, and their bytes.
    packed: BTreeSet<(u64, [usize; 2])>,
    packed_bytes: Bytes,
}

/// Rows of sums that are always touched together.
#[derive(Clone, Default)]
struct SumsRows {
    pass: Option<Nth>,
    cols: usize,
    /// By unit: its last look since.
    reads: SmallVec<[(usize, Nth); 1]>,
}

/// Some of a matrix unit's sums: their place in the list, and the first row.
#[derive(Clone, Copy)]
struct SumsPlace {
    unit: u32,
    at: usize,
    row: usize,
}

struct Checker<'a> {
    assembly: &'a Assembly,
    limit: Limit,
    /// By instruction.
    areas: &'a [Vec<Area>],
    grids: &'a Grids,
    /// By instruction: about how many cells it touches.
    counts: Vec<u64>,
    knowledge: Knowledge,
    iteration: Iteration,
    depth: usize,
    done: Vec<Done>,
    buffers: Vec<Use>,
    /// By memory: buffers that are active and share their place with others.
    active: BTreeMap<Space, Vec<BufferId>>,
    /// By matrix unit.
    sums: Vec<Vec<SumsRows>>,
    faults: Vec<Fault>,
    touches: u64,
    lives: u64,
    known: u64,
    stopped: bool,
}

impl<'a> Checker<'a> {
    fn new(
        assembly: &'a Assembly,
        chip: &Chip,
        (areas, grids): (&'a [Vec<Area>], &'a Grids),
        limit: Limit,
    ) -> Checker<'a> {
        let program = &assembly.program;
        let knowledge = Knowledge::new(program, chip.weight_fifo_tiles);
        let units = knowledge.units().len();
        let shared = shared(program);
        let count =
            |areas: &Vec<Area>| areas.iter().map(|area| grids.count(area)).fold(0, u64::saturating_add);
        let used = |(id, _): (BufferId, &Buffer)| {
            let by = if assembly.inputs.contains_key(&id) { Writer::Given } else { Writer::Nobody };
            let cells = vec![Cell { by, life: 0 }; grids.of(id).len() as usize];
            Use { cells, latest: vec![None; units], shared: shared[id.index()], ..Use::default() }
        };
        Checker {
            assembly,
            limit,
            areas,
            grids,
            counts: areas.iter().map(count).collect(),
            knowledge,
            iteration: [0; MOST_DEPTH],
            depth: 0,
            done: Vec::new(),
            buffers: program.buffers.iter().map(used).collect(),
            active: BTreeMap::new(),
            sums: grids.sums().map(|segments| vec![SumsRows::default(); segments]).collect(),
            faults: Vec::new(),
            touches: 0,
            lives: 0,
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
                        if self.stopped {
                            break; // four thousand million rounds of nothing take a quarter of a minute
                        }
                    }
                    self.depth -= 1;
                    self.iteration[self.depth] = 0;
                    self.knowledge.leave_loop();
                }
            }
        }
    }

    fn instruction(&mut self, id: InstructionId) {
        let (areas, iteration) = (self.areas, self.iteration);
        let areas = &areas[id.index()];
        self.touches = self.touches.saturating_add(self.counts[id.index()]);
        let Limit { instructions, touches, cells, .. } = self.limit;
        self.stopped = self.touches > touches
            || self.lives > cells
            || self.known > cells * Limit::KNOWN
            || self.faults.len() >= Limit::FAULTS
            || self.done.len() >= instructions;
        if self.stopped {
            return;
        }
        let start = self.knowledge.start(&self.assembly.program.instructions[id]);
        let nth = self.done.len() as Nth;
        self.done.push(Done { id, unit: start.unit as u32, number: start.number });
        let faults = self.faults.len();
        for area in areas {
            if self.faults.len() == faults {
                self.area(area, &iteration, nth, &start);
            }
        }
    }

    fn area(&mut self, area: &Area, iteration: &Iteration, nth: Nth, start: &Start) {
        match area {
            Area::Read(runs) => self.read_runs(&runs.in_iteration(iteration), nth, start),
            Area::ReadPatches(patches) => self.read_patches(&patches.in_iteration(iteration), nth, start),
            Area::Write(runs, source) => self.write_runs(&runs.in_iteration(iteration), source, nth, start),
            Area::ReadSums(area) => {
                self.each_sums(area, |all, place| all.read_sums(place, area.cols, nth, start))
            }
            Area::WriteSums(area, mode) => {
                self.each_sums(area, |all, place| all.write_sums(place, area.cols, *mode, nth, start));
            }
        }
    }

    fn read_runs(&mut self, runs: &Runs, nth: Nth, start: &Start) {
        let (grid, faults) = (self.grids.of(runs.buffer), self.faults.len());
        grid.pieces(runs, &mut |piece| {
            grid.cells(&piece, &mut |cell| {
                if self.faults.len() == faults {
                    self.read(runs.buffer, cell.at, nth, start);
                }
            });
        });
    }

    /// What is not padding.
    fn read_patches(&mut self, patches: &Patches, nth: Nth, start: &Start) {
        let (grid, faults) = (self.grids.of(patches.buffer), self.faults.len());
        grid.patches(patches, &mut |piece| {
            grid.cells(&piece, &mut |cell| {
                if self.faults.len() == faults {
                    self.read(patches.buffer, cell.at, nth, start);
                }
            });
        });
    }

    fn write_runs(&mut self, runs: &Runs, source: &Source, nth: Nth, start: &Start) {
        let (grid, faults, iteration) = (self.grids.of(runs.buffer), self.faults.len(), self.iteration);
        grid.pieces(runs, &mut |piece| {
            grid.cells(&piece, &mut |cell| {
                if self.faults.len() == faults {
                    let origin = source.origin(u64::from(nth), &iteration, cell.first, cell.next);
                    self.write(runs.buffer, cell.at, origin, nth, start);
                }
            });
        });
    }

    /// Segments of sums, until there is a fault: each by its place in the list and its first row.
    fn each_sums(&mut self, area: &SumsArea, mut each: impl FnMut(&mut Self, SumsPlace)) {
        let (grids, faults) = (self.grids, self.faults.len());
        let first = area.place.in_iteration(&self.iteration);
        for (at, row) in grids.rows_of_sums(area.unit, [first, first + area.rows]) {
            if self.faults.len() == faults {
                each(self, SumsPlace { unit: area.unit, at, row });
            }
        }
    }

    fn fault(&mut self, kind: FaultKind, nth: Nth, other: Option<Nth>, (id, at): (BufferId, usize)) {
        let element = Some((id, self.grids.of(id).first(at)));
        self.push(Fault { element, ..self.between(kind, nth, other) });
    }

    fn fault_of_sums(&mut self, kind: FaultKind, nth: Nth, other: Option<Nth>, place: SumsPlace) {
        self.push(Fault { row: Some((place.unit, place.row)), ..self.between(kind, nth, other) });
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
        start.known[done.unit as usize] > done.number
    }

    /// Whether what it reads has been read, and what it writes comes before what is written now.
    fn is_past(&self, nth: Nth, start: &Start) -> bool {
        self.done[nth as usize].unit as usize == start.unit || self.is_complete(nth, start)
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
        used.latest[unit] = Some(nth);
        if used.shared && !used.active {
            used.active = true;
            self.active.entry(self.assembly.program.buffers[id].space).or_default().push(id);
        }
        let Some(life) = used.lives.get_mut(cell.life as usize) else { return };
        life.last = nth;
        match life.uses.iter_mut().find(|(of, _)| *of as usize == unit) {
            Some((_, last)) => *last = nth,
            None => life.uses.push((unit as u32, nth)),
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
            used.lives.push(Life { at, write: nth, last: nth, uses: SmallVec::new() });
            self.lives += 1;
            if used.writes.last().is_none_or(|(last, _)| *last != nth) {
                used.writes.push((nth, start.known.clone()));
                self.known += start.known.len() as u64;
            }
        }
        used.cells[at] = cell;
        self.note(id, cell, nth, start.unit);
    }

    /// Whether no other buffer's elements are in the way. Those that were there are gone.
    fn takes_place(&mut self, id: BufferId, at: usize, nth: Nth, start: &Start) -> bool {
        let used = &self.buffers[id.index()];
        if !used.shared || used.latest[start.unit] == Some(nth) {
            return true; // this instruction has been asked
        }
        let buffer = self.buffer(id);
        let active = self.active.get(&buffer.space).into_iter().flatten().copied();
        let others: SmallVec<[BufferId; 4]> =
            active.filter(|other| *other != id && shares(buffer, self.buffer(*other))).collect();
        for other in others {
            let latest = self.buffers[other.index()].latest.iter().flatten().copied();
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
                used.latest.fill(None);
                used.active = false;
                self.active.entry(buffer.space).and_modify(|all| all.retain(|active| *active != other));
            }
        }
        true
    }

    fn read_sums(&mut self, place: SumsPlace, cols: usize, nth: Nth, start: &Start) {
        let rows = &mut self.sums[place.unit as usize][place.at];
        let pass = rows.pass.filter(|_| cols <= rows.cols);
        match rows.reads.iter_mut().find(|(unit, _)| *unit == start.unit) {
            Some((_, last)) => *last = nth,
            None => rows.reads.push((start.unit, nth)),
        }
        match pass {
            None => self.fault_of_sums(FaultKind::Unwritten, nth, None, place),
            Some(pass) if !self.is_complete(pass, start) => {
                self.fault_of_sums(FaultKind::Early, nth, Some(pass), place);
            }
            Some(_) => {}
        }
    }

    fn write_sums(&mut self, place: SumsPlace, cols: usize, mode: SumMode, nth: Nth, start: &Start) {
        let rows = &mut self.sums[place.unit as usize][place.at];
        let reads = std::mem::take(&mut rows.reads);
        let adds_to_nothing = mode == SumMode::Add && (rows.pass.is_none() || rows.cols != cols);
        (rows.pass, rows.cols) = (Some(nth), cols);
        if adds_to_nothing {
            return self.fault_of_sums(FaultKind::Unwritten, nth, None, place);
        }
        if let Some((_, read)) = reads.into_iter().find(|(_, read)| !self.is_complete(*read, start)) {
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
        let (buffer, grid) = (self.buffer(id), self.grids.of(id));
        // By unit that writes: what was alive as it wrote last, and how many had begun.
        let mut alive: BTreeMap<usize, (Vec<usize>, usize)> = BTreeMap::new();
        let mut begun = 0;
        for (nth, known) in writes {
            while lives.get(begun).is_some_and(|life| life.write <= nth) {
                begun += 1;
            }
            let unit = self.done[nth as usize].unit as usize;
            let start = Start { unit, number: 0, known };
            let (mine, seen) = alive.entry(unit).or_default();
            mine.extend(*seen..begun);
            *seen = begun;
            mine.retain(|at| {
                let life = &lives[*at];
                let past = || life.uses.iter().all(|(_, last)| self.is_past(*last, &start));
                life.last >= nth || !past()
            });
            let elements: u64 = mine.iter().map(|life| grid.elements(lives[*life].at)).sum();
            let bytes = elements * buffer.dtype.bytes() as Bytes;
            if bytes > buffer.held_bytes {
                return self.fault(FaultKind::Overfull(bytes), nth, None, (id, lives[begun - 1].at));
            }
        }
    }

    fn outputs(&mut self) {
        for id in &self.assembly.outputs {
            let cells = &self.buffers[id.index()].cells;
            if let Some(at) = cells.iter().position(|cell| matches!(cell.by, Writer::Nobody)) {
                let element = Some((*id, self.grids.of(*id).first(at)));
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

/// By buffer: whether another one has a part of its place.
fn shared(program: &Program) -> Vec<bool> {
    let mut order: Vec<BufferId> = program.buffers.ids().collect();
    order.sort_by_key(|id| (program.buffers[*id].space, program.buffers[*id].address));
    let mut shared = vec![false; order.len()];
    // The one that reaches furthest of those before.
    let mut furthest: Option<BufferId> = None;
    for id in order {
        let buffer = &program.buffers[id];
        if let Some(other) = furthest.filter(|other| shares(buffer, &program.buffers[*other])) {
            (shared[id.index()], shared[other.index()]) = (true, true);
        }
        let end = |id: BufferId| program.buffers[id].address + program.buffers[id].held_bytes;
        if furthest.is_none_or(|other| program.buffers[other].space != buffer.space || end(other) < end(id)) {
            furthest = Some(id);
        }
    }
    shared
}
