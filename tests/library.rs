//! The library of workloads: their multiply-accumulates, layers and parameters are those that others published, and they run as
//! far as the machine does.

#![allow(clippy::unwrap_used)] // a test may fail

#[allow(dead_code)] // some of it is for others
mod checked;

use std::fs;
use std::io::Write;
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use systole::chip::{Chip, Dram, PRESETS};
use systole::emit::emit;
use systole::graph::{Graph, Source, build};
use systole::import::Files;
use systole::job::{self, Counted, products};
use systole::lang;
use systole::schedule::plan;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
const LIBRARY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/www/public/examples/library");

fn read(path: &str) -> String {
    fs::read_to_string(path).unwrap()
}

fn program(name: &str) -> String {
    read(&format!("{LIBRARY}/{name}.systole"))
}

/// Names of all programs, in order.
fn names() -> Vec<String> {
    let files = fs::read_dir(LIBRARY).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> =
        files.map(|file| file.strip_suffix(".systole").expect("programs only").to_owned()).collect();
    names.sort();
    assert_eq!(names.len(), 22);
    names
}

/// A program with another value of one of its sizes.
fn resized(text: &str, size: &str, value: u64) -> String {
    let is_it = |line: &str| line.split_whitespace().take(3).eq(["size", size, "="]);
    assert_eq!(text.lines().filter(|line| is_it(line)).count(), 1, "{size}");
    let line =
        |line: &str| if is_it(line) { format!("size {size} = {value}\n") } else { format!("{line}\n") };
    text.lines().map(line).collect()
}

/// The value of a size that is written as a number.
fn size_of(text: &str, size: &str) -> u64 {
    let words = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    words.into_iter().find(|words| words[..].starts_with(&["size", size, "="])).unwrap()[3].parse().unwrap()
}

fn graph_of(text: &str) -> Graph {
    let lang::Parsed { ast, mut diagnostics, .. } = lang::parse(text);
    let built = build(text, &ast, &Files::default(), &mut diagnostics);
    assert_eq!(diagnostics.into_sorted(), []);
    built.graph
}

fn graph(name: &str) -> Graph {
    graph_of(&program(name))
}

/// Numbers in all weights, those of each iteration counted.
fn parameters(graph: &Graph) -> u64 {
    let weights = graph.tensors.iter().filter(|(_, tensor)| matches!(tensor.source, Source::Weight(_)));
    weights.map(|(_, tensor)| tensor.ty.shape.elements() * graph.iterations(tensor.within)).sum()
}

/// What a line of models.toml gives for a name.
fn reference(name: &str) -> Vec<u64> {
    let models = read(&format!("{ROOT}/tests/data/library/models.toml"));
    let value = models.lines().find_map(|line| line.strip_prefix(name)?.trim_start().strip_prefix('='));
    let value = value.unwrap_or_else(|| panic!("models.toml has {name}")).split('#').next().unwrap();
    let numbers = value.split(|c: char| !c.is_ascii_digit()).filter(|word| !word.is_empty());
    numbers.map(|number| number.parse().unwrap()).collect()
}

/// Dimensions of a transformer.
struct Dims {
    layers: u64,
    d: u64,
    heads: u64,
    kv_heads: u64,
    head: u64,
    d_ff: u64,
    vocab: u64,
}

impl Dims {
    fn of(name: &str) -> Dims {
        let [layers, d, heads, kv_heads, head, d_ff, vocab] = reference(name)[..] else { panic!("{name}") };
        Dims { layers, d, heads, kv_heads, head, d_ff, vocab }
    }

    /// Weights of queries, keys, values and what brings them back.
    fn projections(&self) -> u64 {
        2 * self.d * self.head * (self.heads + self.kv_heads)
    }

    /// Of one token that sees so many: scores, and values by them.
    fn mixing(&self, seen: u64) -> u64 {
        2 * seen * self.heads * self.head
    }
}

#[test]
fn programs_are_right_and_in_the_one_style() {
    for name in names() {
        let text = program(&name);
        assert_eq!(job::check(&text, &Files::default()).diagnostics, [], "{name}");
        assert_eq!(lang::format(&text), text, "{name}");
        assert!(text.starts_with("# ") && text.contains("\nsize batch"), "{name} says what it is");
    }
}

