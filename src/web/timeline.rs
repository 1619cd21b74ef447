//! The timeline of a session: a picture of a part of the run, what is at a place of it, and any part counted.

use std::cell::OnceCell;
use std::ops::Range;

use serde::Serialize;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsError, JsValue};
use web_sys::OffscreenCanvas;

use super::paint::Painter;
use super::session::{Session, marked, ratio, side};
use super::to_js;
use super::values::{ClassShare, shares};
use crate::base::{Cycle, Lines};
use crate::draw::{OP_COLOURS, Overview, Row, Spot, Theme, Timeline, Told, What};
use crate::figure::Tracks;
use crate::isa::ProgramOpId;
use crate::job::Finished;
use crate::sim::{Part, Parts};
use crate::trace::Classes;

/// What a session knows of its timeline.
#[derive(Default)]
pub struct Lanes {
    /// If the page has room for one.
    painter: Option<Painter>,
    /// The part of the run that is shown; the whole if none was asked for.
    window: Option<Range<Cycle>>,
    /// Of the run shown, counted when it is asked for.
    overview: OnceCell<Overview>,
    parts: OnceCell<Parts>,
    /// As a file that is being written.
    pub(super) saved: Option<Tracks>,
}

impl Lanes {
    /// Another run is shown: nothing that was counted is of it.
    pub fn forget(&mut self) {
        self.overview = OnceCell::new();
        self.parts = OnceCell::new();
        self.saved = None;
    }

    pub(super) fn overview(&self, finished: &Finished) -> &Overview {
        self.overview.get_or_init(|| Overview::new(&finished.emitted.program, &finished.trace))
    }

    pub(super) fn parts(&self, finished: &Finished) -> &Parts {
        let Finished { trace, emitted, chip, .. } = finished;
        self.parts.get_or_init(|| Parts::new(&emitted.program, chip, trace))
    }

    /// Height in CSS pixels for a matrix unit.
    pub fn height(&self, finished: &Finished, unit: usize) -> f64 {
        self.timeline(finished, unit, None).height()
    }

    fn timeline<'a>(
        &'a self,
        finished: &'a Finished,
        unit: usize,
        marked: Option<ProgramOpId>,
    ) -> Timeline<'a> {
        let Finished { trace, emitted, chip, .. } = finished;
        let overview = self.overview(finished);
        let window = self.window.clone().filter(|window| window.end <= trace.cycles);
        let window = window.unwrap_or(0..trace.cycles.max(1));
        Timeline { trace, program: &emitted.program, chip, overview, unit, marked, window }
    }
}

#[wasm_bindgen]
impl Session {
    /// Paints the timeline on `canvas` from now on.
    #[wasm_bindgen(js_name = setTimeline)]
    pub fn set_timeline(&mut self, canvas: OffscreenCanvas) -> Result<(), JsValue> {
        self.lanes.painter = Some(Painter::new(canvas)?);
        Ok(())
    }

    /// Width of the timeline in CSS pixels, device pixels to each, and `light` or `dark`; paints it.
    #[wasm_bindgen(js_name = paintTimeline)]
    pub fn paint_timeline(&mut self, width: f64, pixel_ratio: f64, theme: &str) -> Result<(), JsValue> {
        let Some((_, finished)) = &self.shown else { return Ok(()) };
        let height = side(self.lanes.height(finished, self.unit));
        if let Some(painter) = &mut self.lanes.painter {
            painter.view(side(width), height, ratio(pixel_ratio), Theme::named(theme))?;
        }
        self.paint_lanes()
    }

    /// The matrix unit whose lane is at a height of the timeline, in CSS pixels.
    #[wasm_bindgen(js_name = unitAt)]
    pub fn unit_at(&self, y: f64) -> Option<usize> {
        self.timeline()?.unit_at(y)
    }

    /// Shows the cycles from one to before another, at least one and within the run; paints them, and tells which they are.
    #[wasm_bindgen(js_name = showCycles)]
    pub fn show_cycles(&mut self, from: f64, to: f64) -> Result<JsValue, JsValue> {
        let Some((_, finished)) = &self.shown else { return Ok(JsValue::UNDEFINED) };
        let window = within(from, to, finished.trace.cycles);
        self.lanes.window = Some(window.clone());
        self.paint_lanes()?;
        Ok(to_js(&PageCycles::from(window))?)
    }

    /// What is at a point of the timeline, in CSS pixels.
    #[wasm_bindgen(js_name = spotAt)]
    pub fn spot_at(&self, x: f64, y: f64) -> Result<JsValue, JsError> {
        let spot = self.timeline().and_then(|timeline| timeline.spot(self.lanes_width(), [x, y]));
        self.tell(spot)
    }

    /// A bar of one of its lanes: by its number, or else the one at a cycle.
    #[wasm_bindgen(js_name = barOf)]
    pub fn bar_of(&self, row: usize, number: Option<f64>, cycle: f64) -> Result<JsValue, JsError> {
        let number = number.map(|number| number as u64);
        let bar = |timeline: Timeline| timeline.bar(self.lanes_width(), row, number, cycle as Cycle);
        self.tell(self.timeline().and_then(bar))
    }

    /// Names of its lanes, from the top.
    #[wasm_bindgen(js_name = lanesOf)]
    pub fn lanes_of(&self) -> Result<JsValue, JsError> {
        let Some(timeline) = self.timeline() else { return Ok(JsValue::UNDEFINED) };
        to_js(&timeline.rows().into_iter().map(|row| timeline.name(row)).collect::<Vec<_>>())
    }

