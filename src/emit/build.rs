//! What all layers are made with: loops, buffers, events, windows that move with loops.

use litemap::LiteMap;

use super::Emitted;
use crate::base::Bytes;
use crate::chip::Chip;
use crate::isa::{
    Buffer, BufferId, Event, EventId, Factor, From, Instruction, Loop, MOST_DEPTH, Node, Program, ProgramOp,
    ProgramOpId, RowsAre, Space, Unit, Wait, Window, Work,
};
use crate::num::DType;
use crate::schedule::{Ahead, Around, Layer, MOST_REPEATS, Plan, PlannedId};

/// A program under construction.
pub(super) struct Builder<'a> {
    pub plan: &'a Plan,
    pub chip: &'a Chip,
    program: Program,
    /// Bodies of the loops around this place, outermost first; the program's own at the bottom.
    open: Vec<Vec<Node>>,
    pub events: Events,
    pub op: ProgramOpId,
    dram: LiteMap<PlannedId, BufferId>,
    /// Bytes of DRAM that memory takes, by tensor.
    in_dram: Vec<Bytes>,
    /// Whole tensors in the unified buffers, by core.
    unified: LiteMap<(PlannedId, u32), BufferId>,
    results: LiteMap<PlannedId, Vec<BufferId>>,
    /// By buffer.
    tensors: Vec<PlannedId>,
    /// By memory: the first free byte.
    free: LiteMap<Space, Bytes>,
    /// Repeats around this place, outermost first.
    repeats: Vec<Around>,
    /// Whether what no layer leaves may come while the layer before runs.
    ahead: bool,
    /// At which end of the unified buffers this layer streams: one after the other does at the other one.
    end: usize,
    /// By event: signals of this layer, or of the one before when this one is emitted.
    signals: Vec<u64>,
    /// By matrix unit: output tiles so far, modulo 2, to take the accumulators' halves in turn.
    pub tiles: Vec<usize>,
}

/// See the table of [`super`].
pub(super) struct Events {
    pub passed: Vec<EventId>,
    pub drained: Vec<EventId>,
    pub worked: Vec<EventId>,
    pub rows: Vec<EventId>,
    pub panel: Vec<EventId>,
    pub operand: Vec<EventId>,
    pub left: Vec<EventId>,
    /// By the end at which a layer streams, and by core.
    freed: [Vec<EventId>; 2],
}

impl Events {
    fn new(program: &mut Program, plan: &Plan, chip: &Chip) -> Events {
        let of_ahead = if plan.ahead == Ahead::OneLayer { chip.cores } else { 0 };
        let mut family = |name: &str, count: usize| {
            (0..count).map(|at| program.events.push(Event { name: format!("{name}[{at}]") })).collect()
        };
        Events {
            passed: family("passed", chip.matrix_units),
            drained: family("drained", chip.matrix_units),
            worked: family("worked", chip.cores),
            rows: family("rows", chip.cores),
            panel: family("panel", chip.cores),
            operand: family("operand", chip.cores),
            left: family("left", chip.cores),
            freed: ["freed_even", "freed_odd"].map(|name| family(name, of_ahead)),
        }
    }
}

/// An index that moves with the iterations of loops: a row, a column, or an element of a memory.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Index {
    pub first: u64,
    pub advance: [i64; MOST_DEPTH],
}

impl Index {
    pub(super) fn at(first: usize) -> Index {
        Index { first: first as u64, ..Index::default() }
    }

    pub(super) fn plus(mut self, more: usize) -> Index {
        self.first += more as u64;
        self
    }

    /// Growing by `step` with each iteration of the loop at `depth`.
    pub(super) fn along(mut self, depth: usize, step: usize) -> Index {
        self.advance[depth] += step as i64;
        self
    }

    pub(super) fn times(self, stride: usize) -> Index {
        self.apart(stride as u64)
    }

    /// Of what are so many elements apart.
    pub(super) fn apart(self, stride: u64) -> Index {
        Index { first: self.first * stride, advance: self.advance.map(|step| step * stride as i64) }
    }

