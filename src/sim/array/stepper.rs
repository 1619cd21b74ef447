//! The obvious array: in every cycle every register takes what its neighbour held. Slow, and there to be believed. It
//! also counts every word that it moves.

use super::packed::{Slot, Slots, depth, sparsity};
use super::{Leaving, Number, Timing, Waves, frame_shape, last};
use crate::base::Cycle;
use crate::chip::Stationary;
use crate::num::Sparsity;
use crate::timing::movement::{Groups, Moves, Path, Role, Sums};
use crate::timing::{Sides, Stream};
use crate::trace::{Frame, NONE};

/// An operand on its way: an activation to the right or, where sums stay, a weight down.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Moving<O> {
    words: Words<O>,
    pass: u32,
    step: usize,
}

/// Operands that move together: one, or where weights are skipped a group of m.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Words<O> {
    all: [O; Sparsity::MOST],
    len: usize,
    /// The last ones.
    padding: usize,
}

impl<O: Copy + Default> Words<O> {
    fn one(value: O, padding: bool) -> Self {
        Words::group(&[value], if padding { 0 } else { 1 })
    }

    /// Of which so many are used.
    fn group(values: &[O], used: usize) -> Self {
        let mut all = [O::default(); Sparsity::MOST];
        all[..values.len()].copy_from_slice(values);
        Words { all, len: values.len(), padding: values.len() - used.min(values.len()) }
    }

    /// The one that is of a row of k.
    fn of(&self, k: u32) -> O {
        self.all[k as usize % self.len]
    }
}

/// A partial sum on its way down.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Partial<N> {
    value: N,
    padding: bool,
}

/// A weight on its way down the bus.
#[derive(Clone, Copy, Debug, PartialEq)]
struct OnBus<O> {
    slot: Slot<O>,
    pass: u32,
    hops_left: usize,
    padding: bool,
}

/// A weight at its place.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Held<O> {
    slot: Slot<O>,
    pass: u32,
    padding: bool,
}

/// A sum that grows where it is.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Growing<N> {
    value: N,
    pass: u32,
}

/// A final sum on its way out.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Draining<N> {
    value: N,
    pass: u32,
    row: usize,
    padding: bool,
}

/// Every register, by PE; `act`, `psum` and `streaming` by PE and lane.
#[derive(Clone, Debug)]
struct Registers<N: Number> {
    act: Vec<Option<Moving<N::Operand>>>,
    // Where weights stay.
    psum: Vec<Option<Partial<N>>>,
    active: Vec<Option<Held<N::Operand>>>,
    shadow: Vec<Option<Held<N::Operand>>>,
    bus: Vec<Option<OnBus<N::Operand>>>,
    // Where sums stay.
    streaming: Vec<Option<Moving<N::Operand>>>,
    sum: Vec<Option<Growing<N>>>,
    drain: Vec<Option<Draining<N>>>,
}

impl<N: Number> Registers<N> {
    fn empty(pes: usize, lanes: usize) -> Self {
        Registers {
            act: vec![None; pes * lanes],
            psum: vec![None; pes * lanes],
            active: vec![None; pes],
            shadow: vec![None; pes],
            bus: vec![None; pes],
            streaming: vec![None; pes * lanes],
            sum: vec![None; pes],
            drain: vec![None; pes],
        }
    }
}

/// An array under way.
pub struct Stepper<'w, W: Waves> {
    waves: &'w W,
    rows: usize,
    cols: usize,
    lanes: usize,
    registers: Registers<W::Number>,
    /// By column: how many sums of its drain chain are still to leave, once its lowest one is final.
    to_leave: Vec<usize>,
    /// What left in the last cycle, where sums stay.
    left: Vec<Leaving<W::Number>>,
    moves: Moves,
    /// The cycle that the next step executes.
    now: Cycle,
}

impl<'w, W: Waves> Stepper<'w, W> {
    /// An empty array before cycle 0.
    pub fn new(waves: &'w W) -> Self {
        let (Sides { rows, cols }, lanes) = (waves.sides(), waves.lanes());
        Stepper {
            waves,
            rows,
            cols,
            lanes,
            registers: Registers::empty(rows * cols, lanes),
            to_leave: vec![0; cols],
            left: Vec::new(),
            moves: Moves::default(),
            now: 0,
        }
    }

