//! Constants: what depends on weights and numbers alone is computed by the compiler.

use super::super::{Place, Plan};
use super::{Draft, Note, Outcome, Pass, Work};
use crate::base::Bytes;
use crate::graph::{Evaluation, Graph, Op, OpKind, Output, Source, Tensor, TensorId};
use crate::num::{Shape, SumOrder, Values};

pub(super) const PASS: Pass = Pass::new(
    "fold",
    "Computes what depends on weights and numbers alone before the run, if it has no more bytes than what it is made of: it is in \
     DRAM when the run begins.",
    Work::OnGraph(work),
    tell,
);

/// What keeps an operator on weights and numbers from being folded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kept {
    /// It multiplies, or has several results.
    Kind,
    /// In a repeat's body, every iteration has its own.
    Body,
    /// Its result is put out.
    Output,
    /// Bytes of its result, and of what it is made of.
    Larger([Bytes; 2]),
}

fn work(draft: &mut Draft) {
    let graph = draft.graph;
    for op in graph.ops.ids() {
        if draft.runs[op.index()]
            && of_constants(draft, &graph.ops[op])
            && kept(graph, &graph.ops[op]).is_none()
        {
            draft.folded[graph.ops[op].result().index()] = true;
            draft.runs[op.index()] = false;
        }
    }
    draft.chains.retain(|chain| draft.runs[chain[0].index()]);
}

/// Whether all that an operator reads is known before the run.
fn of_constants(draft: &Draft, op: &Op) -> bool {
    let known = |id: &TensorId| {
        let source = &draft.graph.tensors[*id].source;
        draft.folded[id.index()] || matches!(source, Source::Weight(_) | Source::Constant(_))
    };
    op.operands.iter().all(known)
}

fn kept(graph: &Graph, op: &Op) -> Option<Kept> {
    let bytes = |id: TensorId| {
        let ty = &graph.tensors[id].ty;
        ty.shape.elements().saturating_mul(ty.dtype.bytes() as Bytes)
    };
    let (left, made_of) = (bytes(op.result()), op.operands.iter().map(|id| bytes(*id)).sum());
    let multiplies = super::multiplies(&op.kind);
    match () {
        () if multiplies || matches!(op.kind, OpKind::TopK { .. } | OpKind::Repeat(_)) => Some(Kept::Kind),
        () if op.within.is_some() => Some(Kept::Body),
        () if graph.outputs.iter().any(|output| output.tensor == op.result()) => Some(Kept::Output),
        () if left > made_of => Some(Kept::Larger([left, made_of])),
        () => None,
    }
}

/// By tensor of a graph: its values, if it is one that is folded into a plan. The compiler computes them as the reference does: no
/// array has a part in them.
pub fn folded_values(graph: &Graph, plan: &Plan) -> Vec<(TensorId, Values)> {
    let folded = |id: &TensorId| matches!(graph.tensors[*id].source, Source::Op(..));
    let of_plan =
        plan.tensors.iter().filter(|(_, planned)| planned.declared && planned.place == Place::default());
    let outputs: Vec<TensorId> = of_plan.filter_map(|(_, planned)| planned.graph).filter(folded).collect();
    if outputs.is_empty() {
        return Vec::new();
    }
    let part = part_of(graph, &outputs);
    let mut evaluation = Evaluation::new(&part, SumOrder { block: usize::MAX });
    while !evaluation.advance(&part, u64::MAX) {}
    outputs.into_iter().map(|id| (id, evaluation.values(id).clone())).collect()
}

/// A graph that puts out these tensors alone; of what they do not need nothing is held.
fn part_of(graph: &Graph, outputs: &[TensorId]) -> Graph {
    let mut part = graph.clone();
    part.outputs =
        outputs.iter().map(|tensor| Output { tensor: *tensor, span: Default::default() }).collect();
    let live = part.live();
    let mut needed = vec![false; graph.tensors.len()];
    for op in graph.ops.ids().filter(|op| live[op.index()]) {
        let op = &graph.ops[op];
        op.operands.iter().chain(&op.results).for_each(|id| needed[id.index()] = true);
    }
    for id in graph.tensors.ids().filter(|id| !needed[id.index()]) {
        let Tensor { ty, source, .. } = &mut part.tensors[id];
        (ty.shape, *source) = (Shape::default(), Source::Constant(0.0));
    }
    part
}

fn tell(outcome: &Outcome) -> Vec<Note> {
    let draft = outcome.draft;
    let (graph, live) = (draft.graph, draft.graph.live());
    let mut notes = Vec::new();
    for id in graph.ops.ids().filter(|op| live[op.index()]) {
        let op = &graph.ops[id];
        if !of_constants(draft, op) {
            continue;
        }
        let name = op.kind.name();
        let text = match kept(graph, op) {
            None => {
                let elements = graph.tensors[op.result()].ty.shape.elements();
                format!(
                    "`{name}` is done before the run: {elements} elements, bit for bit as the machine would have them"
                )
            }
            Some(Kept::Kind) => format!("`{name}` of weights stays on the machine: it is its work"),
            Some(Kept::Body) => format!("`{name}` of weights stays on the machine: it is in a repeat's body"),
            Some(Kept::Output) => format!("`{name}` of weights stays on the machine: it is put out"),
            Some(Kept::Larger([left, made_of])) => format!(
                "`{name}` of weights stays on the machine: it has {left} bytes, more than the {made_of} that it is made of"
            ),
        };
        notes.push(Note::on(graph, op.result(), text));
    }
    notes
}
