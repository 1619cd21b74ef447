//! What the machine is told: buffers in its memories and a program of instructions and loops, with explicit waiting.
//!
//! | instruction | unit | does |
//! |---|---|---|
//! | `read`, `write`, `host` | DMA in, DMA out, host | copies a window of one memory to a window of another; its rows may be chosen by numbers in memory |
//! | `fetch` | weight fetch | a tile from DRAM or the unified buffer into the unit's weight FIFO |
//! | `load` | weight load | the FIFO's oldest tile, row by row from above, into the shadow registers |
//! | `multiply` | matrix | streams rows through the tile that was loaded for it; sums go to accumulators |
//! | `contract` | matrix | streams both operands, where sums stay; they drain to accumulators |
//! | `vector` | vector | accumulators or a buffer, row by row, through some steps, into a buffer |
//!
//! Each unit works through its own instructions in the order of the program, at its own pace. An instruction may signal
//! events when it is done, and wait for events: a wait names an event and how many of its signals it may be behind,
//! counted among those that stand before the instruction, or before a loop around it, in the program with all loops
//! unrolled. A wait for a signal from before the first one is none. So an instruction never waits for a later one; what can still deadlock is a full FIFO or
//! queue, and [`crate::sim`] finds that out.
//!
//! What streams, and what stays, may be windows of images ([`Patches`]): a convolution is a product of these.
//!
//! The k-th multiply of a unit uses the tile of its k-th load, which is the tile of its k-th fetch.

mod assembly;
pub mod binary;
mod order;
mod patches;
mod size;
pub mod text;
mod verify;

pub use assembly::{Assembly, Given};
pub use order::{Count, LoopEnd, Order, Step, Walk, Watched, Way};
pub use patches::{Factor, Image, Patches};
pub use size::is_too_large;
pub use text::LOOPS as LOOP_NAMES;
pub use verify::{Broken, Culprit, broken_rules, verify};

use crate::base::{Arena, Bytes, Id, Span};
use crate::chip::Chip;
use crate::num::{DType, Operation, Sparsity, stored_bytes};

/// A program for the machine.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Program {
    /// Places in memory.
    pub buffers: Arena<Buffer>,
    /// Operators that the instructions belong to, in the order of their first instruction.
    pub ops: Arena<ProgramOp>,
    /// What instructions signal.
    pub events: Arena<Event>,
    /// What to do; each stands once in the body or in a loop.
    pub instructions: Arena<Instruction>,
    /// What to do several times; each stands once in the body or in another loop.
    pub loops: Arena<Loop>,
    /// In this order.
    pub body: Vec<Node>,
}

/// Names a buffer.
pub type BufferId = Id<Buffer>;
/// Names an operator of the program.
pub type ProgramOpId = Id<ProgramOp>;
/// Names an event.
pub type EventId = Id<Event>;
/// Names an instruction.
pub type InstructionId = Id<Instruction>;
/// Names a loop.
pub type LoopId = Id<Loop>;

/// No number of a program is greater: of elements and their distances in buffers.
pub const MOST_NUMBER: u64 = 1 << 48;
/// No place in a memory is further on.
pub const MOST_BYTES: Bytes = 1 << 48;
/// Loops within each other, at most.
pub const MOST_DEPTH: usize = 12;
/// By depth, outermost first: the iteration of each loop around an instruction, from 0.
pub type Iteration = [u32; MOST_DEPTH];

/// A place in memory. Its elements are those of a whole tensor, each written with one value only during a run, so that
/// any cycle can be looked at after the run; the memory itself may hold fewer of them at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Buffer {
    /// For people.
    pub name: String,
    /// Of its elements.
    pub dtype: DType,
    /// Elements of the whole tensor.
    pub len: u64,
    /// Where it lies.
    pub space: Space,
    /// Where it begins there. Buffers that are never in use at the same time may share a place.
    pub address: Bytes,
    /// What it takes of that memory.
    pub held_bytes: Bytes,
}

/// A memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Space {
    /// The chip's DRAM.
    Dram,
    /// A core's unified buffer.
    Unified(u32),
}

/// What the user knows a group of instructions by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProgramOp {
    /// The name of the result.
    pub name: String,
    /// Where it is written in the program's text.
    pub span: Span,
}

/// Counts how often something was done. All its signals come from one unit, hence in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// For people.
    pub name: String,
}

/// A piece of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Node {
    /// One instruction.
    Do(InstructionId),
    /// A loop.
    Repeat(LoopId),
}

/// Does its body a number of times.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loop {
    /// How often, at least once.
    pub count: u32,
    /// What.
    pub body: Vec<Node>,
}

/// One thing to do.
#[derive(Clone, Debug, PartialEq)]
pub struct Instruction {
    /// Whose work it is.
    pub op: ProgramOpId,
    /// Who does it.
    pub unit: Unit,
    /// The work.
    pub work: Work,
    /// What must have been signalled before it starts.
    pub waits: Vec<Wait>,
    /// What it signals when it is done.
    pub signals: Vec<EventId>,
}

