//! Where a run may be stopped, held to a walk over every cycle and to what stands in the array then.

#![allow(clippy::unwrap_used)] // a test may fail

use systole::base::Cycle;
use systole::chip::Chip;
use systole::import::Files;
use systole::job::{Finished, compile_or_time};
use systole::sim::{Kept, Reach};
use systole::trace::{Class, Counts, NONE};

const PROGRAMS: [&str; 2] = [
    "input a : i8[4, 4]\nweight w : i8[4, 4]\noutput a @ w\n",
    "input x : i8[20, 24]\nweight w : i8[24, 20]\nweight v : i8[20, 16]\noutput requant(x @ w, shift=7) @ v\n",
];

const CHIPS: [&str; 3] = ["classroom-4x4", "classroom-8x8", "tpu-v1"];

fn run(text: &str, chip: &str) -> Finished {
    let chip = Chip::preset(chip).unwrap();
    let compiled = compile_or_time(text, &Files::default(), &chip);
    compiled.timed.unwrap_or_else(|| compiled.job.unwrap().finish())
}

fn each(check: impl Fn(&Finished)) {
    for text in PROGRAMS {
        for chip in CHIPS {
            check(&run(text, chip));
        }
    }
}

#[test]
fn the_next_pass_is_the_next_one_of_all() {
    each(|finished| {
        let trace = &finished.trace;
        let starts: Vec<Cycle> = trace.passes[0].iter_from(0).map(|run| run.start).collect();
        assert!(!starts.is_empty());
        for hops in [0, 1, 5] {
            for after in 0..=trace.cycles {
                let walked = starts.iter().map(|start| start + hops).find(|cycle| *cycle > after);
                assert_eq!(trace.next_pass(0, hops, after), walked, "after {after}, {hops} hops");
            }
        }
        assert_eq!(trace.next_pass(99, 0, 0), None);
    });
}

#[test]
fn a_pass_comes_to_a_pe_when_its_first_row_stands_there() {
    each(|finished| {
        let trace = &finished.trace;
        let works = |cycle: Cycle, row: usize, col: usize| {
            let machine = finished.machine();
            let here = machine.at(0, cycle, Reach::default());
            let frame = here.frame(&mut Kept::default());
            frame.pass[frame.at(row, col)] != NONE
        };
        for (row, col) in [(0, 0), (1, 2), (3, 3)] {
            let first = trace.next_pass(0, (row + col) as Cycle, 0).unwrap();
            assert!(works(first, row, col));
            assert!((0..first).all(|cycle| !works(cycle, row, col)), "PE {row}, {col}");
        }
    });
}

#[test]
fn the_next_stall_is_the_next_one_of_all() {
    let stalls = std::cell::Cell::new(0);
    each(|finished| {
        let trace = &finished.trace;
        let counts = Counts::new(trace);
        let stalled = |t: Cycle| {
            let classes = counts.classes(trace, 0, t..t + 1);
            classes.of(Class::WeightStall) + classes.of(Class::InputStall) == 1
        };
        let begins = |t: &Cycle| stalled(*t) && (*t == 0 || !stalled(*t - 1));
        let all: Vec<Cycle> = (0..trace.cycles).filter(begins).collect();
        stalls.set(stalls.get() + all.len());
        for after in 0..=trace.cycles {
            let walked = all.iter().copied().find(|cycle| *cycle > after);
            assert_eq!(counts.next_stall(trace, 0, after), walked, "after {after}");
        }
    });
    assert!(stalls.get() > 6, "hardly anything stalls");
}
