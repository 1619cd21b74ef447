//! One PE from near by: its registers, its multiplier and its adder, and what is on the wires between them (MACHINE.md 1.1 and 1.3).

use super::array::{Listed, fitted, lanes, shade};
use super::bits::{BITS, bits};
use super::elements::Register;
use super::number::{hexadecimal, signed};
use super::scene::{Align, Colour, Paint, Scene, Shape, Weight};
use super::shown::{Held, Label, Notation};
use super::{Layout, Moment};
use crate::chip::{Dataflow, Stationary};
use crate::trace::NONE;

/// From this size on, in pixels, a PE has room for it.
pub(super) const CIRCUIT: f64 = 150.0;

/// A PE as its square's parts: places and sizes from 0 to 1.
struct Part<'s> {
    scene: &'s mut Scene,
    at: [f64; 2],
    side: f64,
}

/// A register: where it stands, its name, what it holds, and the colour of whose it is.
struct Box<'t> {
    bounds: [f64; 4],
    name: &'t str,
    holds: Label,
    paint: Option<Paint>,
}

/// Draws the PE at a row and a column.
#[inline(never)] // Of its own, it can be left out of what everybody loads.
pub(super) fn circuit(scene: &mut Scene, moment: &Moment, layout: &Layout, [row, col]: [usize; 2]) {
    let [x, y] = layout.pe(row, col);
    let frame = moment.frame;
    let at = frame.at(row, col);
    let works = frame.pass[at] != NONE;
    let side = layout.pitch;
    let fill = match works {
        true => moment.paint(frame.pass[at], 0.5 * shade(moment, frame.pass[at], frame.psum[at])),
        false => Colour::Idle.alpha(0.6),
    };
    let width = if moment.is_front(row, col) { 4.0 } else { 1.5 };
    let edge = works.then(|| (moment.paint(frame.pass[at], 1.0), width));
    let bounds = [x + 0.008 * side, y + 0.008 * side, 0.984 * side, 0.984 * side];
    scene.shapes.push(Shape::Rect { bounds, radius: 0.03 * side, fill: Some(fill), stroke: edge });
    if side >= layout.size[0].min(layout.size[1]) * BITS && works && moment.has_numbers(frame.pass[at]) {
        return bits(scene, moment, [x, y, side], [row, col]);
    }
    let mut part = Part { scene, at: [x, y], side };
    part.text(
        [0.03, 0.055],
        &format!("PE {row}, {col}"),
        0.035,
        Align::Left,
        Weight::Words,
        Colour::Dim.solid(),
    );
    arithmetic(&mut part, moment, at);
    match frame.stationary {
        Stationary::Weights => stationary_weights(&mut part, moment, [row, col]),
        Stationary::Sums => stationary_sums(&mut part, moment, [row, col]),
    }
    part.equation(moment, [row, col]);
}

/// What comes from the left and what from above, as a chip's dataflow calls them.
pub(super) fn operand_names(moment: &Moment) -> [&'static str; 2] {
    match moment.chip.dataflow {
        Dataflow::InputStationary => ["weight", "activation"],
        _ => ["activation", "weight"],
    }
}

/// What every PE has: the way of what comes from the left, a multiplier, what it makes, and an adder.
fn arithmetic(part: &mut Part, moment: &Moment, at: usize) {
    let pass = moment.frame.pass[at];
    let work = (pass != NONE).then(|| moment.paint(pass, 1.0));
    part.wire(&[[0.0, 0.28], [1.0, 0.28]], work);
    part.wire(&[[0.46, 0.28], [0.46, 0.42]], work);
    part.wire(&[[0.46, 0.54], [0.46, 0.64]], work);
    part.wire(&[[0.46, 0.76], [0.46, 0.80]], work);
    part.operation([0.46, 0.48], "×", work);
    part.operation([0.46, 0.70], "+", work);
    if let Some(made) = product(moment, at) {
        part.text([0.475, 0.605], &made, 0.032, Align::Left, Weight::Mono, Colour::Ink.solid());
    }
}

