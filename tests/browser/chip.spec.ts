// The chip: presets, fields, dataflows, files.

import { alone, expect, test } from './page';

const counts = '#counts';

test('a preset is chosen, a field changed and undone, and the run follows', async ({ app, page }) => {
  await app.open();
  await page.getByRole('tab', { name: 'Chip' }).click();
  await expect(page.locator('#chip-summary')).toContainText('a matrix unit of 4 x 4 at 100 MHz');
  await expect(page.locator(counts)).toContainText('the last MAC after 28');
  // Eight bytes a cycle bring the tile two cycles earlier.
  await page.getByLabel('DRAM bandwidth').fill('0.8');
  await expect(page.locator(counts)).toContainText('the last MAC after 26');
  await expect(page.locator('#chip-help')).toContainText('Changed; it was 0.4.');
  await expect(page.getByRole('tab', { name: 'Chip 1 change' })).toBeVisible();
  await page.getByRole('button', { name: 'Undo changes' }).click();
  await expect(page.locator(counts)).toContainText('the last MAC after 28');
  await expect(page.getByLabel('DRAM bandwidth')).toHaveValue('0.4');

  await page.getByLabel('chip', { exact: true }).selectOption('tpu-v1');
  await expect(page.locator('#chip-summary')).toContainText('91.8 T operations a second on i8');
  await expect(page.locator('#chip-sources')).toContainText('ISCA 2017');
  await expect(page.getByLabel('rows of PEs')).toHaveValue('256');
  await page.getByLabel('DRAM latency').focus();
  await expect(page.locator('#chip-help')).toContainText('Assumed: typical of DDR3.');
  await expect(page.locator('.field[data-key=dram_latency_ns] .origin')).toHaveText('assumed');
  await app.ready();
  await expect(page.locator('#verdict')).toContainText('equals the reference');
});

test('every dataflow runs, and its own lanes and classes are shown', async ({ app, page }) => {
  await app.open();
  await app.chooseDigits();
  await page.getByRole('tab', { name: 'Chip' }).click();
  const seen = new Set<string>();
  for (const dataflow of ['ws', 'is', 'os']) {
    await page.getByLabel('dataflow').selectOption(dataflow);
    await app.ready();
    await expect(page.locator('#verdict')).toContainText('equals the reference');
    await expect(page.locator('#answer')).toContainText('3');
    seen.add(await page.locator(counts).innerText());
    // Where sums stay, no weights are loaded.
    await page.getByText('How busy each unit was').click();
    const loads = page.getByRole('table', { name: 'Cycles in which each unit was busy' }).getByText('weight load');
    await expect(loads).toHaveCount(dataflow === 'os' ? 0 : 1);
    await page.getByText('How busy each unit was').click();
  }
  expect(seen.size).toBe(3);
});

test('several matrix units are there to choose from', async ({ app, page }) => {
  await app.open();
  await page.getByRole('tab', { name: 'Chip' }).click();
  await page.getByLabel('matrix units').fill('4');
  await app.ready();
  await expect(page.locator('#unit option')).toHaveCount(4);
  await page.getByLabel('cores', { exact: true }).fill('3');
  await expect(page.getByRole('alert')).toContainText('4 matrix units cannot be shared evenly by 3 cores');
  await page.getByLabel('cores', { exact: true }).fill('2');
  await app.ready();
  await expect(page.locator('#chip-problem')).toBeHidden();
});

test('impossible values are named beside the field, and the last run stays', async ({ app, page }) => {
  await app.open();
  const before = await page.locator(counts).innerText();
  await page.getByLabel('rows of PEs').fill('513');
  await expect(page.getByRole('alert')).toContainText('`rows` cannot be `513`; it is a whole number from 1 to 512');
  await expect(page.getByLabel('rows of PEs')).toHaveAttribute('aria-invalid', 'true');
  await page.getByRole('tab', { name: 'Chip' }).click();
  await expect(page.locator('#chip-rows')).toHaveAttribute('aria-invalid', 'true');
  await expect(page.getByRole('button', { name: 'Save as a chip file' })).toBeDisabled();
  for (const [field, value, said] of [
    ['clock', 'fast', '`clock_mhz` cannot be `fast`'],
    ['DRAM bandwidth', '-1', '`dram_gb_per_s` cannot be `-1`'],
    ['DRAM capacity', '1e300', '`dram_gib` cannot be `1e300`'],
  ] as const) {
    await page.getByLabel(field, { exact: true }).fill(value);
    await expect(page.getByRole('alert')).toContainText(said);
  }
  await expect(page.locator(counts)).toHaveText(before);
  await page.getByRole('button', { name: 'Undo changes' }).click();
  await expect(page.locator('#chip-problem')).toBeHidden();
  // What contradicts itself is said once every value by itself can be.
  await page.getByLabel('host latency', { exact: true }).fill('5');
  await expect(page.getByRole('alert')).toContainText('a latency and no bandwidth');
  await expect(page.locator(counts)).toHaveText(before);
  // A program is checked all the same.
  await page.getByRole('tab', { name: 'Program' }).click();
  await app.type('output a @ b\n');
  await expect(page.locator('#problems')).toContainText('nothing is called `a`');
});

