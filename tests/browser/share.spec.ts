// What one sees, for others: texts to share it, a code for phones, and files of the run.

import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Page } from '@playwright/test';
import jsqr from 'jsqr';
import { type App, expect, test } from './page.ts';

// The package's types and what it exports do not agree on where the function is.
type Decode = (pixels: Uint8ClampedArray, width: number, height: number) => { data: string } | null;
const decode = ('default' in jsqr ? jsqr.default : jsqr) as Decode;
const ROOT = fileURLToPath(new URL('../../', import.meta.url));

async function openShare(app: App, page: Page): Promise<void> {
  await app.open();
  await app.seek(17);
  await page.getByRole('button', { name: 'Share' }).click();
  await expect(page.locator('#share-link')).not.toHaveValue('');
}

const text = (page: Page, name: string) => page.locator(`#share-${name}`).inputValue();

async function saved(page: Page, button: string): Promise<{ name: string; bytes: Buffer }> {
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: button, exact: true }).click(),
  ]);
  return { name: download.suggestedFilename(), bytes: readFileSync(await download.path()) };
}

async function openExport(page: Page): Promise<void> {
  await page.getByRole('tab', { name: 'Export' }).click();
  await expect(page.locator('#export-half')).toBeVisible();
}

/** A field of one of the export's groups. */
const field = (page: Page, group: string, label: string) =>
  page.getByRole('group', { name: group }).getByLabel(label, { exact: true });

const select = (page: Page, label: string) => page.locator('#export-half').getByRole('combobox', { name: label });

// --- Texts ----------------------------------------------------------------------------------------------------------

test('the link, the frame and the element each show what is seen', async ({ app, page, context }) => {
  await openShare(app, page);
  const folder = new URL('./', page.url()).href;
  expect(await text(page, 'link')).toBe(`${folder}#v=1&ex=product&c=17`);
  await page.getByLabel('Controls').selectOption('transport');
  await page.locator('#share-half').getByLabel('Theme').selectOption('dark');
  await expect.poll(() => text(page, 'frame')).toContain('&amp;controls=transport&amp;theme=dark"');
  const texts = `${await text(page, 'frame')}\n${await text(page, 'element')}`;

  const host = await context.newPage();
  await host.route('**/blog/post.html', (route) =>
    route.fulfill({ contentType: 'text/html; charset=utf-8', body: `<!doctype html><title>A post</title>${texts}` }),
  );
  await host.goto('./blog/post.html');
  for (const frame of [host.frameLocator('body > iframe'), host.frameLocator('systolic-array iframe')]) {
    await expect(frame.locator('#clock')).toHaveText('cycle 17 of 60');
    await expect(frame.locator('html')).toHaveAttribute('data-theme', 'dark');
    await expect(frame.locator('html')).toHaveAttribute('data-controls', 'transport');
  }
});

test('the element and the frame write numbers and look at the timeline as is seen', async ({ app, page }) => {
  await app.open();
  await app.seek(20);
  await page.getByLabel('Numbers', { exact: true }).selectOption('hexadecimal');
  await page.getByRole('button', { name: 'Show fewer cycles' }).click();
  await expect(page.locator('#lookup output')).toHaveText('10–39');
  await page.locator('#share').click();
  await expect(page.locator('#share-element')).toHaveValue(/ cycle="20" numbers="hexadecimal" timeline="10-39">/);
  expect(await text(page, 'frame')).toContain('embed.html#v=1&amp;ex=product&amp;c=20&amp;n=hexadecimal&amp;t=10-39"');
});

const HOSTILE = 'input a : i8[2, 2]\n# "one" </systolic-array><script>alert(1)</script> & ä 測\noutput relu(a)\n';

