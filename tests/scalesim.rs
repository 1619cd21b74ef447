//! SCALE-Sim's counts in every digit, `tests/data/scalesim/`; broken files and what is said of them,
//! `tests/cases/scalesim/`. `BLESS=1 cargo test --test scalesim` writes the messages anew; read them before you commit
//! them.

#![allow(clippy::unwrap_used)] // a test may fail

mod golden;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use proptest::prelude::*;
use systole::base::{Diagnostic, Severity};
use systole::import::scalesim::{
    Config, Layout, MOST_TOPOLOGY_BYTES, Topology, parse_config, parse_topology, text_of,
};
use systole::job::scalesim::{
    check, compute_report, detailed_access_report, simulate, summary, systole_report,
};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

fn data(name: &str) -> PathBuf {
    Path::new(ROOT).join("tests/data/scalesim").join(name)
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// Fields of a CSV's rows, the header's first.
fn table(text: &str) -> Vec<Vec<String>> {
    text.lines().map(|line| line.split(',').map(|field| field.trim().to_owned()).collect()).collect()
}

/// What SCALE-Sim printed for one run: the columns of both its reports.
struct Run {
    topology: String,
    rows: String,
    cols: String,
    dataflow: String,
    /// By layer: total cycles, three utilisations, three counts.
    layers: Vec<Vec<String>>,
}

fn recorded() -> Vec<Run> {
    let mut runs: BTreeMap<Vec<String>, Vec<Vec<String>>> = BTreeMap::new();
    for row in table(&read(&data("results.csv"))).into_iter().skip(1) {
        let layers = runs.entry(row[..4].to_vec()).or_default();
        assert_eq!(row[4], layers.len().to_string(), "layers are in order");
        layers.push(row[5..].to_vec());
    }
    let run = |(key, layers): (Vec<String>, _)| {
        let [topology, rows, cols, dataflow] = key.try_into().unwrap();
        Run { topology, rows, cols, dataflow, layers }
    };
    runs.into_iter().map(run).collect()
}

impl Run {
    fn layout(&self) -> Layout {
        if self.topology.contains("gemm") { Layout::Gemm } else { Layout::Convolution }
    }

    fn config(&self) -> String {
        read(&data("example.cfg"))
            .replace("ArrayHeight: 8", &format!("ArrayHeight: {}", self.rows))
            .replace("ArrayWidth: 8", &format!("ArrayWidth: {}", self.cols))
            .replace("Dataflow : ws", &format!("Dataflow : {}", self.dataflow))
    }

    fn topology(&self) -> PathBuf {
        data(&format!("{}.csv", self.topology))
    }

    /// Holds two reports to what was recorded.
    fn compare(&self, compute: &str, accesses: &str) {
        let (compute, accesses) = (table(compute), table(accesses));
        let header = [
            "LayerID",
            "Total Cycles",
            "Stall Cycles",
            "Overall Util %",
            "Mapping Efficiency %",
            "Compute Util %",
            "",
        ];
        assert_eq!(compute[0], header);
        assert_eq!(
            accesses[0],
            ["LayerID", "SRAM IFMAP Reads", "SRAM Filter Reads", "SRAM OFMAP Writes", ""]
        );
        assert_eq!(compute.len(), self.layers.len() + 1);
        assert_eq!(accesses.len(), self.layers.len() + 1);
        for (id, recorded) in self.layers.iter().enumerate() {
            let (c, a, id) = (&compute[id + 1], &accesses[id + 1], id.to_string());
            assert_eq!([&c[0], &a[0], &c[2], &c[6], &a[4]], [id.as_str(), &id, "0", "", ""]);
            let found = [&c[1], &c[3], &c[4], &c[5], &a[1], &a[2], &a[3]];
            assert_eq!(
                found,
                recorded[..].iter().collect::<Vec<_>>()[..],
                "{} {} {id}",
                self.topology,
                self.dataflow
            );
        }
    }
}

#[test]
fn all_rows_that_scale_sim_printed_are_ours_in_every_digit() {
    let runs = recorded();
    assert_eq!(runs.iter().map(|run| run.layers.len()).sum::<usize>(), 150);
    for run in runs {
        let config = parse_config(&run.config());
        let topology = parse_topology(&read(&run.topology()), run.layout());
        assert_eq!((config.diagnostics, topology.diagnostics), (vec![], vec![]));
        let (config, topology) = (config.value.unwrap(), topology.value.unwrap());
        let counts = simulate(&topology, &config);
        run.compare(&compute_report(&topology, &counts), &detailed_access_report(&topology, &counts));
    }
}

fn scalesim(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_systole")).arg("scalesim").args(arguments).output().unwrap()
}

/// A folder of this test's own.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

#[test]
fn the_command_writes_the_same_rows() {
    let folder = folder("scalesim-command");
    for run in recorded() {
        let (config, out) = (folder.join("run.cfg"), folder.join("not/yet/there"));
        fs::write(&config, run.config()).unwrap();
        let topology = run.topology();
        let mut arguments = vec![
            topology.to_str().unwrap(),
            "--config",
            config.to_str().unwrap(),
            "-o",
            out.to_str().unwrap(),
        ];
        if run.layout() == Layout::Gemm {
            arguments.push("--gemm");
        }
        let output = scalesim(&arguments);
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        assert!(output.stderr.is_empty());
        run.compare(&read(&out.join("COMPUTE_REPORT.csv")), &read(&out.join("DETAILED_ACCESS_REPORT.csv")));
        let (ours, shown) =
            (table(&read(&out.join("SYSTOLE_REPORT.csv"))), String::from_utf8(output.stdout).unwrap());
        assert_eq!(ours.len(), run.layers.len() + 1);
        let (theirs, ours): (u64, u64) = ours[1..].iter().fold((0, 0), |(theirs, ours), row| {
            (theirs + row[6].parse::<u64>().unwrap(), ours + row[7].parse::<u64>().unwrap())
        });
        let last = shown.lines().last().unwrap().to_owned();
        assert!(last.contains(&format!(" {theirs} ")) && last.contains(&format!(" {ours} ")), "{shown}");
        fs::remove_dir_all(folder.join("not")).unwrap();
    }
}

#[test]
fn exit_codes_tell_wrong_input_from_wrong_usage() {
    let folder = folder("scalesim-codes");
    let out = folder.join("out");
    let (config, out) = (data("example.cfg"), out.to_str().unwrap());
    let config = config.to_str().unwrap();
    let broken = Path::new(ROOT).join("tests/cases/scalesim/several_errors.csv");
    let long = folder.join("long.csv");
    fs::write(&long, vec![b','; MOST_TOPOLOGY_BYTES + 1]).unwrap();
    for (topology, config, expected) in [
        (
            broken.to_str().unwrap(),
            config,
            "several_errors.csv:2:7: error: 0 for the ifmap width is too little",
        ),
        ("no-such-file.csv", config, "no-such-file.csv"),
        (long.to_str().unwrap(), config, "more than the 4194304 bytes"),
        (data("edge_conv.csv").to_str().unwrap(), broken.to_str().unwrap(), "`ArrayHeight` is missing"),
    ] {
        let output = scalesim(&[topology, "--config", config, "-o", out]);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(output.stdout.is_empty() && said.contains(expected), "{said}");
        assert!(!Path::new(out).exists(), "nothing is written");
    }
    let usages =
        [&["x.csv", "-o", out][..], &["x.csv", "--config", config], &["--config", config, "-o", out]];
    for usage in usages {
        assert_eq!(scalesim(usage).status.code(), Some(2), "{usage:?}");
    }
}

/// By hand: depthwise copies are rows of their own, and 2 passes of 16 rows each take 8 + 16 + 16 + 8 + 8 - 2 cycles.
#[test]
fn our_schedule_is_reported_beside() {
    let text = "header\nDP, 6, 6, 3, 3, 2, 1, 1,\n";
    let topology = parse_topology(text, Layout::Convolution).value.unwrap();
    let config = parse_config(&read(&data("example.cfg"))).value.unwrap();
    let counts = simulate(&topology, &config);
    let report = systole_report(&topology, &counts);
    let row = |id| format!("{id}, DP, 16, 1, 9, 2, 76, 54, 1.4074074074074074, 4.166666666666667,");
    assert_eq!(report.lines().skip(1).collect::<Vec<_>>(), [row(0), row(1)]);
    let shown = summary(&topology, &counts, &config);
    assert!(
        shown.lines().last().unwrap().split_whitespace().eq(["all", "2", "152", "108", "1.407", "4.17"]),
        "{shown}"
    );
}

/// The configuration that broken topologies are checked with, and the topology for broken configurations.
fn good() -> (Config, Topology) {
    good_with("[architecture_presets]\nArrayHeight: 4\nArrayWidth: 4\nDataflow: ws\n")
}

fn good_with(config: &str) -> (Config, Topology) {
    let topology = parse_topology("h\na, 8, 8, 3, 3, 4, 10, 1, 2:4,\n", Layout::Convolution).value.unwrap();
    (parse_config(config).value.unwrap(), topology)
}

/// Everything that is said of a file, and what it comes to.
fn answer(name: &str, bytes: &[u8]) -> String {
    let text = match text_of(bytes, MOST_TOPOLOGY_BYTES) {
        Ok(text) => text,
        Err(message) => return format!("{name}: {message}\n"),
    };
    let (config, topology) = match name.contains(".one-pe.") {
        true => good_with("[architecture_presets]\nArrayHeight: 1\nArrayWidth: 1\nDataflow: os\n"),
        false => good(),
    };
    if name.ends_with(".cfg") {
        let parsed = parse_config(&text);
        let checked = parsed.value.iter().flat_map(|config| check(&topology, config));
        // Their place is in the topology, not here.
        let checked = checked.map(|d| format!("{:?}: {}\n", d.severity, d.message));
        return rendered(&parsed.diagnostics, name, &text) + &checked.collect::<String>();
    }
    let layout = if name.contains(".gemm.") { Layout::Gemm } else { Layout::Convolution };
    let parsed = parse_topology(&text, layout);
    let checked: Vec<Diagnostic> =
        parsed.value.iter().flat_map(|topology| check(topology, &config)).collect();
    let counts = parsed.value.iter().map(|topology| systole_report(topology, &simulate(topology, &config)));
    rendered(&parsed.diagnostics, name, &text)
        + &rendered(&checked, name, &text)
        + &counts.collect::<String>()
}

fn rendered(diagnostics: &[Diagnostic], name: &str, text: &str) -> String {
    for d in diagnostics {
        assert!(d.hint.is_some(), "{name}: `{}` says how to mend it", d.message);
    }
    diagnostics.iter().map(|d| d.render(name, text)).collect()
}

#[test]
fn broken_files_are_answered_as_recorded() {
    let cases = golden::cases("scalesim");
    assert!(cases.len() >= 40, "the gallery is there");
    let beside =
        |case: &Path| case.with_file_name(format!("{}.txt", case.file_name().unwrap().to_str().unwrap()));
    golden::hold(&cases, beside, answer);
}

/// Reads bytes as each kind of file; whatever is read is simulated and printed.
fn survive(bytes: &[u8]) {
    let Ok(text) = text_of(bytes, MOST_TOPOLOGY_BYTES) else { return };
    let (mut config, good_topology) = good();
    for layout in [Layout::Convolution, Layout::Gemm] {
        let parsed = parse_topology(&text, layout);
        check_messages(&parsed.diagnostics, &text, parsed.value.is_some());
        if let Some(topology) = parsed.value {
            for dataflow in systole::chip::Dataflow::ALL {
                config.dataflow = dataflow;
                print_all(&topology, &config);
            }
        }
    }
    let parsed = parse_config(&text);
    check_messages(&parsed.diagnostics, &text, parsed.value.is_some());
    parsed.value.iter().for_each(|config| print_all(&good_topology, config));
}

fn check_messages(diagnostics: &[Diagnostic], text: &str, whole: bool) {
    for d in diagnostics {
        let shown = d.render("f", text);
        assert!(shown.chars().all(|c| c == '\n' || !c.is_control()), "{shown:?}");
    }
    assert!(diagnostics.len() <= 200);
    assert_eq!(
        whole,
        diagnostics.iter().all(|d| d.severity == Severity::Warning),
        "errors, and only they, refuse"
    );
}

fn print_all(topology: &Topology, config: &Config) {
    check_messages(
        &check(topology, config),
        &" ".repeat(1 << 10),
        !config.sparse || topology.layers.iter().all(|l| l.sparsity.is_none_or(|s| s.kept == s.of)),
    );
    let counts = simulate(topology, config);
    let rows: u64 = topology.layers.iter().map(|layer| layer.copies).sum();
    for report in [compute_report, detailed_access_report, systole_report] {
        assert_eq!(report(topology, &counts).lines().count() as u64, rows + 1);
    }
    assert_eq!(summary(topology, &counts, config).lines().count(), topology.layers.len() + 3);
}

const TOPOLOGY: &str = "Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, Num Filter, Strides,\n\
    c1, 9, 11, 3, 3, 3, 7, 2,\n,,,,,,,,\nDP2, 6, 6, 3, 3, 4, 1, 1, 2,\nc3, 8, 8, 1, 1, 16, 4, 1, 2:4,\n";
const GEMM: &str = "Layer, M, N, K,\ng1, 4, 5, 6,\ng2, 13, 29, 47, 1:2,\n";
const CONFIG: &str = "[general]\nrun_name = x\n[architecture_presets]\nArrayHeight: 8\nArrayWidth : 16\nDataflow = ws\n\
    [sparsity]\nSparsitySupport: false\n[run_presets]\nInterfaceBandwidth: CALC\n";
const PIECES: [&str; 24] = [
    "",
    ",",
    ",,",
    "\n",
    "\r",
    "\t",
    ";",
    ":",
    "=",
    "#",
    "[",
    "]",
    "0",
    "1",
    "99999",
    "4294967295",
    "4294967296",
    "-1",
    "1.0",
    "2:4",
    "DP",
    "\u{feff}",
    "Dataflow",
    "\"",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn random_bytes(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        survive(&bytes);
    }

    #[test]
    fn random_pieces(pieces in prop::collection::vec(prop::sample::select(&PIECES[..]), 0..60)) {
        survive(pieces.concat().as_bytes());
    }

    #[test]
    fn mutated_files(
        valid in prop::sample::select(&[TOPOLOGY, GEMM, CONFIG][..]),
        cuts in prop::collection::vec((0..300usize, 0..6usize, prop::sample::select(&PIECES[..])), 1..6),
    ) {
        let mut bytes = valid.as_bytes().to_vec();
        for (at, length, piece) in cuts {
            let at = at % bytes.len().max(1);
            let end = (at + length).min(bytes.len());
            bytes.splice(at.min(end)..end, piece.bytes());
        }
        survive(&bytes);
    }
}

#[test]
fn the_files_that_are_mutated_are_good() {
    for (text, layout, layers) in [(TOPOLOGY, Layout::Convolution, 3), (GEMM, Layout::Gemm, 2)] {
        assert_eq!(parse_topology(text, layout).value.unwrap().layers.len(), layers);
    }
    assert!(parse_config(CONFIG).value.is_some());
}

#[test]
fn a_file_of_a_hundred_thousand_layers_is_read_and_one_more_is_not() {
    let of = |copies: u64| format!("h\nDP, 1, 1, 1, 1, {copies}, 1, 1,\n");
    let most = parse_topology(&of(100_000), Layout::Convolution).value.unwrap();
    let counts = simulate(&most, &good().0);
    assert_eq!(compute_report(&most, &counts).lines().count(), 100_001);
    assert!(parse_topology(&of(100_001), Layout::Convolution).value.is_none());
}
