//! A case as it is given, checked, and as passes through an array.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Serialize, Serializer};

use super::{Case, Operands, check_sides};
use crate::base::Ratio;
use crate::chip::{Dataflow, Stationary, WeightBuffering};
use crate::sim::array::{Number, Timing, Waves};
use crate::timing::{self, Sides, Stream};

/// A number as it is written, whole or not: what is wrong is said with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whole {
    /// A whole number of 64 bits.
    Number(i64),
    /// Something else, in words.
    Other(String),
}

impl From<i64> for Whole {
    fn from(value: i64) -> Whole {
        Whole::Number(value)
    }
}

impl Serialize for Whole {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Whole::Number(value) => serializer.serialize_i64(*value),
            Whole::Other(text) => serializer.serialize_str(text),
        }
    }
}

impl<'de> Deserialize<'de> for Whole {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Whole, D::Error> {
        deserializer.deserialize_any(AnyValue)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Whole;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a value")
    }
    fn visit_i64<E>(self, value: i64) -> Result<Whole, E> {
        Ok(Whole::Number(value))
    }
    fn visit_u64<E>(self, value: u64) -> Result<Whole, E> {
        Ok(i64::try_from(value).map_or_else(|_| Whole::Other(value.to_string()), Whole::Number))
    }
    fn visit_f64<E>(self, value: f64) -> Result<Whole, E> {
        Ok(Whole::Other(format!("{value:?}")))
    }
    fn visit_bool<E>(self, value: bool) -> Result<Whole, E> {
        Ok(Whole::Other(value.to_string()))
    }
    fn visit_str<E>(self, value: &str) -> Result<Whole, E> {
        Ok(Whole::Other(format!("the text {:?}", value.chars().take(20).collect::<String>())))
    }
    fn visit_unit<E>(self) -> Result<Whole, E> {
        Ok(Whole::Other("null".into()))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Whole, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Whole::Other("a list".into()))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Whole, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Whole::Other("an object".into()))
    }
}

/// A checked case as the array takes it: input-stationary operands are transposed.
pub(super) struct Checked {
    sides: Sides,
    stationary: Stationary,
    weights: WeightBuffering,
    rate: Ratio,
    passes: Vec<Blocks>,
}

/// Operands of a pass, by steps.
struct Blocks {
    /// M rows or K steps.
    length: usize,
    /// R activations a step.
    activations: Vec<i16>,
    /// C weights a row of k.
    weights: Vec<i16>,
}

impl Checked {
    /// Whether no sum can leave 32 bits.
    pub(super) fn sums_fit_i32(&self) -> bool {
        let most = |values: &[i16]| values.iter().map(|x| u64::from(x.unsigned_abs())).max().unwrap_or(0);
        let fits = |pass: &Blocks| {
            let terms = pass.weights.len() / self.sides.cols;
            most(&pass.activations) * most(&pass.weights) * terms as u64 <= i32::MAX as u64
        };
        self.passes.iter().all(fits)
    }
}

/// Slowest rate: one step in this many cycles.
const MOST_CYCLES_A_STEP: u64 = 1 << 16;

/// Checks a case. Errors name the place, what is wrong there, and what to do.
pub(super) fn check(case: &Case) -> Result<Checked, String> {
    let dataflow =
        Dataflow::ALL.into_iter().find(|dataflow| dataflow.name() == case.dataflow).ok_or_else(|| {
            format!("`dataflow` is {:?}; write \"ws\", \"is\" or \"os\"", short(&case.dataflow))
        })?;
    let sides = check_sides(side("rows", &case.rows)?, side("cols", &case.cols)?)?;
    let rate = rate(case)?;
    if case.passes.is_empty() {
        return Err("it has no passes; give at least one".into());
    }
    let passes = case
        .passes
        .iter()
        .enumerate()
        .map(|(at, pass)| blocks(dataflow, sides, pass).map_err(|message| format!("pass {at}: {message}")))
        .collect::<Result<_, String>>()?;
    let weights = match case.double_buffered {
        Some(false) => WeightBuffering::Single,
        _ => WeightBuffering::Double,
    };
    Ok(Checked { sides, stationary: dataflow.stationary(), weights, rate, passes })
}

