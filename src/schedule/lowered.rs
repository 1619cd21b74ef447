//! What the machine runs so far, and how much of it.

use super::TooMuch;
use super::moves::moves;
use crate::graph::{CombineKind, Graph, Limits, MapKind, OpId, OpKind, TensorId};
use crate::num::{DType, Type};

/// What keeps a program from being run with its values: operators that are not lowered, each kind once, where it stands
/// first; or else the first limit that it passes.
pub fn obstacles(graph: &Graph) -> Vec<TooMuch> {
    let live = graph.live();
    let ops = || graph.ops.ids().filter(|op| live[op.index()]);
    let mut kinds: Vec<&str> = Vec::new();
    let mut obstacles = Vec::new();
    for op in ops().filter(|op| !is_lowered(graph, *op)) {
        let (kind, span) = (graph.ops[op].kind.name(), graph.ops[op].span);
        if !kinds.contains(&kind) {
            kinds.push(kind);
            obstacles.push(TooMuch {
                span,
                message: format!("the machine does not run this `{kind}` yet"),
                hint: "the program is right; so far i8 products of matrices run, and `+`, `requant`, `relu` and `argmax` on them"
                    .into(),
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

/// Whether an operator can be planned: i8 products of two matrices, and on their i32 sums a bias or a tensor of the same
/// shape, `requant`, `relu` and `argmax` along rows. Bodies of repeats cannot yet.
pub fn is_lowered(graph: &Graph, op: OpId) -> bool {
    let op_id = op;
    let op = &graph.ops[op];
    let ty = |tensor: TensorId| &graph.tensors[tensor].ty;
    let whole = |ty: &Type| matches!(ty.dtype, DType::I8 | DType::I32);
    let simple = |tensor: TensorId| whole(ty(tensor)) && matches!(ty(tensor).shape.0.len(), 1 | 2);
    let tensors = || op.operands.iter().chain(&op.results);
    if moves(graph, op_id) {
        return tensors().all(|tensor| whole(ty(*tensor))) && op.within.is_none();
    }
    let every = tensors().all(|tensor| simple(*tensor));
    let fits = match &op.kind {
        OpKind::Contract(_) => {
            graph.product(op_id).is_some() && op.operands.iter().all(|tensor| ty(*tensor).dtype == DType::I8)
        }
        OpKind::Combine(CombineKind::Add) => {
            let (a, b) = (ty(op.operands[0]), ty(op.operands[1]));
            let row = matches!((&a.shape.0[..], &b.shape.0[..]), ([.., width], [one]) if width == one);
            a.dtype == DType::I32 && b.dtype == DType::I32 && (a.shape == b.shape || row)
        }
        OpKind::Requant(_) | OpKind::Map(MapKind::Relu) => true,
        OpKind::ArgMax { axis } => *axis == 1,
        _ => false,
    };
    every && fits && op.within.is_none()
}
