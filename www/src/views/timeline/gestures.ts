// Mouse, pen and fingers on the lanes: seeking, moving, zooming, and selecting cycles.

import type { Bench } from '../../bench';
import { byId } from '../../dom';
import type { Selection } from './selection';
import type { Span } from './span';
import type { Tip } from './tip';

/** A finger that moves less than this taps; CSS pixels. */
const TAP = 8;
/** Zoom of a notch of a wheel: 120 CSS pixels. */
const NOTCH = 1.25;

type Doing = 'seek' | 'pan' | 'select' | 'tap';

export class Gestures {
  private readonly host = byId('lanes').parentElement!;
  private doing: Doing | null = null;
  /** Fingers, or the mouse, by their ids: where they are. */
  private readonly pointers = new Map<number, { x: number; y: number }>();
  private began = { x: 0, y: 0, from: 0, to: 0 };
  /** The cycles under two fingers, and how far they are apart. */
  private pinch: { cycle: number; apart: number; cycles: number } | null = null;

  constructor(
    private readonly bench: Bench,
    private readonly span: Span,
    private readonly tip: Tip,
    private readonly selection: Selection,
  ) {
    this.host.addEventListener('pointerdown', (event) => this.down(event));
    this.host.addEventListener('pointermove', (event) => this.move(event));
    for (const end of ['pointerup', 'pointercancel'] as const)
      this.host.addEventListener(end, (event) => this.up(event));
    this.host.addEventListener('pointerleave', (event) => this.doing === null && this.tip.leave(event));
    this.host.addEventListener('dblclick', (event) => void this.zoomTo(event));
    this.host.addEventListener('wheel', (event) => this.wheel(event), { passive: false });
    // The middle button would begin to scroll.
    this.host.addEventListener('mousedown', (event) => event.button === 1 && event.preventDefault());
  }

  private x(event: MouseEvent): number {
    return event.clientX - this.host.getBoundingClientRect().left;
  }

  private down(event: PointerEvent): void {
    const x = this.x(event);
    if (event.button > 1 || (event.target as HTMLElement).closest('button')) return;
    if (this.doing === null && x < this.span.gutter) return this.pickUnit(event);
    this.pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    if (this.pointers.size === 2) return this.startPinch();
    this.doing = this.meant(event);
    this.began = { x: event.clientX, y: event.clientY, ...this.span.shown };
    // One finger up or down scrolls the page, until it is known to do something else.
    if (event.pointerType !== 'touch' || this.doing === 'select') this.host.setPointerCapture(event.pointerId);
    if (this.doing === 'seek') {
      this.bench.desk.seek(this.span.meant(x));
      void this.pick(event);
    }
    if (this.doing === 'select') this.selection.begin(this.span.meant(x));
    if (this.doing !== 'seek') this.tip.hide();
  }

  private meant(event: PointerEvent): Doing {
    if (event.button === 1 || event.altKey) return 'pan';
    const onRuler = (event.target as HTMLElement).closest('#ruler') !== null;
    if (event.shiftKey || onRuler || this.selection.armed) return 'select';
    return event.pointerType === 'touch' ? 'tap' : 'seek';
  }

  private move(event: PointerEvent): void {
    const pointer = this.pointers.get(event.pointerId);
    if (pointer) [pointer.x, pointer.y] = [event.clientX, event.clientY];
    if (this.pinch) return this.pinching();
    const x = this.x(event);
    if (this.doing === 'tap' && Math.abs(event.clientX - this.began.x) > TAP)
      this.doing = this.span.isZoomed ? 'pan' : 'seek';
    if (this.doing === 'seek') this.bench.desk.seek(this.span.meant(x));
    else if (this.doing === 'select') this.selection.extend(this.span.meant(x));
    else if (this.doing === 'pan') {
      const by = (this.began.x - event.clientX) / this.span.scale;
      this.span.show(this.began.from + by, this.began.to + by);
    } else if (this.doing === null && event.pointerType !== 'touch') {
      const { top } = byId('lanes').getBoundingClientRect();
      if (x < this.span.gutter || event.clientY < top) this.tip.hide();
      else this.tip.at(event.clientX, event.clientY);
    }
  }

