//! The engine for programs: what the npm package calls. It needs no canvas, so it runs in any JavaScript.

use js_sys::RangeError;
use serde::Serialize;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsError, JsValue};

use super::findings::{PageDiagnostic, diagnostics};
use super::session::Pending;
use super::to_js;
use crate::base::Cycle;
use crate::chip::{self, Chip, ChipError};
use crate::draw::{Notation, Theme};
use crate::figure::{self, Memory, Sight};
use crate::import::Files;
use crate::job::{self, Finished, compile_or_time_arranged};
use crate::schedule::Pipeline;

/// A program on a chip, and its run once that is done.
#[wasm_bindgen]
#[derive(Default)]
pub struct Simulation {
    text: String,
    files: Files,
    pending: Option<Pending>,
    finished: Option<Finished>,
    memory: Memory,
}

/// What compiling found; with an error in either there is nothing to run.
#[derive(Serialize)]
struct Found {
    /// In the program.
    program: Vec<PageDiagnostic>,
    /// In the chip file.
    chip: Vec<PageDiagnostic>,
    /// A chip that there is not, or cannot be.
    problems: Vec<Problem>,
    /// Files that the program loads.
    loads: Vec<String>,
    runs: bool,
}

/// Something wrong without a place in a text.
#[derive(Serialize)]
struct Problem {
    message: String,
    hint: String,
}

#[wasm_bindgen]
impl Simulation {
    /// Without a program.
    #[wasm_bindgen(constructor)]
    pub fn new() -> Simulation {
        console_error_panic_hook::set_once();
        Simulation::default()
    }

    /// Keeps a `.npy` file for `load("path")`.
    #[wasm_bindgen(js_name = addFile)]
    pub fn add_file(&mut self, path: &str, bytes: &[u8]) -> Result<(), JsError> {
        self.files
            .insert(path, bytes)
            .map_err(|e| JsError::new(&format!("{path}: {}; {}", e.message, e.hint)))
    }

    /// Compiles a program for a chip: a preset by its name, or the text of a chip file.
    pub fn compile(&mut self, text: &str, chip: Option<String>) -> Result<JsValue, JsError> {
        (self.pending, self.finished, self.memory) = (None, None, Memory::default());
        self.text = text.to_owned();
        let chosen = choose(chip.as_deref().unwrap_or(chip::DEFAULT));
        let compiled = match &chosen {
            Ok(chip) => {
                compile_or_time_arranged(text, &self.files, chip, &Pipeline::default(), &mut job::as_planned)
            }
            Err(_) => job::check(text, &self.files),
        };
        let timed = compiled.timed.map(|timed| Pending::Timed(Box::new(timed)));
        self.pending = timed.or(compiled.job.map(|job| Pending::Job(Box::new(job))));
        let (chip, problems) = chosen.err().unwrap_or_default();
        to_js(&Found {
            program: diagnostics(text, &compiled.diagnostics),
            chip,
            problems: problems
                .into_iter()
                .map(|ChipError { message, hint, .. }| Problem { message, hint })
                .collect(),
            loads: compiled.loads,
            runs: self.pending.is_some(),
        })
    }

    /// Works on the run for some milliseconds; returns how much is done, from 0 to 1.
    pub fn advance(&mut self) -> f64 {
        if let Some(done) = self.pending.as_mut().and_then(Pending::advance) {
            return done.min(0.999);
        }
        if let Some(pending) = self.pending.take() {
            self.finished = Some(pending.into_finished());
        }
        1.0
    }

    /// The counters as `systole run --format json` has them; nothing before the run is done.
    pub fn report(&self) -> Result<JsValue, JsError> {
        let report = self.finished.as_ref().map(|finished| finished.report(&self.text));
        report.map_or(Ok(JsValue::UNDEFINED), |report| to_js(&report))
    }

    /// A matrix unit at the end of a cycle, as `systole frame` has it; beyond the ends, the ends.
    pub fn frame(&self, cycle: f64, unit: usize) -> Result<JsValue, JsError> {
        let Some(finished) = &self.finished else { return Ok(JsValue::UNDEFINED) };
        to_js(&finished.frame(&self.text, unit_of(finished, unit), cycle_of(finished, cycle)))
    }

    /// The same as a picture, an SVG of so many CSS pixels.
    #[wasm_bindgen(js_name = frameSvg)]
    pub fn frame_svg(
        &mut self,
        cycle: f64,
        unit: usize,
        width: Option<f64>,
        height: Option<f64>,
        theme: &str,
    ) -> Result<Option<String>, RangeError> {
        let Some(finished) = &self.finished else { return Ok(None) };
        let [usual_width, usual_height] = figure::SIZE;
        let size = [side("width", width, usual_width)?, side("height", height, usual_height)?];
        let layout = figure::whole(finished, size);
        let sight = Sight {
            cycle: cycle_of(finished, cycle),
            unit: unit_of(finished, unit),
            selected: (0, 0),
            marked: None,
            arrived: 1.0,
            notation: Notation::default(),
        };
        Ok(Some(figure::picture(finished, sight, &layout, Theme::named(theme), &mut self.memory)))
    }
}

/// The chip of a preset's name or a chip file's text; or what is wrong with the text, or with the chip.
fn choose(chip: &str) -> Result<Chip, (Vec<PageDiagnostic>, Vec<ChipError>)> {
    let is_file = chip.contains(['\n', '=', '#']);
    let description = if is_file {
        let parsed = chip::parse(chip);
        parsed.description.ok_or_else(|| (diagnostics(chip, &parsed.diagnostics), Vec::new()))?
    } else {
        chip::preset(chip).ok_or_else(|| (Vec::new(), vec![chip::unknown_preset(chip)]))?
    };
    description.chip().map_err(|errors| (Vec::new(), errors))
}

/// A picture's width or height, in CSS pixels.
fn side(name: &str, pixels: Option<f64>, usual: u32) -> Result<f64, RangeError> {
    let (least, most) = figure::SIDES.into_inner();
    let side = pixels.unwrap_or(f64::from(usual));
    if (f64::from(least)..=f64::from(most)).contains(&side) {
        Ok(side)
    } else {
        Err(RangeError::new(&format!("{name} {side}: {least} to {most} pixels")))
    }
}

/// A negative number, or none at all, becomes 0.
fn cycle_of(finished: &Finished, cycle: f64) -> Cycle {
    (cycle as Cycle).min(finished.trace.cycles)
}

fn unit_of(finished: &Finished, unit: usize) -> usize {
    unit.min(finished.chip.matrix_units - 1)
}
