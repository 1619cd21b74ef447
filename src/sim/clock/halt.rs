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

/// Most instructions that are gone through one by one: those in repetitions that are skipped do not count. As many
/// entries are in the trace, of up to 152 bytes each: 640 MB in all.
pub(super) const MOST_STEPS: u64 = 1 << 22;

/// Most work, in instructions that take as long: some seconds. Looking for repetitions is work too.
pub(super) const MOST_EFFORT: u64 = 1 << 25;

/// Most numbers of a state that is kept to be compared with, recent signals included: two of each loop are.
pub(super) const MOST_STATE: usize = 1 << 18;

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
                write!(
                    f,
                    "the run falls into no repetition that can be skipped, and is too long to go through step by step"
                )
            }
        }
    }
}