#[test]
fn twice_the_batch_is_twice_the_work() {
    for name in names() {
        let text = program(&name);
        let (once, twice) =
            (graph_of(&text), graph_of(&resized(&text, "batch", 2 * size_of(&text, "batch"))));
        assert_eq!(twice.all_macs(), 2 * once.all_macs(), "{name}");
        assert_eq!(parameters(&twice), parameters(&once), "{name}");
    }
}

/// M, K, N and copies in the order in which they are computed.
fn layers(graph: &Graph) -> Vec<[u64; 4]> {
    let all = products(graph);
    let of_one_body = all.chunk_by(|a, b| graph.ops[a.op].within == graph.ops[b.op].within);
    let row = |Counted { product, .. }: &Counted| {
        let [m, k, n] = product.extents;
        [m, k, n, product.copies].map(|side| side as u64)
    };
    let rows = |body: &[Counted]| vec![body.iter().map(row).collect::<Vec<_>>(); body[0].times as usize];
    of_one_body.flat_map(rows).flatten().collect()
}

#[test]
fn vision_networks_have_the_layers_of_the_reference() {
    let table = read(&format!("{ROOT}/tests/data/library/vision_layers.csv"));
    for (name, numbers, published) in [
        ("alexnet", 1, 60_965_224),
        ("vgg16", 1, 138_357_544),
        ("resnet50", 2, 25_557_032),
        ("mobilenet_v2", 2, 3_504_872),
    ] {
        let graph = graph(name);
        let (mut rows, mut weights, mut of_convolutions, mut of_dense) = (Vec::new(), 0, 0, 0);
        for line in table.lines().filter(|line| line.split(',').next() == Some(name)) {
            let cells: Vec<&str> = line.split(',').collect();
            let number = |at: usize| cells[at].parse::<u64>().unwrap();
            let [filters, groups, m, k, n] = [8, 12, 13, 14, 15].map(number);
            rows.push([m, k, n, groups]);
            weights += number(17);
            *(if cells[2] == "fc" { &mut of_dense } else { &mut of_convolutions }) += filters;
        }
        assert_eq!(layers(&graph), rows, "{name}");
        assert_eq!(graph.all_macs(), reference(name)[0], "{name}");
        assert_eq!(parameters(&graph), weights + of_convolutions + of_dense, "{name}");
        // What is published has one number a filter, its bias, or two of a batch norm.
        assert_eq!(weights + numbers * of_convolutions + of_dense, published, "{name}");
    }
}

#[test]
fn a_vision_transformer_is_that_of_the_paper() {
    let dims = Dims::of("vit-b16");
    let (graph, tokens) = (graph("vit-b16"), 197);
    let layer = tokens * (dims.projections() + dims.mixing(tokens) + 2 * dims.d * dims.d_ff);
    let patches = (tokens - 1) * 16 * 16 * 3 * dims.d;
    assert_eq!(graph.all_macs(), patches + dims.layers * layer + dims.d * 1000);
    assert_eq!(graph.all_macs() / 1_000_000, 17_563);
    assert_eq!(parameters(&graph), 86_567_656);
}

