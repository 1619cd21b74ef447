// The timeline: any part of the run at any scale, what is pointed at in it, cycles that are selected, bookmarks, search.

import type { Page } from '@playwright/test';
import { type App, expect, test } from './page.ts';

const GUTTER = 100;

/** Which cycles the lanes show: of a small run the numbers above them say so, too. */
async function shown(page: Page): Promise<[number, number]> {
  const thumb = page.getByRole('scrollbar', { name: 'Cycles that the timeline shows' });
  const [, from, to] = /^cycles ([\d,]+) to ([\d,]+)$/.exec((await thumb.getAttribute('aria-valuetext'))!)!;
  return [from!, to!].map((text) => Number(text.replaceAll(',', ''))) as [number, number];
}

/** Where a cycle of those shown begins, and the middle of a lane. */
async function place(page: Page, cycle: number, lane: string): Promise<{ x: number; y: number }> {
  const [from, to] = await shown(page);
  const box = (await page.locator('#lanes').boundingBox())!;
  const y = TOPS[lane]!;
  return { x: box.x + GUTTER + ((box.width - GUTTER) * (cycle - from)) / (to + 1 - from), y: box.y + y };
}

/** Of the first example: each lane's middle. */
const TOPS: Record<string, number> = {
  operators: 10,
  classes: 33,
  'DMA in': 57,
  'weight fetch': 74,
  'weight load': 91,
  matrix: 108,
  vector: 125,
};

async function point(page: Page, cycle: number, lane: string): Promise<void> {
  const { x, y } = await place(page, cycle, lane);
  await page.mouse.move(x, y);
}

const tip = (page: Page) => page.locator('#timeline-tip');

test('a wheel zooms to single cycles and back, and the cycle under it stays', async ({ app, page }) => {
  await app.open();
  expect(await shown(page)).toEqual([0, 59]);
  await point(page, 20.5, 'matrix');
  for (let notch = 0; notch < 40; notch++) await page.mouse.wheel(0, -120);
  await expect.poll(async () => (await shown(page))[1] - (await shown(page))[0] + 1).toBe(4);
  const [from, to] = await shown(page);
  expect(from).toBeLessThanOrEqual(20);
  expect(to).toBeGreaterThanOrEqual(20);
  // Each cycle has a number of its own.
  await expect(page.locator('#ruler > div span.mono')).toHaveText(
    [from, from + 1, from + 2, from + 3, to + 1].map(String),
  );
  await expect(page.locator('#lookup output')).toHaveText(`${from}–${to}`);
  await page.getByRole('button', { name: 'Fit the whole run' }).click();
  await expect.poll(() => shown(page)).toEqual([0, 59]);
});

test('a cycle that is clicked is shown, at any scale, and the operator there is picked', async ({ app, page }) => {
  await app.open();
  const bar = await place(page, 20.5, 'matrix');
  await page.mouse.dblclick(bar.x, bar.y);
  // The pass has four rows, cycles 18 to 21, and some room beside it.
  await expect.poll(() => shown(page)).toEqual([17, 22]);
  const { x, y } = await place(page, 19.5, 'matrix');
  await page.mouse.click(x, y);
  await app.shows(19);
  await expect(page.locator('.marked-line')).not.toHaveCount(0);
  const now = (await page.locator('#now').boundingBox())!;
  expect(Math.abs(now.x - (await place(page, 19, 'matrix')).x)).toBeLessThan(2);
});

test('what is pointed at is told: unit, operator, line, cycles, and what it waited for', async ({ app, page }) => {
  await app.open();
  await point(page, 20, 'matrix');
  await expect(tip(page)).toContainText('matrix: a @ w line 5');
  await expect(tip(page)).toContainText('18 to 21');
  await expect(tip(page)).toContainText('4 rows by a tile of 4 × 4');
  await expect(tip(page)).toContainText('14 weight stall');
  await point(page, 20.5, 'classes');
  await expect(tip(page)).toContainText('cycles of matrix 0');
  await expect(tip(page)).toContainText('active1, 100.0 %');
  await point(page, 40, 'matrix');
  await expect(tip(page)).toBeHidden();
  await point(page, 2, 'weight fetch');
  await expect(tip(page)).toContainText('fetches 4 × 4 of w');
  await page.mouse.move(5, 5);
  await expect(tip(page)).toBeHidden();
});

