//! Graph to plan: which operators run together, in which order and tiles, and where their tensors lie.
//!
//! A product `[M, K] @ [K, N]` is cut into output tiles, the largest ones unless others are chosen, gone through row by row of
//! them; tile q is the work of matrix unit q mod U, and all its steps of K follow each other on it, so that sums stay in the accumulators
//! until they are whole. Then the vector unit takes them while the next tile fills the other half.
//!
//! | dataflow | rows of a tile | columns | K at a time |
//! |---|---|---|---|
//! | weight-stationary | half the accumulator rows | C | R |
//! | input-stationary | C | half the accumulator rows | R |
//! | output-stationary | R | C | all |
//!
//! A product may choose columns outermost ([`TileOrder::Columns`]): each unit keeps to a column of tiles, as many columns at a
//! time as there are units. Its panel of weights comes once, also where weights otherwise come tile by tile; blocks of rows
//! come again with each column.
//!
//! A convolution is cut like the product that it is, each group of channels by itself; `convolution` says how images come.
//!
//! What a program chooses itself by `with` is taken as far as this allows (`choices`).
//!
//! A tensor that has a place in the unified buffer of a single core stays there ([`Plan::places`]): it is copied there once, or left
//! there. The others lie in DRAM between layers, and each layer streams blocks of their rows through the rest of the unified
//! buffers, in blocks as large as fit, two of each kind if passes have it so.

mod alone;
mod choices;
mod contract;
mod convolution;
mod lives;
mod loops;
mod lowered;
mod moves;
mod packed;
mod passes;
mod print;
mod repeats;
mod tiling;

pub(crate) use convolution::Stretch;
pub use convolution::{Bands, Convolution, Image, Pool};
pub use loops::{LoopLine, LoopOf, LoopPart, Over, loops};
pub use lowered::{not_lowered, obstacles};
pub(crate) use moves::MOST_LOOPS;
pub use moves::{Axis, Move, Part};
pub use passes::{
    Ahead, Note, PASSES, Pass, Pipeline, Said, Shared, Sharing, Split, Told, explain, folded_values, passes,
    plan_by, told,
};
pub use repeats::{Around, MOST_REPEATS, Steps, path};
pub use tiling::{TileOrder, Tiling};
pub(crate) use tiling::{operands, sums_of_a_tile};

pub use crate::graph::TooMuch;

use litemap::LiteMap;

use passes::{Draft, uses};

use crate::base::{Arena, Bytes, Cycle, Id, Span};
use crate::chip::Chip;
use crate::graph::{Choices, Graph, OpId, OpKind, PoolKind, TensorId};
use crate::num::{DType, Operand, Operation, OperationKind, ReduceKind, Side, Sparsity};

/// What runs, in order.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// Everything that is read or left.
    pub tensors: Arena<Planned>,
    /// Each reads declared tensors and results of layers before it.
    pub layers: Vec<Layer>,
    /// Those of the graph's that the compiler computes: they are declared.
    pub folded: Vec<TensorId>,
    /// Elements that are held at a time of memory that has places for all iterations of repeats, if not all.
    pub kept: LiteMap<PlannedId, u64>,
    /// How much of the chip it uses.
    pub split: Split,
    /// Most sums of a column (where activations stay: of a row) in an output tile.
    pub tile_rows: usize,
    /// Tensors that stay in the unified buffer, with what lies in their memory, and where. All others lie in DRAM between layers.
    pub places: LiteMap<PlannedId, Shared>,
    /// Behind these places: the first byte of the unified buffer that layers stream through.
    pub streams_from: Bytes,
    /// Whether places may be given one after the other.
    pub sharing: Sharing,
    /// Blocks in the unified buffer of each kind that passes through it.
    pub blocks: usize,
    /// When what no layer leaves may come.
    pub ahead: Ahead,
}

/// Names a tensor of a plan.
pub type PlannedId = Id<Planned>;

