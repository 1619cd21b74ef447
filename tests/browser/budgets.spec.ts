// What visitors download, gzipped: each file within its own limit, so that what grew has a name, and all together within the budget.

import { readdirSync, readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import type { Page } from '@playwright/test';
import { alone, expect, test } from './page.ts';

const dist = new URL('../../dist/', import.meta.url);

/** Bytes that a file may take; a little more than it does. */
const LIMITS: Record<string, number> = {
  'systole_first.wasm.deflate': 181_000,
  'index.html': 3_000,
  'index.js': 15_900,
  'index.css': 5_500,
  'verdict.js': 7_300,
  'worker.js': 7_400,
  'views.js': 15_200,
  'views.css': 3_100,
  'tour.js': 2_200,
  'controls.css': 1_100,
  'embed.html': 1_400,
  'embed.js': 4_200,
  'embed.css': 2_000,
  'link.js': 1_900,
  'favicon.svg': 600,
  'systole.js': 5_000,
};
/** What any other file may take. */
const SMALL = 1_000;

/** A file's name as it is before what is in it gives it another one. */
function plain(name: string): string {
  return name.replace(/^.*\//, '').replace(/-[\w-]{8}(?=\.\w+$)/, '');
}

function bytes(name: string): number {
  return gzipSync(readFileSync(new URL(name, dist))).length;
}

/** Files that are within their limits; returns how much they are together. */
function together(names: string[]): number {
  const grown = names
    .map((name) => ({ name, bytes: bytes(name), limit: LIMITS[plain(name)] ?? SMALL }))
    .filter(({ bytes, limit }) => bytes > limit);
  expect(grown, 'files that grew beyond their limits').toEqual([]);
  return names.reduce((sum, name) => sum + bytes(name), 0);
}

/** Paths of the files that the page asks for from now on, without what an address has behind them. */
function asked(page: Page, baseURL: string): Set<string> {
  const names = new Set<string>();
  page.on('response', (response) => {
    const path = new URL(response.url()).href.slice(baseURL.length).replace(/[?#].*/, '');
    names.add(path === '' ? 'index.html' : path);
  });
  return names;
}

test("the workbench's first load is at most 300 KB", async ({ app, page, baseURL }) => {
  const names = asked(page, baseURL!);
  await alone(page);
  // Whatever the page asks for by itself, also a while after the first picture.
  await app.open();
  await page.waitForTimeout(2000);
  // Whoever comes for the first time is shown around, which tests have behind them.
  const tour = readdirSync(new URL('assets/', dist)).filter((name) => /^(tour|named|controls)-/.test(name));
  expect(tour.length).toBeGreaterThan(1);
  const first = [...names, ...tour.map((name) => `assets/${name}`)];
  for (const part of ['systole_first', 'worker', '.css']) expect(first.join()).toContain(part);
  const all = together(first);
  console.log(`first load: ${(all / 1000).toFixed(1)} KB gzipped`);
  expect(all).toBeLessThan(300_000);
});

test("an embedded figure's load is held where it is", async ({ page, baseURL }) => {
  const names = asked(page, baseURL!);
  await alone(page);
  await page.goto('./embed.html#ex=product');
  await expect(page.locator('html')).toHaveAttribute('data-phase', 'ready');
  await page.waitForTimeout(1000);
  const first = [...names].filter((name) => !name.startsWith('examples/'));
  for (const part of ['embed.html', 'systole_first', 'worker', '.css']) expect(first.join()).toContain(part);
  expect(first.join()).not.toContain('systole_rest');
  const all = together(first);
  console.log(`an embedded figure: ${(all / 1000).toFixed(1)} KB gzipped`);
  expect(all).toBeLessThan(206_000);
});

test("the element's script is at most 5 KB", () => {
  expect(together(['systole.js'])).toBeLessThan(5_000);
});

test('the editor and what else comes to whoever is there have budgets of their own', async ({ app, page, baseURL }) => {
  await app.open();
  await page.waitForTimeout(2000);
  const names = asked(page, baseURL!);
  await app.editor();
  const sum = (pattern: RegExp) =>
    [...names].filter((name) => pattern.test(name)).reduce((sum, name) => sum + bytes(name), 0);
  // What else comes then: the rest of the module, who gives advice, and what else nobody waits for.
  const editor = sum(/^(?!.*(systole_rest|advice\.worker|\/here-))/);
  console.log(`the editor: ${(editor / 1000).toFixed(1)} KB gzipped`);
  expect([...names].join()).toContain('rich-editor');
  expect(editor, [...names].join()).toBeLessThan(110_000);
  expect(sum(/\/here-/)).toBeLessThan(6_000);
});
