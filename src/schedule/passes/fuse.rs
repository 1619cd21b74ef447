//! Which operators run together: a product and the elementwise work that alone uses its sums, so that these need not
//! go to memory in between.

use super::super::contract::fuses;
use super::{Draft, Note, Outcome, Pass, Work, multiplies, words};
use crate::base::insert_by_key;
use crate::graph::{Graph, Op, OpId, OpKind};

pub(super) const PASS: Pass = Pass::new(
    "fuse",
    "Lets work on each element or row run on what comes from the operator before, as a product's sums drain, so that what lies \
     between them does not go to memory.",
    Work::OnGraph(work),
    tell,
);

fn work(draft: &mut Draft) {
    let (graph, uses) = (draft.graph, uses(draft.graph, &draft.runs));
    let mut taken = vec![false; graph.ops.len()];
    draft.chains = Vec::new();
    for op in graph.ops.ids().filter(|op| draft.runs[op.index()]) {
        if taken[op.index()] {
            continue;
        }
        let mut chain = vec![op];
        // What adds up two products is done on the sums of the first one.
        while let Ok(next) = continuation(graph, &chain, &uses) {
            if taken[next.index()] {
                break;
            }
            chain.push(next);
        }
        chain.iter().for_each(|op| taken[op.index()] = true);
        // All operands of a chain's last operator, hence of the whole chain, are results of operators before it.
        insert_by_key(&mut draft.chains, chain, |chain| chain.last().copied());
    }
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

/// Why a chain ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// Its result must be in memory: it is put out, or an iteration leaves it.
    Left,
    /// So many operators read it.
    Readers(usize),
    /// The program wants it so.
    Chosen,
    /// What reads it does not work on each element or row of it as it comes.
    Other(OpId),
}

/// The operator that can run on the result of a chain's last one as it comes. Sums of a product come tile by tile, the rows of
/// vector work whole.
fn continuation(graph: &Graph, chain: &[OpId], uses: &[Vec<Option<OpId>>]) -> Result<OpId, End> {
    let last = &graph.ops[chain[chain.len() - 1]];
    let result = last.result();
    let next = match uses[result.index()][..] {
        [Some(next)] => next,
        ref readers if readers.contains(&None) => return Err(End::Left),
        ref readers => return Err(End::Readers(readers.len())),
    };
    let next_op = &graph.ops[next];
    if last.choices.as_ref().is_some_and(|choices| choices.fuse == Some(false)) {
        return Err(End::Chosen);
    }
    let whole_rows = !multiplies(&graph.ops[chain[0]].kind);
    let goes_on = is_elementwise(&last.kind) || !whole_rows || keeps_rows(graph, last);
    let follows = is_elementwise(&next_op.kind) || whole_rows && keeps_rows(graph, next_op);
    // What comes is the row, not a norm's factors.
    let is_row = is_elementwise(&next_op.kind) || next_op.operands[0] == result;
    let same_extents = graph.tensors[result].ty.shape == graph.tensors[next_op.result()].ty.shape;
    let same_body = last.within == next_op.within;
    match goes_on && follows && is_row && same_extents && same_body && fuses(graph, chain[0], next) {
        true => Ok(next),
        false => Err(End::Other(next)),
    }
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

fn tell(outcome: &Outcome) -> Vec<Note> {
    let graph = outcome.draft.graph;
    let uses = uses(graph, &outcome.draft.runs);
    let mut notes = Vec::new();
    for chain in &outcome.draft.chains {
        let (head, last) = (&graph.ops[chain[0]], &graph.ops[chain[chain.len() - 1]]);
        let fuses = multiplies(&head.kind) || is_elementwise(&head.kind) || keeps_rows(graph, head);
        if chain.len() == 1 && !fuses {
            continue;
        }
        let begin = match chain.len() {
            1 => format!("`{}` runs by itself", head.kind.name()),
            _ => {
                let within = &chain[..chain.len() - 1];
                let bytes = |op: &OpId| {
                    let ty = &graph.tensors[graph.ops[*op].result()].ty;
                    ty.shape.elements() * ty.dtype.bytes() as u64
                };
                let saved: u64 = within.iter().map(bytes).sum();
                let to = if multiplies(&head.kind) { "the drain of" } else { "the rows of" };
                let work = words(graph, chain, 1);
                format!(
                    "{work} in {to} `{}`: {saved} bytes between them stay out of memory",
                    head.kind.name()
                )
            }
        };
        let end = ending(graph, chain, &uses);
        notes.push(Note::on(graph, last.result(), format!("{begin}; {end}")));
    }
    notes
}

/// Why a chain does not go on.
fn ending(graph: &Graph, chain: &[OpId], uses: &[Vec<Option<OpId>>]) -> String {
    let name = |op: OpId| graph.ops[op].kind.name();
    match continuation(graph, chain, uses) {
        Err(End::Left) => "the result must be in memory, as it is put out or an iteration leaves it".into(),
        Err(End::Readers(0)) => "nobody reads the result".into(),
        Err(End::Readers(readers)) => format!("{readers} operators read the result, so it must be in memory"),
        Err(End::Chosen) => "the program wants no more (`fuse=false`)".into(),
        Err(End::Other(next)) => {
            format!("`{}`, which reads the result, does not take it as it comes", name(next))
        }
        Ok(next) => format!("`{}`, which reads the result, runs with another operator", name(next)),
    }
}
