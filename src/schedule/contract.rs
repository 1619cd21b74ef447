//! Contractions of any axes as products of matrices in copies: activations `[copies, m, k]` by weights `[copies, k, n]`.
//!
//! An operand whose axes lie in another order is moved first; a result that is to lie in another order is moved afterwards.

use super::moves::{Axis, Part, axes, in_order};
use super::{Place, Planned, PlannedId, Planner};
use crate::base::insert_by_key;
use crate::graph::{Contract, Graph, OpId, OpKind, TensorId};
use crate::num::DType;

/// A contraction's labels with their extents, by which of its tensors have them.
struct Labels {
    copies: Vec<(u8, usize)>,
    m: Vec<(u8, usize)>,
    k: Vec<(u8, usize)>,
    n: Vec<(u8, usize)>,
}

impl Labels {
    fn new(graph: &Graph, op: OpId, contract: &Contract) -> Labels {
        let op = &graph.ops[op];
        let shape = |operand: usize| &graph.tensors[op.operands[operand]].ty.shape;
        let all = contract.extents(shape(0), shape(1));
        // As many labels as are asked for, in the order in which the reference adds up.
        let of = |left: bool, right: bool, out: bool| -> Vec<(u8, usize)> {
            let has = |label: &u8| {
                (contract.left.contains(label), contract.right.contains(label), contract.out.contains(label))
            };
            all.iter().copied().filter(|(label, _)| has(label) == (left, right, out)).collect()
        };
        Labels {
            copies: of(true, true, true),
            m: of(true, false, true),
            k: of(true, true, false),
            n: of(false, true, true),
        }
    }
}

fn product(list: &[(u8, usize)]) -> usize {
    list.iter().fold(1, |all: usize, (_, extent)| all.saturating_mul(*extent))
}

/// The axes of a tensor whose labels are `named`, in the order of other lists of them: to row-major places.
fn ordered(graph: &Graph, tensor: TensorId, named: &[u8], lists: [&[(u8, usize)]; 3]) -> Vec<Axis> {
    let own = axes(&graph.tensors[tensor].ty.shape);
    let mut to = lists.iter().map(|list| product(list) as u64).product::<u64>();
    let axis = |(label, extent): &(u8, usize)| {
        let extent = *extent as u64;
        to /= extent;
        let at = named.iter().position(|known| known == label).expect("the list has the tensor's labels");
        Axis { extent, from: own[at].1, to }
    };
    lists.into_iter().flatten().map(axis).collect()
}

/// Where a contraction's result lies in the order in which an array leaves it: copies, rows, columns.
fn leaves(graph: &Graph, op: OpId, contract: &Contract, labels: &Labels) -> Vec<Axis> {
    let lists = [&labels.copies[..], &labels.m, &labels.n];
    ordered(graph, graph.ops[op].result(), &contract.out, lists)
}

/// Whether what follows can work on a contraction's sums as they drain: if they need not be moved first; and where their
/// columns are several axes, on whole tensors and single numbers, not on rows of one of these axes.
pub(super) fn fuses(graph: &Graph, op: OpId, next: OpId) -> bool {
    let OpKind::Contract(contract) = &graph.ops[op].kind else { return true };
    let labels = Labels::new(graph, op, contract);
    let shape = |tensor: TensorId| &graph.tensors[tensor].ty.shape;
    let result = shape(graph.ops[op].result());
    let one_axis = result.as_matrix().1 == product(&labels.n);
    let simple = |operand: &TensorId| shape(*operand) == result || shape(*operand).elements() == 1;
    in_order(&leaves(graph, op, contract, &labels))
        && (one_axis || graph.ops[next].operands.iter().all(simple))
}

/// The way back of axes that were brought into another order.
pub(super) fn turned(axes: Vec<Axis>) -> Vec<Axis> {
    let mut back = Vec::new();
    for Axis { extent, from, to } in axes {
        insert_by_key(&mut back, Axis { extent, from: to, to: from }, |axis| std::cmp::Reverse(axis.to));
    }
    back
}

/// A contraction in matrices.
pub(super) struct Contraction {
    /// Activations and weights.
    pub operands: [PlannedId; 2],
    /// How often.
    pub copies: usize,
    /// Rows and columns of all copies' results.
    pub result: [usize; 2],
    /// The graph's tensor's axes, and where they lie in what is left, if that is another order.
    pub back: Option<Vec<Axis>>,
}

impl Planner<'_> {
    /// A contraction in matrices, if the operator is one.
    pub(super) fn contraction(&mut self, op: OpId) -> Option<Contraction> {
        let graph = self.graph;
        let OpKind::Contract(contract) = &graph.ops[op].kind else { return None };
        let labels = Labels::new(graph, op, contract);
        let Labels { copies, m, k, n } = &labels;
        let sides = [copies, m, k, n].map(|list| product(list));
        let [of_copies, of_m, of_k, of_n] = sides;
        let [left, right] = [0, 1].map(|at| graph.ops[op].operands[at]);
        let in_rows = ordered(graph, left, &contract.left, [copies, m, k]);
        let a = self.brought(op, left, in_rows, [of_copies.saturating_mul(of_m), of_k]);
        let in_rows = ordered(graph, right, &contract.right, [copies, k, n]);
        let b = self.brought(op, right, in_rows, [of_copies.saturating_mul(of_k), of_n]);
        let left = leaves(graph, op, contract, &labels);
        let back = (!in_order(&left)).then(|| turned(left));
        Some(Contraction {
            operands: [a, b],
            copies: of_copies,
            result: [of_copies.saturating_mul(of_m), of_n],
            back,
        })
    }

    /// An operand as a matrix of other axes: as it lies, or moved.
    pub(super) fn brought(
        &mut self,
        op: OpId,
        id: TensorId,
        axes: Vec<Axis>,
        extents: [usize; 2],
    ) -> PlannedId {
        if in_order(&axes) {
            return self.seen_as(id, extents);
        }
        let from = self.tensor(id);
        let dtype = self.tensors[from].dtype;
        let result = self.unnamed(id, dtype, extents);
        self.moving(op, from, axes, result);
        result
    }

    /// A tensor as a matrix of so many rows and columns, wherever it lies.
    pub(super) fn seen_as(&mut self, id: TensorId, [rows, cols]: [usize; 2]) -> PlannedId {
        let own = self.tensor(id);
        let planned = &self.tensors[own];
        if (planned.rows, planned.cols) == (rows, cols) {
            return own;
        }
        let place = Place { within: planned.place.within.or(Some(own)), ..planned.place };
        let seen = Planned { rows, cols, place, ..planned.clone() };
        self.tensors.push(seen)
    }

    /// A place for a tensor's elements in another order.
    pub(super) fn unnamed(&mut self, id: TensorId, dtype: DType, [rows, cols]: [usize; 2]) -> PlannedId {
        let planned = self.planned(id);
        self.for_iterations(Planned { dtype, rows, cols, declared: false, graph: None, ..planned })
    }

    /// Moves a tensor's elements to a result, for an operator.
    pub(super) fn moving(&mut self, op: OpId, from: PlannedId, axes: Vec<Axis>, result: PlannedId) {
        let span = self.graph.tensors[self.graph.ops[op].result()].span;
        let parts = vec![Part::new(from, [0, 0], &mut axes.into_iter())];
        self.moves(Vec::new(), parts, result, span);
    }
}
