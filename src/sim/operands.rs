//! Operands of passes as they lie in memory.

use super::array::{Number, widen};
use super::machine::Machine;
use crate::isa::{BufferId, Factor, Patches, Window};
use crate::num::{DType, Run, Values};

/// Numbers of sums whose operands lie in memory.
pub(super) trait InMemory: Number {
    /// Whether operands of a dtype are of this kind.
    fn is_of(dtype: DType) -> bool;
    /// One of them.
    fn element(values: &Values, place: usize) -> Self::Operand;
    /// Some that lie evenly apart, as many as there is room for.
    fn elements(values: &Values, run: Run, into: &mut [Self::Operand]) {
        into.iter_mut().zip(run.places()).for_each(|(into, place)| *into = Self::element(values, place));
    }
}

impl InMemory for i32 {
    fn is_of(dtype: DType) -> bool {
        !dtype.is_float()
    }

    fn element(values: &Values, place: usize) -> i16 {
        values.get(place) as i16
    }

    fn elements(values: &Values, run: Run, into: &mut [i16]) {
        match values {
            Values::I8(values) if run.step == 1 => widen(&values[run.start..][..run.len], into),
            Values::I8(values) => {
                into.iter_mut().zip(run.places()).for_each(|(into, place)| *into = values[place].into());
            }
            _ => into.iter_mut().zip(run.places()).for_each(|(into, at)| *into = i32::element(values, at)),
        }
    }
}

impl InMemory for f32 {
    fn is_of(dtype: DType) -> bool {
        dtype.is_float()
    }

    fn element(values: &Values, place: usize) -> f32 {
        values.get_f32(place)
    }
}

impl Machine<'_> {
    /// A row of an operand, and zeros beyond its end.
    pub(super) fn copy_row<N: InMemory>(&self, factor: &Factor, row: usize, into: &mut [N::Operand]) {
        match factor {
            Factor::Window(window) => self.copy::<N>(window.row(row), into),
            Factor::Patches(patches) => self.copy_patch::<N>(patches, row, into),
            Factor::PatchesAcross(patches) => self.copy_across::<N>(patches, row, into),
        }
    }

    /// A column of an operand, and zeros beyond its end.
    pub(super) fn copy_col<N: InMemory>(&self, factor: &Factor, col: usize, into: &mut [N::Operand]) {
        match factor {
            Factor::Window(window) => self.copy::<N>(window.col(col), into),
            Factor::Patches(patches) => self.copy_across::<N>(patches, col, into),
            Factor::PatchesAcross(patches) => self.copy_patch::<N>(patches, col, into),
        }
    }

    fn copy_patch<N: InMemory>(&self, patches: &Patches, row: usize, into: &mut [N::Operand]) {
        into.fill(N::Operand::default());
        let Some(values) = self.values::<N>(patches.buffer) else { return };
        let mut at = 0;
        patches.runs(row, 0, patches.cols, |start, len| {
            if let Some(start) = start {
                let places = into[at..][..len].iter_mut().zip(start as usize..);
                places.for_each(|(into, place)| *into = N::element(values, place));
            }
            at += len;
        });
    }

    fn copy_across<N: InMemory>(&self, patches: &Patches, col: usize, into: &mut [N::Operand]) {
        into.fill(N::Operand::default());
        let Some(values) = self.values::<N>(patches.buffer) else { return };
        for (row, into) in into.iter_mut().enumerate().take(patches.rows) {
            let element = |place| N::element(values, place as usize);
            *into = patches.at(row, col).map_or_else(Default::default, element);
        }
    }

    /// A window of one row or column, and zeros beyond its end.
    fn copy<N: InMemory>(&self, window: Window, into: &mut [N::Operand]) {
        let (used, padding) = into.split_at_mut(window.elements());
        padding.fill(N::Operand::default());
        let Some(values) = self.values::<N>(window.buffer) else {
            return used.fill(N::Operand::default());
        };
        let step = if window.rows == 1 { window.col_stride } else { window.row_stride };
        // Memory with values is far smaller than addresses go.
        let run = Run { start: window.offset as usize, step: step as usize, len: used.len() };
        N::elements(values, run, used);
    }

    /// A buffer's elements, if they are known and of this kind.
    fn values<N: InMemory>(&self, buffer: BufferId) -> Option<&Values> {
        let values = self.memory.get(buffer.index())?;
        Some(values).filter(|values| !values.is_empty() && N::is_of(values.dtype()))
    }
}
