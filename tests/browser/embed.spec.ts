// Figures in other pages: the frame, the element that makes it, and what they and their host tell each other.

import { readFileSync } from 'node:fs';
import type { Page } from '@playwright/test';
import { expect, test } from './page.ts';

/** A page of another path on the same host that has some figures in it. */
async function host(page: Page, body: string): Promise<void> {
  await page.route('**/blog/post.html', (route) =>
    route.fulfill({
      contentType: 'text/html',
      body: `<!doctype html><html lang="en"><title>A post</title>${body}</html>`,
    }),
  );
  await page.route('**/blog/mine.systole', (route) =>
    route.fulfill({ contentType: 'text/plain', body: 'input a : i8[2, 2]\nweight b : i8[2, 2]\noutput relu(a @ b)\n' }),
  );
  await page.goto('./blog/post.html');
}

const SCRIPT = '<script src="../systole.js"></script>';
const figure = (page: Page, at = 0) => page.frameLocator(`systolic-array >> nth=${at} >> iframe`);

test('a frame shows the figure of its address, and leads to the workbench that shows the same', async ({ page }) => {
  await page.goto('./embed.html#v=1&ex=digits&c=100&pe=2,3');
  await expect(page.locator('#clock')).toHaveText('cycle 100 of 862');
  await expect(page.locator('#verdict')).toHaveText('✓ equals the reference');
  const edit = page.getByRole('link', { name: 'Edit in Systole' });
  await expect(edit).toHaveAttribute('href', './index.html#v=1&ex=digits&c=100&pe=2,3');
  await page.getByRole('button', { name: 'One cycle forward' }).click();
  await expect(edit).toHaveAttribute('href', './index.html#v=1&ex=digits&c=101&pe=2,3');
  // What is done in an embedded figure leaves its address as it was.
  expect(page.url()).toContain('c=100');
  const [workbench] = await Promise.all([page.waitForEvent('popup'), edit.click()]);
  await expect(workbench.locator('#clock')).toHaveText('cycle 101 of 862');
  await expect(workbench.locator('#pe-title')).toContainText('PE 2, 3');
});

test('numbers are as the address says, and what a figure does not show goes on to the workbench', async ({ page }) => {
  await page.goto('./embed.html#v=1&ex=product&c=20&pe=1,1');
  await expect(page.locator('html')).toHaveAttribute('data-shown', '20');
  const plain = await page.locator('#canvas-host canvas').screenshot();
  await page.goto('./embed.html?2#v=1&ex=product&c=20&pe=1,1&n=indices&t=10-29');
  await expect(page.locator('html')).toHaveAttribute('data-shown', '20');
  await expect.poll(async () => (await page.locator('#canvas-host canvas').screenshot()).equals(plain)).toBe(false);
  const edit = page.getByRole('link', { name: 'Edit in Systole' });
  await expect(edit).toHaveAttribute('href', './index.html#v=1&ex=product&c=20&pe=1,1&n=indices&t=10-29');
  const [workbench] = await Promise.all([page.waitForEvent('popup'), edit.click()]);
  await expect(workbench.locator('#notation')).toHaveValue('indices');
  await expect(workbench.locator('#lookup output')).toHaveText('10–29');
});

test('a figure that takes another’s place writes numbers in its own way', async ({ page }) => {
  await host(
    page,
    `${SCRIPT}<systolic-array example="product" cycle="20" numbers="indices" timeline="10-29"></systolic-array>`,
  );
  const picture = figure(page).locator('#canvas-host canvas');
  await expect(figure(page).locator('html')).toHaveAttribute('data-shown', '20');
  const indices = await picture.screenshot();
  const element = page.locator('systolic-array');
  type Figure = HTMLElement & { getState(): Promise<string> };
  const state = () => element.evaluate((element) => (element as Figure).getState());
  expect(await state()).toBe('#v=1&ex=product&c=20&n=indices&t=10-29');
  await element.evaluate((element) => {
    const { contentWindow } = element.shadowRoot!.querySelector('iframe')!;
    contentWindow!.postMessage({ systole: 1, kind: 'load', hash: '#v=1&ex=product&c=20' }, '*');
  });
  await expect.poll(state).toBe('#v=1&ex=product&c=20');
  await expect.poll(async () => (await picture.screenshot()).equals(indices)).toBe(false);
});