test('a program of one’s own stands in the element as text, with its chip’s changes packed', async ({
  app,
  page,
  context,
}) => {
  await app.open();
  await app.type(HOSTILE);
  await app.ready();
  await app.seek(3);
  await page.locator('#share').click();
  await expect(page.locator('#share-element')).toHaveValue(/output relu\(a\)\n<\/systolic-array>$/);
  const readable = await text(page, 'element');
  await page.getByRole('button', { name: 'Close' }).click();

  await page.locator('#chip-tab').click();
  const latency = page.locator('#chip-form').getByLabel('latency', { exact: false }).first();
  await latency.fill('120');
  await app.ready();
  await page.locator('#share').click();
  await expect(page.locator('#share-element')).toHaveValue(/ packed="[\w-]+"/);
  const packed = await text(page, 'element');
  const link = await text(page, 'link');

  const host = await context.newPage();
  const alerts: string[] = [];
  host.on('dialog', (dialog) => alerts.push(dialog.message()));
  await host.route('**/blog/post.html', (route) =>
    route.fulfill({
      contentType: 'text/html; charset=utf-8',
      body: `<!doctype html><title>A post</title>${readable}\n${packed}`,
    }),
  );
  await host.goto('./blog/post.html');
  for (const at of [0, 1]) {
    const figure = host.frameLocator(`systolic-array >> nth=${at} >> iframe`);
    await expect(figure.locator('html')).toHaveAttribute('data-phase', 'ready');
    await expect(figure.locator('#program')).toHaveValue(HOSTILE);
  }
  const edit = host.frameLocator('systolic-array >> nth=1 >> iframe').getByRole('link', { name: 'Edit in Systole' });
  const hash = async () => new URL((await edit.getAttribute('href'))!, page.url()).hash;
  const z = (hash: string) => new URLSearchParams(hash.slice(1)).get('z');
  await expect.poll(async () => z(await hash())).toBe(z(new URL(link).hash));
  expect(alerts).toEqual([]);
});

test('options change the texts, Markdown and oEmbed are what their readers expect', async ({ app, page }) => {
  await openShare(app, page);
  await page.getByLabel('plays by itself').check();
  await page.getByLabel('with an editable program').check();
  await expect.poll(() => text(page, 'frame')).toContain('&amp;autoplay=1&amp;editable=1"');
  expect(await text(page, 'element')).toMatch(/ autoplay editable><\/systolic-array>$/);
  expect(await text(page, 'markdown')).toBe(
    `[![Systole: 4 × 4, one small product, cycle 17](product-17.svg)](${await text(page, 'link')})`,
  );
  const oembed = JSON.parse(await text(page, 'oembed'));
  expect(oembed).toMatchObject({ version: '1.0', type: 'rich', width: 900, height: 560 });
  expect(oembed.html).toBe(await text(page, 'frame'));
});

test('each text is copied, and where pages may not copy it is selected', async ({ app, page, context }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await openShare(app, page);
  for (const name of ['link', 'frame', 'element', 'markdown', 'oembed']) {
    const row = page.locator(`#share-${name} + button`);
    await row.click();
    await expect(page.locator('#share-dialog [role=status]')).toContainText('copied.');
    await expect.poll(() => page.evaluate(() => navigator.clipboard.readText())).toBe(await text(page, name));
  }
  await page.evaluate(() => {
    Object.defineProperty(navigator.clipboard, 'writeText', { value: () => Promise.reject(new Error('no')) });
  });
  await page.getByRole('button', { name: 'Copy Element' }).click();
  await expect(page.locator('#share-dialog [role=status]')).toContainText('the text is selected');
  expect(await page.evaluate(() => getSelection()!.toString())).toBe(await text(page, 'element'));
});

