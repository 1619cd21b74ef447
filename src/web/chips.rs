//! The chip as the page has it: a preset or a chip file, and what was changed of it by hand.

use serde::Serialize;

use crate::chip::{self, Chip, ChipError, Description, Key, Kind, Need, PRESETS, Part};

/// What the page asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wish {
    /// Name of a preset, or of a chip file.
    pub base: String,
    /// What the file says, as [`Description::to_words`] has it; nothing for a preset.
    pub words: Vec<String>,
    /// Names of changed fields.
    pub keys: Vec<String>,
    /// What they are to say.
    pub values: Vec<String>,
}

/// A preset, for a list of them.
#[derive(Serialize)]
pub struct Preset {
    name: &'static str,
    title: String,
}

/// Every preset.
pub fn presets() -> Vec<Preset> {
    let title = |name: &str| Chip::preset(name).map(|chip| chip.name).unwrap_or_default();
    PRESETS.into_iter().map(|name| Preset { name, title: title(name) }).collect()
}

/// The chip as a form: every field with what may be said, what is, and where that is from.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ChipForm {
    /// Nothing where the base could not be read.
    summary: Option<String>,
    sources: Vec<String>,
    parts: Vec<FormPart>,
    problems: Vec<Problem>,
    /// As a chip file.
    file: String,
}

#[derive(Serialize)]
struct FormPart {
    title: &'static str,
    fields: Vec<FormField>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
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

#[derive(Serialize)]
struct Problem {
    /// Names of the fields that it is about.
    keys: Vec<&'static str>,
    message: String,
    hint: String,
}

impl Problem {
    fn new(error: ChipError) -> Problem {
        let keys = error.keys.iter().map(|key| key.field().name).collect();
        Problem { keys, message: error.message, hint: error.hint }
    }
}

/// A wish looked at: the form, and the chip if it is one.
pub struct Chosen {
    /// For the page.
    pub form: ChipForm,
    /// To run on.
    pub chip: Option<Chip>,
}

impl Wish {
    /// Fulfils it as far as possible.
    pub fn choose(&self) -> Chosen {
        let original = match &self.words[..] {
            [] => chip::preset(&self.base).ok_or_else(|| chip::unknown_preset(&self.base)),
            words => Description::from_words(words),
        };
        let original = match original {
            Ok(original) => original,
            Err(error) => return Chosen { form: ChipForm::unreadable(error), chip: None },
        };
        let mut described = original.clone();
        let changes = self.keys.iter().zip(&self.values);
        let (chip, errors) = match described.amend(changes.map(|(key, value)| (key.as_str(), value.as_str())))
        {
            Ok(chip) => (Some(chip), Vec::new()),
            Err(errors) => (None, errors),
        };
        let problems = errors.into_iter().map(Problem::new).collect();
        Chosen { form: ChipForm::new(&described, &original, problems), chip }
    }
}

impl ChipForm {
    fn new(described: &Description, original: &Description, problems: Vec<Problem>) -> ChipForm {
        ChipForm {
            summary: Some(described.summary()),
            sources: described.sources().to_vec(),
            parts: Part::ALL.map(|part| FormPart::new(part, described, original)).into(),
            problems,
            file: described.to_toml(),
        }
    }

    fn unreadable(error: ChipError) -> ChipForm {
        let problems = vec![Problem::new(error)];
        ChipForm { summary: None, sources: Vec::new(), parts: Vec::new(), problems, file: String::new() }
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
