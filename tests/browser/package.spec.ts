// The npm package as a stranger has it: packed, installed from the tarball, used in Node, in a page and from a bundler.

import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@playwright/test';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const VITE = join(ROOT, 'www/node_modules/.bin/vite');
const TSC = join(ROOT, 'www/node_modules/.bin/tsc');
const PROGRAM = 'input a : i8[4, 4]\nweight w : i8[4, 4]\noutput a @ w\n';

let folder: string;
let installed: string;
let server: Server;
let url: string;

test.describe.configure({ mode: 'default' });

test.beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'systole-package-'));
  const made = join(folder, 'made');
  execFileSync('node', [join(ROOT, 'www/package.mjs'), made]);
  const packed = execFileSync('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', folder], {
    cwd: made,
    encoding: 'utf8',
  });
  installed = join(folder, 'node_modules/systole');
  mkdirSync(installed, { recursive: true });
  execFileSync('tar', ['xzf', join(folder, packed.trim()), '-C', installed, '--strip-components', '1']);
  server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url!, 'http://localhost').pathname);
    try {
      const bytes = readFileSync(join(folder, path.endsWith('/') ? `${path}index.html` : path));
      response.writeHead(200, { 'content-type': typeOf(path) }).end(bytes);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

test.afterAll(() => {
  server.closeAllConnections();
  server.close();
  rmSync(folder, { recursive: true });
});

function typeOf(path: string): string {
  const types: Record<string, string> = { js: 'text/javascript', css: 'text/css', wasm: 'application/wasm' };
  return types[path.split('.').pop()!] ?? 'text/html';
}

/** Code of the documentation, as it stands there. */
function samples(language: string): string[] {
  const text = readFileSync(join(ROOT, 'www/docs/package.md'), 'utf8');
  return [...text.matchAll(/^```(\w+)\n(.*?)^```$/gms)].flatMap(([, of, code]) => (of === language ? [code!] : []));
}

function node(code: string): string {
  const file = join(folder, 'sample.mjs');
  writeFileSync(file, code);
  // A runner that forces colours would colour numbers.
  return execFileSync('node', [file], { encoding: 'utf8', cwd: folder, env: { ...process.env, FORCE_COLOR: '0' } });
}

test("the documentation's samples run in Node, with the numbers of the workbench", () => {
  const said = samples('js').map(node);
  expect(said).toEqual([
    expect.stringMatching(/^60 cycles, the last MAC after 28\n\d+ PEs at work in cycle 20\n<svg\n$/),
    'line 2, column 12\n',
    '862\n',
  ]);
});

test('what the package says of a run is what the command line says', () => {
  const file = join(folder, 'product.systole');
  writeFileSync(file, PROGRAM);
  const code = `
    import { frame, report, run } from 'systole';
    const done = await run(${JSON.stringify(PROGRAM)}, { chip: 'classroom-4x4' });
    console.log(JSON.stringify({ report: report(done), frame: frame(done, 20), last: frame(done, 1e9).cycle }));`;
  const said = JSON.parse(node(code)) as {
    report: { outputs: unknown[]; agrees: boolean };
    frame: unknown;
    last: number;
  };
  expect(said.last).toBe(60);
  expect(said.report.agrees).toBe(true);
  expect(said.report.outputs).toHaveLength(1);
  expect(said.frame).toMatchObject({ cycle: 20, dataflow: 'ws', registers: expect.anything() });
  const command = join(ROOT, 'target/debug/systole');
  if (!existsSync(command)) return;
  const printed = (...args: string[]): unknown =>
    JSON.parse(execFileSync(command, [...args, '--chip', 'classroom-4x4'], { encoding: 'utf8' }));
  expect(said.report).toEqual(printed('run', file, '--format', 'json'));
  expect(said.frame).toEqual(printed('frame', file, '--cycle', '20'));
});

test('errors have a place, a hint and all of their fellows; a chip may be a text', () => {
  const code = `
    import { compile, run, report, SystoleError } from 'systole';
    const tell = async (action) => {
      try { return await action(); } catch (e) {
        return [e instanceof SystoleError, e.name, e.line, e.errors?.[0].in ?? null, typeof (e.hint ?? ''), e.errors?.length ?? 0];
      }
    };
    const text = ${JSON.stringify(PROGRAM)};
    const stop = new AbortController();
    stop.abort();
    console.log(JSON.stringify([
      await tell(() => compile('input a : i8[4, 4]\\noutput b @ c\\n')),
      await tell(() => compile(text, { chip: 'no-such-chip' })),
      await tell(() => compile(text, { chip: 'rows = 4\\nrows_ = 5\\n' })),
      await tell(() => compile(text, { files: { 'a.npy': new Uint8Array(3) } })),
      await tell(() => compile(text, { files: { 'a.npy': 'text' } })),
      await tell(() => run(text, { signal: stop.signal })),
      (await tell(async () => report(await run(text)).cycles)),
    ]));`;
  const [name, preset, file, npy, type, aborted, after] = JSON.parse(node(code)) as unknown[][];
  expect(name).toEqual([true, 'SystoleError', 2, 'program', 'string', 2]);
  expect(preset).toEqual([true, 'SystoleError', null, 'chip', 'string', 1]);
  expect(file!.slice(0, 2)).toEqual([true, 'SystoleError']);
  expect(file![3]).toBe('chip');
  expect(npy!.slice(0, 4)).toEqual([true, 'SystoleError', null, 'file']);
  expect(type!.slice(0, 2)).toEqual([false, 'TypeError']);
  expect(aborted!.slice(0, 2)).toEqual([false, 'AbortError']);
  expect(after).toBe(60);
});

test('its types agree with its use, strictly', () => {
  writeFileSync(
    join(folder, 'typed.ts'),
    `import { compile, run, frame, report, SystoleError, type Report } from 'systole';
     import 'systole/element';
     const done = await run(await compile('x'), { onProgress: (part: number) => void part });
     const all: Report = report(done);
     const svg: string = frame(done, 1, { format: 'svg' });
     const steps: number[][][] = frame(done, 1).step;
     export const seen: [number, string, number[][][], typeof SystoleError] = [all.cycles, svg, steps, SystoleError];\n`,
  );
  const flags = [
    '--strict',
    '--noEmit',
    '--target',
    'es2022',
    '--module',
    'nodenext',
    '--types',
    '',
    '--lib',
    'es2022,dom',
  ];
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  execFileSync(TSC, [...flags, 'typed.ts'], { cwd: folder, encoding: 'utf8' });
});

test("a page's plain module script runs it, and a plain script tag gives the element", async ({ page }) => {
  cpSync(installed, join(folder, 'systole'), { recursive: true });
  const element = `<script src="systole/site/systole.js"></script><systolic-array cycle="20"></systolic-array>`;
  writeFileSync(join(folder, 'index.html'), `<!doctype html><title>Plain</title>${samples('html')[0]}${element}`);
  await page.goto(`${url}/`);
  await expect(page.locator('output').first()).toHaveText('60 cycles');
  await expect(page.frameLocator('systolic-array iframe').locator('canvas').first()).toBeVisible();
});

test('a bundler takes the engine and the element along', async ({ page }) => {
  const app = join(folder, 'app');
  mkdirSync(app);
  writeFileSync(
    join(app, 'index.html'),
    `<!doctype html><title>App</title><meta name="systole" content="/systole/site/" />
     <output></output><systolic-array cycle="20"></systolic-array><script type="module" src="./main.js"></script>`,
  );
  writeFileSync(
    join(app, 'main.js'),
    `import 'systole/element';
     import { report, run } from 'systole';
     run(${JSON.stringify(PROGRAM)}).then((done) => {
       document.querySelector('output').textContent = report(done).cycles;
     });\n`,
  );
  cpSync(installed, join(folder, 'systole'), { recursive: true });
  execFileSync(VITE, ['build', '--base', './', '--logLevel', 'error'], { cwd: app });
  await page.goto(`${url}/app/dist/`);
  await expect(page.locator('output').first()).toHaveText('60');
  await expect(page.frameLocator('systolic-array iframe').locator('canvas').first()).toBeVisible();
});