/// Who works.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unit {
    /// From DRAM to the unified buffer of a core.
    DmaIn(u32),
    /// From the unified buffer of a core to DRAM.
    DmaOut(u32),
    /// Between the host and DRAM or a unified buffer.
    Host,
    /// Into the weight FIFO of a matrix unit.
    Fetch(u32),
    /// From the FIFO into the array of a matrix unit.
    Load(u32),
    /// The array of a matrix unit.
    Matrix(u32),
    /// The vector unit of a core.
    Vector(u32),
}

/// A signal to wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    /// Of which event.
    pub event: EventId,
    /// 0 is the last one before the place it counts from, 1 the one before that.
    pub behind: u32,
    /// Where it counts from.
    pub from: From,
}

/// Where a wait counts from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum From {
    /// The beginning of the loop at this depth around the instruction, as it was entered last: what happens within it
    /// does not count.
    Loop(usize),
    /// The instruction itself.
    Here,
}

/// Kinds of instructions.
#[derive(Clone, Debug, PartialEq)]
pub enum Work {
    /// Copy between memories.
    Copy {
        /// What is read.
        from: Window,
        /// Where it goes; of the same extents and dtype.
        to: Window,
        /// Whether each row lies somewhere else, and costs whole bursts.
        rows: RowsAre,
    },
    /// Fetch a tile, at most R x C, or as many rows as the array's stand for; what it does not cover holds 0.
    Fetch {
        /// Rows of k by columns.
        tile: Factor,
        /// How it lies in DRAM, if packed: of every m rows of a column the first n that are not 0, each with its place among them.
        packed: Option<Sparsity>,
    },
    /// Load the FIFO's oldest tile.
    Load,
    /// Stream rows through the loaded tile.
    Multiply {
        /// M rows by as many columns of k as the tile has rows.
        streamed: Factor,
        /// Of the tile.
        tile: DType,
        /// Columns of the result, as many as the tile has.
        cols: usize,
        /// As the tile was fetched.
        packed: Option<Sparsity>,
        /// Where the sums go.
        sums: Sums,
    },
    /// Stream both operands, sums staying in the PEs.
    Contract {
        /// At most R rows of the result by K.
        activations: Factor,
        /// K by at most C columns of the result.
        weights: Window,
        /// Where the sums go.
        sums: Sums,
    },
    /// Work on elements and along rows.
    Vector {
        /// What it reads.
        source: VectorSource,
        /// What it does to each row, in order.
        steps: Vec<VectorStep>,
        /// Where it writes. Rows of its buffer are as far apart as its own, and counted from 0: a mask asks for their numbers.
        target: Window,
    },
}

/// How the rows of a copy lie in DRAM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowsAre {
    /// As a block: its bytes count.
    Together,
    /// Each by itself: whole bursts count.
    Gathered,
    /// As [`RowsAre::Gathered`], and found by numbers in memory: row `i` of what is written is the row of what is read whose
    /// number stands in row `i` of `places`, or the nearest one that there is.
    Chosen {
        /// A column of numbers in the unified buffer, one for each row.
        places: Window,
        /// Rows of what is read.
        of: usize,
    },
}

/// Where sums go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sums {
    /// The accumulators.
    pub rows: SumRows,
    /// Whether they replace what is there.
    pub mode: SumMode,
}

/// A block of accumulator rows. It moves around a ring of them as loops go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SumRows {
    /// Its first row in the first iteration of all loops.
    pub first: usize,
    /// By depth of the loops around it: how far it moves with each iteration.
    pub advance: [usize; MOST_DEPTH],
    /// Rows of the ring.
    pub ring: usize,
}

impl SumRows {
    /// Its first row in an iteration.
    pub fn in_iteration(&self, iteration: &Iteration) -> usize {
        let moved = self.advance.iter().zip(iteration).map(|(step, index)| *step as u64 * u64::from(*index));
        ((self.first as u64 + moved.sum::<u64>()) % self.ring as u64) as usize
    }
}

/// What happens to an accumulator when a sum arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SumMode {
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
    /// Its first element in the first iteration of all loops.
    pub offset: u64,
    /// From one row to the next; 0 repeats one row.
    pub row_stride: u64,
    /// From one column to the next.
    pub col_stride: u64,
    /// Rows.
    pub rows: usize,
    /// Columns.
    pub cols: usize,
    /// By depth of the loops around it: how far it moves with each iteration, on or back.
    pub advance: [i64; MOST_DEPTH],
}

/// A place that moves with loops, in an iteration of them.
fn moved(place: u64, advance: &[i64; MOST_DEPTH], iteration: &Iteration) -> u64 {
    let moved = advance.iter().zip(iteration).map(|(step, index)| step * i64::from(*index));
    place.wrapping_add_signed(moved.sum())
}

impl Window {
    /// Place of an element in its buffer, in the first iteration of all loops.
    pub fn at(&self, row: usize, col: usize) -> u64 {
        self.offset + row as u64 * self.row_stride + col as u64 * self.col_stride
    }

    /// Where it lies in an iteration.
    pub fn in_iteration(&self, iteration: &Iteration) -> Window {
        let offset = moved(self.offset, &self.advance, iteration);
        Window { offset, advance: [0; MOST_DEPTH], ..*self }
    }

