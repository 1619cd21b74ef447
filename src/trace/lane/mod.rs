//! What a unit did, run after run, with repetition kept as repetition: a loop whose machine state repeats is one piece
//! however often it ran, so that a lane is as long as its program's structure, not as its cycles.

mod stretches;
mod sums;

pub use stretches::Stretch;
pub use sums::{Place, Sums};

use crate::base::Cycle;

/// Something with a time and a place in the program's loops.
pub trait Run: Clone {
    /// When it began; ascends along a lane.
    fn start(&self) -> Cycle;
    /// The same, later, in another iteration of the loop at a depth.
    fn shifted(&self, by: Cycle, depth: usize, iterations: u32) -> Self;
}

/// Runs in the order in which they began.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lane<T> {
    pieces: Vec<Piece<T>>,
    /// By piece: runs up to its end.
    ends: Vec<u64>,
}

/// Part of a lane.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece<T> {
    One(T),
    Many(Repeated<T>),
}

/// Runs that came again and again.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Repeated<T> {
    body: Lane<T>,
    period: Period,
    times: u64,
}

/// What a repetition is later than the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    /// In cycles.
    pub cycles: Cycle,
    /// The loop's depth.
    pub depth: usize,
    /// In iterations of that loop.
    pub iterations: u32,
}

impl<T> Default for Lane<T> {
    fn default() -> Self {
        Lane { pieces: Vec::new(), ends: Vec::new() }
    }
}

impl<T: Run> Lane<T> {
    /// Number of runs.
    pub fn len(&self) -> u64 {
        self.ends.last().copied().unwrap_or(0)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// Run number `index`, if there are as many.
    pub fn get(&self, index: u64) -> Option<T> {
        let at = self.ends.partition_point(|end| *end <= index);
        let within = index - at.checked_sub(1).map_or(0, |before| self.ends[before]);
        match self.pieces.get(at)? {
            Piece::One(run) => Some(run.clone()),
            Piece::Many(repeated) => {
                let times = within / repeated.body.len();
                let run = repeated.body.get(within % repeated.body.len())?;
                Some(repeated.period.shift(&run, times))
            }
        }
    }

    /// The last one.
    pub fn last(&self) -> Option<T> {
        self.get(self.len().checked_sub(1)?)
    }

    /// How many runs have a time, as `of` tells it, of `now` or before; such times ascend with the starts.
    pub fn come(&self, now: Cycle, of: impl Fn(&T) -> Cycle + Copy) -> u64 {
        let at = self.pieces.partition_point(|piece| of(piece.first()) <= now);
        let Some(last) = at.checked_sub(1) else { return 0 };
        let before = last.checked_sub(1).map_or(0, |before| self.ends[before]);
        before
            + match &self.pieces[last] {
                Piece::One(_) => 1,
                Piece::Many(Repeated { body, period, times }) => {
                    let repetition = ((now - of(body.first())) / period.cycles).min(times - 1);
                    repetition * body.len() + body.come(now - repetition * period.cycles, of)
                }
            }
    }

    /// The last run before number `end` that `is` as asked, in whatever iteration: `is` must not ask for times or
    /// iterations.
    pub fn last_before(&self, end: u64, is: impl Fn(&T) -> bool + Copy) -> Option<u64> {
        let reached = self.ends.partition_point(|piece_end| *piece_end < end) + 1;
        let pieces = self.pieces.iter().zip(&self.ends).take(reached).enumerate();
        pieces.rev().find_map(|(at, (piece, piece_end))| {
            let begin = at.checked_sub(1).map_or(0, |before| self.ends[before]);
            let within = end.min(*piece_end).checked_sub(begin)?;
            let found = match piece {
                Piece::One(run) => (within > 0 && is(run)).then_some(0),
                Piece::Many(Repeated { body, .. }) => {
                    let (times, within) = (within / body.len(), within % body.len());
                    let here = body.last_before(within, is).map(|found| times * body.len() + found);
                    let earlier = || body.last_before(body.len(), is);
                    here.or_else(|| Some((times.checked_sub(1)? * body.len()) + earlier()?))
                }
            };
            found.map(|found| begin + found)
        })
    }

    /// The first run from number `begin` on that `is` as asked, in whatever iteration: `is` must not ask for times or iterations.
    pub fn first_from(&self, begin: u64, is: impl Fn(&T) -> bool + Copy) -> Option<u64> {
        let reached = self.ends.partition_point(|end| *end <= begin);
        (reached..self.pieces.len()).find_map(|at| {
            let before = at.checked_sub(1).map_or(0, |before| self.ends[before]);
            let within = begin.saturating_sub(before);
            let found = match &self.pieces[at] {
                Piece::One(run) => is(run).then_some(0),
                Piece::Many(Repeated { body, times, .. }) => {
                    let (time, within) = (within / body.len(), within % body.len());
                    let here = body.first_from(within, is).map(|found| time * body.len() + found);
                    let later = || (time + 1 < *times).then(|| body.first_from(0, is)).flatten();
                    here.or_else(|| Some((time + 1) * body.len() + later()?))
                }
            };
            found.map(|found| before + found)
        })
    }

    /// How many runs there are that are as asked, in whatever iteration, among the first so many.
    pub fn count_before(&self, end: u64, is: impl Fn(&T) -> bool + Copy) -> u64 {
        let mut begin = 0;
        let mut count = 0;
        for (piece, piece_end) in self.pieces.iter().zip(&self.ends) {
            let Some(within) = end.min(*piece_end).checked_sub(begin).filter(|within| *within > 0) else {
                break;
            };
            count += match piece {
                Piece::One(run) => u64::from(is(run)),
                Piece::Many(Repeated { body, .. }) => {
                    let (times, within) = (within / body.len(), within % body.len());
                    let rest = body.count_before(within, is);
                    rest + if times > 0 { times * body.count_before(body.len(), is) } else { 0 }
                }
            };
            begin = *piece_end;
        }
        count
    }

    /// Shows every run once: the first of its kind, how many there are like it in all but time, and the last of them.
    pub fn for_each_kind(&self, each: &mut dyn FnMut(&T, u64, &T)) {
        self.kinds(1, each);
    }

    fn kinds(&self, times: u64, each: &mut dyn FnMut(&T, u64, &T)) {
        for piece in &self.pieces {
            match piece {
                Piece::One(run) => each(run, times, run),
                Piece::Many(Repeated { body, period, times: repeated }) => {
                    body.kinds(times * repeated, &mut |run, times, last| {
                        each(run, times, &period.shift(last, repeated - 1));
                    });
                }
            }
        }
    }

    /// Runs from number `first` on.
    pub fn iter_from(&self, first: u64) -> impl Iterator<Item = T> + '_ {
        (first..self.len()).map_while(|index| self.get(index))
    }

