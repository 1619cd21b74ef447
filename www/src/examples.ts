// Programs that come with the page. They are fetched when they are chosen, and their arrays, beside them, when a program loads them.

import { preset } from './preset';
import type { Figure } from './link';
import type { Chip } from './protocol';

export interface Example {
  /** Its path beside the page, without the ending. */
  name: string;
  title: string;
  /** What it is listed under; without one it comes first. */
  group?: string;
  chip: Chip;
  /** Cycles a second at which it is best watched. */
  speed: number;
  /** Arrays that it loads. */
  arrays: string[];
}

/** Real networks, oldest first. */
const LIBRARY = [
  ['library/alexnet', 'AlexNet, two groups of convolutions (2012)'],
  ['library/vgg16', 'VGG-16, nothing but 3 × 3 (2014)'],
  ['library/resnet50', 'ResNet-50, blocks that add to what went in (2015)'],
  ['library/gnmt-lstm', 'GNMT, eight LSTM layers, a word at a time (2016)'],
  ['library/mlp0', 'MLP0, five dense layers in 8 bits (2017)'],
  ['library/transformer', 'Transformer, encoder and decoder (2017)'],
  ['library/mobilenet_v2', 'MobileNetV2, a filter for each channel, in 8 bits (2018)'],
  ['library/bert-base', 'BERT base, reads both ways (2018)'],
  ['library/gpt2-prefill', 'GPT-2, a prompt (2019)'],
  ['library/gpt2-decode', 'GPT-2, the next token'],
  ['library/dlrm', 'DLRM, tables of vectors and dense layers (2019)'],
  ['library/gpt3-prefill', 'GPT-3, a prompt (2020)'],
  ['library/gpt3-decode', 'GPT-3, the next token'],
  ['library/vit-b16', 'ViT-B/16, an image as 196 patches (2020)'],
  ['library/sd15-unet', 'Stable Diffusion 1.5, one step of its UNet (2022)'],
  ['library/mamba-130m', 'Mamba 130M, a state instead of attention (2023)'],
  ['library/mixtral-8x7b-prefill', 'Mixtral 8x7B, a prompt through two of eight experts (2023)'],
  ['library/mixtral-8x7b-decode', 'Mixtral 8x7B, the next token'],
  ['library/llama3-8b-prefill', 'Llama 3 8B, a prompt (2024)'],
  ['library/llama3-8b-decode', 'Llama 3 8B, the next token'],
  ['library/llama3-70b-prefill', 'Llama 3 70B, a prompt (2024)'],
  ['library/llama3-70b-decode', 'Llama 3 70B, the next token'],
] as const;

export const EXAMPLES: Example[] = [
  {
    name: 'product',
    title: '4 × 4, one small product',
    chip: preset('classroom-4x4'),
    speed: 2,
    arrays: [],
  },
  ...[1, 64].map((rows) => ({
    name: `batch-${rows}`,
    title: rows === 1 ? 'Batch 1: why is it slow?' : `Batch ${rows}: the same, and busy`,
    chip: { ...preset('classroom-8x8'), changes: { dram_gb_per_s: '100', dram_latency_ns: '0' } },
    speed: 32,
    arrays: [],
  })),
  {
    name: 'sparse',
    title: 'Pruned weights, two of four skipped',
    chip: { ...preset('classroom-8x8'), changes: { sparsity: '2:4' } },
    speed: 16,
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
  ...LIBRARY.map(([name, title]) => ({
    name,
    title,
    group: 'Real networks',
    chip: chipFor(name),
    speed: 32,
    arrays: [],
  })),
];

/** Most fit into TPU v4's 32 GiB, the larger ones into TPU v7x's 192; GPT-3 is on no chip alone, and is given the memory. */
function chipFor(name: string): Chip {
  if (name.includes('gpt3')) return { ...preset('tpu-v7x'), changes: { dram_gib: '384' } };
  return preset(/70b|8x7b/.test(name) ? 'tpu-v7x' : 'tpu-v4');
}

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

/** Lines of a product of whole numbers. */
const LINES = [/^(#.*)?$/, /^size \w+ = \d+$/, /^(input|weight) +\w+ *: i8\[\w+, \w+\]$/, /^output \w+ @ \w+$/];
const CHANGES = ['dataflow', 'double_buffered', 'dram_gb_per_s', 'dram_latency_ns'];

/**
 * Whether the module's first part is likely to be all that the first pictures of a program need: it is made for such ones
 * (first-visit.mjs). If it is not, they come later, and no worse.
 */
export function isFirst(text: string, chip: Chip, figure: Pick<Figure, 'unit' | 'level' | 'notation'>): boolean {
  const known = Object.keys(chip.changes).every((key) => CHANGES.includes(key));
  const plain = /^classroom-[48]x/.test(chip.base) && chip.words.length === 0 && known;
  const lines = text.slice(0, 1000).split('\n');
  const product = lines.every((line) => LINES.some((form) => form.test(line))) && text.split('@').length === 2;
  return plain && product && figure.unit === 0 && figure.level === 0 && figure.notation === 'decimal';
}
