// Under the scrubber: which part of the whole run the lanes show, to be drawn along.

import type { Bench } from '../../bench';
import { byId, grouped, make } from '../../dom';
import type { Span } from './span';

/** So narrow it can still be drawn; CSS pixels. */
const LEAST = 14;

type Part = 'from' | 'to' | 'both';

export function overview(bench: Bench, span: Span): void {
  const host = byId('overview');
  const thumb = make('div', {
    role: 'scrollbar',
    tabindex: '0',
    'aria-controls': 'lanes',
    'aria-orientation': 'horizontal',
    'aria-label': 'Cycles that the timeline shows',
  });
  // What is shown is marked in the strip of PEs at work, too.
  const mark = make('div', { id: 'seen', 'aria-hidden': 'true' });
  byId('activity').after(mark);
  host.append(thumb);
  const place = () => {
    const { from, to } = span.shown;
    const left = `${(100 * from) / span.total}%`;
    const width = `${(100 * (to - from)) / span.total}%`;
    thumb.style.left = `min(${left}, calc(100% - ${LEAST}px))`;
    thumb.style.width = `max(${LEAST}px, ${width})`;
    mark.hidden = !span.isZoomed;
    mark.style.left = `calc(var(--gutter) + (100% - var(--gutter)) * ${from / span.total})`;
    mark.style.width = `calc((100% - var(--gutter)) * ${(to - from) / span.total})`;
    host.classList.toggle('zoomed', span.isZoomed);
    thumb.setAttribute('aria-valuemin', '0');
    thumb.setAttribute('aria-valuemax', String(Math.max(0, span.total - (to - from))));
    thumb.setAttribute('aria-valuenow', String(from));
    thumb.setAttribute('aria-valuetext', `cycles ${grouped(from)} to ${grouped(to - 1)}`);
  };
  span.on(place);
  bench.on('ran', place);
  draw(host, thumb, span);
  thumb.addEventListener('keydown', (event) => key(event, span));
}

/** Its ends are drawn to zoom, its middle to move; where it is not, it comes to. */
function draw(host: HTMLElement, thumb: HTMLElement, span: Span): void {
  let held: { x: number; from: number; to: number; part: Part } | null = null;
  const perPixel = () => span.total / Math.max(1, host.clientWidth);
  host.addEventListener('pointerdown', (event) => {
    if (event.button !== 0) return;
    const { left } = host.getBoundingClientRect();
    if (event.target === host) {
      const cycle = (event.clientX - left) * perPixel();
      span.show(cycle - span.cycles / 2, cycle + span.cycles / 2);
    }
    const part = event.target === host ? 'both' : partAt(thumb, event.clientX);
    const { from, to } = span.shown;
    const at = event.target === host ? centred(span, (event.clientX - left) * perPixel()) : { from, to };
    held = { x: event.clientX, ...at, part };
    host.setPointerCapture(event.pointerId);
  });
  host.addEventListener('pointermove', (event) => {
    thumb.dataset['part'] = held?.part ?? partAt(thumb, event.clientX);
    if (!held) return;
    const by = (event.clientX - held.x) * perPixel();
    const { from, to, part } = held;
    if (part === 'both') span.show(from + by, to + by);
    else if (part === 'from') span.show(Math.min(Math.max(0, from + by), to - 1), to);
    else span.show(from, Math.max(Math.min(span.total, to + by), from + 1));
  });
  const drop = () => (held = null);
  host.addEventListener('pointerup', drop);
  host.addEventListener('pointercancel', drop);
  host.addEventListener('dblclick', () => span.fit());
}

function centred(span: Span, cycle: number): { from: number; to: number } {
  return { from: cycle - span.cycles / 2, to: cycle + span.cycles / 2 };
}

function partAt(thumb: HTMLElement, x: number): Part {
  const { left, right } = thumb.getBoundingClientRect();
  const edge = Math.min(8, (right - left) / 3);
  if (x < left + edge) return 'from';
  return x > right - edge ? 'to' : 'both';
}

function key(event: KeyboardEvent, span: Span): void {
  const step = Math.max(1, span.cycles / 10);
  const actions: Record<string, () => void> = {
    ArrowLeft: () => span.pan(-step),
    ArrowRight: () => span.pan(step),
    PageUp: () => span.pan(-span.cycles),
    PageDown: () => span.pan(span.cycles),
    Home: () => span.pan(-span.total),
    End: () => span.pan(span.total),
  };
  const action = actions[event.key];
  if (!action || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  action();
}
