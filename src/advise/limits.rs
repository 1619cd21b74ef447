//! Where the cycles go that are not used, and why: one cause for each way to lose them, with the run's own numbers.

use super::facts::{Facts, OpFacts, depth, used_sides};
use super::words::{counted, cycles, percent};
use crate::base::{Cycle, grouped};
use crate::chip::{Stationary, WeightBuffering};
use crate::job::Timed;
use crate::timing;
use crate::trace::Class;

/// Why multipliers do not do useful work, or that they do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Limit {
    /// They do: the array itself.
    Array,
    /// Tiles of weights shift in, and nothing else enters.
    WeightLoad,
    /// Memory does not bring bytes as fast as they are used.
    Bandwidth,
    /// Memory is asked too late: the bus is not busy, but bytes take their time.
    Latency,
    /// Tiles do not fill the array.
    Padding,
    /// Waves cross the array, and what comes next waits for their end.
    FillDrain,
    /// The next tile waits until weights that are not double-buffered are used no more.
    SingleBuffer,
    /// The next pass waits for sums that still drain.
    DrainChain,
    /// What comes next waits for the vector unit.
    Vector,
    /// Matrix units have no work at all, beside others of their core that have.
    IdleUnits,
    /// Whole cores have none.
    IdleCores,
    /// Before the first pass and behind the last one.
    Ends,
}

/// Part of the cycles of the matrix units.
#[derive(Clone, Debug, PartialEq)]
pub struct Cause {
    /// Why.
    pub limit: Limit,
    /// How many, of all matrix units together.
    pub cycles: Cycle,
    /// Of all their cycles.
    pub share: f64,
    /// The operator that has most of them, by its number.
    pub op: Option<usize>,
    /// One or two sentences.
    pub words: String,
}

impl Limit {
    const ALL: [Limit; 12] = [
        Limit::Array,
        Limit::WeightLoad,
        Limit::Bandwidth,
        Limit::Latency,
        Limit::Padding,
        Limit::FillDrain,
        Limit::SingleBuffer,
        Limit::DrainChain,
        Limit::Vector,
        Limit::IdleUnits,
        Limit::IdleCores,
        Limit::Ends,
    ];

    /// In a few words.
    pub fn title(self) -> &'static str {
        match self {
            Limit::Array => "useful work",
            Limit::WeightLoad => "loading weights",
            Limit::Bandwidth => "memory bandwidth",
            Limit::Latency => "memory latency",
            Limit::Padding => "padding",
            Limit::FillDrain => "fill and drain",
            Limit::SingleBuffer => "single-buffered weights",
            Limit::DrainChain => "sums that drain",
            Limit::Vector => "the vector unit",
            Limit::IdleUnits => "arrays without work",
            Limit::IdleCores => "cores without work",
            Limit::Ends => "start and end",
        }
    }

    /// Cycles of an operator that it has; those of whole units apart.
    fn of(self, op: &OpFacts, facts: &Facts) -> Cycle {
        let class = |class| op.classes.of(class);
        let active = class(Class::Active);
        let stays = facts.chip.dataflow.stationary();
        let waits = facts.memory_waits(op);
        let busy = class(Class::ArrayBusy);
        match self {
            Limit::Array => active - op.padding(),
            Limit::Padding => op.padding(),
            Limit::WeightLoad if facts.late(op) => 0,
            Limit::WeightLoad if op.fetched() => class(Class::WeightShift),
            Limit::WeightLoad => class(Class::WeightShift) + class(Class::WeightStall),
            Limit::Bandwidth => waits.min(op.bus.saturating_mul(facts.working())),
            Limit::Latency => waits - waits.min(op.bus.saturating_mul(facts.working())),
            Limit::FillDrain => class(Class::FillDrain),
            Limit::SingleBuffer if stays == Stationary::Weights => busy,
            Limit::DrainChain if stays == Stationary::Sums => busy,
            Limit::SingleBuffer | Limit::DrainChain => 0,
            Limit::Vector => class(Class::Dependence) + facts.alone(op),
            Limit::IdleUnits | Limit::IdleCores => 0,
            Limit::Ends => op.rest - facts.alone(op),
        }
    }
}

