//! The cycle on show as a file.

use wasm_bindgen::prelude::wasm_bindgen;

use super::session::{Session, side};
use crate::draw::Theme;
use crate::figure;

#[wasm_bindgen]
impl Session {
    /// The picture as SVG, of so many CSS pixels: the same part of the array as on the canvas. Without a run, nothing.
    #[wasm_bindgen(js_name = frameSvg)]
    pub fn frame_svg(&mut self, width: f64, height: f64, theme: &str) -> Option<String> {
        let (_, finished) = self.shown.as_ref()?;
        let whole = figure::whole(finished, [side(width), side(height)]);
        let layout = self.camera.map_or(whole, |camera| whole.seen(whole.clamped(camera)));
        let sight = self.sight(finished, 1.0);
        Some(figure::picture(finished, sight, &layout, Theme::named(theme), &mut self.memory))
    }
}