/// A tensor as far as the machine must know it.
#[derive(Clone, Debug, PartialEq)]
pub struct Planned {
    /// For people.
    pub name: String,
    /// Of its elements.
    pub dtype: DType,
    /// As a matrix.
    pub rows: usize,
    /// As a matrix.
    pub cols: usize,
    /// How many such matrices there are, one behind the other: one, but of memory for all iterations of repeats.
    pub times: u64,
    /// Whether it is in DRAM when the run begins.
    pub declared: bool,
    /// Whether it must be in DRAM when the run ends.
    pub output: bool,
    /// In the graph, if it comes from one.
    pub graph: Option<TensorId>,
    /// Where its elements lie.
    pub place: Place,
}

/// Where a tensor's elements lie, row by row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// In whose memory; in its own if nothing.
    pub within: Option<PlannedId>,
    /// Its first element there, in the first iteration of all repeats.
    pub first: u64,
    /// How far it moves with repeats around it.
    pub steps: Steps,
}

/// Of nothing.
impl Default for Plan {
    fn default() -> Plan {
        Plan::of(Arena::default(), Vec::new())
    }
}

impl Plan {
    fn new(tensors: Arena<Planned>, layers: Vec<Layer>, chip: &Chip) -> Plan {
        Plan { tile_rows: chip.rows, ..Plan::of(tensors, layers) }
    }

    fn of(tensors: Arena<Planned>, layers: Vec<Layer>) -> Plan {
        Plan {
            tensors,
            layers,
            folded: Vec::new(),
            kept: LiteMap::new(),
            split: Split::NONE,
            tile_rows: 1,
            places: LiteMap::new(),
            streams_from: 0,
            sharing: Sharing::Never,
            blocks: 1,
            ahead: Ahead::Never,
        }
    }

    /// The part of a chip that products are cut for.
    pub(crate) fn lent(&self, chip: &Chip) -> Chip {
        let accumulator_rows = chip.accumulator_rows.min(2 * self.tile_rows);
        Chip { accumulator_rows, ..self.split.of(chip) }
    }

    /// The tensor in whose memory another one lies.
    pub fn root(&self, id: PlannedId) -> PlannedId {
        self.tensors[id].place.within.unwrap_or(id)
    }

    /// Whether a tensor stays in the unified buffer.
    pub fn stays(&self, id: PlannedId) -> bool {
        self.places.contains_key(&self.root(id))
    }

    /// Whether a tensor must be in DRAM when the run ends, or something else in its memory.
    pub fn leaves(&self, id: PlannedId) -> bool {
        self.tensors[self.root(id)].output
    }

    /// M, K and N of a layer's product, of one copy or one group; nothing for vector work.
    pub fn extents(&self, layer: &Layer) -> Option<[usize; 3]> {
        match &layer.kind {
            LayerKind::Product { a, b, .. } => {
                let (a, b) = (&self.tensors[*a], &self.tensors[*b]);
                Some([a.rows / layer.copies, a.cols, b.cols])
            }
            LayerKind::Convolution(convolution) => Some(convolution.extents(&self.tensors[convolution.w])),
            _ => None,
        }
    }

    /// What a layer's product multiplies: activations and weights.
    pub fn factors(&self, layer: &Layer) -> Option<[PlannedId; 2]> {
        match layer.kind {
            LayerKind::Product { a, b, .. } => Some([a, b]),
            LayerKind::Convolution(Convolution { image, w, .. }) => Some([image.x, w]),
            _ => None,
        }
    }

    /// Rows and columns that vector work alone goes over: those of what it starts from and of what its steps read, the one or
    /// the other of which may be repeated.
    pub fn worked_on(&self, x: PlannedId, layer: &Layer) -> [usize; 2] {
        let tensors = || [x].into_iter().chain(operands(layer)).map(|id| &self.tensors[id]);
        let most = |sides: &mut dyn Iterator<Item = usize>| sides.fold(1, usize::max);
        [most(&mut tensors().map(|tensor| tensor.rows)), most(&mut tensors().map(|tensor| tensor.cols))]
    }

