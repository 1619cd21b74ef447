//! MACHINE.md sections 1.1 to 1.4 for any dataflow and rate, in plain numbers: rows, columns, steps and cycles. A
//! *step* is a row of activations where weights stay (its place is called m), a step of k where sums stay.

use std::ops::Range;

use super::FAR;
use crate::base::{Cycle, Ratio};
use crate::chip::{Stationary, WeightBuffering};

/// The steps of one pass on their way into the array, at `p/q` of them a cycle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stream {
    /// s: step 0 enters row 0 (and, where sums stay, column 0).
    pub start: Cycle,
    /// M rows or K steps, at least one.
    pub length: usize,
    /// Steps a cycle.
    pub rate: Ratio,
}

impl Stream {
    /// `s + floor(m q/p)`: step m enters row 0; row i follows i cycles later (section 1.4).
    pub fn entry(&self, step: usize) -> Cycle {
        self.start + self.rate.inverse().floor_of(step as u64).min(FAR)
    }

    /// When the last step enters row 0.
    pub fn last_entry(&self) -> Cycle {
        self.entry(self.length - 1)
    }

    /// `s + ceil(M q/p)`: the edge is free for the next stream. Below one step a cycle, the last step keeps the edge
    /// until then.
    pub fn end(&self) -> Cycle {
        self.start + self.rate.inverse().ceil_of(self.length as u64).min(FAR)
    }

    /// Steps that enter row 0 in a cycle: with `v = cycle - s`, those with `v <= m q/p < v + 1`.
    pub fn entering(&self, cycle: Cycle) -> Range<usize> {
        let Some(v) = cycle.checked_sub(self.start) else { return 0..0 };
        if self.rate == Ratio::ONE {
            let step = usize::try_from(v).unwrap_or(usize::MAX).min(self.length);
            return step..(step.saturating_add(1)).min(self.length);
        }
        let first = |v: Cycle| usize::try_from(self.rate.ceil_of(v)).unwrap_or(usize::MAX).min(self.length);
        first(v)..first(v.saturating_add(1))
    }

    /// Cycles in which at least one step enters row 0.
    pub fn entry_cycles(&self) -> u64 {
        (self.last_entry() - self.start + 1).min(self.length as u64)
    }

    /// Most steps that enter in one cycle: `ceil(p/q)`.
    pub fn lanes(&self) -> usize {
        lanes(self.rate)
    }
}

/// `ceil(p/q)`: most steps that enter in one cycle, and so activations that a PE holds at once.
pub fn lanes(rate: Ratio) -> usize {
    usize::try_from(rate.ceil_of(1)).unwrap_or(usize::MAX)
}

/// R x C PEs, and what is known of a stream by its times alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sides {
    /// R
    pub rows: usize,
    /// C
    pub cols: usize,
}

impl Sides {
    fn crossing(self) -> Cycle {
        (self.rows + self.cols) as Cycle - 2
    }

    /// One past the last MAC as the registers show it: `floor((M-1) q/p)` for m in section 1.1's and 1.3's tables.
    pub fn last_mac_end(self, stream: &Stream) -> Cycle {
        stream.last_entry() + 1 + self.crossing()
    }

    /// `s + ceil(M q/p) + R + C - 2`: the wave has crossed the array. Not before [`Sides::last_mac_end`]; after it
    /// only below one step a cycle and at odd fractions.
    pub fn wave_end(self, stream: &Stream) -> Cycle {
        stream.end() + self.crossing()
    }

    /// `L + R`: the tile lands ahead of a wave that starts now.
    pub fn load_end(self, load: Cycle) -> Cycle {
        load + self.rows as Cycle
    }

    /// Earliest load behind a pass, by the rule of the weight buffers: `L' >= s` with two of them,
    /// `L' >= s + ceil(M q/p) + R + C - 2` with one. The load unit itself is busy for R cycles a load.
    pub fn load_after(self, weights: WeightBuffering, load: Cycle, stream: &Stream) -> Cycle {
        self.buffer_free(weights, stream).max(self.load_end(load))
    }

    /// When the registers that the next tile needs are free, behind a pass: `s` with two buffers, with one when its wave
    /// has crossed.
    pub fn buffer_free(self, weights: WeightBuffering, stream: &Stream) -> Cycle {
        match weights {
            WeightBuffering::Double => stream.start,
            WeightBuffering::Single => self.wave_end(stream),
        }
    }

    /// Earliest start behind a pass where weights stay: `s' >= s + ceil(M q/p)` and `s' >= L' + R`.
    pub fn start_after_load(self, before: Option<&Stream>, load: Cycle) -> Cycle {
        self.load_end(load).max(before.map_or(0, Stream::end))
    }

    /// Earliest start behind a pass where sums stay, for K' steps at `rate`: behind its stream, and no sum becomes
    /// final while the drain chain before it still moves, `s' + e' >= s + e + 2R - 2` with
    /// `e = floor((K-1) q/p)` (section 1.3).
    pub fn start_after_drain(self, before: &Stream, length: usize, rate: Ratio) -> Cycle {
        let own = Stream { start: 0, length, rate }.last_entry();
        let drained = before.last_entry() + 2 * self.rows as Cycle - 2;
        before.end().max(drained.saturating_sub(own))
    }

