// Many lines of code in a list of which only what is to be seen is in the page: lines come when they are scrolled to.

import { make, opColour } from '../dom';

/** A line as the list shows it. */
export interface Row {
  text: string;
  /** The operator that it belongs to. */
  op: number | null;
}

/** A line that stands out. */
export interface Mark {
  line: number;
  lines: number;
  /** Works now, or is about to be done. */
  busy: boolean;
  /** At its left end; or else a sign for what is busy or not. */
  sign?: string;
  /** At its right end. */
  note?: string;
}

export interface Source<Line extends Row> {
  load(from: number, count: number): Promise<Line[]>;
  /** A line that was clicked, or chosen by key. */
  chosen(line: Line, number: number): void;
  /** A line that is pointed at, or that the keys have come to; null: none. */
  pointed?(line: Line | null, number: number): void;
}

/** Lines that are loaded at once, and lines kept above and below what is to be seen. */
const CHUNK = 128;
const MARGIN = 12;

export class CodeList<Line extends Row> {
  readonly box: HTMLElement;
  private readonly paper = make('div', { class: 'code-paper' });
  private count = 0;
  private colours = 1;
  private readonly chunks = new Map<number, Line[] | null>();
  private marks: Mark[] = [];
  private picked: number | null = null;
  private active = -1;
  /** Another text has come since what was asked for. */
  private edition = 0;
  private drawing = false;

  constructor(
    label: string,
    private readonly source: Source<Line>,
  ) {
    this.box = make('div', { class: 'code-list', role: 'listbox', tabindex: '0', 'aria-label': label }, this.paper);
    this.box.addEventListener('scroll', () => this.draw(), { passive: true });
    this.box.addEventListener('keydown', (event) => this.key(event));
    this.paper.addEventListener('click', (event) => {
      const at = this.lineAt(event);
      if (at !== null) this.choose(at);
    });
    this.paper.addEventListener('pointermove', (event) => this.point(this.lineAt(event)));
    this.paper.addEventListener('pointerleave', () => this.point(null));
    new ResizeObserver(() => this.draw()).observe(this.box);
  }

  /** Another text: so many lines, the longest of so many characters. */
  reset(colours: number): void {
    this.edition++;
    this.colours = colours;
    this.chunks.clear();
    this.marks = [];
    this.active = -1;
    this.grow(0, 0);
    this.box.scrollTop = 0;
  }

  /** There are so many lines now. */
  grow(count: number, widest: number): void {
    // A chunk that was not full may have more lines.
    this.chunks.delete(Math.floor(this.count / CHUNK));
    this.count = count;
    this.paper.style.setProperty('--lines', String(count));
    this.paper.style.setProperty('--widest', String(widest + 4));
    this.draw();
  }

  mark(marks: Mark[]): void {
    this.marks = marks;
    this.draw();
  }

  /** Lines of an operator stand out. */
  pick(op: number | null): void {
    this.picked = op;
    this.draw();
  }

  /** Scrolls to a line, if it is not to be seen. */
  reveal(line: number): void {
    const height = this.lineHeight();
    const { scrollTop, clientHeight } = this.box;
    const top = line * height;
    if (top >= scrollTop + height && top + 2 * height <= scrollTop + clientHeight) return;
    this.box.scrollTop = Math.max(0, top - clientHeight / 3);
    this.draw();
  }

  private lineHeight(): number {
    return parseFloat(getComputedStyle(this.box).getPropertyValue('--line-height')) || 20;
  }

  private lineAt(event: MouseEvent): number | null {
    const row = (event.target as HTMLElement).closest<HTMLElement>('[data-line]');
    return row ? Number(row.dataset['line']) : null;
  }

  private at(line: number): Line | null {
    return this.chunks.get(Math.floor(line / CHUNK))?.[line % CHUNK] ?? null;
  }

  private choose(line: number): void {
    this.active = line;
    const chosen = this.at(line);
    if (chosen) this.source.chosen(chosen, line);
    this.draw();
  }

  private point(line: number | null): void {
    const at = line ?? this.active;
    this.source.pointed?.(at < 0 ? null : this.at(at), at);
  }

