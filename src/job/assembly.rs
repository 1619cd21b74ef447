//! Programs for the machine itself: made of a tensor program, or read from an assembly text, run and reported.

use super::report;
use super::{Checked, Extent, Finished, Listed, OutputReport, Report};
use crate::base::{Diagnostic, Diagnostics, ELEMENT_EFFORT, Lines, Severity, Span};
use crate::check::{Limit, check_program};
use crate::chip::Chip;
use crate::emit::{Emitted, emit};
use crate::graph::{Graph, Limits, Loader, Source};
use crate::isa::text::{Assembled, Places, assemble, print};
use crate::isa::{
    self, Assembly, BufferId, Culprit, Factor, Given, InstructionId, Node, Order, Program, Window, Work,
};
use crate::num::{DType, Run, Shape, Sparsity, Type, Values, seeded};
use crate::schedule::{Pipeline, Plan, Told, TooMuch, explain, not_lowered};
use crate::sim::{Clock, Loops, Numbers, Tally, tally};
use crate::trace::Trace;

/// First line of a text whose program would have constants folded if it were run by itself.
const UNFOLDED: &str = "# without the pass `fold`: what depends on weights and numbers alone is computed by the machine, \
                        as with `run --without fold`\n";

/// What beginning an instruction takes, in multiply-accumulates.
const INSTRUCTION_EFFORT: u128 = 512;

/// Most words that a run may move on one way.
const MOST_WORDS: u128 = 1 << 63;

/// A tensor program as the machine is told it, by some passes: errors and warnings, and the assembly if there is no error.
/// Constants are not folded: their values are no part of an assembly.
pub fn assembly(
    text: &str,
    loader: &dyn Loader,
    chip: &Chip,
    pipeline: &Pipeline,
) -> (Vec<Diagnostic>, Option<Assembly>) {
    let (checked, assembly) = assembled(text, loader, chip, pipeline);
    (checked.diagnostics.into_sorted(), assembly)
}

/// The same as text. If it has other instructions than the program by all of these passes, a comment says so at its beginning.
pub fn assembly_text(
    text: &str,
    loader: &dyn Loader,
    chip: &Chip,
    pipeline: &Pipeline,
) -> (Vec<Diagnostic>, Option<String>) {
    let (checked, assembly) = assembled(text, loader, chip, pipeline);
    let shown = |assembly: Assembly| {
        let note = if pipeline.folds(&checked.graph) { UNFOLDED } else { "" };
        note.to_owned() + &print(&assembly)
    };
    let shown = assembly.map(shown);
    (checked.diagnostics.into_sorted(), shown)
}

fn assembled(
    text: &str,
    loader: &dyn Loader,
    chip: &Chip,
    pipeline: &Pipeline,
) -> (Checked, Option<Assembly>) {
    let (checked, planned) = planned(text, loader, chip, &pipeline.without_fold());
    let assembly = planned.map(|(plan, _)| of_emitted(&checked.graph, &plan, &emit(&plan, chip)));
    (checked, assembly)
}

/// A program that is checked; its plan with what each pass did, if there is no error.
pub(super) fn planned(
    text: &str,
    loader: &dyn Loader,
    chip: &Chip,
    pipeline: &Pipeline,
) -> (Checked, Option<(Plan, Vec<Told>)>) {
    let mut checked = Checked::new(text, loader);
    if !checked.diagnostics.has_errors() {
        for TooMuch { span, message, hint } in not_lowered(&checked.graph) {
            checked.diagnostics.error(span, message, hint);
        }
    }
    if checked.diagnostics.has_errors() {
        return (checked, None);
    }
    let planned = explain(&checked.graph, chip, pipeline);
    let plan = planned.map_err(|error| checked.diagnostics.error(error.span, error.message, error.hint)).ok();
    (checked, plan)
}

/// A tensor program's plan by some passes, with what each did: errors and warnings, and the plan if there is no error. Of
/// programs that are too large for their values too.
pub fn explained(
    text: &str,
    loader: &dyn Loader,
    chip: &Chip,
    pipeline: &Pipeline,
) -> (Vec<Diagnostic>, Option<(Plan, Vec<Told>)>) {
    let (checked, planned) = planned(text, loader, chip, pipeline);
    (checked.diagnostics.into_sorted(), planned)
}