    /// One of its rows, in the first iteration of all loops.
    pub fn row(&self, row: usize) -> Window {
        Window { offset: self.at(row, 0), rows: 1, ..*self }
    }

    /// One of its columns, in the first iteration of all loops.
    pub fn col(&self, col: usize) -> Window {
        Window { offset: self.at(0, col), cols: 1, ..*self }
    }

    /// Rows as columns.
    pub fn transposed(&self) -> Window {
        Window {
            row_stride: self.col_stride,
            col_stride: self.row_stride,
            rows: self.cols,
            cols: self.rows,
            ..*self
        }
    }

    /// Number of elements.
    pub fn elements(&self) -> usize {
        self.rows * self.cols
    }
}

/// What a vector instruction reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::large_enum_variant)] // programs are short, and what is copied need not be found
pub enum VectorSource {
    /// Sums of a matrix unit of the same core.
    Accumulators {
        /// Which.
        unit: u32,
        /// Of the sums: i32, or f32.
        dtype: DType,
        /// Where they lie.
        place: SumRows,
        /// Rows of the accumulators.
        rows: usize,
        /// Columns, from column 0.
        cols: usize,
        /// Input-stationary sums stand in the accumulators with the result's rows as columns.
        as_result: AsResult,
    },
    /// A buffer.
    Buffer(Window),
    /// Windows of images, channel by channel: for each row of the patches and each channel that their columns cover, a row of
    /// the window's elements.
    Patches(Patches, Padding),
}

/// What stands where an image has no element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Padding {
    /// 0
    Zero,
    /// The least number of the dtype.
    Least,
}

/// How accumulators become a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AsResult {
    /// Rows are rows.
    Straight,
    /// Rows are the result's columns.
    Transposed,
}

impl VectorSource {
    /// Rows and columns of the result.
    pub fn extents(&self) -> (usize, usize) {
        match self {
            VectorSource::Accumulators { rows, cols, as_result: AsResult::Straight, .. } => (*rows, *cols),
            VectorSource::Accumulators { rows, cols, as_result: AsResult::Transposed, .. } => (*cols, *rows),
            VectorSource::Buffer(window) => (window.rows, window.cols),
            VectorSource::Patches(patches, _) => {
                let taps = patches.image.taps();
                (patches.rows * (patches.cols / taps), taps)
            }
        }
    }
}

/// An operation on every row. Its operands are windows of the row's extents; one whose row or column is repeated has a stride
/// of 0.
pub type VectorStep = Operation<Window>;

impl Program {
    /// Bytes of memory up to the end of its last buffer there.
    pub fn in_memory(&self) -> Bytes {
        let there = self.buffers.iter().filter(|(_, buffer)| buffer.space == Space::Dram);
        there.map(|(_, buffer)| buffer.address.saturating_add(buffer.held_bytes)).fold(0, Bytes::max)
    }

    /// Bytes of what is stored of a tile of weights, an image's padding included.
    pub fn stored_bytes(&self, tile: &Factor, packed: Option<Sparsity>) -> Bytes {
        stored_bytes([tile.rows(), tile.cols()], packed, self.buffers[tile.buffer()].dtype)
    }

    /// Bytes of a window's elements.
    pub fn bytes(&self, window: &Window) -> Bytes {
        window.elements() as Bytes * self.buffers[window.buffer].dtype.bytes() as Bytes
    }
}

impl Unit {
    /// A key that sorts units as data goes through the chip.
    pub fn on_the_way(self) -> (u32, u32) {
        match self {
            Unit::Host => (0, 0),
            Unit::DmaIn(core) => (1, core),
            Unit::Fetch(unit) => (2, unit),
            Unit::Load(unit) => (3, unit),
            Unit::Matrix(unit) => (4, unit),
            Unit::Vector(core) => (5, core),
            Unit::DmaOut(core) => (6, core),
        }
    }

    /// How many instructions its queue holds; without bound if nothing.
    pub fn places(self, chip: &Chip) -> Option<usize> {
        let queues = &chip.queues;
        match self {
            Unit::DmaIn(_) | Unit::Host => queues.dma_in,
            Unit::DmaOut(_) => queues.dma_out,
            Unit::Fetch(_) => queues.weight_fetch,
            Unit::Load(_) => queues.weight_load,
            Unit::Matrix(_) => queues.matrix,
            Unit::Vector(_) => queues.vector,
        }
    }

    /// Its kind, for people.
    pub fn kind(self) -> &'static str {
        match self {
            Unit::DmaIn(_) => "DMA in",
            Unit::DmaOut(_) => "DMA out",
            Unit::Host => "host",
            Unit::Fetch(_) => "weight fetch",
            Unit::Load(_) => "weight load",
            Unit::Matrix(_) => "matrix",
            Unit::Vector(_) => "vector",
        }
    }

    /// Its kind and number, for people.
    pub fn name(self) -> String {
        match self {
            Unit::Host => self.kind().into(),
            _ => format!("{} {}", self.kind(), self.on_the_way().1),
        }
    }
}
