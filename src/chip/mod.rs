//! The machine description: arrays, what stands around them, and how fast each part is.
//!
//! Everything is exact: clocks and bandwidths are fractions, times whole cycles.

use std::collections::BTreeMap;

use crate::base::{Bytes, Cycle, Ratio};
use crate::num::DType;

/// An accelerator (MACHINE.md section 2): matrix units with a weight FIFO and accumulators each, cores with a vector
/// unit and a unified buffer each, one DRAM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chip {
    /// Shown to people.
    pub name: String,
    /// Of everything on the chip.
    pub clock_mhz: Ratio,
    /// From the host's call to cycle 0, and from the last event to the host: not counted in cycles.
    pub launch_overhead_ns: u64,
    /// Each has a vector unit and a unified buffer.
    pub cores: usize,
    /// Matrix units of the whole chip, as many to each core.
    pub matrix_units: usize,
    /// R: rows of PEs. A tile of weights has as many rows of k.
    pub rows: usize,
    /// C: columns of PEs. A tile of weights has as many columns of n.
    pub cols: usize,
    /// What stays in the PEs.
    pub dataflow: Dataflow,
    /// When the next tile's load may start.
    pub weights: WeightBuffering,
    /// By dtypes of activations and weights: rows that an array takes in a cycle. What is not listed, it cannot multiply.
    pub rates: BTreeMap<(DType, DType), Ratio>,
    /// Of each matrix unit: rows of C sums of 32 bits. Two output tiles share them: one drains while the next fills.
    pub accumulator_rows: usize,
    /// Of each matrix unit: tiles that its weight FIFO holds, those on their way included.
    pub weight_fifo_tiles: usize,
    /// Of each core.
    pub unified_buffer_bytes: Bytes,
    /// Elements that a core's vector unit works on in a cycle.
    pub vector_lanes: usize,
    /// Cycles from the vector unit's last element to its event.
    pub vector_latency: Cycle,
    /// Cycles for each lane's element.
    pub vector_cost: VectorCost,
    /// The memory of the chip, shared by all its units.
    pub dram: Dram,
    /// The way to the host, where its speed is known.
    pub host: Option<Link>,
    /// Instructions that wait in front of a unit.
    pub queues: Queues,
}

/// What stays in the PEs while the rest streams through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dataflow {
    /// Weights stay, activations stream.
    WeightStationary,
    /// Activations stay, weights stream: weight-stationary of the transposed product.
    InputStationary,
    /// Sums stay, activations and weights stream.
    OutputStationary,
}

impl Dataflow {
    /// Every dataflow.
    pub const ALL: [Dataflow; 3] =
        [Dataflow::WeightStationary, Dataflow::InputStationary, Dataflow::OutputStationary];

    /// As in a chip file.
    pub fn name(self) -> &'static str {
        match self {
            Dataflow::WeightStationary => "ws",
            Dataflow::InputStationary => "is",
            Dataflow::OutputStationary => "os",
        }
    }

    /// What stays: input-stationary passes are weight-stationary passes of the transposed product (MACHINE.md 1.2).
    pub fn stationary(self) -> Stationary {
        match self {
            Dataflow::WeightStationary | Dataflow::InputStationary => Stationary::Weights,
            Dataflow::OutputStationary => Stationary::Sums,
        }
    }
}

/// What stays in the PEs, as an array sees it: it need not know whose operands were transposed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stationary {
    /// Weights stay; activations and sums move.
    Weights,
    /// Sums stay; activations and weights move.
    Sums,
}

/// How many tiles of weights a PE can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WeightBuffering {
    /// Active and shadow register: the next tile loads behind the running pass.
    Double,
    /// The next load waits until the last wave has crossed the array.
    Single,
}

/// A way for data: one transfer at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// Speed.
    pub bytes_per_cycle: Ratio,
    /// Cycles from the last byte's departure to its arrival.
    pub latency: Cycle,
}

/// The memory of the chip.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dram {
    /// Its bus.
    pub link: Link,
    /// What it holds.
    pub bytes: Bytes,
    /// Least bytes that a row of a gather moves.
    pub burst_bytes: Bytes,
    /// Whether tiles of weights lie in DRAM whole, padded to R x C (as TPU v1's), or only what is used of them.
    pub padded_tiles: bool,
}

