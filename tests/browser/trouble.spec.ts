// What goes wrong: huge texts, bad files, storage that fails, runs that take long, crashes, browsers that lack things.

import { alone, expect, npy, test } from './page.ts';

test('a paste of 100 MB changes nothing and says so', async ({ app, page }) => {
  await app.open();
  await app.editor();
  await page.locator('.cm-content').click();
  const before = await app.text();
  await page.evaluate(() => {
    const data = new DataTransfer();
    data.setData('text/plain', 'input a : i8[4, 4]\n'.repeat((100 * 1024 * 1024) / 19));
    const paste = new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true });
    document.querySelector('.cm-content')!.dispatchEvent(paste);
  });
  await expect(page.locator('#notices')).toContainText('more than the 262,144 of a program');
  expect(await app.text()).toBe(before);
  // Also in smaller helpings that add up.
  await page.keyboard.insertText('#'.repeat(200_000));
  await page.keyboard.insertText('#'.repeat(200_000));
  await expect(page.locator('#notices')).toContainText('Nothing has changed');
  await page.getByRole('button', { name: 'One cycle forward' }).click();
  await app.shows(14);
});

test('a matrix a billion wide is an error, not a crash', async ({ app, page }) => {
  await app.open();
  await app.type('input a : i8[1000000000, 1000000000]\nweight w : i8[0, 1000000000]\noutput a @ w\n');
  const problems = page.getByRole('region', { name: 'Problems' });
  await expect(problems).toContainText('a tensor of more than 1099511627776 elements');
  await expect(problems).toContainText('an extent of 0');
  await app.type('input a : i8[1, 1000000000]\noutput relu(a)\n');
  await expect(problems).toContainText('all tensors take 2000000000 bytes, more than the 1073741824 of the chip');
});

test('files: wrong ones are named, right ones are used, kept and forgotten', async ({ app, page }) => {
  await app.open();
  await app.type('input a : i8[2, 2] = load("mine.npy")\noutput relu(a)\n');
  await expect(page.getByRole('region', { name: 'Problems' })).toContainText('there is no file `mine.npy`');
  const give = (name: string, buffer: Buffer) =>
    page.locator('#chooser').setInputFiles({ name, mimeType: 'application/octet-stream', buffer });
  await give('mine.npy', Buffer.from('PK not an array'));
  await expect(page.getByRole('region', { name: 'Problems' })).toContainText('it is no .npy file');
  await give('mine.npy', npy('|i1', '(2, 3)', Buffer.from([1, 2, 3, 4, 5, 6])));
  await expect(page.getByRole('region', { name: 'Problems' })).toContainText(
    'holds i8[2, 3], but i8[2, 2] is declared',
  );
  await give('mine.npy', npy('|i1', '(2, 2)', Buffer.from([1, 2, 3])));
  await expect(page.getByRole('region', { name: 'Problems' })).toContainText(
    'promises i8[2, 2], 4 bytes, but 3 bytes follow',
  );
  await give('mine.npy', npy('<f4', '(2, 2)', Buffer.alloc(16)));
  await expect(page.getByRole('region', { name: 'Problems' })).toContainText(
    'holds f32[2, 2], but i8[2, 2] is declared',
  );
  await give('mine.npy', npy('<f8', '(2, 2)', Buffer.alloc(32)));
  await expect(page.getByRole('region', { name: 'Problems' })).toContainText('float64');
  await give('mine.npy', npy('|i1', '(2, 2)', Buffer.from([251, 2, 255, 4])));
  await app.ready();
  await expect(page.locator('#answer td')).toHaveText(['0', '2', '0', '4']);
  await give('notes.pdf', Buffer.from('%PDF'));
  await expect(page.locator('#notices')).toContainText('notes.pdf is no .npy array');

  await page.reload();
  await app.ready();
  await expect(page.locator('#answer td')).toHaveText(['0', '2', '0', '4']);
  await page.getByRole('button', { name: 'Forget mine.npy' }).click();
  await expect(page.getByRole('region', { name: 'Problems' })).toContainText('there is no file `mine.npy`');
});

