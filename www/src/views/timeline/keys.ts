// The timeline by keyboard: from bar to bar, in and out; what a bar is is shown and spoken.

import type { Bench } from '../../bench';
import { byId } from '../../dom';
import type { Spot } from '../../protocol';
import type { Selection } from './selection';
import type { Span } from './span';
import type { Tip } from './tip';

/** Zoom of a key. */
const STEP = 2;

export class Keys {
  private spot: Spot | null = null;
  private lanes: string[] = [];
  /** Keys in the order they came, each after the one before. */
  private last: Promise<void> = Promise.resolve();

  constructor(
    private readonly bench: Bench,
    private readonly span: Span,
    private readonly tip: Tip,
    private readonly selection: Selection,
    private readonly say: (text: string) => void,
  ) {
    const host = byId('timeline');
    host.setAttribute('aria-keyshortcuts', 'ArrowLeft ArrowRight ArrowUp ArrowDown Enter + - F Z R D');
    host.addEventListener('keydown', (event) => this.key(event));
    host.addEventListener('blur', () => this.tip.hide());
    bench.on('ran', () => (this.spot = null));
  }

  private key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if ((event.target as HTMLElement).closest('button')) return;
    const actions: Record<string, () => void> = {
      ArrowLeft: () => this.go(() => this.along(-1)),
      ArrowRight: () => this.go(() => this.along(1)),
      ArrowUp: () => this.go(() => this.lane(-1)),
      ArrowDown: () => this.go(() => this.lane(1)),
      Home: () => this.go(() => this.to(this.row, 0)),
      End: () => this.go(() => this.to(this.row, Number.MAX_SAFE_INTEGER)),
      PageUp: () => this.span.pan(-0.8 * this.span.cycles),
      PageDown: () => this.span.pan(0.8 * this.span.cycles),
      Enter: () => this.enter(),
      '+': () => this.span.zoom(1 / STEP, this.centre),
      '=': () => this.span.zoom(1 / STEP, this.centre),
      '-': () => this.span.zoom(STEP, this.centre),
      '0': () => this.span.fit(),
      f: () => this.span.fit(),
      z: () => this.spot && this.span.around(this.spot.from, this.spot.to),
      r: () => this.select(),
      d: () => void this.read(),
      Escape: () => this.escape(),
    };
    const action = actions[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!action) return;
    event.preventDefault();
    action();
  }

  /** What a zoom goes into: the bar, or the cycle shown. */
  private get centre(): number {
    return this.span.centre(this.spot ? (this.spot.from + this.spot.to) / 2 : this.bench.cycle);
  }

  private get row(): number {
    return this.spot?.row ?? 0;
  }

  private go(move: () => Promise<void>): void {
    this.last = this.last.then(move).catch(() => {
      // The simulator was stopped.
    });
  }

  /** To the next bar of the lane; first of all to the one at the cycle shown. */
  private async along(by: 1 | -1): Promise<void> {
    if (!this.spot) await this.lane(1);
    else await this.to(this.row, Math.max(0, (this.spot.number ?? 0) + by));
  }

  private async to(row: number, number: number): Promise<void> {
    const spot = await this.bench.desk.call('barOf', row, number, 0);
    if (spot) await this.focus(spot);
  }

  /** To the bar at the same time in another lane that has bars. */
  private async lane(by: 1 | -1): Promise<void> {
    this.lanes = (await this.bench.desk.call('lanesOf')) ?? [];
    const cycle = this.spot?.from ?? this.bench.cycle;
    for (let row = this.spot ? this.row + by : 0; row >= 0 && row < this.lanes.length; row += by) {
      const spot = await this.bench.desk.call('barOf', row, undefined, cycle);
      if (spot) return this.focus(spot);
    }
  }

  private async focus(spot: Spot): Promise<void> {
    this.spot = spot;
    this.span.reveal(spot);
    await this.span.settled();
    // Its place, now that it is to be seen.
    const seen = (await this.bench.desk.call('barOf', spot.row, spot.number ?? 0, 0)) ?? spot;
    this.tip.show(seen, null);
    const line = spot.line === null ? '' : `, line ${spot.line}`;
    const lines = spot.lines.map(({ label, value }) => `${label} ${value}`);
    this.say(`${this.lanes[spot.row] ?? ''}: ${spot.title}${line}. ${lines.join(', ')}`);
  }

  private enter(): void {
    if (!this.spot) return;
    this.bench.desk.seek(this.spot.from);
    if (this.spot.op !== null) this.bench.pick(this.spot.op);
  }

  /** The bar's cycles, or those that are shown. */
  private select(): void {
    const { from, to } = this.spot ?? this.span.shown;
    void this.selection.select(from, to).then(() => this.say(`cycles ${from} to ${to - 1} are selected`));
  }

  /** Opens what the documentation says of the bar's unit, beside the page. */
  private async read(): Promise<void> {
    const { addressOf } = await import('../topics');
    const address = addressOf(this.spot?.unit ?? 'lanes');
    if (address) window.open(address, '_blank', 'noopener');
  }

  private escape(): void {
    this.tip.hide();
    this.spot = null;
    this.selection.clear();
  }
}
