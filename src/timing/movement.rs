//! How many words move, by whose they are and what they move through (MACHINE.md section 3): for one pass in closed
//! form, to which the register stepper's own counts are held. From these energy is computed.

use std::ops::{Add, AddAssign, Mul};

use super::{Sides, Stream};
use crate::chip::Stationary;
use crate::num::Sparsity;

/// Whose words they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The left operand of a product.
    Activations,
    /// The right one.
    Weights,
    /// Sums of products, until the vector unit has read them.
    Sums,
    /// What the vector unit reads and writes besides: biases, results.
    Vectors,
}

impl Role {
    /// Every role.
    pub const ALL: [Role; 4] = [Role::Activations, Role::Weights, Role::Sums, Role::Vectors];

    /// As in reports.
    pub fn name(self) -> &'static str {
        match self {
            Role::Activations => "activations",
            Role::Weights => "weights",
            Role::Sums => "sums",
            Role::Vectors => "vectors",
        }
    }
}

/// What words move through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Path {
    /// Bytes, not words, out of DRAM: what its bus moves.
    DramReads,
    /// Bytes into it.
    DramWrites,
    /// Out of a unified buffer.
    BufferReads,
    /// Into it.
    BufferWrites,
    /// Out of a weight FIFO into the array.
    FifoReads,
    /// From a PE to its neighbour: activations to the right, weights and sums down, drain chains included.
    Hops,
    /// Into a register of a PE.
    RegisterWrites,
    /// Sums that arrive in the accumulators.
    AccumulatorWrites,
    /// Sums that are read there to be added to.
    AccumulatorReadBacks,
    /// Sums that the vector unit reads there.
    AccumulatorReads,
}

impl Path {
    /// Every path, from DRAM to the accumulators.
    pub const ALL: [Path; 10] = [
        Path::DramReads,
        Path::DramWrites,
        Path::BufferReads,
        Path::BufferWrites,
        Path::FifoReads,
        Path::Hops,
        Path::RegisterWrites,
        Path::AccumulatorWrites,
        Path::AccumulatorReadBacks,
        Path::AccumulatorReads,
    ];

    /// As in reports.
    pub fn name(self) -> &'static str {
        match self {
            Path::DramReads => "dram_read_bytes",
            Path::DramWrites => "dram_written_bytes",
            Path::BufferReads => "unified_buffer_reads",
            Path::BufferWrites => "unified_buffer_writes",
            Path::FifoReads => "fifo_reads",
            Path::Hops => "hops",
            Path::RegisterWrites => "register_writes",
            Path::AccumulatorWrites => "accumulator_writes",
            Path::AccumulatorReadBacks => "accumulator_read_backs",
            Path::AccumulatorReads => "accumulator_reads",
        }
    }

    /// For people.
    pub fn title(self) -> &'static str {
        match self {
            Path::DramReads => "DRAM read, bytes",
            Path::DramWrites => "DRAM written, bytes",
            Path::BufferReads => "buffer reads",
            Path::BufferWrites => "buffer writes",
            Path::FifoReads => "FIFO reads",
            Path::Hops => "hops",
            Path::RegisterWrites => "register writes",
            Path::AccumulatorWrites => "sums arrive",
            Path::AccumulatorReadBacks => "sums read back",
            Path::AccumulatorReads => "sums read",
        }
    }
}

/// Words moved, by role and path.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Movement([[u64; Path::ALL.len()]; Role::ALL.len()]);

impl Movement {
    /// Words of a role on a path.
    pub fn of(&self, role: Role, path: Path) -> u64 {
        self.0[role as usize][path as usize]
    }

    /// Counts more of them.
    pub fn count(&mut self, role: Role, path: Path, words: u64) {
        self.0[role as usize][path as usize] += words;
    }

    /// The same of the transposed product: activations and weights change places.
    pub fn transposed(mut self) -> Movement {
        self.0.swap(Role::Activations as usize, Role::Weights as usize);
        self
    }

