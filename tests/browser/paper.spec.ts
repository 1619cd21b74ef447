// Print, narrow windows, which 200 % zoom makes of wide ones, reports of problems, and the picture beside links.

import { readFileSync } from 'node:fs';
import type { Page } from '@playwright/test';
import { issuesOf, told } from '../../www/src/views/report-text.ts';
import { type App, expect, test } from './page.ts';

/** Somebody is there: what comes then has come. */
async function there(app: App): Promise<void> {
  await app.open();
  await app.page.mouse.move(5, 5);
  await app.page.mouse.move(6, 6);
  await expect(app.page.locator('#report')).toBeAttached();
}

// --- Narrow windows ---------------------------------------------------------------------------------------------

/** Every view, as one comes to it. */
const VIEWS: Record<string, (app: App) => Promise<void>> = {
  program: async () => {},
  digits: async (app) => app.chooseDigits(),
  chip: async ({ page }) => {
    await page.getByRole('tab', { name: 'Chip' }).click();
    await expect(page.locator('#chip-form .field').first()).toBeVisible();
  },
  'chip as text': async ({ page }) => {
    await page.getByRole('tab', { name: 'Chip' }).click();
    await page.locator('#chip-panel').getByText('Text', { exact: true }).click();
  },
  compiled: async ({ page }) => {
    await page.getByRole('tab', { name: 'Compiled' }).click();
    await expect(page.locator('#compiled-panel .segments')).toBeVisible();
  },
  compare: async ({ page }) => {
    await page.getByRole('button', { name: 'Compare' }).click();
    await expect(page.locator('#comparison')).toContainText('Nothing has changed yet');
  },
  dataflows: async ({ page }) => {
    await page.getByRole('button', { name: 'Dataflows' }).click();
    await expect(page.locator('#all-flows table')).toBeVisible();
  },
  'selected cycles': async ({ page }) => {
    await page.locator('#timeline').focus();
    for (const key of ['ArrowDown', 'r']) await page.keyboard.press(key);
    await expect(page.locator('#range')).toBeVisible();
  },
  problems: async (app) => {
    await app.type('input a : i8[4, 4]\noutput softmax(a, axes=1)\n');
    await expect(app.page.locator('#problems .docs-link')).toBeVisible();
  },
  help: async ({ page }) => page.getByRole('button', { name: 'Keys and help' }).click(),
  commands: async ({ page }) => page.getByRole('button', { name: 'Commands' }).click(),
  programs: async ({ page }) => page.getByRole('button', { name: 'Programs' }).click(),
  report: async ({ page }) => {
    await page.locator('#report').click();
    await expect(page.getByRole('dialog', { name: 'Report a problem' })).toBeVisible();
  },
  tour: async ({ page }) => {
    await page.getByRole('button', { name: 'Commands' }).click();
    await expect(page.getByRole('combobox', { name: 'Commands' })).toBeFocused();
    await page.keyboard.type('take the tour');
    await page.keyboard.press('Enter');
    await expect(page.locator('#tour')).toBeVisible();
  },
};

/** What does not fit: beyond the window where nothing scrolls, or more than its box shows. */
async function cut(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const scrolls = (element: Element) => {
      for (let at = element.parentElement; at && at !== document.body; at = at.parentElement)
        if (/auto|scroll/.test(getComputedStyle(at).overflowX)) return true;
      return false;
    };
    const seen = [...document.body.querySelectorAll('*')].filter((element) => {
      const { clipPath, visibility } = getComputedStyle(element);
      if (element.closest('svg, .cm-editor, #plain-editor, .unseen, option')) return false;
      return element.getClientRects().length > 0 && clipPath === 'none' && visibility === 'visible';
    });
    const found = seen.flatMap((element) => {
      const { left, right } = element.getBoundingClientRect();
      const { overflowX, textOverflow } = getComputedStyle(element);
      const html = element.outerHTML.slice(0, 90);
      if ((right > innerWidth + 0.5 || left < -0.5) && !scrolls(element)) return [`beyond: ${html}`];
      const more = element.clientWidth > 0 && element.scrollWidth > element.clientWidth + 1;
      // Fields scroll; what ends in an ellipsis has a title or is said elsewhere.
      if (!more || element.matches('input, textarea, select, [title]') || textOverflow === 'ellipsis') return [];
      if (overflowX === 'hidden' || overflowX === 'clip') return [`cut: ${html}`];
      // Words that run out of their box.
      return element.matches('button, label, th, td, h2, h3, p, legend') && overflowX === 'visible'
        ? [`out of its box: ${html}`]
        : [];
    });
    const across = document.documentElement.scrollWidth;
    return [...found, ...(across > innerWidth ? [`the page is ${across} wide`] : [])];
  });
}

