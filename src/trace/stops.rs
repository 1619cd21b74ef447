//! Where a run may be stopped: the next cycle in which something begins.

use super::{Class, Counts, Run, Trace};
use crate::base::Cycle;

impl Trace {
    /// After `after`: the first cycle in which a matrix unit's next pass comes to a PE, as many hops (row + column) away from the
    /// corner where passes enter.
    pub fn next_pass(&self, unit: usize, hops: Cycle, after: Cycle) -> Option<Cycle> {
        let lane = self.passes.get(unit)?;
        let begun = after.checked_sub(hops).map_or(0, |now| lane.come(now, Run::start));
        Some(lane.get(begun)?.start + hops)
    }
}

impl Counts {
    /// After `after`: the first cycle of the next stall of a matrix unit, which waits for weights or inputs. If it stalls in
    /// `after`, that stall is over before. The trace must be the one that was counted.
    pub fn next_stall(&self, trace: &Trace, unit: usize, after: Cycle) -> Option<Cycle> {
        let stalled = |t: Cycle| {
            let classes = self.classes_before(trace, unit, t);
            classes.of(Class::WeightStall) + classes.of(Class::InputStall)
        };
        let at_work = |t: Cycle| t - stalled(t);
        let end = trace.cycles;
        if after >= end {
            return None;
        }
        let free = first(after, end, |t| at_work(t + 1) > at_work(after))?;
        first(free, end, |t| stalled(t + 1) > stalled(free))
    }
}

/// The first cycle of a range from which on something is true; nothing if it never is.
fn first(from: Cycle, end: Cycle, is: impl Fn(Cycle) -> bool) -> Option<Cycle> {
    let (mut low, mut high) = (from, end);
    while low < high {
        let middle = low + (high - low) / 2;
        if is(middle) { high = middle } else { low = middle + 1 }
    }
    (low < end).then_some(low)
}
