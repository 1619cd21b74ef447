//! Pictures of a whole run besides its timeline: the roofline, and numbers over time. Each is handed over as a bitmap.

use std::cell::OnceCell;

use js_sys::Float64Array;
use serde::Serialize;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsError, JsValue};
use web_sys::OffscreenCanvas;

use super::paint::Painter;
use super::session::{Session, ratio, side};
use super::to_js;
use crate::base::{Bytes, Cycle};
use crate::draw::{self, CHART_PITCH, Chart, Point, Theme, charts};
use crate::job::{self, Finished, OnRoof};
use crate::sim::{Column, Course};

/// What pictures need from look to look.
#[derive(Default)]
pub(super) struct Analysis {
    painter: Option<Painter>,
    /// Of the run shown, and of the one before.
    rooflines: [draw::Roofline; 2],
    /// Most bytes in unified buffers and rows in accumulators in the whole run shown: what charts of any part of it reach up to.
    tops: OnceCell<[f64; 2]>,
}

/// Most stretches of time that are told apart.
const MOST_COLUMNS: f64 = 2048.0;

#[wasm_bindgen]
impl Session {
    /// The numbers of the roofline of the run shown. What was shown before is where its picture begins to move from.
    pub fn roofline(&mut self) -> Result<JsValue, JsError> {
        let Some((_, finished)) = &self.shown else { return Ok(JsValue::UNDEFINED) };
        let roofline = finished.roofline();
        let drawn = drawn(finished, &roofline);
        let before = std::mem::replace(&mut self.analysis.rooflines[0], drawn);
        self.analysis.rooflines[1] = before;
        to_js(&PageRoofline::new(finished, &roofline))
    }

    /// The roofline in CSS pixels, `part` of the way gone from the one before.
    #[wasm_bindgen(js_name = paintRoofline)]
    pub fn paint_roofline(
        &mut self,
        width: f64,
        height: f64,
        pixel_ratio: f64,
        theme: &str,
        part: f64,
    ) -> Result<JsValue, JsValue> {
        let [now, before] = &self.analysis.rooflines;
        let part = if part.is_finite() { part.clamp(0.0, 1.0) } else { 1.0 };
        let (width, height) = (side(width), side(height));
        let scene = now.since(before, part).scene(width, height, self.marked);
        self.analysis.bitmap([width, height], ratio(pixel_ratio), theme, &scene)
    }

    /// The operator at a place of the roofline, in CSS pixels.
    #[wasm_bindgen(js_name = rooflineAt)]
    pub fn roofline_at(&self, width: f64, height: f64, x: f64, y: f64) -> Option<usize> {
        self.analysis.rooflines[0].at(side(width), side(height), x, y)
    }

    /// Numbers over time from one cycle to another, and their charts, in CSS pixels.
    #[wasm_bindgen(js_name = paintCourse)]
    pub fn paint_course(
        &mut self,
        from: f64,
        to: f64,
        width: f64,
        pixel_ratio: f64,
        theme: &str,
    ) -> Result<JsValue, JsValue> {
        let Some((_, finished)) = &self.shown else { return Ok(JsValue::UNDEFINED) };
        let width = side(width);
        let course = Course::new(&finished.emitted.program, &finished.chip, &finished.trace);
        let cycles = finished.trace.cycles;
        let (from, to) = (from as Cycle, (to as Cycle).min(cycles));
        let count = width.min(MOST_COLUMNS) as usize;
        let columns = course.columns(from, to, count);
        let page = PageCourse::new(finished, &course, &columns);
        let tops = *self.analysis.tops.get_or_init(|| {
            if (from, to) == (0, cycles) { tops(&columns) } else { tops(&course.columns(0, cycles, count)) }
        });
        let drawn = page.charts(tops);
        let scene = charts(&drawn, width);
        let height = drawn.len() as f64 * CHART_PITCH;
        let bitmap = self.analysis.bitmap([width, height], ratio(pixel_ratio), theme, &scene)?;
        Ok(to_js(&page.with(bitmap))?)
    }
}

impl Analysis {
    /// Another run is shown: nothing that was counted is of it.
    pub(super) fn forget(&mut self) {
        self.tops = OnceCell::new();
    }

    fn bitmap(
        &mut self,
        [width, height]: [f64; 2],
        ratio: f64,
        theme: &str,
        scene: &draw::Scene,
    ) -> Result<JsValue, JsValue> {
        if self.painter.is_none() {
            self.painter = Some(Painter::new(OffscreenCanvas::new(1, 1)?)?);
        }
        let Some(painter) = &mut self.painter else { return Ok(JsValue::UNDEFINED) };
        painter.view(width, height, ratio, Theme::named(theme))?;
        painter.paint(scene)?;
        painter.bitmap()
    }
}

