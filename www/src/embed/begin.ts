// Begins a figure, or says why it cannot be.

import { missing } from '../capabilities';
import { byId } from '../dom';
import { type Beginning, Embed } from './embed';

export function begun(beginning: () => Beginning): void {
  const lacks = missing();
  if (lacks.length > 0)
    return blocked(`This figure is a simulator that runs in the page, and this browser has no ${lacks.join(', ')}.`);
  try {
    void new Embed(beginning()).start();
  } catch (error) {
    blocked(`This figure could not be opened: ${error instanceof Error ? error.message : error}.`);
  }
}

function blocked(why: string): void {
  const problem = byId('problem');
  problem.textContent = why;
  problem.hidden = false;
  document.documentElement.dataset['phase'] = 'blocked';
}