impl Facts<'_> {
    /// Whether tiles come over the bus more slowly than the array loads and uses them: then it waits for the bus also while they shift
    /// in, for they would have done so earlier.
    fn late(&self, op: &OpFacts) -> bool {
        let between_tiles = (op.fetches * self.working()) as f64 / op.passes.max(1) as f64;
        op.fetched() && between_tiles > op.rows_of_a_pass().max(self.chip.rows as f64)
    }

    /// Cycles of matrix units in which an operator's next pass waits for bytes.
    fn memory_waits(&self, op: &OpFacts) -> Cycle {
        let class = |class| op.classes.of(class);
        let shifts = if self.late(op) { class(Class::WeightShift) } else { 0 };
        let stalls = if op.fetched() { class(Class::WeightStall) } else { 0 };
        shifts + stalls + class(Class::InputStall)
    }

    /// Cycles before an operator's passes, and behind the last ones, in which vector units work on operators without products: a part
    /// of all such cycles that is the same for every operator.
    fn alone(&self, op: &OpFacts) -> Cycle {
        let without = self.ops.iter().filter(|op| op.macs == 0);
        let vector = without.map(|op| op.vector).sum::<Cycle>().saturating_mul(self.working());
        let rest: Cycle = self.ops.iter().map(|op| op.rest).sum();
        (u128::from(op.rest) * u128::from(vector.min(rest)) / u128::from(rest.max(1))) as Cycle
    }
}

/// By what causes are sorted: of useful work, which only a larger array takes away, and of cores that a program keeps away from,
/// it is a third.
fn weight(cause: &Cause) -> Cycle {
    match cause.limit {
        Limit::Array | Limit::IdleCores => cause.cycles / 3,
        _ => cause.cycles,
    }
}

/// All causes that have cycles, the weightiest first.
pub(super) fn causes(facts: &Facts, timed: &Timed) -> Vec<Cause> {
    let cause = |limit: Limit| {
        let all: Cycle = facts.ops.iter().map(|op| limit.of(op, facts)).sum();
        let cycles = match limit {
            Limit::IdleUnits => facts.cycles * (facts.idle_units - facts.units_of_idle_cores()) as Cycle,
            Limit::IdleCores => facts.cycles * facts.units_of_idle_cores() as Cycle,
            _ => all,
        };
        let op = match limit {
            // Who works, not who waits.
            Limit::Vector => facts.most(|op| op.vector),
            _ => facts.most(|op| limit.of(op, facts)),
        };
        let share = cycles as f64 / facts.all().max(1) as f64;
        let words = words(limit, share, op, facts, timed);
        Cause { limit, cycles, share, op, words }
    };
    let mut all: Vec<Cause> = Limit::ALL.into_iter().map(cause).filter(|cause| cause.cycles > 0).collect();
    all.sort_by_key(|cause| std::cmp::Reverse(weight(cause)));
    all
}

fn words(limit: Limit, share: f64, op: Option<usize>, facts: &Facts, timed: &Timed) -> String {
    let part = percent(share);
    let Some(at) = op else { return without_operator(limit, &part, facts) };
    let op = &facts.ops[at];
    let name = format!("`{}`", op.name);
    let (chip, memory) = (facts.chip, &facts.memory);
    match limit {
        Limit::Array => format!(
            "In {part} of the cycles the multipliers of the arrays do useful work, most of it for {name}: {} multiply-accumulates, at most {} a cycle.",
            grouped(op.macs),
            grouped(chip.pes() * chip.matrix_units as u64)
        ),
        Limit::WeightLoad => format!(
            "In {part} of the cycles the array waits while weights are loaded. {}",
            weight_load(&name, op, facts)
        ),
        Limit::Bandwidth => format!(
            "In {part} of the cycles the array waits for {}: {name} moves {} bytes, which take {} at {} a cycle. {}",
            memory.name,
            grouped(op.bytes),
            cycles(op.bus),
            memory.in_a_cycle,
            beside(op, facts)
        ),
        Limit::Latency => format!(
            "In {part} of the cycles the array waits for bytes on their way from {}: they arrive {} after their turn on the bus, which is busy in only {} of the cycles. Most of it is for {name}.",
            memory.name,
            cycles(memory.latency),
            percent(facts.bus_busy as f64 / facts.cycles.max(1) as f64),
        ),
        Limit::Padding => format!(
            "{part} of the cycles go into multiplying padding. {}",
            padding(at, &name, op, facts, timed)
        ),
        Limit::FillDrain => format!(
            "In {part} of the cycles a wave crosses the array and nothing follows: behind its last row a pass takes {} to leave {} rows and {} columns of PEs, and one of {name} has only {}.",
            cycles((chip.rows + chip.cols - 1) as Cycle),
            chip.rows,
            chip.cols,
            rows(op.rows_of_a_pass())
        ),
        Limit::SingleBuffer => format!(
            "In {part} of the cycles the next tile of {name} waits until the last wave has crossed the array: the PEs hold one weight each (weights are {}-buffered).",
            if chip.weights == WeightBuffering::Single { "single" } else { "double" }
        ),
        Limit::DrainChain => format!(
            "In {part} of the cycles the next sums wait until those before have drained, {} a tile: a pass of {name} has only {:.0} steps of k.",
            cycles(2 * chip.rows as Cycle - 2),
            op.rows_of_a_pass()
        ),
        Limit::Vector => format!(
            "In {part} of the cycles the array waits for the vector unit, most of them for {name}: {} of vector work, {} a cycle.",
            cycles(op.vector),
            counted(chip.vector_lanes as u64, "element", "elements")
        ),
        Limit::Ends => format!(
            "{part} of the cycles are before the first pass or behind the last one, while nothing is there to multiply."
        ),
        Limit::IdleUnits | Limit::IdleCores => without_operator(limit, &part, facts),
    }
}

