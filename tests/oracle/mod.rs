//! A second machine, as naive as can be: it unrolls every loop, looks at every unit in every cycle, and classifies every
//! cycle by the words of MACHINE.md. It uses nothing of `timing` or `sim`, so that it can hold them to account.

mod moves;

use std::collections::{BTreeMap, VecDeque};

use systole::base::Cycle;
use systole::chip::{Chip, Common, Link, WeightBuffering};
use systole::isa::{
    EventId, Factor, From, InstructionId, Iteration, MOST_DEPTH, Node, Program, RowsAre, Space, Unit, Window,
    Work,
};
use systole::num::{CombineKind, MapKind, OperationKind, ReduceKind, Sparsity};
use systole::trace::{Class, Classes};

/// One instruction in one iteration.
#[derive(Clone, Debug)]
struct Instance {
    id: InstructionId,
    iteration: Iteration,
    /// Instances whose signals it waits for.
    waits: Vec<usize>,
}

/// When an instance did what.
#[derive(Clone, Copy, Debug, Default)]
struct Times {
    start: Option<Cycle>,
    free: Cycle,
    event: Option<Cycle>,
}

/// What a unit did: instruction, iteration, start, end of the unit's work, event.
pub type Done = (InstructionId, Iteration, Cycle, Cycle, Cycle);

/// What the naive machine found.
#[derive(Debug)]
pub struct Run {
    pub units: BTreeMap<Unit, Vec<Done>>,
    pub cycles: Cycle,
    /// By matrix unit and operator.
    pub classes: Vec<Vec<Classes>>,
    /// By matrix unit: that of each cycle.
    pub class_of: Vec<Vec<Class>>,
}

pub use moves::moves;

/// The program cannot go on.
#[derive(Debug)]
pub struct Stuck;

pub fn run(program: &Program, chip: &Chip) -> Result<Run, Stuck> {
    let mut unrolled = Unrolled::default();
    unrolled.nodes(program, &program.body, &mut Vec::new(), &mut [0; MOST_DEPTH]);
    let mut machine = Naive::new(program, chip, unrolled.instances);
    machine.go()?;
    Ok(machine.result())
}

#[derive(Default)]
struct Unrolled {
    instances: Vec<Instance>,
    /// By event: who signalled it, so far.
    signals: BTreeMap<EventId, Vec<usize>>,
}

impl Unrolled {
    fn nodes(
        &mut self,
        program: &Program,
        nodes: &[Node],
        entries: &mut Vec<BTreeMap<EventId, usize>>,
        iteration: &mut Iteration,
    ) {
        for node in nodes {
            match node {
                Node::Do(id) => self.instruction(program, *id, entries, iteration),
                Node::Repeat(id) => {
                    let depth = entries.len();
                    entries.push(self.signals.iter().map(|(event, by)| (*event, by.len())).collect());
                    for index in 0..program.loops[*id].count {
                        iteration[depth] = index;
                        self.nodes(program, &program.loops[*id].body, entries, iteration);
                    }
                    iteration[depth] = 0;
                    entries.pop();
                }
            }
        }
    }

    fn instruction(
        &mut self,
        program: &Program,
        id: InstructionId,
        entries: &[BTreeMap<EventId, usize>],
        iteration: &Iteration,
    ) {
        let instruction = &program.instructions[id];
        let mut waits = Vec::new();
        for wait in &instruction.waits {
            let by = self.signals.get(&wait.event).map_or(&[][..], |by| by);
            let before = match wait.from {
                From::Here => by.len(),
                From::Loop(depth) => entries[depth].get(&wait.event).copied().unwrap_or(0),
            };
            if before > wait.behind as usize {
                waits.push(by[before - 1 - wait.behind as usize]);
            }
        }
        let number = self.instances.len();
        self.instances.push(Instance { id, iteration: *iteration, waits });
        for event in &instruction.signals {
            self.signals.entry(*event).or_default().push(number);
        }
    }
}

/// A tile's way: who fetches, loads, multiplies by it.
#[derive(Clone, Copy, Debug, Default)]
struct Tile {
    fetch: Option<usize>,
    load: Option<usize>,
    pass: Option<usize>,
}

