//! When everything happens: a program on a chip, by MACHINE.md section 2.
//!
//! Each unit walks through its own instructions as far as what it waits for is known. What remains to decide is the
//! order of the bus: once no unit can move on without it, the earliest request is granted. None still to come can be
//! as early, since whoever has not asked yet waits, at some remove, for a transfer to end.
//!
//! Times never depend on values, so [`Clock`] runs without them.
//!
//! - [`mod@units`] is one unit's next step,
//! - [`mod@cost`] is what vector work takes,
//! - [`mod@classes`] says where the cycles before a pass went,
//! - [`mod@skip`] finds loops whose state repeats, and advances them at once,
//! - [`mod@floor`] is what a run takes at least,
//! - [`mod@deadlock`] names who waits for whom when nobody can move,
//! - [`mod@halt`] says why a run is not gone through to its end.

mod classes;
mod cost;
mod deadlock;
mod floor;
mod halt;
mod skip;
mod units;

pub use cost::vector_cycles;
pub use deadlock::Deadlock;
pub use floor::floor;
pub use halt::{Halt, MOST_CYCLES};
use halt::{MOST_EFFORT, MOST_STATE, MOST_STEPS};
pub(super) use units::bus_bytes;
pub use units::link_cycles;
use units::{host_cycles, uses_bus};

use std::collections::VecDeque;

use crate::base::Cycle;
use crate::chip::{Chip, Link};
use crate::isa::{LoopId, Order, Program, Unit, Walk};
use crate::timing::{self, Stream};
use crate::trace::{Lane, PassRun, Trace, UnitRun};
use skip::Skipper;

/// Numbers of a state that take as long as an instruction.
const STATE: u64 = 64;

/// A run under way.
pub struct Clock<'a> {
    program: &'a Program,
    chip: &'a Chip,
    /// To the memory in which the program lies.
    bus: Link,
    order: Order,
    /// In the order's order.
    units: Vec<UnitState>,
    /// By matrix unit.
    arrays: Vec<ArrayState>,
    /// By event.
    events: Vec<Signals>,
    bus_free: Cycle,
    issue: Option<Issuer>,
    skipper: Option<Skipper>,
    /// By operator: whether it has passes.
    has_matrix_work: Vec<bool>,
    /// By event: how many of its latest signals may still be asked for.
    needed: Vec<u64>,
    /// By event: how far behind a wait reaches, at most.
    reach: Vec<u64>,
    /// Instructions gone through one by one.
    steps: u64,
    /// Work done: instructions gone through, or written into queues, and states written down, [`STATE`] numbers for one.
    effort: u64,
    /// The latest time that anything has come to.
    latest: Cycle,
}

/// One unit.
struct UnitState {
    unit: Unit,
    walk: Walk,
    /// It may start its next instruction.
    free: Cycle,
    /// Since when it has asked for the bus.
    asked: Option<Cycle>,
    /// It has begun another iteration of a loop, and waits until everybody has gone as far as possible: then the state of
    /// all can be compared with an earlier one.
    paused: Option<LoopId>,
    /// What it did; empty for weight loads, which the passes tell, and for matrix units.
    lane: Lane<UnitRun>,
    /// When the instructions that stand in its queue came there. Only with bounded queues.
    queue: VecDeque<Cycle>,
    /// When its latest instructions left the queue, as many as it has places.
    left: VecDeque<Cycle>,
    /// Places in its queue.
    places: Option<usize>,
}

/// What the weight fetch, the weight load and the matrix unit of one array share.
#[derive(Default)]
struct ArrayState {
    /// When each tile in the FIFO is whole: those fetched and not yet loaded.
    fifo: VecDeque<Tile>,
    /// When the latest loads started, as many as the FIFO has slots: each freed one.
    slots_freed: VecDeque<Cycle>,
    /// The load whose pass is still to come.
    loaded: Option<Loaded>,
    /// The pass before.
    last: Option<LastPass>,
    passes: Lane<PassRun>,
}

/// A tile in the FIFO.
#[derive(Clone, Copy)]
struct Tile {
    whole: Cycle,
}

/// A tile in the shadow registers.
#[derive(Clone, Copy)]
struct Loaded {
    load: Cycle,
    /// When it was whole in the FIFO.
    whole: Cycle,
    /// What its load waited for.
    cause: Cause,
}

/// What the next pass must know of the one before.
#[derive(Clone, Copy)]
struct LastPass {
    stream: Stream,
}

/// A signal, and what kept it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Signal {
    at: Cycle,
    cause: Cause,
}

/// What an instruction waited for, as far as the classes of cycles ask: directly, or through vector work.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Cause {
    /// Until when a DMA.
    input: Cycle,
    /// The last wave: from when, and until when, all its rows had entered and its sums not yet arrived.
    wave: (Cycle, Cycle),
    /// Until when work of an operator that has matrix work.
    work: Cycle,
}

impl Cause {
    fn and(self, other: Cause) -> Cause {
        let later = |a: (Cycle, Cycle), b: (Cycle, Cycle)| if (a.1, a.0) >= (b.1, b.0) { a } else { b };
        Cause {
            input: self.input.max(other.input),
            wave: later(self.wave, other.wave),
            work: self.work.max(other.work),
        }
    }
}

/// Signals of one event: how many, and the latest of them.
#[derive(Default)]
struct Signals {
    count: u64,
    latest: VecDeque<Signal>,
}

