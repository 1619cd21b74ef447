//! Weights that are pruned n:m, on chips that skip what is pruned and on others.

#![allow(clippy::unwrap_used)] // a test may fail

#[allow(dead_code)] // some of it is for others
mod checked;
#[allow(dead_code)] // programs are for others
mod made;
mod made_images;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use systole::base::{Bytes, Cycle, Ratio};
use systole::chip::{Chip, Dataflow, Dram, Link};
use systole::import::{Files, npy};
use systole::isa::{Space, Work};
use systole::job::{Entry, Finished, Report, compile, graph};
use systole::num::{Array, DType, Shape, Sparsity, Type, Values};
use systole::schedule::{Pipeline, explain};
use systole::sim::array::cases::{Held, State};
use systole::timing::movement::{Path, Role};

fn rule(text: &str) -> Sparsity {
    Sparsity::read(text).unwrap()
}

fn skipping(rows: usize, cols: usize, sparsity: &str) -> Chip {
    Chip { sparsity: Some(rule(sparsity)), ..Chip::classroom(rows, cols).unwrap() }
}

fn run_with(text: &str, files: &Files, chip: &Chip) -> Finished {
    let compiled = compile(text, files, chip);
    compiled.job.unwrap_or_else(|| panic!("{text}\n{:?}", compiled.diagnostics)).finish()
}

/// Of a program that agrees with the reference.
fn run(text: &str, chip: &Chip) -> Finished {
    let finished = run_with(text, &Files::default(), chip);
    assert_eq!(finished.disagreement, None, "{text}");
    finished
}

fn passes(finished: &Finished) -> u64 {
    finished.trace.passes.iter().map(|lane| lane.len()).sum()
}

fn is_packed(finished: &Finished) -> bool {
    let work = finished.emitted.program.instructions.iter().map(|(_, instruction)| &instruction.work);
    work.into_iter().any(|work| matches!(work, Work::Multiply { packed: Some(_), .. }))
}

fn checksums(report: &Report) -> Vec<&str> {
    report.outputs.iter().map(|output| output.checksum.as_str()).collect()
}

/// By hand, in the contract's formulas: 12 rows by 64 rows of k and 8 columns on 8 x 8 PEs are 8 passes, or 4 where 8 rows of PEs
/// stand for 16 of k. From its first load a run takes R + (P-1) * max(M, R) + M + R + C - 2 cycles.
#[test]
fn half_the_weights_take_half_the_passes() {
    let text = "input a : i8[12, 64]\nweight w : i8[64, 8] sparse[2:4]\noutput a @ w\n";
    for (sparsity, expected) in [("2:4", 4), ("1:4", 8), ("4:8", 4), ("1:2", 8)] {
        let chip = skipping(8, 8, sparsity);
        let link = Link { bytes_per_cycle: Ratio::whole(1 << 20).unwrap(), latency: 0 };
        let finished = run(text, &Chip { dram: Dram { link, ..chip.dram }, ..chip });
        // 1:4 and 1:2 ask for more than 2:4 promises.
        assert_eq!((passes(&finished), is_packed(&finished)), (expected, expected == 4), "{sparsity}");
        let first = finished.trace.passes[0].get(0).unwrap().load;
        let cycles = 8 + (expected - 1) * 12 + 12 + 8 + 8 - 2;
        assert_eq!(finished.trace.cycles_to_last_mac - first, cycles as Cycle, "{sparsity}");
        let report = finished.report(text);
        assert_eq!((report.macs, report.padding_macs), (12 * expected * 8 * 8, 0));
        assert!(report.utilization > 0.0 && report.utilization <= 1.0);
    }
}

