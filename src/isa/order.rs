//! The order of a program: each unit's way through its loops, and how many signals stand before an instruction.

use litemap::LiteMap;

use super::{EventId, From, InstructionId, Iteration, Loop, LoopId, MOST_DEPTH, Node, Program, Unit, Wait};

/// What is known of a program's order once and for all.
#[derive(Clone, Debug)]
pub struct Order {
    /// The way of each unit that has work, units ascending.
    pub ways: Vec<Way>,
    /// The whole program's; its steps know no signals.
    pub whole: Vec<Step>,
}

/// A unit's way through the program.
#[derive(Clone, Debug)]
pub struct Way {
    /// Whose.
    pub unit: Unit,
    /// Every event that it ever waits for.
    pub watched: Vec<Watched>,
    /// Its instructions.
    pub steps: Vec<Step>,
}

/// An event that a unit waits for.
#[derive(Clone, Copy, Debug)]
pub struct Watched {
    /// Which.
    pub event: EventId,
    /// Where its waits count from.
    pub from: From,
    /// How many signals they are behind at most.
    pub behind: u32,
}

/// One instruction on a unit's way.
#[derive(Clone, Debug)]
pub struct Step {
    /// What it does.
    pub instruction: InstructionId,
    /// For each watched event: how many of its signals stand before this instruction, or before the loop around it.
    pub before: Vec<Count>,
    /// For each watched event: how many of its signals stand before this instruction.
    pub here: Vec<Count>,
    /// Its waits: which of the watched events, and how many signals behind.
    pub waits: Vec<(usize, u32)>,
    /// Loops around it.
    pub depth: usize,
    /// Loops that end after it on this unit's way, innermost first: depth, number of iterations, and the step with which
    /// the next iteration begins.
    pub ends: Vec<LoopEnd>,
}

/// The end of a loop's body on a unit's way.
#[derive(Clone, Copy, Debug)]
pub struct LoopEnd {
    /// Which.
    pub id: LoopId,
    /// Loops around it.
    pub depth: usize,
    /// Iterations.
    pub count: u32,
    /// First step of the body.
    pub first: usize,
}

/// A number that grows evenly with the iterations of the loops around an instruction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// In the first iteration of all of them.
    pub first: u64,
    /// By depth: more with each iteration.
    pub each: [u64; MOST_DEPTH],
}

impl Count {
    /// In a given iteration.
    pub fn in_iteration(&self, iteration: &Iteration) -> u64 {
        self.first
            + self.each.iter().zip(iteration).map(|(each, index)| each * u64::from(*index)).sum::<u64>()
    }
}

/// A place on a unit's way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Walk {
    /// Index of the step; past the last one at the end.
    pub step: usize,
    /// Iteration of the loops around it; 0 below its depth.
    pub iteration: Iteration,
}

impl Walk {
    /// Moves on by one instruction; returns the innermost loop of which another iteration began.
    pub fn advance(&mut self, way: &[Step]) -> Option<LoopId> {
        for end in &way[self.step].ends {
            let index = &mut self.iteration[end.depth];
            *index += 1;
            if *index < end.count {
                self.step = end.first;
                return Some(end.id);
            }
            *index = 0;
        }
        self.step += 1;
        None
    }
}

impl Order {
    /// Lays out a verified program.
    pub fn new(program: &Program) -> Order {
        let mut layout = Layout {
            program,
            ways: watched(program),
            per_iteration: signals_of_loops(program),
            signals: vec![0; program.events.len()],
            around: Vec::new(),
            entries: Vec::new(),
            whole: Vec::new(),
        };
        layout.nodes(&program.body);
        Order { ways: layout.ways.into_iter().map(|(_, way)| way).collect(), whole: layout.whole }
    }

    /// Place of a unit that has work among the ways.
    pub fn at(&self, unit: Unit) -> usize {
        self.ways.binary_search_by_key(&unit, |way| way.unit).expect("the unit has work")
    }
}

/// Every unit's way, as yet without a step.
fn watched(program: &Program) -> LiteMap<Unit, Way> {
    let mut ways: LiteMap<Unit, Way> = LiteMap::new();
    for (_, instruction) in program.instructions.iter() {
        let unit = instruction.unit;
        let way = ways.entry(unit).or_insert_with(|| Way { unit, watched: Vec::new(), steps: Vec::new() });
        for wait in &instruction.waits {
            let key = |watched: &Watched| (watched.event, watched.from);
            match way.watched.binary_search_by_key(&(wait.event, wait.from), key) {
                Ok(at) => way.watched[at].behind = way.watched[at].behind.max(wait.behind),
                Err(at) => {
                    let watched = Watched { event: wait.event, from: wait.from, behind: wait.behind };
                    way.watched.insert(at, watched);
                }
            }
        }
    }
    ways
}

