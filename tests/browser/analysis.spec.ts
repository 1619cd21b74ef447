// What limits a run, what would help, the roofline and numbers over time: as a visitor sees and uses them.

import { type App, expect, test } from './page';

/** Waits until every change has been tried. */
async function advised(app: App): Promise<void> {
  // Nothing is tried for nobody.
  await app.page.mouse.move(5, 5);
  await app.page.mouse.move(6, 6);
  await expect(app.page.locator('#limits .tried')).toContainText(/changes simulated/);
  await expect(app.page.locator('#limits')).not.toHaveAttribute('aria-busy', 'true');
}

const cyclesOf = (text: string) => Number(/([\d,]+) cycles/.exec(text)![1]!.replace(/,/g, ''));

test('what limits it is said, and a change gains what was said, and is undone', async ({ app, page }) => {
  await app.open();
  await app.chooseDigits();
  await advised(app);
  const words = page.locator('#limits .limit');
  await expect(words).toContainText('of the cycles the array waits for DRAM: h moves');
  const before = await app.text();

  const offers = page.locator('#limits .offer');
  const bandwidth = offers.filter({ hasText: 'GB/s' });
  const said = (await bandwidth.locator('small').innerText()).split('→')[1]!;
  await bandwidth.click();
  await expect(page.locator('#counts')).toContainText(/^\d+ cycles/);
  await expect.poll(async () => cyclesOf(await page.locator('#counts').innerText())).toBe(cyclesOf(said));
  await expect(page.locator('#chip-changes')).toHaveText('1 change');
  // With more bandwidth it is something else that limits it.
  await expect(words).toContainText('do useful work');

  const undo = page.locator('#limits .undo');
  await expect(undo).toBeFocused();
  await undo.click();
  await expect(page.locator('#counts')).toContainText('862 cycles');
  await expect(page.locator('#chip-changes')).toBeEmpty();
  await expect(undo).toBeHidden();
  expect(await app.text()).toBe(before);
});

test('a larger batch changes the text, and undo brings every letter back', async ({ app, page }) => {
  await app.open();
  await app.chooseDigits();
  await advised(app);
  const before = await app.text();
  const offer = page.locator('#limits .offer').filter({ hasText: 'batch 8' });
  await expect(offer).toContainText('faster a result');
  const said = cyclesOf((await offer.locator('small').innerText()).split('→')[1]!);
  await offer.click();
  await expect.poll(async () => cyclesOf(await page.locator('#counts').innerText())).toBe(said);
  const text = await app.text();
  expect(text).toMatch(/x {2}: i8\[(16|32|64), 64\]\n/);
  await expect(page.locator('#verdict')).toContainText('equals the reference');
  await page.locator('#limits .undo').click();
  await expect(page.locator('#counts')).toContainText('862 cycles');
  expect(await app.text()).toBe(before);
});

test('advice changes with program and chip', async ({ app, page }) => {
  await app.open();
  const words = page.locator('#limits .limit');
  const all = page.locator('#limits');
  const product = (m: number, n: number) => `input x : i8[${m}, 64]\nweight w : i8[64, ${n}]\ny = x @ w\noutput y\n`;
  await app.type(product(2, 64));
  await expect(words).toContainText('each 4 × 4 tile of y takes 4 cycles, and it is then used for only 2 rows');
  await page.locator('#cols').fill('8');
  // Twice the bytes a tile, on the same bus.
  await expect(words).toContainText('the array waits for DRAM: y moves');
  await app.type(product(1024, 9));
  await expect(all).toContainText('N = 9 fills 9 of 16 columns of PEs');
  await page.locator('#cols').fill('4');
  await expect(all).toContainText('N = 9 fills 9 of 12 columns of PEs');
});

test('what was typed meanwhile is never replaced', async ({ app, page }) => {
  await app.open();
  await app.chooseDigits();
  await advised(app);
  await app.editor();
  await page.locator('.cm-content').click();
  await page.keyboard.press('Control+Home');
  await page.keyboard.insertText('# mine\n');
  // At once: what is on show is of the text before.
  await page.evaluate(() => document.querySelector<HTMLElement>('#limits .offer')!.click());
  await advised(app);
  expect(await app.text()).toContain('# mine\n# eight digits');
  await expect(page.locator('#chip-changes')).toBeEmpty();
  await expect(page.locator('#limits .undo')).toBeHidden();
});

