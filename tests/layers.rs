//! Layers through the whole machine: their sums, copy by copy; loops skipped as stepped; ResNet-50; what is refused.

#![allow(clippy::unwrap_used)] // a test may fail

#[allow(dead_code)] // some of it is for others
mod checked;

use proptest::prelude::*;
use systole::base::{Ratio, Span};
use systole::chip::{Chip, Dataflow, Dram, Link, Queues, VectorCost, WeightBuffering};
use systole::import::scalesim::{Layout, parse_topology};
use systole::isa::{Order, Space};
use systole::job::{Refused, Timed, time_products, time_topology};
use systole::num::{DType, Shape, Type, Values, seeded};
use systole::schedule::Product;
use systole::sim::{Clock, Loops, MOST_CYCLES, Numbers, tally};

fn product(copies: usize, extents: [usize; 3]) -> Product {
    let dtypes = [DType::I8, DType::I8, DType::I32];
    Product { name: "p".into(), span: Span::default(), copies, extents, dtypes }
}

/// Of every dataflow, with one core or several, and unified buffers from a few rows to all tensors.
fn chip() -> impl Strategy<Value = Chip> {
    let array = (1..8usize, 1..8usize, 1..20usize, 0..3usize, 1..4usize);
    let around = (1..4usize, 1..4usize, prop_oneof![Just(1u64 << 20), 200..4_000u64], 1..40u64);
    (array, around).prop_map(|((rows, cols, sums, dataflow, fifo), (cores, units, buffer, bandwidth))| {
        let chip = Chip::classroom(rows, cols).unwrap();
        Chip {
            dataflow: Dataflow::ALL[dataflow],
            cores,
            matrix_units: cores * units,
            weight_fifo_tiles: fifo,
            accumulator_rows: sums,
            unified_buffer_bytes: buffer,
            dram: Dram {
                link: Link { bytes_per_cycle: Ratio::new(bandwidth, 3).unwrap(), latency: 3 },
                ..chip.dram
            },
            ..chip
        }
    })
}

/// Operands with values, through the program as the machine executes it.
fn result(timed: &Timed) -> Vec<i32> {
    let Timed { plan, emitted, chip, .. } = timed;
    let buffers = emitted.program.buffers.iter();
    let mut memory: Vec<Values> = buffers.map(|(_, b)| Values::zeros(b.dtype, b.len as usize)).collect();
    for (id, buffer) in &emitted.dram {
        if plan.tensors[*id].declared {
            memory[buffer.index()] = operand(timed, &plan.tensors[*id].name);
        }
    }
    let order = Order::new(&emitted.program);
    let mut numbers = Numbers::new(chip, memory);
    while !numbers.advance(&emitted.program, &order, chip, 1 << 20) {}
    let left = emitted.dram[&plan.layers[0].result];
    assert_eq!(emitted.program.buffers[left].space, Space::Dram);
    numbers.into_memory()[left.index()].iter().collect()
}

fn operand(timed: &Timed, name: &str) -> Values {
    let (_, tensor) = timed.plan.tensors.iter().find(|(_, tensor)| tensor.name == name).unwrap();
    seeded(name, Type { dtype: tensor.dtype, shape: Shape::from(vec![tensor.rows, tensor.cols]) }).values
}