    pub(super) fn and(self, other: Index) -> Index {
        let mut sum = Index { first: self.first + other.first, ..self };
        sum.advance.iter_mut().zip(other.advance).for_each(|(step, more)| *step += more);
        sum
    }
}

/// How a matrix lies in a buffer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Matrix {
    pub buffer: BufferId,
    /// Its first element.
    pub first: Index,
    pub row_stride: u64,
    pub col_stride: u64,
}

impl Matrix {
    /// Part of it.
    pub(super) fn window(&self, row: Index, col: Index, rows: usize, cols: usize) -> Window {
        let place = row.apart(self.row_stride).and(col.apart(self.col_stride));
        self.strided(place, [self.row_stride, self.col_stride], [rows, cols])
    }

    /// A window by strides of its own.
    pub(super) fn strided(
        &self,
        place: Index,
        [row_stride, col_stride]: [u64; 2],
        [rows, cols]: [usize; 2],
    ) -> Window {
        let Index { first, advance } = place.and(self.first);
        Window { buffer: self.buffer, offset: first, row_stride, col_stride, rows, cols, advance }
    }
}

/// How a matrix is as large as one that is worked on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Repeats {
    /// Its row is every row.
    pub row: bool,
    /// Its column is every column.
    pub col: bool,
}

impl Repeats {
    /// As large as a part of what is worked on.
    pub(super) fn window(self, matrix: &Matrix, place: [Index; 2], extents: [usize; 2]) -> Window {
        let ([row, col], [rows, cols]) = (self.places(place), extents);
        let mut window = matrix.window(row, col, rows, cols);
        if self.row {
            window.row_stride = 0;
        }
        if self.col {
            window.col_stride = 0;
        }
        window
    }

    /// The elements that this part has, each once.
    pub(super) fn once(self, matrix: &Matrix, place: [Index; 2], [rows, cols]: [usize; 2]) -> Window {
        let [row, col] = self.places(place);
        matrix.window(row, col, if self.row { 1 } else { rows }, if self.col { 1 } else { cols })
    }

    fn places(self, [row, col]: [Index; 2]) -> [Index; 2] {
        let of = |repeats: bool, index: Index| if repeats { Index::default() } else { index };
        [of(self.row, row), of(self.col, col)]
    }
}

pub(super) fn wait(event: EventId, behind: usize) -> Wait {
    Wait { event, behind: behind as u32, from: From::Here }
}

impl<'a> Builder<'a> {
    pub(super) fn new(plan: &'a Plan, chip: &'a Chip) -> Self {
        let mut program = Program::default();
        let events = Events::new(&mut program, plan, chip);
        let op = program.ops.next_id();
        Builder {
            plan,
            chip,
            events,
            op,
            program,
            open: vec![Vec::new()],
            dram: LiteMap::new(),
            in_dram: plan.in_dram(chip),
            unified: LiteMap::new(),
            results: LiteMap::new(),
            tensors: Vec::new(),
            free: LiteMap::new(),
            repeats: Vec::new(),
            tiles: vec![0; chip.matrix_units],
            ahead: false,
            end: 0,
            signals: Vec::new(),
        }
    }

    pub(super) fn begin_layer(&mut self, at: usize) {
        let layer = &self.plan.layers[at];
        self.go_into(&layer.repeats);
        let few = |signals: &u64| u32::try_from(*signals).is_ok();
        self.ahead = self.plan.comes_ahead(at, self.chip) && self.signals.iter().all(few);
        self.end = at % 2;
        let name = self.plan.tensors[layer.result].name.clone();
        self.op = self.program.ops.push(ProgramOp { name, span: layer.span });
        self.open.push(Vec::new());
        // The layer before has left what it streamed through when this one's first copies come in.
        self.free.retain(|space, _| *space == Space::Dram);
        if self.plan.ahead == Ahead::OneLayer && self.end == 1 {
            let first = self.chip.unified_buffer_bytes - self.plan.passing(at, self.chip);
            for core in 0..self.chip.cores as u32 {
                self.free.insert(Space::Unified(core), first);
            }
        }
    }

