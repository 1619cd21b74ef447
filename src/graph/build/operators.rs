//! Operators: which operands they take, what shape and dtype comes of them.

use smallvec::smallvec;

use super::arguments::Arguments;
use super::names::{TensorName, shorten};
use super::results::Wanted;
use super::{Builder, Value};
use crate::base::{Edit, Span};
use crate::graph::ir::{CombineKind, Contract, MapKind, OpKind, ReduceKind, Source, TensorId, Tensors};
use crate::lang::{ExprId, ExprKind};
use crate::num::{DType, Extents, Function, Requant, Shape, Type};

/// Least and greatest value of i8.
const I8: (i64, i64) = (i8::MIN as i64, i8::MAX as i64);

type Made = Option<Value>;

impl Builder<'_> {
    fn type_of(&self, tensor: TensorId) -> &Type {
        &self.graph.tensors[tensor].ty
    }

    /// What a tensor is called in the lines at hand.
    pub(super) fn name_of(&self, tensor: TensorId) -> String {
        match self.graph.tensors[tensor].name {
            TensorName { call, own: Some(own) } if call == self.named_here(own).call => {
                shorten(own.of(self.text))
            }
            _ => shorten(&self.graph.name(tensor)),
        }
    }

    /// An operator whose result has its operand's type and range.
    fn alike(&mut self, kind: OpKind, x: TensorId, span: Span) -> Made {
        let wanted = Wanted::new(self.type_of(x).clone(), self.ranges[x.index()]);
        self.op(kind, &[x], wanted, span)
    }

    /// Whether an operand holds floats; if not, that is an error.
    fn floats(&mut self, x: TensorId, given: &Arguments, at: usize) -> Option<()> {
        let ty = self.type_of(x);
        if ty.dtype.is_float() {
            return Some(());
        }
        let message = format!("`{}` works on floats, but `{}` is {ty}", given.builtin.name, self.name_of(x));
        let span = given.span_of(self, at);
        let edit = format!("cast({}, bf16)", span.of(self.text));
        let hint = "make it floats: `cast(..., bf16)`";
        self.diagnostics.error_with(span, message, hint, Some(Edit::replace(span, edit)));
        None
    }

    /// The dtype of a product of two dtypes, if there is one.
    pub(super) fn product_dtype(
        &mut self,
        what: &str,
        (a, a_span): (TensorId, Span),
        (b, b_span): (TensorId, Span),
        span: Span,
    ) -> Option<DType> {
        let (left, right) = (self.type_of(a).dtype, self.type_of(b).dtype);
        match (left, right) {
            (DType::I8 | DType::I16, DType::I8 | DType::I16) => return Some(DType::I32),
            // Sums of 8 bits are kept whole, as i32 are of i8; others come back to their operands' dtype.
            (DType::Fp8, DType::Fp8) => return Some(DType::F32),
            (DType::Bf16, DType::Bf16) | (DType::F32, DType::F32) => return Some(left),
            _ => {}
        }
        let (hint, place, edit) = match (left, right) {
            (DType::I32, _) | (_, DType::I32) if !(left.is_float() || right.is_float()) => {
                let (x, at) = if left == DType::I32 { (a, a_span) } else { (b, b_span) };
                let hint = format!("bring it back to 8 bits: `requant({}, shift=7)`", self.name_of(x));
                (hint, at, format!("requant({}, shift=7)", at.of(self.text)))
            }
            _ => {
                // Whole numbers become floats; of two floats the wider one comes to the other: weights are kept as they are.
                let wide = match (left.is_float(), right.is_float()) {
                    (true, false) => false,
                    (false, true) => true,
                    _ => left.bytes() > right.bytes(),
                };
                let (x, at, to) = if wide { (a, a_span, right) } else { (b, b_span, left) };
                let hint = format!("both must have one dtype: `cast({}, {to})`", self.name_of(x));
                (hint, at, format!("cast({}, {to})", at.of(self.text)))
            }
        };
        let (left, right) = (self.type_of(a), self.type_of(b));
        let message = format!("`{what}` cannot multiply {left} by {right}");
        self.diagnostics.error_with(span, message, hint, Some(Edit::replace(place, edit)));
        None
    }

    /// Range of a sum of so many products.
    pub(super) fn product_range(&self, a: TensorId, b: TensorId, terms: u64) -> (i64, i64) {
        let magnitude = |tensor: TensorId| {
            let (low, high) = self.ranges[tensor.index()];
            low.unsigned_abs().max(high.unsigned_abs())
        };
        let most = magnitude(a).saturating_mul(magnitude(b)).saturating_mul(terms);
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        (-most, most)
    }

    pub(super) fn matmul(
        &mut self,
        (a, a_expr): (TensorId, ExprId),
        (b, b_expr): (TensorId, ExprId),
        span: Span,
    ) -> Made {
        let spans = [a_expr, b_expr].map(|expr| self.ast.exprs[expr].span);
        let dtype = self.product_dtype("@", (a, spans[0]), (b, spans[1]), span)?;
        let (left, right) = (self.type_of(a).clone(), self.type_of(b).clone());
        let ([left_batch @ .., m, k], [right_batch @ .., k2, n]) = (&left.shape.0[..], &right.shape.0[..])
        else {
            let message = format!("`@` multiplies two matrices, but these are {left} and {right}");
            self.diagnostics.error(span, message, "give both two axes or more, as in `i8[1, 64]`");
            return None;
        };
        if k != k2 {
            let message = format!("the shapes do not fit: {left} @ {right}");
            let mut hint = format!("the left has {k} columns, the right {k2} rows; they must be equal");
            let mut edit = None;
            if k == n {
                hint += " (the right one looks transposed)";
                let end = spans[1].end;
                // In a function other calls may need it as it is.
                let name = matches!(self.ast.exprs[b_expr].kind, ExprKind::Name(_)) && !self.in_call();
                edit = name.then(|| Edit::replace(Span { start: end, end }, ".T"));
            }
            self.diagnostics.error_with(span, message, hint, edit);
            return None;
        }
        let contract = Contract::of_matrices(left.shape.0.len(), right.shape.0.len());
        let shared = left_batch.len().min(right_batch.len());
        if left_batch[left_batch.len() - shared..] != right_batch[right_batch.len() - shared..] {
            let message = format!("the shapes do not fit: {left} @ {right}");
            let hint =
                "the axes before the last two are the same on both sides, or one side has fewer of them";
            self.diagnostics.error(span, message, hint);
            return None;
        }
        let longer = if left_batch.len() >= right_batch.len() { left_batch } else { right_batch };
        let shape = Shape(longer.iter().chain([m, n]).copied().collect());
        let range = self.product_range(a, b, *k as u64);
        let wanted = Wanted::new(Type { dtype, shape }, range);
        self.op(OpKind::Contract(contract), &[a, b], wanted, span)
    }

    /// Two values element by element; one of them may be a number.
    #[inline(never)] // Of its own, it can be left out of what everybody loads.
    pub(super) fn combine(&mut self, kind: CombineKind, a: ExprId, b: ExprId, span: Span) -> Made {
        let tensor = |builder: &mut Self, expr: ExprId| match builder.values[expr.index()] {
            Value::Number(_) | Value::Real(_) => Some(None),
            _ => builder.tensor(expr).map(Some),
        };
        let (left, right) = (tensor(self, a), tensor(self, b));
        let (left, right) = match (left?, right?) {
            (Some(left), Some(right)) => (left, right),
            (Some(left), None) => (left, self.number_beside(left, b, span)?),
            (None, Some(right)) => (self.number_beside(right, a, span)?, right),
            (None, None) => {
                self.tensor(a);
                return None;
            }
        };
        let dtype = self.combined_dtype(kind, left, right, [a, b], span)?;
        let Some(shape) = broadcast(&self.type_of(left).shape, &self.type_of(right).shape) else {
            let (left, right) = (self.type_of(left), self.type_of(right));
            let message = match kind {
                CombineKind::Maximum | CombineKind::Minimum => {
                    format!("the shapes do not fit: {}({left}, {right})", kind.name())
                }
                _ => format!("the shapes do not fit: {left} {} {right}", kind.name()),
            };
            let hint = match (&left.shape.0[..], &right.shape.0[..]) {
                ([rows, cols], [vector]) if rows == vector && rows != cols => {
                    format!(
                        "a vector goes along the rows, here of {cols}: for one number a row, `reshape` it to [{rows}, 1]"
                    )
                }
                ([.., k], [k2, _]) if kind == CombineKind::Multiply && k == k2 => {
                    "`*` works element by element; a product of matrices is written `@`".to_owned()
                }
                _ => "from the last axis back, extents are equal or one of them is 1".to_owned(),
            };
            self.diagnostics.error(span, message, hint);
            return None;
        };
        // An addend of the same shape comes first, so that a bias may stand on either side.
        let swap =
            kind == CombineKind::Add && self.type_of(left).shape.0.len() < self.type_of(right).shape.0.len();
        let (left, right) = if swap { (right, left) } else { (left, right) };
        let range = combined_range(kind, self.ranges[left.index()], self.ranges[right.index()]);
        let wanted = Wanted::new(Type { dtype, shape }, if dtype.is_float() { (0, 0) } else { range });
        self.op(OpKind::Combine(kind), &[left, right], wanted, span)
    }

    /// A number as a tensor to stand beside another one: f32 beside floats, so that it is rounded as late as the result.
    #[inline(never)] // Of its own, it can be left out of what everybody loads.
    fn number_beside(&mut self, other: TensorId, expr: ExprId, span: Span) -> Option<TensorId> {
        let float = self.type_of(other).dtype.is_float();
        let number = match self.values[expr.index()] {
            Value::Number(number) if float || i32::try_from(number).is_ok() => number as f64,
            Value::Number(number) => {
                let message = format!("{number} does not fit 32 bits");
                self.diagnostics.error(self.ast.exprs[expr].span, message, "choose a smaller number");
                return None;
            }
            Value::Real(number) if number.is_finite() && (number as f32).is_infinite() => {
                let hint = "choose a smaller number";
                self.diagnostics.error(self.ast.exprs[expr].span, "a number larger than any f32", hint);
                return None;
            }
            Value::Real(number) if float => number,
            _ => {
                let ty = self.type_of(other);
                let message = format!("a fraction beside `{}`, which is {ty}", self.name_of(other));
                let hint = "make it floats first, as in `cast(x, f32)`; or `requant` to divide";
                self.diagnostics.error(span, message, hint);
                return None;
            }
        };
        let dtype = if float { DType::F32 } else { DType::I32 };
        let ty = Type { dtype, shape: Shape::default() };
        Some(self.constant(number, ty, self.ast.exprs[expr].span))
    }

    /// Whether a tensor is a number that the program names: it leaves the dtype of what it stands beside.
    pub(super) fn is_number(&self, tensor: TensorId) -> bool {
        let tensor = &self.graph.tensors[tensor];
        tensor.ty.shape.0.is_empty() && matches!(tensor.source, Source::Constant(_))
    }

    fn combined_dtype(
        &mut self,
        kind: CombineKind,
        a: TensorId,
        b: TensorId,
        exprs: [ExprId; 2],
        span: Span,
    ) -> Option<DType> {
        let [x, y] = [a, b].map(|tensor| self.type_of(tensor).dtype);
        let wider = if x.bytes() >= y.bytes() { x } else { y };
        match (x.is_float(), y.is_float()) {
            (true, true) if self.is_number(a) => Some(y),
            (true, true) if self.is_number(b) => Some(x),
            (true, true) => Some(wider),
            (false, false) => match kind {
                CombineKind::Add | CombineKind::Subtract | CombineKind::Multiply => Some(DType::I32),
                CombineKind::Maximum | CombineKind::Minimum => Some(wider),
                CombineKind::Divide => {
                    let (left, right) = (self.type_of(a), self.type_of(b));
                    let message = format!("`/` divides floats, but these are {left} and {right}");
                    let hint = "`requant` divides by a power of two and rounds; or `cast` to floats first";
                    self.diagnostics.error(span, message, hint);
                    None
                }
            },
            (left_float, _) => {
                let (whole, at, float) = if left_float { (b, exprs[1], x) } else { (a, exprs[0], y) };
                let (left, right) = (self.type_of(a), self.type_of(b));
                let message = match kind {
                    CombineKind::Maximum | CombineKind::Minimum => {
                        format!("`{}` of {left} and {right}", kind.name())
                    }
                    _ => format!("{left} {} {right} mixes floats and whole numbers", kind.name()),
                };
                let hint = format!("make them one kind: `cast({}, {float})`", self.name_of(whole));
                let at = self.ast.exprs[at].span;
                let edit = Edit::replace(at, format!("cast({}, {float})", at.of(self.text)));
                self.diagnostics.error_with(span, message, hint, Some(edit));
                None
            }
        }
    }
}

