//! Programs for the machine itself, written in the page.

use serde::Serialize;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsError, JsValue};

use super::findings::{PageDiagnostic, diagnostics};
use super::session::{Pending, Session};
use super::to_js;
use crate::job::{assembly_job, assembly_text};
use crate::schedule::Pipeline;

/// What assembling found.
#[derive(Serialize)]
struct Assembled {
    diagnostics: Vec<PageDiagnostic>,
    runs: bool,
}

#[wasm_bindgen]
impl Session {
    /// Assembles a text. Without errors a new run is pending; with them, or without a possible chip, what is shown stays.
    pub fn assemble(&mut self, text: &str) -> Result<JsValue, JsError> {
        let Some(chip) = self.chip.as_ref().and_then(|(_, chip)| chip.as_ref()) else {
            return Err(JsError::new("there is no chip to run it on; the Chip tab says what is wrong"));
        };
        let (found, job) = assembly_job(text, &self.files, chip);
        let assembled = Assembled { diagnostics: diagnostics(text, &found), runs: job.is_some() };
        self.pending = job.map(|job| (text.to_owned(), Pending::Assembly(Box::new(job))));
        to_js(&assembled)
    }

    /// A program as assembly; throws where it cannot be compiled.
    #[wasm_bindgen(js_name = assemblyOf)]
    pub fn assembly_of(&self, text: &str) -> Result<String, JsError> {
        let chip = self.chip.as_ref().and_then(|(_, chip)| chip.as_ref());
        let made = chip.and_then(|chip| assembly_text(text, &self.files, chip, &Pipeline::default()).1);
        made.ok_or_else(|| {
            JsError::new("the program has errors, or there is no chip for it: there is no assembly of it")
        })
    }
}
