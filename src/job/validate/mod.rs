//! The contract's formulas beside published numbers.

pub mod rtl;
