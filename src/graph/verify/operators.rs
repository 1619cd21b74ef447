//! Rules 7 to 14: each operator's results, found from its operands.

use super::{Check, Verifier, check};
use crate::graph::ir::{
    Choices, CombineKind, Contract, Cut, LoopAxis, MapKind, Op, OpId, OpKind, PoolKind, ReduceKind, RepeatId,
    Source, TensorId, Window,
};
use crate::graph::print::word;
use crate::num::{DType, Requant, Shape, Type};

type Found<T> = Result<T, (u32, String)>;

/// Sizes and steps are below this.
const FAR: usize = 1 << 31;

impl Verifier<'_> {
    pub(super) fn operator(&self, id: OpId) -> Check {
        let op = &self.graph.ops[id];
        self.choices(op)?;
        let operands: Vec<&Type> = op.operands.iter().map(|tensor| self.ty(*tensor)).collect();
        if let OpKind::Repeat(repeat) = op.kind {
            return self.repeat(op, repeat);
        }
        let (fewest, most, results) = arity(&op.kind);
        check(7, (fewest..=most).contains(&operands.len()) && op.results.len() == results, || {
            let (taken, made) = (operands.len(), op.results.len());
            format!("operands of {}: {taken}; results: {made}", word(&op.kind))
        })?;
        let (dtype, shape) = (self.dtype(op, &operands)?, self.shape(op, &operands)?);
        let places = Type { dtype: DType::I32, shape: shape.clone() };
        let expected = [Type { dtype, shape }, places];
        for (expected, result) in expected.iter().zip(&op.results) {
            let found = self.ty(*result);
            let rule = if found.dtype == expected.dtype { shape_rule(&op.kind) } else { 8 };
            check(rule, found == expected, || {
                let shown: Vec<String> = operands.iter().take(3).map(|ty| ty.to_string()).collect();
                let more = if operands.len() > 3 { ", …" } else { "" };
                format!("{} of {}{more} is {expected}, not {found}", word(&op.kind), shown.join(", "))
            })?;
        }
        Ok(())
    }

    /// Rule 8: the dtype of the first result. A second one holds places.
    fn dtype(&self, op: &Op, operands: &[&Type]) -> Found<DType> {
        let first = operands[0].dtype;
        let floats = |floats: &[&Type]| {
            let whole = floats.iter().find(|ty| !ty.dtype.is_float());
            check(8, whole.is_none(), || {
                format!(
                    "{} takes floats, not {}",
                    word(&op.kind),
                    whole.map_or(String::new(), |ty| ty.to_string())
                )
            })
        };
        match &op.kind {
            OpKind::Contract(_) | OpKind::Conv2d { .. } => product(first, operands[1].dtype),
            OpKind::Combine(kind) => self.combined(*kind, op, operands),
            OpKind::Map(MapKind::Negate) | OpKind::Reduce { kind: ReduceKind::Sum, .. } => {
                Ok(if first.is_float() { first } else { DType::I32 })
            }
            OpKind::Pool(PoolKind::Mean, _)
            | OpKind::Map(MapKind::Function(_))
            | OpKind::Reduce { kind: ReduceKind::Mean, .. }
            | OpKind::Softmax { .. }
            | OpKind::LayerNorm { .. }
            | OpKind::RmsNorm { .. }
            | OpKind::Causal { .. } => floats(operands).map(|()| first),
            OpKind::Requant(_) => {
                check(8, first == DType::I32, || format!("requant takes i32, not {first}"))?;
                Ok(DType::I8)
            }
            OpKind::Cast => Ok(self.ty(op.results[0]).dtype),
            OpKind::ArgMax { .. } => Ok(DType::I32),
            OpKind::Gather { .. } => {
                let places = operands[1].dtype;
                check(8, places == DType::I32, || format!("places are i32, not {places}"))?;
                Ok(first)
            }
            OpKind::Concat { .. } => {
                let other = operands.iter().find(|ty| ty.dtype != first);
                check(8, other.is_none(), || format!("{first} beside another dtype"))?;
                Ok(first)
            }
            OpKind::Pool(PoolKind::Max, _)
            | OpKind::Map(MapKind::Relu)
            | OpKind::Reduce { kind: ReduceKind::Max, .. }
            | OpKind::TopK { .. }
            | OpKind::Reshape
            | OpKind::Transpose(_)
            | OpKind::Slice(_)
            | OpKind::Repeat(_) => Ok(first),
        }
    }

    fn combined(&self, kind: CombineKind, op: &Op, operands: &[&Type]) -> Found<DType> {
        let (left, right) = (operands[0].dtype, operands[1].dtype);
        check(8, left.is_float() == right.is_float(), || format!("{left} meets {right}"))?;
        let wider = if left.bytes() >= right.bytes() { left } else { right };
        if left.is_float() {
            return Ok(match (self.is_number(op.operands[0]), self.is_number(op.operands[1])) {
                (true, _) => right,
                (_, true) => left,
                _ => wider,
            });
        }
        match kind {
            CombineKind::Add | CombineKind::Subtract | CombineKind::Multiply => Ok(DType::I32),
            CombineKind::Maximum | CombineKind::Minimum => Ok(wider),
            CombineKind::Divide => Err((8, format!("{left} is divided by {right}"))),
        }
    }

    fn is_number(&self, tensor: TensorId) -> bool {
        let tensor = &self.graph.tensors[tensor];
        tensor.ty.shape.0.is_empty() && matches!(tensor.source, Source::Constant(_))
    }

    /// The shape of each result.
    fn shape(&self, op: &Op, operands: &[&Type]) -> Found<Shape> {
        let first = &operands[0].shape;
        let extents = &first.0;
        let other = |at: usize| &operands[at].shape;
        let made = self.ty(op.results[0]);
        match &op.kind {
            OpKind::Contract(contract) => contracted(contract, first, other(1)),
            OpKind::Conv2d { window, groups } => convolved(window, *groups, first, other(1)),
            OpKind::Pool(_, window) => pooled(window, first),
            OpKind::Combine(_) => broadcast(first, other(1)),
            OpKind::Requant(by) => {
                check(11, by.shift <= Requant::MOST_SHIFT, || format!("a shift of {}", by.shift))?;
                Ok(first.clone())
            }
            OpKind::Map(_) | OpKind::Cast => Ok(first.clone()),
            OpKind::Reduce { axes, keep, .. } => reduced(axes, *keep, first),
            OpKind::ArgMax { axis } => reduced(&[*axis], false, first),
            OpKind::TopK { k } => {
                let [front @ .., last] = &extents[..] else {
                    return Err((11, "the greatest of a single number".into()));
                };
                check(11, (1..=*last).contains(k), || format!("the {k} greatest of {last}"))?;
                Ok(Shape::from([front, &[*k]].concat()))
            }
            OpKind::Softmax { axis } => has_axis(*axis, first).map(|()| first.clone()),
            OpKind::LayerNorm { eps } | OpKind::RmsNorm { eps } => normed(*eps, operands),
            OpKind::Causal { offset } => {
                check(11, extents.len() >= 2, || format!("a mask on {}", operands[0]))?;
                check(11, *offset < FAR, || format!("an offset of {offset}"))?;
                Ok(first.clone())
            }
            OpKind::Reshape => {
                let (before, after) = (first.elements(), made.shape.elements());
                check(11, before == after, || format!("{before} elements become {after}"))?;
                Ok(made.shape.clone())
            }
            OpKind::Transpose(order) => transposed(order, first),
            OpKind::Concat { axis } => put_together(*axis, operands),
            OpKind::Slice(cuts) => self.sliced(cuts, op.within, first),
            OpKind::Gather { axis } => {
                has_axis(*axis, first)?;
                Ok(Shape::from([&extents[..*axis], &other(1).0, &extents[*axis + 1..]].concat()))
            }
            OpKind::Repeat(_) => Ok(made.shape.clone()),
        }
    }

    /// Rule 12.
    fn sliced(&self, cuts: &[Cut], within: Option<RepeatId>, shape: &Shape) -> Found<Shape> {
        check(12, cuts.len() == shape.0.len(), || format!("cuts of {shape}: {}", cuts.len()))?;
        let mut left = Vec::new();
        for (cut, extent) in cuts.iter().zip(&shape.0) {
            self.cut(cut, within, *extent)?;
            left.extend(cut.keep.then_some(cut.len));
        }
        Ok(Shape::from(left))
    }

    fn cut(&self, cut: &Cut, within: Option<RepeatId>, extent: usize) -> Check {
        let Cut { from, len, step, keep } = cut;
        check(12, (1..=extent).contains(len) && *step > 0, || {
            format!("{len} elements by steps of {step} of an axis of {extent}")
        })?;
        check(12, *keep || (*len, *step) == (1, 1), || "an axis goes that has more than one element".into())?;
        let (mut least, mut most) = (i128::from(from.first), i128::from(from.first));
        for (at, (repeat, step)) in from.steps.iter().enumerate() {
            let name = || format!("t{}", repeat.index());
            let twice = from.steps[..at].iter().any(|(before, _)| before == repeat);
            check(12, !twice, || format!("a cut moves twice with `{}`", name()))?;
            check(12, self.is_around(Some(*repeat), within), || {
                format!("a cut moves with `{}`, which is not around it", name())
            })?;
            let moved = i128::from(*step) * (self.graph.repeats[*repeat].count as i128 - 1);
            least += moved.min(0);
            most += moved.max(0);
        }
        most += (*len as i128 - 1) * *step as i128;
        check(12, least >= 0 && most < extent as i128, || {
            format!("a cut reaches from {least} to {most} on an axis of {extent}")
        })
    }

    /// Rule 13.
    fn repeat(&self, op: &Op, id: RepeatId) -> Check {
        let repeat = &self.graph.repeats[id];
        let begins: Vec<TensorId> = repeat.carried.iter().map(|carried| carried.begin).collect();
        check(13, op.operands[..] == begins, || "its operands are not what it begins with".into())?;
        let results = repeat.carried.len() + repeat.collected.len();
        check(13, op.results.len() == results, || format!("{} results, not {results}", op.results.len()))?;
        let (ends, collections) = op.results.split_at(begins.len());
        for (carried, end) in repeat.carried.iter().zip(ends) {
            let types = [carried.begin, carried.now, carried.next, *end].map(|tensor| self.ty(tensor));
            check(13, types.iter().all(|ty| *ty == types[0]), || {
                let [begin, now, next, end] = types;
                format!("what is carried begins as {begin}, is {now}, goes on as {next}, and ends as {end}")
            })?;
        }
        for (each, all) in repeat.collected.iter().zip(collections) {
            let (each, all) = (self.ty(*each), self.ty(*all));
            let shape = Shape::from([&[repeat.count], &each.shape.0[..]].concat());
            let expected = Type { dtype: each.dtype, shape };
            check(13, *all == expected, || format!("{each} is collected to {expected}, not {all}"))?;
        }
        Ok(())
    }

    /// Rule 14.
    fn choices(&self, op: &Op) -> Check {
        let Some(choices) = &op.choices else { return Ok(()) };
        let product = matches!(op.kind, OpKind::Contract(_) | OpKind::Conv2d { .. });
        check(14, product, || format!("choices for {}", word(&op.kind)))?;
        check(14, **choices != Choices::default(), || "nothing is chosen".into())?;
        if let Some(tile) = choices.tile {
            check(14, tile.iter().all(|side| (1..FAR).contains(side)), || format!("a tile of {tile:?}"))?;
        }
        if let Some(order) = choices.order {
            let all = [LoopAxis::M, LoopAxis::N, LoopAxis::K].iter().all(|axis| order.contains(axis));
            check(14, all, || format!("an order of {}", order.map(LoopAxis::name).concat()))?;
        }
        let buffers = choices.buffers.unwrap_or(1);
        check(14, (1..=2).contains(&buffers), || format!("{buffers} buffers"))
    }
}

