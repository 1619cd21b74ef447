// A chip's fields, as many as a chip can have, and its text: loaded when somebody wants to see them.

import { NONE, fieldsOf } from './chip';
import { ChipTextArea } from './chip-text';
import { byId, make } from './dom';
import type { Chip, ChipField, ChipForm, ChipText } from './protocol';

export interface FieldEvents {
  /** A field is given another value. */
  change(key: string, value: string): void;
  /** Another chip is wanted. */
  take(chip: Chip): void;
  /** Reads an edited text of the chip on show. */
  read(text: string): Promise<ChipText>;
}

export class ChipFields {
  private readonly host = byId('chip-form');
  private readonly help = byId('chip-help');
  private form: ChipForm | null = null;
  private changes: Record<string, string> = {};
  /** Controls by key; they stay while only values change. */
  private readonly controls = new Map<string, HTMLInputElement | HTMLSelectElement>();
  /** The field whose meaning is shown. */
  private explained = '';

  private readonly text: ChipTextArea;

  constructor(private readonly events: FieldEvents) {
    this.text = new ChipTextArea(events, (key) => this.explainKey(key));
    this.host.addEventListener('focusin', (event) => this.explain(event.target));
    this.host.addEventListener('pointerover', (event) => {
      // A field that is being filled in keeps its description.
      if (!this.host.contains(document.activeElement)) this.explain(event.target);
    });
  }

  /** Shows a chip's form, with what is changed of it and the keys that are wrong. */
  show(form: ChipForm, chip: Chip, wrong: Set<string>): void {
    const same = this.form && keysOf(this.form).join() === keysOf(form).join();
    this.form = form;
    this.changes = chip.changes;
    this.text.show(form, chip);
    if (!same) this.build(form);
    this.fill(form, wrong);
  }

  private build(form: ChipForm): void {
    this.controls.clear();
    const parts = form.parts.map(({ title, fields }) =>
      make('fieldset', {}, make('legend', {}, title), ...fields.map((field) => this.row(field))),
    );
    this.host.replaceChildren(...parts);
  }

  private row(field: ChipField): HTMLElement {
    const id = `chip-${field.key}`;
    const control =
      field.words.length > 0 ? choice(field) : make('input', { autocomplete: 'off', spellcheck: 'false' });
    control.id = id;
    control.dataset['key'] = field.key;
    control.setAttribute('aria-describedby', 'chip-help');
    if (field.optional) control.setAttribute('placeholder', 'none');
    control.addEventListener('input', () => {
      const value = control.value.trim();
      this.events.change(field.key, value === '' && field.optional ? NONE : value);
    });
    this.controls.set(field.key, control);
    const label = make('label', { for: id }, field.title);
    return make(
      'div',
      { class: 'field', 'data-key': field.key },
      label,
      control,
      make('span', { class: 'unit' }, field.unit),
      make('span', { class: 'origin' }),
    );
  }

  /** Values and marks; what somebody is typing stays as it is. */
  private fill(form: ChipForm, wrong: Set<string>): void {
    byId('chip-summary').textContent = form.summary;
    for (const field of fieldsOf(form)) {
      const control = this.controls.get(field.key);
      if (!control) continue;
      const typed = this.changes[field.key];
      const shown = typed === undefined || (typed === NONE && field.optional) ? (field.value ?? '') : typed;
      if (control.value.trim() !== shown) control.value = shown;
      control.setAttribute('aria-invalid', String(wrong.has(field.key)));
      control.setAttribute('aria-errormessage', 'chip-problem');
      const row = control.closest<HTMLElement>('.field')!;
      const changed = field.value !== field.original || typed !== undefined;
      row.classList.toggle('changed', changed);
      row.querySelector('.origin')!.replaceChildren(changed ? 'changed' : originOf(field, form.sources));
    }
    const sources = form.sources.map((source, at) =>
      make('li', { id: `chip-source-${at + 1}`, tabindex: '-1' }, ...linked(source)),
    );
    byId('chip-sources').replaceChildren(...sources);
    byId('chip-sources-title').hidden = sources.length === 0;
    this.explainAgain();
  }

  private explain(target: EventTarget | null): void {
    const key = target instanceof Element ? target.closest<HTMLElement>('.field')?.dataset['key'] : undefined;
    if (key !== undefined) this.explainKey(key);
  }

  private explainKey(key: string): void {
    this.explained = key;
    this.explainAgain();
  }

  private explainAgain(): void {
    const field = this.form && fieldsOf(this.form).find(({ key }) => key === this.explained);
    if (!field) return;
    const origin =
      this.changes[field.key] !== undefined
        ? `Changed; it was ${field.original ?? 'none'}.`
        : field.assumed !== null
          ? `Assumed: ${field.assumed}.`
          : field.source !== null
            ? `Source: ${field.source}.`
            : '';
    const unit = field.unit === '' ? '' : `, in ${field.unit}`;
    const meaning = ` ${field.meaning} It is ${field.values}${unit}${field.optional ? ', or none' : ''}. `;
    if (this.help.textContent === field.key + meaning + origin) return;
    this.help.replaceChildren(make('code', {}, field.key), meaning, make('em', {}, origin));
  }
}

/** Where a value is from, in short: the number of its source, or a sign that it is assumed, with the reason. */
function originOf({ assumed, source }: ChipField, sources: string[]): Node {
  if (assumed !== null) return make('span', { class: 'assumed', title: `Assumed: ${assumed}.` }, 'assumed');
  const at = source === null ? -1 : sources.indexOf(source);
  if (at < 0) return document.createTextNode('');
  const number = String(at + 1);
  const title = `Source ${number}: ${source}`;
  // Those who walk by keyboard hear of it as they come to the field.
  const link = make('a', { href: `#chip-source-${number}`, title, 'aria-label': title, tabindex: '-1' }, `[${number}]`);
  link.addEventListener('click', (event) => {
    event.preventDefault();
    const item = byId(`chip-source-${number}`);
    item.scrollIntoView({ block: 'center' });
    item.focus({ preventScroll: true });
  });
  return link;
}

/** A source's title, with the places in the web that it names as links. */
function linked(source: string): (Node | string)[] {
  return source.split(/(\b(?:[a-z0-9-]+\.)+[a-z]{2,}(?:\/[\w./()-]*\w)?)/).map((part, at) => {
    if (at % 2 === 0) return part;
    return make('a', { href: `https://${part}`, target: '_blank', rel: 'noreferrer' }, part);
  });
}

function choice(field: ChipField): HTMLSelectElement {
  return make('select', {}, ...field.words.map((word) => make('option', { value: word }, WORDS[word] ?? word)));
}

const WORDS: Record<string, string> = {
  ws: 'weights (ws)',
  is: 'inputs (is)',
  os: 'outputs (os)',
  true: 'yes',
  false: 'no',
};

function keysOf(form: ChipForm): string[] {
  return fieldsOf(form).map(({ key }) => key);
}
