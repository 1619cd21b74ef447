//! What the runs of a lane add up to, and of any part of it.

use std::cell::Cell;
use std::ops::{AddAssign, Mul};

use super::{Lane, Piece, Repeated, Run};
use crate::base::Cycle;

/// Sums by a lane's pieces: what any number of its first runs adds up to is found as fast as a run.
#[derive(Clone, Debug)]
pub struct Sums<V> {
    /// By piece.
    pieces: Vec<PieceSums<V>>,
    /// The piece behind the last place found: the next one asked for is often near. No answer depends on it.
    near: Cell<usize>,
}

#[derive(Clone, Debug)]
struct PieceSums<V> {
    /// Of all runs up to its end.
    up_to: V,
    /// Of one repetition, if it is repeated.
    body: Option<Sums<V>>,
}

impl<V: Copy + Default + AddAssign + Mul<u64, Output = V>> Sums<V> {
    /// Of all runs.
    pub fn total(&self) -> V {
        self.pieces.last().map_or(V::default(), |piece| piece.up_to)
    }

    fn before_piece(&self, at: usize) -> V {
        at.checked_sub(1).map_or(V::default(), |before| self.pieces[before].up_to)
    }
}

impl<T: Run> Lane<T> {
    /// Adds up what `of` says of each run; it must not depend on times or iterations.
    pub fn sums<V>(&self, of: impl Fn(&T) -> V + Copy) -> Sums<V>
    where
        V: Copy + Default + AddAssign + Mul<u64, Output = V>,
    {
        let mut up_to = V::default();
        let piece = |piece: &Piece<T>| {
            let body = match piece {
                Piece::One(run) => {
                    up_to += of(run);
                    None
                }
                Piece::Many(repeated) => {
                    let body = repeated.body.sums(of);
                    up_to += body.total() * repeated.times;
                    Some(body)
                }
            };
            PieceSums { up_to, body }
        };
        Sums { pieces: self.pieces.iter().map(piece).collect(), near: Cell::new(0) }
    }

    /// What the first `count` runs add up to, by sums of this lane.
    pub fn sum_of_first<V>(&self, count: u64, sums: &Sums<V>) -> V
    where
        V: Copy + Default + AddAssign + Mul<u64, Output = V>,
    {
        let at = self.ends.partition_point(|end| *end <= count);
        let mut sum = sums.before_piece(at);
        if let Some(Piece::Many(Repeated { body, .. })) = self.pieces.get(at)
            && let Some(of_body) = &sums.pieces[at].body
        {
            let within = count - at.checked_sub(1).map_or(0, |before| self.ends[before]);
            sum += of_body.total() * (within / body.len());
            sum += body.sum_of_first(within % body.len(), of_body);
        }
        sum
    }
}

/// Where a lane has come to at a time.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a, T, V> {
    /// How many runs have come.
    pub runs: u64,
    /// The last of them, as it was in the first iteration of the repetitions around it,
    pub last: &'a T,
    /// and so much later.
    pub later: Cycle,
    /// What the runs before the last one add up to.
    pub before: V,
}

impl<T: Run> Lane<T> {
    /// The last run that has a time, as `of` tells it, of `now` or before, with what came before it, by sums of this lane; in one
    /// way down the repetitions, and nothing is copied.
    pub fn place<V>(&self, now: Cycle, of: impl Fn(&T) -> Cycle, sums: &Sums<V>) -> Option<Place<'_, T, V>>
    where
        V: Copy + Default + AddAssign + Mul<u64, Output = V>,
    {
        let (mut lane, mut sums) = (self, sums);
        let (mut runs, mut later, mut before) = (0, 0, V::default());
        loop {
            let come =
                partition_near(&lane.pieces, sums.near.get(), |piece| of(piece.first()) + later <= now);
            sums.near.set(come);
            let at = come.checked_sub(1)?;
            runs += at.checked_sub(1).map_or(0, |at| lane.ends[at]);
            before += sums.before_piece(at);
            match (&lane.pieces[at], &sums.pieces[at].body) {
                (Piece::Many(Repeated { body, period, times }), Some(of_body)) => {
                    let repetition = ((now - later - of(body.first())) / period.cycles).min(times - 1);
                    runs += repetition * body.len();
                    before += of_body.total() * repetition;
                    later += repetition * period.cycles;
                    (lane, sums) = (body, of_body);
                }
                (piece, _) => return Some(Place { runs: runs + 1, last: piece.first(), later, before }),
            }
        }
    }

    /// Run number `index` as it was in the first iteration of the repetitions around it.
    pub fn first_like(&self, index: u64) -> Option<&T> {
        let (mut lane, mut within) = (self, index);
        loop {
            let at = lane.ends.partition_point(|end| *end <= within);
            within -= at.checked_sub(1).map_or(0, |before| lane.ends[before]);
            match lane.pieces.get(at)? {
                Piece::One(run) => return Some(run),
                Piece::Many(Repeated { body, .. }) => (lane, within) = (body, within % body.len()),
            }
        }
    }
}

/// How many elements, of which the first ones are as asked and the others not, are so: found in steps that double, away from a
/// guess.
fn partition_near<T>(all: &[T], guess: usize, is: impl Fn(&T) -> bool) -> usize {
    let mut step = 1;
    let mut low = guess.min(all.len());
    let mut high = low;
    while low > 0 && !is(&all[low - 1]) {
        high = low - 1;
        low = high.saturating_sub(step);
        step *= 2;
    }
    while high < all.len() && is(&all[high]) {
        low = high + 1;
        high = (low + step).min(all.len());
        step *= 2;
    }
    low + all[low..high].partition_point(is)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guesses_do_not_matter() {
        for len in 0..20 {
            let all: Vec<usize> = (0..len).collect();
            for (count, guess) in (0..=len).flat_map(|count| (0..22).map(move |guess| (count, guess))) {
                assert_eq!(partition_near(&all, guess, |at| *at < count), count, "of {len}, from {guess}");
            }
        }
    }
}
