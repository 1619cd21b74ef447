declare module 'virtual:docs-sections' {
  const sections: import('../docs-plugin').SearchedSection[];
  export default sections;
}

/** Where the project is, as Cargo.toml says; empty if it does not. */
declare const __REPOSITORY__: string;

// wasm-bindgen writes no types for the script that a bundler's module shares with it.
declare module 'systole-wasm/systole_bg.js' {
  export function __wbg_set_wasm(exports: WebAssembly.Exports): void;
}
