//! The compiler's passes: what they say and what they change, `tests/cases/passes/`; with any of them left out the numbers
//! are the same.

#![allow(clippy::unwrap_used)] // a test may fail

#[allow(dead_code)] // some of it is for others
mod checked;
mod golden;
mod made;
mod made_chains;
#[allow(dead_code)] // chips are for others
mod made_images;
mod made_moves;

use std::path::Path;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use systole::base::{Diagnostic, Ratio};
use systole::chip::{Chip, Dataflow, Dram, Link};
use systole::import::Files;
use systole::isa::Space;
use systole::job::{Finished, as_planned, compile, compile_arranged, explained};
use systole::schedule::{PASSES, Pipeline, told};

fn without(names: &[&str]) -> Pipeline {
    names.iter().fold(Pipeline::default(), |all, name| all.without(name).unwrap())
}

/// Work on weights alone, which products, vector work and outputs read.
fn constants() -> impl Strategy<Value = String> {
    (1..9usize, 1..9usize, 1..9usize, 0..6usize, any::<bool>()).prop_map(|(m, k, n, kind, output)| {
        let work = ["t", "relu(t)", "t * 0.5 + 1.0", "softmax(t, axis=0)", "cast(t, bf16)", "t + b"][kind];
        let text = format!(
            "input x : bf16[{m}, {k}]\nweight w : f32[{n}, {k}]\nweight b : f32[{n}]\nt = transpose(w)\nu = {work}\n\
             s = cast(u, bf16)\nr = reshape(b[0:{n}], [1, {n}])\ny = x @ s + r\noutput y\n"
        );
        if output { text + "output u\n" } else { text }
    })
}

/// Lines of a body, nested or not, on what is known before the run: weights of the body, of others, and parts of them by
/// iterations. What they make is read by products and vector work, carried on, and collected.
fn constants_in_bodies() -> impl Strategy<Value = String> {
    const LINES: [&str; 13] = [
        "$ = transpose(v)",
        "$ = transpose(o)",
        "$ = transpose(w[t])",
        "$ = w[t] * 0.5",
        "$ = relu(transpose(w[2 * t + 1]))",
        "$ = transpose(w[t + 1]) + v",
        "$ = softmax(o, axis=0)",
        "$ = concat([b[t:t + 1], v[1:]])",
        "$ = reshape(v, [k, k]) + transpose(z[t])",
        "$ = cast(cast(v, f32) * 2.0, bf16)",
        "$ = transpose(w[0])",
        "$ = transpose(reshape(transpose(v), [k, k])) * transpose(o)",
        "$ = v * b[2 * t:2 * t + 1]",
    ];
    const USES: [&str; 6] =
        ["h = h @ $", "h = h + $[0:1]", "h = h @ $ + h @ $.T", "ys$[t] = $", "g = $", "h = h @ g"];
    let body = (0..LINES.len(), prop::sample::subsequence(USES.to_vec(), 1..4), any::<bool>());
    (1..4usize, 1..6usize, 2..6usize, prop::collection::vec(body, 1..4)).prop_map(|(n, m, k, bodies)| {
        let parts = 2 * n;
        let mut text = format!(
            "size k = {k}\ninput x : bf16[{m}, k]\nweight o : bf16[k, k]\nweight w : bf16[{parts}, k, k]\n\
             weight b : bf16[{parts}, k]\nweight z : bf16[{n}, k, k]\nh = x\ng = transpose(o)\n"
        );
        let mut outputs = "output h\noutput relu(g)\n".to_owned();
        for (at, (line, uses, nested)) in bodies.into_iter().enumerate() {
            let collects = uses.contains(&USES[3]);
            let lines = format!("{}\n{}\n", LINES[line], uses.join("\n")).replace('$', &format!("c{at}"));
            let lines = if nested && !collects { format!("repeat 2 {{\n{lines}}}\n") } else { lines };
            text += &format!("repeat {n} as t {{\nweight v : bf16[k, k]\n{lines}}}\n");
            if collects {
                outputs += &format!("output ysc{at}\n");
            }
        }
        text + &outputs
    })
}

