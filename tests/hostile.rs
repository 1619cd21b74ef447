//! Whatever comes from outside gets an answer: never a panic, a hang, or memory without bound.

#![allow(clippy::unwrap_used)] // a test may fail

use std::time::{Duration, Instant};

use proptest::prelude::*;
use systole::base::Severity;
use systole::chip::Chip;
use systole::graph::Limits;
use systole::import::{Files, npy};
use systole::isa;
use systole::job::{Assist, Compiled, compile, evaluate, run_assembly};
use systole::lang::{MOST_TEXT_BYTES, Token, TokenKind, format, lex};
use systole::num::{DType, Shape, SumOrder, Type, seeded};

fn check(text: &str) -> Compiled {
    compile(text, &Files::default(), &Chip::classroom(4, 4).unwrap())
}

/// Compiles, renders every message, and runs what is left if it is small.
fn survive(text: &str) {
    format_changes_no_token(text);
    places_have_answers(text);
    let compiled = check(text);
    for d in &compiled.diagnostics {
        assert!(d.span.range().end <= text.len());
        let shown = d.render("p", text);
        assert!(shown.chars().all(|c| c == '\n' || !c.is_control()), "{shown:?}");
    }
    assert!(compiled.diagnostics.len() <= 200);
    if let Some(job) = compiled.job {
        assert_eq!(job.finish().disagreement, None);
    }
}

/// An editor may ask about any byte, and beyond.
fn places_have_answers(text: &str) {
    let assist = Assist::new(text, &Files::default());
    for at in (0..text.len() + 9).step_by(text.len() / 20 + 1) {
        let places = [assist.hover(at).map(|hover| hover.span), assist.definition(at)];
        assert!(places.iter().flatten().all(|span| text.get(span.range()).is_some()), "{text:?} at {at}");
        assert!(text.is_char_boundary(assist.completions(at).0), "{text:?} at {at}");
    }
}

/// Nor does it change anything the second time.
fn format_changes_no_token(text: &str) {
    let words = |text: &str| -> Vec<(TokenKind, bool, String)> {
        let word =
            |token: Token| (token.kind, token.first_of_line, token.span.of(text).trim_end().to_owned());
        lex(text).into_iter().map(word).collect()
    };
    let formatted = format(text);
    assert_eq!(words(&formatted), words(text), "{text:?}");
    assert_eq!(format(&formatted), formatted, "{text:?}");
    assert!(formatted.len() <= 100 * text.len());
}

const WORDS: [&str; 92] = [
    "sparse",
    "[2:4]",
    "input",
    "weight",
    "output",
    "a",
    "b",
    "w",
    "relu",
    "requant",
    "argmax",
    "load",
    "i8",
    "i32",
    "bf16",
    "(",
    ")",
    "[",
    "]",
    ",",
    ":",
    "=",
    "@",
    "+",
    "-",
    "0",
    "1",
    "2",
    "4",
    "\n",
    "shift",
    "axis",
    "\"x.npy\"",
    "# c\n",
    "size",
    "fn",
    "return",
    "{",
    "}",
    "*",
    "/",
    "f",
    "fn f(x : i8[m, k]) { return",
    "f(",
    "}\n",
    "repeat",
    "as t",
    "with",
    "t",
    "hs[t] =",
    "repeat 2 {\n",
    "repeat 3 as t {\n",
    ".T",
    ".shape",
    "...",
    "//",
    "%",
    "0.5",
    "1e300",
    "-1",
    "x[0]",
    "x[t]",
    "[:, 1]",
    "::",
    "\"ij,jk->ik\"",
    "einsum(",
    "conv2d(",
    "maxpool(",
    "softmax(",
    "layernorm(",
    "topk(",
    "reshape(",
    "transpose(",
    "concat([",
    "gather(",
    "cast(",
    "zeros(",
    "full(",
    "sum(",
    "causal(",
    "sqrt(",
    "maximum(",
    "f32",
    "fp8",
    "i16",
    "x : f32[4, 8]\n",
    "9999999999",
    "dataflow=\"os\"",
    "tile=[1, 2, 3]",
    "true",
    "keepdims",
    "a, b =",
];

