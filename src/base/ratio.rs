//! Exact fractions: rates and clocks, without a float in a count or a time.

use std::cmp::Ordering;
use std::fmt;

/// `num / den` in lowest terms, above 0.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Ratio {
    num: u64,
    den: u64,
}

impl Ratio {
    /// One.
    pub const ONE: Ratio = Ratio { num: 1, den: 1 };

    /// `num / den`; nothing where one of them is 0.
    pub const fn new(num: u64, den: u64) -> Option<Ratio> {
        if num == 0 || den == 0 {
            return None;
        }
        let common = gcd(num, den);
        Some(Ratio { num: num / common, den: den / common })
    }

    /// A whole number; nothing for 0.
    pub const fn whole(num: u64) -> Option<Ratio> {
        Ratio::new(num, 1)
    }

    /// Above the line.
    pub const fn num(self) -> u64 {
        self.num
    }

    /// Below the line.
    pub const fn den(self) -> u64 {
        self.den
    }

    /// One divided by it.
    pub const fn inverse(self) -> Ratio {
        Ratio { num: self.den, den: self.num }
    }

    /// The product; nothing where it leaves 64 bits.
    pub fn times(self, other: Ratio) -> Option<Ratio> {
        let (a, b) = (gcd(self.num, other.den), gcd(other.num, self.den));
        let num = (self.num / a).checked_mul(other.num / b)?;
        let den = (self.den / b).checked_mul(other.den / a)?;
        Some(Ratio { num, den })
    }

    /// `floor(count * self)`
    pub fn floor_of(self, count: u64) -> u64 {
        match count.checked_mul(self.num) {
            Some(product) => product / self.den,
            None => saturated(u128::from(count) * u128::from(self.num) / u128::from(self.den)),
        }
    }

    /// `ceil(count * self)`
    pub fn ceil_of(self, count: u64) -> u64 {
        match count.checked_mul(self.num) {
            Some(product) => product.div_ceil(self.den),
            None => saturated((u128::from(count) * u128::from(self.num)).div_ceil(u128::from(self.den))),
        }
    }

    /// `count * self`, cut off: whole ones, and how many of the `parts` that one is cut into are left.
    pub fn parts_of(self, count: u64, parts: u64) -> (u64, u64) {
        let product = u128::from(count) * u128::from(self.num);
        let (whole, rest) = (product / u128::from(self.den), product % u128::from(self.den));
        (saturated(whole), saturated(rest * u128::from(parts) / u128::from(self.den)))
    }

    /// All its figures, if they come to an end: `0.25`, `34`.
    pub fn to_decimal(self) -> Option<String> {
        let ends =
            |places: &u32| 10u64.checked_pow(*places).is_some_and(|power| power.is_multiple_of(self.den));
        let places = (0..=12).find(ends)?;
        let scaled = self.num.checked_mul(10u64.pow(places) / self.den)?;
        Some(with_point(scaled, places))
    }

    /// Three figures, or all of them before the point; halves away from zero.
    pub fn to_figures(self) -> String {
        let (num, den) = (u128::from(self.num), u128::from(self.den));
        let places = (0..9).find(|places| num * 10u128.pow(*places) >= 100 * den).unwrap_or(9);
        let rounded = (num * 10u128.pow(places) * 2 + den) / (2 * den);
        let text = with_point(saturated(rounded), places);
        if places > 0 { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
    }

    /// The nearest float, for ratios that are shown.
    pub fn as_f64(self) -> f64 {
        self.num as f64 / self.den as f64
    }
}

/// `value / 10^places`
fn with_point(value: u64, places: u32) -> String {
    let digits = format!("{value:0>width$}", width = places as usize + 1);
    let (whole, rest) = digits.split_at(digits.len() - places as usize);
    if rest.is_empty() { whole.to_owned() } else { format!("{whole}.{rest}") }
}

fn saturated(value: u128) -> u64 {
    u64::try_from(value).unwrap_or(u64::MAX)
}

const fn gcd(mut a: u64, mut b: u64) -> u64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

impl Ord for Ratio {
    fn cmp(&self, other: &Self) -> Ordering {
        (u128::from(self.num) * u128::from(other.den)).cmp(&(u128::from(other.num) * u128::from(self.den)))
    }
}

impl PartialOrd for Ratio {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.den == 1 { write!(f, "{}", self.num) } else { write!(f, "{}/{}", self.num, self.den) }
    }
}

impl Ratio {
    /// A decimal if it ends, else a fraction.
    pub fn exactly(self) -> String {
        self.to_decimal().unwrap_or_else(|| self.to_string())
    }
}

impl fmt::Debug for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// MACHINE.md: 34 GB/s at 700 MHz is 340/7 bytes a cycle; b bytes hold a bus ceil(b * 7 / 340) cycles.
    #[test]
    fn bytes_hold_a_bus_for_whole_cycles() {
        let rate = Ratio::new(34_000_000_000, 700_000_000).unwrap();
        assert_eq!(rate.to_string(), "340/7");
        assert_eq!(rate.inverse().ceil_of(65536), 1350);
        assert_eq!(rate.inverse().ceil_of(340), 7);
        assert_eq!(rate.inverse().floor_of(341), 7);
        assert_eq!(rate.times(Ratio::new(7, 34).unwrap()), Ratio::whole(10));
        let shown = |num, den| Ratio::new(num, den).map(|r| (r.to_decimal(), r.to_figures()));
        assert_eq!(shown(1, 4), Some((Some("0.25".into()), "0.25".into())));
        assert_eq!(shown(91_750_400, 1_000_000), Some((Some("91.7504".into()), "91.8".into())));
        assert_eq!(shown(1_835_008, 1000), Some((Some("1835.008".into()), "1835".into())));
        assert_eq!(shown(340, 7), Some((None, "48.6".into())));
        assert_eq!(shown(1, 1000), Some((Some("0.001".into()), "0.001".into())));
        // Products beyond 64 bits.
        assert_eq!(
            rate.floor_of(u64::MAX / 2),
            (u128::from(u64::MAX / 2) * 340 / 7).min(u64::MAX.into()) as u64
        );
        assert_eq!(rate.inverse().ceil_of(u64::MAX), (u128::from(u64::MAX) * 7).div_ceil(340) as u64);
        assert!(Ratio::new(0, 1).is_none() && Ratio::ONE < rate);
    }
}
