// After one visit everything works without a network, and a new version comes whole.

import { cp, mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { type BrowserContext, type Page, test as base, expect } from '@playwright/test';
import { unzipSync, zipSync } from 'fflate';
import { writeList } from '../../www/precache-plugin.ts';

/** A copy of the site that can be changed, behind a server that knows nothing of it: every file is of no type that it names. */
interface Site {
  folder: string;
  url: string;
  /** What has been asked for. */
  asked: string[];
  /** Whether pages have addresses without an ending, as some hosts have it: the others lead there. */
  short: boolean;
  /** Whether it answers nothing any more. */
  gone: boolean;
}

const test = base.extend<{ site: Site }>({
  serviceWorkers: 'allow',
  // Playwright finds a fixture's needs by its first argument.
  // eslint-disable-next-line no-empty-pattern
  site: async ({}, use) => {
    const folder = await mkdtemp(join(tmpdir(), 'systole-'));
    await cp(new URL('../../dist', import.meta.url).pathname, folder, { recursive: true });
    const site: Site = { folder, url: '', asked: [], short: false, gone: false };
    const server = createServer((request, response) => void serve(site, request, response));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    site.url = `http://127.0.0.1:${portOf(server)}/a/b/`;
    await use(site);
    server.closeAllConnections();
    server.close();
    await rm(folder, { recursive: true });
  },
});

async function serve(site: Site, { url }: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname, search } = new URL(url!, 'http://localhost');
  const path = pathname.replace(/^\/a\/b/, '');
  // For a newer version browsers look by themselves, now and then, and past what Playwright calls offline.
  if (!site.gone || path !== '/service-worker.js') site.asked.push(path);
  if (site.gone) {
    response.destroy();
    return;
  }
  if (site.short && path.endsWith('.html')) {
    const location = pathname.replace(/(index)?\.html$/, '') + search;
    response.writeHead(308, { location }).end();
    return;
  }
  const file = path.endsWith('/') ? `${path}index.html` : path;
  const names = site.short ? [file, `${file}.html`] : [file];
  const found = await Promise.any(names.map((name) => readFile(join(site.folder, name)))).catch(() => null);
  if (found) response.writeHead(200, { 'content-type': typeOf(file) }).end(found);
  else response.writeHead(404).end();
}

