//! The checker: what the compiler makes has no faults, and every kind of break is caught.

#![allow(clippy::unwrap_used)] // a test may fail

mod made;
mod made_moves;

use proptest::prelude::*;
use systole::check::{Checked, FaultKind, check_plan, check_program};
use systole::chip::Chip;
use systole::import::Files;
use systole::isa::text::assemble;
use systole::isa::{Assembly, Unit, Work};
use systole::job::{assembly, compile};

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
        text in prop_oneof![made::program(), made_moves::program(), made_moves::products(), made_moves::repeats()],
        chip in made::chip(),
    ) {
        let files = Files::default();
        let Some(assembly) = assembly(&text, &files, &chip).1 else { return Ok(()) };
        assert_clean(&assembly, &chip);
        if let Some(job) = compile(&text, &files, &chip).job {
            prop_assert_eq!(check_plan(&job.finish().plan, &chip), Ok(()));
        }
    }
}
