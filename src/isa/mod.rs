//! What the machine is told: buffers in its memory and a list of instructions with explicit waiting.
//!
//! | instruction | unit | does |
//! |---|---|---|
//! | load weights | weight load | a tile of weights, row by row from above, into the shadow registers |
//! | multiply | matrix | streams activations through the tile loaded for it, sums into accumulators |
//! | vector | vector | accumulators or buffers, element by element, into a buffer |
//!
//! Each unit works through its own instructions in the order of the program; an instruction also waits for the
//! instructions it names. Loads and multiplies take turns: a multiply uses the tile of the load before it.

mod verify;

pub use verify::{Broken, verify};

use crate::base::{Arena, Id, Span};
use crate::num::{DType, Requant};

/// A program for the machine.
#[derive(Clone, Debug, Default)]
pub struct Program {
    /// Places in memory.
    pub buffers: Arena<Buffer>,
    /// Operators that the instructions belong to, in the order of their first instruction.
    pub ops: Arena<ProgramOp>,
    /// What to do.
    pub instructions: Arena<Instruction>,
}

/// Names a buffer.
pub type BufferId = Id<Buffer>;
/// Names an operator of the program.
pub type ProgramOpId = Id<ProgramOp>;
/// Names an instruction, and the event that it signals when it is done.
pub type InstructionId = Id<Instruction>;

/// A place in the unified buffer (or, for weights, in the memory behind the weight FIFO).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Buffer {
    /// For people.
    pub name: String,
    /// Of its elements.
    pub dtype: DType,
    /// Elements.
    pub len: usize,
}

/// What the user knows a group of instructions by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProgramOp {
    /// The name of the result.
    pub name: String,
    /// Where it is written in the program's text.
    pub span: Span,
}

/// One thing to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instruction {
    /// Whose work it is.
    pub op: ProgramOpId,
    /// The work.
    pub work: Work,
    /// Instructions whose events it waits for; all of them stand before it.
    pub waits: Vec<InstructionId>,
}

/// Kinds of instructions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Work {
    /// Load a tile of weights, at most R x C; what it does not cover holds 0.
    LoadWeights {
        /// i8, rows of k by columns of n.
        tile: Window,
    },
    /// Stream activations through the array.
    Multiply {
        /// i8, M rows by as many columns of k as the tile has rows.
        activations: Window,
        /// Columns of the result.
        cols: usize,
        /// First of M accumulator rows.
        accumulator: usize,
        /// Whether sums are added to what is there, or replace it.
        sums: Sums,
    },
    /// Elementwise work and reductions along rows.
    Vector {
        /// What it reads.
        source: VectorSource,
        /// What it does to each element, in order.
        steps: Vec<VectorStep>,
        /// Where it writes.
        target: Window,
    },
}

/// What happens to an accumulator when a sum arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sums {
    /// First part of K: the sum replaces what was there.
    Begin,
    /// A further part of K: the sum is added.
    Add,
}

/// A matrix within a buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Which buffer.
    pub buffer: BufferId,
    /// Its first element.
    pub offset: usize,
    /// From one row to the next; 0 repeats one row.
    pub stride: usize,
    /// Rows.
    pub rows: usize,
    /// Columns.
    pub cols: usize,
}

impl Window {
    /// Place of an element in its buffer.
    pub fn at(&self, row: usize, col: usize) -> usize {
        self.offset + row * self.stride + col
    }

    /// Number of elements.
    pub fn elements(&self) -> usize {
        self.rows * self.cols
    }
}

/// What a vector instruction reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VectorSource {
    /// Accumulator rows.
    Accumulators {
        /// First row.
        row: usize,
        /// Rows.
        rows: usize,
        /// Columns, from column 0.
        cols: usize,
    },
    /// A buffer.
    Buffer(Window),
}

impl VectorSource {
    /// Rows and columns.
    pub fn extents(&self) -> (usize, usize) {
        match self {
            VectorSource::Accumulators { rows, cols, .. } => (*rows, *cols),
            VectorSource::Buffer(window) => (window.rows, window.cols),
        }
    }
}

/// One operation on every element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VectorStep {
    /// Add the element of a window of the same extents.
    Add(Window),
    /// To 8 bits.
    Requant(Requant),
    /// What is below 0 becomes 0.
    Relu,
    /// Column of each row's greatest element. Only as the last step; the target has one column.
    ArgMax,
}

impl VectorStep {
    /// Cycles for each lane's element (MACHINE.md section 2: all of these cost 1; assumed there).
    pub const COST: u64 = 1;
}
