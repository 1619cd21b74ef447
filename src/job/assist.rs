//! What an editor asks about a place in a program: what stands there, where it is defined, what could be written. Each answer
//! reads the text anew, by the same lexer, tree and names as everything else: nothing can be out of date.

use crate::base::{Diagnostics, Span};
use crate::graph::{BUILTINS, Built, Graph, Loader, Meaning, build};
use crate::lang::{self, Ast, MOST_TEXT_BYTES, Statement, StatementKind, Token, TokenKind};
use crate::num::DType;

/// Names of a program that are offered: of more, those that were defined last.
const MOST_NAMES: usize = 1000;

/// A program as far as it can be understood.
pub struct Assist<'t> {
    text: &'t str,
    ast: Ast,
    tokens: Vec<Token>,
    built: Built,
}

/// What stands at a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hover {
    /// The word or expression.
    pub span: Span,
    /// Its type or value, or how it is called.
    pub head: String,
    /// A sentence about it; empty where there is none.
    pub about: String,
    /// What of the language it is, by a word that the page knows the documentation's place of; empty where it is the program's own.
    pub topic: &'static str,
}

/// Something that could be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completion {
    /// The word.
    pub label: String,
    /// What it is: shown as a small mark.
    pub kind: CompletionKind,
    /// Its type, or how it is called.
    pub detail: String,
    /// A sentence about it; empty where there is none.
    pub about: String,
}

/// Kinds of words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CompletionKind {
    /// `input`
    Keyword,
    /// Of the language or of the program.
    Function,
    /// A name.
    Value,
    /// `bf16`
    Type,
    /// `axis=`
    Argument,
}

/// Words that begin a line, and what they are for.
const KEYWORDS: [(&str, TokenKind, &str); 9] = [
    ("input", TokenKind::Input, "a tensor that changes from run to run: `input x : i8[4, 64]`"),
    ("weight", TokenKind::Weight, "a tensor that is part of the program: `weight w : i8[64, 64]`"),
    ("size", TokenKind::Size, "a whole number with a name: `size batch = 8`"),
    ("output", TokenKind::Output, "puts a value out: `output y`"),
    ("fn", TokenKind::Fn, "gives lines a name: `fn layer(x, w) { ... }`"),
    ("return", TokenKind::Return, "what a call of the function stands for"),
    (
        "repeat",
        TokenKind::Repeat,
        "does its lines several times: `repeat 12 { ... }`, `repeat steps as t { ... }`",
    ),
    ("as", TokenKind::As, "names the number of the iteration, from 0"),
    ("with", TokenKind::With, "how the products of the line are to run: `with dataflow=\"os\"`"),
];

/// What `with` takes.
const CHOICES: [(&str, &str); 5] = [
    ("dataflow", "which operand stays: \"ws\", \"is\" or \"os\""),
    ("tile", "rows, columns and steps of k of a tile: [m, n, k]"),
    ("order", "loops over tiles, outermost first: \"mnk\""),
    ("buffers", "1 or 2 places for each operand's tiles"),
    ("fuse", "whether what follows works on the sums as they drain"),
];

/// Names with a meaning at their places in a declaration.
const DECLARED: [(&str, &str); 2] = [
    ("load", "takes the values from a NumPy file beside the program: `= load(\"x.npy\")`"),
    ("sparse", "of every m rows, a column has at most n that are not 0: `sparse[2:4]`"),
];

/// Operators, and what they are for.
const OPERATORS: [(&str, TokenKind, &str); 7] = [
    ("@", TokenKind::At, "the matrix product over the last two axes"),
    ("+", TokenKind::Plus, ELEMENTS),
    ("-", TokenKind::Minus, ELEMENTS),
    ("*", TokenKind::Star, ELEMENTS),
    ("/", TokenKind::Slash, ELEMENTS),
    ("//", TokenKind::SlashSlash, "of whole numbers, rounded down"),
    ("%", TokenKind::Percent, "of whole numbers, what a division leaves"),
];

const ELEMENTS: &str = "element by element; extents are equal or 1";

