//! A cycle in words: what happens in it, and what one PE does.

use super::array::op_name;
use super::shown::Held;
use super::{Moment, Register};
use crate::base::Cycle;
use crate::chip::{Dataflow, Stationary};
use crate::isa::Unit;
use crate::timing;
use crate::trace::{NONE, Numbers, Pass, Scalar, UnitRun};

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

/// What a PE adds to its sum: which elements it multiplies, and their numbers where they are known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    /// What is summed: the operator's name, or which element of it, if that is asked for.
    pub of: String,
    /// What comes from the left, and what it is multiplied by.
    pub factors: [String; 2],
    /// The sum before, both factors, and the sum that goes on or stays.
    pub numbers: Option<(String, [String; 2], String)>,
}

impl Term {
    /// Of the selected PE, in its first lane; nothing if it is at rest.
    pub fn new(moment: &Moment) -> Option<Term> {
        let frame = moment.frame;
        let (row, col) = moment.selected;
        let at = frame.at(row, col);
        let number = Some(frame.pass[at]).filter(|pass| *pass != NONE)?;
        let factors =
            [Register::Act(0), Register::Weight(0)].map(|register| moment.named(register, row, col));
        let shown = |held: Held, entry: i32| moment.label(held, [row, col], entry, number).whole();
        let (before, after) = moment.sums_of_first_lane(row, col);
        let numbers = before.filter(|_| moment.shows_numbers(number)).map(|before| {
            let [act, weight] = [Register::Act(0), Register::Weight(0)].map(Held::Operand);
            let factors = [shown(act, frame.act[at]), shown(weight, frame.weight[at])];
            (shown(Held::Sum(0), before), factors, shown(Held::Sum(0), after))
        });
        let of = moment.named_sum([row, col], 0).unwrap_or_else(|| op_name(moment, number));
        Some(Term { of, factors: factors.map(Option::unwrap_or_default), numbers })
    }
}

impl Words {
    /// Describes a moment.
    pub fn new(moment: &Moment) -> Words {
        Words { caption: caption(moment), detail: detail(moment) }
    }
}

fn caption(moment: &Moment) -> String {
    let mut sentences: Vec<String> =
        [entering(moment), loading(moment), leaving(moment)].into_iter().flatten().collect();
    let core = moment.unit / moment.chip.units_per_core();
    if let Some(run) = at_work(moment, Unit::Vector(core as u32)) {
        let op = moment.program.instructions[run.instruction].op;
        sentences.push(format!("The vector unit works on {}.", moment.program.ops[op].name));
    }
    if sentences.is_empty() {
        sentences.extend(transfers(moment, core as u32));
    }
    if sentences.is_empty() {
        sentences.push(quiet(moment).to_owned());
    }
    sentences.join(" ")
}

/// The last pass whose time has come.
fn come(moment: &Moment, now: Cycle, time: fn(&Pass) -> Cycle) -> Option<usize> {
    moment.view.passes.partition_point(|pass| time(pass) <= now).checked_sub(1)
}

/// What a pass's steps are to it, what they are of, and what stays.
fn streaming(dataflow: Dataflow) -> (&'static str, &'static str) {
    match dataflow {
        Dataflow::WeightStationary => ("row", "weights"),
        Dataflow::InputStationary => ("column", "activations"),
        Dataflow::OutputStationary => ("step", "sums"),
    }
}

/// The steps that enter now.
fn entering(moment: &Moment) -> Option<String> {
    let t = moment.frame.cycle;
    let pass = come(moment, t, |pass| pass.run.start)?;
    let steps = moment.view.passes[pass].stream.entering(t);
    if steps.is_empty() {
        return None;
    }
    let (one, stays) = streaming(moment.chip.dataflow);
    let which = match steps.len() {
        1 => format!("{} {}", capitalised(one), steps.start),
        _ => format!("{}s {} to {}", capitalised(one), steps.start, steps.end - 1),
    };
    let verb = if steps.len() == 1 { "enters" } else { "enter" };
    let (from, swaps) = match moment.chip.dataflow.stationary() {
        Stationary::Sums => ("from the left and from above", String::new()),
        Stationary::Weights if steps.start > 0 => ("from the left", String::new()),
        Stationary::Weights => ("from the left", format!(", and its {stays} become active")),
    };
    Some(format!("{which} of {} {verb} {from}{swaps}.", tile(moment, pass)))
}

