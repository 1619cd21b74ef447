// The gallery: a page made of figures.

import { expect, test } from './page.ts';

test('every figure runs, of one download, and what is shown side by side keeps in step', async ({ app, page }) => {
  test.slow();
  await page.goto('./docs/gallery.html');
  const figures = page.locator('systolic-array');
  await expect(figures).toHaveCount(10);
  for (let at = 0; at < 10; at++) {
    await figures.nth(at).scrollIntoViewIfNeeded();
    const inside = figures.nth(at).locator('iframe').contentFrame();
    await expect(inside.locator('html')).toHaveAttribute('data-phase', 'ready');
    await expect(inside.locator('#verdict')).toContainText('equals the reference');
  }
  // Ten figures have one module, which is fetched once.
  const fetched = page.frames().map((frame) =>
    frame.evaluate(() => {
      const all = performance.getEntriesByType('resource') as PerformanceResourceTiming[];
      return all.filter(({ name, transferSize }) => name.includes('systole_first') && transferSize > 0).length;
    }),
  );
  expect((await Promise.all(fetched)).reduce((sum, count) => sum + count, 0)).toBe(1);
  // The roofline is drawn, and said.
  const roofline = figures.nth(9).locator('iframe').contentFrame();
  await expect(roofline.locator('.roofline canvas')).toBeVisible();
  await expect(roofline.locator('#picture + ul li')).toHaveCount(2);
  await expect(roofline.locator('#picture + ul li').first()).toContainText('MACs a byte');
  // Three dataflows, one clock.
  const three = [2, 3, 4].map((at) => figures.nth(at).locator('iframe').contentFrame());
  await figures.nth(2).scrollIntoViewIfNeeded();
  await three[0]!.locator('#forward').click();
  await three[0]!.locator('#forward').click();
  for (const one of three) await expect(one.locator('html')).toHaveAttribute('data-shown', '32');
  // In the page's colours.
  const bitmap = () => roofline.locator('.roofline canvas').evaluate((canvas: HTMLCanvasElement) => canvas.toDataURL());
  const light = await bitmap();
  await page.locator('#page-theme').click();
  await expect.poll(bitmap).not.toBe(light);
  await expect(three[1]!.locator('html')).toHaveAttribute('data-theme', 'dark');
  expect(await app.violations()).toEqual([]);
});
