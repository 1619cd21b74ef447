//! What a vector unit does to a row of elements. Operators of the language are made of it, and steps of vector instructions are
//! it: they differ in how they name what is read besides the row.

use super::{DType, Function, Real, Requant, Run, Values, reduce};

/// Functions of one element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MapKind {
    /// What is below 0 becomes 0.
    Relu,
    /// The other sign.
    Negate,
    /// Of floats.
    Function(Function),
}

/// Functions of two elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CombineKind {
    /// a + b
    Add,
    /// a - b
    Subtract,
    /// a * b
    Multiply,
    /// a / b, of floats.
    Divide,
    /// The greater one.
    Maximum,
    /// The lesser one.
    Minimum,
}

/// Functions of many elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReduceKind {
    /// In ascending order.
    Sum,
    /// Of floats.
    Mean,
    /// The greatest.
    Max,
}

/// An operation on every element of a row, or along it.
#[derive(Clone, Debug, PartialEq)]
pub struct Operation<W> {
    /// What it does.
    pub kind: OperationKind,
    /// What it reads besides the row, as [`OperationKind::operands`] says, each as long as the row.
    pub operands: Vec<Operand<W>>,
    /// Dtype of its result: every element is rounded to it, once.
    pub to: DType,
}

/// What an operation reads besides its row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Operand<W> {
    /// Elements from somewhere.
    Elements(W),
    /// The same number for every element; of the dtype that it was declared in.
    Number(f64),
}

/// Kinds of operations.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum OperationKind {
    /// Each element.
    Map(MapKind),
    /// Each element and the operand's.
    Combine(CombineKind, Side),
    /// i32 to i8.
    Requant(Requant),
    /// To another dtype.
    Cast,
    /// To one element.
    Reduce(ReduceKind),
    /// To the place of the greatest element.
    ArgMax,
    /// To the greatest elements, in descending order.
    TopK(usize),
    /// To their places.
    TopKPlaces(usize),
    /// exp(x) over its sum.
    Softmax,
    /// To mean 0 and variance 1, times a vector, plus a vector.
    LayerNorm {
        /// Added to the variance.
        eps: f64,
    },
    /// To mean square 1, times a vector.
    RmsNorm {
        /// Added to the mean square.
        eps: f64,
    },
    /// Row `i` of a matrix keeps its elements up to `i + offset`; the others become -infinity.
    Causal {
        /// How many elements row 0 keeps besides the first.
        offset: usize,
        /// Rows of a matrix; the next one begins behind them.
        rows: usize,
    },
}

/// On which side of a function of two elements the row stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// It is the first operand.
    Left,
    /// It is the second one.
    Right,
}

impl MapKind {
    /// As the language calls it.
    pub fn name(self) -> &'static str {
        match self {
            MapKind::Relu => "relu",
            MapKind::Negate => "-",
            MapKind::Function(function) => function.name(),
        }
    }

    /// Of any numbers, in place.
    ///
    /// # Panics
    ///
    /// If it is of floats alone; then [`MapKind::of_floats`] is for it.
    pub fn of_any<R: Real>(self, x: &mut [R]) {
        match self {
            // -0 is not below 0 and stays, and so does NaN.
            MapKind::Relu => x.iter_mut().filter(|x| **x < R::ZERO).for_each(|x| *x = R::ZERO),
            MapKind::Negate => x.iter_mut().for_each(|x| *x = -*x),
            MapKind::Function(function) => unreachable!("`{}` is of floats", function.name()),
        }
    }

    /// Of floats, in place.
    pub fn of_floats<R: Real>(self, x: &mut [R]) {
        match self {
            MapKind::Function(function) => x.iter_mut().for_each(|x| *x = function.apply(*x)),
            other => other.of_any(x),
        }
    }
}

