//! Chip files: TOML with a value a key, and two tables that say where values are from.
//!
//! ```toml
//! based_on = "tpu-v4"     # optional: what is left out is that preset's
//! clock_mhz = 1200
//!
//! [sources]               # optional: a title, and the keys whose values it gives
//! "Data sheet, 2026" = ["clock_mhz"]
//!
//! [assumed]               # optional: a key whose value no source gives, and why it was chosen
//! dram_latency_ns = "as its neighbours have"
//! ```

use toml_parser::decoder::{Encoding, IntegerRadix, ScalarKind};
use toml_parser::parser::{EventReceiver, RecursionGuard, parse_document};
use toml_parser::{ErrorSink, ParseError, Source};

use super::description::{Description, Origin, unknown};
use super::field::{Key, Kind, NONE, Need};
use super::value::Value;
use super::{ChipError, preset};
use crate::base::{Diagnostic, Diagnostics, Span};

/// Longest chip file, in bytes.
pub const MOST_FILE_BYTES: usize = 64 << 10;

/// What a chip file holds.
#[derive(Debug)]
pub struct ParsedChip {
    /// Its values, if there were no errors: then they make a chip.
    pub description: Option<Description>,
    /// Errors in the order of the text.
    pub diagnostics: Vec<Diagnostic>,
}

/// Reads a chip file.
pub fn parse(text: &str) -> ParsedChip {
    let mut say = Diagnostics::default();
    if text.len() > MOST_FILE_BYTES {
        let message = format!("the chip file has more than the {MOST_FILE_BYTES} bytes that are read");
        say.error(Span::default(), message, "a chip file needs a few lines only");
        return ParsedChip { description: None, diagnostics: say.into_sorted() };
    }
    let statements = statements(text, &mut say);
    let description = Reader { say: &mut say, seen: Vec::new(), told: Vec::new() }.read(&statements);
    let description = Some(description).filter(|_| !say.has_errors());
    ParsedChip { description, diagnostics: say.into_sorted() }
}

/// `key = value`, with the table around it; or a table's header, whose value is [`What::Header`].
struct Statement {
    /// At most [`MOST_PARTS`] parts: what is deeper is wrong anyway.
    path: Vec<Word>,
    /// Whether the path begins with a table's header.
    below_header: bool,
    value: Given,
}

/// Parts of a path that are kept: one more than any that is right has.
const MOST_PARTS: usize = 3;

/// A key or a string, and its place.
#[derive(Clone)]
struct Word {
    text: String,
    span: Span,
}

/// What stands behind the `=`.
struct Given {
    span: Span,
    what: What,
}

enum What {
    Scalar(ScalarKind, String),
    Array(Vec<Word>),
    Table,
    /// There is no value: a table begins.
    Header,
    /// It is no TOML, and that has been said.
    Broken,
}

struct Reader<'a> {
    say: &'a mut Diagnostics,
    /// Paths that have been given a value, in their order.
    seen: Vec<String>,
    /// Keys of which the file has said where their values are from.
    told: Vec<Key>,
}

