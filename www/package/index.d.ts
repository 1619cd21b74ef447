/** What a program is compiled for. */
export interface CompileOptions {
  /** The name of a preset, such as `tpu-v1`, or the text of a chip file; without it `classroom-8x8`, as for the command. */
  chip?: string;
  /** Bytes of `.npy` files, by the paths under which the program loads them. */
  files?: Record<string, Uint8Array>;
}

export interface RunOptions {
  /** Hears how much is done, from 0 to 1. */
  onProgress?: (done: number) => void;
  /** Ends the run early: the promise is rejected with the signal's reason. */
  signal?: AbortSignal;
}

export interface Finding {
  in: 'program' | 'chip' | 'file';
  severity: 'error' | 'warning';
  /** Counted from 1; null of what has no place in a text. */
  line: number | null;
  column: number | null;
  message: string;
  hint: string | null;
}

/** What is wrong with a program, a chip or a file. `line`, `column` and `hint` are those of the first error. */
export class SystoleError extends Error {
  private constructor();
  readonly errors: Finding[];
  readonly line: number | null;
  readonly column: number | null;
  readonly hint: string | null;
}

/** A program that is right, on a chip. */
export class Program {
  private constructor();
  readonly warnings: Finding[];
  run(options?: RunOptions): Promise<Run>;
}

/** A program that has run. */
export class Run {
  private constructor();
  report(): Report;
  frame(cycle: number, options?: FrameOptions): Frame;
  frame(cycle: number, options: PictureOptions): string;
  /** Gives its memory back at once; the run is of no more use. */
  free(): void;
}

/** Compiles a program. Rejects with a `SystoleError` if it, the chip or a file is wrong. */
export function compile(text: string, options?: CompileOptions): Promise<Program>;
/** Runs a program, compiling it first if it is a text. Others have their turn every few milliseconds. */
export function run(program: Program, options?: RunOptions): Promise<Run>;
export function run(text: string, options?: CompileOptions & RunOptions): Promise<Run>;
/** What `systole run --format json` prints. */
export function report(run: Run): Report;
/** What `systole frame` prints: one matrix unit at the end of a cycle; beyond the last one, the last one. */
export function frame(run: Run, cycle: number, options?: FrameOptions): Frame;
export function frame(run: Run, cycle: number, options: PictureOptions): string;

export interface FrameOptions {
  /** The matrix unit, from 0; beyond the last one, the last one. */
  unit?: number;
  format?: 'object';
}

/** An SVG as `systole frame --format svg` writes it. */
export interface PictureOptions {
  unit?: number;
  format: 'svg';
  /** In CSS pixels, from 100 to 8192; without it 900. */
  width?: number;
  /** In CSS pixels, from 100 to 8192; without it 620. */
  height?: number;
  /** Without it `light`. */
  theme?: 'light' | 'dark';
}

/** Cycles of matrix units by class. */
export interface Classes {
  active: number;
  weight_shift: number;
  weight_stall: number;
  array_busy: number;
  input_stall: number;
  fill_drain: number;
  dependence: number;
  non_matrix: number;
}

/** Words moved: by whose they are, and by what they move through. */
export type Moved = Record<string, Record<string, number>>;

export interface Movement {
  all: Moved;
  padding: Moved;
}

export interface Report {
  version: string;
  chip: { name: string; rows: number; cols: number; double_buffered: boolean; dataflow: string };
  cycles: number;
  cycles_to_last_mac: number;
  seconds: number;
  macs: number;
  padding_macs: number;
  utilization: number;
  matrix_units: number;
  /** Adds up to cycles times matrix units. */
  classes: Classes;
  dram_bytes: { read: number; written: number };
  in_common_memory?: boolean;
  movement: Movement;
  units: { name: string; busy: number }[];
  ops: Operator[];
  outputs?: Output[];
  /** Whether every tensor in simulated memory equals the reference's; of a run with values. */
  agrees?: boolean;
  disagreement: string | null;
}

export interface Operator {
  name: string;
  line: number;
  start: number;
  end: number;
  macs: number;
  classes: Classes;
  movement: Movement;
}

export interface Output {
  name: string;
  line: number;
  dtype: string;
  shape: number[];
  checksum: string;
  /** Of a small output: nested lists by its shape. */
  values?: unknown;
  deviation?: { absolute: number; relative: number } | null;
}

/** Of each row, of each PE: usually one entry, none at rest. */
export type Grid = number[][][];

export interface Frame {
  cycle: number;
  unit: number;
  dataflow: 'ws' | 'is' | 'os';
  passes: {
    number: number;
    op: string;
    line: number;
    load?: number;
    start: number;
    steps: number;
    left: string;
    above: string;
  }[];
  pass: Grid;
  step: Grid;
  left_element: Grid;
  above_element: Grid;
  /** Of a run with values: each register's contents by its name. */
  registers?: Record<string, unknown>;
  seeded?: string;
}
