//! Dot products of floats in a given order.

use super::{Real, Sparsity};

/// The order in which the products of a dot product are added (MACHINE.md section 4): a systolic array adds within a column
/// of its PEs, or along time, and accumulators add what comes out.
///
/// Blocks of `block` consecutive k, the last one perhaps shorter, are each summed in ascending k from +0; then the blocks'
/// sums are added in ascending order. That sum too begins at +0, which is the same as beginning at the first block's: a sum
/// that began at +0 is never -0. Each product and each sum is rounded once; a NaN is [`Real::canonical`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SumOrder {
    /// Products in a block, at least 1.
    pub block: usize,
}

impl SumOrder {
    /// Dot product of `a` and `b`, of the same length.
    ///
    /// In f32 it is what the machine computes. In f64 of f32 operands every product is exact, and it is what f32's error is
    /// measured against.
    ///
    /// # Panics
    ///
    /// If lengths differ or `block` is 0.
    pub fn dot<T: Copy + Into<R>, R: Real>(self, a: &[T], b: &[T]) -> R {
        assert_eq!(a.len(), b.len(), "operands of a dot product");
        let of_block = |(a, b): (&[T], &[T])| {
            a.iter().zip(b).fold(R::ZERO, |sum, (a, b)| sum + (*a).into() * (*b).into())
        };
        let blocks = a.chunks(self.block).zip(b.chunks(self.block)).map(of_block);
        blocks.fold(R::ZERO, |total, sum| total + sum).canonical()
    }

    /// One row of a matrix product: `out[n]` is the [`SumOrder::dot`] of `a[k]` and column n of `b[k, n]`, row-major; the
    /// same bits, with neighbouring columns side by side so that they share SIMD instructions.
    ///
    /// # Panics
    ///
    /// If `b` has not `a.len() * out.len()` elements or `block` is 0.
    pub fn row<T: Copy + Into<R>, R: Real>(self, a: &[T], b: &[T], out: &mut [R]) {
        /// Columns whose sums lie in the first-level cache.
        const TILE: usize = 256;
        let cols = out.len();
        assert_eq!(b.len(), a.len() * cols, "operands of a product's row");
        for (tile, out) in out.chunks_mut(TILE).enumerate() {
            let mut place = tile * TILE;
            let mut sums = [R::ZERO; TILE];
            let sums = &mut sums[..out.len()];
            out.fill(R::ZERO);
            for block in a.chunks(self.block) {
                sums.fill(R::ZERO);
                for x in block {
                    add_scaled(sums, (*x).into(), &b[place..]);
                    place += cols;
                }
                out.iter_mut().zip(&*sums).for_each(|(total, sum)| *total = *total + *sum);
            }
            out.iter_mut().for_each(|total| *total = total.canonical());
        }
    }
}

/// How a chip adds up products whose weights it skips where they are pruned (MACHINE.md section 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Skipping {
    /// What it can skip.
    pub sparsity: Sparsity,
    /// Blocks are of as many rows as a pass covers; what is skipped has its place in them.
    pub order: SumOrder,
}

impl SumOrder {
    /// As [`SumOrder::row`], but by what is 0 in `b` nothing is multiplied: that tells where `a` is infinite or no number.
    pub fn row_of_kept<T: Copy + Into<R>, R: Real>(self, a: &[T], b: &[T], out: &mut [R]) {
        let cols = out.len();
        out.fill(R::ZERO);
        let mut sums = vec![R::ZERO; cols];
        for (a, b) in a.chunks(self.block).zip(b.chunks(self.block.saturating_mul(cols))) {
            sums.fill(R::ZERO);
            for (x, by) in a.iter().zip(b.chunks_exact(cols)) {
                for (sum, y) in sums.iter_mut().zip(by) {
                    let y: R = (*y).into();
                    if y != R::ZERO {
                        *sum = *sum + (*x).into() * y;
                    }
                }
            }
            out.iter_mut().zip(&sums).for_each(|(total, sum)| *total = *total + *sum);
        }
        out.iter_mut().for_each(|total| *total = total.canonical());
    }
}

/// One row of a matrix product of whole numbers: `out[n]` is the sum of `a[k]` times column n of `b[k, n]`, row-major. Exact
/// in any order. Sums wrap, which those of checked programs do not.
///
/// # Panics
///
/// If `out` is empty.
pub fn whole_row(a: &[i16], b: &[i16], out: &mut [i32]) {
    out.fill(0);
    for (x, by) in a.iter().zip(b.chunks_exact(out.len())) {
        let x = i32::from(*x);
        for (sum, y) in out.iter_mut().zip(by) {
            *sum = sum.wrapping_add(x * i32::from(*y));
        }
    }
}

