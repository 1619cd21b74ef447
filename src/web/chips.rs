//! What the page has to know of any chip, whether its form is open or not.

use serde::Serialize;

use super::wish::Wish;
use crate::chip::{Chip, ChipError, Key, PRESETS};

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

/// What came of a wish.
#[derive(Default, Serialize)]
pub struct ChipState {
    /// Whether the base could be read.
    known: bool,
    sides: Vec<Side>,
    problems: Vec<Problem>,
}

/// Rows or columns of an array.
#[derive(Serialize)]
struct Side {
    key: &'static str,
    value: Option<String>,
    /// What the preset or file has.
    original: Option<String>,
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

impl Wish {
    /// Fulfils it as far as possible; there is a chip to run on if nothing is wrong.
    pub fn choose(&self) -> (ChipState, Option<Chip>) {
        let original = match self.original() {
            Ok(original) => original,
            Err(error) => {
                return (ChipState { problems: vec![Problem::new(error)], ..ChipState::default() }, None);
            }
        };
        let mut described = original.clone();
        let (chip, errors) = match described.amend(self.changes()) {
            Ok(chip) => (Some(chip), Vec::new()),
            Err(errors) => (None, errors),
        };
        let side = |key: Key| Side {
            key: key.field().name,
            value: described.value(key).map(ToString::to_string),
            original: original.value(key).map(ToString::to_string),
        };
        let sides = [Key::Rows, Key::Cols].map(side).into();
        let problems = errors.into_iter().map(Problem::new).collect();
        (ChipState { known: true, sides, problems }, chip)
    }
}
