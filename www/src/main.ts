// The page's beginning: what the browser lacks is said before anything else is tried.

import { App } from './app';
import { missing } from './capabilities';
import { byId } from './dom';

const lacks = missing();
if (lacks.length > 0) {
  const blocked = byId('blocked');
  const names = lacks.length === 1 ? lacks[0] : `${lacks.slice(0, -1).join(', ')} and ${lacks.at(-1)}`;
  blocked.textContent =
    `Systole simulates a chip in this page, and this browser has no ${names}. ` +
    'A current Firefox, Chrome, Edge or Safari has them all.';
  blocked.hidden = false;
  document.documentElement.dataset['phase'] = 'blocked';
} else {
  void new App().start();
}
