//! Output tiles for all matrix units of all cores that a program runs on.

use super::super::Plan;
use super::{Note, Outcome, Pass, Work};
use crate::base::Span;
use crate::chip::Chip;

pub(super) const PASS: Pass = Pass::new(
    "split",
    "Deals a product's output tiles out to all matrix units of a program's cores in turn; without it the first unit has them all.",
    Work::OnPlan(work),
    tell,
);

/// How much of a chip a plan uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Split {
    /// Cores, from the first one on.
    pub cores: usize,
    /// Matrix units, those of all these cores.
    pub units: usize,
}

impl Split {
    /// The first matrix unit of the first core.
    pub(in super::super) const NONE: Split = Split { cores: 1, units: 1 };

    /// All that a program has of a chip.
    pub(super) fn of_program(chip: &Chip) -> Split {
        let cores = chip.used_cores();
        Split { cores, units: cores * chip.units_per_core() }
    }

    /// The part of a chip that is used, as a chip.
    pub fn of(self, chip: &Chip) -> Chip {
        Chip { cores: self.cores, matrix_units: self.units, ..chip.clone() }
    }
}

fn work(plan: &mut Plan, chip: &Chip) {
    plan.split = Split::of_program(chip);
}

fn tell(outcome: &Outcome) -> Vec<Note> {
    let (plan, Split { cores, units }) = (outcome.plan, outcome.plan.split);
    if units == 1 {
        return vec![Note::on_all(match outcome.chip.matrix_units {
            1 => "the chip has one matrix unit: it has all tiles".into(),
            all => format!("one of {all} matrix units has all tiles"),
        })];
    }
    let mut notes = vec![Note::on_all(format!(
        "{units} matrix units on {cores} of {} cores take tiles in turn",
        outcome.chip.cores
    ))];
    for layer in &plan.layers {
        let (Some([m, _, n]), Some(tiling)) = (plan.extents(layer), layer.tiling()) else { continue };
        let tiles = m.div_ceil(tiling.m) * n.div_ceil(tiling.n) * layer.products();
        let busy = tiles.min(units);
        let (of, span): (String, Span) = (plan.tensors[layer.result].name.clone(), layer.span);
        notes.push(Note {
            of,
            span,
            text: format!(
                "{tiles} output tiles, {} at most for a unit; {busy} of {units} units have work",
                tiles.div_ceil(units)
            ),
        });
    }
    notes
}
