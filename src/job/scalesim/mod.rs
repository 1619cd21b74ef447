//! SCALE-Sim's counts for its own topologies, and what the same products take on an array with double-buffered passes.
//!
//! The counts are SCALE-Sim's in every digit. It holds the array's sides R and C against a product M x K by K x N, cut into
//! folds: `Sr` of the product lies along the rows, `Sc` along the columns, `T` streams.
//!
//! | dataflow | Sr | Sc | T | cycles of a fold |
//! |---|---|---|---|---|
//! | ws | K | N | M | 2R + C + T - 2 |
//! | is | K | M | N | 2R + C + T - 2 |
//! | os | M | N | K | R + C + T - 2 |
//!
//! Its folds are all of full size and never overlap. Ours are the same passes, but the next tile loads (or, for os, the
//! last one's sums drain) while the array works: [`crate::timing::stationary_passes`] and
//! [`crate::timing::output_stationary_passes`].

mod digits;
mod reports;

pub use digits::python_float;
pub use reports::{compute_report, detailed_access_report, summary, systole_report};

use crate::base::{Cycle, Diagnostic, Diagnostics};
use crate::chip::Dataflow;
use crate::import::scalesim::{Config, Layer, Topology};
use crate::timing::{output_stationary_passes, stationary_passes};
use digits::quotient;

/// What is counted for one copy of a layer. Limits on files keep each count within 64 bits.
#[derive(Clone, Debug, PartialEq)]
pub struct Counts {
    /// Tiles of the product: SCALE-Sim's folds, our passes.
    pub passes: u64,
    /// SCALE-Sim's "Total Cycles": the number of the last cycle, counted from 0.
    pub total_cycles: Cycle,
    /// In percent: useful MACs over R x C in each of `total_cycles`. Infinite where these are 0.
    pub overall_util: f64,
    /// In percent: PEs that hold something of the product, averaged over the folds.
    pub mapping_efficiency: f64,
    /// In percent: useful MACs over those of a fold's cycles as SCALE-Sim has them here, averaged over the folds.
    pub compute_util: f64,
    /// Words of the input map read from its SRAM.
    pub ifmap_reads: u64,
    /// Words of the filters read from their SRAM.
    pub filter_reads: u64,
    /// Words of the output map written to its SRAM.
    pub ofmap_writes: u64,
    /// From the first load (os: operand) to the last MAC, with double-buffered passes.
    pub systole_cycles: Cycle,
    /// In percent: useful MACs over R x C in each of `systole_cycles`.
    pub systole_util: f64,
}

impl Counts {
    /// SCALE-Sim's cycles as ours are counted, one more than the number of its last.
    pub fn scalesim_cycles(&self) -> Cycle {
        self.total_cycles + 1
    }

    /// How many times as long SCALE-Sim's folds take. Below 1 for some os layers on tall arrays: it leaves out that sums
    /// drain row by row.
    pub fn ratio(&self) -> f64 {
        self.scalesim_cycles() as f64 / self.systole_cycles as f64
    }
}

/// What keeps a topology from being simulated with this configuration, or needs to be said; places are the topology's.
pub fn check(topology: &Topology, config: &Config) -> Vec<Diagnostic> {
    let mut say = Diagnostics::default();
    let sparse = topology.layers.iter().filter_map(|layer| Some((layer, layer.sparsity?)));
    if let Some((layer, sparsity)) = sparse.into_iter().find(|(_, s)| s.kept < s.of) {
        let ratio = format!("{}:{}", sparsity.kept, sparsity.of);
        if config.sparse {
            let message = format!(
                "the configuration asks for sparsity, which is not simulated, and this layer is {ratio}"
            );
            say.error(layer.span, message, "set `SparsitySupport: false` for the dense layer's counts");
        } else {
            let message =
                format!("{ratio} is not used: the configuration does not ask for sparsity; layers are dense");
            say.warning(layer.span, message, "remove the field");
        }
    }
    let timeless = |layer: &&Layer| Shape::new(layer, config).total_cycles() == 0;
    if let Some(layer) = topology.layers.iter().find(timeless) {
        let message =
            "SCALE-Sim counts 0 cycles for this layer and divides by them; its utilisation is given as inf";
        say.warning(layer.span, message, "use a larger array or layer");
    }
    say.into_sorted()
}

