//! Which tensors would stay in the unified buffer, and how long each is needed.

use super::convolution::{Convolution, Image, Pool};
use super::tiling::operands;
use super::{LayerKind, Plan, PlannedId, Shared};
use crate::base::Bytes;
use crate::chip::{Chip, Dataflow};

/// By number of layer: the first and the last one that work on a tensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Life {
    pub first: usize,
    pub last: usize,
}

/// Why no tensor can stay in the unified buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Streamed {
    /// Each core has a buffer of its own.
    Cores(usize),
    /// What is moved is moved within DRAM; so it is with parts of memory, and in repeats.
    Moved,
}

impl Streamed {
    pub(super) fn words(self) -> String {
        match self {
            Streamed::Cores(cores) => format!("each of {cores} cores has a unified buffer of its own"),
            Streamed::Moved => "parts of tensors are used, moved, or repeated, which is done in DRAM".into(),
        }
    }
}

/// Tensors that would stay, in order.
pub(super) fn stays(plan: &Plan, chip: &Chip) -> Result<Vec<(PlannedId, Life)>, Streamed> {
    let part = |id: PlannedId| plan.tensors[id].elements() < plan.tensors[plan.root(id)].elements();
    let moved = plan.layers.iter().any(|layer| matches!(layer.kind, LayerKind::Move(_)))
        || plan.tensors.ids().any(part)
        || plan.layers.iter().any(|layer| !layer.repeats.is_empty());
    match plan.split.cores {
        _ if moved => Err(Streamed::Moved),
        1 => Ok(lives(plan, chip)),
        cores => Err(Streamed::Cores(cores)),
    }
}

/// Weights that stay in the arrays come from DRAM, unless they are computed.
fn lives(plan: &Plan, chip: &Chip) -> Vec<(PlannedId, Life)> {
    let mut lives: Vec<Option<Life>> = vec![None; plan.tensors.len()];
    let mut worked_on = |id: PlannedId, at: usize| {
        let life = lives[plan.root(id).index()].get_or_insert(Life { first: at, last: at });
        life.last = at;
    };
    let fetched = |w: PlannedId| chip.dataflow == Dataflow::WeightStationary && plan.tensors[w].declared;
    for (at, layer) in plan.layers.iter().enumerate() {
        let factors = match layer.kind {
            LayerKind::Product { a, b, .. } => [Some(a), Some(b).filter(|b| !fetched(*b))],
            LayerKind::Convolution(Convolution { image, w, .. }) => {
                [Some(image.x), Some(w).filter(|w| !fetched(*w))]
            }
            LayerKind::Vector { x, .. } | LayerKind::Pool(Pool { image: Image { x, .. }, .. }) => {
                [Some(x), None]
            }
            LayerKind::Move(_) => [None, None],
        };
        let all = factors.into_iter().flatten().chain(operands(layer)).chain([layer.result]);
        all.for_each(|id| worked_on(id, at));
    }
    plan.tensors.ids().zip(lives).filter_map(|(id, life)| Some((id, life?))).collect()
}

impl Plan {
    /// Bytes of the unified buffer if all these stay there: one after the other in the same places, if they have such.
    pub(super) fn resident_bytes(&self, lives: &[(PlannedId, Life)]) -> Bytes {
        if self.places.is_empty() {
            return lives.iter().map(|(id, _)| self.tensors[*id].bytes()).sum();
        }
        let end = |(id, place): (&PlannedId, &Shared)| place.address + self.tensors[*id].bytes();
        self.places.iter().map(end).max().unwrap_or(0)
    }
}
