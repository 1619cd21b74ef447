//! A run in files: a cycle of it as a picture, all of it as a timeline. What the page saves and what the command writes are one and the same.

mod json;
mod perfetto;
#[cfg(not(target_arch = "wasm32"))]
mod pixels;

pub use perfetto::{Ran, Tracks};
#[cfg(not(target_arch = "wasm32"))]
pub use pixels::png;

use std::ops::RangeInclusive;

use crate::base::Cycle;
use crate::draw::{Fullness, Layout, Moment, Notation, Theme, array, svg};
use crate::isa::ProgramOpId;
use crate::job::Finished;
use crate::sim::{Fill, Kept, Reach};

/// Width and height of a picture where nobody names a size, in CSS pixels: of the command and of the package alike.
pub const SIZE: [u32; 2] = [900, 620];
/// What either of them may be.
pub const SIDES: RangeInclusive<u32> = 100..=8192;

/// What of a run one looks at, and how.
#[derive(Clone, Copy, Debug)]
pub struct Sight {
    /// The cycle; behind the run's last one, the machine at rest.
    pub cycle: Cycle,
    /// The matrix unit; less than the chip has.
    pub unit: usize,
    /// Row and column of the PE that stands out; within the array.
    pub selected: (usize, usize),
    /// The operator that stands out.
    pub marked: Option<ProgramOpId>,
    /// The share of its way, from 0 to 1, that what moves has gone.
    pub arrived: f64,
    /// How numbers are written.
    pub notation: Notation,
}

/// What is remembered of a run from one picture to the next.
#[derive(Default)]
pub struct Memory {
    kept: Kept,
    fill: Option<Fill>,
}

/// Hands over what is to be drawn of a run.
pub fn moment<T>(
    finished: &Finished,
    sight: Sight,
    layout: &Layout,
    memory: &mut Memory,
    draw: impl FnOnce(&Moment) -> T,
) -> T {
    let reach = Reach {
        activations: layout.hops_left,
        weights: layout.hops_above,
        accumulators: layout.accumulator_rows,
    };
    let Sight { cycle, unit, selected, marked, arrived, notation } = sight;
    let Memory { kept, fill } = memory;
    let here = finished.machine().at(unit, cycle, reach);
    let moment = Moment {
        frame: &here.frame(kept),
        around: &here.surroundings(kept),
        view: &here.view,
        trace: &finished.trace,
        program: &finished.emitted.program,
        chip: &finished.chip,
        unit,
        selected,
        marked,
        arrived,
        before: &here.sums_before(selected.0, selected.1, kept),
        notation,
        fullness: fullness(fill, finished, unit, cycle),
        numbers: finished.numbers(),
        indices: &|buffer, place| finished.indices(buffer, place),
    };
    draw(&moment)
}

/// The whole array and what is around it, in a picture of so many CSS pixels.
pub fn whole(finished: &Finished, [width, height]: [f64; 2]) -> Layout {
    Layout::new(width, height, finished.chip.rows, finished.chip.cols)
}

/// A picture as a file.
pub fn picture(
    finished: &Finished,
    sight: Sight,
    layout: &Layout,
    theme: Theme,
    memory: &mut Memory,
) -> String {
    moment(finished, sight, layout, memory, |moment| svg(&array(moment, layout), layout.size, theme))
}

/// The same picture as pixels, so many to a CSS pixel's side. What cannot be is said in words.
#[cfg(not(target_arch = "wasm32"))]
pub fn pixels(
    finished: &Finished,
    sight: Sight,
    layout: &Layout,
    theme: Theme,
    scale: u32,
) -> Result<Vec<u8>, String> {
    let draw = |moment: &Moment| png(&array(moment, layout), layout.size, theme, scale);
    moment(finished, sight, layout, &mut Memory::default(), draw)
}

/// How full the memories of a matrix unit are in a cycle.
fn fullness(known: &mut Option<Fill>, finished: &Finished, unit: usize, cycle: Cycle) -> Fullness {
    let Finished { emitted, chip, trace, .. } = finished;
    let core = (unit / chip.units_per_core()) as u32;
    let new = || Fill::new(&emitted.program, trace, unit, core);
    let fill = known.take().filter(|fill| fill.unit() == unit).unwrap_or_else(new);
    let fill = known.insert(fill);
    Fullness { bytes: fill.bytes_at(cycle), rows: fill.rows_at(trace, cycle) }
}
