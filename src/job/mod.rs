//! One program on one chip, from its text to a report: the stages in their order, for the command line and the page.

mod assembly;
mod assist;
mod evaluate;
mod frame;
mod layers;
mod mapper;
mod operator;
mod passes;
mod products;
mod report;
mod roofline;
pub mod scalesim;
#[cfg(not(target_arch = "wasm32"))]
pub mod validate;

pub use assembly::{
    AssemblyJob, AssemblyRun, Written, assembly, assembly_findings, assembly_job, assembly_text, explained,
    run_assembly,
};
pub use assist::{Assist, Completion, CompletionKind, Hover};
pub use evaluate::{Evaluable, Reference, ReferenceReport, evaluate};
pub use frame::{FrameReport, PassReport};
pub use layers::{time_topology, time_topology_arranged};
pub use mapper::{MappedReport, MapperReport, mapping_of_products};
pub use operator::Seeding;
pub use passes::{Change, Changed, PassEffect, pass_effect};
pub use products::{
    Counted, NotSimulated, NotSimulatedReport, ProductReport, ProductsReport, ProductsRun, products,
};
pub use report::{ChipReport, DeviationReport, Entry, Listed, OpReport, OutputReport, Report, UnitReport};
pub use roofline::{Memory, OnRoof, Roof, Roofline};

use crate::base::{Cycle, Diagnostic, Diagnostics, Span};
use crate::chip::Chip;
use crate::emit::{Emitted, emit};
use crate::graph::{self, Built, Evaluation, Graph, Limits, Loader, OpId, Source, TensorId, build};
use crate::isa::{self, BufferId, Order, ProgramOpId};
use crate::lang::{self, MOST_TEXT_BYTES, Token};
use crate::num::{Run, Values};
use crate::schedule::{
    Pipeline, Plan, PlannedId, Product, TooMuch, folded_values, not_lowered, obstacles, path, plan, plan_by,
    plan_products,
};
use crate::sim::{Clock, Halt, Loops, Machine, Numbers, Tally, tally};
use crate::trace::{self, Trace};

/// What compiling leaves.
pub struct Compiled {
    /// Errors and warnings in the order of the text.
    pub diagnostics: Vec<Diagnostic>,
    /// For highlighting.
    pub tokens: Vec<Token>,
    /// Every path that the program loads.
    pub loads: Vec<String>,
    /// The program, ready to run on the chip that it was compiled for, if there was no error.
    pub job: Option<Job>,
    /// The program run without values, if [`compile_or_time`] was asked, and it is right but too large for them.
    pub timed: Option<Finished>,
}

/// What becomes of a plan before it is lowered: [`as_planned`], or for example what [`crate::explore::map`] finds.
pub type Arrange<'a> = dyn FnMut(Plan) -> Plan + 'a;

/// A plan as it is.
pub fn as_planned(plan: Plan) -> Plan {
    plan
}

/// Compiles a program for a chip, and finds out when everything happens.
pub fn compile(text: &str, loader: &dyn Loader, chip: &Chip) -> Compiled {
    compile_arranged(text, loader, chip, &Pipeline::default(), &mut as_planned)
}

/// Compiles a program by some passes, whose plan is arranged otherwise.
pub fn compile_arranged(
    text: &str,
    loader: &dyn Loader,
    chip: &Chip,
    pipeline: &Pipeline,
    arrange: &mut Arrange,
) -> Compiled {
    let mut checked = Checked::new(text, loader);
    let job = checked.job(chip, pipeline, arrange);
    Compiled { job, ..checked.compiled() }
}

/// As [`compile`], but a program that is too large for its values is timed without them.
pub fn compile_or_time(text: &str, loader: &dyn Loader, chip: &Chip) -> Compiled {
    compile_or_time_arranged(text, loader, chip, &Pipeline::default(), &mut as_planned)
}

