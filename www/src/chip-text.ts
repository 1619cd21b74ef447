// The chip as the text of a chip file, in step with its form: either is written from the other.

import { sameChip } from './chip';
import { button, byId, make } from './dom';
import type { Chip, ChipForm, ChipText, Diagnostic } from './protocol';

/** As long as a chip file may be; the module has the last word. */
const MOST_CHARACTERS = 64 * 1024;

export class ChipTextArea {
  private readonly area = make('textarea', {
    id: 'chip-text',
    'aria-label': 'The chip as text',
    'aria-describedby': 'chip-help',
    spellcheck: 'false',
    autocapitalize: 'off',
    autocomplete: 'off',
    wrap: 'off',
    maxlength: String(MOST_CHARACTERS),
  });
  private readonly problems = make('ol', { id: 'chip-text-problems', 'aria-label': 'Problems of the text' });
  private readonly count = make('small', {});
  /** The chip that the text is of. */
  private chip: Chip | null = null;
  private reads = 0;

  constructor(
    private readonly events: { take(chip: Chip): void; read(text: string): Promise<ChipText> },
    private readonly explain: (key: string) => void,
  ) {
    const host = make('div', { id: 'chip-as-text' }, this.area, make('div', { 'aria-live': 'polite' }, this.problems));
    byId('chip-form').after(host);
    byId('chip-summary').before(ways(host, this.count));
    this.area.addEventListener('input', () => void this.read());
    for (const event of ['keyup', 'click', 'focus']) this.area.addEventListener(event, () => this.explainLine());
  }

  /** Another chip's text; the same one's stays as it was typed. */
  show(form: ChipForm, chip: Chip): void {
    if (this.chip && sameChip(chip, this.chip)) return;
    this.reads++;
    this.chip = chip;
    this.area.value = form.file;
    this.tell([]);
  }

  private async read(): Promise<void> {
    const read = ++this.reads;
    try {
      const { chip, problems } = await this.events.read(this.area.value);
      if (read !== this.reads) return;
      this.tell(problems);
      if (!chip) return;
      this.chip = chip;
      this.events.take(chip);
    } catch (error) {
      // Only the newest answer counts, even if it is none.
      if (read === this.reads) this.say(error instanceof Error ? error.message : String(error));
    }
  }

  private say(message: string): void {
    this.problems.replaceChildren(make('li', { class: 'error' }, `The text could not be read: ${message}.`));
  }

  private tell(problems: Diagnostic[]): void {
    const items = problems.map(({ line, column, from, to, message, hint }) => {
      const go = button('', () => this.goTo(from, to), { class: 'problem-link' });
      go.append(make('b', {}, 'error'), ` line ${line}, column ${column}: ${message}`);
      if (hint !== null) go.append(make('span', { class: 'hint' }, hint));
      return make('li', { class: 'error' }, go);
    });
    this.problems.replaceChildren(...items);
    this.area.setAttribute('aria-invalid', String(items.length > 0));
    this.count.textContent =
      items.length === 0 ? '' : ` ${items.length} ${items.length === 1 ? 'problem' : 'problems'}`;
  }

  private goTo(from: number, to: number): void {
    this.area.focus();
    this.area.setSelectionRange(from, Math.max(from, to));
    const line = this.area.value.slice(0, from).split('\n').length - 1;
    const height = parseFloat(getComputedStyle(this.area).lineHeight);
    this.area.scrollTop = Math.max(0, (line - 4) * height);
  }

  /** What the field of the line means in which one is. */
  private explainLine(): void {
    const { value, selectionStart } = this.area;
    const line = value.slice(value.lastIndexOf('\n', selectionStart - 1) + 1).split('\n', 1)[0]!;
    const key = /^\s*(\w+)\s*=/.exec(line)?.[1];
    if (key !== undefined) this.explain(key);
  }
}

/** Form or text: both are always of the same chip. */
function ways(host: HTMLElement, count: HTMLElement): HTMLElement {
  const way = (value: string, ...words: (Node | string)[]) => {
    const radio = make('input', { type: 'radio', name: 'chip-way', value });
    radio.addEventListener('change', () => show(value));
    return { radio, label: make('label', {}, radio, make('span', {}, ...words)) };
  };
  const [form, text] = [way('form', 'Form'), way('text', 'Text', count)];
  const show = (value: string) => {
    byId('chip-form').hidden = value !== 'form';
    host.hidden = value !== 'text';
  };
  form.radio.checked = true;
  show('form');
  return make(
    'fieldset',
    { class: 'ways' },
    make('legend', { class: 'unseen' }, 'The chip as'),
    form.label,
    text.label,
  );
}
