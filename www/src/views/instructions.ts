// The instructions of the run: those under way are marked as the clock moves.

import type { Bench } from '../bench';
import { button, grouped, make } from '../dom';
import type { CodeLine, Report, Times, UnderWay } from '../protocol';
import { CodeList } from './code-list';
import { Newest, type SubView } from './sub-view';

export class Instructions implements SubView {
  readonly name = 'instructions';
  readonly title = 'Instructions';
  readonly panel = make('div', { class: 'compiled-fill' });
  private readonly units = make('ul', { class: 'units mono', 'aria-label': 'What each unit does now' });
  private readonly about = make('p', { class: 'code-about quiet', role: 'status' });
  private readonly follow = make('input', { type: 'checkbox', checked: '' });
  private readonly list: CodeList<CodeLine>;
  private readonly marks = new Newest();
  private readonly told = new Newest();
  private ops: Report['ops'] = [];
  /** Of the run whose listing this is. */
  private report: Report | null = null;
  private open = false;

  constructor(private readonly bench: Bench) {
    this.list = new CodeList<CodeLine>('Instructions of the run', {
      load: async (from, count) => (await bench.desk.call('lines', from, count)) ?? [],
      chosen: (line) => void this.choose(line),
      pointed: (line, number) => void this.tell(line, number),
    });
    this.list.box.id = 'instructions';
    this.follow.addEventListener('change', () => void this.mark());
    const following = make('label', { class: 'follow' }, this.follow, 'Follow the clock');
    const head = make('div', { class: 'compiled-head' }, this.units, following);
    this.panel.append(head, this.list.box, this.about);
    this.tell(null, -1);
    bench.on('ran', () => this.open && void this.read());
    bench.on('frame', () => this.open && void this.mark());
    bench.on('picked', (op) => this.list.pick(op));
  }

  show(): void {
    this.open = true;
    if (this.report !== this.bench.report) void this.read();
    else void this.mark();
  }

  hide(): void {
    this.open = false;
  }

  /** The listing comes in parts: a long one is there to be read while the rest is printed. */
  private async read(): Promise<void> {
    const { report } = this.bench;
    if (!report) return;
    this.report = report;
    this.ops = report.ops;
    this.list.reset(report.colours);
    try {
      for (let whole = false; !whole && report === this.bench.report;) {
        const listing = await this.bench.desk.call('listing');
        if (!listing || report !== this.bench.report) return;
        this.list.grow(listing.lines, listing.widest);
        whole = listing.whole;
      }
    } catch {
      this.report = null;
    }
    this.list.pick(this.bench.op);
    await this.mark();
  }

  private async mark(): Promise<void> {
    const cycle = this.bench.frame?.cycle ?? 0;
    const all = await this.marks.of(() => this.bench.desk.call('underWay', cycle));
    if (!all || this.report !== this.bench.report) return;
    const marks = all.map(({ line, lines, busy, unit }) => ({ line, lines, busy, note: unit }));
    // Of one instruction, what works now hides what is on its way out.
    this.list.mark(marks.sort((a, b) => Number(b.busy) - Number(a.busy)));
    this.panel.dataset['cycle'] = String(cycle);
    this.listUnits(all);
    const seen =
      all.find(({ busy, unit }) => busy && unit.startsWith('matrix')) ?? all.find(({ busy }) => busy) ?? all[0];
    if (this.follow.checked && seen) this.list.reveal(seen.line);
  }

  /** Every unit of the run, so that nothing moves as they begin and end. */
  private listUnits(all: UnderWay[]): void {
    const names = new Set([...(this.report?.units ?? []).map(({ name }) => name), ...all.map(({ unit }) => unit)]);
    const item = (name: string) => {
      const its = all.filter(({ unit }) => unit === name);
      const now = its.find(({ busy }) => busy) ?? its[0];
      if (!now) return make('li', { class: 'idle' }, make('span', {}, name), make('span', {}, 'waits'));
      const state = now.busy ? `until ${grouped(now.until)}` : `done, there in ${grouped(now.event)}`;
      const go = button(`line ${grouped(now.line + 1)}`, () => this.list.reveal(now.line), { class: 'link' });
      const of = this.ops[now.op]?.name ?? '';
      return make('li', {}, make('span', {}, name), make('span', {}, go, ` ${of}, ${state}`));
    };
    this.units.replaceChildren(...[...names].slice(0, MOST_UNITS).map(item));
  }

  private async choose(line: CodeLine): Promise<void> {
    if (line.op !== null) this.bench.pick(line.op);
    if (line.instruction === null) return;
    const begins = await this.bench.desk.call('begins', line.instruction, this.bench.frame?.cycle ?? 0);
    if (begins !== undefined) this.bench.desk.seek(begins);
  }

  private async tell(line: CodeLine | null, number: number): Promise<void> {
    if (!line || line.instruction === null) {
      this.about.textContent = 'Click an instruction to go to where it begins. ▶ works now, ▷ is on its way out.';
      return;
    }
    const { instruction } = line;
    const cycle = this.bench.frame?.cycle ?? 0;
    const times = await this.told.of(() => this.bench.desk.call('times', instruction, cycle));
    this.about.textContent = times ? inWords(times, number) : `Line ${number + 1} is never done.`;
  }
}

/** Most units that are listed. */
const MOST_UNITS = 64;

function inWords({ unit, loops, number, of, start, until, event }: Times, line: number): string {
  const which = of === 1 ? 'once' : `time ${grouped(number + 1)} of ${grouped(of)}`;
  const where = loops === '' ? '' : ` (${loops})`;
  const end = event > until ? `, and what it leaves is there in ${grouped(event)}` : '';
  const busy = `starts in cycle ${grouped(start)}, is done in ${grouped(until)}${end}`;
  return `Line ${grouped(line + 1)}, on ${unit}, ${which}${where}: ${busy}.`;
}
