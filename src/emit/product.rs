//! A matrix product: stripes of columns, rows of output tiles, groups of tiles for all matrix units, steps of K.
//!
//! A stripe is all columns where rows are outermost, and as many tiles as there are matrix units where columns are: then each
//! unit keeps to its own column of tiles, whose panel of weights comes once, while blocks of rows come again with each stripe.

use super::bands::patches;
use super::build::{Builder, Index, Matrix, Repeats, wait};
use crate::chip::Dataflow;
use crate::isa::{AsResult, Factor, SumMode, SumRows, Sums, Unit, VectorSource, Wait, Work};
use crate::num::DType;
use crate::schedule::{Image, Layer, Planned, PlannedId, TileOrder, Tiling, operands};

/// Emits a layer that begins with a product.
pub(super) fn emit(builder: &mut Builder, layer: &Layer, a: PlannedId, b: PlannedId, tiling: Tiling) {
    let supply = activations(builder, a, tiling);
    let extents = builder.plan.extents(layer).expect("it is a product");
    let product = Product::new(builder, layer, supply, b, tiling, extents, 1);
    product.all_panels(builder);
    let all = product.tiles_of(builder.chip.matrix_units, product.across(product.n), product.m);
    let turns: Vec<Index> = all.iter().map(|tiles| Index::default().along(product.copies, *tiles)).collect();
    // Each copy has its own rows.
    let first = Index::default().along(product.copies, product.m);
    product.stripes(builder, &mut |builder, stripe| {
        let turns = stripe.turns(product.down(product.m), &turns);
        product.rows(builder, &Section { stripe, first, rows: product.m, turns });
    });
    builder.count_tiles(all.into_iter().map(|tiles| layer.copies % 2 * tiles));
}

/// Where activations are and come from.
pub(super) struct Activations {
    /// How the array sees them.
    pub seen: Seen,
    /// Their dtype.
    pub dtype: DType,
    /// By core: in the unified buffer.
    pub place: Vec<Matrix>,
    /// In DRAM, if a block of rows is copied from there with each row of tiles.
    pub blocks: Option<Matrix>,
    /// By core: what multiplies wait for, blocks of rows apart.
    pub ready: Vec<Vec<Wait>>,
    /// By core: what copies in wait for.
    pub waits: Vec<Vec<Wait>>,
}

/// How an array sees activations.
pub(super) enum Seen {
    /// As they lie.
    Plain,
    /// Windows of images, in groups of so many channels.
    Windows(Image),
}

/// A matrix of activations.
fn activations(builder: &mut Builder, a: PlannedId, tiling: Tiling) -> Activations {
    let cores = 0..builder.chip.cores as u32;
    let Planned { declared, dtype, cols, .. } = builder.plan.tensors[a];
    let blocks = match builder.resident(a, 0) {
        Some(_) => None,
        None => Some(builder.dram(a)),
    };
    let waits = cores.clone().map(|core| builder.until_in_dram(a, core)).collect();
    let (mut ready, mut place) = (Vec::new(), Vec::new());
    for core in cores {
        let resident = builder.resident(a, core);
        ready.push(resident.map_or(Vec::new(), |_| there(builder, declared, core)));
        place.push(
            resident
                .unwrap_or_else(|| builder.unified(a, core, most(&[builder.plan.blocks, tiling.m, cols]))),
        );
    }
    Activations { seen: Seen::Plain, dtype, place, blocks, ready, waits }
}

/// What work on a tensor that stays waits for.
fn there(builder: &Builder, declared: bool, core: u32) -> Vec<Wait> {
    let events = &builder.events;
    match declared {
        true => [&events.rows, &events.operand, &events.panel]
            .map(|events| events[core as usize])
            .map(|event| builder.before_layer(event))
            .to_vec(),
        false => vec![builder.before_layer(events.worked[core as usize])],
    }
}

/// Where weights in the unified buffer come from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Supply {
    /// They have been there since before the layer.
    There,
    /// A panel of columns is copied with each tile.
    InPanels,
    /// All are copied at the beginning of the layer.
    AtOnce,
}

