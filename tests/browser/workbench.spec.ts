// What a visitor does: play, step, scrub, edit, break, mend, choose another array, look at a PE.

import { exampleMatrix, expect, test } from './page.ts';

test('the first thing one sees is a product of 60 cycles that equals the reference', async ({ app, page }) => {
  await app.open();
  await expect(page.locator('#counts')).toHaveText('60 cycles · the last MAC after 28');
  await expect(page.locator('#verdict')).toHaveText('✓ equals the reference');
  await expect(page.locator('#clock')).toHaveText('cycle 13 of 60');
});

test('it plays by itself once, unless less motion was asked for', async ({ app, page }) => {
  await page.emulateMedia({ reducedMotion: 'no-preference' });
  await app.open();
  await expect.poll(async () => Number(await page.locator('#stage').getAttribute('data-cycle'))).toBeGreaterThan(2);
  await page.getByRole('button', { name: 'Pause' }).click();
  const stopped = await page.locator('#stage').getAttribute('data-cycle');
  await page.waitForTimeout(1200);
  await expect(page.locator('#stage')).toHaveAttribute('data-cycle', stopped!);
  // Who comes back has seen it.
  await page.reload();
  await app.ready();
  await expect(page.locator('#stage')).toHaveAttribute('data-playing', 'false');
});

test('play, pause, step, scrub and speed, by mouse and by key', async ({ app, page }) => {
  await app.open();
  await page.getByRole('button', { name: 'One cycle forward' }).click();
  await page.getByRole('button', { name: 'One cycle forward' }).click();
  await app.shows(15);
  await page.getByRole('button', { name: 'One cycle back' }).click();
  await app.shows(14);
  await app.seek(9);
  await page.getByRole('button', { name: 'To the end' }).click();
  await app.shows(60);
  await page.getByRole('button', { name: 'To the start' }).click();
  await app.shows(0);

  await page.locator('body').click({ position: { x: 2, y: 2 } });
  await page.keyboard.press('ArrowRight');
  await app.shows(1);
  await page.keyboard.press('Shift+ArrowRight');
  await app.shows(11);
  await page.keyboard.press('ArrowLeft');
  await app.shows(10);
  await page.keyboard.press('End');
  await app.shows(60);
  await page.keyboard.press('Home');
  await app.shows(0);
  await page.keyboard.press('+');
  await page.keyboard.press('+');
  await expect(page.locator('#speed-shown')).toHaveText('8 cycles/s');
  await page.keyboard.press('-');
  await expect(page.locator('#speed-shown')).toHaveText('4 cycles/s');
  await app.seek(52);
  await page.locator('body').click({ position: { x: 2, y: 2 } });
  await page.keyboard.press('Space');
  await expect(page.locator('#stage')).toHaveAttribute('data-playing', 'true');
  // It plays to the end and stops there; playing once more begins again.
  await expect(page.locator('#stage')).toHaveAttribute('data-cycle', '60', { timeout: 15_000 });
  await expect(page.locator('#stage')).toHaveAttribute('data-playing', 'false');
  await page.keyboard.press('Space');
  await expect.poll(async () => Number(await page.locator('#stage').getAttribute('data-cycle'))).toBeLessThan(15);
});

test('cells of the table are the products and sums of the reference', async ({ app }) => {
  await app.open();
  await app.chooseDigits();
  const x = exampleMatrix('digits/x.npy', 64);
  const w1 = exampleMatrix('digits/w1.npy', 32);
  // Tile p of the first two has k from 8p to 8p + 7 and n from 0 to 7. The input's 512 bytes come four a cycle behind two
  // tiles of 64 and one of the biases, 128: all 768 bytes are there in cycle 202, and tile p's stream starts in 202 + 8p.
  for (const t of [202, 205, 209, 213, 217]) {
    await app.seek(t);
    const cells = await app.cells();
    expect(cells.size).toBe(64);
    for (let i = 0; i < 8; i++) {
      for (let j = 0; j < 8; j++) {
        const m = (t - 202 - i - j) % 8;
        const k0 = 8 * Math.floor((t - 202 - i - j) / 8);
        const cell = cells.get(`${i},${j}`)!;
        if (t - 202 - i - j < 0) {
          expect(cell.psum, `PE ${i}, ${j} in cycle ${t}`).toBeNull();
        } else {
          const sum = x[m]!.slice(k0, k0 + i + 1).reduce((total, a, k) => total + a * w1[k0 + k]![j]!, 0);
          const expected = { act: x[m]![k0 + i]!, weight: w1[k0 + i]![j]!, psum: sum };
          expect(cell, `PE ${i}, ${j} in cycle ${t}`).toMatchObject(expected);
        }
      }
    }
  }
});

