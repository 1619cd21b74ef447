//! What every program must be before it runs.
//!
//! 1. Every instruction and every loop stands in one place; loops run at least once and are at most [`MOST_DEPTH`] deep;
//!    there are at most [`MOST_STEPS`] steps in all.
//! 2. Work belongs to its kind of unit, and the chip has that unit.
//! 3. All signals of an event come from one unit; waits count from loops around them.
//! 4. Every window lies within its buffer in every iteration, and moves only with loops around it; so do images, and patches
//!    within their matrix. Images and windows over them have extents, channels fall into whole groups, and all counts of an image
//!    are below 2^31.
//! 5. Work reads and writes the memories that its unit reaches.
//! 6. A matrix unit's tiles are fetched, loaded and multiplied by in turn: each loop has as many fetches as loads as
//!    multiplies for it, never more loads than fetches nor more multiplies than loads up to any place; tiles fit the
//!    array, and what streams has as many columns as its tile has rows.
//! 7. Matrix units multiply where weights stay and contract where sums stay; their accumulator rows exist.
//! 8. The chip multiplies the dtypes.
//! 9. A copy's windows, and a vector instruction's source, operands and target, have the same extents. A step that changes a
//!    row's length comes last; the target has as many columns as it leaves, at least one and at most as many as there were.
//!    Rows of DRAM alone are chosen, by as many numbers of 32 bits.
//! 10. Every buffer lies within its memory.
//! 11. Vector steps have the operands of their kind, and take the dtypes: floats with floats and whole numbers with whole numbers,
//!     sums being i32 or f32. The last one's result, or the source, has the target's dtype. A mask's matrix has rows, and the
//!     target's rows are apart. Shifts are at most [`Requant::MOST_SHIFT`].
//! 12. No window has more than [`MOST_NUMBER`] elements.
//! 13. Packed tiles are windows of DRAM, and the chip skips what is pruned so; what is multiplied by them says so too.

use std::collections::VecDeque;
use std::fmt;

use litemap::LiteMap;

use super::{
    Buffer, BufferId, EventId, Factor, From, Instruction, InstructionId, LoopId, MOST_DEPTH, MOST_NUMBER,
    Node, Patches, Program, RowsAre, Space, SumRows, Unit, VectorSource, VectorStep, Wait, Window, Work,
};
use crate::chip::{Chip, Stationary};
use crate::num::{DType, Operand, OperationKind, Requant, Sparsity};

/// Most steps of a program, all loops unrolled.
pub const MOST_STEPS: u64 = 1 << 48;
/// Most broken rules that are told at once.
const MOST_BROKEN: usize = 50;
/// Most tiles that stand between a unit's fetches and multiplies in the order of a program.
const MOST_TILES_AHEAD: usize = 64;

/// A broken rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// Number in the list above.
    pub rule: u32,
    /// What breaks it.
    pub at: Culprit,
    /// In words.
    pub message: String,
}

/// Who breaks a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Culprit {
    /// An instruction.
    Instruction(InstructionId),
    /// A loop.
    Loop(LoopId),
    /// A buffer.
    Buffer(BufferId),
    /// Nobody alone.
    All,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Culprit::Instruction(id) = self.at {
            write!(f, "instruction {}: ", id.index())?;
        }
        write!(f, "{} (rule {})", self.message, self.rule)
    }
}

/// Checks every rule; the first broken one is returned.
pub fn verify(program: &Program, chip: &Chip) -> Result<(), Broken> {
    match broken_rules(program, chip).into_iter().next() {
        Some(broken) => Err(broken),
        None => Ok(()),
    }
}