    /// Executes one cycle: the new registers follow from the old ones and from what comes in at the edges.
    pub fn step(&mut self) {
        let old = self.registers.clone();
        self.left.clear();
        for row in 0..self.rows {
            for col in 0..self.cols {
                match self.waves.stationary() {
                    Stationary::Weights => self.weights_stay(&old, row, col),
                    Stationary::Sums => self.sums_stay(&old, row, col),
                }
            }
        }
        match self.waves.stationary() {
            Stationary::Weights => self.accumulate(&old),
            Stationary::Sums => self.empty_chains(&old),
        }
        self.now += 1;
    }

    /// Words moved so far.
    pub fn moves(&self) -> Moves {
        self.moves
    }

    /// Sums on their way out in the last cycle executed.
    pub fn leaving(&self) -> Vec<Leaving<W::Number>> {
        match self.waves.stationary() {
            Stationary::Weights => self.at_the_bottom(),
            Stationary::Sums => self.left.clone(),
        }
    }

    /// One PE's next registers where weights stay.
    fn weights_stay(&mut self, old: &Registers<W::Number>, row: usize, col: usize) {
        let at = row * self.cols + col;
        self.move_weight(old, row, col);
        let acts: Vec<_> = (0..self.lanes).map(|lane| self.next_activation(old, row, col, lane)).collect();
        // The first row of a pass brings the order to swap: it finds its own tile in the shadow register.
        if acts.iter().flatten().any(|act| act.step == 0) {
            self.registers.active[at] = old.shadow[at];
            let held = old.shadow[at].expect("the tile lands ahead of the wave");
            self.count(Role::Weights, Path::RegisterWrites, held.padding);
        }
        for (lane, act) in acts.into_iter().enumerate() {
            self.registers.act[at * self.lanes + lane] = act;
            let sum = act.map(|act| {
                let above = match row.checked_sub(1) {
                    Some(above) => {
                        let place = (above * self.cols + col) * self.lanes + lane;
                        let sum = old.psum[place].expect("the sum comes with its row");
                        self.count(Role::Sums, Path::Hops, sum.padding);
                        sum
                    }
                    None => Partial {
                        value: W::Number::default(),
                        padding: col >= self.waves.part(act.pass as usize).cols,
                    },
                };
                let weight = self.registers.active[at].expect("the tile lands ahead of the wave");
                assert_eq!(weight.pass, act.pass, "the active weight is of the pass at work");
                match weight.slot {
                    // Nothing is stored here, and nothing multiplied.
                    Slot { k: NONE, .. } => above,
                    Slot { value, k } => Partial { value: above.value.mac(act.words.of(k), value), ..above },
                }
            });
            if let Some(sum) = sum {
                self.count(Role::Sums, Path::RegisterWrites, sum.padding);
            }
            self.registers.psum[at * self.lanes + lane] = sum;
        }
    }

    /// The bus, and the shadow register in which a weight lands.
    fn move_weight(&mut self, old: &Registers<W::Number>, row: usize, col: usize) {
        let at = row * self.cols + col;
        let bus = match row {
            0 => self.entering_above(col).inspect(|w| self.count(Role::Weights, Path::FifoReads, w.padding)),
            _ => old.bus[at - self.cols].filter(|w| w.hops_left > 0).map(|w| {
                self.count(Role::Weights, Path::Hops, w.padding);
                OnBus { hops_left: w.hops_left - 1, ..w }
            }),
        };
        if let Some(OnBus { slot, pass, hops_left, padding }) = bus {
            self.count(Role::Weights, Path::RegisterWrites, padding);
            if hops_left == 0 {
                self.registers.shadow[at] = Some(Held { slot, pass, padding });
                self.count(Role::Weights, Path::RegisterWrites, padding);
            }
        }
        self.registers.bus[at] = bus;
    }

