import { defineConfig } from '@playwright/test';

// The page is served below a path, so that every relative path is proven.
// Each run has a port of its own; its workers inherit it.
const port = (process.env['SYSTOLE_TEST_PORT'] ??= String(20_000 + (process.pid % 20_000)));
const base = '/some/where/';
const chromium = process.env['CHROMIUM_SHELL'] ?? process.env['CHROMIUM'];
const firefox = process.env['FIREFOX'];

export default defineConfig({
  testDir: '.',
  timeout: 60_000,
  expect: { timeout: 15_000 },
  workers: 2,
  retries: 0,
  fullyParallel: true,
  reporter: [['list']],
  webServer: {
    command: `node serve.mjs --exact --port ${port} --base ${base}`,
    url: `http://127.0.0.1:${port}${base}`,
    reuseExistingServer: false,
  },
  use: {
    baseURL: `http://127.0.0.1:${port}${base}`,
    viewport: { width: 1440, height: 900 },
    // Requests are watched and stopped where they begin; offline.spec.ts has one.
    serviceWorkers: 'block',
  },
  projects: [
    {
      name: 'Chromium',
      use: {
        launchOptions: {
          ...(chromium ? { executablePath: chromium } : {}),
          args: [
            '--no-sandbox',
            '--disable-dev-shm-usage',
            '--disable-quic',
            '--no-first-run',
            '--disable-background-networking',
            '--disable-component-update',
            '--disable-sync',
          ],
        },
      },
    },
    // As Debian or Mozilla ship it, over WebDriver BiDi: what the page and its figures are there for. What the protocol cannot
    // do there yet (double clicks, texts put in whole, what the system prefers, pictures that are equal to the pixel) says so.
    ...(firefox
      ? [
          {
            name: 'Firefox',
            testMatch: ['address', 'digits', 'embed', 'machine', 'stage'].map((name) => `${name}.spec.ts`),
            grepInvert: /@chromium/,
            use: {
              browserName: 'firefox' as const,
              channel: 'moz-firefox',
              launchOptions: { executablePath: firefox, firefoxUserPrefs: { 'ui.prefersReducedMotion': 1 } },
            },
          },
        ]
      : []),
  ],
});