struct Naive<'a> {
    program: &'a Program,
    chip: &'a Chip,
    instances: Vec<Instance>,
    times: Vec<Times>,
    /// By unit: its instances in order, and how many it has taken up.
    units: BTreeMap<Unit, (Vec<usize>, usize)>,
    /// By unit: those in its queue.
    queues: BTreeMap<Unit, VecDeque<usize>>,
    issued: usize,
    /// Bus requests: when, class, unit, instance.
    requests: Vec<(Cycle, u32, Unit, usize)>,
    bus_free: Cycle,
    /// By matrix unit.
    tiles: BTreeMap<u32, Vec<Tile>>,
    /// By matrix unit: when the last byte of each tile arrives.
    whole: BTreeMap<u32, Vec<Cycle>>,
    now: Cycle,
}

impl<'a> Naive<'a> {
    fn new(program: &'a Program, chip: &'a Chip, instances: Vec<Instance>) -> Self {
        let mut units: BTreeMap<Unit, (Vec<usize>, usize)> = BTreeMap::new();
        let mut tiles: BTreeMap<u32, Vec<Tile>> = BTreeMap::new();
        for (number, instance) in instances.iter().enumerate() {
            let unit = program.instructions[instance.id].unit;
            let list = &mut units.entry(unit).or_default().0;
            let place = list.len();
            list.push(number);
            let slot = |tiles: &mut BTreeMap<u32, Vec<Tile>>, unit: u32, set: &dyn Fn(&mut Tile)| {
                let tiles = tiles.entry(unit).or_default();
                if tiles.len() <= place {
                    tiles.resize(place + 1, Tile::default());
                }
                set(&mut tiles[place]);
            };
            match unit {
                Unit::Fetch(unit) => slot(&mut tiles, unit, &|tile| tile.fetch = Some(number)),
                Unit::Load(unit) => slot(&mut tiles, unit, &|tile| tile.load = Some(number)),
                Unit::Matrix(unit) => slot(&mut tiles, unit, &|tile| tile.pass = Some(number)),
                _ => {}
            }
        }
        Naive {
            queues: units.keys().map(|unit| (*unit, VecDeque::new())).collect(),
            times: vec![Times::default(); instances.len()],
            program,
            chip,
            instances,
            units,
            issued: 0,
            requests: Vec::new(),
            bus_free: 0,
            tiles,
            whole: BTreeMap::new(),
            now: 0,
        }
    }

    fn go(&mut self) -> Result<(), Stuck> {
        let mut quiet = 0;
        while self.units.values().any(|(list, taken)| *taken < list.len()) || !self.requests.is_empty() {
            let mut moved = false;
            while self.issue() | self.take_up() {
                moved = true;
            }
            moved |= self.grant();
            // Nothing happens, and nothing that is under way will end.
            // Nothing takes longer than this on the chips of these tests.
            quiet = if moved { 0 } else { quiet + 1 };
            if quiet > 5000 {
                return Err(Stuck);
            }
            self.now += 1;
        }
        Ok(())
    }

    fn places(&self, unit: Unit) -> Option<usize> {
        let queues = &self.chip.queues;
        match unit {
            Unit::DmaIn(_) | Unit::Host => queues.dma_in,
            Unit::DmaOut(_) => queues.dma_out,
            Unit::Fetch(_) => queues.weight_fetch,
            Unit::Load(_) => queues.weight_load,
            Unit::Matrix(_) => queues.matrix,
            Unit::Vector(_) => queues.vector,
        }
    }

    /// Puts instructions into queues while there is room, in the order of the program.
    fn issue(&mut self) -> bool {
        let before = self.issued;
        while let Some(instance) = self.instances.get(self.issued) {
            let unit = self.program.instructions[instance.id].unit;
            let queue = &self.queues[&unit];
            if self.places(unit).is_some_and(|places| queue.len() >= places) {
                break;
            }
            self.queues.get_mut(&unit).unwrap().push_back(self.issued);
            self.issued += 1;
        }
        self.issued > before
    }

    /// Starts what can start in this cycle, or lets it ask for the bus.
    fn take_up(&mut self) -> bool {
        let mut moved = false;
        for unit in self.units.keys().copied().collect::<Vec<_>>() {
            let Some(number) = self.queues[&unit].front().copied() else { continue };
            if self.can_start(unit, number) {
                self.queues.get_mut(&unit).unwrap().pop_front();
                self.units.get_mut(&unit).unwrap().1 += 1;
                self.start(unit, number);
                moved = true;
            }
        }
        moved
    }

