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

test('commands are found by a few letters, and done by keyboard', async ({ app, page }) => {
  await app.open();
  await page.keyboard.press('Control+Shift+P');
  const field = page.getByRole('combobox', { name: 'Commands' });
  const options = page.locator('#palette [role=option]');
  const chosen = page.locator('#palette [role=option][aria-selected=true]');
  await expect(field).toBeFocused();
  expect(await app.everyViolation()).toEqual([]);
  await expect(chosen).toHaveText(/Play or pause/);
  await page.keyboard.press('ArrowDown');
  await expect(chosen).toHaveText(/One cycle back/);
  await expect(field).toHaveAttribute('aria-activedescendant', (await chosen.getAttribute('id'))!);
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('ArrowUp');
  await expect(options.last()).toHaveAttribute('aria-selected', 'true');

  // Letters in their order, words in any.
  await page.keyboard.type('digits hand');
  await expect(options.first()).toContainText('Handwritten digits, two layers');
  await page.keyboard.press('Enter');
  await expect(page.locator('#palette')).toBeHidden();
  await expect(page.locator('#counts')).toContainText('862 cycles');
  await app.ready();

  // Operators are those of the run on show.
  await page.getByRole('button', { name: 'Commands' }).click();
  await expect(field).toBeFocused();
  await page.keyboard.type('goto');
  const first = (await options.allInnerTexts()).find((text) => text.includes('Go to '))!;
  await page.getByRole('option').filter({ hasText: 'Go to' }).nth(1).click();
  await expect(page.locator('#palette')).toBeHidden();
  expect(Number(await page.locator('#stage').getAttribute('data-cycle'))).toBeGreaterThan(0);
  expect(first).toContain('operator, line');

  await page.keyboard.press('Control+p');
  await expect(field).toBeFocused();
  await page.keyboard.type('tpuv1');
  await expect(options.first()).toContainText('chip');
  await page.keyboard.press('Enter');
  await expect(page.locator('#chip')).toHaveValue('tpu-v1');

  await page.keyboard.press('Control+p');
  await expect(field).toBeFocused();
  await page.keyboard.type('zzzz');
  await expect(options).toHaveCount(0);
  await page.keyboard.press('Enter');
  await page.keyboard.press('Escape');
  await expect(page.locator('#palette')).toBeHidden();
});

test('text, chip and example are undone in the order in which they were changed', async ({ app, page }) => {
  await app.open();
  const undo = page.getByRole('button', { name: 'Undo', exact: true });
  const redo = page.getByRole('button', { name: 'Redo' });
  await expect(undo).toBeDisabled();
  await expect(redo).toBeDisabled();
  const product = await app.text();
  const mine = 'input a : i8[4, 4]\nweight b : i8[4, 4]\noutput a @ b\n';
  await app.type(mine);
  await page.getByLabel('chip', { exact: true }).selectOption('classroom-8x8');
  await app.ready();
  await page.getByLabel('example').selectOption('layers');
  await expect(page.locator('#counts')).toContainText('336 cycles');
  await app.ready();

  await page.locator('#stage h2, #clock').first().click();
  await page.keyboard.press('Control+z');
  await expect.poll(() => app.text()).toBe(mine);
  await expect(page.locator('#rows')).toHaveValue('8');
  await expect(page.getByLabel('example')).toHaveValue('product');
  await undo.click();
  await expect(page.locator('#rows')).toHaveValue('4');
  expect(await app.text()).toBe(mine);
  // In the editor it is the same.
  await page.locator('.cm-content').click();
  await page.keyboard.press('Control+z');
  await expect.poll(() => app.text()).toBe(product);
  await expect(undo).toBeDisabled();
  await page.keyboard.press('Control+z');
  expect(await app.text()).toBe(product);

  await page.keyboard.press('Control+Shift+z');
  await page.keyboard.press('Control+y');
  await expect(page.locator('#rows')).toHaveValue('8');
  expect(await app.text()).toBe(mine);
  await redo.click();
  await expect(page.locator('#counts')).toContainText('336 cycles');
  await expect(page.getByLabel('example')).toHaveValue('layers');
  await expect(redo).toBeDisabled();

  // Another change instead of what was undone.
  await undo.click();
  await page.locator('#cols').fill('6');
  await expect(redo).toBeDisabled();
  await app.ready();
  await expect(page.locator('#verdict')).toHaveText('✓ equals the reference');
});

test('typing without a rest is one step, and where it was the cursor is put', async ({ app, page }) => {
  await app.open();
  await app.editor();
  const before = await app.text();
  await page.locator('.cm-content').click();
  await page.keyboard.press('Control+Home');
  await page.keyboard.type('one');
  await page.waitForTimeout(900);
  await page.keyboard.type(' two');
  await expect.poll(() => app.text()).toBe(`one two${before}`);
  await page.keyboard.press('Control+End');
  await page.keyboard.press('Control+z');
  await expect.poll(() => app.text()).toBe(`one${before}`);
  await page.keyboard.press('Control+z');
  await expect.poll(() => app.text()).toBe(before);
  await page.keyboard.press('Control+y');
  await page.keyboard.type('!');
  await expect.poll(() => app.text()).toBe(`one!${before}`);
});

