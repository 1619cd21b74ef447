//! What a report leaves out and a comparison of two runs wants.

use serde::Serialize;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsError, JsValue};

use super::session::Session;
use super::to_js;
use crate::sim::Part;

/// Figures of a whole run.
#[derive(Serialize)]
struct Figures {
    /// At the chip's clock, launch overheads included.
    seconds: f64,
    /// Bytes from DRAM, or the common memory, and to it.
    read: u64,
    written: u64,
}

#[wasm_bindgen]
impl Session {
    /// Figures of the run shown.
    pub fn figures(&self) -> Result<JsValue, JsError> {
        let Some((_, finished)) = &self.shown else { return Ok(JsValue::UNDEFINED) };
        let (program, chip, trace) = (&finished.emitted.program, &finished.chip, &finished.trace);
        let whole = 0..trace.cycles.max(1);
        let Part { read, written, .. } = self.lanes.parts(finished).part(program, chip, trace, whole);
        to_js(&Figures { seconds: chip.seconds(trace.cycles), read, written })
    }
}
