//! The mapper: for each product of a plan, the tiles and their order that take the machine the fewest cycles.
//!
//! Every distinct product is considered by itself, cut in every way if there are not too many, else in all that cut it evenly and in those
//! near the best of them; both with rows and with columns of tiles outermost. What a program chooses itself stays. Steps of k
//! stay as they are, since the bits of floats' sums depend on them. What a way takes at least is known from its tiles alone (`least`),
//! so the most promising are run first, without values, until none that is left can be better, or the effort is used up.
//! At last the whole plan is run both ways, and the better one kept: what is best alone may stand in the way of what comes next.

mod least;
mod sides;

use serde::{Serialize, Serializer};

use crate::base::{Cycle, Span};
use crate::chip::{Chip, Dataflow};
use crate::emit::emit;
use crate::graph::Choices;
use crate::isa::Program;
use crate::schedule::{Layer, Plan, TileOrder, Tiling, sums_of_a_tile};
use crate::sim::{Clock, Loops, floor};
use least::Least;
use sides::{MOST_NEAR, MOST_SIDES};

/// Most ways that one product is considered to be cut, both orders counted.
pub const MOST_CANDIDATES: usize = 2 * (MOST_SIDES + 1) * (MOST_SIDES + 1) + 2 * MOST_NEAR * MOST_NEAR;
/// Products with up to so many tiles of different sides are cut in every way.
const MOST_TILES: usize = 40 * 40;
/// Most distinct products that are searched; the others stay as they are planned.
pub const MOST_PRODUCTS: usize = 256;
/// Instructions that trying one way may go through.
const MOST_EFFORT: u64 = 1 << 16;
/// Instructions between looks whether it takes too long already.
const SLICE: u64 = 1 << 8;
/// Instructions that take as long as lowering a product.
const LOWERING: u64 = 1 << 8;
/// Instructions that one product may take that is searched by itself.
const ONE_EFFORT: u64 = 1 << 22;
/// Instructions that all products of a plan may take, each an equal share.
const ALL_EFFORT: u64 = 1 << 15;
/// A product that is not cut in every way is good enough when no other way can take fewer cycles by more than such a part.
const SLACK: Cycle = 128;
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
    /// Whether that is, of a plan of products alone, all of them as they were planned, but columns of tiles outermost.
    pub in_columns: bool,
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
    /// Ways that were considered.
    pub candidates: usize,
    /// Those of them that were run, the plan's own one included: the others are known to take longer, or [`Mapped::least`] tells how much
    /// less they may take.
    pub run: usize,
    /// None of them takes fewer cycles than this: as many as the winner, unless the effort was used up before.
    pub least: Cycle,
    /// As it was planned.
    pub planned: Candidate,
    /// The best few of those that were run, the winner first: the plan's own, unless another one takes fewer cycles.
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
    let products = searched(&plan, chip);
    let mut found = plan.clone();
    for Searched { layers, mapped } in &products {
        let (planned, best) = (mapped.planned, mapped.best[0]);
        for at in layers.iter().filter(|_| best != planned) {
            // What does not fit here stays as it is.
            let _ = found.choose(*at, best.choices(plan.layers[*at].choices.as_deref()), chip);
        }
    }
    let planned_cycles = cycles(&plan, chip).unwrap_or(0);
    let mut found_cycles = match found == plan {
        true => planned_cycles,
        false => cycles(&found, chip).unwrap_or(Cycle::MAX),
    };
    let in_columns = in_columns(&plan, chip).and_then(|columns| {
        let fewer = cycles_below(found_cycles.min(planned_cycles), &columns, chip)?;
        (found, found_cycles) = (columns, fewer);
        Some(())
    });
    let products = products.into_iter().map(|product| product.mapped).collect();
    let mapping = Mapping { products, planned_cycles, found_cycles, in_columns: in_columns.is_some() };
    (if mapping.is_taken() { found } else { plan }, mapping)
}

/// A plan of several products and nothing else in SCALE-Sim's way: by their planned tiles, columns of them outermost. None of its layers
/// takes fewer cycles so than was found, but as they follow each other all might.
fn in_columns(plan: &Plan, chip: &Chip) -> Option<Plan> {
    if plan.layers.len() < 2 {
        return None;
    }
    let mut columns = plan.clone();
    for (at, layer) in plan.layers.iter().enumerate() {
        let Tiling { m, n, k, .. } = layer.tiling().filter(|_| !is_chosen(layer))?;
        let way = Candidate { tile: [m, n, k], order: TileOrder::Columns, cycles: 0 };
        columns.choose(at, way.choices(layer.choices.as_deref()), chip).ok()?;
    }
    Some(columns)
}

/// Whether the program itself cuts a product.
fn is_chosen(layer: &Layer) -> bool {
    layer.choices.as_ref().is_some_and(|own| own.tile.is_some() || own.order.is_some())
}

/// A product, and where it is in a plan.
struct Searched {
    layers: Vec<usize>,
    mapped: Mapped,
}

