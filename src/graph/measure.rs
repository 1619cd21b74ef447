//! What a graph amounts to: multiply-accumulates, bytes, which operators count, values of what is declared.

use super::ir::{Graph, OpId, OpKind, RepeatId, Source, Tensor, TensorId};
use crate::base::ELEMENT_EFFORT;
use crate::num::{Array, Shape, Sparsity, Type, Values, seeded};

impl Graph {
    /// How often what belongs to a repeat is done, the repeats around it counted too.
    pub fn iterations(&self, mut within: Option<RepeatId>) -> u64 {
        let mut times = 1u64;
        while let Some(repeat) = within {
            let repeat = &self.repeats[repeat];
            times = times.saturating_mul(repeat.count as u64);
            within = repeat.within;
        }
        times
    }

    /// M, K and N of a product of two matrices; nothing for other operators.
    pub fn product(&self, op: OpId) -> Option<[usize; 3]> {
        let op = &self.ops[op];
        let OpKind::Contract(contract) = &op.kind else { return None };
        let shape = |operand: usize| self.tensors[op.operands[operand]].ty.shape.as_matrix();
        let ((m, k), (_, n)) = (shape(0), shape(1));
        contract.is_matrix_product().then_some([m, k, n])
    }

    /// Multiply-accumulates of one operator in one iteration.
    pub fn macs(&self, op: OpId) -> u64 {
        let op = &self.ops[op];
        let shape = |tensor: TensorId| &self.tensors[tensor].ty.shape;
        match &op.kind {
            OpKind::Contract(contract) => {
                let extents = contract.extents(shape(op.operands[0]), shape(op.operands[1]));
                extents.iter().fold(1u64, |all, (_, extent)| all.saturating_mul(*extent as u64))
            }
            OpKind::Conv2d { .. } => {
                let filter = &shape(op.operands[1]).0;
                let per_element: u64 = filter.iter().take(3).map(|extent| *extent as u64).product();
                shape(op.result()).elements().saturating_mul(per_element)
            }
            _ => 0,
        }
    }

    /// Multiply-accumulates of all operators in all iterations.
    pub fn all_macs(&self) -> u64 {
        let of = |op: OpId| self.macs(op).saturating_mul(self.iterations(self.ops[op].within));
        self.ops.ids().fold(0u64, |all, op| all.saturating_add(of(op)))
    }

    /// Bytes of weights, all iterations' together.
    pub fn weight_bytes(&self) -> u64 {
        let weights = self.tensors.iter().filter(|(_, tensor)| matches!(tensor.source, Source::Weight(_)));
        let of = |ty: &Type| ty.shape.elements().saturating_mul(ty.dtype.bytes() as u64);
        let bytes = weights.map(|(_, t)| of(&t.ty).saturating_mul(self.iterations(t.within)));
        bytes.fold(0, u64::saturating_add)
    }

    /// Elements that an operator has the vector unit work on, in one iteration.
    pub fn vector_elements(&self, op: OpId) -> u64 {
        let op = &self.ops[op];
        match op.kind {
            OpKind::Contract(_) | OpKind::Conv2d { .. } | OpKind::Repeat(_) => 0,
            _ => {
                let touched = op.operands.iter().chain(&op.results);
                touched.map(|tensor| self.tensors[*tensor].ty.shape.elements()).max().unwrap_or(0)
            }
        }
    }

    /// How much simulating or evaluating an operator once costs, in multiply-accumulates: for slices and progress. Of a repeat
    /// it is the end of an iteration: what moves.
    pub fn effort(&self, op: OpId) -> u64 {
        let elements = match self.ops[op].kind {
            OpKind::Repeat(repeat) => self.moved(repeat),
            // Of what they read, they leave most alone.
            OpKind::Slice(_) | OpKind::Gather { .. } => {
                self.tensors[self.ops[op].result()].ty.shape.elements()
            }
            // Windows may lie one over the other: what they hold is read again for each.
            OpKind::Pool(_, window) => {
                let held = window.size.iter().fold(1u64, |all, size| all.saturating_mul(*size as u64));
                self.tensors[self.ops[op].result()].ty.shape.elements().saturating_mul(held)
            }
            _ => self.vector_elements(op),
        };
        self.macs(op).saturating_add(ELEMENT_EFFORT.saturating_mul(elements))
    }

    /// Elements that an iteration of a repeat begins with or leaves.
    fn moved(&self, id: RepeatId) -> u64 {
        let repeat = &self.repeats[id];
        let carried = repeat.carried.iter().map(|carried| carried.now);
        let moved = carried.chain(repeat.collected.iter().copied()).chain(self.weights_of(id));
        moved.fold(0, |all, tensor| all.saturating_add(self.tensors[tensor].ty.shape.elements()))
    }

