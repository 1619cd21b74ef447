//! Graphs: their text, which parses back, and the rules that they keep. `tests/cases/graph/`: programs and their graphs;
//! `tests/cases/broken_graphs/`: what breaks a rule or is no graph, and what is said of it. `BLESS=1 cargo test --test graph`
//! writes the answers anew; read them before you commit them.

#![allow(clippy::unwrap_used)] // a test may fail

mod golden;
#[allow(dead_code)] // chips are for others
mod made;
mod whole;

use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use systole::graph::{
    Broken, Carried, Cut, Given, Graph, Index, Limits, MOST_GRAPH_BYTES, OpId, OpKind, RepeatId, Source,
    TensorId, parse, verify,
};
use systole::import::{Files, npy};
use systole::job;
use systole::num::{DType, Shape, Sparsity, Type, seeded};

/// The graph of a program without errors.
fn graph_with(text: &str, files: &Files) -> Graph {
    let (diagnostics, graph) = job::graph(text, files);
    graph.unwrap_or_else(|| panic!("{text}\n{diagnostics:#?}"))
}

fn graph(text: &str) -> Graph {
    graph_with(text, &Files::default())
}

/// All of a graph that its text keeps.
fn kept(graph: &Graph) -> String {
    let given = |given: &Given| (given.path.clone(), given.sparsity);
    let tensors = graph.tensors.iter().map(|(id, tensor)| {
        let source = match &tensor.source {
            Source::Input(values) => format!("input {:?}", given(values)),
            Source::Weight(values) => format!("weight {:?}", given(values)),
            Source::Constant(number) => format!("constant {:#x}", number.to_bits()),
            made => format!("{made:?}"),
        };
        format!("{:?} {} {source} {:?}\n", graph.name(id), tensor.ty, tensor.within)
    });
    let ops = graph.ops.iter().map(|(_, op)| {
        format!("{:?} {:?} {:?} {:?} {:?}\n", op.kind, op.operands, op.results, op.within, op.choices)
    });
    let repeats = graph.repeats.iter().map(|(_, repeat)| {
        format!("{} {:?} {:?} {:?}\n", repeat.count, repeat.within, repeat.carried, repeat.collected)
    });
    let outputs = graph.outputs.iter().map(|output| format!("{:?}\n", output.tensor));
    tensors.chain(ops).chain(repeats).chain(outputs).collect()
}

/// Keeps the rules, and comes back from its text.
fn holds(graph: &Graph) {
    assert_eq!(verify(graph), Ok(()), "{graph}");
    let text = graph.to_string();
    let read = parse(&text).unwrap_or_else(|e| panic!("{e}\n{text}"));
    assert_eq!(kept(&read), kept(graph), "{text}");
    assert_eq!(read.to_string(), text);
    assert_eq!(verify(&read), Ok(()), "{text}");
}

#[test]
fn programs_have_the_graphs_that_are_recorded() {
    let cases = golden::cases("graph");
    assert!(cases.len() >= 5, "the gallery is there");
    let mut files = Files::default();
    for (path, shape) in [("folder/w.npy", vec![4, 4]), ("folder/own.npy", vec![3, 4])] {
        let array = seeded(path, Type { dtype: DType::I8, shape: Shape::from(shape) });
        files.insert(path, &npy::write(&array)).unwrap();
    }
    golden::hold(
        &cases,
        |case| case.with_extension("txt"),
        |_, bytes| {
            let graph = graph_with(std::str::from_utf8(bytes).unwrap(), &files);
            holds(&graph);
            graph.to_string()
        },
    );
}

fn programs(folder: &Path) -> Vec<PathBuf> {
    let all = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let (folders, files): (Vec<_>, Vec<_>) = all.partition(|path| path.is_dir());
    let own = files.into_iter().filter(|path| path.extension().is_some_and(|ending| ending == "systole"));
    own.chain(folders.iter().flat_map(|folder| programs(folder))).collect()
}

