// Files of the run: its picture, its counters, its assembly, and cycles as a moving picture.

import type { Bench } from '../../bench';
import { button, grouped, make } from '../../dom';
import { download } from '../../files';
import { bytes } from '../bytes';
import { csvOf, jsonOf } from './counters';
import { Cancelled, type Movie, movieOf } from './movie';
import { filled, packed } from '../../offline/content';
import { hashOf } from '../../link';
import { choice, type Field, fileName, number, read } from './parts';
import { HEIGHT, LARGEST, LEAST, pngOf, WIDTH } from './picture';
import { keysOf, titleOf } from './texts';

/** Of a moving picture. */
const MOST_PICTURES = 600;
const MOST_SIDE = 1920;
/** Pictures a second that browsers show of a GIF as they are. */
const FASTEST = 50;

export class Exporting {
  readonly panel = make('div', { class: 'exporting' });
  private readonly width = number('Width', WIDTH, LEAST, LARGEST);
  private readonly height = number('Height', HEIGHT, LEAST, LARGEST);
  private readonly theme = choice('Theme', ['light', 'dark']);
  private readonly scale = choice('PNG at', ['1×', '2×', '4×']);
  private readonly from = number('From cycle', 0, 0, Number.MAX_SAFE_INTEGER);
  private readonly to = number('to', 0, 0, Number.MAX_SAFE_INTEGER);
  private readonly every = number('in steps of', 1, 1, 1_000_000);
  private readonly rate = number('Pictures a second', 8, 1, FASTEST);
  private readonly movieWidth = number('Width', 720, LEAST, MOST_SIDE);
  private readonly movieHeight = number('Height', 496, LEAST, MOST_SIDE);
  private readonly controls = choice('Buttons', ['full', 'transport', 'none']);
  private readonly editable = make('input', { type: 'checkbox' });
  private readonly progress = make('progress', { max: '1', 'aria-label': 'Pictures made' });
  private readonly stop = button('Cancel', () => this.cancel());
  private readonly makers: HTMLButtonElement[];
  /** What is being made can be cancelled by it. */
  private making: AbortController | null = null;

  constructor(
    private readonly bench: Bench,
    private readonly say: (text: string) => void,
  ) {
    this.makers = [
      button('GIF', () => void this.film('gif')),
      ...(typeof VideoEncoder === 'function' ? [button('WebM', () => void this.film('webm'))] : []),
    ];
    this.panel.append(this.pictureGroup(), this.filmGroup(), this.fileGroup(), this.runGroup());
    this.busy(false);
  }

  open(): void {
    const { report, cycle, desk } = this.bench;
    const cycles = report?.cycles ?? 0;
    const whole = cycles < MOST_PICTURES;
    set(this.from, whole ? 0 : Math.min(cycle, cycles - MOST_PICTURES + 1));
    set(this.to, whole ? cycles : this.from.field.valueAsNumber + MOST_PICTURES - 1);
    for (const { field } of [this.from, this.to]) field.max = String(cycles);
    set(this.rate, Math.min(FASTEST, Math.max(1, desk.figure().speed ?? 8)));
    this.theme.field.value = document.documentElement.dataset['theme'] ?? 'light';
  }

  /** Ends what is being made. */
  cancel(): void {
    this.making?.abort();
  }

  // --- Groups ---------------------------------------------------------------------------------------------------

  private pictureGroup(): HTMLElement {
    return group(
      'The picture of this cycle',
      fields(this.width.label, this.height.label, this.theme.label, this.scale.label),
      actions(
        button('SVG', () => void this.save(() => this.svg())),
        button('PNG', () => void this.save(() => this.png())),
      ),
      note(`Each side from ${LEAST} to ${grouped(LARGEST)} pixels, as much of the array as you see.`),
    );
  }

