//! A matrix product: rows of output tiles, groups of tiles for all matrix units, steps of K.

use super::build::{Builder, Index, Matrix, Repeats, wait};
use crate::chip::Dataflow;
use crate::isa::{AsResult, SumMode, SumRows, Sums, Unit, VectorSource, Wait, Work};
use crate::num::DType;
use crate::schedule::{Layer, PlannedId, Tiling, operands};

/// Emits a layer that begins with a product.
pub(super) fn emit(builder: &mut Builder, layer: &Layer, a: PlannedId, b: PlannedId, tiling: Tiling) {
    let plan = builder.plan;
    let extents = plan.extents(layer).expect("it is a product");
    let product = Product::new(builder, layer, a, b, tiling, extents);
    product.rows(builder);
    for unit in 0..builder.chip.matrix_units {
        builder.tiles[unit] = (builder.tiles[unit] + layer.copies % 2 * product.tiles_of(builder, unit)) % 2;
    }
}

/// Where an operand in the unified buffer comes from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Supply {
    /// It has been there since before the layer.
    There,
    /// A block of rows is copied with each row of tiles, a panel of columns with each tile.
    InBlocks,
    /// All of it is copied at the beginning of the layer.
    AtOnce,
}

/// One output tile of a group.
#[derive(Clone, Copy)]
struct Tile {
    unit: usize,
    /// Its first column.
    n: Index,
    cols: usize,
    /// Tiles that its unit has had before in this layer.
    turn: Index,
}

/// A row of output tiles.
#[derive(Clone, Copy)]
struct Row {
    /// Its first row.
    m: Index,
    rows: usize,
    /// Its number, in the first iteration.
    number: usize,
    /// How many rows of tiles an iteration of the loop around it, at which depth, goes on.
    step: Option<(usize, usize)>,
}

