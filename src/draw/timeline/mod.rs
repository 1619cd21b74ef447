//! A run, or a part of it, one lane a unit: when each unit works, for which operator, and when it waits.
//!
//! Where runs are narrower than pixels, each column of pixels shows the exact share of its cycles in which the unit is busy, in
//! the colour of the operator of the run in the middle of those that are there.

mod bars;
mod spots;
mod words;

use std::ops::Range;

use super::op_paint;
use super::scene::{Align, Colour, Paint, Scene, Shape, Weight};
use crate::base::{Cycle, insert_by_key};
use crate::chip::{Chip, Stationary};
use crate::isa::{InstructionId, Program, ProgramOpId, Unit};
use crate::timing;
use crate::trace::{Class, Counts, Lane, PassRun, Stretch, Sums, Trace, UnitRun};
use bars::{Bars, Column};

pub use bars::Bar;
pub use spots::{Spot, What};
pub use words::{Told, work_in_words};

/// What a timeline shows.
pub struct Timeline<'a> {
    /// The run.
    pub trace: &'a Trace,
    /// What was run.
    pub program: &'a Program,
    /// What it ran on.
    pub chip: &'a Chip,
    /// Counted, to be shown at any scale.
    pub overview: &'a Overview,
    /// Number of the matrix unit that the picture of the array shows.
    pub unit: usize,
    /// The operator that stands out: the others' colours fade.
    pub marked: Option<ProgramOpId>,
    /// The cycles shown: at least one, within the run.
    pub window: Range<Cycle>,
}

/// What is counted once for all pictures of a run.
pub struct Overview {
    counts: Counts,
    /// By matrix unit: whose passes came one after the other.
    passes: Vec<Stretches>,
    /// By core with a vector unit: the same of its work for operators without passes.
    vectors: Vec<(u32, Stretches)>,
}

/// A lane of operators.
struct Stretches {
    lane: Lane<Stretch>,
    busy: Sums<Cycle>,
    /// Runs that are in them.
    runs: Sums<u64>,
}

/// A lane of the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Row {
    /// Whose passes the shown matrix unit has.
    Operators,
    /// Whose work, of operators without passes, its core's vector unit has.
    VectorOperators(u32),
    /// Where the shown matrix unit's cycles go.
    Classes,
    /// What a unit does.
    Unit(Unit),
}

/// Left of the lanes: their names.
pub const GUTTER: f64 = 100.0;
/// Between two lanes.
const GAP: f64 = 3.0;
/// Above the first lane.
const TOP: f64 = 2.0;
/// Wider than this on average, runs are drawn one by one.
const SINGLE: f64 = 3.0;
/// From this width on, each cycle has a column.
const COLUMN: f64 = 6.0;
/// Cells on top of each other in the lane of classes.
const LEVELS: usize = 26;

impl Overview {
    /// Counts a run.
    pub fn new(program: &Program, trace: &Trace) -> Overview {
        let has_passes = operators_with_passes(program);
        let op_of = |instruction| program.instructions[instruction].op;
        let pass = |run: &PassRun| {
            let PassRun { instruction, iteration, start, stream_end: end, .. } = *run;
            Some(Stretch { op: op_of(instruction), instruction, iteration, start, end, runs: 1 })
        };
        let vector = |run: &UnitRun| {
            let UnitRun { instruction, iteration, start, busy_until: end, .. } = *run;
            let op = op_of(instruction);
            let alone = !has_passes[op.index()];
            alone.then_some(Stretch { op, instruction, iteration, start, end, runs: 1 })
        };
        let on_vectors = |(unit, lane): &(Unit, Lane<UnitRun>)| match unit {
            Unit::Vector(core) => Some((*core, Stretches::new(lane.stretches(&vector)))),
            _ => None,
        };
        Overview {
            counts: Counts::new(trace),
            passes: trace.passes.iter().map(|lane| Stretches::new(lane.stretches(&pass))).collect(),
            vectors: trace.units.iter().filter_map(on_vectors).collect(),
        }
    }
}

impl Overview {
    /// The run, counted.
    pub fn counts(&self) -> &Counts {
        &self.counts
    }
}

impl Stretches {
    fn new(lane: Lane<Stretch>) -> Stretches {
        let busy = lane.sums(|stretch| stretch.end - stretch.start);
        let runs = lane.sums(|stretch| stretch.runs);
        Stretches { lane, busy, runs }
    }
}

/// By operator: whether it has passes.
fn operators_with_passes(program: &Program) -> Vec<bool> {
    let mut has = vec![false; program.ops.len()];
    for (_, instruction) in program.instructions.iter() {
        has[instruction.op.index()] |= matches!(instruction.unit, Unit::Matrix(_));
    }
    has
}

