// A tour for the first visit: from a small product over why a run is slow to a digit. Its numbers are those of the runs.

import style from './controls.css?url';
import type { Bench } from '../bench';
import { button, byId, grouped, make } from '../dom';
import { EXAMPLES } from '../examples';
import type { Report } from '../protocol';
import { toured } from './first-visit';
import { styled } from './styled';

interface Step {
  title: string;
  example: string;
  /** What it speaks of. */
  at: string;
  /** The cycle to be seen, if not the example's first one. */
  cycle?(bench: Bench): Promise<number | undefined>;
  words(report: Report): string;
}

const begins = async (bench: Bench, later: number) => {
  const start = await bench.desk.call('nextStop', 'pass', 0);
  return start === undefined ? undefined : start + later;
};

/** In the middle of the run, a little into a pass. */
const halfway = async (bench: Bench) => {
  const half = Math.floor((bench.report?.cycles ?? 0) / 2);
  const start = await bench.desk.call('nextStop', 'pass', half);
  return (start ?? half) + 3;
};

const STEPS: Step[] = [
  {
    title: 'A product of 4 × 4 numbers',
    example: 'product',
    at: 'canvas-host',
    words: ({ rows, cols, macs, cyclesToLastMac }) =>
      `${rows * cols} PEs make ${grouped(macs)} products and add them up. The last one is made after ` +
      `${grouped(cyclesToLastMac)} cycles, and every one of them can be looked at: ← and → step, Space plays.`,
  },
  {
    title: 'Where the weights wait',
    example: 'product',
    at: 'canvas-host',
    cycle: (bench) => begins(bench, -1),
    words: () =>
      'They came from DRAM over the FIFO, and from above into the array. Each PE keeps one. Activations are about to ' +
      'come in from the left.',
  },
  {
    title: 'The wave',
    example: 'product',
    at: 'canvas-host',
    cycle: (bench) => begins(bench, 3),
    words: () =>
      'Each row enters a cycle later than the one above it, so that every activation meets the right sum. What is at ' +
      'work is a diagonal that crosses the array.',
  },
  {
    title: 'Why is it slow?',
    example: 'batch-1',
    at: 'canvas-host',
    cycle: halfway,
    words: (report) =>
      `One row of activations through 64 × 64 weights, on 8 × 8 PEs: rows enter in ${busy(report)} of the cycles. ` +
      'Each tile of weights takes 8 cycles to come and is used for one: a thin wave crosses an idle array. Under “What ' +
      'limits it”, a click on a larger batch shows what helps.',
  },
  {
    title: 'The same with 64 rows',
    example: 'batch-64',
    at: 'canvas-host',
    cycle: halfway,
    words: (report) =>
      `Rows enter in ${busy(report)} of the cycles: the next tile shifts in while the one before is used. That is what ` +
      'a batch is for.',
  },
  {
    title: 'It reads digits',
    example: 'digits',
    at: 'pad',
    words: (report) =>
      `Two layers of a real network, ${grouped(report.cycles)} cycles. Draw over a digit and see your own numbers cross ` +
      'the array.',
  },
];

/** In how many of the cycles a row enters. */
function busy({ classShares, cycles, matrixUnits }: Report): string {
  const active = classShares.find(({ name }) => name === 'active')?.cycles ?? 0;
  return `${((100 * active) / Math.max(1, cycles * matrixUnits)).toFixed(0)} %`;
}

let shown: Tour | null = null;

export async function tour(bench: Bench): Promise<Tour> {
  await styled(style);
  shown ??= new Tour(bench);
  shown.begin();
  return shown;
}

class Tour {
  private readonly title = make('h2', { id: 'tour-title' });
  private readonly words = make('p', { 'aria-live': 'polite' });
  private readonly back = button('Back', () => void this.go(this.at - 1));
  private readonly next = button('Next', () => void this.go(this.at + 1), { class: 'next' });
  private readonly place = make('span', { class: 'quiet' });
  private readonly card = make('section', { id: 'tour', 'aria-labelledby': 'tour-title' }, this.title, this.words);
  private at = 0;
  private ran: (() => void) | null = null;
  /** The example that its steps have opened. */
  private opened = 'product';

  constructor(private readonly bench: Bench) {
    const leave = button('Leave', () => this.leave());
    this.card.append(make('p', { class: 'actions' }, this.place, leave, this.back, this.next));
    this.card.hidden = true;
    // Whoever goes by keys finds it first.
    byId('top').before(this.card);
    bench.on('ran', () => {
      if (bench.source?.text === bench.desk.text()) this.ran?.();
    });
    const leaves = ({ key }: KeyboardEvent) => key === 'Escape' && !document.querySelector('dialog[open]');
    addEventListener('keydown', (event) => leaves(event) && this.leave(), { capture: true });
    addEventListener('pointerdown', (event) => !this.card.contains(event.target as Node) && this.leave(), {
      capture: true,
    });
  }

  begin(): void {
    this.card.hidden = false;
    this.opened = this.bench.desk.draft().example;
    void this.go(0);
  }

  focus(): void {
    this.next.focus();
  }

  private leave(): void {
    if (this.card.hidden) return;
    const focused = this.card.contains(document.activeElement);
    this.card.hidden = true;
    this.point(null);
    if (focused) byId('play').focus({ preventScroll: true });
    toured();
  }

  private async go(at: number): Promise<void> {
    const step = STEPS[at];
    if (!step) {
      this.leave();
      return;
    }
    this.at = at;
    this.title.textContent = step.title;
    this.words.textContent = '…';
    this.place.textContent = `${at + 1} of ${STEPS.length}`;
    this.back.disabled = at === 0;
    this.next.textContent = at + 1 === STEPS.length ? 'Done' : 'Next';
    await this.open(step.example);
    const cycle = await step.cycle?.(this.bench).catch(() => undefined);
    const { report } = this.bench;
    if (this.at !== at || this.card.hidden || !report) return;
    if (cycle !== undefined) this.bench.desk.seek(cycle);
    this.words.textContent = step.words(report);
    this.point(step.at);
  }

  /** Until the run of it is on show. */
  private async open(name: string): Promise<void> {
    if (this.opened === name) return;
    this.opened = name;
    const ran = new Promise<void>((resolve) => (this.ran = resolve));
    this.bench.desk.openExample(EXAMPLES.find((example) => example.name === name)!);
    await ran;
  }

  /** What is spoken of has a frame, and is in sight. */
  private point(id: string | null): void {
    for (const other of document.querySelectorAll('.toured')) other.classList.remove('toured');
    if (id === null) return;
    const target = byId(id);
    target.classList.add('toured');
    const still = matchMedia('(prefers-reduced-motion: reduce)').matches;
    if (this.at > 0) target.scrollIntoView({ block: 'nearest', behavior: still ? 'auto' : 'smooth' });
  }
}
