//! What every layer may use: places in a text, diagnostics, typed ids, cycles.

mod arena;
mod diag;
mod span;

pub use arena::{Arena, Id};
pub use diag::{Diagnostic, Diagnostics, Severity};
pub use span::{Lines, Position, Span, Utf16};

/// A clock cycle, counted from the first weight load of a run. Intervals of cycles are half-open.
pub type Cycle = u64;
