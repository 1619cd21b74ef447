// Programs that come with the page. Their arrays lie beside them and are fetched when a program loads them.

import { preset } from './chip';
import type { Chip } from './protocol';

export interface Example {
  name: string;
  title: string;
  chip: Chip;
  /** Cycles a second at which it is best watched. */
  speed: number;
  /** Arrays that it loads. */
  arrays: string[];
}

export const EXAMPLES: Example[] = [
  {
    name: 'product',
    title: '4 × 4, one small product',
    chip: preset('classroom-4x4'),
    speed: 2,
    arrays: [],
  },
  {
    name: 'layers',
    title: 'One kind of layer, three times',
    chip: preset('classroom-8x8'),
    speed: 16,
    arrays: [],
  },
  {
    name: 'digits',
    title: 'Handwritten digits, two layers',
    chip: preset('classroom-8x8'),
    speed: 32,
    arrays: ['x', 'w1', 'b1', 'w2', 'b2'].map((name) => `digits/${name}.npy`),
  },
];

/** An example's program. */
export async function programOf(example: Example): Promise<string> {
  const response = await fetch(`./examples/${example.name}.systole`);
  if (!response.ok) throw new Error(`the example could not be loaded (${response.status})`);
  return response.text();
}

/** An array that comes with the page, if there is one of this name. */
export async function arrayOf(path: string): Promise<Uint8Array | null> {
  if (!EXAMPLES.some(({ arrays }) => arrays.includes(path))) return null;
  try {
    const response = await fetch(`./examples/${path}`);
    return response.ok ? new Uint8Array(await response.arrayBuffer()) : null;
  } catch {
    return null;
  }
}
