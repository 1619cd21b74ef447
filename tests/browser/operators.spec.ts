// Programs too large for their values: which elements each PE holds, and the numbers of a chosen operator.

import { expect, test } from './page.ts';

const LARGE = `input a : i8[4096, 4096]
weight w : i8[4096, 4096]
h = requant(a @ w, shift=7)
output h
`;

test('a large program is timed, and each PE says which elements it multiplies', async ({ app, page }) => {
  await app.open();
  await page.getByLabel('example').selectOption('layers');
  await app.ready();
  await app.type(LARGE);
  await expect(page.locator('#verdict')).toHaveText(
    /^timed, values not computed: line 3: up to here the products need 68719476736 multiply-accumulates/,
  );
  await expect(page.locator('#verdict')).not.toContainText('reference');
  await expect(page.locator('#answer')).toContainText('too large for its values');
  await expect(page.locator('#problems')).toBeHidden();
  await expect(page.locator('#lanes canvas')).toBeVisible();
  await expect(page.locator('#cycles')).toContainText('active');

  // Row m of the activations is at PE(0, 0) some cycles after the pass begins: column 0 by row 0 of the weights.
  await page.locator('#to-end').click();
  const cycles = Number(await page.locator('#cycle').inputValue());
  await app.seek(Math.floor(cycles / 2));
  const pair = page.locator('#pe dd').filter({ hasText: /^[aw]\[\d+, \d+\]$/ });
  const [, m, k] = /^a\[(\d+), (\d+)\]$/.exec(await pair.nth(0).innerText())!;
  const [, k2] = /^w\[(\d+), \d+\]$/.exec(await pair.nth(1).innerText())!;
  expect(k).toBe(k2);
  await expect(page.locator('#cells td[data-row="0"][data-col="0"]')).toHaveAttribute(
    'aria-label',
    new RegExp(`multiplies a\\[${m}, ${k}\\] × w\\[${k}, `),
  );
  expect(await app.violations()).toEqual([]);

  // The same PE with the numbers of its operator.
  await page.getByRole('button', { name: 'Compute this operator’s numbers' }).click();
  const product = page.locator('#pe dd').filter({ hasText: /^-?\d+ × -?\d+ = -?\d+$/ });
  await expect(product).toBeVisible();
  const [, act, weight, result] = /^(-?\d+) × (-?\d+) = (-?\d+)$/.exec(await product.innerText())!;
  expect(Number(act) * Number(weight)).toBe(Number(result));
  await expect(page.locator('#pe')).toContainText('from seeded inputs');
  await expect(page.getByRole('button', { name: 'Compute this operator’s numbers' })).toBeHidden();
  await expect(page.locator('#verdict')).toContainText('timed, values not computed');
});

test('numbers that cannot be had are refused in words', async ({ app, page }) => {
  await app.open();
  await page.getByLabel('chip', { exact: true }).selectOption('tpu-v4');
  await app.ready();
  await app.type('input a : i8[16384, 16384]\nweight w : i8[16384, 4096]\ny = a @ w\noutput y\n');
  await expect(page.locator('#verdict')).toContainText('timed, values not computed');
  const cycles = Number(await page.locator('#cycle').getAttribute('max'));
  await app.seek(Math.floor(cycles / 2));
  await page.getByRole('button', { name: 'Compute this operator’s numbers' }).click();
  await expect(page.locator('#notices')).toContainText('more than the 134217728 that are made');
});

test('numbers of floats are computed as well, and shown in four digits', async ({ app, page }) => {
  await app.open();
  await page.getByLabel('chip', { exact: true }).selectOption('tpu-v4');
  await app.ready();
  await app.type(LARGE.replaceAll('i8', 'bf16').replace('requant(a @ w, shift=7)', 'a @ w'));
  await expect(page.locator('#verdict')).toContainText('timed, values not computed');
  const cycles = Number(await page.locator('#cycle').getAttribute('max'));
  await app.seek(Math.floor(cycles / 2));
  await page.getByRole('button', { name: 'Compute this operator’s numbers' }).click();
  const number = '-?\\d+(?:\\.\\d+)?';
  const shown = new RegExp(`^(${number}) × (${number}) = (${number})$`);
  const product = page.locator('#pe dd').filter({ hasText: shown });
  await expect(product).toBeVisible();
  const [, act, weight, result] = shown.exec(await product.innerText())!;
  // Seeded floats are eighths: their products have six digits behind the point at most, of which four significant ones are shown.
  expect(Math.abs(Number(act) * Number(weight) - Number(result))).toBeLessThan(1e-4);
  await expect(page.locator('#pe')).toContainText('from seeded inputs');
});

test('a real network shows its elements', async ({ app, page }) => {
  await app.open();
  await page.getByLabel('example').selectOption('library/resnet50');
  await expect(page.locator('#verdict')).toContainText('timed, values not computed');
  await app.ready();
  const cycles = Number(await page.locator('#cycle').getAttribute('max'));
  await app.seek(Math.floor(cycles / 3));
  await expect(
    page
      .locator('#pe dd')
      .filter({ hasText: /\[[\d, ]+\]/ })
      .first(),
  ).toBeVisible();
  expect(await app.violations()).toEqual([]);
});
