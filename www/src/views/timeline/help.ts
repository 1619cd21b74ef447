// The timeline in the page's help, where its keys are listed.

import { byId, make } from '../../dom';

const KEYS: [keys: string[], what: string][] = [
  [['B'], 'a bookmark at the cycle shown'],
  [['←', '→', '↑', '↓'], 'in the timeline: from bar to bar, from lane to lane'],
  [['Enter'], 'to the bar’s first cycle; its operator is picked'],
  [['+', '−', 'F'], 'fewer cycles, more, the whole run; Z only the bar’s'],
  [['PgUp', 'PgDn'], 'along the run'],
  [['R'], 'selects the bar’s cycles; Esc lets go of them'],
];

const GESTURES =
  'In the timeline, Ctrl and the wheel or two fingers zoom, a double click zooms to a bar, dragging with Alt or the ' +
  'middle button moves along, dragging with Shift or over the cycle numbers selects cycles, which are counted at the side.';

export function help(): void {
  const list = byId('help-dialog').querySelector('.keys')!;
  for (const [keys, what] of KEYS) {
    const shown = keys.flatMap((key) => [make('kbd', {}, key), ' ']);
    list.append(make('dt', {}, ...shown), make('dd', {}, what));
  }
  list.after(make('p', {}, GESTURES));
}
