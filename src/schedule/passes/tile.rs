//! Deep output tiles.

use super::super::tiling::{Tiling, largest, sums_of_a_tile};
use super::super::{Convolution, Layer, LayerKind, Plan};
use super::{Note, Outcome, Pass, Work, multiplies};
use crate::chip::{Chip, Dataflow};
use crate::graph::{Graph, OpKind, Source, TensorId};
use crate::num::Sparsity;

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

/// Why a factor that is declared pruned is multiplied whole, if it is.
fn whole(outcome: &Outcome, layer: &Layer) -> Option<String> {
    let (chip, graph) = (outcome.chip, outcome.draft.graph);
    let op = layer.ops.iter().map(|id| &graph.ops[*id]).find(|op| multiplies(&op.kind))?;
    if layer.skipped(chip).is_some() {
        return None;
    }
    let pruned = |side: &usize| {
        let declared = seen(graph, *op.operands.get(*side)?);
        Some((*side, declared, graph.sparsity(declared)?))
    };
    let (side, declared, rule) = [1, 0].iter().find_map(pruned)?;
    let why = match (chip.sparsity, chip.skips()) {
        (None, _) => "the chip has no `sparsity`".to_owned(),
        (_, None) => format!("by {} the chip skips nothing, only where weights stay", chip.dataflow.name()),
        _ if side == 0 => {
            "it is the first factor, and of a product the second one's zeros are skipped".to_owned()
        }
        _ if op.operands[1] != declared => {
            "it is not read as it is declared, but in part or in another order".to_owned()
        }
        (_, Some(by)) => of_whole(layer, rule, by),
    };
    Some(format!("; `{}` is pruned {rule} and multiplied whole: {why}", graph.name(declared)))
}

/// The same of a second factor, read as it is declared, on a chip that skips some.
fn of_whole(layer: &Layer, rule: Sparsity, by: Sparsity) -> String {
    match layer.kind {
        _ if layer.pruned.is_some() => format!("from that {by} does not follow, which the chip skips"),
        LayerKind::Convolution(Convolution { image, groups, .. }) => format!(
            "its channels, {} at each place of the window, are no whole groups of {}",
            image.extents[3] / groups,
            rule.of()
        ),
        _ => "it does not lie as matrices of rows of k".to_owned(),
    }
}

/// The tensor of which an operand shows a part, or all in another order.
fn seen(graph: &Graph, mut tensor: TensorId) -> TensorId {
    while let Source::Op(op, _) = graph.tensors[tensor].source
        && let OpKind::Slice(_) | OpKind::Transpose(_) | OpKind::Reshape = graph.ops[op].kind
    {
        tensor = graph.ops[op].operands[0];
    }
    tensor
}

/// Whether nothing but the arrays bounds a tile.
fn is_largest(plan: &Plan, layer: &Layer, tiling: Tiling, chip: &Chip) -> bool {
    let largest =
        plan.factors(layer).and_then(|factors| largest(plan, layer, factors, &plan.lent(chip)).ok());
    largest.is_some_and(|largest| (largest.m, largest.n) == (tiling.m, tiling.n))
}