#[test]
fn bert_and_the_transformer_are_those_of_the_papers() {
    let dims = Dims::of("bert-base");
    let text = program("bert-base");
    for seq in [1, 128, 512] {
        let layer = seq * (dims.projections() + dims.mixing(seq) + 2 * dims.d * dims.d_ff);
        let macs = graph_of(&resized(&text, "seq", seq)).all_macs();
        assert_eq!(macs, dims.layers * layer + dims.d * dims.d);
    }
    assert_eq!(parameters(&graph_of(&text)), 109_482_240);

    let dims = Dims::of("transformer-base");
    let (text, half) = (program("transformer"), dims.layers / 2);
    for (source, target) in [(64, 64), (10, 7)] {
        let resized = resized(&resized(&text, "source", source), "target", target);
        let (projections, feed_forward) = (dims.projections(), 2 * dims.d * dims.d_ff);
        let encoder = source * (projections + dims.mixing(source) + feed_forward);
        // Keys and values of the encoder's words.
        let crossed = target * (projections / 2 + dims.mixing(source)) + source * projections / 2;
        let decoder = target * (projections + dims.mixing(target) + feed_forward) + crossed;
        let logits = target * dims.d * dims.vocab;
        assert_eq!(graph_of(&resized).all_macs(), half * (encoder + decoder) + logits);
    }
    let all = parameters(&graph_of(&text));
    let (d, d_ff) = (dims.d, dims.d_ff);
    let [encoder, decoder] = [(1, 2), (2, 3)]
        .map(|(attentions, norms)| attentions * dims.projections() + 2 * d * d_ff + d_ff + d + norms * 2 * d);
    assert_eq!(all, dims.vocab * d + half * (encoder + decoder));
    let of_the_paper = all + (37_000 - dims.vocab) * d;
    assert!(of_the_paper.abs_diff(65_000_000) < 2_000_000, "{of_the_paper}");
}

/// MACs of a prompt and of one token more.
fn of_prompt_and_token(dims: &Dims, feed_forward: u64, [batch, seq, past]: [u64; 3]) -> [u64; 2] {
    let token = |seen: u64| dims.projections() + dims.mixing(seen) + feed_forward;
    let logits = batch * dims.d * dims.vocab;
    [dims.layers * batch * seq * token(seq) + logits, dims.layers * batch * token(past + 1) + logits]
}

#[test]
fn language_models_are_those_that_were_published() {
    for (name, key, published) in [
        ("gpt2", "gpt2", 124_439_808),
        ("gpt3", "gpt3-175b", 174_604_259_328),
        ("llama3-8b", "llama3-8b", 8_030_261_248),
        ("llama3-70b", "llama3-70b", 70_553_706_496),
        ("mixtral-8x7b", "mixtral-8x7b", 46_702_792_704),
    ] {
        let dims = Dims::of(key);
        let feed_forward = match name {
            "gpt2" | "gpt3" => 2 * dims.d * dims.d_ff,
            // Two experts of eight, and the router.
            "mixtral-8x7b" => 2 * 3 * dims.d * dims.d_ff + 8 * dims.d,
            _ => 3 * dims.d * dims.d_ff,
        };
        let [prompt, token] = ["prefill", "decode"].map(|part| program(&format!("{name}-{part}")));
        for (seq, past) in [(size_of(&prompt, "seq"), size_of(&token, "past")), (12, 20)] {
            for (text, size, value, at) in [(&prompt, "seq", seq, 0), (&token, "past", past, 1)] {
                let graph = graph_of(&resized(text, size, value));
                let sizes = [size_of(text, "batch"), seq, past];
                assert_eq!(graph.all_macs(), of_prompt_and_token(&dims, feed_forward, sizes)[at], "{name}");
                assert_eq!(graph.weight_bytes(), 2 * published, "{name}");
                assert_eq!(parameters(&graph), published, "{name}");
            }
        }
    }
    assert!(174_604_259_328_u64.abs_diff(175_000_000_000) < 1_000_000_000, "GPT-3's is rounded");
}

#[test]
fn eighty_layers_are_one_body() {
    for part in ["prefill", "decode"] {
        let text = program(&format!("llama3-70b-{part}"));
        let (all, one) = (graph_of(&text), graph_of(&resized(&text, "layers", 1)));
        assert_eq!(all.ops.len(), one.ops.len());
        assert_eq!(all.ops.len(), graph(&format!("llama3-8b-{part}")).ops.len());
        assert!(all.ops.len() < 60);
    }
}

/// A program in which no function is called twice: each call has a copy of its own, called `nameZn`.
struct Unshared<'p> {
    /// Names, and texts from the bracket on.
    functions: Vec<(&'p str, &'p str)>,
    definitions: String,
    copies: usize,
}

impl<'p> Unshared<'p> {
    fn program(text: &'p str) -> String {
        let parts: Vec<&str> = text.split("\nfn ").collect();
        let (mut functions, mut lines) = (Vec::new(), parts[0].to_owned());
        for part in &parts[1..] {
            let end = part.find("\n}\n").unwrap() + 3;
            functions.push(part[..end].split_at(part.find('(').unwrap()));
            lines += &part[end..];
        }
        let mut unshared = Unshared { functions, definitions: String::new(), copies: 0 };
        let lines = unshared.calls(&lines);
        format!("{}{lines}", unshared.definitions)
    }

