//! Tokens to a syntax tree. After an error the parser goes on at the next line that can begin a statement.

use super::ast::{
    Argument, Ast, Declaration, Expr, ExprId, ExprKind, Name, Number, Statement, StatementKind, Storage,
    TypeExpr,
};
use super::lexer::{Token, TokenKind, lex};
use crate::base::{Diagnostics, Span};

/// What parsing leaves: always a tree, and what was wrong.
pub struct Parsed {
    /// Statements that could be understood.
    pub ast: Ast,
    /// Every token, comments included: for highlighting.
    pub tokens: Vec<Token>,
    /// Errors found on the way.
    pub diagnostics: Diagnostics,
}

/// Parses a program no longer than [`super::MOST_TEXT_BYTES`].
pub fn parse(text: &str) -> Parsed {
    let tokens = lex(text);
    let words = tokens.iter().copied().filter(|t| t.kind != TokenKind::Comment).collect();
    let mut parser = Parser {
        text,
        words,
        at: 0,
        start: 0,
        depth: 0,
        ast: Ast::default(),
        diagnostics: Diagnostics::default(),
    };
    parser.program();
    Parsed { ast: parser.ast, tokens, diagnostics: parser.diagnostics }
}

/// Deepest nesting of brackets: the parser's only recursion.
const MOST_DEPTH: usize = 64;

/// An error has been reported; the statement is given up.
struct Reported;
type Parse<T> = Result<T, Reported>;

struct Parser<'t> {
    text: &'t str,
    words: Vec<Token>,
    at: usize,
    /// Where the statement being read begins.
    start: usize,
    /// Brackets that are open: within them a line's end means nothing.
    depth: usize,
    ast: Ast,
    diagnostics: Diagnostics,
}

