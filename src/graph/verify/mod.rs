//! What every graph must be. Nothing here asks how it was built: each rule is worked out anew.
//!
//! 1. What is named is there. There are at most [`Limits::OPS`] operators and [`Limits::ALL_MACS`] multiply-accumulates, and at
//!    least one output.
//! 2. A repeat is done from 1 to 2^31 - 1 times; with those around it at most [`Limits::ITERATIONS`]. Repeats are in the order in
//!    which their bodies begin.
//! 3. The operators of a body, with those of the bodies in it, stand together, right in front of the repeat's own operator, of
//!    which there is one. It belongs to what the repeat belongs to.
//! 4. A tensor has at most [`Shape::MOST_AXES`] axes of 1 to 2^31 - 1 and at most [`Shape::MOST_ELEMENTS`] elements.
//! 5. An operator's result has it as its source, with its place, and belongs to what the operator belongs to; what is carried has
//!    its repeat as its source, with its place, and belongs to it. Inputs belong to no repeat. A constant is a number that its
//!    dtype holds; of NaN there is one. An array that was loaded has a path, and the type of its tensor behind the counts of the
//!    repeats around it. What is pruned has two axes or more, and what was loaded for it is.
//! 6. What is read was made before, and belongs to what its reader belongs to, or to something around that. The end of a body
//!    reads what is carried on and collected; behind everything, the outputs are read.
//! 7. Operators have as many operands and results as their kind: a contraction, a convolution, a function of two elements, a root
//!    mean square norm and a gathering have two operands, a layer norm three, a concatenation one or more, others one; the
//!    greatest k have two results, others one. Of repeats rule 13 speaks.
//! 8. Dtypes. Of i8 and i16 products are i32, of two fp8 f32; of two bf16 or two f32 they are the same; there are no others.
//!    Element by element, floats meet floats, and the wider one is the result's, but a number (a constant without axes) beside a
//!    tensor does not count; whole numbers meet whole numbers to i32, as the greater or lesser one to the wider dtype, and are not
//!    divided. The negative and the sum of whole numbers is i32. Requantising leads from i32 to i8, casting from anything to
//!    anything. Places are i32: greatest ones found, and those by which is gathered. Functions, means, softmax, norms and causal
//!    masks take floats. All other results, and where nothing is said, have the first operand's.
//! 9. Axes of a contraction: labels count from 0 in the order in which the result's axes, then the first and the second
//!    operand's bring them up; a tensor has a label once, and two of the three at least have it, with one extent.
//! 10. Windows go over four axes by steps of 1 to 2^31 - 1, and lie within the padded image, whose padding is below 2^31 a side.
//!     A convolution's window is its filter's, whose third axis times the groups are the image's channels, and whose fourth falls
//!     into the groups. A pool's window is not dilated, and larger than the padding on each side.
//! 11. Shapes of results. Functions of one element, softmax, norms and masks keep their operand's; of two elements, extents are
//!     equal from the last axis back, or one is 1 or missing. Reduced axes are the operand's, in ascending order, and go or become
//!     1; the greatest one's axis goes; of the last one, k stay, 1 to all. A norm's factors and summands have the last axis and no
//!     other; its `eps` is from 0 to 1. A mask has two axes or more, its offset is below 2^31. A reshape keeps the number of
//!     elements. A transposition names each axis once. Parts that are put together differ along their axis only. What is
//!     gathered has the places' axes for its own. A shift is at most [`Requant::MOST_SHIFT`].
//! 12. A slice cuts every axis. A cut is of one element or more by steps of one or more, in every iteration within the axis; it
//!     moves with the repeats around it, with each once. One whose axis goes has a single element and step.
//! 13. A repeat's operands are what its carried tensors begin with; results are one for each of them, all four of one type, then
//!     what is collected, each behind a first axis of the count.
//! 14. Products alone have choices, at least one: a tile of 1 to 2^31 - 1 by each side, an order of all three loops, one buffer or
//!     two.

mod operators;

use std::fmt;

use super::ir::{Given, Graph, Limits, OpId, OpKind, RepeatId, Source, TensorId};
use crate::num::{DType, Shape, Type};

