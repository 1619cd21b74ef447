// Two runs in step, and what differs between them.

import { expect, test, type App } from './page';
import type { Locator, Page } from '@playwright/test';

test('the list of commands leads to both', async ({ app, page }) => {
  await app.open();
  const command = async (words: string) => {
    await page.keyboard.press('Control+Shift+P');
    await expect(page.getByRole('combobox', { name: 'Commands' })).toBeFocused();
    await page.keyboard.insertText(words);
    await page.keyboard.press('Enter');
  };
  await command('compare pin');
  await expect(page.locator('#pinned-half')).toContainText('cycle');
  await command('compare pin');
  await expect(page.locator('#pinned-half')).toHaveCount(0);
  await command('dataflows');
  await expect(page.getByRole('region', { name: 'ws, is and os side by side' })).toBeVisible();
});

const cell = (page: Page, row: string, column: number): Locator =>
  page
    .getByRole('region', { name: 'Comparison' })
    .locator('tr', { has: page.getByRole('rowheader', { name: row, exact: true }) })
    .locator('td')
    .nth(column);

async function pin(app: App): Promise<void> {
  await app.page.getByRole('button', { name: 'Compare' }).click();
  await expect(app.page.locator('#pinned-half')).toContainText('cycle');
  await expect(app.page.locator('#comparison')).toContainText('Nothing has changed yet');
}

async function outputsStay(page: Page): Promise<void> {
  await page.getByRole('tab', { name: 'Chip' }).click();
  await page.getByLabel('dataflow', { exact: true }).selectOption('os');
  await expect(page.locator('#counts')).toContainText('63 cycles');
}

test('a run is pinned, the chip is changed, and a table says what changed and by how much', async ({ app, page }) => {
  await app.open();
  await pin(app);
  await outputsStay(page);
  await expect(cell(page, 'cycles', 0)).toHaveText('60');
  await expect(cell(page, 'cycles', 1)).toHaveText('63');
  await expect(cell(page, 'cycles', 2)).toHaveText('1.05×worse');
  await expect(cell(page, 'time', 0)).toHaveText('600 ns');
  await expect(cell(page, 'weight stall', 2)).toHaveText('to 0better');
  await expect(cell(page, 'MACs', 2)).toHaveText('same');
  await expect(cell(page, 'a @ w', 1)).toHaveText('63');
  await expect(page.locator('.field-changes')).toHaveText('dataflow: ws → os');
  expect(await app.everyViolation()).toEqual([]);
});

test('the clock drives both, cycle by cycle or share by share', async ({ app, page }) => {
  await app.open();
  await pin(app);
  await outputsStay(page);
  await app.seek(22);
  await expect(page.locator('#pinned-half')).toContainText('ws · 4 × 4 · cycle 22 of 60');
  await expect(page.locator('#now-half')).toContainText('os · 4 × 4 · cycle 22 of 63');
  // What is told of the pinned picture is of that cycle, too.
  const told = await page.locator('.half-told').innerText();
  await app.seek(63);
  await expect(page.locator('#pinned-half')).toContainText('cycle 60 of 60 (its end)');
  await expect(page.locator('.half-told')).not.toHaveText(told);
  await page.getByText('Same share of the run').click();
  await app.seek(42);
  await expect(page.locator('#pinned-half')).toContainText('cycle 40 of 60');
});

test('both timelines have one scale, whichever run is longer and however near one looks', async ({ app, page }) => {
  await app.open();
  await pin(app);
  const widths = async () => {
    const width = async (of: string) => (await page.locator(of).boundingBox())!.width - 100;
    return [await width('#lanes'), await width('.pinned-lanes')] as const;
  };
  await outputsStay(page);
  await expect.poll(async () => (await widths()).reduce((a, b) => a / b)).toBeCloseTo(63 / 60, 2);
  // A faster one is the shorter one.
  await page.getByLabel('DRAM latency').fill('0');
  await expect(page.locator('#counts')).not.toContainText('63 cycles');
  const cycles = Number(/^\d+/.exec(await page.locator('#counts').innerText())![0]);
  expect(cycles).toBeLessThan(60);
  await expect.poll(async () => (await widths()).reduce((a, b) => a / b)).toBeCloseTo(cycles / 60, 2);
  // The same cycle is at the same place.
  await app.seek(10);
  await page.getByRole('button', { name: 'Show fewer cycles' }).click();
  const at = async (of: string) => (await page.locator(of).boundingBox())!.x;
  await expect.poll(async () => Math.abs((await at('#now')) - (await at('.pinned-now')))).toBeLessThan(2);
});

