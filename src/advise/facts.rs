//! What a trace says of each operator, in numbers.

use crate::base::{Bytes, Cycle};
use crate::chip::{Chip, Stationary};
use crate::isa::{InstructionId, Program, ProgramOpId, Space, Unit, Work};
use crate::job::Timed;
use crate::schedule::Layer;
use crate::trace::{Class, Classes, UnitRun};

/// A run in numbers.
pub(super) struct Facts<'a> {
    pub chip: &'a Chip,
    /// Of the run.
    pub cycles: Cycle,
    /// In the order in which they ran.
    pub ops: Vec<OpFacts>,
    /// Matrix units that never had a pass.
    pub idle_units: usize,
    /// Cores none of whose matrix units had one.
    pub idle_cores: usize,
    /// Cycles in which the bus moved something.
    pub bus_busy: Cycle,
    /// The memory in which the program lies: its name, bytes a cycle, and cycles until they arrive.
    pub memory: Memory,
}

/// The memory that a program's tensors come from.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Memory {
    pub name: &'static str,
    /// With its unit: `4 bytes`.
    pub in_a_cycle: String,
    pub latency: Cycle,
}

/// One operator's numbers.
#[derive(Clone, Debug, Default)]
pub(super) struct OpFacts {
    pub name: String,
    /// Its cycles of matrix units.
    pub classes: Classes,
    /// Of those, the non-matrix ones of units that work.
    pub rest: Cycle,
    /// Multiply-accumulates, and how many its passes had room for.
    pub macs: u64,
    pub slots: u64,
    /// M, K and N of its product.
    pub extents: Option<[usize; 3]>,
    /// Its passes, and the rows (where sums stay: steps of k) that entered in all of them.
    pub passes: u64,
    pub entered: u64,
    /// Over the bus.
    pub bytes: Bytes,
    /// Cycles of the bus.
    pub bus: Cycle,
    /// Cycles of vector units.
    pub vector: Cycle,
    /// Cycles of the bus of those for weights, which come tile by tile.
    pub fetches: Cycle,
}

impl OpFacts {
    /// Rows that enter in a pass, on the average.
    pub fn rows_of_a_pass(&self) -> f64 {
        self.entered as f64 / self.passes.max(1) as f64
    }

    /// Whether its weights come over the bus.
    pub fn fetched(&self) -> bool {
        self.fetches > 0
    }

    /// Active cycles in which no multiplier did useful work, if all padding stood together.
    pub fn padding(&self) -> Cycle {
        let active = self.classes.of(Class::Active);
        let useful = u128::from(active) * u128::from(self.macs) / u128::from(self.slots.max(1));
        active - (useful as Cycle).min(active)
    }
}

