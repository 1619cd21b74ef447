// Undo and redo over the text, the chip and the example alike, in the one order in which they were changed.

import { sameChip } from './chip';
import type { Example } from './examples';
import type { Chip } from './protocol';

export interface State {
  text: string;
  chip: Chip;
  example: Example;
  /** The example's text as it came. */
  original: string;
  marks: unknown;
}

/** What was done: typing, of one kind, without a rest is one step; whatever else is done is a step by itself. */
export type Deed = 'text' | 'chip' | 'done';

/** A rest in typing, in milliseconds. */
const REST = 800;

/** Beyond these, the oldest steps are forgotten. */
const MOST_STATES = 200;
const MOST_LETTERS = 8 << 20;

export class History {
  private states: State[] = [];
  private at = -1;
  private last = { what: 'done', time: 0 };

  record(state: State, deed: Deed, now = performance.now()): void {
    const { now: current } = this;
    if (current && sameState(current, state)) return;
    // Of a chip, each field is a kind of its own.
    const what = deed === 'chip' && current ? `chip ${changedFields(current.chip, state.chip)}` : deed;
    const goesOn = what !== 'done' && what === this.last.what && now - this.last.time < REST;
    this.last = { what, time: now };
    // What was undone is gone with the next change.
    this.states.length = this.at + 1;
    if (goesOn) this.states[this.at] = state;
    else this.at = this.states.push(state) - 1;
    this.forget();
  }

  /** The state before, or the one that was undone; nothing at the ends. */
  move(by: -1 | 1): State | null {
    const state = this.states[this.at + by];
    if (!state) return null;
    this.at += by;
    this.last.what = 'done';
    return state;
  }

  can(by: -1 | 1): boolean {
    return this.states[this.at + by] !== undefined;
  }

  get now(): State | undefined {
    return this.states[this.at];
  }

  private forget(): void {
    const letters = () => this.states.reduce((sum, { text }) => sum + text.length, 0);
    while (this.at > 0 && (this.states.length > MOST_STATES || letters() > MOST_LETTERS)) {
      this.states.shift();
      this.at--;
    }
  }
}

function changedFields(a: Chip, b: Chip): string {
  const keys = new Set([...Object.keys(a.changes), ...Object.keys(b.changes)]);
  return [...keys].filter((key) => a.changes[key] !== b.changes[key]).join(' ');
}

function sameState(a: State, b: State): boolean {
  return a.text === b.text && a.example === b.example && sameChip(a.chip, b.chip);
}
