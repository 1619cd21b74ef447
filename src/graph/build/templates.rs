//! Calls that are like an earlier one: what that one made is copied instead of worked out again. Networks call the same
//! functions with the same types many times over, and a program is checked on every key.

use super::calls::Work;
use super::names::{Known, TensorName};
use super::{Builder, Value};
use crate::base::Id;
use crate::graph::ir::{Limits, OpId, RepeatId, Source, TensorId};
use crate::graph::names::Call;
use crate::lang::ExprId;
use crate::num::Type;

/// What a call has made.
pub(super) struct Template {
    given: Vec<Given>,
    /// The innermost repeat that it stands in: a file holds what all iterations need.
    within: Option<RepeatId>,
    /// Sizes that the program had by then: functions see them.
    sizes: usize,
    /// The argument of each parameter that is a tensor.
    arguments: Vec<TensorId>,
    /// What was made: up to the first one made after.
    start: Moment,
    end: Moment,
    returned: Vec<Value>,
}

/// An argument, as far as what a function makes of it depends on it.
enum Given {
    Tensor {
        ty: Type,
        range: (i64, i64),
        /// A number beside a tensor leaves the tensor's dtype.
        number: bool,
        /// The first parameter that the same tensor is given to.
        first: usize,
    },
    Number(i64),
    /// By its bits.
    Real(u64),
}

/// How far a graph and the work on it have come.
#[derive(Clone, Copy)]
pub(super) struct Moment {
    tensor: TensorId,
    op: OpId,
    call: Id<Call>,
    repeat: RepeatId,
    errors: usize,
    work: Work,
}

/// Puts what a copy is made of in the place of what the template was made of.
struct Moved<'t> {
    template: &'t Template,
    to: Moment,
    arguments: Vec<TensorId>,
}

impl Template {
    /// Templates of one function: more are not worth looking through.
    pub(super) const MOST: usize = 64;

    /// Whether it holds operators from this one on.
    pub(super) fn reaches(&self, op: OpId) -> bool {
        self.end.op > op
    }
}

impl Moved<'_> {
    fn tensor(&self, tensor: TensorId) -> TensorId {
        let Template { start, arguments, .. } = self.template;
        match arguments.iter().position(|argument| *argument == tensor) {
            Some(at) => self.arguments[at],
            None => tensor.moved(start.tensor, self.to.tensor),
        }
    }
}

impl<'a> Builder<'a> {
    pub(super) fn moment(&self) -> Moment {
        Moment {
            tensor: self.graph.tensors.next_id(),
            op: self.graph.ops.next_id(),
            call: self.graph.names.calls.next_id(),
            repeat: self.graph.repeats.next_id(),
            errors: self.diagnostics.errors(),
            work: self.work,
        }
    }

    /// The template, if there is one, that a call with these arguments is like.
    pub(super) fn template_of(&self, function: Id<Known<'a>>, given: &[ExprId]) -> Option<usize> {
        let templates = &self.known[function].templates;
        let within = self.repeats.last().copied();
        let is_like = |template: &Template| {
            template.sizes == self.sizes
                && template.within == within
                && template.given.iter().enumerate().all(|(at, known)| self.is_given(known, given, at))
        };
        templates.iter().position(is_like)
    }

    fn is_given(&self, known: &Given, exprs: &[ExprId], at: usize) -> bool {
        match (known, self.values[exprs[at].index()]) {
            (Given::Tensor { ty, range, number, first }, Value::Tensor(id)) => {
                self.graph.tensors[id].ty == *ty
                    && self.ranges[id.index()] == *range
                    && self.is_number(id) == *number
                    && self.first_of(exprs, id) == *first
            }
            (Given::Number(known), Value::Number(number)) => *known == number,
            (Given::Real(known), Value::Real(number)) => *known == number.to_bits(),
            _ => false,
        }
    }

    fn given(&self, exprs: &[ExprId], at: usize) -> Option<Given> {
        match self.values[exprs[at].index()] {
            Value::Tensor(id) => Some(Given::Tensor {
                ty: self.graph.tensors[id].ty.clone(),
                range: self.ranges[id.index()],
                number: self.is_number(id),
                first: self.first_of(exprs, id),
            }),
            Value::Number(number) => Some(Given::Number(number)),
            Value::Real(number) => Some(Given::Real(number.to_bits())),
            _ => None,
        }
    }

