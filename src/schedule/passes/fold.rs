//! Constants: what depends on weights and numbers alone is computed by the compiler.
//!
//! In a repeat's body too: what is made of other constants than weights of a body, or parts of tensors that move with
//! iterations, is the same in all of them and computed once. All else there is computed for each iteration, and lies in DRAM
//! like a weight that is declared there.

use super::super::Plan;
use super::{Draft, Note, Outcome, Pass, Work, uses};
use crate::base::Bytes;
use crate::graph::{
    Cut, Evaluation, Graph, Limits, Op, OpId, OpKind, Output, Repeat, RepeatId, Source, Tensor, TensorId,
};
use crate::num::{Shape, SumOrder, Values};

pub(super) const PASS: Pass = Pass::new(
    "fold",
    "Computes what depends on weights and numbers alone before the run, if it has no more bytes than what it is made of: it is in \
     DRAM when the run begins. In a repeat's body, once for all iterations or for each.",
    Work::OnGraph(work),
    tell,
);

/// What keeps an operator on weights and numbers from being folded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kept {
    /// It multiplies, or has several results.
    Kind,
    /// Its result is put out.
    Output,
    /// Bytes of its result, and of what it is made of.
    Larger([Bytes; 2]),
    /// Bytes of its result in all iterations of its repeats, more than are held.
    Often(Bytes),
}

fn work(draft: &mut Draft) {
    let graph = draft.graph;
    let readers = uses(graph, &draft.runs);
    let live: Vec<OpId> = graph.ops.ids().filter(|op| draft.runs[op.index()]).collect();
    for id in &live {
        let op = &graph.ops[*id];
        if of_constants(graph, &draft.folded, op) && kept(draft, op).is_none() {
            let result = op.result().index();
            draft.varies[result] = varies(&draft.varies, op);
            draft.folded[result] = true;
        }
    }
    for id in live.into_iter().rev() {
        let (op, result) = (&graph.ops[id], graph.ops[id].result().index());
        // What only looks at parts of a tensor costs nothing in a body, and as a constant it would lie there once more.
        let looks = op.within.is_some() && matches!(op.kind, OpKind::Slice(_) | OpKind::Reshape);
        let runs = |reader: &Option<OpId>| reader.is_none_or(|reader| draft.runs[reader.index()]);
        let stays = looks && readers[result].iter().any(runs);
        if draft.folded[result] {
            draft.runs[id.index()] = stays;
            draft.folded[result] = !stays;
            draft.varies[result] |= stays;
        }
    }
    draft.chains.retain(|chain| draft.runs[chain[0].index()]);
}

/// By tensor: whether it changes with the iterations of a repeat around it, as far as is known: a number does not.
pub(super) fn in_bodies(graph: &Graph) -> Vec<bool> {
    let changes = |tensor: &Tensor| tensor.within.is_some() && !matches!(tensor.source, Source::Constant(_));
    graph.tensors.iter().map(|(_, tensor)| changes(tensor)).collect()
}

/// Whether a result does, if what it is made of does.
fn varies(varies: &[bool], op: &Op) -> bool {
    let moves = |cuts: &[Cut]| cuts.iter().any(|cut| !cut.from.steps.is_empty());
    op.operands.iter().any(|id| varies[id.index()]) || matches!(&op.kind, OpKind::Slice(cuts) if moves(cuts))
}

/// Whether all that an operator reads is known before the run, if what is folded is.
fn of_constants(graph: &Graph, folded: &[bool], op: &Op) -> bool {
    let known = |id: &TensorId| {
        let source = &graph.tensors[*id].source;
        folded[id.index()] || matches!(source, Source::Weight(_) | Source::Constant(_))
    };
    op.operands.iter().all(known)
}

fn kept(draft: &Draft, op: &Op) -> Option<Kept> {
    let graph = draft.graph;
    let bytes = |id: TensorId, varies: bool| {
        let Tensor { ty, within, .. } = &graph.tensors[id];
        let each = ty.shape.elements().saturating_mul(ty.dtype.bytes() as Bytes);
        each.saturating_mul(graph.iterations(within.filter(|_| varies)))
    };
    let left = bytes(op.result(), varies(&draft.varies, op));
    let read = op.operands.iter().map(|id| bytes(*id, draft.varies[id.index()]));
    let made_of = read.fold(0, Bytes::saturating_add);
    let multiplies = super::multiplies(&op.kind);
    match () {
        () if multiplies || matches!(op.kind, OpKind::TopK { .. } | OpKind::Repeat(_)) => Some(Kept::Kind),
        () if graph.outputs.iter().any(|output| output.tensor == op.result()) => Some(Kept::Output),
        () if left > made_of => Some(Kept::Larger([left, made_of])),
        () if op.within.is_some() && left > Limits::ALL_BYTES => Some(Kept::Often(left)),
        () => None,
    }
}