/// What needs no operator to be said.
fn without_operator(limit: Limit, part: &str, facts: &Facts) -> String {
    match limit {
        Limit::IdleUnits => format!(
            "{} of {} never have work, {part} of all their cycles: there are too few tiles of results to share.",
            facts.idle_units - facts.units_of_idle_cores(),
            counted(facts.chip.matrix_units as u64, "matrix unit", "matrix units"),
        ),
        Limit::IdleCores => format!(
            "{} of {} without any work, {part} of the cycles of all matrix units: the program stays where its tensors are.",
            facts.idle_cores,
            counted(facts.chip.cores as u64, "core", "cores"),
        ),
        _ => format!("{part} of the cycles: {}.", limit.title()),
    }
}

/// How long the bus takes, beside how long rows do.
fn beside(op: &OpFacts, facts: &Facts) -> String {
    let rows = op.classes.of(Class::Active) / facts.working().max(1);
    match op.bus > rows {
        true => format!("Its rows need only {} to enter.", cycles(rows)),
        false => format!("Not all of them come beside its rows, which enter in {}.", cycles(rows)),
    }
}

fn weight_load(name: &str, op: &OpFacts, facts: &Facts) -> String {
    let chip = facts.chip;
    let (load, entering) = (timing::sides(chip).load_end(0), op.rows_of_a_pass());
    let tile = format!("each {} × {} tile of {name}", chip.rows, chip.cols);
    let held =
        if chip.dataflow == crate::chip::Dataflow::InputStationary { "activations" } else { "weights" };
    match entering < chip.rows as f64 {
        true => format!(
            "To load {tile} takes {}, and it is then used for only {}: {held} come in slower than they are used.",
            cycles(load),
            rows(entering)
        ),
        false => format!("To load {tile} takes {}, and the first rows wait for it.", cycles(load)),
    }
}

/// So many rows on the average: whole, or with a digit behind the point.
fn rows(mean: f64) -> String {
    match mean {
        1.0 => "1 row".into(),
        _ if mean.fract() == 0.0 => format!("{mean:.0} rows"),
        _ => format!("{mean:.1} rows on the average"),
    }
}

fn padding(at: usize, name: &str, op: &OpFacts, facts: &Facts, timed: &Timed) -> String {
    let chip = facts.chip;
    let wasted = percent(1.0 - op.macs as f64 / op.slots.max(1) as f64);
    let sides = op.extents.map(|extents| used_sides(chip, extents, depth(&timed.plan.layers[at], chip)));
    let partial = |(axis, used, taken): &(char, usize, usize), side: &str| {
        (used < taken).then(|| {
            format!(
                "{axis} = {} fills {} of {} {side}",
                grouped(*used as u64),
                grouped(*used as u64),
                grouped(*taken as u64)
            )
        })
    };
    let partial: Vec<String> = sides
        .iter()
        .flat_map(|[rows, cols]| [partial(rows, "rows"), partial(cols, "columns")])
        .flatten()
        .collect();
    let why = if partial.is_empty() {
        "its tiles do not fill the array".to_owned()
    } else {
        partial.join(", and ")
    };
    format!("Of the multiplies of {name}, {wasted} are padding: {why} of PEs.")
}
