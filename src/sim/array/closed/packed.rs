//! Frames where some pass skips weights: PEs of a column take unlike activations, so that each is worked out by itself.

use super::Diagonals;
use crate::base::Cycle;
use crate::sim::array::packed::{Slot, Slots, depth};
use crate::sim::array::{Number, Operand, Waves, frame_shape};
use crate::timing::Sides;
use crate::trace::{Frame, NONE};

/// Slots by pass, each made once.
struct Tiles<'w, W: Waves> {
    waves: &'w W,
    tiles: Vec<(usize, Slots<Operand<W>>)>,
}

impl<W: Waves> Tiles<'_, W> {
    fn of(&mut self, pass: usize) -> &Slots<Operand<W>> {
        let at = self.tiles.iter().position(|(of, _)| *of == pass).unwrap_or_else(|| {
            self.tiles.push((pass, Slots::<Operand<W>>::new(self.waves, pass)));
            self.tiles.len() - 1
        });
        &self.tiles[at].1
    }

    /// What stands in a register: the value, its row of k, its pass.
    fn show(
        &mut self,
        pass: Option<usize>,
        row: usize,
        col: usize,
        into: [&mut u32; 2],
        value: &mut W::Number,
    ) {
        let Some(pass) = pass else { return };
        let Slot { value: weight, k } = self.of(pass).of(row, col);
        *value = W::Number::of(weight).settled();
        *into[0] = pass as u32;
        *into[1] = k;
    }
}

pub(super) fn frame<W: Waves>(waves: &W, t: Cycle) -> Frame<W::Number> {
    let mut frame = Frame::empty(t, frame_shape(waves));
    frame.show_rows_of_k();
    let Sides { rows, cols } = waves.sides();
    let streams = Diagonals::new(t, rows + cols - 1, waves.passes(), |p| waves.timing(p).stream.start);
    let loads = Diagonals::new(t, 2 * rows + cols - 2, waves.passes(), |p| waves.timing(p).load);
    let mut tiles = Tiles { waves, tiles: Vec::new() };
    for (row, col) in (0..rows).flat_map(|row| (0..cols).map(move |col| (row, col))) {
        let at = frame.at(row, col);
        let Frame { weight, weight_pass, weight_k, shadow, shadow_pass, shadow_k, .. } = &mut frame;
        let into = [&mut weight_pass[at], &mut weight_k[at]];
        tiles.show(streams.pass(row + col), row, col, into, &mut weight[at]);
        let into = [&mut shadow_pass[at], &mut shadow_k[at]];
        tiles.show(loads.pass(2 * row + col), row, col, into, &mut shadow[at]);
        // The tile's row that is so many hops in; it moves down to its own row, no further.
        let Some(pass) = loads.pass(row + col) else { continue };
        let passing = t - waves.timing(pass).load - (row + col) as Cycle;
        if let Some(own) = usize::try_from(passing).ok().filter(|own| (row..rows).contains(own)) {
            let Frame { bus, bus_pass, bus_k, .. } = &mut frame;
            tiles.show(Some(pass), own, col, [&mut bus_pass[at], &mut bus_k[at]], &mut bus[at]);
        }
    }
    show_flow(&mut tiles, &streams, &mut frame);
    frame
}

/// Activations and partial sums: on a diagonal all PEs work on the same steps.
fn show_flow<W: Waves>(tiles: &mut Tiles<W>, streams: &Diagonals, frame: &mut Frame<W::Number>) {
    let (waves, Sides { rows, cols }) = (tiles.waves, tiles.waves.sides());
    for d in 0..rows + cols - 1 {
        let Some(pass) = streams.pass(d) else { break };
        let mut activations = super::zeros::<W>(depth(waves, pass));
        for (lane, step) in waves.timing(pass).stream.entering(frame.cycle - d as Cycle).enumerate() {
            waves.activations(pass, step, &mut activations);
            let tile = tiles.of(pass);
            for row in (d + 1).saturating_sub(cols)..=d.min(rows - 1) {
                let (at, col) = ((lane * rows + row) * cols + d - row, d - row);
                let taken = |row: usize| {
                    let Slot { value, k } = tile.of(row, col);
                    (k != NONE).then(|| (activations[k as usize], value))
                };
                let sum = (0..=row).filter_map(taken);
                let sum = sum.fold(W::Number::default(), |sum, (act, weight)| sum.mac(act, weight));
                frame.psum[at] = sum.settled();
                frame.act[at] =
                    taken(row).map_or_else(Default::default, |(act, _)| W::Number::of(act).settled());
                (frame.pass[at], frame.psum_pass[at]) = (pass as u32, pass as u32);
            }
        }
    }
}