    fn first(&self) -> &T {
        self.pieces.first().expect("a repeated body has runs").first()
    }

    /// Adds a run that began no earlier than all before.
    pub fn push(&mut self, run: T) {
        self.add(Piece::One(run), 1);
    }

    /// Number of pieces, to come back to in [`Lane::repeat_from`].
    pub fn mark(&self) -> usize {
        self.pieces.len()
    }

    /// All pieces since a mark came again, `more` times.
    pub fn repeat_from(&mut self, mark: usize, period: Period, more: u64) {
        let body: Vec<Piece<T>> = self.pieces.drain(mark..).collect();
        let before = mark.checked_sub(1).map_or(0, |before| self.ends[before]);
        let ends: Vec<u64> = self.ends.drain(mark..).map(|end| end - before).collect();
        let Some(runs) = ends.last().copied() else { return };
        let times = more + 1;
        self.add(Piece::Many(Repeated { body: Lane { pieces: body, ends }, period, times }), runs * times);
    }

    fn add(&mut self, piece: Piece<T>, runs: u64) {
        self.ends.push(self.len() + runs);
        self.pieces.push(piece);
    }
}

impl<T: Run> Piece<T> {
    fn first(&self) -> &T {
        match self {
            Piece::One(run) => run,
            Piece::Many(repeated) => repeated.body.first(),
        }
    }
}

