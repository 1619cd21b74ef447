// What the browser keeps. No function here throws: storage may be full, forbidden or gone.
//
// A tab's own draft lies in sessionStorage, which a reload keeps and no other tab sees. Beside it localStorage has a
// draft for each tab, so that two tabs never overwrite each other and a closed tab's text can be had again.

import { createStore, del, entries, set } from 'idb-keyval';
import { sameChip } from './chip';
import { chipOf } from './preset';
import type { Chip } from './protocol';

export interface Draft {
  text: string;
  chip: Chip;
  example: string;
  time: number;
  /** Bookmarks; whoever shows them looks at what they are. */
  marks: unknown;
}

const OWN = 'systole.draft';
const SHARED = 'systole.drafts.';
const MOST_DRAFTS = 8;

/** Keeps this tab's draft for a reload, and for other tabs too; false if the browser keeps nothing. */
export function keepDraft(draft: Draft): boolean {
  const own = keepOwnDraft(draft);
  const shared = attempt(() => localStorage.setItem(SHARED + tab(), JSON.stringify(draft)));
  if (shared) {
    forgetCopies(draft, 0);
    forgetOldDrafts();
  }
  return own || shared;
}

/** Puts aside a text that an example is about to replace; it can be chosen again from the list. */
export function shelveDraft(draft: Draft): void {
  if (!attempt(() => localStorage.setItem(SHARED + randomName(), JSON.stringify(draft)))) return;
  forgetCopies(draft, 1);
  forgetOldDrafts();
}

/** Keeps for a reload what no other tab needs to know: an example as it came. */
export function keepExample(draft: Draft): void {
  keepOwnDraft(draft);
  attempt(() => localStorage.removeItem(SHARED + tab()));
}

function keepOwnDraft(draft: Draft): boolean {
  return attempt(() => sessionStorage.setItem(OWN, JSON.stringify(draft)));
}

/** This tab's draft. */
export function ownDraft(): Draft | null {
  let value: string | null = null;
  attempt(() => (value = sessionStorage.getItem(OWN)));
  return readDraft(value);
}

/** Drafts of other tabs, open or closed, newest first. */
export function otherDrafts(): { key: string; draft: Draft }[] {
  const found: { key: string; draft: Draft }[] = [];
  attempt(() => {
    for (const key of Object.keys(localStorage)) {
      if (!key.startsWith(SHARED) || key === SHARED + tab()) continue;
      const draft = readDraft(localStorage.getItem(key));
      if (draft) found.push({ key, draft });
    }
  });
  return found.sort((a, b) => b.draft.time - a.draft.time);
}

/** Files that the user dropped, by path. */
export async function keptFiles(): Promise<Map<string, Uint8Array>> {
  try {
    const all = await entries<string, Uint8Array>(files());
    return new Map(all.filter(([path, bytes]) => typeof path === 'string' && bytes instanceof Uint8Array));
  } catch {
    return new Map();
  }
}

/** Keeps a file; false if that cannot be. */
export async function keepFile(path: string, bytes: Uint8Array): Promise<boolean> {
  try {
    await set(path, bytes, files());
    return true;
  } catch {
    return false;
  }
}

/** Forgets a file. */
export async function dropFile(path: string): Promise<void> {
  try {
    await del(path, files());
  } catch {
    // What was never kept needs no forgetting.
  }
}

function attempt(action: () => void): boolean {
  try {
    action();
    return true;
  } catch {
    return false;
  }
}

/**
 * Makes sure that no other tab writes under this one's name: a duplicated tab brings the name along with everything else
 * of its session. Where the browser has no locks, names are trusted.
 */
export async function claimTab(): Promise<void> {
  const free = await new Promise<boolean>((resolve) => {
    if (!navigator.locks) {
      resolve(true);
      return;
    }
    const hold = (lock: Lock | null) => {
      resolve(lock !== null);
      // Held for as long as the page lives.
      return lock ? new Promise<never>(() => {}) : undefined;
    };
    navigator.locks.request(SHARED + tab(), { ifAvailable: true }, hold).catch(() => resolve(true));
  });
  if (free) return;
  tabName = randomName();
  attempt(() => sessionStorage.setItem('systole.tab', tabName ?? ''));
  await claimTab();
}

let tabName: string | null = null;

/** A name for this tab that a reload keeps. */
function tab(): string {
  if (tabName === null) {
    attempt(() => (tabName = sessionStorage.getItem('systole.tab')));
    tabName ??= randomName();
    attempt(() => sessionStorage.setItem('systole.tab', tabName ?? ''));
  }
  return tabName;
}

function randomName(): string {
  return Math.random().toString(36).slice(2);
}

/** Of the same text on the same array, `keep` drafts are enough. */
function forgetCopies(draft: Draft, keep: number): void {
  const same = otherDrafts().filter(
    ({ draft: other }) => other.text === draft.text && sameChip(other.chip, draft.chip),
  );
  for (const { key } of same.slice(keep)) attempt(() => localStorage.removeItem(key));
}

function forgetOldDrafts(): void {
  for (const { key } of otherDrafts().slice(MOST_DRAFTS - 1)) attempt(() => localStorage.removeItem(key));
}

/** Storage is input from outside: another version, or another page of this host, may have written it. */
export function readDraft(value: string | null): Draft | null {
  if (value === null) return null;
  try {
    const { text, chip, example, time, marks } = JSON.parse(value) as Partial<Draft>;
    const whole = typeof text === 'string' && typeof example === 'string' && typeof time === 'number';
    const known = chipOf(chip);
    return whole && known ? { text, example, time, chip: known, marks } : null;
  } catch {
    return null;
  }
}

let store: ReturnType<typeof createStore> | null = null;

function files(): ReturnType<typeof createStore> {
  store ??= createStore('systole', 'files');
  return store;
}
