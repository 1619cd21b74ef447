// Bookmarks as they are kept: cycles with names, which are the captions when they are presented.

export interface Bookmark {
  cycle: number;
  name: string;
}

/** More are not kept, nor longer names. */
export const MOST = 32;
export const LONGEST = 280;

/** What is kept may be from anybody. */
export function bookmarksOf(kept: unknown): Bookmark[] {
  if (!Array.isArray(kept)) return [];
  const marks = new Map<number, Bookmark>();
  for (const value of kept.slice(0, MOST) as unknown[]) {
    const { cycle, name } = (value ?? {}) as Record<string, unknown>;
    if (typeof cycle !== 'number' || !Number.isSafeInteger(cycle) || cycle < 0 || typeof name !== 'string') continue;
    marks.set(cycle, { cycle, name: name.slice(0, LONGEST) });
  }
  return [...marks.values()].sort((a, b) => a.cycle - b.cycle);
}
