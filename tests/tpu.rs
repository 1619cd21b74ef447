//! Measurements of real chips, `tests/data/tpu_v1/` and `tests/data/tpu_v4/`: TPU v1's counters and TPU v4's matrix products, compared as
//! `systole validate` does.

#![allow(clippy::unwrap_used)] // a test may fail

use systole::base::Ratio;
use systole::chip::{Chip, Dram, Handover, Link};
use systole::job::validate::Subject;
use systole::job::validate::tpu_v1::{self, Compared, Published};
use systole::job::validate::tpu_v4::{Fitted, Measured, Range, errors, methods, ours, parse, simulate};

fn data(path: &str) -> Result<String, String> {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/");
    std::fs::read_to_string(format!("{root}{path}")).map_err(|e| format!("{path}: {e}"))
}

fn preset(name: &str) -> Chip {
    Chip::preset(name).unwrap()
}

fn compared(chip: &Chip) -> Vec<Compared> {
    let published = Published::read(&data).unwrap();
    tpu_v1::APPS.iter().map(|app| tpu_v1::compare(app, &published, chip).unwrap()).collect()
}

fn greatest_difference(compared: &Compared) -> f64 {
    let off = compared.shares.iter().filter_map(|share| share.relative_difference());
    off.map(f64::abs).fold(0.0, f64::max)
}

/// Each share within 8 % of the measured one; of the two programs whose counters say other batches than the paper's table, what
/// waits for weights.
#[test]
fn tpu_v1_spends_its_cycles_as_counted() {
    for compared in compared(&preset("tpu-v1")) {
        let off = greatest_difference(&compared);
        match compared.name {
            "MLP0" | "LSTM0" | "CNN1" => assert!(off < 0.08, "{compared:?}"),
            "MLP1" | "LSTM1" => {
                let waits = Compared { shares: compared.shares[1..].to_vec(), ..compared.clone() };
                assert!(greatest_difference(&waits) < 0.08 && off < 0.23, "{compared:?}");
            }
            name => assert!(name == "CNN0" && off < 0.01, "{compared:?}"),
        }
        assert!((compared.shares.iter().map(|share| share.ours).sum::<f64>() - 1.0).abs() < 1e-12);
    }
}

/// The programs have the weights and the work that the paper says, rounded as it rounds.
#[test]
fn tpu_v1_programs_are_as_described() {
    for compared in compared(&preset("tpu-v1")).iter().filter(|compared| compared.whole()) {
        let Compared { weights: [theirs, ours], macs_a_weight: [a_weight, our], .. } = compared;
        assert_eq!(ours.round(), *theirs, "{compared:?}");
        assert_eq!(our, a_weight, "{compared:?}");
    }
}

/// The shares belong to this chip's DRAM: at four fifths of its speed they are not met. That tiles move padded matters less, as
/// nearly all of these are whole.
#[test]
fn another_memory_is_noticed() {
    let chip = preset("tpu-v1");
    let Link { bytes_per_cycle, latency } = chip.dram.link;
    let slower = bytes_per_cycle.times(Ratio::new(4, 5).unwrap()).unwrap();
    let slower = Dram { link: Link { bytes_per_cycle: slower, latency }, ..chip.dram };
    let cut = Dram { padded_tiles: false, ..chip.dram };
    for (dram, noticed) in [(slower, true), (cut, false)] {
        let mlp0 = &compared(&Chip { dram, ..chip.clone() })[0];
        assert_eq!(greatest_difference(mlp0) > 0.08, noticed, "{mlp0:?}");
    }
}

fn products() -> Vec<Measured> {
    parse(&data("tpu_v4/gemm.csv").unwrap()).unwrap()
}

/// On all rows this good; and on either half, also with constants of the other half, better than the crude sum and SCALE-Sim.
#[test]
fn tpu_v4_takes_as_long_as_measured() {
    let products = products();
    let simulated = simulate(&products, &preset("tpu-v4")).unwrap();
    let all = errors(&products, &ours(&simulated), Fitted::Nothing, None);
    assert!(all.products == 598 && all.median < 0.05 && all.ninetieth < 0.12, "{all:?}");
    for fitted in [Fitted::Odd, Fitted::Even] {
        let methods = methods(&products, &simulated, fitted).unwrap();
        let [as_it_is, refitted, crude, scalesim, relative] =
            methods.map(|method| errors(&products, &method, fitted, None));
        for our in [as_it_is, refitted] {
            assert!(our.median < 0.053 && our.ninetieth < 0.125, "{fitted:?}: {our:?}");
            assert!(our.rank_correlation > 0.988, "{our:?}");
            for theirs in [crude, scalesim, relative] {
                assert!(our.median < theirs.median && our.ninetieth < theirs.ninetieth, "{theirs:?}");
            }
        }
    }
}

/// What is fitted is there for a reason: without any of it errors are greater.
#[test]
fn without_what_is_fitted_tpu_v4_is_further_off() {
    let products = products();
    let chip = preset("tpu-v4");
    let handover = chip.handover.unwrap();
    let without = |handover| Chip { handover, ..chip.clone() };
    let never_again = Handover { again: u64::MAX, ..handover };
    let cases = [
        Chip { program_cores: None, ..chip.clone() },
        Chip { launch_overhead_ns: 0, ..chip.clone() },
        Chip { common: None, ..chip.clone() },
        without(None),
        without(Some(never_again)),
        without(Some(Handover { most: u64::MAX, ..handover })),
    ];
    let off = |chip: &Chip| {
        let simulated = simulate(&products, chip).unwrap();
        [Fitted::Odd, Fitted::Even].map(|half| errors(&products, &ours(&simulated), half, None).ninetieth)
    };
    let with = off(&chip);
    for case in &cases {
        let errors = off(case);
        assert!(
            errors.iter().zip(with).all(|(error, with)| *error > with + 0.01),
            "{case:?}: {errors:?}, {with:?}"
        );
    }
}

#[test]
fn ranges_are_those_that_were_measured_together() {
    let products = products();
    assert_eq!(products.len(), 598);
    for product in &products {
        // The largest products came without SCALE-Sim's cycles.
        assert_eq!(product.scalesim.is_none(), product.range() == Range::Large, "{product:?}");
    }
}

/// Every comparison has rows, and columns as many as it says.
#[test]
fn every_subject_has_a_table() {
    for subject in Subject::ALL {
        for table in subject.tables(&data).unwrap() {
            assert!(!table.rows.is_empty(), "{}", table.title);
            assert!(table.rows.iter().all(|row| row.len() == table.columns.len()), "{}", table.title);
        }
    }
}

#[test]
fn broken_files_are_named() {
    let broken = |path: &str| data(path).map(|text| text.replacen("\n", "\nx", 1).replacen("[{", "[", 1));
    for (subject, file) in [
        (Subject::Array, "array/golden.json: "),
        (Subject::Rtl, "rtl/latencies.csv: line 2: "),
        (Subject::TpuV4, "tpu_v4/gemm.csv: line 2: "),
    ] {
        let error = subject.tables(&broken).unwrap_err();
        assert!(error.starts_with(file), "{error}");
    }
    let error = Subject::TpuV1.tables(&broken).unwrap_err();
    assert_eq!(error, "tpu_v1/table3.csv: there is no MLP0");
    let none = |path: &str| Err(format!("{path}: no such file"));
    assert_eq!(Subject::ScaleSim.tables(&none).unwrap_err(), "scalesim/results.csv: no such file");
}