/// One output tile of a group.
#[derive(Clone, Copy)]
struct Tile {
    unit: usize,
    /// Its first column.
    n: Index,
    cols: usize,
    /// The first column of activations of its group.
    k: Index,
    /// Tiles that its unit has had before in this layer.
    turn: Index,
}

/// Columns that are gone through before others come.
#[derive(Clone, Copy)]
pub(super) struct Stripe {
    /// How many there are before it.
    number: Index,
    /// Its first column.
    first: Index,
    pub cols: usize,
    /// Whether rows of activations have come for one before.
    again: bool,
    panels: Panels,
}

/// When panels of weights come, if any do.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Panels {
    /// One with each tile.
    WithTiles,
    /// One for each unit, before the first row.
    BeforeRows,
}

impl Stripe {
    /// By unit: tiles that it has had before the stripe, each of those before having so many rows of tiles.
    pub(super) fn turns(&self, down: usize, before: &[Index]) -> Vec<Index> {
        before.iter().map(|turns| turns.and(self.number.times(down))).collect()
    }
}

/// Rows that are cut into tiles together, from unit 0 on.
pub(super) struct Section {
    pub stripe: Stripe,
    pub first: Index,
    pub rows: usize,
    /// By unit: tiles that it has had before in this layer.
    pub turns: Vec<Index>,
}

/// A row of output tiles.
struct Row<'a> {
    section: &'a Section,
    /// Its first row.
    m: Index,
    rows: usize,
    /// Its number, in the first iteration.
    number: usize,
    /// How many rows of tiles an iteration of the loop around it, at which depth, goes on.
    step: Option<(usize, usize)>,
}

pub(super) struct Product<'a> {
    layer: &'a Layer,
    tiling: Tiling,
    seen: Seen,
    /// Parts of the columns, each with activations of its own.
    groups: usize,
    /// Depth of the loop that goes over its copies.
    copies: usize,
    /// Of the sums.
    sums: DType,
    m: usize,
    k: usize,
    /// Columns of a group.
    pub n: usize,
    /// By core: activations in the unified buffer.
    pub a: Vec<Matrix>,
    /// In DRAM, if blocks of rows are copied from there.
    a_from: Option<Matrix>,
    /// Whether they stay.
    a_stays: bool,
    /// What multiplies wait for besides blocks of rows.
    a_ready: Vec<Vec<Wait>>,
    /// By core: weights in the unified buffer; in DRAM where they are fetched from there.
    b: Vec<Matrix>,
    b_from: Option<Matrix>,
    b_supply: Supply,
    b_stays: bool,
    b_ready: Vec<Vec<Wait>>,
    /// By core: the result in the unified buffer; and in DRAM, if it goes there.
    result: Vec<Matrix>,
    leaves: Option<Matrix>,
    /// By core and what a step reads.
    operands: Vec<Vec<Operand>>,
    /// What copies in wait for.
    a_waits: Vec<Vec<Wait>>,
    b_waits: Vec<Vec<Wait>>,
}

/// An operand of the vector work on a tile.
struct Operand {
    place: Matrix,
    /// In DRAM, if a tile of it is copied with each output tile.
    from: Option<Matrix>,
    waits: Vec<Wait>,
    repeats: Repeats,
}

