//! Numbers as they stand in cells. Floats are written by whole numbers: what the language brings for it would be a fiftieth of the
//! page's module.

use crate::num::{Bf16, DType, Fp8};
use crate::trace::Scalar;

/// Whole numbers as they are; floats in four digits, or `NaN`, `inf`, `-0`.
pub fn short(scalar: Scalar) -> String {
    match scalar {
        Scalar::Whole(value) => value.to_string(),
        Scalar::Float(value) if value.is_nan() => "NaN".into(),
        Scalar::Float(value) if value.is_sign_negative() => "-".to_owned() + &magnitude((-value).into()),
        Scalar::Float(value) => magnitude(value.into()),
    }
}

/// The same with true minus signs.
pub(super) fn signed(scalar: Scalar) -> String {
    short(scalar).replace('-', "−")
}

/// The bits of a number as a dtype stores it, two digits a byte.
#[inline(never)] // Of its own, it can be left out of what everybody loads.
pub(super) fn hexadecimal(scalar: Scalar, dtype: DType) -> String {
    format!("{:0width$x}", stored(scalar, dtype), width = 2 * dtype.bytes())
}

/// The bits of a number as a dtype stores it.
pub(super) fn stored(scalar: Scalar, dtype: DType) -> u32 {
    match (scalar, dtype) {
        (Scalar::Float(value), DType::Bf16) => Bf16::from_f32(value).0.into(),
        (Scalar::Float(value), DType::Fp8) => Fp8::from_f32(value).0.into(),
        (Scalar::Float(value), _) => value.to_bits(),
        (Scalar::Whole(value), dtype) => value as u32 & (u32::MAX >> (32 - 8 * dtype.bytes())),
    }
}

/// How large a number is to the eye: seeded floats are eighths, and their products 64ths.
pub(super) fn size(scalar: Scalar) -> f32 {
    match scalar {
        Scalar::Whole(value) => value.unsigned_abs() as f32,
        Scalar::Float(value) => 64.0 * value.abs(),
    }
}

/// What is larger is written with its power of ten, and so is what has three zeros behind the point.
const LARGE: f64 = 1e6;
const SMALL: f64 = 1e-3;

/// Digits behind the first one.
const BEHIND: i32 = 3;

fn magnitude(value: f64) -> String {
    if value.is_infinite() {
        return "inf".into();
    }
    if value < LARGE && (value >= 1000.0 || value == f64::from(value as u32)) {
        return rounded(value).to_string();
    }
    let tens = tens(value);
    let digits = rounded(scaled(value, BEHIND - tens));
    if (SMALL..LARGE).contains(&value) {
        return with_point(digits, (BEHIND - tens) as usize);
    }
    // 9.9996 is 10.
    let (digits, tens) = if digits == 10_000 { (1000, tens + 1) } else { (digits, tens) };
    with_point(digits, BEHIND as usize) + "e" + &tens.to_string()
}

/// Halves go up.
fn rounded(value: f64) -> u32 {
    (value + 0.5) as u32
}

/// The power of ten of its first digit.
fn tens(value: f64) -> i32 {
    let mut tens = 0;
    while scaled(value, -tens) >= 10.0 {
        tens += 1;
    }
    while scaled(value, -tens) < 1.0 {
        tens -= 1;
    }
    tens
}

/// Times a power of ten.
fn scaled(value: f64, tens: i32) -> f64 {
    let power = (0..tens.unsigned_abs()).fold(1.0, |power, _| power * 10.0);
    if tens < 0 { value / power } else { value * power }
}

/// `12` with three places behind the point is 0.012; zeros at the end are left out.
fn with_point(digits: u32, places: usize) -> String {
    let mut text = digits.to_string();
    while text.len() <= places {
        text.insert(0, '0');
    }
    text.insert(text.len() - places, '.');
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_are_short_and_keep_four_digits() {
        let shown = [
            (0.0, "0"),
            (-0.0, "-0"),
            (1.0, "1"),
            (-0.125, "-0.125"),
            (0.1, "0.1"),
            (1.0 / 3.0, "0.3333"),
            (-20.0 / 3.0, "-6.667"),
            (99.99999, "100"),
            (999.97, "1000"),
            (1234.5, "1235"),
            (123_456.0, "123456"),
            (999_999.9, "1000000"),
            (1e6, "1e6"),
            (16_777_216.0, "1.678e7"),
            (0.001, "0.001"),
            (0.000_999_96, "1e-3"),
            (0.000_25, "2.5e-4"),
            (f32::MAX, "3.403e38"),
            (f32::MIN_POSITIVE, "1.175e-38"),
            (f32::from_bits(1), "1.401e-45"),
            (f32::INFINITY, "inf"),
            (f32::NEG_INFINITY, "-inf"),
            (f32::NAN, "NaN"),
            (-f32::NAN, "NaN"),
        ];
        for (value, text) in shown {
            assert_eq!(short(Scalar::Float(value)), text);
        }
        assert_eq!(signed(Scalar::Float(-2.5e-4)), "−2.5e−4");
        assert_eq!(signed(Scalar::Whole(-123_456_789)), "−123456789");
    }

    #[test]
    fn bits_are_those_that_the_dtype_stores() {
        let whole = Scalar::Whole;
        let float = Scalar::Float;
        let shown = [
            (whole(0), DType::I8, "00"),
            (whole(12), DType::I8, "0c"),
            (whole(-12), DType::I8, "f4"),
            (whole(-128), DType::I8, "80"),
            (whole(127), DType::I8, "7f"),
            (whole(-2), DType::I16, "fffe"),
            (whole(300), DType::I16, "012c"),
            (whole(-1), DType::I32, "ffffffff"),
            (whole(i32::MIN), DType::I32, "80000000"),
            (whole(42), DType::I32, "0000002a"),
            (float(1.0), DType::Fp8, "38"),
            (float(-0.5), DType::Fp8, "b0"),
            (float(f32::NAN), DType::Fp8, "7f"),
            (float(1.0), DType::Bf16, "3f80"),
            (float(-1.5), DType::Bf16, "bfc0"),
            (float(f32::INFINITY), DType::Bf16, "7f80"),
            (float(f32::NAN), DType::Bf16, "7fc0"),
            (float(-0.0), DType::Bf16, "8000"),
            (float(1.0), DType::F32, "3f800000"),
            (float(-0.1), DType::F32, "bdcccccd"),
            (float(f32::NAN), DType::F32, "7fc00000"),
            (float(f32::from_bits(1)), DType::F32, "00000001"),
        ];
        for (scalar, dtype, text) in shown {
            assert_eq!(hexadecimal(scalar, dtype), text, "{scalar:?} as {dtype}");
        }
        // The product of two numbers of bf16 has more bits than bf16: a sum keeps them in f32.
        let third = Bf16::from_f32(1.0 / 3.0).to_f32();
        let product = float(third).times(float(third));
        assert_eq!(hexadecimal(product, DType::F32), "3de47200");
        assert_eq!(hexadecimal(product, DType::Bf16), "3de4");
    }

    /// Read again, a number is as near as four digits are.
    #[test]
    fn what_is_shown_is_near_what_is_meant() {
        for bits in (1..0x7f80_0000_u32).step_by(99_991) {
            let value = f32::from_bits(bits);
            let shown: f64 = short(Scalar::Float(value)).parse().unwrap();
            let (off, value) = ((shown - f64::from(value)).abs(), f64::from(value));
            assert!(off <= value * 0.000_500_001, "{value} is shown as {shown}");
        }
    }
}