/// What is emitted, with where its values come from.
fn of_emitted(graph: &Graph, plan: &Plan, emitted: &Emitted) -> Assembly {
    let mut assembly = Assembly::of(emitted.program.clone());
    for (root, buffer) in emitted.dram.iter() {
        let mut in_it = plan.tensors.iter().filter(|(id, _)| plan.root(*id) == *root);
        let Some(tensor) = in_it.find_map(|(_, planned)| planned.graph) else { continue };
        let shape = &graph.tensors[tensor].ty.shape;
        if shape.elements() == assembly.program.buffers[*buffer].len {
            assembly.shapes[buffer.index()] = shape.clone();
        }
        let given = match &graph.tensors[tensor].source {
            Source::Input(given) | Source::Weight(given) => match &given.path {
                Some(path) => Given::Loaded(path.clone()),
                None => {
                    let within = graph.tensors[tensor].within;
                    made(within.map(|within| graph.iterations(Some(within))), given.sparsity, shape)
                }
            },
            Source::Constant(number) => Given::Numbers(vec![*number]),
            Source::Carried(..) | Source::Op(..) => continue,
        };
        assembly.inputs.insert(*buffer, given);
    }
    for output in &graph.outputs {
        let planned = plan.tensors.iter().find(|(_, planned)| planned.graph == Some(output.tensor));
        let buffer = planned.and_then(|(id, _)| emitted.dram.get(&plan.root(id)));
        if let Some(buffer) = buffer.filter(|buffer| !assembly.outputs.contains(buffer)) {
            assembly.outputs.push(*buffer);
        }
    }
    assembly
}

/// An assembly that has run.
pub struct AssemblyRun {
    /// What was run.
    pub assembly: Assembly,
    /// Where its parts stand.
    pub places: Places,
    /// What it ran on.
    pub chip: Chip,
    /// When everything happened.
    pub trace: Trace,
    /// By buffer: its elements at the end. Nothing of a run that is too long to compute.
    pub memory: Vec<Values>,
}

/// Assembles a text, checks the program and runs it: errors and warnings, and what came of it if there is no error.
pub fn run_assembly(text: &str, loader: &dyn Loader, chip: &Chip) -> (Vec<Diagnostic>, Option<AssemblyRun>) {
    let (mut diagnostics, job) = assembly_job(text, loader, chip);
    if job.as_ref().is_some_and(|job| job.numbers.is_none()) {
        let mut say = Diagnostics::default();
        let message = "the program is timed without values: they are too many, or take too long";
        say.warning(Span::default(), message, "make its buffers smaller");
        diagnostics.extend(say.into_sorted());
    }
    (diagnostics, job.map(AssemblyJob::finish))
}

/// Assembles a text, checks the program and times it: errors and warnings, and what is left to do if there is no error.
pub fn assembly_job(text: &str, loader: &dyn Loader, chip: &Chip) -> (Vec<Diagnostic>, Option<AssemblyJob>) {
    let (mut diagnostics, found) = checked_assembly(text, chip);
    let mut say = Diagnostics::default();
    let job = found.and_then(|(assembly, places)| timed(assembly, places, loader, chip, &mut say));
    diagnostics.extend(say.into_sorted());
    (diagnostics, job)
}

/// What is wrong with an assembly's text on a chip; what a file or the run itself shows is not among it.
pub fn assembly_findings(text: &str, chip: &Chip) -> Vec<Diagnostic> {
    checked_assembly(text, chip).0
}

/// Assembles a text and verifies it.
fn checked_assembly(text: &str, chip: &Chip) -> (Vec<Diagnostic>, Option<(Assembly, Places)>) {
    let Assembled { assembly, places, mut diagnostics } = assemble(text);
    if diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error) {
        return (diagnostics, None);
    }
    let mut say = Diagnostics::default();
    verify(text, &assembly, &places, chip, &mut say);
    let is_right = !say.has_errors();
    diagnostics.extend(say.into_sorted());
    (diagnostics, is_right.then_some((assembly, places)))
}

