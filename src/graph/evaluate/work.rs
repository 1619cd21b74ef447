//! One operator, in steps of about a line each.

use std::ops::Range;

use super::Orders;
use super::line;
use super::product::{Factors, Product};
use super::store::{Number, Store};
use super::view::{Run, View, axes};
use crate::graph::ir::{Cut, Graph, Op, OpKind, PoolKind, TensorId, Window};
use crate::num::{Real, Shape, reduce};

/// Elements that a step of work element by element takes.
const CHUNK: usize = 1024;

/// An operator under way.
#[derive(Debug)]
pub struct Work {
    kind: Kind,
    /// How many.
    pub steps: usize,
}

/// How an operator goes through its elements.
#[derive(Debug)]
enum Kind {
    /// The result's elements in order, each from a place of the operand.
    Take(View),
    /// Operand by operand, its elements in order, each to a place of the result; with each operand's first step, for there may
    /// be very many.
    Put(Vec<(usize, View)>),
    /// Runs of `len` elements, by the places in the second operand.
    Gather { len: usize, extent: usize },
    /// The result's elements in order, from places of each operand.
    Elements(Vec<View>),
    /// From line to line, and along each.
    Lines { outer: View, inner: View },
    /// From place to place of a window.
    Windows(PoolKind, Window),
    /// The kinds of numbers that it is done in are filled.
    Product(Box<Multiply>),
    /// The end of a repeat's iteration is the evaluation's own.
    Iteration,
}

/// A product and its operands.
#[derive(Debug)]
struct Multiply {
    product: Product,
    whole: Factors<i16>,
    floats: Factors<f32>,
    exact: Factors<f64>,
}

/// What a step is done in.
pub struct Place<'a> {
    /// Of what is evaluated.
    pub graph: &'a Graph,
    /// The operator.
    pub op: &'a Op,
    /// All values.
    pub store: &'a mut Store,
    /// Of sums of products.
    pub orders: Orders,
}

impl Place<'_> {
    fn shape(&self, tensor: TensorId) -> &Shape {
        &self.graph.tensors[tensor].ty.shape
    }

    fn is_float(&self, tensor: TensorId) -> bool {
        self.graph.tensors[tensor].ty.dtype.is_float()
    }
}

impl Work {
    /// An operator, with the iteration of each repeat.
    pub fn new(graph: &Graph, op: &Op, iterations: &[usize]) -> Work {
        let shape = |tensor: TensorId| &graph.tensors[tensor].ty.shape;
        let result = shape(op.result());
        let kind = match &op.kind {
            OpKind::Reshape => Kind::Take(View::whole(result)),
            OpKind::Transpose(order) => {
                let own = axes(shape(op.operands[0]));
                Kind::Take(View::new(0, order.iter().map(|axis| own[*axis])))
            }
            OpKind::Slice(cuts) => Kind::Take(sliced(shape(op.operands[0]), cuts, iterations)),
            OpKind::Concat { axis } => Kind::Put(put_together(&op.operands, shape, result, *axis)),
            OpKind::Gather { axis } => {
                let extents = &shape(op.operands[0]).0;
                Kind::Gather { len: extents[axis + 1..].iter().product(), extent: extents[*axis] }
            }
            OpKind::Map(_) | OpKind::Combine(_) | OpKind::Requant(_) | OpKind::Cast => {
                let view = |operand: &TensorId| View::broadcast(shape(*operand), result);
                Kind::Elements(op.operands.iter().map(view).collect())
            }
            OpKind::Pool(kind, window) => Kind::Windows(*kind, *window),
            OpKind::Contract(contract) => multiply(Product::contraction(graph, op, contract)),
            OpKind::Conv2d { window, groups } => multiply(Product::convolution(graph, op, *window, *groups)),
            OpKind::Repeat(_) => Kind::Iteration,
            along => {
                let (outer, inner) = lines(along, shape(op.operands[0]));
                Kind::Lines { outer, inner }
            }
        };
        let steps = kind.steps(result);
        Work { kind, steps }
    }

