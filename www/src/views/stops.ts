// Where to run to: a cycle, the next pass, the selected PE's next one, the next stall; and what playing stops at.

import type { Bench } from '../bench';
import { button, byId, grouped, make } from '../dom';
import { type Action, KEYS, spelled } from '../keys';
import type { Stop } from '../protocol';

const STOPS: Stop[] = ['pass', 'pe', 'stall'];

const WORDS: Record<Stop, string> = {
  pass: 'the next pass',
  pe: 'the next pass of the PE',
  stall: 'the next stall',
};

const ACTIONS: Record<Stop, Action> = { pass: 'nextPass', pe: 'nextOfPe', stall: 'nextStall' };

function keyOf(action: Action): string {
  return spelled(KEYS.find((key) => key.action === action)!.chords[0]!);
}

export function mountStops(bench: Bench): void {
  const menu = new Stops(bench);
  byId('lookup').prepend(menu.element);
}

class Stops {
  private readonly opener = button('Run to…', () => this.open(this.popup.hidden !== false), {
    'aria-expanded': 'false',
    'aria-controls': 'stops',
  });
  private readonly cycle = make('input', {
    type: 'number',
    min: '0',
    step: '1',
    'aria-label': 'Cycle to run to',
    placeholder: 'cycle',
  });
  private readonly form = make('form', {}, this.cycle, make('button', {}, 'Go'));
  private readonly goers = STOPS.map((stop) => this.goer(stop));
  private readonly armed = make('select', {}, make('option', { value: '' }, 'nothing'));
  private readonly said = make('p', { class: 'quiet', role: 'status' });
  private readonly popup = make('div', { id: 'stops', role: 'group', 'aria-label': 'Run to' });
  readonly element = make('div', { class: 'stops' }, this.opener, this.popup);

  constructor(private readonly bench: Bench) {
    const label = make('label', {}, 'playing stops at ', this.armed);
    this.armed.append(...STOPS.map((stop) => make('option', { value: stop }, WORDS[stop])));
    this.popup.append(this.form, ...this.goers, label, this.said);
    this.popup.hidden = true;
    this.form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.goToCycle();
    });
    this.armed.addEventListener('change', () => this.arm());
    this.element.addEventListener('focusout', (event) => {
      const { relatedTarget } = event;
      if (relatedTarget && !this.element.contains(relatedTarget as Node)) this.open(false);
    });
    this.element.addEventListener('keydown', (event) => {
      if (event.key !== 'Escape' || this.popup.hidden) return;
      event.preventDefault();
      this.open(false);
      this.opener.focus();
    });
    bench.offer({
      nextPass: () => void this.go('pass'),
      nextOfPe: () => void this.go('pe'),
      nextStall: () => void this.go('stall'),
    });
    this.follow();
  }

  /** Another PE or matrix unit has other passes. */
  private follow(): void {
    let known = '';
    this.bench.on('frame', ({ selected: { row, col }, unit }) => {
      const place = `${row}, ${col}, ${unit}`;
      if (place === known) return;
      known = place;
      this.goers[1]!.firstChild!.textContent = `the next pass of PE ${row}, ${col}`;
      if (this.armed.value !== '') this.arm();
    });
    this.bench.on('ran', ({ cycles }) => {
      this.cycle.max = String(cycles);
      this.said.textContent = '';
    });
  }

  private goer(stop: Stop): HTMLButtonElement {
    const goer = button(WORDS[stop], () => void this.go(stop));
    goer.append(' ', make('kbd', {}, keyOf(ACTIONS[stop])));
    return goer;
  }

  private open(open: boolean): void {
    this.popup.hidden = !open;
    this.opener.setAttribute('aria-expanded', String(open));
  }

  private goToCycle(): void {
    if (this.cycle.value === '') return;
    const cycle = Math.round(this.cycle.valueAsNumber);
    this.bench.desk.seek(cycle);
    this.say(`Cycle ${grouped(this.bench.cycle)}.`);
  }

  private async go(stop: Stop): Promise<void> {
    try {
      const cycle = await this.bench.desk.call('nextStop', stop, this.bench.cycle);
      if (cycle === undefined) this.say(`There is no more of that: ${WORDS[stop]}.`);
      else this.bench.desk.seek(cycle);
      if (cycle !== undefined) this.say(`${WORDS[stop]}: cycle ${grouped(cycle)}.`);
    } catch {
      this.say('The simulator is not running.');
    }
  }

  private arm(): void {
    const stop = STOPS.find((stop) => stop === this.armed.value);
    this.bench.desk.arm(stop ? (after) => this.bench.desk.call('nextStop', stop, after) : null);
  }

  private say(text: string): void {
    this.said.textContent = text;
  }
}
