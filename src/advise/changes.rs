//! What could be tried: other programs and chips, each with what it costs. Which of them gain shows when they run.

use super::batch::Batch;
use super::limits::{Cause, Limit};
use super::rewrite::{with_dtype, with_tiles};
use super::words::counted;
use crate::base::{Ratio, grouped};
use crate::chip::{Chip, Dataflow, Description, Key, Value};
use crate::explore;
use crate::graph::Graph;
use crate::job::Timed;
use crate::lang::parse;

/// A change of the program, of the chip, or of both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// What kind: of each, one is shown.
    pub family: Family,
    /// In a few words.
    pub label: String,
    /// What it costs, in a few words.
    pub cost: String,
    /// The program's text, if it is another.
    pub text: Option<String>,
    /// Fields of the chip, and what they say.
    pub fields: Vec<(Key, String)>,
    /// How many times as many results a run has.
    pub results: u64,
}

/// Kinds of changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// More at once.
    Batch,
    /// Another operand stays in the array.
    Dataflow,
    /// Products cut otherwise.
    Tiles,
    /// The next tile of weights loads behind the running pass.
    DoubleBuffer,
    /// More tiles of weights on their way.
    Fifo,
    /// More sums beside the array.
    Accumulators,
    /// More room on the chip.
    Buffer,
    /// More bytes a cycle.
    Bandwidth,
    /// Bytes arrive sooner.
    Latency,
    /// Larger arrays.
    Larger,
    /// Smaller ones.
    Smaller,
    /// More of them.
    Units,
    /// A wider vector unit.
    Lanes,
    /// Numbers of fewer bits.
    Precision,
}

impl Family {
    /// Every kind, cheap ones first.
    pub const ALL: [Family; 14] = [
        Family::Batch,
        Family::Tiles,
        Family::Dataflow,
        Family::Precision,
        Family::DoubleBuffer,
        Family::Fifo,
        Family::Smaller,
        Family::Bandwidth,
        Family::Latency,
        Family::Lanes,
        Family::Accumulators,
        Family::Buffer,
        Family::Larger,
        Family::Units,
    ];

    /// As the page knows it.
    pub fn name(self) -> &'static str {
        match self {
            Family::Batch => "batch",
            Family::Dataflow => "dataflow",
            Family::Tiles => "tiles",
            Family::DoubleBuffer => "double-buffer",
            Family::Fifo => "fifo",
            Family::Accumulators => "accumulators",
            Family::Buffer => "buffer",
            Family::Bandwidth => "bandwidth",
            Family::Latency => "latency",
            Family::Larger => "larger",
            Family::Smaller => "smaller",
            Family::Units => "units",
            Family::Lanes => "lanes",
            Family::Precision => "precision",
        }
    }

    /// Whether it is made for a limit: then it is tried first.
    fn helps(self, limit: Limit) -> bool {
        let made_for: &[Family] = match limit {
            Limit::Array => &[Family::Larger, Family::Units, Family::Precision],
            Limit::WeightLoad => &[Family::Batch, Family::Dataflow, Family::Smaller],
            Limit::Bandwidth => &[Family::Bandwidth, Family::Batch, Family::Precision, Family::Buffer],
            Limit::Latency => &[Family::Fifo, Family::Batch, Family::Latency],
            Limit::Padding => &[Family::Dataflow, Family::Smaller, Family::Tiles],
            Limit::FillDrain => &[Family::Batch, Family::Smaller, Family::Tiles],
            Limit::SingleBuffer => &[Family::DoubleBuffer, Family::Batch],
            Limit::DrainChain => &[Family::Dataflow, Family::Tiles, Family::Smaller],
            Limit::Vector => &[Family::Lanes, Family::Tiles],
            Limit::IdleUnits | Limit::IdleCores => &[Family::Batch, Family::Tiles, Family::Larger],
            Limit::Ends => &[Family::Batch, Family::Bandwidth, Family::Latency],
        };
        made_for.contains(&self)
    }
}

