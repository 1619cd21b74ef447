//! Places in the unified buffer that tensors have one after the other.

use litemap::LiteMap;

use super::super::lives::{Life, stays};
use super::super::{Plan, PlannedId};
use super::{Note, Outcome, Pass, Work};
use crate::base::{Bytes, insert_by_key};
use crate::chip::Chip;

pub(super) const PASS: Pass = Pass::new(
    "reuse",
    "Where tensors would stay in the unified buffer but do not fit there all at once, gives the place of one that nobody reads \
     any more to the next.",
    Work::OnPlan(work),
    tell,
);

/// A tensor's place in the unified buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shared {
    /// Its first byte.
    pub address: Bytes,
    /// Whether another tensor was there before.
    pub taken_over: bool,
}

fn work(plan: &mut Plan, chip: &Chip) {
    let Ok(lives) = stays(plan, chip) else { return };
    if plan.resident_bytes(&lives) <= chip.unified_buffer_bytes {
        return;
    }
    let places = places(plan, &lives);
    let fits = |(id, place): (&PlannedId, &Shared)| {
        place.address + plan.tensors[*id].bytes() <= chip.unified_buffer_bytes
    };
    if places.iter().all(fits) {
        plan.places = places;
    }
}

/// The lowest place for each that nobody has while it is needed, in the order in which they are first needed, larger ones first.
fn places(plan: &Plan, lives: &[(PlannedId, Life)]) -> LiteMap<PlannedId, Shared> {
    let bytes = |id: PlannedId| plan.tensors[id].bytes();
    let mut order = Vec::new();
    for life in lives {
        insert_by_key(&mut order, *life, |(id, life)| (life.first, std::cmp::Reverse(bytes(*id))));
    }
    let mut places: LiteMap<PlannedId, Shared> = LiteMap::new();
    for (at, (id, life)) in order.iter().enumerate() {
        // By address: those that are needed at the same time.
        let mut beside: Vec<(Bytes, Bytes)> = Vec::new();
        for (other, other_life) in order[..at].iter().filter(|(_, other)| other.last >= life.first) {
            debug_assert!(other_life.first <= life.first, "they come in this order");
            let address = places[other].address;
            insert_by_key(&mut beside, (address, address + bytes(*other)), |span| span.0);
        }
        let mut address = 0;
        for (from, to) in beside {
            if from < address + bytes(*id) {
                address = address.max(to);
            }
        }
        let end = address + bytes(*id);
        let meets = |(other, _): &(PlannedId, Life)| {
            let place = places[other].address;
            place < end && address < place + bytes(*other)
        };
        let taken_over = order[..at].iter().any(meets);
        places.insert(*id, Shared { address, taken_over });
    }
    places
}

fn tell(outcome: &Outcome) -> Vec<Note> {
    let (plan, chip) = (outcome.plan, outcome.chip);
    let most = chip.unified_buffer_bytes;
    let Ok(lives) = stays(plan, chip) else {
        return vec![Note::on_all(
            "no tensor stays in the unified buffer, so none has a place to give".into(),
        )];
    };
    let own: Bytes = lives.iter().map(|(id, _)| plan.tensors[*id].bytes()).sum();
    if plan.places.is_empty() {
        let text = if own <= most {
            format!("each tensor has a place of its own: together they need {own} of {most} bytes")
        } else {
            let placed = places(plan, &lives);
            let end = |(id, place): (&PlannedId, &Shared)| place.address + plan.tensors[*id].bytes();
            let needed = placed.iter().map(end).max().unwrap_or(0);
            format!(
                "even one after the other in the same places, tensors need {needed} bytes, more than {most}"
            )
        };
        return vec![Note::on_all(text)];
    }
    let needed = plan.resident_bytes(&lives);
    let mut notes = vec![Note::on_all(format!(
        "with places of their own tensors need {own} bytes, more than {most}; one after the other {needed}"
    ))];
    for (id, life) in lives {
        let (place, tensor) = (plan.places[&id], &plan.tensors[id]);
        if place.taken_over {
            let span = plan.layers[life.first].span;
            let text = format!(
                "its {} bytes from byte {} on were others' before; it is needed from layer {} to {}",
                tensor.bytes(),
                place.address,
                life.first,
                life.last
            );
            notes.push(Note { of: tensor.name.clone(), span, text });
        }
    }
    notes
}