impl CombineKind {
    /// As the language calls it.
    pub fn name(self) -> &'static str {
        match self {
            CombineKind::Add => "+",
            CombineKind::Subtract => "-",
            CombineKind::Multiply => "*",
            CombineKind::Divide => "/",
            CombineKind::Maximum => "maximum",
            CombineKind::Minimum => "minimum",
        }
    }

    /// Of each pair, in the first one's place.
    pub fn of_all<R: Real>(self, a: &mut [R], b: &[R]) {
        a.iter_mut().zip(b).for_each(|(x, y)| *x = self.of(*x, *y));
    }

    /// Greater and lesser ones as [`reduce::max`] has them: NaN if there is one, the first of equals.
    fn of<R: Real>(self, a: R, b: R) -> R {
        match self {
            CombineKind::Add => a + b,
            CombineKind::Subtract => a - b,
            CombineKind::Multiply => a * b,
            CombineKind::Divide => a / b,
            CombineKind::Maximum => reduce::max(&[a, b]),
            CombineKind::Minimum => -reduce::max(&[-a, -b]),
        }
    }
}

impl ReduceKind {
    /// As the language calls it.
    pub fn name(self) -> &'static str {
        match self {
            ReduceKind::Sum => "sum",
            ReduceKind::Mean => "mean",
            ReduceKind::Max => "max",
        }
    }

    /// What becomes of a row.
    pub fn of<R: Real>(self, row: &[R]) -> R {
        match self {
            ReduceKind::Sum => reduce::sum(row),
            ReduceKind::Max => reduce::max(row),
            ReduceKind::Mean => reduce::mean(row),
        }
    }
}

impl<W> Operation<W> {
    /// One without operands.
    pub fn new(kind: OperationKind, to: DType) -> Operation<W> {
        Operation { kind, operands: Vec::new(), to }
    }

    /// Operands that are elements from somewhere.
    pub fn elements(&self) -> impl Iterator<Item = &W> {
        self.operands.iter().filter_map(|operand| match operand {
            Operand::Elements(elements) => Some(elements),
            Operand::Number(_) => None,
        })
    }

    /// The same with its operands named otherwise.
    pub fn map<V>(&self, mut name: impl FnMut(&W) -> V) -> Operation<V> {
        let operands = self.operands.iter().map(|operand| match operand {
            Operand::Elements(elements) => Operand::Elements(name(elements)),
            Operand::Number(number) => Operand::Number(*number),
        });
        Operation { kind: self.kind, operands: operands.collect(), to: self.to }
    }
}

impl OperationKind {
    /// How many operands it has: the other elements of a function of two, the factors of a norm, and its summands.
    pub fn operands(self) -> usize {
        match self {
            OperationKind::Combine(..) | OperationKind::RmsNorm { .. } => 1,
            OperationKind::LayerNorm { .. } => 2,
            _ => 0,
        }
    }

    /// Elements of its result, of a row's `cols`.
    pub fn cols(self, cols: usize) -> usize {
        match self {
            OperationKind::Reduce(_) | OperationKind::ArgMax => 1,
            OperationKind::TopK(k) | OperationKind::TopKPlaces(k) => k,
            _ => cols,
        }
    }

    /// Whether its result can have a dtype, its row and its operands being of these; a number's dtype does not matter.
    pub fn takes(self, row: DType, to: DType) -> bool {
        let (floats, alike) = (row.is_float() && to.is_float(), row.is_float() == to.is_float());
        match self {
            OperationKind::Cast => true,
            OperationKind::Requant(_) => !row.is_float() && to == DType::I8,
            OperationKind::ArgMax | OperationKind::TopKPlaces(_) => to == DType::I32,
            OperationKind::TopK(_) => row == to,
            OperationKind::Combine(CombineKind::Divide, _)
            | OperationKind::Map(MapKind::Function(_))
            | OperationKind::Reduce(ReduceKind::Mean)
            | OperationKind::Softmax
            | OperationKind::LayerNorm { .. }
            | OperationKind::RmsNorm { .. }
            | OperationKind::Causal { .. } => floats,
            OperationKind::Map(_) | OperationKind::Combine(..) | OperationKind::Reduce(_) => alike,
        }
    }

