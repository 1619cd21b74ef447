//! Graph to plan: which operators run together, in which order, in which tiles.
//!
//! The tiling is fixed: a product's weights are cut into tiles of R x C, its rows into blocks of half the accumulators.
//! For each column of tiles and each block of rows, all tiles of k follow each other, so that sums stay in the
//! accumulators until they are whole; then the vector unit takes them while the next ones fill the other half.

mod fuse;

use crate::base::Span;
use crate::chip::Chip;
use crate::graph::{Graph, OpId, OpKind, TensorId};

/// What runs, in order.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// Each reads declared tensors and results of layers before it.
    pub layers: Vec<Layer>,
}

/// Operators that run as one: a product with what its sums go through, or vector work alone.
#[derive(Clone, Debug)]
pub struct Layer {
    /// The product, if there is one, and the vector work, in order.
    pub ops: Vec<OpId>,
    /// How it runs.
    pub kind: LayerKind,
    /// What it leaves in memory.
    pub result: TensorId,
    /// Where the result is written in the program.
    pub span: Span,
}

/// How a layer runs.
#[derive(Clone, Copy, Debug)]
pub enum LayerKind {
    /// On the array.
    Product {
        /// i8[M, K]
        a: TensorId,
        /// i8[K, N]
        b: TensorId,
        /// Rows of a block.
        block_rows: usize,
    },
    /// On the vector unit alone.
    Vector {
        /// What it starts from.
        x: TensorId,
    },
}

/// A program that needs too much of a chip.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TooMuch {
    /// The operator's place in the program.
    pub span: Span,
    /// What is wrong.
    pub message: String,
    /// How to mend it.
    pub hint: String,
}

/// Most passes of a run; each keeps some hundred bytes.
pub const MOST_PASSES: usize = 1 << 18;

/// Plans everything that the outputs need.
pub fn plan(graph: &Graph, chip: &Chip) -> Result<Plan, TooMuch> {
    let mut plan = Plan::default();
    let mut passes = 0usize;
    for ops in fuse::chains(graph) {
        let last = &graph.ops[*ops.last().expect("a chain begins with an operator")];
        let kind = match graph.ops[ops[0]].kind {
            OpKind::MatMul { a, b } => {
                let [m, k, n] = graph.product(a, b);
                let block_rows = m.min((chip.accumulator_rows / 2).max(1));
                let count = k.div_ceil(chip.rows) * n.div_ceil(chip.cols) * m.div_ceil(block_rows);
                passes = passes.saturating_add(count);
                if passes > MOST_PASSES {
                    return Err(too_many_passes(graph, ops[0], passes, chip));
                }
                LayerKind::Product { a, b, block_rows }
            }
            other => LayerKind::Vector { x: other.operands().next().expect("every operator has an operand") },
        };
        plan.layers.push(Layer { kind, result: last.result, span: graph.tensors[last.result].span, ops });
    }
    Ok(plan)
}

fn too_many_passes(graph: &Graph, op: OpId, passes: usize, chip: &Chip) -> TooMuch {
    TooMuch {
        span: graph.ops[op].span,
        message: format!(
            "up to here the program takes {passes} passes through an array of {} x {}, more than the {MOST_PASSES} of a run",
            chip.rows, chip.cols
        ),
        hint: "take a larger array or smaller matrices".into(),
    }
}