/// The row of a tile that enters now to stay.
fn loading(moment: &Moment) -> Option<String> {
    let (t, rows) = (moment.frame.cycle, moment.frame.rows as Cycle);
    let pass = match moment.chip.dataflow.stationary() {
        Stationary::Weights => come(moment, t, |pass| pass.run.load)?,
        Stationary::Sums => return None,
    };
    let row = t - moment.view.passes[pass].run.load;
    let what = if moment.chip.dataflow == Dataflow::InputStationary { "Activation" } else { "Weight" };
    (row < rows).then(|| format!("{what} row {row} of {} enters from above.", tile(moment, pass)))
}

/// The sums that leave column 0.
fn leaving(moment: &Moment) -> Option<String> {
    let t = moment.frame.cycle;
    let rows = moment.frame.rows;
    if moment.chip.dataflow.stationary() == Stationary::Sums {
        let sides = timing::sides(moment.chip);
        let leaves = |pass: &Pass| (0..rows).find(|row| sides.leaves(&pass.stream, *row, 0) == t);
        let (pass, row) =
            moment.view.passes.iter().enumerate().find_map(|(at, pass)| Some((at, leaves(pass)?)))?;
        return Some(format!("The sum of row {row} of {} leaves column 0.", tile(moment, pass)));
    }
    let u = t.checked_sub(rows as Cycle - 1)?;
    let pass = come(moment, u, |pass| pass.run.start)?;
    let steps = moment.view.passes[pass].stream.entering(u);
    let (one, _) = streaming(moment.chip.dataflow);
    let (what, verb) = match steps.len() {
        0 => return None,
        1 => (format!("sum of {one} {}", steps.start), "leaves"),
        _ => (format!("sums of {one}s {} to {}", steps.start, steps.end - 1), "leave"),
    };
    Some(format!("The {what} of {} {verb} column 0.", tile(moment, pass)))
}

fn capitalised(word: &str) -> String {
    let (first, rest) = word.split_at(1);
    first.to_ascii_uppercase() + rest
}

/// What a unit is busy with in this cycle.
pub(super) fn at_work(moment: &Moment, unit: Unit) -> Option<UnitRun> {
    let lane = moment.trace.lane(unit)?;
    let run = lane.get(lane.come(moment.frame.cycle, |run| run.start).checked_sub(1)?)?;
    (moment.frame.cycle < run.busy_until).then_some(run)
}

/// What is on its way to or from memory.
fn transfers(moment: &Moment, core: u32) -> Option<String> {
    let memory = match moment.chip.is_common(moment.program.in_memory()) {
        true => "the common memory",
        false => "DRAM",
    };
    let op = |run: UnitRun| &moment.program.ops[moment.program.instructions[run.instruction].op].name;
    if let Some(run) = at_work(moment, Unit::Fetch(moment.unit as u32)) {
        return Some(format!("The array waits: weights for {} are on their way from {memory}.", op(run)));
    }
    if let Some(run) = at_work(moment, Unit::DmaIn(core)) {
        return Some(format!("The array waits: operands of {} are on their way from {memory}.", op(run)));
    }
    at_work(moment, Unit::DmaOut(core)).map(|run| format!("Results of {} go to {memory}.", op(run)))
}

