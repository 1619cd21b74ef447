//! Elements at places that are equally far apart: moved as they are, or widened to be computed with.

use super::{Bf16, Fp8, Values};

/// Places `start`, `start + step` and so on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// The first.
    pub start: usize,
    /// From one to the next; 0 repeats the first.
    pub step: usize,
    /// How many.
    pub len: usize,
}

impl Run {
    /// Places next to each other.
    pub fn at(start: usize, len: usize) -> Run {
        Run { start, step: 1, len }
    }

    /// Every place.
    pub fn places(self) -> impl Iterator<Item = usize> {
        (0..self.len).map(move |at| self.start + at * self.step)
    }
}

impl Values {
    /// Overwrites elements by as many of the same dtype, bit by bit.
    ///
    /// # Panics
    ///
    /// If dtypes differ, or a place is not there.
    pub fn copy(&mut self, at: Run, from: &Values, run: Run) {
        match (from, self) {
            (Values::I8(from), Values::I8(to)) => copied(from, run, to, at),
            (Values::I16(from), Values::I16(to)) => copied(from, run, to, at),
            (Values::I32(from), Values::I32(to)) => copied(from, run, to, at),
            (Values::Fp8(from), Values::Fp8(to)) => copied(from, run, to, at),
            (Values::Bf16(from), Values::Bf16(to)) => copied(from, run, to, at),
            (Values::F32(from), Values::F32(to)) => copied(from, run, to, at),
            (from, to) => unreachable!("{} is moved to {}", from.dtype(), to.dtype()),
        }
    }

    /// Elements by themselves.
    pub fn taken(&self, run: Run) -> Values {
        let mut taken = Values::zeros(self.dtype(), run.len);
        taken.copy(Run::at(0, run.len), self, run);
        taken
    }

    /// Elements of a float dtype, behind those that are in a list already.
    ///
    /// # Panics
    ///
    /// On whole numbers.
    pub fn floats(&self, run: Run, out: &mut Vec<f32>) {
        match self {
            Values::Fp8(v) => extend(v, run, out, Fp8::to_f32),
            Values::Bf16(v) => extend(v, run, out, Bf16::to_f32),
            Values::F32(v) => extend(v, run, out, |x| x),
            whole => unreachable!("{} as a float", whole.dtype()),
        }
    }

    /// Elements of an integer dtype, which f64 holds, behind those that are in a list already.
    ///
    /// # Panics
    ///
    /// On floats.
    pub fn whole_numbers(&self, run: Run, out: &mut Vec<f64>) {
        match self {
            Values::I8(v) => extend(v, run, out, f64::from),
            Values::I16(v) => extend(v, run, out, f64::from),
            Values::I32(v) => extend(v, run, out, f64::from),
            floats => unreachable!("{} as a whole number", floats.dtype()),
        }
    }

    /// Factors of whole numbers, behind those that are in a list already.
    ///
    /// # Panics
    ///
    /// On i32, which is not multiplied, and on floats.
    pub fn factors(&self, run: Run, out: &mut Vec<i16>) {
        match self {
            Values::I8(v) => extend(v, run, out, i16::from),
            Values::I16(v) => extend(v, run, out, |x| x),
            other => unreachable!("{} is multiplied", other.dtype()),
        }
    }
}

fn copied<T: Copy>(from: &[T], run: Run, to: &mut [T], at: Run) {
    if (run.step, at.step) == (1, 1) {
        to[at.start..][..at.len].copy_from_slice(&from[run.start..][..run.len]);
    } else {
        at.places().zip(run.places()).for_each(|(to_place, place)| to[to_place] = from[place]);
    }
}

fn extend<T: Copy, N>(from: &[T], run: Run, out: &mut Vec<N>, widen: impl Fn(T) -> N) {
    if run.step == 1 {
        out.extend(from[run.start..][..run.len].iter().map(|x| widen(*x)));
    } else {
        out.extend(run.places().map(|place| widen(from[place])));
    }
}
