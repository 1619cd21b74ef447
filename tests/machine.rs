//! The machine against the naive one of `oracle`: random programs on random chips, every start, end and class; loops
//! skipped against loops stepped; deadlocks.

#![allow(clippy::unwrap_used)] // a test may fail

mod oracle;

use std::collections::BTreeMap;

use proptest::prelude::*;
use systole::base::{Cycle, Ratio, Span};
use systole::chip::{Chip, Common, Dataflow, Dram, Link, Queues, Rates, VectorCost, WeightBuffering};
use systole::isa::{
    AsResult, Buffer, BufferId, Event, EventId, From, Instruction, Loop, MOST_DEPTH, Node, Program,
    ProgramOp, ProgramOpId, RowsAre, Space, SumMode, SumRows, Sums, Unit, VectorSource, VectorStep, Wait,
    Window, Work, verify,
};
use systole::num::{
    CombineKind, DType, Function, MapKind, Operand, Operation, OperationKind, ReduceKind, Requant, Side,
    Sparsity,
};
use systole::sim::{Clock, Loops, floor, tally};
use systole::timing::sides;
use systole::trace::{Classes, Counts, Trace};

/// Random numbers by which a program or a chip is made: proptest shrinks the list.
struct Dice {
    rolls: std::vec::IntoIter<u32>,
}

impl Dice {
    /// From 0 to `sides` - 1; 0 when the list is at its end.
    fn roll(&mut self, sides: u32) -> u32 {
        self.rolls.next().map_or(0, |roll| roll % sides)
    }

    /// Dice for details, which take one roll from the program's structure.
    fn apart(&mut self) -> Dice {
        Dice { rolls: random(u64::from(self.rolls.next().unwrap_or(0)), 32).into_iter() }
    }

    fn chance(&mut self, one_in: u32) -> bool {
        self.roll(one_in) == one_in - 1
    }

    fn range(&mut self, from: u32, to: u32) -> u32 {
        from + self.roll(to - from + 1)
    }
}

/// Numbers that follow from a first one.
fn random(seed: u64, count: usize) -> Vec<u32> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 32) as u32
    };
    (0..count).map(|_| next()).collect()
}

fn chip(dice: &mut Dice) -> Chip {
    let rates = [(1, 1), (1, 2), (1, 4), (2, 1), (3, 2)];
    let mut rate = || {
        let (num, den) = rates[dice.roll(5) as usize];
        Ratio::new(num, den).unwrap()
    };
    let table = Rates::from([((DType::I8, DType::I8), rate()), ((DType::I8, DType::I16), rate())]);
    let cores = dice.range(1, 2) as usize;
    // Units that are held back by others come to a rhythm.
    let mut places = || if dice.chance(2) { Some(dice.range(1, 4) as usize) } else { None };
    let queues = Queues {
        dma_in: places(),
        dma_out: places(),
        weight_fetch: places(),
        weight_load: places(),
        matrix: places(),
        vector: places(),
    };
    let link = |dice: &mut Dice| Link {
        bytes_per_cycle: Ratio::new(dice.range(1, 9).into(), dice.range(1, 4).into()).unwrap(),
        latency: dice.range(0, 12).into(),
    };
    Chip {
        dataflow: match dice.roll(6) {
            0..=2 => Dataflow::WeightStationary,
            3 => Dataflow::InputStationary,
            _ => Dataflow::OutputStationary,
        },
        rates: table,
        cores,
        matrix_units: cores * dice.range(1, 2) as usize,
        weights: if dice.chance(3) { WeightBuffering::Single } else { WeightBuffering::Double },
        accumulator_rows: 16,
        weight_fifo_tiles: dice.range(1, 4) as usize,
        vector_lanes: dice.range(1, 9) as usize,
        vector_latency: dice.range(0, 5).into(),
        vector_cost: VectorCost {
            simple: dice.range(1, 2).into(),
            reduce: dice.range(1, 3).into(),
            divide: dice.range(2, 5).into(),
            transcendental: dice.range(3, 9).into(),
        },
        dram: Dram {
            link: link(dice),
            bytes: 1 << 30,
            burst_bytes: dice.range(1, 8).into(),
            padded_tiles: dice.chance(4),
        },
        // Programs end at byte 4096 of memory.
        common: dice.chance(3).then(|| Common {
            bytes: 4095 + u64::from(dice.roll(2)),
            bytes_per_cycle: link(dice).bytes_per_cycle,
        }),
        host: Some(link(dice)),
        queues,
        ..skipping(dice.range(1, 6) as usize, dice.range(1, 6) as usize)
    }
}

