//! Places in the unified buffer that tensors have one after the other.

use litemap::LiteMap;

use super::super::lives::{Life, Worked};
use super::super::{Plan, PlannedId};
use super::{Note, Outcome, Pass, Work};
use crate::base::{Bytes, insert_by_key};
use crate::chip::Chip;

pub(super) const PASS: Pass = Pass::new(
    "reuse",
    "Where tensors that could stay in the unified buffer do not fit there all at once, gives the place of one that nobody reads \
     any more to the next.",
    Work::OnPlan(work),
    tell,
);

/// Whether tensors may have a place one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sharing {
    /// Each has a place of its own.
    Never,
    /// If they do not fit otherwise.
    InTurn,
}

/// A tensor's place in the unified buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shared {
    /// Its first byte.
    pub address: Bytes,
    /// Whether another tensor was there before.
    pub taken_over: bool,
}

fn work(plan: &mut Plan, _: &Chip) {
    plan.sharing = Sharing::InTurn;
}

/// Places that are given.
pub(in super::super) struct Room<'a> {
    plan: &'a Plan,
    bytes: Bytes,
    sharing: Sharing,
    given: Vec<Given>,
}

struct Given {
    id: PlannedId,
    life: Life,
    from: Bytes,
    end: Bytes,
}

impl<'a> Room<'a> {
    pub(super) fn new(plan: &'a Plan, bytes: Bytes, sharing: Sharing) -> Room<'a> {
        Room { plan, bytes, sharing, given: Vec::new() }
    }

    /// Gives a tensor the lowest place that nobody has while it is needed, if there is one.
    pub(super) fn give(&mut self, worked: &Worked) -> bool {
        let held = self.plan.held_bytes(worked.id);
        let mut from = 0;
        match (self.sharing, self.given.last()) {
            (Sharing::Never, last) => from = last.map_or(0, |last| last.end),
            (Sharing::InTurn, _) => {
                for (start, end) in self.beside(worked.life) {
                    if start < from + held {
                        from = from.max(end);
                    }
                }
            }
        }
        let fits = held <= self.bytes.saturating_sub(from);
        if fits {
            self.given.push(Given { id: worked.id, life: worked.life, from, end: from + held });
        }
        fits
    }

    /// What others have that are needed at the same time, by address.
    fn beside(&self, life: Life) -> Vec<(Bytes, Bytes)> {
        let mut beside = Vec::new();
        let meets = |given: &&Given| given.life.first <= life.last && life.first <= given.life.last;
        for given in self.given.iter().filter(meets) {
            insert_by_key(&mut beside, (given.from, given.end), |span| *span);
        }
        beside
    }

    /// Who has which.
    pub(super) fn places(self) -> LiteMap<PlannedId, Shared> {
        let taken_over = |given: &Given| {
            let before = |other: &Given| {
                other.life.last < given.life.first && other.from < given.end && given.from < other.end
            };
            self.sharing == Sharing::InTurn && self.given.iter().any(before)
        };
        // One by one: what makes a map of many would sort them.
        let mut places = LiteMap::new();
        for given in &self.given {
            places.insert(given.id, Shared { address: given.from, taken_over: taken_over(given) });
        }
        places
    }
}

fn tell(outcome: &Outcome) -> Vec<Note> {
    let (plan, most) = (outcome.plan, outcome.chip.unified_buffer_bytes);
    let worked = plan.worked(outcome.chip);
    let there: Vec<&Worked> = worked.iter().filter(|worked| plan.places.contains_key(&worked.id)).collect();
    let own: Bytes = there.iter().map(|worked| plan.held_bytes(worked.id)).sum();
    let needed = plan.streams_from;
    if there.is_empty() {
        return vec![Note::on_all(
            "no tensor stays in the unified buffer, so none has a place to give".into(),
        )];
    }
    if !plan.places.values().any(|place| place.taken_over) {
        let text = format!(
            "each tensor that stays has a place of its own: together they need {own} of {most} bytes"
        );
        return vec![Note::on_all(text)];
    }
    let mut notes = vec![Note::on_all(format!(
        "with places of their own the tensors that stay would need {own} bytes of {most}; one after the other they need {needed}"
    ))];
    for Worked { id, life, .. } in there {
        let (place, tensor) = (plan.places[id], &plan.tensors[*id]);
        if place.taken_over {
            let span = plan.layers[life.first].span;
            let text = format!(
                "its {} bytes from byte {} on were others' before; it is needed from layer {} to {}",
                plan.held_bytes(*id),
                place.address,
                life.first,
                life.last
            );
            notes.push(Note { of: tensor.name.clone(), span, text });
        }
    }
    notes
}
