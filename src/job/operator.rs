//! One operator's numbers in a run that has none: its operands are made from their names, as if all of them were declared.

use crate::base::{Lines, insert_by_key};
use crate::graph::Limits;
use crate::isa::{BufferId, InstructionId, Node, Program, ProgramOp, ProgramOpId, Work};
use crate::num::{Run, Shape, Type, Values, seeded};
use crate::schedule::TooMuch;

use super::{Extent, Finished};

/// Operands under way. They advance in small steps, so that a caller can stop.
pub struct Seeding {
    op: ProgramOpId,
    /// By buffer: none but the operator's have elements.
    memory: Vec<Values>,
    buffers: Vec<BufferId>,
    /// The one that is being made, and how many of its elements there are.
    at: (usize, usize),
}

impl Finished {
    /// The operator that `NAME` or `NAME:LINE` means in the program's text: of several the first that runs on the arrays, or else
    /// the first.
    pub fn operator(&self, wanted: &str, text: &str) -> Option<ProgramOpId> {
        self.first_on_arrays(|op| op.name == wanted).or_else(|| {
            let (name, line) = wanted.rsplit_once(':')?;
            let lines = Lines::new(text);
            let line: u32 = line.parse().ok()?;
            self.first_on_arrays(|op| op.name == name && lines.position(op.span.start).line == line)
        })
    }

    fn first_on_arrays(&self, is_wanted: impl Fn(&ProgramOp) -> bool) -> Option<ProgramOpId> {
        let ops = &self.emitted.program.ops;
        let wanted: Vec<_> = ops.iter().filter(|(_, op)| is_wanted(op)).map(|(id, _)| id).collect();
        let on_arrays = wanted.iter().find(|op| !self.factors(**op).is_empty());
        on_arrays.or(wanted.first()).copied()
    }

    /// Begins to make an operator's operands, in a run without values.
    pub fn seeding(&self, op: ProgramOpId) -> Result<Seeding, TooMuch> {
        let program = &self.emitted.program;
        let refuse = |message: String, hint: &str| {
            let span = program.ops[op].span;
            Err(TooMuch { span, message: format!("`{}` {message}", program.ops[op].name), hint: hint.into() })
        };
        if self.extent == Extent::Whole {
            return refuse("has the numbers of the run".into(), "ask for a program without values");
        }
        if self.written.is_some() {
            return refuse(
                "is of an assembly, which says itself what it reads".into(),
                "make its buffers smaller",
            );
        }
        let buffers = self.factors(op);
        if buffers.is_empty() {
            return refuse("does not run on the arrays".into(), "ask for a product or a convolution");
        }
        let bytes = |buffer: &BufferId| {
            let buffer = &program.buffers[*buffer];
            buffer.len * buffer.dtype.bytes() as u64
        };
        let all = buffers.iter().map(bytes).fold(0, u64::saturating_add);
        if all > Limits::ALL_BYTES {
            let most = Limits::ALL_BYTES;
            return refuse(
                format!("has operands of {all} bytes, more than the {most} that are made"),
                "make its operands smaller",
            );
        }
        let memory = program.buffers.iter().map(|(id, buffer)| {
            Values::zeros(buffer.dtype, if buffers.contains(&id) { buffer.len as usize } else { 0 })
        });
        Ok(Seeding { op, memory: memory.collect(), buffers, at: (0, 0) })
    }

    /// Works on an operator's operands until about `budget` elements are made; true when the frames have its numbers.
    pub fn seed(&mut self, seeding: &mut Seeding, budget: usize) -> bool {
        let mut left = budget;
        while let Some(buffer) = seeding.buffers.get(seeding.at.0) {
            if left == 0 {
                return false;
            }
            let made = self.seeded_part(*buffer, seeding.at.1);
            let into = &mut seeding.memory[buffer.index()];
            into.copy(Run::at(seeding.at.1, made.len()), &made, Run::at(0, made.len()));
            left = left.saturating_sub(made.len());
            seeding.at.1 += made.len();
            if seeding.at.1 >= into.len() {
                seeding.at = (seeding.at.0 + 1, 0);
            }
        }
        if let Extent::Without { seeded, .. } = &mut self.extent {
            *seeded = Some(seeding.op);
            self.memory = std::mem::take(&mut seeding.memory);
        }
        true
    }

