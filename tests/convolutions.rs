//! Convolutions and pools: random ones on random chips, and whole networks, equal to the reference.

#![allow(clippy::unwrap_used)] // a test may fail

#[allow(dead_code)] // some of it is for others
mod checked;
#[allow(dead_code)] // programs are for others
mod made;
mod made_images;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use systole::base::Diagnostic;
use systole::chip::{Chip, Dataflow, PRESETS};
use systole::emit::emit;
use systole::import::Files;
use systole::isa::{Factor, Patches, VectorSource, Work, verify};
use systole::job::{Finished, compile, graph};
use systole::num::DType;
use systole::schedule::{LayerKind, plan};
use systole::sim::{Clock, Loops};

fn run(text: &str, chip: &Chip) -> Finished {
    let compiled = compile(text, &Files::default(), chip);
    let job = compiled.job.unwrap_or_else(|| panic!("{text}\n{:?}", compiled.diagnostics));
    checked::sound(job.finish())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn memory_equals_the_reference(text in made::in_some_order(made_images::program()), chip in made_images::on(made::chip())) {
        let compiled = compile(&text, &Files::default(), &chip);
        let Some(job) = compiled.job else {
            // The only thing that can be wrong with these programs.
            let said = |d: &Diagnostic| d.message.contains("bytes of the unified buffer");
            prop_assert!(compiled.diagnostics.iter().any(said), "{} {:?}", text, compiled.diagnostics);
            return Ok(());
        };
        let finished = checked::sound(job.finish());
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

/// A network of each kind of layer, of one dtype.
fn network(dtype: &str) -> String {
    let to = |value: &str| match dtype {
        "i8" => format!("requant({value}, shift=6)"),
        _ => value.to_owned(),
    };
    let sums = if dtype == "i8" { "i32" } else { dtype };
    let mean = if dtype == "i8" { "maxpool(c, 2)" } else { "avgpool(c, 2)" };
    format!(
        "input x : {dtype}[2, 20, 20, 3]\n\
         weight w0 : {dtype}[7, 7, 3, 16]\nweight b0 : {sums}[16]\n\
         a = relu({})\na = maxpool(a, window=3, stride=2, padding=1)\n\
         weight w1 : {dtype}[3, 3, 1, 16]\nweight b1 : {sums}[16]\n\
         b = relu({})\n\
         weight w2 : {dtype}[3, 3, 8, 16]\nc = {}\n\
         weight w3 : {dtype}[1, 1, 16, 140]\ny = conv2d({mean}, w3)\n\
         output y\n",
        to("conv2d(x, w0, stride=2, padding=3) + b0"),
        to("conv2d(a, w1, padding=1, groups=16) + b1"),
        to("conv2d(b, w2, padding=2, dilation=2, groups=2)"),
    )
}

/// Every dataflow of every preset, in whichever dtypes it multiplies.
#[test]
fn every_preset_runs_every_kind_of_layer() {
    let presets: Vec<Chip> = PRESETS.into_iter().filter_map(Chip::preset).collect();
    for (chip, dataflow) in presets.iter().flat_map(|chip| Dataflow::ALL.map(|dataflow| (chip, dataflow))) {
        let chip = Chip { dataflow, ..chip.clone() };
        let dtypes = [(DType::I8, "i8"), (DType::Bf16, "bf16")];
        let runs = dtypes.into_iter().filter(|(dtype, _)| chip.rate(*dtype, *dtype).is_some());
        let mut ran = 0;
        for (_, dtype) in runs {
            let text = network(dtype);
            let finished = run(&text, &chip);
            assert_eq!(finished.disagreement, None, "{dtype} on {} {}", chip.name, dataflow.name());
            assert_eq!(finished.report(&text).macs, finished.graph.all_macs());
            ran += 1;
        }
        assert!(ran > 0, "{}", chip.name);
    }
}

/// A network of the library.
fn library(name: &str) -> String {
    let path = format!("{}/www/public/examples/library/{name}.systole", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(path).unwrap()
}

/// He et al. publish 3.8e9 multiply-accumulates for strides in the 1 x 1; version 1.5 has these in its convolutions, and as many
/// as 2048 x 1000 behind them.
#[test]
fn a_resnet50_is_timed_as_a_whole() {
    let text = library("resnet50");
    let (diagnostics, graph) = graph(&text, &Files::default());
    let graph = graph.unwrap_or_else(|| panic!("{diagnostics:?}"));
    let chip = Chip::preset("tpu-v4").unwrap();
    let plan = plan(&graph, &chip).unwrap();
    let macs: u64 = plan.layers.iter().map(|layer| plan.macs(layer)).sum();
    assert_eq!(macs, 4_087_136_256 + 2048 * 1000);
    // Each convolution has its bias, its relu and what is added to it done as its sums drain.
    let products = plan.layers.iter().filter(|layer| plan.factors(layer).is_some());
    assert_eq!(products.map(|layer| layer.times()).sum::<u64>(), 54);
    let program = emit(&plan, &chip).program;
    verify(&program, &chip).unwrap();
    let trace = Clock::new(&program, &chip, Loops::Skipped).run().unwrap();
    // Its passes alone take 78,628 cycles of four matrix units: the tensors stay on one core.
    assert!((100_000..150_000).contains(&trace.cycles), "{}", trace.cycles);
}

#[test]
fn a_mobilenet_equals_the_reference() {
    let text = library("mobilenet_v2");
    let finished = run(&text, &Chip::preset("tpu-v1").unwrap());
    assert_eq!(finished.disagreement, None);
    assert_eq!(finished.report(&text).macs, 300_774_272);
    // A tile of 256 x 256 comes from DRAM for each of 7,136 channels of its depthwise layers, in 1350 cycles.
    assert!((9_600_000..12_000_000).contains(&finished.trace.cycles), "{}", finished.trace.cycles);
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

/// Changes the first windows over an image that a program has.
fn with_patches(finished: &Finished, change: fn(&mut Patches)) -> Option<u32> {
    let mut program = finished.emitted.program.clone();
    let ids: Vec<_> = program.instructions.ids().collect();
    let found = ids.into_iter().find(|id| match &mut program.instructions[*id].work {
        Work::Multiply { streamed: Factor::Patches(patches), .. }
        | Work::Vector { source: VectorSource::Patches(patches, _), .. } => {
            change(patches);
            true
        }
        _ => false,
    });
    found.unwrap();
    verify(&program, &finished.chip).err().map(|broken| broken.rule)
}

#[test]
fn windows_beyond_their_images_are_no_program() {
    let chip = Chip::classroom(8, 8).unwrap();
    let convolution =
        run("input x : i8[1, 6, 6, 4]\nweight w : i8[3, 3, 2, 4]\noutput conv2d(x, w, groups=2)\n", &chip);
    let pool = run("input x : i8[1, 6, 6, 4]\noutput maxpool(x, 2)\n", &chip);
    let changes: [fn(&mut Patches); 12] = [
        |patches| patches.first[0] += 1,
        |patches| patches.first[1] += 1 << 20,
        |patches| patches.advance[7] = [1, 0],
        |patches| patches.moves[7] = 1,
        |patches| patches.offset += 1,
        |patches| patches.image.extents[0] += 1,
        |patches| patches.image.extents[1] = usize::MAX,
        |patches| patches.image.each = 3,
        |patches| patches.image.size[0] = 0,
        |patches| patches.image.stride[1] = 0,
        |patches| patches.image.padding[0] = usize::MAX,
        |patches| patches.rows = usize::MAX,
    ];
    for finished in [&convolution, &pool] {
        assert_eq!(with_patches(finished, |_| {}), None);
        for (at, change) in changes.into_iter().enumerate() {
            assert_eq!(with_patches(finished, change), Some(4), "change {at}");
        }
    }
    assert_eq!(with_patches(&pool, |patches| patches.cols -= 1), Some(9));
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
