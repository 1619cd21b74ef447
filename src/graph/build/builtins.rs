//! The functions of the language: what they take, what they do. Errors, completion, hover and the documentation read it here.

use super::arguments::Arguments;
use super::{Builder, Value, einsum, operators, windows};
use crate::lang::ExprKind;

/// A function of the language.
pub struct Builtin {
    /// As it is called.
    pub name: &'static str,
    /// In their order.
    pub parameters: &'static [Parameter],
    /// What it does, in a sentence.
    pub does: &'static str,
    /// A call.
    pub example: &'static str,
    /// Checks a call and adds its operators.
    pub(super) make: fn(&mut Builder, &Arguments) -> Option<Value>,
}

/// What a function takes.
pub struct Parameter {
    /// As it may be named in a call.
    pub name: &'static str,
    /// What it has to be.
    pub kind: Kind,
    /// What it is if it is not given; without one it has to be.
    pub default: Option<&'static str>,
}

/// What an argument has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A tensor.
    Tensor,
    /// A list of tensors.
    Tensors,
    /// A whole number.
    Whole,
    /// Any number.
    Real,
    /// A whole number or a list of them.
    Wholes,
    /// `true` or `false`.
    Flag,
    /// `bf16`
    DType,
    /// `bf16[4, 4]`
    Type,
    /// `"..."`
    Text,
}

impl Kind {
    /// As a diagnostic names it.
    pub fn describe(self) -> &'static str {
        match self {
            Kind::Tensor => "a tensor",
            Kind::Tensors => "a list of tensors, as in `[a, b]`",
            Kind::Whole => "a whole number",
            Kind::Real => "a number",
            Kind::Wholes => "a whole number or a list of them, as in `[2, 1]`",
            Kind::Flag => "`true` or `false`",
            Kind::DType => "a dtype, as in `bf16`",
            Kind::Type => "a type, as in `bf16[4, 4]`",
            Kind::Text => "a text in quotes",
        }
    }
}

impl Builtin {
    /// How it is called: `softmax(x, axis=-1)`.
    pub fn head(&self) -> String {
        let parameter = |parameter: &Parameter| match parameter.default {
            Some(default) => format!("{}={default}", parameter.name),
            None => parameter.name.to_owned(),
        };
        let parameters: Vec<String> = self.parameters.iter().map(parameter).collect();
        format!("{}({})", self.name, parameters.join(", "))
    }
}

const fn needs(name: &'static str, kind: Kind) -> Parameter {
    Parameter { name, kind, default: None }
}

const fn may(name: &'static str, kind: Kind, default: &'static str) -> Parameter {
    Parameter { name, kind, default: Some(default) }
}

const X: Parameter = needs("x", Kind::Tensor);
const OF_X: &[Parameter] = &[X];
const OF_TWO: &[Parameter] = &[needs("a", Kind::Tensor), needs("b", Kind::Tensor)];
const REDUCED: &[Parameter] = &[X, may("axis", Kind::Wholes, "all"), may("keepdims", Kind::Flag, "false")];
const POOLED: &[Parameter] = &[
    X,
    needs("window", Kind::Wholes),
    may("stride", Kind::Wholes, "window"),
    may("padding", Kind::Wholes, "0"),
];

