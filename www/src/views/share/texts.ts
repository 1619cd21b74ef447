// A figure as texts for other pages: a link, a frame, an element, Markdown and oEmbed.

import { EXAMPLES } from '../../examples';
import { type Figure, hashOf } from '../../link';

/** How a figure looks and behaves in somebody else's page. */
export interface Manner {
  controls: string;
  theme: string;
  autoplay: boolean;
  editable: boolean;
}

/** A text to be copied. */
export interface Shared {
  name: 'link' | 'frame' | 'element' | 'markdown' | 'oembed';
  title: string;
  text: string;
}

/** Sizes in CSS pixels that fit a column of text; a frame made by the element grows with what it shows. */
const [WIDTH, HEIGHT] = [900, 560];

/** All of them, for a figure whose page lies in a folder; its picture has a name there. */
export async function textsOf(figure: Figure, manner: Manner, folder: string, picture: string): Promise<Shared[]> {
  const hash = await hashOf(figure);
  const link = folder + hash;
  const title = titleOf(figure);
  const frame = framed(`${folder}embed.html${hash}${keysOf(manner)}`, title);
  return [
    { name: 'link', title: 'Link', text: link },
    { name: 'frame', title: 'Frame', text: frame },
    { name: 'element', title: 'Element', text: elementOf(figure, hash, manner, folder, title) },
    { name: 'markdown', title: 'Markdown', text: `[![${marked(title)}](${encodeURI(picture)})](${link})` },
    { name: 'oembed', title: 'oEmbed', text: oembed(frame, title, folder) },
  ];
}

/** A name for people. */
export function titleOf({ example, text, cycle }: Figure): string {
  const known = EXAMPLES.find(({ name }) => name === example)?.title ?? example;
  const what = text === null ? known : 'a program on a systolic array';
  return `Systole: ${what}${cycle === null ? '' : `, cycle ${cycle}`}`;
}

/** What the address of an embedded figure says beyond the figure. */
export function keysOf({ controls, theme, autoplay, editable }: Manner): string {
  const keys: string[] = [];
  if (controls !== 'full') keys.push(`controls=${controls}`);
  if (theme !== 'auto') keys.push(`theme=${theme}`);
  if (autoplay) keys.push('autoplay=1');
  if (editable) keys.push('editable=1');
  return keys.map((key) => `&${key}`).join('');
}

function framed(address: string, title: string): string {
  return (
    `<iframe src="${escaped(address)}" title="${escaped(title)}" ` +
    `width="100%" height="${HEIGHT}" style="border: 0" loading="lazy" allow="fullscreen"></iframe>`
  );
}

/** The script once in a page, and the figure by its attributes; its program as text where that is all that there is to say. */
function elementOf(figure: Figure, hash: string, manner: Manner, folder: string, title: string): string {
  const keys = new URLSearchParams(hash.slice(1));
  const inline = figure.text !== null && isPlain(figure) && asRead(figure.text) === figure.text ? figure.text : null;
  const attributes: [string, string | null][] = [
    ['title', title],
    ['example', keys.get('ex')],
    ['chip', keys.get('chip')],
    ['cycle', keys.get('c')],
    ['pe', keys.get('pe')],
    ['unit', keys.get('u')],
    ['level', keys.get('l')],
    ['speed', keys.get('s')],
    ['numbers', keys.get('n')],
    ['timeline', keys.get('t')],
    ['packed', inline === null ? keys.get('z') : null],
    ['controls', manner.controls === 'full' ? null : manner.controls],
    ['theme', manner.theme === 'auto' ? null : manner.theme],
  ];
  const words = attributes.flatMap(([name, value]) => (value === null ? [] : [`${name}="${escaped(value)}"`]));
  if (manner.autoplay) words.push('autoplay');
  if (manner.editable) words.push('editable');
  const lines = (inline ?? '').split('\n').map((line) => (line === '' ? '' : `  ${escaped(line)}`));
  const body = inline === null ? '' : `\n${lines.join('\n')}`;
  const script = `<script src="${escaped(`${folder}systole.js`)}"></script>`;
  return `${script}\n<systolic-array ${words.join(' ')}>${body}</systolic-array>`;
}

/** Whether attributes say all of a figure's chip, and there are no bookmarks. */
function isPlain({ chip, marks }: Figure): boolean {
  const words = chip === null || (chip.words.length === 0 && Object.keys(chip.changes).length === 0);
  return words && !(Array.isArray(marks) && marks.length > 0);
}

/** A program as the element reads it from the page's text: without the margin of its lines, and what is empty around it. */
function asRead(text: string): string {
  const lines = text
    .replace(/^\s*\n/, '')
    .trimEnd()
    .split('\n');
  const filled = lines.filter((line) => line.trim() !== '');
  const margin = Math.min(...filled.map((line) => line.length - line.trimStart().length));
  return filled.length === 0 || margin > 0 ? '' : `${lines.join('\n')}\n`;
}

function oembed(html: string, title: string, folder: string): string {
  const said = {
    version: '1.0',
    type: 'rich',
    title,
    provider_name: 'Systole',
    provider_url: folder,
    width: WIDTH,
    height: HEIGHT,
    html,
  };
  return JSON.stringify(said, null, 2);
}

function escaped(text: string): string {
  const names: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
  return text.replace(/[&<>"]/g, (character) => names[character]!);
}

/** For the text of a link in Markdown. */
function marked(text: string): string {
  return text.replace(/[\\[\]*_`<>!]/g, '\\$&');
}
