// The chip: a preset or a file, changed field by field in a form that the module describes.

import { byId, make } from './dom';
import { download } from './files';
import type { Chip, ChipField, ChipForm, Preset } from './protocol';

/** A preset as it comes. */
export function preset(base: string): Chip {
  return { base, words: [], changes: {} };
}

export function sameChip(a: Chip, b: Chip): boolean {
  const texts = ({ base, words, changes }: Chip) => JSON.stringify([base, words, Object.entries(changes).sort()]);
  return texts(a) === texts(b);
}

/** Reads a chip file, in a module of its own that few visitors need. */
async function readFile(text: string): Promise<{ words: string[]; problems: string[] }> {
  const [{ default: start, ChipFile }, { default: module_or_path }] = await Promise.all([
    import('systole-wasm/systole_files.js'),
    import('systole-wasm/systole_files_bg.wasm?url'),
  ]);
  await start({ module_or_path });
  const file = new ChipFile(text);
  const { words, problems } = file;
  file.free();
  return { words, problems };
}

export class ChipDesk {
  private readonly chooser = byId<HTMLSelectElement>('chip');
  private readonly sides = [byId<HTMLInputElement>('rows'), byId<HTMLInputElement>('cols')];
  private readonly host = byId('chip-form');
  private readonly help = byId('chip-help');
  private presets: Preset[] = [];
  private form: ChipForm | null = null;
  /** The form's controls by key; they stay while only values change. */
  private readonly controls = new Map<string, HTMLInputElement | HTMLSelectElement>();
  private chosen: Chip;
  /** The field whose meaning is shown. */
  private explained = '';

  constructor(
    first: Chip,
    private readonly changed: () => void,
    private readonly refused: (message: string) => void,
  ) {
    this.chosen = first;
    this.chooser.addEventListener('change', () => this.take(preset(this.chooser.value)));
    for (const side of this.sides) side.addEventListener('input', () => this.resize(side));
    byId('chip-reset').addEventListener('click', () => this.take({ ...this.chosen, changes: {} }));
    byId('chip-save').addEventListener('click', () => {
      if (this.form) download('chip.toml', this.form.file);
    });
    this.host.addEventListener('focusin', (event) => this.explain(event.target));
    this.host.addEventListener('pointerover', (event) => this.explain(event.target));
  }

  get chip(): Chip {
    return this.chosen;
  }

  /** Takes another chip without telling anybody. */
  set(chip: Chip): void {
    this.chosen = chip;
    this.list();
    // An answer fills the form; until then, fields say what is known of them.
    for (const side of this.sides) {
      const known = chip.changes[side.id] ?? sideOf(chip.base, side.id);
      if (known !== null) side.value = known;
    }
  }

  setPresets(presets: Preset[]): void {
    this.presets = presets;
    this.list();
  }

  /** A chip file's text, under its name. */
  async open(name: string, text: string): Promise<void> {
    const { words, problems } = await readFile(text);
    if (problems.length === 0) this.take({ base: name, words, changes: {} });
    else this.refused(`${name} is not taken. ${problems.slice(0, 3).join('. ')}.`);
  }

  /** The module's word on the chip that was asked for. */
  show(form: ChipForm): void {
    if (form.summary === null) {
      // A draft may name a preset that another version had.
      this.refused(form.problems.map(({ message, hint }) => `${message}; ${hint}.`).join(' '));
      this.take(preset('classroom-8x8'));
      return;
    }
    const same = this.form && keysOf(this.form).join() === keysOf(form).join();
    this.form = form;
    if (!same) this.build(form);
    this.fill(form);
  }

  private take(chip: Chip): void {
    this.set(chip);
    this.changed();
  }

  /** Another classroom chip, if it is one and could be; else a change of the one there is. */
  private resize(side: HTMLInputElement): void {
    const { base, changes } = this.chosen;
    const [rows, cols] = this.sides.map(({ value }) => value.trim());
    const whole = /^[1-9]\d*$/;
    if (sideOf(base, side.id) === null || !whole.test(rows!) || !whole.test(cols!) || Number(side.value) > MOST_SIDE) {
      this.change(side.id, side.value.trim());
      return;
    }
    const { rows: _, cols: __, ...others } = changes;
    this.chosen = { base: `classroom-${rows}x${cols}`, words: [], changes: others };
    this.list();
    this.changed();
  }