impl<'a> Product<'a> {
    pub(super) fn new(
        builder: &mut Builder,
        layer: &'a Layer,
        supply: Activations,
        b: PlannedId,
        tiling: Tiling,
        [m, k, n]: [usize; 3],
        groups: usize,
    ) -> Self {
        let cores = 0..builder.chip.cores as u32;
        let tiles = builder.plan.blocks * builder.chip.units_per_core();
        let several_rows = m > tiling.m;
        let by_rows = tiling.order == TileOrder::Rows;
        let [a, _] = builder.plan.factors(layer).expect("it is a product");
        let fetched = builder.plan.fetches(a, &tiling);
        let declared = builder.plan.tensors[b].declared;
        let Activations { seen, dtype, place, blocks, ready, waits } = supply;
        let mut product = Product {
            layer,
            tiling,
            seen,
            groups,
            copies: builder.layer_depth(),
            sums: dtype.sums(),
            m,
            k,
            n,
            a: place,
            a_from: blocks,
            a_stays: builder.plan.stays(a),
            a_ready: ready,
            b: Vec::new(),
            b_from: None,
            b_supply: Supply::There,
            b_stays: builder.plan.stays(b),
            b_ready: Vec::new(),
            result: Vec::new(),
            leaves: None,
            operands: Vec::new(),
            a_waits: waits,
            b_waits: cores.clone().map(|core| builder.until_in_dram(b, core)).collect(),
        };
        let cols = tiling.n.min(n);
        // Weights come from DRAM through the FIFO; computed ones, where they stay, from the unified buffer.
        let resident = builder.resident(b, 0).is_some();
        if fetched && (declared || !resident) {
            let dram = builder.dram(b);
            product.b = cores.clone().map(|_| dram).collect();
            product.b_ready = cores.clone().map(|_| builder.left_before(b)).collect();
        } else {
            product.b_supply = match (resident, builder.plan.stays(b) && several_rows && by_rows) {
                (true, _) => Supply::There,
                (false, true) => Supply::AtOnce,
                (false, false) => Supply::InPanels,
            };
            product.b_from = (product.b_supply != Supply::There).then(|| builder.dram(b));
            for core in cores.clone() {
                let resident = builder.resident(b, core);
                let panel = wait(builder.events.panel[core as usize], 0);
                product.b_ready.push(resident.map_or(vec![panel], |_| there(builder, declared, core)));
                product.b.push(resident.unwrap_or_else(|| builder.unified(b, core, most(&[tiles, cols, k]))));
            }
        }
        for core in cores.clone() {
            product.result.push(builder.result(layer.result, core, most(&[tiles, tiling.m, cols])));
        }
        if !builder.plan.stays(layer.result) || builder.plan.leaves(layer.result) {
            product.leaves = Some(builder.dram(layer.result));
        }
        for core in cores {
            // What nobody there reads, nobody would wait for before its place is taken.
            let read = product.has_work(builder, core);
            let ids = operands(layer).filter(|_| read);
            let on_core = ids.map(|id| product.operand_on(builder, core, id)).collect();
            product.operands.push(on_core);
        }
        product
    }

    fn operand_on(&self, builder: &mut Builder, core: u32, id: PlannedId) -> Operand {
        let result = &builder.plan.tensors[self.layer.result];
        let repeats = builder.repeats(id, [result.rows, result.cols]);
        if builder.plan.stays(id) || builder.plan.tensors[id].rows == 1 {
            let (place, waits) = builder.operand(id, core);
            return Operand { place, from: None, waits, repeats };
        }
        let from = builder.dram(id);
        let tiles = builder.plan.blocks * builder.chip.units_per_core();
        // As wide as a tile, if it is.
        let cols = self.tiling.n.min(self.n).min(builder.plan.tensors[id].cols);
        let place = builder.unified(id, core, most(&[tiles, self.tiling.m, cols]));
        Operand { place, from: Some(from), waits: builder.until_in_dram(id, core), repeats }
    }

    /// Tiles of a row of so many columns of each group.
    pub(super) fn across(&self, cols: usize) -> usize {
        self.groups * cols.div_ceil(self.tiling.n)
    }

    /// Columns of a whole stripe.
    fn width(&self, builder: &Builder) -> usize {
        match self.tiling.order {
            TileOrder::Rows => self.n,
            TileOrder::Columns => builder.chip.matrix_units * self.tiling.n,
        }
    }

    /// Tiles of a row, of each kind of stripe that there is.
    pub(super) fn widths(&self, builder: &Builder) -> Vec<usize> {
        let width = self.width(builder);
        let cols = [width.min(self.n), self.n % width];
        cols.into_iter().filter(|cols| *cols > 0).map(|cols| self.across(cols)).collect()
    }