test('the roofline has every operator, and one is picked by table and picture alike', async ({ app, page }) => {
  await app.open();
  await app.chooseDigits();
  const section = page.locator('#roofline');
  await section.getByText('As a table').click();
  const rows = section.locator('tr[data-op]');
  await expect(rows).toHaveCount(2);
  // 8 x 64 x 32 MACs; x, w1 and b1 come in, h stays.
  await expect(rows.first()).toContainText(String(+(16384 / (8 * 64 + 64 * 32 + 4 * 32)).toPrecision(3)));
  await rows.nth(1).getByRole('button').click();
  await expect(rows.nth(1)).toHaveClass(/picked/);
  await expect(section.locator('.told')).toContainText('y, line 9');

  const box = (await section.locator('.roofline').boundingBox())!;
  const told = section.locator('.told');
  let found = false;
  for (let y = 20; y < box.height - 40 && !found; y += 12) {
    for (let x = 50; x < box.width && !found; x += 12) {
      await section.locator('.roofline').hover({ position: { x, y } });
      found = (await told.innerText()).startsWith('h, line 8');
      if (found) await section.locator('.roofline').click({ position: { x, y } });
    }
  }
  expect(found).toBe(true);
  await expect(rows.first()).toHaveClass(/picked/);
});

test('numbers over time follow the clock, and a click seeks', async ({ app, page }) => {
  await app.open();
  await app.chooseDigits();
  const values = page.locator('#course .course p .mono');
  await expect(values).toHaveCount(4);
  await app.seek(0);
  await expect(values.first()).toHaveText('0 %');
  await expect(values.nth(3)).toContainText('0 of 4.1K rows');
  // Memories have the size that the chip says, in the picture and in words.
  await expect(values.nth(2)).toHaveText(/^\d+(\.\d+)? (Ki)?B of 128 MiB$/);
  await app.seek(790);
  await expect(values.first()).not.toHaveText('0 %');
  await expect(values.nth(3)).not.toContainText('0 of');
  const box = (await page.locator('.course').boundingBox())!;
  await page.locator('.course').click({ position: { x: box.width / 2, y: 40 } });
  await expect(page.locator('html')).toHaveAttribute('data-shown', /^4(29|30|31|32)$/);
});

test('nothing jumps as analyses come', async ({ app, page }) => {
  await app.open();
  const tops = () =>
    page.locator('#side > section').evaluateAll((all) => all.map((it) => (it as HTMLElement).offsetTop));
  await expect(page.locator('#course .course')).toBeVisible();
  const before = await tops();
  await advised(app);
  expect(await tops()).toEqual(before);
});

test('numbers over time show the cycles that the timeline shows, and a click there goes to a cycle', async ({
  app,
  page,
}) => {
  await app.open();
  await app.chooseDigits();
  const charts = page.getByRole('slider', { name: 'over charts' });
  const axis = page.locator('.course .ticks span');
  await expect(axis.first()).toHaveText('0');
  await expect(axis.last()).toHaveText('800');
  await charts.focus();
  await app.seek(400);
  await charts.focus();
  for (let press = 0; press < 4; press++) await page.keyboard.press('+');
  const [, from, to] = /^([\d,]+)–([\d,]+)$/.exec(await shownCycles(app, (text) => text !== ''))!.map(Number);
  expect(to! - from!).toBeLessThan(60);
  await expect.poll(async () => Number(await axis.first().innerText())).toBeGreaterThanOrEqual(from!);
  expect(Number(await axis.last().innerText())).toBeLessThanOrEqual(to! + 1);
  // The cycle that is shown stands where it is.
  const box = (await charts.boundingBox())!;
  const cursor = async () => (await page.locator('.course-now').boundingBox())!.x;
  const expected = (cycle: number) => box.x + (box.width * (cycle - from!)) / (to! + 1 - from!);
  expect(Math.abs((await cursor()) - expected(400))).toBeLessThan(2);
  await page.mouse.click(box.x + box.width * 0.25, box.y + 40);
  const wanted = from! + 0.25 * (to! + 1 - from!);
  await expect
    .poll(async () => Math.abs(Number(await charts.getAttribute('aria-valuenow')) - wanted))
    .toBeLessThan(1.1);
  expect(await charts.getAttribute('aria-valuetext')).toMatch(/useful work that enters, of the peak \d+ %/);
  // Elsewhere it is not to be seen.
  await app.seek(0);
  await expect(page.locator('.course-now')).toBeHidden();
  expect(await app.everyViolation()).toEqual([]);
  await charts.focus();
  await page.keyboard.press('f');
  await expect(axis.last()).toHaveText('800');
  await expect(page.locator('.course-now')).toBeVisible();
});

/** What is said of the cycles that the timeline shows. */
async function shownCycles(app: App, is: (text: string) => boolean): Promise<string> {
  const output = app.page.locator('#lookup output');
  await expect.poll(async () => is(await output.innerText())).toBe(true);
  await app.page.waitForTimeout(300);
  return output.innerText();
}