test('changed lines of the program are listed, and nothing stays when it is unpinned', async ({ app, page }) => {
  await app.open();
  const before = await page.locator('#canvas-host').boundingBox();
  await pin(app);
  await app.type('input  a : i8[8, 4]\nweight w : i8[4, 4]\n\noutput a @ w\n');
  await expect(page.locator('.diff ins')).toContainText(['+   1  input  a : i8[8, 4]']);
  await expect(page.locator('.diff del').nth(1)).toContainText('input  a : i8[4, 4]');
  await expect(cell(page, 'MACs', 2)).toHaveText('2.00×');
  const workers = page.workers().length;
  await page.getByRole('button', { name: 'Unpin' }).click();
  await expect(page.locator('#pinned-half')).toHaveCount(0);
  await expect(page.locator('#comparison')).toBeHidden();
  await expect(page.getByRole('button', { name: 'Compare' })).toBeFocused();
  await expect.poll(() => page.workers().length).toBeLessThan(workers);
  expect(await page.locator('#canvas-host').boundingBox()).toEqual(before);
});

test('dataflows side by side in one click, and one of them is pinned', async ({ app, page }) => {
  await app.open();
  await page.getByRole('button', { name: 'Dataflows' }).click();
  const flows = page.getByRole('region', { name: 'ws, is and os side by side' });
  await expect(flows.getByRole('button', { name: 'Pin the run with os' })).toBeVisible();
  const cycles = await flows.locator('tbody tr').first().locator('td').allInnerTexts();
  expect(cycles.map((text) => parseInt(text, 10))).toEqual([60, expect.any(Number), 63]);
  await expect(flows.locator('thead')).toContainText('weights stay, now');
  expect(await app.everyViolation()).toEqual([]);
  await flows.getByRole('button', { name: 'Pin the run with os' }).click();
  await expect(page.locator('#pinned-half')).toContainText('os · 4 × 4 · cycle');
  await expect(cell(page, 'cycles', 2)).toHaveText('0.95×better');
  // Of another program it says nothing.
  await app.type('input a : i8[2, 4]\nweight w : i8[4, 4]\noutput a @ w\n');
  await expect(flows).toBeHidden();
});

test('what is pinned keeps its files and stays when the run on show is broken', async ({ app, page }) => {
  await app.open();
  await app.chooseDigits();
  await pin(app);
  await app.type('output nothing\n');
  await expect(page.locator('#problems')).toContainText('nothing is called');
  await app.seek(500);
  await expect(page.locator('#pinned-half')).toContainText('ws · 8 × 8 · cycle 500 of 862');
});

for (const [width, height] of [
  [390, 844],
  [1440, 900],
  [2560, 1440],
] as const) {
  test(`at ${width} pixels both pictures are seen whole, and nothing is wider than the page`, async ({ app, page }) => {
    await page.setViewportSize({ width, height });
    await app.open();
    await pin(app);
    await outputsStay(page);
    // At one moment: tables that come scroll what is below them.
    const [pinned, now] = await page.evaluate(() =>
      ['.half-canvas', '#canvas-host'].map((of) => document.querySelector(of)!.getBoundingClientRect()),
    );
    expect(Math.abs(pinned!.width - now!.width)).toBeLessThan(2);
    expect(Math.min(pinned!.height, now!.height)).toBeGreaterThan(200);
    if (width === 390) expect(now!.y).toBeGreaterThanOrEqual(pinned!.y + pinned!.height);
    else expect(now!.x).toBeGreaterThanOrEqual(pinned!.x + pinned!.width - 1);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
  });
}

