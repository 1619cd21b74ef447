// The timeline of the units under the array: Rust paints the lanes, the page puts the cursor over them.

import { byId } from './dom';
import type { Report } from './protocol';

export class Lanes {
  private readonly box = byId('timeline');
  private readonly cursor = byId('now');
  private readonly host = byId('lanes');
  private gutter = 0;
  private cycles = 0;

  constructor(
    seek: (cycle: number) => void,
    /** A click at a height. */
    private readonly lane: (y: number) => void,
  ) {
    const follow = (event: PointerEvent) => {
      const { left, width } = this.host.getBoundingClientRect();
      const along = (event.clientX - left - this.gutter) / Math.max(1, width - this.gutter);
      if (along >= 0 || this.host.hasPointerCapture(event.pointerId)) seek(Math.round(along * this.cycles));
    };
    this.host.addEventListener('pointerdown', (event) => {
      if (event.button !== 0) return;
      this.lane(event.clientY - this.host.getBoundingClientRect().top);
      follow(event);
      // Touches scroll the page; a mouse or a pen draws the cursor along.
      if (event.pointerType !== 'touch') this.host.setPointerCapture(event.pointerId);
    });
    this.host.addEventListener('pointermove', (event) => {
      if (this.host.hasPointerCapture(event.pointerId)) follow(event);
    });
  }

  setRun({ cycles, timeline }: Report): void {
    this.cycles = cycles;
    this.gutter = timeline.gutter;
    byId('scrub').style.setProperty('--gutter', `${timeline.gutter}px`);
    this.host.style.height = `${timeline.height}px`;
    this.box.hidden = cycles === 0;
  }

  move(cycle: number): void {
    const share = this.cycles === 0 ? 0 : cycle / this.cycles;
    this.cursor.style.left = `calc(${this.gutter}px + ${share} * (100% - ${this.gutter}px))`;
  }
}
