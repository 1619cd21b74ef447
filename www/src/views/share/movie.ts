// Cycles one after the other as a moving picture: asked from the machine, drawn here, encoded by a worker.

import type { Bench } from '../../bench';
import { drawn } from './picture';

/** What is made of which cycles. */
export interface Movie {
  format: 'gif' | 'webm';
  width: number;
  height: number;
  /** Pictures a second. */
  rate: number;
}

export type ToMaker = { kind: 'begin'; movie: Movie } | { kind: 'picture'; picture: ImageBitmap } | { kind: 'end' };

/** Each message is answered by one. */
export type FromMaker = { kind: 'taken' } | { kind: 'made'; file: Blob } | { kind: 'failed'; message: string };

export class Cancelled extends Error {}

/** The file, unless it is cancelled before. The share that is done, from 0 to 1, is told after each picture. */
export async function movieOf(
  bench: Bench,
  movie: Movie,
  cycles: number[],
  theme: string,
  tell: (done: number) => void,
  cancel: AbortSignal,
): Promise<Blob> {
  const maker = new Worker(new URL('./movie.worker.ts', import.meta.url), { type: 'module' });
  const { width, height } = movie;
  try {
    await ask(maker, { kind: 'begin', movie }, cancel);
    for (const [at, cycle] of cycles.entries()) {
      const svg = await bench.desk.call('frameSvg', cycle, width, height, theme);
      if (svg === undefined) throw new Error('nothing has run');
      const picture = (await drawn(svg, width, height)).transferToImageBitmap();
      await ask(maker, { kind: 'picture', picture }, cancel);
      tell((at + 1) / cycles.length);
    }
    const answer = await ask(maker, { kind: 'end' }, cancel);
    if (answer.kind !== 'made') throw new Error('no file came');
    return answer.file;
  } finally {
    maker.terminate();
  }
}

function ask(maker: Worker, message: ToMaker, cancel: AbortSignal): Promise<FromMaker> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(new Cancelled());
    if (cancel.aborted) return stop();
    cancel.addEventListener('abort', stop, { once: true });
    maker.onmessage = ({ data }: MessageEvent<FromMaker>) => {
      cancel.removeEventListener('abort', stop);
      if (data.kind === 'failed') reject(new Error(data.message));
      else resolve(data);
    };
    maker.onerror = (event) => {
      event.preventDefault();
      reject(new Error(event.message || 'the worker could not be loaded'));
    };
    maker.postMessage(message, message.kind === 'picture' ? [message.picture] : []);
  });
}
