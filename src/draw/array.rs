//! The array in one cycle as shapes. With room, every register has its number; with less, sums alone; with little,
//! colour: which operator is at work, and how large its sums are.

use super::chip::surroundings;
use super::circuit::{CIRCUIT, circuit};
use super::elements::{Register, compact};
use super::number;
use super::scene::{Align, Colour, Paint, Scene, Shape, Weight};
use super::shown::{Held, Label, Notation};
use super::{Layout, op_paint};
use crate::base::{Bytes, Cycle};
use crate::chip::{Chip, Dataflow, Stationary};
use crate::isa::{BufferId, InstructionId, Program, ProgramOpId};
use crate::trace::{Frame, NONE, Numbers, Scalar, Surroundings, Trace, View, Waiting};

/// All that a picture shows.
pub struct Moment<'a> {
    /// The registers.
    pub frame: &'a Frame,
    /// What stands around the array.
    pub around: &'a Surroundings,
    /// The passes near this cycle, by which the frame names them.
    pub view: &'a View,
    /// The run.
    pub trace: &'a Trace,
    /// What was run.
    pub program: &'a Program,
    /// What it ran on.
    pub chip: &'a Chip,
    /// Number of the matrix unit shown.
    pub unit: usize,
    /// Row and column of the selected PE.
    pub selected: (usize, usize),
    /// The operator that stands out: the others' colours fade.
    pub marked: Option<ProgramOpId>,
    /// The sums to which it adds, by lane: where weights stay they come from above; entries as the frame's.
    pub before: &'a [i32],
    /// How numbers are shown.
    pub notation: Notation,
    /// How full the memories beside the array are.
    pub fullness: Fullness,
    /// Of which operators the registers' numbers are shown. Others have indices.
    pub numbers: Numbers,
    /// Where an element of a buffer lies along the axes of its tensor.
    pub indices: &'a dyn Fn(BufferId, u64) -> Vec<u64>,
    /// How far what moves is on its way to where it is at the end of the cycle, from 0 to 1.
    pub arrived: f64,
}

/// What the memories of a matrix unit hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fullness {
    /// Bytes of its core's unified buffer.
    pub bytes: Bytes,
    /// Rows of its accumulators, with sums that somebody waits for.
    pub rows: u64,
}

impl Moment<'_> {
    /// The colour of a pass's operator, fainter if another one stands out.
    pub(super) fn paint(&self, pass: u32, alpha: f32) -> Paint {
        op_paint(self.view.passes[pass as usize].op, self.marked, alpha)
    }

    /// The colour of an instruction's operator.
    pub(super) fn op_paint_of(&self, instruction: InstructionId, alpha: f32) -> Paint {
        op_paint(self.program.instructions[instruction].op, self.marked, alpha)
    }

    /// The sums before and after the product of a PE's first lane, as entries of the frame: before, of the selected PE. Where sums
    /// stay, what one lane leaves is what the next one adds to.
    pub(super) fn sums_of_first_lane(&self, row: usize, col: usize) -> (Option<i32>, i32) {
        let before = if self.selected == (row, col) { self.before } else { &[] };
        let now = self.frame.psum[self.frame.at(row, col)];
        let after = match self.frame.stationary {
            Stationary::Sums => before.get(1).copied().unwrap_or(now),
            Stationary::Weights => now,
        };
        (before.first().copied(), after)
    }

    /// Whether a PE's row is the first of its pass: the front of the wave.
    pub(super) fn is_front(&self, row: usize, col: usize) -> bool {
        let pass = self.frame.pass[self.frame.at(row, col)];
        pass != NONE && self.view.passes[pass as usize].run.start + (row + col) as Cycle == self.frame.cycle
    }
}

/// Lays out the array and its surroundings.
pub fn array(moment: &Moment, layout: &Layout) -> Scene {
    let mut scene = Scene::default();
    surroundings(&mut scene, moment, layout);
    captions(&mut scene, moment, layout);
    if layout.is_small() {
        small(&mut scene, moment, layout);
    } else {
        large(&mut scene, moment, layout);
    }
    let [x, y] = layout.pe(moment.selected.0, moment.selected.1);
    let side = layout.pitch.max(5.0);
    scene.shapes.push(Shape::Rect {
        bounds: [x, y, side, side],
        radius: corner(layout) + 1.0,
        fill: None,
        stroke: Some((Colour::Ink.solid(), 2.0)),
    });
    scene
}