/// The shape of two shapes element by element, as NumPy broadcasts them.
fn broadcast(a: &Shape, b: &Shape) -> Option<Shape> {
    let axes = a.0.len().max(b.0.len());
    let extent = |shape: &Shape, axis: usize| match (axis + shape.0.len()).checked_sub(axes) {
        Some(at) => shape.0[at],
        None => 1,
    };
    let one = |axis: usize| match (extent(a, axis), extent(b, axis)) {
        (left, right) if left == right => Some(left),
        (1, other) | (other, 1) => Some(other),
        _ => None,
    };
    (0..axes).map(one).collect::<Option<_>>().map(Shape)
}

/// Ranges are of 32 bits at most, so no product of two leaves 64.
fn combined_range(kind: CombineKind, (a0, a1): (i64, i64), (b0, b1): (i64, i64)) -> (i64, i64) {
    match kind {
        CombineKind::Add => (a0 + b0, a1 + b1),
        CombineKind::Subtract => (a0 - b1, a1 - b0),
        CombineKind::Multiply => {
            let corners = [a0 * b0, a0 * b1, a1 * b0, a1 * b1];
            corners.iter().fold((i64::MAX, i64::MIN), |(low, high), x| (low.min(*x), high.max(*x)))
        }
        CombineKind::Maximum => (a0.max(b0), a1.max(b1)),
        CombineKind::Minimum => (a0.min(b0), a1.min(b1)),
        CombineKind::Divide => (0, 0),
    }
}

