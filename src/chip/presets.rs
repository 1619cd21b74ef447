//! Chips that come with the crate: each cites its sources, and says what it assumes. `systole chips NAME` prints one as a
//! chip file.

use super::ChipError;
use super::description::{Description, Origin};
use super::field::Key::{self, *};
use super::value::{Value, shown};

/// A chip as a table.
struct Preset {
    name: &'static str,
    /// What [`USUAL`] does not say.
    values: &'static [(Key, &'static str)],
    /// Titles, and the keys whose values they give.
    sources: &'static [(&'static str, &'static [Key])],
    /// Why the other values were chosen.
    assumed: &'static [(Key, &'static str)],
}

/// All but the classroom's.
const CHIPS: [&Preset; 12] = [
    &TPU_V1, &TPU_V2, &TPU_V3, &TPU_V4I, &TPU_V4, &TPU_V5E, &TPU_V5P, &TPU_V6E, &TPU_V7X, &TRAINIUM1,
    &TRAINIUM2, &GEMMINI,
];

/// Names of presets, the classroom's first. Besides them there is a classroom chip of any size: `classroom-RxC`.
pub const PRESETS: [&str; 15] = {
    let mut names = [""; 15];
    [names[0], names[1], names[2]] = ["classroom-4x4", "classroom-8x8", "classroom-16x16"];
    let mut at = 0;
    while at < CHIPS.len() {
        names[3 + at] = CHIPS[at].name;
        at += 1;
    }
    names
};

/// What a program is for where nobody names a chip: of the command and of the package alike.
pub const DEFAULT: &str = "classroom-8x8";

/// The description of a preset.
pub fn preset(name: &str) -> Option<Description> {
    if let Some((rows, cols)) = name.strip_prefix("classroom-").and_then(|sides| sides.split_once('x')) {
        let plain = |side: &str| side.bytes().all(|byte| byte.is_ascii_digit());
        return if plain(rows) && plain(cols) { classroom(rows, cols).ok() } else { None };
    }
    CHIPS.into_iter().find(|chip| chip.name == name).map(Preset::description)
}

/// The classroom chip of these sides.
pub(super) fn classroom(rows: &str, cols: &str) -> Result<Description, ChipError> {
    let mut chip = CLASSROOM.description();
    let sides = [(Rows, rows), (Cols, cols), (VectorLanes, cols)];
    for (key, side) in sides {
        chip.put(key, Value::read(key, side)?, Origin::Assumed(CLASSROOM.why(key).into()));
    }
    let side = |key| chip.value(key).map(Value::to_string).unwrap_or_default();
    let name = Value::Text(format!("Classroom {} x {}", side(Rows), side(Cols)));
    chip.put(Name, name, Origin::Unsaid);
    Ok(chip)
}

impl Preset {
    fn description(&self) -> Description {
        let mut chip = Description::default();
        for table in [&USUAL, self] {
            for (key, value) in table.values {
                chip.put(*key, read(*key, value), Origin::Unsaid);
            }
            for (key, why) in table.assumed {
                chip.come_from(*key, Origin::Assumed((*why).into()));
            }
            for (title, keys) in table.sources {
                let source = chip.add_source(title);
                keys.iter().for_each(|key| {
                    chip.come_from(*key, Origin::Source(source));
                });
            }
        }
        chip
    }

    fn why(&self, key: Key) -> &'static str {
        self.assumed.iter().find(|(assumed, _)| *assumed == key).map_or("", |(_, why)| why)
    }
}

fn read(key: Key, value: &str) -> Value {
    Value::read(key, value).unwrap_or_else(|_| unreachable!("a test holds that every preset's values can be"))
}

/// What to say where a preset's name is none.
pub fn unknown(name: &str) -> ChipError {
    let shown = shown(name);
    let distance = |known: &&&str| strsim::osa_distance(known, &shown);
    let near = PRESETS.iter().min_by_key(distance).filter(|near| distance(near) <= 3);
    let hint = match near {
        _ if shown.starts_with("classroom-") => {
            "a classroom chip is `classroom-RxC`, with 1 to 512 rows and columns".into()
        }
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("there are {}, and `classroom-RxC` of any size", PRESETS.join(", ")),
    };
    ChipError { keys: Vec::new(), message: format!("there is no chip `{shown}`"), hint }
}

