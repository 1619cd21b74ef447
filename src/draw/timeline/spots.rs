//! What is at a place of a timeline.

use std::ops::Range;

use super::bars::{Bar, Bars, Column};
use super::{Row, Timeline};
use crate::base::Cycle;
use crate::isa::ProgramOpId;
use crate::trace::Classes;

/// Something to point at.
#[derive(Clone, Debug, PartialEq)]
pub struct Spot {
    /// Its lane's number, from the top.
    pub row: usize,
    /// Its lane.
    pub of: Row,
    /// Left, top, width and height of what is seen of it; a width of 0 if nothing is.
    pub bounds: [f64; 4],
    /// What it is.
    pub what: What,
}

/// What can be pointed at.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// A run, or a stretch of an operator.
    Bar {
        /// Which of its lane.
        number: u64,
        /// Its times.
        bar: Bar,
    },
    /// A column of pixels with several.
    Several {
        /// Its cycles.
        cycles: Range<Cycle>,
        /// Runs that are there, or begin there.
        runs: u64,
        /// Cycles in which the unit is busy.
        busy: Cycle,
        /// The one in the middle, if there are any.
        middle: Option<Bar>,
    },
    /// Cycles of the shown matrix unit.
    Classes {
        /// Which.
        cycles: Range<Cycle>,
        /// Where they went.
        classes: Classes,
    },
}

impl Timeline<'_> {
    /// What is at a point of the picture that is `width` wide. Between bars there is nothing.
    pub fn spot(&self, width: f64, [x, y]: [f64; 2]) -> Option<Spot> {
        let scale = self.scale(width);
        let (row, of, top) = self.row_at(y)?;
        let cycle = scale.at(x)?;
        let columns = scale.columns();
        let column = (((x - scale.left) / scale.width) * columns as f64) as u64;
        let cycles = scale.boundary(column, columns)..scale.boundary(column + 1, columns).max(cycle + 1);
        let what = match self.bars_of(of) {
            None => {
                let cycles = cycles.start.min(cycle)..cycles.end;
                let classes = self.overview.counts.classes(self.trace, self.unit, cycles.clone());
                What::Classes { cycles, classes }
            }
            Some(bars) if self.are_single(&*bars, &scale) => {
                // A narrow bar may lie in the next cycles of the same pixel.
                let number = bars.come(cycles.end.max(cycle + 1) - 1).checked_sub(1)?;
                let bar = bars.get(number).filter(|bar| cycles.start.min(cycle) < bar.end)?;
                What::Bar { number, bar }
            }
            Some(bars) => several(&*bars, cycles),
        };
        let (start, end) = what.ends();
        let [left, width] = scale.extent(start, end).unwrap_or([scale.left, 0.0]);
        Some(Spot { row, of, bounds: [left, top, width, of.height()], what })
    }

    /// A bar of a lane by its number, or else the last one that has begun at a cycle, or the first one; beyond the ends, the ends.
    pub fn bar(&self, width: f64, row: usize, number: Option<u64>, cycle: Cycle) -> Option<Spot> {
        let (of, top) = *self.placed().get(row)?;
        let bars = self.bars_of(of)?;
        let number = number.unwrap_or_else(|| bars.come(cycle).saturating_sub(1));
        let number = number.min(bars.len().checked_sub(1)?);
        let bar = bars.get(number)?;
        let [left, width] = self.scale(width).extent(bar.start, bar.end).unwrap_or([0.0, 0.0]);
        Some(Spot { row, of, bounds: [left, top, width, of.height()], what: What::Bar { number, bar } })
    }

    /// Whose work it is, if it is one operator's, or mostly that.
    pub fn op_of(&self, spot: &Spot) -> Option<ProgramOpId> {
        match &spot.what {
            What::Bar { bar, .. } | What::Several { middle: Some(bar), .. } => Some(self.op(bar)),
            What::Several { middle: None, .. } | What::Classes { .. } => None,
        }
    }
}

fn several(bars: &dyn Bars, cycles: Range<Cycle>) -> What {
    let column = Column::new(cycles.start, bars.before(cycles.start), bars.before(cycles.end));
    let middle = column.middle().and_then(|middle| bars.get(middle));
    What::Several { cycles, runs: column.bars.end - column.bars.start, busy: column.busy, middle }
}

impl What {
    /// First cycle, and one past the last.
    pub fn ends(&self) -> (Cycle, Cycle) {
        match self {
            What::Bar { bar, .. } => (bar.start, bar.end),
            What::Several { cycles, .. } | What::Classes { cycles, .. } => (cycles.start, cycles.end),
        }
    }
}