#[test]
fn the_examples_keep_the_rules() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("www/public/examples");
    let mut files = Files::default();
    for entry in fs::read_dir(folder.join("digits")).unwrap() {
        let path = entry.unwrap().path();
        let name = format!("digits/{}", path.file_name().unwrap().to_str().unwrap());
        let _ = files.insert(&name, &fs::read(&path).unwrap());
    }
    let programs = programs(&folder);
    assert!(programs.len() >= 20);
    for program in programs {
        holds(&graph_with(&fs::read_to_string(&program).unwrap(), &files));
    }
}

#[test]
fn a_body_is_written_once() {
    let text = |layers: usize| {
        format!(
            "size d = 8192\ninput x : bf16[4, d]\nrepeat {layers} {{\n    weight w : bf16[d, d]\n    \
             weight g : bf16[d]\n    x = x + gelu(rmsnorm(x, g) @ w)\n}}\noutput x\n"
        )
    };
    let of = |layers: usize| graph(&text(layers)).to_string();
    assert_eq!(of(80), of(1).replace("repeat 1 as", "repeat 80 as"));
    assert_eq!(of(80).lines().count(), 11);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn random_networks_keep_the_rules(text in made::program()) {
        holds(&graph(&text));
    }

    #[test]
    fn random_programs_keep_the_rules(text in whole::program()) {
        if let (_, Some(graph)) = job::graph(&text, &Files::default()) {
            holds(&graph);
        }
    }
}

/// Otherwise the test above holds nothing.
#[test]
fn random_programs_are_nearly_all_right_and_use_every_operator() {
    const PROGRAMS: usize = 400;
    let mut runner = TestRunner::deterministic();
    let (mut right, mut seen) = (0, vec![false; WORDS.len()]);
    let mut wrong = Vec::new();
    for _ in 0..PROGRAMS {
        let text = whole::program().new_tree(&mut runner).unwrap().current();
        match job::graph(&text, &Files::default()) {
            (_, Some(graph)) => {
                right += 1;
                let text = graph.to_string();
                let has = |word: &str| text.lines().any(|line| line.contains(&format!(" {word}")));
                seen.iter_mut().zip(WORDS).for_each(|(seen, word)| *seen |= has(word));
            }
            (diagnostics, None) => wrong.push((diagnostics[0].message.clone(), text)),
        }
    }
    let missing: Vec<&str> =
        seen.iter().zip(WORDS).filter(|(seen, _)| !**seen).map(|(_, word)| word).collect();
    assert_eq!(missing, [""; 0]);
    assert!(right * 10 >= PROGRAMS * 9, "{right} of {PROGRAMS}: {:#?}", &wrong[..wrong.len().min(10)]);
}

/// What is said of a text: that it is none, or the first rule that is broken.
fn answer(text: &str) -> Result<Graph, String> {
    let graph = parse(text).map_err(|e| e.to_string())?;
    verify(&graph).map_err(|broken| broken.to_string())?;
    Ok(graph)
}

#[test]
fn broken_graphs_are_answered_as_recorded() {
    let cases = golden::cases("broken_graphs");
    assert!(cases.len() >= 100, "the gallery is there");
    golden::hold(
        &cases,
        |case| case.with_extension("txt"),
        |name, bytes| {
            let said = answer(std::str::from_utf8(bytes).unwrap()).unwrap_err();
            assert_eq!(said.contains("(rule"), !name.starts_with("text_"), "{name}: {said}");
            said + "\n"
        },
    );
    // Rule 3 and parts of others speak of what no text can say.
    let said: Vec<String> =
        cases.iter().map(|case| fs::read_to_string(case.with_extension("txt")).unwrap()).collect();
    for rule in (1..=14).filter(|rule| *rule != 3) {
        assert!(said.iter().any(|said| said.contains(&format!("(rule {rule})"))), "rule {rule} is broken");
    }
}

