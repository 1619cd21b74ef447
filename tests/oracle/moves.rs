//! Every word that a run moves, one by one.

use systole::chip::{Chip, Dataflow};
use systole::isa::{
    BufferId, Factor, Program, ProgramOpId, RowsAre, Space, SumMode, VectorSource, VectorStep, Window, Work,
};
use systole::num::Sparsity;
use systole::timing::movement::{Moves, Path, Role};

use super::{Run, bytes, fetched, stored};

/// By operator.
pub fn moves(program: &Program, chip: &Chip, run: &Run) -> Vec<Moves> {
    let mut ops = vec![Counter::default(); program.ops.len()];
    for (id, ..) in run.units.values().flatten() {
        let instruction = &program.instructions[*id];
        let counter = &mut ops[instruction.op.index()];
        counter.transposed = chip.dataflow == Dataflow::InputStationary;
        counter.work(program, chip, instruction.op, &instruction.work);
    }
    ops.into_iter().map(|counter| counter.moves).collect()
}

#[derive(Clone, Default)]
struct Counter {
    moves: Moves,
    /// Whether what the array calls weights are activations.
    transposed: bool,
}

impl Counter {
    fn one(&mut self, role: Role, path: Path, padding: bool) {
        self.some(role, path, 1, padding);
    }

    fn some(&mut self, role: Role, path: Path, words: u64, padding: bool) {
        let role = match (role, self.transposed) {
            (Role::Activations, true) => Role::Weights,
            (Role::Weights, true) => Role::Activations,
            _ => role,
        };
        self.moves.all.count(role, path, words);
        if padding {
            self.moves.padding.count(role, path, words);
        }
    }

    fn work(&mut self, program: &Program, chip: &Chip, op: ProgramOpId, work: &Work) {
        let in_dram = |window: &Window| program.buffers[window.buffer].space == Space::Dram;
        let role = |window: &Window| role(program, op, window);
        match work {
            Work::Copy { from, to, rows } => {
                if let RowsAre::Chosen { places, .. } = rows {
                    self.some(Role::Vectors, Path::BufferReads, places.elements() as u64, false);
                }
                if in_dram(from) {
                    self.bus(program, chip, role(to), Path::DramReads, work, program.bytes(from));
                } else {
                    self.some(role(from), Path::BufferReads, from.elements() as u64, false);
                }
                if in_dram(to) {
                    self.bus(program, chip, role(from), Path::DramWrites, work, program.bytes(from));
                } else {
                    self.some(role(to), Path::BufferWrites, to.elements() as u64, false);
                }
            }
            Work::Fetch { tile, packed } if program.buffers[tile.buffer()].space == Space::Dram => {
                let words = fetched(program, tile, *packed, stored(tile, *packed));
                self.bus(program, chip, Role::Weights, Path::DramReads, work, words);
            }
            Work::Fetch { tile, .. } => {
                self.some(Role::Weights, Path::BufferReads, tile.elements() as u64, false)
            }
            Work::Load => {}
            Work::Multiply { streamed, cols, packed, sums, .. } => {
                self.multiply(chip, streamed.rows(), streamed.cols(), *cols, (*packed, sums.mode));
            }
            Work::Contract { activations, weights, sums } => {
                let dtype = |buffer: BufferId| program.buffers[buffer].dtype;
                let rate = chip.rate(dtype(activations.buffer()), dtype(weights.buffer)).unwrap();
                let cycles: std::collections::BTreeSet<u64> =
                    (0..activations.cols() as u64).map(|k| k * rate.den() / rate.num()).collect();
                let used = (activations.rows(), weights.cols);
                self.contract(chip, activations.cols(), cycles.len(), used, sums.mode);
            }
            Work::Vector { source, steps, target } => {
                match source {
                    VectorSource::Accumulators { rows, cols, .. } => {
                        self.some(Role::Sums, Path::AccumulatorReads, (rows * cols) as u64, false);
                    }
                    VectorSource::Buffer(from) => {
                        self.some(Role::Vectors, Path::BufferReads, from.elements() as u64, false)
                    }
                    VectorSource::Patches(patches, _) => {
                        let words = (patches.rows * patches.cols) as u64;
                        self.some(Role::Vectors, Path::BufferReads, words, false)
                    }
                }
                for window in steps.iter().flat_map(VectorStep::elements) {
                    self.some(Role::Vectors, Path::BufferReads, window.elements() as u64, false);
                }
                self.some(Role::Vectors, Path::BufferWrites, target.elements() as u64, false);
            }
        }
    }

