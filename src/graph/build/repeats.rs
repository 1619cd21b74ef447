//! `repeat`: a body that is worked once, whatever the number of its iterations.

use smallvec::smallvec;

use super::names::{Binding, Origin, Scope, ScopeKind, shorten};
use super::{Builder, Value};
use crate::base::{Edit, Span};
use crate::graph::ir::{Carried, Index, Limits, OpKind, Repeat, Source, Tensor, TensorId};
use crate::lang::{self, ExprId, Name, Statement, StatementKind};
use crate::num::{DType, Shape, Type};

use super::results::{AllWanted, Wanted};

/// What a body's scope knows besides its names.
pub(super) struct Body<'a> {
    /// Names that are carried.
    carried: Vec<&'a str>,
    /// Names that collect, with what they collect.
    collected: Vec<(&'a Name, TensorId)>,
    variable: Option<&'a str>,
}

impl<'a> Builder<'a> {
    #[inline(never)] // Of its own, it can be left out of what everybody loads.
    pub(super) fn repeat(&mut self, repeat: &'a lang::Repeat, span: Span) {
        let assigned = assigned(&repeat.body);
        let Some(count) = self.count_of(repeat) else {
            // What it would have changed is unknown from here on.
            for name in assigned {
                self.forget(name);
            }
            return;
        };
        let within = self.repeats.last().copied();
        let id = self.graph.repeats.push(Repeat {
            count,
            within,
            carried: Vec::new(),
            collected: Vec::new(),
            span,
        });
        let call = self.scope().call;
        let mut scope = Scope { call, kind: ScopeKind::Repeat(id), ..Scope::default() };
        let mut body = Body { carried: Vec::new(), collected: Vec::new(), variable: None };
        self.repeats.push(id);
        for name in assigned {
            let Some(outer) = self.scope_of(&name.text) else { continue };
            if scope.names.contains_key(name.text.as_str()) {
                continue;
            }
            let Some(binding) = self.scopes[outer].names.get_mut(name.text.as_str()) else { continue };
            if !binding.origin.can_change() {
                continue; // Reported where it is given a value.
            }
            binding.used = true;
            let (before, outer_span) = (binding.value, binding.span);
            let value = match before {
                Value::Tensor(begin) => {
                    let at = self.graph.repeats[id].carried.len();
                    let outer = &self.graph.tensors[begin];
                    let (ty, shown) = (outer.ty.clone(), outer.name);
                    let source = Source::Carried(id, at);
                    let range = match ty.dtype.range() {
                        Some(all) if ty.dtype.bytes() < 4 => all,
                        _ => self.ranges[begin.index()],
                    };
                    let now = self
                        .push(Tensor { name: shown, ty, source, within: Some(id), span: outer_span }, range);
                    self.named[now.index()] = true;
                    self.graph.repeats[id].carried.push(Carried { begin, now, next: now });
                    body.carried.push(&name.text);
                    Value::Tensor(now)
                }
                _ => Value::Wrong,
            };
            let binding = Binding { value, span: outer_span, used: true, origin: Origin::Carried };
            scope.names.insert(&name.text, binding);
        }
        self.scopes.push(scope);
        self.bodies.push(body);
        if let Some(variable) = &repeat.variable {
            self.indices.push(Index { first: 0, steps: vec![(id, 1)] });
            self.bind(variable, Value::Index(self.indices.len() - 1), Origin::Variable);
            self.scope()
                .names
                .get_mut(variable.text.as_str())
                .into_iter()
                .for_each(|binding| binding.used = true);
            if let Some(body) = self.bodies.last_mut() {
                body.variable = Some(&variable.text);
            }
        }
        for statement in &repeat.body {
            if self.again > 0 || self.in_call() {
                self.work.lines += 1;
            }
            self.statement(statement);
        }
        self.end_of_repeat(id, span);
    }

