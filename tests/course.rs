//! Numbers over time and the roofline, held to naive counts: every run of every lane, cycle by cycle.

#![allow(clippy::unwrap_used)] // a test may fail

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use systole::chip::{Description, preset};
use systole::import::Files;
use systole::isa::{Space, SumMode, VectorSource, Work};
use systole::job::{Finished, compile_or_time};
use systole::sim::{Capacity, Course, Fill};

fn chip(base: &str, changes: &[(&str, &str)]) -> Description {
    let mut described = preset(base).unwrap();
    for (key, value) in changes {
        described.set(key, value).unwrap();
    }
    described
}

const CHAIN: &str = "input x : i8[37, 20]\nweight w : i8[20, 33]\nweight v : i8[33, 12]\nh = relu(requant(x @ w, shift=7))\ny = h @ v\noutput argmax(y, axis=1)\n";
const LOOP: &str = "input x : i8[24, 16]\nrepeat 40 {\n    weight w : i8[16, 16]\n    x = requant(x @ w, shift=7)\n}\noutput x\n";
const FLOATS: &str = "input x : bf16[2, 19, 16]\nweight w : bf16[16, 9]\ny = softmax(x @ w)\noutput y\n";

/// Programs on chips: all dataflows, small buffers so that blocks stream, several units, long repeats.
fn runs() -> Vec<Finished> {
    let chips = [
        chip("classroom-8x8", &[]),
        chip("classroom-4x8", &[("dataflow", "is")]),
        chip("classroom-8x4", &[("dataflow", "os"), ("dram_gb_per_s", "3.2")]),
        chip("classroom-8x8", &[("unified_buffer_kib", "1"), ("accumulator_rows", "16")]),
        chip("classroom-4x4", &[("matrix_units", "2"), ("double_buffered", "false")]),
    ];
    let run = |text: &str, described: &Description| {
        let compiled = compile_or_time(text, &Files::default(), &described.chip().unwrap());
        compiled.job.unwrap_or_else(|| panic!("{:?}", compiled.diagnostics)).finish()
    };
    let all = [CHAIN, LOOP, FLOATS].iter().flat_map(|text| chips.iter().map(move |chip| run(text, chip)));
    all.collect()
}

/// What is counted in every cycle.
struct Naive {
    useful: Vec<u64>,
    rows: Vec<i64>,
    held: Vec<u64>,
}

