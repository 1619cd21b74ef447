//! Which operators run together: a product and the elementwise work that alone uses its sums, so that these need not
//! go to memory in between.

use super::moves::moves;
use crate::base::insert_by_key;
use crate::graph::{Graph, OpId, OpKind};

/// Chains of operators that the outputs need, in an order in which they can run.
pub fn chains(graph: &Graph) -> Vec<Vec<OpId>> {
    let live = graph.live();
    let uses = uses(graph, &live);
    let mut taken = vec![false; graph.ops.len()];
    let mut chains: Vec<Vec<OpId>> = Vec::new();
    for op in graph.ops.ids().filter(|op| live[op.index()]) {
        if taken[op.index()] {
            continue;
        }
        let mut chain = vec![op];
        while let Some(next) = continuation(graph, *chain.last().expect("it has a first"), &uses) {
            chain.push(next);
        }
        chain.iter().for_each(|op| taken[op.index()] = true);
        // All operands of a chain's last operator, hence of the whole chain, are results of operators before it.
        insert_by_key(&mut chains, chain, |chain| chain.last().copied());
    }
    chains
}

/// By tensor: the operators that read it, and one `None` for each output that it is.
fn uses(graph: &Graph, live: &[bool]) -> Vec<Vec<Option<OpId>>> {
    let mut uses = vec![Vec::new(); graph.tensors.len()];
    for op in graph.ops.ids().filter(|op| live[op.index()]) {
        graph.ops[op].operands.iter().for_each(|tensor| uses[tensor.index()].push(Some(op)));
    }
    graph.outputs.iter().for_each(|output| uses[output.tensor.index()].push(None));
    uses
}

/// The operator that can run on this one's result as it comes.
fn continuation(graph: &Graph, op: OpId, uses: &[Vec<Option<OpId>>]) -> Option<OpId> {
    let result = graph.ops[op].result();
    let [Some(next)] = uses[result.index()][..] else { return None };
    let (from, to) = (&graph.ops[op].kind, &graph.ops[next].kind);
    let elementwise = matches!(to, OpKind::Combine(_) | OpKind::Requant(_) | OpKind::Map(_));
    if graph.ops[op].choices.as_ref().is_some_and(|choices| choices.fuse == Some(false)) {
        return None;
    }
    let same_extents = graph.tensors[result].ty.shape == graph.tensors[graph.ops[next].result()].ty.shape;
    let ends = matches!(from, OpKind::ArgMax { .. }) || moves(graph, op);
    (elementwise && same_extents && !ends).then_some(next)
}