impl Parser<'_> {
    fn program(&mut self) {
        while let Some(first) = self.words.get(self.at).copied() {
            (self.start, self.depth) = (self.at, 0);
            let parsed = self.statement(first);
            match parsed {
                Ok(kind) => {
                    let broken = matches!(kind, StatementKind::Broken { .. } | StatementKind::BrokenOutput);
                    let span = first.span.to(self.last_span());
                    self.ast.statements.push(Statement { kind, span });
                    if broken { self.skip_line() } else { self.end_of_line() }
                }
                Err(Reported) => self.skip_line(),
            }
        }
    }

    /// Whatever stands behind a whole statement is an error.
    fn end_of_line(&mut self) {
        if self.peek().is_some() {
            let found = self.found();
            let hint = "one statement a line; `+` adds, `@` multiplies";
            self.diagnostics.error(self.here(), format!("expected the end of the line, found {found}"), hint);
            self.skip_line();
        }
    }

    /// Goes on at the next line, at least one token further.
    fn skip_line(&mut self) {
        self.depth = 0;
        self.at += usize::from(self.at == self.start);
        while self.peek().is_some() {
            self.at += 1;
        }
    }

    fn statement(&mut self, first: Token) -> Parse<StatementKind> {
        match first.kind {
            TokenKind::Input => self.declaration(Storage::Input),
            TokenKind::Weight => self.declaration(Storage::Weight),
            TokenKind::Output => {
                self.at += 1;
                Ok(self.expr().map_or(StatementKind::BrokenOutput, |value| StatementKind::Output { value }))
            }
            TokenKind::Name => self.binding(),
            _ => {
                let found = self.found();
                self.error(
                    first.span,
                    format!("a line cannot begin with {found}"),
                    "a line is `input NAME : i8[4, 4]`, `weight ...`, `NAME = ...` or `output ...`; a comment begins with `#`",
                )
            }
        }
    }

    fn declaration(&mut self, storage: Storage) -> Parse<StatementKind> {
        self.at += 1;
        let name = self.name("a name for the tensor", "as in `input x : i8[8, 64]`")?;
        let colon_hint =
            format!("as in `{} : i8[8, 64]`: the type says what the array has to carry", name.text);
        let typed =
            self.expect(TokenKind::Colon, "`:` and a type", &colon_hint).and_then(|_| self.type_expr());
        let Ok(ty) = typed else { return Ok(StatementKind::Broken { name }) };
        let load = if self.eat(TokenKind::Equals).is_some() { self.load() } else { Ok(None) };
        match load {
            Ok(load) => Ok(StatementKind::Declare(Declaration { storage, name, ty, load })),
            Err(Reported) => Ok(StatementKind::Broken { name }),
        }
    }

    fn type_expr(&mut self) -> Parse<TypeExpr> {
        let dtype = self.name("a dtype", "i8 or i32, as in `i8[8, 64]`")?;
        let hint = format!("a type is a dtype and a shape, as in `{}[8, 64]`", dtype.text);
        self.open(TokenKind::LeftBracket, &hint)?;
        let mut dims = Vec::new();
        loop {
            let number = self.expect(TokenKind::Integer, "a whole number", &hint)?;
            dims.push(self.number(number.span));
            if self.eat(TokenKind::Comma).is_none() {
                break;
            }
        }
        let close = self.close(TokenKind::RightBracket, &hint)?;
        let span = dtype.span.to(close);
        Ok(TypeExpr { dtype, dims, span })
    }

    fn load(&mut self) -> Parse<Option<Name>> {
        const HINT: &str =
            "values are loaded, as in `= load(\"x.npy\")`; without `=` they are made from the name";
        let function = self.name("`load`", HINT)?;
        if function.text != "load" {
            return self.error(function.span, format!("expected `load`, found `{}`", function.text), HINT);
        }
        self.open(TokenKind::LeftParen, HINT)?;
        let token = self.expect(TokenKind::String, "a path in quotes", HINT)?;
        let inner = Span { start: token.span.start + 1, end: token.span.end - 1 };
        self.close(TokenKind::RightParen, HINT)?;
        Ok(Some(Name { text: inner.of(self.text).to_owned(), span: token.span }))
    }

    fn binding(&mut self) -> Parse<StatementKind> {
        let name = self.name("a name", "")?;
        if self.peek() == Some(TokenKind::Name)
            && let Some(storage) = self.misspelt(&name)
        {
            self.at -= 1;
            return self.declaration(storage);
        }
        let hint = "a line gives a value a name, as in `y = x @ w`, or puts it out, as in `output x @ w`";
        let value = self.expect(TokenKind::Equals, "`=`", hint).and_then(|_| self.expr());
        Ok(value
            .map_or(StatementKind::Broken { name: name.clone() }, |value| StatementKind::Let { name, value }))
    }

    /// A word that was meant to be a keyword and stands before a name is reported, and read as what it was meant to be.
    fn misspelt(&mut self, word: &Name) -> Option<Storage> {
        let near = |keyword| strsim::osa_distance(&word.text, keyword) <= 2;
        let (keyword, storage) = [("input", Storage::Input), ("weight", Storage::Weight)]
            .into_iter()
            .find(|(keyword, _)| near(keyword))?;
        let message = format!("`{}` is no keyword", word.text);
        self.diagnostics.error(word.span, message, format!("did you mean `{keyword}`?"));
        Some(storage)
    }

    fn expr(&mut self) -> Parse<ExprId> {
        let mut left = self.product()?;
        while self.eat(TokenKind::Plus).is_some() {
            let right = self.product()?;
            left = self.pair(left, right, ExprKind::Add(left, right));
        }
        Ok(left)
    }

    fn product(&mut self) -> Parse<ExprId> {
        let mut left = self.atom()?;
        while self.eat(TokenKind::At).is_some() {
            let right = self.atom()?;
            left = self.pair(left, right, ExprKind::MatMul(left, right));
        }
        Ok(left)
    }

    fn pair(&mut self, left: ExprId, right: ExprId, kind: ExprKind) -> ExprId {
        let span = self.ast.exprs[left].span.to(self.ast.exprs[right].span);
        self.ast.exprs.push(Expr { kind, span })
    }

    fn atom(&mut self) -> Parse<ExprId> {
        const HINT: &str =
            "a value is a name, a product as in `x @ w`, a sum as in `x + b`, or a call as in `relu(x)`";
        let start = self.words.get(self.at).map(|t| t.span);
        match self.peek() {
            Some(TokenKind::Name) => self.name_or_call(),
            Some(TokenKind::LeftParen) => {
                self.open(TokenKind::LeftParen, "")?;
                let inner = self.expr()?;
                self.close(TokenKind::RightParen, "")?;
                Ok(inner)
            }
            Some(TokenKind::Minus | TokenKind::Integer) => {
                self.eat(TokenKind::Minus);
                self.expect(TokenKind::Integer, "a whole number", "")?;
                let number = self.number(start.unwrap_or_default().to(self.last_span()));
                Ok(self.ast.exprs.push(Expr { kind: ExprKind::Number(number.value), span: number.span }))
            }
            _ => {
                let found = self.found();
                self.error(self.here(), format!("expected a value, found {found}"), HINT)
            }
        }
    }

    fn name_or_call(&mut self) -> Parse<ExprId> {
        let name = self.name("a name", "")?;
        if self.peek() != Some(TokenKind::LeftParen) {
            let span = name.span;
            return Ok(self.ast.exprs.push(Expr { kind: ExprKind::Name(name.text), span }));
        }
        self.open(TokenKind::LeftParen, "")?;
        let mut arguments = Vec::new();
        while self.peek().is_some_and(|kind| kind != TokenKind::RightParen) {
            arguments.push(self.argument()?);
            if self.eat(TokenKind::Comma).is_none() {
                break;
            }
        }
        let hint = format!("arguments are separated by `,` and end with `)`, as in `{}(x)`", name.text);
        let close = self.close(TokenKind::RightParen, &hint)?;
        let span = name.span.to(close);
        Ok(self.ast.exprs.push(Expr { kind: ExprKind::Call { function: name, arguments }, span }))
    }

    fn argument(&mut self) -> Parse<Argument> {
        let named = self.peek() == Some(TokenKind::Name)
            && self.words.get(self.at + 1).is_some_and(|next| next.kind == TokenKind::Equals);
        let name = if named { Some(self.name("a name", "")?) } else { None };
        if named {
            self.eat(TokenKind::Equals);
        }
        Ok(Argument { name, value: self.expr()? })
    }

    // What follows reads single tokens.

    /// Kind of the next token, if it belongs to this statement: a new line begins another one, except in brackets;
    /// and a keyword that begins a line always does, so that an open bracket does not swallow the rest.
    fn peek(&self) -> Option<TokenKind> {
        let next = self.words.get(self.at)?;
        let keyword = matches!(next.kind, TokenKind::Input | TokenKind::Weight | TokenKind::Output);
        let another = self.at > self.start && next.first_of_line && (self.depth == 0 || keyword);
        (!another).then_some(next.kind)
    }

    fn eat(&mut self, kind: TokenKind) -> Option<Token> {
        (self.peek() == Some(kind)).then(|| {
            self.at += 1;
            self.words[self.at - 1]
        })
    }

    fn expect(&mut self, kind: TokenKind, what: &str, hint: &str) -> Parse<Token> {
        if let Some(token) = self.eat(kind) {
            return Ok(token);
        }
        let hint =
            if self.peek() == Some(TokenKind::OpenString) { "close the string with `\"`" } else { hint };
        let found = self.found();
        self.error(self.here(), format!("expected {what}, found {found}"), hint)
    }

    fn name(&mut self, what: &str, hint: &str) -> Parse<Name> {
        let span = self.expect(TokenKind::Name, what, hint)?.span;
        Ok(Name { text: span.of(self.text).to_owned(), span })
    }

    fn open(&mut self, kind: TokenKind, hint: &str) -> Parse<()> {
        let token = self.expect(kind, kind.describe(), hint)?;
        self.depth += 1;
        if self.depth > MOST_DEPTH {
            let message = format!("brackets are nested more than {MOST_DEPTH} deep");
            return self.error(token.span, message, "give the inner part a name on a line of its own");
        }
        Ok(())
    }

    /// A closing bracket. Where it is missing, the place to mend is the end of the line before, not the next line.
    fn close(&mut self, kind: TokenKind, hint: &str) -> Parse<Span> {
        if self.words.get(self.at).is_some_and(|next| next.first_of_line && next.kind != kind) {
            self.depth = 0;
        }
        let token = self.expect(kind, kind.describe(), hint)?;
        self.depth -= 1;
        Ok(token.span)
    }

    /// A whole number, with `_` allowed between digits; too large ones saturate and are refused where they are used.
    fn number(&self, span: Span) -> Number {
        let text = span.of(self.text);
        let magnitude = text
            .bytes()
            .filter(u8::is_ascii_digit)
            .fold(0i64, |n, digit| n.saturating_mul(10).saturating_add(i64::from(digit - b'0')));
        Number { value: if text.starts_with('-') { -magnitude } else { magnitude }, span }
    }

    fn found(&self) -> String {
        match self.peek() {
            Some(TokenKind::Name | TokenKind::Integer | TokenKind::Unknown) => {
                let shown: String = self.words[self.at].span.of(self.text).chars().take(40).collect();
                format!("`{shown}`")
            }
            Some(kind) => kind.describe().to_owned(),
            None => "the end of the line".to_owned(),
        }
    }

    /// Where the next token stands, or where this statement ends.
    fn here(&self) -> Span {
        match self.peek() {
            Some(_) => self.words[self.at].span,
            None => self.last_span().after(),
        }
    }

    fn last_span(&self) -> Span {
        self.at.checked_sub(1).map(|last| self.words[last].span).unwrap_or_default()
    }

    fn error<T>(&mut self, span: Span, message: impl Into<String>, hint: &str) -> Parse<T> {
        self.diagnostics.error(span, message, hint);
        Err(Reported)
    }
}
