//! What a program computes: its instructions in the order of the program, whole passes at a time. A verified program
//! whose waits keep its accesses apart computes the same in any order that its times allow.

use std::collections::VecDeque;

use crate::base::ELEMENT_EFFORT;
use crate::chip::Chip;
use crate::isa::{
    AsResult, Factor, Instruction, Iteration, Order, Padding, Patches, Program, RowsAre, SumMode, SumRows,
    Sums, Unit, VectorSource, VectorStep, Walk, Window, Work,
};
use crate::num::{DType, Operand, Run, Sparsity, SumOrder, Values, canonical, whole_row};

/// Numbers under way. They advance in small steps, so that a caller can show progress and stop.
pub struct Numbers {
    /// By buffer.
    memory: Vec<Values>,
    /// By matrix unit.
    accumulators: Vec<Accumulators>,
    /// By matrix unit: tiles fetched, and loaded, and not yet used.
    fetched: Vec<VecDeque<Factor>>,
    loaded: Vec<VecDeque<Factor>>,
    walk: Walk,
    effort: u64,
}

/// Rows of C sums, of whole numbers and of floats; empty until one arrives.
#[derive(Clone, Default)]
struct Accumulators {
    whole: Vec<i32>,
    floats: Vec<f32>,
}

impl Numbers {
    /// With these values in the buffers, each of its buffer's length and dtype.
    pub fn new(chip: &Chip, memory: Vec<Values>) -> Self {
        Numbers {
            memory,
            accumulators: vec![Accumulators::default(); chip.matrix_units],
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
            (Work::Fetch { tile, .. }, Unit::Fetch(unit)) => {
                self.fetched[unit as usize].push_back(tile.in_iteration(iteration));
            }
            (Work::Load, Unit::Load(unit)) => {
                let tile = self.fetched[unit as usize].pop_front();
                self.loaded[unit as usize].extend(tile);
            }
            (Work::Multiply { streamed, packed, sums, .. }, Unit::Matrix(unit)) => {
                let tile = self.loaded[unit as usize].pop_front().expect("rule 6: its tile is loaded");
                let factors = [&streamed.in_iteration(iteration), &tile];
                self.accumulate(chip, unit, factors, *packed, sums, iteration);
            }
            (Work::Contract { activations, weights, sums }, Unit::Matrix(unit)) => {
                let (a, w) =
                    (activations.in_iteration(iteration), Factor::Window(weights.in_iteration(iteration)));
                self.accumulate(chip, unit, [&a, &w], None, sums, iteration);
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
                    let number = self.memory[places.buffer.index()].get(place as usize);
                    usize::try_from(number).unwrap_or(0).min(of - 1)
                }
                _ => row,
            };
            let values = self.row(from, chosen);
            self.put(to, row, &values);
        }
    }

    /// A row of a window.
    fn row(&self, window: &Window, row: usize) -> Values {
        self.memory[window.buffer.index()].taken(run_of(window, row))
    }

    /// The elements of a window over an image in one channel: all channels of a place follow each other.
    fn window_of(&self, patches: &Patches, padding: Padding, row: usize) -> Values {
        let (image, taps) = (&self.memory[patches.buffer.index()], patches.image.taps());
        let mut values = match padding {
            Padding::Zero => Values::zeros(image.dtype(), taps),
            Padding::Least => Values::least(image.dtype(), taps),
        };
        let channels = patches.cols / taps;
        let mut at = 0;
        patches.runs(row / channels, row % channels * taps, taps, |start, len| {
            if let Some(start) = start {
                values.copy(Run::at(at, len), image, Run::at(start as usize, len));
            }
            at += len;
        });
        values
    }

    /// Overwrites a row of a window, bit by bit.
    fn put(&mut self, window: &Window, row: usize, values: &Values) {
        self.memory[window.buffer.index()].copy(run_of(window, row), values, Run::at(0, values.len()));
    }

    /// The sums of a pass: `a` times `w`, or what is stored of it.
    fn accumulate(
        &mut self,
        chip: &Chip,
        unit: u32,
        [a, w]: [&Factor; 2],
        packed: Option<Sparsity>,
        sums: &Sums,
        iteration: &Iteration,
    ) {
        self.effort += (a.rows() * w.elements()) as u64;
        let operands = [a, w].map(|factor| (&self.memory[factor.buffer().index()], factor));
        let Accumulators { whole, floats } = &mut self.accumulators[unit as usize];
        let place = Place {
            first: sums.rows.in_iteration(iteration),
            all: chip.accumulator_rows,
            cols: chip.cols,
            mode: sums.mode,
            packed,
        };
        if operands[0].0.dtype().is_float() {
            // A pass adds up in ascending order, whatever its length; the accumulators add up passes.
            let order = SumOrder { block: usize::MAX };
            let multiply = |a: &[f32], w: &[f32], sums: &mut [f32]| match packed {
                Some(_) => order.row_of_kept(a, w, sums),
                None => order.row(a, w, sums),
            };
            place.pass(operands, Values::floats, multiply, |sum, more| sum + more, floats);
        } else {
            place.pass(operands, Values::factors, whole_row, i32::wrapping_add, whole);
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
            let mut values = self.source_row(chip, source, row, iteration);
            let number = (target.at(row, 0) / target.row_stride.max(1)) as usize;
            for step in steps {
                let others: Vec<Values> = step
                    .operands
                    .iter()
                    .map(|operand| self.operand_row(operand, &values, row, iteration))
                    .collect();
                values = step.kind.apply(&values, &others, number, step.to);
            }
            self.put(&target, row, &values);
        }
    }

    fn source_row(&self, chip: &Chip, source: &VectorSource, row: usize, iteration: &Iteration) -> Values {
        let (unit, dtype, place, as_result) = match source {
            VectorSource::Buffer(window) => return self.row(&window.in_iteration(iteration), row),
            VectorSource::Patches(patches, padding) => {
                return self.window_of(&patches.in_iteration(iteration), *padding, row);
            }
            VectorSource::Accumulators { unit, dtype, place, as_result, .. } => {
                (*unit, *dtype, place, as_result)
            }
        };
        let first = SumRows::in_iteration(place, iteration);
        let (_, cols) = source.extents();
        let run = match as_result {
            AsResult::Straight => Run::at((first + row) * chip.cols, cols),
            AsResult::Transposed => Run { start: first * chip.cols + row, step: chip.cols, len: cols },
        };
        // Where no sum has arrived they are 0.
        let Accumulators { whole, floats } = &self.accumulators[unit as usize];
        let float = |at: usize| floats.get(at).map_or(0.0, |sum| canonical(*sum));
        match dtype {
            DType::F32 => Values::F32(run.places().map(float).collect()),
            _ => Values::I32(run.places().map(|at| whole.get(at).copied().unwrap_or(0)).collect()),
        }
    }

    /// What a step reads beside a row, of as many elements.
    fn operand_row(
        &self,
        operand: &Operand<Window>,
        values: &Values,
        row: usize,
        iteration: &Iteration,
    ) -> Values {
        match operand {
            Operand::Elements(window) => self.row(&window.in_iteration(iteration), row),
            Operand::Number(number) if values.dtype().is_float() => {
                Values::F32(vec![*number as f32; values.len()])
            }
            Operand::Number(number) => Values::I32(vec![*number as i32; values.len()]),
        }
    }
}