/// Signals by event.
type Signals = LiteMap<EventId, u64>;

/// By loop: signals of one iteration.
fn signals_of_loops(program: &Program) -> Vec<Signals> {
    fn of(program: &Program, nodes: &[Node], table: &mut Vec<Signals>) -> Signals {
        let mut sum = Signals::new();
        for node in nodes {
            match node {
                Node::Do(id) => {
                    for event in &program.instructions[*id].signals {
                        *sum.entry(*event).or_default() += 1;
                    }
                }
                Node::Repeat(id) => {
                    let one = of(program, &program.loops[*id].body, table);
                    let count = u64::from(program.loops[*id].count);
                    one.iter().for_each(|(event, n)| *sum.entry(*event).or_default() += n * count);
                    table[id.index()] = one;
                }
            }
        }
        sum
    }
    let mut table = vec![Signals::new(); program.loops.len()];
    of(program, &program.body, &mut table);
    table
}

struct Layout<'a> {
    program: &'a Program,
    ways: LiteMap<Unit, Way>,
    per_iteration: Vec<Signals>,
    /// By event: signals before this place, in the first iteration of the loops around it.
    signals: Vec<u64>,
    around: Vec<LoopId>,
    /// By loop around this place: what `signals` was at its beginning.
    entries: Vec<Vec<u64>>,
    whole: Vec<Step>,
}

impl Layout<'_> {
    fn nodes(&mut self, nodes: &[Node]) {
        for node in nodes {
            match node {
                Node::Do(id) => self.instruction(*id),
                Node::Repeat(id) => self.repeat(*id),
            }
        }
    }

    fn instruction(&mut self, id: InstructionId) {
        let instruction = &self.program.instructions[id];
        let watched = &self.ways[&instruction.unit].watched;
        let place = |wait: &Wait| {
            let at = watched.binary_search_by_key(&(wait.event, wait.from), |w| (w.event, w.from));
            (at.expect("every wait is watched"), wait.behind)
        };
        let step = Step {
            instruction: id,
            before: watched.iter().map(|watched| self.count(watched)).collect(),
            here: watched.iter().map(|watched| self.count_here(watched.event)).collect(),
            waits: instruction.waits.iter().map(place).collect(),
            depth: self.around.len(),
            ends: Vec::new(),
        };
        let bare = Step { before: Vec::new(), here: Vec::new(), waits: Vec::new(), ..step.clone() };
        self.whole.push(bare);
        self.ways.entry(instruction.unit).and_modify(|way| way.steps.push(step));
        for event in &instruction.signals {
            self.signals[event.index()] += 1;
        }
    }

    fn count(&self, watched: &Watched) -> Count {
        match watched.from {
            From::Loop(depth) if depth < self.around.len() => {
                self.count_at(watched.event, depth, &self.entries[depth])
            }
            _ => self.count_here(watched.event),
        }
    }

    fn count_here(&self, event: EventId) -> Count {
        self.count_at(event, self.around.len(), &self.signals)
    }

    /// Signals within `depth` loops, where `signals` came before in their first iteration.
    fn count_at(&self, event: EventId, depth: usize, signals: &[u64]) -> Count {
        let mut each = [0; MOST_DEPTH];
        for (depth, id) in self.around[..depth].iter().enumerate() {
            each[depth] = self.per_iteration[id.index()].get(&event).copied().unwrap_or(0);
        }
        Count { first: signals[event.index()], each }
    }

    fn repeat(&mut self, id: LoopId) {
        let Loop { count, body } = &self.program.loops[id];
        let before: Vec<usize> = self.ways.values().map(|way| way.steps.len()).collect();
        let first = self.whole.len();
        let depth = self.around.len();
        self.around.push(id);
        self.entries.push(self.signals.clone());
        self.nodes(body);
        self.entries.pop();
        self.around.pop();
        let end = |steps: &mut Vec<Step>, first: usize| {
            if steps.len() > first {
                let last = steps.last_mut().expect("it grew");
                last.ends.push(LoopEnd { id, depth, count: *count, first });
            }
        };
        end(&mut self.whole, first);
        self.ways.iter_mut().zip(before).for_each(|((_, way), before)| end(&mut way.steps, before));
        for (event, one) in &self.per_iteration[id.index()] {
            self.signals[event.index()] += one * u64::from(count - 1);
        }
    }
}
