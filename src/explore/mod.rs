//! The mapper: for each product of a plan, the tiles and their order that take the machine the fewest cycles.
//!
//! Every distinct product is run by itself, without values, in a bounded number of ways: first as it is planned, then with
//! tiles of other sizes, rows or columns outermost, from the best so far to a better one. What a program chooses itself stays. Steps of k
//! stay as they are, since the bits of floats' sums depend on them. A way that cannot be one of the best few is not run to its end: what
//! arrays and bus have to do takes too long, as its tiles or its program tell, or the run does. At last the whole plan is run both ways, and the better
//! one kept: what is best alone may stand in the way of what comes next.

mod least;
mod sides;

use serde::{Serialize, Serializer};

use crate::base::{Cycle, Span};
use crate::chip::Chip;
use crate::emit::emit;
use crate::graph::Choices;
use crate::isa::Program;
use crate::schedule::{LayerKind, Plan, TileOrder, Tiling};
use crate::sim::{Clock, Loops, floor};

/// Most ways that one product is tried: both orders of all tiles of a small one.
pub const MOST_CANDIDATES: usize = 2 * MOST_TILES;
/// Products of up to so many elements are cut in every way.
const MOST_TILES: usize = 24 * 24;
/// Most distinct products that are searched; the others stay as they are planned.
pub const MOST_PRODUCTS: usize = 256;
/// Instructions that trying one way may go through.
const MOST_EFFORT: u64 = 1 << 16;
/// Instructions between looks whether it takes too long already.
const SLICE: u64 = 1 << 8;
/// How many of the best are told.
const TOLD: usize = 3;

/// What was found for a whole plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapping {
    /// Distinct products, in the order of the plan.
    pub products: Vec<Mapped>,
    /// Of the whole plan as it was.
    pub planned_cycles: Cycle,
    /// With what was found.
    pub found_cycles: Cycle,
}

/// What was found for one product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapped {
    /// The name of its first result.
    pub name: String,
    /// Where that is written.
    pub span: Span,
    /// Layers that are alike.
    pub layers: usize,
    /// Ways that were considered: run, or left as soon as they took longer than the best few.
    pub candidates: usize,
    /// As it was planned.
    pub planned: Candidate,
    /// The best few, the winner first: the plan's own, unless another one takes fewer cycles.
    pub best: Vec<Candidate>,
}

/// One way to run a product.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Candidate {
    /// Rows, columns and steps of k of a tile.
    pub tile: [usize; 3],
    /// Loops over tiles; as a word, outermost first.
    #[serde(serialize_with = "as_word")]
    pub order: TileOrder,
    /// Of the product by itself.
    pub cycles: Cycle,
}

impl Mapping {
    /// Whether the plan is run as it was found to be best.
    pub fn is_taken(&self) -> bool {
        self.found_cycles < self.planned_cycles
    }
}

/// Finds how each product runs best; the plan with that, or as it was if the whole does not take fewer cycles.
pub fn map(plan: Plan, chip: &Chip) -> (Plan, Mapping) {
    // A product by itself may fit a memory that the whole does not.
    let chip = &chip.with_bus_for(plan.in_memory());
    let mut known: Vec<(Plan, Mapped)> = Vec::new();
    let mut found = plan.clone();
    for (at, layer) in plan.layers.iter().enumerate() {
        let chosen = layer.choices.as_ref().is_some_and(|own| own.tile.is_some() || own.order.is_some());
        let Some(alone) = plan.alone(layer).filter(|_| !chosen) else { continue };
        let place = match known.iter().position(|(one, _)| *one == alone) {
            Some(place) => place,
            None => {
                let Some(mut mapped) = known.len().lt(&MOST_PRODUCTS).then(|| search(&alone, chip)).flatten()
                else {
                    continue;
                };
                mapped.name = plan.tensors[layer.result].name.clone();
                mapped.span = layer.span;
                known.push((alone, mapped));
                known.len() - 1
            }
        };
        let mapped = &mut known[place].1;
        mapped.layers += 1;
        let (planned, best) = (mapped.planned, mapped.best[0]);
        if best != planned {
            // What does not fit here stays as it is.
            let _ = found.choose(at, best.choices(layer.choices.as_deref()), chip);
        }
    }
    let planned_cycles = cycles(&plan, chip).unwrap_or(0);
    let found_cycles = match found == plan {
        true => planned_cycles,
        false => cycles(&found, chip).unwrap_or(Cycle::MAX),
    };
    let products = known.into_iter().map(|(_, mapped)| mapped).collect();
    let mapping = Mapping { products, planned_cycles, found_cycles };
    (if mapping.is_taken() { found } else { plan }, mapping)
}

