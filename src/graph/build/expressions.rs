//! Expressions: numbers, operators between values, cuts.

use super::arguments::{PRODUCT, instead_of, is_product};
use super::builtins::is_builtin;
use super::names::{count, shorten};
use super::{Builder, Value};
use crate::base::{Edit, Span, insert_by_key};
use crate::graph::ir::{CombineKind, Cut, Index, MapKind, OpKind, TensorId};
use crate::lang::{BinaryOp, ExprId, ExprKind, Name, Part};
use crate::num::{DType, Extents, Shape, Type};

use super::results::Wanted;

impl Builder<'_> {
    pub(super) fn expr(&mut self, expr: ExprId) -> Option<Value> {
        let ast = self.ast;
        let span = ast.exprs[expr].span;
        match &ast.exprs[expr].kind {
            ExprKind::Name(name) => self.look_up(name, span),
            ExprKind::Number(value) => Some(Value::Number(*value)),
            ExprKind::Real(value) => Some(Value::Real(*value)),
            ExprKind::Text(_) => Some(Value::Text),
            ExprKind::List(items) => {
                let items: Vec<Value> = items.iter().map(|item| self.values[item.index()]).collect();
                let wrong = items.iter().any(|item| matches!(item, Value::Wrong));
                self.lists.push(items);
                (!wrong).then_some(Value::List(self.lists.len() - 1))
            }
            ExprKind::Negate(operand) => self.negate(*operand, span),
            ExprKind::Binary(op, a, b) => self.binary(*op, *a, *b, span),
            ExprKind::Index { of, parts } => self.index(*of, parts, span),
            ExprKind::Member { of, name } => self.member(*of, name, span),
            ExprKind::Call { function, arguments } => self.call(expr, function, arguments),
        }
    }

    #[inline(never)] // Of its own, it can be left out of what everybody loads.
    fn negate(&mut self, operand: ExprId, span: Span) -> Option<Value> {
        match self.values[operand.index()] {
            Value::Number(value) => self.number_of(value.checked_neg(), span),
            Value::Real(value) => Some(Value::Real(-value)),
            Value::Index(at) => {
                let index = self.indices[at].clone();
                self.scaled(&index, -1, span)
            }
            _ => {
                let x = self.tensor(operand)?;
                let (low, high) = self.ranges[x.index()];
                let ty = self.graph.tensors[x].ty.clone();
                // -(-128) is none of 8 bits.
                let dtype = if ty.dtype.is_float() { ty.dtype } else { DType::I32 };
                let wanted = Wanted::new(Type { dtype, ..ty }, (-high, -low));
                self.op(OpKind::Map(MapKind::Negate), &[x], wanted, span)
            }
        }
    }

    fn binary(&mut self, op: BinaryOp, a: ExprId, b: ExprId, span: Span) -> Option<Value> {
        let (left, right) = (self.values[a.index()], self.values[b.index()]);
        match (left, right, op) {
            (Value::Wrong, _, _) | (_, Value::Wrong, _) => None,
            (_, _, BinaryOp::MatMul) => {
                let (left, right) = (self.tensor(a), self.tensor(b));
                self.matmul((left?, a), (right?, b), span)
            }
            (Value::Number(left), Value::Number(right), _) => self.arithmetic(op, left, right, span),
            (Value::Number(_) | Value::Real(_), Value::Number(_) | Value::Real(_), _) => {
                let real = |value: Value| match value {
                    Value::Number(number) => number as f64,
                    Value::Real(number) => number,
                    _ => 0.0,
                };
                let (left, right) = (real(left), real(right));
                Some(Value::Real(match op {
                    BinaryOp::Add => left + right,
                    BinaryOp::Subtract => left - right,
                    BinaryOp::Multiply => left * right,
                    BinaryOp::Divide => left / right,
                    _ => {
                        let message = format!("`{}` works on whole numbers", op.symbol());
                        self.diagnostics.error(span, message, "leave the fraction out, or divide by `/`");
                        return None;
                    }
                }))
            }
            (Value::Index(_), Value::Number(_) | Value::Index(_), _)
            | (Value::Number(_), Value::Index(_), _) => self.index_arithmetic(op, left, right, span),
            _ => {
                let kind = match op {
                    BinaryOp::Add => CombineKind::Add,
                    BinaryOp::Subtract => CombineKind::Subtract,
                    BinaryOp::Multiply => CombineKind::Multiply,
                    BinaryOp::Divide => CombineKind::Divide,
                    other => {
                        let message = format!(
                            "`{}` works on whole numbers, as in sizes, not on tensors",
                            other.symbol()
                        );
                        self.diagnostics.error(span, message, "tensors know `+`, `-`, `*`, `/` and `@`");
                        return None;
                    }
                };
                self.combine(kind, a, b, span)
            }
        }
    }

    #[inline(never)] // Of its own, it can be left out of what everybody loads.
    fn arithmetic(&mut self, op: BinaryOp, a: i64, b: i64, span: Span) -> Option<Value> {
        let value = match op {
            BinaryOp::Add => a.checked_add(b),
            BinaryOp::Subtract => a.checked_sub(b),
            BinaryOp::Multiply => a.checked_mul(b),
            _ if b == 0 => {
                let message = format!("{a} is divided by 0");
                self.diagnostics.error(span, message, "sizes are whole: choose them so that they fit");
                return None;
            }
            BinaryOp::FloorDivide => {
                a.checked_div_euclid(b).map(|q| if b < 0 && a % b != 0 { q - 1 } else { q })
            }
            BinaryOp::Remainder => {
                a.checked_rem(b).map(|r| if r != 0 && (r < 0) != (b < 0) { r + b } else { r })
            }
            BinaryOp::Divide | BinaryOp::MatMul => {
                if a.checked_rem(b) != Some(0) && b != -1 {
                    let message = format!("{a} cannot be divided by {b} without a rest");
                    let hint = "sizes are whole: choose them so that they fit; `//` leaves the rest out";
                    self.diagnostics.error(span, message, hint);
                    return None;
                }
                a.checked_div(b)
            }
        };
        self.number_of(value, span)
    }

    fn number_of(&mut self, value: Option<i64>, span: Span) -> Option<Value> {
        if value.is_none() {
            self.diagnostics.error(span, "a number beyond 64 bits", "make the sizes smaller");
        }
        value.map(Value::Number)
    }

    /// Sums, differences and multiples of the numbers of iterations.
    #[inline(never)] // Of its own, it can be left out of what everybody loads.
    fn index_arithmetic(&mut self, op: BinaryOp, a: Value, b: Value, span: Span) -> Option<Value> {
        let of = |builder: &Self, value: Value| match value {
            Value::Index(at) => builder.indices[at].clone(),
            Value::Number(first) => Index { first, steps: Vec::new() },
            _ => Index::default(),
        };
        let (left, right) = (of(self, a), of(self, b));
        match (op, a, b) {
            (BinaryOp::Add, ..) => self.added(&left, &right, 1, span),
            (BinaryOp::Subtract, ..) => self.added(&left, &right, -1, span),
            (BinaryOp::Multiply, _, Value::Number(factor)) => self.scaled(&left, factor, span),
            (BinaryOp::Multiply, Value::Number(factor), _) => self.scaled(&right, factor, span),
            _ => {
                let message = format!("`{}` of the number of an iteration", op.symbol());
                self.diagnostics.error(
                    span,
                    message,
                    "places are sums and multiples of it, as in `x[2 * t + 1]`",
                );
                None
            }
        }
    }

    fn added(&mut self, a: &Index, b: &Index, sign: i64, span: Span) -> Option<Value> {
        let mut sum = a.clone();
        let mut fine = true;
        let mut add =
            |place: &mut i64, more: i64| match more.checked_mul(sign).and_then(|m| place.checked_add(m)) {
                Some(value) => *place = value,
                None => fine = false,
            };
        add(&mut sum.first, b.first);
        for (repeat, step) in &b.steps {
            match sum.steps.iter_mut().find(|(known, _)| known == repeat) {
                Some((_, known)) => add(known, *step),
                None => {
                    let mut new = 0;
                    add(&mut new, *step);
                    sum.steps.push((*repeat, new));
                }
            }
        }
        self.index_of(fine.then_some(sum), span)
    }

    #[inline(never)] // Of its own, it can be left out of what everybody loads.
    fn scaled(&mut self, index: &Index, by: i64, span: Span) -> Option<Value> {
        let steps = index.steps.iter().map(|(repeat, step)| Some((*repeat, step.checked_mul(by)?)));
        let steps: Option<Vec<_>> = steps.collect();
        let first = index.first.checked_mul(by);
        self.index_of(first.zip(steps).map(|(first, steps)| Index { first, steps }), span)
    }

    fn index_of(&mut self, index: Option<Index>, span: Span) -> Option<Value> {
        let Some(index) = index else { return self.number_of(None, span) };
        self.indices.push(index);
        Some(Value::Index(self.indices.len() - 1))
    }

    /// The whole number that an expression stands for, as `what` needs one.
    pub(super) fn whole(&mut self, expr: ExprId, what: &str) -> Option<i64> {
        let (message, hint) = match self.values[expr.index()] {
            Value::Number(value) => return Some(value),
            Value::Wrong => return None,
            Value::Index(_) => {
                let text = shorten(self.ast.exprs[expr].span.of(self.text));
                let message = format!("{what} is the same in every iteration, but `{text}` is not");
                (message, "the number of an iteration says where, as in `x[t]`, not how much")
            }
            _ => {
                let text = shorten(self.ast.exprs[expr].span.of(self.text));
                let hint = match what {
                    "a place" => "places are numbers, as in `x[0]`; by a tensor of them: `gather(x, places)`",
                    _ => "name a size: `size rows = 8`",
                };
                (format!("{what} is a whole number, but `{text}` is none"), hint)
            }
        };
        self.diagnostics.error(self.ast.exprs[expr].span, message, hint);
        None
    }

    /// The tensor that an expression stands for; anything else is an error here.
    pub(super) fn tensor(&mut self, expr: ExprId) -> Option<TensorId> {
        let span = self.ast.exprs[expr].span;
        let (message, hint) = match self.values[expr.index()] {
            Value::Tensor(tensor) => return Some(tensor),
            Value::Wrong => return None,
            Value::Number(_) | Value::Real(_) => (
                "a number where a tensor is needed".to_owned(),
                "numbers are arguments, as in `shift=7`; a tensor of one number is `full(f32[4], 0.5)`",
            ),
            Value::Index(_) => (
                "the number of an iteration where a tensor is needed".to_owned(),
                "it says where, as in `x[t]`",
            ),
            Value::List(_) => (
                "a list where a tensor is needed".to_owned(),
                "lists are for shapes and for `concat([a, b])`",
            ),
            Value::Text => ("a text where a tensor is needed".to_owned(), "leave the quotes out"),
            Value::DType(_) | Value::Type(_) => (
                "a type where a tensor is needed".to_owned(),
                "a tensor of zeros is `zeros(f32[4, 4])`; `cast(x, f32)` changes a dtype",
            ),
            Value::Several(at) => (
                format!("{} where one is needed", count(self.several[at].len(), "value")),
                "give each a name first, as in `a, b = f(x)`",
            ),
        };
        self.diagnostics.error(span, message, hint);
        None
    }

    #[inline(never)] // Of its own, it can be left out of what everybody loads.
    fn member(&mut self, of: ExprId, name: &Name, span: Span) -> Option<Value> {
        match name.text.as_str() {
            "T" if span.end == name.span.end => {
                let x = self.tensor(of)?;
                let axes = self.graph.tensors[x].ty.shape.0.len();
                if axes < 2 {
                    let message =
                        format!("`.T` swaps the last two axes, but this is {}", self.graph.tensors[x].ty);
                    self.diagnostics.error(span, message, "leave it out: a vector has one axis");
                    return None;
                }
                let mut order: Extents = (0..axes).collect();
                order.swap(axes - 2, axes - 1);
                self.transposed(x, order, span)
            }
            "shape" if span.end == name.span.end => {
                let x = self.tensor(of)?;
                let shape = self.graph.tensors[x].ty.shape.0.iter();
                let list =
                    shape.map(|extent| Value::Number(i64::try_from(*extent).unwrap_or(i64::MAX))).collect();
                self.lists.push(list);
                Some(Value::List(self.lists.len() - 1))
            }
            other => {
                if !matches!(self.values[of.index()], Value::Wrong) {
                    let message = format!("a tensor has no `.{}`", shorten(other));
                    let (hint, edit) = self.instead_of_member(of, name, span);
                    self.diagnostics.error_with(name.span, message, hint, edit);
                }
                None
            }
        }
    }

    /// What to write for `x.t()`, `x.sum(axis=1)` or `x.dot(w)`.
    #[inline(never)] // Of its own, it can be left out of what everybody loads.
    fn instead_of_member(&self, of: ExprId, name: &Name, span: Span) -> (String, Option<Edit>) {
        let behind = Span { start: name.span.end, end: span.end };
        let receiver = self.ast.exprs[of].span.of(self.text);
        let called =
            behind.of(self.text).trim_start().strip_prefix('(').and_then(|rest| rest.strip_suffix(')'));
        let (function, hint) = match (instead_of(&name.text), called) {
            _ if matches!(name.text.as_str(), "t" | "T" | "mT") => {
                let edit = Edit::replace(name.span.to(behind), "T");
                return ("the last two axes swapped are `x.T`".into(), Some(edit));
            }
            (_, Some(_)) if is_product(&name.text) => (None, PRODUCT.into()),
            (Some(function), Some(_)) => (Some(function), String::new()),
            (None, Some(_)) if is_builtin(&name.text) => (Some(name.text.as_str()), String::new()),
            _ => (None, "there are `x.T` and `x.shape`; functions stand before: `relu(x)`".into()),
        };
        let Some((function, arguments)) = function.zip(called) else { return (hint, None) };
        let arguments = arguments.trim();
        let several = arguments.contains(',') && !arguments.starts_with(['[', '(']);
        let call = match function {
            _ if arguments.is_empty() => format!("{function}({receiver})"),
            "reshape" | "transpose" if several => format!("{function}({receiver}, [{arguments}])"),
            _ => format!("{function}({receiver}, {arguments})"),
        };
        (format!("functions stand before: `{}`", shorten(&call)), Some(Edit::replace(span, call)))
    }

    pub(super) fn transposed(&mut self, x: TensorId, order: Extents, span: Span) -> Option<Value> {
        let ty = &self.graph.tensors[x].ty;
        let shape = Shape(order.iter().map(|axis| ty.shape.0[*axis]).collect());
        let wanted = Wanted::new(Type { dtype: ty.dtype, shape }, self.ranges[x.index()]);
        self.op(OpKind::Transpose(order), &[x], wanted, span)
    }

    /// `x[...]`: a part of a tensor, an item of a list, or a type.
    fn index(&mut self, of: ExprId, parts: &[Part], span: Span) -> Option<Value> {
        if parts.is_empty() {
            self.diagnostics.error(span, "nothing is between the brackets", "as in `x[0]`, `x[:, 0:64]`");
            return None;
        }
        match self.values[of.index()] {
            Value::Wrong => None,
            Value::DType(dtype) => {
                let mut extents = Vec::new();
                for part in parts {
                    let Part::At(extent) = part else {
                        self.diagnostics.error(
                            span,
                            "a cut where a shape is needed",
                            "as in `zeros(f32[4, 4])`",
                        );
                        return None;
                    };
                    extents.push((self.whole(*extent, "an extent")?, self.ast.exprs[*extent].span));
                }
                let shape = self.shape(&extents, span)?;
                self.types.push(Type { dtype, shape });
                Some(Value::Type(self.types.len() - 1))
            }
            Value::List(list) => {
                let [Part::At(at)] = parts else {
                    self.diagnostics.error(span, "one item of a list has one place", "as in `x.shape[0]`");
                    return None;
                };
                let place = self.whole(*at, "a place")?;
                let items = &self.lists[list];
                let len = items.len();
                let from_end = if place < 0 { place + len as i64 } else { place };
                let item = usize::try_from(from_end).ok().and_then(|at| items.get(at).copied());
                if item.is_none() {
                    let message = format!("place {place} of a list of {}", count(len, "item"));
                    self.diagnostics.error(
                        self.ast.exprs[*at].span,
                        message,
                        "places count from 0, or from -1 back",
                    );
                }
                item
            }
            _ => {
                let x = self.tensor(of)?;
                self.slice(x, parts, span)
            }
        }
    }

    #[inline(never)] // Of its own, it can be left out of what everybody loads.
    fn slice(&mut self, x: TensorId, parts: &[Part], span: Span) -> Option<Value> {
        let ty = self.graph.tensors[x].ty.clone();
        let axes = ty.shape.0.len();
        let named = parts.iter().filter(|part| !matches!(part, Part::Rest)).count();
        if named > axes || parts.len() - named > 1 {
            let (message, hint) = if named > axes {
                let name = self.name_of(x);
                (
                    format!("{} of `{name}`, which is {ty}", count(named, "place")),
                    "give one for each axis at most",
                )
            } else {
                ("`...` stands twice".to_owned(), "it stands for all axes that are not named: once is enough")
            };
            self.diagnostics.error(span, message, hint);
            return None;
        }
        let whole = |extent: usize| Cut { from: Index::default(), len: extent, step: 1, keep: true };
        let mut cuts = Vec::new();
        for part in parts {
            let extent = ty.shape.0.get(cuts.len()).copied();
            match part {
                Part::Rest => {
                    let rest = axes - named;
                    cuts.extend(ty.shape.0[cuts.len()..][..rest].iter().map(|extent| whole(*extent)));
                }
                Part::At(at) => cuts.push(self.place(*at, extent?)?),
                Part::Range { from, to, step } => {
                    cuts.push(self.range([*from, *to, *step], extent?, span)?)
                }
            }
        }
        cuts.extend(ty.shape.0[cuts.len()..].iter().map(|extent| whole(*extent)));
        let shape = Shape(cuts.iter().filter(|cut| cut.keep).map(|cut| cut.len).collect());
        let wanted = Wanted::new(Type { dtype: ty.dtype, shape }, self.ranges[x.index()]);
        self.op(OpKind::Slice(cuts), &[x], wanted, span)
    }

    /// A place along an axis as written; what is below 0 counts from the end.
    #[inline(never)] // Of its own, it can be left out of what everybody loads.
    fn place_of(&mut self, expr: ExprId, extent: usize) -> Option<Index> {
        match self.values[expr.index()] {
            Value::Index(at) => Some(self.indices[at].clone()),
            _ => {
                let place = self.whole(expr, "a place")?;
                let first = if place < 0 { place.saturating_add(extent as i64) } else { place };
                Some(Index { first, steps: Vec::new() })
            }
        }
    }

    fn place(&mut self, at: ExprId, extent: usize) -> Option<Cut> {
        let from = self.place_of(at, extent)?;
        let (least, most) = self.reach(&from);
        if least < 0 || most >= extent as i128 {
            let worst = if least < 0 { least } else { most };
            let text = shorten(self.ast.exprs[at].span.of(self.text));
            let message = match from.steps.is_empty() {
                true => format!("place {text} of an axis of {extent}"),
                false => format!("`{text}` comes to {worst}, but the axis has places 0 to {}", extent - 1),
            };
            let hint = format!("places are from 0 to {}, or from -1 back", extent - 1);
            self.diagnostics.error(self.ast.exprs[at].span, message, hint);
            return None;
        }
        Some(Cut { from, len: 1, step: 1, keep: false })
    }

    /// Least and greatest value over all iterations.
    fn reach(&self, index: &Index) -> (i128, i128) {
        index.steps.iter().fold((index.first.into(), index.first.into()), |(low, high), (repeat, step)| {
            let most = i128::from(*step) * (self.graph.repeats[*repeat].count as i128 - 1);
            (low + most.min(0), high + most.max(0))
        })
    }

    #[inline(never)] // Of its own, it can be left out of what everybody loads.
    fn range(&mut self, [from, to, step]: [Option<ExprId>; 3], extent: usize, span: Span) -> Option<Cut> {
        let step = match step {
            None => 1,
            Some(step) => {
                let value = self.whole(step, "a step")?;
                let Some(value) = usize::try_from(value).ok().filter(|value| *value > 0) else {
                    let message = format!("a step of {value}");
                    self.diagnostics.error(self.ast.exprs[step].span, message, "steps are at least 1");
                    return None;
                };
                value
            }
        };
        let start = from.map_or(Some(Index::default()), |from| self.place_of(from, extent))?;
        let end = match to {
            None => Index { first: extent as i64, steps: Vec::new() },
            Some(to) => self.place_of(to, extent)?,
        };
        let at = from.or(to).map_or(span, |expr| self.ast.exprs[expr].span);
        let moves = |index: &Index| {
            let mut steps = Vec::new();
            for moving in index.steps.iter().filter(|(_, step)| *step != 0) {
                insert_by_key(&mut steps, *moving, |moving| *moving);
            }
            steps
        };
        if moves(&start) != moves(&end) {
            let hint = "both ends move alike, as in `x[4 * t:4 * t + 4]`";
            self.diagnostics.error(at, "the length of a cut changes from iteration to iteration", hint);
            return None;
        }
        let ((least, _), (_, most)) = (self.reach(&start), self.reach(&end));
        if least < 0 || most > extent as i128 || start.first >= end.first {
            let text = |expr: Option<ExprId>| {
                expr.map_or(String::new(), |expr| shorten(self.ast.exprs[expr].span.of(self.text)))
            };
            let cut = format!("`{}:{}`", text(from), text(to));
            let message = match start.steps.is_empty() || start.first >= end.first {
                true => format!("{cut} of an axis of {extent}"),
                false => format!("{cut} comes to {least}:{most}, but the axis has {extent} places"),
            };
            let hint = match start.first >= end.first {
                true => "it begins before it ends: at least one element is kept".to_owned(),
                false => format!("places are from 0 to {extent}"),
            };
            self.diagnostics.error(at, message, hint);
            return None;
        }
        let len = usize::try_from(end.first - start.first).ok()?.div_ceil(step);
        Some(Cut { from: start, len, step, keep: true })
    }
}
