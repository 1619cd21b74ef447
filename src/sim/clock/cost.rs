//! What vector work costs (MACHINE.md section 2): every step is composed of operations on elements, of others on what is one
//! number a row, and of reductions.

use crate::base::Cycle;
use crate::chip::{Chip, VectorCost};
use crate::num::CombineKind::Divide;
use crate::num::{Function, MapKind, Operation, OperationKind, ReduceKind};
use crate::timing::{self, FAR};

/// Of a step.
#[derive(Clone, Copy, Default)]
struct Cost {
    /// Cycles of a lane for each element that the step begins with.
    element: Cycle,
    /// Cycles of a lane for each row.
    row: Cycle,
    /// Reductions, each of which ends in a tree over the lanes.
    reductions: Cycle,
}

/// Cycles of vector work on rows and columns. Without a step the elements are still moved once.
pub fn vector_cycles<W>(chip: &Chip, (rows, cols): (usize, usize), steps: &[Operation<W>]) -> Cycle {
    let all = &chip.vector_cost;
    let mut sum = Cost::default();
    for step in steps {
        let cost = of(step.kind, all);
        sum.element += cost.element;
        sum.row += cost.row;
        sum.reductions += cost.reductions;
    }
    if steps.is_empty() {
        sum.element = all.simple;
    }
    let elements = timing::vector_cycles(chip, rows * cols, sum.element);
    let each = elements.saturating_add(timing::vector_cycles(chip, rows, sum.row));
    each.min(FAR) + sum.reductions * timing::reduction_tail(chip)
}

fn of(kind: OperationKind, &VectorCost { simple, divide, transcendental, reduce }: &VectorCost) -> Cost {
    let element = |element| Cost { element, ..Cost::default() };
    let reduction = |times: Cycle, row| Cost { element: times * reduce, row, reductions: times };
    match kind {
        OperationKind::Map(MapKind::Function(function)) => element(match function {
            Function::Sqrt | Function::Rsqrt => divide,
            Function::Exp | Function::Log | Function::Tanh | Function::Sigmoid => transcendental,
            Function::Silu => transcendental + simple,
            // x/2, its multiple for erf, their product.
            Function::Gelu => transcendental + 3 * simple,
            // Two products for the cube, its multiple, a sum, a multiple, the product with the sigmoid.
            Function::GeluTanh => transcendental + 6 * simple,
        }),
        OperationKind::Combine(Divide, _) => element(divide),
        OperationKind::Map(_)
        | OperationKind::Combine(..)
        | OperationKind::Requant(_)
        | OperationKind::Cast
        | OperationKind::Causal { .. } => element(simple),
        OperationKind::Reduce(ReduceKind::Mean) => reduction(1, divide),
        OperationKind::Reduce(_) | OperationKind::ArgMax => reduction(1, 0),
        OperationKind::TopK(k) | OperationKind::TopKPlaces(k) => reduction(k as Cycle, 0),
        // The greatest, what is left of it, e to that, the sum, the quotient.
        OperationKind::Softmax => {
            let Cost { element, reductions, .. } = reduction(2, 0);
            Cost { element: element + simple + transcendental + divide, row: 0, reductions }
        }
        // Mean and mean square; what is left of the mean, its square, two products, a sum.
        OperationKind::LayerNorm { .. } => {
            let cost = reduction(2, 3 * divide + simple);
            Cost { element: cost.element + 5 * simple, ..cost }
        }
        // The mean square; the square, two products.
        OperationKind::RmsNorm { .. } => {
            let cost = reduction(1, 2 * divide + simple);
            Cost { element: cost.element + 3 * simple, ..cost }
        }
    }
}