    /// Multiply-accumulates of a layer, all copies, groups and iterations together; what is padding of an image counts like the rest
    /// of it, and of packed weights those that are stored.
    pub fn macs(&self, layer: &Layer) -> u64 {
        let [m, k, n] = self.extents(layer).unwrap_or([0; 3]);
        let packed = layer.tiling().and_then(|tiling| tiling.packed);
        let k = packed.map_or(k, |sparsity| sparsity.stored(k));
        layer.times() * layer.products() as u64 * m as u64 * k as u64 * n as u64
    }

    /// Cycles in which what its products read and leave is handed over, beside those of the run.
    pub fn handover(&self, chip: &Chip) -> Cycle {
        let of = |layer: &Layer| {
            let (Some(extents), Some([a, b])) = (self.extents(layer), self.factors(layer)) else { return 0 };
            let dtypes = [a, b, layer.result].map(|id| self.tensors[id].dtype);
            chip.handover(extents, dtypes).saturating_mul(layer.times() * layer.products() as u64)
        };
        self.layers.iter().map(of).fold(0, Cycle::saturating_add)
    }
}

impl Planned {
    /// All its elements.
    pub fn elements(&self) -> u64 {
        self.times * self.rows as u64 * self.cols as u64
    }

    /// All its bytes.
    pub fn bytes(&self) -> Bytes {
        self.elements() * self.dtype.bytes() as Bytes
    }
}

/// Operators that run as one: a product with what its sums go through, or vector work alone.
#[derive(Clone, Debug, PartialEq)]
pub struct Layer {
    /// The operators of the graph, in order.
    pub ops: Vec<OpId>,
    /// How it runs.
    pub kind: LayerKind,
    /// How its product's weights are pruned along K, if they are.
    pub pruned: Option<Sparsity>,
    /// What happens to each row, in order, before it is left.
    pub steps: Vec<VectorStep>,
    /// What it leaves in memory.
    pub result: PlannedId,
    /// How often it runs, each time on the next rows of its operands and of the result.
    pub copies: usize,
    /// How the program wants its product to run.
    pub choices: Option<Box<Choices>>,
    /// Where the result is written in the program.
    pub span: Span,
    /// Loops around it, outermost first.
    pub repeats: Vec<Around>,
}

impl Layer {
    /// How its product is cut, if it has one.
    pub fn tiling(&self) -> Option<Tiling> {
        match self.kind {
            LayerKind::Product { tiling, .. } | LayerKind::Convolution(Convolution { tiling, .. }) => {
                Some(tiling)
            }
            _ => None,
        }
    }

    /// Products that it is in each of its iterations: copies, or groups of channels.
    pub fn products(&self) -> usize {
        match &self.kind {
            LayerKind::Convolution(convolution) => convolution.groups,
            _ => self.copies,
        }
    }

    /// How often it runs, its copies not counted.
    pub fn times(&self) -> u64 {
        self.repeats.iter().map(|around| around.count as u64).product()
    }
}

/// How a layer runs.
#[derive(Clone, Debug, PartialEq)]
pub enum LayerKind {
    /// On the arrays.
    Product {
        /// [M, K]
        a: PlannedId,
        /// [K, N]
        b: PlannedId,
        /// How it is cut.
        tiling: Tiling,
    },
    /// On the arrays, windows of images being the activations.
    Convolution(Convolution),
    /// On the vector unit alone, windows of images being what it starts from.
    Pool(Pool),
    /// On the vector unit alone.
    Vector {
        /// What it starts from.
        x: PlannedId,
        /// Rows at a time.
        block_rows: usize,
    },
    /// By DMA alone: elements of one tensor or several, in other places.
    Move(Move),
}

/// Vector work on each element, or along each row; what changes a row's length comes last. An operand has the extents of what is
/// worked on, or it is one row or one column that is repeated, or one element.
pub type VectorStep = Operation<PlannedId>;

/// A matrix product on its own, to be timed without values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Product {
    /// For people.
    pub name: String,
    /// Where it is written.
    pub span: Span,
    /// How often it is computed, each time with other operands.
    pub copies: usize,
    /// M, K and N.
    pub extents: [usize; 3],
    /// Of activations, weights and result.
    pub dtypes: [DType; 3],
}

