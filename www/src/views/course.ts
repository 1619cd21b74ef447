// Numbers over time, one below the other, of the cycles that the timeline shows, with what they are in the present cycle.

import type { Bench } from '../bench';
import { byId, grouped, make, short } from '../dom';
import type { Course, Cycles } from '../protocol';
import { Picture } from './bitmaps';
import { bytes } from './bytes';
import { marks } from './timeline/ruler';
import { COLUMN, type Span } from './timeline/span';

/** As the module draws them: from one chart to the next. */
const PITCH = 52;
const TITLES = ['useful work that enters, of the peak', 'memory traffic', 'unified buffer', 'accumulators'];

export function mountCourse(bench: Bench, span: Span): void {
  new CourseView(bench, span);
}

class CourseView {
  private readonly host = make('div', { class: 'course', tabindex: '0', role: 'slider' });
  private readonly cursor = make('div', { class: 'course-now', 'aria-hidden': 'true' });
  private readonly axis = make('div', { class: 'ticks', 'aria-hidden': 'true' });
  private readonly values = TITLES.map(() => make('span', { class: 'mono' }));
  private readonly picture = new Picture(this.host, PITCH * TITLES.length, () => void this.paint());
  private course: Course | null = null;
  /** The cycles that the charts show. */
  private shown: Cycles = { from: 0, to: 1 };
  private painting = false;
  private again = false;

  constructor(
    private readonly bench: Bench,
    private readonly span: Span,
  ) {
    const titles = TITLES.map((title, at) => {
      const line = make('p', {}, make('span', {}, title), this.values[at]!);
      line.style.top = `${at * PITCH + 4}px`;
      return line;
    });
    this.host.append(...titles, this.cursor, this.axis);
    this.host.setAttribute('aria-label', 'Cycle, over charts of the cycles that the timeline shows');
    byId('course').replaceChildren(make('h2', {}, 'Over time'), this.host);
    span.on(() => void this.paint());
    bench.on('theme', () => void this.paint());
    bench.on('frame', () => this.follow());
    this.listen();
  }

  private listen(): void {
    const { host, span } = this;
    host.addEventListener('pointerdown', (event) => event.button === 0 && this.seek(event));
    host.addEventListener('pointermove', (event) => event.buttons === 1 && this.seek(event));
    host.addEventListener('wheel', (event) => this.wheel(event), { passive: false });
    host.addEventListener('keydown', (event) => {
      const { key, ctrlKey, metaKey, altKey } = event;
      const acts: Record<string, () => void> = {
        f: () => span.fit(),
        '+': () => span.zoom(1 / 2, this.bench.cycle),
        '-': () => span.zoom(2, this.bench.cycle),
        PageUp: () => span.pan(-0.8 * span.cycles),
        PageDown: () => span.pan(0.8 * span.cycles),
      };
      const act = acts[key.length === 1 ? key.toLowerCase() : key];
      if (!act || ctrlKey || metaKey || altKey) return;
      event.preventDefault();
      act();
    });
  }

  private async paint(): Promise<void> {
    const { width, ratio, theme } = this.picture.look();
    if (this.painting) this.again = true;
    if (this.painting || width === 0 || !this.bench.report?.cycles) return;
    this.painting = true;
    const { from, to } = this.span.shown;
    try {
      this.course = (await this.bench.desk.call('paintCourse', from, to, width, ratio, theme)) ?? null;
      this.shown = { from, to };
      if (this.course) this.picture.show(this.course.bitmap);
      this.axis.replaceChildren(...marks(this.shown, 0, width));
      this.follow();
    } catch {
      // The simulator was stopped: its next run comes back here.
    }
    this.painting = false;
    if (this.again) {
      this.again = false;
      void this.paint();
    }
  }

  /** The present cycle, and the numbers of its stretch. */
  private follow(): void {
    const { from, to } = this.shown;
    const cycle = this.bench.frame?.cycle ?? 0;
    const share = (cycle - from) / (to - from);
    const wide = this.picture.look().width / (to - from);
    this.cursor.hidden = share < 0 || share > 1;
    this.cursor.style.left = `${100 * share}%`;
    this.cursor.style.setProperty('--column', wide >= COLUMN && cycle < to ? `${wide}px` : '0px');
    this.host.setAttribute('aria-valuemax', String(this.bench.report?.cycles ?? 0));
    this.host.setAttribute('aria-valuenow', String(cycle));
    this.tell(this.cursor.hidden ? null : share);
  }

  private tell(share: number | null): void {
    if (!this.course) return;
    const { columns, bytesPerCycle, buffer, rows } = this.course;
    const at = Math.min(columns[0].length - 1, Math.floor((share ?? 0) * columns[0].length));
    const [useful, moved, , held, , sums] = columns.map((list) => list[at] ?? 0) as number[];
    const texts = [
      `${(100 * useful!).toFixed(0)} %`,
      `${short(moved!)} of ${short(bytesPerCycle)} B/cycle`,
      `${bytes(held!)} of ${bytes(buffer)}`,
      `${short(sums!)} of ${short(rows)} rows`,
    ];
    texts.forEach((text, line) => (this.values[line]!.textContent = share === null ? '' : text));
    const cycle = grouped(this.bench.frame?.cycle ?? 0);
    const told = TITLES.map((title, line) => `${title} ${texts[line]}`).join(', ');
    this.host.setAttribute('aria-valuetext', share === null ? `cycle ${cycle}` : `cycle ${cycle}: ${told}`);
  }

  private cycleAt({ clientX }: MouseEvent): number {
    const { left, width } = this.host.getBoundingClientRect();
    const { from, to } = this.shown;
    return from + Math.min(1, Math.max(0, (clientX - left) / Math.max(1, width))) * (to - from);
  }

  private seek(event: MouseEvent): void {
    // A wide cycle is a column; of narrow ones the nearest is meant.
    const wide = this.picture.look().width / (this.shown.to - this.shown.from);
    const cycle = this.cycleAt(event);
    this.bench.desk.seek(wide >= COLUMN ? Math.floor(cycle) : Math.round(cycle));
  }

  /** As in the timeline: with Ctrl it looks nearer, without it scrolls the page. */
  private wheel(event: WheelEvent): void {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    this.span.zoom(1.25 ** Math.max(-5, Math.min(5, event.deltaY / 120)), this.cycleAt(event));
  }
}
