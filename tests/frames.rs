//! Frames of whole runs as programs get them: what each PE works on, held to the contract's formulas and to memory.

#![allow(clippy::unwrap_used)] // a test may fail

#[allow(dead_code)] // some of it is for others
mod checked;
#[allow(dead_code)] // orders are for others
mod made;
#[allow(dead_code)] // chips are for others
mod made_images;
mod made_numbers;

use proptest::prelude::*;
use systole::base::{Cycle, Ratio};
use systole::chip::{Chip, Dataflow};
use systole::draw::{Fullness, Layout, Moment, Notation, Register, Shape, array};
use systole::import::{Files, npy};
use systole::job::{Entry, Finished, FrameReport, compile, compile_or_time};
use systole::num::{self, Array, DType, Type, Values};
use systole::sim::array::cases::{Grid, Held, State};
use systole::sim::{Kept, Reach};
use systole::trace::{Frame, NONE, Numbers, Scalar};

/// Nothing if the chip is too small for the program.
fn run(text: &str, chip: &Chip) -> Option<Finished> {
    let compiled = compile(text, &Files::default(), chip);
    let too_small = compiled.diagnostics.iter().any(|d| d.message.contains("of the unified buffer"));
    assert!(compiled.job.is_some() || too_small, "{:?}", compiled.diagnostics);
    Some(checked::sound(compiled.job?.finish()))
}

type Registers = Grid<Entry>;

/// Whole numbers, and the bits of floats.
fn held(registers: &Registers, row: usize, col: usize) -> Vec<i32> {
    match &registers[row][col] {
        None => Vec::new(),
        Some(Held::One(entry)) => vec![bits(*entry)],
        Some(Held::Several(entries)) => entries.iter().copied().map(bits).collect(),
    }
}

fn bits(entry: Entry) -> i32 {
    let of = |float: f32| float.to_bits() as i32;
    match entry {
        Entry::Whole(value) => value,
        Entry::Float(value) => of(value),
        Entry::Named("NaN") => 0x7fc0_0000,
        Entry::Named("inf") => of(f32::INFINITY),
        Entry::Named("-inf") => of(f32::NEG_INFINITY),
        Entry::Named(other) => panic!("{other} is no number"),
    }
}

/// An element as a frame has it.
fn element(values: &Values, place: usize) -> i32 {
    match values.dtype().is_float() {
        true if values.get_f32(place).is_nan() => 0x7fc0_0000,
        true => values.get_f32(place).to_bits() as i32,
        false => values.get(place),
    }
}

/// The registers of operands: from the left, and from above.
fn operands(state: &State<Entry>) -> (&Registers, &Registers) {
    match state {
        State::Weights { act, weight, .. } | State::Sums { act, weight, .. } => (act, weight),
    }
}

/// Every PE holds the elements that it is said to work on. A buffer's name may be that of several: one of them has them.
fn check(finished: &Finished, frame: &FrameReport) {
    let (left, above) = operands(frame.registers.as_ref().unwrap());
    let numbers: Vec<u64> = frame.passes.iter().map(|pass| pass.number).collect();
    for pass in &frame.passes {
        let places = |named: &str| {
            let buffers = finished.emitted.program.buffers.iter();
            buffers.filter(|(_, buffer)| buffer.name == named).map(|(id, _)| id.index()).collect::<Vec<_>>()
        };
        for (registers, elements, tensor) in
            [(left, &frame.left_element, &pass.left), (above, &frame.above_element, &pass.above)]
        {
            let holds = |buffer: &usize| {
                let values = &finished.memory[*buffer];
                frame.pass.iter().enumerate().all(|(row, line)| {
                    line.iter().enumerate().filter(|(_, at)| **at == [pass.number]).all(|(col, _)| {
                        let of = |at: &u64| {
                            Some(*at as usize).filter(|at| *at < values.len()).map(|at| element(values, at))
                        };
                        let expected: Option<Vec<i32>> = elements[row][col].iter().map(of).collect();
                        let shown = held(registers, row, col);
                        // Padding is 0, and is no element; one that stays is named once a step.
                        match expected {
                            Some(expected) if expected.is_empty() => shown.iter().all(|value| *value == 0),
                            Some(expected) => {
                                shown == expected || expected.iter().all(|value| [*value] == shown[..])
                            }
                            None => false,
                        }
                    })
                })
            };
            assert!(places(tensor).iter().any(holds), "`{tensor}` in cycle {}", frame.cycle);
        }
    }
    for line in &frame.pass {
        assert!(line.iter().flatten().all(|pass| numbers.contains(pass)));
    }
}

