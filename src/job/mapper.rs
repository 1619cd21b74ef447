//! What the mapper considered, for people and programs.

use serde::Serialize;

use super::{Counted, ProductsRun};
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
    /// Whether the winner is, of a topology, every product by its planned tiles, columns of them outermost.
    pub in_columns: bool,
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
    /// Those of them that were run.
    pub run: usize,
    /// Fewer cycles than this none of them takes.
    pub least: Cycle,
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
            run: mapped.run,
            least: mapped.least,
            planned: mapped.planned,
            best: mapped.best.clone(),
        };
        MapperReport {
            planned_cycles: mapping.planned_cycles,
            found_cycles: mapping.found_cycles,
            taken: mapping.is_taken(),
            in_columns: mapping.in_columns,
            products: mapping.products.iter().map(product).collect(),
        }
    }
}

/// What was found for a program of which only the products run, from what was found for each of them, products of one shape once.
pub fn mapping_of_products(run: &ProductsRun, found: Vec<Mapping>) -> Mapping {
    let mut all = Mapping { products: Vec::new(), planned_cycles: 0, found_cycles: 0, in_columns: false };
    let mut shapes = Vec::new();
    for (Counted { product, times, .. }, _) in &run.timed {
        let shape = (product.copies, product.extents, product.dtypes);
        // The first of its shape gave it its name.
        let is_first = |of: &&Mapping| matches!(&of.products[..], [own] if (&own.name, own.span) == (&product.name, product.span));
        let place = shapes.iter().position(|(known, _)| *known == shape).or_else(|| {
            let of = found.iter().rfind(is_first)?;
            shapes.push((shape, of));
            all.products.push(Mapped { layers: 0, ..of.products[0].clone() });
            Some(shapes.len() - 1)
        });
        let Some(place) = place else { continue };
        let of = shapes[place].1;
        all.products[place].layers += 1;
        all.planned_cycles = all.planned_cycles.saturating_add(of.planned_cycles.saturating_mul(*times));
        let taken = of.found_cycles.min(of.planned_cycles);
        all.found_cycles = all.found_cycles.saturating_add(taken.saturating_mul(*times));
    }
    all
}
