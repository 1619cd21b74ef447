//! The chip as a form: every field with what may be said, what is, and where that is from.

use std::collections::BTreeMap;

use serde::Serialize;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsError, JsValue};

use super::findings::{PageDiagnostic, diagnostics};
use super::to_js;
use super::wish::Wish;
use crate::chip::{self, Description, Key, Kind, Need, ParsedChip, Part};

/// The form of a chip as a session's `setChip` takes it; nothing where its base cannot be read.
#[wasm_bindgen(js_name = chipForm)]
pub fn chip_form(
    base: String,
    words: Vec<String>,
    keys: Vec<String>,
    values: Vec<String>,
) -> Result<JsValue, JsError> {
    let wish = Wish { base, words, keys, values };
    let Ok(original) = wish.original() else { return Ok(JsValue::UNDEFINED) };
    let mut described = original.clone();
    // What cannot be is not changed; the session says what is wrong with it.
    let _ = described.amend(wish.changes());
    to_js(&ChipForm::new(&described, &original))
}

/// What the text of a chip file says, as changes of the chip that it was the text of, if that is all that it says; as a chip
/// file's words else. Or what is wrong with it.
#[wasm_bindgen(js_name = readChipText)]
pub fn read_chip_text(base: String, words: Vec<String>, text: &str) -> Result<JsValue, JsError> {
    let ParsedChip { description, diagnostics: found } = chip::parse(text);
    let wish = Wish { base, words, ..Wish::default() };
    let problems = diagnostics(text, &found);
    to_js(&ChipText { chip: description.map(|described| PageChip::new(&described, wish)), problems })
}

#[derive(Serialize)]
struct ChipText {
    chip: Option<PageChip>,
    problems: Vec<PageDiagnostic>,
}

/// A chip as the page has it.
#[derive(Serialize)]
struct PageChip {
    base: String,
    words: Vec<String>,
    changes: BTreeMap<&'static str, String>,
}

impl PageChip {
    fn new(described: &Description, Wish { base, words, .. }: Wish) -> PageChip {
        let original = Wish { base: base.clone(), words: words.clone(), ..Wish::default() }.original().ok();
        match original.and_then(|original| described.changes_of(&original)) {
            Some(changes) => {
                let changes = changes.into_iter().map(|(key, value)| (key.field().name, value)).collect();
                PageChip { base, words, changes }
            }
            None => PageChip { base: file_name(base), words: described.to_words(), changes: BTreeMap::new() },
        }
    }
}

/// What a changed chip is called that is none of the presets any more.
fn file_name(base: String) -> String {
    if chip::preset(&base).is_some() { format!("{base}.toml") } else { base }
}

#[derive(Serialize)]
struct ChipForm {
    summary: String,
    sources: Vec<String>,
    parts: Vec<FormPart>,
    /// As a chip file.
    file: String,
}

#[derive(Serialize)]
struct FormPart {
    title: &'static str,
    fields: Vec<FormField>,
}

#[derive(Serialize)]
struct FormField {
    key: &'static str,
    title: &'static str,
    unit: &'static str,
    meaning: &'static str,
    /// What may be said, in words.
    values: String,
    /// Of a choice: what there is to choose.
    words: Vec<&'static str>,
    optional: bool,
    value: Option<String>,
    /// What the preset or file has.
    original: Option<String>,
    source: Option<String>,
    assumed: Option<String>,
}

impl ChipForm {
    fn new(described: &Description, original: &Description) -> ChipForm {
        ChipForm {
            summary: described.summary(),
            sources: described.sources().to_vec(),
            parts: Part::ALL.map(|part| FormPart::new(part, described, original)).into(),
            file: described.to_toml(),
        }
    }
}

impl FormPart {
    fn new(part: Part, described: &Description, original: &Description) -> FormPart {
        let keys = Key::ALL.into_iter().filter(|key| key.field().part == part);
        FormPart { title: part.title(), fields: keys.map(|key| field(key, described, original)).collect() }
    }
}

fn field(key: Key, described: &Description, original: &Description) -> FormField {
    let field = key.field();
    let words = match field.kind {
        Kind::Word(words) => words.to_vec(),
        Kind::Flag => vec!["true", "false"],
        _ => Vec::new(),
    };
    FormField {
        key: field.name,
        title: field.title,
        unit: field.unit,
        meaning: field.meaning,
        values: field.kind.in_words(),
        words,
        optional: field.need == Need::Optional,
        value: described.value(key).map(ToString::to_string),
        original: original.value(key).map(ToString::to_string),
        source: described.source(key).map(str::to_owned),
        assumed: described.assumed(key).map(str::to_owned),
    }
}
