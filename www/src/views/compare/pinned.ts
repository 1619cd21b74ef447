// The pinned run in the stage: its picture beside the one on show, its lanes below the others, on one scale of cycles.

import type { Bench, Source } from '../../bench';
import { byId, grouped, make } from '../../dom';
import type { CameraMove, Frame, Report, View } from '../../protocol';
import { steer } from '../stage';
import type { Span } from '../timeline/span';
import { Lone, type Result } from './lone';
import { mirrored } from './mirror';

/** Which of its cycles is shown: as many from the start as in the run on show, or after as large a share of it. */
export type Step = 'start' | 'share';

export class Pinned {
  step: Step = 'start';
  result: Result | null = null;
  private readonly lone: Lone;
  private readonly words = make('p', { class: 'half-words' });
  private readonly told = make('p', { class: 'half-told' });
  private readonly nowWords = make('p', { class: 'half-words' });
  private readonly canvas = make('div', { class: 'half-canvas' });
  private readonly lanes = make('div', { class: 'pinned-lanes' });
  private readonly line = make('div', { class: 'pinned-now', 'aria-hidden': 'true' });
  private readonly beyond = make('p', { class: 'quiet beyond' });
  private readonly half = make('div', { id: 'pinned-half', role: 'group', 'aria-label': 'The pinned run' });
  private readonly below = make('div', {
    id: 'pinned-timeline',
    role: 'group',
    tabindex: '0', // it may scroll
    'aria-label': 'Lanes of the pinned run',
  });
  private readonly nowHalf = make('div', { id: 'now-half' }, this.nowWords);
  private readonly resized = new ResizeObserver(() => this.lone.engine.resize());
  private shown: { from: number; to: number } = { from: 0, to: 1 };
  private asking = false;
  private selected = '';
  private level = 0;
  private aligned = false;
  private notation = 'decimal';

  constructor(
    private readonly bench: Bench,
    private readonly span: Span,
  ) {
    this.half.append(make('div', { class: 'half-head' }, this.words, this.told), this.canvas);
    const title = make('p', { class: 'pinned-title' }, 'pinned');
    this.below.append(title, make('div', { class: 'pinned-host' }, this.lanes, this.line, this.beyond));
    byId('picture').prepend(this.half, this.nowHalf);
    byId('timeline').after(this.below);
    byId('stage').classList.add('compared');
    this.lone = new Lone(bench, { picture: this.canvas, timeline: this.lanes }, () => this.view(), {
      progress: (done) => this.say(`running, ${Math.round(100 * done)} %`),
      frame: (frame) => this.frame(frame),
      picked: (pe) => bench.desk.select(pe),
    });
    this.canvas.addEventListener('click', (event) => {
      const { left, top } = this.canvas.getBoundingClientRect();
      this.lone.engine.pick(event.clientX - left, event.clientY - top);
    });
    this.resized.observe(this.canvas);
    this.canvas.addEventListener('dblclick', () => bench.act('nearer'));
    steer(this.canvas, bench, (move) => bench.turn(moved(move, this.canvas, byId('canvas-host'))));
    mirrored(this.lanes.parentElement!, span, (cycle) => bench.desk.seek(this.liveCycle(cycle)));
  }

  /** Whoever looks nearer or elsewhere in one picture does so in both. */
  turned(move: CameraMove): void {
    this.lone.engine.turn(moved(move, byId('canvas-host'), this.canvas));
  }

  /** Another run is shown: one may look at its array from elsewhere now. */
  ran(): void {
    this.aligned = false;
    this.follow();
    this.place();
  }

  /** Both pictures look as near, at the same PE. */
  private align(): void {
    const { frame } = this.bench;
    this.aligned = true;
    if (frame && frame.level !== this.level) this.bench.turn({ by: 'look', level: frame.level, smooth: false });
  }

  /** The cycle of the run on show in which the pinned one is in some cycle. */
  private liveCycle(cycle: number): number {
    const live = this.bench.report?.cycles ?? 0;
    const pinned = Math.max(1, this.result?.report.cycles ?? 1);
    return Math.min(live, this.step === 'start' ? cycle : Math.round((cycle * live) / pinned));
  }

  /** Runs it; why it cannot be run is said in its place. */
  async run(source: Source): Promise<Result> {
    this.say('running');
    try {
      this.result = await this.lone.run(source);
    } catch (error) {
      this.say(error instanceof Error ? error.message : String(error));
      throw error;
    }
    this.lanes.style.height = `${this.result.report.timeline.height}px`;
    this.follow();
    this.place();
    this.mark();
    this.aligned = false;
    this.frameOfNow();
    return this.result;
  }

  end(): void {
    this.resized.disconnect();
    this.lone.end();
    for (const part of [this.half, this.nowHalf, this.below]) part.remove();
    byId('stage').classList.remove('compared');
    byId('lanes').style.width = '';
  }

  themed(): void {
    this.lone.engine.resize();
  }

  /** The clock has moved. */
  follow(): void {
    const cycle = this.cycle();
    if (cycle === null) return;
    this.lone.engine.seek(cycle);
    this.tell(cycle);
    this.placeLine(cycle);
  }

