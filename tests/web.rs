//! The module as a page's worker uses it, in a worker of a real browser.

#![cfg(target_arch = "wasm32")]
#![allow(clippy::unwrap_used)] // a test may fail

mod bits;
mod large;

use js_sys::Reflect;
use systole::web::{Session, chip_form, complete, definition, hover};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};
use web_sys::{OffscreenCanvas, OffscreenCanvasRenderingContext2d};

wasm_bindgen_test_configure!(run_in_dedicated_worker);

const PRODUCT: &str = "input a : i8[4, 4]\nweight w : i8[4, 4]\noutput a @ w\n";

fn get(value: &JsValue, key: &str) -> JsValue {
    Reflect::get(value, &key.into()).unwrap()
}

fn number(value: &JsValue, key: &str) -> f64 {
    get(value, key).as_f64().unwrap_or_else(|| panic!("{key} is a number"))
}

fn length(value: &JsValue, key: &str) -> f64 {
    number(&get(value, key), "length")
}

fn session(width: u32, height: u32) -> (Session, OffscreenCanvas) {
    let canvas = OffscreenCanvas::new(width, height).unwrap();
    let mut session = Session::new(canvas.clone()).unwrap();
    session.view(width.into(), height.into(), 1.0, "light").unwrap();
    (session, canvas)
}

fn run(session: &mut Session, text: &str, rows: usize, cols: usize) {
    let state =
        session.set_chip(format!("classroom-{rows}x{cols}"), Vec::new(), Vec::new(), Vec::new()).unwrap();
    assert!(state.is_undefined() || get(&state, "known") == JsValue::TRUE);
    let checked = session.check(text).unwrap();
    assert_eq!(length(&checked, "diagnostics"), 0.0, "{text}");
    while session.advance() < 1.0 {}
}

/// Colours on the canvas that are neither transparent nor grey.
fn coloured(canvas: &OffscreenCanvas) -> usize {
    let context: OffscreenCanvasRenderingContext2d =
        canvas.get_context("2d").unwrap().unwrap().unchecked_into();
    let image = context.get_image_data(0.0, 0.0, canvas.width().into(), canvas.height().into()).unwrap();
    image.data().chunks_exact(4).filter(|p| p[3] > 0 && p[0].abs_diff(p[2]) > 40).count()
}

#[wasm_bindgen_test]
fn a_product_runs_and_its_cycles_can_be_read() {
    let (mut session, canvas) = session(600, 500);
    run(&mut session, PRODUCT, 4, 4);
    let report = session.report().unwrap();
    assert_eq!(number(&report, "cyclesToLastMac"), 28.0);
    assert_eq!(get(&report, "agrees"), JsValue::TRUE);
    assert!(get(&report, "disagreement").is_null());
    assert_eq!(length(&report, "activity"), number(&report, "cycles"));

    // In the last cycle of MACs only the bottom right PE works, on the last sum of the last row.
    let frame = session.seek(27.0, 1.0).unwrap();
    let cells = js_sys::Array::from(&get(&get(&frame, "window"), "cells"));
    let sums: Vec<JsValue> = cells.iter().map(|cell| get(&cell, "psum")).collect();
    assert_eq!(sums.len(), 16);
    assert!(sums[..15].iter().all(JsValue::is_null));
    let output = js_sys::Array::from(&get(&js_sys::Array::from(&get(&report, "outputs")).get(0), "values"));
    assert_eq!(sums[15], output.get(15));

    let working = {
        session.seek(23.0, 1.0).unwrap();
        coloured(&canvas)
    };
    let idle = {
        session.seek(59.0, 1.0).unwrap();
        coloured(&canvas)
    };
    assert!(working > idle + 1000, "{working} coloured pixels at work, {idle} at rest");
}

#[wasm_bindgen_test]
fn a_large_array_is_painted_too() {
    let (mut session, canvas) = session(700, 700);
    run(&mut session, "input a : i8[300, 256]\nweight w : i8[256, 256]\noutput a @ w\n", 256, 256);
    session.seek(36_000.0, 1.0).unwrap();
    assert!(coloured(&canvas) > 50_000);
    let picked = session.pick(350.0, 350.0).unwrap();
    assert!(number(&picked, "row") > 50.0 && number(&picked, "col") > 50.0);
    session.select(usize::MAX, 17);
    let frame = session.seek(f64::NAN, 1.0).unwrap();
    assert_eq!(number(&get(&frame, "selected"), "row"), 255.0);
    assert_eq!(number(&frame, "cycle"), 0.0);
}

