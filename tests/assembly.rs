//! Programs for the machine as text: what is printed is read as the same program.

#![allow(clippy::unwrap_used)] // a test may fail

mod golden;
#[allow(dead_code)] // orders are for others
mod made;
mod made_images;
mod made_moves;

use proptest::prelude::*;
use systole::chip::Chip;
use systole::import::Files;
use systole::isa::binary::{decode, encode};
use systole::isa::text::{assemble, print};
use systole::isa::{Assembly, Program};
use systole::job::{self, assembly};
use systole::schedule::Pipeline;

/// Without places in a program's text, which an assembly does not have.
fn placeless(program: &Program) -> Program {
    let mut program = program.clone();
    for id in program.ops.ids() {
        program.ops[id].span = Default::default();
    }
    program
}

/// The first line in which two texts differ.
fn difference(one: &str, other: &str) -> Option<String> {
    let mut lines = one.lines().zip(other.lines());
    let differing = lines.find(|(one, other)| one != other);
    differing.map(|(one, other)| format!("{one}\n{other}")).filter(|_| one != other)
}

fn assert_keeps(assembly: &Assembly) {
    let text = print(assembly);
    let read = assemble(&text);
    let said: String = read.diagnostics.iter().take(3).map(|d| d.render("p", &text)).collect();
    assert!(said.is_empty(), "{said}{}", text.lines().take(60).collect::<Vec<_>>().join("\n"));
    let again = print(&read.assembly);
    assert_eq!(difference(&text, &again), None);
    let (read, given) = (read.assembly, assembly.clone());
    assert!(placeless(&read.program) == placeless(&given.program), "{text}");
    assert_eq!((read.shapes, read.inputs, read.outputs), (given.shapes, given.inputs, given.outputs));
    let placeless = Assembly { program: placeless(&given.program), ..assembly.clone() };
    assert!(decode(&encode(assembly)).as_ref() == Ok(&placeless), "{text}");
}

/// Every text of a folder of examples that compiles for a chip.
fn examples(folder: &str, chip: &Chip) -> Vec<Assembly> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("www/public/examples").join(folder);
    let paths = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    let mut paths: Vec<_> = paths.filter(|path| path.extension().is_some_and(|e| e == "systole")).collect();
    paths.sort();
    let mut files = Files::default();
    for entry in std::fs::read_dir(folder.join("digits")).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|ending| ending != "npy") {
            continue;
        }
        let name = format!("digits/{}", path.file_name().unwrap().to_str().unwrap());
        files.insert(&name, &std::fs::read(&path).unwrap()).unwrap();
    }
    let read = |path| assembly(&std::fs::read_to_string(path).unwrap(), &files, chip, &Pipeline::default()).1;
    paths.iter().filter_map(read).collect()
}

#[test]
fn examples_are_kept() {
    let preset = |name: &str| systole::chip::preset(name).unwrap().chip().unwrap();
    for chip in [Chip::classroom(8, 8).unwrap(), preset("tpu-v4")] {
        let all = [examples("", &chip), examples("library", &chip)].concat();
        assert!(all.len() > 3, "{}", all.len());
        all.iter().for_each(assert_keeps);
    }
}

/// A program's text says that constants are not folded, where there are some to fold, and runs as without that pass.
#[test]
fn the_text_says_that_constants_are_not_folded() {
    let (files, chip) = (Files::default(), Chip::classroom(4, 4).unwrap());
    let folded = "input x : i8[4, 4]\nweight w : i8[4, 4]\noutput x @ relu(w)\n";
    let unfolded = "input x : i8[4, 4]\nweight w : i8[4, 4]\noutput x @ w\n";
    let all = Pipeline::default();
    let emitted = |text: &str, by: &Pipeline| job::assembly_text(text, &files, &chip, by).1.unwrap();
    let without = all.without("fold").unwrap();
    assert!(!emitted(unfolded, &all).starts_with('#') && !emitted(folded, &without).starts_with('#'));
    let text = emitted(folded, &all);
    assert!(text.starts_with("# without the pass `fold`"), "{text}");
    let cycles = |by: &Pipeline| {
        let job = job::compile_arranged(folded, &files, &chip, by, &mut job::as_planned).job.unwrap();
        job.finish().trace.cycles
    };
    let run = job::run_assembly(&text, &files, &chip).1.unwrap();
    assert_eq!(run.trace.cycles, cycles(&without));
    assert!(run.trace.cycles > cycles(&all));
}

/// `BLESS=1 cargo test --test assembly` writes the messages anew; read them before you commit them.
#[test]
fn wrong_assembly_is_answered_as_recorded() {
    let chip = Chip::classroom(4, 4).unwrap();
    let cases = golden::cases("asm");
    assert!(cases.len() >= 25, "the gallery is there");
    golden::hold(
        &cases,
        |case| case.with_extension("txt"),
        |name, bytes| {
            let text = std::str::from_utf8(bytes).unwrap();
            let (said, run) = job::run_assembly(text, &Files::default(), &chip);
            assert!(run.is_none(), "{name} is wrong");
            for d in &said {
                assert!(d.hint.is_some(), "{name}: `{}` says how to mend it", d.message);
            }
            said.iter().map(|d| d.render(name, text)).collect()
        },
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn random_programs_are_kept(
        text in prop_oneof![
            made::program(), made_moves::program(), made_moves::products(), made_moves::repeats(), made_moves::chains(),
            made_images::program(), made_moves::deep_repeats(),
        ],
        chip in prop_oneof![made::skipping_chip(), made_images::on(made::skipping_chip())],
    ) {
        let Some(assembly) = assembly(&text, &Files::default(), &chip, &Pipeline::default()).1 else { return Ok(()) };
        assert_keeps(&assembly);
        assert_keeps(&Assembly::of(assembly.program));
    }

    /// Assembled, it runs as it did when it was compiled.
    #[test]
    fn random_programs_run_the_same(
        text in prop_oneof![made::program(), made_moves::repeats()],
        chip in made::skipping_chip(),
    ) {
        let files = Files::default();
        let Some(assembly) = assembly(&text, &files, &chip, &Pipeline::default()).1 else { return Ok(()) };
        let Some(compiled) = job::compile(&text, &files, &chip).job else { return Ok(()) };
        let (compiled, printed) = (compiled.finish(), print(&assembly));
        let (said, run) = job::run_assembly(&printed, &files, &chip);
        assert_eq!(said, []);
        let run = run.unwrap();
        prop_assert_eq!(&run.trace, &compiled.trace);
        prop_assert_eq!(&run.memory, &compiled.memory);
        let (ours, theirs) = (run.report(&printed), compiled.report(&text));
        prop_assert_eq!((ours.macs, ours.padding_macs), (theirs.macs, theirs.padding_macs));
        prop_assert!((ours.utilization - theirs.utilization).abs() < 1e-9);
    }
}
