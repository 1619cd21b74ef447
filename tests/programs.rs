//! Random programs on random chips: what is in simulated memory equals the reference evaluator, which knows no tiles.

#![allow(clippy::unwrap_used)] // a test may fail

#[allow(dead_code)] // some of it is for others
mod checked;
mod made;
#[allow(dead_code)] // chips are for others
mod made_images;
mod made_numbers;

use proptest::prelude::*;
use systole::base::{Cycle, Diagnostic, Ratio};
use systole::chip::{Chip, Dataflow, Dram, Link};
use systole::import::Files;
use systole::isa::Unit;
use systole::job::{Finished, Listed, OutputReport, compile};
use systole::num::DType;
use systole::sim::array::{self, Stepper, accumulated};
use systole::sim::{Floats, Kept, Reach};
use systole::trace::{Frame, NONE};

fn run(text: &str, chip: &Chip) -> Finished {
    let compiled = compile(text, &Files::default(), chip);
    let job = compiled.job.unwrap_or_else(|| panic!("{text}\n{:?}", compiled.diagnostics));
    checked::sound(job.finish())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn memory_equals_the_reference(text in made::in_some_order(made::program()), chip in made::skipping_chip()) {
        let compiled = compile(&text, &Files::default(), &chip);
        let Some(job) = compiled.job else {
            // The only thing that can be wrong with these programs.
            let said = |d: &Diagnostic| d.message.contains("bytes of the unified buffer");
            prop_assert!(compiled.diagnostics.iter().any(said), "{:?}", compiled.diagnostics);
            return Ok(());
        };
        let finished = checked::sound(job.finish());
        prop_assert_eq!(&finished.disagreement, &None, "{} on {:?}", text, chip);
        let report = finished.report(&text);
        prop_assert_eq!(report.outputs.len(), finished.graph.outputs.len());
        // Each op lies within the run, and the run ends with its last event.
        prop_assert!(report.ops.iter().all(|op| op.start < op.end && op.end <= report.cycles));
        prop_assert_eq!(report.ops.iter().map(|op| op.end).max(), Some(report.cycles));
        prop_assert!(report.utilization > 0.0 && report.utilization <= 1.0);
    }

    /// Tiles of any size that the array takes, with what follows fused or apart: the same numbers, in as many passes.
    #[test]
    fn chosen_tiles_are_taken(m in 1..20usize, k in 1..20usize, n in 1..20usize, chip in made::skipping_chip(),
                              tile in (1..20usize, 1..20usize, 1..20usize), fuse: bool) {
        let text = format!(
            "input x : i8[{m}, {k}]\nweight w : i8[{k}, {n}]\nweight b : i32[{n}]\n\
             y = requant(x @ w + b, shift=3) with tile=[{}, {}, {}], fuse={fuse}\noutput y\n", tile.0, tile.1, tile.2);
        let compiled = compile(&text, &Files::default(), &chip);
        let Some(job) = compiled.job else {
            let said = |d: &Diagnostic| d.message.contains("a tile of") || d.message.contains("bytes of the unified buffer");
            prop_assert!(compiled.diagnostics.iter().any(said), "{:?}", compiled.diagnostics);
            return Ok(());
        };
        let finished = checked::sound(job.finish());
        prop_assert_eq!(&finished.disagreement, &None, "{} on {:?}", text, chip);
        let passes: u64 = finished.trace.passes.iter().map(|lane| lane.len()).sum();
        prop_assert_eq!(passes, (m.div_ceil(tile.0) * n.div_ceil(tile.1) * k.div_ceil(tile.2)) as u64);
        prop_assert_eq!(finished.report(&text).ops.len(), if fuse { 1 } else { 2 });
    }

    /// MACHINE.md section 1.1: P equal passes take R + (P-1) * max(M, R) + M + R + C - 2 cycles from their first load.
    #[test]
    fn one_product_takes_the_cycles_of_the_contract(r in 2..24usize, c in 1..24usize, m in 1..60usize, k in 1..5usize) {
        let chip = quick_memory(Chip::classroom(r, c).unwrap());
        let text = format!("input a : i8[{m}, {}]\nweight w : i8[{}, {c}]\noutput a @ w\n", k * r, k * r);
        let expected = r + (k - 1) * m.max(r) + m + r + c - 2;
        let finished = run(&text, &chip);
        let first_load = finished.trace.passes[0].get(0).unwrap().load;
        prop_assert_eq!(finished.trace.cycles_to_last_mac - first_load, expected as Cycle);
        prop_assert_eq!(finished.report(&text).padding_macs, 0);
    }
}

