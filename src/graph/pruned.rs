//! Products whose weights are pruned so that an array can skip them.

use super::ir::{Contract, Given, Graph, Op, OpKind, Source, TensorId};
use crate::num::{Shape, Sparsity};

impl Graph {
    /// How a declared tensor is pruned, if it is.
    pub fn sparsity(&self, tensor: TensorId) -> Option<Sparsity> {
        match &self.tensors[tensor].source {
            Source::Input(Given { sparsity, .. }) | Source::Weight(Given { sparsity, .. }) => *sparsity,
            Source::Constant(_) | Source::Carried(..) | Source::Op(..) => None,
        }
    }

    /// How the weights of a product are pruned along what it sums over, if they are: the second operand is declared so, and
    /// read as it lies.
    pub fn skippable(&self, op: &Op) -> Option<Sparsity> {
        let sparsity = self.sparsity(*op.operands.get(1)?)?;
        let follows = match &op.kind {
            OpKind::Contract(contract) => contract.has_weights_as_matrices(),
            OpKind::Conv2d { .. } => sparsity.goes_over_windows(&self.tensors[op.operands[1]].ty.shape),
            _ => false,
        };
        follows.then_some(sparsity)
    }
}

impl Sparsity {
    /// Whether filters `[kh, kw, c, f]` whose channels are pruned so are pruned so along (kh, kw, c) too: no group of rows lies in
    /// two places of the window.
    fn goes_over_windows(self, filters: &Shape) -> bool {
        match filters.0[..] {
            [1, 1, ..] => true,
            [.., channels, _] => channels.is_multiple_of(self.of()),
            _ => false,
        }
    }
}

impl Contract {
    /// Whether the second operand is matrices `[k, n]`, of one axis each, one after the other in the order of the result's.
    fn has_weights_as_matrices(&self) -> bool {
        let Some(copies) = self.right.len().checked_sub(2) else { return false };
        // Whether the other operand has a label, and the result.
        let has = |label: &u8| [self.left.contains(label), self.out.contains(label)];
        let lies = |(at, label): (usize, &u8)| has(label) == [at != copies + 1, at != copies];
        // Labels count in the order of the result's axes.
        self.right.iter().enumerate().all(lies) && self.right[..copies].is_sorted()
    }
}