/// Fewest and most operands of a kind, and its results (rule 7).
fn arity(kind: &OpKind) -> (usize, usize, usize) {
    match kind {
        OpKind::Contract(_)
        | OpKind::Conv2d { .. }
        | OpKind::Combine(_)
        | OpKind::RmsNorm { .. }
        | OpKind::Gather { .. } => (2, 2, 1),
        OpKind::LayerNorm { .. } => (3, 3, 1),
        OpKind::Concat { .. } => (1, usize::MAX, 1),
        OpKind::TopK { .. } => (1, 1, 2),
        _ => (1, 1, 1),
    }
}

/// The rule about the shape of a kind's results.
fn shape_rule(kind: &OpKind) -> u32 {
    match kind {
        OpKind::Contract(_) => 9,
        OpKind::Conv2d { .. } | OpKind::Pool(..) => 10,
        OpKind::Slice(_) => 12,
        _ => 11,
    }
}

fn product(left: DType, right: DType) -> Found<DType> {
    match (left, right) {
        (DType::I8 | DType::I16, DType::I8 | DType::I16) => Ok(DType::I32),
        (DType::Fp8, DType::Fp8) => Ok(DType::F32),
        (DType::Bf16, DType::Bf16) => Ok(DType::Bf16),
        (DType::F32, DType::F32) => Ok(DType::F32),
        _ => Err((8, format!("{left} is multiplied by {right}"))),
    }
}

