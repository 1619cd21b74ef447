//! SCALE-Sim's files: the topology (a list of layers) and the configuration (an array and a dataflow).
//!
//! Source of the formats: SCALE-Sim v2 and v3 as they behave (Samajdar et al., ISPASS 2020; Raj et al., ISPASS 2025). One in five of the
//! topologies that come with SCALE-Sim fails in its own reader. Here a line is read where its meaning is clear, with a
//! warning that says what was assumed, and refused where it is not.
//!
//! What SCALE-Sim reads is read the same way, without exception: its reports are what ours are compared with.

mod config;
mod topology;

pub use config::{Config, parse_config};
pub use topology::{Convolution, Kind, Layer, Layout, Sparsity, Topology, parse_topology};

use crate::base::{Diagnostic, Diagnostics, Span};

/// Largest topology that is read, in bytes.
pub const MOST_TOPOLOGY_BYTES: usize = 4 << 20;
/// Largest configuration that is read, in bytes.
pub const MOST_CONFIG_BYTES: usize = 1 << 16;
/// Most layers of a topology, copies of depthwise ones counted.
pub const MOST_LAYERS: u64 = 100_000;
/// Greatest size that a field of a topology may give; also of each side of the product that it stands for.
pub const MOST_SIZE: u64 = u32::MAX as u64;
/// Most multiply-accumulates of a layer. With [`MOST_SIDE`] it keeps every count of a report within 64 bits.
pub const MOST_MACS: u64 = 1 << 60;
/// Most rows and most columns of the array.
pub const MOST_SIDE: u64 = 1 << 16;

/// What a file holds, and what is to be said about it.
#[derive(Clone, Debug)]
pub struct Parsed<T> {
    /// There unless there are errors.
    pub value: Option<T>,
    /// Errors and warnings in the order of the text.
    pub diagnostics: Vec<Diagnostic>,
}

impl<T> Parsed<T> {
    fn new(value: Option<T>, diagnostics: Diagnostics) -> Parsed<T> {
        let value = value.filter(|_| !diagnostics.has_errors());
        Parsed { value, diagnostics: diagnostics.into_sorted() }
    }
}

/// The text of a file as the parsers want it: no byte-order mark, line breaks as `\n`. Bytes that are no UTF-8 (in names
/// and comments of old files) become U+FFFD. The error, about more than `most` bytes among other things, says what is
/// wrong and how to mend it, to be read after the file's name.
pub fn text_of(bytes: &[u8], most: usize) -> Result<String, String> {
    if bytes.len() > most {
        return Err(format!("it has {} bytes, more than the {most} that are read; shorten it", bytes.len()));
    }
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return Err("it is saved as UTF-16; save it as UTF-8".into());
    }
    let text = String::from_utf8_lossy(bytes);
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    Ok(text.replace("\r\n", "\n").replace('\r', "\n"))
}

/// A whole number above 0 as people and spreadsheets write it.
enum Number {
    Plain(u64),
    /// With quotes, or with a fraction of zeros.
    Dressed(u64),
    TooLarge,
    None,
}

fn number(text: &str) -> Number {
    let bare = text.trim_matches(['"', '\'']).trim();
    let whole = match bare.split_once('.') {
        Some((whole, zeros)) if zeros.bytes().all(|b| b == b'0') => whole,
        _ => bare,
    };
    let digits = whole.strip_prefix('+').unwrap_or(whole);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Number::None;
    }
    match digits.parse() {
        Ok(value) if value > MOST_SIZE => Number::TooLarge,
        Ok(value) if whole == text => Number::Plain(value),
        Ok(value) => Number::Dressed(value),
        Err(_) => Number::TooLarge,
    }
}

/// Where `part`, a piece of `text`, lies in it. Files are shorter than 4 GiB.
fn span_of(text: &str, part: &str) -> Span {
    let start = part.as_ptr() as usize - text.as_ptr() as usize;
    Span { start: start as u32, end: (start + part.len()) as u32 }
}

/// Text from a file for a message: of bounded length, without control characters.
fn shown(text: &str) -> String {
    text.chars().take(40).map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_lose_marks_and_carriage_returns() {
        assert_eq!(text_of(b"\xef\xbb\xbfa\r\nb\rc", 9).as_deref(), Ok("a\nb\nc"));
        assert_eq!(text_of(b"caf\xe9", 9).as_deref(), Ok("caf\u{fffd}"));
        assert!(text_of(b"\xff\xfea\0", 9).unwrap_err().contains("UTF-16"));
        assert!(text_of(b"   ", 2).unwrap_err().contains("more than the 2"));
    }

    #[test]
    fn numbers_are_whole_and_bounded() {
        for (text, value) in [("7", 7), ("+7", 7), ("007", 7), ("4294967295", MOST_SIZE)] {
            assert!(matches!(number(text), Number::Plain(v) if v == value), "{text}");
        }
        for text in ["7.0", "7.", "\"7\"", "\" 7 \""] {
            assert!(matches!(number(text), Number::Dressed(7)), "{text}");
        }
        for text in ["4294967296", "99999999999999999999999"] {
            assert!(matches!(number(text), Number::TooLarge), "{text}");
        }
        for text in ["", "-7", "7.5", "7e3", "0x7", "seven", "+", "."] {
            assert!(matches!(number(text), Number::None), "{text}");
        }
    }
}
