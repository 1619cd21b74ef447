// What a first visitor's worker does with the module, until the first picture and a little further, without a browser.
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

/** Width, height and pixel ratio. */
const SCREENS = [
  [390, 484, 3],
  [568, 335, 2],
  [688, 425, 1],
  [1640, 956, 1],
];
/** Memory that is never waited for. */
const FAST = { dram_gb_per_s: '100', dram_latency_ns: '0' };
/** Products of whole numbers: chip, what is changed of it, program. What pages like to show is one of these or nearly. */
const PRODUCTS = [
  ['classroom-8x8', {}, product(8, 8, 8)],
  ['classroom-8x8', {}, product(16, 7, 13)],
  ['classroom-4x4', {}, product(5, 6, 3)],
  ['classroom-4x4', { dataflow: 'os' }, product(8, 4, 4)],
  ['classroom-4x4', { dataflow: 'is' }, product(8, 4, 4)],
  ['classroom-4x4', { ...FAST, double_buffered: 'false' }, product(4, 16, 4)],
  ['classroom-8x8', FAST, read('batch-1')],
  ['classroom-8x8', FAST, read('batch-64')],
];

let visits = 0;

/** What is thrown away would be freed at any moment, by a function that nobody needs before. */
const kept = [];

/**
 * Runs it with the glue that wasm-bindgen made for it. Returns all that was seen, and a function for what comes later, when
 * `complete` has done what it wants with both.
 */
export async function firstVisit({ module, imports }, glueFile, complete = () => {}) {
  const seen = [];
  const see = (what) => seen.push(JSON.stringify(what));
  Object.assign(
    globalThis,
    canvases((...what) => see(what)),
  );
  // Anew each time: it remembers the memory of the module before.
  const glue = await import(`${pathToFileURL(glueFile)}?${visits++}`);
  const { exports } = new WebAssembly.Instance(module, { './systole_bg.js': glue, ...imports });
  glue.__wbg_set_wasm(exports);
  exports.__wbindgen_start();
  const session = new glue.Session(new OffscreenCanvas(300, 150));
  kept.push(session);
  visit(session, see);
  const later = () => {
    complete(exports, glue);
    seen.length = 0;
    laterVisit(session, see);
    return seen.join('\n');
  };
  return { seen: seen.join('\n'), later };
}

/** Other programs, on other chips, seen from near and far, in exports and as instructions; and one that is wrong. */
function laterVisit(session, see) {
  const broken = 'input a : i8[4, 4]\noutput softmax(b @ a) +\n';
  for (const text of ['layers', 'sparse', 'batch-64'].map(read)) run(session, see, text, 'classroom-8x8', 'os');
  run(session, see, read('layers'), 'classroom-4x4', 'is');
  for (const dtype of ['bf16', 'fp8']) run(session, see, floats(dtype), 'tpu-v7x', 'ws');
  run(session, see, read('library/mobilenet_v2'), 'tpu-v4i', 'ws');
  run(session, see, read('library/transformer'), 'trainium2', 'ws');
  run(session, see, broken, 'classroom-8x8', 'os');
}

function run(session, see, text, chip, dataflow) {
  see(session.setChip(chip, [], ['dataflow'], [dataflow]));
  const checked = session.check(text);
  see(checked);
  if (!checked.runs) return;
  while (session.advance() < 1);
  const report = session.report();
  see(report);
  see(session.lanesOf());
  see(session.showCycles(0, report.cycles));
  session.paintTimeline(600, 1, 'light');
  for (let level = 0; level < 5; level++) {
    session.look(level);
    session.glide(Infinity);
    for (const cycle of [0, 20, 101, Math.floor(report.cycles / 2), report.cycles]) see(session.seek(cycle, 1));
  }
  see(session.frameSvg(20, 700, 560, 'dark'));
  see(session.runReport());
  see(session.listing());
  see(session.lines(0, 40));
  see(session.loops());
  see(session.roofline());
}

/** A product of floats, and what follows it. */
function floats(dtype) {
  return `input a : ${dtype}[40, 24]\nweight w : ${dtype}[24, 300]\noutput softmax(relu(a @ w) * 0.5)\n`;
}

function read(name) {
  return readFileSync(new URL(`public/examples/${name}.systole`, import.meta.url), 'utf8');
}

function visit(session, see) {
  session.setTimeline(new OffscreenCanvas(300, 150));
  session.view(700, 560, 1, 'light');
  // Nothing is there to be seen yet.
  session.paintTimeline(600, 1, 'light');
  see(session.seek(0, 1));
  charts(session, see, 60);
  see(session.version());
  see(session.limits());
  see(session.presets());
  see(session.setChip('classroom-4x4', [], [], []));
  see(session.check(read('product')));
  while (session.advance() < 1);
  see(session.report());
  for (const theme of ['light', 'dark']) {
    session.view(700, 560, 1, theme);
    session.paintTimeline(600, 1, theme);
    for (let cycle = 0; cycle <= 60; cycle++) see(session.seek(cycle, 1));
  }
  see(session.showCycles(0, 60));
  see(session.lanesOf());
  charts(session, see, 60);
  session.select(1, 2);
  see(session.pick(350, 300));
  session.mark(0);
  see(session.seek(20, 1));
  moves(session, see);
  products(session, see);
}

/** Charts beside the picture, in columns of any width. */
function charts(session, see, cycles) {
  see(session.roofline());
  for (const width of [240, 330, 420, 640]) {
    see(session.paintRoofline(width, 190, 2, 'light', 1));
    see(session.paintCourse(0, cycles, width, 1, 'dark'));
  }
}

/** Pictures on their way from one cycle to the next, on screens of other sizes. */
function moves(session, see) {
  for (const [width, height, pixelRatio] of SCREENS) {
    session.view(width, height, pixelRatio, 'light');
    for (let cycle = 0; cycle < 16; cycle++) {
      see(session.seek(cycle, 0));
      for (const arrived of [0.3, 0.8, 1]) session.repaint(arrived);
    }
  }
}

/** What else is a product, and what the page becomes when it is edited a little. */
function products(session, see) {
  for (const [chip, changes, text] of PRODUCTS) {
    session.setChip(chip, [], Object.keys(changes), Object.values(changes));
    see(session.check(text));
    while (session.advance() < 1);
    see(session.report());
    session.paintTimeline(600, 1, 'light');
    charts(session, see, 100);
    for (let cycle = 0; cycle <= 200; cycle++) see(session.seek(cycle, 1));
  }
}

function product(m, k, n) {
  return `input a : i8[${m}, ${k}]\nweight w : i8[${k}, ${n}]\noutput a @ w\n`;
}

/** As much of the canvas as the painter wants; every call is seen. */
function canvases(see) {
  class OffscreenCanvas {
    getContext = () => new OffscreenCanvasRenderingContext2D();
    transferToImageBitmap = () => ({});
  }
  class OffscreenCanvasRenderingContext2D {}
  for (const name of [
    'setTransform',
    'fillRect',
    'clearRect',
    'beginPath',
    'roundRect',
    'rect',
    'fill',
    'stroke',
    'fillText',
    'moveTo',
    'lineTo',
    'drawImage',
    'putImageData',
    'arc',
    'save',
    'restore',
    'clip',
    'setLineDash',
  ]) {
    OffscreenCanvasRenderingContext2D.prototype[name] = (...args) => see(name, ...args);
  }
  class ImageData {}
  return { OffscreenCanvas, OffscreenCanvasRenderingContext2D, ImageData };
}