test('every edit recompiles; a broken program leaves the last picture and says how to mend it', async ({
  app,
  page,
}) => {
  await app.open();
  await app.type('input a : i8[6, 4]\nweight w : i8[4, 4]\noutput a @ w\n');
  await expect(page.locator('#counts')).toContainText('74 cycles · the last MAC after 32');
  await app.seek(7);
  const before = await app.cells();

  await app.type('input a : i8[6, 4]\nweight w : i8[4, 4]\nh = rellu(a @ v)\noutput h\n');
  await expect(page.locator('html')).toHaveAttribute('data-phase', 'error');
  const problems = page.getByRole('region', { name: 'Problems' }).locator('.problem-link');
  await expect(problems).toHaveCount(2);
  await expect(problems.nth(0)).toContainText('line 3, column 5: there is no function `rellu`');
  await expect(problems.nth(0)).toContainText('did you mean `relu`?');
  await expect(problems.nth(1)).toContainText('line 3, column 15: nothing is called `v`');
  await expect(page.getByText('The picture still shows the last run.')).toBeVisible();
  await expect(page.locator('.problem-mark.error')).toHaveCount(2);
  await expect(page.locator('#counts')).toContainText('74 cycles');
  await page.getByRole('button', { name: 'One cycle forward' }).click();
  await app.shows(8);
  await page.getByRole('button', { name: 'One cycle back' }).click();
  await app.shows(7);
  expect(await app.cells()).toEqual(before);

  // A click on a problem leads to its place.
  await problems.nth(1).click();
  await page.keyboard.insertText('w');
  await problems.nth(0).click();
  await page.keyboard.insertText('relu');
  await app.ready();
  await expect(page.getByRole('region', { name: 'Problems' })).toBeHidden();
  expect(await app.text()).toContain('h = relu(a @ w)');
});

test('clock and picture agree after a shorter program', async ({ app, page }) => {
  await app.open();
  await app.chooseDigits();
  await app.seek(300);
  const digits = await app.text();
  await app.type('input a : i8[4, 4]\nweight w : i8[4, 4]\noutput a @ w\n');
  await expect(page.locator('#answer')).toContainText('i32[4, 4]');
  const end = await page.locator('#stage').getAttribute('data-cycle');
  await app.shows(Number(end));
  await app.type(digits);
  await expect(page.locator('#counts')).toContainText('862 cycles');
  await app.shows(Number(end));
});

test('the array can have any size, and an impossible one is explained', async ({ app, page }) => {
  await app.open();
  await page.getByLabel('rows of PEs').fill('8');
  await expect(page.locator('#counts')).toContainText('68 cycles · the last MAC after 36');
  await page.getByLabel('columns of PEs').fill('256');
  await expect(page.locator('#counts')).toContainText('317 cycles · the last MAC after 288');
  await page.getByLabel('rows of PEs').fill('256');
  await expect(page.locator('#counts')).toContainText('813 cycles · the last MAC after 784');
  await page.getByLabel('columns of PEs').fill('1000000');
  await expect(page.getByRole('alert')).toContainText('`cols` cannot be `1000000`; it is a whole number from 1 to 512');
  await page.getByLabel('columns of PEs').fill('');
  await expect(page.getByRole('alert')).toContainText('`cols` cannot be ``; it is a whole number from 1 to 512');
  await page.getByLabel('columns of PEs').fill('1');
  await page.getByLabel('rows of PEs').fill('1');
  await expect(page.getByRole('alert')).toBeHidden();
  // 16 passes of four rows through one PE, behind a load in 11 and the input's first event.
  await expect(page.locator('#counts')).toContainText('99 cycles · the last MAC after 79');
  await expect(page.locator('#verdict')).toHaveText('✓ equals the reference');
});

