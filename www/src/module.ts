// The module, in two parts: what the first picture needs, and the rest. www/split.mjs divides them.

import * as glue from 'systole-wasm/systole_bg.js';
import restUrl from 'systole-wasm/systole_rest.wasm?url';

export type Module = typeof import('systole-wasm/systole.js');

/** A part that could not be loaded. What the module was doing has not come to its end: it is of no more use. */
export class PartMissing extends Error {}

/** The exports that both parts share. */
type Shared = WebAssembly.Exports & { ready: WebAssembly.Global };

let shared: Shared | null = null;

/** Starts the first part. What it finds missing it fetches, and waits for it. */
export function start(first: WebAssembly.Module): Module {
  const imports = { './systole_bg.js': glue, split: { load: () => addRest(fetchRest()) } };
  shared = new WebAssembly.Instance(first, imports as unknown as WebAssembly.Imports).exports as Shared;
  glue.__wbg_set_wasm(shared);
  (shared['__wbindgen_start'] as () => void)();
  return glue as unknown as Module;
}

/** Adds the rest, if it is not there yet: the first part calls it from now on. */
export function addRest(rest: WebAssembly.Module): void {
  if (!shared || shared.ready.value === 1) return;
  new WebAssembly.Instance(rest, { first: shared, './systole_bg.js': glue } as unknown as WebAssembly.Imports);
  shared.ready.value = 1;
}

/** At once: a function is waiting. It comes as it is, since nothing inflates while a function waits. */
function fetchRest(): WebAssembly.Module {
  const request = new XMLHttpRequest();
  try {
    request.open('GET', restUrl, false);
    request.responseType = 'arraybuffer';
    request.send();
  } catch {
    throw new PartMissing('a part of the simulator could not be loaded');
  }
  if (request.status !== 200) throw new PartMissing(`a part of the simulator could not be loaded (${request.status})`);
  return new WebAssembly.Module(request.response as ArrayBuffer);
}
