//! Programs as text, both ways: what is printed is read as the same program, and printed again as the same text.
//!
//! A statement is a line; lines that begin with `|`, `wait` or `signal` go on with the one before; `#` begins a comment.
//!
//! | statement | is |
//! |---|---|
//! | `input a : i8[4, 8]` | a buffer in DRAM that holds values before the first cycle: `= 1, 2, ...` one for each element or one for all, `= load("a.npy")`, or by themselves from its name, `= each 80` in so many parts, behind that or alone `pruned 2 of 4 in 64 by 32`, the matrices' sides |
//! | `output c : i32[4, 4]`, `output a` | a buffer in DRAM that is looked at after the run; a declared one too |
//! | `dram t : i8[64]`, `unified a@ub : i8[4, 8]` | any other buffer; `unified.1` lies in core 1's unified buffer |
//! | ... `holds 512 at 1024` | how many bytes of its memory it takes, and where: all of its elements, behind the buffer before it |
//! | `event passed, drained[0]` | declares events; those that an instruction signals need none |
//! | `op name` | whose the next instructions are |
//! | `repeat 4 as i {` ... `}` | a loop |
//! | anything else | an instruction (the table of [`crate::isa`]), on unit 0 or `.1` and so on |
//!
//! | instruction | |
//! |---|---|
//! | `read a@ub = a`, `write c = c@ub`, `host a = b` | copies; behind it `gathered`, or `by places@ub` where numbers choose rows of what is read |
//! | `fetch w` | behind it `packed 2 of 4`, if of every 4 rows 2 are stored |
//! | `load` | |
//! | `multiply acc[0] = a@ub`, `multiply acc[0] += a@ub` | sums begin, or are added to; the tile is the oldest one that is loaded, or `tile i8 by 4` columns, `packed` or not |
//! | `contract acc[0] = a@ub by w@ub` | |
//! | `vector c@ub = acc[0] \| add bias@ub \| requant shift=5 \| relu` | `acc.1[0] 4 by 8 f32 transposed` tells the unit, rows, columns and dtype of sums, and that they stand as columns |
//! | ... `wait passed -1, left before i` | for all signals so far but the last one; for those from before loop `i` |
//! | ... `signal drained` | |
//!
//! | part of a buffer | is |
//! |---|---|
//! | `a` | all of it |
//! | `a[0:4, 8:16]`, `a[2]`, `a[:, 3]` | rows and columns of its matrix, whose columns are its last axis |
//! | `a[4*i + 1 +: 4, :]` | four rows from the one on that loop `i` moves |
//! | `a[...] transposed` | rows as columns |
//! | `a{8 : 4 by 16, 2 by 1}` | from element 8 on, 4 rows 16 elements apart, 2 columns 1 apart |
//! | `x@ub patches [1, 8, 8, 3] size [3, 3] places [6, 6] part [6*i +: 6, :]` | of images `[n, h, w, c]`: a row for each place of a window, a column for each of its elements, `(group, kh, kw, c)`; also `stride [2, 2]`, `padding [1, 1]` above and to the left, `dilation [1, 1]`, `each 1` channel a group, `from 100`, the image's first element. Streamed, fetched, or by vector work looked at channel by channel, `least` being the number in padding |
//! | `acc[4*i mod 8]` | rows of accumulators from there on, in a ring of 8; without `mod` the ring ends with them |
//!
//! | vector step | makes of a row |
//! |---|---|
//! | `relu`, `negate`, `exp`, `log`, `sqrt`, `rsqrt`, `tanh`, `sigmoid`, `silu`, `gelu`, `gelu_tanh` | that function of each element |
//! | `add b@ub`, `subtract b@ub`, `multiply b@ub`, `divide b@ub`, `maximum b@ub`, `minimum 6` | each element with the operand's, or with a number; behind it `reversed`, if the row is the right side |
//! | `requant scale=3 shift=5 zero=1` | i8 of i32; what is not said is 1, 0 and 0 |
//! | `cast to f32` | the same numbers in another dtype |
//! | `sum`, `mean`, `max` | one element |
//! | `argmax` | the place of the greatest, i32 |
//! | `topk k=2`, `topk_places k=2` | the greatest, in descending order, or their places, i32 |
//! | `softmax` | exp(x) over its sum |
//! | `layernorm g@ub, b@ub eps=1e-5`, `rmsnorm g@ub eps=1e-5` | mean 0 and variance 1, times one operand, plus the other; mean square 1, times the operand |
//! | `causal rows=4 offset=0` | row `i` of every 4 keeps its elements up to `i + offset`; the others become -infinity |
//! | ... `to i8` | the dtype of the result, if it is not the row's before, nor after the last step the target's |
//!
//! An operand of a vector step that is one row or one column stands for as many as there are. A name with others like it has a tag
//! that is not part of it: `a`, `a@ub`, `a@ub.2`.

