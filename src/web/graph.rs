//! The graph of the run shown: a picture of the part that is to be seen, and what is where in it.

use serde::Serialize;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsError, JsValue};
use web_sys::OffscreenCanvas;

use super::listing::Listed;
use super::paint::Painter;
use super::session::{Session, ratio, side};
use super::to_js;
use crate::draw::{GraphLayout, GraphView, Theme, Towards};

/// Most lines of one answer.
const MOST_LINES: usize = 400;

#[derive(Serialize)]
struct Line {
    text: String,
    op: usize,
}

#[wasm_bindgen]
impl Session {
    /// Paints the graph on `canvas` from now on.
    #[wasm_bindgen(js_name = setGraph)]
    pub fn set_graph(&mut self, canvas: OffscreenCanvas) -> Result<(), JsValue> {
        self.graph = Some(Painter::new(canvas)?);
        Ok(())
    }

    /// Lays out the graph of the run shown: its width and height at a zoom of 1, and how many layers there are.
    #[wasm_bindgen(js_name = graphSize)]
    pub fn graph_size(&mut self) -> Result<JsValue, JsError> {
        let Some(layout) = self.laid_out() else { return Ok(JsValue::UNDEFINED) };
        let ([width, height], layers) = (layout.size(), layout.layers());
        to_js(&[width, height, layers as f64])
    }

    /// Paints what is to be seen from a corner on, in CSS pixels; false if there is no canvas for it yet.
    #[wasm_bindgen(js_name = paintGraph)]
    pub fn paint_graph(
        &mut self,
        size: Vec<f64>,
        pixel_ratio: f64,
        theme: &str,
        corner: Vec<f64>,
        zoom: f64,
    ) -> Result<bool, JsValue> {
        let ([width, height], [x, y]) = (pair(&size), pair(&corner));
        let (width, height, zoom) = (side(width), side(height), zoom_of(zoom));
        let marked = self.marked;
        let Some(painter) = &mut self.graph else { return Ok(false) };
        painter.view(width, height, ratio(pixel_ratio), Theme::named(theme))?;
        let Some(layout) = self.listed.as_ref().and_then(|listed| listed.graph.as_ref()) else {
            return Ok(true);
        };
        let view = GraphView { size: [width, height], corner: [x, y], zoom, marked };
        painter.paint(&layout.scene(&view))?;
        Ok(true)
    }

    /// The operator at a point of the layout.
    #[wasm_bindgen(js_name = graphAt)]
    pub fn graph_at(&self, x: f64, y: f64) -> Option<usize> {
        self.listed.as_ref()?.graph.as_ref()?.at([x, y])
    }

    /// The operator next to one: `up`, `down`, `left` or `right` of it.
    #[wasm_bindgen(js_name = graphNext)]
    pub fn graph_next(&self, op: usize, towards: &str) -> Option<usize> {
        let towards = match towards {
            "up" => Towards::Up,
            "down" => Towards::Down,
            "left" => Towards::Left,
            _ => Towards::Right,
        };
        self.listed.as_ref()?.graph.as_ref()?.next(op, towards)
    }

    /// Left, top, width and height of an operator in the layout.
    #[wasm_bindgen(js_name = graphBounds)]
    pub fn graph_bounds(&self, op: usize) -> Option<Vec<f64>> {
        Some(self.listed.as_ref()?.graph.as_ref()?.bounds(op)?.to_vec())
    }

    /// The graph in words, an operator a line.
    #[wasm_bindgen(js_name = graphLines)]
    pub fn graph_lines(&self, from: usize, count: usize) -> Result<JsValue, JsError> {
        let Some(layout) = self.listed.as_ref().and_then(|listed| listed.graph.as_ref()) else {
            return Ok(JsValue::UNDEFINED);
        };
        let end = from.saturating_add(count.min(MOST_LINES));
        let line = |op: usize| Some(Line { text: layout.in_words(op)?, op });
        to_js(&(from..end).map_while(line).collect::<Vec<_>>())
    }
}

impl Session {
    fn laid_out(&mut self) -> Option<&GraphLayout> {
        let (_, finished) = self.shown.as_ref()?;
        let listed = self.listed.get_or_insert_with(|| Listed::new(finished));
        Some(listed.graph.get_or_insert_with(|| GraphLayout::new(&finished.graph, &finished.plan)))
    }
}

fn pair(list: &[f64]) -> [f64; 2] {
    let finite = |at: usize| list.get(at).copied().filter(|it| it.is_finite()).unwrap_or(0.0);
    [finite(0), finite(1)]
}

fn zoom_of(zoom: f64) -> f64 {
    if zoom.is_finite() { zoom.clamp(0.05, 4.0) } else { 1.0 }
}
