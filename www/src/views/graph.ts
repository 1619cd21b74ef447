// The graph of the program: painted by the worker, only the part that is to be seen; and as a list, for those who rather read.

import type { Bench } from '../bench';
import { button, make } from '../dom';
import type { Report } from '../protocol';
import { CodeList, type Row } from './code-list';
import { Newest, type SubView } from './sub-view';

const ZOOMS = [0.25, 0.35, 0.5, 0.7, 1, 1.4];

export class Graph implements SubView {
  readonly name = 'graph';
  readonly title = 'Graph';
  readonly panel = make('div', { class: 'compiled-fill' });
  /** What scrolls; the picture stays where it is in it. */
  private readonly box = make('div', {
    class: 'graph-box',
    tabindex: '0',
    role: 'application',
    'aria-label': 'Graph of operators; arrow keys go from one to the next',
  });
  private readonly paper = make('div', { class: 'graph-paper' });
  private readonly spoken = make('p', { class: 'code-about quiet', role: 'status' });
  private readonly list: CodeList<Row>;
  private readonly asList = make('input', { type: 'checkbox' });
  private readonly paints = new Newest();
  private canvas: HTMLCanvasElement | null = null;
  private report: Report | null = null;
  private size: [number, number] = [1, 1];
  private zoom = 1;
  private open = false;

  constructor(private readonly bench: Bench) {
    this.list = new CodeList<Row>('Operators', {
      load: async (from, count) => (await bench.desk.call('graphLines', from, count)) ?? [],
      chosen: ({ op }) => bench.pick(op),
    });
    this.list.box.id = 'graph-list';
    this.list.box.hidden = true;
    this.box.append(this.paper);
    const tools = make(
      'div',
      { class: 'graph-tools' },
      button('−', () => this.step(-1), { 'aria-label': 'Smaller' }),
      button('+', () => this.step(1), { 'aria-label': 'Larger' }),
      button('Fit', () => this.fit()),
      make('label', { class: 'follow' }, this.asList, 'As a list'),
    );
    const about = make(
      'p',
      { class: 'quiet' },
      'What stands in one card runs as one: the drain of a product does the rest.',
    );
    this.panel.append(make('div', { class: 'compiled-head' }, about, tools), this.box, this.list.box, this.spoken);
    this.listen();
  }

  show(): void {
    this.open = true;
    if (this.report !== this.bench.report) void this.read();
    else void this.reveal(this.bench.op);
  }

  hide(): void {
    this.open = false;
  }

  private listen(): void {
    this.asList.addEventListener('change', () => {
      this.box.hidden = this.asList.checked;
      this.list.box.hidden = !this.asList.checked;
      this.paint();
    });
    this.box.addEventListener('scroll', () => this.paint(), { passive: true });
    new ResizeObserver(() => this.paint()).observe(this.box);
    this.box.addEventListener('click', (event) => void this.click(event));
    this.box.addEventListener('keydown', (event) => this.key(event));
    this.box.addEventListener(
      'wheel',
      (event) => {
        if (!event.ctrlKey) return;
        event.preventDefault();
        this.step(event.deltaY < 0 ? 1 : -1);
      },
      { passive: false },
    );
    this.bench.on('ran', () => this.open && void this.read());
    this.bench.on('theme', () => this.paint());
    this.bench.on('picked', (op) => {
      this.list.pick(op);
      void this.reveal(op);
    });
  }

  private async read(): Promise<void> {
    const { report } = this.bench;
    if (!report) return;
    this.report = report;
    this.list.reset(report.colours);
    const size = await this.bench.desk.call('graphSize').catch(() => undefined);
    if (report !== this.bench.report) return;
    if (!size) {
      this.report = null;
      return;
    }
    const [width, height, ops] = size;
    this.size = [width, height];
    this.list.grow(ops, 120);
    this.list.pick(this.bench.op);
    this.panel.dataset['ops'] = String(ops);
    this.spoken.textContent = report.assembly ? 'An assembly has no graph.' : '';
    // As large as it may be without scrolling sideways, if that can be read.
    const fitting = (this.box.clientWidth - 2) / width;
    this.setZoom(fitting >= 0.7 ? Math.min(1.15, fitting) : 1);
    await this.reveal(this.bench.op);
    this.paint();
  }