mod line;
mod parse;
mod part;
mod print;
mod words;

pub use parse::{Assembled, MOST_ASSEMBLY_BYTES, Places, assemble};
pub use print::{Listing, print};

use std::collections::VecDeque;

use super::{Instruction, Program, Unit, Work};
use crate::num::{CombineKind, DType, Function, MapKind, OperationKind, ReduceKind, Requant, Side, Sparsity};

/// What loops are called, by depth.
pub const LOOPS: [&str; super::MOST_DEPTH] = ["i", "j", "k", "l", "m", "n", "p", "q", "r", "s", "t", "u"];

/// Functions of one element.
const MAPS: [(&str, MapKind); 11] = [
    ("relu", MapKind::Relu),
    ("negate", MapKind::Negate),
    ("exp", MapKind::Function(Function::Exp)),
    ("log", MapKind::Function(Function::Log)),
    ("sqrt", MapKind::Function(Function::Sqrt)),
    ("rsqrt", MapKind::Function(Function::Rsqrt)),
    ("tanh", MapKind::Function(Function::Tanh)),
    ("sigmoid", MapKind::Function(Function::Sigmoid)),
    ("silu", MapKind::Function(Function::Silu)),
    ("gelu", MapKind::Function(Function::Gelu)),
    ("gelu_tanh", MapKind::Function(Function::GeluTanh)),
];

/// Every other step, with what it is where nothing is said of it.
const STEPS: [(&str, OperationKind); 18] = [
    ("add", OperationKind::Combine(CombineKind::Add, Side::Left)),
    ("subtract", OperationKind::Combine(CombineKind::Subtract, Side::Left)),
    ("multiply", OperationKind::Combine(CombineKind::Multiply, Side::Left)),
    ("divide", OperationKind::Combine(CombineKind::Divide, Side::Left)),
    ("maximum", OperationKind::Combine(CombineKind::Maximum, Side::Left)),
    ("minimum", OperationKind::Combine(CombineKind::Minimum, Side::Left)),
    ("requant", OperationKind::Requant(Requant { scale: 1, shift: 0, zero: 0 })),
    ("cast", OperationKind::Cast),
    ("sum", OperationKind::Reduce(ReduceKind::Sum)),
    ("mean", OperationKind::Reduce(ReduceKind::Mean)),
    ("max", OperationKind::Reduce(ReduceKind::Max)),
    ("argmax", OperationKind::ArgMax),
    ("topk", OperationKind::TopK(1)),
    ("topk_places", OperationKind::TopKPlaces(1)),
    ("softmax", OperationKind::Softmax),
    ("layernorm", OperationKind::LayerNorm { eps: 0.0 }),
    ("rmsnorm", OperationKind::RmsNorm { eps: 0.0 }),
    ("causal", OperationKind::Causal { offset: 0, rows: 0 }),
];

/// What a step is called, details apart.
fn name_of(kind: OperationKind) -> &'static str {
    let alike = |known: OperationKind| match (known, kind) {
        (OperationKind::Combine(a, _), OperationKind::Combine(b, _)) => a == b,
        (OperationKind::Reduce(a), OperationKind::Reduce(b)) => a == b,
        (known, kind) => std::mem::discriminant(&known) == std::mem::discriminant(&kind),
    };
    match kind {
        OperationKind::Map(map) => MAPS.iter().find(|(_, known)| *known == map).map(|(name, _)| *name),
        _ => STEPS.iter().find(|(_, known)| alike(*known)).map(|(name, _)| *name),
    }
    .expect("every step has a name")
}

