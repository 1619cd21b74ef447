// How near one looks at the array: wheel, pinch, keys, double click, and the way back.

import type { Bench } from '../bench';
import { byId, button, make } from '../dom';
import type { CameraMove, Frame } from '../protocol';

const LEVELS = ['Chip', 'Array', 'PE', 'Bits'] as const;

/** Pixels that a pointer may move before it is no click. */
const SLIP = 5;

export function mountStage(bench: Bench): void {
  const host = byId('canvas-host');
  const still = matchMedia('(prefers-reduced-motion: reduce)');
  const look = (level: number) => bench.turn({ by: 'look', level, smooth: !still.matches });
  const crumbs = LEVELS.map((name, level) => button(name, () => look(level)));
  byId('levels').append(...crumbs);

  const level = () => bench.frame?.level ?? 0;
  const nearer = (by: number) => look(Math.max(0, Math.min(LEVELS.length - 1, level() + by)));
  bench.on('frame', (frame) => show(frame));

  function show({ level, selected, term }: Frame): void {
    crumbs.forEach((crumb, at) => {
      if (at === level) crumb.setAttribute('aria-current', 'true');
      else crumb.removeAttribute('aria-current');
      if (at === 2) crumb.textContent = `PE ${selected.row}, ${selected.col}`;
    });
    showTerm(term);
    host.dataset['level'] = LEVELS[level]!.toLowerCase();
    // Nearer than the whole, a finger moves the picture; else it scrolls the page.
    host.style.touchAction = level === 0 ? 'pan-x pan-y' : 'none';
  }

  steer(host, bench, (move) => bench.turn(move));
  host.addEventListener('dblclick', () => nearer(level() < 2 ? 2 - level() : 1));
  host.tabIndex = 0;
  host.setAttribute('role', 'application');
  host.setAttribute('aria-label', 'The array: arrows choose a PE, Enter looks nearer, Escape less near');
  host.addEventListener('keydown', (event) => key(event, bench, nearer));
  bench.offer({ nearer: () => nearer(1), farther: () => nearer(-1), whole: () => look(0) });
}

/** The equation that the selected PE works on, the term of now lit. */
function showTerm(term: Frame['term']): void {
  const line = byId('term');
  if (!term) {
    line.replaceChildren();
    return;
  }
  const { of, factors, numbers } = term;
  const lit = (words: string[]) => make('mark', {}, words.join(' · '));
  const parts: (string | Node)[] = [`${of} = … + `, lit(factors), ' + …'];
  if (numbers) parts.push(make('span', {}, `${numbers.before} + `, lit(numbers.factors), ` = ${numbers.after}`));
  line.replaceChildren(...parts);
}

/** Where in the picture, in pixels of its own size. */
function place(host: HTMLElement, { magnified }: Bench, event: { clientX: number; clientY: number }): Place {
  const { left, top } = host.getBoundingClientRect();
  return { x: (event.clientX - left) / magnified, y: (event.clientY - top) / magnified };
}

/** Wheel and fingers on a picture of the array. */
export function steer(host: HTMLElement, bench: Bench, turn: Turn): void {
  wheel(host, bench, turn);
  fingers(host, bench, turn);
}

interface Place {
  x: number;
  y: number;
}

type Turn = (move: CameraMove) => void;

/** The wheel looks nearer; where it scrolls the page, only with Ctrl, which is also what a touchpad's pinch says. */
function wheel(host: HTMLElement, bench: Bench, turn: Turn): void {
  host.addEventListener(
    'wheel',
    (event) => {
      const scrolls = document.documentElement.scrollHeight > innerHeight + 1;
      if (scrolls && !event.ctrlKey) return;
      event.preventDefault();
      const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
      const step = Math.max(-120, Math.min(120, event.deltaY * lines));
      const factor = Math.exp(-step * (event.ctrlKey ? 0.01 : 0.0025));
      turn({ by: 'zoom', ...place(host, bench, event), factor });
    },
    { passive: false },
  );
}

/** One pointer moves the picture, two look nearer. */
function fingers(host: HTMLElement, bench: Bench, turn: Turn): void {
  const down = new Map<number, Place>();
  let moved = 0;
  host.addEventListener('pointerdown', (event) => {
    if (event.button > 1) return;
    if (down.size === 0) moved = 0;
    down.set(event.pointerId, place(host, bench, event));
  });
  host.addEventListener('pointermove', (event) => {
    const before = down.get(event.pointerId);
    if (!before) return;
    const now = place(host, bench, event);
    const other = [...down].find(([id]) => id !== event.pointerId)?.[1];
    moved += Math.hypot(now.x - before.x, now.y - before.y);
    down.set(event.pointerId, now);
    if (other) {
      const apart = (point: Place) => Math.max(10, Math.hypot(point.x - other.x, point.y - other.y));
      const middle = { x: (now.x + other.x) / 2, y: (now.y + other.y) / 2 };
      turn({ by: 'zoom', ...middle, factor: apart(now) / apart(before) });
    } else if (moved > SLIP && (bench.frame?.level !== 0 || event.pointerType === 'mouse')) {
      if (!host.hasPointerCapture(event.pointerId)) host.setPointerCapture(event.pointerId);
      turn({ by: 'pan', dx: now.x - before.x, dy: now.y - before.y });
    }
  });
  for (const end of ['pointerup', 'pointercancel'] as const) {
    host.addEventListener(end, (event) => down.delete(event.pointerId));
  }
  // What was dragged was not meant to be chosen.
  host.addEventListener('click', (event) => moved > SLIP && event.stopImmediatePropagation(), { capture: true });
}

/** While the picture has the focus, arrows choose a PE. */
function key(event: KeyboardEvent, bench: Bench, nearer: (by: number) => void): void {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const steps: Record<string, () => void> = {
    ArrowUp: () => bench.desk.step(-1, 0),
    ArrowDown: () => bench.desk.step(1, 0),
    ArrowLeft: () => bench.desk.step(0, -1),
    ArrowRight: () => bench.desk.step(0, 1),
    Enter: () => nearer(1),
    Escape: () => nearer(-1),
  };
  const step = steps[event.key];
  if (!step) return;
  event.preventDefault();
  step();
}
