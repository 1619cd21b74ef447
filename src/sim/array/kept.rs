//! Sums that have been made for one look at a run, kept for the next: so that a look into the middle of a long pass, or
//! of many passes that add to each other, does not begin with its first step each time. What is kept is bounded, and
//! changes no answer.

use std::ops::Range;

use super::Number;
use super::kernel::Sums;
use crate::timing::Sides;

/// Sums kept from look to look at one run.
#[derive(Clone, Debug)]
pub struct Kept<N> {
    /// The one asked for last at the end.
    rows: Vec<(Whose, Made<N>)>,
}

/// Most sums kept, of all passes and tiles together.
const MOST: usize = 1 << 23;
/// Most sums kept of one of them.
const MOST_OF_ONE: usize = 1 << 22;

/// Whose sums they are. Passes are named by their number in the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whose {
    /// Of the PEs of an array, in the course of a pass.
    Pass { array: usize, pass: u64 },
    /// Of some accumulators, in the course of the passes of an output tile.
    Tile { array: usize, begin: u64, rows: usize },
}

/// Sums in the course of their steps, or passes: at places that lie evenly apart, and the last place asked for.
#[derive(Clone, Debug)]
struct Made<N> {
    apart: usize,
    /// After so many steps, twice as many and so on.
    evenly: Vec<Sums<N>>,
    last: (usize, Sums<N>),
}

impl<N> Default for Kept<N> {
    fn default() -> Self {
        Kept { rows: Vec::new() }
    }
}

impl<N: Number> Kept<N> {
    /// The sums of so many rows and columns after so many steps: none at first, then `add` adds those of some steps in a row. A first
    /// look puts them `apart` at least. All who ask share this function.
    pub(super) fn after(
        &mut self,
        whose: Whose,
        steps: usize,
        apart: usize,
        sides: Sides,
        add: &mut dyn FnMut(&mut Sums<N>, Range<usize>),
    ) -> &Sums<N> {
        let (_, mut made) = match self.rows.iter().position(|(of, _)| *of == whose) {
            Some(at) => self.rows.remove(at),
            None => (whose, Made { apart, evenly: Vec::new(), last: (0, Sums::new(sides)) }),
        };
        made.go_to(steps, add);
        self.make_room(made.len());
        self.rows.push((whose, made));
        let (_, made) = self.rows.last().expect("it has just come there");
        &made.last.1
    }

    /// Lets go of those that were not asked for the longest time.
    fn make_room(&mut self, coming: usize) {
        let mut all = coming + self.rows.iter().map(|(_, made)| made.len()).sum::<usize>();
        while all > MOST && !self.rows.is_empty() {
            all -= self.rows.remove(0).1.len();
        }
    }
}

impl<N: Number> Made<N> {
    /// Number of sums.
    fn len(&self) -> usize {
        (self.evenly.len() + 1) * self.last.1.len()
    }

    fn go_to(&mut self, steps: usize, add: &mut dyn FnMut(&mut Sums<N>, Range<usize>)) {
        let known = (steps / self.apart).min(self.evenly.len());
        if self.last.0 > steps || self.last.0 < known * self.apart {
            let sums = &mut self.last.1;
            match known.checked_sub(1) {
                Some(known) => sums.clone_from(&self.evenly[known]),
                None => sums.clear(),
            }
            self.last.0 = known * self.apart;
        }
        while self.last.0 < steps {
            let (at, sums) = &mut self.last;
            let next = ((*at / self.apart + 1) * self.apart).min(steps);
            add(sums, *at..next);
            *at = next;
            if next == (self.evenly.len() + 1) * self.apart {
                self.evenly.push(sums.clone());
                self.thin_out();
            }
        }
    }

    /// When there are too many, every other one goes.
    fn thin_out(&mut self) {
        let each = self.last.1.len();
        if self.evenly.len() * each > MOST_OF_ONE.max(4 * each) {
            self.apart *= 2;
            let mut stays = true;
            self.evenly.retain(|_| {
                stays = !stays;
                stays
            });
        }
    }
}
