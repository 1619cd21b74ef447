//! The chip around the array: memories and the vector unit, the ways between them, and what goes there now.

use super::array::fitted;
use super::scene::{Align, Colour, Paint, Scene, Shape, Weight};
use super::words::at_work;
use super::{Layout, Moment};
use crate::base::Bytes;
use crate::isa::Unit;

/// Draws what stands beside the array, where the picture has room for it.
pub(super) fn surroundings(scene: &mut Scene, moment: &Moment, layout: &Layout) {
    if !layout.shows_chip() {
        return;
    }
    let places = Places::new(layout);
    let core = (moment.unit / moment.chip.units_per_core()) as u32;
    let unit = moment.unit as u32;
    let lit = |unit: Unit| at_work(moment, unit).map(|run| moment.op_paint_of(run.instruction, 0.9));
    let phase = (moment.frame.cycle % 1000) as f64 + moment.arrived;
    let mut way = |points: &[[f64; 2]], paint: Option<Paint>| way(scene, layout.zoom, points, paint, phase);
    way(&places.read(), lit(Unit::DmaIn(core)));
    way(&places.write(), lit(Unit::DmaOut(core)));
    way(&places.fetch(), lit(Unit::Fetch(unit)));
    way(&places.shift(), loading(moment));
    way(&places.stream(), streaming(moment));
    way(&places.sums(), lit(Unit::Vector(core)));
    way(&places.results(), lit(Unit::Vector(core)));
    let held = moment.program.in_memory();
    let memory = if moment.chip.is_common(held) { "common memory" } else { "DRAM" };
    let speed = moment.chip.bus(held).bytes_per_cycle.to_figures() + " B/cycle";
    block(scene, layout, places.memory, memory, &speed);
    block(scene, layout, places.vector, "vector unit", &vector_work(moment, core));
    buffer(scene, moment, layout, places.buffer);
    fifo(scene, moment, layout, &places);
}

/// Where the units stand, in pixels: left, top, width, height.
struct Places {
    zoom: f64,
    memory: [f64; 4],
    vector: [f64; 4],
    buffer: [f64; 4],
    fifo: [f64; 4],
    /// What stands around the array itself.
    feeds: [f64; 4],
    sums: [f64; 4],
}

impl Places {
    fn new(layout: &Layout) -> Places {
        let zoom = layout.zoom;
        let [left, ..] = layout.activation(layout.hops_left, 0);
        let [_, top, ..] = layout.weight(layout.hops_above, 0);
        let [_, sums, ..] = layout.accumulator(0, 0);
        let [_, last, _, row] = layout.accumulator(layout.accumulator_rows - 1, 0);
        let right = layout.left + layout.width();
        let feed = layout.top - layout.gap - top;
        let least = |height: f64| height.max(30.0 * zoom);
        Places {
            zoom,
            memory: [right + 66.0 * zoom, top, 76.0 * zoom, least(feed)],
            vector: [right + 66.0 * zoom, sums, 76.0 * zoom, least(last + row - sums)],
            buffer: [left - 54.0 * zoom, layout.top, 36.0 * zoom, layout.height().max(60.0 * zoom)],
            fifo: [right + 12.0 * zoom, top, 34.0 * zoom, least(feed)],
            feeds: [layout.left, top, layout.width(), feed],
            sums: [layout.left, sums, layout.width(), last + row - sums],
        }
    }

    /// From memory over everything to the unified buffer, and back beside it.
    fn read(&self) -> [[f64; 2]; 4] {
        let over = self.feeds[1] - 24.0 * self.zoom;
        let x = [self.memory[0] + 0.6 * self.memory[2], self.buffer[0] + 0.35 * self.buffer[2]];
        [[x[0], self.memory[1]], [x[0], over], [x[1], over], [x[1], self.buffer[1]]]
    }

    fn write(&self) -> [[f64; 2]; 4] {
        let over = self.feeds[1] - 30.0 * self.zoom;
        let x = [self.memory[0] + 0.75 * self.memory[2], self.buffer[0] + 0.65 * self.buffer[2]];
        [[x[1], self.buffer[1]], [x[1], over], [x[0], over], [x[0], self.memory[1]]]
    }

    fn fetch(&self) -> [[f64; 2]; 2] {
        let y = middle(self.fifo);
        [[self.memory[0], y], [self.fifo[0] + self.fifo[2], y]]
    }

    fn shift(&self) -> [[f64; 2]; 2] {
        let y = middle(self.fifo);
        [[self.fifo[0], y], [self.feeds[0] + self.feeds[2], y]]
    }

    fn stream(&self) -> [[f64; 2]; 2] {
        let y = middle(self.buffer);
        [[self.buffer[0] + self.buffer[2], y], [self.buffer[0] + self.buffer[2] + 16.0 * self.zoom, y]]
    }

    fn sums(&self) -> [[f64; 2]; 2] {
        let y = middle(self.sums);
        [[self.sums[0] + self.sums[2], y], [self.vector[0], y]]
    }

