// The page's address follows what is seen, so that it can be kept and passed on.

import type { Bench } from '../bench';
import { hashOf } from '../link';

/** When nothing has changed for so long, in milliseconds. Browsers do not allow many changes a second. */
const REST = 400;

export function mountAddress(bench: Bench): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const write = async () => {
    const hash = await hashOf(bench.desk.figure());
    if (hash !== location.hash) history.replaceState(history.state, '', hash);
  };
  const soon = () => {
    clearTimeout(timer);
    timer = setTimeout(() => void write().catch(() => {}), REST);
  };
  const begin = () => {
    for (const sign of SIGNS) removeEventListener(sign, begin, true);
    bench.on('ran', soon);
    bench.on('cycle', soon);
    bench.on('frame', soon);
    bench.on('span', soon);
  };
  // As it came, it stays until somebody does something.
  for (const sign of SIGNS) addEventListener(sign, begin, true);
}

const SIGNS = ['pointerdown', 'keydown', 'input', 'paste', 'drop'];