test('by keyboard: from bar to bar and lane to lane, spoken; in, out and along', async ({ app, page }) => {
  await app.open();
  const timeline = page.locator('#timeline');
  const spoken = page.locator('#timeline + .unseen');
  await timeline.focus();
  await page.keyboard.press('ArrowDown');
  await expect(spoken).toContainText('operators: a @ w, line 5. cycles 18 to 21');
  for (const lane of ['DMA in', 'weight fetch', 'weight load', 'matrix']) {
    await page.keyboard.press('ArrowDown');
    await expect(spoken).toContainText(`${lane}: ${lane}: a @ w`);
  }
  await expect(tip(page)).toContainText('1 of 1');
  await page.keyboard.press('Enter');
  await app.shows(18);
  await page.keyboard.press('z');
  await expect.poll(() => shown(page)).toEqual([17, 22]);
  await page.keyboard.press('f');
  await expect.poll(() => shown(page)).toEqual([0, 59]);
  await page.keyboard.press('+');
  await expect.poll(async () => (await shown(page))[1] - (await shown(page))[0] + 1).toBe(30);
  // Around the bar that is at hand; on by four fifths, or to the end.
  expect(await shown(page)).toEqual([10, 39]);
  await page.keyboard.press('PageUp');
  await expect.poll(() => shown(page)).toEqual([0, 29]);
  await page.keyboard.press('PageDown');
  await expect.poll(() => shown(page)).toEqual([24, 53]);
  await page.keyboard.press('0');
  // What the bar has is selected, and let go of again.
  await page.keyboard.press('r');
  await expect(page.getByLabel('First selected cycle')).toHaveValue('18');
  await expect(page.getByLabel('Last selected cycle')).toHaveValue('21');
  await page.keyboard.press('Escape');
  await expect(page.locator('#range')).toBeHidden();
  // The page's own keys are still there.
  await page.keyboard.press(' ');
  await expect(page.locator('#stage')).toHaveAttribute('data-playing', 'true');
});

test('cycles that are selected are counted exactly, and parts add up to the whole', async ({ app, page }) => {
  await app.open();
  const counted = page.getByRole('table', { name: 'Selected cycles by class' });
  const classes = async () => {
    const rows = await counted.getByRole('row').allInnerTexts();
    return Object.fromEntries(
      rows.map((row) => {
        const [name, cycles] = row.split('\t');
        return [name!.trim(), Number(cycles)];
      }),
    );
  };
  // By dragging with Shift, from cycle 10 to before cycle 20.
  const from = await place(page, 10, 'vector');
  const to = await place(page, 20, 'vector');
  await page.keyboard.down('Shift');
  await page.mouse.move(from.x, from.y);
  await page.mouse.down();
  await page.mouse.move(to.x, to.y, { steps: 4 });
  await page.mouse.up();
  await page.keyboard.up('Shift');
  await expect(page.getByLabel('Last selected cycle')).toHaveValue('19');
  // Weights come until cycle 14, shift in until 18, then rows enter.
  await expect.poll(classes).toEqual({ 'weight stall': 4, 'weight shift': 4, active: 2 });
  await expect(page.getByRole('table', { name: 'Selected cycles, counted' })).toContainText('20.0 %');
  expect(await app.everyViolation()).toEqual([]);
  // By numbers: the whole run is what the report says of it.
  await page.getByLabel('First selected cycle').fill('0');
  await page.getByLabel('First selected cycle').press('Enter');
  await page.getByLabel('Last selected cycle').fill('59');
  await page.getByLabel('Last selected cycle').press('Enter');
  await expect(page.locator('.range')).toHaveAttribute('data-cycles', '60 cycles');
  const whole = await page.locator('#cycles .legend').first().getByRole('row').allInnerTexts();
  await expect.poll(async () => Object.values(await classes()).reduce((sum, cycles) => sum + cycles, 0)).toBe(60);
  for (const [name, cycles] of Object.entries(await classes()))
    expect(whole.some((row) => row.startsWith(name) && row.includes(`\t${cycles}\t`))).toBe(true);
  await page.getByRole('button', { name: 'Clear' }).click();
  await expect(page.locator('#range')).toBeHidden();
});