/// A chip that skips what has whole groups in its rows, if it has an odd number of columns.
fn skipping(rows: usize, cols: usize) -> Chip {
    let rules = [(3, 4), (2, 4), (1, 2), (2, 8), (1, 4)].map(|(n, m)| Sparsity::new(n, m).unwrap());
    let sparsity = rules.into_iter().find(|rule| cols % 2 == 1 && rows.is_multiple_of(rule.kept()));
    Chip { sparsity, ..Chip::classroom(rows, cols).unwrap() }
}

struct Maker<'a> {
    dice: &'a mut Dice,
    chip: &'a Chip,
    program: Program,
    dram: BufferId,
    dram_wide: BufferId,
    unified: Vec<BufferId>,
    /// By core: of 32 bits.
    numbers: Vec<BufferId>,
    floats: Vec<BufferId>,
    /// By unit: events that only it signals.
    events: BTreeMap<Unit, Vec<EventId>>,
    ops: Vec<ProgramOpId>,
    left: u32,
    /// What loops may still multiply the program by.
    times: u32,
}

fn program(dice: &mut Dice, chip: &Chip, times: u32) -> Program {
    let mut program = Program::default();
    let mut buffer = |name: &str, dtype, space| {
        program.buffers.push(Buffer {
            name: name.into(),
            dtype,
            len: 4096,
            space,
            address: 0,
            held_bytes: 4096,
        })
    };
    let (dram, dram_wide) = (buffer("dram", DType::I8, Space::Dram), buffer("wide", DType::I16, Space::Dram));
    let mut on_chip = |name: &str, dtype| -> Vec<BufferId> {
        (0..chip.cores as u32).map(|core| buffer(name, dtype, Space::Unified(core))).collect()
    };
    let (unified, floats) = (on_chip("unified", DType::I8), on_chip("floats", DType::F32));
    let numbers = on_chip("numbers", DType::I32);
    let ops = (0..3)
        .map(|op| program.ops.push(ProgramOp { name: format!("op {op}"), span: Span::default() }))
        .collect();
    let left = dice.range(3, 14);
    let events = BTreeMap::new();
    let mut maker =
        Maker { dice, chip, program, dram, dram_wide, unified, numbers, floats, events, ops, left, times };
    let body = maker.nodes(0);
    maker.program.body = body;
    maker.program
}

