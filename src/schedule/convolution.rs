//! Convolutions and pools: products and reductions of windows over images, which no one writes down (implicit im2col).
//!
//! Where tensors pass through the unified buffer, an image comes in bands: the rows that some rows of places look at. So bands
//! overlap, and rows that two of them share come twice. A band is several images, or one, or a part of one, as much as fits.
//! Each group's channels are a product of their own: the array is as full as one of them fills it.

use std::ops::Range;

use super::{LayerKind, Planned, PlannedId, Planner, Tiling};
use crate::base::Bytes;
use crate::graph::{Graph, OpId, OpKind, TensorId, Window};

/// Windows over images that lie in a tensor of `[n, h, w, c]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Image {
    /// The tensor.
    pub x: PlannedId,
    /// Where the window goes.
    pub window: Window,
    /// n, h, w, c.
    pub extents: [usize; 4],
    /// Height and width of the result.
    pub places: [usize; 2],
}

/// A convolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Convolution {
    /// What it looks at.
    pub image: Image,
    /// Filters: `[kh * kw * c / groups, f]`.
    pub w: PlannedId,
    /// Parts of the channels.
    pub groups: usize,
    /// How the product of a group is cut.
    pub tiling: Tiling,
    /// How images come.
    pub bands: Bands,
}

/// A pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pool {
    /// What it looks at.
    pub image: Image,
    /// How images come.
    pub bands: Bands,
}

/// How much comes at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bands {
    /// Images: one, if rows are not all.
    pub images: usize,
    /// Rows of places of each image.
    pub rows: usize,
}

/// Bands of one image that follow each other alike: from one to the next there are as many rows of places as one has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// How many.
    pub bands: usize,
    /// The first one's first row of places.
    pub first: usize,
    /// Rows of places of each.
    pub rows: usize,
    /// Rows of each image that come with the first one: those it looks at, or all of several images.
    pub held: Range<usize>,
}

impl Image {
    /// All that there is, at once.
    pub(super) fn whole(&self) -> Bands {
        Bands { images: self.extents[0], rows: self.places[0] }
    }

    /// Rows of the image that rows of places look at.
    fn held(&self, places: Range<usize>) -> Range<usize> {
        // In 64 bits: with its padding an image may be higher than 32 bits count.
        let [size, stride, padding, dilation] = {
            let Window { size, stride, padding, dilation } = self.window;
            [size[0], stride[0], padding[0], dilation[0]].map(|side| side as u64)
        };
        let inside = |at: u64| at.saturating_sub(padding).min(self.extents[1] as u64) as usize;
        let end = (places.end as u64 - 1) * stride + (size - 1) * dilation + 1;
        inside(places.start as u64 * stride)..inside(end)
    }

    /// The bands of an image, from the top.
    pub(crate) fn stretches(&self, bands: Bands) -> Vec<Stretch> {
        let mut all: Vec<Stretch> = Vec::new();
        for first in (0..self.places[0]).step_by(bands.rows) {
            let rows = bands.rows.min(self.places[0] - first);
            // Several images lie together as they are.
            let held = if bands.images > 1 { 0..self.extents[1] } else { self.held(first..first + rows) };
            let continues = |last: &Stretch| {
                let on = last.bands.saturating_mul(rows).saturating_mul(self.window.stride[0]);
                last.rows == rows
                    && [held.start, held.end]
                        == [last.held.start, last.held.end].map(|at| at.saturating_add(on))
            };
            match all.last_mut().filter(|last| continues(last)) {
                Some(last) => last.bands += 1,
                None => all.push(Stretch { bands: 1, first, rows, held }),
            }
        }
        all
    }

    /// Loops within each other that go over all bands.
    pub(super) fn loops(&self, bands: Bands) -> usize {
        let images = self.extents[0] / bands.images > 1;
        let rows = self.stretches(bands).iter().any(|stretch| stretch.bands > 1);
        usize::from(images) + usize::from(rows)
    }

    /// Elements of the largest band.
    pub(crate) fn band_elements(&self, bands: Bands) -> u64 {
        let [_, _, w, c] = self.extents;
        let lines = self.stretches(bands).iter().map(|stretch| stretch.held.len()).max();
        [bands.images, lines.unwrap_or(0), w, c].into_iter().map(|side| side as u64).product()
    }

    /// Elements of all that the windows look at, image by image.
    pub(crate) fn all_elements(&self) -> u64 {
        let one = Bands { images: 1, ..self.whole() };
        self.extents[0] as u64 * self.band_elements(one)
    }

    /// Places of the window in a whole band.
    pub(crate) fn places_of(&self, bands: Bands) -> usize {
        bands.images * bands.rows * self.places[1]
    }
}

impl Bands {
    /// About half of it, unless it is the least.
    pub(super) fn smaller(self) -> Option<Bands> {
        match self {
            Bands { images: 1, rows: 1 } => None,
            Bands { images: 1, rows } => Some(Bands { images: 1, rows: rows.div_ceil(2) }),
            Bands { images, rows } => Some(Bands { images: images.div_ceil(2), rows }),
        }
    }
}

impl Convolution {
    /// Rows, steps of k and columns of a group's product, all images together.
    pub fn extents(&self, w: &Planned) -> [usize; 3] {
        [self.image.places_of(self.image.whole()), w.rows, w.cols / self.groups]
    }
}

/// Bytes of a band of an image.
pub(super) fn band_bytes(image: &Image, bands: Bands, x: &Planned) -> Bytes {
    image.band_elements(bands) * x.dtype.bytes() as Bytes
}

fn extents(graph: &Graph, id: TensorId) -> [usize; 4] {
    let shape = &graph.tensors[id].ty.shape.0;
    <[usize; 4]>::try_from(&shape[..]).expect("images and filters have four axes, as graphs are verified")
}

impl Planner<'_> {
    fn image(&mut self, op: OpId, window: Window) -> Image {
        let graph = self.graph;
        let op = &graph.ops[op];
        let [_, oh, ow, _] = extents(graph, op.result());
        let extents = extents(graph, op.operands[0]);
        Image { x: self.tensor(op.operands[0]), window, extents, places: [oh, ow] }
    }

    /// A convolution or a pool, if the operator is one.
    pub(super) fn windows(&mut self, id: OpId) -> Option<LayerKind> {
        let graph = self.graph;
        match graph.ops[id].kind {
            OpKind::Conv2d { window, groups } => {
                let image = self.image(id, window);
                let w = self.tensor(graph.ops[id].operands[1]);
                let (tiling, bands) = (Tiling::default(), image.whole());
                Some(LayerKind::Convolution(Convolution { image, w, groups, tiling, bands }))
            }
            OpKind::Pool(_, window) => {
                let image = self.image(id, window);
                Some(LayerKind::Pool(Pool { image, bands: image.whole() }))
            }
            _ => None,
        }
    }
}
