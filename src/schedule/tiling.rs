//! How products are cut, and what fits where.

use super::convolution::{Convolution, Pool, band_bytes};
use super::moves::{MOST_LOOPS, Move};
use super::{Ahead, Layer, LayerKind, Plan, PlannedId, TooMuch, VectorStep, choices};
use crate::base::Bytes;
use crate::chip::{Chip, Dataflow};
use crate::graph::LoopAxis;
use crate::num::{DType, Sparsity, stored_bytes};

/// How a product is cut: the extents of a whole output tile, and of K at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tiling {
    /// Which operand stays.
    pub dataflow: Dataflow,
    /// Rows of an output tile.
    pub m: usize,
    /// Columns of an output tile.
    pub n: usize,
    /// Steps of K that a pass covers.
    pub k: usize,
    /// In which order output tiles follow each other.
    pub order: TileOrder,
    /// By which rule the chip skips weights, if it does: then they lie packed in DRAM.
    pub packed: Option<Sparsity>,
}

/// In which order output tiles follow each other; all steps of K of a tile are done before the next one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TileOrder {
    /// Row by row of them: a block of activations comes once, weights with each row of tiles.
    #[default]
    Rows,
    /// Column by column, as many at a time as there are matrix units: a panel of weights comes once, activations with each column.
    Columns,
}

impl TileOrder {
    /// As a program asks for it: loops over tiles, outermost first.
    pub fn loops(self) -> [LoopAxis; 3] {
        match self {
            TileOrder::Rows => [LoopAxis::M, LoopAxis::N, LoopAxis::K],
            TileOrder::Columns => [LoopAxis::N, LoopAxis::M, LoopAxis::K],
        }
    }

    /// The same as a word.
    pub fn name(self) -> &'static str {
        match self {
            TileOrder::Rows => "mnk",
            TileOrder::Columns => "nmk",
        }
    }
}

impl Default for Tiling {
    fn default() -> Self {
        Tiling {
            dataflow: Dataflow::WeightStationary,
            m: 1,
            n: 1,
            k: 1,
            order: TileOrder::Rows,
            packed: None,
        }
    }
}

/// Rows of sums that one output tile may take: half of them, so that one tile drains while the next one fills.
pub(crate) fn sums_of_a_tile(chip: &Chip) -> usize {
    (chip.accumulator_rows / 2).max(1)
}

/// Cuts every layer.
pub(super) fn fit(mut plan: Plan, chip: &Chip) -> Result<Plan, TooMuch> {
    // What packing saves is known when layers are cut: if they cannot be, and would not fit whole, that is said first.
    let whole = plan.in_memory();
    cut_all(&mut plan, chip).map_err(|error| fits_dram(&plan, whole, chip).err().unwrap_or(error))?;
    let packed = plan.in_dram(chip).into_iter().sum();
    fits_dram(&plan, packed, chip)?;
    check_counts(&plan, chip)?;
    Ok(plan)
}

fn cut_all(plan: &mut Plan, chip: &Chip) -> Result<(), TooMuch> {
    long_sides(plan)?;
    for at in 0..plan.layers.len() {
        plan.layers[at].kind = cut(plan, at, chip)?;
    }
    Ok(())
}

fn fits_dram(plan: &Plan, all: Bytes, chip: &Chip) -> Result<(), TooMuch> {
    if all <= chip.dram.bytes {
        return Ok(());
    }
    Err(TooMuch {
        span: plan.layers.first().map_or_else(Default::default, |layer| layer.span),
        message: format!(
            "all tensors take {all} bytes, more than the {} of the chip's DRAM",
            chip.dram.bytes
        ),
        hint: "take smaller tensors or a chip with more DRAM".into(),
    })
}

