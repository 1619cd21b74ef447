//! What the compiler's passes do with a program, in words and as changes of its plan.

use serde::Serialize;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsError, JsValue};

use super::answers::NoFiles;
use super::to_js;
use super::wish::Wish;
use crate::base::Lines;
use crate::job::{self, Change, Changed};
use crate::schedule::{Note, PASSES, Pipeline, Said, Told};

/// A program, the chip that it is compiled for, and the passes that are left out.
#[wasm_bindgen]
pub struct Compilation {
    text: String,
    wish: Wish,
    pipeline: Pipeline,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PagePass {
    name: &'static str,
    purpose: &'static str,
    left_out: bool,
    notes: Vec<PageNote>,
}

#[derive(Serialize)]
struct PageNote {
    of: String,
    /// Nothing where it is about all of the program.
    line: Option<u32>,
    text: String,
}

#[derive(Serialize)]
struct PageEffect {
    lines: Vec<PageChange>,
    cut: bool,
}

#[derive(Serialize)]
struct PageChange {
    change: &'static str,
    text: String,
    /// Of lines that are left out.
    skipped: usize,
}

#[wasm_bindgen]
impl Compilation {
    /// A chip as a session's `setChip` takes it; names of passes that there are not are no harm.
    #[wasm_bindgen(constructor)]
    pub fn new(
        text: String,
        base: String,
        words: Vec<String>,
        keys: Vec<String>,
        values: Vec<String>,
        without: Vec<String>,
    ) -> Compilation {
        Compilation { text, wish: Wish { base, words, keys, values }, pipeline: Pipeline::but(&without) }
    }

    /// What each pass says of its work; nothing of a program that is not right.
    pub fn passes(&self) -> Result<JsValue, JsError> {
        let Some(chip) = self.wish.chip() else { return Ok(JsValue::UNDEFINED) };
        let Some((_, told)) = job::explained(&self.text, &NoFiles, &chip, &self.pipeline).1 else {
            return Ok(JsValue::UNDEFINED);
        };
        let lines = Lines::new(&self.text);
        to_js(&told.into_iter().map(|told| pass(told, &lines)).collect::<Vec<_>>())
    }

    /// What the pass of a number, from 0, changes of the plan; nothing of a program that is not right.
    pub fn effect(&self, pass: usize) -> Result<JsValue, JsError> {
        let Some(chip) = self.wish.chip().filter(|_| pass < PASSES.len()) else {
            return Ok(JsValue::UNDEFINED);
        };
        match job::pass_effect(&self.text, &NoFiles, &chip, &self.pipeline, pass) {
            Some(effect) => {
                let lines = effect.lines.into_iter().map(change).collect();
                to_js(&PageEffect { lines, cut: effect.is_cut })
            }
            None => Ok(JsValue::UNDEFINED),
        }
    }
}

fn pass(Told { pass, said }: Told, lines: &Lines) -> PagePass {
    let note = |Note { of, span, text }: Note| {
        let line = (!of.is_empty()).then(|| lines.position(span.start).line);
        PageNote { of, line, text }
    };
    let (left_out, notes) = match said {
        Said::LeftOut => (true, Vec::new()),
        Said::Did(notes) => (false, notes),
    };
    PagePass {
        name: pass.name,
        purpose: pass.purpose,
        left_out,
        notes: notes.into_iter().map(note).collect(),
    }
}

fn change(Changed { change, text }: Changed) -> PageChange {
    let (change, skipped) = match change {
        Change::Same => ("same", 0),
        Change::Gone => ("gone", 0),
        Change::New => ("new", 0),
        Change::Skipped(count) => ("skipped", count),
    };
    PageChange { change, text, skipped }
}
