// Links: the whole state of a figure in the page's address, written as one works and read for ever.

import { readFileSync } from 'node:fs';
import type { Page } from '@playwright/test';
import { expect, test } from './page.ts';

interface Golden {
  of: string;
  hash: string;
  /** What the page shows when it is opened, by the id of an element, or of one within it. */
  shows: Record<string, string>;
}

/** Links of every version ever published. A line is never changed: it stands in somebody's page. */
const GOLDEN = JSON.parse(readFileSync(new URL('../data/links.json', import.meta.url), 'utf8')) as Golden[];

async function address(page: Page): Promise<string> {
  return page.evaluate(() => location.hash);
}

for (const { of, hash, shows } of GOLDEN) {
  test(`a published link opens what it showed: ${of}`, async ({ page }) => {
    await page.goto(`./${hash}`);
    await expect(page.locator('html')).toHaveAttribute('data-furnished');
    for (const [id, text] of Object.entries(shows)) await expect(page.locator(`#${id}`), id).toContainText(text);
    await expect(page.locator('#notices li')).toHaveCount(0);
  });
}

test('the address follows what is seen, from the first thing that is done on', async ({ app, page }) => {
  await app.open();
  // It plays by itself, and nobody has done anything yet.
  await page.waitForTimeout(900);
  expect(await address(page)).toBe('');
  await app.seek(17);
  await expect.poll(() => address(page)).toBe('#v=1&ex=product&c=17');
  await page.locator('#cells td[data-row="1"][data-col="2"]').click();
  await expect.poll(() => address(page)).toBe('#v=1&ex=product&c=17&pe=1,2');
  await page.locator('#rows').fill('3');
  await page.locator('#cols').fill('5');
  await expect.poll(() => address(page)).toContain('&chip=classroom-3x5&');
  await app.type('input a : i8[2, 2]\n# one, two: ä 測\nweight b : i8[2, 2]\noutput a @ b\n');
  await expect.poll(() => address(page)).toMatch(/&z=[A-Za-z0-9_-]+$/);
});

test('what one sees is what another opens, and it is not among their own programs @chromium', async ({
  app,
  page,
  browser,
}) => {
  const text = 'input a : i8[2, 2]\n# one, two: ä 測 </script><b>\nweight b : i8[2, 2]\noutput relu(a @ b)\n';
  await app.open();
  await app.type(text);
  await page.locator('#rows').fill('6');
  await app.ready();
  await app.seek(11);
  await page.locator('#cells td[data-row="1"][data-col="1"]').click();
  await expect.poll(() => address(page)).toContain('pe=1,1');
  const seen = await page.locator('#caption').innerText();

  const other = await (await browser.newContext()).newPage();
  await other.goto(page.url());
  await expect(other.locator('html')).toHaveAttribute('data-furnished');
  await expect(other.locator('#clock')).toContainText('cycle 11 of');
  await expect(other.locator('#caption')).toHaveText(seen);
  await expect(other.locator('#rows')).toHaveValue('6');
  await expect(other.locator('#plain')).toHaveValue(text);
  expect(
    await other.evaluate(() => Object.keys(localStorage).filter((key) => key.startsWith('systole.drafts'))),
  ).toEqual([]);
  await other.context().close();
});

test('after a reload there is what was typed last, and a link typed over the address opens', async ({ app, page }) => {
  await app.open();
  await app.seek(9);
  await expect.poll(() => address(page)).toBe('#v=1&ex=product&c=9');
  await app.type('input a : i8[2, 2]\noutput relu(a)\n');
  await app.ready();
  await page.reload();
  await expect(page.locator('html')).toHaveAttribute('data-furnished');
  expect(await app.text()).toContain('relu(a)');
  await page.evaluate(() => (location.hash = '#v=1&ex=layers&c=40'));
  await expect(page.locator('#clock')).toContainText('cycle 40 of');
  expect(await app.text()).toContain('h1 = layer(x, n=width)');
});

/** What of a link is not the picture's: how numbers are written, and the cycles that the timeline shows. */
async function ways(page: Page): Promise<[string, string]> {
  return [await page.locator('#notation').inputValue(), await page.locator('#lookup output').innerText()];
}

