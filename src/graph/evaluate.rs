//! The reference answer: each operator as its definition says, on whole tensors, with no tile or cycle in sight.

use super::ir::{CombineKind, Graph, MapKind, OpId, OpKind, TensorId};
use crate::base::ELEMENT_EFFORT;
use crate::num::Values;

/// An evaluation under way. It advances in small steps, so that a caller can show progress and stop.
#[derive(Debug)]
pub struct Evaluation {
    /// Values of the tensors so far; empty for those still to come.
    values: Vec<Values>,
    /// Operator and row to go on with.
    at: (usize, usize),
    /// By operator: whether an output needs it.
    live: Vec<bool>,
    effort: u64,
}

impl Evaluation {
    /// Begins with the declared tensors.
    pub fn new(graph: &Graph) -> Self {
        let start = |id: TensorId| match graph.declared(id, 0) {
            Some(array) => array.values,
            None => {
                let ty = &graph.tensors[id].ty;
                Values::zeros(ty.dtype, ty.shape.count())
            }
        };
        Evaluation {
            values: graph.tensors.ids().map(start).collect(),
            at: (0, 0),
            live: graph.live(),
            effort: 0,
        }
    }

    /// Values of a tensor whose operator has been evaluated.
    pub fn values(&self, tensor: TensorId) -> &Values {
        &self.values[tensor.index()]
    }

    /// Work done so far, as [`Graph::effort`] measures it.
    pub fn effort(&self) -> u64 {
        self.effort
    }

    /// Works until about `budget` of effort is spent; true when nothing is left.
    pub fn advance(&mut self, graph: &Graph, budget: u64) -> bool {
        let stop = self.effort + budget;
        for op in graph.ops.ids().skip(self.at.0) {
            if !self.live[op.index()] {
                self.at = (self.at.0 + 1, 0);
                continue;
            }
            let result = graph.ops[op].result();
            let mut out = std::mem::replace(&mut self.values[result.index()], Values::I8(Vec::new()));
            let (rows, cols) = graph.tensors[result].ty.shape.as_matrix();
            while self.at.1 < rows && self.effort < stop {
                self.row(graph, op, self.at.1, cols, &mut out);
                self.at.1 += 1;
            }
            self.values[result.index()] = out;
            if self.at.1 < rows {
                return false;
            }
            self.at = (self.at.0 + 1, 0);
        }
        true
    }

    /// One row of an operator's result.
    fn row(&mut self, graph: &Graph, op: OpId, row: usize, cols: usize, out: &mut Values) {
        let operands = &graph.ops[op].operands;
        if graph.product(op).is_some() {
            self.effort += self.product_row(operands[0], operands[1], row, cols, out);
            return;
        }
        let result_rows = out.len() / cols;
        self.effort += ELEMENT_EFFORT * graph.vector_elements(op) / result_rows as u64;
        let at = |tensor: TensorId, row: usize, col: usize| {
            let (_, cols) = graph.tensors[tensor].ty.shape.as_matrix();
            self.values[tensor.index()].get(row * cols + col)
        };
        for col in 0..cols {
            let x = operands[0];
            let value = match &graph.ops[op].kind {
                OpKind::Combine(CombineKind::Add) => {
                    let b = operands[1];
                    let every_row = graph.tensors[b].ty.shape.as_matrix().0 == 1;
                    at(x, row, col) + at(b, if every_row { 0 } else { row }, col)
                }
                OpKind::Requant(by) => by.apply(at(x, row, col)),
                OpKind::Map(MapKind::Relu) => at(x, row, col).max(0),
                // The result is a vector: its columns are the operand's rows.
                OpKind::ArgMax { .. } => {
                    let (_, width) = graph.tensors[x].ty.shape.as_matrix();
                    (0..width).rev().max_by_key(|c| at(x, col, *c)).map_or(0, |c| c as i32)
                }
                other => unreachable!("{other:?} is not run"),
            };
            out.set(row * cols + col, value);
        }
    }

    /// One row of a matrix product; returns its multiply-accumulates.
    fn product_row(&self, a: TensorId, b: TensorId, row: usize, cols: usize, out: &mut Values) -> u64 {
        let (Values::I8(a), Values::I8(b), Values::I32(out)) =
            (&self.values[a.index()], &self.values[b.index()], out)
        else {
            unreachable!("rule 3: i8 @ i8 -> i32")
        };
        let depth = b.len() / cols;
        let out = &mut out[row * cols..][..cols];
        for (x, weights) in a[row * depth..][..depth].iter().zip(b.chunks_exact(cols)) {
            for (sum, w) in out.iter_mut().zip(weights) {
                *sum += i32::from(*x) * i32::from(*w);
            }
        }
        (depth * cols) as u64
    }
}
