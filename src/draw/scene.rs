//! Shapes in pixels from the top left corner, in colours by their role.

/// A picture.
#[derive(Clone, Debug, Default)]
pub struct Scene {
    /// Painted in order.
    pub shapes: Vec<Shape>,
}

/// One thing to paint.
#[derive(Clone, Debug)]
pub enum Shape {
    /// A rectangle with round corners.
    Rect {
        /// Left, top, width, height.
        bounds: [f64; 4],
        /// Of the corners.
        radius: f64,
        /// Inside.
        fill: Option<Paint>,
        /// Edge and its width.
        stroke: Option<(Paint, f64)>,
    },
    /// A line of text.
    Text {
        /// Where its baseline is anchored.
        at: [f64; 2],
        /// The text.
        text: String,
        /// Height of the font.
        size: f64,
        /// Which end stands at the anchor.
        align: Align,
        /// How heavy.
        weight: Weight,
        /// Its colour.
        paint: Paint,
    },
    /// A straight line.
    Line {
        /// From x, y to x, y.
        ends: [f64; 4],
        /// Its width.
        width: f64,
        /// Its colour.
        paint: Paint,
    },
    /// Many equal cells side by side, too many or too small for a shape each.
    Grid {
        /// Left and top.
        at: [f64; 2],
        /// Width and height of a cell.
        cell: [f64; 2],
        /// Cells in a row.
        cols: usize,
        /// Row-major.
        cells: Vec<Paint>,
    },
}

/// A colour by its role, more or less transparent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Paint {
    /// Role.
    pub colour: Colour,
    /// 0 to 1.
    pub alpha: f32,
}

/// What a colour says. The painter knows a light and a dark value for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    /// Text and edges that matter.
    Ink,
    /// Text that explains.
    Dim,
    /// Behind things that rest.
    Idle,
    /// Behind everything.
    Ground,
    /// An operator, by its place modulo [`super::OP_COLOURS`].
    Op(u8),
    /// What is written on such a colour.
    OnOp(u8),
    /// A class of cycles, by its place in [`crate::trace::Class::ALL`].
    Class(u8),
}

impl Colour {
    /// Opaque.
    pub fn solid(self) -> Paint {
        self.alpha(1.0)
    }

    /// More or less transparent.
    pub fn alpha(self, alpha: f32) -> Paint {
        Paint { colour: self, alpha }
    }
}

/// Which end of a text stands at its anchor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// The left end.
    Left,
    /// The middle.
    Centre,
    /// The right end.
    Right,
}

/// How heavy a text is, and whether its digits stand in columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// Numbers.
    Mono,
    /// Numbers that matter.
    MonoBold,
    /// Words.
    Words,
}
