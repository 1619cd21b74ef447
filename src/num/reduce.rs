//! Reductions of a row, and what is made of them. In ascending index and one sum, whatever the tiling (MACHINE.md section
//! 4); every operation is rounded once, a NaN result is [`Real::canonical`]. Generic: in f32 the result, in f64 what it is
//! held to.

use super::Real;

/// Sum, from +0.
pub fn sum<R: Real>(row: &[R]) -> R {
    total(row.iter().copied()).canonical()
}

/// Sum divided by length; of an empty row NaN.
pub fn mean<R: Real>(row: &[R]) -> R {
    mean_of(row.len(), row.iter().copied()).canonical()
}

/// The greatest; of +0 and -0 the first; NaN if there is one, of an empty row -inf.
pub fn max<R: Real>(row: &[R]) -> R {
    row.get(argmax(row)).map_or(R::LEAST, |x| x.canonical())
}

/// Index of the greatest, of equals the first; of the first NaN if there is one, as NumPy's. Of an empty row 0.
pub fn argmax<R: Real>(row: &[R]) -> usize {
    let better = |x: R, best: R| !best.is_nan() && (x.is_nan() || x > best);
    (1..row.len()).fold(0, |best, at| if better(row[at], row[best]) { at } else { best })
}

/// `e / sum(e)` with `e = exp(x - max(x))`, in place.
pub fn softmax<R: Real>(row: &mut [R]) {
    let most = max(row);
    row.iter_mut().for_each(|x| *x = (*x - most).exp());
    let all = total(row.iter().copied());
    row.iter_mut().for_each(|x| *x = (*x / all).canonical());
}

/// `(d * r) * gamma + beta` with `d = x - mean(x)` and `r = 1 / sqrt(mean(d * d) + eps)`, in place (J. L. Ba, J. R. Kiros,
/// G. E. Hinton, *Layer Normalization*, arXiv 1607.06450).
///
/// # Panics
///
/// If `gamma` or `beta` has not the row's length.
pub fn layernorm<R: Real>(row: &mut [R], gamma: &[R], beta: &[R], eps: R) {
    assert_eq!([gamma.len(), beta.len()], [row.len(); 2], "a factor and a summand for each element");
    let middle = mean_of(row.len(), row.iter().copied());
    row.iter_mut().for_each(|x| *x = *x - middle);
    let by = inverse_root_of_mean_square(row, eps);
    for ((x, gamma), beta) in row.iter_mut().zip(gamma).zip(beta) {
        *x = ((*x * by) * *gamma + *beta).canonical();
    }
}

/// `(x * r) * gamma` with `r = 1 / sqrt(mean(x * x) + eps)`, in place (B. Zhang, R. Sennrich, *Root Mean Square Layer
/// Normalization*, NeurIPS 2019).
///
/// # Panics
///
/// If `gamma` has not the row's length.
pub fn rmsnorm<R: Real>(row: &mut [R], gamma: &[R], eps: R) {
    assert_eq!(gamma.len(), row.len(), "a factor for each element");
    let by = inverse_root_of_mean_square(row, eps);
    row.iter_mut().zip(gamma).for_each(|(x, gamma)| *x = ((*x * by) * *gamma).canonical());
}

/// Of row `row` of a matrix, what is behind column `row + offset` becomes -infinity, in place.
pub fn causal<R: Real>(line: &mut [R], row: usize, offset: usize) {
    line.iter_mut().skip(row.saturating_add(offset).saturating_add(1)).for_each(|x| *x = R::LEAST);
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

fn inverse_root_of_mean_square<R: Real>(row: &[R], eps: R) -> R {
    R::ONE / (mean_of(row.len(), row.iter().map(|x| *x * *x)) + eps).sqrt()
}

fn mean_of<R: Real>(len: usize, terms: impl Iterator<Item = R>) -> R {
    // Exact: a row has at most `Shape::MOST_VALUES`, 2^24.
    total(terms) / R::of(len as f64)
}

fn total<R: Real>(terms: impl Iterator<Item = R>) -> R {
    terms.fold(R::ZERO, |sum, x| sum + x)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEGATIVE_NAN: f32 = f32::from_bits(0xffc0_0123);

    #[test]
    fn sums_ascend_in_f32() {
        assert_eq!(sum(&[1e8f32, 1.0, -1e8]), 0.0);
        assert_eq!(sum(&[1e8f64, 1.0, -1e8]), 1.0);
        assert_eq!(sum(&[-0.0f32]).to_bits(), 0);
        assert_eq!(mean(&[1f32, 2.0, 6.0]), 3.0);
        assert_eq!(sum(&[f32::INFINITY, f32::NEG_INFINITY]).to_bits(), 0x7fc0_0000);
        assert_eq!(mean::<f32>(&[]).to_bits(), 0x7fc0_0000);
    }

    #[test]
    fn the_greatest_is_the_first_of_equals_and_the_first_nan() {
        assert_eq!(argmax(&[1f32, 3.0, 3.0]), 1);
        assert_eq!(argmax(&[f32::NEG_INFINITY; 3]), 0);
        assert_eq!(argmax(&[-0.0f32, 0.0]), 0);
        assert_eq!(argmax(&[1.0, NEGATIVE_NAN, f32::INFINITY, f32::NAN]), 1);
        assert_eq!(argmax(&[f32::NAN, 1.0]), 0);
        assert_eq!(max(&[-0.0f32, 0.0]).to_bits(), 1 << 31);
        assert_eq!(max(&[1.0, NEGATIVE_NAN]).to_bits(), 0x7fc0_0000);
        assert_eq!(max(&[-5f32, -3.0, -4.0]), -3.0);
        assert_eq!((argmax::<f32>(&[]), max::<f32>(&[])), (0, f32::NEG_INFINITY));
    }

    #[test]
    fn softmax_neither_overflows_nor_keeps_a_nan_to_itself() {
        let mut row = [1e30f32, 1e30, -1e30];
        softmax(&mut row);
        assert_eq!(row, [0.5, 0.5, 0.0]);
        let mut row = [0.0, NEGATIVE_NAN];
        softmax(&mut row);
        assert_eq!(row.map(f32::to_bits), [0x7fc0_0000; 2]);
    }

    #[test]
    fn norms_by_hand() {
        let mut row = [1f32, 3.0];
        layernorm(&mut row, &[2.0, 2.0], &[0.0, 10.0], 0.0);
        assert_eq!(row, [-2.0, 12.0]);
        let mut row = [3f32, -3.0];
        rmsnorm(&mut row, &[1.0, 4.0], 7.0); // sqrt(9 + 7) = 4
        assert_eq!(row, [0.75, -3.0]);
        // Each element is the mean: 0 / 0 without eps.
        let mut row = [5f32; 2];
        layernorm(&mut row, &[1.0; 2], &[0.0; 2], 0.0);
        assert_eq!(row.map(f32::to_bits), [0x7fc0_0000; 2]);
    }

    #[test]
    fn the_greatest_in_order() {
        let line = [1f32, 5.0, f32::NAN, 5.0, -0.0, 0.0, f32::INFINITY, -f32::NAN];
        assert_eq!(greatest(&line, 8), [2, 7, 6, 1, 3, 0, 4, 5]);
        assert_eq!(greatest(&line, 3), [2, 7, 6]);
        assert_eq!(greatest(&[-0f32, 0.75, 0.0], 2), [1, 0]);
        assert_eq!(greatest(&[7f64], 1), [0]);
    }
}
