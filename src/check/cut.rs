//! Where a buffer is cut: wherever something that is touched begins or ends, in any iteration, with rows of a given length.

use std::collections::BTreeSet;

use super::area::{Area, Runs};
use super::grid::{Counts, Cuts};
use crate::isa::{Image, MOST_DEPTH, Patches};

/// Cuts a buffer's rows and columns.
pub(super) struct Cutter {
    width: u64,
    cuts: [Vec<u64>; 2],
    /// What has been cut out: many windows lie in the same rows or columns.
    done: [BTreeSet<Axis>; 2],
}

impl Cutter {
    pub(super) fn new(len: u64, width: u64) -> Cutter {
        Cutter { width, cuts: [vec![0, len / width], vec![0, width]], done: Default::default() }
    }

    /// Between rows, and between columns.
    pub(super) fn cuts(self) -> [Cuts; 2] {
        self.cuts.map(Cuts::new)
    }

    pub(super) fn area(&mut self, area: &Area, counts: &Counts, left: &mut u64) -> Option<()> {
        let sides = match area {
            Area::Read(runs) | Area::Write(runs, _) => lie(self.width, runs, counts)?.map(|axis| vec![axis]),
            Area::ReadPatches(patches) => lie_patches(self.width, patches, counts, left)?,
            Area::ReadSums(_) | Area::WriteSums(..) => return Some(()),
        };
        let mut sides = sides.into_iter().enumerate();
        sides.try_for_each(|(side, axes)| axes.into_iter().try_for_each(|axis| self.along(side, axis, left)))
    }

    fn along(&mut self, side: usize, axis: Axis, left: &mut u64) -> Option<()> {
        if !self.done[side].contains(&axis) {
            let firsts = everywhere(vec![axis.first], &axis.moves, left)?;
            self.cuts[side].extend(firsts.iter().flat_map(|first| [*first, first + axis.long]));
            self.done[side].insert(axis);
        }
        Some(())
    }
}

/// Lengths that rows might have.
pub(super) fn widths(len: u64, touches: &[(&Area, &Counts)]) -> Vec<u64> {
    let mut all = vec![len];
    for (area, _) in touches {
        match area {
            Area::Read(runs) | Area::Write(runs, _) if runs.many > 1 => all.push(runs.apart),
            Area::ReadPatches(patches) => all.push(patches.image.extents[3] as u64),
            _ => {}
        }
    }
    all.retain(|width| *width > 0 && len.is_multiple_of(*width));
    all.sort_unstable_by(|one, other| other.cmp(one));
    all.dedup();
    all.truncate(MOST_WIDTHS);
    all
}

/// Most lengths of rows that are tried.
const MOST_WIDTHS: usize = 16;

pub(super) fn times(counts: &Counts) -> u64 {
    counts.iter().fold(1, |all, count| all.saturating_mul(u64::from(*count)))
}

/// Rectangles that are touched if rows are so long; nothing if they are not whole cells.
pub(super) fn cost(width: u64, touches: &[(&Area, &Counts)]) -> Option<u64> {
    touches.iter().try_fold(0u64, |sum, (area, counts)| {
        let times = times(counts);
        let pieces = match area {
            Area::Read(runs) | Area::Write(runs, _) => {
                lie(width, runs, counts)?;
                if is_rectangle(width, runs) { 1 } else { runs.many }
            }
            Area::ReadPatches(patches) => {
                is_image_of(width, patches, counts)?;
                patches.rows as u64
            }
            Area::ReadSums(_) | Area::WriteSums(..) => 0,
        };
        Some(sum.saturating_add(pieces.saturating_mul(times)))
    })
}

/// Whether runs stand below each other.
pub(super) fn is_rectangle(width: u64, runs: &Runs) -> bool {
    !runs.alone && runs.many > 1 && runs.apart == width && runs.first % width + runs.len <= width
}

/// Where runs lie along rows and columns in all iterations; nothing if they are not evenly cut into rows of this length.
fn lie(width: u64, runs: &Runs, counts: &Counts) -> Option<[Axis; 2]> {
    let mut moves: Vec<(i64, u64)> = moving(&runs.advance, counts);
    let rectangle = is_rectangle(width, runs);
    if !rectangle && runs.many > 1 {
        moves.push((i64::try_from(runs.apart).ok()?, runs.many));
    }
    // One row has no other one that something could move to.
    let by_rows = |step: i64| step.unsigned_abs().is_multiple_of(width);
    let (down, right): (Vec<_>, Vec<_>) = moves.into_iter().partition(|(step, _)| by_rows(*step));
    let down = down.into_iter().map(|(step, count)| (step / width as i64, count)).collect();
    let first = runs.first % width;
    let whole = first == 0 && right.is_empty() && runs.len.is_multiple_of(width);
    let [tall, long] = match () {
        () if rectangle => [runs.many, runs.len],
        () if whole => [runs.len / width, width],
        () => [1, runs.len],
    };
    let col = Axis { long, first, moves: right };
    col.stays(width).then_some([Axis { long: tall, first: runs.first / width, moves: down }, col])
}