test('the QR code holds the link, and says when the link is too long for one', async ({ app, page }) => {
  await openShare(app, page);
  const pixels = await page.locator('.share-code svg').evaluate(async (code) => {
    const image = new Image();
    image.src = `data:image/svg+xml,${encodeURIComponent(new XMLSerializer().serializeToString(code))}`;
    await image.decode();
    const context = new OffscreenCanvas(400, 400).getContext('2d')!;
    context.drawImage(image, 0, 0, 400, 400);
    return [...context.getImageData(0, 0, 400, 400).data];
  });
  expect(decode(Uint8ClampedArray.from(pixels), 400, 400)?.data).toBe(await text(page, 'link'));
  await page.getByRole('button', { name: 'Close' }).click();

  // Text that nothing can pack.
  let seed = 1;
  const noise = Array.from({ length: 4000 }, () => ((seed = (seed * 48271) % 2147483647) % 36).toString(36)).join('');
  await app.type(`# ${noise}\ninput a : i8[2, 2]\noutput relu(a)\n`);
  await app.ready();
  await page.locator('#share').click();
  await expect(page.locator('.share-code')).toHaveText(/The link has \d,\d{3} characters: a QR code holds 2,953/);
  await expect(page.locator('.share-code svg')).toHaveCount(0);
  expect((await text(page, 'link')).length).toBeGreaterThan(2953);
});

test('that a program reads files of the reader’s own is said', async ({ app, page }) => {
  await app.open();
  await app.chooseDigits();
  await page.locator('#share').click();
  await expect(page.locator('.share-needed')).toBeHidden();
  await page.getByRole('button', { name: 'Close' }).click();
  const bytes = readFileSync(`${ROOT}www/public/examples/digits/x.npy`);
  await page.locator('#chooser').setInputFiles({ name: 'x.npy', mimeType: '', buffer: bytes });
  await expect(page.locator('#files')).toContainText('digits/x.npy');
  await app.ready();
  await page.locator('#share').click();
  await expect(page.locator('.share-needed')).toContainText('digits/x.npy. Whoever opens it needs them too');
});

// --- Files ----------------------------------------------------------------------------------------------------------

test('the picture is saved as the SVG that the command prints', async ({ app, page }) => {
  await app.open();
  await app.seek(23);
  await page.locator('#share').click();
  await openExport(page);
  const { name, bytes } = await saved(page, 'SVG');
  expect(name).toBe('product-23.svg');
  expect(bytes.toString()).toBe(readFileSync(`${ROOT}tests/data/frames/product-23.svg`, 'utf8'));
  const shown = await page.evaluate((svg) => {
    const parsed = new DOMParser().parseFromString(svg, 'image/svg+xml');
    const texts = [...parsed.querySelectorAll('text')].map((text) => text.textContent);
    return { root: parsed.documentElement.localName, texts, styles: parsed.querySelectorAll('script, [href]').length };
  }, bytes.toString());
  expect([shown.root, shown.styles]).toEqual(['svg', 0]);
  // What the table says of this cycle's PEs stands in the picture.
  const sums = [...(await app.cells()).values()].flatMap(({ psum }) => (psum === null ? [] : [String(psum)]));
  expect(sums.length).toBeGreaterThan(4);
  for (const sum of sums) expect(shown.texts).toContain(sum.replace('-', '−'));
  await field(page, 'The picture', 'Width').fill('64');
  await page.getByRole('button', { name: 'SVG', exact: true }).click();
  await expect(page.locator('#share-dialog [role=status]')).toContainText('Width is a whole number from 100 to 8192.');
});