/// Adds to each sum its product: `x` times as many elements of `by` as there are sums.
fn add_scaled<T: Copy + Into<R>, R: Real>(sums: &mut [R], x: R, by: &[T]) {
    for (sum, y) in sums.iter_mut().zip(by) {
        *sum = *sum + x * (*y).into();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::num::Bf16;
    use proptest::prelude::*;

    #[test]
    fn blocks_are_summed_apart() {
        let (a, b) = ([1e8, 1.0, -1e8, 1.0], [1f32; 4]);
        let in_blocks_of = |block| SumOrder { block }.dot::<f32, f32>(&a, &b);
        // 1e8 + 1 is 1e8 in f32.
        assert_eq!([1, 2, 3, 4, 9].map(in_blocks_of), [1.0, 0.0, 1.0, 1.0, 1.0]);
        assert_eq!(SumOrder { block: 2 }.dot::<f32, f64>(&a, &b), 2.0);
    }

    #[test]
    fn what_is_skipped_is_not_multiplied() {
        let order = SumOrder { block: 2 };
        let a = [f32::INFINITY, 1.0, f32::NAN, 2.0];
        let b = [0.0f32, 1.0, 3.0, 0.0, -0.0, 0.0, 0.0, 5.0];
        let mut sums = [0f32; 2];
        order.row_of_kept::<f32, f32>(&a, &b, &mut sums);
        assert_eq!(sums, [3.0, f32::INFINITY]);
    }

    #[test]
    fn products_are_rounded_before_they_are_added() {
        let x = 1.0 + f32::EPSILON;
        // (1 + e)^2 - (1 + 2e) is e^2, which a fused multiply-add would see.
        let (a, b) = ([-1.0, x], [1.0 + 2.0 * f32::EPSILON, x]);
        assert_eq!(SumOrder { block: 2 }.dot::<f32, f32>(&a, &b), 0.0);
        assert_eq!(SumOrder { block: 2 }.dot::<f32, f64>(&a, &b), f64::from(f32::EPSILON).powi(2));
    }

    #[test]
    fn sums_begin_at_plus_zero_and_end_in_one_nan() {
        let order = SumOrder { block: 1 };
        assert_eq!(order.dot::<f32, f32>(&[-0.0], &[1.0]).to_bits(), 0);
        assert_eq!(order.dot::<f32, f32>(&[f32::INFINITY], &[-0.0]).to_bits(), 0x7fc0_0000);
        let nan = f32::from_bits(0xffc0_0001);
        let mut row = [0f32; 2];
        order.row(&[nan, 1.0], &[1.0, 2.0, 3.0, 4.0], &mut row);
        assert_eq!(row.map(f32::to_bits), [0x7fc0_0000; 2]);
    }

    /// Floats of all kinds, most of them of like size so that sums do not drown.
    fn float() -> impl Strategy<Value = f32> {
        prop_oneof![
            20 => -4f32..4.0,
            4 => -1e20f32..1e20,
            2 => any::<f32>(),
            1 => prop::sample::select(vec![0.0, -0.0, f32::INFINITY, f32::NAN, f32::MAX, 1e-40]),
        ]
    }

    fn product() -> impl Strategy<Value = (Vec<f32>, Vec<f32>, usize)> {
        (0usize..40, prop_oneof![1usize..40, 250usize..270, 500usize..600]).prop_flat_map(|(k, n)| {
            (prop::collection::vec(float(), k), prop::collection::vec(float(), k * n), Just(n))
        })
    }

    proptest! {
        #[test]
        fn a_row_has_the_bits_of_its_dot_products((a, b, n) in product(), block in 1usize..50) {
            let order = SumOrder { block };
            let (mut row, mut exact) = (vec![f32::NAN; n], vec![f64::NAN; n]);
            order.row(&a, &b, &mut row);
            order.row(&a, &b, &mut exact);
            for col in 0..n {
                let column: Vec<f32> = b.iter().skip(col).step_by(n).copied().collect();
                prop_assert_eq!(row[col].to_bits(), order.dot::<f32, f32>(&a, &column).to_bits());
                prop_assert_eq!(exact[col].to_bits(), order.dot::<f32, f64>(&a, &column).to_bits());
            }
        }

        #[test]
        fn bf16_operands_need_no_copy((a, b, n) in product(), block in 1usize..50) {
            let narrow = |wide: &[f32]| wide.iter().map(|x| Bf16::from_f32(*x)).collect::<Vec<_>>();
            let wide = |narrow: &[Bf16]| narrow.iter().map(|x| x.to_f32()).collect::<Vec<_>>();
            let (a, b) = (narrow(&a), narrow(&b));
            let (mut row, mut of_wide) = (vec![0f32; n], vec![0f32; n]);
            SumOrder { block }.row(&a, &b, &mut row);
            SumOrder { block }.row(&wide(&a), &wide(&b), &mut of_wide);
            prop_assert!(row.iter().zip(&of_wide).all(|(a, b)| a.to_bits() == b.to_bits()));
        }
    }
}
