//! One program on one chip, from its text to a report: the stages in their order, for the command line and the page.

mod report;
pub mod validate;

pub use report::{ChipReport, OpReport, OutputReport, Report};

use crate::base::{Diagnostic, Diagnostics, Span};
use crate::chip::Chip;
use crate::emit::{Emitted, emit};
use crate::graph::{Evaluation, Graph, Loader, TensorId, build};
use crate::isa;
use crate::lang::{self, MOST_TEXT_BYTES, StatementKind, Token};
use crate::num::Values;
use crate::schedule::{Plan, plan};
use crate::sim::{Machine, Run};
use crate::trace::Trace;

/// What compiling leaves.
pub struct Compiled {
    /// Errors and warnings in the order of the text.
    pub diagnostics: Vec<Diagnostic>,
    /// For highlighting.
    pub tokens: Vec<Token>,
    /// Every path that the program loads.
    pub loads: Vec<String>,
    /// The program, ready to run, if there was no error.
    pub job: Option<Job>,
}

/// Compiles a program for a chip.
pub fn compile(text: &str, loader: &dyn Loader, chip: &Chip) -> Compiled {
    if text.len() > MOST_TEXT_BYTES {
        return too_long(text);
    }
    let lang::Parsed { ast, tokens, mut diagnostics } = lang::parse(text);
    let graph = build(text, &ast, loader, &mut diagnostics);
    let loads = ast.statements.iter().filter_map(|statement| match &statement.kind {
        StatementKind::Declare(declaration) => declaration.load.as_ref().map(|path| path.text.clone()),
        _ => None,
    });
    let loads = loads.collect();
    let mut job = None;
    if !diagnostics.has_errors() {
        match plan(&graph, chip) {
            Ok(plan) => job = Some(Job::new(graph, plan, chip.clone())),
            Err(error) => diagnostics.error(error.span, error.message, error.hint),
        }
    }
    Compiled { diagnostics: diagnostics.into_sorted(), tokens, loads, job }
}

fn too_long(text: &str) -> Compiled {
    let mut diagnostics = Diagnostics::default();
    let message =
        format!("the program has {} bytes, more than the {MOST_TEXT_BYTES} that are read", text.len());
    diagnostics.error(Span::default(), message, "shorten it; values belong in .npy files");
    Compiled { diagnostics: diagnostics.into_sorted(), tokens: Vec::new(), loads: Vec::new(), job: None }
}

/// A compiled program under way: the machine runs it, the reference evaluates it.
pub struct Job {
    graph: Graph,
    plan: Plan,
    emitted: Emitted,
    chip: Chip,
    run: Run,
    run_done: bool,
    evaluation: Evaluation,
}

impl Job {
    fn new(graph: Graph, plan: Plan, chip: Chip) -> Job {
        let emitted = emit(&graph, &plan, &chip);
        isa::verify(&emitted.program, &chip).expect("what is emitted is a program");
        let run = Run::new(&chip, memory(&graph, &emitted));
        let evaluation = Evaluation::new(&graph);
        Job { graph, plan, emitted, chip, run, run_done: false, evaluation }
    }

    /// Works until about `budget` multiply-accumulates' worth is done; true when it is done.
    pub fn advance(&mut self, budget: u64) -> bool {
        if !self.run_done {
            self.run_done = self.run.advance(&self.emitted.program, &self.chip, budget);
            return false;
        }
        self.evaluation.advance(&self.graph, budget)
    }

    /// How much is done, from 0 to 1.
    pub fn progress(&self) -> f64 {
        let planned = self.plan.layers.iter().flat_map(|layer| &layer.ops);
        let all: u64 = planned.map(|op| self.graph.effort(*op)).sum();
        (self.run.effort() + self.evaluation.effort()) as f64 / (2 * all.max(1)) as f64
    }

    /// Works until it is done.
    pub fn finish(mut self) -> Finished {
        while !self.advance(1 << 24) {}
        self.into_finished()
    }

    /// What came of it, once [`Job::advance`] has returned true.
    pub fn into_finished(self) -> Finished {
        let trace = self.run.into_trace();
        let disagreement = disagreement(&self.graph, &self.emitted, &trace, &self.evaluation);
        Finished {
            graph: self.graph,
            plan: self.plan,
            emitted: self.emitted,
            chip: self.chip,
            trace,
            disagreement,
        }
    }
}

/// Buffers before the first cycle: declared tensors hold their values, the others 0.
fn memory(graph: &Graph, emitted: &Emitted) -> Vec<Values> {
    let buffers = &emitted.program.buffers;
    let mut memory: Vec<Values> = buffers.iter().map(|(_, b)| Values::zeros(b.dtype, b.len)).collect();
    for (tensor, buffer) in &emitted.buffers {
        if let Some(array) = graph.declared(*tensor) {
            memory[buffer.index()] = array.values.clone();
        }
    }
    memory
}

/// The first element, if any, in which simulated memory differs from the reference.
fn disagreement(graph: &Graph, emitted: &Emitted, trace: &Trace, reference: &Evaluation) -> Option<String> {
    emitted.buffers.iter().find_map(|(tensor, buffer)| {
        let (simulated, expected) = (&trace.memory[buffer.index()], reference.values(*tensor));
        let at = simulated.iter().zip(expected.iter()).position(|(a, b)| a != b)?;
        let name = &graph.tensors[*tensor].name;
        Some(format!(
            "element {at} of `{name}` is {}, by the reference {}",
            simulated.get(at),
            expected.get(at)
        ))
    })
}

/// A program that has run.
pub struct Finished {
    /// What was asked.
    pub graph: Graph,
    /// How it was arranged.
    pub plan: Plan,
    /// What the machine was told.
    pub emitted: Emitted,
    /// What it ran on.
    pub chip: Chip,
    /// What it left.
    pub trace: Trace,
    /// The first difference from the reference evaluator, in words.
    pub disagreement: Option<String>,
}

impl Finished {
    /// Looks into any cycle.
    pub fn machine(&self) -> Machine<'_> {
        Machine { chip: &self.chip, trace: &self.trace }
    }

    /// A tensor's values in simulated memory, if they were ever there.
    pub fn values(&self, tensor: TensorId) -> Option<&Values> {
        self.emitted.buffers.get(&tensor).map(|buffer| &self.trace.memory[buffer.index()])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::Files;

    #[test]
    fn a_wrong_element_in_memory_is_named() {
        let text = "input a : i8[4, 4]\nweight w : i8[4, 4]\ny = a @ w\noutput y\n";
        let compiled = compile(text, &Files::default(), &Chip::classroom(4, 4).unwrap());
        let mut job = compiled.job.unwrap();
        while !job.advance(1) {}
        let Job { graph, emitted, run, evaluation, .. } = job;
        let mut trace = run.into_trace();
        assert_eq!(disagreement(&graph, &emitted, &trace, &evaluation), None);
        let buffer = emitted.buffers[&graph.outputs[0].tensor];
        let right = trace.memory[buffer.index()].get(5);
        trace.memory[buffer.index()].set(5, right + 1);
        let said = disagreement(&graph, &emitted, &trace, &evaluation);
        assert_eq!(said, Some(format!("element 5 of `y` is {}, by the reference {right}", right + 1)));
    }
}