/** What any static server knows; of the module's parts none knows anything. */
function typeOf(file: string): string {
  const types: Record<string, string> = {
    html: 'text/html',
    js: 'text/javascript',
    css: 'text/css',
    svg: 'image/svg+xml',
  };
  return types[file.includes('.') ? file.split('.').pop()! : 'html'] ?? 'application/octet-stream';
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

/** A first visit, until all of the site is kept. */
async function visit(page: Page, url: string): Promise<void> {
  await page.addInitScript(() => localStorage.setItem('systole.toured', ''));
  await page.goto(url);
  await expect(page.locator('html')).toHaveAttribute('data-furnished');
  await page.mouse.move(600, 300);
  await kept(page);
}

async function kept(page: Page): Promise<void> {
  await page.evaluate(async () => {
    await navigator.serviceWorker.ready;
    while ((await navigator.serviceWorker.getRegistration())?.active?.state !== 'activated') {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  });
}

async function offline(context: BrowserContext, site: Site): Promise<void> {
  site.asked.length = 0;
  site.gone = true;
  await context.setOffline(true);
}

test('workbench, editor, views, examples, documentation and figures are there without a network', async ({
  page,
  context,
  site,
}) => {
  await visit(page, site.url);
  await offline(context, site);
  await page.reload();
  await expect(page.locator('html')).toHaveAttribute('data-furnished');
  await expect(page.locator('#counts')).toContainText('60 cycles');
  await page.getByLabel('example').selectOption('digits');
  await expect(page.locator('#counts')).toContainText('862 cycles');
  await page.locator('#editor').hover();
  await expect(page.locator('.cm-content')).toBeVisible();
  await page.getByRole('tab', { name: 'Compiled' }).click();
  await expect(page.locator('#compiled-panel [role=tab]').first()).toBeVisible();
  await expect(page.locator('#limits .offer').first()).toBeVisible();
  await page.getByLabel('example').selectOption('library/resnet50');
  await expect(page.locator('#counts')).toContainText('135,557 cycles');
  await page.getByRole('button', { name: 'Share' }).click();
  await expect(page.getByRole('dialog', { name: 'Share and export' })).toBeVisible();
  await page.goto(`${site.url}docs/`);
  await page.locator('#docs-search input').fill('weight stall');
  await expect(page.locator('#docs-search a').first()).toBeVisible();
  await page.goto(`${site.url}embed.html#ex=digits&c=300`);
  await expect(page.locator('html')).toHaveAttribute('data-phase', 'ready');
  expect(site.asked).toEqual([]);
});

test('where a host has pages without an ending, they are there under both addresses, and folders too', async ({
  page,
  context,
  site,
}) => {
  site.short = true;
  await visit(page, site.url);
  await offline(context, site);
  for (const [address, heading] of [
    ['docs/machine', 'The machine contract'],
    ['docs/machine.html', 'The machine contract'],
    ['docs/keys?from=elsewhere#anywhere', 'Keys'],
    ['docs/', 'Documentation'],
    // Its links are beside it, not beside the folder.
    ['docs', 'Documentation'],
    ['docs/index', 'Documentation'],
  ] as const) {
    await page.goto(site.url + address);
    await expect(page.locator('h1'), address).toContainText(heading);
  }
  await page.goto(`${site.url}docs`);
  await page.getByRole('main').getByRole('link', { name: 'Keys' }).first().click();
  await expect(page.locator('h1')).toContainText('Keys');
  await page.goto(`${site.url}embed#ex=digits&c=300`);
  await expect(page.locator('#clock')).toHaveText('cycle 300 of 862');
  await page.goto(`${site.url}index`);
  await expect(page.locator('#counts')).toContainText('60 cycles');
  await page.goto(site.url);
  await expect(page.locator('#counts')).toContainText('60 cycles');
  expect(site.asked).toEqual([]);
  // What there is not is not there under another name.
  const missing = await page.evaluate(() =>
    fetch('./docs/nothing').then(
      () => 'there',
      () => 'not there',
    ),
  );
  expect(missing).toBe('not there');
});

/** Paths of all files in a folder. */
async function filesOf(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return files.map(({ parentPath, name }) => join(relative(folder, parentPath), name)).sort();
}

test('zipped, unpacked somewhere else and served by any server, page and figures run', async ({ page, site }) => {
  const built = new URL('../../dist/', import.meta.url).pathname;
  const all = await filesOf(built);
  const bytes = await Promise.all(all.map(async (name) => [name, await readFile(join(built, name))] as const));
  const archive = zipSync(Object.fromEntries(bytes));
  await rm(site.folder, { recursive: true });
  for (const [name, bytes] of Object.entries(unzipSync(archive))) {
    const path = join(site.folder, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, bytes);
  }
  expect(await filesOf(site.folder)).toEqual(all);
  await visit(page, site.url);
  await expect(page.locator('#counts')).toContainText('60 cycles');
  await page.goto(`${site.url}embed.html#ex=digits&c=300`);
  await expect(page.locator('#clock')).toHaveText('cycle 300 of 862');
  await expect(page.locator('#verdict')).toHaveText('✓ equals the reference');
  await page.goto(`${site.url}docs/gallery.html`);
  const figure = page.frameLocator('systolic-array iframe').first();
  await expect(figure.locator('#verdict')).toHaveText('✓ equals the reference');
  expect(site.asked.filter((path) => path.startsWith('/examples/')).length).toBeGreaterThan(1);
});

test('a new version comes whole when the last page of the old one is closed, and only what has changed is fetched', async ({
  page,
  context,
  site,
}) => {
  await visit(page, site.url);
  // A page belongs to a version from its second visit on.
  await page.reload();
  await expect(page.locator('html')).toHaveAttribute('data-furnished');
  const docs = join(site.folder, 'docs/keys.html');
  await writeFile(docs, (await readFile(docs, 'utf8')).replace('<h1', '<h1 data-version="2"'));
  const named = async () => page.evaluate(async () => (await caches.keys()).length);
  expect(await named()).toBe(1);
  await writeList(site.folder);
  site.asked.length = 0;
  await page.evaluate(async () => {
    const registration = (await navigator.serviceWorker.getRegistration())!;
    await registration.update();
    while (!registration.waiting) await new Promise((resolve) => setTimeout(resolve, 50));
  });
  expect(site.asked.sort()).toEqual(['/docs/keys.html', '/service-worker.js']);
  // Whoever is still on the old one stays there.
  const other = await context.newPage();
  await other.goto(`${site.url}docs/keys.html`);
  await expect(other.locator('h1')).not.toHaveAttribute('data-version');
  await other.close();
  await page.close();
  const later = await context.newPage();
  await expect(async () => {
    await later.goto(`${site.url}docs/keys.html`);
    await expect(later.locator('h1')).toHaveAttribute('data-version', '2', { timeout: 500 });
    await later.goto('about:blank');
  }).toPass();
  await later.goto(`${site.url}docs/keys.html`);
  const two = await later.evaluate(async () => {
    const cache = await caches.open((await caches.keys())[0]!);
    return (await cache.keys()).filter(({ url }) => url.includes('docs/keys.html')).length;
  });
  expect(two).toBe(1);
});

test('a file of another version is not kept for this one', async ({ page, site }) => {
  const style = join(site.folder, 'favicon.svg');
  await writeFile(style, `${await readFile(style, 'utf8')} `);
  await page.addInitScript(() => localStorage.setItem('systole.toured', ''));
  await page.goto(site.url);
  await expect(page.locator('html')).toHaveAttribute('data-furnished');
  await page.mouse.move(600, 300);
  const state = await page.evaluate(async () => {
    const address = new URL('service-worker.js', document.baseURI);
    const registration = await navigator.serviceWorker.register(address);
    const worker = (registration.installing ?? registration.waiting ?? registration.active)!;
    while (worker.state === 'installing') await new Promise((resolve) => setTimeout(resolve, 50));
    return worker.state;
  });
  expect(state).toBe('redundant');
});