    fn zip(mut self, other: &Movement, of: impl Fn(u64, u64) -> u64) -> Movement {
        let (mine, theirs) = (self.0.as_flattened_mut(), other.0.as_flattened());
        mine.iter_mut().zip(theirs).for_each(|(mine, theirs)| *mine = of(*mine, *theirs));
        self
    }
}

/// All words moved, and those among them that are padding: operands of rows and columns that a tile does not use, and
/// the sums made of nothing else.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moves {
    /// Every word, padding included.
    pub all: Movement,
    /// Padding alone.
    pub padding: Movement,
}

impl Moves {
    /// The same of the transposed product.
    pub fn transposed(self) -> Moves {
        Moves { all: self.all.transposed(), padding: self.padding.transposed() }
    }
}

impl Add for Moves {
    type Output = Moves;
    fn add(self, other: Moves) -> Moves {
        let sum = |a, b| a + b;
        Moves { all: self.all.zip(&other.all, sum), padding: self.padding.zip(&other.padding, sum) }
    }
}

impl AddAssign for Moves {
    fn add_assign(&mut self, other: Moves) {
        *self = *self + other;
    }
}

impl Mul<u64> for Moves {
    type Output = Moves;
    fn mul(self, times: u64) -> Moves {
        let more = |a, _| a * times;
        Moves { all: self.all.zip(&self.all, more), padding: self.padding.zip(&self.padding, more) }
    }
}

/// What of an array a pass uses, and what becomes of its sums.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// Rows of the array that are not padding: rows of k where weights stay, rows of m where sums stay.
    pub rows: usize,
    /// Columns that are not padding.
    pub cols: usize,
    /// What its sums find in the accumulators.
    pub sums: Sums,
    /// Where weights are skipped: what comes along its rows.
    pub groups: Option<Groups>,
}

/// Activations that come in groups, of which each PE takes one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Groups {
    /// A group of m for every n rows.
    pub of: Sparsity,
    /// Rows of k that are not padding.
    pub k: usize,
}

impl Groups {
    /// Words of a step that are read, and those that rows of PEs pass on: each of a group's rows passes on all of it.
    fn words(self, rows: u64) -> [u64; 2] {
        let (k, of, kept) = (self.k as u64, self.of.of() as u64, self.of.kept() as u64);
        let whole = k / of * kept;
        [k, whole * of + (rows - whole) * (k % of)]
    }
}

/// What the accumulators do when a sum arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sums {
    /// They take it.
    Replace,
    /// They read back what stands there, and add it.
    Add,
}

impl Part {
    /// The whole array, sums replacing what was there.
    pub fn whole(sides: Sides) -> Part {
        Part { rows: sides.rows, cols: sides.cols, sums: Sums::Replace, groups: None }
    }
}

/// Words that one pass moves through the array and into the accumulators.
pub fn of_pass(sides: Sides, stationary: Stationary, stream: &Stream, part: Part) -> Moves {
    let count = |part: Part| match stationary {
        Stationary::Weights => weights_stay(sides, stream, part),
        Stationary::Sums => sums_stay(sides, stream, part),
    };
    let groups = part.groups.map(|groups| Groups { k: groups.of.covered(sides.rows), ..groups });
    let (all, used) = (count(Part { groups, sums: part.sums, ..Part::whole(sides) }), count(part));
    Moves { all, padding: all.zip(&used, |all, used| all - used) }
}

/// Words of `part`'s rows and columns, on their way through all of the array.
fn weights_stay(sides: Sides, stream: &Stream, part: Part) -> Movement {
    let [m, rows, cols] = [stream.length, sides.rows, sides.cols].map(|side| side as u64);
    let (r, c) = (part.rows as u64, part.cols as u64);
    let tile = r * c;
    let mut moved = Movement::default();
    let [read, along] = part.groups.map_or([r; 2], |groups| groups.words(r));
    moved.count(Role::Activations, Path::BufferReads, m * read);
    moved.count(Role::Activations, Path::Hops, m * along * (cols - 1));
    moved.count(Role::Activations, Path::RegisterWrites, m * along * cols);
    moved.count(Role::Weights, Path::FifoReads, tile);
    moved.count(Role::Weights, Path::Hops, c * below(r));
    // Hops of the bus with the one in which a weight lands, shadow and active registers.
    moved.count(Role::Weights, Path::RegisterWrites, c * (below(r) + r) + 2 * tile);
    moved.count(Role::Sums, Path::Hops, m * c * (rows - 1));
    moved.count(Role::Sums, Path::RegisterWrites, m * c * rows);
    accumulate(&mut moved, part.sums, m * c);
    moved
}

