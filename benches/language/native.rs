//! By divan.

use divan::{Bencher, black_box};
use systole::import::Files;
use systole::{job, lang};

use super::stages::{PROGRAMS, STAGES};

const NAMES: [&str; PROGRAMS.len()] = [PROGRAMS[0].0, PROGRAMS[1].0, PROGRAMS[2].0];

#[divan::bench(args = NAMES)]
fn library_lex(bencher: Bencher, name: &str) {
    stage(bencher, 0, name);
}

#[divan::bench(args = NAMES)]
fn library_parse(bencher: Bencher, name: &str) {
    stage(bencher, 1, name);
}

#[divan::bench(args = NAMES)]
fn library_check(bencher: Bencher, name: &str) {
    stage(bencher, 2, name);
}

#[divan::bench(args = NAMES)]
fn library_format(bencher: Bencher, name: &str) {
    stage(bencher, 3, name);
}

fn stage(bencher: Bencher, stage: usize, name: &str) {
    let (_, text) = PROGRAMS.iter().find(|(known, _)| *known == name).expect("it is one of them");
    bencher.bench_local(|| STAGES[stage].1(black_box(text)));
}

/// A network of some layers, each with lines of its own or each a call.
fn network(layers: usize, call: bool) -> String {
    let mut text = String::from(
        "size width = 16\n\nfn layer(x : i8[m, k], n) {\n    weight w : i8[k, n]\n    weight b : i32[n]\n    \
         return relu(requant(x @ w + b, shift=5))\n}\n\ninput h0 : i8[8, width]\n",
    );
    for layer in 0..layers {
        let next = layer + 1;
        text += &if call {
            format!("h{next} = layer(h{layer}, n=width)\n")
        } else {
            format!(
                "weight w{next} : i8[width, width]\nweight b{next} : i32[width]\n\
                 h{next} = relu(requant(h{layer} @ w{next} + b{next}, shift=5))\n"
            )
        };
    }
    text + &format!("output h{layers}\n")
}

const LAYERS: [usize; 2] = [10, 500];

#[divan::bench(args = LAYERS)]
fn lex(bencher: Bencher, layers: usize) {
    let text = network(layers, false);
    bencher.bench_local(|| lang::lex(black_box(&text)));
}

#[divan::bench(args = LAYERS)]
fn parse(bencher: Bencher, layers: usize) {
    let text = network(layers, false);
    bencher.bench_local(|| lang::parse(black_box(&text)));
}

#[divan::bench(args = LAYERS)]
fn format(bencher: Bencher, layers: usize) {
    let text = network(layers, false);
    bencher.bench_local(|| lang::format(black_box(&text)));
}

/// From text to a checked graph with its values.
#[divan::bench(args = LAYERS)]
fn check_lines(bencher: Bencher, layers: usize) {
    check(bencher, &network(layers, false));
}

#[divan::bench(args = LAYERS)]
fn check_calls(bencher: Bencher, layers: usize) {
    check(bencher, &network(layers, true));
}

fn check(bencher: Bencher, text: &str) {
    let files = Files::default();
    let said = job::check(text, &files).diagnostics;
    assert!(said.iter().all(|d| d.severity == systole::base::Severity::Warning), "{said:?}");
    bencher.bench_local(|| job::check(black_box(text), &files));
}