test('how numbers are written and which cycles the timeline shows are in the link, and come back by it @chromium', async ({
  app,
  page,
  browser,
}) => {
  await app.open();
  await app.seek(20);
  await page.getByLabel('Numbers', { exact: true }).selectOption('indices');
  await expect.poll(() => address(page)).toBe('#v=1&ex=product&c=20&n=indices');
  await page.getByRole('button', { name: 'Show fewer cycles' }).click();
  await expect.poll(() => address(page)).toBe('#v=1&ex=product&c=20&n=indices&t=10-39');
  const seen = await ways(page);
  expect(seen).toEqual(['indices', '10–39']);
  const sum = await page.locator('#cells td[aria-selected=true]').getAttribute('data-psum');

  const other = await (await browser.newContext()).newPage();
  await other.goto(page.url());
  await expect(other.locator('html')).toHaveAttribute('data-furnished');
  await expect.poll(() => ways(other)).toEqual(seen);
  await expect(other.locator('#cells td[aria-selected=true]')).toHaveAttribute('data-psum', sum!);
  // Without them, all is as if nobody had said so: what somebody else chose is not kept.
  await other.evaluate(() => (location.hash = '#v=1&ex=product&c=21'));
  await expect(other.locator('#clock')).toContainText('cycle 21 of');
  await expect.poll(() => ways(other)).toEqual(['decimal', '']);
  expect(await other.evaluate(() => localStorage.getItem('systole.numbers'))).toBeNull();
  await other.context().close();

  await page.getByLabel('Numbers', { exact: true }).selectOption('decimal');
  await page.getByRole('button', { name: 'Fit the whole run' }).click();
  await expect.poll(() => address(page)).toBe('#v=1&ex=product&c=20');
});

test('a reader’s own way to write numbers gives way to a link’s, and is there again without one', async ({
  app,
  page,
}) => {
  await app.open();
  await page.getByLabel('Numbers', { exact: true }).selectOption('hexadecimal');
  await page.goto('about:blank');
  await page.goto('./#v=1&ex=product&c=20&n=indices');
  await expect(page.locator('html')).toHaveAttribute('data-furnished');
  await expect(page.locator('#notation')).toHaveValue('indices');
  await page.goto('about:blank');
  await page.goto('./#v=1&ex=product&c=20');
  await expect(page.locator('html')).toHaveAttribute('data-furnished');
  await expect(page.locator('#notation')).toHaveValue('decimal');
  await page.goto('about:blank');
  await page.goto('./');
  await expect(page.locator('html')).toHaveAttribute('data-furnished');
  await expect(page.locator('#notation')).toHaveValue('hexadecimal');
});

test('cycles beyond the run are moved into it, and a next link shows nothing of the one before', async ({ page }) => {
  await page.goto('./#v=1&ex=product&pe=1,2&l=2&t=9007199254740900-9007199254740930');
  await expect(page.locator('html')).toHaveAttribute('data-furnished');
  await expect(page.locator('#lookup output')).toHaveText('29–59');
  await expect(page.locator('#canvas-host')).toHaveAttribute('data-level', 'pe');
  await page.evaluate(() => (location.hash = '#v=1&ex=product&c=9'));
  await expect(page.locator('#pe-title')).toHaveText('PE 0, 0 in cycle 9');
  await expect(page.locator('#canvas-host')).toHaveAttribute('data-level', 'chip');
  await expect(page.locator('#lookup output')).toHaveText('');
});

/** Lets a file come only when it is let go. */
async function held(page: Page, file: string): Promise<() => void> {
  let go = () => {};
  const gone = new Promise<void>((resolve) => (go = resolve));
  await page.route(`**/${file}`, async (route) => {
    await gone;
    await route.continue();
  });
  return go;
}

test('of two links, the one that was opened last is shown, whichever program comes first', async ({ app, page }) => {
  await app.open();
  const go = await held(page, 'examples/layers.systole');
  const asked = page.waitForRequest('**/examples/layers.systole');
  await page.evaluate(() => (location.hash = '#v=1&ex=layers&c=40&pe=1,1&t=30-59'));
  await asked;
  await page.evaluate(() => (location.hash = '#v=1&ex=product&c=17'));
  await expect(page.locator('#clock')).toHaveText('cycle 17 of 60');
  const came = page.waitForResponse('**/examples/layers.systole');
  go();
  await came;
  // Something that comes after whatever the late program could do.
  await app.type('input a : i8[4, 4]\nweight w : i8[4, 4]\noutput relu(a @ w)\n');
  await expect(page.locator('#problems')).toBeHidden();
  await app.ready();
  await expect(page.locator('#clock')).toContainText('cycle 17 of');
  await expect(page.getByLabel('example')).toHaveValue('product');
  expect(await app.text()).toContain('relu(a @ w)');
  await expect(page.locator('#pe-title')).toContainText('PE 0, 0');
  await expect(page.locator('#lookup output')).toHaveText('');
});

test('an example that is chosen while a link is on its way stays, and has nothing of the link', async ({
  app,
  page,
}) => {
  await app.open();
  const go = await held(page, 'examples/layers.systole');
  const asked = page.waitForRequest('**/examples/layers.systole');
  await page.evaluate(() => (location.hash = '#v=1&ex=layers&c=40&pe=1,1'));
  await asked;
  await app.chooseDigits();
  const before = await page.locator('#stage').getAttribute('data-cycle');
  const came = page.waitForResponse('**/examples/layers.systole');
  go();
  await came;
  await page.getByLabel('chip', { exact: true }).selectOption('classroom-16x16');
  await expect(page.locator('#counts')).not.toContainText('862 cycles');
  await app.ready();
  await expect(page.getByLabel('example')).toHaveValue('digits');
  await expect(page.locator('#stage')).toHaveAttribute('data-cycle', before!);
});

