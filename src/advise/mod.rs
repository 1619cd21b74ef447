//! What limits a run, in words from its own trace, and changes of program and chip that are run to know what each gains.
//!
//! - `facts` is what a trace says of each operator,
//! - `limits` says where the cycles that are not used go, and why,
//! - `changes` is what could be tried, `batch` and `rewrite` what of it changes the program's text,
//! - [`Advisor`] runs the program as it is, then change by change: what it says of one is what came out.
//!
//! Values are never needed: times do not depend on them.

mod batch;
mod changes;
mod facts;
mod limits;
mod rewrite;
mod words;

pub use changes::{Change, Family};
pub use limits::{Cause, Limit};

use changes::changes;
use facts::Facts;

use crate::base::Cycle;
use crate::chip::{Chip, Description, Key};
use crate::graph::{Graph, LoadError, Loader};
use crate::job::{Timed, time_program};
use crate::num::Array;

/// A program on a chip, with what limits it and what could be changed.
pub struct Advisor {
    text: String,
    chip: Description,
    /// The run as it is.
    timed: Timed,
    size: Size,
    causes: Vec<Cause>,
    changes: Vec<Change>,
}

/// A change that has been run.
#[derive(Clone, Debug, PartialEq)]
pub struct Advice {
    /// Which.
    pub change: Change,
    /// Cycles of the run with it.
    pub cycles: Cycle,
    /// How many times as fast a result comes: above 1 if it gains.
    pub gain: f64,
}

/// How much a program does, to know whether another one does the same for more results.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Size {
    macs: u64,
    outputs: u64,
}

impl Advisor {
    /// Runs a program as it is; nothing where it has errors, or the chip does not run it.
    pub fn new(text: &str, chip: &Description) -> Option<Advisor> {
        let (graph, timed) = time_program(text, &Declared, &chip.chip().ok()?)?;
        let facts = Facts::new(&timed);
        let causes = limits::causes(&facts, &timed);
        Some(Advisor {
            text: text.to_owned(),
            chip: chip.clone(),
            size: Size::new(&graph),
            changes: changes(text, chip, &graph, &timed, &causes),
            causes,
            timed,
        })
    }

    /// Cycles of the run as it is.
    pub fn cycles(&self) -> Cycle {
        self.timed.trace.cycles
    }

    /// Where its cycles go. The first one is what limits it.
    pub fn causes(&self) -> &[Cause] {
        &self.causes
    }

    /// What could be tried, the most promising first.
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// The chip as a change would have it, if it can be.
    pub fn chip_with(&self, change: &Change) -> Option<Chip> {
        let fields = change.fields.iter().map(|(key, value)| (Key::field(*key).name, value.as_str()));
        self.chip.clone().amend(fields).ok()
    }

    /// The program as a change would have it.
    pub fn text_with<'a>(&'a self, change: &'a Change) -> &'a str {
        change.text.as_deref().unwrap_or(&self.text)
    }

    /// Runs a change; nothing where there is none with that number, where it cannot be, or where it would do something else.
    pub fn attempt(&self, number: usize) -> Option<Advice> {
        let change = self.changes.get(number)?.searched(&self.text, &self.timed)?;
        let (graph, timed) = time_program(self.text_with(&change), &Declared, &self.chip_with(&change)?)?;
        if Size::new(&graph) != self.size.times(change.results)? {
            return None;
        }
        let cycles = timed.trace.cycles;
        let gain = self.cycles() as f64 * change.results as f64 / cycles.max(1) as f64;
        Some(Advice { change, cycles, gain })
    }
}

impl Advice {
    /// Whether it is worth telling: what is hardly faster is not.
    pub fn gains(&self) -> bool {
        self.gain >= 1.01
    }
}

/// The best change of each kind so far, those that gain most first.
#[derive(Debug, Default)]
pub struct Ranking {
    list: Vec<Advice>,
}

impl Ranking {
    /// Takes a change that has been run, if it gains, and a tenth more than the one of its kind that came before: those cost less.
    /// Returns whether the list is another.
    pub fn add(&mut self, advice: Advice) -> bool {
        let known = self.list.iter().position(|known| known.change.family == advice.change.family);
        let bar = known.map_or(1.0, |at| 1.1 * self.list[at].gain);
        if !advice.gains() || advice.gain < bar {
            return false;
        }
        if let Some(at) = known {
            self.list.remove(at);
        }
        let before = self.list.partition_point(|other| other.gain >= advice.gain);
        self.list.insert(before, advice);
        true
    }

    /// In order.
    pub fn list(&self) -> &[Advice] {
        &self.list
    }
}

/// What limits a run, and what gains, for people: every change is run.
pub fn in_words(advisor: &Advisor) -> String {
    let mut out = format!("{}\n", words::cycles(advisor.cycles()));
    out.extend(advisor.causes().iter().map(|cause| format!("{}: {}\n", cause.limit.title(), cause.words)));
    let mut ranking = Ranking::default();
    for advice in (0..advisor.changes().len()).filter_map(|number| advisor.attempt(number)) {
        ranking.add(advice);
    }
    out += &format!(
        "{} run; those that gain:\n",
        words::counted(advisor.changes().len() as u64, "change", "changes")
    );
    out.extend(ranking.list().iter().map(|Advice { change, cycles, gain }| {
        let each = if change.results > 1 { " a result" } else { "" };
        format!("  {gain:.2} x{each}  {}: {}, {}\n", change.label, words::cycles(*cycles), change.cost)
    }));
    out
}

impl Size {
    fn new(graph: &Graph) -> Size {
        let elements = |tensor| graph.tensors[tensor].ty.shape.elements();
        Size {
            macs: graph.all_macs(),
            outputs: graph.outputs.iter().map(|output| elements(output.tensor)).sum(),
        }
    }

    fn times(self, results: u64) -> Option<Size> {
        Some(Size { macs: self.macs.checked_mul(results)?, outputs: self.outputs.checked_mul(results)? })
    }
}

/// No file is read: of a tensor that is loaded, its declaration says enough.
struct Declared;

impl Loader for Declared {
    fn load(&self, _: &str) -> Result<Array, LoadError> {
        unreachable!("it has no values")
    }

    fn has_values(&self) -> bool {
        false
    }
}
