//! Words of a text, and its statements: a statement is a line, with the lines after it that begin with `|`, `wait` or
//! `signal`.

use crate::base::{Diagnostics, Span};

/// A word.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Word<'t> {
    pub kind: Kind,
    /// As it is written; of a name in quotes what is between them.
    pub text: &'t str,
    pub span: Span,
}

/// Kinds of words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A letter or `_`, then letters, digits, `_` and `.`.
    Name,
    /// In quotes: never a word of the language.
    Quoted,
    /// Digits, with or without a fraction and an exponent.
    Number,
    Mark,
}

/// The longest ones first.
const MARKS: [&str; 17] =
    ["+:", "+=", "=", "+", "-", "*", ":", ",", ";", "@", "|", "[", "]", "{", "}", "(", ")"];

/// A text's statements, each with at least one word. What is no word is said, and left out.
pub(super) fn statements<'t>(text: &'t str, say: &mut Diagnostics) -> Vec<Vec<Word<'t>>> {
    let mut all: Vec<Vec<Word>> = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let words = words(text, start, start + line.trim_end_matches(['\n', '\r']).len(), say);
        start += line.len();
        match (all.last_mut(), words.first()) {
            (Some(statement), Some(first)) if goes_on(first) => statement.extend(words),
            (_, Some(_)) => all.push(words),
            (_, None) => {}
        }
    }
    all
}

fn goes_on(first: &Word) -> bool {
    match first.kind {
        Kind::Mark => first.text == "|",
        Kind::Name => matches!(first.text, "wait" | "signal"),
        _ => false,
    }
}

/// Of one line.
fn words<'t>(text: &'t str, mut at: usize, end: usize, say: &mut Diagnostics) -> Vec<Word<'t>> {
    let mut words = Vec::new();
    while let Some(c) = text[at..end].chars().next() {
        let rest = &text[at..end];
        let len = match c {
            '#' => break,
            _ if c.is_whitespace() => c.len_utf8(),
            _ => match word(rest, c) {
                Some((kind, len)) => {
                    let span = span(at, at + len);
                    let text = if kind == Kind::Quoted { &rest[1..len - 1] } else { &rest[..len] };
                    words.push(Word { kind, text, span });
                    len
                }
                None if c == '"' => {
                    say.error(span(at, end), "this name has no end", "close it with `\"`, on the same line");
                    rest.len()
                }
                None => {
                    let message = format!("`{}` is no word here", c.escape_default());
                    say.error(span(at, at + c.len_utf8()), message, "comments begin with `#`");
                    c.len_utf8()
                }
            },
        };
        at += len;
    }
    words
}

fn span(start: usize, end: usize) -> Span {
    // Texts are far below 4 GiB.
    Span { start: start as u32, end: end as u32 }
}

fn word(rest: &str, first: char) -> Option<(Kind, usize)> {
    let until = |ends: fn(char) -> bool| rest.find(ends).unwrap_or(rest.len());
    match first {
        '"' => quoted(rest).map(|len| (Kind::Quoted, len)),
        '0'..='9' => Some((Kind::Number, number(rest))),
        'a'..='z' | 'A'..='Z' | '_' => Some((Kind::Name, until(|c| !is_of_name(c)))),
        _ => MARKS.iter().find(|mark| rest.starts_with(**mark)).map(|mark| (Kind::Mark, mark.len())),
    }
}

/// How long a text in quotes is, with these; in it `\\` stands before what is not meant as such.
fn quoted(rest: &str) -> Option<usize> {
    let mut escaped = false;
    let end = rest[1..].bytes().position(|byte| match byte {
        _ if escaped => {
            escaped = false;
            false
        }
        b'\\' => {
            escaped = true;
            false
        }
        byte => byte == b'"',
    });
    Some(end? + 2)
}

/// A name in quotes.
pub(super) fn in_quotes(name: &str) -> String {
    let mut text = String::from('"');
    for c in name.chars() {
        match c {
            '\n' => text += "\\n",
            '"' | '\\' => text.extend(['\\', c]),
            c => text.push(c),
        }
    }
    text + "\""
}

/// What stands between quotes.
pub(super) fn unquoted(text: &str) -> String {
    let mut name = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => name.extend(chars.next().map(|c| if c == 'n' { '\n' } else { c })),
            c => name.push(c),
        }
    }
    name
}

/// Whether it may stand in a name.
pub(super) fn is_of_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '.')
}

/// How long a number is: it ends before what no number has.
fn number(rest: &str) -> usize {
    let bytes = rest.as_bytes();
    let digits = |from: usize| bytes[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let mut len = digits(0);
    if bytes.get(len) == Some(&b'.') && digits(len + 1) > 0 {
        len += 1 + digits(len + 1);
    }
    if bytes.get(len) == Some(&b'e') {
        let sign = usize::from(matches!(bytes.get(len + 1), Some(b'+' | b'-')));
        match digits((len + 1 + sign).min(bytes.len())) {
            0 => {}
            exponent => len += 1 + sign + exponent,
        }
    }
    len
}
