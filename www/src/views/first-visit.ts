// Whether somebody is here for the first time; only then the tour is loaded by itself.

import type { Bench } from '../bench';

const SEEN = 'systole.toured';

export async function firstVisit(bench: Bench): Promise<void> {
  if (!isFirst() || bench.desk.draft().example !== 'product') return;
  try {
    await (await import('./tour')).tour(bench);
  } catch {
    // It can be had from the help.
  }
}

/** Whoever keeps nothing would see it at each visit. */
function isFirst(): boolean {
  try {
    const kept = Object.keys(localStorage);
    return !kept.includes(SEEN) && !kept.some((key) => key.startsWith('systole.drafts.'));
  } catch {
    return false;
  }
}

export function toured(): void {
  try {
    localStorage.setItem(SEEN, '');
  } catch {
    // It comes again then.
  }
}
