//! Values of all tensors, as declared dtypes have them, and if wanted in f64 beside them.

use super::view::{Run, View};
use crate::graph::ir::{Graph, TensorId};
use crate::num::{Array, Real, SumOrder, Values, whole_row};

/// Values by tensor.
#[derive(Debug)]
pub struct Store {
    /// Zeros, for those still to come.
    pub values: Vec<Values>,
    /// Of floats, if they are wanted; else empty.
    pub exact: Vec<Vec<f64>>,
}

impl Store {
    /// Declared tensors have their values, those of a repeat's body the first iteration's; others zeros.
    pub fn new(graph: &Graph) -> Store {
        let start = |id: TensorId| match graph.declared(id, 0) {
            Some(array) => array.values,
            None => {
                let ty = &graph.tensors[id].ty;
                Values::zeros(ty.dtype, ty.shape.count())
            }
        };
        let values: Vec<Values> = graph.tensors.ids().map(start).collect();
        Store { exact: vec![Vec::new(); values.len()], values }
    }

    /// With f64 beside all floats.
    pub fn with_exact(graph: &Graph) -> Store {
        let mut store = Store::new(graph);
        for (values, exact) in store.values.iter().zip(&mut store.exact) {
            if values.dtype().is_float() {
                *exact = values.numbers().collect();
            }
        }
        store
    }

    /// Gives a tensor values from outside.
    pub fn declare(&mut self, tensor: TensorId, array: Array) {
        let exact = &mut self.exact[tensor.index()];
        if !exact.is_empty() {
            *exact = array.values.numbers().collect();
        }
        self.values[tensor.index()] = array.values;
    }

    /// Elements of a tensor, bit by bit, to as many of another one with its dtype.
    pub fn copy(&mut self, from: TensorId, run: Run, to: TensorId, at: Run) {
        let (from, to) = (from.index(), to.index());
        let places = "an operator's result is none of its operands";
        let [values, into] = self.values.get_disjoint_mut([from, to]).expect(places);
        into.copy(at, values, run);
        let [exact, into] = self.exact.get_disjoint_mut([from, to]).expect(places);
        if !exact.is_empty() {
            at.places().zip(run.places()).for_each(|(to_place, place)| into[to_place] = exact[place]);
        }
    }

    /// All elements of a tensor, to places in another one from `start` on.
    pub fn copy_all(&mut self, from: TensorId, to: TensorId, start: usize) {
        let len = self.values[from.index()].len();
        self.copy(from, Run::at(0, len), to, Run::at(start, len));
    }

    /// Everything of a tensor.
    pub fn all(&self, tensor: TensorId) -> (Values, Vec<f64>) {
        (self.values[tensor.index()].clone(), self.exact[tensor.index()].clone())
    }

    /// Overwrites everything of a tensor, with what another one of its type had.
    pub fn put(&mut self, tensor: TensorId, (values, exact): (Values, Vec<f64>)) {
        self.values[tensor.index()] = values;
        self.exact[tensor.index()] = exact;
    }

    /// Elements behind those that are in a list already.
    pub fn read<N: Number>(&self, tensor: TensorId, run: Run, out: &mut Vec<N>) {
        N::read(&self.values[tensor.index()], &self.exact[tensor.index()], run, out);
    }

    /// Overwrites elements.
    pub fn write<N: Number>(&mut self, tensor: TensorId, run: Run, from: &[N]) {
        N::write(&mut self.values[tensor.index()], &mut self.exact[tensor.index()], run, from);
    }

    /// Elements of a view, moved by an offset.
    pub fn line<N: Number>(&self, tensor: TensorId, view: &View, offset: usize) -> Vec<N> {
        let mut line = Vec::with_capacity(view.len());
        view.runs(offset, 0..view.len(), |run| self.read(tensor, run, &mut line));
        line
    }

    /// Overwrites elements of a view, moved by an offset.
    pub fn set_line<N: Number>(&mut self, tensor: TensorId, view: &View, offset: usize, line: &[N]) {
        let mut rest = line;
        view.runs(offset, 0..line.len(), |run| {
            let (now, later) = rest.split_at(run.len);
            self.write(tensor, run, now);
            rest = later;
        });
    }
}

