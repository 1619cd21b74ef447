//! Convolutions and pools: random ones on random chips, and whole networks, equal to the reference.

#![allow(clippy::unwrap_used)] // a test may fail

#[allow(dead_code)] // programs are for others
mod made;
mod made_images;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use systole::base::Diagnostic;
use systole::chip::Chip;
use systole::import::Files;
use systole::job::{Finished, compile};
use systole::schedule::LayerKind;

fn run(text: &str, chip: &Chip) -> Finished {
    let compiled = compile(text, &Files::default(), chip);
    compiled.job.unwrap_or_else(|| panic!("{text}\n{:?}", compiled.diagnostics)).finish()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn memory_equals_the_reference(text in made_images::program(), chip in made_images::on(made::chip())) {
        let compiled = compile(&text, &Files::default(), &chip);
        let Some(job) = compiled.job else {
            // The only thing that can be wrong with these programs.
            let said = |d: &Diagnostic| d.message.contains("bytes of the unified buffer");
            prop_assert!(compiled.diagnostics.iter().any(said), "{} {:?}", text, compiled.diagnostics);
            return Ok(());
        };
        let finished = job.finish();
        prop_assert_eq!(&finished.disagreement, &None, "{} on {:?}", text, chip);
        let report = finished.report(&text);
        prop_assert_eq!(report.macs, finished.graph.all_macs());
        prop_assert!(report.utilization > 0.0 && report.utilization <= 1.0);
    }
}

/// The random programs are worth something: most run, and many of them in bands.
#[test]
fn random_programs_are_of_all_kinds() {
    let mut runner = TestRunner::deterministic();
    let (mut ran, mut grouped, mut bands, mut pools, mut fused) = (0, 0, 0, 0, 0);
    for _ in 0..300 {
        let text = made_images::program().new_tree(&mut runner).unwrap().current();
        let chip = made_images::on(made::chip()).new_tree(&mut runner).unwrap().current();
        let Some(job) = compile(&text, &Files::default(), &chip).job else { continue };
        ran += 1;
        for layer in &job.finish().plan.layers {
            match &layer.kind {
                LayerKind::Convolution(convolution) => {
                    grouped += usize::from(convolution.groups > 1);
                    bands += usize::from(convolution.bands.rows < convolution.image.places[0]);
                    fused += usize::from(layer.ops.len() > 1);
                }
                LayerKind::Pool(_) => pools += 1,
                _ => {}
            }
        }
    }
    let all = [ran, grouped, bands, pools, fused];
    assert!(ran > 150 && grouped > 80 && bands > 30 && pools > 80 && fused > 80, "{all:?}");
}

/// One group at a time on an array of 8 x 8: 3 x 3 windows of a channel are 9 steps of k, two passes for each of 4 channels, each
/// of 16 places; of 64 PEs in 2 passes 9 are worked in.
#[test]
fn a_depthwise_convolution_fills_a_column() {
    let text = "input x : i8[1, 4, 4, 4]\nweight w : i8[3, 3, 1, 4]\n\
                output conv2d(x, w, padding=1, groups=4)\n";
    let finished = run(text, &Chip::classroom(8, 8).unwrap());
    assert_eq!(finished.disagreement, None);
    let passes: u64 = finished.trace.passes.iter().map(|lane| lane.len()).sum();
    assert_eq!(passes, 8);
    let report = finished.report(text);
    assert_eq!(report.macs, 16 * 9 * 4);
    assert_eq!(report.padding_macs, 8 * 16 * 64 - 16 * 9 * 4);
}

/// What a pass streams is found in the image: no window is written down in a memory.
#[test]
fn windows_are_not_written_down() {
    let text = "input x : i8[1, 8, 8, 2]\nweight w : i8[3, 3, 2, 4]\noutput conv2d(x, w, padding=1)\n";
    let finished = run(text, &Chip::classroom(8, 8).unwrap());
    let buffers = finished.emitted.program.buffers.iter();
    let most = buffers.map(|(_, buffer)| buffer.len).max();
    // The result's elements: the windows would be 64 x 18.
    assert_eq!(most, Some(256));
    let report = finished.report(text);
    assert_eq!(report.dram_bytes.read, 128 + 72);
    assert_eq!(report.dram_bytes.written, 256 * 4);
}
