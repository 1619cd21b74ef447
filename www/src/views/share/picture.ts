// A cycle's picture as pixels: the same SVG that is saved, drawn by the browser.

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
