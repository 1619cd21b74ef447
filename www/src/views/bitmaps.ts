// Pictures that the worker hands over as bitmaps.

import { make } from '../dom';

export interface Look {
  width: number; // CSS pixels
  ratio: number; // device pixels to each
  theme: 'light' | 'dark';
}

/** A canvas that shows bitmaps, as wide as its host. */
export class Picture {
  readonly canvas = make('canvas', { class: 'bitmap' });
  private readonly context = this.canvas.getContext('bitmaprenderer')!;
  /** Of the host: to ask it at each picture would cost a layout each time. */
  private width = 0;

  constructor(
    host: HTMLElement,
    /** In CSS pixels. */
    private readonly height: number,
    resized: () => void,
  ) {
    this.canvas.style.height = `${height}px`;
    host.append(this.canvas);
    new ResizeObserver(() => {
      this.width = host.clientWidth;
      if (this.width > 0) resized();
    }).observe(host);
  }

  look(): Look {
    const theme = document.documentElement.dataset['theme'] === 'dark' ? 'dark' : 'light';
    return { width: this.width, ratio: window.devicePixelRatio, theme };
  }

  show(bitmap: ImageBitmap): void {
    this.context.transferFromImageBitmap(bitmap);
    this.canvas.style.height = `${this.height}px`;
  }
}
