// Programs that the user has given names: each lies in localStorage under its own, so that tabs do not overwrite each other's.

import { type Draft, readDraft } from '../storage';

export interface Named {
  name: string;
  draft: Draft;
}

const PREFIX = 'systole.named.';
export const LONGEST_NAME = 60;
export const MOST_PROGRAMS = 50;
/** Letters of one with its chip, as it is kept: browsers keep some five million in all. */
const MOST_LETTERS = 600_000;

/** All of them, by name. What cannot be read as one is passed over. */
export function namedPrograms(): Named[] {
  const found: Named[] = [];
  try {
    for (const key of Object.keys(localStorage)) {
      const name = key.slice(PREFIX.length);
      if (!key.startsWith(PREFIX) || name === '' || name.length > LONGEST_NAME) continue;
      const kept = localStorage.getItem(key);
      const draft = kept !== null && kept.length <= MOST_LETTERS ? readDraft(kept) : null;
      if (draft) found.push({ name, draft });
    }
  } catch {
    // There are none to be had.
  }
  return found.sort((a, b) => a.name.localeCompare(b.name)).slice(0, MOST_PROGRAMS);
}

/** A name as it is kept. */
export function tidy(name: string): string {
  return name.trim().replace(/\s+/g, ' ').slice(0, LONGEST_NAME);
}

/** Keeps one, in place of what has the name; otherwise says in words why not. */
export function keepNamed({ name, draft }: Named): string | null {
  const all = namedPrograms();
  const known = all.some((other) => other.name === name);
  if (!known && all.length >= MOST_PROGRAMS) return `There are ${MOST_PROGRAMS} programs already: delete one first.`;
  const kept = JSON.stringify(draft);
  if (kept.length > MOST_LETTERS) return 'It is too large to be kept here: save it as a file.';
  try {
    localStorage.setItem(PREFIX + name, kept);
    return null;
  } catch {
    return 'This browser has no room for it: save it as a file.';
  }
}

export function forgetNamed(name: string): void {
  try {
    localStorage.removeItem(PREFIX + name);
  } catch {
    // It is not kept then.
  }
}
