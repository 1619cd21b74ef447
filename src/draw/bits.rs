//! What a PE computes, bit by bit: both operands, their exact product, the sum it is added to, and what rounding leaves of it
//! (MACHINE.md section 4).

use super::Moment;
use super::array::fitted;
use super::circuit::operand_names;
use super::elements::Register;
use super::number::{signed, stored};
use super::scene::{Align, Colour, Scene, Shape, Weight};
use super::shown::Notation;
use crate::chip::Stationary;
use crate::num::DType;
use crate::trace::Scalar;

/// From this share of a picture's shorter side on, a PE shows its bits.
pub(super) const BITS: f64 = 0.8;

/// Draws them for a PE that works and whose numbers are known, in a square: left, top, side.
#[inline(never)] // Of its own, it can be left out of what everybody loads.
pub(super) fn bits(scene: &mut Scene, moment: &Moment, [x, y, side]: [f64; 3], [row, col]: [usize; 2]) {
    let mut sheet = Sheet { scene, left: x + 0.05 * side, y: y + 0.07 * side, side };
    for line in lines(moment, row, col) {
        match line {
            Line::Title(text) => sheet.title(&text),
            Line::Number(number) if moment.notation == Notation::Hexadecimal => {
                sheet.number(&Stored { value: number.in_hexadecimal(), ..number });
            }
            Line::Number(number) => sheet.number(&number),
            Line::Step(label, text) => sheet.step(&label, &text),
        }
    }
}

/// A line of what is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Line {
    Title(String),
    /// A number as it is stored.
    Number(Stored),
    /// A step of the computation, with its digits in columns.
    Step(String, String),
}

/// A number as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Stored {
    label: String,
    /// Its value.
    value: String,
    /// Its bits, the most significant one first, in groups: a sign, an exponent, a significand; or all of a whole number.
    groups: Vec<String>,
}

impl Stored {
    fn new(label: impl Into<String>, scalar: Scalar, dtype: DType) -> Stored {
        Stored { label: label.into(), value: signed(scalar), groups: groups(scalar, dtype) }
    }

    /// The same bits, two digits a byte.
    fn in_hexadecimal(&self) -> String {
        let bits = self.groups.concat();
        let number = u32::from_str_radix(&bits, 2).unwrap_or(0);
        format!("{number:0width$x}", width = bits.len() / 4)
    }
}

/// The bits of a number as a dtype stores it.
fn groups(scalar: Scalar, dtype: DType) -> Vec<String> {
    let all = format!("{:0width$b}", stored(scalar, dtype), width = 8 * dtype.bytes());
    let exponent = match dtype {
        DType::Fp8 => 4,
        DType::Bf16 | DType::F32 => 8,
        _ => return vec![all],
    };
    vec![all[..1].into(), all[1..1 + exponent].into(), all[1 + exponent..].into()]
}

fn lines(moment: &Moment, row: usize, col: usize) -> Vec<Line> {
    let frame = moment.frame;
    let at = frame.at(row, col);
    let pass = &moment.view.passes[frame.pass[at] as usize];
    let (act, weight) = (pass.scalar(frame.act[at]), pass.scalar(frame.weight[at]));
    let [left, above] = operand_names(moment);
    let named = |name: &str, register: Register| match moment.named(register, row, col) {
        Some(element) => format!("{name} {element}"),
        None => name.to_owned(),
    };
    let of = |factor: &crate::isa::Factor| moment.program.buffers[factor.buffer()].dtype;
    let mut lines = vec![
        Line::Title(title(moment, [row, col])),
        Line::Number(Stored::new(named(left, Register::Act(0)), act, of(&pass.streamed))),
        Line::Number(Stored::new(named(above, Register::Weight(0)), weight, of(&pass.tile))),
    ];
    match (act, weight) {
        (Scalar::Float(a), Scalar::Float(b)) => lines.extend(float_product(a, b)),
        _ => lines.push(Line::Number(Stored::new("their product, exactly", act.times(weight), DType::I32))),
    }
    let (before, after) = moment.sums_of_first_lane(row, col);
    let (before, after) = (before.map(|sum| pass.scalar(sum)), pass.scalar(after));
    let [before_is, after_is] = match frame.stationary {
        Stationary::Weights => ["the sum that comes from above", "the sum that goes on"],
        Stationary::Sums => ["the sum before", "the sum that stays"],
    };
    let of_which = moment.named_sum([row, col], 0).map_or_else(String::new, |name| format!(", of {name},"));
    if let Some(before) = before {
        lines.push(Line::Number(Stored::new(before_is.to_owned() + &of_which, before, pass.sums)));
        if let (Scalar::Float(a), Scalar::Float(b), Scalar::Float(sum)) = (act, weight, before) {
            lines.extend(addition(sum, a * b));
        }
    }
    lines.push(Line::Number(Stored::new(after_is.to_owned() + &of_which, after, pass.sums)));
    lines
}

