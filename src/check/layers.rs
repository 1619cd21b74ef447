//! What a layer says of itself must agree: its steps with its operators and with what it leaves, its factors with each other, and
//! what it moves with where that lies.

use std::collections::BTreeSet;

use super::plan::check;
use crate::num::{DType, MapKind, Operand, OperationKind};
use crate::schedule::{Layer, LayerKind, Move, Part, Plan};

/// Most elements of a move that are gone through one by one.
const MOST_MOVED: u64 = 1 << 16;

/// Whether a layer agrees with itself.
pub(super) fn agrees(plan: &Plan, layer: &Layer) -> Result<(), String> {
    let name = &plan.tensors[layer.result].name;
    if let LayerKind::Move(work) = &layer.kind {
        return moves_all(plan, layer, work);
    }
    let (dtype, [rows, cols]) = begins(plan, layer)?;
    let steps = layer.steps.len();
    check(steps_of_operators(layer).contains(&steps), || {
        format!("`{name}` takes {steps} steps for {} operators", layer.ops.len())
    })?;
    works(plan, layer, dtype, [rows, cols])
}

/// How many steps so many operators have: each one, but a product, which may have a conversion of its sums instead.
fn steps_of_operators(layer: &Layer) -> [usize; 2] {
    let all = layer.ops.len();
    let converts = layer.steps.first().is_some_and(|step| step.kind == OperationKind::Cast);
    match layer.kind {
        LayerKind::Product { .. } | LayerKind::Convolution(_) => {
            let fewest = all.saturating_sub(1);
            [fewest, fewest + usize::from(converts)]
        }
        _ => [all, all],
    }
}

/// What the first step works on: of which dtype, how many rows and columns.
fn begins(plan: &Plan, layer: &Layer) -> Result<(DType, [usize; 2]), String> {
    let name = &plan.tensors[layer.result].name;
    Ok(match &layer.kind {
        LayerKind::Product { a, b, .. } => {
            let (a, b) = (&plan.tensors[*a], &plan.tensors[*b]);
            check(a.cols * layer.copies == b.rows && a.rows.is_multiple_of(layer.copies), || {
                format!("`{name}` multiplies {} columns by {} rows", a.cols, b.rows / layer.copies)
            })?;
            (a.dtype.sums(), [a.rows, b.cols])
        }
        LayerKind::Convolution(convolution) => {
            let (image, w) = (convolution.image, &plan.tensors[convolution.w]);
            let taps = image.window.size.iter().product::<usize>() * image.extents[3];
            check(w.rows * convolution.groups == taps && w.cols.is_multiple_of(convolution.groups), || {
                format!("`{name}` multiplies windows of {taps} elements by {} rows", w.rows)
            })?;
            let places = image.places.iter().product::<usize>() * image.extents[0];
            (plan.tensors[image.x].dtype.sums(), [places, w.cols])
        }
        LayerKind::Pool(pool) => {
            let places = pool.image.places.iter().product::<usize>() * pool.image.extents[0];
            let taps = pool.image.window.size.iter().product();
            (plan.tensors[pool.image.x].dtype, [places * pool.image.extents[3], taps])
        }
        LayerKind::Vector { x, block_rows } => {
            check(*block_rows > 0, || format!("`{name}` works on no rows at a time"))?;
            (plan.tensors[*x].dtype, plan.worked_on(*x, layer))
        }
        LayerKind::Move(_) => unreachable!("it has no steps"),
    })
}

/// Whether steps, one after the other, leave the result.
fn works(plan: &Plan, layer: &Layer, mut dtype: DType, [rows, mut cols]: [usize; 2]) -> Result<(), String> {
    let result = &plan.tensors[layer.result];
    for step in &layer.steps {
        // Of whole numbers, only the negative may need more bits.
        let keeps = match step.kind {
            OperationKind::Map(MapKind::Negate) => true,
            OperationKind::Map(_) => step.to == dtype,
            _ => true,
        };
        let takes = step.kind.takes(dtype, step.to) && keeps;
        check(takes && step.operands.len() == step.kind.operands(), || {
            format!("a step of `{}` does not take {dtype} to {}", result.name, step.to)
        })?;
        for operand in &step.operands {
            let Operand::Elements(id) = operand else { continue };
            let other = &plan.tensors[*id];
            let fits = [1, rows].contains(&other.rows) && [1, cols].contains(&other.cols);
            check(fits && other.dtype.is_float() == dtype.is_float(), || {
                format!("`{}` is no operand of {rows} rows and {cols} columns of {dtype}", other.name)
            })?;
        }
        (dtype, cols) = (step.to, step.kind.cols(cols));
    }
    check(dtype == result.dtype && (rows as u64) * cols as u64 == result.elements(), || {
        format!("what is worked out is not `{}`: {rows} rows and {cols} columns of {dtype}", result.name)
    })
}

/// Whether parts together leave every element of the result once.
fn moves_all(plan: &Plan, layer: &Layer, work: &Move) -> Result<(), String> {
    let result = &plan.tensors[layer.result];
    let all: u64 = work.parts.iter().map(|part| axes(part).map(|axis| axis.0).product::<u64>()).sum();
    check(all == result.elements() && layer.steps.is_empty(), || {
        format!("{all} elements are moved to `{}`, which has {}", result.name, result.elements())
    })?;
    for part in &work.parts {
        let from = &plan.tensors[part.from];
        let rows = |extent: u64| part.chosen.map_or(extent, |(_, of)| of as u64);
        let loops = part.loops.iter().map(|axis| (axis.extent, axis.from));
        let own = [(rows(part.rows.extent), part.rows.from), (part.cols.extent, part.cols.from)];
        let last: u64 = loops.chain(own).map(|(extent, apart)| (extent - 1) * apart).sum();
        check(part.first[0] + last < from.elements() && from.dtype == result.dtype, || {
            format!("`{}` is moved from beyond the end of `{}`", result.name, from.name)
        })?;
        let whole = [part.rows.extent, part.cols.extent];
        let cut = part.block.iter().zip(whole).all(|(block, extent)| (1..=extent).contains(block));
        check(cut, || format!("`{}` is moved in blocks of {:?} of {whole:?}", result.name, part.block))?;
    }
    if all > MOST_MOVED {
        return Ok(());
    }
    let mut left: BTreeSet<u64> = BTreeSet::new();
    work.parts.iter().for_each(|part| left.extend(places(part)));
    check(left.len() as u64 == all && left.last().is_none_or(|last| *last < all), || {
        format!("an element of `{}` is moved there twice, or beyond its end", result.name)
    })
}

/// Extents and distances in the result, outermost first.
fn axes(part: &Part) -> impl Iterator<Item = (u64, u64)> {
    part.loops.iter().chain([&part.rows, &part.cols]).map(|axis| (axis.extent, axis.to))
}

/// Where a part's elements go.
fn places(part: &Part) -> Vec<u64> {
    axes(part).fold(vec![part.first[1]], |places, (extent, to)| {
        places.iter().flat_map(|place| (0..extent).map(move |at| place + at * to)).collect()
    })
}