fn short(text: &str) -> String {
    text.chars().take(20).collect()
}

fn side(name: &str, value: &Whole) -> Result<usize, String> {
    match value {
        Whole::Number(value) => {
            usize::try_from(*value).map_err(|_| format!("`{name}` is {value}; choose from 1 to 512"))
        }
        Whole::Other(text) => Err(format!("`{name}` is {text}; write a whole number from 1 to 512")),
    }
}

fn rate(case: &Case) -> Result<Ratio, String> {
    let Some(pair) = &case.rate else { return Ok(Ratio::ONE) };
    let whole = |value: &Whole| match value {
        Whole::Number(value) => u64::try_from(*value).ok(),
        Whole::Other(_) => None,
    };
    let ratio = match &pair[..] {
        [p, q] => whole(p).zip(whole(q)).and_then(|(p, q)| Ratio::new(p, q)),
        _ => None,
    };
    let ratio = ratio.ok_or(
        "`rate` is no rate; write [p, q] for p/q steps a cycle, both whole and above 0, as in [1, 2]",
    )?;
    if ratio.inverse().ceil_of(1) > MOST_CYCLES_A_STEP {
        return Err(format!("`rate` is {ratio}; choose at least 1/{MOST_CYCLES_A_STEP} step a cycle"));
    }
    Ok(ratio)
}

/// A matrix whose rows are as long as each other.
struct Matrix {
    rows: usize,
    cols: usize,
    values: Vec<i16>,
}

impl Matrix {
    fn transposed(&self) -> Matrix {
        let column = |col: usize| self.values.iter().skip(col).step_by(self.cols);
        let values = (0..self.cols).flat_map(column).copied().collect();
        Matrix { rows: self.cols, cols: self.rows, values }
    }
}

fn blocks(dataflow: Dataflow, sides: Sides, pass: &Operands) -> Result<Blocks, String> {
    let a = matrix("a", &pass.a)?;
    let (name, other) = match (dataflow, &pass.w, &pass.b) {
        (_, Some(_), Some(_)) => {
            return Err("it has both `w` and `b`; give `w` for ws and is, `b` for os".into());
        }
        (Dataflow::OutputStationary, None, Some(b)) => ("b", matrix("b", b)?),
        (Dataflow::OutputStationary, ..) => {
            return Err("it has no `b`; os takes `a`, R x K, and `b`, K x C".into());
        }
        (_, Some(w), None) => ("w", matrix("w", w)?),
        (..) => {
            return Err(
                "it has no `w`; ws takes `a`, M x R, and `w`, R x C; is `a`, C x R, and `w`, R x N".into()
            );
        }
    };
    match dataflow {
        Dataflow::WeightStationary => {
            a.must_be("a", None, ("the array's rows", sides.rows))?;
            other.must_be(name, Some(("the array", sides.rows)), ("the array's columns", sides.cols))?;
            Ok(Blocks { length: a.rows, activations: a.values, weights: other.values })
        }
        Dataflow::InputStationary => {
            a.must_be("a", Some(("the array's columns", sides.cols)), ("the array's rows", sides.rows))?;
            other.must_be(name, Some(("the array", sides.rows)), ("the columns", other.cols))?;
            Ok(Blocks {
                length: other.cols,
                activations: other.transposed().values,
                weights: a.transposed().values,
            })
        }
        Dataflow::OutputStationary => {
            a.must_be("a", Some(("the array", sides.rows)), ("the columns", a.cols))?;
            other.must_be(name, Some(("the columns of `a`", a.cols)), ("the array's columns", sides.cols))?;
            Ok(Blocks { length: a.cols, activations: a.transposed().values, weights: other.values })
        }
    }
}