/// Everything to be tried, what is made for the greatest causes first.
pub(super) fn changes(
    text: &str,
    described: &Description,
    graph: &Graph,
    timed: &Timed,
    causes: &[Cause],
) -> Vec<Change> {
    let chip = &timed.chip;
    let mut all = of_batch(text);
    all.extend(of_dataflow(chip));
    all.extend(of_dtypes(text, graph, chip));
    all.extend(of_fields(described, chip, timed));
    all.extend(of_sides(described, chip));
    if timed.plan.layers.len() <= MOST_MAPPED {
        all.push(Change::new(Family::Tiles, "tiles that the mapper finds", "nothing"));
    }
    let rank = |change: &Change| {
        let helped = causes.iter().position(|cause| change.family.helps(cause.limit));
        (helped.unwrap_or(causes.len()), Family::ALL.iter().position(|family| *family == change.family))
    };
    all.sort_by_key(rank);
    all
}

/// Layers of a program whose tiles are searched: the mapper runs each product many times.
const MOST_MAPPED: usize = 12;
/// Greatest batch that is tried.
const MOST_BATCH: u64 = 1 << 16;

impl Change {
    fn new(family: Family, label: impl Into<String>, cost: impl Into<String>) -> Change {
        Change { family, label: label.into(), cost: cost.into(), text: None, fields: Vec::new(), results: 1 }
    }

    fn with_text(self, text: String) -> Change {
        Change { text: Some(text), ..self }
    }

    fn with(mut self, key: Key, value: impl ToString) -> Change {
        self.fields.push((key, value.to_string()));
        self
    }

    /// With what only a search finds; nothing if it finds nothing.
    pub(super) fn searched(&self, text: &str, timed: &Timed) -> Option<Change> {
        if self.family != Family::Tiles {
            return Some(self.clone());
        }
        let (found, mapping) = explore::map(timed.plan.clone(), &timed.chip);
        let text = mapping.is_taken().then(|| with_tiles(text, &timed.plan, &found))??;
        Some(self.clone().with_text(text))
    }
}

fn of_batch(text: &str) -> Vec<Change> {
    let ast = parse(text).ast;
    let of = |batch: Batch| {
        [2, 4, 8].into_iter().filter_map(move |times| {
            let size = batch.size.checked_mul(times).filter(|size| (1..=MOST_BATCH).contains(size))?;
            let label = format!("batch {} → {}", grouped(batch.size), grouped(size));
            let cost = match batch.unloads() {
                true => "a run takes longer; inputs from files are made from their names",
                false => "a run takes longer",
            };
            let change = Change::new(Family::Batch, label, cost).with_text(batch.resized(text, size));
            Some(Change { results: times, ..change })
        })
    };
    Batch::find(&ast).into_iter().flat_map(of).collect()
}

fn of_dataflow(chip: &Chip) -> Vec<Change> {
    let others = Dataflow::ALL.into_iter().filter(|dataflow| *dataflow != chip.dataflow);
    let change = |dataflow: Dataflow| {
        let words = match dataflow {
            Dataflow::WeightStationary => "weights stay in the array",
            Dataflow::InputStationary => "inputs stay in the array",
            Dataflow::OutputStationary => "sums stay in the array",
        };
        Change::new(Family::Dataflow, words, "another array of as many PEs")
            .with(Key::Dataflow, dataflow.name())
    };
    others.map(change).collect()
}

/// Floats and integers of fewer bits, where files do not say which and the chip multiplies them.
fn of_dtypes(text: &str, graph: &Graph, chip: &Chip) -> Vec<Change> {
    let used = |name: &str| graph.tensors.iter().any(|(_, tensor)| tensor.ty.dtype.name() == name);
    let fewer = |(from, to): (&str, &str)| {
        let multiplied = chip.rates.alike().any(|dtype| dtype.name() == to);
        let text = (used(from) && multiplied).then(|| with_dtype(text, from, to))??;
        let label = format!("{to} in place of {from}");
        Some(Change::new(Family::Precision, label, "fewer bits: other results").with_text(text))
    };
    [("f32", "bf16"), ("bf16", "fp8"), ("i16", "i8"), ("bf16", "i8")].into_iter().filter_map(fewer).collect()
}

