//! Where things stand: the array in the middle, weights above it, activations at its left, accumulators below; around them the
//! other units of the chip. A camera looks at all of it or at a single PE.

use std::ops::Range;

/// Places in pixels, for a picture of a given size.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Layout {
    /// Side of a PE's square, gap included.
    pub pitch: f64,
    /// Left edge of the array.
    pub left: f64,
    /// Top edge of the array.
    pub top: f64,
    /// R
    pub rows: usize,
    /// C
    pub cols: usize,
    /// Hops of activations shown at the left.
    pub hops_left: usize,
    /// Hops of weights shown above.
    pub hops_above: usize,
    /// Rows of accumulators shown below.
    pub accumulator_rows: usize,
    /// Between the array and what stands around it.
    pub gap: f64,
    /// How much larger everything is than in the picture of the whole array.
    pub zoom: f64,
    /// Width and height of the picture.
    pub size: [f64; 2],
}

/// Where one looks, in sides of PEs from the array's top left corner, and how much larger than in the picture of the whole array.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Camera {
    /// What is in the middle: column and row.
    pub at: [f64; 2],
    /// 1 shows the whole array.
    pub zoom: f64,
}

/// Width of a waiting activation, and height of a waiting weight or an accumulator, against the pitch.
const FEED_WIDTH: f64 = 0.66;
const FEED_HEIGHT: f64 = 0.46;
/// Room for the words above the weights, between the parts, and below the accumulators.
const MARGIN: f64 = 12.0;
const CAPTION: f64 = 22.0;
const GAP: f64 = 8.0;
/// Room for the unified buffer at the left, and for DRAM and the vector unit at the right, in pictures from this width on.
const WIDE: f64 = 620.0;
const BUFFER: f64 = 74.0;
const MEMORY: f64 = 150.0;

/// How near one looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// All of the chip.
    Chip,
    /// The array fills the picture.
    Array,
    /// A PE with its registers.
    Pe,
    /// What a PE computes, bit by bit.
    Bits,
}

impl Level {
    /// From far to near.
    pub const ALL: [Level; 4] = [Level::Chip, Level::Array, Level::Pe, Level::Bits];
}

/// Shares of the picture's shorter side that a PE has, looked at from near by and from nearest.
const PE: f64 = 0.62;
const NEAREST: f64 = 0.98;

impl Camera {
    /// A share of the way to another one: sizes grow by equal factors.
    pub fn towards(self, goal: Camera, share: f64) -> Camera {
        let zoom = self.zoom * (goal.zoom / self.zoom).powf(share);
        // Places move by what is seen of them, so that the goal does not leave the picture on the way.
        let moved = if (goal.zoom / self.zoom - 1.0).abs() < 1e-6 {
            share
        } else {
            (1.0 / self.zoom - 1.0 / zoom) / (1.0 / self.zoom - 1.0 / goal.zoom)
        };
        let along = |from: f64, to: f64| from + (to - from) * moved;
        Camera { at: [along(self.at[0], goal.at[0]), along(self.at[1], goal.at[1])], zoom }
    }

    /// Whether nobody would see the difference.
    pub fn is_close_to(self, goal: Camera) -> bool {
        let apart = (0..2).map(|axis| (self.at[axis] - goal.at[axis]).abs()).fold(0.0, f64::max);
        (goal.zoom / self.zoom).ln().abs() < 0.004 && apart * goal.zoom < 0.05
    }
}

impl Layout {
    /// The largest picture of an R x C array that fits.
    pub fn new(width: f64, height: f64, rows: usize, cols: usize) -> Layout {
        let small = rows.max(cols) > 32;
        let (hops_left, hops_above, accumulator_rows) = match width < 520.0 {
            _ if small => (8, 8, 8),
            true => (3, 3, 4),
            false => (5, 3, 4),
        };
        let size = [width, height];
        let mut layout = Layout {
            pitch: 1.0,
            left: 0.0,
            top: 0.0,
            rows,
            cols,
            hops_left,
            hops_above,
            accumulator_rows,
            gap: GAP,
            zoom: 1.0,
            size,
        };
        // Where there is room, the units at both sides are in the picture from the start.
        let beside = if width < WIDE { [0.0, 0.0] } else { [BUFFER, MEMORY] };
        let whole = width;
        let width = width - beside[0] - beside[1];
        let across =
            (width - 2.0 * MARGIN - layout.gap) / (cols as f64 + layout.feed_width() * hops_left as f64);
        let feeds = layout.feed_height() * (hops_above + accumulator_rows) as f64;
        let down = (height - 2.0 * (MARGIN + CAPTION + layout.gap)) / (rows as f64 + feeds);
        layout.pitch = across.min(down).clamp(0.5, 96.0);
        let used_across = layout.feed_width() * layout.pitch * hops_left as f64 + layout.gap + layout.width();
        layout.left =
            whole - beside[1] - MARGIN - (width - 2.0 * MARGIN - used_across) / 2.0 - layout.width();
        let used_down = feeds * layout.pitch + 2.0 * layout.gap + layout.height();
        let above = layout.feed_height() * layout.pitch * hops_above as f64 + layout.gap;
        layout.top = ((height - used_down) / 2.0).max(MARGIN + CAPTION) + above;
        layout
    }

