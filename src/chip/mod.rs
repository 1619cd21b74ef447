//! The machine description: arrays, what stands around them, and how fast each part is.
//!
//! A [`Description`] is what a chip file says, in the units of data sheets; a [`Chip`] is what is made from it, in cycles
//! and bytes. Everything is exact: clocks and bandwidths are fractions, times whole cycles.
//!
//! - `field` is the table of all keys: units, meanings, limits,
//! - `value` reads and prints what they say,
//! - `description` holds it, with where each value is from, and makes a chip of it,
//! - `file` reads it from TOML,
//! - `presets` are the chips that come with the crate, `listing` tells of them.

mod description;
mod field;
mod file;
mod listing;
mod presets;
mod value;

pub use description::{Description, Origin};
pub use field::{Field, Key, Kind, Need, Part};
pub use file::{MOST_FILE_BYTES, ParsedChip, parse};
pub use listing::{assumptions, keys, list};
pub use presets::{DEFAULT, PRESETS, preset, unknown as unknown_preset};
pub use value::Value;

use litemap::LiteMap;

use crate::base::{Bytes, Cycle, Ratio};
use crate::num::{DType, Skipping, Sparsity, SumOrder};

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
    /// What a product waits for beside its cycles, where that is known.
    pub handover: Option<Handover>,
    /// Each has a vector unit and a unified buffer.
    pub cores: usize,
    /// Cores that one program runs on, if not all.
    pub program_cores: Option<usize>,
    /// Matrix units of the whole chip, as many to each core.
    pub matrix_units: usize,
    /// R: rows of PEs. A tile of weights has as many rows of k.
    pub rows: usize,
    /// C: columns of PEs. A tile of weights has as many columns of n.
    pub cols: usize,
    /// What stays in the PEs.
    pub dataflow: Dataflow,
    /// How weights are pruned that it skips, where weights stay: then its rows are whole groups.
    pub sparsity: Option<Sparsity>,
    /// When the next tile's load may start.
    pub weights: WeightBuffering,
    /// By dtypes of activations and weights: rows that an array takes in a cycle. What is not listed, it cannot multiply.
    pub rates: Rates,
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
    /// A second memory on the chip, where there is one.
    pub common: Option<Common>,
    /// The way to the host, where its speed is known.
    pub host: Option<Link>,
    /// Instructions that wait in front of a unit.
    pub queues: Queues,
}

/// How a product gets its operands and gives its result away. It is fitted to times of whole kernels, and no unit's work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Handover {
    /// As fast goes what is handed over.
    pub bytes_per_cycle: Ratio,
    /// Most of a tensor that is handed over at one go.
    pub most: Bytes,
    /// Weights are handed over once more, all of them, if a product has more bytes in all,
    pub again: Bytes,
    /// and k is less than this.
    pub once_from_k: u64,
}

impl Handover {
    /// Of two operands and a result with so many bytes.
    fn bytes(&self, tensors: [Bytes; 3], k: u64) -> Bytes {
        let sum = |bytes: [Bytes; 3]| bytes.into_iter().fold(0, Bytes::saturating_add);
        let again = sum(tensors) > self.again && k < self.once_from_k;
        let weights = if again { tensors[1] } else { 0 };
        sum(tensors.map(|bytes| self.most.min(bytes))).saturating_add(weights)
    }
}

/// Rows a cycle, by dtypes of activations and weights.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rates(LiteMap<(DType, DType), Ratio>);

impl Rates {
    /// Of a pair.
    pub fn get(&self, activations: DType, weights: DType) -> Option<Ratio> {
        self.0.get(&(activations, weights)).copied()
    }

    /// Dtypes that are multiplied with themselves.
    pub fn alike(&self) -> impl Iterator<Item = DType> + '_ {
        self.0.keys().filter(|(activations, weights)| activations == weights).map(|(dtype, _)| *dtype)
    }
}

impl<const N: usize> From<[((DType, DType), Ratio); N]> for Rates {
    fn from(rates: [((DType, DType), Ratio); N]) -> Rates {
        rates.into_iter().collect()
    }
}

impl FromIterator<((DType, DType), Ratio)> for Rates {
    fn from_iter<I: IntoIterator<Item = ((DType, DType), Ratio)>>(rates: I) -> Rates {
        let mut map = LiteMap::new();
        for (pair, rate) in rates {
            map.insert(pair, rate);
        }
        Rates(map)
    }
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

/// A second memory on the chip, between its DRAM and its buffers: a program that it holds whole has all its tensors there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Common {
    /// Its bus, in place of the DRAM's. Its bytes come at once.
    pub bytes_per_cycle: Ratio,
    /// What it holds.
    pub bytes: Bytes,
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
    /// The fields that say so, the most telling one first.
    pub keys: Vec<Key>,
    /// What is wrong.
    pub message: String,
    /// How to mend it.
    pub hint: String,
}

impl Chip {
    /// A chip that comes with the crate, by its name.
    pub fn preset(name: &str) -> Option<Chip> {
        let description = preset(name)?;
        Some(
            description
                .chip()
                .unwrap_or_else(|_| unreachable!("a test holds that every preset makes a chip")),
        )
    }

