// The pad: choose one of the digits of an input, draw another in its place, and see what the array reads.

import { digitsOf } from './digits';
import { byId, button, make } from './dom';
import type { Input, Report } from './protocol';
import { rasterise, type Stroke } from './raster';

/** Pixels of a digit go from 0 to this. */
const FULL = 16;

export class Pad {
  private readonly host = byId('pad');
  private readonly thumbs = make('div', { class: 'thumbs', role: 'group', 'aria-label': 'Digits of the batch' });
  private readonly surface = make('canvas', { class: 'surface', 'aria-hidden': 'true' });
  private readonly pixels = make('div', {
    role: 'grid',
    'aria-label': 'Pixels, 0 to 16: arrows move, digits, + and − set',
    class: 'pixels',
  });
  private readonly verdict = make('p', { class: 'reads', role: 'status' });
  private input: Input | null = null;
  private digit = 0;
  /** What has been put and no report has shown yet: keys and strokes come faster than runs. */
  private unread: { digit: number; values: number[] } | null = null;
  private strokes: Stroke[] = [];
  private drawing = false;
  private pixel = 0;
  private pause: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly change: (path: string, row: number, values: Int8Array) => void,
    private readonly restore: (path: string) => void,
    /** A digit has been drawn, and no further stroke follows. */
    private readonly finished: () => void,
  ) {
    const clear = button('Clear', () => this.clear());
    const back = button('Restore', () => this.original(), {
      title: 'Bring the original digits back',
    });
    this.host.append(
      make('h2', {}, 'Draw a digit'),
      this.thumbs,
      make(
        'div',
        { class: 'drawing' },
        make('div', { class: 'sheet' }, this.surface, make('span', { class: 'hint' }, 'draw here')),
        make('div', { class: 'seen' }, this.pixels, make('span', { class: 'quiet' }, 'what the array reads')),
      ),
      make('div', { class: 'row' }, this.verdict, clear, back),
    );
    for (let at = 0; at < 8; at++) {
      const cells = Array.from({ length: 8 }, () => make('div', { role: 'gridcell', tabindex: '-1' }));
      this.pixels.append(make('div', { role: 'row' }, ...cells));
    }
    this.pixels.addEventListener('keydown', (event) => this.key(event));
    this.pixels.addEventListener('pointerdown', (event) => {
      const at = this.cells().indexOf(event.target as HTMLElement);
      if (at >= 0) this.focusPixel(at);
    });
    this.listen();
    new ResizeObserver(() => this.drawStrokes()).observe(this.surface);
  }

  /** Shows the digits of a run, if it has an input that looks like some. */
  show(report: Report): void {
    const input = digitsOf(report);
    this.host.hidden = !input;
    if (!input) {
      this.input = null;
      return;
    }
    if (this.input?.path !== input.path || this.input?.shape[0] !== input.shape[0]) {
      this.forget();
      this.unread = null;
    }
    this.input = input;
    if (
      this.unread &&
      same(input.values!.slice(this.unread.digit * 64, this.unread.digit * 64 + 64), this.unread.values)
    ) {
      this.unread = null;
    }
    this.digit = Math.min(this.digit, input.shape[0]! - 1);
    const answers = report.outputs.find((o) => o.shape.length === 1 && o.shape[0] === input.shape[0])?.values ?? null;
    this.showThumbs(input, answers);
    this.showPixels(this.values());
    const blank = this.values().every((value) => value === 0);
    this.verdict.textContent = blank ? 'Nothing drawn yet.' : answers ? `The array reads ${answers[this.digit]}.` : '';
    this.drawStrokes();
  }

  private values(): number[] {
    if (this.unread?.digit === this.digit) return this.unread.values;
    return this.input?.values?.slice(this.digit * 64, this.digit * 64 + 64) ?? [];
  }

  private showThumbs(input: Input, answers: number[] | null): void {
    const count = Math.min(input.shape[0]!, 32);
    while (this.thumbs.childElementCount > count) this.thumbs.lastElementChild!.remove();
    while (this.thumbs.childElementCount < count) {
      const at = this.thumbs.childElementCount;
      const choose = make('button', { type: 'button' }, make('canvas', { width: '8', height: '8' }), make('span', {}));
      choose.addEventListener('click', () => this.choose(at));
      this.thumbs.append(choose);
    }
    [...this.thumbs.children].forEach((thumb, at) => {
      const answer = answers ? String(answers[at]) : '';
      thumb.setAttribute('aria-label', answer ? `Digit ${at + 1}, read as ${answer}` : `Digit ${at + 1}`);
      thumb.setAttribute('aria-pressed', String(at === this.digit));
      thumb.querySelector('span')!.textContent = answer;
      paintDigit(thumb.querySelector('canvas')!, input.values!.slice(at * 64, at * 64 + 64));
    });
  }

  private choose(digit: number): void {
    this.forget();
    this.digit = digit;
    const chosen = this.thumbs.children[digit];
    [...this.thumbs.children].forEach((thumb) => thumb.setAttribute('aria-pressed', String(thumb === chosen)));
    const answer = chosen?.querySelector('span')?.textContent;
    this.verdict.textContent = answer ? `The array reads ${answer}.` : '';
    this.showPixels(this.values());
  }

  private showPixels(values: number[]): void {
    this.cells().forEach((cell, at) => {
      const value = values[at] ?? 0;
      cell.style.setProperty('--amount', String(Math.max(0, Math.min(1, value / FULL))));
      cell.setAttribute('aria-label', `row ${Math.floor(at / 8)}, column ${at % 8}: ${value}`);
      cell.tabIndex = at === this.pixel ? 0 : -1;
      cell.dataset['value'] = String(value);
    });
  }

  private cells(): HTMLElement[] {
    return [...this.pixels.querySelectorAll<HTMLElement>('[role=gridcell]')];
  }

  /** What was drawn before is over. */
  private forget(): void {
    this.strokes = [];
    this.drawing = false;
    clearTimeout(this.pause);
    this.drawStrokes();
  }

  private clear(): void {
    this.forget();
    this.put(new Int8Array(64));
  }

  private original(): void {
    this.forget();
    this.unread = null;
    if (this.input?.path) this.restore(this.input.path);
  }

  private put(values: Int8Array): void {
    if (!this.input?.path) return;
    this.unread = { digit: this.digit, values: [...values] };
    this.showPixels([...values]);
    this.change(this.input.path, this.digit, values);
  }

  private listen(): void {
    const at = (event: PointerEvent) => {
      const { left, top, width, height } = this.surface.getBoundingClientRect();
      return { x: (event.clientX - left) / width, y: (event.clientY - top) / height };
    };
    this.surface.addEventListener('pointerdown', (event) => {
      event.preventDefault();
      this.surface.setPointerCapture(event.pointerId);
      this.drawing = true;
      clearTimeout(this.pause);
      this.strokes.push([at(event)]);
      this.drawn();
    });
    this.surface.addEventListener('pointermove', (event) => {
      if (!this.drawing) return;
      const steps = event.getCoalescedEvents?.() ?? [];
      this.strokes.at(-1)?.push(...(steps.length > 0 ? steps : [event]).map(at));
      this.drawn();
    });
    const stop = () => {
      if (!this.drawing) return;
      this.drawing = false;
      this.pause = setTimeout(() => this.finished(), 700);
    };
    this.surface.addEventListener('pointerup', stop);
    this.surface.addEventListener('pointercancel', stop);
  }

  private drawn(): void {
    this.drawStrokes();
    this.put(rasterise(this.strokes));
  }

  private drawStrokes(): void {
    const { width, height } = this.surface.getBoundingClientRect();
    const ratio = window.devicePixelRatio;
    this.surface.width = Math.max(1, Math.round(width * ratio));
    this.surface.height = Math.max(1, Math.round(height * ratio));
    this.surface.parentElement?.classList.toggle('drawn', this.strokes.length > 0);
    const context = this.surface.getContext('2d');
    if (!context) return;
    context.scale(this.surface.width, this.surface.height);
    context.strokeStyle = getComputedStyle(this.surface).color;
    context.lineWidth = 0.16;
    context.lineCap = context.lineJoin = 'round';
    for (const stroke of this.strokes) {
      context.beginPath();
      stroke.forEach(({ x, y }, at) => (at === 0 ? context.moveTo(x, y) : context.lineTo(x, y)));
      if (stroke.length === 1) context.lineTo(stroke[0]!.x, stroke[0]!.y + 1e-4);
      context.stroke();
    }
  }

  private focusPixel(at: number): void {
    this.pixel = at;
    const cells = this.cells();
    cells.forEach((cell, other) => (cell.tabIndex = other === at ? 0 : -1));
    cells[at]?.focus();
  }

  private key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const moves: Record<string, number> = { ArrowUp: -8, ArrowDown: 8, ArrowLeft: -1, ArrowRight: 1 };
    const move = moves[event.key];
    const value = this.values()[this.pixel] ?? 0;
    const sets: Record<string, number> = { '+': value + 1, '-': value - 1, ' ': value > 0 ? 0 : FULL, Delete: 0 };
    const set = /^[0-9]$/.test(event.key) ? Number(event.key) : sets[event.key];
    if (move === undefined && set === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    if (move !== undefined) this.focusPixel((this.pixel + move + 64) % 64);
    if (set === undefined) return;
    this.forget();
    const values = Int8Array.from(this.values());
    values[this.pixel] = Math.max(0, Math.min(FULL, set));
    this.put(values);
  }
}

function same(a: number[], b: number[]): boolean {
  return a.length === b.length && a.every((value, at) => value === b[at]);
}

function paintDigit(canvas: HTMLCanvasElement, values: number[]): void {
  const context = canvas.getContext('2d');
  if (!context) return;
  context.clearRect(0, 0, 8, 8);
  context.fillStyle = getComputedStyle(canvas).color;
  values.forEach((value, at) => {
    context.globalAlpha = Math.max(0, Math.min(1, value / FULL));
    context.fillRect(at % 8, Math.floor(at / 8), 1, 1);
  });
}
