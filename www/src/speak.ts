// The cycle, spoken: not more often than can be listened to, and always the last one.

import { byId } from './dom';

const PAUSE = 1500;

export class Speaker {
  private readonly region = byId('spoken');
  private next = '';
  private waiting = false;

  say(text: string): void {
    this.next = text;
    if (this.waiting) return;
    this.waiting = true;
    // Keys held down come faster than this; what is spoken is where they led.
    setTimeout(() => {
      this.region.textContent = this.next;
      setTimeout(() => {
        this.waiting = false;
        if (this.region.textContent !== this.next) this.say(this.next);
      }, PAUSE);
    }, 150);
  }
}
