// One figure in somebody else's page: the array, its clock, and on demand its program.

import { byId, grouped, make } from '../dom';
import { Engine } from '../engine';
import { arrayOf, EXAMPLES, isFirst } from '../examples';
import { actionOf, type Action } from '../keys';
import { draftOf, type Figure, figureOf, hashOf, type Notation } from '../link';
import { preset } from '../preset';
import { onPresence } from '../presence';
import type { Checked, Chip, ChipState, Frame, FromWorker, Report, View } from '../protocol';
import { Speaker } from '../speak';
import { Transport } from '../transport';
import { verdictOn } from '../verdict';
import type { Exporter } from './export';
import { type Asked, Host, type Id, type Wish } from './host';
import { one, optionsOf } from './options';

/** A rest in typing after which the program runs, in milliseconds. */
const REST = 120;

/** What a figure begins with. */
export interface Beginning {
  /** The figure, and how it looks and behaves. */
  hash: string;
  /** Where it can be edited; nothing if that is nowhere. */
  home: string;
  /** A figure that is one file holds its arrays, and all of the module. */
  arrays?: [path: string, bytes: Uint8Array][];
}

export class Embed {
  private readonly root = document.documentElement;
  private readonly options;
  private readonly system = matchMedia('(prefers-color-scheme: dark)');
  private readonly canvas = byId('canvas-host');
  private readonly program = byId<HTMLTextAreaElement>('program');
  private readonly engine = new Engine(
    { picture: this.canvas, timeline: make('div') },
    () => this.view(),
    (message) => this.hear(message),
  );
  private readonly transport = new Transport((cycle, over) => {
    this.engine.seek(cycle, over);
    this.cycle = cycle;
    this.changed();
  });
  private readonly host = new Host((wish) => this.grant(wish));
  private readonly speaker = new Speaker();
  private readonly acts: Partial<Record<Action, () => void>> = {
    play: () => this.transport.toggle(),
    back: () => this.transport.step(-1),
    forward: () => this.transport.step(1),
    back10: () => this.transport.step(-10),
    forward10: () => this.transport.step(10),
    start: () => this.transport.seek(0),
    end: () => this.transport.seek(this.report?.cycles ?? 0),
    faster: () => this.transport.faster(1),
    slower: () => this.transport.faster(-1),
  };
  private version = '';
  private figure: Figure | null = null;
  private text = '';
  private chip: Chip = preset('classroom-4x4');
  private original = '';
  private cycle = 0;
  private report: Report | null = null;
  private frame: Frame | null = null;
  private notation: Notation = 'decimal';
  /** What the figure shows of its first run. */
  private arrival: Figure | null = null;
  private exporter: Exporter | null = null;
  private paintRoofline: (() => Promise<void>) | null = null;
  private telling: ReturnType<typeof setTimeout> | undefined;
  private typing: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly beginning: Beginning) {
    this.options = optionsOf(beginning.hash);
    byId('edit').hidden = beginning.home === '';
    for (const [path, bytes] of beginning.arrays ?? []) this.engine.setFile(path, bytes);
  }

  async start(): Promise<void> {
    this.look();
    this.listen();
    const opening = this.open(this.beginning.hash);
    if (this.options.load === 'visible') await this.seen();
    else if (await opening) await this.asked();
    else return;
    // What it is to run is on its way meanwhile.
    this.engine.prepare();
    if (await opening) await this.begin();
  }

  private listen(): void {
    this.system.addEventListener('change', () => this.look());
    new ResizeObserver(() => this.engine.resize()).observe(this.canvas);
    new ResizeObserver(() => {
      this.host.tell({ kind: 'resize', height: Math.ceil(document.body.getBoundingClientRect().height) });
    }).observe(document.body);
    // Twelve figures that play where nobody sees them are what makes a page stick.
    new IntersectionObserver((entries) => {
      if (entries.at(-1)!.isIntersecting) this.transport.wake();
      else this.transport.rest();
    }).observe(byId('picture'));
    this.canvas.addEventListener('click', ({ offsetX, offsetY }) => this.engine.pick(offsetX, offsetY));
    addEventListener('keydown', (event) => this.key(event));
    this.program.addEventListener('input', () => {
      clearTimeout(this.typing);
      this.typing = setTimeout(() => this.typed(), REST);
    });
  }

  // --- Beginning ------------------------------------------------------------------------------------------------

  /** Takes a figure in; whether it is one. */
  private async open(hash: string): Promise<boolean> {
    try {
      const figure = (await figureOf(hash)) ?? (await figureOf('#ex=product'))!;
      const { text, chip } = await draftOf(figure);
      [this.figure, this.arrival, this.text, this.chip] = [figure, figure, text, chip];
      this.original = figure.text === null ? text : '';
      this.program.value = text;
      return true;
    } catch (error) {
      this.fail(`This figure could not be opened: ${error instanceof Error ? error.message : error}.`);
      return false;
    }
  }

  /** Until it can be seen it costs nothing. */
  private seen(): Promise<void> {
    return new Promise((resolve) => {
      const observer = new IntersectionObserver((entries) => {
        if (!entries.some(({ isIntersecting }) => isIntersecting)) return;
        observer.disconnect();
        resolve();
      });
      observer.observe(byId('picture'));
    });
  }

  private asked(): Promise<void> {
    const poster = byId<HTMLButtonElement>('poster');
    poster.textContent = `▶ ${EXAMPLES.find(({ name }) => name === this.figure?.example)?.title ?? 'Run this figure'}`;
    poster.hidden = false;
    this.phase('poster');
    return new Promise((resolve) =>
      poster.addEventListener('click', () => {
        poster.hidden = true;
        resolve();
      }),
    );
  }

  private async begin(): Promise<void> {
    try {
      // A worker that found a part missing would have to fetch it, and stand still meanwhile.
      if (this.beginning.arrays || !isFirst(this.text, this.chip, this.figure!)) await this.engine.complete();
      await this.engine.start();
      onPresence(() => void this.engine.complete());
      this.run();
    } catch (error) {
      this.fail(`The simulator could not start: ${error instanceof Error ? error.message : error}.`);
    }
  }

  private run(): void {
    byId('problem').hidden = true;
    this.phase('running');
    this.engine.run(this.text, this.chip);
  }

  private typed(): void {
    this.text = this.program.value;
    if (this.engine.alive) this.run();
  }

  // --- What the worker says -------------------------------------------------------------------------------------

  private hear(message: FromWorker): void {
    switch (message.kind) {
      case 'ready':
        this.version = message.version;
        this.host.tell({ kind: 'ready', schema: 1, version: message.version });
        break;
      case 'chip':
        this.checkChip(message.state);
        break;
      case 'checked':
        if (message.id === this.engine.newest) void this.checked(message.checked);
        break;
      case 'ran':
        this.ran(message.report);
        if (message.id === this.engine.newest) this.phase('ready');
        break;
      case 'activity':
        this.transport.setActivity(message.samples);
        break;
      case 'frame':
        this.painted(message.frame);
        break;
      case 'picked':
        if (message.pe) this.engine.select(message.pe);
        if (message.pe) this.engine.seek(this.cycle);
        break;
      case 'refused':
        this.fail(message.message);
        break;
      case 'crashed':
        this.transport.pause();
        this.fail('The simulator stopped because of a mistake of its own.');
        break;
    }
  }

  private checkChip({ problems }: ChipState): void {
    if (problems.length > 0) this.fail(problems.map(({ message, hint }) => `${message}; ${hint}.`).join(' '));
  }

  private async checked({ diagnostics, loads, runs }: Checked): Promise<void> {
    const absent = loads.filter((path) => !this.engine.hasFile(path));
    const found = await Promise.all(absent.map(async (path) => [path, await arrayOf(path)] as const));
    for (const [path, bytes] of found) if (bytes) this.engine.setFile(path, bytes);
    if (found.some(([, bytes]) => bytes)) return this.run();
    const error = diagnostics.find(({ severity }) => severity === 'error');
    if (!runs && error) this.fail(`line ${error.line}, column ${error.column}: ${error.message}`);
  }

  private ran(report: Report): void {
    this.report = report;
    byId('counts').textContent = `${grouped(report.cycles)} cycles`;
    const verdict = byId('verdict');
    [verdict.textContent, verdict.className] = verdictOn(report);
    this.transport.setRun(report.cycles, report.activity);
    if (this.options.show === 'roofline') void this.roofline();
    const first = this.arrival;
    this.arrival = null;
    if (first) this.arrive(first, report);
  }

  /** Few figures are one: the others do not load it. */
  private async roofline(): Promise<void> {
    try {
      const { showRoofline } = await import('./roofline');
      this.paintRoofline ??= showRoofline(this.engine);
      await this.paintRoofline();
    } catch {
      this.fail('The roofline could not be loaded.');
    }
  }

  private arrive({ cycle, pe, unit, level, speed, notation, example }: Figure, report: Report): void {
    // With the next picture.
    if (notation !== this.notation) this.engine.call('showNumbersAs', notation).catch(() => undefined);
    this.notation = notation;
    const usual = EXAMPLES.find(({ name }) => name === example)?.speed ?? 8;
    this.transport.setSpeed(speed ?? usual);
    this.transport.seek(cycle ?? report.opens);
    // What another figure showed before is no part of it.
    this.engine.select(pe ?? { row: 0, col: 0 });
    if (unit !== (this.frame?.unit ?? 0)) this.engine.showUnit(unit);
    if (level !== (this.frame?.level ?? 0)) this.engine.turn({ by: 'look', level, smooth: false });
    const still = matchMedia('(prefers-reduced-motion: reduce)').matches;
    if (this.options.autoplay && !still) this.transport.play();
  }

  private painted(frame: Frame): void {
    this.frame = frame;
    byId('caption').textContent = frame.caption;
    this.root.dataset['shown'] = String(frame.cycle);
    this.speaker.say(`Cycle ${frame.cycle}. ${frame.caption}`);
    this.changed();
  }

  private fail(message: string): void {
    const problem = byId('problem');
    problem.textContent = message;
    problem.hidden = false;
    this.phase('error');
    this.host.tell({ kind: 'error', message });
  }

  private phase(phase: string): void {
    this.root.dataset['phase'] = phase;
    this.host.tell({ kind: 'phase', phase });
  }

  // --- The page around it ---------------------------------------------------------------------------------------

  private grant(wish: Wish): void {
    switch (wish.kind) {
      case 'ping':
        if (this.version !== '') this.host.tell({ kind: 'ready', schema: 1, version: this.version });
        break;
      case 'load':
        void this.open(wish.hash).then((opened) => opened && this.engine.alive && this.run());
        break;
      case 'play':
        this.transport.play();
        break;
      case 'pause':
        this.transport.pause();
        break;
      case 'step':
        this.transport.step(wish.by);
        break;
      case 'seek':
        this.transport.seek(wish.cycle);
        break;
      case 'set':
        if (wish.theme !== undefined) this.options.theme = one(wish.theme, ['auto', 'light', 'dark']);
        if (Number.isSafeInteger(wish.speed)) this.transport.setSpeed(wish.speed as number);
        this.look();
        break;
      case 'getState':
        void this.hash().then((hash) => this.host.tell({ kind: 'state', hash }));
        break;
      case 'export':
        void this.export(wish.asked, wish.id);
        break;
    }
  }

  /** Of what is shown now. Few hosts ask for files: the others do not load what makes them. */
  private async export(asked: Asked, id: Id): Promise<void> {
    const shown = { cycle: this.cycle, theme: this.root.dataset['theme']! };
    try {
      const { Exporter } = await import('./export');
      this.exporter ??= new Exporter(this.engine, this.host);
      this.exporter.ask(asked, shown, id);
    } catch {
      this.host.tell({ kind: 'error', message: 'What makes files could not be loaded.', id });
    }
  }

  /** What it can do nothing with, the host may: a slide deck turns its pages. */
  private key(event: KeyboardEvent): void {
    const action = actionOf(event);
    const act = action && this.acts[action];
    if (act) {
      event.preventDefault();
      act();
    } else if (!(event.target as HTMLElement).closest('textarea')) {
      const { key, code, shiftKey } = event;
      this.host.tell({ kind: 'key', key, code, shift: shiftKey });
    }
  }

  /** Soon after the last change; while it plays, now and then. */
  private changed(): void {
    this.telling ??= setTimeout(() => {
      this.telling = undefined;
      const { cycle, report, transport } = this;
      this.host.tell({ kind: 'cycle', cycle, of: report?.cycles ?? 0, playing: transport.playing });
      void this.hash().then((hash) => (byId<HTMLAnchorElement>('edit').href = this.beginning.home + hash));
    }, 100);
  }

  /** What is seen now. */
  private hash(): Promise<string> {
    const { example, chip, speed, notation, span, marks } = this.figure!;
    const { frame } = this;
    return hashOf({
      example,
      text: this.text === this.original ? null : this.text,
      chip,
      cycle: this.cycle === this.report?.opens ? null : this.cycle,
      pe: frame?.selected ?? null,
      unit: frame?.unit ?? 0,
      level: frame?.level ?? 0,
      // What it cannot change, or does not show, goes on as it came.
      speed,
      notation,
      span,
      marks,
    });
  }

  // --- Looks ----------------------------------------------------------------------------------------------------

  private look(): void {
    const { theme, controls, show, hide, editable } = this.options;
    const system = this.system.matches ? 'dark' : 'light';
    Object.assign(this.root.dataset, {
      show,
      theme: theme === 'auto' ? system : theme,
      controls,
      hide: hide.join(' '),
    });
    this.program.hidden = !editable;
    this.engine.resize();
    this.transport.redraw();
    void this.paintRoofline?.();
  }

  private view(): View {
    const { width, height } = this.canvas.getBoundingClientRect();
    const theme = this.root.dataset['theme'] === 'dark' ? 'dark' : 'light';
    return { width, height, pixelRatio: window.devicePixelRatio, theme, timelineWidth: 0 };
  }
}