/// Counts of each layer of a topology, in its order.
pub fn simulate(topology: &Topology, config: &Config) -> Vec<Counts> {
    let mut budget = MOST_FOLDS_SUMMED;
    let each = topology.layers.iter().map(|layer| {
        let shape = Shape::new(layer, config);
        shape.counts(layer, shape.utilisations(&mut budget))
    });
    each.collect()
}

/// SCALE-Sim adds up a float for each fold. To have its digits this does the same, for so many folds of a file; behind them
/// the mean is the exact fraction's, which may differ in its last digits. It is more than SCALE-Sim itself can hold.
pub const MOST_FOLDS_SUMMED: u64 = 1 << 28;

/// A layer held against the array.
struct Shape {
    dataflow: Dataflow,
    rows: u64,
    cols: u64,
    /// Sr
    down: u64,
    /// Sc
    across: u64,
    /// T
    stream: u64,
}

impl Shape {
    fn new(layer: &Layer, config: &Config) -> Shape {
        let (down, across, stream) = match config.dataflow {
            Dataflow::WeightStationary => (layer.k, layer.n, layer.m),
            Dataflow::InputStationary => (layer.k, layer.m, layer.n),
            Dataflow::OutputStationary => (layer.m, layer.n, layer.k),
        };
        Shape { dataflow: config.dataflow, rows: config.rows, cols: config.cols, down, across, stream }
    }

    fn folds_down(&self) -> u64 {
        self.down.div_ceil(self.rows)
    }

    fn folds_across(&self) -> u64 {
        self.across.div_ceil(self.cols)
    }

    fn fold_cycles(&self) -> Cycle {
        let wave = self.rows + self.cols + self.stream - 2;
        if self.dataflow == Dataflow::OutputStationary { wave } else { self.rows + wave }
    }

    fn total_cycles(&self) -> Cycle {
        self.folds_down() * self.folds_across() * self.fold_cycles() - 1
    }

    /// The cycles that SCALE-Sim divides a fold's MACs by: for ws and is, C - 1 more than the fold's.
    fn divisor_cycles(&self) -> Cycle {
        let skew = if self.dataflow == Dataflow::OutputStationary { 0 } else { self.cols - 1 };
        self.fold_cycles() + skew
    }

    /// Mapping efficiency and compute utilisation, in percent.
    fn utilisations(&self, budget: &mut u64) -> [f64; 2] {
        let folds = self.folds_down() * self.folds_across();
        match budget.checked_sub(folds) {
            Some(left) => {
                *budget = left;
                self.summed().map(|sum| sum / folds as f64 * 100.0)
            }
            None => self.exact(),
        }
    }

    /// The two shares of each fold added up in SCALE-Sim's order, down before across: float sums depend on it.
    fn summed(&self) -> [f64; 2] {
        let [whole_across, whole_down] = [self.folds_across() - 1, self.folds_down() - 1];
        let [last_cols, last_rows] =
            [self.across - whole_across * self.cols, self.down - whole_down * self.rows];
        let mut sums = [0.0; 2];
        for column in 0..=whole_across {
            let cols = if column < whole_across { self.cols } else { last_cols };
            let (whole, last) = (self.shares(self.rows, cols), self.shares(last_rows, cols));
            for _ in 0..whole_down {
                add(&mut sums, whole);
            }
            add(&mut sums, last);
        }
        sums
    }

    /// Of a fold with so many rows and columns in use.
    fn shares(&self, rows: u64, cols: u64) -> [f64; 2] {
        let (used, pes) = (u128::from(rows * cols), u128::from(self.rows * self.cols));
        let cycles = u128::from(self.divisor_cycles());
        [quotient(used, pes), quotient(used * u128::from(self.stream), pes * cycles)]
    }

    /// The same means as fractions.
    fn exact(&self) -> [f64; 2] {
        let used = 100 * u128::from(self.down * self.across);
        let slots = u128::from(self.folds_down() * self.rows) * u128::from(self.folds_across() * self.cols);
        let cycles = u128::from(self.divisor_cycles());
        [quotient(used, slots), quotient(used * u128::from(self.stream), slots * cycles)]
    }

    /// Reads of the input map and of filters, writes of the output map.
    fn accesses(&self, layer: &Layer) -> [u64; 3] {
        let (down, across) = (self.folds_down(), self.folds_across());
        let (mk, kn, mn) = (layer.m * layer.k, layer.k * layer.n, layer.m * layer.n);
        match self.dataflow {
            Dataflow::WeightStationary => [mk * across, kn, mn * down],
            Dataflow::InputStationary => [mk, kn * across, mn * down],
            Dataflow::OutputStationary => {
                [mk * across, kn * down, mn + down * across * (self.rows + self.cols)]
            }
        }
    }