/// Says which rules a program breaks, and what the checker finds in one that breaks none.
fn verify(text: &str, assembly: &Assembly, places: &Places, chip: &Chip, say: &mut Diagnostics) {
    let program = &assembly.program;
    if isa::is_too_large(program) {
        let message = "too many instructions, loops and events at once";
        say.error(Span::default(), message, "write what repeats as loops, and use few events");
        return;
    }
    for broken in isa::broken_rules(program, chip) {
        say.error(place(places, broken.at), broken.message, mend(broken.rule));
    }
    if !say.has_errors() {
        check(assembly, places, chip, text, say);
    }
    if !say.has_errors() && Sum::of(program, chip).words > MOST_WORDS {
        say.error(Span::default(), "more words may move than 63 bits count", "let loops run less often");
    }
}

/// Finds out when everything happens in a program that is verified; says why it does not run.
fn timed(
    assembly: Assembly,
    places: Places,
    loader: &dyn Loader,
    chip: &Chip,
    say: &mut Diagnostics,
) -> Option<AssemblyJob> {
    let memory = memory(&assembly, &places, loader, say);
    if say.has_errors() {
        return None;
    }
    let program = &assembly.program;
    let trace = match Clock::new(program, chip, Loops::Skipped).run() {
        Ok(trace) => trace,
        Err(halt) => {
            say.error(Span::default(), halt.to_string(), halt.hint());
            return None;
        }
    };
    let effort = Sum::of(program, chip).effort;
    let memory = memory.filter(|_| effort <= u128::from(Limits::MACS));
    let numbers = memory.map(|memory| (Numbers::new(chip, memory), Order::new(program)));
    Some(AssemblyJob { assembly, places, chip: chip.clone(), trace, numbers, effort })
}

/// An assembly whose times are known: the machine computes its numbers, if they are not too many.
pub struct AssemblyJob {
    assembly: Assembly,
    places: Places,
    chip: Chip,
    trace: Trace,
    numbers: Option<(Numbers, Order)>,
    /// Of all numbers, in multiply-accumulates.
    effort: u128,
}

impl AssemblyJob {
    /// Works until about `budget` multiply-accumulates' worth is done; true when it is done.
    pub fn advance(&mut self, budget: u64) -> bool {
        let Some((numbers, order)) = &mut self.numbers else { return true };
        numbers.advance(&self.assembly.program, order, &self.chip, budget)
    }

    /// How much is done, from 0 to 1.
    pub fn progress(&self) -> f64 {
        let done = self.numbers.as_ref().map_or(0, |(numbers, _)| numbers.effort());
        (done as f64 / self.effort.max(1) as f64).min(1.0)
    }

    /// Works until it is done.
    pub fn finish(mut self) -> AssemblyRun {
        while !self.advance(1 << 40) {}
        self.into_run()
    }

    /// What came of it, once [`AssemblyJob::advance`] has returned true.
    pub fn into_run(self) -> AssemblyRun {
        let AssemblyJob { assembly, places, chip, trace, numbers, .. } = self;
        let memory = numbers.map(|(numbers, _)| numbers.into_memory()).unwrap_or_default();
        AssemblyRun { assembly, places, chip, trace, memory }
    }
}

/// What a run keeps of an assembly that was written, not compiled.
#[derive(Clone, Debug)]
pub struct Written {
    /// What was run.
    pub assembly: Assembly,
    /// Where its parts stand in its text.
    pub places: Places,
}

/// To be looked at like a compiled program's run; there is no graph and no plan of it.
impl std::convert::From<AssemblyRun> for Finished {
    fn from(run: AssemblyRun) -> Finished {
        let AssemblyRun { assembly, places, chip, trace, memory } = run;
        let program = assembly.program.clone();
        let extent = match memory.is_empty() && !program.buffers.is_empty() {
            false => Extent::Whole,
            true => Extent::Without { why: without_values(), seeded: None },
        };
        Finished {
            graph: Graph::default(),
            plan: Plan::default(),
            emitted: Emitted { program, ..Emitted::default() },
            chip,
            trace,
            memory,
            disagreement: None,
            extent,
            written: Some(Box::new(Written { assembly, places })),
        }
    }
}