/// They compile, and something of most is folded.
#[test]
fn constants_in_bodies_are_folded() {
    let mut runner = TestRunner::deterministic();
    let mut folded = 0;
    for _ in 0..100 {
        let text = constants_in_bodies().new_tree(&mut runner).unwrap().current();
        let chip = Chip::classroom(4, 4).unwrap();
        let (said, plan) = explained(&text, &Files::default(), &chip, &Pipeline::default());
        let (_, all) = plan.unwrap_or_else(|| panic!("{text}\n{said:?}"));
        let told = told(&all, &text);
        folded += usize::from(told.contains("once for all iterations") || told.contains(" iterations: "));
    }
    assert!(folded > 60, "{folded} of 100");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn constants_in_bodies_equal_the_reference(
        text in constants_in_bodies(), chip in prop_oneof![made::chip(), made_chains::small_buffer()], alias in any::<bool>(),
    ) {
        let pipeline = if alias { Pipeline::default() } else { without(&["alias"]) };
        let compiled = compile_arranged(&text, &Files::default(), &chip, &pipeline, &mut as_planned);
        let Some(job) = compiled.job else {
            let too_small = |d: &Diagnostic| d.message.contains("bytes of the unified buffer");
            prop_assert!(compiled.diagnostics.iter().any(too_small), "{} {:?}", text, compiled.diagnostics);
            return Ok(());
        };
        prop_assert_eq!(&checked::sound(job.finish()).disagreement, &None, "{} on {:?}", text, chip);
    }
}

