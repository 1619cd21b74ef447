// The page as tests use it: opened with what a visitor has, and read through what a visitor sees.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { expect, type Page, test as base } from '@playwright/test';

/** A page whose console stays clean and that asks nobody else for anything. */
export const test = base.extend<{ app: App }>({
  app: async ({ page, baseURL }, use) => {
    const trouble: string[] = [];
    page.on('pageerror', (error) => trouble.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') trouble.push(message.text());
    });
    page.on('request', (request) => {
      const url = request.url();
      if (!url.startsWith(baseURL!) && !url.startsWith('blob:') && !url.startsWith('data:'))
        trouble.push(`asked for ${url}`);
    });
    await page.addInitScript(() => {
      // Whoever was here before is not shown around.
      try {
        localStorage.setItem('systole.toured', '');
      } catch {
        // Nor is anybody whose browser keeps nothing.
      }
    });
    await page.emulateMedia({ reducedMotion: 'reduce' });
    const app = new App(page);
    await use(app);
    expect(trouble.filter((text) => !app.expected.some((part) => text.includes(part)))).toEqual([]);
  },
});

export { expect };

export interface Registers {
  act: number | null;
  weight: number | null;
  shadow: number | null;
  psum: number | null;
}

export class App {
  /** Parts of console messages that a test provokes on purpose. */
  readonly expected: string[] = [];

  constructor(readonly page: Page) {}

  /** Opens the page and waits for the first picture, and what comes after it. */
  async open(): Promise<void> {
    await this.page.goto('./');
    await this.ready();
    await expect(this.page.locator('html')).toHaveAttribute('data-furnished');
  }

  /** Points at the program, for which the editor comes. */
  async editor(): Promise<void> {
    await this.page.locator('#editor').hover();
    await expect(this.page.locator('.cm-content')).toBeVisible();
  }

  async ready(): Promise<void> {
    await expect(this.page.locator('html')).toHaveAttribute('data-phase', 'ready');
  }

  async chooseDigits(): Promise<void> {
    await this.page.getByLabel('example').selectOption('digits');
    await expect(this.page.locator('#counts')).toContainText('862 cycles · the last MAC after 826');
    await expect(this.page.locator('#pad')).toBeVisible();
    await this.ready();
  }

  /** Replaces the program by typing. */
  async type(text: string): Promise<void> {
    await this.editor();
    await this.page.locator('.cm-content').click();
    await this.page.keyboard.press('Control+A');
    await this.page.keyboard.insertText(text);
  }

  async text(): Promise<string> {
    await this.editor();
    const lines = await this.page.locator('.cm-line').allInnerTexts();
    return lines.map((line) => line.replace(/\n$/, '')).join('\n');
  }

  /** Moves the scrubber and waits until that cycle is painted. */
  async seek(cycle: number): Promise<void> {
    await this.page.locator('#cycle').fill(String(cycle));
    await this.shows(cycle);
  }

  async shows(cycle: number): Promise<void> {
    await expect(this.page.locator('html')).toHaveAttribute('data-shown', String(cycle));
    await expect(this.page.locator('#stage')).toHaveAttribute('data-cycle', String(cycle));
  }

  /** Registers of every cell in the table, by `row,column`. */
  async cells(): Promise<Map<string, Registers>> {
    const all = await this.page
      .locator('#cells td[role=gridcell]')
      .evaluateAll((cells) => cells.map((cell) => ({ ...(cell as HTMLElement).dataset })));
    const value = (text: string | undefined) => (text === undefined || text === '' ? null : Number(text));
    return new Map(
      all.map(({ row, col, act, weight, shadow, psum }) => [
        `${row},${col}`,
        { act: value(act), weight: value(weight), shadow: value(shadow), psum: value(psum) },
      ]),
    );
  }

  /** What axe-core finds serious or critical. */
  async violations(): Promise<string[]> {
    const found = await this.axe();
    return found.filter(({ impact }) => impact === 'serious' || impact === 'critical').map(({ text }) => text);
  }

  /** Whatever axe-core finds. */
  async everyViolation(): Promise<string[]> {
    return (await this.axe()).map(({ text }) => text);
  }

  private async axe(): Promise<{ impact: string; text: string }[]> {
    const source = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
    await this.page.evaluate(source);
    return this.page.evaluate(async () => {
      type Axe = { run(): Promise<{ violations: { id: string; impact: string; nodes: { html: string }[] }[] }> };
      const { violations } = await (window as unknown as { axe: Axe }).axe.run();
      return violations.map(({ id, impact, nodes }) => ({
        impact,
        text: `${id}: ${nodes.map((node) => node.html).join(' | ')}`,
      }));
    });
  }
}

/** An i8 matrix of the example, read without the module under test. */
export function exampleMatrix(path: string, cols: number): number[][] {
  const bytes = readFileSync(new URL(`../../www/public/examples/${path}`, import.meta.url));
  const data = new Int8Array(bytes.subarray(10 + bytes.readUInt16LE(8)));
  return Array.from({ length: data.length / cols }, (_, row) => [...data.subarray(row * cols, (row + 1) * cols)]);
}

/** A `.npy` file as NumPy writes it. */
export function npy(descr: string, shape: string, data: Buffer): Buffer {
  const header = `{'descr': '${descr}', 'fortran_order': False, 'shape': ${shape}, }`.padEnd(117) + '\n';
  const length = Buffer.alloc(2);
  length.writeUInt16LE(header.length);
  return Buffer.concat([Buffer.from('\x93NUMPY\x01\x00', 'latin1'), length, Buffer.from(header), data]);
}

/** Of what comes to rest under a pointer, browsers tell as of a move: here nobody is there. */
export async function alone(page: Page): Promise<void> {
  await page.addInitScript(() => addEventListener('pointermove', (event) => event.stopImmediatePropagation(), true));
}
