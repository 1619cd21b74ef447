//! Where playing may stop.

use wasm_bindgen::prelude::wasm_bindgen;

use super::session::Session;
use crate::base::Cycle;

#[wasm_bindgen]
impl Session {
    /// After a cycle: the next one in which the matrix unit shown begins a `pass`, or a `stall`, or in which a pass comes to the
    /// selected `pe`; nothing if there is none.
    #[wasm_bindgen(js_name = nextStop)]
    pub fn next_stop(&self, what: &str, after: f64) -> Option<f64> {
        let (_, finished) = self.shown.as_ref()?;
        let (row, col) = self.selected;
        // A negative number, or none at all, becomes 0.
        let (trace, after) = (&finished.trace, after as Cycle);
        let found = match what {
            "pass" => trace.next_pass(self.unit, 0, after),
            "pe" => trace.next_pass(self.unit, (row + col) as Cycle, after),
            "stall" => self.lanes.overview(finished).counts().next_stall(trace, self.unit, after),
            _ => None,
        };
        found.map(|cycle| cycle as f64)
    }
}
