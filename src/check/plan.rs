//! A plan: what is read is there, what is left is left once, and it fits.

use std::collections::{BTreeMap, BTreeSet};

use super::layers::agrees;
use crate::base::Bytes;
use crate::chip::{Chip, Dataflow};
use crate::num::Operand;
use crate::schedule::{Layer, LayerKind, Place, Plan, PlannedId, TileOrder};

/// The first thing that must not be, in words.
pub fn check_plan(plan: &Plan, chip: &Chip) -> Result<(), String> {
    let mut left: BTreeSet<PlannedId> = BTreeSet::new();
    let mut results: BTreeMap<PlannedId, Vec<(Place, u64)>> = BTreeMap::new();
    for layer in &plan.layers {
        let name = &plan.tensors[layer.result].name;
        for id in reads(layer) {
            let (tensor, root) = (&plan.tensors[id], plan.root(id));
            let there = tensor.declared || plan.tensors[root].declared || left.contains(&root);
            check(there, || format!("`{name}` reads `{}`, which no layer before it leaves", tensor.name))?;
            within(plan, id)?;
        }
        within(plan, layer.result)?;
        let result = &plan.tensors[layer.result];
        check(!result.declared, || format!("`{name}` is declared, and a layer leaves it"))?;
        let places = results.entry(plan.root(layer.result)).or_default();
        let (from, len) = (result.place, result.elements());
        let meets = |(other, its): &(Place, u64)| {
            let apart = other.first + its <= from.first || from.first + len <= other.first;
            other.steps == from.steps && !apart
        };
        check(!places.iter().any(meets), || format!("two layers leave `{name}`"))?;
        places.push((from, len));
        left.insert(plan.root(layer.result));
        tiles(plan, layer, chip)?;
        agrees(plan, layer)?;
        kept(plan, layer)?;
    }
    for (id, tensor) in plan.tensors.iter().filter(|(_, tensor)| tensor.output) {
        let there = tensor.declared || left.contains(&plan.root(id));
        check(there, || format!("`{}` is an output, and no layer leaves it", tensor.name))?;
    }
    capacities(plan, chip)
}

pub(super) fn check(holds: bool, message: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(message()) }
}

/// Every tensor that a layer reads.
fn reads(layer: &Layer) -> Vec<PlannedId> {
    let mut all = match &layer.kind {
        LayerKind::Product { a, b, .. } => vec![*a, *b],
        LayerKind::Convolution(convolution) => vec![convolution.image.x, convolution.w],
        LayerKind::Pool(pool) => vec![pool.image.x],
        LayerKind::Vector { x, .. } => vec![*x],
        LayerKind::Move(work) => {
            let chosen = work.parts.iter().filter_map(|part| Some(part.chosen?.0));
            work.parts.iter().map(|part| part.from).chain(chosen).collect()
        }
    };
    for step in &layer.steps {
        all.extend(step.operands.iter().filter_map(|operand| match operand {
            Operand::Elements(id) => Some(*id),
            Operand::Number(_) => None,
        }));
    }
    all
}

/// Whether a tensor's elements lie in its memory as the repeats begin.
fn within(plan: &Plan, id: PlannedId) -> Result<(), String> {
    let (tensor, root) = (&plan.tensors[id], &plan.tensors[plan.root(id)]);
    let end = tensor.place.first + tensor.elements();
    check(end <= root.elements() && tensor.dtype == root.dtype, || {
        format!("`{}` ends at element {end} of `{}`, which has {}", tensor.name, root.name, root.elements())
    })
}

/// Whether memory that holds less than all its elements holds those of two iterations, of all that a layer works on.
fn kept(plan: &Plan, layer: &Layer) -> Result<(), String> {
    for id in reads(layer).into_iter().chain([layer.result]) {
        let (elements, memory) = (plan.tensors[id].elements(), plan.root(id));
        let held = plan.kept.get(&memory).copied();
        check(held.is_none_or(|held| held >= 2 * elements), || {
            format!("`{}` does not lie twice in what is held of its memory", plan.tensors[id].name)
        })?;
    }
    Ok(())
}