/** The picture's marks: how near it looks, as the page has it. */
const level = (page: Page) => page.locator('#canvas-host').getAttribute('data-level');

/** A picture's pixels, reduced to a number. */
async function looks(page: Page, of: string): Promise<string> {
  return (await page.locator(of).screenshot()).toString('base64');
}

test('looking nearer in one picture is looking nearer in the other, from either side', async ({ app, page }) => {
  await app.open();
  await pin(app);
  await app.seek(20);
  // Pictures alone are compared.
  await page.addStyleTag({ content: '#canvas-host { box-shadow: none !important; outline: none !important }' });
  for (const of of ['#canvas-host', '.half-canvas']) {
    const before = { live: await looks(page, '#canvas-host'), pinned: await looks(page, '.half-canvas') };
    await page.locator(of).hover();
    for (let notch = 0; notch < 3; notch++) await page.mouse.wheel(0, -120);
    await expect.poll(() => looks(page, '#canvas-host')).not.toBe(before.live);
    await expect.poll(() => looks(page, '.half-canvas')).not.toBe(before.pinned);
    // Two runs of one program on one chip: what is to be seen is the same in both.
    await expect
      .poll(async () => (await looks(page, '#canvas-host')) === (await looks(page, '.half-canvas')))
      .toBe(true);
    // Dragged, both move.
    const there = await looks(page, '#canvas-host');
    const { x, y, width, height } = (await page.locator(of).boundingBox())!;
    await page.mouse.move(x + width / 2, y + height / 2);
    await page.mouse.down();
    await page.mouse.move(x + width / 2 + 60, y + height / 2 + 20, { steps: 4 });
    await page.mouse.up();
    await expect.poll(() => looks(page, '#canvas-host')).not.toBe(there);
    await page.mouse.move(5, 5);
    await expect
      .poll(async () => (await looks(page, '#canvas-host')) === (await looks(page, '.half-canvas')))
      .toBe(true);
  }
  expect(await level(page)).not.toBe('chip');
  // And by keys, back to the whole.
  await page.keyboard.press('F');
  await expect.poll(() => level(page)).toBe('chip');
  await expect.poll(async () => (await looks(page, '#canvas-host')) === (await looks(page, '.half-canvas'))).toBe(true);
});

test('the pinned lanes zoom and move both timelines, and a click goes to a cycle', async ({ app, page }) => {
  await app.open();
  await pin(app);
  const shown = page.getByRole('scrollbar', { name: 'Cycles that the timeline shows' });
  await expect(shown).toHaveAttribute('aria-valuetext', 'cycles 0 to 59');
  const lanes = (await page.locator('.pinned-host').boundingBox())!;
  const x = lanes.x + 100 + (lanes.width - 100) / 2;
  await page.mouse.move(x, lanes.y + 20);
  await page.keyboard.down('Control');
  for (let notch = 0; notch < 5; notch++) await page.mouse.wheel(0, -120);
  await page.keyboard.up('Control');
  await expect(shown).not.toHaveAttribute('aria-valuetext', 'cycles 0 to 59');
  const range = async () =>
    /^cycles (\d+) to (\d+)$/
      .exec((await shown.getAttribute('aria-valuetext'))!)!
      .slice(1)
      .map(Number);
  const [from, to] = await range();
  expect(to! - from!).toBeLessThan(30);
  expect(from!).toBeGreaterThan(0);
  await page.mouse.down();
  await page.mouse.move(x + 150, lanes.y + 20, { steps: 5 });
  await page.mouse.up();
  await expect.poll(async () => (await range())[0]).toBeLessThan(from!);
  const [first, last] = await range();
  await page.mouse.click(lanes.x + 100 + (lanes.width - 100) * 0.5, lanes.y + 20);
  await app.shows(Math.floor(first! + (last! + 1 - first!) * 0.5));
});