    /// Where an operator is at work on an array, or a vector unit, for the first time.
    #[wasm_bindgen(js_name = whereIs)]
    pub fn where_is(&self, op: usize) -> Result<JsValue, JsError> {
        let found = self.shown.as_ref().and_then(|(_, finished)| {
            let op = marked(finished, Some(op))?;
            self.timeline()?.first_of(op)
        });
        found.map_or(Ok(JsValue::UNDEFINED), |cycles| to_js(&PageCycles::from(cycles)))
    }

    /// Counts the cycles from one to before another.
    #[wasm_bindgen(js_name = countCycles)]
    pub fn count_cycles(&self, from: f64, to: f64) -> Result<JsValue, JsError> {
        let Some((_, finished)) = &self.shown else { return Ok(JsValue::UNDEFINED) };
        let cycles = within(from, to, finished.trace.cycles);
        to_js(&PagePart::new(finished, &self.lanes, self.unit, cycles))
    }
}

impl Session {
    fn timeline(&self) -> Option<Timeline<'_>> {
        let (_, finished) = self.shown.as_ref()?;
        Some(self.lanes.timeline(finished, self.unit, marked(finished, self.marked)))
    }

    fn lanes_width(&self) -> f64 {
        self.lanes.painter.as_ref().map_or(1.0, |painter| painter.size().0)
    }

    fn paint_lanes(&self) -> Result<(), JsValue> {
        let (Some(painter), Some(timeline)) = (&self.lanes.painter, self.timeline()) else { return Ok(()) };
        painter.paint(&timeline.scene(painter.size().0))
    }

    fn tell(&self, spot: Option<Spot>) -> Result<JsValue, JsError> {
        let told = self.shown.as_ref().zip(self.timeline()).zip(spot);
        let Some((((text, finished), timeline), spot)) = told else { return Ok(JsValue::UNDEFINED) };
        to_js(&PageSpot::new(text, finished, &timeline, &spot))
    }
}

/// Cycles of a run of so many, at least one, whatever the page says. A negative number, or none at all, becomes 0.
fn within(from: f64, to: f64, cycles: Cycle) -> Range<Cycle> {
    let from = (from as Cycle).min(cycles.saturating_sub(1));
    from..(to as Cycle).clamp(from + 1, cycles.max(1))
}

/// From a cycle to before another.
#[derive(Serialize)]
struct PageCycles {
    from: Cycle,
    to: Cycle,
}

impl From<Range<Cycle>> for PageCycles {
    fn from(Range { start: from, end: to }: Range<Cycle>) -> PageCycles {
        PageCycles { from, to }
    }
}

/// Something to point at, in words.
#[derive(Serialize)]
struct PageSpot {
    row: usize,
    /// Of a bar: its number in its lane.
    number: Option<u64>,
    left: f64,
    top: f64,
    width: f64,
    height: f64,
    from: Cycle,
    to: Cycle,
    op: Option<usize>,
    line: Option<u32>,
    colour: Option<usize>,
    /// The kind of unit whose lane it is.
    unit: Option<&'static str>,
    title: String,
    lines: Vec<Labelled>,
}

#[derive(Serialize)]
struct Labelled {
    label: &'static str,
    value: String,
}

impl PageSpot {
    fn new(text: &str, finished: &Finished, timeline: &Timeline, spot: &Spot) -> PageSpot {
        let Told { title, lines } = timeline.told(spot);
        let [left, top, width, height] = spot.bounds;
        let (from, to) = spot.what.ends();
        let op = timeline.op_of(spot);
        let span = op.map(|op| finished.emitted.program.ops[op].span);
        PageSpot {
            row: spot.row,
            number: match &spot.what {
                What::Bar { number, .. } => Some(*number),
                What::Several { .. } | What::Classes { .. } => None,
            },
            left,
            top,
            width,
            height,
            from,
            to,
            op: op.map(|op| op.index()),
            line: span.map(|span| Lines::new(text).position(span.start).line),
            colour: op.map(|op| op.index() % OP_COLOURS),
            unit: match spot.of {
                Row::Unit(unit) => Some(unit.kind()),
                Row::Operators | Row::VectorOperators(_) | Row::Classes => None,
            },
            title,
            lines: lines.into_iter().map(|(label, value)| Labelled { label, value }).collect(),
        }
    }
}

/// A part of the run, counted.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PagePart {
    from: Cycle,
    to: Cycle,
    /// The matrix unit shown, and where its cycles went.
    unit: usize,
    classes: Vec<ClassShare>,
    /// Of all matrix units.
    all_classes: Vec<ClassShare>,
    macs: u64,
    utilization: f64,
    read: u64,
    written: u64,
}

impl PagePart {
    fn new(finished: &Finished, lanes: &Lanes, unit: usize, cycles: Range<Cycle>) -> PagePart {
        let Finished { trace, emitted, chip, .. } = finished;
        let (counts, parts) = (lanes.overview(finished).counts(), lanes.parts(finished));
        let of = |unit: usize| counts.classes(trace, unit, cycles.clone());
        let all = (0..chip.matrix_units).map(of).fold(Classes::default(), |sum, of| sum + of);
        let Part { macs, at_peak, read, written } = parts.part(&emitted.program, chip, trace, cycles.clone());
        let room = (cycles.end - cycles.start) as f64 * (chip.pes() * chip.matrix_units as u64) as f64;
        PagePart {
            from: cycles.start,
            to: cycles.end,
            unit,
            classes: shares(of(unit)),
            all_classes: shares(all),
            macs,
            utilization: at_peak / room,
            read,
            written,
        }
    }
}
