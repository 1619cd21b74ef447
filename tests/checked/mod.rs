//! What every test that compiles holds plans and programs to: the checker of the crate, which knows nothing of how they were made.

use systole::check::{Checked, Limit, check_plan, check_program};
use systole::chip::Chip;
use systole::emit::Emitted;
use systole::isa::{Assembly, Given, InstructionId};
use systole::job::Finished;
use systole::schedule::Plan;

/// A run whose plan and program have no faults, as far as the checker goes.
pub fn sound(finished: Finished) -> Finished {
    assert_planned(&finished.plan, &finished.emitted, &finished.chip);
    finished
}

/// Neither has a plan, nor the program that is made of it.
pub fn assert_planned(plan: &Plan, emitted: &Emitted, chip: &Chip) -> Checked {
    assert_eq!(check_plan(plan, chip), Ok(()), "{plan}");
    assert_clean(&assembly(plan, emitted), chip)
}

/// The program with what is there before it runs, and what must be there behind it.
pub fn assembly(plan: &Plan, emitted: &Emitted) -> Assembly {
    let mut assembly = Assembly::of(emitted.program.clone());
    for (root, buffer) in emitted.dram.iter() {
        let memory = &plan.tensors[*root];
        if memory.declared {
            assembly.inputs.insert(*buffer, Given::Seeded);
        }
        if memory.output {
            assembly.outputs.push(*buffer);
        }
    }
    assembly
}

/// A program has no faults.
pub fn assert_clean(assembly: &Assembly, chip: &Chip) -> Checked {
    let checked = check_program(assembly, chip, Limit::WHOLE);
    let name = |id: InstructionId| {
        let instruction = &assembly.program.instructions[id];
        format!("instruction {} of {}", id.index(), instruction.unit.name())
    };
    let faults = checked.faults.iter().map(|fault| {
        let at = fault.instruction.map(name).unwrap_or_default();
        format!("{at}: {}", fault.message(&assembly.program, &name))
    });
    let faults: Vec<String> = faults.collect();
    assert!(faults.is_empty(), "{}\n{}", faults.join("\n"), systole::isa::text::print(assembly));
    checked
}
