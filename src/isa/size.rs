//! How large a program from outside may be: what lays it out takes memory by the product of some of its numbers.

use std::collections::BTreeMap;

use super::{Program, Unit};

/// Most counts of signals: for each instruction, one for each wait of its unit.
const MOST_COUNTS: usize = 1 << 21;
/// Most loops times events and units.
const MOST_OF_LOOPS: usize = 1 << 28;

/// Whether [`super::Order`] is large: it keeps a count for each instruction and each event that its unit waits for, and goes
/// through all events with each loop.
pub fn is_too_large(program: &Program) -> bool {
    let mut units: BTreeMap<Unit, [usize; 2]> = BTreeMap::new();
    for (_, instruction) in program.instructions.iter() {
        let [steps, waits] = units.entry(instruction.unit).or_default();
        *steps += 1;
        // An event counts once, however often it is waited for; but no more than there are.
        *waits = (*waits + instruction.waits.len()).min(2 * program.events.len());
    }
    let counts: usize = units.values().map(|[steps, waits]| steps.saturating_mul(*waits)).sum();
    let of_loops = program.loops.len().saturating_mul(program.events.len() + units.len());
    counts > MOST_COUNTS || of_loops > MOST_OF_LOOPS
}
