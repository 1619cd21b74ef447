// The worker of a figure that is one file: its script is part of the page's.

import Inlined from '../worker.ts?worker&inline';

export function newWorker(): Worker {
  return new Inlined();
}