/// Where a row of a window lies in its buffer.
fn run_of(window: &Window, row: usize) -> Run {
    // Memory with values is far smaller than addresses go.
    Run { start: window.at(row, 0) as usize, step: window.col_stride as usize, len: window.cols }
}

/// Appends a row of an operand; an image's padding is 0.
fn read_row<T: Copy + Default>(
    values: &Values,
    factor: &Factor,
    row: usize,
    read: fn(&Values, Run, &mut Vec<T>),
    out: &mut Vec<T>,
) {
    match factor {
        Factor::Window(window) => read(values, run_of(window, row), out),
        Factor::Patches(patches) => patches.runs(row, 0, patches.cols, |start, len| match start {
            Some(start) => read(values, Run::at(start as usize, len), out),
            None => out.resize(out.len() + len, T::default()),
        }),
        Factor::PatchesAcross(patches) => {
            for place in (0..patches.rows).map(|place| patches.at(place, row)) {
                match place {
                    Some(place) => read(values, Run::at(place as usize, 1), out),
                    None => out.push(T::default()),
                }
            }
        }
    }
}

/// Where a pass's sums go.
struct Place {
    first: usize,
    /// Rows of accumulators.
    all: usize,
    cols: usize,
    mode: SumMode,
    packed: Option<Sparsity>,
}

impl Place {
    /// Multiplies rows of `a` by the tile `w`, with their elements read as numbers of one kind, and puts or adds the sums.
    fn pass<T: Copy + Default + PartialEq, S: Copy + Default>(
        &self,
        [(left, a), (right, w)]: [(&Values, &Factor); 2],
        read: fn(&Values, Run, &mut Vec<T>),
        multiply: impl Fn(&[T], &[T], &mut [S]),
        add: fn(S, S) -> S,
        accumulators: &mut Vec<S>,
    ) {
        accumulators.resize(self.all * self.cols, S::default());
        let (mut tile, mut line, mut sums) = (Vec::new(), Vec::new(), vec![S::default(); w.cols()]);
        (0..w.rows()).for_each(|k| read_row(right, w, k, read, &mut tile));
        if let Some(sparsity) = self.packed {
            sparsity.keep(&mut tile, w.cols());
        }
        for m in 0..a.rows() {
            line.clear();
            read_row(left, a, m, read, &mut line);
            multiply(&line, &tile, &mut sums);
            let into = &mut accumulators[(self.first + m) * self.cols..][..w.cols()];
            match self.mode {
                SumMode::Begin => into.copy_from_slice(&sums),
                SumMode::Add => into.iter_mut().zip(&sums).for_each(|(sum, more)| *sum = add(*sum, *more)),
            }
        }
    }
}
