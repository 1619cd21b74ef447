//! Contractions and convolutions: rows of matrix products, whatever the axes are called and wherever they lie.
//!
//! A contraction's sum runs over its summed labels in ascending order, row-major; a convolution's over (kh, kw, c). What the
//! padding adds to an image are zeros like others: they are multiplied and added in their places, as the array does it, so that
//! an infinite element of the filter makes NaN of them.

use std::ops::Range;

use super::Orders;
use super::store::{Factor, Store};
use super::view::{Axis, Run, View, axes};
use crate::graph::ir::{Contract, Graph, Op, TensorId, Window};
use crate::num::{Skipping, Sparsity};

/// Elements of the right operand that a step brings in order.
const CHUNK: usize = 4096;

/// A product under way: `batch` products of matrices `[m, k] @ [k, n]`.
#[derive(Debug)]
pub struct Product {
    operands: [TensorId; 2],
    result: TensorId,
    left: Left,
    /// By batch, k, n.
    right: View,
    /// Where a row of the result begins.
    rows: View,
    /// Where its elements lie from there.
    cols: View,
    matrices: Matrices,
    /// How the right operand is pruned, if an array could skip that.
    pruned: Option<Sparsity>,
}

/// Extents.
#[derive(Clone, Copy, Debug)]
struct Matrices {
    batch: usize,
    m: usize,
    k: usize,
    n: usize,
    /// Whether each row belongs to the next batch, instead of all of a batch standing together.
    batch_inside: bool,
}

impl Matrices {
    fn batch_of(self, row: usize) -> usize {
        if self.batch_inside { row % self.batch } else { row / self.m }
    }
}

/// Where a row of the left operand comes from.
#[derive(Debug)]
enum Left {
    /// By batch, m, k.
    View(View),
    Image(Image),
}

/// An image whose windows are rows.
#[derive(Debug)]
struct Image {
    window: Window,
    groups: usize,
    /// n, h, w, c.
    extents: [usize; 4],
    /// Height and width of the result.
    places: [usize; 2],
}

/// Operands of one kind of numbers: the right one in the order of [`Product`], a row of the left one, a row of sums.
#[derive(Debug)]
pub struct Factors<T: Factor> {
    right: Vec<T>,
    left: Vec<T>,
    sums: Vec<T::Sum>,
}

impl<T: Factor> Default for Factors<T> {
    fn default() -> Self {
        Factors { right: Vec::new(), left: Vec::new(), sums: Vec::new() }
    }
}

impl Product {
    /// A contraction.
    pub fn contraction(graph: &Graph, op: &Op, contract: &Contract) -> Product {
        let shape = |tensor: TensorId| &graph.tensors[tensor].ty.shape;
        let (left, right) = (shape(op.operands[0]), shape(op.operands[1]));
        // Ascending: labels count in the order in which they stand (rule 9).
        let labels = contract.extents(left, right);
        let of = |wanted: [bool; 3]| -> Vec<(u8, usize)> {
            let has = |label: &u8| {
                [&contract.left, &contract.right, &contract.out].map(|list| list.contains(label))
            };
            labels.iter().copied().filter(|(label, _)| has(label) == wanted).collect()
        };
        let parts = [[true; 3], [true, false, true], [true, true, false], [false, true, true]].map(of);
        let [batch, m, k, n] = &parts;
        let view = |named: &[u8], shape, lists: &[&Vec<(u8, usize)>]| {
            let own = axes(shape);
            let axis =
                |(label, _): &(u8, usize)| named.iter().position(|known| known == label).map(|at| own[at]);
            View::new(0, lists.iter().flat_map(|list| list.iter().filter_map(axis)).collect::<Vec<Axis>>())
        };
        let out = shape(op.result());
        let [batches, of_m, of_k, of_n] =
            [batch, m, k, n].map(|list| list.iter().map(|(_, extent)| extent).product());
        Product {
            operands: [op.operands[0], op.operands[1]],
            result: op.result(),
            left: Left::View(view(&contract.left, left, &[batch, m, k])),
            right: view(&contract.right, right, &[batch, k, n]),
            rows: view(&contract.out, out, &[batch, m]),
            cols: view(&contract.out, out, &[n]),
            matrices: Matrices { batch: batches, m: of_m, k: of_k, n: of_n, batch_inside: false },
            pruned: graph.skippable(op),
        }
    }

