//! The chip as a form: every field with what may be said, what is, and where that is from.

use serde::Serialize;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsError, JsValue};

use super::to_js;
use super::wish::Wish;
use crate::chip::{Description, Key, Kind, Need, Part};

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