    /// Goes over all stripes.
    pub(super) fn stripes(&self, builder: &mut Builder, each: &mut dyn FnMut(&mut Builder, Stripe)) {
        let width = self.width(builder);
        let (whole, rest) = (self.n / width, self.n % width);
        let mut stripe = |builder: &mut Builder, number: Index, cols: usize, again: bool| {
            let in_turn = self.across(cols) == builder.chip.matrix_units;
            let panels = match self.tiling.order {
                TileOrder::Columns if in_turn => Panels::BeforeRows,
                _ => Panels::WithTiles,
            };
            let stripe = Stripe { number, first: number.times(width), cols, again, panels };
            self.panels(builder, &stripe);
            each(builder, stripe);
        };
        if whole > 0 {
            stripe(builder, Index::default(), width, false);
        }
        builder.repeat(whole.saturating_sub(1), |builder, depth| {
            stripe(builder, Index::at(1).along(depth, 1), width, true);
        });
        if rest > 0 {
            stripe(builder, Index::at(whole), rest, whole > 0);
        }
    }

    /// Copies the panels of a stripe's columns, if they come before its rows: tile by tile, as units have them.
    fn panels(&self, builder: &mut Builder, stripe: &Stripe) {
        if self.b_supply != Supply::InPanels || stripe.panels != Panels::BeforeRows {
            return;
        }
        for unit in 0..builder.chip.matrix_units {
            let free = self.place_free(builder, builder.core_of(unit), unit % builder.chip.units_per_core());
            let first = unit * self.tiling.n;
            let cols = self.tiling.n.min(stripe.cols - first);
            self.panel(builder, builder.core_of(unit), stripe.first.plus(first), cols, free);
        }
    }

    /// Rows of tiles that so many rows are cut into.
    pub(super) fn down(&self, rows: usize) -> usize {
        rows.div_ceil(self.tiling.m)
    }

    /// Whether any output tile is a core's: the first ones have them all if there are few.
    fn has_work(&self, builder: &Builder, core: u32) -> bool {
        core as usize * builder.chip.units_per_core() < self.down(self.m) * self.across(self.n)
    }

    /// Tiles that each unit gets of so many rows, of so many tiles each.
    pub(super) fn tiles_of(&self, units: usize, across: usize, rows: usize) -> Vec<usize> {
        let tiles = self.down(rows) * across;
        (0..units).map(|unit| tiles / units + usize::from(unit < tiles % units)).collect()
    }

    pub(super) fn rows(&self, builder: &mut Builder, section: &Section) {
        let (units, across) = (builder.chip.matrix_units, self.across(section.stripe.cols));
        let whole = section.rows / self.tiling.m;
        // After as many rows, the first tile of a row is the same unit's again.
        let pattern = (1..=units).find(|rows| (rows * (across % units)).is_multiple_of(units)).unwrap_or(1);
        let step = self.tiling.m;
        builder.repeat(whole / pattern, |builder, depth| {
            for number in 0..pattern {
                let m = section.first.plus(number * step).along(depth, pattern * step);
                self.row(builder, Row { section, m, rows: step, number, step: Some((depth, pattern)) });
            }
        });
        for number in whole / pattern * pattern..self.down(section.rows) {
            let rows = step.min(section.rows - number * step);
            self.row(
                builder,
                Row { section, m: section.first.plus(number * step), rows, number, step: None },
            );
        }
    }

    fn row(&self, builder: &mut Builder, row: Row) {
        let (units, stripe) = (builder.chip.matrix_units, &row.section.stripe);
        let across = self.across(stripe.cols);
        let of_group = across / self.groups;
        if let Some(from) = self.a_from.as_ref().filter(|_| !(stripe.again && self.a_stays)) {
            self.block(builder, &row, from);
        }
        // Units' turns come again after as many tiles: of all groups, or of the only one.
        let (round, rounds, groups) = match self.groups {
            // A stripe is one turn for all.
            1 if self.tiling.order == TileOrder::Columns => (units, 0, 0),
            1 => (units, self.n / self.tiling.n / units, 0),
            groups => (units * of_group, groups / units, units),
        };
        let start = row.number * across;
        let tile = |at: usize, along: Option<usize>| {
            let (number, group, within) = (start + at, at / of_group, at % of_group);
            let unit = number % units;
            let mut turn = row.section.turns[unit].plus(number / units);
            if let Some((depth, rows)) = row.step {
                turn = turn.along(depth, rows * across / units);
            }
            let first = within * self.tiling.n;
            let mut n = stripe.first.plus(group * self.n + first);
            let mut k = Index::at(group * self.k);
            if let Some(depth) = along {
                turn = turn.along(depth, round / units);
                let step = if groups == 0 { units * self.tiling.n } else { groups * self.n };
                (n, k) = (n.along(depth, step), k.along(depth, groups * self.k));
            }
            let cols = self.tiling.n.min(stripe.cols - first);
            Tile { unit, n, cols, k, turn }
        };
        builder.repeat(rounds, |builder, depth| {
            let tiles: Vec<Tile> = (0..round).map(|at| tile(at, Some(depth))).collect();
            tiles.chunks(units).for_each(|tiles| self.group(builder, &row, tiles));
        });
        let tiles: Vec<Tile> = (rounds * round..across).map(|at| tile(at, None)).collect();
        tiles.chunks(units).for_each(|tiles| self.group(builder, &row, tiles));
    }

