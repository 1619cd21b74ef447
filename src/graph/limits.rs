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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::parse;

    fn graph(text: &str) -> Graph {
        parse(text).unwrap()
    }

    fn vector(elements: usize) -> Graph {
        graph(&format!("%0 : f32[{elements}] = input  # \"x\"\noutput %0\n"))
    }

    #[test]
    fn values_are_held_up_to_the_limits() {
        assert_eq!(vector(Shape::MOST_VALUES).too_large(), None);
        assert!(vector(Shape::MOST_VALUES + 1).too_large().is_some());
        // Each by itself is small enough: 2^24 elements of four bytes, of which two fit.
        let three = |count: usize| -> String {
            (0..count).map(|at| format!("%{at} : f32[16777216] = input  # \"x{at}\"\n")).collect()
        };
        assert_eq!(graph(&(three(2) + "output %0\n")).too_large(), None);
        let said = graph(&(three(3) + "output %0\n")).too_large().unwrap().message;
        assert_eq!(said, "with this tensor the program has more than 134217728 bytes");
    }

    #[test]
    fn iterations_count() {
        let repeated = |count: usize| {
            graph(&format!(
                "%0 : f32[64] = input  # \"x\"\n%3 : f32[64] = repeat {count} as t0 {{  # \"y\"\n  \
                 %1 : f32[64] = carried %0 then %2  # \"h\"\n  %2 : f32[64] = exp %1  # \"e\"\n}}\noutput %3\n"
            ))
        };
        // Beginning two operators, and 64 elements that are worked on and carried.
        let each = 2 * (512 + 8 * 64);
        assert_eq!(repeated(1).all_effort(), each);
        let most = (Limits::EFFORT / each) as usize;
        assert_eq!(repeated(most).too_long(), None);
        assert!(repeated(most + 1).too_long().is_some());
    }

    #[test]
    fn windows_are_counted_with_all_that_they_hold() {
        let pooled = |size: usize| {
            let out = 2000 - size + 1;
            graph(&format!(
                "%0 : f32[1, 2000, 2000, 1] = input  # \"x\"\n\
                 %1 : f32[1, {out}, {out}, 1] = maxpool %0 size=[{size}, {size}] stride=[1, 1] padding=[0, 0, 0, 0] dilation=[1, 1]  # \"y\"\n\
                 output %1\n"
            ))
        };
        assert_eq!(pooled(3).too_long(), None);
        assert!(pooled(1000).too_long().is_some());
    }

    #[test]
    fn products_of_floats_are_fewer_than_those_of_whole_numbers() {
        let product = |dtype: &str, sums: &str| {
            let ty = "[2048, 2048]";
            graph(&format!(
                "%0 : {dtype}{ty} = input  # \"x\"\n%1 : {sums}{ty} = contract %0 %0 \"ac,cb->ab\"  # \"y\"\noutput %1\n"
            ))
        };
        assert_eq!(product("i8", "i32").too_long(), None);
        assert!(product("f32", "f32").too_long().is_some());
    }
}