test('programs are kept under names with their chips, renamed, deleted and brought back', async ({ app, page }) => {
  await app.open();
  const mine = 'input a : i8[4, 4]\nweight b : i8[4, 4]\noutput a @ b\n';
  await app.type(mine);
  await page.getByLabel('chip', { exact: true }).selectOption('classroom-8x8');
  await page.keyboard.press('Control+s');
  const desk = page.getByRole('dialog', { name: 'Programs in this browser' });
  await desk.getByLabel('Name for this program').fill('  <b>first</b>  ');
  await page.keyboard.press('Enter');
  await expect(desk.getByRole('status')).toHaveText('<b>first</b> is kept.');
  await expect(desk.getByRole('button', { name: 'Replace' })).toBeVisible();
  expect(await app.everyViolation()).toEqual([]);
  await desk.getByRole('button', { name: 'Close' }).click();

  await page.getByLabel('example').selectOption('layers');
  await expect(page.locator('#counts')).toContainText('336 cycles');
  await page.reload();
  await app.ready();
  await page.getByRole('button', { name: 'Programs' }).click();
  await desk.getByRole('button', { name: 'Rename <b>first</b>' }).click();
  await page.keyboard.type('second');
  await page.keyboard.press('Enter');
  await expect(desk.getByRole('status')).toHaveText('<b>first</b> is second now.');
  await desk.getByRole('button', { name: 'Delete second' }).click();
  await expect(desk.getByText('second is deleted.').last()).toBeVisible();
  expect(await page.evaluate(() => Object.keys(localStorage).filter((key) => key.includes('named')))).toEqual([]);
  await desk.getByRole('button', { name: 'Bring back second' }).click();
  await desk.getByRole('button', { name: 'Open second' }).click();
  await expect(desk).toBeHidden();
  await expect.poll(() => app.text()).toBe(mine);
  await expect(page.locator('#rows')).toHaveValue('8');
  // Opening it can be undone.
  await page.getByRole('button', { name: 'Undo', exact: true }).click();
  await expect(page.getByLabel('example')).toHaveValue('layers');
  await page.getByRole('button', { name: 'Commands' }).click();
  await expect(page.getByRole('combobox', { name: 'Commands' })).toBeFocused();
  await page.keyboard.type('second');
  await page.keyboard.press('Enter');
  await expect.poll(() => app.text()).toBe(mine);
});

test('what is no program is passed over, and there are not too many', async ({ app, page }) => {
  await page.addInitScript(() => {
    const draft = { text: 'output 1', chip: { base: 'classroom-4x4', words: [], changes: {} }, example: 'x', time: 0 };
    for (let at = 0; at < 50; at++) localStorage.setItem(`systole.named.p${at}`, JSON.stringify(draft));
    localStorage.setItem('systole.named.broken', '{');
    localStorage.setItem('systole.named.wrong', JSON.stringify({ ...draft, text: 7 }));
    localStorage.setItem('systole.named.huge', JSON.stringify({ ...draft, text: 'x'.repeat(700_000) }));
  });
  await app.open();
  await page.getByRole('button', { name: 'Programs' }).click();
  const desk = page.locator('#programs');
  await expect(desk.getByRole('listitem')).toHaveCount(50);
  await desk.getByLabel('Name for this program').fill('one more');
  await page.keyboard.press('Enter');
  await expect(desk.getByRole('status')).toHaveText('There are 50 programs already: delete one first.');
  await desk.getByLabel('Name for this program').fill('p7');
  await page.keyboard.press('Enter');
  await expect(desk.getByRole('status')).toHaveText('p7 is kept.');
});

test('a run goes to a cycle, the next pass, the PE’s next one and the next stall', async ({ app, page }) => {
  await app.open();
  await page.getByLabel('example').selectOption('layers');
  await expect(page.locator('#counts')).toContainText('336 cycles');
  await app.ready();
  await app.seek(0);
  const cycle = async () => Number(await page.locator('#stage').getAttribute('data-cycle'));
  await page.getByRole('button', { name: 'Run to…' }).click();
  const menu = page.getByRole('group', { name: 'Run to' });
  expect(await app.everyViolation()).toEqual([]);
  await menu.getByRole('button', { name: /^the next pass N/ }).click();
  await expect(menu.getByRole('status')).toContainText('the next pass: cycle ');
  const pass = await cycle();
  expect(pass).toBeGreaterThan(0);
  await app.shows(pass);
  await expect(page.locator('#caption')).not.toHaveText('The array waits.');
  await menu.getByLabel('Cycle to run to').fill('0');
  await page.keyboard.press('Enter');
  await app.shows(0);
  await page.keyboard.press('Escape');
  await expect(menu).toBeHidden();

  // A PE is so many hops later.
  await page.locator('#cells td[data-row="1"][data-col="2"]').click();
  await expect(page.locator('#pe-title')).toContainText('PE 1, 2');
  await page.locator('#clock').click();
  await page.keyboard.press('Shift+N');
  await app.shows(pass + 3);
  await app.seek(pass);
  await page.keyboard.press('s');
  await expect.poll(cycle).not.toBe(pass);
  await app.shows(await cycle());

  // At the end there is no more.
  await page.keyboard.press('End');
  await page.getByRole('button', { name: 'Run to…' }).click();
  await menu.getByRole('button', { name: /^the next pass N/ }).click();
  await expect(menu.getByRole('status')).toHaveText('There is no more of that: the next pass.');
});

