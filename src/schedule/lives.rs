//! What layers do with tensors' memory: how long each is needed, and what it saves to keep it in the unified buffer.

use litemap::LiteMap;

use super::convolution::{Convolution, Image, Pool};
use super::tiling::operands;
use super::{Layer, LayerKind, Plan, Planned, PlannedId, Shared};
use crate::base::{Bytes, Cycle};
use crate::chip::{Chip, Dataflow};
use crate::num::stored_bytes;

/// By number of layer: the first and the last one that work on a tensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Life {
    pub first: usize,
    pub last: usize,
}

/// Memory that layers work on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Worked {
    /// Whose it is.
    pub id: PlannedId,
    pub life: Life,
    /// Bytes that cross the DRAM's bus if it lies there, less those that do if it stays.
    pub saved: Bytes,
    /// Why it cannot stay.
    pub streamed: Option<Streamed>,
}

/// Why a tensor cannot stay in the unified buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Streamed {
    /// Elements are moved within DRAM.
    Moved,
    /// It is in DRAM when the run begins, and parts of it are used, or it is used in a repeat: it is not copied once.
    Parts,
}

impl Streamed {
    pub(super) fn words(self) -> &'static str {
        match self {
            Streamed::Moved => "its elements are moved, which is done in DRAM",
            Streamed::Parts => {
                "it is declared, and used in parts or in a repeat: they come as they are needed"
            }
        }
    }
}

/// What a layer does with a tensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    Read,
    Left,
    Moved,
    /// Weights that stay in the arrays come from DRAM, unless they are computed.
    Fetched,
}

pub(super) fn uses(plan: &Plan, layer: &Layer, chip: &Chip) -> Vec<(PlannedId, Use)> {
    let weights = |w: PlannedId| match chip.dataflow == Dataflow::WeightStationary && plan.tensors[w].declared
    {
        true => (w, Use::Fetched),
        false => (w, Use::Read),
    };
    let mut all = match &layer.kind {
        LayerKind::Product { a, b, .. } => vec![(*a, Use::Read), weights(*b)],
        LayerKind::Convolution(Convolution { image, w, .. }) => vec![(image.x, Use::Read), weights(*w)],
        LayerKind::Vector { x, .. } | LayerKind::Pool(Pool { image: Image { x, .. }, .. }) => {
            vec![(*x, Use::Read)]
        }
        LayerKind::Move(work) => {
            let chosen = work.parts.iter().filter_map(|part| Some((part.chosen?.0, Use::Moved)));
            work.parts.iter().map(|part| (part.from, Use::Moved)).chain(chosen).collect()
        }
    };
    all.extend(operands(layer).map(|id| (id, Use::Read)));
    let left = if matches!(layer.kind, LayerKind::Move(_)) { Use::Moved } else { Use::Left };
    all.push((layer.result, left));
    all
}

impl Plan {
    /// Memory that layers work on, in order. What is used in a repeat is needed as long as that lasts.
    pub(super) fn worked(&self, chip: &Chip) -> Vec<Worked> {
        let mut all: Vec<Option<Worked>> = vec![None; self.tensors.len()];
        let mut first = 0;
        let same = |one: &Layer, next: &Layer| {
            !one.repeats.is_empty() && one.repeats.first() == next.repeats.first()
        };
        for together in self.layers.chunk_by(same) {
            let life = Life { first, last: first + together.len() - 1 };
            for layer in together {
                uses(self, layer, chip)
                    .into_iter()
                    .for_each(|(id, it)| self.used(&mut all, layer, life, id, it));
            }
            first = life.last + 1;
        }
        all.into_iter().flatten().collect()
    }

    fn used(&self, all: &mut [Option<Worked>], layer: &Layer, life: Life, id: PlannedId, it: Use) {
        let root = self.root(id);
        let (tensor, memory) = (&self.tensors[id], &self.tensors[root]);
        let of_part = memory.declared && (!layer.repeats.is_empty() || tensor.elements() < memory.elements());
        let streamed = match it {
            Use::Fetched => return,
            Use::Moved => Some(Streamed::Moved),
            _ => of_part.then_some(Streamed::Parts),
        };
        // What is declared comes once if it stays, and what is put out leaves.
        let saves = match it {
            Use::Left => !self.leaves(root),
            _ => !memory.declared || all[root.index()].is_some(),
        };
        let worked = all[root.index()].get_or_insert(Worked { id: root, life, saved: 0, streamed: None });
        worked.life.last = life.last;
        worked.streamed = worked.streamed.or(streamed);
        if saves {
            worked.saved = worked.saved.saturating_add(tensor.bytes().saturating_mul(layer.times()));
        }
    }

    /// Cycles that all layers need, by estimate, if these tensors stay: each as long as its arrays or the bus, with the latency of what
    /// it reads of a layer before it in DRAM, and of what it leaves there.
    pub(super) fn estimate(&self, places: &LiteMap<PlannedId, Shared>, chip: &Chip) -> Cycle {
        let of_layer = |layer: &Layer| {
            let (mut bytes, mut trips): (Bytes, [Cycle; 2]) = (0, [0; 2]);
            for (id, it) in uses(self, layer, chip) {
                if places.contains_key(&self.root(id)) {
                    continue;
                }
                let packed = layer.skipped(chip).filter(|_| it == Use::Fetched);
                let Planned { rows, cols, dtype, .. } = self.tensors[id];
                bytes = bytes.saturating_add(stored_bytes([rows, cols], packed, dtype));
                let leaves = id == layer.result;
                if !self.tensors[id].declared && it != Use::Fetched {
                    trips[usize::from(leaves)] = chip.dram.link.latency;
                }
            }
            let bus = chip.dram.link.bytes_per_cycle.inverse().ceil_of(bytes);
            let all =
                bus.max(self.array_cycles(layer, chip)).saturating_add(trips[0]).saturating_add(trips[1]);
            all.saturating_mul(layer.times())
        };
        self.layers.iter().map(of_layer).fold(0, Cycle::saturating_add)
    }

    /// Cycles that a layer's passes need, all matrix units having as much to do.
    fn array_cycles(&self, layer: &Layer, chip: &Chip) -> Cycle {
        let Some([m, k, n]) = self.extents(layer) else { return 0 };
        let passes =
            k.div_ceil(chip.depth(layer.skipped(chip))).saturating_mul(n.div_ceil(chip.cols)) as Cycle;
        let rows = layer.products().saturating_mul(m.max(chip.rows)) as Cycle;
        passes.saturating_mul(rows) / chip.matrix_units as Cycle
    }
}
