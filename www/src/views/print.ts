// The result on paper: the program, what it runs on and what came of it, then the picture, the lanes and the numbers of the
// side panel, in light colours. Styles do most of it; here is what only the paper has.

import style from './print.css?url';
import type { Bench } from '../bench';
import { byId, grouped, make } from '../dom';
import { notice } from '../notices';
import { styled } from './styled';

/** CSS pixels across a sheet of paper: A4 and letter, upright, with margins. */
const SHEET = 680;

/** Prints the page in light colours, however it is seen. What the browser's own menu prints is made ready, too. */
export function mountPrint(bench: Bench): () => void {
  const paper = make('section', { id: 'paper', 'aria-hidden': 'true' });
  // Only its style keeps it from the screen.
  styled(style).then(
    () => document.body.prepend(paper),
    () => notice('The style of what is printed could not be loaded.'),
  );
  const ready = () => {
    measure();
    keepColours();
    paper.replaceChildren(...sheet(bench));
  };
  addEventListener('beforeprint', ready);
  matchMedia('print').addEventListener('change', ({ matches }) => matches && ready());
  // Whoever prints by other means has the sizes of a moment ago.
  new ResizeObserver(() => !matchMedia('print').matches && measure()).observe(byId('stage'));
  return () => void print(bench);
}

async function print(bench: Bench): Promise<void> {
  const { theme } = document.documentElement.dataset;
  if (theme === 'dark') {
    bench.desk.dress('light');
    // Pictures come from the worker, each of its answers after what was asked before.
    await bench.desk.call('lanesOf').catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
  window.print();
  if (theme === 'dark') bench.desk.dress('dark');
}

/** The stage is printed as it is laid out, smaller: what lies over its pictures stays in its place. */
function measure(): void {
  const { clientWidth: width } = byId('stage');
  const { clientHeight: height } = byId('picture');
  if (width === 0) return;
  const { style } = document.documentElement;
  style.setProperty('--stage-width', `${width}px`);
  style.setProperty('--picture-height', `${height}px`);
  style.setProperty('--stage-zoom', String(Math.min(1, SHEET / width)));
}

/** What tells the colours of pictures has on paper those of the screen, as they have. */
function keepColours(): void {
  if (matchMedia('print').matches) return;
  for (const part of document.querySelectorAll<HTMLElement>('.swatch, .bar > *')) {
    part.style.setProperty('--on-screen', getComputedStyle(part).backgroundColor);
  }
}

function sheet(bench: Bench): HTMLElement[] {
  const { report, source } = bench;
  const { base, changes } = bench.desk.chip();
  const chip = bench.desk.chips().find(({ name }) => name === base)?.title ?? base;
  const changed = Object.entries(changes).map(([key, value]) => `${key} = ${value}`);
  const facts = [
    `${chip}${changed.length > 0 ? `, with ${changed.join(', ')}` : ''}`,
    report ? `${byId('counts').textContent}. ${byId('verdict').textContent}` : 'It has not run.',
    `Cycle ${grouped(bench.cycle)}: ${byId('caption').textContent}`,
  ];
  const text = source?.text ?? bench.desk.text();
  const stale = text === bench.desk.text() ? [] : ['This is the last program that ran; there is a newer text.'];
  const example = byId<HTMLSelectElement>('example').selectedOptions[0]?.textContent ?? '';
  return [
    make('h1', {}, `Systole: ${example}`),
    ...[...facts, ...stale].map((fact) => make('p', {}, fact)),
    make('ol', { class: 'mono' }, ...lines(text)),
  ];
}

function lines(text: string): HTMLElement[] {
  return text
    .replace(/\n$/, '')
    .split('\n')
    .map((line) => make('li', {}, make('code', {}, line)));
}