    /// Lines whose calls are of copies.
    fn calls(&mut self, lines: &str) -> String {
        let mut out = String::new();
        for (at, word) in lines.split_inclusive('(').enumerate() {
            let head = word.trim_end_matches('(');
            let start = head.rfind(|c: char| !c.is_alphanumeric() && c != '_').map_or(0, |at| at + 1);
            let known = self.functions.iter().find(|(name, _)| *name == &head[start..]).copied();
            match known.filter(|_| word.ends_with('(')) {
                Some((name, rest)) => out += &format!("{}{name}Z{}(", &head[..start], self.copy(name, rest)),
                None => out += word,
            }
            assert!(at < 100_000);
        }
        out
    }

    fn copy(&mut self, name: &str, rest: &str) -> usize {
        let (parameters, body) = rest.split_once("{\n").unwrap();
        let body = self.calls(body);
        self.copies += 1;
        self.definitions += &format!("fn {name}Z{}{parameters}{{\n{body}\n", self.copies);
        self.copies
    }
}

/// A graph's text without what tells calls apart, and without names that are whole expressions.
fn alike(graph: &Graph) -> String {
    let text = graph.to_string();
    let mut out = String::new();
    for line in text.lines() {
        let (made, name) = line.split_once("  # ").unwrap_or((line, ""));
        let mut letters = name.chars().filter(|_| !name.contains(['(', '…'])).peekable();
        out += made;
        while let Some(letter) = letters.next() {
            let counted = letter == '#' || letter == 'Z';
            out.extend((!counted).then_some(letter));
            while counted && letters.next_if(char::is_ascii_digit).is_some() {}
        }
        out.push('\n');
    }
    out
}

#[test]
fn calls_that_are_copied_are_those_that_are_worked() {
    let mut shared = 0;
    for name in names() {
        let text = program(&name);
        let unshared = Unshared::program(&text);
        shared += usize::from(unshared.len() > text.len());
        assert_eq!(alike(&graph_of(&unshared)), alike(&graph_of(&text)), "{name}");
    }
    assert!(shared > 10, "only {shared} programs call their functions");
}

#[test]
fn mamba_is_that_of_its_checkpoint() {
    let [d, defaults, inner, state, reach, rank, vocab] = reference("mamba")[..] else { panic!() };
    let text = program("mamba-130m");
    let (layers, seq) = (size_of(&text, "layers"), size_of(&text, "seq"));
    let token = d * 2 * inner + reach * inner + inner * (rank + 2 * state) + rank * inner + inner * d;
    for layers in [layers, defaults] {
        let graph = graph_of(&resized(&text, "layers", layers));
        assert_eq!(graph.all_macs(), layers * seq * token + d * vocab);
        let vectors = 3 * inner + inner * state + d;
        assert_eq!(parameters(&graph), layers * (token + vectors) + d + d * vocab);
    }
    assert_eq!(parameters(&graph_of(&text)), 129_135_360);
}

#[test]
fn the_unet_is_that_of_its_checkpoint() {
    let side = 64;
    let residual = |from: u64, to: u64, side: u64| {
        let shortcut = if from == to { 0 } else { from * to };
        side * side * (9 * from * to + 9 * to * to + shortcut) + 1280 * to
    };
    let transformer = |c: u64, side: u64| {
        let places = side * side;
        let itself = 4 * places * c * c + 2 * places * places * c;
        let words = 2 * places * c * c + 2 * 77 * 768 * c + 2 * places * 77 * c;
        2 * places * c * c + itself + words + places * 12 * c * c
    };
    let mut macs = side * side * 9 * 2 * 4 * 320 + 320 * 1280 + 1280 * 1280;
    // By level: channels in, channels, those left on the way down and what comes from below.
    for (level, from, c, left, below) in [
        (0, 320, 320, [320, 320, 320], 640),
        (1, 320, 640, [640, 640, 320], 1280),
        (2, 640, 1280, [1280, 1280, 640], 1280),
        (3, 1280, 1280, [1280, 1280, 1280], 1280),
    ] {
        let side = side >> level;
        let transformers = if level == 3 { 0 } else { 5 };
        macs += residual(from, c, side) + residual(c, c, side) + transformers * transformer(c, side);
        let inputs = [below + left[0], c + left[1], c + left[2]];
        macs += inputs.map(|input| residual(input, c, side)).iter().sum::<u64>();
        if level < 3 {
            macs += side * side / 4 * 9 * c * c + side * side * 9 * below * below;
        }
    }
    macs += 2 * residual(1280, 1280, 8) + transformer(1280, 8);
    let graph = graph("sd15-unet");
    assert_eq!(graph.all_macs(), macs);
    assert_eq!(parameters(&graph), 859_520_964);
}

