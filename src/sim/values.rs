//! What a program computes: its instructions in the order of the program, whole passes at a time. A verified program
//! whose waits keep its accesses apart computes the same in any order that its times allow.

use std::collections::VecDeque;

use crate::base::ELEMENT_EFFORT;
use crate::chip::Chip;
use crate::isa::{
    AsResult, Instruction, Iteration, Order, Program, RowsAre, SumMode, SumRows, Sums, Unit, VectorSource,
    VectorStep, Walk, Window, Work,
};
use crate::num::Values;

/// Numbers under way. They advance in small steps, so that a caller can show progress and stop.
pub struct Numbers {
    /// By buffer.
    memory: Vec<Values>,
    /// By matrix unit: rows of C sums; empty until one arrives.
    accumulators: Vec<Vec<i32>>,
    /// By matrix unit: tiles fetched, and loaded, and not yet used.
    fetched: Vec<VecDeque<Window>>,
    loaded: Vec<VecDeque<Window>>,
    walk: Walk,
    effort: u64,
}

impl Numbers {
    /// With these values in the buffers, each of its buffer's length and dtype.
    pub fn new(chip: &Chip, memory: Vec<Values>) -> Self {
        Numbers {
            memory,
            accumulators: vec![Vec::new(); chip.matrix_units],
            fetched: vec![VecDeque::new(); chip.matrix_units],
            loaded: vec![VecDeque::new(); chip.matrix_units],
            walk: Walk::default(),
            effort: 0,
        }
    }

    /// Work done so far: multiply-accumulates, and vector work at [`ELEMENT_EFFORT`] an element.
    pub fn effort(&self) -> u64 {
        self.effort
    }

    /// Works until about `budget` of effort is spent; true when the program is at its end.
    pub fn advance(&mut self, program: &Program, order: &Order, chip: &Chip, budget: u64) -> bool {
        let stop = self.effort + budget;
        while let Some(step) = order.whole.get(self.walk.step) {
            if self.effort >= stop {
                return false;
            }
            let iteration = self.walk.iteration;
            self.execute(chip, &program.instructions[step.instruction], &iteration);
            self.walk.advance(&order.whole);
        }
        true
    }

    /// What stands in each buffer.
    pub fn into_memory(self) -> Vec<Values> {
        self.memory
    }

    fn execute(&mut self, chip: &Chip, instruction: &Instruction, iteration: &Iteration) {
        match (&instruction.work, instruction.unit) {
            (Work::Copy { from, to, rows }, _) => {
                self.copy(&from.in_iteration(iteration), &to.in_iteration(iteration), rows, iteration)
            }
            (Work::Fetch { tile }, Unit::Fetch(unit)) => {
                self.fetched[unit as usize].push_back(tile.in_iteration(iteration));
            }
            (Work::Load, Unit::Load(unit)) => {
                let tile = self.fetched[unit as usize].pop_front();
                self.loaded[unit as usize].extend(tile);
            }
            (Work::Multiply { streamed, sums, .. }, Unit::Matrix(unit)) => {
                let tile = self.loaded[unit as usize].pop_front().expect("rule 6: its tile is loaded");
                self.accumulate(chip, unit, &streamed.in_iteration(iteration), &tile, sums, iteration);
            }
            (Work::Contract { activations, weights, sums }, Unit::Matrix(unit)) => {
                let (a, w) = (activations.in_iteration(iteration), weights.in_iteration(iteration));
                self.accumulate(chip, unit, &a, &w, sums, iteration);
            }
            (Work::Vector { source, steps, target }, _) => {
                self.vector(chip, source, steps, target, iteration)
            }
            _ => unreachable!("rule 2: work belongs to its kind of unit"),
        }
    }

    fn copy(&mut self, from: &Window, to: &Window, rows: &RowsAre, iteration: &Iteration) {
        self.effort += from.elements() as u64;
        for row in 0..from.rows {
            let chosen = match rows {
                RowsAre::Chosen { places, of } => {
                    let place = places.in_iteration(iteration).at(row, 0);
                    let number = self.memory[places.buffer.index()].get(place);
                    usize::try_from(number).unwrap_or(0).min(of - 1)
                }
                _ => row,
            };
            for col in 0..from.cols {
                let value = self.memory[from.buffer.index()].get(from.at(chosen, col));
                self.memory[to.buffer.index()].set(to.at(row, col), value);
            }
        }
    }