fn naive(finished: &Finished) -> Naive {
    let Finished { trace, emitted, .. } = finished;
    let program = &emitted.program;
    let cycles = trace.cycles as usize;
    let mut naive = Naive { useful: vec![0; cycles], rows: vec![0; cycles], held: vec![0; cycles] };
    let mut lives: BTreeMap<usize, (u64, u64)> = BTreeMap::new();
    let mut touch = |buffer: usize, from: u64, to: u64| {
        let life = lives.entry(buffer).or_insert((from, to));
        *life = (life.0.min(from), life.1.max(to));
    };
    for pass in trace.passes.iter().flat_map(|lane| lane.iter_from(0)) {
        let (pes, rows, mode, buffers) = match &program.instructions[pass.instruction].work {
            Work::Multiply { streamed, cols, sums, .. } => {
                (streamed.cols() * cols, streamed.rows(), sums.mode, vec![streamed.buffer()])
            }
            Work::Contract { activations, weights, sums } => {
                let buffers = vec![activations.buffer(), weights.buffer];
                (activations.rows() * weights.cols, activations.rows(), sums.mode, buffers)
            }
            other => panic!("{other:?} on a matrix unit"),
        };
        (pass.start..pass.stream_end).for_each(|t| naive.useful[t as usize] += pes as u64);
        if mode == SumMode::Begin {
            naive.rows[pass.start as usize..].iter_mut().for_each(|there| *there += rows as i64);
        }
        buffers.iter().for_each(|buffer| touch(buffer.index(), pass.start, pass.stream_end));
    }
    for run in trace.units.iter().flat_map(|(_, lane)| lane.iter_from(0)) {
        let mut also = |buffer: usize| touch(buffer, run.start, run.busy_until);
        match &program.instructions[run.instruction].work {
            Work::Copy { from, to, .. } => [from, to].iter().for_each(|it| also(it.buffer.index())),
            Work::Fetch { tile, .. } => also(tile.buffer().index()),
            Work::Vector { source, steps, target } => {
                match source {
                    VectorSource::Accumulators { rows, .. } => {
                        let after = naive.rows.get_mut(run.busy_until as usize..).unwrap_or_default();
                        after.iter_mut().for_each(|there| *there -= *rows as i64);
                    }
                    VectorSource::Buffer(window) => also(window.buffer.index()),
                    VectorSource::Patches(patches, _) => also(patches.buffer.index()),
                }
                let operands = steps.iter().flat_map(|step| step.elements());
                operands.for_each(|window| also(window.buffer.index()));
                also(target.buffer.index());
            }
            other => panic!("{other:?} on a unit with a lane"),
        }
    }
    let held = |t: u64| {
        let buffers = program.buffers.iter().filter(|(_, buffer)| buffer.space != Space::Dram);
        let there = buffers
            .filter(|(id, _)| lives.get(&id.index()).is_some_and(|(from, to)| (*from..*to).contains(&t)));
        // Byte by byte: what has the same place counts once.
        let bytes =
            there.flat_map(|(_, it)| (it.address..it.address + it.held_bytes).map(|at| (it.space, at)));
        bytes.collect::<BTreeSet<_>>().len() as u64
    };
    let edges: BTreeSet<u64> = lives.values().flat_map(|(from, to)| [*from, *to]).collect();
    let mut now = held(0);
    for t in 0..cycles as u64 {
        if edges.contains(&t) {
            now = held(t);
        }
        naive.held[t as usize] = now;
    }
    naive
}

#[test]
fn every_cycle_is_as_counted_by_hand() {
    for finished in runs() {
        let (naive, course) = (naive(&finished), course(&finished));
        let Capacity { buffer, rows } = course.capacity();
        let mut sum = 0;
        for t in 0..finished.trace.cycles {
            assert_eq!(course.useful_until(t), sum, "before cycle {t}");
            sum += naive.useful[t as usize];
            assert_eq!(course.rows_at(t) as i64, naive.rows[t as usize], "rows in cycle {t}");
            assert_eq!(course.bytes_at(t), naive.held[t as usize], "bytes in cycle {t}");
            assert!(
                course.rows_at(t) <= rows && course.bytes_at(t) <= buffer,
                "more than there is in cycle {t}"
            );
        }
        assert_eq!(course.rows_at(finished.trace.cycles), 0, "every sum is read");
        assert_eq!(course.useful_until(finished.trace.cycles), macs(&finished));
    }
}

#[test]
fn stretches_are_means_and_maxima_of_their_cycles() {
    for finished in runs() {
        let (naive, course, cycles) = (naive(&finished), course(&finished), finished.trace.cycles);
        let pes = (finished.chip.pes() * finished.chip.matrix_units as u64) as f64;
        for count in [1, 7, 100, 1 << 20] {
            let columns = course.columns(0, cycles, count);
            assert_eq!(columns.len() as u64, cycles.min(count as u64));
            for (at, column) in columns.iter().enumerate() {
                let edge = |at: usize| (cycles as u128 * at as u128 / columns.len() as u128) as usize;
                let (from, to) = (edge(at), edge(at + 1));
                let useful = naive.useful[from..to].iter().sum::<u64>() as f64 / (to - from) as f64;
                assert!((column.useful - useful / pes).abs() < 1e-9, "{from} to {to}");
                // Longer stretches with many changes are looked at here and there.
                if to - from <= 16 {
                    let rows = &naive.rows[from..to];
                    assert_eq!(column.rows.most as i64, *rows.iter().max().unwrap(), "{from} to {to}");
                    let mean = rows.iter().sum::<i64>() as f64 / rows.len() as f64;
                    assert!((column.rows.mean - mean).abs() < 1e-9, "{from} to {to}");
                    let held = &naive.held[from..to];
                    assert_eq!(column.buffer.most, *held.iter().max().unwrap(), "{from} to {to}");
                }
            }
        }
        // All of the bus, in one stretch.
        let all = course.column(0, cycles);
        let (read, written) = finished.tally().dram_bytes();
        assert!((all.read * cycles as f64 - read as f64).abs() < 1e-3);
        assert!((all.written * cycles as f64 - written as f64).abs() < 1e-3);
    }
}

