//! Moves that need not be: a result whose elements lie in its operand's memory as they should lies there.

use super::super::{LayerKind, Move, moves::moves};
use super::{Draft, Moves, Note, Outcome, Pass, Work};

pub(super) const PASS: Pass = Pass::new(
    "alias",
    "Lets the result of a reshape, slice or transpose lie in its operand's memory where its elements are next to each other \
     there already, so that nothing is moved.",
    Work::OnGraph(work),
    tell,
);

fn work(draft: &mut Draft) {
    draft.moves = Moves::WhereNeeded;
}

fn tell(outcome: &Outcome) -> Vec<Note> {
    let (graph, plan) = (outcome.draft.graph, outcome.plan);
    let mut notes = Vec::new();
    for id in graph.ops.ids().filter(|op| outcome.draft.runs[op.index()] && moves(graph, *op)) {
        let (op, result) = (&graph.ops[id], graph.ops[id].result());
        let layer = plan.layers.iter().find(|layer| layer.ops[..] == [id]);
        let planned = plan.tensors.iter().find(|(_, planned)| planned.graph == Some(result));
        let Some((planned, tensor)) = planned else { continue };
        let kind = op.kind.name();
        let text = match layer.map(|layer| &layer.kind) {
            Some(LayerKind::Move(work)) => {
                format!("`{kind}` moves {} bytes by DMA, {}", tensor.bytes(), in_blocks(work))
            }
            _ => {
                let (root, first) = (plan.root(planned), tensor.place.first);
                let name = &plan.tensors[root].name;
                format!(
                    "`{kind}` moves nothing: the result lies in the memory of `{name}`, from element {first} on"
                )
            }
        };
        notes.push(Note::on(graph, result, text));
    }
    for layer in plan.layers.iter().filter(|layer| layer.ops.is_empty()) {
        let LayerKind::Move(work) = &layer.kind else { continue };
        let tensor = &plan.tensors[layer.result];
        let text = format!(
            "{} bytes are moved by DMA to where the next operator or iteration wants them, {}",
            tensor.bytes(),
            in_blocks(work)
        );
        notes.push(Note { of: tensor.name.clone(), span: layer.span, text });
    }
    notes
}

fn in_blocks(work: &Move) -> String {
    let blocks: Vec<String> =
        work.parts.iter().map(|part| format!("{} x {}", part.block[0], part.block[1])).collect();
    format!("{} elements at a time", blocks.join(", then "))
}
