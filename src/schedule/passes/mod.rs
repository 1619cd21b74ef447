//! The compiler's passes: each makes the plan better, none makes it right. With any of them left out the program is the same.
//!
//! A graph is drafted: every operator that an output needs is a chain of its own. Passes on the graph change the draft; then it is
//! lowered to a plan, whose tensors lie in DRAM between layers and whose layers run on one matrix unit. Passes on the plan
//! change that, and then its layers are cut to what fits.
//!
//! A pass is one file: what it does, and apart from that what it says of what it did. Nothing that runs a program asks
//! for the words ([`explain`] does).

mod alias;
mod double;
mod fold;
mod fuse;
mod prefetch;
mod reside;
mod reuse;
mod split;
mod tile;

pub use fold::folded_values;
pub(super) use fuse::uses;
pub use prefetch::Ahead;
pub use reuse::{Shared, Sharing};
pub use split::Split;

use super::{Plan, TooMuch, lower, tiling};
use crate::base::{Lines, Span};
use crate::chip::Chip;
use crate::graph::{Graph, OpId, OpKind, TensorId};

/// All passes, in order.
pub const PASSES: [Pass; 9] = [
    fold::PASS,
    fuse::PASS,
    alias::PASS,
    split::PASS,
    reuse::PASS,
    reside::PASS,
    tile::PASS,
    double::PASS,
    prefetch::PASS,
];

/// A step of the compiler that can be left out.
pub struct Pass {
    /// What `--without` calls it.
    pub name: &'static str,
    /// One sentence: what it does, and what for.
    pub purpose: &'static str,
    work: Work,
    tell: fn(&Outcome) -> Vec<Note>,
}

/// What a pass works on.
enum Work {
    OnGraph(fn(&mut Draft)),
    OnPlan(fn(&mut Plan, &Chip)),
}

impl Pass {
    const fn new(
        name: &'static str,
        purpose: &'static str,
        work: Work,
        tell: fn(&Outcome) -> Vec<Note>,
    ) -> Pass {
        Pass { name, purpose, work, tell }
    }
}

/// A graph as it is to be lowered.
pub(super) struct Draft<'g> {
    pub graph: &'g Graph,
    /// By operator: whether the machine does it.
    pub runs: Vec<bool>,
    /// By tensor: whether the compiler computes its values, which then are in DRAM when the run begins.
    pub folded: Vec<bool>,
    /// By tensor: whether it changes with the iterations of a repeat around it.
    pub varies: Vec<bool>,
    /// Operators that run together, in an order in which they can run.
    pub chains: Vec<Vec<OpId>>,
    /// What happens to operators that only move elements.
    pub moves: Moves,
}

/// What happens to operators that only move elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moves {
    /// Each moves them.
    All,
    /// Elements stay where they are if they lie there as they should.
    WhereNeeded,
}

impl<'g> Draft<'g> {
    fn new(graph: &'g Graph) -> Draft<'g> {
        let runs = graph.live();
        let chains = graph.ops.ids().filter(|op| runs[op.index()]).map(|op| vec![op]).collect();
        let folded = vec![false; graph.tensors.len()];
        Draft { graph, runs, folded, varies: fold::in_bodies(graph), chains, moves: Moves::All }
    }
}

/// What all passes have come to.
struct Outcome<'a> {
    draft: &'a Draft<'a>,
    plan: &'a Plan,
    chip: &'a Chip,
}

/// What a pass did, or did not, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// The value that it is about; nothing where it is about all of them.
    pub of: String,
    /// Where that is written.
    pub span: Span,
    /// Sentences, without a full stop at the end.
    pub text: String,
}

impl Note {
    fn on(graph: &Graph, tensor: TensorId, text: String) -> Note {
        Note { of: graph.name(tensor), span: graph.tensors[tensor].span, text }
    }

    fn on_all(text: String) -> Note {
        Note { of: String::new(), span: Span::default(), text }
    }
}

/// Which passes there are in a compilation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pipeline {
    runs: [bool; PASSES.len()],
}

/// All of them.
impl Default for Pipeline {
    fn default() -> Self {
        Pipeline { runs: [true; PASSES.len()] }
    }
}

impl Pipeline {
    /// All but the pass of this name; of a name that there is not, the list of those that there are.
    pub fn without(mut self, name: &str) -> Result<Pipeline, String> {
        match PASSES.iter().position(|pass| pass.name == name) {
            Some(at) => {
                self.runs[at] = false;
                Ok(self)
            }
            None => {
                let names: Vec<String> = PASSES.iter().map(|pass| format!("`{}`", pass.name)).collect();
                Err(format!("there is no pass `{name}`; there are {}", names.join(", ")))
            }
        }
    }

    /// All but those of these names; names that there are not change nothing.
    pub fn but(names: &[String]) -> Pipeline {
        let without = |all: Pipeline, name: &String| all.without(name).unwrap_or(all);
        names.iter().fold(Pipeline::default(), without)
    }