pub(super) fn relu(builder: &mut Builder, given: &Arguments) -> Made {
    let x = given.tensor(builder, 0)?;
    let (low, high) = builder.ranges[x.index()];
    let wanted = Wanted::new(builder.type_of(x).clone(), (low.max(0), high.max(0)));
    builder.op(OpKind::Map(MapKind::Relu), &[x], wanted, given.span)
}

/// A function of each element, called as [`Function`] calls it.
pub(super) fn function(builder: &mut Builder, given: &Arguments) -> Made {
    let function = Function::ALL.into_iter().find(|function| function.name() == given.builtin.name)?;
    let Some(x) = given.tensor(builder, 0) else {
        return given.real(builder, 0).map(|x| Value::Real(function.apply(x)));
    };
    builder.floats(x, given, 0)?;
    builder.alike(OpKind::Map(MapKind::Function(function)), x, given.span)
}

pub(super) fn maximum(builder: &mut Builder, given: &Arguments) -> Made {
    builder.combine(CombineKind::Maximum, given.given[0]?, given.given[1]?, given.span)
}

pub(super) fn minimum(builder: &mut Builder, given: &Arguments) -> Made {
    builder.combine(CombineKind::Minimum, given.given[0]?, given.given[1]?, given.span)
}

pub(super) fn requant(builder: &mut Builder, given: &Arguments) -> Made {
    let x = given.tensor(builder, 0)?;
    let ty = builder.type_of(x).clone();
    if ty.dtype != DType::I32 {
        let message = format!("`requant` takes i32 to i8, but `{}` is {ty}", builder.name_of(x));
        let hint = match ty.dtype.is_float() {
            true => "floats become i8 by `cast(x, i8)`",
            false => "requantise a sum, as in `requant(x @ w, shift=7)`",
        };
        builder.diagnostics.error(given.span, message, hint);
        return None;
    }
    let shift = given.whole_within(builder, 1, 0, Requant::MOST_SHIFT.into())?.unwrap_or(0);
    let scale = given.whole_within(builder, 2, i32::MIN.into(), i32::MAX.into())?.unwrap_or(1);
    let zero = given.whole_within(builder, 3, i8::MIN.into(), i8::MAX.into())?.unwrap_or(0);
    let by = Requant { scale: scale as i32, shift: shift as u32, zero: zero as i8 };
    let wanted = Wanted::new(Type { dtype: DType::I8, shape: ty.shape }, I8);
    builder.op(OpKind::Requant(by), &[x], wanted, given.span)
}