    fn first_of(&self, exprs: &[ExprId], tensor: TensorId) -> usize {
        let is_it =
            |expr: &ExprId| matches!(self.values[expr.index()], Value::Tensor(other) if other == tensor);
        exprs.iter().position(is_it).unwrap_or_default()
    }

    fn tensors_given(&self, given: &[ExprId]) -> Vec<TensorId> {
        let tensor = |expr: &ExprId| match self.values[expr.index()] {
            Value::Tensor(tensor) => Some(tensor),
            _ => None,
        };
        given.iter().filter_map(tensor).collect()
    }

    /// Copies what a template has made, if the program stays within its limits; what the call returns.
    pub(super) fn copy(
        &mut self,
        function: Id<Known<'a>>,
        template: usize,
        given: &[ExprId],
        call: Id<Call>,
    ) -> Option<Vec<Value>> {
        let arguments = self.tensors_given(given);
        let template = self.known[function].templates.get(template)?;
        let Template { start, end, .. } = *template;
        let work = self.work.and(start.work, end.work);
        let ops = self.graph.ops.len() + end.op.index() - start.op.index();
        if !work.is_possible() || ops > Limits::OPS {
            return None;
        }
        let mut to = self.moment();
        // The call itself is there already.
        to.call = call;
        let moved = Moved { template, to, arguments };
        for id in self.graph.names.calls.ids_between(start.call, end.call).skip(1) {
            let Call { within, function, nth } = self.graph.names.calls[id];
            let within = within.map(|within| within.moved(start.call, to.call));
            self.graph.names.calls.push(Call { within, function, nth });
        }
        let tensors = end.tensor.index() - start.tensor.index();
        self.graph.tensors.reserve(tensors);
        self.named.reserve(tensors);
        self.ranges.reserve(tensors);
        for id in self.graph.tensors.ids_between(start.tensor, end.tensor) {
            let mut tensor = self.graph.tensors[id].clone();
            let own = tensor.name.call.filter(|call| (start.call..end.call).contains(call));
            let named = own.is_some() && self.named[id.index()];
            tensor.name = match own {
                Some(call) => TensorName { call: Some(call.moved(start.call, to.call)), ..tensor.name },
                // It was returned, and has its name from a caller.
                None => TensorName { call: Some(to.call), own: None },
            };
            if let Source::Op(op, _) = &mut tensor.source {
                *op = op.moved(start.op, to.op);
            }
            self.graph.tensors.push(tensor);
            self.named.push(named);
            self.ranges.push(self.ranges[id.index()]);
        }
        for id in self.graph.ops.ids_between(start.op, end.op) {
            let mut op = self.graph.ops[id].clone();
            op.operands.iter_mut().chain(&mut op.results).for_each(|tensor| *tensor = moved.tensor(*tensor));
            self.graph.ops.push(op);
        }
        let value = |value: &Value| match value {
            Value::Tensor(tensor) => Value::Tensor(moved.tensor(*tensor)),
            other => *other,
        };
        let returned = template.returned.iter().map(value).collect();
        self.work = work;
        Some(returned)
    }

    /// Keeps what a call has made for the next ones, if it is of the kind that can be copied.
    pub(super) fn keep(
        &mut self,
        function: Id<Known<'a>>,
        given: &[ExprId],
        start: Moment,
        unnamed: usize,
        returned: &[Value],
    ) {
        let end = self.moment();
        let plain = |value: &Value| matches!(value, Value::Tensor(_) | Value::Number(_) | Value::Real(_));
        let arguments = self.tensors_given(given);
        if end.errors > start.errors
            || self.diagnostics.is_full()
            || end.repeat > start.repeat
            || !returned.iter().all(plain)
            || self.unnamed(given) != unnamed
        {
            return;
        }
        let keys: Option<Vec<Given>> = (0..given.len()).map(|at| self.given(given, at)).collect();
        let (within, sizes) = (self.repeats.last().copied(), self.sizes);
        let Some(given) = keys else { return };
        let known = &mut self.known[function];
        if known.templates.len() < Template::MOST {
            let returned = returned.to_vec();
            known.templates.push(Template { given, within, sizes, arguments, start, end, returned });
        }
    }

    /// How many arguments have no name of the user's: a function that gives one a name does what no copy does.
    pub(super) fn unnamed(&self, given: &[ExprId]) -> usize {
        self.tensors_given(given).into_iter().filter(|tensor| !self.named[tensor.index()]).count()
    }
}
