//! The array against traces from outside, and its engines against each other.

#![allow(clippy::unwrap_used)] // a test may fail

use std::fmt::Debug;
use std::marker::PhantomData;
use std::process::Command;

use proptest::prelude::*;
use serde_json::{Value, json};
use systole::base::{Cycle, Ratio};
use systole::chip::Stationary;
use systole::num::Sparsity;
use systole::sim::array::cases::{Case, Engine, replay};
use systole::sim::array::{
    Flow, Kept, Leaving, Number, Stepper, Timing, Waves, accumulated, activations_waiting, busy,
    cycles_to_last_exit, cycles_to_last_mac, frame, outputs, weights_waiting,
};
use systole::timing::movement::{self, Groups, Moves, Part, Sums};
use systole::timing::{Sides, Stream, lanes};
use systole::trace::{Accumulated, Frame, NONE, Waiting};

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
    let cases = golden();
    assert_eq!(cases.len(), 60);
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
        assert_eq!(ours.len(), 60);
        golden()
            .iter()
            .zip(&ours)
            .enumerate()
            .for_each(|(index, (golden, ours))| assert_same(index, golden, ours));
    }
}

/// Random passes with random waiting, as a busy chip would cause it.
#[derive(Clone, Debug)]
struct Random<N> {
    stationary: Stationary,
    sides: Sides,
    lanes: usize,
    timings: Vec<Timing>,
    parts: Vec<Part>,
    seed: u64,
    number: PhantomData<N>,
}

/// Numbers that can be made up, and compared to the bit.
trait Made: Number {
    fn operand(random: u64) -> Self::Operand;
    fn bits(self) -> u64;
}

impl Made for i32 {
    fn operand(random: u64) -> i16 {
        (random % 255) as i16 - 127
    }
    fn bits(self) -> u64 {
        self as u64
    }
}

impl Made for i64 {
    /// Of 16 bits; the extremes often, so that sums leave 32 bits.
    fn operand(random: u64) -> i16 {
        if random.is_multiple_of(4) { i16::MIN } else { (random >> 8) as i16 }
    }
    fn bits(self) -> u64 {
        self as u64
    }
}

impl Made for f32 {
    /// bf16 of very different sizes, both zeros, and now and then an infinity or a NaN with a payload.
    fn operand(random: u64) -> f32 {
        let special = [f32::INFINITY, f32::NEG_INFINITY, -0.0, 0.0, f32::from_bits(0xffc1_0000)];
        match random % 1024 {
            at @ 0..=4 => special[at as usize],
            _ => f32::from_bits(((random >> 16) as u32 & 0x8fff_0000) | 0x3000_0000),
        }
    }
    fn bits(self) -> u64 {
        self.to_bits().into()
    }
}

impl<N: Made> Random<N> {
    fn value(&self, what: usize, pass: usize, row: usize, col: usize) -> N::Operand {
        let mixed = [what, pass, row, col].iter().fold(self.seed, |hash, part| {
            (hash ^ *part as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(23)
        });
        N::operand(mixed)
    }

    fn end(&self) -> Cycle {
        match self.stationary {
            Stationary::Weights => cycles_to_last_mac(self) + 1,
            Stationary::Sums => cycles_to_last_exit(self),
        }
    }
}

impl<N: Made> Waves for Random<N> {
    type Number = N;

