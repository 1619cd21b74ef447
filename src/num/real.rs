//! What f32 and f64 share, so that each formula is written once: in f32 it is the result, in f64 what the result is held to.

use std::ops::{Add, Div, Mul, Neg, Sub};

use super::float::canonical;

/// f32 or f64. Its functions give the same bits on every platform: those of the crate `libm`, written in Rust, and `sqrt`,
/// which IEEE 754 rounds correctly everywhere. (`exp` and others of the standard library are the platform's own.)
pub trait Real:
    Copy
    + PartialOrd
    + Neg<Output = Self>
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
{
    /// +0.
    const ZERO: Self;
    /// 1.
    const ONE: Self;
    /// Less than every number.
    const LEAST: Self;

    /// The nearest to a constant, ties to even.
    fn of(x: f64) -> Self;
    /// e^x.
    fn exp(self) -> Self;
    /// Natural logarithm.
    fn log(self) -> Self;
    /// Hyperbolic tangent.
    fn tanh(self) -> Self;
    /// 1 minus the error function.
    fn erfc(self) -> Self;
    /// Square root.
    fn sqrt(self) -> Self;
    /// The same number, or the one NaN: 0x7fc00000 in f32, 0x7ff8000000000000 in f64.
    fn canonical(self) -> Self;

    /// Whether it is no number.
    fn is_nan(self) -> bool {
        self.partial_cmp(&self).is_none()
    }
}

impl Real for f32 {
    const ZERO: f32 = 0.0;
    const ONE: f32 = 1.0;
    const LEAST: f32 = f32::NEG_INFINITY;

    fn of(x: f64) -> f32 {
        x as f32
    }
    fn exp(self) -> f32 {
        libm::expf(self)
    }
    fn log(self) -> f32 {
        libm::logf(self)
    }
    fn tanh(self) -> f32 {
        libm::tanhf(self)
    }
    fn erfc(self) -> f32 {
        libm::erfcf(self)
    }
    fn sqrt(self) -> f32 {
        f32::sqrt(self)
    }
    fn canonical(self) -> f32 {
        canonical(self)
    }
}

impl Real for f64 {
    const ZERO: f64 = 0.0;
    const ONE: f64 = 1.0;
    const LEAST: f64 = f64::NEG_INFINITY;

    fn of(x: f64) -> f64 {
        x
    }
    fn exp(self) -> f64 {
        libm::exp(self)
    }
    fn log(self) -> f64 {
        libm::log(self)
    }
    fn tanh(self) -> f64 {
        libm::tanh(self)
    }
    fn erfc(self) -> f64 {
        libm::erfc(self)
    }
    fn sqrt(self) -> f64 {
        f64::sqrt(self)
    }
    fn canonical(self) -> f64 {
        if self.is_nan() { f64::from_bits(0x7ff8_0000_0000_0000) } else { self }
    }
}
