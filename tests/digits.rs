//! The example network on digits that its training never saw, read by the simulated array.

#![allow(clippy::unwrap_used)] // a test may fail

#[allow(dead_code)] // some of it is for others
mod checked;

use systole::chip::Chip;
use systole::graph::{LoadError, Loader};
use systole::import::npy;
use systole::isa::SumMode;
use systole::job::{Finished, compile};
use systole::num::Array;
use systole::sim::array::{Leaving, Stepper};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

fn read(path: &str) -> Array {
    npy::parse(&std::fs::read(format!("{ROOT}/{path}")).unwrap()).unwrap()
}

/// The example's arrays, with the held-out digits in place of its eight.
struct HeldOut;

impl Loader for HeldOut {
    fn load(&self, path: &str) -> Result<Array, LoadError> {
        Ok(match path {
            "digits/x.npy" => read("tests/data/digits/heldout_x.npy"),
            _ => read(&format!("www/public/examples/{path}")),
        })
    }
}

fn run(rows: usize, cols: usize, change: impl Fn(String) -> String) -> Finished {
    let text = std::fs::read_to_string(format!("{ROOT}/www/public/examples/digits.systole")).unwrap();
    let text = change(text.replace("i8[8, 64]", "i8[360, 64]"));
    let compiled = compile(&text, &HeldOut, &Chip::classroom(rows, cols).unwrap());
    checked::sound(compiled.job.unwrap_or_else(|| panic!("{:?}", compiled.diagnostics)).finish())
}

fn accuracy(answers: &[i32]) -> f64 {
    let labels: Vec<i32> = read("tests/data/digits/heldout_labels.npy").values.iter().collect();
    assert_eq!(answers.len(), labels.len());
    answers.iter().zip(&labels).filter(|(a, b)| a == b).count() as f64 / labels.len() as f64
}

#[test]
fn the_array_reads_held_out_digits() {
    let numpy: Vec<i32> = read("tests/data/digits/heldout_predictions.npy").values.iter().collect();
    for (rows, cols) in [(8, 8), (16, 16), (5, 3), (64, 32)] {
        let finished = run(rows, cols, |text| text);
        // Every tensor in simulated memory equals the reference evaluator's, bit for bit.
        assert_eq!(finished.disagreement, None, "{rows} x {cols}");
        let answers: Vec<i32> = finished.values(finished.graph.outputs[0].tensor).unwrap().iter().collect();
        assert_eq!(answers, numpy, "{rows} x {cols}");
        println!("{rows} x {cols}: {:.2} % of 360 held-out digits", accuracy(&answers) * 100.0);
        assert!(accuracy(&answers) >= 0.95);
    }
}

/// The same with every register of every cycle stepped: the second layer's sums are added up as they leave the array.
#[test]
fn the_register_stepper_reads_them_too() {
    let finished = run(8, 8, |text| text);
    let machine = finished.machine().whole(0);
    let mut stepper = Stepper::new(&machine);
    let mut left: Vec<Leaving> = Vec::new();
    for _ in 0..finished.trace.cycles_to_last_mac {
        stepper.step();
        left.extend(stepper.leaving());
    }
    let passes = &machine.view.passes;
    let second = passes.last().unwrap().op;
    let bias: Vec<i32> = read("www/public/examples/digits/b2.npy").values.iter().collect();
    let mut sums = vec![bias.clone(); 360];
    for sum in left {
        let pass = &passes[sum.pass];
        // Columns of the last tile that the ten classes do not fill hold padding.
        if pass.op == second && sum.col < pass.tile.cols() {
            let tiles_before = passes[..=sum.pass]
                .iter()
                .filter(|earlier| earlier.op == second && earlier.mode == SumMode::Begin)
                .count();
            sums[sum.row][(tiles_before - 1) * 8 + sum.col] += sum.value;
        }
    }
    let greatest = |row: &Vec<i32>| (0..10).rev().max_by_key(|col| row[*col]).unwrap() as i32;
    let answers: Vec<i32> = sums.iter().map(greatest).collect();
    let simulated: Vec<i32> = finished.values(finished.graph.outputs[0].tensor).unwrap().iter().collect();
    assert_eq!(answers, simulated);
    assert!(accuracy(&answers) >= 0.95);
}

#[test]
fn a_wrong_weight_is_noticed() {
    // The checks above can fail: without its bias the network answers otherwise.
    let finished = run(8, 8, |text| text.replace("x @ w1 + b1", "x @ w1").replace("h @ w2 + b2", "h @ w2"));
    let answers: Vec<i32> = finished.values(finished.graph.outputs[0].tensor).unwrap().iter().collect();
    let numpy: Vec<i32> = read("tests/data/digits/heldout_predictions.npy").values.iter().collect();
    assert_ne!(answers, numpy);
}