// 1440 x 900 at 200 %, a phone, and what reflow is held to: 1280 px at 400 %.
const WINDOWS = [
  { width: 720, height: 450 },
  { width: 390, height: 844 },
  { width: 320, height: 512 },
];

for (const [name, come] of Object.entries(VIEWS)) {
  test(`nothing of ${name} is cut off at 720, 390 and 320 px`, async ({ app, page }) => {
    await page.setViewportSize(WINDOWS[0]!);
    await there(app);
    await come(app);
    for (const window of WINDOWS) {
      await page.setViewportSize(window);
      // Pictures take their new size when the worker has painted them.
      await expect.poll(() => cut(page), `${window.width} px`).toEqual([]);
    }
  });
}

test('the test of what is cut off finds what is', async ({ app, page }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await there(app);
  await page.locator('#report').evaluate((button) => {
    button.style.cssText = 'width: 20px; white-space: nowrap';
  });
  expect((await cut(page)).join()).toContain('out of its box: <button type="button" id="report"');
});

test('pages of the documentation fit 320 px', async ({ app, page }) => {
  await page.setViewportSize({ width: 320, height: 512 });
  for (const name of ['index', 'start', 'machine', 'language', 'keys']) {
    await page.goto(`docs/${name}.html`);
    await expect(page.locator('h1')).toBeVisible();
    expect(await page.evaluate(() => document.documentElement.scrollWidth), name).toBeLessThanOrEqual(320);
  }
  expect(app.expected).toEqual([]);
});

// --- Paper ------------------------------------------------------------------------------------------------------

/** Whether a canvas has been painted with more than one colour. */
async function isPainted(page: Page, of: string): Promise<boolean> {
  return (await coloursOf(page, of)).size > 20;
}

/** Colours that are seen, the most frequent first, and how many pixels have each. */
async function coloursOf(page: Page, of: string): Promise<Map<number, number>> {
  const shot = await page.locator(of).screenshot();
  const counts = await page.evaluate(async (data) => {
    const image = await createImageBitmap(await (await fetch(`data:image/png;base64,${data}`)).blob());
    const canvas = new OffscreenCanvas(image.width, image.height);
    const context = canvas.getContext('2d')!;
    context.drawImage(image, 0, 0);
    const pixels = new Uint32Array(context.getImageData(0, 0, image.width, image.height).data.buffer);
    const counts = new Map<number, number>();
    for (const pixel of pixels) counts.set(pixel, (counts.get(pixel) ?? 0) + 1);
    return [...counts].sort((a, b) => b[1] - a[1]);
  }, shot.toString('base64'));
  return new Map(counts);
}

