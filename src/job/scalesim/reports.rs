//! The counts as files and as a table. Rows of the files are as SCALE-Sim's: values joined by `, `, a comma at the end, one
//! for each copy of a layer.

use std::fmt::Write;

use super::{Counts, python_float};
use crate::import::scalesim::{Config, Layer, Topology};

/// COMPUTE_REPORT.csv with v2's columns. "Stall Cycles" are 0: the array alone is simulated, as in SCALE-Sim's CALC mode.
pub fn compute_report(topology: &Topology, counts: &[Counts]) -> String {
    const HEADER: &str =
        "LayerID, Total Cycles, Stall Cycles, Overall Util %, Mapping Efficiency %, Compute Util %,\n";
    report(HEADER, topology, counts, |_, c| {
        let [overall, mapping, compute] =
            [c.overall_util, c.mapping_efficiency, c.compute_util].map(python_float);
        format!("{}, 0, {overall}, {mapping}, {compute}", c.total_cycles)
    })
}

/// DETAILED_ACCESS_REPORT.csv: of v2's columns those that a dataflow decides. Start and stop cycles and the DRAM's columns
/// depend on the insides of SCALE-Sim's buffers and are left out.
pub fn detailed_access_report(topology: &Topology, counts: &[Counts]) -> String {
    const HEADER: &str = "LayerID, SRAM IFMAP Reads, SRAM Filter Reads, SRAM OFMAP Writes,\n";
    report(HEADER, topology, counts, |_, c| {
        format!("{}, {}, {}", c.ifmap_reads, c.filter_reads, c.ofmap_writes)
    })
}

/// SYSTOLE_REPORT.csv: what our schedule needs instead. Cycles of both are counts, SCALE-Sim's one more than its reports
/// say.
pub fn systole_report(topology: &Topology, counts: &[Counts]) -> String {
    const HEADER: &str =
        "LayerID, Layer, M, N, K, Passes, SCALE-Sim Cycles, Systole Cycles, Ratio, Systole Util %,\n";
    report(HEADER, topology, counts, |layer, c| {
        let (ratio, util) = (python_float(c.ratio()), python_float(c.systole_util));
        let Layer { name, m, n, k, .. } = layer;
        format!(
            "{name}, {m}, {n}, {k}, {}, {}, {}, {ratio}, {util}",
            c.passes,
            c.scalesim_cycles(),
            c.systole_cycles
        )
    })
}

fn report(
    header: &str,
    topology: &Topology,
    counts: &[Counts],
    row: impl Fn(&Layer, &Counts) -> String,
) -> String {
    let mut out = header.to_owned();
    let mut id = 0;
    for (layer, counts) in topology.layers.iter().zip(counts) {
        let row = row(layer, counts);
        for _ in 0..layer.copies {
            writeln!(out, "{id}, {row},").expect("a string takes what is written");
            id += 1;
        }
    }
    out
}

/// A table for people: a line a layer, and all of them together, one layer behind the other.
pub fn summary(topology: &Topology, counts: &[Counts], config: &Config) -> String {
    let mut table = Table::default();
    let [mut scalesim, mut ours, mut macs] = [0u128; 3];
    for (layer, c) in topology.layers.iter().zip(counts) {
        let copies = u128::from(layer.copies);
        scalesim += copies * u128::from(c.scalesim_cycles());
        ours += copies * u128::from(c.systole_cycles);
        macs += copies * u128::from(layer.macs());
        table.row([
            name(layer),
            format!("{} x {} x {}", layer.m, layer.n, layer.k),
            layer.copies.to_string(),
            c.scalesim_cycles().to_string(),
            c.systole_cycles.to_string(),
            format!("{:.3}", c.ratio()),
            format!("{:.2}", c.systole_util),
        ]);
    }
    let util = 100.0 * macs as f64 / (ours as f64 * (config.rows * config.cols) as f64);
    let copies: u64 = topology.layers.iter().map(|layer| layer.copies).sum();
    table.row([
        "all".into(),
        String::new(),
        copies.to_string(),
        scalesim.to_string(),
        ours.to_string(),
        format!("{:.3}", scalesim as f64 / ours as f64),
        format!("{util:.2}"),
    ]);
    let dataflow = config.dataflow.name();
    format!(
        "{} x {} PEs, {dataflow}; cycles of one copy, to the last MAC\n{}",
        config.rows,
        config.cols,
        table.aligned()
    )
}

/// For a terminal: without control characters, of bounded length.
fn name(layer: &Layer) -> String {
    layer.name.chars().take(24).map(|c| if c.is_control() { ' ' } else { c }).collect()
}

const COLUMNS: [&str; 7] = ["layer", "M x N x K", "copies", "SCALE-Sim", "Systole", "ratio", "util %"];

#[derive(Default)]
struct Table {
    rows: Vec<[String; COLUMNS.len()]>,
}

impl Table {
    fn row(&mut self, row: [String; COLUMNS.len()]) {
        self.rows.push(row);
    }

    /// Names to the left, numbers to the right.
    fn aligned(&self) -> String {
        let head = COLUMNS.map(str::to_owned);
        let rows: Vec<&[String; COLUMNS.len()]> = std::iter::once(&head).chain(&self.rows).collect();
        let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
        let widths: [usize; COLUMNS.len()] = std::array::from_fn(width);
        let line = |row: &[String; COLUMNS.len()]| {
            let mut line = format!("{:<1$}", row[0], widths[0]);
            for (text, width) in row.iter().zip(widths).skip(1) {
                line += &format!("  {text:>width$}");
            }
            line + "\n"
        };
        rows.into_iter().map(line).collect()
    }
}