    fn results(&self) -> [[f64; 2]; 4] {
        let under = self.sums[1] + self.sums[3] + 26.0 * self.zoom;
        let x = [self.vector[0] + self.vector[2] / 2.0, self.buffer[0] + self.buffer[2] / 2.0];
        let from = self.vector[1] + self.vector[3];
        [[x[0], from], [x[0], under], [x[1], under], [x[1], self.buffer[1] + self.buffer[3]]]
    }
}

fn middle([_, y, _, height]: [f64; 4]) -> f64 {
    y + height / 2.0
}

/// A way between units: a quiet line, or dashes that go along with the cycles where something is on it.
fn way(scene: &mut Scene, zoom: f64, points: &[[f64; 2]], lit: Option<Paint>, phase: f64) {
    const DASH: f64 = 7.0;
    const GAP: f64 = 5.0;
    let Some(paint) = lit else {
        for ends in points.windows(2) {
            let ends = [ends[0][0], ends[0][1], ends[1][0], ends[1][1]];
            scene.shapes.push(Shape::Line { ends, width: 1.0, paint: Colour::Dim.alpha(0.35) });
        }
        return;
    };
    let period = (DASH + GAP) * zoom;
    let mut gone = period - (phase * 4.0 * zoom) % period;
    for ends in points.windows(2) {
        let ([x0, y0], [x1, y1]) = (ends[0], ends[1]);
        let length = (x1 - x0).abs() + (y1 - y0).abs();
        let (dx, dy) = ((x1 - x0) / length.max(1e-9), (y1 - y0) / length.max(1e-9));
        let mut at = -(gone % period);
        while at < length {
            let (from, to) = (at.max(0.0), (at + DASH * zoom).min(length));
            if to > from {
                let ends = [x0 + dx * from, y0 + dy * from, x0 + dx * to, y0 + dy * to];
                scene.shapes.push(Shape::Line { ends, width: 2.5 * zoom.clamp(0.6, 2.0), paint });
            }
            at += period;
        }
        gone += length;
    }
}

/// A unit with its name, and below it what there is to be said of it.
fn block(scene: &mut Scene, layout: &Layout, [x, y, width, height]: [f64; 4], name: &str, about: &str) {
    outline(scene, layout, [x, y, width, height]);
    let lines = [(name, Weight::Words, Colour::Dim, 11.0), (about, Weight::Mono, Colour::Ink, 10.0)];
    let shown = lines.iter().filter(|(text, ..)| !text.is_empty()).count() as f64;
    let mut baseline = y + height / 2.0 - (shown - 1.0) * 7.5 * layout.zoom + 4.0 * layout.zoom;
    for (text, weight, colour, size) in lines.into_iter().filter(|(text, ..)| !text.is_empty()) {
        let size = fitted(text, size * layout.zoom, width - 6.0 * layout.zoom);
        let at = [x + width / 2.0, baseline];
        let (text, paint) = (text.to_owned(), colour.solid());
        scene.shapes.push(Shape::Text { at, text, size, align: Align::Centre, weight, paint });
        baseline += 15.0 * layout.zoom;
    }
}

/// The unified buffer: as full as it is, in a level and in words below each other, since they do not turn.
fn buffer(scene: &mut Scene, moment: &Moment, layout: &Layout, bounds: [f64; 4]) {
    outline(scene, layout, bounds);
    let (held, all) = (moment.fullness.bytes, moment.chip.unified_buffer_bytes);
    level(scene, layout, bounds, held as f64 / all.max(1) as f64);
    let ([x, y, width, height], zoom) = (bounds, layout.zoom);
    // Words are narrower than numbers of as many letters, and all have one size.
    let size = fitted("unified", 10.5, width / zoom - 2.0);
    let words = |text| (text, size, Weight::Words, Colour::Dim);
    let amounts = [held, all].map(short_bytes);
    let number = |at: usize, colour| {
        let room = width / zoom - 5.0;
        let parts = in_lines(&amounts[at], 10.0, room).into_iter();
        parts.map(move |part| (part, fitted(part, 10.0, room), Weight::Mono, colour))
    };
    let mut lines = vec![words("unified"), words("buffer")];
    lines.extend(number(0, Colour::Ink));
    lines.push(words("of"));
    lines.extend(number(1, Colour::Dim));
    let first = y + height / 2.0 - (6.5 * (lines.len() - 1) as f64 - 4.0) * zoom;
    for (line, (text, size, weight, colour)) in lines.into_iter().enumerate() {
        let at = [x + width / 2.0, first + line as f64 * 13.0 * zoom];
        let (text, size, paint) = (text.to_owned(), size * zoom, colour.solid());
        scene.shapes.push(Shape::Text { at, text, size, align: Align::Centre, weight, paint });
    }
}

/// An amount, its unit on a line of its own where both do not fit on one.
fn in_lines(amount: &str, size: f64, room: f64) -> Vec<&str> {
    if fitted(amount, size, room) < size { amount.split(' ').collect() } else { vec![amount] }
}

