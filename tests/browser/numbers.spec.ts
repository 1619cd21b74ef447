// Numbers in decimal, in hexadecimal and as indices: in the picture, the table of cells, the words and the equation.

import { expect, type App, test } from './page.ts';

const choice = (app: App) => app.page.getByLabel('Numbers', { exact: true });
const selected = (app: App) => app.page.locator('#cells td[aria-selected=true]');

/** What the selected cell's registers hold, as the table has them. */
async function held(app: App): Promise<Record<string, string>> {
  return selected(app).evaluate((td: HTMLElement) => ({ ...td.dataset }) as Record<string, string>);
}

/** A whole number as bytes in two's complement. */
function bits(text: string, bytes: number): string {
  const digits = (Number(text) >>> 0).toString(16).padStart(8, '0');
  return digits.slice(8 - 2 * bytes);
}

/** Changes with every picture. */
function picture(app: App): Promise<Buffer> {
  return app.page.locator('#canvas-host canvas').screenshot();
}

test('table, words and equation show the same numbers as bits', async ({ app, page }) => {
  await app.open();
  await app.seek(20);
  const decimal = await held(app);
  const before = await picture(app);
  await choice(app).selectOption('hexadecimal');
  await expect(selected(app)).toHaveAttribute('data-act', bits(decimal['act']!, 1));
  const hexadecimal = await held(app);
  expect(hexadecimal['weight']).toBe(bits(decimal['weight']!, 1));
  expect(hexadecimal['psum']).toBe(bits(decimal['psum']!, 4));
  await expect(selected(app)).toHaveAttribute('aria-label', new RegExp(`sum ${hexadecimal['psum']}`));
  await expect(page.locator('#term mark').nth(1)).toHaveText(`${hexadecimal['act']} · ${hexadecimal['weight']}`);
  await expect(page.locator('#term span')).toContainText(`= ${hexadecimal['psum']}`);
  await expect(page.locator('#pe dl')).toContainText(hexadecimal['psum']!);
  expect((await picture(app)).equals(before)).toBe(false);
  await expect(page.locator('#notation-spoken')).toHaveText('Numbers: hexadecimal');
  // The way back leads to the same picture.
  await choice(app).selectOption('decimal');
  await expect(selected(app)).toHaveAttribute('data-act', decimal['act']!);
  await expect.poll(async () => (await picture(app)).equals(before)).toBe(true);
  expect(await app.everyViolation()).toEqual([]);
});

test('indices tell which elements are multiplied, and what a sum becomes', async ({ app, page }) => {
  await app.open();
  await app.seek(20);
  await choice(app).selectOption('indices');
  await expect(selected(app)).toHaveAttribute('data-psum', /^\(a @ w\)\[\d+, \d+\]$/);
  const { act, weight, psum } = await held(app);
  const at = (name: string) => name.match(/\d+/g)!;
  expect(at(psum!)).toEqual([at(act!)[0], at(weight!)[1]]);
  await expect(page.locator('#term')).toContainText(`${psum} = … + ${act} · ${weight} + …`);
  await expect(page.locator('#term span')).toHaveCount(0);
  await expect(selected(app)).toHaveText(psum!);
});

test('the key goes through the notations; what was chosen stays, and commands know each', async ({ app, page }) => {
  await app.open();
  await app.seek(20);
  await page.keyboard.press('x');
  await expect(choice(app)).toHaveValue('hexadecimal');
  await page.keyboard.press('x');
  await expect(choice(app)).toHaveValue('indices');
  await page.keyboard.press('x');
  await expect(choice(app)).toHaveValue('decimal');
  await page.keyboard.press('ControlOrMeta+Shift+P');
  await expect(page.getByRole('combobox', { name: 'Commands' })).toBeFocused();
  await page.keyboard.insertText('numbers in hexadecimal');
  await page.keyboard.press('Enter');
  await expect(choice(app)).toHaveValue('hexadecimal');
  await page.reload();
  await app.ready();
  await app.seek(20);
  await expect(choice(app)).toHaveValue('hexadecimal');
  await expect(selected(app)).toHaveAttribute('data-psum', /^[0-9a-f]{8}$/);
  // It is that of the next run, too.
  await app.type('input x : bf16[4, 4]\nweight w : bf16[4, 4]\noutput x @ w\n');
  await expect(page.locator('#verdict')).toContainText('equals the reference');
  // Until its first row enters.
  let cycle = 20;
  await expect(async () => {
    await app.seek(++cycle);
    await expect(selected(app)).toHaveAttribute('data-act', /^[0-9a-f]{4}$/, { timeout: 100 });
  }).toPass();
  await expect(selected(app)).toHaveAttribute('data-psum', /^[0-9a-f]{8}$/);
});

test('what is kept may be anything', async ({ app, page }) => {
  await page.addInitScript(() => localStorage.setItem('systole.numbers', '<b>roman</b>'));
  await app.open();
  await expect(choice(app)).toHaveValue('decimal');
});

test('a run without values has indices, and says why', async ({ app, page }) => {
  await app.open();
  await page.getByLabel('example').selectOption('library/gpt2-decode');
  await expect(page.locator('#verdict')).toContainText('timed, values not computed');
  await expect(choice(app).locator('option:checked')).toHaveText('decimal: no values');
  await expect(choice(app)).toHaveAttribute('title', /^Indices alone, since values were not computed: line \d+: /);
  await app.ready();
  await page.keyboard.press('n');
  await page.keyboard.press('n');
  await page.keyboard.press('n');
  await choice(app).selectOption('indices');
  await expect(page.locator('#term')).toContainText(/\[[\d, ]+\] = … \+ .+\] · .+\]/);
  // Where it is, in loops.
  const tile = async () => /tile (\d+) of (\d+)/.exec((await page.locator('#caption').textContent())!);
  const [, at, all] = (await tile())!;
  expect(Number(at)).toBeLessThanOrEqual(Number(all));
});

test('sums that stay are told before and after each product', async ({ app, page }) => {
  await app.open();
  await page.getByRole('tab', { name: /Chip/ }).click();
  await page.getByLabel('dataflow', { exact: true }).selectOption('os');
  await app.ready();
  await app.seek(20);
  const said = page.locator('#term span');
  await expect(said).toHaveText(/^−?\d+ \+ −?\d+ · −?\d+ = −?\d+$/);
  const [before, act, weight, after] = (await said.textContent())!
    .replaceAll('−', '-')
    .match(/-?\d+/g)!
    .map(Number) as [number, number, number, number];
  expect(before + act * weight).toBe(after);
  await expect(page.locator('#pe dl')).toContainText('sum before');
});
