//! The mapper: for each product of a plan, the tiles and their order that take the machine the fewest cycles.
//!
//! Every distinct product is run by itself, without values, in a bounded number of ways: first as it is planned, then with
//! tiles of other sizes, rows or columns outermost, from the best so far to a better one. What a program chooses itself stays. Steps of k
//! stay as they are, since the bits of floats' sums depend on them. At last the whole plan is run both ways, and the better
//! one kept: what is best alone may stand in the way of what comes next.

mod sides;

use serde::{Serialize, Serializer};

use crate::base::{Cycle, Span};
use crate::chip::Chip;
use crate::emit::emit;
use crate::graph::Choices;
use crate::schedule::{LayerKind, Plan, TileOrder, Tiling};
use crate::sim::{Clock, Loops};

/// Most ways that one product is tried: both orders of all tiles of a small one.
pub const MOST_CANDIDATES: usize = 2 * sides::SMALL * sides::SMALL;
/// Most distinct products that are searched; the others stay as they are planned.
pub const MOST_PRODUCTS: usize = 256;
/// Instructions that trying one way may go through.
const MOST_EFFORT: u64 = 1 << 16;
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
    /// Ways that were run.
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
    let planned_cycles = cycles(&plan, chip, u64::MAX).unwrap_or(0);
    let found_cycles = match found == plan {
        true => planned_cycles,
        false => cycles(&found, chip, u64::MAX).unwrap_or(Cycle::MAX),
    };
    let products = known.into_iter().map(|(_, mapped)| mapped).collect();
    let mapping = Mapping { products, planned_cycles, found_cycles };
    (if mapping.is_taken() { found } else { plan }, mapping)
}

/// The best way for a product by itself; nothing if not even the plan's own comes to its end.
pub fn search(alone: &Plan, chip: &Chip) -> Option<Mapped> {
    let Tiling { m, n, k, order, .. } = tiling(alone)?;
    let [rows, _, cols] = alone.extents(&alone.layers[0])?;
    let planned = Candidate { tile: [m, n, k], order, cycles: cycles(alone, chip, u64::MAX)? };
    let tried = vec![((m.min(rows), n.min(cols), order), Some(planned))];
    let mut search = Search { alone, chip, extents: [rows, cols], planned: tiling(alone)?, tried };
    search.all();
    let mut best: Vec<Candidate> = search.tried.iter().filter_map(|(_, tried)| *tried).collect();
    let candidates = best.len();
    // Stable: of equals the first one tried, before all the plan's own.
    best.sort_by_key(|candidate| candidate.cycles);
    best.truncate(TOLD);
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
    /// What was asked for, and what came of it.
    tried: Vec<(Asked, Option<Candidate>)>,
}

const ORDERS: [TileOrder; 2] = [TileOrder::Rows, TileOrder::Columns];

impl Search<'_> {
    /// Every way to cut a small product; of others the way down from where it is planned, and from smaller tiles.
    fn all(&mut self) {
        let [rows, cols] = self.extents;
        if rows.max(cols) <= sides::SMALL {
            for side in 1..=rows {
                self.along_columns(side, 1);
            }
            return;
        }
        let Tiling { m, n, .. } = self.planned;
        self.descend([m, n]);
        self.descend([m.div_ceil(4), n.div_ceil(2)]);
    }

    /// Goes along the rows of a tile, then along its columns, and so on, each time from the best so far, until that stays.
    fn descend(&mut self, [mut m, mut n]: [usize; 2]) {
        loop {
            let before = self.best();
            self.along_rows(m, n);
            if let Some(best) = self.best() {
                m = best.tile[0];
            }
            self.along_columns(m, n);
            match self.best() {
                Some(best) if before != Some(best) => [m, n] = [best.tile[0], best.tile[1]],
                _ => return,
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

    fn best(&self) -> Option<Candidate> {
        self.tried.iter().filter_map(|(_, tried)| *tried).min_by_key(|candidate| candidate.cycles)
    }

    /// Runs the product in one way, if it has not been tried and there are not too many.
    fn try_one(&mut self, m: usize, n: usize, order: TileOrder) {
        // What is larger than the product is as large.
        let asked = (m.min(self.extents[0]), n.min(self.extents[1]), order);
        if self.tried.len() < MOST_CANDIDATES && self.tried.iter().all(|(tried, _)| *tried != asked) {
            let candidate = self.run(asked);
            self.tried.push((asked, candidate));
        }
    }

    fn run(&self, (m, n, order): Asked) -> Option<Candidate> {
        let mut plan = self.alone.clone();
        let wanted = Candidate { tile: [m, n, self.planned.k], order, cycles: 0 };
        plan.choose(0, wanted.choices(plan.layers[0].choices.as_deref()), self.chip).ok()?;
        Some(Candidate { cycles: cycles(&plan, self.chip, MOST_EFFORT)?, ..wanted })
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

/// What the machine takes; nothing if it does not come to its end, or not within some effort.
pub fn cycles(plan: &Plan, chip: &Chip, effort: u64) -> Option<Cycle> {
    let emitted = emit(plan, chip);
    debug_assert_eq!(crate::isa::verify(&emitted.program, chip), Ok(()), "what is emitted keeps the rules");
    let mut clock = Clock::new(&emitted.program, chip, Loops::Skipped);
    match effort {
        u64::MAX => Some(clock.run().ok()?.cycles),
        _ => clock.advance(effort).ok()?.then(|| clock.into_trace().cycles),
    }
}