/// 22 rows of k by 5 columns, 2:4: five whole groups and one of two rows store 12 elements of each column, 8 in the first tile
/// (16 rows of k) and 4 in the second: 40 and 20 bytes, and 80 and 40 bits for their places.
#[test]
fn bytes_in_dram_are_what_is_stored_and_its_places() {
    let text = "input a : i8[3, 22]\nweight w : i8[22, 5] sparse[2:4]\noutput a @ w\n";
    let weights = |chip: &Chip| {
        let finished = run(text, chip);
        let moves = finished.tally().moves;
        let of = |moved: &systole::timing::movement::Movement, path| moved.of(Role::Weights, path);
        let words = [Path::DramReads, Path::FifoReads].map(|path| of(&moves.all, path));
        (words, of(&moves.padding, Path::DramReads), finished.report(text).dram_bytes.read)
    };
    let chip = skipping(8, 8, "2:4");
    assert_eq!(weights(&chip), ([40 + 10 + 20 + 5, 2 * 64], 0, 66 + 75));
    // Padded tiles are of 64 elements and 128 bits.
    let padded = Chip { dram: Dram { padded_tiles: true, ..chip.dram }, ..chip };
    assert_eq!(weights(&padded), ([2 * 80, 2 * 64], 160 - 75, 66 + 160));
    assert_eq!(weights(&Chip::classroom(8, 8).unwrap()), ([110, 3 * 64], 0, 66 + 110));
}

/// 3 rows through 4 x 2 PEs of which each takes one of two activations: 7 rows of k leave the last group one.
#[test]
fn a_small_pass_moves_as_counted_by_hand() {
    let text = "input a : i8[3, 7]\nweight w : i8[7, 2] sparse[1:2]\noutput a @ w\n";
    let moves = run(text, &skipping(4, 2, "1:2")).tally().moves;
    let activations =
        |path| (moves.all.of(Role::Activations, path), moves.padding.of(Role::Activations, path));
    // A group of two words for each row; the last group's second word is none.
    assert_eq!(activations(Path::Hops), (3 * 8, 3));
    assert_eq!(activations(Path::RegisterWrites), (3 * 8 * 2, 3 * 2));
    // From the unified buffer, into which DMA wrote it.
    assert_eq!(activations(Path::BufferReads), (3 * 8, 3));
}

/// A window of 3 x 3 over 4 channels is 36 rows of k: five passes of 8, or three of 16 whose last one has 4. By hand, as above;
/// of the tiles 8, 8 and 2 rows of 8 columns are stored.
#[test]
fn a_convolution_takes_fewer_passes() {
    let text = "input x : i8[1, 5, 5, 4]\nweight w : i8[3, 3, 4, 8] sparse[2:4]\noutput conv2d(x, w)\n";
    for (chip, passed, bytes) in
        [(skipping(8, 8, "2:4"), 3, 2 * (64 + 16) + 16 + 4), (Chip::classroom(8, 8).unwrap(), 5, 288)]
    {
        let link = Link { bytes_per_cycle: Ratio::whole(1 << 20).unwrap(), latency: 0 };
        let finished = run(text, &Chip { dram: Dram { link, ..chip.dram }, ..chip });
        assert_eq!((passes(&finished), is_packed(&finished)), (passed, passed == 3));
        let first = finished.trace.passes[0].get(0).unwrap().load;
        let cycles = 8 + (passed - 1) * 9 + 9 + 8 + 8 - 2;
        assert_eq!(finished.trace.cycles_to_last_mac - first, cycles as Cycle);
        let report = finished.report(text);
        let stored = if passed == 3 { 18 } else { 36 };
        assert_eq!((report.macs, report.dram_bytes.read), (9 * stored * 8, 100 + bytes));
        assert_eq!(in_dram(&finished, "w"), [bytes]);
    }
}

/// What the tensors of a name take in DRAM.
fn in_dram(finished: &Finished, name: &str) -> Vec<Bytes> {
    let buffers = finished.emitted.program.buffers.iter().map(|(_, buffer)| buffer);
    let named = buffers.filter(|buffer| buffer.space == Space::Dram && buffer.name == name);
    named.map(|buffer| buffer.held_bytes).collect()
}

