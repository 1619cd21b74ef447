//! What a program chooses itself: taken, or refused with the reason. All steps of k of a tile follow
//! each other, so that some choices have one answer only.

use super::{Convolution, Layer, LayerKind, TileOrder, Tiling, TooMuch};
use crate::chip::{Chip, Dataflow};
use crate::graph::{Choices, LoopAxis, Stationary};
use crate::num::Sparsity;

/// The largest tile that the array takes, made as small as the program wants it; M, K and N are those of the whole product.
pub(super) fn apply(
    mut most: Tiling,
    [all_m, k, all_n]: [usize; 3],
    layer: &Layer,
    chip: &Chip,
) -> Result<Tiling, TooMuch> {
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
        let whole_k = chip.dataflow == Dataflow::OutputStationary;
        let near_k = if whole_k { k } else { whole_groups(wanted_k.min(most.k), k, most.packed) };
        let nearest = [m.min(most.m), n.min(most.n), near_k];
        let limits =
            [("rows", m, most.m, all_m), ("columns", n, most.n, all_n), ("steps of k", wanted_k, most.k, k)];
        let over = limits.into_iter().find(|(_, wanted, limit, _)| wanted > limit);
        if let Some((what, wanted, limit, all)) = over {
            let message = format!("a tile of {wanted} {what}: at most {limit} are possible here");
            let why = match limit {
                _ if limit == all => "the product has no more".to_owned(),
                _ if limit == chip.rows || limit == chip.cols => {
                    format!("{} has {} x {} PEs", chip.name, chip.rows, chip.cols)
                }
                _ if limit == chip.depth(most.packed) => {
                    format!("{} rows of PEs take {limit} steps that are pruned", chip.rows)
                }
                _ => "a tile's sums take half of the accumulators".to_owned(),
            };
            return refuse(message, format!("{why}: the nearest is `tile={nearest:?}`"));
        }
        if whole_k && wanted_k < k {
            let message = format!("a tile of {wanted_k} steps of k, of {k}");
            let why = "output-stationary sums stay in their PEs until they are whole";
            return refuse(message, format!("{why}: the nearest is `tile={nearest:?}`"));
        }
        if let Some(sparsity) = most.packed
            && wanted_k != near_k
        {
            let message =
                format!("a tile of {wanted_k} steps of k, which are no whole groups of {}", sparsity.of());
            let why = format!("{} skips weights that are pruned {sparsity}", chip.name);
            return refuse(message, format!("{why}: the nearest is `tile={nearest:?}`"));
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

/// Steps of k of a tile as they can be: of packed weights whole groups, but for the last of all `k`.
fn whole_groups(wanted: usize, k: usize, packed: Option<Sparsity>) -> usize {
    let group = packed.map_or(1, |sparsity| sparsity.of());
    if wanted >= k { wanted } else { (wanted / group * group).max(group).min(k) }
}

fn of_chip(wanted: Stationary) -> Dataflow {
    match wanted {
        Stationary::Weights => Dataflow::WeightStationary,
        Stationary::Inputs => Dataflow::InputStationary,
        Stationary::Outputs => Dataflow::OutputStationary,
    }
}
