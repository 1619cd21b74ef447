//! What a worker holds: files, the run on show, and the one that is to replace it.

use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsError, JsValue};
use web_sys::OffscreenCanvas;

use super::analysis::Analysis;
use super::chips;
use super::listing::Listed;
use super::paint::Painter;
use super::timeline::Lanes;
use super::to_js;
use super::values::{Checked, Limits, PageFrame, PageReport, Pe, activity};
use super::wish::Wish;
use crate::base::Cycle;
use crate::chip::{Chip, MOST_FILE_BYTES};
use crate::draw::{Camera, Layout, Moment, Notation, PeCode, Theme, array};
use crate::figure::{self, Memory, Sight};
use crate::import::{Files, npy};
use crate::isa::ProgramOpId;
use crate::job::{self, AssemblyJob, Finished, Job, Seeding, compile_or_time_arranged};
use crate::lang::MOST_TEXT_BYTES;
use crate::schedule::Pipeline;

/// The machine behind a page. Every method that can fail throws an `Error` with a message for people.
#[wasm_bindgen]
pub struct Session {
    pub(super) painter: Painter,
    pub(super) lanes: Lanes,
    pub(super) files: Files,
    /// As it was asked for, and as it is if it can be.
    pub(super) chip: Option<(Wish, Option<Chip>)>,
    pub(super) pending: Option<(String, Pending)>,
    pub(super) shown: Option<(String, Finished)>,
    /// Operands of an operator of the run shown, under way.
    pub(super) seeding: Option<Seeding>,
    /// What its pictures have in common.
    pub(super) memory: Memory,
    pub(super) cycle: Cycle,
    /// The matrix unit on show.
    pub(super) unit: usize,
    pub(super) selected: (usize, usize),
    /// The operator that stands out, by its number.
    pub(super) marked: Option<usize>,
    /// What one looks at, if not at the whole array; and what it goes towards.
    pub(super) camera: Option<Camera>,
    pub(super) goal: Option<Camera>,
    /// How numbers are shown.
    pub(super) notation: Notation,
    pub(super) analysis: Analysis,
    /// Of the graph, if the page has room for one.
    pub(super) graph: Option<Painter>,
    /// The passes that compile.
    pub(super) pipeline: Pipeline,
    /// The listing of the run shown, as far as it has been asked for.
    pub(super) listed: Option<Listed>,
}

/// Multiply-accumulates between two looks at the worker's messages: some ten milliseconds.
const SLICE: u64 = 8 << 20;

#[wasm_bindgen]
impl Session {
    /// Paints on `canvas` from now on.
    #[wasm_bindgen(constructor)]
    pub fn new(canvas: OffscreenCanvas) -> Result<Session, JsValue> {
        console_error_panic_hook::set_once();
        Ok(Session {
            painter: Painter::new(canvas)?,
            lanes: Lanes::default(),
            files: Files::default(),
            chip: None,
            pending: None,
            shown: None,
            seeding: None,
            memory: Memory::default(),
            cycle: 0,
            unit: 0,
            selected: (0, 0),
            marked: None,
            camera: None,
            goal: None,
            notation: Notation::default(),
            analysis: Analysis::default(),
            graph: None,
            pipeline: Pipeline::default(),
            listed: None,
        })
    }

    /// Version of the crate.
    pub fn version(&self) -> String {
        env!("CARGO_PKG_VERSION").into()
    }

    /// What is refused beyond.
    pub fn limits(&self) -> Result<JsValue, JsError> {
        to_js(&Limits {
            text_bytes: MOST_TEXT_BYTES,
            file_bytes: npy::MOST_BYTES,
            chip_bytes: MOST_FILE_BYTES,
        })
    }

    /// The chips that come with the module.
    pub fn presets(&self) -> Result<JsValue, JsError> {
        to_js(&chips::presets())
    }

    /// Keeps a `.npy` file for `load("path")`.
    #[wasm_bindgen(js_name = setFile)]
    pub fn set_file(&mut self, path: &str, bytes: &[u8]) -> Result<(), JsError> {
        self.files
            .insert(path, bytes)
            .map_err(|e| JsError::new(&format!("{path}: {}; {}", e.message, e.hint)))
    }

    /// Forgets a file.
    #[wasm_bindgen(js_name = removeFile)]
    pub fn remove_file(&mut self, path: &str) {
        self.files.remove(path);
    }

    /// Overwrites a row of a loaded i8 matrix; returns the changed file.
    #[wasm_bindgen(js_name = setRow)]
    pub fn set_row(&mut self, path: &str, row: usize, values: &[i8]) -> Result<Vec<u8>, JsError> {
        if !self.files.set_row(path, row, values) {
            let message = format!("{path} has no row {row} of {} values of i8", values.len());
            return Err(JsError::new(&message));
        }
        Ok(self.files.array(path).map(npy::write).unwrap_or_default())
    }

