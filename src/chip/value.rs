//! Values of a chip file's fields, exact: decimals and fractions become ratios, never floats.

use std::fmt;

use super::ChipError;
use super::field::{Field, Key, Kind, MOST_TEXT};
use crate::base::Ratio;

/// What a field says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A short text.
    Text(String),
    /// A whole number.
    Whole(u64),
    /// An exact number above 0.
    Number(Ratio),
    /// true or false.
    Flag(bool),
    /// One of the field's words.
    Word(&'static str),
}

impl Value {
    /// Reads what somebody wrote for a field: no quotes around words, numbers as `34`, `0.5`, `1e3` or `340/7`.
    pub fn read(key: Key, text: &str) -> Result<Value, ChipError> {
        let field = key.field();
        let text = text.trim();
        let value = match field.kind {
            Kind::Text => short(text).map(Value::Text),
            Kind::Whole { least, most } => whole(text, least, most).map(Value::Whole),
            Kind::Number { least, most } => number(text, least, most).map(Value::Number),
            Kind::Flag => match text {
                "true" => Some(Value::Flag(true)),
                "false" => Some(Value::Flag(false)),
                _ => None,
            },
            Kind::Word(words) => words.iter().find(|word| **word == text).map(|word| Value::Word(word)),
        };
        value.ok_or_else(|| wrong(key, field, text))
    }

    /// As in a chip file.
    pub fn to_toml(&self) -> String {
        match self {
            Value::Text(text) => quoted(text),
            Value::Word(word) => quoted(word),
            Value::Number(ratio) if ratio.to_decimal().is_none() => quoted(&ratio.to_string()),
            other => other.to_string(),
        }
    }
}

/// As [`Value::read`] reads it.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Text(text) => f.write_str(text),
            Value::Whole(number) => write!(f, "{number}"),
            Value::Number(ratio) => f.write_str(&ratio.exactly()),
            Value::Flag(flag) => write!(f, "{flag}"),
            Value::Word(word) => f.write_str(word),
        }
    }
}

/// A string of a TOML file.
pub(super) fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

fn short(text: &str) -> Option<String> {
    let fits = (1..=MOST_TEXT).contains(&text.chars().count()) && !text.chars().any(char::is_control);
    fits.then(|| text.to_owned())
}

fn whole(text: &str, least: u64, most: u64) -> Option<u64> {
    let Exact { above, below } = exact(text)?;
    let number = above.checked_div(below).filter(|_| above.is_multiple_of(below))?;
    (least..=most).contains(&number).then_some(number)
}

fn number(text: &str, least: Ratio, most: Ratio) -> Option<Ratio> {
    let Exact { above, below } = exact(text)?;
    Ratio::new(above, below).filter(|number| (least..=most).contains(number))
}

/// A number as it is written; 0 has nothing above the line.
struct Exact {
    above: u64,
    below: u64,
}

/// At most so many figures: then products with the unit's powers of ten stay within 64 bits.
const MOST_FIGURES: usize = 12;

/// Digits with a point, an exponent, or a fraction's line, and underscores between digits; nothing for anything else.
fn exact(text: &str) -> Option<Exact> {
    let apart = |(at, byte): (usize, u8)| {
        let is_digit = |at: usize| text.as_bytes().get(at).is_some_and(u8::is_ascii_digit);
        byte != b'_' || at > 0 && is_digit(at - 1) && is_digit(at + 1)
    };
    if !text.bytes().enumerate().all(apart) {
        return None;
    }
    let text = text.replace('_', "");
    let text = text.strip_prefix('+').unwrap_or(&text);
    if let Some((above, below)) = text.split_once('/') {
        let (above, below) = (digits(above)?, digits(below)?);
        return (below > 0).then_some(Exact { above, below });
    }
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok().filter(|e| e.abs() <= 9)?),
        None => (text, 0),
    };
    let (before, after) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let number = digits(&format!("{before}{after}"))?;
    let shift = exponent - after.len() as i32;
    let power = 10u64.checked_pow(shift.unsigned_abs())?;
    if shift < 0 {
        Some(Exact { above: number, below: power })
    } else {
        Some(Exact { above: number.checked_mul(power)?, below: 1 })
    }
}

fn digits(text: &str) -> Option<u64> {
    let fits = (1..=MOST_FIGURES).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    if fits { text.parse().ok() } else { None }
}

/// What somebody wrote, for a message: no control characters, of bounded length.
pub(super) fn shown(text: &str) -> String {
    let more = if text.chars().nth(MOST_TEXT).is_some() { "…" } else { "" };
    let clipped = text.chars().take(MOST_TEXT).map(|c| if c.is_control() { ' ' } else { c });
    clipped.collect::<String>() + more
}

fn wrong(key: Key, field: &Field, text: &str) -> ChipError {
    let shown = shown(text);
    let unit = if field.unit.is_empty() { String::new() } else { format!(", in {}", field.unit) };
    let figures = match field.kind {
        Kind::Number { .. } => format!("; at most {MOST_FIGURES} figures, or a fraction such as 1/2"),
        _ => String::new(),
    };
    ChipError {
        keys: vec![key],
        message: format!("`{}` cannot be `{shown}`", field.name),
        hint: format!("it is {}{unit}{figures}", field.kind.in_words()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(key: Key, text: &str) -> Option<String> {
        Value::read(key, text).ok().map(|value| value.to_string())
    }

    #[test]
    fn numbers_are_exact() {
        let dram = |text| read(Key::DramGbPerS, text);
        assert_eq!(dram("34"), Some("34".into()));
        assert_eq!(dram("0.1"), Some("0.1".into()));
        assert_eq!(dram("1_638.25"), Some("1638.25".into()));
        assert_eq!(dram("1.5e2"), Some("150".into()));
        assert_eq!(dram("340/7"), Some("340/7".into()));
        assert_eq!(dram("+8/4"), Some("2".into()));
        assert_eq!(read(Key::Rows, "1e2"), Some("100".into()));
        assert_eq!(read(Key::DramLatencyNs, "0"), Some("0".into()));
    }

    #[test]
    fn impossible_numbers_are_none() {
        for text in
            ["", "-1", "0", "nan", "inf", "1/0", "1//2", "0x10", "1e99", "1e-99", "1.2.3", "1234567890123"]
        {
            assert_eq!(read(Key::DramGbPerS, text), None, "{text}");
            assert_eq!(read(Key::Rows, text), None, "{text}");
        }
        assert_eq!(read(Key::Rows, "1.5"), None);
        assert_eq!(read(Key::Rows, "513"), None);
        assert_eq!(read(Key::DramGbPerS, "1000000.1"), None);
    }

    #[test]
    fn an_error_says_what_would_do() {
        let error = Value::read(Key::ClockMhz, "fast\n").unwrap_err();
        assert_eq!(error.message, "`clock_mhz` cannot be `fast`");
        assert_eq!(
            error.hint,
            "it is a number from 1 to 100000, in MHz; at most 12 figures, or a fraction such as 1/2"
        );
        assert_eq!(Value::read(Key::Dataflow, "OS").unwrap_err().hint, "it is ws, is or os");
    }

    #[test]
    fn texts_are_quoted() {
        assert_eq!(Value::Text("a \"b\" \\".into()).to_toml(), r#""a \"b\" \\""#);
        assert_eq!(Value::read(Key::RateI8, "1/3").unwrap().to_toml(), "\"1/3\"");
        assert_eq!(Value::read(Key::RateI8, "1/4").unwrap().to_toml(), "0.25");
    }
}
