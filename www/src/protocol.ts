// What the page and its worker say to each other, and the values the module hands out.
// Rows and columns count from 0 here and in the module; so do cycles. Lines and columns of text count from 1,
// offsets are UTF-16 code units of the text that was sent.

/** The module: what the first picture needs, and the rest. */
export interface ModuleParts {
  first: WebAssembly.Module;
  rest: WebAssembly.Module;
}

/** From the page to the worker. */
export type ToWorker =
  | { kind: 'start'; module: WebAssembly.Module; canvas: OffscreenCanvas; timeline: OffscreenCanvas; view: View }
  | { kind: 'rest'; module: WebAssembly.Module } // what the first picture did not need
  | { kind: 'file'; path: string; bytes: Uint8Array | null } // null forgets the file
  // Overwrites one row of a loaded i8 matrix; the answer carries the same version.
  | { kind: 'row'; path: string; version: number; row: number; values: Int8Array }
  | { kind: 'run'; id: number; text: string; chip: Chip }
  | { kind: 'assemble'; id: number; text: string } // an assembly, to be run in place of a program
  | { kind: 'view'; view: View }
  | { kind: 'seek'; cycle: number; over: number } // what moves takes so many milliseconds for its way
  | { kind: 'camera'; move: CameraMove }
  | { kind: 'select'; pe: Pe }
  | { kind: 'compute'; op: number } // an operator's numbers, in a run that has none
  | { kind: 'mark'; op: number | null } // the operator that stands out in the pictures
  | { kind: 'call'; id: number; name: keyof Calls; args: unknown[] } // a view's question about the run on show
  | { kind: 'unit'; unit: number } // the matrix unit to be shown; beyond the chip's, its last
  | { kind: 'ask'; id: number; question: keyof Answers; text: string; offset: number } // about a place in a text
  | { kind: 'pick'; x: number; y: number }; // CSS pixels from the canvas's top left corner

/** How one looks nearer or elsewhere: CSS pixels, a factor, and levels from 0: chip, array, PE, bits. */
export type CameraMove =
  | { by: 'zoom'; x: number; y: number; factor: number }
  | { by: 'pan'; dx: number; dy: number }
  | { by: 'look'; level: number; smooth: boolean };

/** From the worker to the page. */
export type FromWorker =
  | { kind: 'ready'; version: string; limits: Limits; presets: Preset[] }
  | { kind: 'chip'; chip: Chip; state: ChipState } // before `checked`, when the chip of `run` is another than before
  | { kind: 'checked'; id: number; checked: Checked } // always the first answer to `run`
  | { kind: 'assembled'; id: number; assembled: Assembled } // the answer to `assemble`; if it runs, `ran` follows
  | { kind: 'progress'; id: number; done: number } // 0 to 1, while a long run goes on
  | { kind: 'ran'; id: number; report: Report } // only after a `checked` that runs
  | { kind: 'frame'; frame: Frame } // after seek, select, view and ran
  | { kind: 'picked'; pe: Pe | null }
  | { kind: 'answer'; id: number; answer: Answers[keyof Answers] | null } // to `ask`; null: there is none
  | { kind: 'called'; id: number; value: unknown; error: string | null } // to `call`; an error for people, and no value
  | { kind: 'activity'; samples: Uint8Array } // of the matrix unit shown from now on
  | { kind: 'file'; path: string; version: number; bytes: Uint8Array } // a loaded file after `row` changed it
  | { kind: 'refused'; message: string; id: number | null } // a file, a row, or run `id` that cannot be taken, in words
  // The module is gone; start a new worker. Missing: a part of it could not be loaded.
  | { kind: 'crashed'; message: string; missing: boolean };

export interface View {
  width: number; // CSS pixels
  height: number;
  pixelRatio: number;
  theme: 'light' | 'dark';
  timelineWidth: number; // CSS pixels; its height comes with the report
}

/** A chip as the user has it. */
export interface Chip {
  base: string; // a preset's name, or that of a chip file
  words: string[]; // what the file says, as the module has read it; nothing for a preset
  changes: Record<string, string>; // of fields, by their keys
}

