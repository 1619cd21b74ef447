//! What is at a place of a timeline, in words.

use super::bars::Bar;
use super::{Row, Spot, Timeline, What};
use crate::base::grouped;
use crate::isa::{Factor, Program, RowsAre, Space, Unit, VectorSource, Window, Work};
use crate::trace::{Class, Classes};

/// Something in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// What it is.
    pub title: String,
    /// A label and a value a line.
    pub lines: Vec<(&'static str, String)>,
}

impl Timeline<'_> {
    /// Tells what is at a spot.
    pub fn told(&self, spot: &Spot) -> Told {
        match &spot.what {
            What::Bar { number, bar } => self.told_of_bar(spot.of, *number, bar),
            What::Several { cycles, runs, busy, middle } => {
                let all = cycles.end - cycles.start;
                let mut lines = vec![
                    ("cycles", format!("{} to {}", grouped(cycles.start), grouped(cycles.end - 1))),
                    ("busy", format!("{} of {}, {}", grouped(*busy), grouped(all), percent(*busy, all))),
                    ("here", counted(*runs, spot.of.one())),
                ];
                if let Some(bar) = middle {
                    let name = self.program.ops[self.op(bar)].name.clone();
                    lines.push((if *runs > 1 { "in the middle" } else { "operator" }, name));
                }
                Told { title: self.name(spot.of), lines }
            }
            What::Classes { cycles, classes } => {
                let mut lines =
                    vec![("cycles", format!("{} to {}", grouped(cycles.start), grouped(cycles.end - 1)))];
                let all = classes.total();
                for (class, count) in classes.iter().filter(|(_, count)| *count > 0) {
                    lines.push((class.title(), format!("{}, {}", grouped(count), percent(count, all))));
                }
                Told { title: format!("cycles of matrix {}", self.unit), lines }
            }
        }
    }

    fn told_of_bar(&self, row: Row, number: u64, bar: &Bar) -> Told {
        let name = self.program.ops[self.op(bar)].name.clone();
        let mut lines = Vec::new();
        let last = bar.end.saturating_sub(1).max(bar.start);
        lines.push(("cycles", format!("{} to {}", grouped(bar.start), grouped(last))));
        lines.push(("takes", counted(bar.end - bar.start, "cycle")));
        let Row::Unit(unit) = row else {
            let one = if row == Row::Operators { "pass" } else { "instruction" };
            lines.push(("has", counted(bar.runs, one)));
            if let Some(iteration) = self.iteration(bar) {
                lines.push(("iteration", iteration));
            }
            return Told { title: name, lines };
        };
        let instruction = &self.program.instructions[bar.of];
        lines.push(("does", work_in_words(self.program, &instruction.work)));
        if let Some(iteration) = self.iteration(bar) {
            lines.push(("iteration", iteration));
        }
        match unit {
            Unit::Matrix(unit) => lines.extend(self.told_of_pass(unit as usize, number)),
            Unit::Load(unit) => lines.extend(self.tile_line(unit as usize, number)),
            _ => lines.extend(self.told_of_run(unit, number)),
        }
        Told { title: format!("{}: {name}", self.name(row)), lines }
    }

    /// The event behind a run, and how long its unit had been idle.
    fn told_of_run(&self, unit: Unit, number: u64) -> Vec<(&'static str, String)> {
        let mut lines = Vec::new();
        let Some(lane) = self.trace.lane(unit) else { return lines };
        let Some(run) = lane.get(number) else { return lines };
        if run.event > run.busy_until {
            lines.push(("done", format!("at {}", grouped(run.event))));
        }
        let before = number.checked_sub(1).and_then(|before| lane.get(before));
        let idle = run.start - before.map_or(0, |before| before.busy_until);
        if idle > 0 {
            lines.push(("before it", format!("{} idle", counted(idle, "cycle"))));
        }
        lines
    }

    /// Which tile it is, when its sums are there, and what it waited for.
    fn told_of_pass(&self, unit: usize, number: u64) -> Vec<(&'static str, String)> {
        let Some(run) = self.trace.passes.get(unit).and_then(|lane| lane.get(number)) else {
            return Vec::new();
        };
        let mut lines: Vec<_> = self.tile_line(unit, number).into_iter().collect();
        lines.push(("sums there", format!("at {}", grouped(run.event))));
        let waited = waits(&run.classes);
        lines.push(("before it", if waited.is_empty() { "no wait".into() } else { waited }));
        lines
    }

    fn tile_line(&self, unit: usize, number: u64) -> Option<(&'static str, String)> {
        let run = self.trace.passes.get(unit)?.get(number)?;
        let (index, count) = self.tile(unit, number, run.start)?;
        Some(("tile", format!("{} of {}", grouped(index + 1), grouped(count))))
    }

    /// The iterations of the loops around a bar's first instruction that have more than come by, outermost first.
    fn iteration(&self, bar: &Bar) -> Option<String> {
        let last = bar.iteration.iter().rposition(|index| *index > 0)?;
        Some(bar.iteration[..=last].iter().map(u32::to_string).collect::<Vec<_>>().join("."))
    }
}