test('a PE is chosen with mouse or arrows, and the table keeps its focus while cycles change', async ({
  app,
  page,
}) => {
  await app.open();
  await app.seek(23);
  const box = (await page.locator('#canvas-host').boundingBox())!;
  await page.mouse.click(box.x + box.width * 0.62, box.y + box.height * 0.5);
  await expect(page.locator('#pe-title')).not.toHaveText('PE 0, 0 in cycle 23');

  await page.locator('#cells td[aria-selected=true]').focus();
  await page.keyboard.press('Home');
  for (const key of ['ArrowUp', 'ArrowUp', 'ArrowUp', 'ArrowUp']) await page.keyboard.press(key);
  await expect(page.locator('#pe-title')).toHaveText('PE 0, 0 in cycle 23');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowRight');
  await expect(page.locator('#pe-title')).toHaveText('PE 1, 1 in cycle 23');
  const cell = page.locator('#cells td[data-row="1"][data-col="1"]');
  await expect(cell).toBeFocused();
  // Row 3 of the activations is here: 23 = 18 + 3 + 1 + 1.
  await expect(page.locator('#pe dd').nth(1)).toHaveText('3 of 0–3');
  const { act, weight, shadow, psum } = (await app.cells()).get('1,1')!;
  await expect(cell).toHaveAccessibleName(
    `PE 1, 1: activation ${act}, weight ${weight}, shadow ${shadow}, sum ${psum}`,
  );
  await page.keyboard.press(' ');
  await expect(page.locator('#stage')).toHaveAttribute('data-playing', 'false');
  await page.evaluate(() => document.getElementById('forward')!.click());
  await app.shows(24);
  await expect(cell).toBeFocused();
});

test('in a large array the table is a window around the chosen PE', async ({ app, page }) => {
  await app.open();
  await page.getByLabel('rows of PEs').fill('100');
  await page.getByLabel('columns of PEs').fill('50');
  await expect(page.locator('#counts')).toContainText('295 cycles');
  await page.locator('#cells td[aria-selected=true]').focus();
  for (const key of ['PageDown', 'PageDown', 'End', 'ArrowLeft']) await page.keyboard.press(key);
  await expect(page.locator('#pe-title')).toHaveText('PE 16, 48 in cycle 13');
  expect((await app.cells()).size).toBe(64);
  const cell = page.locator('#cells td[aria-selected=true]');
  await expect(cell).toBeFocused();
  await expect(cell).toHaveAttribute('aria-colindex', '49');
  await expect(page.getByRole('grid', { name: 'Cells as a table' })).toHaveAttribute('aria-rowcount', '100');
});

test('the cycle is spoken when it has changed, not more often than can be heard', async ({ app, page }) => {
  await app.open();
  await page.evaluate(() => {
    const said: string[] = [];
    (window as unknown as { said: string[] }).said = said;
    new MutationObserver(() => said.push(document.getElementById('spoken')!.textContent ?? '')).observe(
      document.getElementById('spoken')!,
      { childList: true },
    );
  });
  for (let i = 0; i < 12; i++) await page.getByRole('button', { name: 'One cycle forward' }).click();
  await expect(page.locator('#spoken')).toContainText('Cycle 25.');
  const said = await page.evaluate(() => (window as unknown as { said: string[] }).said);
  expect(said.length).toBeLessThanOrEqual(3);
});

test('a save is the text, and opens again', async ({ app, page }) => {
  await app.open();
  await app.type('# mine\ninput a : i8[2, 4]\nweight w : i8[4, 3]\noutput a @ w\n');
  await app.ready();
  const saving = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Save' }).click();
  const path = await (await saving).path();
  await page.getByRole('button', { name: 'Reset' }).click();
  await expect(page.locator('#editor')).toContainText('4 rows of activations');
  await page.locator('#chooser').setInputFiles({
    name: 'mine.systole',
    mimeType: 'text/plain',
    buffer: (await import('node:fs')).readFileSync(path),
  });
  await expect(page.locator('#editor')).toContainText('# mine');
  await expect(page.locator('#answer')).toContainText('i32[2, 3]');
});

