//! One style for every program. Tokens stay what they are, in their lines, so that formatting cannot change a meaning;
//! only the space around them is ours: indentation, one blank line at most, columns of declarations and of comments.

use super::lexer::{Token, TokenKind, lex};

/// Spaces of a level of indentation.
const INDENT: usize = 4;

/// Deeper lines are indented no further, and wider columns are followed by no padding: the result stays within some times
/// the size of the text.
const MOST_LEVEL: usize = 16;
const MOST_WIDTH: usize = 60;

/// A program without errors of [`super::parse`], in our style. Formatting it again changes nothing.
pub fn format(text: &str) -> String {
    let mut lines = lines_of(text);
    align(&mut lines, |line| line.columns.len() > 1);
    for line in &mut lines {
        line.columns = vec![line.columns.concat(), String::new()];
    }
    align(&mut lines, |line| line.comment.is_some() && line.whole && !line.is_comment());
    let mut out = String::new();
    for line in lines {
        if line.after_blank {
            out.push('\n');
        }
        let gap = if line.is_comment() || line.comment.is_none() { "" } else { "  " };
        let (code, comment) = (line.columns.concat(), line.comment.unwrap_or_default());
        let indent = " ".repeat(INDENT * line.level);
        out += format!("{indent}{code}{gap}{comment}").trim_end();
        out.push('\n');
    }
    out
}

/// A line of the text.
struct Line {
    /// How deep it is indented.
    level: usize,
    /// Whether a blank line stands before it.
    after_blank: bool,
    /// Its code, in pieces that begin where those of its neighbours do.
    columns: Vec<String>,
    comment: Option<String>,
    /// Whether it neither begins nor goes on within brackets that another line closes.
    whole: bool,
}

impl Line {
    fn is_comment(&self) -> bool {
        self.columns.iter().all(String::is_empty)
    }
}

fn lines_of(text: &str) -> Vec<Line> {
    let tokens = lex(text);
    let mut lines: Vec<Line> = Vec::new();
    let (mut depth, mut end, mut last) = (Depth::default(), 0, None);
    let mut rest = tokens.as_slice();
    while let Some(first) = rest.first() {
        let count = rest
            .windows(2)
            .position(|pair| breaks_between(text, pair[0], pair[1]) > 0)
            .map_or(rest.len(), |at| at + 1);
        let (line, after) = rest.split_at(count);
        let blank = text[end..first.span.range().start].bytes().filter(|b| *b == b'\n').count() > 1;
        let opened =
            matches!(lines.last(), Some(line) if line.columns.last().is_some_and(|code| code.ends_with('{')));
        let closes = matches!(first.kind, TokenKind::RightBrace);
        let mut made = line_of(text, line, &mut depth, &mut last);
        made.after_blank = blank && !opened && !closes && !lines.is_empty();
        lines.push(made);
        end = line[count - 1].span.range().end;
        rest = after;
    }
    lines
}

fn breaks_between(text: &str, before: Token, after: Token) -> usize {
    text[before.span.range().end..after.span.range().start].bytes().filter(|b| *b == b'\n').count()
}

/// What is open where a token stands.
#[derive(Clone, Copy, Default)]
struct Depth {
    braces: usize,
    /// Round and square brackets.
    brackets: usize,
    /// A bit for each of the innermost brackets, the last one lowest: whether it is square.
    square: u64,
}

impl Depth {
    fn pass(&mut self, kind: TokenKind) {
        match kind {
            TokenKind::LeftBrace => self.braces += 1,
            TokenKind::RightBrace => self.braces = self.braces.saturating_sub(1),
            TokenKind::LeftParen | TokenKind::LeftBracket => {
                self.brackets += 1;
                self.square = self.square << 1 | u64::from(kind == TokenKind::LeftBracket);
            }
            TokenKind::RightParen | TokenKind::RightBracket => {
                self.brackets = self.brackets.saturating_sub(1);
                self.square >>= 1;
            }
            _ => {}
        }
    }

    fn in_square(self) -> bool {
        self.square & 1 == 1
    }

    fn level(self) -> usize {
        (self.braces + self.brackets).min(MOST_LEVEL)
    }
}

/// The line of some tokens; `last` is what the line before ended with.
fn line_of(text: &str, tokens: &[Token], depth: &mut Depth, last: &mut Option<Before>) -> Line {
    let mut start = *depth;
    for token in tokens.iter().take_while(|token| closes(token.kind)) {
        start.pass(token.kind);
    }
    let declares = matches!(tokens[0].kind, TokenKind::Input | TokenKind::Weight | TokenKind::Size);
    let outer = *depth;
    let mut line = Line {
        level: start.level(),
        after_blank: false,
        columns: vec![String::new()],
        comment: None,
        whole: true,
    };
    let mut before = None;
    // Behind `with`, until the line ends.
    let mut choices = false;
    if depth.brackets == 0 {
        *last = None;
    }
    for token in tokens {
        let shown = token.span.of(text);
        if token.kind == TokenKind::Comment {
            line.comment = Some(shown.trim_end().to_owned());
            continue;
        }
        let column = declares && depth.brackets == outer.brackets && begins_column(before, token.kind);
        if column {
            line.columns.push(String::new());
        }
        let here = line.columns.last_mut().expect("a line has a column");
        let place = match () {
            () if depth.in_square() => Place::Square,
            () if depth.brackets > 0 || choices => Place::Arguments,
            () => Place::Open,
        };
        if before.is_some_and(|before| spaced(before, token.kind, place)) {
            here.push(' ');
        }
        here.push_str(shown);
        depth.pass(token.kind);
        choices |= token.kind == TokenKind::With;
        before = Some(match token.kind {
            TokenKind::Minus if !last.is_some_and(Before::ends_value) => Before::Sign,
            kind => Before::Token(kind),
        });
        *last = before;
    }
    line.whole = outer.brackets == 0 && depth.brackets == 0;
    line
}

