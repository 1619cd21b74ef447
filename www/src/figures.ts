// Figures within the documentation: in its colours, and those side by side at one clock.

type Figure = HTMLElement & { seek(cycle: number): void };

const root = document.documentElement;
const figures = [...document.querySelectorAll<Figure>('systolic-array')];

export function showFigures(theme: () => string): void {
  const dress = () => figures.forEach((figure) => figure.setAttribute('theme', theme()));
  new MutationObserver(dress).observe(root, { attributeFilter: ['data-theme'] });
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', dress);
  dress();
  document.querySelectorAll('.figures').forEach(keepTogether);
  const script = document.createElement('script');
  script.src = new URL('../systole.js', document.baseURI).href;
  document.head.append(script);
}

/** Whichever the reader moves, the others follow. */
function keepTogether(row: Element): void {
  const all = [...row.querySelectorAll<Figure>('systolic-array')];
  const at = new Map<Figure, number>();
  for (const figure of all) {
    figure.addEventListener('systole-cycle', ({ detail }: CustomEventInit<{ cycle: number }>) => {
      const { cycle } = detail!;
      const begins = !at.has(figure);
      at.set(figure, cycle);
      if (begins || !leads(figure)) return;
      for (const other of all) if (other !== figure && at.has(other) && at.get(other) !== cycle) other.seek(cycle);
    });
  }
}

/** The one that the reader is in; a frame that has the focus is its page's active element. */
function leads(figure: Figure): boolean {
  return document.activeElement === figure;
}