impl Period {
    fn shift<T: Run>(&self, run: &T, times: u64) -> T {
        // Iterations are below 2^32 in every verified loop.
        run.shifted(times * self.cycles, self.depth, times as u32 * self.iterations)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Debug, PartialEq)]
    struct Tick(Cycle, u32);

    impl Run for Tick {
        fn start(&self) -> Cycle {
            self.0
        }
        fn shifted(&self, by: Cycle, _: usize, iterations: u32) -> Self {
            Tick(self.0 + by, self.1 + iterations)
        }
    }

    /// 5, then 10 and 12 three times 10 apart, that whole five times 100 apart, then 900.
    fn lane() -> Lane<Tick> {
        let mut lane = Lane::default();
        lane.push(Tick(5, 0));
        let outer = lane.mark();
        lane.push(Tick(10, 0));
        lane.push(Tick(12, 0));
        lane.repeat_from(outer, Period { cycles: 10, depth: 1, iterations: 1 }, 2);
        lane.repeat_from(outer, Period { cycles: 100, depth: 0, iterations: 1 }, 4);
        lane.push(Tick(900, 0));
        lane
    }

    #[test]
    fn runs_are_found_by_number_and_by_time() {
        let lane = lane();
        let all: Vec<Tick> = lane.iter_from(0).collect();
        assert_eq!(all.len(), 32);
        assert_eq!(lane.len(), 32);
        assert_eq!(all[1], Tick(10, 0));
        assert_eq!(all[6], Tick(32, 2));
        assert_eq!(all[7], Tick(110, 1));
        assert_eq!(lane.last(), Some(Tick(900, 0)));
        for now in 0..1000 {
            let come = all.iter().filter(|tick| tick.0 <= now).count() as u64;
            assert_eq!(lane.come(now, |tick| tick.0), come, "cycle {now}");
        }
        for wanted in [5, 10, 12, 900] {
            // Times within the first iteration tell the kinds apart.
            let is = |tick: &Tick| tick.0 == wanted;
            let kind = |tick: &Tick| if tick.0 == 5 || tick.0 == 900 { tick.0 } else { 10 + tick.0 % 10 };
            for end in 0..40 {
                let expected = all.iter().take(end as usize).rposition(|tick| kind(tick) == wanted);
                assert_eq!(lane.last_before(end, is), expected.map(|at| at as u64), "{wanted} before {end}");
                let first = all.iter().skip(end as usize).position(|tick| kind(tick) == wanted);
                let expected = first.map(|at| at as u64 + end);
                assert_eq!(lane.first_from(end, is), expected, "{wanted} from {end} on");
                let count = all.iter().take(end as usize).filter(|tick| kind(tick) == wanted).count() as u64;
                assert_eq!(lane.count_before(end, is), count, "{wanted} among {end}");
            }
        }
        let sums = lane.sums(|tick| 1 + tick.0 % 10);
        for count in 0..40 {
            let expected: u64 = all.iter().take(count as usize).map(|tick| 1 + tick.0 % 10).sum();
            assert_eq!(lane.sum_of_first(count, &sums), expected, "the first {count}");
        }
        assert_eq!(lane.sum_of_first(32, &sums), sums.total());
        for now in 0..1000 {
            let place = lane.place(now, |tick| tick.0, &sums);
            let (runs, last) =
                place.as_ref().map_or((0, None), |place| (place.runs, Some(place.last.0 + place.later)));
            assert_eq!(runs, lane.come(now, |tick| tick.0), "cycle {now}");
            assert_eq!(last, runs.checked_sub(1).map(|last| all[last as usize].0), "cycle {now}");
            let before = place.as_ref().map_or(0, |place| place.before);
            assert_eq!(before, lane.sum_of_first(runs.saturating_sub(1), &sums), "cycle {now}");
        }
        for (index, tick) in all.iter().enumerate() {
            let first = lane.first_like(index as u64).unwrap();
            assert_eq!((first.0 % 10, first.0 <= tick.0), (tick.0 % 10, true));
        }
        let mut count = 0;
        let mut latest = 0;
        lane.for_each_kind(&mut |_, times, last| {
            count += times;
            latest = latest.max(last.0);
        });
        assert_eq!((count, latest), (32, 900));
        // By the first iteration's times, which all iterations share.
        let number = |tick: &Tick| if tick.0 == 5 || tick.0 == 900 { tick.0 } else { tick.0 % 10 + 1 };
        let sums = lane.sums(number);
        for count in 0..=32 {
            let expected: u64 = all.iter().take(count as usize).map(number).sum();
            assert_eq!(lane.sum_of_first(count, &sums), expected, "the first {count}");
        }
        assert_eq!(sums.total(), all.iter().map(number).sum::<u64>());
    }
}
