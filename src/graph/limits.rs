//! Whether a graph's values can be held, and worked out.

use super::ir::{Graph, Limits};
use crate::base::Span;
use crate::num::Shape;

/// A program that needs too much: of a chip, of memory or of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TooMuch {
    /// What does.
    pub span: Span,
    /// What is wrong.
    pub message: String,
    /// How to mend it.
    pub hint: String,
}

impl Graph {
    /// The first tensor, if there is one, with which the values of a run are more than [`Limits::ALL_BYTES`], or which has more
    /// than [`Shape::MOST_VALUES`] elements by itself.
    pub fn too_large(&self) -> Option<TooMuch> {
        let mut all = 0u64;
        for (_, tensor) in self.tensors.iter() {
            let elements = tensor.ty.shape.elements();
            all = all.saturating_add(elements.saturating_mul(tensor.ty.dtype.bytes() as u64));
            if all > Limits::ALL_BYTES || elements > Shape::MOST_VALUES as u64 {
                let message =
                    format!("with this tensor the program has more than {} bytes", Limits::ALL_BYTES);
                return Some(TooMuch { span: tensor.span, message, hint: "make the tensors smaller".into() });
            }
        }
        None
    }

    /// The first operator, if there is one, up to which evaluating takes more than [`Limits::EFFORT`].
    pub fn too_long(&self) -> Option<TooMuch> {
        let mut all = 0u64;
        for op in self.needed() {
            all = all.saturating_add(self.all_evaluation_effort(op));
            if all > Limits::EFFORT {
                let message = format!(
                    "up to here the program takes as long as {all} multiply-accumulates, more than the {} that are evaluated",
                    Limits::EFFORT
                );
                let hint = "make the tensors smaller, or repeat less often".into();
                return Some(TooMuch { span: self.ops[op].span, message, hint });
            }
        }
        None
    }
}
