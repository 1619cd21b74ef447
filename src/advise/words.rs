//! Numbers as sentences have them.

use crate::base::{Cycle, grouped};

/// A part of a whole: `36 %`, and where it is little a digit more.
pub(super) fn percent(part: f64) -> String {
    let hundred = 100.0 * part;
    match hundred {
        _ if hundred > 0.0 && hundred < 0.1 => "less than 0.1 %".into(),
        _ if hundred < 10.0 => format!("{hundred:.1} %"),
        _ => format!("{hundred:.0} %"),
    }
}

/// A count of something, in the right number.
pub(super) fn counted(count: u64, one: &str, several: &str) -> String {
    format!("{} {}", grouped(count), if count == 1 { one } else { several })
}

/// So many cycles.
pub(super) fn cycles(count: Cycle) -> String {
    counted(count, "cycle", "cycles")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        assert_eq!(
            [0.0, 0.0004, 0.0123, 0.36, 1.0].map(percent),
            ["0.0 %", "less than 0.1 %", "1.2 %", "36 %", "100 %"]
        );
        assert_eq!([1, 1_234_567].map(cycles), ["1 cycle", "1,234,567 cycles"]);
    }
}