impl Maker<'_> {
    fn nodes(&mut self, depth: usize) -> Vec<Node> {
        let mut nodes = Vec::new();
        for _ in 0..self.dice.range(1, 4) {
            if self.left == 0 {
                break;
            }
            if depth < 3 && self.dice.chance(3) {
                let most = self.times.min(if depth == 0 { self.times } else { 8 });
                let count = self.dice.range(1, most);
                self.times /= count;
                let body = self.nodes(depth + 1);
                self.times *= count;
                if !body.is_empty() {
                    nodes.push(Node::Repeat(self.program.loops.push(Loop { count, body })));
                }
            } else {
                self.left -= 1;
                self.something(depth, &mut nodes);
            }
        }
        nodes
    }

    fn something(&mut self, depth: usize, nodes: &mut Vec<Node>) {
        let op = self.ops[self.dice.roll(3) as usize];
        let core = self.dice.roll(self.chip.cores as u32);
        let unit = self.dice.roll(self.chip.matrix_units as u32);
        let mut add = |maker: &mut Self, unit, work| {
            let waits = maker.waits(depth);
            let signals = maker.signals(unit);
            let instruction = Instruction { op, unit, work, waits, signals };
            nodes.push(Node::Do(maker.program.instructions.push(instruction)));
        };
        let rows = if self.dice.chance(3) { RowsAre::Gathered } else { RowsAre::Together };
        let (height, width) = (self.dice.range(1, 8) as usize, self.dice.range(1, 8) as usize);
        let here = self.unified[core as usize];
        let block = |buffer| window(buffer, height, width);
        match self.dice.roll(6) {
            0 => {
                let mut dice = self.dice.apart();
                // Rows further apart than they are long, and elements that lie apart or are one.
                let row_stride = width as u64 + u64::from(dice.roll(4));
                let from = Window { row_stride, col_stride: dice.roll(5).into(), ..block(self.dram) };
                let rows = match dice.roll(3) {
                    0 => RowsAre::Chosen { places: window(self.numbers[core as usize], height, 1), of: 5 },
                    _ => rows,
                };
                add(self, Unit::DmaIn(core), Work::Copy { from, to: block(here), rows });
            }
            1 => add(self, Unit::DmaOut(core), Work::Copy { from: block(here), to: block(self.dram), rows }),
            2 if self.dice.chance(2) => {
                add(self, Unit::Host, Work::Copy { from: block(self.dram), to: block(self.dram), rows });
            }
            2 | 3 => {
                let mut dice = self.dice.apart();
                let floats = dice.chance(2);
                let here = if floats { self.floats[core as usize] } else { here };
                let source = if dice.chance(2) {
                    VectorSource::Buffer(block(here))
                } else {
                    let place = SumRows { first: 0, advance: [0; MOST_DEPTH], ring: 8 };
                    let unit = core * (self.chip.units_per_core() as u32);
                    let cols = width.min(self.chip.cols);
                    VectorSource::Accumulators {
                        unit,
                        dtype: if floats { DType::F32 } else { DType::I32 },
                        place,
                        rows: height,
                        cols,
                        as_result: AsResult::Straight,
                    }
                };
                let cols = source.extents().1;
                let steps = steps(&mut dice, floats, window(here, height, cols));
                let left = steps.last().map_or(cols, |step| step.kind.cols(cols));
                let target = window(here, height, left);
                add(self, Unit::Vector(core), Work::Vector { source, steps, target });
            }
            _ => self.pass(unit, &mut add),
        }
    }

    fn pass(&mut self, unit: u32, add: &mut impl FnMut(&mut Self, Unit, Work)) {
        let here = self.unified[unit as usize / self.chip.units_per_core()];
        let (m, k, n) = (
            self.dice.range(1, 12) as usize,
            self.dice.range(1, self.chip.rows as u32) as usize,
            self.dice.range(1, self.chip.cols as u32) as usize,
        );
        let place = |rows| SumRows { first: 0, advance: [0; MOST_DEPTH], ring: rows };
        let mode = if self.dice.chance(3) { SumMode::Add } else { SumMode::Begin };
        let sums = Sums { rows: place(16), mode };
        if self.chip.dataflow == Dataflow::OutputStationary {
            let activations = window(here, k, m).into();
            let work = Work::Contract { activations, weights: window(here, m, n), sums };
            return add(self, Unit::Matrix(unit), work);
        }
        // Several tiles ahead, so that FIFOs fill, and instructions of one tile may wait for those of the next.
        let tiles = if self.dice.chance(3) { self.dice.range(2, 4) } else { 1 };
        let loads_first = self.dice.chance(2);
        let from = [self.dram, self.dram_wide, here][self.dice.roll(3) as usize];
        let tile = if from == self.dram_wide { DType::I16 } else { DType::I8 };
        // In as many rows of k as the array's may stand for.
        let packed = self.chip.skips().filter(|_| from != here && m % 3 > 0);
        let k = packed.map_or(k, |_| (7 * k + m) % self.chip.depth(packed) + 1);
        let multiply = Work::Multiply { streamed: window(here, m, k).into(), tile, cols: n, packed, sums };
        (0..tiles).for_each(|_| {
            add(self, Unit::Fetch(unit), Work::Fetch { tile: window(from, k, n).into(), packed })
        });
        for _ in 0..tiles {
            add(self, Unit::Load(unit), Work::Load);
            if !loads_first {
                add(self, Unit::Matrix(unit), multiply.clone());
            }
        }
        if loads_first {
            (0..tiles).for_each(|_| add(self, Unit::Matrix(unit), multiply.clone()));
        }
    }

    fn waits(&mut self, depth: usize) -> Vec<Wait> {
        let all: Vec<EventId> = self.events.values().flatten().copied().collect();
        let mut waits = Vec::new();
        for _ in 0..self.dice.roll(3) {
            if all.is_empty() {
                break;
            }
            let event = all[self.dice.roll(all.len() as u32) as usize];
            let behind = self.dice.roll(4);
            let from = if depth > 0 && self.dice.chance(4) {
                From::Loop(self.dice.roll(depth as u32) as usize)
            } else {
                From::Here
            };
            waits.push(Wait { event, behind, from });
        }
        waits
    }

    fn signals(&mut self, unit: Unit) -> Vec<EventId> {
        let mut signals = Vec::new();
        while self.dice.chance(2) && signals.len() < 2 {
            let events = self.events.entry(unit).or_default();
            if events.len() < 2 {
                let name = format!("{} {}", unit.name(), events.len());
                events.push(self.program.events.push(Event { name }));
            }
            let event = events[self.dice.roll(events.len() as u32) as usize];
            if !signals.contains(&event) {
                signals.push(event);
            }
        }
        signals
    }
}

