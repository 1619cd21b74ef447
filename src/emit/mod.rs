//! Plan to program: buffers, tiles, instructions and what each waits for.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::chip::Chip;
use crate::graph::{Graph, OpId, OpKind, TensorId};
use crate::isa::{
    Buffer, BufferId, Instruction, InstructionId, Program, ProgramOp, ProgramOpId, Sums, VectorSource,
    VectorStep, Window, Work,
};
use crate::schedule::{Layer, LayerKind, Plan};

/// A program, and where its tensors lie.
#[derive(Clone, Debug, Default)]
pub struct Emitted {
    /// What to run.
    pub program: Program,
    /// Buffers of declared tensors, to be filled before a run, and of layers' results.
    pub buffers: BTreeMap<TensorId, BufferId>,
}

/// Lowers every layer in turn.
pub fn emit(graph: &Graph, plan: &Plan, chip: &Chip) -> Emitted {
    let mut emitter =
        Emitter { graph, chip, out: Emitted::default(), writers: BTreeMap::new(), drained: Vec::new() };
    for layer in &plan.layers {
        emitter.layer(layer);
    }
    // An output may be a declared tensor that nothing computes on.
    for output in &graph.outputs {
        emitter.buffer(output.tensor);
    }
    emitter.out
}

struct Emitter<'a> {
    graph: &'a Graph,
    chip: &'a Chip,
    out: Emitted,
    writers: BTreeMap<BufferId, Writers>,
    /// The vector instruction that emptied each output tile's accumulators.
    drained: Vec<InstructionId>,
}

/// Who writes a buffer: a grid of blocks, row-major.
struct Writers {
    block: (usize, usize),
    blocks_across: usize,
    instructions: Vec<InstructionId>,
}

impl Writers {
    /// The last writer of a part of the buffer. The vector unit finishes in order, so its event is enough.
    fn last_of(&self, rows: &Range<usize>, cols: &Range<usize>) -> InstructionId {
        let row = (rows.end - 1) / self.block.0;
        let col = (cols.end - 1) / self.block.1;
        // Columns of blocks are written one after the other, from the top down; so is this corner after all others.
        self.instructions[row * self.blocks_across + col]
    }
}