test('a finger selects where it is asked to, moves what is zoomed, and two fingers zoom', async ({ app, page }) => {
  await app.open();
  await page.getByRole('button', { name: 'Select cycles' }).click();
  const touch = (kind: string, id: number, x: number, y: number) =>
    page.locator('#lanes').dispatchEvent(kind, {
      pointerId: id,
      pointerType: 'touch',
      isPrimary: id === 11,
      button: 0,
      clientX: x,
      clientY: y,
    });
  // Pointers that are made up cannot be captured.
  await page.evaluate(() => (Element.prototype.setPointerCapture = () => {}));
  const a = await place(page, 18, 'vector');
  const b = await place(page, 22, 'vector');
  await touch('pointerdown', 11, a.x, a.y);
  await touch('pointermove', 11, b.x, b.y);
  await touch('pointerup', 11, b.x, b.y);
  await expect(page.getByLabel('First selected cycle')).toHaveValue('18');
  await expect(page.getByLabel('Last selected cycle')).toHaveValue('21');
  await expect(page.getByRole('button', { name: 'Select cycles' })).toHaveAttribute('aria-pressed', 'false');
  await touch('pointerdown', 11, a.x, a.y);
  await touch('pointerdown', 12, b.x, b.y);
  await touch('pointermove', 11, a.x - (b.x - a.x), a.y);
  await touch('pointermove', 12, b.x + (b.x - a.x), b.y);
  await touch('pointerup', 11, a.x, a.y);
  await touch('pointerup', 12, b.x, b.y);
  // Thrice as far apart: a third of the cycles, around cycle 20.
  await expect.poll(() => shown(page)).toEqual([13, 32]);
  const c = await place(page, 20, 'vector');
  await touch('pointerdown', 11, c.x, c.y);
  await touch('pointermove', 11, c.x + (await place(page, 25, 'vector')).x - c.x, c.y);
  await touch('pointerup', 11, c.x, c.y);
  await expect.poll(() => shown(page)).toEqual([8, 27]);
});

test('bookmarks are flags and a list, and are there after a reload', async ({ app, page }) => {
  await app.open();
  await app.seek(22);
  await page.locator('#timeline').focus();
  await page.keyboard.press('b');
  await app.seek(40);
  await page.getByRole('button', { name: 'Set a bookmark at the cycle shown' }).click();
  const opener = page.getByRole('button', { name: 'Bookmarks: 2' });
  await opener.click();
  const names = page.getByLabel('Name of the bookmark');
  await expect(names).toHaveCount(2);
  await names.nth(1).fill('the end of it');
  await names.nth(1).press('Enter');
  await page.reload();
  await app.ready();
  await expect(opener).toBeVisible();
  await expect(page.locator('.flags button')).toHaveCount(2);
  await page.getByRole('button', { name: 'the end of it, cycle 40' }).click();
  await app.shows(40);
  await opener.click();
  expect(await app.everyViolation()).toEqual([]);
  await page.getByRole('button', { name: 'cycle 22', exact: true }).click();
  await app.shows(22);
  await page.getByRole('button', { name: 'Remove the bookmark the end of it' }).click();
  await expect(page.locator('.flags button')).toHaveCount(1);
});