    fn stationary(&self) -> Stationary {
        self.stationary
    }
    fn sides(&self) -> Sides {
        self.sides
    }
    fn lanes(&self) -> usize {
        self.lanes
    }
    fn passes(&self) -> usize {
        self.timings.len()
    }
    fn timing(&self, pass: usize) -> Timing {
        self.timings[pass]
    }
    fn part(&self, pass: usize) -> Part {
        self.parts[pass]
    }
    fn activations(&self, pass: usize, step: usize, into: &mut [N::Operand]) {
        let part = self.parts[pass];
        let used = part.groups.map_or(part.rows, |groups| groups.k);
        for (i, value) in into.iter_mut().enumerate() {
            *value = if i < used { self.value(0, pass, step, i) } else { N::Operand::default() };
        }
    }
    fn weights(&self, pass: usize, k: usize, into: &mut [N::Operand]) {
        let Part { rows, cols, groups, .. } = self.parts[pass];
        let used = self.stationary == Stationary::Sums || k < groups.map_or(rows, |groups| groups.k);
        // Most groups of what is skipped have a zero too many or too few.
        let is_zero = |j: usize| groups.is_some() && (self.seed >> ((7 * k + 3 * j + pass) % 60)) & 1 == 0;
        for (j, value) in into.iter_mut().enumerate() {
            let there = used && j < cols && !is_zero(j);
            *value = if there { self.value(1, pass, k, j) } else { N::Operand::default() };
        }
    }
}

const RATES: [(u64, u64); 9] = [(1, 1), (1, 2), (1, 4), (2, 1), (3, 1), (3, 2), (2, 3), (5, 3), (3, 7)];

fn ratio((p, q): (u64, u64)) -> Ratio {
    Ratio::new(p, q).unwrap()
}

/// `floor(steps / rate)` and `ceil(steps / rate)` of MACHINE.md section 1.4.
fn floor_ceil(steps: usize, rate: Ratio) -> (Cycle, Cycle) {
    let (p, q) = (rate.num(), rate.den());
    (steps as u64 * q / p, (steps as u64 * q).div_ceil(p))
}

/// The next pass's earliest times and some waiting. MACHINE.md section 1, written out once more: this test does not ask
/// `timing`.
fn next(random: &Random<i32>, double: bool, length: usize, rate: Ratio, waits: (u64, u64)) -> Timing {
    let (rows, cols) = (random.sides.rows as Cycle, random.sides.cols as Cycle);
    let before = random.timings.last();
    let ended = before.map(|t| t.stream.start + floor_ceil(t.stream.length, t.stream.rate).1);
    let (load, start) = match random.stationary {
        Stationary::Weights => {
            let load = before.zip(ended).map_or(0, |(t, ended)| {
                let used = if double { t.stream.start } else { ended + rows + cols - 2 };
                used.max(t.load + rows)
            });
            (load + waits.0, (load + waits.0 + rows).max(ended.unwrap_or(0)))
        }
        Stationary::Sums => {
            let own = floor_ceil(length - 1, rate).0;
            let start = before.zip(ended).map_or(0, |(t, ended)| {
                let last = t.stream.start + floor_ceil(t.stream.length - 1, t.stream.rate).0;
                ended.max((last + 2 * rows - 2).saturating_sub(own))
            });
            (start, start)
        }
    };
    Timing { load, stream: Stream { start: start + waits.1, length, rate } }
}

/// Sides, what stays, buffering, and for each pass its length, waits, rate, and what of the array it uses.
fn random<N: Made>(longest: usize) -> impl Strategy<Value = Random<N>> {
    let sides = prop_oneof![
        4 => (1..9usize, 1..9usize),
        1 => (1..3usize, 10..30usize),
        1 => (10..30usize, 1..3usize),
    ];
    let waits = (prop_oneof![3 => Just(0), 1 => 1..9u64], prop_oneof![3 => Just(0), 1 => 1..9u64]);
    let part = (0..4usize, 0..4usize, any::<bool>());
    let passes = prop::collection::vec((1..longest, waits, prop::option::of(0..RATES.len()), part), 1..7);
    let rule = prop_oneof![2 => Just(None), 1 => (1..4usize, 1..5usize).prop_map(|(n, more)| Sparsity::new(n, n + more))];
    let how = (any::<bool>(), any::<bool>(), 0..RATES.len(), rule);
    (sides, how, passes, any::<u64>()).prop_map(
        |((rows, cols), (weights, double, rate, rule), passes, seed)| {
            let rule = rule.filter(|_| weights);
            // Whole groups.
            let rows = rows.next_multiple_of(rule.map_or(1, Sparsity::kept));
            let stationary = if weights { Stationary::Weights } else { Stationary::Sums };
            let sides = Sides { rows, cols };
            let (timings, parts) = (Vec::new(), Vec::new());
            let mut made = Random { stationary, sides, lanes: 1, timings, parts, seed, number: PhantomData };
            for (length, waits, own_rate, (unused_rows, unused_cols, adds)) in passes {
                // Passes of one run may have different rates; most have the same.
                let rate = ratio(RATES[own_rate.filter(|_| seed % 3 == 0).unwrap_or(rate)]);
                let timing = next(&made, double, length, rate, waits);
                made.timings.push(timing);
                made.lanes = made.lanes.max(lanes(rate));
                // Some passes of such an array may have whole tiles.
                let groups = rule
                    .filter(|_| seed.rotate_left(length as u32) % 4 > 0)
                    .map(|of| Groups { of, k: of.covered(rows).saturating_sub(unused_rows).max(1) });
                made.parts.push(Part {
                    rows: groups
                        .map_or(rows.saturating_sub(unused_rows).max(1), |groups| groups.of.stored(groups.k)),
                    groups,
                    cols: cols.saturating_sub(unused_cols).max(1),
                    sums: if adds { Sums::Add } else { Sums::Replace },
                });
            }
            let Random { stationary, sides, lanes, timings, parts, seed, .. } = made;
            Random { stationary, sides, lanes, timings, parts, seed, number: PhantomData }
        },
    )
}

/// A frame whose values are their bits, so that NaNs and zeros are compared as they are.
fn bits<N: Made>(frame: Frame<N>) -> Frame<u64> {
    let of = |values: Vec<N>| values.into_iter().map(Made::bits).collect();
    Frame {
        cycle: frame.cycle,
        stationary: frame.stationary,
        rows: frame.rows,
        cols: frame.cols,
        lanes: frame.lanes,
        act: of(frame.act),
        pass: frame.pass,
        psum: of(frame.psum),
        psum_pass: frame.psum_pass,
        weight: of(frame.weight),
        weight_pass: frame.weight_pass,
        weight_k: frame.weight_k,
        shadow_k: frame.shadow_k,
        bus_k: frame.bus_k,
        shadow: of(frame.shadow),
        shadow_pass: frame.shadow_pass,
        bus: of(frame.bus),
        bus_pass: frame.bus_pass,
        drain: of(frame.drain),
        drain_pass: frame.drain_pass,
    }
}

fn leaving_bits<N: Made>(leaving: Leaving<N>) -> Leaving<u64> {
    let Leaving { cycle, pass, row, col, value } = leaving;
    Leaving { cycle, pass, row, col, value: value.bits() }
}

/// PEs at work: those with an activation in their first lane.
fn at_work<N>(frame: &Frame<N>) -> usize {
    frame.pass[..frame.layer()].iter().filter(|pass| **pass != NONE).count()
}

/// The suite that every engine answers to: all registers of all cycles, all sums, and the words moved.
fn engines_agree<N: Made>(waves: &Random<N>) -> Result<(), TestCaseError> {
    let mut stepper = Stepper::new(waves);
    let mut left = Vec::new();
    let mut accumulators = Accumulating::new(waves);
    let mut kept = Kept::default();
    for t in 0..waves.end() + 3 {
        stepper.step();
        let stepped = stepper.frame();
        prop_assert_eq!(at_work(&stepped), busy(waves, t));
        let leaving = stepper.leaving();
        accumulators.take(waves, t, &leaving);
        accumulators.compare(waves, t, &mut kept)?;
        // What earlier looks leave changes nothing, nor does a look back.
        let stepped = bits(stepped);
        prop_assert_eq!(&stepped, &bits(frame(waves, t, &mut Kept::default())));
        frame(waves, t / 2, &mut kept);
        prop_assert_eq!(&stepped, &bits(frame(waves, t, &mut kept)));
        left.extend(leaving.into_iter().map(leaving_bits));
    }
    if waves.stationary == Stationary::Weights {
        for leaving in &left {
            let sum: N = waves.sum(leaving);
            prop_assert_eq!(leaving.value, sum.bits());
        }
    }
    let at_once: Vec<_> = outputs(waves).into_iter().map(leaving_bits).collect();
    prop_assert_eq!(left, at_once);
    prop_assert_eq!(stepper.moves(), moves(waves));
    Ok(())
}

/// The fast engine, stride after stride, against the closed form, which the stepper holds to account: from any cycle on, and
/// to the end.
fn flow_agrees<N: Made>(waves: &Random<N>, from: Cycle, strides: &[Cycle]) -> Result<(), TestCaseError> {
    let Some(mut flow) = Flow::at(waves, from) else {
        let skips = waves.parts.iter().any(|part| part.groups.is_some());
        prop_assert!(skips || waves.stationary == Stationary::Sums);
        return Ok(());
    };
    let mut strides = strides.iter().cycle();
    while flow.now() < waves.end() + 3 {
        let expected = bits(frame(waves, flow.now(), &mut Kept::default()));
        for (at, pass) in expected.pass.iter().enumerate() {
            let (row, col) = (at / waves.sides.cols, at % waves.sides.cols);
            let (lane, row) = (row / waves.sides.rows, row % waves.sides.rows);
            prop_assert_eq!(flow.passes(lane, row, waves.sides.cols)[col], *pass);
            if *pass != NONE {
                let act = flow.activations(lane, row).nth(col).unwrap();
                prop_assert_eq!(N::of(act).settled().bits(), expected.act[at]);
                let sum = flow.sums(lane, row)[col].settled().bits();
                prop_assert_eq!(sum, expected.psum[at], "cycle {}, PE({}, {})", flow.now(), row, col);
            }
        }
        flow.advance(*strides.next().unwrap());
    }
    Ok(())
}

/// By the closed forms.
fn moves<N: Made>(waves: &Random<N>) -> Moves {
    let of = |pass: usize| {
        movement::of_pass(waves.sides, waves.stationary, &waves.timings[pass].stream, waves.parts[pass])
    };
    (0..waves.passes()).map(of).fold(Moves::default(), |all, pass| all + pass)
}

/// Accumulators as the stepper's sums fill them, every row of them.
struct Accumulating<N> {
    entries: Vec<Vec<Option<Accumulated<N>>>>,
    /// In bottom registers, on their way to the accumulators.
    standing: Vec<Leaving<N>>,
}

impl<N: Made> Accumulating<N> {
    fn new(waves: &Random<N>) -> Self {
        let longest = waves.timings.iter().map(|t| t.stream.length).max().unwrap();
        let rows = longest.max(waves.sides.rows);
        Accumulating { entries: vec![vec![None; waves.sides.cols]; rows], standing: Vec::new() }
    }