impl Signals {
    /// Signal number `ordinal`, if it has come. One so long ago that it is no longer kept is as good as at the start.
    fn get(&self, ordinal: u64) -> Option<Signal> {
        let from_end = self.count.checked_sub(ordinal + 1)?;
        let kept = (self.latest.len() as u64).checked_sub(from_end + 1);
        Some(kept.map_or(Signal::default(), |at| self.latest[at as usize]))
    }

    fn push(&mut self, signal: Signal) {
        self.count += 1;
        self.latest.push_back(signal);
    }
}

/// Puts instructions into bounded queues, in the order of the program.
struct Issuer {
    walk: Walk,
    /// When the last instruction was issued.
    time: Cycle,
}

/// Whether loops are skipped: for tests, that hold the two equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loops {
    /// A loop whose state repeats is advanced at once.
    Skipped,
    /// Every iteration is gone through.
    Stepped,
}

impl<'a> Clock<'a> {
    /// Before cycle 0. The program must have passed [`crate::isa::verify`] for this chip.
    pub fn new(program: &'a Program, chip: &'a Chip, loops: Loops) -> Self {
        let order = Order::new(program);
        let units: Vec<UnitState> = order.ways.iter().map(|way| UnitState::new(way.unit, chip)).collect();
        let mut has_matrix_work = vec![false; program.ops.len()];
        let mut reach = vec![0; program.events.len()];
        for (_, instruction) in program.instructions.iter() {
            has_matrix_work[instruction.op.index()] |= matches!(instruction.unit, Unit::Matrix(_));
            for wait in &instruction.waits {
                let reach: &mut u64 = &mut reach[wait.event.index()];
                *reach = (*reach).max(u64::from(wait.behind) + 1);
            }
        }
        let bounded = units.iter().any(|unit| unit.places.is_some());
        Clock {
            skipper: (loops == Loops::Skipped).then(|| Skipper::new(program, &order)),
            issue: bounded.then(|| Issuer { walk: Walk::default(), time: 0 }),
            arrays: (0..chip.matrix_units).map(|_| ArrayState::default()).collect(),
            events: program.events.ids().map(|_| Signals::default()).collect(),
            program,
            chip,
            bus: chip.bus(program.in_memory()),
            order,
            units,
            bus_free: 0,
            has_matrix_work,
            needed: vec![0; program.events.len()],
            reach,
            steps: 0,
            effort: 0,
            latest: 0,
        }
    }

    /// Goes through about `budget` instructions; true when the program is at its end.
    pub fn advance(&mut self, budget: u64) -> Result<bool, Halt> {
        let stop = self.effort + budget;
        while self.effort < stop {
            let moved = self.move_all() || self.go_on();
            self.check_limits()?;
            if moved {
                continue;
            }
            if let Some(unit) = self.first_request() {
                self.grant(unit);
            } else if self.units.iter().enumerate().all(|(at, _)| self.is_done(at)) {
                return Ok(true);
            } else {
                return Err(Halt::Deadlock(self.deadlock()));
            }
        }
        Ok(false)
    }

    /// The latest time that anything has come to: no run ends before it.
    pub fn latest(&self) -> Cycle {
        self.latest
    }

    /// Goes to the end.
    pub fn run(mut self) -> Result<Trace, Halt> {
        while !self.advance(1 << 20)? {}
        Ok(self.into_trace())
    }

    /// What it left, once [`Clock::advance`] has returned true.
    pub fn into_trace(self) -> Trace {
        let sides = timing::sides(self.chip);
        let last_macs = self.arrays.iter().filter_map(|array| Some(sides.last_mac_end(&array.last?.stream)));
        let cycles_to_last_mac = last_macs.max().unwrap_or(0);
        let passes: Vec<Lane<PassRun>> = self.arrays.into_iter().map(|array| array.passes).collect();
        let units: Vec<(Unit, Lane<UnitRun>)> = self
            .units
            .into_iter()
            .filter(|unit| !matches!(unit.unit, Unit::Load(_) | Unit::Matrix(_)))
            .map(|unit| (unit.unit, unit.lane))
            .collect();
        let last_pass = passes.iter().filter_map(|lane| lane.last()).map(|pass| pass.event).max();
        let last_run = units.iter().filter_map(|(_, lane)| lane.last()).map(|run| run.event).max();
        Trace { cycles_to_last_mac, cycles: last_pass.max(last_run).unwrap_or(0), passes, units }
    }

    /// Past the limits, units stop where they are.
    fn check_limits(&self) -> Result<(), Halt> {
        match () {
            () if self.latest > MOST_CYCLES => Err(Halt::TooLong),
            () if self.effort > MOST_EFFORT || self.steps > MOST_STEPS => Err(Halt::TooIrregular),
            () => Ok(()),
        }
    }

    /// Moves every unit as far as it goes without the bus; whether any moved.
    fn move_all(&mut self) -> bool {
        self.issue_all();
        let mut moved = false;
        for at in 0..self.units.len() {
            while self.check_limits().is_ok() && self.step(at) {
                moved = true;
            }
        }
        moved
    }

    fn is_done(&self, at: usize) -> bool {
        self.units[at].walk.step == self.order.ways[at].steps.len()
    }
}

impl UnitState {
    fn new(unit: Unit, chip: &Chip) -> Self {
        UnitState {
            unit,
            walk: Walk::default(),
            free: 0,
            asked: None,
            paused: None,
            lane: Lane::default(),
            queue: VecDeque::new(),
            left: VecDeque::new(),
            places: unit.places(chip),
        }
    }
}
