//! A plan's layers as loops over tiles, for people: what comes when, from where, and what stays in the array meanwhile.

use super::print::{name, numbers_of};
use super::{Convolution, Layer, LayerKind, Plan, PlannedId, Pool, TileOrder, Tiling, VectorStep};
use crate::chip::{Chip, Dataflow, WeightBuffering};
use crate::num::Operand;

/// A line of the loops.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoopLine {
    /// The layer's number in the plan.
    pub layer: usize,
    /// With its indentation.
    pub text: String,
    /// What it is.
    pub part: LoopPart,
}

/// What a line of the loops is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoopPart {
    /// Says something of what follows.
    Note,
    /// Goes over something in steps.
    Loop(LoopOf),
    /// Copies from a tensor in DRAM to the unified buffer.
    Read(PlannedId),
    /// Fetches a tile into the weight FIFO.
    Fetch,
    /// Loads a tile into the array.
    Load,
    /// Streams through the array.
    Stream,
    /// Work of the vector unit.
    Work,
    /// Copies back to DRAM.
    Write,
}

/// What a loop goes over: so far, in such steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoopOf {
    /// What.
    pub over: Over,
    /// Where it ends.
    pub extent: usize,
    /// From one iteration to the next.
    pub step: usize,
}

/// What a loop goes over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// Iterations of the repeat at this depth.
    Repeat(usize),
    /// Copies of a product.
    Copies,
    /// Groups of channels.
    Groups,
    /// Rows of the result; of a convolution, places of the window.
    M,
    /// Columns of the result.
    N,
    /// What is summed over.
    K,
}

/// All layers of a plan for a chip.
pub fn loops(plan: &Plan, chip: &Chip) -> Vec<LoopLine> {
    let chip = &plan.split.of(chip);
    let mut lines = Vec::new();
    for (number, layer) in plan.layers.iter().enumerate() {
        let mut writer = Writer { plan, chip, layer, number, depth: 0, lines: &mut lines };
        writer.layer();
    }
    lines
}

struct Writer<'a> {
    plan: &'a Plan,
    chip: &'a Chip,
    layer: &'a Layer,
    number: usize,
    depth: usize,
    lines: &'a mut Vec<LoopLine>,
}

