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

/// What each pass says of its work on a program, for a chip as a session's `setChip` takes it, but for passes that are left out; nothing of
/// a program that is not right. Names of passes that there are not are no harm.
#[wasm_bindgen]
pub fn passes(
    text: &str,
    base: String,
    words: Vec<String>,
    keys: Vec<String>,
    values: Vec<String>,
    without: Vec<String>,
) -> Result<JsValue, JsError> {
    let pipeline = Pipeline::but(&without);
    let chip = Wish { base, words, keys, values }.chip();
    let explained = chip.and_then(|chip| job::explained(text, &NoFiles, &chip, &pipeline).1);
    let Some((_, told)) = explained else { return Ok(JsValue::UNDEFINED) };
    let lines = Lines::new(text);
    to_js(&told.into_iter().map(|told| pass(told, &lines)).collect::<Vec<_>>())
}

/// What the pass of a number, from 0, changes of the plan; nothing of a program that is not right.
#[wasm_bindgen(js_name = passEffect)]
pub fn pass_effect(
    text: &str,
    base: String,
    words: Vec<String>,
    keys: Vec<String>,
    values: Vec<String>,
    without: Vec<String>,
    pass: usize,
) -> Result<JsValue, JsError> {
    let chip = Wish { base, words, keys, values }.chip().filter(|_| pass < PASSES.len());
    let effect =
        chip.and_then(|chip| job::pass_effect(text, &NoFiles, &chip, &Pipeline::but(&without), pass));
    let Some(effect) = effect else { return Ok(JsValue::UNDEFINED) };
    to_js(&PageEffect { lines: effect.lines.into_iter().map(change).collect(), cut: effect.is_cut })
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