    /// Output tiles of a core in a row of so many tiles.
    fn tiles_in(&self, builder: &Builder, core: u32, across: usize, row: usize) -> usize {
        let units = builder.chip.matrix_units;
        let of_core = |unit: &usize| builder.core_of(*unit) == core;
        let until = |tile: usize| {
            (0..units).filter(of_core).map(|unit| (tile + units - 1 - unit) / units).sum::<usize>()
        };
        until((row + 1) * across) - until(row * across)
    }

    /// Output tiles that a core has in the last row before this one in which it has any, at least: the first row follows
    /// the last one of the pattern, of the stripe before, or of the copy before.
    fn tiles_before(&self, builder: &Builder, core: u32, row: &Row) -> usize {
        let last_in = |across: usize, rows: std::ops::Range<usize>| {
            rows.rev().map(|row| self.tiles_in(builder, core, across, row)).find(|tiles| *tiles > 0)
        };
        let across = self.across(row.section.stripe.cols);
        let around = || {
            let of_pattern = row.step.and_then(|(_, rows)| last_in(across, 0..rows));
            let follows = row.section.stripe.again || self.layer.copies > 1;
            let widths = self.widths(builder).into_iter().filter(|_| follows);
            let of_others = widths.filter_map(|across| last_in(across, 0..self.down(self.m)));
            of_pattern.into_iter().chain(of_others).min()
        };
        last_in(across, 0..row.number).or_else(around).unwrap_or(0)
    }

    /// Copies a block of activations' rows to every core that has work on it. It takes the place of the core's block before
    /// the last.
    fn block(&self, builder: &mut Builder, row: &Row, from: &Matrix) {
        let all = 0..builder.chip.cores as u32;
        let across = self.across(row.section.stripe.cols);
        let busy: Vec<u32> =
            all.filter(|core| self.tiles_in(builder, *core, across, row.number) > 0).collect();
        for core in busy {
            let mut waits = self.a_waits[core as usize].clone();
            if !self.a_stays {
                let before = if builder.plan.blocks == 1 { 0 } else { self.tiles_before(builder, core, row) };
                waits.push(builder.freed(core, before));
            }
            let window = |matrix: &Matrix| matrix.window(row.m, Index::default(), row.rows, self.k);
            let windows = [window(from), window(&self.a[core as usize])];
            builder.copy_in(core, windows, waits, builder.events.rows[core as usize]);
        }
    }

    /// Copies all weights, a panel of columns at a time, if they come so.
    pub(super) fn all_panels(&self, builder: &mut Builder) {
        if self.b_supply != Supply::AtOnce {
            return;
        }
        let cols = self.groups * self.n;
        let (whole, rest) = (cols / self.tiling.n, cols % self.tiling.n);
        let free = self.place_free(builder, 0, 0);
        builder.repeat(whole, |builder, depth| {
            self.panel(builder, 0, Index::default().along(depth, self.tiling.n), self.tiling.n, free);
        });
        if rest > 0 {
            self.panel(builder, 0, Index::at(whole * self.tiling.n), rest, free);
        }
    }

    /// `free` says when what passes through has room.
    fn panel(&self, builder: &mut Builder, core: u32, n: Index, cols: usize, free: Wait) {
        let Some(from) = &self.b_from else { return };
        let mut waits = self.b_waits[core as usize].clone();
        if !self.b_stays {
            waits.push(free);
        }
        let window =
            |matrix: &Matrix| matrix.window(Index::default().along(self.copies, self.k), n, self.k, cols);
        let windows = [window(from), window(&self.b[core as usize])];
        builder.copy_in(core, windows, waits, builder.events.panel[core as usize]);
    }