/// What is computed with. Dtypes are widened to it exactly, and results rounded once.
pub trait Number: Copy {
    /// Elements behind those that are in a list already.
    fn read(values: &Values, exact: &[f64], run: Run, out: &mut Vec<Self>);
    /// Overwrites elements.
    fn write(values: &mut Values, exact: &mut [f64], run: Run, from: &[Self]);
}

/// Factors of whole numbers; i32 is not multiplied.
impl Number for i16 {
    fn read(values: &Values, _: &[f64], run: Run, out: &mut Vec<i16>) {
        values.factors(run, out);
    }

    fn write(values: &mut Values, _: &mut [f64], run: Run, from: &[i16]) {
        run.places().zip(from).for_each(|(place, x)| values.set(place, (*x).into()));
    }
}

/// Sums of whole numbers.
impl Number for i32 {
    fn read(values: &Values, _: &[f64], run: Run, out: &mut Vec<i32>) {
        out.extend(run.places().map(|place| values.get(place)));
    }

    fn write(values: &mut Values, _: &mut [f64], run: Run, from: &[i32]) {
        run.places().zip(from).for_each(|(place, x)| values.set(place, *x));
    }
}

/// Floats.
impl Number for f32 {
    fn read(values: &Values, _: &[f64], run: Run, out: &mut Vec<f32>) {
        values.floats(run, out);
    }

    fn write(values: &mut Values, _: &mut [f64], run: Run, from: &[f32]) {
        // The sign that a processor gives a NaN would be seen in fp8.
        run.places().zip(from).for_each(|(place, x)| values.set_f32(place, x.canonical()));
    }
}

/// Floats beside their values, and whole numbers: f64 holds each of them, and in a checked program each of their results.
impl Number for f64 {
    fn read(values: &Values, exact: &[f64], run: Run, out: &mut Vec<f64>) {
        if exact.is_empty() {
            values.whole_numbers(run, out);
        } else {
            out.extend(run.places().map(|place| exact[place]));
        }
    }

    fn write(values: &mut Values, exact: &mut [f64], run: Run, from: &[f64]) {
        let places = run.places().zip(from);
        if exact.is_empty() {
            // `as` saturates, which checked programs need not.
            places.for_each(|(place, x)| values.set(place, *x as i32));
        } else {
            places.for_each(|(place, x)| exact[place] = x.canonical());
        }
    }
}

/// What is multiplied, and what products of it add up to.
pub trait Factor: Number {
    /// Of a sum.
    type Sum: Number + Default;
    /// What padding is.
    const ZERO: Self;

    /// A row `a[k]` by a matrix `b[k, n]` to `out[n]`.
    fn row(order: SumOrder, a: &[Self], b: &[Self], out: &mut [Self::Sum]);

    /// The same, but by what is 0 in `b` nothing is multiplied.
    fn row_of_kept(order: SumOrder, a: &[Self], b: &[Self], out: &mut [Self::Sum]);
}

impl Factor for i16 {
    type Sum = i32;
    const ZERO: i16 = 0;

    fn row(_: SumOrder, a: &[i16], b: &[i16], out: &mut [i32]) {
        whole_row(a, b, out);
    }

    fn row_of_kept(_: SumOrder, a: &[i16], b: &[i16], out: &mut [i32]) {
        whole_row(a, b, out);
    }
}

impl Factor for f32 {
    type Sum = f32;
    const ZERO: f32 = 0.0;

    fn row(order: SumOrder, a: &[f32], b: &[f32], out: &mut [f32]) {
        ordered(order, a, b, out);
    }

    fn row_of_kept(order: SumOrder, a: &[f32], b: &[f32], out: &mut [f32]) {
        order.row_of_kept(a, b, out);
    }
}

impl Factor for f64 {
    type Sum = f64;
    const ZERO: f64 = 0.0;

    fn row(order: SumOrder, a: &[f64], b: &[f64], out: &mut [f64]) {
        ordered(order, a, b, out);
    }

    fn row_of_kept(order: SumOrder, a: &[f64], b: &[f64], out: &mut [f64]) {
        order.row_of_kept(a, b, out);
    }
}

fn ordered<R: Real>(order: SumOrder, a: &[R], b: &[R], out: &mut [R]) {
    match out {
        [sum] => *sum = order.dot(a, b),
        _ => order.row(a, b, out),
    }
}