/// Rule 9.
fn contracted(contract: &Contract, left: &Shape, right: &Shape) -> Found<Shape> {
    let Contract { left: a, right: b, out } = contract;
    check(9, (a.len(), b.len()) == (left.0.len(), right.0.len()), || {
        format!("{} and {} labels for {left} and {right}", a.len(), b.len())
    })?;
    // By label: its extent, if an operand has it, and how many of the three do.
    let mut labels: Vec<(Option<usize>, usize)> = Vec::new();
    for list in [out, a, b] {
        for (at, label) in list.iter().enumerate() {
            check(9, !list[..at].contains(label), || format!("label {label} stands twice"))?;
            let place = usize::from(*label);
            check(9, place <= labels.len(), || format!("label {label} before label {}", labels.len()))?;
            if place == labels.len() {
                labels.push((None, 0));
            }
            labels[place].1 += 1;
        }
    }
    for (label, extent) in a.iter().zip(&left.0).chain(b.iter().zip(&right.0)) {
        let known = *labels[usize::from(*label)].0.get_or_insert(*extent);
        check(9, known == *extent, || format!("label {label} is {known} and {extent}"))?;
    }
    for (label, (_, times)) in labels.iter().enumerate() {
        check(9, *times >= 2, || format!("label {label} stands once"))?;
    }
    Ok(Shape(out.iter().filter_map(|label| labels[usize::from(*label)].0).collect()))
}

