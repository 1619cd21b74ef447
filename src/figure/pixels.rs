//! A scene as PNG, without a browser: what SVG says of each shape (`draw/svg.rs`), painted by tiny-skia. Lengths and opacities
//! are cut to what the file has of them, so that the page's PNG, which a browser makes of that file, has the same fills and edges.
//!
//! Texts are filled outlines of the fonts in `fonts/`: DejaVu, cut down to letters that occur in pictures, the page's own choice
//! where a system has none of the fonts before it.

use tiny_skia::{Color, FillRule, Paint as Ink, Path, PathBuilder, Pixmap, Rect, Stroke, Transform};
use ttf_parser::{Face, FaceParsingError, GlyphId, OutlineBuilder};

use crate::draw::{Align, Paint, Scene, Shape, Theme, Weight};

const MONO: &[u8] = include_bytes!("fonts/DejaVuSansMono.ttf");
const MONO_BOLD: &[u8] = include_bytes!("fonts/DejaVuSansMono-Bold.ttf");
const WORDS: &[u8] = include_bytes!("fonts/DejaVuSans.ttf");
/// How far the ends of a curve's handles are from its ends, in radii, where it stands for a quarter of a circle.
const QUARTER: f32 = 0.552_285;

/// A scene of a size in CSS pixels, with so many pixels to each of them a side. What cannot be is said in words.
pub fn png(scene: &Scene, size: [f64; 2], theme: Theme, scale: u32) -> Result<Vec<u8>, String> {
    let [width, height] = size.map(|side| (side * f64::from(scale)).round() as u32);
    let mut picture = Pixmap::new(width, height).ok_or("there is no picture of this size")?;
    let [r, g, b] = theme.ground();
    picture.fill(Color::from_rgba8(r, g, b, 255));
    let fonts = Fonts::new().map_err(|error| format!("the fonts cannot be read: {error}"))?;
    let mut canvas =
        Canvas { picture, theme, fonts, transform: Transform::from_scale(scale as f32, scale as f32) };
    scene.shapes.iter().for_each(|shape| canvas.shape(shape));
    canvas.picture.encode_png().map_err(|error| error.to_string())
}

struct Canvas {
    picture: Pixmap,
    theme: Theme,
    fonts: Fonts,
    transform: Transform,
}

impl Canvas {
    fn shape(&mut self, shape: &Shape) {
        match shape {
            Shape::Rect { bounds, radius, fill, stroke } => {
                let path = rounded(bounds.map(length), length(*radius));
                if let (Some(paint), Some(path)) = (fill, &path) {
                    self.fill(path, *paint);
                }
                if let (Some((paint, width)), Some(path)) = (stroke, &path) {
                    self.stroke(path, *paint, length(*width));
                }
            }
            Shape::Text { at, text, size, align, weight, paint } => {
                let path = self.fonts.of(*weight).line(text, at.map(length), length(*size), *align);
                if let Some(path) = path {
                    self.fill(&path, *paint);
                }
            }
            Shape::Line { ends, width, paint } => {
                let [x0, y0, x1, y1] = ends.map(length);
                let mut path = PathBuilder::new();
                path.move_to(x0, y0);
                path.line_to(x1, y1);
                if let Some(path) = path.finish() {
                    self.stroke(&path, *paint, length(*width));
                }
            }
            Shape::Grid { at, cell, cols, cells } => {
                self.grid(at.map(length), cell.map(length), *cols, cells)
            }
        }
    }

    fn fill(&mut self, path: &Path, paint: Paint) {
        self.picture.fill_path(path, &self.ink(paint), FillRule::Winding, self.transform, None);
    }

    fn stroke(&mut self, path: &Path, paint: Paint, width: f32) {
        let stroke = Stroke { width, ..Stroke::default() };
        self.picture.stroke_path(path, &self.ink(paint), &stroke, self.transform, None);
    }