  private key(event: KeyboardEvent): void {
    const page = Math.max(1, Math.floor(this.box.clientHeight / this.lineHeight()) - 1);
    const steps: Record<string, number> = {
      ArrowDown: 1,
      ArrowUp: -1,
      PageDown: page,
      PageUp: -page,
      Home: -this.count,
      End: this.count,
    };
    const step = steps[event.key];
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (step === undefined && event.key !== 'Enter' && event.key !== ' ') return;
    event.preventDefault();
    if (step === undefined) {
      if (this.active >= 0) this.choose(this.active);
      return;
    }
    const first = Math.floor(this.box.scrollTop / this.lineHeight());
    const from = this.active < 0 ? first - Math.sign(step) : this.active;
    this.active = Math.min(Math.max(0, from + step), Math.max(0, this.count - 1));
    this.reveal(this.active);
    this.draw();
    this.point(null);
  }

  /** Soon, and once for all reasons. */
  private draw(): void {
    if (this.drawing) return;
    this.drawing = true;
    requestAnimationFrame(() => {
      this.drawing = false;
      this.drawNow();
    });
  }

  private drawNow(): void {
    if (this.box.clientHeight === 0) return;
    const height = this.lineHeight();
    const first = Math.max(0, Math.floor(this.box.scrollTop / height) - MARGIN);
    const end = Math.min(this.count, Math.ceil((this.box.scrollTop + this.box.clientHeight) / height) + MARGIN);
    for (let chunk = Math.floor(first / CHUNK); chunk * CHUNK < end; chunk++) this.want(chunk);
    const rows: HTMLElement[] = [];
    for (let line = first; line < end; line++) rows.push(this.row(line));
    this.paper.replaceChildren(...rows);
    if (this.active >= first && this.active < end) this.box.setAttribute('aria-activedescendant', this.id(this.active));
    else this.box.removeAttribute('aria-activedescendant');
  }

  private want(chunk: number): void {
    if (this.chunks.has(chunk)) return;
    this.chunks.set(chunk, null);
    const edition = this.edition;
    this.source.load(chunk * CHUNK, CHUNK).then(
      (lines) => {
        if (edition !== this.edition) return;
        this.chunks.set(chunk, lines);
        this.draw();
      },
      () => edition === this.edition && this.chunks.delete(chunk),
    );
  }

  private id(line: number): string {
    return `${this.box.id || 'code'}-${line}`;
  }

  private row(line: number): HTMLElement {
    const content = this.at(line);
    const mark = this.marks.find((mark) => line >= mark.line && line < mark.line + mark.lines);
    const row = make('div', {
      class: 'code-line',
      role: 'option',
      id: this.id(line),
      'data-line': String(line),
      'aria-selected': String(line === this.active),
      'aria-setsize': String(this.count),
      'aria-posinset': String(line + 1),
    });
    if (!content?.text.trim()) row.setAttribute('aria-label', content ? 'empty line' : 'not here yet');
    row.style.setProperty('--line', String(line));
    if (content && content.op !== null) {
      row.style.setProperty('--op', opColour(content.op % this.colours));
      row.classList.add('of-op');
      row.classList.toggle('picked', content.op === this.picked);
    }
    const first = mark?.line === line;
    if (mark) row.classList.add(mark.busy ? 'busy' : 'ending');
    row.append(
      make(
        'span',
        { class: 'code-gutter', 'aria-hidden': 'true' },
        first ? (mark.sign ?? (mark.busy ? '▶' : '▷')) : '',
      ),
      make('span', { class: 'code-text' }, ...worded(content?.text ?? '')),
    );
    if (first && mark.note) row.append(make('span', { class: 'code-note' }, mark.note));
    return row;
  }
}

/** The first word of a statement, and what it waits for and signals, look different. */
function worded(text: string): (Node | string)[] {
  const [, indent = '', word = '', rest = ''] = /^(\s*)([a-z]+(?:\.\d+)?)?(.*)$/.exec(text) ?? [];
  // A sign of a number may be part of a name.
  const [body = '', ...clauses] = rest.split(/(?= {2}(?:wait|signal|#) )/);
  const dim = ['wait', 'signal'].includes(word) || text.trimStart().startsWith('# ');
  if (dim) return [make('span', { class: 'code-dim' }, text)];
  return [indent, make('b', {}, word), body, ...clauses.map((clause) => make('span', { class: 'code-dim' }, clause))];
}