    /// The sums of a pass: `a` times `w`.
    fn accumulate(
        &mut self,
        chip: &Chip,
        unit: u32,
        a: &Window,
        w: &Window,
        sums: &Sums,
        iteration: &Iteration,
    ) {
        self.effort += (a.rows * w.elements()) as u64;
        let accumulators = &mut self.accumulators[unit as usize];
        accumulators.resize(chip.accumulator_rows * chip.cols, 0);
        let (Values::I8(left), Values::I8(right)) =
            (&self.memory[a.buffer.index()], &self.memory[w.buffer.index()])
        else {
            unreachable!("operands of a program with values are i8")
        };
        let first = sums.rows.in_iteration(iteration);
        for m in 0..a.rows {
            let sums_of_row = &mut accumulators[(first + m) * chip.cols..][..w.cols];
            if sums.mode == SumMode::Begin {
                sums_of_row.fill(0);
            }
            for k in 0..a.cols {
                let x = i32::from(left[a.at(m, k)]);
                if w.col_stride == 1 {
                    let weights = &right[w.at(k, 0)..][..w.cols];
                    sums_of_row.iter_mut().zip(weights).for_each(|(sum, w)| *sum += x * i32::from(*w));
                } else {
                    let weight = |col: usize| i32::from(right[w.at(k, col)]);
                    sums_of_row.iter_mut().enumerate().for_each(|(col, sum)| *sum += x * weight(col));
                }
            }
        }
    }

    fn vector(
        &mut self,
        chip: &Chip,
        source: &VectorSource,
        steps: &[VectorStep],
        target: &Window,
        iteration: &Iteration,
    ) {
        let (rows, cols) = source.extents();
        let target = target.in_iteration(iteration);
        self.effort += ELEMENT_EFFORT * (rows * cols * steps.len().max(1)) as u64;
        for row in 0..rows {
            let mut values = self.read_row(chip, source, row, iteration);
            for step in steps {
                self.step(step, &mut values, row, iteration);
            }
            let buffer = &mut self.memory[target.buffer.index()];
            values.iter().enumerate().for_each(|(col, x)| buffer.set(target.at(row, col), *x));
        }
    }

    fn read_row(&self, chip: &Chip, source: &VectorSource, row: usize, iteration: &Iteration) -> Vec<i32> {
        let (_, cols) = source.extents();
        match source {
            VectorSource::Accumulators { unit, place, as_result, .. } => {
                let sums = &self.accumulators[*unit as usize];
                let first = SumRows::in_iteration(place, iteration);
                let at = |col: usize| match as_result {
                    AsResult::Straight => (first + row) * chip.cols + col,
                    AsResult::Transposed => (first + col) * chip.cols + row,
                };
                (0..cols).map(|col| sums[at(col)]).collect()
            }
            VectorSource::Buffer(window) => {
                let window = window.in_iteration(iteration);
                let values = &self.memory[window.buffer.index()];
                (0..cols).map(|col| values.get(window.at(row, col))).collect()
            }
        }
    }

    fn step(&self, step: &VectorStep, values: &mut Vec<i32>, row: usize, iteration: &Iteration) {
        match step {
            VectorStep::Add(window) => {
                let window = window.in_iteration(iteration);
                let added = &self.memory[window.buffer.index()];
                values.iter_mut().enumerate().for_each(|(col, x)| *x += added.get(window.at(row, col)));
            }
            VectorStep::Requant(by) => values.iter_mut().for_each(|x| *x = by.apply(*x)),
            VectorStep::Relu => values.iter_mut().for_each(|x| *x = (*x).max(0)),
            // A program with values has no other dtypes than those that its steps make.
            VectorStep::Cast => {}
            VectorStep::ArgMax => *values = vec![greatest(values)],
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