fn of_fields(described: &Description, chip: &Chip, timed: &Timed) -> Vec<Change> {
    let common = chip.is_common(timed.emitted.program.in_memory());
    let (bandwidth, memory) = match common {
        true => (Key::CommonMemoryGbPerS, "common memory"),
        false => (Key::DramGbPerS, "DRAM"),
    };
    let more = |family, key: Key, name: &str, unit: &str, cost: &str| {
        let cost = cost.to_owned();
        [2, 4]
            .into_iter()
            .filter_map(move |times| {
                let (before, after) = scaled(described.value(key)?, times, 1)?;
                let label = format!("{name} {before} → {after} {unit}").trim_end().to_owned();
                let cost = cost.replace('#', if times == 2 { "twice" } else { "four times" });
                Some(Change::new(family, label, cost).with(key, after))
            })
            .collect::<Vec<_>>()
    };
    let mut all = more(Family::Bandwidth, bandwidth, memory, "GB/s", "# the bandwidth");
    all.extend(more(Family::Fifo, Key::WeightFifoTiles, "weight FIFO", "tiles", "# the FIFO"));
    all.extend(more(
        Family::Accumulators,
        Key::AccumulatorRows,
        "accumulators",
        "rows",
        "# the accumulators",
    ));
    all.extend(more(Family::Buffer, Key::UnifiedBufferKib, "unified buffer", "KiB", "# the buffer"));
    all.extend(more(Family::Lanes, Key::VectorLanes, "vector unit", "lanes", "# the lanes"));
    all.extend(more(Family::Units, Key::MatrixUnits, "matrix units", "", "# the arrays"));
    if let Some((before, after)) = described.value(Key::DramLatencyNs).and_then(|value| scaled(value, 1, 2)) {
        let label = format!("DRAM latency {before} → {after} ns");
        all.push(Change::new(Family::Latency, label, "a memory nearer by").with(Key::DramLatencyNs, after));
    }
    if described.value(Key::DoubleBuffered) == Some(&Value::Flag(false)) {
        let change =
            Change::new(Family::DoubleBuffer, "double-buffered weights", "a register more in each PE");
        all.push(change.with(Key::DoubleBuffered, true));
    }
    all
}

/// A field's number, and that times a fraction, as a chip file has both.
fn scaled(value: &Value, times: u64, over: u64) -> Option<(String, String)> {
    let after = match value {
        Value::Whole(number) => Value::Whole(number.checked_mul(times)? / over),
        Value::Number(number) => Value::Number(number.times(Ratio::new(times, over)?)?),
        _ => return None,
    };
    (after != *value).then(|| (value.to_string(), after.to_string()))
}

/// Arrays of other sides; where a chip has a vector lane a column, it keeps to that.
fn of_sides(described: &Description, chip: &Chip) -> Vec<Change> {
    let pes = chip.pes();
    let with = |[r, c]: [(usize, usize); 2]| {
        let side = |side: usize, (times, over): (usize, usize)| {
            (side * times).is_multiple_of(over).then_some(side * times / over)
        };
        let (rows, cols) = (side(chip.rows, r)?, side(chip.cols, c)?);
        let after = (rows * cols) as u64;
        let family = if after > pes { Family::Larger } else { Family::Smaller };
        let label = format!("array {} × {} → {rows} × {cols}", chip.rows, chip.cols);
        let cost = match family {
            Family::Larger => format!("{} times the PEs", after / pes),
            _ => format!("{} instead of {}", grouped(after), counted(pes, "PE", "PEs")),
        };
        let mut change = Change::new(family, label, cost);
        for (key, side, before) in [(Key::Rows, rows, chip.rows), (Key::Cols, cols, chip.cols)] {
            if side != before {
                change = change.with(key, side);
            }
        }
        let a_lane_a_column = described.value(Key::VectorLanes) == Some(&Value::Whole(chip.cols as u64));
        Some(if a_lane_a_column && cols != chip.cols { change.with(Key::VectorLanes, cols) } else { change })
    };
    let (same, twice, half) = ((1, 1), (2, 1), (1, 2));
    let sides = [[half, same], [same, half], [half, half], [twice, same], [same, twice], [twice, twice]];
    sides.into_iter().filter_map(with).collect()
}