test('keys stay out of the editor, and Tab leaves it', async ({ app, page }) => {
  await app.open();
  await app.editor();
  await page.locator('.cm-content').click();
  await page.keyboard.press('Control+End');
  await page.keyboard.type('# ? + -');
  expect(await app.text()).toContain('# ? + -');
  await expect(page.locator('#help-dialog')).toBeHidden();
  await page.keyboard.press('Tab');
  expect(await page.evaluate(() => document.activeElement?.closest('.cm-editor'))).toBeNull();
  await page.keyboard.press('?');
  await expect(page.locator('#help-dialog')).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(page.locator('#help-dialog')).toBeHidden();
});

test('a program is brought into the one style, and the cursor stays at its word', async ({ app, page }) => {
  await app.open();
  const made =
    'size n=4\n\n\nfn f ( x,w ){\nreturn x@w\n}\ninput x:i8[n,n]\nweight weights:i8[ n,n*2 ]\noutput f(x,w = weights)\n';
  const formatted =
    'size n = 4\n\nfn f(x, w) {\n    return x @ w\n}\n' +
    'input  x       : i8[n, n]\nweight weights : i8[n, n * 2]\noutput f(x, w=weights)\n';
  await app.type(made);
  await app.ready();
  await page.keyboard.press('Shift+Alt+F');
  await expect.poll(() => app.text()).toBe(formatted);
  await app.ready();
  await expect(page.locator('#verdict')).toHaveText('✓ equals the reference');
  // The cursor was at the end; one undo brings back what was typed.
  await page.keyboard.insertText('# end');
  await expect.poll(() => app.text()).toBe(`${formatted}# end`);
  await page.keyboard.press('Control+Z');
  await page.keyboard.press('Control+Z');
  await expect.poll(() => app.text()).toBe(made);

  await app.type('output (');
  await page.getByRole('button', { name: 'Format' }).click();
  await expect(page.getByText('A program with errors cannot be formatted.')).toBeVisible();
  await expect.poll(() => app.text()).toBe('output (');
});

test('calls of a function are operators of its lines', async ({ app, page }) => {
  await app.open();
  await page.getByLabel('example').selectOption('layers');
  await expect(page.locator('#counts')).toContainText('336 cycles');
  await app.ready();
  await expect(page.locator('#verdict')).toHaveText('✓ equals the reference');
});

test('what a hint offers is done by a click, and undone by a key', async ({ app, page }) => {
  await app.open();
  const wrong = 'input värde : i8[4, 4] # €\noutput rleu(värd\n';
  await app.type(wrong);
  await expect(page.locator('#problems li')).toHaveCount(1);
  await page.getByRole('button', { name: 'Mend' }).click();
  await expect.poll(() => app.text()).toBe('input värde : i8[4, 4] # €\noutput rleu(värd)\n');
  await expect(page.locator('#problems li')).toHaveCount(2);
  await page.getByRole('button', { name: 'Mend' }).first().click();
  await expect(page.locator('#problems li')).toHaveCount(1);
  await page.getByRole('button', { name: 'Mend' }).click();
  await expect.poll(() => app.text()).toBe('input värde : i8[4, 4] # €\noutput relu(värde)\n');
  await expect(page.locator('#problems')).toBeHidden();
  for (let times = 0; times < 3; times++) await page.keyboard.press('Control+Z');
  await expect.poll(() => app.text()).toBe(wrong);
});

test('a real network is fetched when it is chosen, and timed without values', async ({ app, page }) => {
  const asked: string[] = [];
  page.on('request', (request) => asked.push(request.url()));
  await app.open();
  expect(asked.join()).not.toContain('library');
  await page.getByLabel('example').selectOption('library/resnet50');
  await expect(page.getByRole('textbox', { name: 'Program' })).toHaveValue(/ResNet-50 \(He et al., 2015\)/);
  await expect(page.locator('#verdict')).toContainText('timed, values not computed: line');
  await app.ready();
  expect(asked.filter((url) => url.includes('library')).map((url) => url.split('/').pop())).toEqual([
    'resnet50.systole',
  ]);
  await expect(page.locator('#example optgroup[label="Real networks"] option')).toHaveCount(22);
});

