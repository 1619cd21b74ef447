//! What is known to be complete when an instruction starts.

use std::collections::VecDeque;
use std::rc::Rc;

use crate::isa::{EventId, From, Instruction, Program, Unit, Work};

/// By unit: how many of its instructions are complete.
pub(super) type Known = Rc<[u32]>;

/// What is known along a program.
pub(super) struct Knowledge {
    units: Vec<Unit>,
    /// By unit: what was known as its last instruction began, and how many it had.
    begun: Vec<(Known, u32)>,
    /// By event: what is known behind each of its latest signals, and how many there were.
    signals: Vec<(VecDeque<Known>, u64)>,
    /// By event: how many of its latest signals are asked for.
    reach: Vec<usize>,
    /// By loop around this place: signals of each event as it was entered.
    entries: Vec<Vec<u64>>,
    /// By matrix unit: what is known behind fetches and loads that are not used yet, and as loads began.
    tiles: Vec<Tiles>,
    slots: usize,
}

#[derive(Clone, Default)]
struct Tiles {
    fetched: VecDeque<Known>,
    loaded: VecDeque<Known>,
    /// Loads that left a slot which no fetch has taken yet.
    left: VecDeque<Known>,
    fetches: usize,
}

/// An instruction that starts.
pub(super) struct Start {
    /// Its unit's place among those of the program, and its number there.
    pub unit: usize,
    pub number: u32,
    pub known: Known,
}

impl Knowledge {
    pub(super) fn new(program: &Program, slots: usize) -> Knowledge {
        let mut units: Vec<Unit> = program.instructions.iter().map(|(_, i)| i.unit).collect();
        units.sort();
        units.dedup();
        let mut reach = vec![0; program.events.len()];
        for (_, instruction) in program.instructions.iter() {
            for wait in &instruction.waits {
                let reach: &mut usize = &mut reach[wait.event.index()];
                // Signals before a loop are asked for behind those within it.
                let all = if wait.from == From::Here { wait.behind as usize + 1 } else { usize::MAX };
                *reach = (*reach).max(all);
            }
        }
        let nothing: Known = vec![0; units.len()].into();
        let matrix_units = units.iter().map(|unit| unit.on_the_way().1 as usize + 1).max().unwrap_or(0);
        Knowledge {
            begun: vec![(nothing, 0); units.len()],
            signals: vec![(VecDeque::new(), 0); program.events.len()],
            entries: Vec::new(),
            tiles: vec![Tiles::default(); matrix_units],
            units,
            reach,
            slots,
        }
    }

    pub(super) fn units(&self) -> &[Unit] {
        &self.units
    }

    pub(super) fn enter_loop(&mut self) {
        self.entries.push(self.signals.iter().map(|(_, count)| *count).collect());
    }

    pub(super) fn leave_loop(&mut self) {
        self.entries.pop();
    }

    /// Goes past the next instruction of the program.
    pub(super) fn start(&mut self, instruction: &Instruction) -> Start {
        let unit = self.units.binary_search(&instruction.unit).expect("every unit is among them");
        let (before, number) = self.begun[unit].clone();
        let mut known = before.to_vec();
        for wait in &instruction.waits {
            if let Some(behind) = self.signal(wait.event, wait.from, wait.behind) {
                join(&mut known, &behind);
            }
        }
        let tiles = &mut self.tiles[instruction.unit.on_the_way().1 as usize];
        let implied = match instruction.work {
            Work::Fetch { .. } => {
                tiles.fetches += 1;
                if tiles.fetches > self.slots { tiles.left.pop_front() } else { None }
            }
            Work::Load => tiles.fetched.pop_front(),
            Work::Multiply { .. } => tiles.loaded.pop_front(),
            _ => None,
        };
        if let Some(implied) = implied {
            join(&mut known, &implied);
        }
        let known: Known = known.into();
        let mut behind = known.to_vec();
        behind[unit] = behind[unit].max(number + 1);
        let behind: Known = behind.into();
        match instruction.work {
            Work::Fetch { .. } => tiles.fetched.push_back(behind.clone()),
            Work::Load => {
                tiles.loaded.push_back(behind.clone());
                tiles.left.push_back(known.clone());
            }
            _ => {}
        }
        for event in &instruction.signals {
            let (latest, count) = &mut self.signals[event.index()];
            *count += 1;
            latest.push_back(behind.clone());
            if latest.len() > self.reach[event.index()] {
                latest.pop_front();
            }
        }
        self.begun[unit] = (known.clone(), number + 1);
        Start { unit, number, known }
    }

    /// What is known behind a signal that is waited for; nothing if it is none.
    fn signal(&self, event: EventId, from: From, behind: u32) -> Option<Known> {
        let (latest, count) = &self.signals[event.index()];
        let before = match from {
            From::Here => *count,
            From::Loop(depth) => self.entries.get(depth).map_or(*count, |entry| entry[event.index()]),
        };
        let ordinal = before.checked_sub(u64::from(behind) + 1)?;
        let from_end = usize::try_from(count - ordinal).ok()?;
        Some(latest[latest.len().checked_sub(from_end)?].clone())
    }
}

fn join(known: &mut [u32], other: &[u32]) {
    known.iter_mut().zip(other).for_each(|(known, other)| *known = (*known).max(*other));
}