/// When nothing enters, leaves column 0 or is worked on.
fn quiet(moment: &Moment) -> &'static str {
    if moment.frame.cycle >= moment.trace.cycles {
        "The run is over."
    } else if moment.frame.pass.iter().any(|pass| *pass != NONE) {
        "The wave crosses the array."
    } else if moment.frame.bus_pass.iter().any(|pass| *pass != NONE) {
        "The last weights move to their places."
    } else if moment.frame.drain_pass.iter().any(|pass| *pass != NONE) {
        "The last sums drain."
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
    let held = |value: i32, pass: u32, held: Held| match pass {
        NONE => "empty".into(),
        _ if moment.shows_numbers(pass) => moment.told(held, moment.scalar(value, pass), pass),
        _ => match moment.label(held, [row, col], value, pass).whole() {
            nameless if nameless.is_empty() => "a sum".into(),
            name => name,
        },
    };
    let stays = frame.stationary;
    let works = frame.pass[at] != NONE;
    let mut lines = Vec::new();
    if works {
        let pass = &moment.view.passes[frame.pass[at] as usize];
        let steps = pass.stream.entering(frame.cycle - (row + col) as Cycle);
        let (one, _) = streaming(moment.chip.dataflow);
        let (index, count) = moment.view.tile_of(frame.pass[at] as usize);
        let shown = |entry: &i32| moment.told(Held::Sum(0), pass.scalar(*entry), frame.pass[at]);
        for (lane, step) in steps.enumerate() {
            let here = at + lane * frame.layer();
            let (weight, sum) = match stays {
                Stationary::Weights => (at, here),
                Stationary::Sums => (here, at),
            };
            // Counted from 0, as in elements' names; tiles are not.
            lines.push((one, format!("{step} of 0–{}", pass.stream.length - 1)));
            if lane == 0 {
                lines.push(("tile", format!("{} of {count}", index + 1)));
            }
            if !moment.shows_numbers(frame.pass[at]) {
                let (left, above) = operands(moment).split_once(" × ").unwrap_or_default();
                for (label, register) in
                    [(left, Register::Act(lane)), (above, Register::Weight(weight / frame.layer()))]
                {
                    lines.push((label, moment.named(register, row, col).unwrap_or_default()));
                }
                if stays == Stationary::Weights {
                    lines.extend(moment.named_sum([row, col], lane).map(|name| ("sum", name)));
                }
                continue;
            }
            if stays == Stationary::Sums && lane == 0 {
                lines.push(("sum before", moment.before.first().map_or_else(String::new, shown)));
            }
            if stays == Stationary::Weights {
                lines.push(("sum from above", moment.before.get(lane).map_or_else(String::new, shown)));
            }
            lines.push((
                operands(moment),
                product(moment, frame.pass[at], frame.act[here], frame.weight[weight]),
            ));
            if stays == Stationary::Weights {
                lines.push(("sum", shown(&frame.psum[sum])));
            }
            if let Some(sparsity) = pass.packed.filter(|_| lane == 0) {
                let k = frame.row_of_k(&frame.weight_k, row, col);
                let index = |k: usize| format!("{} of {}", k % sparsity.of(), sparsity.of());
                lines.push(("of its group", k.map_or_else(|| "none".into(), index)));
            }
        }
        if stays == Stationary::Sums && moment.shows_numbers(frame.pass[at]) {
            lines.push(("sum", shown(&frame.psum[at])));
        } else if stays == Stationary::Sums {
            lines.extend(moment.named_sum([row, col], 0).map(|name| ("sum", name)));
        }
    } else {
        match stays {
            Stationary::Weights => {
                let weight =
                    held(frame.weight[at], frame.weight_pass[at], Held::Operand(Register::Weight(0)));
                lines.push(("weight", weight));
            }
            Stationary::Sums => {
                lines.push(("sum", held(frame.psum[at], frame.psum_pass[at], Held::Sum(0))));
            }
        }
    }
    match stays {
        Stationary::Weights => {
            let shadow = held(frame.shadow[at], frame.shadow_pass[at], Held::Operand(Register::Shadow));
            lines.push(("shadow weight", shadow));
            lines.push(("weight bus", held(frame.bus[at], frame.bus_pass[at], Held::Operand(Register::Bus))));
        }
        Stationary::Sums => {
            let drain = held(frame.drain[at], frame.drain_pass[at], Held::Drain);
            lines.push(("drain register", drain));
        }
    }
    if matches!(moment.numbers, Numbers::Of(_)) && moment.has_numbers(frame.pass[at]) {
        lines.push(("numbers", "from seeded inputs".into()));
    }
    Detail { pass: works.then_some(frame.pass[at]), lines }
}

/// `3 × -2 = -6`
fn product(moment: &Moment, pass: u32, act: i32, weight: i32) -> String {
    let (act, weight) = (moment.scalar(act, pass), moment.scalar(weight, pass));
    let told = |held: Held, scalar: Scalar| moment.told(held, scalar, pass);
    let [a, w] = [Register::Act(0), Register::Weight(0)].map(Held::Operand);
    told(a, act) + " × " + &told(w, weight) + " = " + &told(Held::Sum(0), act.times(weight))
}

/// What a PE multiplies by what.
fn operands(moment: &Moment) -> &'static str {
    match moment.chip.dataflow {
        Dataflow::InputStationary => "weight × act",
        _ => "act × weight",
    }
}