/// What an element is called where buffers are axes: its value in memory, 0 for padding.
fn looked_up(finished: &Finished, called: &str) -> i32 {
    // Where nothing is stored, only numbers tell.
    if called == "0" || called == "?" {
        return 0;
    }
    let index = called.rsplit('[').next().unwrap();
    let (buffer, place) = index.trim_end_matches(']').split_once(',').unwrap();
    element(&finished.memory[buffer.parse::<usize>().unwrap()], place.trim().parse().unwrap())
}

/// What is called an element, in every register, is the one whose number stands there.
fn check_called(finished: &Finished, unit: usize, cycle: Cycle) {
    let layout = Layout::new(4000.0, 4000.0, finished.chip.rows, finished.chip.cols);
    let reach = Reach {
        activations: layout.hops_left,
        weights: layout.hops_above,
        accumulators: layout.accumulator_rows,
    };
    let here = finished.machine().at(unit, cycle, reach);
    let (frame, around) = (here.frame(&mut Kept::default()), here.surroundings(&mut Kept::default()));
    let moment = Moment {
        frame: &frame,
        around: &around,
        view: &here.view,
        trace: &finished.trace,
        program: &finished.emitted.program,
        chip: &finished.chip,
        unit,
        selected: (0, 0),
        marked: None,
        arrived: 1.0,
        before: &[],
        notation: Notation::Decimal,
        fullness: Fullness::default(),
        numbers: Numbers::None,
        indices: &|buffer, place| vec![buffer.index() as u64, place],
    };
    let Frame { act, pass, weight, weight_pass, shadow, shadow_pass, bus, bus_pass, .. } = &frame;
    for (row, col) in (0..frame.rows).flat_map(|row| (0..frame.cols).map(move |col| (row, col))) {
        let mut registers =
            vec![(Register::Shadow, 0, shadow, shadow_pass), (Register::Bus, 0, bus, bus_pass)];
        for lane in 0..frame.lanes {
            registers.push((Register::Act(lane), lane, act, pass));
            registers.push((Register::Weight(lane), lane, weight, weight_pass));
        }
        for (register, lane, values, passes) in registers {
            let at = frame.at(row, col) + lane * frame.layer();
            let held = passes.get(at).filter(|pass| **pass != NONE).map(|_| values[at]);
            let called = moment.named(register, row, col).map(|called| looked_up(finished, &called));
            assert_eq!(called, held, "{register:?} of PE({row}, {col}) in cycle {cycle}");
        }
    }
    // Beside the array are operands alone, in the order in which they are laid out.
    let waiting = around.activations.iter().flatten().chain(around.weights.iter().flatten());
    let values: Vec<i32> = waiting.flatten().map(|waiting| waiting.value).collect();
    let is_beside = |at: &[f64; 2]| at[0] < layout.left || at[1] < layout.top;
    let shapes = array(&moment, &layout).shapes;
    let called = shapes.iter().filter_map(|shape| match shape {
        Shape::Text { at, text, .. }
            if is_beside(at) && (text == "0" || text == "?" || text.contains(',')) =>
        {
            Some(text)
        }
        _ => None,
    });
    let called: Vec<i32> = called.map(|called| looked_up(finished, called)).collect();
    assert_eq!(called, values, "beside the array in cycle {cycle}");
}