fn moving(advance: &[i64; MOST_DEPTH], counts: &Counts) -> Vec<(i64, u64)> {
    let all = advance.iter().zip(counts).map(|(step, count)| (*step, u64::from(*count)));
    all.filter(|(step, count)| *step != 0 && *count > 1).collect()
}

/// Whether an image's pixels are rows of this length, or it lies in one row.
fn is_image_of(width: u64, patches: &Patches, counts: &Counts) -> Option<()> {
    let Patches { image, .. } = patches;
    let [n, h, w, c] = image.extents.map(|extent| extent as u64);
    let moves = moving(&patches.moves, counts);
    let apart = |step: u64| step.is_multiple_of(width);
    let as_rows =
        width == c && apart(patches.offset) && moves.iter().all(|(step, _)| apart(step.unsigned_abs()));
    let all = Axis { long: n.checked_mul(h)?.checked_mul(w)?.checked_mul(c)?, first: patches.offset, moves };
    (as_rows || all.stays(width)).then_some(())
}

/// The channels that patches in an iteration touch, if they are whole windows of whole groups.
pub(super) fn whole_windows(patches: &Patches) -> Option<[u64; 2]> {
    let group = patches.image.each * patches.image.taps();
    let ends = [patches.first[1], patches.first[1] + patches.cols];
    let whole = ends.iter().all(|end| end.is_multiple_of(group));
    whole.then(|| ends.map(|end| (end / group * patches.image.each) as u64))
}

/// The pixels that whole windows of patches in an iteration touch, if they follow each other: those at all places of some rows of
/// an image or of whole images, or at some places where windows are of one row.
pub(super) fn block(patches: &Patches) -> Option<[u64; 2]> {
    let Image { extents: [_, h, w, _], places, size, stride, padding, dilation, .. } = patches.image;
    if dilation != [1, 1] || stride[0] > size[0] || stride[1] > size[1] {
        return None;
    }
    // What windows at places from one to another touch along a side of so many pixels.
    let along = |side: usize, [from, to]: [usize; 2], all: usize| {
        let last = (to * stride[side] + size[side]).saturating_sub(padding[side]).min(all);
        [(from * stride[side]).saturating_sub(padding[side]), last]
    };
    let ends = [patches.first[0], patches.first[0] + patches.rows - 1];
    let [row, last_row] = ends.map(|place| place / places[1]);
    let [image, last_image] = ends.map(|place| place / places[1] / places[0]);
    let ys = along(0, [row % places[0], last_row % places[0]], h);
    let xs = along(1, ends.map(|place| place % places[1]), w);
    let (whole_images, whole_rows) =
        (ys == [0, h] && row % places[0] == 0, xs == [0, w] && is_whole(patches));
    let pixels = match () {
        () if whole_rows && (image == last_image || whole_images) => {
            [image * h + ys[0], last_image * h + ys[1]].map(|row| row * w)
        }
        () if row == last_row && ys[1] - ys[0].min(ys[1]) == 1 => {
            [(image * h + ys[0]) * w + xs[0], (image * h + ys[0]) * w + xs[1]]
        }
        () => return None,
    };
    (pixels[0] < pixels[1]).then(|| pixels.map(|pixel| pixel as u64))
}

/// Whether patches in an iteration are at all places of their rows.
fn is_whole(patches: &Patches) -> bool {
    let wide = patches.image.places[1];
    patches.first[0].is_multiple_of(wide) && patches.rows.is_multiple_of(wide)
}