impl<'a> Timeline<'a> {
    /// Lanes from top to bottom: operators, cycles of the shown matrix unit, then units as data goes through the chip.
    pub fn rows(&self) -> Vec<Row> {
        let mut rows = Vec::new();
        // Whichever unit is shown, the lanes are the same.
        if self.overview.passes.iter().any(|stretches| !stretches.lane.is_empty()) {
            rows.push(Row::Operators);
        }
        if self.overview.vectors.iter().any(|(_, stretches)| !stretches.lane.is_empty()) {
            rows.push(Row::VectorOperators((self.unit / self.chip.units_per_core()) as u32));
        }
        if self.trace.cycles > 0 {
            rows.push(Row::Classes);
        }
        rows.extend(self.units().into_iter().map(Row::Unit));
        rows
    }

    /// Units that have a lane.
    fn units(&self) -> Vec<Unit> {
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

    fn operators(&self) -> Option<&'a Stretches> {
        self.overview.passes.get(self.unit)
    }

    fn on_vectors(&self, core: u32) -> Option<&'a Stretches> {
        let (_, stretches) = self.overview.vectors.iter().find(|(other, _)| *other == core)?;
        Some(stretches)
    }

    /// Each lane with its top.
    fn placed(&self) -> Vec<(Row, f64)> {
        let mut y = TOP;
        let place = |row: Row| {
            let top = y;
            y += row.height() + GAP;
            (row, top)
        };
        self.rows().into_iter().map(place).collect()
    }

    /// Height of the picture in pixels.
    pub fn height(&self) -> f64 {
        self.placed().last().map_or(TOP, |(row, top)| top + row.height() + GAP)
    }

    /// The matrix unit whose lane, or whose weights' lane, is at a height.
    pub fn unit_at(&self, y: f64) -> Option<usize> {
        match self.row_at(y)?.1 {
            Row::Unit(Unit::Matrix(unit) | Unit::Load(unit) | Unit::Fetch(unit)) => Some(unit as usize),
            _ => None,
        }
    }

    /// The lane at a height, with its number and its top.
    fn row_at(&self, y: f64) -> Option<(usize, Row, f64)> {
        let here = |(_, (row, top)): &(usize, (Row, f64))| *top <= y && y < top + row.height() + GAP;
        self.placed().into_iter().enumerate().find(here).map(|(number, (row, top))| (number, row, top))
    }

    fn scale(&self, width: f64) -> Scale {
        Scale { window: self.window.clone(), left: GUTTER, width: (width - GUTTER).max(1.0) }
    }

    /// Lays it out `width` pixels wide.
    pub fn scene(&self, width: f64) -> Scene {
        let mut scene = Scene::default();
        let scale = self.scale(width);
        for (row, top) in self.placed() {
            scene.shapes.push(self.title(row, top));
            scene.shapes.push(Shape::Rect {
                bounds: [scale.left, top, scale.width, row.height()],
                radius: 2.0,
                fill: Some(Colour::Idle.alpha(0.7)),
                stroke: None,
            });
            match row {
                Row::Classes => self.classes(&mut scene, &scale, top),
                _ => self.lane(&mut scene, &scale, row, top),
            }
        }
        self.columns(&mut scene, &scale);
        scene
    }

    fn title(&self, row: Row, top: f64) -> Shape {
        let several = self.trace.passes.len() > 1;
        let shown = matches!(row, Row::Unit(Unit::Matrix(number)) if number as usize == self.unit);
        Shape::Text {
            at: [GUTTER - 8.0, top + row.height() / 2.0 + 4.0],
            text: self.name(row),
            size: 11.0,
            align: Align::Right,
            weight: Weight::Words,
            paint: if shown && several { Colour::Ink.solid() } else { Colour::Dim.solid() },
        }
    }

    /// A lane's name, with the number of what there is more than one of.
    pub fn name(&self, row: Row) -> String {
        match row {
            Row::Operators => "operators".into(),
            Row::VectorOperators(_) => "… on vectors".into(),
            Row::Classes => "where cycles go".into(),
            Row::Unit(unit) => {
                let alone = !self.units().iter().any(|other| *other != unit && other.kind() == unit.kind());
                if alone { unit.kind().into() } else { unit.name() }
            }
        }
    }

    fn lane(&self, scene: &mut Scene, scale: &Scale, row: Row, top: f64) {
        if let Some(waves) = self.waves(row) {
            // Behind the streams, their waves' way through the array.
            self.bars(scene, scale, row, &*waves, top, 0.3);
        }
        let Some(bars) = self.bars_of(row) else { return };
        let alpha = match row {
            Row::Operators | Row::VectorOperators(_) | Row::Unit(Unit::Matrix(_)) => 1.0,
            Row::Unit(Unit::Load(_)) => 0.55,
            Row::Unit(_) | Row::Classes => 0.75,
        };
        if self.are_single(&*bars, scale) {
            self.bars(scene, scale, row, &*bars, top, alpha);
        } else {
            self.shares(scene, scale, row, &*bars, top, alpha);
        }
    }

    /// Whether the runs of a lane are drawn one by one: there is room, or a cycle is as wide as a pixel.
    fn are_single(&self, bars: &dyn Bars, scale: &Scale) -> bool {
        let seen = bars.come(scale.window.end - 1) - bars.come(scale.window.start);
        seen as f64 * SINGLE <= scale.width || scale.cycle() >= 1.0
    }

    fn bars(&self, scene: &mut Scene, scale: &Scale, row: Row, bars: &dyn Bars, top: f64, alpha: f32) {
        if !self.are_single(bars, scale) {
            return;
        }
        let height = row.height();
        let first = bars.come(scale.window.start).saturating_sub(1);
        for number in first..bars.come(scale.window.end - 1) {
            let Some(bar) = bars.get(number) else { return };
            let Some([left, width]) = scale.extent(bar.start, bar.end) else { continue };
            let fill = Some(self.paint(bar.of, alpha));
            let radius = width.min(4.0) / 2.0;
            scene.shapes.push(Shape::Rect { bounds: [left, top, width, height], radius, fill, stroke: None });
            if alpha == 1.0
                && let Some(text) = self.label(row, number, &bar, width)
            {
                let faded = self.marked.is_some_and(|marked| marked != self.op(&bar));
                let colour = if faded { Colour::Ink } else { Colour::OnOp(self.colour(&bar)) };
                scene.shapes.push(Shape::Text {
                    at: [left + LABEL_EDGE, top + height / 2.0 + 3.8],
                    text,
                    size: LABEL,
                    align: Align::Left,
                    weight: Weight::Words,
                    paint: colour.solid(),
                });
            }
        }
    }

    /// Column by column of pixels, the share of its cycles in which the unit is busy.
    fn shares(&self, scene: &mut Scene, scale: &Scale, row: Row, bars: &dyn Bars, top: f64, alpha: f32) {
        let columns = scale.columns();
        let (mut from, mut before) = (scale.window.start, bars.before(scale.window.start));
        let cells = (1..=columns).map(|end| {
            let to = scale.boundary(end, columns);
            let next = bars.before(to);
            let column = Column::new(from, before, next);
            let share = column.busy as f32 / (to - from) as f32;
            (from, before) = (to, next);
            match column.middle().filter(|_| column.busy > 0).and_then(|middle| bars.of(middle)) {
                Some(of) => self.paint(of, alpha * (0.15 + 0.85 * share)),
                None => Colour::Idle.alpha(0.7),
            }
        });
        let cell = [scale.width / columns as f64, row.height()];
        let (cols, cells) = (columns as usize, cells.collect());
        scene.shapes.push(Shape::Grid { at: [scale.left, top], cell, cols, cells });
    }

    /// The classes of the shown matrix unit's cycles on top of each other, active ones at the bottom: exactly those of each column.
    fn classes(&self, scene: &mut Scene, scale: &Scale, top: f64) {
        let columns = scale.columns().min(scale.cycles());
        let counts = &self.overview.counts;
        let mut cells = vec![Colour::Idle.solid(); columns as usize * LEVELS];
        let mut before = counts.classes_before(self.trace, self.unit, scale.window.start);
        for column in 0..columns {
            let next = counts.classes_before(self.trace, self.unit, scale.boundary(column + 1, columns));
            let classes = next - before;
            before = next;
            let total = classes.total().max(1);
            let (mut sum, mut level) = (0, 0);
            for (class, cycles) in classes.iter() {
                sum += cycles;
                let up_to = (2 * sum as u128 * LEVELS as u128 + u128::from(total)) / (2 * u128::from(total));
                while level < (up_to as usize).min(LEVELS) {
                    level += 1;
                    cells[(LEVELS - level) * columns as usize + column as usize] = class_paint(class);
                }
            }
        }
        let cell = [scale.width / columns as f64, Row::Classes.height() / LEVELS as f64];
        scene.shapes.push(Shape::Grid { at: [scale.left, top], cell, cols: columns as usize, cells });
    }

    /// Lines between cycles that are wide enough.
    fn columns(&self, scene: &mut Scene, scale: &Scale) {
        if scale.cycle() < COLUMN {
            return;
        }
        let bottom = self.height() - GAP;
        for cycle in scale.window.clone() {
            let x = scale.x(cycle);
            let paint = Colour::Dim.alpha(0.22);
            scene.shapes.push(Shape::Line { ends: [x, TOP, x, bottom], width: 1.0, paint });
        }
    }

    /// What is written on a bar, if there is room: the operator, or the place of a pass among those of its operator's stretch.
    fn label(&self, row: Row, number: u64, bar: &Bar, width: f64) -> Option<String> {
        let room = width - 2.0 * LABEL_EDGE;
        let fits = |text: &String| text.chars().count() as f64 * LETTER <= room;
        match row {
            Row::Operators | Row::VectorOperators(_) => {
                Some(self.program.ops[self.op(bar)].name.clone()).filter(fits)
            }
            Row::Unit(Unit::Matrix(unit)) if room >= 3.0 * LETTER => {
                match self.tile(unit as usize, number, bar.start)? {
                    (_, 1) => None,
                    (index, count) => Some(format!("tile {} of {count}", index + 1))
                        .filter(fits)
                        .or_else(|| Some(format!("{}", index + 1)).filter(fits)),
                }
            }
            _ => None,
        }
    }

    /// Place of a pass among those of its operator that come one after the other, from 0, and how many these are.
    fn tile(&self, unit: usize, number: u64, start: Cycle) -> Option<(u64, u64)> {
        let Stretches { lane, runs, .. } = self.overview.passes.get(unit)?;
        let at = lane.come(start, |stretch| stretch.start).checked_sub(1)?;
        Some((number.checked_sub(lane.sum_of_first(at, runs))?, lane.get(at)?.runs))
    }

    fn op(&self, bar: &Bar) -> ProgramOpId {
        self.program.instructions[bar.of].op
    }

    fn colour(&self, bar: &Bar) -> u8 {
        (self.op(bar).index() % super::OP_COLOURS) as u8
    }

    fn paint(&self, of: InstructionId, alpha: f32) -> Paint {
        op_paint(self.program.instructions[of].op, self.marked, alpha)
    }

    /// The first stretch of an operator on any unit that is shown as its own: where to look for it.
    pub fn first_of(&self, op: ProgramOpId) -> Option<Range<Cycle>> {
        let lanes = self.overview.passes.iter().chain(self.overview.vectors.iter().map(|(_, of)| of));
        let mut first: Option<Range<Cycle>> = None;
        for Stretches { lane, .. } in lanes {
            lane.for_each_kind(&mut |stretch, _, _| {
                let earlier = first.as_ref().is_none_or(|first| stretch.start < first.start);
                if stretch.op == op && earlier {
                    first = Some(stretch.start..stretch.end);
                }
            });
        }
        first
    }

    fn sides(&self) -> timing::Sides {
        timing::sides(self.chip)
    }
}