test('what an address asks to be hidden is hidden, and what is no figure is said in words', async ({ page }) => {
  await page.goto('./embed.html#ex=product&controls=none&hide=caption,<b>');
  await expect(page.locator('html')).toHaveAttribute('data-phase', 'ready');
  await expect(page.locator('#transport')).toBeHidden();
  await expect(page.locator('#caption')).toBeHidden();
  await expect(page.locator('#counts')).toBeVisible();
  await page.goto('./embed.html?2#ex=product&c=1.5');
  await expect(page.getByRole('alert')).toContainText('This figure could not be opened: its "c" is no whole number');
});

test('the element takes a program from its text, its attributes, or a file beside the page', async ({ page }) => {
  await host(
    page,
    `${SCRIPT}
     <systolic-array chip="classroom-2x3" cycle="5">
       input a : i8[2, 2]   # <i>one</i>
       weight b : i8[2, 2]
       output a @ b
     </systolic-array>
     <systolic-array src="mine.systole" controls="transport" theme="dark"></systolic-array>
     <systolic-array example="layers" load="click" title="Three layers"></systolic-array>
     <systolic-array src="https://example.com/other.systole"></systolic-array>`,
  );
  await expect(figure(page).locator('#clock')).toContainText('cycle 5 of');
  await page.locator('systolic-array >> nth=1').scrollIntoViewIfNeeded();
  await expect(figure(page, 1).locator('html')).toHaveAttribute('data-theme', 'dark');
  await expect(figure(page, 1).locator('#verdict')).toContainText('equals the reference');
  await expect(figure(page, 1).locator('#foot')).toBeHidden();
  const third = page.locator('systolic-array >> nth=2');
  await expect(third.locator('iframe')).toHaveCount(0);
  await third.getByRole('button', { name: 'Three layers' }).click();
  await expect(figure(page, 2).locator('html')).toHaveAttribute('data-phase', 'ready');
  await expect(page.locator('systolic-array >> nth=3')).toContainText('must be of this host');
});

test('a figure is as high as what it holds', async ({ page }) => {
  await host(page, `${SCRIPT}<div style="width:700px"><systolic-array example="product"></systolic-array></div>`);
  await expect(figure(page).locator('html')).toHaveAttribute('data-phase', 'ready');
  const inside = () =>
    figure(page)
      .locator('body')
      .evaluate((body) => body.getBoundingClientRect().height);
  const outside = () => page.locator('systolic-array iframe').evaluate((frame) => frame.getBoundingClientRect().height);
  await expect.poll(async () => Math.abs((await inside()) - (await outside()))).toBeLessThan(2);
  await page.locator('div').evaluate((div) => (div.style.width = '360px'));
  await expect.poll(async () => Math.abs((await inside()) - (await outside()))).toBeLessThan(2);
});

test('a host plays, seeks and reads figures, and keeps two in step', async ({ page }) => {
  await host(
    page,
    `${SCRIPT}<systolic-array example="product"></systolic-array><systolic-array example="product"></systolic-array>
     <script>
       const [left, right] = document.querySelectorAll('systolic-array');
       left.addEventListener('systole-cycle', ({ detail }) => right.seek(detail.cycle));
     </script>`,
  );
  for (const at of [0, 1]) {
    await page.locator(`systolic-array >> nth=${at}`).scrollIntoViewIfNeeded();
    await expect(figure(page, at).locator('html')).toHaveAttribute('data-phase', 'ready');
  }
  const left = page.locator('systolic-array >> nth=0');
  type Figure = HTMLElement & { seek(cycle: number): void; getState(): Promise<string>; step(by?: number): void };
  await left.evaluate((element) => (element as Figure).seek(23));
  for (const at of [0, 1]) await expect(figure(page, at).locator('#clock')).toHaveText('cycle 23 of 60');
  await left.evaluate((element) => (element as Figure).step());
  await expect(figure(page, 1).locator('#clock')).toHaveText('cycle 24 of 60');
  expect(await left.evaluate((element) => (element as Figure).getState())).toBe('#v=1&ex=product&c=24');
  await left.evaluate((element) => element.setAttribute('cycle', '30'));
  await expect(figure(page, 1).locator('#clock')).toHaveText('cycle 30 of 60');
});