pub(super) fn cast(builder: &mut Builder, given: &Arguments) -> Made {
    let (x, dtype) = (given.tensor(builder, 0)?, given.dtype(builder, 1)?);
    let ty = builder.type_of(x).clone();
    let range = match (ty.dtype.range(), dtype.range()) {
        (_, None) => (0, 0),
        (None, Some(all)) => all,
        (Some(_), Some((least, most))) => {
            let (low, high) = builder.ranges[x.index()];
            (low.clamp(least, most), high.clamp(least, most))
        }
    };
    builder.op(OpKind::Cast, &[x], Wanted::new(Type { dtype, ..ty }, range), given.span)
}

pub(super) fn argmax(builder: &mut Builder, given: &Arguments) -> Made {
    let x = given.tensor(builder, 0)?;
    let ty = builder.type_of(x).clone();
    let axis = given.axis(builder, 1, &ty, -1)?;
    let mut shape = ty.shape;
    let extent = shape.0.remove(axis);
    let wanted = Wanted::new(Type { dtype: DType::I32, shape }, (0, extent as i64 - 1));
    builder.op(OpKind::ArgMax { axis }, &[x], wanted, given.span)
}

pub(super) fn topk(builder: &mut Builder, given: &Arguments) -> Made {
    let x = given.tensor(builder, 0)?;
    let ty = builder.type_of(x).clone();
    let Some(last) = ty.shape.0.last().copied() else {
        given.axis(builder, 0, &ty, -1)?;
        return None;
    };
    let k = given.whole_within(builder, 1, 1, last as i64)?.unwrap_or(1) as usize;
    let mut shape = ty.shape;
    *shape.0.last_mut()? = k;
    let range = builder.ranges[x.index()];
    let places = Type { dtype: DType::I32, shape: shape.clone() };
    let values = Type { dtype: ty.dtype, shape };
    let wanted = smallvec![Wanted::new(values, range), Wanted::new(places, (0, last as i64 - 1))];
    let results = builder.ops(OpKind::TopK { k }, &[x], wanted, given.span)?;
    builder.several.push(results.into_iter().map(Value::Tensor).collect());
    Some(Value::Several(builder.several.len() - 1))
}