test('whoever points at the program finds every letter where it was, in an editor', async ({ app, page }) => {
  await app.open();
  await page.getByLabel('example').selectOption('layers');
  await expect(page.locator('#counts')).toContainText('336 cycles');
  await app.ready();
  // Of every word its place and colour, of every mark its place, of the editor its size.
  const seen = (text: string, marks: string) =>
    page.evaluate(
      ([text, marks]) => {
        const host = document.querySelector(text!)!;
        const words: unknown[] = [];
        const walk = document.createTreeWalker(host, NodeFilter.SHOW_TEXT);
        const place = ({ x, y, width }: DOMRect) => [x, y, width].map(Math.round);
        for (let node = walk.nextNode(); node; node = walk.nextNode()) {
          for (const { index, 0: word } of node.textContent!.matchAll(/\S+/g)) {
            const range = new Range();
            range.setStart(node, index);
            range.setEnd(node, index + word.length);
            words.push([word, getComputedStyle(node.parentElement!).color, ...place(range.getBoundingClientRect())]);
          }
        }
        const bars = [...document.querySelectorAll(marks!)].map((mark) => place(mark.getBoundingClientRect()));
        const { height } = document.getElementById('editor')!.getBoundingClientRect();
        return { words, bars: bars.sort(([, a], [, b]) => a! - b!), height };
      },
      [text, marks],
    );
  const before = await seen('#plain-text', '#plain-numbers .op-mark');
  expect(before.words.length).toBeGreaterThan(50);
  expect(new Set(before.words.map((word) => (word as string[])[1])).size).toBeGreaterThan(3);
  await app.editor();
  await expect(page.locator('#plain')).toHaveCount(0);
  // CodeMirror lays its gutter out in the frame after it has been put in.
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  expect(await seen('.cm-content', '.cm-editor .op-mark')).toEqual(before);
});

test('what is typed before the editor has come is kept, and runs', async ({ app, page }) => {
  let come = () => {};
  await page.route('**/rich-editor-*.js', async (route) => {
    await new Promise<void>((resolve) => (come = resolve));
    await route.continue();
  });
  await app.open();
  await page.getByRole('textbox', { name: 'Program' }).focus();
  await page.keyboard.press('Control+A');
  await page.keyboard.insertText('input a : i8[6, 4]\nweight w : i8[4, 4]\noutput a @ w');
  await expect(page.locator('#counts')).toContainText('74 cycles');
  await expect(page.locator('#plain-text .token-keyword')).toHaveText(['input', 'weight', 'output']);
  await page.keyboard.press('ArrowLeft');
  come();
  await expect(page.locator('.cm-content')).toBeFocused();
  await page.keyboard.insertText('a');
  await expect(page.locator('.cm-content')).toContainText('a @ aw');
});

test('an editor that does not come leaves the plain one, which works as well', async ({ app, page }) => {
  app.expected.push('Failed to load');
  await page.route('**/rich-editor-*.js', (route) => route.abort());
  await app.open();
  await page.locator('#editor').hover();
  await expect(page.locator('#notices')).toContainText('the plain one works as well');
  await page.getByRole('textbox', { name: 'Program' }).fill('input a : i8[6, 4]\noutput rleu(a)\n');
  await expect(page.locator('#problems li')).toHaveCount(1);
  await page.getByRole('button', { name: 'Mend' }).click();
  await expect(page.getByRole('textbox', { name: 'Program' })).toHaveValue(/relu\(a\)/);
  await app.ready();
});

test('answers of any number of axes are tables by their last one, of floats in four digits', async ({ app, page }) => {
  await app.open();
  await app.type('input x : f32[2, 2, 3]\ny = x + 0.1\noutput y\noutput sum(x)\n');
  const answer = page.locator('#answer');
  await expect(answer.locator('table').first().locator('tr')).toHaveCount(4);
  await expect(answer.locator('table').first().locator('tr').first().locator('td')).toHaveCount(3);
  await expect(answer.locator('table').nth(1).locator('td')).toHaveCount(1);
  for (const cell of await answer.locator('td[title]').all()) {
    const [short, whole] = [Number(await cell.innerText()), Number(await cell.getAttribute('title'))];
    expect(Math.abs(short - whole)).toBeLessThanOrEqual(Math.abs(whole) * 5e-4);
    expect((await cell.innerText()).replace(/[-.]/g, '').replace(/^0+/, '').length).toBeLessThanOrEqual(4);
  }
  expect(await answer.locator('td[title]').count()).toBeGreaterThan(6);
});
