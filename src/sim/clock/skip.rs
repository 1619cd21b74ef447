//! Exact skipping. When a loop begins another iteration, the state of everything that works in it is written down
//! relative to now. If it is what it was some iterations ago, then what happened since will happen again, later by
//! the same number of cycles; so all whole repetitions are made at once that are left, or that pass before a unit
//! outside the loop finds what it waits for.
//!
//! The state holds all that the future depends on: for each unit in the loop its place (iterations counted from the
//! loop's own), when it is free, its queue; for each array its FIFO, its loaded tile, its last pass; recent signals;
//! the bus. Times that lie before every unit in the loop is free, and before the last instruction was issued, can delay
//! nothing and count as one. Units without
//! work in the loop must not have moved; they wait for it, or have long been done.
//!
//! Two states are kept and compared with the present one: that of the last look, since most loops soon do the same in every
//! iteration, and one that stays until twice as many iterations have passed (Brent's way of finding a cycle), which finds
//! longer periods. The cost is a few comparisons an iteration.

use super::{ArrayState, Cause, Clock, MOST_CYCLES, MOST_STATE, STATE, Signal, Signals, UnitState};
use crate::base::Cycle;
use crate::isa::{From, Iteration, LoopId, MOST_DEPTH, Order, Program, Unit, Walk};
use crate::timing::Stream;
use crate::trace::Period;

/// What is known of each loop, and the states kept.
pub(super) struct Skipper {
    /// By loop.
    loops: Vec<Looped>,
    /// Of the next state kept.
    serial: u64,
    /// Of the state being compared; kept to save allocations.
    state: Vec<u64>,
}

/// A loop.
#[derive(Default)]
struct Looped {
    depth: usize,
    count: u32,
    /// Units with work in it, with their first and last step in it.
    units: Vec<(usize, usize, usize)>,
    /// Its first and last step in the whole program.
    whole: (usize, usize),
    /// The state of the last look.
    near: Option<Kept>,
    /// One from before it.
    far: Option<Kept>,
}

/// A state to compare with.
struct Kept {
    serial: u64,
    outer: Iteration,
    index: u32,
    base: Cycle,
    state: Vec<u64>,
    /// By unit: pieces of its lane. By array: pieces of its passes.
    marks: (Vec<usize>, Vec<usize>),
    /// By event: its signals so far, and the latest of them.
    signals: Vec<(u64, Vec<Signal>)>,
}

impl Skipper {
    pub(super) fn new(program: &Program, order: &Order) -> Self {
        let mut loops: Vec<Looped> = program.loops.ids().map(|_| Looped::default()).collect();
        for (at, way) in order.ways.iter().enumerate() {
            for (last, step) in way.steps.iter().enumerate() {
                for end in &step.ends {
                    let looped = &mut loops[end.id.index()];
                    (looped.depth, looped.count) = (end.depth, end.count);
                    looped.units.push((at, end.first, last));
                }
            }
        }
        for (last, step) in order.whole.iter().enumerate() {
            step.ends.iter().for_each(|end| loops[end.id.index()].whole = (end.first, last));
        }
        Skipper { loops, serial: 0, state: Vec::new() }
    }
}

impl Skipper {
    /// Whether a unit is the one that asks for a loop: the last one with work in it.
    pub(super) fn asks(&self, at: usize, id: LoopId) -> bool {
        let looped = &self.loops[id.index()];
        looped.count >= 3 && looped.units.last().is_some_and(|(last, ..)| *last == at)
    }

    fn keep(&mut self, id: LoopId, now: Kept) {
        self.serial += 1;
        let now = Kept { serial: self.serial, ..now };
        let looped = &mut self.loops[id.index()];
        // One that is the same but did not fit is replaced: what came before it was not yet the same.
        let stays = |far: &Kept| {
            far.comes_before(&now.outer, now.index) && now.index / 2 < far.index && far.state != now.state
        };
        let far_stays = looped.far.as_ref().is_some_and(stays);
        let before = looped.near.replace(now);
        if !far_stays {
            looped.far = before;
        }
    }

    /// Lets go of states kept since one that repeated: their marks lie within what is one piece now.
    fn forget_since(&mut self, serial: u64) {
        for looped in &mut self.loops {
            for kept in [&mut looped.near, &mut looped.far] {
                kept.take_if(|kept| kept.serial >= serial);
            }
        }
    }
}

