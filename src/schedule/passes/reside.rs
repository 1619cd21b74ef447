//! Tensors that stay in the unified buffer between layers.
//!
//! If all that is worked on fits there, it stays. Otherwise half of the buffer is for tensors that stay, those first that save
//! most of DRAM's traffic for each byte that they take: each time that one is read or left it need not cross the bus. The other
//! tensors are spilled: they lie in DRAM, and pass through the rest of the buffer.
//!
//! Cores have buffers of their own, so that tensors stay on one core only. A chip of several cores uses one, if by estimate this takes
//! less time than to stream through all.

use litemap::LiteMap;

use super::super::lives::Worked;
use super::super::{Plan, PlannedId};
use super::reuse::{Room, Sharing};
use super::{Note, Outcome, Pass, Shared, Split, Work};
use crate::base::{Bytes, Cycle, insert_by_key};
use crate::chip::Chip;

pub(super) const PASS: Pass = Pass::new(
    "reside",
    "Keeps tensors in the unified buffer between layers, those first that save most of DRAM's traffic for each byte that they \
     take; the others pass through it, to and from DRAM.",
    Work::OnPlan(work),
    tell,
);

type Places = LiteMap<PlannedId, Shared>;

fn work(plan: &mut Plan, chip: &Chip) {
    let places = stay(plan, &plan.worked(chip), chip);
    if plan.split.cores > 1 {
        let [alone, all] = estimates(plan, &places, plan.split, chip);
        if alone >= all {
            return;
        }
        plan.split = one_core(chip);
    }
    let end = |(id, place): (&PlannedId, &Shared)| place.address + plan.held_bytes(*id);
    (plan.streams_from, plan.places) = (places.iter().map(end).max().unwrap_or(0), places);
}

fn one_core(chip: &Chip) -> Split {
    Split { cores: 1, units: chip.units_per_core() }
}

/// Cycles that one core needs with tensors that stay there, and all cores of the program without.
fn estimates(plan: &Plan, places: &Places, all: Split, chip: &Chip) -> [Cycle; 2] {
    [plan.estimate(places, &one_core(chip).of(chip)), plan.estimate(&Places::new(), &all.of(chip))]
}

/// Places of those that stay.
fn stay(plan: &Plan, worked: &[Worked], chip: &Chip) -> Places {
    let all = chip.unified_buffer_bytes;
    if worked.iter().all(|worked| worked.streamed.is_none()) {
        let mut order = Vec::new();
        for worked in worked {
            insert_by_key(&mut order, *worked, |worked| {
                (worked.life.first, std::cmp::Reverse(plan.held_bytes(worked.id)))
            });
        }
        let ways = [Sharing::Never, Sharing::InTurn];
        for sharing in ways.into_iter().take_while(|way| *way == Sharing::Never || *way == plan.sharing) {
            let mut room = Room::new(plan, all, sharing);
            if order.iter().all(|worked| room.give(worked)) {
                return room.places();
            }
        }
    }
    let mut order = Vec::new();
    for worked in worked.iter().filter(|worked| worked.streamed.is_none() && worked.saved > 0) {
        insert_by_key(&mut order, *worked, |worked| std::cmp::Reverse(worth(plan, worked)));
    }
    let mut room = Room::new(plan, all / 2, plan.sharing);
    for worked in &order {
        room.give(worked);
    }
    room.places()
}

/// Traffic that a tensor saves for each byte that it takes, in 1/1024.
fn worth(plan: &Plan, worked: &Worked) -> Bytes {
    worked.saved.saturating_mul(1024) / plan.held_bytes(worked.id).max(1)
}

fn tell(outcome: &Outcome) -> Vec<Note> {
    let (plan, chip) = (outcome.plan, outcome.chip);
    let (most, needed) = (chip.unified_buffer_bytes, plan.streams_from);
    let worked = plan.worked(chip);
    let stays = worked.iter().filter(|worked| plan.places.contains_key(&worked.id)).count();
    let saved = worked.iter().filter(|worked| plan.places.contains_key(&worked.id));
    let saved = saved.fold(0, |sum: Bytes, worked| sum.saturating_add(worked.saved));
    let mut notes = Vec::new();
    if plan.places.is_empty() {
        let places = stay(plan, &worked, chip);
        let [alone, all] = estimates(plan, &places, plan.split, chip);
        let text = match plan.split.cores {
            _ if places.is_empty() => String::new(),
            cores @ 2.. if alone >= all => format!(
                "tensors lie in DRAM between layers: each of {cores} cores has a unified buffer of its own, and where one with tensors that stay would need {alone} cycles, all need {all} by estimate"
            ),
            _ => "tensors lie in DRAM between layers: beside some that stay there would be no room for what has to pass through".into(),
        };
        if !text.is_empty() {
            return vec![Note::on_all(text)];
        }
    }
    let of_program = Split::of_program(chip);
    if of_program.cores > 1 && plan.split == one_core(chip) && stays > 0 {
        let [alone, all] = estimates(plan, &plan.places, of_program, chip);
        notes.push(Note::on_all(format!(
            "one of {} cores has it all: with tensors that stay there it needs {alone} cycles by estimate, all without {all}",
            of_program.cores
        )));
    }
    notes.push(Note::on_all(match stays == worked.len() {
        true => format!("all tensors that are worked on stay: they need {needed} of {most} bytes"),
        false => format!(
            "{stays} of {} tensors that are worked on stay: they need {needed} of {most} bytes, and save {saved} bytes of DRAM's traffic",
            worked.len()
        ),
    }));
    for worked in worked.iter().filter(|worked| !plan.places.contains_key(&worked.id)) {
        let why = match worked.streamed {
            Some(why) => why.words().to_owned(),
            None if worked.saved == 0 => "it crosses the bus as often if it stays".to_owned(),
            None => format!(
                "{} bytes more find no place beside those that save more for each byte",
                plan.held_bytes(worked.id)
            ),
        };
        let (tensor, span) = (&plan.tensors[worked.id], plan.layers[worked.life.first].span);
        notes.push(Note { of: tensor.name.clone(), span, text: format!("passes through: {why}") });
    }
    notes
}