/// Every copy by the definition of a product.
fn expected(timed: &Timed, copies: usize, [m, k, n]: [usize; 3]) -> Vec<i32> {
    let (a, w) = (operand(timed, "p.a"), operand(timed, "p.w"));
    let sum = |row: usize, col: usize| {
        let copy = row / m;
        (0..k).map(|at| a.get(row * k + at) * w.get((copy * k + at) * n + col)).sum()
    };
    (0..copies * m)
        .flat_map(|row| (0..n).map(move |col| (row, col)))
        .map(|(row, col)| sum(row, col))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn every_copy_is_its_own_product(
        chip in chip(), copies in 1..6usize, m in 1..30usize, k in 1..20usize, n in 1..20usize,
    ) {
        let extents = [m, k, n];
        let timed = match time_products(&[product(copies, extents)], &chip) {
            Ok(timed) => timed,
            Err(Refused::TooMuch(error)) => {
                prop_assert!(error.message.contains("bytes of the unified buffer"), "{}", error.message);
                return Ok(());
            }
            Err(Refused::Halt(halt)) => panic!("{halt}"),
        };
        checked::assert_planned(&timed.plan, &timed.emitted, &chip);
        prop_assert_eq!(result(&timed), expected(&timed, copies, extents));
        // What goes out is what the copies leave one by one.
        let one = time_products(&[product(1, extents)], &chip).unwrap_or_else(|refused| panic!("{refused:?}"));
        prop_assert_eq!(timed.tally().dram_bytes().1, one.tally().dram_bytes().1 * copies as u64);
        prop_assert_eq!(timed.plan.macs(&timed.plan.layers[0]), (copies * m * k * n) as u64);
    }

    #[test]
    fn loops_are_skipped_as_they_are_stepped(
        chip in chip(), copies in 1..20usize, m in 1..100usize, k in 1..40usize, n in 1..40usize, bounded in any::<bool>(),
    ) {
        let queues = if bounded {
            Queues { dma_in: Some(2), weight_fetch: Some(3), matrix: Some(2), vector: Some(1), ..Queues::default() }
        } else {
            Queues::default()
        };
        let chip = Chip { queues, ..chip };
        let Ok(timed) = time_products(&[product(copies, [m, k, n])], &chip) else { return Ok(()) };
        let stepped = Clock::new(&timed.emitted.program, &chip, Loops::Stepped).run().unwrap();
        prop_assert_eq!(timed.trace.cycles, stepped.cycles);
        prop_assert_eq!(timed.tally(), tally(&timed.emitted.program, &chip, &stepped));
    }
}

/// One of some values.
fn of<T: Copy + std::fmt::Debug + 'static>(values: &'static [T]) -> impl Strategy<Value = T> {
    prop::sample::select(values)
}

/// As a chip file may have it: every field valid, and as far out as it goes.
fn extreme_chip() -> impl Strategy<Value = Chip> {
    let array =
        (of(&[1, 2, 7, 128, 512]), of(&[1, 3, 128, 512]), 0..3usize, of(&[(1, 64), (2, 3), (1, 1), (8, 1)]));
    let memories = (
        of(&[1usize, 2, 3, 64, 4096, 1 << 20]),
        of(&[1usize, 2, 64]),
        of(&[300u64, 1 << 16, 1 << 27, 1 << 40]),
        of(&[(1, 100_000), (340, 7), (1_000_000, 1)]),
        of(&[0, 10, 100_000_000]),
    );
    let units =
        (of(&[1usize, 2, 8]), of(&[1usize, 3, 8]), of(&[1usize, 100]), of(&[1, 8, 1 << 20]), any::<bool>());
    let places = || prop::option::of(of(&[1usize, 3, 1000]));
    let queues = (places(), places(), places(), places(), places(), places());
    (array, memories, units, queues).prop_map(|(array, memories, units, queues)| {
        let (rows, cols, dataflow, (num, den)) = array;
        let (accumulator_rows, weight_fifo_tiles, unified_buffer_bytes, (bytes, cycles), latency) = memories;
        let (cores, units_per_core, vector_lanes, cost, single) = units;
        let (dma_in, dma_out, weight_fetch, weight_load, matrix, vector) = queues;
        let chip = Chip::classroom(rows, cols).unwrap();
        Chip {
            dataflow: Dataflow::ALL[dataflow],
            weights: if single { WeightBuffering::Single } else { WeightBuffering::Double },
            rates: [((DType::I8, DType::I8), Ratio::new(num, den).unwrap())].into(),
            cores,
            matrix_units: cores * units_per_core,
            accumulator_rows,
            weight_fifo_tiles,
            unified_buffer_bytes,
            vector_lanes,
            vector_latency: latency,
            vector_cost: VectorCost { simple: cost, ..VectorCost::default() },
            dram: Dram {
                link: Link { bytes_per_cycle: Ratio::new(bytes, cycles).unwrap(), latency },
                bytes: 1 << 60,
                ..chip.dram
            },
            queues: Queues { dma_in, dma_out, weight_fetch, weight_load, matrix, vector },
            ..chip
        }
    })
}

