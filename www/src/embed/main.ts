// The beginning of an embedded figure.

import { missing } from '../capabilities';
import { byId } from '../dom';
import { Embed } from './embed';

const lacks = missing();
if (lacks.length === 0) void new Embed().start();
else {
  const problem = byId('problem');
  problem.textContent = `This figure is a simulator that runs in the page, and this browser has no ${lacks.join(', ')}.`;
  problem.hidden = false;
  document.documentElement.dataset['phase'] = 'blocked';
}
