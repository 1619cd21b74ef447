//! Latencies of public RTL designs follow from our formulas and one constant a design.

#![allow(clippy::unwrap_used)] // a test may fail

use systole::chip::Stationary;
use systole::job::validate::rtl::{DESIGNS, From, compare, cycles};
use systole::timing::Sides;

fn csv() -> String {
    std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/rtl/latencies.csv")).unwrap()
}

#[test]
fn every_measured_latency_follows() {
    let rows = compare(&csv()).unwrap();
    assert_eq!(rows.len(), 41);
    for row in &rows {
        assert!(row.agrees(), "{row:?}");
    }
    for design in &DESIGNS {
        assert!(rows.iter().any(|row| row.design == design), "{} is measured", design.name);
    }
}

/// MACHINE.md sections 1.1 and 1.3 in numbers, so that the comparison does not rest on `timing` alone.
#[test]
fn totals_by_hand() {
    let sides = Sides { rows: 8, cols: 3 };
    assert_eq!(cycles(Stationary::Weights, sides, 20, 1, From::Load), 2 * 8 + 3 + 20 - 2);
    assert_eq!(cycles(Stationary::Weights, sides, 20, 4, From::Load), 8 + 3 * 20 + 20 + 8 + 3 - 2);
    assert_eq!(cycles(Stationary::Weights, sides, 5, 4, From::Stream), 3 * 8 + 5 + 8 + 3 - 2);
    assert_eq!(cycles(Stationary::Sums, sides, 20, 1, From::Stream), 20 + 2 * 8 + 3 - 2);
    // Behind a pass of 4 steps the drain chain asks for 2R - 2 = 14 cycles.
    assert_eq!(cycles(Stationary::Sums, sides, 4, 2, From::Stream), 14 + 4 + 2 * 8 + 3 - 2);
}

#[test]
fn a_wrong_latency_is_noticed() {
    let wrong = csv().replace("axis,8,4,7,1,no,22", "axis,8,4,7,1,no,23");
    assert_eq!(compare(&wrong).unwrap().iter().filter(|row| !row.agrees()).count(), 1);
    assert!(compare("design\n").unwrap_err().starts_with("line 1: "));
    assert_eq!(compare(&csv().replace(",22\n", ",x\n")).unwrap_err(), "line 37: `x` is no number above 0");
}
