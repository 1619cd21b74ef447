//! Floats of 8 and 16 bits, and the one NaN of 32.

/// The only NaN that a computation results in: the sign and payload that a NaN gets differ from processor to processor.
pub const NAN: f32 = f32::from_bits(0x7fc0_0000);

/// 8 bits of E4M3FN: a sign, 4 bits of exponent with bias 7, 3 of fraction. No infinities; 0x7f and 0xff are NaN. Greatest
/// 448, least normal 2^-6, least subnormal 2^-9. Equality is of bits.
///
/// Source: *OCP 8-bit Floating Point Specification (OFP8)*, revision 1.0, in its mode that does not saturate; the
/// same bits as ml_dtypes' `float8_e4m3fn`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fp8(pub u8);

impl Fp8 {
    const NAN: u8 = 0x7f;
    /// -448, the least number: there is no infinity.
    pub const LEAST: Fp8 = Fp8(0xfe);

    /// To nearest, ties to even; infinities and what would round to more than 448 become NaN. The sign stays, a NaN's too.
    pub fn from_f32(x: f32) -> Fp8 {
        const LEAST_NORMAL: f32 = 1.0 / 64.0;
        // Half way from 448 to 480, which has no code. 448 is the even one of the two.
        const MOST: f32 = 464.0;
        let magnitude = x.abs();
        let code = if magnitude.is_nan() || magnitude > MOST {
            Fp8::NAN
        } else if magnitude < LEAST_NORMAL {
            // Codes below the first exponent count steps of 2^-9; code 8 is the least normal. The product is exact.
            (magnitude * 512.0).round_ties_even() as u8
        } else {
            // Exponents are 120 apart: 127 - 7.
            (drop_bits(magnitude.to_bits(), 20) - (120 << 3)) as u8
        };
        Fp8(code | sign(x))
    }

    /// The same number; of either NaN [`NAN`].
    pub fn to_f32(self) -> f32 {
        let (code, negative) = (self.0 & 0x7f, self.0 & 0x80 != 0);
        let magnitude = match code {
            Fp8::NAN => return NAN,
            0..8 => f32::from(code) / 512.0,
            _ => f32::from_bits((u32::from(code) + (120 << 3)) << 20),
        };
        if negative { -magnitude } else { magnitude }
    }
}

/// The upper half of an f32: a sign, 8 bits of exponent, 7 of fraction. Equality is of bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bf16(pub u16);

impl Bf16 {
    /// To nearest, ties to even; every NaN becomes 0x7fc0.
    pub fn from_f32(x: f32) -> Bf16 {
        Bf16(drop_bits(canonical(x).to_bits(), 16) as u16)
    }

    /// To nearest, ties to even, rounded once: by way of an f32 rounded to nearest it would be twice.
    pub fn from_i32(x: i32) -> Bf16 {
        let mut magnitude = x.unsigned_abs();
        if magnitude >= 1 << 24 {
            // Bits that f32 has no room for matter only in telling a tie from more than a tie: one bit stands for all.
            let lost = u32::from(magnitude & 0xff != 0);
            magnitude = magnitude & !0xff | lost << 8;
        }
        Bf16::from_f32((magnitude as f32).copysign(x as f32))
    }

    /// The same number; of any NaN [`NAN`].
    pub fn to_f32(self) -> f32 {
        canonical(f32::from_bits(u32::from(self.0) << 16))
    }
}

impl From<Fp8> for f32 {
    fn from(x: Fp8) -> f32 {
        x.to_f32()
    }
}

impl From<Bf16> for f32 {
    fn from(x: Bf16) -> f32 {
        x.to_f32()
    }
}

impl From<Fp8> for f64 {
    fn from(x: Fp8) -> f64 {
        x.to_f32().into()
    }
}

impl From<Bf16> for f64 {
    fn from(x: Bf16) -> f64 {
        x.to_f32().into()
    }
}

/// The same number, or [`NAN`].
pub fn canonical(x: f32) -> f32 {
    if x.is_nan() { NAN } else { x }
}

/// Sign bit of a float, as that of a byte.
fn sign(x: f32) -> u8 {
    (x.to_bits() >> 24) as u8 & 0x80
}

/// `bits / 2^count`, to nearest, ties to even. On a float's bits a carry into the exponent is what rounding up asks for.
fn drop_bits(bits: u32, count: u32) -> u32 {
    let odd = (bits >> count) & 1;
    (bits + (1 << (count - 1)) - 1 + odd) >> count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_comes_back_except_the_sign_of_nan() {
        for code in 0..=u8::MAX {
            let back = Fp8::from_f32(Fp8(code).to_f32());
            assert_eq!(back.0, if code == 0xff { 0x7f } else { code });
        }
        for code in 0..=u16::MAX {
            let nan = code & 0x7fff > 0x7f80;
            assert_eq!(Bf16::from_f32(Bf16(code).to_f32()).0, if nan { 0x7fc0 } else { code });
        }
    }

    /// Against the definition: no other code is nearer, and of two as near the even one is taken.
    #[test]
    fn rounding_to_fp8_takes_the_nearest() {
        let finite = |code: u8| f64::from(Fp8(code));
        for bits in (0x3a00_0000..0x43e8_0000u32).step_by(997) {
            let x = f32::from_bits(bits);
            let code = Fp8::from_f32(x).0;
            let off = |code: u8| (finite(code) - f64::from(x)).abs();
            for other in [code.saturating_sub(1), (code + 1).min(0x7e)] {
                let better = off(code) < off(other) || off(code) == off(other) && code & 1 == 0;
                assert!(other == code || better, "{x} to {code:#x}");
            }
        }
    }

    #[test]
    fn a_whole_number_is_rounded_once() {
        // Above half way by less than f32 can tell: rounding to f32 first would make it a tie.
        assert_eq!(Bf16::from_i32(16_842_753).to_f32(), 16_908_288.0);
        assert_eq!(Bf16::from_i32(-16_842_753).to_f32(), -16_908_288.0);
        assert_eq!(Bf16::from_i32(16_842_752).to_f32(), 16_777_216.0);
        assert_eq!(Bf16::from_i32(0).0, 0);
        assert_eq!(Bf16::from_i32(i32::MIN).to_f32(), -2_147_483_648.0);
        for x in (0..=i32::MAX).step_by(10_007) {
            let near = f64::from(Bf16::from_i32(x));
            let off = (near - f64::from(x)).abs();
            // Half of the eighth bit's worth.
            assert!(off <= f64::from(x.max(1).ilog2() as i32 - 8).exp2(), "{x} to {near}");
        }
    }
}
