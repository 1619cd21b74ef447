//! Which instructions are under way in a cycle, and when each was or will be.

use std::collections::VecDeque;

use litemap::LiteMap;

use crate::base::Cycle;
use crate::chip::Chip;
use crate::isa::{InstructionId, Iteration, LOOP_NAMES, Node, Program, Unit};
use crate::timing;
use crate::trace::{Lane, PassRun, Run, Trace, UnitRun};

/// When the instructions of a run are done.
pub struct Running<'a> {
    trace: &'a Trace,
    program: &'a Program,
    chip: &'a Chip,
    pairs: &'a Pairs,
}

/// Which fetch and load bring the tile of which multiply, as far as their program pairs them.
pub struct Pairs {
    /// By instruction: the load of a multiply's tile, and the multiply of a load's.
    loads: Vec<Option<InstructionId>>,
    /// By multiply: the fetch of its tile.
    fetches: Vec<Option<InstructionId>>,
}

/// Of a matrix unit: what has no multiply yet, the oldest first.
#[derive(Default)]
struct Waiting {
    fetches: VecDeque<InstructionId>,
    loads: VecDeque<InstructionId>,
}

impl Pairs {
    /// Pairs a program's loads with its multiplies, the oldest with the oldest, as they stand in the text.
    pub fn new(program: &Program) -> Pairs {
        let none = vec![None; program.instructions.len()];
        let mut pairs = Pairs { loads: none.clone(), fetches: none };
        pairs.pair(program, &program.body, &mut LiteMap::new());
        pairs
    }

    fn of(&self, instruction: InstructionId) -> Option<InstructionId> {
        self.loads[instruction.index()]
    }

    /// The fetch of a multiply's tile.
    pub(super) fn fetch_of(&self, multiply: InstructionId) -> Option<InstructionId> {
        self.fetches[multiply.index()]
    }

    fn pair(&mut self, program: &Program, nodes: &[Node], waiting: &mut LiteMap<u32, Waiting>) {
        for node in nodes {
            let id = match node {
                Node::Repeat(id) => {
                    self.pair(program, &program.loops[*id].body, waiting);
                    continue;
                }
                Node::Do(id) => *id,
            };
            match program.instructions[id].unit {
                Unit::Fetch(number) => waiting.entry(number).or_default().fetches.push_back(id),
                Unit::Load(number) => waiting.entry(number).or_default().loads.push_back(id),
                Unit::Matrix(number) => {
                    let of_unit = waiting.entry(number).or_default();
                    self.fetches[id.index()] = of_unit.fetches.pop_front();
                    if let Some(load) = of_unit.loads.pop_front() {
                        (self.loads[load.index()], self.loads[id.index()]) = (Some(id), Some(load));
                    }
                }
                _ => {}
            }
        }
    }
}

/// One of the times that an instruction is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Occurrence {
    /// Which.
    pub instruction: InstructionId,
    /// Who does it.
    pub unit: Unit,
    /// In which iteration of the loops around it.
    pub iteration: Iteration,
    /// First cycle.
    pub start: Cycle,
    /// One past the last cycle in which its unit is busy with it.
    pub busy_until: Cycle,
    /// When it signals: what it leaves is there.
    pub event: Cycle,
}

/// Which of an instruction's times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ordinal {
    /// From 0.
    pub number: u64,
    /// How many there are.
    pub of: u64,
}

/// Most waves of a matrix unit, or transfers of a unit, that are looked for at once.
const MOST_AT_ONCE: u64 = 16;

impl<'a> Running<'a> {
    /// Of a run of a program on a chip.
    pub fn new(trace: &'a Trace, program: &'a Program, chip: &'a Chip, pairs: &'a Pairs) -> Running<'a> {
        Running { trace, program, chip, pairs }
    }

    /// All instructions under way in a cycle: as data goes through the chip, and of one unit the earliest first.
    pub fn at(&self, cycle: Cycle) -> Vec<Occurrence> {
        let mut all = Vec::new();
        for (unit, lane) in &self.trace.units {
            under_way(lane, cycle, |run| of_unit(*unit, run), &mut all);
        }
        for (number, lane) in self.trace.passes.iter().enumerate() {
            under_way(lane, cycle, |run| self.of_load(number as u32, run), &mut all);
            under_way(lane, cycle, |run| of_pass(number as u32, run), &mut all);
        }
        all.sort_by_key(|occurrence| (occurrence.unit.on_the_way(), occurrence.start));
        all
    }

    /// The time of an instruction that a cycle lies in, or else the next one, or else the last; nothing if it is never done.
    pub fn around(&self, instruction: InstructionId, cycle: Cycle) -> Option<(Occurrence, Ordinal)> {
        self.chosen(instruction, |times| {
            times.now(cycle).or_else(|| times.next(cycle)).or_else(|| times.last())
        })
    }

    /// Where one who wants to see an instruction goes: the beginning of the time under way, or of the next one, or of the first.
    pub fn begins(&self, instruction: InstructionId, cycle: Cycle) -> Option<Cycle> {
        let begun =
            |times: &Times| times.now(cycle).filter(|at| times.get(*at).is_some_and(|it| it.start < cycle));
        let found = self.chosen(instruction, |times| {
            begun(times).or_else(|| times.next(cycle)).or_else(|| times.first())
        });
        found.map(|(occurrence, _)| occurrence.start)
    }

    fn chosen(
        &self,
        instruction: InstructionId,
        choose: impl Fn(&Times) -> Option<u64>,
    ) -> Option<(Occurrence, Ordinal)> {
        let times = self.times(instruction)?;
        let at = choose(&times)?;
        let ordinal = Ordinal { number: times.count(at), of: times.count(u64::MAX) };
        Some((times.get(at)?, ordinal))
    }

    fn times(&self, instruction: InstructionId) -> Option<Times<'_>> {
        let unit = self.program.instructions[instruction].unit;
        let passes = |number: u32| self.trace.passes.get(number as usize);
        Some(match unit {
            Unit::Matrix(number) => {
                Times { lane: Kind::Passes(passes(number)?, number), instruction, all: self }
            }
            Unit::Load(number) => Times {
                lane: Kind::Loads(passes(number)?, number),
                instruction: self.pairs.of(instruction)?,
                all: self,
            },
            unit => Times { lane: Kind::Others(self.trace.lane(unit)?, unit), instruction, all: self },
        })
    }

    /// The load of a pass's tile; where sums stay there is none, and it has no time.
    fn of_load(&self, unit: u32, run: &PassRun) -> Occurrence {
        let end = timing::sides(self.chip).load_end(run.load);
        match self.pairs.of(run.instruction) {
            Some(instruction) => Occurrence {
                instruction,
                unit: Unit::Load(unit),
                iteration: run.iteration,
                start: run.load,
                busy_until: end,
                event: end,
            },
            None => {
                Occurrence { start: run.load, busy_until: run.load, event: run.load, ..of_pass(unit, run) }
            }
        }
    }
}