/// Whether rows and columns of matrices are few enough for this machine's own words: a browser counts in 32 bits.
fn long_sides(plan: &Plan) -> Result<(), TooMuch> {
    const MOST: usize = usize::MAX / 2;
    let long = |id: PlannedId| plan.tensors[id].rows.max(plan.tensors[id].cols) > MOST;
    let layer = |layer: &&Layer| {
        let read = plan.factors(layer).into_iter().flatten().chain(operands(layer));
        read.chain([layer.result]).any(long)
    };
    match plan.layers.iter().find(layer) {
        None => Ok(()),
        Some(layer) => Err(TooMuch {
            span: layer.span,
            message: format!("a matrix of this has more than {MOST} rows"),
            hint: "make it smaller; the `systole` command counts further than a browser".into(),
        }),
    }
}

/// How a layer runs, in pieces that fit.
pub(super) fn cut(plan: &Plan, at: usize, chip: &Chip) -> Result<LayerKind, TooMuch> {
    let layer = &plan.layers[at];
    Ok(match layer.kind {
        LayerKind::Product { a, b, .. } => {
            LayerKind::Product { a, b, tiling: tiling(plan, layer, [a, b], chip)? }
        }
        LayerKind::Convolution(convolution) => convolved(plan, layer, convolution, chip)?,
        LayerKind::Pool(pool) => pooled(plan, layer, pool, chip)?,
        LayerKind::Vector { x, .. } => LayerKind::Vector { x, block_rows: block_rows(plan, layer, x, chip)? },
        LayerKind::Move(ref work) => LayerKind::Move(fitting(plan, layer, work, chip)?),
    })
}

/// A move in blocks that fit.
fn fitting(plan: &Plan, layer: &Layer, work: &Move, chip: &Chip) -> Result<Move, TooMuch> {
    let bytes = plan.tensors[layer.result].dtype.bytes() as Bytes;
    let work =
        work.fit(bytes, plan.blocks, room(plan, chip)).map_err(|bytes| too_wide(plan, layer, bytes, chip))?;
    let depth = work.depth() + layer.repeats.len();
    if depth > MOST_LOOPS {
        return Err(TooMuch {
            span: layer.span,
            message: format!(
                "`{}` moves in {depth} loops within each other, more than {MOST_LOOPS}",
                plan.tensors[layer.result].name,
            ),
            hint: "move fewer axes at once, or take a chip with a larger unified buffer".into(),
        });
    }
    Ok(work)
}

/// Most passes of a run: instructions are counted in 48 bits, and a pass has no more than 16.
const MOST_PASSES: u64 = 1 << 44;
/// Most words that a run may move on one way.
const MOST_WORDS: u128 = 1 << 63;

/// Whether everything that is counted of a run fits 64 bits.
pub(super) fn check_counts(plan: &Plan, chip: &Chip) -> Result<(), TooMuch> {
    let (mut passes, mut words) = (0u128, 0u128);
    for layer in &plan.layers {
        let (LayerKind::Product { tiling, .. }, Some(extents)) = (&layer.kind, plan.extents(layer)) else {
            continue;
        };
        let [m, k, n] = extents.map(|side| side as u128);
        let [tile_m, tile_k, tile_n] = [tiling.m, tiling.k, tiling.n].map(|side| side as u128);
        let steps = match tiling.dataflow {
            Dataflow::WeightStationary => tile_m,
            Dataflow::InputStationary => tile_n,
            Dataflow::OutputStationary => tile_k,
        };
        let here = u128::from(layer.times())
            * layer.copies as u128
            * m.div_ceil(tile_m)
            * k.div_ceil(tile_k)
            * n.div_ceil(tile_n);
        passes += here;
        // No word of a pass is counted eight times, nor moves further down than the array is high.
        // Where weights are skipped, whole groups of activations move.
        let group = tiling.packed.map_or(1, Sparsity::of) as u128;
        words += here * u128::from(chip.pes()) * 8 * group * (steps + chip.rows as u128);
        let message = match () {
            () if passes > MOST_PASSES.into() => {
                let passes = u64::try_from(passes).unwrap_or(u64::MAX);
                format!("up to here there are {passes} passes, more than {MOST_PASSES}")
            }
            () if words > MOST_WORDS => "up to here more words may move than 63 bits count".into(),
            () => continue,
        };
        let hint = "take smaller layers, or run them one by one".into();
        return Err(TooMuch { span: layer.span, message, hint });
    }
    Ok(())
}

