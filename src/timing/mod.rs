//! MACHINE.md's rules as functions: when loads, streams and waves begin and end. Sizes in rows and columns of PEs,
//! times in cycles. `s` is the cycle in which a pass's first activation enters the array, `L` the one in which its
//! weight load begins, `M` its rows.

mod array;
pub mod movement;
mod passes;

pub use array::{Sides, Stream, lanes};
pub use passes::{next_output_start, output_stationary_passes, stationary_passes};

use crate::base::Cycle;
use crate::chip::Chip;

/// Later than any run ends, and early enough for some such times to be added: what takes longer counts as this.
pub const FAR: Cycle = 1 << 60;

/// R and C of a chip's arrays.
pub fn sides(chip: &Chip) -> Sides {
    Sides { rows: chip.rows, cols: chip.cols }
}

/// `ceil(elements / lanes) * cost`: cycles of the vector unit for an elementwise operation (section 2).
pub fn vector_cycles(chip: &Chip, elements: usize, cost: u64) -> Cycle {
    (elements.div_ceil(chip.vector_lanes) as Cycle).saturating_mul(cost)
}

/// `ceil(log2(lanes))`: what a reduction adds at its end (section 2).
pub fn reduction_tail(chip: &Chip) -> Cycle {
    chip.vector_lanes.next_power_of_two().trailing_zeros().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reductions_end_in_a_tree() {
        let tails = [1, 2, 3, 8, 9].map(|lanes| reduction_tail(&Chip::classroom(4, lanes).unwrap()));
        assert_eq!(tails, [0, 1, 2, 3, 4]);
    }
}