fn title(moment: &Moment, [row, col]: [usize; 2]) -> String {
    let here = (moment.selected == (row, col)).then_some(moment.before.len());
    match here {
        Some(several) if several > 1 => {
            format!("PE {row}, {col} multiplies and adds, the first of {several} times in this cycle")
        }
        _ => format!("PE {row}, {col} multiplies and adds"),
    }
}

/// A finite float other than 0 as `sign significand × 2^(exponent - 23)`, the significand of up to 24 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Parts {
    negative: bool,
    significand: u32,
    exponent: i32,
}

impl Parts {
    fn of(value: f32) -> Option<Parts> {
        let bits = value.to_bits();
        let (field, fraction) = ((bits >> 23) & 0xff, bits & 0x7f_ffff);
        let (significand, exponent) = match field {
            0 => (fraction, -126),
            0xff => return None,
            _ => (fraction | 0x80_0000, field as i32 - 127),
        };
        (significand != 0).then_some(Parts { negative: value.is_sign_negative(), significand, exponent })
    }
}

/// The exact product of two floats, and whether f32 holds it.
fn float_product(a: f32, b: f32) -> Vec<Line> {
    let (Some(x), Some(y)) = (Parts::of(a), Parts::of(b)) else {
        return vec![Line::Number(Stored::new("their product", Scalar::Float(a * b), DType::F32))];
    };
    // Significands of 24 bits, 23 of them behind the point, have a product of 48, 46 behind it.
    let exact = u64::from(x.significand) * u64::from(y.significand);
    let sign = if x.negative == y.negative { "+" } else { "−" };
    let top = 63 - exact.leading_zeros() as i32;
    let exponent = x.exponent + y.exponent + top - 46;
    let digits = binary(u128::from(exact), top, 0);
    let held = if f64::from(a) * f64::from(b) == f64::from(a * b) { "f32 holds it" } else { "f32 rounds it" };
    let text = format!("{sign}{} × 2^{exponent}   {held}", trimmed(&digits));
    vec![Line::Step("their product, exactly".into(), text)]
}

/// Bits of a number whose point is behind bit `point`, down to bit `last`: `1.0110`.
fn binary(number: u128, point: i32, last: i32) -> String {
    let mut text = String::new();
    let top = (127 - number.max(1).leading_zeros() as i32).max(point);
    for bit in (last..=top).rev() {
        text.push(if number >> bit & 1 == 1 { '1' } else { '0' });
        if bit == point && bit > last {
            text.push('.');
        }
    }
    text
}

/// Without zeros at the end.
fn trimmed(digits: &str) -> &str {
    if digits.contains('.') { digits.trim_end_matches('0').trim_end_matches('.') } else { digits }
}

/// Bits below f32's that are shown of a sum; what is smaller is told by a dot.
const BELOW: i32 = 6;
/// Where the point of the larger significand lies while both are added.
const POINT: i32 = 90;