/// What a layer's steps read, in order.
pub(crate) fn operands(layer: &Layer) -> impl Iterator<Item = PlannedId> + '_ {
    layer.steps.iter().flat_map(VectorStep::elements).copied()
}

fn tiling(plan: &Plan, layer: &Layer, factors: [PlannedId; 2], chip: &Chip) -> Result<Tiling, TooMuch> {
    let [a, b] = factors;
    let mut tiling = largest(plan, layer, factors, chip)?;
    let needed =
        |tiling: &Tiling| plan.passing_as(layer, &LayerKind::Product { a, b, tiling: *tiling }, chip);
    while needed(&tiling) > room(plan, chip) {
        if !shrink(&mut tiling, layer) {
            let refused = too_wide(plan, layer, needed(&tiling), chip);
            return Err(with_tile(refused, layer, tiling, &needed, room(plan, chip)));
        }
    }
    Ok(tiling)
}

/// A convolution in the largest bands and tiles that fit.
fn convolved(
    plan: &Plan,
    layer: &Layer,
    convolution: Convolution,
    chip: &Chip,
) -> Result<LayerKind, TooMuch> {
    let Convolution { image, w, .. } = convolution;
    let mut tiling = largest(plan, layer, [image.x, w], chip)?;
    let mut bands = image.whole();
    loop {
        tiling.m = tiling.m.min(image.places_of(bands));
        let kind = LayerKind::Convolution(Convolution { tiling, bands, ..convolution });
        let bytes = plan.passing_as(layer, &kind, chip);
        if bytes <= room(plan, chip) {
            // The layer's own, rows and columns of tiles, steps of k.
            check_depth(plan, layer, 4 + image.loops(bands))?;
            return Ok(kind);
        }
        match bands.smaller() {
            // What stays is there as a whole.
            Some(smaller) if !plan.stays(image.x) => bands = smaller,
            _ if shrink(&mut tiling, layer) => {}
            _ => return Err(too_wide(plan, layer, bytes, chip)),
        }
    }
}

/// A pool in the largest bands that fit.
fn pooled(plan: &Plan, layer: &Layer, Pool { image, .. }: Pool, chip: &Chip) -> Result<LayerKind, TooMuch> {
    let mut bands = image.whole();
    loop {
        let kind = LayerKind::Pool(Pool { image, bands });
        let bytes = plan.passing_as(layer, &kind, chip);
        if bytes <= room(plan, chip) {
            check_depth(plan, layer, 1 + image.loops(bands))?;
            return Ok(kind);
        }
        bands = bands.smaller().ok_or_else(|| too_wide(plan, layer, bytes, chip))?;
    }
}

/// Whether a layer's loops and the repeats around it are not too many within each other.
fn check_depth(plan: &Plan, layer: &Layer, loops: usize) -> Result<(), TooMuch> {
    let depth = loops + layer.repeats.len();
    if depth <= MOST_LOOPS {
        return Ok(());
    }
    Err(TooMuch {
        span: layer.span,
        message: format!(
            "`{}` runs in {depth} loops within each other, more than {MOST_LOOPS}",
            plan.tensors[layer.result].name
        ),
        hint: "write a repeat out, or take a chip with a larger unified buffer".into(),
    })
}

