//! Conversions between dtypes.

use super::float::canonical;
use super::{Bf16, DType, Fp8, Values};

impl Values {
    /// The values in another dtype, each rounded once:
    ///
    /// - to an integer dtype: to nearest, ties to even, then to the nearest end of its range; NaN to 0;
    /// - to a float dtype: to nearest, ties to even; beyond its range to infinity, in fp8 to NaN ([`Fp8::from_f32`]).
    pub fn cast(&self, to: DType) -> Values {
        let len = self.len();
        if self.dtype().is_float() {
            floats((0..len).map(|i| self.get_f32(i)), to)
        } else {
            whole_numbers((0..len).map(|i| self.get(i)), to)
        }
    }
}

fn floats(x: impl Iterator<Item = f32>, to: DType) -> Values {
    // `as` saturates and makes 0 of NaN, in the language's definition.
    match to {
        DType::I8 => Values::I8(x.map(|x| x.round_ties_even() as i8).collect()),
        DType::I16 => Values::I16(x.map(|x| x.round_ties_even() as i16).collect()),
        DType::I32 => Values::I32(x.map(|x| x.round_ties_even() as i32).collect()),
        DType::Fp8 => Values::Fp8(x.map(Fp8::from_f32).collect()),
        DType::Bf16 => Values::Bf16(x.map(Bf16::from_f32).collect()),
        DType::F32 => Values::F32(x.map(canonical).collect()),
    }
}

fn whole_numbers(x: impl Iterator<Item = i32>, to: DType) -> Values {
    match to {
        DType::I8 => Values::I8(x.map(|x| x.clamp(i8::MIN.into(), i8::MAX.into()) as i8).collect()),
        DType::I16 => Values::I16(x.map(|x| x.clamp(i16::MIN.into(), i16::MAX.into()) as i16).collect()),
        DType::I32 => Values::I32(x.collect()),
        // What f32 cannot hold exactly is far beyond fp8's range.
        DType::Fp8 => Values::Fp8(x.map(|x| Fp8::from_f32(x as f32)).collect()),
        DType::Bf16 => Values::Bf16(x.map(Bf16::from_i32).collect()),
        DType::F32 => Values::F32(x.map(|x| x as f32).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_saturate_and_nan_is_zero() {
        let floats = Values::F32(vec![0.5, 1.5, -2.5, 127.5, -1e9, f32::INFINITY, f32::NAN]);
        assert_eq!(floats.cast(DType::I8), Values::I8(vec![0, 2, -2, 127, -128, 127, 0]));
        assert_eq!(floats.cast(DType::I32), Values::I32(vec![0, 2, -2, 128, -1_000_000_000, i32::MAX, 0]));
        assert_eq!(Values::Fp8(vec![Fp8(0xff), Fp8(0x7e)]).cast(DType::I16), Values::I16(vec![0, 448]));
    }

    #[test]
    fn whole_numbers_saturate_among_themselves_and_round_to_floats() {
        let whole = Values::I32(vec![i32::MIN, -129, 40_000, 17, 19, 16_777_217]);
        assert_eq!(whole.cast(DType::I8), Values::I8(vec![-128, -128, 127, 17, 19, 127]));
        assert_eq!(whole.cast(DType::I16), Values::I16(vec![-32768, -129, 32767, 17, 19, 32767]));
        let fp8: Vec<f64> = whole.cast(DType::Fp8).numbers().skip(3).take(2).collect();
        assert_eq!(fp8, [16.0, 20.0]);
        assert_eq!(whole.cast(DType::F32).get_f32(5), 16_777_216.0);
    }

    #[test]
    fn a_cast_to_itself_changes_nothing() {
        for dtype in DType::ALL {
            let values = Values::I32((-100..100).collect()).cast(dtype);
            assert_eq!(values.cast(dtype), values);
        }
    }
}