impl Row {
    /// What one of its bars is called.
    fn one(self) -> &'static str {
        match self {
            Row::Operators | Row::VectorOperators(_) => "stretch",
            Row::Unit(Unit::Matrix(_)) => "pass",
            Row::Unit(_) | Row::Classes => "instruction",
        }
    }
}

/// What the cycles before a pass were spent on.
fn waits(classes: &Classes) -> String {
    let waited = classes.iter().filter(|(class, cycles)| *class != Class::Active && *cycles > 0);
    let told = waited.map(|(class, cycles)| format!("{} {}", grouped(cycles), class.title()));
    told.collect::<Vec<_>>().join(", ")
}

/// An instruction's work in a few words.
pub fn work_in_words(program: &Program, work: &Work) -> String {
    let name = |window: &Window| &program.buffers[window.buffer].name;
    match work {
        Work::Copy { from, to, rows } => {
            let which = match rows {
                RowsAre::Together => "",
                RowsAre::Gathered => " in bursts",
                RowsAre::Chosen { .. } => " by their numbers",
            };
            let way = match program.buffers[to.buffer].space {
                Space::Dram => "writes",
                Space::Unified(_) => "reads",
            };
            format!("{way} {} × {} of {}{which}", from.rows, from.cols, name(from))
        }
        Work::Fetch { tile, .. } => format!("fetches {} of {}", sides(tile), of(program, tile)),
        Work::Load => "shifts a tile in".into(),
        Work::Multiply { streamed, cols, .. } => {
            format!("{} rows by a tile of {} × {cols}", streamed.rows(), streamed.cols())
        }
        Work::Contract { activations, weights, .. } => {
            format!("{} × {} by {} columns", activations.rows(), activations.cols(), weights.cols)
        }
        Work::Vector { source, steps, .. } => {
            let (rows, cols) = source.extents();
            let from = match source {
                VectorSource::Accumulators { .. } => "sums".into(),
                VectorSource::Buffer(window) => format!("elements of {}", name(window)),
                VectorSource::Patches(..) => "elements of windows".into(),
            };
            format!("{} on {rows} × {cols} {from}", counted(steps.len() as u64, "step"))
        }
    }
}

fn sides(factor: &Factor) -> String {
    format!("{} × {}", factor.rows(), factor.cols())
}

fn of<'a>(program: &'a Program, factor: &Factor) -> &'a str {
    &program.buffers[factor.buffer()].name
}

/// `1 pass`, `12 passes`
fn counted(count: u64, one: &str) -> String {
    match count {
        1 => format!("1 {one}"),
        _ if one.ends_with('s') || one.ends_with("ch") => format!("{} {one}es", grouped(count)),
        _ => format!("{} {one}s", grouped(count)),
    }
}

/// In tenths of a percent, cut off: only what is whole is 100 %.
fn percent(part: u64, of: u64) -> String {
    let thousandths = u128::from(part) * 1000 / u128::from(of.max(1));
    format!("{}.{} %", thousandths / 10, thousandths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_for_people() {
        assert_eq!([7, 1_000, 1_234_567].map(grouped), ["7", "1,000", "1,234,567"]);
        assert_eq!(counted(1, "pass"), "1 pass");
        assert_eq!(counted(1200, "pass"), "1,200 passes");
        assert_eq!([percent(1, 3), percent(3, 3), percent(2999, 3000)], ["33.3 %", "100.0 %", "99.9 %"]);
    }
}
