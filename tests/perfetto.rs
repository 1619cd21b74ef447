//! A run as a timeline for Perfetto: what its slices and counters add up to is what the run's report says.

#![allow(clippy::unwrap_used)] // a test may fail

use std::collections::BTreeMap;

use serde_json::Value;
use systole::chip::{Chip, preset};
use systole::figure::{Ran, Tracks};
use systole::import::Files;
use systole::job::{Finished, compile_or_time};

fn chip(base: &str, changes: &[(&str, &str)]) -> Chip {
    let mut described = preset(base).unwrap();
    changes.iter().for_each(|(key, value)| described.set(key, value).unwrap());
    described.chip().unwrap()
}

fn finished(text: &str, chip: &Chip) -> Finished {
    let compiled = compile_or_time(text, &Files::default(), chip);
    compiled.timed.unwrap_or_else(|| compiled.job.unwrap().finish())
}

fn ran(finished: &Finished) -> Ran<'_> {
    Ran { trace: &finished.trace, program: &finished.emitted.program, chip: &finished.chip }
}

fn file(text: &str, run: &Finished) -> Value {
    let mut tracks = Tracks::new(ran(run), text);
    let parts: Vec<String> = std::iter::from_fn(|| tracks.part(ran(run))).collect();
    assert!(parts.iter().all(|part| part.len() < 200_000), "a part took too long");
    serde_json::from_str(&parts.concat()).unwrap()
}

#[derive(Debug)]
struct Slice {
    name: String,
    depth: usize,
    args: Value,
}

impl Slice {
    fn arg(&self, key: &str) -> u64 {
        self.args[key].as_u64().unwrap_or_else(|| panic!("{key} of {self:?}"))
    }
}

/// By thread's name: its slices. Times ascend, and whatever begins within a slice ends in it.
fn threads(file: &Value) -> BTreeMap<String, Vec<Slice>> {
    let events = file["traceEvents"].as_array().unwrap();
    let mut names = BTreeMap::new();
    let mut threads: BTreeMap<String, Vec<Slice>> = BTreeMap::new();
    let mut open: BTreeMap<u64, (f64, Vec<u64>)> = BTreeMap::new();
    for event in events {
        let thread = event["tid"].as_u64().unwrap_or_default();
        match event["ph"].as_str().unwrap() {
            "M" if event["name"] == "thread_name" => {
                names.insert(thread, event["args"]["name"].as_str().unwrap().to_owned());
            }
            kind @ ("B" | "E") => {
                let (last, stack) = open.entry(thread).or_default();
                let time = event["ts"].as_f64().unwrap();
                assert!(*last <= time, "{event}");
                *last = time;
                if kind == "E" {
                    stack.pop().unwrap();
                    continue;
                }
                let args = event["args"].clone();
                let end = args["to cycle"].as_u64().unwrap();
                assert!(stack.last().is_none_or(|around| end <= *around), "{event}");
                let name = event["name"].as_str().unwrap().to_owned();
                let slice = Slice { name, depth: stack.len(), args };
                stack.push(end);
                assert_eq!(slice.arg("cycles"), end - slice.arg("from cycle"));
                threads.entry(names[&thread].clone()).or_default().push(slice);
            }
            _ => {}
        }
    }
    assert!(open.values().all(|(_, stack)| stack.is_empty()));
    threads
}

fn sum<'s>(slices: impl IntoIterator<Item = &'s Slice>, of: impl Fn(&Slice) -> u64) -> u64 {
    slices.into_iter().map(of).sum()
}

/// Cycles in which a slice's unit is busy: its own, unless it stands for several.
fn busy(slice: &Slice) -> u64 {
    slice.args["busy"].as_u64().unwrap_or_else(|| slice.arg("cycles"))
}

const CHAIN: &str = "input x : i8[37, 20]\nweight w : i8[20, 33]\nweight v : i8[33, 12]\nh = relu(requant(x @ w, shift=7))\ny = h @ v\noutput argmax(y, axis=1)\n";
const LOOP: &str = "input x : i8[24, 16]\nrepeat 40 {\n    weight w : i8[16, 16]\n    x = requant(x @ w, shift=7)\n}\noutput x\n";
const LARGE: &str =
    "input a : i8[4096, 4096]\nweight w : i8[4096, 4096]\nh = requant(a @ w, shift=7)\noutput relu(h)\n";

fn runs() -> Vec<(&'static str, Finished)> {
    let chips = [
        chip("classroom-8x8", &[]),
        chip("classroom-8x4", &[("dataflow", "os"), ("dram_gb_per_s", "3.2")]),
        chip("classroom-4x4", &[("matrix_units", "2"), ("double_buffered", "false"), ("clock_mhz", "700")]),
    ];
    let small = [CHAIN, LOOP].into_iter().flat_map(|text| chips.iter().map(move |chip| (text, chip)));
    let large = chip("classroom-8x8", &[]);
    small.chain([(LARGE, &large)]).map(|(text, chip)| (text, finished(text, chip))).collect()
}

#[test]
fn slices_add_up_to_the_report() {
    for (text, run) in runs() {
        let report = run.report(text);
        let file = file(text, &run);
        assert_eq!(file["otherData"]["cycles"], report.cycles);
        let threads = threads(&file);
        for unit in &report.units {
            let slices = &threads[&unit.name];
            for depth in [0, 1] {
                let here = slices.iter().filter(|slice| slice.depth == depth);
                assert_eq!(sum(here, busy), unit.busy, "{} at depth {depth}", unit.name);
            }
            assert!(slices.iter().all(|slice| slice.depth < 2));
        }
        let bytes = threads.values().flatten().filter_map(|slice| slice.args["bytes"].as_u64());
        assert_eq!(bytes.sum::<u64>(), report.dram_bytes.read + report.dram_bytes.written);
    }
}

