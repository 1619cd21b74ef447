// The list of commands: whatever the page can do, and wherever one can go in it, found by a few letters.

import style from './controls.css?url';
import type { Bench } from '../bench';
import { byId, make } from '../dom';
import { EXAMPLES } from '../examples';
import { KEYS, spelled } from '../keys';
import { styled } from './styled';
import { namedPrograms } from './named';
import { match, type Match } from './fuzzy';

interface Command {
  title: string;
  kind: string;
  key?: string;
  act(): void;
}

/** More are not shown: another letter leaves fewer. */
const MOST = 60;

let box: Palette | null = null;

export async function palette(bench: Bench): Promise<void> {
  await styled(style);
  box ??= new Palette(bench);
  box.open();
}

class Palette {
  private readonly field = make('input', {
    type: 'text',
    role: 'combobox',
    placeholder: 'A command, example, chip or operator',
    'aria-label': 'Commands',
    'aria-expanded': 'true',
    'aria-controls': 'palette-list',
    'aria-autocomplete': 'list',
    autocomplete: 'off',
    spellcheck: 'false',
    maxlength: '80',
  });
  private readonly list = make('ul', { id: 'palette-list', role: 'listbox', 'aria-label': 'Commands' });
  private readonly count = make('p', { class: 'quiet', role: 'status' });
  private readonly dialog = make(
    'dialog',
    { id: 'palette', 'aria-label': 'Commands' },
    this.field,
    this.list,
    this.count,
  );
  private commands: Command[] = [];
  private found: Command[] = [];
  private at = 0;

  constructor(private readonly bench: Bench) {
    byId('drop').after(this.dialog);
    this.field.addEventListener('input', () => this.filter());
    this.field.addEventListener('keydown', (event) => this.key(event));
    this.list.addEventListener('click', (event) => this.click(event));
    // A click beside it closes it.
    this.dialog.addEventListener('click', (event) => event.target === this.dialog && this.dialog.close());
  }

  open(): void {
    if (this.dialog.open) return;
    this.commands = commands(this.bench);
    this.field.value = '';
    this.dialog.showModal();
    this.field.focus();
    this.filter();
  }

  private filter(): void {
    const query = this.field.value.trim();
    const all = this.commands.flatMap((command, place) => {
      const found = match(query, `${command.title} ${command.kind}`);
      return found ? [{ command, found, place }] : [];
    });
    all.sort((a, b) => b.found.score - a.found.score || a.place - b.place);
    const shown = all.slice(0, MOST);
    this.found = shown.map(({ command }) => command);
    this.list.replaceChildren(...shown.map(({ command, found }, at) => option(command, found, at)));
    this.count.textContent = all.length === 0 ? 'Nothing has these letters in this order.' : `${all.length} found`;
    this.choose(0);
  }

  private choose(at: number): void {
    this.at = Math.max(0, Math.min(this.found.length - 1, at));
    [...this.list.children].forEach((item, index) => item.setAttribute('aria-selected', String(index === this.at)));
    const chosen = this.list.children[this.at];
    if (chosen) this.field.setAttribute('aria-activedescendant', chosen.id);
    else this.field.removeAttribute('aria-activedescendant');
    chosen?.scrollIntoView({ block: 'nearest' });
  }

