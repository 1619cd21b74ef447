//! Many equal passes, one behind the other, on an array that nothing else delays: closed forms of the rules in
//! MACHINE.md sections 1.1 to 1.3. Sizes in rows and columns of PEs, lengths in rows that stream (ws: M, is: N) or steps of
//! k (os), times in cycles.

use crate::base::Cycle;

/// `s + max(K, K - K' + 2R - 2)`: the earliest start of an output-stationary pass of `next` steps behind one of `steps`
/// that starts in `start` (section 1.3): its sums must not run into a drain chain that still moves.
pub fn next_output_start(rows: u64, start: Cycle, steps: u64, next: u64) -> Cycle {
    start + steps.max((steps + 2 * rows - 2).saturating_sub(next))
}

/// `R + (P-1) max(M, R) + M + R + C - 2`: from the first load to the last MAC of P passes with M rows each, weights (or for
/// is activations) double-buffered, so that loads hide behind streams (section 1.1).
pub fn stationary_passes(rows: u64, cols: u64, passes: u64, length: u64) -> Cycle {
    rows + (passes - 1) * length.max(rows) + length + rows + cols - 2
}

/// `(P-1) max(K, 2R-2) + K + R + C - 2`: from the first operand to the last MAC of P output-stationary passes with K steps
/// each (section 1.3). The last result leaves the array R cycles later.
pub fn output_stationary_passes(rows: u64, cols: u64, passes: u64, steps: u64) -> Cycle {
    (passes - 1) * steps.max(2 * rows - 2) + steps + rows + cols - 2
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Ratio;
    use crate::chip::WeightBuffering;
    use crate::timing::{Sides, Stream};

    const SIZES: [u64; 6] = [1, 2, 3, 7, 8, 20];

    fn all(check: impl Fn(u64, u64, u64, u64)) {
        for rows in SIZES {
            for cols in SIZES {
                for length in SIZES {
                    (1..5).for_each(|passes| check(rows, cols, passes, length));
                }
            }
        }
    }

    #[test]
    fn stationary_passes_follow_each_other_as_the_rules_say() {
        all(|rows, cols, passes, length| {
            let sides = Sides { rows: rows as usize, cols: cols as usize };
            let stream = |start| Stream { start, length: length as usize, rate: Ratio::ONE };
            let (mut load, mut last) = (0, stream(sides.load_end(0)));
            for _ in 1..passes {
                load = sides.load_after(WeightBuffering::Double, load, &last);
                last = stream(sides.start_after_load(Some(&last), load));
            }
            let last_mac = sides.last_mac_end(&last);
            assert_eq!(
                stationary_passes(rows, cols, passes, length),
                last_mac,
                "{rows} {cols} {passes} {length}"
            );
        });
    }

    /// Section 1.3, counted from its events: the sum of PE(i, j) is final in f = s + K - 1 + i + j and moves to its drain
    /// register at that cycle's end; column j's chain moves at the end of g+1 .. g+R-1, where g = f(R-1, j).
    fn chain_is_free(rows: u64, start: Cycle, steps: u64, next: Cycle, next_steps: u64) -> bool {
        let (bottom, next_top) = (start + steps - 1 + rows - 1, next + next_steps - 1);
        next >= start + steps && next_top >= bottom + rows - 1
    }

    #[test]
    fn an_output_stationary_pass_starts_as_soon_as_the_chain_allows() {
        all(|rows, _, start, steps| {
            for next_steps in SIZES {
                let next = next_output_start(rows, start, steps, next_steps);
                assert!(chain_is_free(rows, start, steps, next, next_steps), "{rows} {steps} {next_steps}");
                assert!(
                    !chain_is_free(rows, start, steps, next - 1, next_steps),
                    "{rows} {steps} {next_steps}"
                );
            }
        });
    }

    #[test]
    fn output_stationary_passes_follow_each_other_as_the_rules_say() {
        all(|rows, cols, passes, steps| {
            let start = (1..passes).fold(0, |start, _| next_output_start(rows, start, steps, steps));
            let last_mac = start + steps - 1 + (rows - 1) + (cols - 1);
            assert_eq!(output_stationary_passes(rows, cols, passes, steps), last_mac + 1);
        });
    }
}
