//! By the harness of wasm-bindgen-test.

use std::hint::black_box;

use systole::base::Cycle;
use systole::sim::array::{Flow, Kept, Number, Stepper, accumulated, frame};
use wasm_bindgen_test::{Criterion, wasm_bindgen_bench};

use super::waves::{Busy, bf16, i8s, long_k, sums_stay};

#[wasm_bindgen_bench]
fn stepper_128(criterion: &mut Criterion) {
    let waves = i8s(128, 1000);
    let mut stepper = Stepper::new(&waves);
    (0..400).for_each(|_| stepper.step());
    criterion.bench_function("stepper, 128 x 128, i8: a cycle", |b| b.iter(|| stepper.step()));
}

#[wasm_bindgen_bench]
fn flow_128(criterion: &mut Criterion) {
    let waves = i8s(128, 1 << 31);
    for cycles in [1, 8] {
        let mut flow = Flow::at(&waves, 1000).unwrap();
        let name = format!("flow, 128 x 128, i8: {cycles} cycles");
        criterion.bench_function(&name, |b| b.iter(|| black_box(&mut flow).advance(cycles)));
    }
}

#[wasm_bindgen_bench]
fn frames(criterion: &mut Criterion) {
    for side in [128, 256] {
        frame_at(criterion, &format!("frame, {side} x {side}, i8"), &i8s(side, 2000), 1000);
        frame_at(criterion, &format!("frame, {side} x {side}, bf16"), &bf16(side, 2000), 1000);
    }
    let late = 1_000_000_000;
    frame_at(criterion, "frame, 256 x 256, i8, after 10^9 cycles", &i8s(256, 2 * late), late);
}

fn frame_at<N: Number>(criterion: &mut Criterion, name: &str, waves: &Busy<N>, cycle: Cycle) {
    criterion.bench_function(name, |b| b.iter(|| frame(waves, black_box(cycle), &mut Kept::default())));
}

#[wasm_bindgen_bench]
fn frames_where_sums_stay(criterion: &mut Criterion) {
    for k in [4096, 65536] {
        let waves = sums_stay(256, k);
        let name = format!("frame where sums stay, 256 x 256, in the middle of {k} steps: first look");
        let first = |kept: &mut Kept<i32>| frame(&waves, black_box(k as Cycle / 2 + 700), kept);
        criterion.bench_function(&name, |b| b.iter(|| first(&mut Kept::default())));
        let mut kept = Kept::default();
        frame(&waves, k as Cycle, &mut kept);
        let mut cycle = 0;
        let name = format!("frame where sums stay, 256 x 256, anywhere in {k} steps: next look");
        let mut next = || {
            cycle = (cycle + 12_345) % k as Cycle;
            frame(&waves, cycle, &mut kept)
        };
        criterion.bench_function(&name, |b| b.iter(&mut next));
    }
}

#[wasm_bindgen_bench]
fn accumulators(criterion: &mut Criterion) {
    let waves = long_k(65536);
    let first = || accumulated(&waves, 8 * 65536, 8, &mut Kept::default());
    criterion.bench_function("accumulators of 65536 passes: first look", |b| b.iter(first));
    let mut kept = Kept::default();
    accumulated(&waves, 8 * 65536, 8, &mut kept);
    let mut cycle = 0;
    let mut next = || {
        cycle = (cycle + 123_456) % (8 * 65536);
        accumulated(&waves, cycle, 8, &mut kept)
    };
    criterion.bench_function("accumulators of 65536 passes: next look", |b| b.iter(&mut next));
}