    /// One of the steps; each follows those before it. In the declared dtypes: floats in f32, whole numbers in f64, which
    /// holds them and their results.
    pub fn step(&mut self, place: &mut Place, step: usize) {
        // A repeat may carry nothing.
        let float = place.op.operands.first().is_some_and(|x| place.is_float(*x));
        match &mut self.kind {
            Kind::Take(view) => place.take(view, step),
            Kind::Put(views) => place.put(views, step),
            Kind::Gather { len, extent } => place.gather(*len, *extent, step),
            Kind::Elements(views) => match &place.op.kind {
                OpKind::Cast => place.cast(step),
                OpKind::Requant(_) => place.requant(step),
                _ if float => place.elements(views, step, line::float_elements::<f32>),
                _ => place.elements(views, step, line::elements::<f64>),
            },
            Kind::Lines { outer, inner } => match &place.op.kind {
                OpKind::Reduce { .. } if float => place.reduce::<f32>(outer, inner, step),
                OpKind::Reduce { .. } => place.reduce::<f64>(outer, inner, step),
                OpKind::ArgMax { .. } | OpKind::TopK { .. } if float => place.find::<f32>(outer, inner, step),
                OpKind::ArgMax { .. } | OpKind::TopK { .. } => place.find::<f64>(outer, inner, step),
                _ => place.along::<f32>(outer, inner, step),
            },
            Kind::Windows(kind, window) if float => place.pool::<f32>(*kind, window, step),
            Kind::Windows(kind, window) => place.pool::<f64>(*kind, window, step),
            Kind::Product(multiply) => {
                let Multiply { product, whole, floats, .. } = &mut **multiply;
                match float {
                    true => product.step(step, place.store, place.orders, floats),
                    false => product.step(step, place.store, place.orders, whole),
                }
            }
            Kind::Iteration => {}
        }
    }

    /// The same step of floats in f64, after [`Work::step`]. What moves elements has moved these too, and what is found out by
    /// comparing them stays as it was found: both go the same way.
    pub fn exact_step(&mut self, place: &mut Place, step: usize) {
        if !place.is_float(place.op.result()) {
            return;
        }
        match &mut self.kind {
            Kind::Elements(views) => place.elements(views, step, line::float_elements::<f64>),
            Kind::Lines { outer, inner } => match &place.op.kind {
                OpKind::TopK { .. } => {}
                OpKind::Reduce { .. } => place.reduce::<f64>(outer, inner, step),
                _ => place.along::<f64>(outer, inner, step),
            },
            Kind::Windows(kind, window) => place.pool::<f64>(*kind, window, step),
            Kind::Product(multiply) => {
                let Multiply { product, exact, .. } = &mut **multiply;
                product.step(step, place.store, place.orders, exact);
            }
            Kind::Take(_) | Kind::Put(_) | Kind::Gather { .. } | Kind::Iteration => {}
        }
    }
}

impl Kind {
    fn steps(&self, result: &Shape) -> usize {
        match self {
            Kind::Take(_) | Kind::Elements(_) => result.count().div_ceil(CHUNK),
            Kind::Put(views) => views.last().map_or(0, |(first, view)| first + view.len().div_ceil(CHUNK)),
            Kind::Gather { len, .. } => result.count() / len,
            Kind::Lines { outer, .. } => outer.len(),
            Kind::Windows(..) => result.as_matrix().0,
            Kind::Product(multiply) => multiply.product.steps(),
            Kind::Iteration => 1,
        }
    }
}

fn multiply(product: Product) -> Kind {
    let (whole, floats, exact) = (Factors::default(), Factors::default(), Factors::default());
    Kind::Product(Box::new(Multiply { product, whole, floats, exact }))
}

/// From line to line of an operand, and along each.
fn lines(kind: &OpKind, shape: &Shape) -> (View, View) {
    match kind {
        OpKind::Reduce { axes, .. } => View::split(shape, |axis| axes.contains(&axis)),
        OpKind::ArgMax { axis } | OpKind::Softmax { axis } => View::split(shape, |other| other == *axis),
        // The last one, of the greatest k, norms and masks.
        _ => View::split(shape, |axis| axis + 1 == shape.0.len()),
    }
}

