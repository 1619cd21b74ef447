//! How fast the array is: `cargo bench --bench array`, and in WebAssembly, in Node, the same with
//! `--target wasm32-unknown-unknown`.

#[cfg(not(target_arch = "wasm32"))]
mod native;
#[cfg(target_arch = "wasm32")]
mod wasm;
mod waves;

#[cfg(not(target_arch = "wasm32"))]
fn main() {
    divan::main();
}

/// The runner calls the benches by themselves.
#[cfg(target_arch = "wasm32")]
fn main() {}
