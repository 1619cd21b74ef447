// Searching the documentation: loaded when somebody begins to. MiniSearch ranks, by words and their beginnings, allows for a
// slip of the finger, and is small and without dependencies.

import MiniSearch, { type SearchResult } from 'minisearch';
import sections from 'virtual:docs-sections';

/** A section that was found. */
export interface Found {
  address: string;
  page: string;
  title: string;
  /** The beginning of what was found in it: pieces, each with whether it is what was looked for. */
  excerpt: [string, boolean][];
}

/** Most that are shown. */
const MOST = 8;

/** Characters of text around the first word that was found. */
const BEFORE = 30;
const BEHIND = 90;

const engine = new MiniSearch({
  idField: 'address',
  fields: ['title', 'page', 'text'],
  storeFields: ['address', 'page', 'title', 'text'],
  // `weight_fifo_tiles` is found by each of its words too.
  tokenize: (text) => text.split(/[^\p{L}\p{N}]+/u).filter((word) => word !== ''),
  searchOptions: {
    boost: { title: 2 },
    prefix: true,
    combineWith: 'AND',
  },
});
engine.addAll(sections);

/** The best sections for some words, the best first: those that have all of them, or words that are nearly these. */
export function search(words: string): Found[] {
  const exact = engine.search(words);
  const results = exact.length > 0 ? exact : engine.search(words, { fuzzy: (term) => (term.length > 4 ? 0.2 : false) });
  return results.slice(0, MOST).map(found);
}

function found(result: SearchResult): Found {
  const { address, page, title, text } = result as unknown as Found & { text: string };
  return { address, page, title, excerpt: excerpt(text, result.terms) };
}

function excerpt(text: string, terms: string[]): [string, boolean][] {
  const words = terms.map((term) => term.replace(/[^\p{L}\p{N}]/gu, ''));
  // Words of the text that begin so.
  const word = (of: string[]) => new RegExp(`(?<![\\p{L}\\p{N}])(${of.join('|')})`, 'giu');
  // The longest one tells most.
  const longest = words.reduce((a, b) => (b.length > a.length ? b : a), '');
  const at = Math.max(0, text.search(word([longest])));
  // Whole words, from a little before it.
  const from = at <= BEFORE ? 0 : text.indexOf(' ', at - BEFORE) + 1;
  const end = text.length <= at + BEHIND ? text.length : text.lastIndexOf(' ', at + BEHIND);
  const shown = `${from > 0 ? '… ' : ''}${text.slice(from, Math.max(end, at))}${end < text.length ? ' …' : ''}`;
  const pieces = shown.split(word(words)).map((piece, index): [string, boolean] => [piece, index % 2 === 1]);
  return pieces.filter(([piece]) => piece !== '');
}
