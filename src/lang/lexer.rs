//! Text to tokens. Every byte of the text is in a token or is white space; what fits nothing becomes `Unknown`.

use crate::base::Span;

/// A word of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub kind: TokenKind,
    /// Where it is.
    pub span: Span,
    /// Whether it is the first of its line, comments left out.
    pub first_of_line: bool,
}

/// Kinds of tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
    /// `# ...`
    Comment,
    /// `input`
    Input,
    /// `weight`
    Weight,
    /// `output`
    Output,
    /// `size`
    Size,
    /// `fn`
    Fn,
    /// `return`
    Return,
    /// `repeat`
    Repeat,
    /// `as`
    As,
    /// `with`
    With,
    /// Letters, digits and `_`, not beginning with a digit.
    Name,
    /// Digits.
    Integer,
    /// Digits with a point, an exponent or both: `0.5`, `1e-5`.
    Real,
    /// `"..."`, closed on its line.
    String,
    /// `"...` to the end of the line.
    OpenString,
    /// `@`
    At,
    /// `+`
    Plus,
    /// `-`
    Minus,
    /// `*`
    Star,
    /// `/`
    Slash,
    /// `//`
    SlashSlash,
    /// `%`
    Percent,
    /// `.`
    Dot,
    /// `...`
    Ellipsis,
    /// `=`
    Equals,
    /// `:`
    Colon,
    /// `,`
    Comma,
    /// `(`
    LeftParen,
    /// `)`
    RightParen,
    /// `[`
    LeftBracket,
    /// `]`
    RightBracket,
    /// `{`
    LeftBrace,
    /// `}`
    RightBrace,
    /// Anything else.
    Unknown,
}

impl TokenKind {
    /// As a diagnostic names it.
    pub fn describe(self) -> &'static str {
        match self {
            TokenKind::Comment => "a comment",
            TokenKind::Input => "`input`",
            TokenKind::Weight => "`weight`",
            TokenKind::Output => "`output`",
            TokenKind::Size => "`size`",
            TokenKind::Fn => "`fn`",
            TokenKind::Return => "`return`",
            TokenKind::Repeat => "`repeat`",
            TokenKind::As => "`as`",
            TokenKind::With => "`with`",
            TokenKind::Name => "a name",
            TokenKind::Integer => "a whole number",
            TokenKind::Real => "a number",
            TokenKind::String | TokenKind::OpenString => "a string",
            TokenKind::At => "`@`",
            TokenKind::Plus => "`+`",
            TokenKind::Minus => "`-`",
            TokenKind::Star => "`*`",
            TokenKind::Slash => "`/`",
            TokenKind::SlashSlash => "`//`",
            TokenKind::Percent => "`%`",
            TokenKind::Dot => "`.`",
            TokenKind::Ellipsis => "`...`",
            TokenKind::Equals => "`=`",
            TokenKind::Colon => "`:`",
            TokenKind::Comma => "`,`",
            TokenKind::LeftParen => "`(`",
            TokenKind::RightParen => "`)`",
            TokenKind::LeftBracket => "`[`",
            TokenKind::RightBracket => "`]`",
            TokenKind::LeftBrace => "`{`",
            TokenKind::RightBrace => "`}`",
            TokenKind::Unknown => "something unknown",
        }
    }

    /// Whether it begins a statement wherever it stands first in its line.
    pub fn is_keyword(self) -> bool {
        matches!(
            self,
            TokenKind::Input
                | TokenKind::Weight
                | TokenKind::Output
                | TokenKind::Size
                | TokenKind::Fn
                | TokenKind::Return
                | TokenKind::Repeat
        )
    }

    /// Whether it is a word that cannot be a name.
    pub fn is_reserved(self) -> bool {
        self.is_keyword() || matches!(self, TokenKind::As | TokenKind::With)
    }
}

/// All tokens of `text`, comments included, in order.
pub fn lex(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut at = 0;
    let mut first_of_line = true;
    while let Some(c) = text[at..].chars().next() {
        if c == '\n' {
            first_of_line = true;
        }
        // Some editors begin a file with a mark of its byte order.
        if c.is_whitespace() || (at == 0 && c == '\u{feff}') {
            at += c.len_utf8();
            continue;
        }
        let (kind, len) = token_at(&text[at..], c);
        let span = Span { start: at as u32, end: (at + len) as u32 };
        tokens.push(Token { kind, span, first_of_line });
        first_of_line &= kind == TokenKind::Comment;
        at += len;
    }
    tokens
}

