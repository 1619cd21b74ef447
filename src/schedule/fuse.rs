//! Which operators run together: a product and the elementwise work that alone uses its sums, so that these need not
//! go to memory in between.

use super::contract::fuses;
use crate::base::insert_by_key;
use crate::graph::{Graph, Op, OpId, OpKind};

/// Chains of operators that the outputs need, in an order in which they can run.
pub fn chains(graph: &Graph, live: &[bool], uses: &[Vec<Option<OpId>>]) -> Vec<Vec<OpId>> {
    let mut taken = vec![false; graph.ops.len()];
    let mut chains: Vec<Vec<OpId>> = Vec::new();
    for op in graph.ops.ids().filter(|op| live[op.index()]) {
        if taken[op.index()] {
            continue;
        }
        let mut chain = vec![op];
        // What adds up two products is done on the sums of the first one.
        while let Some(next) = continuation(graph, &chain, uses).filter(|next| !taken[next.index()]) {
            chain.push(next);
        }
        chain.iter().for_each(|op| taken[op.index()] = true);
        // All operands of a chain's last operator, hence of the whole chain, are results of operators before it.
        insert_by_key(&mut chains, chain, |chain| chain.last().copied());
    }
    chains
}

/// By tensor: the operators that read it, and one `None` for each output that it is, and for each time that the end of a body
/// reads it.
pub fn uses(graph: &Graph, live: &[bool]) -> Vec<Vec<Option<OpId>>> {
    let mut uses = vec![Vec::new(); graph.tensors.len()];
    for op in graph.ops.ids().filter(|op| live[op.index()]) {
        graph.ops[op].operands.iter().for_each(|tensor| uses[tensor.index()].push(Some(op)));
    }
    for op in graph.ops.ids().filter(|op| live[op.index()]) {
        let OpKind::Repeat(repeat) = graph.ops[op].kind else { continue };
        let repeat = &graph.repeats[repeat];
        let ends = repeat.carried.iter().map(|carried| &carried.next).chain(&repeat.collected);
        ends.for_each(|tensor| uses[tensor.index()].push(None));
    }
    graph.outputs.iter().for_each(|output| uses[output.tensor.index()].push(None));
    uses
}

/// The operator that can run on the result of a chain's last one as it comes. Sums of a product come tile by tile, the rows of
/// vector work whole.
fn continuation(graph: &Graph, chain: &[OpId], uses: &[Vec<Option<OpId>>]) -> Option<OpId> {
    let last = &graph.ops[*chain.last()?];
    let result = last.result();
    let [Some(next)] = uses[result.index()][..] else { return None };
    let next_op = &graph.ops[next];
    if last.choices.as_ref().is_some_and(|choices| choices.fuse == Some(false)) {
        return None;
    }
    let whole_rows = !matches!(graph.ops[chain[0]].kind, OpKind::Contract(_) | OpKind::Conv2d { .. });
    let goes_on = is_elementwise(&last.kind) || !whole_rows || keeps_rows(graph, last);
    let follows = is_elementwise(&next_op.kind) || whole_rows && keeps_rows(graph, next_op);
    // What comes is the row, not a norm's factors.
    let is_row = is_elementwise(&next_op.kind) || next_op.operands[0] == result;
    let same_extents = graph.tensors[result].ty.shape == graph.tensors[next_op.result()].ty.shape;
    let same_body = last.within == next_op.within;
    (goes_on && follows && is_row && same_extents && same_body && fuses(graph, chain[0], next))
        .then_some(next)
}

fn is_elementwise(kind: &OpKind) -> bool {
    matches!(kind, OpKind::Combine(_) | OpKind::Requant(_) | OpKind::Map(_) | OpKind::Cast)
}

/// Whether it works along the last axis and leaves it as long as it is.
fn keeps_rows(graph: &Graph, op: &Op) -> bool {
    match op.kind {
        OpKind::Softmax { axis } => axis + 1 == graph.tensors[op.result()].ty.shape.0.len(),
        OpKind::LayerNorm { .. } | OpKind::RmsNorm { .. } | OpKind::Causal { .. } => true,
        _ => false,
    }
}
