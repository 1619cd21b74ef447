//! The command line: what it prints, and its exit codes.

#![allow(clippy::unwrap_used)] // a test may fail

use std::io::Write;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

fn systole(arguments: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_systole"))
        .args(arguments)
        .current_dir(std::env::temp_dir())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that does not read its input may be gone before all of it is written.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

fn error_of(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

const DIGITS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/www/public/examples/digits.systole");

#[test]
fn the_digits_run_and_report_as_json() {
    // From its file, and by its name alone where there is no such file.
    for file in [DIGITS, "digits.systole"] {
        let output = systole(&["run", file, "--format", "json"], "");
        assert_eq!(output.status.code(), Some(0), "{}", error_of(&output));
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(report["outputs"][0]["values"], serde_json::json!([3, 1, 4, 1, 5, 9, 2, 6]));
        assert_eq!(report["outputs"][0]["dtype"], "i32");
        assert_eq!(report["agrees"], true);
        assert_eq!(report["macs"], 8 * (64 * 32 + 32 * 10));
        assert_eq!(report["chip"]["rows"], 8);
        assert_eq!(report["ops"].as_array().unwrap().len(), 3);
        assert_eq!(report["ops"][0]["name"], "h");
        assert_eq!(report["ops"][0]["line"], 8);
        assert!(report["cycles"].as_u64() > report["cycles_to_last_mac"].as_u64());
        assert!(report.get("energy_joules").is_none(), "a field appears when it is real");
    }
}

/// 4 rows through one full tile of 4 x 4, by hand.
#[test]
fn the_report_counts_what_moves() {
    let output = systole(&["run", "product.systole", "--chip", "classroom-4x4", "--format", "json"], "");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let moved = serde_json::json!({
        "activations": {
            "dram_read_bytes": 16, "unified_buffer_writes": 16, "unified_buffer_reads": 16,
            "hops": 4 * 4 * 3, "register_writes": 4 * 4 * 4,
        },
        // Row r goes down r times; each hop and the way in write the bus, then shadow and active follow.
        "weights": {
            "dram_read_bytes": 16, "fifo_reads": 16,
            "hops": 4 * (1 + 2 + 3), "register_writes": 4 * (1 + 2 + 3 + 4) + 2 * 16,
        },
        "sums": { "hops": 4 * 4 * 3, "register_writes": 64, "accumulator_writes": 16, "accumulator_reads": 16 },
        "vectors": { "dram_written_bytes": 64, "unified_buffer_writes": 16, "unified_buffer_reads": 16 },
    });
    assert_eq!(report["movement"], serde_json::json!({ "all": moved, "padding": {} }));
    assert_eq!(report["ops"][0]["movement"], report["movement"]);
}

#[test]
fn the_chip_can_be_chosen_and_changed() {
    let cycles = |arguments: &[&str]| {
        let output = systole(&[&["run", "product.systole", "--format", "json"], arguments].concat(), "");
        assert_eq!(output.status.code(), Some(0), "{}", error_of(&output));
        serde_json::from_slice::<Value>(&output.stdout).unwrap()["cycles_to_last_mac"].as_u64().unwrap()
    };
    // The first tile is whole after as many cycles as its bytes take at four a cycle, and ten more.
    let whole = |rows: u64, cols: u64| rows * cols / 4 + 10;
    assert_eq!(cycles(&["--chip", "classroom-4x4"]), whole(4, 4) + 2 * 4 + 4 + 4 - 2);
    assert_eq!(cycles(&["--chip", "classroom-4x4", "--set", "rows=8"]), whole(4, 4) + 2 * 8 + 4 + 4 - 2);
    // Two tiles of k: the second one's load waits until the first wave has crossed.
    let two = ["--chip", "classroom-2x4", "--set", "double_buffered=true"];
    let one = ["--chip", "classroom-2x4", "--set", "double_buffered=false"];
    let alone = (2 + 4 + 4 + 2 + 4 - 2, 2 * (2 + 4 + 2 + 4 - 2));
    // The activations come behind the first of the tiles, two cycles after its load could be over.
    let later = whole(2, 4) + 4;
    assert_eq!((cycles(&two), cycles(&one)), (later + alone.0 - 2, later + alone.1 - 2));
}

#[test]
fn chips_are_listed_printed_and_read_back() {
    let said = |arguments: &[&str]| {
        let output = systole(arguments, "");
        assert_eq!(output.status.code(), Some(0), "{}", error_of(&output));
        String::from_utf8(output.stdout).unwrap()
    };
    let list = said(&["chips"]);
    for name in systole::chip::PRESETS {
        assert!(list.contains(&format!("- `{name}`: ")), "{name} is listed");
    }
    assert!(list.contains("source: N. P. Jouppi et al., In-Datacenter Performance Analysis"));
    let assumed = said(&["chips", "--assumed"]);
    assert!(
        assumed.contains("- `tpu-v1`\n")
            && assumed.contains("  - `dram_latency_ns = 100`: typical of DDR3\n")
    );
    assert!(
        said(&["chips", "--keys"]).contains("| `rows` | a whole number from 1 to 512, PEs | R: rows of PEs")
    );
    // What is printed is a chip file, and a chip file's errors have their lines.
    let folder = std::env::temp_dir().join(format!("systole-chips-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("mine.toml");
    let run = |chip: &str| said(&["run", "product.systole", "--chip", chip, "--format", "json"]);
    std::fs::write(&file, said(&["chips", "tpu-v1", "--set", "dataflow=os"])).unwrap();
    let report: Value = serde_json::from_str(&run(file.to_str().unwrap())).unwrap();
    assert_eq!((&report["chip"]["dataflow"], &report["chip"]["rows"]), (&"os".into(), &256.into()));
    std::fs::write(&file, "based_on = \"tpu-v1\"\nrows = 1000\n").unwrap();
    let output = systole(&["run", "product.systole", "--chip", file.to_str().unwrap()], "");
    std::fs::remove_dir_all(&folder).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(
        error_of(&output).contains("mine.toml:2:8: error: `rows` cannot be `1000`"),
        "{}",
        error_of(&output)
    );
}

#[test]
fn a_frame_is_printed_of_programs_and_topologies() {
    let frame = |arguments: &[&str]| -> Value {
        let output = systole(&[&["frame"], arguments].concat(), "");
        assert_eq!(output.status.code(), Some(0), "{}", error_of(&output));
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let product = frame(&["product.systole", "--chip", "classroom-4x4", "--cycle", "23"]);
    assert_eq!(product["step"][0], serde_json::json!([[], [], [3], [2]]));
    assert_eq!(product["registers"]["act"][0], serde_json::json!([null, null, -2, 4]));
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/scalesim/resnet50.csv");
    let layers = frame(&[file, "--chip", "tpu-v4", "--unit", "7", "--cycle", "100000"]);
    assert_eq!((layers["unit"].as_u64(), layers.get("registers")), (Some(7), None));
    for (arguments, expected) in [
        (["--cycle", "61", "--unit", "0"], "there is no cycle 61: the run ends after 60"),
        (["--cycle", "0", "--unit", "1"], "there is no matrix unit 1: Classroom 4 x 4 has 1, counted from 0"),
    ] {
        let output =
            systole(&[&["frame", "product.systole", "--chip", "classroom-4x4"][..], &arguments].concat(), "");
        assert_eq!(output.status.code(), Some(1));
        assert!(error_of(&output).contains(expected), "{}", error_of(&output));
    }
}

/// `tests/browser/share.spec.ts` holds the page's picture of that cycle to the same file.
/// `BLESS=1 cargo test --test cli` writes it anew; look at the picture before you commit it.
#[test]
fn a_picture_of_a_cycle_is_the_one_that_the_page_saves() {
    let picture = |more: &[&str]| {
        let product =
            ["frame", "product.systole", "--chip", "classroom-4x4", "--cycle", "23", "--format", "svg"];
        systole(&[&product[..], more].concat(), "")
    };
    let output = picture(&[]);
    assert_eq!(output.status.code(), Some(0), "{}", error_of(&output));
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/frames/product-23.svg");
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(file, &output.stdout).unwrap();
    }
    assert!(output.stdout == std::fs::read(file).unwrap(), "another picture than {file}");
    // What is asked for changes what is drawn.
    let dark = picture(&["--theme", "dark"]);
    let wide = picture(&["--size", "1200x400"]);
    let marked = picture(&["--pe", "2,3"]);
    let hexadecimal = picture(&["--numbers", "hexadecimal"]);
    let others = [&dark, &wide, &marked, &hexadecimal];
    for (at, other) in others.iter().enumerate() {
        assert_eq!(other.status.code(), Some(0), "{}", error_of(other));
        assert!(
            other.stdout != output.stdout && others[..at].iter().all(|known| known.stdout != other.stdout)
        );
    }
    assert!(String::from_utf8(wide.stdout).unwrap().contains(r#"width="1200" height="400""#));
}

/// The pixels of a PNG, red, green, blue and alpha, and how many there are in a row.
fn pixels(png: &[u8]) -> (Vec<u8>, u32) {
    let picture = tiny_skia::Pixmap::decode_png(png).unwrap();
    (picture.data().to_vec(), picture.width())
}

/// `tests/browser/share.spec.ts` holds the page's PNG of that cycle to the same file.
/// `BLESS=1 cargo test --test cli` writes it anew; look at the picture before you commit it.
#[test]
fn a_picture_of_a_cycle_as_png_is_the_one_that_the_page_saves() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/frames/product-23.png");
    let frame = ["frame", "product.systole", "--chip", "classroom-4x4", "--cycle", "23", "--format", "png"];
    let png = |more: &[&str]| {
        let output = systole(&[&frame[..], more].concat(), "");
        assert_eq!(output.status.code(), Some(0), "{}", error_of(&output));
        output.stdout
    };
    let plain = png(&[]);
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(file, &plain).unwrap();
    }
    // Processors round colours otherwise, by one.
    let (ours, known) = (pixels(&plain), pixels(&std::fs::read(file).unwrap()));
    assert_eq!((ours.0.len(), ours.1), (known.0.len(), known.1));
    assert!(ours.0.iter().zip(&known.0).all(|(a, b)| a.abs_diff(*b) <= 2), "another picture than {file}");
    let out = std::env::temp_dir().join(format!("systole-{}-frame.png", std::process::id()));
    let options = ["--size", "400x300", "--scale", "2", "--theme", "dark", "-o", out.to_str().unwrap()];
    assert!(png(&options).is_empty());
    let (dark, width) = pixels(&std::fs::read(&out).unwrap());
    std::fs::remove_file(out).unwrap();
    assert_eq!((width, dark.len()), (800, 800 * 600 * 4));
    assert_eq!(dark[..4], [17, 20, 27, 255]);
    let large = systole(&[&frame[..], &["--size", "5000x300", "--scale", "2"]].concat(), "");
    assert_eq!(large.status.code(), Some(1));
    assert!(error_of(&large).contains("a PNG of 10000 pixels is too large: 8192 a side at most"));
    let odd = systole(&[&frame[..], &["--scale", "3"]].concat(), "");
    assert_eq!(odd.status.code(), Some(2));
}

#[test]
fn what_has_no_picture_is_said() {
    let topology = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/scalesim/resnet50.csv");
    let product = "product.systole";
    let size = "a picture's size is like 900x620, each side from 100 to 8192";
    let place = "a PE is a row and a column like 2,3";
    for (file, option, value, code, expected) in [
        (product, "--size", "99x620", 2, size),
        (product, "--size", "900x8193", 2, size),
        (product, "--size", "900", 2, size),
        (product, "--size", "-900x620", 2, size),
        (product, "--pe", "2", 2, place),
        (product, "--pe", "2,-1", 2, place),
        (product, "--pe", "4,0", 1, "there is no PE 4,0: the array has 4 x 4, counted from 0"),
        (product, "--pe", "0,4", 1, "there is no PE 0,4: the array has 4 x 4, counted from 0"),
        (topology, "--theme", "dark", 1, "layers of a topology have no picture: they run without registers"),
    ] {
        let option = format!("{option}={value}");
        let frame = ["frame", file, "--chip", "classroom-4x4", "--cycle", "17", "--format", "svg", &option];
        let output = systole(&frame, "");
        assert_eq!(output.status.code(), Some(code), "{value}");
        assert!(error_of(&output).contains(expected) && output.stdout.is_empty(), "{}", error_of(&output));
    }
}

/// A program too large for its values: its frames have the numbers of an operator that is asked for.
#[test]
fn an_operator_is_computed_when_it_is_asked_for() {
    let text = "input a : i8[4096, 4096]\nweight w : i8[4096, 4096]\nh = requant(a @ w, shift=7)\n\
        output h\nr = relu(a)\noutput r\n";
    let frame = |more: &[&str]| systole(&[&["frame", "-", "--cycle", "538969134"], more].concat(), text);
    let json = |output: &Output| -> Value { serde_json::from_slice(&output.stdout).unwrap() };
    let without = frame(&[]);
    assert!(error_of(&without).starts_with("warning: this runs without values: line 3: up to here"));
    assert_eq!((json(&without).get("registers"), json(&without).get("seeded")), (None, None));
    let with = json(&frame(&["--values", "h"]));
    assert_eq!((&with["seeded"], &with["step"]), (&"h".into(), &json(&without)["step"]));
    assert!(with["registers"]["act"][0][0].is_i64(), "{}", with["registers"]["act"]);
    for (op, expected) in [
        (
            "g",
            "no operator is called `g`: `systole run` lists them; of several with a name, NAME:LINE is one",
        ),
        ("h:4", "no operator is called `h:4`"),
        ("r", "line 5: `r` does not run on the arrays; ask for a product or a convolution"),
    ] {
        let refused = frame(&["--values", op]);
        assert_eq!(refused.status.code(), Some(1));
        assert!(error_of(&refused).contains(expected), "{}", error_of(&refused));
    }
}

/// Of several operators with a name the first that runs on the arrays is meant, whatever stands before it, or that of a line.
#[test]
fn an_operator_is_found_by_its_name_and_line() {
    let text = "input a : i8[4096, 4096]\nweight w : i8[4096, 4096]\nh = relu(a)\noutput h\n\
        h = requant(h @ w, shift=7)\noutput h\nh = requant(h @ w, shift=5)\noutput h\n";
    let frame = |op: &str| systole(&["frame", "-", "--cycle", "600000000", "--values", op], text);
    let (first, fifth, third) = (frame("h"), frame("h:5"), frame("h:3"));
    assert_eq!(first.status.code(), Some(0), "{}", error_of(&first));
    assert_eq!(first.stdout, fifth.stdout);
    let registers = |output: &Output| -> Value {
        serde_json::from_slice::<Value>(&output.stdout).unwrap()["registers"]["act"][0][0].clone()
    };
    assert!(registers(&first).is_i64(), "the operator of line 5 is at work then");
    assert!(registers(&frame("h:7")).is_null(), "that of line 7 is not");
    assert!(error_of(&third).contains("line 3: `h` does not run on the arrays"), "{}", error_of(&third));
}

#[test]
fn what_takes_no_cycles_has_none_to_tell_of() {
    let output = systole(&["run", "-"], "input a : i8[1, 1]\noutput a\n");
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains(": 0 cycles, ") && !said.contains("cycles of the matrix unit"), "{said}");
}

#[test]
fn a_program_comes_from_standard_input_too() {
    let output = systole(&["run", "-"], "input a : i8[1, 1]\noutput a\n");
    assert_eq!(output.status.code(), Some(0));
    assert!(String::from_utf8(output.stdout).unwrap().contains("equals the reference"));
}

/// What the mapper considered stands beside the run that it led to.
#[test]
fn the_mapper_says_what_it_considered() {
    let text = "input x : i8[64, 64]\nweight w : i8[64, 64]\ny = requant(x @ w, shift=7)\noutput y\n";
    let arguments = ["run", "-", "--map", "--set", "unified_buffer_kib=4", "--set", "accumulator_rows=16"];
    let output = systole(&[&arguments[..], &["--format", "json"]].concat(), text);
    assert_eq!(output.status.code(), Some(0), "{}", error_of(&output));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let (mapper, product) = (&report["mapper"], &report["mapper"]["products"][0]);
    let cycles = |value: &Value| value.as_u64().unwrap();
    assert_eq!((&report["agrees"], &mapper["taken"]), (&Value::Bool(true), &Value::Bool(true)));
    assert_eq!(report["cycles"], mapper["found_cycles"]);
    assert!(cycles(&mapper["found_cycles"]) < cycles(&mapper["planned_cycles"]));
    assert_eq!((&product["name"], &product["line"]), (&"y".into(), &3.into()));
    assert!(cycles(&product["best"][0]["cycles"]) < cycles(&product["planned"]["cycles"]));
    assert!(cycles(&product["candidates"]) > 3);
    let words = String::from_utf8(systole(&arguments, text).stdout).unwrap();
    assert!(words.contains("mapper: ") && words.contains("  y (line 3), 1 layer of mnk: "), "{words}");
    let without: Value =
        serde_json::from_slice(&systole(&["run", "-", "--format", "json"], text).stdout).unwrap();
    assert!(without.get("mapper").is_none());
}

#[test]
fn a_topology_runs_through_the_machine() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/scalesim/resnet50.csv");
    let json = systole(&["run", file, "--chip", "classroom-64x64", "--format", "json"], "");
    let report: Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(report["macs"], 4_089_184_256_u64);
    assert_eq!(report["ops"][53]["name"], "fc53");
    assert!(report.get("agrees").is_none() && report.get("outputs").is_none());
    let text = String::from_utf8(systole(&["run", file, "--chip", "classroom-64x64"], "").stdout).unwrap();
    assert!(text.contains("conv0 (line 2)") && text.ends_with("timed without values\n"), "{text}");
    // What is wrong is said at its line.
    let folder = std::env::temp_dir().join(format!("systole-cli-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let large = folder.join("large.csv");
    std::fs::write(&large, "Layer, M, N, K,\nsmall, 2, 2, 2,\nlarge, 70000, 2, 70000,\n").unwrap();
    let output = systole(&["run", large.to_str().unwrap()], "");
    std::fs::remove_dir_all(&folder).unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = error_of(&output);
    assert!(said.contains("large.csv:3:1: error: a matrix of `large` has 4900000000 elements"), "{said}");
    assert!(said.contains("hint: take a smaller layer"), "{said}");
}

/// 1 + 2^-9 is 1 in bf16, which has eight bits; in f64 it is not.
#[test]
fn a_program_is_evaluated_for_no_chip() {
    let text =
        "input a : bf16[2, 3]\nx = zeros(bf16[2]) + 1\ny = x + 0.001953125\noutput y\noutput argmax(a * 0)\n";
    let output = systole(&["evaluate", "-"], text);
    assert_eq!(output.status.code(), Some(0), "{}", error_of(&output));
    let said = String::from_utf8(output.stdout).unwrap();
    let expected = "y : bf16[2] = [1.0, 1.0]\n  off from f64: at most 1.95e-3, relative 1.95e-3\nargmax(a * 0) : i32[2] = [0, 0]\n";
    assert_eq!(said, expected);
    let report = |arguments: &[&str], text: &str| -> Value {
        let output = systole(&[&["evaluate", "-", "--format", "json"], arguments].concat(), text);
        assert_eq!(output.status.code(), Some(0), "{}", error_of(&output));
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let json = report(&[], text);
    assert_eq!((&json["outputs"][0]["values"], json.get("block")), (&serde_json::json!([1.0, 1.0]), None));
    let off = 1.0 / 512.0;
    let expected = serde_json::json!({ "absolute": off, "relative": off / (1.0 + off) });
    assert_eq!(json["outputs"][0]["deviation"], expected);
    assert_eq!(json["outputs"][1].get("deviation"), None);
    // 2^24 + 1 is 2^24 in f32, unless the ones are added up first.
    let sum = "a = concat([full(f32[1, 1], 16777216), full(f32[1, 3], 1)], axis=1)\noutput a @ full(f32[4, 1], 1)\n";
    assert_eq!(report(&[], sum)["outputs"][0]["values"][0], 16_777_216.0);
    let in_twos = report(&["--block", "2"], sum);
    assert_eq!((&in_twos["outputs"][0]["values"][0], &in_twos["block"]), (&16_777_218.0.into(), &2.into()));
}

#[test]
fn what_is_too_much_is_not_evaluated() {
    let large = "input a : f32[8192, 8192]\noutput a\n";
    let long = "x = zeros(f32[1])\nrepeat 2000000000 {\n    x = x + 1\n}\noutput x\n";
    for (text, expected) in [
        (large, "-:1:7: error: with this tensor the program has more than 134217728 bytes"),
        (long, "up to here the program takes as long as"),
        ("output a\n", "nothing is called `a`"),
    ] {
        let output = systole(&["evaluate", "-"], text);
        assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0));
        assert!(error_of(&output).contains(expected), "{}", error_of(&output));
    }
    assert_eq!(systole(&["evaluate", "-", "--block", "0"], large).status.code(), Some(2));
}

#[test]
fn errors_in_the_input_end_with_1() {
    let output = systole(&["run", "-"], "output a @ b\n");
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty());
    let said = error_of(&output);
    assert!(said.contains("-:1:8: error: nothing is called `a`"), "{said}");
    assert!(said.contains("2 errors"), "{said}");
    for (arguments, expected) in [
        (&["run", "no-such-file.systole"][..], "no-such-file.systole"),
        (&["run", "-", "--chip", "tpu"], "there is no chip `tpu`"),
        (&["run", "-", "--chip", "classroom-0x4"], "with 1 to 512 rows and columns"),
        (&["run", "-", "--set", "rows=many"], "`rows` cannot be `many`; it is a whole number from 1 to 512"),
        (&["run", "-", "--set", "colour=red"], "a chip has no `colour`; "),
        (&["run", "-", "--set", "rows"], "`--set rows` has no value"),
        (
            &["run", "-", "--set", "cores=2", "--set", "matrix_units=3"],
            "3 matrix units cannot be shared evenly by 2 cores",
        ),
        (&["run", "-", "--chip", "no-such-chip.toml"], "no-such-chip.toml"),
        (&["chips", "tpu-v44"], "did you mean `tpu-v4"),
        (&["array", "-"], "no list of cases"),
    ] {
        let output = systole(arguments, "nonsense");
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        assert!(error_of(&output).contains(expected), "{arguments:?}: {}", error_of(&output));
    }
}

#[test]
fn check_prints_warnings_and_succeeds() {
    let output = systole(&["check", "-"], "input a : i8[4, 4]\nweight b : i32[4]\noutput a\n");
    assert_eq!(output.status.code(), Some(0));
    assert!(error_of(&output).contains("-:2:8: warning: `b` is never used"));
}

#[test]
fn a_program_is_printed_as_its_graph() {
    let output = systole(&["compile", "digits.systole", "--emit", "graph"], "");
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(text.starts_with("%0 : i8[8, 64] = input from \"digits/x.npy\"  # \"x\"\n"), "{text}");
    assert!(text.ends_with("output %11\n"), "{text}");
    // What no machine runs is printed too, and read back.
    let layers =
        "input x : bf16[4, 8]\nrepeat 80 {\n    weight w : bf16[8, 8]\n    x = gelu(x @ w)\n}\noutput x\n";
    let output = systole(&["compile", "-", "--emit", "graph"], layers);
    assert_eq!(output.status.code(), Some(0), "{}", error_of(&output));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains(" = repeat 80 as t0 {  # \"x\"\n  %1 : bf16[4, 8] = carried %0 then "), "{text}");
    let graph = systole::graph::parse(&text).unwrap();
    assert_eq!((systole::graph::verify(&graph), graph.to_string()), (Ok(()), text));
    // An error is one as in `check`.
    let output = systole(&["compile", "-", "--emit", "tree"], layers);
    assert_eq!(output.status.code(), Some(2));
    assert!(error_of(&output).contains("possible values: graph, plan, asm, bin"), "{}", error_of(&output));
    let output = systole(&["compile", "-", "--emit", "graph"], "output a\n");
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0));
    assert!(error_of(&output).contains("-:1:8: error: nothing is called `a`"));
}