const FUNCTIONS: &str = "size n = 2 * 3\nfn layer(x : i8[m, k], s) {\n weight w : i8[k, k / 2]\n y = requant(x @ w, shift=s)\n \
                         return y, relu(y) # both\n}\ninput x : i8[4, n - 2]\np, q = layer(x, 3)\na, b = layer(p, s=-(-1 - 0))\n\
                         output q\noutput b\n";

const NETWORK: &str = "size d = 8\nsize heads = 2\ninput x : f32[4, d]\ninput i : i32[4]\nweight table : f32[10, d]\n\
                       fn block(x, n) {\n weight w : f32[d, d]\n weight g : f32[d]\n\
                       q = transpose(reshape(rmsnorm(x, g) @ w, [4, n, -1]), [1, 0, 2])\n\
                       a = softmax(causal(q @ q.T / sqrt(d // n)))\n return x + reshape(transpose(a @ q, [1, 0, 2]), [4, d])\n}\n\
                       h = gather(table, i) * 0.5 + x[:, ::1]\nrepeat 3 as t {\n h = block(h, heads)\n hs[t] = h[t]\n}\n\
                       c = conv2d(reshape(hs, [1, 3, 2, 4]), zeros(f32[2, 1, 1, 8]), padding=[1, 0], groups=4)\n\
                       v, p = topk(einsum(\"td,dk->tk\", hs, table.T), k=2)\noutput maxpool(c, window=2)\noutput p\n";

const PROGRAM: &str = "input x : i8[4, 6]\nweight w : i8[6, 3]\nweight b : i32[3]\n\
                       h = relu(requant(x @ w + b, scale=3, shift=4, zero=-1))\noutput argmax(h, axis=1)\n";

/// Assembles, renders every message, and runs what is right.
fn survive_assembly(text: &str) {
    let chip = Chip::classroom(4, 4).unwrap();
    let (said, run) = run_assembly(text, &Files::default(), &chip);
    for d in &said {
        assert!(d.span.range().end <= text.len());
        let shown = d.render("p", text);
        assert!(shown.chars().all(|c| c == '\n' || !c.is_control()), "{shown:?}");
    }
    assert!(said.len() <= 200);
    let printed = isa::text::print(&isa::text::assemble(text).assembly);
    if let Some(run) = run {
        run.report(text);
        let again = isa::text::assemble(&printed);
        assert_eq!((again.diagnostics.len(), isa::text::print(&again.assembly)), (0, printed), "{text}");
    }
}

/// Words of assembly.
const CODE: [&str; 76] = [
    "packed",
    "2 of 4",
    "input",
    "output",
    "dram",
    "unified",
    "event",
    "op",
    "repeat",
    "read",
    "write",
    "host",
    "fetch",
    "load",
    "multiply",
    "contract",
    "vector",
    "a",
    "a@ub",
    "c@ub",
    "c",
    "w",
    ": i8[4, 4]",
    ": i32[4, 4]",
    "holds",
    "at",
    "=",
    "+=",
    "acc[0]",
    "acc.1[4*i mod 8]",
    "[0:2]",
    "[2*i +: 2, :]",
    "[:, 1]",
    "{0 : 4 by 1, 4 by 0}",
    "transposed",
    "wait",
    "signal",
    "x",
    "done",
    "-1",
    "before i",
    ",",
    "|",
    "add",
    "requant shift=3",
    "relu",
    "exp",
    "cast to f32",
    "topk k=2",
    "argmax",
    "to i8",
    "gathered",
    "by",
    "tile i8 by 4",
    "as i {",
    "{",
    "}",
    "\n",
    "\n",
    "\n",
    "0",
    "1",
    "4",
    "4294967295",
    "99999999999999999999",
    "1.5",
    "nan",
    "\"q\"",
    "# c",
    "load(\"x.npy\")",
    "each 2",
    "causal rows=2",
    ".1",
    "@",
    "softmax",
    "4 by 4",
];

