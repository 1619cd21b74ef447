//! A program with what it is run for: where its values come from, and which of its buffers are its results.

use litemap::LiteMap;

use super::{BufferId, Factor, Program, Window, verify};
use crate::num::{DType, Shape, Sparsity};

/// A program that can be run by itself. It has a text ([`super::text`]) and bytes ([`super::binary`]).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Assembly {
    /// What is done.
    pub program: Program,
    /// By buffer: its tensor's shape, of as many elements. For people, and for the text's windows.
    pub shapes: Vec<Shape>,
    /// Buffers in DRAM that hold values before the first cycle; all others hold zeros.
    pub inputs: LiteMap<BufferId, Given>,
    /// Buffers in DRAM that are looked at after the run, in this order.
    pub outputs: Vec<BufferId>,
}

/// Where a buffer's values come from.
#[derive(Clone, Debug, PartialEq)]
pub enum Given {
    /// From its name, as those of a declared tensor that is not loaded.
    Seeded,
    /// In so many parts of one size, each from the name with the part's number: those of a repeat's iterations.
    Each(u64),
    /// As the one or the other, and pruned.
    Pruned {
        /// How many parts; nothing if the values are not made in parts.
        parts: Option<u64>,
        /// By which rule.
        by: Sparsity,
        /// Rows and columns of the matrices that they are, one behind the other.
        matrix: [usize; 2],
    },
    /// They stand in the text: as many as there are elements, or one for all of them.
    Numbers(Vec<f64>),
    /// From a file.
    Loaded(String),
}

impl Given {
    /// Whether a buffer can hold it: as many values as it has elements, or one for all, each of its dtype.
    pub fn fits(&self, dtype: DType, len: u64) -> bool {
        match self {
            Given::Seeded | Given::Loaded(_) => true,
            Given::Each(parts) => *parts > 0 && len.is_multiple_of(*parts),
            Given::Pruned { parts, matrix: [rows, cols], .. } => {
                let each = rows.checked_mul(*cols).filter(|each| *each > 0).map(|each| each as u64);
                let all = each.and_then(|each| each.checked_mul(parts.unwrap_or(1))).filter(|all| *all > 0);
                all.is_some_and(|all| len.is_multiple_of(all))
            }
            Given::Numbers(numbers) => {
                (numbers.len() == 1 || numbers.len() as u64 == len)
                    && numbers.iter().all(|number| holds(dtype, *number))
            }
        }
    }
}

/// Whether a dtype has a number, or of floats one near to it.
pub(super) fn holds(dtype: DType, number: f64) -> bool {
    let within =
        |(least, most): (i64, i64)| number.fract() == 0.0 && (least as f64..=most as f64).contains(&number);
    dtype.range().is_none_or(within)
}

impl Assembly {
    /// A bare program, with shapes that its windows suggest.
    pub fn of(program: Program) -> Assembly {
        let shapes = shapes(&program);
        Assembly { program, shapes, ..Assembly::default() }
    }
}

/// By buffer: rows as far apart as most of the windows on it have them.
fn shapes(program: &Program) -> Vec<Shape> {
    let mut strides: Vec<LiteMap<u64, usize>> = vec![LiteMap::new(); program.buffers.len()];
    for (_, instruction) in program.instructions.iter() {
        for factor in verify::touched(&instruction.work) {
            let Factor::Window(window) = factor else { continue };
            if let Some(stride) = between_rows(&window) {
                *strides[window.buffer.index()].entry(stride).or_default() += 1;
            }
        }
    }
    let shape = |(len, strides): (u64, &LiteMap<u64, usize>)| {
        let fitting = strides.iter().filter(|(stride, _)| len.is_multiple_of(**stride));
        let usual = fitting.max_by_key(|(stride, times)| (**times, std::cmp::Reverse(**stride)));
        match usual {
            Some((stride, _)) => Shape::from(vec![(len / stride) as usize, *stride as usize]),
            None => Shape::from(vec![len as usize]),
        }
    };
    program.buffers.iter().map(|(_, buffer)| buffer.len).zip(&strides).map(shape).collect()
}

/// What a window shows of its matrix: how far rows are apart, where its own or its columns follow each other.
fn between_rows(window: &Window) -> Option<u64> {
    let Window { rows, cols, row_stride, col_stride, .. } = *window;
    match () {
        () if rows > 1 && row_stride > 0 && (col_stride == 1 || cols == 1) => Some(row_stride),
        () if cols > 1 && col_stride > 1 && (row_stride == 1 || rows == 1) => Some(col_stride),
        () => None,
    }
}
