// What the program puts out, as read from simulated memory.

import { byId, make } from './dom';
import type { Output, Report } from './protocol';

const MOST_ROWS = 8;
const MOST_COLS = 12;
const SHOWN_DIGITS = 4;

export function showAnswer({ outputs, unvalued }: Report): void {
  const host = byId('answer').querySelector('div')!;
  const none = 'This program is too large for its values: it was timed, and none of its results were computed.';
  if (unvalued !== null) host.replaceChildren(make('p', { class: 'quiet' }, none));
  else host.replaceChildren(...outputs.map(outputTable));
}

function outputTable(output: Output): HTMLElement {
  const type = `${output.dtype}[${output.shape.join(', ')}]`;
  const caption = make('p', { class: 'output' }, make('b', {}, output.name), ` ${type} · line ${output.line}`);
  if (!output.values) {
    return make(
      'div',
      {},
      caption,
      make('p', { class: 'quiet' }, 'Too large to show; systole run prints its checksum.'),
    );
  }
  const values = output.values;
  const cols = output.shape.at(-1) ?? 1;
  const rows = values.length / cols;
  const table = make('table', { class: 'values mono', 'aria-label': `${output.name} ${type}` });
  for (let row = 0; row < Math.min(rows, MOST_ROWS); row++) {
    const cells = values.slice(row * cols, row * cols + Math.min(cols, MOST_COLS));
    table.append(make('tr', {}, ...cells.map(cell)));
  }
  const cut = rows > MOST_ROWS || cols > MOST_COLS;
  const more = cut
    ? [make('p', { class: 'quiet' }, `the first ${Math.min(rows, MOST_ROWS)} × ${Math.min(cols, MOST_COLS)}`)]
    : [];
  return make(
    'div',
    {},
    caption,
    make('div', { class: 'scroll', tabindex: '0', role: 'group', 'aria-label': output.name }, table),
    ...more,
  );
}

/** Floats in four digits, all of them for whoever points at it. */
function cell(value: number): HTMLElement {
  const short = String(Number(value.toPrecision(SHOWN_DIGITS)));
  const whole = String(value);
  if (Number.isInteger(value) || short === whole) return make('td', {}, whole);
  return make('td', { title: whole }, short);
}