impl<'t> Assist<'t> {
    /// Reads a program; one that is too long as if it were empty.
    pub fn new(text: &'t str, loader: &dyn Loader) -> Assist<'t> {
        let text = if text.len() > MOST_TEXT_BYTES { "" } else { text };
        let lang::Parsed { ast, tokens, .. } = lang::parse(text);
        // What is wrong is said elsewhere.
        let built = build(text, &ast, loader, &mut Diagnostics::default());
        Assist { text, ast, tokens, built }
    }

    /// What stands at a byte of the text.
    pub fn hover(&self, at: usize) -> Option<Hover> {
        let token = self.token_at(at)?;
        self.of_language(token).or_else(|| self.of_program(token, at)).or_else(|| self.operator(token))
    }

    /// Of words that mean the same in every program.
    fn of_language(&self, token: &Token) -> Option<Hover> {
        let word = token.span.of(self.text);
        let told = |head: String, about: &str, topic| {
            Some(Hover { span: token.span, head, about: about.to_owned(), topic })
        };
        if let Some((topic, _, about)) = KEYWORDS.iter().find(|(_, kind, _)| *kind == token.kind) {
            return told(word.to_owned(), about, topic);
        }
        if token.kind != TokenKind::Name {
            return None;
        }
        if self.is_called(token)
            && let Some(builtin) = BUILTINS.iter().find(|builtin| builtin.name == word)
        {
            return told(builtin.head(), builtin.does, builtin.name);
        }
        if let Some((topic, about)) = DECLARED.iter().find(|(name, _)| *name == word)
            && self.is_declared(token)
        {
            return told(word.to_owned(), about, topic);
        }
        if let Some((topic, about)) = CHOICES.iter().find(|(name, _)| *name == word)
            && self.is_chosen(token)
        {
            return told(format!("{word}="), about, topic);
        }
        None
    }

    /// Of names and expressions.
    fn of_program(&self, token: &Token, at: usize) -> Option<Hover> {
        let word = token.span.of(self.text);
        let place = self.definition(at).unwrap_or(token.span);
        let used = self.expression_at(token);
        let defined = self.built.meanings.definitions.iter().rfind(|definition| definition.span == place);
        let meaning = match (&used, defined) {
            // A name may have had another value where it is used.
            (Some((_, meaning)), _) if !matches!(meaning, Meaning::Nothing) => (*meaning).clone(),
            (_, Some(definition)) => definition.meaning.clone(),
            _ => Meaning::DType(DType::ALL.into_iter().find(|dtype| dtype.name() == word)?),
        };
        let span = used.filter(|_| token.kind != TokenKind::Name).map_or(token.span, |(span, _)| span);
        let name = if token.kind == TokenKind::Name { format!("{word} : ") } else { String::new() };
        let topic = match &meaning {
            Meaning::Function => "fn",
            Meaning::Iteration => "as",
            Meaning::DType(dtype) => dtype.name(),
            _ => OPERATORS.iter().find(|(_, kind, _)| *kind == token.kind).map_or("", |(topic, ..)| topic),
        };
        let head = match meaning {
            Meaning::Function => self.head_of(place),
            meaning => format!("{name}{}", self.describe(&meaning)?),
        };
        Some(Hover { span, head, about: self.about(&head_meaning(defined), place), topic })
    }

    /// Of an operator whose result is not known.
    fn operator(&self, token: &Token) -> Option<Hover> {
        let (topic, _, about) = OPERATORS.iter().find(|(_, kind, _)| *kind == token.kind)?;
        Some(Hover { span: token.span, head: (*topic).to_owned(), about: (*about).to_owned(), topic })
    }

    /// Where the name at a byte of the text is defined.
    pub fn definition(&self, at: usize) -> Option<Span> {
        let token = self.token_at(at)?;
        let meanings = &self.built.meanings;
        let used =
            meanings.uses.iter().find(|(used, _)| *used == token.span).map(|(_, definition)| *definition);
        used.or_else(|| {
            meanings.definitions.iter().map(|definition| definition.span).find(|span| *span == token.span)
        })
    }

    /// What could be written where the word in front of a byte of the text stands, and where that word begins.
    pub fn completions(&self, at: usize) -> (usize, Vec<Completion>) {
        let at = self.text.floor_char_boundary(at);
        let word = self.tokens.iter().find(|token| {
            let range = token.span.range();
            range.start < at && at <= range.end && (token.kind == TokenKind::Name || token.kind.is_reserved())
        });
        let start = word.map_or(at, |token| token.span.range().start);
        let before: Vec<&Token> =
            self.tokens.iter().take_while(|token| token.span.range().end <= start).collect();
        let line: Vec<&Token> = {
            let first = before.iter().rposition(|token| token.first_of_line).unwrap_or(0);
            let same_line =
                !self.text[before.last().map_or(0, |last| last.span.range().end)..start].contains('\n');
            if same_line { before[first..].to_vec() } else { Vec::new() }
        };
        let inside = self.tokens.iter().any(|token| {
            let range = token.span.range();
            matches!(token.kind, TokenKind::Comment | TokenKind::String | TokenKind::OpenString)
                && range.start < at
                && (at < range.end || (at == range.end && token.kind != TokenKind::String))
        });
        if inside {
            return (start, Vec::new());
        }
        let mut list = Vec::new();
        let last = line.last().map(|token| token.kind);
        match last {
            Some(TokenKind::Dot) => {
                list.push(completion("T", CompletionKind::Value, "the last two axes swapped", ""));
                list.push(completion("shape", CompletionKind::Value, "its extents", ""));
            }
            Some(TokenKind::Colon) if self.in_type(&line) => self.types(&mut list),
            // A new name is anybody's guess.
            Some(TokenKind::Input | TokenKind::Weight | TokenKind::Size | TokenKind::Fn | TokenKind::As) => {}
            _ => {
                let choosing = line.iter().any(|token| token.kind == TokenKind::With);
                if choosing && matches!(last, Some(TokenKind::With | TokenKind::Comma)) {
                    let choices = CHOICES.iter().map(|(name, about)| {
                        completion(&format!("{name}="), CompletionKind::Argument, "", about)
                    });
                    list.extend(choices);
                    return (start, list);
                }
                self.arguments(&before, &mut list);
                if last.is_none() {
                    let keywords = KEYWORDS.iter().filter(|(_, kind, _)| kind.is_keyword());
                    list.extend(
                        keywords.map(|(word, _, about)| completion(word, CompletionKind::Keyword, "", about)),
                    );
                }
                self.names(start, &mut list);
                for builtin in BUILTINS {
                    list.push(Completion {
                        label: builtin.name.to_owned(),
                        kind: CompletionKind::Function,
                        detail: builtin.head(),
                        about: builtin.does.to_owned(),
                    });
                }
                if before.last().is_some_and(|token| {
                    matches!(token.kind, TokenKind::LeftParen | TokenKind::Comma | TokenKind::Equals)
                }) {
                    self.types(&mut list);
                }
            }
        }
        (start, list)
    }

    fn graph(&self) -> &Graph {
        &self.built.graph
    }

    /// The token that a byte belongs to; at its end too, if nothing begins there.
    fn token_at(&self, at: usize) -> Option<&Token> {
        let within = |token: &&Token| token.span.range().contains(&at);
        let ends = |token: &&Token| token.span.range().end == at;
        self.tokens.iter().find(within).or_else(|| self.tokens.iter().find(ends))
    }

    fn is_called(&self, token: &Token) -> bool {
        let next = self.tokens.iter().find(|next| next.span.start >= token.span.end);
        next.is_some_and(|next| next.kind == TokenKind::LeftParen)
    }

    /// Tokens of the same line before a token, from its first one.
    fn line_before(&self, token: &Token) -> &[Token] {
        let end = self.tokens.partition_point(|other| other.span.start < token.span.start);
        let first =
            self.tokens[..=end.min(self.tokens.len() - 1)].iter().rposition(|other| other.first_of_line);
        &self.tokens[first.unwrap_or(0)..end]
    }

    /// Whether it stands in a declaration, behind the colon.
    fn is_declared(&self, token: &Token) -> bool {
        let line = self.line_before(token);
        let declares =
            line.first().is_some_and(|first| matches!(first.kind, TokenKind::Input | TokenKind::Weight));
        declares && line.iter().any(|before| before.kind == TokenKind::Colon)
    }

    /// Whether it stands behind `with`, in front of `=`.
    fn is_chosen(&self, token: &Token) -> bool {
        let next = self.tokens.iter().find(|next| next.span.start >= token.span.end);
        next.is_some_and(|next| next.kind == TokenKind::Equals)
            && self.line_before(token).iter().any(|before| before.kind == TokenKind::With)
    }

    /// The smallest expression around a token.
    fn expression_at(&self, token: &Token) -> Option<(Span, &Meaning)> {
        let around = |span: Span| span.start <= token.span.start && token.span.end <= span.end;
        let exprs = self.ast.exprs.iter().zip(&self.built.meanings.exprs);
        let found = exprs.filter(|((_, expr), _)| around(expr.span));
        let ((_, expr), meaning) = found.min_by_key(|((_, expr), _)| expr.span.end - expr.span.start)?;
        // A call's name is not the call.
        let head = token.kind == TokenKind::Name && expr.span != token.span;
        (!head).then_some((expr.span, meaning))
    }

    fn describe(&self, meaning: &Meaning) -> Option<String> {
        Some(match meaning {
            Meaning::Tensor(tensor) => self.graph().tensors[*tensor].ty.to_string(),
            Meaning::Number(number) => number.to_string(),
            Meaning::Real(number) => number.to_string(),
            Meaning::Iteration => "the number of an iteration".into(),
            Meaning::DType(dtype) => dtype_about(*dtype).into(),
            Meaning::Type(ty) => ty.to_string(),
            Meaning::Function | Meaning::Nothing => return None,
        })
    }

    /// What more there is to say of a name.
    fn about(&self, meaning: &Meaning, defined: Span) -> String {
        let Meaning::Tensor(tensor) = meaning else { return String::new() };
        let times = self.graph().iterations(self.graph().tensors[*tensor].within);
        let line = crate::base::Lines::new(self.text).position(defined.start).line;
        match times {
            1 => format!("from line {line}"),
            times => format!("from line {line}, one of {times} iterations"),
        }
    }

    /// How the function that is defined there is called.
    fn head_of(&self, defined: Span) -> String {
        let head = self.ast.statements.iter().find_map(|statement| match &statement.kind {
            StatementKind::Function(function) if function.name.span == defined => {
                let parameters: Vec<&str> = function
                    .parameters
                    .iter()
                    .map(|parameter| match &parameter.ty {
                        Some(ty) => parameter.name.span.to(ty.span).of(self.text),
                        None => parameter.name.span.of(self.text),
                    })
                    .collect();
                Some(format!("fn {}({})", function.name.text, parameters.join(", ")))
            }
            _ => None,
        });
        head.unwrap_or_default()
    }

    /// Whether a colon at the end of a line's tokens stands before a type: in a declaration or a parameter.
    fn in_type(&self, line: &[&Token]) -> bool {
        let open = line.iter().filter(|token| token.kind == TokenKind::LeftBracket).count();
        let closed = line.iter().filter(|token| token.kind == TokenKind::RightBracket).count();
        open <= closed
    }

    fn types(&self, list: &mut Vec<Completion>) {
        let types = DType::ALL
            .into_iter()
            .map(|dtype| completion(dtype.name(), CompletionKind::Type, dtype_about(dtype), ""));
        list.extend(types);
    }

    /// Arguments of the function whose brackets are open.
    fn arguments(&self, before: &[&Token], list: &mut Vec<Completion>) {
        let mut closed = 0;
        let open = before.iter().rposition(|token| match token.kind {
            TokenKind::RightParen | TokenKind::RightBracket => {
                closed += 1;
                false
            }
            TokenKind::LeftParen | TokenKind::LeftBracket if closed > 0 => {
                closed -= 1;
                false
            }
            TokenKind::LeftParen => true,
            _ => false,
        });
        let Some(name) = open.and_then(|at| at.checked_sub(1)).map(|at| before[at].span.of(self.text)) else {
            return;
        };
        if let Some(builtin) = BUILTINS.iter().find(|builtin| builtin.name == name) {
            for parameter in builtin.parameters.iter().filter(|parameter| parameter.default.is_some()) {
                let detail = parameter.default.unwrap_or_default();
                let label = format!("{}=", parameter.name);
                list.push(completion(&label, CompletionKind::Argument, detail, parameter.kind.describe()));
            }
        }
    }

    /// Names that can be seen from a byte of the text.
    fn names(&self, at: usize, list: &mut Vec<Completion>) {
        let most = list.len() + MOST_NAMES;
        let mut functions = Vec::new();
        let mut bodies = Vec::new();
        spans(&self.ast.statements, &mut functions, &mut bodies);
        let holds = |span: &Span| span.range().contains(&at);
        let own = functions.iter().find(|span| holds(span));
        for definition in self.built.meanings.definitions.iter().rev() {
            let place = definition.span;
            let inside = |body: &Span| body.start <= place.start && place.end <= body.end;
            let before = place.range().end <= at;
            let visible = match &definition.meaning {
                Meaning::Function => true,
                Meaning::Number(_) if !functions.iter().any(inside) => before,
                _ => match own {
                    Some(own) => before && inside(own),
                    None => before && !functions.iter().any(inside),
                },
            };
            if list.len() == most {
                break;
            }
            let left = bodies.iter().any(|body| inside(body) && !holds(body));
            let label = place.of(self.text);
            if !visible || left || list.iter().any(|known| known.label == label) {
                continue;
            }
            let (kind, detail) = match &definition.meaning {
                Meaning::Function => (CompletionKind::Function, self.head_of(place)),
                meaning => (CompletionKind::Value, self.describe(meaning).unwrap_or_default()),
            };
            list.push(Completion { label: label.to_owned(), kind, detail, about: String::new() });
        }
    }
}

fn head_meaning(defined: Option<&crate::graph::Definition>) -> Meaning {
    defined.map_or(Meaning::Nothing, |definition| definition.meaning.clone())
}

fn completion(label: &str, kind: CompletionKind, detail: &str, about: &str) -> Completion {
    Completion { label: label.to_owned(), kind, detail: detail.to_owned(), about: about.to_owned() }
}

fn dtype_about(dtype: DType) -> &'static str {
    match dtype {
        DType::I8 => "8-bit integer",
        DType::I16 => "16-bit integer",
        DType::I32 => "32-bit integer",
        DType::Fp8 => "8-bit float, E4M3FN",
        DType::Bf16 => "16-bit float with the exponent of f32",
        DType::F32 => "32-bit float",
    }
}