const BODIES: &str = "\
%0 : f32[4] = input  # \"x\"
%1 : f32[4] = exp %0  # \"begin\"
%7 : f32[4], %8 : f32[3, 2] = repeat 3 as t0 {  # \"h\", \"vs\"
  %2 : f32[4] = carried %1 then %3  # \"h\"
  %3 : f32[4] = tanh %2  # \"h\"
  %4 : f32[2], %5 : i32[2] = topk %3 k=2  # \"v\", \"p\"
  repeat 2 as t1 {
    %6 : f32[4] = multiply %3 %9  # \"scaled\"
    %9 : f32[4] = weight from \"w.npy\"  # \"w\"
  }
  collect %4
}
%10 : f32[4, 4] = contract %7 %7 \"a,b->ab\"  # \"y\"
output %10
";

/// The id in a graph that a larger one gives.
fn foreign(graph: &Graph) -> TensorId {
    let mut larger = graph.clone();
    let (_, tensor) = graph.tensors.iter().next().unwrap();
    larger.tensors.push(tensor.clone())
}

type Break = (u32, &'static str, fn(&mut Graph));

/// What no text can say.
const BREAKS: &[Break] = &[
    (1, "there is no %11", |graph| {
        let missing = foreign(graph);
        graph.outputs[0].tensor = missing;
    }),
    (1, "there is no %11", |graph| {
        let (missing, op) = (foreign(graph), nth_op(graph, 1));
        graph.ops[op].operands[0] = missing;
    }),
    (1, "there is no %11", |graph| {
        let (missing, repeat) = (foreign(graph), nth_repeat(graph, 0));
        graph.repeats[repeat].collected.push(missing);
    }),
    (1, "4097 operators, more than 4096", |graph| {
        let op = graph.ops[nth_op(graph, 0)].clone();
        for _ in 0..4090 {
            graph.ops.push(op.clone());
        }
    }),
    (2, "`t1` does not follow the repeat that it is within", |graph| {
        let (outer, inner) = (nth_repeat(graph, 0), nth_repeat(graph, 1));
        graph.repeats[inner].within = None;
        let third = graph.repeats.push(graph.repeats[inner].clone());
        graph.repeats[inner].within = Some(third);
        graph.repeats[third].within = Some(outer);
    }),
    // The first operator of the body comes in front of what stands before it.
    (3, "it does not stand with the others of no body", |graph| {
        let (first, second) = (nth_op(graph, 0), nth_op(graph, 1));
        let op = graph.ops[first].clone();
        graph.ops[first] = std::mem::replace(&mut graph.ops[second], op);
    }),
    (3, "it does not stand with the others of the body of `t0`", |graph| {
        let (last, body) = (nth_op(graph, 6), nth_repeat(graph, 0));
        graph.ops[last].within = Some(body);
    }),
    (3, "its repeat is one of the body of `t0`", |graph| {
        let own = nth_op(graph, 4);
        graph.ops[own].within = None;
    }),
    (3, "`t2` has no operator of its own", |graph| {
        let repeat = graph.repeats[nth_repeat(graph, 1)].clone();
        graph.repeats.push(repeat);
    }),
    (5, "its operator does not make it there", |graph| {
        let op = nth_op(graph, 0);
        let tensor = graph.ops[op].results[0];
        graph.tensors[tensor].source = Source::Op(op, 1);
    }),
    (5, "it is one of the body of `t0`, its operator of no body", |graph| {
        let (tensor, body) = (graph.ops[nth_op(graph, 0)].results[0], nth_repeat(graph, 0));
        graph.tensors[tensor].within = Some(body);
    }),
    (5, "result 2, %4, is of another source", |graph| {
        let op = nth_op(graph, 2);
        let again = graph.ops[op].results[0];
        graph.ops[op].results.push(again);
    }),
    (5, "`t0` does not carry it there", |graph| {
        let repeat = nth_repeat(graph, 0);
        graph.repeats[repeat].carried.clear();
    }),
    (5, "it is carried by `t0`, but is one of the body of `t1`", |graph| {
        let (now, inner) = (graph.repeats[nth_repeat(graph, 0)].carried[0].now, nth_repeat(graph, 1));
        graph.tensors[now].within = Some(inner);
    }),
    (5, "%2, which is carried, is of another source", |graph| {
        let repeat = nth_repeat(graph, 0);
        let carried: Carried = graph.repeats[repeat].carried[0];
        graph.repeats[repeat].carried.push(carried);
    }),
    (5, "an array without a path", |graph| load(graph, None, vec![3, 2, 4])),
    (5, "its array is not pruned", |graph| {
        load(graph, Some("w.npy"), vec![3, 2, 2, 4]);
        let weight = graph.tensors.ids().nth(9).unwrap();
        if let Source::Weight(given) = &mut graph.tensors[weight].source {
            given.sparsity = Sparsity::new(1, 2);
        }
        graph.tensors[weight].ty.shape = Shape::from(vec![2, 4]);
    }),
    (5, "its array is f32[2, 3, 4], not f32[3, 2, 4]", |graph| load(graph, Some("w.npy"), vec![2, 3, 4])),
    (13, "its operands are not what it begins with", |graph| {
        let own = nth_op(graph, 5);
        graph.ops[own].operands.clear();
    }),
    (12, "an axis goes that has more than one element", |graph| {
        let (first, cut) = (nth_op(graph, 0), Cut { from: Index::default(), len: 2, step: 1, keep: false });
        graph.ops[first].kind = OpKind::Slice(vec![cut]);
    }),
];

fn nth_op(graph: &Graph, at: usize) -> OpId {
    graph.ops.ids().nth(at).unwrap()
}

fn nth_repeat(graph: &Graph, at: usize) -> RepeatId {
    graph.repeats.ids().nth(at).unwrap()
}

/// Gives the inner weight an array of all iterations.
fn load(graph: &mut Graph, path: Option<&str>, shape: Vec<usize>) {
    let array = Some(seeded("w", Type { dtype: DType::F32, shape: Shape::from(shape) }));
    let weight = graph.tensors.ids().nth(9).unwrap();
    graph.tensors[weight].source =
        Source::Weight(Given { path: path.map(str::to_owned), array: array.map(Rc::new), sparsity: None });
}

#[test]
fn what_no_text_can_say_is_answered_too() {
    let good = parse(BODIES).unwrap();
    assert_eq!(verify(&good), Ok(()));
    assert_eq!(good.to_string().lines().count(), BODIES.lines().count());
    for (rule, said, change) in BREAKS {
        let mut graph = good.clone();
        change(&mut graph);
        let broken: Broken = verify(&graph).expect_err(said);
        assert_eq!((broken.rule, broken.message.as_str()), (*rule, *said));
    }
    let mut loaded = good;
    load(&mut loaded, Some("w.npy"), vec![3, 2, 4]);
    assert_eq!(verify(&loaded), Ok(()));
}

#[test]
fn texts_that_cost_much_are_refused() {
    let too_long = " ".repeat(MOST_GRAPH_BYTES + 1);
    assert!(parse(&too_long).unwrap_err().to_string().contains("more than the 8388608 that are read"));
    let operators = "%0 : f32[4] = exp %0  # \"\"\n".repeat(Limits::OPS + 1);
    assert_eq!(parse(&operators).unwrap_err().to_string(), "line 4097: more than 4096 operators");
    let repeats: String = (0..5000).map(|at| format!("repeat 1 as t{at} {{\n")).collect();
    assert_eq!(parse(&repeats).unwrap_err().to_string(), "line 4097: more than 4096 repeats");
    // As deep as can be, it is read and written, and its text is not much longer.
    let deep: String = (0..4000).map(|at| format!("repeat 1 as t{at} {{\n")).collect();
    let deep = format!("%0 : f32[4] = input  # \"\"\n{deep}{}output %0\n", "}\n".repeat(4000));
    let graph = answer(&deep).unwrap();
    assert!(graph.to_string().len() < 4 * deep.len());
    assert_eq!(
        answer("%99999999999 : f32[] = input  # \"\"").unwrap_err(),
        "line 1: `%99999999999`, but there are only 1 tensors, from `%0`"
    );
    let line = format!("%0 : f32[] = concat {}axis=0  # \"\"\noutput %0\n", "%0 ".repeat(1_000_000));
    assert!(answer(&line).unwrap_err().contains("rule"));
}

/// A graph's text with something else in it.
fn changed() -> impl Strategy<Value = String> {
    let words = [
        "%0",
        "%1",
        "%2",
        "%9",
        "t0",
        "t1",
        "2*t0",
        "0",
        "1",
        "2",
        "-1",
        "4294967296",
        "1e400",
        "nan",
        "f32[4]",
        "i8[2, 2]",
        "[",
        "]",
        "{",
        "}",
        ",",
        "=",
        ":",
        "#",
        "\"",
        "\\",
        "\n",
        "\"ab,bc->ac\"",
        "len 2",
        "step 3",
        "carried %0 then %1",
        "collect %1",
        "output %1",
        "repeat 2 as t1 {\n",
        "exp",
        "add",
        "concat",
        "slice",
        "contract",
        "conv2d",
        "axis=1",
        "axes=[0]",
        "keep=true",
        "with fuse=true",
        "ü",
        "//",
    ];
    let texts: Vec<String> = golden::cases("graph")
        .iter()
        .map(|case| fs::read_to_string(case.with_extension("txt")).unwrap())
        .chain([BODIES.to_owned()])
        .collect();
    let change = (any::<prop::sample::Index>(), 0..6usize, prop::sample::select(words.to_vec()));
    (prop::sample::select(texts), prop::collection::vec(change, 1..5)).prop_map(|(mut text, changes)| {
        for (at, length, word) in changes {
            let place =
                |at: usize, text: &str| (at..=text.len()).find(|at| text.is_char_boundary(*at)).unwrap();
            let from = place(at.index(text.len() + 1), &text);
            let to = place((from + length).min(text.len()), &text);
            text.replace_range(from..to, word);
        }
        text
    })
}

/// Lines of a graph's text in another order, or numbers in place of others.
fn shuffled() -> impl Strategy<Value = String> {
    let number = (any::<prop::sample::Index>(), 0..12usize);
    let swap = (any::<prop::sample::Index>(), any::<prop::sample::Index>());
    let changes = (prop::collection::vec(number, 0..4), prop::collection::vec(swap, 0..3));
    (whole::program(), changes).prop_map(|(text, (numbers, swaps))| {
        let Some(graph) = job::graph(&text, &Files::default()).1 else { return String::new() };
        let mut text = graph.to_string();
        for (at, number) in numbers {
            let digits: Vec<usize> =
                text.match_indices(|c: char| c.is_ascii_digit()).map(|(at, _)| at).collect();
            let at = digits[at.index(digits.len())];
            text.replace_range(at..=at, &number.to_string());
        }
        let mut lines: Vec<&str> = text.lines().collect();
        for (a, b) in swaps {
            let all = lines.len();
            lines.swap(a.index(all), b.index(all));
        }
        lines.join("\n")
    })
}

/// If it is a graph, its text is its own; if it keeps the rules, that graph keeps them too.
fn survives(text: &str) {
    let Ok(graph) = parse(text) else { return };
    let sound = verify(&graph);
    if sound.is_ok() {
        holds(&graph);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn random_text_is_read_or_refused(text in "\\PC{0,200}") {
        survives(&text);
    }

    #[test]
    fn changed_graphs_are_read_or_refused(text in changed()) {
        survives(&text);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn shuffled_graphs_are_read_or_refused(text in shuffled()) {
        survives(&text);
    }
}

/// What stands in a graph's text.
const WORDS: [&str; 48] = [
    "input",
    "weight",
    "constant",
    "carried",
    "repeat",
    "collect",
    "contract",
    "conv2d",
    "maxpool",
    "avgpool",
    "relu",
    "negate",
    "exp",
    "log",
    "sqrt",
    "rsqrt",
    "tanh",
    "sigmoid",
    "silu",
    "gelu %",
    "gelu_tanh",
    "add",
    "subtract",
    "multiply",
    "divide",
    "maximum",
    "minimum",
    "requant",
    "cast",
    "sum",
    "mean",
    "max %",
    "argmax",
    "topk",
    "softmax",
    "layernorm",
    "rmsnorm",
    "causal",
    "reshape",
    "transpose",
    "concat",
    "slice",
    "gather",
    "len",
    "step",
    "with",
    "tile",
    "t0",
];
