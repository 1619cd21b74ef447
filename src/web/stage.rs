//! How near one looks: from the whole chip to the bits of a single PE.

use wasm_bindgen::prelude::wasm_bindgen;

use super::session::Session;
use crate::draw::{Camera, Layout, Level, Notation};

/// Share of the way that a camera goes in a millisecond.
const PACE: f64 = 0.012;

#[wasm_bindgen]
impl Session {
    /// Makes everything larger by a factor; what is at a point of the canvas, in CSS pixels, stays there.
    pub fn zoom(&mut self, x: f64, y: f64, factor: f64) {
        let Some(whole) = self.whole() else { return };
        let camera = self.camera.unwrap_or(whole.camera());
        if [x, y, factor].iter().all(|number| number.is_finite()) && factor > 0.0 {
            self.aim_at(whole.zoomed(camera, [x, y], factor), &whole);
        }
    }

    /// Moves everything by so many CSS pixels.
    pub fn pan(&mut self, dx: f64, dy: f64) {
        let Some(whole) = self.whole() else { return };
        let Camera { at: [x, y], zoom } = self.camera.unwrap_or(whole.camera());
        let pitch = whole.pitch * zoom;
        if dx.is_finite() && dy.is_finite() {
            self.aim_at(Camera { at: [x - dx / pitch, y - dy / pitch], zoom }, &whole);
        }
    }

    /// Looks at the whole chip (0), the array (1), the selected PE (2) or its bits (3).
    pub fn look(&mut self, level: usize) {
        let Some(whole) = self.whole() else { return };
        let level = Level::ALL[level.min(Level::ALL.len() - 1)];
        self.goal = Some(whole.camera_of(level, self.selected));
    }

    /// Shows numbers as `decimal`, `hexadecimal` or `indices`, from the next picture on.
    #[wasm_bindgen(js_name = showNumbersAs)]
    pub fn show_numbers_as(&mut self, notation: &str) {
        self.notation = Notation::named(notation);
    }

    /// Goes on towards what is to be looked at, for so many milliseconds; true when it is there.
    pub fn glide(&mut self, ms: f64) -> bool {
        let (Some(goal), Some(whole)) = (self.goal, self.whole()) else { return true };
        let camera = self.camera.unwrap_or(whole.camera());
        let near = camera.towards(goal, 1.0 - (-PACE * ms.max(0.0)).exp());
        let there = near.is_close_to(goal);
        self.camera = Some(near);
        if there {
            self.goal = None;
            // The whole stays the whole when the picture's size changes.
            self.camera = Some(goal).filter(|goal| *goal != whole.camera());
        }
        there
    }
}

impl Session {
    /// The picture of the whole array.
    pub(super) fn whole(&self) -> Option<Layout> {
        let (_, finished) = self.shown.as_ref()?;
        let (width, height) = self.painter.size();
        Some(Layout::new(width, height, finished.chip.rows, finished.chip.cols))
    }

    fn aim_at(&mut self, camera: Camera, whole: &Layout) {
        self.goal = None;
        self.camera = Some(whole.clamped(camera));
    }
}