    /// Only those that are among the first so many of all passes.
    pub fn up_to(mut self, count: usize) -> Pipeline {
        self.runs.iter_mut().skip(count).for_each(|runs| *runs = false);
        self
    }

    /// All but the one that folds constants: where nobody could bring their values.
    pub fn without_fold(mut self) -> Pipeline {
        for (pass, runs) in const { &PASSES }.iter().zip(&mut self.runs) {
            *runs &= pass.name != fold::PASS.name;
        }
        self
    }

    /// Whether constants of a graph are folded.
    pub fn folds(&self, graph: &Graph) -> bool {
        self.draft(graph).folded.contains(&true)
    }

    fn passes(&self) -> impl Iterator<Item = &'static Pass> {
        const { &PASSES }.iter().zip(self.runs).filter(|(_, runs)| *runs).map(|(pass, _)| pass)
    }

    fn draft<'g>(&self, graph: &'g Graph) -> Draft<'g> {
        let mut draft = Draft::new(graph);
        for pass in self.passes() {
            if let Work::OnGraph(work) = pass.work {
                work(&mut draft);
            }
        }
        draft
    }

    /// A plan that has been lowered, with all that passes make of it, cut to what fits. Where tensors stay there may not be room for
    /// the others to pass through: then none does.
    pub(super) fn finish(&self, plan: Plan, chip: &Chip) -> Result<Plan, TooMuch> {
        let mut streamed = *self;
        for (pass, runs) in const { &PASSES }.iter().zip(&mut streamed.runs) {
            *runs &= pass.name != reside::PASS.name;
        }
        self.cut(plan.clone(), chip).or_else(|_| streamed.cut(plan, chip))
    }

    fn cut(&self, mut plan: Plan, chip: &Chip) -> Result<Plan, TooMuch> {
        let chip = &chip.with_bus_for(plan.in_memory());
        for pass in self.passes() {
            if let Work::OnPlan(work) = pass.work {
                work(&mut plan, chip);
            }
        }
        let lent = plan.lent(chip);
        tiling::fit(plan, &lent)
    }
}

/// Plans everything that the outputs need by some passes: nothing is [`super::not_lowered`].
pub fn plan_by(graph: &Graph, chip: &Chip, pipeline: &Pipeline) -> Result<Plan, TooMuch> {
    pipeline.finish(lower(&pipeline.draft(graph), chip), chip)
}

/// What a pass says of its work.
pub struct Told {
    /// Which.
    pub pass: &'static Pass,
    /// What it says.
    pub said: Said,
}

/// What a pass says.
pub enum Said {
    /// It was left out.
    LeftOut,
    /// What it did, in the order of the operators.
    Did(Vec<Note>),
}

/// Plans like [`plan_by`], and says what each pass did.
pub fn explain(graph: &Graph, chip: &Chip, pipeline: &Pipeline) -> Result<(Plan, Vec<Told>), TooMuch> {
    let draft = pipeline.draft(graph);
    let plan = pipeline.finish(lower(&draft, chip), chip)?;
    let outcome = Outcome { draft: &draft, plan: &plan, chip };
    let told = const { &PASSES }.iter().zip(pipeline.runs).map(|(pass, runs)| Told {
        pass,
        said: if runs { Said::Did((pass.tell)(&outcome)) } else { Said::LeftOut },
    });
    let told = told.collect();
    Ok((plan, told))
}

/// What passes did with a program of this text, for people.
pub fn told(all: &[Told], text: &str) -> String {
    let (mut out, lines) = (String::new(), Lines::new(text));
    for Told { pass, said } in all {
        let notes = match said {
            Said::LeftOut => {
                out += &format!("{}: left out\n", pass.name);
                continue;
            }
            Said::Did(notes) => notes,
        };
        out += &format!("{}:\n", pass.name);
        for Note { of, span, text } in notes {
            out += &match of.is_empty() {
                true => format!("  {text}\n"),
                false => format!("  `{of}` (line {}): {text}\n", lines.position(span.start).line),
            };
        }
        if notes.is_empty() {
            out += "  nothing to do\n";
        }
    }
    out
}

/// The passes as a Markdown table.
pub fn passes() -> String {
    let mut table = "| pass | what it does |\n|---|---|\n".to_owned();
    for pass in &PASSES {
        table += &format!("| `{}` | {} |\n", pass.name, pass.purpose);
    }
    table
}

/// The operators of a chain by their names in the language, from the `from`th on.
fn words(graph: &Graph, chain: &[OpId], from: usize) -> String {
    let names: Vec<String> =
        chain[from..].iter().map(|op| format!("`{}`", graph.ops[*op].kind.name())).collect();
    names.join(", ")
}

/// Whether an operator multiplies on the arrays.
fn multiplies(kind: &OpKind) -> bool {
    matches!(kind, OpKind::Contract(_) | OpKind::Conv2d { .. })
}