/// Sizes up to 2^32, most of them no power of two; products of three are mostly too large.
fn extreme_size() -> impl Strategy<Value = usize> {
    (0..33u32, any::<u32>())
        .prop_map(|(bits, noise)| ((1u64 << bits) - u64::from(noise) % (1 + (1 << bits) / 2)).max(1) as usize)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(30))]

    /// They run, and every count holds, or it is said why not: nothing overflows, nothing goes on for ever.
    #[test]
    fn extreme_chips_and_layers_are_answered(
        chip in extreme_chip(),
        layers in prop::collection::vec((extreme_size(), [extreme_size(), extreme_size(), extreme_size()], 0..3usize), 1..4),
    ) {
        let small = |(copies, mut extents, small): (usize, [usize; 3], usize)| {
            // A matrix has at most 2^32 elements: so that many are answered by more than that.
            extents[small] = extents[small] % 50 + 1;
            product(if copies.is_multiple_of(2) { 1 } else { copies % 1000 + 1 }, extents)
        };
        let layers: Vec<Product> = layers.into_iter().map(small).collect();
        match time_products(&layers, &chip) {
            Ok(timed) => {
                prop_assert!(timed.trace.cycles <= MOST_CYCLES);
                let report = timed.report("");
                prop_assert_eq!(timed.tally().classes.total(), report.cycles * chip.matrix_units as u64);
                prop_assert_eq!(report.ops.iter().map(|op| op.macs).sum::<u64>(), report.macs);
            }
            Err(refused) => prop_assert!(!refused.diagnostic().message.is_empty()),
        }
    }
}

/// By hand: 2 copies of [3, 2] @ [2, 2] on 2 x 2 PEs, four bytes a cycle and a latency of ten. Tile 0 has the bus in cycle
/// 0 and is whole at 11; block 0 has it in 1 and 2 and is there at 13; tile 1 was asked for later, has it in 3 and is
/// whole at 14: its load hides behind the first stream, all but one cycle of it.
#[test]
fn two_copies_by_hand() {
    let chip = Chip::classroom(2, 2).unwrap();
    let timed = time_products(&[product(2, [3, 2, 2])], &chip).unwrap_or_else(|_| panic!());
    let runs: Vec<_> = timed.trace.passes[0].iter_from(0).map(|run| (run.load, run.start)).collect();
    assert_eq!(runs, [(11, 13), (14, 16)]);
}

fn resnet50() -> (String, Vec<Vec<String>>) {
    let data = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/scalesim/");
    let read = |name: &str| std::fs::read_to_string(format!("{data}{name}")).unwrap();
    let rows = read("resnet50_layers.csv")
        .lines()
        .skip(1)
        .map(|l| l.split(',').map(str::to_owned).collect())
        .collect();
    (read("resnet50.csv"), rows)
}

#[test]
fn resnet50_has_the_products_that_are_published() {
    let (text, rows) = resnet50();
    let topology = parse_topology(&text, Layout::of_header(&text)).value.unwrap();
    let timed = time_topology(&topology, &Chip::classroom(128, 128).unwrap()).unwrap_or_else(|_| panic!());
    let report = timed.report(&text);
    assert_eq!(report.ops.len(), 54);
    for (op, row) in report.ops.iter().zip(&rows) {
        assert_eq!(op.macs.to_string(), row[16], "{}", op.name);
        assert_eq!(op.line as usize, 2 + row[1].parse::<usize>().unwrap());
    }
    assert!(report.ops.windows(2).all(|pair| pair[0].end <= pair[1].end));
    assert_eq!(timed.tally().classes.total(), report.cycles);
    assert_eq!((report.agrees, report.outputs.len()), (None, 0));
    // Every window and every weight crosses the bus, weights again for each row of output tiles.
    let words = |row: &Vec<String>| {
        let side = |at: usize| row[at].parse::<u64>().unwrap();
        side(13) * side(14) + side(14) * side(15)
    };
    assert!(report.dram_bytes.read >= rows.iter().map(words).sum::<u64>());
    let left = |row: &Vec<String>| row[13].parse::<u64>().unwrap() * row[15].parse::<u64>().unwrap();
    assert_eq!(report.dram_bytes.written, rows.iter().map(left).sum::<u64>());
}

