//! A run counted: where the cycles of its matrix units went, what crossed the DRAM's bus, when each operator ran.

use super::clock::bus_bytes;
use super::pass::{self, Shape};
use crate::base::{Bytes, Cycle};
use crate::chip::{Chip, Stationary};
use crate::isa::{Program, ProgramOpId, Space, Unit, Window, Work};
use crate::timing;
use crate::trace::{Class, Classes, Lane, PassRun, Trace, UnitRun};

/// Sums over a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tally {
    /// Of all matrix units: adds up to cycles x matrix units.
    pub classes: Classes,
    /// By operator of the program; their classes add up to the totals.
    pub ops: Vec<OpTally>,
    /// MACs that the arrays had room for while rows were entering: R x C a row.
    pub mac_slots: u64,
    /// Bytes read from DRAM.
    pub dram_read: Bytes,
    /// Bytes written to it.
    pub dram_written: Bytes,
    /// By unit that had work, as data goes through the chip: cycles in which it was busy; of a matrix unit, in which rows
    /// were entering.
    pub busy: Vec<(Unit, Cycle)>,
}

/// One operator's part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpTally {
    /// Cycles of matrix units whose next row is its, or after whose last row none came.
    pub classes: Classes,
    /// Begin of its first instruction.
    pub start: Cycle,
    /// Its last event.
    pub end: Cycle,
}

/// Counts a run.
pub fn tally(program: &Program, chip: &Chip, trace: &Trace) -> Tally {
    let none = OpTally { classes: Classes::default(), start: Cycle::MAX, end: 0 };
    let mut tally = Tally {
        classes: Classes::default(),
        ops: vec![none; program.ops.len()],
        mac_slots: 0,
        dram_read: 0,
        dram_written: 0,
        busy: Vec::new(),
    };
    for (lane, unit) in trace.passes.iter().zip(0..) {
        let (loads, streams) = tally.passes(program, chip, trace.cycles, lane);
        if !lane.is_empty() && chip.dataflow.stationary() == Stationary::Weights {
            tally.busy.push((Unit::Load(unit), loads));
        }
        tally.busy.push((Unit::Matrix(unit), streams));
    }
    for (unit, lane) in &trace.units {
        let busy = tally.work(program, chip, lane);
        tally.busy.push((*unit, busy));
    }
    tally.busy.sort_unstable_by_key(|(unit, _)| unit.on_the_way());
    for op in &tally.ops {
        tally.classes += op.classes;
    }
    tally
}

impl Tally {
    /// Counts a matrix unit's passes; returns how long it loaded weights, and how long rows were entering.
    fn passes(
        &mut self,
        program: &Program,
        chip: &Chip,
        cycles: Cycle,
        lane: &Lane<PassRun>,
    ) -> (Cycle, Cycle) {
        let mut streams = 0;
        lane.for_each_kind(&mut |pass, times, last| {
            let instruction = &program.instructions[pass.instruction];
            let op = &mut self.ops[instruction.op.index()];
            op.classes += pass.classes * times;
            streams += (pass.stream_end - pass.start) * times;
            (op.start, op.end) = (op.start.min(pass.load), op.end.max(last.event));
            let Shape { steps, .. } = pass::shape(program, chip, instruction);
            self.mac_slots += steps as u64 * chip.pes() * times;
        });
        let (owner, stream_end, event) = match lane.last() {
            Some(pass) => (Some(program.instructions[pass.instruction].op), pass.stream_end, pass.event),
            None => (program.ops.ids().last(), 0, 0),
        };
        if let Some(owner) = owner {
            let classes = &mut self.ops[ProgramOpId::index(owner)].classes;
            classes.count(Class::FillDrain, event - stream_end);
            classes.count(Class::NonMatrix, cycles - event);
        }
        (lane.len() * timing::sides(chip).load_end(0), streams)
    }

    /// Counts any other unit's work; returns how long it was busy.
    fn work(&mut self, program: &Program, chip: &Chip, lane: &Lane<UnitRun>) -> Cycle {
        let mut busy = 0;
        lane.for_each_kind(&mut |run, times, last| {
            let instruction = &program.instructions[run.instruction];
            let op = &mut self.ops[instruction.op.index()];
            (op.start, op.end) = (op.start.min(run.start), op.end.max(last.event));
            busy += (run.busy_until - run.start) * times;
            let in_dram = |window: &Window| program.buffers[window.buffer].space == Space::Dram;
            match &instruction.work {
                Work::Copy { from, .. } if in_dram(from) => {
                    self.dram_read += bus_bytes(program, chip, instruction) * times;
                }
                Work::Fetch { tile } if in_dram(tile) => {
                    self.dram_read += bus_bytes(program, chip, instruction) * times;
                }
                Work::Copy { to, .. } if in_dram(to) => {
                    self.dram_written += bus_bytes(program, chip, instruction) * times;
                }
                _ => {}
            }
        });
        busy
    }
}
