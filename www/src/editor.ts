// What both editors of the program's text can do.

import type { Deed } from './history';
import type { Answers, Diagnostic, Edit, Op } from './protocol';

/** What both kinds of editor can do. */
export interface Editor {
  text(): string;
  /** Opens another text; no event tells of it. */
  setText(text: string): void;
  /** Brings back a text that was there before, or again, where it differs; no event tells of it. */
  revert(text: string): void;
  /** Changes the text as if it were typed. */
  edit(edit: Edit): void;
  /** Puts a text that differs in its white space alone in place of what is there, as an edit: the cursor stays at its word. */
  respace(text: string): void;
  /** Errors, token classes, and which operators' colours stand beside which lines. */
  show(diagnostics: Diagnostic[], tokens: Uint32Array): void;
  showOps(ops: Op[], colours: number): void;
  goTo(from: number, to: number): void;
  /** Lets a line stand out, or none. */
  mark(line: number | null): void;
}

/** Asks about a place in a text; null if there is nothing to say, or something newer was asked. */
export type Ask = <Question extends keyof Answers>(
  question: Question,
  text: string,
  offset: number,
) => Promise<Answers[Question] | null>;

export interface EditorEvents {
  ask: Ask;
  changed(text: string, deed: Deed): void;
  /** A text of so many bytes did not go in. */
  tooLong(bytes: number): void;
  run(): void;
  undo(): void;
  redo(): void;
  /** The cursor has been put on a line. */
  at(line: number): void;
}

/** What two texts have in common at both ends is left; what is between them takes the other's place. */
export function difference(before: string, after: string): Edit {
  const most = Math.min(before.length, after.length);
  let from = 0;
  while (from < most && before[from] === after[from]) from++;
  let behind = 0;
  while (behind < most - from && before.at(-1 - behind) === after.at(-1 - behind)) behind++;
  return { from, to: before.length - behind, text: after.slice(from, after.length - behind) };
}

/** Where a place of a text lies in another one that differs in white space alone. */
export function placeIn(text: string, place: number, other: string): number {
  let before = text.slice(0, place).replace(/\s/g, '').length;
  const betweenWords = place > 0 && /\s/.test(text[place - 1]!);
  for (let at = 0; at < other.length; at++) {
    const isSpace = /\s/.test(other[at]!);
    if (before === 0 && !(betweenWords && isSpace)) return at;
    if (!isSpace) before--;
  }
  return other.length;
}

/** Size of a text in UTF-8, counted only as far as it matters: a hundred megabytes are not encoded. */
export function utf8Bytes(text: string, most: number): number {
  return text.length > most ? text.length : new TextEncoder().encode(text).length;
}
