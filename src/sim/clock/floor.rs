//! The least that a run takes, whoever waits for whom: units and the bus do their work one after the other.

use litemap::LiteMap;

use super::super::pass::{self, Shape};
use super::cost::vector_cycles;
use super::{bus_bytes, host_cycles, link_cycles, uses_bus};
use crate::base::Cycle;
use crate::chip::{Chip, Link};
use crate::isa::{Instruction, Node, Program, Unit, Work};
use crate::timing::{self, FAR, Stream};

/// Cycles that every run of a program takes. The program must have passed [`crate::isa::verify`] for this chip.
pub fn floor(program: &Program, chip: &Chip) -> Cycle {
    let link = chip.bus(program.in_memory());
    let mut least = Least { program, chip, link, bus: 0, units: LiteMap::new() };
    least.nodes(&program.body, 1);
    let units = least.units.values().map(|busy| busy.before.saturating_add(busy.cycles));
    units.max().unwrap_or(0).max(least.bus)
}

struct Least<'a> {
    program: &'a Program,
    chip: &'a Chip,
    link: Link,
    bus: Cycle,
    units: LiteMap<Unit, Busy>,
}

/// What a unit does.
#[derive(Default)]
struct Busy {
    cycles: Cycle,
    /// Before it can begin.
    before: Cycle,
}

impl Least<'_> {
    fn nodes(&mut self, nodes: &[Node], times: Cycle) {
        for node in nodes {
            match node {
                Node::Do(id) => self.instruction(&self.program.instructions[*id], times),
                Node::Repeat(id) => {
                    let repeated = &self.program.loops[*id];
                    self.nodes(&repeated.body, times.saturating_mul(repeated.count.into()));
                }
            }
        }
    }

    fn instruction(&mut self, instruction: &Instruction, times: Cycle) {
        let each = self.cycles(instruction);
        let all = each.saturating_mul(times);
        if uses_bus(self.program, instruction) {
            self.bus = self.bus.saturating_add(all);
        }
        self.units.entry(instruction.unit).or_default().cycles += all;
        // The first tile goes from DRAM or the unified buffer to the FIFO, and from there to the array.
        let next = match instruction.unit {
            Unit::Fetch(array) => Unit::Load(array),
            Unit::Load(array) => Unit::Matrix(array),
            _ => return,
        };
        let before = self.units.get(&instruction.unit).map_or(0, |busy| busy.before);
        let next = self.units.entry(next).or_default();
        if next.cycles == 0 && next.before == 0 {
            next.before = before + each;
        }
    }

    fn cycles(&self, instruction: &Instruction) -> Cycle {
        let Least { program, chip, .. } = *self;
        match &instruction.work {
            Work::Copy { .. } | Work::Fetch { .. } if uses_bus(program, instruction) => {
                link_cycles(&self.link, bus_bytes(program, chip, instruction))
            }
            Work::Copy { from, .. } => host_cycles(program, chip, from),
            Work::Fetch { .. } => chip.rows as Cycle,
            Work::Load => timing::sides(chip).load_end(0),
            Work::Multiply { .. } | Work::Contract { .. } => {
                let Shape { steps, rate, .. } = pass::shape(program, chip, instruction);
                Stream { start: 0, length: steps, rate }.end()
            }
            Work::Vector { source, steps, .. } => vector_cycles(chip, source.extents(), steps).min(FAR),
        }
    }
}