    /// A convolution: a row for each place and group.
    pub fn convolution(graph: &Graph, op: &Op, window: Window, groups: usize) -> Product {
        let extents = |tensor: TensorId| {
            let shape = &graph.tensors[tensor].ty.shape.0;
            <[usize; 4]>::try_from(&shape[..]).expect("rule 10: images and filters have four axes")
        };
        let [kh, kw, each, f] = extents(op.operands[1]);
        let [images, oh, ow, _] = extents(op.result());
        let (k, n) = (kh * kw * each, f / groups);
        let rows = images * oh * ow * groups;
        Product {
            operands: [op.operands[0], op.operands[1]],
            result: op.result(),
            left: Left::Image(Image { window, groups, extents: extents(op.operands[0]), places: [oh, ow] }),
            right: View::new(0, [(groups, n), (k, f), (n, 1)]),
            rows: View::new(0, [(rows, n)]),
            cols: View::new(0, [(n, 1)]),
            matrices: Matrices { batch: groups, m: rows / groups, k, n, batch_inside: true },
            pruned: graph.skippable(op),
        }
    }

    /// As many as bring the right operand in order, then a row each.
    pub fn steps(&self) -> usize {
        self.right.len().div_ceil(CHUNK) + self.matrices.batch * self.matrices.m
    }

    /// One of [`Product::steps`]; each follows those before it.
    pub fn step<T: Factor>(&self, step: usize, store: &mut Store, orders: Orders, factors: &mut Factors<T>) {
        let (from, all) = (step * CHUNK, self.right.len());
        if from < all {
            let chunk = from..(from + CHUNK).min(all);
            factors.right.reserve_exact(all - from);
            self.right.runs(0, chunk, |run| store.read(self.operands[1], run, &mut factors.right));
            return;
        }
        let row = step - all.div_ceil(CHUNK);
        let Matrices { k, n, .. } = self.matrices;
        factors.left.clear();
        match &self.left {
            Left::View(view) => {
                let places: Range<usize> = row * k..(row + 1) * k;
                view.runs(0, places, |run| store.read(self.operands[0], run, &mut factors.left));
            }
            Left::Image(image) => image.row(row, store, self.operands[0], k, &mut factors.left),
        }
        factors.sums.resize(n, T::Sum::default());
        let right = &factors.right[self.matrices.batch_of(row) * k * n..][..k * n];
        let skips = |by: &Skipping| self.pruned.is_some_and(|pruned| pruned.implies(by.sparsity));
        match orders.skipping.filter(skips) {
            Some(skipping) => T::row_of_kept(skipping.order, &factors.left, right, &mut factors.sums),
            None => T::row(orders.of_all, &factors.left, right, &mut factors.sums),
        }
        store.set_line(self.result, &self.cols, self.rows.place(row), &factors.sums);
    }
}

impl Image {
    /// The elements of one place's window in one group, by (kh, kw, c).
    fn row<T: Factor>(&self, row: usize, store: &Store, image: TensorId, k: usize, out: &mut Vec<T>) {
        let [_, h, w, c] = self.extents;
        let [oh, ow] = self.places;
        let [kh, kw] = self.window.size;
        let (place, group, each) = (row / self.groups, row % self.groups, k / (kh * kw));
        let (from, y, x) = (place / (oh * ow), place / ow % oh, place % ow);
        for (a, b) in (0..kh).flat_map(|a| (0..kw).map(move |b| (a, b))) {
            match (self.window.inside(0, y, a, h), self.window.inside(1, x, b, w)) {
                (Some(y), Some(x)) => {
                    let start = ((from * h + y) * w + x) * c + group * each;
                    store.read(image, Run::at(start, each), out);
                }
                _ => out.resize(out.len() + each, T::ZERO),
            }
        }
    }
}