/// As [`compile_or_time`], by some passes, of a program whose plan is arranged otherwise.
pub fn compile_or_time_arranged(
    text: &str,
    loader: &dyn Loader,
    chip: &Chip,
    pipeline: &Pipeline,
    arrange: &mut Arrange,
) -> Compiled {
    let mut checked = Checked::new(text, loader);
    match checked.too_large() {
        Some(why) => {
            let timed = checked.timed(why, chip, pipeline, arrange);
            Compiled { timed, ..checked.compiled() }
        }
        None => {
            let job = checked.job(chip, pipeline, arrange);
            Compiled { job, ..checked.compiled() }
        }
    }
}

/// A program run without values, whether or not it is small enough for them: its graph, and when everything happened. Nothing
/// where it has errors, or the chip does not run it.
pub fn time_program(text: &str, loader: &dyn Loader, chip: &Chip) -> Option<(Graph, Timed)> {
    time_program_arranged(text, loader, chip, &mut as_planned)
}

/// The same, of a plan that is arranged otherwise.
pub fn time_program_arranged(
    text: &str,
    loader: &dyn Loader,
    chip: &Chip,
    arrange: &mut Arrange,
) -> Option<(Graph, Timed)> {
    let Checked { graph, diagnostics, .. } = Checked::new(text, loader);
    if diagnostics.has_errors() || !not_lowered(&graph).is_empty() {
        return None;
    }
    let plan = plan(&graph, chip).ok()?;
    let timed = time(arrange(plan), chip).ok()?;
    Some((graph, timed))
}

/// Reads a program and checks it, for no chip in particular.
pub fn check(text: &str, loader: &dyn Loader) -> Compiled {
    Checked::new(text, loader).compiled()
}

/// Times the products of a program that is right, but that the machine does not run as a whole yet; of others nothing.
pub fn compile_products(text: &str, loader: &dyn Loader, chip: &Chip) -> Option<ProductsRun> {
    compile_products_arranged(text, loader, chip, &mut as_planned)
}

/// The same, the plan of each product by itself arranged otherwise: products of one shape once, by the first of them.
pub fn compile_products_arranged(
    text: &str,
    loader: &dyn Loader,
    chip: &Chip,
    arrange: &mut Arrange,
) -> Option<ProductsRun> {
    let Checked { graph, diagnostics, .. } = Checked::new(text, loader);
    let mut obstacle = (!diagnostics.has_errors()).then(|| obstacles(&graph).into_iter().next())??;
    if not_lowered(&graph).is_empty()
        && let Err(refused) = plan(&graph, chip)
    {
        // Without values it would run, but for this.
        obstacle = refused;
    }
    Some(products::run_products(&graph, chip, diagnostics.into_sorted(), obstacle, arrange))
}

fn time(plan: Plan, chip: &Chip) -> Result<Timed, Halt> {
    let emitted = emit(&plan, chip);
    let trace = run(&emitted, chip)?;
    Ok(Timed { plan, emitted, chip: chip.clone(), trace })
}

/// A program that has been read.
struct Checked {
    graph: Graph,
    tokens: Vec<Token>,
    loads: Vec<String>,
    diagnostics: Diagnostics,
}

impl Checked {
    fn new(text: &str, loader: &dyn Loader) -> Checked {
        let mut diagnostics = Diagnostics::default();
        if text.len() > MOST_TEXT_BYTES {
            let message = format!(
                "the program has {} bytes, more than the {MOST_TEXT_BYTES} that are read",
                text.len()
            );
            diagnostics.error(Span::default(), message, "shorten it; values belong in .npy files");
            return Checked { graph: Graph::default(), tokens: Vec::new(), loads: Vec::new(), diagnostics };
        }
        let lang::Parsed { ast, tokens, mut diagnostics } = lang::parse(text);
        let Built { graph, .. } = build(text, &ast, loader, &mut diagnostics);
        if !diagnostics.has_errors() {
            debug_assert_eq!(graph::verify(&graph), Ok(()), "what is built keeps the rules");
        }
        Checked { graph, tokens, loads: ast.loads(), diagnostics }
    }

