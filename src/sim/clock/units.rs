//! One unit's next instruction: when it may start, and what follows from that.

use super::super::pass::{self, Shape};
use super::cost::vector_cycles;
use super::{ArrayState, Cause, Clock, LastPass, Loaded, MOST_EFFORT, Signal, Tile};
use crate::base::{Bytes, Cycle};
use crate::chip::{Chip, Link, WeightBuffering};
use crate::isa::{Instruction, Program, RowsAre, Space, Unit, Window, Work};
use crate::num::stored_bytes;
use crate::timing::{self, FAR, Stream};
use crate::trace::{Classes, PassRun, UnitRun};

/// What an instruction waited for.
#[derive(Clone, Copy, Default)]
pub(super) struct Ready {
    /// Its unit is free, it stands in the queue, and every signal has come.
    pub at: Cycle,
    pub cause: Cause,
}

impl<'a> Clock<'a> {
    /// Executes a unit's next instruction as far as it goes without the bus; false if it does not.
    pub(super) fn step(&mut self, at: usize) -> bool {
        if self.units[at].asked.is_some() || self.units[at].paused.is_some() {
            return false;
        }
        let Some(ready) = self.ready(at) else { return false };
        let instruction = self.head(at);
        match (&instruction.work, instruction.unit) {
            _ if uses_bus(self.program, instruction) => self.ask(at, ready),
            (Work::Copy { from, .. }, _) => {
                let cycles = host_cycles(self.program, self.chip, from);
                let latency = self.chip.host.map_or(0, |link| link.latency.min(FAR));
                self.leave_queue(at, ready.at);
                self.transfer(at, ready.at, cycles, latency);
                true
            }
            (Work::Fetch { .. }, Unit::Fetch(unit)) => self.fetch_on_chip(at, unit as usize, ready),
            (Work::Load, Unit::Load(unit)) => self.load(at, unit as usize, ready),
            (Work::Multiply { .. }, Unit::Matrix(unit)) => self.multiply(at, unit as usize, ready),
            (Work::Contract { .. }, Unit::Matrix(unit)) => self.contract(at, unit as usize, ready),
            (Work::Vector { .. }, _) => self.vector(at, ready),
            _ => unreachable!("rule 2: work belongs to its kind of unit"),
        }
    }

