//! What a product takes at least, by its tiles alone: so quick and so near that few ways need be lowered and run.
//!
//! A run can end neither before the first matrix unit has gone through its tiles, nor before everything has crossed the bus, nor before the
//! vector units have worked on all sums; and each of these begins when the first operands are there, and is followed by the way
//! of the last tile to DRAM. What cannot be known from the tiles alone (bands of images that do not stay, where
//! the work of groups falls) counts as little as it can be.

use super::Asked;
use crate::base::{Bytes, Cycle, Ratio};
use crate::chip::{Chip, Dataflow, WeightBuffering};
use crate::schedule::{Convolution, Layer, LayerKind, Plan, PlannedId, TileOrder, Tiling, operands};
use crate::sim::{link_cycles, vector_cycles};
use crate::timing::{self, FAR, Stream};

/// A product by itself, and the part of the chip that it runs on.
pub(super) struct Least<'a> {
    alone: &'a Plan,
    layer: &'a Layer,
    planned: Tiling,
    chip: Chip,
    /// Rows, steps of k and columns of one copy or group.
    extents: [usize; 3],
    a: PlannedId,
    b: PlannedId,
    /// Cycles a step.
    pace: Ratio,
}

/// A side in pieces: how long a whole one is, and how often it comes; the same of the last, shorter one.
type Pieces = [(usize, u64); 2];

/// How a product is cut.
struct Cut {
    tiling: Tiling,
    down: Pieces,
    across: Pieces,
    steps: Pieces,
    /// Whether weights go to the FIFO from DRAM, with each tile.
    fetched: bool,
}

/// What crosses the bus.
#[derive(Default)]
struct Bus {
    /// What the first pass waits for, until it may start.
    first: Cycle,
    /// Cycles for all that comes in.
    input: Cycle,
    /// The same for all that leaves.
    output: Cycle,
}