/// Both numbers with one exponent, their exact sum, and how it is rounded to 24 bits.
fn addition(sum: f32, product: f32) -> Vec<Line> {
    let (Some(x), Some(y)) = (Parts::of(sum), Parts::of(product)) else { return Vec::new() };
    let exponent = x.exponent.max(y.exponent);
    let placed = |parts: Parts| {
        let shift = POINT - 23 - (exponent - parts.exponent);
        let significand = u128::from(parts.significand);
        // What is too small to matter but for ties leaves one bit.
        if shift >= 0 { significand << shift } else { 1 }
    };
    let with_sign = |parts: Parts| placed(parts) as i128 * if parts.negative { -1 } else { 1 };
    let exact = with_sign(x) + with_sign(y);
    let last = POINT - 23 - BELOW;
    let row = |value: i128| {
        let size = value.unsigned_abs();
        let rest = if size & ((1 << last) - 1) != 0 { "…" } else { "" };
        let sign = if value < 0 { '−' } else { '+' };
        format!("{sign}{}{rest}", binary(size, POINT, last))
    };
    vec![
        Line::Step(format!("aligned, × 2^{exponent}"), row(with_sign(x))),
        Line::Step(String::new(), row(with_sign(y))),
        Line::Step("added exactly".into(), row(exact)),
        Line::Step("rounded to 24 bits".into(), rounding(exact.unsigned_abs()).into()),
    ]
}

/// What rounding to nearest, ties to even, does to a number.
fn rounding(size: u128) -> &'static str {
    if size == 0 {
        return "nothing is left";
    }
    let lost = (128 - size.leading_zeros() as i32 - 24).max(0);
    let (rest, half) = (size & ((1u128 << lost) - 1), (1u128 << lost) >> 1);
    match rest {
        0 => "no bit is lost",
        rest if rest > half => "more than half of the last bit: up",
        rest if rest < half => "less than half of the last bit: down",
        _ => "just half of the last bit: to the even one",
    }
}

/// Bits of a sum of whole numbers.
const WORD: usize = 32;

/// Lines below each other.
struct Sheet<'s> {
    scene: &'s mut Scene,
    left: f64,
    y: f64,
    side: f64,
}

