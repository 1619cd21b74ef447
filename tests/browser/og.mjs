// Makes www/public/og.png, the picture that others show beside a link to the page: of the page itself, as it is in dist/.
// `node og.mjs`, with CHROMIUM as for the tests, whenever the array looks otherwise.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { chromium } from '@playwright/test';

const SIZE = { width: 1200, height: 630 };
const PORT = 8941;
/** Of the digits: the array is half full. */
const CYCLE = 264;

const server = spawn(process.execPath, ['serve.mjs', '--exact', '--port', String(PORT)], { cwd: import.meta.dirname });
const browser = await chromium.launch({
  ...(process.env.CHROMIUM ? { executablePath: process.env.CHROMIUM } : {}),
  args: ['--no-sandbox'],
});
try {
  await new Promise((resolve) => server.stdout.once('data', resolve));
  const page = await browser.newPage({ viewport: { width: 1500, height: 1100 }, reducedMotion: 'reduce' });
  await page.addInitScript(() => localStorage.setItem('systole.toured', ''));
  await page.goto(`http://127.0.0.1:${PORT}/`);
  await page.waitForSelector('html[data-furnished]');
  await page.getByLabel('example').selectOption('digits');
  await page.waitForSelector('#pad:not([hidden])');
  await page.locator('#cycle').fill(String(CYCLE));
  await page.waitForSelector(`html[data-shown="${CYCLE}"]`);
  // Sizes at which its parts are taken, so that they need not be scaled.
  await page.addStyleTag({
    content: `#picture { position: fixed !important; inset: 20px auto auto 20px; width: 760px; height: 440px }
      #timeline { position: fixed !important; inset: 480px auto auto 20px; width: 1200px }
      * { visibility: hidden }
      :is(#canvas-host, #lanes), :is(#canvas-host, #lanes) * { visibility: visible }`,
  });
  await page.waitForTimeout(1000);
  const shot = async (of) => `data:image/png;base64,${(await page.locator(of).screenshot()).toString('base64')}`;
  const [array, lanes] = [await shot('#canvas-host'), await shot('#lanes')];
  await page.setViewportSize(SIZE);
  await page.setContent(`<style>
      * { box-sizing: border-box; margin: 0 }
      body { position: relative; width: ${SIZE.width}px; height: ${SIZE.height}px; overflow: hidden;
        background: #fbfaf7; color: #1d2330; font: 30px/1.35 system-ui, sans-serif }
      h1 { font-size: 64px; letter-spacing: 0.01em }
      div { position: absolute; left: 56px; top: 84px; width: 360px }
      p { margin-top: 18px }
      p + p { color: #5b6270; font-size: 23px }
      img { position: absolute }
      .array { right: 12px; top: 6px; width: 760px }
      .lanes { left: 0; bottom: 0; width: 1200px; padding: 0 20px 12px 0 }
    </style>
    <img class="array" src="${array}"><img class="lanes" src="${lanes}">
    <div><h1>Systole</h1><p>A systolic array you can look into.</p><p>Every cycle, every number.</p></div>`);
  await page.screenshot({ path: fileURLToPath(new URL('../../www/public/og.png', import.meta.url)) });
} finally {
  await browser.close();
  server.kill();
}
