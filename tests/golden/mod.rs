//! Galleries: files under `tests/cases/`, and beside each what is said of it. `BLESS=1` writes the answers anew; read them
//! before you commit them.

use std::fs;
use std::path::{Path, PathBuf};

/// Files of a folder under `tests/cases/` whose endings are any but `.txt`, in the order of their names.
pub fn cases(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases").join(folder);
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut cases: Vec<PathBuf> = paths.filter(|path| path.extension().is_some_and(|e| e != "txt")).collect();
    cases.sort();
    cases
}

/// Holds the answer to each case to the file that `golden` names.
pub fn hold(cases: &[PathBuf], golden: impl Fn(&Path) -> PathBuf, answer: impl Fn(&str, &[u8]) -> String) {
    let bless = std::env::var_os("BLESS").is_some();
    let mut different = Vec::new();
    for case in cases {
        let name = case.file_name().unwrap().to_str().unwrap();
        let said = answer(name, &fs::read(case).unwrap());
        let golden = golden(case);
        if bless {
            fs::write(&golden, &said).unwrap();
        } else if fs::read_to_string(&golden).unwrap_or_default() != said {
            different.push(said);
        }
    }
    assert!(different.is_empty(), "other messages than recorded:\n{}", different.join("\n"));
}