  private filmGroup(): HTMLElement {
    const video = this.makers.length > 1 ? '' : ' This browser encodes no video, so there is no WebM.';
    return group(
      'Cycles as a moving picture',
      fields(this.from.label, this.to.label, this.every.label),
      fields(this.rate.label, this.movieWidth.label, this.movieHeight.label),
      actions(...this.makers, this.progress, this.stop),
      note(
        `At most ${MOST_PICTURES} pictures of ${grouped(MOST_SIDE)} pixels a side, in the theme above. ` +
          `WebM is much smaller; GIF works everywhere.${video}`,
      ),
    );
  }

  private fileGroup(): HTMLElement {
    return group(
      'The figure as one file',
      fields(this.controls.label, make('label', {}, this.editable, ' its program can be changed')),
      actions(button('HTML', () => void this.save(() => this.figure()))),
      note(
        'A page that works from any disk without a network: the simulator, the program with its arrays, the chip and this cycle, ' +
          'in the theme above. About a megabyte.',
      ),
    );
  }

  private runGroup(): HTMLElement {
    return group(
      'The run',
      actions(
        button('Counters as CSV', () => void this.save(() => this.counters('csv'))),
        button('Report as JSON', () => void this.save(() => this.counters('json'))),
        button('Timeline for Perfetto', () => void this.save(() => this.timeline())),
        button('Assembly', () => void this.save(() => this.assembly())),
      ),
      note(
        'The same that `systole run --format json`, `systole trace` and `systole compile --emit asm` write. ' +
          'The timeline is opened by ui.perfetto.dev.',
      ),
    );
  }

  // --- Files ----------------------------------------------------------------------------------------------------

  /** Makes a file, or says why there is none. */
  private async save(file: () => Promise<[name: string, content: string | Blob]>): Promise<void> {
    this.say('');
    try {
      const [name, content] = await file();
      download(name, content);
      this.say(`${name} is saved: ${bytes(new Blob([content]).size)}.`);
    } catch (error) {
      if (error instanceof Cancelled) this.say('Cancelled: nothing is saved.');
      else this.say(`Nothing is saved. ${sentence(error)}`);
    }
  }

  private name(what: number | string, ending: string): string {
    return fileName(this.bench.desk.figure(), what, ending);
  }

  /** The picture and its size in CSS pixels. */
  private async picture(): Promise<[svg: string, width: number, height: number]> {
    const [width, height] = [read('Width', this.width), read('Height', this.height)];
    const { desk, cycle } = this.bench;
    const svg = await desk.call('frameSvg', cycle, width, height, this.theme.field.value);
    if (svg === undefined) throw new Error(NO_RUN);
    return [svg, width, height];
  }

  private async svg(): Promise<[string, Blob]> {
    const { cycle } = this.bench;
    const [svg] = await this.picture();
    return [this.name(cycle, 'svg'), new Blob([svg], { type: 'image/svg+xml' })];
  }

  private async png(): Promise<[string, Blob]> {
    const { cycle } = this.bench;
    const times = parseInt(this.scale.field.value, 10);
    const [svg, width, height] = await this.picture();
    const png = await pngOf(svg, width, height, times);
    return [this.name(times === 1 ? cycle : `${cycle}@${times}x`, 'png'), png];
  }

  private async figure(): Promise<[string, Blob]> {
    const { desk, cycle } = this.bench;
    const response = await fetch('./figure.html');
    if (!response.ok) throw new Error(`The file for figures could not be loaded (${response.status}).`);
    const figure = { ...desk.figure(), text: desk.text() };
    const manner = {
      controls: this.controls.field.value,
      theme: this.theme.field.value,
      autoplay: false,
      editable: this.editable.checked,
    };
    const content = {
      title: titleOf(desk.figure()),
      hash: (await hashOf(figure)) + keysOf(manner),
      home: new URL('./', location.origin + location.pathname).href,
      arrays: packed(desk.arrays()),
    };
    return [this.name(cycle, 'html'), new Blob([filled(await response.text(), content)], { type: 'text/html' })];
  }

