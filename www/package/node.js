// In Node: the module is read from the disk.

import { readFile } from 'node:fs/promises';
import { engine, starter } from './engine.js';

const start = starter(async (imports) => {
    const bytes = await readFile(new URL('./systole.wasm', import.meta.url));
    return (await WebAssembly.instantiate(bytes, imports)).instance;
});

export const { compile, run } = engine(start);
export { frame, Program, report, Run, SystoleError } from './engine.js';
