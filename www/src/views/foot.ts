// At the foot of the program's column: which version this is, how to print it, and how to say that something is wrong.

import type { Bench } from '../bench';
import { button, byId, make } from '../dom';
import { notice } from '../notices';
import { mountPrint } from './print';

export function mountFoot(bench: Bench): void {
  const report = async () => {
    try {
      await (await import('./report')).report(bench);
    } catch {
      notice('The report could not be loaded; another click is another try.');
    }
  };
  byId('program').append(
    make(
      'footer',
      { class: 'quiet' },
      make('span', {}, `Systole ${bench.version}`),
      button('Report a problem', () => void report(), { id: 'report', class: 'link' }),
      button('Print', mountPrint(bench), { id: 'print', class: 'link', title: 'Print, or save as a PDF' }),
    ),
  );
}
