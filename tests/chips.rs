//! Chip files: wrong ones and what is said of them (`tests/cases/chips/`), presets, changed fields, files from strangers.

#![allow(clippy::unwrap_used)] // a test may fail

#[allow(dead_code)] // some of it is for others
mod checked;
mod golden;

use proptest::prelude::*;
use systole::base::Severity;
use systole::chip::{
    Chip, Common, Description, Dram, Key, Kind, Link, MOST_FILE_BYTES, Need, PRESETS, parse, preset,
};
use systole::import::Files;
use systole::import::scalesim::{Layout, parse_topology};
use systole::job::{as_planned, compile, compile_or_time_arranged, time_topology};
use systole::num::DType;
use systole::schedule::Pipeline;

#[test]
fn wrong_files_are_answered_as_recorded() {
    let cases = golden::cases("chips");
    assert!(cases.len() >= 24, "the gallery is there");
    golden::hold(
        &cases,
        |case| case.with_extension("txt"),
        |name, bytes| {
            let text = std::str::from_utf8(bytes).unwrap();
            let parsed = parse(text);
            assert!(parsed.description.is_none(), "{name} is a wrong file");
            for d in &parsed.diagnostics {
                assert!(d.hint.is_some(), "{name}: `{}` says how to mend it", d.message);
            }
            parsed.diagnostics.iter().map(|d| d.render(name, text)).collect()
        },
    );
}

#[test]
fn a_file_of_ones_own_is_a_preset_with_changes() {
    let text = "based_on = \"tpu-v4\"\nname = \"mine\"\nclock_mhz = 1200.5 # MHz\ndram_gb_per_s = \"4000/3\"\n\
                [assumed]\nclock_mhz = 'as it was'\n";
    let mine = parse(text).description.unwrap();
    let mut expected = preset("tpu-v4").unwrap();
    for (name, value) in [("name", "mine"), ("clock_mhz", "1200.5"), ("dram_gb_per_s", "4000/3")] {
        expected.set(name, value).unwrap();
    }
    assert_eq!(mine.chip(), expected.chip());
    assert_eq!(mine.assumed(Key::ClockMhz), Some("as it was"));
    assert_eq!(mine.source(Key::Rows), preset("tpu-v4").unwrap().source(Key::Rows));
    assert_eq!((mine.source(Key::DramGbPerS), mine.assumed(Key::DramGbPerS)), (None, None));
    assert_eq!(parse(&mine.to_toml()).description, Some(mine));
}

#[test]
fn what_is_kept_of_a_file_prints_and_parses() {
    let text = "based_on = \"tpu-v1\"\nhost_gb_per_s = \"none\"\nhost_latency_ns = 'none'\nclock_mhz = 1_400\nname = 'a \"b\" \\'\n\
                [sources]\n\"tab\\tand \\u001b\" = [\"clock_mhz\"]\n[assumed]\nrows = \"two\\nlines\"\n";
    let described = parse(text).description.unwrap();
    assert!(described.value(Key::HostGbPerS).is_none() && described.chip().unwrap().host.is_none());
    assert_eq!(described.source(Key::ClockMhz), Some("tab and  "));
    assert_eq!(described.assumed(Key::Rows), Some("two lines"));
    assert_eq!(parse(&described.to_toml()).description, Some(described));
}

