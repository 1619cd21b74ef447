// Whether a text has the letters of a query in their order, and how well.

export interface Match {
  /** More is better. */
  score: number;
  /** Places of the letters, as the text is counted by whole characters. */
  letters: Set<number>;
}

/** A letter at the start of a word, one that follows the one before, and the length of what is searched. */
const START = 8;
const FOLLOWS = 5;
const LENGTH = 0.05;

/** Each word of the query is looked for by itself, so that their order does not matter. */
export function match(query: string, text: string): Match | null {
  const letters = new Set<number>();
  if (query === '') return { score: 0, letters };
  const within = [...text].map((letter) => letter.toLowerCase());
  let score = -within.length * LENGTH;
  for (const word of query.toLowerCase().split(/\s+/).filter(Boolean)) {
    const best = bestOf([...word], within);
    if (!best) return null;
    score += best.score;
    for (const place of best.letters) letters.add(place);
  }
  return { score, letters };
}

/** From each place where its first letter stands, the letters after it as early as they come: the best of these. */
function bestOf(word: string[], within: string[]): Match | null {
  let best: Match | null = null;
  for (let from = within.indexOf(word[0]!); from >= 0; from = within.indexOf(word[0]!, from + 1)) {
    const found = along(word, within, from);
    if (!found) break;
    if (!best || found.score > best.score) best = found;
  }
  return best;
}

function along(word: string[], within: string[], from: number): Match | null {
  const letters = new Set<number>();
  let [score, last] = [0, from - 1];
  for (const letter of word) {
    const place = within.indexOf(letter, last + 1);
    if (place < 0) return null;
    if (startsWord(within, place)) score += START;
    if (letters.size > 0 && place === last + 1) score += FOLLOWS;
    score -= (place - last - 1) * LENGTH;
    letters.add(place);
    last = place;
  }
  return { score, letters };
}

function startsWord(within: string[], place: number): boolean {
  return place === 0 || !/[\p{L}\p{N}]/u.test(within[place - 1]!);
}
