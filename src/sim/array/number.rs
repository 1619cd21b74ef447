//! What an array computes with.

use std::fmt::Debug;

/// Sums side by side in [`Number::add_products`].
pub const WIDE: usize = 8;

/// Numbers of sums (MACHINE.md section 4): i32 for operands of 8 bits and other small ones, i64 for operands of up to
/// 16 bits, f32 for floats.
pub trait Number: Copy + Default + PartialEq + Debug + 'static {
    /// Numbers of activations and weights.
    type Operand: Copy + Default + PartialEq + Debug + 'static;

    /// Operands of neighbouring k that are multiplied together, [`Number::PACKED`] of them.
    type Pack: Copy + Default + AsRef<[Self::Operand]> + AsMut<[Self::Operand]> + 'static;

    /// How many.
    const PACKED: usize;

    /// An operand as it is shown.
    fn of(operand: Self::Operand) -> Self;

    /// The next sum: this one and a product.
    fn mac(self, activation: Self::Operand, weight: Self::Operand) -> Self;

    /// Adds to each sum the products of its packs, in ascending k: what the fast engines spend their time on.
    fn add_products(sums: &mut [Self; WIDE], activations: &[Self::Pack; WIDE], weights: &[Self::Pack; WIDE]) {
        for ((sum, a), w) in sums.iter_mut().zip(activations).zip(weights) {
            for (a, w) in a.as_ref().iter().zip(w.as_ref()) {
                *sum = sum.mac(*a, *w);
            }
        }
    }

    /// The sum of two sums, as accumulators add.
    fn plus(self, other: Self) -> Self;

    /// A result as it is shown: a NaN is 0x7fc00000.
    fn settled(self) -> Self {
        self
    }
}

impl Number for i32 {
    type Operand = i16;
    type Pack = [i16; 2];
    const PACKED: usize = 2;

    fn of(operand: i16) -> i32 {
        operand.into()
    }

    fn mac(self, activation: i16, weight: i16) -> i32 {
        self + i32::from(activation) * i32::from(weight)
    }

    fn add_products(sums: &mut [i32; WIDE], activations: &[[i16; 2]; WIDE], weights: &[[i16; 2]; WIDE]) {
        let ((sums, _), (a, _), (w, _)) =
            (sums.as_chunks_mut::<4>(), activations.as_chunks(), weights.as_chunks());
        for ((sums, a), w) in sums.iter_mut().zip(a).zip(w) {
            for (sum, products) in sums.iter_mut().zip(dots(a, w)) {
                // Sums of whole numbers may pass through any others on their way.
                *sum = sum.wrapping_add(products);
            }
        }
    }

    fn plus(self, other: i32) -> i32 {
        self + other
    }
}

impl Number for i64 {
    type Operand = i16;
    type Pack = [i16; 1];
    const PACKED: usize = 1;

    fn of(operand: i16) -> i64 {
        operand.into()
    }

    fn mac(self, activation: i16, weight: i16) -> i64 {
        self + i64::from(i32::from(activation) * i32::from(weight))
    }

    fn plus(self, other: i64) -> i64 {
        self + other
    }
}

/// Products and sums each rounded to nearest even; a product of bf16 is exact but for over- and underflow.
impl Number for f32 {
    type Operand = f32;
    type Pack = [f32; 1];
    const PACKED: usize = 1;

    fn of(operand: f32) -> f32 {
        operand
    }

    fn mac(self, activation: f32, weight: f32) -> f32 {
        self + activation * weight
    }

    fn plus(self, other: f32) -> f32 {
        self + other
    }

    fn settled(self) -> f32 {
        if self.is_nan() { f32::from_bits(0x7fc0_0000) } else { self }
    }
}

/// The sum of two products in each lane, as one instruction: natively the compiler finds it by itself.
#[cfg(not(target_arch = "wasm32"))]
fn dots(a: &[[i16; 2]; 4], w: &[[i16; 2]; 4]) -> [i32; 4] {
    let mut dots = [0; 4];
    for ((dot, a), w) in dots.iter_mut().zip(a).zip(w) {
        *dot = (i32::from(a[0]) * i32::from(w[0])).wrapping_add(i32::from(a[1]) * i32::from(w[1]));
    }
    dots
}

#[cfg(target_arch = "wasm32")]
fn dots(a: &[[i16; 2]; 4], w: &[[i16; 2]; 4]) -> [i32; 4] {
    use std::arch::wasm32::{i16x8, i32x4_dot_i16x8, i32x4_extract_lane as lane};
    let vector = |[[a, b], [c, d], [e, f], [g, h]]: [[i16; 2]; 4]| i16x8(a, b, c, d, e, f, g, h);
    let dots = i32x4_dot_i16x8(vector(*a), vector(*w));
    [lane::<0>(dots), lane::<1>(dots), lane::<2>(dots), lane::<3>(dots)]
}