/// By tensor of a graph: its values, of all iterations of what it belongs to, if it is one that is folded into a plan. The compiler
/// computes them as the reference does: no array has a part in them.
pub fn folded_values(graph: &Graph, plan: &Plan) -> Vec<(TensorId, Values)> {
    if plan.folded.is_empty() {
        return Vec::new();
    }
    let part = part_of(graph, &plan.folded);
    let mut evaluation = Evaluation::new(&part, SumOrder { block: usize::MAX });
    while !evaluation.advance(&part, u64::MAX) {}
    let values = |output: &Output| evaluation.values(output.tensor).clone();
    plan.folded.iter().copied().zip(part.outputs.iter().map(values)).collect()
}
/// A graph that puts out these tensors alone, of all iterations; of what they do not need nothing is held.
fn part_of(graph: &Graph, folded: &[TensorId]) -> Graph {
    let mut part = graph.clone();
    let (mut changes, mut repeats) = (in_bodies(graph), vec![None; graph.repeats.len()]);
    for (id, op) in graph.ops.iter() {
        let of_part = &mut part.ops[id];
        if let OpKind::Repeat(repeat) = op.kind {
            repeats[repeat.index()] = Some(id);
            (of_part.operands, of_part.results) = Default::default();
            let repeat = &mut part.repeats[repeat];
            (repeat.carried, repeat.collected) = Default::default();
        } else if !varies(&changes, op) {
            of_part.within = None;
            op.results.iter().for_each(|id| changes[id.index()] = false);
        }
    }
    part.outputs.clear();
    for id in folded {
        let (mut tensor, mut home) = (*id, graph.tensors[*id].within.filter(|_| changes[id.index()]));
        while let Some((repeat, op)) = home.and_then(|repeat| Some((repeat, repeats[repeat.index()]?))) {
            tensor = collected(&mut part, repeat, op, tensor);
            home = graph.repeats[repeat].within;
        }
        part.outputs.push(Output { tensor, span: Default::default() });
    }
    let live = part.live();
    let mut needed = vec![false; part.tensors.len()];
    for op in part.ops.ids().filter(|op| live[op.index()]) {
        let op = &part.ops[op];
        op.operands.iter().chain(&op.results).for_each(|id| needed[id.index()] = true);
    }
    for id in part.tensors.ids().filter(|id| !needed[id.index()]) {
        let Tensor { ty, source, .. } = &mut part.tensors[id];
        (ty.shape, *source) = (Shape::default(), Source::Constant(0.0));
    }
    part
}

/// What a repeat, which is an operator, leaves of a tensor of its body in all iterations: collected, one after the other.
fn collected(part: &mut Graph, repeat: RepeatId, op: OpId, each: TensorId) -> TensorId {
    let Repeat { count, within, ref mut collected, .. } = part.repeats[repeat];
    let results = &mut part.ops[op].results;
    let mut all = Tensor { within, source: Source::Op(op, results.len()), ..part.tensors[each].clone() };
    // However many axes it has; not as one, which may be longer than a 32-bit machine counts.
    let (rows, cols) = all.ty.shape.as_matrix();
    all.ty.shape = Shape::from(vec![count, rows, cols]);
    collected.push(each);
    let id = part.tensors.push(all);
    results.push(id);
    id
}

fn tell(outcome: &Outcome) -> Vec<Note> {
    let draft = outcome.draft;
    let (graph, live) = (draft.graph, draft.graph.live());
    let (mut notes, mut known) = (Vec::new(), draft.folded.clone());
    for id in graph.ops.ids().filter(|op| live[op.index()]) {
        let (op, result) = (&graph.ops[id], graph.ops[id].result().index());
        if !of_constants(graph, &known, op) {
            continue;
        }
        let name = op.kind.name();
        let text = match kept(draft, op) {
            // It looks at what is known.
            None if !draft.folded[result] => {
                known[result] = true;
                continue;
            }
            None => {
                let elements = graph.tensors[op.result()].ty.shape.elements();
                let times = match op.within {
                    None => String::new(),
                    Some(_) if !draft.varies[result] => ", once for all iterations".to_owned(),
                    within => format!(", for {} iterations", graph.iterations(within)),
                };
                format!(
                    "`{name}` is done before the run{times}: {elements} elements, bit for bit as the machine would have them"
                )
            }
            Some(Kept::Kind) => format!("`{name}` of weights stays on the machine: it is its work"),
            Some(Kept::Output) => format!("`{name}` of weights stays on the machine: it is put out"),
            Some(Kept::Larger([left, made_of])) => format!(
                "`{name}` of weights stays on the machine: it has {left} bytes, more than the {made_of} that it is made of"
            ),
            Some(Kept::Often(bytes)) => format!(
                "`{name}` of weights stays on the machine: in all iterations it has {bytes} bytes, more than {}",
                Limits::ALL_BYTES
            ),
        };
        notes.push(Note::on(graph, op.result(), text));
    }
    notes
}
