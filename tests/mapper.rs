//! The mapper: close to exhaustive search, never worse than what is planned or than SCALE-Sim's way; same numbers.

#![allow(clippy::unwrap_used)] // a test may fail

#[allow(dead_code)] // some of it is for others
mod checked;
#[allow(dead_code)] // orders are for others
mod made;
#[allow(dead_code)] // chips and orders are for others
mod made_images;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use systole::base::{Cycle, Span};
use systole::chip::{Chip, Dataflow};
use systole::explore::{Candidate, MOST_CANDIDATES, Mapped, Mapping, cycles, least, map, search};
use systole::graph::{Choices, LoopAxis};
use systole::import::Files;
use systole::import::scalesim::{Layout, parse_topology};
use systole::job::{
    self, compile, compile_arranged, compile_products_arranged, mapping_of_products, time_topology_arranged,
};
use systole::num::DType;
use systole::schedule::{self, LayerKind, Pipeline, Plan, Product, TileOrder, plan_products};

const ROWS: [LoopAxis; 3] = [LoopAxis::M, LoopAxis::N, LoopAxis::K];
const COLUMNS: [LoopAxis; 3] = [LoopAxis::N, LoopAxis::M, LoopAxis::K];

/// One product by itself, as the mapper sees it; nothing if it does not fit.
fn alone(extents: [usize; 3], chip: &Chip) -> Option<Plan> {
    let (copies, dtypes) = (1, [DType::I8, DType::I8, DType::I32]);
    let product = Product { name: "p".into(), span: Span::default(), copies, extents, dtypes };
    let plan = plan_products(&[product], chip).ok()?;
    plan.alone(&plan.layers[0])
}

/// What it takes; never less than the mapper says beforehand.
fn by(alone: &Plan, tile: [usize; 3], order: [LoopAxis; 3], chip: &Chip) -> Option<Cycle> {
    let mut plan = alone.clone();
    let choices = Choices { tile: Some(tile), order: Some(order), ..Choices::default() };
    plan.choose(0, choices, chip).ok()?;
    let found = cycles(&plan, chip)?;
    let by = if order == ROWS { TileOrder::Rows } else { TileOrder::Columns };
    let known = least(alone, tile, by, chip);
    assert!(known <= found, "{known} > {found}: {tile:?} {by:?} of {alone:?} on {chip:?}");
    Some(found)
}

/// The fewest cycles of all tiles in both orders. A convolution's bands depend on whether its tile was asked for: its plan's own is
/// one way more.
fn exhaustive(alone: &Plan, chip: &Chip) -> Cycle {
    let tiling = match alone.layers[0].kind {
        LayerKind::Product { tiling, .. } => tiling,
        LayerKind::Convolution(ref convolution) => convolution.tiling,
        _ => panic!("it is a product"),
    };
    let [m, _, n] = alone.extents(&alone.layers[0]).unwrap();
    // Wider tiles than the product are the same as one as wide.
    let sides = (1..=m).flat_map(|m| (1..=n).map(move |n| [m, n, tiling.k]));
    let all = sides.flat_map(|tile| [ROWS, COLUMNS].map(|order| by(alone, tile, order, chip)));
    all.flatten().min().unwrap()
}

/// What is found by the mapper and by trying all, where they are apart.
struct Apart {
    found: Cycle,
    best: Cycle,
    words: String,
}

fn apart(alone: &Plan, chip: &Chip) -> Option<Apart> {
    let mapped = search(alone, chip).unwrap();
    let (Candidate { tile, order, cycles: found }, best) =
        (mapped.best[0], exhaustive(alone, chip).min(mapped.planned.cycles));
    assert!(mapped.candidates <= MOST_CANDIDATES && best <= found && found <= mapped.planned.cycles);
    assert!(mapped.run <= mapped.candidates && mapped.least <= found);
    let extents = alone.extents(&alone.layers[0]).unwrap();
    let way = format!("{tile:?} {}, of {}", order.name(), mapped.candidates);
    let words = format!("{extents:?}, {}: {found} by {way}; {best}", chip.dataflow.name());
    (found > best).then_some(Apart { found, best, words })
}

/// Products that fit random chips, and what is apart among them.
fn products_apart(
    extents: impl Strategy<Value = [usize; 3]>,
    chips: impl Strategy<Value = Chip>,
    number: usize,
) -> Vec<Apart> {
    let mut runner = TestRunner::deterministic();
    let given = (extents, chips);
    let drawn = std::iter::repeat_with(|| given.new_tree(&mut runner).unwrap().current());
    let fitting = drawn.filter_map(|(extents, chip)| Some((alone(extents, &chip)?, chip)));
    fitting.take(number).filter_map(|(alone, chip)| apart(&alone, &chip)).collect()
}

