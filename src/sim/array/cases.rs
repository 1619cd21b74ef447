//! Cases in the format of MACHINE.md section 5: operands in, registers and sums of every cycle out.

mod given;

use serde::{Deserialize, Serialize};

use super::{Kept, Leaving, Number, Stepper, Waves, cycles_to_last_exit, cycles_to_last_mac, frame, outputs};
use crate::base::Cycle;
use crate::chip::{Chip, Stationary};
use crate::timing::Sides;
use crate::trace::{Frame, NONE};
pub use given::Whole;
use given::{Checked, Given};

/// What is given: the array and the operands of its passes.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Case {
    /// `ws`, `is` or `os`.
    pub dataflow: String,
    /// Whether a load may run behind a pass; it may where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub double_buffered: Option<bool>,
    /// R
    pub rows: Whole,
    /// C
    pub cols: Whole,
    /// `[p, q]`: p/q steps a cycle; one where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<Vec<Whole>>,
    /// One block each.
    pub passes: Vec<Operands>,
}

/// Operands of a pass, as of the plain product: rows of m by columns of k, rows of k by columns of n.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Operands {
    /// Activations: M x R for `ws`, C x R for `is`, R x K for `os`.
    pub a: Vec<Vec<Whole>>,
    /// Weights: R x C for `ws`, R x N for `is`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub w: Option<Vec<Vec<Whole>>>,
    /// Weights: K x C for `os`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub b: Option<Vec<Vec<Whole>>>,
}

/// What comes out.
#[derive(Clone, Debug, Serialize)]
pub struct Replay {
    /// The case itself.
    #[serde(flatten)]
    pub case: Case,
    /// L of each pass, where weights stay.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub loads: Option<Vec<Cycle>>,
    /// s of each pass.
    pub starts: Vec<Cycle>,
    /// From cycle 0 to the last MAC.
    pub cycles_to_last_mac: Cycle,
    /// From cycle 0 to the last sum's way out, where sums stay.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cycles_to_last_exit: Option<Cycle>,
    /// Cycle, pass, row, column, value of each sum: in a bottom register at the cycle's end, or leaving in it where sums
    /// stay.
    pub outputs: Vec<(Cycle, usize, usize, usize, i64)>,
    /// Registers at the end of each cycle.
    pub states: Vec<State>,
}

/// Registers at the end of a cycle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum State<V = i64> {
    /// Where weights stay.
    Weights {
        /// The cycle.
        t: Cycle,
        /// Activations.
        act: Grid<V>,
        /// Partial sums.
        psum: Grid<V>,
        /// Active weights.
        weight: Grid<V>,
        /// Shadow weights.
        shadow: Grid<V>,
    },
    /// Where sums stay.
    Sums {
        /// The cycle.
        t: Cycle,
        /// Activations.
        act: Grid<V>,
        /// Weights that pass by.
        weight: Grid<V>,
        /// Sums.
        acc: Grid<V>,
        /// Drain registers.
        drain: Grid<V>,
    },
}

/// Rows of a register.
pub type Grid<V = i64> = Vec<Vec<Option<Held<V>>>>;

/// What a register holds; an empty one is `null`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Held<V = i64> {
    /// At up to one step a cycle.
    One(V),
    /// Above one step a cycle: those at work, in their order.
    Several(Vec<V>),
}

/// Which of the two engines replays a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// Register by register.
    Stepper,
    /// Each cycle at once.
    ClosedForm,
}

/// Most registers that a replay lists: cycles x rows x columns x lanes.
const MOST_STATES: u64 = 1 << 24;

/// Replays a case. Errors name the place in it, what is wrong there, and what to do.
pub fn replay(case: Case, engine: Engine) -> Result<Replay, String> {
    let checked = given::check(&case)?;
    if checked.sums_fit_i32() {
        replay_in::<i32>(case, checked, engine)
    } else {
        replay_in::<i64>(case, checked, engine)
    }
}