fn stationary_weights(part: &mut Part, moment: &Moment, [row, col]: [usize; 2]) {
    let frame = moment.frame;
    let at = frame.at(row, col);
    let [left, above] = operand_names(moment);
    let pass = frame.pass[at];
    let lit = |pass: u32| (pass != NONE).then(|| moment.paint(pass, 1.0));
    let (work, bus) = (lit(pass), lit(frame.bus_pass[at]));
    part.wire(&[[0.58, 0.48], [0.52, 0.48]], lit(frame.weight_pass[at]));
    part.wire(&[[0.80, 0.48], [0.74, 0.48]], lit(frame.shadow_pass[at]));
    part.wire(&[[0.88, 0.0], [0.88, 0.42]], bus);
    part.wire(&[[0.97, 0.25], [0.97, 0.97], [0.88, 0.97], [0.88, 1.0]], bus);
    part.wire(&[[0.88, 0.25], [0.97, 0.25]], bus);
    part.wire(&[[0.34, 0.0], [0.34, 0.70], [0.40, 0.70]], work);
    part.wire(&[[0.34, 0.91], [0.34, 1.0]], work);
    let held = |held: Held, values: &[i32], passes: &[u32]| match passes[at] {
        NONE => Label::default(),
        pass => moment.label(held, [row, col], values[at], pass),
    };
    part.register(Box {
        bounds: [0.06, 0.225, 0.22, 0.11],
        name: left,
        holds: lanes(moment, Listed::Act, [row, col]),
        paint: work,
    });
    part.register(Box {
        bounds: [0.575, 0.425, 0.17, 0.11],
        name: above,
        holds: lanes(moment, Listed::Weight, [row, col]),
        paint: lit(frame.weight_pass[at]),
    });
    part.register(Box {
        bounds: [0.795, 0.425, 0.17, 0.11],
        name: "shadow",
        holds: held(Held::Operand(Register::Shadow), &frame.shadow, &frame.shadow_pass),
        paint: lit(frame.shadow_pass[at]),
    });
    part.register(Box {
        bounds: [0.795, 0.08, 0.17, 0.11],
        name: "bus",
        holds: held(Held::Operand(Register::Bus), &frame.bus, &frame.bus_pass),
        paint: bus,
    });
    part.register(Box {
        bounds: [0.24, 0.80, 0.30, 0.11],
        name: "sum",
        holds: lanes(moment, Listed::Sum, [row, col]),
        paint: work,
    });
    if let Some(above) = before(moment, [row, col]) {
        part.text([0.325, 0.63], &above, 0.032, Align::Right, Weight::Mono, Colour::Ink.solid());
    }
}

fn stationary_sums(part: &mut Part, moment: &Moment, [row, col]: [usize; 2]) {
    let frame = moment.frame;
    let at = frame.at(row, col);
    let [left, above] = operand_names(moment);
    let pass = frame.pass[at];
    let lit = |pass: u32| (pass != NONE).then(|| moment.paint(pass, 1.0));
    let (work, sum, drain) = (lit(pass), lit(frame.psum_pass[at]), lit(frame.drain_pass[at]));
    part.wire(&[[0.80, 0.0], [0.80, 1.0]], work);
    part.wire(&[[0.80, 0.48], [0.52, 0.48]], work);
    part.wire(&[[0.62, 0.855], [0.68, 0.855], [0.68, 0.70], [0.52, 0.70]], sum);
    part.wire(&[[0.32, 0.855], [0.24, 0.855]], sum);
    part.wire(&[[0.15, 0.0], [0.15, 1.0]], drain);
    let held = |held: Held, values: &[i32], passes: &[u32]| match passes[at] {
        NONE => Label::default(),
        pass => moment.label(held, [row, col], values[at], pass),
    };
    part.register(Box {
        bounds: [0.20, 0.225, 0.20, 0.11],
        name: left,
        holds: lanes(moment, Listed::Act, [row, col]),
        paint: work,
    });
    part.register(Box {
        bounds: [0.71, 0.08, 0.18, 0.11],
        name: above,
        holds: lanes(moment, Listed::Weight, [row, col]),
        paint: work,
    });
    part.register(Box {
        bounds: [0.32, 0.80, 0.30, 0.11],
        name: "sum",
        holds: held(Held::Sum(0), &frame.psum, &frame.psum_pass),
        paint: sum,
    });
    part.register(Box {
        bounds: [0.04, 0.80, 0.20, 0.11],
        name: "drain",
        holds: held(Held::Drain, &frame.drain, &frame.drain_pass),
        paint: drain,
    });
    if let Some(before) = before(moment, [row, col]) {
        part.text([0.535, 0.685], &before, 0.032, Align::Left, Weight::Mono, Colour::Ink.solid());
    }
}