/// Places of functions and of repeats.
fn spans(statements: &[Statement], functions: &mut Vec<Span>, bodies: &mut Vec<Span>) {
    for statement in statements {
        match &statement.kind {
            StatementKind::Function(function) => {
                functions.push(statement.span);
                spans(&function.body, functions, bodies);
            }
            StatementKind::Repeat(repeat) => {
                bodies.push(statement.span);
                spans(&repeat.body, functions, bodies);
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::Files;

    const PROGRAM: &str = "size d = 8
fn layer(x : bf16[s, k], n) {
    weight w : bf16[k, n]
    return gelu(x @ w)
}
input x : bf16[4, d]
h = x
repeat 3 as t {
    q = layer(h, d)
    h = q + x[t]
}
y = softmax(h, axis=-1)
output y
";

    fn assist(text: &str) -> Assist<'_> {
        Assist::new(text, &Files::default())
    }

    /// Place of the nth time that a word stands in a text.
    fn place(text: &str, word: &str, nth: usize) -> usize {
        text.match_indices(word).nth(nth).unwrap().0
    }

    fn head(word: &str, nth: usize) -> String {
        assist(PROGRAM).hover(place(PROGRAM, word, nth)).map_or("nothing".into(), |hover| hover.head)
    }

    #[test]
    fn everything_says_what_it_is() {
        assert_eq!(head("d)", 0), "d : 8");
        assert_eq!(head("layer", 0), "fn layer(x : bf16[s, k], n)");
        assert_eq!(head("layer", 1), "fn layer(x : bf16[s, k], n)");
        assert_eq!(head("softmax", 0), "softmax(x, axis=-1)");
        assert_eq!(head("gelu", 0), "gelu(x)");
        assert_eq!(head("@", 0), "bf16[4, 8]");
        assert_eq!(head("w)", 0), "w : bf16[8, 8]");
        assert_eq!(head("+", 0), "bf16[4, 8]");
        assert_eq!(head("[t]", 0), "bf16[8]");
        assert_eq!(head("t]", 0), "t : the number of an iteration");
        assert_eq!(head("q =", 0), "q : bf16[4, 8]");
        assert_eq!(head("y =", 0), "y : bf16[4, 8]");
        assert_eq!(head("y\n", 0), "y : bf16[4, 8]");
        assert!(head("repeat", 0).contains("repeat"));
        let hover = assist(PROGRAM).hover(place(PROGRAM, "q +", 0)).unwrap();
        assert_eq!(hover.about, "from line 9, one of 3 iterations");
    }

    fn topic(text: &str, word: &str, nth: usize) -> &'static str {
        assist(text).hover(place(text, word, nth)).map_or("nothing", |hover| hover.topic)
    }

    #[test]
    fn words_of_the_language_have_topics_and_names_have_none() {
        let text = "input x : i8[4, 8] sparse[2:4] = load(\"x.npy\")
weight load : i32[8]
size tile = 4
y = cast(x, bf16) @ cast(x, bf16).T with tile=[4, 4, 4], fuse=false
z = q + load - tile
";
        let topics = [
            ("input", 0, "input"),
            ("i8", 0, "i8"),
            ("sparse", 0, "sparse"),
            ("load", 0, "load"),
            ("load", 1, ""),
            ("tile", 0, ""),
            ("cast", 1, "cast"),
            ("bf16", 0, "bf16"),
            ("@", 0, "@"),
            ("with", 0, "with"),
            ("tile", 1, "tile"),
            ("fuse", 0, "fuse"),
            ("+", 0, "+"),
            ("load", 2, ""),
            ("q", 0, "nothing"),
        ];
        for (word, nth, expected) in topics {
            assert_eq!(topic(text, word, nth), expected, "{word} {nth}");
        }
        assert_eq!(topic(PROGRAM, "layer", 1), "fn");
        assert_eq!(topic(PROGRAM, "t]", 0), "as");
    }

    #[test]
    fn the_page_knows_a_place_for_every_topic() {
        let page = include_str!("../../www/src/views/topics.ts");
        let words: Vec<&str> = page.split([' ', '\n', '\'']).collect();
        let topics =
            KEYWORDS.iter().map(|(word, ..)| *word).chain(BUILTINS.iter().map(|builtin| builtin.name));
        let topics =
            topics.chain(DECLARED.iter().map(|(word, _)| *word)).chain(CHOICES.iter().map(|(word, _)| *word));
        let topics = topics.chain(OPERATORS.iter().map(|(word, ..)| *word));
        for topic in topics.chain(DType::ALL.into_iter().map(DType::name)) {
            assert!(words.contains(&topic), "{topic}");
        }
    }

    #[test]
    fn names_lead_to_their_definitions() {
        let to = |word: &str, nth: usize| {
            let span = assist(PROGRAM).definition(place(PROGRAM, word, nth)).unwrap();
            (span.of(PROGRAM), span.start as usize)
        };
        assert_eq!(to("layer", 1), ("layer", place(PROGRAM, "layer", 0)));
        assert_eq!(to("w)", 0), ("w", place(PROGRAM, "w :", 0)));
        assert_eq!(to("x @", 0), ("x", place(PROGRAM, "x :", 0)));
        assert_eq!(to("x[t]", 0), ("x", place(PROGRAM, "x :", 1)));
        assert_eq!(to("d]", 0), ("d", place(PROGRAM, "d =", 0)));
        assert_eq!(to("q +", 0), ("q", place(PROGRAM, "q =", 0)));
        assert_eq!(assist(PROGRAM).definition(place(PROGRAM, "softmax", 0)), None);
    }

    #[test]
    fn places_that_are_none_have_answers() {
        let text = "x = 1 # 😀\n";
        for at in 0..text.len() + 3 {
            let assist = assist(text);
            let _ = (assist.hover(at), assist.definition(at));
            assert!(assist.completions(at).0 <= text.len());
        }
        let long = assist(&"#".repeat(MOST_TEXT_BYTES + 1)).completions(77);
        assert_eq!(long.0, 0);
        let many: String = (0..MOST_NAMES + 9).map(|at| format!("n{at} = 1\n")).collect();
        let list = assist(&many).completions(many.len()).1;
        assert!(list.iter().any(|known| known.label == format!("n{}", MOST_NAMES + 8)));
        assert_eq!(list.iter().filter(|known| known.kind == CompletionKind::Value).count(), MOST_NAMES);
    }

    fn labels(text: &str) -> Vec<String> {
        let at = text.find('|').unwrap();
        let text = text.replace('|', "");
        assist(&text).completions(at).1.into_iter().map(|completion| completion.label).collect()
    }

    #[test]
    fn what_could_be_written_depends_on_the_place() {
        let here = |line: &str| labels(&PROGRAM.replace("y = softmax", &format!("{line}\ny = softmax")));
        let start = here("|");
        assert!(
            ["input", "repeat", "h", "x", "layer", "relu"].iter().all(|word| start.contains(&(*word).into()))
        );
        // Names of bodies and functions stay there.
        assert!(!start.contains(&"q".to_owned()) && !start.contains(&"w".to_owned()));
        assert_eq!(here("input z : |"), ["i8", "i16", "i32", "fp8", "bf16", "f32"]);
        assert_eq!(here("input z|"), [""; 0]);
        assert_eq!(here("z = h.|"), ["T", "shape"]);
        assert_eq!(here("z = sum(h, |")[..2], ["axis=", "keepdims="]);
        assert!(here("z = cast(h, b|").contains(&"bf16".into()));
        assert_eq!(here("z = h @ h with |")[0], "dataflow=");
        assert_eq!(here("# z|"), [""; 0]);
        let inside = labels(&PROGRAM.replace("return gelu(x @ w)", "return |"));
        assert!(
            ["x", "n", "w", "k", "s", "d"].iter().all(|word| inside.contains(&(*word).into())),
            "{inside:?}"
        );
        assert!(!inside.contains(&"h".to_owned()));
    }
}
