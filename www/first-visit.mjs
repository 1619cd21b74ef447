// What a first visitor's worker does with the module, until the first picture and a little further, without a browser.
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

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

/** Other programs, and one that is wrong. */
function laterVisit(session, see) {
  const programs = ['layers', 'sparse', 'batch-64'].map((name) => read(name));
  for (const text of [...programs, 'input a : i8[4, 4]\noutput softmax(b @ a) +\n']) {
    see(session.setChip('classroom-8x8', [], ['dataflow'], ['os']));
    const checked = session.check(text);
    see(checked);
    if (!checked.runs) continue;
    while (session.advance() < 1);
    see(session.report());
    for (const cycle of [0, 20, 100]) see(session.seek(cycle, 1));
  }
}

function read(name) {
  return readFileSync(new URL(`public/examples/${name}.systole`, import.meta.url), 'utf8');
}

function visit(session, see) {
  session.setTimeline(new OffscreenCanvas(300, 150));
  session.view(700, 560, 1, 'light');
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
  see(session.roofline());
  see(session.paintRoofline(280, 190, 1, 'light', 1));
  see(session.paintCourse(0, 60, 280, 1, 'light'));
  session.select(1, 2);
  see(session.pick(350, 300));
  session.mark(0);
  see(session.seek(20, 1));
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