const ISCA_2017: &str =
    "N. P. Jouppi et al., In-Datacenter Performance Analysis of a Tensor Processing Unit, ISCA 2017";
const CACM_2020: &str = "N. P. Jouppi et al., A Domain-Specific Supercomputer for Training Deep Neural Networks, CACM 63(7), 2020";
const ISCA_2021: &str =
    "N. P. Jouppi et al., Ten Lessons From Three Generations Shaped Google’s TPUv4i, ISCA 2021";
const ISCA_2023: &str =
    "N. P. Jouppi et al., TPU v4: An Optically Reconfigurable Supercomputer for Machine Learning, ISCA 2023";
const PALLAS: &str = "The JAX project, Pallas TPU hardware reference (table of TPU parameters), docs.jax.dev";
const SCALING_BOOK: &str = "J. Austin et al., How to Scale Your Model, jax-ml.github.io/scaling-book, 2025";
const CLOUD_TPU: &str = "Google, Cloud TPU documentation, cloud.google.com/tpu/docs";
const NEURON: &str =
    "AWS, Neuron documentation: device and NKI architecture guides, awsdocs-neuron.readthedocs-hosted.com";
const GEMMINI_DEFAULTS: &str = "H. Genc et al., Gemmini: Enabling Systematic Deep-Learning Architecture Evaluation via Full-Stack Integration, DAC 2021, and the default configuration of its generator";

const CMEM: &str = "not published: as fast as the arrays take weights and activations";
const FITTED: &str = "fitted to measured times of matrix products, see \u{201c}How true is this?\u{201d}";

/// What a preset has unless it says otherwise: no source gives these.
const USUAL: Preset = Preset {
    name: "",
    values: &[
        (LaunchOverheadNs, "0"),
        (Key::Dataflow, "ws"),
        (DoubleBuffered, "true"),
        (WeightFifoTiles, "4"),
        (AccumulatorRows, "4096"),
        (VectorLatencyCycles, "16"),
        (VectorSimpleCycles, "1"),
        (VectorDivideCycles, "4"),
        (VectorTranscendentalCycles, "8"),
        (VectorReduceCycles, "1"),
        (DramLatencyNs, "500"),
        (BurstBytes, "64"),
        (PaddedTilesInDram, "false"),
    ],
    sources: &[],
    assumed: &[
        (LaunchOverheadNs, "not published; 0 counts cycles only"),
        (Key::Dataflow, "weight-stationary, as the first TPU"),
        (DoubleBuffered, "as the first TPU: weights shift in behind the running pass"),
        (WeightFifoTiles, "as the first TPU; not published since"),
        (AccumulatorRows, "as the first TPU; not published since"),
        (VectorLatencyCycles, "not published; a short pipeline"),
        (VectorSimpleCycles, "an ALU takes an element a cycle"),
        (VectorDivideCycles, "iterative: a few steps an element"),
        (VectorTranscendentalCycles, "a polynomial of some eight steps"),
        (VectorReduceCycles, "an addition an element; the tree over lanes comes on top"),
        (DramLatencyNs, "typical of HBM behind an on-chip network"),
        (BurstBytes, "a burst of common DRAM"),
        (PaddedTilesInDram, "not published; nothing is gained by moving zeros"),
    ],
};