/// How strongly a sum colours its cell: by its order of magnitude, the same in every frame.
fn strength(sum: Scalar) -> f32 {
    0.2 + 0.5 * (log2(1.0 + number::size(sum)) / 14.0).min(1.0)
}

/// The logarithm of a number from 1 on, straight between powers of two: a shade needs no more, and 65,536 of them a frame cost
/// a quarter of the exact ones.
fn log2(number: f32) -> f32 {
    const ONE: u32 = 1.0f32.to_bits();
    const FRACTION: f32 = (1u32 << (f32::MANTISSA_DIGITS - 1)) as f32;
    (number.to_bits() - ONE) as f32 / FRACTION
}

/// The same of a pass whose numbers may not be known.
pub(super) fn shade(moment: &Moment, pass: u32, sum: i32) -> f32 {
    if moment.has_numbers(pass) { strength(moment.scalar(sum, pass)) } else { 0.36 }
}

fn corner(layout: &Layout) -> f64 {
    (layout.pitch * 0.13).min(8.0) * layout.zoom.clamp(1.0, 2.0)
}

/// Colour alone.
#[inline(never)] // Of its own, it can be left out of what everybody loads.
fn small(scene: &mut Scene, moment: &Moment, layout: &Layout) {
    let frame = moment.frame;
    let cell = |at: usize| match (frame.pass[at], passing_by(frame)[at]) {
        (NONE, NONE) => Colour::Idle.solid(),
        (NONE, other) => moment.paint(other, 0.16),
        (pass, _) => moment.paint(pass, shade(moment, pass, frame.psum[at])),
    };
    let whole = [layout.left, layout.top];
    let cells = (0..frame.rows * frame.cols).map(cell).collect();
    scene.shapes.push(Shape::Grid { at: whole, cell: [layout.pitch; 2], cols: frame.cols, cells });

    let waiting = |waiting: &Option<Waiting>| match waiting {
        Some(waiting) => moment.paint(waiting.pass, 0.45),
        None => Colour::Idle.alpha(0.35),
    };
    let around = moment.around;
    let hops = around.activations.len();
    let left = (0..frame.rows).flat_map(|row| (0..hops).rev().map(move |hop| (hop, row)));
    let [x, _, width, _] = layout.activation(hops, 0);
    let cells = left.map(|(hop, row)| waiting(&around.activations[hop][row])).collect();
    scene.shapes.push(Shape::Grid { at: [x, layout.top], cell: [width, layout.pitch], cols: hops, cells });
    let [x, y, width, height] = layout.weight(around.weights.len(), 0);
    let cells = around.weights.iter().rev().flatten().map(waiting).collect();
    scene.shapes.push(Shape::Grid { at: [x, y], cell: [width, height], cols: frame.cols, cells });
    let [x, y, width, height] = layout.accumulator(0, 0);
    let sum = |entry: &Option<crate::trace::Accumulated>| match entry {
        Some(sum) => moment.paint(sum.pass, if sum.now { 0.9 } else { shade(moment, sum.pass, sum.sum) }),
        None => Colour::Idle.alpha(0.35),
    };
    let shown = around.accumulators.rows.iter().map(Vec::as_slice).chain(std::iter::repeat(&[][..]));
    let cells = shown
        .take(layout.accumulator_rows)
        .flat_map(|row| (0..frame.cols).map(move |col| sum(row.get(col).unwrap_or(&None))));
    let cells = cells.collect();
    scene.shapes.push(Shape::Grid { at: [x, y], cell: [width, height], cols: frame.cols, cells });
}

/// By PE: the pass of what crosses it without being worked on: weights to load, or sums to drain.
fn passing_by(frame: &Frame) -> &[u32] {
    match frame.stationary {
        Stationary::Weights => &frame.bus_pass,
        Stationary::Sums => &frame.drain_pass,
    }
}

