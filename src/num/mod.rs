//! Numbers: dtypes, shapes, arrays of values, requantisation, conversions; sums of floats in a given order, functions and
//! reductions; what a vector unit does to a row. MACHINE.md section 4.
//!
//! Every operation gives the same bits on every platform: floats are rounded to nearest, ties to even, after each operation,
//! and nothing is fused or reordered.

mod array;
mod cast;
mod dtype;
mod float;
mod function;
mod operation;
mod real;
pub mod reduce;
mod requant;
mod run;
mod sparsity;
mod sum_order;

pub use array::{Array, Values, seeded};
pub use dtype::{DType, Extents, Shape, Type};
pub use float::{Bf16, Fp8, NAN, canonical};
pub use function::Function;
pub use operation::{CombineKind, MapKind, Operand, Operation, OperationKind, ReduceKind, Side};
pub use real::Real;
pub use requant::Requant;
pub use run::Run;
pub use sparsity::{Sparsity, stored_bytes};
pub use sum_order::{Skipping, SumOrder, whole_row};
