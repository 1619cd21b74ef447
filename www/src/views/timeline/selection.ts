// Cycles that are selected: marked over the lanes, and counted in the side panel.

import type { Bench } from '../../bench';
import { bar, classLink, few, percent, swatch } from '../../cycles';
import { button, byId, grouped, make } from '../../dom';
import type { ClassShare, Cycles, Part } from '../../protocol';
import { bytes } from '../bytes';
import type { Span } from './span';

export class Selection {
  /** Draws the next range without Shift, for fingers. */
  readonly toggle = button('Select cycles', () => this.arm(!this.armed), {
    'aria-pressed': 'false',
    title: 'Then drag over the lanes. At any time: drag with Shift, or over the cycle numbers',
  });
  armed = false;
  /** What is selected. */
  range: Cycles | null = null;
  private start = 0;
  private counting = false;
  private readonly mark = make('div', { class: 'range', 'aria-hidden': 'true' });
  private readonly panel = make('section', { id: 'range', 'aria-label': 'Selected cycles' });
  private readonly from = number('first');
  private readonly to = number('last');
  private readonly counts = make('div', {});

  constructor(
    private readonly bench: Bench,
    private readonly span: Span,
  ) {
    this.mark.hidden = this.panel.hidden = true;
    byId('lanes').after(this.mark);
    this.panel.append(
      make('h2', {}, 'Selected cycles'),
      make('p', { class: 'row' }, this.from, 'to', this.to),
      this.counts,
      make(
        'p',
        { class: 'row' },
        button('Zoom to them', () => this.range && span.show(this.range.from, this.range.to)),
        button('Clear', () => this.clear(), { title: 'Escape' }),
      ),
    );
    byId('side').prepend(this.panel);
    for (const field of [this.from, this.to]) field.addEventListener('change', () => this.typed());
    span.on(() => this.place());
    bench.on('ran', () => this.ran());
    // Another matrix unit may be shown now.
    bench.on('frame', ({ unit }) => this.range && unit !== this.unit && void this.count());
  }

  private unit = 0;

  arm(armed: boolean): void {
    this.armed = armed;
    this.toggle.setAttribute('aria-pressed', String(armed));
  }

  begin(cycle: number): void {
    this.start = Math.min(cycle, this.span.total - 1);
    this.set(this.start, this.start + 1);
  }

  extend(cycle: number): void {
    const [from, to] = [Math.min(this.start, cycle), Math.max(this.start, cycle)];
    this.set(from, to);
  }

  async end(): Promise<void> {
    this.arm(false);
    await this.count();
    // Where the panel scrolls by itself, what was counted may be out of sight.
    if (matchMedia('(min-width: 1241px)').matches) this.panel.scrollIntoView({ block: 'nearest' });
  }

  /** Selects cycles at once. */
  select(from: number, to: number): Promise<void> {
    this.set(from, to);
    return this.count();
  }

  /** What is typed meanwhile is not written over when the count has come. */
  private set(from: number, to: number): void {
    this.range = { from, to: Math.max(from + 1, to) };
    this.label();
    this.place();
  }

  clear(): void {
    this.range = null;
    this.arm(false);
    const within = this.panel.contains(document.activeElement);
    this.panel.hidden = true;
    this.place();
    if (within) byId('timeline').focus();
  }

  /** The same cycles of another run, if it has them. */
  private ran(): void {
    if (!this.range) return;
    if (this.range.to > this.span.total) this.clear();
    else void this.count();
  }

  private typed(): void {
    const [first, last] = [this.from.valueAsNumber, this.to.valueAsNumber];
    if (!Number.isInteger(first) || !Number.isInteger(last) || first < 0 || last < first) {
      this.label();
      return;
    }
    const from = Math.min(first, this.span.total - 1);
    void this.select(from, Math.min(last + 1, this.span.total));
  }

  private place(): void {
    const { range, span } = this;
    this.mark.hidden = !range || range.to <= span.shown.from || range.from >= span.shown.to;
    if (!range || this.mark.hidden) return;
    const left = Math.max(span.gutter, span.x(range.from));
    const right = Math.min(span.gutter + span.width, span.x(range.to));
    this.mark.style.left = `${left}px`;
    this.mark.style.width = `${Math.max(1, right - left)}px`;
    const cycles = range.to - range.from;
    this.mark.dataset['cycles'] = `${grouped(cycles)} cycle${cycles === 1 ? '' : 's'}`;
  }

  private label(): void {
    if (!this.range) return;
    this.from.value = String(this.range.from);
    this.to.value = String(this.range.to - 1);
    for (const field of [this.from, this.to]) field.max = String(this.span.total - 1);
  }

  /** Counts what is selected; the newest selection wins. */
  private async count(): Promise<void> {
    if (this.counting) return;
    this.counting = true;
    try {
      for (let asked: Cycles | null = null; this.range && asked !== this.range;) {
        asked = this.range;
        const part = await this.bench.desk.call('countCycles', asked.from, asked.to);
        if (part && this.range === asked) this.show(part);
      }
    } catch {
      // The simulator was stopped; the next run counts again.
    } finally {
      this.counting = false;
    }
  }

  private show(part: Part): void {
    this.unit = part.unit;
    const units = this.bench.report?.matrixUnits ?? 1;
    const cycles = part.to - part.from;
    const memory = this.bench.report?.inCommonMemory ? 'the common memory' : 'DRAM';
    const lines: [string, string][] = [
      ['cycles', grouped(cycles)],
      ['utilization', percent(part.utilization)],
      ['MACs of rows that enter', few(part.macs)],
      [`read from ${memory}`, bytes(part.read)],
      [`written to ${memory}`, bytes(part.written)],
    ];
    const facts = lines.map(([name, value]) =>
      make('tr', {}, make('th', { scope: 'row' }, name), make('td', { class: 'mono', colspan: '2' }, value)),
    );
    const table = make('table', { class: 'legend', 'aria-label': 'Selected cycles, counted' }, ...facts);
    const where = units === 1 ? [] : [make('h3', {}, `Matrix unit ${part.unit}`)];
    const all = units === 1 ? [] : [make('h3', {}, `All ${units} matrix units`), ...classes(part.allClasses, 'all')];
    this.counts.replaceChildren(table, ...where, ...classes(part.classes, 'shown'), ...all);
    this.panel.hidden = false;
  }
}

/** Where cycles went: a bar, and its parts in words. */
function classes(shares: ClassShare[], of: string): HTMLElement[] {
  const present = shares.filter(({ cycles }) => cycles > 0);
  const total = present.reduce((sum, { cycles }) => sum + cycles, 0);
  const rows = present.map((share) =>
    make(
      'tr',
      {},
      make('th', { scope: 'row' }, swatch(share.name), classLink(share)),
      make('td', { class: 'mono' }, grouped(share.cycles)),
      make('td', { class: 'mono' }, percent(share.cycles / total)),
    ),
  );
  const label = of === 'all' ? 'Selected cycles of all matrix units by class' : 'Selected cycles by class';
  return [bar(present, total), make('table', { class: 'legend', 'aria-label': label }, ...rows)];
}

function number(which: 'first' | 'last'): HTMLInputElement {
  const label = `${which === 'first' ? 'First' : 'Last'} selected cycle`;
  return make('input', { type: 'number', min: '0', step: '1', 'aria-label': label, class: 'mono' });
}