test('the picture is saved as the PNG that the command writes', async ({ app, page }) => {
  await app.open();
  await app.seek(23);
  await page.locator('#share').click();
  await openExport(page);
  const { bytes } = await saved(page, 'PNG');
  const written = readFileSync(`${ROOT}tests/data/frames/product-23.png`);
  // Letters are drawn by another hand; of fills, edges and ground hardly a pixel differs.
  const shares = await page.evaluate(
    async (both) => {
      const [ours, theirs] = await Promise.all(
        both.map(async (base64) => {
          const bitmap = await createImageBitmap(await (await fetch(`data:image/png;base64,${base64}`)).blob());
          const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext('2d')!;
          context.drawImage(bitmap, 0, 0);
          return context.getImageData(0, 0, bitmap.width, bitmap.height);
        }),
      );
      if (ours!.width !== theirs!.width || ours!.height !== theirs!.height) throw new Error('of different sizes');
      const ground = ours!.data.slice(0, 3);
      let [pixels, painted, off, far] = [0, 0, 0, 0];
      for (let at = 0; at < ours!.data.length; at += 4) {
        const apart = (colours: Uint8ClampedArray | Uint8Array, from: number) =>
          Math.max(...[0, 1, 2].map((i) => Math.abs(ours!.data[at + i]! - colours[from + i]!)));
        pixels++;
        if (apart(ground, 0) > 2) painted++;
        if (apart(theirs!.data, at) > 2) off++;
        if (apart(theirs!.data, at) > 64) far++;
      }
      return { painted: painted / pixels, off: off / pixels, far: far / pixels };
    },
    [bytes, written].map((png) => png.toString('base64')),
  );
  expect(shares.painted).toBeGreaterThan(0.2);
  expect(shares.off).toBeLessThan(0.05);
  expect(shares.far).toBeLessThan(0.02);
});

test('the picture is saved as PNG, larger and in either theme', async ({ app, page }) => {
  await openShare(app, page);
  await openExport(page);
  const corner = async (bytes: Buffer) =>
    page.evaluate(async (base64) => {
      const blob = await (await fetch(`data:image/png;base64,${base64}`)).blob();
      const bitmap = await createImageBitmap(blob);
      const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext('2d')!;
      context.drawImage(bitmap, 0, 0);
      const { data } = context.getImageData(0, 0, bitmap.width, bitmap.height);
      const colours = new Set<number>();
      for (let at = 0; at < data.length; at += 4) colours.add((data[at]! << 16) | (data[at + 1]! << 8) | data[at + 2]!);
      return { size: [bitmap.width, bitmap.height], corner: [...data.slice(0, 3)], colours: colours.size };
    }, bytes.toString('base64'));
  await field(page, 'The picture', 'Width').fill('400');
  await field(page, 'The picture', 'Height').fill('300');
  const plain = await saved(page, 'PNG');
  expect(plain.name).toBe('product-17.png');
  const light = await corner(plain.bytes);
  expect(light.size).toEqual([400, 300]);
  expect(light.colours).toBeGreaterThan(20);
  await select(page, 'Theme').selectOption('dark');
  await select(page, 'PNG at').selectOption('2×');
  const double = await saved(page, 'PNG');
  expect(double.name).toBe('product-17@2x.png');
  const dark = await corner(double.bytes);
  expect(dark.size).toEqual([800, 600]);
  expect(Math.max(...dark.corner)).toBeLessThan(Math.min(...light.corner));
  await field(page, 'The picture', 'Width').fill('5000');
  await page.getByRole('button', { name: 'PNG', exact: true }).click();
  await expect(page.locator('#share-dialog [role=status]')).toContainText('A PNG of 10,000 pixels is too large');
});

test('counters are saved as JSON and CSV, and the assembly, as the command has them', async ({ app, page }) => {
  await openShare(app, page);
  await openExport(page);
  const json = await saved(page, 'Report as JSON');
  const csv = await saved(page, 'Counters as CSV');
  const timeline = await saved(page, 'Timeline for Perfetto');
  const assembly = await saved(page, 'Assembly');
  expect([json.name, csv.name, assembly.name]).toEqual([
    'product-report.json',
    'product-counters.csv',
    'product-program.s',
  ]);
  expect(timeline.name).toBe('product-timeline.json');
  expect(timeline.bytes.toString()).toBe(readFileSync(`${ROOT}tests/data/frames/product-timeline.json`, 'utf8'));
  const report = JSON.parse(json.bytes.toString());
  expect(report).toMatchObject({ cycles: 60, macs: 64, agrees: true, classes: { active: 4, weight_stall: 14 } });
  const rows = csv.bytes.toString().split('\r\n');
  expect(rows[0]).toBe('of,name,line,counter,value');
  expect(rows).toContain('run,,,cycles,60');
  expect(rows).toContain('run,,,classes.weight_stall,14');
  expect(rows).toContain('unit,DMA out 0,,busy,16');
  expect(rows).toContain('operator,a @ w,5,movement.all.weights.hops,24');
  expect(rows.slice(1, -1).every((row) => row.split(',').length === 5)).toBe(true);
  expect(assembly.bytes.toString()).toContain('multiply acc');

  const command = `${ROOT}target/debug/systole`;
  const examples = `${ROOT}www/public/examples`;
  if (!existsSync(command)) return;
  const said = (...args: string[]) =>
    execFileSync(command, [...args, '--chip', 'classroom-4x4'], { cwd: examples, encoding: 'utf8' });
  expect(report).toEqual(JSON.parse(said('run', 'product.systole', '--format', 'json')));
  expect(assembly.bytes.toString()).toBe(said('compile', 'product.systole', '--emit', 'asm'));
});

