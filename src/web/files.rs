//! Files that the page reads, and programs in the one style.

use serde::Serialize;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsError, JsValue};

use super::to_js;
use crate::base::Lines;
use crate::chip::{self, ParsedChip};
use crate::lang::{self, MOST_TEXT_BYTES};

/// A chip file that has been read.
#[derive(Serialize)]
struct ChipFile {
    /// What it says, for a session; nothing if it has errors.
    words: Vec<String>,
    /// What is wrong with it: the line, the reason and how to mend it.
    problems: Vec<String>,
}

/// Reads a chip file.
#[wasm_bindgen(js_name = readChipFile)]
pub fn read_chip_file(text: &str) -> Result<JsValue, JsError> {
    let ParsedChip { description, diagnostics } = chip::parse(text);
    let lines = Lines::new(text);
    let problem = |d: crate::base::Diagnostic| {
        let line = lines.position(d.span.start).line;
        format!("line {line}: {}; {}", d.message, d.hint.unwrap_or_default())
    };
    to_js(&ChipFile {
        words: description.map(|described| described.to_words()).unwrap_or_default(),
        problems: diagnostics.into_iter().map(problem).collect(),
    })
}

/// A program in the one style; nothing if it has errors of its own text.
#[wasm_bindgen(js_name = formatProgram)]
pub fn format_program(text: &str) -> Option<String> {
    let readable = text.len() <= MOST_TEXT_BYTES && !lang::parse(text).diagnostics.has_errors();
    readable.then(|| lang::format(text))
}
