//! What a run came to, for people and programs. The command line's JSON has these fields under these names.

use serde::{Serialize, Serializer};

use super::assembly::Reported;
use super::{Extent, Finished, Timed, Written};
use crate::base::{Bytes, Cycle, Lines};
use crate::chip::{Chip, WeightBuffering};
use crate::graph::{Deviation, Graph, Output};
use crate::isa::{Program, ProgramOp};
use crate::num::Values;
use crate::schedule::{Layer, Plan};
use crate::sim::{OpTally, Tally};
use crate::timing::movement::{Movement, Moves, Path, Role};
use crate::trace::{Class, Classes, Scalar, Trace};

/// A whole run.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Of this crate.
    pub version: &'static str,
    /// What it ran on.
    pub chip: ChipReport,
    /// From the first instruction to the last event: the last output has arrived in DRAM.
    pub cycles: Cycle,
    /// From the first instruction to the last MAC.
    pub cycles_to_last_mac: Cycle,
    /// Cycles at the chip's clock, and the launch.
    pub seconds: f64,
    /// Multiply-accumulates of the program.
    pub macs: u64,
    /// Slots for them that partial tiles left idle while rows were entering.
    pub padding_macs: u64,
    /// Useful MACs over what the arrays could do in all cycles, for the operators' dtypes.
    pub utilization: f64,
    /// Arrays on the chip.
    pub matrix_units: usize,
    /// Where their cycles went (MACHINE.md section 3): adds up to cycles x matrix units.
    pub classes: ClassReport,
    /// What crossed the bus to the memory in which the program lies.
    pub dram_bytes: DramReport,
    /// Whether that is the chip's common memory, and not its DRAM.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub in_common_memory: bool,
    /// What moved.
    pub movement: MovementReport,
    /// As data goes through the chip: units that had work.
    pub units: Vec<UnitReport>,
    /// In the order in which they ran.
    pub ops: Vec<OpReport>,
    /// In the order of the program; of a run with values.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub outputs: Vec<OutputReport>,
    /// Whether every tensor in simulated memory equals the reference evaluator's; of a run with values.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agrees: Option<bool>,
    /// The first difference, in words.
    pub disagreement: Option<String>,
}

/// Cycles of matrix units by class.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct ClassReport {
    /// The next row enters.
    pub active: Cycle,
    /// The next pass's tile is being loaded.
    pub weight_shift: Cycle,
    /// It is not whole in the FIFO.
    pub weight_stall: Cycle,
    /// Single-buffered weights are in use, or a drain chain moves.
    pub array_busy: Cycle,
    /// The next pass waits for a DMA.
    pub input_stall: Cycle,
    /// A wave crosses the array.
    pub fill_drain: Cycle,
    /// The next pass waits for work of an operator that has matrix work.
    pub dependence: Cycle,
    /// Everything else.
    pub non_matrix: Cycle,
}

impl From<Classes> for ClassReport {
    fn from(classes: Classes) -> Self {
        ClassReport {
            active: classes.of(Class::Active),
            weight_shift: classes.of(Class::WeightShift),
            weight_stall: classes.of(Class::WeightStall),
            array_busy: classes.of(Class::ArrayBusy),
            input_stall: classes.of(Class::InputStall),
            fill_drain: classes.of(Class::FillDrain),
            dependence: classes.of(Class::Dependence),
            non_matrix: classes.of(Class::NonMatrix),
        }
    }
}

/// Bytes over the DRAM's bus.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct DramReport {
    /// To the chip.
    pub read: Bytes,
    /// From the chip.
    pub written: Bytes,
}

/// Words moved (MACHINE.md section 3), by whose they are and what they move through; what did not move is left out.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct MovementReport {
    /// Padding included.
    pub all: MovedReport,
    /// Padding alone.
    pub padding: MovedReport,
}

/// Words by [`Role`] and [`Path`]: maps of their names.
#[derive(Clone, Copy, Debug)]
pub struct MovedReport(Movement);

impl From<Moves> for MovementReport {
    fn from(moves: Moves) -> Self {
        MovementReport { all: MovedReport(moves.all), padding: MovedReport(moves.padding) }
    }
}

impl Serialize for MovedReport {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let moved = Role::ALL.into_iter().map(|role| (role.name(), Row(&self.0, role)));
        serializer.collect_map(moved.filter(|(_, row)| row.paths().next().is_some()))
    }
}

struct Row<'a>(&'a Movement, Role);

impl Row<'_> {
    fn paths(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        let words = |path: Path| (path.name(), self.0.of(self.1, path));
        Path::ALL.into_iter().map(words).filter(|(_, words)| *words > 0)
    }
}

impl Serialize for Row<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.paths())
    }
}