    /// A unit's next instruction, if it is not done.
    fn head(&self, at: usize) -> &'a Instruction {
        let program: &'a Program = self.program;
        &program.instructions[self.order.ways[at].steps[self.units[at].walk.step].instruction]
    }

    /// When a unit's next instruction may start as far as queue and events go, if that is known.
    pub(super) fn ready(&self, at: usize) -> Option<Ready> {
        let (state, way) = (&self.units[at], &self.order.ways[at]);
        let step = way.steps.get(state.walk.step)?;
        let issued = if self.issue.is_some() { *state.queue.front()? } else { 0 };
        let mut ready = Ready { at: state.free.max(issued), cause: Cause::default() };
        for (watched, behind) in &step.waits {
            let before = step.before[*watched].in_iteration(&state.walk.iteration);
            let Some(ordinal) = before.checked_sub(1 + u64::from(*behind)) else { continue };
            let signal = self.events[way.watched[*watched].event.index()].get(ordinal)?;
            ready.at = ready.at.max(signal.at);
            ready.cause = ready.cause.and(signal.cause);
        }
        Some(ready)
    }

    /// Takes up a transfer: from now on it waits for the bus.
    fn ask(&mut self, at: usize, ready: Ready) -> bool {
        let mut asked = ready.at;
        if let Unit::Fetch(unit) = self.units[at].unit {
            let Some(free) = self.slot_free(unit as usize) else { return false };
            asked = asked.max(free);
        }
        self.leave_queue(at, asked);
        self.units[at].asked = Some(asked);
        true
    }

    /// The unit with the earliest request; of equals, weights before DMA in before DMA out.
    pub(super) fn first_request(&self) -> Option<usize> {
        let class = |unit: Unit| match unit {
            Unit::Fetch(_) => 0,
            Unit::DmaIn(_) => 1,
            _ => 2,
        };
        let requests =
            self.units.iter().enumerate().filter_map(|(at, unit)| Some((unit.asked?, class(unit.unit), at)));
        requests.min().map(|(.., at)| at)
    }

    /// When the FIFO has a free slot, if that is known.
    pub(super) fn slot_free(&self, unit: usize) -> Option<Cycle> {
        let array = &self.arrays[unit];
        let spare = self.chip.weight_fifo_tiles.checked_sub(array.fifo.len() + 1)?;
        // The load that freed this slot was followed by as many as there are further slots free.
        let freed = array.slots_freed.len().checked_sub(spare + 1);
        Some(freed.map_or(0, |at| array.slots_freed[at]))
    }

    /// Gives the bus to a unit that has asked for it.
    pub(super) fn grant(&mut self, at: usize) {
        let asked = self.units[at].asked.take().expect("it has asked");
        let instruction = self.head(at);
        let bytes = bus_bytes(self.program, self.chip, instruction);
        let link = self.bus;
        let (cycles, latency) = (link_cycles(&link, bytes), link.latency.min(FAR));
        let start = asked.max(self.bus_free);
        self.bus_free = start + cycles;
        if let Unit::Fetch(unit) = instruction.unit {
            self.arrays[unit as usize].fifo.push_back(Tile { whole: start + cycles + latency });
        }
        self.transfer(at, start, cycles, latency);
    }

    fn transfer(&mut self, at: usize, start: Cycle, cycles: Cycle, latency: Cycle) {
        let event = start + cycles + latency;
        let cause = match self.units[at].unit {
            Unit::Fetch(_) => Cause::default(),
            _ => Cause { input: event, ..Cause::default() },
        };
        self.record(at, start, start + cycles, event);
        self.finish(at, start + cycles, Signal { at: event, cause });
    }

    fn fetch_on_chip(&mut self, at: usize, unit: usize, ready: Ready) -> bool {
        let Some(free) = self.slot_free(unit) else { return false };
        let start = ready.at.max(free);
        let end = start + self.chip.rows as Cycle;
        self.arrays[unit].fifo.push_back(Tile { whole: end });
        self.leave_queue(at, start);
        self.record(at, start, end, end);
        self.finish(at, end, Signal { at: end, cause: Cause::default() });
        true
    }

    fn load(&mut self, at: usize, unit: usize, ready: Ready) -> bool {
        let (chip, array) = (self.chip, &mut self.arrays[unit]);
        // The tile before must have been taken over by its pass.
        if array.loaded.is_some() {
            return false;
        }
        let Some(tile) = array.fifo.front().copied() else { return false };
        let start = ready.at.max(tile.whole).max(buffer_free(array, chip));
        array.fifo.pop_front();
        array.slots_freed.push_back(start);
        if array.slots_freed.len() > chip.weight_fifo_tiles {
            array.slots_freed.pop_front();
        }
        array.loaded = Some(Loaded { load: start, whole: tile.whole, cause: ready.cause });
        let end = timing::sides(chip).load_end(start);
        self.leave_queue(at, start);
        self.finish(at, end, Signal { at: end, cause: Cause::default() });
        true
    }

    fn multiply(&mut self, at: usize, unit: usize, ready: Ready) -> bool {
        let Some(loaded) = self.arrays[unit].loaded else { return false };
        let Shape { steps, rate, .. } = pass::shape(self.program, self.chip, self.head(at));
        let start = ready.at.max(timing::sides(self.chip).load_end(loaded.load));
        self.arrays[unit].loaded = None;
        let pass = Entering {
            stream: Stream { start, length: steps, rate },
            load: Some((loaded.load, loaded.whole)),
            busy: 0,
            cause: ready.cause.and(loaded.cause),
        };
        self.enter(at, unit, pass);
        true
    }

    fn contract(&mut self, at: usize, unit: usize, ready: Ready) -> bool {
        let Shape { steps, rate, .. } = pass::shape(self.program, self.chip, self.head(at));
        let sides = timing::sides(self.chip);
        let busy =
            self.arrays[unit].last.map_or(0, |last| sides.start_after_drain(&last.stream, steps, rate));
        let stream = Stream { start: ready.at.max(busy), length: steps, rate };
        self.enter(at, unit, Entering { stream, load: None, busy, cause: ready.cause });
        true
    }

    fn enter(&mut self, at: usize, unit: usize, pass: Entering) {
        let array = &mut self.arrays[unit];
        let (sides, stream) = (timing::sides(self.chip), pass.stream);
        let idle_from = array.last.map_or(0, |last| last.stream.end());
        let single = match (self.chip.weights, array.last) {
            (WeightBuffering::Single, Some(last)) if pass.load.is_some() => sides.wave_end(&last.stream),
            _ => pass.busy,
        };
        let gap = super::classes::before(&pass, idle_from, single, self.chip.rows as Cycle);
        let walk = self.units[at].walk;
        let (stream_end, event) = (stream.end(), sides.event(self.chip.dataflow.stationary(), &stream));
        let mut run = PassRun {
            instruction: self.order.ways[at].steps[walk.step].instruction,
            iteration: walk.iteration,
            load: pass.load.map_or(stream.start, |(load, _)| load),
            start: stream.start,
            stream_end,
            event,
            classes: Classes::default(),
            gap,
        };
        run.classes = run.classes_in(idle_from..stream_end);
        array.passes.push(run);
        array.last = Some(LastPass { stream });
        let cause = Cause { wave: (stream_end, event), work: event, ..Cause::default() };
        self.leave_queue(at, stream.start);
        self.finish(at, stream_end, Signal { at: event, cause });
    }

    fn vector(&mut self, at: usize, ready: Ready) -> bool {
        let instruction = self.head(at);
        let Work::Vector { source, steps, .. } = &instruction.work else { unreachable!("it is vector work") };
        let busy_until = ready.at + vector_cycles(self.chip, source.extents(), steps);
        let event = busy_until + self.chip.vector_latency.min(FAR);
        let mut cause = ready.cause;
        if self.has_matrix_work[instruction.op.index()] {
            cause.work = event;
        }
        self.record(at, ready.at, busy_until, event);
        self.leave_queue(at, ready.at);
        self.finish(at, busy_until, Signal { at: event, cause });
        true
    }

    fn record(&mut self, at: usize, start: Cycle, busy_until: Cycle, event: Cycle) {
        let walk = self.units[at].walk;
        let instruction = self.order.ways[at].steps[walk.step].instruction;
        let run = UnitRun { instruction, iteration: walk.iteration, start, busy_until, event };
        self.units[at].lane.push(run);
    }

    /// Takes a unit's next instruction out of its queue.
    fn leave_queue(&mut self, at: usize, taken: Cycle) {
        let state = &mut self.units[at];
        state.queue.pop_front();
        if let Some(places) = state.places {
            state.left.push_back(taken);
            if state.left.len() > places {
                state.left.pop_front();
            }
        }
    }

    /// Moves a unit on to its next instruction.
    fn finish(&mut self, at: usize, free: Cycle, signal: Signal) {
        for event in &self.head(at).signals {
            self.events[event.index()].push(signal);
        }
        let state = &mut self.units[at];
        state.free = free;
        self.steps += 1;
        self.effort += 1;
        self.latest = self.latest.max(free).max(signal.at);
        let began = state.walk.advance(&self.order.ways[at].steps);
        state.paused = began.filter(|id| self.skipper.as_ref().is_some_and(|skipper| skipper.asks(at, *id)));
    }

    /// Fills bounded queues as far as there is room.
    pub(super) fn issue_all(&mut self) {
        let Some(issuer) = &mut self.issue else { return };
        while self.effort <= MOST_EFFORT
            && let Some(step) = self.order.whole.get(issuer.walk.step)
        {
            let unit = self.program.instructions[step.instruction].unit;
            let at = self.order.at(unit);
            let state = &mut self.units[at];
            if let Some(places) = state.places {
                let Some(spare) = places.checked_sub(state.queue.len() + 1) else { return };
                // The instruction that made room was followed by as many as there are further places free.
                let room = state.left.len().checked_sub(spare + 1).map_or(0, |left| state.left[left]);
                issuer.time = issuer.time.max(room);
            }
            state.queue.push_back(issuer.time);
            self.effort += 1;
            issuer.walk.advance(&self.order.whole);
        }
    }
}

