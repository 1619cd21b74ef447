// The plan as loops over tiles: the tile at work is marked, with how far each loop has come.

import type { Bench } from '../bench';
import { make } from '../dom';
import type { Report } from '../protocol';
import { CodeList, type Row } from './code-list';
import { Newest, type SubView } from './sub-view';

export class Loops implements SubView {
  readonly name = 'loops';
  readonly title = 'Loops';
  readonly panel = make('div', { class: 'compiled-fill' });
  private readonly follow = make('input', { type: 'checkbox', checked: '' });
  private readonly empty = make(
    'p',
    { class: 'quiet' },
    'An assembly has no plan: its loops are those of its instructions.',
  );
  private readonly list: CodeList<Row>;
  private readonly marks = new Newest();
  private report: Report | null = null;
  private open = false;

  constructor(private readonly bench: Bench) {
    this.list = new CodeList<Row>('Loops over tiles', {
      load: async (from, count) => (await bench.desk.call('loopLines', from, count)) ?? [],
      chosen: ({ op }) => bench.pick(op),
    });
    this.list.box.id = 'loops';
    this.follow.addEventListener('change', () => void this.mark());
    const about = make(
      'p',
      { class: 'quiet' },
      'How products are cut into tiles, and what comes when. ▶ works now, ↻ is how far a loop has come.',
    );
    const following = make('label', { class: 'follow' }, this.follow, 'Follow the clock');
    this.panel.append(make('div', { class: 'compiled-head' }, about, following), this.list.box, this.empty);
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

  private async read(): Promise<void> {
    const { report } = this.bench;
    if (!report) return;
    this.report = report;
    this.list.reset(report.colours);
    const size = await this.bench.desk.call('loops').catch(() => undefined);
    if (report !== this.bench.report) return;
    this.empty.hidden = (size?.lines ?? 0) > 0;
    if (!size) this.report = null;
    else this.list.grow(size.lines, size.widest);
    this.list.pick(this.bench.op);
    await this.mark();
  }

  private async mark(): Promise<void> {
    const cycle = this.bench.frame?.cycle ?? 0;
    const all = await this.marks.of(() => this.bench.desk.call('loopsUnderWay', cycle));
    if (!all || this.report !== this.bench.report) return;
    // Loops are gone round; units work.
    this.list.mark(all.map((mark) => (mark.loop ? { ...mark, sign: '↻' } : mark)));
    this.panel.dataset['cycle'] = String(cycle);
    const seen = all.find(({ busy }) => busy) ?? all[0];
    if (this.follow.checked && seen) this.list.reveal(seen.line);
  }
}
