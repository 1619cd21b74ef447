// The array before a class: full screen and in large type, with the bookmarks as its steps and their names as captions.

import style from './present.css?url';
import type { Bench } from '../bench';
import { button, byId, make } from '../dom';
import { hashOf } from '../link';
import { notice } from '../notices';
import { type Bookmark, bookmarksOf } from './marks';
import { styled } from './styled';

/** CSS pixels of the window for which the type on the picture has its own size. */
const PLAIN = { width: 1000, height: 620 };
const LARGEST = 3;

/** The presentation, if there is one. */
let now: Presentation | null = null;
let listening = false;

/** Begins to present, or ends it. */
export async function present(bench: Bench): Promise<void> {
  if (now) return now.leave();
  if (!bench.report) return;
  // Only what follows a key or a click at once may fill the screen.
  const whole = document.documentElement.requestFullscreen?.().catch(() => {});
  await styled(style);
  await whole;
  listen(bench);
  now ??= new Presentation(bench, () => (now = null));
}

/** Once, for all presentations. */
function listen(bench: Bench): void {
  if (listening) return;
  listening = true;
  bench.on('cycle', (cycle) => now?.passed(cycle));
}

class Presentation {
  private readonly root = document.documentElement;
  private readonly came = document.activeElement as HTMLElement | null;
  private readonly caption = make('p', { class: 'step', 'aria-live': 'polite' });
  private readonly count = make('span', { class: 'mono quiet' });
  private readonly bar = make(
    'section',
    { id: 'present', 'aria-label': 'Presentation', tabindex: '-1' },
    this.caption,
    make(
      'div',
      {},
      this.count,
      button('‹', () => this.go(-1), { 'aria-label': 'Previous step', title: 'Previous step (PgUp)' }),
      button('›', () => this.go(1), { 'aria-label': 'Next step', title: 'Next step (PgDn)' }),
      button('Copy link', () => void this.copy(), { title: 'A link that opens as this presentation' }),
      button('Leave', () => this.leave(), { title: 'Leave (Esc)' }),
    ),
  );
  /** Place of the step that is shown, or -1 before the first. */
  private at = -1;
  private readonly key = (event: KeyboardEvent) => this.press(event);
  private readonly resized = () => this.magnify();
  private readonly whole = () => {
    if (!document.fullscreenElement) this.leave();
  };

  constructor(
    private readonly bench: Bench,
    private readonly left: () => void,
  ) {
    this.root.dataset['presenting'] = '';
    byId('stage').append(this.bar);
    this.bar.focus({ preventScroll: true });
    addEventListener('keydown', this.key, true);
    addEventListener('resize', this.resized);
    // The browser's Escape ends both.
    document.addEventListener('fullscreenchange', this.whole);
    this.magnify();
    this.begin();
  }

  leave(): void {
    delete this.root.dataset['presenting'];
    this.bar.remove();
    removeEventListener('keydown', this.key, true);
    removeEventListener('resize', this.resized);
    document.removeEventListener('fullscreenchange', this.whole);
    this.bench.magnify(1);
    if (document.fullscreenElement) void document.exitFullscreen();
    this.left();
    this.came?.focus();
  }

  /** Steps beyond the run's end are not shown. */
  private get steps(): Bookmark[] {
    return bookmarksOf(this.bench.desk.marks()).filter(({ cycle }) => cycle <= (this.bench.report?.cycles ?? 0));
  }

  /** Where one is, if that is a step; else with the first one. */
  private begin(): void {
    const at = this.steps.findIndex(({ cycle }) => cycle === this.bench.cycle);
    this.show(Math.max(0, at));
  }

  private go(by: number): void {
    const { length } = this.steps;
    if (length === 0) return this.bench.act(by > 0 ? 'forward' : 'back');
    this.show(Math.max(0, Math.min(length - 1, this.at + by)));
  }

  private show(at: number): void {
    const { steps } = this;
    const step = steps[at];
    this.at = step ? at : -1;
    if (step) this.bench.desk.seek(step.cycle);
    this.caption.textContent = step?.name ?? '';
    this.count.textContent = step
      ? `${at + 1} of ${steps.length}`
      : 'Bookmarks are the steps of a presentation; there are none.';
  }

  /** Playing stops at the next step. */
  passed(cycle: number): void {
    const next = this.steps[this.at + 1];
    if (next && cycle >= next.cycle && byId('stage').dataset['playing'] === 'true') this.show(this.at + 1);
  }

  /** What clickers send, and what one would try. Other keys do what they always do. */
  private press(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    if ((event.target as HTMLElement).closest('dialog')) return;
    const on = () => this.go(1);
    const back = () => this.go(-1);
    const acts: Record<string, () => void> = {
      PageDown: on,
      ArrowRight: on,
      ArrowDown: on,
      PageUp: back,
      ArrowLeft: back,
      ArrowUp: back,
      Home: () => this.show(0),
      End: () => this.show(this.steps.length - 1),
      b: () => this.blacken(),
      '.': () => this.blacken(),
      Escape: () => this.leave(),
    };
    const act = acts[event.key];
    if (!act) return;
    event.preventDefault();
    event.stopPropagation();
    if (act !== acts['b'] && act !== acts['.']) this.root.dataset['presenting'] = '';
    act();
  }

  /** Nothing to look at, so that people look at who speaks. */
  private blacken(): void {
    this.root.dataset['presenting'] = this.root.dataset['presenting'] === 'black' ? '' : 'black';
  }

  private magnify(): void {
    const by = Math.min(innerWidth / PLAIN.width, innerHeight / PLAIN.height, LARGEST);
    this.bench.magnify(Math.max(1, by));
  }

  private async copy(): Promise<void> {
    const hash = await hashOf(this.bench.desk.figure());
    const link = `${location.origin}${location.pathname}${hash}&p=1`;
    try {
      await navigator.clipboard.writeText(link);
      this.count.textContent = 'The link is copied.';
    } catch {
      notice(`This browser does not let pages copy; the link is ${link}`);
    }
  }
}
