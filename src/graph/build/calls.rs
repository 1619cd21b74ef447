//! Calls of the program's functions: their lines, once more, with the arguments in place of the parameters.

use super::names::{Binding, Known, Origin, Scope, ScopeKind, TensorName, count, shorten};
use super::{Builder, Value};
use crate::base::{Id, Span};
use crate::graph::ir::Limits;
use crate::graph::meanings::Meaning;
use crate::graph::names::Call;
use crate::lang::{Argument, Dim, Expr, ExprId, ExprKind, Function, Name, Parameter, StatementKind};

/// What checking a program has taken.
#[derive(Clone, Copy, Default)]
pub(super) struct Work {
    /// Calls, those within calls included.
    pub calls: usize,
    /// Lines that they stand for.
    pub lines: usize,
    /// Expressions evaluated, those of calls each time.
    pub exprs: usize,
    /// Multiply-accumulates of all operators in all iterations.
    pub macs: u64,
}

impl Work {
    const MOST_CALLS: usize = 10_000;
    const MOST_LINES: usize = 100_000;
    /// What the text of any program needs many times over.
    pub(super) const MOST_EXPRS: usize = 4_000_000;

    /// With what was done between two moments done once more.
    pub(super) fn and(self, from: Work, to: Work) -> Work {
        Work {
            calls: self.calls + to.calls - from.calls,
            lines: self.lines + to.lines - from.lines,
            exprs: self.exprs + to.exprs - from.exprs,
            macs: self.macs.saturating_add(to.macs - from.macs),
        }
    }

    pub(super) fn is_possible(&self) -> bool {
        self.calls <= Self::MOST_CALLS
            && self.lines <= Self::MOST_LINES
            && self.exprs <= Self::MOST_EXPRS
            && self.macs <= Limits::ALL_MACS
    }
}

impl<'a> Builder<'a> {
    /// A call of one of the program's functions: its lines, once more, with the arguments in place of the parameters.
    pub(super) fn call_of(
        &mut self,
        id: Id<Known<'a>>,
        name: &Name,
        arguments: &[Argument],
        span: Span,
    ) -> Option<Value> {
        let depth = self.scopes.len();
        let known = &mut self.known[id];
        if self.again == 0 {
            self.meanings.uses.push((name.span, known.span));
        }
        known.calls += 1;
        let (function, active) = (known.function?, known.active);
        if self.work.calls > Work::MOST_CALLS {
            return None;
        }
        if self.work.calls == Work::MOST_CALLS {
            self.give_up(span, format!("more than {} calls", Work::MOST_CALLS));
            return None;
        }
        self.work.calls += 1;
        let message = if active {
            format!("`{}` calls itself", shorten(&name.text))
        } else if depth > Self::MOST_DEPTH {
            format!("calls are nested more than {} deep", Self::MOST_DEPTH)
        } else {
            return self.enter(id, function, arguments, span);
        };
        self.diagnostics.error(
            span,
            message,
            "a call stands for the function's lines: let it stand for fewer",
        );
        None
    }

    /// Calls for too much, once: no further call is worked.
    pub(super) fn give_up(&mut self, span: Span, message: String) {
        if self.work.calls <= Work::MOST_CALLS {
            self.work.calls = Work::MOST_CALLS + 1;
            let hint = "a call stands for the function's lines: let it stand for fewer";
            self.diagnostics.error(span, message, hint);
        }
    }

    /// Values of one `return`.
    const MOST_VALUES: usize = 64;

    /// Calls within calls: the only recursion here.
    const MOST_DEPTH: usize = 64;

    fn enter(
        &mut self,
        id: Id<Known<'a>>,
        function: &'a Function,
        arguments: &[Argument],
        span: Span,
    ) -> Option<Value> {
        let given = self.arguments(function, arguments, span)?;
        let first = self.known[id].calls == 1;
        let (start, unnamed) = (self.moment(), self.unnamed(&given));
        let call = self.next_call(id);
        if let Some(template) = self.template_of(id, &given)
            && let Some(values) = self.copy(id, template, &given, call)
        {
            return Some(self.value_of(&values));
        }
        let errors = self.diagnostics.errors();
        self.known[id].active = true;
        self.again += usize::from(!first);
        self.scopes.push(Scope { call: Some(call), kind: ScopeKind::Call, ..Scope::default() });
        let values = self.run(function, &given, first);
        // The next calls would say the same.
        if first && !self.diagnostics.has_errors() {
            self.warn_of_unused();
        }
        self.scopes.pop();
        self.again -= usize::from(!first);
        self.known[id].active = false;
        if self.diagnostics.errors() > errors {
            let line = self.lines.position(span.start).line;
            let note = format!(" (in the call of `{}` on line {line})", shorten(&function.name.text));
            self.diagnostics.add_to_hints(errors, &note);
        }
        let values = values?;
        for value in &values {
            // Until the caller gives it a name, a result is called as the call.
            if let Value::Tensor(tensor) = value
                && !self.named[tensor.index()]
            {
                self.graph.tensors[*tensor].name = TensorName { call: Some(call), own: None };
            }
        }
        self.keep(id, &given, start, unnamed, &values);
        Some(self.value_of(&values))
    }