impl Reader<'_> {
    fn read(&mut self, statements: &[Statement]) -> Description {
        let mut description = self.base(statements);
        let mut places = [None; Key::ALL.len()];
        let fresh: Vec<&Statement> =
            statements.iter().filter(|statement| !self.is_repeated(statement)).collect();
        for statement in &fresh {
            match &statement.path[..] {
                [table] if matches!(statement.value.what, What::Header) => self.table(table),
                [name] if name.text != BASED_ON => {
                    if let Some(key) = self.value(name, &statement.value, &mut description) {
                        places[key as usize] = Some(statement.value.span);
                    }
                }
                // A header's own statement has been answered before those below it.
                [table, _] if !statement.below_header => self.table(table),
                [first, .., last]
                    if statement.path.len() > 2 || matches!(statement.value.what, What::Header) =>
                {
                    self.say.error(
                        first.span.to(last.span),
                        "chip files have no tables within tables",
                        TABLES,
                    );
                }
                _ => {}
            }
        }
        // Sources may stand before the values that they give.
        for Statement { path, value, .. } in &fresh {
            match &path[..] {
                [table, name] if table.text == SOURCES => self.source(name, value, &mut description),
                [table, name] if table.text == ASSUMED => self.assumption(name, value, &mut description),
                _ => {}
            }
        }
        // One complaint at a time: what is missing may be what could not be read.
        if !self.say.has_errors() {
            for error in description.chip().err().into_iter().flatten() {
                let span = error.keys.iter().find_map(|key| places[*key as usize]).unwrap_or_default();
                self.error(span, error);
            }
        }
        description
    }

    fn table(&mut self, table: &Word) {
        if ![SOURCES, ASSUMED].contains(&table.text.as_str()) {
            let message = format!("a chip file has no table `{}`", clip(&table.text));
            self.say.error(table.span, message, TABLES);
        }
    }

    /// The preset that everything begins with.
    fn base(&mut self, statements: &[Statement]) -> Description {
        let based_on =
            |statement: &&Statement| matches!(&statement.path[..], [name] if name.text == BASED_ON);
        let Some(Statement { value, .. }) = statements.iter().find(based_on) else {
            return Description::default();
        };
        let What::Scalar(ScalarKind::String, name) = &value.what else {
            self.say.error(value.span, "`based_on` names a preset", "as in `based_on = \"tpu-v4\"`");
            return Description::default();
        };
        preset(name).unwrap_or_else(|| {
            self.error(value.span, super::presets::unknown(name));
            Description::default()
        })
    }

    fn is_repeated(&mut self, statement: &Statement) -> bool {
        let path: Vec<&str> = statement.path.iter().map(|word| word.text.as_str()).collect();
        let header = matches!(statement.value.what, What::Header);
        let path = if header { format!("[{}]", path.join(".")) } else { path.join(".") };
        match self.seen.binary_search(&path) {
            Ok(_) => {
                let span = statement.path.last().map(|word| word.span).unwrap_or_default();
                let message = match header {
                    true => format!("`{}` stands here twice", clip(&path)),
                    false => format!("`{}` has a value already", clip(&path)),
                };
                self.say.error(span, message, "leave out one of them");
                true
            }
            Err(at) => {
                self.seen.insert(at, path);
                false
            }
        }
    }

    fn value(&mut self, name: &Word, value: &Given, description: &mut Description) -> Option<Key> {
        if name.text.is_empty() || matches!(value.what, What::Broken) {
            return None; // it is no TOML, and that has been said
        }
        if [SOURCES, ASSUMED].contains(&name.text.as_str()) {
            self.say.error(
                name.span,
                format!("`{}` is a table", name.text),
                format!("begin it with [{}]", name.text),
            );
            return None;
        }
        let Some(key) = Key::named(&name.text) else {
            self.unknown(name);
            return None;
        };
        let What::Scalar(kind, text) = &value.what else {
            let message = format!("`{}` has one value, not a list or a table", name.text);
            self.say.error(value.span, message, format!("it is {}", key.field().kind.in_words()));
            return None;
        };
        let quoted = matches!(kind, ScalarKind::String);
        if quoted && text == NONE && key.field().need == Need::Optional {
            description.remove(key);
            return Some(key);
        }
        // Fractions are written as strings: TOML has no others.
        match key.field().kind {
            Kind::Text | Kind::Word(_) if !quoted => {
                let hint = format!("as in `{} = \"{}\"`", name.text, clip(text));
                self.say.error(value.span, format!("`{}` is a text, in quotes", name.text), hint);
            }
            Kind::Whole { .. } | Kind::Flag if quoted => {
                let message = format!("`{}` is no text: leave out the quotes", name.text);
                self.say.error(value.span, message, format!("it is {}", key.field().kind.in_words()));
            }
            _ if matches!(kind, ScalarKind::Integer(radix) if *radix != IntegerRadix::Dec) => {
                let message = format!("`{}` is a decimal number", name.text);
                self.say.error(value.span, message, "write it without 0x, 0o or 0b");
            }
            _ => match Value::read(key, text) {
                Ok(value) => description.put(key, value, Origin::Unsaid),
                Err(error) => self.error(value.span, error),
            },
        }
        Some(key)
    }

    fn source(&mut self, title: &Word, value: &Given, description: &mut Description) {
        let What::Array(keys) = &value.what else {
            self.say.error(value.span, "a source gives a list of keys", SOURCE);
            return;
        };
        if title.text.is_empty() || title.text.chars().count() > MOST_REASON {
            let message = format!("a source's title has from 1 to {MOST_REASON} characters");
            self.say.error(title.span, message, SOURCE);
            return;
        }
        let source = description.add_source(&clip(&title.text));
        for word in keys {
            self.origin(word, Origin::Source(source), description);
        }
    }

    fn assumption(&mut self, key: &Word, value: &Given, description: &mut Description) {
        let What::Scalar(ScalarKind::String, why) = &value.what else {
            self.say.error(value.span, "an assumption says why, in quotes", ASSUMED_EXAMPLE);
            return;
        };
        if why.is_empty() || why.chars().count() > MOST_REASON {
            let message = format!("a reason has from 1 to {MOST_REASON} characters");
            self.say.error(value.span, message, ASSUMED_EXAMPLE);
            return;
        }
        self.origin(key, Origin::Assumed(clip(why)), description);
    }

    fn origin(&mut self, word: &Word, origin: Origin, description: &mut Description) {
        let Some(key) = Key::named(&word.text) else {
            return self.unknown(word);
        };
        // What a preset says of a value's origin is replaced, what the file says is not.
        if self.told.contains(&key) {
            let message = format!("it is said already where `{}` is from", word.text);
            self.say.error(word.span, message, "leave out one of them");
            return;
        }
        self.told.push(key);
        if !description.come_from(key, origin) {
            let message = format!("`{}` has no value", word.text);
            self.say.error(word.span, message, "say where a value is from only if there is one");
        }
    }

    fn unknown(&mut self, word: &Word) {
        // Looking for a near name is not worth it when nobody will be told.
        if !self.say.is_full() {
            self.error(word.span, unknown(&word.text));
        }
    }

    fn error(&mut self, span: Span, error: ChipError) {
        self.say.error(span, error.message, error.hint);
    }
}

