// What the compiler made of the program, in several views of one selection and one clock.

import type { Bench } from '../bench';
import { byId, make } from '../dom';
import { AssemblyView } from './assembly';
import { Graph } from './graph';
import { Instructions } from './instructions';
import { Loops } from './loops';
import { Passes } from './passes';
import { PeCode } from './pe-code';
import type { SubView } from './sub-view';

/** Puts the views into the tab. */
export function mountCompiled(bench: Bench): void {
  const panel = byId('compiled-panel');
  const views: SubView[] = [
    new Graph(bench),
    new Passes(bench),
    new Loops(bench),
    new Instructions(bench),
    new PeCode(bench),
    new AssemblyView(bench),
  ];
  const bar = make('div', { role: 'tablist', class: 'segments', 'aria-label': 'What was compiled' });
  const segments = views.map((view) => segment(view));
  let shown = -1;
  const show = (at: number) => {
    if (at !== shown) views[shown]?.hide();
    shown = at;
    segments.forEach((segment, index) => {
      segment.setAttribute('aria-selected', String(index === at));
      segment.tabIndex = index === at ? 0 : -1;
      views[index]!.panel.hidden = index !== at;
    });
    if (!panel.hidden) views[at]!.show();
  };
  segments.forEach((segment, at) => {
    segment.addEventListener('click', () => show(at));
    segment.addEventListener('keydown', (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (step === undefined) return;
      event.preventDefault();
      const next = (at + step + segments.length) % segments.length;
      show(next);
      segments[next]!.focus();
    });
  });
  bar.append(...segments);
  panel.replaceChildren(bar, ...views.map(({ panel }) => panel));
  panel.addEventListener('open', () => show(shown));
  // What is not to be seen does nothing.
  new IntersectionObserver(() => (panel.hidden ? views[shown]?.hide() : undefined)).observe(panel);
  show(0);
}

function segment({ name, title, panel }: SubView): HTMLButtonElement {
  panel.id = `compiled-${name}`;
  panel.setAttribute('role', 'tabpanel');
  panel.setAttribute('aria-labelledby', `compiled-${name}-tab`);
  return make('button', { type: 'button', role: 'tab', id: `compiled-${name}-tab`, 'aria-controls': panel.id }, title);
}
