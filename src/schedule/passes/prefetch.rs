//! What no layer leaves comes before the layer that needs it begins.
//!
//! Layers take turns at the two ends of the part of the unified buffer that they stream through. If what two that follow each other
//! have there fits beside each other, the second one's first blocks come as soon as the layer before the first one has made room;
//! what they read of a result still waits for that. Weights that stay in the arrays are fetched as soon as a FIFO has a slot.

use super::super::tiling::operands;
use super::super::{Layer, LayerKind, Plan, PlannedId, TileOrder};
use super::{Note, Outcome, Pass, Work};
use crate::chip::Chip;

pub(super) const PASS: Pass = Pass::new(
    "prefetch",
    "Brings weights and what else no layer leaves while the layers before still run: to the FIFOs as soon as they have a slot, to the \
     unified buffer where two layers' blocks fit beside each other.",
    Work::OnPlan(work),
    tell,
);

/// When what a layer reads may come that is in DRAM as the run begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ahead {
    /// When the layer before is done.
    Never,
    /// While it runs, if there is room.
    OneLayer,
}

fn work(plan: &mut Plan, _: &Chip) {
    plan.ahead = Ahead::OneLayer;
}

fn tell(outcome: &Outcome) -> Vec<Note> {
    let plan = outcome.plan;
    let chip = &plan.split.of(outcome.chip);
    let mut notes = Vec::new();
    for at in 1..plan.layers.len() {
        let layer = &plan.layers[at];
        let (fetched, here) = (plan.fetched(layer), before_results(plan, layer));
        let mut parts = Vec::new();
        if let Some(w) = fetched {
            parts.push(format!("{} may be in the FIFOs", names(plan, &[w])));
        }
        let (before, bytes) = (plan.passing(at - 1, chip), plan.passing(at, chip));
        match plan.comes_ahead(at, chip) {
            _ if here.is_empty() => {}
            true => parts.push(format!("{} may be in the unified buffer", names(plan, &here))),
            false if plan.layers[at - 1].repeats != layer.repeats => {
                parts.push(format!("{} waits, as a repeat begins or ends here", names(plan, &here)));
            }
            false => parts.push(format!(
                "{} waits, as {bytes} bytes do not fit beside the {before} of the layer before",
                names(plan, &here)
            )),
        }
        if !parts.is_empty() {
            let text = format!("as it begins, {}", parts.join("; "));
            notes.push(Note { of: plan.tensors[layer.result].name.clone(), span: layer.span, text });
        }
    }
    notes
}

/// What comes to the unified buffer and is asked for before anything that another layer leaves.
fn before_results(plan: &Plan, layer: &Layer) -> Vec<PlannedId> {
    let passes = |id: PlannedId| !plan.stays(id) && Some(id) != plan.fetched(layer);
    let (first, panels) = match (&layer.kind, plan.factors(layer)) {
        (LayerKind::Vector { x, .. }, _) => (*x, None),
        (LayerKind::Pool(pool), _) => (pool.image.x, None),
        (_, Some([a, w])) => (a, Some(w)),
        _ => return Vec::new(),
    };
    let of_result = passes(first) && !plan.tensors[first].declared;
    let columns = layer.tiling().is_some_and(|tiling| tiling.order == TileOrder::Columns);
    let comes = |id: &PlannedId| {
        let at_once = if Some(*id) == panels { columns } else { plan.tensors[*id].rows == 1 };
        passes(*id) && plan.tensors[*id].declared && (at_once || !of_result)
    };
    [Some(first), panels].into_iter().flatten().chain(operands(layer)).filter(comes).collect()
}

fn names(plan: &Plan, ids: &[PlannedId]) -> String {
    let names: Vec<String> = ids.iter().map(|id| format!("`{}`", plan.tensors[*id].name)).collect();
    names.join(", ")
}