    pub(super) fn end_layer(&mut self, layer: &Layer) {
        self.close(layer.copies);
        self.signals = vec![0; self.program.events.len()];
        if let Some(node) = self.open.last().and_then(|body| body.last().copied()) {
            self.count(node, 1);
        }
    }

    /// Counts the signals of a piece of the program that is done so often.
    fn count(&mut self, node: Node, times: u64) {
        match node {
            Node::Do(id) => {
                let signals = &mut self.signals;
                self.program.instructions[id].signals.iter().for_each(|event| {
                    let count = &mut signals[event.index()];
                    *count = count.saturating_add(times);
                });
            }
            Node::Repeat(id) => {
                let Loop { count, body } = self.program.loops[id].clone();
                body.into_iter().for_each(|node| self.count(node, times.saturating_mul(count.into())));
            }
        }
    }

    /// Signalled by vector work: that it is done, and with which blocks.
    pub(super) fn worked(&self, core: u32) -> Vec<EventId> {
        let core = core as usize;
        [Some(&self.events.worked[core]), self.events.freed[self.end].get(core)]
            .into_iter()
            .flatten()
            .copied()
            .collect()
    }

    /// For vector work behind which a place may be taken again, of this layer or of one that streamed there before: all but the last so
    /// many.
    pub(super) fn freed(&self, core: u32, behind: usize) -> Wait {
        let core = core as usize;
        wait(*self.events.freed[self.end].get(core).unwrap_or(&self.events.worked[core]), behind)
    }

    /// For all of an event's signals from before the layer, or from before the one before it if its blocks come ahead.
    fn before_blocks(&self, event: EventId) -> Wait {
        let behind = if self.ahead { self.signals[event.index()] } else { 0 };
        Wait { behind: behind as u32, ..self.before_layer(event) }
    }

    /// Ends repeats that are not around what comes next, and begins those that are.
    fn go_into(&mut self, repeats: &[Around]) {
        let common = self.repeats.iter().zip(repeats).take_while(|(open, next)| open == next).count();
        while self.repeats.len() > common {
            let count = self.repeats.pop().map_or(1, |around| around.count);
            self.close(count);
        }
        for around in &repeats[common..] {
            self.repeats.push(*around);
            self.open.push(Vec::new());
        }
    }

    /// Depth of the loop that is the layer.
    pub(super) fn layer_depth(&self) -> usize {
        self.repeats.len()
    }

    /// For all of an event's signals from before the layer.
    pub(super) fn before_layer(&self, event: EventId) -> Wait {
        Wait { event, behind: 0, from: From::Loop(self.layer_depth()) }
    }

    fn close(&mut self, count: usize) {
        let body = self.open.pop().expect("a loop is open");
        if body.is_empty() {
            return;
        }
        let count = u32::try_from(count).expect("extents of tensors are below 2^32");
        let id = self.program.loops.push(Loop { count, body });
        self.open.last_mut().expect("the program's body is never closed").push(Node::Repeat(id));
    }

    pub(super) fn finish(mut self) -> Emitted {
        self.go_into(&[]);
        // An output may be a declared tensor that nothing computes on.
        let outputs: Vec<PlannedId> =
            self.plan.tensors.iter().filter(|(_, t)| t.output).map(|(id, _)| id).collect();
        outputs.into_iter().for_each(|id| {
            self.dram(id);
        });
        self.program.body = self.open.pop().expect("the program's body is open");
        Emitted { program: self.program, dram: self.dram, results: self.results, tensors: self.tensors }
    }

    /// Loops around this place: the depth of the next one.
    pub(super) fn depth(&self) -> usize {
        self.open.len() - 1
    }

    /// A loop, unless it would run no time.
    pub(super) fn repeat(&mut self, count: usize, body: impl FnOnce(&mut Self, usize)) {
        if count > 0 {
            let depth = self.depth();
            self.open.push(Vec::new());
            body(self, depth);
            self.close(count);
        }
    }

    pub(super) fn push(&mut self, unit: Unit, work: Work, waits: Vec<Wait>, signals: Vec<EventId>) {
        let id = self.program.instructions.push(Instruction { op: self.op, unit, work, waits, signals });
        self.open.last_mut().expect("the program's body is open").push(Node::Do(id));
    }

