// The npm package as a stranger has it: packed, installed from the tarball, used in Node, in a page and from a bundler.

import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { expect, test } from '@playwright/test';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const VITE = join(ROOT, 'www/node_modules/.bin/vite');
const TSC = join(ROOT, 'www/node_modules/.bin/tsc');
const COMMAND = join(ROOT, 'target/debug/systole');
const PROGRAM = 'input a : i8[4, 4]\nweight w : i8[4, 4]\noutput a @ w\n';

/** What is loaded, as people read it. */
const PAGE = readFileSync(join(ROOT, 'www/docs/package.md'), 'utf8');
const README = readFileSync(join(ROOT, 'www/package/README.md'), 'utf8');

/** Thousands of bytes that files may take in the tarball, gzipped, without hashes in their names; any other one may take FEW. */
const MOST: [RegExp, number][] = [
  [/^systole\.wasm$/, 640],
  [/^site\/assets\/systole_\w+\.wasm\.deflate$/, 480],
  [/^site\/assets\/systole_rest\.wasm$/, 505],
  [/^site\/assets\/rich-editor\.js$/, 115],
  [/^site\/assets\/docs-search\.js$/, 54],
  [/^site\/figure\.html$/, 690],
  [/^site\/og\.png$/, 125],
];
const FEW = 20;
const MOST_IN_ALL = 3000;

let folder: string;
let tarball: string;
let installed: string;
const servers: Server[] = [];

test.describe.configure({ mode: 'default' });

test.beforeAll(async () => {
  // Of this very source; after the tests in Rust it is there already.
  test.setTimeout(600_000);
  const quiet = { cwd: ROOT, stdio: 'pipe' } as const;
  execFileSync('cargo', ['build', '--quiet', '--bin', 'systole'], quiet);
  folder = mkdtempSync(join(tmpdir(), 'systole-package-'));
  const made = join(folder, 'made');
  execFileSync('bash', ['build.sh', '--only', 'npm_package', made], quiet);
  const packed = npm(made, 'pack', '--silent', '--ignore-scripts', '--pack-destination', folder).trim();
  // By the name that the documentation says, as it says.
  expect(PAGE).toContain(`\`npm install PATH/${packed}\``);
  tarball = join(folder, packed);
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  npm(folder, 'install', '--silent', '--offline', '--no-audit', '--no-fund', tarball);
  installed = join(folder, 'node_modules/systole');
});

test.afterAll(() => {
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
  rmSync(folder, { recursive: true });
});

function npm(cwd: string, ...args: string[]): string {
  return execFileSync('npm', args, { cwd, encoding: 'utf8' });
}

/** Serves a folder that is not there yet; tells where it is to be, and its address. */
async function host(name: string): Promise<[root: string, url: string]> {
  const root = join(folder, name);
  mkdirSync(root);
  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url!, 'http://localhost').pathname);
    try {
      const bytes = readFileSync(join(root, path.endsWith('/') ? `${path}index.html` : path));
      response.writeHead(200, { 'content-type': typeOf(path) }).end(bytes);
    } catch {
      response.writeHead(404).end();
    }
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return [root, `http://127.0.0.1:${(server.address() as AddressInfo).port}`];
}

function typeOf(path: string): string {
  const types: Record<string, string> = { js: 'text/javascript', css: 'text/css', wasm: 'application/wasm' };
  return types[path.split('.').pop()!] ?? 'text/html';
}

/** Code of a text, as it stands there, with the language of each. */
function samples(text: string): [language: string, code: string][] {
  return [...text.matchAll(/^```(\w+)\n(.*?)^```$/gms)].map(([, language, code]) => [language!, code!]);
}

/** Those of the documentation: in this order, and no others. */
function documented() {
  const all = samples(PAGE);
  expect(all.map(([language]) => language)).toEqual(['js', 'js', 'js', 'html', 'html', 'html']);
  const [run, errors, files, page, cell, meta] = all.map(([, code]) => code) as [
    string,
    string,
    string,
    string,
    string,
    string,
  ];
  return { run, errors, files, page, cell, meta };
}

function node(code: string): string {
  const file = join(folder, 'sample.mjs');
  writeFileSync(file, code);
  // A runner that forces colours would colour numbers.
  return execFileSync('node', [file], { encoding: 'utf8', cwd: folder, env: { ...process.env, FORCE_COLOR: '0' } });
}

