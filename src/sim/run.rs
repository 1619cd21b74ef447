//! Executes a program, instruction by instruction. An instruction starts when its unit is free and every event it
//! waits for is signalled (MACHINE.md section 2); since instructions wait only for earlier ones, one walk in the order
//! of the program finds every time.

use crate::base::{Cycle, ELEMENT_EFFORT};
use crate::chip::Chip;
use crate::isa::{Instruction, InstructionId, Program, Sums, VectorSource, VectorStep, Window, Work};
use crate::num::Values;
use crate::timing;
use crate::trace::{Pass, Trace, VectorRun};

/// A run under way. It advances in small steps, so that a caller can show progress and stop.
pub struct Run {
    trace: Trace,
    /// Rows of C sums.
    accumulators: Vec<i32>,
    /// By instruction: when its event is signalled.
    events: Vec<Cycle>,
    /// The load whose multiply is still to come.
    loaded: Option<(Cycle, Window)>,
    load_free: Cycle,
    effort: u64,
}

impl Run {
    /// Before the first cycle, with inputs and weights in their buffers. The program must have passed
    /// [`crate::isa::verify`], and each buffer's values have its length and dtype.
    pub fn new(chip: &Chip, memory: Vec<Values>) -> Self {
        Run {
            trace: Trace { memory, ..Trace::default() },
            accumulators: vec![0; chip.accumulator_rows * chip.cols],
            events: Vec::new(),
            loaded: None,
            load_free: 0,
            effort: 0,
        }
    }

    /// Work done so far: multiply-accumulates, and vector work at [`ELEMENT_EFFORT`] an element.
    pub fn effort(&self) -> u64 {
        self.effort
    }

    /// Works until about `budget` of effort is spent; true when the program is at its end.
    pub fn advance(&mut self, program: &Program, chip: &Chip, budget: u64) -> bool {
        let stop = self.effort + budget;
        for (id, instruction) in program.instructions.iter().skip(self.events.len()) {
            if self.effort >= stop {
                return false;
            }
            let event = self.execute(chip, id, instruction);
            self.events.push(event);
            self.trace.cycles = self.trace.cycles.max(event);
        }
        true
    }

    /// What it left, once [`Run::advance`] has returned true.
    pub fn into_trace(self) -> Trace {
        self.trace
    }

    /// Executes one instruction; returns the cycle of its event.
    fn execute(&mut self, chip: &Chip, id: InstructionId, instruction: &Instruction) -> Cycle {
        let ready = instruction.waits.iter().map(|wait| self.events[wait.index()]).max().unwrap_or(0);
        match &instruction.work {
            Work::LoadWeights { tile } => self.load(chip, *tile, ready),
            Work::Multiply { activations, accumulator, sums, .. } => {
                let (load, tile) = self.loaded.take().expect("rule 3: a load stands before its multiply");
                let op = instruction.op;
                let pass = Pass {
                    op,
                    load,
                    start: 0,
                    tile,
                    activations: *activations,
                    accumulator: *accumulator,
                    sums: *sums,
                };
                self.multiply(chip, pass, ready)
            }
            Work::Vector { source, steps, target } => {
                self.compute(chip, source, steps, target);
                let (start, busy_until) = self.time_vector(chip, source, steps, ready);
                let event = busy_until + chip.vector_latency;
                self.trace.vectors.push(VectorRun {
                    instruction: id,
                    op: instruction.op,
                    start,
                    busy_until,
                    event,
                });
                event
            }
        }
    }

    fn load(&mut self, chip: &Chip, tile: Window, ready: Cycle) -> Cycle {
        let after_pass = match self.trace.passes.last() {
            Some(pass) => timing::load_after(chip, pass.load, pass.start, pass.activations.rows),
            None => 0,
        };
        let load = ready.max(after_pass).max(self.load_free);
        self.load_free = timing::load_end(chip, load);
        self.loaded = Some((load, tile));
        self.load_free
    }

