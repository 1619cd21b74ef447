//! Wrong programs and what is said of them: `tests/cases/errors/NAME.systole` and `NAME.txt` beside it.
//! `BLESS=1 cargo test --test errors` writes the messages anew; read them before you commit them.

#![allow(clippy::unwrap_used)] // a test may fail

mod golden;

use systole::base::Severity;
use systole::chip::Chip;
use systole::import::{Files, npy};
use systole::job::compile;
use systole::num::{DType, Shape, Type, seeded};

/// What the programs may load: one good array, and some bad files.
fn files() -> Files {
    let mut files = Files::default();
    let array =
        |dtype, dims: &[usize]| npy::write(&seeded("file", Type { dtype, shape: Shape(dims.to_vec()) }));
    let good = array(DType::I8, &[8, 64]);
    files.insert("digits/x.npy", &good).unwrap();
    files.insert("bias.npy", &array(DType::I32, &[10])).unwrap();
    let _ = files.insert("short.npy", &good[..good.len() - 1]);
    let _ = files.insert("zip.npy", b"PK\x03\x04");
    files
}

#[test]
fn wrong_programs_are_answered_as_recorded() {
    let (files, chip) = (files(), Chip::classroom(4, 4).unwrap());
    let cases = golden::cases("errors");
    assert!(cases.len() >= 40, "the gallery is there");
    golden::hold(
        &cases,
        |case| case.with_extension("txt"),
        |name, bytes| {
            let text = std::str::from_utf8(bytes).unwrap();
            let compiled = compile(text, &files, &chip);
            let said: String = compiled.diagnostics.iter().map(|d| d.render(name, text)).collect();
            assert!(!said.is_empty(), "{name} is a wrong program");
            let errors = compiled.diagnostics.iter().any(|d| d.severity == Severity::Error);
            assert_eq!(
                compiled.job.is_none(),
                errors,
                "{name}: a program with errors does not run, any other does"
            );
            for d in &compiled.diagnostics {
                assert!(d.hint.is_some(), "{name}: `{}` says how to mend it", d.message);
            }
            said
        },
    );
}
