//! Syntax tree to graph: names are looked up, shapes found, files loaded, sums of whole numbers bounded. Every statement is
//! checked, also after errors; what depends on something wrong is passed over in silence.

mod arguments;
mod builtins;
mod calls;
mod declarations;
mod einsum;
mod expressions;
mod names;
mod operators;
mod repeats;
mod results;
mod templates;
mod windows;

pub use builtins::{BUILTINS, Builtin, Kind, Parameter};

use litemap::LiteMap;

use self::calls::Work;
use self::names::{Known, Origin, Scope, count, shorten};
use self::repeats::Body;
use super::ir::{Graph, Index, Limits, Loader, Output, RepeatId, TensorId};
use super::meanings::{Meaning, Meanings};
use super::names::Names;
use crate::base::{Arena, Diagnostics, Edit, Id, Lines, Span};
use crate::lang::{Ast, ExprId, Name, Statement, StatementKind, Storage};
use crate::num::{DType, Type};

/// What checking a program leaves.
pub struct Built {
    /// May be used only if no error was found.
    pub graph: Graph,
    /// What names and expressions stand for, as far as it was found out.
    pub meanings: Meanings,
}

/// Checks a program.
pub fn build(text: &str, ast: &Ast, loader: &dyn Loader, diagnostics: &mut Diagnostics) -> Built {
    let mut builder = Builder {
        text,
        lines: Lines::new(text),
        ast,
        loader,
        diagnostics,
        graph: Graph { names: Names::of(text), ..Graph::default() },
        scopes: vec![Scope::default()],
        repeats: Vec::new(),
        bodies: Vec::new(),
        functions: LiteMap::new(),
        known: Arena::default(),
        builtins: ast.exprs.iter().map(|(_, expr)| builtins::called(&expr.kind)).collect(),
        values: vec![Value::Wrong; ast.exprs.len()],
        several: Vec::new(),
        lists: Vec::new(),
        indices: Vec::new(),
        types: Vec::new(),
        work: Work::default(),
        sizes: 0,
        again: 0,
        named: Vec::new(),
        ranges: Vec::new(),
        meanings: Meanings::default(),
    };
    builder.statements();
    let Builder { graph, mut meanings, values, types, .. } = builder;
    meanings.exprs = values.iter().map(|value| value.meaning(&types)).collect();
    Built { graph, meanings }
}

/// What an expression or a name turned out to be.
#[derive(Clone, Copy)]
enum Value {
    Tensor(TensorId),
    Number(i64),
    Real(f64),
    /// A number that depends on iterations, by its place in [`Builder::indices`].
    Index(usize),
    /// By its place in [`Builder::lists`].
    List(usize),
    /// `"..."`
    Text,
    DType(DType),
    /// `bf16[4, 4]` as an argument, by its place in [`Builder::types`].
    Type(usize),
    /// What a function returned, by its place in [`Builder::several`].
    Several(usize),
    /// In error, and reported.
    Wrong,
}

impl Value {
    fn meaning(self, types: &[Type]) -> Meaning {
        match self {
            Value::Tensor(tensor) => Meaning::Tensor(tensor),
            Value::Number(number) => Meaning::Number(number),
            Value::Real(number) => Meaning::Real(number),
            Value::Index(_) => Meaning::Iteration,
            Value::DType(dtype) => Meaning::DType(dtype),
            Value::Type(at) => Meaning::Type(types[at].clone()),
            Value::List(_) | Value::Text | Value::Several(_) | Value::Wrong => Meaning::Nothing,
        }
    }
}

struct Builder<'a> {
    text: &'a str,
    lines: Lines<'a>,
    ast: &'a Ast,
    loader: &'a dyn Loader,
    diagnostics: &'a mut Diagnostics,
    graph: Graph,
    /// The program's, and those of the calls and repeats under way.
    scopes: Vec<Scope<'a>>,
    /// Those under way, and what their bodies carry and collect.
    repeats: Vec<RepeatId>,
    bodies: Vec<Body<'a>>,
    /// By name.
    functions: LiteMap<&'a str, Id<Known<'a>>>,
    known: Arena<Known<'a>>,
    /// By expression: the function of the language that it calls.
    builtins: Vec<Option<&'static Builtin>>,
    /// By expression.
    values: Vec<Value>,
    several: Vec<Vec<Value>>,
    lists: Vec<Vec<Value>>,
    indices: Vec<Index>,
    types: Vec<Type>,
    /// Done so far.
    work: Work,
    /// Sizes of the program so far, besides those of its functions.
    sizes: usize,
    /// Calls under way whose lines have been worked before.
    again: usize,
    /// By tensor: whether its name is the user's.
    named: Vec<bool>,
    /// Least and greatest value that each tensor's elements can have; of floats nothing is known.
    ranges: Vec<(i64, i64)>,
    meanings: Meanings,
}

