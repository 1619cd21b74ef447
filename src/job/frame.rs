//! One matrix unit in one cycle, for programs: which pass, step and operands each PE works on, and its registers.

use serde::Serialize;

use super::{Entry, Finished, Timed};
use crate::base::{Cycle, Lines};
use crate::chip::Stationary;
use crate::isa::{Factor, ProgramOpId};
use crate::sim::array::cases::{State, state};
use crate::sim::{Kept, Machine, Reach};
use crate::trace::{Frame, NONE, Numbers, Pass, View};

/// The array at the end of a cycle. Grids have R rows of C entries; an entry is a list, since above one row a cycle a PE
/// works on several at once, and empty where it is at rest.
#[derive(Clone, Debug, Serialize)]
pub struct FrameReport {
    /// t
    pub cycle: Cycle,
    /// Which matrix unit.
    pub unit: usize,
    /// What stays in its PEs: ws, is or os.
    pub dataflow: &'static str,
    /// The passes that PEs work on.
    pub passes: Vec<PassReport>,
    /// Of each PE: the pass it works on, by its number.
    pub pass: Grid,
    /// Of each PE: the row of that pass's streamed operand, where weights stay; the step of k where sums stay.
    pub step: Grid,
    /// Of each PE: the element of the operand from the left that it multiplies, in `passes`' tensor; none for padding.
    pub left_element: Grid,
    /// Of each PE: the element of the operand from above.
    pub above_element: Grid,
    /// Its registers, as in section 5 of the machine's contract; of a run with values.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub registers: Option<State<Entry>>,
    /// The operator whose registers alone are there, its operands made from their names: the run itself has no values.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seeded: Option<String>,
}

/// Entries of every PE.
pub type Grid = Vec<Vec<Vec<u64>>>;

/// One pass.
#[derive(Clone, Debug, Serialize)]
pub struct PassReport {
    /// Among all passes of its unit, from 0.
    pub number: u64,
    /// The result that it is for.
    pub op: String,
    /// Where that is written.
    pub line: u32,
    /// Where weights stay: the first weight enters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub load: Option<Cycle>,
    /// The first step enters row 0.
    pub start: Cycle,
    /// Rows, or steps of k.
    pub steps: usize,
    /// The tensor whose elements come from the left.
    pub left: String,
    /// The tensor whose elements come from above.
    pub above: String,
}

impl Finished {
    /// A matrix unit of the run at the end of a cycle; `text` is the program's.
    pub fn frame(&self, text: &str, unit: usize, cycle: Cycle) -> FrameReport {
        let mut look = Look::new(self.machine(), unit, cycle);
        let report = look.report(text);
        match self.numbers() {
            Numbers::None => report,
            Numbers::All => FrameReport { registers: Some(look.registers()), ..report },
            Numbers::Of(op) => {
                look.empty_all_but(op);
                let seeded = Some(self.emitted.program.ops[op].name.clone());
                FrameReport { registers: Some(look.registers()), seeded, ..report }
            }
        }
    }
}

impl Timed {
    /// The same without registers.
    pub fn frame(&self, text: &str, unit: usize, cycle: Cycle) -> FrameReport {
        let Timed { emitted, chip, trace, .. } = self;
        let machine = Machine { program: &emitted.program, chip, trace, memory: &[] };
        Look::new(machine, unit, cycle).report(text)
    }
}

struct Look<'a> {
    machine: Machine<'a>,
    unit: usize,
    view: View,
    frame: Frame,
}

impl<'a> Look<'a> {
    fn new(machine: Machine<'a>, unit: usize, cycle: Cycle) -> Self {
        let moment = machine.at(unit, cycle, Reach::default());
        let frame = moment.frame(&mut Kept::default());
        Look { machine, unit, view: moment.view, frame }
    }

    fn report(&self, text: &str) -> FrameReport {
        let Look { frame, view, .. } = self;
        let at_work = |pass: usize| frame.pass.contains(&(pass as u32));
        let passes = (0..view.passes.len()).filter(|pass| at_work(*pass));
        let lines = Lines::new(text);
        FrameReport {
            cycle: frame.cycle,
            unit: self.unit,
            dataflow: self.machine.chip.dataflow.name(),
            passes: passes.map(|pass| self.pass(pass, &lines)).collect(),
            pass: grid(frame, |_, _, pass| vec![view.first + pass as u64]),
            step: self.steps(|_, _, _, step| Some(step as u64)),
            left_element: self.steps(|pass, row, col, step| match self.stationary() {
                Stationary::Weights => pass.left(frame.row_of_k(&frame.weight_k, row, col)?, step),
                Stationary::Sums => pass.left(row, step),
            }),
            above_element: self.steps(|pass, row, col, step| match self.stationary() {
                Stationary::Weights => pass.above(frame.row_of_k(&frame.weight_k, row, col)?, col),
                Stationary::Sums => pass.above(step, col),
            }),
            registers: None,
            seeded: None,
        }
    }

    fn registers(&self) -> State<Entry> {
        state(&self.frame, |entry, pass| self.view.passes[pass as usize].scalar(entry).into())
    }

    /// Empties the registers of other operators' passes.
    fn empty_all_but(&mut self, op: ProgramOpId) {
        let Frame { pass, psum_pass, weight_pass, shadow_pass, bus_pass, drain_pass, .. } = &mut self.frame;
        for passes in [pass, psum_pass, weight_pass, shadow_pass, bus_pass, drain_pass] {
            let others = passes.iter_mut().filter(|pass| **pass != NONE);
            others.filter(|pass| self.view.passes[**pass as usize].op != op).for_each(|pass| *pass = NONE);
        }
    }

    fn stationary(&self) -> Stationary {
        self.machine.chip.dataflow.stationary()
    }

    /// What `of` says of each step that a PE works on.
    fn steps(&self, of: impl Fn(&Pass, usize, usize, usize) -> Option<u64>) -> Grid {
        grid(&self.frame, |row, col, pass| {
            let pass = &self.view.passes[pass];
            // A pass that has reached the PE entered at least as many cycles ago as it is hops away.
            let steps = pass.stream.entering(self.frame.cycle - (row + col) as Cycle);
            steps.filter_map(|step| of(pass, row, col, step)).collect()
        })
    }

    fn pass(&self, at: usize, lines: &Lines) -> PassReport {
        let (pass, program) = (&self.view.passes[at], self.machine.program);
        let op = &program.ops[pass.op];
        let tensor = |factor: &Factor| program.buffers[factor.buffer()].name.clone();
        PassReport {
            number: self.view.first + at as u64,
            op: op.name.clone(),
            line: lines.position(op.span.start).line,
            load: (self.stationary() == Stationary::Weights).then_some(pass.run.load),
            start: pass.stream.start,
            steps: pass.stream.length,
            left: tensor(&pass.streamed),
            above: tensor(&pass.tile),
        }
    }
}

fn grid(frame: &Frame, of: impl Fn(usize, usize, usize) -> Vec<u64>) -> Grid {
    let pe = |row: usize, col: usize| match frame.pass[frame.at(row, col)] {
        NONE => Vec::new(),
        pass => of(row, col, pass as usize),
    };
    (0..frame.rows).map(|row| (0..frame.cols).map(|col| pe(row, col)).collect()).collect()
}