fn macs(finished: &Finished) -> u64 {
    finished.plan.layers.iter().map(|layer| finished.plan.macs(layer)).sum()
}

fn course(finished: &Finished) -> Course<'_> {
    Course::new(&finished.emitted.program, &finished.chip, &finished.trace)
}

#[test]
fn rooflines_are_of_the_run() {
    for finished in runs() {
        let (roofline, tally) = (finished.roofline(), finished.tally());
        assert_eq!(roofline.ops.iter().map(|on| on.macs).sum::<u64>(), macs(&finished));
        for on in &roofline.ops {
            let (read, written) = tally.ops[on.op].dram_bytes();
            assert_eq!(on.bytes, read + written);
            let peak = roofline.roofs[on.roof].peak;
            assert!(on.rate(finished.chip.matrix_units) <= peak, "above its roof");
        }
        let cycles: u64 = roofline.ops.iter().map(|on| on.cycles).sum();
        assert!(cycles <= finished.trace.cycles * finished.chip.matrix_units as u64);
        assert_eq!(roofline.memories[0].bytes_per_cycle, finished.chip.dram.link.bytes_per_cycle.as_f64());
    }
}

/// 10^9 cycles and more: what repeats is not gone through.
#[test]
fn long_runs_are_as_quick() {
    let text = fs::read_to_string(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/www/public/examples/library/llama3-8b-prefill.systole"
    ));
    let chip = chip("classroom-128x128", &[("dram_gib", "64")]).chip().unwrap();
    let text = text.unwrap();
    let finished = compile_or_time(&text, &Files::default(), &chip).timed.unwrap();
    assert!(finished.trace.cycles > 1_000_000_000, "{}", finished.trace.cycles);
    let course = course(&finished);
    assert_eq!(course.useful_until(finished.trace.cycles), macs(&finished));
    let columns = course.columns(0, finished.trace.cycles, 500);
    let mean = columns.iter().map(|column| column.useful).sum::<f64>() / 500.0;
    assert!((mean - finished.report(&text).utilization).abs() < 1e-3, "{mean}");
    let capacity = course.capacity();
    assert!(
        columns
            .iter()
            .all(|column| column.buffer.most <= capacity.buffer && column.rows.most <= capacity.rows)
    );
}

/// What the picture of one matrix unit tells adds up to what is told of the chip.
#[test]
fn units_and_cores_add_up_to_the_chip() {
    let cores = [("cores", "2"), ("matrix_units", "4")];
    let two = compile_or_time(FLOATS, &Files::default(), &chip("classroom-4x4", &cores).chip().unwrap());
    let two = two.job.unwrap_or_else(|| panic!("{:?}", two.diagnostics)).finish();
    let mut most = (0, 0);
    for finished in runs().into_iter().chain([two]) {
        let Finished { trace, emitted, chip, .. } = &finished;
        let course = Course::new(&emitted.program, chip, trace);
        let core = |unit: usize| (unit / chip.units_per_core()) as u32;
        let fills: Vec<Fill> =
            (0..chip.matrix_units).map(|unit| Fill::new(&emitted.program, trace, unit, core(unit))).collect();
        for cycle in 0..trace.cycles {
            let rows: u64 = fills.iter().map(|fill| fill.rows_at(trace, cycle)).sum();
            let of_cores = fills.iter().step_by(chip.units_per_core());
            let bytes: u64 = of_cores.map(|fill| fill.bytes_at(cycle)).sum();
            assert_eq!((bytes, rows), (course.bytes_at(cycle), course.rows_at(cycle)), "cycle {cycle}");
            most = (most.0.max(bytes), most.1.max(rows));
        }
    }
    assert!(most.0 > 100 && most.1 > 10, "{most:?}");
}