/// The best way for a product by itself; nothing if not even the plan's own comes to its end.
pub fn search(alone: &Plan, chip: &Chip) -> Option<Mapped> {
    let Tiling { m, n, k, order, .. } = tiling(alone)?;
    let [rows, _, cols] = alone.extents(&alone.layers[0])?;
    let planned = Candidate { tile: [m, n, k], order, cycles: cycles(alone, chip)? };
    let extents = [rows, cols];
    // Of a convolution, the same tile may come with other bands when it is asked for.
    let tried = match alone.layers[0].kind {
        LayerKind::Product { .. } => vec![(m.min(rows), n.min(cols), order)],
        _ => Vec::new(),
    };
    let (planned_tiling, best) = (tiling(alone)?, vec![planned]);
    let mut search = Search { alone, chip, extents, planned: planned_tiling, tried, considered: 1, best };
    search.all();
    let Search { considered: candidates, best, .. } = search;
    let (name, span) = (String::new(), Span::default());
    Some(Mapped { name, span, layers: 0, candidates, planned, best })
}

/// Rows and columns of a tile, and the order of tiles.
type Asked = (usize, usize, TileOrder);

struct Search<'a> {
    alone: &'a Plan,
    chip: &'a Chip,
    /// Rows and columns of the product.
    extents: [usize; 2],
    planned: Tiling,
    /// What was asked for.
    tried: Vec<Asked>,
    /// How many of them fit, or could not be among the best.
    considered: usize,
    /// The best few so far, the fewest cycles first; of equals the first one tried, before all the plan's own.
    best: Vec<Candidate>,
}

const ORDERS: [TileOrder; 2] = [TileOrder::Rows, TileOrder::Columns];