/// Every distinct product that the program does not cut itself, and how it runs best: all have an equal share of the effort, and of
/// what those before have left.
fn searched(plan: &Plan, chip: &Chip) -> Vec<Searched> {
    let mut distinct: Vec<(Plan, Vec<usize>)> = Vec::new();
    for (at, layer) in plan.layers.iter().enumerate() {
        let Some(alone) = plan.alone(layer).filter(|_| !is_chosen(layer)) else { continue };
        match distinct.iter().position(|(known, _)| *known == alone) {
            Some(place) => distinct[place].1.push(at),
            None if distinct.len() < MOST_PRODUCTS => distinct.push((alone, vec![at])),
            None => {}
        }
    }
    let (mut effort, mut left) = (ALL_EFFORT, distinct.len() as u64);
    let one = |(alone, layers): (Plan, Vec<usize>)| {
        let (mapped, used) = search_within(&alone, chip, effort / left.max(1))?;
        (effort, left) = (effort.saturating_sub(used), left.saturating_sub(1));
        let first = &plan.layers[layers[0]];
        let (name, span) = (plan.tensors[first.result].name.clone(), first.span);
        let mapped = Mapped { name, span, layers: layers.len(), ..mapped };
        Some(Searched { layers, mapped })
    };
    distinct.into_iter().filter_map(one).collect()
}

/// The best way for a product by itself; nothing if not even the plan's own comes to its end.
pub fn search(alone: &Plan, chip: &Chip) -> Option<Mapped> {
    Some(search_within(alone, chip, ONE_EFFORT)?.0)
}

/// The same, for so many instructions; with how many it was.
fn search_within(alone: &Plan, chip: &Chip, effort: u64) -> Option<(Mapped, u64)> {
    let tiling = alone.layers[0].tiling()?;
    let Tiling { m, n, k, order, .. } = tiling;
    let planned = Candidate { tile: [m, n, k], order, cycles: cycles(alone, chip)? };
    let space = Space::new(alone, tiling, chip)?;
    let (tried, best) = (Vec::new(), vec![planned]);
    let mut search = Search { alone, chip, most: effort, effort: 0, considered: 1, tried, run: 1, best };
    let least = search.all(space, tiling);
    let Search { considered: candidates, run, best, effort, .. } = search;
    let (name, span) = (String::new(), Span::default());
    Some((Mapped { name, span, layers: 0, candidates, run, least, planned, best }, effort))
}

/// Cycles that no run of a product by itself takes fewer than, cut so; 0 if nothing is known.
pub fn least(alone: &Plan, tile: [usize; 3], order: TileOrder, chip: &Chip) -> Cycle {
    let planned = alone.layers[0].tiling().unwrap_or_default();
    let [m, n, k] = tile;
    Least::new(alone, Tiling { k, ..planned }, chip).map_or(0, |least| least.of((m, n, order)))
}

/// Rows and columns of a tile, and the order of tiles.
type Asked = (usize, usize, TileOrder);

const ORDERS: [TileOrder; 2] = [TileOrder::Rows, TileOrder::Columns];

/// All ways that are considered at a time.
struct Space<'a> {
    least: Least<'a>,
    /// Rows and columns of the product.
    extents: [usize; 2],
    /// Rows of a tile, the most first.
    rows: Vec<usize>,
    /// Columns of a tile, the most first.
    cols: Vec<usize>,
    /// Whether there are no others.
    is_whole: bool,
}

impl<'a> Space<'a> {
    fn new(alone: &'a Plan, planned: Tiling, chip: &Chip) -> Option<Self> {
        let [rows, _, cols] = alone.extents(&alone.layers[0])?;
        let lent = alone.lent(chip);
        let sums = sums_of_a_tile(&lent);
        let [most_rows, most_cols] = match lent.dataflow {
            Dataflow::WeightStationary => [sums, lent.cols],
            Dataflow::InputStationary => [lent.cols, sums],
            Dataflow::OutputStationary => [lent.rows.min(sums), lent.cols],
        };
        let extents = [rows, cols];
        let is_whole = most_rows.min(rows) * most_cols.min(cols) <= MOST_TILES;
        let sides = if is_whole { sides::all } else { sides::even };
        let (rows, cols) = (sides(rows, most_rows), sides(cols, most_cols));
        Some(Space { least: Least::new(alone, planned, chip)?, extents, rows, cols, is_whole })
    }

    /// Those next to one: every side up to those that make one part more or less.
    fn around(self, [m, n, _]: [usize; 3]) -> Space<'a> {
        let [rows, cols] = self.extents;
        let (rows, cols) = (sides::near(rows, self.rows[0], m), sides::near(cols, self.cols[0], n));
        Space { rows, cols, ..self }
    }

    fn size(&self) -> usize {
        ORDERS.len() * self.rows.len() * self.cols.len()
    }

    /// A way whose tile is no larger than the product.
    fn largest(&self, m: usize, n: usize, order: TileOrder) -> Asked {
        (m.min(self.rows[0]), n.min(self.cols[0]), order)
    }

    /// Those that may take fewer cycles than `bar`, with what they take at least, the most promising first.
    fn below(&self, bar: Cycle) -> Vec<(Cycle, Asked)> {
        let mut all = Vec::new();
        for n in self.cols.iter().take_while(|n| self.least.of_tiles([self.rows[0], **n]) < bar) {
            for m in self.rows.iter().take_while(|m| self.least.of_tiles([**m, *n]) < bar) {
                let ways = ORDERS.map(|order| (*m, *n, order));
                all.extend(
                    ways.map(|way| (self.least.of(way), way)).into_iter().filter(|(least, _)| *least < bar),
                );
            }
        }
        // Of equals those with large tiles first, as they are listed.
        all.sort_by_key(|(least, _)| *least);
        all
    }
}

