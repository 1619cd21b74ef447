//! Deep output tiles.

use super::super::tiling::{Tiling, largest, sums_of_a_tile};
use super::super::{Convolution, Layer, LayerKind, Plan};
use super::{Note, Outcome, Pass, Work};
use crate::chip::{Chip, Dataflow};

pub(super) const PASS: Pass = Pass::new(
    "tile",
    "Lets an output tile have as many sums as half of the accumulators hold, so that what stays in the array is loaded less \
     often; without it as many as the array has rows.",
    Work::OnPlan(work),
    tell,
);

fn work(plan: &mut Plan, chip: &Chip) {
    plan.tile_rows = sums_of_a_tile(chip);
}

fn tell(outcome: &Outcome) -> Vec<Note> {
    let (plan, chip) = (outcome.plan, outcome.chip);
    let mut notes = Vec::new();
    for layer in &plan.layers {
        let (Some([m, k, n]), Some(tiling)) = (plan.extents(layer), layer.tiling()) else { continue };
        // The side that is not bound to the array's.
        let (side, free, all) = match tiling.dataflow {
            Dataflow::InputStationary => ("columns", tiling.n, n),
            _ => ("rows", tiling.m, m),
        };
        let (sums, rows) = (sums_of_a_tile(chip), chip.rows);
        let chosen = layer.choices.as_ref().is_some_and(|choices| choices.tile.is_some());
        let limit = match () {
            () if chosen => "as the program chooses".to_owned(),
            () if free >= all => format!("all {side} at once"),
            () if tiling.dataflow == Dataflow::OutputStationary && free == rows => {
                format!("as many {side} as the array has")
            }
            () if free < sums && is_largest(plan, layer, tiling, chip) => {
                format!("so that {} matrix units have as much to do", plan.split.units)
            }
            () if free == sums => format!("half of the accumulators holds {sums} {side}"),
            () => {
                let most = chip.unified_buffer_bytes - plan.streams_from;
                format!(
                    "more {side} do not fit twice into the {most} bytes of the unified buffer that are there to stream through"
                )
            }
        };
        let packed = tiling.packed.map_or_else(String::new, |sparsity| format!(", packed {sparsity}"));
        let whole = whole(outcome, layer).unwrap_or_default();
        let text = format!(
            "{m} x {k} x {n} in tiles of {} x {} x {} ({}{packed}): {limit}{whole}",
            tiling.m,
            tiling.k,
            tiling.n,
            tiling.dataflow.name()
        );
        notes.push(Note { of: plan.tensors[layer.result].name.clone(), span: layer.span, text });
    }
    notes
}

/// Why weights that are pruned are multiplied whole on a chip that skips some, if they are.
fn whole(outcome: &Outcome, layer: &Layer) -> Option<String> {
    let (plan, chip, graph) = (outcome.plan, outcome.chip, outcome.draft.graph);
    let ([_, w], by) = (plan.factors(layer)?, chip.skips()?);
    let weights = &plan.tensors[w];
    let rule = graph.sparsity(weights.graph?).filter(|_| layer.skipped(chip).is_none())?;
    let why = match layer.kind {
        _ if layer.pruned.is_some() => {
            format!("from that {by} does not follow, which the chip skips")
        }
        LayerKind::Convolution(Convolution { image, groups, .. }) => format!(
            "its channels, {} at each place of the window, are no whole groups of {}",
            image.extents[3] / groups,
            rule.of()
        ),
        _ => "it does not lie as matrices of rows of k".to_owned(),
    };
    Some(format!("; `{}` is pruned {rule} and multiplied whole: {why}", weights.name))
}

/// Whether nothing but the arrays bounds a tile.
fn is_largest(plan: &Plan, layer: &Layer, tiling: Tiling, chip: &Chip) -> bool {
    let largest =
        plan.factors(layer).and_then(|factors| largest(plan, layer, factors, &plan.lent(chip)).ok());
    largest.is_some_and(|largest| (largest.m, largest.n) == (tiling.m, tiling.n))
}