    /// Chooses the chip for what is checked from now on: a preset by its name, or a chip file by its words, and what is
    /// changed of it, key by key. Returns what came of it; nothing if it is the one chosen already.
    #[wasm_bindgen(js_name = setChip)]
    pub fn set_chip(
        &mut self,
        base: String,
        words: Vec<String>,
        keys: Vec<String>,
        values: Vec<String>,
    ) -> Result<JsValue, JsError> {
        let wish = Wish { base, words, keys, values };
        if self.chip.as_ref().is_some_and(|(known, _)| *known == wish) {
            return Ok(JsValue::UNDEFINED);
        }
        let (state, chip) = wish.choose();
        self.chip = Some((wish, chip));
        to_js(&state)
    }

    /// Compiles a program. Without errors a new run is pending; with them, or without a possible chip, what is shown stays.
    pub fn check(&mut self, text: &str) -> Result<JsValue, JsError> {
        let compiled = match self.chip.as_ref().and_then(|(_, chip)| chip.as_ref()) {
            Some(chip) => {
                compile_or_time_arranged(text, &self.files, chip, &self.pipeline, &mut job::as_planned)
            }
            // What is wrong with a program is said even if there is no chip for it.
            None => job::check(text, &self.files),
        };
        let checked = Checked::new(text, &compiled);
        let timed = compiled.timed.map(|timed| Pending::Timed(Box::new(timed)));
        let pending = timed.or(compiled.job.map(|job| Pending::Job(Box::new(job))));
        self.pending = pending.map(|pending| (text.to_owned(), pending));
        to_js(&checked)
    }

    /// Works on the pending run for some milliseconds; returns how much is done. At 1 it has replaced the one shown.
    pub fn advance(&mut self) -> f64 {
        if let Some(done) = self.pending.as_mut().and_then(|(_, pending)| pending.advance()) {
            return done.min(0.999);
        }
        if let Some((text, pending)) = self.pending.take() {
            let finished = pending.into_finished();
            self.cycle = self.cycle.min(finished.trace.cycles);
            let sides = |finished: &Finished| (finished.chip.rows, finished.chip.cols);
            if self.shown.as_ref().is_some_and(|(_, before)| sides(before) != sides(&finished)) {
                (self.camera, self.goal) = (None, None);
            }
            self.unit = self.unit.min(finished.chip.matrix_units - 1);
            self.selected.0 = self.selected.0.min(finished.chip.rows - 1);
            self.selected.1 = self.selected.1.min(finished.chip.cols - 1);
            self.shown = Some((text, finished));
            self.lanes.forget();
            self.analysis.forget();
            self.listed = None;
            self.forget_numbers();
        }
        1.0
    }

    /// Begins to compute the numbers of an operator of the run shown, by its number, from operands made from their names. Throws
    /// where there are none to be had.
    pub fn compute(&mut self, op: usize) -> Result<(), JsError> {
        self.seeding = None;
        let Some((_, finished)) = &self.shown else { return Ok(()) };
        let Some(op) = finished.emitted.program.ops.ids().nth(op) else { return Ok(()) };
        let seeding = finished.seeding(op);
        self.seeding = Some(seeding.map_err(|no| JsError::new(&format!("{}; {}", no.message, no.hint)))?);
        Ok(())
    }

    /// Works on that for some milliseconds; true when there is no more to do, and pictures have the numbers.
    #[wasm_bindgen(js_name = advanceOperator)]
    pub fn advance_operator(&mut self) -> bool {
        let (Some(seeding), Some((_, finished))) = (&mut self.seeding, &mut self.shown) else { return true };
        let done = finished.seed(seeding, SLICE as usize / 8);
        if done {
            self.forget_numbers();
        }
        done
    }

    /// The report of the run shown.
    pub fn report(&self) -> Result<JsValue, JsError> {
        match &self.shown {
            Some((text, finished)) => {
                let height = self.lanes.height(finished, self.unit);
                to_js(&PageReport::new(text, finished, self.unit, height))
            }
            None => Ok(JsValue::UNDEFINED),
        }
    }

    /// Size of the canvas in CSS pixels, device pixels to each, and `light` or `dark`.
    pub fn view(&mut self, width: f64, height: f64, pixel_ratio: f64, theme: &str) -> Result<(), JsValue> {
        self.painter.view(side(width), side(height), ratio(pixel_ratio), Theme::named(theme))
    }

    /// Paints a cycle, the last one if there are fewer, and tells it in words and numbers. What moves has come a share of its way.
    pub fn seek(&mut self, cycle: f64, arrived: f64) -> Result<JsValue, JsValue> {
        let Some((_, finished)) = &self.shown else { return Ok(JsValue::UNDEFINED) };
        // A negative number, or none at all, becomes 0.
        self.cycle = (cycle as Cycle).min(finished.trace.cycles);
        self.picture(arrived, |painter, text, moment, layout| {
            painter.paint(&array(moment, layout))?;
            Ok(to_js(&PageFrame::new(text, moment, layout))?)
        })
    }

