// Chips as the page writes them down: beside the desk where they are changed, since a figure has none.

import type { Chip } from './protocol';

/** A preset as it comes. */
export function preset(base: string): Chip {
  return { base, words: [], changes: {} };
}

/** A chip as it is kept now, or as drafts had it when a chip was two sides. */
export function chipOf(value: unknown): Chip | null {
  if (typeof value !== 'object' || value === null) return null;
  const { base, words, changes, rows, cols } = value as Record<string, unknown>;
  if (Number.isInteger(rows) && Number.isInteger(cols)) return preset(`classroom-${rows}x${cols}`);
  if (typeof base !== 'string' || !Array.isArray(words) || typeof changes !== 'object' || changes === null) return null;
  const texts = Object.entries(changes).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  return { base, words: words.map(String), changes: Object.fromEntries(texts) };
}
