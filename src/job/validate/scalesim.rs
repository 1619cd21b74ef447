//! What SCALE-Sim printed beside what [`crate::job::scalesim`] prints for the same layers. Source:
//! `tests/data/scalesim/README.md`; the products of `tests/data/tpu_v4/` have its cycles too.

use std::collections::BTreeMap;

use super::{Read, Table, tpu_v4};
use crate::chip::Dataflow;
use crate::import::scalesim::{Config, Layout, Topology, parse_topology};
use crate::job::scalesim::{Counts, compute_report, detailed_access_report, simulate};

const HEADER: &str = "topology,rows,cols,dataflow,layer,total_cycles,overall_util_pct,mapping_eff_pct,\
                      compute_util_pct,sram_ifmap_reads,sram_filter_reads,sram_ofmap_writes";

/// One recorded layer run.
#[derive(Clone, Debug)]
struct Recorded {
    topology: String,
    rows: u64,
    cols: u64,
    dataflow: Dataflow,
    layer: usize,
    /// The seven numbers as they were printed.
    numbers: Vec<String>,
}

fn recorded(fields: &[&str]) -> Result<Recorded, String> {
    let dataflow = Dataflow::ALL.into_iter().find(|dataflow| dataflow.name() == fields[3]);
    Ok(Recorded {
        topology: fields[0].to_owned(),
        rows: super::whole(fields[1])?,
        cols: super::whole(fields[2])?,
        dataflow: dataflow.ok_or_else(|| format!("no dataflow `{}`", fields[3]))?,
        layer: fields[4].parse().map_err(|_| format!("`{}` is no layer", fields[4]))?,
        numbers: fields[5..].iter().map(|field| field.to_string()).collect(),
    })
}

/// By dataflow: layer runs, those equal in every digit, and the numbers compared.
type Equal = BTreeMap<Dataflow, (usize, usize, usize)>;

/// A row a dataflow.
pub fn table(read: &Read) -> Result<Table, String> {
    let path = "scalesim/results.csv";
    let runs = super::rows(&read(path)?, HEADER, recorded).map_err(|what| format!("{path}: {what}"))?;
    let mut equal = Equal::new();
    for run in &runs {
        let path = format!("scalesim/{}.csv", run.topology);
        let ours = ours(run, &read(&path)?).map_err(|what| format!("{path}: {what}"))?;
        let (layers, same, numbers) = equal.entry(run.dataflow).or_default();
        *layers += 1;
        *same += usize::from(ours.as_deref() == Some(&run.numbers));
        *numbers += run.numbers.len();
    }
    let row = |(dataflow, (layers, same, numbers)): (Dataflow, (usize, usize, usize))| {
        let [layers, numbers, same] = [layers, numbers, same].map(|count| count.to_string());
        [dataflow.name().to_owned(), layers, numbers, same]
    };
    let rows = equal.into_iter().map(row).collect();
    let columns = ["dataflow", "layer runs", "numbers", "layer runs equal in every digit"];
    Ok(Table::new("SCALE-Sim's reports", columns, rows).with_note(products(read)?))
}

/// The seven numbers of a layer run as our reports print them, if the topology has that layer.
fn ours(run: &Recorded, topology: &str) -> Result<Option<Vec<String>>, String> {
    let layout = Layout::of_header(topology);
    let topology = parse_topology(topology, layout).value.ok_or("it is no topology")?;
    let config = config(run.rows, run.cols, run.dataflow);
    let counts = simulate(&topology, &config);
    let line = |report: String, from: usize| -> Option<Vec<String>> {
        let line = report.lines().nth(1 + run.layer)?.to_owned();
        let fields = line.split(',').map(|field| field.trim().to_owned());
        Some(fields.skip(from).filter(|field| !field.is_empty()).collect())
    };
    let (compute, accesses) =
        (line(compute_report(&topology, &counts), 1), line(detailed_access_report(&topology, &counts), 1));
    Ok(compute.zip(accesses).map(|(mut numbers, accesses)| {
        // Stalls are 0 in every run and were not recorded.
        numbers.remove(1);
        numbers.extend(accesses);
        numbers
    }))
}

fn config(rows: u64, cols: u64, dataflow: Dataflow) -> Config {
    Config { run_name: String::new(), rows, cols, dataflow, sparse: false }
}

/// SCALE-Sim's "Total Cycles" for the measured products, as we count them. By its numbers, the shorter of M and N streams: weights
/// stay where that is M, activations where it is N.
pub(super) fn total_cycles(products: &[tpu_v4::Measured]) -> Result<Vec<u64>, String> {
    let lines = products.iter().map(|product| {
        let [m, k, n] = product.extents;
        format!("product, {m}, {n}, {k},\n")
    });
    let text = format!("Layer, M, N, K,\n{}", lines.collect::<String>());
    let topology: Topology = parse_topology(&text, Layout::Gemm)
        .value
        .ok_or("there are more or larger products than SCALE-Sim reads")?;
    let by = |dataflow| simulate(&topology, &config(128, 128, dataflow));
    let (ws, is) = (by(Dataflow::WeightStationary), by(Dataflow::InputStationary));
    let shorter = |(product, (ws, is)): (&tpu_v4::Measured, (Counts, Counts))| {
        let [m, _, n] = product.extents;
        if m <= n { ws.total_cycles } else { is.total_cycles }
    };
    Ok(products.iter().zip(ws.into_iter().zip(is)).map(shorter).collect())
}

fn products(read: &Read) -> Result<String, String> {
    let path = "tpu_v4/gemm.csv";
    let products = tpu_v4::parse(&read(path)?).map_err(|what| format!("{path}: {what}"))?;
    let ours = total_cycles(&products).map_err(|what| format!("{path}: {what}"))?;
    let theirs = products.iter().zip(&ours).filter_map(|(product, ours)| Some((product.scalesim?, *ours)));
    let (all, equal) =
        theirs.fold((0, 0), |(all, equal), (theirs, ours)| (all + 1, equal + usize::from(theirs == ours)));
    Ok(format!(
        "Besides, of the {all} measured products of `{path}` that have SCALE-Sim's cycles, {equal} have ours, on 128 x 128."
    ))
}
