// What is pointed at in the timeline: its outline, and what it is, in words.

import type { Bench } from '../../bench';
import { byId, make, opColour } from '../../dom';
import type { Spot } from '../../protocol';
import type { Span } from './span';

/** From the pointer, or from what is pointed at, and from the edges of the page; CSS pixels. */
const APART = 14;
const EDGE = 8;
/** So far a pointer may go astray on its way into what is held. */
const SLIP = 10;

export class Tip {
  private readonly box = make('div', { id: 'timeline-tip', 'aria-hidden': 'true' });
  private readonly outline = make('div', { class: 'spot', 'aria-hidden': 'true' });
  private asking = false;
  /** Where the pointer is, from the top left corner of the page. */
  private wanted: { x: number; y: number } | null = null;
  private spot: Spot | null = null;
  /** The nearest that the pointer has come to what is held. */
  private held: { apart: number; x: number; y: number } | null = null;
  /** What is told stands beside it. */
  private point = { x: 0, y: 0 };

  constructor(
    private readonly bench: Bench,
    span: Span,
  ) {
    this.box.hidden = true;
    this.outline.hidden = true;
    document.body.append(this.box);
    byId('lanes').after(this.outline);
    this.box.addEventListener('pointerleave', () => this.hide());
    // The focus stays in the timeline, which would else have nothing more to tell.
    this.box.addEventListener('mousedown', (event) => event.preventDefault());
    // What was pointed at has moved.
    span.on(() => (this.wanted ? void this.ask() : this.hide()));
    addEventListener('scroll', () => this.hide(), { capture: true, passive: true });
  }

  /** The pointer is there: what there is will be told, unless it has moved on by then. */
  at(x: number, y: number): void {
    if (this.isComing(x, y)) return;
    this.release();
    this.wanted = { x, y };
    void this.ask();
  }

  /** Stays where it is, so that its links can be gone to, while the pointer is on its way there. */
  async hold(): Promise<void> {
    this.held = { apart: Infinity, x: this.point.x, y: this.point.y };
    await this.link();
  }

  private release(): void {
    this.held = null;
    this.box.classList.remove('held');
  }

  /** Whether a pointer is in what is held, or comes nearer. */
  private isComing(x: number, y: number): boolean {
    if (!this.held || this.box.hidden) return false;
    const { left, right, top, bottom } = this.box.getBoundingClientRect();
    const apart = Math.max(left - x, x - right, top - y, y - bottom, 0);
    if (apart === 0 || apart < this.held.apart) this.held = { apart, x, y };
    return Math.hypot(x - this.held.x, y - this.held.y) < SLIP;
  }

  /** The pointer leaves the lanes: perhaps into what is held. */
  leave({ clientX, clientY }: PointerEvent): void {
    if (!this.isComing(clientX, clientY)) this.hide();
  }

  hide(): void {
    this.release();
    this.wanted = null;
    this.spot = null;
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
        else this.spot = null;
        if (!spot) this.box.hidden = this.outline.hidden = true;
      }
    } catch {
      this.hide();
    } finally {
      this.asking = false;
    }
  }

  /** Tells of something, beside a point of the page or beside itself. */
  show(spot: Spot, at: { x: number; y: number } | null): void {
    this.spot = spot;
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
    this.point = at ?? { x: lanes.left + spot.left + spot.width / 2, y: lanes.top + spot.top };
    this.place();
    if (this.held) void this.link();
  }

  /** Classes lead to what they mean, a unit to what it does; for keys, the legend and D do. */
  private async link(): Promise<void> {
    const { spot } = this;
    const { docsLink } = await import('../docs-link');
    if (!spot || this.spot !== spot || !this.held || this.box.querySelector('a')) return;
    const classes = new Set(this.bench.report?.classShares.map(({ title }) => title));
    for (const label of this.box.querySelectorAll('dt')) {
      if (classes.has(label.textContent)) label.replaceChildren(...docsLink(label.textContent, label.textContent));
    }
    if (spot.unit) this.box.append(make('p', {}, ...docsLink(spot.unit)));
    for (const link of this.box.querySelectorAll('a')) link.tabIndex = -1;
    this.box.classList.add('held');
    this.place();
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
  private place(): void {
    const { x, y } = this.point;
    const { width, height } = this.box.getBoundingClientRect();
    const left = Math.min(Math.max(EDGE, x + APART), Math.max(EDGE, innerWidth - width - EDGE));
    const above = y - height - APART;
    this.box.style.left = `${left}px`;
    this.box.style.top = `${above >= EDGE ? above : Math.min(y + APART, innerHeight - height - EDGE)}px`;
  }
}
