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

/// Layers whose tensors are kept or passed through for different reasons: some are moved, some read several times, some by pools, some
/// in a repeat, some put out.
pub fn mixed() -> impl Strategy<Value = String> {
    let kind = 0..8usize;
    (1..4usize, 2..7usize, 1..9usize, prop::collection::vec((kind, any::<bool>()), 1..7)).prop_map(
        |(images, side, channels, layers)| {
            let shape = format!("[{images}, {side}, {side}, {channels}]");
            let mut text = format!("input h0 : i8{shape}\n");
            for (last, (kind, output)) in layers.iter().enumerate() {
                let at = last + 1;
                let weight = format!("weight w{at} : i8[3, 3, {channels}, {channels}]\n");
                let matrix = format!("weight m{at} : i8[{channels}, {channels}]\nweight b{at} : i32[{channels}]\n");
                let earlier = last / 2;
                text += &match kind {
                    0 => format!("{weight}h{at} = requant(conv2d(h{last}, w{at}, padding=1), shift=6)\n"),
                    1 => format!("{matrix}h{at} = requant(h{last} @ m{at} + b{at}, shift=5)\n"),
                    2 => format!("{matrix}h{at} = maximum(requant(h{last} @ m{at}, shift=5), h{earlier})\n"),
                    3 => format!("h{at} = maxpool(h{last}, window=3, stride=1, padding=1)\n"),
                    4 => format!("h{at} = maximum(h{last}, h{earlier})\n"),
                    5 => format!("h{at} = transpose(h{last}, [0, 2, 1, 3])\n"),
                    6 => format!(
                        "h{at} = h{last}\nrepeat 3 {{\n{matrix}h{at} = maximum(requant(h{at} @ m{at} + b{at}, shift=5), h{at})\n}}\n"
                    ),
                    _ => format!(
                        "{weight}h{at} = maximum(requant(conv2d(h{last}, w{at}, padding=1), shift=6), h{earlier})\n"
                    ),
                };
                if *output {
                    text += &format!("output h{at}\n");
                }
            }
            text + &format!("output relu(h{})\n", layers.len())
        },
    )
}

/// Chips of one core whose unified buffer holds some tensors, but hardly all.
pub fn small_buffer() -> impl Strategy<Value = Chip> {
    (chip(), 200..9000u64).prop_map(|(chip, unified_buffer_bytes)| Chip {
        matrix_units: chip.units_per_core(),
        cores: 1,
        unified_buffer_bytes,
        ..chip
    })
}
