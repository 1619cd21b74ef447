//! Sides of tiles that are worth a try.

/// Sides up to `most` that cut an extent into parts as even as can be, largest first: `most` itself, then about twice as many
/// parts each time.
pub fn even(extent: usize, most: usize) -> Vec<usize> {
    let mut sides = vec![most];
    let mut parts = extent.div_ceil(most.max(1)).max(1);
    while sides.len() < MOST_SIDES && parts <= extent {
        let side = extent.div_ceil(parts);
        if !sides.contains(&side) {
            sides.push(side);
        }
        parts *= 2;
    }
    sides
}

/// Sides next to one: those that cut an extent into some parts fewer or more.
pub fn near(extent: usize, side: usize, most: usize) -> Vec<usize> {
    let parts = extent.div_ceil(side.max(1));
    let mut sides = Vec::new();
    for parts in [parts + 1, parts.saturating_sub(1), parts + parts / 2, parts - parts / 4] {
        let side = extent.div_ceil(parts.max(1));
        if (1..=most).contains(&side) && !sides.contains(&side) {
            sides.push(side);
        }
    }
    sides
}

/// Most sides in a list.
const MOST_SIDES: usize = 6;
