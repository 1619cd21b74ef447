//! What is said about a text that came from outside: where, what is wrong, how to mend it.

use crate::base::{Lines, Span, insert_by_key};

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// The program does not compile.
    Error,
    /// The program compiles, but probably not as meant.
    Warning,
}

/// One finding in a source text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// The place.
    pub span: Span,
    /// What is wrong, one sentence without a full stop.
    pub message: String,
    /// How to mend it.
    pub hint: Option<String>,
    /// A change of the text that does what the hint says, where there is one way to do it.
    pub edit: Option<Edit>,
}

/// A change of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// What goes.
    pub span: Span,
    /// What comes in its place.
    pub text: String,
}

impl Edit {
    /// Another text in place of what is there.
    pub fn replace(span: Span, text: impl Into<String>) -> Edit {
        Edit { span, text: text.into() }
    }

    /// The changed text.
    pub fn apply(&self, text: &str) -> String {
        let Span { start, end } = self.span;
        format!("{}{}{}", &text[..start as usize], self.text, &text[end as usize..])
    }
}

impl Diagnostic {
    /// `FILE:LINE:COLUMN: error: ...`, the line with the place marked, and the hint.
    pub fn render(&self, file: &str, text: &str) -> String {
        let lines = Lines::new(text);
        let start = lines.position(self.span.start);
        let source = clip(lines.text_of(start.line));
        let width = text[self.span.range()].lines().next().unwrap_or("").chars().count().max(1);
        let severity = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        let mut out =
            format!("{file}:{}:{}: {severity}: {}\n", start.line, start.column, plain(&self.message));
        if start.column as usize <= source.chars().count() + 1 {
            let indent = " ".repeat(start.column as usize - 1);
            let room = (source.chars().count() + 2 - start.column as usize).max(1);
            out += &format!("  | {source}\n  | {indent}{}\n", "^".repeat(width.min(room)));
        }
        if let Some(hint) = &self.hint {
            out += &format!("  = hint: {}\n", plain(hint));
        }
        out
    }
}

/// A line for a terminal: no tabs or other control characters, of bounded length.
fn clip(line: &str) -> String {
    plain(line).chars().take(160).collect()
}

/// A text for a terminal: names in it may come from anywhere.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// A list under construction. It keeps the first hundred errors and as many warnings, so that hostile text cannot fill
/// memory with complaints, nor warnings hide an error.
#[derive(Clone, Debug, Default)]
pub struct Diagnostics {
    errors: Vec<Diagnostic>,
    warnings: Vec<Diagnostic>,
}

impl Diagnostics {
    const MOST: usize = 100;

    /// Adds an error.
    pub fn error(&mut self, span: Span, message: impl Into<String>, hint: impl Into<String>) {
        push(&mut self.errors, Severity::Error, span, message.into(), hint.into());
    }

    /// Adds an error whose hint the edit carries out.
    pub fn error_with(
        &mut self,
        span: Span,
        message: impl Into<String>,
        hint: impl Into<String>,
        edit: Option<Edit>,
    ) {
        let next = self.errors.len();
        self.error(span, message, hint);
        if let Some(edit) = edit {
            self.mend(next, edit);
        }
    }

    /// Gives the error of that number its edit, if it was kept.
    pub fn mend(&mut self, error: usize, edit: Edit) {
        if let Some(error) = self.errors.get_mut(error) {
            error.edit = Some(edit);
        }
    }

    /// Adds a warning.
    pub fn warning(&mut self, span: Span, message: impl Into<String>, hint: impl Into<String>) {
        push(&mut self.warnings, Severity::Warning, span, message.into(), hint.into());
    }

    /// Number of errors so far.
    pub fn errors(&self) -> usize {
        self.errors.len()
    }

    /// Adds to the hints of all errors but the first so many. Those that say of a place what has been said of it go.
    pub fn add_to_hints(&mut self, from: usize, note: &str) {
        for mut error in self.errors.split_off(from) {
            if self.errors.iter().any(|known| known.span == error.span && known.message == error.message) {
                continue;
            }
            match &mut error.hint {
                Some(hint) => *hint += note,
                None => error.hint = Some(note.trim_start().to_owned()),
            }
            self.errors.push(error);
        }
    }

    /// Whether further errors would not be kept: then it is not worth looking for hints.
    pub fn is_full(&self) -> bool {
        self.errors.len() >= Self::MOST
    }

    /// Whether an error is among them.
    pub fn has_errors(&self) -> bool {
        !self.errors.is_empty()
    }

    /// The findings in the order of the text, errors and warnings together.
    pub fn into_sorted(self) -> Vec<Diagnostic> {
        let mut list = Vec::new();
        for finding in self.errors.into_iter().chain(self.warnings) {
            insert_by_key(&mut list, finding, |d| (d.span.start, d.span.end));
        }
        list
    }
}

fn push(list: &mut Vec<Diagnostic>, severity: Severity, span: Span, message: String, hint: String) {
    if list.len() < Diagnostics::MOST {
        let hint = Some(hint).filter(|hint| !hint.is_empty());
        list.push(Diagnostic { severity, span, message, hint, edit: None });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_diagnostic_marks_its_place() {
        let mut list = Diagnostics::default();
        list.error(Span { start: 4, end: 6 }, "no `xx`", "did you mean `x`?");
        let shown = list.into_sorted()[0].render("p.systole", "a = xx\n");
        assert_eq!(
            shown,
            "p.systole:1:5: error: no `xx`\n  | a = xx\n  |     ^^\n  = hint: did you mean `x`?\n"
        );
    }

    #[test]
    fn a_flood_is_cut() {
        let mut list = Diagnostics::default();
        (0..1000).for_each(|i| list.warning(Span { start: i, end: i }, "again", ""));
        list.error(Span::default(), "after all these", "");
        assert!(list.has_errors() && !list.is_full());
        (0..1000).for_each(|i| list.error(Span { start: i, end: i }, "again", ""));
        assert_eq!(list.into_sorted().len(), 2 * Diagnostics::MOST);
    }
}
