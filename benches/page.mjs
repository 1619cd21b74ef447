// Measures dist/ in Chromium: what a frame costs while large arrays play, how long input waits while a large network
// compiles, whether a page with twelve figures scrolls as it should, and when one figure is there on a slow line. After `./build.sh build` and
// `./build.sh --only npm_packages tests/browser`:
//
//     CHROMIUM=/usr/bin/chromium-headless-shell node benches/page.mjs [frames] [input] [figures] [slow]
//
// Times are the threads' own, from the browser's tracing; on a machine without a graphics card, painting and compositing take
// the same cores in other threads.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from '../tests/browser/node_modules/playwright-core/index.mjs';

const SECONDS = 5;
/** Place of the speed control: 64 cycles a second, a new one for each picture of the screen. */
const SPEED = '6';
/** What stands in the figures of a page, in turn. */
const SHOWN = ['example="product"', 'example="layers"', 'example="digits"', 'example="digits" chip="classroom-32x32"'];
const FIGURES = 12;
/** Of scrolling, in CSS pixels a second: a screen in less than a second. */
const PACE = 1200;

const [server, url] = await serve();
const executablePath = process.env['CHROMIUM'];
const browser = await chromium.launch({
  ...(executablePath ? { executablePath } : {}),
  args: ['--no-sandbox', '--disable-dev-shm-usage'],
});
const named = process.argv.slice(2);
const wanted = (part) => named.length === 0 || named.includes(part);
try {
  if (wanted('frames')) for (const side of [64, 128, 256]) await frames(side);
  if (wanted('input')) for (const example of ['library/resnet50', 'library/llama3-70b-prefill']) await input(example);
  if (wanted('figures')) for (const manner of ['', 'autoplay']) await figures(manner);
  if (wanted('slow')) for (const example of ['product', 'batch-64', 'layers']) await slow(example);
} finally {
  await browser.close();
  server.kill();
}