/// As published; the peaks in tera-operations a second, rounded as they are there. What is not published is 0.
#[test]
fn an_edited_text_is_changes_of_its_chip_where_values_are_all_that_changed() {
    let base = preset("tpu-v1").unwrap();
    let text = base.to_toml();
    let changes = |from: &str, to: &str| {
        assert!(text.contains(from), "{from}");
        parse(&text.replace(from, to)).description.unwrap().changes_of(&base)
    };
    assert_eq!(changes("\n", "\n"), Some(vec![]));
    // What gave the value before may still be named for it.
    let slower = changes("clock_mhz = 700", "clock_mhz = 350");
    assert_eq!(slower, Some(vec![(Key::ClockMhz, "350".to_owned())]));
    let named = changes("name = \"TPU v1\"", "name = \"mine\"");
    assert_eq!(named, Some(vec![(Key::Name, "mine".to_owned())]));
    // An optional field that is gone.
    let mut hostless = base.clone();
    hostless.set("host_gb_per_s", "none").unwrap();
    hostless.set("host_latency_ns", "none").unwrap();
    let gone = hostless.changes_of(&base).unwrap();
    assert!(gone.contains(&(Key::HostGbPerS, "none".to_owned())), "{gone:?}");
    // Another reason is no value.
    let why = base.assumed(Key::DramLatencyNs).unwrap();
    assert_eq!(changes(why, "for a reason of mine"), None);
    // Whatever the changes are, the chip amended by them is the one that the text describes.
    for (name, value) in [("rows", "128"), ("dataflow", "os"), ("dram_latency_ns", "20"), ("dram_gib", "9")] {
        let mut expected = base.clone();
        expected.set(name, value).unwrap();
        let changes = parse(&expected.to_toml()).description.unwrap().changes_of(&base).unwrap();
        let mut amended = base.clone();
        let pairs = changes.iter().map(|(key, value)| (key.field().name, value.as_str()));
        assert_eq!(amended.amend(pairs), expected.chip());
        assert_eq!(amended, expected);
    }
}

#[test]
fn presets_are_the_chips_that_were_published() {
    // name, MHz, cores, units, side, KiB of unified buffer a core, GB/s, GiB, i8, bf16, fp8
    let published = [
        ("tpu-v1", 700, 1, 1, 256, 24576, 34, 8, 92, 0, 0),
        ("tpu-v2", 700, 2, 2, 128, 16384, 700, 16, 0, 46, 0),
        ("tpu-v3", 940, 2, 4, 128, 16384, 900, 32, 0, 123, 0),
        ("tpu-v4i", 1050, 1, 4, 128, 16384, 614, 8, 0, 138, 0),
        ("tpu-v4", 1050, 2, 8, 128, 16384, 1200, 32, 275, 275, 0),
        ("tpu-v5e", 1500, 1, 4, 128, 131_072, 819, 16, 394, 197, 0),
        ("tpu-v5p", 1750, 2, 8, 128, 65536, 2765, 95, 918, 459, 0),
        ("tpu-v6e", 0, 1, 2, 256, 131_072, 1638, 32, 1836, 918, 0),
        ("tpu-v7x", 0, 2, 4, 256, 65536, 7380, 192, 0, 2307, 4614),
        ("trainium1", 0, 2, 2, 128, 24576, 820, 32, 0, 190, 0),
        ("trainium2", 0, 8, 8, 128, 28672, 2900, 96, 0, 667, 1299),
        ("gemmini", 0, 1, 1, 16, 256, 0, 0, 0, 0, 0),
    ];
    assert_eq!(published.map(|(name, ..)| name), PRESETS[3..]);
    for (name, mhz, cores, units, side, kib, gb_per_s, gib, i8, bf16, fp8) in published {
        let (described, chip) = (preset(name).unwrap(), Chip::preset(name).unwrap());
        let says = |key: Key, value: u64| {
            let said = described.value(key).unwrap().to_string();
            assert!(value == 0 || said == value.to_string(), "{name}: {key:?} is {said}, published {value}");
        };
        for (key, value) in [
            (Key::ClockMhz, mhz),
            (Key::Cores, cores),
            (Key::MatrixUnits, units),
            (Key::Rows, side),
            (Key::Cols, side),
            (Key::UnifiedBufferKib, kib),
            (Key::DramGbPerS, gb_per_s),
            (Key::DramGib, gib),
        ] {
            says(key, value);
        }
        for (dtype, peak) in [(DType::I8, i8), (DType::Bf16, bf16), (DType::Fp8, fp8)] {
            let ours = chip.peak(dtype).map_or(0.0, |peak| peak.as_f64() / 1e12);
            // Trainium2's fp8 peak is a little less than twice that of bf16.
            let near = if dtype == DType::Fp8 { 0.03 } else { 0.005 };
            assert!(
                peak == 0 || (ours / f64::from(peak) - 1.0).abs() < near,
                "{name}: {ours} on {dtype}, not {peak}"
            );
        }
    }
}