    fn signalled(&self, number: usize) -> bool {
        self.times[number].event.is_some_and(|event| event <= self.now)
    }

    fn before(&self, unit: Unit) -> Option<usize> {
        let (list, taken) = &self.units[&unit];
        taken.checked_sub(1).map(|before| list[before])
    }

    fn can_start(&self, unit: Unit, number: usize) -> bool {
        if let Some(before) = self.before(unit)
            && !(self.times[before].start.is_some() && self.times[before].free <= self.now)
        {
            return false;
        }
        if !self.instances[number].waits.iter().all(|wait| self.signalled(*wait)) {
            return false;
        }
        let place = self.units[&unit].1;
        match unit {
            Unit::Fetch(array) => {
                let loads = self.units.get(&Unit::Load(array)).map_or(0, |(_, taken)| *taken);
                place - loads < self.chip.weight_fifo_tiles
            }
            Unit::Load(array) => {
                let whole = self.whole.get(&array).and_then(|whole| whole.get(place));
                whole.is_some_and(|whole| *whole <= self.now) && self.registers_free(array, place)
            }
            Unit::Matrix(array) => match &self.program.instructions[self.instances[number].id].work {
                Work::Contract { activations, .. } => {
                    self.chain_clear(array, place, activations.cols() as u64)
                }
                _ => {
                    let load = self.tiles[&array][place].load.unwrap();
                    self.times[load].start.is_some() && self.times[load].free <= self.now
                }
            },
            _ => true,
        }
    }

    /// Whether the tile before has been taken over, or is out of the way altogether.
    fn registers_free(&self, array: u32, place: usize) -> bool {
        let Some(before) = place.checked_sub(1) else { return true };
        let pass = self.tiles[&array][before].pass.unwrap();
        let Some(start) = self.times[pass].start else { return false };
        match self.chip.weights {
            WeightBuffering::Double => start <= self.now,
            WeightBuffering::Single => self.now >= start + self.stream(pass) + self.crossing(),
        }
    }

    /// Whether a drain chain still moves when this pass's first sum would be whole.
    fn chain_clear(&self, array: u32, place: usize, steps: u64) -> bool {
        let Some(before) = place.checked_sub(1) else { return true };
        let pass = self.tiles[&array][before].pass.unwrap();
        let start = self.times[pass].start.unwrap();
        let number = self.tiles[&array][place].pass.unwrap();
        let (old, new) = (self.last_step(pass, self.steps_of(pass)), self.last_step(number, steps));
        self.now + new >= start + old + 2 * self.chip.rows as u64 - 2
    }

    fn crossing(&self) -> Cycle {
        (self.chip.rows + self.chip.cols) as Cycle - 2
    }

    /// Cycles in which a pass's rows enter.
    fn stream(&self, number: usize) -> Cycle {
        let rate = self.rate(number);
        (self.steps_of(number) * rate.den()).div_ceil(rate.num())
    }

    /// How long after its first step a pass's last one enters.
    fn last_step(&self, number: usize, steps: u64) -> Cycle {
        let rate = self.rate(number);
        (steps - 1) * rate.den() / rate.num()
    }

    fn steps_of(&self, number: usize) -> u64 {
        match &self.program.instructions[self.instances[number].id].work {
            Work::Multiply { streamed, .. } => streamed.rows() as u64,
            Work::Contract { activations, .. } => activations.cols() as u64,
            _ => unreachable!(),
        }
    }

    fn rate(&self, number: usize) -> systole::base::Ratio {
        let dtype = |buffer: systole::isa::BufferId| self.program.buffers[buffer].dtype;
        let pair = match &self.program.instructions[self.instances[number].id].work {
            Work::Multiply { streamed, tile, .. } => (dtype(streamed.buffer()), *tile),
            Work::Contract { activations, weights, .. } => {
                (dtype(activations.buffer()), dtype(weights.buffer))
            }
            _ => unreachable!(),
        };
        self.chip.rates.get(pair.0, pair.1).unwrap()
    }

