//! What the machine runs so far, and how much of it.

use super::TooMuch;
use super::repeats::{MOST_REPEATS, path};
use crate::graph::{Graph, Limits, Source};

/// What keeps a program from being run with its values: what keeps it from being run, or else the first limit that it passes.
pub fn obstacles(graph: &Graph) -> Vec<TooMuch> {
    let first = too_deep(graph).or_else(|| graph.too_large()).or_else(|| held(graph)).or_else(|| work(graph));
    first.into_iter().collect()
}

/// What keeps a program from being run, with values or without: repeats that are not lowered; places in memory that cannot be
/// counted.
pub fn not_lowered(graph: &Graph) -> Vec<TooMuch> {
    too_deep(graph).or_else(|| uncountable(graph)).into_iter().collect()
}

/// A repeat within more others than a program has loops for.
fn too_deep(graph: &Graph) -> Option<TooMuch> {
    let mut repeats = graph.repeats.iter();
    let (_, repeat) = repeats.find(|(id, _)| path(graph, Some(*id)).len() > MOST_REPEATS)?;
    Some(TooMuch {
        span: repeat.span,
        message: format!("the machine runs at most {MOST_REPEATS} repeats within each other"),
        hint: "write the innermost body out, or the outermost one".into(),
    })
}

/// More memory than a run may have, with places for all iterations of repeats.
fn held(graph: &Graph) -> Option<TooMuch> {
    more_bytes(graph, Limits::ALL_BYTES)
}

/// More bytes in memory than can be counted: places are in 64 bits whatever this runs on, with room for sums of them.
fn uncountable(graph: &Graph) -> Option<TooMuch> {
    more_bytes(graph, 1 << 48)
}

/// The first tensor, if there is one, with which all iterations have more bytes.
fn more_bytes(graph: &Graph, most: u64) -> Option<TooMuch> {
    let mut all = 0u64;
    let (_, tensor) = graph.tensors.iter().find(|(_, tensor)| {
        let bytes = tensor.ty.shape.elements().saturating_mul(tensor.ty.dtype.bytes() as u64);
        // What is carried has one place more.
        let more = if matches!(tensor.source, Source::Carried(..)) { 2 } else { 1 };
        let times = graph.iterations(tensor.within).saturating_mul(more);
        all = all.saturating_add(bytes.saturating_mul(times));
        all > most
    })?;
    let (when, hint) = match graph.repeats.is_empty() {
        true => ("", "make the tensors smaller"),
        false => (" in all iterations", "make the tensors smaller, or repeat less often"),
    };
    let message = format!("with this tensor the program has more than {most} bytes{when}");
    Some(TooMuch { span: tensor.span, message, hint: hint.into() })
}

/// More work than a run may be, if it is.
fn work(graph: &Graph) -> Option<TooMuch> {
    let (mut macs, mut elements) = (0u64, 0u64);
    for (id, op) in graph.ops.iter() {
        let times = graph.iterations(op.within);
        macs = macs.saturating_add(graph.macs(id).saturating_mul(times));
        elements = elements.saturating_add(graph.vector_elements(id).saturating_mul(times));
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