/// What stands before a token.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    Token(TokenKind),
    /// A `-` that belongs to what follows.
    Sign,
}

impl Before {
    fn ends_value(self) -> bool {
        use TokenKind::{Integer, Name, OpenString, Real, RightBracket, RightParen, String, Unknown};
        let Before::Token(kind) = self else { return false };
        matches!(kind, Name | Integer | Real | String | OpenString | RightParen | RightBracket | Unknown)
    }
}

/// Whether a declaration's next column begins: its name, its type, its values.
fn begins_column(before: Option<Before>, kind: TokenKind) -> bool {
    use TokenKind::{Colon, Equals, Input, Name, Size, Weight};
    match kind {
        Name => matches!(before, Some(Before::Token(Input | Weight | Size))),
        Colon | Equals => true,
        _ => false,
    }
}

/// What surrounds a token.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// No bracket.
    Open,
    /// A call's or a parameter list's brackets.
    Arguments,
    /// A type's, a list's or a cut's brackets.
    Square,
}

fn spaced(before: Before, kind: TokenKind, place: Place) -> bool {
    use TokenKind::{
        Colon, Comma, Dot, Equals, LeftBracket, LeftParen, Name, RightBracket, RightParen, String,
    };
    let Before::Token(before) = before else { return false };
    match (before, kind) {
        (LeftParen | LeftBracket, _) | (_, RightParen | RightBracket | Comma) => false,
        // Between digits or points it would become part of another token.
        (Dot, Name) | (Name | RightParen | RightBracket, Dot) => false,
        // A call's or a type's brackets, or what is cut out of a value; and an argument's name.
        (Name, LeftParen) | (Name | String | RightParen | RightBracket, LeftBracket) => false,
        (Colon, _) if place == Place::Square => false,
        (_, Colon) if place == Place::Square => before == Comma,
        (Equals, _) | (_, Equals) => place == Place::Open,
        _ => true,
    }
}

fn closes(kind: TokenKind) -> bool {
    matches!(kind, TokenKind::RightParen | TokenKind::RightBracket | TokenKind::RightBrace)
}

/// Pads the columns of neighbouring lines that belong together to one width each, but for every line's last one.
fn align(lines: &mut [Line], belongs: fn(&Line) -> bool) {
    let mut at = 0;
    while at < lines.len() {
        let level = lines[at].level;
        let run = lines[at..]
            .iter()
            .enumerate()
            .take_while(|(nth, line)| {
                belongs(line) && line.level == level && (*nth == 0 || !line.after_blank)
            })
            .count();
        let run = &mut lines[at..at + run];
        at += run.len().max(1);
        let most = run.iter().map(|line| line.columns.len()).max().unwrap_or(0);
        for column in 0..most.saturating_sub(1) {
            let padded = run.iter_mut().filter(|line| line.columns.len() > column + 1);
            let columns = padded.map(|line| &mut line.columns[column]);
            let mut columns: Vec<(usize, &mut String)> = columns
                .map(|text| (text.chars().count(), text))
                .filter(|(width, _)| *width <= MOST_WIDTH)
                .collect();
            let most = columns.iter().map(|(width, _)| *width).max().unwrap_or(0);
            for (width, text) in &mut columns {
                text.extend(std::iter::repeat_n(' ', most - *width));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sign_and_a_difference_look_different_in_any_line() {
        let text = "output f(a\n- b,\n- 1,\n+c) # sum\nh = f(# one\n-2) # two\n";
        let formatted = "output f(a\n    - b,\n    -1,\n    + c)  # sum\nh = f(  # one\n    -2)  # two\n";
        assert_eq!(format(text), formatted);
    }

    #[test]
    fn cuts_lists_and_choices() {
        let text = "h [ t ]=x [ t+1 : , ... , 0 ].T@f( y [ : ],[ 2,2 ],p = [ a ] )[ 0 ] with tile=[ 4,4 ] , dataflow = \"os\"\n\
                    1 . 5 . . . 1.5 . T\nrepeat n//2 as t{\nh=-x+ - y\n}\n";
        let formatted = "h[t] = x[t + 1:, ..., 0].T @ f(y[:], [2, 2], p=[a])[0] with tile=[4, 4], dataflow=\"os\"\n\
                         1 . 5 . . . 1.5 .T\nrepeat n // 2 as t {\n    h = -x + -y\n}\n";
        assert_eq!(format(text), formatted);
        assert_eq!(format(formatted), formatted);
    }

    #[test]
    fn declarations_and_comments_stand_in_columns() {
        let text = "\n\nsize batch=4 # sequences\nsize d =  -1*( batch - -2)# width\n\n\n\
                    input x:i8[batch,d]=load( \"x.npy\" )\nweight w1 : i8[ d,4 ]=load(\"w.npy\")\n\
                    fn f ( x : i8[m,k] ,n ){\n\n# first\n  return requant(x @x+b,\nshift = 7\n)  }\n\
                    p,q=f(x,n=2)\noutput p\n";
        let formatted = "size batch = 4                  # sequences\n\
                         size d     = -1 * (batch - -2)  # width\n\n\
                         input  x  : i8[batch, d] = load(\"x.npy\")\n\
                         weight w1 : i8[d, 4]     = load(\"w.npy\")\n\
                         fn f(x : i8[m, k], n) {\n\
                         \x20   # first\n\
                         \x20   return requant(x @ x + b,\n\
                         \x20       shift=7\n\
                         ) }\n\
                         p, q = f(x, n=2)\n\
                         output p\n";
        assert_eq!(format(text), formatted);
        assert_eq!(format(&format(text)), format(text));
    }
}
