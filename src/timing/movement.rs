//! How many words move for one pass, by what they move through (MACHINE.md section 3): closed forms, to which the
//! register stepper's own counts are held. From these energy is computed.

use std::ops::{Add, AddAssign};

use super::{Sides, Stream};
use crate::chip::Stationary;

/// Words moved, by kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Movement {
    /// Operands that enter the array from the unified buffer: activations, and weights where sums stay.
    pub unified_buffer_reads: u64,
    /// Weights that enter the array from the weight FIFO.
    pub fifo_reads: u64,
    /// Activations from a PE to its right neighbour.
    pub activation_hops: u64,
    /// Partial sums from a PE to the one below.
    pub sum_hops: u64,
    /// Weights from a PE to the one below: on the bus, or streaming where sums stay.
    pub weight_hops: u64,
    /// Final sums from a drain register to the one below.
    pub drain_hops: u64,
    /// Registers of PEs that take a word.
    pub register_writes: u64,
    /// Sums that arrive in the accumulators.
    pub accumulator_writes: u64,
    /// Sums that are read back there, to be added to.
    pub accumulator_read_backs: u64,
}

impl Add for Movement {
    type Output = Movement;

    fn add(self, other: Movement) -> Movement {
        Movement {
            unified_buffer_reads: self.unified_buffer_reads + other.unified_buffer_reads,
            fifo_reads: self.fifo_reads + other.fifo_reads,
            activation_hops: self.activation_hops + other.activation_hops,
            sum_hops: self.sum_hops + other.sum_hops,
            weight_hops: self.weight_hops + other.weight_hops,
            drain_hops: self.drain_hops + other.drain_hops,
            register_writes: self.register_writes + other.register_writes,
            accumulator_writes: self.accumulator_writes + other.accumulator_writes,
            accumulator_read_backs: self.accumulator_read_backs + other.accumulator_read_backs,
        }
    }
}

impl AddAssign for Movement {
    fn add_assign(&mut self, other: Movement) {
        *self = *self + other;
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

impl Add for Moves {
    type Output = Moves;

    fn add(self, other: Moves) -> Moves {
        Moves { all: self.all + other.all, padding: self.padding + other.padding }
    }
}

impl AddAssign for Moves {
    fn add_assign(&mut self, other: Moves) {
        *self = *self + other;
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
        Part { rows: sides.rows, cols: sides.cols, sums: Sums::Replace }
    }
}

/// Words that one pass moves.
pub fn of_pass(sides: Sides, stationary: Stationary, stream: &Stream, part: Part) -> Moves {
    let count = |rows, cols| match stationary {
        Stationary::Weights => weights_stay(sides, stream, Part { rows, cols, ..part }),
        Stationary::Sums => sums_stay(sides, stream, Part { rows, cols, ..part }),
    };
    let (all, used) = (count(sides.rows, sides.cols), count(part.rows, part.cols));
    Moves { all, padding: without(all, used) }
}

/// Words of `part`'s rows and columns, on their way through all of the array.
fn weights_stay(sides: Sides, stream: &Stream, part: Part) -> Movement {
    let [m, rows, cols] = [stream.length, sides.rows, sides.cols].map(|side| side as u64);
    let (r, c) = (part.rows as u64, part.cols as u64);
    let tile = r * c;
    Movement {
        unified_buffer_reads: m * r,
        fifo_reads: tile,
        activation_hops: m * r * (cols - 1),
        sum_hops: m * c * (rows - 1),
        weight_hops: c * below(r),
        drain_hops: 0,
        // Activations, partial sums, hops of the bus with the one in which a weight lands, shadow and active weights.
        register_writes: m * r * cols + m * c * rows + c * (below(r) + r) + 2 * tile,
        accumulator_writes: m * c,
        accumulator_read_backs: read_back(part.sums, m * c),
    }
}

/// As above: a sum is used where its row and its column are.
fn sums_stay(sides: Sides, stream: &Stream, part: Part) -> Movement {
    let [k, rows, cols] = [stream.length, sides.rows, sides.cols].map(|side| side as u64);
    let (r, c) = (part.rows as u64, part.cols as u64);
    let sums = r * c;
    // Row i's sum has R - 1 - i registers below it.
    let drain_hops = c * (below(rows) - below(rows - r));
    Movement {
        unified_buffer_reads: k * r + k * c,
        fifo_reads: 0,
        activation_hops: k * r * (cols - 1),
        sum_hops: 0,
        weight_hops: k * c * (rows - 1),
        drain_hops,
        // Activations, weights, sums once a cycle of work, drain registers as sums become final and as they move.
        register_writes: k * r * cols + k * c * rows + sums * stream.entry_cycles() + sums + drain_hops,
        accumulator_writes: sums,
        accumulator_read_backs: read_back(part.sums, sums),
    }
}

/// `0 + 1 + ... + (n-1)`
fn below(n: u64) -> u64 {
    n * n.saturating_sub(1) / 2
}

fn read_back(sums: Sums, words: u64) -> u64 {
    match sums {
        Sums::Replace => 0,
        Sums::Add => words,
    }
}

fn without(all: Movement, part: Movement) -> Movement {
    Movement {
        unified_buffer_reads: all.unified_buffer_reads - part.unified_buffer_reads,
        fifo_reads: all.fifo_reads - part.fifo_reads,
        activation_hops: all.activation_hops - part.activation_hops,
        sum_hops: all.sum_hops - part.sum_hops,
        weight_hops: all.weight_hops - part.weight_hops,
        drain_hops: all.drain_hops - part.drain_hops,
        register_writes: all.register_writes - part.register_writes,
        accumulator_writes: all.accumulator_writes - part.accumulator_writes,
        accumulator_read_backs: all.accumulator_read_backs - part.accumulator_read_backs,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Ratio;

    /// By hand: 3 rows through 2 x 2, of which one row of k and both columns are used.
    #[test]
    fn a_small_pass_by_hand() {
        let stream = Stream { start: 0, length: 3, rate: Ratio::ONE };
        let part = Part { rows: 1, cols: 2, sums: Sums::Add };
        let moves = of_pass(Sides { rows: 2, cols: 2 }, Stationary::Weights, &stream, part);
        let all = Movement {
            unified_buffer_reads: 6,
            fifo_reads: 4,
            activation_hops: 6,
            sum_hops: 6,
            weight_hops: 2,
            drain_hops: 0,
            register_writes: 12 + 12 + 6 + 8,
            accumulator_writes: 6,
            accumulator_read_backs: 6,
        };
        let padding = Movement {
            unified_buffer_reads: 3,
            fifo_reads: 2,
            activation_hops: 3,
            weight_hops: 2,
            register_writes: 6 + 4 + 4,
            ..Movement::default()
        };
        assert_eq!(moves, Moves { all, padding });
    }
}