/// A group of rows that lies in two places of a window may have more than n: such filters are multiplied whole, and it is said.
#[test]
fn windows_are_packed_in_whole_groups() {
    let chip = skipping(4, 4, "2:4");
    for (window, channels, groups, rule, why) in [
        (3, 8, 1, "2:4", ""),
        (3, 8, 2, "2:4", ""),
        (3, 4, 1, "1:4", ""),
        (2, 2, 1, "1:2", ""),
        (1, 6, 1, "2:4", ""),
        (1, 12, 2, "2:4", ""),
        (3, 6, 1, "2:4", "its channels, 6 at each place of the window, are no whole groups of 4"),
        (3, 8, 4, "2:4", "its channels, 2 at each place of the window, are no whole groups of 4"),
        (2, 4, 4, "1:2", "its channels, 1 at each place of the window, are no whole groups of 2"),
        (3, 8, 1, "2:8", ""),
        (3, 8, 1, "4:8", "from that 2:4 does not follow, which the chip skips"),
    ] {
        let text = format!(
            "input x : i8[1, 5, 5, {channels}]\nweight w : i8[{window}, {window}, {}, 8] sparse[{rule}]\n\
             output conv2d(x, w, groups={groups})\n",
            channels / groups
        );
        assert_eq!(is_packed(&run(&text, &chip)), why.is_empty(), "{text}");
        let graph = graph(&text, &Files::default()).1.unwrap();
        let (plan, told) = explain(&graph, &chip, &Pipeline::default()).unwrap();
        let said = systole::schedule::told(&told, &text);
        match why {
            "" => assert!(said.contains("packed 2:4") && !said.contains("whole"), "{said}\n{plan}"),
            why => assert!(
                said.contains(&format!("; `w` is pruned {rule} and multiplied whole: {why}\n")),
                "{said}"
            ),
        }
    }
}

/// Sums of floats are taken in blocks of as many rows of k as a pass stands for.
#[test]
fn convolutions_skip_what_is_infinite_too() {
    let text = "input x : f32[1, 6, 6, 4]\nweight w : f32[3, 3, 4, 8] sparse[1:4]\n\
                output conv2d(exp(x * 1000.0), w, padding=1)\n";
    let nan = |chip: Chip| match run(text, &of_floats(chip)).report(text).outputs[0].values.clone().unwrap() {
        systole::job::Listed::Floats(values) => values.iter().filter(|value| value.is_nan()).count(),
        systole::job::Listed::Whole(_) => panic!("they are floats"),
    };
    assert!(nan(Chip::classroom(4, 8).unwrap()) > nan(skipping(4, 8, "1:4")));
}

/// 40 x 8 weights, 2:4, in tiles of 16 rows: 64, 64 and 32 elements and 16, 16 and 8 bytes of places, 200 bytes for 320. Cut
/// otherwise (five tiles of 8 rows) they lie there once more, and whole too if somebody reads them so.
#[test]
fn dram_holds_what_is_packed() {
    let declared =
        "input x : i8[3, 40]\ninput y : i8[2, 40]\nweight w : i8[40, 8] sparse[2:4]\noutput x @ w\n";
    let chip = skipping(8, 8, "2:4");
    for (more, bytes) in [
        ("", 200),
        ("output y @ w\n", 200),
        ("u = y @ w with tile=[2, 8, 8]\noutput u\n", 200 + 5 * (32 + 8)),
        ("output w\n", 200 + 320),
        ("input z : i8[8, 4]\noutput w @ z\n", 200 + 320),
    ] {
        let text = format!("{declared}{more}");
        assert_eq!(in_dram(&run(&text, &chip), "w"), [bytes], "{text}");
        assert_eq!(in_dram(&run(&text, &Chip::classroom(8, 8).unwrap()), "w"), [320], "{text}");
    }
    // Of each iteration's weights five columns of tiles.
    let text = "input h : i8[3, 40]\nrepeat 3 {\n    weight v : i8[40, 40] sparse[2:4]\n    h = requant(h @ v, shift=6)\n}\noutput h\n";
    assert_eq!(in_dram(&run(text, &chip), "v"), [3 * 5 * 200]);
}

/// A program that fits DRAM packed runs there, and one byte less is refused.
#[test]
fn dram_is_as_large_as_what_is_packed() {
    let text = "input x : i8[1, 4, 4, 4]\nweight w : i8[3, 3, 4, 8] sparse[2:4]\noutput conv2d(x, w)\n";
    let with = |chip: Chip, bytes: Bytes| {
        let compiled = compile(text, &Files::default(), &Chip { dram: Dram { bytes, ..chip.dram }, ..chip });
        compiled.diagnostics.iter().map(|d| d.message.clone()).collect::<Vec<String>>()
    };
    for (chip, weights) in [(skipping(8, 8, "2:4"), 180), (Chip::classroom(8, 8).unwrap(), 288)] {
        let needed = 64 + weights + 4 * 4 * 8;
        assert_eq!(with(chip.clone(), needed), [] as [String; 0]);
        let refused =
            format!("all tensors take {needed} bytes, more than the {} of the chip's DRAM", needed - 1);
        assert_eq!(with(chip, needed - 1), [refused]);
    }
}