    /// One PE's next registers where sums stay.
    fn sums_stay(&mut self, old: &Registers<W::Number>, row: usize, col: usize) {
        let at = row * self.cols + col;
        self.registers.drain[at] = self.drained(old, row, col);
        let (mut works, mut ends) = (None, None);
        for lane in 0..self.lanes {
            let act = self.next_activation(old, row, col, lane);
            let weight = self.next_weight(old, row, col, lane);
            self.registers.act[at * self.lanes + lane] = act;
            self.registers.streaming[at * self.lanes + lane] = weight;
            let (Some(act), Some(weight)) = (act, weight) else {
                assert!(act.is_none() && weight.is_none(), "operands meet");
                continue;
            };
            assert_eq!((act.pass, act.step), (weight.pass, weight.step), "operands of one step meet");
            let before = self.registers.sum[at]
                .filter(|_| act.step > 0)
                .map_or_else(Default::default, |sum| sum.value);
            self.registers.sum[at] =
                Some(Growing { value: before.mac(act.words.of(0), weight.words.of(0)), pass: act.pass });
            works = Some(act.words.padding + weight.words.padding > 0);
            if act.step + 1 == self.stream(act.pass).length {
                ends = works;
            }
        }
        if let Some(padding) = works {
            self.count(Role::Sums, Path::RegisterWrites, padding);
        }
        if let Some(padding) = ends {
            self.finish(row, col, padding);
        }
    }

    /// What a drain register takes from the chain, before a sum of its own becomes final.
    fn drained(&mut self, old: &Registers<W::Number>, row: usize, col: usize) -> Option<Draining<W::Number>> {
        let at = row * self.cols + col;
        match self.to_leave[col] {
            0 => old.drain[at],
            1 => old.drain[at].filter(|_| row + 1 < self.rows),
            _ => {
                let from = old.drain[row.checked_sub(1)? * self.cols + col]?;
                self.count(Role::Sums, Path::Hops, from.padding);
                self.count(Role::Sums, Path::RegisterWrites, from.padding);
                Some(from)
            }
        }
    }

    /// A sum becomes final.
    fn finish(&mut self, row: usize, col: usize, padding: bool) {
        let at = row * self.cols + col;
        assert!(
            self.registers.drain[at].is_none(),
            "two sums meet in the drain register of PE({row}, {col})"
        );
        let Growing { value, pass } = self.registers.sum[at].expect("it has just grown");
        self.registers.drain[at] = Some(Draining { value, pass, row, padding });
        self.count(Role::Sums, Path::RegisterWrites, padding);
    }

    /// What leaves at the bottom where sums stay, and the chains that begin to move: those whose lowest sum is final.
    fn empty_chains(&mut self, old: &Registers<W::Number>) {
        let bottom = (self.rows - 1) * self.cols;
        for col in 0..self.cols {
            if self.to_leave[col] > 0 {
                let sum = old.drain[bottom + col].expect("a chain moves until it is empty");
                self.to_leave[col] -= 1;
                self.arrive(sum.pass, sum.padding);
                self.left.push(Leaving {
                    cycle: self.now,
                    pass: sum.pass as usize,
                    row: sum.row,
                    col,
                    value: sum.value.settled(),
                });
            }
            let lowest = self.registers.drain[bottom + col];
            if lowest.is_some_and(|sum| sum.row + 1 == self.rows) && self.to_leave[col] == 0 {
                self.to_leave[col] = self.rows;
            }
        }
    }

    /// Sums that stood in the bottom registers are added into the accumulators, where weights stay.
    fn accumulate(&mut self, old: &Registers<W::Number>) {
        let bottom = (self.rows - 1) * self.cols * self.lanes;
        for (act, sum) in old.act[bottom..].iter().zip(&old.psum[bottom..]) {
            if let (Some(act), Some(sum)) = (act, sum) {
                self.arrive(act.pass, sum.padding);
            }
        }
    }

    fn arrive(&mut self, pass: u32, padding: bool) {
        self.count(Role::Sums, Path::AccumulatorWrites, padding);
        if self.waves.part(pass as usize).sums == Sums::Add {
            self.count(Role::Sums, Path::AccumulatorReadBacks, padding);
        }
    }

