//! Where the cycles of TPU v1's matrix unit go, beside hardware counters. Source: `tests/data/tpu_v1/README.md`.

use super::{Read, Table};
use crate::chip::Chip;
use crate::import::Files;
use crate::job::{self, compile_or_time};
use crate::sim::{Tally, tally};
use crate::trace::Class;

/// A program like one of the paper's six, as far as the paper tells its sizes.
#[derive(Clone, Copy, Debug)]
pub struct App {
    /// As the paper names it.
    pub name: &'static str,
    /// Its text, for a batch.
    pub program: fn(u64) -> String,
    /// How much of the paper's program it is.
    part: Part,
}

/// How much of a program the paper tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// All that counts.
    Whole,
    /// Nothing but how many rows its fully connected layers have. Only they wait for weights: stall and shift are theirs.
    Dense,
}

/// In the paper's order. What of their sizes is the paper's, and what follows from its numbers, stands in "How true is this?".
pub const APPS: [App; 6] = [
    App { name: "MLP0", program: |batch| relu(batch, &[2000; 6]), part: Part::Whole },
    App { name: "MLP1", program: |batch| relu(batch, &[1118; 5]), part: Part::Whole },
    App {
        name: "LSTM0",
        program: |batch| wide(batch, &[&[768, 2816].repeat(12)[..], &[768]].concat()),
        part: Part::Whole,
    },
    App { name: "LSTM1", program: |batch| wide(batch, &[600; 95]), part: Part::Whole },
    App { name: "CNN0", program: board, part: Part::Whole },
    App { name: "CNN1", program: |batch| relu(batch, &[2048; 5]), part: Part::Dense },
];

/// Fully connected layers with ReLU, from each width to the next, in 8 bits.
fn relu(batch: u64, widths: &[usize]) -> String {
    let step = |x: &str, w: &str| format!("relu(requant({x} @ {w}, shift=10))");
    chain(&format!("i8[{batch}, {}]", widths[0]), &matrices(widths), step)
}

/// Products whose activations have 16 bits, from each width to the next.
fn wide(batch: u64, widths: &[usize]) -> String {
    let step = |x: &str, w: &str| format!("cast(requant({x} @ {w}, shift=10), i16)");
    chain(&format!("i16[{batch}, {}]", widths[0]), &matrices(widths), step)
}

fn matrices(widths: &[usize]) -> Vec<String> {
    widths.windows(2).map(|pair| format!("{}, {}", pair[0], pair[1])).collect()
}

/// Sixteen convolutions of a board of 19 x 19, the last two by windows of one place.
fn board(batch: u64) -> String {
    let windows: Vec<String> = (0..16)
        .map(|at| if at < 14 { 3 } else { 1 })
        .map(|side| format!("{side}, {side}, 256, 256"))
        .collect();
    let step = |x: &str, w: &str| format!("relu(requant(conv2d({x}, {w}, padding=pad_{w}), shift=10))");
    let sizes: String =
        (1..=16).map(|at| format!("size pad_w{at} = {}\n", if at <= 14 { 1 } else { 0 })).collect();
    sizes + &chain(&format!("i8[{batch}, 19, 19, 256]"), &windows, step)
}

/// Layers one after the other, each with weights of 8 bits.
fn chain(input: &str, weights: &[String], step: impl Fn(&str, &str) -> String) -> String {
    let mut text = format!("input x0 : {input}\n");
    for (at, sides) in weights.iter().enumerate() {
        let (from, to) = (at, at + 1);
        let value = step(&format!("x{from}"), &format!("w{to}"));
        text += &format!("weight w{to} : i8[{sides}]\nx{to} = {value}\n");
    }
    text + &format!("output x{}\n", weights.len())
}

/// A class of cycles, by counters and by ours.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Share {
    /// As the paper names it.
    pub name: &'static str,
    /// Its part of those that are compared together, measured.
    pub measured: f64,
    /// The same of the simulated run.
    pub ours: f64,
}

impl Share {
    /// How far ours is off, as a part of what was measured, if anything was.
    pub fn relative_difference(&self) -> Option<f64> {
        (self.measured > 0.0).then(|| self.ours / self.measured - 1.0)
    }
}

