//! What is said about a text that came from outside: where, what is wrong, how to mend it.

use crate::base::{Lines, Span};

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
        let mut out = format!("{file}:{}:{}: {severity}: {}\n", start.line, start.column, self.message);
        if start.column as usize <= source.chars().count() + 1 {
            let indent = " ".repeat(start.column as usize - 1);
            let room = (source.chars().count() + 2 - start.column as usize).max(1);
            out += &format!("  | {source}\n  | {indent}{}\n", "^".repeat(width.min(room)));
        }
        if let Some(hint) = &self.hint {
            out += &format!("  = hint: {hint}\n");
        }
        out
    }
}

/// A line for a terminal: no tabs or other control characters, of bounded length.
fn clip(line: &str) -> String {
    line.chars().take(160).map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// A list under construction. It keeps the first hundred, so that hostile text cannot fill memory with complaints.
#[derive(Clone, Debug, Default)]
pub struct Diagnostics {
    list: Vec<Diagnostic>,
}

impl Diagnostics {
    const MOST: usize = 100;

    /// Adds an error.
    pub fn error(&mut self, span: Span, message: impl Into<String>, hint: impl Into<String>) {
        self.push(Diagnostic {
            severity: Severity::Error,
            span,
            message: message.into(),
            hint: Some(hint.into()).filter(|hint| !hint.is_empty()),
        });
    }

    /// Adds a warning.
    pub fn warning(&mut self, span: Span, message: impl Into<String>, hint: impl Into<String>) {
        self.push(Diagnostic {
            severity: Severity::Warning,
            span,
            message: message.into(),
            hint: Some(hint.into()).filter(|hint| !hint.is_empty()),
        });
    }

    fn push(&mut self, diagnostic: Diagnostic) {
        if self.list.len() < Self::MOST {
            self.list.push(diagnostic);
        }
    }

    /// Whether an error is among them.
    pub fn has_errors(&self) -> bool {
        self.list.iter().any(|d| d.severity == Severity::Error)
    }

    /// The findings in the order of the text, errors and warnings together.
    pub fn into_sorted(mut self) -> Vec<Diagnostic> {
        self.list.sort_by_key(|d| (d.span.start, d.span.end));
        self.list
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
        (0..1000).for_each(|i| list.error(Span { start: i, end: i }, "again", ""));
        assert_eq!(list.into_sorted().len(), Diagnostics::MOST);
    }
}