for (const scheme of ['light', 'dark'] as const) {
  test(`on paper is the whole result and nothing to click, ${scheme}`, async ({ app, page }) => {
    await page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' });
    await there(app);
    await app.chooseDigits();
    await app.seek(264);
    await expect(page.locator('#limits .offer').first()).toBeVisible();
    const program = await app.text();
    await page.emulateMedia({ media: 'print' });
    const paper = page.locator('#paper');
    await expect(paper).toBeVisible();
    await expect(paper).toContainText('Handwritten digits');
    await expect(paper).toContainText('Classroom 8');
    await expect(paper).toContainText('equals the reference');
    await expect(paper).toContainText('Cycle 264: ');
    expect((await paper.locator('li').allInnerTexts()).map((line) => line.trimEnd()).join('\n')).toBe(
      program.trimEnd(),
    );
    for (const gone of ['#top', '#program', '#play', '#lookup', '#levels', '#pad', '#side summary']) {
      await expect(page.locator(gone).first(), gone).toBeHidden();
    }
    for (const there of ['#canvas-host canvas', '#lanes canvas', '#activity', '.roofline canvas', '.course canvas']) {
      await expect(page.locator(there), there).toBeVisible();
      expect(await isPainted(page, there), there).toBe(true);
    }
    for (const title of ['The answer', 'Where the cycles went', 'What limits it', 'Roofline', 'Over time']) {
      await expect(page.getByRole('heading', { name: title })).toBeVisible();
    }
    await expect(page.locator('#cycles .bar').first()).toBeVisible();
    // Light whatever the screen is, and nothing scrolls: there is no scrolling on paper.
    const ground = await page.evaluate(() => getComputedStyle(document.documentElement).colorScheme);
    expect(ground).toBe('light');
    const scrolling = await page.evaluate(() =>
      [...document.body.querySelectorAll('*')]
        .filter((e) => e.getClientRects().length > 0 && !e.closest('svg, .unseen'))
        .filter((e) => /auto|scroll|hidden/.test(getComputedStyle(e).overflowY) && e.scrollHeight > e.clientHeight + 2)
        .map((e) => e.outerHTML.slice(0, 80)),
    );
    expect(scrolling).toEqual([]);
    const file = (await page.pdf({ format: 'A4', printBackground: true })).toString('latin1');
    const pages = file.match(/\/Type \/Page\b(?!s)/g)!.length;
    expect(pages).toBeGreaterThan(0);
    expect(pages).toBeLessThan(4);
  });
}

test('pictures that were dark have the colours of their legend on paper', async ({ app, page }) => {
  await page.emulateMedia({ colorScheme: 'dark', reducedMotion: 'reduce' });
  await there(app);
  // As the browser's menu does, which the page hears of before anything is light.
  await page.evaluate(() => dispatchEvent(new Event('beforeprint')));
  await page.emulateMedia({ media: 'print', colorScheme: 'dark', reducedMotion: 'reduce' });
  const [colour] = (await coloursOf(page, '#cycles .legend tr:last-of-type .swatch')).keys();
  // The lane of classes has it, too.
  expect((await coloursOf(page, '#lanes canvas')).get(colour!) ?? 0).toBeGreaterThan(20);
});

test('lanes and their cycles stay together on paper, from a phone too', async ({ app, page }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await there(app);
  await app.seek(30);
  const share = () =>
    page.evaluate(() => {
      const [now, lanes] = ['#now', '#lanes'].map((of) => document.querySelector(of)!.getBoundingClientRect());
      return (now!.left - lanes!.left) / lanes!.width;
    });
  const before = await share();
  await page.emulateMedia({ media: 'print' });
  await page.setViewportSize({ width: 720, height: 1000 });
  await expect(page.locator('#paper')).toBeVisible();
  await expect.poll(share).toBeCloseTo(before, 2);
});

test('Print is in the footer and among the commands, and paints in light', async ({ app, page }) => {
  await page.emulateMedia({ colorScheme: 'dark', reducedMotion: 'reduce' });
  await there(app);
  await page.evaluate(() => {
    window.print = () => (document.body.dataset['printed'] = document.documentElement.dataset['theme']);
  });
  await page.locator('#print').click();
  await expect(page.locator('body')).toHaveAttribute('data-printed', 'light');
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
  await page.locator('body').evaluate((body) => delete body.dataset['printed']);
  await page.keyboard.press('Control+Shift+P');
  await expect(page.getByRole('combobox', { name: 'Commands' })).toBeFocused();
  await page.keyboard.type('print');
  await page.keyboard.press('Enter');
  await expect(page.locator('body')).toHaveAttribute('data-printed', 'light');
  // What the reader chose is not touched: nothing.
  expect(await page.evaluate(() => localStorage.getItem('systole.theme'))).toBeNull();
});

// --- Reports ----------------------------------------------------------------------------------------------------