#[test]
fn where_cycles_go_is_told_one_by_one_or_with_the_passes() {
    for (text, run) in runs() {
        let report = run.report(text);
        let threads = threads(&file(text, &run));
        let classes = serde_json::to_value(report.classes).unwrap();
        let units = 0..run.chip.matrix_units;
        let told: Vec<_> =
            units.filter_map(|unit| threads.get(&format!("matrix {unit}: where cycles go"))).collect();
        let stalls = threads.iter().filter(|(name, _)| name.starts_with("matrix") && !name.contains(':'));
        let waited = stalls
            .flat_map(|(_, slices)| slices)
            .filter_map(|slice| slice.args["waited"]["weight_stall"].as_u64());
        assert_eq!(waited.sum::<u64>(), report.classes.weight_stall);
        if told.len() < run.chip.matrix_units {
            assert!(report.cycles > 1_000_000, "only long runs leave it out");
            continue;
        }
        for (class, cycles) in classes.as_object().unwrap() {
            let of = told.iter().copied().flatten().filter(|slice| slice.args["class"] == class.as_str());
            assert_eq!(Value::from(sum(of, |slice| slice.arg("cycles"))), *cycles, "{class}");
        }
    }
}

/// Half a billion cycles and two million instructions, in a file that a browser opens.
#[test]
fn long_runs_have_bounded_files_that_say_what_is_joined() {
    let run = finished(LARGE, &chip("classroom-8x8", &[]));
    assert!(run.trace.cycles > 500_000_000 / 16 && run.trace.passes[0].len() > 200_000);
    let text = Tracks::new(ran(&run), LARGE).whole(ran(&run));
    assert!(text.len() < 30_000_000, "{} bytes", text.len());
    let file: Value = serde_json::from_str(&text).unwrap();
    let joined = file["otherData"]["joined"].as_array().unwrap();
    assert!(joined.iter().any(|told| told.as_str().unwrap().starts_with("matrix 0: up to ")), "{joined:?}");
    let passes = &threads(&file)["matrix 0"];
    let inner = passes.iter().filter(|slice| slice.depth == 1);
    let of = |slice: &Slice| slice.args["passes"].as_u64().unwrap_or(1);
    assert_eq!(sum(inner, of), run.trace.passes[0].len());
}

/// Times are those of the clock; counters are of the whole run, in order.
#[test]
fn times_are_of_the_clock_and_counters_reach_the_end() {
    let run = finished(CHAIN, &chip("classroom-8x8", &[("clock_mhz", "700")]));
    let file = file(CHAIN, &run);
    let events = file["traceEvents"].as_array().unwrap();
    for event in events.iter().filter(|event| event["ph"] == "B") {
        let exact = event["args"]["from cycle"].as_f64().unwrap() / 700.0;
        let off = exact - event["ts"].as_f64().unwrap();
        assert!((-1e-9..=1.001e-6).contains(&off), "{event}");
    }
    let useful: Vec<f64> = events
        .iter()
        .filter(|event| event["ph"] == "C" && event["name"] == "useful work, %")
        .map(|event| event["args"]["of all multipliers"].as_f64().unwrap())
        .collect();
    assert_eq!(useful.len(), run.trace.cycles.min(1000) as usize + 1);
    let report = run.report(CHAIN);
    let mean = useful.iter().sum::<f64>() / (useful.len() - 1) as f64;
    assert!((mean / 100.0 - report.utilization).abs() < 0.002, "{mean} {}", report.utilization);
    let ends: Vec<_> = events[events.len() - 4..].iter().map(|event| event["ts"].as_f64().unwrap()).collect();
    assert!(ends.iter().all(|end| (end - run.trace.cycles as f64 / 700.0).abs() < 1e-5));
}

/// Names are text, whatever they are.
#[test]
fn a_hostile_name_stays_a_name() {
    let mut run = finished(LOOP, &chip("classroom-4x4", &[]));
    let name = "</script>\"},{\\ \n\u{7} 測 \u{2028}";
    run.chip.name = name.into();
    let ids: Vec<_> = run.emitted.program.ops.ids().collect();
    ids.into_iter().for_each(|op| run.emitted.program.ops[op].name = name.into());
    let file = file(LOOP, &run);
    assert_eq!(file["otherData"]["chip"], name);
    let threads = threads(&file);
    assert!(threads["matrix 0"].iter().filter(|slice| slice.depth == 0).all(|slice| slice.name == name));
}

/// `tests/browser/share.spec.ts` holds the page's file to the same one.
/// `BLESS=1 cargo test --test perfetto` writes it anew.
#[test]
fn the_command_and_the_page_write_the_same() {
    let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/frames/product-timeline.json");
    let command = |more: &[&str]| {
        let trace = ["trace", "product.systole", "--chip", "classroom-4x4"];
        let run = std::process::Command::new(env!("CARGO_BIN_EXE_systole")).args(trace).args(more).output();
        let output = run.unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    };
    let said = command(&["-o", "-"]);
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(golden, &said).unwrap();
    }
    assert!(said == std::fs::read(golden).unwrap(), "another timeline than {golden}");
    let out = std::env::temp_dir().join(format!("systole-{}-timeline.json", std::process::id()));
    assert!(command(&["--output", out.to_str().unwrap()]).is_empty());
    assert!(std::fs::read(&out).unwrap() == said);
    std::fs::remove_file(out).unwrap();
    assert!(command(&["--set", "clock_mhz=700"]) != said);
}