/// What belongs to passes of floats by its bits, and the rest as it is.
fn of_both(mut frame: Frame, floats: Frame<f32>, is_float: impl Fn(u32) -> bool) -> Frame {
    fn take<T, F: Copy>(into: &mut [T], passes: &[u32], from: &[F], of: impl Fn(u32, F) -> Option<T>) {
        let entries = into.iter_mut().zip(passes).zip(from);
        for ((into, pass), from) in entries.filter(|((_, pass), _)| **pass != NONE) {
            of(*pass, *from).into_iter().for_each(|taken| *into = taken);
        }
    }
    let number = |pass: u32, float: f32| is_float(pass).then_some(float.to_bits() as i32);
    let place = |pass: u32, k: u32| is_float(pass).then_some(k);
    take(&mut frame.act, &frame.pass, &floats.act, number);
    take(&mut frame.psum, &frame.psum_pass, &floats.psum, number);
    take(&mut frame.weight, &frame.weight_pass, &floats.weight, number);
    take(&mut frame.shadow, &frame.shadow_pass, &floats.shadow, number);
    take(&mut frame.bus, &frame.bus_pass, &floats.bus, number);
    take(&mut frame.drain, &frame.drain_pass, &floats.drain, number);
    take(&mut frame.weight_k, &frame.weight_pass, &floats.weight_k, place);
    take(&mut frame.shadow_k, &frame.shadow_pass, &floats.shadow_k, place);
    take(&mut frame.bus_k, &frame.bus_pass, &floats.bus_k, place);
    frame
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(90))]

    /// Any cycle of any matrix unit, found at once, is what every register of every cycle has come to.
    #[test]
    fn any_cycle_is_the_one_stepped_to(
        text in prop_oneof![made::program(), made_numbers::program(), made_images::of(&["i8", "bf16", "f32", "fp8"])],
        chip in made::skipping_chip(),
        rate in 0..4usize,
        at in any::<u64>(),
    ) {
        let rate = [(1, 1), (1, 2), (2, 1), (3, 2)].map(|(num, den)| Ratio::new(num, den).unwrap())[rate];
        let dtypes = [DType::I8, DType::Bf16, DType::F32, DType::Fp8];
        let chip = Chip { rates: dtypes.map(|dtype| ((dtype, dtype), rate)).into(), ..chip };
        let Some(job) = compile(&text, &Files::default(), &chip).job else { return Ok(()) };
        let finished = checked::sound(job.finish());
        let machine = finished.machine();
        let unit = at as usize % chip.matrix_units;
        let cycle = at % finished.trace.cycles.min(3000);
        let whole = machine.whole(unit);
        let of_floats = Floats(&whole);
        let (mut stepper, mut floats) = (Stepper::new(&whole), Stepper::new(&of_floats));
        for _ in 0..=cycle {
            stepper.step();
            floats.step();
        }
        let is_float = |pass: u32| whole.view.passes[pass as usize].sums.is_float();
        let reach = Reach { accumulators: 6, ..Reach::default() };
        // What an earlier look leaves changes nothing.
        let mut kept = Kept::default();
        let earlier = machine.at(unit, at % (cycle + 1), reach);
        earlier.frame(&mut kept);
        earlier.surroundings(&mut kept);
        let here = machine.at(unit, cycle, reach);
        let first = here.view.first as u32;
        let mut found = here.frame(&mut kept);
        let lists = [
            &mut found.pass, &mut found.psum_pass, &mut found.weight_pass, &mut found.shadow_pass,
            &mut found.bus_pass, &mut found.drain_pass,
        ];
        lists.into_iter().flatten().filter(|pass| **pass != NONE).for_each(|pass| *pass += first);
        let stepped = of_both(stepper.frame(), floats.frame(), is_float);
        prop_assert_eq!(found, stepped, "{} on {:?}", text, chip);
        let mut shown = here.surroundings(&mut kept).accumulators;
        shown.rows.iter_mut().flatten().flatten().for_each(|entry| entry.pass += first);
        let mut expected = accumulated(&whole, cycle, 6, &mut array::Kept::default());
        let floats = accumulated(&of_floats, cycle, 6, &mut array::Kept::default());
        let entries = expected.rows.iter_mut().flatten().zip(floats.rows.iter().flatten());
        for (entry, float) in entries.filter_map(|(entry, float)| entry.as_mut().zip(*float)) {
            if is_float(entry.pass) {
                entry.sum = float.sum.to_bits() as i32;
            }
        }
        prop_assert_eq!(shown, expected, "{} on {:?}", text, chip);
    }
}

