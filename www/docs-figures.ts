// Figures in pages of the documentation: fenced blocks that begin with `figure`, a chip, and what else the element says.
//
//     ```figure classroom-4x4 dataflow=os cycle=24 title="Sums stay"
//     input  a : i8[4, 4]
//     ...
//     ```
//
// Keys that are no attributes are changes of the chip. Figures that follow each other stand side by side, their clocks together.

import { deflateRawSync } from 'node:zlib';
import type { Token, Tokens } from 'marked';

const ATTRIBUTES = ['example', 'cycle', 'pe', 'unit', 'level', 'speed', 'numbers', 'controls', 'hide', 'show', 'title'];

/** A page's tokens, with figures in place of their blocks. */
export function withFigures(tokens: Token[]): Token[] {
  const out: Token[] = [];
  let row: Tokens.Code[] = [];
  const end = () => {
    if (row.length > 0) out.push(asHtml(row.map(figure).join('\n')));
    row = [];
  };
  for (const token of tokens) {
    if (isFigure(token)) row.push(token);
    else if (token.type !== 'space' || row.length === 0) {
      end();
      out.push(token);
    }
  }
  end();
  return out;
}

function isFigure(token: Token): token is Tokens.Code {
  return token.type === 'code' && /^figure( |$)/.test((token as Tokens.Code).lang ?? '');
}

function asHtml(figures: string): Tokens.HTML {
  const text = `<div class="figures">\n${figures}\n</div>\n`;
  return { type: 'html', raw: text, text, pre: false, block: true };
}

function figure({ lang = '', text }: Tokens.Code): string {
  const [, chip = ''] = /^figure ([\w-]+)(?: |$)/.exec(lang) ?? [];
  const words = [...lang.matchAll(/(\w+)=(?:"([^"]*)"|(\S+))/g)].map(
    ([, key, quoted, bare]) => [key!, quoted ?? bare!] as const,
  );
  const attributes = words.filter(([key]) => ATTRIBUTES.includes(key));
  const changes = Object.fromEntries(words.filter(([key]) => !ATTRIBUTES.includes(key)));
  const changed = Object.keys(changes).length > 0;
  const own = changed
    ? [['packed', pack({ text: `${text}\n`, chip: { base: chip, words: [], changes } })] as const]
    : chip === ''
      ? []
      : [['chip', chip] as const];
  const all = [...attributes, ...own].map(([key, value]) => ` ${key}="${escape(value)}"`).join('');
  const title = attributes.find(([key]) => key === 'title')?.[1];
  const program = changed || text === '' ? '' : `\n${escape(text)}\n`;
  return (
    `<figure><systolic-array${all}>${program}</systolic-array>` +
    `${title === undefined ? '' : `<figcaption>${escape(title)}</figcaption>`}</figure>`
  );
}

/** As link.ts unpacks it. */
function pack(state: object): string {
  return deflateRawSync(JSON.stringify(state), { level: 9 }).toString('base64url');
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
