// A link as a QR code. uqr makes its matrix: small, without dependencies, and all forty sizes.

import { encode } from 'uqr';

/** Bytes in the largest code with the least correction. */
export const MOST = 2953;
/** Light modules around it, as its standard asks. */
const MARGIN = 4;
const SVG = 'http://www.w3.org/2000/svg';

/** Dark on light whatever the theme: cameras want it so. Nothing, if the text is too long. */
export function codeOf(text: string): SVGElement | null {
  if (new TextEncoder().encode(text).length > MOST) return null;
  const { data, size } = encode(text, { border: MARGIN });
  const code = drawn('svg', {
    viewBox: `0 0 ${size} ${size}`,
    role: 'img',
    'aria-label': 'QR code of the link',
    'shape-rendering': 'crispEdges',
  });
  code.append(
    drawn('rect', { width: String(size), height: String(size), fill: '#fff' }),
    drawn('path', { d: data.map(runs).join(''), fill: '#000' }),
  );
  return code;
}

/** Dark modules of a row, those side by side as one. */
function runs(row: boolean[], y: number): string {
  let path = '';
  for (let x = 0; x < row.length; x++) {
    if (!row[x]) continue;
    const from = x;
    while (row[x]) x++;
    path += `M${from} ${y}h${x - from}v1h${from - x}z`;
  }
  return path;
}

function drawn(tag: string, attributes: Record<string, string>): SVGElement {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}