impl Search<'_> {
    /// Every way to cut a small product; of others the way down from where it is planned, and from smaller tiles.
    fn all(&mut self) {
        let [rows, cols] = self.extents;
        if rows * cols <= MOST_TILES {
            // Large tiles first: they are soon the better ones.
            let sides = (1..=rows).rev().flat_map(|m| (1..=cols).rev().map(move |n| [m, n]));
            sides.for_each(|[m, n]| ORDERS.iter().for_each(|order| self.try_one(m, n, *order)));
            return;
        }
        let Tiling { m, n, .. } = self.planned;
        self.descend([m, n]);
        self.descend([m.div_ceil(4), n.div_ceil(2)]);
        self.go_to_neighbours();
    }

    /// Goes from the best so far to tiles a row or a column larger or smaller, until none is better.
    fn go_to_neighbours(&mut self) {
        loop {
            let before = self.best[0];
            let [m, n, _] = before.tile;
            for (m, n) in [m - 1, m, m + 1].into_iter().flat_map(|m| [n - 1, n, n + 1].map(|n| (m, n))) {
                if m > 0 && n > 0 {
                    ORDERS.iter().for_each(|order| self.try_one(m, n, *order));
                }
            }
            if self.best[0] == before {
                return;
            }
        }
    }

    /// Goes along the rows of a tile, then along its columns, and so on, each time from the best so far, until that stays.
    fn descend(&mut self, [mut m, mut n]: [usize; 2]) {
        loop {
            let before = self.best[0];
            self.along_rows(m, n);
            m = self.best[0].tile[0];
            self.along_columns(m, n);
            [m, n] = [self.best[0].tile[0], self.best[0].tile[1]];
            if self.best[0] == before {
                return;
            }
        }
    }

    fn along_rows(&mut self, m: usize, n: usize) {
        for side in sides::worth_a_try(self.extents[0], self.planned.m, m) {
            ORDERS.iter().for_each(|order| self.try_one(side, n, *order));
        }
    }

    fn along_columns(&mut self, m: usize, n: usize) {
        for side in sides::worth_a_try(self.extents[1], self.planned.n, n) {
            ORDERS.iter().for_each(|order| self.try_one(m, side, *order));
        }
    }

    /// Runs the product in one way, if it has not been tried and there are not too many.
    fn try_one(&mut self, m: usize, n: usize, order: TileOrder) {
        // What is larger than the product is as large.
        let asked = (m.min(self.extents[0]), n.min(self.extents[1]), order);
        if self.tried.len() < MOST_CANDIDATES && !self.tried.contains(&asked) {
            self.tried.push(asked);
            self.run(asked);
        }
    }

    fn run(&mut self, asked: Asked) {
        let (m, n, order) = asked;
        let bar = self.best.get(TOLD - 1).map_or(Cycle::MAX, |last| last.cycles);
        if least::least(self.alone, &self.planned, asked, self.chip) >= bar {
            self.considered += 1;
            return;
        }
        let mut plan = self.alone.clone();
        let wanted = Candidate { tile: [m, n, self.planned.k], order, cycles: 0 };
        if plan.choose(0, wanted.choices(plan.layers[0].choices.as_deref()), self.chip).is_err() {
            return;
        }
        self.considered += 1;
        let Some(cycles) = cycles_below(bar, &plan, self.chip) else { return };
        let candidate = Candidate { cycles, ..wanted };
        if !self.best.contains(&candidate) {
            let at = self.best.partition_point(|better| better.cycles <= cycles);
            self.best.insert(at, candidate);
            self.best.truncate(TOLD);
        }
    }
}

impl Candidate {
    /// How a program would ask for it, with what it chooses besides.
    pub fn choices(&self, own: Option<&Choices>) -> Choices {
        Choices { tile: Some(self.tile), order: Some(self.order.loops()), ..own.cloned().unwrap_or_default() }
    }
}

fn as_word<S: Serializer>(order: &TileOrder, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(order.name())
}

/// How a product that is alone is cut.
fn tiling(alone: &Plan) -> Option<Tiling> {
    match alone.layers[0].kind {
        LayerKind::Product { tiling, .. } => Some(tiling),
        LayerKind::Convolution(convolution) => Some(convolution.tiling),
        _ => None,
    }
}

/// What the machine takes; nothing if it does not come to its end.
pub fn cycles(plan: &Plan, chip: &Chip) -> Option<Cycle> {
    Some(Clock::new(&emitted(plan, chip), chip, Loops::Skipped).run().ok()?.cycles)
}

/// The same, if it is less than `bar` and found out with some effort.
fn cycles_below(bar: Cycle, plan: &Plan, chip: &Chip) -> Option<Cycle> {
    let program = emitted(plan, chip);
    if floor(&program, chip) >= bar {
        return None;
    }
    let mut clock = Clock::new(&program, chip, Loops::Skipped);
    for _ in 0..MOST_EFFORT / SLICE {
        if clock.advance(SLICE).ok()? {
            return Some(clock.into_trace().cycles).filter(|cycles| *cycles < bar);
        }
        if clock.latest() >= bar {
            return None;
        }
    }
    None
}

fn emitted(plan: &Plan, chip: &Chip) -> Program {
    let program = emit(plan, chip).program;
    debug_assert_eq!(crate::isa::verify(&program, chip), Ok(()), "what is emitted keeps the rules");
    program
}
