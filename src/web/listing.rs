//! The program that is run, as assembly: windows of its lines, and which of them are under way.

use serde::Serialize;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsError, JsValue};

use super::session::Session;
use super::to_js;
use crate::base::Cycle;
use crate::draw::{GraphLayout, Occurrence, Ordinal, Pairs, Running};
use crate::isa::InstructionId;
use crate::isa::text::Listing;
use crate::job::Finished;
use crate::schedule::LoopLine;

/// Lines printed between two looks at the worker's messages: some milliseconds.
const SLICE: usize = 2000;
/// Most lines of one answer.
const MOST_LINES: usize = 400;

/// A listing with what tells when its lines are under way.
pub struct Listed {
    listing: Listing,
    pub pairs: Pairs,
    /// The plan as loops, if it has been asked for.
    pub loops: Vec<LoopLine>,
    /// The same of the graph.
    pub graph: Option<GraphLayout>,
}

impl Listed {
    pub fn new(finished: &Finished) -> Listed {
        let pairs = Pairs::new(&finished.emitted.program);
        Listed { listing: Listing::new(finished.assembly()), pairs, loops: Vec::new(), graph: None }
    }
}

/// How far a listing has come.
#[derive(Serialize)]
struct Extent {
    lines: usize,
    /// Characters of the longest one.
    widest: usize,
    whole: bool,
}

#[derive(Serialize)]
struct Line<'l> {
    text: &'l str,
    /// By its number; nothing for lines between instructions.
    instruction: Option<usize>,
    op: Option<usize>,
}

/// An instruction under way.
#[derive(Serialize)]
struct UnderWay {
    unit: String,
    instruction: usize,
    line: usize,
    lines: usize,
    op: usize,
    /// Whether its unit works on it; if not, the last of it is on its way.
    busy: bool,
    start: Cycle,
    until: Cycle,
    event: Cycle,
}

/// A line that stands out.
#[derive(Serialize)]
pub struct Mark {
    pub line: usize,
    pub lines: usize,
    pub busy: bool,
    pub r#loop: bool,
    pub note: String,
}

/// One of an instruction's times, in words' parts.
#[derive(Serialize)]
struct Time {
    unit: String,
    loops: String,
    number: u64,
    of: u64,
    start: Cycle,
    until: Cycle,
    event: Cycle,
}

#[wasm_bindgen]
impl Session {
    /// Goes on with the listing of the run shown: how many lines there are, and whether these are all.
    pub fn listing(&mut self) -> Result<JsValue, JsError> {
        let Some((_, finished)) = &self.shown else { return Ok(JsValue::UNDEFINED) };
        let listed = self.listed.get_or_insert_with(|| Listed::new(finished));
        let whole = listed.listing.advance(SLICE);
        to_js(&Extent { lines: listed.listing.len(), widest: listed.listing.widest(), whole })
    }

    /// Lines of the listing, by their numbers from 0.
    pub fn lines(&self, from: usize, count: usize) -> Result<JsValue, JsError> {
        let Some(Listed { listing, .. }) = &self.listed else { return Ok(JsValue::UNDEFINED) };
        let line = |number: usize| {
            let instruction = listing.instruction_at(number);
            let op = instruction.map(|id| listing.assembly().program.instructions[id].op.index());
            Some(Line { text: listing.line(number)?, instruction: instruction.map(InstructionId::index), op })
        };
        let end = from.saturating_add(count.min(MOST_LINES));
        to_js(&(from..end).map_while(line).collect::<Vec<_>>())
    }

    /// Instructions under way in a cycle whose lines have been listed.
    #[wasm_bindgen(js_name = underWay)]
    pub fn under_way(&self, cycle: f64) -> Result<JsValue, JsError> {
        let (Some(listed), Some((_, finished))) = (&self.listed, &self.shown) else {
            return Ok(JsValue::UNDEFINED);
        };
        let cycle = cycle as Cycle;
        let told = |it: Occurrence| {
            let lines = listed.listing.lines_of(it.instruction)?;
            Some(UnderWay {
                unit: it.unit.name(),
                instruction: it.instruction.index(),
                line: lines.start,
                lines: lines.len(),
                op: finished.emitted.program.instructions[it.instruction].op.index(),
                busy: it.is_busy(cycle),
                start: it.start,
                until: it.busy_until,
                event: it.event,
            })
        };
        let all = running(finished, listed).at(cycle);
        to_js(&all.into_iter().filter_map(told).collect::<Vec<_>>())
    }

    /// When an instruction is done: in a cycle, or next, or last.
    pub fn times(&self, instruction: usize, cycle: f64) -> Result<JsValue, JsError> {
        let (Some(listed), Some((_, finished))) = (&self.listed, &self.shown) else {
            return Ok(JsValue::UNDEFINED);
        };
        let found =
            nth(finished, instruction).and_then(|id| running(finished, listed).around(id, cycle as Cycle));
        let Some((it, Ordinal { number, of })) = found else { return Ok(JsValue::UNDEFINED) };
        to_js(&Time {
            unit: it.unit.name(),
            loops: it.loops(finished.depth_of(it.instruction)),
            number,
            of,
            start: it.start,
            until: it.busy_until,
            event: it.event,
        })
    }

    /// The cycle in which an instruction that one wants to see begins.
    pub fn begins(&self, instruction: usize, cycle: f64) -> Option<f64> {
        let (Some(listed), Some((_, finished))) = (&self.listed, &self.shown) else { return None };
        let begins = running(finished, listed).begins(nth(finished, instruction)?, cycle as Cycle)?;
        Some(begins as f64)
    }
}

pub fn running<'a>(finished: &'a Finished, listed: &'a Listed) -> Running<'a> {
    Running::new(&finished.trace, &finished.emitted.program, &finished.chip, &listed.pairs)
}

fn nth(finished: &Finished, instruction: usize) -> Option<InstructionId> {
    finished.emitted.program.instructions.ids().nth(instruction)
}
