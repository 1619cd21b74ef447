//! Tokens to a syntax tree. After an error the parser goes on at the next line that can begin a statement.

use super::ast::{
    Argument, Ast, BinaryOp, Declaration, Dim, Expr, ExprId, ExprKind, Function, Name, Parameter, Part,
    Repeat, SparseExpr, Statement, StatementKind, Storage, TypeExpr,
};
use super::lexer::{Token, TokenKind, lex};
use crate::base::{Diagnostics, Edit, Span};

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
        bodies: 0,
        ast: Ast::default(),
        diagnostics: Diagnostics::default(),
    };
    parser.program();
    Parsed { ast: parser.ast, tokens, diagnostics: parser.diagnostics }
}

/// Deepest nesting of brackets and signs within a statement.
const MOST_DEPTH: usize = 64;

/// Deepest nesting of `{ }`.
const MOST_BODIES: usize = 8;

/// An error has been reported; the statement is given up.
struct Reported;
type Parse<T> = Result<T, Reported>;

/// What functions are called by in Python.
const MODULES: [&str; 9] = ["np", "numpy", "jnp", "jax", "torch", "nn", "F", "tf", "math"];

const COMPARISONS: &str =
    "numbers are not compared: `relu`, `maximum` and `minimum` choose the greater or lesser";

struct Parser<'t> {
    text: &'t str,
    words: Vec<Token>,
    at: usize,
    /// Where the statement being read begins.
    start: usize,
    /// Brackets that are open: within them a line's end means nothing.
    depth: usize,
    /// `{ }` around the statement.
    bodies: usize,
    ast: Ast,
    diagnostics: Diagnostics,
}