    /// When a tile's operands may take the place of those some tiles before: there is room for one or two tiles of each
    /// unit, and `ahead` tiles of the core are under way that have not come to the end of their instructions.
    fn place_free(&self, builder: &Builder, core: u32, ahead: usize) -> Wait {
        builder.freed(core, builder.plan.blocks * builder.chip.units_per_core() - 1 - ahead)
    }

    /// When its result may be written: where results pass through, those so many tiles before have left.
    fn result_free(&self, builder: &Builder, core: u32) -> Vec<Wait> {
        let mut waits = builder.until_free(self.layer.result, core);
        if !builder.plan.stays(self.layer.result) {
            let places = builder.plan.blocks * builder.chip.units_per_core();
            waits.push(wait(builder.events.left[core as usize], places - 1));
        }
        waits
    }

    fn group(&self, builder: &mut Builder, row: &Row, tiles: &[Tile]) {
        for (at, tile) in tiles.iter().enumerate() {
            let core = builder.core_of(tile.unit);
            let ahead = tiles[..at].iter().filter(|tile| builder.core_of(tile.unit) == core).count();
            let free = self.place_free(builder, core, ahead);
            if self.b_supply == Supply::InPanels && row.section.stripe.panels == Panels::WithTiles {
                self.panel(builder, core, tile.n, tile.cols, free);
            }
            for operand in &self.operands[core as usize] {
                let Some(from) = &operand.from else { continue };
                let window =
                    |matrix: &Matrix| operand.repeats.once(matrix, [row.m, tile.n], [row.rows, tile.cols]);
                let waits = operand.waits.iter().copied().chain([free]).collect();
                let signal = builder.events.operand[core as usize];
                builder.copy_in(core, [window(from), window(&operand.place)], waits, signal);
            }
        }
        self.sums(builder, row, tiles);
        for tile in tiles {
            self.drain(builder, row, tile);
        }
    }

    /// All steps of K, for all tiles of a group side by side.
    fn sums(&self, builder: &mut Builder, row: &Row, tiles: &[Tile]) {
        let step = self.tiling.k;
        let whole = self.k / step;
        let each = |builder: &mut Builder, k: Index, depth: usize, mode: SumMode| {
            tiles.iter().for_each(|tile| self.pass(builder, row, tile, k, depth, mode));
        };
        each(builder, Index::default(), step.min(self.k), SumMode::Begin);
        builder.repeat(whole.saturating_sub(1), |builder, depth| {
            each(builder, Index::at(step).along(depth, step), step, SumMode::Add);
        });
        let rest = self.k % step;
        if whole > 0 && rest > 0 {
            each(builder, Index::at(whole * step), rest, SumMode::Add);
        }
    }

    fn sum_rows(&self, builder: &Builder, tile: &Tile) -> SumRows {
        let half = builder.chip.accumulator_rows / 2;
        if half == 0 {
            return SumRows { first: 0, advance: [0; _], ring: 1 };
        }
        let turn = tile.turn.plus(builder.tiles[tile.unit]);
        let first = (turn.first % 2) as usize * half;
        SumRows { first, advance: turn.advance.map(|step| (step % 2) as usize * half), ring: 2 * half }
    }

    fn activations(&self, core: usize, place: [Index; 2], [rows, cols]: [usize; 2]) -> Factor {
        let matrix = &self.a[core];
        match &self.seen {
            Seen::Plain => Factor::Window(matrix.window(place[0], place[1], rows, cols)),
            Seen::Windows(image) => {
                let each = image.extents[3] / self.groups;
                Factor::Patches(patches(image, each, matrix, place, [rows, cols]))
            }
        }
    }

