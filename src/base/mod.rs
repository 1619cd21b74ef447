//! What every layer may use: places in a text, diagnostics, typed ids, cycles, exact fractions.

mod arena;
mod diag;
mod near;
mod ratio;
mod span;

pub use arena::{Arena, Id};
pub use diag::{Diagnostic, Diagnostics, Edit, Severity};
pub use near::nearest;
pub use ratio::Ratio;
pub use span::{Lines, Position, Span, Utf16};

/// One element of vector work takes this crate about as long as this many multiply-accumulates: long runs are cut into
/// slices by it, and their progress is told.
pub const ELEMENT_EFFORT: u64 = 8;

/// A clock cycle, counted from the first weight load of a run. Intervals of cycles are half-open.
pub type Cycle = u64;

/// Bytes of memory or of a transfer.
pub type Bytes = u64;

/// With commas between thousands.
pub fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Inserts where its key belongs, behind those with the same one: for short lists, a hundredth of a sort's code.
pub fn insert_by_key<T, K: Ord>(list: &mut Vec<T>, item: T, key: impl Fn(&T) -> K) {
    let of_item = key(&item);
    let at = list.partition_point(|other| key(other) <= of_item);
    list.insert(at, item);
}
