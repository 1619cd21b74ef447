//! What the machine runs so far, and how much of it.

use super::TooMuch;
use crate::graph::{Graph, Limits, OpId, OpKind};

/// What keeps a program from being run with its values: operators that are not lowered, each kind once, where it stands
/// first; or else the first limit that it passes.
pub fn obstacles(graph: &Graph) -> Vec<TooMuch> {
    let live = graph.live();
    let ops = || graph.ops.ids().filter(|op| live[op.index()]);
    let mut kinds: Vec<&str> = Vec::new();
    let mut obstacles = Vec::new();
    // Of a repeat's body, what would run elsewhere is not worth a word.
    for op in ops().filter(|op| !is_kind_lowered(&graph.ops[*op].kind)) {
        let (kind, span) = (graph.ops[op].kind.name(), graph.ops[op].span);
        if !kinds.contains(&kind) {
            kinds.push(kind);
            obstacles.push(TooMuch {
                span,
                message: format!("the machine does not run this `{kind}` yet"),
                hint: "the program is right; so far all runs but `topk` and bodies of `repeat`".into(),
            });
        }
    }
    if obstacles.is_empty() {
        obstacles.extend(graph.too_large().or_else(|| work(graph)));
    }
    obstacles
}

/// More work than a run may be, if it is.
fn work(graph: &Graph) -> Option<TooMuch> {
    let (mut macs, mut elements) = (0u64, 0u64);
    for (id, op) in graph.ops.iter() {
        macs = macs.saturating_add(graph.macs(id));
        elements = elements.saturating_add(graph.vector_elements(id));
        let (message, hint) = if macs > Limits::MACS {
            let message = format!(
                "up to here the products need {macs} multiply-accumulates, more than the {} of a run",
                Limits::MACS
            );
            (message, "make the matrices smaller")
        } else if elements > Limits::VECTOR_ELEMENTS {
            let message = format!(
                "up to here the vector unit works on more than the {} elements of a run",
                Limits::VECTOR_ELEMENTS
            );
            (message, "make the tensors smaller or the program shorter")
        } else {
            continue;
        };
        return Some(TooMuch { span: op.span, message, hint: hint.into() });
    }
    None
}

/// Whether an operator can be planned: all but the greatest k. Bodies of repeats cannot yet.
pub fn is_lowered(graph: &Graph, op: OpId) -> bool {
    let op = &graph.ops[op];
    is_kind_lowered(&op.kind) && op.within.is_none()
}

fn is_kind_lowered(kind: &OpKind) -> bool {
    !matches!(kind, OpKind::TopK { .. } | OpKind::Repeat(_))
}
