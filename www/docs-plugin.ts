// The documentation: every docs/*.md becomes a page beside the workbench, written whole at build time, so that it can be
// read without a script. A plugin of Vite's rather than a step before it, because Vite then gives the pages' style and
// script their hashed names, and `vite` alone serves them while they are written.
//
// marked reads the Markdown: it is the common parser without dependencies, and its tokens give headings and sentences.

import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Marked, type Token, type Tokens } from 'marked';
import type { Plugin } from 'vite';
import { withFigures } from './docs-figures.ts';

interface Page {
  /** The file's name, without its ending. */
  name: string;
  title: string;
  /** The first sentence, for the list of pages and for search engines. */
  lead: string;
  sections: Section[];
  /** The title, as HTML. */
  heading: string;
  /** What follows it, as HTML. */
  body: string;
}

/** A part of a page, as the search knows it. */
export interface SearchedSection {
  /** Where it stands: a page's file and an anchor; no two have the same. */
  address: string;
  page: string;
  /** Of the section; nothing for what stands before the first one. */
  title: string;
  text: string;
}

interface Section {
  /** 2 for a section, 3 for one within it. */
  depth: number;
  id: string;
  /** As HTML. */
  heading: string;
}

const WWW = fileURLToPath(new URL('.', import.meta.url));
const FOLDER = `${WWW}docs/`;
const INDEX = 'index';

/** Pages as they are read one after the other. */
const ORDER = [
  'start',
  'keys',
  'language',
  'library',
  'chips',
  'machine',
  'compiler',
  'isa',
  'gallery',
  'embed',
  'package',
  'how-true',
];

/** What the search looks through, as a module: all sections of all pages. */
const SEARCHED = 'virtual:docs-sections';

/** Tables whose rows are linked to have one of these above their first column; a row's anchor is the name that it begins with. */
const NAMED = ['function', 'dtype', 'choice', 'class', 'unit', 'pass'];

/** Characters of code that fit on a line of the narrowest screen. */
const SHORT = 32;

/** Pages at docs/NAME.html for each docs/NAME.md, and docs/index.html, which lists them. */
export function docs(): Plugin {
  // Pages need no files of their own: Vite asks for them by the paths that they would have.
  const nameOf = (id: string) => (id.startsWith(FOLDER) && id.endsWith('.html') ? id.slice(FOLDER.length, -5) : null);
  return {
    name: 'systole-docs',
    config() {
      const entries = [INDEX, ...names()].map((name) => [`docs-${name}`, `${FOLDER}${name}.html`]);
      return { build: { rolldownOptions: { input: { index: `${WWW}index.html`, ...Object.fromEntries(entries) } } } };
    },
    resolveId(id) {
      if (id === SEARCHED) return `\0${SEARCHED}`;
      return nameOf(id) === null ? null : id;
    },
    load(id) {
      if (id === `\0${SEARCHED}`) return `export default ${JSON.stringify(names().flatMap(searched))}`;
      const name = nameOf(id);
      return name === null ? null : render(name);
    },
    transformIndexHtml: {
      order: 'post',
      // The kept theme is applied before anything is painted, where the browser can wait for it.
      handler: (html, { path }) =>
        path.startsWith('/docs/') ? html.replaceAll('<script type="module"', '$& blocking="render"') : html,
    },
    configureServer(server) {
      server.middlewares.use((request, response, next) => {
        const path = new URL(request.url ?? '/', 'http://localhost').pathname;
        const asked = /^\/docs\/(?:([\w-]+)\.html)?$/.exec(path);
        const name = asked ? (asked[1] ?? INDEX) : null;
        if (name === null || !(name === INDEX || names().includes(name))) return next();
        const page = async () => server.transformIndexHtml(`/docs/${name}.html`, render(name), request.originalUrl);
        page().then((html) => response.setHeader('content-type', 'text/html; charset=utf-8').end(html), next);
      });
    },
    handleHotUpdate({ file, server }) {
      if (file.startsWith(FOLDER)) server.ws.send({ type: 'full-reload' });
    },
  };
}