/// A shape for each cell.
fn large(scene: &mut Scene, moment: &Moment, layout: &Layout) {
    let frame = moment.frame;
    let (rows, cols) = (layout.rows_seen(), layout.cols_seen());
    // What lies behind the way that it has still to go.
    let behind = 1.0 - moment.arrived;
    for row in rows.clone() {
        for col in cols.clone() {
            match layout.pitch {
                pitch if pitch >= CIRCUIT && moment.has_labels(frame.at(row, col)) => {
                    circuit(scene, moment, layout, [row, col])
                }
                _ => pe(scene, moment, layout, row, col),
            }
        }
    }
    for (hop, waiting) in moment.around.activations.iter().enumerate() {
        for row in rows.clone() {
            if let Some(waiting) = &waiting[row] {
                let paint = moment.paint(waiting.pass, 0.24);
                let element = moment.waiting_left(waiting, hop + 1, row);
                let text = moment.waiting(waiting, element);
                let [x, y, width, height] = layout.activation(hop + 1, row);
                chip(scene, [x - behind * width, y, width, height], paint, text, Colour::Ink.solid());
            }
        }
    }
    for (hop, waiting) in moment.around.weights.iter().enumerate() {
        for col in cols.clone() {
            if let Some(waiting) = &waiting[col] {
                let paint = moment.paint(waiting.pass, 0.12);
                let element = Some(moment.waiting_above(waiting, col));
                let text = moment.waiting(waiting, element);
                let [x, y, width, height] = layout.weight(hop + 1, col);
                chip(scene, [x, y - behind * height, width, height], paint, text, Colour::Dim.solid());
            }
        }
    }
    for row in 0..layout.accumulator_rows {
        for col in cols.clone() {
            let entry = moment.around.accumulators.rows.get(row).and_then(|entries| entries[col]);
            let bounds = layout.accumulator(row, col);
            match entry {
                Some(sum) => {
                    let alpha = if sum.now { 0.62 } else { 0.2 };
                    let place = [moment.around.accumulators.first + row, col];
                    let text = moment.accumulator(place, sum.sum, sum.pass);
                    chip(scene, bounds, moment.paint(sum.pass, alpha), text, Colour::Ink.solid());
                }
                None => chip_shape(scene, bounds, Colour::Idle.alpha(0.55)),
            }
        }
    }
}

fn pe(scene: &mut Scene, moment: &Moment, layout: &Layout, row: usize, col: usize) {
    let frame = moment.frame;
    let at = frame.at(row, col);
    let [x, y] = layout.pe(row, col);
    let side = layout.pitch - 3.0;
    let works = frame.pass[at] != NONE;
    let (fill, stroke) = if works {
        let width = if moment.is_front(row, col) { 2.5 } else { 1.0 };
        let alpha = shade(moment, frame.pass[at], frame.psum[at]);
        (moment.paint(frame.pass[at], alpha), Some((moment.paint(frame.pass[at], 1.0), width)))
    } else {
        (Colour::Idle.solid(), None)
    };
    let bounds = [x + 1.5, y + 1.5, side, side];
    scene.shapes.push(Shape::Rect { bounds, radius: corner(layout), fill: Some(fill), stroke });
    if !moment.has_labels(at) {
        return elements(scene, moment, layout, row, col);
    }
    let mut number = |text: Label, at: [f64; 2], size: f64, align, weight, paint| {
        let room = if align == Align::Centre { side - 4.0 } else { side / 2.0 - 4.0 };
        let (text, size) = text.fitted(size, room);
        scene.shapes.push(Shape::Text { at, text, size, align, weight, paint });
    };
    let held = frame.psum_pass[at] != NONE;
    // Activations come from the left, what crosses from above: until they have arrived, they are between two PEs.
    let behind = (1.0 - moment.arrived) * layout.pitch;
    let streams = frame.stationary == Stationary::Sums;
    if layout.pitch >= 40.0 {
        let (small, quiet) = ((layout.pitch * 0.2).min(14.0), if works { Colour::Ink } else { Colour::Dim });
        let (left, right, top, bottom) =
            (x + 5.5, x + layout.pitch - 5.5, y + 4.0 + small, y + layout.pitch - 6.0);
        if works {
            let text = lanes(moment, Listed::Act, [row, col]);
            number(text, [left - behind, top], small, Align::Left, Weight::Mono, Colour::Ink.solid());
        }
        if frame.weight_pass[at] != NONE {
            let text = lanes(moment, Listed::Weight, [row, col]);
            let top = if streams { top - behind } else { top };
            number(text, [right, top], small, Align::Right, Weight::Mono, quiet.solid());
        }
        // The next tile's weight, once it has landed behind the active one.
        let landed =
            frame.shadow_pass.get(at).is_some_and(|pass| *pass != NONE && *pass != frame.weight_pass[at]);
        if landed {
            let shadow = Held::Operand(Register::Shadow);
            let text = moment.label(shadow, [row, col], frame.shadow[at], frame.shadow_pass[at]);
            number(text, [right, bottom], small * 0.9, Align::Right, Weight::Mono, Colour::Dim.solid());
        }
        let (held, crossing, pass) = match frame.stationary {
            Stationary::Weights => (Held::Operand(Register::Bus), frame.bus[at], frame.bus_pass[at]),
            Stationary::Sums => (Held::Drain, frame.drain[at], frame.drain_pass[at]),
        };
        if pass != NONE {
            let text = moment.label(held, [row, col], crossing, pass).behind("↓");
            let paint = moment.paint(pass, 1.0);
            number(text, [left, bottom - behind], small * 0.9, Align::Left, Weight::Mono, paint);
        }
    }
    let mut middle = |text: Label, share: f64, weight, paint| {
        let size = (layout.pitch * share).min(24.0);
        let at = [x + layout.pitch / 2.0, y + layout.pitch / 2.0 + size * 0.38];
        number(text, at, size, Align::Centre, weight, paint);
    };
    let share = if layout.pitch >= 40.0 { 0.27 } else { 0.36 };
    if works && layout.pitch >= 22.0 {
        let text = lanes(moment, Listed::Sum, [row, col]);
        middle(text, share, Weight::MonoBold, Colour::Ink.solid());
    } else if held && frame.stationary == Stationary::Sums && layout.pitch >= 22.0 {
        middle(
            moment.label(Held::Sum(0), [row, col], frame.psum[at], frame.psum_pass[at]),
            share,
            Weight::Mono,
            Colour::Dim.solid(),
        );
    } else if !works && (22.0..40.0).contains(&layout.pitch) && frame.weight_pass[at] != NONE {
        let weight = Held::Operand(Register::Weight(0));
        let text = moment.label(weight, [row, col], frame.weight[at], frame.weight_pass[at]);
        middle(text, 0.3, Weight::Mono, Colour::Dim.alpha(0.75));
    }
}