    /// `s + m + R + j`: the cycle in which step m's sum of column j is added into its accumulator where weights stay.
    pub fn accumulated(self, stream: &Stream, step: usize, col: usize) -> Cycle {
        stream.entry(step) + (self.rows + col) as Cycle
    }

    /// `f(i, j) = s + floor((K-1) q/p) + i + j`: PE(i, j) is final at its end, where sums stay.
    pub fn is_final(self, stream: &Stream, row: usize, col: usize) -> Cycle {
        stream.last_entry() + (row + col) as Cycle
    }

    /// `g + 1 + (R-1-i)` with `g = f(R-1, j)`: the cycle in which sum (i, j) leaves at the bottom, where sums stay.
    pub fn leaves(self, stream: &Stream, row: usize, col: usize) -> Cycle {
        self.is_final(stream, self.rows - 1, col) + (self.rows - row) as Cycle
    }

    /// One past the last sum's way out as the registers show it, where sums stay.
    pub fn last_exit_end(self, stream: &Stream) -> Cycle {
        self.leaves(stream, 0, self.cols - 1) + 1
    }

    /// When the matrix unit signals (section 2): `s + ceil(M q/p) + R + C - 1` where weights stay,
    /// `s + ceil(K q/p) + 2R + C - 2` where sums stay.
    pub fn event(self, stationary: Stationary, stream: &Stream) -> Cycle {
        match stationary {
            Stationary::Weights => self.wave_end(stream) + 1,
            Stationary::Sums => self.wave_end(stream) + self.rows as Cycle,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ratio(num: u64, den: u64) -> Ratio {
        Ratio::new(num, den).unwrap()
    }

    /// Both directions of section 1.4: a step enters in exactly one cycle, the one that `entry` names.
    #[test]
    fn steps_enter_where_the_table_says() {
        for rate in
            [ratio(1, 1), ratio(1, 2), ratio(1, 4), ratio(2, 1), ratio(3, 1), ratio(3, 2), ratio(2, 3)]
        {
            let stream = Stream { start: 5, length: 13, rate };
            let mut next = 0;
            for cycle in 0..stream.end() {
                let steps = stream.entering(cycle);
                assert_eq!(steps.start, if cycle < 5 { 0 } else { next }, "{rate}, cycle {cycle}");
                assert!(steps.clone().all(|m| stream.entry(m) == cycle), "{rate}, cycle {cycle}");
                assert!(steps.len() <= stream.lanes());
                next = next.max(steps.end);
            }
            assert_eq!(next, 13, "{rate}: all of them by the end");
            assert!(stream.entering(stream.end()).is_empty() && stream.entering(u64::MAX).is_empty());
        }
    }

    #[test]
    fn entry_cycles_are_those_with_a_step() {
        for rate in [ratio(1, 1), ratio(1, 3), ratio(2, 1), ratio(5, 3), ratio(2, 3)] {
            for length in 1..20 {
                let stream = Stream { start: 3, length, rate };
                let cycles = (0..stream.end()).filter(|cycle| !stream.entering(*cycle).is_empty()).count();
                assert_eq!(stream.entry_cycles(), cycles as u64, "{rate}, {length} steps");
            }
        }
    }

    /// Hand-computed, from section 1.3 with whole steps: K = 2 behind K = 9 in 4 rows starts max(9, 9 - 2 + 6) = 13
    /// cycles later, K = 9 behind K = 2 starts max(2, 2 - 9 + 6) = 2 later.
    #[test]
    fn a_short_pass_waits_for_the_drain_chain() {
        let sides = Sides { rows: 4, cols: 3 };
        let pass = |length| Stream { start: 100, length, rate: Ratio::ONE };
        assert_eq!(sides.start_after_drain(&pass(9), 2, Ratio::ONE), 113);
        assert_eq!(sides.start_after_drain(&pass(2), 9, Ratio::ONE), 102);
        assert_eq!(sides.last_mac_end(&pass(9)), 100 + 9 + 4 + 3 - 2);
        assert_eq!(sides.last_exit_end(&pass(9)), 100 + 2 * 4 + 3 + 9 - 2);
        assert_eq!(sides.event(Stationary::Sums, &pass(9)), sides.last_exit_end(&pass(9)));
    }

    /// At 3/2 steps a cycle, 3 steps enter in cycles 0 0 1 and 2 steps in 0 0: the last ones are one cycle apart,
    /// though `ceil(3 * 2/3) = ceil(2 * 2/3) = 2`. A rule of `ceil` alone would start a cycle too early.
    #[test]
    fn odd_fractions_need_the_last_entry() {
        let sides = Sides { rows: 4, cols: 1 };
        let before = Stream { start: 0, length: 3, rate: ratio(3, 2) };
        assert_eq!(sides.start_after_drain(&before, 2, ratio(3, 2)), 1 + 2 * 4 - 2);
    }

    #[test]
    fn slow_rates_keep_the_array_until_the_end_of_their_last_step() {
        let sides = Sides { rows: 2, cols: 3 };
        let stream = Stream { start: 2, length: 5, rate: ratio(1, 4) };
        assert_eq!((sides.last_mac_end(&stream), sides.wave_end(&stream)), (2 + 16 + 1 + 3, 2 + 20 + 3));
        assert_eq!(sides.load_after(WeightBuffering::Single, 0, &stream), 25);
        assert_eq!(sides.load_after(WeightBuffering::Double, 1, &stream), 3);
        assert_eq!(sides.start_after_load(Some(&stream), 10), 22);
    }
}