function names(): string[] {
  const files = readdirSync(FOLDER).filter((file) => file.endsWith('.md'));
  const all = files.map((file) => file.slice(0, -3));
  const lost = [...all, ...ORDER].filter((name) => !all.includes(name) || !ORDER.includes(name));
  if (lost.length > 0) throw new Error(`docs: ${lost.join(', ')} is not both a page and in the order of pages`);
  return ORDER;
}

function render(name: string): string {
  const pages = names().map((each) => read(each));
  const page = pages.find((each) => each.name === name);
  return page ? document(pages, page.name, page.title, page.lead, text(page)) : index(pages);
}

// --- From Markdown ---------------------------------------------------------------------------------------------------

function read(name: string): Page {
  const { marked, sections } = parser(name);
  const tokens = marked.lexer(readFileSync(`${FOLDER}${name}.md`, 'utf8'));
  marked.walkTokens(tokens, typeset);
  const at = tokens.findIndex((token) => token.type === 'heading' && token.depth === 1);
  const title = tokens[at] as Tokens.Heading | undefined;
  const lead = tokens.find((token): token is Tokens.Paragraph => token.type === 'paragraph');
  if (!title || !lead) throw new Error(`docs/${name}.md needs a "# Title" and a paragraph`);
  const heading = marked.parser([title]);
  const body = marked.parser(withFigures(tokens.toSpliced(at, 1)));
  return { name, title: plain(title.tokens), lead: sentence(plain(lead.tokens)), sections, heading, body };
}

/** What the search finds: a page's sections, with all that is written in each, without marks. */
function searched(name: string): SearchedSection[] {
  const { marked } = parser(name);
  const tokens = marked.lexer(readFileSync(`${FOLDER}${name}.md`, 'utf8'));
  marked.walkTokens(tokens, typeset);
  const ids = new Map<string, number>();
  const found: SearchedSection[] = [];
  let page = '';
  for (const token of tokens) {
    if (token.type === 'heading') {
      const { depth, tokens = [] } = token as Tokens.Heading;
      const title = plain(tokens);
      if (depth === 1) page = title;
      const address = depth === 1 ? `${name}.html` : `${name}.html#${unique(slug(title), ids)}`;
      found.push({ address, page, title: depth === 1 ? '' : title, text: '' });
    } else {
      const text = written(token).replace(/\s+/g, ' ').trim();
      const section = found.at(-1);
      if (section && text !== '') section.text += ` ${text}`;
    }
  }
  return found.map((section) => ({ ...section, text: section.text.trim() }));
}

/** All that a block says: of tables every cell, of lists every item. */
function written(token: Token): string {
  const parts: Token[][] = [];
  if (token.type === 'table') {
    const { header, rows } = token as Tokens.Table;
    parts.push(...[header, ...rows].flat().map((cell) => cell.tokens));
  } else if (token.type === 'list') parts.push(...(token as Tokens.List).items.map((item) => item.tokens));
  else if (token.type === 'html') return '';
  else if (!('tokens' in token) || !token.tokens) return textOf(token);
  else return plain(token.tokens);
  return parts.map((tokens) => tokens.map(written).join(' ')).join(' ');
}