/// Whether a product's tiles fit the array and the accumulators.
fn tiles(plan: &Plan, layer: &Layer, chip: &Chip) -> Result<(), String> {
    let tiling = match &layer.kind {
        LayerKind::Product { tiling, .. } => tiling,
        LayerKind::Convolution(convolution) => &convolution.tiling,
        _ => return Ok(()),
    };
    let (across, sums) = match tiling.dataflow {
        Dataflow::WeightStationary => ([tiling.k, tiling.n], tiling.m),
        Dataflow::InputStationary => ([tiling.k, tiling.m], tiling.n),
        Dataflow::OutputStationary => ([tiling.m, tiling.n], tiling.m),
    };
    let grouped = matches!(&layer.kind, LayerKind::Convolution(convolution) if convolution.groups > 1);
    check(!grouped || tiling.order == TileOrder::Rows, || {
        format!("groups of `{}` go by columns", plan.tensors[layer.result].name)
    })?;
    let fits =
        across[0] <= chip.depth(tiling.packed) && across[1] <= chip.cols && sums <= chip.accumulator_rows;
    let some = tiling.m > 0 && tiling.n > 0 && tiling.k > 0;
    check(fits && some && tiling.dataflow == chip.dataflow, || {
        let name = &plan.tensors[layer.result].name;
        format!("tiles of `{name}` do not fit: {tiling:?}")
    })
}

fn capacities(plan: &Plan, chip: &Chip) -> Result<(), String> {
    let all: Bytes = plan.in_dram(chip).into_iter().sum();
    check(all <= chip.dram.bytes, || format!("{all} bytes do not fit the DRAM"))?;
    if plan.places.is_empty() {
        return Ok(());
    }
    check(plan.split.cores == 1, || "tensors stay on several cores".to_owned())?;
    let mut stays: BTreeMap<PlannedId, [usize; 2]> = BTreeMap::new();
    for (at, layer) in plan.layers.iter().enumerate() {
        // Declared weights come from DRAM into the array.
        let weights = match &layer.kind {
            LayerKind::Product { b, .. } => Some(*b),
            LayerKind::Convolution(convolution) => Some(convolution.w),
            _ => None,
        };
        let in_arrays = chip.dataflow == Dataflow::WeightStationary;
        let fetched = weights.filter(|w| in_arrays && plan.tensors[*w].declared);
        let here = reads(layer).into_iter().filter(|id| Some(*id) != fetched).chain([layer.result]);
        // What a repeat needs it needs from its first iteration to its last.
        let [first, last] = as_long_as(plan, at);
        for id in here.filter(|id| plan.stays(*id)) {
            check(!matches!(layer.kind, LayerKind::Move(_)), || {
                format!("`{}` stays, and is moved in DRAM", plan.tensors[id].name)
            })?;
            stays.entry(plan.root(id)).or_insert([first, last])[1] = last;
        }
    }
    places(plan, &stays, chip)
}

/// The first and the last layer of the outermost repeat around a layer; itself if there is none.
fn as_long_as(plan: &Plan, at: usize) -> [usize; 2] {
    let Some(around) = plan.layers[at].repeats.first() else { return [at; 2] };
    let is_other = |layer: &Layer| layer.repeats.first() != Some(around);
    let first = plan.layers[..at].iter().rposition(is_other).map_or(0, |other| other + 1);
    let last = plan.layers[at..].iter().position(is_other).map_or(plan.layers.len(), |other| at + other);
    [first, last - 1]
}

/// Tensors that stay from one layer to another, both included, each at its place.
fn places(plan: &Plan, stays: &BTreeMap<PlannedId, [usize; 2]>, chip: &Chip) -> Result<(), String> {
    let mut placed: Vec<(PlannedId, [usize; 2], [Bytes; 2])> = Vec::new();
    for (id, life) in stays {
        let tensor = &plan.tensors[*id];
        let Some(place) = plan.places.get(id) else { return Err(format!("`{}` has no place", tensor.name)) };
        let bytes = [place.address, place.address + plan.held_bytes(*id)];
        check(bytes[1] <= plan.streams_from && plan.streams_from <= chip.unified_buffer_bytes, || {
            format!("`{}` is beyond what is kept of the buffer", tensor.name)
        })?;
        for (other, other_life, others) in &placed {
            if others[1] <= bytes[0] || bytes[1] <= others[0] {
                continue;
            }
            let later = match () {
                () if other_life[1] < life[0] => *id,
                () if life[1] < other_life[0] => *other,
                () => {
                    return Err(format!(
                        "`{}` shares bytes with `{}`",
                        tensor.name, plan.tensors[*other].name
                    ));
                }
            };
            check(plan.places[&later].taken_over, || {
                format!("`{}` does not wait for its place", plan.tensors[later].name)
            })?;
        }
        placed.push((*id, *life, bytes));
    }
    Ok(())
}
