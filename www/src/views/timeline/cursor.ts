// The cycle that the picture of the array shows, over the lanes.

import type { Bench } from '../../bench';
import { byId, make } from '../../dom';
import { COLUMN, type Span } from './span';

export function cursor(bench: Bench, span: Span): void {
  const line = make('div', { id: 'now', 'aria-hidden': 'true' });
  byId('lanes').after(line);
  const place = () => {
    const { from, to } = span.shown;
    const { cycle } = bench;
    line.hidden = cycle < from || cycle > to;
    line.style.transform = `translateX(${span.x(cycle)}px)`;
    line.style.setProperty('--column', span.scale >= COLUMN && cycle < to ? `${span.scale}px` : '0');
  };
  bench.on('cycle', place);
  span.on(place);
}