/// One unit of the chip.
#[derive(Clone, Debug, Serialize)]
pub struct UnitReport {
    /// Kind and number.
    pub name: String,
    /// Cycles in which it was busy; of a matrix unit, in which rows were entering.
    pub busy: Cycle,
}

/// A chip.
#[derive(Clone, Debug, Serialize)]
pub struct ChipReport {
    /// For people.
    pub name: String,
    /// R
    pub rows: usize,
    /// C
    pub cols: usize,
    /// Whether a tile loads behind the running pass.
    pub double_buffered: bool,
    /// What stays in the PEs: ws, is or os.
    pub dataflow: &'static str,
}

impl ChipReport {
    pub(super) fn new(chip: &Chip) -> ChipReport {
        ChipReport {
            name: chip.name.clone(),
            rows: chip.rows,
            cols: chip.cols,
            double_buffered: chip.weights == WeightBuffering::Double,
            dataflow: chip.dataflow.name(),
        }
    }
}

/// Operators that ran as one.
#[derive(Clone, Debug, Serialize)]
pub struct OpReport {
    /// The result's name.
    pub name: String,
    /// Where it is written.
    pub line: u32,
    /// First cycle of its first instruction.
    pub start: Cycle,
    /// Its last event.
    pub end: Cycle,
    /// Multiply-accumulates.
    pub macs: u64,
    /// Cycles of matrix units that belong to it; those of all operators add up to the totals.
    pub classes: ClassReport,
    /// What moved for it.
    pub movement: MovementReport,
}

/// An output's values: of a run read from simulated memory.
#[derive(Clone, Debug, Serialize)]
pub struct OutputReport {
    /// The tensor's name.
    pub name: String,
    /// The `output` statement's.
    pub line: u32,
    /// Of its elements.
    pub dtype: &'static str,
    /// Outermost first.
    pub shape: Vec<usize>,
    /// FNV-1a of the little-endian bytes.
    pub checksum: String,
    /// Row-major, if there are at most [`Report::SMALL`].
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "entries")]
    pub values: Option<Listed>,
    /// How far they are from f64; of floats that were evaluated for no chip.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deviation: Option<DeviationReport>,
}

/// Numbers in a list.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Listed {
    /// Of an integer dtype.
    Whole(Vec<i32>),
    /// Of a float dtype.
    Floats(Vec<f32>),
}

impl Listed {
    /// A tensor's values, if there are at most [`Report::SMALL`].
    pub fn of(values: &Values) -> Option<Listed> {
        let listed = || match values.dtype().is_float() {
            true => Listed::Floats((0..values.len()).map(|at| values.get_f32(at)).collect()),
            false => Listed::Whole(values.iter().collect()),
        };
        (values.len() <= Report::SMALL).then(listed)
    }