fn words(apart: &[Apart]) -> Vec<&String> {
    apart.iter().map(|apart| &apart.words).collect()
}

/// Products that are not cut in every way, on larger arrays: none ends more than 1 % above exhaustive search.
#[test]
fn large_products_are_mapped_nearly_as_by_trying_all() {
    let sides = (50..80usize, 1..30usize, 40..60usize).prop_map(|(m, k, n)| [m, k, n]);
    let chips = made::chip().prop_map(|chip| {
        // More columns and sums, so that tiles have more sides than are all tried.
        let (cols, accumulator_rows) = (chip.cols + 24, 2 * chip.accumulator_rows + 100);
        Chip { cols, accumulator_rows, ..chip }
    });
    let all = products_apart(sides, chips, 12);
    assert!(all.iter().all(|apart| apart.found * 100 <= apart.best * 101), "{:#?}", words(&all));
}

/// Somewhat larger ones than the smallest: as by trying all.
#[test]
fn larger_products_are_mapped_as_by_trying_all() {
    let sides = (25..36usize, 1..30usize, 24..30usize).prop_map(|(m, k, n)| [m, k, n]);
    let all = products_apart(sides, made::chip(), 40);
    assert!(all.is_empty(), "{:#?}", words(&all));
}

/// Small ones are cut in every way, but for those that cannot be the best: none of these is.
#[test]
fn small_products_are_mapped_as_by_trying_all() {
    let sides = (1..25usize, 1..30usize, 1..18usize).prop_map(|(m, k, n)| [m, k, n]);
    let all = products_apart(sides, made::chip(), 200);
    assert!(all.is_empty(), "{:#?}", words(&all));
}

/// The same of convolutions, in bands and groups too.
#[test]
fn small_convolutions_are_mapped_as_by_trying_all() {
    let mut runner = TestRunner::deterministic();
    let given = (made_images::of(&["i8"]), made_images::on(made::chip()));
    let (mut searched, mut all) = (0, Vec::new());
    while searched < 200 {
        let (text, chip) = given.new_tree(&mut runner).unwrap().current();
        let (_, graph) = job::graph(&text, &Files::default());
        let Ok(plan) = schedule::plan(&graph.unwrap(), &chip) else { continue };
        for layer in &plan.layers {
            let small = plan.extents(layer).is_some_and(|[m, _, n]| m <= 24 && n <= 24);
            let Some(alone) = plan.alone(layer).filter(|_| small) else { continue };
            if cycles(&alone, &chip).is_some() {
                all.extend(apart(&alone, &chip));
                searched += 1;
            }
        }
    }
    assert!(all.is_empty(), "{:#?}", words(&all));
}

/// SCALE-Sim streams all rows through each fold of the array, columns of folds outermost. However little effort each layer of a network
/// has, none is mapped to more cycles than that takes, and nor is the whole.
#[test]
fn no_layer_is_slower_than_in_scale_sims_way() {
    let data = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/scalesim/");
    for file in ["resnet50.csv", "edge_conv.csv", "edge_gemm.csv", "gemm512.csv"] {
        let text = std::fs::read_to_string(format!("{data}{file}")).unwrap();
        let topology = parse_topology(&text, Layout::of_header(&text)).value.unwrap();
        for dataflow in Dataflow::ALL {
            let chip = Chip { dataflow, ..Chip::classroom(32, 32).unwrap() };
            let mut theirs = None;
            let mut arrange = |plan: Plan| {
                theirs = cycles(&in_their_way(plan.clone(), &chip), &chip);
                let (found, mapping) = map(plan.clone(), &chip);
                assert_no_slower(&plan, &mapping, &chip);
                found
            };
            let timed = time_topology_arranged(&topology, &chip, &mut arrange).unwrap_or_else(|_| panic!());
            assert!(timed.trace.cycles <= theirs.unwrap(), "{file} {dataflow:?}");
        }
    }
}

/// Every product by its planned tiles, columns of them outermost.
fn in_their_way(mut plan: Plan, chip: &Chip) -> Plan {
    for at in 0..plan.layers.len() {
        let tiling = plan.layers[at].tiling().unwrap();
        let tile = Some([tiling.m, tiling.n, tiling.k]);
        plan.choose(at, Choices { tile, order: Some(COLUMNS), ..Choices::default() }, chip).unwrap();
    }
    plan
}

