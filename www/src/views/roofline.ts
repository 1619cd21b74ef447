// The roofline: every operator that multiplies, below what the chip could do. It moves from run to run.

import type { Bench } from '../bench';
import { button, byId, grouped, make, opColour, short } from '../dom';
import type { OnRoof, Roofline } from '../protocol';
import { Picture } from './bitmaps';

const HEIGHT = 220;
/** Milliseconds that operators take from where they were to where they are. */
const WAY = 450;
/** Rows of the table; networks have hundreds of operators. */
const MOST_ROWS = 400;

export function mountRoofline(bench: Bench): void {
  new RooflineView(bench);
}

class RooflineView {
  private readonly host = make('div', { class: 'roofline', role: 'img' });
  private readonly told = make('p', { class: 'quiet told', 'aria-live': 'polite' });
  private readonly table = make('details');
  private readonly picture = new Picture(this.host, HEIGHT, () => void this.paint(1));
  private roofline: Roofline | null = null;
  private pointed: number | null = null;
  private painting = false;
  /** How much of its way is to be painted next. */
  private wanted: number | null = null;
  private moves = 0;

  constructor(private readonly bench: Bench) {
    byId('roofline').replaceChildren(make('h2', {}, 'Roofline'), this.host, this.told, this.table);
    bench.on('ran', () => void this.ran());
    bench.on('theme', () => void this.paint(1));
    bench.on('picked', () => this.picked());
    this.table.addEventListener('toggle', () => this.table.open && this.table.childElementCount === 1 && this.list());
    this.host.addEventListener('pointermove', (event) => void this.point(event, false));
    this.host.addEventListener('pointerleave', () => this.tell(null));
    this.host.addEventListener('click', (event) => this.click(event));
  }

  private async ran(): Promise<void> {
    try {
      this.roofline = (await this.bench.desk.call('roofline')) ?? null;
      this.list();
      this.tell(null);
      this.move();
    } catch {
      // The simulator was stopped: its next run comes back here.
    }
  }

  /** From where operators were to where they are, unless less motion is asked for. */
  private move(): void {
    const move = ++this.moves;
    if (matchMedia('(prefers-reduced-motion: reduce)').matches) {
      void this.paint(1);
      return;
    }
    const began = performance.now();
    const step = () => {
      if (move !== this.moves) return;
      const gone = Math.min(1, (performance.now() - began) / WAY);
      void this.paint(1 - (1 - gone) ** 3);
      if (gone < 1) requestAnimationFrame(step);
    };
    step();
  }

  /** One picture on its way, and the newest wish of those that came meanwhile. */
  private async paint(part: number): Promise<void> {
    this.wanted = part;
    const { width, ratio, theme } = this.picture.look();
    if (this.painting || !this.roofline || width === 0) return;
    this.painting = true;
    this.wanted = null;
    try {
      this.picture.show(await this.bench.desk.call('paintRoofline', width, HEIGHT, ratio, theme, part));
    } catch {
      // As above.
    }
    this.painting = false;
    if (this.wanted !== null) void this.paint(this.wanted);
  }

  private async point({ clientX, clientY }: PointerEvent | MouseEvent, pick: boolean): Promise<void> {
    const { left, top } = this.host.getBoundingClientRect();
    const { width } = this.picture.look();
    try {
      const op = await this.bench.desk.call('rooflineAt', width, HEIGHT, clientX - left, clientY - top);
      this.host.classList.toggle('over', op !== undefined);
      this.tell(op ?? null);
      if (pick) this.bench.pick(op ?? null);
    } catch {
      // As above.
    }
  }

  /** What is told is picked: a click has whole pixels, and may be just beside what the pointer found. */
  private click(event: MouseEvent): void {
    if (this.pointed === null) void this.point(event, true);
    else this.bench.pick(this.pointed);
  }

  private picked(): void {
    for (const row of this.table.querySelectorAll<HTMLElement>('tr[data-op]')) {
      row.classList.toggle('picked', row.dataset['op'] === String(this.bench.op));
    }
    this.tell(this.pointed);
    // The worker hears of the pick first: calls are answered in the order they come.
    void this.paint(1);
  }

  /** In words: the operator that is pointed at, else the picked one, else how to read the picture. */
  private tell(pointed: number | null): void {
    this.pointed = pointed;
    const op = pointed ?? this.bench.op;
    const on = this.roofline?.ops.find((on) => on.op === op);
    const text = on ? this.sentence(on) : this.legend();
    if (this.told.textContent !== text) this.told.textContent = text;
  }

  private legend(): string {
    if (!this.roofline || this.roofline.ops.length === 0) return 'Nothing is multiplied.';
    const { memory, bytesPerCycle, ops } = this.roofline;
    const slope = `Left of the bend ${memory} is the limit, ${short(bytesPerCycle)} bytes a cycle; right of it the arrays are.`;
    this.host.setAttribute(
      'aria-label',
      `A roofline of ${ops.length} operators; their numbers are in the table below.`,
    );
    return `${slope} Larger points have more cycles.`;
  }

  private sentence({ op, rate, roof, intensity }: OnRoof): string {
    const share = `${short(rate)} MACs a cycle, ${percent(rate / roof)} of its roof`;
    const traffic = intensity === null ? 'no memory traffic' : `${short(intensity)} MACs a byte`;
    return `${this.nameOf(op)}: ${share}; ${traffic}.`;
  }

  private nameOf(op: number): string {
    const known = this.bench.report?.ops[op];
    return known ? `${known.name}, line ${known.line}` : '';
  }

  /** The table, if it is to be seen. */
  private list(): void {
    this.table.replaceChildren(make('summary', {}, 'As a table'));
    if (!this.table.open) return;
    const ops = this.roofline?.ops ?? [];
    const columns = ['operator', 'MACs a byte', 'MACs a cycle', 'of its roof', 'bytes'];
    const head = make('tr', {}, ...columns.map((title) => make('th', { scope: 'col' }, title)));
    const rows = ops.slice(0, MOST_ROWS).map((on) => this.row(on));
    const table = make('table', { class: 'moved', 'aria-label': 'Operators on the roofline' }, head, ...rows);
    const rest = ops.length - rows.length;
    const note = rest > 0 ? [make('p', { class: 'quiet' }, `${grouped(rest)} more are not listed.`)] : [];
    this.table.append(
      make('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': 'The roofline as a table' }, table),
      ...note,
    );
  }

  private row({ op, intensity, rate, roof, bytes }: OnRoof): HTMLElement {
    const colour = make('i', { class: 'swatch' });
    colour.style.background = opColour(op % (this.bench.report?.colours ?? 1));
    const name = button(this.bench.report?.ops[op]?.name ?? '', () => this.bench.pick(op), { class: 'link' });
    const cells = [
      intensity === null ? 'no traffic' : short(intensity),
      short(rate),
      percent(rate / roof),
      grouped(bytes),
    ];
    const row = make('tr', { 'data-op': String(op) }, make('th', { scope: 'row' }, colour, name));
    row.append(...cells.map((text) => make('td', { class: 'mono' }, text)));
    return row;
  }
}

function percent(share: number): string {
  return `${(100 * share).toFixed(share < 0.1 ? 1 : 0)} %`;
}