    fn start(&mut self, unit: Unit, number: usize) {
        let instruction = &self.program.instructions[self.instances[number].id];
        let (rows, cols, now) = (self.chip.rows as Cycle, self.chip.cols as Cycle, self.now);
        let (cycles, event) = match &instruction.work {
            Work::Copy { .. } if unit != Unit::Host => {
                let class = if matches!(unit, Unit::DmaIn(_)) { 1 } else { 2 };
                self.requests.push((now, class, unit, number));
                return;
            }
            Work::Copy { from, .. } => {
                let host = self.chip.host.unwrap();
                let bytes = from.elements() * self.program.buffers[from.buffer].dtype.bytes();
                let cycles = ceil_div(bytes as u64, host.bytes_per_cycle.num(), host.bytes_per_cycle.den());
                (cycles, now + cycles + host.latency)
            }
            Work::Fetch { tile, .. } if self.program.buffers[tile.buffer()].space == Space::Dram => {
                let Unit::Fetch(array) = unit else { unreachable!() };
                self.whole.entry(array).or_default().push(Cycle::MAX);
                self.requests.push((now, 0, unit, number));
                return;
            }
            Work::Fetch { .. } => {
                let Unit::Fetch(array) = unit else { unreachable!() };
                self.whole.entry(array).or_default().push(now + rows);
                (rows, now + rows)
            }
            Work::Load => (rows, now + rows),
            Work::Multiply { .. } => {
                let stream = self.stream(number);
                (stream, now + stream + rows + cols - 1)
            }
            Work::Contract { .. } => {
                let stream = self.stream(number);
                (stream, now + stream + 2 * rows + cols - 2)
            }
            Work::Vector { source, steps, .. } => {
                let (height, width) = source.extents();
                let lanes = self.chip.vector_lanes;
                let tree: u64 = (0..).find(|power| 1usize << power >= lanes).unwrap();
                let mut parts: Vec<Part> = steps.iter().flat_map(|step| parts(step.kind)).collect();
                if steps.is_empty() {
                    parts = vec![Part::Simple];
                }
                let cost = &self.chip.vector_cost;
                let (elements, row) =
                    ((height * width).div_ceil(lanes) as u64, height.div_ceil(lanes) as u64);
                let cycles = parts.into_iter().map(|part| match part {
                    Part::Simple => elements * cost.simple,
                    Part::Divide => elements * cost.divide,
                    Part::Transcendental => elements * cost.transcendental,
                    Part::Reduce => elements * cost.reduce + tree,
                    Part::SimpleOfRow => row * cost.simple,
                    Part::DivideOfRow => row * cost.divide,
                });
                let cycles = cycles.sum();
                (cycles, now + cycles + self.chip.vector_latency)
            }
        };
        self.times[number] = Times { start: Some(now), free: now + cycles, event: Some(event) };
    }

    /// Gives the bus to the earliest request if it is free.
    fn grant(&mut self) -> bool {
        if self.now < self.bus_free {
            return false;
        }
        let Some(request) = self.requests.iter().min().copied() else { return false };
        self.requests.retain(|other| *other != request);
        let (_, _, unit, number) = request;
        let link = bus(self.program, self.chip);
        let bytes = self.bytes(number);
        let cycles = ceil_div(bytes, link.bytes_per_cycle.num(), link.bytes_per_cycle.den());
        let event = self.now + cycles + link.latency;
        self.bus_free = self.now + cycles;
        self.times[number] = Times { start: Some(self.now), free: self.bus_free, event: Some(event) };
        if let Unit::Fetch(array) = unit {
            *self.whole.get_mut(&array).unwrap().last_mut().unwrap() = event;
        }
        true
    }

    fn bytes(&self, number: usize) -> u64 {
        bytes(self.program, self.chip, &self.program.instructions[self.instances[number].id].work)
    }

    fn result(&self) -> Run {
        let cycles = self.times.iter().filter_map(|times| times.event).max().unwrap_or(0);
        let mut units = BTreeMap::new();
        for (unit, (list, _)) in &self.units {
            let done = |number: &usize| {
                let (instance, times) = (&self.instances[*number], &self.times[*number]);
                (instance.id, instance.iteration, times.start.unwrap(), times.free, times.event.unwrap())
            };
            units.insert(*unit, list.iter().map(done).collect());
        }
        let (classes, class_of) =
            (0..self.chip.matrix_units as u32).map(|array| self.classify(array, cycles)).unzip();
        Run { units, cycles, classes, class_of }
    }

