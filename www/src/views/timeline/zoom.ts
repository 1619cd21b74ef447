// The timeline's scale by buttons, and in numbers.

import type { Bench } from '../../bench';
import { button, grouped, make } from '../../dom';
import type { Span } from './span';

const STEP = 2;

export function zoomControls(bench: Bench, span: Span): HTMLElement {
  const shown = make('output', { class: 'mono', 'aria-label': 'Cycles that the timeline shows' });
  // Around the cycle shown, or sought and not painted yet.
  const zoom = (factor: number) => span.zoom(factor, span.centre(bench.cycle));
  const out = button('−', () => zoom(STEP), { 'aria-label': 'Show more cycles' });
  const into = button('+', () => zoom(1 / STEP), {
    'aria-label': 'Show fewer cycles',
    title: 'Ctrl and the wheel, or two fingers; double click on a bar',
  });
  const fit = button('Fit', () => span.fit(), { 'aria-label': 'Fit the whole run' });
  const label = () => {
    const { from, to } = span.shown;
    shown.textContent = span.isZoomed ? `${grouped(from)}–${grouped(to - 1)}` : '';
    fit.disabled = out.disabled = !span.isZoomed;
  };
  span.on(label);
  return make('div', { class: 'zoom', role: 'group', 'aria-label': 'Scale of the timeline' }, shown, out, into, fit);
}
