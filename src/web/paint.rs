//! A scene onto a canvas.

use wasm_bindgen::{Clamped, JsCast, JsValue};
use web_sys::{ImageData, OffscreenCanvas, OffscreenCanvasRenderingContext2d as Context};

use crate::draw::{Align, Paint, Scene, Shape, Theme, Weight, family};

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
    let tenths = (size * 10.0).round() as u32;
    let bold = if weight == Weight::MonoBold { "600 " } else { "" };
    format!("{bold}{}.{}px {}", tenths / 10, tenths % 10, family(weight))
}

fn context_of(canvas: &OffscreenCanvas) -> Result<Context, JsValue> {
    let context =
        canvas.get_context("2d")?.ok_or_else(|| JsValue::from_str("the canvas has no 2D context"))?;
    context.dyn_into::<Context>().map_err(JsValue::from)
}