/// The most of each of these stretches: bytes in unified buffers, and rows in accumulators.
fn tops(columns: &[Column]) -> [f64; 2] {
    let most = |of: fn(&Column) -> u64| columns.iter().map(of).max().unwrap_or(0) as f64;
    [most(|column| column.buffer.most), most(|column| column.rows.most)]
}

fn drawn(finished: &Finished, roofline: &job::Roofline) -> draw::Roofline {
    let units = finished.chip.matrix_units;
    let all = (finished.trace.cycles * units as Cycle).max(1) as f64;
    let names: Vec<&str> = finished.emitted.program.ops.iter().map(|(_, op)| op.name.as_str()).collect();
    let point = |on: &OnRoof| Point {
        op: on.op,
        name: names[on.op].to_owned(),
        intensity: on.intensity(),
        rate: on.rate(units),
        share: on.cycles as f64 / all,
    };
    draw::Roofline {
        roofs: roofline.roofs.iter().map(|roof| (roof.dtypes.clone(), roof.peak)).collect(),
        slopes: roofline.memories.iter().map(|it| (it.name.to_owned(), it.bytes_per_cycle)).collect(),
        points: roofline.ops.iter().map(point).collect(),
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PageRoofline {
    memory: &'static str,
    bytes_per_cycle: f64,
    ops: Vec<PageOnRoof>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PageOnRoof {
    op: usize,
    macs: u64,
    bytes: Bytes,
    cycles: Cycle,
    intensity: Option<f64>,
    rate: f64,
    dtypes: String,
    /// What it could do at most at its intensity.
    roof: f64,
}

impl PageRoofline {
    fn new(finished: &Finished, roofline: &job::Roofline) -> PageRoofline {
        let memory = roofline.memories[0];
        let on = |on: &OnRoof| {
            let roof = &roofline.roofs[on.roof];
            let slope = on.intensity().map_or(f64::INFINITY, |it| it * memory.bytes_per_cycle);
            PageOnRoof {
                op: on.op,
                macs: on.macs,
                bytes: on.bytes,
                cycles: on.cycles,
                intensity: on.intensity(),
                rate: on.rate(finished.chip.matrix_units),
                dtypes: roof.dtypes.clone(),
                roof: roof.peak.min(slope),
            }
        };
        PageRoofline {
            memory: memory.name,
            bytes_per_cycle: memory.bytes_per_cycle,
            ops: roofline.ops.iter().map(on).collect(),
        }
    }
}

/// Numbers over time, a list each with an entry a stretch.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PageCourse {
    /// What there is at most: bytes a cycle of the bus, bytes of unified buffers, rows of accumulators.
    bytes_per_cycle: f64,
    buffer: Bytes,
    rows: u64,
    #[serde(with = "serde_wasm_bindgen::preserve")]
    columns: JsValue,
    #[serde(with = "serde_wasm_bindgen::preserve")]
    bitmap: JsValue,
    #[serde(skip)]
    lists: [Vec<f64>; 6],
}

impl PageCourse {
    fn new(finished: &Finished, course: &Course, columns: &[Column]) -> PageCourse {
        let list = |of: fn(&Column) -> f64| columns.iter().map(of).collect::<Vec<f64>>();
        let lists = [
            list(|column| column.useful),
            list(|column| column.read + column.written),
            list(|column| column.buffer.mean),
            list(|column| column.buffer.most as f64),
            list(|column| column.rows.mean),
            list(|column| column.rows.most as f64),
        ];
        let shown = js_sys::Array::new();
        for list in &lists {
            shown.push(&Float64Array::from(&list[..]));
        }
        let (capacity, held) = (course.capacity(), finished.emitted.program.in_memory());
        PageCourse {
            bytes_per_cycle: finished.chip.bus(held).bytes_per_cycle.as_f64(),
            buffer: capacity.buffer,
            rows: capacity.rows,
            columns: shown.into(),
            bitmap: JsValue::UNDEFINED,
            lists,
        }
    }

    fn with(self, bitmap: JsValue) -> PageCourse {
        PageCourse { bitmap, ..self }
    }

    /// Useful work of all, bytes of what the bus moves; bytes and rows of the most there ever are: most memories are nearly empty.
    fn charts(&self, [most_bytes, most_rows]: [f64; 2]) -> [Chart; 4] {
        let [useful, moved, buffer, buffer_most, rows, rows_most] = &self.lists;
        let chart =
            |mean: &Vec<f64>, most: &[f64], top: f64| Chart { mean: mean.clone(), most: most.to_vec(), top };
        [
            chart(useful, &[], 1.0),
            chart(moved, &[], self.bytes_per_cycle),
            chart(buffer, buffer_most, most_bytes),
            chart(rows, rows_most, most_rows),
        ]
    }
}
