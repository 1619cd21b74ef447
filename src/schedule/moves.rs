//! What only moves elements: reshapes, transposes, slices, concatenations, gathers.
//!
//! Where a result's elements lie next to each other in its operand's memory already, it lies there, and nothing is done. All
//! else goes from DRAM to the unified buffer and back in windows of two axes, as large as fit it twice: one along which
//! the operand's elements lie next to each other, and one along which the result's do. The other axes are loops.

use super::passes::Moves;
use super::{LayerKind, Place, Planned, PlannedId, Planner};
use crate::base::{Bytes, Span};
use crate::graph::{Cut, Graph, OpId, OpKind, TensorId};
use crate::num::Shape;

/// Loops within each other, at most: those of a program (`isa::MOST_DEPTH`).
pub(crate) const MOST_LOOPS: usize = 12;

/// Elements of some tensors in other places.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Move {
    /// One after the other; together they leave every element of the result once.
    pub parts: Vec<Part>,
}

/// Elements of one tensor that go to places of the result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// What is read.
    pub from: PlannedId,
    /// Its first element, and that of the result.
    pub first: [u64; 2],
    /// Outermost first; none continues the one within it.
    pub loops: Vec<Axis>,
    /// Of a window: from row to row.
    pub rows: Axis,
    /// Of a window: along a row of what is read.
    pub cols: Axis,
    /// Rows and columns of a window that are moved at a time.
    pub block: [u64; 2],
    /// Which rows are read, if numbers choose them: where these are, and how many rows there are.
    pub chosen: Option<(PlannedId, usize)>,
}

/// Of elements that move together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Axis {
    /// How many.
    pub extent: u64,
    /// From one to the next in what is read.
    pub from: u64,
    /// And in the result.
    pub to: u64,
}

const ONE: Axis = Axis { extent: 1, from: 1, to: 1 };

impl Move {
    /// In blocks of which so many fit these bytes of the unified buffer, of elements of so many bytes; otherwise the bytes of the least ones.
    pub(super) fn fit(&self, element: Bytes, blocks: usize, room: Bytes) -> Result<Move, Bytes> {
        let mut parts = self.parts.clone();
        // One part's blocks come in while the last ones of the part before go out.
        let most = room / parts.len() as Bytes;
        for part in &mut parts {
            while part.bytes(element, blocks) > most {
                // Where rows are chosen, or are what goes out as well, long rows are best left whole.
                let [rows, cols] = &mut part.block;
                let longer = if part.rows.to == 1 { *cols > *rows } else { *rows == 1 };
                match if longer { cols } else { rows } {
                    1 => return Err(part.bytes(element, blocks)),
                    side => *side = side.div_ceil(2),
                }
            }
        }
        Ok(Move { parts })
    }

    /// Loops within each other, with the layer's own.
    pub(super) fn depth(&self) -> usize {
        let of = |part: &Part| {
            let cut = |axis: &Axis, block: u64| usize::from(block < axis.extent);
            1 + part.loops.len() + cut(&part.rows, part.block[0]) + cut(&part.cols, part.block[1])
        };
        self.parts.iter().map(of).max().unwrap_or(0)
    }
}

impl Part {
    pub(super) fn new(from: PlannedId, first: [u64; 2], axes: &mut dyn Iterator<Item = Axis>) -> Part {
        let mut loops: Vec<Axis> = Vec::new();
        for axis in axes {
            match loops.last_mut() {
                _ if axis.extent == 1 => {}
                Some(outer) if outer.from == axis.from * axis.extent && outer.to == axis.to * axis.extent => {
                    *outer = Axis { extent: outer.extent * axis.extent, ..axis };
                }
                _ => loops.push(axis),
            }
        }
        let to = take(&mut loops, |axis| axis.to == 1).unwrap_or(ONE);
        let (rows, cols) = match to.from {
            1 => {
                let longest = loops.iter().map(|axis| axis.extent).max();
                (take(&mut loops, |axis| Some(axis.extent) == longest).unwrap_or(ONE), to)
            }
            _ => {
                let nearest = loops.iter().map(|axis| axis.from).filter(|from| *from > 0).min();
                match take(&mut loops, |axis| Some(axis.from) == nearest) {
                    Some(cols) => (to, cols),
                    None => (take(&mut loops, |_| true).unwrap_or(ONE), to),
                }
            }
        };
        Part { from, first, loops, rows, cols, block: [rows.extent, cols.extent], chosen: None }
    }