/** Pictures of a GIF, each with its size and its delay in hundredths of a second. */
function pictures(gif: Buffer): { width: number; height: number; delay: number }[] {
  const table = (flags: number) => (flags & 0x80 ? 3 << ((flags & 7) + 1) : 0);
  const found = [];
  let [at, delay] = [13 + table(gif[10]!), 0];
  const skipBlocks = () => {
    while (gif[at]! > 0) at += 1 + gif[at]!;
    at++;
  };
  while (gif[at] !== 0x3b) {
    if (gif[at] === 0x21) {
      if (gif[at + 1] === 0xf9) delay = gif.readUInt16LE(at + 4);
      at += 2;
    } else if (gif[at] === 0x2c) {
      found.push({ width: gif.readUInt16LE(at + 5), height: gif.readUInt16LE(at + 7), delay });
      at += 11 + table(gif[at + 9]!);
    } else throw new Error(`byte ${at} begins no block`);
    skipBlocks();
  }
  return found;
}

async function film(page: Page, from: number, to: number): Promise<void> {
  await openExport(page);
  const set = (label: string, value: number) => field(page, 'Cycles as', label).fill(String(value));
  await set('From cycle', from);
  await set('to', to);
  await set('Width', 301);
  await set('Height', 200);
  await set('Pictures a second', 10);
}

test('a range of cycles becomes a GIF with a picture of each', async ({ app, page }) => {
  await openShare(app, page);
  await film(page, 14, 20);
  const { name, bytes } = await saved(page, 'GIF');
  expect(name).toBe('product-14-20.gif');
  expect(bytes.subarray(0, 6).toString('latin1')).toBe('GIF89a');
  expect(pictures(bytes)).toEqual(Array.from({ length: 7 }, () => ({ width: 300, height: 200, delay: 10 })));
  // The stage shows what it did.
  await app.shows(17);
  await field(page, 'Cycles as', 'in steps of').fill('3');
  expect(pictures((await saved(page, 'GIF')).bytes)).toHaveLength(3);
});

test('a range of cycles becomes a WebM that plays', async ({ app, page }) => {
  await openShare(app, page);
  await film(page, 10, 29);
  const { name, bytes } = await saved(page, 'WebM');
  expect(name).toBe('product-10-29.webm');
  const played = await page.evaluate(async (base64) => {
    const blob = await (await fetch(`data:video/webm;base64,${base64}`)).blob();
    const video = document.createElement('video');
    video.muted = true;
    video.src = URL.createObjectURL(blob);
    await video.play();
    const { videoWidth, videoHeight, duration } = video;
    await new Promise((resolve) => video.addEventListener('ended', resolve));
    return { size: [videoWidth, videoHeight], duration, shown: video.getVideoPlaybackQuality().totalVideoFrames };
  }, bytes.toString('base64'));
  expect(played).toEqual({ size: [300, 200], duration: 2, shown: 20 });
});

