// A figure saved as one file: opened from the disk, without a network, it is the figure that was there.

import { writeFileSync, readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import type { Page, TestInfo } from '@playwright/test';
import { type App, expect, test } from './page.ts';

/** Saves the figure from the dialog, and opens it from the disk; every address that it asks for but its own, unless its policy stops it. */
async function fromDisk(
  page: Page,
  info: TestInfo,
  change = (html: string) => html,
): Promise<{ file: Page; asked: string[]; troubles: string[]; name: string; size: number }> {
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'HTML', exact: true }).click(),
  ]);
  const html = change(readFileSync(await download.path(), 'utf8'));
  const path = info.outputPath('figure of mine.html');
  writeFileSync(path, html);
  // Apart from the page that made it, which goes on loading what it likes.
  const apart = await page.context().browser()!.newContext({ offline: true });
  const file = await apart.newPage();
  const [asked, troubles]: [string[], string[]] = [[], []];
  const url = pathToFileURL(path).href;
  file.on('request', (request) => {
    if (!/^(data|blob):/.test(request.url()) && request.url() !== url) asked.push(request.url());
  });
  // What its own policy stops goes nowhere.
  file.on('requestfailed', (request) => {
    if (request.failure()?.errorText === 'csp') asked.splice(asked.indexOf(request.url()), 1);
  });
  file.on('console', (message) => troubles.push(message.text()));
  file.on('pageerror', (error) => troubles.push(error.message));
  file.on('dialog', (dialog) => troubles.push(dialog.message()));
  await file.goto(url);
  return { file, asked, troubles, name: download.suggestedFilename(), size: html.length };
}

async function openExport(app: App, page: Page): Promise<void> {
  await page.locator('#share').click();
  await page.getByRole('tab', { name: 'Export' }).click();
  await expect(app.page.locator('#export-half')).toBeVisible();
}

test('one file holds the figure, and works from the disk without a network', async ({ app, page }, info) => {
  await app.open();
  await app.seek(17);
  await openExport(app, page);
  await page.locator('#export-half').getByRole('combobox', { name: 'Theme' }).selectOption('dark');
  const { file, asked, troubles, name, size } = await fromDisk(page, info);
  expect(name).toBe('product-17.html');
  expect(size).toBeLessThan(1_000_000);
  await expect(page.locator('#share-dialog [role=status]')).toHaveText(
    /^product-17\.html is saved: \d{3}(\.\d)? KiB\.$/,
  );
  await expect(file.locator('html')).toHaveAttribute('data-phase', 'ready');
  await expect(file).toHaveTitle('Systole: 4 × 4, one small product, cycle 17');
  await expect(file.locator('html')).toHaveAttribute('data-theme', 'dark');
  await expect(file.locator('#clock')).toHaveText('cycle 17 of 60');
  await expect(file.locator('#verdict')).toHaveText('✓ equals the reference');
  await file.getByRole('button', { name: 'One cycle forward' }).click();
  await expect(file.locator('#clock')).toHaveText('cycle 18 of 60');
  await expect(file.locator('html')).toHaveAttribute('data-shown', '18');
  await file.keyboard.press('End');
  await expect(file.locator('#clock')).toHaveText('cycle 60 of 60');
  const home = new URL('./', page.url()).href;
  const edit = file.getByRole('link', { name: 'Edit in Systole' });
  await expect(edit).toHaveAttribute('href', new RegExp(`^${home.replaceAll('.', '\\.')}#v=1&ex=product`));
  expect([asked, troubles]).toEqual([[], []]);
});

test('its arrays, its chip and its program are in it, and the program can be changed', async ({ app, page }, info) => {
  await app.open();
  await app.chooseDigits();
  await app.seek(300);
  await openExport(app, page);
  await page.getByLabel('its program can be changed').check();
  await page.getByLabel('Buttons').selectOption('transport');
  const { file, asked, troubles } = await fromDisk(page, info);
  await expect(file.locator('#clock')).toHaveText('cycle 300 of 862');
  await expect(file.locator('#verdict')).toHaveText('✓ equals the reference');
  await expect(file.locator('html')).toHaveAttribute('data-controls', 'transport');
  await file.locator('#program').fill('input a : i8[2, 2]\nweight w : i8[2, 2]\noutput softmax(a @ w)\n');
  await expect(file.getByRole('alert')).toContainText('line 3');
  await file.locator('#program').fill('input a : i8[2, 2]\nweight w : i8[2, 2]\noutput relu(a @ w)\n');
  await expect(file.locator('#counts')).not.toHaveText('862 cycles');
  await expect(file.locator('#verdict')).toHaveText('✓ equals the reference');
  expect([asked, troubles]).toEqual([[], []]);
});

const HOSTILE = 'input a : i8[2, 2]\n# </script><script>alert(1)</script><!-- $& $1 \u2028 測\noutput relu(a)\n';

test('whatever a program says stays its text', async ({ app, page }, info) => {
  await app.open();
  await app.type(HOSTILE);
  await app.ready();
  await openExport(app, page);
  await page.getByLabel('its program can be changed').check();
  const { file, asked, troubles } = await fromDisk(page, info);
  await expect(file.locator('#program')).toHaveValue(HOSTILE);
  await expect(file.locator('html')).toHaveAttribute('data-phase', 'ready');
  expect(await file.locator('script').count()).toBe(2);
  expect([asked, troubles]).toEqual([[], []]);
});

test('a file that was tampered with runs nothing and asks nobody', async ({ app, page }, info) => {
  await app.open();
  await openExport(app, page);
  const { file, asked, troubles } = await fromDisk(page, info, (html) =>
    html
      .replace('<main', '<script>alert(1)</script><img src="https://example.com/a.png" onerror="alert(2)"><main')
      .replace('"hash":"#v=1', '"hash":"#v=9'),
  );
  await expect(file.getByRole('alert')).toContainText('This figure could not be opened: it is of version 9');
  expect(asked).toEqual([]);
  expect(troubles.filter((text) => /^\d$/.test(text))).toEqual([]);
  expect(troubles.some((text) => text.includes('Content Security Policy'))).toBe(true);
});

test('a page around the file has pictures of it, too', async ({ app, page, context }) => {
  await app.open();
  await app.seek(17);
  await openExport(app, page);
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'HTML', exact: true }).click(),
  ]);
  const html = readFileSync(await download.path(), 'utf8');
  const host = await context.newPage();
  await host.route('**/blog/figure.html', (route) => route.fulfill({ contentType: 'text/html', body: html }));
  await host.route('**/blog/post.html', (route) =>
    route.fulfill({ contentType: 'text/html', body: '<!doctype html><title>A post</title><iframe src="figure.html">' }),
  );
  await host.goto('./blog/post.html');
  await expect(host.frameLocator('iframe').locator('html')).toHaveAttribute('data-shown', '17');
  const answer = await host.evaluate(
    () =>
      new Promise<unknown>((resolve) => {
        addEventListener('message', ({ data }) => data.id === 1 && resolve([data.kind, data.data?.type, data.message]));
        frames[0]!.postMessage({ systole: 1, kind: 'export', id: 1, format: 'png' }, '*');
      }),
  );
  expect(answer).toEqual(['exported', 'image/png', undefined]);
});