    pub(super) fn copy_in(&mut self, core: u32, [from, to]: [Window; 2], waits: Vec<Wait>, signal: EventId) {
        self.push(Unit::DmaIn(core), Work::Copy { from, to, rows: RowsAre::Together }, waits, vec![signal]);
    }

    pub(super) fn copy_out(&mut self, core: u32, [from, to]: [Window; 2]) {
        let (worked, left) = (self.events.worked[core as usize], self.events.left[core as usize]);
        let work = Work::Copy { from, to, rows: RowsAre::Together };
        self.push(Unit::DmaOut(core), work, vec![wait(worked, 0)], vec![left]);
    }

    pub(super) fn core_of(&self, unit: usize) -> u32 {
        (unit / self.chip.units_per_core()) as u32
    }

    /// What every copy into a core's unified buffer waits for: that its place there is free, and that results of the layers before are
    /// in DRAM, if they go there. In a repeat no core goes on while another one still works on the iteration before the last: its
    /// places in DRAM are taken.
    pub(super) fn until_in_dram(&self, id: PlannedId, core: u32) -> Vec<Wait> {
        let mut waits = self.until_free(id, core);
        let (stays, declared) = (self.plan.stays(id), self.plan.tensors[id].declared);
        if !stays && !(declared && (self.repeats.is_empty() || self.chip.cores == 1)) {
            waits.retain(|wait| !self.events.left.contains(&wait.event));
            waits.extend(self.events.left.iter().map(|event| self.before_layer(*event)));
        }
        waits
    }

    /// What writes to a place in a core's unified buffer waits for. Where a tensor stays, nothing, unless it was another one's, or it has
    /// places for some iterations of a repeat: then the layers before have done with that. What streams takes the place of what
    /// the layers before have streamed; their passes are done when the vector unit has worked on all sums.
    pub(super) fn until_free(&self, id: PlannedId, core: u32) -> Vec<Wait> {
        let Events { passed, worked, left, .. } = &self.events;
        let (worked_here, left_here) = (worked[core as usize], left[core as usize]);
        let all = |events: &[EventId]| events.iter().map(|event| self.before_layer(*event)).collect();
        match self.plan.places.get(&self.plan.root(id)) {
            Some(place) if place.taken_over => all(&[&passed[..], worked, left].concat()),
            Some(_) if self.repeats.is_empty() => Vec::new(),
            Some(_) => all(&[worked_here, left_here]),
            // What leaves has been worked on before.
            None if self.plan.places.is_empty() => vec![self.before_blocks(left_here)],
            None => vec![self.before_blocks(worked_here), self.before_blocks(left_here)],
        }
    }

    /// A tensor in DRAM.
    pub(super) fn dram(&mut self, id: PlannedId) -> Matrix {
        let root = self.plan.root(id);
        let buffer = match self.dram.get(&root) {
            Some(buffer) => *buffer,
            None => self.buffer(root, Space::Dram, self.in_dram[root.index()]),
        };
        self.dram.insert(root, buffer);
        self.matrix(id, buffer)
    }

    /// A tensor in a buffer of its memory.
    fn matrix(&self, id: PlannedId, buffer: BufferId) -> Matrix {
        let tensor = &self.plan.tensors[id];
        let mut first = Index { first: tensor.place.first, ..Index::default() };
        first.advance[..MOST_REPEATS].copy_from_slice(&tensor.place.steps);
        Matrix { buffer, first, row_stride: tensor.cols as u64, col_stride: 1 }
    }

    fn buffer(&mut self, id: PlannedId, space: Space, held_bytes: Bytes) -> BufferId {
        let tensor = &self.plan.tensors[id];
        let address = match self.plan.places.get(&id) {
            Some(place) if space != Space::Dram => place.address,
            _ => {
                let first = if space == Space::Dram { 0 } else { self.plan.streams_from };
                let free = self.free.entry(space).or_insert(first);
                *free += held_bytes;
                *free - held_bytes
            }
        };
        self.tensors.push(id);
        let (name, dtype, len) = (tensor.name.clone(), tensor.dtype, tensor.elements());
        self.program.buffers.push(Buffer { name, dtype, len, space, address, held_bytes })
    }