/// Up to three steps on a window's extents, from one of its dtype to one of its dtype.
fn steps(dice: &mut Dice, floats: bool, extents: Window) -> Vec<VectorStep> {
    let dtype = if floats { DType::F32 } else { DType::I8 };
    let count = dice.roll(4);
    let mut step = |last: bool| {
        let kind = kind(dice, floats, last.then_some(extents.cols));
        let mut operand = || match dice.roll(3) {
            0 => Operand::Number(2.0),
            1 => Operand::Elements(extents),
            _ => Operand::Elements(Window { row_stride: 0, ..extents }),
        };
        let operands = (0..kind.operands()).map(|_| operand()).collect();
        Operation { kind, operands, to: dtype }
    };
    let mut steps: Vec<VectorStep> = (0..count).map(|at| step(at + 1 == count)).collect();
    if let (false, Some(first)) = (floats, steps.first_mut()) {
        // Sums are i32.
        *first = Operation::new(OperationKind::Requant(Requant { scale: 1, shift: 3, zero: 0 }), dtype);
    }
    if steps.is_empty() {
        steps.push(Operation::new(OperationKind::Cast, dtype));
    }
    steps
}

/// Some kind of step; as the last one perhaps one that leaves less of a row's columns.
fn kind(dice: &mut Dice, floats: bool, last: Option<usize>) -> OperationKind {
    let both = [
        OperationKind::Map(MapKind::Relu),
        OperationKind::Combine(CombineKind::Add, Side::Right),
        OperationKind::Combine(CombineKind::Minimum, Side::Left),
        OperationKind::Cast,
    ];
    let of_floats = [
        OperationKind::Map(MapKind::Function(Function::ALL[dice.roll(9) as usize])),
        OperationKind::Combine(CombineKind::Divide, Side::Left),
        OperationKind::Softmax,
        OperationKind::LayerNorm { eps: 1e-5 },
        OperationKind::RmsNorm { eps: 1e-5 },
        OperationKind::Causal { offset: 1, rows: 3 },
    ];
    let reduced = [
        OperationKind::Reduce(ReduceKind::Sum),
        OperationKind::Reduce(if floats { ReduceKind::Mean } else { ReduceKind::Max }),
        OperationKind::TopK(last.unwrap_or(1).div_ceil(2)),
    ];
    match dice.roll(3) {
        0 if last.is_some() => reduced[dice.roll(3) as usize],
        1 if floats => of_floats[dice.roll(6) as usize],
        _ => both[dice.roll(4) as usize],
    }
}