#[wasm_bindgen_test]
fn a_broken_program_leaves_the_last_one_standing() {
    let (mut session, _) = session(300, 300);
    assert!(session.report().unwrap().is_undefined());
    assert!(session.seek(3.0, 1.0).unwrap().is_undefined());
    run(&mut session, PRODUCT, 4, 4);
    let checked = session.check("# π 😀\noutput b @ c\n").unwrap();
    let diagnostics = js_sys::Array::from(&get(&checked, "diagnostics"));
    assert_eq!(diagnostics.length(), 2);
    // Offsets are UTF-16: # space π space 😀 (two) line break makes 7, and `output ` 7 more.
    assert_eq!((number(&diagnostics.get(0), "from"), number(&diagnostics.get(0), "column")), (14.0, 8.0));
    assert_eq!(session.advance(), 1.0);
    assert_eq!(number(&session.report().unwrap(), "cyclesToLastMac"), 28.0);
}

/// Offsets are UTF-16 in and out, and any number and any text gets an answer.
#[wasm_bindgen_test]
fn places_in_a_text_are_told_about() {
    let text = "# π 😀\ninput a : i8[4, 4]\nh = relu(a)\noutput nothing\n";
    let place = |word: &str| text[..text.rfind(word).unwrap()].encode_utf16().count() as u32;
    let from_to = |answer: &JsValue| (number(answer, "from") as u32, number(answer, "to") as u32);

    let told = hover(text, place("a)")).unwrap();
    assert_eq!(get(&told, "head"), "a : i8[4, 4]");
    assert_eq!(from_to(&told), (place("a)"), place("a)") + 1));
    let builtin = hover(text, place("relu")).unwrap();
    assert_eq!(get(&builtin, "head"), "relu(x)");
    assert_eq!(from_to(&definition(text, place("a)")).unwrap()), (place("a :"), place("a :") + 1));
    assert!(definition(text, place("relu")).unwrap().is_null());

    let completions = complete(text, place("relu") + 2).unwrap();
    assert_eq!(number(&completions, "from") as u32, place("relu"));
    let list = js_sys::Array::from(&get(&completions, "list"));
    let find = |label: &str| list.iter().find(|one| get(one, "label") == label).unwrap();
    assert_eq!(get(&find("a"), "detail"), "i8[4, 4]");
    assert_eq!(get(&find("relu"), "kind"), "function");

    let long = "#".repeat(systole::lang::MOST_TEXT_BYTES + 1);
    for text in ["", "\u{0}", text, long.as_str()] {
        assert!(hover(text, u32::MAX).unwrap().is_null());
        assert!(definition(text, u32::MAX).unwrap().is_null());
        assert!(number(&complete(text, u32::MAX).unwrap(), "from") <= text.len() as f64);
    }
}

#[wasm_bindgen_test]
fn files_rows_and_chips_that_cannot_be_are_refused_in_words() {
    let (mut session, _) = session(300, 300);
    let message = |result: Result<(), wasm_bindgen::JsError>| {
        let error: JsValue = result.expect_err("it is refused").into();
        get(&error, "message").as_string().unwrap()
    };
    assert!(message(session.set_file("x.npy", b"junk")).starts_with("x.npy: it is no .npy file"));
    assert!(message(session.set_row("x.npy", 0, &[1, 2]).map(drop)).contains("no row 0"));

    let file = systole::import::npy::write(&systole::num::seeded(
        "x",
        systole::num::Type { dtype: systole::num::DType::I8, shape: systole::num::Shape::from(vec![2, 3]) },
    ));
    session.set_file("x.npy", &file).unwrap();
    let changed = session.set_row("x.npy", 1, &[7, 8, 9]).unwrap();
    assert_eq!(changed.len(), file.len());
    assert_eq!(&changed[changed.len() - 3..], [7, 8, 9]);
    assert!(message(session.set_row("x.npy", 2, &[7, 8, 9]).map(drop)).contains("no row 2"));
    run(&mut session, "input x : i8[2, 3] = load(\"x.npy\")\noutput x\n", 4, 4);
}

/// Places are in 64 bits here too.
#[wasm_bindgen_test]
fn tensors_of_more_than_32_bits_take_as_long_as_natively() {
    let (mut session, _) = session(300, 300);
    let (preset, key, value) = large::CHIP;
    session.set_chip(preset.into(), Vec::new(), vec![key.into()], vec![value.into()]).unwrap();
    assert_eq!(get(&session.check(large::PROGRAM).unwrap(), "runs"), JsValue::TRUE);
    while session.advance() < 1.0 {}
    assert_eq!(number(&session.report().unwrap(), "cycles"), large::CYCLES as f64);
}

