// Light, dark, narrow, wide: nothing serious for axe-core, nothing cut off, nothing that jumps.

import { readdirSync, readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { expect, test } from './page.ts';

for (const theme of ['light', 'dark'] as const) {
  test(`axe-core finds nothing serious, ${theme}`, async ({ app, page }) => {
    await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
    await app.open();
    await expect(page.locator('html')).toHaveAttribute('data-theme', theme);
    await app.seek(9);
    expect(await app.violations()).toEqual([]);
    await app.chooseDigits();
    await app.seek(264);
    expect(await app.violations()).toEqual([]);
    await app.type('input a : i8[4, 4]\nweight v : i32[4]\noutput b\n');
    await expect(page.locator('html')).toHaveAttribute('data-phase', 'error');
    expect(await app.violations()).toEqual([]);
    await page.getByRole('button', { name: 'Keys and help' }).click();
    expect(await app.violations()).toEqual([]);
  });
}

test('the theme can be switched and is kept', async ({ app, page }) => {
  await app.open();
  await page.getByRole('button', { name: 'Switch between light and dark' }).click();
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
  await page.reload();
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
});

for (const width of [360, 390, 800, 1000, 1440, 2560]) {
  test(`nothing is cut off at ${width} px`, async ({ app, page }) => {
    await page.setViewportSize({ width, height: 844 });
    await app.open();
    await app.chooseDigits();
    const across = await page.evaluate(() => document.documentElement.scrollWidth);
    expect(across).toBeLessThanOrEqual(width);
    const cut = await page.evaluate(() =>
      [...document.querySelectorAll('button, input, select, h2, #told p, canvas')]
        .filter((e) => e.getClientRects().length > 0 && !e.closest('.cm-editor'))
        .filter((e) => e.getBoundingClientRect().right > innerWidth + 0.5 || e.getBoundingClientRect().left < -0.5)
        .map((e) => e.outerHTML.slice(0, 80)),
    );
    expect(cut).toEqual([]);
  });
}

test('nothing moves while cycles go by', async ({ app, page }) => {
  await app.open();
  await app.chooseDigits();
  const places = () =>
    page.evaluate(() =>
      ['clock', 'play', 'speed', 'canvas-host', 'pe-title', 'cells-title', 'answer'].map((id) => {
        const { x, y, width, height } = document.getElementById(id)!.getBoundingClientRect();
        return [id, ...[x, y, width, height].map(Math.round)];
      }),
    );
  await app.seek(0);
  const before = await places();
  for (const cycle of [9, 100, 264, 357, 376]) {
    await app.seek(cycle);
    const shown = (await places()).map(([id, x, y, ...size]) => (id === 'pe-title' ? [id, x, y] : [id, x, y, ...size]));
    expect(shown).toEqual(before.map(([id, x, y, ...size]) => (id === 'pe-title' ? [id, x, y] : [id, x, y, ...size])));
  }
});

test('the first load stays within its budget of 300 KB, and the editor that comes later within its own', async ({
  app,
  page,
  baseURL,
}) => {
  const asked = new Set<string>();
  page.on('response', (response) => asked.add(response.url().slice(baseURL!.length).replace(/^$/, 'index.html')));
  const dist = new URL('../../dist/', import.meta.url);
  const size = (names: string[]) => {
    const sizes = names.map((name) => ({ name, bytes: gzipSync(readFileSync(new URL(name, dist))).length }));
    return { all: sizes.reduce((sum, { bytes }) => sum + bytes, 0), told: JSON.stringify(sizes) };
  };
  // Whatever the page asks for by itself, also a while after the first picture.
  await app.open();
  await page.waitForTimeout(2000);
  const first = [...asked];
  // Whoever comes for the first time is shown around, which tests have behind them.
  const tour = readdirSync(new URL('assets/', dist)).filter((name) => /^(tour|named|controls)-/.test(name));
  expect(tour.length).toBeGreaterThan(1);
  first.push(...tour.map((name) => `assets/${name}`));
  for (const part of ['.wasm', 'worker', '.css']) expect(first.join()).toContain(part);
  const { all, told } = size(first);
  console.log(`first load: ${(all / 1000).toFixed(1)} KB gzipped`);
  expect(all, told).toBeLessThan(300_000);

  await app.editor();
  // What else comes for whoever is there: the rest of the module, who gives advice, and what else nobody waits for.
  const others = /systole_rest|advice\.worker|\/here-/;
  const editor = size([...asked].filter((name) => !first.includes(name) && !others.test(name)));
  console.log(`the editor: ${(editor.all / 1000).toFixed(1)} KB gzipped`);
  expect(editor.told).toContain('rich-editor');
  expect(editor.all, editor.told).toBeLessThan(110_000);
  expect(size([...asked].filter((name) => /\/here-/.test(name))).all).toBeLessThan(6_000);
});
