// Whether a run's values are what they should be, in words.

import type { Report } from './protocol';

/** What is to be said of a run's values, and how it looks. */
export function verdictOn({ agrees, disagreement, unvalued, assembly }: Report): [string, string] {
  if (assembly) return ['from the assembly, not compared', 'quiet'];
  if (unvalued !== null) return [`timed, values not computed: ${unvalued}`, 'quiet'];
  if (agrees) return ['✓ equals the reference', 'agrees'];
  return [`differs from the reference: ${disagreement}`, 'problem'];
}