test('messages of others are not heard, and malformed ones change nothing', async ({ page }) => {
  await host(page, `${SCRIPT}<systolic-array example="product" cycle="7"></systolic-array>`);
  await expect(figure(page).locator('html')).toHaveAttribute('data-phase', 'ready');
  await page.evaluate(() => {
    const frame = document.querySelector('systolic-array')!.shadowRoot!.querySelector('iframe')!;
    for (const wish of [
      null,
      'seek',
      { systole: 2, kind: 'seek', cycle: 9 },
      { systole: 1, kind: 'seek', cycle: '9' },
      { systole: 1, kind: 'seek', cycle: 1.5 },
      { systole: 1, kind: 'step', by: Infinity },
      { systole: 1, kind: 'load', hash: 'x'.repeat(300_000) },
      { systole: 1, kind: 'set', theme: '<b>', speed: -3 },
      { systole: 1, kind: '__proto__' },
    ]) {
      frame.contentWindow!.postMessage(wish, '*');
    }
    // From a window that is not the frame's parent.
    const other = document.createElement('iframe');
    document.body.append(other);
    const script = other.contentDocument!.createElement('script');
    script.textContent = 'parent.frames[0].postMessage({ systole: 1, kind: "seek", cycle: 50 }, "*")';
    other.contentDocument!.body.append(script);
  });
  await page.waitForTimeout(500);
  await expect(figure(page).locator('#clock')).toHaveText('cycle 7 of 60');
  await expect(figure(page).locator('html')).toHaveAttribute('data-phase', 'ready');
});

test('keys act while the focus is inside; those that it does not know go on to the host', async ({ page }) => {
  await host(
    page,
    `${SCRIPT}<systolic-array example="product" cycle="7"></systolic-array>
     <script>
       window.keys = [];
       addEventListener('systole-key', ({ detail }) => keys.push(detail.key));
     </script>`,
  );
  await expect(figure(page).locator('html')).toHaveAttribute('data-phase', 'ready');
  await page.keyboard.press('ArrowRight');
  await expect(figure(page).locator('#clock')).toHaveText('cycle 7 of 60');
  await figure(page).getByRole('button', { name: 'One cycle forward' }).focus();
  await page.keyboard.press('ArrowRight');
  await expect(figure(page).locator('#clock')).toHaveText('cycle 8 of 60');
  await page.keyboard.press('PageDown');
  await expect.poll(() => page.evaluate(() => (window as unknown as { keys: string[] }).keys)).toEqual(['PageDown']);
});

test('figures that are not seen load nothing', async ({ page }) => {
  const asked: string[] = [];
  page.on('request', (request) => asked.push(request.url()));
  await host(
    page,
    `${SCRIPT}<div style="height: 9000px"></div>${'<systolic-array example="product"></systolic-array>'.repeat(3)}
     <systolic-array example="product" load="click"></systolic-array>`,
  );
  await page.waitForTimeout(1000);
  expect(asked.filter((url) => url.includes('wasm'))).toEqual([]);
  await page.locator('systolic-array >> nth=0').scrollIntoViewIfNeeded();
  await expect(figure(page).locator('html')).toHaveAttribute('data-phase', 'ready');
  expect(asked.some((url) => url.includes('wasm'))).toBe(true);
});