test('a side that is too large and one that is not lose nothing', async ({ app, page }) => {
  await app.open();
  await page.getByRole('tab', { name: 'Chip' }).click();
  await page.getByLabel('DRAM bandwidth').fill('0.8');
  await page.getByLabel('rows of PEs').fill('600');
  await page.getByLabel('columns of PEs').fill('16');
  await expect(page.getByRole('alert')).toContainText('`rows` cannot be `600`');
  await expect(page.locator('#stale')).toBeVisible();
  await page.getByLabel('rows of PEs').fill('6');
  await app.ready();
  await expect(page.locator('#stale')).toBeHidden();
  await expect(page.locator('#chip-summary')).toContainText('a matrix unit of 6 x 16');
  await expect(page.getByLabel('DRAM bandwidth')).toHaveValue('0.8');
  // The vector unit of a classroom chip has a lane a column, by whichever field columns are changed.
  await expect(page.getByLabel('lanes')).toHaveValue('16');
  await page.locator('#chip-cols').fill('12');
  await expect(page.getByLabel('lanes')).toHaveValue('12');
});

test('a changed chip that another one replaces can be had again', async ({ app, page }) => {
  await app.open();
  await page.getByRole('tab', { name: 'Chip' }).click();
  await page.getByLabel('DRAM bandwidth').fill('0.8');
  await expect(page.locator(counts)).toContainText('the last MAC after 26');
  await page.getByLabel('chip', { exact: true }).selectOption('tpu-v1');
  await expect(page.locator('#chip-summary')).toContainText('91.8 T');
  await page.reload();
  await app.ready();
  const kept = page.locator('#example optgroup[label="Kept in this browser"] option');
  await expect(kept).toHaveCount(1);
  await page.getByLabel('example').selectOption((await kept.first().getAttribute('value'))!);
  await expect(page.locator(counts)).toContainText('the last MAC after 26');
});

test('a chip file that cannot be read for want of its module is said', async ({ app, page }) => {
  app.expected.push('Failed to load resource', 'NetworkError');
  await alone(page);
  await app.open();
  await page.route('**/systole_rest*', (route) => route.abort());
  await page.locator('#chooser').setInputFiles({ name: 'MINE.TOML', mimeType: '', buffer: Buffer.from('rows = 4') });
  await expect(page.locator('#notices')).toContainText('MINE.TOML could not be read');
  await expect(page.getByText('A part of the simulator could not be loaded. Your text is safe.')).toBeVisible();
});

test('a form that cannot be shown is said, and comes the next time; the chip can be changed without it', async ({
  app,
  page,
}) => {
  app.expected.push('Failed to load resource');
  await app.open();
  await page.route('**/chip-form*', (route) => route.abort());
  await page.getByRole('tab', { name: 'Chip' }).click();
  await expect(page.locator('#notices')).toContainText('The form could not be shown');
  await expect(page.getByRole('button', { name: 'Save as a chip file' })).toBeDisabled();
  await page.getByLabel('chip', { exact: true }).selectOption('tpu-v1');
  await expect(page.getByLabel('rows of PEs')).toHaveValue('256');
  // A side that is changed and changed back is no change.
  await page.getByLabel('rows of PEs').fill('128');
  await expect(page.getByRole('tab', { name: 'Chip 1 change' })).toBeVisible();
  await page.getByLabel('rows of PEs').fill('256');
  await expect(page.locator('#chip-changes')).toBeEmpty();
  await app.ready();
  await page.unroute('**/chip-form*');
  await page.getByRole('tab', { name: 'Program' }).click();
  await page.getByRole('tab', { name: 'Chip' }).click();
  await expect(page.locator('#chip-rows')).toHaveValue('256');
  await expect(page.getByRole('button', { name: 'Save as a chip file' })).toBeEnabled();
});

