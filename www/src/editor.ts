// What both editors of the program's text can do.

import type { Diagnostic, Op } from './protocol';

/** What both kinds of editor can do. */
export interface Editor {
  text(): string;
  /** Opens another text; no event tells of it. */
  setText(text: string): void;
  /** Errors, token classes, and which operators' colours stand beside which lines. */
  show(diagnostics: Diagnostic[], tokens: Uint32Array): void;
  showOps(ops: Op[], colours: number): void;
  goTo(from: number, to: number): void;
}

export interface EditorEvents {
  changed(text: string): void;
  /** A text of so many bytes did not go in. */
  tooLong(bytes: number): void;
  run(): void;
}

/** Size of a text in UTF-8, counted only as far as it matters: a hundred megabytes are not encoded. */
export function utf8Bytes(text: string, most: number): number {
  return text.length > most ? text.length : new TextEncoder().encode(text).length;
}