/// Sums that are long enough to be kept in places: whatever was looked at before, a frame is the stepper's.
#[test]
fn looks_at_long_sums_of_floats_go_back_and_forth() {
    let text = "input x : f32[7, 700]\nweight w : f32[700, 5]\noutput x @ w\n";
    let rates = [((DType::F32, DType::F32), Ratio::ONE)].into();
    let chip = Chip { rates, ..Chip::classroom(3, 2).unwrap() };
    for dataflow in Dataflow::ALL {
        let finished = run(text, &Chip { dataflow, ..chip.clone() });
        let machine = finished.machine();
        let whole = machine.whole(0);
        let of_floats = Floats(&whole);
        let mut stepper = Stepper::new(&of_floats);
        let stepped: Vec<_> = (0..finished.trace.cycles)
            .map(|_| {
                stepper.step();
                stepper.frame()
            })
            .collect();
        let (mut kept, mut all) = (Kept::default(), array::Kept::default());
        for cycle in (0..60).map(|at| at * 7919 % finished.trace.cycles) {
            let here = machine.at(0, cycle, Reach { accumulators: 7, ..Reach::default() });
            let frame = here.frame(&mut kept);
            let expected: Vec<i32> =
                stepped[cycle as usize].psum.iter().map(|sum| sum.to_bits() as i32).collect();
            assert_eq!(frame.psum, expected, "{dataflow:?}, cycle {cycle}");
            let sums = here.surroundings(&mut kept).accumulators.rows;
            let sums: Vec<i32> = sums.into_iter().flatten().flatten().map(|sum| sum.sum).collect();
            let expected = accumulated(&of_floats, cycle, 7, &mut all).rows;
            let expected = expected.into_iter().flatten().flatten();
            let expected: Vec<i32> = expected.map(|sum| sum.sum.to_bits() as i32).collect();
            assert_eq!(sums, expected, "{dataflow:?}, cycle {cycle}");
        }
    }
}

/// DRAM that brings any tile in a cycle.
fn quick_memory(chip: Chip) -> Chip {
    let link = Link { bytes_per_cycle: Ratio::whole(1 << 20).unwrap(), latency: 0 };
    Chip { dram: Dram { link, ..chip.dram }, ..chip }
}

#[test]
fn a_partial_tile_counts_its_padding() {
    let text = "input a : i8[3, 5]\nweight w : i8[5, 6]\noutput a @ w\n";
    let report = run(text, &Chip::classroom(4, 4).unwrap()).report(text);
    // Two tiles of k times two of n, 3 rows each, 16 slots a row.
    assert_eq!((report.macs, report.padding_macs), (90, 4 * 3 * 16 - 90));
}