/// A program beside the paper's.
#[derive(Clone, Debug, PartialEq)]
pub struct Compared {
    /// As the paper names it.
    pub name: &'static str,
    /// Of active + stall + shift; of stall + shift where no more can be compared.
    pub shares: Vec<Share>,
    /// Of the MACs in active cycles those that are useful, measured and ours.
    pub useful: [f64; 2],
    /// Millions of weights, as published and ours.
    pub weights: [f64; 2],
    /// Multiply-accumulates a weight, as published and ours.
    pub macs_a_weight: [f64; 2],
    /// Of all cycles, measured and ours.
    pub non_matrix: [f64; 2],
}

impl Compared {
    /// Whether the paper tells all that counts of the program.
    pub fn whole(&self) -> bool {
        self.shares.len() == CLASSES.len()
    }

    /// Cycles in which rows of a batch enter for each tile of weights, measured and ours, where each tile was waited for: then it
    /// shifts in for as many cycles as the array has rows.
    pub fn active_a_tile(&self, rows: usize) -> Option<[f64; 2]> {
        let [active, _, shift] = self.shares.first_chunk()?;
        let each = |active: f64, shift: f64| active / shift * rows as f64;
        (shift.measured > 0.0).then(|| [each(active.measured, shift.measured), each(active.ours, shift.ours)])
    }
}

/// What a program's counters say, in percent of all cycles.
struct Counters {
    active: f64,
    useful: f64,
    stall: f64,
    shift: f64,
    non_matrix: f64,
}

/// What the paper says of a program.
struct Described {
    weights: f64,
    macs_a_weight: f64,
    batch: u64,
}

const COUNTERS: &str = "app,array_active,useful_macs,unused_macs,weight_stall,weight_shift,non_matrix";
const DESCRIBED: &str = "app,fully_connected,convolutions,weights_millions,macs_per_weight,batch";

/// The row of a program.
fn row<T>(csv: &str, header: &str, app: &str, made: impl Fn(&[f64]) -> T) -> Result<T, String> {
    let rows = super::rows(csv, header, |fields| {
        let numbers: Result<Vec<f64>, String> =
            fields[1..].iter().map(|field| super::measured(field)).collect();
        Ok((fields[0].to_owned(), numbers?))
    })?;
    let row = rows.iter().find(|(name, _)| name == app);
    row.map(|(_, numbers)| made(numbers)).ok_or_else(|| format!("there is no {app}"))
}

fn counters(csv: &str, app: &str) -> Result<Counters, String> {
    row(csv, COUNTERS, app, |of| Counters {
        active: of[0],
        useful: of[1],
        stall: of[3],
        shift: of[4],
        non_matrix: of[5],
    })
}

fn described(csv: &str, app: &str) -> Result<Described, String> {
    row(csv, DESCRIBED, app, |of| Described { weights: of[2], macs_a_weight: of[3], batch: of[4] as u64 })
}

/// Classes that the paper and we have in common.
const CLASSES: [(&str, Class); 3] = [
    ("array active", Class::Active),
    ("weight stall", Class::WeightStall),
    ("weight shift", Class::WeightShift),
];

/// A program's run.
struct Counted {
    tally: Tally,
    macs: u64,
    weights: u64,
}

fn run(text: &str, chip: &Chip) -> Result<Counted, String> {
    let files = Files::default();
    let graph = job::graph(text, &files).1.ok_or("the program is wrong")?;
    let compiled = compile_or_time(text, &files, chip);
    let (emitted, trace) = match (&compiled.job, &compiled.timed) {
        (Some(job), _) => (&job.emitted, &job.trace),
        (None, Some(timed)) => (&timed.emitted, &timed.trace),
        (None, None) => return Err("the program does not compile".into()),
    };
    let tally = tally(&emitted.program, chip, trace);
    Ok(Counted { tally, macs: graph.all_macs(), weights: graph.weight_bytes() })
}

/// Where the paper's tables lie.
pub struct Published {
    table1: String,
    table3: String,
}

impl Published {
    /// Reads both.
    pub fn read(read: &Read) -> Result<Published, String> {
        Ok(Published { table1: read("tpu_v1/table1.csv")?, table3: read("tpu_v1/table3.csv")? })
    }
}

