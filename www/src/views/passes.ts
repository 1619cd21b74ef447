// The compiler's passes: what each says, what it changes of the plan, and what the run takes without it.

import type { Bench } from '../bench';
import { chipWords } from '../chip';
import { button, byId, grouped, make } from '../dom';
import type { Pass, PassChange, Report } from '../protocol';
import type { SubView } from './sub-view';

/** Of programs with more operators, runs without a pass are counted one by one, when they are asked for. */
const FEW_OPS = 24;
/** Most notes of a pass that are shown at first. */
const FEW_NOTES = 6;

export class Passes implements SubView {
  readonly name = 'passes';
  readonly title = 'Passes';
  readonly panel = make('div', { class: 'compiled-fill scrolls' });
  private readonly state = make('p', { class: 'quiet', role: 'status' });
  private readonly list = make('ol', { class: 'pass-list' });
  /** Beside the tab's name: nobody is to forget that passes are left out. */
  private readonly badge = make('small');
  /** Passes that are to be left out. */
  private readonly without = new Set<string>();
  private report: Report | null = null;
  private open = false;
  /** What has been asked before is of no use any more. */
  private edition = 0;

  constructor(private readonly bench: Bench) {
    this.panel.append(this.state, this.list);
    byId('compiled-tab').append(' ', this.badge);
    bench.on('ran', () => {
      void this.insist();
      if (this.open) void this.read();
    });
  }

  show(): void {
    this.open = true;
    if (this.report !== this.bench.report) void this.read();
  }

  hide(): void {
    this.open = false;
  }

  /** Another worker has all passes again. */
  private async insist(): Promise<void> {
    if (this.without.size === 0) return;
    const changed = await this.bench.desk.call('leaveOut', [...this.without]).catch(() => false);
    if (changed) this.bench.desk.run();
  }

  private async read(): Promise<void> {
    const { report } = this.bench;
    if (!report) return;
    this.report = report;
    const edition = ++this.edition;
    const { desk } = this.bench;
    try {
      const passes = await desk.call('passes', desk.text(), ...chipWords(desk.chip()), [...this.without]);
      if (edition !== this.edition) return;
      if (!passes || report.assembly) {
        this.state.textContent = report.assembly ? 'An assembly is run as it is.' : 'The program has errors.';
        this.list.replaceChildren();
        return;
      }
      this.say(report);
      this.showAll(passes, report, edition);
    } catch (error) {
      this.report = null;
      this.state.textContent = error instanceof Error ? error.message : String(error);
    }
  }

  private say(report: Report): void {
    const out = [...this.without].join(', ');
    const how = out === '' ? 'with all passes' : `without ${out}`;
    this.state.replaceChildren(make('b', { class: 'mono' }, `${grouped(report.cycles)} cycles`), ` ${how}. `);
    if (out !== '') this.state.append(button('All passes again', () => this.leaveOut([]), { class: 'link' }));
  }

  private showAll(passes: Pass[], report: Report, edition: number): void {
    const opened = new Set(
      [...this.list.querySelectorAll<HTMLElement>('li[data-pass]')]
        .filter((item) => item.querySelector('details')?.open)
        .map((item) => item.dataset['pass']),
    );
    const items = passes.map((pass, at) => this.item(pass, at, edition));
    this.list.replaceChildren(...items.map(({ item }) => item));
    items.forEach(({ details, pass }) => (details.open = opened.has(pass.name)));
    if (report.ops.length <= FEW_OPS) void this.countAll(items, edition);
    else for (const it of items) it.cycles.replaceChildren(button('Count', () => void this.count(it, edition)));
  }

  private item(pass: Pass, at: number, edition: number) {
    const on = make('input', { type: 'checkbox', role: 'switch', 'aria-label': `Pass ${pass.name}` });
    on.checked = !pass.leftOut;
    on.addEventListener('change', () => {
      const without = new Set(this.without);
      if (on.checked) without.delete(pass.name);
      else without.add(pass.name);
      this.leaveOut([...without]);
    });
    const cycles = make('span', { class: 'pass-cycles mono' });
    const head = make('div', { class: 'pass-head' }, on, make('b', {}, `${at + 1}. ${pass.name}`), cycles);
    const notes = pass.leftOut
      ? [make('li', {}, 'left out')]
      : pass.notes.length === 0
        ? [make('li', { class: 'quiet' }, 'nothing to do')]
        : this.notes(pass);
    const change = make('div', { class: 'pass-change' });
    const details = make('details', {}, make('summary', {}, 'Before and after'), change);
    details.addEventListener('toggle', () => {
      if (details.open && change.childElementCount === 0) void this.effect(change, at, edition);
    });
    const body = [make('p', { class: 'quiet' }, pass.purpose), make('ul', {}, ...notes), details];
    const item = make('li', { 'data-pass': pass.name, class: pass.leftOut ? 'left-out' : '' }, head, ...body);
    return { item, pass, cycles, details };
  }

