//! Places in a source text: byte offsets inside, lines and columns (or a browser's UTF-16 units) outside.

use std::ops::Range;

/// Half-open range of byte offsets into one source text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// The smallest span that holds both.
    pub fn to(self, other: Span) -> Span {
        Span { start: self.start.min(other.start), end: self.end.max(other.end) }
    }

    /// An empty span right behind this one: where something is missing.
    pub fn after(self) -> Span {
        Span { start: self.end, end: self.end }
    }

    /// As indices of bytes.
    pub fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }

    /// The text it covers.
    pub fn of(self, text: &str) -> &str {
        &text[self.range()]
    }
}

/// Line and column as people count them: from 1, columns in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// Line, from 1.
    pub line: u32,
    /// Column, from 1.
    pub column: u32,
}

/// Where the lines of a text begin.
pub struct Lines<'t> {
    text: &'t str,
    starts: Vec<u32>,
}

impl<'t> Lines<'t> {
    /// Index of `text`, which must be shorter than 4 GiB.
    pub fn new(text: &'t str) -> Self {
        let after_breaks = text.bytes().enumerate().filter(|(_, b)| *b == b'\n').map(|(i, _)| i as u32 + 1);
        Lines { text, starts: std::iter::once(0).chain(after_breaks).collect() }
    }

    /// Line and column of a byte offset.
    pub fn position(&self, offset: u32) -> Position {
        let line = self.starts.partition_point(|start| *start <= offset);
        let start = self.starts[line - 1];
        let column = Span { start, end: offset }.of(self.text).chars().count() as u32 + 1;
        Position { line: line as u32, column }
    }

    /// Text of a line counted from 1, without its line break.
    pub fn text_of(&self, line: u32) -> &'t str {
        let start = self.starts[line as usize - 1] as usize;
        self.text[start..].lines().next().unwrap_or("")
    }
}

/// Turns ascending byte offsets into UTF-16 offsets, one walk over the text in all.
pub struct Utf16<'t> {
    text: &'t str,
    bytes: usize,
    units: u32,
}

impl<'t> Utf16<'t> {
    /// A walk that begins at the start of `text`.
    pub fn new(text: &'t str) -> Self {
        Utf16 { text, bytes: 0, units: 0 }
    }

    /// UTF-16 offset of a byte offset; cheap when offsets ascend, still right when they do not.
    pub fn offset(&mut self, byte: u32) -> u32 {
        let byte = byte as usize;
        if byte < self.bytes {
            (self.bytes, self.units) = (0, 0);
        }
        self.units += self.text[self.bytes..byte].chars().map(|c| c.len_utf16() as u32).sum::<u32>();
        self.bytes = byte;
        self.units
    }

    /// Byte offset of the character that holds a UTF-16 offset; the end of the text if it lies beyond.
    pub fn byte(text: &str, units: u32) -> usize {
        let mut before = 0;
        let holds = |(_, c): &(usize, char)| {
            before += c.len_utf16() as u64;
            before > units.into()
        };
        text.char_indices().find(holds).map_or(text.len(), |(at, _)| at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_lines_and_characters_from_one() {
        let lines = Lines::new("a\nπ = b\n");
        assert_eq!(lines.position(0), Position { line: 1, column: 1 });
        assert_eq!(lines.position(4), Position { line: 2, column: 2 });
        assert_eq!(lines.position(9), Position { line: 3, column: 1 });
        assert_eq!(lines.text_of(2), "π = b");
    }

    #[test]
    fn utf16_offsets_count_surrogates_twice() {
        let mut walk = Utf16::new("é😀x");
        assert_eq!([walk.offset(2), walk.offset(6), walk.offset(7), walk.offset(0)], [1, 3, 4, 0]);
        // The second half of a surrogate pair belongs to the character, too.
        assert_eq!([0, 1, 2, 3, 4, u32::MAX].map(|units| Utf16::byte("é😀x", units)), [0, 2, 2, 6, 7, 7]);
    }
}