    /// Paints the same cycle again, with what moves a share of its way, from 0 to 1.
    pub fn repaint(&mut self, arrived: f64) -> Result<(), JsValue> {
        self.picture(arrived, |painter, _, moment, layout| {
            painter.paint(&array(moment, layout))?;
            Ok(JsValue::UNDEFINED)
        })?;
        Ok(())
    }

    /// The selected PE in code, with what it holds in the cycle that was painted last.
    #[wasm_bindgen(js_name = peCode)]
    pub fn pe_code(&mut self) -> Result<JsValue, JsValue> {
        self.picture(1.0, |_, _, moment, _| {
            let PeCode { hardware, software } = PeCode::new(moment);
            Ok(to_js(&[hardware, software])?)
        })
    }

    /// Lets an operator of the run shown stand out in the pictures, by its number, or none.
    pub fn mark(&mut self, op: Option<usize>) {
        self.marked = op;
    }

    /// Selects a PE; outside the array, the nearest one.
    pub fn select(&mut self, row: usize, col: usize) {
        if let Some((_, finished)) = &self.shown {
            self.selected = (row.min(finished.chip.rows - 1), col.min(finished.chip.cols - 1));
        }
    }

    /// Shows another matrix unit, beyond the chip's its last; returns the share of its PEs at work over the run, 0 to 255.
    #[wasm_bindgen(js_name = showUnit)]
    pub fn show_unit(&mut self, unit: usize) -> js_sys::Uint8Array {
        let Some((_, finished)) = &self.shown else { return js_sys::Uint8Array::new_with_length(0) };
        self.unit = unit.min(finished.chip.matrix_units - 1);
        activity(finished, self.unit)
    }

    /// The PE at a point of the canvas, in CSS pixels.
    pub fn pick(&self, x: f64, y: f64) -> Result<JsValue, JsError> {
        let hit = self.shown.as_ref().and_then(|(_, finished)| self.layout(finished).hit(x, y));
        match hit {
            Some((row, col)) => to_js(&Pe { row, col }),
            None => Ok(JsValue::UNDEFINED),
        }
    }
}

/// A run that is to be shown.
pub(super) enum Pending {
    Job(Box<Job>),
    Timed(Box<Finished>),
    Assembly(Box<AssemblyJob>),
}

impl Pending {
    /// Works for some milliseconds; how much is done, or nothing if that is all.
    pub(super) fn advance(&mut self) -> Option<f64> {
        match self {
            Pending::Job(job) => (!job.advance(SLICE)).then(|| job.progress()),
            Pending::Timed(_) => None,
            Pending::Assembly(job) => (!job.advance(SLICE)).then(|| job.progress()),
        }
    }

    /// The run, when that is all.
    pub(super) fn into_finished(self) -> Finished {
        match self {
            Pending::Job(job) => job.into_finished(),
            Pending::Timed(timed) => *timed,
            Pending::Assembly(job) => job.into_run().into(),
        }
    }
}

impl Session {
    /// What was kept of other numbers than those in memory.
    fn forget_numbers(&mut self) {
        self.seeding = None;
        self.memory = Memory::default();
    }

    /// Does something with the cycle on show.
    fn picture(
        &mut self,
        arrived: f64,
        paint: impl FnOnce(&Painter, &str, &Moment, &Layout) -> Result<JsValue, JsValue>,
    ) -> Result<JsValue, JsValue> {
        let Some((text, finished)) = &self.shown else { return Ok(JsValue::UNDEFINED) };
        let (layout, sight) = (self.layout(finished), self.sight(finished, arrived));
        figure::moment(finished, sight, &layout, &mut self.memory, |moment| {
            paint(&self.painter, text, moment, &layout)
        })
    }

    /// What one looks at.
    pub(super) fn sight(&self, finished: &Finished, arrived: f64) -> Sight {
        Sight {
            cycle: self.cycle,
            unit: self.unit,
            selected: self.selected,
            marked: marked(finished, self.marked),
            arrived: if arrived.is_finite() { arrived.clamp(0.0, 1.0) } else { 1.0 },
            notation: self.notation,
        }
    }

    fn layout(&self, finished: &Finished) -> Layout {
        let (width, height) = self.painter.size();
        let whole = figure::whole(finished, [width, height]);
        self.camera.map_or(whole, |camera| whole.seen(whole.clamped(camera)))
    }
}

/// The operator of a run with a number, if it has that many.
pub(super) fn marked(finished: &Finished, op: Option<usize>) -> Option<ProgramOpId> {
    finished.emitted.program.ops.ids().nth(op?)
}

/// CSS pixels of a picture's side, whatever the page says.
pub(super) fn side(pixels: f64) -> f64 {
    if pixels.is_finite() { pixels.clamp(1.0, 8192.0) } else { 1.0 }
}

pub(super) fn ratio(pixels: f64) -> f64 {
    if pixels.is_finite() { pixels.clamp(0.25, 4.0) } else { 1.0 }
}