/// A pass about to enter.
pub(super) struct Entering {
    pub stream: Stream,
    /// When its load began, and when its tile was whole in the FIFO.
    pub load: Option<(Cycle, Cycle)>,
    /// Until when a drain chain stood in its way.
    pub busy: Cycle,
    pub cause: Cause,
}

/// Whether it moves bytes over the DRAM's bus.
pub(super) fn uses_bus(program: &Program, instruction: &Instruction) -> bool {
    match (&instruction.work, instruction.unit) {
        (Work::Copy { .. }, unit) => unit != Unit::Host,
        (Work::Fetch { tile, .. }, _) => program.buffers[tile.buffer()].space == Space::Dram,
        _ => false,
    }
}

/// Cycles that bytes take on a link, which moves some in every cycle.
pub fn link_cycles(link: &Link, bytes: Bytes) -> Cycle {
    link.bytes_per_cycle.inverse().ceil_of(bytes).clamp(1, FAR)
}

/// Cycles of a copy from or to the host.
pub(super) fn host_cycles(program: &Program, chip: &Chip, from: &Window) -> Cycle {
    link_cycles(&chip.host.expect("rule 2: the chip has a host link"), program.bytes(from))
}

/// Bytes that a copy or a fetch moves over the DRAM's bus: gathered rows cost whole bursts, tiles that lie padded in DRAM
/// all of R x C.
pub(in crate::sim) fn bus_bytes(program: &Program, chip: &Chip, instruction: &Instruction) -> Bytes {
    match &instruction.work {
        Work::Copy { from, rows: RowsAre::Together, .. } => program.bytes(from),
        Work::Copy { from, to, .. } => {
            let in_dram = if program.buffers[from.buffer].space == Space::Dram { from } else { to };
            from.rows as Bytes * bytes_of_row(program, chip, in_dram)
        }
        Work::Fetch { tile, packed } if chip.dram.padded_tiles => {
            let dtype = program.buffers[tile.buffer()].dtype;
            stored_bytes([chip.depth(*packed), chip.cols], *packed, dtype)
        }
        Work::Fetch { tile, packed } => program.stored_bytes(tile, *packed),
        _ => unreachable!("only copies and fetches use the bus"),
    }
}

/// Bytes that a gathered row in DRAM costs: the bursts from its first element to its last, or one for each element.
fn bytes_of_row(program: &Program, chip: &Chip, window: &Window) -> Bytes {
    let (cols, size) = (window.cols as Bytes, program.buffers[window.buffer].dtype.bytes() as Bytes);
    let whole_bursts = |elements: Bytes| (elements * size).next_multiple_of(chip.dram.burst_bytes);
    whole_bursts((cols - 1) * window.col_stride + 1).min(cols * whole_bursts(1))
}

/// When a tile's registers are free for the next load.
fn buffer_free(array: &ArrayState, chip: &Chip) -> Cycle {
    array.last.map_or(0, |last| timing::sides(chip).buffer_free(chip.weights, &last.stream))
}
