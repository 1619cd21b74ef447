//! The array under way, where weights stay, as fast as it goes: state after state, or any number of cycles at once.

use std::collections::VecDeque;
use std::ops::Range;

use super::kernel::{Active, Laid, Streams, Stride, Sums, Tile};
use super::{Number, Waves, last};
use crate::base::Cycle;
use crate::chip::Stationary;
use crate::timing::Sides;

/// An array where weights stay, at the end of some cycle.
pub struct Flow<'w, W: Waves> {
    waves: &'w W,
    now: Cycle,
    /// Passes with a step in the array, and on which diagonals; the newest first.
    at_work: Vec<(usize, Range<usize>)>,
    tiles: Tiles<W::Number>,
    active: Active<W::Number>,
    lanes: Vec<Lane<W::Number>>,
}

/// One lane's activations and partial sums.
struct Lane<N: Number> {
    streams: Streams<N>,
    sums: Sums<N>,
}

impl<'w, W: Waves> Flow<'w, W> {
    /// At the end of cycle `t`, wherever that lies. There is none where sums stay, or some pass skips weights.
    pub fn at(waves: &'w W, t: Cycle) -> Option<Self> {
        if waves.stationary() != Stationary::Weights || waves.skips() {
            return None;
        }
        let lane = |lane| Lane { streams: Streams::new(waves, lane, t), sums: Sums::new(waves.sides()) };
        let lanes = (0..waves.lanes()).map(lane).collect();
        let active = Active::new(waves.sides());
        let mut flow = Flow { waves, now: t, at_work: Vec::new(), tiles: Tiles::default(), active, lanes };
        flow.go_on(0, Laid::Packed);
        // No sum is older than the array is high.
        flow.add(Stride::Whole);
        Some(flow)
    }

    /// The cycle at whose end the registers are these.
    pub fn now(&self) -> Cycle {
        self.now
    }

    /// So many cycles on.
    pub fn advance(&mut self, cycles: Cycle) {
        let rows = self.waves.sides().rows as Cycle;
        if cycles >= rows {
            return self.stride(cycles, Stride::Whole);
        }
        for _ in 0..cycles / 8 {
            self.stride(8, Stride::Eight);
        }
        for _ in 0..cycles % 8 {
            self.step();
        }
    }

    fn stride(&mut self, cycles: Cycle, stride: Stride) {
        self.go_on(cycles, Laid::Packed);
        self.add(stride);
    }

    fn go_on(&mut self, cycles: Cycle, laid: Laid) {
        self.now += cycles;
        for Lane { streams, sums } in &mut self.lanes {
            streams.seek(self.waves, self.now, laid);
            sums.sink(cycles);
        }
        let at_work = at_work(self.waves, self.now);
        self.tiles.keep(self.waves, &at_work);
        self.at_work = at_work;
    }

    /// What has been added in the cycles up to now.
    fn add(&mut self, stride: Stride) {
        let at_work = self.tiles.all_of(&self.at_work);
        for Lane { streams, sums } in &mut self.lanes {
            sums.add(streams, &at_work, stride);
        }
    }

    /// One cycle on.
    fn step(&mut self) {
        self.go_on(1, Laid::Plain);
        self.active.go_to(self.waves.sides(), self.now, &self.tiles.all_of(&self.at_work));
        for Lane { streams, sums } in &mut self.lanes {
            sums.step(streams, &self.active);
        }
    }

    /// By column, of so many: the pass that each PE of a row is at work on, or [`crate::trace::NONE`]. Row 0 goes on beyond the
    /// array's columns, as far as its last row reaches.
    pub fn passes(&self, lane: usize, row: usize, cols: usize) -> &[u32] {
        &self.lanes[lane].streams.passes(row)[..cols]
    }

    /// By column: the activations of a row; they count where there is a pass.
    pub fn activations(
        &self,
        lane: usize,
        row: usize,
    ) -> impl Iterator<Item = <W::Number as Number>::Operand> {
        self.lanes[lane].streams.row(row).take(self.waves.sides().cols)
    }

    /// The same as they are shown.
    pub(super) fn show_activations(&self, lane: usize, row: usize, into: &mut [W::Number]) {
        self.lanes[lane].streams.show_row(row, into);
    }

    /// By column: the partial sums of a row; they count where there is a pass.
    pub fn sums(&self, lane: usize, row: usize) -> &[W::Number] {
        self.lanes[lane].sums.row(row)
    }
}

/// Passes with a step in the array at the end of cycle `t`, and the diagonals from their last to their first one; the
/// newest pass first.
fn at_work(waves: &impl Waves, t: Cycle) -> Vec<(usize, Range<usize>)> {
    let Sides { rows, cols } = waves.sides();
    let diagonals = rows + cols - 1;
    let Some(newest) = last(waves.passes(), t, |pass| waves.timing(pass).stream.start) else {
        return Vec::new();
    };
    let of = |pass: usize| {
        let stream = waves.timing(pass).stream;
        let from = usize::try_from(t.saturating_sub(stream.last_entry())).unwrap_or(usize::MAX);
        let to = usize::try_from(t - stream.start).unwrap_or(usize::MAX).saturating_add(1);
        (pass, from..to.min(diagonals))
    };
    (0..=newest).rev().map(of).take_while(|(_, range)| range.start < diagonals).collect()
}

/// The tiles at work.
struct Tiles<N: Number> {
    /// The pass of the first one.
    first: usize,
    tiles: VecDeque<Tile<N>>,
}

impl<N: Number> Default for Tiles<N> {
    fn default() -> Self {
        Tiles { first: 0, tiles: VecDeque::new() }
    }
}

impl<N: Number> Tiles<N> {
    /// Keeps those of these passes, which descend without a gap.
    fn keep(&mut self, waves: &impl Waves<Number = N>, passes: &[(usize, Range<usize>)]) {
        let (Some((newest, _)), Some((oldest, _))) = (passes.first(), passes.last()) else { return };
        let gone = (oldest - self.first).min(self.tiles.len());
        self.tiles.drain(..gone);
        self.first = *oldest;
        for pass in oldest + self.tiles.len()..=*newest {
            self.tiles.push_back(Tile::new(waves, pass));
        }
    }

    /// In place of passes, their tiles.
    fn all_of(&self, passes: &[(usize, Range<usize>)]) -> Vec<(&Tile<N>, Range<usize>)> {
        passes.iter().map(|(pass, diagonals)| (&self.tiles[pass - self.first], diagonals.clone())).collect()
    }
}