    /// Whose elements an operator's passes multiply.
    fn factors(&self, op: ProgramOpId) -> Vec<BufferId> {
        let mut buffers = Vec::new();
        let mut add = |buffer: BufferId| {
            if !buffers.contains(&buffer) {
                insert_by_key(&mut buffers, buffer, |buffer| *buffer);
            }
        };
        for (_, instruction) in self.emitted.program.instructions.iter().filter(|(_, i)| i.op == op) {
            match &instruction.work {
                Work::Fetch { tile, .. } => add(tile.buffer()),
                Work::Multiply { streamed, .. } => add(streamed.buffer()),
                Work::Contract { activations, weights, .. } => {
                    [activations.buffer(), weights.buffer].into_iter().for_each(&mut add);
                }
                _ => {}
            }
        }
        buffers
    }

    /// Elements of a buffer from `first` on: a tensor in one iteration of the repeats around it, or one that the program does not
    /// name.
    fn seeded_part(&self, buffer: BufferId, first: usize) -> Values {
        let planned = &self.plan.tensors[self.emitted.tensors[buffer.index()]];
        let tensor = planned.graph.map(|id| (id, &self.graph.tensors[id]));
        match tensor {
            Some((id, tensor)) if planned.elements().is_multiple_of(tensor.ty.shape.elements().max(1)) => {
                let iteration = first as u64 / tensor.ty.shape.elements().max(1);
                let declared = self.graph.declared(id, iteration);
                let name = || match tensor.within {
                    Some(_) => format!("{}[{iteration}]", self.graph.name(id)),
                    None => self.graph.name(id),
                };
                declared.unwrap_or_else(|| seeded(&name(), tensor.ty.clone())).values
            }
            _ => {
                let shape = Shape::from(vec![planned.elements() as usize]);
                seeded(&planned.name, Type { dtype: planned.dtype, shape }).values
            }
        }
    }

    /// Loops around an instruction.
    pub fn depth_of(&self, instruction: InstructionId) -> usize {
        let program = &self.emitted.program;
        depth_in(program, &program.body, instruction).unwrap_or(0)
    }

    /// An element of a buffer by its tensor's axes: within repeats, the iteration comes first.
    pub fn indices(&self, buffer: BufferId, place: u64) -> Vec<u64> {
        if let Some(written) = &self.written {
            return unravelled(place, &written.assembly.shapes[buffer.index()].0);
        }
        let planned = &self.plan.tensors[self.emitted.tensors[buffer.index()]];
        let shape = planned.graph.map(|id| &self.graph.tensors[id].ty.shape);
        let count = shape.map_or(0, Shape::elements);
        match shape {
            Some(shape) if count == planned.elements() => unravelled(place, &shape.0),
            Some(shape) if count > 0 && planned.elements().is_multiple_of(count) => {
                let mut all = vec![place / count];
                all.extend(unravelled(place % count, &shape.0));
                all
            }
            _ => {
                let cols = planned.cols.max(1) as u64;
                vec![place / cols, place % cols]
            }
        }
    }
}

/// Loops around an instruction among some nodes, if it is there.
fn depth_in(program: &Program, nodes: &[Node], wanted: InstructionId) -> Option<usize> {
    nodes.iter().find_map(|node| match node {
        Node::Do(id) => (*id == wanted).then_some(0),
        Node::Repeat(id) => depth_in(program, &program.loops[*id].body, wanted).map(|depth| depth + 1),
    })
}

/// A place, row-major, by axes.
fn unravelled(mut place: u64, shape: &[usize]) -> Vec<u64> {
    let mut indices = vec![0; shape.len()];
    for (index, extent) in indices.iter_mut().zip(shape).rev() {
        (*index, place) = (place % *extent as u64, place / *extent as u64);
    }
    indices
}
