//! Numbers: dtypes, shapes, arrays of values, requantisation. MACHINE.md section 4.

mod array;
mod dtype;
mod requant;

pub use array::{Array, Values, seeded};
pub use dtype::{DType, Shape, Type};
pub use requant::Requant;