/// A broken rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// Number in the list above.
    pub rule: u32,
    /// The tensor that breaks it, or the first result of the operator that does.
    pub tensor: Option<TensorId>,
    /// The operator that breaks it.
    pub op: Option<OpId>,
    /// In words.
    pub message: String,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.tensor, self.op) {
            (Some(tensor), _) => write!(f, "%{}: {} (rule {})", tensor.index(), self.message, self.rule),
            (None, Some(op)) => write!(f, "operator {}: {} (rule {})", op.index(), self.message, self.rule),
            (None, None) => write!(f, "{} (rule {})", self.message, self.rule),
        }
    }
}

/// Checks every rule; the first broken one is returned.
pub fn verify(graph: &Graph) -> Result<(), Broken> {
    let whole = |(rule, message)| Broken { rule, tensor: None, op: None, message };
    let of_op = |op: OpId| {
        move |(rule, message)| {
            let tensor = graph.ops[op].results.first().copied().filter(|id| id.index() < graph.tensors.len());
            Broken { rule, tensor, op: Some(op), message }
        }
    };
    let of_tensor =
        |id: TensorId| move |(rule, message)| Broken { rule, tensor: Some(id), op: None, message };
    named(graph).map_err(whole)?;
    counts(graph).map_err(whole)?;
    let verifier = Verifier { graph, ends: ends(graph).map_err(whole)? };
    bodies(graph).map_err(|(op, broken)| match op {
        Some(op) => of_op(op)(broken),
        None => whole(broken),
    })?;
    for (id, tensor) in graph.tensors.iter() {
        fits(&tensor.ty).and_then(|()| verifier.source(id)).map_err(of_tensor(id))?;
    }
    for op in graph.ops.ids() {
        verifier.reads_and_results(op).and_then(|()| verifier.operator(op)).map_err(of_op(op))?;
    }
    for output in &graph.outputs {
        verifier.reads(None, graph.ops.len(), output.tensor).map_err(whole)?;
    }
    macs(graph).map_err(whole)
}

type Check = Result<(), (u32, String)>;

fn check(rule: u32, holds: bool, message: impl FnOnce() -> String) -> Check {
    if holds { Ok(()) } else { Err((rule, message())) }
}

/// Every id is one of this graph's (rule 1).
fn named(graph: &Graph) -> Check {
    let (tensors, ops, repeats) = (graph.tensors.len(), graph.ops.len(), graph.repeats.len());
    let tensor = |id: &TensorId| check(1, id.index() < tensors, || format!("there is no %{}", id.index()));
    let op = |id: &OpId| check(1, id.index() < ops, || format!("there is no operator {}", id.index()));
    let repeat = |id: &RepeatId| check(1, id.index() < repeats, || format!("there is no t{}", id.index()));
    for (_, known) in graph.tensors.iter() {
        known.within.iter().try_for_each(repeat)?;
        match &known.source {
            Source::Op(id, _) => op(id)?,
            Source::Carried(id, _) => repeat(id)?,
            Source::Input(_) | Source::Weight(_) | Source::Constant(_) => {}
        }
    }
    for (_, known) in graph.ops.iter() {
        known.within.iter().try_for_each(repeat)?;
        known.operands.iter().chain(&known.results).try_for_each(tensor)?;
        match &known.kind {
            OpKind::Repeat(id) => repeat(id)?,
            OpKind::Slice(cuts) => {
                cuts.iter().flat_map(|cut| &cut.from.steps).try_for_each(|(id, _)| repeat(id))?;
            }
            _ => {}
        }
    }
    for (_, known) in graph.repeats.iter() {
        known.within.iter().try_for_each(repeat)?;
        let carried = known.carried.iter().flat_map(|carried| [&carried.begin, &carried.now, &carried.next]);
        carried.chain(&known.collected).try_for_each(tensor)?;
    }
    graph.outputs.iter().try_for_each(|output| tensor(&output.tensor))
}

/// Rule 1: as far as it can be counted before shapes are known to be sound.
fn counts(graph: &Graph) -> Check {
    let ops = graph.ops.len();
    check(1, ops <= Limits::OPS, || format!("{ops} operators, more than {}", Limits::OPS))?;
    check(1, !graph.outputs.is_empty(), || "it puts nothing out".into())
}