test('a moving picture can be cancelled, and too many pictures are refused in words', async ({ app, page }) => {
  await openShare(app, page);
  await page.getByRole('button', { name: 'Close' }).click();
  await app.chooseDigits();
  await page.locator('#share').click();
  await openExport(page);
  const status = page.locator('#share-dialog [role=status]');
  await field(page, 'Cycles as', 'From cycle').fill('0');
  await field(page, 'Cycles as', 'to').fill('862');
  await page.getByRole('button', { name: 'GIF' }).click();
  await expect(status).toContainText(
    'These are 863 pictures, and at most 600 are made: take fewer cycles, or steps of 2.',
  );
  await field(page, 'Cycles as', 'in steps of').fill('2');
  let files = 0;
  page.on('download', () => files++);
  await page.getByRole('button', { name: 'GIF' }).click();
  await expect
    .poll(() => page.getByLabel('Pictures made').evaluate((bar: HTMLProgressElement) => bar.value))
    .toBeGreaterThan(0);
  await page.getByRole('button', { name: 'Cancel', exact: true }).click();
  await expect(status).toHaveText('Cancelled: nothing is saved.');
  await expect(page.getByRole('button', { name: 'GIF' })).toBeEnabled();
  expect(files).toBe(0);
});

// --- The dialog -----------------------------------------------------------------------------------------------------

test('the header stays one line at 1440 px, and the dialog is fit for everybody', async ({ app, page }) => {
  await openShare(app, page);
  const tops = await page.locator('#top .pill, #top .tools').evaluateAll((parts) =>
    parts.map((part) => {
      const { top, height } = part.getBoundingClientRect();
      return top + height / 2;
    }),
  );
  expect(Math.max(...tops) - Math.min(...tops)).toBeLessThan(4);
  for (const theme of ['light', 'dark']) {
    await page.evaluate((theme) => (document.documentElement.dataset['theme'] = theme), theme);
    for (const tab of ['Share', 'Export']) {
      await page.getByRole('tab', { name: tab }).click();
      expect(await app.everyViolation(), `${theme}, ${tab}`).toEqual([]);
    }
  }
  await page.getByRole('tab', { name: 'Export' }).press('ArrowRight');
  await expect(page.getByRole('tab', { name: 'Share' })).toBeFocused();
  await expect(page.locator('#share-half')).toBeVisible();
  await page.setViewportSize({ width: 360, height: 700 });
  for (const tab of ['Share', 'Export']) {
    await page.getByRole('tab', { name: tab }).click();
    const room = await page
      .locator('#share-dialog')
      .evaluate(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth);
    expect(room, tab).toBeLessThanOrEqual(0);
  }
});

// --- What the documentation says -------------------------------------------------------------------------------------

const PAGE = readFileSync(`${ROOT}www/docs/embed.md`, 'utf8');
const HOST = 'https://HOST/systole/';

/** Fenced blocks of a language. */
const samples = (language: string) =>
  [...PAGE.matchAll(new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\`$`, 'gm'))].map(([, body]) => body!);

/** The policies, that of a host first. */
const policies = (origin: string) =>
  samples('http').map((line) =>
    line.trim().replace('Content-Security-Policy: ', '').replaceAll('https://HOST', origin),
  );

test('the documented figures run under the documented policy of their host', async ({ app, page, baseURL }) => {
  const [element, frame] = samples('html').map((sample) => sample.replaceAll(HOST, baseURL!));
  const [policy] = policies(new URL(baseURL!).origin);
  await page.route('**/blog/post.html', (route) =>
    route.fulfill({
      contentType: 'text/html; charset=utf-8',
      headers: { 'content-security-policy': policy! },
      body: `<!doctype html><title>A post</title>${element}${frame}`,
    }),
  );
  await app.page.goto('./blog/post.html');
  await expect(page.frameLocator('systolic-array iframe').locator('#clock')).toContainText('cycle 9 of');
  await expect(page.frameLocator('body > iframe').locator('#clock')).toHaveText('cycle 300 of 862');
  const width = (selector: string) => page.locator(selector).evaluate((part) => part.getBoundingClientRect().width);
  expect(await width('systolic-array iframe')).toBe(await width('systolic-array'));
});