    /// Why a program that the machine could run as a whole has no values, if it is so.
    fn too_large(&self) -> Option<TooMuch> {
        let runs = !self.diagnostics.has_errors() && not_lowered(&self.graph).is_empty();
        runs.then(|| obstacles(&self.graph).into_iter().next())?
    }

    fn job(&mut self, chip: &Chip, pipeline: &Pipeline, arrange: &mut Arrange) -> Option<Job> {
        if !self.diagnostics.has_errors() {
            obstacles(&self.graph)
                .into_iter()
                .for_each(|it| Refused::TooMuch(it).tell(&mut self.diagnostics));
        }
        if self.diagnostics.has_errors() {
            return None;
        }
        let plan = plan_by(&self.graph, chip, pipeline).map_err(Refused::TooMuch);
        let job =
            plan.and_then(|plan| Job::new(std::mem::take(&mut self.graph), arrange(plan), chip.clone()));
        job.map_err(|refused| refused.tell(&mut self.diagnostics)).ok()
    }

    fn timed(
        &mut self,
        why: TooMuch,
        chip: &Chip,
        pipeline: &Pipeline,
        arrange: &mut Arrange,
    ) -> Option<Finished> {
        let plan = plan_by(&self.graph, chip, pipeline).map_err(Refused::TooMuch);
        let timed = plan.and_then(|plan| time(arrange(plan), chip).map_err(Refused::Halt));
        let Timed { plan, emitted, chip, trace } =
            timed.map_err(|refused| refused.tell(&mut self.diagnostics)).ok()?;
        let graph = std::mem::take(&mut self.graph);
        let extent = Extent::Without { why, seeded: None };
        Some(Finished {
            graph,
            plan,
            emitted,
            chip,
            trace,
            memory: Vec::new(),
            disagreement: None,
            extent,
            written: None,
        })
    }

    fn compiled(self) -> Compiled {
        let Checked { tokens, loads, diagnostics, .. } = self;
        Compiled { diagnostics: diagnostics.into_sorted(), tokens, loads, job: None, timed: None }
    }
}

/// Reads a program and checks it, whether or not a machine runs it: errors and warnings, and its graph if there is no error.
pub fn graph(text: &str, loader: &dyn Loader) -> (Vec<Diagnostic>, Option<Graph>) {
    let Checked { graph, diagnostics, .. } = Checked::new(text, loader);
    let graph = (!diagnostics.has_errors()).then_some(graph);
    (diagnostics.into_sorted(), graph)
}

/// Products on their own, timed without values.
pub fn time_products(products: &[Product], chip: &Chip) -> Result<Timed, Refused> {
    time_products_arranged(products, chip, &mut as_planned)
}

/// Products whose plan is arranged otherwise.
pub fn time_products_arranged(
    products: &[Product],
    chip: &Chip,
    arrange: &mut Arrange,
) -> Result<Timed, Refused> {
    let plan = plan_products(products, chip).map_err(Refused::TooMuch)?;
    time(arrange(plan), chip).map_err(Refused::Halt)
}

/// Why a chip does not run a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// It needs too much.
    TooMuch(TooMuch),
    /// It does not come to its end.
    Halt(Halt),
}

impl Refused {
    /// What is to be said of the text that the products come from.
    pub fn diagnostic(self) -> Diagnostic {
        let mut say = Diagnostics::default();
        self.tell(&mut say);
        say.into_sorted().remove(0)
    }

    fn tell(self, diagnostics: &mut Diagnostics) {
        match self {
            Refused::TooMuch(TooMuch { span, message, hint }) => diagnostics.error(span, message, hint),
            Refused::Halt(halt) => diagnostics.error(Span::default(), halt.to_string(), halt.hint()),
        }
    }
}

/// A run without values.
pub struct Timed {
    /// How it was arranged.
    pub plan: Plan,
    /// What the machine was told.
    pub emitted: Emitted,
    /// What it ran on.
    pub chip: Chip,
    /// When everything happened.
    pub trace: Trace,
}

