//! What every layer may use: places in a text, diagnostics, typed ids, cycles, exact fractions.

mod arena;
mod diag;
mod ratio;
mod span;

pub use arena::{Arena, Id};
pub use diag::{Diagnostic, Diagnostics, Severity};
pub use ratio::Ratio;
pub use span::{Lines, Position, Span, Utf16};

/// One element of vector work takes this crate about as long as this many multiply-accumulates: long runs are cut into
/// slices by it, and their progress is told.
pub const ELEMENT_EFFORT: u64 = 8;

/// A clock cycle, counted from the first weight load of a run. Intervals of cycles are half-open.
pub type Cycle = u64;

/// Bytes of memory or of a transfer.
pub type Bytes = u64;
