// What makes a figure out of the file that all of them have in common: written by the page, read by the file.

import { bytesOf, textOf } from '../base64';

/** A figure as it stands in its file. */
export interface Content {
  title: string;
  /** The figure, and how it looks and behaves, as a frame's address has them. */
  hash: string;
  /** Where it is edited: the folder of the page that wrote it. */
  home: string;
  /** The arrays that its program loads, in base64. */
  arrays: [path: string, base64: string][];
}

/** The element that holds it, as the file has it before. */
const EMPTY = '<script type="application/json" id="content"></script>';

/** The file with a figure in it. JSON that has no `<` ends no element, whatever it says. */
export function filled(file: string, content: Content): string {
  const json = JSON.stringify(content).replaceAll('<', '\\u003c');
  const parts = file.split(EMPTY);
  if (parts.length !== 2) throw new Error('the file for figures is not as it should be');
  return parts.join(EMPTY.replace('><', `>${json}<`));
}

export function packed(arrays: [path: string, bytes: Uint8Array][]): Content['arrays'] {
  return arrays.map(([path, bytes]) => [path, textOf(bytes)]);
}

/** Reads it back: the file may have been changed since by anybody. */
export function contentOf(json: string): { title: string; hash: string; home: string; arrays: [string, Uint8Array][] } {
  const { title, hash, home, arrays } = JSON.parse(json) as Record<string, unknown>;
  if (typeof hash !== 'string' || !Array.isArray(arrays)) throw new Error('it holds no figure');
  return {
    title: typeof title === 'string' ? title : 'Systole: a figure',
    hash,
    home: typeof home === 'string' && /^https?:\/\//.test(home) ? home : '',
    arrays: arrays.map(([path, base64]: [unknown, unknown]) => [String(path), bytesOf(String(base64))]),
  };
}
