// What is named in the workbench leads to the place in the documentation that tells of it: by pointer and by keys.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import type { Locator, Page } from '@playwright/test';
import { addressOf, TOPICS, topicOf } from '../../www/src/views/topics.ts';
import { expect, test } from './page.ts';

const DIST = new URL('../../dist/', import.meta.url);
const CASES = new URL('../cases/errors/', import.meta.url);

/** Whether a built page has what an address of the workbench names. */
function isThere(address: string): boolean {
  const [file, anchor] = address.split('#');
  const path = new URL(file!, DIST);
  return existsSync(path) && readFileSync(path, 'utf8').includes(` id="${anchor}"`);
}

test('every topic has its place in the documentation', () => {
  expect(TOPICS.size).toBeGreaterThan(80);
  const lost = [...TOPICS.keys()].filter((topic) => !isThere(addressOf(topic)!));
  expect(lost).toEqual([]);
  expect(isThere('./docs/machine.html#no-such-row')).toBe(false);
});

test('of all functions of the language, none is missing', () => {
  const page = readFileSync(new URL('../../www/docs/language.md', import.meta.url), 'utf8');
  const functions = [...page.matchAll(/^\| `(\w+)\(/gm)].map(([, name]) => name!);
  expect(functions.length).toBeGreaterThan(30);
  for (const name of functions) expect(addressOf(name)).toBe(`./docs/language.html#${name}`);
});

test('nearly every error that a program can have leads to what it is about', () => {
  const told = readdirSync(CASES)
    .filter((name) => name.endsWith('.txt'))
    .map((name) => readFileSync(new URL(name, CASES), 'utf8'));
  const without = told.filter((text) => topicOf(text.replace(/^ {2}\|.*$/gm, '')) === null);
  expect(without.length / told.length, without.join('\n')).toBeLessThan(0.05);
  expect(topicOf('`softmx` is no function; did you mean `softmax`?')).toBe('softmax');
  expect(topicOf('nothing of the kind')).toBeNull();
});

/** Follows a link, which opens beside the page; where it leads is to be seen. */
async function follow(page: Page, link: Locator, how: () => Promise<void>): Promise<string> {
  await expect(link).toHaveAttribute('rel', 'noopener');
  const [opened] = await Promise.all([page.context().waitForEvent('page'), how()]);
  await opened.waitForLoadState();
  const anchor = new URL(opened.url()).hash.slice(1);
  await expect(opened.locator(`[id="${anchor}"]`)).toBeInViewport();
  const { pathname, hash } = new URL(opened.url());
  await opened.close();
  return `${pathname.split('/').at(-1)}${hash}`;
}

test('classes of cycles lead to what they mean, and the page stays as it is', async ({ app, page }) => {
  await app.open();
  await app.chooseDigits();
  await app.seek(264);
  const links = page.locator('#cycles .legend').first().locator('a');
  expect(await links.count()).toBeGreaterThan(4);
  for (const href of await links.evaluateAll((all) => all.map((link) => link.getAttribute('href')!)))
    expect(isThere(href), href).toBe(true);
  const stall = links.filter({ hasText: 'weight stall' });
  expect(await follow(page, stall, () => stall.click())).toBe('machine.html#weight-stall');
  await stall.focus();
  expect(await follow(page, stall, () => page.keyboard.press('Enter'))).toBe('machine.html#weight-stall');
  await app.shows(264);
  const parts = page.locator('#cycles .bar').first().locator('a');
  await expect(parts).toHaveCount(await links.count());
  expect(await app.everyViolation()).toEqual([]);
});

test('every class of the machine has a row', () => {
  const machine = readFileSync(new URL('../../src/trace/classes.rs', import.meta.url), 'utf8');
  const titles = /fn title[^]*?\n {4}}/.exec(machine)![0];
  const names = [...titles.matchAll(/=> "(.+)"/g)].map(([, title]) => title!);
  expect(names.length).toBeGreaterThan(7);
  for (const title of names) expect(isThere(addressOf(title)!), title).toBe(true);
});

test('panels lead to what they show', async ({ app, page }) => {
  await app.open();
  await page.mouse.move(5, 5);
  await page.mouse.move(6, 6);
  for (const [name, place] of [
    ['What limits it', 'start.html#what-limits-it'],
    ['Roofline', 'start.html#the-roofline'],
    ['Over time', 'start.html#over-time'],
  ] as const) {
    const link = page.getByRole('link', { name: `${name} in the documentation` });
    expect(await follow(page, link, () => link.click())).toBe(place);
  }
});

/** Puts the caret behind a word. */
async function caretBehind(page: Page, word: string): Promise<void> {
  await page.locator('.cm-content').evaluate((content, word) => {
    const walker = document.createTreeWalker(content, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const at = node.textContent!.indexOf(word);
      if (at >= 0) document.getSelection()!.collapse(node, at + word.length);
    }
  }, word);
}

const PROGRAM = `input x : bf16[4, 8]
weight w : bf16[8, 6] = load("w.npy")
y = softmax(x @ w) with tile=[4, 4, 8]
output y
`;

test('what the editor tells at the caret leads on, by keys alone', async ({ app, page }) => {
  await app.open();
  await app.type(PROGRAM);
  const told = page.locator('.about.cm-tooltip');
  for (const [word, place] of [
    ['input', 'language.html#tensors'],
    ['bf16', 'language.html#bf16'],
    ['load', 'language.html#tensors'],
    ['softmax', 'language.html#softmax'],
    ['@', 'language.html#operators'],
    ['with', 'language.html#schedules'],
    ['tile', 'language.html#tile'],
  ] as const) {
    await page.locator('.cm-content').focus();
    await caretBehind(page, word);
    await page.keyboard.press('Control+K');
    await page.keyboard.press('Control+I');
    await expect(told.locator('.docs-link').last(), word).toContainText('in the documentation');
    await page.keyboard.press('Tab');
    const link = told.locator('.docs-link').last();
    while (!(await link.evaluate((element) => element === document.activeElement))) await page.keyboard.press('Tab');
    expect(await follow(page, link, () => page.keyboard.press('Enter'))).toBe(place);
    await page.keyboard.press('Escape');
    await expect(told).toBeHidden();
    await expect(page.locator('.cm-content')).toBeFocused();
  }
  expect(await app.text()).toBe(PROGRAM);
});

test('what the pointer is told leads on, too', async ({ app, page }) => {
  await app.open();
  await app.type('input x : i8[4, 4]\nweight w : i8[4, 4]\noutput requant(x @ w, shift=4)\n');
  await app.ready();
  await page.locator('.cm-line', { hasText: 'requant' }).getByText('requant').hover();
  const link = page.locator('.cm-tooltip-hover .docs-link');
  await expect(link).toHaveText('requant in the documentation');
  expect(await follow(page, link, () => link.click())).toBe('language.html#requant');
});

test('problems lead to what they are about', async ({ app, page }) => {
  await app.open();
  await app.type('input x : i8[4, 4]\noutput softmax(x, axes=1)\n');
  await expect(page.locator('html')).toHaveAttribute('data-phase', 'error');
  const link = page.locator('#problems .docs-link').first();
  await expect(link).toHaveText('softmax in the documentation');
  expect(await follow(page, link, () => link.click())).toBe('language.html#softmax');
  expect(await app.everyViolation()).toEqual([]);
});

test('a bar of the timeline leads to what its unit does: held by a click, or by a key', async ({ app, page }) => {
  await app.open();
  await app.chooseDigits();
  const lanes = (await page.locator('#lanes').boundingBox())!;
  const tip = page.locator('#timeline-tip');
  // The third lane is where cycles go.
  await page.mouse.move(lanes.x + 300, lanes.y + 52);
  await expect(tip).toContainText('cycles of matrix 0');
  await page.mouse.click(lanes.x + 300, lanes.y + 52);
  const link = tip.locator('dt a').first();
  const name = await link.innerText();
  const { x, y } = (await link.boundingBox())!;
  await page.mouse.move(x + 4, y + 4, { steps: 8 });
  await expect(tip).toBeVisible();
  expect(await follow(page, link, () => link.click())).toBe(`machine.html#${name.replaceAll(' ', '-')}`);
  await page.mouse.move(5, 5);
  await expect(tip).toBeHidden();

  await page.locator('#timeline').focus();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowDown');
  await expect(tip).toBeVisible();
  const [opened] = await Promise.all([page.context().waitForEvent('page'), page.keyboard.press('D')]);
  await expect(opened).toHaveURL(/docs\/machine\.html#[\w-]+$/);
});
