//! Two places for each kind of what passes through the unified buffer.

use super::super::Plan;
use super::{Note, Outcome, Pass, Work};
use crate::chip::Chip;

pub(super) const PASS: Pass = Pass::new(
    "double",
    "Has two blocks in the unified buffer of each kind that passes through it, so that one comes or leaves while the other is \
     worked on; without it they take turns.",
    Work::OnPlan(work),
    tell,
);

fn work(plan: &mut Plan, _: &Chip) {
    plan.blocks = 2;
}

fn tell(outcome: &Outcome) -> Vec<Note> {
    let plan = outcome.plan;
    let mut notes = Vec::new();
    for (at, layer) in plan.layers.iter().enumerate() {
        let bytes = plan.passing(at, &plan.split.of(outcome.chip));
        if bytes > 0 {
            let text = format!("what passes through has two places of each kind, {bytes} bytes in all");
            notes.push(Note { of: plan.tensors[layer.result].name.clone(), span: layer.span, text });
        }
    }
    notes
}