impl Occurrence {
    /// Whether its unit is busy with it; if not, the last of it is on its way.
    pub fn is_busy(&self, cycle: Cycle) -> bool {
        cycle < self.busy_until
    }

    /// The loops around it with their iterations, as its listing calls them: `i = 0, j = 3`.
    pub fn loops(&self, depth: usize) -> String {
        let named = LOOP_NAMES.iter().zip(self.iteration).take(depth);
        named.map(|(name, at)| format!("{name} = {at}")).collect::<Vec<_>>().join(", ")
    }
}

fn of_unit(unit: Unit, run: &UnitRun) -> Occurrence {
    let UnitRun { instruction, iteration, start, busy_until, event } = *run;
    Occurrence { instruction, unit, iteration, start, busy_until, event }
}

fn of_pass(unit: u32, run: &PassRun) -> Occurrence {
    let PassRun { instruction, iteration, start, stream_end, event, .. } = *run;
    Occurrence { instruction, unit: Unit::Matrix(unit), iteration, start, busy_until: stream_end, event }
}

/// Adds what of a lane is under way.
fn under_way<T: Run>(
    lane: &Lane<T>,
    cycle: Cycle,
    of: impl Fn(&T) -> Occurrence + Copy,
    all: &mut Vec<Occurrence>,
) {
    let come = lane.come(cycle, |run| of(run).start);
    let recent = (come.saturating_sub(MOST_AT_ONCE)..come).filter_map(|at| lane.get(at));
    all.extend(recent.map(|run| of(&run)).filter(|occurrence| cycle < occurrence.event));
}

/// Whose runs they are.
enum Kind<'a> {
    Passes(&'a Lane<PassRun>, u32),
    Loads(&'a Lane<PassRun>, u32),
    Others(&'a Lane<UnitRun>, Unit),
}

/// The times of an instruction among all runs of its unit; those of a load among the passes, where its multiply tells them.
struct Times<'a> {
    lane: Kind<'a>,
    instruction: InstructionId,
    all: &'a Running<'a>,
}

impl Times<'_> {
    fn get(&self, at: u64) -> Option<Occurrence> {
        match self.lane {
            Kind::Passes(lane, unit) => lane.get(at).map(|run| of_pass(unit, &run)),
            Kind::Loads(lane, unit) => lane.get(at).map(|run| self.all.of_load(unit, &run)),
            Kind::Others(lane, unit) => lane.get(at).map(|run| of_unit(unit, &run)),
        }
    }

    /// Runs of the unit that have begun.
    fn begun(&self, cycle: Cycle) -> u64 {
        match self.lane {
            Kind::Passes(lane, _) => lane.come(cycle, |run| run.start),
            Kind::Loads(lane, _) => lane.come(cycle, |run| run.load),
            Kind::Others(lane, _) => lane.come(cycle, |run| run.start),
        }
    }

    fn before(&self, end: u64) -> Option<u64> {
        match self.lane {
            Kind::Passes(lane, _) | Kind::Loads(lane, _) => {
                lane.last_before(end, |run| run.instruction == self.instruction)
            }
            Kind::Others(lane, _) => lane.last_before(end, |run| run.instruction == self.instruction),
        }
    }

    fn from(&self, begin: u64) -> Option<u64> {
        match self.lane {
            Kind::Passes(lane, _) | Kind::Loads(lane, _) => {
                lane.first_from(begin, |run| run.instruction == self.instruction)
            }
            Kind::Others(lane, _) => lane.first_from(begin, |run| run.instruction == self.instruction),
        }
    }

    fn count(&self, end: u64) -> u64 {
        match self.lane {
            Kind::Passes(lane, _) | Kind::Loads(lane, _) => {
                lane.count_before(end, |run| run.instruction == self.instruction)
            }
            Kind::Others(lane, _) => lane.count_before(end, |run| run.instruction == self.instruction),
        }
    }

    fn now(&self, cycle: Cycle) -> Option<u64> {
        self.before(self.begun(cycle)).filter(|at| self.get(*at).is_some_and(|it| cycle < it.event))
    }

    fn next(&self, cycle: Cycle) -> Option<u64> {
        self.from(self.begun(cycle))
    }

    fn first(&self) -> Option<u64> {
        self.from(0)
    }

    fn last(&self) -> Option<u64> {
        self.before(u64::MAX)
    }
}
