// Looking nearer, from the chip to the bits, and back; what moves; what is said beside it.

import { createHash } from 'node:crypto';
import { expect, type App, test } from './page.ts';

const level = (app: App) => app.page.locator('#canvas-host');

/** With all that comes after the first picture. */
async function open(app: App): Promise<void> {
  await app.open();
  await expect(level(app)).toHaveAttribute('data-level', 'chip');
}

/** What a picture of the stage is known by. */
async function picture(app: App): Promise<string> {
  const bytes = await app.page.locator('#canvas-host canvas').screenshot();
  return createHash('sha256').update(bytes).digest('hex');
}

test('one looks nearer by double click, keys and buttons, and finds the way back @chromium', async ({ app, page }) => {
  await open(app);
  await app.seek(18);
  const whole = await picture(app);
  await page.locator('#canvas-host').dblclick({ position: { x: 330, y: 260 } });
  await expect(level(app)).toHaveAttribute('data-level', 'pe');
  expect(await picture(app)).not.toEqual(whole);
  await page.keyboard.press('z');
  await expect(level(app)).toHaveAttribute('data-level', 'bits');
  await page.keyboard.press('Shift+Z');
  await expect(level(app)).toHaveAttribute('data-level', 'pe');
  const levels = page.getByRole('navigation', { name: 'How near' });
  await levels.getByRole('button', { name: 'Array' }).click();
  await expect(level(app)).toHaveAttribute('data-level', 'array');
  await levels.getByRole('button', { name: 'Chip' }).click();
  await expect(level(app)).toHaveAttribute('data-level', 'chip');
  await expect(levels.locator('[aria-current]')).toHaveText('Chip');
});

test('the wheel looks nearer at what is under the pointer, a drag moves it, F shows all @chromium', async ({
  app,
  page,
}) => {
  await open(app);
  await app.seek(18);
  const whole = await picture(app);
  await page.locator('#canvas-host').hover({ position: { x: 330, y: 260 } });
  await expect(async () => {
    await page.mouse.wheel(0, -120);
    expect(await level(app).getAttribute('data-level')).toBe('pe');
  }).toPass();
  const near = await picture(app);
  const { x, y } = (await page.locator('#canvas-host').boundingBox())!;
  const selected = await page.locator('#pe-title').textContent();
  await page.mouse.move(x + 300, y + 200);
  await page.mouse.down();
  await page.mouse.move(x + 400, y + 260, { steps: 4 });
  await page.mouse.up();
  await expect.poll(() => picture(app)).not.toEqual(near);
  // What is dragged is not chosen.
  await expect(page.locator('#pe-title')).toHaveText(selected!);
  await page.keyboard.press('f');
  await expect(level(app)).toHaveAttribute('data-level', 'chip');
  // Without the ring that keys put around what has the focus.
  await page.locator('#canvas-host').blur();
  await expect.poll(() => picture(app)).toEqual(whole);
});

test('two fingers look nearer', async ({ app, page }) => {
  await open(app);
  await app.seek(18);
  await page.locator('#canvas-host').evaluate((host) => {
    const send = (type: string, pointerId: number, x: number) => {
      const { left, top } = host.getBoundingClientRect();
      const at = { clientX: left + x, clientY: top + 200, pointerId, pointerType: 'touch', bubbles: true };
      host.dispatchEvent(new PointerEvent(type, at));
    };
    send('pointerdown', 11, 300);
    send('pointerdown', 12, 340);
    for (let step = 0; step <= 20; step++) {
      send('pointermove', 11, 300 - 10 * step);
      send('pointermove', 12, 340 + 10 * step);
    }
    send('pointerup', 11, 100);
    send('pointerup', 12, 540);
  });
  await expect(level(app)).toHaveAttribute('data-level', /pe|bits/);
});

test('with the focus in the picture, arrows choose a PE and Enter and Escape look nearer and less near', async ({
  app,
  page,
}) => {
  await open(app);
  await app.seek(18);
  await page.locator('#canvas-host').focus();
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowDown');
  await expect(page.locator('#pe-title')).toContainText('PE 1, 1');
  // Beyond the edge there is nothing.
  for (let press = 0; press < 6; press++) await page.keyboard.press('ArrowRight');
  await expect(page.locator('#pe-title')).toContainText('PE 1, 3');
  await app.shows(18);
  for (const name of ['array', 'pe', 'bits']) {
    await page.keyboard.press('Enter');
    await expect(level(app)).toHaveAttribute('data-level', name);
  }
  await page.keyboard.press('Escape');
  await expect(level(app)).toHaveAttribute('data-level', 'pe');
});

test('the equation has the elements and numbers of the selected PE', async ({ app, page }) => {
  await open(app);
  await app.seek(20);
  const cell = page.locator('#cells td[aria-selected=true]');
  const held = await cell.evaluate((td: HTMLElement) => td.dataset);
  const minus = (text: string | undefined) => text!.replace('-', '−');
  await expect(page.locator('#term mark').first()).toHaveText(/^\w+\[\d+, \d+\] · \w+\[\d+, \d+\]$/);
  await expect(page.locator('#term mark').nth(1)).toHaveText(`${minus(held['act'])} · ${minus(held['weight'])}`);
  await expect(page.locator('#term span')).toContainText(`= ${minus(held['psum'])}`);
});

test('numbers move at low speeds, and not for those who asked for less motion @chromium', async ({ app, page }) => {
  const repaints = async () => {
    await open(app);
    await app.seek(14);
    await page.locator('body').click({ position: { x: 2, y: 2 } });
    await page.keyboard.press('Space');
    const seen = new Set<string>();
    for (let look = 0; look < 12; look++) seen.add(await picture(app));
    await page.keyboard.press('Space');
    return seen.size;
  };
  await page.emulateMedia({ reducedMotion: 'no-preference' });
  const moving = await repaints();
  await page.emulateMedia({ reducedMotion: 'reduce' });
  const still = await repaints();
  expect(moving).toBeGreaterThan(still);
});

test('a long run can be played in seconds', async ({ app, page }) => {
  await open(app);
  await page.getByLabel('example').selectOption('library/resnet50');
  await expect(page.locator('#counts')).not.toContainText('60 cycles');
  await app.ready();
  const speed = page.getByLabel('Speed');
  await speed.fill((await speed.getAttribute('max'))!);
  await app.seek(0);
  await page.getByRole('button', { name: 'Play' }).click();
  await expect(page.locator('#stage')).toHaveAttribute('data-playing', 'false', { timeout: 20_000 });
});
