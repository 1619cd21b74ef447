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

// gifenc has no types of its own; these are of what is used here.
declare module 'gifenc' {
  type Palette = number[][];
  /** Colours of pixels in RGBA, at most so many. */
  export function quantize(rgba: Uint8ClampedArray, colours: number): Palette;
  /** Of each pixel, its colour's number. */
  export function applyPalette(rgba: Uint8ClampedArray, palette: Palette): Uint8Array;
  export function GIFEncoder(): {
    /** The delay is in milliseconds; GIF keeps hundredths of a second. */
    writeFrame(index: Uint8Array, width: number, height: number, frame: { palette: Palette; delay: number }): void;
    finish(): void;
    bytes(): Uint8Array<ArrayBuffer>;
  };
}