#[test]
fn what_remains_has_the_sizes_of_the_reference() {
    let graph_of_mlp = graph("mlp0");
    assert_eq!((graph_of_mlp.weight_bytes(), graph_of_mlp.all_macs()), (20_000_000, 200 * 20_000_000));

    let [layers, hidden, _, inputs, gates] = reference("gnmt-lstm")[..] else { panic!() };
    let text = program("gnmt-lstm");
    assert_eq!(
        (size_of(&text, "plain") + size_of(&text, "residual"), size_of(&text, "hidden")),
        (layers, hidden)
    );
    let words = size_of(&text, "batch") * size_of(&text, "steps");
    assert_eq!(graph_of(&text).all_macs(), layers * words * inputs * gates);
    assert_eq!(parameters(&graph_of(&text)), layers * (inputs + 1) * gates);

    let [b0, b1, b2, b3, b4, t0, t1, t2, t3, d, batch] = reference("dlrm")[..] else { panic!() };
    let (graph_of_dlrm, tables) = (graph("dlrm"), 3 * 1_000_000 * d);
    let widths = [[b0, b1], [b1, b2], [b2, b3], [b3, b4], [t0, t1], [t1, t2], [t2, t3]];
    let weights: u64 = widths.iter().map(|[from, to]| from * to).sum();
    let biases: u64 = widths.iter().map(|[_, to]| to).sum();
    assert_eq!(graph_of_dlrm.all_macs(), batch * (weights + 4 * 4 * d));
    assert_eq!(parameters(&graph_of_dlrm), tables + weights + biases);
}

fn preset(name: &str) -> Chip {
    Chip::preset(name).unwrap()
}

#[test]
fn products_of_every_program_run() {
    let chip = preset("tpu-v4");
    for name in names().into_iter().filter(|name| !["mlp0", "dlrm", "mobilenet_v2"].contains(&name.as_str()))
    {
        let text = program(&name);
        let run = job::compile_products(&text, &Files::default(), &chip).unwrap();
        let report = run.report(&text);
        assert_eq!(report.macs, graph_of(&text).all_macs(), "{name}");
        assert!(report.cycles > 0 && report.utilization > 0.0 && report.utilization < 1.0, "{name}");
        assert!(report.not_simulated.iter().all(|left| left.reason.is_none()), "{name}");
        assert_eq!(
            report.cycles,
            report.ops.iter().map(|op| op.times * op.cycles_each).sum::<u64>(),
            "{name}"
        );
    }
}

/// A body is timed once it repeats: 96 layers are two and as many times more what one adds.
#[test]
fn layers_are_skipped_exactly() {
    let chip = preset("tpu-v4");
    // However many layers there are, they lie in DRAM.
    let chip = Chip { dram: Dram { bytes: 1 << 40, ..chip.dram }, common: None, ..chip };
    for name in ["gpt3-decode", "llama3-70b-decode", "gnmt-lstm", "mixtral-8x7b-prefill"] {
        let size = if name == "gnmt-lstm" { "residual" } else { "layers" };
        let cycles = |layers: u64| {
            let text = resized(&program(name), size, layers);
            let run = job::compile_or_time(&text, &Files::default(), &chip).timed.unwrap();
            let report = run.report(&text);
            assert_eq!(report.macs, graph_of(&text).all_macs(), "{name}");
            report.cycles
        };
        let [some, more, all] = [4, 5, 96].map(cycles);
        assert_eq!(all, some + 92 * (more - some), "{name}");
    }
}