  private step(by: number): void {
    const next =
      by > 0 ? ZOOMS.find((zoom) => zoom > this.zoom + 0.01) : ZOOMS.findLast((zoom) => zoom < this.zoom - 0.01);
    if (next) this.setZoom(next);
  }

  private fit(): void {
    const [width, height] = this.size;
    this.setZoom(Math.max(0.05, Math.min(1.4, this.box.clientWidth / width, this.box.clientHeight / height)));
  }

  /** What is in the middle stays there. */
  private setZoom(zoom: number): void {
    const { box } = this;
    const share = zoom / this.zoom;
    const [x, y] = [box.scrollLeft + box.clientWidth / 2, box.scrollTop + box.clientHeight / 2];
    this.zoom = zoom;
    this.paper.style.width = `${Math.floor(this.size[0] * zoom)}px`;
    this.paper.style.height = `${Math.floor(this.size[1] * zoom)}px`;
    box.scrollTo(x * share - box.clientWidth / 2, y * share - box.clientHeight / 2);
    this.paint();
  }

  /** Smaller than the picture, the graph stands in its middle. */
  private corner(): [number, number] {
    const { box } = this;
    const room = Math.max(0, box.clientWidth - this.size[0] * this.zoom) / 2;
    return [box.scrollLeft - room, box.scrollTop];
  }

  private paint(): void {
    if (!this.open || this.box.hidden || this.report !== this.bench.report) return;
    void this.paints.of(() => this.paintNow());
  }

  private async paintNow(): Promise<void> {
    const { clientWidth, clientHeight } = this.box;
    if (clientWidth === 0) return;
    const theme = document.documentElement.dataset['theme'] ?? 'light';
    const call = () =>
      this.bench.desk.call(
        'paintGraph',
        [clientWidth, clientHeight],
        devicePixelRatio,
        theme,
        this.corner(),
        this.zoom,
      );
    if (this.canvas && (await call())) {
      this.canvas.style.width = `${clientWidth}px`;
      this.canvas.style.height = `${clientHeight}px`;
      return;
    }
    // The first time, or another worker: it has no canvas yet.
    this.canvas?.remove();
    this.canvas = make('canvas', { 'aria-hidden': 'true' });
    this.box.prepend(this.canvas);
    await this.bench.desk.call('setGraph', this.canvas.transferControlToOffscreen());
    await call();
  }

  private async click(event: MouseEvent): Promise<void> {
    const { left, top } = this.box.getBoundingClientRect();
    const [x, y] = this.corner();
    const [px, py] = [event.clientX - left - this.box.clientLeft + x, event.clientY - top - this.box.clientTop + y];
    const op = await this.bench.desk.call('graphAt', px / this.zoom, py / this.zoom);
    if (op !== undefined) this.bench.pick(op);
  }

  private key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const towards = ({ ArrowUp: 'up', ArrowDown: 'down', ArrowLeft: 'left', ArrowRight: 'right' } as const)[event.key];
    if (event.key === '+' || event.key === '-') this.step(event.key === '+' ? 1 : -1);
    else if (event.key === 'Home') this.bench.pick(0);
    else if (event.key === 'End') this.bench.pick((this.report?.ops.length ?? 1) - 1);
    else if (towards) void this.go(towards);
    else return;
    event.preventDefault();
  }

  private async go(towards: 'up' | 'down' | 'left' | 'right'): Promise<void> {
    const { op } = this.bench;
    const next = op === null ? 0 : await this.bench.desk.call('graphNext', op, towards);
    if (next !== undefined) this.bench.pick(next);
  }

  /** Scrolls to an operator, and says which it is. */
  private async reveal(op: number | null): Promise<void> {
    if (!this.open) return;
    this.paint();
    const { desk } = this.bench;
    if (op === null) return;
    const [bounds, lines] = await Promise.all([desk.call('graphBounds', op), desk.call('graphLines', op, 1)]);
    this.spoken.textContent = lines?.[0]?.text ?? '';
    if (!bounds) return;
    const [left, top, width, height] = [...bounds].map((side) => side * this.zoom) as [number, number, number, number];
    const { box } = this;
    const inside = (from: number, size: number, at: number, all: number) => from >= at && from + size <= at + all;
    const seen =
      inside(left, width, box.scrollLeft, box.clientWidth) && inside(top, height, box.scrollTop, box.clientHeight);
    if (!seen) box.scrollTo(left - (box.clientWidth - width) / 2, top - (box.clientHeight - height) / 2);
    this.paint();
  }
}
