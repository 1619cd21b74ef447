// After one visit everything works without a network, and a new version comes whole.

import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContext, type Page, test as base, expect } from '@playwright/test';
import { writeList } from '../../www/precache-plugin.ts';

/** A copy of the site that can be changed, behind a server that knows nothing of it: every file is of no type that it names. */
interface Site {
  folder: string;
  url: string;
  /** What has been asked for. */
  asked: string[];
}

const test = base.extend<{ site: Site }>({
  serviceWorkers: 'allow',
  // Playwright finds a fixture's needs by its first argument.
  // eslint-disable-next-line no-empty-pattern
  site: async ({}, use) => {
    const folder = await mkdtemp(join(tmpdir(), 'systole-'));
    await cp(new URL('../../dist', import.meta.url).pathname, folder, { recursive: true });
    const asked: string[] = [];
    const server = createServer((request, response) => {
      const path = new URL(request.url!, 'http://localhost').pathname.replace(/^\/a\/b/, '');
      asked.push(path);
      const file = path.endsWith('/') ? `${path}index.html` : path;
      readFile(join(folder, file)).then(
        (bytes) => response.writeHead(200, { 'content-type': typeOf(file) }).end(bytes),
        () => response.writeHead(404).end(),
      );
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    await use({ folder, url: `http://127.0.0.1:${portOf(server)}/a/b/`, asked });
    server.closeAllConnections();
    server.close();
    await rm(folder, { recursive: true });
  },
});

/** What any static server knows; of the module's parts none knows anything. */
function typeOf(file: string): string {
  const types: Record<string, string> = {
    html: 'text/html',
    js: 'text/javascript',
    css: 'text/css',
    svg: 'image/svg+xml',
  };
  return types[file.split('.').pop()!] ?? 'application/octet-stream';
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
