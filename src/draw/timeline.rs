//! A whole run, one lane a unit: when each unit works, for which operator, and when it waits.

use super::op_paint;
use super::scene::{Align, Colour, Paint, Scene, Shape, Weight};
use crate::base::{Cycle, insert_by_key};
use crate::chip::{Chip, Stationary};
use crate::isa::{InstructionId, Program, ProgramOpId, Unit};
use crate::timing;
use crate::trace::{Lane, PassRun, Run, Trace, UnitRun};

/// What a timeline shows.
pub struct Timeline<'a> {
    /// The run.
    pub trace: &'a Trace,
    /// What was run.
    pub program: &'a Program,
    /// What it ran on.
    pub chip: &'a Chip,
    /// Number of the matrix unit that the picture of the array shows.
    pub unit: usize,
    /// The operator that stands out: the others' colours fade.
    pub marked: Option<ProgramOpId>,
}

/// Left of the lanes: their names.
pub const GUTTER: f64 = 100.0;
/// Below the lanes: cycle numbers.
const AXIS: f64 = 18.0;
/// Height of a lane, and between two.
const LANE: f64 = 14.0;
const PITCH: f64 = 17.0;
/// Above the first lane.
const TOP: f64 = 2.0;
/// Wider than this on average, runs are drawn one by one.
const SINGLE: f64 = 3.0;
/// Where they are narrower, points in time looked at for each pixel.
const LOOKS: u64 = 4;

impl Timeline<'_> {
    /// Units that have a lane, from top to bottom: as data goes through the chip.
    pub fn units(&self) -> Vec<Unit> {
        let mut units = Vec::new();
        let mut add = |unit: Unit| insert_by_key(&mut units, unit, |unit| unit.on_the_way());
        self.trace.units.iter().for_each(|(unit, _)| add(*unit));
        let passes = self.trace.passes.iter().enumerate();
        for (number, _) in passes.filter(|(_, lane)| !lane.is_empty()) {
            if self.chip.dataflow.stationary() == Stationary::Weights {
                add(Unit::Load(number as u32));
            }
            add(Unit::Matrix(number as u32));
        }
        units
    }

    /// Height of the picture in pixels.
    pub fn height(&self) -> f64 {
        TOP + self.units().len() as f64 * PITCH + AXIS
    }

    /// The matrix unit whose lane, or whose weights' lane, is at a height.
    pub fn unit_at(&self, y: f64) -> Option<usize> {
        let row = ((y - TOP) / PITCH).floor();
        match self.units().get(row as usize).filter(|_| row >= 0.0)? {
            Unit::Matrix(unit) | Unit::Load(unit) | Unit::Fetch(unit) => Some(*unit as usize),
            _ => None,
        }
    }

    /// Lays it out `width` pixels wide.
    pub fn scene(&self, width: f64) -> Scene {
        let mut scene = Scene::default();
        let units = self.units();
        let scale =
            Scale { cycles: self.trace.cycles.max(1), left: GUTTER, width: (width - GUTTER).max(1.0) };
        for (row, unit) in units.iter().enumerate() {
            let y = TOP + row as f64 * PITCH;
            let shown = matches!(unit, Unit::Matrix(number) if *number as usize == self.unit);
            let alone = !units.iter().any(|other| other != unit && other.kind() == unit.kind());
            let several = self.trace.passes.len() > 1;
            let paint = if shown && several { Colour::Ink.solid() } else { Colour::Dim.solid() };
            scene.shapes.push(Shape::Text {
                at: [GUTTER - 8.0, y + LANE * 0.78],
                text: if alone { unit.kind().into() } else { unit.name() },
                size: 11.0,
                align: Align::Right,
                weight: Weight::Words,
                paint,
            });
            scene.shapes.push(Shape::Rect {
                bounds: [scale.left, y, scale.width, LANE],
                radius: 2.0,
                fill: Some(Colour::Idle.alpha(0.7)),
                stroke: None,
            });
            self.lane(&mut scene, &scale, *unit, y);
        }
        axis(&mut scene, &scale, TOP + units.len() as f64 * PITCH);
        scene
    }

    fn lane(&self, scene: &mut Scene, scale: &Scale, unit: Unit, y: f64) {
        let sides = timing::sides(self.chip);
        match unit {
            Unit::Load(number) => {
                let load = |run: &PassRun| Bar {
                    start: run.load,
                    end: sides.load_end(run.load),
                    of: run.instruction,
                };
                self.bars(scene, scale, &self.trace.passes[number as usize], y, 0.55, load);
            }
            Unit::Matrix(number) => {
                let lane = &self.trace.passes[number as usize];
                // Behind the streams, their waves' way through the array.
                let wave = |run: &PassRun| Bar { start: run.start, end: run.event, of: run.instruction };
                self.bars(scene, scale, lane, y, 0.3, wave);
                let stream =
                    |run: &PassRun| Bar { start: run.start, end: run.stream_end, of: run.instruction };
                self.bars(scene, scale, lane, y, 1.0, stream);
            }
            _ => {
                let Some(lane) = self.trace.lane(unit) else { return };
                let run = |run: &UnitRun| Bar { start: run.start, end: run.busy_until, of: run.instruction };
                self.bars(scene, scale, lane, y, 0.75, run);
            }
        }
    }

    fn bars<T: Run>(
        &self,
        scene: &mut Scene,
        scale: &Scale,
        lane: &Lane<T>,
        y: f64,
        alpha: f32,
        bar: impl Fn(&T) -> Bar + Copy,
    ) {
        if lane.len() as f64 * SINGLE <= scale.width {
            for bar in lane.iter_from(0).map(|run| bar(&run)) {
                let (left, right) = (scale.x(bar.start), scale.x(bar.end));
                // A gap of a pixel, where there is room for one, tells neighbours apart.
                let width = if right - left > 4.0 { right - left - 1.0 } else { (right - left).max(0.75) };
                let fill = Some(self.paint(bar.of, alpha));
                let bounds = [left, y, width, LANE];
                scene.shapes.push(Shape::Rect { bounds, radius: width.min(4.0) / 2.0, fill, stroke: None });
            }
            return;
        }
        let columns = scale.width.floor() as u64;
        let cells = (0..columns).map(|column| {
            let mut working = (0, None);
            for look in 0..LOOKS {
                let part = u128::from(2 * (column * LOOKS + look) + 1);
                let t = (u128::from(scale.cycles) * part / u128::from(2 * columns * LOOKS)) as Cycle;
                let come = lane.come(t, |run| bar(run).start).checked_sub(1).and_then(|last| lane.get(last));
                if let Some(bar) = come.map(|run| bar(&run)).filter(|bar| t < bar.end) {
                    working = (working.0 + 1, Some(bar.of));
                }
            }
            match working {
                (looks, Some(of)) => self.paint(of, alpha * (0.15 + 0.85 * looks as f32 / LOOKS as f32)),
                (_, None) => Colour::Idle.alpha(0.7),
            }
        });
        let cell = [scale.width / columns as f64, LANE];
        scene.shapes.push(Shape::Grid {
            at: [scale.left, y],
            cell,
            cols: columns as usize,
            cells: cells.collect(),
        });
    }

    fn paint(&self, instruction: InstructionId, alpha: f32) -> Paint {
        op_paint(self.program.instructions[instruction].op, self.marked, alpha)
    }
}

