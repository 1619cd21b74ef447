declare module 'virtual:docs-sections' {
  const sections: import('../docs-plugin').SearchedSection[];
  export default sections;
}

// wasm-bindgen writes no types for the script that a bundler's module shares with it.
declare module 'systole-wasm/systole_bg.js' {
  export function __wbg_set_wasm(exports: WebAssembly.Exports): void;
}