    /// Where weights stay, sums are added the cycle after they stood at the bottom.
    fn take(&mut self, waves: &Random<N>, t: Cycle, leaving: &[Leaving<N>]) {
        let arriving = match waves.stationary {
            Stationary::Weights => std::mem::replace(&mut self.standing, leaving.to_vec()),
            Stationary::Sums => leaving.to_vec(),
        };
        self.entries.iter_mut().flatten().flatten().for_each(|entry| entry.now = false);
        for sum in arriving {
            assert_eq!(sum.cycle + u64::from(waves.stationary == Stationary::Weights), t);
            // A pass that replaces begins an output tile: what stands there is of another.
            if waves.parts[sum.pass].sums == Sums::Replace {
                let first = waves.begin_of(sum.pass);
                for row in &mut self.entries {
                    row[sum.col] = row[sum.col].filter(|entry| entry.pass as usize >= first);
                }
            }
            let entry = &mut self.entries[sum.row][sum.col];
            let total = entry.map_or(sum.value, |earlier| earlier.sum.plus(sum.value));
            *entry = Some(Accumulated { sum: total.settled(), pass: sum.pass as u32, now: true });
        }
    }

    fn compare(&self, waves: &Random<N>, t: Cycle, kept: &mut Kept<N>) -> Result<(), TestCaseError> {
        let seen = |entry: &Option<Accumulated<N>>| entry.map(|e| (e.sum.bits(), e.pass, e.now));
        for most in [1, 3, 1000] {
            let shown = accumulated(waves, t, most, kept);
            prop_assert!(shown.rows.len() <= most);
            for (row, entries) in (shown.first..).zip(&shown.rows) {
                let expected: Vec<_> = self.entries[row].iter().map(seen).collect();
                prop_assert_eq!(
                    entries.iter().map(seen).collect::<Vec<_>>(),
                    expected,
                    "cycle {}, row {}",
                    t,
                    row
                );
            }
        }
        Ok(())
    }
}

impl<N: Made> Random<N> {
    /// A sum where weights stay, by its definition: of a group that is skipped the first weights that are not 0 count.
    fn sum(&self, of: &Leaving<u64>) -> N {
        let groups = self.parts[of.pass].groups;
        let k = groups.map_or(self.sides.rows, |groups| groups.of.covered(self.sides.rows));
        let (mut activations, mut line) =
            (vec![N::Operand::default(); k], vec![N::Operand::default(); self.sides.cols]);
        self.activations(of.pass, of.row, &mut activations);
        let (mut sum, mut taken) = (N::default(), 0);
        for (k, activation) in activations.into_iter().enumerate() {
            self.weights(of.pass, k, &mut line);
            let Some(Groups { of: rule, .. }) = groups else {
                sum = sum.mac(activation, line[of.col]);
                continue;
            };
            if k % rule.of() == 0 {
                taken = 0;
            }
            if line[of.col] != N::Operand::default() && taken < rule.kept() {
                (sum, taken) = (sum.mac(activation, line[of.col]), taken + 1);
            }
        }
        sum.settled()
    }

