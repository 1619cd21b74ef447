//! The chip as the page has it: a preset or a chip file, and what was changed of it by hand.

use crate::chip::Chip;
use crate::chip::{self, ChipError, Description};

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

impl Wish {
    /// As the preset or file has it.
    pub fn original(&self) -> Result<Description, ChipError> {
        match &self.words[..] {
            [] => chip::preset(&self.base).ok_or_else(|| chip::unknown_preset(&self.base)),
            words => Description::from_words(words),
        }
    }

    /// The chip, if there is such a one.
    pub fn chip(&self) -> Option<Chip> {
        self.original().ok()?.amend(self.changes()).ok()
    }

    /// Names of fields and what they are to say, for [`Description::amend`].
    pub fn changes(&self) -> impl Iterator<Item = (&str, &str)> {
        self.keys.iter().zip(&self.values).map(|(key, value)| (key.as_str(), value.as_str()))
    }
}
