//! What the cycles before a pass were spent on (MACHINE.md section 3).

use super::units::Entering;
use crate::base::Cycle;
use crate::trace::Gap;

/// The cycles from `since`, when the pass before had entered whole, to this one's start. `busy` is when single-buffered
/// weights, or a drain chain, are out of the way; `rows` are R.
pub(super) fn before(pass: &Entering, since: Cycle, busy: Cycle, rows: Cycle) -> Gap {
    let (load, whole) = pass.load.unwrap_or((0, 0));
    let shift = if pass.load.is_some() { (load, load + rows) } else { (0, 0) };
    let cause = &pass.cause;
    Gap {
        since,
        shift,
        whole,
        busy,
        input: cause.input,
        wave: cause.wave,
        work: cause.work,
        until: pass.stream.start,
    }
    .clipped()
}
