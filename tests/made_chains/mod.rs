//! Random layers one after the other, and chips whose unified buffer holds some of their tensors at a time.

use proptest::prelude::*;
use systole::chip::Chip;

use crate::made::chip;

/// Layers one after the other, of which the last one alone is put out.
pub fn program() -> impl Strategy<Value = String> {
    (1..40usize, 1..30usize, 2..7usize).prop_map(|(rows, width, layers)| {
        let mut text = format!("input h0 : i8[{rows}, {width}]\n");
        for layer in 1..=layers {
            let last = layer - 1;
            text += &format!("weight w{layer} : i8[{width}, {width}]\nweight b{layer} : i32[{width}]\n");
            text += &format!("h{layer} = requant(h{last} @ w{layer} + b{layer}, shift=6)\n");
        }
        text + &format!("output relu(h{layers}) + h{layers}\n")
    })
}

/// Chips of one core whose unified buffer holds some tensors, but hardly all.
pub fn small_buffer() -> impl Strategy<Value = Chip> {
    (chip(), 200..4000u64).prop_map(|(chip, unified_buffer_bytes)| Chip {
        matrix_units: chip.units_per_core(),
        cores: 1,
        unified_buffer_bytes,
        ..chip
    })
}
