//! Operators and their results, as long as the program keeps its limits.

use smallvec::{SmallVec, smallvec};

use super::names::shorten;
use super::{Builder, Value};
use crate::base::{Edit, Span};
use crate::graph::ir::{
    Choices, Limits, LoopAxis, Op, OpId, OpKind, Source, Stationary, Tensor, TensorId, Tensors,
};
use crate::lang::{Argument, ExprKind};
use crate::num::Type;

/// A result that is to be: its type, and the least and greatest value of its elements if they are whole numbers.
pub(super) struct Wanted {
    pub ty: Type,
    pub range: (i64, i64),
}

/// Most operators have one result.
pub(super) type AllWanted = SmallVec<[Wanted; 1]>;

impl Wanted {
    pub(super) fn new(ty: Type, range: (i64, i64)) -> Wanted {
        Wanted { ty, range }
    }
}

impl Builder<'_> {
    /// Adds an operator with one result.
    pub(super) fn op(
        &mut self,
        kind: OpKind,
        operands: &[TensorId],
        wanted: Wanted,
        span: Span,
    ) -> Option<Value> {
        Some(Value::Tensor(self.ops(kind, operands, smallvec![wanted], span)?[0]))
    }

    /// Adds an operator and its results, if none is too large and no value of them can leave its dtype.
    pub(super) fn ops(
        &mut self,
        kind: OpKind,
        operands: &[TensorId],
        wanted: AllWanted,
        span: Span,
    ) -> Option<Tensors> {
        for Wanted { ty, range } in &wanted {
            if ty.dtype.range().is_some_and(|(least, most)| range.0 < least || range.1 > most) {
                let worst = range.0.unsigned_abs().max(range.1.unsigned_abs());
                let bits = 8 * ty.dtype.bytes();
                // Of values in files, perhaps.
                let (what, hint) = match kind {
                    OpKind::Map(_) | OpKind::Combine(_) => {
                        ("an element", "make the operands smaller, or cast them to f32")
                    }
                    _ => ("a sum", "use fewer terms or smaller weights"),
                };
                let message = format!("{what} could reach {worst} and leave its {bits} bits");
                self.diagnostics.error(span, message, hint);
                return None;
            }
            self.few_axes(ty.shape.0.len(), span)?;
            if !self.fits(&ty.shape) {
                self.too_large(span);
                return None;
            }
        }
        if self.graph.ops.len() >= Limits::OPS {
            let message = format!("a program of more than {} operators", Limits::OPS);
            self.diagnostics.error(
                span,
                message,
                "lines in a `repeat` count once; or split it into several programs",
            );
            return None;
        }
        let name = self.named_here(span);
        let op = self.graph.ops.next_id();
        let within = self.repeats.last().copied();
        let mut results = Tensors::new();
        for (at, Wanted { ty, range }) in wanted.into_iter().enumerate() {
            let tensor = Tensor { name, ty, source: Source::Op(op, at), within, span };
            results.push(self.push(tensor, range));
        }
        let op = self.graph.ops.push(Op {
            kind,
            operands: Tensors::from_slice(operands),
            results: results.clone(),
            within,
            choices: None,
            span,
        });
        self.count_macs(op, span)?;
        Some(results)
    }

    pub(super) fn push(&mut self, tensor: Tensor, range: (i64, i64)) -> TensorId {
        self.ranges.push(range);
        self.named.push(false);
        self.graph.tensors.push(tensor)
    }

    /// A tensor of one number.
    pub(super) fn constant(&mut self, number: f64, ty: Type, span: Span) -> TensorId {
        // The sign of 0 / 0 is the platform's.
        let number = if number.is_nan() { f64::NAN } else { number };
        let within = self.repeats.last().copied();
        let name = self.named_here(span);
        let whole = number as i64;
        self.push(Tensor { name, ty, source: Source::Constant(number), within, span }, (whole, whole))
    }

    /// Counts an operator's multiply-accumulates.
    fn count_macs(&mut self, op: OpId, span: Span) -> Option<()> {
        let times = self.graph.iterations(self.graph.ops[op].within);
        let all = self.work.macs.saturating_add(self.graph.macs(op).saturating_mul(times));
        if all > Limits::ALL_MACS {
            let message = format!("up to here there are more than {} multiply-accumulates", Limits::ALL_MACS);
            self.diagnostics.error(span, message, "make the tensors smaller, or repeat fewer times");
            return None;
        }
        self.work.macs = all;
        Some(())
    }

    /// How the products from this operator on are to run, as `with` says.
    pub(super) fn choose(&mut self, with: &[Argument], first_op: usize) {
        let (Some(first), Some(last)) = (with.first(), with.last()) else { return };
        let errors = self.diagnostics.errors();
        let mut choices = Choices::default();
        for choice in with {
            let Some(name) = &choice.name else { continue };
            let given = match name.text.as_str() {
                "dataflow" => choices.dataflow.is_some(),
                "tile" => choices.tile.is_some(),
                "order" => choices.order.is_some(),
                "buffers" => choices.buffers.is_some(),
                "fuse" => choices.fuse.is_some(),
                other => {
                    let known = ["dataflow", "tile", "order", "buffers", "fuse"];
                    let near = crate::base::nearest(other, known.into_iter());
                    let hint = near.map_or_else(
                        || "there are `dataflow`, `tile`, `order`, `buffers` and `fuse`".to_owned(),
                        super::names::meant,
                    );
                    let message = format!("nothing to choose is called `{}`", shorten(other));
                    let edit = near.map(|near| Edit::replace(name.span, near));
                    self.diagnostics.error_with(name.span, message, hint, edit);
                    continue;
                }
            };
            if given {
                let message = format!("`{}` is given twice", name.text);
                self.diagnostics.error(name.span, message, "leave one of them out");
            } else if self.choice(&name.text, choice, &mut choices).is_none() {
                let what = match name.text.as_str() {
                    "dataflow" => "`\"ws\"`, `\"is\"` or `\"os\"`",
                    "tile" => "rows, columns and steps of k of a tile, as in `tile=[128, 64, 256]`",
                    "order" => "`m`, `n` and `k`, outermost loop first, as in `order=\"nmk\"`",
                    "buffers" => "1 or 2: with 2 one is filled while the other is used",
                    _ => "`true` or `false`",
                };
                if !matches!(self.values[choice.value.index()], Value::Wrong) {
                    let span = self.ast.exprs[choice.value].span;
                    let message = format!("`{}` cannot be `{}`", name.text, shorten(span.of(self.text)));
                    self.diagnostics.error(span, message, what);
                }
            }
        }
        let products: Vec<_> =
            self.graph.ops.ids().skip(first_op).filter(|op| self.graph.macs(*op) > 0).collect();
        let span = first.name.as_ref().map_or(Span::default(), |name| name.span);
        if products.is_empty() && self.diagnostics.errors() == errors {
            let whole = span.to(self.ast.exprs[last.value].span);
            let hint = "`with` is for lines with `@`, `einsum` or `conv2d`: leave it out";
            self.diagnostics.error(whole, "there is no product in this line", hint);
        }
        for op in products {
            self.graph.ops[op].choices = Some(Box::new(choices.clone()));
        }
        // Other lines choose for themselves.
        let first = self.graph.ops.ids().nth(first_op);
        for known in self.known.ids() {
            self.known[known].templates.retain(|template| first.is_none_or(|first| !template.reaches(first)));
        }
    }

    /// Notes a choice, if it is possible.
    fn choice(&self, name: &str, choice: &Argument, choices: &mut Choices) -> Option<()> {
        let value = self.values[choice.value.index()];
        let text = match (value, &self.ast.exprs[choice.value].kind) {
            (Value::Text, ExprKind::Text(text)) => text.as_str(),
            _ => "",
        };
        match name {
            "dataflow" => {
                let all = [Stationary::Weights, Stationary::Inputs, Stationary::Outputs];
                choices.dataflow = Some(all.into_iter().find(|dataflow| dataflow.name() == text)?);
            }
            "tile" => {
                let Value::List(list) = value else { return None };
                let [Value::Number(m), Value::Number(n), Value::Number(k)] = self.lists[list][..] else {
                    return None;
                };
                let extent =
                    |side: i64| usize::try_from(side).ok().filter(|side| (1..1 << 31).contains(side));
                choices.tile = Some([extent(m)?, extent(n)?, extent(k)?]);
            }
            "order" => {
                let all = [LoopAxis::M, LoopAxis::N, LoopAxis::K];
                let axis = |at: usize| all.into_iter().find(|axis| text.get(at..=at) == Some(axis.name()));
                let order = [axis(0)?, axis(1)?, axis(2)?];
                let each = all.iter().all(|axis| order.contains(axis)) && text.len() == 3;
                choices.order = Some(order).filter(|_| each);
                choices.order?;
            }
            "buffers" => {
                let Value::Number(buffers @ 1..=2) = value else { return None };
                choices.buffers = Some(buffers as usize);
            }
            _ => {
                let Value::Number(fuse @ 0..=1) = value else { return None };
                choices.fuse = Some(fuse == 1);
            }
        }
        Some(())
    }
}
