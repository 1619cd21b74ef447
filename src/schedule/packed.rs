//! Weights that lie packed in DRAM, where a chip skips what is pruned (MACHINE.md section 1.6): how many bytes they take.

use litemap::LiteMap;

use super::lives::{Use, uses};
use super::{Convolution, Layer, LayerKind, Plan, PlannedId, Tiling};
use crate::base::Bytes;
use crate::chip::Chip;
use crate::num::Sparsity;

/// Bytes of memory in DRAM that weights lie packed in: a form for each way in which they are cut, and all their elements
/// besides if something reads them otherwise.
pub(crate) struct InDram(LiteMap<PlannedId, Bytes>);

impl InDram {
    /// Bytes of a tensor's own memory.
    pub(crate) fn bytes(&self, plan: &Plan, id: PlannedId) -> Bytes {
        self.0.get(&id).copied().unwrap_or_else(|| plan.held_bytes(id))
    }
}

impl Layer {
    /// By which rule the chip skips its weights, if it does.
    pub(super) fn skipped(&self, chip: &Chip) -> Option<Sparsity> {
        let (LayerKind::Product { pruned, .. } | LayerKind::Convolution(Convolution { pruned, .. })) =
            self.kind
        else {
            return None;
        };
        chip.skips().filter(|by| pruned.is_some_and(|pruned| pruned.implies(*by)))
    }
}

impl Plan {
    /// What lies packed in DRAM, if products are cut so.
    pub(crate) fn in_dram(&self, chip: &Chip, cut: &dyn Fn(&Layer) -> Option<Tiling>) -> InDram {
        let mut all = LiteMap::<PlannedId, Bytes>::new();
        let mut forms = Vec::new();
        let mut whole = vec![false; self.tensors.len()];
        for layer in &self.layers {
            let tiling = cut(layer).unwrap_or_default();
            for (id, it) in uses(self, layer, chip) {
                let root = self.root(id);
                let Some(rule) = tiling.packed.filter(|_| it == Use::Fetched) else {
                    whole[root.index()] = true;
                    continue;
                };
                let (sides, tile) = (self.extents(layer).map(|[_, k, n]| [k, n]), [tiling.k, tiling.n]);
                if !forms.contains(&(root, sides, tile)) {
                    forms.push((root, sides, tile));
                    let times = self.tensors[root].elements() / self.tensors[id].elements();
                    let each = layer.products() as Bytes * self.packed_bytes(layer, rule, tile);
                    *all.entry(root).or_insert(0) += times * each;
                }
            }
        }
        for (id, bytes) in all.iter_mut() {
            if whole[id.index()] || self.tensors[*id].output {
                *bytes += self.held_bytes(*id);
            }
        }
        InDram(all)
    }

    /// Bytes of the weights of one of a layer's products as they are packed, in tiles of so many rows and columns.
    pub(super) fn packed_bytes(&self, layer: &Layer, rule: Sparsity, [rows, cols]: [usize; 2]) -> Bytes {
        let (Some([_, k, n]), Some([_, w])) = (self.extents(layer), self.factors(layer)) else { return 0 };
        let each = self.tensors[w].dtype.bytes();
        let mut bytes = 0;
        // Whole tiles, and what is left.
        for (down, rows) in [(k / rows, rows), (1, k % rows)] {
            for (across, cols) in [(n / cols, cols), (1, n % cols)] {
                let elements = rule.stored(rows) as u64 * cols as u64;
                bytes += (down * across) as u64 * rule.bytes(elements, each);
            }
        }
        bytes
    }
}
