//! A scene onto a canvas.

use wasm_bindgen::{Clamped, JsCast, JsValue};
use web_sys::{ImageData, OffscreenCanvas, OffscreenCanvasRenderingContext2d as Context};

use crate::draw::{Align, Colour, Paint, Scene, Shape, Weight};

/// Light or dark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Theme {
    /// On paper.
    Light,
    /// At night.
    Dark,
}

/// Red, green, blue.
type Rgb = [u8; 3];

impl Theme {
    /// `light` or `dark`.
    pub fn named(name: &str) -> Theme {
        if name == "dark" { Theme::Dark } else { Theme::Light }
    }

    fn rgb(self, colour: Colour) -> Rgb {
        // Operators: Okabe and Ito's palette for all kinds of colour vision; lighter on a dark ground.
        const LIGHT: [Rgb; 6] =
            [[0, 114, 178], [213, 94, 0], [0, 158, 115], [204, 121, 167], [184, 134, 11], [86, 180, 233]];
        const DARK: [Rgb; 6] = [
            [86, 180, 233],
            [240, 138, 75],
            [60, 199, 155],
            [226, 154, 196],
            [230, 195, 74],
            [120, 150, 230],
        ];
        // Classes: as in the page's tokens.css.
        const CLASSES_LIGHT: [Rgb; 8] = [
            [0, 114, 178],
            [0, 158, 115],
            [213, 94, 0],
            [122, 81, 149],
            [224, 161, 0],
            [204, 121, 167],
            [86, 180, 233],
            [185, 181, 171],
        ];
        const CLASSES_DARK: [Rgb; 8] = [
            [86, 180, 233],
            [60, 199, 155],
            [240, 138, 75],
            [169, 139, 214],
            [230, 195, 74],
            [226, 154, 196],
            [120, 150, 230],
            [74, 82, 98],
        ];
        match (self, colour) {
            (_, Colour::OnOp(op)) => readable_on(self.rgb(Colour::Op(op))),
            (Theme::Light, Colour::Class(class)) => CLASSES_LIGHT[class as usize % CLASSES_LIGHT.len()],
            (Theme::Dark, Colour::Class(class)) => CLASSES_DARK[class as usize % CLASSES_DARK.len()],
            (Theme::Light, Colour::Op(op)) => LIGHT[op as usize % LIGHT.len()],
            (Theme::Dark, Colour::Op(op)) => DARK[op as usize % DARK.len()],
            (Theme::Light, Colour::Ink) => [29, 35, 48],
            (Theme::Dark, Colour::Ink) => [230, 232, 238],
            (Theme::Light, Colour::Dim) => [95, 103, 117],
            (Theme::Dark, Colour::Dim) => [148, 156, 171],
            (Theme::Light, Colour::Idle) => [239, 237, 230],
            (Theme::Dark, Colour::Idle) => [31, 37, 48],
            (theme, Colour::Ground) => theme.ground(),
        }
    }

    fn ground(self) -> Rgb {
        match self {
            Theme::Light => [251, 250, 247],
            Theme::Dark => [17, 20, 27],
        }
    }

    fn style(self, paint: Paint) -> String {
        let [r, g, b] = self.rgb(paint.colour);
        // In hexadecimal: writing a fraction would bring the formatting of floats into the module.
        format!("#{r:02x}{g:02x}{b:02x}{:02x}", (paint.alpha * 255.0).round() as u8)
    }

    /// The paint as it looks on the ground.
    fn opaque(self, paint: Paint) -> Rgb {
        let (over, under) = (self.rgb(paint.colour), self.ground());
        std::array::from_fn(|i| {
            let (over, under) = (f32::from(over[i]), f32::from(under[i]));
            // Of a number that is not negative, this is the nearest one; `round` is a function call in WebAssembly.
            (under + (over - under) * paint.alpha + 0.5) as u8
        })
    }
}

/// Black or white, whichever is told apart better. The weights are those of WCAG's luminance, without its powers: among these
/// palettes they choose the same.
fn readable_on([r, g, b]: Rgb) -> Rgb {
    let luminance = 213 * u32::from(r) + 715 * u32::from(g) + 72 * u32::from(b);
    if luminance > 100_000 { [17, 17, 17] } else { [255, 255, 255] }
}

/// A canvas and what is needed to paint on it.
pub struct Painter {
    canvas: OffscreenCanvas,
    context: Context,
    /// One pixel a cell, to be stretched.
    cells: OffscreenCanvas,
    cells_context: Context,
    width: f64,
    height: f64,
    theme: Theme,
}

impl Painter {
    /// Takes over a canvas.
    pub fn new(canvas: OffscreenCanvas) -> Result<Painter, JsValue> {
        let cells = OffscreenCanvas::new(1, 1)?;
        let (context, cells_context) = (context_of(&canvas)?, context_of(&cells)?);
        Ok(Painter { canvas, context, cells, cells_context, width: 1.0, height: 1.0, theme: Theme::Light })
    }

