//! Workload text to a syntax tree. Parsing never fails: it yields a tree of what could be understood, and diagnostics.
//!
//! ```text
//! program     = { statement line-end }
//! statement   = declaration | size | function | repeat | value | "output" expr
//! declaration = ("input" | "weight") NAME ":" type [ "sparse" "[" expr ":" expr "]" ] [ "=" "load" "(" STRING ")" ]
//! size        = "size" NAME "=" expr
//! function    = "fn" NAME "(" [ parameter { "," parameter } [ "," ] ] ")" "{" { line line-end } "}"
//! parameter   = NAME [ ":" type ]
//! line        = declaration of a weight | size | repeat | value | "return" expr { "," expr }
//! repeat      = "repeat" expr [ "as" NAME ] "{" { step line-end } "}"
//! step        = declaration of a weight | size | repeat | value | NAME "[" expr "]" "=" expr
//! value       = NAME { "," NAME } "=" expr [ "with" NAME "=" expr { "," NAME "=" expr } ]
//! type        = DTYPE "[" expr { "," expr } "]"
//! expr        = product { ("+" | "-") product }
//! product     = signed { ("@" | "*" | "/" | "//" | "%") signed }
//! signed      = "-" signed | part
//! part        = atom { "[" cut { "," cut } "]" | "." NAME }
//! cut         = expr | [ expr ] ":" [ expr ] [ ":" [ expr ] ] | "..."
//! atom        = NAME | INTEGER | REAL | STRING | "[" [ expr { "," expr } [ "," ] ] "]" | "(" expr ")"
//!             | NAME "(" [ argument { "," argument } [ "," ] ] ")"
//! argument    = [ NAME "=" ] expr
//! ```
//!
//! A comment runs from `#` to the end of its line. Within brackets a statement may go on over several lines.

mod ast;
mod format;
mod lexer;
mod parser;

pub use ast::{
    Argument, Ast, BinaryOp, Declaration, Dim, Expr, ExprId, ExprKind, Function, Name, Parameter, Part,
    Repeat, SparseExpr, Statement, StatementKind, Storage, TypeExpr,
};
pub use format::format;
pub use lexer::{Token, TokenKind, lex};
pub use parser::{Parsed, parse};

/// Longest program, in bytes.
pub const MOST_TEXT_BYTES: usize = 256 * 1024;