test('a chip file is dropped, kept over a reload, and saved', async ({ app, page }) => {
  await app.open();
  const file = (text: string) => ({ name: 'mine.toml', mimeType: 'text/plain', buffer: Buffer.from(text) });
  await page.locator('#chooser').setInputFiles(file('based_on = "classroom-4x4"\nrows = 9999\ncolour = 1\n'));
  await expect(page.locator('#notices')).toContainText('mine.toml is not taken. line 2: `rows` cannot be `9999`');
  await expect(page.locator('#notices')).toContainText('line 3: a chip has no `colour`');
  await expect(page.getByLabel('chip', { exact: true })).toHaveValue('classroom-4x4');

  const mine = 'based_on = "classroom-4x4"\ndram_gb_per_s = 0.8\n[assumed]\ndram_gb_per_s = "a faster one"\n';
  await page.locator('#chooser').setInputFiles(file(mine));
  await expect(page.locator(counts)).toContainText('the last MAC after 26');
  await expect(page.getByLabel('chip', { exact: true })).toHaveValue('mine.toml');
  await page.getByRole('tab', { name: 'Chip' }).click();
  await page.getByLabel('DRAM bandwidth').focus();
  await expect(page.locator('#chip-help')).toContainText('Assumed: a faster one.');
  await page.getByLabel('DRAM latency').fill('0');
  await expect(page.locator(counts)).toContainText('the last MAC after 16');

  await page.reload();
  await app.ready();
  await expect(page.locator(counts)).toContainText('the last MAC after 16');
  await expect(page.getByLabel('chip', { exact: true })).toHaveValue('mine.toml');
  await page.getByRole('tab', { name: 'Chip' }).click();
  const [saved] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Save as a chip file' }).click(),
  ]);
  const text = await (await saved.createReadStream()).toArray().then((parts) => Buffer.concat(parts).toString());
  expect(text).toContain('dram_gb_per_s = 0.8\ndram_latency_ns = 0\n');
  expect(text).toContain('dram_gb_per_s = "a faster one"');
});

test('tabs and fields work by keyboard, and nobody is kept out', async ({ app, page }) => {
  await app.open();
  await page.getByRole('tab', { name: 'Program' }).focus();
  await page.keyboard.press('ArrowRight');
  await expect(page.getByRole('tab', { name: 'Chip' })).toBeFocused();
  await expect(page.getByLabel('name', { exact: true })).toBeVisible();
  await page.keyboard.press('Tab');
  await expect(page.getByRole('radio', { name: 'Form' })).toBeFocused();
  await page.keyboard.press('Tab');
  await expect(page.getByLabel('name', { exact: true })).toBeFocused();
  await expect(page.locator('#chip-help')).toContainText('What people call it.');
  expect(await app.violations()).toEqual([]);
});

test('a draft of the first version, whose chip was two sides, is opened', async ({ app, page }) => {
  await app.open();
  const text = 'input a : i8[4, 4]\nweight w : i8[4, 4]\noutput a @ w\n';
  const draft = { text, chip: { rows: 2, cols: 3 }, example: 'product', time: 1 };
  await page.evaluate((draft) => sessionStorage.setItem('systole.draft', JSON.stringify(draft)), draft);
  // The page keeps its own draft when it is left.
  await page.addInitScript((draft) => sessionStorage.setItem('systole.draft', JSON.stringify(draft)), draft);
  await page.reload();
  await app.ready();
  await expect(page.getByLabel('rows of PEs')).toHaveValue('2');
  await expect(page.getByLabel('columns of PEs')).toHaveValue('3');
  await expect(page.locator('#verdict')).toContainText('equals the reference');
});

