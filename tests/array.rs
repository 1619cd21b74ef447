//! The array against traces from outside, and its two engines against each other.

#![allow(clippy::unwrap_used)] // a test may fail

use std::process::Command;

use proptest::prelude::*;
use serde_json::Value;
use systole::base::Cycle;
use systole::sim::array::cases::{Case, Engine, replay};
use systole::sim::array::{Leaving, Stepper, Timing, Waves, busy, cycles_to_last_mac, frame, outputs};
use systole::trace::NONE;

const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/array/golden.json");

fn golden() -> Vec<Value> {
    serde_json::from_str(&std::fs::read_to_string(GOLDEN).unwrap()).unwrap()
}

/// Every field that a golden case has, this replay must have with the same value.
fn assert_same(index: usize, golden: &Value, ours: &Value) {
    for (key, expected) in golden.as_object().unwrap() {
        assert_eq!(&ours[key], expected, "case {index}, {key}");
    }
}

#[test]
fn both_engines_reproduce_every_golden_case() {
    let cases: Vec<Value> = golden().into_iter().filter(|case| case["dataflow"] == "ws").collect();
    assert_eq!(cases.len(), 40);
    for engine in [Engine::Stepper, Engine::ClosedForm] {
        for (index, case) in cases.iter().enumerate() {
            let given: Case = serde_json::from_value(case.clone()).unwrap();
            let ours = serde_json::to_value(replay(given, engine).unwrap()).unwrap();
            assert_same(index, case, &ours);
        }
    }
}

#[test]
fn the_command_line_reproduces_them_too() {
    for engine in [&[][..], &["--closed-form"]] {
        let run = Command::new(env!("CARGO_BIN_EXE_systole"))
            .args(["array", GOLDEN])
            .args(engine)
            .output()
            .unwrap();
        assert!(run.status.success());
        let ours: Vec<Value> = serde_json::from_slice(&run.stdout).unwrap();
        for (index, (golden, ours)) in golden().iter().zip(&ours).enumerate() {
            match golden["dataflow"].as_str() {
                Some("ws") => assert_same(index, golden, ours),
                _ => assert!(ours["error"].is_string(), "case {index} says that it is left out"),
            }
        }
    }
}

/// Random passes with random waiting, as a busy chip would cause it.
#[derive(Clone, Debug)]
struct Random {
    rows: usize,
    cols: usize,
    timings: Vec<Timing>,
    seed: u64,
}

impl Random {
    fn value(&self, what: usize, pass: usize, row: usize, col: usize) -> i16 {
        let mixed = [what, pass, row, col].iter().fold(self.seed, |hash, part| {
            (hash ^ *part as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(23)
        });
        (mixed % 255) as i16 - 127
    }
}

impl Waves for Random {
    fn shape(&self) -> (usize, usize) {
        (self.rows, self.cols)
    }
    fn passes(&self) -> usize {
        self.timings.len()
    }
    fn timing(&self, pass: usize) -> Timing {
        self.timings[pass]
    }
    fn activations(&self, pass: usize, m: usize, into: &mut [i16]) {
        into.iter_mut().enumerate().for_each(|(i, value)| *value = self.value(0, pass, m, i));
    }
    fn weights(&self, pass: usize, col: usize, into: &mut [i16]) {
        into.iter_mut().enumerate().for_each(|(i, value)| *value = self.value(1, pass, i, col));
    }
}

/// Rows, whether weights are double-buffered, and for each pass its M and two waits.
fn random() -> impl Strategy<Value = Random> {
    let sides = prop_oneof![(1..9usize, 1..9usize), (1..3usize, 10..30usize), (10..30usize, 1..3usize)];
    let passes = prop::collection::vec((1..25usize, 0..4u64, 0..4u64), 1..7);
    (sides, any::<bool>(), passes, any::<u64>()).prop_map(|((rows, cols), double, passes, seed)| {
        let mut timings: Vec<Timing> = Vec::new();
        for (m, load_wait, start_wait) in passes {
            // MACHINE.md section 1.1, written out once more: this test does not ask `timing`.
            let (free, edge) = timings.last().map_or((0, 0), |t: &Timing| {
                let used = if double { t.start } else { t.start + (t.rows + rows + cols) as Cycle - 2 };
                (used.max(t.load + rows as Cycle), t.start + t.rows as Cycle)
            });
            let load = free + load_wait;
            let start = (load + rows as Cycle).max(edge) + start_wait;
            timings.push(Timing { load, start, rows: m });
        }
        Random { rows, cols, timings, seed }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn the_closed_form_is_the_stepper(waves in random()) {
        let mut stepper = Stepper::new(&waves);
        let mut left: Vec<Leaving> = Vec::new();
        for t in 0..cycles_to_last_mac(&waves) + 3 {
            stepper.step();
            let stepped = stepper.frame();
            prop_assert_eq!(&stepped, &frame(&waves, t));
            prop_assert_eq!(stepped.pass.iter().filter(|pass| **pass != NONE).count(), busy(&waves, t));
            left.extend(stepper.leaving());
        }
        prop_assert_eq!(left, outputs(&waves));
    }
}

#[test]
fn a_case_that_contradicts_itself_is_refused() {
    let case = |text: &str| replay(serde_json::from_str(text).unwrap(), Engine::Stepper).unwrap_err();
    let ragged = r#"{"dataflow":"ws","rows":2,"cols":1,"passes":[{"a":[[1,2],[3]],"w":[[1],[2]]}]}"#;
    assert_eq!(case(ragged), "pass 0: row 1 of `a` has 1 values, not 2");
    let short = r#"{"dataflow":"ws","rows":2,"cols":1,"passes":[{"a":[[1,2]],"w":[[1]]}]}"#;
    assert_eq!(case(short), "pass 0: `w` has 1 rows, the array 2");
    let huge = r#"{"dataflow":"ws","rows":1,"cols":1,"passes":[{"a":[[99999]],"w":[[1]]}]}"#;
    assert!(case(huge).contains("at most 16 bits"));
    assert!(case(r#"{"dataflow":"ws","rows":0,"cols":1,"passes":[]}"#).contains("0 rows"));
    assert!(case(r#"{"dataflow":"ws","rows":1,"cols":1,"passes":[]}"#).contains("no passes"));
}
