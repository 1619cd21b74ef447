//! Answers to the editor, as plain objects with the offsets of a browser: UTF-16 code units.

use serde::Serialize;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsError, JsValue};

use super::to_js;
use crate::base::{Span, Utf16};
use crate::graph::{LoadError, Loader};
use crate::job::{Assist, Completion, CompletionKind, Hover};
use crate::num::Array;

/// What stands at a UTF-16 offset of a text, whatever it is: nothing, or the place, its type and a sentence.
#[wasm_bindgen]
pub fn hover(text: &str, offset: u32) -> Result<JsValue, JsError> {
    to_js(&Question::new(text, offset).hover())
}

/// Where the name at a UTF-16 offset of a text is defined, if it is one that the program defines.
#[wasm_bindgen]
pub fn definition(text: &str, offset: u32) -> Result<JsValue, JsError> {
    to_js(&Question::new(text, offset).definition())
}

/// What could be written at a UTF-16 offset of a text.
#[wasm_bindgen]
pub fn complete(text: &str, offset: u32) -> Result<JsValue, JsError> {
    to_js(&Question::new(text, offset).completions())
}

/// Of a tensor that is loaded, its declaration says enough.
pub(super) struct NoFiles;

impl Loader for NoFiles {
    fn load(&self, _: &str) -> Result<Array, LoadError> {
        unreachable!("it has no values")
    }

    fn has_values(&self) -> bool {
        false
    }
}

/// A part of the text.
#[derive(Serialize)]
struct PagePlace {
    from: u32,
    to: u32,
}

/// What stands at a place.
#[derive(Serialize)]
struct PageHover {
    from: u32,
    to: u32,
    head: String,
    about: String,
    topic: &'static str,
}

/// What could be written, and where the word begins that it would replace.
#[derive(Serialize)]
struct PageCompletions {
    from: u32,
    list: Vec<PageCompletion>,
}

#[derive(Serialize)]
struct PageCompletion {
    label: String,
    kind: &'static str,
    detail: String,
    about: String,
}

/// A text and a place in it: anything that a page may send.
struct Question<'t> {
    text: &'t str,
    assist: Assist<'t>,
    at: usize,
}

impl<'t> Question<'t> {
    /// About the character at `offset`; beyond the end, about the end.
    fn new(text: &'t str, offset: u32) -> Question<'t> {
        Question { text, assist: Assist::new(text, &NoFiles), at: Utf16::byte(text, offset) }
    }

    /// What stands there.
    fn hover(&self) -> Option<PageHover> {
        let Hover { span, head, about, topic } = self.assist.hover(self.at)?;
        let PagePlace { from, to } = self.place(span);
        Some(PageHover { from, to, head, about, topic })
    }

    /// Where the name that stands there is defined.
    fn definition(&self) -> Option<PagePlace> {
        self.assist.definition(self.at).map(|span| self.place(span))
    }

    /// What could be written there.
    fn completions(&self) -> PageCompletions {
        let (start, list) = self.assist.completions(self.at);
        let item = |Completion { label, kind, detail, about }| PageCompletion {
            label,
            kind: name(kind),
            detail,
            about,
        };
        PageCompletions {
            from: Utf16::new(self.text).offset(start as u32),
            list: list.into_iter().map(item).collect(),
        }
    }

    fn place(&self, span: Span) -> PagePlace {
        let mut walk = Utf16::new(self.text);
        PagePlace { from: walk.offset(span.start), to: walk.offset(span.end) }
    }
}

fn name(kind: CompletionKind) -> &'static str {
    match kind {
        CompletionKind::Keyword => "keyword",
        CompletionKind::Function => "function",
        CompletionKind::Value => "name",
        CompletionKind::Type => "type",
        CompletionKind::Argument => "attribute",
    }
}
