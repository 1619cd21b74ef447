//! The page's way into the crate: a session that a worker owns, the painters of its canvases, and functions that need no session.
//!
//! Nothing here knows a rule of the machine: it converts, calls [`crate::job`], and paints what [`crate::draw`] lays out.

mod advisor;
mod analysis;
mod answers;
mod assembly;
mod chips;
mod compare;
mod export;
mod files;
mod findings;
mod form;
mod graph;
mod listing;
mod loops;
mod package;
mod paint;
mod passes;
mod session;
mod stage;
mod stops;
mod timeline;
mod values;
mod wish;

pub use advisor::Advisor;
pub use answers::{complete, definition, hover};
pub use files::{format_program, read_chip_file};
pub use form::{chip_form, read_chip_text};
pub use package::Simulation;
pub use passes::{pass_effect, passes};
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
