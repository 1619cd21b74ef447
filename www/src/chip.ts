// The chip: a preset or a file, changed field by field in a form that the module describes.

import type { ChipFields } from './chip-form';
import { byId, make } from './dom';
import { download } from './files';
import type { Deed } from './history';
import { preset } from './preset';
import type { Calls, Chip, ChipField, ChipForm, ChipState, ChipWords, Preset } from './protocol';

/** A chip as functions of the module take it. */
export function chipWords({ base, words, changes }: Chip): ChipWords {
  return [base, words, Object.keys(changes), Object.values(changes)];
}

export function sameChip(a: Chip, b: Chip): boolean {
  const texts = ({ base, words, changes }: Chip) => JSON.stringify([base, words, Object.entries(changes).sort()]);
  return texts(a) === texts(b);
}

export interface ChipEvents {
  /** The chip is another. */
  changed(deed: Deed): void;
  /** A chip that somebody has changed is about to be replaced. */
  replacing(): void;
  /** In words. */
  refused(message: string): void;
  /** The module's functions. */
  call<Name extends keyof Calls>(name: Name, ...args: Calls[Name]['args']): Promise<Calls[Name]['answer']>;
}

export class ChipDesk {
  private readonly chooser = byId<HTMLSelectElement>('chip');
  private readonly sides = [byId<HTMLInputElement>('rows'), byId<HTMLInputElement>('cols')];
  presets: Preset[] = [];
  private state: ChipState | null = null;
  /** What the state's chip is based on. */
  private stateOf = '';
  private form: ChipForm | null = null;
  /** The chip that the form shows. */
  private formOf: Chip | null = null;
  /** Whether anybody has opened the form: it is kept up to date from then on. */
  private opened = false;
  /** How many chips have been asked for: a file that is read late must not replace a later one. */
  private choices = 0;
  /** What the list of presets shows. */
  private listed = '';
  /** Its fields, once somebody has opened it. */
  private fields: ChipFields | null = null;
  private chosen: Chip;

  constructor(
    first: Chip,
    private readonly events: ChipEvents,
  ) {
    this.chosen = first;
    this.chooser.addEventListener('change', () => this.choose(this.chooser.value));
    for (const side of this.sides) side.addEventListener('input', () => this.resize(side.id, side.value.trim()));
    byId('chip-reset').addEventListener('click', () => this.take({ ...this.chosen, changes: {} }));
    byId('chip-save').addEventListener('click', () => {
      const name = this.chosen.base.replace(/\.toml$/i, '');
      if (this.form) download(`${name}.toml`, this.form.file);
    });
  }

  get chip(): Chip {
    return this.chosen;
  }

  /** Takes another chip without telling anybody. */
  set(chip: Chip): void {
    this.choices++;
    this.chosen = chip;
    this.list();
    // An answer fills the form; until then, fields say what is known of them.
    for (const side of this.sides) {
      const known = chip.changes[side.id] ?? sideOf(chip.base, side.id);
      if (known !== null) side.value = known;
    }
  }

  /** A preset, as it comes. */
  choose(base: string): void {
    this.take(preset(base));
  }

  setPresets(presets: Preset[]): void {
    this.presets = presets;
    this.list();
  }

  /** A chip file's text, under its name. */
  async open(name: string, text: string): Promise<void> {
    const choice = ++this.choices;
    const read = await this.events.call('readChipFile', text).catch(() => null);
    if (choice !== this.choices) return;
    if (read === null) this.events.refused(`${name} could not be read: the simulator is not running.`);
    else if (read.problems.length > 0)
      this.events.refused(`${name} is not taken. ${read.problems.slice(0, 3).join('. ')}.`);
    else this.take({ base: name, words: read.words, changes: {} });
  }

  /** The module's word on a chip that was asked for; on one that is no longer wanted it is let pass. */
  show(chip: Chip, state: ChipState): void {
    if (!sameChip(chip, this.chosen)) return;
    if (state.known) {
      this.state = state;
      this.stateOf = chip.base;
      for (const { key, value } of state.sides) {
        const side = this.sides.find(({ id }) => id === key)!;
        if (document.activeElement !== side) side.value = this.chosen.changes[key] ?? value ?? '';
        side.setAttribute('aria-invalid', String(this.wrong().has(key)));
      }
      void this.showForm();
    }
    // A draft may be of a chip that this version does not know: it is kept, and runs on nothing.
    this.tell(state);
  }

  /** Somebody wants to see every field. */
  openForm(): void {
    if (this.opened) return;
    this.opened = true;
    void this.showForm();
  }

  private async showForm(): Promise<void> {
    const chip = this.chosen;
    if (!this.opened || !this.state || this.stateOf !== chip.base) return;
    try {
      const form = await this.events.call('chipForm', ...chipWords(chip));
      if (!form || !sameChip(chip, this.chosen)) return;
      this.fields ??= await this.newFields();
      if (!sameChip(chip, this.chosen)) return;
      this.form = form;
      this.formOf = chip;
      this.fields.show(form, chip, this.wrong());
      byId<HTMLButtonElement>('chip-reset').disabled = Object.keys(chip.changes).length === 0;
      this.list();
      this.allowSave();
    } catch {
      // Opening it again is another attempt.
      this.opened = false;
      this.events.refused('The form could not be shown: a part of this page did not load.');
    }
  }

  private async newFields(): Promise<ChipFields> {
    const { ChipFields } = await import('./chip-form');
    return new ChipFields({
      change: (key, value) => {
        if (this.sides.some(({ id }) => id === key)) this.resize(key, value);
        else this.change(key, value);
      },
      take: (chip) => this.edit(chip),
      read: (text) => this.events.call('readChipText', this.chosen.base, this.chosen.words, text),
    });
  }