/// Of what is written on bars: its height, about the width of a letter, and what is left free beside it.
const LABEL: f64 = 10.0;
const LETTER: f64 = 5.7;
const LABEL_EDGE: f64 = 4.0;

fn class_paint(class: Class) -> Paint {
    Colour::Class(class as u8).solid()
}

impl Row {
    fn height(self) -> f64 {
        match self {
            Row::Operators | Row::VectorOperators(_) => 16.0,
            Row::Classes => LEVELS as f64,
            Row::Unit(_) => 14.0,
        }
    }
}

/// Cycles to pixels.
struct Scale {
    window: Range<Cycle>,
    left: f64,
    width: f64,
}

impl Scale {
    fn cycles(&self) -> Cycle {
        self.window.end - self.window.start
    }

    /// Width of a cycle.
    fn cycle(&self) -> f64 {
        self.width / self.cycles() as f64
    }

    /// Of a cycle of the window.
    fn x(&self, cycle: Cycle) -> f64 {
        self.left + self.cycle() * (cycle - self.window.start) as f64
    }

    /// The cycle at a place, if it is of the window.
    fn at(&self, x: f64) -> Option<Cycle> {
        let along = (x - self.left) / self.cycle();
        (0.0..self.cycles() as f64).contains(&along).then(|| self.window.start + along as Cycle)
    }

    /// Left edge and width of what is seen of a bar. A gap of a pixel, where there is room for one, tells neighbours apart.
    fn extent(&self, start: Cycle, end: Cycle) -> Option<[f64; 2]> {
        let (from, to) = (start.max(self.window.start), end.min(self.window.end));
        let gone = end < self.window.start || (start < end && end == self.window.start);
        if gone || start >= self.window.end {
            return None;
        }
        let (left, right) = (self.x(from), self.x(to));
        let width = if right - left > 4.0 { right - left - 1.0 } else { (right - left).max(0.75) };
        Some([left, width])
    }

    /// Whole pixels.
    fn columns(&self) -> u64 {
        self.width.floor() as u64
    }

    /// Where a column of so many ends, and the next one begins.
    fn boundary(&self, column: u64, columns: u64) -> Cycle {
        let (whole, rest) = (self.cycles() / columns, self.cycles() % columns);
        self.window.start + whole * column + rest * column / columns
    }
}