    fn pass(&self, builder: &mut Builder, row: &Row, tile: &Tile, k: Index, depth: usize, mode: SumMode) {
        let (unit, core) = (tile.unit as u32, builder.core_of(tile.unit) as usize);
        let mut waits = Vec::new();
        match self.a_from {
            Some(_) => waits.push(wait(builder.events.rows[core], 0)),
            None => waits.extend(&self.a_ready[core]),
        }
        if mode == SumMode::Begin {
            // The tile before the last one was in this half of the accumulators.
            let behind = usize::from(builder.chip.accumulator_rows > 1);
            waits.push(wait(builder.events.drained[tile.unit], behind));
        }
        let sums = Sums { rows: self.sum_rows(builder, tile), mode };
        let activations = self.activations(core, [row.m, tile.k.and(k)], [row.rows, depth]);
        let weights = self.b[core].window(k.along(self.copies, self.k), tile.n, depth, tile.cols);
        let signals = vec![builder.events.passed[tile.unit]];
        let (stays, streamed, fetch_waits, cols) = match self.tiling.dataflow {
            Dataflow::OutputStationary => {
                waits.extend(&self.b_ready[core]);
                let work = Work::Contract { activations, weights, sums };
                return builder.push(Unit::Matrix(unit), work, waits, signals);
            }
            Dataflow::WeightStationary => {
                (Factor::Window(weights), activations, self.b_ready[core].clone(), tile.cols)
            }
            Dataflow::InputStationary => {
                let rows_ready = std::mem::replace(&mut waits, self.b_ready[core].clone());
                // The accumulators are the multiply's concern, not the fetch's.
                let (mine, fetch): (Vec<Wait>, Vec<Wait>) =
                    rows_ready.into_iter().partition(|wait| wait.event == builder.events.drained[tile.unit]);
                waits.extend(mine);
                (activations.transposed(), Factor::Window(weights.transposed()), fetch, row.rows)
            }
        };
        let (dtype, packed) = (builder.dtype_of(&stays), self.tiling.packed);
        builder.push(Unit::Fetch(unit), Work::Fetch { tile: stays, packed }, fetch_waits, Vec::new());
        builder.push(Unit::Load(unit), Work::Load, Vec::new(), Vec::new());
        let work = Work::Multiply { streamed, tile: dtype, cols, packed, sums };
        builder.push(Unit::Matrix(unit), work, waits, signals);
    }

    /// The vector work on a tile's sums, and its way to DRAM.
    fn drain(&self, builder: &mut Builder, row: &Row, tile: &Tile) {
        let core = builder.core_of(tile.unit);
        let at = core as usize;
        let mut waits = vec![wait(builder.events.passed[tile.unit], 0)];
        waits.extend(self.result_free(builder, core));
        let (rows, cols, as_result) = match self.tiling.dataflow {
            Dataflow::InputStationary => (tile.cols, row.rows, AsResult::Transposed),
            _ => (row.rows, tile.cols, AsResult::Straight),
        };
        let place = self.sum_rows(builder, tile);
        let (unit, dtype) = (tile.unit as u32, self.sums);
        let source = VectorSource::Accumulators { unit, dtype, place, rows, cols, as_result };
        let mut operands = self.operands[at].iter();
        let mut window = |_: &PlannedId| {
            let operand = operands.next().expect("as many as the steps read");
            match operand.from {
                // The tile's own copy is the last one, or one of the last.
                Some(_) => waits.push(wait(builder.events.operand[at], 0)),
                None => waits.extend(&operand.waits),
            }
            operand.repeats.window(&operand.place, [row.m, tile.n], [row.rows, tile.cols])
        };
        let steps = self.layer.steps.iter().map(|step| step.map(&mut window)).collect();
        let target = self.result[at].window(row.m, tile.n, row.rows, tile.cols);
        let mut signals = builder.worked(core);
        signals.push(builder.events.drained[tile.unit]);
        builder.push(Unit::Vector(core), Work::Vector { source, steps, target }, waits, signals);
        if let Some(dram) = &self.leaves {
            builder.copy_out(core, [target, dram.window(row.m, tile.n, row.rows, tile.cols)]);
        }
    }
}

/// A product of sizes, the greatest size where it is beyond that: no tensor has as many elements.
pub(super) fn most(sizes: &[usize]) -> usize {
    sizes.iter().fold(1, |product: usize, size| product.saturating_mul(*size))
}
