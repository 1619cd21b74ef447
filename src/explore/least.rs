//! What a product takes at least, from its tiles alone: quick, so that most ways need not even be lowered.

use super::Asked;
use crate::base::Cycle;
use crate::chip::{Chip, Dataflow};
use crate::schedule::{LayerKind, Plan, TileOrder, Tiling};

/// Cycles below which a product by itself, cut into such tiles, cannot end: what streams through the arrays, shared
/// evenly; loads of what stays in them; what comes over the bus again with each row or each stripe of tiles. Groups are left out, and edges of bands.
pub(super) fn least(alone: &Plan, planned: &Tiling, (m, n, order): Asked, chip: &Chip) -> Cycle {
    let layer = &alone.layers[0];
    let (Some([rows, depth, cols]), Some([a, b])) = (alone.extents(layer), alone.factors(layer)) else {
        return 0;
    };
    let (a_stays, b_stays) = (alone.stays(a), alone.stays(b));
    let (a, b, units) = (&alone.tensors[a], &alone.tensors[b], chip.matrix_units);
    let Some(rate) = chip.rate(a.dtype, b.dtype) else { return 0 };
    let product = |sides: &[usize]| {
        sides.iter().fold(layer.copies as u64, |product, side| product.saturating_mul(*side as u64))
    };
    let (down, across, steps) = (rows.div_ceil(m), cols.div_ceil(n), depth.div_ceil(planned.k.max(1)));
    let (streamed, loads) = match planned.dataflow {
        Dataflow::WeightStationary => (product(&[across, steps, rows]), product(&[down, across, steps])),
        Dataflow::InputStationary => (product(&[down, steps, cols]), product(&[down, across, steps])),
        Dataflow::OutputStationary => (product(&[down, across, depth]), 0),
    };
    let streams = rate.inverse().ceil_of(streamed).div_ceil(units as u64);
    let loads = loads.saturating_mul(chip.rows as u64).div_ceil(units as u64);
    let activations = product(&[rows, depth, a.dtype.bytes()]);
    let weights = product(&[depth, cols, b.dtype.bytes()]);
    // Of packed weights those that are kept; their places come on top.
    let weights = planned.packed.map_or(weights, |rule| weights / rule.of() as u64 * rule.kept() as u64);
    let moved = match (order, &layer.kind) {
        (TileOrder::Rows, _) if !b_stays => weights.saturating_mul(down as u64),
        (TileOrder::Columns, LayerKind::Product { .. }) if !a_stays => {
            activations.saturating_mul(cols.div_ceil(units * n) as u64)
        }
        _ => 0,
    };
    streams.max(loads).max(chip.dram.link.bytes_per_cycle.inverse().ceil_of(moved))
}
