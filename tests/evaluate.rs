//! The reference evaluator, held to definitions written out naively; in slices of any size; on random programs.

#![allow(clippy::unwrap_used)] // a test may fail

mod whole;

use proptest::prelude::*;
use systole::graph::{Evaluation, Graph};
use systole::import::Files;
use systole::job;
use systole::num::SumOrder;

/// More effort than a program in a test may be.
const MOST_EFFORT: u64 = 1 << 24;

fn evaluated(graph: &Graph, block: usize) -> Evaluation {
    let mut evaluation = Evaluation::new(graph, SumOrder { block });
    assert!(evaluation.advance(graph, u64::MAX));
    evaluation
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Any program, in slices of any size: the same values as in one go, for the effort that was said before.
    #[test]
    fn slices_change_nothing(text in whole::program(), budgets in prop::collection::vec(1u64..5000, 1..8), block in 1usize..40) {
        let (_, graph) = job::graph(&text, &Files::default());
        let Some(graph) = graph.filter(|graph| graph.all_effort() < MOST_EFFORT) else { return Ok(()) };
        let at_once = evaluated(&graph, block);
        prop_assert_eq!(at_once.effort(), graph.all_effort(), "{}", text);
        let mut sliced = Evaluation::new(&graph, SumOrder { block });
        let (mut budgets, mut before) = (budgets.iter().cycle(), 0);
        while !sliced.advance(&graph, *budgets.next().unwrap()) {
            prop_assert!(sliced.effort() > before);
            before = sliced.effort();
        }
        for tensor in graph.tensors.ids() {
            prop_assert_eq!(sliced.values(tensor), at_once.values(tensor), "{}\n%{}", text, tensor.index());
        }
    }
}