/// Whole networks with their values, everything about them but their sizes: repeats, experts, gathers.
#[test]
fn small_networks_run_as_a_whole_on_every_preset() {
    let of_words = [("layers", 3), ("d", 16), ("heads", 4), ("vocab", 30)];
    for (name, sizes) in [
        ("bert-base", &[("seq", 6), ("d_ff", 24), ("longest", 8)][..]),
        ("gpt2-decode", &[("past", 5), ("d_ff", 24), ("longest", 8)]),
        ("gpt2-prefill", &[("seq", 6), ("d_ff", 24), ("longest", 8)]),
        ("gpt3-decode", &[("past", 5), ("d_ff", 24), ("longest", 8)]),
        ("llama3-8b-decode", &[("batch", 2), ("past", 5), ("kv_heads", 2), ("d_ff", 24)]),
        ("llama3-70b-prefill", &[("seq", 6), ("kv_heads", 2), ("d_ff", 24)]),
        ("mixtral-8x7b-decode", &[("batch", 4), ("past", 5), ("kv_heads", 2), ("d_ff", 24)]),
        ("mixtral-8x7b-prefill", &[("seq", 8), ("kv_heads", 2), ("d_ff", 24)]),
        ("transformer", &[("source", 6), ("target", 5), ("d_ff", 24)]),
        ("gnmt-lstm", &[("batch", 2), ("steps", 4), ("hidden", 12)]),
        ("dlrm", &[("batch", 4), ("rows", 100)]),
        ("mamba-130m", &[("seq", 5), ("state", 4), ("dt_rank", 3)]),
        ("vit-b16", &[("side", 12), ("patch", 4), ("d_ff", 24), ("classes", 10)]),
    ] {
        let of_words = of_words.iter().filter(|(size, _)| program(name).contains(&format!("size {size} ")));
        let shrunk = |text: String, (size, value): &(&str, u64)| resized(&text, size, *value);
        let text = of_words.chain(sizes).fold(program(name), shrunk);
        let mut ran = 0;
        for chip in PRESETS.map(preset) {
            let compiled = job::compile(&text, &Files::default(), &chip);
            let Some(job) = compiled.job else {
                let said = &compiled.diagnostics[0].message;
                assert!(said.contains("does not multiply bf16"), "{name}: {said}");
                continue;
            };
            let finished = job.finish();
            assert_eq!(finished.disagreement, None, "{name} on {}", chip.name);
            assert!(checked::assert_planned(&finished.plan, &finished.emitted, &chip).whole);
            assert_eq!(finished.report(&text).macs, graph_of(&text).all_macs(), "{name}");
            ran += 1;
        }
        assert!(ran > 5, "{name} runs on {ran} presets");
    }
}

/// A program as it is, every element of it: what is always touched together is one cell. How many instructions that are.
fn checked_whole(text: &str, chip: &Chip) -> u64 {
    let plan = plan(&graph_of(text), chip).unwrap();
    let checked = checked::assert_planned(&plan, &emit(&plan, chip), chip);
    assert!(checked.whole, "{text}: {checked:?}");
    checked.instructions
}

/// All but those that need more DRAM than one chip of most kinds has.
#[test]
fn whole_networks_keep_accesses_apart() {
    let large = ["gpt3", "llama3-70b", "mixtral"];
    let mut instructions = 0;
    for name in names().into_iter().filter(|name| !large.iter().any(|large| name.starts_with(large))) {
        instructions += checked_whole(&program(&name), &preset("tpu-v6e"));
    }
    assert!(instructions > 1_000_000, "{instructions}");
    for (name, chip) in [
        ("mlp0", "tpu-v1"),
        ("mlp0", "gemmini"),
        ("resnet50", "tpu-v4"),
        ("sd15-unet", "tpu-v4i"),
        ("vit-b16", "tpu-v5e"),
        ("vgg16", "trainium2"),
        ("transformer", "classroom-16x16"),
        ("dlrm", "classroom-4x4"),
        ("bert-base", "classroom-16x16"),
    ] {
        checked_whole(&program(name), &preset(chip));
    }
}

