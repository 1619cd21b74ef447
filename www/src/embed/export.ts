// Files of what a figure shows, for the page around it: loaded when that asks for the first one.

import type { Engine } from '../engine';
import { csvOf, jsonOf } from '../views/share/counters';
import { HEIGHT, LARGEST, LEAST, pngOf, WIDTH } from '../views/share/picture';
import type { Asked, Host, Id } from './host';

/** What is on show when a file of it is asked for. */
export interface Shown {
  cycle: number;
  theme: string;
}

/** Files that may be waited for: a picture can take a quarter of a gigabyte while it is made. */
const MOST_WAITING = 16;
const FORMATS = ['svg', 'png', 'json', 'csv'] as const;
const SCALES = [1, 2, 4];

/** Makes one file at a time, in the order in which they are asked for. */
export class Exporter {
  private last = Promise.resolve();
  private waiting = 0;

  constructor(
    private readonly engine: Engine,
    private readonly host: Host,
  ) {}

  ask(asked: Asked, shown: Shown, id: Id): void {
    if (this.waiting >= MOST_WAITING)
      return this.refuse(`More than ${MOST_WAITING} files are asked for at a time.`, id);
    this.waiting++;
    this.last = this.last.then(() => this.answer(asked, shown, id)).finally(() => this.waiting--);
  }

  private async answer(asked: Asked, shown: Shown, id: Id): Promise<void> {
    try {
      const format = oneOf('format', asked['format'], FORMATS);
      // A worker that found a part missing would stand still until it is there.
      await this.engine.complete();
      const data = await this.file(format, asked, shown);
      this.host.tell({ kind: 'exported', id, format, data });
    } catch (error) {
      this.refuse(error instanceof Error ? error.message : String(error), id);
    }
  }

  private refuse(message: string, id: Id): void {
    this.host.tell({ kind: 'error', message, id });
  }

  private file(format: (typeof FORMATS)[number], asked: Asked, shown: Shown): Promise<string | Blob> {
    switch (format) {
      case 'svg':
        return this.picture(asked, shown).then(([svg]) => svg);
      case 'png':
        return this.png(asked, shown);
      case 'json':
        return this.report().then(jsonOf);
      case 'csv':
        return this.report().then(csvOf);
    }
  }

  private async png(asked: Asked, shown: Shown): Promise<Blob> {
    const times = oneOf('scale', asked['scale'] ?? 1, SCALES);
    const [svg, width, height] = await this.picture(asked, shown);
    return pngOf(svg, width, height, times);
  }

  /** The picture and its size in CSS pixels. */
  private async picture(asked: Asked, { cycle, theme }: Shown): Promise<[svg: string, width: number, height: number]> {
    const width = side('width', asked['width'] ?? WIDTH);
    const height = side('height', asked['height'] ?? HEIGHT);
    const wanted = oneOf('theme', asked['theme'] ?? 'auto', ['auto', 'light', 'dark']);
    const svg = await this.engine.call('frameSvg', cycle, width, height, wanted === 'auto' ? theme : wanted);
    if (svg === undefined) throw new Error(NO_RUN);
    return [svg, width, height];
  }

  private async report(): Promise<object> {
    const report = await this.engine.call('runReport');
    if (!report) throw new Error(NO_RUN);
    return report;
  }
}

const NO_RUN = 'Nothing has run yet.';

/** A message is input from anywhere. */
function side(name: string, value: unknown): number {
  if (Number.isSafeInteger(value) && (value as number) >= LEAST && (value as number) <= LARGEST) return value as number;
  throw new Error(`"${name}" is a whole number from ${LEAST} to ${LARGEST}.`);
}

function oneOf<Word extends string | number>(name: string, value: unknown, words: readonly Word[]): Word {
  const word = words.find((known) => known === value);
  if (word === undefined) throw new Error(`"${name}" is ${words.slice(0, -1).join(', ')} or ${words.at(-1)}.`);
  return word;
}
