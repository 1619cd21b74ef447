//! What comparisons are summed up by. Numbers must not be NaN.

/// The value below which a share of all lies, between two neighbours in proportion. 0 for no values.
pub fn quantile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let place = share * sorted.len().saturating_sub(1) as f64;
    let at = |place: f64| sorted.get(place as usize).copied().unwrap_or(0.0);
    at(place.floor()) + (at(place.ceil()) - at(place.floor())) * place.fract()
}

/// The middle value.
pub fn median(values: &[f64]) -> f64 {
    quantile(values, 0.5)
}

/// Spearman's rank correlation: 1 where both ascend together. Equal values share the mean of their ranks.
pub fn rank_correlation(a: &[f64], b: &[f64]) -> f64 {
    let (a, b) = (ranks(a), ranks(b));
    let mean = (a.len() as f64 - 1.0) / 2.0;
    let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(x, y)| (x - mean) * (y - mean)).sum::<f64>();
    product(&a, &b) / (product(&a, &a) * product(&b, &b)).sqrt()
}

fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|a, b| values[*a].total_cmp(&values[*b]));
    let mut ranks = vec![0.0; values.len()];
    let mut first = 0;
    for tie in order.chunk_by(|a, b| values[*a] == values[*b]) {
        let shared = first as f64 + (tie.len() as f64 - 1.0) / 2.0;
        tie.iter().for_each(|at| ranks[*at] = shared);
        first += tie.len();
    }
    ranks
}

/// Factors of the terms whose sum is nearest to the targets, by least squares with a weight for each target. Nothing where the
/// targets do not decide them.
pub fn least_squares<const N: usize>(
    terms: &[[f64; N]],
    targets: &[f64],
    weights: &[f64],
) -> Option<[f64; N]> {
    let mut matrix = [[0.0; N]; N];
    let mut right = [0.0; N];
    for ((term, target), weight) in terms.iter().zip(targets).zip(weights) {
        for i in 0..N {
            right[i] += weight * term[i] * target;
            (0..N).for_each(|j| matrix[i][j] += weight * term[i] * term[j]);
        }
    }
    solve(matrix, right)
}

/// Gauss's elimination, the largest pivot first.
fn solve<const N: usize>(mut matrix: [[f64; N]; N], mut right: [f64; N]) -> Option<[f64; N]> {
    for i in 0..N {
        let pivot = (i..N).max_by(|a, b| matrix[*a][i].abs().total_cmp(&matrix[*b][i].abs()))?;
        matrix.swap(i, pivot);
        right.swap(i, pivot);
        if matrix[i][i].abs() <= f64::EPSILON * matrix[i].iter().fold(0.0, |most: f64, x| most.max(x.abs())) {
            return None;
        }
        for row in (0..N).filter(|row| *row != i) {
            let factor = matrix[row][i] / matrix[i][i];
            (0..N).for_each(|j| matrix[row][j] -= factor * matrix[i][j]);
            right[row] -= factor * right[i];
        }
    }
    Some(std::array::from_fn(|i| right[i] / matrix[i][i]))
}

/// As [`least_squares`], but for the least sum of relative errors, not of squares: a few targets far off do not pull. Targets must be
/// above 0.
pub fn least_relative_errors<const N: usize>(
    terms: &[[f64; N]],
    targets: &[f64],
    known: &[f64],
) -> Option<[f64; N]> {
    // Iteratively reweighted: a square divided by its root is the error itself. What is below half a percent is not worth more
    // weight.
    const ROUNDS: usize = 60;
    const LEAST: f64 = 0.005;
    let open: Vec<f64> = targets.iter().zip(known).map(|(target, known)| target - known).collect();
    let mut weights: Vec<f64> = targets.iter().map(|target| target.powi(-2)).collect();
    let mut factors = least_squares(terms, &open, &weights)?;
    for _ in 0..ROUNDS {
        for (at, weight) in weights.iter_mut().enumerate() {
            let error = (sum(&terms[at], &factors) - open[at]).abs() / targets[at];
            *weight = targets[at].powi(-2) / error.max(LEAST);
        }
        factors = least_squares(terms, &open, &weights)?;
    }
    Some(factors)
}

/// Terms by their factors.
pub fn sum<const N: usize>(terms: &[f64; N], factors: &[f64; N]) -> f64 {
    terms.iter().zip(factors).map(|(term, factor)| term * factor).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_lie_between_neighbours() {
        let values = [4.0, 1.0, 3.0, 2.0];
        assert_eq!([0.0, 0.5, 0.9, 1.0].map(|share| quantile(&values, share)), [1.0, 2.5, 3.7, 4.0]);
        assert_eq!((median(&[7.0]), median(&[])), (7.0, 0.0));
    }

    /// By hand: 1 - 6 * (0 + 1 + 1) / (3 * 8) = 0.5; and with a tie, the means of ranks 1 and 2 in both.
    #[test]
    fn ranks_correlate() {
        assert_eq!(rank_correlation(&[1.0, 2.0, 3.0], &[10.0, 30.0, 20.0]), 0.5);
        assert_eq!(rank_correlation(&[1.0, 5.0, 5.0], &[0.0, 9.0, 9.0]), 1.0);
        assert_eq!(rank_correlation(&[1.0, 2.0, 3.0], &[3.0, 2.0, 1.0]), -1.0);
    }

    #[test]
    fn lines_are_found_again() {
        let terms: Vec<[f64; 2]> = (0..5).map(|x| [1.0, f64::from(x)]).collect();
        let targets: Vec<f64> = terms.iter().map(|[_, x]| 3.0 + 2.0 * x).collect();
        let [a, b] = least_squares(&terms, &targets, &[1.0; 5]).unwrap();
        assert!((a - 3.0).abs() < 1e-12 && (b - 2.0).abs() < 1e-12);
        assert_eq!(least_squares(&[[1.0, 2.0]], &[1.0], &[1.0]), None);
    }

    /// One wild target of six moves the squares, not the errors.
    #[test]
    fn a_wild_target_does_not_pull() {
        let terms: Vec<[f64; 2]> = (1..7).map(|x| [1.0, f64::from(x)]).collect();
        let mut targets: Vec<f64> = terms.iter().map(|[_, x]| 1.0 + 2.0 * x).collect();
        targets[3] = 30.0;
        let [a, b] = least_relative_errors(&terms, &targets, &[0.0; 6]).unwrap();
        assert!((a - 1.0).abs() < 0.1 && (b - 2.0).abs() < 0.05, "{a} {b}");
        let [_, pulled] = least_squares(&terms, &targets, &[1.0; 6]).unwrap();
        assert!((pulled - 2.0).abs() > 0.5);
    }
}