const BASED_ON: &str = "based_on";
const SOURCES: &str = "sources";
const ASSUMED: &str = "assumed";
const TABLES: &str = "besides keys and their values there are [sources] and [assumed]";
const SOURCE: &str = "as in `\"Data sheet, 2026\" = [\"rows\", \"cols\"]`";
const ASSUMED_EXAMPLE: &str = "as in `dram_latency_ns = \"as its neighbours have\"`";

/// Longest title and reason, in characters.
const MOST_REASON: usize = 300;

/// As it is shown and kept: of bounded length, without control characters.
fn clip(text: &str) -> String {
    text.chars().take(MOST_REASON).map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// Every `key = value` of a TOML text.
fn statements(text: &str, say: &mut Diagnostics) -> Vec<Statement> {
    let source = Source::new(text);
    let tokens = source.lex().into_vec();
    let mut gatherer =
        Gatherer { source, table: Vec::new(), keys: Vec::new(), within: None, found: Vec::new() };
    let mut errors: Vec<ParseError> = Vec::new();
    {
        let mut guarded = RecursionGuard::new(&mut gatherer, MOST_DEPTH);
        parse_document(&tokens, &mut guarded, &mut errors);
    }
    for error in errors {
        let place = error.unexpected().or(error.context()).map(span).unwrap_or_default();
        say.error(
            place,
            format!("this is no TOML: {}", error.description()),
            "see toml.io for how it is written",
        );
    }
    gatherer.found
}

/// Lists within lists that are looked into: none is needed.
const MOST_DEPTH: u32 = 4;

fn span(span: toml_parser::Span) -> Span {
    Span { start: span.start() as u32, end: span.end() as u32 }
}

/// Collects what the parser meets on its way.
struct Gatherer<'t> {
    source: Source<'t>,
    table: Vec<Word>,
    /// Of the key that is being read.
    keys: Vec<Word>,
    /// The list or table that is being read as a value, and how deep in it.
    within: Option<(Given, u32)>,
    found: Vec<Statement>,
}