impl Kept {
    /// Whether it is of an earlier iteration, of the same ones of the loops around it.
    fn comes_before(&self, outer: &Iteration, index: u32) -> bool {
        self.outer == *outer && self.index < index
    }
}

impl Clock<'_> {
    /// When nobody can move, lets those go on who have begun another iteration, and looks whether their loops repeat.
    pub(super) fn go_on(&mut self) -> bool {
        // Taken out while it looks at the rest.
        let Some(mut skipper) = self.skipper.take() else { return false };
        let paused = |(at, unit): (usize, &UnitState)| Some((at, unit.paused?));
        let paused: Vec<(usize, LoopId)> = self.units.iter().enumerate().filter_map(paused).collect();
        paused.iter().for_each(|(at, id)| self.look(&mut skipper, *at, *id));
        self.units.iter_mut().for_each(|unit| unit.paused = None);
        self.skipper = Some(skipper);
        !paused.is_empty()
    }

    fn look(&mut self, skipper: &mut Skipper, at: usize, id: LoopId) {
        let looped = &skipper.loops[id.index()];
        let walk = self.units[at].walk;
        let outer = outer(&walk, looped.depth);
        let inside = |walk: &Walk, first: usize, last: usize| {
            (first..=last).contains(&walk.step) && self::outer(walk, looped.depth) == outer
        };
        let (first, last) = looped.whole;
        let issuing = self.issue.as_ref().is_none_or(|issuer| inside(&issuer.walk, first, last));
        let mut units = looped.units.iter();
        if !issuing || !units.all(|(unit, first, last)| inside(&self.units[*unit].walk, *first, *last)) {
            return;
        }
        // Who stands outside and has the bus to come, or another loop, will soon go on; then the state is another.
        let mut working = looped.units.iter().map(|(unit, ..)| *unit).peekable();
        let mut others = self.units.iter().enumerate().filter(|(at, _)| working.next_if_eq(at).is_none());
        if others.any(|(_, unit)| unit.asked.is_some() || unit.paused.is_some()) {
            return;
        }
        let free = looped.units.iter().map(|(unit, ..)| self.units[*unit].free);
        let base = free.chain(self.issue.as_ref().map(|issuer| issuer.time)).min().unwrap_or(0);
        let index = walk.iteration[looped.depth];
        self.forget_signals();
        self.write_state(&mut skipper.state, looped, index, base);
        // States and signals are compared, kept or repeated: that takes as long as they are.
        let signals = self.events.iter().map(|signals| signals.latest.len()).sum::<usize>();
        let size = skipper.state.len() + signals;
        self.effort += size as u64 / STATE;
        if size > MOST_STATE {
            return;
        }
        let looped = &skipper.loops[id.index()];
        let alike = |kept: &&Kept| kept.comes_before(&outer, index) && kept.state == skipper.state;
        let repeats = |kept: &&Kept| self.repeat(looped, kept, index, base);
        let repeated = looped.near.iter().chain(&looped.far).filter(alike).find(repeats);
        match repeated.map(|kept| kept.serial) {
            Some(serial) => skipper.forget_since(serial),
            None => skipper.keep(id, self.now(&skipper.state, outer, index, base)),
        }
    }

    fn now(&self, state: &[u64], outer: Iteration, index: u32, base: Cycle) -> Kept {
        let signals = |signals: &Signals| (signals.count, signals.latest.iter().copied().collect());
        Kept {
            serial: 0,
            outer,
            index,
            base,
            state: state.to_vec(),
            marks: self.marks(),
            signals: self.events.iter().map(signals).collect(),
        }
    }

    fn marks(&self) -> (Vec<usize>, Vec<usize>) {
        let units = self.units.iter().map(|unit| unit.lane.mark()).collect();
        (units, self.arrays.iter().map(|array| array.passes.mark()).collect())
    }

    /// Repeats what happened since the kept state as often as it fits; false if it does not fit once.
    fn repeat(&mut self, looped: &Looped, kept: &Kept, index: u32, base: Cycle) -> bool {
        let iterations = index - kept.index;
        let units = looped.units.iter().map(|(unit, ..)| &self.units[*unit].walk);
        let walks = units.chain(self.issue.as_ref().map(|issuer| &issuer.walk));
        let left = walks.map(|walk| looped.count - 1 - walk.iteration[looped.depth]).min();
        let times = u64::from(left.unwrap_or(0) / iterations).min(self.undisturbed(looped, kept)) as u32;
        let period = Period { cycles: base - kept.base, depth: looped.depth, iterations };
        let mut signals = self.events.iter().zip(&kept.signals).zip(&self.needed);
        let even = signals.all(|((now, before), needed)| now.repeats(before, period.cycles, *needed));
        if times == 0 || !even {
            return false;
        }
        let Some(later) = period.cycles.checked_mul(times.into()).filter(|later| *later <= MOST_CYCLES)
        else {
            self.latest = Cycle::MAX;
            return true;
        };
        self.latest += later;
        for (unit, ..) in &looped.units {
            let state = &mut self.units[*unit];
            state.walk.iteration[looped.depth] += times * iterations;
            state.free += later;
            state.asked.iter_mut().for_each(|asked| *asked += later);
            state.queue.iter_mut().chain(&mut state.left).for_each(|time| *time += later);
            state.lane.repeat_from(kept.marks.0[*unit], period, times.into());
            match state.unit {
                Unit::Fetch(unit) => self.arrays[unit as usize].fetched_later(later),
                Unit::Load(unit) => self.arrays[unit as usize].loaded_later(later),
                Unit::Matrix(unit) => {
                    let array = &mut self.arrays[unit as usize];
                    array.entered_later(later);
                    array.passes.repeat_from(kept.marks.1[unit as usize], period, times.into());
                }
                _ => {}
            }
        }
        if self.bus_free > base {
            self.bus_free += later;
        }
        if let Some(issuer) = &mut self.issue {
            issuer.walk.iteration[looped.depth] += times * iterations;
            issuer.time += later;
        }
        for ((signals, before), needed) in self.events.iter_mut().zip(&kept.signals).zip(&self.needed) {
            signals.repeat(before, times.into(), *needed);
        }
        true
    }

    /// How many repetitions pass before a unit that stands outside the loop finds what it waits for.
    fn undisturbed(&self, looped: &Looped, kept: &Kept) -> u64 {
        let outside = |at: &usize| looped.units.iter().all(|(unit, ..)| unit != at);
        let standing = (0..self.units.len()).filter(outside).filter(|at| !self.is_done(*at));
        standing.map(|at| self.until_woken(at, looped, kept)).min().unwrap_or(u64::MAX)
    }

    fn until_woken(&self, at: usize, looped: &Looped, kept: &Kept) -> u64 {
        let (state, way) = (&self.units[at], &self.order.ways[at]);
        let (mut missing, mut behind_us) = (None, false);
        let step = &way.steps[state.walk.step];
        for (watched, behind) in &step.waits {
            let event = way.watched[*watched].event.index();
            let (count, before) = (self.events[event].count, kept.signals[event].0);
            let awaited = step.before[*watched].in_iteration(&state.walk.iteration);
            let Some(ordinal) = awaited.checked_sub(1 + u64::from(*behind)) else { continue };
            match ordinal.checked_sub(count) {
                // One signal that is still missing is enough to keep it where it is.
                Some(more) => {
                    missing = missing.max(Some(more.checked_div(count - before).unwrap_or(u64::MAX)))
                }
                // The signals that it waits for must not be lost among those that the loop gives.
                None => behind_us |= count > before && !self.is_moot(at, event, ordinal),
            }
        }
        let issued = self.issue.is_none() || !state.queue.is_empty();
        match missing {
            _ if behind_us => 0,
            Some(missing) => missing,
            None if !issued => u64::MAX,
            // It stands before its array, so nobody else may work there.
            None => {
                let array = |unit: Unit| match unit {
                    Unit::Fetch(array) | Unit::Load(array) | Unit::Matrix(array) => Some(array),
                    _ => None,
                };
                let shared =
                    looped.units.iter().any(|(unit, ..)| array(self.units[*unit].unit) == array(state.unit));
                if shared { 0 } else { u64::MAX }
            }
        }
    }

    /// Whether it is all the same to a unit that a signal is taken for one at the start: it came before the unit is free, and
    /// nobody asks what a transfer waited for.
    fn is_moot(&self, at: usize, event: usize, ordinal: u64) -> bool {
        let state = &self.units[at];
        let moves = matches!(state.unit, Unit::Host | Unit::DmaIn(_) | Unit::DmaOut(_) | Unit::Fetch(_));
        moves && self.events[event].get(ordinal).is_some_and(|signal| signal.at <= state.free)
    }

    /// Everything that the future of a loop depends on, relative to `base` and to its iteration `index`.
    fn write_state(&self, state: &mut Vec<u64>, looped: &Looped, index: u32, base: Cycle) {
        state.clear();
        let since = |time: Cycle| time.saturating_sub(base);
        let mut active = looped.units.iter().map(|(unit, ..)| *unit).peekable();
        for (at, unit) in self.units.iter().enumerate() {
            let inside = active.next_if_eq(&at).is_some();
            if inside {
                self.write_entries(state, at, base);
            }
            write_walk(state, &unit.walk, inside.then_some((looped.depth, index)));
            state.push(since(unit.free));
            state.push(unit.asked.map_or(u64::MAX, since));
            for times in [&unit.queue, &unit.left] {
                state.push(times.len() as u64);
                state.extend(times.iter().map(|time| since(*time)));
            }
        }
        for (at, array) in self.arrays.iter().enumerate() {
            let in_loop = |(unit, ..): &(usize, usize, usize)| matches!(self.units[*unit].unit, Unit::Load(unit) | Unit::Matrix(unit) if unit as usize == at);
            let from = if looped.units.iter().any(in_loop) { base } else { 0 };
            array.write(state, base, from, (2 * self.chip.rows + self.chip.cols) as Cycle);
        }
        state.push(since(self.bus_free));
        if let Some(issuer) = &self.issue {
            write_walk(state, &issuer.walk, Some((looped.depth, index)));
            state.push(since(issuer.time));
        }
        for signals in &self.events {
            let recent = signals.latest.iter().rev().take_while(|signal| signal.at > base);
            let from = state.len();
            recent.for_each(|Signal { at, cause: Cause { input, wave, work } }| {
                let wave = if wave.1 > base { [since(wave.0), since(wave.1)] } else { [0, 0] };
                state.extend([since(*at), since(*input), wave[0], wave[1], since(*work)]);
            });
            state.push((state.len() - from) as u64);
        }
    }

    /// Lets go of signals that nobody will ask for again.
    fn forget_signals(&mut self) {
        self.needed.clone_from(&self.reach);
        for (state, way) in self.units.iter().zip(&self.order.ways) {
            let Some(step) = way.steps.get(state.walk.step) else { continue };
            for (at, watched) in way.watched.iter().enumerate() {
                let signals = &self.events[watched.event.index()];
                let mut before = step.before[at].in_iteration(&state.walk.iteration);
                let last = before.checked_sub(1).map(|last| signals.get(last));
                // What came before a loop, if anything did, and before its unit is free, is asked for in vain until the loop ends.
                let in_vain = last.is_none_or(|last| last.is_some_and(|last| last.at <= state.free));
                if watched.from != From::Here && in_vain {
                    before = step.here[at].in_iteration(&state.walk.iteration);
                }
                let oldest = before.saturating_sub(1 + u64::from(watched.behind));
                let needed = &mut self.needed[watched.event.index()];
                *needed = (*needed).max(signals.count.saturating_sub(oldest));
            }
        }
        for (signals, needed) in self.events.iter_mut().zip(&self.needed) {
            let spare = (signals.latest.len() as u64).saturating_sub(*needed);
            signals.latest.drain(..spare as usize);
        }
    }

    /// The last signals from before the loops that a unit's waits count from: they stay where they are while the loop
    /// goes on.
    fn write_entries(&self, state: &mut Vec<u64>, at: usize, base: Cycle) {
        let (walk, way) = (&self.units[at].walk, &self.order.ways[at]);
        for (watched, before) in way.watched.iter().zip(&way.steps[walk.step].before) {
            if watched.from != From::Here
                && let Some(last) = before.in_iteration(&walk.iteration).checked_sub(1)
            {
                let signal = self.events[watched.event.index()].get(last);
                state.push(signal.map_or(u64::MAX, |signal| signal.at.saturating_sub(base)));
            }
        }
    }
}

