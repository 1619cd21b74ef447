// The Compiled tab: the graph, the passes, the loops, the instructions, a PE in code, and assembly with a run of its own.

import type { Locator, Page } from '@playwright/test';

import { type App, expect, test } from './page.ts';

async function opened(app: App, page: Page, view: string): Promise<Locator> {
  await app.open();
  await app.chooseDigits();
  await page.getByRole('tab', { name: 'Compiled' }).click();
  await page.getByRole('tab', { name: view, exact: true }).click();
  return page.getByRole('tabpanel', { name: view, exact: true });
}

const line = (panel: Locator, text: string) => panel.locator('.code-line', { hasText: text });

test('the instruction that runs is marked as the clock moves, and scrolled to', async ({ app, page }) => {
  const panel = await opened(app, page, 'Instructions');
  await app.seek(230);
  await expect(panel).toHaveAttribute('data-cycle', '230');
  const busy = panel.locator('.code-line.busy');
  await expect(busy.filter({ hasText: 'multiply' })).toContainText('matrix 0');
  await expect(busy.filter({ hasText: 'fetch' })).toContainText('weight fetch 0');
  await expect(panel.locator('.units li', { hasText: 'matrix 0' })).toContainText('line 29 h, until 234');
  // The vector unit works on the sums of h later, and its line comes into view.
  await app.seek(343);
  await expect(busy.filter({ hasText: 'vector' })).toContainText('vector 0');
  await app.seek(860);
  const ending = panel.locator('.code-line:is(.busy, .ending)');
  await expect(ending.filter({ hasText: 'write' })).toBeInViewport();
  await panel.getByLabel('Follow the clock').uncheck();
  await app.seek(230);
  await expect(panel).toHaveAttribute('data-cycle', '230');
  await expect(busy.filter({ hasText: 'multiply' })).not.toBeInViewport();
});

test('an instruction that is clicked seeks to its start and picks its operator everywhere', async ({ app, page }) => {
  const panel = await opened(app, page, 'Instructions');
  await app.seek(0);
  await line(panel, 'vector h@ub').hover();
  await expect(panel.getByRole('status')).toContainText('on vector 0, time 1 of 4');
  await line(panel, 'vector h@ub').click();
  await expect(page.locator('#stage')).not.toHaveAttribute('data-cycle', '0');
  const start = await page.locator('#stage').getAttribute('data-cycle');
  await app.shows(Number(start));
  await expect(panel.locator('.code-line.busy', { hasText: 'vector h@ub' })).toBeVisible();
  await expect(panel.locator('.code-line.picked').first()).toBeVisible();
  // Once more: the next time.
  await line(panel, 'vector h@ub').click();
  await expect(page.locator('#stage')).not.toHaveAttribute('data-cycle', start!);
  // The same operator is picked in the program, in the loops and in the graph.
  await page.getByRole('tab', { name: 'Loops', exact: true }).click();
  await expect(page.locator('#loops .code-line.picked').first()).toContainText('# h: i8[8, 32]');
  await page.getByRole('tab', { name: 'Graph', exact: true }).click();
  await expect(page.locator('#compiled-graph').getByRole('status')).toContainText('h = @ w1 i8[64, 32]');
  await page.getByRole('tab', { name: 'Program', exact: true }).click();
  await expect(page.locator('.marked-line').first()).toBeVisible();
});

test('by keyboard: between the views, along lines, and to where one begins', async ({ app, page }) => {
  const panel = await opened(app, page, 'Instructions');
  await app.seek(0);
  await page.getByRole('tab', { name: 'Instructions', exact: true }).focus();
  await page.keyboard.press('ArrowLeft');
  await expect(page.getByRole('tab', { name: 'Loops', exact: true })).toBeFocused();
  await expect(page.locator('#loops')).toBeVisible();
  await page.keyboard.press('ArrowRight');
  const list = panel.getByRole('listbox');
  await list.focus();
  await page.keyboard.press('Home');
  for (let step = 0; step < 28; step++) await page.keyboard.press('ArrowDown');
  await expect(panel.getByRole('option', { selected: true })).toContainText('multiply');
  await expect(list).toHaveAttribute('aria-activedescendant', 'instructions-28');
  await page.keyboard.press('Enter');
  await expect(page.locator('#stage')).not.toHaveAttribute('data-cycle', '0');
});