    /// How many.
    pub fn len(&self) -> usize {
        match self {
            Listed::Whole(numbers) => numbers.len(),
            Listed::Floats(numbers) => numbers.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A number in JSON.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Entry {
    /// A whole number.
    Whole(i32),
    /// A float, in as many digits as tell it from others of f32.
    Float(f32),
    /// What JSON has no number for: `NaN`, `inf` or `-inf`.
    Named(&'static str),
}

impl From<f32> for Entry {
    fn from(value: f32) -> Entry {
        match value {
            f32::INFINITY => Entry::Named("inf"),
            f32::NEG_INFINITY => Entry::Named("-inf"),
            _ if value.is_nan() => Entry::Named("NaN"),
            _ => Entry::Float(value),
        }
    }
}

impl From<Scalar> for Entry {
    fn from(scalar: Scalar) -> Entry {
        match scalar {
            Scalar::Whole(value) => Entry::Whole(value),
            Scalar::Float(value) => value.into(),
        }
    }
}

fn entries<S: Serializer>(values: &Option<Listed>, serializer: S) -> Result<S::Ok, S::Error> {
    match values {
        Some(Listed::Floats(floats)) => {
            serializer.collect_seq(floats.iter().map(|value| Entry::from(*value)))
        }
        other => other.serialize(serializer),
    }
}

/// Greatest differences from f64; what is infinite is null in JSON.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct DeviationReport {
    /// Of an element.
    pub absolute: f64,
    /// Of an element over the magnitude of its f64, of those whose f64 is not 0.
    pub relative: f64,
}

impl From<Deviation> for DeviationReport {
    fn from(Deviation { absolute, relative }: Deviation) -> Self {
        DeviationReport { absolute, relative }
    }
}

impl OutputReport {
    pub(super) fn new(graph: &Graph, output: &Output, values: &Values, lines: &Lines) -> OutputReport {
        let tensor = &graph.tensors[output.tensor];
        OutputReport {
            name: graph.name(output.tensor),
            line: lines.position(output.span.start).line,
            dtype: tensor.ty.dtype.name(),
            shape: tensor.ty.shape.0.to_vec(),
            checksum: values.checksum(),
            values: Listed::of(values),
            deviation: None,
        }
    }
}

impl Report {
    /// Most elements of a tensor whose values are listed.
    pub const SMALL: usize = 4096;
}

impl Finished {
    /// The report; `text` is the program's, or the assembly's.
    pub fn report(&self, text: &str) -> Report {
        let lines = Lines::new(text);
        let Finished { plan, emitted, chip, trace, memory, .. } = self;
        if let Some(written) = &self.written {
            let Written { assembly, places } = &**written;
            return Reported { assembly, places, chip, trace, memory }.report(&lines);
        }
        let run = Run::of_plan(plan, &emitted.program, chip, trace, self.tally());
        match self.extent {
            Extent::Without { .. } => run.report(&lines),
            Extent::Whole => Report {
                outputs: self.output_reports(&lines),
                agrees: Some(self.disagreement.is_none()),
                disagreement: self.disagreement.clone(),
                ..run.report(&lines)
            },
        }
    }

    fn output_reports(&self, lines: &Lines) -> Vec<OutputReport> {
        let report = |output: &Output| {
            let values = self.values(output.tensor)?;
            Some(OutputReport::new(&self.graph, output, &values, lines))
        };
        self.graph.outputs.iter().filter_map(report).collect()
    }
}

impl Timed {
    /// The report; `text` is what the products' places lie in.
    pub fn report(&self, text: &str) -> Report {
        let Timed { plan, emitted, chip, trace } = self;
        Run::of_plan(plan, &emitted.program, chip, trace, self.tally()).report(&Lines::new(text))
    }
}

/// What a report is made from, values apart.
pub(super) struct Run<'a> {
    pub program: &'a Program,
    pub chip: &'a Chip,
    pub trace: &'a Trace,
    pub tally: Tally,
    /// Cycles of handovers, beside those of the run.
    pub handover: Cycle,
    /// By operator: multiply-accumulates.
    pub macs: Vec<u64>,
    /// Cycles that the products would take at the peak of their dtypes on all PEs of one matrix unit, times these PEs.
    pub at_peak: f64,
}

impl Run<'_> {
    fn of_plan<'a>(
        plan: &Plan,
        program: &'a Program,
        chip: &'a Chip,
        trace: &'a Trace,
        tally: Tally,
    ) -> Run<'a> {
        let at_peak = |layer: &Layer| {
            let Some([a, b]) = plan.factors(layer) else { return 0.0 };
            let rate = chip.rate(plan.tensors[a].dtype, plan.tensors[b].dtype);
            plan.macs(layer) as f64 / rate.map_or(1.0, |rate| rate.as_f64())
        };
        let macs = plan.layers.iter().map(|layer| plan.macs(layer)).collect();
        let at_peak = plan.layers.iter().map(at_peak).sum();
        Run { program, chip, trace, tally, handover: plan.handover(chip), macs, at_peak }
    }

    pub(super) fn report(&self, lines: &Lines) -> Report {
        let Run { chip, trace, tally, .. } = self;
        let (read, written) = tally.dram_bytes();
        let macs = self.macs.iter().sum();
        Report {
            version: env!("CARGO_PKG_VERSION"),
            chip: ChipReport::new(chip),
            cycles: trace.cycles,
            cycles_to_last_mac: trace.cycles_to_last_mac,
            seconds: chip.seconds(trace.cycles.saturating_add(self.handover)),
            macs,
            padding_macs: tally.mac_slots - macs,
            utilization: self.utilization(),
            matrix_units: chip.matrix_units,
            classes: tally.classes.into(),
            dram_bytes: DramReport { read, written },
            in_common_memory: chip.is_common(self.program.in_memory()),
            movement: tally.moves.into(),
            units: tally
                .busy
                .iter()
                .map(|(unit, busy)| UnitReport { name: unit.name(), busy: *busy })
                .collect(),
            ops: self.op_reports(lines),
            outputs: Vec::new(),
            agrees: None,
            disagreement: None,
        }
    }

    /// Cycles that the products would take at the peak of their dtypes, over all cycles.
    fn utilization(&self) -> f64 {
        let all = self.trace.cycles as f64 * (self.chip.pes() * self.chip.matrix_units as u64) as f64;
        if all == 0.0 { 0.0 } else { self.at_peak / all }
    }

    fn op_reports(&self, lines: &Lines) -> Vec<OpReport> {
        let ops = self.program.ops.iter().zip(&self.macs).zip(&self.tally.ops);
        let report = |(((_, op), macs), counted): (((_, &ProgramOp), &u64), &OpTally)| OpReport {
            name: op.name.clone(),
            line: lines.position(op.span.start).line,
            start: counted.start,
            end: counted.end,
            macs: *macs,
            classes: counted.classes.into(),
            movement: counted.moves.into(),
        };
        ops.map(report).collect()
    }
}