/// Every function, by name.
pub const BUILTINS: &[Builtin] = &[
    Builtin {
        name: "argmax",
        parameters: &[X, may("axis", Kind::Whole, "-1")],
        does: "where along an axis the greatest element is, as i32; the first of equals",
        example: "argmax(y, axis=1)",
        make: operators::argmax,
    },
    Builtin {
        name: "avgpool",
        parameters: POOLED,
        does: "the mean of each window of x[n, h, w, c]; padding counts as zeros",
        example: "avgpool(x, window=7)",
        make: windows::avgpool,
    },
    Builtin {
        name: "cast",
        parameters: &[X, needs("dtype", Kind::DType)],
        does: "the same numbers in another dtype: rounded to nearest, ties to even; integers saturate",
        example: "cast(x, bf16)",
        make: operators::cast,
    },
    Builtin {
        name: "causal",
        parameters: &[X, may("offset", Kind::Whole, "0")],
        does: "of the last two axes, row i keeps columns 0 to i + offset; the others become -infinity",
        example: "softmax(causal(scores))",
        make: operators::causal,
    },
    Builtin {
        name: "concat",
        parameters: &[needs("tensors", Kind::Tensors), may("axis", Kind::Whole, "0")],
        does: "tensors one after the other along an axis",
        example: "concat([past, new], axis=1)",
        make: operators::concat,
    },
    Builtin {
        name: "conv2d",
        parameters: &[
            X,
            needs("w", Kind::Tensor),
            may("stride", Kind::Wholes, "1"),
            may("padding", Kind::Wholes, "0"),
            may("dilation", Kind::Wholes, "1"),
            may("groups", Kind::Whole, "1"),
        ],
        does: "x[n, h, w, c] convolved with w[kh, kw, c / groups, f] to [n, oh, ow, f]; `groups=c` is depthwise",
        example: "conv2d(x, w, stride=2, padding=1)",
        make: windows::conv2d,
    },
    Builtin {
        name: "einsum",
        parameters: &[needs("axes", Kind::Text), needs("a", Kind::Tensor), may("b", Kind::Tensor, "none")],
        does: "products summed over the axes that the result does not name, as in NumPy",
        example: "einsum(\"bqd,bkd->bqk\", q, k)",
        make: einsum::einsum,
    },
    Builtin {
        name: "exp",
        parameters: OF_X,
        does: "e to the x",
        example: "exp(x)",
        make: operators::function,
    },
    Builtin {
        name: "full",
        parameters: &[needs("type", Kind::Type), needs("value", Kind::Real)],
        does: "a tensor whose elements are all one number",
        example: "full(f32[4, 4], 0.5)",
        make: operators::full,
    },
    Builtin {
        name: "gather",
        parameters: &[X, needs("indices", Kind::Tensor), may("axis", Kind::Whole, "0")],
        does: "parts of x along an axis by their numbers, as NumPy's take; what lies outside is the nearest inside",
        example: "gather(table, tokens)",
        make: operators::gather,
    },
    Builtin {
        name: "gelu",
        parameters: OF_X,
        does: "x times the normal distribution at x, by erf",
        example: "gelu(x)",
        make: operators::function,
    },
    Builtin {
        name: "gelu_tanh",
        parameters: OF_X,
        does: "gelu by tanh, as GPT-2 has it",
        example: "gelu_tanh(x)",
        make: operators::function,
    },
    Builtin {
        name: "layernorm",
        parameters: &[
            X,
            needs("scale", Kind::Tensor),
            needs("bias", Kind::Tensor),
            may("eps", Kind::Real, "1e-5"),
        ],
        does: "along the last axis to mean 0 and variance 1, times a vector, plus a vector",
        example: "layernorm(x, scale, bias)",
        make: operators::layernorm,
    },
    Builtin {
        name: "log",
        parameters: OF_X,
        does: "the natural logarithm",
        example: "log(x)",
        make: operators::function,
    },
    Builtin {
        name: "max",
        parameters: REDUCED,
        does: "the greatest element along axes",
        example: "max(x, axis=-1)",
        make: operators::max,
    },
    Builtin {
        name: "maximum",
        parameters: OF_TWO,
        does: "the greater of two, element by element",
        example: "maximum(a, b)",
        make: operators::maximum,
    },
    Builtin {
        name: "maxpool",
        parameters: POOLED,
        does: "the greatest of each window of x[n, h, w, c]; padding never is",
        example: "maxpool(x, window=3, stride=2, padding=1)",
        make: windows::maxpool,
    },
    Builtin {
        name: "mean",
        parameters: REDUCED,
        does: "the mean along axes, of floats",
        example: "mean(x, axis=[1, 2])",
        make: operators::mean,
    },
    Builtin {
        name: "minimum",
        parameters: OF_TWO,
        does: "the lesser of two, element by element",
        example: "minimum(a, b)",
        make: operators::minimum,
    },
    Builtin {
        name: "relu",
        parameters: OF_X,
        does: "what is below 0 becomes 0",
        example: "relu(x)",
        make: operators::relu,
    },
    Builtin {
        name: "requant",
        parameters: &[
            X,
            needs("shift", Kind::Whole),
            may("scale", Kind::Whole, "1"),
            may("zero", Kind::Whole, "0"),
        ],
        does: "i32 to i8: x times scale over 2^shift, rounded half away from zero, plus zero, saturated",
        example: "requant(x, scale=3, shift=9, zero=-1)",
        make: operators::requant,
    },
    Builtin {
        name: "reshape",
        parameters: &[X, needs("shape", Kind::Wholes)],
        does: "the same elements in the same order with another shape; one extent may be -1",
        example: "reshape(x, [batch, -1])",
        make: operators::reshape,
    },
    Builtin {
        name: "rmsnorm",
        parameters: &[X, needs("scale", Kind::Tensor), may("eps", Kind::Real, "1e-6")],
        does: "along the last axis to mean square 1, times a vector",
        example: "rmsnorm(x, scale)",
        make: operators::rmsnorm,
    },
    Builtin {
        name: "rsqrt",
        parameters: OF_X,
        does: "1 over the square root",
        example: "rsqrt(x)",
        make: operators::function,
    },
    Builtin {
        name: "sigmoid",
        parameters: OF_X,
        does: "1 / (1 + e^-x)",
        example: "sigmoid(x)",
        make: operators::function,
    },
    Builtin {
        name: "silu",
        parameters: OF_X,
        does: "x times sigmoid(x), also called swish",
        example: "silu(x)",
        make: operators::function,
    },
    Builtin {
        name: "softmax",
        parameters: &[X, may("axis", Kind::Whole, "-1")],
        does: "exp(x) over its sum along an axis",
        example: "softmax(x, axis=-1)",
        make: operators::softmax,
    },
    Builtin {
        name: "sqrt",
        parameters: &[needs("x", Kind::Tensor)],
        does: "the square root, of a tensor or of a number",
        example: "sqrt(x)",
        make: operators::function,
    },
    Builtin {
        name: "sum",
        parameters: REDUCED,
        does: "the sum along axes, in ascending order",
        example: "sum(x, axis=0)",
        make: operators::sum,
    },
    Builtin {
        name: "tanh",
        parameters: OF_X,
        does: "the hyperbolic tangent",
        example: "tanh(x)",
        make: operators::function,
    },
    Builtin {
        name: "topk",
        parameters: &[X, needs("k", Kind::Whole)],
        does: "the k greatest along the last axis in descending order, and where they are",
        example: "values, places = topk(x, k=2)",
        make: operators::topk,
    },
    Builtin {
        name: "transpose",
        parameters: &[X, may("order", Kind::Wholes, "the last two swapped")],
        does: "axes in another order: the result's axis i is x's order[i]",
        example: "transpose(x, [0, 2, 1, 3])",
        make: operators::transpose,
    },
    Builtin {
        name: "zeros",
        parameters: &[needs("type", Kind::Type)],
        does: "a tensor of zeros",
        example: "zeros(bf16[batch, hidden])",
        make: operators::zeros,
    },
];

/// The function of that name.
fn builtin(name: &str) -> Option<&'static Builtin> {
    BUILTINS.binary_search_by(|builtin| builtin.name.cmp(name)).ok().map(|at| &BUILTINS[at])
}

/// The function that an expression calls, if it is one of these.
pub(super) fn called(kind: &ExprKind) -> Option<&'static Builtin> {
    match kind {
        ExprKind::Call { function, .. } => builtin(&function.text),
        _ => None,
    }
}

pub(super) fn is_builtin(name: &str) -> bool {
    builtin(name).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_in_order_and_their_examples_begin_with_them() {
        assert!(BUILTINS.is_sorted_by(|a, b| a.name < b.name));
        assert!(BUILTINS.iter().all(|builtin| builtin.example.contains(&format!("{}(", builtin.name))));
    }
}
