// What the editor says of a place in the program: pointed at, asked for by keys, completed, and followed to its definition.

import type { Locator, Page } from '@playwright/test';
import { expect, test } from './page.ts';

const PROGRAM = `# 😀 offsets are counted behind this, too 👩‍🔬
size width = 4
fn layer(rows : i8[s, k]) {
    weight inner : i8[k, k]
    return relu(requant(rows @ inner, shift=4))
}
input first : i8[4, width]
hidden = layer(first)
output argmax(hidden, axis=1)
`;

/** The line that begins so. */
function line(page: Page, begin: string): Locator {
  return page.locator('.cm-line').filter({ hasText: new RegExp(`^\\s*${begin.replace(/[(]/g, '\\$&')}`) });
}

/** Where the middle of a word's first letter in that line is. */
async function place(page: Page, begin: string, word: string): Promise<{ x: number; y: number }> {
  return line(page, begin).evaluate((element, word) => {
    const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
    let before = element.textContent!.indexOf(word);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const { length } = node.textContent!;
      if (before < length) {
        const range = document.createRange();
        range.setStart(node, before);
        range.setEnd(node, before + 1);
        const { x, y, width, height } = range.getBoundingClientRect();
        return { x: x + width / 2, y: y + height / 2 };
      }
      before -= length;
    }
    throw new Error(`no ${word}`);
  }, word);
}

async function pointAt(page: Page, begin: string, word: string): Promise<void> {
  const { x, y } = await place(page, begin, word);
  await page.mouse.move(x, y);
}

/** Puts the caret in front of a word's first letter. */
async function caretAt(page: Page, begin: string, word: string): Promise<void> {
  const { x, y } = await place(page, begin, word);
  await page.mouse.click(x - 2, y);
}

/** What is selected, and the line in which it is. */
async function selected(page: Page): Promise<string> {
  return page.evaluate(() => {
    const selection = document.getSelection()!;
    const within = (selection.anchorNode as Node).parentElement!.closest('.cm-line');
    return `${selection.toString()} in ${within?.textContent?.trim()}`;
  });
}

for (const [begin, word, head, about] of [
  ['output', 'hidden', 'hidden : i8[4, 4]', 'line 8'],
  ['output', 'argmax', 'argmax(x, axis=-1)', ''],
  ['return', '@', 'i32[4, 4]', ''],
  ['return', 'inner', 'inner : i8[4, 4]', 'line 4'],
  ['hidden', 'layer', 'fn layer(rows : i8[s, k])', ''],
  ['input', 'input', 'input', 'a tensor that changes from run to run: input x : i8[4, 64]'],
] as const) {
  test(`pointing at ${word} tells: ${head}`, async ({ app, page }) => {
    await app.open();
    await app.type(PROGRAM);
    await app.ready();
    await pointAt(page, begin, word);
    const told = page.locator('.cm-tooltip-hover');
    await expect(told.locator('.about > code')).toHaveText(head);
    if (about) await expect(told).toContainText(about);
    await page.keyboard.press('Escape');
    await expect(told).toBeHidden();
  });
}

test('the keys of other editors tell the same at the caret, in sight and aloud', async ({ app, page }) => {
  await app.open();
  await app.type(PROGRAM);
  await app.ready();
  await caretAt(page, 'output', 'hidden');
  await page.mouse.move(0, 0);
  await page.keyboard.press('Control+k');
  await page.keyboard.press('Control+i');
  const told = page.locator('.about');
  await expect(told).toContainText('hidden : i8[4, 4]');
  await expect(page.locator('.cm-announced')).toContainText('hidden : i8[4, 4]. from line 8');
  expect(await app.violations()).toEqual([]);
  await page.keyboard.press('ArrowLeft');
  await expect(told).toBeHidden();
  await page.keyboard.press('Control+k');
  await page.keyboard.press('i');
  await expect(told).toContainText('argmax(x, axis=-1)');
  expect(await app.text()).toBe(PROGRAM);
});