pub(super) fn softmax(builder: &mut Builder, given: &Arguments) -> Made {
    let x = given.tensor(builder, 0)?;
    builder.floats(x, given, 0)?;
    let ty = builder.type_of(x).clone();
    let axis = given.axis(builder, 1, &ty, -1)?;
    builder.alike(OpKind::Softmax { axis }, x, given.span)
}

pub(super) fn layernorm(builder: &mut Builder, given: &Arguments) -> Made {
    let eps = given.real(builder, 3).unwrap_or(1e-5);
    norm(builder, given, 3, OpKind::LayerNorm { eps }, eps)
}

pub(super) fn rmsnorm(builder: &mut Builder, given: &Arguments) -> Made {
    let eps = given.real(builder, 2).unwrap_or(1e-6);
    norm(builder, given, 2, OpKind::RmsNorm { eps }, eps)
}

/// A norm along the last axis; the operands behind the first are vectors of its length.
fn norm(builder: &mut Builder, given: &Arguments, operands: usize, kind: OpKind, eps: f64) -> Made {
    let tensors: Option<Tensors> = (0..operands).map(|at| given.tensor(builder, at)).collect();
    let tensors = tensors?;
    for (at, tensor) in tensors.iter().enumerate() {
        builder.floats(*tensor, given, at)?;
    }
    let ty = builder.type_of(tensors[0]).clone();
    let Some(width) = ty.shape.0.last().copied() else {
        given.axis_of(builder, 0, &ty, -1)?;
        return None;
    };
    for (at, tensor) in tensors.iter().enumerate().skip(1) {
        let found = builder.type_of(*tensor).clone();
        if found.shape.0[..] != [width] {
            let name = given.builtin.parameters[at].name;
            let message = format!("`{name}` is {found}, but the last axis of {ty} has {width}");
            let hint = format!("give one number for each place of it: {}[{width}]", found.dtype);
            let span = given.span_of(builder, at);
            builder.diagnostics.error(span, message, hint);
            return None;
        }
    }
    if !(0.0..=1.0).contains(&eps) {
        let span = given.span_of(builder, operands);
        builder.diagnostics.error(span, "`eps` is out of range", "from 0 to 1, as in `eps=1e-5`");
        return None;
    }
    let wanted = Wanted::new(ty, (0, 0));
    builder.op(kind, &tensors, wanted, given.span)
}

