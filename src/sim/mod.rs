//! Program to trace: what happens when, and to which numbers.
//!
//! [`Clock`] finds out when everything happens, [`Numbers`] what is computed: times never depend on values.
//! [`mod@array`] knows the array register by register, twice: a stepper that moves every register in every cycle, and a
//! closed form that gives any cycle at once. Tests hold the two equal. [`Machine`] looks into any cycle of a run.

pub mod array;
mod clock;
mod course;
mod fill;
mod look;
mod machine;
mod operands;
mod part;
mod pass;
mod tally;
mod tiles;
mod values;

pub use clock::{Clock, Deadlock, Halt, Loops, MOST_CYCLES, floor, link_cycles, vector_cycles};
pub use course::{Capacity, Column, Course, Level, traffic};
pub use fill::Fill;
pub use look::{Floats, Kept};
pub use machine::{Machine, Moment, Reach};
pub use part::{Part, Parts};
pub use tally::{OpTally, Tally, tally};
pub use values::Numbers;