fn write_walk(state: &mut Vec<u64>, walk: &Walk, relative: Option<(usize, u32)>) {
    let mut iteration = walk.iteration;
    if let Some((depth, index)) = relative {
        iteration[depth] = iteration[depth].wrapping_sub(index);
    }
    state.push(walk.step as u64);
    state.extend(iteration.map(u64::from));
}

/// The iterations of the loops around the one at a depth.
fn outer(walk: &Walk, depth: usize) -> Iteration {
    let mut outer = [0; MOST_DEPTH];
    outer[..depth].copy_from_slice(&walk.iteration[..depth]);
    outer
}

impl ArrayState {
    /// Times that the trace tells, or that reach beyond `base`, are written relative to `from`: to `base` when this array
    /// works in the loop, and as they are when it stands still. A wave and the drain chain behind it take `crossing` cycles at most.
    fn write(&self, state: &mut Vec<u64>, base: Cycle, from: Cycle, crossing: Cycle) {
        let since = |time: Cycle| time.saturating_sub(base);
        state.push(self.fifo.len() as u64);
        state.extend(self.fifo.iter().map(|tile| since(tile.whole)));
        state.push(self.slots_freed.len() as u64);
        state.extend(self.slots_freed.iter().map(|time| since(*time)));
        state.push(self.loaded.is_some().into());
        if let Some(loaded) = &self.loaded {
            let Cause { input, wave, work } = loaded.cause;
            let wave = if wave.1 > base { [since(wave.0), since(wave.1)] } else { [0, 0] };
            state.extend([loaded.load.wrapping_sub(from), since(loaded.whole), since(input), since(work)]);
            state.extend(wave);
        }
        if let Some(last) = &self.last {
            let Stream { start, length, rate } = last.stream;
            state.extend([start.wrapping_sub(from), length as u64, rate.num(), rate.den()]);
            // How long it still stands in the way of the next, whoever that is.
            state.push(since(last.stream.end() + crossing));
        }
    }

