//! Tensors of more axes: random programs that move elements, on random chips, equal to the reference; times by hand.

#![allow(clippy::unwrap_used)] // a test may fail

mod made;
mod made_moves;

use proptest::prelude::*;
use systole::base::Diagnostic;
use systole::chip::Chip;
use systole::import::Files;
use systole::job::{Finished, compile};

fn run(text: &str, chip: &Chip) -> Finished {
    let compiled = compile(text, &Files::default(), chip);
    compiled.job.unwrap_or_else(|| panic!("{text}\n{:?}", compiled.diagnostics)).finish()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn memory_equals_the_reference(text in prop_oneof![4 => made_moves::program(), 1 => made::program()], chip in made::chip()) {
        let compiled = compile(&text, &Files::default(), &chip);
        let Some(job) = compiled.job else {
            // The only thing that can be wrong with these programs.
            let said = |d: &Diagnostic| d.message.contains("bytes of the unified buffer");
            prop_assert!(compiled.diagnostics.iter().any(said), "{} {:?}", text, compiled.diagnostics);
            return Ok(());
        };
        let finished = job.finish();
        prop_assert_eq!(&finished.disagreement, &None, "{} on {:?}", text, chip);
        let report = finished.report(&text);
        prop_assert_eq!(report.outputs.len(), finished.graph.outputs.len());
    }
}

/// What stays where it is costs nothing.
#[test]
fn a_reshape_takes_no_time() {
    let chip = Chip::classroom(4, 4).unwrap();
    let declared = "input x : i8[6, 10]\nweight w : i8[10, 5]\n";
    let plain = run(&format!("{declared}output requant(x @ w, shift=3)\n"), &chip);
    let shaped = run(&format!("{declared}output reshape(requant(x @ w, shift=3), [3, 1, 10])\n"), &chip);
    assert_eq!(plain.trace.cycles, shaped.trace.cycles);
    assert_eq!(shaped.disagreement, None);
    assert_eq!(shaped.values(shaped.graph.outputs[0].tensor).unwrap().len(), 30);
}