const ASSEMBLY: &str = "input x : i8[8, 4]\ninput w : i8[4, 4]\nunified x@ub : i8[8, 4] holds 32\nunified y@ub : i8[8, 4]\n\
                        output y : i8[8, 4]\nop y\nrepeat 2 as i {\n read x@ub[4*i +: 4] = x[4*i +: 4] wait left -1 signal in\n\
                        fetch w\n load\n multiply acc[4*i mod 8] = x@ub[4*i +: 4] wait in, drained -1 signal passed\n\
                        vector y@ub[4*i +: 4] = acc[4*i mod 8] | add 3 | requant shift=4 | relu wait passed signal worked, drained\n\
                        write y[4*i +: 4] = y@ub[4*i +: 4] wait worked signal left\n}\n";

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn random_assembly(words in prop::collection::vec(prop::sample::select(&CODE[..]), 0..60)) {
        survive_assembly(&words.join(" "));
    }

    #[test]
    fn mutated_assembly(
        cuts in prop::collection::vec((0..ASSEMBLY.len(), 0..4usize, prop::sample::select(&CODE[..])), 1..4)) {
        let mut text = ASSEMBLY.to_owned();
        for (at, length, word) in cuts {
            let at = at.min(text.len());
            text.replace_range(at..(at + length).min(text.len()), word);
        }
        survive_assembly(&text);
    }

    #[test]
    fn mutated_binaries(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4), cut in 0..40usize) {
        let mut bytes = isa::binary::encode(&isa::text::assemble(ASSEMBLY).assembly);
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        bytes.truncate(bytes.len().saturating_sub(cut.saturating_sub(30)));
        match isa::binary::decode(&bytes) {
            Ok(assembly) => {
                prop_assert_eq!(isa::binary::decode(&isa::binary::encode(&assembly)), Ok(assembly.clone()));
                survive_assembly(&isa::text::print(&assembly));
            }
            Err(error) => prop_assert!(error.at <= bytes.len()),
        }
    }

    #[test]
    fn random_text(text in "\\PC{0,200}") {
        survive(&text);
    }

    #[test]
    fn random_tokens(words in prop::collection::vec(prop::sample::select(&WORDS[..]), 0..60)) {
        survive(&words.join(" "));
    }

    #[test]
    fn mutated_programs(
        program in prop::sample::select(&[PROGRAM, FUNCTIONS, NETWORK][..]),
        cuts in prop::collection::vec((0..NETWORK.len(), 0..4usize, prop::sample::select(&WORDS[..])), 1..6)) {
        let mut text = program.to_owned();
        for (at, length, word) in cuts {
            let at = at.min(text.len());
            text.replace_range(at..(at + length).min(text.len()), word);
        }
        survive(&text);
    }

    #[test]
    fn random_files(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = npy::parse(&bytes);
        let with_magic = [&b"\x93NUMPY\x01\x00"[..], &bytes].concat();
        let _ = npy::parse(&with_magic);
    }

    #[test]
    fn mutated_files(of in 0..DType::ALL.len(), at in 0..140usize, byte in any::<u8>(), cut in 0..200usize) {
        let array = seeded("x", Type { dtype: DType::ALL[of], shape: Shape::from(vec![3, 1, 4]) });
        let mut bytes = npy::write(&array);
        let at = at.min(bytes.len() - 1);
        bytes[at] = byte;
        bytes.truncate(bytes.len().saturating_sub(cut.saturating_sub(100)));
        if let Ok(read) = npy::parse(&bytes) {
            prop_assert_eq!(read.values.len(), read.ty.shape.count());
        }
    }
}

fn first_error(text: &str) -> String {
    let compiled = check(text);
    let error = compiled.diagnostics.into_iter().find(|d| d.severity == Severity::Error);
    error
        .map(|d| d.message)
        .unwrap_or_else(|| panic!("{}... is wrong", text.chars().take(60).collect::<String>()))
}

#[test]
fn the_assembly_that_is_mutated_is_right() {
    let (said, run) = run_assembly(ASSEMBLY, &Files::default(), &Chip::classroom(4, 4).unwrap());
    assert!(said.is_empty() && run.is_some(), "{said:?}");
}

