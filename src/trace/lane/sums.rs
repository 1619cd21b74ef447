//! What the runs of a lane add up to, and of any part of it.

use std::ops::{AddAssign, Mul};

use super::{Lane, Piece, Repeated, Run};

/// Sums by a lane's pieces: what any number of its first runs adds up to is found as fast as a run.
#[derive(Clone, Debug)]
pub struct Sums<V> {
    /// By piece.
    pieces: Vec<PieceSums<V>>,
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
        Sums { pieces: self.pieces.iter().map(piece).collect() }
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
