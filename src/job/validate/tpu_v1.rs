//! Where the cycles of TPU v1's matrix unit go, beside hardware counters. Source: `tests/data/tpu_v1/README.md`.

use super::Table;
use crate::chip::Chip;
use crate::import::Files;
use crate::job::compile;
use crate::sim::tally;
use crate::trace::Class;

/// A program like MLP0 (Jouppi et al., ISCA 2017, Table 1): five fully connected layers with ReLU, 20 million weights, a batch of
/// 200. Values do not change times.
pub const MLP0: &str = "\
input  x  : i8[200, 2000]
weight w1 : i8[2000, 2000]
weight w2 : i8[2000, 2000]
weight w3 : i8[2000, 2000]
weight w4 : i8[2000, 2000]
weight w5 : i8[2000, 2000]

h1 = relu(requant(x @ w1, shift=10))
h2 = relu(requant(h1 @ w2, shift=10))
h3 = relu(requant(h2 @ w3, shift=10))
h4 = relu(requant(h3 @ w4, shift=10))

output relu(requant(h4 @ w5, shift=10))
";

/// A class of cycles, by counters and by ours.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Share {
    /// As the paper names it.
    pub name: &'static str,
    /// Its part of active, stall and shift together, measured.
    pub measured: f64,
    /// The same of the simulated run.
    pub ours: f64,
}

impl Share {
    /// How far ours is off, as a part of what was measured.
    pub fn relative_difference(&self) -> f64 {
        self.ours / self.measured - 1.0
    }
}

/// MLP0's shares.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Compared {
    /// Of active + stall + shift.
    pub shares: [Share; 3],
    /// Of all cycles, measured and ours.
    pub non_matrix: [f64; 2],
}

const HEADER: &str = "app,array_active,useful_macs,unused_macs,weight_stall,weight_shift,non_matrix";

/// Runs the program on a chip and compares.
pub fn compare(csv: &str, chip: &Chip) -> Result<Compared, String> {
    let apps = super::rows(csv, HEADER, |fields| {
        let numbers: Result<Vec<f64>, String> =
            fields[1..].iter().map(|field| super::measured(field)).collect();
        Ok((fields[0].to_owned(), numbers?))
    })?;
    let (_, measured) = apps.iter().find(|(app, _)| app == "MLP0").ok_or("there is no MLP0")?;
    let job = compile(MLP0, &Files::default(), chip).job.ok_or("the program does not compile")?;
    let classes = tally(&job.emitted.program, chip, &job.trace).classes;
    let ours = [Class::Active, Class::WeightStall, Class::WeightShift].map(|class| classes.of(class) as f64);
    let theirs = [measured[0], measured[3], measured[4]];
    let (all_ours, all_theirs) = (ours.iter().sum::<f64>(), theirs.iter().sum::<f64>());
    let names = ["array active", "weight stall", "weight shift"];
    let share =
        |at: usize| Share { name: names[at], measured: theirs[at] / all_theirs, ours: ours[at] / all_ours };
    Ok(Compared {
        shares: [share(0), share(1), share(2)],
        non_matrix: [measured[5] / 100.0, 1.0 - all_ours / classes.total() as f64],
    })
}

/// A row a class.
pub fn table(csv: &str) -> Result<Table, String> {
    let compared = compare(csv, &Chip::preset("tpu-v1").ok_or("there is no preset tpu-v1")?)?;
    let percent = |share: f64| format!("{:.1} %", 100.0 * share);
    let row = |share: &Share| {
        let difference = format!("{:+.1} %", 100.0 * share.relative_difference());
        [share.name.to_owned(), percent(share.measured), percent(share.ours), difference]
    };
    let rows = compared.shares.iter().map(row).collect();
    let columns = ["class", "measured", "Systole", "relative difference"];
    let [theirs, ours] = compared.non_matrix.map(percent);
    Ok(Table::new("TPU v1: where the matrix unit's cycles go, MLP0", columns, rows).with_note(format!(
        "Shares of active + stall + shift. The rest, non-matrix, is {theirs} of all cycles by the counters and {ours} here; it is not \
         comparable: the host's part of the program, and what the real one does besides its layers, were never published."
    )))
}