impl<'a> Facts<'a> {
    pub fn new(timed: &'a Timed) -> Facts<'a> {
        let Timed { plan, emitted, chip, trace } = timed;
        let program = &emitted.program;
        let tally = timed.tally();
        let counted = program.ops.iter().zip(&plan.layers).zip(&tally.ops);
        let ops = counted.map(|(((_, op), layer), counted)| {
            let (read, written) = counted.dram_bytes();
            OpFacts {
                name: op.name.clone(),
                classes: counted.classes,
                rest: counted.classes.of(Class::NonMatrix),
                macs: plan.macs(layer),
                slots: counted.mac_slots,
                extents: plan.extents(layer),
                bytes: read + written,
                ..OpFacts::default()
            }
        });
        let mut facts = Facts {
            chip,
            cycles: trace.cycles,
            ops: ops.collect(),
            idle_units: trace.passes.iter().filter(|lane| lane.is_empty()).count(),
            idle_cores: trace
                .passes
                .chunks(chip.units_per_core())
                .filter(|units| units.iter().all(|lane| lane.is_empty()))
                .count(),
            bus_busy: 0,
            memory: Memory::new(program, chip),
        };
        // All cycles of units without work are counted for the last operator.
        if let Some(last) = facts.ops.last_mut() {
            last.rest -= facts.cycles * facts.idle_units as Cycle;
        }
        facts.passes(timed);
        facts.units(timed);
        facts
    }

    fn passes(&mut self, Timed { emitted, trace, chip, .. }: &Timed) {
        for lane in &trace.passes {
            lane.for_each_kind(&mut |pass, times, _| {
                let op = &mut self.ops[owner(&emitted.program, pass.instruction).index()];
                op.passes += times;
                op.entered += times * entered(&emitted.program, chip, pass.instruction);
            });
        }
    }

    fn units(&mut self, Timed { emitted, trace, .. }: &Timed) {
        let program = &emitted.program;
        for (unit, lane) in &trace.units {
            lane.for_each_kind(&mut |run, times, _| {
                let busy = (run.busy_until - run.start) * times;
                let op = &mut self.ops[owner(program, run.instruction).index()];
                match unit {
                    Unit::Vector(_) => op.vector += busy,
                    _ if over_the_bus(program, run) => {
                        op.bus += busy;
                        op.fetches += if matches!(unit, Unit::Fetch(_)) { busy } else { 0 };
                        self.bus_busy += busy;
                    }
                    _ => {}
                }
            });
        }
    }

    /// Matrix units that work.
    pub fn working(&self) -> Cycle {
        (self.chip.matrix_units - self.idle_units) as Cycle
    }

    /// Matrix units of cores that have no work.
    pub fn units_of_idle_cores(&self) -> usize {
        self.idle_cores * self.chip.units_per_core()
    }

    /// Cycles of all matrix units together.
    pub fn all(&self) -> Cycle {
        self.cycles * self.chip.matrix_units as Cycle
    }

    /// The operator with most of something, if one has any.
    pub fn most(&self, of: impl Fn(&OpFacts) -> Cycle) -> Option<usize> {
        let (at, most) = self.ops.iter().map(of).enumerate().rev().max_by_key(|(_, cycles)| *cycles)?;
        (most > 0).then_some(at)
    }
}

impl Memory {
    fn new(program: &Program, chip: &Chip) -> Memory {
        let held = program.in_memory();
        let link = chip.bus(held);
        Memory {
            name: if chip.is_common(held) { "the common memory" } else { "DRAM" },
            in_a_cycle: match link.bytes_per_cycle.to_figures() {
                one if one == "1" => "1 byte".into(),
                some => format!("{some} bytes"),
            },
            latency: link.latency,
        }
    }
}

fn owner(program: &Program, instruction: InstructionId) -> ProgramOpId {
    program.instructions[instruction].op
}

/// Rows of a pass, or its steps of k where sums stay.
fn entered(program: &Program, chip: &Chip, instruction: InstructionId) -> u64 {
    let rows = match &program.instructions[instruction].work {
        Work::Multiply { streamed, .. } => streamed.rows(),
        Work::Contract { activations, .. } => activations.cols(),
        _ => 0,
    };
    debug_assert!(rows > 0 || chip.dataflow.stationary() == Stationary::Weights, "a pass has rows");
    rows as u64
}

fn over_the_bus(program: &Program, run: &UnitRun) -> bool {
    match &program.instructions[run.instruction].work {
        Work::Copy { .. } => program.instructions[run.instruction].unit != Unit::Host,
        Work::Fetch { tile, .. } => program.buffers[tile.buffer()].space == Space::Dram,
        _ => false,
    }
}

/// Rows and columns of the array that a product's tiles use, and those that they take, all tiles side by side.
pub(super) fn used_sides(
    chip: &Chip,
    [m, k, n]: [usize; 3],
    layer_depth: usize,
) -> [(char, usize, usize); 2] {
    let [rows, cols] = match chip.dataflow {
        crate::chip::Dataflow::WeightStationary => [('K', k), ('N', n)],
        crate::chip::Dataflow::InputStationary => [('K', k), ('M', m)],
        crate::chip::Dataflow::OutputStationary => [('M', m), ('N', n)],
    };
    let depth = if rows.0 == 'K' { layer_depth } else { chip.rows };
    let taken = |(axis, used): (char, usize), side: usize| (axis, used, used.next_multiple_of(side));
    [taken(rows, depth), taken(cols, chip.cols)]
}

/// Rows of k that a tile of a layer's weights stands for.
pub(super) fn depth(layer: &Layer, chip: &Chip) -> usize {
    chip.depth(layer.tiling().and_then(|tiling| tiling.packed))
}
