// The cycles that the timeline shows, and their places on the page.

import type { Bench } from '../../bench';
import type { Cycles, Report } from '../../protocol';

/** Fewer are never shown, unless the run has fewer. */
const LEAST = 4;
/** A cycle this wide has a column of its own, as in the picture; CSS pixels. */
export const COLUMN = 6;

export class Span {
  /** What the picture shows. */
  shown: Cycles = { from: 0, to: 1 };
  /** What it is to show: a gesture goes on from here before the picture has followed. */
  private wanted: Cycles = this.shown;
  private asking = false;
  private following: Promise<void> = Promise.resolve();
  private names = '';
  private readonly listeners: (() => void)[] = [];
  /** Of the lanes with their names; the page says it, for asking at every cycle costs a layout each time. */
  private room = 0;
  /** Of the whole run. */
  total = 1;

  constructor(
    private readonly bench: Bench,
    host: HTMLElement,
  ) {
    bench.on('ran', (report) => this.ran(report));
    bench.on('arrived', ({ span }) => (span ? this.show(span.from, span.to) : this.fit()));
    this.room = host.clientWidth;
    new ResizeObserver(() => {
      this.room = host.clientWidth;
      this.changed();
    }).observe(host);
  }

  /** Hears when other cycles are shown, or as many on another width. */
  on(listener: () => void): void {
    this.listeners.push(listener);
  }

  changed(): void {
    for (const listener of this.listeners) listener();
  }

  /** The same operators are looked at where they were; other ones from the start. */
  private ran(report: Report): void {
    const names = report.ops.map(({ name }) => name).join(' ');
    const same = names === this.names && this.isZoomed && this.wanted.to <= report.cycles;
    this.names = names;
    this.total = Math.max(1, report.cycles);
    if (same) return this.show(this.wanted.from, this.wanted.to);
    this.fit();
    // Cycles of the run before mean nothing in this one, however long the picture takes to follow.
    this.shown = this.wanted;
  }

  get cycles(): number {
    return this.wanted.to - this.wanted.from;
  }

  get isZoomed(): boolean {
    return this.cycles < this.total;
  }

  fit(): void {
    this.show(0, this.total);
  }

  /** Shows cycles; as many, moved, where they would lie beyond an end. */
  show(from: number, to: number): void {
    const cycles = Math.round(Math.min(this.total, Math.max(Math.min(LEAST, this.total), to - from)));
    const first = Math.round(Math.min(this.total - cycles, Math.max(0, from)));
    this.wanted = { from: first, to: first + cycles };
    this.bench.zoomed(this.isZoomed ? this.wanted : null);
    if (!this.asking) this.following = this.ask();
  }

  /** Shows cycles with some room beside them. */
  around(from: number, to: number): void {
    const room = Math.max(1, (to - from) * 0.15);
    this.show(Math.floor(from - room), Math.ceil(to + room));
  }

  /** What a zoom that does not point goes into: a cycle if it is among those to be shown, else the middle of these. */
  centre(cycle: number): number {
    const { from, to } = this.wanted;
    return cycle >= from && cycle <= to ? cycle : (from + to) / 2;
  }

  /** Shows `factor` times as many, with a cycle staying where it is. */
  zoom(factor: number, at: number): void {
    const share = Math.min(1, Math.max(0, (at - this.wanted.from) / this.cycles));
    const cycles = Math.min(this.total, Math.max(LEAST, this.cycles * factor));
    this.show(at - share * cycles, at - share * cycles + cycles);
  }

  pan(by: number): void {
    this.show(this.wanted.from + by, this.wanted.to + by);
  }

  /** Moves on as little as is needed for some cycles to be seen. */
  reveal({ from, to }: Cycles): void {
    if (from >= this.wanted.from && to <= this.wanted.to) return;
    if (to - from > this.cycles) this.around(from, to);
    else if (from < this.wanted.from) this.pan(from - this.wanted.from - this.cycles * 0.1);
    else this.pan(to - this.wanted.to + this.cycles * 0.1);
  }

  /** When the picture shows what is wanted. */
  settled(): Promise<void> {
    return this.following;
  }

  /** One wish in flight, and the newest of those that came meanwhile. */
  private async ask(): Promise<void> {
    this.asking = true;
    try {
      for (let asked: Cycles | null = null; asked !== this.wanted;) {
        asked = this.wanted;
        this.shown = (await this.bench.desk.call('showCycles', asked.from, asked.to)) ?? asked;
        this.changed();
      }
    } catch {
      // The simulator was stopped; the next run shows what is wanted.
    } finally {
      this.asking = false;
    }
  }

  // --- Places, in CSS pixels from the left edge of the lanes' names ----------------------------------------------

  get gutter(): number {
    return this.bench.report?.timeline.gutter ?? 0;
  }

  /** Width of the lanes. */
  get width(): number {
    return Math.max(1, this.room - this.gutter);
  }

  /** Width of a cycle. */
  get scale(): number {
    return this.width / (this.shown.to - this.shown.from);
  }

  /** Where a cycle begins, whether it is seen or not. */
  x(cycle: number): number {
    return this.gutter + (cycle - this.shown.from) * this.scale;
  }

  /** The cycle at a place, with a fraction. */
  at(x: number): number {
    return this.shown.from + (x - this.gutter) / this.scale;
  }

  /** The cycle that is meant by pointing there: the one of a column, or the nearest one. */
  meant(x: number): number {
    // Pointing a pixel beside the line where a cycle begins means that cycle.
    const cycle = Math.floor(this.at(x) + Math.min(0.5, 1 / this.scale));
    return Math.min(this.total, Math.max(0, cycle));
  }
}