impl Emitter<'_> {
    fn layer(&mut self, layer: &Layer) {
        let name = self.graph.tensors[layer.result].name.clone();
        let op = self.out.program.ops.push(ProgramOp { name, span: layer.span });
        match layer.kind {
            LayerKind::Product { a, b, block_rows } => self.product(layer, op, [a, b], block_rows),
            LayerKind::Vector { x } => self.vector(layer, op, x),
        }
    }

    fn product(&mut self, layer: &Layer, op: ProgramOpId, [a, b]: [TensorId; 2], block_rows: usize) {
        let [m, k, n] = self.graph.product(a, b);
        let half = self.chip.accumulator_rows / 2;
        let mut grid = Vec::new();
        for cols in blocks(n, self.chip.cols) {
            for rows in blocks(m, block_rows) {
                let accumulator = self.drained.len() % 2 * half;
                let before = self.drained.len().checked_sub(2).map(|earlier| self.drained[earlier]);
                let mut last = None;
                for depth in blocks(k, self.chip.rows) {
                    let first = depth.start == 0;
                    self.load(op, b, &depth, &cols);
                    let free = before.filter(|_| first);
                    let sums = if first { Sums::Begin } else { Sums::Add };
                    last = Some(self.multiply(op, a, [&rows, &depth, &cols], accumulator, sums, free));
                }
                let source =
                    VectorSource::Accumulators { row: accumulator, rows: rows.len(), cols: cols.len() };
                let writer = self.drain(layer, op, &layer.ops[1..], source, [&rows, &cols], last);
                self.drained.push(writer);
                grid.push(writer);
            }
        }
        // The loops above run down each column of blocks; the grid is kept row by row.
        let (down, across) = (m.div_ceil(block_rows), n.div_ceil(self.chip.cols));
        let instructions = (0..down * across).map(|i| grid[i % across * down + i / across]).collect();
        let buffer = self.buffer(layer.result);
        let block = (block_rows, self.chip.cols);
        self.writers.insert(buffer, Writers { block, blocks_across: across, instructions });
    }

    fn vector(&mut self, layer: &Layer, op: ProgramOpId, x: TensorId) {
        let (rows, cols) = self.graph.tensors[x].ty.shape.as_matrix();
        let source = VectorSource::Buffer(self.window(x, &(0..rows), &(0..cols)));
        let after = self.writer_of(x, &(0..rows), &(0..cols));
        let writer = self.drain(layer, op, &layer.ops, source, [&(0..rows), &(0..cols)], after);
        let buffer = self.buffer(layer.result);
        let (block, instructions) = (self.graph.tensors[layer.result].ty.shape.as_matrix(), vec![writer]);
        self.writers.insert(buffer, Writers { block, blocks_across: 1, instructions });
    }

    fn load(&mut self, op: ProgramOpId, b: TensorId, depth: &Range<usize>, cols: &Range<usize>) {
        let tile = self.window(b, depth, cols);
        let waits = self.writer_of(b, depth, cols).into_iter().collect();
        self.push(Instruction { op, work: Work::LoadWeights { tile }, waits });
    }

    fn multiply(
        &mut self,
        op: ProgramOpId,
        a: TensorId,
        [rows, depth, cols]: [&Range<usize>; 3],
        accumulator: usize,
        sums: Sums,
        free: Option<InstructionId>,
    ) -> InstructionId {
        let activations = self.window(a, rows, depth);
        let waits = self.writer_of(a, rows, depth).into_iter().chain(free).collect();
        let work = Work::Multiply { activations, cols: cols.len(), accumulator, sums };
        self.push(Instruction { op, work, waits })
    }

    /// The vector work of a layer on one block of its rows and columns.
    fn drain(
        &mut self,
        layer: &Layer,
        op: ProgramOpId,
        ops: &[OpId],
        source: VectorSource,
        [rows, cols]: [&Range<usize>; 2],
        after: Option<InstructionId>,
    ) -> InstructionId {
        let mut waits: Vec<InstructionId> = after.into_iter().collect();
        let mut carried = match layer.kind {
            LayerKind::Product { .. } => self.graph.ops[layer.ops[0]].result,
            LayerKind::Vector { x } => x,
        };
        let mut steps = Vec::new();
        for op in ops {
            steps.push(match self.graph.ops[*op].kind {
                OpKind::Add { a, b } => {
                    let other = if a == carried { b } else { a };
                    waits.extend(self.writer_of(other, rows, cols));
                    VectorStep::Add(self.added(other, rows, cols))
                }
                OpKind::Requant { by, .. } => VectorStep::Requant(by),
                OpKind::Relu { .. } => VectorStep::Relu,
                OpKind::ArgMax { .. } => VectorStep::ArgMax,
                OpKind::MatMul { .. } => unreachable!("a product begins its layer"),
            });
            carried = self.graph.ops[*op].result;
        }
        let target = match steps.last() {
            Some(VectorStep::ArgMax) => {
                let buffer = self.buffer(layer.result);
                Window { buffer, offset: rows.start, stride: 1, rows: rows.len(), cols: 1 }
            }
            _ => self.window(layer.result, rows, cols),
        };
        self.push(Instruction { op, work: Work::Vector { source, steps, target }, waits })
    }

    /// What is added to a block: the same block, or a vector's part repeated for each row.
    fn added(&mut self, tensor: TensorId, rows: &Range<usize>, cols: &Range<usize>) -> Window {
        if self.graph.tensors[tensor].ty.shape.0.len() == 2 {
            return self.window(tensor, rows, cols);
        }
        Window { stride: 0, rows: rows.len(), ..self.window(tensor, &(0..1), cols) }
    }

    fn window(&mut self, tensor: TensorId, rows: &Range<usize>, cols: &Range<usize>) -> Window {
        let (_, stride) = self.graph.tensors[tensor].ty.shape.as_matrix();
        let offset = rows.start * stride + cols.start;
        Window { buffer: self.buffer(tensor), offset, stride, rows: rows.len(), cols: cols.len() }
    }

    fn buffer(&mut self, tensor: TensorId) -> BufferId {
        let (buffers, tensor_ref) = (&mut self.out.program.buffers, &self.graph.tensors[tensor]);
        *self.out.buffers.entry(tensor).or_insert_with(|| {
            let ty = &tensor_ref.ty;
            buffers.push(Buffer { name: tensor_ref.name.clone(), dtype: ty.dtype, len: ty.shape.elements() })
        })
    }

    fn writer_of(
        &mut self,
        tensor: TensorId,
        rows: &Range<usize>,
        cols: &Range<usize>,
    ) -> Option<InstructionId> {
        let buffer = self.buffer(tensor);
        let vector = self.graph.tensors[tensor].ty.shape.0.len() == 1;
        let rows = if vector { &(0..1) } else { rows };
        self.writers.get(&buffer).map(|writers| writers.last_of(rows, cols))
    }

    fn push(&mut self, instruction: Instruction) -> InstructionId {
        self.out.program.instructions.push(instruction)
    }
}

/// `0..whole` in pieces of `size`, the last one shorter.
fn blocks(whole: usize, size: usize) -> impl Iterator<Item = Range<usize>> {
    (0..whole).step_by(size).map(move |start| start..whole.min(start + size))
}