impl<'a> Least<'a> {
    /// Nothing if the chip does not multiply its dtypes.
    pub(super) fn new(alone: &'a Plan, planned: Tiling, chip: &Chip) -> Option<Least<'a>> {
        let layer = &alone.layers[0];
        let (extents, [a, b]) = (alone.extents(layer)?, alone.factors(layer)?);
        let pace = chip.rate(alone.tensors[a].dtype, alone.tensors[b].dtype)?.inverse();
        Some(Least { alone, layer, planned, chip: alone.split.of(chip), extents, a, b, pace })
    }

    /// Cycles below which it cannot end, cut so.
    pub(super) fn of(&self, asked: Asked) -> Cycle {
        let cut = self.cut(asked);
        let (bus, latency) = (self.bus(&cut), self.latency());
        let (leaving, passing) = (self.leaving(&cut), self.passing(&cut));
        let arrays = bus.first + self.starts(&cut) + passing + leaving;
        // Whatever comes last is for a tile that leaves then.
        let last = latency + leaving + if self.comes_with_tiles() { 0 } else { passing };
        let worked = bus.first + passing + self.worked(&cut) + self.chip.vector_latency.min(FAR);
        let crossed = bus.input + bus.output;
        arrays.max(bus.input + last).max(worked + latency).max(crossed + latency)
    }

    /// Less than that, but never less with more tiles along the one side or the other: arrays alone.
    pub(super) fn of_tiles(&self, [m, n]: [usize; 2]) -> Cycle {
        let [rows, _, cols] = self.extents;
        self.streamed([rows.div_ceil(m), cols.div_ceil(n)])
            .max(self.loaded([rows.div_ceil(m), cols.div_ceil(n)]))
    }

    fn cut(&self, (m, n, order): Asked) -> Cut {
        let [rows, depth, cols] = self.extents;
        // What is larger than the product is as large.
        let (m, n) = (m.clamp(1, rows), n.clamp(1, cols));
        let tiling = Tiling { m, n, order, ..self.planned };
        let pieces = |extent: usize, side: usize| {
            [(side, (extent / side) as u64), (extent % side, u64::from(!extent.is_multiple_of(side)))]
        };
        let fetched = self.alone.fetches(self.a, &tiling);
        let (down, across, steps) =
            (pieces(rows, m), pieces(cols, n), pieces(depth, tiling.k.clamp(1, depth)));
        Cut { tiling, down, across, steps, fetched }
    }

    fn products(&self) -> u64 {
        self.layer.products() as u64
    }

    fn units(&self) -> u64 {
        self.chip.matrix_units as u64
    }

    fn latency(&self) -> Cycle {
        self.chip.dram.link.latency.min(FAR)
    }

    fn dtype_bytes(&self, id: PlannedId) -> Bytes {
        self.alone.tensors[id].dtype.bytes() as Bytes
    }

    /// Cycles of one transfer.
    fn moved(&self, id: PlannedId, rows: usize, cols: usize) -> Cycle {
        let bytes = (rows as Bytes).saturating_mul(cols as Bytes).saturating_mul(self.dtype_bytes(id));
        link_cycles(&self.chip.dram.link, bytes)
    }
}

fn count(pieces: &Pieces) -> u64 {
    pieces[0].1 + pieces[1].1
}

/// The shortest piece.
fn short(pieces: &Pieces) -> usize {
    if pieces[1].1 > 0 { pieces[1].0 } else { pieces[0].0 }
}

/// Of each piece, as often as it comes.
fn sum(pieces: &Pieces, of: impl Fn(usize) -> u64) -> u64 {
    let each = pieces.iter().filter(|(_, count)| *count > 0);
    each.map(|(side, count)| of(*side).saturating_mul(*count)).fold(0, u64::saturating_add)
}

/// The arrays' work.
impl Least<'_> {
    /// Cycles from the start of a pass to that of the next one on its array, at least.
    fn apart(&self, steps: usize) -> Cycle {
        let (rows, cols) = (self.chip.rows as Cycle, self.chip.cols as Cycle);
        let stream = self.pace.ceil_of(steps as u64).min(FAR);
        match (self.chip.dataflow, self.chip.weights) {
            (Dataflow::OutputStationary, _) => stream.max(2 * rows - 2),
            (_, WeightBuffering::Double) => stream.max(rows),
            (_, WeightBuffering::Single) => stream + 2 * rows + cols - 2,
        }
    }

    /// The same of any tile.
    fn least_apart(&self) -> Cycle {
        match self.chip.dataflow {
            Dataflow::OutputStationary => self.apart(self.extents[1]),
            _ => self.apart(1),
        }
    }

    /// Of an array with an equal share of all passes, so many for each step of k.
    fn share(&self, passes: u64) -> u64 {
        let steps = self.extents[1].div_ceil(self.planned.k.max(1)) as u64;
        passes.saturating_mul(self.products().saturating_mul(steps)).div_ceil(self.units())
    }

    /// Cycles in which an array is streamed through, of so many rows and columns of tiles.
    fn streamed(&self, [down, across]: [usize; 2]) -> Cycle {
        let [rows, _, cols] = self.extents;
        self.share(match self.chip.dataflow {
            Dataflow::WeightStationary => self.pace.ceil_of(rows as u64).saturating_mul(across as u64),
            Dataflow::InputStationary => self.pace.ceil_of(cols as u64).saturating_mul(down as u64),
            Dataflow::OutputStationary => 0,
        })
    }

    /// Cycles between the starts of an array's first and last pass, however short they are.
    fn loaded(&self, [down, across]: [usize; 2]) -> Cycle {
        let passes = self.share((down as u64).saturating_mul(across as u64));
        passes.saturating_sub(1).saturating_mul(self.least_apart())
    }

