// Finding an operator among thousands by a part of its name.

import type { Bench } from '../../bench';
import { byId, make, opColour } from '../../dom';
import type { Span } from './span';

/** More are not listed; Enter goes to all of them. */
const LISTED = 50;

export function search(bench: Bench, span: Span): HTMLElement {
  return new Search(bench, span).element;
}

class Search {
  private readonly field = make('input', {
    type: 'search',
    placeholder: 'Find an operator',
    role: 'combobox',
    'aria-label': 'Find an operator',
    'aria-expanded': 'false',
    'aria-controls': 'found',
    'aria-autocomplete': 'list',
    autocomplete: 'off',
    spellcheck: 'false',
    maxlength: '200',
    title: 'Enter goes to the next match, Shift + Enter to the one before',
  });
  private readonly list = make('ul', { id: 'found', role: 'listbox', 'aria-label': 'Operators' });
  private readonly count = make('span', { class: 'quiet', 'aria-live': 'polite' });
  readonly element = make('div', { class: 'search', role: 'search' }, this.field, this.count, this.list);
  /** Operators by their numbers in the report. */
  private matches: number[] = [];
  /** Which of them is at hand. */
  private at: number | null = null;

  constructor(
    private readonly bench: Bench,
    private readonly span: Span,
  ) {
    this.list.hidden = true;
    this.field.addEventListener('input', () => this.filter());
    this.field.addEventListener('focus', () => this.filter());
    this.field.addEventListener('keydown', (event) => this.key(event));
    this.element.addEventListener('focusout', (event) => {
      if (!this.element.contains(event.relatedTarget as Node | null)) this.open(false);
    });
    // The field keeps the focus.
    this.list.addEventListener('pointerdown', (event) => event.preventDefault());
    bench.on('ran', () => this.reset());
  }

  private reset(): void {
    this.at = null;
    if (this.field.value !== '') this.filter();
    if (document.activeElement !== this.field) this.open(false);
  }

  private filter(): void {
    const wanted = this.field.value.trim().toLowerCase();
    const ops = this.bench.report?.ops ?? [];
    this.matches = ops.flatMap(({ name }, at) => (name.toLowerCase().includes(wanted) ? [at] : []));
    if (wanted === '') this.matches = [];
    this.at = null;
    this.show();
  }

  private key(event: KeyboardEvent): void {
    const actions: Record<string, () => void> = {
      Enter: () => this.go(event.shiftKey ? -1 : 1),
      ArrowDown: () => this.go(1),
      ArrowUp: () => this.go(-1),
      Escape: () => this.leave(),
    };
    const action = actions[event.key];
    if (!action || event.isComposing) return;
    event.preventDefault();
    action();
  }

  private leave(): void {
    if (!this.list.hidden) this.open(false);
    else if (this.field.value === '') byId('timeline').focus();
    else {
      this.field.value = '';
      this.filter();
    }
  }

  private go(by: 1 | -1): void {
    const { length } = this.matches;
    if (length === 0) return;
    const from = this.at ?? (by === 1 ? -1 : 0);
    this.choose((from + by + length) % length);
  }

  /** Picks a match, zooms to where it is at work first, and seeks its start there. */
  private choose(at: number): void {
    this.at = at;
    const number = this.matches[at]!;
    this.show();
    this.bench.pick(number);
    const op = this.bench.report!.ops[number]!;
    const goTo = ({ from, to }: { from: number; to: number }) => {
      this.span.around(from, to);
      this.bench.desk.seek(from);
    };
    const else_ = { from: op.start, to: Math.max(op.start + 1, op.end) };
    this.bench.desk.call('whereIs', number).then(
      (found) => goTo(found ?? else_),
      () => goTo(else_),
    );
  }

  private show(): void {
    const { length } = this.matches;
    const total = length === 1 ? '1 match' : `${length} matches`;
    this.count.textContent = this.at === null ? total : `${this.at + 1} of ${length}`;
    if (this.field.value.trim() === '') this.count.textContent = '';
    // Around the one at hand.
    const first = Math.max(0, Math.min((this.at ?? 0) - LISTED / 2, length - LISTED));
    const options = this.matches.slice(first, first + LISTED).map((op, at) => this.option(op, first + at));
    this.list.replaceChildren(...options);
    this.open(length > 0);
    const active = this.at === null ? null : options[this.at - first]!;
    active?.scrollIntoView({ block: 'nearest' });
    if (active) this.field.setAttribute('aria-activedescendant', active.id);
    else this.field.removeAttribute('aria-activedescendant');
  }

  private option(number: number, at: number): HTMLElement {
    const report = this.bench.report!;
    const op = report.ops[number]!;
    const swatch = make('i', { class: 'swatch' });
    swatch.style.background = opColour(number % report.colours);
    const selected = String(at === this.at);
    const option = make('li', { role: 'option', id: `found-${at}`, 'aria-selected': selected }, swatch, op.name);
    option.append(make('span', { class: 'quiet' }, `line ${op.line}`));
    option.addEventListener('click', () => this.choose(at));
    return option;
  }

  private open(open: boolean): void {
    this.list.hidden = !open;
    this.field.setAttribute('aria-expanded', String(open));
  }
}