pub(super) fn causal(builder: &mut Builder, given: &Arguments) -> Made {
    let x = given.tensor(builder, 0)?;
    builder.floats(x, given, 0)?;
    let ty = builder.type_of(x).clone();
    if ty.shape.0.len() < 2 {
        let message = format!("`causal` works on rows and columns, but this is {ty}");
        builder.diagnostics.error(given.span, message, "give it scores, as in `causal(q @ k.T)`");
        return None;
    }
    let offset = given.whole_within(builder, 1, 0, i32::MAX.into())?.unwrap_or(0) as usize;
    builder.alike(OpKind::Causal { offset }, x, given.span)
}

pub(super) fn sum(builder: &mut Builder, given: &Arguments) -> Made {
    reduce(builder, given, ReduceKind::Sum)
}

pub(super) fn mean(builder: &mut Builder, given: &Arguments) -> Made {
    builder.floats(given.tensor(builder, 0)?, given, 0)?;
    reduce(builder, given, ReduceKind::Mean)
}

pub(super) fn max(builder: &mut Builder, given: &Arguments) -> Made {
    reduce(builder, given, ReduceKind::Max)
}

fn reduce(builder: &mut Builder, given: &Arguments, kind: ReduceKind) -> Made {
    let x = given.tensor(builder, 0)?;
    let ty = builder.type_of(x).clone();
    let axes = match given.wholes(builder, 1) {
        None => (0..ty.shape.0.len()).collect::<Extents>(),
        Some(axes) => {
            axes.into_iter().map(|axis| given.axis_of(builder, 1, &ty, axis)).collect::<Option<Extents>>()?
        }
    };
    let axes = (0..ty.shape.0.len()).filter(|axis| axes.contains(axis)).collect();
    let op = Reduction { kind, keep: given.flag(builder, 2), axes };
    builder.reduced(x, op, given.span)
}

