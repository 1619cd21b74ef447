//! What each of the compiler's passes makes of a program: its plan before and after, as loops.

use similar::{Algorithm, ChangeTag, capture_diff_slices};

use super::assembly::planned;
use crate::chip::Chip;
use crate::graph::Loader;
use crate::schedule::{Pipeline, loops};

/// A line of what a pass changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// Whether it goes or comes.
    pub change: Change,
    /// The line.
    pub text: String,
}

/// What becomes of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It stays.
    Same,
    /// It goes.
    Gone,
    /// It comes.
    New,
    /// Lines that stay are left out here: so many.
    Skipped(usize),
}

/// What a pass did to a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PassEffect {
    /// Lines around what changed; none if nothing did.
    pub lines: Vec<Changed>,
    /// Whether the plans are longer than what was compared.
    pub is_cut: bool,
}

/// Most lines of a plan that are compared.
const MOST_LINES: usize = 4000;
/// Lines that stay around those that change.
const AROUND: usize = 3;

/// The loops of a program before and after a pass, by its place among all: only the passes before it have been there. Nothing of a
/// program that is not right, or of a place without a pass.
pub fn pass_effect(
    text: &str,
    loader: &dyn Loader,
    chip: &Chip,
    pipeline: &Pipeline,
    pass: usize,
) -> Option<PassEffect> {
    let by = |pipeline: &Pipeline| -> Option<Vec<String>> {
        let (_, planned) = planned(text, loader, chip, pipeline);
        let (plan, _) = planned?;
        Some(loops(&plan, chip).into_iter().map(|line| line.text).collect())
    };
    let (mut before, mut after) = (by(&pipeline.up_to(pass))?, by(&pipeline.up_to(pass + 1))?);
    let is_cut = before.len().max(after.len()) > MOST_LINES;
    before.truncate(MOST_LINES);
    after.truncate(MOST_LINES);
    Some(PassEffect { lines: changes(&before, &after), is_cut })
}

/// Lines that go and come, with some of those around them.
fn changes(before: &[String], after: &[String]) -> Vec<Changed> {
    let operations = capture_diff_slices(Algorithm::Patience, before, after);
    let all: Vec<Changed> = operations
        .iter()
        .flat_map(|operation| operation.iter_changes(before, after))
        .map(|change| Changed {
            change: match change.tag() {
                ChangeTag::Equal => Change::Same,
                ChangeTag::Delete => Change::Gone,
                ChangeTag::Insert => Change::New,
            },
            text: change.value(),
        })
        .collect();
    shortened(all)
}

/// Without lines that stay and are far from any that change.
fn shortened(all: Vec<Changed>) -> Vec<Changed> {
    let changed: Vec<bool> = all.iter().map(|line| line.change != Change::Same).collect();
    let is_near = |at: usize| {
        let near = at.saturating_sub(AROUND)..(at + AROUND + 1).min(changed.len());
        changed[near].contains(&true)
    };
    let mut lines: Vec<Changed> = Vec::new();
    if !changed.contains(&true) {
        return lines;
    }
    for (at, line) in all.into_iter().enumerate() {
        match lines.last_mut() {
            _ if is_near(at) => lines.push(line),
            Some(Changed { change: Change::Skipped(count), .. }) => *count += 1,
            _ => lines.push(Changed { change: Change::Skipped(1), text: String::new() }),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::Files;

    const TEXT: &str = "input a : i8[8, 8]\nweight w : i8[8, 8]\noutput relu(requant(a @ w, shift=3))\n";

    #[test]
    fn fusing_takes_work_of_its_own_away_and_puts_steps_into_the_drain() {
        let chip = Chip::classroom(4, 4).unwrap();
        let at = crate::schedule::PASSES.iter().position(|pass| pass.name == "fuse").unwrap();
        let effect = pass_effect(TEXT, &Files::default(), &chip, &Pipeline::default(), at).unwrap();
        let has = |change: Change, part: &str| {
            effect.lines.iter().any(|line| line.change == change && line.text.contains(part))
        };
        assert!(has(Change::New, "= acc | requant scale=1 shift=3 zero=0 | relu"), "{:?}", effect.lines);
        assert!(has(Change::Gone, "| relu  # vector unit"), "{:?}", effect.lines);
        // With the pass left out, nothing changes.
        let without = Pipeline::default().without("fuse").unwrap();
        let none = pass_effect(TEXT, &Files::default(), &chip, &without, at).unwrap();
        assert_eq!(none, PassEffect { lines: Vec::new(), is_cut: false });
    }

    #[test]
    fn lines_that_stay_are_left_out() {
        let numbered = |count: usize| (0..count).map(|at| at.to_string()).collect::<Vec<_>>();
        let mut after = numbered(40);
        after[20] = "x".into();
        let lines = changes(&numbered(40), &after);
        let kinds: Vec<Change> = lines.iter().map(|line| line.change).collect();
        assert_eq!(kinds[0], Change::Skipped(17));
        assert_eq!(kinds[1..4], [Change::Same; 3]);
        assert_eq!(kinds[4..6], [Change::Gone, Change::New]);
        assert_eq!(kinds[9], Change::Skipped(16));
        assert_eq!(kinds.len(), 10);
    }
}