    /// So many elements in their order.
    pub(super) fn whole(from: PlannedId, extent: u64) -> Part {
        Part::new(from, [0, 0], &mut [Axis { extent, ..ONE }].into_iter())
    }

    /// Bytes of the unified buffer: so many blocks, with the numbers that choose their rows.
    pub(super) fn bytes(&self, element: Bytes, blocks: usize) -> Bytes {
        let [rows, cols] = self.block;
        blocks as Bytes * rows * (cols * element + if self.chosen.is_some() { 4 } else { 0 })
    }

    /// Whether the elements lie in the result as they do in the operand, from the first to the last.
    fn is_alias(&self) -> bool {
        self.loops.is_empty()
            && self.rows == ONE
            && (self.cols.from, self.cols.to) == (1, 1)
            && self.chosen.is_none()
    }
}

/// Removes the innermost axis that satisfies something.
fn take(axes: &mut Vec<Axis>, which: impl Fn(&Axis) -> bool) -> Option<Axis> {
    axes.iter().rposition(which).map(|at| axes.remove(at))
}

/// Whether an operator does nothing but move elements.
pub(super) fn moves(graph: &Graph, op: OpId) -> bool {
    matches!(
        graph.ops[op].kind,
        OpKind::Reshape
            | OpKind::Transpose(_)
            | OpKind::Slice(_)
            | OpKind::Concat { .. }
            | OpKind::Gather { .. }
    )
}

/// Whether elements in this order lie next to each other.
pub(super) fn in_order(axes: &[Axis]) -> bool {
    axes.iter().filter(|axis| axis.extent > 1).all(|axis| axis.from == axis.to)
}

/// A shape's axes, row-major: how many, and from one to the next.
pub(super) fn axes(shape: &Shape) -> Vec<(u64, u64)> {
    let mut stride = 1;
    let mut axes: Vec<_> = shape
        .0
        .iter()
        .rev()
        .map(|extent| {
            let extent = *extent as u64;
            stride *= extent;
            (extent, stride / extent)
        })
        .collect();
    axes.reverse();
    axes
}

impl Planner<'_> {
    /// Moves an operator's elements, unless they can stay where they are.
    pub(super) fn moved(&mut self, id: OpId) {
        let graph = self.graph;
        let op = &graph.ops[id];
        let shape = |tensor: TensorId| &graph.tensors[tensor].ty.shape;
        let x = self.tensor(op.operands[0]);
        let (own, left) = (axes(shape(op.operands[0])), axes(shape(op.result())));
        let parts = match &op.kind {
            OpKind::Transpose(order) => {
                let axis = |(from, (extent, to)): (&usize, &(u64, u64))| Axis {
                    extent: *extent,
                    from: own[*from].1,
                    to: *to,
                };
                vec![Part::new(x, [0, 0], &mut order.iter().zip(&left).map(axis))]
            }
            OpKind::Slice(cuts) => {
                let starts = cuts.iter().map(|cut| &cut.from).zip(own.iter().map(|(_, stride)| *stride));
                let x = self.moving_part(x, starts);
                vec![cut_out(x, cuts, &own)]
            }
            OpKind::Concat { axis } => {
                let mut first = 0;
                let mut part = |operand: &TensorId| {
                    let own = axes(shape(*operand));
                    let to = [0, first];
                    first += own[*axis].0 * left[*axis].1;
                    let axis = |((extent, from), (_, to)): (&(u64, u64), &(u64, u64))| Axis {
                        extent: *extent,
                        from: *from,
                        to: *to,
                    };
                    Part::new(self.tensor(*operand), to, &mut own.iter().zip(&left).map(axis))
                };
                op.operands.iter().map(&mut part).collect()
            }
            OpKind::Gather { axis } => {
                let places = self.tensor(op.operands[1]);
                let (of, row) = own[*axis];
                let rows = shape(op.operands[1]).elements();
                let outer = shape(op.operands[0]).elements() / (of * row);
                let loops = Axis { extent: outer, from: of * row, to: rows * row };
                vec![Part {
                    loops: if outer > 1 { vec![loops] } else { Vec::new() },
                    rows: Axis { extent: rows, from: row, to: row },
                    cols: Axis { extent: row, from: 1, to: 1 },
                    block: [rows, row],
                    chosen: Some((places, of as usize)),
                    ..Part::new(x, [0, 0], &mut std::iter::empty())
                }]
            }
            // All its elements in the same order.
            _ => vec![Part::whole(x, shape(op.result()).elements())],
        };
        if let [part] = &parts[..]
            && self.draft.moves == Moves::WhereNeeded
            && part.is_alias()
            && self.ids[op.result().index()].is_none()
        {
            self.alias(op.result(), part.from, part.first[0]);
            return;
        }
        let result = self.tensor(op.result());
        self.moves(vec![id], parts, result, graph.tensors[op.result()].span);
    }

    /// Moves parts of tensors to a result, for an operator or none.
    pub(super) fn moves(&mut self, ops: Vec<OpId>, parts: Vec<Part>, result: PlannedId, span: Span) {
        self.layer(ops, LayerKind::Move(Move { parts }), Vec::new(), result, span);
    }

    /// Lets a tensor lie in another one's memory, from one of its elements on.
    fn alias(&mut self, id: TensorId, of: PlannedId, first: u64) {
        let Planned { place, declared, .. } = self.tensors[of];
        let place = Place { within: place.within.or(Some(of)), first: place.first + first, ..place };
        let planned = Planned { declared, place, ..self.planned(id) };
        self.ids[id.index()] = Some(self.tensors.push(planned));
    }
}