    /// Every cycle of a matrix unit, one by one.
    fn classify(&self, array: u32, cycles: Cycle) -> (Vec<Classes>, Vec<Class>) {
        let mut all = Vec::new();
        let mut ops = vec![Classes::default(); self.program.ops.len()];
        let tiles = self.tiles.get(&array).map_or(&[][..], |tiles| tiles);
        let mut next = 0;
        for t in 0..cycles {
            let entered = |tile: &Tile| {
                let pass = tile.pass.unwrap();
                self.times[pass].start.unwrap() + self.stream(pass) <= t
            };
            while tiles.get(next).is_some_and(entered) {
                next += 1;
            }
            let owner = tiles.get(next).or(tiles.last()).map(|tile| tile.pass.unwrap());
            let op = match owner {
                Some(pass) => self.program.instructions[self.instances[pass].id].op.index(),
                None => ops.len() - 1,
            };
            let class = match tiles.get(next) {
                Some(tile) => self.class(array, next, tile, t),
                None => match tiles.last() {
                    Some(tile) if t < self.times[tile.pass.unwrap()].event.unwrap() => Class::FillDrain,
                    _ => Class::NonMatrix,
                },
            };
            ops[op].count(class, 1);
            all.push(class);
        }
        (ops, all)
    }

    fn class(&self, array: u32, next: usize, tile: &Tile, t: Cycle) -> Class {
        let pass = tile.pass.unwrap();
        if t >= self.times[pass].start.unwrap() {
            return Class::Active;
        }
        if let Some(load) = tile.load {
            let start = self.times[load].start.unwrap();
            if start <= t && t < start + self.chip.rows as Cycle {
                return Class::WeightShift;
            }
            if t < self.whole[&array][next] {
                return Class::WeightStall;
            }
        }
        if self.is_busy(array, next, tile, t) {
            return Class::ArrayBusy;
        }
        let mut awaited = Vec::new();
        self.awaited(pass, &mut awaited);
        if let Some(load) = tile.load {
            self.awaited(load, &mut awaited);
        }
        let unit = |number: usize| self.program.instructions[self.instances[number].id].unit;
        let open = |number: usize| self.times[number].event.unwrap() > t;
        if awaited
            .iter()
            .any(|n| matches!(unit(*n), Unit::DmaIn(_) | Unit::DmaOut(_) | Unit::Host) && open(*n))
        {
            return Class::InputStall;
        }
        let waves = awaited.iter().filter(|n| matches!(unit(**n), Unit::Matrix(_)));
        if let Some(last) = waves.max_by_key(|n| (self.times[**n].event.unwrap(), self.times[**n].free))
            && open(*last)
            && self.times[*last].free <= t
        {
            return Class::FillDrain;
        }
        let matrix_op = |number: usize| {
            let op = self.program.instructions[self.instances[number].id].op;
            self.program.instructions.iter().any(|(_, i)| i.op == op && matches!(i.unit, Unit::Matrix(_)))
        };
        let works = |n: usize| {
            matches!(unit(n), Unit::Matrix(_)) || (matches!(unit(n), Unit::Vector(_)) && matrix_op(n))
        };
        if awaited.iter().any(|n| works(*n) && open(*n)) {
            return Class::Dependence;
        }
        Class::NonMatrix
    }

    fn is_busy(&self, array: u32, next: usize, tile: &Tile, t: Cycle) -> bool {
        let Some(before) = next.checked_sub(1) else { return false };
        let last = self.tiles[&array][before].pass.unwrap();
        let start = self.times[last].start.unwrap();
        match (tile.load, self.chip.weights) {
            (Some(_), WeightBuffering::Double) => false,
            (Some(_), WeightBuffering::Single) => t < start + self.stream(last) + self.crossing(),
            (None, _) => {
                let next = tile.pass.unwrap();
                t + self.last_step(next, self.steps_of(next))
                    < start + self.last_step(last, self.steps_of(last)) + 2 * self.chip.rows as u64 - 2
            }
        }
    }

    /// All that an instance waits for, directly or through vector work.
    fn awaited(&self, number: usize, found: &mut Vec<usize>) {
        for wait in &self.instances[number].waits {
            if !found.contains(wait) {
                found.push(*wait);
                if matches!(self.program.instructions[self.instances[*wait].id].unit, Unit::Vector(_)) {
                    self.awaited(*wait, found);
                }
            }
        }
    }
}

/// The bus to the memory that holds all that the program has outside its buffers.
fn bus(program: &Program, chip: &Chip) -> Link {
    let in_memory = program.buffers.iter().filter(|(_, buffer)| buffer.space == Space::Dram);
    let end = in_memory.map(|(_, buffer)| buffer.address + buffer.held_bytes).max().unwrap_or(0);
    match chip.common {
        Some(Common { bytes, bytes_per_cycle }) if end <= bytes => Link { bytes_per_cycle, latency: 0 },
        _ => chip.dram.link,
    }
}

