// Numbers over the run's time, one below the other, with what they are in the present cycle.

import type { Bench } from '../bench';
import { byId, make } from '../dom';
import type { Course } from '../protocol';
import { Picture } from './bitmaps';

/** As the module draws them: from one chart to the next. */
const PITCH = 52;
const TITLES = ['useful work of all multipliers', 'memory traffic', 'unified buffer', 'accumulators'];

export function mountCourse(bench: Bench): void {
  new CourseView(bench);
}

class CourseView {
  private readonly host = make('div', { class: 'course' });
  private readonly cursor = make('div', { class: 'course-now', 'aria-hidden': 'true' });
  private readonly values = TITLES.map(() => make('span', { class: 'mono' }));
  private readonly picture = new Picture(this.host, PITCH * TITLES.length, () => void this.paint());
  private course: Course | null = null;
  private painting = false;
  private again = false;

  constructor(private readonly bench: Bench) {
    const titles = TITLES.map((title, at) => {
      const line = make('p', {}, make('span', {}, title), this.values[at]!);
      line.style.top = `${at * PITCH + 4}px`;
      return line;
    });
    this.host.append(...titles, this.cursor);
    byId('course').replaceChildren(make('h2', {}, 'Over time'), this.host);
    bench.on('ran', () => void this.paint());
    bench.on('theme', () => void this.paint());
    bench.on('frame', () => this.follow());
    this.host.addEventListener('click', (event) => this.seek(event));
  }

  private async paint(): Promise<void> {
    const { width, ratio, theme } = this.picture.look();
    const cycles = this.bench.report?.cycles ?? 0;
    if (this.painting) this.again = true;
    if (this.painting || width === 0 || cycles === 0) return;
    this.painting = true;
    try {
      this.course = (await this.bench.desk.call('paintCourse', 0, cycles, width, ratio, theme)) ?? null;
      if (this.course) this.picture.show(this.course.bitmap);
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
    const cycle = this.bench.frame?.cycle ?? 0;
    const cycles = this.bench.report?.cycles ?? 0;
    this.cursor.style.left = `${cycles === 0 ? 0 : (100 * cycle) / cycles}%`;
    if (!this.course || cycles === 0) return;
    const { columns, bytesPerCycle, buffer, rows } = this.course;
    const at = Math.min(columns[0].length - 1, Math.floor((cycle / cycles) * columns[0].length));
    const [useful, moved, , held, , sums] = columns.map((list) => list[at] ?? 0) as number[];
    const texts = [
      `${(100 * useful!).toFixed(0)} %`,
      `${short(moved!)} of ${short(bytesPerCycle)} B/cycle`,
      `${short(held!)}B of ${short(buffer)}B`,
      `${short(sums!)} of ${short(rows)} rows`,
    ];
    texts.forEach((text, line) => (this.values[line]!.textContent = text));
  }

  private seek({ clientX }: MouseEvent): void {
    const { left, width } = this.host.getBoundingClientRect();
    const share = Math.min(1, Math.max(0, (clientX - left) / Math.max(1, width)));
    this.bench.desk.seek(Math.round(share * (this.bench.report?.cycles ?? 0)));
  }
}

function short(value: number): string {
  return Intl.NumberFormat('en-US', { notation: 'compact', maximumSignificantDigits: 3 }).format(value);
}
