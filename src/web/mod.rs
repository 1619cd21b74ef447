//! The page's way into the crate: a session that a worker owns, and the painter of its canvas. What few
//! visitors need is a module of its own, by the feature `files`: the page loads it when it is used.
//!
//! Nothing here knows a rule of the machine: it converts, calls [`crate::job`], and paints what [`crate::draw`] lays out.

#[cfg(feature = "files")]
mod answers;
#[cfg(feature = "page")]
mod assembly;
#[cfg(feature = "page")]
mod chips;
#[cfg(feature = "files")]
mod files;
mod findings;
#[cfg(feature = "files")]
mod form;
#[cfg(feature = "page")]
mod graph;
#[cfg(feature = "page")]
mod listing;
#[cfg(feature = "page")]
mod loops;
#[cfg(feature = "page")]
mod paint;
#[cfg(feature = "files")]
mod passes;
#[cfg(feature = "page")]
mod session;
#[cfg(feature = "page")]
mod values;
mod wish;

#[cfg(feature = "files")]
pub use answers::{complete, definition, explain, explain_assembly, hover};
#[cfg(feature = "files")]
pub use files::{ChipFile, format_program};
#[cfg(feature = "files")]
pub use form::chip_form;
#[cfg(feature = "files")]
pub use passes::Compilation;
#[cfg(feature = "page")]
pub use session::Session;

use serde::Serialize;
use wasm_bindgen::{JsError, JsValue};

#[cfg(not(target_feature = "simd128"))]
compile_error!(
    "build for wasm32 with target-feature=+simd128: RUSTFLAGS in the environment hide .cargo/config.toml"
);

/// Half the size of the standard library's.
#[global_allocator]
static ALLOCATOR: rlsf::SmallGlobalTlsf = rlsf::SmallGlobalTlsf::new();

/// A plain object; large whole numbers become numbers, not BigInts, as the page's controls want them.
fn to_js(value: &impl Serialize) -> Result<JsValue, JsError> {
    let plain =
        serde_wasm_bindgen::Serializer::new().serialize_maps_as_objects(true).serialize_missing_as_null(true);
    value.serialize(&plain).map_err(|e| JsError::new(&e.to_string()))
}
