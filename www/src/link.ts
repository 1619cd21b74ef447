// The whole state of a figure as a link's hash: what most links say in readable keys, the rest deflated in one.
//
//     #v=1&ex=NAME&chip=NAME&c=CYCLE&pe=ROW,COLUMN&u=UNIT&l=LEVEL&s=SPEED&n=NOTATION&t=FIRST-LAST&z=BASE64URL(DEFLATE-RAW(JSON))
//
// A key that says what a figure does without it is left out. Every link ever published is read for ever: tests/data/links.json.
// A link is input from anywhere: sizes are capped before anything is unpacked, and every key has the limits of its control.

import { chipOf, preset } from './preset';
import type { Chip, Cycles, Pe } from './protocol';
import { EXAMPLES, programOf } from './examples';
import type { Draft } from './storage';

/** How numbers are written: as such, as their bits, or as the elements that they are. */
export const NOTATIONS = ['decimal', 'hexadecimal', 'indices'] as const;

export type Notation = (typeof NOTATIONS)[number];

/** What a figure shows. */
export interface Figure {
  /** The example that it began with. */
  example: string;
  /** The program, unless it is the example's. */
  text: string | null;
  /** The chip, unless it is the example's. */
  chip: Chip | null;
  /** The cycle; without one, the first in which an array has something to do. */
  cycle: number | null;
  pe: Pe | null;
  /** Matrix unit. */
  unit: number;
  /** How near one looks: chip, array, PE, bits. */
  level: number;
  /** Cycles a second, or the example's. */
  speed: number | null;
  notation: Notation;
  /** The cycles that the timeline shows, or all. */
  span: Cycles | null;
  /** Bookmarks; whoever shows them looks at what they are. */
  marks: unknown;
}

const VERSION = '1';
/** Characters of a link's hash. */
const MOST_CHARACTERS = 256 * 1024;
/** Bytes of what its `z` unpacks to; the program has a limit of its own. */
const MOST_BYTES = 512 * 1024;
const NAME = /^[a-z0-9][a-z0-9/_.-]{0,63}$/;
const MOST_SIDE = 65_536;
const MOST_UNITS = 4_096;
const LEVELS = 4;

/** What is wrong with a link, for people. */
export class LinkError extends Error {}

/** What the compressed part holds. */
interface Packed {
  text?: string;
  chip?: Chip;
  marks?: unknown;
}

export async function hashOf(figure: Figure): Promise<string> {
  const { example, text, chip, cycle, pe, unit, level, speed, notation, span, marks } = figure;
  const keys = new URLSearchParams({ v: VERSION, ex: example });
  // A preset as it is has a name that one can read, and write by hand.
  const plain = chip && chip.words.length === 0 && Object.keys(chip.changes).length === 0 && NAME.test(chip.base);
  if (plain) keys.set('chip', chip.base);
  if (cycle !== null) keys.set('c', String(cycle));
  if (pe && (pe.row !== 0 || pe.col !== 0)) keys.set('pe', `${pe.row},${pe.col}`);
  if (unit > 0) keys.set('u', String(unit));
  if (level > 0) keys.set('l', String(level));
  if (speed !== null) keys.set('s', String(speed));
  if (notation !== NOTATIONS[0]) keys.set('n', notation);
  // The last one that is seen, as the page says it.
  if (span) keys.set('t', `${span.from}-${span.to - 1}`);
  const packed: Packed = {};
  if (text !== null) packed.text = text;
  if (chip && !plain) packed.chip = chip;
  if (Array.isArray(marks) && marks.length > 0) packed.marks = marks;
  if (Object.keys(packed).length > 0) keys.set('z', await pack(JSON.stringify(packed)));
  // Slashes and commas need no escape in a hash, and are easier on the eye.
  return `#${keys.toString().replaceAll('%2F', '/').replaceAll('%2C', ',')}`;
}