/// On a chip of two cores that holds them all but GPT-3, of which it holds some layers.
#[test]
fn whole_networks_of_many_bytes_keep_accesses_apart() {
    let chip = preset("tpu-v7x");
    for name in ["llama3-70b-decode", "llama3-70b-prefill", "mixtral-8x7b-decode", "mixtral-8x7b-prefill"] {
        assert!(checked_whole(&program(name), &chip) > 2_000_000, "{name}");
    }
    for name in ["gpt3-decode", "gpt3-prefill"] {
        checked_whole(&resized(&program(name), "layers", 4), &chip);
    }
}

#[test]
fn mlp0_runs_as_a_whole() {
    for name in ["tpu-v1", "tpu-v4"] {
        let text = resized(&program("mlp0"), "batch", 4);
        assert!(job::compile_products(&text, &Files::default(), &preset(name)).is_none());
        let finished = job::compile(&text, &Files::default(), &preset(name)).job.unwrap();
        let finished = checked::sound(finished.finish());
        assert_eq!(finished.disagreement, None);
    }
    // Too much work for a run with values.
    let text = resized(&program("mlp0"), "batch", 500);
    let run = job::compile_products(&text, &Files::default(), &preset("tpu-v1")).unwrap();
    assert_eq!(run.report(&text).macs, 500 * 20_000_000);
    assert!(run.obstacle.message.contains("multiply-accumulates"), "{}", run.obstacle.message);
}

fn systole(arguments: &[&str]) -> Output {
    let command = Command::new(env!("CARGO_BIN_EXE_systole")).args(arguments).current_dir(ROOT).output();
    command.unwrap()
}

#[test]
fn what_does_not_run_is_named() {
    let text = program("resnet50");
    let run = job::compile_products(&text, &Files::default(), &preset("tpu-v4")).unwrap();
    let report = serde_json::to_value(run.report(&text)).unwrap();
    let ops = report["ops"].as_array().unwrap();
    assert_eq!(ops.iter().map(|op| op["macs"].as_u64().unwrap()).sum::<u64>(), 4_089_184_256);
    assert_eq!(report["macs"], 4_089_184_256_u64);
    let body = &ops[5];
    assert_eq!((&body["m"], &body["k"], &body["n"]), (&3136.into(), &256.into(), &64.into()));
    assert_eq!((&body["copies"], &body["times"], &body["line"]), (&1.into(), &2.into(), &8.into()));
    let left = report["not_simulated"].as_array().unwrap();
    let pool = serde_json::json!({ "operator": "maxpool", "count": 1, "line": 31 });
    assert!(left.contains(&pool), "{left:?}");
    assert!(report.get("agrees").is_none() && report.get("outputs").is_none());
}

/// A chip without a rate for these dtypes, or whose DRAM is too small for them: of what does not run at all there is no report.
#[test]
fn what_does_not_run_at_all_is_an_error_with_its_reasons() {
    let said = |file: &str, chip: &[&str]| {
        let output = systole(&[&["run", &format!("{LIBRARY}/{file}.systole")], chip].concat());
        assert_eq!((output.status.code(), &output.stdout[..]), (Some(1), &b""[..]), "{file}");
        String::from_utf8(output.stderr).unwrap()
    };
    let bf16 = said("resnet50", &["--chip", "tpu-v1"]);
    assert!(bf16.contains("resnet50.systole:30:5: "), "{bf16}");
    assert!(bf16.contains("error: TPU v1 does not multiply bf16 by bf16"), "{bf16}");
    assert!(bf16.contains("= hint: choose a chip that does") && !bf16.contains("note:"), "{bf16}");
    let both = said("gpt3-prefill", &["--chip", "gemmini"]);
    assert!(both.contains("error: all tensors take "), "{both}");
    assert!(both.contains("note: nor does `@` run by itself: line "), "{both}");
    assert!(both.contains(": Gemmini 16 x 16 does not multiply bf16 by bf16"), "{both}");
}

