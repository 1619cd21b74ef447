//! What limits a program on a chip, and what would help: for a worker of its own, which the page may end at any moment.

use serde::Serialize;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsError, JsValue};

use super::to_js;
use super::wish::Wish;
use crate::advise::{self, Advice, Cause, Ranking};
use crate::base::Cycle;

/// A program on a chip, with changes to be tried one by one.
#[wasm_bindgen]
pub struct Advisor {
    advisor: advise::Advisor,
    ranking: Ranking,
}

#[wasm_bindgen]
impl Advisor {
    /// Runs a program as it is, on a chip as a session's `setChip` takes it. Throws where it does not run.
    #[wasm_bindgen(constructor)]
    pub fn new(
        text: &str,
        base: String,
        words: Vec<String>,
        keys: Vec<String>,
        values: Vec<String>,
    ) -> Result<Advisor, JsError> {
        console_error_panic_hook::set_once();
        let wish = Wish { base, words, keys, values };
        let mut described = wish.original().map_err(|error| JsError::new(&error.message))?;
        described.amend(wish.changes()).map_err(|_| JsError::new("there is no such chip"))?;
        let advisor = advise::Advisor::new(text, &described);
        let advisor = advisor.ok_or_else(|| JsError::new("the program does not run on this chip"))?;
        Ok(Advisor { advisor, ranking: Ranking::default() })
    }

    /// What limits the run, and how many changes could be tried.
    pub fn limits(&self) -> Result<JsValue, JsError> {
        to_js(&Limits {
            cycles: self.advisor.cycles(),
            causes: self.advisor.causes().iter().map(PageCause::new).collect(),
            changes: self.advisor.changes().len(),
        })
    }

    /// Runs a change by its number; the list of what gains, if that is another now.
    pub fn attempt(&mut self, number: usize) -> Result<JsValue, JsError> {
        let advice = self.advisor.attempt(number);
        if !advice.is_some_and(|advice| self.ranking.add(advice)) {
            return Ok(JsValue::UNDEFINED);
        }
        let list: Vec<PageAdvice> = self.ranking.list().iter().map(PageAdvice::new).collect();
        to_js(&list)
    }
}

#[derive(Serialize)]
struct Limits<'a> {
    cycles: Cycle,
    causes: Vec<PageCause<'a>>,
    changes: usize,
}

#[derive(Serialize)]
struct PageCause<'a> {
    title: &'static str,
    cycles: Cycle,
    share: f64,
    op: Option<usize>,
    words: &'a str,
}

impl PageCause<'_> {
    fn new(cause: &Cause) -> PageCause<'_> {
        let Cause { limit, cycles, share, op, words } = cause;
        PageCause { title: limit.title(), cycles: *cycles, share: *share, op: *op, words }
    }
}

#[derive(Serialize)]
struct PageAdvice<'a> {
    family: &'static str,
    label: &'a str,
    cost: &'a str,
    gain: f64,
    cycles: Cycle,
    results: u64,
    text: Option<&'a str>,
    /// Keys of the chip, and what they are to say.
    fields: Vec<(&'static str, &'a str)>,
}

impl PageAdvice<'_> {
    fn new(advice: &Advice) -> PageAdvice<'_> {
        let change = &advice.change;
        PageAdvice {
            family: change.family.name(),
            label: &change.label,
            cost: &change.cost,
            gain: advice.gain,
            cycles: advice.cycles,
            results: change.results,
            text: change.text.as_deref(),
            fields: change.fields.iter().map(|(key, value)| (key.field().name, value.as_str())).collect(),
        }
    }
}