/** Reads a hash; null if it holds no figure at all. Throws a LinkError for what is no figure of this page. */
export async function figureOf(hash: string): Promise<Figure | null> {
  if (hash.length > MOST_CHARACTERS) throw new LinkError('it is longer than any that this page makes');
  const keys = new URLSearchParams(hash.replace(/^#/, ''));
  if (!['v', 'ex', 'chip', 'z'].some((key) => keys.has(key))) return null;
  const version = keys.get('v') ?? VERSION;
  if (version !== VERSION)
    throw new LinkError(`it is of version ${short(version)}, and this page reads version ${VERSION}`);
  const packed = keys.has('z') ? packedOf(await unpack(keys.get('z')!)) : {};
  const base = named(keys, 'chip');
  return {
    example: named(keys, 'ex') ?? 'product',
    text: packed.text ?? null,
    chip: packed.chip ?? (base === null ? null : preset(base)),
    cycle: whole(keys, 'c', Number.MAX_SAFE_INTEGER),
    pe: placeOf(keys),
    unit: whole(keys, 'u', MOST_UNITS) ?? 0,
    level: whole(keys, 'l', LEVELS - 1) ?? 0,
    speed: whole(keys, 's', 2 ** 44),
    notation: notationOf(keys),
    span: spanOf(keys),
    marks: packed.marks ?? [],
  };
}

/** A figure's program and chip, as they are kept. */
export async function draftOf({ example: name, text, chip, marks }: Figure): Promise<Draft> {
  const example = EXAMPLES.find((example) => example.name === name);
  if (!example) throw new LinkError(`there is no example "${name}"`);
  return {
    text: text ?? (await programOf(example)),
    chip: chip ?? example.chip,
    example: name,
    time: Date.now(),
    marks,
  };
}

function named(keys: URLSearchParams, key: string): string | null {
  const name = keys.get(key);
  if (name !== null && !NAME.test(name)) throw new LinkError(`its "${key}" is no name: ${short(name)}`);
  return name;
}

/** A whole number from 0. */
function whole(keys: URLSearchParams, key: string, most: number): number | null {
  const text = keys.get(key);
  if (text === null) return null;
  if (!/^\d{1,16}$/.test(text) || Number(text) > most) {
    throw new LinkError(`its "${key}" is no whole number up to ${most}: ${short(text)}`);
  }
  return Number(text);
}

function placeOf(keys: URLSearchParams): Pe | null {
  const text = keys.get('pe');
  if (text === null) return null;
  const [row, col] = (/^(\d{1,5}),(\d{1,5})$/.exec(text) ?? []).slice(1).map(Number);
  if (row === undefined || col === undefined || Math.max(row, col) >= MOST_SIDE) {
    throw new LinkError(`its "pe" is no row and column: ${short(text)}`);
  }
  return { row, col };
}

function notationOf(keys: URLSearchParams): Notation {
  const text = keys.get('n') ?? NOTATIONS[0];
  const notation = NOTATIONS.find((known) => known === text);
  if (!notation) throw new LinkError(`its "n" is no way to write numbers: ${short(text)}`);
  return notation;
}

function spanOf(keys: URLSearchParams): Cycles | null {
  const text = keys.get('t');
  if (text === null) return null;
  const [from, last] = (/^(\d{1,16})-(\d{1,16})$/.exec(text) ?? []).slice(1).map(Number);
  if (from === undefined || last === undefined || last < from || last >= Number.MAX_SAFE_INTEGER) {
    throw new LinkError(`its "t" is no first and last cycle: ${short(text)}`);
  }
  return { from, to: last + 1 };
}

function packedOf(json: string): Packed {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    throw new LinkError('its "z" holds no JSON');
  }
  if (typeof value !== 'object' || value === null) throw new LinkError('its "z" holds no object');
  const { text, chip, marks } = value as Record<string, unknown>;
  const packed: Packed = { marks };
  if (typeof text === 'string') packed.text = text;
  const known = chipOf(chip);
  if (known) packed.chip = known;
  return packed;
}

function short(text: string): string {
  return text.length > 20 ? `${text.slice(0, 20)}…` : text;
}

// --- Packing ------------------------------------------------------------------------------------------------------

async function pack(text: string): Promise<string> {
  const packed = new Blob([text]).stream().pipeThrough(new CompressionStream('deflate-raw'));
  const bytes = new Uint8Array(await new Response(packed).arrayBuffer());
  let binary = '';
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/** Stops as soon as there is more than any link of this page holds. */
async function unpack(base64url: string): Promise<string> {
  if (!/^[A-Za-z0-9_-]*$/.test(base64url)) throw new LinkError('its "z" is not in base64url');
  try {
    const binary = atob(base64url.replaceAll('-', '+').replaceAll('_', '/'));
    const bytes = Uint8Array.from(binary, (letter) => letter.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate-raw'));
    return await limited(stream.getReader());
  } catch (error) {
    if (error instanceof LinkError) throw error;
    throw new LinkError('its "z" is cut off or damaged');
  }
}

async function limited(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let [text, size] = ['', 0];
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    size += value.length;
    if (size > MOST_BYTES) {
      void reader.cancel();
      throw new LinkError(`its "z" unpacks to more than ${MOST_BYTES} bytes`);
    }
    text += decoder.decode(value, { stream: true });
  }
}
