//! Where a tensor's elements lie when they are gone through by some of its axes, in some order.

use std::ops::Range;

pub use crate::num::Run;
use crate::num::Shape;

/// Extent of an axis, and how far apart its neighbours lie.
pub type Axis = (usize, usize);

/// A shape's axes, row-major.
pub fn axes(shape: &Shape) -> Vec<Axis> {
    let mut stride = 1;
    let mut axes = Vec::new();
    for extent in shape.0.iter().rev() {
        axes.push((*extent, stride));
        stride *= extent;
    }
    axes.reverse();
    axes
}

/// Places in the row-major order of some axes.
#[derive(Clone, Debug)]
pub struct View {
    start: usize,
    axes: Vec<Axis>,
}

impl View {
    /// Beginning at a place.
    pub fn new(start: usize, axes: impl IntoIterator<Item = Axis>) -> View {
        // Axes that continue each other become one: longer runs.
        let mut merged: Vec<Axis> = Vec::new();
        for (extent, stride) in axes {
            match merged.last_mut() {
                _ if extent == 1 => {}
                Some(outer) if outer.1 == stride * extent => *outer = (outer.0 * extent, stride),
                _ => merged.push((extent, stride)),
            }
        }
        View { start, axes: merged }
    }

    /// All elements of a shape in their own order.
    pub fn whole(shape: &Shape) -> View {
        View::new(0, axes(shape))
    }

    /// A tensor's elements as those of another shape that it is repeated to.
    pub fn broadcast(from: &Shape, to: &Shape) -> View {
        let missing = to.0.len() - from.0.len();
        let own = axes(from).into_iter().map(|(extent, stride)| if extent == 1 { 0 } else { stride });
        let strides = std::iter::repeat_n(0, missing).chain(own);
        View::new(0, to.0.iter().copied().zip(strides))
    }

    /// A shape's axes that satisfy something, and those that do not.
    pub fn split(shape: &Shape, inner: impl Fn(usize) -> bool) -> (View, View) {
        let all = axes(shape);
        let of = |inside: bool| {
            let chosen = all.iter().enumerate().filter(|(axis, _)| inner(*axis) == inside);
            View::new(0, chosen.map(|(_, axis)| *axis).collect::<Vec<Axis>>())
        };
        (of(false), of(true))
    }

    /// How many places.
    pub fn len(&self) -> usize {
        self.axes.iter().map(|(extent, _)| extent).product()
    }

    /// One of them.
    pub fn place(&self, mut index: usize) -> usize {
        let mut place = self.start;
        for (extent, stride) in self.axes.iter().rev() {
            place += index % extent * stride;
            index /= extent;
        }
        place
    }

    /// Some of them, moved by an offset, in runs.
    pub fn runs(&self, offset: usize, range: Range<usize>, mut each: impl FnMut(Run)) {
        let (inner, step) = self.axes.last().copied().unwrap_or((1, 1));
        let mut at = range.start;
        while at < range.end {
            let len = (inner - at % inner).min(range.end - at);
            each(Run { start: offset + self.place(at), step, len });
            at += len;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(view: &View, range: Range<usize>) -> Vec<usize> {
        let mut all = Vec::new();
        view.runs(0, range, |run| all.extend(run.places()));
        all
    }

    #[test]
    fn axes_in_another_order() {
        let own = axes(&Shape::from(vec![2, 3]));
        let view = View::new(0, [own[1], own[0]]);
        assert_eq!(places(&view, 0..6), [0, 3, 1, 4, 2, 5]);
        assert_eq!(places(&view, 1..4), [3, 1, 4]);
        assert_eq!((view.len(), view.place(4)), (6, 2));
    }

    #[test]
    fn axes_that_continue_each_other_are_one_run() {
        let mut runs = Vec::new();
        View::whole(&Shape::from(vec![4, 1, 5, 2])).runs(7, 3..40, |run| runs.push(run));
        assert_eq!(runs, [Run::at(10, 37)]);
        assert_eq!(places(&View::whole(&Shape::from(vec![])), 0..1), [0]);
    }

    #[test]
    fn what_is_repeated_stays_in_its_place() {
        let view = View::broadcast(&Shape::from(vec![3, 1]), &Shape::from(vec![2, 3, 2]));
        assert_eq!(places(&view, 0..12), [0, 0, 1, 1, 2, 2, 0, 0, 1, 1, 2, 2]);
        let number = View::broadcast(&Shape::from(vec![]), &Shape::from(vec![2, 2]));
        assert_eq!(places(&number, 0..4), [0; 4]);
    }

    #[test]
    fn some_axes_go_along_lines_and_the_others_from_line_to_line() {
        let (outer, inner) = View::split(&Shape::from(vec![2, 3, 4]), |axis| axis == 1);
        assert_eq!((outer.len(), inner.len()), (8, 3));
        assert_eq!((outer.place(5), places(&inner, 0..3)), (13, vec![0, 4, 8]));
    }
}
