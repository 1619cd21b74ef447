//! Sides of tiles that are worth a try.

/// Most sides that are tried along an extent that is not cut in every way.
pub(super) const MOST_SIDES: usize = 96;
/// Most sides near one.
pub(super) const MOST_NEAR: usize = 32;
/// Extents up to this are cut in every way.
const SMALL: usize = 16;

/// Every side of a tile that is at most so long, the longest first.
pub(super) fn all(extent: usize, longest: usize) -> Vec<usize> {
    (1..=longest.min(extent)).rev().collect()
}

/// Sides that cut an extent as evenly as can be, into as many parts as there must be and more, and the longest one, which leaves the
/// shortest last part.
pub(super) fn even(extent: usize, longest: usize) -> Vec<usize> {
    let longest = longest.min(extent);
    if extent <= SMALL {
        return all(extent, longest);
    }
    let mut sides = vec![longest];
    let mut parts = extent.div_ceil(longest);
    while sides.len() < MOST_SIDES && parts <= extent {
        let side = extent.div_ceil(parts);
        if Some(&side) != sides.last() {
            sides.push(side);
        }
        // As many parts as make the side shorter.
        parts = if side > 1 { extent.div_ceil(side - 1) } else { extent + 1 };
    }
    sides
}

/// Every side from the one that makes a part more than this one does, to the one that makes a part less; the nearest of them if they are many.
pub(super) fn near(extent: usize, longest: usize, side: usize) -> Vec<usize> {
    let (longest, side) = (longest.min(extent), side.min(longest).min(extent));
    let parts = extent.div_ceil(side);
    let from = extent.div_ceil(parts + 1).max(side.saturating_sub(MOST_NEAR / 2 - 1)).max(1);
    let to = extent.div_ceil(parts.saturating_sub(1).max(1)).min(side + MOST_NEAR / 2).min(longest);
    (from..=to.max(from)).rev().collect()
}
