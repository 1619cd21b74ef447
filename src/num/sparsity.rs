//! Weights pruned n:m: of every m rows that follow each other, a column has at most n elements that are not 0.

use std::fmt;

use super::{DType, Shape, Values};

/// n:m. Groups of rows are counted from a matrix's first one; the last group may be short.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sparsity {
    kept: u8,
    of: u8,
}

impl Sparsity {
    /// Most rows of a group.
    pub const MOST: usize = 16;

    /// `kept` of `of` rows: at least one, not all, of at most [`Sparsity::MOST`].
    pub fn new(kept: usize, of: usize) -> Option<Sparsity> {
        let possible = kept > 0 && kept < of && of <= Sparsity::MOST;
        possible.then_some(Sparsity { kept: kept as u8, of: of as u8 })
    }

    /// `2:4`, say.
    pub fn read(text: &str) -> Option<Sparsity> {
        let (kept, of) = text.split_once(':')?;
        Sparsity::new(kept.parse().ok()?, of.parse().ok()?)
    }

    /// n
    pub fn kept(self) -> usize {
        self.kept.into()
    }

    /// m
    pub fn of(self) -> usize {
        self.of.into()
    }

    /// Elements of a column of `k` rows that have a place where n of every m are stored.
    pub fn stored(self, k: usize) -> usize {
        k / self.of() * self.kept() + (k % self.of()).min(self.kept())
    }

    /// Rows of k that as many stored ones stand for, in whole groups.
    pub fn covered(self, stored: usize) -> usize {
        stored / self.kept() * self.of()
    }

    /// `ceil(log2 m)`: bits that say which of its group's rows a stored element is of.
    pub fn index_bits(self) -> u64 {
        self.of().next_power_of_two().trailing_zeros().into()
    }

    /// Whether whatever keeps this rule keeps another one.
    pub fn implies(self, other: Sparsity) -> bool {
        let of = other.of();
        match () {
            () if of.is_multiple_of(self.of()) => of / self.of() * self.kept() <= other.kept(),
            () if self.of().is_multiple_of(of) => self.kept <= other.kept,
            () => false,
        }
    }

    /// Zeros in place of all but the n elements of greatest magnitude in each group; of equals, the first ones stay.
    pub fn prune(self, values: &mut Values, shape: &Shape) {
        self.groups(shape, |places| {
            let group: Vec<(f64, usize)> = places.map(|place| (values.number(place).abs(), place)).collect();
            for (size, place) in &group {
                let stands_before = |(other, at): &&(f64, usize)| other > size || other == size && at < place;
                if group.iter().filter(stands_before).count() >= self.kept() {
                    values.set_bits(*place, 0);
                }
            }
            true
        });
    }

    /// The first element, in the order of groups, that is one too many.
    pub fn broken_by(self, values: &Values, shape: &Shape) -> Option<usize> {
        let mut found = None;
        self.groups(shape, |places| {
            // -0 is 0, NaN is not.
            found = places.filter(|place| values.number(*place) != 0.0).nth(self.kept());
            found.is_none()
        });
        found
    }

    /// Goes over the places of each group's elements, column by column, as long as `each` says so.
    fn groups(self, shape: &Shape, mut each: impl FnMut(&mut dyn Iterator<Item = usize>) -> bool) {
        let Some(k) = shape.0.len().checked_sub(2).map(|axis| shape.0[axis]) else { return };
        let (all, cols) = (shape.count(), shape.0[shape.0.len() - 1]);
        for matrix in (0..all).step_by(k * cols) {
            for first in (0..k).step_by(self.of()) {
                let rows = first..k.min(first + self.of());
                for col in 0..cols {
                    if !each(&mut rows.clone().map(|row| matrix + row * cols + col)) {
                        return;
                    }
                }
            }
        }
    }

