//! Neighbours in a lane that are the same operator's, as one.

use super::{Lane, Piece, Repeated, Run};
use crate::base::Cycle;
use crate::isa::{InstructionId, Iteration, ProgramOpId};

/// Runs of an operator one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// Whose.
    pub op: ProgramOpId,
    /// The first one.
    pub instruction: InstructionId,
    /// Its iteration.
    pub iteration: Iteration,
    /// Its first cycle.
    pub start: Cycle,
    /// One past the last cycle in which the unit is busy with the last one.
    pub end: Cycle,
    /// How many they are.
    pub runs: u64,
}

impl Run for Stretch {
    fn start(&self) -> Cycle {
        self.start
    }

    fn shifted(&self, by: Cycle, depth: usize, iterations: u32) -> Self {
        let mut stretch = *self;
        stretch.iteration[depth] += iterations;
        stretch.start += by;
        stretch.end += by;
        stretch
    }
}

impl<T: Run> Lane<T> {
    /// The lane's stretches; `of` makes one of a single run, or none of a run that is left out. Runs of an operator in loops that
    /// are nobody else's are one stretch; in a loop that several share, each iteration has stretches of its own.
    pub fn stretches(&self, of: &dyn Fn(&T) -> Option<Stretch>) -> Lane<Stretch> {
        let mut lane = Lane::default();
        for piece in &self.pieces {
            match piece {
                Piece::One(run) => of(run).into_iter().for_each(|stretch| lane.join(stretch)),
                Piece::Many(Repeated { body, period, times }) => {
                    let body = body.stretches(of);
                    match &body.pieces[..] {
                        [] => {}
                        [Piece::One(stretch)] => {
                            let end = period.shift(stretch, times - 1).end;
                            lane.join(Stretch { end, runs: stretch.runs * times, ..*stretch });
                        }
                        _ => {
                            let runs = body.len() * times;
                            lane.add(Piece::Many(Repeated { body, period: *period, times: *times }), runs);
                        }
                    }
                }
            }
        }
        lane
    }
}

impl Lane<Stretch> {
    fn join(&mut self, next: Stretch) {
        match self.pieces.last_mut() {
            Some(Piece::One(last)) if last.op == next.op => {
                last.end = next.end;
                last.runs += next.runs;
            }
            _ => self.push(next),
        }
    }
}