impl Gatherer<'_> {
    fn finish(&mut self, value: Given) {
        let below_header = !self.table.is_empty();
        let parts = self.table.iter().cloned().chain(std::mem::take(&mut self.keys));
        self.found.push(Statement { path: parts.take(MOST_PARTS).collect(), below_header, value });
    }

    fn open(&mut self, at: toml_parser::Span, what: What) {
        match &mut self.within {
            // What lies within a value is no value of ours.
            Some((given, depth)) => {
                given.what = What::Table;
                *depth += 1;
            }
            None => self.within = Some((Given { span: span(at), what }, 1)),
        }
    }

    fn close(&mut self, at: toml_parser::Span) {
        if let Some((mut given, depth)) = self.within.take() {
            given.span = given.span.to(span(at));
            match depth {
                1 => self.finish(given),
                _ => self.within = Some((given, depth - 1)),
            }
        }
    }

    fn close_table(&mut self, at: toml_parser::Span) {
        self.table = std::mem::take(&mut self.keys);
        let (path, value) = (self.table.clone(), Given { span: span(at), what: What::Header });
        self.found.push(Statement { path, below_header: false, value });
    }
}

impl EventReceiver for Gatherer<'_> {
    fn std_table_open(&mut self, _: toml_parser::Span, _: &mut dyn ErrorSink) {
        self.keys.clear();
    }

    fn std_table_close(&mut self, at: toml_parser::Span, _: &mut dyn ErrorSink) {
        self.close_table(at);
    }

    fn array_table_open(&mut self, _: toml_parser::Span, _: &mut dyn ErrorSink) {
        self.keys.clear();
    }

    fn array_table_close(&mut self, at: toml_parser::Span, error: &mut dyn ErrorSink) {
        error.report_error(ParseError::new("a chip has no lists of tables").with_unexpected(at));
        self.close_table(at);
    }

    fn inline_table_open(&mut self, at: toml_parser::Span, _: &mut dyn ErrorSink) -> bool {
        self.open(at, What::Table);
        true
    }

    fn inline_table_close(&mut self, at: toml_parser::Span, _: &mut dyn ErrorSink) {
        self.close(at);
    }

    fn array_open(&mut self, at: toml_parser::Span, _: &mut dyn ErrorSink) -> bool {
        self.open(at, What::Array(Vec::new()));
        true
    }

    fn array_close(&mut self, at: toml_parser::Span, _: &mut dyn ErrorSink) {
        self.close(at);
    }

    fn simple_key(&mut self, at: toml_parser::Span, encoding: Option<Encoding>, error: &mut dyn ErrorSink) {
        if self.within.is_some() || self.keys.len() == MOST_PARTS {
            return;
        }
        let mut text = String::new();
        if let Some(raw) = self.source.get(at) {
            toml_parser::Raw::new_unchecked(raw.as_str(), encoding, at).decode_key(&mut text, error);
        }
        self.keys.push(Word { text, span: span(at) });
    }

    fn scalar(&mut self, at: toml_parser::Span, encoding: Option<Encoding>, error: &mut dyn ErrorSink) {
        let mut text = String::new();
        let Some(raw) = self.source.get(at) else { return };
        let raw = toml_parser::Raw::new_unchecked(raw.as_str(), encoding, at);
        let mut errors: Vec<ParseError> = Vec::new();
        let kind = raw.decode_scalar(&mut text, &mut errors);
        let place = span(at);
        let broken = !errors.is_empty();
        errors.into_iter().for_each(|e| error.report_error(e));
        match &mut self.within {
            Some((Given { what: What::Array(words), .. }, _)) if matches!(kind, ScalarKind::String) => {
                words.push(Word { text, span: place });
            }
            Some((given, _)) => given.what = What::Table,
            None if broken => self.finish(Given { span: place, what: What::Broken }),
            None => self.finish(Given { span: place, what: What::Scalar(kind, text) }),
        }
    }

    fn newline(&mut self, _: toml_parser::Span, _: &mut dyn ErrorSink) {
        if self.within.is_none() {
            // A key without a value has been complained about.
            self.keys.clear();
        }
    }
}