/// The largest tiles that the arrays take and that keep all of them busy.
pub(super) fn largest(
    plan: &Plan,
    layer: &Layer,
    [a, b]: [PlannedId; 2],
    chip: &Chip,
) -> Result<Tiling, TooMuch> {
    let (a, b) = (&plan.tensors[a], &plan.tensors[b]);
    let (all, sums) = (plan.extents(layer).expect("it is a product"), sums_of_a_tile(chip));
    let [m, k, n] = all;
    if chip.rate(a.dtype, b.dtype).is_none() {
        return Err(TooMuch {
            span: layer.span,
            message: format!("{} does not multiply {} by {}", chip.name, a.dtype, b.dtype),
            hint: "choose a chip that does, or give it a rate for these dtypes".into(),
        });
    }
    let packed = layer.skipped(chip);
    let (rows, cols) = (chip.depth(packed), chip.cols);
    let [m, n, deep] = match chip.dataflow {
        Dataflow::WeightStationary => [m.min(sums), cols, rows],
        Dataflow::InputStationary => [cols, n.min(sums), rows],
        Dataflow::OutputStationary => [rows.min(sums), cols, k],
    };
    let most = Tiling { dataflow: chip.dataflow, m, n, k: deep, order: TileOrder::Rows, packed };
    let mut tiling = choices::apply(most, all, layer, chip)?;
    if !has_tile(layer) && tiling.order == TileOrder::Rows && chip.matrix_units > 1 {
        even(&mut tiling, plan, layer, chip);
    }
    Ok(tiling)
}

/// Makes the side of tiles that is not bound to the array's shorter, if that lets all matrix units be done earlier: there may be few
/// tiles, or the last ones may be the work of some units only. Weights come again with each row of tiles.
fn even(tiling: &mut Tiling, plan: &Plan, layer: &Layer, chip: &Chip) {
    let [m, k, n] = plan.extents(layer).expect("it is a product");
    let [_, b] = plan.factors(layer).expect("it is a product");
    let groups = if matches!(layer.kind, LayerKind::Convolution(_)) { layer.products() } else { 1 };
    let (side, free, across, weights) = match tiling.dataflow {
        Dataflow::WeightStationary => {
            let weights = groups as Bytes * stored_bytes([k, n], tiling.packed, plan.tensors[b].dtype);
            (&mut tiling.m, m, n.div_ceil(tiling.n), weights)
        }
        Dataflow::InputStationary => (&mut tiling.n, n, m.div_ceil(tiling.m), 0),
        Dataflow::OutputStationary => return,
    };
    let steps = k.div_ceil(tiling.k) as u64;
    let cycles = |side: usize| {
        let parts = free.div_ceil(side);
        let tiles = parts as u64 * across as u64 * groups as u64;
        let turns = tiles.div_ceil(chip.matrix_units as u64);
        let arrays = turns.saturating_mul(side.max(chip.rows) as u64).saturating_mul(steps);
        arrays.max(chip.dram.link.bytes_per_cycle.inverse().ceil_of(weights.saturating_mul(parts as u64)))
    };
    let fewest = free.div_ceil(*side);
    for parts in fewest..=(fewest + chip.matrix_units).min(free) {
        let shorter = free.div_ceil(parts).min(*side);
        if cycles(shorter) < cycles(*side) {
            *side = shorter;
        }
    }
}

/// Bytes of a core's unified buffer that layers stream through.
fn room(plan: &Plan, chip: &Chip) -> Bytes {
    chip.unified_buffer_bytes.saturating_sub(plan.streams_from)
}

/// Whether the program chose its tile.
fn has_tile(layer: &Layer) -> bool {
    layer.choices.as_ref().is_some_and(|choices| choices.tile.is_some())
}

/// Halves the side of tiles that is not bound to the array's, if that can be. A tile that was chosen is not made smaller.
fn shrink(tiling: &mut Tiling, layer: &Layer) -> bool {
    !has_tile(layer) && halve(tiling)
}

fn halve(tiling: &mut Tiling) -> bool {
    let side = free_side(tiling);
    let possible = *side > 1;
    if possible {
        *side = side.div_ceil(2);
    }
    possible
}

/// The side of tiles that is not bound to the array's.
fn free_side(tiling: &mut Tiling) -> &mut usize {
    match tiling.dataflow {
        Dataflow::InputStationary => &mut tiling.n,
        _ => &mut tiling.m,
    }
}

fn bytes(sides: &[usize], dtype: DType) -> Bytes {
    sides.iter().map(|side| *side as Bytes).product::<Bytes>() * dtype.bytes() as Bytes
}