    /// Opaque cells with crisp edges; those of one colour side by side are one rectangle.
    fn grid(&mut self, [x, y]: [f32; 2], [width, height]: [f32; 2], cols: usize, cells: &[Paint]) {
        for (row, cells) in cells.chunks(cols.max(1)).enumerate() {
            let mut from = 0;
            for run in cells.chunk_by(|a, b| self.theme.opaque(*a) == self.theme.opaque(*b)) {
                let [r, g, b] = self.theme.opaque(run[0]);
                let mut ink = Ink { anti_alias: false, ..Ink::default() };
                ink.set_color_rgba8(r, g, b, 255);
                let [left, top] = [x + from as f32 * width, y + row as f32 * height];
                if let Some(rect) = Rect::from_xywh(left, top, run.len() as f32 * width, height) {
                    self.picture.fill_rect(rect, &ink, self.transform, None);
                }
                from += run.len();
            }
        }
    }

    fn ink(&self, paint: Paint) -> Ink<'static> {
        let [r, g, b] = self.theme.rgb(paint.colour);
        let mut ink = Ink::default();
        let alpha = (paint.alpha.clamp(0.0, 1.0) * 100.0).round() / 100.0;
        ink.set_color_rgba8(r, g, b, (alpha * 255.0).round() as u8);
        ink
    }
}

/// As SVG has it: to a hundredth.
fn length(length: f64) -> f32 {
    ((length * 100.0).round() / 100.0) as f32
}

/// A rectangle with corners of a radius.
fn rounded([x, y, width, height]: [f32; 4], radius: f32) -> Option<Path> {
    let rect = Rect::from_xywh(x, y, width, height)?;
    let radius = radius.min(width / 2.0).min(height / 2.0);
    if radius <= 0.0 {
        return Some(PathBuilder::from_rect(rect));
    }
    let (right, bottom, handle) = (x + width, y + height, radius * (1.0 - QUARTER));
    let mut path = PathBuilder::new();
    path.move_to(x + radius, y);
    path.line_to(right - radius, y);
    path.cubic_to(right - handle, y, right, y + handle, right, y + radius);
    path.line_to(right, bottom - radius);
    path.cubic_to(right, bottom - handle, right - handle, bottom, right - radius, bottom);
    path.line_to(x + radius, bottom);
    path.cubic_to(x + handle, bottom, x, bottom - handle, x, bottom - radius);
    path.line_to(x, y + radius);
    path.cubic_to(x, y + handle, x + handle, y, x + radius, y);
    path.close();
    path.finish()
}

// --- Letters ---------------------------------------------------------------------------------------------------------

struct Fonts {
    mono: Font,
    bold: Font,
    words: Font,
}