/// A chip for the classroom; any size, as classroom-RxC. Its DRAM brings four bytes a cycle, so that waiting shows.
/// The vector unit has a lane a column.
const CLASSROOM: Preset = Preset {
    name: "classroom",
    values: &[
        (Name, "Classroom 8 x 8"),
        (ClockMhz, "100"),
        (LaunchOverheadNs, "0"),
        (Cores, "1"),
        (MatrixUnits, "1"),
        (Rows, "8"),
        (Cols, "8"),
        (UnifiedBufferKib, "131072"),
        (WeightFifoTiles, "4"),
        (AccumulatorRows, "4096"),
        (RateI8, "1"),
        (RateBf16, "1"),
        (VectorLanes, "8"),
        (VectorLatencyCycles, "1"),
        (DramGbPerS, "0.4"),
        (DramLatencyNs, "100"),
        (DramGib, "1"),
    ],
    sources: &[],
    assumed: &[
        (ClockMhz, "for the classroom: 10 ns a cycle"),
        (LaunchOverheadNs, "for the classroom"),
        (Cores, "for the classroom"),
        (MatrixUnits, "for the classroom"),
        (Rows, "chosen by its name"),
        (Cols, "chosen by its name"),
        (UnifiedBufferKib, "for the classroom: so large that examples stay in it"),
        (WeightFifoTiles, "as the first TPU"),
        (AccumulatorRows, "as the first TPU"),
        (RateI8, "for the classroom"),
        (RateBf16, "for the classroom"),
        (VectorLanes, "a lane a column"),
        (VectorLatencyCycles, "for the classroom"),
        (DramGbPerS, "for the classroom: four bytes a cycle, slow enough to be waited for"),
        (DramLatencyNs, "for the classroom: ten cycles"),
        (DramGib, "for the classroom"),
    ],
};

/// The first TPU, of 2015: inference in 8 bits, 92 tera-operations a second.
const TPU_V1: Preset = Preset {
    name: "tpu-v1",
    values: &[
        (Name, "TPU v1"),
        (ClockMhz, "700"),
        (Cores, "1"),
        (MatrixUnits, "1"),
        (Rows, "256"),
        (Cols, "256"),
        (Key::Dataflow, "ws"),
        (UnifiedBufferKib, "24576"),
        (WeightFifoTiles, "4"),
        (AccumulatorRows, "4096"),
        (RateI8, "1"),
        (RateI8I16, "0.5"),
        (RateI16, "0.25"),
        (VectorLanes, "256"),
        (DramGbPerS, "34"),
        (DramLatencyNs, "100"),
        (DramGib, "8"),
        (PaddedTilesInDram, "true"),
        (HostGbPerS, "14"),
        (HostLatencyNs, "1000"),
    ],
    sources: &[(
        ISCA_2017,
        &[
            ClockMhz,
            Cores,
            MatrixUnits,
            Rows,
            Cols,
            Dataflow,
            DoubleBuffered,
            UnifiedBufferKib,
            WeightFifoTiles,
            AccumulatorRows,
            RateI8,
            RateI8I16,
            RateI16,
            VectorLanes,
            DramGbPerS,
            DramGib,
            PaddedTilesInDram,
        ],
    )],
    assumed: &[
        (DramLatencyNs, "typical of DDR3"),
        (HostGbPerS, "PCIe Gen3 x16 moves 15.75 GB/s at most; headers take about a tenth"),
        (HostLatencyNs, "typical of PCIe"),
    ],
};

/// 2017: two cores with a matrix unit each, bf16, HBM; 46 TFLOP/s.
const TPU_V2: Preset = Preset {
    name: "tpu-v2",
    values: &[
        (Name, "TPU v2"),
        (ClockMhz, "700"),
        (Cores, "2"),
        (MatrixUnits, "2"),
        (Rows, "128"),
        (Cols, "128"),
        (UnifiedBufferKib, "16384"),
        (RateI8, "1"),
        (RateBf16, "1"),
        (VectorLanes, "2048"),
        (DramGbPerS, "700"),
        (DramGib, "16"),
    ],
    sources: &[(
        CACM_2020,
        &[ClockMhz, Cores, MatrixUnits, Rows, Cols, RateBf16, DramGbPerS, DramGib, UnifiedBufferKib],
    )],
    assumed: &[
        (RateI8, "whole numbers of 8 bits are exact in bf16 and take its rate"),
        (VectorLanes, "8 sublanes of 128 lanes with two ALUs, as TPU v4"),
    ],
};

