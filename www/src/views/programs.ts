// Named programs: what is in the editor is kept under a name with its chip; the list opens, renames and deletes them.

import style from './controls.css?url';
import type { Bench } from '../bench';
import { button, byId, make } from '../dom';
import { forgetNamed, keepNamed, LONGEST_NAME, type Named, namedPrograms, tidy } from './named';
import { styled } from './styled';

let desk: Programs | null = null;

export async function programs(bench: Bench): Promise<void> {
  await styled(style);
  desk ??= new Programs(bench);
  desk.open();
}

class Programs {
  private readonly field = make('input', {
    type: 'text',
    'aria-label': 'Name for this program',
    placeholder: 'Name for this program',
    maxlength: String(LONGEST_NAME),
    autocomplete: 'off',
  });
  private readonly keep = make('button', {}, 'Keep');
  private readonly form = make('form', {}, this.field, this.keep);
  private readonly said = make('p', { class: 'quiet', role: 'status' });
  private readonly list = make('ul', { 'aria-label': 'Programs' });
  private readonly dialog = make(
    'dialog',
    { id: 'programs', 'aria-labelledby': 'programs-title' },
    make('h2', { id: 'programs-title' }, 'Programs in this browser'),
    this.form,
    this.said,
    this.list,
  );
  /** What is deleted, until the list is closed. */
  private readonly deleted = new Map<string, Named>();
  private renaming: string | null = null;

  constructor(private readonly bench: Bench) {
    this.dialog.append(
      make(
        'p',
        { class: 'actions' },
        button('Close', () => this.dialog.close()),
      ),
    );
    byId('drop').after(this.dialog);
    this.form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.save();
    });
    this.field.addEventListener('input', () => this.label());
    // Escape ends what is being written first.
    this.dialog.addEventListener('cancel', (event) => {
      if (this.renaming === null) return;
      event.preventDefault();
      this.rename(null);
    });
  }

  open(): void {
    if (this.dialog.open) return;
    this.deleted.clear();
    this.renaming = null;
    this.say('');
    this.show();
    this.dialog.showModal();
    this.field.focus();
    this.field.select();
  }

  private save(): void {
    const name = tidy(this.field.value);
    if (name === '') {
      this.say('It needs a name.');
      return;
    }
    const problem = keepNamed({ name, draft: this.bench.desk.draft() });
    this.deleted.delete(name);
    this.say(problem ?? `${name} is kept.`);
    this.show();
  }

  private say(text: string): void {
    this.said.textContent = text;
  }

  private label(): void {
    const known = namedPrograms().some(({ name }) => name === tidy(this.field.value));
    this.keep.textContent = known ? 'Replace' : 'Keep';
  }

  private show(): void {
    const all = [...namedPrograms(), ...this.deleted.values()].sort((a, b) => a.name.localeCompare(b.name));
    const items = all.map((named) => (this.deleted.has(named.name) ? this.gone(named) : this.item(named)));
    if (items.length === 0) items.push(make('li', { class: 'quiet' }, 'None yet. Each is kept with its chip.'));
    this.list.replaceChildren(...items);
    this.label();
  }

  private item(named: Named): HTMLElement {
    const { name, draft } = named;
    if (this.renaming === name) return make('li', {}, this.renamer(named));
    const about = `${draft.chip.base}, ${new Date(draft.time).toLocaleString()}`;
    return make(
      'li',
      {},
      button(name, () => this.take(named), { class: 'name', 'aria-label': `Open ${name}` }),
      make('small', {}, about),
      button('Rename', () => this.rename(name), { 'aria-label': `Rename ${name}` }),
      button('Delete', () => this.remove(named), { 'aria-label': `Delete ${name}` }),
    );
  }

  private gone(named: Named): HTMLElement {
    const back = button('Bring back', () => this.restore(named), { 'aria-label': `Bring back ${named.name}` });
    return make('li', {}, make('span', { class: 'name quiet' }, `${named.name} is deleted.`), back);
  }

  private renamer(named: Named): HTMLElement {
    const label = `New name of ${named.name}`;
    const field = make('input', {
      type: 'text',
      value: named.name,
      maxlength: String(LONGEST_NAME),
      'aria-label': label,
    });
    const form = make('form', {}, field, make('button', {}, 'Rename'));
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.renamed(named, tidy(field.value));
    });
    queueMicrotask(() => field.select());
    return form;
  }

  private rename(name: string | null): void {
    this.renaming = name;
    this.show();
    (this.list.querySelector('input') ?? this.field).focus();
  }

  private renamed(named: Named, name: string): void {
    if (name !== '' && name !== named.name) {
      if (namedPrograms().some((other) => other.name === name)) {
        this.say(`${name} is there already.`);
        return;
      }
      // The old one goes first: there may be room for one only.
      forgetNamed(named.name);
      const problem = keepNamed({ name, draft: named.draft });
      if (problem) keepNamed(named);
      this.say(problem ?? `${named.name} is ${name} now.`);
    }
    this.rename(null);
  }

  private remove(named: Named): void {
    forgetNamed(named.name);
    this.deleted.set(named.name, named);
    this.say(`${named.name} is deleted.`);
    this.show();
    this.list.querySelector<HTMLElement>(`[aria-label=${CSS.escape(`Bring back ${named.name}`)}]`)?.focus();
  }

  private restore(named: Named): void {
    const problem = keepNamed(named);
    if (!problem) this.deleted.delete(named.name);
    this.say(problem ?? `${named.name} is back.`);
    this.show();
    this.field.focus();
  }

  private take({ name, draft }: Named): void {
    this.field.value = name;
    this.dialog.close();
    this.bench.desk.openDraft(draft);
  }
}