  private notes({ notes }: Pass): HTMLElement[] {
    const item = ({ of, line, text }: Pass['notes'][number]) => {
      if (line === null) return make('li', {}, ...quoted(text));
      const pick = button(of, () => this.pickNamed(of, line), { class: 'link' });
      return make('li', {}, pick, ` line ${line}: `, ...quoted(text));
    };
    const few = notes.slice(0, FEW_NOTES).map(item);
    if (notes.length > FEW_NOTES)
      few.push(make('li', { class: 'quiet' }, `and ${grouped(notes.length - FEW_NOTES)} more`));
    return few;
  }

  private pickNamed(name: string, line: number): void {
    const ops = this.report?.ops ?? [];
    const op = ops.findIndex((op) => op.name === name && op.line === line);
    if (op >= 0) this.bench.pick(op);
    else this.bench.pickLine(line);
  }

  private async effect(into: HTMLElement, at: number, edition: number): Promise<void> {
    const { desk } = this.bench;
    into.replaceChildren(make('p', { class: 'quiet' }, 'Comparing …'));
    try {
      const effect = await desk.call('passEffect', desk.text(), ...chipWords(desk.chip()), [...this.without], at);
      if (edition !== this.edition) return;
      const lines = effect?.lines ?? [];
      const none = make('p', { class: 'quiet' }, 'It changes nothing that the loops show.');
      const cut = make('p', { class: 'quiet' }, 'The plan is long: only its beginning was compared.');
      into.replaceChildren(lines.length === 0 ? none : changes(lines), ...(effect?.cut ? [cut] : []));
    } catch (error) {
      into.replaceChildren(make('p', { class: 'problem' }, error instanceof Error ? error.message : String(error)));
    }
  }

  private async countAll(items: { pass: Pass; cycles: HTMLElement }[], edition: number): Promise<void> {
    for (const item of items) {
      if (edition !== this.edition || !this.open) return;
      await this.count(item, edition);
    }
  }

  /** Runs the program with the pass if it is left out, without it if it is not. */
  private async count({ pass, cycles }: { pass: Pass; cycles: HTMLElement }, edition: number): Promise<void> {
    const without = new Set(this.without);
    if (pass.leftOut) without.delete(pass.name);
    else without.add(pass.name);
    const word = pass.leftOut ? 'with it' : 'without it';
    const told = await this.bench.desk.call('cyclesWithout', [...without]).then(
      (count) => (count === undefined ? '' : this.compared(word, count)),
      (error: unknown) => `${word} it does not run: ${error instanceof Error ? error.message : String(error)}`,
    );
    if (edition === this.edition) cycles.textContent = told;
  }

  private compared(word: string, count: number): string {
    const more = count - (this.report?.cycles ?? 0);
    const change =
      more === 0 ? 'the same' : `${grouped(count)} cycles, ${more > 0 ? '+' : '−'}${grouped(Math.abs(more))}`;
    return `${word} ${change}`;
  }

  private leaveOut(names: string[]): void {
    this.without.clear();
    names.forEach((name) => this.without.add(name));
    this.badge.textContent = names.length === 0 ? '' : `${names.length} left out`;
    void this.bench.desk.call('leaveOut', names).then(() => this.bench.desk.run());
  }
}

/** What stands between backticks is code. */
function quoted(text: string): (Node | string)[] {
  return text.split('`').map((part, at) => (at % 2 ? make('code', {}, part) : part));
}

/** Lines that go and come, each with a sign. */
function changes(lines: PassChange[]): HTMLElement {
  const sign = { same: ' ', gone: '−', new: '+', skipped: '⋯' };
  const row = ({ change, text, skipped }: PassChange) => {
    const shown = change === 'skipped' ? `${grouped(skipped)} lines` : text;
    return make('span', { class: `change-${change}` }, `${sign[change]} ${shown}\n`);
  };
  return make('pre', { class: 'changes', tabindex: '0', 'aria-label': 'What changes' }, ...lines.map(row));
}