    /// Gives what is carried its values for the next iteration, and what comes of it to the names outside.
    #[inline(never)] // Of its own, it can be left out of what everybody loads.
    fn end_of_repeat(&mut self, id: crate::graph::ir::RepeatId, span: Span) {
        let (Some(scope), Some(body)) = (self.scopes.pop(), self.bodies.pop()) else { return };
        let mut wrong = false;
        let mut wanted = AllWanted::new();
        for (at, name) in body.carried.iter().enumerate() {
            let Some(binding) = scope.names.get(name) else { continue };
            let Carried { begin, .. } = self.graph.repeats[id].carried[at];
            let Value::Tensor(next) = binding.value else {
                wrong = true;
                continue;
            };
            wrong |= !self.carry_on(begin, next, name, binding.span);
            self.graph.repeats[id].carried[at].next = next;
            wanted.push(Wanted::new(self.graph.tensors[begin].ty.clone(), self.ranges[begin.index()]));
            if let (Some(wanted), Some(all)) = (wanted.last_mut(), self.graph.tensors[begin].ty.dtype.range())
                && self.graph.tensors[begin].ty.dtype.bytes() < 4
            {
                wanted.range = all;
            }
        }
        for (_, each) in &body.collected {
            let mut shape = smallvec![self.graph.repeats[id].count];
            let ty = &self.graph.tensors[*each].ty;
            shape.extend_from_slice(&ty.shape.0);
            wanted
                .push(Wanted::new(Type { dtype: ty.dtype, shape: Shape(shape) }, self.ranges[each.index()]));
            self.graph.repeats[id].collected.push(*each);
        }
        self.repeats.pop();
        let locals = scope.names.iter().filter(|(_, binding)| binding.origin != Origin::Carried);
        for (name, &Binding { span, used, .. }) in locals {
            let carried = body.carried.contains(name);
            if !used && !carried && self.again == 0 && !self.diagnostics.has_errors() {
                let hint = "use it or remove the line; it is not simulated";
                self.diagnostics.warning(span, format!("`{}` is never used", shorten(name)), hint);
            }
            if !carried {
                self.scope().gone.insert(name, span);
            }
        }
        let results = match wrong {
            true => None,
            false => {
                let carried = self.graph.repeats[id].carried.iter();
                let operands: Vec<TensorId> = carried.map(|carried| carried.begin).collect();
                self.ops(OpKind::Repeat(id), &operands, wanted, span)
            }
        };
        let result = |at: usize| results.as_ref().map_or(Value::Wrong, |results| Value::Tensor(results[at]));
        for (at, name) in body.carried.iter().enumerate() {
            let span = scope.names.get(name).map_or(span, |binding| binding.span);
            self.change(name, span, result(at));
            self.rename(result(at), span);
        }
        for (at, (name, _)) in body.collected.iter().enumerate() {
            let value = result(body.carried.len() + at);
            self.bind(name, value, Origin::Let);
            self.rename(value, name.span);
        }
    }

    /// Behind a body a tensor is called as in it.
    fn rename(&mut self, value: Value, own: Span) {
        if let Value::Tensor(tensor) = value {
            self.named[tensor.index()] = true;
            self.graph.tensors[tensor].name = self.named_here(own);
        }
    }

    /// Whether an iteration ends with what the next one can begin with.
    fn carry_on(&mut self, begin: TensorId, next: TensorId, name: &str, span: Span) -> bool {
        let (before, after) = (&self.graph.tensors[begin].ty, &self.graph.tensors[next].ty);
        let name = shorten(name);
        if before != after {
            let message =
                format!("`{name}` is {before} before the `repeat`, but {after} behind an iteration");
            const NEXT: &str = "the next one begins with it";
            let hint = match (before.dtype, after.dtype) {
                _ if before.shape != after.shape => format!("{NEXT}: both must have one type"),
                (DType::I8, DType::I32) => format!("{NEXT}: bring it back by `requant({name}, shift=7)`"),
                (dtype, _) => format!("{NEXT}: bring it back by `cast({name}, {dtype})`"),
            };
            self.diagnostics.error(span, message, hint);
            return false;
        }
        let ((low, high), (least, most)) = (self.ranges[next.index()], self.ranges[begin.index()]);
        if before.dtype == DType::I32 && (low < least || high > most) {
            // From values in files, perhaps.
            let message = format!("`{name}` could grow with every iteration and leave its 32 bits");
            let hint = format!("carry 8 bits, as in `requant({name}, shift=7)`, or floats");
            self.diagnostics.error(span, message, hint);
            return false;
        }
        true
    }

    /// Gives a name from before a body its value behind it. In a body around this one it is that body's to carry.
    fn change(&mut self, name: &str, span: Span, value: Value) {
        if let Some(binding) = self.scope().names.get_mut(name) {
            binding.value = value;
            binding.span = span;
            binding.used |= matches!(value, Value::Wrong);
        }
    }

