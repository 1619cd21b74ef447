//! The checker: what the compiler makes has no faults, and every kind of break is caught.

#![allow(clippy::unwrap_used)] // a test may fail

mod checked;
mod made;
mod made_chains;
mod made_images;
mod made_moves;

use checked::assert_clean;
use proptest::prelude::*;
use systole::check::{Limit, check_plan, check_program};
use systole::chip::{Chip, Dataflow};
use systole::import::Files;
use systole::isa::text::assemble;
use systole::job::{assembly, compile};
use systole::num::Sparsity;
use systole::schedule::{LayerKind, Pipeline, Plan, PlannedId, TileOrder, Tiling, plan};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn what_is_compiled_has_no_faults(
        text in made::in_some_order(prop_oneof![
            made::program(), made_moves::program(), made_moves::products(), made_moves::repeats(), made_moves::chains(),
            made_images::program(), made_moves::deep_repeats(),
        ]),
        chip in prop_oneof![made::skipping_chip(), made_images::on(made::skipping_chip())],
    ) {
        let files = Files::default();
        let Some(assembly) = assembly(&text, &files, &chip, &Pipeline::default()).1 else { return Ok(()) };
        assert_clean(&assembly, &chip);
        if let Some(job) = compile(&text, &files, &chip).job {
            checked::sound(job.finish());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Tensors that have the same place one after the other.
    #[test]
    fn what_takes_places_over_has_no_faults(
        text in made::in_some_order(prop_oneof![
            made_chains::program(), made_chains::mixed(), made::program(), made_moves::products(), made_moves::repeats(),
            made_images::of(&["i8"]),
        ]),
        chip in made_chains::small_buffer(),
    ) {
        let files = Files::default();
        let Some(assembly) = assembly(&text, &files, &chip, &Pipeline::default()).1 else { return Ok(()) };
        assert_clean(&assembly, &chip);
        if let Some(job) = compile(&text, &files, &chip).job {
            checked::sound(job.finish());
        }
    }
}

/// The whole of it, on every dataflow, whether tensors stay in the unified buffer or pass through it.
#[test]
fn examples_are_checked_whole() {
    let text = "input x : i8[40, 12]\nweight w : i8[12, 10]\nweight b : i32[10]\nh = relu(requant(x @ w + b, shift=4))\n\
                weight v : i8[10, 9]\noutput h @ v\n";
    for dataflow in ["ws", "is", "os"] {
        for unified_buffer_bytes in [400, 100_000] {
            let mut chip = systole::chip::preset("classroom-2x2").unwrap();
            for (key, value) in [("dataflow", dataflow), ("accumulator_rows", "8")] {
                chip.set(key, value).unwrap();
            }
            let chip = Chip { unified_buffer_bytes, ..chip.chip().unwrap() };
            let assembly = assembly(text, &Files::default(), &chip, &Pipeline::default()).1.unwrap();
            let checked = assert_clean(&assembly, &chip);
            assert!(checked.whole && checked.instructions > 100, "{checked:?}");
        }
    }
}

/// Eight rows through room for four, two at a time, on an array of 2 x 2 whose weights stay.
const STREAMED: &str = "\
input x : i8[8, 2]
input w : i8[2, 2]
unified x@ub : i8[8, 2] holds 8
unified y@ub : i32[8, 2] holds 32
output y : i32[8, 2]
repeat 4 as i {
  read x@ub[2*i +: 2] = x[2*i +: 2]  wait left -1  signal arrived
  fetch w
  load
  multiply acc[2*i mod 4] = x@ub[2*i +: 2]  wait arrived, drained -1  signal passed
  vector y@ub[2*i +: 2] = acc[2*i mod 4]  wait passed, left -1  signal worked, drained
  write y[2*i +: 2] = y@ub[2*i +: 2]  wait worked  signal left
}
";

/// Two sums, the second of which takes the place that the first one's operand had.
const SHARED: &str = "\
input a : i32[4]
input b : i32[4]
unified a@ub : i32[4]
unified b@ub : i32[4] at 0
unified c@ub : i32[4] at 16
unified d@ub : i32[4] at 32
output c : i32[4]
output d : i32[4]
read a@ub = a  signal arrived
vector c@ub = a@ub | add 1  wait arrived  signal worked
read b@ub = b  wait worked  signal arrived
write c = c@ub  wait worked
vector d@ub = b@ub | add c@ub  wait arrived, worked  signal worked
write d = d@ub  wait worked
";

/// A product added up in two parts, where sums stay.
const CONTRACTED: &str = "\
input a : i8[2, 4]
input w : i8[4, 2]
unified a@ub : i8[2, 4]
unified w@ub : i8[4, 2]
unified c@ub : i32[2, 2]
output c : i32[2, 2]
read a@ub = a  signal arrived
read w@ub = w  signal arrived
contract acc[0] = a@ub[:, 0:2] by w@ub[0:2]  wait arrived
contract acc[0] += a@ub[:, 2:4] by w@ub[2:4]  signal passed
vector c@ub = acc[0]  wait passed  signal worked
write c = c@ub  wait worked
";

/// Two tiles of packed weights, of four elements and a byte of their places each.
const PACKED: &str = "\
input a : i8[2, 8]
input w : i8[8, 2] holds 10 = pruned 1 of 2 in 8 by 2
unified a@ub : i8[2, 8]
unified c@ub : i32[2, 2]
output c : i32[2, 2]
read a@ub = a  signal arrived
fetch w[0:4] packed 1 of 2
load
multiply acc[0] = a@ub[:, 0:4]  wait arrived
fetch w[4:8] packed 1 of 2
load
multiply acc[0] += a@ub[:, 4:8]  signal passed
vector c@ub = acc[0]  wait passed  signal worked
write c = c@ub  wait worked
";

fn kinds(text: &str, chip: &Chip) -> Vec<String> {
    let read = assemble(text);
    let said: String = read.diagnostics.iter().map(|d| d.render("p", text)).collect();
    assert!(said.is_empty(), "{said}");
    assert_eq!(systole::isa::broken_rules(&read.assembly.program, chip), []);
    let checked = check_program(&read.assembly, chip, Limit::QUICK);
    checked.faults.iter().map(|fault| fault.kind.to_string()).collect()
}

fn square(dataflow: &str) -> Chip {
    let mut chip = systole::chip::preset("classroom-2x2").unwrap();
    chip.set("dataflow", dataflow).unwrap();
    chip.chip().unwrap()
}

/// Each change of a right program is found, and as what it is.
#[test]
fn every_kind_of_break_is_caught() {
    let (weights, sums) = (square("ws"), square("os"));
    let skips = Chip { sparsity: Sparsity::new(1, 2), ..square("ws") };
    for (text, chip) in [(STREAMED, &weights), (SHARED, &weights), (CONTRACTED, &sums), (PACKED, &skips)] {
        assert_eq!(kinds(text, chip), [] as [String; 0], "{text}");
    }
    for (text, chip, what, by, kind) in [
        // A wait is dropped, or waits for less.
        (STREAMED, &weights, "wait arrived, drained -1", "wait drained -1", "early"),
        (STREAMED, &weights, "acc[2*i mod 4]", "acc[0]", "early"),
        // The copy before has waited for what left the chip, and that for the sums.
        (STREAMED, &weights, "wait arrived, drained -1", "wait arrived", ""),
        (STREAMED, &weights, "wait arrived, drained -1", "wait arrived -1, drained -1", "early"),
        (STREAMED, &weights, "wait passed, left -1", "wait left -1", "early"),
        (STREAMED, &weights, "wait worked", "", "early"),
        (STREAMED, &weights, "x[2*i +: 2]  wait left -1", "x[2*i +: 2]", "overfull"),
        (STREAMED, &weights, "x[2*i +: 2]  wait left -1", "x[2*i +: 2]  wait left -2", "overfull"),
        (STREAMED, &weights, "wait passed, left -1", "wait passed", ""),
        (SHARED, &weights, "add c@ub  wait arrived, worked", "add c@ub  wait arrived", ""),
        (SHARED, &weights, "read b@ub = b  wait worked", "read b@ub = b", "shared"),
        (SHARED, &weights, "write c = c@ub  wait worked", "write c = c@ub", "early"),
        (CONTRACTED, &sums, "wait passed", "", "early"),
        (CONTRACTED, &sums, "0:2] by w@ub[0:2]  wait arrived", "0:2] by w@ub[0:2]  wait arrived -1", "early"),
        // A buffer holds less, or lies elsewhere.
        (STREAMED, &weights, "holds 8", "holds 7", "overfull"),
        (STREAMED, &weights, "holds 32", "holds 31", "overfull"),
        (PACKED, &skips, "holds 10", "holds 9", "overfull"),
        (PACKED, &skips, "fetch w[4:8] packed 1 of 2", "fetch w[0:4] packed 1 of 2", ""),
        (
            PACKED,
            &skips,
            "fetch w[4:8] packed 1 of 2\nload\nmultiply acc[0] += a@ub[:, 4:8]",
            "fetch w[4:6]\nload\nmultiply acc[0] += a@ub[:, 4:6]",
            "overfull",
        ),
        (SHARED, &weights, "at 16", "at 0", "shared"),
        (SHARED, &weights, "at 32", "at 20", "shared"),
        // An instruction is dropped, or does another thing.
        (
            STREAMED,
            &weights,
            "  read x@ub[2*i +: 2] = x[2*i +: 2]  wait left -1  signal arrived\n",
            "  read y@ub[2*i +: 2] = y[2*i +: 2]  signal arrived\n",
            "unwritten",
        ),
        (STREAMED, &weights, "x@ub[2*i +: 2] = x[2*i +: 2]", "x@ub[i +: 2] = x[2*i +: 2]", "replaced"),
        (STREAMED, &weights, "write y[2*i +: 2]", "write y[0:2]", "twice"),
        (STREAMED, &weights, "acc[2*i mod 4]  wait passed", "acc[2 mod 4]  wait passed", "unwritten"),
        (
            STREAMED,
            &weights,
            "] = x@ub[2*i +: 2]  wait arrived",
            "] += x@ub[2*i +: 2]  wait arrived",
            "unwritten",
        ),
        (SHARED, &weights, "read b@ub = b  wait worked  signal arrived\n", "", "unwritten"),
        (SHARED, &weights, "write d = d@ub", "write d[0:3] = d@ub[0:3]", "missing"),
        (CONTRACTED, &sums, "read w@ub = w  signal arrived\n", "", "unwritten"),
        (CONTRACTED, &sums, "acc[0] = a@ub[:, 0:2]", "acc[0] += a@ub[:, 0:2]", "unwritten"),
        (CONTRACTED, &sums, "write c = c@ub  wait worked\n", "", "missing"),
        (
            CONTRACTED,
            &sums,
            "write c = c@ub  wait worked\n",
            "write c = c@ub  wait worked\nwrite c = c@ub\n",
            "twice",
        ),
    ] {
        assert!(text.contains(what), "{what}");
        let broken = text.replace(what, by);
        let found = kinds(&broken, chip);
        let right = if kind.is_empty() { found.is_empty() } else { found.iter().any(|found| found == kind) };
        assert!(right, "`{by}` for `{what}` is {kind:?}, found {found:?}");
    }
}

/// More tiles are fetched than there are slots before the first one is loaded.
#[test]
fn a_full_fifo_is_stuck() {
    let mut chip = systole::chip::preset("classroom-2x2").unwrap();
    chip.set("weight_fifo_tiles", "2").unwrap();
    let chip = chip.chip().unwrap();
    let text = |tiles: usize| {
        let lines = |line: &str| line.repeat(tiles);
        format!(
            "input a : i8[2, 2]\ninput w : i8[2, 2]\nunified a@ub : i8[2, 2]\nread a@ub = a signal in\n{}\
             fetch w signal all\n{}load wait all\nmultiply acc[0] = a@ub tile i8 by 2 wait in\n",
            lines("fetch w\n"),
            lines("load wait all\nmultiply acc[0] = a@ub tile i8 by 2 wait in\n"),
        )
    };
    assert_eq!(kinds(&text(1), &chip), [] as [String; 0]);
    assert_eq!(kinds(&text(2), &chip), ["stuck"]);
}

/// A limit leaves the rest out, and says so.
#[test]
fn a_limit_is_told_of() {
    let text = "input a : i8[2, 2]\ninput w : i8[2, 2]\nunified a@ub : i8[2, 2]\nread a@ub = a signal in\n\
                repeat 400000 {\n  fetch w\n  load\n  multiply acc[0] = a@ub tile i8 by 2 wait in\n}\n";
    let (read, chip) = (assemble(text), square("ws"));
    assert_eq!(read.diagnostics, []);
    let [quick, whole] =
        [Limit::QUICK, Limit::WHOLE].map(|limit| check_program(&read.assembly, &chip, limit));
    assert_eq!((&quick.faults, &whole.faults), (&vec![], &vec![]));
    assert_eq!((quick.instructions, quick.whole), (1 << 20, false));
    assert_eq!((whole.instructions, whole.whole), (1_200_001, true));
    let few = Limit { cells: 1, ..Limit::WHOLE };
    assert_eq!(check_program(&read.assembly, &chip, few).instructions, 0);
}

fn planned(text: &str, chip: &Chip) -> Plan {
    let (diagnostics, graph) = systole::job::graph(text, &Files::default());
    let plan = plan(&graph.unwrap_or_else(|| panic!("{diagnostics:?}")), chip).unwrap();
    assert_eq!(check_plan(&plan, chip), Ok(()), "{plan}");
    plan
}

/// Some layers whose tensors take places over, in a buffer that holds some of them.
const LAYERS: &str = "\
input h0 : i8[20, 8]
weight w1 : i8[8, 8]
weight b1 : i32[8]
weight w2 : i8[8, 8]
weight w3 : i8[8, 8]
h1 = relu(requant(h0 @ w1 + b1, shift=6))
h2 = requant(h1 @ w2, shift=6)
h3 = requant(h2 @ w3, shift=6)
output h3
";

/// What moves, and what is carried from one iteration to the next.
const REPEATED: &str = "\
input x : i8[4, 6]
input y : i8[4, 6]
h = concat([x.T, y.T], axis=0)
repeat 5 as t {
  weight w : i8[4, 4]
  h = requant(h @ w, shift=4)
}
output h
";

/// A convolution of two groups, and a pool.
const IMAGES: &str = "\
input x : i8[1, 6, 6, 4]
weight w : i8[3, 3, 2, 6]
h = requant(conv2d(x, w, padding=1, groups=2), shift=6)
output maxpool(h, 2)
";

fn tiling(plan: &mut Plan, at: usize) -> &mut Tiling {
    match &mut plan.layers[at].kind {
        LayerKind::Product { tiling, .. } => tiling,
        LayerKind::Convolution(convolution) => &mut convolution.tiling,
        other => panic!("{other:?} is not cut"),
    }
}

fn part(plan: &mut Plan, at: usize) -> &mut systole::schedule::Part {
    let layer = plan.layers.iter_mut().find_map(|layer| match &mut layer.kind {
        LayerKind::Move(work) if work.parts.len() > at => Some(&mut work.parts[at]),
        _ => None,
    });
    layer.unwrap()
}

/// The first tensor of a name that lies within another one, if any does; else its own.
fn named(plan: &Plan, name: &str) -> PlannedId {
    let mut found: Vec<PlannedId> = plan.tensors.ids().filter(|id| plan.tensors[*id].name == name).collect();
    found.sort_by_key(|id| plan.tensors[*id].place.within.is_none());
    found[0]
}

/// A change of a plan, by name, and what the checker says of it.
type Break = (&'static str, fn(&mut Plan), &'static str);

fn assert_each_is_caught(right: &Plan, chip: &Chip, breaks: &[Break]) {
    for (what, change, said) in breaks {
        let mut broken = right.clone();
        change(&mut broken);
        assert_ne!(&broken, right, "{what}");
        let found = check_plan(&broken, chip);
        assert!(found.as_ref().is_err_and(|found| found.contains(said)), "{what}: {found:?}\n{broken}");
    }
}

#[test]
fn breaks_of_layers_are_caught() {
    let chip = Chip { unified_buffer_bytes: 1 << 20, ..square("ws") };
    assert_each_is_caught(
        &planned(LAYERS, &chip),
        &chip,
        &[
            ("a layer is dropped", |plan| drop(plan.layers.remove(1)), "which no layer before it leaves"),
            ("the last one is", |plan| drop(plan.layers.pop()), "is an output, and no layer leaves it"),
            ("layers change places", |plan| plan.layers.swap(0, 1), "which no layer before it leaves"),
            (
                "a layer is done twice",
                |plan| plan.layers.insert(1, plan.layers[0].clone()),
                "two layers leave `h1`",
            ),
            (
                "a bias is dropped",
                |plan| drop(plan.layers[0].steps.remove(0)),
                "takes 2 steps for 4 operators",
            ),
            (
                "the requantisation is",
                |plan| drop(plan.layers[1].steps.pop()),
                "takes 0 steps for 2 operators",
            ),
            (
                "steps change places",
                |plan| plan.layers[0].steps.swap(0, 1),
                "a step of `h1` does not take i32 to i8",
            ),
            (
                "a step has another operator",
                |plan| plan.layers[1].steps[0] = plan.layers[0].steps[0].clone(),
                "what is worked out is not `h2`",
            ),
            (
                "an operand is another tensor",
                |plan| {
                    let (h0, LayerKind::Product { b, .. }) = (named(plan, "h0"), &mut plan.layers[0].kind)
                    else {
                        panic!()
                    };
                    *b = h0;
                },
                "multiplies 8 columns by 20 rows",
            ),
            (
                "a result is declared",
                |plan| plan.layers[0].result = named(plan, "h0"),
                "is declared, and a layer leaves it",
            ),
            (
                "nobody declares a weight",
                |plan| {
                    let w2 = named(plan, "w2");
                    plan.tensors[w2].declared = false;
                },
                "reads `w2`, which no layer",
            ),
            (
                "a result has a row less",
                |plan| {
                    let h1 = named(plan, "h1");
                    plan.tensors[h1].rows -= 1;
                },
                "what is worked out is not `h1`",
            ),
            ("tiles are too deep", |plan| tiling(plan, 0).k = 3, "tiles of `h1` do not fit"),
            ("tiles are too wide", |plan| tiling(plan, 1).n = 3, "tiles of `h2` do not fit"),
            ("tiles have too many sums", |plan| tiling(plan, 1).m = 1 << 20, "tiles of `h2` do not fit"),
            ("tiles have no rows", |plan| tiling(plan, 2).m = 0, "tiles of `h3` do not fit"),
            (
                "another operand stays",
                |plan| tiling(plan, 2).dataflow = Dataflow::OutputStationary,
                "tiles of `h3` do not fit",
            ),
        ],
    );
}

#[test]
fn breaks_of_places_are_caught() {
    let sizes = (200..1000).map(|unified_buffer_bytes| Chip { unified_buffer_bytes, ..square("os") });
    let all_stay_in_turn = |chip: &Chip| {
        let plan = planned(LAYERS, chip);
        let has_one = |name| plan.places.contains_key(&named(&plan, name));
        ["h1", "h2", "h3"].into_iter().all(has_one) && plan.places.values().any(|place| place.taken_over)
    };
    let chip = sizes.into_iter().find(all_stay_in_turn).unwrap();
    let right = planned(LAYERS, &chip);
    assert_each_is_caught(
        &right,
        &chip,
        &[
            (
                "what passes through begins before what stays ends",
                |plan| plan.streams_from -= 1,
                "is beyond what is kept of the buffer",
            ),
            (
                "it begins beyond the buffer",
                |plan| plan.streams_from = 1 << 20,
                "is beyond what is kept of the buffer",
            ),
            (
                "two have the same",
                |plan| {
                    let (h1, h2) = (named(plan, "h1"), named(plan, "h2"));
                    plan.places[&h2].address = plan.places[&h1].address;
                },
                "shares bytes with",
            ),
            (
                "they overlap but for a byte",
                |plan| {
                    let (h1, h2) = (named(plan, "h1"), named(plan, "h2"));
                    plan.places[&h2].address = plan.places[&h1].address.abs_diff(1);
                },
                "shares bytes with",
            ),
            (
                "one is beyond the end",
                |plan| {
                    let h3 = named(plan, "h3");
                    plan.places[&h3].address = 1000;
                },
                "`h3` is beyond what is kept of the buffer",
            ),
            (
                "nobody waits",
                |plan| plan.places.iter_mut().for_each(|(_, place)| place.taken_over = false),
                "does not wait for its place",
            ),
        ],
    );
    let small = Chip { unified_buffer_bytes: chip.unified_buffer_bytes / 2, ..chip };
    assert!(check_plan(&right, &small).is_err());
}

#[test]
fn breaks_of_moves_and_memories_are_caught() {
    let chip = square("ws");
    assert_each_is_caught(
        &planned(REPEATED, &chip),
        &chip,
        &[
            (
                "a place is beyond its memory",
                |plan| {
                    let h = plan.layers.last().unwrap().result;
                    plan.tensors[h].place.first += 1 << 10;
                },
                "ends at element",
            ),
            (
                "a memory holds less",
                |plan| plan.kept.iter_mut().for_each(|(_, held)| *held -= 1),
                "does not lie twice",
            ),
            ("a part is dropped", drop_part, "elements are moved to"),
            ("a part goes elsewhere", |plan| part(plan, 1).first[1] -= 1, "is moved there twice, or beyond"),
            ("its rows are nearer", |plan| part(plan, 0).rows.to = 0, "is moved there twice, or beyond"),
            ("it comes from elsewhere", |plan| part(plan, 1).first[0] = 9, "from beyond the end of"),
            ("no rows move at a time", |plan| part(plan, 1).block[0] = 0, "is moved in blocks of"),
            ("more rows than there are", |plan| part(plan, 0).block[1] += 1, "is moved in blocks of"),
        ],
    );
    assert_each_is_caught(
        &planned(IMAGES, &chip),
        &chip,
        &[
            ("groups go by columns", |plan| tiling(plan, 0).order = TileOrder::Columns, "go by columns"),
            (
                "there are other groups",
                |plan| {
                    let LayerKind::Convolution(convolution) = &mut plan.layers[0].kind else { panic!() };
                    convolution.groups = 1;
                },
                "multiplies windows of 36 elements by 18 rows",
            ),
            (
                "a pool's window is another",
                |plan| {
                    let LayerKind::Pool(pool) = &mut plan.layers[1].kind else { panic!() };
                    pool.image.places = [3, 2];
                },
                "what is worked out is not",
            ),
        ],
    );
}

fn drop_part(plan: &mut Plan) {
    for layer in &mut plan.layers {
        if let LayerKind::Move(work) = &mut layer.kind {
            work.parts.truncate(work.parts.len() - 1);
        }
    }
}

/// Beyond the limit nothing is gone through, not even empty rounds: some thousand million take a quarter of a minute.
#[test]
fn rounds_beyond_a_limit_cost_nothing() {
    let text = "input a : i8[4, 4]\nunified u : i8[4, 4]\nunified v : i8[4, 4]\noutput b : i8[4, 4]\n\
                repeat 4294967295 as i {\n  repeat 60000 as j {\n    read u = a signal r\n  }\n  read v = a wait r -7\n}\n\
                write b = u wait r\n";
    let mut bounded = Chip::classroom(4, 4).unwrap();
    bounded.queues.dma_out = Some(1);
    let limit = Limit { instructions: 1 << 10, ..Limit::QUICK };
    for chip in [Chip::classroom(4, 4).unwrap(), bounded] {
        let start = std::time::Instant::now();
        let checked = check_program(&assemble(text).assembly, &chip, limit);
        assert_eq!((checked.whole, checked.instructions, checked.faults.len()), (false, 1 << 10, 0));
        assert!(start.elapsed().as_secs() < 5, "{:?}", start.elapsed());
    }
}
