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

impl Ast {
    /// Every path that the program loads, those of its functions too.
    pub fn loads(&self) -> Vec<String> {
        fn within(statements: &[Statement], into: &mut Vec<String>) {
            for statement in statements {
                match &statement.kind {
                    StatementKind::Declare(declaration) => {
                        into.extend(declaration.load.as_ref().map(|path| path.text.clone()));
                    }
                    StatementKind::Function(function) => within(&function.body, into),
                    StatementKind::Repeat(repeat) => within(&repeat.body, into),
                    _ => {}
                }
            }
        }
        let mut loads = Vec::new();
        within(&self.statements, &mut loads);
        loads
    }
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

/// One line's work.
#[derive(Clone, Debug)]
pub struct Statement {
    /// What it does.
    pub kind: StatementKind,
    /// Its expressions in the arena: from the first one to the one behind the last. A function's are its statements'.
    pub exprs: (ExprId, ExprId),
    /// From its first token to its last.
    pub span: Span,
}

/// Kinds of statements.
#[derive(Clone, Debug)]
pub enum StatementKind {
    /// `input x : i8[8, 64] = load("x.npy")`
    Declare(Declaration),
    /// `size heads = 12`
    Size {
        /// The new name.
        name: Name,
        /// A whole number.
        value: ExprId,
    },
    /// `h = ...`, or `q, k = ...` of a function that returns as many.
    Let {
        /// The new names.
        names: Vec<Name>,
        /// Their value.
        value: ExprId,
        /// `with dataflow="os"`: how its products are to run.
        with: Vec<Argument>,
    },
    /// `hs[t] = h` within a `repeat`: behind it, `hs` is every iteration's `h`.
    Collect {
        /// The new name.
        name: Name,
        /// Which iteration.
        index: ExprId,
        /// What is collected.
        value: ExprId,
    },
    /// `repeat 12 as t { ... }`
    Repeat(Repeat),
    /// `fn layer(x, w) { ... }`
    Function(Function),
    /// `return ...`: only in a function.
    Return {
        /// What a call stands for.
        values: Vec<ExprId>,
    },
    /// `output ...`
    Output {
        /// What is put out.
        value: ExprId,
    },
    /// A definition that could not be read: the names exist, so that their uses are not errors too.
    Broken {
        /// The new names.
        names: Vec<Name>,
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
    /// `sparse[2:4]`: how it is pruned.
    pub sparse: Option<SparseExpr>,
    /// Path in `load("...")`; without one, values are made from the name.
    pub load: Option<Name>,
}

/// `sparse[2:4]`
#[derive(Clone, Copy, Debug)]
pub struct SparseExpr {
    /// How many rows of a group are not 0.
    pub kept: ExprId,
    /// Rows of a group.
    pub of: ExprId,
    /// All of it.
    pub span: Span,
}

/// What a declared tensor is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Storage {
    /// Changes from run to run.
    Input,
    /// Fixed: part of the program.
    Weight,
}

/// A piece of program with a name. A call stands for its statements, with the arguments in place of the parameters.
#[derive(Clone, Debug)]
pub struct Function {
    /// Its name.
    pub name: Name,
    /// What it is given.
    pub parameters: Vec<Parameter>,
    /// What it does.
    pub body: Vec<Statement>,
}

/// Lines that are done several times. Names from before that they give a new value are carried from one time to the next.
#[derive(Clone, Debug)]
pub struct Repeat {
    /// How often.
    pub count: ExprId,
    /// The expression behind `count`: the body's are from there on.
    pub head_end: ExprId,
    /// Number of the iteration, from 0.
    pub variable: Option<Name>,
    /// What is done.
    pub body: Vec<Statement>,
}

/// `x` or `x : i8[m, k]` in a function's head.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// Its name.
    pub name: Name,
    /// What it has to be: a name in its shape that stands for nothing yet becomes that extent.
    pub ty: Option<TypeExpr>,
}

/// `i8[8, 64]`, not yet checked.
#[derive(Clone, Debug)]
pub struct TypeExpr {
    /// The word before the bracket.
    pub dtype: Name,
    /// The extents in it.
    pub dims: Vec<Dim>,
    /// All of it.
    pub span: Span,
}

/// An extent in a type.
#[derive(Clone, Copy, Debug)]
pub struct Dim {
    /// The first of its expressions in the arena.
    pub first: ExprId,
    /// The last one, which is all of it.
    pub value: ExprId,
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
    /// A tensor or a size by name.
    Name(String),
    /// A whole number; what is too large for 64 bits is the greatest or least value.
    Number(i64),
    /// `0.5`, `1e-5`
    Real(f64),
    /// `"same"`
    Text(String),
    /// `[2, 2]`
    List(Vec<ExprId>),
    /// `x[0, 1:3, ...]`
    Index {
        /// What is cut.
        of: ExprId,
        /// By axis.
        parts: Vec<Part>,
    },
    /// `x.T`
    Member {
        /// What it belongs to.
        of: ExprId,
        /// The word behind the point.
        name: Name,
    },
    /// `a @ b` and the like.
    Binary(BinaryOp, ExprId, ExprId),
    /// `-a`
    Negate(ExprId),
    /// `relu(x)`
    Call {
        /// The function.
        function: Name,
        /// What it is given.
        arguments: Vec<Argument>,
    },
}

/// What is kept of an axis.
#[derive(Clone, Copy, Debug)]
pub enum Part {
    /// `2`: one, and the axis goes.
    At(ExprId),
    /// `1:9:2`
    Range {
        /// The first one.
        from: Option<ExprId>,
        /// The one behind the last.
        to: Option<ExprId>,
        /// From one to the next.
        step: Option<ExprId>,
    },
    /// `...`: all of the axes that are not named.
    Rest,
}

/// What stands between two expressions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BinaryOp {
    /// `@`
    MatMul,
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`
    Divide,
    /// `//`
    FloorDivide,
    /// `%`
    Remainder,
}

impl BinaryOp {
    /// As written.
    pub fn symbol(self) -> &'static str {
        match self {
            BinaryOp::MatMul => "@",
            BinaryOp::Add => "+",
            BinaryOp::Subtract => "-",
            BinaryOp::Multiply => "*",
            BinaryOp::Divide => "/",
            BinaryOp::FloorDivide => "//",
            BinaryOp::Remainder => "%",
        }
    }
}

/// `x` or `shift=7` in a call.
#[derive(Clone, Debug)]
pub struct Argument {
    /// The word before `=`, if there is one.
    pub name: Option<Name>,
    /// The value.
    pub value: ExprId,
}
