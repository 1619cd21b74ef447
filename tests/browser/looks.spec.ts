// Light, dark, narrow, wide: nothing serious for axe-core, nothing cut off, nothing that jumps.

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