test('a file can be dropped anywhere', async ({ app, page }) => {
  await app.open();
  await app.editor();
  const drop = (type: string) =>
    page.evaluate((type) => {
      const data = new DataTransfer();
      data.items.add(new File(['# dropped\ninput a : i8[1, 1]\noutput a\n'], 'dropped.systole'));
      document
        .querySelector('.cm-content')!
        .dispatchEvent(new DragEvent(type, { dataTransfer: data, bubbles: true, cancelable: true }));
    }, type);
  await drop('dragover');
  await expect(page.locator('#drop')).toBeVisible();
  await drop('drop');
  await expect(page.locator('#drop')).toBeHidden();
  await expect(page.locator('#editor')).toContainText('# dropped');
  await app.ready();
});

test('the text survives a reload, and two tabs do not take it from each other', async ({ app, page, context }) => {
  await app.open();
  const mine = '# of the first tab\ninput a : i8[3, 4]\nweight w : i8[4, 4]\noutput a @ w\n';
  await app.type(mine);
  await page.getByLabel('rows of PEs').fill('6');
  await expect(page.locator('#counts')).toContainText('cycles ·');
  const other = await context.newPage();
  await other.goto('./');
  await expect(other.locator('#editor')).toContainText('# of the first tab');
  await other.locator('#editor').hover();
  await other.locator('.cm-content').click();
  await other.keyboard.press('Control+A');
  await other.keyboard.insertText('# of the second tab\noutput nothing\n');
  await expect(other.locator('html')).toHaveAttribute('data-phase', 'error');
  await page.reload();
  await app.ready();
  await expect(page.locator('#editor')).toContainText('# of the first tab');
  await expect(page.getByLabel('rows of PEs')).toHaveValue('6');
  // A broken text survives too.
  await other.reload();
  await expect(other.locator('#editor')).toContainText('# of the second tab');
  // The other tab's text is offered in the list of examples.
  await expect(page.locator('#example optgroup option')).toContainText(['# of the second tab']);
});

test('choosing an example puts the edited text aside', async ({ app, page }) => {
  await app.open();
  await app.type('# worth keeping\ninput a : i8[3, 4]\nweight w : i8[4, 4]\noutput a @ w\n');
  await app.ready();
  await app.chooseDigits();
  await page.getByLabel('example').selectOption({ index: 6 });
  await expect(page.locator('#editor')).toContainText('# worth keeping');
  await expect(page.locator('#answer')).toContainText('i32[3, 4]');
});

test('opening a text that was put aside puts the present one aside', async ({ app, page }) => {
  await app.open();
  await app.type('# first\ninput a : i8[1, 4]\noutput a\n');
  await page.getByRole('button', { name: 'Reset' }).click();
  await expect(page.locator('#editor')).toContainText('4 rows of activations');
  await app.type('# second\ninput a : i8[2, 4]\noutput a\n');
  await app.ready();
  await page.getByLabel('example').selectOption({ index: 6 });
  await expect(page.locator('#editor')).toContainText('# first');
  await page.reload();
  await app.ready();
  await expect(page.locator('#editor')).toContainText('# first');
  await expect(page.locator('#example optgroup option')).toContainText(['# second']);
});

test('of two examples chosen one after the other, the last one is opened', async ({ app, page }) => {
  await app.open();
  await page.route('**/digits.systole', async (route) => {
    await new Promise((resolve) => setTimeout(resolve, 600));
    await route.continue();
  });
  await page.getByLabel('example').selectOption('digits');
  await page.getByLabel('example').selectOption('product');
  await page.waitForTimeout(1200);
  await expect(page.locator('#editor')).toContainText('4 rows of activations');
  await expect(page.locator('#counts')).toContainText('60 cycles');
});

test('arrays that could not be fetched are fetched the next time', async ({ app, page }) => {
  app.expected.push('Failed to load');
  await app.open();
  await page.route('**/digits/*.npy', (route) => route.abort());
  await page.getByLabel('example').selectOption('digits');
  await expect(page.getByRole('region', { name: 'Problems' })).toContainText('there is no file `digits/x.npy`');
  await page.unroute('**/digits/*.npy');
  await page.getByLabel('example').selectOption('product');
  await app.ready();
  await app.chooseDigits();
});