fn window(buffer: BufferId, rows: usize, cols: usize) -> Window {
    Window { buffer, offset: 0, row_stride: cols as u64, col_stride: 1, rows, cols, advance: [0; MOST_DEPTH] }
}

/// Everything that a run tells, unrolled: by unit each run, and the classes by unit and operator.
fn told(program: &Program, chip: &Chip, trace: &Trace) -> String {
    use std::fmt::Write;
    let mut out = format!("{} cycles\n", trace.cycles);
    for (unit, lane) in &trace.units {
        for run in lane.iter_from(0) {
            let _ = writeln!(
                out,
                "{}: {} {:?} {} {} {}",
                unit.name(),
                run.instruction.index(),
                run.iteration,
                run.start,
                run.busy_until,
                run.event
            );
        }
    }
    for (unit, lane) in trace.passes.iter().enumerate() {
        for run in lane.iter_from(0) {
            let _ = writeln!(
                out,
                "matrix {unit}: {} {:?} load {} {} {} {}",
                run.instruction.index(),
                run.iteration,
                run.load,
                run.start,
                run.stream_end,
                run.event
            );
        }
    }
    let counted = tally(program, chip, trace);
    for op in &counted.ops {
        let _ = writeln!(out, "{:?} {:?}", op.classes, op.moves);
    }
    assert_eq!(counted.classes.total(), trace.cycles * chip.matrix_units as u64);
    out
}

/// The same of the naive machine.
fn told_by_oracle(program: &Program, chip: &Chip, run: &oracle::Run) -> String {
    use std::fmt::Write;
    let mut out = format!("{} cycles\n", run.cycles);
    for (unit, done) in &run.units {
        if matches!(unit, Unit::Load(_) | Unit::Matrix(_)) {
            continue;
        }
        for (id, iteration, start, free, event) in done {
            let _ = writeln!(out, "{}: {} {iteration:?} {start} {free} {event}", unit.name(), id.index());
        }
    }
    for unit in 0..chip.matrix_units as u32 {
        let Some(done) = run.units.get(&Unit::Matrix(unit)) else { continue };
        let loads = run.units.get(&Unit::Load(unit));
        for (at, (id, iteration, start, free, event)) in done.iter().enumerate() {
            let load = loads.map_or(start, |loads| &loads[at].2);
            let _ = writeln!(
                out,
                "matrix {unit}: {} {iteration:?} load {load} {start} {free} {event}",
                id.index()
            );
        }
    }
    for (op, moves) in oracle::moves(program, chip, run).iter().enumerate() {
        let sum = run.classes.iter().map(|ops| ops[op]).fold(Default::default(), std::ops::Add::add);
        let sum: systole::trace::Classes = sum;
        let _ = writeln!(out, "{sum:?} {moves:?}");
    }
    out
}

/// Any part of a run, counted at once, is the sum of its cycles as the naive machine has them.
fn parts_are_what_they_are_made_of(chip: &Chip, trace: &Trace, naive: &oracle::Run) {
    let counts = Counts::new(trace);
    for (unit, class_of) in naive.class_of.iter().enumerate() {
        for (from, to) in parts(trace.cycles) {
            let mut expected = Classes::default();
            class_of[from as usize..to as usize].iter().for_each(|class| expected.count(*class, 1));
            assert_eq!(counts.classes(trace, unit, from..to), expected, "matrix {unit}, {from} to {to}");
        }
    }
    let load = sides(chip).load_end(0);
    for (unit, done) in &naive.units {
        let busy = |t: Cycle| done.iter().map(|(_, _, start, free, _)| t.clamp(*start, *free) - start).sum();
        for (from, to) in parts(trace.cycles) {
            for t in [from, to] {
                let expected: Cycle = busy(t);
                let before = counts.before(trace, *unit, load, t);
                assert_eq!(before.busy, expected, "{unit:?} before {t}");
                let mut begun = done.iter().filter(|(_, _, start, ..)| *start < t);
                assert_eq!(before.runs, begun.clone().count() as u64, "{unit:?} before {t}");
                assert_eq!(
                    before.end,
                    begun.next_back().map_or(0, |(_, _, _, free, _)| *free),
                    "{unit:?} before {t}"
                );
            }
        }
    }
}