fn without_values() -> TooMuch {
    TooMuch {
        span: Span::default(),
        message: "the numbers of this assembly are too many, or take too long".into(),
        hint: "make its buffers smaller".into(),
    }
}

impl Finished {
    /// The program as the machine was told it, with where its values come from.
    pub fn assembly(&self) -> Assembly {
        match &self.written {
            Some(written) => written.assembly.clone(),
            None => of_emitted(&self.graph, &self.plan, &self.emitted),
        }
    }
}

/// What the checker finds.
fn check(assembly: &Assembly, places: &Places, chip: &Chip, text: &str, say: &mut Diagnostics) {
    let checked = check_program(assembly, chip, Limit::QUICK);
    let lines = Lines::new(text);
    let name = |id: InstructionId| {
        let span = place(places, Culprit::Instruction(id));
        let word = span.of(text).split_whitespace().next().unwrap_or_default();
        format!("the `{word}` of line {}", lines.position(span.start).line)
    };
    for fault in &checked.faults {
        let at = match (fault.instruction, fault.element) {
            (Some(id), _) => Culprit::Instruction(id),
            (None, Some((buffer, _))) => Culprit::Buffer(buffer),
            (None, None) => Culprit::All,
        };
        say.error(place(places, at), fault.message(&assembly.program, &name), fault.hint());
    }
    if !checked.whole && checked.faults.is_empty() {
        let message = format!("only the first {} instructions were checked", checked.instructions);
        say.warning(
            Span::default(),
            message,
            "a program with smaller buffers and fewer rounds is checked whole",
        );
    }
}

fn place(places: &Places, at: Culprit) -> Span {
    match at {
        Culprit::Instruction(id) => places.instructions.get(id.index()),
        Culprit::Loop(id) => places.loops.get(id.index()),
        Culprit::Buffer(id) => places.buffers.get(id.index()),
        Culprit::All => None,
    }
    .copied()
    .unwrap_or_default()
}

/// How to mend a broken rule, by its number in `isa::verify`.
fn mend(rule: u32) -> &'static str {
    match rule {
        1 => "loops run at least once, at most 12 within each other",
        2 => "choose another unit, or a chip that has it",
        3 => "let one unit signal an event, and give each unit events of its own",
        4 => "a part must be within its buffer in the last iteration, too",
        5 => {
            "`read` goes from DRAM to its core's unified buffer, `write` back; matrix and vector units work in it"
        }
        13 => "`packed` weights are in DRAM, n of m as the chip's `sparsity` has it",
        6 => "each `multiply` has one `fetch` and one `load` above it, of a tile no larger than the array",
        7 => {
            "where weights stay `multiply`, where sums stay `contract`; accumulators are numbered from 0, and a ring is a multiple of what goes into it"
        }
        8 => "choose a chip that does, or give it a rate for these dtypes",
        9 => "what is read and what is written have as many rows and columns, and in a copy one dtype",
        10 => "make it smaller, or let it share a place by `at`",
        11 => {
            "say the dtype of a step's result, as in `add b@ub to i32`, and cast between floats and whole numbers"
        }
        _ => "write a smaller program",
    }
}

/// Buffers before the first cycle; nothing if they are too large to hold.
fn memory(
    assembly: &Assembly,
    places: &Places,
    loader: &dyn Loader,
    say: &mut Diagnostics,
) -> Option<Vec<Values>> {
    let buffers = &assembly.program.buffers;
    let bytes = |(_, buffer): (BufferId, &isa::Buffer)| buffer.len * buffer.dtype.bytes() as u64;
    if buffers.iter().map(bytes).fold(0, u64::saturating_add) > Limits::ALL_BYTES {
        return None;
    }
    let mut memory: Vec<Values> =
        buffers.iter().map(|(_, b)| Values::zeros(b.dtype, b.len as usize)).collect();
    for (id, given) in assembly.inputs.iter() {
        let shape = &assembly.shapes[id.index()];
        match given_values(&buffers[*id], shape, given, loader) {
            Ok(values) => memory[id.index()] = values,
            Err((message, hint)) => {
                let path = places.paths.get(id).copied();
                say.error(path.unwrap_or_else(|| place(places, Culprit::Buffer(*id))), message, hint);
            }
        }
    }
    Some(memory)
}