/// As above: a sum is used where its row and its column are.
fn sums_stay(sides: Sides, stream: &Stream, part: Part) -> Movement {
    let [k, rows, cols] = [stream.length, sides.rows, sides.cols].map(|side| side as u64);
    let (r, c) = (part.rows as u64, part.cols as u64);
    let sums = r * c;
    // Row i's sum has R - 1 - i registers below it.
    let drain_hops = c * (below(rows) - below(rows - r));
    let mut moved = Movement::default();
    moved.count(Role::Activations, Path::BufferReads, k * r);
    moved.count(Role::Activations, Path::Hops, k * r * (cols - 1));
    moved.count(Role::Activations, Path::RegisterWrites, k * r * cols);
    moved.count(Role::Weights, Path::BufferReads, k * c);
    moved.count(Role::Weights, Path::Hops, k * c * (rows - 1));
    moved.count(Role::Weights, Path::RegisterWrites, k * c * rows);
    moved.count(Role::Sums, Path::Hops, drain_hops);
    // Once a cycle of work; in the drain registers as sums become final and as they move.
    moved.count(Role::Sums, Path::RegisterWrites, sums * stream.entry_cycles() + sums + drain_hops);
    accumulate(&mut moved, part.sums, sums);
    moved
}

fn accumulate(moved: &mut Movement, sums: Sums, words: u64) {
    moved.count(Role::Sums, Path::AccumulatorWrites, words);
    if sums == Sums::Add {
        moved.count(Role::Sums, Path::AccumulatorReadBacks, words);
    }
}

/// `0 + 1 + ... + (n-1)`
fn below(n: u64) -> u64 {
    n * n.saturating_sub(1) / 2
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Ratio;

    /// By hand: 3 rows through 2 x 2, of which one row of k and both columns are used.
    #[test]
    fn a_small_pass_by_hand() {
        let stream = Stream { start: 0, length: 3, rate: Ratio::ONE };
        let part = Part { rows: 1, cols: 2, sums: Sums::Add, groups: None };
        let moves = of_pass(Sides { rows: 2, cols: 2 }, Stationary::Weights, &stream, part);
        let table = |counts: &[(Role, Path, u64)]| {
            let mut table = Movement::default();
            counts.iter().for_each(|(role, path, words)| table.count(*role, *path, *words));
            table
        };
        let all = table(&[
            (Role::Activations, Path::BufferReads, 6),
            (Role::Activations, Path::Hops, 6),
            (Role::Activations, Path::RegisterWrites, 12),
            (Role::Weights, Path::FifoReads, 4),
            (Role::Weights, Path::Hops, 2),
            (Role::Weights, Path::RegisterWrites, 6 + 8),
            (Role::Sums, Path::Hops, 6),
            (Role::Sums, Path::RegisterWrites, 12),
            (Role::Sums, Path::AccumulatorWrites, 6),
            (Role::Sums, Path::AccumulatorReadBacks, 6),
        ]);
        let padding = table(&[
            (Role::Activations, Path::BufferReads, 3),
            (Role::Activations, Path::Hops, 3),
            (Role::Activations, Path::RegisterWrites, 6),
            (Role::Weights, Path::FifoReads, 2),
            (Role::Weights, Path::Hops, 2),
            (Role::Weights, Path::RegisterWrites, 4 + 4),
        ]);
        assert_eq!(moves, Moves { all, padding });
    }
}