    /// The camera that shows the whole array.
    pub fn camera(&self) -> Camera {
        let [width, height] = self.size;
        let at = [(width / 2.0 - self.left) / self.pitch, (height / 2.0 - self.top) / self.pitch];
        Camera { at, zoom: 1.0 }
    }

    /// A picture of the whole array as a camera sees it.
    pub fn seen(mut self, camera: Camera) -> Layout {
        self.pitch *= camera.zoom;
        self.gap *= camera.zoom;
        self.zoom = camera.zoom;
        self.left = self.size[0] / 2.0 - camera.at[0] * self.pitch;
        self.top = self.size[1] / 2.0 - camera.at[1] * self.pitch;
        self
    }

    /// Whether numbers are large enough to be seen moving, and few enough to be drawn again and again.
    pub fn moves(&self) -> bool {
        self.pitch >= 22.0
    }

    /// Whether the chip around the array is in the picture, as far as it is not beyond its edges.
    pub fn shows_chip(&self) -> bool {
        self.size[0] >= WIDE || self.zoom < 1.0
    }

    /// Of the picture of the whole array: the camera that looks at something.
    pub fn camera_of(&self, level: Level, (row, col): (usize, usize)) -> Camera {
        let [width, height] = self.size;
        let middle = [self.cols as f64 / 2.0, self.rows as f64 / 2.0];
        let pe = [col as f64 + 0.5, row as f64 + 0.5];
        let near = |share: f64| share * width.min(height) / self.pitch;
        match level {
            Level::Chip if self.shows_chip() => self.camera(),
            Level::Chip => Camera { at: self.camera().at, zoom: self.least() },
            Level::Array => {
                let zoom = (0.94 * width / self.width()).min(0.94 * height / self.height());
                Camera { at: middle, zoom: zoom.max(1.0) }
            }
            Level::Pe => Camera { at: pe, zoom: near(PE) },
            Level::Bits => Camera { at: pe, zoom: near(NEAREST) },
        }
    }

    /// How near a zoomed picture looks.
    pub fn level(&self) -> Level {
        let share = self.pitch / self.size[0].min(self.size[1]);
        match () {
            () if share >= super::bits::BITS => Level::Bits,
            () if self.pitch >= super::circuit::CIRCUIT && (share >= 0.4 || self.zoom > 2.0) => Level::Pe,
            () if self.zoom > 1.05 => Level::Array,
            () => Level::Chip,
        }
    }

    /// Of the picture of the whole array: a camera that shows everything larger by a factor, but for one point.
    pub fn zoomed(&self, camera: Camera, [x, y]: [f64; 2], factor: f64) -> Camera {
        let [width, height] = self.size;
        let zoom = (camera.zoom * factor).clamp(self.least(), self.most());
        let from = |at: f64, point: f64, size: f64| {
            let away = (point - size / 2.0) / self.pitch;
            at + away / camera.zoom - away / zoom
        };
        Camera { at: [from(camera.at[0], x, width), from(camera.at[1], y, height)], zoom }
    }

    /// Of the picture of the whole array: a camera that has at least something to look at.
    pub fn clamped(&self, Camera { at: [x, y], zoom }: Camera) -> Camera {
        let zoom = zoom.clamp(self.least(), self.most());
        // Beside the array stand a few more sides of PEs, and the other units.
        let beside = 4.0 + 160.0 / self.pitch;
        let [x, y] =
            [(x, self.cols), (y, self.rows)].map(|(at, side)| at.clamp(-beside, side as f64 + beside));
        Camera { at: [x, y], zoom }
    }

    /// The smallest zoom: the whole chip is in the picture.
    fn least(&self) -> f64 {
        let [width, _] = self.size;
        (0.9 * width / (width + BUFFER + MEMORY)).min(0.8)
    }

    /// The largest: a PE is larger than the picture.
    fn most(&self) -> f64 {
        (1.5 * self.size[0].min(self.size[1]) / self.pitch).max(1.0)
    }

    /// Rows of PEs that are in the picture, at least in part.
    pub fn rows_seen(&self) -> Range<usize> {
        seen(self.top, self.size[1], self.pitch, self.rows)
    }

