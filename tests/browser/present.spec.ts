// The array before a class: only the stage and captions, in large type, by a clicker's keys.

import { type App, expect, test } from './page.ts';

const CAPTIONS = ['Weights are in place.', 'Each row enters one cycle after the one above it.', 'The last sum leaves.'];

/** Bookmarks with captions at cycles 18, 21 and 28. */
async function prepare(app: App): Promise<void> {
  const { page } = app;
  await app.open();
  for (const cycle of [18, 21, 28]) {
    await app.seek(cycle);
    await page.locator('#canvas-host').focus();
    await page.keyboard.press('b');
  }
  await page.getByRole('button', { name: 'Bookmarks: 3' }).click();
  const names = page.getByLabel('Name of the bookmark');
  for (const [at, caption] of CAPTIONS.entries()) {
    await names.nth(at).fill(caption);
    await names.nth(at).press('Tab');
  }
  await page.keyboard.press('Escape');
  await expect(page.locator('#bookmarks')).toBeHidden();
}

/** What is said, and which cycle is shown. */
async function step(app: App, at: number, cycle: number): Promise<void> {
  await expect(app.page.locator('#present .step')).toHaveText(CAPTIONS[at]!);
  await expect(app.page.locator('#present')).toContainText(`${at + 1} of 3`);
  await app.shows(cycle);
}

test('bookmarks are steps, by a clicker’s keys, and only stage and captions are to be seen', async ({ app, page }) => {
  await prepare(app);
  const plain = await page.locator('#caption').evaluate((p) => parseFloat(getComputedStyle(p).fontSize));
  await app.seek(21);
  await page.locator('#canvas-host').focus();
  await page.keyboard.press('p');
  await step(app, 1, 21);
  expect(await page.evaluate(() => document.fullscreenElement?.tagName)).toBe('HTML');
  for (const gone of ['#top', '#program', '#side', '#transport', '#timeline', '#counts', '#numbers']) {
    await expect(page.locator(gone), gone).toBeHidden();
  }
  const large = await page.locator('#caption').evaluate((p) => parseFloat(getComputedStyle(p).fontSize));
  expect(large).toBeGreaterThan(plain);
  await page.keyboard.press('PageDown');
  await step(app, 2, 28);
  await page.keyboard.press('PageDown');
  await step(app, 2, 28);
  await page.keyboard.press('PageUp');
  await step(app, 1, 21);
  await page.keyboard.press('Home');
  await step(app, 0, 18);
  await page.keyboard.press('ArrowRight');
  await step(app, 1, 21);
  await page.keyboard.press('.');
  await expect(page.locator('html')).toHaveAttribute('data-presenting', 'black');
  await page.keyboard.press('b');
  await expect(page.locator('html')).toHaveAttribute('data-presenting', '');
  expect(await app.everyViolation()).toEqual([]);
  await page.keyboard.press('Escape');
  await expect(page.locator('#present')).toHaveCount(0);
  await expect(page.locator('#top')).toBeVisible();
  expect(await page.evaluate(() => document.fullscreenElement)).toBeNull();
});

test('the picture is drawn larger, as sharp as before, and what is clicked is meant', async ({ app, page }) => {
  await page.setViewportSize({ width: 1920, height: 1080 });
  await app.open();
  await app.seek(20);
  await page.locator('#canvas-host').focus();
  await page.keyboard.press('p');
  await expect(page.locator('#present')).toContainText('Bookmarks are the steps');
  // A pixel of the canvas for each of the screen.
  const canvas = page.locator('#canvas-host canvas');
  const size = async () => {
    const box = (await canvas.boundingBox())!;
    return canvas.evaluate((canvas: HTMLCanvasElement, width) => Math.abs(canvas.width - width), box.width);
  };
  await expect.poll(size).toBeLessThan(2);
  // The PE in the picture's middle is not the first one.
  await page.keyboard.press('z');
  await expect(page.locator('#canvas-host')).toHaveAttribute('data-level', 'array');
  const box = (await canvas.boundingBox())!;
  await page.mouse.click(box.x + box.width / 2, box.y + box.height / 2);
  await expect(page.locator('#pe-title')).toHaveText(/PE [12], [12]/);
  // Without steps, the arrows go from cycle to cycle.
  await page.keyboard.press('ArrowRight');
  await app.shows(21);
});

test('playing stops at the next step', async ({ app, page }) => {
  await prepare(app);
  await app.seek(18);
  await page.locator('#canvas-host').focus();
  await page.keyboard.press('p');
  await step(app, 0, 18);
  for (let faster = 0; faster < 5; faster++) await page.keyboard.press('+');
  await page.keyboard.press('Space');
  await step(app, 1, 21);
  await expect(page.locator('#stage')).toHaveAttribute('data-playing', 'false');
});

test('a link keeps the steps, and opens as the presentation', async ({ app, page, context }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await prepare(app);
  await app.seek(28);
  await page.getByRole('button', { name: 'Bookmarks: 3' }).click();
  await page.getByRole('button', { name: 'Present them' }).click();
  await page.getByRole('button', { name: 'Copy link' }).click();
  await expect(page.locator('#present')).toContainText('The link is copied.');
  const link = await page.evaluate(() => navigator.clipboard.readText());
  expect(link).toMatch(/[#&]p=1$/);
  const other = await context.newPage();
  await other.goto(link);
  await expect(other.locator('#present .step')).toHaveText(CAPTIONS[2]!);
  await expect(other.locator('#stage')).toHaveAttribute('data-cycle', '28');
});
