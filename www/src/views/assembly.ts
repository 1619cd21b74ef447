// Assembly that can be edited and run in the program's place.

import type { Bench } from '../bench';
import { button, byId, grouped, make } from '../dom';
import { download } from '../files';
import type { Assembled, Diagnostic } from '../protocol';
import { bytes } from './bytes';
import type { SubView } from './sub-view';

/** Longer texts are no joy in a text area; they can be had from the command. */
const MOST_SHOWN = 1 << 20;

export class AssemblyView implements SubView {
  readonly name = 'assembly';
  readonly title = 'Assembly';
  readonly panel = make('div', { class: 'compiled-fill' });
  private readonly text = make('textarea', {
    class: 'assembly-text',
    id: 'assembly-text',
    'aria-label': 'Assembly',
    spellcheck: 'false',
    autocapitalize: 'off',
    wrap: 'off',
  });
  private readonly numbers = make('pre', { class: 'assembly-numbers', 'aria-hidden': 'true' });
  private readonly found = make('ol', { class: 'assembly-problems' });
  private readonly state = make('p', { class: 'quiet', role: 'status' });
  private readonly banner = make('span', { class: 'from-assembly', hidden: '' });
  /** The compiler's, of the program that was run last. */
  private original: string | null = null;
  private asked = 0;

  constructor(private readonly bench: Bench) {
    const tools = make(
      'div',
      { class: 'actions' },
      button('Run', () => void this.run(), { class: 'primary', title: 'Ctrl or Cmd + Enter' }),
      button('The program’s', () => void this.begin(true), {
        title: 'Puts the compiled program’s assembly here again',
      }),
      button('Save', () => download('program.s', this.text.value)),
    );
    const editor = make('div', { class: 'assembly-editor' }, this.numbers, this.text);
    this.panel.append(tools, this.state, editor, this.found);
    this.banner.append(button('Back to the program', () => bench.desk.run(), { class: 'link', id: 'to-program' }));
    // Where the stage says what it shows.
    byId('told').querySelector('p')!.append(' ', this.banner);
    this.text.addEventListener('input', () => this.number());
    this.text.addEventListener('scroll', () => (this.numbers.scrollTop = this.text.scrollTop), { passive: true });
    this.text.addEventListener('keydown', (event) => {
      if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      void this.run();
    });
    bench.on('ran', ({ assembly }) => {
      this.banner.hidden = !assembly;
      if (!assembly && this.original !== null && this.text.value === this.original) void this.begin(false);
    });
  }

  show(): void {
    if (this.original === null) void this.begin(false);
    this.number();
  }

  hide(): void {}

  /** The compiled program's assembly, if nothing else has been written meanwhile. */
  private async begin(over: boolean): Promise<void> {
    const asked = ++this.asked;
    const before = this.text.value;
    try {
      const text = await this.bench.desk.call('assemblyOf', this.bench.desk.text());
      if (asked !== this.asked || (!over && this.text.value !== before)) return;
      if (text.length > MOST_SHOWN) {
        this.say(
          `The program’s assembly has ${bytes(text.length)}: too long to be edited here. \`systole compile --emit asm\` writes it.`,
        );
        return;
      }
      this.original = text;
      this.text.value = text;
      this.found.replaceChildren();
      this.say(
        'As the compiler wrote it. Change it and run it: the array, the timeline and all counts are then its own.',
      );
      this.number();
    } catch (error) {
      this.say(error instanceof Error ? error.message : String(error));
    }
  }

  private async run(): Promise<void> {
    this.say('Assembling …');
    try {
      const assembled = await this.bench.desk.assemble(this.text.value);
      this.tell(assembled);
    } catch (error) {
      this.say(error instanceof Error ? error.message : String(error));
    }
  }

  private tell({ diagnostics, runs }: Assembled): void {
    const errors = diagnostics.filter(({ severity }) => severity === 'error').length;
    this.say(runs ? 'It runs.' : `It does not run: ${errors === 1 ? 'one error' : `${grouped(errors)} errors`}.`);
    this.found.replaceChildren(...diagnostics.map((found) => this.problem(found)));
    this.number(new Set(diagnostics.map(({ line }) => line)));
  }

  private problem({ severity, line, column, from, to, message, hint }: Diagnostic): HTMLElement {
    const go = button('', () => this.goTo(line, from, to), { class: 'problem-link' });
    go.append(make('b', {}, severity), ` line ${line}, column ${column}: ${message}`);
    if (hint) go.append(make('span', { class: 'hint' }, hint));
    return make('li', { class: severity }, go);
  }

  private goTo(line: number, from: number, to: number): void {
    this.text.focus();
    this.text.setSelectionRange(from, Math.max(from, to));
    this.text.scrollTop = Math.max(0, (line - 5) * LINE);
  }

  private say(text: string): void {
    this.state.textContent = text;
  }

  /** Lines are numbered; those with findings have a sign. */
  private number(found: ReadonlySet<number> = new Set()): void {
    const { value } = this.text;
    // What takes longer than a key may is left.
    const count = value.length > MOST_SHOWN ? 0 : value.split('\n').length;
    const lines = Array.from({ length: count }, (_, at) => (found.has(at + 1) ? `! ${at + 1}` : String(at + 1)));
    this.numbers.textContent = lines.join('\n') + '\n\n';
    this.numbers.scrollTop = this.text.scrollTop;
  }
}

/** Height of a line in CSS pixels. */
const LINE = 20;
