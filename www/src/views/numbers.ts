// How numbers are shown in the picture, the table of cells and the equation: in decimal, as their bits, or by which elements they are.

import type { Bench } from '../bench';
import { byId, make } from '../dom';
import { type Notation, NOTATIONS } from '../link';

const KEPT = 'systole.numbers';

export function mountNumbers(bench: Bench): void {
  const options = NOTATIONS.map((name) => make('option', { value: name }, name));
  const choice = make('select', { id: 'notation', title: 'Numbers (X)' }, ...options);
  byId('told').append(make('div', { id: 'numbers' }, make('label', { for: 'notation' }, 'Numbers'), choice));

  /** The picture is painted again, with what goes with it. */
  const show = () => {
    choice.value = bench.notation;
    bench.desk.call('showNumbersAs', bench.notation).catch(() => undefined);
    bench.desk.step(0, 0);
  };
  const spoken = make('div', { id: 'notation-spoken', class: 'unseen', 'aria-live': 'polite' });
  byId('spoken').after(spoken);
  const take = (wanted: string) => {
    bench.notation = known(wanted);
    keep(bench.notation);
    show();
    // Apart from the cycle, which is spoken again with the next picture.
    spoken.textContent = `Numbers: ${bench.notation}`;
  };
  choice.addEventListener('change', () => take(choice.value));
  bench.offer({ notation: () => take(NOTATIONS[(choice.selectedIndex + 1) % NOTATIONS.length]!) });

  bench.notation = kept();
  // A worker that has just been started knows of nothing.
  bench.on('ran', ({ unvalued }) => {
    tell(choice, unvalued);
    if (bench.notation !== NOTATIONS[0]) show();
  });
  // A link shows what somebody else saw: what the reader has chosen is kept for their own.
  bench.on('arrived', ({ notation }) => {
    bench.notation = notation;
    if (choice.value !== notation) show();
  });
}

/** Where there are no values, elements are told in their place, whatever is chosen; and why. */
function tell(choice: HTMLSelectElement, unvalued: string | null): void {
  for (const option of choice.options) {
    option.text = unvalued === null || option.value === 'indices' ? option.value : `${option.value}: no values`;
  }
  choice.title = unvalued === null ? 'Numbers (X)' : `Indices alone, since values were not computed: ${unvalued}`;
}

/** What is kept is input from outside. */
function known(name: string | null): Notation {
  return NOTATIONS.find((known) => known === name) ?? NOTATIONS[0];
}

function kept(): Notation {
  try {
    return known(localStorage.getItem(KEPT));
  } catch {
    return NOTATIONS[0];
  }
}

function keep(notation: string): void {
  try {
    localStorage.setItem(KEPT, notation);
  } catch {
    // It then lasts as long as the page.
  }
}