/// 34 GB/s at 700 MHz is 340/7 bytes a cycle (MACHINE.md); 100 ns are 70 cycles, and at 705 MHz 70.5, so 71.
#[test]
fn bandwidths_and_latencies_become_cycles() {
    let mut v1 = preset("tpu-v1").unwrap();
    let link = v1.chip().unwrap().dram.link;
    assert_eq!((link.bytes_per_cycle.to_string(), link.latency), ("340/7".into(), 70));
    v1.set("clock_mhz", "705").unwrap();
    let link = v1.chip().unwrap().dram.link;
    assert_eq!((link.bytes_per_cycle.to_string(), link.latency), ("6800/141".into(), 71));
}

#[test]
fn every_preset_runs_programs_and_networks() {
    let program = "input x : i8[20, 30]\nweight w : i8[30, 17]\nweight b : i32[17]\n\
                   output relu(requant(x @ w + b, shift=7))\n";
    let network = include_str!("data/scalesim/resnet50.csv");
    let network = parse_topology(network, Layout::Convolution).value.unwrap();
    for name in PRESETS {
        let chip = Chip::preset(name).unwrap();
        let compiled = compile(program, &Files::default(), &chip);
        let job = compiled.job.unwrap_or_else(|| panic!("{name}: {:?}", compiled.diagnostics));
        assert_eq!(checked::sound(job.finish()).disagreement, None, "{name}");
        let timed = time_topology(&network, &chip).unwrap_or_else(|refused| panic!("{name}: {refused:?}"));
        checked::assert_planned(&timed.plan, &timed.emitted, &chip);
        assert_eq!(timed.tally().classes.total(), timed.trace.cycles * chip.matrix_units as u64, "{name}");
    }
}

/// The least and the greatest values of a field.
fn extremes(key: Key) -> Vec<String> {
    match key.field().kind {
        Kind::Text => vec!["x".into()],
        Kind::Whole { least, most } => vec![least.to_string(), most.to_string()],
        Kind::Number { least, most } => vec![least.to_string(), most.to_string()],
        Kind::Flag => vec!["true".into(), "false".into()],
        Kind::Word(words) => words.iter().map(|word| (*word).to_owned()).collect(),
    }
}

/// A chip runs a program, or says what is wrong: with itself, or with the program.
fn answers(described: &Description) -> Result<(), String> {
    let chip = match described.chip() {
        Ok(chip) => chip,
        Err(errors) => {
            assert!(errors.iter().all(|e| !e.message.is_empty() && !e.hint.is_empty()));
            return Err(errors[0].message.clone());
        }
    };
    let compiled =
        compile("input a : i8[5, 7]\nweight w : i8[7, 6]\noutput a @ w\n", &Files::default(), &chip);
    match compiled.job {
        Some(job) => assert_eq!(job.finish().disagreement, None),
        None => assert!(compiled.diagnostics.iter().any(|d| d.severity == Severity::Error)),
    }
    Ok(())
}

#[test]
fn every_field_goes_to_its_limits() {
    for name in ["classroom-4x4", "tpu-v4", "gemmini"] {
        for key in Key::ALL {
            for value in extremes(key) {
                let mut described = preset(name).unwrap();
                // What else is said of a handover belongs to it, and a memory has a size and a speed.
                for part in ["handover_gb_per_s", "common_memory_mib", "common_memory_gb_per_s"] {
                    described.set(part, "1").unwrap();
                }
                described.set(key.field().name, &value).unwrap();
                let answer = answers(&described);
                let shared = matches!(key, Key::Cores | Key::MatrixUnits | Key::HostLatencyNs);
                assert!(answer.is_ok() || shared, "{name}, {key:?} = {value}: {answer:?}");
            }
            let mut described = preset(name).unwrap();
            let without = described.set(key.field().name, "none");
            // A chip may well be called none.
            assert_eq!(without.is_ok(), key.field().need == Need::Optional || key == Key::Name, "{key:?}");
        }
    }
}

#[test]
fn a_file_that_is_too_long_is_refused_unread() {
    let long = "# nothing\n".repeat(1 + MOST_FILE_BYTES / 10);
    let parsed = parse(&long);
    assert!(parsed.description.is_none() && parsed.diagnostics[0].message.contains("65536 bytes"));
}