impl Sheet<'_> {
    const WIDTH: f64 = 0.9;

    fn text(&mut self, x: f64, text: &str, size: f64, weight: Weight, colour: Colour) {
        let at = [self.left + x * self.side, self.y];
        let size = fitted(text, size * self.side, (Self::WIDTH - x) * self.side);
        let paint = colour.solid();
        self.scene.shapes.push(Shape::Text {
            at,
            text: text.into(),
            size,
            align: Align::Left,
            weight,
            paint,
        });
    }

    fn title(&mut self, text: &str) {
        self.text(0.0, text, 0.036, Weight::Words, Colour::Dim);
        self.y += 0.055 * self.side;
    }

    /// A box a bit; sign, exponent and significand apart, and told apart by more than their colour.
    fn number(&mut self, Stored { label, value, groups }: &Stored) {
        self.text(0.0, &format!("{label} = {value}"), 0.03, Weight::Mono, Colour::Ink);
        let bits: usize = groups.iter().map(String::len).sum();
        let gap = 0.012 * self.side;
        let each = (0.026 * self.side).min((Self::WIDTH * self.side - 2.0 * gap) / bits as f64);
        // Whole numbers stand with their last bits below each other, as one adds by hand.
        let whole = groups.len() == 1;
        let indent = if whole { each * WORD.saturating_sub(bits) as f64 } else { 0.0 };
        let (mut x, top) = (self.left + indent, self.y + 0.014 * self.side);
        let names = ["sign", "exponent", "significand"];
        for (at, group) in groups.iter().enumerate() {
            let (start, colour) =
                (x, [Colour::Op(3), Colour::Op(2), Colour::Op(0)][if whole { 2 } else { at }]);
            for bit in group.chars() {
                self.bit([x, top, each], bit, colour);
                x += each;
            }
            if !whole {
                let (text, size) = (names[at].to_owned(), 0.02 * self.side);
                // A single bit has no room for the word.
                let text = if group.len() == 1 { "±".into() } else { text };
                let at = [start, top + each + size];
                let paint = Colour::Dim.solid();
                self.scene.shapes.push(Shape::Text {
                    at,
                    text,
                    size,
                    align: Align::Left,
                    weight: Weight::Words,
                    paint,
                });
            }
            x += gap;
        }
        self.y = top + each + (if whole { 0.05 } else { 0.065 }) * self.side;
    }

    fn bit(&mut self, [x, y, side]: [f64; 3], bit: char, colour: Colour) {
        let fill = colour.alpha(if bit == '1' { 0.45 } else { 0.12 });
        let bounds = [x + 0.5, y, side - 1.0, side];
        self.scene.shapes.push(Shape::Rect { bounds, radius: 0.15 * side, fill: Some(fill), stroke: None });
        let at = [x + side / 2.0, y + 0.72 * side];
        let (text, size, paint) = (bit.to_string(), 0.68 * side, Colour::Ink.solid());
        self.scene.shapes.push(Shape::Text {
            at,
            text,
            size,
            align: Align::Centre,
            weight: Weight::Mono,
            paint,
        });
    }

    fn step(&mut self, label: &str, text: &str) {
        self.text(0.0, label, 0.028, Weight::Words, Colour::Dim);
        self.text(0.27, text, 0.028, Weight::Mono, Colour::Ink);
        self.y += 0.042 * self.side;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(lines: Vec<Line>) -> Vec<String> {
        let text = |line| match line {
            Line::Step(_, text) => text,
            other => panic!("{other:?}"),
        };
        lines.into_iter().map(text).collect()
    }

    #[test]
    fn bits_are_those_of_the_dtype() {
        assert_eq!(groups(Scalar::Float(-1.5), DType::Bf16), ["1", "01111111", "1000000"]);
        assert_eq!(groups(Scalar::Float(0.5), DType::Fp8), ["0", "0110", "000"]);
        assert_eq!(groups(Scalar::Float(1.0), DType::F32)[1..], ["01111111", &"0".repeat(23)]);
        assert_eq!(groups(Scalar::Whole(-3), DType::I8), ["11111101"]);
        assert_eq!(Stored::new("x", Scalar::Whole(-3), DType::I8).in_hexadecimal(), "fd");
        assert_eq!(Stored::new("x", Scalar::Whole(-3), DType::I32).in_hexadecimal(), "fffffffd");
        assert_eq!(Stored::new("x", Scalar::Float(1.0), DType::Bf16).in_hexadecimal(), "3f80");
    }

    #[test]
    fn products_are_exact() {
        assert_eq!(steps(float_product(1.5, -2.5)), ["−1.111 × 2^1   f32 holds it"]);
        assert_eq!(steps(float_product(1.5, 1.5)), ["+1.001 × 2^1   f32 holds it"]);
        let third = 1.0 / 3.0;
        assert!(steps(float_product(third, third))[0].ends_with("f32 rounds it"));
    }

    #[test]
    fn sums_are_aligned_added_and_rounded() {
        let zeros = |digits: &str| {
            format!("{digits}{}", "0".repeat(23 + 6 - digits.split('.').next_back().map_or(0, str::len)))
        };
        let lines = steps(addition(4.0, -0.5));
        assert_eq!(lines[..3], [zeros("+1."), zeros("−0.001"), zeros("+0.111")]);
        assert_eq!(lines[3], "no bit is lost");
        let one_and = |small: f32| steps(addition(1.0, small)).pop().expect("a rounding");
        assert_eq!(one_and(2f32.powi(-24)), "just half of the last bit: to the even one");
        assert_eq!(one_and(1.5 * 2f32.powi(-24)), "more than half of the last bit: up");
        assert_eq!(one_and(2f32.powi(-25)), "less than half of the last bit: down");
        assert_eq!(one_and(2f32.powi(-120)), "less than half of the last bit: down");
        assert_eq!(one_and(-1.0), "nothing is left");
        // A carry takes a bit from the end.
        assert_eq!(steps(addition(1.5, 1.5))[2], format!("+11.{}", "0".repeat(29)));
    }

    #[test]
    fn what_is_no_number_or_0_has_no_parts() {
        assert_eq!([f32::NAN, f32::INFINITY, 0.0, -0.0].map(Parts::of), [None; 4]);
        assert_eq!(
            Parts::of(f32::from_bits(1)),
            Some(Parts { negative: false, significand: 1, exponent: -126 })
        );
    }
}