    /// What evaluating an operator once costs: its effort, and something to begin with, which counts in long repeats of little.
    pub(super) fn evaluation_effort(&self, op: OpId) -> u64 {
        const TO_BEGIN: u64 = 512;
        // Products of floats are summed in f32 and, beside it, in f64: some four times what whole numbers take.
        const OF_FLOATS: u64 = 4;
        let float = self.tensors[self.ops[op].result()].ty.dtype.is_float();
        let more = if float { (OF_FLOATS - 1).saturating_mul(self.macs(op)) } else { 0 };
        self.effort(op).saturating_add(more).saturating_add(TO_BEGIN)
    }

    /// The same in all iterations.
    pub(super) fn all_evaluation_effort(&self, op: OpId) -> u64 {
        let body = match self.ops[op].kind {
            OpKind::Repeat(repeat) => Some(repeat),
            _ => self.ops[op].within,
        };
        self.evaluation_effort(op).saturating_mul(self.iterations(body))
    }

    /// What evaluating everything that an output needs costs, in all iterations, in multiply-accumulates.
    pub fn all_effort(&self) -> u64 {
        self.needed().map(|op| self.all_evaluation_effort(op)).fold(0, u64::saturating_add)
    }

    /// Operators that an output depends on.
    pub(super) fn needed(&self) -> impl Iterator<Item = OpId> {
        let live = self.live();
        self.ops.ids().filter(move |op| live[op.index()])
    }

    /// Weights of a repeat's own body.
    pub(super) fn weights_of(&self, id: RepeatId) -> impl Iterator<Item = TensorId> + '_ {
        let is_own =
            move |tensor: &Tensor| tensor.within == Some(id) && matches!(tensor.source, Source::Weight(_));
        self.tensors.ids().filter(move |tensor| is_own(&self.tensors[*tensor]))
    }

    /// By operator: whether an output depends on it.
    pub fn live(&self) -> Vec<bool> {
        let mut live = vec![false; self.ops.len()];
        let mark = |live: &mut Vec<bool>, tensor: TensorId| {
            if let Source::Op(op, _) = self.tensors[tensor].source {
                live[op.index()] = true;
            }
        };
        self.outputs.iter().for_each(|output| mark(&mut live, output.tensor));
        for op in self.ops.ids().collect::<Vec<_>>().into_iter().rev() {
            if !live[op.index()] {
                continue;
            }
            self.ops[op].operands.iter().for_each(|tensor| mark(&mut live, *tensor));
            if let OpKind::Repeat(repeat) = self.ops[op].kind {
                let repeat = &self.repeats[repeat];
                repeat.carried.iter().for_each(|carried| mark(&mut live, carried.next));
                repeat.collected.iter().for_each(|tensor| mark(&mut live, *tensor));
            }
        }
        live
    }

    /// Whether a tensor's values come from outside or are one number.
    pub fn is_declared(&self, tensor: TensorId) -> bool {
        matches!(self.tensors[tensor].source, Source::Input(_) | Source::Weight(_) | Source::Constant(_))
    }

    /// Values of a declared tensor in one of the iterations of what it belongs to: loaded, or made from its name.
    pub fn declared(&self, id: TensorId, iteration: u64) -> Option<Array> {
        let tensor = &self.tensors[id];
        let ty = tensor.ty.clone();
        let given = match &tensor.source {
            Source::Input(given) | Source::Weight(given) => given,
            Source::Constant(number) => return Some(constant(*number, ty)),
            Source::Carried(..) | Source::Op(..) => return None,
        };
        Some(match (&given.array, tensor.within) {
            (Some(array), None) => Array::clone(array),
            (Some(array), Some(_)) => {
                let len = ty.shape.count();
                let values = array.values.part(iteration as usize * len..(iteration as usize + 1) * len);
                Array { ty, values }
            }
            (None, None) => made(&self.name(id), ty, given.sparsity),
            (None, Some(_)) => made(&format!("{}[{iteration}]", self.name(id)), ty, given.sparsity),
        })
    }
}

impl Graph {
    /// The number that every element of a constant is, as its dtype holds it; nothing of other tensors.
    pub fn number(&self, id: TensorId) -> Option<f64> {
        let tensor = &self.tensors[id];
        let Source::Constant(number) = tensor.source else { return None };
        let one = Type { dtype: tensor.ty.dtype, shape: Shape::default() };
        constant(number, one).values.numbers().next()
    }
}

/// Values made from a name, pruned if they are to be.
fn made(name: &str, ty: Type, sparsity: Option<Sparsity>) -> Array {
    let mut array = seeded(name, ty);
    if let Some(sparsity) = sparsity {
        sparsity.prune(&mut array.values, &array.ty.shape);
    }
    array
}

fn constant(number: f64, ty: Type) -> Array {
    let mut values = Values::zeros(ty.dtype, ty.shape.count());
    for at in 0..values.len() {
        if ty.dtype.is_float() {
            values.set_f32(at, number as f32);
        } else {
            values.set(at, number as i32);
        }
    }
    Array { ty, values }
}