test('F12 and Ctrl + click go to a definition, also in a function, and Ctrl + U comes back', async ({ app, page }) => {
  await app.open();
  await app.type(PROGRAM);
  await app.ready();
  await caretAt(page, 'output', 'hidden');
  await page.keyboard.press('F12');
  await expect.poll(() => selected(page)).toBe('hidden in hidden = layer(first)');
  await page.keyboard.press('Control+u');
  await expect.poll(() => selected(page)).toBe(' in output argmax(hidden, axis=1)');

  await caretAt(page, 'return', 'inner');
  await page.keyboard.press('F12');
  await expect.poll(() => selected(page)).toBe('inner in weight inner : i8[k, k]');
  // What the language defines is nowhere in the program.
  await caretAt(page, 'output', 'argmax');
  await page.keyboard.press('F12');
  await page.keyboard.press('End');
  await expect.poll(() => selected(page)).toBe(' in output argmax(hidden, axis=1)');

  // What the pointer is told here covers the line above.
  await pointAt(page, 'output', 'argmax');
  await expect(page.locator('.cm-tooltip-hover')).toBeVisible();
  await page.keyboard.down('Control');
  await pointAt(page, 'hidden', 'layer');
  await expect(page.locator('.definition-link')).toHaveText('layer');
  await page.mouse.down();
  await page.mouse.up();
  await page.keyboard.up('Control');
  await expect.poll(() => selected(page)).toBe('layer in fn layer(rows : i8[s, k]) {');
  await expect(page.locator('.definition-link')).toBeHidden();
});

test('names of the program are offered while they are typed, and Enter puts them in', async ({ app, page }) => {
  await app.open();
  await app.type(PROGRAM.replace('argmax(hidden, axis=1)', ''));
  await page.keyboard.press('Control+End');
  await page.keyboard.press('ArrowLeft');
  await page.keyboard.type('hid');
  const list = page.getByRole('listbox');
  await expect(list.getByRole('option').first()).toHaveText('hiddeni8[4, 4]');
  expect(await app.violations()).toEqual([]);
  // The list takes keys a moment after it has come.
  await page.waitForTimeout(150);
  await page.keyboard.press('Enter');
  await expect(list).toBeHidden();
  await app.ready();
  expect(await app.text()).toContain('\noutput hidden\n');

  // A word that is whole is a line that ends.
  await page.keyboard.press('Backspace');
  await page.keyboard.type('n');
  await expect(list).toBeVisible();
  await page.waitForTimeout(150);
  await page.keyboard.press('Enter');
  await expect(list).toBeHidden();
  await page.keyboard.type('#');
  expect(await app.text()).toContain('\noutput hidden\n#');
});

test('Ctrl + Space offers what fits a place, Escape closes, Tab leaves', async ({ app, page }) => {
  await app.open();
  await app.type(PROGRAM);
  await app.ready();
  await page.keyboard.press('Control+Home');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Control+Space');
  const list = page.getByRole('listbox');
  await expect(list).toContainText('weight');
  await expect(list).toContainText('softmax(x, axis=-1)');
  await page.keyboard.press('Escape');
  await expect(list).toBeHidden();
  await page.keyboard.press('Control+Space');
  await expect(list).toBeVisible();
  await page.keyboard.press('Tab');
  await expect(page.locator('.cm-content')).not.toBeFocused();
  await expect(list).toBeHidden();
  expect(await app.text()).toBe(PROGRAM);
});

test('an error elsewhere leaves the rest known, and is told where it is', async ({ app, page }) => {
  await app.open();
  await app.type(`${PROGRAM}output nothing @ at all\nbroken = relu(\n`);
  await expect(page.locator('html')).toHaveAttribute('data-phase', 'error');
  const told = page.locator('.cm-tooltip-hover');
  await pointAt(page, 'output argmax', 'hidden');
  await expect(told).toContainText('hidden : i8[4, 4]');
  await pointAt(page, 'output nothing', 'nothing');
  await expect(told.locator('.problem')).toHaveText('nothing is called nothing');
  await page.mouse.move(0, 0);
  await expect(told).toBeHidden();
  await caretAt(page, 'hidden', 'first');
  await page.keyboard.press('F12');
  await expect.poll(() => selected(page)).toBe('first in input first : i8[4, width]');
});

