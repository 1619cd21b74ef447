//! By the harness of wasm-bindgen-test.

use std::hint::black_box;

use wasm_bindgen_test::{Criterion, wasm_bindgen_bench};

use super::stages::{PROGRAMS, STAGES};

#[wasm_bindgen_bench]
fn library(criterion: &mut Criterion) {
    for (program, text) in PROGRAMS {
        for (stage, run) in STAGES {
            criterion.bench_function(&format!("{program}: {stage}"), |b| b.iter(|| run(black_box(text))));
        }
    }
}