    fn fetched_later(&mut self, later: Cycle) {
        self.fifo.iter_mut().for_each(|tile| tile.whole += later);
    }

    fn loaded_later(&mut self, later: Cycle) {
        self.slots_freed.iter_mut().for_each(|time| *time += later);
        if let Some(loaded) = &mut self.loaded {
            loaded.load += later;
            loaded.whole += later;
            loaded.cause = loaded.cause.later(later);
        }
    }

    fn entered_later(&mut self, later: Cycle) {
        if let Some(last) = &mut self.last {
            last.stream.start += later;
        }
    }
}

impl Cause {
    fn later(self, by: Cycle) -> Cause {
        let moved = |time: Cycle| if time == 0 { 0 } else { time + by };
        Cause {
            input: moved(self.input),
            wave: (moved(self.wave.0), moved(self.wave.1)),
            work: moved(self.work),
        }
    }
}

impl Signal {
    fn times(&self) -> [Cycle; 5] {
        let Cause { input, wave, work } = self.cause;
        [self.at, input, wave.0, wave.1, work]
    }

    /// What this signal will be after as many more steps like the one from `before` to it.
    fn after(&self, before: &Signal, steps: u64) -> Signal {
        let (now, before) = (self.times(), before.times());
        let [at, input, from, to, work] = std::array::from_fn(|i| now[i] + (now[i] - before[i]) * steps);
        Signal { at, cause: Cause { input, wave: (from, to), work } }
    }
}

