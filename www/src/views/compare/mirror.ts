// The lanes of the pinned run are moved and zoomed as those of the one on show, and both move together.

import type { Span } from '../timeline/span';

/** A pointer that moves less than this clicks; CSS pixels. */
const SLIP = 5;

/** Dragging moves along, Ctrl and the wheel or two fingers zoom, a click goes to a cycle. */
export function mirrored(host: HTMLElement, span: Span, seek: (cycle: number) => void): void {
  const left = () => host.getBoundingClientRect().left;
  const down = new Map<number, number>();
  let moved = 0;
  host.addEventListener('wheel', (event) => wheel(event, span, event.clientX - left()), { passive: false });
  host.addEventListener('pointerdown', (event) => {
    if (event.button > 1) return;
    if (down.size === 0) moved = 0;
    down.set(event.pointerId, event.clientX);
  });
  host.addEventListener('pointermove', (event) => {
    const before = down.get(event.pointerId);
    if (before === undefined) return;
    const other = [...down].find(([id]) => id !== event.pointerId)?.[1];
    moved += Math.abs(event.clientX - before);
    down.set(event.pointerId, event.clientX);
    if (other !== undefined) pinch(span, before, event.clientX, other, left());
    else if (moved > SLIP && span.isZoomed) {
      if (!host.hasPointerCapture(event.pointerId)) host.setPointerCapture(event.pointerId);
      span.pan((before - event.clientX) / span.scale);
    }
  });
  host.addEventListener('pointerup', (event) => {
    if (down.delete(event.pointerId) && moved <= SLIP) seek(span.meant(event.clientX - left()));
  });
  host.addEventListener('pointercancel', (event) => down.delete(event.pointerId));
}

function wheel(event: WheelEvent, span: Span, x: number): void {
  const sideways = Math.abs(event.deltaX) > Math.abs(event.deltaY) || event.shiftKey;
  if (!event.ctrlKey && !event.metaKey && !(sideways && span.isZoomed)) return;
  event.preventDefault();
  if (event.ctrlKey || event.metaKey) {
    span.zoom(1.25 ** Math.max(-5, Math.min(5, event.deltaY / 120)), span.at(Math.max(span.gutter, x)));
  } else span.pan((Math.abs(event.deltaX) > Math.abs(event.deltaY) ? event.deltaX : event.deltaY) / span.scale);
}

/** What is between two fingers stays there. */
function pinch(span: Span, before: number, now: number, other: number, left: number): void {
  const apart = (x: number) => Math.max(16, Math.abs(x - other));
  span.zoom(apart(before) / apart(now), span.at((now + other) / 2 - left));
}
