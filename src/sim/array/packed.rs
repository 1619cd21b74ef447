//! What PEs hold of a tile of weights: all of it, or, where weights are skipped, what is stored (MACHINE.md section 1.6).

use std::ops::Range;

use super::{Operand, Waves};
use crate::num::Sparsity;
use crate::trace::NONE;

/// What a PE holds of a tile.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Slot<O> {
    pub value: O,
    /// The row of k that it is of; [`NONE`] if there is nothing to store.
    pub k: u32,
}

/// Of every PE.
pub(super) struct Slots<O> {
    cols: usize,
    all: Vec<Slot<O>>,
}

impl<O: Copy> Slots<O> {
    pub fn of(&self, row: usize, col: usize) -> Slot<O> {
        self.all[row * self.cols + col]
    }

    /// Of a row's PEs in some columns.
    pub fn row(&self, row: usize, columns: Range<usize>) -> &[Slot<O>] {
        &self.all[row * self.cols..][columns]
    }

    /// What the PEs of a pass hold.
    pub fn new<W: Waves + ?Sized>(waves: &W, pass: usize) -> Slots<Operand<W>> {
        let (rows, cols) = (waves.sides().rows, waves.sides().cols);
        let mut all = vec![Slot { value: Operand::<W>::default(), k: NONE }; rows * cols];
        let mut filled = vec![0; cols];
        let mut line = vec![Operand::<W>::default(); cols];
        for k in 0..depth(waves, pass) {
            waves.weights(pass, k, &mut line);
            let Some(sparsity) = sparsity(waves, pass) else {
                let here = all[k * cols..].iter_mut().zip(&line);
                here.for_each(|(slot, value)| *slot = Slot { value: *value, k: k as u32 });
                continue;
            };
            let (group, within) = (k / sparsity.of(), k % sparsity.of());
            for (col, value) in line.iter().enumerate() {
                let count = &mut filled[col];
                *count = if within == 0 { 0 } else { *count };
                if *value != Operand::<W>::default() && *count < sparsity.kept() {
                    all[(group * sparsity.kept() + *count) * cols + col] =
                        Slot { value: *value, k: k as u32 };
                    *count += 1;
                }
            }
        }
        Slots { cols, all }
    }
}

/// By which rule a pass skips weights, if it does.
pub(super) fn sparsity<W: Waves + ?Sized>(waves: &W, pass: usize) -> Option<Sparsity> {
    waves.part(pass).groups.map(|groups| groups.of)
}

/// Rows of k that a tile of a pass has.
pub(super) fn depth<W: Waves + ?Sized>(waves: &W, pass: usize) -> usize {
    let rows = waves.sides().rows;
    sparsity(waves, pass).map_or(rows, |sparsity| sparsity.covered(rows))
}