/// One stay of an instruction in a unit.
struct Bar {
    start: Cycle,
    end: Cycle,
    of: InstructionId,
}

/// Cycles to pixels.
struct Scale {
    cycles: Cycle,
    left: f64,
    width: f64,
}

impl Scale {
    fn x(&self, cycle: Cycle) -> f64 {
        self.left + self.width * cycle as f64 / self.cycles as f64
    }
}

/// Round numbers of cycles below the lanes.
fn axis(scene: &mut Scene, scale: &Scale, y: f64) {
    let most = (scale.width / 90.0).max(1.0);
    let step = round_step(scale.cycles as f64 / most);
    let mut cycle = 0;
    while cycle <= scale.cycles {
        let x = scale.x(cycle);
        let ends = [x, y, x, y + 4.0];
        scene.shapes.push(Shape::Line { ends, width: 1.0, paint: Colour::Dim.alpha(0.6) });
        let text = grouped(cycle);
        let room = 6.2 * text.len() as f64;
        let align = match cycle {
            0 => Align::Left,
            _ if x + room / 2.0 > scale.left + scale.width => Align::Right,
            _ => Align::Centre,
        };
        let paint: Paint = Colour::Dim.solid();
        scene.shapes.push(Shape::Text {
            at: [x, y + 15.0],
            text,
            size: 10.5,
            align,
            weight: Weight::Mono,
            paint,
        });
        cycle += step;
    }
}

/// The least of 1, 2, 5, 10, 20, … that is not below `least`.
fn round_step(least: f64) -> Cycle {
    let mut decade: Cycle = 1;
    loop {
        for step in [decade, 2 * decade, 5 * decade] {
            if step as f64 >= least {
                return step;
            }
        }
        decade *= 10;
    }
}

/// With commas between thousands.
fn grouped(cycle: Cycle) -> String {
    let digits = cycle.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_and_numbers_are_round() {
        assert_eq!([0.2, 1.0, 3.0, 7.0, 11.0, 499.0].map(round_step), [1, 1, 5, 10, 20, 500]);
        assert_eq!([7, 1_000, 1_234_567].map(grouped), ["7", "1,000", "1,234,567"]);
    }
}
