//! What limits a run changes with its program and its chip, in the same way; and whatever is said that a change gains comes out when
//! the changed program runs on the changed chip.

#![allow(clippy::unwrap_used)] // a test may fail

use std::fs;

use systole::advise::{Advice, Advisor, Cause, Family, Limit, Ranking};
use systole::chip::{Description, preset};
use systole::import::Files;
use systole::job::{compile, compile_or_time};

/// A preset with some fields changed.
fn chip(base: &str, changes: &[(&str, &str)]) -> Description {
    let mut described = preset(base).unwrap();
    for (key, value) in changes {
        described.set(key, value).unwrap();
    }
    described
}

/// So fast that nobody waits for it.
const FAST: [(&str, &str); 2] = [("dram_gb_per_s", "1000"), ("dram_latency_ns", "0")];

fn with(base: &str, changes: &[(&str, &str)]) -> Description {
    chip(base, &[&FAST[..], changes].concat())
}

/// What limits it.
fn first(text: &str, chip: &Description) -> Cause {
    let advisor = Advisor::new(text, chip).unwrap();
    let all: u64 = advisor.causes().iter().map(|cause| cause.cycles).sum();
    let units = chip.chip().unwrap().matrix_units as u64;
    assert_eq!(all, advisor.cycles() * units, "every cycle has one cause: {:#?}", advisor.causes());
    advisor.causes()[0].clone()
}

fn product(m: usize, k: usize, n: usize) -> String {
    format!("input x : i8[{m}, {k}]\nweight w : i8[{k}, {n}]\ny = x @ w\noutput y\n")
}

#[test]
fn an_array_starves_on_weights_that_load_slower_than_they_are_used() {
    let few = first(&product(3, 64, 64), &with("classroom-8x8", &[]));
    assert_eq!(few.limit, Limit::WeightLoad);
    assert!(few.words.contains("each 8 × 8 tile of `y`"), "{}", few.words);
    assert!(few.words.contains("takes 8 cycles, and it is then used for only 3 rows"), "{}", few.words);
    // Four times the rows, and it is the array itself.
    let many = first(&product(512, 64, 64), &with("classroom-8x8", &[]));
    assert_eq!(many.limit, Limit::Array, "{}", many.words);
    // A taller array takes longer to load.
    let tall = first(&product(3, 64, 64), &with("classroom-16x8", &[]));
    assert!(tall.words.contains("takes 16 cycles"), "{}", tall.words);
}

#[test]
fn an_array_starves_on_memory() {
    let text = product(64, 64, 64);
    let slow = first(&text, &chip("classroom-8x8", &[("dram_gb_per_s", "0.1")]));
    assert_eq!(slow.limit, Limit::Bandwidth);
    // x and w in, and y out in 32 bits.
    assert!(slow.words.contains("`y` moves 24,576 bytes"), "{}", slow.words);
    assert!(slow.words.contains("24,576 cycles at 1 byte a cycle"), "{}", slow.words);
    let fast = first(&text, &with("classroom-8x8", &[]));
    assert_ne!(fast.limit, Limit::Bandwidth);
    let late =
        first(&text, &chip("classroom-8x8", &[("dram_gb_per_s", "1000"), ("dram_latency_ns", "90000")]));
    assert_eq!(late.limit, Limit::Latency, "{}", late.words);
    assert!(late.words.contains("9,000 cycles after"), "{}", late.words);
}

#[test]
fn an_array_multiplies_padding() {
    let wide = first(&product(4096, 9, 9), &with("classroom-8x8", &[]));
    assert_eq!(wide.limit, Limit::Padding);
    assert!(
        wide.words.contains("68 % are padding: K = 9 fills 9 of 16 rows, and N = 9 fills 9 of 16 columns"),
        "{}",
        wide.words
    );
    assert_eq!(
        first(&product(4096, 9, 9), &with("classroom-9x9", &[("vector_lanes", "512")])).limit,
        Limit::Array
    );
    let sums = with("classroom-8x8", &[("dataflow", "os")]);
    let tall = first(&product(9, 4096, 8), &sums);
    assert_eq!(tall.limit, Limit::Padding);
    assert!(tall.words.contains("M = 9 fills 9 of 16 rows of PEs"), "{}", tall.words);
}