/// Kind and length in bytes of the token that `rest` begins with; `c` is its first character.
fn token_at(rest: &str, c: char) -> (TokenKind, usize) {
    let run = |pred: fn(char) -> bool| rest.find(|c| !pred(c)).unwrap_or(rest.len());
    match c {
        '#' => (TokenKind::Comment, run(|c| c != '\n')),
        '"' => string_at(rest),
        '0'..='9' => number(rest),
        c if is_name(c) => word(&rest[..run(is_name)]),
        '.' if rest.starts_with("...") => (TokenKind::Ellipsis, 3),
        '/' if rest.starts_with("//") => (TokenKind::SlashSlash, 2),
        c => (punctuation(c), c.len_utf8()),
    }
}

fn number(rest: &str) -> (TokenKind, usize) {
    let bytes = rest.as_bytes();
    let digits = |from: usize| {
        let more = bytes.iter().skip(from).take_while(|c| c.is_ascii_digit() || **c == b'_');
        from + more.count()
    };
    let is_digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let mut end = digits(0);
    let whole = end;
    if bytes.get(end) == Some(&b'.') && is_digit(end + 1) {
        end = digits(end + 1);
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        if is_digit(end + 1 + sign) {
            end = digits(end + 1 + sign);
        }
    }
    (if end == whole { TokenKind::Integer } else { TokenKind::Real }, end)
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn word(word: &str) -> (TokenKind, usize) {
    let kind = match word {
        "input" => TokenKind::Input,
        "weight" => TokenKind::Weight,
        "output" => TokenKind::Output,
        "size" => TokenKind::Size,
        "fn" => TokenKind::Fn,
        "return" => TokenKind::Return,
        "repeat" => TokenKind::Repeat,
        "as" => TokenKind::As,
        "with" => TokenKind::With,
        _ => TokenKind::Name,
    };
    (kind, word.len())
}

fn string_at(rest: &str) -> (TokenKind, usize) {
    match rest[1..].find(['"', '\n']) {
        Some(end) if rest.as_bytes()[1 + end] == b'"' => (TokenKind::String, end + 2),
        Some(end) => (TokenKind::OpenString, end + 1),
        None => (TokenKind::OpenString, rest.len()),
    }
}

fn punctuation(c: char) -> TokenKind {
    match c {
        '@' => TokenKind::At,
        '+' => TokenKind::Plus,
        '-' => TokenKind::Minus,
        '*' => TokenKind::Star,
        '/' => TokenKind::Slash,
        '%' => TokenKind::Percent,
        '.' => TokenKind::Dot,
        '=' => TokenKind::Equals,
        ':' => TokenKind::Colon,
        ',' => TokenKind::Comma,
        '(' => TokenKind::LeftParen,
        ')' => TokenKind::RightParen,
        '[' => TokenKind::LeftBracket,
        ']' => TokenKind::RightBracket,
        '{' => TokenKind::LeftBrace,
        '}' => TokenKind::RightBrace,
        _ => TokenKind::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use TokenKind::*;

    fn kinds(text: &str) -> Vec<TokenKind> {
        lex(text).iter().map(|t| t.kind).collect()
    }

    #[test]
    fn a_line_of_each() {
        assert_eq!(
            kinds("weight w1 : i8[64, 32] # c"),
            [Weight, Name, Colon, Name, LeftBracket, Integer, Comma, Integer, RightBracket, Comment]
        );
        assert_eq!(
            kinds("y=h@w+\"a\" \"b\n€"),
            [Name, Equals, Name, At, Name, Plus, String, OpenString, Unknown]
        );
    }

    #[test]
    fn numbers() {
        assert_eq!(kinds("1 1.5 1e-5 2E3 1_0.0_1"), [Integer, Real, Real, Real, Real]);
        assert_eq!(
            kinds("1. 1e 1.T x[0:2, ...]//2"),
            [
                Integer,
                Dot,
                Integer,
                Name,
                Integer,
                Dot,
                Name,
                Name,
                LeftBracket,
                Integer,
                Colon,
                Integer,
                Comma,
                Ellipsis,
                RightBracket,
                SlashSlash,
                Integer
            ]
        );
    }

    #[test]
    fn a_mark_of_byte_order_is_no_token() {
        assert_eq!(kinds("\u{feff}output x"), [Output, Name]);
        assert_eq!(kinds("output \u{feff}x"), [Output, Unknown, Name]);
    }

    #[test]
    fn first_of_line_looks_past_comments() {
        let firsts: Vec<bool> = lex("a b\n# c\n  d").iter().map(|t| t.first_of_line).collect();
        assert_eq!(firsts, [true, false, true, true]);
    }
}
