//! Frames of whole runs as programs get them: what each PE works on, held to the contract's formulas and to memory.

#![allow(clippy::unwrap_used)] // a test may fail

mod made;
#[allow(dead_code)] // chips are for others
mod made_images;

use proptest::prelude::*;
use systole::base::Cycle;
use systole::chip::Chip;
use systole::import::Files;
use systole::job::{Finished, FrameReport, compile};
use systole::sim::array::cases::{Grid as Registers, Held, State};

/// Nothing if the chip is too small for the program.
fn run(text: &str, chip: &Chip) -> Option<Finished> {
    let compiled = compile(text, &Files::default(), chip);
    let too_small = compiled.diagnostics.iter().any(|d| d.message.contains("of the unified buffer"));
    assert!(compiled.job.is_some() || too_small, "{:?}", compiled.diagnostics);
    Some(compiled.job?.finish())
}

fn held(registers: &Registers, row: usize, col: usize) -> Vec<i64> {
    match &registers[row][col] {
        None => Vec::new(),
        Some(Held::One(value)) => vec![*value],
        Some(Held::Several(values)) => values.clone(),
    }
}

/// The registers of operands: from the left, and from above.
fn operands(state: &State) -> (&Registers, &Registers) {
    match state {
        State::Weights { act, weight, .. } | State::Sums { act, weight, .. } => (act, weight),
    }
}

/// Every PE holds the elements that it is said to work on. A buffer's name may be that of several: one of them has them.
fn check(finished: &Finished, frame: &FrameReport) {
    let (left, above) = operands(frame.registers.as_ref().unwrap());
    let numbers: Vec<u64> = frame.passes.iter().map(|pass| pass.number).collect();
    for pass in &frame.passes {
        let places = |named: &str| {
            let buffers = finished.emitted.program.buffers.iter();
            buffers.filter(|(_, buffer)| buffer.name == named).map(|(id, _)| id.index()).collect::<Vec<_>>()
        };
        for (registers, elements, tensor) in
            [(left, &frame.left_element, &pass.left), (above, &frame.above_element, &pass.above)]
        {
            let holds = |buffer: &usize| {
                let values: Vec<i32> = finished.memory[*buffer].iter().collect();
                frame.pass.iter().enumerate().all(|(row, line)| {
                    line.iter().enumerate().filter(|(_, at)| **at == [pass.number]).all(|(col, _)| {
                        let of = |element: &u64| values.get(*element as usize).map(|value| i64::from(*value));
                        let expected: Option<Vec<i64>> = elements[row][col].iter().map(of).collect();
                        let shown = held(registers, row, col);
                        // Padding is 0, and is no element; one that stays is named once a step.
                        match expected {
                            Some(expected) if expected.is_empty() => shown.iter().all(|value| *value == 0),
                            Some(expected) => {
                                shown == expected || expected.iter().all(|value| [*value] == shown[..])
                            }
                            None => false,
                        }
                    })
                })
            };
            assert!(places(tensor).iter().any(holds), "`{tensor}` in cycle {}", frame.cycle);
        }
    }
    for line in &frame.pass {
        assert!(line.iter().flatten().all(|pass| numbers.contains(pass)));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn every_pe_works_on_what_it_holds(text in prop_oneof![made::program(), made_images::of(&["i8"])], chip in made::chip(), at in 0..1000u64) {
        let Some(finished) = run(&text, &chip) else { return Ok(()) };
        for unit in 0..chip.matrix_units {
            let lane = &finished.trace.passes[unit];
            // Near a pass, so that most cycles have something to show.
            let pass = lane.get(at * lane.len() / 1000);
            let cycle = pass.map_or(at, |pass| pass.start + at % 8).min(finished.trace.cycles);
            check(&finished, &finished.frame(&text, unit, cycle));
        }
    }
}

/// By hand: the pass starts in 18, so in cycle 23 PE(i, j) is at row 5 - i - j, if there is one.
#[test]
fn a_small_product_by_hand() {
    let text = "input a : i8[4, 4]\nweight w : i8[4, 4]\noutput a @ w\n";
    let finished = run(text, &Chip::classroom(4, 4).unwrap()).unwrap();
    let frame = finished.frame(text, 0, 23);
    assert_eq!((frame.passes[0].load, frame.passes[0].start, frame.passes[0].line), (Some(14), 18, 3));
    for (i, j) in (0..4usize).flat_map(|i| (0..4usize).map(move |j| (i, j))) {
        let step: Vec<u64> = (5 - i as i64 - j as i64).try_into().into_iter().filter(|m| *m < 4).collect();
        assert_eq!(frame.step[i][j], step, "PE({i}, {j})");
        let left: Vec<u64> = step.iter().map(|m| 4 * m + i as u64).collect();
        assert_eq!(frame.left_element[i][j], left);
        assert_eq!(frame.above_element[i][j].len(), step.len());
    }
}

/// A run that no one could step through: ten thousand million cycles, looked at near its end.
#[test]
fn a_late_cycle_is_as_near_as_an_early_one() {
    let chip = Chip::classroom(128, 128).unwrap();
    let chip = Chip { unified_buffer_bytes: 1 << 24, ..chip };
    let text = "Layer, M, N, K,\nlarge, 1000000, 4000, 4000,\n";
    let topology = systole::import::scalesim::parse_topology(text, systole::import::scalesim::Layout::Gemm);
    let timed = systole::job::time_topology(
        &topology.value.unwrap(),
        &Chip { dram: systole::chip::Dram { bytes: 1 << 40, ..chip.dram }, ..chip },
    );
    let timed = timed.unwrap_or_else(|refused| panic!("{refused:?}"));
    assert!(timed.trace.cycles > 1_000_000_000);
    let last = timed.trace.passes[0].last().unwrap();
    let frame = timed.frame(text, 0, last.start + 200);
    let busy = frame.pass.iter().flatten().filter(|pass| !pass.is_empty()).count();
    assert!(busy > 0 && frame.registers.is_none());
    let number = timed.trace.passes[0].len() - 1;
    assert_eq!(frame.pass[0][0], [number]);
    let entered: Cycle = frame.step[0][0][0];
    assert_eq!(entered, 200);
}