#[test]
fn an_array_waits_for_what_is_around_it() {
    let chain = "input x : i8[64, 64]\nweight w : i8[64, 64]\nweight v : i8[64, 64]\nh = requant(x @ w, shift=7)\ny = h @ v\noutput y\n";
    let narrow =
        first(chain, &with("classroom-8x8", &[("vector_lanes", "1"), ("vector_simple_cycles", "8")]));
    assert_eq!(narrow.limit, Limit::Vector, "{}", narrow.words);
    assert!(narrow.words.contains("1 element a cycle"), "{}", narrow.words);
    assert_ne!(first(chain, &with("classroom-8x8", &[("vector_lanes", "512")])).limit, Limit::Vector);

    let alone = "input x : bf16[64, 64]\nweight w : bf16[64, 64]\np = softmax(x)\ny = p @ w\noutput y\n";
    let softmax = first(alone, &with("classroom-8x8", &[("vector_lanes", "2")]));
    assert_eq!(softmax.limit, Limit::Vector, "{}", softmax.words);
    assert!(softmax.words.contains("most of them for `p`"), "{}", softmax.words);

    let wide = with("classroom-256x256", &[]);
    let small: String = "input x : i8[1, 256]\n".to_owned()
        + &(0..4)
            .map(|at| format!("weight w{at} : i8[256, 256]\nx = requant(x @ w{at}, shift=7)\n"))
            .collect::<String>()
        + "output x\n";
    assert_eq!(first(&small, &wide).limit, Limit::FillDrain, "{}", first(&small, &wide).words);

    let single = with("classroom-8x8", &[("double_buffered", "false")]);
    assert_eq!(first(&product(8, 64, 64), &single).limit, Limit::SingleBuffer);
    let units = with("classroom-8x8", &[("matrix_units", "8")]);
    let idle = first(&product(1, 512, 8), &units);
    assert_eq!(idle.limit, Limit::IdleUnits);
    assert!(idle.words.contains("too few tiles"), "{}", idle.words);
    // One core keeps all tensors, and the other has nothing to do: that is said, behind what can be mended.
    let decode = Advisor::new(&example("library/gpt2-decode"), &chip("tpu-v4", &[])).unwrap();
    let cores = decode.causes().iter().position(|cause| cause.limit == Limit::IdleCores).unwrap();
    assert!(cores > 0 && decode.causes()[cores].words.starts_with("1 of 2 cores without any work, 50 %"));
    let drain = first(
        &product(256, 2, 256),
        &with("classroom-32x32", &[("dataflow", "os"), ("vector_lanes", "512")]),
    );
    assert_eq!(drain.limit, Limit::DrainChain, "{}", drain.words);
    assert!(drain.words.contains("62 cycles a tile"), "{}", drain.words);
}

fn digits() -> (String, Files) {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/www/public/examples/");
    let mut files = Files::default();
    for name in ["x", "w1", "b1", "w2", "b2"] {
        let path = format!("digits/{name}.npy");
        files.insert(&path, &fs::read(format!("{folder}{path}")).unwrap()).unwrap();
    }
    (fs::read_to_string(format!("{folder}digits.systole")).unwrap(), files)
}