    /// Zeros in place of what a tile of weights `[k, cols]`, row-major, has beyond the first n of a group that are not 0.
    pub fn keep<T: Copy + Default + PartialEq>(self, tile: &mut [T], cols: usize) {
        for group in tile.chunks_mut(self.of() * cols) {
            for col in 0..cols {
                let column = group[col..].iter_mut().step_by(cols).filter(|weight| **weight != T::default());
                column.skip(self.kept()).for_each(|weight| *weight = T::default());
            }
        }
    }
}

/// Bytes of `[k, cols]` weights in memory: all of them, or packed what is stored of each column and, behind that, its elements'
/// places, rounded up.
pub fn stored_bytes([k, cols]: [usize; 2], packed: Option<Sparsity>, dtype: DType) -> u64 {
    let rows = packed.map_or(k, |sparsity| sparsity.stored(k));
    let elements = rows as u64 * cols as u64;
    elements * dtype.bytes() as u64 + packed.map_or(0, |by| (elements * by.index_bits()).div_ceil(8))
}

impl fmt::Display for Sparsity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.kept, self.of)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(kept: usize, of: usize) -> Sparsity {
        Sparsity::new(kept, of).unwrap()
    }

    #[test]
    fn rules_that_cannot_be_are_none() {
        let said = ["0:4", "4:4", "5:4", "1:17", "1", "1:", "a:b", "-1:4", "1:4:8"];
        assert!(said.iter().all(|text| Sparsity::read(text).is_none()));
        assert_eq!(Sparsity::read("2:4"), Some(of(2, 4)));
        assert_eq!(of(15, 16).to_string(), "15:16");
    }

    #[test]
    fn stored_and_covered_rows_by_hand() {
        let counts = |k| of(2, 4).stored(k);
        assert_eq!([0, 1, 2, 3, 4, 5, 6, 7, 8].map(counts), [0, 1, 2, 2, 2, 3, 4, 4, 4]);
        assert_eq!([of(2, 4).covered(8), of(1, 3).covered(5), of(2, 4).covered(3)], [16, 15, 4]);
        assert_eq!(
            [of(1, 2), of(2, 3), of(2, 4), of(4, 5), of(4, 16)].map(Sparsity::index_bits),
            [1, 2, 2, 3, 4]
        );
    }

    /// Every column of a few groups that keeps one rule keeps the other, as `implies` says, and some column breaks it if not.
    #[test]
    fn what_implies_what() {
        let rules = [(1, 2), (1, 4), (2, 4), (3, 4), (1, 3), (2, 3), (2, 6), (4, 6)].map(|(n, m)| of(n, m));
        let keeps = |rule: Sparsity, column: u32| {
            (0..12).step_by(rule.of()).all(|from| {
                let group = column >> from & ((1 << rule.of()) - 1) & 0xfff;
                group.count_ones() as usize <= rule.kept()
            })
        };
        for (one, other) in rules.iter().flat_map(|one| rules.map(|other| (*one, other))) {
            let holds = (0..1 << 12).all(|column| !keeps(one, column) || keeps(other, column));
            let alike = one.of() % other.of() == 0 || other.of() % one.of() == 0;
            assert_eq!(one.implies(other), holds && alike, "{one} and {other}");
        }
    }

    #[test]
    fn the_greatest_stay_and_of_equals_the_first() {
        let shape = Shape::from(vec![6, 2]);
        let mut values = Values::I8(vec![1, -5, -3, 5, 3, 5, 2, 0, 7, 1, 8, -1]);
        assert_eq!(of(2, 4).broken_by(&values, &shape), Some(4));
        of(2, 4).prune(&mut values, &shape);
        assert_eq!(values, Values::I8(vec![0, -5, -3, 5, 3, 0, 0, 0, 7, 1, 8, -1]));
        assert_eq!(of(2, 4).broken_by(&values, &shape), None);
        assert_eq!(of(1, 4).broken_by(&values, &shape), Some(4));
    }

    #[test]
    fn tiles_keep_the_first_of_a_group() {
        let mut tile = [1, 0, 2, 3, 3, 4, 4, 5, 5, 6];
        of(2, 4).keep(&mut tile, 2);
        assert_eq!(tile, [1, 0, 2, 3, 0, 4, 0, 0, 5, 6]);
    }
}
