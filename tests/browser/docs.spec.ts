// The documentation as pages: whole without a script, linked without a gap, legible in light and dark, on any screen.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import type { Page } from '@playwright/test';
import { type App, expect, test } from './page.ts';

const DOCS = new URL('../../www/docs/', import.meta.url);
const DIST = new URL('../../dist/', import.meta.url);
const SOURCES = readdirSync(DOCS).filter((name) => name.endsWith('.md'));
const PAGES = ['index', ...SOURCES.map((name) => name.replace(/\.md$/, ''))];

/** Opens a page of the documentation. */
async function open(app: App, name: string): Promise<void> {
  const answer = await app.page.goto(`docs/${name}.html`);
  expect(answer?.status()).toBe(200);
}

test('every Markdown file is a page, and no page is anything else', () => {
  expect(SOURCES).toContain('machine.md');
  const built = readdirSync(new URL('docs/', DIST)).filter((name) => name.endsWith('.html'));
  expect(built.sort()).toEqual(PAGES.map((name) => `${name}.html`).sort());
});

for (const name of PAGES) {
  test(`${name}: one title, headings in order, no marks of Markdown left; links lead somewhere, and nothing is too wide`, async ({
    app,
    page,
    baseURL,
  }) => {
    await open(app, name);
    const title = await page.locator('h1').allInnerTexts();
    expect(title).toHaveLength(1);
    await expect(page).toHaveTitle(`${title[0]} · Systole`);
    await expect(page.locator('meta[name=description]')).toHaveAttribute('content', /^\S.{10,}[.?!]$/);
    const told = (name: string) => page.locator(`meta[property="og:${name}"]`).getAttribute('content');
    expect(await told('title')).toBe(title[0]);
    expect(await told('description')).toBe(await page.locator('meta[name=description]').getAttribute('content'));
    await expect(page.locator('header [aria-current=page]')).toHaveCount(1);
    const depths = await page
      .locator(':is(h1, h2, h3, h4):not(nav *)')
      .evaluateAll((all) => all.map((h) => Number(h.tagName[1])));
    expect(depths.filter((depth, at) => depth > (depths[at - 1] ?? 0) + 1)).toEqual([]);
    const prose = await page
      .locator('article')
      .evaluate((article) =>
        [...article.querySelectorAll('p, li, td, th, h2, h3')]
          .map((element) =>
            [...element.childNodes].filter((node) => node.nodeType === 3).map((node) => node.textContent),
          )
          .join(' '),
      );
    expect(prose).not.toMatch(/<!--|-->|\*\*|`|\]\(|^\||^#/m);
    await leadSomewhere(page, baseURL!);
    for (const width of [360, 390, 1440]) await fits(page, width);
  });

  test(`${name}: axe-core finds nothing, light and dark, narrow and wide`, async ({ app, page }) => {
    await page.emulateMedia({ colorScheme: 'light' });
    await open(app, name);
    for (const theme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme: theme });
      for (const width of [390, 1440]) {
        await page.setViewportSize({ width, height: 844 });
        expect(await app.everyViolation(), `${theme}, ${width} px`).toEqual([]);
      }
    }
  });
}

/** Every link and anchor of a page. */
async function leadSomewhere(page: Page, baseURL: string): Promise<void> {
  const links = await page.locator('a').evaluateAll((all) => all.map((link) => (link as HTMLAnchorElement).href));
  const ids = await page.locator('[id]').evaluateAll((all) => all.map(({ id }) => id));
  expect(new Set(ids).size, 'an id occurs twice').toBe(ids.length);
  expect(links.length).toBeGreaterThan(PAGES.length);
  const lost: string[] = [];
  for (const link of links.map((each) => new URL(each))) {
    if (!link.href.startsWith(baseURL)) {
      if (!/^https:/.test(link.href)) lost.push(link.href);
      continue;
    }
    const file = link.pathname.slice(new URL(baseURL).pathname.length);
    if (!existsSync(new URL(file, DIST))) lost.push(link.href);
    else if (link.hash && file.startsWith('docs/')) {
      const there = readFileSync(new URL(file, DIST), 'utf8');
      if (!there.includes(` id="${decodeURIComponent(link.hash.slice(1))}"`)) lost.push(link.href);
    }
  }
  expect(lost).toEqual([]);
}

/** Nothing is wider than the window but what scrolls by itself. */
async function fits(page: Page, width: number): Promise<void> {
  await page.setViewportSize({ width, height: 844 });
  const across = await page.evaluate(() => document.documentElement.scrollWidth);
  expect(across, `${width} px`).toBeLessThanOrEqual(width);
  const cut = await page.evaluate(() =>
    [...document.querySelectorAll('a, h1, h2, h3, p, li, pre, blockquote, .table, button, code')]
      .filter((e) => e.getClientRects().length > 0 && !e.closest('.table table, pre code, .skip'))
      .filter((e) => e.getBoundingClientRect().right > innerWidth + 0.5 || e.getBoundingClientRect().left < -0.5)
      .map((e) => e.outerHTML.slice(0, 80)),
  );
  expect(cut, `${width} px`).toEqual([]);
}

test('the index lists each page with its first sentence', async ({ app, page }) => {
  await open(app, 'index');
  const entries = page.locator('.pages > li');
  await expect(entries).toHaveCount(SOURCES.length);
  const machine = entries.filter({ has: page.getByRole('heading', { name: 'The machine contract' }) });
  await expect(machine.locator('p')).toHaveText(
    'What one clock cycle does, and what every count in this project means.',
  );
  await machine.getByRole('link', { name: '1. The array' }).click();
  await expect(page).toHaveURL(/docs\/machine\.html#1-the-array$/);
  await expect(page.getByRole('heading', { name: '1. The array' })).toBeInViewport();
});

test('tables are those of the Markdown, and scroll by keyboard where they do not fit', async ({ app, page }) => {
  const markdown = readFileSync(new URL('machine.md', DOCS), 'utf8');
  const rows = markdown.split('\n').filter((line) => line.startsWith('|') && !/^[|\s:-]+$/.test(line));
  await page.setViewportSize({ width: 390, height: 844 });
  await open(app, 'machine');
  await expect(page.locator('tr')).toHaveCount(rows.length);
  const units = page.locator('.table', { hasText: 'frees its unit' });
  await units.focus();
  await page.keyboard.press('ArrowRight');
  await expect.poll(() => units.evaluate((frame) => frame.scrollLeft)).toBeGreaterThan(0);
});

test('the theme is the workbench’s: kept there, shown here, and the other way round', async ({ app, page }) => {
  await page.emulateMedia({ colorScheme: 'light' });
  await app.open();
  const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const light = await ground();
  await page.getByRole('button', { name: 'Switch between light and dark' }).click();
  const dark = await ground();
  expect(dark).not.toBe(light);
  await page.getByRole('link', { name: 'Docs' }).click();
  await expect(page).toHaveURL(/docs\/index\.html$/);
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
  expect(await ground()).toBe(dark);
  await page.getByRole('button', { name: 'Switch between light and dark' }).click();
  expect(await ground()).toBe(light);
  await page.getByRole('link', { name: 'Systole', exact: true }).click();
  await app.ready();
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'light');
});

test('pages stand in the order in which they are read', async ({ app, page }) => {
  await open(app, 'index');
  const titles = await page.locator('.pages h2').allInnerTexts();
  expect([titles[0], titles.at(-1)]).toEqual(['Start here', 'How true is this?']);
  expect((await page.locator('header nav li').allInnerTexts()).slice(1)).toEqual(titles);
});

/** The search's box, and what is found. */
const searching = (page: Page) => ({
  box: page.getByRole('searchbox', { name: 'Search the documentation' }),
  found: page.locator('#docs-found a'),
});

test('the search finds sections by their words, and a key leads there', async ({ app, page }) => {
  await open(app, 'start');
  const { box, found } = searching(page);
  await page.keyboard.press('/');
  await expect(box).toBeFocused();
  // The beginning of a word will do, and a slip of the finger.
  await page.keyboard.type('acumulator pass');
  await expect(found.first()).toContainText(/accumulator/i);
  await expect(page.getByRole('status')).toHaveText(/^\d found$/);
  await box.fill('weight_fifo_tiles');
  await expect(found.filter({ hasText: 'Chip files' }).first()).toBeVisible();
  await box.fill('where every cycle of a matrix unit');
  await expect(found.first()).toContainText('3. Where every cycle of a matrix unit goes');
  await page.keyboard.press('ArrowDown');
  await expect(found.first()).toBeFocused();
  await page.keyboard.press('ArrowUp');
  await expect(box).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/docs\/machine\.html#3-where-every-cycle-of-a-matrix-unit-goes$/);
});

test('every section of a page is found by its heading', async ({ app, page }) => {
  await open(app, 'language');
  const headings = await page
    .locator('article :is(h2, h3, h4)[id]')
    .evaluateAll((all) => all.map((heading) => ({ id: heading.id, text: heading.textContent })));
  expect(headings.length).toBeGreaterThan(5);
  const lost: string[] = [];
  for (const { id, text } of headings) {
    await searching(page).box.fill(text);
    const link = page.locator(`#docs-found a[href="language.html#${id}"]`);
    await link.waitFor({ timeout: 2000 }).catch(() => lost.push(text));
  }
  expect(lost).toEqual([]);
});

test('what is searched for stays text, and nothing is said to be nothing', async ({ app, page }) => {
  await open(app, 'language');
  const { box, found } = searching(page);
  const list = page.locator('#docs-found');
  await box.fill('<img src=x onerror=alert(1)> ((((.*');
  await expect(list).toHaveText('Nothing has all of these words.');
  expect(await page.locator('#docs-search img').count()).toBe(0);
  await page.keyboard.press('Escape');
  await expect(list).toBeHidden();
  await box.fill('softmax');
  await expect(found.first()).toBeVisible();
  await page.mouse.click(4, 700);
  await expect(list).toBeHidden();
});

for (const theme of ['light', 'dark'] as const) {
  test(`what is found can be read, ${theme}`, async ({ app, page }) => {
    await page.emulateMedia({ colorScheme: theme });
    for (const width of [360, 800, 1440]) {
      await page.setViewportSize({ width, height: 844 });
      await open(app, 'machine');
      const { box, found } = searching(page);
      await box.fill('weight');
      await expect(found).toHaveCount(8);
      const list = (await page.locator('#docs-found').boundingBox())!;
      expect(list.x).toBeGreaterThanOrEqual(0);
      expect(list.x + list.width).toBeLessThanOrEqual(width);
      expect(await app.everyViolation()).toEqual([]);
    }
  });
}

test('the help leads to what a cycle is', async ({ app, page }) => {
  await app.open();
  await page.getByRole('button', { name: 'Keys and help' }).click();
  await page.getByRole('link', { name: 'What a cycle is' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('The machine contract');
});

test.describe('without scripts', () => {
  test.use({ javaScriptEnabled: false });

  test('a page is whole, in the theme of the system', async ({ page }) => {
    const background = async () => page.locator('body').evaluate((body) => getComputedStyle(body).backgroundColor);
    await page.emulateMedia({ colorScheme: 'dark' });
    await page.goto('docs/machine.html');
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('The machine contract');
    await expect(page.getByRole('button', { name: 'Switch between light and dark' })).toBeHidden();
    await expect(page.getByRole('searchbox')).toBeHidden();
    const dark = await background();
    await page.emulateMedia({ colorScheme: 'light' });
    expect(await background()).not.toBe(dark);
  });
});