    fn next_activation(
        &mut self,
        old: &Registers<W::Number>,
        row: usize,
        col: usize,
        lane: usize,
    ) -> Option<Moving<<W::Number as Number>::Operand>> {
        let act = match col.checked_sub(1) {
            None => {
                let act = self.entering_left(row, lane)?;
                // A group is read for the first of its rows; the others take it from the edge.
                if sparsity(self.waves, act.pass as usize).is_none_or(|of| row.is_multiple_of(of.kept())) {
                    self.count_words(Role::Activations, Path::BufferReads, &act.words);
                }
                act
            }
            Some(left) => {
                let act = old.act[(row * self.cols + left) * self.lanes + lane]?;
                self.count_words(Role::Activations, Path::Hops, &act.words);
                act
            }
        };
        self.count_words(Role::Activations, Path::RegisterWrites, &act.words);
        Some(act)
    }

    /// Where sums stay.
    fn next_weight(
        &mut self,
        old: &Registers<W::Number>,
        row: usize,
        col: usize,
        lane: usize,
    ) -> Option<Moving<<W::Number as Number>::Operand>> {
        let weight = match row.checked_sub(1) {
            None => {
                let weight = self.streaming_in(col, lane)?;
                self.count_words(Role::Weights, Path::BufferReads, &weight.words);
                weight
            }
            Some(above) => {
                let weight = old.streaming[(above * self.cols + col) * self.lanes + lane]?;
                self.count_words(Role::Weights, Path::Hops, &weight.words);
                weight
            }
        };
        self.count_words(Role::Weights, Path::RegisterWrites, &weight.words);
        Some(weight)
    }

    /// Step m enters row i in cycle s + floor(m q/p) + i.
    fn entering_left(&self, row: usize, lane: usize) -> Option<Moving<<W::Number as Number>::Operand>> {
        let (pass, step) = self.entering(row, lane)?;
        let mut values = vec![Default::default(); depth(self.waves, pass)];
        self.waves.activations(pass, step, &mut values);
        let part = self.waves.part(pass);
        let words = match part.groups {
            None => Words::one(values[row], row >= part.rows),
            Some(Groups { of, k }) => {
                let first = of.covered(row);
                let used = if row < part.rows { k.saturating_sub(first) } else { 0 };
                Words::group(&values[first..][..of.of()], used)
            }
        };
        Some(Moving { words, pass: pass as u32, step })
    }

    /// Step k enters column j in cycle s + floor(k q/p) + j, where sums stay.
    fn streaming_in(&self, col: usize, lane: usize) -> Option<Moving<<W::Number as Number>::Operand>> {
        let (pass, step) = self.entering(col, lane)?;
        let mut values = vec![Default::default(); self.cols];
        self.waves.weights(pass, step, &mut values);
        let words = Words::one(values[col], col >= self.waves.part(pass).cols);
        Some(Moving { words, pass: pass as u32, step })
    }

    /// The pass and step that enter a lane of the row or column `place` in this cycle.
    fn entering(&self, place: usize, lane: usize) -> Option<(usize, usize)> {
        let now = self.now.checked_sub(place as Cycle)?;
        let pass = last(self.waves.passes(), now, |pass| self.waves.timing(pass).stream.start)?;
        let step = self.waves.timing(pass).stream.entering(now).nth(lane)?;
        Some((pass, step))
    }

    /// Weight row r enters the top of column j in cycle L + r + j, with r hops to go.
    fn entering_above(&self, col: usize) -> Option<OnBus<<W::Number as Number>::Operand>> {
        let now = self.now.checked_sub(col as Cycle)?;
        let load = |pass: usize| -> Cycle {
            let Timing { load, .. } = self.waves.timing(pass);
            load
        };
        let pass = last(self.waves.passes(), now, load)?;
        let row = usize::try_from(now - load(pass)).ok().filter(|row| *row < self.rows)?;
        let slot = match sparsity(self.waves, pass) {
            Some(_) => Slots::<<W::Number as Number>::Operand>::new(self.waves, pass).of(row, col),
            None => {
                let mut values = vec![Default::default(); self.cols];
                self.waves.weights(pass, row, &mut values);
                Slot { value: values[col], k: row as u32 }
            }
        };
        let part = self.waves.part(pass);
        let padding = row >= part.rows || col >= part.cols;
        Some(OnBus { slot, pass: pass as u32, hops_left: row, padding })
    }

