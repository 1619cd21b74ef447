//! Images in bands: the loops over them, what each holds, and windows over it as an operand.

use super::build::{Builder, Index, Matrix};
use crate::isa::{self, Patches, Window};
use crate::schedule::{Bands, Image, Stretch};

/// A band of images.
pub(super) struct Band {
    /// Its first place of the window.
    pub first: Index,
    /// Places.
    pub places: usize,
    /// Its first row of the image's, those of all images below each other.
    line: Index,
    /// Such rows; none if all that is looked at is padding.
    lines: usize,
    /// What was counted in the bands before it.
    pub before: Vec<Index>,
}

impl Band {
    /// What it holds of the images that lie in a matrix.
    pub(super) fn held(&self, image: &Image, matrix: &Matrix) -> Option<Window> {
        let [_, _, w, c] = image.extents;
        let line = w * c;
        let window = |extents| matrix.strided(self.line.times(line), [line as u64, 1], extents);
        (self.lines > 0).then(|| window([self.lines, line]))
    }
}

/// Places of each kind of band that an image falls into.
pub(super) fn kinds(image: &Image, bands: Bands) -> Vec<usize> {
    let images = [bands.images, image.extents[0] % bands.images];
    let stretches = image.stretches(bands);
    let of = |images: usize| stretches.iter().map(move |stretch| images * stretch.rows * image.places[1]);
    images.into_iter().filter(|images| *images > 0).flat_map(of).collect()
}

/// How often there are bands of how many places.
pub(super) fn counted(image: &Image, bands: Bands) -> Vec<(usize, usize)> {
    let images = [(image.extents[0] / bands.images, bands.images), (1, image.extents[0] % bands.images)];
    let stretches = image.stretches(bands);
    let of = |(times, images): (usize, usize)| {
        let places = move |stretch: &Stretch| images * stretch.rows * image.places[1];
        stretches.iter().map(move |stretch| (times * stretch.bands, places(stretch)))
    };
    images.into_iter().flat_map(of).collect()
}

/// Goes over all bands. `count` says what a band of so many places adds to some counts, and each band knows what those before it
/// have added; all of it is returned.
pub(super) fn for_bands(
    builder: &mut Builder,
    image: &Image,
    bands: Bands,
    count: &dyn Fn(usize) -> Vec<usize>,
    each: &mut dyn FnMut(&mut Builder, &Band),
) -> Vec<usize> {
    let stretches = image.stretches(bands);
    let before: Vec<Index> = count(0).into_iter().map(|_| Index::default()).collect();
    let whole = image.extents[0] / bands.images;
    let of_all = |images: usize| {
        let mut all = vec![0; before.len()];
        for Stretch { bands, rows, .. } in &stretches {
            let more = count(images * rows * image.places[1]);
            all.iter_mut().zip(more).for_each(|(all, more)| *all += bands * more);
        }
        all
    };
    let (each_time, mut walk) = (of_all(bands.images), Walk { image, stretches: &stretches, count, each });
    several(builder, whole, |builder, times| {
        let first = times.on(Index::default(), bands.images);
        let before = before.iter().zip(&each_time).map(|(before, more)| times.on(*before, *more)).collect();
        walk.images(builder, first, bands.images, before);
    });
    let rest = image.extents[0] % bands.images;
    let mut all: Vec<usize> = each_time.iter().map(|more| whole * more).collect();
    if rest > 0 {
        let before = before.iter().zip(&all).map(|(before, more)| before.plus(*more)).collect();
        walk.images(builder, Index::at(whole * bands.images), rest, before);
        all.iter_mut().zip(of_all(rest)).for_each(|(all, more)| *all += more);
    }
    all
}

/// Where something is done again and again, if it is.
enum Times {
    Once,
    Loop(usize),
}

impl Times {
    /// An index that grows each time.
    fn on(&self, index: Index, step: usize) -> Index {
        match self {
            Times::Once => index,
            Times::Loop(depth) => index.along(*depth, step),
        }
    }
}

/// A loop, unless it would run once at most: programs have few within each other.
fn several(builder: &mut Builder, count: usize, body: impl FnOnce(&mut Builder, Times)) {
    match count {
        1 => body(builder, Times::Once),
        _ => builder.repeat(count, |builder, depth| body(builder, Times::Loop(depth))),
    }
}

struct Walk<'a> {
    image: &'a Image,
    stretches: &'a [Stretch],
    count: &'a dyn Fn(usize) -> Vec<usize>,
    each: &'a mut dyn FnMut(&mut Builder, &Band),
}

impl Walk<'_> {
    fn images(&mut self, builder: &mut Builder, first: Index, images: usize, mut before: Vec<Index>) {
        let Image { extents: [_, h, ..], places: [oh, ow], window, .. } = *self.image;
        for Stretch { bands, first: top, rows, held } in self.stretches {
            let places = images * rows * ow;
            let more = (self.count)(places);
            several(builder, *bands, |builder, times| {
                let band = Band {
                    first: times.on(first.times(oh * ow).plus(top * ow), rows * ow),
                    places,
                    line: times.on(first.times(h).plus(held.start), rows * window.stride[0]),
                    lines: images * held.len(),
                    before: before.iter().zip(&more).map(|(before, more)| times.on(*before, *more)).collect(),
                };
                (self.each)(builder, &band);
            });
            before.iter_mut().zip(more).for_each(|(before, more)| *before = before.plus(bands * more));
        }
    }
}

/// Windows over the images that lie in a matrix: places from one on, elements of the window from one on. `each` is how many
/// channels a group has.
pub(super) fn patches(
    image: &Image,
    each: usize,
    matrix: &Matrix,
    [row, col]: [Index; 2],
    [rows, cols]: [usize; 2],
) -> Patches {
    let window = image.window;
    let mut advance = [[0; 2]; isa::MOST_DEPTH];
    let steps = row.advance.into_iter().zip(col.advance);
    advance.iter_mut().zip(steps).for_each(|(into, (row, col))| *into = [row as usize, col as usize]);
    Patches {
        image: isa::Image {
            extents: image.extents,
            places: image.places,
            size: window.size,
            stride: window.stride,
            padding: [window.padding[0], window.padding[2]],
            dilation: window.dilation,
            each,
        },
        buffer: matrix.buffer,
        offset: matrix.first.first,
        moves: matrix.first.advance,
        first: [row, col].map(|index| index.first as usize),
        advance,
        rows,
        cols,
    }
}