/** A parser for one page; the sections that it passes are collected. */
function parser(page: string): { marked: Marked; sections: Section[] } {
  const sections: Section[] = [];
  const ids = new Map<string, number>();
  const marked = new Marked();
  marked.use({
    tokenizer: {
      // Markdown only: a tag is text like any other, a comment is left out.
      html: (source) => comment(source, /^ {0,3}<!--[^]*?-->[ \t]*(?:\n+|$)/),
      tag: (source) => comment(source, /^<!--[^]*?-->/),
    },
    renderer: {
      heading({ tokens, depth }) {
        const heading = this.parser.parseInline(tokens);
        if (depth === 1) return `<h1>${heading}</h1>\n`;
        const id = unique(slug(plain(tokens)), ids);
        if (depth <= 3) sections.push({ depth, id, heading });
        return `<h${depth} id="${id}"><a href="#${id}">${heading}</a></h${depth}>\n`;
      },
      link({ href, tokens }) {
        return `<a href="${escape(target(href, page))}">${this.parser.parseInline(tokens)}</a>`;
      },
      codespan: ({ text }) => `<code${text.length <= SHORT ? ' class="short"' : ''}>${escape(text)}</code>`,
      code: ({ text }) => `<pre tabindex="0"><code>${escape(text)}\n</code></pre>\n`,
      table({ header, rows }) {
        const row = (cells: Tokens.TableCell[], id = '') =>
          `<tr${id}>${cells.map((cell) => this.tablecell(cell)).join('')}</tr>\n`;
        const isNamed = NAMED.includes(plain(header[0]?.tokens ?? []));
        const anchor = (cells: Tokens.TableCell[]) => (isNamed ? ` id="${unique(rowName(cells), ids)}"` : '');
        const body = rows.map((cells) => row(cells, anchor(cells))).join('');
        // A frame of its own scrolls where the screen is narrow, by keyboard too.
        return (
          '<div class="table" role="group" aria-label="Table" tabindex="0"><table>\n' +
          `<thead>\n${row(header)}</thead>\n<tbody>\n${body}</tbody>\n</table></div>\n`
        );
      },
      tablecell({ tokens, header, align }) {
        const content = this.parser.parseInline(tokens);
        const side = align === 'right' || align === 'center' ? ` class="${align}"` : '';
        return header && content ? `<th scope="col"${side}>${content}</th>` : `<td${side}>${content}</td>`;
      },
    },
  });
  return { marked, sections };
}

function comment(source: string, form: RegExp): (Tokens.HTML & Tokens.Tag) | undefined {
  const raw = form.exec(source)?.[0];
  if (raw === undefined) return undefined;
  return { type: 'html', raw, text: '', pre: false, block: true, inLink: false, inRawBlock: false };
}

