//! Elements that are always touched together, as one.
//!
//! A large network's windows begin and end at multiples of some number of elements that lie next to each other. Taking so many of
//! them as one changes nothing of what there is to find, and leaves a fraction of the touches. A buffer's grain is that number:
//! the greatest common divisor of where its windows begin, how far they move, how long their runs are and how far these are
//! apart.

use crate::isa::{
    Buffer, BufferId, Factor, Patches, Program, RowsAre, VectorSource, VectorStep, Window, Work,
};

/// By buffer: its grain.
pub(super) struct Grains(Vec<u64>);

/// Along which side a window's elements lie next to each other.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Along {
    Rows,
    Cols,
    /// They do not.
    Neither,
}

impl Grains {
    /// The greatest ones that a program has.
    pub(super) fn new(program: &Program) -> Grains {
        let lens = program.buffers.iter().map(|(_, buffer)| buffer.len.max(1));
        let mut grains = Grains(lens.collect());
        for (_, instruction) in program.instructions.iter() {
            grains.work(&instruction.work);
        }
        grains
    }

    pub(super) fn of(&self, buffer: BufferId) -> u64 {
        self.0[buffer.index()]
    }

    /// How many grains a buffer has.
    pub(super) fn count(&self, id: BufferId, buffer: &Buffer) -> u64 {
        buffer.len / self.of(id)
    }

    fn work(&mut self, work: &Work) {
        match work {
            Work::Copy { from, to, rows } => self.copy([from, to], rows),
            Work::Fetch { tile, .. } => self.factor(tile),
            Work::Load => {}
            Work::Multiply { streamed, .. } => self.factor(streamed),
            Work::Contract { activations, weights, .. } => {
                self.factor(activations);
                self.window(weights);
            }
            Work::Vector { source, steps, target } => {
                match source {
                    VectorSource::Accumulators { .. } => {}
                    VectorSource::Buffer(window) => self.window(window),
                    VectorSource::Patches(patches, _) => self.patches(patches),
                }
                steps.iter().flat_map(VectorStep::elements).for_each(|window| self.window(window));
                self.window(target);
            }
        }
    }

    fn copy(&mut self, [from, to]: [&Window; 2], rows: &RowsAre) {
        self.window(to);
        match rows {
            RowsAre::Chosen { places, of } => {
                self.window(places);
                self.window(&Window { rows: *of, ..*from });
                if along(to) == Along::Rows {
                    // Each row has a number of its own.
                    self.divide(to.buffer, 1);
                }
            }
            _ => self.window(from),
        }
    }

    fn factor(&mut self, factor: &Factor) {
        match factor {
            Factor::Window(window) => self.window(window),
            Factor::Patches(patches) | Factor::PatchesAcross(patches) => self.patches(patches),
        }
    }

    fn window(&mut self, window: &Window) {
        let [run, others, apart] = match along(window) {
            Along::Cols => [window.cols as u64, window.rows as u64, window.row_stride],
            Along::Rows => [window.rows as u64, window.cols as u64, window.col_stride],
            Along::Neither => [1, 1, 1],
        };
        let apart = if others > 1 { apart } else { 0 };
        let moves = window.advance.into_iter().map(i64::unsigned_abs);
        moves.chain([window.offset, run, apart]).for_each(|number| self.divide(window.buffer, number));
    }

    fn patches(&mut self, patches: &Patches) {
        let Patches { image, offset, first, cols, .. } = patches;
        let along = patches.advance.iter().map(|step| step[1]);
        let sides = along.chain([first[1], *cols, image.each, image.extents[3]]).map(|side| side as u64);
        let moves = patches.moves.into_iter().map(i64::unsigned_abs);
        sides.chain(moves).chain([*offset]).for_each(|number| self.divide(patches.buffer, number));
    }

    /// A buffer's grain divides a number.
    fn divide(&mut self, buffer: BufferId, number: u64) {
        let grain = &mut self.0[buffer.index()];
        *grain = gcd(*grain, number);
    }
}

/// What is touched, with grains for elements.
impl Grains {
    pub(super) fn in_grains(&self, window: &Window) -> Window {
        let grain = self.of(window.buffer);
        let Window { row_stride, col_stride, .. } = *window;
        let [rows, cols] = [window.rows as u64, window.cols as u64];
        let [rows, cols, row_stride, col_stride] = match along(window) {
            Along::Cols => [rows, cols / grain, row_stride / grain, 1],
            Along::Rows => [rows / grain, cols, 1, col_stride / grain],
            Along::Neither => [rows, cols, row_stride, col_stride],
        };
        let [rows, cols] = [rows, cols].map(|side| side as usize);
        let advance = window.advance.map(|step| step / grain as i64);
        Window { offset: window.offset / grain, row_stride, col_stride, rows, cols, advance, ..*window }
    }

    pub(super) fn patches_in_grains(&self, patches: &Patches) -> Patches {
        let grain = self.of(patches.buffer);
        let mut coarse = *patches;
        coarse.offset /= grain;
        coarse.moves.iter_mut().for_each(|step| *step /= grain as i64);
        // It divides a side, so it is no larger.
        let grain = grain as usize;
        coarse.first[1] /= grain;
        coarse.cols /= grain;
        coarse.image.each /= grain;
        coarse.image.extents[3] /= grain;
        coarse.advance.iter_mut().for_each(|step| step[1] /= grain);
        coarse
    }
}

/// The longer side of those whose elements follow each other.
pub(super) fn along(window: &Window) -> Along {
    let run = |extent: usize, stride: u64| if stride == 1 { extent } else { 0 };
    match (run(window.rows, window.row_stride), run(window.cols, window.col_stride)) {
        (0, 0) => Along::Neither,
        (rows, cols) if rows > cols => Along::Rows,
        _ => Along::Cols,
    }
}

/// The greatest number that divides both; 0 is divided by all.
fn gcd(mut one: u64, mut other: u64) -> u64 {
    while other != 0 {
        (one, other) = (other, one % other);
    }
    one
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn divisors_are_the_greatest() {
        assert_eq!([gcd(12, 18), gcd(0, 7), gcd(7, 0), gcd(5, 1)], [6, 7, 7, 1]);
    }
}
