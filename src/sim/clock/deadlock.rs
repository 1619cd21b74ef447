//! When nobody can move: who waits for whom, round in a circle.
//!
//! Whether a program deadlocks does not depend on how fast anything is: units take their instructions in order, waits
//! and places are counted, and every transfer that is asked for ends. So a run that came to its end has shown that the
//! program cannot deadlock on a chip with these queues and FIFOs.

use std::fmt;

use super::Clock;
use crate::isa::{Instruction, Unit, Work};

/// A circle of waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deadlock {
    /// Each waits for the next, the last for the first.
    pub waits: Vec<Waits>,
}

/// One who waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waits {
    /// Who.
    pub unit: Unit,
    /// The instruction it stands before, in words.
    pub instruction: String,
    /// What it waits for, in words.
    pub for_what: String,
}

impl fmt::Display for Deadlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the program cannot go on: ")?;
        for (at, wait) in self.waits.iter().enumerate() {
            let joint = if at == 0 { "" } else { "; " };
            write!(
                f,
                "{joint}{} stands before {} and waits for {}",
                wait.unit.name(),
                wait.instruction,
                wait.for_what
            )?;
        }
        Ok(())
    }
}

impl Clock<'_> {
    /// Names the circle. Nobody can move, so everybody who is not done waits for somebody who is not done either.
    pub(super) fn deadlock(&self) -> Deadlock {
        let waits_for: Vec<Option<(usize, String)>> = (0..self.units.len())
            .map(|at| if self.is_done(at) { None } else { Some(self.obstacle(at)) })
            .collect();
        let mut at = waits_for.iter().position(Option::is_some).expect("somebody is not done");
        let next = |at: usize| waits_for[at].as_ref().expect("nobody waits for one who is done").0;
        // After as many steps as there are units, the walk is in the circle.
        for _ in 0..self.units.len() {
            at = next(at);
        }
        let first = at;
        let mut waits = Vec::new();
        loop {
            let (to, for_what) = waits_for[at].clone().expect("as above");
            waits.push(Waits { unit: self.units[at].unit, instruction: self.describe(at), for_what });
            at = to;
            if at == first {
                return Deadlock { waits };
            }
        }
    }

    /// For whom a unit waits, and for what.
    fn obstacle(&self, at: usize) -> (usize, String) {
        let (state, way) = (&self.units[at], &self.order.ways[at]);
        if self.issue.is_some() && state.queue.is_empty() {
            return self.full_queue();
        }
        let step = &way.steps[state.walk.step];
        for (watched, behind) in &step.waits {
            let event = way.watched[*watched].event;
            let before = step.before[*watched].in_iteration(&state.walk.iteration);
            let missing = before.checked_sub(1 + u64::from(*behind));
            if let Some(ordinal) =
                missing.filter(|ordinal| self.events[event.index()].get(*ordinal).is_none())
            {
                let signaller = self.signaller(event);
                let name = &self.program.events[event].name;
                return (
                    signaller,
                    format!("signal {ordinal} of `{name}`, from {}", self.units[signaller].unit.name()),
                );
            }
        }
        let (other, what) = match state.unit {
            Unit::Fetch(unit) => (Unit::Load(unit), "a free slot in the weight FIFO"),
            Unit::Load(unit) if self.arrays[unit as usize].loaded.is_some() => {
                (Unit::Matrix(unit), "the tile before to be taken over by its pass")
            }
            Unit::Load(unit) => (Unit::Fetch(unit), "a tile in the weight FIFO"),
            Unit::Matrix(unit) => (Unit::Load(unit), "its tile to be loaded"),
            other => unreachable!("{} waits for events only", other.name()),
        };
        (self.order.at(other), format!("{what}, from {}", other.name()))
    }

    /// The unit whose full queue keeps all later instructions from being issued.
    fn full_queue(&self) -> (usize, String) {
        let issuer = self.issue.as_ref().expect("queues are bounded");
        let step = &self.order.whole[issuer.walk.step];
        let unit = self.program.instructions[step.instruction].unit;
        (
            self.order.at(unit),
            format!("room in the queue of {}, behind which it would be issued", unit.name()),
        )
    }

    fn signaller(&self, event: crate::isa::EventId) -> usize {
        let mut all = self.program.instructions.iter();
        let (_, instruction) =
            all.find(|(_, i)| i.signals.contains(&event)).expect("a signal that stands before is somebody's");
        self.order.at(instruction.unit)
    }

    /// An instruction in words.
    fn describe(&self, at: usize) -> String {
        let state = &self.units[at];
        let step = &self.order.ways[at].steps[state.walk.step];
        let instruction: &Instruction = &self.program.instructions[step.instruction];
        let verb = match instruction.work {
            Work::Copy { .. } => "copy",
            Work::Fetch { .. } => "fetch",
            Work::Load => "load",
            Work::Multiply { .. } => "multiply",
            Work::Contract { .. } => "contract",
            Work::Vector { .. } => "vector work",
        };
        let name = &self.program.ops[instruction.op].name;
        let around = &state.walk.iteration[..step.depth];
        let iteration = match around {
            [] => String::new(),
            _ => format!(", iteration {}", around.iter().map(u32::to_string).collect::<Vec<_>>().join(".")),
        };
        format!("a {verb} of `{name}` (instruction {}{iteration})", step.instruction.index())
    }
}
