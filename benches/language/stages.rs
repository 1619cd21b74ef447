//! What is timed.

use systole::import::Files;
use systole::{job, lang};

/// The longest programs of the library, and one of 80 layers.
pub const PROGRAMS: [(&str, &str); 3] = [
    ("sd15-unet", include_str!("../../www/public/examples/library/sd15-unet.systole")),
    ("mixtral-8x7b", include_str!("../../www/public/examples/library/mixtral-8x7b-prefill.systole")),
    ("llama3-70b", include_str!("../../www/public/examples/library/llama3-70b-prefill.systole")),
];

pub type Stage = fn(&str) -> usize;

/// From text, each as far as it goes; the sizes that they return keep them from being left out.
pub const STAGES: [(&str, Stage); 4] = [
    ("lex", |text| lang::lex(text).len()),
    ("lex and parse", |text| lang::parse(text).ast.statements.len()),
    ("lex, parse and check to a graph", |text| job::check(text, &Files::default()).tokens.len()),
    ("format", |text| lang::format(text).len()),
];