impl Timed {
    /// The run counted.
    pub fn tally(&self) -> Tally {
        tally(&self.emitted.program, &self.chip, &self.trace)
    }
}

fn run(emitted: &Emitted, chip: &Chip) -> Result<Trace, Halt> {
    debug_assert_eq!(isa::verify(&emitted.program, chip), Ok(()), "what is emitted keeps the rules");
    Clock::new(&emitted.program, chip, Loops::Skipped).run()
}

/// A compiled program whose times are known: the machine computes its numbers, the reference evaluates it.
pub struct Job {
    graph: Graph,
    plan: Plan,
    emitted: Emitted,
    order: Order,
    chip: Chip,
    trace: Trace,
    numbers: Numbers,
    numbers_done: bool,
    evaluation: Evaluation,
}

impl Job {
    fn new(graph: Graph, plan: Plan, chip: Chip) -> Result<Job, Refused> {
        let emitted = emit(&plan, &chip);
        if let Some(error) = too_many_buffers(&plan, &emitted) {
            return Err(Refused::TooMuch(error));
        }
        let trace = run(&emitted, &chip).map_err(Refused::Halt)?;
        let order = Order::new(&emitted.program);
        let numbers = Numbers::new(&chip, memory(&graph, &plan, &emitted));
        let evaluation = Evaluation::new(&graph, chip.sum_order()).skipping(chip.skipping());
        Ok(Job { graph, plan, emitted, order, chip, trace, numbers, numbers_done: false, evaluation })
    }

    /// Works until about `budget` multiply-accumulates' worth is done; true when it is done.
    pub fn advance(&mut self, budget: u64) -> bool {
        if !self.numbers_done {
            let program = &self.emitted.program;
            self.numbers_done = self.numbers.advance(program, &self.order, &self.chip, budget);
            return false;
        }
        self.evaluation.advance(&self.graph, budget)
    }

    /// How much is done, from 0 to 1.
    pub fn progress(&self) -> f64 {
        let planned = self.plan.layers.iter().flat_map(|layer| &layer.ops);
        let of = |op: &OpId| self.graph.effort(*op) * self.graph.iterations(self.graph.ops[*op].within);
        let all: u64 = planned.map(of).sum();
        let part = |done: u64, all: u64| (done as f64 / all.max(1) as f64).min(1.0);
        (part(self.numbers.effort(), all) + part(self.evaluation.effort(), self.graph.all_effort())) / 2.0
    }

    /// Works until it is done.
    pub fn finish(mut self) -> Finished {
        while !self.advance(1 << 24) {}
        self.into_finished()
    }

    /// What came of it, once [`Job::advance`] has returned true.
    pub fn into_finished(self) -> Finished {
        let memory = self.numbers.into_memory();
        let disagreement = disagreement(&self.graph, &self.plan, &self.emitted, &memory, &self.evaluation);
        Finished {
            graph: self.graph,
            plan: self.plan,
            emitted: self.emitted,
            chip: self.chip,
            trace: self.trace,
            memory,
            disagreement,
            extent: Extent::Whole,
            written: None,
        }
    }
}

/// More bytes in all buffers than a run may hold, if there are: each has room for every element that ever passes through it.
fn too_many_buffers(plan: &Plan, emitted: &Emitted) -> Option<TooMuch> {
    const MOST_BYTES: u64 = 8 * Limits::ALL_BYTES;
    let buffers = emitted.program.buffers.iter();
    let all: u64 = buffers.map(|(_, buffer)| buffer.len * buffer.dtype.bytes() as u64).sum();
    (all > MOST_BYTES).then(|| TooMuch {
        span: plan.layers.first().map_or_else(Span::default, |layer| layer.span),
        message: format!("the run's buffers have {all} bytes in all iterations, more than {MOST_BYTES}"),
        hint: "make the tensors smaller, or repeat less often".into(),
    })
}

