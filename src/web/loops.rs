//! The plan of the run shown, as loops: windows of their lines, and which of them are under way.

use serde::Serialize;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsError, JsValue};

use super::listing::{Listed, Mark, running};
use super::session::Session;
use super::to_js;
use crate::base::Cycle;
use crate::draw::{LoopMark, LoopPlaces};
use crate::isa::Unit;
use crate::schedule::{self, Pipeline};

/// Most lines of one answer.
const MOST_LINES: usize = 400;

#[derive(Serialize)]
struct Extent {
    lines: usize,
    /// Characters of the longest one.
    widest: usize,
}

#[derive(Serialize)]
struct Line<'l> {
    text: &'l str,
    op: usize,
}

#[wasm_bindgen]
impl Session {
    /// Writes the loops of the run shown: how many lines there are; none of an assembly.
    pub fn loops(&mut self) -> Result<JsValue, JsError> {
        let Some((_, finished)) = &self.shown else { return Ok(JsValue::UNDEFINED) };
        let listed = self.listed.get_or_insert_with(|| Listed::new(finished));
        if listed.loops.is_empty() {
            listed.loops = schedule::loops(&finished.plan, &finished.chip);
        }
        let widest = listed.loops.iter().map(|line| line.text.chars().count()).max().unwrap_or(0);
        to_js(&Extent { lines: listed.loops.len(), widest })
    }

    /// Leaves passes out of what is compiled from now on, by their names; true if others are left out than before.
    #[wasm_bindgen(js_name = leaveOut)]
    pub fn leave_out(&mut self, names: Vec<String>) -> bool {
        let before = std::mem::replace(&mut self.pipeline, Pipeline::but(&names));
        before != self.pipeline
    }

    /// Cycles that the program of the run shown takes without some passes; throws where it would not run. Nothing of an assembly.
    #[wasm_bindgen(js_name = cyclesWithout)]
    pub fn cycles_without(&self, names: Vec<String>) -> Result<Option<f64>, JsError> {
        let Some((_, finished)) = self.shown.as_ref().filter(|(_, run)| run.written.is_none()) else {
            return Ok(None);
        };
        let cycles = finished.cycles_by(&Pipeline::but(&names));
        let cycles = cycles.map_err(|refused| JsError::new(&refused.diagnostic().message))?;
        Ok(Some(cycles as f64))
    }

    /// Lines of the loops, by their numbers from 0.
    #[wasm_bindgen(js_name = loopLines)]
    pub fn loop_lines(&self, from: usize, count: usize) -> Result<JsValue, JsError> {
        let Some(listed) = &self.listed else { return Ok(JsValue::UNDEFINED) };
        let window = listed.loops.iter().skip(from).take(count.min(MOST_LINES));
        to_js(&window.map(|line| Line { text: &line.text, op: line.layer }).collect::<Vec<_>>())
    }

    /// Lines of the loops under way in a cycle; of several matrix units, the loops of the one shown.
    #[wasm_bindgen(js_name = loopsUnderWay)]
    pub fn loops_under_way(&self, cycle: f64) -> Result<JsValue, JsError> {
        let (Some(listed), Some((_, finished))) = (&self.listed, &self.shown) else {
            return Ok(JsValue::UNDEFINED);
        };
        let cycle = cycle as Cycle;
        let mut all = running(finished, listed).at(cycle);
        // The newest pass of the unit shown first, then other units' and what else is done.
        all.reverse();
        all.sort_by_key(|it| it.unit != Unit::Matrix(self.unit as u32));
        let places = LoopPlaces {
            plan: &finished.plan,
            program: &finished.emitted.program,
            tensors: &finished.emitted.tensors,
            pairs: &listed.pairs,
            lines: &listed.loops,
        };
        let mark = |LoopMark { line, busy, of, note }: LoopMark| Mark {
            line,
            lines: 1,
            busy,
            r#loop: of.is_some(),
            note,
        };
        to_js(&places.marks(&all, cycle).into_iter().map(mark).collect::<Vec<_>>())
    }
}