    /// A chip for the classroom, R x C from 1 to 512: all its numbers are assumed. It has one
    /// vector lane a column.
    pub fn classroom(rows: usize, cols: usize) -> Result<Chip, ChipError> {
        let description = presets::classroom(&rows.to_string(), &cols.to_string())?;
        Ok(description
            .chip()
            .unwrap_or_else(|_| unreachable!("a classroom chip of possible sides is possible")))
    }

    /// PEs in an array.
    pub fn pes(&self) -> u64 {
        (self.rows * self.cols) as u64
    }

    /// Operations a second, two to a multiply-accumulate, of all matrix units on operands of a dtype; nothing where
    /// they do not multiply it.
    pub fn peak(&self, dtype: DType) -> Option<Ratio> {
        let a_row = Ratio::whole(2 * self.pes() * self.matrix_units as u64 * 1_000_000)?;
        a_row.times(self.rate(dtype, dtype)?)?.times(self.clock_mhz)
    }

    /// Cycles in which a product's operands, M x K and K x N, are handed over before its own cycles, and its result behind them.
    pub fn handover(&self, extents: [usize; 3], dtypes: [DType; 3]) -> Cycle {
        let Some(handover) = self.handover else { return 0 };
        handover.bytes_per_cycle.inverse().ceil_of(self.handed_over(extents, dtypes))
    }

    /// Bytes that are handed over so.
    pub fn handed_over(&self, extents: [usize; 3], dtypes: [DType; 3]) -> Bytes {
        let Some(handover) = self.handover else { return 0 };
        let [m, k, n] = extents.map(|side| side as Bytes);
        let [a, b, c] = dtypes.map(|dtype| dtype.bytes() as Bytes);
        // Operands lie in whole tiles along k.
        let deep = k.next_multiple_of(self.rows as Bytes);
        let bytes = |sides: [Bytes; 3]| sides.into_iter().fold(1, Bytes::saturating_mul);
        handover.bytes([bytes([m, deep, a]), bytes([deep, n, b]), bytes([m, n, c])], k)
    }

    /// Whether so many bytes, all that a program has in memory, lie in the common memory.
    pub fn is_common(&self, held: Bytes) -> bool {
        self.common.is_some_and(|common| held <= common.bytes)
    }

    /// The bus of a program that has so many bytes in memory.
    pub fn bus(&self, held: Bytes) -> Link {
        match self.common {
            Some(common) if self.is_common(held) => {
                Link { bytes_per_cycle: common.bytes_per_cycle, latency: 0 }
            }
            _ => self.dram.link,
        }
    }

    /// The chip as such a program has it, with that bus to a single memory.
    pub fn with_bus_for(&self, held: Bytes) -> Chip {
        Chip { dram: Dram { link: self.bus(held), ..self.dram }, common: None, ..self.clone() }
    }

    /// Cores that one program runs on: never more than there are.
    pub fn used_cores(&self) -> usize {
        self.program_cores.map_or(self.cores, |cores| cores.min(self.cores))
    }

    /// Seconds that a run of so many cycles takes, the launch included.
    pub fn seconds(&self, cycles: Cycle) -> f64 {
        cycles as f64 / (self.clock_mhz.as_f64() * 1e6) + self.launch_overhead_ns as f64 * 1e-9
    }

    /// Matrix units of each core.
    pub fn units_per_core(&self) -> usize {
        self.matrix_units / self.cores
    }

    /// What it skips, by its dataflow too.
    pub fn skips(&self) -> Option<Sparsity> {
        self.sparsity.filter(|_| self.dataflow == Dataflow::WeightStationary)
    }

    /// Rows of k that a tile of weights may have which lie as told.
    pub fn depth(&self, packed: Option<Sparsity>) -> usize {
        packed.map_or(self.rows, |sparsity| sparsity.covered(self.rows))
    }

    /// How it adds up products (MACHINE.md section 4).
    pub fn sum_order(&self) -> SumOrder {
        let block = match self.dataflow.stationary() {
            Stationary::Weights => self.rows,
            // All of k, which is one block.
            Stationary::Sums => usize::MAX,
        };
        SumOrder { block }
    }

    /// The same of products whose weights it skips, if it skips any.
    pub fn skipping(&self) -> Option<Skipping> {
        let sparsity = self.skips()?;
        Some(Skipping { sparsity, order: SumOrder { block: self.depth(Some(sparsity)) } })
    }

    /// Rows that an array takes in a cycle.
    pub fn rate(&self, activations: DType, weights: DType) -> Option<Ratio> {
        self.rates.get(activations, weights)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sides_are_checked() {
        assert!(Chip::classroom(1, 512).is_ok());
        assert_eq!(Chip::classroom(0, 4).unwrap_err().message, "`rows` cannot be `0`");
        assert_eq!(Chip::classroom(4, 513).unwrap_err().hint, "it is a whole number from 1 to 512, in PEs");
    }
}