/// Rule 1: the multiply-accumulates of a graph whose shapes are sound.
fn macs(graph: &Graph) -> Check {
    let macs = graph.all_macs();
    check(1, macs <= Limits::ALL_MACS, || {
        format!("{macs} multiply-accumulates, more than {}", Limits::ALL_MACS)
    })
}

/// By repeat: the number behind the last one within it (rule 2).
fn ends(graph: &Graph) -> Result<Vec<usize>, (u32, String)> {
    let all = graph.repeats.len();
    let mut ends = vec![all; all];
    let mut around: Vec<(RepeatId, u64)> = Vec::new();
    for (id, repeat) in graph.repeats.iter() {
        let (name, count) = (format!("t{}", id.index()), repeat.count);
        while around.last().map(|(open, _)| *open) != repeat.within {
            let Some((left, _)) = around.pop() else {
                return Err((2, format!("`{name}` does not follow the repeat that it is within")));
            };
            ends[left.index()] = id.index();
        }
        check(2, (1..1 << 31).contains(&count), || format!("`{name}` is done {count} times"))?;
        let times = around.last().map_or(1, |(_, times)| *times).saturating_mul(count as u64);
        check(2, times <= Limits::ITERATIONS, || {
            format!("`{name}` is done {times} times in all, more than {}", Limits::ITERATIONS)
        })?;
        around.push((id, times));
    }
    Ok(ends)
}

/// Rule 3: operators follow each other as bodies begin and end.
fn bodies(graph: &Graph) -> Result<(), (Option<OpId>, (u32, String))> {
    let mut open: Vec<RepeatId> = Vec::new();
    let mut coming = graph.repeats.ids().peekable();
    for (id, op) in graph.ops.iter() {
        let place = match op.kind {
            OpKind::Repeat(repeat) => Some(repeat),
            _ => op.within,
        };
        while open.last().copied() != place {
            let Some(begun) = coming.next_if(|next| graph.repeats[*next].within == open.last().copied())
            else {
                let message = format!("it does not stand with the others {}", belonging(place));
                return Err((Some(id), (3, message)));
            };
            open.push(begun);
        }
        if let OpKind::Repeat(repeat) = op.kind {
            open.pop();
            let around = graph.repeats[repeat].within;
            check(3, op.within == around, || format!("its repeat is one {}", belonging(around)))
                .map_err(|broken| (Some(id), broken))?;
        }
    }
    match open.last().copied().or(coming.next()) {
        Some(left) => Err((None, (3, format!("`t{}` has no operator of its own", left.index())))),
        None => Ok(()),
    }
}

fn belonging(within: Option<RepeatId>) -> String {
    within.map_or("of no body".into(), |id| format!("of the body of `t{}`", id.index()))
}

/// Rule 4.
fn fits(ty: &Type) -> Check {
    let axes = ty.shape.0.len();
    check(4, axes <= Shape::MOST_AXES, || format!("{axes} axes, more than {}", Shape::MOST_AXES))?;
    for extent in &ty.shape.0 {
        check(4, (1..1 << 31).contains(extent), || format!("an axis of {extent}"))?;
    }
    let elements = ty.shape.elements();
    check(4, elements <= Shape::MOST_ELEMENTS, || {
        format!("{elements} elements, more than {}", Shape::MOST_ELEMENTS)
    })
}

struct Verifier<'g> {
    graph: &'g Graph,
    ends: Vec<usize>,
}

