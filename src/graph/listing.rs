//! The functions of the language as a table, for the documentation.

use super::build::{BUILTINS, Builtin};

/// A Markdown table: how each function is called, what it does.
pub fn functions() -> String {
    let line = |builtin: &Builtin| format!("| `{}` | {} |\n", builtin.head(), builtin.does);
    format!("| function | what |\n|---|---|\n{}", BUILTINS.iter().map(line).collect::<String>())
}