/// Whoever does not skip, or not by this rule, multiplies by zeros: the outputs are the same.
#[test]
fn every_chip_computes_the_same() {
    let text = "input x : i8[9, 40]\nweight w : i8[40, 12] sparse[2:4]\nweight v : i8[12, 7] sparse[1:4]\n\
                h = requant(x @ w, shift=4)\ny = h @ v\noutput h\noutput y\n";
    let plain = run(text, &Chip::classroom(8, 8).unwrap()).report(text);
    let chips = ["2:4", "1:4", "1:2", "4:12", "4:16"].map(|sparsity| skipping(8, 8, sparsity));
    let others = [Dataflow::InputStationary, Dataflow::OutputStationary];
    let others = others.map(|dataflow| Chip { dataflow, ..chips[0].clone() });
    for (at, chip) in chips.iter().chain(&others).enumerate() {
        let finished = run(text, chip);
        assert_eq!(checksums(&finished.report(text)), checksums(&plain), "{at}");
        // 2:4 leaves room for 2:4 alone of these; 1:4 for each of them, where anything is skipped.
        let packed: Vec<bool> =
            finished.plan.layers.iter().map(|layer| layer.tiling().unwrap().packed.is_some()).collect();
        assert_eq!(packed, [at == 0, at < chips.len()], "{at}");
    }
}

/// What is multiplied otherwise than as the right operand, as it lies, is multiplied whole.
#[test]
fn only_weights_as_they_lie_are_skipped() {
    let declared =
        "input x : i8[8, 8]\nweight w : i8[8, 8] sparse[2:4]\nweight u : i8[2, 8, 8] sparse[2:4]\n";
    for (value, expected) in [
        ("x @ w", true),
        ("reshape(x, [2, 4, 8]) @ w", true),
        ("reshape(concat([x, x], axis=0), [2, 8, 8]) @ u", true),
        ("einsum(\"mk,kn->nm\", x, w)", true),
        ("einsum(\"mk,nk->mn\", x, w)", false),
        ("einsum(\"kn,mk->mn\", w, x)", false),
        ("x @ w.T", false),
        ("x @ w[:, :4]", false),
        ("einsum(\"akm,akn->mn\", reshape(concat([x, x], axis=0), [2, 8, 8]), u)", false),
        ("x + w", false),
    ] {
        let finished = run(&format!("{declared}output {value}\n"), &skipping(4, 4, "2:4"));
        assert_eq!(is_packed(&finished), expected, "{value}");
    }
}

/// In every way in which weights that are declared pruned are multiplied whole, `tile` says why.
#[test]
fn weights_that_are_multiplied_whole_say_why() {
    let by = |dataflow: &str| {
        let mut chip = systole::chip::preset("classroom-4x4").unwrap();
        for (key, value) in [("sparsity", "2:4"), ("dataflow", dataflow)] {
            chip.set(key, value).unwrap();
        }
        chip.chip().unwrap()
    };
    let plain = Chip::classroom(4, 4).unwrap();
    for (value, chip, why) in [
        ("x @ w", plain, "the chip has no `sparsity`"),
        ("x @ w", by("os"), "by os the chip skips nothing, only where weights stay"),
        ("x @ w", by("is"), "by is the chip skips nothing, only where weights stay"),
        ("x @ w.T", by("ws"), "it is not read as it is declared, but in part or in another order"),
        ("x @ w[:, 0:4]", by("ws"), "it is not read as it is declared, but in part or in another order"),
        ("w @ x", by("ws"), "it is the first factor, and of a product the second one's zeros are skipped"),
        ("einsum(\"mk,nk->mn\", x, w)", by("ws"), "it does not lie as matrices of rows of k"),
    ] {
        let text = format!("input x : i8[8, 8]\nweight w : i8[8, 8] sparse[2:4]\noutput {value}\n");
        let graph = graph(&text, &Files::default()).1.unwrap();
        let told = explain(&graph, &chip, &Pipeline::default()).unwrap().1;
        let said = systole::schedule::told(&told, &text);
        let expected = format!("; `w` is pruned 2:4 and multiplied whole: {why}\n");
        assert!(said.contains(&expected), "{value}: {said}");
    }
}

