// In a page or a worker: the module lies beside this file, or where a bundler has put it.

import { engine, starter } from './engine.js';

const start = starter(async (imports) => {
    const response = await fetch(new URL('./systole.wasm', import.meta.url));
    if (!response.ok) throw new Error(`systole.wasm could not be loaded (${response.status})`);
    return (await WebAssembly.instantiate(await response.arrayBuffer(), imports)).instance;
});

export const { compile, run } = engine(start);
export { frame, Program, report, Run, SystoleError } from './engine.js';