    /// Size in CSS pixels, device pixels to each of them, and theme.
    pub fn view(&mut self, width: f64, height: f64, pixel_ratio: f64, theme: Theme) -> Result<(), JsValue> {
        (self.width, self.height, self.theme) = (width, height, theme);
        // Setting a size, even the same, throws the canvas away and waits for what still shows it.
        let (wide, high) = ((width * pixel_ratio).round() as u32, (height * pixel_ratio).round() as u32);
        if (wide, high) != (self.canvas.width(), self.canvas.height()) {
            self.canvas.set_width(wide);
            self.canvas.set_height(high);
        }
        self.context.set_transform(pixel_ratio, 0.0, 0.0, pixel_ratio, 0.0, 0.0)
    }

    /// Size in CSS pixels.
    pub fn size(&self) -> (f64, f64) {
        (self.width, self.height)
    }

    /// Paints a whole picture.
    pub fn paint(&self, scene: &Scene) -> Result<(), JsValue> {
        self.context.clear_rect(0.0, 0.0, self.width, self.height);
        scene.shapes.iter().try_for_each(|shape| self.shape(shape))
    }

    /// What is painted, as a bitmap; the canvas is empty then.
    pub fn bitmap(&self) -> Result<JsValue, JsValue> {
        Ok(self.canvas.transfer_to_image_bitmap()?.into())
    }

    fn shape(&self, shape: &Shape) -> Result<(), JsValue> {
        let context = &self.context;
        match shape {
            Shape::Rect { bounds: [x, y, width, height], radius, fill, stroke } => {
                context.begin_path();
                context.round_rect_with_f64(*x, *y, *width, *height, *radius)?;
                if let Some(paint) = fill {
                    context.set_fill_style_str(&self.theme.style(*paint));
                    context.fill();
                }
                if let Some((paint, width)) = stroke {
                    context.set_stroke_style_str(&self.theme.style(*paint));
                    context.set_line_width(*width);
                    context.stroke();
                }
                Ok(())
            }
            Shape::Text { at: [x, y], text, size, align, weight, paint } => {
                context.set_font(&font(*weight, *size));
                context.set_text_align(match align {
                    Align::Left => "left",
                    Align::Centre => "center",
                    Align::Right => "right",
                });
                context.set_fill_style_str(&self.theme.style(*paint));
                context.fill_text(text, *x, *y)
            }
            Shape::Line { ends: [x0, y0, x1, y1], width, paint } => {
                context.begin_path();
                context.move_to(*x0, *y0);
                context.line_to(*x1, *y1);
                context.set_stroke_style_str(&self.theme.style(*paint));
                context.set_line_width(*width);
                context.stroke();
                Ok(())
            }
            Shape::Grid { at, cell, cols, cells } => self.grid(*at, *cell, *cols, cells),
        }
    }

    /// One pixel a cell, stretched without smoothing: the cost hardly depends on their number.
    fn grid(
        &self,
        [x, y]: [f64; 2],
        [width, height]: [f64; 2],
        cols: usize,
        cells: &[Paint],
    ) -> Result<(), JsValue> {
        if cols == 0 || cells.is_empty() {
            return Ok(());
        }
        let rows = cells.len() / cols;
        let mut pixels: Vec<u8> = Vec::with_capacity(cells.len() * 4);
        for paint in cells {
            let [r, g, b] = self.theme.opaque(*paint);
            pixels.extend([r, g, b, 255]);
        }
        let image = ImageData::new_with_u8_clamped_array_and_sh(Clamped(&pixels), cols as u32, rows as u32)?;
        self.cells.set_width(cols as u32);
        self.cells.set_height(rows as u32);
        self.cells_context.put_image_data(&image, 0.0, 0.0)?;
        self.context.set_image_smoothing_enabled(false);
        let (width, height) = (width * cols as f64, height * rows as f64);
        self.context.draw_image_with_offscreen_canvas_and_dw_and_dh(&self.cells, x, y, width, height)
    }
}

fn font(weight: Weight, size: f64) -> String {
    const MONO: &str = "ui-monospace, \"JetBrains Mono\", Menlo, Consolas, \"DejaVu Sans Mono\", monospace";
    const WORDS: &str = "Inter, system-ui, \"Segoe UI\", \"DejaVu Sans\", sans-serif";
    let tenths = (size * 10.0).round() as u32;
    let (weight, family) = match weight {
        Weight::Mono => ("", MONO),
        Weight::MonoBold => ("600 ", MONO),
        Weight::Words => ("", WORDS),
    };
    format!("{weight}{}.{}px {family}", tenths / 10, tenths % 10)
}

fn context_of(canvas: &OffscreenCanvas) -> Result<Context, JsValue> {
    let context =
        canvas.get_context("2d")?.ok_or_else(|| JsValue::from_str("the canvas has no 2D context"))?;
    context.dyn_into::<Context>().map_err(JsValue::from)
}
