//! The classes of the cycles before and during a pass (MACHINE.md section 3): the first line that holds decides.

use super::units::Entering;
use crate::base::Cycle;
use crate::trace::{Class, Classes};

/// Counts the cycles from `idle_from`, when the pass before had entered whole, to the end of this pass's stream.
/// `busy` is when single-buffered weights, or a drain chain, are out of the way; `rows` are R.
pub(super) fn of_pass(pass: &Entering, idle_from: Cycle, busy: Cycle, rows: Cycle) -> Classes {
    let mut classes = Classes::default();
    let (load, whole) = pass.load.unwrap_or((0, 0));
    let shift = if pass.load.is_some() { load..load + rows } else { 0..0 };
    let cause = &pass.cause;
    let class = |t: Cycle| match () {
        () if shift.contains(&t) => Class::WeightShift,
        () if t < whole => Class::WeightStall,
        () if t < busy => Class::ArrayBusy,
        () if t < cause.input => Class::InputStall,
        () if cause.wave.0 <= t && t < cause.wave.1 => Class::FillDrain,
        () if t < cause.work => Class::Dependence,
        () => Class::NonMatrix,
    };
    let changes = [
        shift.start,
        shift.end,
        whole,
        busy,
        cause.input,
        cause.wave.0,
        cause.wave.1,
        cause.work,
        pass.stream.start,
    ];
    let mut t = idle_from;
    // From change to change: they are few, and a sort would be the largest function of the module.
    while let Some(change) =
        changes.into_iter().filter(|change| (t + 1..=pass.stream.start).contains(change)).min()
    {
        classes.count(class(t), change - t);
        t = change;
    }
    classes.count(Class::Active, pass.stream.end() - pass.stream.start);
    classes
}