test('bookmarks that somebody else has written do no harm', async ({ app, page }) => {
  await app.open();
  await page.evaluate(() => {
    const draft = JSON.parse(sessionStorage.getItem('systole.draft')!) as Record<string, unknown>;
    const hostile = [null, 7, { cycle: -1, name: 'x' }, { cycle: 1.5, name: 'x' }, { cycle: 5, name: 9 }];
    const many = Array.from({ length: 500 }, (_, cycle) => ({
      cycle,
      name: '<img src=x onerror=alert(1)>'.repeat(99),
    }));
    sessionStorage.setItem('systole.draft', JSON.stringify({ ...draft, marks: [...hostile, ...many] }));
  });
  await page.reload();
  await app.ready();
  await expect(page.getByRole('button', { name: /^Bookmarks: 27$/ })).toBeVisible();
  const label = await page.locator('.flags button').first().getAttribute('aria-label');
  expect(label!.length).toBeLessThan(310);
});

test('an operator is found by a part of its name, shown, sought and picked', async ({ app, page }) => {
  await app.open();
  await app.chooseDigits();
  const field = page.getByRole('combobox', { name: 'Find an operator' });
  await field.fill('no such thing');
  await expect(page.locator('.search')).toContainText('0 matches');
  const names = await page.locator('#cycles h3 + .legend th').allInnerTexts();
  expect(names.length).toBeGreaterThan(1);
  await field.fill(names[1]!.trim());
  await expect(page.locator('#found').getByRole('option').first()).toContainText(names[1]!.trim());
  expect(await app.violations()).toEqual([]);
  await field.press('Enter');
  const [from, to] = await shown(page);
  await expect.poll(async () => (await shown(page))[0]).toBeGreaterThan(0);
  expect(to).toBeGreaterThan(from);
  await expect(page.locator('.marked-line')).not.toHaveCount(0);
  // What it seeks is the start of what is shown, but for the room beside it.
  const cycle = Number(await page.locator('#stage').getAttribute('data-cycle'));
  const [first, last] = await shown(page);
  expect(cycle).toBeGreaterThan(first);
  expect(cycle).toBeLessThan(last);
});

test('the part that is shown is drawn along under the scrubber', async ({ app, page }) => {
  await app.open();
  await page.locator('#timeline').focus();
  await page.keyboard.press('+');
  await page.keyboard.press('+');
  await expect.poll(async () => (await shown(page))[1] - (await shown(page))[0] + 1).toBe(15);
  const thumb = page.getByRole('scrollbar', { name: 'Cycles that the timeline shows' });
  const box = (await thumb.boundingBox())!;
  const all = (await page.locator('#overview').boundingBox())!;
  const [before] = await shown(page);
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width / 2 + all.width / 6, box.y + box.height / 2, { steps: 3 });
  await page.mouse.up();
  await expect.poll(async () => (await shown(page))[0]).toBe(before + 10);
  // Its right end zooms.
  const moved = (await thumb.boundingBox())!;
  await page.mouse.move(moved.x + moved.width - 3, moved.y + 5);
  await page.mouse.down();
  await page.mouse.move(moved.x + moved.width - 3 + all.width / 12, moved.y + 5, { steps: 3 });
  await page.mouse.up();
  await expect.poll(async () => (await shown(page))[1] - (await shown(page))[0] + 1).toBe(20);
  await thumb.focus();
  await page.keyboard.press('Home');
  await expect.poll(async () => (await shown(page))[0]).toBe(0);
});

for (const [how, into] of [
  ['keys', (page: Page) => page.keyboard.press('+')],
  ['the button', (page: Page) => page.getByRole('button', { name: 'Show fewer cycles' }).click()],
] as const)
  test(`a cycle that is sought is zoomed into by ${how} before any picture has followed`, async ({ app, page }) => {
    await holdable(page);
    await app.open();
    await hold(page, ['call']);
    await app.chooseDigits();
    // Now the lanes show the 60 cycles of the run before, and the picture the cycle at which this one opens.
    await hold(page, ['call', 'seek']);
    await page.locator('#cycle').fill('700');
    await page.locator('#timeline').focus();
    for (let half = 0; half < 8; half++) await into(page);
    await expect(page.locator('html')).not.toHaveAttribute('data-shown', '700');
    await release(page);
    await app.shows(700);
    await expect.poll(async () => (await shown(page))[1] - (await shown(page))[0] + 1).toBe(4);
    const [from, to] = await shown(page);
    expect(from).toBeLessThanOrEqual(700);
    expect(to).toBeGreaterThanOrEqual(700);
    await expect(page.locator('#now')).toBeVisible();
  });

