//! Weights that lie packed in DRAM, where a chip skips what is pruned (MACHINE.md section 1.6): how many bytes they take.

use super::lives::{Use, uses};
use super::{Layer, Plan, Planned, Tiling};
use crate::base::Bytes;
use crate::chip::Chip;
use crate::num::{Sparsity, stored_bytes};

impl Layer {
    /// By which rule the chip skips its weights, if it does.
    pub(super) fn skipped(&self, chip: &Chip) -> Option<Sparsity> {
        chip.skips().filter(|by| self.pruned.is_some_and(|pruned| pruned.implies(*by)))
    }
}

impl Plan {
    /// Bytes of DRAM that memory takes, by tensor, when products are cut, and 0 of what lies in another one's: of packed weights
    /// those of a form for each way in which they are cut, and of all elements besides if something reads them otherwise.
    pub(crate) fn in_dram(&self, chip: &Chip) -> Vec<Bytes> {
        let (mut all, mut forms) = (vec![0; self.tensors.len()], Vec::new());
        let mut whole = vec![false; self.tensors.len()];
        for layer in &self.layers {
            let cut = layer.tiling().filter(|tiling| tiling.packed.is_some()).zip(self.extents(layer));
            for (id, it) in uses(self, layer, chip) {
                let root = self.root(id);
                let Some((Tiling { k: rows, n: cols, packed, .. }, [_, k, n])) =
                    cut.filter(|_| it == Use::Fetched)
                else {
                    whole[root.index()] = true;
                    continue;
                };
                let form = [root.index(), k, n, rows, cols];
                if forms.contains(&form) {
                    continue;
                }
                forms.push(form);
                let Planned { dtype, times, .. } = self.tensors[root];
                // Whole tiles, and what is left.
                let tile = |rows, cols| stored_bytes([rows, cols], packed, dtype);
                let across = |rows| (n / cols) as u64 * tile(rows, cols) + tile(rows, n % cols);
                let each = (k / rows) as u64 * across(rows) + across(k % rows);
                all[root.index()] += times * layer.products() as u64 * each;
            }
        }
        for (id, tensor) in self.tensors.iter() {
            let bytes = &mut all[id.index()];
            if tensor.place.within.is_none() && (*bytes == 0 || whole[id.index()] || tensor.output) {
                *bytes += self.held_bytes(id);
            }
        }
        all
    }
}