fn programs() -> impl Strategy<Value = String> {
    prop_oneof![
        made::in_some_order(made::program()),
        made_moves::program(),
        made_moves::products(),
        made_moves::repeats(),
        made_moves::chains(),
        made_images::of(&["i8"]),
        constants(),
        constants_in_bodies(),
        made_chains::program(),
        made_chains::mixed(),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn whatever_is_left_out_the_numbers_are_the_same(
        text in programs(), chip in prop_oneof![made::skipping_chip(), made_chains::small_buffer()], left_out in prop::collection::vec(any::<bool>(), PASSES.len()),
    ) {
        let named = PASSES.iter().zip(left_out).filter(|(_, out)| *out).map(|(pass, _)| pass.name);
        let names: Vec<&str> = named.collect();
        let Some(job) = compile_arranged(&text, &Files::default(), &chip, &without(&names), &mut as_planned).job else { return Ok(()) };
        let finished = checked::sound(job.finish());
        prop_assert_eq!(&finished.disagreement, &None, "{} on {:?} without {:?}", text, chip, names);
        // What passes say, they say of any program.
        let (_, explained) = explained(&text, &Files::default(), &chip, &without(&names));
        let (plan, said) = explained.unwrap();
        prop_assert_eq!(plan.to_string(), finished.plan.to_string());
        prop_assert!(told(&said, &text).lines().count() >= PASSES.len());
    }
}

fn run(text: &str, chip: &Chip, pipeline: &Pipeline) -> Finished {
    let finished =
        compile_arranged(text, &Files::default(), chip, pipeline, &mut as_planned).job.unwrap().finish();
    assert_eq!(finished.disagreement, None);
    finished
}

/// How many programs run, by how many a pass changes the plan: the test above is worth something for each.
#[test]
fn every_pass_changes_random_programs() {
    let mut runner = TestRunner::deterministic();
    let (mut ran, mut changed) = (0, [0; PASSES.len()]);
    // Some tensors stay and others do not; some have places that others had.
    let (mut mixed, mut in_turn) = (0, 0);
    for _ in 0..300 {
        let text = programs().new_tree(&mut runner).unwrap().current();
        let chip =
            prop_oneof![made::chip(), made_chains::small_buffer()].new_tree(&mut runner).unwrap().current();
        let plan =
            |pipeline: &Pipeline| Some(explained(&text, &Files::default(), &chip, pipeline).1?.0.to_string());
        let Some(whole) = plan(&Pipeline::default()) else { continue };
        let explained = explained(&text, &Files::default(), &chip, &Pipeline::default()).1.unwrap().0;
        let spills = explained.layers.iter().any(|layer| !explained.stays(layer.result));
        mixed += usize::from(spills && !explained.places.is_empty());
        in_turn += usize::from(explained.places.values().any(|place| place.taken_over));
        ran += 1;
        for (pass, changed) in PASSES.iter().zip(&mut changed) {
            *changed += usize::from(plan(&without(&[pass.name])).is_none_or(|plan| plan != whole));
        }
    }
    assert!(mixed > 30 && in_turn > 5, "{mixed} {in_turn}");
    assert!(ran > 200 && changed.iter().all(|changed| *changed >= 5), "{ran} ran, {changed:?} changed");
}

/// A chain of layers whose tensors fit the unified buffer one after the other, but not all at once.
#[test]
fn places_are_used_again() {
    let mut text = "input x : i8[16, 64]\n".to_owned();
    for layer in 0..6 {
        let operand = if layer == 0 { "x".into() } else { format!("h{}", layer - 1) };
        text += &format!("weight w{layer} : i8[64, 64]\nh{layer} = requant({operand} @ w{layer}, shift=7)\n");
    }
    text += "output h5\n";
    // A tensor has 1024 bytes: there are seven.
    let chip = Chip { unified_buffer_bytes: 2048, ..Chip::classroom(8, 8).unwrap() };
    let (reused, own) = (run(&text, &chip, &Pipeline::default()), run(&text, &chip, &without(&["reuse"])));
    // Half of the buffer is for what stays, if something has to pass through.
    assert_eq!((reused.plan.places.len(), own.plan.places.len()), (7, 1));
    assert!(reused.trace.cycles < own.trace.cycles, "{} {}", reused.trace.cycles, own.trace.cycles);
    let held = |chip: &Chip| compile(&text, &Files::default(), chip).job.unwrap().finish().plan.places.len();
    assert_eq!(held(&Chip { unified_buffer_bytes: 2047, ..chip.clone() }), 0);
}

/// Blocks come while others are worked on, and weights while the layer before runs, if the passes that see to it do.
#[test]
fn what_passes_through_comes_in_time() {
    let text = "input x : i8[64, 64]\nweight v : i8[64, 64]\nweight w : i8[64, 64]\nh = requant(x @ v, shift=7)\ny = h @ w with order=\"nmk\"\noutput y\n";
    for dataflow in Dataflow::ALL {
        let chip = Chip::classroom(8, 8).unwrap();
        // A fast bus, with much latency.
        let link = Link { bytes_per_cycle: Ratio::whole(64).unwrap(), latency: 300 };
        let dram = Dram { link, ..chip.dram };
        let chip = Chip { unified_buffer_bytes: 6000, accumulator_rows: 16, dataflow, dram, ..chip };
        let cycles = |names: &[&str]| {
            let finished = run(text, &chip, &without(&[names, &["reside"]].concat()));
            assert!(finished.plan.places.is_empty());
            finished.trace.cycles
        };
        let all = cycles(&[]);
        for name in ["double", "prefetch"] {
            let other = cycles(&[name]);
            assert!(all < other, "{name}, {dataflow:?}: {all} {other}");
        }
    }
}

/// A weight that is transposed takes no time.
#[test]
fn constants_take_no_time() {
    let chip = Chip::classroom(4, 4).unwrap();
    let straight = "input x : i8[6, 10]\nweight w : i8[10, 5]\noutput x @ w\n";
    let turned = "input x : i8[6, 10]\nweight w : i8[5, 10]\noutput x @ transpose(w)\n";
    let cycles = |text: &str, pipeline: &Pipeline| run(text, &chip, pipeline).trace.cycles;
    assert_eq!(cycles(straight, &Pipeline::default()), cycles(turned, &Pipeline::default()));
    assert!(cycles(turned, &without(&["fold"])) > cycles(turned, &Pipeline::default()));
}

/// Nor does one in a body, of each iteration, or of one part of another weight after the other; and one of all iterations is
/// computed once.
#[test]
fn constants_of_bodies_take_no_time() {
    let chip = Chip::classroom(4, 4).unwrap();
    let repeated = |declared: &str, of_body: &str, factor: &str| {
        format!(
            "input h : i8[6, 10]\n{declared}repeat 3 as t {{\n{of_body}    h = requant(h @ {factor}, shift=5)\n}}\noutput h\n"
        )
    };
    let cycles = |text: &str, pipeline: &Pipeline| run(text, &chip, pipeline).trace.cycles;
    for (declared, of_body, straight, turned) in [
        ("", "    weight w : i8[10, 10]\n", "w", "transpose(w)"),
        ("weight w : i8[10, 10]\n", "", "w", "transpose(w)"),
        ("weight w : i8[3, 10, 10]\n", "", "w[t]", "transpose(w[t])"),
    ] {
        let [straight, turned] = [straight, turned].map(|factor| repeated(declared, of_body, factor));
        let whole = Pipeline::default();
        assert_eq!(cycles(&straight, &whole), cycles(&turned, &whole), "{turned}");
        assert!(cycles(&turned, &without(&["fold"])) > cycles(&turned, &whole), "{turned}");
        // It lies there once, or as often as what it is made of.
        let bytes = |text: &str| -> u64 {
            let finished = run(text, &chip, &whole);
            let buffers = finished.emitted.program.buffers.iter();
            buffers
                .filter(|(_, buffer)| buffer.space == Space::Dram)
                .map(|(_, buffer)| buffer.held_bytes)
                .sum()
        };
        assert_eq!(bytes(&straight), bytes(&turned));
    }
}

/// What a repeat begins with may be a constant: it was left to nobody where it should have been copied.
#[test]
fn a_repeat_begins_with_a_constant() {
    let chip = Chip::classroom(4, 4).unwrap();
    let text = "weight w : f32[4, 4]\nh = transpose(w)\nrepeat 3 {\n    h = exp(h) * 0.01\n}\noutput h\n";
    run(text, &chip, &Pipeline::default());
}

/// A choice between cores is told of where there is one: not where a program has one core anyway.
#[test]
fn one_core_is_chosen_among_those_of_the_program() {
    let text = "input a : bf16[512, 256]\nweight w : bf16[256, 256]\nh = relu(a @ w)\noutput h @ w\n";
    let said = |program_cores| {
        let chip = Chip { program_cores, common: None, ..Chip::preset("tpu-v4").unwrap() };
        told(&explained(text, &Files::default(), &chip, &Pipeline::default()).1.unwrap().1, text)
    };
    assert!(said(None).contains("one of 2 cores has it all"), "{}", said(None));
    assert!(!said(Some(1)).contains("cores has it all"), "{}", said(Some(1)));
}

#[test]
fn a_wrong_name_is_answered_with_the_list() {
    let error = Pipeline::default().without("fuze").unwrap_err();
    assert!(PASSES.iter().all(|pass| error.contains(&format!("`{}`", pass.name))), "{error}");
}

/// What all passes say, the plan, and by pass the lines of the plan that are others without it.
/// `BLESS=1 cargo test --test passes` writes it anew.
/// Of sums that stay a tile has as many rows as the array, whatever the accumulators hold and however many units there are.
#[test]
fn tiles_of_sums_that_stay_are_as_the_array_is() {
    let text = "input x : i8[64, 16]\nweight w : i8[16, 64]\noutput x @ w\n";
    for matrix_units in [1, 2] {
        let dataflow = Dataflow::OutputStationary;
        let chip = Chip { dataflow, matrix_units, ..Chip::classroom(8, 8).unwrap() };
        let said = told(&explained(text, &Files::default(), &chip, &Pipeline::default()).1.unwrap().1, text);
        assert!(said.contains("in tiles of 8 x 16 x 8 (os): as many rows as the array has"), "{said}");
    }
}

#[test]
fn what_passes_do_is_as_recorded() {
    let cases = golden::cases("passes");
    assert!(!cases.is_empty());
    golden::hold(
        &cases,
        |case: &Path| case.with_extension("txt"),
        |_, text| {
            let text = std::str::from_utf8(text).unwrap();
            let (first, _) = text.split_once('\n').unwrap();
            let chip = Chip::preset(first.strip_prefix("# chip ").unwrap()).unwrap();
            let plan = |pipeline: &Pipeline| explained(text, &Files::default(), &chip, pipeline).1.unwrap();
            let (whole, said) = plan(&Pipeline::default());
            let mut out = format!("{}\n{whole}", told(&said, text));
            for pass in &PASSES {
                let other = plan(&without(&[pass.name])).0;
                out += &format!(
                    "\nwithout {}\n{}",
                    pass.name,
                    difference(&whole.to_string(), &other.to_string())
                );
            }
            out
        },
    );
}

/// Lines that only one of two texts has.
fn difference(one: &str, other: &str) -> String {
    let only = |sign: char, of: &str, not_in: &str| -> String {
        let lines = of.lines().filter(|line| not_in.lines().all(|other| other != *line));
        lines.map(|line| format!("{sign} {line}\n")).collect()
    };
    only('-', one, other) + &only('+', other, one)
}
