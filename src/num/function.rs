//! Functions of one number.

use std::f64::consts::{FRAC_1_SQRT_2, FRAC_2_SQRT_PI, SQRT_2};

use super::Real;

/// A function that a vector unit applies element by element. In f32 every operation of its formula is rounded once, to
/// nearest, ties to even, constants too; a NaN result is 0x7fc00000. In f64 the same formula tells how far f32 is off: by no
/// more than said here, in units in the last place of the result; `tests/numbers.rs` holds it to that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Function {
    /// `exp(x)`; 1.
    Exp,
    /// `log(x)`, natural; 1.
    Log,
    /// `sqrt(x)`, correctly rounded.
    Sqrt,
    /// `1 / sqrt(x)`; 1.
    Rsqrt,
    /// `tanh(x)`; 2.
    Tanh,
    /// `1 / (1 + exp(-x))`; below 0 `exp(x) / (1 + exp(x))`, which is the same and does not overflow; 2.
    Sigmoid,
    /// `x * sigmoid(x)`; 3, but below -87, where `sigmoid(x)` is subnormal, |x|. Of -inf it is NaN, as the product says.
    Silu,
    /// `(0.5 * x) * erfc(-x * sqrt(1/2))`, which is `x/2 (1 + erf(x / sqrt(2)))` and keeps its digits below 0 (D. Hendrycks,
    /// K. Gimpel, *Gaussian Error Linear Units*, arXiv 1606.08415); 2, but below 0 2 + 2x^2: so much does rounding erfc's
    /// operand count. Of -inf it is NaN.
    Gelu,
    /// `x * sigmoid(v)` with `v = 2 sqrt(2/pi) * (x + 0.044715 * ((x * x) * x))`, which is the same paper's form with tanh,
    /// `x/2 (1 + tanh(v/2))`; 2, but below 0 2 + 3|v|. Of -inf it is NaN.
    GeluTanh,
}

impl Function {
    /// Every function.
    pub const ALL: [Function; 9] = [
        Function::Exp,
        Function::Log,
        Function::Sqrt,
        Function::Rsqrt,
        Function::Tanh,
        Function::Sigmoid,
        Function::Silu,
        Function::Gelu,
        Function::GeluTanh,
    ];

    /// Its name, lower case.
    pub fn name(self) -> &'static str {
        match self {
            Function::Exp => "exp",
            Function::Log => "log",
            Function::Sqrt => "sqrt",
            Function::Rsqrt => "rsqrt",
            Function::Tanh => "tanh",
            Function::Sigmoid => "sigmoid",
            Function::Silu => "silu",
            Function::Gelu => "gelu",
            Function::GeluTanh => "gelu_tanh",
        }
    }

    /// Its value at `x`.
    pub fn apply<R: Real>(self, x: R) -> R {
        let y = match self {
            Function::Exp => x.exp(),
            Function::Log => x.log(),
            Function::Sqrt => x.sqrt(),
            Function::Rsqrt => R::ONE / x.sqrt(),
            Function::Tanh => x.tanh(),
            Function::Sigmoid => sigmoid(x),
            Function::Silu => x * sigmoid(x),
            Function::Gelu => (R::of(0.5) * x) * (-x * R::of(FRAC_1_SQRT_2)).erfc(),
            Function::GeluTanh => x * sigmoid(bent(x)),
        };
        y.canonical()
    }
}

fn sigmoid<R: Real>(x: R) -> R {
    if x < R::ZERO {
        let e = x.exp();
        e / (R::ONE + e)
    } else {
        R::ONE / (R::ONE + (-x).exp())
    }
}

/// `v` of [`Function::GeluTanh`].
fn bent<R: Real>(x: R) -> R {
    // 2 sqrt(2/pi) = (2/sqrt(pi)) sqrt(2): in f64 within one unit of its last place.
    R::of(FRAC_2_SQRT_PI * SQRT_2) * (x + R::of(0.044_715) * ((x * x) * x))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits() {
        let at = |function: Function, x: f32| function.apply(x).to_bits();
        let inf = f32::INFINITY;
        for (function, x, y) in [
            (Function::Exp, -inf, 0.0),
            (Function::Exp, 89.0, inf),
            (Function::Log, 0.0, -inf),
            (Function::Sqrt, -0.0, -0.0),
            (Function::Rsqrt, 0.0, inf),
            (Function::Tanh, -inf, -1.0),
            (Function::Sigmoid, -inf, 0.0),
            (Function::Sigmoid, inf, 1.0),
            (Function::Silu, -1e9, -0.0),
            (Function::Silu, inf, inf),
            (Function::Gelu, -1e30, -0.0),
            (Function::Gelu, inf, inf),
            (Function::GeluTanh, -1e30, -0.0),
            (Function::GeluTanh, 1e30, 1e30),
        ] {
            assert_eq!(at(function, x), y.to_bits(), "{} of {x}", function.name());
        }
    }

    #[test]
    fn there_is_one_nan() {
        for payload in [0x7fc0_0000, 0xffc0_0000, 0x7f80_0001, 0xff80_1234] {
            for function in Function::ALL {
                assert_eq!(function.apply(f32::from_bits(payload)).to_bits(), 0x7fc0_0000, "{function:?}");
            }
        }
        for function in [Function::Log, Function::Sqrt, Function::Rsqrt] {
            assert_eq!(function.apply(-1f32).to_bits(), 0x7fc0_0000, "{function:?}");
        }
        for function in [Function::Silu, Function::Gelu, Function::GeluTanh] {
            assert_eq!(function.apply(f32::NEG_INFINITY).to_bits(), 0x7fc0_0000, "{function:?}");
        }
    }
}
