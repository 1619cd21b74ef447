//! MACHINE.md's rules as functions: when loads, streams and waves begin and end. Sizes in rows and columns of PEs,
//! times in cycles. `s` is the cycle in which a pass's first activation enters the array, `L` the one in which its
//! weight load begins, `M` its rows. [`Sides`] and [`Stream`] say the same for any dataflow and rate; the functions that
//! take a [`Chip`] are theirs for weights that stay and one row a cycle.

mod array;
pub mod movement;

pub use array::{Sides, Stream, lanes};

use crate::base::{Cycle, Ratio};
use crate::chip::{Chip, Stationary};

/// R and C of a chip's arrays.
pub fn sides(chip: &Chip) -> Sides {
    Sides { rows: chip.rows, cols: chip.cols }
}

/// Rows that stream at one a cycle.
fn stream(start: Cycle, rows: usize) -> Stream {
    Stream { start, length: rows, rate: Ratio::ONE }
}

/// Earliest load behind another pass, by the rule of the chip's weight buffers: `L' >= s` with two buffers,
/// `L' >= s + M + R + C - 2` with one (section 1.1). The load unit itself is busy for R cycles a load.
pub fn load_after(chip: &Chip, load: Cycle, start: Cycle, rows: usize) -> Cycle {
    sides(chip).load_after(chip.weights, load, &stream(start, rows))
}

/// `L + R`: the load unit is free, and the tile lands ahead of a wave that starts now (sections 1.1 and 2).
pub fn load_end(chip: &Chip, load: Cycle) -> Cycle {
    sides(chip).load_end(load)
}

/// `s + M`: the left edge is free for the next stream.
pub fn stream_end(start: Cycle, rows: usize) -> Cycle {
    stream(start, rows).end()
}

/// `s + M + R + C - 2`: one past the pass's last MAC, in PE(R-1, C-1).
pub fn wave_end(chip: &Chip, start: Cycle, rows: usize) -> Cycle {
    sides(chip).wave_end(&stream(start, rows))
}

/// `s + M + R + C - 1`: the last sum stands in its accumulator, and the matrix unit signals (section 2).
pub fn matrix_event(chip: &Chip, start: Cycle, rows: usize) -> Cycle {
    sides(chip).event(Stationary::Weights, &stream(start, rows))
}

/// `s + m + R + j`: the cycle in which row m of column j is added into its accumulator (section 1.1).
pub fn accumulated(chip: &Chip, start: Cycle, row: usize, col: usize) -> Cycle {
    sides(chip).accumulated(&stream(start, row + 1), row, col)
}

/// `ceil(elements / lanes) * cost`: cycles of the vector unit for an elementwise operation (section 2).
pub fn vector_cycles(chip: &Chip, elements: usize, cost: u64) -> Cycle {
    elements.div_ceil(chip.vector_lanes) as Cycle * cost
}

/// `ceil(log2(lanes))`: what a reduction adds at its end (section 2).
pub fn reduction_tail(chip: &Chip) -> Cycle {
    chip.vector_lanes.next_power_of_two().trailing_zeros().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Section 1.1: one pass alone takes 2R + C + M - 2 cycles; P equal passes R + (P-1) max(M, R) + M + R + C - 2.
    #[test]
    fn passes_follow_each_other_as_the_contract_says() {
        for (r, c, m, p) in [(4, 4, 4, 1), (4, 4, 4, 5), (8, 3, 20, 4), (16, 1, 2, 7), (1, 1, 1, 3)] {
            let chip = Chip::classroom(r, c).unwrap();
            let (mut load, mut start) = (0, load_end(&chip, 0));
            for _ in 1..p {
                load = load_after(&chip, load, start, m);
                start = load_end(&chip, load).max(stream_end(start, m));
            }
            let expected = r + (p - 1) * m.max(r) + m + r + c - 2;
            assert_eq!(wave_end(&chip, start, m), expected as Cycle, "R={r} C={c} M={m} P={p}");
        }
    }

    #[test]
    fn reductions_end_in_a_tree() {
        let tails = [1, 2, 3, 8, 9].map(|lanes| reduction_tail(&Chip::classroom(4, lanes).unwrap()));
        assert_eq!(tails, [0, 1, 2, 3, 4]);
    }
}
