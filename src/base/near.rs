//! What was meant by a wrong word.

/// A known word within two or three letters of what was written.
pub fn nearest<'k>(word: &str, known: impl Iterator<Item = &'k str>) -> Option<&'k str> {
    // Distances cost the product of the lengths; nobody misspells a name of this length.
    if word.len() > 100 {
        return None;
    }
    // Of a single letter nothing would be left.
    let far = match word.chars().count() {
        0 | 1 => 0,
        2 | 3 => 1,
        _ => 2,
    };
    known
        .filter(|near| near.len().abs_diff(word.len()) <= 4 * far)
        .map(|near| (strsim::osa_distance(word, near), near))
        .filter(|(distance, _)| *distance <= far)
        .min()
        .map(|(_, near)| near)
}
