//! Where things stand: the array in the middle, weights above it, activations at its left, accumulators below.

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
}

/// Width of a waiting activation, and height of a waiting weight or an accumulator, against the pitch.
const FEED_WIDTH: f64 = 0.66;
const FEED_HEIGHT: f64 = 0.46;
/// Room for the words above the weights, between the parts, and below the accumulators.
const MARGIN: f64 = 12.0;
const CAPTION: f64 = 22.0;

impl Layout {
    /// The largest picture of an R x C array that fits.
    pub fn new(width: f64, height: f64, rows: usize, cols: usize) -> Layout {
        let small = rows.max(cols) > 32;
        let (hops_left, hops_above, accumulator_rows) = match width < 520.0 {
            _ if small => (8, 8, 8),
            true => (3, 3, 4),
            false => (5, 3, 4),
        };
        let mut layout =
            Layout { pitch: 1.0, left: 0.0, top: 0.0, rows, cols, hops_left, hops_above, accumulator_rows };
        let across =
            (width - 2.0 * MARGIN - layout.gap()) / (cols as f64 + layout.feed_width() * hops_left as f64);
        let feeds = layout.feed_height() * (hops_above + accumulator_rows) as f64;
        let down = (height - 2.0 * (MARGIN + CAPTION + layout.gap())) / (rows as f64 + feeds);
        layout.pitch = across.min(down).clamp(0.5, 96.0);
        let used_across =
            layout.feed_width() * layout.pitch * hops_left as f64 + layout.gap() + layout.width();
        layout.left = width - MARGIN - (width - 2.0 * MARGIN - used_across) / 2.0 - layout.width();
        let used_down = feeds * layout.pitch + 2.0 * layout.gap() + layout.height();
        let above = layout.feed_height() * layout.pitch * hops_above as f64 + layout.gap();
        layout.top = ((height - used_down) / 2.0).max(MARGIN + CAPTION) + above;
        layout
    }

    /// Width of the array.
    pub fn width(&self) -> f64 {
        self.pitch * self.cols as f64
    }

    /// Height of the array.
    pub fn height(&self) -> f64 {
        self.pitch * self.rows as f64
    }

    /// Between the array and what stands around it.
    pub fn gap(&self) -> f64 {
        8.0
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
        [self.left - self.gap() - hops as f64 * width, y, width, height]
    }

    /// Bounds of a weight that has `hops` to go, from 1.
    pub fn weight(&self, hops: usize, col: usize) -> [f64; 4] {
        let height = self.feed_height() * self.pitch;
        let y = self.top - self.gap() - hops as f64 * height;
        [self.left + col as f64 * self.pitch, y, self.pitch, height]
    }

    /// Bounds of an accumulator, by its place in the rows shown.
    pub fn accumulator(&self, row: usize, col: usize) -> [f64; 4] {
        let height = self.feed_height() * self.pitch;
        let y = self.top + self.height() + self.gap() + row as f64 * height;
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

#[cfg(test)]
mod tests {
    use super::*;

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
