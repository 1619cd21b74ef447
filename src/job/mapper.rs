//! What the mapper considered, for people and programs.

use serde::Serialize;

use crate::base::{Cycle, Lines};
use crate::explore::{Candidate, Mapped, Mapping};

/// What the mapper considered.
#[derive(Clone, Debug, Serialize)]
pub struct MapperReport {
    /// Of the whole run as it is planned without a mapper.
    pub planned_cycles: Cycle,
    /// Of the whole run with the winners.
    pub found_cycles: Cycle,
    /// Whether the run is the winners': it is, if it takes fewer cycles.
    pub taken: bool,
    /// Distinct products, in the order of the run.
    pub products: Vec<MappedReport>,
}

/// What the mapper considered of one product.
#[derive(Clone, Debug, Serialize)]
pub struct MappedReport {
    /// The first result's name.
    pub name: String,
    /// Where it is written.
    pub line: u32,
    /// Layers that are alike.
    pub layers: usize,
    /// Ways that were considered.
    pub candidates: usize,
    /// As it is planned without a mapper.
    pub planned: Candidate,
    /// The best few, the winner first.
    pub best: Vec<Candidate>,
}

impl MapperReport {
    /// The report; `text` is the program's.
    pub fn new(mapping: &Mapping, text: &str) -> MapperReport {
        let lines = Lines::new(text);
        let product = |mapped: &Mapped| MappedReport {
            name: mapped.name.clone(),
            line: lines.position(mapped.span.start).line,
            layers: mapped.layers,
            candidates: mapped.candidates,
            planned: mapped.planned,
            best: mapped.best.clone(),
        };
        MapperReport {
            planned_cycles: mapping.planned_cycles,
            found_cycles: mapping.found_cycles,
            taken: mapping.is_taken(),
            products: mapping.products.iter().map(product).collect(),
        }
    }
}
