//! Golden cases of the array beside what both engines make of them. Source: `tests/data/array/README.md`.

use serde_json::Value;

use super::Table;
use crate::chip::Dataflow;
use crate::sim::array::cases::{Case, Engine, replay};

/// One dataflow's cases.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Cases.
    pub cases: usize,
    /// Their cycles, registers at whose end are compared.
    pub cycles: usize,
    /// Registers in all these cycles, empty ones included.
    pub registers: usize,
    /// Cases in which anything differs: a load, a start, a total, a sum on its way out, a register.
    pub differ: usize,
}

/// Replays every case of a dataflow by an engine. Errors name a case.
pub fn count(golden: &[Value], dataflow: Dataflow, engine: Engine) -> Result<Count, String> {
    let mut count = Count::default();
    for (at, case) in golden.iter().enumerate() {
        if case["dataflow"] != dataflow.name() {
            continue;
        }
        count.cases += 1;
        count.cycles += states(case).len();
        count.registers += states(case).iter().map(registers).sum::<usize>();
        let same = equal(case, engine).map_err(|what| format!("case {at}: {what}"))?;
        count.differ += usize::from(!same);
    }
    Ok(count)
}

fn states(case: &Value) -> &[Value] {
    case["states"].as_array().map_or(&[], Vec::as_slice)
}

/// In the grids of a cycle's state.
fn registers(state: &Value) -> usize {
    let grids = state.as_object().into_iter().flatten().filter_map(|(_, grid)| grid.as_array());
    grids.flatten().filter_map(Value::as_array).map(Vec::len).sum()
}

/// Whether a replay has every field of the case with the same value.
fn equal(case: &Value, engine: Engine) -> Result<bool, String> {
    let given: Case = serde_json::from_value(case.clone()).map_err(|e| e.to_string())?;
    let ours = serde_json::to_value(replay(given, engine)?).map_err(|e| e.to_string())?;
    Ok(case.as_object().is_some_and(|fields| fields.iter().all(|(key, expected)| ours[key] == *expected)))
}

/// A row an engine and dataflow.
pub fn table(json: &str) -> Result<Table, String> {
    let golden: Vec<Value> = serde_json::from_str(json).map_err(|e| format!("no list of cases: {e}"))?;
    let mut rows = Vec::new();
    for (engine, name) in [(Engine::Stepper, "register stepper"), (Engine::ClosedForm, "closed form")] {
        for dataflow in Dataflow::ALL {
            let Count { cases, cycles, registers, differ } = count(&golden, dataflow, engine)?;
            if cases > 0 {
                let [cases, cycles, registers, differ] =
                    [cases, cycles, registers, differ].map(|n| n.to_string());
                rows.push([name.to_owned(), dataflow.name().to_owned(), cases, cycles, registers, differ]);
            }
        }
    }
    let columns = ["engine", "dataflow", "cases", "cycles", "registers", "cases that differ"];
    Ok(Table::new("The array, register by register", columns, rows).with_note(
        "Every load, start, total, result and register at the end of every cycle, empty registers included.",
    ))
}