/// What a reduction does.
pub(super) struct Reduction {
    pub kind: ReduceKind,
    /// In ascending order, each once.
    pub axes: Extents,
    pub keep: bool,
}

impl Builder<'_> {
    pub(super) fn reduced(&mut self, x: TensorId, by: Reduction, span: Span) -> Made {
        let ty = self.type_of(x).clone();
        let Reduction { kind, axes, keep } = by;
        let terms = axes.iter().fold(1i64, |all, axis| all.saturating_mul(ty.shape.0[*axis] as i64));
        let extent = |(axis, extent): (usize, &usize)| match axes.contains(&axis) {
            true => keep.then_some(1),
            false => Some(*extent),
        };
        let shape = Shape(ty.shape.0.iter().enumerate().filter_map(extent).collect());
        let (low, high) = self.ranges[x.index()];
        let (dtype, range) = match kind {
            ReduceKind::Sum if !ty.dtype.is_float() => {
                (DType::I32, (low.saturating_mul(terms), high.saturating_mul(terms)))
            }
            _ => (ty.dtype, (low, high)),
        };
        let wanted = Wanted::new(Type { dtype, shape }, range);
        self.op(OpKind::Reduce { kind, axes, keep }, &[x], wanted, span)
    }
}

pub(super) fn reshape(builder: &mut Builder, given: &Arguments) -> Made {
    let (x, extents) = (given.tensor(builder, 0)?, given.wholes(builder, 1)?);
    let ty = builder.type_of(x).clone();
    let span = given.span_of(builder, 1);
    let known = extents.iter().filter(|extent| **extent != -1);
    let product = known.clone().fold(1u64, |all, extent| all.saturating_mul(extent.unsigned_abs()));
    let elements = ty.shape.elements();
    let rest = match extents.len() - known.count() {
        0 => None,
        1 if product > 0 && elements.is_multiple_of(product) => i64::try_from(elements / product).ok(),
        1 => Some(-1),
        _ => {
            builder.diagnostics.error(span, "two extents of -1", "at most one can be found out");
            return None;
        }
    };
    if rest == Some(-1) {
        let message = format!("{elements} elements, as {ty} has, do not fill rows of {product}");
        builder.diagnostics.error(span, message, "choose extents whose product divides it");
        return None;
    }
    let extents: Vec<(i64, Span)> =
        extents.iter().map(|extent| (rest.filter(|_| *extent == -1).unwrap_or(*extent), span)).collect();
    let shape = builder.shape(&extents, span)?;
    if shape.elements() != elements {
        let message = format!("{ty} has {elements} elements, {shape} has {}", shape.elements());
        builder.diagnostics.error(span, message, "both must be equal; -1 stands for what is left");
        return None;
    }
    let wanted = Wanted::new(Type { dtype: ty.dtype, shape }, builder.ranges[x.index()]);
    builder.op(OpKind::Reshape, &[x], wanted, given.span)
}

pub(super) fn transpose(builder: &mut Builder, given: &Arguments) -> Made {
    let x = given.tensor(builder, 0)?;
    let ty = builder.type_of(x).clone();
    let axes = ty.shape.0.len();
    let order = match given.wholes(builder, 1) {
        Some(order) => {
            order.into_iter().map(|axis| given.axis_of(builder, 1, &ty, axis)).collect::<Option<Extents>>()?
        }
        None if axes >= 2 => {
            let mut order: Extents = (0..axes).collect();
            order.swap(axes - 2, axes - 1);
            order
        }
        None => {
            let message = format!("`transpose` swaps the last two axes, but this is {ty}");
            builder.diagnostics.error(given.span, message, "leave it out: a vector has one axis");
            return None;
        }
    };
    if order.len() != axes || (0..axes).any(|axis| !order.contains(&axis)) {
        let span = given.span_of(builder, 1);
        let message = format!("{} is no order of the axes of {ty}", shorten(span.of(builder.text)));
        let all: Vec<String> = (0..axes).rev().map(|axis| axis.to_string()).collect();
        builder.diagnostics.error(span, message, format!("name each once, as in [{}]", all.join(", ")));
        return None;
    }
    builder.transposed(x, order, given.span)
}

