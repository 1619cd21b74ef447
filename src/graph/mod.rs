//! The program as tensors and operators: built from a syntax tree and checked, printed and read back, and evaluated without any
//! machine for the reference answer.

mod build;
mod evaluate;
mod ir;
mod limits;
#[cfg(not(target_arch = "wasm32"))]
mod listing;
mod meanings;
mod measure;
mod names;
mod parse;
mod print;
mod pruned;
mod verify;

pub use build::{BUILTINS, Built, Builtin, Kind, Parameter, build};
pub use evaluate::{Deviation, Evaluation};
pub use ir::{
    Carried, Choices, CombineKind, Contract, Cut, Given, Graph, Index, Labels, Limits, LoadError, Loader,
    LoopAxis, MapKind, Op, OpId, OpKind, Output, PoolKind, ReduceKind, Repeat, RepeatId, Source, Stationary,
    Tensor, TensorId, Tensors, Window,
};
pub use limits::TooMuch;
#[cfg(not(target_arch = "wasm32"))]
pub use listing::functions;
pub use meanings::{Definition, Meaning, Meanings};
pub use names::{Names, TensorName};
pub use parse::{GraphError, MOST_GRAPH_BYTES, parse};
pub use verify::{Broken, verify};
