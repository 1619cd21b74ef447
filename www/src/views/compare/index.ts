// Two runs in step: one that is pinned, and whatever is on show; and a program with every dataflow side by side.

import type { Bench, Source } from '../../bench';
import { sameChip } from '../../chip';
import { button, byId, make } from '../../dom';
import { docsSign } from '../docs-link';
import type { Span } from '../timeline/span';
import { changes } from './changes';
import { Dataflows, withFlow } from './dataflows';
import type { Result } from './lone';
import { Pinned, type Step } from './pinned';
import { beside, versus, type Way } from './tables';

export function mountCompare(bench: Bench, span: Span): void {
  new Compare(bench, span);
}

const UNCHANGED = 'Nothing has changed yet: change the program or the chip, and see what comes of it.';

class Compare {
  private pinned: Pinned | null = null;
  private readonly flows: Dataflows;
  private readonly toggle = byId<HTMLButtonElement>('compare');
  private readonly opener = byId<HTMLButtonElement>('dataflows');
  private readonly panel = make('section', { id: 'comparison', 'aria-label': 'Comparison' });
  private readonly besides = make('section', { id: 'all-flows', 'aria-label': 'ws, is and os side by side' });
  private readonly table = make('div', { class: 'versus-host' });
  private readonly changed = make('div', { class: 'changed' });
  private readonly status = make('p', { class: 'quiet', role: 'status' });
  /** How often the comparison has been asked for: a late answer is let pass. */
  private turns = 0;
  private step: Step = 'start';
  /** What the dataflows on show are of. */
  private flowsOf: Source | null = null;

  constructor(
    private readonly bench: Bench,
    private readonly span: Span,
  ) {
    this.flows = new Dataflows(bench);
    this.panel.append(
      make(
        'div',
        { class: 'limits-head' },
        make('h2', {}, 'Pinned and now ', ...docsSign('compare', 'Comparing')),
        button('Unpin', () => this.unpin()),
      ),
      this.steps(),
      this.status,
      this.table,
      this.changed,
    );
    this.panel.hidden = this.besides.hidden = true;
    byId('side').prepend(this.panel, this.besides);
    this.toggle.setAttribute('aria-pressed', 'false');
    this.toggle.addEventListener('click', () => (this.pinned ? this.unpin() : this.pin(this.bench.source)));
    this.opener.addEventListener('click', () => void this.runFlows());
    this.listen();
  }

  private listen(): void {
    const { bench, span } = this;
    bench.on('ran', () => this.ran());
    bench.on('cycle', () => this.pinned?.follow());
    bench.on('frame', () => this.pinned?.frameOfNow());
    bench.on('picked', () => this.pinned?.mark());
    bench.on('theme', () => this.pinned?.themed());
    bench.on('turned', (move) => this.pinned?.turned(move));
    span.on(() => this.pinned?.place());
  }

  // --- Pinning --------------------------------------------------------------------------------------------------

  private pin(source: Source | null): void {
    if (!source) return;
    this.pinned?.end();
    this.pinned = new Pinned(this.bench, this.span);
    this.pinned.step = this.step;
    this.show(true);
    this.table.replaceChildren();
    this.changed.replaceChildren();
    this.status.textContent = 'The pinned run is under way.';
    const { pinned } = this;
    pinned.run(source).then(
      () => this.pinned === pinned && this.ran(),
      (error: Error) =>
        this.pinned === pinned && (this.status.textContent = `It cannot be compared: ${error.message}.`),
    );
  }

  private unpin(): void {
    this.turns++;
    this.pinned?.end();
    this.pinned = null;
    this.show(false);
    this.toggle.focus();
  }

  private show(pinned: boolean): void {
    this.toggle.setAttribute('aria-pressed', String(pinned));
    this.panel.hidden = !pinned;
    if (pinned) this.panel.scrollIntoView({ block: 'nearest' });
  }

  /** In which step both go. */
  private steps(): HTMLElement {
    const way = (step: Step, text: string) => {
      const radio = make('input', { type: 'radio', name: 'in-step', value: step });
      radio.checked = step === this.step;
      radio.addEventListener('change', () => {
        this.step = step;
        if (!this.pinned) return;
        this.pinned.step = step;
        this.pinned.follow();
      });
      return make('label', {}, radio, make('span', {}, text));
    };
    const [start, share] = [way('start', 'Same cycle'), way('share', 'Same share of the run')];
    return make('fieldset', { class: 'ways' }, make('legend', { class: 'unseen' }, 'Both in step by'), start, share);
  }

  // --- What changed ---------------------------------------------------------------------------------------------

  private ran(): void {
    const { source } = this.bench;
    this.toggle.disabled = !source && !this.pinned;
    this.opener.disabled = !source;
    this.age();
    const before = this.pinned?.result;
    if (!this.pinned || !before) return;
    this.pinned.ran();
    void this.compare(before);
  }

  private async compare(before: Result): Promise<void> {
    const turn = ++this.turns;
    const { report, source, desk } = this.bench;
    if (!report) return;
    try {
      const figures = await desk.call('figures');
      // A program in assembly has no text and chip of its own.
      const found = source ? await changes(this.bench, before.source, source) : [];
      if (turn !== this.turns || !figures) return;
      this.status.textContent = source ? (found.length > 0 ? '' : UNCHANGED) : 'A program in assembly is on show.';
      this.table.replaceChildren(versus(before, { source: source ?? before.source, report, figures }));
      this.changed.replaceChildren(...found);
    } catch {
      // The simulator was stopped; the next run is compared.
    }
  }

  // --- Dataflows ------------------------------------------------------------------------------------------------

  private async runFlows(): Promise<void> {
    const { source, report } = this.bench;
    if (!source || !report) return;
    this.flowsOf = source;
    this.besides.hidden = false;
    this.besides.setAttribute('aria-busy', 'true');
    this.tellFlows([], 'Running with each dataflow …');
    this.besides.scrollIntoView({ block: 'nearest' });
    await this.flows.run(source, report.dataflow, (ways, done) => {
      this.tellFlows(ways, done ? '' : 'Running with each dataflow …');
      if (done) this.besides.removeAttribute('aria-busy');
    });
  }

  private tellFlows(ways: Way[], words: string): void {
    const close = button('Close', () => this.closeFlows());
    const head = make(
      'div',
      { class: 'limits-head' },
      make('h2', {}, 'Dataflows side by side ', ...docsSign('dataflow', 'Dataflows')),
      close,
    );
    const status = make('p', { class: 'quiet', role: 'status' }, words);
    status.hidden = words === '';
    const source = this.flowsOf!;
    const pin = (way: Way) =>
      button('Pin', () => this.pin(withFlow(source, way.name)), { 'aria-label': `Pin the run with ${way.name}` });
    this.besides.replaceChildren(head, status, ...(ways.length > 0 ? [beside(ways, pin)] : []));
  }

  private closeFlows(): void {
    this.forgetFlows();
    this.opener.focus();
  }

  private forgetFlows(): void {
    this.flows.end();
    this.flowsOf = null;
    this.besides.hidden = true;
  }

  /** Another program, or a chip that differs in more than its dataflow, makes the table one of the past. */
  private age(): void {
    const { source } = this.bench;
    if (!source || !this.flowsOf) return;
    const [a, b] = [withFlow(source, ''), withFlow(this.flowsOf, '')];
    if (a.text !== b.text || !sameChip(a.chip, b.chip)) this.forgetFlows();
  }
}