export interface Preset {
  name: string;
  title: string;
}

/** What came of a chip that was asked for. */
export interface ChipState {
  known: boolean; // false: the base could not be read, and there are only problems
  sides: { key: string; value: string | null; original: string | null }[]; // rows and columns, as in `ChipField`
  problems: { keys: string[]; message: string; hint: string }[]; // with any, it runs nothing
}

/** A chip with every field. */
export interface ChipForm {
  summary: string;
  sources: string[];
  parts: { title: string; fields: ChipField[] }[];
  file: string; // as a chip file
}

/** A chip's text as it has been read. */
export interface ChipText {
  chip: Chip | null; // null: there are problems
  problems: Diagnostic[];
}

export interface ChipField {
  key: string;
  title: string;
  unit: string;
  meaning: string;
  values: string; // what may be said, in words
  words: string[]; // of a choice
  optional: boolean;
  value: string | null; // null: an optional field that is not there
  original: string | null; // in the base
  source: string | null;
  assumed: string | null; // why, if no source gives it
}

export interface Pe {
  row: number;
  col: number;
}

export interface Limits {
  textBytes: number; // longest program, in UTF-8 bytes
  fileBytes: number; // largest .npy file
  chipBytes: number; // longest chip file
}

export interface Checked {
  diagnostics: Diagnostic[];
  tokens: Uint32Array; // triples: from, to, index into TOKEN_CLASSES
  loads: string[]; // every path that the program loads, whether it is there or not
  runs: boolean; // there was no error, and there is a chip for it: a run is pending now
}

/** What assembling found. */
export interface Assembled {
  diagnostics: Diagnostic[];
  runs: boolean;
}

export const TOKEN_CLASSES = [
  'comment',
  'keyword',
  'type',
  'string',
  'number',
  'function',
  'name',
  'operator',
  'attribute',
] as const;

export interface Diagnostic {
  severity: 'error' | 'warning';
  from: number;
  to: number;
  line: number;
  column: number;
  message: string;
  hint: string | null;
  edit: Edit | null; // does what the hint says
}

export interface Edit {
  from: number;
  to: number;
  text: string;
}

/** What can be asked about a place in a text, and what it is answered with. */
export interface Answers {
  hover: Hover; // what stands there
  definition: Place; // of the name there
  complete: Completions; // what could be written there
}

