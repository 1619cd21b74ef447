//! A cycle in words: what happens in it, and what one PE does.

use super::Moment;
use super::array::op_name;
use crate::base::Cycle;
use crate::isa::Unit;
use crate::trace::{NONE, Pass, UnitRun};

/// A cycle for those who read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words {
    /// One to three sentences.
    pub caption: String,
    /// The selected PE.
    pub detail: Detail,
}

/// One PE.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Detail {
    /// The pass at work in it, if one is.
    pub pass: Option<u32>,
    /// What it holds and does, a label and a value a line.
    pub lines: Vec<(&'static str, String)>,
}

impl Words {
    /// Describes a moment.
    pub fn new(moment: &Moment) -> Words {
        Words { caption: caption(moment), detail: detail(moment) }
    }
}

fn caption(moment: &Moment) -> String {
    let t = moment.frame.cycle;
    let passes = &moment.view.passes;
    let rows = moment.frame.rows as Cycle;
    let mut sentences = Vec::new();
    let come =
        |time: fn(&Pass) -> Cycle, now: Cycle| passes.partition_point(|p| time(p) <= now).checked_sub(1);
    if let Some(pass) = come(|p| p.run.start, t).filter(|p| t < passes[*p].run.stream_end) {
        let row = t - passes[pass].run.start;
        let swaps = if row == 0 { ", and its weights become active" } else { "" };
        sentences.push(format!("Row {row} of {} enters from the left{swaps}.", tile(moment, pass)));
    }
    if let Some(pass) = come(|p| p.run.load, t).filter(|p| t - passes[*p].run.load < rows) {
        sentences.push(format!(
            "Weight row {} of {} enters from above.",
            t - passes[pass].run.load,
            tile(moment, pass)
        ));
    }
    let leaving = t.checked_sub(rows - 1).and_then(|u| Some((come(|p| p.run.start, u)?, u)));
    if let Some((pass, row)) = leaving.map(|(pass, u)| (pass, u - passes[pass].run.start))
        && row < passes[pass].rows() as Cycle
    {
        sentences.push(format!("The sum of row {row} of {} leaves column 0.", tile(moment, pass)));
    }
    if let Some(run) = at_work(moment, Unit::Vector(0)) {
        let op = moment.program.instructions[run.instruction].op;
        sentences.push(format!("The vector unit works on {}.", moment.program.ops[op].name));
    }
    if sentences.is_empty() {
        sentences.push(quiet(moment).to_owned());
    }
    sentences.join(" ")
}

/// What a unit is busy with in this cycle.
fn at_work(moment: &Moment, unit: Unit) -> Option<UnitRun> {
    let lane = moment.trace.lane(unit)?;
    let run = lane.get(lane.come(moment.frame.cycle, |run| run.start).checked_sub(1)?)?;
    (moment.frame.cycle < run.busy_until).then_some(run)
}

/// When nothing enters, leaves column 0 or is worked on.
fn quiet(moment: &Moment) -> &'static str {
    if moment.frame.cycle >= moment.trace.cycles {
        "The run is over."
    } else if moment.frame.pass.iter().any(|pass| *pass != NONE) {
        "The wave crosses the array."
    } else if moment.frame.bus_pass.iter().any(|pass| *pass != NONE) {
        "The last weights move to their places."
    } else {
        "The array waits."
    }
}

/// `tile 17 of 32 of h`
fn tile(moment: &Moment, pass: usize) -> String {
    let (index, count) = moment.view.tile_of(pass);
    let name = op_name(moment, pass as u32);
    if count == 1 { name } else { format!("{name}, tile {} of {count},", index + 1) }
}

fn detail(moment: &Moment) -> Detail {
    let frame = moment.frame;
    let (row, col) = moment.selected;
    let at = frame.at(row, col);
    let held = |value: i32, pass: u32| if pass == NONE { "empty".into() } else { value.to_string() };
    let works = frame.pass[at] != NONE;
    let mut lines = Vec::new();
    if works {
        let pass = frame.pass[at];
        let m = frame.cycle - (row + col) as Cycle - moment.view.passes[pass as usize].run.start;
        let of = moment.view.passes[pass as usize].rows();
        let (index, count) = moment.view.tile_of(pass as usize);
        lines.push(("row", format!("{m} of {of}")));
        lines.push(("tile", format!("{} of {count}", index + 1)));
        let product = frame.act[at] * frame.weight[at];
        lines.push(("sum from above", (frame.psum[at] - product).to_string()));
        lines.push(("act × weight", format!("{} × {} = {product}", frame.act[at], frame.weight[at])));
        lines.push(("sum", frame.psum[at].to_string()));
    } else {
        lines.push(("weight", held(frame.weight[at], frame.weight_pass[at])));
    }
    lines.push(("shadow weight", held(frame.shadow[at], frame.shadow_pass[at])));
    lines.push(("weight bus", held(frame.bus[at], frame.bus_pass[at])));
    Detail { pass: works.then_some(frame.pass[at]), lines }
}
