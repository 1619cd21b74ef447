// Strokes to a digit as the UCI set was made: a 32 x 32 bitmap, filled by the digit's bounding box, then counted in
// blocks of 4 x 4 into 8 x 8 values from 0 to 16.

export type Stroke = { x: number; y: number }[];

const SIDE = 32;
const BLOCK = 4;
/** Half the pen's width in pixels of the bitmap: about as thick as the set's own strokes. */
const PEN = 2.6;

/** 64 values from 0 to 16, row by row. */
export function rasterise(strokes: Stroke[]): Int8Array {
  const bitmap = paint(fitted(strokes));
  const values = new Int8Array(64);
  bitmap.forEach((on, at) => {
    const [row, col] = [Math.floor(at / SIDE / BLOCK), Math.floor((at % SIDE) / BLOCK)];
    values[row * 8 + col]! += on;
  });
  return values;
}

/** Moved and scaled so that the ink fills the height, its proportions kept, and stands in the middle. */
function fitted(strokes: Stroke[]): Stroke[] {
  const points = strokes.flat();
  const [xs, ys] = [points.map((p) => p.x), points.map((p) => p.y)];
  const [left, right, top, bottom] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  const room = SIDE - 2 * PEN;
  // A dot or a level line has no height of its own.
  const scale = room / Math.max(bottom - top, right - left, 1e-6);
  const limited = Math.min(scale, room / 0.15);
  const [cx, cy] = [(left + right) / 2, (top + bottom) / 2];
  const place = (p: { x: number; y: number }) => ({
    x: SIDE / 2 + (p.x - cx) * limited,
    y: SIDE / 2 + (p.y - cy) * limited,
  });
  return strokes.map((stroke) => stroke.map(place));
}

/** A pixel is on where a stroke passes within the pen's half width of its middle. */
function paint(strokes: Stroke[]): Uint8Array {
  const bitmap = new Uint8Array(SIDE * SIDE);
  for (const stroke of strokes) {
    stroke.forEach((to, at) => {
      const from = stroke[Math.max(0, at - 1)]!;
      const [x0, x1] = [Math.min(from.x, to.x) - PEN, Math.max(from.x, to.x) + PEN];
      const [y0, y1] = [Math.min(from.y, to.y) - PEN, Math.max(from.y, to.y) + PEN];
      for (let y = Math.max(0, Math.floor(y0)); y < Math.min(SIDE, Math.ceil(y1)); y++) {
        for (let x = Math.max(0, Math.floor(x0)); x < Math.min(SIDE, Math.ceil(x1)); x++) {
          if (distance({ x: x + 0.5, y: y + 0.5 }, from, to) <= PEN) bitmap[y * SIDE + x] = 1;
        }
      }
    });
  }
  return bitmap;
}

/** From a point to a piece of a line. */
function distance(p: { x: number; y: number }, a: { x: number; y: number }, b: { x: number; y: number }): number {
  const [dx, dy] = [b.x - a.x, b.y - a.y];
  const length = dx * dx + dy * dy;
  const along = length === 0 ? 0 : Math.max(0, Math.min(1, ((p.x - a.x) * dx + (p.y - a.y) * dy) / length));
  return Math.hypot(p.x - a.x - along * dx, p.y - a.y - along * dy);
}