    /// What a call is that returns these.
    fn value_of(&mut self, values: &[Value]) -> Value {
        match values {
            [value] => *value,
            values => {
                self.several.push(values.to_vec());
                Value::Several(self.several.len() - 1)
            }
        }
    }

    /// A call of a function more in the lines at hand.
    fn next_call(&mut self, function: Id<Known<'a>>) -> Id<Call> {
        let own = *self.visible().start();
        let Scope { call, calls, .. } = &mut self.scopes[own];
        let nth = calls.get(&function).map_or(1, |earlier| earlier + 1);
        calls.insert(function, nth);
        self.graph.names.calls.push(Call { within: *call, function: self.known[function].span, nth })
    }

    /// The lines of a function; what it returns.
    fn run(&mut self, function: &'a Function, given: &[ExprId], first: bool) -> Option<Vec<Value>> {
        // Numbers come first: a shape may name them.
        let parameters = || function.parameters.iter().zip(given);
        let untyped = parameters().filter(|(parameter, _)| parameter.ty.is_none());
        for (parameter, argument) in
            untyped.chain(parameters().filter(|(parameter, _)| parameter.ty.is_some()))
        {
            let value = self.parameter(parameter, *argument);
            self.bind(&parameter.name, value.unwrap_or(Value::Wrong), Origin::Parameter);
        }
        let mut returned = None;
        for statement in &function.body {
            self.work.lines += 1;
            if self.work.lines > Work::MOST_LINES {
                self.give_up(statement.span, format!("calls of more than {} lines in all", Work::MOST_LINES));
                return None;
            }
            if returned.is_some() {
                if !first {
                    break;
                }
                self.diagnostics.warning(
                    statement.span,
                    "behind `return` nothing is done",
                    "remove the line",
                );
                break;
            }
            returned = self.statement(statement);
        }
        let Some(values) = returned else {
            let name = &function.name;
            let broken = function.body.iter().any(|s| matches!(s.kind, StatementKind::Broken { .. }));
            if !broken {
                let message = format!("`{}` returns nothing", shorten(&name.text));
                self.diagnostics.error(name.span, message, "end it with a line `return ...`");
            }
            return None;
        };
        if values.len() > Self::MOST_VALUES {
            self.give_up(function.name.span, format!("more than {} values of a call", Self::MOST_VALUES));
            return None;
        }
        if let [value] = values {
            return Some(vec![self.values[value.index()]]);
        }
        Some(values.iter().map(|value| self.one(*value)).collect())
    }

    /// A tensor or a number; several values are an error here.
    pub(super) fn one(&mut self, expr: ExprId) -> Value {
        match self.values[expr.index()] {
            Value::Several(_) => self.tensor(expr).map_or(Value::Wrong, Value::Tensor),
            one => one,
        }
    }