test('time stands still in a figure that nobody sees, and goes on where it was', async ({ page }) => {
  await host(
    page,
    `${SCRIPT}<systolic-array example="digits" speed="16"></systolic-array><p style="height: 9000px"></p>`,
  );
  await expect(figure(page).locator('html')).toHaveAttribute('data-phase', 'ready');
  type Figure = HTMLElement & { play(): void };
  const cycle = async () => Number(await figure(page).locator('#stage').getAttribute('data-cycle'));
  const begun = await cycle();
  await page.locator('systolic-array').evaluate((element) => (element as Figure).play());
  await expect.poll(cycle).toBeGreaterThan(begun + 2);
  await page.evaluate(() => scrollTo(0, 8000));
  await page.waitForTimeout(500);
  const left = await cycle();
  await page.waitForTimeout(1000);
  expect(await cycle()).toBe(left);
  await expect(figure(page).locator('#stage')).toHaveAttribute('data-playing', 'true');
  await page.evaluate(() => scrollTo(0, 0));
  await expect.poll(cycle).toBeGreaterThan(left);
  // It has not caught up with what nobody has seen: that would be a second and a half.
  expect(await cycle()).toBeLessThan(left + 16);
});

test('an editable figure runs what is typed', async ({ page }) => {
  await page.goto('./embed.html#ex=product&editable=1');
  await expect(page.locator('#counts')).toHaveText('60 cycles');
  const text = 'input a : i8[4, 8]\nweight w : i8[8, 4]\noutput a @ w\n';
  await page.getByLabel('Program').fill(text);
  await expect(page.locator('#counts')).not.toHaveText('60 cycles');
  await page.getByLabel('Program').fill('input a : i8[4, 8]\noutput b\n');
  await expect(page.getByRole('alert')).toContainText('line 2');
});

// --- Files for the host ---------------------------------------------------------------------------------------------

/** What a figure answers to a message, by the answer's id; of a Blob its type and bytes. */
async function answer(page: Page, wish: object): Promise<Record<string, unknown>> {
  return page.evaluate(async (wish) => {
    const frame = document.querySelector('systolic-array')!.shadowRoot!.querySelector('iframe')!;
    const id = `test ${Math.random()}`;
    const heard = new Promise<Record<string, unknown>>((resolve) => {
      const hear = ({ source, data }: MessageEvent) => {
        if (source !== frame.contentWindow || data.id !== id) return;
        removeEventListener('message', hear);
        resolve(data);
      };
      addEventListener('message', hear);
    });
    frame.contentWindow!.postMessage({ systole: 1, kind: 'export', id, ...wish }, '*');
    const { id: _, data, ...rest } = await heard;
    const bytes = data instanceof Blob ? [...new Uint8Array(await data.arrayBuffer())] : data;
    return { ...rest, type: data instanceof Blob ? data.type : typeof data, data: bytes };
  }, wish);
}

const saved = (name: string) => readFileSync(new URL(`../data/frames/${name}`, import.meta.url));

test('a host has files of what is shown, and nothing for them is loaded before', async ({ page }) => {
  const asked: string[] = [];
  page.on('request', (request) => asked.push(request.url()));
  await host(page, `${SCRIPT}<systolic-array example="product" cycle="23"></systolic-array>`);
  await expect(figure(page).locator('html')).toHaveAttribute('data-shown', '23');
  const loaded = () => asked.filter((url) => /assets.export-/.test(url)).length;
  expect(loaded()).toBe(0);

  const svg = await answer(page, { format: 'svg', theme: 'light' });
  expect(svg).toMatchObject({ systole: 1, kind: 'exported', format: 'svg', type: 'string' });
  expect(svg['data']).toBe(saved('product-23.svg').toString());
  expect(loaded()).toBe(1);

  const png = await answer(page, { format: 'png', width: 300, height: 200, scale: 4, theme: 'dark' });
  expect(png).toMatchObject({ kind: 'exported', format: 'png', type: 'image/png' });
  const bytes = Buffer.from(png['data'] as number[]);
  expect([bytes.readUInt32BE(16), bytes.readUInt32BE(20)]).toEqual([1200, 800]);

  const json = JSON.parse((await answer(page, { format: 'json' }))['data'] as string);
  expect(json).toMatchObject({ cycles: 60, macs: 64, agrees: true });
  const csv = await answer(page, { format: 'csv' });
  expect((csv['data'] as string).split('\r\n')).toContain('run,,,classes.weight_stall,14');
  await expect(figure(page).locator('html')).toHaveAttribute('data-phase', 'ready');
});