/// As long as can be, and made to cost as much as can be: each is answered.
#[test]
fn long_files_cost_little() {
    for line in
        ["colour_of_it = 1\n", "[sources]\n\"a\" = []\n", "rows = 4\n", "[[[[", "a.b.c.d.e.f = 1\n", "=\n"]
    {
        let text: String = (0..MOST_FILE_BYTES / line.len()).map(|_| line).collect();
        let parsed = parse(&text);
        assert!(parsed.description.is_none() && (1..=200).contains(&parsed.diagnostics.len()), "{line}");
    }
    // A long header stands before every key below it.
    let deep = format!("[{}a]\n{}", "a.".repeat(15_000), "a=1\n".repeat(8_000));
    assert_eq!(parse(&deep).diagnostics.len(), 100);
    let unknown: String = (0..6000).map(|i| format!("k{i} = 1\n")).collect();
    assert_eq!(parse(&unknown).diagnostics.len(), 100);
}

fn survive(text: &str) {
    let parsed = parse(text);
    for d in &parsed.diagnostics {
        assert!(d.span.range().end <= text.len());
        let shown = d.render("c", text);
        assert!(shown.chars().all(|c| c == '\n' || !c.is_control()), "{shown:?}");
    }
    match parsed.description {
        Some(described) => {
            assert!(described.chip().is_ok());
            assert_eq!(parse(&described.to_toml()).description, Some(described));
        }
        None => assert!(!parsed.diagnostics.is_empty()),
    }
}

