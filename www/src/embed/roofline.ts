// The roofline of a figure's program, in place of its array.

import { byId, make, short } from '../dom';
import type { Engine } from '../engine';
import { Picture } from '../views/bitmaps';

const HEIGHT = 240;

/** Shows the roofline of each run from now on; says it again in words. */
export function showRoofline(engine: Engine): () => Promise<void> {
  const told = make('ul', { class: 'quiet' });
  const host = make('div', { class: 'roofline', role: 'img' });
  const picture = new Picture(host, HEIGHT, () => void paint());
  byId('picture').append(host);
  byId('picture').after(told);
  let known = false;
  const paint = async () => {
    const { width, ratio, theme } = picture.look();
    if (!known || width === 0) return;
    const bitmap = await engine.call('paintRoofline', width, HEIGHT, ratio, theme, 1).catch(() => null);
    if (bitmap) picture.show(bitmap);
  };
  return async () => {
    const roofline = await engine.call('roofline').catch(() => undefined);
    known = roofline !== undefined;
    if (!roofline) return;
    const { memory, bytesPerCycle, ops } = roofline;
    host.setAttribute('aria-label', `Roofline: ${memory} brings ${short(bytesPerCycle)} bytes a cycle`);
    const items = ops.slice(0, 12).map(({ intensity, rate, roof, macs }, at) => {
      const a = intensity === null ? 'no byte moves' : `${intensity.toPrecision(3)} MACs a byte`;
      return make(
        'li',
        {},
        `operator ${at + 1}, ${short(macs)} MACs: ${a}, ${rate.toPrecision(3)} of at most ${short(roof)} MACs a cycle`,
      );
    });
    told.replaceChildren(...items);
    await paint();
  };
}
