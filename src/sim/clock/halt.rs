//! Why a run does not come to its end.

use std::fmt;

use super::Deadlock;
use crate::base::Cycle;

/// A run that does not come to its end, or not in reasonable time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Halt {
    /// Nobody can go on.
    Deadlock(Deadlock),
    /// It takes more than [`MOST_CYCLES`].
    TooLong,
    /// Too much of it had to be gone through one by one.
    TooIrregular,
}

/// Most cycles of a run: up to here numbers in the page are exact, and sums of a few times are far from 64 bits.
pub const MOST_CYCLES: Cycle = 1 << 53;

/// Most instructions that are gone through one by one, or what takes as long; those in repetitions that are skipped do not
/// count. Some seconds, and at most as many entries in the trace.
pub(super) const MOST_EFFORT: u64 = 1 << 22;

impl Halt {
    /// How to mend it.
    pub fn hint(&self) -> &'static str {
        match self {
            Halt::Deadlock(_) => "give the chip deeper queues",
            Halt::TooLong => "take smaller layers, or a faster chip",
            Halt::TooIrregular => {
                "take smaller layers, or a chip whose parts keep step: its loops are skipped when their state repeats"
            }
        }
    }
}

impl fmt::Display for Halt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Halt::Deadlock(deadlock) => deadlock.fmt(f),
            Halt::TooLong => write!(f, "the run takes more than 2^53 cycles"),
            Halt::TooIrregular => {
                write!(f, "the run has more than {MOST_EFFORT} instructions that fall into no repetition")
            }
        }
    }
}
