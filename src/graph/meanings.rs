//! What the words of a program stand for: for hover, completion and going to a definition.

use super::ir::TensorId;
use crate::base::Span;
use crate::num::{DType, Type};

/// What checking found out about names and expressions. Of a function's body it is what its first call made of it.
#[derive(Clone, Debug, Default)]
pub struct Meanings {
    /// By expression of the tree.
    pub exprs: Vec<Meaning>,
    /// Names where they are defined.
    pub definitions: Vec<Definition>,
    /// Names where they are used: the place, and that of the definition.
    pub uses: Vec<(Span, Span)>,
}

/// A name where it is defined.
#[derive(Clone, Debug)]
pub struct Definition {
    /// Where.
    pub span: Span,
    /// What it stands for.
    pub meaning: Meaning,
}

/// What a word stands for.
#[derive(Clone, Debug)]
pub enum Meaning {
    /// A value of the graph.
    Tensor(TensorId),
    /// A whole number.
    Number(i64),
    /// Another number.
    Real(f64),
    /// The number of an iteration, or what is computed from it.
    Iteration,
    /// An element's type.
    DType(DType),
    /// A tensor's type.
    Type(Type),
    /// One of the program's functions.
    Function,
    /// Nothing that could be said.
    Nothing,
}
