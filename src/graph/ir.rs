//! Tensors, operators, outputs.
//!
//! Rules that [`super::build`] ensures and every later stage relies on:
//!
//! 1. An operator's operands are declared tensors or results of operators before it.
//! 2. Every tensor has one or two dimensions, each at least 1, and at most [`Shape::MOST_ELEMENTS`] elements.
//! 3. `MatMul` is i8[m, k] @ i8[k, n] -> i32[m, n], and no sum that the program can reach leaves 32 bits.
//! 4. `Add` is i32 + i32 of one shape, or the second is a vector as long as the first has columns.
//! 5. `Requant` is i32 -> i8; `Relu` keeps its type; `ArgMax` is [m, n] -> i32[m].
//! 6. There is at least one output.

use crate::base::{Arena, ELEMENT_EFFORT, Id, Span};
#[cfg(doc)]
use crate::num::Shape;
use crate::num::{Array, Requant, Type};

/// A checked program.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    /// Every value of the program.
    pub tensors: Arena<Tensor>,
    /// In an order in which they can be executed.
    pub ops: Arena<Op>,
    /// What is asked for.
    pub outputs: Vec<Output>,
}

/// Names a tensor.
pub type TensorId = Id<Tensor>;
/// Names an operator.
pub type OpId = Id<Op>;

/// A value of the program.
#[derive(Clone, Debug)]
pub struct Tensor {
    /// The user's name, or the text of the expression.
    pub name: String,
    /// Dtype and shape.
    pub ty: Type,
    /// Where it comes from.
    pub source: Source,
    /// Where it is written.
    pub span: Span,
}

/// Where a tensor's values come from.
#[derive(Clone, Debug)]
pub enum Source {
    /// Given with each run.
    Input {
        /// Values of this run.
        array: Array,
        /// The file they were loaded from; without one they were made from the name.
        path: Option<String>,
    },
    /// Fixed.
    Weight {
        /// The values.
        array: Array,
    },
    /// An operator's result.
    Op(OpId),
}

/// An operation on tensors.
#[derive(Clone, Debug)]
pub struct Op {
    /// What it does, on which operands.
    pub kind: OpKind,
    /// Its result.
    pub result: TensorId,
    /// Where it is written.
    pub span: Span,
}

/// Kinds of operators with their operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpKind {
    /// Matrix product, accumulated in 32 bits.
    MatMul {
        /// i8[m, k]
        a: TensorId,
        /// i8[k, n]
        b: TensorId,
    },
    /// Sum; a vector is added to every row.
    Add {
        /// `i32[m, n]` or `i32[n]`
        a: TensorId,
        /// Of the same shape, or `i32[n]`.
        b: TensorId,
    },
    /// 32-bit sums to 8-bit values.
    Requant {
        /// i32
        x: TensorId,
        /// How.
        by: Requant,
    },
    /// What is below 0 becomes 0.
    Relu {
        /// Any type.
        x: TensorId,
    },
    /// Column of each row's greatest value; the first of equals.
    ArgMax {
        /// [m, n]
        x: TensorId,
    },
}

impl OpKind {
    /// Tensors that it reads.
    pub fn operands(self) -> impl Iterator<Item = TensorId> {
        let (first, second) = match self {
            OpKind::MatMul { a, b } | OpKind::Add { a, b } => (a, Some(b)),
            OpKind::Requant { x, .. } | OpKind::Relu { x } | OpKind::ArgMax { x } => (x, None),
        };
        std::iter::once(first).chain(second)
    }
}

/// A tensor that the program puts out.
#[derive(Clone, Debug)]
pub struct Output {
    /// Which.
    pub tensor: TensorId,
    /// The `output` statement.
    pub span: Span,
}

/// What a program may be at most; [`super::build`] refuses more, with the number it found.
pub struct Limits;

impl Limits {
    /// Operators of a program.
    pub const OPS: usize = 4096;
    /// Bytes of all tensors together. A run holds them three times: as declared, in memory, by the reference.
    pub const ALL_BYTES: usize = 1 << 27;
    /// Multiply-accumulates of a run: some ten seconds in a browser.
    pub const MACS: u64 = 1 << 33;
    /// Elements of vector work of a run: some seconds in a browser.
    pub const VECTOR_ELEMENTS: u64 = 1 << 28;
}

impl Graph {
    /// M, K and N of a matrix product.
    pub fn product(&self, a: TensorId, b: TensorId) -> [usize; 3] {
        let (m, k) = self.tensors[a].ty.shape.as_matrix();
        let (_, n) = self.tensors[b].ty.shape.as_matrix();
        [m, k, n]
    }

    /// Elements that an operator has the vector unit work on.
    pub fn vector_elements(&self, kind: OpKind) -> u64 {
        match kind {
            OpKind::MatMul { .. } => 0,
            OpKind::Add { a: x, .. }
            | OpKind::Requant { x, .. }
            | OpKind::Relu { x }
            | OpKind::ArgMax { x } => self.tensors[x].ty.shape.elements() as u64,
        }
    }

    /// By operator: whether an output depends on it.
    pub fn live(&self) -> Vec<bool> {
        let mut live = vec![false; self.ops.len()];
        let mark = |live: &mut Vec<bool>, tensor: TensorId| {
            if let Source::Op(op) = self.tensors[tensor].source {
                live[op.index()] = true;
            }
        };
        self.outputs.iter().for_each(|output| mark(&mut live, output.tensor));
        for op in self.ops.ids().collect::<Vec<_>>().into_iter().rev() {
            if live[op.index()] {
                self.ops[op].kind.operands().for_each(|tensor| mark(&mut live, tensor));
            }
        }
        live
    }

    /// How much simulating or evaluating an operator costs, in multiply-accumulates: for slices and progress.
    pub fn effort(&self, op: OpId) -> u64 {
        self.macs(op) + ELEMENT_EFFORT * self.vector_elements(self.ops[op].kind)
    }

    /// Multiply-accumulates of one operator.
    pub fn macs(&self, op: OpId) -> u64 {
        match self.ops[op].kind {
            OpKind::MatMul { a, b } => self.product(a, b).iter().map(|extent| *extent as u64).product(),
            _ => 0,
        }
    }

    /// Values of a declared tensor.
    pub fn declared(&self, tensor: TensorId) -> Option<&Array> {
        match &self.tensors[tensor].source {
            Source::Input { array, .. } | Source::Weight { array } => Some(array),
            Source::Op(_) => None,
        }
    }
}

/// Brings the values of `load("...")`.
pub trait Loader {
    /// The array at a path.
    fn load(&self, path: &str) -> Result<Array, LoadError>;
}

/// Why a path's values cannot be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadError {
    /// What is wrong.
    pub message: String,
    /// How to mend it.
    pub hint: String,
}
