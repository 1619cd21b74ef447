//! The run on show as files.

use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsError, JsValue};

use super::session::{Session, side};
use super::to_js;
use crate::base::Cycle;
use crate::draw::Theme;
use crate::figure::{self, Ran, Sight, Tracks};
use crate::job::Finished;

#[wasm_bindgen]
impl Session {
    /// A cycle as SVG, the last one if there are fewer, of so many CSS pixels: of the array the same part as on the canvas.
    /// Without a run, nothing.
    #[wasm_bindgen(js_name = frameSvg)]
    pub fn frame_svg(&mut self, cycle: f64, width: f64, height: f64, theme: &str) -> Option<String> {
        let (_, finished) = self.shown.as_ref()?;
        let whole = figure::whole(finished, [side(width), side(height)]);
        let layout = self.camera.map_or(whole, |camera| whole.seen(whole.clamped(camera)));
        // A negative number, or none at all, becomes 0.
        let cycle = (cycle as Cycle).min(finished.trace.cycles);
        let sight = Sight { cycle, ..self.sight(finished, 1.0) };
        Some(figure::picture(finished, sight, &layout, Theme::named(theme), &mut self.memory))
    }

    /// The run's counters as `systole run --format json` has them. Without a run, nothing.
    #[wasm_bindgen(js_name = runReport)]
    pub fn run_report(&self) -> Result<JsValue, JsError> {
        let Some((text, finished)) = &self.shown else { return Ok(JsValue::UNDEFINED) };
        to_js(&finished.report(text))
    }

    /// Begins the run's timeline for Perfetto, as `systole trace` writes it; whether there is a run.
    #[wasm_bindgen(js_name = beginTimelineFile)]
    pub fn begin_timeline_file(&mut self) -> bool {
        self.lanes.saved = self.shown.as_ref().map(|(text, finished)| Tracks::new(ran(finished), text));
        self.lanes.saved.is_some()
    }

    /// Its next part, made in a few milliseconds; nothing when all are there. Throws if another run is shown since.
    #[wasm_bindgen(js_name = timelineFilePart)]
    pub fn timeline_file_part(&mut self) -> Result<Option<String>, JsError> {
        let of = self.lanes.saved.as_mut().zip(self.shown.as_ref());
        let (tracks, (_, finished)) = of.ok_or_else(|| JsError::new("another run is on show by now"))?;
        Ok(tracks.part(ran(finished)))
    }
}

fn ran(Finished { trace, emitted, chip, .. }: &Finished) -> Ran<'_> {
    Ran { trace, program: &emitted.program, chip }
}
