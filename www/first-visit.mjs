// What a first visitor's worker does with the module, until the first picture and a little further, without a browser.
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

let visits = 0;

/** What is thrown away would be freed at any moment, by a function that nobody needs before. */
const kept = [];

/** Runs it with the glue that wasm-bindgen made for it; then something else with both. */
export async function firstVisit({ module, imports }, glueFile, then = () => {}) {
  Object.assign(globalThis, canvases());
  // Anew each time: it remembers the memory of the module before.
  const glue = await import(`${pathToFileURL(glueFile)}?${visits++}`);
  const { exports } = new WebAssembly.Instance(module, { './systole_bg.js': glue, ...imports });
  glue.__wbg_set_wasm(exports);
  exports.__wbindgen_start();
  const session = new glue.Session(new OffscreenCanvas(300, 150));
  kept.push(session);
  visit(session);
  then(exports, glue);
}

function visit(session) {
  session.setTimeline(new OffscreenCanvas(300, 150));
  session.view(700, 560, 1, 'light');
  session.version();
  session.limits();
  session.presets();
  session.setChip('classroom-4x4', [], [], []);
  session.check(readFileSync(new URL('public/examples/product.systole', import.meta.url), 'utf8'));
  while (session.advance() < 1);
  session.report();
  for (const theme of ['light', 'dark']) {
    session.view(700, 560, 1, theme);
    session.paintTimeline(600, 1, theme);
    for (let cycle = 0; cycle <= 60; cycle++) session.seek(cycle, 1);
  }
  session.showCycles(0, 60);
  session.lanesOf();
  session.roofline();
  session.paintRoofline(280, 190, 1, 'light', 1);
  session.paintCourse(0, 60, 280, 1, 'light');
  session.select(1, 2);
  session.pick(350, 300);
  session.mark(0);
  session.seek(20, 1);
}

/** As much of the canvas as the painter wants. */
function canvases() {
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
    OffscreenCanvasRenderingContext2D.prototype[name] = () => {};
  }
  class ImageData {}
  return { OffscreenCanvas, OffscreenCanvasRenderingContext2D, ImageData };
}
