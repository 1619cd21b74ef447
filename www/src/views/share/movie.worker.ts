// Pictures to a GIF or a WebM, one by one, apart from the page: a picture's colours take longer than a key may.
// gifenc, because it is the smallest whose pictures each have colours of their own.

import { applyPalette, GIFEncoder, quantize } from 'gifenc';
import type { FromMaker, Movie, ToMaker } from './movie';
import { type Video, webmOf } from './webm';

interface Maker {
  add(picture: ImageBitmap): Promise<void>;
  whole(): Promise<Blob>;
}

let maker: Maker | null = null;

self.onmessage = async ({ data }: MessageEvent<ToMaker>) => {
  try {
    if (data.kind === 'begin') maker = data.movie.format === 'gif' ? new Gif(data.movie) : await webm(data.movie);
    else if (data.kind === 'picture') await maker!.add(data.picture);
    post(data.kind === 'end' ? { kind: 'made', file: await maker!.whole() } : { kind: 'taken' });
  } catch (error) {
    post({ kind: 'failed', message: error instanceof Error ? error.message : String(error) });
  }
};

function post(message: FromMaker): void {
  postMessage(message);
}

class Gif implements Maker {
  private readonly encoder = GIFEncoder();
  private readonly context: OffscreenCanvasRenderingContext2D;

  constructor(private readonly movie: Movie) {
    const canvas = new OffscreenCanvas(movie.width, movie.height);
    this.context = canvas.getContext('2d', { willReadFrequently: true })!;
  }

  async add(picture: ImageBitmap): Promise<void> {
    const { width, height, rate } = this.movie;
    this.context.drawImage(picture, 0, 0);
    picture.close();
    const { data } = this.context.getImageData(0, 0, width, height);
    const palette = quantize(data, 256);
    this.encoder.writeFrame(applyPalette(data, palette), width, height, { palette, delay: 1000 / rate });
  }

  async whole(): Promise<Blob> {
    this.encoder.finish();
    return new Blob([this.encoder.bytes()], { type: 'image/gif' });
  }
}

/** What this browser encodes: the newer one keeps text sharper. */
const CODECS = [
  ['vp09.00.41.08', 'V_VP9'],
  ['vp8', 'V_VP8'],
] as const;

/** Pictures from one that needs no other to the next. */
const GROUP = 60;
/** Bits a pixel: enough for small numbers to stay legible. */
const BITS = 0.25;

async function webm(movie: Movie): Promise<Maker> {
  const { width, height, rate } = movie;
  for (const [codec, name] of CODECS) {
    // Few pictures a second change more from one to the next.
    const bitrate = Math.round(width * height * Math.max(rate, 10) * BITS);
    const config: VideoEncoderConfig = { codec, width, height, bitrate, framerate: rate };
    const { supported } = await VideoEncoder.isConfigSupported(config);
    if (supported) return new Webm(movie, config, name);
  }
  throw new Error('this browser encodes neither VP9 nor VP8 of this size');
}

class Webm implements Maker {
  private readonly pictures: Video['pictures'] = [];
  private failure: Error | null = null;
  private added = 0;
  private readonly encoder = new VideoEncoder({
    output: (chunk) => {
      const bytes = new Uint8Array(chunk.byteLength);
      chunk.copyTo(bytes);
      this.pictures.push({ bytes, key: chunk.type === 'key' });
    },
    error: (error) => (this.failure = error),
  });

  constructor(
    private readonly movie: Movie,
    config: VideoEncoderConfig,
    private readonly codec: string,
  ) {
    this.encoder.configure(config);
  }

  async add(picture: ImageBitmap): Promise<void> {
    const frame = new VideoFrame(picture, { timestamp: Math.round((this.added * 1e6) / this.movie.rate) });
    this.encoder.encode(frame, { keyFrame: this.added % GROUP === 0 });
    this.added++;
    frame.close();
    picture.close();
    // What waits holds a picture each.
    while (this.encoder.encodeQueueSize > 4) await new Promise((resolve) => setTimeout(resolve, 5));
    if (this.failure) throw this.failure;
  }

  async whole(): Promise<Blob> {
    await this.encoder.flush();
    if (this.failure) throw this.failure;
    const { width, height, rate } = this.movie;
    return webmOf({ codec: this.codec, width, height, each: 1000 / rate, pictures: this.pictures });
  }
}
