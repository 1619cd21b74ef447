//! A convolution: a product in bands of images, windows over them being its activations.

use super::bands::{counted, for_bands, kinds};
use super::build::{Builder, Matrix, wait};
use super::product::{Activations, Product, Section, Seen, most};
use crate::schedule::{Bands, Convolution, Image, Layer};

/// Emits a layer that begins with a convolution.
pub(super) fn emit(builder: &mut Builder, layer: &Layer, convolution: &Convolution) {
    let Convolution { image, w, groups, tiling, bands } = convolution;
    let extents = builder.plan.extents(layer).expect("it is a product");
    let supply = images(builder, image, *bands);
    let product = Product::new(builder, layer, supply, *w, *tiling, extents, *groups);
    product.all_panels(builder);
    let (units, per_core) = (builder.chip.matrix_units, builder.chip.units_per_core());
    let (kinds, widths) = (kinds(image, *bands), product.widths(builder));
    let of_core = |across: usize, places: usize, core: usize| {
        let turns = product.tiles_of(units, across, places);
        turns[core * per_core..][..per_core].iter().sum::<usize>()
    };
    let from = (!builder.plan.stays(image.x)).then(|| builder.dram(image.x));
    let cores = 0..builder.chip.cores;
    // Bands take the place of those before the last: of no kind of band that it has tiles of does a core have fewer.
    let least = |core: usize| {
        let all = widths.iter().flat_map(|across| kinds.iter().map(|places| (*across, *places)));
        all.map(|(across, places)| of_core(across, places, core)).filter(|tiles| *tiles > 0).min()
    };
    let least: Vec<usize> = cores.clone().map(|core| least(core).unwrap_or(0)).collect();
    let counted = counted(image, *bands);
    let down = counted.iter().map(|(count, places)| count * product.down(*places)).sum();
    product.stripes(builder, &mut |builder, stripe| {
        let across = product.across(stripe.cols);
        let turns = |places: usize| product.tiles_of(units, across, places);
        for_bands(builder, image, *bands, &turns, &mut |builder, band| {
            for core in cores.clone().filter(|core| of_core(across, band.places, *core) > 0) {
                let held = |matrix: &Matrix| band.held(image, matrix);
                let windows = from.as_ref().and_then(held).zip(held(&product.a[core]));
                let Some((from, to)) = windows else { continue };
                let mut waits = builder.until_in_dram(image.x, core as u32);
                waits
                    .push(builder.freed(core as u32, if builder.plan.blocks == 1 { 0 } else { least[core] }));
                builder.copy_in(core as u32, [from, to], waits, builder.events.rows[core]);
            }
            let turns = stripe.turns(down, &band.before);
            product.rows(builder, &Section { stripe, first: band.first, rows: band.places, turns });
        });
    });
    let mut all = vec![0; units];
    for (count, places) in counted {
        let more = product.tiles_of(units, product.across(product.n), places);
        all.iter_mut().zip(more).for_each(|(all, more)| *all += count * more);
    }
    builder.count_tiles(all.into_iter());
}

/// Images: whole where tensors stay, else bands of them.
fn images(builder: &mut Builder, image: &Image, bands: Bands) -> Activations {
    let dtype = builder.plan.tensors[image.x].dtype;
    let (mut ready, mut place) = (Vec::new(), Vec::new());
    for core in 0..builder.chip.cores as u32 {
        let (matrix, waits) = match builder.plan.stays(image.x) {
            true => builder.operand(image.x, core),
            false => {
                let matrix = builder.unified(
                    image.x,
                    core,
                    most(&[builder.plan.blocks, image.band_elements(bands) as usize]),
                );
                // A first band of nothing but padding brings nothing to wait for.
                let events = &builder.events;
                let before = builder.before_layer(events.left[core as usize]);
                (matrix, vec![wait(events.rows[core as usize], 0), before])
            }
        };
        ready.push(waits);
        place.push(matrix);
    }
    Activations { seen: Seen::Windows(*image), dtype, place, blocks: None, ready, waits: Vec::new() }
}