/// Blocks of rows come while columns go on, and each row of tiles is as the one before: once 66 thousand of them were too many
/// to go through.
#[test]
fn rows_of_tiles_repeat_while_blocks_of_rows_come_ahead() {
    let chip = Chip::classroom(1, 1).unwrap();
    let chip = Chip { dram: Dram { bytes: 1 << 40, ..chip.dram }, ..chip };
    let timed = time_products(&[product(1, [1 << 16, (1 << 16) - 1, 1 << 15])], &chip);
    let mut pieces = 0;
    timed.unwrap_or_else(|_| panic!()).trace.passes[0].for_each_kind(&mut |_, _, _| pieces += 1);
    assert!(pieces < 1000, "{pieces}");
}

#[test]
fn what_a_chip_cannot_hold_is_refused_before_anything_is_made() {
    let chip = Chip::classroom(8, 8).unwrap();
    let message = |products: &[Product], chip: &Chip| match time_products(products, chip) {
        Err(refused) => refused.diagnostic().message,
        Ok(_) => panic!("it runs"),
    };
    let said = message(&[product(1, [1 << 20, 1 << 20, 1])], &chip);
    assert_eq!(said, "a matrix of `p` has 1099511627776 elements, more than 4294967295");
    let said = message(&[product(1 << 16, [1 << 8, 1 << 8, 1])], &chip);
    assert_eq!(said, "a matrix of `p` has 4294967296 elements, more than 4294967295");
    let said = message(&vec![product(1, [1, 1, 1]); Product::MOST + 1], &chip);
    assert_eq!(said, "there are more than 10000 products");
    let said = message(&[product(1, [1 << 16, 1 << 15, 1])], &chip);
    assert!(said.ends_with("more than the 1073741824 of the chip's DRAM"), "{said}");
    // Two rows of 1024 activations of a byte, and of 4 sums of 4 bytes.
    let said = message(&[product(1, [4, 1 << 10, 4])], &Chip { unified_buffer_bytes: 99, ..chip.clone() });
    assert_eq!(
        said,
        "`p` needs 2080 bytes of the unified buffer even a row at a time, more than the 99 of Classroom 8 x 8"
    );
    let slow = Chip { vector_cost: VectorCost { simple: 1 << 50, ..VectorCost::default() }, ..chip.clone() };
    assert_eq!(message(&[product(1, [8, 8, 8])], &slow), "the run takes more than 2^53 cycles");
    let small = Chip { dram: Dram { bytes: 1 << 40, ..chip.dram }, ..Chip::classroom(1, 1).unwrap() };
    let large = product(1, [1 << 16, (1 << 16) - 1, 1 << 15]);
    let said = message(&[large], &Chip { accumulator_rows: 2, ..small.clone() });
    assert_eq!(said, "up to here there are 140735340871680 passes, more than 17592186044416");
    // A tile is there a cycle before the one before it is done with: until the FIFO is full, no pass is like another one.
    let slow = Link { bytes_per_cycle: Ratio::new(1, 999).unwrap(), latency: 3 };
    let uneven = Chip {
        accumulator_rows: 2000,
        weight_fifo_tiles: 400,
        unified_buffer_bytes: 1 << 40,
        dram: Dram { link: slow, ..small.dram },
        ..small
    };
    let said = message(&vec![product(1, [1000, (1 << 22) - 1, 1000]); 4], &uneven);
    assert_eq!(
        said,
        "the run falls into no repetition that can be skipped, and is too long to go through step by step"
    );
    let bf16 = Product { dtypes: [DType::Bf16, DType::I8, DType::F32], ..product(1, [4, 4, 4]) };
    assert_eq!(message(&[bf16], &chip), "Classroom 8 x 8 does not multiply bf16 by i8");
}
