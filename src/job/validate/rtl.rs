//! Latencies of public RTL designs beside [`crate::timing`]'s: each follows from our formulas and a constant that its
//! registers explain. What was simulated, and how, stands in `tests/data/rtl/README.md`.

use super::Table;
use crate::base::{Cycle, Ratio};
use crate::chip::{Stationary, WeightBuffering};
use crate::timing::{Sides, Stream};

/// A design, and how it differs from MACHINE.md's array.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Design {
    /// As in the first column of `latencies.csv`.
    pub name: &'static str,
    /// What stays in its PEs.
    pub stationary: Stationary,
    /// The array of ours that has its latency.
    pub shape: Shape,
    /// Edges that it takes more.
    pub offset: Cycle,
    /// Why.
    pub because: &'static str,
}

/// An array of ours, for R x C of a design.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// R x C.
    Same,
    /// C x R: sums drain along rows, not columns.
    Transposed,
    /// R x 1: activations reach a whole row at once.
    OneColumn,
}

/// Every design of `latencies.csv`.
pub const DESIGNS: [Design; 5] = [
    Design {
        name: "ee272",
        stationary: Stationary::Weights,
        shape: Shape::Same,
        offset: 0,
        because: "the same registers",
    },
    Design {
        name: "gemmini-ws",
        stationary: Stationary::Weights,
        shape: Shape::Same,
        offset: 2,
        because: "an input and an output register",
    },
    Design {
        name: "gemmini-os",
        stationary: Stationary::Sums,
        shape: Shape::Same,
        offset: 2,
        because: "an input and an output register",
    },
    Design {
        name: "axis",
        stationary: Stationary::Sums,
        shape: Shape::Transposed,
        offset: 1,
        because: "sums drain along the rows; a register in the multiplier",
    },
    Design {
        name: "tinytpu",
        stationary: Stationary::Weights,
        shape: Shape::OneColumn,
        offset: 2,
        because: "activations reach a whole row at once; an input and an output register",
    },
];

/// A measured latency beside ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// Whose.
    pub design: &'static Design,
    /// R
    pub rows: usize,
    /// C
    pub cols: usize,
    /// M, or K where sums stay.
    pub length: usize,
    /// Passes, each as soon as may be.
    pub tiles: usize,
    /// Counted from where.
    pub from: From,
    /// Clock edges in simulation, first input to last output.
    pub measured: Cycle,
    /// Cycles by our formulas, without the offset.
    pub ours: Cycle,
}

impl Comparison {
    /// Whether the formula and the design's constant give what was measured.
    pub fn agrees(&self) -> bool {
        self.ours + self.design.offset == self.measured
    }
}

/// The first cycle that counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum From {
    /// The first weight load.
    Load,
    /// The first activation.
    Stream,
}

/// Cycles of some equal passes, the first load or stream to the last sum's way out, by our formulas.
pub fn cycles(stationary: Stationary, sides: Sides, length: usize, tiles: usize, from: From) -> Cycle {
    let stream = |start| Stream { start, length, rate: Ratio::ONE };
    let mut load = 0;
    let mut pass = match stationary {
        Stationary::Weights => stream(sides.load_end(load)),
        Stationary::Sums => stream(0),
    };
    let first = pass.start;
    for _ in 1..tiles {
        let start = match stationary {
            Stationary::Weights => {
                load = sides.load_after(WeightBuffering::Double, load, &pass);
                sides.start_after_load(Some(&pass), load)
            }
            Stationary::Sums => sides.start_after_drain(&pass, length, Ratio::ONE),
        };
        pass = stream(start);
    }
    let end = match stationary {
        Stationary::Weights => sides.last_mac_end(&pass),
        Stationary::Sums => sides.last_exit_end(&pass),
    };
    match from {
        From::Load => end,
        From::Stream => end - first,
    }
}

/// Compares each line of `latencies.csv`. Errors name a line and what is wrong with it.
pub fn compare(csv: &str) -> Result<Vec<Comparison>, String> {
    super::rows(csv, "design,rows,cols,length,tiles,with_weight_load,edges", comparison)
}

fn comparison(fields: &[&str]) -> Result<Comparison, String> {
    let design =
        DESIGNS.iter().find(|design| design.name == fields[0]).ok_or(format!("no design {}", fields[0]))?;
    let at_least_one = |at: usize| -> Result<usize, String> {
        usize::try_from(super::whole(fields[at])?).map_err(|e| e.to_string())
    };
    let (rows, cols, length, tiles) =
        (at_least_one(1)?, at_least_one(2)?, at_least_one(3)?, at_least_one(4)?);
    let from = match fields[5] {
        "yes" => From::Load,
        "no" => From::Stream,
        other => return Err(format!("`{other}` is neither yes nor no")),
    };
    let measured = super::whole(fields[6])?;
    let sides = match design.shape {
        Shape::Same => Sides { rows, cols },
        Shape::Transposed => Sides { rows: cols, cols: rows },
        Shape::OneColumn => Sides { rows, cols: 1 },
    };
    let ours = cycles(design.stationary, sides, length, tiles, from);
    Ok(Comparison { design, rows, cols, length, tiles, from, measured, ours })
}

/// A row a design.
pub fn table(csv: &str) -> Result<Table, String> {
    let compared = compare(csv)?;
    let row = |design: &'static Design| {
        let cases = || compared.iter().filter(move |row| row.design == design);
        let stays = match design.stationary {
            Stationary::Weights => "weights",
            Stationary::Sums => "sums",
        };
        [
            design.name.to_owned(),
            stays.to_owned(),
            cases().count().to_string(),
            design.offset.to_string(),
            design.because.to_owned(),
            cases().filter(|row| row.agrees()).count().to_string(),
        ]
    };
    let rows = DESIGNS.iter().map(row).collect();
    let columns = ["design", "what stays", "latencies", "cycles more", "why", "equal"];
    Ok(Table::new("Latencies of public RTL designs", columns, rows))
}