/// Steps by number, in the order of their names' lists.
pub(super) struct Step;

impl Step {
    pub(super) const COUNT: usize = MAPS.len() + STEPS.len();
}

/// The step of a number below [`Step::COUNT`], details apart.
pub(super) fn numbered_step(number: usize) -> OperationKind {
    match MAPS.get(number) {
        Some((_, map)) => OperationKind::Map(*map),
        None => STEPS[number - MAPS.len()].1,
    }
}

/// A step's number.
pub(super) fn step_number(kind: OperationKind) -> usize {
    let name = name_of(kind);
    let of_map = MAPS.iter().position(|(known, _)| *known == name);
    let of_step = STEPS.iter().position(|(known, _)| *known == name).map(|at| MAPS.len() + at);
    of_map.or(of_step).expect("every step has a name")
}

/// Words that are no names where a name may stand.
fn is_reserved(name: &str) -> bool {
    name == "acc" || name.starts_with("acc.") || matches!(name, "inf" | "nan")
}

/// The dtype of a step's result where nothing is said of it and other steps follow.
fn dtype_left(kind: OperationKind, row: DType) -> Option<DType> {
    match kind {
        OperationKind::Cast => None,
        OperationKind::Requant(_) => Some(DType::I8),
        OperationKind::ArgMax | OperationKind::TopKPlaces(_) => Some(DType::I32),
        _ => Some(row),
    }
}

/// What stands in matrix units as a program goes from line to line: so much needs no telling.
#[derive(Default)]
struct Loaded {
    units: litemap::LiteMap<u32, Tiles>,
}

/// A tile's dtype, columns, and how it is packed.
type Tile = (DType, usize, Option<Sparsity>);

#[derive(Default)]
struct Tiles {
    fetched: VecDeque<Tile>,
    loaded: VecDeque<Tile>,
    sums: Option<DType>,
}

impl Loaded {
    /// Goes past an instruction.
    fn note(&mut self, program: &Program, instruction: &Instruction) {
        let unit = instruction.unit.on_the_way().1;
        let tiles = self.units.entry(unit).or_default();
        let dtype = |factor: &super::Factor| program.buffers[factor.buffer()].dtype;
        match &instruction.work {
            Work::Fetch { tile, packed } => {
                tiles.fetched.push_back((dtype(tile), tile.cols(), *packed));
            }
            Work::Load => {
                let tile = tiles.fetched.pop_front();
                tiles.loaded.extend(tile);
            }
            Work::Multiply { streamed, .. } => {
                tiles.loaded.pop_front();
                tiles.sums = Some(dtype(streamed).sums());
            }
            Work::Contract { activations, .. } => tiles.sums = Some(dtype(activations).sums()),
            Work::Copy { .. } | Work::Vector { .. } => {}
        }
    }

    /// The oldest tile that is loaded.
    fn of(&self, unit: Unit) -> Option<Tile> {
        self.units.get(&unit.on_the_way().1)?.loaded.front().copied()
    }

    /// Of a unit's last sums.
    fn sums(&self, unit: u32) -> DType {
        self.units.get(&unit).and_then(|tiles| tiles.sums).unwrap_or(DType::I32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_steps_has_all_of_them() {
        let lines = include_str!("mod.rs").lines().map_while(|line| line.strip_prefix("//!"));
        let rows: String = lines.skip_while(|line| !line.starts_with(" | vector step")).collect();
        let names = MAPS.iter().map(|(name, _)| name).chain(STEPS.iter().map(|(name, _)| name));
        for name in names {
            assert!(
                [format!("`{name}`"), format!("`{name} ")].iter().any(|step| rows.contains(step)),
                "{name}"
            );
        }
    }
}