  private cycle(): number | null {
    const live = this.bench.report?.cycles ?? 0;
    if (!this.result) return null;
    const { cycles } = this.result.report;
    const share = live === 0 ? 0 : this.bench.cycle / live;
    return Math.min(cycles, this.step === 'start' ? this.bench.cycle : Math.round(share * cycles));
  }

  /** One looks at the same PE in both. */
  frameOfNow(): void {
    const { frame } = this.bench;
    if (!frame || !this.result) return;
    const { row, col } = frame.selected;
    if (`${row},${col}` !== this.selected) this.lone.engine.select(frame.selected);
    this.selected = `${row},${col}`;
    const { notation } = this.bench;
    if (notation !== this.notation) {
      this.lone.engine.call('showNumbersAs', notation).catch(() => undefined);
      this.lone.engine.select(frame.selected);
    }
    this.notation = notation;
    if (!this.aligned) this.align();
  }

  /** The operator that stands out, if the pinned run has one of its name. */
  mark(): void {
    const name = this.bench.op === null ? undefined : this.bench.report?.ops[this.bench.op]?.name;
    const at = this.result?.report.ops.findIndex((op) => op.name === name) ?? -1;
    this.lone.engine.mark(at < 0 ? null : at);
  }

  private frame({ caption, level }: Frame): void {
    this.level = level;
    this.told.textContent = caption;
    this.told.title = caption;
  }

  private say(text: string): void {
    this.words.replaceChildren(make('b', {}, 'Pinned'), ` ${text}`);
  }

  private tell(cycle: number): void {
    const { report } = this.result!;
    const ended = cycle === report.cycles ? ' (its end)' : '';
    this.say(`${array(report)} · cycle ${grouped(cycle)} of ${grouped(report.cycles)}${ended}`);
    const now = this.bench.report;
    if (!now) return;
    const words = ` ${array(now)} · cycle ${grouped(this.bench.cycle)} of ${grouped(now.cycles)}`;
    this.nowWords.replaceChildren(make('b', {}, 'Now'), words);
  }

  // --- The lanes ------------------------------------------------------------------------------------------------

  /** A pixel is as many cycles in both: the shorter run has the shorter lanes. */
  place(): void {
    const live = this.bench.report?.cycles ?? 0;
    if (!this.result || live === 0) return;
    const { cycles, timeline } = this.result.report;
    const part = Math.min(1, live / Math.max(1, cycles));
    const lanes = byId('lanes');
    lanes.style.width = part === 1 ? '' : `calc(${timeline.gutter}px + (100% - ${timeline.gutter}px) * ${part})`;
    const { scale, shown } = this.span;
    const room = Math.max(1, this.below.querySelector('.pinned-host')!.clientWidth - timeline.gutter);
    const from = Math.min(shown.from, Math.max(0, cycles - 1));
    const to = Math.max(from + 1, Math.min(cycles, Math.floor(shown.from + room / scale + 0.01)));
    const seen = shown.from < Math.max(1, cycles);
    this.lanes.hidden = !seen;
    this.beyond.hidden = seen;
    this.beyond.textContent = `It ended before, at cycle ${grouped(cycles)}.`;
    this.lanes.style.width = `${timeline.gutter + Math.min(room, (to - from) * scale)}px`;
    this.shown = { from, to };
    const cycle = this.cycle();
    if (cycle !== null) this.placeLine(cycle);
    if (seen && !this.asking) void this.paint();
  }

  private placeLine(cycle: number): void {
    const { from, to } = this.shown;
    this.line.hidden = this.lanes.hidden || cycle < from || cycle > to;
    this.line.style.left = `${this.span.x(cycle)}px`;
  }

  /** One wish in flight, and the newest of those that came meanwhile. */
  private async paint(): Promise<void> {
    this.asking = true;
    try {
      for (let asked: Pinned['shown'] | null = null; asked !== this.shown;) {
        asked = this.shown;
        this.lone.engine.resize();
        await this.lone.engine.call('showCycles', asked.from, asked.to);
      }
    } catch {
      // It has been unpinned.
    } finally {
      this.asking = false;
    }
  }

  private view(): View {
    const { width, height } = this.canvas.getBoundingClientRect();
    const theme = document.documentElement.dataset['theme'] === 'dark' ? 'dark' : 'light';
    return { width, height, pixelRatio: window.devicePixelRatio, theme, timelineWidth: this.lanes.clientWidth };
  }
}

/** A move in one picture as it is in another of another size. */
function moved(move: CameraMove, from: HTMLElement, to: HTMLElement): CameraMove {
  if (move.by !== 'zoom') return move;
  const { clientWidth: width, clientHeight: height } = from;
  return {
    ...move,
    x: (move.x * to.clientWidth) / Math.max(1, width),
    y: (move.y * to.clientHeight) / Math.max(1, height),
  };
}

/** Dataflow and sides. */
function array({ dataflow, rows, cols }: Report): string {
  return `${dataflow} · ${rows} × ${cols}`;
}
