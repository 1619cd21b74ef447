//! What an array computes with.

use std::fmt::Debug;

/// Numbers of sums (MACHINE.md section 4): i32 for operands of 8 bits and other small ones, i64 for operands of up to
/// 16 bits, f32 for floats.
pub trait Number: Copy + Default + PartialEq + Debug + 'static {
    /// Numbers of activations and weights.
    type Operand: Copy + Default + PartialEq + Debug + 'static;

    /// An operand as it is shown.
    fn of(operand: Self::Operand) -> Self;

    /// The next sum: this one and a product.
    fn mac(self, activation: Self::Operand, weight: Self::Operand) -> Self;

    /// The sum of two sums, as accumulators add.
    fn plus(self, other: Self) -> Self;

    /// A result as it is shown: a NaN is 0x7fc00000.
    fn settled(self) -> Self {
        self
    }
}

impl Number for i32 {
    type Operand = i16;

    fn of(operand: i16) -> i32 {
        operand.into()
    }

    fn mac(self, activation: i16, weight: i16) -> i32 {
        self + i32::from(activation) * i32::from(weight)
    }

    fn plus(self, other: i32) -> i32 {
        self + other
    }
}

impl Number for i64 {
    type Operand = i16;

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