impl Signals {
    /// Whether the signals that the next repetitions are made from are those of the repetition before, with every time
    /// `cycles` later, or the same where it lies before the loop.
    fn repeats(&self, (count, before): &(u64, Vec<Signal>), cycles: Cycle, needed: u64) -> bool {
        let one = self.count - count;
        let made_from = usize::try_from(one.min(needed)).unwrap_or(usize::MAX);
        let mut pairs = self.latest.iter().rev().zip(before.iter().rev()).take(made_from);
        let even = |(now, before): (&Signal, &Signal)| {
            let moved = |(now, before): (&Cycle, &Cycle)| *now == *before || *now == before + cycles;
            now.at == before.at + cycles && now.times().iter().zip(&before.times()).all(moved)
        };
        made_from == 0 || (self.latest.len().min(before.len()) >= made_from && pairs.all(even))
    }

    /// All signals since `before` come `times` more; as many as are needed are kept.
    fn repeat(&mut self, (count, before): &(u64, Vec<Signal>), times: u64, needed: u64) {
        let one = self.count - count;
        if one == 0 {
            return;
        }
        let kept = |back: u64| {
            // `back` from the new end, from 1: its like stands in the last repetition known, `missing` repetitions ago.
            let missing = times.min((back - 1) / one);
            let place = (back - missing * one) as usize;
            let signal = self.latest.len().checked_sub(place).map(|at| self.latest[at])?;
            let steps = times - missing;
            Some(if steps == 0 { signal } else { signal.after(&before[before.len() - place], steps) })
        };
        let mut latest: Vec<Signal> = (1..=needed).map_while(kept).collect();
        latest.reverse();
        self.latest = latest.into();
        self.count += one * times;
    }
}
