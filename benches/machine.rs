//! What the machine takes: `cargo bench --bench machine`.
//!
//! `repetitions` runs the same product with ten times the rows, then a hundred times: loops whose state repeats are
//! skipped, so that the time stays where it is. `resnet50` reads a topology, compiles its 54 layers and runs them; `mapped` has
//! the mapper search them first.

use systole::base::Span;
use systole::chip::{Chip, Dram};
use systole::explore;
use systole::import::scalesim::{Layout, parse_topology};
use systole::job::{Timed, time_products, time_topology, time_topology_arranged};
use systole::num::DType;
use systole::schedule::Product;

fn main() {
    divan::main();
}

fn chip() -> Chip {
    Chip::classroom(128, 128).expect("128 is a side that chips have")
}

#[divan::bench(args = [1, 10, 100])]
fn repetitions(times: usize) -> Timed {
    // A row of output tiles has 2048 rows; too many of them to stay in the unified buffer, even the first time.
    let product = Product {
        name: "product".into(),
        span: Span::default(),
        copies: 1,
        extents: [64 * 2048 * times, 128, 128],
        dtypes: [DType::I8; 3],
    };
    let chip = chip();
    let chip = Chip { unified_buffer_bytes: 1 << 24, dram: Dram { bytes: 1 << 40, ..chip.dram }, ..chip };
    time_products(&[product], &chip).unwrap_or_else(|refused| panic!("{refused:?}"))
}

#[divan::bench]
fn resnet50() -> Timed {
    let text = include_str!("../tests/data/scalesim/resnet50.csv");
    let topology = parse_topology(text, Layout::Convolution).value.expect("it is a topology");
    time_topology(&topology, &chip()).unwrap_or_else(|refused| panic!("{refused:?}"))
}

#[divan::bench]
fn mapped() -> Timed {
    let text = include_str!("../tests/data/scalesim/resnet50.csv");
    let topology = parse_topology(text, Layout::Convolution).value.expect("it is a topology");
    let chip = chip();
    time_topology_arranged(&topology, &chip, &mut |plan| explore::map(plan, &chip).0)
        .unwrap_or_else(|refused| panic!("{refused:?}"))
}