struct Font(Face<'static>);

impl Fonts {
    fn new() -> Result<Fonts, FaceParsingError> {
        let font = |bytes| Face::parse(bytes, 0).map(Font);
        Ok(Fonts { mono: font(MONO)?, bold: font(MONO_BOLD)?, words: font(WORDS)? })
    }

    fn of(&self, weight: Weight) -> &Font {
        match weight {
            Weight::Mono => &self.mono,
            Weight::MonoBold => &self.bold,
            Weight::Words => &self.words,
        }
    }
}

impl Font {
    /// A line of text; a letter that the font has not is an empty box.
    fn line(&self, text: &str, [x, y]: [f32; 2], size: f32, align: Align) -> Option<Path> {
        let scale = size / f32::from(self.0.units_per_em());
        let letters = text.chars().filter(|letter| !letter.is_control());
        let glyphs: Vec<GlyphId> =
            letters.map(|letter| self.0.glyph_index(letter).unwrap_or_default()).collect();
        let wide = |glyph: &GlyphId| f32::from(self.0.glyph_hor_advance(*glyph).unwrap_or_default()) * scale;
        let all: f32 = glyphs.iter().map(wide).sum();
        let left = match align {
            Align::Left => x,
            Align::Centre => x - all / 2.0,
            Align::Right => x - all,
        };
        let mut pen = Pen { path: PathBuilder::new(), left, base: y, scale };
        for glyph in &glyphs {
            // One without an outline is a space.
            self.0.outline_glyph(*glyph, &mut pen);
            pen.left += wide(glyph);
        }
        pen.path.finish()
    }
}

/// Writes outlines, whose y goes up, into a path, whose y goes down.
struct Pen {
    path: PathBuilder,
    left: f32,
    base: f32,
    scale: f32,
}

impl Pen {
    fn at(&self, x: f32, y: f32) -> (f32, f32) {
        (self.left + x * self.scale, self.base - y * self.scale)
    }
}

impl OutlineBuilder for Pen {
    fn move_to(&mut self, x: f32, y: f32) {
        let (x, y) = self.at(x, y);
        self.path.move_to(x, y);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        let (x, y) = self.at(x, y);
        self.path.line_to(x, y);
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        let ((x1, y1), (x, y)) = (self.at(x1, y1), self.at(x, y));
        self.path.quad_to(x1, y1, x, y);
    }

    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        let ((x1, y1), (x2, y2), (x, y)) = (self.at(x1, y1), self.at(x2, y2), self.at(x, y));
        self.path.cubic_to(x1, y1, x2, y2, x, y);
    }

    fn close(&mut self) {
        self.path.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draw::Colour;

    fn painted(shapes: Vec<Shape>, scale: u32) -> Pixmap {
        let png = png(&Scene { shapes }, [40.0, 20.0], Theme::Light, scale).unwrap();
        Pixmap::decode_png(&png).unwrap()
    }

    fn at(picture: &Pixmap, x: u32, y: u32) -> [u8; 3] {
        let colour = picture.pixel(x, y).unwrap().demultiply();
        [colour.red(), colour.green(), colour.blue()]
    }

    #[test]
    fn fills_edges_and_cells_are_where_they_should_be() {
        let (ink, busy) = (Colour::Ink.solid(), Colour::Op(0).alpha(0.5));
        let rect = Shape::Rect {
            bounds: [2.0, 2.0, 10.0, 10.0],
            radius: 3.0,
            fill: Some(busy),
            stroke: Some((ink, 2.0)),
        };
        let line = Shape::Line { ends: [0.0, 18.0, 40.0, 18.0], width: 2.0, paint: ink };
        let cells = vec![Colour::Op(1).solid(), Colour::Idle.solid()];
        let grid = Shape::Grid { at: [20.0, 2.0], cell: [5.0, 5.0], cols: 2, cells };
        for scale in [1, 2] {
            let picture = painted(vec![rect.clone(), line.clone(), grid.clone()], scale);
            assert_eq!([picture.width(), picture.height()], [40 * scale, 20 * scale]);
            let pixel = |x: u32, y: u32| at(&picture, x * scale, y * scale);
            let ground = Theme::Light.ground();
            assert_eq!(pixel(0, 0), ground);
            assert_eq!(pixel(39, 10), ground);
            assert_eq!(pixel(7, 18), Theme::Light.rgb(Colour::Ink));
            assert_eq!(pixel(7, 2), Theme::Light.rgb(Colour::Ink));
            assert_eq!(pixel(22, 4), Theme::Light.rgb(Colour::Op(1)));
            assert_eq!(pixel(27, 4), Theme::Light.rgb(Colour::Idle));
            // Half of the colour, half of the ground.
            let half = Theme::Light.opaque(busy);
            assert!(
                pixel(7, 7).iter().zip(half).all(|(a, b)| a.abs_diff(b) <= 1),
                "{:?} {half:?}",
                pixel(7, 7)
            );
        }
    }

    /// Columns of pixels in which there is ink.
    fn inked(text: &str, align: Align, x: f64) -> Vec<u32> {
        let paint = Colour::Ink.solid();
        let text =
            Shape::Text { at: [x, 15.0], text: text.into(), size: 10.0, align, weight: Weight::Mono, paint };
        let picture = painted(vec![text], 1);
        let dark = |x: &u32| (0..20).any(|y| at(&picture, *x, y)[0] < 200);
        (0..40).filter(dark).collect()
    }

    #[test]
    fn texts_stand_where_they_are_anchored() {
        // Three letters of six pixels each.
        let (left, centre, right) = (
            inked("888", Align::Left, 10.0),
            inked("888", Align::Centre, 19.0),
            inked("888", Align::Right, 28.0),
        );
        assert!(left[0] >= 10 && *left.last().unwrap() < 29 && left.len() > 8, "{left:?}");
        assert_eq!((&centre, &right), (&left, &left));
        assert!(inked(" \n", Align::Left, 10.0).is_empty());
        assert!(!inked("\u{6e2c}", Align::Left, 10.0).is_empty(), "what the font has not is a box");
        for letter in "×·−…→✓µ²αλ≤÷".chars() {
            assert!(Fonts::new().unwrap().mono.0.glyph_index(letter).is_some(), "{letter}");
        }
    }
}