fn example(name: &str) -> String {
    fs::read_to_string(format!("{}/www/public/examples/{name}.systole", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// What the program with a change does on the chip with it, from its text on.
fn cycles_of(advisor: &Advisor, advice: &Advice, files: &Files) -> u64 {
    let (text, chip) = (advisor.text_with(&advice.change), advisor.chip_with(&advice.change).unwrap());
    let compiled = compile_or_time(text, files, &chip);
    let timed = compiled.timed.map(|timed| timed.trace.cycles);
    timed.unwrap_or_else(|| {
        let finished = compiled.job.expect("it runs").finish();
        assert_eq!(finished.disagreement, None, "{}", advice.change.label);
        finished.trace.cycles
    })
}

/// Runs every change, and holds each to a run of the changed program on the changed chip.
fn advised(text: &str, chip: &Description, files: &Files) -> Ranking {
    let advisor = Advisor::new(text, chip).unwrap();
    let before = compile_or_time(text, files, &chip.chip().unwrap());
    let cycles =
        before.job.map_or_else(|| before.timed.unwrap().trace.cycles, |job| job.finish().trace.cycles);
    assert_eq!(advisor.cycles(), cycles);
    let mut ranking = Ranking::default();
    for advice in (0..advisor.changes().len()).filter_map(|number| advisor.attempt(number)) {
        assert_eq!(advice.cycles, cycles_of(&advisor, &advice, files), "{}", advice.change.label);
        let gain = cycles as f64 * advice.change.results as f64 / advice.cycles as f64;
        assert_eq!(advice.gain, gain, "{}", advice.change.label);
        ranking.add(advice);
    }
    let list = ranking.list();
    assert!(list.windows(2).all(|pair| pair[0].gain >= pair[1].gain));
    assert!(list.iter().all(|advice| advice.gains()), "losses are not shown");
    ranking
}

fn families(ranking: &Ranking) -> Vec<Family> {
    ranking.list().iter().map(|advice| advice.change.family).collect()
}

#[test]
fn every_gain_comes_out() {
    let (text, files) = digits();
    let slow = families(&advised(&text, &chip("classroom-8x8", &[]), &files));
    assert!(slow.contains(&Family::Batch) && slow.contains(&Family::Bandwidth), "{slow:?}");
    let fast = families(&advised(&text, &with("classroom-8x8", &[]), &files));
    assert!(!fast.contains(&Family::Bandwidth), "{fast:?}");
    for (name, base) in
        [("product", "classroom-4x4"), ("layers", "classroom-8x8"), ("sparse", "classroom-8x8")]
    {
        advised(&example(name), &chip(base, &[]), &Files::default());
    }
    let single = families(&advised(
        &product(8, 64, 64),
        &with("classroom-8x8", &[("double_buffered", "false")]),
        &files,
    ));
    assert!(single.contains(&Family::DoubleBuffer), "{single:?}");
}

#[test]
fn large_programs_are_advised_without_values() {
    let ranking = advised(&example("library/vgg16"), &chip("tpu-v4", &[]), &Files::default());
    assert!(families(&ranking).contains(&Family::Bandwidth), "{ranking:#?}");
}

#[test]
fn a_batch_is_found_and_files_stay_right() {
    let (text, files) = digits();
    let advisor = Advisor::new(&text, &chip("classroom-8x8", &[])).unwrap();
    let batch = advisor.changes().iter().find(|change| change.family == Family::Batch).unwrap();
    let changed = advisor.text_with(batch);
    assert!(changed.contains("x  : i8[16, 64]\nweight w1 : i8[64, 32] = load"), "{changed}");
    assert!(compile(changed, &files, &advisor.chip_with(batch).unwrap()).job.is_some());
    let by_size = example("layers");
    let advisor = Advisor::new(&by_size, &chip("classroom-8x8", &[])).unwrap();
    let batch = advisor.changes().iter().find(|change| change.family == Family::Batch).unwrap();
    assert_eq!(advisor.text_with(batch), by_size.replace("batch = 8", "batch = 16"));
}

/// What cannot be said of a wrong program, or of one that is nothing.
#[test]
fn wrong_programs_get_no_advice() {
    let any = chip("classroom-8x8", &[]);
    for text in ["", "output", "input x : i8[8, 8]\noutput y\n", "size n = 3\n"] {
        let advised = Advisor::new(text, &any).map(|advisor| advisor.changes().len());
        assert!(
            advised.is_none() || compile(text, &Files::default(), &any.chip().unwrap()).job.is_some(),
            "{text}"
        );
    }
}

/// A larger batch of a program that is no batch of anything else would do more work than it has results.
#[test]
fn what_is_no_batch_is_not_taken_for_one() {
    let text = "size n = 16\ninput x : i8[n, n]\ny = x @ x\noutput y\n";
    let advisor = Advisor::new(text, &chip("classroom-8x8", &[])).unwrap();
    let batches = (0..advisor.changes().len()).filter(|at| advisor.changes()[*at].family == Family::Batch);
    assert!(batches.into_iter().all(|at| advisor.attempt(at).is_none()));
}