/// Runs a program on a chip and compares.
pub fn compare(app: &App, published: &Published, chip: &Chip) -> Result<Compared, String> {
    let theirs =
        counters(&published.table3, app.name).map_err(|what| format!("tpu_v1/table3.csv: {what}"))?;
    let paper =
        described(&published.table1, app.name).map_err(|what| format!("tpu_v1/table1.csv: {what}"))?;
    let ours = run(&(app.program)(paper.batch), chip)?;
    let cycles = |class| ours.tally.classes.of(class) as f64;
    let matrix: f64 = CLASSES.iter().map(|(_, class)| cycles(*class)).sum();
    Ok(Compared {
        name: app.name,
        shares: shares(app.part, &theirs, &cycles),
        useful: [theirs.useful / theirs.active, ours.macs as f64 / ours.tally.mac_slots as f64],
        weights: [paper.weights, ours.weights as f64 / 1e6],
        macs_a_weight: [paper.macs_a_weight, ours.macs as f64 / ours.weights as f64],
        non_matrix: [theirs.non_matrix / 100.0, 1.0 - matrix / ours.tally.classes.total() as f64],
    })
}

fn shares(part: Part, theirs: &Counters, cycles: &impl Fn(Class) -> f64) -> Vec<Share> {
    let measured = [theirs.active, theirs.stall, theirs.shift];
    let first = match part {
        Part::Whole => 0,
        Part::Dense => 1,
    };
    let all_measured: f64 = measured[first..].iter().sum();
    let all_ours: f64 = CLASSES[first..].iter().map(|(_, class)| cycles(*class)).sum();
    let share = |((name, class), measured): (&(&'static str, Class), &f64)| Share {
        name,
        measured: measured / all_measured,
        ours: cycles(*class) / all_ours,
    };
    CLASSES[first..].iter().zip(&measured[first..]).map(share).collect()
}

/// Where cycles go, and what the programs are.
pub fn tables(read: &Read) -> Result<Vec<Table>, String> {
    let (published, chip) =
        (Published::read(read)?, Chip::preset("tpu-v1").ok_or("there is no preset tpu-v1")?);
    let all: Result<Vec<Compared>, String> = APPS.iter().map(|app| compare(app, &published, &chip)).collect();
    let all = all?;
    Ok(vec![cycles(&all), programs(&all, chip.rows)])
}

fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}

/// A row a class of each program.
fn cycles(all: &[Compared]) -> Table {
    let rows = all.iter().flat_map(|compared| {
        compared.shares.iter().map(|share| {
            let off = share.relative_difference();
            let off = off.map_or_else(|| "-".to_owned(), |off| format!("{:+.1} %", 100.0 * off));
            [
                compared.name.to_owned(),
                share.name.to_owned(),
                percent(share.measured),
                percent(share.ours),
                off,
            ]
        })
    });
    let columns = ["program", "class", "measured", "Systole", "relative difference"];
    let table = Table::new("TPU v1: where the matrix unit's cycles go", columns, rows.collect());
    table.with_note(
        "Shares of active + stall + shift; of CNN1, whose convolutions' sizes are not known, shares of stall + shift alone: they belong \
         to its fully connected layers."
            .to_owned(),
    )
}

/// A row a program.
fn programs(all: &[Compared], rows: usize) -> Table {
    let pair = |[theirs, ours]: [f64; 2]| format!("{theirs:.0} / {ours:.0}");
    let shares = |[theirs, ours]: [f64; 2]| format!("{} / {}", percent(theirs), percent(ours));
    let made = all.iter().filter(|compared| compared.whole()).map(|compared| {
        let a_tile = compared.active_a_tile(rows).map_or_else(|| "-".to_owned(), pair);
        [
            compared.name.to_owned(),
            pair(compared.weights),
            pair(compared.macs_a_weight),
            shares(compared.useful),
            a_tile,
            shares(compared.non_matrix),
        ]
    });
    let columns = [
        "program",
        "million weights",
        "MACs a weight",
        "useful MACs of active",
        "active cycles a tile",
        "non-matrix",
    ];
    Table::new("TPU v1: the programs, the paper's / ours", columns, made.collect())
}
