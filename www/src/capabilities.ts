// What this browser lacks, before anything is tried.

/** Names of missing features, in words; empty when everything is there. */
export function missing(): string[] {
  const list: string[] = [];
  if (typeof OffscreenCanvas === 'undefined' || !('transferControlToOffscreen' in HTMLCanvasElement.prototype)) {
    list.push('OffscreenCanvas');
  }
  if (!moduleWorkers()) list.push('module workers');
  if (!inflates()) list.push('DecompressionStream for deflate-raw');
  if (!simd()) list.push('WebAssembly with SIMD');
  return list;
}

/** A browser that knows them reads `type` while it makes the worker. */
function moduleWorkers(): boolean {
  if (typeof Worker === 'undefined') return false;
  let asked = false;
  const options = {
    get type(): 'module' {
      asked = true;
      return 'module';
    },
  };
  try {
    new Worker('http://', options).terminate();
  } catch {
    // That is no address, and a policy has nothing to refuse; what counts is whether it asked.
  }
  return asked;
}

/** Modules come deflated. */
function inflates(): boolean {
  try {
    return Boolean(new DecompressionStream('deflate-raw'));
  } catch {
    return false;
  }
}

/** The smallest module that uses a 128-bit vector: a function that returns i8x16.splat(0). */
function simd(): boolean {
  if (typeof WebAssembly === 'undefined') return false;
  const bytes = [0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 8, 1, 6, 0, 65, 0, 253, 15, 11];
  return WebAssembly.validate(new Uint8Array(bytes));
}