impl Product {
    /// Most products of one plan, copies not counted: each has instructions of its own.
    pub const MOST: usize = 10_000;
    /// Most elements of one operand or result, all copies together: rows are counted in 32 bits where this runs in a browser.
    pub const MOST_ELEMENTS: u64 = u32::MAX as u64;

    /// Rows and columns of activations, weights and result, all copies below each other.
    fn matrices(&self) -> [[usize; 2]; 3] {
        let [m, k, n] = self.extents;
        [[self.copies * m, k], [self.copies * k, n], [self.copies * m, n]]
    }

    /// The first limit that it passes, if any.
    fn too_large(&self) -> Option<TooMuch> {
        let [m, k, n] = self.extents.map(|side| side as u128);
        let most = [m * k, k * n, m * n].into_iter().max().unwrap_or(0) * self.copies as u128;
        let most = u64::try_from(most).unwrap_or(u64::MAX);
        (most > Self::MOST_ELEMENTS).then(|| TooMuch {
            span: self.span,
            message: format!(
                "a matrix of `{}` has {most} elements, more than {}",
                self.name,
                Self::MOST_ELEMENTS
            ),
            hint: "take a smaller layer; a convolution's windows are a matrix of oh x ow rows".into(),
        })
    }
}

/// Plans everything that the outputs need, by all passes: nothing is [`not_lowered`].
pub fn plan(graph: &Graph, chip: &Chip) -> Result<Plan, TooMuch> {
    plan_by(graph, chip, &Pipeline::default())
}

/// The layers of a draft, on one matrix unit, with all tensors in DRAM between them, and not cut yet.
fn lower(draft: &Draft, chip: &Chip) -> Plan {
    let graph = draft.graph;
    let ids = vec![None; graph.tensors.len()];
    let (tensors, kept, folded) = (Arena::default(), LiteMap::new(), Vec::new());
    let mut planner =
        Planner { tensors, kept, folded, ids, layers: Vec::new(), open: Vec::new(), graph, draft };
    let uses = uses(graph, &draft.runs);
    planner.carry(&uses, &draft.runs);
    for ops in &draft.chains {
        let head = &graph.ops[ops[0]];
        if let OpKind::Repeat(repeat) = head.kind {
            planner.enter(Some(repeat));
            planner.end(ops[0], repeat);
            continue;
        }
        planner.enter(head.within);
        match head.kind {
            OpKind::TopK { k } => planner.greatest(ops[0], k, &uses),
            _ if moves::moves(graph, ops[0]) => planner.moved(ops[0]),
            _ => planner.chain(ops.clone()),
        }
    }
    for output in &graph.outputs {
        let id = planner.tensor(output.tensor);
        let root = planner.tensors[id].place.within.unwrap_or(id);
        planner.tensors[root].output = true;
    }
    let Planner { tensors, layers, kept, folded, .. } = planner;
    Plan { kept, folded, ..Plan::new(tensors, layers, chip) }
}

/// Plans products that have nothing to do with each other, one after the other: operands and results in DRAM.
pub fn plan_products(products: &[Product], chip: &Chip) -> Result<Plan, TooMuch> {
    if let Some(first) = products.get(Product::MOST) {
        return Err(TooMuch {
            span: first.span,
            message: format!("there are more than {} products", Product::MOST),
            hint: "take them in several runs".into(),
        });
    }
    if let Some(error) = products.iter().find_map(Product::too_large) {
        return Err(error);
    }
    let mut tensors = Arena::default();
    let mut layers = Vec::new();
    for product in products {
        let mut tensor = |part: &str, dtype, [rows, cols]: [usize; 2], declared| {
            let name = format!("{}{part}", product.name);
            tensors.push(Planned {
                name,
                dtype,
                rows,
                cols,
                times: 1,
                declared,
                output: !declared,
                graph: None,
                place: Place::default(),
            })
        };
        let ([a, b, c], [of_a, of_b, of_c]) = (product.matrices(), product.dtypes);
        let (a, b) = (tensor(".a", of_a, a, true), tensor(".w", of_b, b, true));
        let result = tensor("", of_c, c, false);
        layers.push(Layer {
            ops: Vec::new(),
            kind: LayerKind::Product { a, b, tiling: Tiling::default() },
            pruned: None,
            steps: vec![Operation::new(OperationKind::Cast, of_c)],
            result,
            copies: product.copies,
            choices: None,
            span: product.span,
            repeats: Vec::new(),
        });
    }
    Pipeline::default().finish(Plan::new(tensors, layers, chip), chip)
}