test('of a new run the scale is its own at once, however long the picture takes', async ({ app, page }) => {
  await holdable(page);
  await app.open();
  await hold(page, ['call']);
  await app.chooseDigits();
  expect(await shown(page)).toEqual([0, 861]);
  await point(page, 700.5, 'matrix');
  for (let notch = 0; notch < 40; notch++) await page.mouse.wheel(0, -120);
  await release(page);
  await expect.poll(async () => (await shown(page))[1] - (await shown(page))[0] + 1).toBe(4);
  const [from, to] = await shown(page);
  expect(from).toBeLessThanOrEqual(700);
  expect(to).toBeGreaterThanOrEqual(700);
});

interface Held {
  kinds: string[];
  letters: (() => void)[];
}

/** Lets messages to workers be held back, as one that is busy would leave them. */
async function holdable(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const held: Held = { kinds: [], letters: [] };
    Object.assign(window, { held });
    const post = Worker.prototype.postMessage;
    Worker.prototype.postMessage = function (this: Worker, ...letter: [never, never]) {
      const send = () => post.apply(this, letter);
      if (held.kinds.includes((letter[0] as { kind: string }).kind)) held.letters.push(send);
      else send();
    };
  });
}

/** From now on, of some kinds. */
async function hold(page: Page, kinds: string[]): Promise<void> {
  await page.evaluate((kinds) => ((window as unknown as { held: Held }).held.kinds = kinds), kinds);
}

async function release(page: Page): Promise<void> {
  await page.evaluate(() => {
    const { held } = window as unknown as { held: Held };
    held.kinds = [];
    for (const send of held.letters.splice(0)) send();
  });
}

test('a run of half a thousand million cycles can be gone through to a single one', async ({ app, page }) => {
  test.slow();
  await open(app, page);
  await page.locator('#timeline').focus();
  // The middle of the run, in halves: about 27 of them.
  await page.locator('#cycle').fill('274000000');
  await page.locator('#timeline').focus();
  for (let half = 0; half < 30; half++) await page.keyboard.press('+');
  await expect.poll(async () => (await shown(page))[1] - (await shown(page))[0] + 1).toBe(4);
  const numbers = await page.locator('#ruler > div span.mono').allInnerTexts();
  expect(numbers).toContain('274,000,000');
  await expect(page.locator('#counts')).toContainText('cycles');
  const boxes = await page
    .locator('#ruler > div span.mono')
    .evaluateAll((all) => all.map((one) => one.getBoundingClientRect().toJSON() as DOMRect));
  for (const [at, box] of boxes.slice(1).entries()) expect(box.left).toBeGreaterThan(boxes[at]!.right);
});

/** Llama 3 70B, a prompt, on TPU v7x. */
async function open(app: App, page: Page): Promise<void> {
  await app.open();
  await page.getByLabel('example').selectOption('library/llama3-70b-prefill');
  await expect(page.locator('#editor')).toContainText('Llama 3 70B');
  await expect(page.locator('#counts')).toContainText('549,279,318 cycles', { timeout: 60_000 });
}

test('a program in the common memory is said to be there', async ({ app, page }) => {
  await app.open();
  await page.getByLabel('chip', { exact: true }).selectOption('tpu-v4');
  await expect(page.locator('#counts')).toContainText('all in the common memory, nothing in DRAM');
  await app.seek(0);
  await expect(page.locator('#caption')).toContainText('from the common memory');
});