impl Verifier<'_> {
    fn ty(&self, tensor: TensorId) -> &Type {
        &self.graph.tensors[tensor].ty
    }

    /// Rule 5, as far as a tensor says it.
    fn source(&self, id: TensorId) -> Check {
        let tensor = &self.graph.tensors[id];
        match &tensor.source {
            Source::Input(given) => {
                check(5, tensor.within.is_none(), || "an input within a repeat".into())?;
                self.given(id, given)
            }
            Source::Weight(given) => self.given(id, given),
            Source::Constant(number) => holds(tensor.ty.dtype, *number),
            Source::Carried(repeat, at) => {
                let named = self.graph.repeats[*repeat].carried.get(*at).map(|carried| carried.now);
                check(5, named == Some(id), || format!("`t{}` does not carry it there", repeat.index()))?;
                check(5, tensor.within == Some(*repeat), || {
                    format!("it is carried by `t{}`, but is one {}", repeat.index(), belonging(tensor.within))
                })
            }
            Source::Op(op, at) => {
                let op = &self.graph.ops[*op];
                check(5, op.results.get(*at) == Some(&id), || "its operator does not make it there".into())?;
                check(5, tensor.within == op.within, || {
                    format!("it is one {}, its operator {}", belonging(tensor.within), belonging(op.within))
                })
            }
        }
    }

    /// Rule 5 for what is pruned, and for arrays that were loaded.
    fn given(&self, id: TensorId, given: &Given) -> Check {
        let tensor = &self.graph.tensors[id];
        let has_rows = given.sparsity.is_none() || tensor.ty.shape.0.len() >= 2;
        check(5, has_rows, || "it is pruned along rows, and has none".into())?;
        let Some(array) = &given.array else { return Ok(()) };
        let mut extents: Vec<usize> = tensor.ty.shape.0.iter().rev().copied().collect();
        let mut around = tensor.within;
        while let Some(repeat) = around {
            extents.push(self.graph.repeats[repeat].count);
            around = self.graph.repeats[repeat].within;
        }
        extents.reverse();
        let wanted = Type { dtype: tensor.ty.dtype, shape: Shape::from(extents) };
        check(5, given.path.is_some(), || "an array without a path".into())?;
        let held = (array.values.dtype(), array.values.len() as u64);
        let sound = array.ty == wanted && held == (wanted.dtype, wanted.shape.elements());
        check(5, sound, || format!("its array is {}, not {wanted}", array.ty))?;
        let broken = given.sparsity.and_then(|sparsity| sparsity.broken_by(&array.values, &array.ty.shape));
        check(5, broken.is_none(), || "its array is not pruned".into())
    }

    /// Rule 5 for results, rule 6 for operands and the end of a body.
    fn reads_and_results(&self, id: OpId) -> Check {
        let op = &self.graph.ops[id];
        for (at, result) in op.results.iter().enumerate() {
            let source = &self.graph.tensors[*result].source;
            check(5, matches!(source, Source::Op(of, place) if (*of, *place) == (id, at)), || {
                format!("result {at}, %{}, is of another source", result.index())
            })?;
        }
        op.operands.iter().try_for_each(|operand| self.reads(op.within, id.index(), *operand))?;
        let OpKind::Repeat(repeat) = op.kind else { return Ok(()) };
        for (at, carried) in self.graph.repeats[repeat].carried.iter().enumerate() {
            let source = &self.graph.tensors[carried.now].source;
            check(5, matches!(source, Source::Carried(of, place) if (*of, *place) == (repeat, at)), || {
                format!("%{}, which is carried, is of another source", carried.now.index())
            })?;
            self.reads(Some(repeat), id.index(), carried.next)?;
        }
        let collected = &self.graph.repeats[repeat].collected;
        collected.iter().try_for_each(|tensor| self.reads(Some(repeat), id.index(), *tensor))
    }

    /// Rule 6: whether something before operator `before` is seen in a body.
    fn reads(&self, reader: Option<RepeatId>, before: usize, tensor: TensorId) -> Check {
        let name = || format!("%{}", tensor.index());
        let within = self.graph.tensors[tensor].within;
        check(6, self.is_around(within, reader), || {
            format!("{} is one {}, and seen there only", name(), belonging(within))
        })?;
        let made = match self.graph.tensors[tensor].source {
            Source::Op(op, _) => op.index() < before,
            _ => true,
        };
        check(6, made, || format!("{} is read before it is made", name()))
    }

    /// Whether a body is another one or around it.
    fn is_around(&self, outer: Option<RepeatId>, inner: Option<RepeatId>) -> bool {
        match (outer, inner) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(outer), Some(inner)) => (outer.index()..self.ends[outer.index()]).contains(&inner.index()),
        }
    }
}

/// Rule 5: whether a dtype holds a number. Floats are rounded, so any number is near one of theirs.
fn holds(dtype: DType, number: f64) -> Check {
    let fine = match dtype.range() {
        Some((least, most)) => number.fract() == 0.0 && (least as f64..=most as f64).contains(&number),
        None => !number.is_nan() || number.to_bits() == f64::NAN.to_bits(),
    };
    check(5, fine, || match number.is_nan() {
        true => format!("a NaN of bits {:#x}", number.to_bits()),
        false => format!("{number:?} is no {dtype}"),
    })
}
