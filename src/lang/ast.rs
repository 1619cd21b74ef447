//! The syntax tree. Expressions lie in an arena, each after those it is made of, so that no walk needs recursion.

use crate::base::{Arena, Id, Span};

/// A program as written.
#[derive(Clone, Debug, Default)]
pub struct Ast {
    /// Every expression; operands come before what uses them.
    pub exprs: Arena<Expr>,
    /// In the order of the text.
    pub statements: Vec<Statement>,
}

/// Names an expression.
pub type ExprId = Id<Expr>;

/// A word chosen by the user, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// The word.
    pub text: String,
    /// Where.
    pub span: Span,
}

/// A whole number, and where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Number {
    /// Its value; what is too large for 64 bits is the greatest or least value.
    pub value: i64,
    /// Where.
    pub span: Span,
}

/// One line's work.
#[derive(Clone, Debug)]
pub struct Statement {
    /// What it does.
    pub kind: StatementKind,
    /// From its first token to its last.
    pub span: Span,
}

/// Kinds of statements.
#[derive(Clone, Debug)]
pub enum StatementKind {
    /// `input x : i8[8, 64] = load("x.npy")`
    Declare(Declaration),
    /// `h = ...`
    Let {
        /// The new name.
        name: Name,
        /// Its value.
        value: ExprId,
    },
    /// `output ...`
    Output {
        /// What is put out.
        value: ExprId,
    },
    /// A definition that could not be read: the name exists, so that its uses are not errors too.
    Broken {
        /// The new name.
        name: Name,
    },
    /// An `output` that could not be read: it was meant to be one.
    BrokenOutput,
}

/// A tensor that comes from outside.
#[derive(Clone, Debug)]
pub struct Declaration {
    /// Input or weight.
    pub storage: Storage,
    /// Its name.
    pub name: Name,
    /// Its type.
    pub ty: TypeExpr,
    /// Path in `load("...")`; without one, values are made from the name.
    pub load: Option<Name>,
}

/// What a declared tensor is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Storage {
    /// Changes from run to run.
    Input,
    /// Fixed: part of the program.
    Weight,
}

/// `i8[8, 64]`, not yet checked.
#[derive(Clone, Debug)]
pub struct TypeExpr {
    /// The word before the bracket.
    pub dtype: Name,
    /// The numbers in it.
    pub dims: Vec<Number>,
    /// All of it.
    pub span: Span,
}

/// A value.
#[derive(Clone, Debug)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Where it is written.
    pub span: Span,
}

/// Kinds of expressions.
#[derive(Clone, Debug)]
pub enum ExprKind {
    /// A tensor by name.
    Name(String),
    /// A whole number: only as an argument.
    Number(i64),
    /// `a @ b`
    MatMul(ExprId, ExprId),
    /// `a + b`
    Add(ExprId, ExprId),
    /// `relu(x)`
    Call {
        /// The function.
        function: Name,
        /// What it is given.
        arguments: Vec<Argument>,
    },
}

/// `x` or `shift=7` in a call.
#[derive(Clone, Debug)]
pub struct Argument {
    /// The word before `=`, if there is one.
    pub name: Option<Name>,
    /// The value.
    pub value: ExprId,
}