/// 2018: two cores with two matrix units each; 123 TFLOP/s.
const TPU_V3: Preset = Preset {
    name: "tpu-v3",
    values: &[
        (Name, "TPU v3"),
        (ClockMhz, "940"),
        (Cores, "2"),
        (MatrixUnits, "4"),
        (Rows, "128"),
        (Cols, "128"),
        (UnifiedBufferKib, "16384"),
        (RateI8, "1"),
        (RateBf16, "1"),
        (VectorLanes, "2048"),
        (DramGbPerS, "900"),
        (DramGib, "32"),
    ],
    sources: &[(
        CACM_2020,
        &[ClockMhz, Cores, MatrixUnits, Rows, Cols, RateBf16, DramGbPerS, DramGib, UnifiedBufferKib],
    )],
    assumed: &[
        (RateI8, "whole numbers of 8 bits are exact in bf16 and take its rate"),
        (VectorLanes, "8 sublanes of 128 lanes with two ALUs, as TPU v4"),
    ],
};

/// 2020: one core with four matrix units, for inference; 138 TFLOP/s.
const TPU_V4I: Preset = Preset {
    name: "tpu-v4i",
    values: &[
        (Name, "TPU v4i"),
        (ClockMhz, "1050"),
        (Cores, "1"),
        (MatrixUnits, "4"),
        (Rows, "128"),
        (Cols, "128"),
        (UnifiedBufferKib, "16384"),
        (RateI8, "1"),
        (RateBf16, "1"),
        (VectorLanes, "2048"),
        (DramGbPerS, "614"),
        (DramGib, "8"),
        (CommonMemoryMib, "128"),
        (CommonMemoryGbPerS, "10000"),
    ],
    sources: &[(
        ISCA_2021,
        &[
            ClockMhz,
            Cores,
            MatrixUnits,
            Rows,
            Cols,
            RateBf16,
            DramGbPerS,
            DramGib,
            CommonMemoryMib,
            UnifiedBufferKib,
        ],
    )],
    assumed: &[
        (CommonMemoryGbPerS, CMEM),
        (RateI8, "whole numbers of 8 bits are exact in bf16 and take its rate"),
        (VectorLanes, "8 sublanes of 128 lanes with two ALUs, as TPU v4"),
    ],
};

/// 2021: two cores with four matrix units each; 275 TFLOP/s, or as many operations on i8.
/// What is fitted to measured times stands in "How true is this?".
const TPU_V4: Preset = Preset {
    name: "tpu-v4",
    values: &[
        (Name, "TPU v4"),
        (ClockMhz, "1050"),
        (LaunchOverheadNs, "561"),
        (Cores, "2"),
        (CoresPerProgram, "1"),
        (MatrixUnits, "8"),
        (Rows, "128"),
        (Cols, "128"),
        (UnifiedBufferKib, "16384"),
        (RateI8, "1"),
        (RateBf16, "1"),
        (VectorLanes, "2048"),
        (DramGbPerS, "1200"),
        (DramGib, "32"),
        (CommonMemoryMib, "128"),
        (CommonMemoryGbPerS, "10000"),
        (HandoverGbPerS, "479"),
        (HandoverKib, "1917"),
        (HandoverAgainKib, "2889"),
        (HandoverOnceK, "2560"),
    ],
    sources: &[
        (
            ISCA_2023,
            &[
                ClockMhz,
                Cores,
                MatrixUnits,
                Rows,
                Cols,
                RateI8,
                RateBf16,
                DramGbPerS,
                DramGib,
                CommonMemoryMib,
                UnifiedBufferKib,
            ],
        ),
        (SCALING_BOOK, &[VectorLanes]),
    ],
    assumed: &[
        (LaunchOverheadNs, FITTED),
        (CoresPerProgram, "as measured: products take what the arrays of one core take"),
        (CommonMemoryGbPerS, CMEM),
        (HandoverGbPerS, FITTED),
        (HandoverKib, FITTED),
        (HandoverAgainKib, FITTED),
        (HandoverOnceK, FITTED),
    ],
};