/** Where a link of a page leads: to other pages by their Markdown, which works on a code host too. */
function target(href: string, page: string): string {
  const markdown = /^([\w-]+)\.md(#.*)?$/.exec(href);
  if (markdown && names().includes(markdown[1]!)) return `${markdown[1]}.html${markdown[2] ?? ''}`;
  if (/^(https:\/\/|#|\.\.\/index\.html)/.test(href)) return href;
  throw new Error(`docs/${page}.md links to ${href}, which is no page of the site`);
}

/** What stands in tokens, without marks. */
function plain(tokens: Token[]): string {
  return tokens.map((token) => ('tokens' in token && token.tokens ? plain(token.tokens) : textOf(token))).join('');
}

function textOf(token: Token): string {
  return 'text' in token && typeof token.text === 'string' ? token.text : ' ';
}

/** Apostrophes, quotes and dots as they are printed; the prime of a variable (`K' starts`) stays. */
function typeset(token: Token): void {
  if (token.type !== 'text' || token.tokens) return;
  token.text = (token as Tokens.Text).text
    .replace(/(?<=\p{L})'(?=\p{L})/gu, '’')
    .replace(/"([^"]+)"/g, '“$1”')
    .replaceAll('...', '…');
}

function sentence(paragraph: string): string {
  const line = paragraph.replace(/\s+/g, ' ').trim();
  return /^.*?[.?!](?= \p{Lu}|$)/u.exec(line)?.[0] ?? line;
}

/** As code hosts name headings, so that a link with an anchor works there too. */
function slug(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{N}\p{Pc} -]/gu, '')
    .replaceAll(' ', '-');
}

/** The name that a row begins with: of `argmax(x, axis=-1)` argmax. */
function rowName(cells: Tokens.TableCell[]): string {
  return slug(/^[\w -]+/.exec(plain(cells[0]?.tokens ?? []))?.[0] ?? '');
}

function unique(id: string, taken: Map<string, number>): string {
  const before = taken.get(id) ?? 0;
  taken.set(id, before + 1);
  return before === 0 ? id : `${id}-${before}`;
}

// --- To HTML ---------------------------------------------------------------------------------------------------------

function escape(text: string): string {
  const names: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
  return text.replace(/[&<>"]/g, (character) => names[character]!);
}

function text({ sections, heading, body }: Page): string {
  const links = sections.map((section) => `<li class="depth-${section.depth}">${link('', section)}</li>`);
  const contents = `<nav id="page-contents" aria-labelledby="page-contents-title">
<h2 id="page-contents-title">On this page</h2>
<ol>
${links.join('\n')}
</ol>
</nav>
`;
  return `${heading}${sections.length > 1 ? contents : ''}<article>\n${body}</article>`;
}

function index(pages: Page[]): string {
  const main = `<h1>Documentation</h1>
<article>
<ul class="pages">
${pages.map(entry).join('')}</ul>
</article>`;
  return document(pages, INDEX, 'Documentation', `Documentation: ${pages.map(({ title }) => title).join('; ')}.`, main);
}

function entry({ name, title, lead, sections }: Page): string {
  const links = sections.filter(({ depth }) => depth === 2).map((section) => link(`${name}.html`, section));
  return `<li>
<h2><a href="${name}.html">${escape(title)}</a></h2>
<p>${escape(lead)}</p>
${links.length > 0 ? `<ul>${links.map((each) => `<li>${each}</li>`).join('')}</ul>` : ''}
</li>
`;
}

function link(page: string, { id, heading }: Section): string {
  return `<a href="${page}#${id}">${heading}</a>`;
}

function document(pages: Page[], name: string, title: string, description: string, main: string): string {
  const tab = (to: string, label: string) =>
    `<li><a href="${to}.html"${to === name ? ' aria-current="page"' : ''}>${escape(label)}</a></li>`;
  const tabs = [tab(INDEX, 'Docs'), ...pages.map((page) => tab(page.name, page.title))];
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>${escape(title)} · Systole</title>
    <meta name="description" content="${escape(description)}" />
    <meta property="og:type" content="article" />
    <meta property="og:site_name" content="Systole" />
    <meta property="og:title" content="${escape(title)}" />
    <meta property="og:description" content="${escape(description)}" />
    <meta property="og:image" content="/og.png" />
    <meta property="og:image:alt" content="An 8 × 8 systolic array, half full of numbers" />
    <meta name="twitter:card" content="summary_large_image" />
    <meta name="color-scheme" content="light dark" />
    <link rel="icon" href="/favicon.svg" type="image/svg+xml" />
    <link rel="stylesheet" href="/src/docs.css" />
    <script type="module" src="/src/docs.ts"></script>
  </head>
  <body>
    <a class="skip" href="#page-text">To the text</a>
    <header>
      <a class="home" href="../index.html">Systole</a>
      <nav aria-label="Documentation">
        <ul>
          ${tabs.join('\n          ')}
        </ul>
      </nav>
      <search id="docs-search" hidden>
        <input
          type="search"
          placeholder="Search the docs"
          title="Search the docs (/)"
          aria-label="Search the documentation"
          autocomplete="off"
          spellcheck="false"
        />
        <ul id="docs-found" aria-label="Found" hidden></ul>
        <p class="unseen" role="status"></p>
        <template><li><a><b></b><small></small><span></span></a></li></template>
      </search>
      <button type="button" id="page-theme" aria-label="Switch between light and dark">◐</button>
    </header>
    <main id="page-text">
${main}
    </main>
    <footer>
      <p><span>Systole ${version()}, MIT or Apache-2.0</span> <a href="../index.html">To the workbench</a></p>
    </footer>
  </body>
</html>
`;
}

/** The crate's version, which is that of the whole. */
function version(): string {
  return /^version = "(.+)"$/m.exec(readFileSync(`${WWW}../Cargo.toml`, 'utf8'))?.[1] ?? '';
}
