//! By divan.

use divan::{Bencher, black_box};
use systole::base::Cycle;
use systole::sim::array::{Floats, Flow, Kept, Number, Stepper, accumulated, frame};

use super::waves::{Busy, bf16, i8s, long_k, sums_stay};

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
    bencher.counter(128 * 128 * cycles as usize).bench_local(|| black_box(&mut flow).advance(cycles));
}

#[divan::bench(args = [128, 256])]
fn frame_i8(bencher: Bencher, side: usize) {
    frame_at(bencher, &i8s(side, 2000), 1000);
}

#[divan::bench(args = [128, 256])]
fn frame_bf16(bencher: Bencher, side: usize) {
    frame_at(bencher, &bf16(side, 2000), 1000);
}

/// As runs have it: floats laid over a frame of whole numbers.
#[divan::bench(args = [128, 256])]
fn frame_bf16_laid_over(bencher: Bencher, side: usize) {
    let (whole, floats) = (i8s(side, 2000), bf16(side, 2000));
    bencher.bench_local(|| {
        let mut frame = frame(&whole, black_box(1000), &mut Kept::default());
        Floats::new(&floats, 1000, &mut Kept::default(), &|_| true).fill(&mut frame);
        frame
    });
}

#[divan::bench]
fn frame_i8_256_after_a_thousand_million_cycles(bencher: Bencher) {
    frame_at(bencher, &i8s(256, 2_000_000_000), 1_000_000_000);
}

fn frame_at<N: Number>(bencher: Bencher, waves: &Busy<N>, cycle: Cycle) {
    bencher.bench_local(|| frame(waves, black_box(cycle), &mut Kept::default()));
}

/// Where sums stay: the first look into the middle of a pass; items are MACs.
#[divan::bench(args = [4096, 65536], sample_count = 10)]
fn sums_stay_256_first_look(bencher: Bencher, k: usize) {
    let waves = sums_stay(256, k);
    let bencher = bencher.counter(256 * 256 * k / 2);
    bencher.bench_local(|| frame(&waves, black_box(k as Cycle / 2 + 700), &mut Kept::default()));
}

/// The next ones, anywhere before it.
#[divan::bench(args = [4096, 65536])]
fn sums_stay_256_next_look(bencher: Bencher, k: usize) {
    let waves = sums_stay(256, k);
    let mut kept = Kept::default();
    frame(&waves, k as Cycle, &mut kept);
    let mut cycle = 0;
    bencher.bench_local(|| {
        cycle = (cycle + 12_345) % k as Cycle;
        frame(&waves, cycle, &mut kept)
    });
}

/// Accumulators to which 65536 passes add.
#[divan::bench(sample_count = 10)]
fn accumulators_first_look(bencher: Bencher) {
    let waves = long_k(65536);
    bencher.bench_local(|| accumulated(&waves, 8 * 65536, 8, &mut Kept::default()));
}

#[divan::bench]
fn accumulators_next_look(bencher: Bencher) {
    let waves = long_k(65536);
    let mut kept = Kept::default();
    accumulated(&waves, 8 * 65536, 8, &mut kept);
    let mut cycle = 0;
    bencher.bench_local(|| {
        cycle = (cycle + 123_456) % (8 * 65536);
        accumulated(&waves, cycle, 8, &mut kept)
    });
}
