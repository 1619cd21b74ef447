//! A run's operators against what the chip could do at most: multiply-accumulates for each byte of memory traffic, and a cycle.

use crate::base::{Bytes, Cycle};
use crate::chip::Chip;
use crate::isa::ProgramOpId;
use crate::num::DType;
use crate::trace::Class;

use super::Finished;

/// A run's operators and the chip's roofs.
#[derive(Clone, Debug, PartialEq)]
pub struct Roofline {
    /// Multiply-accumulates a cycle that the chip does at most of each dtype that is multiplied, in the order of the operators.
    pub roofs: Vec<Roof>,
    /// What the buses of the chip's memories move in a cycle: of the one in which the program lies first.
    pub memories: Vec<Memory>,
    /// Operators that multiply, in the order in which they ran.
    pub ops: Vec<OnRoof>,
}

/// A roof.
#[derive(Clone, Debug, PartialEq)]
pub struct Roof {
    /// Of activations and weights: `bf16`, `i8 x i16`.
    pub dtypes: String,
    /// Multiply-accumulates a cycle, on all matrix units.
    pub peak: f64,
}

/// A slope.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Memory {
    /// For people.
    pub name: &'static str,
    /// Of its bus.
    pub bytes_per_cycle: f64,
}

/// An operator.
#[derive(Clone, Debug, PartialEq)]
pub struct OnRoof {
    /// Its number in the program.
    pub op: usize,
    /// Multiply-accumulates.
    pub macs: u64,
    /// Over the bus, both ways, padding included.
    pub bytes: Bytes,
    /// Cycles of matrix units that belong to it; of all operators they add up to those of the run.
    pub cycles: Cycle,
    /// Cycles of those in which its rows enter.
    pub active: Cycle,
    /// Which roof, by its number.
    pub roof: usize,
}

impl OnRoof {
    /// Multiply-accumulates for each byte; nothing where no byte moves.
    pub fn intensity(&self) -> Option<f64> {
        (self.bytes > 0).then(|| self.macs as f64 / self.bytes as f64)
    }

    /// Multiply-accumulates a cycle, on so many matrix units.
    pub fn rate(&self, matrix_units: usize) -> f64 {
        self.macs as f64 * matrix_units as f64 / self.cycles.max(1) as f64
    }
}

impl Finished {
    /// Operators that multiply, and the roofs and slopes above them.
    pub fn roofline(&self) -> Roofline {
        let Finished { plan, emitted, chip, .. } = self;
        let (program, tally) = (&emitted.program, self.tally());
        let mut roofs: Vec<Roof> = Vec::new();
        let mut ops = Vec::new();
        for ((id, layer), counted) in program.ops.ids().zip(&plan.layers).zip(&tally.ops) {
            let Some([a, b]) = plan.factors(layer) else { continue };
            let (macs, (read, written)) = (plan.macs(layer), counted.dram_bytes());
            let roof = roof_of(chip, [a, b].map(|tensor| plan.tensors[tensor].dtype), &mut roofs);
            let idle = self.idle_cycles(id);
            ops.push(OnRoof {
                op: id.index(),
                macs,
                bytes: read + written,
                cycles: counted.classes.total() - idle,
                active: counted.classes.of(Class::Active),
                roof,
            });
        }
        Roofline { roofs, memories: memories(chip, program.in_memory()), ops }
    }

    /// Cycles of units without any work, which are counted for the last operator: they are not its own.
    fn idle_cycles(&self, op: ProgramOpId) -> Cycle {
        let idle = self.trace.passes.iter().filter(|lane| lane.is_empty()).count() as Cycle;
        let last = self.emitted.program.ops.ids().last();
        if last == Some(op) { idle * self.trace.cycles } else { 0 }
    }
}

fn roof_of(chip: &Chip, [a, b]: [DType; 2], roofs: &mut Vec<Roof>) -> usize {
    let dtypes = if a == b { a.name().to_owned() } else { format!("{} x {}", a.name(), b.name()) };
    roofs.iter().position(|roof| roof.dtypes == dtypes).unwrap_or_else(|| {
        let rate = chip.rate(a, b).map_or(0.0, |rate| rate.as_f64());
        roofs.push(Roof { dtypes, peak: rate * (chip.pes() * chip.matrix_units as u64) as f64 });
        roofs.len() - 1
    })
}

fn memories(chip: &Chip, held: Bytes) -> Vec<Memory> {
    let dram = Memory { name: "DRAM", bytes_per_cycle: chip.dram.link.bytes_per_cycle.as_f64() };
    let Some(common) = chip.common else { return vec![dram] };
    let common = Memory { name: "common memory", bytes_per_cycle: common.bytes_per_cycle.as_f64() };
    if chip.is_common(held) { vec![common, dram] } else { vec![dram, common] }
}
