//! Tensors of more axes: random programs that move elements, on random chips, equal to the reference; times by hand.

#![allow(clippy::unwrap_used)] // a test may fail

#[allow(dead_code)] // some of it is for others
mod checked;
mod large;
mod made;
mod made_moves;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use systole::base::{Cycle, Diagnostic, Ratio};
use systole::chip::{Chip, Dram, Link};
use systole::import::Files;
use systole::isa::Unit;
use systole::isa::text::print;
use systole::job::{Finished, assembly, compile, compile_or_time};
use systole::num::DType;
use systole::schedule::{LayerKind, Pipeline};
use systole::sim::{Clock, Loops, tally};

fn run(text: &str, chip: &Chip) -> Finished {
    let compiled = compile(text, &Files::default(), chip);
    let job = compiled.job.unwrap_or_else(|| panic!("{text}\n{:?}", compiled.diagnostics));
    checked::sound(job.finish())
}

/// That multiplies all dtypes of these programs.
fn chip() -> impl Strategy<Value = Chip> {
    made::skipping_chip().prop_map(|chip| {
        let rates =
            [DType::I8, DType::Bf16, DType::F32].map(|dtype| ((dtype, dtype), Ratio::whole(1).unwrap()));
        Chip { rates: rates.into(), ..chip }
    })
}