/// Buffers before the first cycle: declared tensors hold their values in DRAM, all others 0.
fn memory(graph: &Graph, plan: &Plan, emitted: &Emitted) -> Vec<Values> {
    let buffers = &emitted.program.buffers;
    let mut memory: Vec<Values> =
        buffers.iter().map(|(_, b)| Values::zeros(b.dtype, b.len as usize)).collect();
    let folded = folded_values(graph, plan);
    for (id, buffer) in emitted.dram.iter() {
        let in_it = plan
            .tensors
            .iter()
            .find(|(tensor, planned)| planned.graph.is_some() && plan.root(*tensor) == *id);
        let Some(tensor) = in_it.and_then(|(_, planned)| planned.graph) else { continue };
        let of_compiler =
            || folded.iter().find(|(folded, _)| *folded == tensor).map(|(_, values)| values.clone());
        if let Some(values) = all_iterations(graph, tensor).or_else(of_compiler) {
            memory[buffer.index()] = values;
        }
    }
    memory
}

/// Values of a declared tensor in all iterations of what it belongs to, one after the other; a constant has them once.
fn all_iterations(graph: &Graph, id: TensorId) -> Option<Values> {
    let tensor = &graph.tensors[id];
    let times = match tensor.source {
        Source::Constant(_) => 1,
        _ => graph.iterations(tensor.within),
    };
    let (first, len) = (graph.declared(id, 0)?.values, tensor.ty.shape.count());
    if times == 1 {
        return Some(first);
    }
    let mut all = Values::zeros(tensor.ty.dtype, len * times as usize);
    for iteration in 0..times {
        let values = graph.declared(id, iteration)?.values;
        all.copy(Run::at(iteration as usize * len, len), &values, Run::at(0, len));
    }
    Some(all)
}

/// The first element, if any, in which simulated memory differs from the reference: whole results in DRAM, and those
/// that stay in the unified buffer.
fn disagreement(
    graph: &Graph,
    plan: &Plan,
    emitted: &Emitted,
    memory: &[Values],
    reference: &Evaluation,
) -> Option<String> {
    let whole = |buffers: &Vec<BufferId>| buffers.first().copied().filter(|_| buffers.len() == 1);
    plan.tensors.iter().find_map(|(id, planned)| {
        let (tensor, root) = (planned.graph?, plan.root(id));
        let result = emitted.results.get(&root).and_then(whole);
        let expected = reference.values(tensor);
        result.into_iter().chain(emitted.dram.get(&root).copied()).find_map(|buffer| {
            let simulated = part_of(memory, graph, plan, id, buffer);
            let at = simulated.first_difference(expected)?;
            let name = graph.name(tensor);
            Some(match simulated.dtype().is_float() {
                true => format!(
                    "element {at} of `{name}` has the bits {:#x}, by the reference {:#x}",
                    simulated.bits(at),
                    expected.bits(at)
                ),
                false => format!(
                    "element {at} of `{name}` is {}, by the reference {}",
                    simulated.get(at),
                    expected.get(at)
                ),
            })
        })
    })
}

/// A tensor's elements in a buffer of its memory, in the last iteration of the repeats around it.
fn part_of(memory: &[Values], graph: &Graph, plan: &Plan, id: PlannedId, buffer: BufferId) -> Values {
    let tensor = &plan.tensors[id];
    let within = tensor.graph.and_then(|tensor| graph.tensors[tensor].within);
    let first = tensor.place.last(&path(graph, within)) as usize;
    memory[buffer.index()].part(first..first + tensor.elements() as usize)
}

/// A program that has run.
pub struct Finished {
    /// What was asked.
    pub graph: Graph,
    /// How it was arranged.
    pub plan: Plan,
    /// What the machine was told.
    pub emitted: Emitted,
    /// What it ran on.
    pub chip: Chip,
    /// When everything happened.
    pub trace: Trace,
    /// By buffer: its elements at the end, as far as the run has values.
    pub memory: Vec<Values>,
    /// The first difference from the reference evaluator, in words.
    pub disagreement: Option<String>,
    /// How much of the memory there is.
    pub extent: Extent,
    /// The assembly, if it was one that was run: then graph and plan are empty.
    pub written: Option<Box<Written>>,
}

