//! Tensors that stay in the unified buffer between layers.

use super::super::{Plan, Residence, lives::stays};
use super::{Note, Outcome, Pass, Work};
use crate::base::Bytes;
use crate::chip::Chip;

pub(super) const PASS: Pass = Pass::new(
    "reside",
    "Keeps tensors in the unified buffer between layers if all that is worked on fits there; otherwise each layer streams its \
     operands and its result through it, to and from DRAM.",
    Work::OnPlan(work),
    tell,
);

fn work(plan: &mut Plan, chip: &Chip) {
    if stays(plan, chip).is_ok_and(|lives| plan.resident_bytes(&lives) <= chip.unified_buffer_bytes) {
        plan.residence = Residence::Unified;
    }
}

fn tell(outcome: &Outcome) -> Vec<Note> {
    let (plan, chip) = (outcome.plan, outcome.chip);
    let most = chip.unified_buffer_bytes;
    let text = match stays(plan, chip) {
        Err(why) => format!("tensors lie in DRAM between layers: {}", why.words()),
        Ok(lives) => {
            let needed: Bytes = plan.resident_bytes(&lives);
            match plan.residence {
                Residence::Unified => {
                    format!("all tensors that are worked on stay: they need {needed} of {most} bytes")
                }
                Residence::Dram => format!(
                    "tensors lie in DRAM between layers: to stay they need {needed} bytes, {} more than there are",
                    needed.saturating_sub(most)
                ),
            }
        }
    };
    vec![Note::on_all(text)]
}
