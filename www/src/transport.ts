// The clock: which cycle is shown, and how fast it moves on.

import type { NextStop } from './bench';
import { byId, grouped } from './dom';

/** Cycles a second, by the speed control's place, as far as a run is long enough for them. */
const SPEEDS = Array.from({ length: 45 }, (_, place) => 2 ** place);

/** The fastest takes this many seconds for the whole run. */
const FASTEST = 8;

/** Up to this speed one can follow how numbers move, for so long of a cycle's time. */
const FOLLOWED = 4;
const ON_THE_WAY = 0.6;

export class Transport {
  private readonly slider = byId<HTMLInputElement>('cycle');
  private readonly speedSlider = byId<HTMLInputElement>('speed');
  private readonly playButton = byId<HTMLButtonElement>('play');
  private readonly clock = byId('clock');
  private readonly stage = byId('stage');
  private readonly still = matchMedia('(prefers-reduced-motion: reduce)');
  private length = 0;
  private cycle = 0;
  /** Time of the last step while playing. */
  private last: number | null = null;
  /** The next step while playing. */
  private due = 0;
  private resting = false;
  /** What playing stops at, and where that is next: until that is known it waits. */
  private next: NextStop | null = null;
  private stop: number | 'asked' = Infinity;
  private samples: Uint8Array = new Uint8Array();
  /** Of what is drawn behind the scrubber; CSS pixels. */
  private room = { width: 0, height: 0 };

  /** `over`: milliseconds that what moves may take. */
  constructor(private readonly show: (cycle: number, over: number) => void) {
    byId('to-start').addEventListener('click', () => this.seek(0));
    byId('to-end').addEventListener('click', () => this.seek(this.length));
    byId('back').addEventListener('click', () => this.step(-1));
    byId('forward').addEventListener('click', () => this.step(1));
    this.playButton.addEventListener('click', () => this.toggle());
    this.slider.addEventListener('input', () => this.seek(this.slider.valueAsNumber));
    this.speedSlider.addEventListener('input', () => this.labelSpeed());
    new ResizeObserver(([entry]) => {
      this.room = entry!.contentRect;
      this.drawActivity();
    }).observe(byId('activity'));
    this.label();
    this.labelPlaying();
    this.labelSpeed();
  }

  /** A new run of so many cycles. */
  setRun(length: number, samples: Uint8Array): void {
    this.length = length;
    this.slider.max = String(length);
    const fastest = SPEEDS.findIndex((speed) => speed >= Math.max(512, length / FASTEST));
    this.speedSlider.max = String(fastest);
    this.clock.style.minWidth = `${this.words(length).length}ch`;
    this.labelSpeed();
    this.move(this.cycle);
    this.setActivity(samples);
  }

  /** How many PEs are at work over the run. */
  setActivity(samples: Uint8Array): void {
    this.samples = samples;
    this.drawActivity();
  }

  get playing(): boolean {
    return this.last !== null;
  }

  toggle(): void {
    if (this.playing) this.pause();
    else this.play();
  }

  play(): void {
    if (this.length === 0) return;
    if (this.cycle >= this.length) this.move(0);
    this.last = performance.now();
    void this.ask();
    this.tickSoon();
    this.labelPlaying();
  }

  /** Lets time stand still, as long as nobody looks: what plays then goes on where it was. */
  rest(): void {
    this.resting = true;
  }

  wake(): void {
    this.resting = false;
    if (!this.playing) return;
    this.last = performance.now();
    this.tickSoon();
  }

  /** One clock ticks, however often it is started. */
  private tickSoon(): void {
    cancelAnimationFrame(this.due);
    if (!this.resting) this.due = requestAnimationFrame((now) => this.tick(now));
  }

  /** Stops at something when it plays. */
  arm(next: NextStop | null): Promise<void> {
    this.next = next;
    return this.ask();
  }

  private async ask(): Promise<void> {
    const { next } = this;
    this.stop = next && this.playing ? 'asked' : Infinity;
    if (!next || !this.playing) return;
    const stop = await next(this.cycle).catch(() => undefined);
    if (this.next === next && this.stop === 'asked') this.stop = stop ?? Infinity;
  }

  pause(): void {
    this.last = null;
    this.labelPlaying();
  }

  /** Steps by hand; playing stops. */
  step(by: number): void {
    this.seek(this.cycle + by);
  }

  seek(cycle: number): void {
    this.pause();
    this.move(cycle);
  }

  faster(by: number): void {
    this.speedSlider.value = String(this.speedSlider.valueAsNumber + by);
    this.labelSpeed();
  }

  /** So fast, or the next faster one that there is. */
  setSpeed(cyclesPerSecond: number): void {
    this.speedSlider.value = String(SPEEDS.findIndex((speed) => speed >= cyclesPerSecond));
    this.labelSpeed();
  }

  redraw(): void {
    this.drawActivity();
  }

  private move(cycle: number, over = 0): void {
    this.cycle = Math.max(0, Math.min(this.length, cycle));
    this.label();
    this.show(this.cycle, over);
  }

  private tick(now: number): void {
    if (this.last === null || this.resting) return;
    const steps = Math.floor(((now - this.last) * this.speed) / 1000);
    if (this.stop === 'asked') this.last = now;
    else if (steps > 0) {
      this.last += (steps * 1000) / this.speed;
      // A tab that slept does not catch up.
      if (now - this.last > 500) this.last = now;
      const followed = steps === 1 && this.speed <= FOLLOWED && !this.still.matches;
      this.move(Math.min(this.cycle + steps, this.stop), followed ? (1000 * ON_THE_WAY) / this.speed : 0);
    }
    if (this.cycle >= this.length || this.cycle === this.stop) this.pause();
    else this.tickSoon();
  }

  /** Cycles a second. */
  get speed(): number {
    return SPEEDS[this.speedSlider.valueAsNumber] ?? 8;
  }

  private words(cycle: number): string {
    return `cycle ${grouped(cycle)} of ${grouped(this.length)}`;
  }

  private label(): void {
    const words = this.words(this.cycle);
    this.clock.textContent = words;
    this.slider.value = String(this.cycle);
    this.slider.setAttribute('aria-valuetext', words);
    this.stage.dataset['cycle'] = String(this.cycle);
  }

  private labelPlaying(): void {
    this.stage.dataset['playing'] = String(this.playing);
    this.playButton.setAttribute('aria-label', this.playing ? 'Pause' : 'Play');
  }

  private labelSpeed(): void {
    const speed = `${grouped(this.speed)} cycle${this.speed === 1 ? '' : 's'}/s`;
    byId('speed-shown').textContent = speed;
    this.speedSlider.setAttribute('aria-valuetext', speed);
  }

  /** Behind the scrubber. */
  private drawActivity(): void {
    const canvas = byId<HTMLCanvasElement>('activity');
    const { width, height } = this.room;
    const ratio = window.devicePixelRatio;
    canvas.width = Math.max(1, Math.round(width * ratio));
    canvas.height = Math.max(1, Math.round(height * ratio));
    const context = canvas.getContext('2d');
    if (!context || this.samples.length === 0) return;
    context.fillStyle = getComputedStyle(canvas).color;
    const step = canvas.width / this.samples.length;
    this.samples.forEach((share, at) => {
      const tall = (share / 255) * canvas.height;
      context.fillRect(at * step, canvas.height - tall, Math.ceil(step), tall);
    });
  }
}