/// Rule 10 for convolutions.
fn convolved(window: &Window, groups: usize, image: &Shape, filter: &Shape) -> Found<Shape> {
    let ([n, h, w, c], [kh, kw, each, f]) = (&image.0[..], &filter.0[..]) else {
        return Err((10, format!("{image} is convolved with {filter}")));
    };
    check(10, window.size == [*kh, *kw], || format!("a window of {:?} for {filter}", window.size))?;
    let fit = groups > 0 && each.checked_mul(groups) == Some(*c) && f.is_multiple_of(groups);
    check(10, fit, || format!("{c} channels in and {f} out by {filter} with groups={groups}"))?;
    Ok(Shape::from(vec![*n, places(window, 0, *h)?, places(window, 1, *w)?, *f]))
}

/// Rule 10 for pools.
fn pooled(window: &Window, image: &Shape) -> Found<Shape> {
    let [n, h, w, c] = image.0[..] else { return Err((10, format!("windows of {image}"))) };
    check(10, window.dilation == [1, 1], || format!("a pool's dilation of {:?}", window.dilation))?;
    let [top, below, left, right] = window.padding;
    let [high, wide] = window.size;
    check(10, top.max(below) < high && left.max(right) < wide, || {
        format!("a window of {:?} in a padding of {:?}", window.size, window.padding)
    })?;
    Ok(Shape::from(vec![n, places(window, 0, h)?, places(window, 1, w)?, c]))
}

