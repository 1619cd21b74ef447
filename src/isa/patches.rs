//! Windows of images as rows of a matrix that nobody writes down: what a convolution multiplies and a pool looks at is found
//! in the image as it is read (implicit im2col).

use super::{BufferId, Iteration, MOST_DEPTH, Window, moved};

/// How windows go over images of `[n, h, w, c]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Image {
    /// n, h, w and c.
    pub extents: [usize; 4],
    /// Places of the window along height and width.
    pub places: [usize; 2],
    /// The window's height and width.
    pub size: [usize; 2],
    /// From one place to the next.
    pub stride: [usize; 2],
    /// Rows above and columns to the left that are not there.
    pub padding: [usize; 2],
    /// From one element of the window to the next.
    pub dilation: [usize; 2],
    /// Channels of a group.
    pub each: usize,
}

/// Part of the matrix whose row is a place of the window, `(n, oh, ow)`, and whose column is an element of it, `(group, kh, kw, c)`
/// with c within the group; row-major.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patches {
    /// What is looked at.
    pub image: Image,
    /// Where it lies: all of it has places there, though a band of it may be all that is held.
    pub buffer: BufferId,
    /// Its first element in the first iteration of all loops.
    pub offset: u64,
    /// By depth of the loops around it: how far the image moves with each iteration, on or back.
    pub moves: [i64; MOST_DEPTH],
    /// First row and column in the first iteration of all loops.
    pub first: [usize; 2],
    /// By depth of the loops around it: how many rows and columns it moves with each iteration.
    pub advance: [[usize; 2]; MOST_DEPTH],
    /// Rows.
    pub rows: usize,
    /// Columns.
    pub cols: usize,
}

impl Image {
    /// Rows and columns of the whole matrix, `u64::MAX` if there are more.
    pub fn matrix(&self) -> [u64; 2] {
        let all = |sides: &[usize]| sides.iter().fold(1u64, |all, side| all.saturating_mul(*side as u64));
        let [n, _, _, c] = self.extents;
        [all(&[n, self.places[0], self.places[1]]), all(&[c, self.taps()])]
    }

    /// Elements of the window in one channel.
    pub fn taps(&self) -> usize {
        self.size[0].saturating_mul(self.size[1])
    }

    /// Which row (side 0) or column (1) of the image element `at` of the window lies on in a place; nothing in padding.
    fn inside(&self, side: usize, place: usize, at: usize) -> Option<u64> {
        // In 64 bits: products of two extents may leave 32.
        let padded = place as u64 * self.stride[side] as u64 + at as u64 * self.dilation[side] as u64;
        let inside = padded.checked_sub(self.padding[side] as u64)?;
        (inside < self.extents[1 + side] as u64).then_some(inside)
    }
}

impl Patches {
    /// Where it lies in an iteration.
    pub fn in_iteration(&self, iteration: &Iteration) -> Patches {
        let far = |side: usize| -> usize {
            self.advance.iter().zip(iteration).map(|(step, index)| step[side] * *index as usize).sum()
        };
        let first = [0, 1].map(|side| self.first[side] + far(side));
        Patches {
            offset: moved(self.offset, &self.moves, iteration),
            moves: [0; MOST_DEPTH],
            first,
            advance: [[0; 2]; MOST_DEPTH],
            ..*self
        }
    }

    /// Place of an element in its buffer, in the first iteration of all loops; nothing in padding.
    pub fn at(&self, row: usize, col: usize) -> Option<u64> {
        let mut found = None;
        self.runs(row, col, 1, |start, _| found = start);
        found
    }

    /// Elements of a row from a column on, in the first iteration of all loops, in runs: where each begins, if it is not padding,
    /// and how long it is.
    pub fn runs(&self, row: usize, col: usize, len: usize, mut each: impl FnMut(Option<u64>, usize)) {
        let Image { extents: [_, h, w, c], places: [oh, ow], size: [_, kw], each: channels, .. } = self.image;
        let (row, taps) = (self.first[0] + row, self.image.taps());
        let (n, y, x) = (row / ow / oh, row / ow % oh, row % ow);
        let (mut at, end) = (self.first[1] + col, self.first[1] + col + len);
        while at < end {
            let (of_tap, channel) = (at / channels, at % channels);
            let (group, tap) = (of_tap / taps, of_tap % taps);
            let run = (channels - channel).min(end - at);
            let pixel = (self.image.inside(0, y, tap / kw), self.image.inside(1, x, tap % kw));
            let start = |(row, col): (u64, u64)| {
                let pixel = (n as u64 * h as u64 + row) * w as u64 + col;
                self.offset + pixel * c as u64 + (group * channels + channel) as u64
            };
            each(pixel.0.zip(pixel.1).map(start), run);
            at += run;
        }
    }
}