    fn multiply(&mut self, chip: &Chip, mut pass: Pass, ready: Cycle) -> Cycle {
        let stream_free = match self.trace.passes.last() {
            Some(before) => timing::stream_end(before.start, before.activations.rows),
            None => 0,
        };
        pass.start = ready.max(stream_free).max(timing::load_end(chip, pass.load));
        self.accumulate(chip, &pass);
        self.trace.passes.push(pass);
        let rows = pass.activations.rows;
        self.trace.cycles_to_last_mac =
            self.trace.cycles_to_last_mac.max(timing::wave_end(chip, pass.start, rows));
        timing::matrix_event(chip, pass.start, rows)
    }

    /// The sums of a pass.
    fn accumulate(&mut self, chip: &Chip, pass: &Pass) {
        let (Values::I8(a), Values::I8(w)) = (
            &self.trace.memory[pass.activations.buffer.index()],
            &self.trace.memory[pass.tile.buffer.index()],
        ) else {
            unreachable!("operands of a product are i8")
        };
        for m in 0..pass.activations.rows {
            let sums = &mut self.accumulators[(pass.accumulator + m) * chip.cols..][..pass.tile.cols];
            if pass.sums == Sums::Begin {
                sums.fill(0);
            }
            for k in 0..pass.tile.rows {
                let x = i32::from(a[pass.activations.at(m, k)]);
                for (sum, weight) in sums.iter_mut().zip(&w[pass.tile.at(k, 0)..]) {
                    *sum += x * i32::from(*weight);
                }
            }
        }
        self.effort += (pass.activations.rows * pass.tile.elements()) as u64;
    }

    /// From when until when the vector unit is busy with an instruction.
    fn time_vector(
        &self,
        chip: &Chip,
        source: &VectorSource,
        steps: &[VectorStep],
        ready: Cycle,
    ) -> (Cycle, Cycle) {
        let (rows, cols) = source.extents();
        // Without a step the elements are still moved once.
        let cost = VectorStep::COST * steps.len().max(1) as u64;
        let tail = if steps.last() == Some(&VectorStep::ArgMax) { timing::reduction_tail(chip) } else { 0 };
        let start = ready.max(self.trace.vectors.last().map_or(0, |run| run.busy_until));
        (start, start + timing::vector_cycles(chip, rows * cols, cost) + tail)
    }

    /// The numbers of a vector instruction.
    fn compute(&mut self, chip: &Chip, source: &VectorSource, steps: &[VectorStep], target: &Window) {
        let (rows, cols) = source.extents();
        self.effort += ELEMENT_EFFORT * (rows * cols * steps.len()) as u64;
        for row in 0..rows {
            let mut values: Vec<i32> = (0..cols).map(|col| self.read(chip, source, row, col)).collect();
            for step in steps {
                match step {
                    VectorStep::Add(window) => {
                        let added = &self.trace.memory[window.buffer.index()];
                        values
                            .iter_mut()
                            .enumerate()
                            .for_each(|(col, x)| *x += added.get(window.at(row, col)));
                    }
                    VectorStep::Requant(by) => values.iter_mut().for_each(|x| *x = by.apply(*x)),
                    VectorStep::Relu => values.iter_mut().for_each(|x| *x = (*x).max(0)),
                    VectorStep::ArgMax => values = vec![greatest(&values)],
                }
            }
            let buffer = &mut self.trace.memory[target.buffer.index()];
            values.iter().enumerate().for_each(|(col, x)| buffer.set(target.at(row, col), *x));
        }
    }

    fn read(&self, chip: &Chip, source: &VectorSource, row: usize, col: usize) -> i32 {
        match source {
            VectorSource::Accumulators { row: first, .. } => {
                self.accumulators[(first + row) * chip.cols + col]
            }
            VectorSource::Buffer(window) => self.trace.memory[window.buffer.index()].get(window.at(row, col)),
        }
    }
}

/// Index of the greatest value, the first of equals.
fn greatest(values: &[i32]) -> i32 {
    let mut best = 0;
    for (col, value) in values.iter().enumerate() {
        if *value > values[best] {
            best = col;
        }
    }
    best as i32
}
