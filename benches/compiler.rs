//! What the compiler takes: `cargo bench --bench compiler`, on ResNet-50 and on BERT base.
//!
//! One for each stage from text to a run that is timed, and one for the plan without each pass: what that is less than `plan` is what
//! the pass takes, its consequences in later ones included.

use systole::chip::Chip;
use systole::emit::{Emitted, emit};
use systole::explore::map;
use systole::graph::Graph;
use systole::import::Files;
use systole::job::graph;
use systole::lang::parse;
use systole::schedule::{PASSES, Pipeline, Plan, plan_by};
use systole::sim::{Clock, Loops};

fn main() {
    divan::main();
}

const RESNET50: &str = include_str!("../www/public/examples/library/resnet50.systole");
const BERT_BASE: &str = include_str!("../www/public/examples/library/bert-base.systole");

#[derive(Clone, Copy, Debug)]
enum Network {
    ResNet50,
    BertBase,
}

const BOTH: [Network; 2] = [Network::ResNet50, Network::BertBase];

impl Network {
    fn text(self) -> &'static str {
        match self {
            Network::ResNet50 => RESNET50,
            Network::BertBase => BERT_BASE,
        }
    }

    fn graph(self) -> Graph {
        graph(self.text(), &Files::default()).1.expect("the library has no errors")
    }

    fn plan(self, pipeline: &Pipeline) -> Plan {
        plan_by(&self.graph(), &chip(), pipeline).unwrap_or_else(|refused| panic!("{refused:?}"))
    }

    fn emitted(self) -> Emitted {
        emit(&self.plan(&Pipeline::default()), &chip())
    }
}

fn chip() -> Chip {
    Chip::preset("tpu-v4").expect("it is a preset")
}

#[divan::bench(args = BOTH)]
fn tree(bencher: divan::Bencher, network: Network) {
    bencher.bench_local(|| parse(network.text()));
}

#[divan::bench(args = BOTH)]
fn checked_graph(bencher: divan::Bencher, network: Network) {
    bencher.bench_local(|| network.graph());
}

#[divan::bench(args = BOTH)]
fn plan(bencher: divan::Bencher, network: Network) {
    let (graph, chip) = (network.graph(), chip());
    bencher.bench_local(|| plan_by(&graph, &chip, &Pipeline::default()).is_ok());
}

#[divan::bench(args = without_each())]
fn plan_without(bencher: divan::Bencher, (network, name): &(Network, &str)) {
    let pipeline = Pipeline::default().without(name).expect("it is a pass");
    let (graph, chip) = (network.graph(), chip());
    bencher.bench_local(|| plan_by(&graph, &chip, &pipeline).is_ok());
}

fn without_each() -> Vec<(Network, &'static str)> {
    BOTH.into_iter().flat_map(|network| PASSES.iter().map(move |pass| (network, pass.name))).collect()
}

#[divan::bench(args = BOTH)]
fn program(bencher: divan::Bencher, network: Network) {
    let (plan, chip) = (network.plan(&Pipeline::default()), chip());
    bencher.bench_local(|| emit(&plan, &chip));
}

/// What `--map` takes besides: every distinct product searched, and the whole run both ways.
#[divan::bench(args = BOTH)]
fn mapped(bencher: divan::Bencher, network: Network) {
    let (plan, chip) = (network.plan(&Pipeline::default()), chip());
    bencher.with_inputs(|| plan.clone()).bench_local_values(|plan| map(plan, &chip));
}

#[divan::bench(args = BOTH)]
fn times(bencher: divan::Bencher, network: Network) {
    let (emitted, chip) = (network.emitted(), chip());
    bencher.bench_local(|| Clock::new(&emitted.program, &chip, Loops::Skipped).run().is_ok());
}