/// A matrix that is multiplied, or looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Factor {
    /// As it lies in a buffer.
    Window(Window),
    /// Windows of images.
    Patches(Patches),
    /// The same with rows as columns.
    PatchesAcross(Patches),
}

impl Factor {
    /// Where it lies.
    pub fn buffer(&self) -> BufferId {
        match self {
            Factor::Window(window) => window.buffer,
            Factor::Patches(patches) | Factor::PatchesAcross(patches) => patches.buffer,
        }
    }

    /// Rows.
    pub fn rows(&self) -> usize {
        match self {
            Factor::Window(Window { rows, .. })
            | Factor::Patches(Patches { rows, .. })
            | Factor::PatchesAcross(Patches { cols: rows, .. }) => *rows,
        }
    }

    /// Columns.
    pub fn cols(&self) -> usize {
        match self {
            Factor::Window(Window { cols, .. })
            | Factor::Patches(Patches { cols, .. })
            | Factor::PatchesAcross(Patches { rows: cols, .. }) => *cols,
        }
    }

    /// Number of elements, padding included.
    pub fn elements(&self) -> usize {
        self.rows() * self.cols()
    }

    /// Rows as columns.
    pub fn transposed(&self) -> Factor {
        match *self {
            Factor::Window(window) => Factor::Window(window.transposed()),
            Factor::Patches(patches) => Factor::PatchesAcross(patches),
            Factor::PatchesAcross(patches) => Factor::Patches(patches),
        }
    }

    /// Where it lies in an iteration.
    pub fn in_iteration(&self, iteration: &Iteration) -> Factor {
        match self {
            Factor::Window(window) => Factor::Window(window.in_iteration(iteration)),
            Factor::Patches(patches) => Factor::Patches(patches.in_iteration(iteration)),
            Factor::PatchesAcross(patches) => Factor::PatchesAcross(patches.in_iteration(iteration)),
        }
    }

    /// Place of an element in its buffer, in the first iteration of all loops; nothing in an image's padding.
    pub fn at(&self, row: usize, col: usize) -> Option<u64> {
        match self {
            Factor::Window(window) => Some(window.at(row, col)),
            Factor::Patches(patches) => patches.at(row, col),
            Factor::PatchesAcross(patches) => patches.at(col, row),
        }
    }
}

impl From<Window> for Factor {
    fn from(window: Window) -> Factor {
        Factor::Window(window)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Arena;

    /// Windows of 2 x 2 at every other place of [2, 3, 3, 4], a row above and a column to the left not there, in two groups.
    fn windows() -> Patches {
        Patches {
            image: Image {
                extents: [2, 3, 3, 4],
                places: [2, 2],
                size: [2, 2],
                stride: [2, 2],
                padding: [1, 1],
                dilation: [1, 1],
                each: 2,
            },
            buffer: Arena::default().next_id(),
            offset: 100,
            moves: [0; MOST_DEPTH],
            first: [0, 0],
            advance: [[0; 2]; MOST_DEPTH],
            rows: 8,
            cols: 16,
        }
    }

    /// Worked out by hand: an image row has 12 elements, an image 36.
    #[test]
    fn elements_are_found_by_group_and_tap_and_channel() {
        let windows = windows();
        // Of the first place only the last tap is there: the first pixel.
        let there = |row: usize| (0..16).map(|col| windows.at(row, col)).collect::<Vec<_>>();
        let mut first = vec![None; 16];
        (first[6], first[7], first[14], first[15]) = (Some(100), Some(101), Some(102), Some(103));
        assert_eq!(there(0), first);
        // The last place of the second image: rows 1 and 2, columns 1 and 2.
        let pixels = [(1, 1), (1, 2), (2, 1), (2, 2)];
        let element = |col: usize| {
            let (row, at) = pixels[col / 2 % 4];
            Some((136 + 12 * row + 4 * at + col / 8 * 2 + col % 2) as u64)
        };
        assert_eq!(there(7), (0..16).map(element).collect::<Vec<_>>());
    }

    #[test]
    fn runs_are_the_elements() {
        let windows = windows();
        for row in 0..8 {
            let mut found = Vec::new();
            windows.runs(row, 3, 10, |start, len| {
                found.extend((0..len as u64).map(|at| start.map(|start| start + at)))
            });
            assert_eq!(found, (3..13).map(|col| windows.at(row, col)).collect::<Vec<_>>());
        }
    }

    #[test]
    fn they_move_with_loops() {
        let mut moving = windows();
        (moving.moves[0], moving.advance[1], moving.rows, moving.cols) = (7, [2, 4], 2, 4);
        let here = moving.in_iteration(&[3, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        let still = Patches { offset: 121, first: [4, 8], rows: 2, cols: 4, ..windows() };
        assert_eq!(here, still);
        assert_eq!(here.at(1, 1), still.at(1, 1));
    }
}