impl<'a> Builder<'a> {
    fn statements(&mut self) {
        let ast = self.ast;
        self.know_functions(&ast.statements);
        for statement in &ast.statements {
            self.statement(statement);
        }
        self.finish();
    }

    /// Works a statement; `return`'s values are given back.
    fn statement(&mut self, statement: &'a Statement) -> Option<&'a [ExprId]> {
        let (first, end) = statement.exprs;
        let first_op = self.graph.ops.len();
        match &statement.kind {
            // Their expressions are those of their bodies, or have no end.
            StatementKind::Function(_) | StatementKind::Broken { .. } | StatementKind::BrokenOutput => {}
            StatementKind::Repeat(repeat) => self.evaluate(first, repeat.head_end),
            _ => self.evaluate(first, end),
        }
        match &statement.kind {
            StatementKind::Declare(declaration)
                if declaration.storage == Storage::Input && self.scopes.len() > 1 =>
            {
                let (message, hint) = match self.in_call() {
                    true => (
                        "an input within a function",
                        format!("declare it outside and hand it over: `fn ...({})`", declaration.name.text),
                    ),
                    false => (
                        "an input within a `repeat`",
                        "declare it before, with an axis for the iterations: `x[t]` is one of them".into(),
                    ),
                };
                self.diagnostics.error(statement.span, message, hint);
                self.bind(&declaration.name, Value::Wrong, Origin::Declared);
            }
            StatementKind::Declare(declaration) => self.declare(declaration),
            StatementKind::Size { name, value } => {
                let value = self.whole(*value, "a size").map_or(Value::Wrong, Value::Number);
                self.bind(name, value, Origin::Size);
            }
            StatementKind::Let { names, value, with } => {
                self.let_be(names, *value);
                self.choose(with, first_op);
            }
            StatementKind::Collect { name, index, value } => self.collect(name, *index, *value),
            StatementKind::Repeat(repeat) => self.repeat(repeat, statement.span),
            StatementKind::Function(function) if self.scopes.len() > 1 => {
                let hint = "functions stand by themselves: move it out";
                self.diagnostics.error(function.name.span, "a function within another body", hint);
            }
            StatementKind::Function(_) => {}
            StatementKind::Return { .. } if self.in_repeat() => {
                let hint = "name the value in the body, and return it behind the `repeat`";
                self.diagnostics.error(statement.span, "`return` within a `repeat`", hint);
            }
            StatementKind::Return { values } if self.in_call() => return Some(values),
            StatementKind::Return { values } => {
                let hint = "the program itself puts out: `output ...`";
                let start = statement.span.start;
                let word = Span { start, end: start + "return".len() as u32 };
                let edit = (values.len() == 1).then(|| Edit::replace(word, "output"));
                self.diagnostics.error_with(statement.span, "`return` outside of a function", hint, edit);
            }
            StatementKind::Output { .. } if self.in_repeat() => {
                let hint = "collect it in the body, as in `ys[t] = y`, and put it out behind the `repeat`";
                self.diagnostics.error(statement.span, "`output` within a `repeat`", hint);
            }
            StatementKind::Output { .. } if self.in_call() => {
                let hint = "return the value, and put it out where the function is called";
                self.diagnostics.error(statement.span, "`output` within a function", hint);
            }
            StatementKind::Output { value } => {
                if let Some(tensor) = self.tensor(*value) {
                    self.put_out(tensor, statement.span);
                }
            }
            StatementKind::Broken { names } => names.iter().for_each(|name| self.break_name(name)),
            StatementKind::BrokenOutput => {}
        }
        None
    }

    fn put_out(&mut self, tensor: TensorId, span: Span) {
        let before = self.graph.outputs.len();
        if before == Limits::OUTPUTS {
            let message = format!("a program of more than {} outputs", Limits::OUTPUTS);
            self.diagnostics.error(span, message, "put out fewer: `concat` makes one tensor of several");
        }
        // One too many, so that it is said once.
        if before <= Limits::OUTPUTS {
            self.graph.outputs.push(Output { tensor, span });
        }
    }

    fn let_be(&mut self, names: &'a [Name], value: ExprId) {
        let values = match (self.values[value.index()], names) {
            (Value::Several(at), _) => self.several[at].clone(),
            (Value::Wrong, _) => vec![Value::Wrong; names.len()],
            (Value::Number(_), [name]) => {
                let (span, start) = (self.ast.exprs[value].span, name.span.start);
                let hint = format!("a number with a name is a size: `size {} = ...`", shorten(&name.text));
                let edit = Some(Edit::replace(Span { start, end: start }, "size "));
                self.diagnostics.error_with(span, "a number where a tensor is needed", hint, edit);
                vec![Value::Wrong]
            }
            _ => vec![self.tensor(value).map_or(Value::Wrong, Value::Tensor)],
        };
        if values.len() != names.len() {
            let message = format!("{} for {}", count(names.len(), "name"), count(values.len(), "value"));
            let hint = match values.len() {
                1 => "one name takes one value: only a function that returns several has more".to_owned(),
                more => format!("write {more} names with `,` between them"),
            };
            self.diagnostics.error(names[0].span.to(names[names.len() - 1].span), message, hint);
        }
        for (at, name) in names.iter().enumerate() {
            let value = if values.len() == names.len() { values[at] } else { Value::Wrong };
            if name.text == "_" {
                continue;
            }
            self.bind(name, value, Origin::Let);
            self.call_result(name, value);
        }
    }

    fn finish(&mut self) {
        // `return` was meant as `output`, and is reported.
        let meant = |statement: &Statement| matches!(statement.kind, StatementKind::Return { .. });
        let outputs = self.ast.statements.iter().any(|statement| meant(statement) || puts_out(statement));
        if !outputs {
            let span = self.ast.statements.last().map(|s| s.span.after()).unwrap_or_default();
            let last = self.ast.statements.iter().rev().find_map(|s| match &s.kind {
                StatementKind::Let { names, .. } => names.first().map(|name| name.text.as_str()),
                _ => None,
            });
            let hint = format!("end it with `output {}`", shorten(last.unwrap_or("x @ w")));
            let edit = last.map(|last| Edit::replace(span, format!("\noutput {last}")));
            self.diagnostics.error_with(span, "the program puts nothing out", hint, edit);
        }
        // After an error, a name may be unused only because of it.
        if self.diagnostics.has_errors() {
            return;
        }
        self.warn_of_unused();
        for (name, known) in &self.functions {
            let known = &self.known[*known];
            if known.calls == 0 {
                let message = format!("`{}` is never called", shorten(name));
                self.diagnostics.warning(
                    known.span,
                    message,
                    "call it or remove it; its types are not checked",
                );
            }
        }
    }

    /// Evaluates expressions in the order of the arena, where operands come first.
    fn evaluate(&mut self, first: ExprId, end: ExprId) {
        self.work.exprs += end.index() - first.index();
        if self.work.exprs > Work::MOST_EXPRS {
            let span = self.ast.exprs.ids_between(first, end).next().map(|expr| self.ast.exprs[expr].span);
            self.give_up(
                span.unwrap_or_default(),
                format!("calls of more than {} values in all", Work::MOST_EXPRS),
            );
        }
        for expr in self.ast.exprs.ids_between(first, end) {
            let value = if self.work.exprs > Work::MOST_EXPRS { None } else { self.expr(expr) };
            self.values[expr.index()] = value.unwrap_or(Value::Wrong);
        }
    }
}

/// Or was meant to: in a body whose end is missing.
fn puts_out(statement: &Statement) -> bool {
    match &statement.kind {
        StatementKind::Output { .. } | StatementKind::BrokenOutput => true,
        StatementKind::Function(function) => function.body.iter().any(puts_out),
        StatementKind::Repeat(repeat) => repeat.body.iter().any(puts_out),
        _ => false,
    }
}
