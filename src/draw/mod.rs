//! A run's cycle to a scene, and to words. A scene is a list of shapes; who paints them is no concern of this layer.

mod array;
mod bits;
mod chip;
mod circuit;
mod course;
mod elements;
mod graph;
mod layout;
mod number;
mod pe_code;
mod position;
mod roofline;
mod running;
mod scene;
mod shown;
mod svg;
mod theme;
mod timeline;
mod words;

pub use array::{Fullness, Moment, array};
pub use course::{CHART, CHART_PITCH, Chart, charts};
pub use elements::Register;
pub use graph::{GraphLayout, GraphView, Towards};
pub use layout::{Camera, Layout, Level};
pub use number::short;
pub use pe_code::PeCode;
pub use position::{LoopMark, LoopPlaces};
pub use roofline::{Point, Roofline};
pub use running::{Occurrence, Ordinal, Pairs, Running};
pub use scene::{Align, Colour, Paint, Scene, Shape, Weight};
pub use shown::{Held, Notation};
pub use svg::svg;
pub use theme::{Rgb, Theme, family};
pub use timeline::{Bar, GUTTER, Overview, Row, Spot, Timeline, Told, What, work_in_words};
pub use words::{Detail, Term, Words};

use crate::isa::ProgramOpId;

/// Colours of operators; the seventh operator has the first one's again.
pub const OP_COLOURS: usize = 6;

/// An operator's colour, fainter if another one stands out.
fn op_paint(op: ProgramOpId, marked: Option<ProgramOpId>, alpha: f32) -> Paint {
    let faded = marked.is_some_and(|marked| marked != op);
    Colour::Op((op.index() % OP_COLOURS) as u8).alpha(if faded { alpha * FADED } else { alpha })
}

/// What is left of colours beside one that stands out.
const FADED: f32 = 0.3;