    /// Columns of PEs that are in the picture, at least in part.
    pub fn cols_seen(&self) -> Range<usize> {
        seen(self.left, self.size[0], self.pitch, self.cols)
    }

    /// Width of the array.
    pub fn width(&self) -> f64 {
        self.pitch * self.cols as f64
    }

    /// Height of the array.
    pub fn height(&self) -> f64 {
        self.pitch * self.rows as f64
    }

    /// Corner of a PE.
    pub fn pe(&self, row: usize, col: usize) -> [f64; 2] {
        [self.left + col as f64 * self.pitch, self.top + row as f64 * self.pitch]
    }

    /// Bounds of an activation that has `hops` to go, from 1.
    pub fn activation(&self, hops: usize, row: usize) -> [f64; 4] {
        let width = self.feed_width() * self.pitch;
        let height = if self.is_small() { self.pitch } else { FEED_HEIGHT * self.pitch };
        let y = self.top + (row as f64 + 0.5) * self.pitch - height / 2.0;
        [self.left - self.gap - hops as f64 * width, y, width, height]
    }

    /// Bounds of a weight that has `hops` to go, from 1.
    pub fn weight(&self, hops: usize, col: usize) -> [f64; 4] {
        let height = self.feed_height() * self.pitch;
        let y = self.top - self.gap - hops as f64 * height;
        [self.left + col as f64 * self.pitch, y, self.pitch, height]
    }

    /// Bounds of an accumulator, by its place in the rows shown.
    pub fn accumulator(&self, row: usize, col: usize) -> [f64; 4] {
        let height = self.feed_height() * self.pitch;
        let y = self.top + self.height() + self.gap + row as f64 * height;
        [self.left + col as f64 * self.pitch, y, self.pitch, height]
    }

    /// The PE at a point.
    pub fn hit(&self, x: f64, y: f64) -> Option<(usize, usize)> {
        let place = |from: f64, count: usize| {
            let at = (from / self.pitch).floor();
            (at >= 0.0 && at < count as f64).then_some(at as usize)
        };
        Some((place(y - self.top, self.rows)?, place(x - self.left, self.cols)?))
    }

    /// Whether cells are too small for a shape and a number each.
    pub fn is_small(&self) -> bool {
        self.pitch < 13.0
    }

    fn feed_width(&self) -> f64 {
        if self.rows.max(self.cols) > 32 { 1.0 } else { FEED_WIDTH }
    }

    fn feed_height(&self) -> f64 {
        if self.rows.max(self.cols) > 32 { 1.0 } else { FEED_HEIGHT }
    }
}

/// Of `count` things side by side from `start` on, those that are partly between 0 and `end`.
fn seen(start: f64, end: f64, pitch: f64, count: usize) -> Range<usize> {
    let place = |edge: f64| ((edge - start) / pitch).clamp(0.0, count as f64);
    let first = place(0.0).floor() as usize;
    first..(place(end).ceil() as usize).max(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_camera_shows_what_it_is_pointed_at() {
        let layout = Layout::new(740.0, 600.0, 16, 32);
        assert_eq!(layout.seen(layout.camera()).pe(3, 4).map(f64::round), layout.pe(3, 4).map(f64::round));
        let near = layout.seen(Camera { at: [4.5, 3.5], zoom: 1000.0 });
        assert_eq!((near.hit(370.0, 300.0), near.rows_seen(), near.cols_seen()), (Some((3, 4)), 3..4, 4..5));
        let away = layout.seen(Camera { at: [-1e6, 3.5], zoom: 3.0 });
        assert!(away.cols_seen().is_empty());
    }

    #[test]
    fn everything_fits_and_every_pe_is_hit() {
        let sizes = [(740.0, 600.0), (366.0, 420.0), (2000.0, 300.0), (320.0, 900.0)];
        let arrays = [(1, 1), (4, 4), (8, 8), (1, 256), (256, 1), (16, 32), (256, 256)];
        for (width, height) in sizes {
            for (rows, cols) in arrays {
                let layout = Layout::new(width, height, rows, cols);
                let [x, y, ..] = layout.activation(layout.hops_left, 0);
                let [_, top, ..] = layout.weight(layout.hops_above, 0);
                let [right, bottom, w, h] = layout.accumulator(layout.accumulator_rows - 1, cols - 1);
                let inside = x >= 0.0 && y >= 0.0 && top >= 0.0 && right + w <= width && bottom + h <= height;
                assert!(inside, "{rows} x {cols} in {width} x {height}: {layout:?}");
                let [px, py] = layout.pe(rows - 1, cols - 1);
                assert_eq!(
                    layout.hit(px + layout.pitch / 2.0, py + layout.pitch / 2.0),
                    Some((rows - 1, cols - 1))
                );
                assert_eq!(layout.hit(layout.left - 1.0, py), None);
            }
        }
    }
}