    /// A whole tensor that stays in a core's unified buffer, if it is there already.
    pub(super) fn resident(&self, id: PlannedId, core: u32) -> Option<Matrix> {
        let buffer = *self.unified.get(&(self.plan.root(id), core))?;
        Some(self.matrix(id, buffer))
    }

    /// A place for a tensor in a core's unified buffer: its own if it stays, else for `held` of its elements at a time.
    pub(super) fn unified(&mut self, id: PlannedId, core: u32, held: usize) -> Matrix {
        let (root, space) = (self.plan.root(id), Space::Unified(core));
        if !self.plan.stays(id) {
            let tensor = &self.plan.tensors[root];
            let held_bytes = tensor.elements().min(held as u64) * tensor.dtype.bytes() as Bytes;
            let buffer = self.buffer(root, space, held_bytes);
            return self.matrix(id, buffer);
        }
        let buffer = match self.unified.get(&(root, core)) {
            Some(buffer) => *buffer,
            None => self.buffer(root, space, self.plan.held_bytes(root)),
        };
        self.unified.insert((root, core), buffer);
        self.matrix(id, buffer)
    }

    /// The place of a layer's result in a core's unified buffer.
    pub(super) fn result(&mut self, id: PlannedId, core: u32, held: usize) -> Matrix {
        let matrix = self.unified(id, core, held);
        let buffers = self.results.entry(self.plan.root(id)).or_default();
        if !buffers.contains(&matrix.buffer) {
            buffers.push(matrix.buffer);
        }
        matrix
    }

    /// A small operand, copied whole at the beginning of a layer unless it is there already; with what to wait for.
    pub(super) fn operand(&mut self, id: PlannedId, core: u32) -> (Matrix, Vec<Wait>) {
        let operand = self.events.operand[core as usize];
        if let Some(matrix) = self.resident(id, core) {
            // Declared ones came by DMA, at the latest in this layer; results by vector work before it.
            return match self.plan.tensors[id].declared {
                true => {
                    let Events { rows, panel, .. } = &self.events;
                    (
                        matrix,
                        [operand, rows[core as usize], panel[core as usize]]
                            .map(|event| wait(event, 0))
                            .to_vec(),
                    )
                }
                false => (matrix, vec![self.before_layer(self.events.worked[core as usize])]),
            };
        }
        let (rows, cols) = (self.plan.tensors[id].rows, self.plan.tensors[id].cols);
        let whole = |matrix: Matrix| matrix.window(Index::default(), Index::default(), rows, cols);
        let waits = self.until_in_dram(id, core);
        let (from, to) = (self.dram(id), self.unified(id, core, rows * cols));
        self.copy_in(core, [whole(from), whole(to)], waits, operand);
        (to, vec![wait(operand, 0)])
    }

    /// How a tensor is as large as rows and columns that are worked on.
    pub(super) fn repeats(&self, id: PlannedId, [rows, cols]: [usize; 2]) -> Repeats {
        let tensor = &self.plan.tensors[id];
        Repeats { row: tensor.rows < rows, col: tensor.cols < cols }
    }

    pub(super) fn dtype_of(&self, factor: &Factor) -> DType {
        self.program.buffers[factor.buffer()].dtype
    }

    /// Counts a layer's output tiles, by matrix unit.
    pub(super) fn count_tiles(&mut self, more: impl Iterator<Item = usize>) {
        self.tiles.iter_mut().zip(more).for_each(|(tiles, more)| *tiles = (*tiles + more) % 2);
    }

    /// Waits of a fetch from DRAM: for the layers that leave there what it reads, or for all if nothing comes ahead.
    pub(super) fn left_before(&self, id: PlannedId) -> Vec<Wait> {
        match self.plan.tensors[id].declared {
            true if self.plan.ahead == Ahead::OneLayer => Vec::new(),
            true => self.events.worked.iter().map(|event| self.before_layer(*event)).collect(),
            false => self.events.left.iter().map(|event| self.before_layer(*event)).collect(),
        }
    }
}