/// 2023: one core with four matrix units; 197 TFLOP/s, 394 tera-operations on i8.
const TPU_V5E: Preset = Preset {
    name: "tpu-v5e",
    values: &[
        (Name, "TPU v5e"),
        (ClockMhz, "1500"),
        (Cores, "1"),
        (MatrixUnits, "4"),
        (Rows, "128"),
        (Cols, "128"),
        (UnifiedBufferKib, "131072"),
        (RateI8, "2"),
        (RateBf16, "1"),
        (VectorLanes, "2048"),
        (DramGbPerS, "819"),
        (DramGib, "16"),
        (HostGbPerS, "16"),
        (HostLatencyNs, "1000"),
    ],
    sources: &[
        (CLOUD_TPU, &[Cores, MatrixUnits, RateI8, RateBf16, DramGbPerS, DramGib]),
        (SCALING_BOOK, &[ClockMhz, Rows, Cols, UnifiedBufferKib, HostGbPerS]),
    ],
    assumed: &[
        (VectorLanes, "8 sublanes of 128 lanes with two ALUs, as TPU v4"),
        (HostLatencyNs, "typical of PCIe"),
    ],
};

/// 2023: two cores with four matrix units each; 459 TFLOP/s, 918 tera-operations on i8.
const TPU_V5P: Preset = Preset {
    name: "tpu-v5p",
    values: &[
        (Name, "TPU v5p"),
        (ClockMhz, "1750"),
        (Cores, "2"),
        (MatrixUnits, "8"),
        (Rows, "128"),
        (Cols, "128"),
        (UnifiedBufferKib, "65536"),
        (RateI8, "2"),
        (RateBf16, "1"),
        (VectorLanes, "4096"),
        (DramGbPerS, "2765"),
        (DramGib, "95"),
    ],
    sources: &[
        (CLOUD_TPU, &[Cores, MatrixUnits, RateI8, RateBf16, DramGbPerS, DramGib]),
        (SCALING_BOOK, &[ClockMhz, Rows, Cols, UnifiedBufferKib, VectorLanes]),
    ],
    assumed: &[],
};

/// 2024 (Trillium): one core with two matrix units of 256 x 256; 918 TFLOP/s, 1836 tera-operations on i8.
const TPU_V6E: Preset = Preset {
    name: "tpu-v6e",
    values: &[
        (Name, "TPU v6e"),
        (ClockMhz, "1750"),
        (Cores, "1"),
        (MatrixUnits, "2"),
        (Rows, "256"),
        (Cols, "256"),
        (UnifiedBufferKib, "131072"),
        (RateI8, "4"),
        (RateBf16, "2"),
        (VectorLanes, "2048"),
        (DramGbPerS, "1638"),
        (DramGib, "32"),
        (HostGbPerS, "32"),
        (HostLatencyNs, "1000"),
    ],
    sources: &[
        (CLOUD_TPU, &[Cores, MatrixUnits, Rows, Cols, DramGbPerS, DramGib]),
        (SCALING_BOOK, &[UnifiedBufferKib, HostGbPerS]),
    ],
    assumed: &[
        (ClockMhz, "not published; 918e12 / (2 units x 65,536 PEs x 2 x 2 rows a cycle)"),
        (RateI8, "not published; twice the rate of bf16, as the peaks are"),
        (
            RateBf16,
            "not published; 918e12 / (2 x 65,536 x 2) is 3.5e9 rows a second and unit, two at 1750 MHz",
        ),
        (VectorLanes, "8 sublanes of 128 lanes with two ALUs, as TPU v4"),
        (HostLatencyNs, "typical of PCIe"),
    ],
};