test('loops tell tiles, bounds and places, and how far they have come', async ({ app, page }) => {
  const panel = await opened(app, page, 'Loops');
  await expect(line(panel, '# x stays in the unified buffer')).toBeVisible();
  await expect(line(panel, 'for n in 0..32 step 8:')).toContainText('4 times');
  await app.seek(230);
  await expect(panel).toHaveAttribute('data-cycle', '230');
  await expect(line(panel, 'for k in 0..64 step 8:')).toContainText('at 16, 3 of 8');
  await expect(line(panel, 'for n in 0..32 step 8:')).toContainText('at 0, 1 of 4');
  await app.seek(600);
  await expect(panel).toHaveAttribute('data-cycle', '600');
  await expect(line(panel, 'for n in 0..32 step 8:')).not.toContainText('1 of 4');
  await line(panel, '# y: i32[8, 10]').click();
  await expect(panel.locator('.code-line.picked').first()).toContainText('# y: i32[8, 10]');
});

test('the graph is drawn, picked in by mouse and keys, and there as a list', async ({ app, page }) => {
  const panel = await opened(app, page, 'Graph');
  await expect(panel).toHaveAttribute('data-ops', '3');
  await expect(panel.locator('canvas')).toBeVisible();
  const box = panel.getByRole('application');
  await box.focus();
  await page.keyboard.press('ArrowDown');
  await expect(panel.getByRole('status')).toContainText('h = @ w1 i8[64, 32] | + b1 i32[32] | requant');
  await page.keyboard.press('ArrowDown');
  await expect(panel.getByRole('status')).toContainText('y = @ w2 i8[32, 10] | + b2 i32[10] of h: i32[8, 10]');
  const { width } = (await box.boundingBox())!;
  await box.click({ position: { x: width / 2, y: 160 } });
  await expect(panel.getByRole('status')).toContainText('h = @');
  await panel.getByLabel('As a list').check();
  await panel.getByRole('option', { name: /^argmax/ }).click();
  await expect(panel.getByRole('option', { name: /^argmax/ })).toHaveClass(/picked/);
});

test('a network of a thousand operators is laid out and scrolled through', async ({ app, page }) => {
  await app.open();
  const layers = Array.from({ length: 1000 }, (_, at) => `h${at + 1} = requant(h${at} @ w, shift=4)`);
  await app.type(['input h0 : i8[4, 4]', 'weight w : i8[4, 4]', ...layers, 'output h1000'].join('\n'));
  await expect(page.locator('#counts')).not.toContainText('60 cycles', { timeout: 30_000 });
  await app.ready();
  await page.getByRole('tab', { name: 'Compiled' }).click();
  const panel = page.locator('#compiled-graph');
  await expect(panel).toHaveAttribute('data-ops', '1000');
  await panel.getByRole('application').focus();
  await page.keyboard.press('End');
  await expect(panel.getByRole('status')).toContainText('h1000 = @ w');
  await expect.poll(() => panel.getByRole('application').evaluate((box) => box.scrollTop)).toBeGreaterThan(50_000);
  await page.getByRole('tab', { name: 'Instructions', exact: true }).click();
  const list = page.locator('#instructions');
  await list.focus();
  await page.keyboard.press('End');
  await expect(list.locator('.code-line').last()).toContainText('}');
  expect(await list.locator('.code-line').count()).toBeLessThan(120);
});

test('a pass says what it did and why, shows before and after, and is left out', async ({ app, page }) => {
  const panel = await opened(app, page, 'Passes');
  const fuse = panel.locator('[data-pass=fuse]');
  await expect(fuse).toContainText('in the drain of @');
  await expect(fuse.locator('.pass-cycles')).toHaveText('without it 956 cycles, +94');
  await fuse.getByText('Before and after').click();
  await expect(fuse.locator('.change-new', { hasText: '= acc | + b1[n:n+8] | requant' })).toBeVisible();
  await expect(fuse.locator('.change-gone').first()).toBeVisible();
  await fuse.getByRole('switch').uncheck();
  await expect(page.locator('#counts')).toContainText('956 cycles');
  await expect(page.getByRole('tab', { name: 'Compiled' })).toHaveText('Compiled 1 left out');
  await expect(panel.locator('> [role=status]')).toContainText('956 cycles without fuse');
  await expect(fuse.locator('.pass-cycles')).toHaveText('with it 862 cycles, −94');
  await expect(page.locator('#verdict')).toHaveText('✓ equals the reference');
  await panel.getByRole('button', { name: 'All passes again' }).click();
  await expect(page.locator('#counts')).toContainText('862 cycles');
});

