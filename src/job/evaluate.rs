//! A program's reference answer alone, for no chip, with f64 beside its floats.

use serde::Serialize;

use super::Checked;
use super::report::{DeviationReport, OutputReport};
use crate::base::{Diagnostic, Lines};
use crate::graph::{Evaluation, Graph, Loader, Output, TooMuch};
use crate::num::SumOrder;

/// What reading a program for its evaluation leaves.
pub struct Evaluable {
    /// Errors and warnings in the order of the text.
    pub diagnostics: Vec<Diagnostic>,
    /// Ready to be evaluated, if there was no error.
    pub reference: Option<Reference>,
}

/// A program that is evaluated.
pub struct Reference {
    graph: Graph,
    order: SumOrder,
    evaluation: Evaluation,
}

/// Reads a program, whether or not a machine runs it. Products are added up in an order whose block is at least 1. What needs
/// too much memory or time is an error.
pub fn evaluate(text: &str, loader: &dyn Loader, order: SumOrder) -> Evaluable {
    let Checked { graph, mut diagnostics, .. } = Checked::new(text, loader);
    if !diagnostics.has_errors()
        && let Some(TooMuch { span, message, hint }) = graph.too_large().or_else(|| graph.too_long())
    {
        diagnostics.error(span, message, hint);
    }
    let reference = (!diagnostics.has_errors()).then(|| {
        let evaluation = Evaluation::with_exact(&graph, order);
        Reference { graph, order, evaluation }
    });
    Evaluable { diagnostics: diagnostics.into_sorted(), reference }
}

impl Reference {
    /// Works until about `budget` multiply-accumulates' worth is done; true when it is done.
    pub fn advance(&mut self, budget: u64) -> bool {
        self.evaluation.advance(&self.graph, budget)
    }

    /// How much is done, from 0 to 1.
    pub fn progress(&self) -> f64 {
        self.evaluation.effort() as f64 / self.graph.all_effort().max(1) as f64
    }

    /// What came of it, once [`Reference::advance`] has returned true; `text` is the program's.
    pub fn report(&self, text: &str) -> ReferenceReport {
        let lines = Lines::new(text);
        let report = |output: &Output| OutputReport {
            deviation: self.evaluation.deviation(output.tensor).map(DeviationReport::from),
            ..OutputReport::new(&self.graph, output, self.evaluation.values(output.tensor), &lines)
        };
        ReferenceReport {
            version: env!("CARGO_PKG_VERSION"),
            block: Some(self.order.block).filter(|block| *block < usize::MAX),
            outputs: self.graph.outputs.iter().map(report).collect(),
        }
    }
}

/// A program's answer.
#[derive(Clone, Debug, Serialize)]
pub struct ReferenceReport {
    /// Of this crate.
    pub version: &'static str,
    /// How many products are added up before their sum is added to others; without it all are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub block: Option<usize>,
    /// In the order of the program.
    pub outputs: Vec<OutputReport>,
}