/// Indices smaller than this are left out, in pixels.
pub(super) const LEGIBLE: f64 = 5.0;

/// Which elements a PE holds, those of the first lane: what it multiplies below each other, and the weights on their way.
#[inline(never)] // Of its own, it can be left out of what everybody loads.
fn elements(scene: &mut Scene, moment: &Moment, layout: &Layout, row: usize, col: usize) {
    let ([x, y], pitch) = (layout.pe(row, col), layout.pitch);
    let works = moment.frame.pass[moment.frame.at(row, col)] != NONE;
    let ink = if works { Colour::Ink } else { Colour::Dim };
    let lines = [
        (Register::Act(0), "", [0.5, 0.3], Align::Centre, ink),
        (Register::Weight(0), "", [0.5, 0.56], Align::Centre, ink),
        (Register::Bus, "↓", [0.09, 0.88], Align::Left, Colour::Dim),
        (Register::Shadow, "", [0.91, 0.88], Align::Right, Colour::Dim),
    ];
    for (register, mark, [right, down], align, colour) in lines {
        let Some(element) = moment.element(register, row, col) else { continue };
        let (size, room) = match align {
            Align::Centre => ((pitch * 0.2).min(14.0), pitch - 9.0),
            _ => ((pitch * 0.15).min(11.0), pitch / 2.0 - 6.0),
        };
        let mut text = moment.name(element);
        // A long name would leave no room to read it.
        if align != Align::Centre || fitted(&text, size, room) < 8.0 {
            text = mark.to_owned() + &compact(&moment.index(element));
        }
        let size = fitted(&text, size, room);
        if size < LEGIBLE {
            continue;
        }
        let at = [x + pitch * right, y + pitch * down + size * 0.3];
        scene.shapes.push(Shape::Text { at, text, size, align, weight: Weight::Mono, paint: colour.solid() });
    }
}

/// Registers that have lanes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Listed {
    Act,
    Weight,
    Sum,
}

/// What a PE holds in one kind of register: one number, or one for each lane that is not empty.
pub(super) fn lanes(moment: &Moment, listed: Listed, [row, col]: [usize; 2]) -> Label {
    let frame = moment.frame;
    let (values, passes, held): (_, _, fn(usize) -> Held) = match listed {
        Listed::Act => (&frame.act, &frame.pass, |lane| Held::Operand(Register::Act(lane))),
        Listed::Weight => (&frame.weight, &frame.weight_pass, |lane| Held::Operand(Register::Weight(lane))),
        Listed::Sum => (&frame.psum, &frame.psum_pass, Held::Sum),
    };
    let places = (frame.at(row, col)..values.len()).step_by(frame.layer()).enumerate();
    let labels = places.filter(|(_, place)| passes[*place] != NONE);
    let labels =
        labels.map(|(lane, place)| moment.label(held(lane), [row, col], values[place], passes[place]));
    labels.reduce(Label::and).unwrap_or_default()
}

