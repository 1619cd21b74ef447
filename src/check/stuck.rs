//! Whether every instruction starts, whatever times are: each unit goes on as far as what it waits for has come, by turns,
//! until all are done or none can go on.

use std::collections::BTreeMap;

use super::program::{Fault, FaultKind, Limit};
use crate::chip::Chip;
use crate::isa::{From, Instruction, InstructionId, Order, Program, Step, Unit, Walk, Work};

/// How a program ends.
pub(super) enum End {
    /// Every instruction starts.
    Done,
    /// One never does.
    Stuck(Fault),
    /// It has too many steps to tell.
    Unknown,
}

/// Whether every instruction starts.
pub(super) fn find(program: &Program, chip: &Chip, limit: Limit) -> End {
    let order = Order::new(program);
    let mut machine = Machine::new(program, chip, &order, limit);
    while machine.go_on() {}
    if machine.steps.max(machine.put) > limit.instructions {
        return End::Unknown;
    }
    machine.stuck().map_or(End::Done, End::Stuck)
}

/// One unit.
struct UnitState {
    walk: Walk,
    /// Instructions that stand in its queue; all that are to come if there is no end to it.
    queued: Option<usize>,
}

/// Tiles of a matrix unit.
#[derive(Default)]
struct Tiles {
    fetched: u64,
    loads: u64,
    passes: u64,
}

struct Machine<'a> {
    program: &'a Program,
    chip: &'a Chip,
    order: &'a Order,
    units: Vec<UnitState>,
    signals: Vec<u64>,
    tiles: BTreeMap<u32, Tiles>,
    /// Where the next instruction to be put into a queue stands.
    issue: Walk,
    /// Instructions that have been put there: more than any unit has done, where queues have no end.
    put: usize,
    steps: usize,
    most_steps: usize,
}

impl<'a> Machine<'a> {
    fn new(program: &'a Program, chip: &'a Chip, order: &'a Order, limit: Limit) -> Machine<'a> {
        let bounded = order.ways.iter().any(|way| way.unit.places(chip).is_some());
        let units = order
            .ways
            .iter()
            .map(|_| UnitState { walk: Walk::default(), queued: if bounded { Some(0) } else { None } });
        Machine {
            program,
            chip,
            order,
            units: units.collect(),
            signals: vec![0; program.events.len()],
            tiles: BTreeMap::new(),
            issue: Walk::default(),
            put: 0,
            steps: 0,
            most_steps: limit.instructions,
        }
    }

    /// Whether any unit went on.
    fn go_on(&mut self) -> bool {
        self.fill();
        let mut moved = false;
        for at in 0..self.units.len() {
            while self.steps <= self.most_steps && self.step(at).is_ok() {
                moved = true;
            }
        }
        moved
    }

    /// Puts instructions into queues, in the order of the program, as far as there is room.
    fn fill(&mut self) {
        while self.put <= self.most_steps
            && let Some(step) = self.order.whole.get(self.issue.step)
        {
            let unit = self.program.instructions[step.instruction].unit;
            let at = self.order.at(unit);
            let Some(queued) = &mut self.units[at].queued else { return };
            if unit.places(self.chip).is_some_and(|places| *queued >= places) {
                return;
            }
            *queued += 1;
            self.put += 1;
            self.issue.advance(&self.order.whole);
        }
    }

    fn next(&self, at: usize) -> Option<&'a Step> {
        self.order.ways[at].steps.get(self.units[at].walk.step)
    }

    /// A unit's next instruction; otherwise nothing is there, or the unit that keeps it.
    fn step(&mut self, at: usize) -> Result<(), Option<InstructionId>> {
        let step = self.next(at).ok_or(None)?;
        let instruction = &self.program.instructions[step.instruction];
        self.waits(at, step)?;
        self.tile(instruction)?;
        if let Some(queued) = self.units[at].queued {
            // What is not yet in a queue waits for what stands before it there.
            self.units[at].queued = Some(queued.checked_sub(1).ok_or_else(|| self.issued())?);
        }
        self.take(instruction);
        instruction.signals.iter().for_each(|event| self.signals[event.index()] += 1);
        self.units[at].walk.advance(&self.order.ways[at].steps);
        self.steps += 1;
        Ok(())
    }

    fn issued(&self) -> Option<InstructionId> {
        self.order.whole.get(self.issue.step).map(|step| step.instruction)
    }

    fn waits(&self, at: usize, step: &Step) -> Result<(), Option<InstructionId>> {
        let walk = &self.units[at].walk;
        for (watched, behind) in &step.waits {
            let event = self.order.ways[at].watched[*watched];
            let count = match event.from {
                From::Here => &step.here[*watched],
                From::Loop(_) => &step.before[*watched],
            };
            let needed = count.in_iteration(&walk.iteration).saturating_sub(u64::from(*behind));
            if self.signals[event.event.index()] < needed {
                let mut all = self.program.instructions.iter();
                let signals = |i: &Instruction| i.signals.contains(&event.event);
                return Err(all.find(|(_, other)| signals(other)).map(|(id, _)| id));
            }
        }
        Ok(())
    }

    /// Whether the matrix unit's tiles let it.
    fn tile(&mut self, instruction: &Instruction) -> Result<(), Option<InstructionId>> {
        let slots = self.chip.weight_fifo_tiles as u64;
        let unit = instruction.unit.on_the_way().1;
        let tiles = self.tiles.entry(unit).or_default();
        let (free, keeper) = match instruction.work {
            Work::Fetch { .. } => (tiles.fetched < tiles.loads + slots, Unit::Load(unit)),
            // A load comes behind the start of the pass before.
            Work::Load => (tiles.loads < tiles.fetched && tiles.loads <= tiles.passes, Unit::Matrix(unit)),
            Work::Multiply { .. } => (tiles.passes < tiles.loads, Unit::Load(unit)),
            _ => return Ok(()),
        };
        if free { Ok(()) } else { Err(self.instruction_of(keeper)) }
    }

    fn instruction_of(&self, unit: Unit) -> Option<InstructionId> {
        let at = self.order.ways.iter().position(|way| way.unit == unit)?;
        self.next(at).map(|step| step.instruction)
    }

    fn take(&mut self, instruction: &Instruction) {
        let tiles = self.tiles.entry(instruction.unit.on_the_way().1).or_default();
        match instruction.work {
            Work::Fetch { .. } => tiles.fetched += 1,
            Work::Load => tiles.loads += 1,
            Work::Multiply { .. } => tiles.passes += 1,
            _ => {}
        }
    }

    fn stuck(&mut self) -> Option<Fault> {
        let at = (0..self.units.len()).find(|at| self.next(*at).is_some())?;
        let instruction = self.next(at)?.instruction;
        let other = self.step(at).err().flatten();
        Some(Fault {
            kind: FaultKind::Stuck,
            instruction: Some(instruction),
            other,
            element: None,
            row: None,
        })
    }
}
