//! What is done to lines of elements, and to windows.

use crate::graph::ir::{OpKind, PoolKind};
use crate::num::{Real, reduce};

/// Element by element, of anything; `b` is the second operand's elements, if there is one.
pub fn elements<R: Real>(kind: &OpKind, a: &mut [R], b: &[R]) {
    match kind {
        OpKind::Map(kind) => kind.of_any(a),
        OpKind::Combine(kind) => kind.of_all(a, b),
        OpKind::Cast => {}
        other => unreachable!("`{}` is not done element by element", other.name()),
    }
}

/// Element by element, of floats alone; other kinds by [`elements`].
pub fn float_elements<R: Real>(kind: &OpKind, a: &mut [R], b: &[R]) {
    match kind {
        OpKind::Map(kind) => kind.of_floats(a),
        _ => elements(kind, a, b),
    }
}

/// A line in place, of floats, with a norm's vectors; `row` is the line's number in its matrix, for a mask.
pub fn floats<R: Real>(kind: &OpKind, line: &mut [R], vectors: [&[R]; 2], row: usize) {
    match kind {
        OpKind::Softmax { .. } => reduce::softmax(line),
        OpKind::LayerNorm { eps } => reduce::layernorm(line, vectors[0], vectors[1], R::of(*eps)),
        OpKind::RmsNorm { eps } => reduce::rmsnorm(line, vectors[0], R::of(*eps)),
        OpKind::Causal { offset } => reduce::causal(line, row, *offset),
        other => unreachable!("`{}` is not done line by line", other.name()),
    }
}

/// What becomes of the elements of a window that are there; `size` is the number of all, padding too.
pub fn pooled<R: Real>(kind: PoolKind, window: &[R], size: f64) -> R {
    match kind {
        PoolKind::Max => reduce::max(window),
        // The padding's zeros change no sum that begins at +0, wherever they stand.
        PoolKind::Mean => reduce::sum(window) / R::of(size),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padding_counts_in_means_alone() {
        assert_eq!(pooled(PoolKind::Max, &[-3f32, -2.0], 4.0), -2.0);
        assert_eq!(pooled(PoolKind::Mean, &[-3f32, -1.0], 4.0), -1.0);
    }
}