fn sliced(shape: &Shape, cuts: &[Cut], iterations: &[usize]) -> View {
    let mut start = 0;
    let mut left = Vec::new();
    for (cut, (_, stride)) in cuts.iter().zip(axes(shape)) {
        let moved = cut.from.steps.iter().map(|(repeat, step)| step * iterations[repeat.index()] as i64);
        let from = cut.from.first + moved.sum::<i64>();
        start += usize::try_from(from).expect("rule 12: a cut lies within its axis") * stride;
        left.push((cut.len, cut.step * stride));
    }
    View::new(start, left)
}

fn put_together<'g>(
    parts: &[TensorId],
    shape: impl Fn(TensorId) -> &'g Shape,
    result: &Shape,
    axis: usize,
) -> Vec<(usize, View)> {
    let all = axes(result);
    let (mut start, mut step) = (0, 0);
    let mut views = Vec::new();
    for part in parts {
        let extents = &shape(*part).0;
        let view = View::new(start, extents.iter().zip(&all).map(|(extent, (_, stride))| (*extent, *stride)));
        let steps = view.len().div_ceil(CHUNK);
        views.push((step, view));
        step += steps;
        start += extents[axis] * all[axis].1;
    }
    views
}

/// The elements of a step, of so many.
fn chunk(step: usize, all: usize) -> Range<usize> {
    step * CHUNK..((step + 1) * CHUNK).min(all)
}

/// Elements that move, bit by bit.
impl Place<'_> {
    fn take(&mut self, view: &View, step: usize) {
        let range = chunk(step, view.len());
        let mut at = range.start;
        view.runs(0, range, |run| {
            self.store.copy(self.op.operands[0], run, self.op.result(), Run::at(at, run.len));
            at += run.len;
        });
    }

    fn put(&mut self, views: &[(usize, View)], step: usize) {
        let part = views.partition_point(|(first, _)| *first <= step) - 1;
        let (first, view) = &views[part];
        let range = chunk(step - first, view.len());
        let mut at = range.start;
        view.runs(0, range, |run| {
            self.store.copy(self.op.operands[part], Run::at(at, run.len), self.op.result(), run);
            at += run.len;
        });
    }

    #[inline(never)] // Of its own, it can be left out of what everybody loads.
    fn gather(&mut self, len: usize, extent: usize, step: usize) {
        let (x, places) = (self.op.operands[0], self.op.operands[1]);
        let places = &self.store.values[places.index()];
        let (outer, at) = (step / places.len(), step % places.len());
        let place = usize::try_from(places.get(at)).unwrap_or(0).min(extent - 1);
        let from = Run::at((outer * extent + place) * len, len);
        self.store.copy(x, from, self.op.result(), Run::at(step * len, len));
    }
}

/// Element by element.
impl Place<'_> {
    #[inline(never)] // Of its own, it can be left out of what everybody loads.
    fn elements<R: Real + Number>(&mut self, views: &[View], step: usize, work: fn(&OpKind, &mut [R], &[R])) {
        let range = chunk(step, self.shape(self.op.result()).count());
        let mut lists = views.iter().zip(&self.op.operands).map(|(view, operand)| {
            let mut list = Vec::with_capacity(range.len());
            view.runs(0, range.clone(), |run| self.store.read(*operand, run, &mut list));
            list
        });
        let (mut a, b) = (lists.next().unwrap_or_default(), lists.next().unwrap_or_default());
        work(&self.op.kind, &mut a, &b);
        self.store.write(self.op.result(), Run::at(range.start, range.len()), &a);
    }

    #[inline(never)] // Of its own, it can be left out of what everybody loads.
    fn cast(&mut self, step: usize) {
        let result = self.op.result();
        let values = &self.store.values[self.op.operands[0].index()];
        let range = chunk(step, values.len());
        let cast = values.part(range.clone()).cast(self.graph.tensors[result].ty.dtype);
        let all = Run::at(0, range.len());
        self.store.values[result.index()].copy(Run::at(range.start, range.len()), &cast, all);
    }

    #[inline(never)] // Of its own, it can be left out of what everybody loads.
    fn requant(&mut self, step: usize) {
        let OpKind::Requant(by) = self.op.kind else { return };
        let mut list: Vec<i32> = Vec::new();
        let range = chunk(step, self.shape(self.op.result()).count());
        let run = Run::at(range.start, range.len());
        self.store.read(self.op.operands[0], run, &mut list);
        list.iter_mut().for_each(|x| *x = by.apply(*x));
        self.store.write(self.op.result(), run, &list);
    }
}

