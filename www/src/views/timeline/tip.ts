// What is pointed at in the timeline: its outline, and what it is, in words.

import type { Bench } from '../../bench';
import { byId, make, opColour } from '../../dom';
import type { Spot } from '../../protocol';
import type { Span } from './span';

/** From the pointer, or from what is pointed at, and from the edges of the page; CSS pixels. */
const APART = 14;
const EDGE = 8;

export class Tip {
  private readonly box = make('div', { id: 'timeline-tip', 'aria-hidden': 'true' });
  private readonly outline = make('div', { class: 'spot', 'aria-hidden': 'true' });
  private asking = false;
  /** Where the pointer is, from the top left corner of the page. */
  private wanted: { x: number; y: number } | null = null;

  constructor(
    private readonly bench: Bench,
    span: Span,
  ) {
    this.box.hidden = true;
    this.outline.hidden = true;
    document.body.append(this.box);
    byId('lanes').after(this.outline);
    // What was pointed at has moved.
    span.on(() => (this.wanted ? void this.ask() : this.hide()));
    addEventListener('scroll', () => this.hide(), { capture: true, passive: true });
  }

  /** The pointer is there: what there is will be told, unless it has moved on by then. */
  at(x: number, y: number): void {
    this.wanted = { x, y };
    void this.ask();
  }

  hide(): void {
    this.wanted = null;
    this.box.hidden = true;
    this.outline.hidden = true;
  }

  private async ask(): Promise<void> {
    if (this.asking) return;
    this.asking = true;
    try {
      for (let asked = null; this.wanted && asked !== this.wanted;) {
        asked = this.wanted;
        const { left, top } = byId('lanes').getBoundingClientRect();
        const spot = await this.bench.desk.call('spotAt', asked.x - left, asked.y - top);
        if (this.wanted !== asked) continue;
        if (spot) this.show(spot, asked);
        else this.box.hidden = this.outline.hidden = true;
      }
    } catch {
      this.hide();
    } finally {
      this.asking = false;
    }
  }

  /** Tells of something, beside a point of the page or beside itself. */
  show(spot: Spot, at: { x: number; y: number } | null): void {
    const swatch = make('i', { class: 'swatch' });
    swatch.style.background = opColour(spot.colour);
    const title = make('p', {}, ...(spot.colour === null ? [] : [swatch]), spot.title);
    if (spot.line !== null) title.append(make('span', { class: 'quiet' }, ` line ${spot.line}`));
    const list = make('dl', {});
    for (const { label, value } of spot.lines) list.append(make('dt', {}, label), make('dd', { class: 'mono' }, value));
    this.box.replaceChildren(title, list);
    this.box.hidden = false;
    this.frame(spot);
    const lanes = byId('lanes').getBoundingClientRect();
    const { x, y } = at ?? { x: lanes.left + spot.left + spot.width / 2, y: lanes.top + spot.top };
    this.place(x, y);
  }

  private frame({ left, top, width, height }: Spot): void {
    this.outline.hidden = width === 0;
    const lanes = byId('lanes');
    Object.assign(this.outline.style, {
      left: `${left - 1}px`,
      top: `${lanes.offsetTop + top - 1}px`,
      width: `${Math.max(3, width + 2)}px`,
      height: `${height + 2}px`,
    });
  }

  /** Above the point, as lanes are at the foot of the page; below it where there is no room. */
  private place(x: number, y: number): void {
    const { width, height } = this.box.getBoundingClientRect();
    const left = Math.min(Math.max(EDGE, x + APART), Math.max(EDGE, innerWidth - width - EDGE));
    const above = y - height - APART;
    this.box.style.left = `${left}px`;
    this.box.style.top = `${above >= EDGE ? above : Math.min(y + APART, innerHeight - height - EDGE)}px`;
  }
}