/// Thousands of millions of instructions that do next to nothing: they are timed without values.
#[test]
fn many_small_instructions_are_timed_alone() {
    let rounds = |count: u32| {
        let text = format!(
            "input a : i8[1]\nunified u : i8[1]\noutput a\nrepeat {count} as i {{\n  read u = a\n}}\n"
        );
        let (said, run) = run_assembly(&text, &Files::default(), &Chip::classroom(4, 4).unwrap());
        (said.iter().any(|d| d.message.contains("timed without values")), run.unwrap().memory.is_empty())
    };
    assert_eq!(rounds(1000), (false, false));
    assert_eq!(rounds(1 << 31), (true, true));
}

#[test]
fn the_programs_that_are_mutated_are_right() {
    for program in [PROGRAM, FUNCTIONS] {
        assert!(check(program).job.is_some(), "{:?}", check(program).diagnostics);
    }
}

#[test]
fn calls_of_calls_come_to_an_end() {
    let doubling: String =
        (1..40).map(|n| std::format!("fn f{n}(x) {{ return f{0}(f{0}(x)) }}\n", n - 1)).collect();
    let text = std::format!("fn f0(x) {{ return x }}\n{doubling}input x : i8[2, 2]\noutput f39(x)\n");
    assert_eq!(first_error(&text), "more than 10000 calls");
    assert_eq!(
        first_error("fn a(x) { return b(x) }\nfn b(x) { return a(x) }\ninput x : i8[2, 2]\noutput a(x)\n"),
        "`a` calls itself"
    );
    let lines: String = (0..2000).map(|n| format!("size a{n} = 1\n")).collect();
    let calls = |n: usize| "output f(x)\n".repeat(n);
    let many = format!("fn f(x) {{\n{lines}return x\n}}\ninput x : i8[2, 2]\n{}", calls(9000));
    assert_eq!(first_error(&many), "calls of more than 100000 lines in all");
    let wide = format!("fn f(x) {{ return x{} }}\ninput x : i8[2, 2]\n{}", ", x".repeat(50_000), calls(5000));
    assert_eq!(first_error(&wide), "more than 64 values of a call");
    let deep: String = (1..3000).map(|n| std::format!("fn g{n}(x) {{ return g{}(x) }}\n", n - 1)).collect();
    let text = std::format!("fn g0(x) {{ return x }}\n{deep}input x : i8[2, 2]\noutput g2999(x)\n");
    assert!(first_error(&text).contains("deep"));
}

#[test]
fn a_hundred_megabytes_are_refused_unread() {
    let text = "input a : i8[4, 4]\n".repeat(100 * 1024 * 1024 / 19);
    assert!(first_error(&text).contains("more than the 262144"));
}

#[test]
fn depth_and_length_do_not_overflow_the_stack() {
    let nested = format!("input a : i8[4, 4]\noutput {}a{}\n", "(".repeat(100_000), ")".repeat(100_000));
    assert!(first_error(&nested).contains("nested"));
    let calls = format!("input a : i8[4, 4]\noutput {}a\n", "relu(".repeat(50_000));
    assert!(first_error(&calls).contains("nested"));
    let chain = format!("input a : i32[4]\noutput a{}\n", " + a".repeat(60_000));
    assert!(first_error(&chain).contains("more than 4096 operators"));
    let minus = format!("input a : i8[4, 4]\noutput requant(a @ a, shift={}1)\n", "-".repeat(200_000));
    assert!(first_error(&minus).contains("deep"));
}

#[test]
fn long_words_cost_little() {
    let long = "x".repeat(MOST_TEXT_BYTES / 3);
    let text = std::format!("input {long} : i8[4, 4]\noutput {}\n", &long[1..]);
    assert!(first_error(&text).starts_with("nothing is called"));
    for d in check(&text).diagnostics {
        assert!(d.message.len() + d.hint.map_or(0, |hint| hint.len()) < 1000);
    }
    let many: String = (0..8000).map(|i| format!("output name{i} @ other{i}\n")).collect();
    assert!(first_error(&many[..MOST_TEXT_BYTES.min(many.len())]).starts_with("nothing is called"));
}