/// What a PE is said to add to stood in the one above it a cycle ago, or, where sums stay, in itself, if it is of the same pass.
fn check_before(finished: &Finished, unit: usize, cycle: Cycle) {
    if cycle == 0 {
        return;
    }
    let here = |cycle| finished.machine().at(unit, cycle, Reach::default());
    let (now, earlier) = (here(cycle), here(cycle - 1));
    let (frame, before) = (now.frame(&mut Kept::default()), earlier.frame(&mut Kept::default()));
    let number =
        |view: &systole::trace::View, pass: u32| (pass != NONE).then(|| view.first + u64::from(pass));
    for (row, col) in (0..frame.rows).flat_map(|row| (0..frame.cols).map(move |col| (row, col))) {
        let places = (frame.at(row, col)..frame.pass.len()).step_by(frame.layer());
        let at_work: Vec<usize> = places.filter(|at| frame.pass[*at] != NONE).collect();
        let told = now.sums_before(row, col, &mut Kept::default());
        if finished.chip.dataflow != Dataflow::OutputStationary {
            let stood = |at: &usize| if row == 0 { 0 } else { before.psum[at - frame.cols] };
            let expected: Vec<i32> = at_work.iter().map(stood).collect();
            assert_eq!(told, expected, "above PE({row}, {col}) in cycle {cycle}");
            continue;
        }
        assert_eq!(told.len(), at_work.len(), "PE({row}, {col}) in cycle {cycle}");
        let Some(first) = at_work.first() else { continue };
        let pass = number(&now.view, frame.psum_pass[*first]);
        let same = pass == number(&earlier.view, before.psum_pass[*first]);
        assert_eq!(told[0], if same { before.psum[*first] } else { 0 }, "PE({row}, {col}) in cycle {cycle}");
        // With its products, it is what stands there now.
        let of = &now.view.passes[frame.pass[*first] as usize];
        let last = *at_work.last().unwrap();
        let product = of.scalar(frame.act[last]).times(of.scalar(frame.weight[last]));
        let sum = match (of.scalar(*told.last().unwrap()), product) {
            (Scalar::Float(sum), Scalar::Float(product)) => {
                let sum = sum + product;
                if sum.is_nan() { 0x7fc0_0000 } else { sum.to_bits() as i32 }
            }
            (Scalar::Whole(sum), Scalar::Whole(product)) => sum + product,
            kinds => panic!("{kinds:?}"),
        };
        assert_eq!(sum, frame.psum[*first], "PE({row}, {col}) in cycle {cycle}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(90))]

    #[test]
    fn every_pe_works_on_what_it_holds(
        text in prop_oneof![made::program(), made_numbers::program(), made_images::program()],
        chip in made_images::on(made::skipping_chip()),
        at in 0..1000u64,
    ) {
        let Some(finished) = run(&text, &chip) else { return Ok(()) };
        for unit in 0..chip.matrix_units {
            let lane = &finished.trace.passes[unit];
            // Near a pass, so that most cycles have something to show.
            let pass = lane.get(at * lane.len() / 1000);
            let cycle = pass.map_or(at, |pass| pass.start + at % 8).min(finished.trace.cycles);
            check(&finished, &finished.frame(&text, unit, cycle));
            check_called(&finished, unit, cycle);
            check_before(&finished, unit, cycle);
        }
    }
}

/// By hand: the pass starts in 18, so in cycle 23 PE(i, j) is at row 5 - i - j, if there is one.
#[test]
fn a_small_product_by_hand() {
    let text = "input a : i8[4, 4]\nweight w : i8[4, 4]\noutput a @ w\n";
    let finished = run(text, &Chip::classroom(4, 4).unwrap()).unwrap();
    let frame = finished.frame(text, 0, 23);
    assert_eq!((frame.passes[0].load, frame.passes[0].start, frame.passes[0].line), (Some(14), 18, 3));
    for (i, j) in (0..4usize).flat_map(|i| (0..4usize).map(move |j| (i, j))) {
        let step: Vec<u64> = (5 - i as i64 - j as i64).try_into().into_iter().filter(|m| *m < 4).collect();
        assert_eq!(frame.step[i][j], step, "PE({i}, {j})");
        let left: Vec<u64> = step.iter().map(|m| 4 * m + i as u64).collect();
        assert_eq!(frame.left_element[i][j], left);
        assert_eq!(frame.above_element[i][j].len(), step.len());
    }
}

/// What stands in the accumulators when all passes of a tile have added is the result in memory, to the bit: of blocks along k, with
/// infinities and NaNs among the sums.
#[test]
fn sums_of_floats_are_those_in_memory() {
    let text = "input x : f32[4, 11]\nweight w : f32[11, 4]\nh = exp(x * 95)\ny = h @ w\noutput y\n";
    for dataflow in Dataflow::ALL {
        let finished = run(text, &Chip { dataflow, ..of_floats(4, 4) }).unwrap();
        let last = finished.trace.passes[0].last().unwrap();
        let reach = Reach { accumulators: 4, ..Reach::default() };
        let around = finished.machine().at(0, last.event, reach).surroundings(&mut Kept::default());
        let output = finished.graph.outputs.last().unwrap().tensor;
        let values = finished.values(output).unwrap();
        let mut specials = 0;
        for (row, col) in (0..4).flat_map(|row| (0..4).map(move |col| (row, col))) {
            let place = if dataflow == Dataflow::InputStationary { 4 * col + row } else { 4 * row + col };
            let sum = around.accumulators.rows[row][col].unwrap().sum;
            assert_eq!(sum, element(&values, place), "{dataflow:?}, {row}, {col}");
            specials += usize::from(!values.get_f32(place).is_finite());
        }
        assert!((1..16).contains(&specials), "{specials} of 16 are infinite or none");
    }
}

fn of_floats(rows: usize, cols: usize) -> Chip {
    let dtypes = [DType::I8, DType::F32, DType::Bf16, DType::Fp8];
    let rates = dtypes.map(|dtype| ((dtype, dtype), Ratio::ONE));
    Chip { rates: rates.into(), ..Chip::classroom(rows, cols).unwrap() }
}

/// By hand: 2.5 x 0.5 and then -1.5 x 3, from inputs that are files.
#[test]
fn a_small_product_of_floats_by_hand() {
    let text =
        "input a : f32[1, 2] = load(\"a.npy\")\nweight w : f32[2, 1] = load(\"w.npy\")\noutput a @ w\n";
    let mut files = Files::default();
    let file = |shape: [usize; 2], values: [f32; 2]| {
        let ty = Type { dtype: DType::F32, shape: num::Shape::from(shape.to_vec()) };
        npy::write(&Array { ty, values: Values::F32(values.to_vec()) })
    };
    files.insert("a.npy", &file([1, 2], [2.5, -1.5])).unwrap();
    files.insert("w.npy", &file([2, 1], [0.5, f32::INFINITY])).unwrap();
    let finished = compile(text, &files, &of_floats(2, 1)).job.unwrap().finish();
    let start = finished.trace.passes[0].get(0).unwrap().start;
    for (row, expected) in [(0, [2.5, 0.5, 1.25]), (1, [-1.5, f32::INFINITY, f32::NEG_INFINITY])] {
        let frame = finished.frame(text, 0, start + row as Cycle);
        let Some(State::Weights { act, weight, psum, .. }) = &frame.registers else { panic!("weights stay") };
        let shown = [act, weight, psum].map(|registers| held(registers, row, 0));
        assert_eq!(shown, expected.map(|value: f32| vec![value.to_bits() as i32]));
    }
    let frame = finished.frame(text, 0, start + 1);
    let json = serde_json::to_value(frame.registers).unwrap();
    assert_eq!(json["psum"], serde_json::json!([[null], ["-inf"]]));
    assert_eq!(json["act"], serde_json::json!([[null], [-1.5]]));
}

/// A run that no one could step through: ten thousand million cycles, looked at near its end.
#[test]
fn a_late_cycle_is_as_near_as_an_early_one() {
    let chip = Chip::classroom(128, 128).unwrap();
    let chip = Chip { unified_buffer_bytes: 1 << 24, ..chip };
    let text = "Layer, M, N, K,\nlarge, 1000000, 4000, 4000,\n";
    let topology = systole::import::scalesim::parse_topology(text, systole::import::scalesim::Layout::Gemm);
    let timed = systole::job::time_topology(
        &topology.value.unwrap(),
        &Chip { dram: systole::chip::Dram { bytes: 1 << 40, ..chip.dram }, ..chip },
    );
    let timed = timed.unwrap_or_else(|refused| panic!("{refused:?}"));
    assert!(timed.trace.cycles > 1_000_000_000);
    let last = timed.trace.passes[0].last().unwrap();
    let frame = timed.frame(text, 0, last.start + 200);
    let busy = frame.pass.iter().flatten().filter(|pass| !pass.is_empty()).count();
    assert!(busy > 0 && frame.registers.is_none());
    let number = timed.trace.passes[0].len() - 1;
    assert_eq!(frame.pass[0][0], [number]);
    let entered: Cycle = frame.step[0][0][0];
    assert_eq!(entered, 200);
}

/// Too large for its values by far: 2^36 multiply-accumulates, then a small product.
const LARGE: &str = "input a : i8[4096, 4096]\nweight w : i8[4096, 4096]\nh = requant(a @ w, shift=7)\n\
    s = h[:32, :24]\nweight u : i8[24, 16]\ny = s @ u\noutput y\noutput h\n";

#[test]
fn what_is_too_large_is_timed_and_says_why() {
    let chip = Chip { unified_buffer_bytes: 1 << 24, ..Chip::classroom(16, 16).unwrap() };
    let compiled = compile_or_time(LARGE, &Files::default(), &chip);
    assert!(compiled.job.is_none() && compiled.diagnostics.is_empty(), "{:?}", compiled.diagnostics);
    let finished = compiled.timed.unwrap();
    assert_eq!(finished.numbers(), Numbers::None);
    let report = finished.report(LARGE);
    assert_eq!((report.agrees, report.outputs.len(), report.macs), (None, 0, (1 << 36) + 32 * 24 * 16));
    let pass = finished.trace.passes[0].get(1000).unwrap();
    assert!(finished.frame(LARGE, 0, pass.start + 20).registers.is_none());
}

/// In a program of its own, whose operands are declared by the names that they have in the large one, the operator has the same
/// registers.
#[test]
fn an_operator_alone_has_the_numbers_of_its_operands_names() {
    an_operator_alone_has_them(LARGE, "i8");
    an_operator_alone_has_them(
        &LARGE.replace("requant(a @ w, shift=7)", "a @ w").replace("i8", "bf16"),
        "bf16",
    );
}

fn an_operator_alone_has_them(large_text: &str, dtype: &str) {
    let chip = Chip { unified_buffer_bytes: 1 << 24, ..of_floats(16, 16) };
    let mut finished = compile_or_time(large_text, &Files::default(), &chip).timed.unwrap();
    assert!(finished.seeding(finished.operator("h", large_text).unwrap()).is_ok());
    let op = finished.operator("y", large_text).unwrap();
    let mut seeding = finished.seeding(op).unwrap();
    while !finished.seed(&mut seeding, 1) {}
    assert_eq!(finished.numbers(), Numbers::Of(op));

    let small_text = &format!("input s : {dtype}[32, 24]\nweight u : {dtype}[24, 16]\ny = s @ u\noutput y\n");
    let alone = run(small_text, &chip).unwrap();
    let first = |finished: &Finished| {
        let is_it = |pass: &systole::trace::PassRun| {
            let op = finished.emitted.program.instructions[pass.instruction].op;
            finished.emitted.program.ops[op].name == "y"
        };
        let lane = &finished.trace.passes[0];
        (0..lane.len()).rev().map(|at| lane.get(at).unwrap()).take_while(is_it).last().unwrap().start
    };
    let (here, there) = (first(&finished), first(&alone));
    // The first pass alone: how the next ones follow depends on where the weights come from.
    for after in 0..30 {
        let (large, small) =
            (finished.frame(large_text, 0, here + after), alone.frame(small_text, 0, there + after));
        assert_eq!(large.seeded.as_deref(), Some("y"));
        let (large, small) = (large.registers.unwrap(), small.registers.unwrap());
        let ((act, _), (expected, _)) = (operands(&large), operands(&small));
        for (row, col) in (0..16).flat_map(|row| (0..16).map(move |col| (row, col))) {
            assert_eq!(held(act, row, col), held(expected, row, col), "PE({row}, {col}), {after} cycles in");
        }
    }
}

#[test]
fn numbers_of_an_operator_that_has_none_are_refused() {
    let chip = Chip { unified_buffer_bytes: 1 << 24, ..Chip::classroom(16, 16).unwrap() };
    let refused = |text: &str, name: &str| {
        let compiled = compile_or_time(text, &Files::default(), &chip);
        let finished = compiled.timed.unwrap_or_else(|| panic!("{:?}", compiled.diagnostics));
        finished.seeding(finished.operator(name, text).unwrap()).err().unwrap().message
    };
    let relu = "input a : i8[4096, 4096]\nweight w : i8[4096, 4096]\noutput a @ w\ninput x : i8[4, 4]\nr = relu(x)\noutput r\n";
    assert_eq!(refused(relu, "r"), "`r` does not run on the arrays");
    let large = "input a : i8[16384, 16384]\nweight w : i8[16384, 64]\ny = a @ w\noutput y\n";
    let said = refused(large, "y");
    assert!(said.ends_with("more than the 134217728 that are made"), "{said}");
}

/// Which of its operator's passes a pass is, held to counting them: all with the same iterations of the repeats around the operator.
fn check_tiles(finished: &Finished, passes: u64) {
    for (unit, lane) in finished.trace.passes.iter().enumerate() {
        let key = |at: u64| {
            let run = lane.get(at).unwrap();
            let op = finished.emitted.program.instructions[run.instruction].op;
            (op, run.iteration[..finished.plan.layers[op.index()].repeats.len()].to_vec())
        };
        let keys: Vec<_> = (0..lane.len().min(passes)).map(key).collect();
        let mut begin = 0;
        for same in keys.chunk_by(|a, b| a == b) {
            let whole = begin + same.len() as u64 + 1 < passes;
            for at in 0..same.len() as u64 {
                let view =
                    finished.machine().at(unit, lane.get(begin + at).unwrap().start, Reach::default()).view;
                let (index, count) = view.tile_of((begin + at - view.first) as usize);
                assert_eq!(index, at, "pass {} of unit {unit}, {:?}", begin + at, same[0]);
                assert!(index < count && (!whole || count == same.len() as u64), "{index} of {count}");
            }
            begin += same.len() as u64;
        }
    }
}

#[test]
fn a_tile_in_a_loop_is_one_of_its_iteration() {
    let text = "size n = 5\ninput x : i8[2, 9, 12]\nweight u : i8[n, 12, 12]\ninput k : i8[2, 12, 9]\n\
        repeat n as t {\n    h = relu(requant(x @ u[t], shift=6))\n    s = requant(h @ k, shift=6)\n\
        \x20   x = requant(s @ transpose(k, [0, 2, 1]), shift=6)\n}\ny = x @ u[0]\noutput y\n";
    for dataflow in Dataflow::ALL {
        for units in [1, 2] {
            let chip = Chip { dataflow, matrix_units: units, ..Chip::classroom(4, 4).unwrap() };
            check_tiles(&run(text, &chip).unwrap(), u64::MAX);
        }
    }
}

#[test]
fn tiles_of_a_large_run_are_found_without_going_through_it() {
    let text = include_str!("../www/public/examples/library/transformer.systole");
    let chip = Chip::preset("classroom-16x16").unwrap();
    let compiled = compile_or_time(text, &Files::default(), &chip);
    let finished = compiled.timed.unwrap_or_else(|| panic!("{:?}", compiled.diagnostics));
    check_tiles(&finished, 3000);
    let lane = &finished.trace.passes[0];
    for at in (0..lane.len()).step_by(lane.len() as usize / 997) {
        let run = lane.get(at).unwrap();
        let view = finished.machine().at(0, run.start, Reach::default()).view;
        let op = finished.emitted.program.instructions[run.instruction].op;
        let of_op = lane
            .count_before(lane.len(), |run| finished.emitted.program.instructions[run.instruction].op == op);
        let repeats: u64 =
            finished.plan.layers[op.index()].repeats.iter().map(|around| around.count as u64).product();
        let (index, count) = view.tile_of((at - view.first) as usize);
        assert!(index < count, "pass {at} is tile {index} of {count}");
        assert_eq!(count * repeats, of_op, "pass {at}");
    }
}
