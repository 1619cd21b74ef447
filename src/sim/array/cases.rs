//! Cases in the format of MACHINE.md section 5: operands in, registers and sums of every cycle out.

use serde::{Deserialize, Serialize};

use super::{Stepper, Timing, Waves, cycles_to_last_mac, frame, outputs};
use crate::base::Cycle;
use crate::chip::{Chip, WeightBuffering};
use crate::timing;
use crate::trace::{Frame, NONE};

/// What is given: the array and the operands of its passes.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Case {
    /// `ws`; others are not simulated yet.
    pub dataflow: String,
    /// Whether a load may run behind a pass.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub double_buffered: Option<bool>,
    /// R
    pub rows: usize,
    /// C
    pub cols: usize,
    /// One tile each.
    pub passes: Vec<Operands>,
}

/// Operands of a pass.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Operands {
    /// Activations, M x R.
    pub a: Vec<Vec<i64>>,
    /// Weights, R x C.
    pub w: Vec<Vec<i64>>,
}

/// What comes out.
#[derive(Clone, Debug, Serialize)]
pub struct Replay {
    /// The case itself.
    #[serde(flatten)]
    pub case: Case,
    /// L of each pass.
    pub loads: Vec<Cycle>,
    /// s of each pass.
    pub starts: Vec<Cycle>,
    /// From cycle 0 to the last MAC.
    pub cycles_to_last_mac: Cycle,
    /// Cycle, pass, row, column, value of each sum in a bottom register.
    pub outputs: Vec<(Cycle, usize, usize, usize, i32)>,
    /// Registers at the end of each cycle.
    pub states: Vec<State>,
}

/// Registers at the end of a cycle; `null` where one holds nothing.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct State {
    /// The cycle.
    pub t: Cycle,
    /// Activations.
    pub act: Grid,
    /// Partial sums.
    pub psum: Grid,
    /// Active weights.
    pub weight: Grid,
    /// Shadow weights.
    pub shadow: Grid,
}

/// Rows of a register.
pub type Grid = Vec<Vec<Option<i32>>>;

/// Which of the two engines replays a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// Register by register.
    Stepper,
    /// Each cycle at once.
    ClosedForm,
}

/// Most registers that a replay lists: cycles x rows x columns.
const MOST_STATES: u64 = 1 << 24;

/// A checked case with its times.
struct Checked {
    rows: usize,
    cols: usize,
    timings: Vec<Timing>,
    /// By pass: M x R.
    activations: Vec<Vec<i16>>,
    /// By pass: C x R, a column at a time.
    weights: Vec<Vec<i16>>,
}

/// Replays a case. Errors name what is wrong with it.
pub fn replay(case: Case, engine: Engine) -> Result<Replay, String> {
    let waves = check(&case)?;
    let cycles = cycles_to_last_mac(&waves);
    if cycles.saturating_mul((case.rows * case.cols) as u64) > MOST_STATES {
        return Err(format!(
            "it lists more than {MOST_STATES} registers: {cycles} cycles of {} x {}",
            case.rows, case.cols
        ));
    }
    let (frames, leaving) = match engine {
        Engine::ClosedForm => ((0..cycles).map(|t| frame(&waves, t)).collect(), outputs(&waves)),
        Engine::Stepper => step(&waves, cycles),
    };
    Ok(Replay {
        loads: waves.timings.iter().map(|t| t.load).collect(),
        starts: waves.timings.iter().map(|t| t.start).collect(),
        cycles_to_last_mac: cycles,
        outputs: leaving.iter().map(|l| (l.cycle, l.pass, l.row, l.col, l.value)).collect(),
        states: frames.iter().map(state).collect(),
        case,
    })
}

fn step(waves: &Checked, cycles: Cycle) -> (Vec<Frame>, Vec<super::Leaving>) {
    let mut stepper = Stepper::new(waves);
    let (mut frames, mut leaving) = (Vec::new(), Vec::new());
    for _ in 0..cycles {
        stepper.step();
        frames.push(stepper.frame());
        leaving.extend(stepper.leaving());
    }
    (frames, leaving)
}