test('a report is shown whole, says what the page knows, and goes nowhere by itself', async ({
  app,
  page,
  context,
}) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await there(app);
  await app.seek(7);
  const text = await app.text();
  const version = /^version = "(.+)"$/m.exec(readFileSync(new URL('../../Cargo.toml', import.meta.url), 'utf8'))![1]!;
  await expect(page.locator('#program footer')).toContainText(`Systole ${version}`);
  await page.getByRole('button', { name: 'Report a problem' }).click();
  const dialog = page.getByRole('dialog', { name: 'Report a problem' });
  await expect(dialog).toContainText('Nothing is sent from here');
  expect(await app.everyViolation()).toEqual([]);
  await dialog.getByLabel('What happened').fill('The array <b>sings</b>.');
  const shown = dialog.getByRole('region', { name: 'The whole report' });
  const whole = await shown.innerText();
  for (const part of [
    'The array <b>sings</b>.',
    `Systole ${version}`,
    'Chrome',
    '1440 x 900',
    'cycle 7 of 60',
    'light',
  ])
    expect(whole).toContain(part);
  expect(whole).toContain(text.trimEnd());
  expect(whole).toContain('clock_mhz = 100');
  await dialog.getByLabel('with the program').uncheck();
  expect(await shown.innerText()).not.toContain('input  a');
  await dialog.getByRole('button', { name: 'Copy' }).click();
  await expect(dialog.getByRole('status')).toHaveText('Copied.');
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(
    await shown.evaluate((pre) => pre.textContent),
  );
  const [saved] = await Promise.all([
    page.waitForEvent('download'),
    dialog.getByRole('button', { name: 'Save as a file' }).click(),
  ]);
  expect(readFileSync(await saved.path(), 'utf8')).toBe(await shown.evaluate((pre) => pre.textContent));
  expect(saved.suggestedFilename()).toBe('systole-report.md');
  await page.keyboard.press('Escape');
  await expect(dialog).toBeHidden();
});

test('a text cannot end the block in which it stands', () => {
  const facts = { version: '1', page: '', browser: '', window: '', theme: '', state: '', verdict: '', problems: [] };
  const report = told('', { ...facts, program: '# ````\n```\n', chip: null });
  expect(report).toContain('\n`````systole\n# ````\n```\n`````');
  expect(told('', { ...facts, problems: ['a\nb'], program: null, chip: null })).toContain('- said: a b');
});

test('new issues are written where the repository is, if that is a web address', () => {
  expect(issuesOf('')).toBeNull();
  expect(issuesOf('javascript:alert(1)')).toBeNull();
  expect(issuesOf('https://example.org/a/b.git')).toBe('https://example.org/a/b/issues/new');
  expect(issuesOf('https://gitlab.com/a/b/')).toBe('https://gitlab.com/a/b/-/issues/new');
});

// --- Beside links -----------------------------------------------------------------------------------------------

test('the picture beside links is there, as large as it is said to be', async ({ app, page, baseURL }) => {
  await app.open();
  const meta = (name: string) => page.locator(`meta[property="og:image${name}"]`).getAttribute('content');
  const address = new URL((await meta(''))!, baseURL);
  const answer = await page.request.get(address.href);
  expect(answer.status()).toBe(200);
  const png = await answer.body();
  expect(png.subarray(1, 4).toString()).toBe('PNG');
  expect([png.readUInt32BE(16), png.readUInt32BE(20)].map(String)).toEqual([
    await meta(':width'),
    await meta(':height'),
  ]);
  expect((await meta(':alt'))!.length).toBeGreaterThan(20);
  await page.goto('docs/start.html');
  const there = await page.locator('meta[property="og:image"]').getAttribute('content');
  expect(new URL(there!, page.url()).href).toBe(address.href);
});

test('nothing moves when what nobody waits for comes', async ({ app, page }) => {
  await app.open();
  await page.evaluate(() => {
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries() as (PerformanceEntry & { value: number })[])
        document.body.dataset['shift'] = String(Number(document.body.dataset['shift'] ?? 0) + entry.value);
    }).observe({ type: 'layout-shift' });
  });
  await page.mouse.move(5, 5);
  await page.mouse.move(6, 6);
  await expect(page.locator('#limits .offer').first()).toBeVisible();
  await expect(page.locator('#paper')).toBeAttached();
  expect(await page.locator('body').getAttribute('data-shift')).toBeNull();
});