/// Every cycle of a run by itself, parts of many lengths, and the whole.
fn parts(cycles: Cycle) -> impl Iterator<Item = (Cycle, Cycle)> {
    let single = (0..cycles).map(|t| (t, t + 1));
    let longer = (0..cycles).step_by(7).map(move |t| (t, (t + 3 + t % 41).min(cycles)));
    single.chain(longer).chain([(0, cycles)])
}

/// A chip and a program whose loops run at most `times` times in all.
fn made(rolls: &[u32], times: u32) -> (Chip, Program) {
    let mut dice = Dice { rolls: Vec::from(rolls).into_iter() };
    let chip = chip(&mut dice);
    let program = program(&mut dice, &chip, times);
    verify(&program, &chip).unwrap_or_else(|broken| panic!("{broken}\n{program:#?}"));
    (chip, program)
}

fn assert_told(one: &str, other: &str, what: &str) {
    if one != other {
        let at = one.lines().zip(other.lines()).position(|(a, b)| a != b).unwrap_or(0);
        let lines =
            |text: &str| text.lines().skip(at.saturating_sub(2)).take(30).collect::<Vec<_>>().join("\n");
        panic!("{what}, from line {at}\n{}\n--- and\n{}", lines(one), lines(other));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn the_machine_is_the_naive_one(rolls in prop::collection::vec(any::<u32>(), 40..400)) {
        let (chip, program) = made(&rolls, 60);
        let expected = oracle::run(&program, &chip);
        let stepped = Clock::new(&program, &chip, Loops::Stepped).run();
        let skipped = Clock::new(&program, &chip, Loops::Skipped).run();
        prop_assert_eq!(expected.is_err(), stepped.is_err(), "{:?}", stepped.err());
        prop_assert_eq!(stepped.as_ref().err(), skipped.as_ref().err());
        if let (Ok(expected), Ok(stepped), Ok(skipped)) = (expected, stepped, skipped) {
            parts_are_what_they_are_made_of(&chip, &skipped, &expected);
            let stepped = told(&program, &chip, &stepped);
            assert_told(&stepped, &told_by_oracle(&program, &chip, &expected), "stepped, naive");
            assert_told(&told(&program, &chip, &skipped), &stepped, "skipped, stepped");
        }
    }

    /// Longer loops, which the naive machine is too slow for.
    #[test]
    fn skipping_is_stepping(rolls in prop::collection::vec(any::<u32>(), 40..400)) {
        let (chip, program) = made(&rolls, 2000);
        let stepped = Clock::new(&program, &chip, Loops::Stepped).run();
        let skipped = Clock::new(&program, &chip, Loops::Skipped).run();
        prop_assert_eq!(stepped.as_ref().err(), skipped.as_ref().err());
        if let (Ok(stepped), Ok(skipped)) = (stepped, skipped) {
            assert_told(&told(&program, &chip, &skipped), &told(&program, &chip, &stepped), "skipped, stepped");
            // No run takes less than what units and bus have to do.
            let least = floor(&program, &chip);
            prop_assert!(least <= skipped.cycles, "{} and at least {}", skipped.cycles, least);
        }
    }
}

/// The random programs are worth something: many come to their end, some cannot, and most loops are skipped.
#[test]
fn random_programs_are_of_all_kinds() {
    let (mut ended, mut stuck, mut runs, mut pieces) = (0, 0, 0, 0);
    for seed in 0..400 {
        let rolls = random(seed, 300);
        let (chip, program) = made(&rolls, 2000);
        let Ok(trace) = Clock::new(&program, &chip, Loops::Skipped).run() else {
            stuck += 1;
            continue;
        };
        ended += 1;
        for (_, lane) in &trace.units {
            runs += lane.len();
            lane.for_each_kind(&mut |_, _, _| pieces += 1);
        }
    }
    assert!(ended > 200 && stuck > 10, "{ended} ended, {stuck} stuck");
    assert!(pieces * 2 < runs, "{pieces} pieces for {runs} runs");
}