/// A skipping chip multiplies by no zero: what is infinite leaves no NaN there.
#[test]
fn what_is_skipped_is_not_multiplied() {
    let text = "input x : f32[8, 16]\nweight w : f32[16, 8] sparse[1:4]\nh = exp(x * 1000.0)\n\
                y = h @ w\nz = cast(h, bf16) @ cast(w, bf16)\noutput y\noutput z\n";
    let listed = |chip: &Chip| match run(text, &of_floats(chip.clone())).report(text).outputs[0]
        .values
        .clone()
        .unwrap()
    {
        systole::job::Listed::Floats(values) => values,
        systole::job::Listed::Whole(_) => panic!("they are floats"),
    };
    let nan = |values: &[f32]| values.iter().filter(|value| value.is_nan()).count();
    let (skipped, whole) = (listed(&skipping(4, 8, "1:4")), listed(&Chip::classroom(4, 8).unwrap()));
    assert!(nan(&whole) > nan(&skipped), "{whole:?} {skipped:?}");
    for (skipped, whole) in skipped.iter().zip(&whole).filter(|(_, whole)| !whole.is_nan()) {
        assert_eq!(skipped, whole);
    }
}

/// It multiplies floats of all kinds.
fn of_floats(chip: Chip) -> Chip {
    let rates = [DType::F32, DType::Bf16, DType::Fp8].map(|dtype| ((dtype, dtype), Ratio::ONE));
    Chip { rates: rates.into(), ..chip }
}

fn array(rows: usize, cols: usize, values: Vec<i8>) -> Vec<u8> {
    let ty = Type { dtype: DType::I8, shape: Shape::from(vec![rows, cols]) };
    npy::write(&Array { ty, values: Values::I8(values) })
}

/// Two rows of PEs stand for four of k: the first takes x[0, 1] for w[1, 0], the second x[0, 3] for w[3, 0].
#[test]
fn a_frame_shows_what_is_taken() {
    let text = "input x : i8[1, 4] = load(\"x.npy\")\nweight w : i8[4, 1] sparse[2:4] = load(\"w.npy\")\noutput x @ w\n";
    let mut files = Files::default();
    files.insert("x.npy", &array(1, 4, vec![1, 2, 3, 4])).unwrap();
    files.insert("w.npy", &array(4, 1, vec![0, 5, 0, 7])).unwrap();
    let finished = run_with(text, &files, &skipping(2, 1, "2:4"));
    let start = finished.trace.passes[0].get(0).unwrap().start;
    for (row, k, sum) in [(0usize, 1u64, 2 * 5), (1, 3, 2 * 5 + 4 * 7)] {
        let frame = finished.frame(text, 0, start + row as Cycle);
        assert_eq!((&frame.left_element[row][0], &frame.above_element[row][0]), (&vec![k], &vec![k]));
        let Some(State::Weights { act, psum, weight, .. }) = frame.registers else { panic!("weights stay") };
        let held = |registers: &Vec<Vec<Option<Held<Entry>>>>| registers[row][0].clone();
        let expected = [1 + k as i32, 5 + 2 * row as i32, sum];
        let expected = expected.map(|value| Some(Held::One(Entry::Whole(value))));
        assert_eq!([held(&act), held(&weight), held(&psum)], expected, "row {row}");
    }
}

/// A file that keeps the rule is multiplied by as it is, and one that breaks it is refused.
#[test]
fn files_are_held_to_the_rule() {
    let text = "input x : i8[2, 6]\nweight w : i8[6, 2] sparse[2:4] = load(\"w.npy\")\noutput x @ w\n";
    let mut values = vec![0, 5, 3, 0, 0, -128, 127, 0, 1, 2, 3, 4];
    let mut files = Files::default();
    files.insert("w.npy", &array(6, 2, values.clone())).unwrap();
    let (chip, plain) = (skipping(4, 2, "2:4"), Chip::classroom(4, 2).unwrap());
    let (skipped, whole) = (run_with(text, &files, &chip), run_with(text, &files, &plain));
    assert_eq!((&skipped.disagreement, is_packed(&skipped)), (&None, true));
    assert_eq!(checksums(&skipped.report(text)), checksums(&whole.report(text)));
    values[2 * 2] = 1;
    let mut files = Files::default();
    files.insert("w.npy", &array(6, 2, values)).unwrap();
    let said = compile(text, &files, &chip).diagnostics;
    let said: Vec<&str> = said.iter().map(|d| d.message.as_str()).collect();
    assert_eq!(said, ["`w.npy` is not pruned 2:4: its element [3, 0] is one too many that is not 0"]);
}