    fn systole_cycles(&self) -> Cycle {
        let passes = self.folds_down() * self.folds_across();
        match self.dataflow {
            Dataflow::OutputStationary => output_stationary_passes(self.rows, self.cols, passes, self.stream),
            _ => stationary_passes(self.rows, self.cols, passes, self.stream),
        }
    }

    fn counts(&self, layer: &Layer, [mapping_efficiency, compute_util]: [f64; 2]) -> Counts {
        let [ifmap_reads, filter_reads, ofmap_writes] = self.accesses(layer);
        let (total_cycles, systole_cycles) = (self.total_cycles(), self.systole_cycles());
        let pes = u128::from(self.rows * self.cols);
        let util = |cycles: Cycle| quotient(100 * u128::from(layer.macs()), u128::from(cycles) * pes);
        Counts {
            passes: self.folds_down() * self.folds_across(),
            total_cycles,
            overall_util: util(total_cycles),
            mapping_efficiency,
            compute_util,
            ifmap_reads,
            filter_reads,
            ofmap_writes,
            systole_cycles,
            systole_util: util(systole_cycles),
        }
    }
}

fn add(sums: &mut [f64; 2], shares: [f64; 2]) {
    sums[0] += shares[0];
    sums[1] += shares[1];
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::scalesim::{Layout, MOST_MACS, MOST_SIDE, MOST_SIZE, parse_topology};

    fn gemm(m: u64, n: u64, k: u64) -> Layer {
        let text = format!("Layer, M, N, K,\na, {m}, {n}, {k},\n");
        parse_topology(&text, Layout::Gemm).value.expect("it is a topology").layers.remove(0)
    }

    fn config(rows: u64, cols: u64, dataflow: Dataflow) -> Config {
        Config { run_name: String::new(), rows, cols, dataflow, sparse: false }
    }

    /// The limits on files are what keeps counts within 64 bits: products at the limit, held every way.
    #[test]
    fn counts_at_the_limits_do_not_overflow() {
        let half = 1 << 30;
        assert_eq!(half * half, MOST_MACS);
        let (big, small) = (MOST_SIZE, MOST_MACS / MOST_SIZE);
        for (m, n, k) in [
            (half, half, 1),
            (half, 1, half),
            (1, half, half),
            (big, small, 1),
            (1, big, small),
            (small, 1, big),
        ] {
            for (rows, cols) in [(1, 1), (1, MOST_SIDE), (MOST_SIDE, 1), (MOST_SIDE, MOST_SIDE)] {
                for dataflow in Dataflow::ALL {
                    let (layer, config) = (gemm(m, n, k), config(rows, cols, dataflow));
                    let shape = Shape::new(&layer, &config);
                    let counts = shape.counts(&layer, shape.utilisations(&mut 0));
                    // SCALE-Sim leaves out that output-stationary sums must drain.
                    let hidden = counts.systole_cycles <= counts.scalesim_cycles();
                    assert!(hidden || dataflow == Dataflow::OutputStationary);
                    assert!(counts.overall_util > 0.0 && counts.mapping_efficiency <= 100.0);
                }
            }
        }
    }

    #[test]
    fn behind_the_budget_the_means_are_the_same_to_many_digits() {
        for dataflow in Dataflow::ALL {
            let shape = Shape::new(&gemm(700, 33, 129), &config(8, 4, dataflow));
            for (summed, exact) in
                shape.utilisations(&mut 1_000_000).into_iter().zip(shape.utilisations(&mut 0))
            {
                assert!((summed / exact - 1.0).abs() < 1e-12, "{summed} {exact}");
            }
        }
    }

    /// 3 folds of 8 rows and 2 of 8 columns: SCALE-Sim 6 * (16 + 8 + 5 - 2), ours 8 + 5 * 8 + 5 + 8 + 8 - 2.
    #[test]
    fn ours_hides_loads_behind_streams() {
        let topology = Topology { layers: vec![gemm(5, 9, 20)] };
        let counts = simulate(&topology, &config(8, 8, Dataflow::WeightStationary)).remove(0);
        assert_eq!((counts.passes, counts.scalesim_cycles(), counts.systole_cycles), (6, 162, 67));
    }
}