/// A 4 x 4 product by hand.
const BY_HAND: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cases/asm/right/product.s");

#[test]
fn assembly_runs() {
    let output = systole(&["asm", BY_HAND, "--chip", "classroom-4x4", "--format", "json"], "");
    assert_eq!(output.status.code(), Some(0), "{}", error_of(&output));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["outputs"][0]["name"], "c");
    assert_eq!(report["outputs"][0]["shape"], serde_json::json!([4, 4]));
    assert_eq!(report["macs"], 64);
    // As the compiler has it.
    let program = "input a : i8[4, 4]\nweight w : i8[4, 4]\nc = a @ w\noutput c\n";
    let compiled = systole(&["run", "-", "--chip", "classroom-4x4", "--format", "json"], program);
    let compiled: Value = serde_json::from_slice(&compiled.stdout).unwrap();
    for part in ["cycles", "classes", "movement", "macs", "padding_macs", "dram_bytes"] {
        assert_eq!(report[part], compiled[part], "{part}");
    }
    assert_eq!(report["outputs"][0]["values"], compiled["outputs"][0]["values"]);
    let text = systole(&["compile", "-", "--emit", "asm", "--chip", "classroom-4x4"], program);
    let again = systole(&["asm", "-", "--chip", "classroom-4x4"], &String::from_utf8(text.stdout).unwrap());
    assert_eq!(again.status.code(), Some(0), "{}", error_of(&again));
    let wrong = systole(&["asm", "-"], "read a = b\n");
    assert_eq!((wrong.status.code(), wrong.stdout.len()), (Some(1), 0));
    assert!(error_of(&wrong).contains("-:1:6: error: no buffer is called `a`"), "{}", error_of(&wrong));
}