const WORDS: [&str; 27] = [
    "rows",
    "cols",
    "dataflow",
    "\"ws\"",
    "clock_mhz",
    "[sources]",
    "[assumed]",
    "based_on",
    "\"tpu-v1\"",
    "=",
    "[",
    "]",
    "{",
    "}",
    "\n",
    "\"a\\nb\"",
    "0x1f",
    "none",
    "1",
    "-1",
    "1e9",
    "\"1/3\"",
    "true",
    ",",
    ".",
    "\"\"\"",
    "'",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn random_text(text in "\\PC{0,200}") {
        survive(&text);
    }

    #[test]
    fn random_tokens(words in prop::collection::vec(prop::sample::select(&WORDS[..]), 0..60)) {
        survive(&words.join(" "));
    }

    #[test]
    fn mutated_presets(
        name in prop::sample::select(&PRESETS[..]),
        cuts in prop::collection::vec((0..2000usize, 0..6usize, prop::sample::select(&WORDS[..])), 1..4),
    ) {
        let mut text = preset(name).unwrap().to_toml();
        for (at, length, word) in cuts {
            let near = |at: usize| (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap();
            let (from, to) = (near(at), near(at + length));
            text.replace_range(from..to, word);
        }
        survive(&text);
    }

    /// Several fields at once, each at one of its limits.
    #[test]
    fn contradictory_chips_are_answered(
        name in prop::sample::select(&PRESETS[..]),
        changes in prop::collection::vec((0..Key::ALL.len(), any::<bool>()), 1..8),
    ) {
        let mut described = preset(name).unwrap();
        for (key, last) in changes {
            let values = extremes(Key::ALL[key]);
            let value = if last { values.last() } else { values.first() };
            described.set(Key::ALL[key].field().name, value.unwrap()).unwrap();
        }
        let _ = answers(&described);
    }
}

#[test]
fn words_hand_a_chip_over() {
    for name in PRESETS {
        let described = preset(name).unwrap();
        let again = Description::from_words(&described.to_words()).unwrap();
        assert_eq!(again.chip(), described.chip());
        for key in Key::ALL {
            assert_eq!(
                (again.source(key), again.assumed(key)),
                (described.source(key), described.assumed(key))
            );
        }
    }
    let bad = ["rows", "0", "", ""].map(str::to_owned);
    assert!(Description::from_words(&bad).is_err());
}

/// 2 bytes an element at 2 bytes a cycle, of each tensor at most 1 KiB; weights twice where all is above 2 KiB and k below 64.
#[test]
fn products_are_handed_over() {
    let mut described = preset("classroom-8x8").unwrap();
    for (key, value) in [
        ("rows_per_cycle_bf16", "1"),
        ("handover_gb_per_s", "0.2"),
        ("handover_kib", "1"),
        ("handover_again_kib", "2"),
        ("handover_once_k", "64"),
    ] {
        described.set(key, value).unwrap();
    }
    let chip = described.chip().unwrap();
    let cycles = |extents| chip.handover(extents, [DType::Bf16; 3]);
    // k counts as 8.
    assert_eq!(cycles([4, 3, 2]), (64 + 32 + 16) / 2);
    // 32 x 16, 16 x 8 and 32 x 8: 1024, 256 and 512 bytes.
    assert_eq!(cycles([32, 16, 8]), (1024 + 256 + 512) / 2);
    // 32 x 32, 32 x 16 and 32 x 16 elements.
    assert_eq!(cycles([32, 32, 16]), (1024 + 1024 + 1024 + 1024) / 2);
    // 32 x 32, 32 x 24 and 32 x 24: the weights' second time is not cut short.
    assert_eq!(cycles([32, 32, 24]), (1024 + 1024 + 1024 + 1536) / 2);
    assert_eq!(cycles([32, 64, 16]), (1024 + 1024 + 1024) / 2);
    let none = Chip { handover: None, ..chip };
    assert_eq!(none.handover([32, 32, 16], [DType::Bf16; 3]), 0);
}

#[test]
fn a_handover_without_a_bandwidth_is_none() {
    let mut described = preset("classroom-8x8").unwrap();
    described.set("handover_kib", "1").unwrap();
    let errors = described.chip().unwrap_err();
    assert_eq!(errors[0].message, "a handover has no bandwidth");
}

/// A program that fits it moves over its bus, and is planned for that; the same program one byte too large is the DRAM's.
#[test]
fn a_common_memory_holds_whole_programs() {
    let text = "input a : i8[1024, 1024]\nweight b : i8[1024, 1024]\noutput relu(a @ b)\n";
    let mut described = preset("tpu-v5e").unwrap();
    described.set("unified_buffer_kib", "1024").unwrap();
    let alone = described.chip().unwrap();
    described.set("common_memory_mib", "6").unwrap();
    described.set("common_memory_gb_per_s", "20000").unwrap();
    let chip = described.chip().unwrap();
    let run = |chip: &Chip| compile(text, &Files::default(), chip).job.unwrap().finish();
    let (fits, outside) = (run(&chip), run(&alone));
    assert_eq!(fits.emitted.program.in_memory(), 6 << 20);
    assert!(fits.trace.cycles < outside.trace.cycles);
    let [common, dram] = [&fits, &outside].map(|run| run.report(text));
    assert!(common.in_common_memory && !dram.in_common_memory);
    // As if there were no other memory than that one.
    let Common { bytes_per_cycle, bytes } = chip.common.unwrap();
    let link = Link { bytes_per_cycle, latency: 0 };
    assert_eq!(
        run(&Chip { dram: Dram { link, ..chip.dram }, common: None, ..chip.clone() }).trace,
        fits.trace
    );
    let small = Chip { common: Some(Common { bytes_per_cycle, bytes: bytes - 1 }), ..chip };
    assert_eq!(run(&small).trace, outside.trace);
}

#[test]
fn a_common_memory_has_both_a_size_and_a_speed() {
    for key in ["common_memory_mib", "common_memory_gb_per_s"] {
        let mut described = preset("classroom-8x8").unwrap();
        described.set(key, "1").unwrap();
        let errors = described.chip().unwrap_err();
        assert_eq!(errors[0].message, "a common memory has a capacity and a bandwidth");
    }
}

/// The others have no work.
#[test]
fn a_program_runs_on_its_cores() {
    let text = "input a : bf16[1024, 128]\nweight b : bf16[128, 1024]\noutput a @ b\n";
    // Tensors that stay would stay on one core, and the work with them.
    let streamed = Pipeline::default().without("reside").unwrap();
    let units = |chip: &Chip| {
        let arranged = compile_or_time_arranged(text, &Files::default(), chip, &streamed, &mut as_planned);
        let job = arranged.job.unwrap();
        let finished = job.finish();
        let busy = |unit: &&systole::job::UnitReport| unit.name.starts_with("matrix") && unit.busy > 0;
        finished.report(text).units.iter().filter(busy).count()
    };
    let chip = Chip::preset("tpu-v4").unwrap();
    assert_eq!(chip.used_cores(), 1);
    assert_eq!(units(&chip), 4);
    assert_eq!(units(&Chip { program_cores: None, ..chip.clone() }), 8);
    assert_eq!(Chip { program_cores: Some(9), ..chip }.used_cores(), 2);
}