/// Where an image's pixels and the channels of its windows lie along rows and columns, in all iterations.
fn lie_patches(width: u64, patches: &Patches, counts: &Counts, left: &mut u64) -> Option<[Vec<Axis>; 2]> {
    is_image_of(width, patches, counts)?;
    let [n, h, w, c] = patches.image.extents.map(|extent| extent as u64);
    let (row, col) = (patches.offset / width, patches.offset % width);
    let (moves, channels) = (moving(&patches.moves, counts), channels(patches, counts, left)?);
    let axis = |first: u64, [from, to]: [u64; 2], moves: &[(i64, u64)]| Axis {
        long: to - from,
        first: first + from,
        moves: moves.to_vec(),
    };
    if width != c {
        let moves = [&moves[..], &[(i64::try_from(c).ok()?, n * h * w)]].concat();
        let cols = channels.into_iter().map(|channels| axis(col, channels, &moves)).collect();
        return Some([vec![axis(row, [0, 1], &[])], cols]);
    }
    let moves: Vec<_> = moves.into_iter().map(|(step, count)| (step / width as i64, count)).collect();
    let rows = match blocks(patches, counts, left) {
        Some(blocks) => blocks.into_iter().map(|pixels| axis(row, pixels, &moves)).collect(),
        None => vec![axis(row, [0, 1], &[&moves[..], &[(1, n * h * w)]].concat())],
    };
    Some([rows, channels.into_iter().map(|channels| axis(col, channels, &[])).collect()])
}

/// Pixels that are touched, all of them, in an iteration, of every iteration; nothing if they are not always blocks.
fn blocks(patches: &Patches, counts: &Counts, left: &mut u64) -> Option<Vec<[u64; 2]>> {
    let mut side = |side: usize| {
        let advance = patches.advance.map(|step| step[side] as i64);
        everywhere(vec![patches.first[side] as u64], &moving(&advance, counts), left)
    };
    let at = |[row, col]: [u64; 2]| Patches { first: [row as usize, col as usize], ..*patches };
    let [row, col] = patches.first.map(|first| first as u64);
    side(1)?.into_iter().try_for_each(|col| whole_windows(&at([row, col])).map(|_| ()))?;
    side(0)?.into_iter().map(|row| block(&at([row, col]))).collect()
}

/// Channels of a pixel that are touched together: from one to another. Windows of whole groups touch all of their channels.
fn channels(patches: &Patches, counts: &Counts, left: &mut u64) -> Option<Vec<[u64; 2]>> {
    let [c, each] = [patches.image.extents[3], patches.image.each].map(|side| side as u64);
    let advance = patches.advance.map(|step| step[1] as i64);
    let firsts = everywhere(vec![patches.first[1] as u64], &moving(&advance, counts), left)?;
    let ends = firsts.iter().flat_map(|first| [*first, first + patches.cols as u64]);
    let group = each * patches.image.taps() as u64;
    let cuts = if ends.clone().all(|end| end.is_multiple_of(group)) {
        Cuts::new(ends.map(|end| end / group * each).chain([0, c]).collect())
    } else {
        let within = Cuts::new(ends.map(|end| end % each).chain([0, each]).collect()).0;
        *left = left.checked_sub((within.len() as u64).saturating_mul(c / each))?;
        let groups = (0..c / each).map(|group| group * each);
        Cuts::new(groups.flat_map(|group| within.iter().map(move |cut| group + cut)).collect())
    };
    Some(cuts.0.windows(2).map(|ends| [ends[0], ends[1]]).collect())
}

/// Where something lies along rows or columns: how long it is, its first place, and how it moves.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Axis {
    long: u64,
    first: u64,
    moves: Vec<(i64, u64)>,
}

impl Axis {
    /// Whether it stays within a side.
    fn stays(&self, side: u64) -> bool {
        let far = |(step, count): &(i64, u64)| i128::from(*step) * i128::from(count - 1);
        let [back, on] = [-1, 1]
            .map(|sign| -> i128 { self.moves.iter().map(far).filter(|far| far.signum() == sign).sum() });
        let first = i128::from(self.first);
        first + back >= 0 && first + i128::from(self.long) + on <= i128::from(side)
    }
}

/// Most places of one window: they take memory.
const MOST_AT_ONCE: u64 = 1 << 23;

/// Every place that something has, first in one of some places and then moved by steps, each so often at most.
pub(super) fn everywhere(mut places: Vec<u64>, moves: &[(i64, u64)], left: &mut u64) -> Option<Vec<u64>> {
    for (step, count) in moves {
        let all = (places.len() as u64).saturating_mul(*count);
        *left = left.checked_sub(all).filter(|_| all <= MOST_AT_ONCE)?;
        let from = |place: u64| (0..*count).map(move |nth| place.wrapping_add_signed(step * nth as i64));
        places = places.into_iter().flat_map(from).collect();
        places.sort_unstable();
        places.dedup();
    }
    Some(places)
}