/** What the page calls by name, and what it is answered: methods of the module's session, `undefined` where there is no run, and functions that need none. */
export interface Calls {
  /** A program in the one style; nothing if it has errors. */
  formatProgram: { args: [text: string]; answer: string | undefined };
  /** A chip file's words, or what is wrong with it. */
  readChipFile: { args: [text: string]; answer: { words: string[]; problems: string[] } };
  /** What an edited chip file's text says, in terms of the chip that it was the text of; or what is wrong with it. */
  readChipText: { args: [base: string, words: string[], text: string]; answer: ChipText };
  /** A chip with every field; nothing if its base cannot be read. */
  chipForm: { args: ChipWords; answer: ChipForm | undefined };
  /** Shows some cycles in the timeline: which ones it shows now. */
  showCycles: { args: [from: number, to: number]; answer: Cycles | undefined };
  /** What is at a point of the timeline, in CSS pixels. */
  spotAt: { args: [x: number, y: number]; answer: Spot | undefined };
  /** A bar of one of its lanes: by its number, or the one at a cycle. Beyond the ends, the ends. */
  barOf: { args: [row: number, number: number | undefined, cycle: number]; answer: Spot | undefined };
  /** The next cycle in which the matrix unit shown begins a pass or a stall, or a pass comes to the selected PE. */
  nextStop: { args: [what: Stop, after: number]; answer: number | undefined };
  /** Names of its lanes, from the top. */
  lanesOf: { args: []; answer: string[] | undefined };
  /** The matrix unit whose lane is at a height. */
  unitAt: { args: [y: number]; answer: number | undefined };
  /** Where an operator is at work for the first time. */
  whereIs: { args: [op: number]; answer: Cycles | undefined };
  /** A part of the run, counted. */
  countCycles: { args: [from: number, to: number]; answer: Part | undefined };
  /** Shows numbers so, from the next picture on. */
  showNumbersAs: { args: [notation: string]; answer: undefined };
  /** Figures of the run on show. */
  figures: { args: []; answer: Figures | undefined };
  roofline: { args: []; answer: Roofline | undefined };
  // CSS pixels, device pixels to each, theme, and how much of the way from the roofline before is gone.
  paintRoofline: {
    args: [width: number, height: number, pixelRatio: number, theme: string, part: number];
    answer: ImageBitmap;
  };
  rooflineAt: { args: [width: number, height: number, x: number, y: number]; answer: number | undefined };
  paintCourse: {
    args: [from: number, to: number, width: number, pixelRatio: number, theme: string];
    answer: Course | undefined;
  };
  // The listing of the run: it grows with each call, until it is whole.
  listing: { args: []; answer: Listing | undefined };
  lines: { args: [from: number, count: number]; answer: CodeLine[] | undefined };
  underWay: { args: [cycle: number]; answer: UnderWay[] | undefined };
  times: { args: [instruction: number, cycle: number]; answer: Times | undefined };
  begins: { args: [instruction: number, cycle: number]; answer: number | undefined }; // a cycle
  // The plan of the run as loops; an assembly has none.
  loops: { args: []; answer: { lines: number; widest: number } | undefined };
  loopLines: { args: [from: number, count: number]; answer: { text: string; op: number }[] | undefined };
  loopsUnderWay: { args: [cycle: number]; answer: LineMark[] | undefined };
  // Passes of the compiler, by their names.
  leaveOut: { args: [names: string[]]; answer: boolean }; // from the next run on; true if these are others than before
  cyclesWithout: { args: [names: string[]]; answer: number | undefined };
  passes: { args: [text: string, ...chip: ChipWords, without: string[]]; answer: Pass[] | undefined };
  passEffect: {
    args: [text: string, ...chip: ChipWords, without: string[], pass: number];
    answer: { lines: PassChange[]; cut: boolean } | undefined;
  };
  // The graph of the run. Places are in pixels of the layout, at a zoom of 1.
  setGraph: { args: [canvas: OffscreenCanvas]; answer: undefined };
  graphSize: { args: []; answer: [width: number, height: number, ops: number] | undefined };
  paintGraph: {
    args: [size: number[], pixelRatio: number, theme: string, corner: number[], zoom: number];
    answer: boolean; // false: it has no canvas
  };
  graphAt: { args: [x: number, y: number]; answer: number | undefined };
  graphNext: { args: [op: number, towards: 'up' | 'down' | 'left' | 'right']; answer: number | undefined };
  graphBounds: { args: [op: number]; answer: Float64Array | undefined }; // left, top, width, height
  graphLines: { args: [from: number, count: number]; answer: { text: string; op: number }[] | undefined };
  peCode: { args: []; answer: [hardware: string, software: string] | undefined };
  // Files of the run. A cycle as SVG, of so many CSS pixels, and as much of the array as the stage shows.
  frameSvg: { args: [cycle: number, width: number, height: number, theme: string]; answer: string | undefined };
  runReport: { args: []; answer: object | undefined }; // as \`systole run --format json\` has it
  beginTimelineFile: { args: []; answer: boolean }; // for Perfetto, as `systole trace` writes it; false: nothing has run
  timelineFilePart: { args: []; answer: string | undefined }; // the next one, until there are no more
  assemblyOf: { args: [text: string]; answer: string };
}

/** What a run may be stopped at. */
export type Stop = 'pass' | 'pe' | 'stall';

/** From a cycle to before another. */
export interface Cycles {
  from: number;
  to: number;
}

/** Something in the timeline to point at. */
export interface Spot extends Cycles {
  row: number; // its lane
  number: number | null; // of a bar, in its lane; null: several in a pixel, or cycles
  left: number; // CSS pixels of what is seen of it; a width of 0: nothing
  top: number;
  width: number;
  height: number;
  op: number | null; // whose it is
  line: number | null;
  colour: number | null;
  unit: string | null; // the kind of unit whose lane it is
  title: string;
  lines: { label: string; value: string }[];
}

