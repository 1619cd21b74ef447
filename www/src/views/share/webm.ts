// Encoded video in a WebM file: as much of Matroska as one silent track needs. A writer of its own is a page of code; those that
// there are write far more, and are ten times as large as all else here.

export interface Video {
  /** Matroska's name: V_VP8 or V_VP9. */
  codec: string;
  width: number;
  height: number;
  /** Milliseconds of each picture. */
  each: number;
  pictures: { bytes: Uint8Array; key: boolean }[];
}

/** Milliseconds that a cluster may last: places in it have 16 bits with a sign. */
const CLUSTER = 30_000;

export function webmOf({ codec, width, height, each, pictures }: Video): Blob {
  const info = element(
    0x1549a966,
    element(0x2ad7b1, unsigned(1_000_000)), // a tick is a millisecond
    element(0x4489, float(pictures.length * each)), // duration
    element(0x4d80, ascii('systole')),
    element(0x5741, ascii('systole')),
  );
  const track = element(
    0xae,
    element(0xd7, unsigned(1)), // number
    element(0x73c5, unsigned(1)), // and name
    element(0x83, unsigned(1)), // video
    element(0x9c, unsigned(0)), // frames one by one
    element(0x86, ascii(codec)),
    element(0x23e383, unsigned(Math.round(each * 1_000_000))),
    element(0xe0, element(0xb0, unsigned(width)), element(0xba, unsigned(height))),
  );
  const head = element(
    0x1a45dfa3,
    element(0x4282, ascii('webm')),
    element(0x4287, unsigned(2)),
    element(0x4285, unsigned(2)),
  );
  const segment = element(0x18538067, info, element(0x1654ae6b, track), ...clusters(pictures, each));
  return new Blob([...head, ...segment] as BlobPart[], { type: 'video/webm' });
}

/** Each begins with a picture that needs no other. */
function clusters(pictures: Video['pictures'], each: number): Part[][] {
  const groups: { start: number; blocks: Part[][] }[] = [];
  pictures.forEach(({ bytes, key }, at) => {
    const time = Math.round(at * each);
    const last = groups.at(-1);
    if (!last || key || time - last.start >= CLUSTER) groups.push({ start: time, blocks: [] });
    const { start, blocks } = groups.at(-1)!;
    const head = new Uint8Array([0x81, (time - start) >> 8, (time - start) & 0xff, key ? 0x80 : 0]);
    blocks.push(element(0xa3, [head, bytes]));
  });
  return groups.map(({ start, blocks }) => element(0x1f43b675, element(0xe7, unsigned(start)), ...blocks));
}

type Part = Uint8Array;

/** An identifier, the length of what follows in eight bytes, and that. */
function element(id: number, ...content: Part[][]): Part[] {
  const parts = content.flat();
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const size = new Uint8Array(8);
  new DataView(size.buffer).setBigUint64(0, BigInt(length) | (1n << 56n));
  return [big(id), size, ...parts];
}

function unsigned(value: number): Part[] {
  return [big(value)];
}

function float(value: number): Part[] {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setFloat64(0, value);
  return [bytes];
}

function ascii(text: string): Part[] {
  return [new TextEncoder().encode(text)];
}

/** A number's bytes, the first one first, as few as there are. */
function big(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  do {
    bytes.unshift(rest % 256);
    rest = Math.floor(rest / 256);
  } while (rest > 0);
  return new Uint8Array(bytes);
}
