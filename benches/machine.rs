//! What the machine takes: `cargo bench --bench machine`.
//!
//! `repetitions` runs the same product with ten times the rows, then a hundred times: loops whose state repeats are
//! skipped, so that the time stays where it is. `resnet50` reads a topology, compiles its 54 layers and runs them; `mapped` has
//! the mapper search them first. `parsed`, `built`, `planned`, `emitted`, `clocked` and `tallied` are the stages by themselves, of whole
//! networks on TPU v4: the last one reads four times as many tokens as the one before, in the same loops.

use std::fmt;

use divan::Bencher;
use systole::base::{Diagnostics, Span};
use systole::chip::{Chip, Dram};
use systole::emit::{Emitted, emit};
use systole::explore;
use systole::graph::{Graph, build};
use systole::import::Files;
use systole::import::scalesim::{Layout, parse_topology};
use systole::job::{Timed, time_products, time_topology, time_topology_arranged};
use systole::lang;
use systole::num::DType;
use systole::schedule::{Plan, Product, plan};
use systole::sim::{Clock, Loops, tally};
use systole::trace::Trace;

fn main() {
    divan::main();
}

fn chip() -> Chip {
    Chip::classroom(128, 128).expect("128 is a side that chips have")
}

#[divan::bench(args = [1, 10, 100])]
fn repetitions(times: usize) -> Timed {
    // A row of output tiles has 2048 rows; too many of them to stay in the unified buffer, even the first time.
    let product = Product {
        name: "product".into(),
        span: Span::default(),
        copies: 1,
        extents: [64 * 2048 * times, 128, 128],
        dtypes: [DType::I8; 3],
    };
    let chip = chip();
    let chip = Chip { unified_buffer_bytes: 1 << 24, dram: Dram { bytes: 1 << 40, ..chip.dram }, ..chip };
    time_products(&[product], &chip).unwrap_or_else(|refused| panic!("{refused:?}"))
}

#[divan::bench]
fn resnet50() -> Timed {
    let text = include_str!("../tests/data/scalesim/resnet50.csv");
    let topology = parse_topology(text, Layout::Convolution).value.expect("it is a topology");
    time_topology(&topology, &chip()).unwrap_or_else(|refused| panic!("{refused:?}"))
}

#[divan::bench]
fn mapped() -> Timed {
    let text = include_str!("../tests/data/scalesim/resnet50.csv");
    let topology = parse_topology(text, Layout::Convolution).value.expect("it is a topology");
    let chip = chip();
    time_topology_arranged(&topology, &chip, &mut |plan| explore::map(plan, &chip).0)
        .unwrap_or_else(|refused| panic!("{refused:?}"))
}

/// A program of the library, as it is or with more tokens.
#[derive(Clone, Copy)]
enum Network {
    ResNet50,
    Llama70b,
    Llama70bLong,
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Network::ResNet50 => "resnet50",
            Network::Llama70b => "llama3-70b-prefill, 2048 tokens",
            Network::Llama70bLong => "llama3-70b-prefill, 8192 tokens",
        })
    }
}

const NETWORKS: [Network; 3] = [Network::ResNet50, Network::Llama70b, Network::Llama70bLong];

impl Network {
    fn text(self) -> String {
        let llama = include_str!("../www/public/examples/library/llama3-70b-prefill.systole");
        match self {
            Network::ResNet50 => include_str!("../www/public/examples/library/resnet50.systole").into(),
            Network::Llama70b => llama.into(),
            Network::Llama70bLong => {
                let long = llama.replace("= 2048", "= 8192");
                assert_ne!(long, llama, "it says how many tokens there are");
                long
            }
        }
    }

    fn graph(self) -> Graph {
        let text = self.text();
        let mut diagnostics = Diagnostics::default();
        let graph = build(&text, &lang::parse(&text).ast, &Files::default(), &mut diagnostics).graph;
        assert!(!diagnostics.has_errors());
        graph
    }

    fn plan(self) -> Plan {
        plan(&self.graph(), &tpu_v4()).expect("it fits")
    }

    fn emitted(self) -> Emitted {
        emit(&self.plan(), &tpu_v4())
    }
}

/// With DRAM for 70 billion parameters and what lies beside them.
fn tpu_v4() -> Chip {
    let chip = Chip::preset("tpu-v4").expect("it is one of the presets");
    Chip { dram: Dram { bytes: 256 << 30, ..chip.dram }, ..chip }
}

#[divan::bench(args = NETWORKS)]
fn parsed(bencher: Bencher, network: Network) {
    let text = network.text();
    bencher.bench_local(|| lang::parse(&text));
}

#[divan::bench(args = NETWORKS)]
fn built(bencher: Bencher, network: Network) {
    let text = network.text();
    let ast = lang::parse(&text).ast;
    bencher.bench_local(|| build(&text, &ast, &Files::default(), &mut Diagnostics::default()));
}

#[divan::bench(args = NETWORKS)]
fn planned(bencher: Bencher, network: Network) {
    let (graph, chip) = (network.graph(), tpu_v4());
    bencher.bench_local(|| plan(&graph, &chip));
}

#[divan::bench(args = NETWORKS)]
fn emitted(bencher: Bencher, network: Network) {
    let (plan, chip) = (network.plan(), tpu_v4());
    bencher.bench_local(|| emit(&plan, &chip));
}

fn clock(emitted: &Emitted, chip: &Chip) -> Trace {
    Clock::new(&emitted.program, chip, Loops::Skipped).run().expect("it comes to its end")
}

#[divan::bench(args = NETWORKS)]
fn clocked(bencher: Bencher, network: Network) {
    let (emitted, chip) = (network.emitted(), tpu_v4());
    bencher.bench_local(|| clock(&emitted, &chip));
}

#[divan::bench(args = NETWORKS)]
fn tallied(bencher: Bencher, network: Network) {
    let (emitted, chip) = (network.emitted(), tpu_v4());
    let trace = clock(&emitted, &chip);
    bencher.bench_local(|| tally(&emitted.program, &chip, &trace));
}
