//! Wrong programs and what is said of them: `tests/cases/errors/NAME.systole` and `NAME.txt` beside it.
//! `BLESS=1 cargo test --test errors` writes the messages anew; read them before you commit them.

#![allow(clippy::unwrap_used)] // a test may fail

mod golden;

use systole::base::{Diagnostic, Edit, Severity};
use systole::chip::Chip;
use systole::import::{Files, npy};
use systole::job::{check, compile};
use systole::num::{DType, Shape, Type, seeded};

/// What the programs may load: one good array, and some bad files.
fn files() -> Files {
    let mut files = Files::default();
    let array = |dtype, dims: &[usize]| {
        npy::write(&seeded("file", Type { dtype, shape: Shape::from(dims.to_vec()) }))
    };
    let good = array(DType::I8, &[8, 64]);
    files.insert("digits/x.npy", &good).unwrap();
    files.insert("bias.npy", &array(DType::I32, &[10])).unwrap();
    files.insert("number.npy", &array(DType::F32, &[])).unwrap();
    let _ = files.insert("short.npy", &good[..good.len() - 1]);
    let _ = files.insert("zip.npy", b"PK\x03\x04");
    files
}

/// A small one, with the fields that a program's lines `# set KEY=VALUE` change.
fn chip(text: &str) -> Chip {
    let mut chip = systole::chip::preset("classroom-4x4").unwrap();
    for change in text.lines().filter_map(|line| line.strip_prefix("# set ")) {
        let (key, value) = change.split_once('=').unwrap();
        chip.set(key, value).unwrap();
    }
    Chip { name: "Classroom 4 x 4".into(), ..chip.chip().unwrap() }
}

#[test]
fn wrong_programs_are_answered_as_recorded() {
    let files = files();
    let cases = golden::cases("errors");
    assert!(cases.len() >= 100, "the gallery is there");
    golden::hold(
        &cases,
        |case| case.with_extension("txt"),
        |name, bytes| {
            let text = std::str::from_utf8(bytes).unwrap();
            let compiled = compile(text, &files, &chip(text));
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

/// A buffer or a tile that a message offers is enough.
#[test]
fn what_is_offered_fits() {
    let mut offered = 0;
    for case in golden::cases("errors") {
        let Ok(text) = String::from_utf8(std::fs::read(&case).unwrap()) else { continue };
        let chip = chip(&text);
        for d in compile(&text, &files(), &chip).diagnostics {
            let hint = d.hint.unwrap_or_default();
            let word = |key: &str| Some(hint.split_once(key)?.1.split_once('`')?.0.to_owned());
            let (text, chip) = match (word("`unified_buffer_kib="), word("`tile=")) {
                (Some(kib), _) => (
                    text.clone(),
                    Chip { unified_buffer_bytes: 1024 * kib.parse::<u64>().unwrap(), ..chip.clone() },
                ),
                (_, Some(tile)) => {
                    let (before, behind) = text.split_once("tile=").unwrap();
                    let behind = behind.split_once(']').unwrap().1;
                    (format!("{before}tile={tile}{behind}"), chip.clone())
                }
                _ => continue,
            };
            if !d.message.contains("is no choice") && !d.message.contains("cannot be") {
                let again = compile(&text, &files(), &chip);
                assert!(again.job.is_some(), "{}: {:?}", case.display(), again.diagnostics);
                offered += 1;
            }
        }
    }
    assert!(offered >= 8, "{offered} messages offer what would do");
}

/// What a hint offers as an edit does what it says: the error is gone. Where every error has an edit, the program compiles
/// after all of them.
#[test]
fn edits_mend_what_they_are_offered_for() {
    let files = files();
    let errors = |text: &str| -> Vec<Diagnostic> {
        let all = check(text, &files).diagnostics;
        all.into_iter().filter(|d| d.severity == Severity::Error).collect()
    };
    let mut mended = 0;
    for case in golden::cases("errors") {
        let name = case.display();
        let Ok(text) = String::from_utf8(std::fs::read(&case).unwrap()) else { continue };
        let found = errors(&text);
        let edits: Vec<&Edit> = found.iter().filter_map(|d| d.edit.as_ref()).collect();
        for d in found.iter().filter(|d| d.edit.is_some()) {
            let edit = d.edit.as_ref().unwrap();
            let after = errors(&edit.apply(&text));
            let still =
                after.iter().any(|later| later.message == d.message && later.span.start == d.span.start);
            assert!(!still, "{name}: {edit:?} does not mend `{}`", d.message);
        }
        if edits.is_empty() || edits.len() < found.len() {
            continue;
        }
        // From the end, so that the places before stay where they are.
        let mut edits = edits;
        edits.sort_by_key(|edit| std::cmp::Reverse(edit.span.start));
        let whole = edits.into_iter().fold(text, |text, edit| edit.apply(&text));
        assert_eq!(errors(&whole), [], "{name}:\n{whole}");
        mended += 1;
    }
    assert!(mended >= 10, "{mended} programs can be mended");
}