/// Cycles of the vector unit for each lane's element, by kind of work. Assumed in MACHINE.md section 2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VectorCost {
    /// Add, subtract, multiply, min, max, compare, select, cast, relu, requantise.
    pub simple: Cycle,
    /// Divide, reciprocal, square root and its inverse.
    pub divide: Cycle,
    /// exp, log, tanh, sigmoid, erf.
    pub transcendental: Cycle,
    /// A reduction, besides the tree at its end.
    pub reduce: Cycle,
}

impl Default for VectorCost {
    fn default() -> Self {
        VectorCost { simple: 1, divide: 4, transcendental: 8, reduce: 1 }
    }
}

/// Instructions that each unit's queue holds, those under way not counted; `None` is without bound.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Queues {
    /// DMA in and the host's.
    pub dma_in: Option<usize>,
    /// DMA out.
    pub dma_out: Option<usize>,
    /// Weight fetch.
    pub weight_fetch: Option<usize>,
    /// Weight load.
    pub weight_load: Option<usize>,
    /// Matrix.
    pub matrix: Option<usize>,
    /// Vector.
    pub vector: Option<usize>,
}

/// A chip that cannot be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChipError {
    /// What is wrong.
    pub message: String,
    /// How to mend it.
    pub hint: String,
}

impl Chip {
    /// Greatest number of rows and of columns.
    pub const MOST_SIDE: usize = 512;
    /// Greatest number of matrix units.
    pub const MOST_UNITS: usize = 64;

    /// A chip for the classroom, R x C from 1 to 512: all its numbers are assumed. At 100 MHz its DRAM brings four bytes
    /// a cycle, so that waiting for weights shows; it holds 4096 accumulator rows as TPU v1 does (Jouppi et al., ISCA
    /// 2017), and has one vector lane a column.
    pub fn classroom(rows: usize, cols: usize) -> Result<Chip, ChipError> {
        for (side, size) in [("rows", rows), ("columns", cols)] {
            check_side(side, size)?;
        }
        let ratio = |value| Ratio::whole(value).expect("it is above 0");
        Ok(Chip {
            name: format!("Classroom {rows} x {cols}"),
            clock_mhz: ratio(100),
            launch_overhead_ns: 0,
            cores: 1,
            matrix_units: 1,
            rows,
            cols,
            dataflow: Dataflow::WeightStationary,
            weights: WeightBuffering::Double,
            rates: BTreeMap::from([
                ((DType::I8, DType::I8), Ratio::ONE),
                ((DType::Bf16, DType::Bf16), Ratio::ONE),
            ]),
            accumulator_rows: 4096,
            weight_fifo_tiles: 4,
            unified_buffer_bytes: 1 << 27,
            vector_lanes: cols,
            vector_latency: 1,
            vector_cost: VectorCost::default(),
            dram: Dram {
                link: Link { bytes_per_cycle: ratio(4), latency: 10 },
                bytes: 1 << 30,
                burst_bytes: 64,
                padded_tiles: false,
            },
            host: None,
            queues: Queues::default(),
        })
    }

    /// PEs in an array.
    pub fn pes(&self) -> u64 {
        (self.rows * self.cols) as u64
    }

    /// Seconds that a run of so many cycles takes, the launch included.
    pub fn seconds(&self, cycles: Cycle) -> f64 {
        cycles as f64 / (self.clock_mhz.as_f64() * 1e6) + self.launch_overhead_ns as f64 * 1e-9
    }

    /// Matrix units of each core.
    pub fn units_per_core(&self) -> usize {
        self.matrix_units / self.cores
    }

    /// Rows that an array takes in a cycle.
    pub fn rate(&self, activations: DType, weights: DType) -> Option<Ratio> {
        self.rates.get(&(activations, weights)).copied()
    }
}

fn check_side(side: &str, size: usize) -> Result<(), ChipError> {
    if (1..=Chip::MOST_SIDE).contains(&size) {
        return Ok(());
    }
    Err(ChipError {
        message: format!("an array of {size} {side} cannot be built"),
        hint: format!("choose from 1 to {} {side}", Chip::MOST_SIDE),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sides_are_checked() {
        assert!(Chip::classroom(1, 512).is_ok());
        assert_eq!(Chip::classroom(0, 4).unwrap_err().message, "an array of 0 rows cannot be built");
        assert_eq!(Chip::classroom(4, 513).unwrap_err().hint, "choose from 1 to 512 columns");
    }
}
