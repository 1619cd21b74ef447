// Runs side by side, as tables.

import { make } from '../../dom';
import type { Result } from './lone';
import { groupsOf, ratio, verdict, wholeOf, type Measure } from './measures';

/** What changed from one run to another, and by how much. */
export function versus(before: Result, after: Result): HTMLTableElement {
  const head = ['pinned', 'now', 'now ÷ pinned'].map((text) => make('th', { scope: 'col' }, text));
  const bodies = groupsOf([before, after]).map(({ title, measures }) =>
    make(
      'tbody',
      {},
      make('tr', {}, make('th', { colspan: '4', scope: 'rowgroup' }, title)),
      ...measures.map((measure) => versusRow(measure, measure.of(before), measure.of(after))),
    ),
  );
  const caption = make('caption', { class: 'unseen' }, 'The pinned run and the one on show');
  return make('table', { class: 'versus' }, caption, make('thead', {}, make('tr', {}, make('td'), ...head)), ...bodies);
}

function versusRow({ name, better, show }: Measure, before: number | null, after: number | null): HTMLElement {
  const cell = (value: number | null) => make('td', {}, value === null ? '–' : show(value));
  return make('tr', {}, make('th', { scope: 'row' }, name), cell(before), cell(after), change());

  function change(): HTMLElement {
    if (before === null || after === null) return make('td', {}, before === null ? 'new' : 'gone');
    const word = verdict(better, before, after);
    if (word === 'same') return make('td', { class: 'same' }, 'same');
    return make('td', { class: word }, ratio(before, after), ...(word === '' ? [] : [make('small', {}, word)]));
  }
}

/** A way to run a program: what came of it, or why nothing did. */
export interface Way {
  name: string;
  title: string;
  result: Result | null;
  why: string;
  now: boolean;
}

/** Ways side by side; the best of each row is marked. */
export function beside(ways: Way[], pin: (way: Way) => HTMLElement): HTMLTableElement {
  const head = ways.map(({ name, title, now }) =>
    make('th', { scope: 'col' }, make('b', {}, name), make('small', {}, now ? `${title}, now` : title)),
  );
  const measures = wholeOf(ways.flatMap(({ result }) => result ?? []));
  const rows = measures.map((measure) => besideRow(measure, ways));
  const why = ways.filter(({ result }) => !result);
  const reasons = why.map(({ name, why }) =>
    make('tr', {}, make('td', { colspan: String(ways.length + 1), class: 'why' }, `${name}: ${why}`)),
  );
  const pins = make('tr', {}, make('th', { scope: 'row' }, 'as the pinned run'));
  pins.append(...ways.map((way) => make('td', {}, way.result ? pin(way) : '–')));
  return make(
    'table',
    { class: 'versus' },
    make('caption', { class: 'unseen' }, 'The same program with each dataflow'),
    make('thead', {}, make('tr', {}, make('td'), ...head)),
    make('tbody', {}, ...rows, pins, ...reasons),
  );
}

function besideRow(measure: Measure, ways: Way[]): HTMLElement {
  const values = ways.map(({ result }) => (result ? measure.of(result) : null));
  const known = values.filter((value) => value !== null);
  const best = measure.better === 'more' ? Math.max(...known) : Math.min(...known);
  const differ = measure.better !== null && known.some((value) => value !== best);
  const cells = values.map((value) => {
    if (value === null) return make('td', {}, '–');
    if (!differ || value !== best) return make('td', {}, measure.show(value));
    return make('td', { class: 'better' }, measure.show(value), make('small', {}, 'best'));
  });
  return make('tr', {}, make('th', { scope: 'row' }, measure.name), ...cells);
}
