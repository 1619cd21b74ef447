//! The obvious array: in every cycle every register takes what its neighbour held. Slow, and there to be believed.

use super::{Leaving, Timing, Waves};
use crate::base::Cycle;
use crate::trace::Frame;

/// An activation on its way to the right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Activation {
    value: i32,
    pass: u32,
    row: usize,
}

/// A weight on its way down the bus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Weight {
    value: i32,
    pass: u32,
    hops_left: usize,
}

/// A weight at its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Held {
    value: i32,
    pass: u32,
}

/// The five registers of a PE.
#[derive(Clone, Copy, Debug, Default)]
struct Pe {
    act: Option<Activation>,
    psum: Option<i32>,
    active: Option<Held>,
    shadow: Option<Held>,
    bus: Option<Weight>,
}

/// An array under way.
pub struct Stepper<'w, W> {
    waves: &'w W,
    rows: usize,
    cols: usize,
    pes: Vec<Pe>,
    /// The cycle that the next step executes.
    now: Cycle,
}

impl<'w, W: Waves> Stepper<'w, W> {
    /// An empty array before cycle 0.
    pub fn new(waves: &'w W) -> Self {
        let (rows, cols) = waves.shape();
        Stepper { waves, rows, cols, pes: vec![Pe::default(); rows * cols], now: 0 }
    }

    /// Executes one cycle: the new registers follow from the old ones and from what comes in at the edges.
    pub fn step(&mut self) {
        let old = self.pes.clone();
        for row in 0..self.rows {
            for col in 0..self.cols {
                let left =
                    if col == 0 { self.entering_left(row) } else { old[row * self.cols + col - 1].act };
                let above = (row > 0).then(|| old[(row - 1) * self.cols + col]);
                let bus = match above {
                    None => self.entering_above(col),
                    Some(above) => above
                        .bus
                        .filter(|w| w.hops_left > 0)
                        .map(|w| Weight { hops_left: w.hops_left - 1, ..w }),
                };
                let sum_above = above.map_or(Some(0), |pe| pe.psum);
                let pe = &mut self.pes[row * self.cols + col];
                *pe = next(old[row * self.cols + col], left, sum_above, bus);
            }
        }
        self.now += 1;
    }

    /// The registers at the end of the last cycle executed.
    pub fn frame(&self) -> Frame {
        let mut frame = Frame::empty(self.now.saturating_sub(1), self.rows, self.cols);
        for (at, pe) in self.pes.iter().enumerate() {
            if let Some(act) = pe.act {
                (frame.act[at], frame.pass[at]) = (act.value, act.pass);
                frame.psum[at] = pe.psum.expect("a PE with an activation has a sum");
            }
            if let Some(held) = pe.active {
                (frame.weight[at], frame.weight_pass[at]) = (held.value, held.pass);
            }
            if let Some(held) = pe.shadow {
                (frame.shadow[at], frame.shadow_pass[at]) = (held.value, held.pass);
            }
            if let Some(weight) = pe.bus {
                (frame.bus[at], frame.bus_pass[at]) = (weight.value, weight.pass);
            }
        }
        frame
    }

    /// Sums in the bottom registers at the end of the last cycle executed.
    pub fn leaving(&self) -> impl Iterator<Item = Leaving> + '_ {
        let bottom = &self.pes[(self.rows - 1) * self.cols..];
        let cycle = self.now.saturating_sub(1);
        bottom.iter().enumerate().filter_map(move |(col, pe)| {
            let (act, value) = (pe.act?, pe.psum?);
            Some(Leaving { cycle, pass: act.pass as usize, row: act.row, col, value })
        })
    }

    /// A[m][i] enters row i in cycle s + m + i.
    fn entering_left(&self, row: usize) -> Option<Activation> {
        let now = self.now.checked_sub(row as Cycle)?;
        let (pass, m) = self.current(now, |t| t.start, |t| t.rows)?;
        let mut values = vec![0; self.rows];
        self.waves.activations(pass, m, &mut values);
        Some(Activation { value: values[row].into(), pass: pass as u32, row: m })
    }

    /// Weight row r enters the top of column j in cycle L + r + j, with r hops to go.
    fn entering_above(&self, col: usize) -> Option<Weight> {
        let now = self.now.checked_sub(col as Cycle)?;
        let (pass, row) = self.current(now, |t| t.load, |_| self.rows)?;
        let mut values = vec![0; self.rows];
        self.waves.weights(pass, col, &mut values);
        Some(Weight { value: values[row].into(), pass: pass as u32, hops_left: row })
    }

    /// The pass that is entering, and how far it is.
    fn current(
        &self,
        now: Cycle,
        begin: impl Fn(Timing) -> Cycle,
        length: impl Fn(Timing) -> usize,
    ) -> Option<(usize, usize)> {
        let pass =
            super::come(self.waves.passes(), now, |pass| begin(self.waves.timing(pass))).checked_sub(1)?;
        let timing = self.waves.timing(pass);
        let done = (now - begin(timing)) as usize;
        (done < length(timing)).then_some((pass, done))
    }
}

/// One PE's next registers.
fn next(old: Pe, left: Option<Activation>, sum_above: Option<i32>, bus: Option<Weight>) -> Pe {
    // The first row of a pass brings the order to swap: it finds its own tile in the shadow register.
    let swaps = left.is_some_and(|act| act.row == 0);
    let active = if swaps { old.shadow } else { old.active };
    let psum = left.map(|act| {
        let weight = active.expect("the tile lands ahead of the wave");
        assert_eq!(weight.pass, act.pass, "the active weight is of the pass at work");
        sum_above.expect("the sum comes with its row") + act.value * weight.value
    });
    let landed = bus.filter(|weight| weight.hops_left == 0);
    let shadow = landed.map(|weight| Held { value: weight.value, pass: weight.pass }).or(old.shadow);
    Pe { act: left, psum, active, shadow, bus }
}