fn assert_no_slower(plan: &Plan, mapping: &Mapping, chip: &Chip) {
    let mut distinct: Vec<Plan> = Vec::new();
    for alone in plan.layers.iter().map(|layer| plan.alone(layer).unwrap()) {
        if !distinct.contains(&alone) {
            distinct.push(alone);
        }
    }
    assert_eq!(distinct.len(), mapping.products.len());
    for (alone, ours) in distinct.into_iter().zip(&mapping.products) {
        let theirs = cycles(&in_their_way(alone, chip), chip).unwrap();
        assert!(ours.best[0].cycles <= theirs, "{} {:?}", ours.name, chip.dataflow);
    }
}

/// Of programs that do not fit the chip as a whole, the products are mapped one by one.
#[test]
fn products_alone_are_mapped() {
    for name in ["gpt3-decode", "gpt3-prefill", "mixtral-8x7b-decode"] {
        let root = env!("CARGO_MANIFEST_DIR");
        let file = format!("{root}/www/public/examples/library/{name}.systole");
        let (text, chip) = (std::fs::read_to_string(file).unwrap(), Chip::preset("tpu-v4").unwrap());
        let mut found = Vec::new();
        let mut arrange = |plan| {
            let (plan, mapping) = map(plan, &chip);
            found.push(mapping);
            plan
        };
        let run = compile_products_arranged(&text, &Files::default(), &chip, &mut arrange).unwrap();
        let (report, mapping) = (run.report(&text), mapping_of_products(&run, found));
        let planned = job::compile_products(&text, &Files::default(), &chip).unwrap().report(&text);
        assert_eq!([mapping.planned_cycles, mapping.found_cycles], [planned.cycles, report.cycles], "{name}");
        assert_eq!(mapping.products.iter().map(|mapped| mapped.layers).sum::<usize>(), report.ops.len());
        let mut pairs = planned.ops.iter().zip(&report.ops);
        assert!(pairs.all(|(planned, found)| found.cycles <= planned.cycles), "{name}");
        assert_eq!(mapping.is_taken(), name != "gpt3-decode", "{name}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    /// What is found computes the same, and takes no more cycles.
    #[test]
    fn found_plans_keep_the_numbers(
        text in prop_oneof![made::program(), made_images::of(&["i8"])], chip in made::skipping_chip(),
    ) {
        let Some(planned) = compile(&text, &Files::default(), &chip).job else { return Ok(()) };
        let mut mapping = None;
        let mut arrange = |plan| {
            let (plan, found) = map(plan, &chip);
            mapping = Some(found);
            plan
        };
        let found = compile_arranged(&text, &Files::default(), &chip, &Pipeline::default(), &mut arrange).job.unwrap();
        let found = checked::sound(found.finish());
        prop_assert_eq!(&found.disagreement, &None, "{} on {:?}", text, chip);
        let (before, mapping) = (planned.finish().trace.cycles, mapping.unwrap());
        prop_assert_eq!(mapping.planned_cycles, before);
        prop_assert_eq!(found.trace.cycles, mapping.found_cycles.min(before));
        let layers = found.plan.layers.iter().filter(|layer| found.plan.factors(layer).is_some()).count();
        prop_assert_eq!(mapping.products.iter().map(|product| product.layers).sum::<usize>(), layers);
    }
}

/// Equal layers are searched once.
#[test]
fn a_network_is_searched_by_its_distinct_products() {
    let text = include_str!("data/scalesim/resnet50.csv");
    let topology = parse_topology(text, Layout::Convolution).value.unwrap();
    let chip = Chip::classroom(128, 128).unwrap();
    let mut mapping = None;
    let mut arrange = |plan| {
        let (plan, found) = map(plan, &chip);
        mapping = Some(found);
        plan
    };
    let timed = time_topology_arranged(&topology, &chip, &mut arrange).unwrap_or_else(|_| panic!());
    let mapping = mapping.unwrap();
    let fewer = |mapped: &&Mapped| mapped.best[0].cycles < mapped.planned.cycles;
    assert_eq!(mapping.products.iter().map(|mapped| mapped.layers).sum::<usize>(), 54);
    assert!(mapping.products.len() < 30, "{}", mapping.products.len());
    assert!(mapping.products.iter().filter(fewer).count() > 0);
    assert_eq!(timed.trace.cycles, mapping.found_cycles.min(mapping.planned_cycles));
}
