//! Tensors, operators, repeats, outputs: the rules that hold between them are at the top of [`super::verify`].

use std::ops::Range;
use std::rc::Rc;

use smallvec::SmallVec;

use super::names::{Names, TensorName};
use crate::base::{Arena, Id, Span};
use crate::num::{Array, Extents, Requant, Shape, Sparsity, Type};
pub use crate::num::{CombineKind, MapKind, ReduceKind};

/// A checked program.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    /// Every value of the program.
    pub tensors: Arena<Tensor>,
    /// In an order in which they can be executed. The operators of a repeat's body stand in front of the repeat's own.
    pub ops: Arena<Op>,
    /// Bodies that are done several times.
    pub repeats: Arena<Repeat>,
    /// What is asked for.
    pub outputs: Vec<Output>,
    /// What tensors are called.
    pub names: Names,
}

/// Names a tensor.
pub type TensorId = Id<Tensor>;
/// Names an operator.
pub type OpId = Id<Op>;
/// Names a repeat.
pub type RepeatId = Id<Repeat>;

/// A value of the program.
#[derive(Clone, Debug)]
pub struct Tensor {
    /// What it is called: [`Graph::name`].
    pub name: TensorName,
    /// Dtype and shape: of one iteration, if it is of a repeat's body.
    pub ty: Type,
    /// Where it comes from.
    pub source: Source,
    /// The innermost repeat that it belongs to.
    pub within: Option<RepeatId>,
    /// Where it is written.
    pub span: Span,
}

/// Where a tensor's values come from.
#[derive(Clone, Debug)]
pub enum Source {
    /// Given with each run.
    Input(Given),
    /// Fixed. In a repeat's body every iteration has its own.
    Weight(Given),
    /// Every element is this number.
    Constant(f64),
    /// What an iteration begins with, by place in the repeat's list.
    Carried(RepeatId, usize),
    /// An operator's result, by place in its list.
    Op(OpId, usize),
}

/// Values from outside. Without a path they are made from the name, when they are needed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Given {
    /// The file they were loaded from.
    pub path: Option<String>,
    /// What was in it; within repeats, of all iterations one after the other. Calls that load the same share it.
    pub array: Option<Rc<Array>>,
    /// How it is pruned along its last axis but one: values that are made are, and those that were loaded must be.
    pub sparsity: Option<Sparsity>,
}

/// A list of tensors; most are short.
pub type Tensors = SmallVec<[TensorId; 3]>;

/// An operation on tensors.
#[derive(Clone, Debug)]
pub struct Op {
    /// What it does.
    pub kind: OpKind,
    /// What it reads.
    pub operands: Tensors,
    /// What it makes.
    pub results: Tensors,
    /// The innermost repeat that it belongs to.
    pub within: Option<RepeatId>,
    /// How the program wants it to run.
    pub choices: Option<Box<Choices>>,
    /// Where it is written.
    pub span: Span,
}

impl Op {
    /// Its first result; most operators have no other.
    pub fn result(&self) -> TensorId {
        self.results[0]
    }
}

/// Kinds of operators. Axes are counted from 0, outermost first.
#[derive(Clone, Debug, PartialEq)]
pub enum OpKind {
    /// Sum of products of two tensors, over what the result's axes do not name.
    Contract(Contract),
    /// x[n, h, w, c] by w[kh, kw, c / groups, f] to [n, oh, ow, f].
    Conv2d {
        /// Where the filter goes.
        window: Window,
        /// Channels in and out fall into so many parts, each convolved by itself.
        groups: usize,
    },
    /// Over windows of [n, h, w, c].
    Pool(PoolKind, Window),
    /// Element by element.
    Map(MapKind),
    /// Two tensors, element by element; an axis that one of them lacks or has with extent 1 is repeated.
    Combine(CombineKind),
    /// i32 to i8.
    Requant(Requant),
    /// To the dtype of the result.
    Cast,
    /// Along axes, which go or stay with extent 1.
    Reduce {
        /// How.
        kind: ReduceKind,
        /// In ascending order.
        axes: Extents,
        /// Whether they stay.
        keep: bool,
    },
    /// Place of the greatest along an axis, which goes; the first of equals.
    ArgMax {
        /// Which.
        axis: usize,
    },
    /// The greatest along the last axis, in descending order, and their places.
    TopK {
        /// How many.
        k: usize,
    },
    /// exp(x) over its sum along an axis.
    Softmax {
        /// Which.
        axis: usize,
    },
    /// Along the last axis to mean 0 and variance 1, by a factor and plus a summand each: the second and third operand.
    LayerNorm {
        /// Added to the variance.
        eps: f64,
    },
    /// Along the last axis to mean square 1, by a factor each: the second operand.
    RmsNorm {
        /// Added to the mean square.
        eps: f64,
    },
    /// Of the last two axes, row `i` keeps its columns up to `i + offset`; the others become -infinity.
    Causal {
        /// How many columns row 0 keeps besides the first.
        offset: usize,
    },
    /// The same elements in the same order with another shape.
    Reshape,
    /// The result's axis `i` is the operand's `order[i]`.
    Transpose(Extents),
    /// Operands one after the other along an axis.
    Concat {
        /// Which.
        axis: usize,
    },
    /// A part of each axis.
    Slice(Vec<Cut>),
    /// Parts of the first operand along an axis, by the whole numbers of the second; what lies outside is the nearest inside.
    Gather {
        /// Which.
        axis: usize,
    },
    /// All iterations of a repeat. Operands are what it begins with; results what it ends with, and what it collects.
    Repeat(RepeatId),
}

