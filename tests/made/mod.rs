//! Random programs and chips.

use proptest::prelude::*;
use systole::base::Ratio;
use systole::chip::{Chip, Dataflow, Dram, Link, WeightBuffering};
use systole::num::Sparsity;

/// Chips of every dataflow with one core or two, and unified buffers from a few rows to all tensors.
pub fn chip() -> impl Strategy<Value = Chip> {
    let array = (1..20usize, 1..20usize, any::<bool>(), 1..80usize, 0..3usize, 1..5usize);
    let around =
        (1..3usize, 1..4usize, 1..9usize, 0..5u64, prop_oneof![Just(1u64 << 20), 500..40_000u64], 1..40u64);
    (array, around).prop_map(
        |((rows, cols, double, sums, dataflow, fifo), (cores, units, lanes, latency, buffer, bandwidth))| {
            let chip = Chip::classroom(rows, cols).unwrap();
            let link = Link { bytes_per_cycle: Ratio::new(bandwidth, 3).unwrap(), latency };
            Chip {
                dataflow: Dataflow::ALL[dataflow],
                weights: if double { WeightBuffering::Double } else { WeightBuffering::Single },
                cores,
                matrix_units: cores * units,
                weight_fifo_tiles: fifo,
                // Small accumulators, so that rows are cut into blocks.
                accumulator_rows: sums,
                unified_buffer_bytes: buffer,
                vector_lanes: lanes,
                vector_latency: latency,
                dram: Dram { link, ..chip.dram },
                ..chip
            }
        },
    )
}

/// The same, most of them such as skip weights, in rows of whole groups.
pub fn skipping_chip() -> impl Strategy<Value = Chip> {
    (chip(), skipped()).prop_map(|(chip, sparsity)| {
        let rows = chip.rows.next_multiple_of(sparsity.map_or(1, Sparsity::kept));
        Chip { rows, sparsity, ..chip }
    })
}

/// How weights are pruned, if they are.
pub fn rule() -> impl Strategy<Value = Option<Sparsity>> {
    one_of([(1, 2), (2, 4), (1, 4), (1, 3), (2, 8)])
}

/// What a chip skips: often something that follows from how weights are pruned.
fn skipped() -> impl Strategy<Value = Option<Sparsity>> {
    one_of([(1, 2), (2, 4), (2, 4), (1, 3), (3, 4)])
}

fn one_of(rules: [(usize, usize); 5]) -> impl Strategy<Value = Option<Sparsity>> {
    prop::option::weighted(
        0.8,
        (0..rules.len()).prop_map(move |at| Sparsity::new(rules[at].0, rules[at].1).unwrap()),
    )
}

/// `sparse[2:4]`, or nothing.
pub fn sparse(rule: &Option<Sparsity>) -> String {
    rule.map_or_else(String::new, |rule| format!(" sparse[{rule}]"))
}

/// A network of some layers, some pruned, each with or without bias, relu and requantisation, and some vector work on its own.
pub fn program() -> impl Strategy<Value = String> {
    let layer = (1..40usize, any::<bool>(), any::<bool>(), 0..12u32, rule());
    (1..40usize, 1..40usize, prop::collection::vec(layer, 1..4), any::<bool>(), any::<bool>()).prop_map(
        |(batch, first, layers, argmax, residual)| {
            let mut text = format!("input x : i8[{batch}, {first}]\n");
            let (mut operand, mut depth) = ("x".to_owned(), first);
            for (index, (width, bias, relu, shift, rule)) in layers.iter().enumerate() {
                text += &format!("weight w{index} : i8[{depth}, {width}]{}\n", sparse(rule));
                text += &format!("weight b{index} : i32[{width}]\n");
                let mut sum = format!("{operand} @ w{index}");
                if *bias {
                    sum = if index % 2 == 0 {
                        format!("{sum} + b{index}")
                    } else {
                        format!("b{index} + {sum}")
                    };
                }
                text += &format!("s{index} = {sum}\n");
                if residual {
                    text += &format!("r{index} = s{index} + s{index}\n");
                }
                let source = if residual { "r" } else { "s" };
                let quantised = format!("requant({source}{index}, scale=3, shift={shift}, zero=-1)");
                let last = if *relu { format!("relu({quantised})") } else { quantised };
                text += &format!("h{index} = {last}\n");
                (operand, depth) = (format!("h{index}"), *width);
            }
            text += &format!("output {operand}\noutput s0\noutput x\n");
            if argmax { text + &format!("output argmax({operand}, axis=-1)\n") } else { text }
        },
    )
}

/// The same program, or with columns outermost in every product that may be so.
pub fn in_some_order(texts: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    let chosen = |(at, line): (usize, &str)| {
        let grouped = line.contains("groups=") && !line.contains("groups=1)");
        let product = ["@", "einsum", "conv2d"].iter().any(|word| line.contains(word));
        match line.strip_prefix("output ") {
            _ if grouped || !product => format!("{line}\n"),
            // Values with names have choices.
            Some(value) => format!("put{at} = {value} with order=\"nmk\"\noutput put{at}\n"),
            None => format!("{line} with order=\"nmk\"\n"),
        }
    };
    (texts, any::<bool>()).prop_map(move |(text, columns)| match columns {
        true => text.lines().enumerate().map(chosen).collect(),
        false => text,
    })
}