impl Plan {
    /// Whether weights that no tensor keeps go to the FIFO from DRAM, not from panels in the unified buffer. Packed ones are so in
    /// DRAM alone.
    pub(crate) fn fetches(&self, a: PlannedId, tiling: &Tiling) -> bool {
        let by_rows = tiling.order == TileOrder::Rows;
        tiling.dataflow == Dataflow::WeightStationary && (by_rows || self.stays(a) || tiling.packed.is_some())
    }

    /// The declared weights that a layer fetches from DRAM.
    pub(super) fn fetched(&self, layer: &Layer) -> Option<PlannedId> {
        let [a, w] = self.factors(layer)?;
        (self.tensors[w].declared && self.fetches(a, &layer.tiling()?)).then_some(w)
    }

    /// Bytes of a core's unified buffer that a layer streams through, when it is cut; the chip is the part that is used.
    pub(crate) fn passing(&self, at: usize, chip: &Chip) -> Bytes {
        self.passing_as(&self.layers[at], &self.layers[at].kind, chip)
    }

    /// Whether what a layer reads that no layer leaves may come while the layer before runs: that is of the same iteration, and what
    /// both stream fits beside each other.
    pub(crate) fn comes_ahead(&self, at: usize, chip: &Chip) -> bool {
        let Some(before) = at.checked_sub(1) else { return false };
        let repeats = &self.layers[at].repeats;
        self.ahead == Ahead::OneLayer
            && self.layers[before].repeats == *repeats
            && (chip.cores == 1 || repeats.is_empty())
            && self.passing(before, chip) + self.passing(at, chip) <= room(self, chip)
    }

    /// The same if a layer ran so.
    fn passing_as(&self, layer: &Layer, kind: &LayerKind, chip: &Chip) -> Bytes {
        let blocks = self.blocks as Bytes;
        let unless_kept = |id: PlannedId, bytes: Bytes| if self.stays(id) { 0 } else { bytes };
        let result = &self.tensors[layer.result];
        match kind {
            LayerKind::Product { a, tiling, .. } => {
                let x = &self.tensors[*a];
                unless_kept(*a, bytes(&[self.blocks, tiling.m, x.cols], x.dtype))
                    + beside_activations(self, layer, tiling, chip)
            }
            LayerKind::Convolution(Convolution { image, tiling, bands, .. }) => {
                let band = band_bytes(image, *bands, &self.tensors[image.x]);
                unless_kept(image.x, blocks * band) + beside_activations(self, layer, tiling, chip)
            }
            LayerKind::Pool(Pool { image, bands }) => {
                let band = band_bytes(image, *bands, &self.tensors[image.x]);
                let left = bytes(&[image.places_of(*bands), result.cols], result.dtype);
                blocks * (unless_kept(image.x, band) + unless_kept(layer.result, left))
            }
            LayerKind::Vector { x, block_rows } => {
                let [each, once] = of_rows(self, layer, *x);
                once + each.saturating_mul(*block_rows as Bytes)
            }
            LayerKind::Move(work) => {
                let element = result.dtype.bytes() as Bytes;
                work.parts.iter().map(|part| part.bytes(element, self.blocks)).sum()
            }
        }
    }
}

/// Bytes of a core's unified buffer while a product passes through it, its activations apart.
fn beside_activations(plan: &Plan, layer: &Layer, tiling: &Tiling, chip: &Chip) -> Bytes {
    let [a, w] = plan.factors(layer).expect("it is a product");
    let [_, k, n] = plan.extents(layer).expect("it is a product");
    let (b, result) = (&plan.tensors[w], &plan.tensors[layer.result]);
    let (tiles, cols) = (plan.blocks * chip.units_per_core(), tiling.n.min(n));
    let panels = match plan.stays(w) || plan.fetches(a, tiling) {
        true => 0,
        false => bytes(&[tiles, cols, k], b.dtype),
    };
    let left = match plan.stays(layer.result) {
        true => 0,
        false => bytes(&[tiles, tiling.m, cols], result.dtype),
    };
    let others = operands(layer).filter(|other| !plan.stays(*other)).map(|other| {
        let other = &plan.tensors[other];
        let cols = cols.min(other.cols);
        if other.rows == 1 { other.bytes() } else { bytes(&[tiles, tiling.m, cols], other.dtype) }
    });
    panels + left + others.sum::<Bytes>()
}

