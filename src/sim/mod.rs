//! Program to trace: what happens when, and to which numbers.
//!
//! [`Run`] executes a program: times by MACHINE.md's rules, values by whole passes. [`mod@array`] knows the array register
//! by register, twice: a stepper that moves every register in every cycle, and a closed form that gives any cycle at
//! once. Tests hold the two equal.

pub mod array;
mod machine;
mod run;

pub use machine::{Machine, Reach};
pub use run::Run;