impl Writer<'_> {
    fn line(&mut self, part: LoopPart, text: &str) {
        let text = format!("{:indent$}{text}", "", indent = 2 * self.depth);
        self.lines.push(LoopLine { layer: self.number, text, part });
    }

    fn note(&mut self, text: &str) {
        self.line(LoopPart::Note, &format!("# {text}"));
    }

    /// A loop; what is written next stands in it.
    fn enter(&mut self, over: Over, name: &str, extent: usize, step: usize, note: &str) {
        let step_text = if step == 1 { String::new() } else { format!(" step {step}") };
        let times = extent.div_ceil(step.max(1));
        let times = if times == 1 { "once".to_owned() } else { format!("{times} times") };
        let note = if note.is_empty() { times } else { format!("{times}; {note}") };
        let text = format!("for {name} in 0..{extent}{step_text}:  # {note}");
        self.line(LoopPart::Loop(LoopOf { over, extent, step }), &text);
        self.depth += 1;
    }

    fn layer(&mut self) {
        // What is empty between two layers is the first one's.
        if let Some(before) = self.number.checked_sub(1) {
            self.lines.push(LoopLine { layer: before, text: String::new(), part: LoopPart::Note });
        }
        self.head();
        for (depth, around) in self.layer.repeats.iter().enumerate() {
            self.enter(Over::Repeat(depth), &format!("t{depth}"), around.count, 1, "a repeat of the program");
        }
        match &self.layer.kind {
            LayerKind::Product { a, b, tiling } => self.product(*a, *b, tiling),
            LayerKind::Convolution(convolution) => self.convolution(convolution),
            LayerKind::Pool(pool) => self.pool(pool),
            LayerKind::Vector { x, block_rows } => self.vector(*x, *block_rows),
            LayerKind::Move(work) => self.moves(work),
        }
    }

    /// What it is, and where its tensors lie.
    fn head(&mut self) {
        let result = &self.plan.tensors[self.layer.result];
        self.note(&format!("{}: {}[{}, {}]", result.name, result.dtype, result.rows, result.cols));
        let read = self.plan.factors(self.layer).into_iter().flatten().chain(super::operands(self.layer));
        let mut told: Vec<PlannedId> = Vec::new();
        for id in read.chain([self.layer.result]) {
            if !told.contains(&id) {
                told.push(id);
                self.note(&self.lies(id));
            }
        }
        self.ahead();
    }

    /// Whether it may begin to read while the layer before runs.
    fn ahead(&mut self) {
        if self.plan.comes_ahead(self.number, self.chip) {
            self.note("what it reads that no layer leaves may come while the one before runs");
        }
    }

    fn lies(&self, id: PlannedId) -> String {
        let (plan, root) = (self.plan, self.plan.root(id));
        let bytes = plan.tensors[id].bytes();
        match plan.places.get(&root) {
            Some(place) => {
                format!(
                    "{} stays in the unified buffer, byte {}, {bytes} bytes",
                    self.name(id),
                    place.address
                )
            }
            None => format!("{} lies in DRAM, {bytes} bytes", self.name(id)),
        }
    }

    /// A tensor's name if it is a word, or else its number in the plan.
    fn name(&self, id: PlannedId) -> String {
        let name = &self.plan.tensors[id].name;
        let is_word = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || "_.#".contains(c));
        if is_word { name.clone() } else { format!("t{}", id.index()) }
    }

    fn product(&mut self, a: PlannedId, b: PlannedId, tiling: &Tiling) {
        let [m, k, n] = self.plan.extents(self.layer).unwrap_or_default();
        if self.layer.copies > 1 {
            self.enter(Over::Copies, "copy", self.layer.copies, 1, "each on the next rows");
        }
        self.tiles(a, b, tiling, [m, k, n], 1);
    }

    fn convolution(&mut self, convolution: &Convolution) {
        let Convolution { image, w, groups, tiling, bands } = convolution;
        let extents = self.plan.extents(self.layer).unwrap_or_default();
        let [height, width] = image.window.size;
        self.note(&format!(
            "m counts places of the {height} x {width} window, k its elements: {}",
            self.bands(image, *bands)
        ));
        self.tiles(image.x, *w, tiling, extents, *groups);
    }

    fn bands(&self, image: &super::Image, bands: super::Bands) -> String {
        match self.plan.stays(image.x) {
            true => "images are here as a whole".to_owned(),
            false => format!(
                "images come in bands, {} of them and {} rows of places at a time",
                bands.images, bands.rows
            ),
        }
    }

    fn pool(&mut self, Pool { image, bands }: &Pool) {
        let result = &self.plan.tensors[self.layer.result];
        let [height, width] = image.window.size;
        self.note(&format!("windows of {height} x {width}: {}", self.bands(image, *bands)));
        let step = (bands.images * bands.rows * image.places[1]).min(result.rows);
        self.enter(Over::M, "m", result.rows, step, "");
        self.read(image.x, "the rows that these windows look at");
        let text = format!(
            "{}[m:m+{step}] = {}{}",
            self.name(self.layer.result),
            self.name(image.x),
            self.steps(None)
        );
        self.line(LoopPart::Work, &text);
        self.write("m", step);
    }

    /// Loops over output tiles, and over K within each.
    fn tiles(&mut self, a: PlannedId, b: PlannedId, tiling: &Tiling, [m, k, n]: [usize; 3], groups: usize) {
        let Tiling { m: tm, n: tn, k: tk, .. } = *tiling;
        let (tm, tn, tk) = (tm.min(m), tn.min(n), tk.min(k));
        let units = self.chip.matrix_units;
        let turns = if units > 1 { format!("in turn on {units} matrix units") } else { String::new() };
        match tiling.order {
            TileOrder::Rows => {
                self.enter(Over::M, "m", m, tm, "");
                self.read(a, &format!("{}[m:m+{tm}]", self.name(a)));
                if groups > 1 {
                    self.enter(Over::Groups, "g", groups, 1, &turns);
                }
                self.enter(Over::N, "n", n, tn, if groups > 1 { "" } else { &turns });
            }
            TileOrder::Columns => {
                self.enter(Over::N, "n", n, tn, &turns);
                self.panel(a, b, tiling, tn);
                self.enter(Over::M, "m", m, tm, "");
                self.read(a, &format!("{}[m:m+{tm}]", self.name(a)));
            }
        }
        if tiling.order == TileOrder::Rows {
            self.panel(a, b, tiling, tn);
        }
        let body = self.depth;
        self.enter(Over::K, "k", k, tk, "sums stay in the accumulators");
        self.pass(a, b, tiling, [tm, tk, tn]);
        self.depth = body;
        self.epilogue(tm, tn);
    }

    /// Weights that come by panels of columns to the unified buffer.
    fn panel(&mut self, a: PlannedId, b: PlannedId, tiling: &Tiling, cols: usize) {
        if !self.plan.fetches(a, tiling) {
            self.read(b, &format!("{}[:, n:n+{cols}]", self.name(b)));
        }
    }

    /// A copy from DRAM, of what does not stay.
    fn read(&mut self, id: PlannedId, what: &str) {
        if self.plan.stays(id) {
            return;
        }
        let places = match self.plan.blocks {
            1 => "one place",
            _ => "two places: the next block comes while this one is used",
        };
        self.line(LoopPart::Read(id), &format!("read {what}  # DRAM to unified buffer; {places}"));
    }

    /// One trip through the array.
    fn pass(&mut self, a: PlannedId, b: PlannedId, tiling: &Tiling, [tm, tk, tn]: [usize; 3]) {
        let (x, w) = (self.name(a), self.name(b));
        let (act, weight) = (format!("{x}[m:m+{tm}, k:k+{tk}]"), format!("{w}[k:k+{tk}, n:n+{tn}]"));
        match tiling.dataflow {
            Dataflow::WeightStationary => {
                self.stay(a, b, tiling, &weight);
                self.line(
                    LoopPart::Stream,
                    &format!("for row in m..m+{tm}: acc[row, n:n+{tn}] += {x}[row, k:k+{tk}] @ tile"),
                );
            }
            Dataflow::InputStationary => {
                self.stay(a, b, tiling, &format!("{act} transposed"));
                self.line(
                    LoopPart::Stream,
                    &format!("for col in n..n+{tn}: acc[col, m:m+{tm}] += {w}[k:k+{tk}, col] @ tile"),
                );
            }
            Dataflow::OutputStationary => {
                let text =
                    format!("for step in k..k+{tk}: sums += {x}[m:m+{tm}, step] * {w}[step, n:n+{tn}]");
                self.line(LoopPart::Stream, &text);
                self.note("sums stay in the PEs, and drain downwards to acc when k is done");
            }
        }
    }

    /// What stays in the array, on its way there.
    fn stay(&mut self, a: PlannedId, b: PlannedId, tiling: &Tiling, what: &str) {
        let from = match tiling.dataflow {
            Dataflow::WeightStationary if self.plan.fetches(a, tiling) && !self.plan.stays(b) => "DRAM",
            _ => "unified buffer",
        };
        let packed = tiling.packed.map_or_else(String::new, |sparsity| format!(", packed {sparsity}"));
        let slots = self.chip.weight_fifo_tiles;
        self.line(LoopPart::Fetch, &format!("fetch tile = {what}  # {from} to FIFO, {slots} slots{packed}"));
        let when = match self.chip.weights {
            WeightBuffering::Double => "into shadow registers, while the tile before is used",
            WeightBuffering::Single => "when the pass before has left",
        };
        self.line(LoopPart::Load, &format!("load tile  # {when}"));
    }

    /// What becomes of a whole output tile.
    fn epilogue(&mut self, tm: usize, tn: usize) {
        for id in super::operands(self.layer).collect::<Vec<_>>() {
            let rows = self.plan.tensors[id].rows;
            if rows > 1 {
                self.read(id, &format!("{}[m:m+{tm}, n:n+{tn}]", self.name(id)));
            }
        }
        let result = self.name(self.layer.result);
        let text = format!("{result}[m:m+{tm}, n:n+{tn}] = acc{}  # vector unit", self.steps(Some(tn)));
        self.line(LoopPart::Work, &text);
        self.write(&format!("m:m+{tm}, n:n+{tn}"), 0);
    }

    fn write(&mut self, at: &str, step: usize) {
        let result = self.layer.result;
        if self.plan.stays(result) && !self.plan.leaves(result) {
            return;
        }
        let at = if step > 0 { format!("{at}:{at}+{step}") } else { at.to_owned() };
        self.line(LoopPart::Write, &format!("write {}[{at}]  # unified buffer to DRAM", self.name(result)));
    }

    fn vector(&mut self, x: PlannedId, block_rows: usize) {
        let [rows, _] = self.plan.worked_on(x, self.layer);
        self.enter(Over::M, "m", rows, block_rows, "");
        self.read(x, &format!("{}[m:m+{block_rows}]", self.name(x)));
        let result = self.name(self.layer.result);
        let text =
            format!("{result}[m:m+{block_rows}] = {}[m:m+{block_rows}]{}", self.name(x), self.steps(None));
        self.line(LoopPart::Work, &format!("{text}  # vector unit"));
        self.write("m", block_rows);
    }

    fn moves(&mut self, work: &super::Move) {
        let depth = self.depth;
        for part in &work.parts {
            self.depth = depth;
            let (from, to) = (self.name(part.from), self.name(self.layer.result));
            let [rows, cols] = part.block;
            for (number, axis) in part.loops.iter().enumerate() {
                let text = format!(
                    "for a{number} in 0..{}:  # {} to {} elements apart",
                    axis.extent, axis.from, axis.to
                );
                self.line(LoopPart::Note, &text);
                self.depth += 1;
            }
            let chosen = part.chosen.map(|(places, _)| format!(", rows chosen by {}", self.name(places)));
            self.line(
                LoopPart::Read(part.from),
                &format!("read a block of {rows} x {cols} of {from}{}", chosen.unwrap_or_default()),
            );
            self.line(LoopPart::Write, &format!("write it to its places in {to}  # DMA alone"));
        }
    }

    /// What happens to each row before it is left, as in the listing; operands by the columns of their tile.
    fn steps(&self, cols: Option<usize>) -> String {
        self.layer.steps.iter().map(|step| format!(" | {}", self.step(step, cols))).collect()
    }

    fn step(&self, step: &VectorStep, cols: Option<usize>) -> String {
        let operand = |operand: &Operand<PlannedId>| match operand {
            Operand::Number(number) => number.to_string(),
            Operand::Elements(id) => {
                let part =
                    cols.filter(|_| self.plan.tensors[*id].cols > 1).map(|cols| format!("[n:n+{cols}]"));
                self.name(*id) + &part.unwrap_or_default()
            }
        };
        let operands: String = step.operands.iter().map(|it| format!(" {}", operand(it))).collect();
        format!("{}{operands}{}", name(step.kind), numbers_of(step.kind))
    }
}