/// How many places a window has along height (0) or width (1).
fn places(window: &Window, side: usize, extent: usize) -> Found<usize> {
    let (size, stride, dilation) = (window.size[side], window.stride[side], window.dilation[side]);
    let steps = [size, stride, dilation];
    check(10, steps.iter().all(|step| (1..FAR).contains(step)), || {
        format!("a window of {size} by steps of {stride}, dilated by {dilation}")
    })?;
    let [before, behind] = [window.padding[2 * side], window.padding[2 * side + 1]];
    check(10, before < FAR && behind < FAR, || format!("a padding of {before} and {behind}"))?;
    let (reach, room) =
        ((size as u64 - 1) * dilation as u64 + 1, before as u64 + extent as u64 + behind as u64);
    check(10, reach <= room, || format!("a window that reaches {reach} of {room}"))?;
    usize::try_from((room - reach) / stride as u64 + 1).map_err(|e| (10, e.to_string()))
}

/// Rule 11: two shapes element by element.
fn broadcast(left: &Shape, right: &Shape) -> Found<Shape> {
    let (longer, shorter) = if left.0.len() >= right.0.len() { (left, right) } else { (right, left) };
    let mut shape = longer.clone();
    for (extent, other) in shape.0.iter_mut().rev().zip(shorter.0.iter().rev()) {
        check(11, extent == other || *extent == 1 || *other == 1, || format!("{left} meets {right}"))?;
        *extent = if *extent == 1 { *other } else { *extent };
    }
    Ok(shape)
}

fn has_axis(axis: usize, shape: &Shape) -> Check {
    check(11, axis < shape.0.len(), || format!("axis {axis} of {shape}"))
}

fn reduced(axes: &[usize], keep: bool, shape: &Shape) -> Found<Shape> {
    check(11, axes.windows(2).all(|pair| pair[0] < pair[1]), || format!("axes {axes:?} are not ascending"))?;
    axes.iter().try_for_each(|axis| has_axis(*axis, shape))?;
    let mut left = shape.0.clone();
    for axis in axes.iter().rev() {
        match keep {
            true => left[*axis] = 1,
            false => drop(left.remove(*axis)),
        }
    }
    Ok(Shape(left))
}

fn normed(eps: f64, operands: &[&Type]) -> Found<Shape> {
    let shape = &operands[0].shape;
    check(11, (0.0..=1.0).contains(&eps), || format!("an eps of {eps:?}"))?;
    for vector in &operands[1..] {
        let along = vector.shape.0.len() == 1 && vector.shape.0.last() == shape.0.last();
        check(11, along, || format!("{vector} along the last axis of {}", operands[0]))?;
    }
    Ok(shape.clone())
}

fn transposed(order: &[usize], shape: &Shape) -> Found<Shape> {
    let axes = shape.0.len();
    let each = order.len() == axes && (0..axes).all(|axis| order.contains(&axis));
    check(11, each, || format!("{order:?} is no order of {axes} axes"))?;
    Ok(Shape(order.iter().map(|axis| shape.0[*axis]).collect()))
}

fn put_together(axis: usize, operands: &[&Type]) -> Found<Shape> {
    let mut shape = operands[0].shape.clone();
    has_axis(axis, &shape)?;
    for part in &operands[1..] {
        let same = part.shape.0.len() == shape.0.len()
            && (0..shape.0.len()).all(|at| at == axis || part.shape.0[at] == shape.0[at]);
        check(11, same, || format!("{} beside {} along axis {axis}", operands[0], part))?;
        shape.0[axis] = shape.0[axis].saturating_add(part.shape.0[axis]);
    }
    Ok(shape)
}