impl Parser<'_> {
    fn program(&mut self) {
        let mut statements = Vec::new();
        while self.at < self.words.len() {
            statements.extend(self.statement());
        }
        self.ast.statements = statements;
    }

    /// A statement, if it can be understood; on to the next line.
    fn statement(&mut self) -> Option<Statement> {
        (self.start, self.depth) = (self.at, 0);
        let (start, from) = (self.start, self.ast.exprs.next_id());
        let first = self.words[start];
        let kind = self.statement_kind(first);
        let broken =
            matches!(kind, Err(Reported) | Ok(StatementKind::Broken { .. } | StatementKind::BrokenOutput));
        // The statements of a body have moved it.
        self.start = start;
        let span = first.span.to(self.last_span());
        if broken {
            self.skip_line()
        } else {
            self.end_of_line()
        }
        let exprs = (from, self.ast.exprs.next_id());
        kind.ok().map(|kind| Statement { kind, exprs, span })
    }

    /// Whatever stands behind a whole statement is an error.
    fn end_of_line(&mut self) {
        if self.peek().is_some() && !self.at_end_of_body() {
            let found = self.found();
            let hint = match self.peek() {
                Some(TokenKind::With) => {
                    "a value with a name is scheduled, as in `y = x @ w with dataflow=\"os\"`"
                }
                _ => self.foreign().unwrap_or("one statement a line; `+` adds, `@` multiplies matrices"),
            };
            let (here, message) = (self.here(), format!("expected the end of the line, found {found}"));
            let edit = match self.peek() {
                Some(TokenKind::RightParen | TokenKind::RightBracket) => Some(Edit::replace(here, "")),
                Some(TokenKind::Unknown) if here.of(self.text) == ";" && self.is_last_of_line() => {
                    Some(Edit::replace(here, ""))
                }
                Some(kind) if kind == TokenKind::Name || kind.is_keyword() => {
                    Some(Edit::replace(Span { start: here.start, end: here.start }, "\n"))
                }
                _ => None,
            };
            self.diagnostics.error_with(here, message, hint, edit);
            self.skip_line();
        }
    }

    /// Goes on at the next line, or where a body ends, at least one token further.
    fn skip_line(&mut self) {
        self.depth = 0;
        self.at += usize::from(self.at == self.start);
        while self.peek().is_some() && !self.at_end_of_body() {
            self.at += 1;
        }
    }

    fn at_end_of_body(&self) -> bool {
        self.bodies > 0 && self.words.get(self.at).is_some_and(|next| next.kind == TokenKind::RightBrace)
    }

    fn statement_kind(&mut self, first: Token) -> Parse<StatementKind> {
        match first.kind {
            TokenKind::Input => self.declaration(Storage::Input),
            TokenKind::Weight => self.declaration(Storage::Weight),
            TokenKind::Size => self.size(),
            TokenKind::Fn => self.function(),
            TokenKind::Repeat => self.repeat(),
            TokenKind::Return => {
                self.at += 1;
                Ok(match self.exprs() {
                    Ok(values) => StatementKind::Return { values },
                    Err(Reported) => StatementKind::Broken { names: Vec::new() },
                })
            }
            TokenKind::Output => {
                self.at += 1;
                Ok(self.expr().map_or(StatementKind::BrokenOutput, |value| StatementKind::Output { value }))
            }
            TokenKind::Name => self.binding(),
            TokenKind::Plus | TokenKind::Star | TokenKind::Slash | TokenKind::At | TokenKind::Minus
                if self.at > 0 =>
            {
                let message = format!("a line cannot begin with {}", self.found());
                self.error(
                    first.span,
                    message,
                    "a value goes on in the next line only within brackets: `(x` and `+ y)`",
                )
            }
            _ => {
                let found = self.found();
                self.error(
                    first.span,
                    format!("a line cannot begin with {found}"),
                    "a line is `input NAME : i8[4, 4]`, `weight ...`, `size ...`, `fn ...`, `repeat ...`, `NAME = ...` or `output ...`; \
                     a comment begins with `#`",
                )
            }
        }
    }

    fn size(&mut self) -> Parse<StatementKind> {
        const HINT: &str = "as in `size heads = 12` or `size width = heads * 64`";
        self.at += 1;
        let name = self.name("a name for the size", HINT)?;
        let value = self.expect(TokenKind::Equals, "`=` and a whole number", HINT).and_then(|_| self.expr());
        Ok(match value {
            Ok(value) => StatementKind::Size { name, value },
            Err(Reported) => StatementKind::Broken { names: vec![name] },
        })
    }

    fn function(&mut self) -> Parse<StatementKind> {
        const HINT: &str = "as in `fn layer(x, w : i8[k, n]) { return relu(x @ w) }`";
        self.at += 1;
        let name = self.name("a name for the function", HINT);
        let parameters = if name.is_ok() { self.parameters(HINT) } else { Err(Reported) };
        self.depth = 0;
        if parameters.is_ok() && self.peek() != Some(TokenKind::LeftBrace) {
            let hint = match self.peek() {
                Some(TokenKind::Minus) => "what a function returns has the type that it has: leave it out",
                _ => HINT,
            };
            let found = self.found();
            let message = format!("expected `{{` and the function's lines, found {found}");
            self.diagnostics.error(self.here(), message, hint);
        }
        // Whatever is wrong with its head, its lines are its own.
        while self.peek().is_some_and(|kind| kind != TokenKind::LeftBrace) {
            self.at += 1;
        }
        let known = name.as_ref().ok().cloned();
        let nameless = Name { text: "fn".into(), span: self.words[self.start].span };
        let Some(body) = self.body(known.as_ref().unwrap_or(&nameless)) else {
            return Ok(StatementKind::Broken { names: known.into_iter().collect() });
        };
        Ok(match (name, parameters) {
            (Ok(name), Ok(parameters)) => StatementKind::Function(Function { name, parameters, body }),
            _ => StatementKind::Broken { names: known.into_iter().collect() },
        })
    }

    fn repeat(&mut self) -> Parse<StatementKind> {
        const HINT: &str =
            "as in `repeat 12 { ... }`, or `repeat steps as t { ... }` where `t` counts from 0";
        let word = Name { text: "repeat".into(), span: self.words[self.at].span };
        self.at += 1;
        let count = match self.peek() {
            Some(TokenKind::LeftBrace) => self.error(self.here(), "expected how often, found `{`", HINT),
            _ => self.expr(),
        };
        let head_end = self.ast.exprs.next_id();
        let variable = match (&count, self.eat(TokenKind::As)) {
            (Ok(_), Some(_)) => self.name("a name for the number of the iteration", HINT).map(Some),
            _ => Ok(None),
        };
        self.depth = 0;
        if count.is_ok() && variable.is_ok() && self.peek() != Some(TokenKind::LeftBrace) {
            let found = self.found();
            let message = format!("expected `{{` and the lines to repeat, found {found}");
            self.diagnostics.error(self.here(), message, HINT);
        }
        while self.peek().is_some_and(|kind| kind != TokenKind::LeftBrace) {
            self.at += 1;
        }
        let body = self.body(&word);
        match (count, variable, body) {
            (Ok(count), Ok(variable), Some(body)) => {
                Ok(StatementKind::Repeat(Repeat { count, head_end, variable, body }))
            }
            // Its lines are errors of their own; what they define may be used behind it.
            (_, _, body) => {
                let names = body.iter().flatten().flat_map(|statement| match &statement.kind {
                    StatementKind::Let { names, .. } | StatementKind::Broken { names } => names.clone(),
                    StatementKind::Collect { name, .. } => vec![name.clone()],
                    _ => Vec::new(),
                });
                Ok(StatementKind::Broken { names: names.collect() })
            }
        }
    }

    /// `{`, the lines of a function or a `repeat`, and `}`; nothing if there is no `{`.
    fn body(&mut self, of: &Name) -> Option<Vec<Statement>> {
        if self.words.get(self.at).is_none_or(|next| next.kind != TokenKind::LeftBrace) {
            return None;
        }
        self.at += 1;
        if self.bodies >= MOST_BODIES {
            let message = format!("`{{ }}` are nested more than {MOST_BODIES} deep");
            self.diagnostics.error(of.span, message, "move the inner part to a function");
            let mut open = 1;
            while let Some(next) = self.words.get(self.at).filter(|_| open > 0) {
                open += i32::from(next.kind == TokenKind::LeftBrace);
                open -= i32::from(next.kind == TokenKind::RightBrace);
                self.at += 1;
            }
            return None;
        }
        self.bodies += 1;
        let body = self.lines_of(of);
        self.bodies -= 1;
        Some(body)
    }

    /// The lines of a body, and the `}` behind them. A function's head at the beginning of a line ends it too.
    fn lines_of(&mut self, function: &Name) -> Vec<Statement> {
        let mut statements = Vec::new();
        loop {
            match self.words.get(self.at).map(|next| next.kind) {
                Some(TokenKind::RightBrace) => self.at += 1,
                None => self.unclosed(function),
                Some(TokenKind::Fn) if self.begins_text_line() => self.unclosed(function),
                Some(_) => {
                    statements.extend(self.statement());
                    continue;
                }
            }
            return statements;
        }
    }

    fn unclosed(&mut self, of: &Name) {
        let message = format!("`{}` is not closed", of.text);
        let edit = Some(Edit::replace(self.last_span().after(), "\n}"));
        let hint = match of.text.as_str() {
            "repeat" => "what is repeated ends with `}`",
            _ => "a function ends with `}`",
        };
        self.diagnostics.error_with(of.span, message, hint, edit);
    }

    /// Whether the next token is not even indented.
    fn begins_text_line(&self) -> bool {
        let start = self.words.get(self.at).map_or(0, |next| next.span.start as usize);
        start == 0 || self.text.as_bytes().get(start - 1) == Some(&b'\n')
    }

    fn parameters(&mut self, hint: &str) -> Parse<Vec<Parameter>> {
        self.open(TokenKind::LeftParen, hint)?;
        let mut parameters = Vec::new();
        while self.peek().is_some_and(|kind| kind != TokenKind::RightParen) {
            let name = self.name("a parameter's name", hint)?;
            let ty = match self.eat(TokenKind::Colon) {
                Some(colon) if self.is_type_of_number() => {
                    self.type_of_number(&name, colon);
                    None
                }
                Some(_) => Some(self.type_expr()?),
                None => None,
            };
            parameters.push(Parameter { name, ty });
            if self.eat(TokenKind::Comma).is_none() {
                break;
            }
        }
        self.close(TokenKind::RightParen, hint)?;
        Ok(parameters)
    }

    /// Whether a name stands where a type should, without a shape.
    fn is_type_of_number(&self) -> bool {
        let behind = self.words.get(self.at + 1).map(|next| next.kind);
        self.peek() == Some(TokenKind::Name)
            && matches!(behind, Some(TokenKind::Comma | TokenKind::RightParen))
    }

    /// `n : int`
    fn type_of_number(&mut self, parameter: &Name, colon: Token) {
        let ty = self.words[self.at].span;
        self.at += 1;
        let message = format!("expected a dtype and a shape, found {}", shown(ty.of(self.text)));
        let hint = format!("a number stands without a type: `{}`", brief(&parameter.text));
        let edit = Edit::replace(parameter.span.after().to(ty), "");
        self.diagnostics.error_with(colon.span.to(ty), message, hint, Some(edit));
    }

    fn declaration(&mut self, storage: Storage) -> Parse<StatementKind> {
        self.at += 1;
        let name = self.name("a name for the tensor", "as in `input x : i8[8, 64]`")?;
        let colon_hint =
            format!("as in `{} : i8[8, 64]`: the type says what the array has to carry", name.text);
        let typed =
            self.expect(TokenKind::Colon, "`:` and a type", &colon_hint).and_then(|_| self.type_expr());
        let Ok(ty) = typed else { return Ok(StatementKind::Broken { names: vec![name] }) };
        Ok(match self.pruned_and_loaded() {
            Ok((sparse, load)) => StatementKind::Declare(Declaration { storage, name, ty, sparse, load }),
            Err(Reported) => StatementKind::Broken { names: vec![name] },
        })
    }

    /// What may stand behind a declared type.
    fn pruned_and_loaded(&mut self) -> Parse<(Option<SparseExpr>, Option<Name>)> {
        let is_sparse = self.peek() == Some(TokenKind::Name) && self.here().of(self.text) == "sparse";
        let sparse = if is_sparse { Some(self.sparse()?) } else { None };
        let load = if self.eat(TokenKind::Equals).is_some() { self.load()? } else { None };
        Ok((sparse, load))
    }

    fn sparse(&mut self) -> Parse<SparseExpr> {
        const HINT: &str =
            "as in `sparse[2:4]`: of every 4 rows, a column has at most 2 elements that are not 0";
        let start = self.here();
        self.at += 1;
        self.open(TokenKind::LeftBracket, HINT)?;
        let kept = self.expr()?;
        self.expect(TokenKind::Colon, "`:`", HINT)?;
        let of = self.expr()?;
        let span = start.to(self.close(TokenKind::RightBracket, HINT)?);
        Ok(SparseExpr { kept, of, span })
    }

    fn type_expr(&mut self) -> Parse<TypeExpr> {
        let dtype = self.name("a dtype", "i8 or i32, as in `i8[8, 64]`")?;
        let hint = format!("a type is a dtype and a shape, as in `{}[8, 64]`", dtype.text);
        self.open(TokenKind::LeftBracket, &hint)?;
        let mut dims = Vec::new();
        loop {
            let first = self.ast.exprs.next_id();
            dims.push(Dim { first, value: self.expr()? });
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
        let mut name = self.name("a name", "")?;
        if self.peek() == Some(TokenKind::Name) && matches!(name.text.as_str(), "import" | "from") {
            let hint = "remove the line: the language's functions are there, without a module before them";
            return self.error(name.span, format!("`{}` is no keyword", name.text), hint);
        }
        while self.peek() == Some(TokenKind::Name) && matches!(name.text.as_str(), "let" | "var" | "val") {
            let message = format!("`{}` is no keyword", name.text);
            let edit = Edit::replace(Span { start: name.span.start, end: self.here().start }, "");
            self.diagnostics.error_with(name.span, message, "a name and `=` are enough", Some(edit));
            name = self.name("a name", "")?;
        }
        if self.peek() == Some(TokenKind::Name)
            && let Some(kind) = self.misspelt(&name)
        {
            self.at -= 1;
            return self.statement_kind(Token { kind, ..self.words[self.at] });
        }
        const HINT: &str =
            "a line gives a value a name, as in `y = x @ w`, or puts it out, as in `output x @ w`";
        if self.peek() == Some(TokenKind::LeftBracket) {
            return self.collect(name);
        }
        let mut names = vec![name];
        while self.eat(TokenKind::Comma).is_some() {
            names.push(self.name("another name", HINT)?);
        }
        if let Some(operator) = self.assigning_operator() {
            self.assign_by(&names[0], operator);
            return Ok(StatementKind::Broken { names });
        }
        let hint = if self.peek() == Some(TokenKind::LeftParen) {
            "a value is put out by `output`, as in `output x @ w`; nothing is printed or called for its own sake"
        } else {
            HINT
        };
        let value = self.expect(TokenKind::Equals, "`=`", hint).and_then(|_| self.expr());
        let with = match value {
            Ok(_) => self.with(),
            Err(Reported) => Err(Reported),
        };
        Ok(match (value, with) {
            (Ok(value), Ok(with)) => StatementKind::Let { names, value, with },
            _ => StatementKind::Broken { names },
        })
    }

    /// `+=` and the like, as one span.
    fn assigning_operator(&self) -> Option<Span> {
        let [operator, equals] = self.words.get(self.at..self.at + 2)? else { return None };
        let operates = matches!(
            operator.kind,
            TokenKind::Plus | TokenKind::Minus | TokenKind::Star | TokenKind::Slash | TokenKind::At
        );
        let together = equals.kind == TokenKind::Equals && operator.span.end == equals.span.start;
        (self.peek().is_some() && operates && together).then(|| operator.span.to(equals.span))
    }

    /// `x += y` is written `x = x + y`. The names keep what they have.
    fn assign_by(&mut self, name: &Name, operator: Span) {
        let both = operator.of(self.text);
        let sign = both.trim_end_matches('=');
        let name = brief(&name.text);
        let (message, hint) =
            (format!("expected `=`, found `{both}`"), format!("write `{name} = {name} {sign} ...`"));
        self.at += 2;
        let value = self.here().start;
        // A sum on the right would need brackets.
        let single =
            self.expr().is_ok_and(|value| !matches!(self.ast.exprs[value].kind, ExprKind::Binary(..)));
        let edit = Edit::replace(Span { start: operator.start, end: value }, format!("= {name} {sign} "));
        self.diagnostics.error_with(operator, message, hint, single.then_some(edit));
    }

    fn collect(&mut self, name: Name) -> Parse<StatementKind> {
        const HINT: &str = "within `repeat n as t`, `hs[t] = h` collects every iteration's `h`";
        self.open(TokenKind::LeftBracket, HINT)?;
        let index = self.expr()?;
        self.close(TokenKind::RightBracket, HINT)?;
        let value = self.expect(TokenKind::Equals, "`=`", HINT).and_then(|_| self.expr());
        Ok(match value {
            Ok(value) => StatementKind::Collect { name, index, value },
            Err(Reported) => StatementKind::Broken { names: vec![name] },
        })
    }

    /// `with NAME=VALUE, ...` behind a value.
    fn with(&mut self) -> Parse<Vec<Argument>> {
        let mut with = Vec::new();
        if self.eat(TokenKind::With).is_none() {
            return Ok(with);
        }
        loop {
            const HINT: &str = "as in `y = x @ w with dataflow=\"os\", tile=[128, 64]`";
            let name = self.name("the name of a choice", HINT)?;
            self.expect(TokenKind::Equals, "`=`", HINT)?;
            with.push(Argument { name: Some(name), value: self.expr()? });
            if self.eat(TokenKind::Comma).is_none() {
                return Ok(with);
            }
        }
    }

    /// A word that was meant to be a keyword and stands before a name is reported, and read as what it was meant to be.
    fn misspelt(&mut self, word: &Name) -> Option<TokenKind> {
        const KEYWORDS: [(&str, TokenKind); 6] = [
            ("output", TokenKind::Output),
            ("input", TokenKind::Input),
            ("weight", TokenKind::Weight),
            ("return", TokenKind::Return),
            ("size", TokenKind::Size),
            ("repeat", TokenKind::Repeat),
        ];
        let nearest =
            KEYWORDS.iter().map(|(keyword, kind)| (strsim::osa_distance(&word.text, keyword), keyword, kind));
        let (keyword, kind) = match word.text.as_str() {
            "def" | "func" | "fun" | "function" => ("fn", TokenKind::Fn),
            "for" | "loop" | "while" => ("repeat", TokenKind::Repeat),
            "param" | "parameter" | "params" => ("weight", TokenKind::Weight),
            _ => nearest
                .filter(|near| near.0 <= 2)
                .min_by_key(|near| near.0)
                .map(|(_, word, kind)| (*word, *kind))?,
        };
        let message = format!("`{}` is no keyword", word.text);
        let edit = Some(Edit::replace(word.span, keyword));
        self.diagnostics.error_with(word.span, message, format!("did you mean `{keyword}`?"), edit);
        Some(kind)
    }

    fn exprs(&mut self) -> Parse<Vec<ExprId>> {
        let mut exprs = vec![self.expr()?];
        while self.eat(TokenKind::Comma).is_some() {
            exprs.push(self.expr()?);
        }
        Ok(exprs)
    }

    fn expr(&mut self) -> Parse<ExprId> {
        self.chain(Self::product, |kind| match kind {
            TokenKind::Plus => Some(BinaryOp::Add),
            TokenKind::Minus => Some(BinaryOp::Subtract),
            _ => None,
        })
    }

    fn product(&mut self) -> Parse<ExprId> {
        self.chain(Self::signed, |kind| match kind {
            TokenKind::At => Some(BinaryOp::MatMul),
            TokenKind::Star => Some(BinaryOp::Multiply),
            TokenKind::Slash => Some(BinaryOp::Divide),
            TokenKind::SlashSlash => Some(BinaryOp::FloorDivide),
            TokenKind::Percent => Some(BinaryOp::Remainder),
            _ => None,
        })
    }

    /// Operands with operators of one rank between them, from the left.
    fn chain(
        &mut self,
        operand: fn(&mut Self) -> Parse<ExprId>,
        operator: fn(TokenKind) -> Option<BinaryOp>,
    ) -> Parse<ExprId> {
        // From bracket to bracket: an operand's own span leaves out those around it.
        let start = self.here();
        let mut left = operand(self)?;
        while let Some(op) = self.peek().and_then(operator) {
            self.at += 1;
            let right = operand(self)?;
            let span = start.to(self.last_span());
            left = self.ast.exprs.push(Expr { kind: ExprKind::Binary(op, left, right), span });
        }
        Ok(left)
    }

    fn signed(&mut self) -> Parse<ExprId> {
        let Some(sign) = self.eat(TokenKind::Minus) else { return self.postfix() };
        self.nest(sign.span)?;
        let operand = self.signed()?;
        self.depth -= 1;
        let whole = sign.span.to(self.last_span());
        let Expr { kind, span } = &mut self.ast.exprs[operand];
        // `-1` is a number.
        match kind {
            ExprKind::Number(value @ 1..) => *value = -*value,
            ExprKind::Real(value) if value.is_sign_positive() => *value = -*value,
            _ => return Ok(self.ast.exprs.push(Expr { kind: ExprKind::Negate(operand), span: whole })),
        }
        *span = whole;
        Ok(operand)
    }

    /// A value with what is cut out of it.
    fn postfix(&mut self) -> Parse<ExprId> {
        let start = self.here();
        let mut value = self.atom()?;
        loop {
            match self.peek() {
                Some(TokenKind::LeftBracket) => {
                    const HINT: &str = "as in `x[0]`, `x[:, 0:64]` or `x[..., 0]`";
                    self.open(TokenKind::LeftBracket, HINT)?;
                    let parts = self.list(TokenKind::RightBracket, Self::part)?;
                    let close = self.close(TokenKind::RightBracket, HINT)?;
                    let kind = ExprKind::Index { of: value, parts };
                    value = self.ast.exprs.push(Expr { kind, span: start.to(close) });
                }
                Some(TokenKind::Dot) => {
                    self.at += 1;
                    let name = self.name("`T` or `shape`", "`x.T` swaps the last two axes")?;
                    let mut span = start.to(name.span);
                    // A method is none of the language's; with its arguments it is one mistake.
                    if self.peek() == Some(TokenKind::LeftParen) {
                        self.open(TokenKind::LeftParen, "")?;
                        self.list(TokenKind::RightParen, Self::argument)?;
                        span = start.to(self.close(TokenKind::RightParen, "arguments end with `)`")?);
                    }
                    value = self.ast.exprs.push(Expr { kind: ExprKind::Member { of: value, name }, span });
                }
                _ => return Ok(value),
            }
        }
    }

    /// Items with `,` between them up to a bracket, which is not taken.
    fn list<T>(&mut self, end: TokenKind, item: fn(&mut Self) -> Parse<T>) -> Parse<Vec<T>> {
        let mut items = Vec::new();
        while self.peek().is_some_and(|kind| kind != end) {
            items.push(item(self)?);
            if self.eat(TokenKind::Comma).is_none() {
                break;
            }
        }
        Ok(items)
    }

    fn part(&mut self) -> Parse<Part> {
        if self.eat(TokenKind::Ellipsis).is_some() {
            return Ok(Part::Rest);
        }
        let bound = |parser: &mut Self| match parser.peek() {
            Some(TokenKind::Colon | TokenKind::Comma | TokenKind::RightBracket) => Ok(None),
            _ => parser.expr().map(Some),
        };
        let from = bound(self)?;
        if self.eat(TokenKind::Colon).is_none() {
            return match from {
                Some(at) => Ok(Part::At(at)),
                None => self.atom().map(Part::At),
            };
        }
        let to = bound(self)?;
        let step = if self.eat(TokenKind::Colon).is_some() { bound(self)? } else { None };
        Ok(Part::Range { from, to, step })
    }

    fn atom(&mut self) -> Parse<ExprId> {
        const HINT: &str =
            "a value is a name, a product as in `x @ w`, a sum as in `x + b`, or a call as in `relu(x)`";
        match self.peek() {
            Some(TokenKind::Name) => self.name_or_call(),
            Some(TokenKind::LeftParen) => {
                let start = self.here();
                self.open(TokenKind::LeftParen, "")?;
                let inner = self.expr()?;
                if self.peek() == Some(TokenKind::Comma) {
                    return self.tuple(start, inner);
                }
                self.close(TokenKind::RightParen, "what a bracket opens ends with `)`")?;
                Ok(inner)
            }
            Some(TokenKind::Integer) => {
                let span = self.words[self.at].span;
                self.at += 1;
                Ok(self.ast.exprs.push(Expr { kind: ExprKind::Number(number(span.of(self.text))), span }))
            }
            Some(TokenKind::Real) => {
                let span = self.words[self.at].span;
                let value = real(span.of(self.text));
                if value.is_infinite() {
                    return self.error(span, "a number larger than any f64", "choose a smaller number");
                }
                self.at += 1;
                Ok(self.ast.exprs.push(Expr { kind: ExprKind::Real(value), span }))
            }
            Some(TokenKind::String) => {
                let span = self.words[self.at].span;
                self.at += 1;
                let inner = Span { start: span.start + 1, end: span.end - 1 };
                Ok(self.ast.exprs.push(Expr { kind: ExprKind::Text(inner.of(self.text).to_owned()), span }))
            }
            Some(TokenKind::LeftBracket) => {
                let start = self.here();
                self.open(TokenKind::LeftBracket, "")?;
                let items = self.list(TokenKind::RightBracket, Self::expr)?;
                let close = self.close(TokenKind::RightBracket, "a list ends with `]`, as in `[2, 2]`")?;
                let span = start.to(close);
                Ok(self.ast.exprs.push(Expr { kind: ExprKind::List(items), span }))
            }
            _ => {
                let found = self.found();
                let before = self.at.checked_sub(1).map(|before| self.words[before]);
                let hint = match (self.peek(), before) {
                    (Some(TokenKind::Star), Some(Token { kind: TokenKind::Star, .. })) => {
                        "there is no `**`: a square is `x * x`"
                    }
                    _ => self.foreign().unwrap_or(HINT),
                };
                self.error(self.here(), format!("expected a value, found {found}"), hint)
            }
        }
    }

    /// `(2, 1)`, read up to the first `,`: a list, as Python's tuples are written.
    fn tuple(&mut self, start: Span, first: ExprId) -> Parse<ExprId> {
        let mut items = vec![first];
        self.eat(TokenKind::Comma);
        items.extend(self.list(TokenKind::RightParen, Self::expr)?);
        let close = self.close(TokenKind::RightParen, "a list ends with `]`, as in `[2, 2]`")?;
        let span = start.to(close);
        let inner = Span { start: start.end, end: close.start }.of(self.text);
        let hint = format!("write `[{}]`", brief(inner));
        let edit = Some(Edit::replace(span, format!("[{inner}]")));
        self.diagnostics.error_with(span, "a list stands in square brackets", hint, edit);
        Ok(self.ast.exprs.push(Expr { kind: ExprKind::List(items), span }))
    }

    /// Goes past the module in `np.exp(x)` or `nn.functional.gelu(x)`: no tensor is meant by its name.
    fn leave_module_out(&mut self) {
        let root = self.words[self.at].span;
        if !MODULES.contains(&root.of(self.text)) {
            return;
        }
        let mut last = self.at;
        let kind = |at: usize| self.words.get(at).filter(|next| !next.first_of_line).map(|next| next.kind);
        while kind(last + 1) == Some(TokenKind::Dot) && kind(last + 2) == Some(TokenKind::Name) {
            last += 2;
        }
        if last == self.at || kind(last + 1) != Some(TokenKind::LeftParen) {
            return;
        }
        let function = self.words[last].span;
        let module = Span { start: root.start, end: function.start };
        let message = format!("there is no module {}", shown(root.of(self.text)));
        let hint = format!("functions stand alone: `{}(...)`", brief(function.of(self.text)));
        self.diagnostics.error_with(module, message, hint, Some(Edit::replace(module, "")));
        self.at = last;
    }

    fn name_or_call(&mut self) -> Parse<ExprId> {
        self.leave_module_out();
        let name = self.name("a name", "")?;
        if self.peek() != Some(TokenKind::LeftParen) {
            let span = name.span;
            return Ok(self.ast.exprs.push(Expr { kind: ExprKind::Name(name.text), span }));
        }
        self.open(TokenKind::LeftParen, "")?;
        let arguments = self.list(TokenKind::RightParen, Self::argument)?;
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
        let another =
            self.at > self.start && next.first_of_line && (self.depth == 0 || next.kind.is_keyword());
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
        let hint = self.foreign().unwrap_or(hint);
        let found = self.found();
        self.error(self.here(), format!("expected {what}, found {found}"), hint)
    }

    /// What to say of a next token that other languages have.
    fn foreign(&self) -> Option<&'static str> {
        match self.peek()? {
            TokenKind::OpenString => Some("close the string with `\"`"),
            TokenKind::Equals
                if self.words.get(self.at + 1).map(|next| next.kind) == Some(TokenKind::Equals) =>
            {
                Some(COMPARISONS)
            }
            TokenKind::Unknown => match self.words[self.at].span.of(self.text) {
                ";" => Some("a line ends without `;`"),
                "<" | ">" | "!" => Some(COMPARISONS),
                "'" => Some("texts stand in `\"`, as in `load(\"x.npy\")`; `x.T` is the transpose"),
                _ => None,
            },
            _ => None,
        }
    }

    fn is_last_of_line(&self) -> bool {
        self.words.get(self.at + 1).is_none_or(|next| next.first_of_line)
    }

    fn name(&mut self, what: &str, hint: &str) -> Parse<Name> {
        let span = self.expect(TokenKind::Name, what, hint)?.span;
        Ok(Name { text: span.of(self.text).to_owned(), span })
    }

    fn open(&mut self, kind: TokenKind, hint: &str) -> Parse<()> {
        let token = self.expect(kind, kind.describe(), hint)?;
        self.nest(token.span)
    }

    fn nest(&mut self, span: Span) -> Parse<()> {
        self.depth += 1;
        if self.depth > MOST_DEPTH {
            let message = format!("brackets are nested more than {MOST_DEPTH} deep");
            return self.error(span, message, "give the inner part a name on a line of its own");
        }
        Ok(())
    }

    /// A closing bracket. Where it is missing, the place to mend is the end of the line before, not the next line.
    fn close(&mut self, kind: TokenKind, hint: &str) -> Parse<Span> {
        if self.words.get(self.at).is_some_and(|next| next.first_of_line && next.kind != kind) {
            self.depth = 0;
        }
        let (errors, here) = (self.diagnostics.errors(), self.here());
        let token = self.expect(kind, kind.describe(), hint).inspect_err(|_| {
            if self.peek().is_none() && self.depth <= 1 {
                self.diagnostics
                    .mend(errors, Edit::replace(here, if kind == TokenKind::RightParen { ")" } else { "]" }));
            }
        });
        let token = token?;
        self.depth -= 1;
        Ok(token.span)
    }

    fn found(&self) -> String {
        match self.peek() {
            Some(TokenKind::Name | TokenKind::Integer | TokenKind::Real | TokenKind::Unknown) => {
                shown(self.words[self.at].span.of(self.text))
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

/// The beginning of a text from a program.
fn brief(text: &str) -> String {
    text.chars().take(40).map(|c| if c.is_control() { ' ' } else { c }).collect()
}

fn shown(text: &str) -> String {
    format!("`{}`", brief(text))
}

/// A whole number, with `_` allowed between digits; too large ones saturate and are refused where they are used.
fn number(text: &str) -> i64 {
    text.bytes()
        .filter(u8::is_ascii_digit)
        .fold(0i64, |n, digit| n.saturating_mul(10).saturating_add(i64::from(digit - b'0')))
}

/// A number with a point or an exponent. Up to fifteen digits and exponents up to 22 give the nearest f64, since both parts
/// are exact; beyond, a unit or two of the last place may be off.
fn real(text: &str) -> f64 {
    let (digits, exponent) = match text.find(['e', 'E']) {
        Some(at) => (&text[..at], &text[at + 1..]),
        None => (text, ""),
    };
    let mut power = number(exponent).min(400) as i32;
    if exponent.starts_with('-') {
        power = -power;
    }
    let mut value = 0f64;
    let mut fraction = false;
    for digit in digits.bytes() {
        match digit {
            b'.' => fraction = true,
            b'0'..=b'9' => {
                value = value * 10.0 + f64::from(digit - b'0');
                power -= i32::from(fraction);
            }
            _ => {}
        }
    }
    let by = |most: u32| (0..power.unsigned_abs().min(most)).fold(1f64, |by, _| by * 10.0);
    // Two steps where one power of ten would be infinite.
    let (first, rest) = (by(300), (300..power.unsigned_abs().min(700)).fold(1f64, |by, _| by * 10.0));
    if power < 0 { value / first / rest } else { value * first * rest }
}
