// Cycles to come back to: flags over the lanes, and a list. They are kept with the text.

import type { Bench } from '../../bench';
import { button, byId, grouped, make } from '../../dom';
import { type Bookmark, LONGEST, MOST, bookmarksOf } from '../marks';
import type { Span } from './span';

export class Bookmarks {
  private marks: Bookmark[] = [];
  private readonly flags = make('div', { class: 'flags' });
  private readonly list = make('ul', {});
  private readonly opener = button('', () => this.open(this.popup.hidden !== false), {
    'aria-expanded': 'false',
    'aria-controls': 'bookmarks',
  });
  private readonly popup = make(
    'div',
    { id: 'bookmarks', role: 'group', 'aria-label': 'Bookmarks' },
    this.list,
    button('Present them', () => this.bench.act('present'), { title: 'Full screen; names are captions (P)' }),
  );
  readonly controls = make(
    'div',
    { class: 'bookmarks' },
    button('⚑', () => this.add(), { 'aria-label': 'Set a bookmark at the cycle shown', title: 'Bookmark (B)' }),
    this.opener,
    this.popup,
  );

  constructor(
    private readonly bench: Bench,
    private readonly span: Span,
    private readonly say: (text: string) => void,
  ) {
    this.popup.hidden = true;
    byId('ruler').append(this.flags);
    span.on(() => this.place());
    bench.on('ran', () => {
      this.marks = bookmarksOf(bench.desk.marks());
      this.show();
    });
    this.controls.addEventListener('focusout', (event) => {
      if (!this.controls.contains(event.relatedTarget as Node | null)) this.open(false);
    });
    this.controls.addEventListener('keydown', (event) => {
      if (event.key !== 'Escape' || this.popup.hidden) return;
      event.preventDefault();
      this.open(false);
      this.opener.focus();
    });
    bench.offer({ bookmark: () => this.add() });
  }

  /** One cycle has one bookmark. */
  private add(): void {
    const { cycle, report } = this.bench;
    if (!report || this.marks.some((mark) => mark.cycle === cycle)) return this.open(true);
    if (this.marks.length >= MOST) {
      this.say(`There are ${MOST} bookmarks already.`);
      return this.open(true);
    }
    this.keep([...this.marks, { cycle, name: this.nameFor() }]);
    this.say(`Bookmark at cycle ${grouped(cycle)}.`);
  }

  /** What is at work there, if anything is, or a number. */
  private nameFor(): string {
    const { frame, cycle } = this.bench;
    const op = frame?.cycle === cycle ? frame.pe.op : null;
    return (op ?? `bookmark ${this.marks.length + 1}`).slice(0, LONGEST);
  }

  private keep(marks: Bookmark[]): void {
    this.marks = marks.sort((a, b) => a.cycle - b.cycle);
    this.bench.desk.keepMarks(this.marks);
    this.show();
  }

  private show(): void {
    const { length } = this.marks;
    this.opener.textContent = `${length} ▾`;
    this.opener.setAttribute('aria-label', `Bookmarks: ${length}`);
    this.opener.disabled = length === 0;
    if (length === 0) this.open(false);
    this.list.replaceChildren(...this.marks.map((mark) => this.item(mark)));
    this.place();
  }

  private item(mark: Bookmark): HTMLElement {
    const beyond = mark.cycle > this.span.total;
    const go = button(`cycle ${grouped(mark.cycle)}`, () => this.goTo(mark), { class: 'mono' });
    go.disabled = beyond;
    if (beyond) go.title = 'The run ends before it';
    const name = make('input', { value: mark.name, maxlength: String(LONGEST), 'aria-label': 'Name of the bookmark' });
    name.addEventListener('change', () => {
      const named = { ...mark, name: name.value.trim().slice(0, LONGEST) || `cycle ${mark.cycle}` };
      this.marks = this.marks.map((other) => (other.cycle === mark.cycle ? named : other));
      this.bench.desk.keepMarks(this.marks);
      this.place();
      // The list stays, and with it the focus, which is on its way.
      label(named);
    });
    const remove = button('×', () => this.remove(mark));
    const label = ({ name: text }: Bookmark) => {
      name.value = text;
      remove.setAttribute('aria-label', `Remove the bookmark ${text}`);
    };
    label(mark);
    return make('li', {}, go, name, remove);
  }

  private remove(mark: Bookmark): void {
    const at = this.marks.findIndex(({ cycle }) => cycle === mark.cycle);
    this.keep(this.marks.filter(({ cycle }) => cycle !== mark.cycle));
    // The focus stays in the list.
    const rest = [...this.list.querySelectorAll<HTMLButtonElement>('button:last-child')];
    (rest[Math.min(at, rest.length - 1)] ?? byId('timeline')).focus();
  }

  private goTo({ cycle }: Bookmark): void {
    this.span.reveal({ from: cycle, to: cycle + 1 });
    this.bench.desk.seek(cycle);
  }

  private open(open: boolean): void {
    this.popup.hidden = !open || this.marks.length === 0;
    this.opener.setAttribute('aria-expanded', String(!this.popup.hidden));
  }

  /** Flags where their cycles are to be seen. */
  private place(): void {
    const { from, to } = this.span.shown;
    const seen = this.marks.filter(({ cycle }) => cycle >= from && cycle <= to);
    const flags = seen.map((mark) => {
      const label = `${mark.name}, cycle ${grouped(mark.cycle)}`;
      // The list has them for the keyboard.
      const flag = button('⚑', () => this.goTo(mark), { 'aria-label': label, title: label, tabindex: '-1' });
      flag.style.left = `${this.span.x(mark.cycle)}px`;
      return flag;
    });
    this.flags.replaceChildren(...flags);
  }
}