    /// What a parameter stands for, if its argument is of its type.
    fn parameter(&mut self, parameter: &Parameter, argument: ExprId) -> Option<Value> {
        let Some(ty) = &parameter.ty else { return Some(self.one(argument)) };
        let Some(tensor) = self.tensor(argument) else {
            // What it would have given names to is wrong as well, and needs no further word.
            for (name, span) in ty.dims.iter().filter_map(|dim| self.new_name(dim)).collect::<Vec<_>>() {
                let binding = Binding { value: Value::Wrong, span, used: true, origin: Origin::Size };
                self.scope().names.insert(name, binding);
            }
            return None;
        };
        let found = self.graph.tensors[tensor].ty.clone();
        let wanted = self.dtype(&ty.dtype)?;
        let mut fits = wanted == found.dtype && ty.dims.len() == found.shape.0.len();
        let mut known = Vec::new();
        for (at, dim) in ty.dims.iter().enumerate() {
            let extent = self.extent_of(dim, found.shape.0.get(at).copied())?;
            fits &= found.shape.0.get(at).is_none_or(|found| usize::try_from(extent) == Ok(*found));
            let text = self.ast.exprs[dim.value].span.of(self.text);
            if text.parse() != Ok(extent) && known.len() < 4 {
                known.push(format!("`{}` is {extent}", shorten(text)));
            }
        }
        if !fits {
            let span = self.ast.exprs[argument].span;
            let (name, wanted) = (shorten(&parameter.name.text), shorten(ty.span.of(self.text)));
            let message = format!("`{name}` has to be {wanted}, but this is {found}");
            let mut hint = "change the argument, or the parameter's type".to_owned();
            if ty.dims.len() == found.shape.0.len() && !known.is_empty() {
                known.dedup();
                hint += &format!(": here {}", known.join(", "));
            }
            self.diagnostics.error(span, message, hint);
            return None;
        }
        Some(Value::Tensor(tensor))
    }

    /// An extent that is a name which stands for nothing yet.
    fn new_name(&self, dim: &Dim) -> Option<(&'a str, Span)> {
        let Expr { kind, span } = &self.ast.exprs[dim.value];
        let ExprKind::Name(name) = kind else { return None };
        let outside = self.scopes[0].names.get(name.as_str()).map(|binding| binding.value);
        let seen = matches!(outside, Some(Value::Number(_) | Value::Wrong))
            || self.scopes[self.scopes.len() - 1].names.contains_key(name.as_str());
        (!seen).then_some((name.as_str(), *span))
    }

    /// An extent of a parameter's type; a name that stands for nothing yet becomes what is found.
    fn extent_of(&mut self, dim: &Dim, found: Option<usize>) -> Option<i64> {
        if let Some((name, span)) = self.new_name(dim) {
            let value = i64::try_from(found.unwrap_or(1)).ok()?;
            if self.again == 0 {
                self.refuse_function_name(name, span);
            }
            self.define(span, Meaning::Number(value));
            let binding = Binding { value: Value::Number(value), span, used: true, origin: Origin::Size };
            self.scope().names.insert(name, binding);
            return Some(value);
        }
        self.evaluate(dim.first, dim.value);
        let value = self.expr(dim.value)?;
        self.values[dim.value.index()] = value;
        self.whole(dim.value, "an extent")
    }

    /// By parameter, its argument.
    fn arguments(&mut self, function: &Function, arguments: &[Argument], span: Span) -> Option<Vec<ExprId>> {
        let mut given: Vec<Option<ExprId>> = vec![None; function.parameters.len()];
        let mut fine = true;
        let mut next = 0;
        for argument in arguments {
            let at = match &argument.name {
                Some(name) => function.parameters.iter().position(|p| p.name.text == name.text),
                None => Some(next).filter(|at| *at < given.len()),
            };
            next += usize::from(argument.name.is_none());
            let at_span =
                argument.name.as_ref().map_or(self.ast.exprs[argument.value].span, |name| name.span);
            match at.map(|at| &mut given[at]) {
                Some(place @ None) => *place = Some(argument.value),
                Some(_) => {
                    self.diagnostics.error(at_span, "a parameter is given twice", head(function));
                    fine = false;
                }
                None => {
                    let message = match &argument.name {
                        Some(name) => format!("`{}` has no parameter `{}`", function.name.text, name.text),
                        None => format!("`{}` takes {}", function.name.text, count(given.len(), "argument")),
                    };
                    self.diagnostics.error(at_span, message, head(function));
                    fine = false;
                }
            }
        }
        let missing = given.iter().position(Option::is_none).filter(|_| fine);
        if let Some(missing) = missing.map(|at| &function.parameters[at].name.text) {
            let message = format!("`{}` is not given its `{}`", function.name.text, shorten(missing));
            self.diagnostics.error(span, message, head(function));
        }
        given.into_iter().collect::<Option<Vec<ExprId>>>().filter(|_| fine)
    }
}

/// How one of the program's functions is called.
fn head(function: &Function) -> String {
    let parameters: Vec<String> = function.parameters.iter().map(|p| shorten(&p.name.text)).collect();
    format!("it is `{}({})`", shorten(&function.name.text), shorten(&parameters.join(", ")))
}