/// The word is the language's only where a type ends: it may be a name, in the next line too.
#[test]
fn sparse_may_be_a_name() {
    let text = "input x : i8[4, 4]\nweight w : i8[4, 4]\nsparse = x @ w\noutput sparse\n";
    assert!(!is_packed(&run(text, &skipping(4, 4, "2:4"))));
}

#[test]
fn a_tile_has_whole_groups() {
    let text = |k: usize| {
        format!(
            "input x : i8[4, 16]\nweight w : i8[16, 4] sparse[2:4]\ny = x @ w with tile=[4, 4, {k}]\noutput y\n"
        )
    };
    let chip = skipping(4, 4, "2:4");
    assert_eq!(passes(&run(&text(4), &chip)), 4);
    assert_eq!(passes(&run(&text(8), &chip)), 2);
    for (k, message) in [
        (6, "a tile of 6 steps of k, which are no whole groups of 4"),
        (12, "a tile of 12 steps of k: at most 8 are possible here"),
    ] {
        let said = compile(&text(k), &Files::default(), &chip).diagnostics;
        assert_eq!(said.iter().map(|d| d.message.as_str()).collect::<Vec<_>>(), [message]);
    }
}

/// A product of floats by weights that are pruned, on the vector unit's results, in copies, with rows or columns outermost.
fn floats() -> impl Strategy<Value = String> {
    let sides = (1..3usize, 1..9usize, 1..50usize, 1..12usize);
    (sides, made::rule(), prop_oneof![Just("f32"), Just("bf16"), Just("fp8")], any::<bool>(), any::<bool>())
        .prop_map(|((copies, m, k, n), rule, dtype, far, columns)| {
            let (sparse, far) = (made::sparse(&rule), if far { "300.0" } else { "1.0" });
            let order = if columns { " with order=\"nmk\"" } else { "" };
            format!(
                "input x : {dtype}[{copies}, {m}, {k}]\nweight w : {dtype}[{copies}, {k}, {n}]{sparse}\n\
                 weight u : {dtype}[{k}, {n}]{sparse}\nh = cast(exp(cast(x, f32) * {far}), {dtype})\n\
                 y = h @ w{order}\nz = x @ u{order}\noutput y\noutput z\n"
            )
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn floats_equal_the_reference(text in floats(), chip in made::skipping_chip()) {
        let chip = of_floats(chip);
        let Some(job) = compile(&text, &Files::default(), &chip).job else { return Ok(()) };
        let finished = job.finish();
        prop_assert_eq!(&finished.disagreement, &None, "{} on {:?}", text, chip);
        let report = finished.report(&text);
        prop_assert!(report.utilization <= 1.0 && report.padding_macs < 1 << 40);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn convolutions_equal_the_reference(text in made::in_some_order(made_images::program()), chip in made_images::on(made::skipping_chip())) {
        let Some(job) = compile(&text, &Files::default(), &chip).job else { return Ok(()) };
        let finished = checked::sound(job.finish());
        prop_assert_eq!(&finished.disagreement, &None, "{} on {:?}", text, chip);
        let report = finished.report(&text);
        prop_assert!(report.utilization > 0.0 && report.utilization <= 1.0);
    }
}

/// Random programs on random chips, as other tests make them, do skip, convolutions too.
#[test]
fn random_programs_are_packed() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let chips = made_images::on(made::skipping_chip());
    for texts in [made::program().boxed(), made_images::program().boxed()] {
        let mut packed = 0;
        for _ in 0..200 {
            let text = texts.new_tree(&mut runner).unwrap().current();
            let chip = chips.new_tree(&mut runner).unwrap().current();
            let Some(job) = compile(&text, &Files::default(), &chip).job else { continue };
            packed += usize::from(is_packed(&job.finish()));
        }
        assert!(packed >= 20, "{packed} of 200");
    }
}