test('the tarball is no larger than it has to be', () => {
  const sizes = execFileSync('tar', ['tzf', tarball], { encoding: 'utf8' })
    .split('\n')
    .filter((path) => path !== '' && !path.endsWith('/'))
    .map((path) => path.replace(/^package\//, ''))
    .map((path) => ({ path, bytes: gzipSync(readFileSync(join(installed, path)), { level: 9 }).length }));
  const grown = sizes.flatMap(({ path, bytes }) => {
    const [, most] = MOST.find(([named]) => named.test(path.replace(/-[\w-]{8}(?=\.\w+$)/, ''))) ?? [null, FEW];
    return bytes > most * 1000 ? [`${path}: ${Math.ceil(bytes / 1000)} KB of ${most}`] : [];
  });
  expect(grown, 'files that take more, gzipped, than they may').toEqual([]);
  const all = Math.ceil(statSync(tarball).size / 1000);
  const largest = sizes.sort((a, b) => b.bytes - a.bytes).slice(0, 10);
  const message = largest.map(({ path, bytes }) => `${path} ${Math.ceil(bytes / 1000)}`).join(', ');
  expect(all, `KB of the tarball; the largest files in it: ${message}`).toBeLessThan(MOST_IN_ALL);
  expect(sections(readFileSync(join(installed, 'systole.wasm')))).not.toContain('name');
});

/** Names of a module's custom sections. */
function sections(module: Uint8Array<ArrayBuffer>): string[] {
  const compiled = new WebAssembly.Module(module);
  return ['name', 'producers', 'target_features'].filter(
    (name) => WebAssembly.Module.customSections(compiled, name).length > 0,
  );
}

test("the documentation's samples run in Node, with the numbers of the workbench", () => {
  const { run, errors, files } = documented();
  expect([run, errors, files].map(node)).toEqual([
    expect.stringMatching(/^60 cycles, the last MAC after 28\n\d+ PEs at work in cycle 20\n<svg\n$/),
    'line 2, column 12\n',
    '862\n',
  ]);
});

test("so do the README's", async ({ page }) => {
  const [engine, element] = samples(README);
  expect(samples(README).map(([language]) => language)).toEqual(['js', 'html']);
  const promised = /console\.log\(.*\); \/\/ (.*)/.exec(engine![1])![1];
  expect(node(`${engine![1]}console.log(svg.slice(0, 4));`)).toBe(`${promised}\n<svg\n`);
  const [root, url] = await host('readme');
  cpSync(join(installed, 'site'), join(root, 'systole'), { recursive: true });
  writeFileSync(join(root, 'index.html'), `<!doctype html><title>README</title>${element![1]}`);
  await page.goto(`${url}/`);
  const figure = page.frameLocator('systolic-array iframe');
  await expect(figure.locator('canvas').first()).toBeVisible();
  await expect(figure.locator('body')).toContainText('cycle 20 of 60');
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
  const printed = (...args: string[]): unknown =>
    JSON.parse(execFileSync(COMMAND, [...args, '--chip', 'classroom-4x4'], { encoding: 'utf8' }));
  expect(said.report).toEqual(printed('run', file, '--format', 'json'));
  expect(said.frame).toEqual(printed('frame', file, '--cycle', '20'));
});

test('without options both take the same chip, size and theme: byte for byte', () => {
  const file = join(folder, 'plain.systole');
  writeFileSync(file, PROGRAM);
  const code = `
    import { writeFileSync } from 'node:fs';
    import { frame, report, run } from 'systole';
    const done = await run(${JSON.stringify(PROGRAM)});
    writeFileSync('report.json', JSON.stringify(report(done), null, 2) + '\\n');
    writeFileSync('frame.json', JSON.stringify(frame(done, 20)) + '\\n');
    writeFileSync('frame.svg', frame(done, 20, { format: 'svg' }));
    console.log(report(done).chip.name);`;
  const written = (name: string) => readFileSync(join(folder, name), 'utf8');
  const printed = (...args: string[]) => execFileSync(COMMAND, args, { encoding: 'utf8' });
  expect(node(code)).toBe('Classroom 8 x 8\n');
  expect(PAGE).toContain('the chip is `classroom-8x8`, a picture has 900 x 620 CSS pixels');
  expect(written('report.json')).toBe(printed('run', file, '--format', 'json'));
  expect(written('frame.json')).toBe(printed('frame', file, '--cycle', '20'));
  expect(written('frame.svg')).toBe(printed('frame', file, '--cycle', '20', '--format', 'svg'));
  expect(written('frame.svg')).toMatch(/^<svg[^>]* width="900" height="620"/);
});

test('a size that no picture has is refused; one side alone may be given', () => {
  const code = `
    import { frame, run } from 'systole';
    const done = await run(${JSON.stringify(PROGRAM)});
    const tell = (options) => {
      try { return /<svg[^>]*>/.exec(frame(done, 20, { format: 'svg', ...options }))[0].match(/(width|height)="\\d+"/g).join(' '); }
      catch (e) { return e.name + ': ' + e.message; }
    };
    const sizes = [{ width: 300 }, { height: 300 }, { width: 99 }, { height: 8193 }, { width: NaN }, { height: null }];
    console.log(JSON.stringify(sizes.map(tell)));`;
  expect(JSON.parse(node(code))).toEqual([
    'width="300" height="620"',
    'width="900" height="300"',
    'RangeError: width 99: 100 to 8192 pixels',
    'RangeError: height 8193: 100 to 8192 pixels',
    'RangeError: width NaN: 100 to 8192 pixels',
    'RangeError: height 0: 100 to 8192 pixels',
  ]);
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
  expect(after).toBe(70);
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
  execFileSync(TSC, [...flags, 'typed.ts'], { cwd: folder, encoding: 'utf8' });
});

test("a page's plain module script runs it, and a plain script tag gives the element", async ({ page }) => {
  const [root, url] = await host('page');
  cpSync(installed, join(root, 'systole'), { recursive: true });
  const element = `<script src="systole/site/systole.js"></script><systolic-array cycle="20"></systolic-array>`;
  writeFileSync(join(root, 'index.html'), `<!doctype html><title>Plain</title>${documented().page}${element}`);
  await page.goto(`${url}/`);
  await expect(page.locator('output').first()).toHaveText('70 cycles');
  await expect(page.frameLocator('systolic-array iframe').locator('canvas').first()).toBeVisible();
});

test("a notebook's cell shows a cycle", async ({ page }) => {
  const [root, url] = await host('notebook');
  cpSync(installed, join(root, 'files/systole'), { recursive: true });
  mkdirSync(join(root, 'lab/tree'), { recursive: true });
  writeFileSync(join(root, 'lab/tree/index.html'), '<!doctype html><title>Notebook</title><output></output>');
  await page.goto(`${url}/lab/tree/`);
  const [magic, ...html] = documented().cell.split('\n');
  // The kernel answers it with the rest of the cell as HTML.
  expect(magic).toBe('%%html');
  // As JupyterLab shows trusted HTML: scripts that come by innerHTML do not run, so each is put in its place again.
  await page.evaluate((html) => {
    const output = document.querySelector('output')!;
    output.innerHTML = html;
    for (const idle of output.querySelectorAll('script')) {
      const script = document.createElement('script');
      for (const { name, value } of idle.attributes) script.setAttribute(name, value);
      script.textContent = idle.textContent;
      idle.replaceWith(script);
    }
  }, html.join('\n'));
  const figure = page.locator('#product');
  await expect(figure.locator('svg')).toBeVisible();
  await expect(figure).toContainText('cycle 20 of 60');
  expect(await figure.locator('svg').boundingBox()).toMatchObject({ width: 900, height: 620 });
});

test('a bundler takes the engine and the element along', async ({ page }) => {
  const [root, url] = await host('app');
  writeFileSync(
    join(root, 'index.html'),
    `<!doctype html><title>App</title>${documented().meta}
     <output></output><systolic-array cycle="20"></systolic-array><script type="module" src="./main.js"></script>`,
  );
  writeFileSync(
    join(root, 'main.js'),
    `import 'systole/element';
     import { report, run } from 'systole';
     run(${JSON.stringify(PROGRAM)}).then((done) => {
       document.querySelector('output').textContent = report(done).cycles;
     });\n`,
  );
  cpSync(join(installed, 'site'), join(root, 'systole'), { recursive: true });
  execFileSync(VITE, ['build', '--base', './', '--logLevel', 'error'], { cwd: root });
  await page.goto(`${url}/dist/`);
  await expect(page.locator('output').first()).toHaveText('70');
  await expect(page.frameLocator('systolic-array iframe').locator('canvas').first()).toBeVisible();
});