impl Planner<'_> {
    /// An operand of work on each element, as large as its result, unless it is repeated by rows, columns or altogether.
    pub(super) fn repeated(&mut self, op: OpId, id: TensorId, result: [usize; 2]) -> PlannedId {
        let graph = self.graph;
        let shape = |tensor: TensorId| &graph.tensors[tensor].ty.shape;
        let (from, to) = (shape(id), shape(graph.ops[op].result()));
        if from == to {
            return self.seen_as(id, result);
        }
        if !matches!(graph.ops[op].kind, OpKind::Combine(_)) || is_repeated(from, to) {
            return self.tensor(id);
        }
        let missing = to.0.len() - from.0.len();
        let own = axes(from);
        let axis = |(at, (extent, to)): (usize, (u64, u64))| {
            let from = at.checked_sub(missing).map_or(0, |at| if own[at].0 == 1 { 0 } else { own[at].1 });
            Axis { extent, from, to }
        };
        let places = axes(to).into_iter().enumerate().map(axis).collect();
        self.brought(op, id, places, result)
    }

    /// An operand of work along axes, with these as the columns of a matrix: it, and its axes in the operand's order.
    pub(super) fn lines(&mut self, op: OpId, id: TensorId, along: &[usize]) -> (PlannedId, Vec<Axis>) {
        let own = axes(&self.graph.tensors[id].ty.shape);
        let part = |inside: bool| {
            own.iter().enumerate().filter(move |(at, _)| along.contains(at) == inside).map(|(_, axis)| *axis)
        };
        let cols: u64 = part(true).map(|(extent, _)| extent).product();
        let mut to: u64 = own.iter().map(|(extent, _)| extent).product();
        let extents = [to / cols, cols].map(|side| usize::try_from(side).unwrap_or(usize::MAX));
        let axis = |(extent, from): (u64, u64)| {
            to /= extent;
            Axis { extent, from, to }
        };
        let all: Vec<Axis> = part(false).chain(part(true)).map(axis).collect();
        (self.brought(op, id, all.clone(), extents), all)
    }
}

/// Whether an operand is as large as the result, or one row for every row, one column for every column, or one element; as
/// matrices, whose rows are all axes but the last.
fn is_repeated(operand: &Shape, result: &Shape) -> bool {
    let ((rows, cols), (all_rows, all_cols)) = (operand.as_matrix(), result.as_matrix());
    (rows == 1 || rows == all_rows) && (cols == 1 || cols == all_cols)
}

fn cut_out(x: PlannedId, cuts: &[Cut], own: &[(u64, u64)]) -> Part {
    let start = |(cut, (_, stride)): (&Cut, &(u64, u64))| cut.from.first as u64 * stride;
    let first = cuts.iter().zip(own).map(start).sum();
    let mut to: u64 = cuts.iter().map(|cut| cut.len as u64).product();
    let axis = |(cut, (_, stride)): (&Cut, &(u64, u64))| {
        to /= cut.len as u64;
        Axis { extent: cut.len as u64, from: cut.step as u64 * stride, to }
    };
    Part::new(x, [first, 0], &mut cuts.iter().zip(own).map(axis))
}