/// What breaks rules, as far as one can be seen beside others: up to a bound.
pub fn broken_rules(program: &Program, chip: &Chip) -> Vec<Broken> {
    let around = match places(program) {
        Ok(around) => around,
        Err(broken) => return vec![broken],
    };
    let mut verifier = Verifier { program, chip, around: &around, signallers: LiteMap::new() };
    let mut all = Vec::new();
    for (id, instruction) in program.instructions.iter() {
        if let Err((rule, message)) = verifier.instruction(id, instruction) {
            all.push(Broken { rule, at: Culprit::Instruction(id), message });
        }
        if all.len() == MOST_BROKEN {
            return all;
        }
    }
    if all.is_empty() {
        all.extend(tiles(program, chip).err());
    }
    all.extend(capacities(program, chip).err());
    all
}

type Check = Result<(), (u32, String)>;

fn check(rule: u32, holds: bool, message: impl FnOnce() -> String) -> Check {
    if holds { Ok(()) } else { Err((rule, message())) }
}

fn broken(rule: u32, message: String) -> Broken {
    Broken { rule, at: Culprit::All, message }
}

fn broken_loop(rule: u32, id: LoopId, message: String) -> Broken {
    Broken { rule, at: Culprit::Loop(id), message }
}

fn too_many(steps: u64) -> String {
    format!("up to here the program has {steps} steps, more than {MOST_STEPS}")
}

/// By instruction: the loops around it (rule 1).
fn places(program: &Program) -> Result<Vec<Vec<LoopId>>, Broken> {
    struct Places<'a> {
        program: &'a Program,
        instructions: Vec<Option<Vec<LoopId>>>,
        loops: Vec<bool>,
        around: Vec<LoopId>,
        steps: u64,
    }
    impl Places<'_> {
        fn nodes(&mut self, nodes: &[Node], times: u64) -> Result<(), Broken> {
            for node in nodes {
                match node {
                    Node::Do(id) => {
                        let place = &mut self.instructions[id.index()];
                        if place.replace(self.around.clone()).is_some() {
                            return Err(broken(1, format!("instruction {} stands twice", id.index())));
                        }
                        self.steps = self.steps.saturating_add(times);
                    }
                    Node::Repeat(id) => self.repeat(*id, times)?,
                }
            }
            Ok(())
        }

        fn repeat(&mut self, id: LoopId, times: u64) -> Result<(), Broken> {
            let looped = &self.program.loops[id];
            if std::mem::replace(&mut self.loops[id.index()], true) {
                return Err(broken_loop(1, id, format!("loop {} stands twice", id.index())));
            }
            if looped.count == 0 {
                return Err(broken_loop(1, id, "the loop runs no time".into()));
            }
            if self.around.len() == MOST_DEPTH {
                return Err(broken_loop(1, id, format!("the loop is more than {MOST_DEPTH} deep")));
            }
            self.around.push(id);
            self.nodes(&looped.body, times.saturating_mul(looped.count.into()))?;
            if self.steps > MOST_STEPS {
                return Err(broken_loop(1, id, too_many(self.steps)));
            }
            self.around.pop();
            Ok(())
        }
    }
    let mut places = Places {
        program,
        instructions: vec![None; program.instructions.len()],
        loops: vec![false; program.loops.len()],
        around: Vec::new(),
        steps: 0,
    };
    places.nodes(&program.body, 1)?;
    if places.steps > MOST_STEPS {
        return Err(broken(1, too_many(places.steps)));
    }
    if let Some(at) = places.loops.iter().position(|stands| !stands) {
        return Err(broken(1, format!("loop {at} stands nowhere")));
    }
    let missing = |at: usize| broken(1, format!("instruction {at} stands nowhere"));
    places.instructions.into_iter().enumerate().map(|(at, place)| place.ok_or_else(|| missing(at))).collect()
}

struct Verifier<'a> {
    program: &'a Program,
    chip: &'a Chip,
    around: &'a [Vec<LoopId>],
    signallers: LiteMap<EventId, Unit>,
}