/// Values that come from a name, perhaps in parts, each of a tensor's shape.
fn made(parts: Option<u64>, sparsity: Option<Sparsity>, shape: &Shape) -> Given {
    match (sparsity, parts, &shape.0[..]) {
        (Some(by), parts, [.., rows, cols]) => Given::Pruned { parts, by, matrix: [*rows, *cols] },
        (_, Some(parts), _) => Given::Each(parts),
        (_, None, _) => Given::Seeded,
    }
}

fn given_values(
    buffer: &isa::Buffer,
    shape: &Shape,
    given: &Given,
    loader: &dyn Loader,
) -> Result<Values, (String, String)> {
    let ty = Type { dtype: buffer.dtype, shape: shape.clone() };
    match given {
        Given::Seeded => Ok(seeded(&buffer.name, ty).values),
        Given::Pruned { parts, by, matrix: [rows, cols] } => {
            let given = parts.map_or(Given::Seeded, Given::Each);
            let mut values = given_values(buffer, shape, &given, loader)?;
            let matrices = values.len() / (rows * cols);
            by.prune(&mut values, &Shape::from(vec![matrices, *rows, *cols]));
            Ok(values)
        }
        Given::Each(parts) => {
            let len = (buffer.len / (*parts).max(1)) as usize;
            let mut all = Values::zeros(buffer.dtype, buffer.len as usize);
            for part in 0..*parts {
                let ty = Type { dtype: buffer.dtype, shape: Shape::from(vec![len]) };
                let values = seeded(&format!("{}[{part}]", buffer.name), ty).values;
                all.copy(Run::at(part as usize * len, len), &values, Run::at(0, len));
            }
            Ok(all)
        }
        Given::Numbers(numbers) => Ok(match numbers[..] {
            [all] => Values::of_numbers(buffer.dtype, &vec![all; buffer.len as usize]),
            _ => Values::of_numbers(buffer.dtype, numbers),
        }),
        Given::Loaded(path) => {
            let array = loader.load(path).map_err(|error| (error.message, error.hint))?;
            // Those of all iterations of a repeat are one list.
            if (array.ty.dtype, array.values.len() as u64) != (buffer.dtype, buffer.len) {
                let message = format!("`{path}` holds {}, not {ty}", array.ty);
                return Err((message, "declare it as it is".to_owned()));
            }
            Ok(array.values)
        }
    }
}

/// What an instruction comes to each time.
struct Load {
    /// Multiply-accumulates.
    macs: u64,
    /// Their cycles at the peak of their dtypes, on all PEs of a matrix unit, times these PEs.
    at_peak: f64,
    /// What computing it takes, in multiply-accumulates.
    effort: u128,
    /// No kind of word that it moves is counted further.
    words: u128,
}

fn load_of(program: &Program, chip: &Chip, work: &Work) -> Load {
    let dtype = |window: &Window| program.buffers[window.buffer].dtype;
    let of_factor = |factor: &Factor| program.buffers[factor.buffer()].dtype;
    let pass =
        |a: &Factor, [other, streamed]: [DType; 2], cols: usize, steps: usize, packed: Option<Sparsity>| {
            let all = (a.elements() as u64).saturating_mul(cols as u64);
            let stored = |sparsity: Sparsity| {
                ((a.rows() * sparsity.stored(a.cols())) as u64).saturating_mul(cols as u64)
            };
            let macs = packed.map_or(all, stored);
            let rate = chip.rate(other, streamed).map_or(1.0, |rate| rate.as_f64());
            let group = packed.map_or(1, Sparsity::of);
            let words = u128::from(chip.pes()) * (8 * group * (steps + chip.rows)) as u128;
            Load { macs, at_peak: macs as f64 / rate, effort: all.into(), words }
        };
    let other = |elements: usize, steps: usize| {
        let elements = elements as u128;
        let words = elements * 8 * u128::from(chip.dram.burst_bytes.max(1)) + 8 * u128::from(chip.pes());
        Load { macs: 0, at_peak: 0.0, effort: elements * steps as u128, words }
    };
    match work {
        Work::Multiply { streamed, tile, cols, packed, .. } => {
            pass(streamed, [of_factor(streamed), *tile], *cols, streamed.rows(), *packed)
        }
        Work::Contract { activations: a, weights: w, .. } => {
            pass(a, [of_factor(a), dtype(w)], w.cols, a.cols(), None)
        }
        Work::Copy { from, .. } => other(from.elements(), 1),
        Work::Fetch { tile, .. } => other(tile.elements(), 0),
        Work::Load => other(0, 0),
        Work::Vector { source, steps, .. } => {
            let (rows, cols) = source.extents();
            other(rows * cols, steps.len().max(1) * ELEMENT_EFFORT as usize)
        }
    }
}