/// Worked out by hand: two layers on one PE; DRAM brings 4 bytes a cycle, 10 cycles later. The first weight has the bus
/// in 0 and is whole in 11; the input comes next, there in 12; the second weight in 13. Load 11, stream 12 to 13, its sum
/// in the accumulator after 12 + 1 + 1 + 1 - 1 = 14; requantised in 14 with one cycle of latency: event 16. The second
/// tile loads in 13, its row may enter in 16: last MAC in 16, event 18, moved out of the accumulator in 18, event 20; on
/// the bus in 20, in DRAM after 31.
#[test]
fn a_second_layer_waits_for_the_first() {
    let text =
        "input a : i8[1, 1]\nweight v : i8[1, 1]\nweight w : i8[1, 1]\noutput requant(a @ v, shift=1) @ w\n";
    let finished = run(text, &Chip::classroom(1, 1).unwrap());
    let passes: Vec<(Cycle, Cycle)> =
        finished.trace.passes[0].iter_from(0).map(|pass| (pass.load, pass.start)).collect();
    assert_eq!(passes, [(11, 12), (13, 16)]);
    let vectors = finished.trace.lane(Unit::Vector(0)).unwrap();
    let vectors: Vec<(Cycle, Cycle)> = vectors.iter_from(0).map(|run| (run.start, run.event)).collect();
    assert_eq!(vectors, [(14, 16), (18, 20)]);
    assert_eq!((finished.trace.cycles_to_last_mac, finished.trace.cycles), (17, 31));
    // The unit's 31 cycles: 2 rows enter. The first load takes one, before it 11 are waited for the weight. The second
    // row waits two cycles for its operand's wave, then two for the vector unit. (Its load, 13 to 14, comes first.)
    let classes = finished.report(text).classes;
    assert_eq!((classes.active, classes.weight_stall, classes.weight_shift), (2, 11, 2));
    assert_eq!((classes.fill_drain, classes.dependence, classes.non_matrix), (1, 2, 13));
}

#[test]
fn what_no_output_needs_is_not_run() {
    let text = "input a : i8[4, 4]\nweight w : i8[4, 4]\nunused = a @ w\noutput requant(a @ w, shift=2)\n";
    let finished = run(text, &Chip::classroom(4, 4).unwrap());
    assert_eq!(finished.plan.layers.len(), 1);
    assert_eq!(finished.trace.passes[0].len(), 1);
}

/// The outputs of a program on the classroom's chip.
fn outputs(text: &str) -> Vec<Vec<i32>> {
    let report = run(text, &Chip::classroom(4, 4).unwrap()).report(text);
    let values = |output: OutputReport| match output.values.unwrap() {
        Listed::Whole(values) => values,
        Listed::Floats(values) => panic!("whole numbers, not {values:?}"),
    };
    report.outputs.into_iter().map(values).collect()
}

#[test]
fn a_call_is_the_lines_of_its_function() {
    let declared = "size n = 6\ninput x : i8[4, n]\nweight w : i8[n, n]\nweight b : i32[n]\n";
    let functions = "fn layer(x : i8[m, k], w : i8[k, k], b, s) {\n    y = x @ w + b\n    return requant(y, shift=s), y\n}\n\
                     fn two(x, w, b) {\n    h, _ = layer(x, w, b, n - 2)\n    return layer(h, b=b, s=5, w=w)\n}\n";
    let called = format!("{declared}{functions}z, y = two(x, w, b)\noutput relu(z)\noutput y\n");
    let written = format!(
        "{declared}h = requant(x @ w + b, shift=4)\ny = h @ w + b\noutput relu(requant(y, shift=5))\noutput y\n"
    );
    assert_eq!(outputs(&called), outputs(&written));
}

#[test]
fn every_call_has_weights_of_its_own() {
    let layer = |name: &str| format!("fn {name}(x) {{\n    weight w : i8[4, 4]\n    return x @ w\n}}\n");
    let text = format!(
        "{}{}input x : i8[4, 4]\noutput layer(x)\noutput layer(x)\noutput layer_2(x)\n",
        layer("layer"),
        layer("layer_2")
    );
    let [first, second, third] = &outputs(&text)[..] else { panic!("three outputs") };
    assert!(first != second && second != third && first != third);
}

/// What adds up or otherwise joins two chains is in the one or the other.
#[test]
fn what_joins_two_chains_runs_once() {
    let chip = Chip::classroom(4, 4).unwrap();
    let joins = ["a @ w + b @ w", "relu(a @ w) - relu(b @ w)", "-a * -b", "(a @ w) * (b @ w) + a @ w"];
    for (dtype, join) in
        [DType::I8, DType::Bf16].into_iter().flat_map(|dtype| joins.map(|join| (dtype, join)))
    {
        let text = format!(
            "input a : {dtype}[6, 6]\ninput b : {dtype}[6, 6]\nweight w : {dtype}[6, 6]\noutput {join}\n"
        );
        let finished = run(&text, &chip);
        assert_eq!(finished.disagreement, None, "{text}");
        let planned: usize = finished.plan.layers.iter().map(|layer| layer.ops.len()).sum();
        assert_eq!(planned, finished.graph.ops.len(), "{text}");
    }
}
