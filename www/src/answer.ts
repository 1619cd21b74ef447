// What the program puts out, as read from simulated memory.

import { byId, make } from './dom';
import type { Output } from './protocol';

const MOST_ROWS = 8;
const MOST_COLS = 12;

export function showAnswer(outputs: Output[]): void {
  const host = byId('answer').querySelector('div')!;
  host.replaceChildren(...outputs.map(outputTable));
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
  const [rows, cols] = output.shape.length === 1 ? [1, output.shape[0]!] : [output.shape[0]!, output.shape[1]!];
  const values = output.values;
  const table = make('table', { class: 'values mono', 'aria-label': `${output.name} ${type}` });
  for (let row = 0; row < Math.min(rows, MOST_ROWS); row++) {
    const cells = values.slice(row * cols, row * cols + Math.min(cols, MOST_COLS));
    table.append(make('tr', {}, ...cells.map((value) => make('td', {}, String(value)))));
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
