// Keys, commands, undo, named programs and what else steers the page.

import { readFileSync } from 'node:fs';
import { KEYS, spelled } from '../../www/src/keys.ts';
import { expect, test } from './page.ts';

test('the page of keys lists every key, and no other', () => {
  const page = readFileSync(new URL('../../www/docs/keys.md', import.meta.url), 'utf8');
  const rows = page.split('\n').filter((line) => line.startsWith('| `'));
  const listed = KEYS.map(
    ({ chords, does }) => `| ${chords.map((chord) => `\`${spelled(chord)}\``).join(' ')} | ${does} |`,
  );
  expect(rows).toEqual(listed);
  for (const { where } of KEYS) expect(page).toContain(`\n## ${where}\n`);
});

test('no key that is heard anywhere does two things', () => {
  const chords = KEYS.filter(({ action }) => action).flatMap(({ chords }) => chords);
  expect(new Set(chords).size).toBe(chords.length);
});

test('the help lists every key, and closes', async ({ app, page }) => {
  await app.open();
  await page.keyboard.press('?');
  const help = page.getByRole('dialog', { name: 'What you see' });
  await expect(help.locator('dt')).toHaveCount(KEYS.length);
  await expect(help.locator('dd').first()).toHaveText(KEYS[0]!.does);
  expect(await app.everyViolation()).toEqual([]);
  // What is behind it does not hear its keys.
  await page.keyboard.press('End');
  await help.getByRole('button', { name: 'Close' }).click();
  await expect(help).toBeHidden();
  const last = Number(await page.locator('#cycle').getAttribute('max'));
  await expect(page.locator('#stage')).not.toHaveAttribute('data-cycle', String(last));
  await page.keyboard.press('End');
  await app.shows(last);
});

test('single keys can be switched off, and stay so', async ({ app, page }) => {
  await app.open();
  await page.keyboard.press('Home');
  await app.shows(0);
  await page.getByRole('button', { name: 'Keys and help' }).click();
  await page.getByLabel('Keys without Ctrl, Cmd or Alt').uncheck();
  await page.getByRole('button', { name: 'Close' }).click();
  await page.reload();
  await app.ready();
  await expect(page.locator('html')).toHaveAttribute('data-furnished');
  const before = await page.locator('#stage').getAttribute('data-cycle');
  for (const key of ['ArrowRight', 'z', 'b', '?', 'End']) await page.keyboard.press(key);
  // With Ctrl they are heard: a run is asked for.
  await page.keyboard.press('Control+Enter');
  await app.ready();
  await expect(page.locator('#stage')).toHaveAttribute('data-cycle', before!);
  await expect(page.locator('#help-dialog')).toHaveCount(0);
  await expect(page.getByRole('button', { name: 'Bookmarks: 0' })).toBeVisible();
  await page.getByRole('button', { name: 'Keys and help' }).click();
  await page.getByLabel('Keys without Ctrl, Cmd or Alt').check();
  await page.getByRole('button', { name: 'Close' }).click();
  await page.keyboard.press('Home');
  await app.shows(0);
});
