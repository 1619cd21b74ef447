//! What is done to lines of elements, and to windows.

use crate::graph::ir::{CombineKind, MapKind, OpKind, PoolKind, ReduceKind};
use crate::num::{Real, reduce};

/// Element by element, of anything; `b` is the second operand's elements, if there is one.
pub fn elements<R: Real>(kind: &OpKind, a: &mut [R], b: &[R]) {
    match kind {
        // -0 is not below 0 and stays, and so does NaN.
        OpKind::Map(MapKind::Relu) => {
            a.iter_mut().filter(|x| **x < R::ZERO).for_each(|x| *x = R::ZERO);
        }
        OpKind::Map(MapKind::Negate) => a.iter_mut().for_each(|x| *x = -*x),
        OpKind::Combine(kind) => {
            a.iter_mut().zip(b).for_each(|(x, y)| *x = combined(*kind, *x, *y));
        }
        OpKind::Cast => {}
        other => unreachable!("`{}` is not done element by element", other.name()),
    }
}

/// Greater and lesser ones as [`reduce::max`] has them: NaN if there is one, the first of equals.
fn combined<R: Real>(kind: CombineKind, a: R, b: R) -> R {
    match kind {
        CombineKind::Add => a + b,
        CombineKind::Subtract => a - b,
        CombineKind::Multiply => a * b,
        CombineKind::Divide => a / b,
        CombineKind::Maximum => reduce::max(&[a, b]),
        CombineKind::Minimum => -reduce::max(&[-a, -b]),
    }
}

/// Element by element, of floats alone; other kinds by [`elements`].
pub fn float_elements<R: Real>(kind: &OpKind, a: &mut [R], b: &[R]) {
    match kind {
        OpKind::Map(MapKind::Function(function)) => a.iter_mut().for_each(|x| *x = function.apply(*x)),
        _ => elements(kind, a, b),
    }
}

/// What becomes of a line, of anything: a single element.
pub fn reduced<R: Real>(kind: ReduceKind, line: &[R]) -> R {
    match kind {
        ReduceKind::Sum => reduce::sum(line),
        ReduceKind::Max => reduce::max(line),
        ReduceKind::Mean => reduce::mean(line),
    }
}

/// A line in place, of floats, with a norm's vectors; `row` is the line's number in its matrix, for a mask.
pub fn floats<R: Real>(kind: &OpKind, line: &mut [R], vectors: [&[R]; 2], row: usize) {
    match kind {
        OpKind::Softmax { .. } => reduce::softmax(line),
        OpKind::LayerNorm { eps } => reduce::layernorm(line, vectors[0], vectors[1], R::of(*eps)),
        OpKind::RmsNorm { eps } => reduce::rmsnorm(line, vectors[0], R::of(*eps)),
        OpKind::Causal { offset } => {
            line.iter_mut().skip(row.saturating_add(*offset).saturating_add(1)).for_each(|x| *x = R::LEAST);
        }
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

/// Places of the `k` greatest in descending order: NaN before all, of equals the first.
pub fn greatest<R: Real>(line: &[R], k: usize) -> Vec<usize> {
    let before = |a: usize, b: usize| {
        let (x, y) = (line[a], line[b]);
        match (x.is_nan(), y.is_nan()) {
            (true, true) => a < b,
            (false, false) if x == y => a < b,
            (false, false) => x > y,
            (nan, _) => nan,
        }
    };
    // A heap: each stands before the two below it. A sort's code would be much longer.
    let mut heap: Vec<usize> = (0..line.len()).collect();
    let sink = |heap: &mut Vec<usize>, mut at: usize| {
        while 2 * at + 1 < heap.len() {
            let (left, right) = (2 * at + 1, 2 * at + 2);
            let child = if right < heap.len() && before(heap[right], heap[left]) { right } else { left };
            if before(heap[at], heap[child]) {
                break;
            }
            heap.swap(at, child);
            at = child;
        }
    };
    (0..line.len() / 2).rev().for_each(|at| sink(&mut heap, at));
    let mut first = Vec::with_capacity(k);
    while first.len() < k {
        first.push(heap.swap_remove(0));
        sink(&mut heap, 0);
    }
    first
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_greatest_in_order() {
        let line = [1f32, 5.0, f32::NAN, 5.0, -0.0, 0.0, f32::INFINITY, -f32::NAN];
        assert_eq!(greatest(&line, 8), [2, 7, 6, 1, 3, 0, 4, 5]);
        assert_eq!(greatest(&line, 3), [2, 7, 6]);
        assert_eq!(greatest(&[7f64], 1), [0]);
    }

    #[test]
    fn greater_and_lesser_ones_keep_nan_and_the_first_zero() {
        let both = |kind, a: f32, b: f32| combined(kind, a, b).to_bits();
        for kind in [CombineKind::Maximum, CombineKind::Minimum] {
            assert!(combined(kind, f32::NAN, 1.0).is_nan() && combined(kind, 1.0, f32::NAN).is_nan());
            assert_eq!(both(kind, -0.0, 0.0), (-0f32).to_bits());
            assert_eq!(both(kind, 0.0, -0.0), 0);
        }
        assert_eq!(combined(CombineKind::Minimum, 3.0, -2.0), -2.0);
        assert_eq!(combined(CombineKind::Maximum, f32::NEG_INFINITY, -2.0), -2.0);
    }

    #[test]
    fn padding_counts_in_means_alone() {
        assert_eq!(pooled(PoolKind::Max, &[-3f32, -2.0], 4.0), -2.0);
        assert_eq!(pooled(PoolKind::Mean, &[-3f32, -1.0], 4.0), -1.0);
    }

    #[test]
    fn what_is_below_0_becomes_0() {
        let mut x = [-1f32, -0.0, 2.0, f32::NAN];
        elements(&OpKind::Map(MapKind::Relu), &mut x, &[]);
        assert_eq!(x.map(f32::to_bits), [0, 1 << 31, 2f32.to_bits(), f32::NAN.to_bits()]);
    }
}