  private change(key: string, value: string): void {
    const changes = { ...this.chosen.changes, [key]: value };
    const field = this.form && fieldsOf(this.form).find((field) => field.key === key);
    if (field && value === (field.original ?? 'none')) delete changes[key];
    this.chosen = { ...this.chosen, changes };
    this.changed();
  }

  // --- The form -------------------------------------------------------------------------------------------------

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
      this.change(field.key, value === '' && field.optional ? 'none' : value);
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
  private fill(form: ChipForm): void {
    byId('chip-summary').textContent = form.summary;
    const wrong = new Map(form.problems.flatMap(({ keys, message }) => keys.map((key) => [key, message] as const)));
    for (const field of fieldsOf(form)) {
      const control = this.controls.get(field.key);
      if (!control) continue;
      const typed = this.chosen.changes[field.key];
      const shown = typed === undefined || typed === 'none' ? (field.value ?? '') : typed;
      if (control.value.trim() !== shown) control.value = shown;
      const invalid = String(wrong.has(field.key));
      control.setAttribute('aria-invalid', invalid);
      const side = this.sides.find(({ id }) => id === field.key);
      if (side && document.activeElement !== side) side.value = shown;
      side?.setAttribute('aria-invalid', invalid);
      const row = control.closest<HTMLElement>('.field')!;
      const changed = field.value !== field.original || typed !== undefined;
      row.classList.toggle('changed', changed);
      const origin = changed ? 'changed' : field.assumed !== null ? 'assumed' : '';
      row.querySelector('.origin')!.textContent = origin;
    }
    const problem = byId('chip-problem');
    problem.hidden = form.problems.length === 0;
    problem.textContent = form.problems.map(({ message, hint }) => `${message}; ${hint}.`).join(' ');
    byId<HTMLButtonElement>('chip-reset').disabled = Object.keys(this.chosen.changes).length === 0;
    byId<HTMLButtonElement>('chip-save').disabled = form.problems.length > 0;
    const sources = form.sources.map((source) => make('li', {}, source));
    byId('chip-sources').replaceChildren(...sources);
    byId('chip-sources-title').hidden = sources.length === 0;
    this.list();
    this.explainAgain();
  }

  private explain(target: EventTarget | null): void {
    const key = target instanceof Element ? target.closest<HTMLElement>('.field')?.dataset['key'] : undefined;
    if (key === undefined) return;
    this.explained = key;
    this.explainAgain();
  }

  private explainAgain(): void {
    const field = this.form && fieldsOf(this.form).find(({ key }) => key === this.explained);
    if (!field) return;
    const origin =
      this.chosen.changes[field.key] !== undefined
        ? `Changed; it was ${field.original ?? 'none'}.`
        : field.assumed !== null
          ? `Assumed: ${field.assumed}.`
          : field.source !== null
            ? `Source: ${field.source}.`
            : '';
    this.help.replaceChildren(
      make('code', {}, field.key),
      ` ${field.meaning} It is ${field.values}${field.optional ? ', or none' : ''}. `,
      make('em', {}, origin),
    );
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
    const options = filled.map(([label, presets]) => make('optgroup', { label }, ...presets.map(option)));
    this.chooser.replaceChildren(...options);
    this.chooser.value = base;
    byId('chip-changes').textContent = count === 0 ? '' : `${count} ${count === 1 ? 'change' : 'changes'}`;
  }
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

function fieldsOf(form: ChipForm): ChipField[] {
  return form.parts.flatMap(({ fields }) => fields);
}

function keysOf(form: ChipForm): string[] {
  return fieldsOf(form).map(({ key }) => key);
}

/** Of a classroom chip; beyond it, the module says what is wrong. */
const MOST_SIDE = 512;

/** The side that the name of a classroom chip has. */
function sideOf(base: string, key: string): string | null {
  const sides = /^classroom-(\d+)x(\d+)$/.exec(base);
  return sides ? (sides[key === 'rows' ? 1 : 2] ?? null) : null;
}

/** Two panels in one place, the program's and the chip's, as tabs. */
export function tabs(): void {
  const all = ['program', 'chip'].map((name) => ({ tab: byId(`${name}-tab`), panel: byId(`${name}-panel`) }));
  const open = (at: number, focus: boolean) => {
    all.forEach(({ tab, panel }, index) => {
      tab.setAttribute('aria-selected', String(index === at));
      tab.tabIndex = index === at ? 0 : -1;
      panel.hidden = index !== at;
    });
    if (focus) all[at]!.tab.focus();
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