pub(super) fn concat(builder: &mut Builder, given: &Arguments) -> Made {
    let tensors = given.tensors(builder, 0);
    let Some(first) = tensors.first() else {
        builder.diagnostics.error(given.span, "nothing to put together", "as in `concat([a, b], axis=1)`");
        return None;
    };
    let ty = builder.type_of(*first).clone();
    let axis = given.axis(builder, 1, &ty, 0)?;
    let mut shape = ty.shape.clone();
    let (mut low, mut high) = builder.ranges[first.index()];
    for tensor in &tensors[1..] {
        let other = builder.type_of(*tensor).clone();
        let mut same = other.clone();
        if let (Some(extent), Some(own)) = (same.shape.0.get_mut(axis), ty.shape.0.get(axis)) {
            shape.0[axis] = shape.0[axis].saturating_add(*extent);
            *extent = *own;
        }
        if same != ty {
            let message = format!("{ty} and {other} do not fit along axis {axis}");
            let hint = "dtypes and all other extents must be equal";
            builder.diagnostics.error(given.span, message, hint);
            return None;
        }
        let (least, most) = builder.ranges[tensor.index()];
        (low, high) = (low.min(least), high.max(most));
    }
    let wanted = Wanted::new(Type { dtype: ty.dtype, shape }, (low, high));
    builder.op(OpKind::Concat { axis }, &tensors, wanted, given.span)
}

pub(super) fn gather(builder: &mut Builder, given: &Arguments) -> Made {
    let (x, indices) = (given.tensor(builder, 0)?, given.tensor(builder, 1)?);
    let (ty, by) = (builder.type_of(x).clone(), builder.type_of(indices).clone());
    if by.dtype != DType::I32 {
        let message = format!("`gather` takes places as i32, but `{}` is {by}", builder.name_of(indices));
        let span = given.span_of(builder, 1);
        let edit = Edit::replace(span, format!("cast({}, i32)", span.of(builder.text)));
        let hint = "declare them as i32, or `cast` them";
        builder.diagnostics.error_with(span, message, hint, Some(edit));
        return None;
    }
    let axis = given.axis(builder, 2, &ty, 0)?;
    let (before, after) = ty.shape.0.split_at(axis);
    let shape = before.iter().chain(&by.shape.0).chain(&after[1..]);
    let extents: Vec<(i64, Span)> = shape.map(|extent| (*extent as i64, given.span)).collect();
    let shape = builder.shape(&extents, given.span)?;
    let wanted = Wanted::new(Type { dtype: ty.dtype, shape }, builder.ranges[x.index()]);
    builder.op(OpKind::Gather { axis }, &[x, indices], wanted, given.span)
}

pub(super) fn zeros(builder: &mut Builder, given: &Arguments) -> Made {
    let ty = given.ty(builder, 0)?;
    Some(Value::Tensor(builder.constant(0.0, ty, given.span)))
}

pub(super) fn full(builder: &mut Builder, given: &Arguments) -> Made {
    let (ty, number) = (given.ty(builder, 0)?, given.real(builder, 1)?);
    let fits = match ty.dtype.range() {
        Some((least, most)) => number.fract() == 0.0 && (least as f64..=most as f64).contains(&number),
        None => true,
    };
    if !fits {
        let span = given.span_of(builder, 1);
        let message = format!("`{}` is no {}", shorten(span.of(builder.text)), ty.dtype);
        builder.diagnostics.error(span, message, "choose a number that its dtype holds, or another dtype");
        return None;
    }
    Some(Value::Tensor(builder.constant(number, ty, given.span)))
}