/// 2025 (Ironwood): two cores with two matrix units of 256 x 256 each; 2307 TFLOP/s, 4614 on fp8.
const TPU_V7X: Preset = Preset {
    name: "tpu-v7x",
    values: &[
        (Name, "TPU v7x"),
        (ClockMhz, "2200"),
        (Cores, "2"),
        (MatrixUnits, "4"),
        (Rows, "256"),
        (Cols, "256"),
        (UnifiedBufferKib, "65536"),
        (RateI8, "2"),
        (RateFp8, "4"),
        (RateBf16, "2"),
        (VectorLanes, "2048"),
        (DramGbPerS, "7380"),
        (DramGib, "192"),
    ],
    sources: &[
        (CLOUD_TPU, &[Cores, MatrixUnits, DramGbPerS, DramGib]),
        (PALLAS, &[Rows, Cols, UnifiedBufferKib]),
    ],
    assumed: &[
        (ClockMhz, "not published; 2307e12 / (4 units x 65,536 PEs x 2 x 2 rows a cycle)"),
        (RateI8, "whole numbers of 8 bits are exact in bf16 and take its rate"),
        (RateFp8, "not published; twice the rate of bf16, as the peaks are"),
        (
            RateBf16,
            "not published; 2307e12 / (4 x 65,536 x 2) is 4.4e9 rows a second and unit, two at 2200 MHz",
        ),
        (VectorLanes, "8 sublanes of 128 lanes with two ALUs, as TPU v4"),
    ],
};

/// Two cores with a tensor engine each; 190 TFLOP/s on bf16.
const TRAINIUM1: Preset = Preset {
    name: "trainium1",
    values: &[
        (Name, "Trainium1"),
        (ClockMhz, "1450"),
        (Cores, "2"),
        (MatrixUnits, "2"),
        (Rows, "128"),
        (Cols, "128"),
        (Key::Dataflow, "ws"),
        (UnifiedBufferKib, "24576"),
        (WeightFifoTiles, "4"),
        (AccumulatorRows, "4096"),
        (RateI8, "2"),
        (RateBf16, "2"),
        (VectorLanes, "128"),
        (VectorLatencyCycles, "64"),
        (DramGbPerS, "820"),
        (DramGib, "32"),
    ],
    sources: &[(
        NEURON,
        &[Cores, MatrixUnits, Rows, Cols, UnifiedBufferKib, AccumulatorRows, DramGbPerS, DramGib],
    )],
    assumed: &[
        (ClockMhz, "chosen with the rate: 190e12 / (2 x 16,384 x 2) is 2.9e9 rows a second and engine"),
        (Key::Dataflow, "the systolic tensor engine keeps one operand in its PEs"),
        (DoubleBuffered, "not published; weights load behind the running pass"),
        (WeightFifoTiles, "not published; its operands come from on-chip memory"),
        (RateI8, "whole numbers of 8 bits are exact in bf16 and take its rate"),
        (RateBf16, "chosen with the clock: 190e12 / (2 x 16,384 x 2) is 2.9e9 rows a second and engine"),
        (VectorLanes, "a lane a partition of the on-chip memory"),
        (VectorLatencyCycles, "not published; a short pipeline"),
    ],
};

/// Eight cores with a tensor engine each; 667 TFLOP/s on bf16, 1299 on fp8.
const TRAINIUM2: Preset = Preset {
    name: "trainium2",
    values: &[
        (Name, "Trainium2"),
        (ClockMhz, "1272"),
        (Cores, "8"),
        (MatrixUnits, "8"),
        (Rows, "128"),
        (Cols, "128"),
        (Key::Dataflow, "ws"),
        (UnifiedBufferKib, "28672"),
        (WeightFifoTiles, "4"),
        (AccumulatorRows, "4096"),
        (RateI8, "2"),
        (RateFp8, "4"),
        (RateBf16, "2"),
        (VectorLanes, "128"),
        (VectorLatencyCycles, "64"),
        (DramGbPerS, "2900"),
        (DramGib, "96"),
    ],
    sources: &[(
        NEURON,
        &[Cores, MatrixUnits, Rows, Cols, UnifiedBufferKib, AccumulatorRows, DramGbPerS, DramGib],
    )],
    assumed: &[
        (ClockMhz, "chosen with the rate: 667e12 / (8 x 16,384 x 2) is 2.5e9 rows a second and engine"),
        (Key::Dataflow, "the systolic tensor engine keeps one operand in its PEs"),
        (DoubleBuffered, "not published; weights load behind the running pass"),
        (WeightFifoTiles, "not published; its operands come from on-chip memory"),
        (RateI8, "whole numbers of 8 bits are exact in bf16 and take its rate"),
        (RateFp8, "twice the rate of bf16, as the peaks nearly are"),
        (RateBf16, "chosen with the clock: 667e12 / (8 x 16,384 x 2) is 2.5e9 rows a second and engine"),
        (VectorLanes, "a lane a partition of the on-chip memory"),
        (VectorLatencyCycles, "not published; a short pipeline"),
    ],
};