  private up(event: PointerEvent): void {
    if (!this.pointers.delete(event.pointerId)) return;
    if (this.pinch) {
      // The finger that is left does nothing until it is lifted, too.
      if (this.pointers.size === 0) this.pinch = this.doing = null;
      return;
    }
    if (this.doing === 'select') void this.selection.end();
    if (this.doing === 'seek') void this.tip.hold();
    if (this.doing === 'tap' && event.type === 'pointerup') {
      this.bench.desk.seek(this.span.meant(this.x(event)));
      void this.pick(event);
      this.tip.at(event.clientX, event.clientY);
      void this.tip.hold();
    }
    this.doing = null;
  }

  private startPinch(): void {
    const [a, b] = [...this.pointers.values()];
    if (this.doing === 'select') this.selection.clear();
    this.doing = null;
    const middle = (a!.x + b!.x) / 2 - this.host.getBoundingClientRect().left;
    this.pinch = {
      cycle: this.span.at(middle),
      apart: Math.max(16, Math.abs(a!.x - b!.x)),
      cycles: this.span.shown.to - this.span.shown.from,
    };
    for (const id of this.pointers.keys()) this.host.setPointerCapture(id);
  }

  /** The cycle that was between the fingers stays there. */
  private pinching(): void {
    const [a, b] = [...this.pointers.values()];
    if (!a || !b || !this.pinch) return;
    const { cycle, apart, cycles } = this.pinch;
    const middle = (a.x + b.x) / 2 - this.host.getBoundingClientRect().left - this.span.gutter;
    const seen = Math.max(1, (cycles * apart) / Math.max(16, Math.abs(a.x - b.x)));
    const from = cycle - (seen * middle) / this.span.width;
    this.span.show(from, from + seen);
  }

  /** With Ctrl, as a pinch on a pad comes, it zooms; without, where there is nothing to be scrolled. */
  private wheel(event: WheelEvent): void {
    const sideways = Math.abs(event.deltaX) > Math.abs(event.deltaY) || event.shiftKey;
    if (sideways && !event.ctrlKey) {
      if (!this.span.isZoomed) return;
      event.preventDefault();
      const by = Math.abs(event.deltaX) > Math.abs(event.deltaY) ? event.deltaX : event.deltaY;
      this.span.pan(by / this.span.scale);
      return;
    }
    if (!event.ctrlKey && !event.metaKey && canScroll(this.host)) return;
    event.preventDefault();
    const lines = event.deltaMode === WheelEvent.DOM_DELTA_PIXEL ? 1 : 40;
    // A pinch on a pad has small steps.
    const fine = event.ctrlKey && Math.abs(event.deltaY) < 50 ? 5 : 1;
    const notches = Math.max(-5, Math.min(5, (event.deltaY * lines * fine) / 120));
    this.span.zoom(NOTCH ** notches, this.span.at(Math.max(this.span.gutter, this.x(event))));
  }

  private async zoomTo(event: MouseEvent): Promise<void> {
    const { left, top } = byId('lanes').getBoundingClientRect();
    if (event.clientX - left < this.span.gutter) return;
    const spot = await this.bench.desk.call('spotAt', event.clientX - left, event.clientY - top).catch(() => undefined);
    if (spot && spot.number !== null) this.span.around(spot.from, spot.to);
    else this.span.zoom(1 / 8, this.span.at(event.clientX - left));
  }

  /** The operator there is picked, and the matrix unit whose lane it is comes into the picture. */
  private async pick(event: PointerEvent): Promise<void> {
    const { left, top } = byId('lanes').getBoundingClientRect();
    const [x, y] = [event.clientX - left, event.clientY - top];
    this.pickUnit(event);
    const spot = await this.bench.desk.call('spotAt', x, y).catch(() => undefined);
    if (spot && spot.op !== null) this.bench.pick(spot.op);
  }

  private pickUnit(event: PointerEvent): void {
    const { top } = byId('lanes').getBoundingClientRect();
    const show = (unit: number | undefined) => {
      if (unit !== undefined && unit !== this.bench.frame?.unit) this.bench.desk.showUnit(unit);
    };
    void this.bench.desk.call('unitAt', event.clientY - top).then(show, () => {});
  }
}

/** Whether a wheel scrolls something there. */
function canScroll(element: HTMLElement): boolean {
  for (let at: HTMLElement | null = element; at; at = at.parentElement) {
    const { overflowY } = getComputedStyle(at);
    const scrolls = overflowY === 'auto' || overflowY === 'scroll' || at === document.documentElement;
    if (scrolls && at.scrollHeight > at.clientHeight + 1) return true;
  }
  return false;
}