  private async counters(form: 'csv' | 'json'): Promise<[string, Blob]> {
    const report = await this.bench.desk.call('runReport');
    if (!report) throw new Error(NO_RUN);
    if (form === 'csv') return [this.name('counters', 'csv'), new Blob([csvOf(report)], { type: 'text/csv' })];
    return [this.name('report', 'json'), new Blob([jsonOf(report)], { type: 'application/json' })];
  }

  private async timeline(): Promise<[string, Blob]> {
    const { desk } = this.bench;
    if (!(await desk.call('beginTimelineFile'))) throw new Error(NO_RUN);
    const parts: string[] = [];
    for (let part; (part = await desk.call('timelineFilePart')) !== undefined;) parts.push(part);
    return [this.name('timeline', 'json'), new Blob(parts, { type: 'application/json' })];
  }

  private async assembly(): Promise<[string, string]> {
    const { desk, report } = this.bench;
    if (report?.assembly)
      throw new Error('What runs is an assembly of yours: save it where it is written, under Compiled.');
    return [this.name('program', 's'), await desk.call('assemblyOf', desk.text())];
  }

  // --- Moving pictures ------------------------------------------------------------------------------------------

  private async film(format: Movie['format']): Promise<void> {
    if (this.making) return;
    this.making = new AbortController();
    this.busy(true);
    await this.save(() => this.movie(format, this.making!.signal));
    this.making = null;
    this.busy(false);
  }

  private async movie(format: Movie['format'], cancel: AbortSignal): Promise<[string, Blob]> {
    if (!this.bench.report) throw new Error(NO_RUN);
    const cycles = this.cycles();
    // Video has whole pairs of pixels.
    const even = (value: number) => value - (value % 2);
    const movie = {
      format,
      width: even(read('Width', this.movieWidth)),
      height: even(read('Height', this.movieHeight)),
      rate: read('Pictures a second', this.rate),
    };
    const tell = (done: number) => (this.progress.value = done);
    const file = await movieOf(this.bench, movie, cycles, this.theme.field.value, tell, cancel);
    return [this.name(`${cycles[0]}-${cycles.at(-1)}`, format), file];
  }

  private cycles(): number[] {
    const from = read('The first cycle', this.from);
    const to = read('The last cycle', this.to);
    const every = read('The step', this.every);
    if (to < from) throw new Error('The last cycle comes before the first one.');
    const count = Math.floor((to - from) / every) + 1;
    if (count > MOST_PICTURES) {
      const less = Math.ceil((to - from + 1) / MOST_PICTURES);
      throw new Error(
        `These are ${grouped(count)} pictures, and at most ${MOST_PICTURES} are made: ` +
          `take fewer cycles, or steps of ${grouped(less)}.`,
      );
    }
    return Array.from({ length: count }, (_, at) => from + at * every);
  }

  private busy(busy: boolean): void {
    this.progress.value = 0;
    this.progress.hidden = this.stop.hidden = !busy;
    for (const maker of this.makers) maker.disabled = busy;
  }
}

const NO_RUN = 'Nothing has run yet.';

function set({ field }: Field, value: number): void {
  field.value = String(value);
}

function sentence(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const capital = text.charAt(0).toUpperCase() + text.slice(1);
  return capital.endsWith('.') ? capital : `${capital}.`;
}

function group(title: string, ...content: HTMLElement[]): HTMLElement {
  return make('fieldset', {}, make('legend', {}, title), ...content);
}

function fields(...labels: HTMLElement[]): HTMLElement {
  return make('div', { class: 'share-fields' }, ...labels);
}

function actions(...buttons: HTMLElement[]): HTMLElement {
  return make('div', { class: 'actions' }, ...buttons);
}

/** Words between backticks are code. */
function note(text: string): HTMLElement {
  const parts = text.split('`').map((part, at) => (at % 2 === 1 ? make('code', {}, part) : part));
  return make('p', { class: 'quiet' }, ...parts);
}