    /// Cycles between the starts of the first and the last pass of the array that has most tiles.
    fn starts(&self, cut: &Cut) -> Cycle {
        let (steps, Tiling { m, n, .. }) = (count(&cut.steps), cut.tiling);
        let tiles = [count(&cut.down) as usize, count(&cut.across) as usize];
        let all = match self.chip.dataflow {
            Dataflow::WeightStationary if !self.is_banded() => {
                let [whole, rest] = self.turns(cut);
                let rest = rest.saturating_mul(self.apart(cut.down[1].0.max(1)));
                let all = whole.saturating_mul(self.apart(m)).saturating_add(rest);
                all.saturating_mul(steps).saturating_sub(self.apart(m))
            }
            Dataflow::OutputStationary if !self.is_banded() => {
                let [whole, rest] = self.turns(cut);
                (whole + rest).saturating_sub(1).saturating_mul(self.least_apart())
            }
            _ => self.streamed(tiles).saturating_sub(self.apart(m.max(n))),
        };
        all.max(self.loaded(tiles)).min(FAR)
    }

    /// Whether an image comes in bands. Each begins with the first unit again, and ends in tiles that may be shorter.
    fn is_banded(&self) -> bool {
        matches!(self.layer.kind, LayerKind::Convolution(_)) && !self.alone.stays(self.a)
    }

    /// Tiles of the first unit, which has most: whole ones, and those of the last row.
    fn turns(&self, cut: &Cut) -> [u64; 2] {
        let (units, down, copies) = (self.units(), count(&cut.down), self.layer.copies as u64);
        let dealt = |wide: u64| {
            let (all, above) = ((down * wide).div_ceil(units), (cut.down[0].1 * wide).div_ceil(units));
            [above, all - above]
        };
        let across = count(&cut.across) * (self.products() / copies);
        let [whole, rest] = match cut.tiling.order {
            TileOrder::Rows => dealt(across),
            TileOrder::Columns => {
                let ([whole, rest], [more, short]) = (dealt(units), dealt(across % units));
                let stripes = across / units;
                [whole * stripes + more, rest * stripes + short]
            }
        };
        [whole * copies, rest * copies]
    }

    /// Cycles from the start of the shortest pass until its sums are there.
    fn passing(&self, cut: &Cut) -> Cycle {
        let length = match self.chip.dataflow {
            Dataflow::WeightStationary => self.shortest_rows(cut),
            Dataflow::InputStationary => short(&cut.across),
            Dataflow::OutputStationary => self.extents[1],
        };
        let rate = self.pace.inverse();
        timing::sides(&self.chip).event(self.chip.dataflow.stationary(), &Stream { start: 0, length, rate })
    }

    /// Rows of the shortest tile. Bands may end in shorter ones.
    fn shortest_rows(&self, cut: &Cut) -> usize {
        if self.is_banded() { 1 } else { short(&cut.down) }
    }
}

/// The way out.
impl Least<'_> {
    fn work_on(&self, rows: usize, cols: usize) -> Cycle {
        let extents = match self.chip.dataflow {
            Dataflow::InputStationary => (cols, rows),
            _ => (rows, cols),
        };
        vector_cycles(&self.chip, extents, &self.layer.steps).min(FAR)
    }

    /// Cycles from the sums of the smallest tile to its result in DRAM.
    fn leaving(&self, cut: &Cut) -> Cycle {
        let (rows, cols) = (self.shortest_rows(cut), short(&cut.across));
        let latencies = self.chip.vector_latency.min(FAR) + self.latency();
        self.work_on(rows, cols) + latencies + self.moved(self.layer.result, rows, cols)
    }

    /// Of each tile, by its rows and columns; of tiles in bands as if they were one for each column, as it does not matter how much is
    /// rounded up.
    fn of_all_tiles(&self, cut: &Cut, of: impl Fn(usize, usize) -> u64) -> u64 {
        match self.is_banded() {
            true => sum(&cut.across, |cols| of(self.extents[0], cols)),
            false => sum(&cut.down, |rows| sum(&cut.across, |cols| of(rows, cols))),
        }
    }

    /// Cycles of the vector units, each with an equal share.
    fn worked(&self, cut: &Cut) -> Cycle {
        let all = self.of_all_tiles(cut, |rows, cols| self.work_on(rows, cols));
        all.saturating_mul(self.products()).div_ceil(self.chip.cores as u64).min(FAR)
    }
}

