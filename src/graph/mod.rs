//! The program as tensors and operators: built from a syntax tree and checked, printed, and evaluated without any
//! machine for the reference answer.

mod build;
mod evaluate;
mod ir;
mod print;

pub use build::build;
pub use evaluate::Evaluation;
pub use ir::{Graph, Limits, LoadError, Loader, Op, OpId, OpKind, Output, Source, Tensor, TensorId};
