//! Plan to program: buffers, loops, instructions and what each waits for.
//!
//! A repeat is a loop around the layers of its body. A layer is a loop, of one round unless it has copies, so that its instructions can wait for what came before the layer
//! as a whole; within it, loops go over stripes of columns, rows of output tiles, groups of as many tiles as there are matrix units, and steps of K.
//!
//! | event | signalled by | means |
//! |---|---|---|
//! | `passed[U]` | each pass of matrix unit U | its sums are in the accumulators |
//! | `drained[U]` | vector work on U's accumulators | they may be written again |
//! | `worked[C]` | all work of core C's vector unit | its result is in the unified buffer |
//! | `rows[C]`, `panel[C]`, `operand[C]` | DMA in: blocks of activations, panels of weights, other operands | they are in C's unified buffer |
//! | `freed_even[C]`, `freed_odd[C]` | like `worked[C]`, in turn by layers, if blocks come ahead | blocks of the layer before the last may be overwritten |
//! | `left[C]` | DMA out of core C | the result is in DRAM, its place in the unified buffer is free |

mod bands;
mod build;
mod convolution;
mod moves;
mod pool;
mod product;
mod vector;

use litemap::LiteMap;

use crate::chip::Chip;
use crate::isa::{BufferId, Program};
use crate::schedule::{LayerKind, Plan, PlannedId};
use build::Builder;

/// A program, and where its tensors lie.
#[derive(Clone, Debug, Default)]
pub struct Emitted {
    /// What to run.
    pub program: Program,
    /// Buffers in DRAM: of declared tensors, to be filled before a run, and of what is left there.
    pub dram: LiteMap<PlannedId, BufferId>,
    /// Buffers that hold a layer's result first, by core.
    pub results: LiteMap<PlannedId, Vec<BufferId>>,
    /// By buffer: the tensor whose memory it is, or has a part of.
    pub tensors: Vec<PlannedId>,
}

/// Lowers every layer in turn.
pub fn emit(plan: &Plan, chip: &Chip) -> Emitted {
    let chip = &plan.split.of(chip);
    let mut builder = Builder::new(plan, chip);
    for (at, layer) in plan.layers.iter().enumerate() {
        builder.begin_layer(at);
        match layer.kind {
            LayerKind::Move(ref work) => moves::emit(&mut builder, layer, work),
            LayerKind::Product { a, b, tiling, .. } => product::emit(&mut builder, layer, a, b, tiling),
            LayerKind::Convolution(ref convolution) => convolution::emit(&mut builder, layer, convolution),
            LayerKind::Pool(ref pool) => pool::emit(&mut builder, layer, pool),
            LayerKind::Vector { x, block_rows } => vector::emit(&mut builder, layer, x, block_rows),
        }
        builder.end_layer(layer);
    }
    builder.finish()
}
