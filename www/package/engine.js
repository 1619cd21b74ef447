// The engine for programs: text in, plain objects out. `index.js` and `node.js` say where the module comes from.

import * as glue from './systole_bg.js';

let started = null;

/** Starts the module once, whoever asks first; after a failure the next one tries again. */
export function starter(instantiate) {
    const begin = async () => {
        const { exports } = await instantiate({ './systole_bg.js': glue });
        glue.__wbg_set_wasm(exports);
        exports.__wbindgen_start();
    };
    return () => {
        started ??= begin().catch((error) => {
            started = null;
            throw error;
        });
        return started;
    };
}

/** What is wrong with a program, a chip or a file: the first place, and all of them in `errors`. */
export class SystoleError extends Error {
    name = 'SystoleError';

    constructor(errors) {
        const [first] = errors;
        const place = first.line === null ? '' : `${first.in} ${first.line}:${first.column}: `;
        super(`${place}${first.message}${first.hint ? `; ${first.hint}` : ''}`);
        this.errors = errors;
        this.line = first.line;
        this.column = first.column;
        this.hint = first.hint;
    }
}

/** A program that is right, on a chip. */
export class Program {
    #text;
    #options;
    constructor(text, options, warnings) {
        this.#text = text;
        this.#options = options;
        this.warnings = warnings;
    }

    /** Each run is one of its own. */
    async run({ onProgress = () => {}, signal } = {}) {
        const { simulation } = compiled(this.#text, this.#options);
        try {
            for (;;) {
                signal?.throwIfAborted();
                const done = simulation.advance();
                onProgress(done);
                if (done >= 1) return new Run(simulation);
                // Others have their turn: a page stays alive.
                await new Promise((resolve) => setTimeout(resolve));
            }
        } catch (error) {
            simulation.free();
            throw error;
        }
    }
}

/** As the module takes it; what is not given, the module knows. */
function number(value) {
    return value === undefined ? value : Number(value);
}

/** A program that has run. */
export class Run {
    #simulation;
    constructor(simulation) {
        this.#simulation = simulation;
    }

    report() {
        return this.#simulation.report();
    }

    frame(cycle, { unit = 0, format = 'object', width, height, theme = 'light' } = {}) {
        if (!Number.isSafeInteger(cycle) || cycle < 0) throw new RangeError(`cycle ${cycle}: whole numbers from 0 on`);
        if (!Number.isSafeInteger(unit) || unit < 0) throw new RangeError(`unit ${unit}: whole numbers from 0 on`);
        if (format === 'svg') return this.#simulation.frameSvg(cycle, unit, number(width), number(height), theme);
        if (format === 'object') return this.#simulation.frame(cycle, unit);
        throw new RangeError(`format ${format}: object or svg`);
    }

    /** Gives its memory back at once, not when it happens to be collected. */
    free() {
        this.#simulation.free();
    }
}

/** Compiles a program; the module must have been started. */
export function compileNow(text, { chip, files = {} } = {}) {
    const options = { chip: chip === undefined ? chip : String(chip), files: { ...files } };
    const { simulation, warnings } = compiled(String(text), options);
    simulation.free();
    return new Program(String(text), options, warnings);
}

function compiled(text, { chip, files }) {
    const simulation = new glue.Simulation();
    try {
        for (const [path, bytes] of Object.entries(files)) addFile(simulation, path, bytes);
        const found = simulation.compile(text, chip);
        const all = [
            ...found.chip.map((finding) => ({ in: 'chip', ...finding })),
            ...found.problems.map((problem) => ({
                in: 'chip',
                severity: 'error',
                line: null,
                column: null,
                ...problem,
            })),
            ...found.program.map((finding) => ({ in: 'program', ...finding })),
        ].map(({ in: where, severity, line, column, message, hint }) => ({
            in: where,
            severity,
            line,
            column,
            message,
            hint,
        }));
        const errors = all.filter(({ severity }) => severity === 'error');
        if (errors.length > 0) throw new SystoleError(errors);
        return { simulation, warnings: all };
    } catch (error) {
        simulation.free();
        throw error;
    }
}

function addFile(simulation, path, bytes) {
    if (!(bytes instanceof Uint8Array)) throw new TypeError(`${path}: the bytes of a .npy file as a Uint8Array`);
    try {
        simulation.addFile(path, bytes);
    } catch (error) {
        // Others than those for people are not ours to word.
        if (error.constructor !== Error) throw error;
        throw new SystoleError([
            { in: 'file', severity: 'error', line: null, column: null, message: error.message, hint: null },
        ]);
    }
}

/** A run's counters. */
export function report(run) {
    return run.report();
}

/** A cycle of a run. */
export function frame(run, cycle, options) {
    return run.frame(cycle, options);
}

/** The functions that need the module, and see to it that it is there. */
export function engine(start) {
    const compile = async (text, options) => {
        await start();
        return compileNow(text, options);
    };
    const run = async (program, options) =>
        (program instanceof Program ? program : await compile(program, options)).run(options);
    return { compile, run };
}
