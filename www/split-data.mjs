// What of a module's constant data its first part can do without: what nothing in that part refers to, directly or through
// other data. The linker's map says where each constant lies; addresses are the same before and after wasm-opt.
import { readFileSync } from 'node:fs';

/** Between constants that move, so many bytes are moved again rather than left out: a segment of its own costs more. */
const GAP = 8;

/** Constants by address, without those that can change. Strings that the linker has merged end with a zero each. */
export function constants(mapFile, memory) {
  const line = /^\s*([0-9a-f]+)\s+[0-9a-f]+\s+([0-9a-f]+)\s+(?:<internal>|\S+):\(\.rodata(\S*)\)$/;
  const all = [];
  for (const text of readFileSync(mapFile, 'utf8').split('\n')) {
    const [, address, length, name] = line.exec(text) ?? [];
    if (address === undefined) continue;
    const [from, to] = [parseInt(address, 16), parseInt(address, 16) + parseInt(length, 16)];
    if (name === '') all.push(...strings(memory, from, to));
    else all.push({ from, to, points: true });
  }
  if (all.length === 0) throw new Error(`${mapFile} lists no constants`);
  return all.sort((a, b) => a.from - b.from);
}

function strings(memory, from, to) {
  const all = [];
  for (let start = from; start < to;) {
    const zero = memory.indexOf(0, start);
    const end = zero < 0 || zero >= to ? to : zero + 1;
    all.push({ from: start, to: end, points: false });
    start = end;
  }
  return all;
}

/** Ranges of constants that a module, as text, can do without. */
export function unused(wat, all, memory) {
  const kept = new Set();
  const work = [];
  const [low, high] = [all[0].from, all.at(-1).to];
  const keep = (address) => {
    if (address < low || address > high) return;
    // One behind a constant's end may be meant as its end.
    for (const at of [atOrBefore(all, address), atOrBefore(all, address) - 1]) {
      const known = all[at];
      if (known === undefined || address > known.to || kept.has(at)) continue;
      kept.add(at);
      work.push(known);
    }
  };
  for (const address of numbers(wat)) keep(address);
  const view = new DataView(memory.buffer);
  for (let next = work.pop(); next; next = work.pop()) {
    if (!next.points) continue;
    for (let at = (next.from + 3) & ~3; at + 4 <= next.to; at += 4) keep(view.getUint32(at, true));
  }
  const ranges = [];
  for (const [at, { from, to }] of all.entries()) {
    if (kept.has(at)) continue;
    const last = ranges.at(-1);
    if (last && last.at === at - 1 && from - last.to < GAP) Object.assign(last, { to, at });
    else ranges.push({ from, to, at });
  }
  return ranges;
}

/** Every number of a module that may be an address, or two of them side by side. */
function* numbers(wat) {
  for (const [, word] of wat.matchAll(/(?:i32\.const |offset=)(\d+)/g)) yield Number(word);
  for (const [, word] of wat.matchAll(/i64\.const (-?\d+)/g)) {
    const both = BigInt.asUintN(64, BigInt(word));
    yield Number(both & 0xffffffffn);
    yield Number(both >> 32n);
  }
  for (const [, words] of wat.matchAll(/v128\.const i32x4 ([0-9a-fx ]+)/g)) yield* words.split(' ').map(Number);
}

/** The last constant that begins at an address or before it. */
function atOrBefore(all, address) {
  let [low, high] = [0, all.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (all[middle].from <= address) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
