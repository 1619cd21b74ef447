//! Parts of matrices as they are written, and the windows that they are. The assembler reads a part and makes a window
//! of it; the printer looks for a part of which that makes its window.

use crate::isa::{BufferId, MOST_DEPTH, MOST_NUMBER, Window};

/// A place that moves with loops.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Index {
    pub first: u64,
    pub advance: [i64; MOST_DEPTH],
}

impl Index {
    /// The least and the greatest place in the iterations of loops of these lengths.
    fn reach(&self, counts: &[u32]) -> [i128; 2] {
        let moved = self.advance.iter().zip(counts);
        let moved = moved.map(|(step, count)| i128::from(*step) * i128::from(count.saturating_sub(1)));
        let reach = [i128::from(self.first); 2];
        moved.fold(reach, |[least, most], moved| [least + moved.min(0), most + moved.max(0)])
    }
}

/// Places next to each other along an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Along {
    pub from: Index,
    pub count: usize,
}

impl Along {
    pub(super) fn all(count: usize) -> Along {
        Along { from: Index::default(), count }
    }
}

/// Which of a buffer's elements are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// Rows and columns of its matrix.
    Block(Along, Along),
    /// From an element on, rows and columns of any stride.
    Strided { from: Index, rows: (usize, u64), cols: (usize, u64) },
}

/// A part that reaches beyond its matrix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Beyond {
    /// Of what.
    pub axis: &'static str,
    /// One that it reaches and that is not there.
    pub place: i128,
    /// How many there are.
    pub of: u64,
}

impl Part {
    /// The window that it is, in a buffer with a matrix of these extents, within loops of these lengths.
    pub(super) fn window(
        &self,
        buffer: BufferId,
        [rows, cols]: [usize; 2],
        counts: &[u32],
    ) -> Result<Window, Beyond> {
        match *self {
            Part::Block(row, col) => {
                within("row", &row, rows, counts)?;
                within("column", &col, cols, counts)?;
                let [rows, cols] = [rows as u64, cols as u64];
                let mut advance = [0; MOST_DEPTH];
                for (depth, step) in advance.iter_mut().enumerate() {
                    let [row, col] = [row, col].map(|along| i128::from(along.from.advance[depth]));
                    let place = row * i128::from(cols) + col;
                    let beyond = Beyond { axis: "element", place, of: rows * cols };
                    let far = i64::try_from(place).ok().filter(|far| far.unsigned_abs() <= MOST_NUMBER);
                    *step = far.ok_or(beyond)?;
                }
                Ok(Window {
                    buffer,
                    offset: row.from.first * cols + col.from.first,
                    row_stride: cols,
                    col_stride: 1,
                    rows: row.count,
                    cols: col.count,
                    advance,
                })
            }
            Part::Strided { from, rows, cols } => Ok(Window {
                buffer,
                offset: from.first,
                row_stride: rows.1,
                col_stride: cols.1,
                rows: rows.0,
                cols: cols.0,
                advance: from.advance,
            }),
        }
    }

    /// The block of a matrix of so many columns that a window seems to be.
    pub(super) fn block_of(window: &Window, cols: usize) -> Part {
        let (row, col) = (window.offset / cols as u64, window.offset % cols as u64);
        let (mut rows, mut columns) = (Index { first: row, ..Index::default() }, Index::default());
        columns.first = col;
        for (depth, step) in window.advance.iter().enumerate() {
            (rows.advance[depth], columns.advance[depth]) = (step / cols as i64, step % cols as i64);
        }
        Part::Block(Along { from: rows, count: window.rows }, Along { from: columns, count: window.cols })
    }

    /// A window as it is.
    pub(super) fn strided(window: &Window) -> Part {
        Part::Strided {
            from: Index { first: window.offset, advance: window.advance },
            rows: (window.rows, window.row_stride),
            cols: (window.cols, window.col_stride),
        }
    }
}

fn within(axis: &'static str, along: &Along, of: usize, counts: &[u32]) -> Result<(), Beyond> {
    let [least, most] = along.from.reach(counts);
    let last = most + along.count.saturating_sub(1) as i128;
    let of = of as u64;
    match () {
        () if least < 0 => Err(Beyond { axis, place: least, of }),
        () if last >= of.into() => Err(Beyond { axis, place: last, of }),
        () => Ok(()),
    }
}

/// An operand of vector steps that is one row or one column stands for as many as there are.
pub(super) fn repeated(window: Window, [rows, cols]: [usize; 2]) -> Window {
    let mut repeated = window;
    if window.rows == 1 && rows > 1 {
        (repeated.rows, repeated.row_stride) = (rows, 0);
    }
    if window.cols == 1 && cols > 1 {
        (repeated.cols, repeated.col_stride) = (cols, 0);
    }
    repeated
}
