//! What a chip file says: every key, with its unit in its name, what it means, and which values it may have.

use crate::base::Ratio;

/// A key of a chip file.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// As in a chip file and behind `--set`.
    pub name: &'static str,
    /// What of the chip it belongs to.
    pub part: Part,
    /// Its values.
    pub kind: Kind,
    /// Whether a chip can be without it.
    pub need: Need,
    /// For a form: a few words.
    pub title: &'static str,
    /// What its number counts; empty where there is none.
    pub unit: &'static str,
    /// One sentence.
    pub meaning: &'static str,
}

/// Parts of a chip, as a form or a table groups its fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Name, clock, cores.
    Chip,
    /// PEs and dataflow.
    Array,
    /// What stands right beside an array.
    Beside,
    /// Rows a cycle, by dtypes.
    Rates,
    /// The vector unit.
    Vector,
    /// DRAM and the host.
    Memory,
    /// Instructions that wait in front of units.
    Queues,
}

impl Part {
    /// Every part, in the order of a chip file.
    pub const ALL: [Part; 7] =
        [Part::Chip, Part::Array, Part::Beside, Part::Rates, Part::Vector, Part::Memory, Part::Queues];

    /// For people.
    pub fn title(self) -> &'static str {
        match self {
            Part::Chip => "Chip",
            Part::Array => "Array",
            Part::Beside => "Beside the array",
            Part::Rates => "Rows a cycle",
            Part::Vector => "Vector unit",
            Part::Memory => "DRAM and host",
            Part::Queues => "Queues",
        }
    }
}

/// Values that a field may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A short text.
    Text,
    /// A whole number from `least` to `most`.
    Whole {
        /// The least one.
        least: u64,
        /// The greatest one.
        most: u64,
    },
    /// An exact number from `least` to `most`: a decimal, or a fraction such as `"340/7"`.
    Number {
        /// The least one.
        least: Ratio,
        /// The greatest one.
        most: Ratio,
    },
    /// true or false.
    Flag,
    /// One of a few words.
    Word(&'static [&'static str]),
}

/// Whether a chip can be without a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// It cannot.
    Required,
    /// It can: `none` takes it away.
    Optional,
}

impl Kind {
    /// The values, in words.
    pub fn in_words(self) -> String {
        match self {
            Kind::Text => format!("a text of 1 to {MOST_TEXT} characters"),
            Kind::Whole { least, most } => format!("a whole number from {least} to {most}"),
            Kind::Number { least, most } => {
                format!("a number from {} to {}", least.exactly(), most.exactly())
            }
            Kind::Flag => "true or false".into(),
            Kind::Word(words) => match words {
                [first @ .., last] if !first.is_empty() => format!("{} or {last}", first.join(", ")),
                _ => words.concat(),
            },
        }
    }
}

/// In place of an optional field's value: it is not there.
pub const NONE: &str = "none";

/// Longest text of a field, in characters.
pub const MOST_TEXT: usize = 60;

const fn whole(least: u64, most: u64) -> Kind {
    Kind::Whole { least, most }
}

const fn number(least: (u64, u64), most: u64) -> Kind {
    let (Some(least), Some(most)) = (Ratio::new(least.0, least.1), Ratio::whole(most)) else {
        panic!("limits are above 0")
    };
    Kind::Number { least, most }
}

/// Rows a cycle.
const RATE: Kind = number((1, 64), 8);
/// Instructions that a queue holds.
const QUEUE: Kind = whole(1, 4096);
/// Cycles of the vector unit for an element.
const COST: Kind = whole(1, 1000);

/// The table: a key, its name, part, values, need, title, unit and meaning.
macro_rules! fields {
    ($($key:ident $name:literal $part:ident $kind:expr, $need:ident $title:literal $unit:literal $meaning:literal)*) => {
        /// Names a field of a chip file.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Key { $(#[doc = $meaning] $key,)* }

        impl Key {
            /// Every key, in the order of a chip file.
            pub const ALL: [Key; FIELDS.len()] = [$(Key::$key,)*];
        }

        const FIELDS: [Field; [$($name,)*].len()] = [$(Field {
            name: $name,
            part: Part::$part,
            kind: $kind,
            need: Need::$need,
            title: $title,
            unit: $unit,
            meaning: $meaning,
        },)*];
    };
}