/// Texts that are as long as can be and made to cost as much as can be: each is answered, none is worked on for long.
#[test]
fn long_programs_cost_little() {
    let names: String = (0..13_000).map(|i| format!("n{i}=a\n")).collect();
    let unknown = format!("input a:i8[1,1]\n{names}output zz{}\n", "+zz".repeat(20_000));
    assert!(unknown.len() <= MOST_TEXT_BYTES && first_error(&unknown) == "nothing is called `zz`");
    let twice = format!("input a:i8[1,1]\n{}", "size a=1\n".repeat(29_000));
    assert!(first_error(&twice).starts_with("`a` is defined twice"));
    let name = "x".repeat(59);
    let sums = format!("input {name}:i32[1]\noutput {name}{}\n", format!("+{name}").repeat(4090));
    assert!(check(&sums).job.is_some());
    let scans = format!("input a:i8[1,16777216]\n{}", "output argmax(a)\n".repeat(4000));
    assert!(first_error(&scans).contains("the vector unit works on more than the 268435456 elements"));
}

/// Each part is found at once, not by counting those before it.
#[test]
fn many_parts_of_a_tensor_cost_little() {
    let text = format!("input x : i8[1]\noutput concat([{}])\n", "x,".repeat(100_000));
    let order = SumOrder { block: 1 };
    let mut reference = evaluate(&text, &Files::default(), order).reference.unwrap();
    let start = Instant::now();
    while !reference.advance(1 << 20) {}
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
}

/// A list full of warnings has room for the error that stops the program.
#[test]
fn warnings_hide_no_error() {
    let unused: String = (0..150).map(|i| format!("weight u{i}:i8[1,1]\n")).collect();
    let text = std::format!("input x:i8[4096,2048]\nweight w:i8[2048,4096]\n{unused}output x@w\n");
    let compiled = compile(&text, &Files::default(), &Chip::classroom(1, 1).unwrap());
    assert!(compiled.job.is_none());
    assert!(compiled.diagnostics.iter().any(|d| d.severity == Severity::Error));
}

#[test]
fn a_matrix_a_billion_wide_is_refused_before_it_is_made() {
    assert!(first_error("input a : i8[1, 1000000000]\noutput a\n").contains("bytes"));
    assert!(first_error("input a : i8[1000000000, 1000000000]\noutput a\n").contains("elements"));
    let many: String = (0..5000).map(|i| format!("weight w{i} : i32[4096, 4096]\n")).collect();
    let many = format!("{many}output w0\n");
    assert!(first_error(&many).contains(&format!("more than {} bytes", Limits::ALL_BYTES)));
}

#[test]
fn what_is_mutated_was_right() {
    for program in [PROGRAM, FUNCTIONS, NETWORK] {
        let checked = systole::job::check(program, &Files::default());
        assert!(
            checked.diagnostics.iter().all(|d| d.severity == Severity::Warning),
            "{:?}",
            checked.diagnostics
        );
    }
}

/// Bodies, calls and repeats in each other multiply: what is worked is bounded, and iterations cost nothing.
#[test]
fn repeats_are_worked_once() {
    let text = "input x : f32[4]\nrepeat 60000 {\nrepeat 60000 {\nx = exp(x)\n}\n}\noutput x\n";
    assert!(first_error(text).contains("in all iterations"));
    let steps: String =
        (0..300).map(|i| format!("y{i} = x[{}]\nx = x + y{i}\n", "t + ".repeat(200) + "0 * t")).collect();
    let text = std::format!("input x : f32[300]\nrepeat 1 as t {{\n{steps}}}\noutput x\n");
    let compiled = compile(&text, &Files::default(), &Chip::classroom(4, 4).unwrap());
    assert_eq!(compiled.job.unwrap().finish().disagreement, None);
    let lists = format!(
        "input x : f32[4]\n{}output x\n",
        format!("y = reshape(x, [{}4])\n", "1, ".repeat(6)).repeat(3000)
    );
    assert!(check(&lists).job.is_some());
}

/// The longest product that is allowed at all has its sum at the edge of 32 bits, and still adds up.
#[test]
fn the_largest_sum_is_exact() {
    let text = "input a : i8[1, 131071]\ninput w : i8[131071, 1]\noutput a @ w\n";
    let job = compile(text, &Files::default(), &Chip::classroom(256, 1).unwrap()).job.unwrap();
    assert_eq!(job.finish().disagreement, None);
}
