//! Workload text to a syntax tree. Parsing never fails: it yields a tree of what could be understood, and diagnostics.
//!
//! ```text
//! program   = { statement line-end }
//! statement = ("input" | "weight") NAME ":" type [ "=" "load" "(" STRING ")" ]
//!           | NAME "=" expr
//!           | "output" expr
//! type      = DTYPE "[" INTEGER { "," INTEGER } "]"
//! expr      = product { "+" product }
//! product   = atom { "@" atom }
//! atom      = NAME | NAME "(" [ argument { "," argument } ] ")" | "(" expr ")" | ["-"] INTEGER
//! argument  = [ NAME "=" ] expr
//! ```
//!
//! A comment runs from `#` to the end of its line. Within brackets a statement may go on over several lines.

mod ast;
mod lexer;
mod parser;

pub use ast::{
    Argument, Ast, Declaration, Expr, ExprId, ExprKind, Name, Number, Statement, StatementKind, Storage,
    TypeExpr,
};
pub use lexer::{Token, TokenKind, lex};
pub use parser::{Parsed, parse};

/// Longest program, in bytes.
pub const MOST_TEXT_BYTES: usize = 256 * 1024;