#[test]
fn wrong_usage_ends_with_2() {
    for arguments in [&["run"][..], &["fly"], &["run", "-", "--format", "xml"], &[]] {
        assert_eq!(systole(arguments, "").status.code(), Some(2), "{arguments:?}");
    }
}

#[test]
fn a_case_that_is_none_is_named_and_the_others_are_replayed() {
    let good =
        r#"{"dataflow":"ws","double_buffered":true,"rows":1,"cols":1,"passes":[{"a":[[3]],"w":[[-2]]}]}"#;
    let bad = r#"{"dataflow":"ws","rows":1,"cols":1,"passes":[{"a":[[3,4]],"w":[[-2]]}]}"#;
    let output = systole(&["array", "-"], &format!("[{good},{bad},17]"));
    assert_eq!(output.status.code(), Some(1));
    let replays: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(replays[0]["outputs"], serde_json::json!([[1, 0, 0, 0, -6]]));
    assert!(
        error_of(&output).contains("case 1: pass 0: `a` has 2 columns; give 1, as many as the array's rows")
    );
    assert!(error_of(&output).contains("case 2: "));
}

#[test]
fn comparisons_are_printed_and_what_is_missing_is_named() {
    let data = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data");
    let output = systole(&["validate", data, "--only", "rtl"], "");
    let shown = String::from_utf8(output.stdout).unwrap();
    assert_eq!((output.status.code(), shown.lines().count()), (Some(0), 9), "{shown}");
    assert!(shown.starts_with("### Latencies of public RTL designs\n\n| design "), "{shown}");
    let output = systole(&["validate", "no-such-folder"], "");
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0));
    assert!(
        error_of(&output).starts_with("error: no-such-folder/array/golden.json: "),
        "{}",
        error_of(&output)
    );
    let output = systole(&["validate", data, "--only", "tpu"], "");
    assert_eq!(output.status.code(), Some(2));
    assert!(error_of(&output).contains("there are array, rtl, scalesim, tpu-v1, tpu-v4"));
}

#[test]
fn fmt_rewrites_what_is_not_in_the_one_style() {
    let folder = std::env::temp_dir().join(format!("systole-fmt-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let (loose, wrong) =
        (file("loose.systole", "input x:i8[4,4]\noutput relu( x )"), file("wrong.systole", "output ("));
    let code = |arguments: &[&str]| systole(&[&["fmt"], arguments].concat(), "").status.code();

    assert_eq!(code(&["--check", &loose]), Some(1));
    assert_eq!(code(&[&loose, &wrong]), Some(1), "one of them has errors");
    let formatted = "input x : i8[4, 4]\noutput relu(x)\n";
    assert_eq!(std::fs::read_to_string(&loose).unwrap(), formatted);
    assert_eq!(std::fs::read_to_string(&wrong).unwrap(), "output (");
    assert_eq!(code(&["--check", &loose]), Some(0));
    assert_eq!(code(&[]), Some(2));
    assert_eq!(systole(&["fmt", "-"], "input x:i8[4,4]\noutput relu( x )").stdout, formatted.as_bytes());
    std::fs::remove_dir_all(&folder).unwrap();
}
