//! Floats as Python makes and prints them.

/// The float nearest to `above / below`, ties to even, as Python divides whole numbers; infinite for `below` = 0. `below`
/// is less than 2^127.
pub(super) fn quotient(above: u128, below: u128) -> f64 {
    const EXACT: u128 = 1 << f64::MANTISSA_DIGITS;
    if above < EXACT && below < EXACT {
        return above as f64 / below as f64;
    }
    if below == 0 {
        return f64::INFINITY;
    }
    // Binary digits until there are more than enough; what is left over only breaks ties.
    let (mut digits, mut rest, mut exponent) = (above / below, above % below, 0);
    while digits < EXACT << 2 && above != 0 {
        rest <<= 1;
        digits = digits << 1 | u128::from(rest >= below);
        rest -= if rest >= below { below } else { 0 };
        exponent -= 1;
    }
    let sticky = u128::from(rest != 0);
    (digits << 1 | sticky) as f64 * 2f64.powi(exponent - 1)
}

/// A float as Python's `repr`: the shortest digits that read back the same, with an exponent below 1e-4 and from 1e16 on.
pub fn python_float(value: f64) -> String {
    if !value.is_finite() {
        return value.to_string();
    }
    let scientific = format!("{value:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    match exponent.parse::<i32>() {
        Ok(exponent @ (..-4 | 16..)) => {
            let sign = if exponent < 0 { '-' } else { '+' };
            format!("{mantissa}e{sign}{:02}", exponent.abs())
        }
        _ => {
            let plain = value.to_string();
            if plain.contains('.') { plain } else { plain + ".0" }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_are_printed_as_python_prints_them() {
        let cases = [
            (100.0, "100.0"),
            (0.0, "0.0"),
            (14.082058414464534, "14.082058414464534"),
            (5.625000000000001, "5.625000000000001"),
            (1e-4, "0.0001"),
            (1e-5, "1e-05"),
            (1.25e-7, "1.25e-07"),
            (1e15, "1000000000000000.0"),
            (1e16, "1e+16"),
            (1.5e123, "1.5e+123"),
            (f64::INFINITY, "inf"),
        ];
        for (value, shown) in cases {
            assert_eq!(python_float(value), shown);
        }
    }

    /// Each computed by Python as above / below.
    #[test]
    fn quotients_are_rounded_once() {
        let cases: [(u128, u128, f64); 6] = [
            (1, 3, 0.333_333_333_333_333_3),
            ((1 << 60) + 1, 3, 384_307_168_202_282_300.0),
            (100 << 60, (1 << 61) + 12_345, 49.999_999_999_999_73),
            ((1 << 54) + 1, 1 << 54, 1.0),
            (9_007_199_254_740_993, 1, 9_007_199_254_740_992.0),
            (7, (1 << 90) + 5, 5.654_554_968_624_212_6e-27),
        ];
        for (above, below, expected) in cases {
            assert_eq!(quotient(above, below), expected, "{above} / {below}");
        }
        assert_eq!(quotient(0, 1 << 80), 0.0);
        assert_eq!(quotient(5, 0), f64::INFINITY);
        assert_eq!(quotient(5 << 100, 0), f64::INFINITY);
    }
}