fn state(frame: &Frame) -> State {
    let grid = |values: &[i32], passes: &[u32]| {
        let register = |(value, pass): (&i32, &u32)| (*pass != NONE).then_some(*value);
        let rows = values.chunks(frame.cols).zip(passes.chunks(frame.cols));
        rows.map(|(values, passes)| values.iter().zip(passes).map(register).collect()).collect()
    };
    State {
        t: frame.cycle,
        act: grid(&frame.act, &frame.pass),
        psum: grid(&frame.psum, &frame.pass),
        weight: grid(&frame.weight, &frame.weight_pass),
        shadow: grid(&frame.shadow, &frame.shadow_pass),
    }
}

/// Whether cases of a dataflow can be replayed.
pub fn check_dataflow(name: &str) -> Result<(), String> {
    if name == "ws" { Ok(()) } else { Err(format!("dataflow `{name}` is not simulated yet; `ws` is")) }
}

fn check(case: &Case) -> Result<Checked, String> {
    check_dataflow(&case.dataflow)?;
    let mut chip = Chip::classroom(case.rows, case.cols).map_err(|e| format!("{}; {}", e.message, e.hint))?;
    if case.double_buffered == Some(false) {
        chip.weights = WeightBuffering::Single;
    }
    if case.passes.is_empty() {
        return Err("it has no passes".into());
    }
    for (p, pass) in case.passes.iter().enumerate() {
        if pass.a.is_empty() {
            return Err(format!("pass {p} has no activation rows"));
        }
        for (what, matrix, cols) in [("a", &pass.a, case.rows), ("w", &pass.w, case.cols)] {
            if let Some(row) = matrix.iter().position(|row| row.len() != cols) {
                return Err(format!(
                    "pass {p}: row {row} of `{what}` has {} values, not {cols}",
                    matrix[row].len()
                ));
            }
        }
        if pass.w.len() != case.rows {
            return Err(format!("pass {p}: `w` has {} rows, the array {}", pass.w.len(), case.rows));
        }
        let most = |matrix: &[Vec<i64>]| matrix.iter().flatten().map(|x| x.unsigned_abs()).max().unwrap_or(0);
        let (a, w) = (most(&pass.a), most(&pass.w));
        let sum = a.saturating_mul(w).saturating_mul(case.rows as u64);
        if a.max(w) > i16::MAX as u64 || sum > i32::MAX as u64 {
            return Err(format!("pass {p}: operands of at most 16 bits, sums of at most 32 are simulated"));
        }
    }
    Ok(Checked {
        rows: case.rows,
        cols: case.cols,
        timings: timings(&chip, case),
        activations: case.passes.iter().map(|p| p.a.iter().flatten().map(|x| *x as i16).collect()).collect(),
        weights: case
            .passes
            .iter()
            .map(|p| (0..case.cols).flat_map(|j| p.w.iter().map(move |row| row[j] as i16)).collect())
            .collect(),
    })
}

/// Every load and stream at the earliest cycle that the rules allow.
fn timings(chip: &Chip, case: &Case) -> Vec<Timing> {
    let mut list: Vec<Timing> = Vec::new();
    for pass in &case.passes {
        let (load, free) = match list.last() {
            Some(before) => (
                timing::load_after(chip, before.load, before.start, before.rows),
                timing::stream_end(before.start, before.rows),
            ),
            None => (0, 0),
        };
        list.push(Timing { load, start: free.max(timing::load_end(chip, load)), rows: pass.a.len() });
    }
    list
}

impl Waves for Checked {
    fn shape(&self) -> (usize, usize) {
        (self.rows, self.cols)
    }

    fn passes(&self) -> usize {
        self.timings.len()
    }

    fn timing(&self, pass: usize) -> Timing {
        self.timings[pass]
    }

    fn activations(&self, pass: usize, m: usize, into: &mut [i16]) {
        into.copy_from_slice(&self.activations[pass][m * self.rows..][..self.rows]);
    }

    fn weights(&self, pass: usize, col: usize, into: &mut [i16]) {
        into.copy_from_slice(&self.weights[pass][col * self.rows..][..self.rows]);
    }
}
