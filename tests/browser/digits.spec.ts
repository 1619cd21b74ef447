// The digits: read, redrawn, restored.

import { expect, test } from './page.ts';

test('the array reads the eight digits', async ({ app, page }) => {
  await app.open();
  await app.chooseDigits();
  await expect(page.locator('.thumbs button span')).toHaveText(['3', '1', '4', '1', '5', '9', '2', '6']);
  await expect(page.locator('#answer td')).toHaveText(['3', '1', '4', '1', '5', '9', '2', '6']);
  await expect(page.locator('#verdict')).toHaveText('✓ equals the reference');
});

test('arrays that come late are waited for', async ({ app, page }) => {
  await app.open();
  await app.chooseDigits();
  // Another run is asked for while they are still on their way.
  await page.route('**/digits/*.npy', async (route) => {
    await new Promise((resolve) => setTimeout(resolve, 800));
    await route.continue();
  });
  await page.reload();
  await expect(page.locator('#plain-text')).toContainText('# eight digits');
  await page.keyboard.press('Control+Enter');
  await app.ready();
  await expect(page.locator('#answer td')).toHaveText(['3', '1', '4', '1', '5', '9', '2', '6']);
});

test('a drawn digit crosses the array and is read', async ({ app, page }) => {
  await app.open();
  await app.chooseDigits();
  const sheet = page.locator('.surface');
  await sheet.scrollIntoViewIfNeeded();
  const box = (await sheet.boundingBox())!;
  const to = (x: number, y: number) => [box.x + box.width * x, box.y + box.height * y] as const;
  // A zero: an upright ellipse.
  await page.mouse.move(...to(0.5, 0.12));
  await page.mouse.down();
  for (let step = 1; step <= 24; step++) {
    const angle = (step / 24) * 2 * Math.PI;
    await page.mouse.move(...to(0.5 - 0.24 * Math.sin(angle), 0.5 - 0.38 * Math.cos(angle)));
  }
  await page.mouse.up();
  await expect(page.locator('.reads')).toHaveText('The array reads 0.');
  await expect(page.locator('.thumbs button span').first()).toHaveText('0');
  await expect(page.locator('#verdict')).toHaveText('✓ equals the reference');
  // What was drawn is what enters: the pixels of the sheet are the activations of row 0.
  const pixels = await page
    .locator('.pixels [role=gridcell]')
    .evaluateAll((all) => all.map((p) => Number((p as HTMLElement).dataset['value'])));
  expect(Math.max(...pixels)).toBeLessThanOrEqual(16);
  expect(pixels[3 * 8 + 3]! + pixels[3 * 8 + 4]!).toBeLessThan(8);
  await app.seek(202);
  expect((await app.cells()).get('0,0')!.act).toBe(pixels[0]);
  await app.seek(206);
  expect((await app.cells()).get('4,0')!.act).toBe(pixels[4]);

  // It survives a reload, until the originals are asked for.
  await page.reload();
  await app.ready();
  await expect(page.locator('.thumbs button span').first()).toHaveText('0');
  await page.getByRole('button', { name: 'Restore' }).click();
  await expect(page.locator('.thumbs button span').first()).toHaveText('3');
});

test('a finished drawing is watched crossing the array @chromium', async ({ app, page }) => {
  await page.emulateMedia({ reducedMotion: 'no-preference' });
  await app.open();
  await app.chooseDigits();
  await expect(page.locator('#stage')).toHaveAttribute('data-playing', 'false');
  const sheet = page.locator('.surface');
  await sheet.scrollIntoViewIfNeeded();
  const box = (await sheet.boundingBox())!;
  await page.mouse.move(box.x + box.width / 2, box.y + 20);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width / 2, box.y + box.height - 20, { steps: 5 });
  await page.mouse.up();
  await expect(page.locator('.reads')).toHaveText('The array reads 1.');
  await expect(page.locator('#stage')).toHaveAttribute('data-playing', 'true');
});

test('pixels can be set from the keyboard', async ({ app, page }) => {
  await app.open();
  await app.chooseDigits();
  await page.locator('.thumbs button').nth(2).click();
  await page.getByRole('button', { name: 'Clear' }).click();
  const pixels = page.locator('.pixels [role=gridcell]');
  await expect(pixels.nth(11)).toHaveAttribute('data-value', '0');
  await page.locator('.pixels [tabindex="0"]').focus();
  // A stroke down the fourth column: a one.
  for (let i = 0; i < 3; i++) await page.keyboard.press('ArrowRight');
  for (let i = 0; i < 8; i++) {
    await page.keyboard.press('Space');
    await expect(pixels.nth(i * 8 + 3)).toHaveAttribute('data-value', '16');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Space');
    await page.keyboard.press('ArrowLeft');
    await page.keyboard.press('ArrowDown');
  }
  await expect(page.locator('.reads')).toHaveText('The array reads 1.');
  await expect(pixels.nth(3)).toHaveAccessibleName('row 0, column 3: 16');
});
