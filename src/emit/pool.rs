//! Pools: windows of images on the vector unit of the first core, all at once where tensors stay, else band by band.

use super::bands::{for_bands, patches};
use super::build::{Builder, Index, Matrix, wait};
use crate::isa::{Padding, Unit, VectorSource, Work};
use crate::num::{OperationKind, ReduceKind};
use crate::schedule::{Layer, Pool};

const CORE: u32 = 0;

/// Emits a layer that is a pool.
pub(super) fn emit(builder: &mut Builder, layer: &Layer, pool: &Pool) {
    let Pool { image, bands } = pool;
    let (channels, core) = (image.extents[3], CORE as usize);
    let greatest = OperationKind::Reduce(ReduceKind::Max);
    let padding = match layer.steps.iter().any(|step| step.kind == greatest) {
        true => Padding::Least,
        false => Padding::Zero,
    };
    let (x_stays, stays) = (builder.plan.stays(image.x), builder.plan.stays(layer.result));
    let (x, ready) = match x_stays {
        true => builder.operand(image.x, CORE),
        false => {
            let place =
                builder.unified(image.x, CORE, builder.plan.blocks * image.band_elements(*bands) as usize);
            (place, builder.until_in_dram(image.x, CORE))
        }
    };
    let from = (!x_stays).then(|| builder.dram(image.x));
    let place = builder.result(layer.result, CORE, builder.plan.blocks * image.places_of(*bands) * channels);
    let leaves = (!stays || builder.plan.leaves(layer.result)).then(|| builder.dram(layer.result));
    // Bands take the place of those before the last.
    let blocks = builder.plan.blocks;
    let (free, gone) = (builder.freed(CORE, blocks - 1), wait(builder.events.left[core], blocks - 1));
    for_bands(builder, image, *bands, &|_| Vec::new(), &mut |builder, band| {
        let mut waits = ready.clone();
        if let Some(from) = &from {
            waits.push(free);
            let windows = (band.held(image, from), band.held(image, &x));
            if let (Some(from), Some(to)) = windows {
                builder.copy_in(CORE, [from, to], waits, builder.events.operand[core]);
            }
            // A first band of nothing but padding brings nothing to wait for.
            let before = builder.before_layer(builder.events.left[core]);
            waits = vec![wait(builder.events.operand[core], 0), before];
        }
        waits.push(builder.before_layer(builder.events.worked[core]));
        waits.extend(builder.until_free(layer.result, CORE));
        if !stays {
            waits.push(gone);
        }
        let cols = channels * image.window.size[0] * image.window.size[1];
        let windows = patches(image, 1, &x, [band.first, Index::default()], [band.places, cols]);
        let source = VectorSource::Patches(windows, padding);
        // Places and their channels are rows of one element.
        let left =
            |matrix: &Matrix| matrix.strided(band.first.times(channels), [1, 1], [band.places * channels, 1]);
        let target = left(&place);
        let steps = layer.steps.iter().map(|step| step.map(|_| target)).collect();
        let signals = builder.worked(CORE);
        builder.push(Unit::Vector(CORE), Work::Vector { source, steps, target }, waits, signals);
        if let Some(dram) = &leaves {
            builder.copy_out(CORE, [target, left(dram)]);
        }
    });
}
