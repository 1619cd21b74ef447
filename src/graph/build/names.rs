//! Names: where they are visible, what they stand for, which one was meant.

use litemap::LiteMap;

use super::builtins::is_builtin;
use super::declarations::dtype_meant;
use super::templates::Template;
use super::{Builder, Value};
use crate::base::{Edit, Id, Span, nearest};
use crate::graph::ir::RepeatId;
use crate::graph::meanings::{Definition, Meaning};
use crate::graph::names::Call;
pub(super) use crate::graph::names::{TensorName, shorten};
use crate::lang::{Function, Name, Statement, StatementKind};
use crate::num::DType;

/// What stands behind a name.
pub(super) struct Binding {
    pub value: Value,
    pub span: Span,
    pub used: bool,
    pub origin: Origin,
}

/// How a name came to be.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// An input or a weight.
    Declared,
    Size,
    Parameter,
    /// A value of a line.
    Let,
    /// What an iteration begins with.
    Carried,
    /// The number of an iteration.
    Variable,
}

impl Origin {
    /// Whether a line may give the name another value.
    pub fn can_change(self) -> bool {
        !matches!(self, Origin::Size | Origin::Variable)
    }
}

/// The names of the program, of a call, or of a repeat's body.
#[derive(Default)]
pub(super) struct Scope<'a> {
    pub names: LiteMap<&'a str, Binding>,
    /// The call whose lines these are.
    pub call: Option<Id<Call>>,
    /// How often these lines have called each function.
    pub calls: LiteMap<Id<Known<'a>>, u32>,
    pub kind: ScopeKind,
    /// Names of bodies that have ended, and where they were defined.
    pub gone: LiteMap<&'a str, Span>,
}

/// What a scope belongs to.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum ScopeKind {
    #[default]
    Program,
    /// It sees no tensors from outside.
    Call,
    Repeat(RepeatId),
}

/// A function that calls can find.
pub(super) struct Known<'a> {
    /// `None` if its definition is in error.
    pub function: Option<&'a Function>,
    pub span: Span,
    pub calls: usize,
    /// Whether a call of it is under way.
    pub active: bool,
    /// Calls that the next ones may be like.
    pub templates: Vec<Template>,
}

impl<'a> Builder<'a> {
    pub(super) fn know_functions(&mut self, statements: &'a [Statement]) {
        for statement in statements {
            let StatementKind::Function(function) = &statement.kind else { continue };
            let name = &function.name;
            if let Some(earlier) = self.functions.get(name.text.as_str()) {
                let line = self.lines.position(self.known[*earlier].span.start).line;
                let message = format!("`{}` is defined twice, first on line {line}", shorten(&name.text));
                self.diagnostics.error(name.span, message, "give this one another name");
                continue;
            }
            if is_reserved(&name.text) {
                let message = format!("`{}` is there already", name.text);
                self.diagnostics.error(
                    name.span,
                    message,
                    format!("call it `{}_1`, for instance", name.text),
                );
            }
            let known = Known {
                function: Some(function),
                span: name.span,
                calls: 0,
                active: false,
                templates: Vec::new(),
            };
            self.functions.insert(&name.text, self.known.push(known));
            self.meanings.definitions.push(Definition { span: name.span, meaning: Meaning::Function });
        }
    }

    /// It may have been meant as a function or as a value.
    pub(super) fn break_name(&mut self, name: &'a Name) {
        let known = Known { function: None, span: name.span, calls: 1, active: false, templates: Vec::new() };
        self.functions.try_insert(&name.text, self.known.push(known));
        let binding = Binding { value: Value::Wrong, span: name.span, used: true, origin: Origin::Let };
        self.scope().names.try_insert(&name.text, binding);
    }

