//! The checker: what the compiler makes has no faults, and every kind of break is caught.

#![allow(clippy::unwrap_used)] // a test may fail

mod made;
mod made_chains;
mod made_images;
mod made_moves;

use proptest::prelude::*;
use systole::check::{Checked, check_plan, check_program};
use systole::chip::Chip;
use systole::import::Files;
use systole::isa::Assembly;
use systole::isa::text::assemble;
use systole::job::{assembly, compile};
use systole::schedule::Pipeline;

fn assert_clean(assembly: &Assembly, chip: &Chip) -> Checked {
    let checked = check_program(assembly, chip);
    let name = |id: systole::isa::InstructionId| {
        let instruction = &assembly.program.instructions[id];
        format!("instruction {} of {}", id.index(), instruction.unit.name())
    };
    let faults: Vec<String> = checked
        .faults
        .iter()
        .map(|fault| {
            let at = fault.instruction.map(name).unwrap_or_default();
            format!("{at}: {}", fault.message(&assembly.program, &name))
        })
        .collect();
    assert!(faults.is_empty(), "{}\n{}", faults.join("\n"), systole::isa::text::print(assembly));
    checked
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn what_is_compiled_has_no_faults(
        text in made::in_some_order(prop_oneof![
            made::program(), made_moves::program(), made_moves::products(), made_moves::repeats(), made_moves::chains(),
            made_images::program(),
        ]),
        chip in prop_oneof![made::skipping_chip(), made_images::on(made::skipping_chip())],
    ) {
        let files = Files::default();
        let Some(assembly) = assembly(&text, &files, &chip, &Pipeline::default()).1 else { return Ok(()) };
        assert_clean(&assembly, &chip);
        if let Some(job) = compile(&text, &files, &chip).job {
            prop_assert_eq!(check_plan(&job.finish().plan, &chip), Ok(()));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Tensors that have the same place one after the other.
    #[test]
    fn what_takes_places_over_has_no_faults(
        text in made_chains::program(), chip in made_chains::small_buffer(),
    ) {
        let files = Files::default();
        let Some(assembly) = assembly(&text, &files, &chip, &Pipeline::default()).1 else { return Ok(()) };
        assert_clean(&assembly, &chip);
        if let Some(job) = compile(&text, &files, &chip).job {
            prop_assert_eq!(check_plan(&job.finish().plan, &chip), Ok(()));
        }
    }
}

/// The whole of it, on every dataflow, whether tensors stay in the unified buffer or pass through it.
#[test]
fn examples_are_checked_whole() {
    let text = "input x : i8[40, 12]\nweight w : i8[12, 10]\nweight b : i32[10]\nh = relu(requant(x @ w + b, shift=4))\n\
                weight v : i8[10, 9]\noutput h @ v\n";
    for dataflow in ["ws", "is", "os"] {
        for unified_buffer_bytes in [400, 100_000] {
            let mut chip = systole::chip::preset("classroom-2x2").unwrap();
            for (key, value) in [("dataflow", dataflow), ("accumulator_rows", "8")] {
                chip.set(key, value).unwrap();
            }
            let chip = Chip { unified_buffer_bytes, ..chip.chip().unwrap() };
            let assembly = assembly(text, &Files::default(), &chip, &Pipeline::default()).1.unwrap();
            let checked = assert_clean(&assembly, &chip);
            assert!(checked.whole && checked.instructions > 100, "{checked:?}");
        }
    }
}

/// Eight rows through room for four, two at a time, on an array of 2 x 2 whose weights stay.
const STREAMED: &str = "\
input x : i8[8, 2]
input w : i8[2, 2]
unified x@ub : i8[8, 2] holds 8
unified y@ub : i32[8, 2] holds 32
output y : i32[8, 2]
repeat 4 as i {
  read x@ub[2*i +: 2] = x[2*i +: 2]  wait left -1  signal arrived
  fetch w
  load
  multiply acc[2*i mod 4] = x@ub[2*i +: 2]  wait arrived, drained -1  signal passed
  vector y@ub[2*i +: 2] = acc[2*i mod 4]  wait passed, left -1  signal worked, drained
  write y[2*i +: 2] = y@ub[2*i +: 2]  wait worked  signal left
}
";

/// Two sums, the second of which takes the place that the first one's operand had.
const SHARED: &str = "\
input a : i32[4]
input b : i32[4]
unified a@ub : i32[4]
unified b@ub : i32[4] at 0
unified c@ub : i32[4] at 16
unified d@ub : i32[4] at 32
output c : i32[4]
output d : i32[4]
read a@ub = a  signal arrived
vector c@ub = a@ub | add 1  wait arrived  signal worked
read b@ub = b  wait worked  signal arrived
write c = c@ub  wait worked
vector d@ub = b@ub | add c@ub  wait arrived, worked  signal worked
write d = d@ub  wait worked
";

/// A product added up in two parts, where sums stay.
const CONTRACTED: &str = "\
input a : i8[2, 4]
input w : i8[4, 2]
unified a@ub : i8[2, 4]
unified w@ub : i8[4, 2]
unified c@ub : i32[2, 2]
output c : i32[2, 2]
read a@ub = a  signal arrived
read w@ub = w  signal arrived
contract acc[0] = a@ub[:, 0:2] by w@ub[0:2]  wait arrived
contract acc[0] += a@ub[:, 2:4] by w@ub[2:4]  signal passed
vector c@ub = acc[0]  wait passed  signal worked
write c = c@ub  wait worked
";

fn kinds(text: &str, chip: &Chip) -> Vec<String> {
    let read = assemble(text);
    let said: String = read.diagnostics.iter().map(|d| d.render("p", text)).collect();
    assert!(said.is_empty(), "{said}");
    assert_eq!(systole::isa::broken_rules(&read.assembly.program, chip), []);
    let checked = check_program(&read.assembly, chip);
    checked.faults.iter().map(|fault| fault.kind.to_string()).collect()
}

fn square(dataflow: &str) -> Chip {
    let mut chip = systole::chip::preset("classroom-2x2").unwrap();
    chip.set("dataflow", dataflow).unwrap();
    chip.chip().unwrap()
}

/// Each change of a right program is found, and as what it is.
#[test]
fn every_kind_of_break_is_caught() {
    let (weights, sums) = (square("ws"), square("os"));
    for (text, chip) in [(STREAMED, &weights), (SHARED, &weights), (CONTRACTED, &sums)] {
        assert_eq!(kinds(text, chip), [] as [String; 0], "{text}");
    }
    for (text, chip, what, by, kind) in [
        // A wait is dropped, or waits for less.
        (STREAMED, &weights, "wait arrived, drained -1", "wait drained -1", "early"),
        (STREAMED, &weights, "acc[2*i mod 4]", "acc[0]", "early"),
        // The copy before has waited for what left the chip, and that for the sums.
        (STREAMED, &weights, "wait arrived, drained -1", "wait arrived", ""),
        (STREAMED, &weights, "wait arrived, drained -1", "wait arrived -1, drained -1", "early"),
        (STREAMED, &weights, "wait passed, left -1", "wait left -1", "early"),
        (STREAMED, &weights, "wait worked", "", "early"),
        (STREAMED, &weights, "x[2*i +: 2]  wait left -1", "x[2*i +: 2]", "overfull"),
        (STREAMED, &weights, "x[2*i +: 2]  wait left -1", "x[2*i +: 2]  wait left -2", "overfull"),
        (STREAMED, &weights, "wait passed, left -1", "wait passed", ""),
        (SHARED, &weights, "add c@ub  wait arrived, worked", "add c@ub  wait arrived", ""),
        (SHARED, &weights, "read b@ub = b  wait worked", "read b@ub = b", "shared"),
        (SHARED, &weights, "write c = c@ub  wait worked", "write c = c@ub", "early"),
        (CONTRACTED, &sums, "wait passed", "", "early"),
        (CONTRACTED, &sums, "0:2] by w@ub[0:2]  wait arrived", "0:2] by w@ub[0:2]  wait arrived -1", "early"),
        // A buffer holds less, or lies elsewhere.
        (STREAMED, &weights, "holds 8", "holds 7", "overfull"),
        (STREAMED, &weights, "holds 32", "holds 31", "overfull"),
        (SHARED, &weights, "at 16", "at 0", "shared"),
        (SHARED, &weights, "at 32", "at 20", "shared"),
        // An instruction is dropped, or does another thing.
        (
            STREAMED,
            &weights,
            "  read x@ub[2*i +: 2] = x[2*i +: 2]  wait left -1  signal arrived\n",
            "  read y@ub[2*i +: 2] = y[2*i +: 2]  signal arrived\n",
            "unwritten",
        ),
        (STREAMED, &weights, "x@ub[2*i +: 2] = x[2*i +: 2]", "x@ub[i +: 2] = x[2*i +: 2]", "replaced"),
        (STREAMED, &weights, "write y[2*i +: 2]", "write y[0:2]", "twice"),
        (STREAMED, &weights, "acc[2*i mod 4]  wait passed", "acc[2 mod 4]  wait passed", "unwritten"),
        (
            STREAMED,
            &weights,
            "] = x@ub[2*i +: 2]  wait arrived",
            "] += x@ub[2*i +: 2]  wait arrived",
            "unwritten",
        ),
        (SHARED, &weights, "read b@ub = b  wait worked  signal arrived\n", "", "unwritten"),
        (SHARED, &weights, "write d = d@ub", "write d[0:3] = d@ub[0:3]", "missing"),
        (CONTRACTED, &sums, "read w@ub = w  signal arrived\n", "", "unwritten"),
        (CONTRACTED, &sums, "acc[0] = a@ub[:, 0:2]", "acc[0] += a@ub[:, 0:2]", "unwritten"),
        (CONTRACTED, &sums, "write c = c@ub  wait worked\n", "", "missing"),
        (
            CONTRACTED,
            &sums,
            "write c = c@ub  wait worked\n",
            "write c = c@ub  wait worked\nwrite c = c@ub\n",
            "twice",
        ),
    ] {
        assert!(text.contains(what), "{what}");
        let broken = text.replace(what, by);
        let found = kinds(&broken, chip);
        let right = if kind.is_empty() { found.is_empty() } else { found.iter().any(|found| found == kind) };
        assert!(right, "`{by}` for `{what}` is {kind:?}, found {found:?}");
    }
}

/// More tiles are fetched than there are slots before the first one is loaded.
#[test]
fn a_full_fifo_is_stuck() {
    let mut chip = systole::chip::preset("classroom-2x2").unwrap();
    chip.set("weight_fifo_tiles", "2").unwrap();
    let chip = chip.chip().unwrap();
    let text = |tiles: usize| {
        let lines = |line: &str| line.repeat(tiles);
        format!(
            "input a : i8[2, 2]\ninput w : i8[2, 2]\nunified a@ub : i8[2, 2]\nread a@ub = a signal in\n{}\
             fetch w signal all\n{}load wait all\nmultiply acc[0] = a@ub tile i8 by 2 wait in\n",
            lines("fetch w\n"),
            lines("load wait all\nmultiply acc[0] = a@ub tile i8 by 2 wait in\n"),
        )
    };
    assert_eq!(kinds(&text(1), &chip), [] as [String; 0]);
    assert_eq!(kinds(&text(2), &chip), ["stuck"]);
}