impl Verifier<'_> {
    fn instruction(&mut self, id: InstructionId, instruction: &Instruction) -> Check {
        self.unit(instruction)?;
        for event in &instruction.signals {
            let first = *self.signallers.entry(*event).or_insert(instruction.unit);
            check(3, first == instruction.unit, || {
                let name = &self.program.events[*event].name;
                format!("{} and {} both signal `{name}`", first.name(), instruction.unit.name())
            })?;
        }
        let depth = self.around[id.index()].len();
        let around = |wait: &Wait| match wait.from {
            From::Loop(at) => at < depth,
            From::Here => true,
        };
        check(3, instruction.waits.iter().all(around), || {
            "it counts from a loop that is not around it".into()
        })?;
        touched(&instruction.work).iter().try_for_each(|factor| match factor {
            Factor::Window(window) => self.window(id, window),
            Factor::Patches(patches) | Factor::PatchesAcross(patches) => self.patches(id, patches),
        })?;
        self.memories(instruction)?;
        self.work(instruction)
    }

    fn unit(&self, instruction: &Instruction) -> Check {
        let kind = matches!(
            (&instruction.work, instruction.unit),
            (Work::Copy { .. }, Unit::DmaIn(_) | Unit::DmaOut(_) | Unit::Host)
                | (Work::Fetch { .. }, Unit::Fetch(_))
                | (Work::Load, Unit::Load(_))
                | (Work::Multiply { .. } | Work::Contract { .. }, Unit::Matrix(_))
                | (Work::Vector { .. }, Unit::Vector(_))
        );
        check(2, kind, || format!("{} cannot do this work", instruction.unit.name()))?;
        let there = match instruction.unit {
            Unit::DmaIn(core) | Unit::DmaOut(core) | Unit::Vector(core) => (core as usize) < self.chip.cores,
            Unit::Fetch(unit) | Unit::Load(unit) | Unit::Matrix(unit) => {
                (unit as usize) < self.chip.matrix_units
            }
            Unit::Host => self.chip.host.is_some(),
        };
        check(2, there, || format!("the chip has no {}", instruction.unit.name()))
    }

    fn window(&self, id: InstructionId, window: &Window) -> Check {
        let around = &self.around[id.index()];
        let moves = window.advance.iter().enumerate();
        let held = moves.clone().all(|(depth, step)| *step == 0 || depth < around.len());
        check(4, held, || "a window moves with a loop that is not around it".into())?;
        check(4, window.rows > 0 && window.cols > 0, || "a window is empty".into())?;
        let elements = window.rows.checked_mul(window.cols).filter(|all| *all as u64 <= MOST_NUMBER);
        check(12, elements.is_some(), || format!("a window of more than {MOST_NUMBER} elements"))?;
        let side = |extent: usize, stride: u64| i128::from(stride) * (extent as i128 - 1);
        let own = side(window.rows, window.row_stride) + side(window.cols, window.col_stride);
        self.reaches("a window", around, window.buffer, window.offset, &window.advance, own)
    }

    /// Whether something is within its buffer in all iterations: it begins at an element, and ends so many behind it.
    fn reaches(
        &self,
        what: &str,
        around: &[LoopId],
        buffer: BufferId,
        first: u64,
        advance: &[i64; MOST_DEPTH],
        own: i128,
    ) -> Check {
        let moved = advance.iter().zip(around).map(|(step, id)| {
            // In 128 bits: of numbers that are read, nothing leaves them.
            i128::from(*step) * i128::from(self.program.loops[*id].count.saturating_sub(1))
        });
        let reach = [i128::from(first), i128::from(first) + own];
        let [least, last] =
            moved.fold(reach, |[least, last], moved| [least + moved.min(0), last + moved.max(0)]);
        let Buffer { name, len, .. } = &self.program.buffers[buffer];
        check(4, least >= 0, || format!("{what} begins {} elements before `{name}`", -least))?;
        check(4, last < i128::from(*len), || {
            format!("{what} reaches element {last} of `{name}`, which has {len}")
        })
    }

    fn patches(&self, id: InstructionId, patches: &Patches) -> Check {
        let (image, around) = (&patches.image, &self.around[id.index()]);
        let sides = image.extents;
        let counts = [image.places, image.size, image.stride, image.dilation].concat();
        let mut all = sides.iter().chain(&counts).chain([&image.each]);
        check(4, all.all(|side| (1..1 << 31).contains(side)), || "an image without extents".into())?;
        check(4, image.padding.iter().all(|side| *side < 1 << 31), || "an image in too much padding".into())?;
        check(4, image.extents[3].is_multiple_of(image.each), || "channels left over by groups".into())?;
        check(4, patches.rows > 0 && patches.cols > 0, || "patches are empty".into())?;
        let moves = patches.moves.iter().zip(patches.advance);
        let held = |(depth, (far, step)): (usize, (&i64, [usize; 2]))| {
            (*far, step) == (0, [0; 2]) || depth < around.len()
        };
        check(4, moves.enumerate().all(held), || "patches move with a loop that is not around them".into())?;
        for (side, extent) in [patches.rows, patches.cols].into_iter().enumerate() {
            let reach = patches.advance.iter().zip(around).map(|(step, id)| {
                (step[side] as u64).saturating_mul(u64::from(self.program.loops[*id].count) - 1)
            });
            let end = reach.fold(extent as u64, u64::saturating_add);
            let end = end.saturating_add(patches.first[side] as u64);
            let all = image.matrix()[side];
            check(4, end <= all, || format!("patches reach row or column {end} of {all}"))?;
        }
        let own = sides.iter().fold(1u64, |all, side| all.saturating_mul(*side as u64));
        let end = i128::from(own) - 1;
        self.reaches("an image", around, patches.buffer, patches.offset, &patches.moves, end)
    }

    fn space(&self, factor: &Factor) -> Space {
        self.program.buffers[factor.buffer()].space
    }

    fn core_of(&self, unit: u32) -> u32 {
        unit / self.chip.units_per_core() as u32
    }

    fn memories(&self, instruction: &Instruction) -> Check {
        let here = match instruction.unit {
            Unit::DmaIn(core) | Unit::DmaOut(core) | Unit::Vector(core) => Space::Unified(core),
            Unit::Fetch(unit) | Unit::Load(unit) | Unit::Matrix(unit) => Space::Unified(self.core_of(unit)),
            Unit::Host => Space::Dram,
        };
        let spaces: Vec<Space> = touched(&instruction.work).iter().map(|factor| self.space(factor)).collect();
        let reached = match instruction.unit {
            // What chooses rows comes third.
            Unit::DmaIn(_) => {
                spaces[..2] == [Space::Dram, here] && spaces[2..].iter().all(|space| *space == here)
            }
            Unit::DmaOut(_) => spaces == [here, Space::Dram],
            Unit::Host => true,
            Unit::Fetch(_) => spaces == [Space::Dram] || spaces == [here],
            _ => spaces.iter().all(|space| *space == here),
        };
        check(5, reached, || format!("{} does not reach that memory", instruction.unit.name()))
    }

    fn work(&mut self, instruction: &Instruction) -> Check {
        let dtype = |window: &Window| self.program.buffers[window.buffer].dtype;
        let of = |factor: &Factor| self.program.buffers[factor.buffer()].dtype;
        match &instruction.work {
            Work::Copy { from, to, rows } => {
                let same = (from.rows, from.cols, dtype(from)) == (to.rows, to.cols, dtype(to));
                check(9, same, || {
                    let shown =
                        |window: &Window| format!("{}[{}, {}]", dtype(window), window.rows, window.cols);
                    format!("a copy of {} to {}", shown(from), shown(to))
                })?;
                let RowsAre::Chosen { places, of } = rows else { return Ok(()) };
                let numbers = (places.rows, places.cols, dtype(places)) == (from.rows, 1, DType::I32);
                let fits = matches!(instruction.unit, Unit::DmaIn(_)) && numbers && *of > 0;
                check(9, fits, || "rows are not chosen by a number each".into())
            }
            Work::Fetch { tile, packed: None } => self.fits(tile.rows(), tile.cols()),
            Work::Fetch { tile, packed: Some(sparsity) } => {
                check(13, self.chip.skips() == Some(*sparsity), || {
                    format!("the chip does not skip weights that are pruned {sparsity}")
                })?;
                let plain = matches!(tile, Factor::Window(_)) && self.space(tile) == Space::Dram;
                check(13, plain, || "packed weights are no matrix in DRAM".into())?;
                self.fits(sparsity.stored(tile.rows()), tile.cols())
            }
            Work::Load => Ok(()),
            Work::Multiply { streamed, tile, sums, .. } => {
                self.pass(Stationary::Weights)?;
                self.sums(&sums.rows, streamed.rows())?;
                self.multiplies(of(streamed), *tile)
            }
            Work::Contract { activations, weights, sums } => {
                self.pass(Stationary::Sums)?;
                self.fits(activations.rows(), weights.cols)?;
                check(6, activations.cols() == weights.rows, || "the operands' k differ".into())?;
                self.sums(&sums.rows, activations.rows())?;
                self.multiplies(of(activations), dtype(weights))
            }
            Work::Vector { source, steps, target } => self.vector(instruction.unit, source, steps, target),
        }
    }

    fn fits(&self, rows: usize, cols: usize) -> Check {
        check(6, rows <= self.chip.rows && cols <= self.chip.cols, || {
            format!("{rows} x {cols} do not fit an array of {} x {}", self.chip.rows, self.chip.cols)
        })
    }

    fn pass(&self, stationary: Stationary) -> Check {
        check(7, self.chip.dataflow.stationary() == stationary, || match stationary {
            Stationary::Weights => {
                "sums stay in this chip's arrays, it does not multiply by loaded tiles".into()
            }
            Stationary::Sums => "weights stay in this chip's arrays, it does not contract".into(),
        })
    }

    /// Every place of the block is a multiple of what its steps have in common, so it never lies across the ring's end.
    fn sums(&self, place: &SumRows, rows: usize) -> Check {
        let all = self.chip.accumulator_rows;
        check(7, (1..=all).contains(&place.ring), || match place.first.saturating_add(rows) == place.ring {
            // As a ring is that nobody has written.
            true => format!(
                "rows {} to {} of accumulators that have {all}",
                place.first,
                place.ring.saturating_sub(1)
            ),
            false => format!("a ring of {} accumulator rows, of {all}", place.ring),
        })?;
        let small = place.advance.iter().chain([&place.first]).all(|step| *step < place.ring);
        check(7, small, || format!("rows of sums move further than their ring of {} goes", place.ring))?;
        let common =
            place.advance.iter().fold(gcd(place.ring, place.first), |common, step| gcd(common, *step));
        check(7, rows <= common, || format!("{rows} rows of sums in steps of {common}"))
    }

    fn multiplies(&self, a: DType, w: DType) -> Check {
        check(8, self.chip.rate(a, w).is_some(), || format!("the chip does not multiply {a} by {w}"))
    }

    fn vector(&self, unit: Unit, source: &VectorSource, steps: &[VectorStep], target: &Window) -> Check {
        if let VectorSource::Accumulators { unit: array, place, rows, cols, .. } = source {
            let there =
                (*array as usize) < self.chip.matrix_units && Unit::Vector(self.core_of(*array)) == unit;
            check(5, there, || "accumulators of another core".into())?;
            self.sums(place, *rows)?;
            let exist = (1..=self.chip.cols).contains(cols) && *rows > 0;
            check(7, exist, || "columns of accumulators that are not there".into())?;
        }
        if let VectorSource::Patches(patches, _) = source {
            let taps = patches.image.taps();
            let whole = patches.cols.is_multiple_of(taps) && patches.image.each == 1;
            check(9, whole && patches.first[1].is_multiple_of(taps), || {
                "windows of parts of channels".into()
            })?;
        }
        let (rows, cols) = source.extents();
        let changes = |step: &VectorStep| step.kind.cols(cols) != cols;
        check(9, !steps.iter().rev().skip(1).any(changes), || {
            "a step that changes a row's length comes last".into()
        })?;
        let left = steps.last().map_or(cols, |step| step.kind.cols(cols));
        check(9, (1..=cols).contains(&left), || format!("{left} elements of a row of {cols}"))?;
        check(9, (target.rows, target.cols) == (rows, left), || {
            format!("the target is {} x {}, not {rows} x {left}", target.rows, target.cols)
        })?;
        let mut operands = steps.iter().flat_map(VectorStep::elements);
        check(9, operands.all(|window| (window.rows, window.cols) == (rows, cols)), || {
            "an operand has other extents".into()
        })?;
        self.dtypes(source, steps, target)
    }

    fn dtypes(&self, source: &VectorSource, steps: &[VectorStep], target: &Window) -> Check {
        let dtype = |window: &Window| self.program.buffers[window.buffer].dtype;
        let mut row = match source {
            VectorSource::Accumulators { dtype, .. } => *dtype,
            VectorSource::Buffer(window) => dtype(window),
            VectorSource::Patches(patches, _) => self.program.buffers[patches.buffer].dtype,
        };
        let sums =
            matches!(row, DType::I32 | DType::F32) || !matches!(source, VectorSource::Accumulators { .. });
        check(11, sums, || format!("sums of {row}"))?;
        for step in steps {
            check(11, step.operands.len() == step.kind.operands(), || "a step has other operands".into())?;
            let alike = |operand: &Operand<Window>| match operand {
                Operand::Elements(window) => dtype(window).is_float() == row.is_float(),
                Operand::Number(_) => true,
            };
            if let OperationKind::Requant(by) = step.kind {
                check(11, by.shift <= Requant::MOST_SHIFT, || format!("a shift by {}", by.shift))?;
            }
            let takes = step.kind.takes(row, step.to) && step.operands.iter().all(alike);
            check(11, takes, || format!("a step does not make {} of {row}", step.to))?;
            if let OperationKind::Causal { rows, .. } = step.kind {
                let apart = rows > 0 && target.row_stride > 0;
                check(11, apart, || "a mask's rows have no numbers".into())?;
            }
            row = step.to;
        }
        let to = dtype(target);
        check(11, row == to, || format!("{row} is written to {to}"))
    }
}