    pub(super) fn scope(&mut self) -> &mut Scope<'a> {
        self.scopes.last_mut().expect("the program's scope is never left")
    }

    /// A tensor's name in the lines at hand.
    pub(super) fn named_here(&self, own: Span) -> TensorName {
        TensorName { call: self.scopes.last().and_then(|scope| scope.call), own: Some(own) }
    }

    pub(super) fn in_call(&self) -> bool {
        self.scopes.iter().any(|scope| scope.kind == ScopeKind::Call)
    }

    /// Whether the innermost body is a repeat's.
    pub(super) fn in_repeat(&self) -> bool {
        matches!(self.scopes.last(), Some(Scope { kind: ScopeKind::Repeat(_), .. }))
    }

    /// The scopes that a name is looked for in, innermost first: up to the call's or the program's own.
    pub(super) fn visible(&self) -> std::ops::RangeInclusive<usize> {
        let own = self.scopes.iter().rposition(|scope| !matches!(scope.kind, ScopeKind::Repeat(_)));
        own.unwrap_or(0)..=self.scopes.len() - 1
    }

    /// The scope, if any, that a name is found in.
    pub(super) fn scope_of(&self, name: &str) -> Option<usize> {
        self.visible().rev().find(|at| self.scopes[*at].names.contains_key(name))
    }

    /// Names of the innermost scope that nothing uses.
    pub(super) fn warn_of_unused(&mut self) {
        let Some(scope) = self.scopes.last() else { return };
        for (name, binding) in &scope.names {
            if !binding.used {
                let hint = "use it or remove the line; it is not simulated";
                self.diagnostics.warning(binding.span, format!("`{}` is never used", shorten(name)), hint);
            }
        }
    }

    /// Gives a value a name, if the name is free, or a line's to give another value.
    pub(super) fn bind(&mut self, name: &'a Name, value: Value, origin: Origin) {
        if let Some(earlier) = self.scope().names.get(name.text.as_str()) {
            let (again, used, earlier) = (earlier.origin.can_change(), earlier.used, earlier.span);
            if !(again && origin == Origin::Let) {
                let line = self.lines.position(earlier.start).line;
                let message = format!("`{}` is defined twice, first on line {line}", shorten(&name.text));
                self.diagnostics.error(name.span, message, "give this one another name");
                return;
            }
            if !used && !matches!(value, Value::Wrong) && self.again == 0 {
                let message =
                    format!("`{}` is never used before it is given another value", shorten(&name.text));
                self.diagnostics.warning(earlier, message, "use it or remove the line; it is not simulated");
            }
        } else if self.again == 0 {
            self.refuse_function_name(&name.text, name.span);
        }
        if self.again == 0 {
            let meaning = value.meaning(&self.types);
            self.define(name.span, meaning);
        }
        self.sizes += usize::from(origin == Origin::Size && self.scopes.len() == 1);
        let binding = Binding { value, span: name.span, used: false, origin };
        self.scope().names.insert(&name.text, binding);
    }

    pub(super) fn define(&mut self, span: Span, meaning: Meaning) {
        if self.again == 0 {
            self.meanings.definitions.push(Definition { span, meaning });
        }
    }

    pub(super) fn refuse_function_name(&mut self, name: &str, span: Span) {
        if is_reserved(name) || self.functions.contains_key(name) {
            let message = match name {
                "true" | "false" => format!("`{name}` is a word of the language"),
                _ if DType::ALL.iter().any(|dtype| dtype.name() == name) => {
                    format!("`{name}` is a dtype's name")
                }
                _ => format!("`{}` is a function's name", shorten(name)),
            };
            self.diagnostics.error(span, message, format!("call it `{}_1`, for instance", shorten(name)));
        }
    }

    /// A result is called what the user calls it first.
    pub(super) fn call_result(&mut self, name: &Name, value: Value) {
        let Value::Tensor(tensor) = value else { return };
        if !std::mem::replace(&mut self.named[tensor.index()], true) {
            self.graph.tensors[tensor].name = self.named_here(name.span);
        }
    }

    pub(super) fn look_up(&mut self, name: &str, span: Span) -> Option<Value> {
        for at in self.visible().rev() {
            if let Some(value) = self.use_of(at, name, span) {
                return Some(value);
            }
        }
        // A call sees the program's sizes, but no tensor that it is not given.
        if let Some(outer) = self.scopes[0].names.get(name) {
            match outer.value {
                Value::Number(_) | Value::Wrong => return self.use_of(0, name, span),
                _ => {
                    let message = format!("`{}` is a tensor from outside of the function", shorten(name));
                    let hint = format!("make it a parameter: `fn ...({})`", shorten(name));
                    self.diagnostics.error(span, message, hint);
                    self.use_of(0, name, span);
                    return None;
                }
            }
        }
        match name {
            "true" => return Some(Value::Number(1)),
            "false" => return Some(Value::Number(0)),
            _ => {}
        }
        if let Some(dtype) = DType::ALL.into_iter().find(|dtype| dtype.name() == name) {
            return Some(Value::DType(dtype));
        }
        self.unknown(name, span);
        None
    }

    fn use_of(&mut self, scope: usize, name: &str, span: Span) -> Option<Value> {
        let first = self.again == 0;
        let binding = self.scopes[scope].names.get_mut(name)?;
        binding.used = true;
        if first {
            self.meanings.uses.push((span, binding.span));
        }
        Some(binding.value)
    }

    fn unknown(&mut self, name: &str, span: Span) {
        if self.diagnostics.is_full() {
            return;
        }
        let visible = || self.visible().rev().flat_map(|at| self.scopes[at].names.keys());
        let sizes = self.scopes[0].names.iter().filter(|(_, b)| matches!(b.value, Value::Number(_)));
        let near = match name {
            "True" => Some("true"),
            "False" => Some("false"),
            _ => nearest(name, visible().chain(sizes.map(|(name, _)| name)).copied()).or(dtype_meant(name)),
        };
        let gone = self.visible().find_map(|at| self.scopes[at].gone.get(name)).copied();
        let gone = gone.map(|span| self.lines.position(span.start).line);
        let mut edit = near.map(|near| Edit::replace(span, near));
        let hint = match (gone, near) {
            (Some(line), _) => {
                edit = None;
                format!(
                    "it is of the `repeat` body, line {line}: give it a value before, and the body may change it"
                )
            }
            (None, Some(near)) => meant(near),
            (None, None) if is_builtin(name) || self.functions.contains_key(name) => {
                format!("a function is called: `{name}(...)`")
            }
            (None, None) if visible().next().is_none() => {
                "declare it first, as in `input x : i8[4, 4]`".into()
            }
            (None, None) => {
                let mut known: Vec<String> = Vec::new();
                for name in visible().map(|known| format!("`{}`", shorten(known))).take(16) {
                    if !known.contains(&name) && known.len() < 8 {
                        known.push(name);
                    }
                }
                format!("defined so far: {}", known.join(", "))
            }
        };
        self.diagnostics.error_with(span, format!("nothing is called `{}`", shorten(name)), hint, edit);
    }
}

/// Whether the language itself has given a name away.
fn is_reserved(name: &str) -> bool {
    is_builtin(name)
        || matches!(name, "load" | "true" | "false")
        || DType::ALL.iter().any(|dtype| dtype.name() == name)
}

pub(super) fn meant(near: &str) -> String {
    format!("did you mean `{near}`?")
}

/// `1 name`, `2 names`.
pub(super) fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}