test('a restored array stays restored while rows are still being answered', async ({ app, page }) => {
  await app.open();
  await app.chooseDigits();
  await page.evaluate(() => {
    const click = (text: string) =>
      [...document.querySelectorAll('button')].find((button) => button.textContent === text)!.click();
    for (let i = 0; i < 20; i++) click('Clear');
    click('Restore');
  });
  await expect(page.locator('.thumbs button span').first()).toHaveText('3');
  await app.ready();
  await page.waitForTimeout(400);
  await expect(page.locator('#files li')).toHaveCount(0);
  await page.reload();
  await app.ready();
  await expect(page.locator('.thumbs button span').first()).toHaveText('3');
});

test('storage that is forbidden or full costs nothing but a warning', async ({ app, page }) => {
  await page.addInitScript(() => {
    const refuse = () => {
      throw new DOMException('full', 'QuotaExceededError');
    };
    Storage.prototype.setItem = refuse;
    Storage.prototype.getItem = refuse;
    IDBFactory.prototype.open = refuse;
  });
  await app.open();
  await app.type('input a : i8[1, 4]\nweight w : i8[4, 4]\noutput a @ w\n');
  await expect(page.locator('#counts')).toContainText('42 cycles');
  await expect(page.locator('#notices')).toContainText('This browser keeps nothing');
  await page.locator('#chooser').setInputFiles({
    name: 'x.npy',
    mimeType: 'application/octet-stream',
    buffer: npy('|i1', '(1,)', Buffer.from([1])),
  });
  await expect(page.locator('#notices')).toContainText('does not keep files');
});

test('a long run shows its progress, the page stays alive, and it can be cancelled', async ({ app, page }) => {
  await app.open();
  await app.seek(9);
  const before = await app.cells();
  await page.getByLabel('rows of PEs').fill('256');
  await page.getByLabel('columns of PEs').fill('256');
  await app.ready();
  await app.type('input a : i8[2048, 2048]\nweight w : i8[2048, 2048]\noutput a @ w\n');
  const cancel = page.getByRole('button', { name: 'Cancel the run' });
  await expect(cancel).toBeVisible();
  // While it runs, the program shown before can still be walked through.
  await app.seek(3);
  await cancel.click();
  await expect(page.getByText('The run was cancelled.')).toBeVisible();
  expect(await app.text()).toContain('i8[2048, 2048]');
  await page.getByRole('button', { name: 'Reset to the example' }).click();
  await app.ready();
  await expect(page.getByText('The run was cancelled.')).toBeHidden();
  await app.seek(9);
  expect(await app.cells()).toEqual(before);
});

test('a newer edit replaces a run that is still going on', async ({ app, page }) => {
  await app.open();
  await app.type('input a : i8[1024, 2048]\nweight w : i8[2048, 1024]\noutput a @ w\n');
  await page.getByLabel('columns of PEs').fill('64');
  await app.type('input a : i8[5, 4]\nweight w : i8[4, 4]\noutput a @ w\n');
  await expect(page.locator('#answer')).toContainText('i32[5, 4]');
  await app.ready();
});

test('a crash is said, loses nothing, and does not repeat itself', async ({ app, page }) => {
  app.expected.push('unreachable');
  await page.route('**/assets/worker-*.js', async (route) => {
    const response = await route.fetch();
    // As a panic of the module would show itself, for texts with a certain word.
    const trap = `;{ const hear = self.onmessage; self.onmessage = (event) => {
      if (event.data.kind === 'run' && event.data.text.includes('PANIC')) throw new WebAssembly.RuntimeError('unreachable');
      hear(event);
    }; }`;
    await route.fulfill({ response, body: (await response.text()) + trap });
  });
  await app.open();
  await app.type('# PANIC\ninput a : i8[1, 1]\noutput a\n');
  await expect(page.getByText('Your text is safe.')).toBeVisible();
  expect(await app.text()).toContain('# PANIC');
  await page.waitForTimeout(500);
  await expect(page.locator('html')).toHaveAttribute('data-phase', 'stopped');
  await page.getByRole('button', { name: 'Run again' }).click();
  await expect(page.getByText('Your text is safe.')).toBeVisible();
  // Mending the text is a way on, too.
  await app.type('# calm\ninput a : i8[1, 1]\noutput a\n');
  await app.ready();
  await expect(page.getByText('Your text is safe.')).toBeHidden();
  await page.reload();
  await app.ready();
  await expect(page.locator('#editor')).toContainText('# calm');
});