test('a run that was under way when a link is opened takes nothing of the link for itself', async ({ page }) => {
  // What a run says of itself comes when it is let go.
  await page.addInitScript(() => {
    const late: (() => void)[] = [];
    Object.assign(window, { late, holding: false });
    const Plain = Worker;
    window.Worker = class extends Plain {
      set onmessage(hear: (event: MessageEvent) => void) {
        super.onmessage = (event: MessageEvent) => {
          const { holding } = window as unknown as { holding: boolean };
          if (holding && event.data?.kind === 'ran') late.push(() => hear.call(this, event));
          else hear.call(this, event);
        };
      }
    };
  });
  await page.goto('./');
  await expect(page.locator('html')).toHaveAttribute('data-furnished');
  type Held = { holding: boolean; late: (() => void)[] };
  await page.evaluate(() => ((window as unknown as Held).holding = true));
  await page.getByLabel('example').selectOption('layers');
  await expect.poll(() => page.evaluate(() => (window as unknown as Held).late.length)).toBe(1);
  await page.evaluate(() => (location.hash = '#v=1&ex=digits&c=700&t=690-709'));
  await expect.poll(() => page.evaluate(() => (window as unknown as Held).late.length)).toBe(2);
  await page.evaluate(() => (window as unknown as Held).late.forEach((come) => come()));
  await expect(page.locator('#clock')).toHaveText('cycle 700 of 862');
  await expect(page.locator('#lookup output')).toHaveText('690–709');
});

const REFUSED: [string, string][] = [
  ['#v=2&ex=product', 'it is of version 2, and this page reads version 1'],
  ['#v=1&ex=nothing', 'there is no example "nothing"'],
  ['#v=1&ex=<b>', 'its "ex" is no name: <b>'],
  ['#ex=digits&c=-1', 'its "c" is no whole number'],
  ['#ex=digits&c=1e3', 'its "c" is no whole number'],
  ['#ex=digits&c=99999999999999999999', 'its "c" is no whole number'],
  ['#ex=digits&l=4', 'its "l" is no whole number up to 3'],
  ['#ex=digits&pe=1', 'its "pe" is no row and column'],
  ['#ex=digits&pe=99999,0', 'its "pe" is no row and column'],
  ['#ex=digits&n=octal', 'its "n" is no way to write numbers: octal'],
  ['#ex=digits&n=', 'its "n" is no way to write numbers'],
  ['#ex=digits&t=5', 'its "t" is no first and last cycle: 5'],
  ['#ex=digits&t=9-5', 'its "t" is no first and last cycle: 9-5'],
  ['#ex=digits&t=1.5-9', 'its "t" is no first and last cycle: 1.5-9'],
  ['#ex=digits&t=0-9999999999999999', 'its "t" is no first and last cycle'],
  ['#v=1&z=!!', 'its "z" is not in base64url'],
  ['#v=1&z=AAAA', 'its "z" is cut off or damaged'],
  // Four letters of deflated text.
  ['#v=1&z=S0xKTgEA', 'its "z" holds no JSON'],
  ['#v=1&z=MwQA', 'its "z" holds no object'],
  [`#v=1&z=${'A'.repeat(300_000)}`, 'it is longer than any that this page makes'],
];

test('what is no link of this page is refused in words, and the page is as without it', async ({ app, page }) => {
  await app.open();
  for (const [hash, why] of REFUSED) {
    await page.evaluate((hash) => (location.hash = hash), hash);
    await expect(page.locator('#notices'), hash.slice(0, 40)).toContainText(`The link could not be opened: ${why}`);
    await page.locator('#notices button').first().click();
  }
  await expect(page.locator('#counts')).toContainText('60 cycles');
  expect(await page.locator('#notices b').count()).toBe(0);
});

test('a link that unpacks to a thousand times its size is not unpacked to its end', async ({ app, page }) => {
  await app.open();
  const bomb = await page.evaluate(async () => {
    const zeros = new Blob([new Uint8Array(100 << 20)]).stream().pipeThrough(new CompressionStream('deflate-raw'));
    const bytes = new Uint8Array(await new Response(zeros).arrayBuffer());
    let text = '';
    for (const byte of bytes) text += String.fromCharCode(byte);
    return btoa(text).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
  });
  expect(bomb.length).toBeLessThan(200_000);
  await page.evaluate((z) => (location.hash = `#v=1&z=${z}`), bomb);
  await expect(page.locator('#notices')).toContainText('its "z" unpacks to more than 524288 bytes');
  await expect(page.locator('#counts')).toContainText('60 cycles');
});

test('a chip that there is not is said to be none', async ({ page }) => {
  await page.goto('./#v=1&ex=product&chip=tpu-v9');
  await expect(page.locator('#chip-problem')).toContainText('tpu-v9');
});