    /// What becomes of a row: computed in f32, of whole numbers exactly, and rounded to a dtype, whole numbers to the nearest end of
    /// its range. `others` are the operands' elements, as floats where the row's are, else as whole numbers; `number` is the row's
    /// own, for a mask.
    ///
    /// # Panics
    ///
    /// If it does not take the dtypes.
    pub fn apply(self, row: &Values, others: &[Values], number: usize, to: DType) -> Values {
        let all = Run::at(0, row.len());
        match self {
            OperationKind::Requant(by) => Values::I8(row.iter().map(|x| by.apply(x) as i8).collect()),
            OperationKind::Cast => row.cast(to),
            _ if row.dtype().is_float() => {
                let lists = [Some(row), others.first(), others.get(1)].map(|values| {
                    let mut list = Vec::new();
                    if let Some(values) = values {
                        values.floats(all, &mut list);
                    }
                    list
                });
                self.of_floats(row, lists, number, to)
            }
            _ => {
                let lists = [Some(row), others.first()].map(|values| {
                    let mut list = Vec::new();
                    if let Some(values) = values {
                        values.whole_numbers(all, &mut list);
                    }
                    list
                });
                self.of_whole_numbers(row, lists, to)
            }
        }
    }

    fn of_floats(self, row: &Values, [mut x, a, b]: [Vec<f32>; 3], number: usize, to: DType) -> Values {
        match self {
            OperationKind::Map(kind) => kind.of_floats(&mut x),
            OperationKind::Combine(kind, side) => x = combined(kind, side, x, a),
            OperationKind::Reduce(kind) => x = vec![kind.of(&x)],
            OperationKind::Softmax => reduce::softmax(&mut x),
            OperationKind::LayerNorm { eps } => reduce::layernorm(&mut x, &a, &b, eps as f32),
            OperationKind::RmsNorm { eps } => reduce::rmsnorm(&mut x, &a, eps as f32),
            OperationKind::Causal { offset, rows } => reduce::causal(&mut x, number % rows, offset),
            other => return other.of_places(row, &x),
        }
        Values::of_floats(to, &x)
    }

    fn of_whole_numbers(self, row: &Values, [mut x, a]: [Vec<f64>; 2], to: DType) -> Values {
        match self {
            OperationKind::Map(kind) => kind.of_any(&mut x),
            OperationKind::Combine(kind, side) => x = combined(kind, side, x, a),
            OperationKind::Reduce(kind) => x = vec![kind.of(&x)],
            other => return other.of_places(row, &x),
        }
        Values::of_whole_numbers(to, &x)
    }

    /// Where the greatest elements are, and these.
    fn of_places<R: Real>(self, row: &Values, x: &[R]) -> Values {
        let whole = |places: Vec<usize>| Values::I32(places.into_iter().map(|place| place as i32).collect());
        match self {
            OperationKind::ArgMax => whole(vec![reduce::argmax(x)]),
            OperationKind::TopKPlaces(k) => whole(reduce::greatest(x, k)),
            OperationKind::TopK(k) => {
                let mut taken = Values::zeros(row.dtype(), k);
                for (at, place) in reduce::greatest(x, k).into_iter().enumerate() {
                    taken.copy(Run::at(at, 1), row, Run::at(place, 1));
                }
                taken
            }
            _ => unreachable!("another step of {}", row.dtype()),
        }
    }
}

fn combined<R: Real>(kind: CombineKind, side: Side, row: Vec<R>, other: Vec<R>) -> Vec<R> {
    let (mut left, right) = match side {
        Side::Left => (row, other),
        Side::Right => (other, row),
    };
    kind.of_all(&mut left, &right);
    left
}

impl Values {
    /// Numbers, each rounded to a float dtype, or at most at the end of an integer dtype's range.
    pub fn of_numbers(dtype: DType, x: &[f64]) -> Values {
        match dtype.is_float() {
            true => Values::of_floats(dtype, &x.iter().map(|x| *x as f32).collect::<Vec<f32>>()),
            false => Values::of_whole_numbers(dtype, x),
        }
    }

    /// Results, each rounded to a float dtype as [`Values::set_f32`] does it.
    fn of_floats(dtype: DType, x: &[f32]) -> Values {
        let mut values = Values::zeros(dtype, x.len());
        x.iter().enumerate().for_each(|(at, x)| values.set_f32(at, *x));
        values
    }

