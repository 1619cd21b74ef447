//! What is said of a program's text, as plain objects with the offsets of a browser: UTF-16 code units.

use serde::Serialize;

use crate::base::{Diagnostic, Lines, Severity, Utf16};

/// One finding.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PageDiagnostic {
    severity: &'static str,
    from: u32,
    to: u32,
    line: u32,
    column: u32,
    message: String,
    hint: Option<String>,
    edit: Option<PageEdit>,
}

/// What stands from one place to another gives way to a text.
#[derive(Serialize)]
struct PageEdit {
    from: u32,
    to: u32,
    text: String,
}

/// All findings in a text, in its order.
pub fn diagnostics(text: &str, all: &[Diagnostic]) -> Vec<PageDiagnostic> {
    let lines = Lines::new(text);
    let mut walk = Utf16::new(text);
    all.iter().map(|d| diagnostic(d, &lines, &mut walk)).collect()
}

fn diagnostic(d: &Diagnostic, lines: &Lines, walk: &mut Utf16) -> PageDiagnostic {
    let start = lines.position(d.span.start);
    PageDiagnostic {
        severity: match d.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        },
        from: walk.offset(d.span.start),
        to: walk.offset(d.span.end),
        line: start.line,
        column: start.column,
        message: d.message.clone(),
        hint: d.hint.clone(),
        edit: d.edit.as_ref().map(|edit| PageEdit {
            from: walk.offset(edit.span.start),
            to: walk.offset(edit.span.end),
            text: edit.text.clone(),
        }),
    }
}
