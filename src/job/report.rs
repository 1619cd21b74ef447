//! What a run came to, for people and programs. The command line's JSON has these fields under these names; the page
//! gets the same ones in JavaScript's spelling.

use serde::Serialize;

use super::Finished;
use crate::base::{Cycle, Lines};
use crate::chip::WeightBuffering;

/// A whole run.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(target_arch = "wasm32", serde(rename_all = "camelCase"))]
pub struct Report {
    /// Of this crate.
    pub version: &'static str,
    /// What it ran on.
    pub chip: ChipReport,
    /// From the first load to the last event.
    pub cycles: Cycle,
    /// From the first load to the last MAC.
    pub cycles_to_last_mac: Cycle,
    /// Multiply-accumulates of the program.
    pub macs: u64,
    /// Slots for them that partial tiles left idle while rows were entering.
    pub padding_macs: u64,
    /// Useful MACs over the array's R x C in every cycle.
    pub utilization: f64,
    /// Arrays on the chip.
    pub matrix_units: u32,
    /// In the order in which they ran.
    pub ops: Vec<OpReport>,
    /// In the order of the program.
    pub outputs: Vec<OutputReport>,
    /// Whether every tensor in simulated memory equals the reference evaluator's.
    pub agrees: bool,
    /// The first difference, in words.
    pub disagreement: Option<String>,
}

/// A chip.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(target_arch = "wasm32", serde(rename_all = "camelCase"))]
pub struct ChipReport {
    /// For people.
    pub name: String,
    /// R
    pub rows: usize,
    /// C
    pub cols: usize,
    /// Whether a tile loads behind the running pass.
    pub double_buffered: bool,
}

/// Operators that ran as one.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(target_arch = "wasm32", serde(rename_all = "camelCase"))]
pub struct OpReport {
    /// The result's name.
    pub name: String,
    /// Where it is written.
    pub line: u32,
    /// First cycle of its first load or vector instruction.
    pub start: Cycle,
    /// Its last event.
    pub end: Cycle,
    /// Multiply-accumulates.
    pub macs: u64,
}

/// An output's values, read from simulated memory.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(target_arch = "wasm32", serde(rename_all = "camelCase"))]
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
    #[serde(skip_serializing_if = "Option::is_none")]
    pub values: Option<Vec<i32>>,
}

impl Report {
    /// Most elements of a tensor whose values are listed.
    pub const SMALL: usize = 4096;
}

impl Finished {
    /// The report; `text` is the program's.
    pub fn report(&self, text: &str) -> Report {
        let lines = Lines::new(text);
        let macs = self.plan.layers.iter().flat_map(|layer| &layer.ops).map(|op| self.graph.macs(*op)).sum();
        let slots: u64 = self.trace.passes.iter().map(|p| p.activations.rows as u64 * self.chip.pes()).sum();
        let all = self.trace.cycles * self.chip.pes();
        Report {
            version: env!("CARGO_PKG_VERSION"),
            chip: ChipReport {
                name: self.chip.name.clone(),
                rows: self.chip.rows,
                cols: self.chip.cols,
                double_buffered: self.chip.weights == WeightBuffering::Double,
            },
            cycles: self.trace.cycles,
            cycles_to_last_mac: self.trace.cycles_to_last_mac,
            macs,
            padding_macs: slots - macs,
            utilization: if all == 0 { 0.0 } else { macs as f64 / all as f64 },
            matrix_units: 1,
            ops: self.op_reports(&lines),
            outputs: self.output_reports(&lines),
            agrees: self.disagreement.is_none(),
            disagreement: self.disagreement.clone(),
        }
    }

    fn op_reports(&self, lines: &Lines) -> Vec<OpReport> {
        let layers = self.emitted.program.ops.iter().zip(&self.plan.layers);
        let mut reports: Vec<OpReport> = layers
            .map(|((_, op), layer)| OpReport {
                name: op.name.clone(),
                line: lines.position(op.span.start).line,
                start: Cycle::MAX,
                end: 0,
                macs: layer.ops.iter().map(|op| self.graph.macs(*op)).sum(),
            })
            .collect();
        for pass in &self.trace.passes {
            let report = &mut reports[pass.op.index()];
            report.start = report.start.min(pass.load);
        }
        // Every layer ends with vector work.
        for run in &self.trace.vectors {
            let report = &mut reports[run.op.index()];
            (report.start, report.end) = (report.start.min(run.start), report.end.max(run.event));
        }
        reports
    }

    fn output_reports(&self, lines: &Lines) -> Vec<OutputReport> {
        let report = |output: &crate::graph::Output| {
            let tensor = &self.graph.tensors[output.tensor];
            let values = self.values(output.tensor)?;
            Some(OutputReport {
                name: tensor.name.clone(),
                line: lines.position(output.span.start).line,
                dtype: tensor.ty.dtype.name(),
                shape: tensor.ty.shape.0.clone(),
                checksum: values.checksum(),
                values: (values.len() <= Report::SMALL).then(|| values.iter().collect()),
            })
        };
        self.graph.outputs.iter().filter_map(report).collect()
    }
}
