// Where the cycles of the matrix units went, as bars with a legend, and how busy each unit was.

import { byId, grouped, make, opColour, short } from './dom';
import type { ClassShare, Report } from './protocol';

export function showCycles(report: Report): void {
  const total = report.cycles * report.matrixUnits;
  const host = byId('cycles').querySelector('div')!;
  if (total === 0) {
    host.replaceChildren(make('p', { class: 'quiet' }, 'This program has no cycles: nothing is to be done.'));
    return;
  }
  const present = report.classShares.filter(({ cycles }) => cycles > 0);
  const padding = report.paddingMacs / Math.max(1, report.macs + report.paddingMacs);
  const legend = make('table', { class: 'legend' });
  legend.append(make('caption', { class: 'unseen' }, 'Cycles of the matrix units by class'));
  for (const share of present) {
    legend.append(
      make(
        'tr',
        {},
        make('th', { scope: 'row' }, swatch(share.name), classLink(share), make('small', {}, share.meaning)),
        make('td', { class: 'mono' }, grouped(share.cycles)),
        make('td', { class: 'mono' }, percent(share.cycles / total)),
      ),
    );
  }
  const notes: HTMLElement[] = [];
  if (report.matrixUnits > 1) {
    const words = `Of all ${report.matrixUnits} matrix units together: ${report.matrixUnits} × ${grouped(report.cycles)}.`;
    notes.push(make('p', { class: 'quiet' }, words));
  }
  if (report.paddingMacs > 0) {
    const words = `${percent(padding)} of what the arrays could multiply in active cycles was padding.`;
    notes.push(make('p', { class: 'quiet' }, words));
  }
  host.replaceChildren(
    bar(present, total),
    legend,
    ...notes,
    ...operators(report),
    folded('How busy each unit was', () => units(report)),
    folded('What moved', () => moved(report)),
  );
}

/** One line an operator, its bar as long as its part of all cycles. */
function operators(report: Report): HTMLElement[] {
  const shares = report.opShares.map((share) => share.filter(({ cycles }) => cycles > 0));
  const cyclesOf = (share: ClassShare[]) => share.reduce((sum, { cycles }) => sum + cycles, 0);
  const most = Math.max(...shares.map(cyclesOf));
  if (report.ops.length < 2 || most === 0) return [];
  const rows = report.ops.flatMap((op, at) => {
    const share = shares[at]!;
    const cycles = cyclesOf(share);
    if (cycles === 0) return [];
    const colour = make('i', { class: 'swatch' });
    colour.style.background = opColour(at % report.colours);
    const length = make('div', { class: 'part' }, bar(share, cycles));
    length.style.width = `${(100 * cycles) / most}%`;
    return make(
      'tr',
      {},
      make('th', { scope: 'row' }, colour, op.name, length),
      make('td', { class: 'mono' }, grouped(cycles)),
    );
  });
  return [make('h3', {}, 'By operator'), make('table', { class: 'legend' }, ...rows)];
}

function units(report: Report): HTMLElement[] {
  const rows = report.units.map(({ name, busy }) =>
    make(
      'tr',
      {},
      make('th', { scope: 'row' }, name),
      make('td', { class: 'mono' }, grouped(busy)),
      make('td', { class: 'mono' }, percent(busy / report.cycles)),
    ),
  );
  return [make('table', { class: 'legend', 'aria-label': 'Cycles in which each unit was busy' }, ...rows)];
}

/** Words by what they moved through and whose they are. */
function moved(report: Report): HTMLElement[] {
  const roles = ['acts', 'weights', 'sums', 'vectors'];
  const head = make('tr', {}, make('td'), ...roles.map((role) => make('th', { scope: 'col' }, role)));
  const rows = report.moved.map(({ title, words }) => {
    const cells = words.map((count) => make('td', { class: 'mono' }, count === 0 ? '' : few(count)));
    return make('tr', {}, make('th', { scope: 'row' }, title), ...cells);
  });
  const about = 'Words, padding included: activations, weights, sums, and what the vector unit adds and writes.';
  const table = make('table', { class: 'moved', 'aria-label': 'Words moved' }, head, ...rows);
  return [make('p', { class: 'quiet' }, about), make('div', { class: 'scroll' }, table)];
}

/** Opened by its title; it stays as it is from run to run. What is in it is made when it is to be seen. */
function folded(title: string, content: () => HTMLElement[]): HTMLElement {
  const details = make('details', {}, make('summary', {}, title));
  details.open = opened.has(title);
  if (details.open) details.append(...content());
  details.addEventListener('toggle', () => {
    if (details.open && details.childElementCount === 1) details.append(...content());
    if (details.open) opened.add(title);
    else opened.delete(title);
  });
  return details;
}

const opened = new Set<string>();

/** A count in few figures; whole up to 9,999. */
export function few(count: number): string {
  return count < 10_000 ? grouped(count) : short(count);
}

export function bar(shares: ClassShare[], total: number): HTMLElement {
  const parts = shares.map(({ name, title, cycles }) => {
    // The legend has the same links for keys.
    const part = make('a', {
      ...docsOf(name),
      tabindex: '-1',
      title: `${title}: ${grouped(cycles)} cycles, ${percent(cycles / total)}`,
    });
    part.style.flexGrow = String(cycles / total);
    part.style.background = classColour(name);
    return part;
  });
  return make('div', { class: 'bar', 'aria-hidden': 'true' }, ...parts);
}

/** A class's name leads to what it means. */
export function classLink({ name, title }: ClassShare): HTMLElement {
  return make('a', docsOf(name), title);
}

function docsOf(name: string): Record<string, string> {
  const row = name === 'fill_drain' ? 'fill-and-drain' : name.replace('_', '-');
  return { class: 'docs-link', href: `./docs/machine.html#${row}`, target: '_blank', rel: 'noopener' };
}

export function swatch(name: string): HTMLElement {
  const square = make('i', { class: 'swatch' });
  square.style.background = classColour(name);
  return square;
}

function classColour(name: string): string {
  return `var(--class-${name.replace('_', '-')})`;
}

export function percent(share: number): string {
  const parts = 100 * share;
  if (parts > 0 && parts < 0.1) return '<0.1 %';
  return parts < 100 && parts > 99.9 ? '>99.9 %' : `${parts.toFixed(1)} %`;
}
