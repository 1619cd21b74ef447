// What both halves of the dialog are made of.

import { make } from '../../dom';
import type { Figure } from '../../link';

export function choice(title: string, words: readonly string[]): { label: HTMLElement; field: HTMLSelectElement } {
  const field = make('select', {}, ...words.map((word) => make('option', { value: word }, word)));
  return { label: make('label', {}, `${title} `, field), field };
}

/** A whole number within bounds, as a field that says so. */
export function number(title: string, value: number, min: number, max: number): Field {
  const field = make('input', {
    type: 'number',
    inputmode: 'numeric',
    min: String(min),
    max: String(max),
    step: '1',
    value: String(value),
    required: '',
  });
  return { label: make('label', {}, `${title} `, field), field };
}

export interface Field {
  label: HTMLElement;
  field: HTMLInputElement;
}

/** Its number; an error in words for what is none, or beyond its bounds. */
export function read(name: string, { field }: Field): number {
  const value = field.valueAsNumber;
  if (Number.isSafeInteger(value) && value >= Number(field.min) && value <= Number(field.max)) return value;
  throw new Error(`${name} is a whole number from ${field.min} to ${field.max}.`);
}

/** As the page calls its files: example-cycle.svg. */
export function fileName({ example }: Pick<Figure, 'example'>, what: number | string, ending: string): string {
  return `${example.split('/').pop()}-${what}.${ending}`;
}
