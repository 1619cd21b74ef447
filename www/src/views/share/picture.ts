// A cycle's picture as pixels: the same SVG that is saved, drawn by the browser.

import { grouped } from '../../dom';

/** Pixels of a picture's side, as the command has them. */
export const [LEAST, LARGEST] = [100, 8192];
/** Of one that nobody has said anything else of. */
export const [WIDTH, HEIGHT] = [900, 620];

/** A PNG so many times as large as the picture. */
export async function pngOf(svg: string, width: number, height: number, times: number): Promise<Blob> {
  const largest = Math.max(width, height) * times;
  if (largest > LARGEST)
    throw new Error(`A PNG of ${grouped(largest)} pixels is too large: ${grouped(LARGEST)} a side at most.`);
  const canvas = await drawn(svg, width * times, height * times);
  return canvas.convertToBlob({ type: 'image/png' });
}

/** A canvas of so many pixels with the picture on it. It comes from an address of its own, so that the canvas may be read again. */
export async function drawn(svg: string, width: number, height: number): Promise<OffscreenCanvas> {
  const url = URL.createObjectURL(new Blob([svg], { type: 'image/svg+xml' }));
  try {
    const image = new Image();
    image.src = url;
    await image.decode();
    const canvas = new OffscreenCanvas(width, height);
    // Lines and text are drawn at this size, not enlarged.
    canvas.getContext('2d')!.drawImage(image, 0, 0, width, height);
    return canvas;
  } finally {
    URL.revokeObjectURL(url);
  }
}
