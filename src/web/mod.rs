//! The page's way into the crate: a session that a worker owns, and the painter of its canvas.
//!
//! Nothing here knows a rule of the machine: it converts, calls [`crate::job`], and paints what [`crate::draw`] lays out.

mod paint;
mod session;
mod values;

pub use session::Session;

#[cfg(not(target_feature = "simd128"))]
compile_error!(
    "build for wasm32 with target-feature=+simd128: RUSTFLAGS in the environment hide .cargo/config.toml"
);
