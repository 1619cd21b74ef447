//! What a program chooses itself: taken, or refused with the reason. All steps of k of a tile follow
//! each other, so that some choices have one answer only.

use super::{Convolution, Layer, LayerKind, TileOrder, Tiling, TooMuch};
use crate::chip::{Chip, Dataflow};
use crate::graph::{Choices, LoopAxis, Stationary};

/// The largest tile that the array takes, made as small as the program wants it; `k` is the whole sum.
pub(super) fn apply(mut most: Tiling, k: usize, layer: &Layer, chip: &Chip) -> Result<Tiling, TooMuch> {
    let Some(choices) = &layer.choices else { return Ok(most) };
    let refuse = |message: String, hint: String| Err(TooMuch { span: layer.span, message, hint });
    let Choices { dataflow, tile, order, buffers, .. } = **choices;
    if let Some(wanted) = dataflow.filter(|wanted| of_chip(*wanted) != chip.dataflow) {
        let message = format!(
            "this product is to run by `{}`, but {} is `{}`",
            wanted.name(),
            chip.name,
            chip.dataflow.name()
        );
        return refuse(
            message,
            format!("change the chip, as by `--set dataflow={}`, or leave the choice out", wanted.name()),
        );
    }
    if let Some([m, n, wanted_k]) = tile {
        let limits = [("rows", m, most.m), ("columns", n, most.n), ("steps of k", wanted_k, most.k)];
        if let Some((what, wanted, limit)) = limits.into_iter().find(|(_, wanted, limit)| wanted > limit) {
            let message = format!("a tile of {wanted} {what}: at most {limit} are possible here");
            return refuse(
                message,
                format!("{} has {} x {} PEs: take a smaller tile", chip.name, chip.rows, chip.cols),
            );
        }
        if let Some(sparsity) = most.packed
            && wanted_k < k
            && !wanted_k.is_multiple_of(sparsity.of())
        {
            let message =
                format!("a tile of {wanted_k} steps of k, which are no whole groups of {}", sparsity.of());
            return refuse(message, format!("{} skips weights that are pruned {sparsity}", chip.name));
        }
        if chip.dataflow == Dataflow::OutputStationary && wanted_k < k {
            let message = format!("a tile of {wanted_k} steps of k, of {k}");
            return refuse(
                message,
                "output-stationary sums stay in their PEs until they are whole: take all".into(),
            );
        }
        (most.m, most.n, most.k) = (m, n, wanted_k);
    }
    most.order = match order {
        None | Some([LoopAxis::M, LoopAxis::N, LoopAxis::K]) => TileOrder::Rows,
        Some([LoopAxis::N, LoopAxis::M, LoopAxis::K]) => match layer.kind {
            LayerKind::Convolution(Convolution { groups: 2.., .. }) => {
                let message =
                    "so far the groups of a convolution are gone through row by row of tiles".to_owned();
                return refuse(message, "write `order=\"mnk\"`, or leave it out".into());
            }
            _ => TileOrder::Columns,
        },
        Some(_) => {
            let message = "so far all steps of k of a tile follow each other".to_owned();
            return refuse(message, "write `order=\"mnk\"` or `order=\"nmk\"`, or leave it out".into());
        }
    };
    if buffers == Some(1) {
        let message = "so far every operand that passes through has two places".to_owned();
        return refuse(message, "write `buffers=2`, or leave it out".into());
    }
    Ok(most)
}

fn of_chip(wanted: Stationary) -> Dataflow {
    match wanted {
        Stationary::Weights => Dataflow::WeightStationary,
        Stationary::Inputs => Dataflow::InputStationary,
        Stationary::Outputs => Dataflow::OutputStationary,
    }
}