    /// What was not asked for is padding.
    fn bus(&mut self, program: &Program, chip: &Chip, role: Role, path: Path, work: &Work, asked: u64) {
        let moved = bytes(program, chip, work);
        self.some(role, path, asked.min(moved), false);
        self.some(role, path, moved - asked.min(moved), true);
    }

    /// Weights stay: `m` rows through a tile of which `k` rows and `cols` are used.
    fn multiply(
        &mut self,
        chip: &Chip,
        m: usize,
        k: usize,
        cols: usize,
        (packed, mode): (Option<Sparsity>, SumMode),
    ) {
        let (kept, of) = packed.map_or((1, 1), |rule| (rule.kept(), rule.of()));
        // A PE's row is one of those that its group of rows of k has.
        let is_used = |i: usize| i % kept < k.saturating_sub(i / kept * of);
        let rows = (0..chip.rows).filter(|i| is_used(*i)).count();
        for _ in 0..m {
            for (i, word) in (0..chip.rows).flat_map(|i| (0..of).map(move |word| (i, word))) {
                let padding = !is_used(i) || i / kept * of + word >= k;
                if i % kept == 0 {
                    self.one(Role::Activations, Path::BufferReads, padding);
                }
                self.passes(Role::Activations, chip.cols, padding);
            }
            for j in 0..chip.cols {
                for i in 0..chip.rows {
                    if i > 0 {
                        self.one(Role::Sums, Path::Hops, j >= cols);
                    }
                    self.one(Role::Sums, Path::RegisterWrites, j >= cols);
                }
                self.arrives(mode, j >= cols);
            }
        }
        for i in 0..chip.rows {
            for j in 0..chip.cols {
                let padding = i >= rows || j >= cols;
                self.one(Role::Weights, Path::FifoReads, padding);
                // Down the bus to its row, the last register of which hands it to the shadow; later it becomes active.
                for hop in 0..=i {
                    if hop > 0 {
                        self.one(Role::Weights, Path::Hops, padding);
                    }
                    self.one(Role::Weights, Path::RegisterWrites, padding);
                }
                self.some(Role::Weights, Path::RegisterWrites, 2, padding);
            }
        }
    }

    /// Sums stay: `k` steps in `cycles` cycles; rows and columns of sums that are used.
    fn contract(&mut self, chip: &Chip, k: usize, cycles: usize, used: (usize, usize), mode: SumMode) {
        for _ in 0..k {
            for i in 0..chip.rows {
                self.crosses(Role::Activations, chip.cols, i >= used.0);
            }
            for j in 0..chip.cols {
                self.crosses(Role::Weights, chip.rows, j >= used.1);
            }
        }
        for i in 0..chip.rows {
            for j in 0..chip.cols {
                let padding = i >= used.0 || j >= used.1;
                // Once a cycle of work, once into the drain register, and down the chain.
                self.some(Role::Sums, Path::RegisterWrites, cycles as u64 + 1, padding);
                for _ in i + 1..chip.rows {
                    self.one(Role::Sums, Path::Hops, padding);
                    self.one(Role::Sums, Path::RegisterWrites, padding);
                }
                self.arrives(mode, padding);
            }
        }
    }

    /// A word from the unified buffer through all PEs of a row or column.
    fn crosses(&mut self, role: Role, pes: usize, padding: bool) {
        self.one(role, Path::BufferReads, padding);
        self.passes(role, pes, padding);
    }

    /// Through all PEs of a row or column.
    fn passes(&mut self, role: Role, pes: usize, padding: bool) {
        for pe in 0..pes {
            if pe > 0 {
                self.one(role, Path::Hops, padding);
            }
            self.one(role, Path::RegisterWrites, padding);
        }
    }

    fn arrives(&mut self, mode: SumMode, padding: bool) {
        self.one(Role::Sums, Path::AccumulatorWrites, padding);
        if mode == SumMode::Add {
            self.one(Role::Sums, Path::AccumulatorReadBacks, padding);
        }
    }
}

/// Whose words a window's buffer holds for an operator: what its last instruction that gives it to an array says.
fn role(program: &Program, op: ProgramOpId, window: &Window) -> Role {
    let mut role = Role::Vectors;
    for (_, instruction) in program.instructions.iter().filter(|(_, instruction)| instruction.op == op) {
        let is = |other: &Factor| other.buffer() == window.buffer;
        match &instruction.work {
            Work::Multiply { streamed, .. } if is(streamed) => role = Role::Activations,
            Work::Contract { weights, .. } if weights.buffer == window.buffer => role = Role::Weights,
            Work::Contract { activations, .. } if is(activations) => role = Role::Activations,
            Work::Fetch { tile, .. } if is(tile) => role = Role::Weights,
            _ => {}
        }
    }
    role
}