    /// Takes a name's value away, as an error has.
    fn forget(&mut self, name: &'a Name) {
        match self.scope_of(&name.text) {
            Some(at) => {
                self.scopes[at].names.get_mut(name.text.as_str()).into_iter().for_each(|binding| {
                    binding.value = Value::Wrong;
                    binding.used = true;
                });
            }
            None => self.break_name(name),
        }
    }

    /// How often, if it is possible.
    fn count_of(&mut self, repeat: &lang::Repeat) -> Option<usize> {
        let count = self.whole(repeat.count, "how often a body is repeated")?;
        let span = self.ast.exprs[repeat.count].span;
        if count < 1 {
            let message = format!("a body that is repeated {count} times");
            self.diagnostics.error(span, message, "at least once; or remove it");
            return None;
        }
        let around = self.graph.iterations(self.repeats.last().copied());
        if around.saturating_mul(count.unsigned_abs()) > Limits::ITERATIONS || count >= 1 << 31 {
            let message = format!("a body that is repeated more than {} times in all", Limits::ITERATIONS);
            self.diagnostics.error(span, message, "repeat it fewer times");
            return None;
        }
        usize::try_from(count).ok()
    }

    #[inline(never)] // Of its own, it can be left out of what everybody loads.
    pub(super) fn collect(&mut self, name: &'a Name, index: ExprId, value: ExprId) {
        let tensor = self.tensor(value);
        let (shown, at) = (shorten(&name.text), self.ast.exprs[index].span);
        let variable = self.bodies.last().filter(|_| self.in_repeat()).map(|body| body.variable);
        let fits = |builder: &Self| match builder.values[index.index()] {
            Value::Index(at) => {
                let Index { first, steps } = &builder.indices[at];
                *first == 0 && matches!(steps[..], [(repeat, 1)] if Some(&repeat) == builder.repeats.last())
            }
            _ => false,
        };
        let (message, hint, edit) = match variable {
            None => {
                let message = format!("`{shown}[...] =` outside of a `repeat`");
                (message, "it collects what iterations leave; a tensor cannot be changed".to_owned(), None)
            }
            Some(None) => {
                let hint =
                    format!("give the iterations a number: `repeat ... as t {{`, then `{shown}[t] = ...`");
                ("the iterations have no number".to_owned(), hint, None)
            }
            Some(Some(variable)) if !fits(self) => {
                let hint = format!("write `{shown}[{variable}] = ...`: each iteration has one place");
                (
                    format!("`{shown}` collects at another place than its iteration's"),
                    hint,
                    Some(Edit::replace(at, variable)),
                )
            }
            Some(Some(_)) if self.scope_of(&name.text).is_some() => {
                let hint = format!("a tensor cannot be changed: collect as `{shown}_1[...]`, for instance");
                (format!("`{shown}` is there already"), hint, None)
            }
            Some(Some(_)) => {
                let twice = self.bodies.last().is_some_and(|body| {
                    body.collected.iter().any(|(collected, _)| collected.text == name.text)
                });
                match (twice, tensor, self.bodies.last_mut()) {
                    (false, Some(tensor), Some(body)) => {
                        body.collected.push((name, tensor));
                        return;
                    }
                    (false, ..) => {
                        // Behind the body it is known to be wrong.
                        let outer = self.scopes.len() - 2;
                        let binding =
                            Binding { value: Value::Wrong, span: name.span, used: true, origin: Origin::Let };
                        self.scopes[outer].names.try_insert(&name.text, binding);
                        return;
                    }
                    (true, ..) => {
                        let message = format!("`{shown}` is collected twice in one iteration");
                        (message, "give one of them another name".to_owned(), None)
                    }
                }
            }
        };
        self.diagnostics.error_with(name.span.to(at), message, hint, edit);
    }
}

/// Names that the lines of a body give values, those of bodies in it too.
fn assigned(body: &[Statement]) -> Vec<&Name> {
    let mut names = Vec::new();
    for statement in body {
        match &statement.kind {
            StatementKind::Let { names: new, .. } | StatementKind::Broken { names: new } => names.extend(new),
            StatementKind::Repeat(repeat) => names.extend(assigned(&repeat.body)),
            _ => {}
        }
    }
    names
}