/// A share of a unit from below: anything at all can be seen.
fn level(scene: &mut Scene, layout: &Layout, [x, y, width, height]: [f64; 4], share: f64) {
    if share <= 0.0 {
        return;
    }
    let high = (height * share.min(1.0)).max(2.0);
    let (top, radius) = (y + height - high, (6.0 * layout.zoom.min(3.0)).min(high / 2.0));
    let fill = Some(Colour::Dim.alpha(0.22));
    scene.shapes.push(Shape::Rect { bounds: [x, top, width, high], radius, fill, stroke: None });
    let paint = Colour::Dim.alpha(0.8);
    scene.shapes.push(Shape::Line { ends: [x, top, x + width, top], width: 1.0, paint });
}

/// `640 B`, `1.5 KiB`, `24 MiB`: what is beyond a few figures is left out.
fn short_bytes(bytes: Bytes) -> String {
    const UNITS: [&str; 6] = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
    let (mut power, mut whole, mut tenth) = (0, bytes, 0);
    while whole >= 1024 && power < UNITS.len() - 1 {
        (power, tenth, whole) = (power + 1, whole % 1024 * 10 / 1024, whole / 1024);
    }
    let behind = if whole < 100 && tenth > 0 { format!(".{tenth}") } else { String::new() };
    format!("{whole}{behind} {}", UNITS[power])
}

fn outline(scene: &mut Scene, layout: &Layout, bounds: [f64; 4]) {
    scene.shapes.push(Shape::Rect {
        bounds,
        radius: 6.0 * layout.zoom.min(3.0),
        fill: Some(Colour::Idle.alpha(0.5)),
        stroke: Some((Colour::Dim.alpha(0.45), 1.0)),
    });
}

/// Slots of the weight FIFO from the array's side, those with a tile filled: fetched, or on its way, and not yet loaded.
fn fifo(scene: &mut Scene, moment: &Moment, layout: &Layout, places: &Places) {
    const MOST: usize = 4;
    let [x, y, width, height] = places.fifo;
    let waiting = tiles_waiting(moment);
    let slots = moment.chip.weight_fifo_tiles.clamp(1, MOST);
    let each = width / slots as f64;
    for slot in 0..slots {
        let tile = waiting.get(slot).copied();
        scene.shapes.push(Shape::Rect {
            bounds: [x + slot as f64 * each + 0.5, y, each - 1.5, height],
            radius: 2.0 * layout.zoom.min(3.0),
            fill: Some(tile.unwrap_or(Colour::Idle.alpha(0.5))),
            stroke: Some((Colour::Dim.alpha(0.45), 1.0)),
        });
    }
    let text = match waiting.len() {
        0 => "FIFO".to_owned(),
        count => format!("FIFO {count}"),
    };
    scene.shapes.push(Shape::Text {
        at: [x + width / 2.0, y + height + 12.0 * layout.zoom],
        text,
        size: 10.5 * layout.zoom,
        align: Align::Centre,
        weight: Weight::Words,
        paint: Colour::Dim.solid(),
    });
}

/// Colours of the tiles in the FIFO, oldest first: each fetch puts one in when it starts, each load takes one out.
fn tiles_waiting(moment: &Moment) -> Vec<Paint> {
    let t = moment.frame.cycle;
    let Some(fetches) = moment.trace.lane(Unit::Fetch(moment.unit as u32)) else { return Vec::new() };
    let passes = &moment.trace.passes[moment.unit];
    let fetched = fetches.come(t, |run| run.start);
    let loaded = passes.come(t, |pass| pass.load);
    let waiting = (loaded..fetched).take(moment.chip.weight_fifo_tiles);
    waiting.filter_map(|at| Some(moment.op_paint_of(fetches.get(at)?.instruction, 0.6))).collect()
}

/// The colour of the tile that shifts into the array now.
fn loading(moment: &Moment) -> Option<Paint> {
    let next = moment.around.weights.first()?.iter().flatten().next()?;
    Some(moment.paint(next.pass, 0.9))
}

/// The colour of what comes from the unified buffer now.
fn streaming(moment: &Moment) -> Option<Paint> {
    let next = moment.around.activations.iter().flatten().flatten().next()?;
    Some(moment.paint(next.pass, 0.9))
}

/// What the vector unit works on.
fn vector_work(moment: &Moment, core: u32) -> String {
    let Some(run) = at_work(moment, Unit::Vector(core)) else { return String::new() };
    let op = moment.program.instructions[run.instruction].op;
    moment.program.ops[op].name.chars().take(12).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_short() {
        let shown = [
            (0, "0 B"),
            (640, "640 B"),
            (1023, "1023 B"),
            (1024, "1 KiB"),
            (1536, "1.5 KiB"),
            (10_752, "10.5 KiB"),
            (1024 * 1024 - 1, "1023 KiB"),
            (24 << 20, "24 MiB"),
            (u64::MAX, "16383 PiB"),
        ];
        for (bytes, text) in shown {
            assert_eq!(short_bytes(bytes), text);
        }
    }
}
