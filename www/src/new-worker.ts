// Where the simulator's worker comes from: a file beside the page. A figure that is one file has another such module.

export function newWorker(): Worker {
  return new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
}