#[test]
fn a_program_without_products_that_is_too_large_is_an_error() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_systole"));
    let mut child = command
        .args(["run", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(b"input x : i8[1000000,1000000]\noutput x\n").unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), &output.stdout[..]), (Some(1), &b""[..]));
    assert!(said.contains(":1:1: error: all tensors take 1000000000000 bytes"), "{said}");
}

/// Too large for their values in a run, but timed from their first operator to their last.
#[test]
fn networks_of_images_are_timed_as_a_whole() {
    for name in ["alexnet", "resnet50", "sd15-unet", "vgg16", "vit-b16"] {
        let file = format!("{LIBRARY}/{name}.systole");
        let output = systole(&["run", &file, "--chip", "tpu-v4", "--format", "json"]);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(0), "{name}: {said}");
        assert!(said.starts_with("warning: this runs without values"), "{name}: {said}");
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        let ops = report["ops"].as_array().unwrap();
        let macs = graph(name).all_macs();
        assert_eq!(ops.iter().map(|op| op["macs"].as_u64().unwrap()).sum::<u64>(), macs, "{name}");
        assert_eq!(report["macs"], macs, "{name}");
        assert!(report.get("agrees").is_none() && report.get("outputs").is_none());
    }
}

#[test]
fn a_product_beyond_the_limits_is_left_out_alone() {
    let text = resized(&program("gpt2-prefill"), "batch", 512);
    let run = job::compile_products(&text, &Files::default(), &preset("tpu-v4")).unwrap();
    let report = run.report(&text);
    let too_large: Vec<_> = report.not_simulated.iter().filter(|left| left.reason.is_some()).collect();
    assert!(!too_large.is_empty() && !report.ops.is_empty());
    assert!(too_large.iter().all(|left| left.reason.as_ref().unwrap().contains("more than 4294967295")));
}

#[test]
fn the_command_and_the_page_know_every_program() {
    let page = read(&format!("{ROOT}/www/src/examples.ts"));
    for name in names() {
        assert!(page.contains(&format!("'library/{name}'")), "the page lists {name}");
        let output = Command::new(env!("CARGO_BIN_EXE_systole"))
            .args(["check", &format!("library/{name}.systole")])
            .current_dir(std::env::temp_dir())
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(0), "{name} comes with the command");
    }
}

/// `BLESS=1 cargo test --test library` writes the table anew.
#[test]
fn the_documentation_lists_what_the_programs_amount_to() {
    let path = format!("{ROOT}/www/docs/library.md");
    let page = read(&path);
    let (head, rest) = page.split_once("|---|---|---|---|---|---|---|\n").unwrap();
    let rest = &rest[rest.find("\n\n").map_or(0, |end| end + 1)..];
    let (mut table, chip) = (String::new(), preset("tpu-v4"));
    for name in names() {
        let text = program(&name);
        let graph = graph_of(&text);
        let what = text.trim_start_matches("# ").split_inclusive(')').next().unwrap();
        let [batch, ops] = [size_of(&text, "batch"), graph.ops.len() as u64];
        let [batch, ops, macs, parameters] = [batch, ops, graph.all_macs(), parameters(&graph)].map(grouped);
        let runs = how_far(&text, &chip);
        table += &format!("| `{name}` | {what} | {batch} | {ops} | {macs} | {parameters} | {runs} |\n");
    }
    let made = format!("{head}|---|---|---|---|---|---|---|\n{table}{rest}");
    let bless = std::env::var_os("BLESS").is_some();
    if bless {
        fs::write(&path, &made).unwrap();
    }
    assert!(bless || made == page, "the programs amount to something else:\n{table}");
}

/// How much of a program a chip runs.
fn how_far(text: &str, chip: &Chip) -> &'static str {
    match job::compile_or_time(text, &Files::default(), chip).timed {
        Some(_) => "whole",
        None if job::compile_products(text, &Files::default(), chip).is_none() => "whole, with values",
        None => "products",
    }
}

/// `1,234,567`
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let begins = |at: usize| at > 0 && (digits.len() - at).is_multiple_of(3);
    digits.char_indices().flat_map(|(at, c)| begins(at).then_some(',').into_iter().chain([c])).collect()
}
