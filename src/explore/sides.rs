//! Sides of tiles that are worth a try.

/// Extents up to this are cut in every way.
const SMALL: usize = 16;
/// Extents up to this are cut into as many parts as can be.
const MEDIUM: usize = 64;

/// Sides of a tile, along an extent, that might be better than those planned and than the best so far: all of a small extent; of
/// others those that cut it as evenly as can be, into as many parts as planned and some more, and those next to the best.
pub fn worth_a_try(extent: usize, planned: usize, best: usize) -> Vec<usize> {
    if extent <= SMALL {
        return (1..=extent).rev().collect();
    }
    let parts = |side: usize| extent.div_ceil(side.max(1));
    let few = parts(planned);
    let even = [few, few + 1, few + 2, few + 3, 2 * few, 3 * few, 4 * few, 8 * few];
    let near = [parts(best) + 1, parts(best).saturating_sub(1), parts(best) + parts(best).div_ceil(4)];
    let most = if extent <= MEDIUM { extent } else { 0 };
    let mut sides = vec![planned.min(extent)];
    for parts in even.into_iter().chain(near).chain(1..=most).filter(|parts| (1..=extent).contains(parts)) {
        let side = extent.div_ceil(parts);
        if !sides.contains(&side) {
            sides.push(side);
        }
    }
    sides
}