test('the PE is code of this chip, with what it holds', async ({ app, page }) => {
  const panel = await opened(app, page, 'PE');
  await app.seek(230);
  const hardware = panel.getByLabel('The PE as hardware');
  await expect(hardware).toContainText('PE(0, 0) of 8 x 8, weights stay, at the end of cycle 230');
  await expect(hardware).toContainText('sum <= sum_in + act_in * (swap ? next : weight);');
  const cells = await app.cells();
  await expect(hardware).toContainText(`if (swap) weight <= next;    // ${cells.get('0,0')!.weight}`);
  await expect(panel.getByLabel('The PE as a function')).toContainText('fn cycle(&mut self, inputs: Inputs)');
  await page.getByRole('tab', { name: 'Chip' }).click();
  await page.getByLabel('dataflow').selectOption('os');
  await page.getByRole('tab', { name: 'Compiled' }).click();
  await expect(hardware).toContainText('sums stay');
  await expect(hardware).toContainText('drain <= done ? sum : drain_in;');
});

/** Nothing but there and back. */
const COPY = `input a : i8[4, 4]
unified a@ub : i8[4, 4]
output b : i8[4, 4]
op through
read a@ub = a  signal here
write b = a@ub  wait here
`;

test('assembly is edited, run in the same stage, and left again', async ({ app, page }) => {
  const panel = await opened(app, page, 'Assembly');
  const text = panel.getByRole('textbox', { name: 'Assembly' });
  await expect(text).toHaveValue(/multiply acc\[2048\*k mod 4096\]/);
  await panel.getByRole('button', { name: 'Run' }).click();
  await expect(page.locator('#verdict')).toHaveText('from the assembly, not compared');
  await expect(page.locator('#counts')).toContainText('862 cycles');
  await expect(page.locator('#answer')).toContainText('3');
  await expect(page.getByRole('button', { name: 'Back to the program' })).toBeVisible();
  // Quite another one.
  await text.fill(COPY);
  await text.press('Control+Enter');
  await expect(page.locator('#counts')).not.toContainText('862 cycles');
  await page.getByRole('tab', { name: 'Graph', exact: true }).click();
  await expect(page.locator('#compiled-graph').getByRole('status')).toContainText('An assembly has no graph');
  await page.getByRole('tab', { name: 'Instructions', exact: true }).click();
  await expect(page.locator('#instructions .code-line', { hasText: 'op through' })).toBeVisible();
  await page.getByRole('button', { name: 'Back to the program' }).click();
  await expect(page.locator('#verdict')).toHaveText('✓ equals the reference');
  await expect(page.locator('#counts')).toContainText('862 cycles');
});

test('what is wrong with an assembly is said with its line and how to mend it', async ({ app, page }) => {
  const panel = await opened(app, page, 'Assembly');
  const text = panel.getByRole('textbox', { name: 'Assembly' });
  await expect(text).toHaveValue(/multiply/);
  await text.fill('input a : i8[4, 4]\nmultply acc[0] = a\n');
  await panel.getByRole('button', { name: 'Run' }).click();
  const problem = panel.locator('.assembly-problems li').first();
  await expect(problem).toContainText('error line 2, column 1:');
  await expect(problem.locator('.hint')).toContainText('multiply');
  await expect(page.locator('#verdict')).toHaveText('✓ equals the reference');
  // Hostile texts are answers, too.
  for (const hostile of ['\u0000'.repeat(2000), '{'.repeat(50_000), 'repeat 4294967295 as i {\n'.repeat(20)]) {
    await text.fill(hostile);
    await panel.getByRole('button', { name: 'Run' }).click();
    await expect(problem).toContainText('error');
    await expect(panel.getByRole('status')).toContainText('It does not run');
  }
  // A file that there is not has its words in the other module.
  await text.fill('input a : i8[4, 4] = load("nowhere.npy")\noutput a\n');
  await panel.getByRole('button', { name: 'Run' }).click();
  await expect(problem).toContainText('nowhere.npy');
});

test('axe-core finds nothing serious in any of the views, light or dark, wide or narrow', async ({ app, page }) => {
  await opened(app, page, 'Graph');
  for (const size of [
    { width: 1440, height: 900 },
    { width: 360, height: 740 },
  ]) {
    await page.setViewportSize(size);
    for (const view of ['Graph', 'Passes', 'Loops', 'Instructions', 'PE', 'Assembly']) {
      await page.getByRole('tab', { name: view, exact: true }).click();
      await page.waitForTimeout(300);
      expect(await app.violations(), `${view} at ${size.width}`).toEqual([]);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      expect(wide, `${view} at ${size.width} is not wider than the window`).toBeLessThanOrEqual(0);
    }
    await page.getByRole('button', { name: 'Switch between light and dark' }).click();
  }
});