/// A chip is a preset or a file, and what is changed of it; one that cannot be leaves the last run standing.
#[wasm_bindgen_test]
fn chips_are_chosen_changed_and_refused() {
    let (mut session, _) = session(300, 300);
    let words = |base: &str| {
        let file = systole::chip::parse(base).description;
        file.map(|described| described.to_words()).unwrap_or_default()
    };
    let choose = |session: &mut Session, base: &str, changes: &[(&str, &str)]| {
        let (keys, values) = changes.iter().map(|(key, value)| (key.to_string(), value.to_string())).unzip();
        session.set_chip(base.into(), words(base), keys, values).unwrap()
    };
    let problems = |state: &JsValue| -> Vec<String> {
        let list = js_sys::Array::from(&get(state, "problems"));
        list.iter().map(|problem| get(&problem, "message").as_string().unwrap()).collect()
    };
    let cycles = |session: &mut Session| {
        assert_eq!(get(&session.check(PRODUCT).unwrap(), "runs"), JsValue::TRUE);
        while session.advance() < 1.0 {}
        number(&session.report().unwrap(), "cyclesToLastMac")
    };
    assert_eq!(number(&session.presets().unwrap(), "length"), systole::chip::PRESETS.len() as f64);
    choose(&mut session, "classroom-4x4", &[]);
    assert_eq!(cycles(&mut session), 28.0);
    // The same wish again is no news.
    assert!(choose(&mut session, "classroom-4x4", &[]).is_undefined());
    // Eight bytes a cycle bring the tile in two cycles, not four.
    let state = choose(&mut session, "classroom-4x4", &[("dram_gb_per_s", "0.8")]);
    assert!(problems(&state).is_empty());
    assert_eq!(cycles(&mut session), 26.0);
    let faster = "based_on = \"classroom-4x4\"\ndram_gb_per_s = 0.8\n";
    let state = choose(&mut session, faster, &[("dram_gb_per_s", "0.4")]);
    assert!(problems(&state).is_empty());
    assert_eq!(cycles(&mut session), 28.0);
    for (base, changes, expected) in [
        ("classroom-4x4", &[("rows", "0")][..], "`rows` cannot be `0`"),
        ("classroom-4x4", &[("cores", "2")], "1 matrix units cannot be shared evenly by 2 cores"),
        ("tpu", &[], "there is no chip `tpu`"),
    ] {
        let state = choose(&mut session, base, changes);
        assert_eq!(problems(&state), [expected]);
        let checked = session.check(PRODUCT).unwrap();
        assert_eq!((get(&checked, "runs"), length(&checked, "diagnostics")), (JsValue::FALSE, 0.0));
        assert_eq!(session.advance(), 1.0);
        assert_eq!(number(&session.report().unwrap(), "cyclesToLastMac"), 28.0);
    }
}

/// The form is of the same chip, with what its values mean and where they are from.
#[wasm_bindgen_test]
fn a_chip_has_a_form() {
    let form = |base: &str, changes: &[(&str, &str)]| {
        let (keys, values) = changes.iter().map(|(key, value)| (key.to_string(), value.to_string())).unzip();
        chip_form(base.into(), Vec::new(), keys, values).unwrap()
    };
    let changed = form("tpu-v1", &[("rows", "128"), ("cols", "0")]);
    let file = get(&changed, "file").as_string().unwrap();
    assert!(file.contains("\nrows = 128\ncols = 256\n") && file.contains("ISCA 2017"), "{file}");
    let part = js_sys::Array::from(&get(&changed, "parts")).get(1);
    assert_eq!(get(&part, "title"), "Array");
    let rows = js_sys::Array::from(&get(&part, "fields")).get(0);
    assert_eq!([get(&rows, "key"), get(&rows, "value"), get(&rows, "original")], ["rows", "128", "256"]);
    assert!(get(&rows, "meaning").as_string().unwrap().starts_with("R: rows"));
    assert!(get(&form("classroom-4x4", &[]), "summary").as_string().unwrap().contains("4 x 4"));
    assert!(form("tpu", &[]).is_undefined());
}

#[wasm_bindgen_test]
fn floats_have_the_bits_of_every_platform() {
    bits::hold();
}
