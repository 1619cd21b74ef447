//! By divan.

use divan::Bencher;
use systole::base::Cycle;
use systole::sim::array::{Flow, Number, Stepper, frame};

use super::waves::{Busy, bf16, i8s};

/// Register by register; items are PE updates.
#[divan::bench(sample_count = 10)]
fn stepper_128(bencher: Bencher) {
    let waves = i8s(128, 1000);
    let mut stepper = Stepper::new(&waves);
    (0..400).for_each(|_| stepper.step());
    bencher.counter(128usize * 128).bench_local(|| stepper.step());
}

/// Every state, or every eighth; items are PE updates.
#[divan::bench(args = [1, 8])]
fn flow_128(bencher: Bencher, cycles: Cycle) {
    let waves = i8s(128, 1 << 40);
    let mut flow = Flow::at(&waves, 1000).expect("weights stay");
    bencher.counter(128 * 128 * cycles as usize).bench_local(|| divan::black_box(&mut flow).advance(cycles));
}

#[divan::bench(args = [128, 256])]
fn frame_i8(bencher: Bencher, side: usize) {
    frame_at(bencher, &i8s(side, 2000), 1000);
}

#[divan::bench(args = [128, 256])]
fn frame_bf16(bencher: Bencher, side: usize) {
    frame_at(bencher, &bf16(side, 2000), 1000);
}

#[divan::bench]
fn frame_i8_256_after_a_thousand_million_cycles(bencher: Bencher) {
    frame_at(bencher, &i8s(256, 2_000_000_000), 1_000_000_000);
}

fn frame_at<N: Number>(bencher: Bencher, waves: &Busy<N>, cycle: Cycle) {
    bencher.bench_local(|| frame(waves, divan::black_box(cycle)));
}