/// Bytes on the bus.
fn bytes(program: &Program, chip: &Chip, work: &Work) -> u64 {
    let size = |window: &Window| program.buffers[window.buffer].dtype.bytes() as u64;
    match work {
        Work::Copy { from, rows: RowsAre::Together, .. } => from.elements() as u64 * size(from),
        Work::Copy { from, to, rows: RowsAre::Gathered | RowsAre::Chosen { .. } } => {
            let burst = chip.dram.burst_bytes;
            let window = if program.buffers[from.buffer].space == Space::Dram { from } else { to };
            let last = (window.cols - 1) as u64 * window.col_stride;
            let all = ((last + 1) * size(window)).div_ceil(burst);
            let one_by_one = window.cols as u64 * size(window).div_ceil(burst);
            from.rows as u64 * burst * all.min(one_by_one)
        }
        Work::Fetch { tile, packed } => {
            let padded = chip.dram.padded_tiles;
            fetched(
                program,
                tile,
                *packed,
                if padded { chip.rows * chip.cols } else { stored(tile, *packed) },
            )
        }
        _ => unreachable!(),
    }
}

/// Elements that a tile has in DRAM: of each group of rows of a column that many, as far as it has them.
fn stored(tile: &Factor, packed: Option<Sparsity>) -> usize {
    let Some(rule) = packed else { return tile.elements() };
    let groups = (0..tile.rows()).step_by(rule.of()).map(|from| (tile.rows() - from).min(rule.of()));
    groups.map(|rows| rows.min(rule.kept())).sum::<usize>() * tile.cols()
}

/// Bytes of so many elements of a tile, and of the bits that say where packed ones are from.
fn fetched(program: &Program, tile: &Factor, packed: Option<Sparsity>, elements: usize) -> u64 {
    let bits = packed.map_or(0, |rule| (0..).find(|bits| 1 << bits >= rule.of()).unwrap());
    (elements * program.buffers[tile.buffer()].dtype.bytes() + (elements * bits).div_ceil(8)) as u64
}

/// An operation of the machine's table, of each element or of what is one number a row.
#[derive(Clone, Copy)]
enum Part {
    Simple,
    Divide,
    Transcendental,
    Reduce,
    SimpleOfRow,
    DivideOfRow,
}

/// What a step is made of, written out.
fn parts(kind: OperationKind) -> Vec<Part> {
    use Part::*;
    let mean = [Reduce, DivideOfRow];
    let root = [SimpleOfRow, DivideOfRow];
    match kind {
        OperationKind::Combine(CombineKind::Divide, _) => vec![Divide],
        OperationKind::Combine(..)
        | OperationKind::Requant(_)
        | OperationKind::Cast
        | OperationKind::Causal { .. }
        | OperationKind::Map(MapKind::Relu | MapKind::Negate) => vec![Simple],
        OperationKind::Map(MapKind::Function(function)) => match function.name() {
            "sqrt" | "rsqrt" => vec![Divide],
            "exp" | "log" | "tanh" | "sigmoid" => vec![Transcendental],
            "silu" => vec![Transcendental, Simple],
            "gelu" => vec![Simple, Simple, Transcendental, Simple],
            "gelu_tanh" => vec![Simple, Simple, Simple, Simple, Simple, Transcendental, Simple],
            other => panic!("what does `{other}` cost?"),
        },
        OperationKind::Reduce(ReduceKind::Mean) => mean.to_vec(),
        OperationKind::Reduce(_) | OperationKind::ArgMax => vec![Reduce],
        OperationKind::TopK(k) | OperationKind::TopKPlaces(k) => vec![Reduce; k],
        OperationKind::Softmax => vec![Reduce, Simple, Transcendental, Reduce, Divide],
        OperationKind::LayerNorm { .. } => {
            [&mean[..], &[Simple, Simple], &mean, &root, &[Simple, Simple, Simple]].concat()
        }
        OperationKind::RmsNorm { .. } => [&[Simple][..], &mean, &root, &[Simple, Simple]].concat(),
    }
}

fn ceil_div(count: u64, num: u64, den: u64) -> u64 {
    (count * den).div_ceil(num).max(1)
}
