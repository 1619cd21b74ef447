// Things that people should know and that stop nothing: a list below the editor, each to be dismissed.

import { button, byId, make } from './dom';

const MOST = 4;

export function notice(text: string): void {
  const list = byId('notices');
  for (const item of [...list.children]) if (item.firstChild?.textContent === text) item.remove();
  const item = make('li', {}, make('span', {}, text));
  item.append(button('×', () => item.remove(), { 'aria-label': 'Dismiss', class: 'link' }));
  list.prepend(item);
  while (list.childElementCount > MOST) list.lastElementChild?.remove();
}