for (const [name, script] of [
  ['OffscreenCanvas', 'delete window.OffscreenCanvas'],
  ['module workers', 'window.Worker = class { terminate() {} }'],
  ['DecompressionStream for deflate-raw', 'delete window.DecompressionStream'],
  ['WebAssembly with SIMD', 'WebAssembly.validate = () => false'],
] as const) {
  test(`a browser without ${name} is told so`, async ({ app, page }) => {
    await page.addInitScript(script);
    await app.page.goto('./');
    await expect(page.getByRole('alert')).toContainText(`this browser has no ${name}.`);
    await expect(page.locator('main')).toBeHidden();
  });
}

test('a module that cannot be loaded is said, and tried again', async ({ app, page }) => {
  app.expected.push('404', 'Failed to load');
  await page.route('**/*.wasm*', (route) => route.fulfill({ status: 404, body: '' }));
  await page.goto('./');
  await expect(page.getByText('Systole could not start')).toBeVisible();
  await page.unroute('**/*.wasm*');
  await page.getByRole('button', { name: 'Try again' }).click();
  await app.ready();
});

test('the first picture needs a part of the module alone; the rest comes when somebody is there', async ({
  app,
  page,
}) => {
  const asked: string[] = [];
  page.on('request', (request) => asked.push(request.url()));
  await alone(page);
  await app.open();
  expect(asked.filter((url) => url.includes('systole_first'))).toHaveLength(1);
  expect(asked.filter((url) => url.includes('systole_rest'))).toEqual([]);
  await page.locator('body').press('ArrowRight');
  await expect.poll(() => asked.filter((url) => url.includes('systole_rest'))).toHaveLength(1);
});

test('a function that is not there yet is waited for', async ({ app, page }) => {
  // Not what is loaded in good time, but what is fetched when it is missing.
  await page.route('**/systole_rest*.deflate', (route) => route.abort());
  app.expected.push('Failed to load resource');
  await app.open();
  await app.type('input x : bf16[4, 6]\ninput w : bf16[6, 4]\noutput softmax(x @ w, axis=1)\n');
  await app.ready();
  await expect(page.locator('#verdict')).toHaveText('✓ equals the reference');
});

test('without the rest of the module the page says so, loses nothing, and tries again', async ({ app, page }) => {
  app.expected.push('Failed to load', 'NetworkError');
  await page.route('**/systole_rest*', (route) => route.abort());
  await app.open();
  await app.type('input x : bf16[4, 6]\ninput w : bf16[6, 4]\noutput softmax(x @ w, axis=1)\n');
  await expect(page.getByText('A part of the simulator could not be loaded. Your text is safe.')).toBeVisible();
  await page.unroute('**/systole_rest*');
  await page.getByRole('button', { name: 'Run again' }).click();
  await app.ready();
  await expect(page.locator('#verdict')).toHaveText('✓ equals the reference');
});

test('after a reload of a broken program its problems are there, and no picture is claimed', async ({ app, page }) => {
  await app.open();
  await app.type('output rellu(a)\n');
  await expect(page.locator('#problems li').first()).toBeVisible();
  await expect(page.locator('#stale')).toBeVisible();
  await page.reload();
  await expect(page.locator('#problems li').first()).toBeVisible();
  await expect(page.locator('html')).toHaveAttribute('data-phase', 'error');
  await expect(page.locator('#stale')).toBeHidden();
});