async function serve() {
  const script = new URL('../tests/browser/serve.mjs', import.meta.url).pathname;
  const server = spawn('node', [script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const line = await new Promise((resolve) => server.stdout.once('data', (data) => resolve(String(data))));
  return [server, /http:\S+/.exec(line)[0]];
}

/** The page, furnished, with `watch` run in it before anything else. */
async function open(watch) {
  const page = await browser.newPage({
    viewport: { width: 1440, height: 900 },
  });
  await page.addInitScript(() => localStorage.setItem('systole.toured', '1'));
  await page.addInitScript(watch);
  await page.goto(url);
  await page.waitForSelector('html[data-furnished]');
  await page.hover('#editor');
  await page.waitForSelector('.cm-content');
  return page;
}

/** Counts pictures that the worker has painted, and those of the screen. */
function counting() {
  window.painted = window.screens = 0;
  const Plain = Worker;
  window.Worker = class extends Plain {
    constructor(...args) {
      super(...args);
      this.addEventListener('message', ({ data }) => data?.kind === 'frame' && window.painted++);
    }
  };
  const screen = () => {
    window.screens++;
    requestAnimationFrame(screen);
  };
  requestAnimationFrame(screen);
}

async function frames(side) {
  const page = await open(counting);
  await page.click('.cm-content');
  await page.keyboard.press('Control+A');
  await page.keyboard.insertText(`input x : i8[512, ${side}]\nweight w : i8[${side}, ${side}]\noutput x @ w\n`);
  await page.fill('#rows', String(side));
  await page.fill('#cols', String(side));
  await page.waitForFunction((text) => document.querySelector('#counts').textContent !== text, '');
  await page.waitForTimeout(5000);
  await page.fill('#speed', SPEED);
  const last = Number(await page.getAttribute('#cycle', 'max'));
  await page.fill('#cycle', String(Math.floor(last * 0.6)));
  await page.waitForTimeout(1000);
  const path = join(tmpdir(), `systole-trace-${process.pid}.json`);
  await browser.startTracing(page, {
    categories: ['toplevel', 'devtools.timeline'],
    path,
  });
  await page.click('#play');
  const before = await page.evaluate(() => [window.painted, window.screens]);
  await page.waitForTimeout(SECONDS * 1000);
  const after = await page.evaluate(() => [window.painted, window.screens]);
  await browser.stopTracing();
  await page.close();
  const [painted, screens] = after.map((count, at) => count - before[at]);
  const { main, worker } = scripts(JSON.parse(readFileSync(path, 'utf8')).traceEvents);
  const ms = (all) => (all / 1000 / painted).toFixed(1);
  console.log(
    `${side} x ${side}: ${(painted / SECONDS).toFixed(0)} frames/s, ${Math.max(0, screens - painted)} of ${screens} dropped; ` +
      `CPU of our code a frame: worker ${ms(worker)} ms, page ${ms(main)} ms`,
  );
}

/** Thread time in the page's own code and what it calls, in the renderer that has most of it; microseconds. */
function scripts(events) {
  const names = new Map();
  for (const { name, pid, tid, args } of events) if (name === 'thread_name') names.set(`${pid}:${tid}`, args.name);
  const sums = { main: 0, worker: 0 };
  const outer = new Map();
  for (const event of events
    .filter(({ name, ph }) => ph === 'X' && name === 'FunctionCall')
    .sort((a, b) => a.ts - b.ts)) {
    const thread = `${event.pid}:${event.tid}`;
    // What is called from there is counted with it.
    if (event.ts < (outer.get(thread) ?? 0)) continue;
    outer.set(thread, event.ts + event.dur);
    const name = names.get(thread) ?? '';
    if (name === 'CrRendererMain') sums.main += event.tdur ?? 0;
    if (name.startsWith('DedicatedWorker')) sums.worker += event.tdur ?? 0;
  }
  return sums;
}

/** Notes tasks of the page that keep input waiting, and how long keys and clicks take until their picture. */
function waiting() {
  window.tasks = [];
  window.inputs = [];
  const note = (into) => (list) => into.push(...list.getEntries().map(({ duration }) => duration));
  new PerformanceObserver(note(window.tasks)).observe({ type: 'longtask' });
  new PerformanceObserver(note(window.inputs)).observe({
    type: 'event',
    durationThreshold: 16,
  });
}

async function input(example) {
  const page = await open(waiting);
  await page.evaluate(() => (window.tasks.length = window.inputs.length = 0));
  await page.selectOption('#example', example);
  const counts = await page.innerText('#counts');
  await page.click('.cm-content');
  await page.keyboard.press('Control+Home');
  for (let key = 0; key < 60; key++) {
    // Each one compiles the network again.
    await page.keyboard.press(key % 2 === 0 ? '#' : 'Backspace');
    await page.waitForTimeout(50);
  }
  await page.waitForFunction((old) => document.querySelector('#counts').textContent !== old, counts);
  await page.waitForTimeout(3000);
  const { tasks, inputs } = await page.evaluate(() => ({
    tasks: window.tasks,
    inputs: window.inputs,
  }));
  await page.close();
  const most = (list) => Math.max(0, ...list).toFixed(0);
  console.log(
    `${example}, 60 keys while it compiles: longest task of the page ${tasks.length === 0 ? 'under 50' : most(tasks)} ms ` +
      `(${tasks.length} over 50), a key's longest way to its picture ${most(inputs)} ms`,
  );
}

/** Scrolls through a page of figures from its top to its end while they come, and once more when all are there. */
async function figures(manner) {
  const page = await browser.newPage({
    viewport: { width: 1000, height: 800 },
  });
  const words = '<p>What is written between figures.</p>'.repeat(8);
  const elements = Array.from({ length: FIGURES }, (_, at) => {
    return `<systolic-array ${SHOWN[at % SHOWN.length]} ${manner}></systolic-array>${words}`;
  });
  const body = `<!doctype html><title>Figures</title><script src="../systole.js"></script>${words}${elements.join('')}`;
  await page.route('**/blog/post.html', (route) => route.fulfill({ contentType: 'text/html', body }));
  await page.goto(`${url}blog/post.html`);
  const name = `${FIGURES} figures${manner === '' ? ' at rest' : ' that play'}`;
  console.log(`${name}, scrolled through as they come: ${await scrolled(page)}`);
  // One that was passed before it was there begins when it is seen.
  for (const element of await page.locator('systolic-array').all()) {
    await element.scrollIntoViewIfNeeded();
    await element.locator('iframe').contentFrame().locator('html[data-phase="ready"]').waitFor();
  }
  await page.evaluate(() => scrollTo(0, 0));
  await page.waitForTimeout(1000);
  console.log(`${name}, scrolled through again: ${await scrolled(page)}`);
  await page.close();
}

async function scrolled(page) {
  const path = join(tmpdir(), `systole-trace-${process.pid}.json`);
  const session = await page.context().newCDPSession(page);
  await browser.startTracing(page, {
    categories: ['toplevel', 'cc', 'benchmark', 'devtools.timeline'],
    path,
  });
  // As by a finger or a wheel, by the browser's own hand. The page grows as its figures come.
  const left = () => page.evaluate(() => document.documentElement.scrollHeight - innerHeight - scrollY);
  for (let more; (more = await left()) > 1;) {
    await session.send('Input.synthesizeScrollGesture', {
      x: 500,
      y: 400,
      yDistance: -Math.ceil(more),
      speed: PACE,
      preventFling: true,
      gestureSourceType: 'mouse',
    });
  }
  await browser.stopTracing();
  return smoothness(JSON.parse(readFileSync(path, 'utf8')).traceEvents);
}

/** Frames of the page while it is scrolled, by the compositor's own count, and tasks that keep its main thread for more than 50 ms. */
function smoothness(events) {
  const frames = events
    .filter(({ name, ph }) => name === 'PipelineReporter' && ph === 'b')
    .map(({ args }) => args.frame_reporter ?? args.chrome_frame_reporter)
    .filter(({ scroll_state: scroll, state }) => scroll !== 'SCROLL_NONE' && state !== 'STATE_NO_UPDATE_DESIRED');
  const dropped = frames.filter(({ state, affects_smoothness: seen }) => state === 'STATE_DROPPED' && seen);
  const threads = new Map();
  for (const { name, pid, tid, args } of events) if (name === 'thread_name') threads.set(`${pid}:${tid}`, args.name);
  const tasks = (thread) =>
    events.filter(({ name, pid, tid }) => {
      return name === 'ThreadControllerImpl::RunTask' && threads.get(`${pid}:${tid}`)?.startsWith(thread);
    });
  const main = tasks('CrRendererMain');
  const most = (times) => (Math.max(0, ...times) / 1000).toFixed(0);
  const sum = (of) => of.reduce((all, { tdur = 0 }) => all + tdur, 0) / 1e6;
  return (
    `${dropped.length} of ${frames.length} frames dropped; of the main thread's tasks ${main.filter(({ dur }) => dur > 50_000).length} ` +
    `take over 50 ms, the longest ${most(main.map(({ dur = 0 }) => dur))}, ${most(main.map(({ tdur = 0 }) => tdur))} in its own time; ` +
    `CPU: main thread ${sum(main).toFixed(1)} s, workers ${sum(tasks('DedicatedWorker')).toFixed(1)} s`
  );
}

/** When an embedded figure has its first picture and answers a click: at 1.6 Mb/s, 150 ms away, on a processor a quarter as fast. */
async function slow(example) {
  const page = await browser.newPage({ viewport: { width: 900, height: 700 }, reducedMotion: 'reduce' });
  const session = await page.context().newCDPSession(page);
  await session.send('Network.enable');
  const line = { latency: 150, downloadThroughput: 200_000, uploadThroughput: 94_000 };
  await session.send('Network.emulateNetworkConditions', { offline: false, ...line });
  await session.send('Emulation.setCPUThrottlingRate', { rate: 4 });
  const since = performance.now();
  await page.goto(`${url}embed.html#ex=${example}`, { waitUntil: 'commit' });
  await page.waitForSelector('html[data-shown]');
  const seen = performance.now() - since;
  const shown = await page.getAttribute('html', 'data-shown');
  await page.click('#forward');
  await page.waitForSelector(`html:not([data-shown="${shown}"])`);
  const answered = performance.now() - since;
  console.log(
    `${example} on a slow line: seen after ${seen.toFixed(0)} ms, answers a click after ${answered.toFixed(0)} ms`,
  );
  await page.close();
}
