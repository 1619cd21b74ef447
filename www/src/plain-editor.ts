// The program's text before anybody has to do with it: a text area, and below it the same letters in their colours.
// CodeMirror takes its place for those who point at it, and for what only CodeMirror shows.

import { byId, make, opColour } from './dom';
import { type Editor, type EditorEvents, placeIn, utf8Bytes } from './editor';
import { type Diagnostic, type Edit, type Op, TOKEN_CLASSES } from './protocol';

/** Beyond these, numbers of lines need more room, and every letter as an element more time. */
const MOST_LINES = 99;
const MOST_LETTERS = 16_000;

/** The text area of index.html. */
export class PlainEditor implements Editor {
  private readonly area = byId<HTMLTextAreaElement>('plain');
  private readonly letters = byId('plain-text');
  private readonly numbers = byId('plain-numbers');
  private last = '';
  /** What has been shown of the text, for the editor that follows. */
  private checked: [Diagnostic[], Uint32Array] | null = null;
  private ops: [Op[], number] | null = null;
  private marked: number | null = null;
  private composing = false;
  private want = () => {};
  /** Somebody points at the text or is in it, or it has something to show that this one cannot. */
  readonly wanted = new Promise<void>((resolve) => (this.want = resolve));

  constructor(
    private readonly most: () => number,
    private readonly events: EditorEvents,
  ) {
    this.area.addEventListener('input', () => {
      const bytes = utf8Bytes(this.area.value, this.most());
      if (bytes > this.most()) {
        this.area.value = this.last;
        this.events.tooLong(bytes);
        return;
      }
      this.take(this.area.value);
      this.events.changed(this.last, 'text');
    });
    this.area.addEventListener('scroll', () => this.follow());
    this.area.addEventListener('compositionstart', () => (this.composing = true));
    this.area.addEventListener('compositionend', () => (this.composing = false));
    for (const event of ['pointerenter', 'focus']) this.area.addEventListener(event, () => this.want());
  }

  text(): string {
    return this.area.value;
  }

  setText(text: string): void {
    this.area.value = text;
    this.take(text);
  }

  revert(text: string): void {
    this.setText(text);
  }

  edit({ from, to, text }: Edit): void {
    const all = this.text();
    this.setText(all.slice(0, from) + text + all.slice(to));
    this.goTo(from + text.length, from + text.length);
    this.events.changed(this.text(), 'done');
  }

  respace(text: string): void {
    const place = placeIn(this.text(), this.area.selectionStart, text);
    this.setText(text);
    this.area.setSelectionRange(place, place);
    this.events.changed(text, 'done');
  }

  show(diagnostics: Diagnostic[], tokens: Uint32Array): void {
    this.checked = [diagnostics, tokens];
    if (diagnostics.length > 0) this.want();
    this.paint(tokens);
  }

  showOps(ops: Op[], colours: number): void {
    this.ops = [ops, colours];
    this.number();
  }

  goTo(from: number, to: number): void {
    this.area.focus();
    this.area.setSelectionRange(from, to);
  }

  mark(line: number | null): void {
    this.marked = line;
    this.number();
  }

  /** Makes way for CodeMirror, which takes over text, focus, selection and what is shown. */
  async upgrade(): Promise<Editor> {
    const { RichEditor } = await import('./rich-editor');
    // A word that is being composed, or a selection that is being dragged, comes to its end first.
    while (this.composing || this.area.matches(':active')) await new Promise(requestAnimationFrame);
    const focused = document.activeElement === this.area;
    const { selectionStart, selectionEnd } = this.area;
    const rich = new RichEditor(byId('editor'), this.text(), this.most, this.events);
    byId('plain-editor').remove();
    if (this.checked) rich.show(...this.checked);
    if (this.ops) rich.showOps(...this.ops);
    rich.mark(this.marked);
    if (focused) rich.goTo(selectionStart, selectionEnd);
    return rich;
  }

  /** Another text: it has its colours when the module has read it. */
  private take(text: string): void {
    this.last = text;
    this.checked = this.ops = null;
    this.paint(new Uint32Array());
    this.number();
  }

  private paint(tokens: Uint32Array): void {
    const text = this.last;
    if (text.length > MOST_LETTERS) this.want();
    const parts: (string | Node)[] = [];
    let at = 0;
    for (let i = 0; i + 2 < tokens.length && at < MOST_LETTERS; i += 3) {
      const [from, to, kind] = [tokens[i]!, tokens[i + 1]!, tokens[i + 2]!];
      parts.push(text.slice(at, from), make('span', { class: `token-${TOKEN_CLASSES[kind]}` }, text.slice(from, to)));
      at = to;
    }
    // The last line break of an element makes no line.
    this.letters.replaceChildren(...parts, `${text.slice(at)}\n`);
    this.follow();
  }

  private number(): void {
    const lines = this.last.split('\n');
    if (lines.length > MOST_LINES) this.want();
    const [ops, colours] = this.ops ?? [[], 1];
    const seen = new Set<number>();
    const marks = ops.flatMap(({ name, line }, at) => {
      if (seen.has(line)) return [];
      seen.add(line);
      const mark = make('span', { class: 'op-mark', title: name });
      mark.style.background = opColour(at % colours);
      mark.style.top = `calc(4px + ${line - 1} * 1.6em)`;
      return [mark];
    });
    if (this.marked !== null) {
      const stripe = make('span', { class: 'marked-line' });
      stripe.style.top = `calc(4px + ${this.marked - 1} * 1.6em)`;
      marks.push(stripe);
    }
    this.numbers.replaceChildren(lines.map((_, at) => at + 1).join('\n'), ...marks);
  }

  /** The letters stay below the text area's. */
  private follow(): void {
    const { scrollLeft, scrollTop } = this.area;
    this.letters.style.translate = `${-scrollLeft}px ${-scrollTop}px`;
    this.numbers.style.translate = `0 ${-scrollTop}px`;
  }
}