/// Line by line.
impl Place<'_> {
    #[inline(never)] // Of its own, it can be left out of what everybody loads.
    fn reduce<R: Real + Number>(&mut self, outer: &View, inner: &View, step: usize) {
        let OpKind::Reduce { kind, .. } = self.op.kind else { return };
        let line: Vec<R> = self.store.line(self.op.operands[0], inner, outer.place(step));
        self.store.write(self.op.result(), Run::at(step, 1), &[kind.of(&line)]);
    }

    /// Places, and of the greatest k the elements there.
    #[inline(never)] // Of its own, it can be left out of what everybody loads.
    fn find<R: Real + Number>(&mut self, outer: &View, inner: &View, step: usize) {
        let (x, start) = (self.op.operands[0], outer.place(step));
        let line: Vec<R> = self.store.line(x, inner, start);
        let OpKind::TopK { k } = self.op.kind else {
            self.store.write(self.op.result(), Run::at(step, 1), &[reduce::argmax(&line) as i32]);
            return;
        };
        for (at, place) in (step * k..).zip(reduce::greatest(&line, k)) {
            self.store.copy(x, Run::at(start + place, 1), self.op.result(), Run::at(at, 1));
            self.store.write(self.op.results[1], Run::at(at, 1), &[place as i32]);
        }
    }

    #[inline(never)] // Of its own, it can be left out of what everybody loads.
    fn along<R: Real + Number>(&mut self, outer: &View, inner: &View, step: usize) {
        let (x, start) = (self.op.operands[0], outer.place(step));
        let mut line: Vec<R> = self.store.line(x, inner, start);
        let mut vectors = [Vec::new(), Vec::new()];
        for (vector, operand) in vectors.iter_mut().zip(&self.op.operands[1..]) {
            self.store.read(*operand, Run::at(0, line.len()), vector);
        }
        // Of a mask's matrix: lines are rows.
        let rows = self.shape(x).0.iter().rev().nth(1).copied().unwrap_or(1);
        line::floats(&self.op.kind, &mut line, [&vectors[0], &vectors[1]], step % rows);
        self.store.set_line(self.op.result(), inner, start, &line);
    }

    #[inline(never)] // Of its own, it can be left out of what everybody loads.
    fn pool<R: Real + Number>(&mut self, kind: PoolKind, window: &Window, step: usize) {
        let x = self.op.operands[0];
        let ([_, h, w, c], [_, oh, ow, _]) = (&self.shape(x).0[..], &self.shape(self.op.result()).0[..])
        else {
            unreachable!("rule 10: images have four axes")
        };
        let (image, y, across) = (step / (oh * ow), step / ow % oh, step % ow);
        let cols = window.held(1, across, *w);
        let mut held: Vec<R> = Vec::new();
        for row in window.held(0, y, *h) {
            let start = ((image * h + row) * w + cols.start) * c;
            self.store.read(x, Run::at(start, cols.len() * c), &mut held);
        }
        let size = window.size[0] as f64 * window.size[1] as f64;
        let mut one = Vec::with_capacity(held.len() / c);
        let line = (0..*c).map(|channel| {
            one.clear();
            one.extend(held.iter().skip(channel).step_by(*c).copied());
            line::pooled(kind, &one, size)
        });
        let line: Vec<R> = line.collect();
        self.store.write(self.op.result(), Run::at(step * c, *c), &line);
    }
}
