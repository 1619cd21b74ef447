//! The page's way into the crate.