/// The sum that the selected PE adds to, where its number is shown.
fn before(moment: &Moment, [row, col]: [usize; 2]) -> Option<String> {
    let pass = moment.frame.pass[moment.frame.at(row, col)];
    let (before, _) = moment.sums_of_first_lane(row, col);
    let sum = before.filter(|_| pass != NONE && moment.shows_numbers(pass))?;
    Some(moment.label(Held::Sum(0), [row, col], sum, pass).whole())
}

/// What a PE multiplies makes, of the first lane, where its number is shown.
fn product(moment: &Moment, at: usize) -> Option<String> {
    let number = Some(moment.frame.pass[at]).filter(|pass| *pass != NONE && moment.shows_numbers(*pass))?;
    let pass = &moment.view.passes[number as usize];
    let made = pass.scalar(moment.frame.act[at]).times(pass.scalar(moment.frame.weight[at]));
    Some(match moment.notation {
        Notation::Hexadecimal => hexadecimal(made, pass.sums),
        _ => signed(made),
    })
}

impl Part<'_> {
    fn place(&self, [x, y]: [f64; 2]) -> [f64; 2] {
        [self.at[0] + x * self.side, self.at[1] + y * self.side]
    }

    fn text(&mut self, at: [f64; 2], text: &str, size: f64, align: Align, weight: Weight, paint: Paint) {
        let (at, size) = (self.place(at), size * self.side);
        self.scene.shapes.push(Shape::Text { at, text: text.to_owned(), size, align, weight, paint });
    }

    /// Lit where something is on it.
    fn wire(&mut self, points: &[[f64; 2]], lit: Option<Paint>) {
        let (paint, width) = match lit {
            Some(paint) => (paint, (0.008 * self.side).clamp(1.5, 5.0)),
            None => (Colour::Dim.alpha(0.4), 1.0),
        };
        for ends in points.windows(2) {
            let ([x0, y0], [x1, y1]) = (self.place(ends[0]), self.place(ends[1]));
            self.scene.shapes.push(Shape::Line { ends: [x0, y0, x1, y1], width, paint });
        }
    }

    fn operation(&mut self, at: [f64; 2], sign: &str, lit: Option<Paint>) {
        const RADIUS: f64 = 0.06;
        let ([x, y], side) = (self.place(at), 2.0 * RADIUS * self.side);
        let bounds = [x - side / 2.0, y - side / 2.0, side, side];
        let stroke = Some((lit.unwrap_or(Colour::Dim.alpha(0.5)), 1.5));
        self.scene.shapes.push(Shape::Rect {
            bounds,
            radius: side / 2.0,
            fill: Some(Colour::Ground.solid()),
            stroke,
        });
        let paint = if lit.is_some() { Colour::Ink } else { Colour::Dim };
        self.text([at[0], at[1] + 0.026], sign, 0.075, Align::Centre, Weight::Words, paint.solid());
    }

    fn register(&mut self, Box { bounds: [x, y, width, height], name, holds, paint }: Box) {
        let [left, top] = self.place([x, y]);
        let bounds = [left, top, width * self.side, height * self.side];
        let stroke = Some((paint.unwrap_or(Colour::Dim.alpha(0.5)), 1.5));
        self.scene.shapes.push(Shape::Rect {
            bounds,
            radius: 0.012 * self.side,
            fill: Some(Colour::Ground.solid()),
            stroke,
        });
        self.text([x, y - 0.012], name, 0.028, Align::Left, Weight::Words, Colour::Dim.solid());
        let (holds, size) = holds.fitted(0.055 * self.side, (width - 0.02) * self.side);
        let size = size / self.side;
        let at = [x + width / 2.0, y + height / 2.0 + 0.36 * size];
        self.text(at, &holds, size, Align::Centre, Weight::MonoBold, Colour::Ink.solid());
    }

    /// What it computes, in one line.
    fn equation(&mut self, moment: &Moment, [row, col]: [usize; 2]) {
        let Some(text) = equation(moment, row, col) else { return };
        let size = fitted(&text, 0.036 * self.side, 0.40 * self.side) / self.side;
        self.text([0.37, 0.055], &text, size.max(0.02), Align::Left, Weight::Mono, Colour::Ink.solid());
    }
}

/// `x[3, 1] × w[1, 2]`
fn equation(moment: &Moment, row: usize, col: usize) -> Option<String> {
    let at = moment.frame.at(row, col);
    let pass = moment.frame.pass[at];
    if pass == NONE {
        return None;
    }
    let names = [Register::Act(0), Register::Weight(0)]
        .map(|register| moment.named(register, row, col).unwrap_or_default());
    Some(names.join(" × "))
}
