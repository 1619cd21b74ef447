//! One statement, word by word.

use super::words::{Kind, Word, unquoted};
use crate::base::{Bytes, Span, nearest};
use crate::isa::{MOST_BYTES, MOST_NUMBER};
use crate::num::DType;

/// Why a statement cannot be read.
pub(super) enum Wrong {
    /// It has been said elsewhere.
    Known,
    Here {
        span: Span,
        message: String,
        hint: String,
    },
}

/// What a statement's words give.
pub(super) type Read<T> = Result<T, Wrong>;

pub(super) fn wrong<T>(span: Span, message: impl Into<String>, hint: impl Into<String>) -> Read<T> {
    Err(Wrong::Here { span, message: message.into(), hint: hint.into() })
}

/// What is left of a statement.
#[derive(Clone)]
pub(super) struct Line<'w, 't> {
    words: &'w [Word<'t>],
    at: usize,
}

/// A name, with its tag where it has one.
pub(super) struct Label {
    pub name: String,
    /// With its tag.
    pub full: String,
    pub span: Span,
}

impl<'w, 't> Line<'w, 't> {
    /// A statement of at least one word.
    pub(super) fn new(words: &'w [Word<'t>]) -> Line<'w, 't> {
        Line { words, at: 0 }
    }

    pub(super) fn peek(&self) -> Option<Word<'t>> {
        self.words.get(self.at).copied()
    }

    pub(super) fn next(&mut self) -> Option<Word<'t>> {
        let word = self.peek()?;
        self.at += 1;
        Some(word)
    }

    /// The place of the next word, or behind the last one.
    pub(super) fn place(&self) -> Span {
        match self.peek() {
            Some(word) => word.span,
            None => self.words.last().map_or(Span::default(), |word| word.span.after()),
        }
    }

    /// Of the whole statement.
    pub(super) fn whole(&self) -> Span {
        match self.words {
            [first, .., last] => first.span.to(last.span),
            [only] => only.span,
            [] => Span::default(),
        }
    }

    /// The place of the last word in quotes.
    pub(super) fn last_quoted(&self) -> Option<Span> {
        self.words.iter().rev().find(|word| word.kind == Kind::Quoted).map(|word| word.span)
    }

    /// From a place on up to the word before this.
    pub(super) fn since(&self, start: Span) -> Span {
        self.words[..self.at].last().map_or(start, |last| start.to(last.span))
    }

    fn is(&self, kind: Kind, text: &str) -> bool {
        self.peek().is_some_and(|word| word.kind == kind && word.text == text)
    }

    fn takes(&mut self, kind: Kind, text: &str) -> bool {
        let is = self.is(kind, text);
        self.at += usize::from(is);
        is
    }

    /// Goes past a mark if it is there.
    pub(super) fn takes_mark(&mut self, mark: &str) -> bool {
        self.takes(Kind::Mark, mark)
    }

    /// Goes past a word if it is there.
    pub(super) fn takes_word(&mut self, word: &str) -> bool {
        self.takes(Kind::Name, word)
    }

    pub(super) fn is_mark(&self, mark: &str) -> bool {
        self.is(Kind::Mark, mark)
    }

    pub(super) fn expected<T>(&self, what: &str, hint: &str) -> Read<T> {
        let found = match self.peek() {
            Some(word) if word.kind == Kind::Quoted => format!("\"{}\"", shortened(word.text)),
            Some(word) => format!("`{}`", shortened(word.text)),
            None => "the end of the line".to_owned(),
        };
        wrong(self.place(), format!("expected {what}, found {found}"), hint)
    }

    pub(super) fn mark(&mut self, mark: &str, hint: &str) -> Read<()> {
        if self.takes_mark(mark) { Ok(()) } else { self.expected(&format!("`{mark}`"), hint) }
    }

    pub(super) fn word(&mut self, word: &str, hint: &str) -> Read<()> {
        if self.takes_word(word) { Ok(()) } else { self.expected(&format!("`{word}`"), hint) }
    }

    pub(super) fn end(&self, hint: &str) -> Read<()> {
        if self.peek().is_none() { Ok(()) } else { self.expected("the end of the line", hint) }
    }

    pub(super) fn name(&mut self, what: &str, hint: &str) -> Read<Word<'t>> {
        match self.peek() {
            Some(word) if word.kind == Kind::Name => {
                self.at += 1;
                Ok(word)
            }
            _ => self.expected(what, hint),
        }
    }

    /// `a`, `"a b"`, `a@ub.2`.
    pub(super) fn label(&mut self, what: &str) -> Read<Label> {
        let Some(word) = self.peek().filter(|word| matches!(word.kind, Kind::Name | Kind::Quoted)) else {
            return self.expected(what, "names are letters, digits, `_` and `.`; any other stands in quotes");
        };
        self.at += 1;
        let name = if word.kind == Kind::Quoted { unquoted(word.text) } else { word.text.to_owned() };
        let mut full = name.clone();
        if self.takes_mark("@") {
            match self.next().filter(|word| matches!(word.kind, Kind::Name | Kind::Number)) {
                Some(tag) => full += &format!("@{}", tag.text),
                None => {
                    self.at -= 1;
                    return self.expected("a tag", "`a@ub` is another `a`");
                }
            }
        }
        Ok(Label { name, full, span: self.since(word.span) })
    }

    /// An event's: it may have a number, as in `passed[0]`.
    pub(super) fn event(&mut self) -> Read<Label> {
        let mut label = self.label("an event")?;
        let mut ahead = self.clone();
        if ahead.takes_mark("[") {
            let number = ahead.whole_number("which of them")?;
            ahead.mark("]", "events of a family are written `passed[0]`")?;
            *self = ahead;
            let number = format!("[{number}]");
            (label.name, label.full) = (label.name + &number, label.full + &number);
            label.span = self.since(label.span);
        }
        Ok(label)
    }

    /// At most [`MOST_NUMBER`].
    pub(super) fn whole_number(&mut self, what: &str) -> Read<usize> {
        let most = MOST_NUMBER.min(usize::MAX as u64);
        let number = self.whole_up_to(most, what)?;
        Ok(usize::try_from(number).expect("it is no more than the greatest one"))
    }

    /// An element's, or how many elements are between two.
    pub(super) fn place_of(&mut self, what: &str) -> Read<u64> {
        self.whole_up_to(MOST_NUMBER, what)
    }

    /// Of a memory.
    pub(super) fn bytes(&mut self, what: &str) -> Read<Bytes> {
        self.whole_up_to(MOST_BYTES, what)
    }

    fn whole_up_to(&mut self, most: u64, what: &str) -> Read<u64> {
        let Some(word) = self.peek().filter(|word| word.kind == Kind::Number) else {
            return self.expected(what, "a whole number");
        };
        match word.text.parse::<u64>() {
            Ok(number) if number <= most => {
                self.at += 1;
                Ok(number)
            }
            Err(_) if !word.text.bytes().all(|byte| byte.is_ascii_digit()) => {
                let message = format!("`{}` is not whole", shortened(word.text));
                wrong(word.span, message, "count in whole numbers")
            }
            _ => wrong(word.span, format!("more than {most}"), "take a smaller number"),
        }
    }

    /// Of at most `most`.
    pub(super) fn at_most(&mut self, most: usize, what: &str) -> Read<usize> {
        let place = self.place();
        let number = self.whole_number(what)?;
        match number <= most {
            true => Ok(number),
            false => wrong(place, format!("{number}, more than {most}"), "take a smaller number"),
        }
    }

    /// A number if there is one.
    pub(super) fn takes_real(&mut self) -> Read<Option<f64>> {
        let mut ahead = self.clone();
        let negative = ahead.takes_mark("-");
        let size = match ahead.next() {
            Some(Word { kind: Kind::Number, text, .. }) => text.parse().ok(),
            Some(Word { kind: Kind::Name, text: "inf", .. }) => Some(f64::INFINITY),
            Some(Word { kind: Kind::Name, text: "nan", .. }) => Some(f64::NAN),
            _ => None,
        };
        match size {
            Some(size) => {
                *self = ahead;
                Ok(Some(if negative { -size } else { size }))
            }
            None if negative => self.expected("a number", "as in `-1.5`"),
            None => Ok(None),
        }
    }

    pub(super) fn real(&mut self, hint: &str) -> Read<f64> {
        match self.takes_real()? {
            Some(number) => Ok(number),
            None => self.expected("a number", hint),
        }
    }

    /// `-3` and the like.
    pub(super) fn integer(&mut self, range: (i64, i64), what: &str) -> Read<i64> {
        let start = self.place();
        let negative = self.takes_mark("-");
        let number = self.whole_number(what)? as i64;
        let number = if negative { -number } else { number };
        match (range.0..=range.1).contains(&number) {
            true => Ok(number),
            false => wrong(
                self.since(start),
                format!("{number} is not from {} to {}", range.0, range.1),
                "take a number in between",
            ),
        }
    }

    /// A dtype if there is one.
    pub(super) fn takes_dtype(&mut self) -> Option<DType> {
        let word = self.peek().filter(|word| word.kind == Kind::Name)?;
        let dtype = DType::ALL.into_iter().find(|dtype| dtype.name() == word.text)?;
        self.at += 1;
        Some(dtype)
    }

    pub(super) fn dtype(&mut self) -> Read<DType> {
        match self.takes_dtype() {
            Some(dtype) => Ok(dtype),
            None => self.expected("a dtype", "i8, i16, i32, fp8, bf16 or f32"),
        }
    }
}

/// A part of a word from outside that may be long.
pub(super) fn shortened(text: &str) -> String {
    text.chars().take(40).collect()
}

/// What was meant by an unknown word, or else what there is.
pub(super) fn meant<'k>(word: &str, known: impl Iterator<Item = &'k str>, else_say: &str) -> String {
    nearest(word, known).map_or(else_say.to_owned(), |near| format!("did you mean `{near}`?"))
}