/// The bus.
impl Least<'_> {
    fn bus(&self, cut: &Cut) -> Bus {
        let (mut bus, rows) = (Bus::default(), self.chip.rows as Cycle);
        let once = self.operands_once();
        let (activations, all_activations) = self.activations(cut);
        let (mut before, mut with, weights) = self.weights(cut);
        if matches!(self.layer.kind, LayerKind::Convolution(_)) && self.alone.stays(self.a) {
            // Images that stay come before everything else.
            (before, with) = (0, before + with);
        }
        let first = before.saturating_add(once).saturating_add(activations).min(FAR);
        bus.first = self.latency()
            + match self.chip.dataflow {
                Dataflow::WeightStationary if cut.fetched => with + rows.max(first),
                Dataflow::WeightStationary => (before + with + 2 * rows).max(first),
                Dataflow::InputStationary => first + with.max(2 * rows),
                Dataflow::OutputStationary => first + with,
            };
        let copies = self.layer.copies as u64;
        let input = once.saturating_mul(copies).saturating_add(all_activations).saturating_add(weights);
        bus.input = input.saturating_add(self.operands_of_tiles(cut)).min(FAR);
        let result = self.layer.result;
        let left = self.of_all_tiles(cut, |rows, cols| self.moved(result, rows, cols));
        bus.output = left.saturating_mul(self.products()).min(FAR);
        bus
    }

    /// What steps read, each once, but what may be there already.
    fn read(&self) -> impl Iterator<Item = PlannedId> + '_ {
        let all = operands(self.layer);
        let new = |(at, id): &(usize, PlannedId)| {
            ![self.a, self.b].contains(id) && !operands(self.layer).take(*at).any(|before| before == *id)
        };
        all.enumerate().filter(new).map(|(_, id)| id)
    }

    fn is_whole(&self, id: PlannedId) -> bool {
        self.alone.stays(id) || self.alone.tensors[id].rows == 1
    }

    fn operands_once(&self) -> Cycle {
        let whole = self.read().filter(|id| self.is_whole(*id));
        let moved = |id: PlannedId| self.moved(id, self.alone.tensors[id].rows, self.alone.tensors[id].cols);
        whole.map(moved).fold(0, Cycle::saturating_add)
    }

    /// Whether the vector work on a tile waits for something that comes with it.
    fn comes_with_tiles(&self) -> bool {
        operands(self.layer).any(|id| !self.is_whole(id))
    }

    fn operands_of_tiles(&self, cut: &Cut) -> Cycle {
        let result = &self.alone.tensors[self.layer.result];
        let of = |id: PlannedId| {
            let operand = &self.alone.tensors[id];
            let side = |own: usize, whole: usize, of_tile: usize| if own < whole { 1 } else { of_tile };
            let tile = |rows: usize, cols: usize| {
                self.moved(id, side(operand.rows, result.rows, rows), side(operand.cols, result.cols, cols))
            };
            self.of_all_tiles(cut, tile)
        };
        let parts = self.read().filter(|id| !self.is_whole(*id)).map(of).fold(0, Cycle::saturating_add);
        parts.saturating_mul(self.products())
    }

    /// Cycles for what the first pass needs, and for all.
    fn activations(&self, cut: &Cut) -> (Cycle, Cycle) {
        let tensor = &self.alone.tensors[self.a];
        let stripes = self.stripes(cut);
        if let LayerKind::Convolution(Convolution { image, .. }) = &self.layer.kind {
            let all = self.moved(self.a, tensor.rows, tensor.cols);
            return if self.alone.stays(self.a) {
                (all, all)
            } else {
                (1, self.bands(image).saturating_mul(stripes))
            };
        }
        let block = |rows: usize| self.moved(self.a, rows, self.extents[1]);
        let times = if self.alone.stays(self.a) { 1 } else { stripes };
        let all = sum(&cut.down, block).saturating_mul(times).saturating_mul(self.layer.copies as u64);
        let (cores, tiles) = (self.chip.cores as u64, count(&cut.across));
        // Every core that has tiles of a row has a block of its own.
        let everywhere = tiles >= self.units() && tiles.is_multiple_of(self.units());
        (block(cut.down[0].0.min(self.extents[0])), all.saturating_mul(if everywhere { cores } else { 1 }))
    }

    /// Cycles for images in bands: for all rows that any window looks at, if there are none between them.
    fn bands(&self, image: &crate::schedule::Image) -> Cycle {
        let window = image.window;
        let span = window.dilation[0].saturating_mul(window.size[0] - 1).saturating_add(1);
        match window.stride[0] <= span {
            true => self.moved(self.a, 1, usize::try_from(image.all_elements()).unwrap_or(usize::MAX)),
            false => 1,
        }
    }

    fn stripes(&self, cut: &Cut) -> u64 {
        match cut.tiling.order {
            TileOrder::Rows => 1,
            TileOrder::Columns => count(&cut.across).div_ceil(self.units()),
        }
    }

    /// Cycles for weights that come before the first activations, for those that come with the first tile, and for all.
    fn weights(&self, cut: &Cut) -> (Cycle, Cycle, Cycle) {
        if self.a == self.b || operands(self.layer).any(|id| id == self.b) {
            // They may be there already.
            return (0, 0, 0);
        }
        let (copies, products, down) = (self.layer.copies as u64, self.products(), count(&cut.down));
        if cut.fetched {
            let of_row = sum(&cut.steps, |k| sum(&cut.across, |n| self.fetch(cut, k, n)));
            let first = self.fetch(cut, cut.steps[0].0, cut.across[0].0);
            return (0, first, of_row.saturating_mul(down).saturating_mul(products));
        }
        let panel = |n: usize| self.moved(self.b, self.extents[1], n);
        let (panels, first) = (sum(&cut.across, panel), panel(short(&cut.across)));
        let by_rows = cut.tiling.order == TileOrder::Rows;
        if by_rows && self.alone.stays(self.b) {
            // All at the beginning, if there are several rows of tiles.
            let tensor = &self.alone.tensors[self.b];
            let all = self.moved(self.b, 1, (tensor.rows / self.layer.copies).saturating_mul(tensor.cols));
            return if down > 1 {
                (all, 0, all.saturating_mul(copies))
            } else {
                (0, first, all.saturating_mul(copies))
            };
        }
        if by_rows {
            return (0, first, panels.saturating_mul(down).saturating_mul(products));
        }
        let whole = count(&cut.across) / self.units() * self.units();
        let in_turn = sum(
            &[
                (cut.across[0].0, cut.across[0].1.min(whole)),
                (cut.across[1].0, whole.saturating_sub(cut.across[0].1)),
            ],
            panel,
        );
        let rest = panels - in_turn;
        let all = in_turn.saturating_add(rest.saturating_mul(down)).saturating_mul(copies);
        if whole > 0 { (first, 0, all) } else { (0, first, all) }
    }

    /// Cycles for one tile of weights, as it lies in DRAM. Of packed ones without their places.
    fn fetch(&self, cut: &Cut, k: usize, n: usize) -> Cycle {
        match (cut.tiling.packed, self.chip.dram.padded_tiles) {
            (_, true) => self.moved(self.b, self.chip.rows, self.chip.cols),
            (Some(rule), _) => self.moved(self.b, rule.stored(k), n),
            (None, _) => self.moved(self.b, k, n),
        }
    }
}