    /// Results, each at most at the end of an integer dtype's range.
    fn of_whole_numbers(dtype: DType, x: &[f64]) -> Values {
        // `as` saturates.
        match dtype {
            DType::I8 => Values::I8(x.iter().map(|x| *x as i8).collect()),
            DType::I16 => Values::I16(x.iter().map(|x| *x as i16).collect()),
            _ => Values::I32(x.iter().map(|x| *x as i32).collect()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::num::{Bf16, Fp8};

    #[test]
    fn greater_and_lesser_ones_keep_nan_and_the_first_zero() {
        let both = |kind: CombineKind, a: f32, b: f32| kind.of(a, b).to_bits();
        for kind in [CombineKind::Maximum, CombineKind::Minimum] {
            assert!(kind.of(f32::NAN, 1.0).is_nan() && kind.of(1.0, f32::NAN).is_nan());
            assert_eq!(both(kind, -0.0, 0.0), (-0f32).to_bits());
            assert_eq!(both(kind, 0.0, -0.0), 0);
        }
        assert_eq!(CombineKind::Minimum.of(3.0, -2.0), -2.0);
        assert_eq!(CombineKind::Maximum.of(f32::NEG_INFINITY, -2.0), -2.0);
    }

    #[test]
    fn what_is_below_0_becomes_0() {
        let mut x = [-1f32, -0.0, 2.0, f32::NAN];
        MapKind::Relu.of_any(&mut x);
        assert_eq!(x.map(f32::to_bits), [0, 1 << 31, 2f32.to_bits(), f32::NAN.to_bits()]);
    }

    /// A row of a dtype after an operation.
    fn applied(kind: OperationKind, row: &Values, others: &[Values], to: DType) -> Values {
        kind.apply(row, others, 0, to)
    }

    #[test]
    fn every_result_is_rounded_once_to_its_dtype() {
        let (one, half) = (Bf16::from_f32(1.0), Bf16::from_f32(1.0 / 256.0));
        let (row, other) = (Values::Bf16(vec![one]), [Values::Bf16(vec![half])]);
        let add = OperationKind::Combine(CombineKind::Add, Side::Left);
        // 1 + 2^-8 lies half way between two bf16.
        assert_eq!(applied(add, &row, &other, DType::Bf16), Values::Bf16(vec![one]));
        assert_eq!(applied(add, &row, &other, DType::F32), Values::F32(vec![1.0 + 1.0 / 256.0]));
        let less = Values::F32(vec![f32::NEG_INFINITY, -f32::NAN]);
        let kept = OperationKind::Causal { offset: 1, rows: 1 };
        // Too large for fp8 keeps its sign, a NaN has none.
        assert_eq!(applied(kept, &less, &[], DType::Fp8), Values::Fp8(vec![Fp8(0xff), Fp8(0x7f)]));
    }

    #[test]
    fn a_row_may_stand_on_either_side() {
        let (row, other) = (Values::I8(vec![-128, 3]), [Values::I32(vec![1000, -3])]);
        let of = |kind, side| applied(OperationKind::Combine(kind, side), &row, &other, DType::I32);
        assert_eq!(of(CombineKind::Subtract, Side::Left), Values::I32(vec![-1128, 6]));
        assert_eq!(of(CombineKind::Subtract, Side::Right), Values::I32(vec![1128, -6]));
        assert_eq!(of(CombineKind::Maximum, Side::Right), Values::I32(vec![1000, 3]));
    }

    #[test]
    fn the_greatest_keep_their_bits_and_say_where_they_are() {
        let row = Values::Fp8(vec![Fp8(0x38), Fp8(0xff), Fp8(0x30)]);
        assert_eq!(
            applied(OperationKind::TopK(2), &row, &[], DType::Fp8),
            Values::Fp8(vec![Fp8(0xff), Fp8(0x38)])
        );
        let places = applied(OperationKind::TopKPlaces(2), &row, &[], DType::I32);
        assert_eq!(places, Values::I32(vec![1, 0]));
        assert_eq!(applied(OperationKind::ArgMax, &row, &[], DType::I32), Values::I32(vec![1]));
    }
}