fn assert_equals_the_reference(text: &str, chip: &Chip) {
    let compiled = compile(text, &Files::default(), chip);
    let Some(job) = compiled.job else {
        // The only thing that can be wrong with these programs.
        let said = |d: &Diagnostic| {
            d.message.contains("bytes of the unified buffer") || d.message.contains("loops within each other")
        };
        assert!(compiled.diagnostics.iter().any(said), "{text} {:?}", compiled.diagnostics);
        return;
    };
    let finished = checked::sound(job.finish());
    assert_eq!(finished.disagreement, None, "{text} on {chip:?}");
    let program = &finished.emitted.program;
    let stepped = Clock::new(program, chip, Loops::Stepped).run().unwrap();
    assert_eq!(tally(program, chip, &stepped), finished.tally(), "{text} on {chip:?}");
    assert_eq!(stepped.cycles, finished.trace.cycles, "{text} on {chip:?}");
    assert_eq!(finished.report(text).outputs.len(), finished.graph.outputs.len());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn memory_equals_the_reference(text in made::in_some_order(prop_oneof![2 => made_moves::program(), 2 => made_moves::products(), 1 => made::program(), 3 => made_moves::repeats(), 3 => made_moves::chains()]), chip in chip()) {
        assert_equals_the_reference(&text, &chip);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn so_it_does_with_many_repeats_within_each_other(text in made::in_some_order(made_moves::deep_repeats()), chip in chip()) {
        assert_equals_the_reference(&text, &chip);
    }
}

#[test]
fn a_slice_moves_back_with_a_repeat() {
    let chip = Chip::classroom(4, 4).unwrap();
    let body =
        "h = x[0]\nrepeat 4 as t {\n    h = maximum(h, relu(x[3 - t]))\n    all[t] = h\n}\noutput all\n";
    let text = format!("input x : bf16[4, 2, 8]\n{body}");
    let finished = run(&text, &chip);
    assert_eq!(finished.disagreement, None);
    let on = run(&text.replace("3 - t", "t"), &chip);
    assert_eq!(finished.trace.cycles, on.trace.cycles, "either way there is as much to do");
    let written = assembly(&text, &Files::default(), &chip, &Pipeline::default()).1.unwrap();
    assert!(print(&written).contains("= x[2*k + 6 - 2*i +: 2]"), "{}", print(&written));
}

/// The same number is held in wasm, by `tests/web.rs`.
#[test]
fn places_need_more_than_32_bits() {
    let (preset, key, value) = large::CHIP;
    let words = systole::chip::preset(preset).unwrap().chip().unwrap();
    assert_eq!((key, value), ("dram_gib", "256"));
    let chip = Chip { dram: Dram { bytes: 256 << 30, ..words.dram }, ..words };
    let finished = compile_or_time(large::PROGRAM, &Files::default(), &chip).timed.unwrap();
    let longest = finished.emitted.program.buffers.iter().map(|(_, buffer)| buffer.len).max();
    assert_eq!(longest, Some(3 << 32));
    assert_eq!(finished.trace.cycles, large::CYCLES);
}

/// What stays where it is costs nothing.
#[test]
fn a_reshape_takes_no_time() {
    let chip = Chip::classroom(4, 4).unwrap();
    let declared = "input x : i8[6, 10]\nweight w : i8[10, 5]\n";
    let plain = run(&format!("{declared}output requant(x @ w, shift=3)\n"), &chip);
    let shaped = run(&format!("{declared}output reshape(requant(x @ w, shift=3), [3, 1, 10])\n"), &chip);
    assert_eq!(plain.trace.cycles, shaped.trace.cycles);
    assert_eq!(shaped.disagreement, None);
    assert_eq!(shaped.values(shaped.graph.outputs[0].tensor).unwrap().len(), 30);
}

/// How many of the programs run, and how many of those move something or multiply in copies: the tests above are worth
/// something.
#[test]
fn random_programs_run_and_move() {
    let (ran, moved, copied) = kinds(made_moves::program());
    assert!(ran > 150 && moved > 100 && copied == 0, "{ran} ran, {moved} moved something");
    let (ran, moved, copied) = kinds(made_moves::products());
    assert!(ran > 150 && moved > 80 && copied > 40, "{ran} ran, {moved} moved something, {copied} in copies");
}

/// The same of chains of vector work.
#[test]
fn random_chains_run() {
    let (ran, moved, copied) = kinds(made_moves::chains());
    assert!(ran > 150 && copied == 0, "{ran} ran, {moved} moved something");
}

/// The same of repeats.
#[test]
fn random_repeats_run() {
    let (mut ran, mut nested, mut carried, mut collected) = (0, 0, 0, 0);
    let mut runner = TestRunner::deterministic();
    for _ in 0..200 {
        let text = made_moves::repeats().new_tree(&mut runner).unwrap().current();
        let chip = chip().new_tree(&mut runner).unwrap().current();
        let Some(job) = compile(&text, &Files::default(), &chip).job else { continue };
        ran += 1;
        let Finished { graph, plan, .. } = job.finish();
        nested += usize::from(plan.layers.iter().any(|layer| layer.repeats.len() > 1));
        carried += usize::from(graph.repeats.iter().any(|(_, repeat)| !repeat.carried.is_empty()));
        collected += usize::from(graph.repeats.iter().any(|(_, repeat)| !repeat.collected.is_empty()));
    }
    assert!(
        ran > 150 && nested > 50 && carried > 100 && collected > 50,
        "{ran}, {nested}, {carried}, {collected}"
    );
}

/// The same of many within each other, up to as many as there may be.
#[test]
fn random_repeats_within_each_other_run() {
    let mut runner = TestRunner::deterministic();
    let mut ran = [0; 9];
    for _ in 0..100 {
        let text = made_moves::deep_repeats().new_tree(&mut runner).unwrap().current();
        let chip = chip().new_tree(&mut runner).unwrap().current();
        let Some(job) = compile(&text, &Files::default(), &chip).job else { continue };
        let layers = job.finish().plan.layers;
        ran[layers.iter().map(|layer| layer.repeats.len()).max().unwrap_or(0)] += 1;
    }
    assert!(ran[5..].iter().all(|ran| *ran > 5), "{ran:?}");
}

/// Of 200 programs: those that run, and of these those that move something, and those with copies.
fn kinds(programs: impl Strategy<Value = String>) -> (usize, usize, usize) {
    let mut runner = TestRunner::deterministic();
    let (mut ran, mut moved, mut copied) = (0, 0, 0);
    for _ in 0..200 {
        let text = programs.new_tree(&mut runner).unwrap().current();
        let chip = chip().new_tree(&mut runner).unwrap().current();
        let Some(job) = compile(&text, &Files::default(), &chip).job else { continue };
        ran += 1;
        let layers = job.finish().plan.layers;
        moved += usize::from(layers.iter().any(|layer| matches!(layer.kind, LayerKind::Move(_))));
        copied += usize::from(layers.iter().any(|layer| layer.copies > 1));
    }
    (ran, moved, copied)
}

/// Worked out by hand, on a chip that brings 4 bytes a cycle, 10 cycles later, in bursts of 64 bytes. [2, 3, 4] becomes
/// [3, 2, 4] in two windows of 3 rows of 4. What is read lies together: 12 bytes each, 3 cycles. They go out as rows that
/// do not: a burst each, 192 bytes, 48 cycles, the first ones once they are there in 13.
#[test]
fn a_transpose_by_hand() {
    let finished = run("input x : i8[2, 3, 4]\noutput transpose(x, [1, 0, 2])\n", &bursts());
    assert_eq!(times(&finished, Unit::DmaIn(0)), [[0, 3, 13], [3, 6, 16]]);
    assert_eq!(times(&finished, Unit::DmaOut(0)), [[13, 61, 71], [61, 109, 119]]);
    assert_eq!(finished.disagreement, None);
}

/// Two numbers, 8 bytes as one row: 2 cycles, there in 12. They choose two rows of 5 bytes of the table, a burst each: 32
/// cycles from 12 on, there in 54. Out go 10 bytes together: 3 cycles, in DRAM in 54 + 3 + 10.
#[test]
fn a_gather_by_hand() {
    let finished = run("input x : i8[9, 5]\ninput p : i32[2]\noutput gather(x, p)\n", &bursts());
    assert_eq!(times(&finished, Unit::DmaIn(0)), [[0, 2, 12], [12, 44, 54]]);
    assert_eq!(times(&finished, Unit::DmaOut(0)), [[54, 57, 67]]);
    assert_eq!(finished.disagreement, None);
}

/// Start, end and event of all that a unit does.
fn times(finished: &Finished, unit: Unit) -> Vec<[Cycle; 3]> {
    let lane = finished.trace.lane(unit).unwrap();
    lane.iter_from(0).map(|run| [run.start, run.busy_until, run.event]).collect()
}

fn bursts() -> Chip {
    let chip = Chip::classroom(4, 4).unwrap();
    let link = Link { bytes_per_cycle: Ratio::whole(4).unwrap(), latency: 10 };
    Chip { dram: Dram { link, burst_bytes: 64, ..chip.dram }, ..chip }
}