fn replay_in<N: Number<Operand = i16> + Into<i64>>(
    case: Case,
    checked: Checked,
    engine: Engine,
) -> Result<Replay, String> {
    let waves = Given::<N>::new(checked);
    let stationary = waves.stationary();
    let last_exit = (stationary == Stationary::Sums).then(|| cycles_to_last_exit(&waves));
    let last_mac = cycles_to_last_mac(&waves);
    let cycles = last_exit.unwrap_or(last_mac);
    check_size(&waves, cycles)?;
    let (states, leaving) = match engine {
        Engine::ClosedForm => {
            let mut kept = Kept::default();
            ((0..cycles).map(|t| whole(&frame(&waves, t, &mut kept))).collect(), outputs(&waves))
        }
        Engine::Stepper => step(&waves, cycles),
    };
    let timings = (0..waves.passes()).map(|pass| waves.timing(pass));
    let loads = timings.clone().map(|timing| timing.load).collect();
    Ok(Replay {
        loads: (stationary == Stationary::Weights).then_some(loads),
        starts: timings.map(|timing| timing.stream.start).collect(),
        cycles_to_last_mac: last_mac,
        cycles_to_last_exit: last_exit,
        outputs: leaving.iter().map(|l| (l.cycle, l.pass, l.row, l.col, l.value.into())).collect(),
        states,
        case,
    })
}

/// Before anything is allocated for them.
fn check_size(waves: &impl Waves, cycles: Cycle) -> Result<(), String> {
    let Sides { rows, cols } = waves.sides();
    let registers =
        [rows, cols, waves.lanes()].iter().fold(cycles, |all, side| all.saturating_mul(*side as u64));
    if registers <= MOST_STATES {
        return Ok(());
    }
    Err(format!(
        "it lists more than {MOST_STATES} registers: {cycles} cycles of {rows} x {cols} PEs with {} lanes; take a smaller \
         array, fewer or shorter passes, or a rate nearer to 1",
        waves.lanes()
    ))
}

fn step<N: Number + Into<i64>>(waves: &Given<N>, cycles: Cycle) -> (Vec<State>, Vec<Leaving<N>>)
where
    Given<N>: Waves<Number = N>,
{
    let mut stepper = Stepper::new(waves);
    let (mut states, mut leaving) = (Vec::new(), Vec::new());
    for _ in 0..cycles {
        stepper.step();
        states.push(whole(&stepper.frame()));
        leaving.extend(stepper.leaving());
    }
    (states, leaving)
}

fn whole<N: Copy + Into<i64>>(frame: &Frame<N>) -> State {
    state(frame, |value, _| value.into())
}

/// The registers of a frame, each by its entry and its pass.
pub fn state<N: Copy, V: Copy>(frame: &Frame<N>, of: impl Fn(N, u32) -> V) -> State<V> {
    let t = frame.cycle;
    let grid = |values: &[N], passes: &[u32]| grid(frame, values, passes, &of);
    let act = grid(&frame.act, &frame.pass);
    let psum = grid(&frame.psum, &frame.psum_pass);
    let weight = grid(&frame.weight, &frame.weight_pass);
    match frame.stationary {
        Stationary::Weights => {
            State::Weights { t, act, psum, weight, shadow: grid(&frame.shadow, &frame.shadow_pass) }
        }
        Stationary::Sums => {
            State::Sums { t, act, weight, acc: psum, drain: grid(&frame.drain, &frame.drain_pass) }
        }
    }
}

fn grid<N: Copy, V: Copy>(
    frame: &Frame<N>,
    values: &[N],
    passes: &[u32],
    of: impl Fn(N, u32) -> V,
) -> Grid<V> {
    let register = |row: usize, col: usize| {
        let places = (frame.at(row, col)..values.len()).step_by(frame.layer());
        let held = places.filter(|at| passes[*at] != NONE).map(|at| of(values[at], passes[at]));
        let held: Vec<V> = held.collect();
        match held[..] {
            [] => None,
            [one] if values.len() == frame.layer() => Some(Held::One(one)),
            _ => Some(Held::Several(held)),
        }
    };
    (0..frame.rows).map(|row| (0..frame.cols).map(|col| register(row, col)).collect()).collect()
}

/// Sides that a chip may have.
fn check_sides(rows: usize, cols: usize) -> Result<Sides, String> {
    Chip::classroom(rows, cols).map_err(|e| format!("{}; {}", e.message, e.hint))?;
    Ok(Sides { rows, cols })
}