struct Product<'a> {
    layer: &'a Layer,
    tiling: Tiling,
    /// Depth of the loop that goes over its copies.
    copies: usize,
    /// Of the sums.
    sums: DType,
    m: usize,
    k: usize,
    n: usize,
    /// By core: activations in the unified buffer.
    a: Vec<Matrix>,
    /// In DRAM, if it is copied from there.
    a_from: Option<Matrix>,
    a_supply: Supply,
    /// What multiplies wait for besides blocks of rows.
    a_ready: Vec<Vec<Wait>>,
    /// By core: weights in the unified buffer; in DRAM where they are fetched from there.
    b: Vec<Matrix>,
    b_from: Option<Matrix>,
    b_supply: Supply,
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
    fn new(
        builder: &mut Builder,
        layer: &'a Layer,
        a: PlannedId,
        b: PlannedId,
        tiling: Tiling,
        [m, k, n]: [usize; 3],
    ) -> Self {
        let cores = 0..builder.chip.cores as u32;
        let tiles = 2 * builder.chip.units_per_core();
        let several_rows = m > tiling.m;
        let fetched = tiling.dataflow == Dataflow::WeightStationary;
        let (a_declared, b_declared) = (builder.plan.tensors[a].declared, builder.plan.tensors[b].declared);
        let worked =
            |builder: &Builder, core: u32| vec![builder.before_layer(builder.events.worked[core as usize])];
        let arrived = |builder: &Builder, core: u32| {
            [builder.events.rows[core as usize], builder.events.operand[core as usize]]
                .map(|event| builder.before_layer(event))
                .to_vec()
        };
        let there = |builder: &Builder, declared: bool, core| {
            if declared { arrived(builder, core) } else { worked(builder, core) }
        };

        let a_supply = if builder.resident(a, 0).is_some() { Supply::There } else { Supply::InBlocks };
        let a_from = (a_supply == Supply::InBlocks).then(|| builder.dram(a));
        let mut product = Product {
            layer,
            tiling,
            copies: builder.layer_depth(),
            sums: builder.plan.tensors[a].dtype.sums(),
            m,
            k,
            n,
            a: Vec::new(),
            a_from,
            a_supply,
            a_ready: Vec::new(),
            b: Vec::new(),
            b_from: None,
            b_supply: Supply::There,
            b_ready: Vec::new(),
            result: Vec::new(),
            leaves: None,
            operands: Vec::new(),
            a_waits: cores.clone().map(|core| builder.until_in_dram(a, core)).collect(),
            b_waits: cores.clone().map(|core| builder.until_in_dram(b, core)).collect(),
        };
        for core in cores.clone() {
            let resident = builder.resident(a, core);
            product.a_ready.push(resident.map_or(Vec::new(), |_| there(builder, a_declared, core)));
            product.a.push(resident.unwrap_or_else(|| builder.unified(a, core, most(&[2, tiling.m, k]))));
        }
        // Weights come from DRAM through the FIFO; computed ones, where they stay, from the unified buffer.
        let resident = builder.resident(b, 0).is_some();
        if fetched && (b_declared || !resident) {
            let dram = builder.dram(b);
            product.b = cores.clone().map(|_| dram).collect();
            product.b_ready = cores.clone().map(|_| builder.left_before(b)).collect();
        } else {
            product.b_supply = match (resident, builder.stays() && several_rows) {
                (true, _) => Supply::There,
                (false, true) => Supply::AtOnce,
                (false, false) => Supply::InBlocks,
            };
            product.b_from = (product.b_supply != Supply::There).then(|| builder.dram(b));
            for core in cores.clone() {
                let resident = builder.resident(b, core);
                let panel = wait(builder.events.panel[core as usize], 0);
                let ready = resident.map_or(vec![panel], |_| there(builder, b_declared, core));
                product.b_ready.push(ready);
                product
                    .b
                    .push(resident.unwrap_or_else(|| builder.unified(b, core, most(&[tiles, tiling.n, k]))));
            }
        }
        for core in cores.clone() {
            product.result.push(builder.result(layer.result, core, most(&[tiles, tiling.m, tiling.n])));
        }
        if !builder.stays() || builder.plan.leaves(layer.result) {
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
        let repeats = builder.repeats(id, [self.layer.copies * self.m, self.n]);
        if builder.stays() || builder.plan.tensors[id].rows == 1 {
            let (place, waits) = builder.operand(id, core);
            return Operand { place, from: None, waits, repeats };
        }
        let from = builder.dram(id);
        let tiles = 2 * builder.chip.units_per_core();
        let place = builder.unified(id, core, most(&[tiles, self.tiling.m, self.tiling.n]));
        Operand { place, from: Some(from), waits: builder.until_in_dram(id, core), repeats }
    }

    /// Tiles of a row.
    fn across(&self) -> usize {
        self.n.div_ceil(self.tiling.n)
    }

    /// Rows of tiles.
    fn down(&self) -> usize {
        self.m.div_ceil(self.tiling.m)
    }

    /// Whether any output tile is a core's: the first ones have them all if there are few.
    fn has_work(&self, builder: &Builder, core: u32) -> bool {
        core as usize * builder.chip.units_per_core() < self.down() * self.across()
    }

    /// Tiles of one copy that a unit gets.
    fn tiles_of(&self, builder: &Builder, unit: usize) -> usize {
        let units = builder.chip.matrix_units;
        let tiles = self.down() * self.across();
        tiles / units + usize::from(unit < tiles % units)
    }

    /// A row of activations and of the result: each copy has its own.
    fn row_at(&self, row: usize) -> Index {
        Index::at(row).along(self.copies, self.m)
    }

    fn rows(&self, builder: &mut Builder) {
        if self.b_supply == Supply::AtOnce {
            self.all_panels(builder);
        }
        let units = builder.chip.matrix_units;
        let whole = self.m / self.tiling.m;
        // After as many rows, the first tile of a row is the same unit's again.
        let pattern =
            (1..=units).find(|rows| (rows * (self.across() % units)).is_multiple_of(units)).unwrap_or(1);
        let step = self.tiling.m;
        builder.repeat(whole / pattern, |builder, depth| {
            for number in 0..pattern {
                let m = self.row_at(number * step).along(depth, pattern * step);
                self.row(builder, Row { m, rows: step, number, step: Some((depth, pattern)) });
            }
        });
        for number in whole / pattern * pattern..self.down() {
            let rows = step.min(self.m - number * step);
            self.row(builder, Row { m: self.row_at(number * step), rows, number, step: None });
        }
    }

    fn row(&self, builder: &mut Builder, row: Row) {
        let (units, across) = (builder.chip.matrix_units, self.across());
        if self.a_supply == Supply::InBlocks {
            self.block(builder, &row);
        }
        let start = row.number * across;
        let per_copy: Vec<usize> = (0..units).map(|unit| self.tiles_of(builder, unit)).collect();
        let tile = |at: usize, n: Index, along: Option<usize>| {
            let number = start + at;
            let unit = number % units;
            let mut turn = Index::at(number / units).along(self.copies, per_copy[unit]);
            if let Some((depth, rows)) = row.step {
                turn = turn.along(depth, rows * across / units);
            }
            let turn = along.map_or(turn, |depth| turn.along(depth, 1));
            let cols = self.tiling.n.min(self.n - n.first);
            Tile { unit, n, cols, turn }
        };
        let groups = self.n / self.tiling.n / units;
        builder.repeat(groups, |builder, depth| {
            let place = |at: usize| Index::at(at * self.tiling.n).along(depth, units * self.tiling.n);
            let tiles: Vec<Tile> = (0..units).map(|at| tile(at, place(at), Some(depth))).collect();
            self.group(builder, &row, &tiles);
        });
        let rest = groups * units..across;
        let tiles: Vec<Tile> = rest.map(|at| tile(at, Index::at(at * self.tiling.n), None)).collect();
        if !tiles.is_empty() {
            self.group(builder, &row, &tiles);
        }
    }

    /// Output tiles of a core in a row of tiles.
    fn tiles_in(&self, builder: &Builder, core: u32, row: usize) -> usize {
        let units = builder.chip.matrix_units;
        let of_core = |unit: &usize| builder.core_of(*unit) == core;
        let until = |tile: usize| {
            (0..units).filter(of_core).map(|unit| (tile + units - 1 - unit) / units).sum::<usize>()
        };
        until((row + 1) * self.across()) - until(row * self.across())
    }

    /// Output tiles that a core has in the last row before this one in which it has any, at least: the first row follows
    /// the last one of the pattern, or of the copy before.
    fn tiles_before(&self, builder: &Builder, core: u32, row: &Row) -> usize {
        let last_in = |rows: std::ops::Range<usize>| {
            rows.rev().map(|row| self.tiles_in(builder, core, row)).find(|tiles| *tiles > 0)
        };
        let around = || {
            let of_pattern = row.step.and_then(|(_, rows)| last_in(0..rows));
            let of_copy = (self.layer.copies > 1).then(|| last_in(0..self.down())).flatten();
            of_pattern.into_iter().chain(of_copy).min()
        };
        last_in(0..row.number).or_else(around).unwrap_or(0)
    }

    /// Copies a block of activations' rows to every core that has work on it. It takes the place of the core's block before
    /// the last.
    fn block(&self, builder: &mut Builder, row: &Row) {
        let Some(from) = &self.a_from else { return };
        let all = 0..builder.chip.cores as u32;
        let busy: Vec<u32> = all.filter(|core| self.tiles_in(builder, *core, row.number) > 0).collect();
        for core in busy {
            let mut waits = self.a_waits[core as usize].clone();
            if !builder.stays() {
                waits.push(wait(builder.events.left[core as usize], self.tiles_before(builder, core, row)));
            }
            let window = |matrix: &Matrix| matrix.window(row.m, Index::default(), row.rows, self.k);
            let windows = [window(from), window(&self.a[core as usize])];
            builder.copy_in(core, windows, waits, builder.events.rows[core as usize]);
        }
    }

    /// Copies all weights, a panel of columns at a time.
    fn all_panels(&self, builder: &mut Builder) {
        let (whole, rest) = (self.n / self.tiling.n, self.n % self.tiling.n);
        builder.repeat(whole, |builder, depth| {
            self.panel(builder, 0, Index::default().along(depth, self.tiling.n), self.tiling.n, Vec::new());
        });
        if rest > 0 {
            self.panel(builder, 0, Index::at(whole * self.tiling.n), rest, Vec::new());
        }
    }

    fn panel(&self, builder: &mut Builder, core: u32, n: Index, cols: usize, more: Vec<Wait>) {
        let Some(from) = &self.b_from else { return };
        let mut waits = self.b_waits[core as usize].clone();
        waits.extend(more);
        let window =
            |matrix: &Matrix| matrix.window(Index::default().along(self.copies, self.k), n, self.k, cols);
        let windows = [window(from), window(&self.b[core as usize])];
        builder.copy_in(core, windows, waits, builder.events.panel[core as usize]);
    }

    /// What may be overwritten when a tile's operands or results take the place of those some tiles before: there is room for
    /// two tiles of each unit, and `ahead` tiles of the core are under way that have not come to the end of their
    /// instructions.
    fn place_free(&self, builder: &Builder, core: u32, ahead: usize) -> Vec<Wait> {
        let places = 2 * builder.chip.units_per_core();
        match builder.stays() {
            true => Vec::new(),
            false => vec![wait(builder.events.left[core as usize], places - 1 - ahead)],
        }
    }

    fn group(&self, builder: &mut Builder, row: &Row, tiles: &[Tile]) {
        for (at, tile) in tiles.iter().enumerate() {
            let core = builder.core_of(tile.unit);
            let ahead = tiles[..at].iter().filter(|tile| builder.core_of(tile.unit) == core).count();
            let free = self.place_free(builder, core, ahead);
            if self.b_supply == Supply::InBlocks {
                self.panel(builder, core, tile.n, tile.cols, free.clone());
            }
            for operand in &self.operands[core as usize] {
                let Some(from) = &operand.from else { continue };
                let window =
                    |matrix: &Matrix| operand.repeats.once(matrix, [row.m, tile.n], [row.rows, tile.cols]);
                let waits = operand.waits.iter().copied().chain(free.iter().copied()).collect();
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
        let first = turn.first % 2 * half;
        SumRows { first, advance: turn.advance.map(|step| step % 2 * half), ring: 2 * half }
    }

    fn pass(&self, builder: &mut Builder, row: &Row, tile: &Tile, k: Index, depth: usize, mode: SumMode) {
        let (unit, core) = (tile.unit as u32, builder.core_of(tile.unit) as usize);
        let mut waits = Vec::new();
        match self.a_supply {
            Supply::InBlocks => waits.push(wait(builder.events.rows[core], 0)),
            _ => waits.extend(&self.a_ready[core]),
        }
        if mode == SumMode::Begin {
            // The tile before the last one was in this half of the accumulators.
            let behind = usize::from(builder.chip.accumulator_rows > 1);
            waits.push(wait(builder.events.drained[tile.unit], behind));
        }
        let sums = Sums { rows: self.sum_rows(builder, tile), mode };
        let activations = self.a[core].window(row.m, k, row.rows, depth);
        let weights = self.b[core].window(k.along(self.copies, self.k), tile.n, depth, tile.cols);
        let signals = vec![builder.events.passed[tile.unit]];
        let (stays, streamed, fetch_waits, cols) = match self.tiling.dataflow {
            Dataflow::OutputStationary => {
                waits.extend(&self.b_ready[core]);
                let work = Work::Contract { activations, weights, sums };
                return builder.push(Unit::Matrix(unit), work, waits, signals);
            }
            Dataflow::WeightStationary => (weights, activations, self.b_ready[core].clone(), tile.cols),
            Dataflow::InputStationary => {
                let rows_ready = std::mem::replace(&mut waits, self.b_ready[core].clone());
                // The accumulators are the multiply's concern, not the fetch's.
                let (mine, fetch): (Vec<Wait>, Vec<Wait>) =
                    rows_ready.into_iter().partition(|wait| wait.event == builder.events.drained[tile.unit]);
                waits.extend(mine);
                (activations.transposed(), weights.transposed(), fetch, row.rows)
            }
        };
        let dtype = builder.dtype_of(&stays);
        builder.push(Unit::Fetch(unit), Work::Fetch { tile: stays }, fetch_waits, Vec::new());
        builder.push(Unit::Load(unit), Work::Load, Vec::new(), Vec::new());
        let work = Work::Multiply { streamed, tile: dtype, cols, sums };
        builder.push(Unit::Matrix(unit), work, waits, signals);
    }

    /// The vector work on a tile's sums, and its way to DRAM.
    fn drain(&self, builder: &mut Builder, row: &Row, tile: &Tile) {
        let core = builder.core_of(tile.unit);
        let at = core as usize;
        let mut waits = vec![wait(builder.events.passed[tile.unit], 0)];
        waits.extend(self.place_free(builder, core, 0));
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
        let signals = vec![builder.events.worked[at], builder.events.drained[tile.unit]];
        builder.push(Unit::Vector(core), Work::Vector { source, steps, target }, waits, signals);
        if let Some(dram) = &self.leaves {
            builder.copy_out(core, [target, dram.window(row.m, tile.n, row.rows, tile.cols)]);
        }
    }
}

/// A product of sizes, the greatest size where it is beyond that: no tensor has as many elements.
fn most(sizes: &[usize]) -> usize {
    sizes.iter().fold(1, |product: usize, size| product.saturating_mul(*size))
}