/// Whose values a run has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Extent {
    /// All of them, compared with the reference.
    Whole,
    /// None of its own.
    Without {
        /// Why.
        why: TooMuch,
        /// An operator that was given operands: [`Finished::seeding`].
        seeded: Option<ProgramOpId>,
    },
}

impl Finished {
    /// Looks into any cycle.
    pub fn machine(&self) -> Machine<'_> {
        Machine { program: &self.emitted.program, chip: &self.chip, trace: &self.trace, memory: &self.memory }
    }

    /// Of which operators frames have the numbers.
    pub fn numbers(&self) -> trace::Numbers {
        match &self.extent {
            Extent::Whole if self.machine().has_numbers() => trace::Numbers::All,
            Extent::Without { seeded: Some(op), .. } => trace::Numbers::Of(*op),
            _ => trace::Numbers::None,
        }
    }

    /// The run counted.
    pub fn tally(&self) -> Tally {
        tally(&self.emitted.program, &self.chip, &self.trace)
    }

    /// Cycles that the same program would take by other passes, or why it would not run.
    pub fn cycles_by(&self, pipeline: &Pipeline) -> Result<Cycle, Refused> {
        let plan = plan_by(&self.graph, &self.chip, pipeline).map_err(Refused::TooMuch)?;
        Ok(time(plan, &self.chip).map_err(Refused::Halt)?.trace.cycles)
    }

    /// A tensor's values in simulated DRAM, if they were ever there.
    pub fn values(&self, tensor: TensorId) -> Option<Values> {
        let (id, _) = self.plan.tensors.iter().find(|(_, planned)| planned.graph == Some(tensor))?;
        let buffer = self.emitted.dram.get(&self.plan.root(id))?;
        Some(part_of(&self.memory, &self.graph, &self.plan, id, *buffer))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chip::Dataflow;
    use crate::import::Files;

    #[test]
    fn a_wrong_element_in_memory_is_named() {
        let text = "input a : i8[4, 4]\nweight w : i8[4, 4]\ny = a @ w\noutput y\n";
        let compiled = compile(text, &Files::default(), &Chip::classroom(4, 4).unwrap());
        let mut job = compiled.job.unwrap();
        while !job.advance(1) {}
        let Job { graph, plan, emitted, numbers, evaluation, .. } = job;
        let mut memory = numbers.into_memory();
        assert_eq!(disagreement(&graph, &plan, &emitted, &memory, &evaluation), None);
        let (_, buffer) = emitted.dram.last().unwrap();
        let right = memory[buffer.index()].get(5);
        memory[buffer.index()].set(5, right + 1);
        let said = disagreement(&graph, &plan, &emitted, &memory, &evaluation);
        assert_eq!(said, Some(format!("element 5 of `y` is {}, by the reference {right}", right + 1)));
    }

    /// No operator stands between an input and an output: its values lie in DRAM, whatever they are.
    #[test]
    fn what_is_put_out_as_it_came_is_compared_in_every_dtype() {
        let chip = Chip::classroom(4, 4).unwrap();
        for dtype in crate::num::DType::ALL {
            let text = format!("input x : {}[4]\noutput x\n", dtype.name());
            let finished = compile(&text, &Files::default(), &chip).job.unwrap().finish();
            assert_eq!(finished.disagreement, None, "{dtype}");
        }
    }

    #[test]
    fn products_are_added_up_as_the_chip_does() {
        let chip = |dataflow| Chip { dataflow, ..Chip::classroom(4, 8).unwrap() };
        let blocks = Dataflow::ALL.map(|dataflow| chip(dataflow).sum_order().block);
        assert_eq!(blocks, [4, 4, usize::MAX]);
    }
}