/// Labels by axis.
pub type Labels = SmallVec<[u8; 8]>;

/// Axes of a contraction by labels: those of the result, then those that are summed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contract {
    /// By axis of the first operand.
    pub left: Labels,
    /// By axis of the second operand.
    pub right: Labels,
    /// By axis of the result.
    pub out: Labels,
}

/// Where a window goes over [n, h, w, c].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Height and width.
    pub size: [usize; 2],
    /// From one place to the next.
    pub stride: [usize; 2],
    /// Rows above and below, columns left and right, that are not there.
    pub padding: [usize; 4],
    /// From one element of the window to the next.
    pub dilation: [usize; 2],
}

/// What is made of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PoolKind {
    /// The greatest of what is there.
    Max,
    /// The mean; what is not there counts as zeros.
    Mean,
}

/// A part of an axis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cut {
    /// The first element.
    pub from: Index,
    /// How many.
    pub len: usize,
    /// From one to the next.
    pub step: usize,
    /// Whether the axis stays; one that goes has a single element.
    pub keep: bool,
}

/// A place that may move with the iterations of repeats.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Index {
    /// In iteration 0 of each.
    pub first: i64,
    /// By repeat: how far an iteration moves it.
    pub steps: Vec<(RepeatId, i64)>,
}

/// A body that is done several times.
#[derive(Clone, Debug)]
pub struct Repeat {
    /// How often.
    pub count: usize,
    /// The repeat around this one.
    pub within: Option<RepeatId>,
    /// What goes from one iteration to the next.
    pub carried: Vec<Carried>,
    /// What every iteration leaves: along a new first axis.
    pub collected: Vec<TensorId>,
    /// Where it is written.
    pub span: Span,
}

/// A tensor that goes from one iteration to the next; all three have one type.
#[derive(Clone, Copy, Debug)]
pub struct Carried {
    /// Before the first iteration: from outside.
    pub begin: TensorId,
    /// What an iteration reads.
    pub now: TensorId,
    /// What the next one will read.
    pub next: TensorId,
}

/// How a product is to run; what is not given is found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choices {
    /// `ws`, `is` or `os`.
    pub dataflow: Option<Stationary>,
    /// Rows, columns and steps of k of a tile.
    pub tile: Option<[usize; 3]>,
    /// Loops over tiles, outermost first.
    pub order: Option<[LoopAxis; 3]>,
    /// Places for each operand's tiles: 2 lets one be filled while the other is used.
    pub buffers: Option<usize>,
    /// Whether what follows runs on the sums as they drain.
    pub fuse: Option<bool>,
}

/// Which operand stays in the array.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stationary {
    /// `ws`
    Weights,
    /// `is`
    Inputs,
    /// `os`
    Outputs,
}

/// An extent of a product `[m, k] @ [k, n]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoopAxis {
    /// Rows of the result.
    M,
    /// Columns of the result.
    N,
    /// What is summed over.
    K,
}

/// A tensor that the program puts out.
#[derive(Clone, Debug)]
pub struct Output {
    /// Which.
    pub tensor: TensorId,
    /// The `output` statement.
    pub span: Span,
}

/// What a program may be at most; [`super::build`] refuses more, with the number it found.
pub struct Limits;

impl Limits {
    /// Operators of a program, a repeat's body counted once.
    pub const OPS: usize = 4096;
    /// Values that a program puts out: a report lists the elements of each, if they are few.
    pub const OUTPUTS: usize = 4096;
    /// Multiply-accumulates of all iterations.
    pub const ALL_MACS: u64 = 1 << 62;
    /// Times that a body is done, in repeats within repeats all together.
    pub const ITERATIONS: u64 = 1 << 32;
    /// Bytes of all tensors of a run together. It holds them three times: as declared, in memory, by the reference.
    pub const ALL_BYTES: u64 = 1 << 27;
    /// Multiply-accumulates of a run: some ten seconds in a browser.
    pub const MACS: u64 = 1 << 33;
    /// Effort of a program that is evaluated for no chip, by [`Graph::all_effort`]: some ten seconds natively.
    pub const EFFORT: u64 = 1 << 34;
    /// Elements of vector work of a run: some seconds in a browser.
    pub const VECTOR_ELEMENTS: u64 = 1 << 28;
}

