//! Systole compiles a tensor program for an accelerator with a systolic array, runs it cycle by cycle, and shows every
//! register of any cycle.
//!
//! The way of the data, a stage a line; each is a function from one named value to the next:
//!
//! ```text
//! program text  -> lang      parse         -> Ast      and diagnostics
//! Ast           -> graph     build, check  -> Graph    tensors and operators; also the reference answer
//! Graph         -> schedule  plan          -> Plan     what runs together, in which order and tiles
//! Plan          -> emit      lower         -> Program  instructions with explicit waiting
//! Program       -> sim       execute       -> Trace    times, and beside it the values in memory
//! Trace         -> sim       any cycle     -> Frame    every register of an array
//! Frame         -> draw      lay out       -> Scene    a list of shapes, no canvas in sight
//! Scene         -> web       paint         -> the page
//! ```
//!
//! [`job`] calls the stages in this order, for the command line and the page alike.
//!
//! ```
//! use systole::{chip::Chip, import::Files, job};
//!
//! let text = "input a : i8[4, 4]\nweight w : i8[4, 4]\noutput a @ w\n";
//! let chip = Chip::classroom(4, 4).unwrap();
//! let finished = job::compile(text, &Files::default(), &chip).job.unwrap().finish();
//! assert_eq!(finished.trace.cycles_to_last_mac, 28); // 14 of them waiting for weights from DRAM
//! assert!(finished.disagreement.is_none());
//! ```

pub mod advise;
pub mod base;
pub mod check;
pub mod chip;
pub mod draw;
pub mod emit;
pub mod explore;
pub mod figure;
pub mod graph;
pub mod import;
pub mod isa;
pub mod job;
pub mod lang;
pub mod num;
pub mod schedule;
pub mod sim;
pub mod timing;
pub mod trace;
#[cfg(target_arch = "wasm32")]
pub mod web;
