//! Deep output tiles.

use super::super::{Plan, Residence, tiling::sums_of_a_tile};
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
            () if free == sums => format!("half of the accumulators holds {sums} {side}"),
            () if plan.residence == Residence::Dram => {
                let most = chip.unified_buffer_bytes;
                format!("more {side} do not fit twice into the {most} bytes of the unified buffer")
            }
            () => format!("an image has no more {side} in a band"),
        };
        let packed = tiling.packed.map_or_else(String::new, |sparsity| format!(", packed {sparsity}"));
        let text = format!(
            "{m} x {k} x {n} in tiles of {} x {} x {} ({}{packed}): {limit}",
            tiling.m,
            tiling.k,
            tiling.n,
            tiling.dataflow.name()
        );
        notes.push(Note { of: plan.tensors[layer.result].name.clone(), span: layer.span, text });
    }
    notes
}