/** A part of the run. */
export interface Part extends Cycles {
  unit: number; // the matrix unit shown
  classes: ClassShare[]; // of its cycles
  allClasses: ClassShare[]; // of all matrix units' cycles
  macs: number; // of rows that enter in it, without padding
  utilization: number; // as in the report
  read: number; // bytes from DRAM, or the common memory
  written: number;
}

/** What a report leaves out. */
export interface Figures {
  seconds: number;
  read: number; // bytes from DRAM, or the common memory
  written: number;
}

/** Operators that multiply, below what the chip could do at most. */
export interface Roofline {
  memory: string; // in which the program lies
  bytesPerCycle: number; // of its bus
  ops: OnRoof[];
}

export interface OnRoof {
  op: number; // in the report
  macs: number;
  bytes: number; // over the bus, both ways
  cycles: number; // of matrix units
  intensity: number | null; // MACs a byte; null: no byte moves
  rate: number; // MACs a cycle
  dtypes: string;
  roof: number; // MACs a cycle at most, at its intensity
}

/** Numbers over time. */
export interface Course {
  bytesPerCycle: number; // of the bus, at most
  buffer: number; // bytes of all unified buffers
  rows: number; // of all accumulators
  // Each with an entry a stretch: useful work of all, bytes a cycle, bytes in buffers and rows of accumulators, mean and most.
  columns: [Float64Array, Float64Array, Float64Array, Float64Array, Float64Array, Float64Array];
  bitmap: ImageBitmap;
}

/** Between a page and its advisor. */
export type ToAdvisor = { module: ModuleParts; text: string; chip: Chip };

export type FromAdvisor =
  | { kind: 'limits'; limits: LimitsOf }
  | { kind: 'tried'; tried: number; advice: Advice[] | null } // null: the list is as it was
  | { kind: 'failed'; message: string };

/** What limits a run. */
export interface LimitsOf {
  cycles: number;
  causes: { title: string; cycles: number; share: number; op: number | null; words: string }[]; // the first one limits it
  changes: number; // that can be tried
}

/** A change that has been run, and gains. */
export interface Advice {
  family: string; // one of each is in the list
  label: string;
  cost: string;
  gain: number; // times as fast a result
  cycles: number; // of the run with it
  results: number; // times as many in a run
  text: string | null; // the program, if it is another
  fields: [string, string][]; // of the chip
}

/** A chip as functions of the module take it. */
export type ChipWords = [base: string, words: string[], keys: string[], values: string[]];

export interface Listing {
  lines: number;
  widest: number; // characters
  whole: boolean;
}

/** A line of a listing. Lines count from 0. */
export interface CodeLine {
  text: string;
  instruction: number | null;
  op: number | null;
}

/** An instruction under way. */
export interface UnderWay {
  unit: string;
  instruction: number;
  line: number;
  lines: number;
  op: number;
  busy: boolean; // its unit works on it; if not, the last of it is on its way
  start: number;
  until: number; // its unit is busy with it
  event: number; // it signals
}

/** A line that stands out. */
export interface LineMark {
  line: number;
  lines: number;
  busy: boolean; // somebody works on it now
  loop: boolean; // it is a loop's: the note is how far that has come
  note: string;
}

/** A pass of the compiler, and what it says of its work. */
export interface Pass {
  name: string;
  purpose: string;
  leftOut: boolean;
  notes: { of: string; line: number | null; text: string }[];
}

/** A line of a plan that a pass changed, or one near it. */
export interface PassChange {
  change: 'same' | 'gone' | 'new' | 'skipped';
  text: string;
  skipped: number; // lines that are left out here
}

/** When an instruction is done: the time that a cycle lies in, the next one, or the last. */
export interface Times {
  unit: string;
  loops: string; // around it, with their iterations
  number: number; // from 0
  of: number;
  start: number;
  until: number;
  event: number;
}

export interface Place {
  from: number;
  to: number;
}