fields! {
    Name "name" Chip Kind::Text, Required "name" "" "What people call it."
    ClockMhz "clock_mhz" Chip number((1, 1), 100_000), Required "clock" "MHz" "Clock of everything on the chip."
    LaunchOverheadNs "launch_overhead_ns" Chip whole(0, 1_000_000_000), Required "launch overhead" "ns"
        "From the host's call to cycle 0 and from the last event to the host; part of the seconds, not of the cycles."
    Cores "cores" Chip whole(1, 64), Required "cores" ""
        "Cores of the chip: each has a vector unit and a unified buffer."
    CoresPerProgram "cores_per_program" Chip whole(1, 64), Optional "cores a program" ""
        "Cores that one program runs on; without it all."
    MatrixUnits "matrix_units" Chip whole(1, 64), Required "matrix units" ""
        "Arrays of the whole chip, as many to each core."
    Rows "rows" Array whole(1, 512), Required "rows" "PEs"
        "R: rows of PEs in each array; a tile of weights has as many rows of k."
    Cols "cols" Array whole(1, 512), Required "columns" "PEs"
        "C: columns of PEs in each array; a tile of weights has as many columns of n."
    Dataflow "dataflow" Array Kind::Word(&["ws", "is", "os"]), Required "dataflow" ""
        "What stays in the PEs: weights (ws), inputs (is) or outputs (os)."
    Sparsity "sparsity" Array Kind::Word(&["1:2", "1:4", "2:4", "1:8", "2:8", "4:8", "4:12", "4:16"]), Optional
        "sparsity" "" "Of every m rows of weights that are pruned so, n take a row of PEs (n:m), where weights stay (ws)."
    DoubleBuffered "double_buffered" Array Kind::Flag, Required "double-buffered weights" ""
        "Whether the next tile loads behind the running pass, or waits until the last wave has crossed the array."
    UnifiedBufferKib "unified_buffer_kib" Beside whole(1, 1 << 30), Required "unified buffer" "KiB"
        "Unified buffer of each core."
    WeightFifoTiles "weight_fifo_tiles" Beside whole(1, 4096), Required "weight FIFO" "tiles"
        "Tiles that the weight FIFO of each array holds, those on their way included."
    AccumulatorRows "accumulator_rows" Beside whole(1, 1 << 20), Required "accumulators" "rows"
        "Rows of C sums of 32 bits beside each array; two output tiles share them."
    RateI8 "rows_per_cycle_i8" Rates RATE, Optional "i8" "rows/cycle"
        "Rows of i8 activations that an array takes in a cycle, against i8 weights."
    RateI8I16 "rows_per_cycle_i8_i16" Rates RATE, Optional "i8 by i16" "rows/cycle"
        "The same for i8 by i16 or i16 by i8."
    RateI16 "rows_per_cycle_i16" Rates RATE, Optional "i16" "rows/cycle" "The same for i16 by i16."
    RateFp8 "rows_per_cycle_fp8" Rates RATE, Optional "fp8" "rows/cycle" "The same for fp8 by fp8."
    RateBf16 "rows_per_cycle_bf16" Rates RATE, Optional "bf16" "rows/cycle" "The same for bf16 by bf16."
    RateF32 "rows_per_cycle_f32" Rates RATE, Optional "f32" "rows/cycle" "The same for f32 by f32."
    VectorLanes "vector_lanes" Vector whole(1, 1 << 16), Required "lanes" "elements"
        "Elements that the vector unit of each core works on in a cycle."
    VectorLatencyCycles "vector_latency_cycles" Vector whole(0, 100_000), Required "latency" "cycles"
        "Cycles from the vector unit's last element to its event."
    VectorSimpleCycles "vector_simple_cycles" Vector COST, Required "simple" "cycles"
        "Add, subtract, multiply, min, max, compare, select, cast, relu, requantise: cycles for each lane's element."
    VectorDivideCycles "vector_divide_cycles" Vector COST, Required "divide" "cycles"
        "The same for divide, reciprocal, square root and its inverse."
    VectorTranscendentalCycles "vector_transcendental_cycles" Vector COST, Required "exp and the like" "cycles"
        "The same for exp, log, tanh, sigmoid, erf."
    VectorReduceCycles "vector_reduce_cycles" Vector COST, Required "reduce" "cycles"
        "The same for a reduction, besides the tree of lanes at its end."
    DramGbPerS "dram_gb_per_s" Memory number((1, 1000), 1_000_000), Required "DRAM bandwidth" "GB/s"
        "Bandwidth of the chip's DRAM, 10^9 bytes a second."
    DramLatencyNs "dram_latency_ns" Memory whole(0, 1_000_000), Required "DRAM latency" "ns"
        "From the last byte's turn on the bus to its arrival."
    DramGib "dram_gib" Memory number((1, 1024), 65_536), Required "DRAM capacity" "GiB" "What the DRAM holds."
    BurstBytes "burst_bytes" Memory whole(1, 65_536), Required "burst" "bytes"
        "Least bytes that a row of a gather moves."
    PaddedTilesInDram "padded_tiles_in_dram" Memory Kind::Flag, Required "padded tiles in DRAM" ""
        "Whether tiles of weights lie in DRAM whole, padded to R x C, or only what is used of them."
    CommonMemoryMib "common_memory_mib" Memory whole(1, 1 << 20), Optional "common memory" "MiB"
        "A second memory on the chip: a program whose tensors it holds has all of them there, and none in DRAM."
    CommonMemoryGbPerS "common_memory_gb_per_s" Memory number((1, 1000), 1_000_000), Optional
        "common memory's bandwidth" "GB/s" "Its bandwidth, in place of the DRAM's; its latency is 0."
    HostGbPerS "host_gb_per_s" Memory number((1, 1000), 1_000_000), Optional "host bandwidth" "GB/s"
        "Bandwidth of the way to the host, where its speed is known; no program uses it yet."
    HostLatencyNs "host_latency_ns" Memory whole(0, 1_000_000_000), Optional "host latency" "ns"
        "From the last byte's departure to its arrival, on the way to the host; no program uses it yet."
    HandoverGbPerS "handover_gb_per_s" Memory number((1, 1000), 1_000_000), Optional "handover bandwidth" "GB/s"
        "How fast a product's operands are handed over before its cycles, and its result behind them; without it in no time."
    HandoverKib "handover_kib" Memory whole(1, 1 << 30), Optional "handover of a tensor" "KiB"
        "Most of an operand or a result that is handed over so; the rest goes along with the work."
    HandoverAgainKib "handover_again_kib" Memory whole(1, 1 << 30), Optional "handover twice above" "KiB"
        "Weights of a product that has more than this in all are handed over twice, all of them; without it none are."
    HandoverOnceK "handover_once_k" Memory whole(1, 1 << 30), Optional "handover once from k" ""
        "But not where k is at least this."
    QueueDmaIn "dma_in_queue_instructions" Queues QUEUE, Optional "DMA in" "instructions"
        "Instructions that wait for DMA in; without it as many as come."
    QueueDmaOut "dma_out_queue_instructions" Queues QUEUE, Optional "DMA out" "instructions" "The same for DMA out."
    QueueWeightFetch "weight_fetch_queue_instructions" Queues QUEUE, Optional "weight fetch" "instructions"
        "The same for weight fetch."
    QueueWeightLoad "weight_load_queue_instructions" Queues QUEUE, Optional "weight load" "instructions"
        "The same for weight load."
    QueueMatrix "matrix_queue_instructions" Queues QUEUE, Optional "matrix" "instructions" "The same for the array."
    QueueVector "vector_queue_instructions" Queues QUEUE, Optional "vector" "instructions"
        "The same for the vector unit."
}

impl Key {
    /// What is to be known of it.
    pub fn field(self) -> &'static Field {
        &FIELDS[self as usize]
    }

    /// The key of a name.
    pub fn named(name: &str) -> Option<Key> {
        Key::ALL.into_iter().find(|key| key.field().name == name)
    }

    /// The name nearest to a wrong one, if one is near.
    pub fn near(name: &str) -> Option<&'static str> {
        // What is far longer than any name is near to none.
        let name: String = name.chars().take(MOST_TEXT).collect();
        let distance = |key: &Key| strsim::osa_distance(key.field().name, &name);
        let nearest = Key::ALL.into_iter().min_by_key(distance)?;
        (distance(&nearest) <= 1 + name.len() / 4).then(|| nearest.field().name)
    }
}
