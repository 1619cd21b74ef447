//! How fast a program is read: `cargo bench --bench language`, and in WebAssembly, in Node, the library's programs by the same
//! with `--target wasm32-unknown-unknown`.

#[cfg(not(target_arch = "wasm32"))]
mod native;
mod stages;
#[cfg(target_arch = "wasm32")]
mod wasm;

#[cfg(not(target_arch = "wasm32"))]
fn main() {
    divan::main();
}

/// The runner calls the benches by themselves.
#[cfg(target_arch = "wasm32")]
fn main() {}
