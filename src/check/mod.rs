//! Plans and programs held to what must be true of them, by somebody who does not know how they came about.
//!
//! A program is judged by the order that its waits guarantee, not by the times of a run: what is known to be complete when an
//! instruction starts. Known is (MACHINE.md section 2)
//!
//! - what the instruction waits for, all that its unit did up to it, and all that was known when that began: a unit
//!   completes its work in its own order;
//! - what was known when the unit's instruction before began;
//! - of a load, that its tile has arrived; of a multiply, that its tile is loaded; of a fetch, what was known when the load began
//!   that left its slot.
//!
//! The unit's own instruction before is not known to be complete, but what it reads has been read.
//!
//! | fault | |
//! |---|---|
//! | unwritten | an element is read, and nothing writes it before |
//! | early | an element is read, and its write may not be complete; sums are read or replaced, and passes or reads may not be |
//! | replaced | an element is written with another value than it had: a buffer's elements are those of one tensor |
//! | shared | a buffer is written whose place another one still needs |
//! | overfull | a buffer may have to keep more elements than it holds, or more packed tiles |
//! | missing, twice | an output's element is not written, or not once |
//! | stuck | an instruction never starts |

mod area;
mod cut;
mod grid;
mod known;
mod layers;
mod plan;
mod program;
mod stuck;

pub use plan::check_plan;
pub use program::{Checked, Fault, FaultKind, Limit, check_program};
