//! Random programs that compute with numbers of several kinds.

use proptest::prelude::*;

use crate::made::{rule, sparse};

/// Layers of whole numbers and of floats after each other, some pruned, now and then with infinities, from which NaNs come.
pub fn program() -> impl Strategy<Value = String> {
    let layer = (1..30usize, 0..DTYPES.len(), rule(), any::<bool>());
    (1..20usize, 1..30usize, prop::collection::vec(layer, 1..4), any::<bool>()).prop_map(
        |(rows, mut depth, layers, far)| {
            let mut text = format!("input x : f32[{rows}, {depth}]\nh0 = x * 5\n");
            for (at, (width, dtype, rule, bias)) in layers.iter().enumerate() {
                let (dtype, next, scale) = (DTYPES[*dtype], at + 1, if far { "900" } else { "2" });
                let operand = match dtype {
                    "i8" => format!("cast(minimum(maximum(h{at}, -9), 9), i8)"),
                    _ => format!("cast(exp(h{at} * {scale}), {dtype})"),
                };
                text += &format!("weight w{at} : {dtype}[{depth}, {width}]{}\n", sparse(rule));
                let bias = if *bias && dtype != "i8" { " + 0.25" } else { "" };
                text += &format!("a{at} = {operand}\nh{next} = cast(a{at} @ w{at}, f32){bias}\n");
                depth = *width;
            }
            text + &format!("output h{}\n", layers.len())
        },
    )
}

const DTYPES: [&str; 4] = ["i8", "bf16", "f32", "fp8"];
