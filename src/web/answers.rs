//! Answers to the editor, as plain objects with the offsets of a browser: UTF-16 code units.

use serde::Serialize;

use crate::base::{Span, Utf16};
use crate::import::Files;
use crate::job::{Assist, Completion, CompletionKind, Hover};

/// A part of the text.
#[derive(Serialize)]
pub struct PagePlace {
    from: u32,
    to: u32,
}

/// What stands at a place.
#[derive(Serialize)]
pub struct PageHover {
    from: u32,
    to: u32,
    head: String,
    about: String,
}

/// What could be written, and where the word begins that it would replace.
#[derive(Serialize)]
pub struct PageCompletions {
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
pub struct Question<'t> {
    text: &'t str,
    assist: Assist<'t>,
    at: usize,
}

impl<'t> Question<'t> {
    /// About the character at `offset`; beyond the end, about the end.
    pub fn new(text: &'t str, offset: u32, files: &Files) -> Question<'t> {
        Question { text, assist: Assist::new(text, files), at: Utf16::byte(text, offset) }
    }

    /// What stands there.
    pub fn hover(&self) -> Option<PageHover> {
        let Hover { span, head, about } = self.assist.hover(self.at)?;
        let PagePlace { from, to } = self.place(span);
        Some(PageHover { from, to, head, about })
    }

    /// Where the name that stands there is defined.
    pub fn definition(&self) -> Option<PagePlace> {
        self.assist.definition(self.at).map(|span| self.place(span))
    }

    /// What could be written there.
    pub fn completions(&self) -> PageCompletions {
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