test('a narrow screen shows all of it within its borders', async ({ app, page }) => {
  await page.setViewportSize({ width: 360, height: 640 });
  await app.open();
  await app.type(PROGRAM);
  await app.ready();
  await pointAt(page, 'input', 'input');
  const within = async (what: Locator) => {
    await expect(what).toBeVisible();
    const { x, width } = (await what.boundingBox())!;
    expect(x).toBeGreaterThanOrEqual(0);
    expect(x + width).toBeLessThanOrEqual(360);
  };
  await within(page.locator('.cm-tooltip-hover'));
  await caretAt(page, 'output', 'axis');
  await page.keyboard.press('Control+Space');
  await within(page.locator('.cm-tooltip-autocomplete'));
  await within(page.locator('.cm-completionInfo'));
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
});

test('without a module there are no answers, and nothing breaks', async ({ app, page }) => {
  app.expected.push('unreachable');
  await page.route('**/assets/worker-*.js', async (route) => {
    const response = await route.fetch();
    const trap = `;{ const hear = self.onmessage; self.onmessage = (event) => {
      if (event.data.question === 'complete') throw new WebAssembly.RuntimeError('unreachable');
      hear(event);
    }; }`;
    await route.fulfill({ response, body: (await response.text()) + trap });
  });
  await app.open();
  await app.type(PROGRAM);
  await app.ready();
  await page.keyboard.press('Control+Space');
  await expect(page.getByText('Your text is safe.')).toBeVisible();
  await page.locator('.cm-content').focus();
  await caretAt(page, 'output', 'hidden');
  for (const key of ['F12', 'Control+Space', 'Control+k', 'Control+i', 'Escape']) await page.keyboard.press(key);
  await expect(page.getByRole('listbox')).toBeHidden();
  await expect(page.locator('.about')).toBeHidden();
  expect(await app.text()).toBe(PROGRAM);
  await page.getByRole('button', { name: 'Run again' }).click();
  await app.ready();
  await page.keyboard.press('Escape');
  await pointAt(page, 'output', 'hidden');
  await expect(page.locator('.cm-tooltip-hover')).toContainText('hidden : i8[4, 4]');
});

test('answers that take long find those who wait for them, and only those', async ({ app, page }) => {
  await page.route('**/assets/worker-*.js', async (route) => {
    const response = await route.fetch();
    const slow = `;{ const hear = self.onmessage; self.onmessage = (event) => {
      if (event.data.kind === 'ask') setTimeout(() => hear(event), 400); else hear(event);
    }; }`;
    await route.fulfill({ response, body: (await response.text()) + slow });
  });
  await app.open();
  await app.type(PROGRAM);
  await app.ready();
  // A pointer that moves on to another name does not take the first one's answer.
  await page.keyboard.down('Control');
  await pointAt(page, 'hidden', 'layer');
  await page.mouse.down();
  await page.mouse.up();
  await pointAt(page, 'hidden', 'first');
  await page.keyboard.up('Control');
  await expect.poll(() => selected(page)).toBe('layer in fn layer(rows : i8[s, k]) {');

  // Who has gone on writing is not taken away.
  await caretAt(page, 'output', 'hidden');
  await page.keyboard.press('F12');
  await page.keyboard.type(' ');
  await page.waitForTimeout(800);
  expect(await selected(page)).toBe(' in output argmax( hidden, axis=1)');
  // Nor are things told of a caret that is elsewhere by now.
  await page.keyboard.press('Control+k');
  await page.keyboard.press('i');
  await page.keyboard.press('ArrowUp');
  await page.waitForTimeout(800);
  await expect(page.locator('.about')).toBeHidden();
});

test('lines of a body stand further in as they are typed, and its end does not; a line has one dot', async ({
  app,
  page,
}) => {
  await app.open();
  await app.type('');
  await page.keyboard.press('Delete');
  const lines = ['size n = 2', 'fn f(x) {', 'return x @ lost + gone', '}', '', 'output f(1)'];
  for (const line of lines) {
    await page.keyboard.type(line);
    if (line !== lines.at(-1)) await page.keyboard.press('Enter');
  }
  expect(await app.text()).toBe('size n = 2\nfn f(x) {\n    return x @ lost + gone\n}\n\noutput f(1)');
  await expect(page.locator('.problem-mark')).toHaveCount(2);
  const dots = page.locator('.problem-dot');
  await expect(dots).toHaveCount(1);
  await expect(dots).toHaveAttribute('title', /lost[\s\S]*gone/);
});