test('playing stops where it is told to', async ({ app, page }) => {
  await app.open();
  await app.seek(0);
  await page.keyboard.press('n');
  await expect(page.locator('#stage')).not.toHaveAttribute('data-cycle', '0');
  const pass = Number(await page.locator('#stage').getAttribute('data-cycle'));
  await app.seek(0);
  await page.getByRole('button', { name: 'Run to…' }).click();
  await page.getByLabel('playing stops at').selectOption('pass');
  // So fast that it would be over at once.
  await page.getByLabel('Speed').fill('9');
  await page.getByRole('button', { name: 'Play', exact: true }).click();
  await app.shows(pass);
  await expect(page.locator('#stage')).toHaveAttribute('data-playing', 'false');
  // From there it goes on, to the end if nothing comes.
  await page.getByRole('button', { name: 'Play', exact: true }).click();
  await app.shows(Number(await page.locator('#cycle').getAttribute('max')));
});

test.describe('the tour', () => {
  test.beforeEach(async ({ app, page }) => {
    await page.addInitScript(() => localStorage.removeItem('systole.toured'));
    await app.open();
  });

  test('leads a first visitor from a product to the digits, with numbers of the runs', async ({ app, page }) => {
    const tour = page.getByRole('region', { name: 'A product of 4 × 4 numbers' });
    await expect(tour).toContainText('16 PEs make 64 products');
    const card = page.locator('#tour');
    expect(await app.everyViolation()).toEqual([]);
    const next = card.getByRole('button', { name: 'Next' });
    await next.click();
    await expect(card).toContainText('Where the weights wait');
    await next.click();
    await expect(card).toContainText('a diagonal that crosses the array');
    const shares: number[] = [];
    for (const rows of ['1', '64']) {
      await next.click();
      await expect(page.locator('#example option:checked')).toContainText(`Batch ${rows}: `);
      await expect(card).toContainText('% of the cycles');
      // As where the cycles went has it.
      const share = (await page.locator('#cycles').innerText()).match(/active\s+a row enters\s+[\d,]+\s+([\d.]+) %/)!;
      shares.push(Number(share[1]));
      await expect(card).toContainText(`${Number(share[1]).toFixed(0)} %`);
    }
    expect(shares[0]!).toBeLessThan(15);
    expect(shares[1]!).toBeGreaterThan(90);
    await next.click();
    await expect(page.locator('#pad')).toBeVisible();
    await expect(card).toContainText('862 cycles');
    // It does not cover what it speaks of.
    const [a, b] = [await card.boundingBox(), await page.locator('#pad').boundingBox()];
    expect(a!.x + a!.width <= b!.x || a!.y >= b!.y + b!.height).toBe(true);
    await card.getByRole('button', { name: 'Done' }).click();
    await expect(card).toBeHidden();
    expect(await page.evaluate(() => localStorage.getItem('systole.toured'))).toBe('');
  });

  test('is left at once, and can be taken again', async ({ page }) => {
    const card = page.locator('#tour');
    await expect(card).toBeVisible();
    await page.keyboard.press('Escape');
    await expect(card).toBeHidden();
    await page.getByRole('button', { name: 'Keys and help' }).click();
    await page.getByRole('button', { name: 'Take the tour' }).click();
    await expect(card.getByRole('button', { name: 'Next' })).toBeFocused();
    await page.locator('#counts').click();
    await expect(card).toBeHidden();
  });
});

test('whoever was here is not shown around', async ({ app, page }) => {
  await app.open();
  await page.waitForTimeout(500);
  await expect(page.locator('#tour')).toHaveCount(0);
});

test('what is pasted outside of text fields is opened: a program, or a file', async ({ app, page }) => {
  await app.open();
  const paste = (kind: 'text' | 'file', text: string) =>
    page.evaluate(
      ([kind, text]) => {
        const clipboardData = new DataTransfer();
        if (kind === 'text') clipboardData.setData('text/plain', text);
        else clipboardData.items.add(new File([text], 'small.toml'));
        const event = new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true });
        document.body.dispatchEvent(event);
      },
      [kind, text] as const,
    );
  await paste('text', 'input a : i8[2, 4]\nweight w : i8[4, 3]\noutput a @ w\n');
  await expect(page.locator('#answer')).toContainText('i32[2, 3]');
  await expect(page.locator('#notices')).toContainText('What was pasted is open.');
  await paste('file', 'based_on = "classroom-8x8"\ncols = 5\n');
  await expect(page.locator('#cols')).toHaveValue('5');
  await page.getByRole('button', { name: 'Undo', exact: true }).click();
  await expect(page.locator('#cols')).toHaveValue('4');
  await paste('text', 'x'.repeat(300_000));
  await expect(page.locator('#notices')).toContainText('Nothing has changed');
});