/// A number, or which one it is, beside the array.
fn chip(scene: &mut Scene, bounds: [f64; 4], paint: Paint, text: Label, ink: Paint) {
    chip_shape(scene, bounds, paint);
    let [x, y, width, height] = bounds;
    if height < 11.0 {
        return;
    }
    let (text, size) = text.fitted((height * 0.56).min(28.0), width - 7.0);
    if text.is_empty() || size < LEGIBLE {
        return;
    }
    let at = [x + width / 2.0, y + height / 2.0 + size * 0.37];
    scene.shapes.push(Shape::Text { at, text, size, align: Align::Centre, weight: Weight::Mono, paint: ink });
}

fn chip_shape(scene: &mut Scene, [x, y, width, height]: [f64; 4], paint: Paint) {
    let bounds = [x + 2.0, y + 1.5, width - 4.0, height - 3.0];
    scene.shapes.push(Shape::Rect {
        bounds,
        radius: (height * 0.2).min(6.0),
        fill: Some(paint),
        stroke: None,
    });
}

/// The largest size up to `size` at which a line of equally wide characters fits.
pub(super) fn fitted(text: &str, size: f64, room: f64) -> f64 {
    size.min(room / (0.61 * text.chars().count() as f64))
}

/// The names of what stands around the array.
fn captions(scene: &mut Scene, moment: &Moment, layout: &Layout) {
    let mut words = |text: String, at: [f64; 2], align, paint| {
        scene.shapes.push(Shape::Text { at, text, size: 12.0, align, weight: Weight::Words, paint });
    };
    let name = |waiting: Option<Waiting>| {
        waiting.map(|w| {
            let op = self::op_name(moment, w.pass);
            (op, moment.paint(w.pass, 1.0))
        })
    };
    let [_, top, ..] = layout.weight(layout.hops_above, 0);
    let weights = name(moment.around.weights.iter().flatten().flatten().next().copied());
    // Input-stationary passes are those of the transposed product (MACHINE.md 1.2).
    let (from_above, from_left) = match moment.chip.dataflow {
        Dataflow::InputStationary => ("activations", "weights"),
        _ => ("weights", "activations"),
    };
    let above = match &weights {
        Some((op, _)) => format!("{from_above} for {op}"),
        None => from_above.into(),
    };
    words(
        above,
        [layout.left + 2.0, top - 7.0],
        Align::Left,
        weights.map_or(Colour::Dim.solid(), |(_, paint)| paint),
    );
    let [_, y, _, height] = layout.activation(1, 0);
    let activations = name(moment.around.activations.iter().flatten().flatten().next().copied());
    let paint = activations.as_ref().map_or(Colour::Dim.solid(), |(_, paint)| *paint);
    // Where the array leaves no room for the word, it begins at the picture's edge.
    let edge = layout.left - layout.gap - 2.0;
    let (x, align) = if edge < 76.0 { (4.0, Align::Left) } else { (edge, Align::Right) };
    let above_first = if layout.is_small() { layout.top } else { y.min(y + height) };
    words(from_left.into(), [x, above_first - 7.0], align, paint);
    let [_, y, _, height] = layout.accumulator(layout.accumulator_rows - 1, 0);
    let rows = &moment.around.accumulators;
    let below = match rows.rows.len() {
        0 => "accumulators".into(),
        count => format!("accumulators, rows {} to {}", rows.first, rows.first + count - 1),
    };
    let used = format!("; {} of {} used", moment.fullness.rows, moment.chip.accumulator_rows);
    // As far as to what comes from the vector unit.
    let room = layout.width() + if layout.shows_chip() { 90.0 * layout.zoom } else { 0.0 };
    let below = if room > 6.4 * (below.len() + used.len()) as f64 { below + &used } else { below };
    words(below, [layout.left + 2.0, y + height + 16.0], Align::Left, Colour::Dim.solid());
}

/// The name of a pass's operator, short enough for a caption.
pub(super) fn op_name(moment: &Moment, pass: u32) -> String {
    let name = &moment.program.ops[moment.view.passes[pass as usize].op].name;
    if name.chars().count() > 24 { name.chars().take(23).chain(['…']).collect() } else { name.clone() }
}