/// Bytes of the unified buffer for each row that vector work streams, and for what it has there once.
fn of_rows(plan: &Plan, layer: &Layer, x: PlannedId) -> [Bytes; 2] {
    let [rows, _] = plan.worked_on(x, layer);
    let row_bytes = |id: PlannedId| match plan.stays(id) {
        true => 0,
        false => plan.tensors[id].cols as Bytes * plan.tensors[id].dtype.bytes() as Bytes,
    };
    let result = &plan.tensors[layer.result];
    // A reduction along rows leaves one element of each.
    let left = match plan.stays(layer.result) {
        true => 0,
        false => result.elements() / rows as u64 * result.dtype.bytes() as Bytes,
    };
    let (by_row, once): (Vec<_>, Vec<_>) = operands(layer).partition(|id| plan.tensors[*id].rows == rows);
    let each = row_bytes(x) + left + by_row.into_iter().map(row_bytes).sum::<Bytes>();
    [plan.blocks as Bytes * each, once.into_iter().map(row_bytes).sum()]
}

/// Rows that a vector layer works on at a time: all where they stay, else as many as fit.
fn block_rows(plan: &Plan, layer: &Layer, x: PlannedId, chip: &Chip) -> Result<usize, TooMuch> {
    let [rows, _] = plan.worked_on(x, layer);
    let ([each, once], room) = (of_rows(plan, layer, x), room(plan, chip));
    match room.saturating_sub(once) / each.max(1) {
        _ if each == 0 && once <= room => Ok(rows),
        0 => Err(too_wide(plan, layer, once + each, chip)),
        fitting => Ok(rows.min(usize::try_from(fitting).unwrap_or(usize::MAX))),
    }
}

/// The same with what would fit, if anything does: a tile that was chosen is not made smaller, nor the order of tiles another.
fn with_tile(
    refused: TooMuch,
    layer: &Layer,
    tiling: Tiling,
    needed: &dyn Fn(&Tiling) -> Bytes,
    room: Bytes,
) -> TooMuch {
    let by_rows = Tiling { order: TileOrder::Rows, ..tiling };
    let Some(Tiling { m, n, k, order, .. }) =
        [tiling, by_rows].into_iter().find_map(|way| largest_of(way, needed, room))
    else {
        return refused;
    };
    let without = if order == tiling.order { "" } else { " without `order`" };
    let hint = match has_tile(layer) {
        true => format!("`tile=[{m}, {n}, {k}]`{without} would fit"),
        false => "without `order` it would fit".to_owned(),
    };
    TooMuch { hint, ..refused }
}

/// A tiling whose free side is the longest that fits and not longer than it is.
fn largest_of(mut tiling: Tiling, needed: &dyn Fn(&Tiling) -> Bytes, room: Bytes) -> Option<Tiling> {
    let (mut fits, mut over) = (0, *free_side(&mut tiling) + 1);
    while over - fits > 1 {
        let side = fits.midpoint(over);
        *free_side(&mut tiling) = side;
        if needed(&tiling) <= room { fits = side } else { over = side }
    }
    *free_side(&mut tiling) = fits;
    (fits > 0).then_some(tiling)
}

fn too_wide(plan: &Plan, layer: &Layer, bytes: Bytes, chip: &Chip) -> TooMuch {
    let piece = if has_tile(layer) { "a tile" } else { "a row" };
    TooMuch {
        span: layer.span,
        message: format!(
            "`{}` needs {bytes} bytes of the unified buffer even {piece} at a time, more than the {} of {}",
            plan.tensors[layer.result].name, chip.unified_buffer_bytes, chip.name
        ),
        hint: format!(
            "take narrower matrices, or a larger unified buffer: `unified_buffer_kib={}`",
            bytes.div_ceil(1024)
        ),
    }
}