impl Matrix {
    fn must_be(&self, name: &str, rows: Option<(&str, usize)>, cols: (&str, usize)) -> Result<(), String> {
        if let Some((of, rows)) = rows.filter(|(_, rows)| *rows != self.rows) {
            return Err(format!("`{name}` has {} rows; give {rows}, as many as {of}", self.rows));
        }
        let (of, cols) = cols;
        if cols != self.cols {
            return Err(format!("`{name}` has {} columns; give {cols}, as many as {of}", self.cols));
        }
        Ok(())
    }
}

fn matrix(name: &str, given: &[Vec<Whole>]) -> Result<Matrix, String> {
    let cols = given.first().map_or(0, Vec::len);
    if cols == 0 {
        return Err(format!("`{name}` is empty; give at least one row of one value"));
    }
    let mut values = Vec::with_capacity(given.len() * cols);
    for (row, line) in given.iter().enumerate() {
        if line.len() != cols {
            return Err(format!(
                "row {row} of `{name}` has {} values, row 0 has {cols}; make them alike",
                line.len()
            ));
        }
        for (col, value) in line.iter().enumerate() {
            values.push(
                operand(value).map_err(|what| format!("row {row}, column {col} of `{name}` is {what}"))?,
            );
        }
    }
    Ok(Matrix { rows: given.len(), cols, values })
}

fn operand(value: &Whole) -> Result<i16, String> {
    match value {
        Whole::Number(value) => i16::try_from(*value)
            .map_err(|_| format!("{value}; operands have at most 16 bits, -32768 to 32767")),
        Whole::Other(text) => Err(format!("{text}; write a whole number")),
    }
}

/// A checked case with its times, summed in `N`.
pub(super) struct Given<N> {
    checked: Checked,
    timings: Vec<Timing>,
    number: PhantomData<N>,
}

impl<N> Given<N> {
    /// Every load and stream at the earliest cycle that the rules allow.
    pub(super) fn new(checked: Checked) -> Self {
        let mut timings: Vec<Timing> = Vec::new();
        for pass in &checked.passes {
            let next = next_timing(&checked, timings.last(), pass.length);
            timings.push(next);
        }
        Given { checked, timings, number: PhantomData }
    }
}

fn next_timing(checked: &Checked, before: Option<&Timing>, length: usize) -> Timing {
    let Checked { sides, rate, .. } = *checked;
    match checked.stationary {
        Stationary::Weights => {
            let load = before.map_or(0, |t| sides.load_after(checked.weights, t.load, &t.stream));
            let start = sides.start_after_load(before.map(|t| &t.stream), load);
            Timing { load, stream: Stream { start, length, rate } }
        }
        Stationary::Sums => {
            let start = before.map_or(0, |t| sides.start_after_drain(&t.stream, length, rate));
            Timing { load: start, stream: Stream { start, length, rate } }
        }
    }
}

impl<N: Number<Operand = i16>> Waves for Given<N> {
    type Number = N;

    fn stationary(&self) -> Stationary {
        self.checked.stationary
    }

    fn sides(&self) -> Sides {
        self.checked.sides
    }

    fn lanes(&self) -> usize {
        timing::lanes(self.checked.rate)
    }

    fn passes(&self) -> usize {
        self.timings.len()
    }

    fn timing(&self, pass: usize) -> Timing {
        self.timings[pass]
    }

    fn activations(&self, pass: usize, step: usize, into: &mut [i16]) {
        into.copy_from_slice(
            &self.checked.passes[pass].activations[step * self.checked.sides.rows..][..into.len()],
        );
    }

    fn weights(&self, pass: usize, k: usize, into: &mut [i16]) {
        into.copy_from_slice(&self.checked.passes[pass].weights[k * self.checked.sides.cols..][..into.len()]);
    }
}