/// The default accelerator of an open generator: an academic 16 x 16 array beside a RISC-V core.
const GEMMINI: Preset = Preset {
    name: "gemmini",
    values: &[
        (Name, "Gemmini 16 x 16"),
        (ClockMhz, "1000"),
        (Cores, "1"),
        (MatrixUnits, "1"),
        (Rows, "16"),
        (Cols, "16"),
        (Key::Dataflow, "ws"),
        (UnifiedBufferKib, "256"),
        (WeightFifoTiles, "2"),
        (AccumulatorRows, "1024"),
        (RateI8, "1"),
        (VectorLanes, "16"),
        (VectorLatencyCycles, "4"),
        (DramGbPerS, "16"),
        (DramLatencyNs, "100"),
        (DramGib, "16"),
        (BurstBytes, "64"),
        (QueueDmaIn, "8"),
        (QueueDmaOut, "2"),
        (QueueMatrix, "8"),
    ],
    sources: &[(
        GEMMINI_DEFAULTS,
        &[
            Cores,
            MatrixUnits,
            Rows,
            Cols,
            DoubleBuffered,
            UnifiedBufferKib,
            AccumulatorRows,
            RateI8,
            BurstBytes,
            QueueDmaIn,
            QueueDmaOut,
            QueueMatrix,
        ],
    )],
    assumed: &[
        (Key::Dataflow, "it can do both ws and os"),
        (ClockMhz, "not part of the generator’s configuration; a round number"),
        (WeightFifoTiles, "tiles come from the scratchpad: one in use, one on its way"),
        (VectorLanes, "a lane a column: activations are applied on the way out"),
        (VectorLatencyCycles, "not part of the generator’s configuration; a short pipeline"),
        (DramGbPerS, "not part of the generator’s configuration; 16 bytes a cycle, as its bus is wide"),
        (DramLatencyNs, "not part of the generator’s configuration; a round number"),
        (DramGib, "not part of the generator’s configuration; the memory of its host"),
    ],
};

#[cfg(test)]
mod tests {
    use super::super::file::parse;
    use super::*;

    #[test]
    fn every_preset_makes_a_chip_and_says_where_every_value_is_from() {
        for name in PRESETS {
            let description = preset(name).unwrap_or_else(|| panic!("{name} is a preset"));
            assert!(description.chip().is_ok(), "{name}: {:?}", description.chip());
            for key in Key::ALL.into_iter().filter(|key| *key != Name && description.value(*key).is_some()) {
                let said = description.source(key).or(description.assumed(key));
                assert!(said.is_some_and(|said| !said.is_empty()), "{name}: {key:?} has no origin");
            }
        }
    }

    #[test]
    fn what_prints_also_parses() {
        for name in PRESETS {
            let description = preset(name).expect("it is a preset");
            let text = description.to_toml();
            assert_eq!(parse(&text).description.as_ref(), Some(&description), "{text}");
        }
    }

    #[test]
    fn names_that_are_none() {
        assert_eq!(unknown("tpuv4").hint, "did you mean `tpu-v4`?");
        assert_eq!(
            unknown("classroom-0x4").hint,
            "a classroom chip is `classroom-RxC`, with 1 to 512 rows and columns"
        );
        assert!(preset("classroom-4").is_none() && preset("classroom-0x4").is_none() && preset("").is_none());
    }
}