/// Of a whole program.
struct Sum {
    /// By operator.
    macs: Vec<u64>,
    at_peak: f64,
    effort: u128,
    words: u128,
}

impl Sum {
    fn of(program: &Program, chip: &Chip) -> Sum {
        let mut sum = Sum { macs: vec![0; program.ops.len()], at_peak: 0.0, effort: 0, words: 0 };
        sum.add(program, chip, &program.body, 1);
        sum
    }

    /// Every instruction with how often it is done: at most 2^48 times, as rule 1 says.
    fn add(&mut self, program: &Program, chip: &Chip, nodes: &[Node], times: u64) {
        for node in nodes {
            match node {
                Node::Do(id) => {
                    let instruction = &program.instructions[*id];
                    let load = load_of(program, chip, &instruction.work);
                    let macs = &mut self.macs[instruction.op.index()];
                    *macs = macs.saturating_add(load.macs.saturating_mul(times));
                    self.at_peak += load.at_peak * times as f64;
                    self.effort += (load.effort + INSTRUCTION_EFFORT) * u128::from(times);
                    self.words += load.words * u128::from(times);
                }
                Node::Repeat(id) => {
                    let looped = &program.loops[*id];
                    self.add(program, chip, &looped.body, times * u64::from(looped.count));
                }
            }
        }
    }
}

impl AssemblyRun {
    /// The report; `text` is the assembly's.
    pub fn report(&self, text: &str) -> Report {
        let AssemblyRun { assembly, places, chip, trace, memory } = self;
        Reported { assembly, places, chip, trace, memory }.report(&Lines::new(text))
    }

    /// The run counted.
    pub fn tally(&self) -> Tally {
        tally(&self.assembly.program, &self.chip, &self.trace)
    }
}

/// What the report of an assembly is made from.
pub(super) struct Reported<'a> {
    pub assembly: &'a Assembly,
    pub places: &'a Places,
    pub chip: &'a Chip,
    pub trace: &'a Trace,
    pub memory: &'a [Values],
}

impl Reported<'_> {
    pub(super) fn report(&self, lines: &Lines) -> Report {
        let Reported { assembly, chip, trace, .. } = *self;
        let program = &assembly.program;
        let Sum { macs, at_peak, .. } = Sum::of(program, chip);
        let tally = tally(program, chip, trace);
        let run = report::Run { program, chip, trace, tally, handover: 0, macs, at_peak };
        Report { outputs: self.outputs(lines), ..run.report(lines) }
    }

    fn outputs(&self, lines: &Lines) -> Vec<OutputReport> {
        let report = |id: &BufferId| {
            let values = self.memory.get(id.index())?;
            let buffer = &self.assembly.program.buffers[*id];
            Some(OutputReport {
                name: buffer.name.clone(),
                line: lines.position(place(self.places, Culprit::Buffer(*id)).start).line,
                dtype: buffer.dtype.name(),
                shape: self.assembly.shapes[id.index()].0.to_vec(),
                checksum: values.checksum(),
                values: Listed::of(values),
                deviation: None,
            })
        };
        self.assembly.outputs.iter().filter_map(report).collect()
    }
}