  /** Keys of fields that something is wrong with. */
  private wrong(): Set<string> {
    return new Set(this.state?.problems.flatMap(({ keys }) => keys));
  }

  /** What is wrong with it. */
  private tell({ problems }: ChipState): void {
    const problem = byId('chip-problem');
    const text = problems.map(({ message, hint }) => `${message}; ${hint}.`).join(' ');
    problem.hidden = text === '';
    if (problem.textContent !== text) problem.textContent = text;
    this.allowSave();
  }

  /** What is saved is the form's file: that of the chip there is, and a chip that can be. */
  private allowSave(): void {
    const current = this.formOf !== null && sameChip(this.formOf, this.chosen);
    byId<HTMLButtonElement>('chip-save').disabled = !current || this.state?.problems.length !== 0;
  }

  private take(chip: Chip): void {
    const { words, changes } = this.chosen;
    if (words.length > 0 || Object.keys(changes).length > 0) this.events.replacing();
    this.set(chip);
    this.events.changed('done');
  }

  /** Another classroom chip, if it is one and could be; else a change of the one there is. */
  private resize(key: string, value: string): void {
    const { base, changes } = this.chosen;
    const side = (name: string) => (name === key ? value : (changes[name] ?? sideOf(base, name) ?? ''));
    const [rows, cols] = [side('rows'), side('cols')];
    const possible = (text: string) => /^[1-9]\d*$/.test(text) && Number(text) <= MOST_SIDE;
    if (sideOf(base, key) === null || !possible(rows) || !possible(cols)) {
      this.change(key, value);
      return;
    }
    const { rows: _, cols: __, ...others } = changes;
    this.edit({ base: `classroom-${rows}x${cols}`, words: [], changes: others });
  }

  private change(key: string, value: string): void {
    const changes = { ...this.chosen.changes, [key]: value };
    if (value === this.original(key)) delete changes[key];
    this.edit({ ...this.chosen, changes });
  }

  /** What the base has, as far as that is known. */
  private original(key: string): string | undefined {
    const { base } = this.chosen;
    const sides = this.state && this.stateOf === base ? this.state.sides : [];
    const fields = this.form && this.formOf?.base === base ? fieldsOf(this.form) : sides;
    const field = fields.find((field) => field.key === key);
    return field && (field.original ?? NONE);
  }

  private edit(chip: Chip): void {
    if (sameChip(chip, this.chosen)) return;
    this.choices++;
    this.chosen = chip;
    this.allowSave();
    this.list();
    this.events.changed('chip');
  }

  // --- The list of presets --------------------------------------------------------------------------------------

  private list(): void {
    const { base, words, changes } = this.chosen;
    const groups: [string, Preset[]][] = [
      ['Classroom', this.presets.filter(({ name }) => name.startsWith('classroom'))],
      ['TPUs', this.presets.filter(({ name }) => name.startsWith('tpu'))],
      ['Others', this.presets.filter(({ name }) => !/^(classroom|tpu)/.test(name))],
    ];
    if (!this.presets.some(({ name }) => name === base)) {
      const title = words.length > 0 ? base : base.replace('classroom-', 'Classroom ').replace('x', ' × ');
      groups.unshift(['Yours', [{ name: base, title }]]);
    }
    const filled = groups.filter(([, presets]) => presets.length > 0);
    const count = Object.keys(changes).length;
    const option = ({ name, title }: Preset) => {
      const text = title.replace(' x ', ' × ') + (name === base && count > 0 ? ' *' : '');
      return make('option', { value: name }, text);
    };
    byId('chip-changes').textContent = count === 0 ? '' : `${count} ${count === 1 ? 'change' : 'changes'}`;
    // A list that is open stays as it is, unless it has changed.
    const listed = JSON.stringify([filled, base, count > 0]);
    if (listed === this.listed) return;
    this.listed = listed;
    const options = filled.map(([label, presets]) => make('optgroup', { label }, ...presets.map(option)));
    this.chooser.replaceChildren(...options);
    this.chooser.value = base;
  }
}

export function fieldsOf(form: ChipForm): ChipField[] {
  return form.parts.flatMap(({ fields }) => fields);
}

/** In place of an optional field's value. */
export const NONE = 'none';

/** Of a classroom chip; beyond it, the module says what is wrong. */
const MOST_SIDE = 512;

/** The side that the name of a classroom chip has. */
function sideOf(base: string, key: string): string | null {
  const sides = /^classroom-(\d+)x(\d+)$/.exec(base);
  return sides ? (sides[key === 'rows' ? 1 : 2] ?? null) : null;
}

/** Panels in one place, as tabs; says which one is opened, to the panel itself too. */
export function tabs(opened: (name: string) => void): void {
  const all = ['program', 'chip', 'compiled'].map((name) => ({
    name,
    tab: byId(`${name}-tab`),
    panel: byId(`${name}-panel`),
  }));
  const open = (at: number, focus: boolean) => {
    all.forEach(({ tab, panel }, index) => {
      tab.setAttribute('aria-selected', String(index === at));
      tab.tabIndex = index === at ? 0 : -1;
      panel.hidden = index !== at;
    });
    if (focus) all[at]!.tab.focus();
    opened(all[at]!.name);
    all[at]!.panel.dispatchEvent(new Event('open'));
  };
  all.forEach(({ tab }, at) => {
    tab.addEventListener('click', () => open(at, false));
    tab.addEventListener('keydown', (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (step === undefined) return;
      event.preventDefault();
      open((at + step + all.length) % all.length, true);
    });
  });
  open(0, false);
}