fn gcd(mut a: usize, mut b: usize) -> usize {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

/// Everything that an instruction touches in buffers, sources first.
pub(super) fn touched(work: &Work) -> Vec<Factor> {
    let all = |windows: &[Window]| windows.iter().copied().map(Factor::Window).collect::<Vec<_>>();
    match work {
        Work::Copy { from, to, rows: RowsAre::Chosen { places, of } } => {
            all(&[Window { rows: *of, ..*from }, *to, *places])
        }
        Work::Copy { from, to, .. } => all(&[*from, *to]),
        Work::Fetch { tile, .. } => vec![*tile],
        Work::Load => Vec::new(),
        Work::Multiply { streamed, .. } => vec![*streamed],
        Work::Contract { activations, weights, .. } => vec![*activations, Factor::Window(*weights)],
        Work::Vector { source, steps, target } => {
            let source = match source {
                VectorSource::Buffer(window) => Some(Factor::Window(*window)),
                VectorSource::Patches(patches, _) => Some(Factor::Patches(*patches)),
                VectorSource::Accumulators { .. } => None,
            };
            let windows = steps.iter().flat_map(VectorStep::elements).chain([target]);
            source.into_iter().chain(windows.copied().map(Factor::Window)).collect()
        }
    }
}

/// Tiles on their way to one matrix unit: rows, columns and dtype.
#[derive(Clone, Default, PartialEq)]
struct Ahead {
    fetched: VecDeque<(usize, usize, DType, Option<Sparsity>)>,
    loaded: VecDeque<(usize, usize, DType, Option<Sparsity>)>,
}

/// Walks the program with what each unit has fetched and loaded (rule 6). A loop is gone through until the tiles ahead
/// of it are what they were an iteration before.
fn tiles(program: &Program, chip: &Chip) -> Result<(), Broken> {
    let mut ahead = vec![Ahead::default(); chip.matrix_units];
    walk_tiles(program, &program.body, &mut ahead)?;
    if ahead.iter().any(|ahead| *ahead != Ahead::default()) {
        return Err(broken(6, "a tile is fetched or loaded and never used".into()));
    }
    Ok(())
}

fn walk_tiles(program: &Program, nodes: &[Node], ahead: &mut [Ahead]) -> Result<(), Broken> {
    for node in nodes {
        match node {
            Node::Do(id) => walk_tile(program, &program.instructions[*id], ahead)
                .map_err(|(rule, message)| Broken { rule, at: Culprit::Instruction(*id), message })?,
            Node::Repeat(id) => {
                let looped = &program.loops[*id];
                let lengths = |ahead: &[Ahead]| -> Vec<(usize, usize)> {
                    ahead.iter().map(|a| (a.fetched.len(), a.loaded.len())).collect()
                };
                let before = lengths(ahead);
                for _ in 0..looped.count {
                    let start = ahead.to_vec();
                    walk_tiles(program, &looped.body, ahead)?;
                    if lengths(ahead) != before {
                        let message = "the loop fetches, loads and multiplies by unlike numbers of tiles";
                        return Err(broken_loop(6, *id, message.into()));
                    }
                    if ahead == start {
                        break;
                    }
                }
            }
        }
    }
    Ok(())
}

fn walk_tile(program: &Program, instruction: &Instruction, ahead: &mut [Ahead]) -> Check {
    match (&instruction.work, instruction.unit) {
        (Work::Fetch { tile, packed }, Unit::Fetch(unit)) => {
            let fetched = &mut ahead[unit as usize].fetched;
            fetched.push_back((tile.rows(), tile.cols(), program.buffers[tile.buffer()].dtype, *packed));
            check(6, fetched.len() <= MOST_TILES_AHEAD, || {
                format!("more than {MOST_TILES_AHEAD} tiles ahead")
            })
        }
        (Work::Load, Unit::Load(unit)) => {
            let ahead = &mut ahead[unit as usize];
            let tile = ahead.fetched.pop_front();
            check(6, tile.is_some(), || "a load without a fetch before it".into())?;
            ahead.loaded.extend(tile);
            Ok(())
        }
        (Work::Multiply { streamed, tile, cols, packed, .. }, Unit::Matrix(unit)) => {
            let loaded = ahead[unit as usize].loaded.pop_front();
            check(6, loaded.is_some(), || "a multiply without a load before it".into())?;
            let wanted = Some((streamed.cols(), *cols, *tile, *packed));
            check(6, loaded == wanted, || "the tile loaded is another".into())
        }
        _ => Ok(()),
    }
}

/// Rule 10.
fn capacities(program: &Program, chip: &Chip) -> Result<(), Broken> {
    for (id, buffer) in program.buffers.iter() {
        let (name, most) = match buffer.space {
            Space::Dram => ("DRAM".to_owned(), chip.dram.bytes),
            Space::Unified(core) => (format!("unified buffer {core}"), chip.unified_buffer_bytes),
        };
        let end = buffer.address.saturating_add(buffer.held_bytes);
        if end > most {
            let message = format!("`{}` reaches to byte {end} of the {name}, which has {most}", buffer.name);
            return Err(Broken { rule: 10, at: Culprit::Buffer(id), message });
        }
    }
    Ok(())
}