  private key(event: KeyboardEvent): void {
    if (event.isComposing) return;
    const around = (by: number) => (this.at + by + this.found.length) % Math.max(1, this.found.length);
    const keys: Record<string, () => void> = {
      ArrowDown: () => this.choose(around(1)),
      ArrowUp: () => this.choose(around(-1)),
      PageDown: () => this.choose(this.at + 10),
      PageUp: () => this.choose(this.at - 10),
      Enter: () => this.act(this.at),
    };
    const action = keys[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  }

  private click(event: Event): void {
    const item = (event.target as HTMLElement).closest('[role=option]');
    if (item) this.act([...this.list.children].indexOf(item));
  }

  private act(at: number): void {
    const command = this.found[at];
    if (!command) return;
    this.dialog.close();
    command.act();
  }
}

function option({ kind, key, title }: Command, { letters }: Match, at: number): HTMLElement {
  const words = [...title].map((letter, place) => (letters.has(place) ? make('b', {}, letter) : letter));
  const item = make('li', { id: `palette-${at}`, role: 'option', 'aria-selected': 'false' });
  item.append(make('span', {}, ...words), make('small', {}, kind));
  if (key) item.append(make('kbd', {}, key));
  return item;
}

/** Everything that there is to be done now. */
function commands(bench: Bench): Command[] {
  return [
    ...keyed(bench),
    ...clicked(),
    ...notations(),
    { title: 'Take the tour', kind: 'command', act: () => bench.act('tour') },
    ...places(),
    ...named(bench),
    ...operators(bench),
    ...programs(bench),
    ...chips(bench),
  ];
}

function keyed(bench: Bench): Command[] {
  return KEYS.flatMap(({ action, does, chords }) => {
    if (!action || action === 'commands' || !bench.can(action)) return [];
    return [{ title: capital(does), kind: 'command', key: spelled(chords[0]!), act: () => bench.act(action) }];
  });
}

/** What has a button and no key. */
function clicked(): Command[] {
  const buttons = [
    ['Open files', 'open'],
    ['Save the program as a file', 'save'],
    ['Share the figure, or export it as a file', 'share'],
    ['Compare: pin this run beside what comes with it, or unpin it', 'compare'],
    ['Dataflows: run this program with each, side by side', 'dataflows'],
    ['Reset to the example', 'reset'],
    ['Switch between light and dark', 'theme'],
    ['Undo the changes of the chip', 'chip-reset'],
    ['Save the chip as a file', 'chip-save'],
    ['Print, or save as a PDF', 'print'],
    ['Report a problem', 'report'],
  ] as const;
  return buttons
    .filter(([, id]) => document.querySelector(`#${id}:enabled`))
    .map(([title, id]) => ({ title, kind: 'command', act: () => byId(id).click() }));
}

/** Each way to show numbers. */
function notations(): Command[] {
  const choice = byId<HTMLSelectElement>('notation');
  const show = (value: string) => {
    choice.value = value;
    choice.dispatchEvent(new Event('change'));
  };
  return [...choice.options].map(({ value }) => ({
    title: value === 'indices' ? 'Show indices in place of numbers' : `Show numbers in ${value}`,
    kind: 'command',
    act: () => show(value),
  }));
}

/** Parts of the page: tabs are opened, and headed sections come into sight. */
function places(): Command[] {
  const tabs = [...document.querySelectorAll<HTMLElement>('[role=tab]')].map((tab) => ({
    title: `Show ${tab.firstChild?.textContent?.trim() ?? ''}`,
    kind: 'view',
    act: () => {
      tab.click();
      tab.focus();
    },
  }));
  const seen = [...document.querySelectorAll<HTMLElement>('#side h2')].filter(
    (head) => head.getClientRects().length > 0,
  );
  const heads = seen.map((head) => ({
    title: `Show ${head.firstChild?.textContent?.trim() ?? ''}`,
    kind: 'view',
    act: () => visit(head),
  }));
  return [...tabs, ...heads];
}

function visit(head: HTMLElement): void {
  head.tabIndex = -1;
  head.focus({ preventScroll: true });
  head.scrollIntoView({ block: 'start' });
}

function named(bench: Bench): Command[] {
  return namedPrograms().map(({ name, draft }) => ({
    title: name,
    kind: 'your program',
    act: () => bench.desk.openDraft(draft),
  }));
}

function operators(bench: Bench): Command[] {
  return (bench.report?.ops ?? []).map(({ name, line, start }, op) => ({
    title: `Go to ${name}`,
    kind: `operator, line ${line}`,
    act: () => {
      bench.desk.seek(start);
      bench.pick(op);
    },
  }));
}

function programs(bench: Bench): Command[] {
  return EXAMPLES.map((example) => ({
    title: example.title,
    kind: 'example',
    act: () => bench.desk.openExample(example),
  }));
}

function chips(bench: Bench): Command[] {
  return bench.desk.chips().map(({ name, title }) => ({
    title: title.replace(' x ', ' × '),
    kind: 'chip',
    act: () => bench.desk.takeChip(name),
  }));
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
