// What is another in a program and its chip.

import type { Bench, Source } from '../../bench';
import { fieldsOf, NONE } from '../../chip';
import { make } from '../../dom';
import type { Chip, ChipField } from '../../protocol';

/** Lines of text that are held against each other; beyond so many pairs, everything is taken for another. */
const MOST_PAIRS = 1_000_000;
/** Lines that are listed. */
const MOST_LINES = 200;

export interface Line {
  sign: '+' | '−';
  number: number; // from 1, in the text that has it
  text: string;
}

/** In words and lines; nothing if nothing changed. */
export async function changes(bench: Bench, before: Source, after: Source): Promise<HTMLElement[]> {
  const lines = lineChanges(before.text, after.text);
  const fields = await fieldChanges(bench, before.chip, after.chip);
  const found: HTMLElement[] = [];
  if (lines.length > 0) {
    const rest = lines.length - MOST_LINES;
    found.push(make('h3', {}, 'Program'), diff(lines.slice(0, MOST_LINES)));
    if (rest > 0) found.push(make('p', { class: 'quiet' }, `and ${rest} lines more`));
  }
  if (fields.length > 0) found.push(make('h3', {}, 'Chip'), make('ul', { class: 'field-changes' }, ...fields));
  return found;
}

function diff(lines: Line[]): HTMLElement {
  const rows = lines.map(({ sign, number, text }) =>
    make(sign === '+' ? 'ins' : 'del', {}, `${sign} ${String(number).padStart(3)}  ${text}\n`),
  );
  return make('pre', { class: 'diff', tabindex: '0', 'aria-label': 'Changed lines: − pinned, + now' }, ...rows);
}

async function fieldChanges(bench: Bench, before: Chip, after: Chip): Promise<HTMLElement[]> {
  const [old, fresh] = [await fieldsBy(bench, before), await fieldsBy(bench, after)];
  const moved = [...fresh].filter(([key, field]) => old.get(key)?.value !== field.value);
  return moved.map(([key, { title, unit, value }]) => {
    const was = old.get(key)?.value ?? NONE;
    const now = make('b', {}, `${value ?? NONE}${unit === '' ? '' : ` ${unit}`}`);
    return make('li', {}, `${title}: `, make('s', {}, was), ' → ', now);
  });
}

async function fieldsBy(bench: Bench, { base, words, changes }: Chip): Promise<Map<string, ChipField>> {
  const form = await bench.desk.call('chipForm', base, words, Object.keys(changes), Object.values(changes));
  return new Map((form ? fieldsOf(form) : []).map((field) => [field.key, field]));
}

/** Lines that one text has and the other has not, in their order: the longest common sequence stays. */
export function lineChanges(before: string, after: string): Line[] {
  const [a, b] = [before.trimEnd().split('\n'), after.trimEnd().split('\n')];
  let start = 0;
  while (start < Math.min(a.length, b.length) && a[start] === b[start]) start++;
  let end = 0;
  while (end < Math.min(a.length, b.length) - start && a[a.length - 1 - end] === b[b.length - 1 - end]) end++;
  return between(a.slice(start, a.length - end), b.slice(start, b.length - end), start);
}

function between(a: string[], b: string[], start: number): Line[] {
  const longest = a.length * b.length > MOST_PAIRS ? null : lengths(a, b);
  const width = b.length + 1;
  const left = (i: number, j: number) => longest?.[i * width + j] ?? 0;
  const found: Line[] = [];
  for (let [i, j] = [0, 0]; i < a.length || j < b.length;) {
    if (longest && i < a.length && j < b.length && a[i] === b[j]) [i, j] = [i + 1, j + 1];
    else if (j === b.length || (i < a.length && left(i + 1, j) >= left(i, j + 1)))
      found.push({ sign: '−', number: start + ++i, text: a[i - 1]! });
    else found.push({ sign: '+', number: start + ++j, text: b[j - 1]! });
  }
  return found;
}

/** How long the longest common sequence is of what is left from each pair of lines on. */
function lengths(a: string[], b: string[]): Uint32Array {
  const width = b.length + 1;
  const table = new Uint32Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      const same = a[i] === b[j];
      const at = i * width + j;
      table[at] = same ? table[at + width + 1]! + 1 : Math.max(table[at + width]!, table[at + 1]!);
    }
  }
  return table;
}
