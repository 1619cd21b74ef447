// Chips that were there before, to go back to and forth again.

import { sameChip } from './chip';
import { button, byId } from './dom';
import type { Chip } from './protocol';

/** Chips that are kept. */
const MOST = 100;
/** What is typed without a pause of so many milliseconds is one change. */
const PAUSE = 700;

export class ChipHistory {
  private readonly past: Chip[] = [];
  private future: Chip[] = [];
  private now: Chip | null = null;
  private changed = -Infinity;
  private readonly back = button('Undo', () => this.undo(), { title: 'Undo the last change of the chip (Ctrl + Z)' });
  private readonly forth = button('Redo', () => this.redo(), { title: 'Redo it (Ctrl + Shift + Z)' });

  constructor(private readonly take: (chip: Chip) => void) {
    byId('chip-reset').before(this.back, this.forth);
    byId('chip-panel').addEventListener('keydown', (event) => this.key(event));
    this.offer();
  }

  /** A chip is on show. */
  visit(chip: Chip): void {
    if (this.now && !sameChip(chip, this.now)) {
      const typing = performance.now() - this.changed < PAUSE && this.past.length > 0;
      if (!typing) this.past.push(this.now);
      this.past.splice(0, this.past.length - MOST);
      this.future = [];
      this.changed = performance.now();
    }
    this.now = chip;
    this.offer();
  }

  private undo(): void {
    this.move(this.past, this.future);
  }

  private redo(): void {
    this.move(this.future, this.past);
  }

  private move(from: Chip[], to: Chip[]): void {
    const chip = from.pop();
    if (!chip || !this.now) return;
    to.push(this.now);
    // It is there already when it comes to be shown.
    this.now = chip;
    this.changed = -Infinity;
    this.take(chip);
    this.offer();
  }

  private offer(): void {
    this.back.disabled = this.past.length === 0;
    this.forth.disabled = this.future.length === 0;
  }

  /** The text has an undo of its own. */
  private key(event: KeyboardEvent): void {
    const letter = event.key.toLowerCase();
    if (!(event.ctrlKey || event.metaKey) || event.altKey || event.target instanceof HTMLTextAreaElement) return;
    if (letter !== 'z' && letter !== 'y') return;
    event.preventDefault();
    if (letter === 'y' || event.shiftKey) this.redo();
    else this.undo();
  }
}