test('the documented page keeps two figures in step', async ({ app, page, baseURL }) => {
  const sample = samples('html').at(-1)!.replaceAll(HOST, baseURL!);
  await page.route('**/blog/post.html', (route) =>
    route.fulfill({ contentType: 'text/html; charset=utf-8', body: sample }),
  );
  await app.page.goto('./blog/post.html');
  const clock = (id: string) => page.frameLocator(`#${id} iframe`).locator('html');
  await expect(clock('leader')).toHaveAttribute('data-phase', 'ready');
  await expect(clock('follower')).toHaveAttribute('data-phase', 'ready');
  await page.frameLocator('#leader iframe').locator('#cycle').fill('21');
  await expect(clock('leader')).toHaveAttribute('data-shown', '21');
  await expect(clock('follower')).toHaveAttribute('data-shown', '21');
});

test('the documented page saves its figure', async ({ app, page, baseURL }) => {
  const sample = samples('html').find((sample) => sample.includes('A figure to keep'))!;
  await page.route('**/blog/post.html', (route) =>
    route.fulfill({ contentType: 'text/html; charset=utf-8', body: sample.replaceAll(HOST, baseURL!) }),
  );
  await app.page.goto('./blog/post.html');
  await expect(page.frameLocator('#figure iframe').locator('html')).toHaveAttribute('data-phase', 'ready');
  const { name, bytes } = await saved(page, 'Save as PNG');
  expect(name).toBe('array.png');
  // The header says the size.
  expect([bytes.readUInt32BE(16), bytes.readUInt32BE(20)]).toEqual([2400, 1600]);
  await page.locator('#figure').evaluate((figure) => figure.setAttribute('example', 'nothing'));
  await expect(page.frameLocator('#figure iframe').locator('html')).toHaveAttribute('data-phase', 'error');
  await page.getByRole('button', { name: 'Save as PNG' }).click();
  await expect(page.locator('#said')).toHaveText('the simulator is not running');
});

test('the site passes the policy that is documented, with its editor, workers and files', async ({
  app,
  page,
  baseURL,
}) => {
  const policy = policies(new URL(baseURL!).origin)[1]!;
  expect(policy).not.toContain("'unsafe-eval'");
  await page.context().route('**/*', async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, headers: { ...response.headers(), 'content-security-policy': policy } });
  });
  await app.open();
  await app.type('input a : i8[4, 8]\nweight w : i8[8, 4]\noutput a @ w\n');
  await app.ready();
  await expect(page.locator('#limits')).toContainText('of the cycles');
  await page.locator('#share').click();
  await openExport(page);
  expect((await saved(page, 'PNG')).bytes.length).toBeGreaterThan(1000);
  await field(page, 'Cycles as', 'to').fill('3');
  expect(pictures((await saved(page, 'GIF')).bytes)).toHaveLength(4);
  await page.goto('./embed.html#ex=product&c=9');
  await expect(page.locator('#clock')).toHaveText('cycle 9 of 60');
  await page.goto('./docs/embed.html');
  await expect(page.locator('#docs-search')).toBeVisible();
  // It is in force.
  const evaluated = await page.evaluate(() => {
    const script = document.createElement('script');
    script.textContent = 'window.ran = true';
    document.head.append(script);
    return 'ran' in window;
  });
  expect(evaluated).toBe(false);
  app.expected.push('inline script');
});

test('the list of commands leads to it', async ({ app, page }) => {
  await app.open();
  await page.keyboard.press('Control+Shift+P');
  await expect(page.getByRole('combobox', { name: 'Commands' })).toBeFocused();
  await page.keyboard.insertText('share the figure');
  await page.keyboard.press('Enter');
  await expect(page.locator('#share-link')).not.toHaveValue('');
});