    fn stream(&self, pass: u32) -> Stream {
        self.waves.timing(pass as usize).stream
    }

    fn count(&mut self, role: Role, path: Path, padding: bool) {
        self.moves.all.count(role, path, 1);
        if padding {
            self.moves.padding.count(role, path, 1);
        }
    }

    fn count_words(&mut self, role: Role, path: Path, words: &Words<<W::Number as Number>::Operand>) {
        self.moves.all.count(role, path, words.len as u64);
        self.moves.padding.count(role, path, words.padding as u64);
    }

    fn at_the_bottom(&self) -> Vec<Leaving<W::Number>> {
        let bottom = (self.rows - 1) * self.cols;
        let mut list = Vec::new();
        for col in 0..self.cols {
            for lane in 0..self.lanes {
                let place = (bottom + col) * self.lanes + lane;
                if let (Some(act), Some(sum)) = (self.registers.act[place], self.registers.psum[place]) {
                    let (pass, row) = (act.pass as usize, act.step);
                    let cycle = self.now.saturating_sub(1);
                    list.push(Leaving { cycle, pass, row, col, value: sum.value.settled() });
                }
            }
        }
        list
    }

    /// The registers at the end of the last cycle executed.
    pub fn frame(&self) -> Frame<W::Number> {
        let mut frame = Frame::empty(self.now.saturating_sub(1), frame_shape(self.waves));
        let (pes, lanes) = (self.rows * self.cols, self.lanes);
        if self.waves.skips() {
            frame.show_rows_of_k();
        }
        for at in 0..pes {
            for lane in 0..lanes {
                self.show_lane(&mut frame, at * lanes + lane, lane * pes + at);
            }
            self.show_held(&mut frame, at);
        }
        frame
    }

    fn show_lane(&self, frame: &mut Frame<W::Number>, from: usize, to: usize) {
        let registers = &self.registers;
        if let Some(act) = registers.act[from] {
            // Where weights stay, of the weight that it is multiplied by.
            let k = registers.active[from / self.lanes].map_or(0, |held| held.slot.k);
            let taken = if k == NONE { Default::default() } else { act.words.of(k) };
            (frame.act[to], frame.pass[to]) = (shown(taken), act.pass);
            if let Some(sum) = registers.psum[from] {
                (frame.psum[to], frame.psum_pass[to]) = (sum.value.settled(), act.pass);
            }
        }
        if let Some(weight) = registers.streaming[from] {
            (frame.weight[to], frame.weight_pass[to]) = (shown(weight.words.of(0)), weight.pass);
        }
    }

    fn show_held(&self, frame: &mut Frame<W::Number>, at: usize) {
        let registers = &self.registers;
        if let Some(held) = registers.active[at] {
            (frame.weight[at], frame.weight_pass[at]) = (shown(held.slot.value), held.pass);
            show_k(&mut frame.weight_k, at, held.slot.k);
        }
        if let Some(held) = registers.shadow[at] {
            (frame.shadow[at], frame.shadow_pass[at]) = (shown(held.slot.value), held.pass);
            show_k(&mut frame.shadow_k, at, held.slot.k);
        }
        if let Some(weight) = registers.bus[at] {
            (frame.bus[at], frame.bus_pass[at]) = (shown(weight.slot.value), weight.pass);
            show_k(&mut frame.bus_k, at, weight.slot.k);
        }
        if let Some(sum) = registers.sum[at] {
            (frame.psum[at], frame.psum_pass[at]) = (sum.value.settled(), sum.pass);
        }
        if let Some(sum) = registers.drain[at] {
            (frame.drain[at], frame.drain_pass[at]) = (sum.value.settled(), sum.pass);
        }
    }
}

fn show_k(list: &mut [u32], at: usize, k: u32) {
    if let Some(entry) = list.get_mut(at) {
        *entry = k;
    }
}

fn shown<N: Number>(operand: N::Operand) -> N {
    N::of(operand).settled()
}