struct Planner<'a> {
    graph: &'a Graph,
    draft: &'a Draft<'a>,
    tensors: Arena<Planned>,
    ids: Vec<Option<PlannedId>>,
    layers: Vec<Layer>,
    /// See [`Plan::folded`].
    folded: Vec<TensorId>,
    /// See [`Plan::kept`].
    kept: LiteMap<PlannedId, u64>,
    /// Repeats that are entered, outermost first.
    open: Vec<Around>,
}

impl Planner<'_> {
    fn tensor(&mut self, id: TensorId) -> PlannedId {
        if let Some(planned) = self.ids[id.index()] {
            return planned;
        }
        if self.draft.folded[id.index()] {
            self.folded.push(id);
        }
        let planned = match self.draft.varies[id.index()] {
            true => self.of_body(id),
            false => {
                let planned = self.planned(id);
                self.tensors.push(planned)
            }
        };
        self.ids[id.index()] = Some(planned);
        planned
    }

    /// A tensor in memory of its own.
    fn planned(&self, id: TensorId) -> Planned {
        let tensor = &self.graph.tensors[id];
        let (rows, cols) = tensor.ty.shape.as_matrix();
        Planned {
            name: self.graph.name(id),
            dtype: tensor.ty.dtype,
            rows,
            cols,
            times: 1,
            declared: self.graph.is_declared(id) || self.draft.folded[id.index()],
            output: false,
            graph: Some(id),
            place: Place::default(),
        }
    }

    /// A chain of operators as a layer, with what must be moved before and behind it.
    fn chain(&mut self, ops: Vec<OpId>) {
        let graph = self.graph;
        let (head, tail) = (ops[0], *ops.last().expect("a chain begins with an operator"));
        let (first, last) = (&graph.ops[head], &graph.ops[tail]);
        let mut steps = Vec::new();
        let (mut copies, mut back) = (1, None);
        let mut extents = <[usize; 2]>::from(graph.tensors[last.result()].ty.shape.as_matrix());
        let (kind, mut carried, work) = match (self.contraction(head), self.windows(head)) {
            (Some(product), _) => {
                let [a, b] = product.operands;
                let dtype = graph.tensors[first.result()].ty.dtype;
                if dtype != self.tensors[a].dtype.sums() {
                    steps.push(Operation::new(OperationKind::Cast, dtype));
                }
                (copies, extents, back) = (product.copies, product.result, product.back);
                (LayerKind::Product { a, b, tiling: Tiling::default() }, first.result(), &ops[1..])
            }
            (_, Some(LayerKind::Convolution(convolution))) => {
                let dtype = graph.tensors[first.result()].ty.dtype;
                if dtype != self.tensors[convolution.image.x].dtype.sums() {
                    steps.push(Operation::new(OperationKind::Cast, dtype));
                }
                (LayerKind::Convolution(convolution), first.result(), &ops[1..])
            }
            (_, Some(pool)) => (pool, first.operands[0], &ops[..]),
            (None, None) => {
                let tensors = first.operands.iter().find(|operand| graph.number(**operand).is_none());
                let carried = *tensors.unwrap_or(&first.operands[0]);
                let x = match &first.kind {
                    OpKind::Reduce { axes, .. } => self.lines(head, carried, axes).0,
                    OpKind::ArgMax { axis } => self.lines(head, carried, &[*axis]).0,
                    OpKind::Softmax { axis } => {
                        let (x, lines) = self.lines(head, carried, &[*axis]);
                        if self.tensors[x].graph.is_none() {
                            extents = [self.tensors[x].rows, self.tensors[x].cols];
                            back = Some(contract::turned(lines));
                        }
                        x
                    }
                    _ => self.repeated(head, carried, extents),
                };
                (LayerKind::Vector { x, block_rows: 0 }, carried, &ops[..])
            }
        };
        for op in work {
            steps.push(self.step(*op, carried, extents));
            carried = graph.ops[*op].result();
        }
        let span = graph.tensors[last.result()].span;
        let dtype = graph.tensors[last.result()].ty.dtype;
        let result = match back {
            Some(_) => self.unnamed(last.result(), dtype, extents),
            None => self.seen_as(last.result(), extents),
        };
        let layer = self.layer(ops, kind, steps, result, span);
        (layer.pruned, layer.choices, layer.copies) = (graph.skippable(first), first.choices.clone(), copies);
        if let Some(axes) = back {
            let ordered = self.tensor(last.result());
            self.moving(tail, result, axes, ordered);
        }
    }

    /// A layer here, for operators or none.
    fn layer(
        &mut self,
        ops: Vec<OpId>,
        kind: LayerKind,
        steps: Vec<VectorStep>,
        result: PlannedId,
        span: Span,
    ) -> &mut Layer {
        let (copies, repeats) = (1, self.around());
        self.layers.push(Layer {
            ops,
            kind,
            pruned: None,
            steps,
            result,
            copies,
            choices: None,
            span,
            repeats,
        });
        self.layers.last_mut().expect("it was pushed")
    }

    /// The greatest elements of each row and their places, as far as somebody uses them: each list by itself.
    fn greatest(&mut self, id: OpId, k: usize, uses: &[Vec<Option<OpId>>]) {
        let graph = self.graph;
        let op = &graph.ops[id];
        let x = self.tensor(op.operands[0]);
        let kinds = [OperationKind::TopK(k), OperationKind::TopKPlaces(k)];
        for (kind, result) in kinds.into_iter().zip(&op.results) {
            if uses[result.index()].is_empty() {
                continue;
            }
            let (tensor, planned) = (&graph.tensors[*result], self.tensor(*result));
            let steps = vec![Operation::new(kind, tensor.ty.dtype)];
            self.layer(vec![id], LayerKind::Vector { x, block_rows: 0 }, steps, planned, tensor.span);
        }
    }

    /// An operator's work, on what comes from the one before.
    fn step(&mut self, id: OpId, carried: TensorId, extents: [usize; 2]) -> VectorStep {
        let graph = self.graph;
        let op = &graph.ops[id];
        let first = op.operands[0] == carried;
        let kind = match &op.kind {
            OpKind::Map(kind) => OperationKind::Map(*kind),
            OpKind::Combine(kind) => {
                OperationKind::Combine(*kind, if first { Side::Left } else { Side::Right })
            }
            OpKind::Requant(by) => OperationKind::Requant(*by),
            OpKind::Cast => OperationKind::Cast,
            OpKind::Reduce { kind, .. } => OperationKind::Reduce(*kind),
            OpKind::Pool(PoolKind::Max, _) => OperationKind::Reduce(ReduceKind::Max),
            OpKind::Pool(PoolKind::Mean, _) => OperationKind::Reduce(ReduceKind::Mean),
            OpKind::ArgMax { .. } => OperationKind::ArgMax,
            OpKind::Softmax { .. } => OperationKind::Softmax,
            OpKind::LayerNorm { eps } => OperationKind::LayerNorm { eps: *eps },
            OpKind::RmsNorm { eps } => OperationKind::RmsNorm { eps: *eps },
            OpKind::Causal { offset } => {
                let rows = graph.tensors[carried].ty.shape.0.iter().rev().nth(1).copied();
                OperationKind::Causal { offset: *offset, rows: rows.unwrap_or(1) }
            }
            other => unreachable!("`{}` is not lowered, as `lowered` says", other.name()),
        };
        let others = if first { &op.operands[1..] } else { &op.operands[..1] };
        let operands = others.iter().map(|operand| match graph.number(*operand) {
            Some(number) => Operand::Number(number),
            None => Operand::Elements(self.repeated(id, *operand, extents)),
        });
        Operation { kind, operands: operands.collect(), to: graph.tensors[op.result()].ty.dtype }
    }
}
