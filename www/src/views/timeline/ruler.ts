// Cycle numbers above the lanes: round ones, as many as there is room for.

import { byId, grouped, make } from '../../dom';
import type { Cycles } from '../../protocol';
import type { Span } from './span';

/** Width of a digit and the least distance of two numbers, in CSS pixels. */
const DIGIT = 6.7;
const APART = 26;

export function ruler(span: Span): void {
  const host = byId('ruler');
  host.append(make('span', { class: 'name', 'aria-hidden': 'true' }, 'cycle'));
  const ticks = make('div', { class: 'ticks', 'aria-hidden': 'true' });
  host.append(ticks);
  span.on(() => ticks.replaceChildren(...marks(span.shown, span.gutter, span.width)));
}

/** Numbers of some cycles, on so many pixels from a place on: as many as there is room for. */
export function marks({ from, to }: Cycles, left: number, width: number): HTMLElement[] {
  const scale = width / (to - from);
  const room = grouped(to).length * DIGIT + APART;
  const step = roundStep(room / scale);
  const first = Math.ceil(from / step) * step;
  return Array.from({ length: Math.floor((to - first) / step) + 1 }, (_, at) => {
    const cycle = first + at * step;
    return tick(cycle, (cycle - from) * scale, left, width);
  });
}

/** The least of 1, 2, 5, 10, 20, … that is not below `least`. */
function roundStep(least: number): number {
  for (let decade = 1; ; decade *= 10) {
    for (const step of [decade, 2 * decade, 5 * decade]) if (step >= least) return step;
  }
}

function tick(cycle: number, x: number, left: number, width: number): HTMLElement {
  const text = grouped(cycle);
  const element = make('span', { class: 'mono' }, text);
  const half = (text.length * DIGIT) / 2;
  element.style.left = `${left + x}px`;
  // At the ends numbers stand beside their lines, not beyond the edge.
  if (x < half) element.dataset['side'] = 'right';
  else if (x + half > width) element.dataset['side'] = 'left';
  return element;
}