impl OpKind {
    /// As the language calls it.
    pub fn name(&self) -> &'static str {
        match self {
            OpKind::Contract(contract) if contract.is_of_matrices() => "@",
            OpKind::Contract(_) => "einsum",
            OpKind::Conv2d { .. } => "conv2d",
            OpKind::Pool(PoolKind::Max, _) => "maxpool",
            OpKind::Pool(PoolKind::Mean, _) => "avgpool",
            OpKind::Map(kind) => kind.name(),
            OpKind::Combine(kind) => kind.name(),
            OpKind::Requant(_) => "requant",
            OpKind::Cast => "cast",
            OpKind::Reduce { kind, .. } => kind.name(),
            OpKind::ArgMax { .. } => "argmax",
            OpKind::TopK { .. } => "topk",
            OpKind::Softmax { .. } => "softmax",
            OpKind::LayerNorm { .. } => "layernorm",
            OpKind::RmsNorm { .. } => "rmsnorm",
            OpKind::Causal { .. } => "causal",
            OpKind::Reshape => "reshape",
            OpKind::Transpose(_) => "transpose",
            OpKind::Concat { .. } => "concat",
            OpKind::Slice(_) => "slice",
            OpKind::Gather { .. } => "gather",
            OpKind::Repeat(_) => "repeat",
        }
    }
}

impl Contract {
    /// `a @ b` of so many axes each: products of matrices over the last two, once for each place of those before.
    pub fn of_matrices(left: usize, right: usize) -> Contract {
        let batch = left.max(right) - 2;
        let labels = |axes: usize, last: [u8; 2]| -> Labels {
            (batch + 2 - axes..batch).map(|label| label as u8).chain(last).collect()
        };
        let [row, col, depth] = [batch, batch + 1, batch + 2].map(|label| label as u8);
        Contract {
            left: labels(left, [row, depth]),
            right: labels(right, [depth, col]),
            out: labels(batch + 2, [row, col]),
        }
    }

    /// Whether it is `a @ b`.
    fn is_of_matrices(&self) -> bool {
        let [left, right] = [self.left.len(), self.right.len()];
        left.min(right) >= 2 && *self == Contract::of_matrices(left, right)
    }

    /// Whether it is `a @ b` of two matrices.
    pub fn is_matrix_product(&self) -> bool {
        *self == Contract::of_matrices(2, 2)
    }

    /// Every label once, those of the result first, with its extent; the operands' shapes fit the labels.
    pub fn extents(&self, left: &Shape, right: &Shape) -> Vec<(u8, usize)> {
        let find = |label: u8| {
            let of = |labels: &[u8], shape: &Shape| {
                labels.iter().position(|known| *known == label).and_then(|at| shape.0.get(at).copied())
            };
            of(&self.left, left).or_else(|| of(&self.right, right)).unwrap_or(1)
        };
        let mut labels: Vec<u8> = Vec::new();
        for label in self.out.iter().chain(&self.left).chain(&self.right) {
            if !labels.contains(label) {
                labels.push(*label);
            }
        }
        labels.into_iter().map(|label| (label, find(label))).collect()
    }
}

impl Window {
    /// Which of `extent` rows (0) or columns (1) an undilated window holds in its `place`th place, padding apart.
    pub fn held(&self, side: usize, place: usize, extent: usize) -> Range<usize> {
        // In 64 bits, as in [`Window::places`].
        let from = place as u64 * self.stride[side] as u64;
        let inside = |at: u64| at.saturating_sub(self.padding[2 * side] as u64).min(extent as u64) as usize;
        inside(from)..inside(from + self.size[side] as u64)
    }

    /// Which of `extent` rows (0) or columns (1) element `at` of the window lies on in its `place`th place; nothing in padding.
    pub fn inside(&self, side: usize, place: usize, at: usize, extent: usize) -> Option<usize> {
        // In 64 bits, as in [`Window::places`].
        let padded = place as u64 * self.stride[side] as u64 + at as u64 * self.dilation[side] as u64;
        let inside = padded.checked_sub(self.padding[2 * side] as u64)?;
        (inside < extent as u64).then_some(inside as usize)
    }

    /// Extent of the result along height (0) or width (1), if the window fits an extent of the operand.
    pub fn places(&self, side: usize, extent: usize) -> Option<usize> {
        // In 64 bits, which each of them times another does not leave.
        let [before, behind] = [self.padding[2 * side] as u64, self.padding[2 * side + 1] as u64];
        let reach = (self.size[side] as u64 - 1) * self.dilation[side] as u64 + 1;
        let room = before + extent as u64 + behind;
        usize::try_from(room.checked_sub(reach)? / self.stride[side] as u64 + 1).ok()
    }
}

impl Stationary {
    /// As the language calls it.
    pub fn name(self) -> &'static str {
        match self {
            Stationary::Weights => "ws",
            Stationary::Inputs => "is",
            Stationary::Outputs => "os",
        }
    }
}

impl LoopAxis {
    /// As the language calls it.
    pub fn name(self) -> &'static str {
        match self {
            LoopAxis::M => "m",
            LoopAxis::N => "n",
            LoopAxis::K => "k",
        }
    }
}

/// Brings the values of `load("...")`.
pub trait Loader {
    /// The array at a path.
    fn load(&self, path: &str) -> Result<Array, LoadError>;

    /// Whether it has any: if not, declared types are believed.
    fn has_values(&self) -> bool {
        true
    }
}

/// Why a path's values cannot be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadError {
    /// What is wrong.
    pub message: String,
    /// How to mend it.
    pub hint: String,
}