test('the chip as text is in step with its form, both ways, and each change can be taken back', async ({
  app,
  page,
}) => {
  await app.open();
  await page.getByRole('tab', { name: 'Chip' }).click();
  await page.getByLabel('DRAM bandwidth').fill('0.8');
  await expect(page.locator(counts)).toContainText('the last MAC after 26');
  await page.getByText('Text', { exact: true }).click();
  const text = page.getByLabel('The chip as text');
  await expect(text).toHaveValue(/\ndram_gb_per_s = 0\.8\n/);
  const before = await text.inputValue();

  await text.fill(before.replace('dram_latency_ns = 100', 'dram_latency_ns = 0  # at once'));
  await expect(page.locator(counts)).toContainText('the last MAC after 16');
  await expect(page.getByRole('tab', { name: 'Chip 2 changes' })).toBeVisible();
  // What was typed stays as it was typed.
  await expect(text).toHaveValue(/# at once/);
  await page.getByText('Form', { exact: true }).click();
  await expect(page.getByLabel('DRAM latency')).toHaveValue('0');
  await expect(page.locator('.field[data-key=dram_latency_ns] .origin')).toHaveText('changed');

  await page.getByRole('button', { name: 'Undo', exact: true }).click();
  await expect(page.locator(counts)).toContainText('the last MAC after 26');
  await page.getByText('Text', { exact: true }).click();
  await expect(text).toHaveValue(before);
  await page.getByRole('button', { name: 'Redo', exact: true }).click();
  await expect(page.locator(counts)).toContainText('the last MAC after 16');
  await page.getByText('Form', { exact: true }).click();
  await page.getByLabel('clock', { exact: true }).focus();
  await page.keyboard.press('Control+z');
  await expect(page.locator(counts)).toContainText('the last MAC after 26');
  await page.keyboard.press('Control+Shift+z');
  await expect(page.locator(counts)).toContainText('the last MAC after 16');
});

test('what is wrong with the text is said with its line and a hint, and the last chip stays', async ({ app, page }) => {
  await app.open();
  await page.getByRole('tab', { name: 'Chip' }).click();
  await page.getByText('Text', { exact: true }).click();
  const text = page.getByLabel('The chip as text');
  await expect(text).toHaveValue(/clock_mhz = 100\n/);
  const before = await text.inputValue();
  const line = before.split('\n').findIndex((line) => line.startsWith('clock_mhz')) + 1;
  await text.fill(before.replace('clock_mhz = 100', 'clokc_mhz = 100'));
  const problems = page.getByRole('list', { name: 'Problems of the text' });
  await expect(problems).toContainText(`line ${line}, column 1: a chip has no \`clokc_mhz\``);
  await expect(problems).toContainText('did you mean `clock_mhz`?');
  await expect(text).toHaveAttribute('aria-invalid', 'true');
  await expect(page.locator('#chip-changes')).toBeEmpty();
  expect(await app.everyViolation()).toEqual([]);
  await problems.getByRole('button').first().click();
  await expect(text).toBeFocused();
  expect(
    await text.evaluate((area: HTMLTextAreaElement) => area.value.slice(area.selectionStart, area.selectionEnd)),
  ).toBe('clokc_mhz');
  // Another reason makes it a chip of one's own; what stands in a text is no HTML.
  await text.fill(`${before.split('[assumed]')[0]}[assumed]\nclock_mhz = "<img src=x onerror=alert(1)>"\n`);
  await expect(problems).toBeEmpty();
  await expect(page.getByLabel('chip', { exact: true })).toHaveValue('classroom-4x4.toml');
  await page.getByText('Form', { exact: true }).click();
  await page.getByLabel('clock', { exact: true }).focus();
  await expect(page.locator('#chip-help')).toContainText('Assumed: <img src=x onerror=alert(1)>.');
});

test('what is assumed has a sign and its reason, and a field leads to its source', async ({ app, page }) => {
  await app.open();
  await page.getByRole('tab', { name: 'Chip' }).click();
  await page.getByLabel('chip', { exact: true }).selectOption('tpu-v1');
  await expect(page.locator('#chip-summary')).toContainText('91.8 T');
  const assumed = page.locator('.field[data-key=dram_latency_ns] .assumed');
  await expect(assumed).toHaveAttribute('title', 'Assumed: typical of DDR3.');
  expect(await assumed.evaluate((mark) => getComputedStyle(mark, '::before').content)).toBe('"≈ "');
  await page.locator('.field[data-key=clock_mhz] .origin a').click();
  await expect(page.locator('#chip-source-1')).toBeFocused();
  await expect(page.locator('#chip-source-1')).toContainText('ISCA 2017');
  await page.getByLabel('chip', { exact: true }).selectOption('tpu-v5e');
  await expect(page.locator('#chip-sources a').first()).toHaveAttribute('href', /^https:\/\/[a-z.-]+\//);
});
