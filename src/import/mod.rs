//! Files from outside to values. Every file is hostile until read: sizes are checked before anything is allocated.

mod files;
pub mod npy;
pub mod scalesim;

pub use files::{Files, check_path};
