// What limits the run, in words from its trace, and what would help: each change really simulated, applied and undone by a click.

import type { Bench, Source } from '../bench';
import { sameChip } from '../chip';
import { button, byId, grouped, make } from '../dom';
import type { Advice, Chip, LimitsOf } from '../protocol';
import { Advisors } from './advisor';

/** Changes that are shown at once; the others unfold. */
const SHOWN = 4;
/** Changes that can be taken back. */
const MOST_UNDONE = 50;

interface Undo {
  label: string;
  before: Source;
  after: Source;
}

export function mountLimits(bench: Bench): void {
  new Limits(bench);
}

class Limits {
  private readonly words = make('p', { class: 'limit', 'aria-live': 'polite' });
  private readonly others = make('details', { class: 'others' });
  private readonly list = make('ol', { class: 'advice', 'aria-label': 'Changes that would help' });
  private readonly more = make('details', { class: 'others' });
  private readonly status = make('p', { class: 'quiet tried' });
  private readonly back: HTMLButtonElement;
  private readonly advisors: Advisors;
  /** What has been asked about, and what limits and changes on show are of. */
  private asked: Source | null = null;
  private answered: Source | null = null;
  private changes = 0;
  private advice: Advice[] = [];
  private readonly undone: Undo[] = [];

  constructor(private readonly bench: Bench) {
    this.back = button('', () => this.undo(), { class: 'undo' });
    const head = make('div', { class: 'limits-head' }, make('h2', {}, 'What limits it'), this.back);
    byId('limits').replaceChildren(head, this.words, this.list, this.status, this.more, this.others);
    this.advisors = new Advisors(bench, {
      limits: (limits) => this.limits(limits),
      advice: (list) => this.show(list),
      tried: (count, over) => this.tried(count, over),
      failed: () => this.failed(),
    });
    bench.on('ran', () => this.ran());
  }

  private ran(): void {
    const { source, report } = this.bench;
    // An assembly has no text to be changed.
    byId('limits').hidden = !source;
    if (!source || !report) return;
    this.offerUndo(source);
    // Values change nothing of it.
    if (this.asked && same(this.asked, source)) return;
    this.asked = source;
    byId('limits').setAttribute('aria-busy', 'true');
    if (report.cycles === 0) this.words.textContent = 'Nothing is to be done.';
    this.advisors.ask(source);
  }

  private limits({ causes, changes }: LimitsOf): void {
    this.changes = changes;
    this.answered = this.asked;
    this.show([]);
    const [first, ...others] = causes;
    this.words.replaceChildren(...(first ? said(first.words) : ['Nothing is to be done.']));
    const rows = others.map(({ title, share, words, op }) => {
      const named = op === null ? title : this.picking(op, title);
      return make('li', {}, make('b', {}, named, ` ${percent(share)}`), ' ', ...said(words));
    });
    this.others.hidden = rows.length === 0;
    this.others.replaceChildren(make('summary', {}, 'Where the other cycles go'), make('ul', {}, ...rows));
  }

  /** A title that picks the operator it is about. */
  private picking(op: number, title: string): HTMLElement {
    return button(title, () => this.bench.pick(op), { class: 'link' });
  }

  private show(list: Advice[]): void {
    this.advice = list;
    const items = list.map((advice) => make('li', {}, this.offer(advice)));
    this.list.replaceChildren(...items.slice(0, SHOWN));
    const rest = items.slice(SHOWN);
    this.more.hidden = rest.length === 0;
    const title = make('summary', {}, `${rest.length} more that gain`);
    this.more.replaceChildren(title, make('ol', { class: 'advice' }, ...rest));
  }

  private offer(advice: Advice): HTMLElement {
    const cycles = `${grouped(this.bench.report!.cycles)} → ${grouped(advice.cycles)} cycles`;
    const offer = button('', () => this.apply(advice), { class: 'offer', title: 'Apply' });
    offer.append(
      make('span', {}, advice.label),
      make('b', {}, gain(advice)),
      make('small', {}, `${cycles}; ${advice.cost}`),
    );
    return offer;
  }

  private tried(count: number, over: boolean): void {
    const untried = this.changes - count;
    if (!over) this.status.textContent = `Trying changes: ${count} of ${this.changes} simulated.`;
    else if (untried > 0) this.status.textContent = `${count} changes simulated; ${untried} more would take too long.`;
    else if (this.advice.length === 0) this.status.textContent = `None of ${count} changes simulated makes it faster.`;
    else this.status.textContent = `${count} changes simulated; those that gain are shown. A click applies one.`;
    if (over) byId('limits').removeAttribute('aria-busy');
  }

  private failed(): void {
    this.asked = null;
    this.show([]);
    this.words.textContent = 'What limits it could not be found out.';
    this.status.textContent = '';
    byId('limits').removeAttribute('aria-busy');
  }

  private apply(advice: Advice): void {
    const before = this.answered;
    const { desk } = this.bench;
    // The editor may have gone on since it was simulated.
    if (!before || !same(before, { text: desk.text(), chip: desk.chip() })) return;
    const after = { text: advice.text ?? before.text, chip: amended(before.chip, advice.fields) };
    this.undone.push({ label: advice.label, before, after });
    this.undone.splice(0, this.undone.length - MOST_UNDONE);
    desk.change(after);
    this.offerUndo(after);
    this.back.focus();
  }

  private undo(): void {
    const last = this.undone.pop();
    if (last) this.bench.desk.change(last.before);
  }

  /** As long as nothing has been changed since, what was applied can be taken back. */
  private offerUndo(source: Source): void {
    const last = this.undone.at(-1);
    const fits = last !== undefined && same(last.after, source);
    this.back.hidden = !fits;
    this.back.textContent = fits ? `Undo: ${last.label}` : '';
  }
}

/** A chip with fields changed; a classroom chip of other sides is the classroom chip of those sides. */
export function amended(chip: Chip, fields: [string, string][]): Chip {
  const changes = { ...chip.changes, ...Object.fromEntries(fields) };
  const sides = /^classroom-(\d+)x(\d+)$/.exec(chip.base);
  if (!sides || !fields.some(([key]) => key === 'rows' || key === 'cols')) return { ...chip, changes };
  const { rows = sides[1]!, cols = sides[2]!, ...others } = changes;
  // Its vector unit has a lane a column.
  if (others['vector_lanes'] === cols) delete others['vector_lanes'];
  return { base: `classroom-${rows}x${cols}`, words: [], changes: others };
}

/** A sentence with its `names` as code. */
function said(words: string): (Node | string)[] {
  return words.split('`').map((part, at) => (at % 2 === 1 ? make('code', {}, part) : part));
}

function gain({ gain, results }: Advice): string {
  const each = results > 1 ? ' a result' : '';
  if (gain < 1.1) return `${((gain - 1) * 100).toFixed(0)} % faster${each}`;
  return `${gain < 10 ? gain.toFixed(1) : gain.toFixed(0)} × faster${each}`;
}

function same(a: Source, b: Source): boolean {
  return a.text === b.text && sameChip(a.chip, b.chip);
}

function percent(share: number): string {
  return share < 0.001 ? '<0.1 %' : `${(100 * share).toFixed(1)} %`;
}