export interface Hover extends Place {
  head: string; // its type or value, or how it is called
  about: string; // a sentence, or nothing
  topic: string; // of the language, as in views/topics.ts, or nothing
}

export interface Completions {
  from: number; // where the word begins that is to be completed
  list: Completion[];
}

export interface Completion {
  label: string;
  kind: (typeof TOKEN_CLASSES)[number];
  detail: string; // its type, or how it is called
  about: string; // a sentence, or nothing
}

export interface Report {
  rows: number;
  cols: number;
  dataflow: 'ws' | 'is' | 'os';
  cycles: number; // from 0 to the last event: the scrubber's length
  cyclesToLastMac: number; // from 0 to the last MAC
  opens: number; // the cycle before anything enters an array: where a picture of the run may begin
  macs: number;
  paddingMacs: number;
  utilization: number; // useful MACs over rows x cols x cycles
  inCommonMemory: boolean; // all tensors lie in the chip's common memory, none in DRAM
  agrees: boolean; // every tensor in simulated memory equals the reference evaluator's
  disagreement: string | null; // the first difference, in words
  assembly: boolean; // it was an assembly that was run: lines are those of its text, and there is no reference
  unvalued: string | null; // why the run has no values: then nothing was compared, and there are no inputs and outputs
  ops: Op[];
  colours: number; // the n-th operator has the colour --op-(n modulo this)
  inputs: Input[];
  outputs: Output[];
  activity: Uint8Array; // share of the shown matrix unit's PEs at work over the run, 0 to 255, at most 512 samples
  matrixUnits: number;
  units: { name: string; busy: number }[]; // cycles in which each unit that had work was busy
  classShares: ClassShare[]; // of all matrix units: cycles x matrixUnits in all
  opShares: ClassShare[][]; // by operator, as in `ops`
  moved: { title: string; words: number[] }[]; // by path; of each the words of activations, weights, sums, vectors
  timeline: { gutter: number; height: number }; // CSS pixels left of the lanes, and in all
}

/** Where cycles of matrix units went. */
export interface ClassShare {
  name: string;
  title: string;
  meaning: string;
  cycles: number;
}

export interface Op {
  name: string;
  line: number;
  start: number;
  end: number;
  macs: number;
}

export interface Input {
  name: string;
  dtype: string;
  shape: number[];
  path: string | null; // null: made from the name
  values: number[] | null; // only when small (at most 4096)
}

export interface Output {
  name: string;
  line: number;
  dtype: string;
  shape: number[];
  values: number[] | null; // only when small (at most 4096), read from simulated memory
}

export interface Frame {
  cycle: number;
  unit: number; // the matrix unit shown
  caption: string; // what happens in this cycle, one or two sentences
  selected: Pe;
  pe: PeDetail;
  window: CellWindow; // at most 8 x 8 cells around the selected PE
  term: Term | null; // what the selected PE adds to its sum now
  level: number; // how near one looks, from 0: chip, array, PE, bits
  moves: boolean; // whether numbers can be seen to move
}

/** A term of a sum: which elements it multiplies, and their numbers where they are known. */
export interface Term {
  of: string; // what is summed: the operator's name, or which element of it, if that is asked for
  factors: [string, string];
  numbers: { before: string; factors: [string, string]; after: string } | null;
}

export interface PeDetail {
  op: string | null;
  index: number | null; // of the operator in the report
  line: number | null;
  colour: number | null;
  compute: number | null; // the operator at work, if its numbers are not known
  lines: { label: string; value: string }[]; // e.g. ["row", "5 of 8, pass 17"], ["sum in", "112"], ["act x weight", "7 x -4"], ["sum out", "84"]
}

export interface CellWindow {
  row: number; // of the window's first cell
  col: number;
  rows: number;
  cols: number;
  cells: Cell[]; // row-major
}

/** A whole number; a float in a few digits, such as 2.5e-4, NaN or inf, or any number's bits; or which element it is. */
export type Held = number | string | null;

export interface Cell {
  act: Held; // null: the register holds nothing yet or any more
  weight: Held;
  shadow: Held;
  psum: Held;
  colour: number | null; // the operator at work here in this cycle
}