test('a file is of the moment at which it was asked for, in the figure’s theme', async ({ page }) => {
  await host(page, `${SCRIPT}<systolic-array example="product" cycle="9" theme="dark"></systolic-array>`);
  await expect(figure(page).locator('html')).toHaveAttribute('data-shown', '9');
  type Figure = HTMLElement & { seek(cycle: number): void; export(wish: object): Promise<string> };
  const [then, now, light] = await page.locator('systolic-array').evaluate(async (element) => {
    const figure = element as Figure;
    figure.seek(23);
    const then = figure.export({ format: 'svg' });
    figure.seek(40);
    return Promise.all([then, figure.export({ format: 'svg' }), figure.export({ format: 'svg', theme: 'light' })]);
  });
  expect(then).not.toBe(now);
  expect(light).not.toBe(now);
  await page.locator('systolic-array').evaluate((element) => (element as Figure).seek(23));
  expect((await answer(page, { format: 'svg', theme: 'dark' }))['data']).toBe(then);
});

const REFUSED: [object, string][] = [
  [{}, '"format" is svg, png, json or csv.'],
  [{ format: 'exe' }, '"format" is svg, png, json or csv.'],
  [{ format: { toString: 'svg' } }, '"format" is svg, png, json or csv.'],
  [{ format: 'svg', width: 99 }, '"width" is a whole number from 100 to 8192.'],
  [{ format: 'svg', width: 300.5 }, '"width" is a whole number from 100 to 8192.'],
  [{ format: 'svg', height: 1e9 }, '"height" is a whole number from 100 to 8192.'],
  [{ format: 'png', height: '300' }, '"height" is a whole number from 100 to 8192.'],
  [{ format: 'png', scale: 3 }, '"scale" is 1, 2 or 4.'],
  [{ format: 'png', width: 4097, scale: 2 }, 'A PNG of 8,194 pixels is too large: 8,192 a side at most.'],
  [{ format: 'svg', theme: '<b>' }, '"theme" is auto, light or dark.'],
];

test('files that cannot be are refused in words, and the figure goes on', async ({ page }) => {
  await host(page, `${SCRIPT}<systolic-array example="product" cycle="7"></systolic-array>`);
  await expect(figure(page).locator('html')).toHaveAttribute('data-phase', 'ready');
  for (const [wish, message] of REFUSED)
    expect(await answer(page, wish), message).toMatchObject({ kind: 'error', message });
  const refused = await page.locator('systolic-array').evaluate(async (element) => {
    const figure = element as HTMLElement & { export(wish: object): Promise<string> };
    const all = Array.from({ length: 40 }, () =>
      figure.export({ format: 'svg' }).then(
        () => '',
        ({ message }) => message,
      ),
    );
    return (await Promise.all(all)).filter((message) => message !== '');
  });
  expect(refused).toHaveLength(24);
  expect(new Set(refused)).toEqual(new Set(['More than 16 files are asked for at a time.']));
  expect((await answer(page, { format: 'svg' }))['kind']).toBe('exported');
  await expect(figure(page).locator('html')).toHaveAttribute('data-phase', 'ready');
  await expect(figure(page).locator('#problem')).toBeHidden();
  await expect(figure(page).locator('#clock')).toHaveText('cycle 7 of 60');
});

test('of a figure that has not run there are no files', async ({ page }) => {
  await host(page, `${SCRIPT}<systolic-array example="nothing"></systolic-array>`);
  await expect(figure(page).locator('html')).toHaveAttribute('data-phase', 'error');
  expect(await answer(page, { format: 'svg' })).toMatchObject({
    kind: 'error',
    message: 'the simulator is not running',
  });
  await host(page, `${SCRIPT}<systolic-array example="product" load="click"></systolic-array>`);
  const why = await page.locator('systolic-array').evaluate((element) => {
    const figure = element as HTMLElement & { export(wish: object): Promise<string> };
    return figure.export({ format: 'svg' }).catch(({ message }) => message);
  });
  expect(why).toBe('The figure is not there yet.');
});