    fn begin_of(&self, pass: usize) -> usize {
        (0..=pass).rev().find(|pass| self.parts[*pass].sums == Sums::Replace).unwrap_or(0)
    }
}

/// Cycles that the fast engine takes at once, again and again.
fn strides() -> impl Strategy<Value = Vec<Cycle>> {
    prop_oneof![
        Just(vec![1]),
        Just(vec![8]),
        prop::collection::vec(prop_oneof![4 => 0..12u64, 1 => 12..300u64], 1..6)
            .prop_filter("it must come to its end", |strides| strides.iter().any(|stride| *stride > 0)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn engines_agree_in_i32(waves in random::<i32>(25)) {
        engines_agree(&waves)?;
    }

    #[test]
    fn engines_agree_in_i64(waves in random::<i64>(15)) {
        engines_agree(&waves)?;
    }

    #[test]
    fn engines_agree_in_f32(waves in random::<f32>(15)) {
        engines_agree(&waves)?;
    }

    #[test]
    fn the_flow_agrees_in_i32(waves in random::<i32>(25), from in 0..60u64, strides in strides()) {
        flow_agrees(&waves, from, &strides)?;
    }

    #[test]
    fn the_flow_agrees_in_i64_and_f32(
        (whole, float) in (random::<i64>(15), random::<f32>(15)),
        from in 0..40u64,
        strides in strides(),
    ) {
        flow_agrees(&whole, from, &strides)?;
        flow_agrees(&float, from, &strides)?;
    }

    /// What waits h hops before an edge stands in the first register behind it h cycles later.
    #[test]
    fn operands_wait_in_their_skew(waves in random::<i32>(12)) {
        let most = 5;
        for t in 0..waves.end() {
            let (left, above) = (activations_waiting(&waves, t, most), weights_waiting(&waves, t, most));
            for hops in 1..=most {
                let later = frame(&waves, t + hops as Cycle, &mut Kept::default());
                let held = |value: i32, pass: u32| (pass != NONE).then_some((value, pass));
                let seen = |waiting: &Waiting| (waiting.value, waiting.pass);
                for (row, waiting) in left[hops - 1].iter().enumerate() {
                    let at = later.at(row, 0);
                    let held = held(later.act[at], later.pass[at]);
                    match waiting.filter(|waiting| waves.parts[waiting.pass as usize].groups.is_some()) {
                        None => prop_assert_eq!(waiting.as_ref().map(seen), held),
                        // Of a group, the first one waits in sight, and the PE takes it or another one.
                        Some(waiting) => {
                            let same = later.weight_k[at] != waiting.k || held == Some(seen(&waiting));
                            prop_assert!(same && held.is_some_and(|(_, pass)| pass == waiting.pass));
                        }
                    }
                }
                let entered = match waves.stationary {
                    Stationary::Weights => (&later.bus, &later.bus_pass),
                    Stationary::Sums => (&later.weight, &later.weight_pass),
                };
                for (col, waiting) in above[hops - 1].iter().enumerate() {
                    prop_assert_eq!(waiting.as_ref().map(seen), held(entered.0[col], entered.1[col]));
                }
            }
        }
    }
}

/// Two passes of sums that stay, the second as many cycles behind the first.
fn two_passes(rows: usize, rate: Ratio, lengths: [usize; 2], apart: Cycle) -> Random<i32> {
    let stream = |start: Cycle, length: usize| Stream { start, length, rate };
    let timing = |stream: Stream| Timing { load: stream.start, stream };
    let sides = Sides { rows, cols: 2 };
    Random {
        stationary: Stationary::Sums,
        sides,
        lanes: lanes(rate),
        timings: vec![timing(stream(0, lengths[0])), timing(stream(apart, lengths[1]))],
        parts: vec![Part::whole(sides); 2],
        seed: 1,
        number: PhantomData,
    }
}

/// The rule for the next pass is as tight as can be: one cycle earlier, two sums meet in a drain register.
#[test]
fn drain_chains_are_left_in_peace_and_no_longer() {
    let mut bound = 0;
    for rate in RATES.map(ratio) {
        for lengths in [[1, 1], [3, 2], [2, 3], [9, 1], [7, 4], [4, 5]] {
            let before = two_passes(5, rate, lengths, 0).timings[0].stream;
            let apart = Sides { rows: 5, cols: 2 }.start_after_drain(&before, lengths[1], rate);
            let run = |apart: Cycle| {
                let waves = two_passes(5, rate, lengths, apart);
                let mut stepper = Stepper::new(&waves);
                (0..waves.end()).for_each(|_| stepper.step());
            };
            run(apart);
            let tight = apart > before.end();
            let earlier = std::panic::catch_unwind(|| run(apart - 1));
            assert!(!tight || earlier.is_err(), "{rate}, {lengths:?}: {apart} is later than need be");
            bound += usize::from(tight);
        }
    }
    assert!(bound > 20, "{bound} pairs of passes are held apart by a drain chain");
}

fn answer(case: &Value) -> Result<Value, String> {
    let given: Case = serde_json::from_value(case.clone()).unwrap();
    let [stepped, at_once] = [Engine::Stepper, Engine::ClosedForm]
        .map(|engine| replay(given.clone(), engine).map(|r| serde_json::to_value(r).unwrap()));
    assert_eq!(stepped, at_once);
    stepped
}

/// By hand: 2 x 1, weights [2, 3], rows [1, 10] and [4, 5] and [6, 7] at two rows a cycle.
#[test]
fn rows_that_go_together_are_listed_together() {
    let case = json!({"dataflow": "ws", "rows": 2, "cols": 1, "rate": [2, 1],
        "passes": [{"a": [[1, 10], [4, 5], [6, 7]], "w": [[2], [3]]}]});
    let ours = answer(&case).unwrap();
    assert_eq!(ours["starts"], json!([2]));
    assert_eq!(ours["cycles_to_last_mac"], 5);
    assert_eq!(ours["outputs"], json!([[3, 0, 0, 0, 32], [3, 0, 1, 0, 23], [4, 0, 2, 0, 33]]));
    assert_eq!(ours["states"][2]["act"], json!([[[1, 4]], [null]]));
    assert_eq!(ours["states"][3]["act"], json!([[[6]], [[10, 5]]]));
    assert_eq!(ours["states"][3]["psum"], json!([[[12]], [[32, 23]]]));
}

/// By hand: the same at half a row a cycle, and where sums stay at two steps a cycle.
#[test]
fn slow_rows_and_fast_steps_by_hand() {
    let case = json!({"dataflow": "ws", "rows": 1, "cols": 1, "rate": [1, 2],
        "passes": [{"a": [[1], [4]], "w": [[2]]}, {"a": [[5]], "w": [[3]]}]});
    let ours = answer(&case).unwrap();
    assert_eq!(ours["starts"], json!([1, 5]));
    assert_eq!(ours["outputs"], json!([[1, 0, 0, 0, 2], [3, 0, 1, 0, 8], [5, 1, 0, 0, 15]]));
    assert_eq!(ours["states"][2]["act"], json!([[null]]));
    let case = json!({"dataflow": "os", "rows": 1, "cols": 2, "rate": [2, 1],
        "passes": [{"a": [[1, 2, 3]], "b": [[1, 10], [2, 20], [3, 30]]}]});
    let ours = answer(&case).unwrap();
    assert_eq!(ours["states"][0]["acc"], json!([[5, null]]));
    assert_eq!(ours["states"][0]["weight"], json!([[[1, 2], null]]));
    assert_eq!(ours["outputs"], json!([[2, 0, 0, 0, 14], [3, 0, 0, 1, 140]]));
    assert_eq!((&ours["cycles_to_last_mac"], &ours["cycles_to_last_exit"]), (&json!(3), &json!(4)));
}

/// Input-stationary is weight-stationary of the transposed product: 1 x 2 PEs hold two rows of `a`.
#[test]
fn input_stationary_cases_are_transposed() {
    let case = json!({"dataflow": "is", "rows": 1, "cols": 2,
        "passes": [{"a": [[3], [5]], "w": [[7, 11, 13]]}]});
    let ours = answer(&case).unwrap();
    let same = json!({"dataflow": "ws", "rows": 1, "cols": 2,
        "passes": [{"a": [[7], [11], [13]], "w": [[3, 5]]}]});
    let expected = answer(&same).unwrap();
    for key in ["loads", "starts", "outputs", "states", "cycles_to_last_mac"] {
        assert_eq!(ours[key], expected[key], "{key}");
    }
    assert_eq!(ours["outputs"][2], json!([2, 0, 0, 1, 35]));
}

#[test]
fn sums_beyond_32_bits_are_exact() {
    for (dataflow, other) in [("ws", "w"), ("os", "b")] {
        let case = json!({"dataflow": dataflow, "rows": 1, "cols": 1,
            "passes": [{"a": [[-32768]], other: [[-32768]]}]});
        assert_eq!(answer(&case).unwrap()["outputs"][0][4], 1u64 << 30);
        let column: Vec<Value> = vec![json!([-32768]); 4];
        let case = if dataflow == "ws" {
            json!({"dataflow": "ws", "rows": 4, "cols": 1, "passes": [{"a": [[-32768, -32768, -32768, -32768]], "w": column}]})
        } else {
            json!({"dataflow": "os", "rows": 1, "cols": 1, "passes": [{"a": [[-32768, -32768, -32768, -32768]], "b": column}]})
        };
        assert_eq!(answer(&case).unwrap()["outputs"][0][4], 1u64 << 32, "{dataflow}");
    }
}

#[test]
fn cases_that_cannot_be_are_answered_with_place_and_remedy() {
    let ws = |pass: Value| json!({"dataflow": "ws", "rows": 2, "cols": 1, "passes": [pass]});
    let with = |key: &str, value: Value| {
        let mut case = ws(json!({"a": [[1, 2]], "w": [[1], [2]]}));
        case[key] = value;
        case
    };
    let wrong = [
        (
            ws(json!({"a": [[1, 2], [3]], "w": [[1], [2]]})),
            "pass 0: row 1 of `a` has 1 values, row 0 has 2; make them alike",
        ),
        (
            ws(json!({"a": [[1]], "w": [[1], [2]]})),
            "pass 0: `a` has 1 columns; give 2, as many as the array's rows",
        ),
        (ws(json!({"a": [[1, 2]], "w": [[1]]})), "pass 0: `w` has 1 rows; give 2, as many as the array"),
        (
            ws(json!({"a": [[1, 2]], "w": [[1, 1], [2, 2]]})),
            "pass 0: `w` has 2 columns; give 1, as many as the array's columns",
        ),
        (ws(json!({"a": [], "w": [[1], [2]]})), "pass 0: `a` is empty; give at least one row of one value"),
        (ws(json!({"a": [[]], "w": [[1], [2]]})), "pass 0: `a` is empty; give at least one row of one value"),
        (
            ws(json!({"a": [[1, 99999]], "w": [[1], [2]]})),
            "pass 0: row 0, column 1 of `a` is 99999; operands have at most 16 bits, -32768 to 32767",
        ),
        (
            ws(json!({"a": [[1, 2]], "w": [[1], [0.5]]})),
            "pass 0: row 1, column 0 of `w` is 0.5; write a whole number",
        ),
        (
            ws(json!({"a": [[1, null]], "w": [[1], [2]]})),
            "pass 0: row 0, column 1 of `a` is null; write a whole number",
        ),
        (
            ws(json!({"a": [[1, "NaN"]], "w": [[1], [2]]})),
            "pass 0: row 0, column 1 of `a` is the text \"NaN\"; write a whole number",
        ),
        (
            ws(json!({"a": [[1, 2]], "w": [[1], [2]], "b": [[1]]})),
            "pass 0: it has both `w` and `b`; give `w` for ws and is, `b` for os",
        ),
        (
            ws(json!({"a": [[1, 2]], "b": [[1]]})),
            "pass 0: it has no `w`; ws takes `a`, M x R, and `w`, R x C; is `a`, C x R, and `w`, R x N",
        ),
        (with("dataflow", json!("os")), "pass 0: it has no `b`; os takes `a`, R x K, and `b`, K x C"),
        (with("dataflow", json!("rs")), "`dataflow` is \"rs\"; write \"ws\", \"is\" or \"os\""),
        (with("rows", json!(0)), "`rows` cannot be `0`; it is a whole number from 1 to 512, in PEs"),
        (with("rows", json!(-1)), "`rows` is -1; choose from 1 to 512"),
        (
            with("cols", json!(1u64 << 60)),
            "`cols` cannot be `1152921504606846976`; it is a whole number from 1 to 512, in PEs",
        ),
        (with("cols", json!(1.5)), "`cols` is 1.5; write a whole number from 1 to 512"),
        (with("passes", json!([])), "it has no passes; give at least one"),
        (
            with("rate", json!([0, 1])),
            "`rate` is no rate; write [p, q] for p/q steps a cycle, both whole and above 0, as in [1, 2]",
        ),
        (
            with("rate", json!([1])),
            "`rate` is no rate; write [p, q] for p/q steps a cycle, both whole and above 0, as in [1, 2]",
        ),
        (
            with("rate", json!([1, 1u64 << 40])),
            "`rate` is 1/1099511627776; choose at least 1/65536 step a cycle",
        ),
    ];
    for (case, expected) in wrong {
        assert_eq!(answer(&case).unwrap_err(), expected, "{case}");
    }
    for rate in [json!([1u64 << 62, 1]), json!([1 << 26, 1])] {
        assert!(
            answer(&with("rate", rate)).unwrap_err().starts_with("it lists more than 16777216 registers")
        );
    }
    // What is given of a result is replaced by ours.
    let mut case = ws(json!({"a": [[1, 2]], "w": [[1], [2]]}));
    (case["loads"], case["starts"], case["states"]) = (json!([7]), json!("?"), json!([]));
    assert_eq!(answer(&case).unwrap()["starts"], json!([2]));
}