struct Search<'a> {
    alone: &'a Plan,
    chip: &'a Chip,
    /// Instructions that it may go through.
    most: u64,
    /// Those that it has gone through.
    effort: u64,
    considered: usize,
    /// Those that were run, or could not be.
    tried: Vec<Asked>,
    run: usize,
    /// The best few so far, the fewest cycles first; of equals the first one tried, before all the plan's own.
    best: Vec<Candidate>,
}

impl Search<'_> {
    /// Runs what may be better; what all that are considered take at least.
    fn all(&mut self, space: Space, planned: Tiling) -> Cycle {
        // In SCALE-Sim's way all rows go through each fold of the array: it is run in any case, if it may be better.
        let theirs = space.largest(planned.m, planned.n, TileOrder::Columns);
        let least = self.among(&space);
        if space.least.of(theirs) < self.best[0].cycles {
            self.try_one(theirs);
        }
        if space.is_whole {
            return least.min(self.best[0].cycles);
        }
        let space = space.around(self.best[0].tile);
        least.min(self.among(&space)).min(self.best[0].cycles)
    }

    /// Runs what may be better, until nothing may or the effort is used up; what all take at least.
    fn among(&mut self, space: &Space) -> Cycle {
        self.considered += space.size();
        for (least, way) in space.below(self.best[0].cycles) {
            let best = self.best[0].cycles;
            let slack = if space.is_whole { 0 } else { best / SLACK };
            if least + slack >= best || self.effort >= self.most {
                return least;
            }
            self.try_one(way);
        }
        Cycle::MAX
    }

    /// Runs the product in one way, if it can be.
    fn try_one(&mut self, way: Asked) {
        if self.tried.contains(&way) {
            return;
        }
        self.tried.push(way);
        let (m, n, order) = way;
        let wanted = Candidate { tile: [m, n, self.best[0].tile[2]], order, cycles: 0 };
        let mut plan = self.alone.clone();
        if plan.choose(0, wanted.choices(plan.layers[0].choices.as_deref()), self.chip).is_err() {
            return;
        }
        // Of a convolution, the same tile may come with other bands when it is asked for.
        if plan.layers[0].kind == self.alone.layers[0].kind {
            return;
        }
        self.run += 1;
        let Some(cycles) = self.cycles(&plan) else { return };
        let candidate = Candidate { cycles, ..wanted };
        if !self.best.contains(&candidate) {
            let at = self.best.partition_point(|better| better.cycles <= cycles);
            self.best.insert(at, candidate);
            self.best.truncate(TOLD);
        }
    }

    /// What the machine takes, if that is among the best few and found out with some effort.
    fn cycles(&mut self, plan: &Plan) -> Option<Cycle> {
        let bar = self.best.get(TOLD - 1).map_or(Cycle::MAX, |last| last.cycles);
        let program = emitted(plan, self.chip);
        self.effort += LOWERING;
        if floor(&program, self.chip) >= bar {
            return None;
        }
        let mut clock = Clock::new(&program, self.chip, Loops::Skipped);
        for _ in 0..MOST_EFFORT / SLICE {
            self.effort += SLICE;
            if clock.advance(SLICE).ok()? {
                return Some(clock.into_trace().cycles).filter(|cycles| *cycles < bar);
            }
            if clock.latest() >= bar {
                return None;
            }
        }
        None
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

/// What the machine takes; nothing if it does not come to its end.
pub fn cycles(plan: &Plan, chip: &Chip) -> Option<Cycle> {
    Some(Clock::new(&emitted(plan, chip), chip, Loops::Skipped).run().ok()?.cycles)
}

/// The same, if it is less than `bar`.
fn cycles_below(bar: Cycle, plan: &Plan, chip: &Chip) -> Option<Cycle> {
    let program = emitted(plan, chip);
    let mut clock = Clock::new(&program, chip, Loops::Skipped);
    if floor(&program, chip) >= bar {
        return None;
    }
    while clock.latest() < bar {
        if clock.advance(MOST_EFFORT).ok()? {
            return Some(clock.into_trace().cycles).filter(|cycles| *cycles < bar);
        }
    }
    None
}

fn emitted(plan: &Plan, chip: &Chip) -> Program {
    let program = emit(plan, chip).program;
    debug_assert_eq!(crate::isa::verify(&program, chip), Ok(()), "what is emitted keeps the rules");
    program
}
