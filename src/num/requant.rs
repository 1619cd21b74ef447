//! Requantisation: from a 32-bit sum to an 8-bit value, with one rounding.

/// `saturate(round_half_away(x * scale / 2^shift) + zero)` to i8, the product in 64 bits (MACHINE.md section 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Requant {
    /// Multiplier.
    pub scale: i32,
    /// Power of two to divide by, at most [`Requant::MOST_SHIFT`].
    pub shift: u32,
    /// Added after rounding.
    pub zero: i8,
}

impl Requant {
    /// Greatest shift: a 64-bit product rounded by more than this is always 0.
    pub const MOST_SHIFT: u32 = 62;

    /// Applies it to one sum.
    pub fn apply(self, x: i32) -> i32 {
        let product = i64::from(x) * i64::from(self.scale);
        let half = (1i128 << self.shift) >> 1;
        // Away from zero means: round the magnitude half up, then give the sign back.
        let magnitude = ((i128::from(product).abs() + half) >> self.shift) as i64;
        let rounded = magnitude * product.signum();
        (rounded + i64::from(self.zero)).clamp(i8::MIN.into(), i8::MAX.into()) as i32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_round_away_from_zero() {
        let halve = Requant { scale: 1, shift: 1, zero: 0 };
        assert_eq!([-3, -2, -1, 0, 1, 2, 3].map(|x| halve.apply(x)), [-2, -1, -1, 0, 1, 1, 2]);
    }

    #[test]
    fn it_saturates_after_adding_the_zero_point() {
        let r = Requant { scale: 1, shift: 0, zero: 10 };
        assert_eq!([-200, -138, 117, 118].map(|x| r.apply(x)), [-128, -128, 127, 127]);
    }

    #[test]
    fn extremes_do_not_overflow() {
        for shift in [0, 31, Requant::MOST_SHIFT] {
            for scale in [i32::MIN, -1, 0, i32::MAX] {
                for x in [i32::MIN, i32::MAX] {
                    let got = i64::from(Requant { scale, shift, zero: -128 }.apply(x));
                    let exact = i128::from(x) * i128::from(scale);
                    let down = exact / (1i128 << shift);
                    assert!(
                        (i128::from(got) - (down - 128).clamp(-128, 127)).abs() <= 1,
                        "{x} {scale} {shift}"
                    );
                }
            }
        }
    }
}
