//! A run's cycle to a scene, and to words. A scene is a list of shapes; who paints them is no concern of this layer.

mod array;
mod elements;
mod layout;
mod number;
mod scene;
mod timeline;
mod words;

pub use array::{Moment, array};
pub use elements::Register;
pub use layout::Layout;
pub use number::short;
pub use scene::{Align, Colour, Paint, Scene, Shape, Weight};
pub use timeline::{GUTTER, Timeline};
pub use words::{Detail, Words};

/// Colours of operators; the seventh operator has the first one's again.
pub const OP_COLOURS: usize = 6;
