// The life of the worker that tries changes: one question at a time, ended when there is a newer one or it takes too long.

import type { Bench, Source } from '../bench';
import type { Advice, FromAdvisor, LimitsOf, ToAdvisor } from '../protocol';

/** Milliseconds without an edit before changes are tried. */
const QUIET = 200;
/** Milliseconds that all changes of a run may take. */
const MOST = 12_000;

export interface AdvisorEvents {
  limits(limits: LimitsOf): void;
  advice(list: Advice[]): void;
  /** So many changes have been tried; `over`: there will be no more. */
  tried(count: number, over: boolean): void;
  failed(): void;
}

export class Advisors {
  private worker: Worker | null = null;
  private busy = false;
  private changes = 0;
  private count = 0;
  private quiet: ReturnType<typeof setTimeout> | undefined;
  private limit: ReturnType<typeof setTimeout> | undefined;
  /** How many questions there have been: an answer to an earlier one is stale. */
  private questions = 0;

  constructor(
    private readonly bench: Bench,
    private readonly events: AdvisorEvents,
  ) {}

  /** Asks about a run, in place of what was asked before. */
  ask(source: Source): void {
    const question = ++this.questions;
    if (this.busy) this.end();
    clearTimeout(this.quiet);
    this.quiet = setTimeout(() => void this.send(source, question), QUIET);
  }

  private async send({ text, chip }: Source, question: number): Promise<void> {
    try {
      const module = await this.bench.desk.module();
      if (question !== this.questions) return;
      this.worker ??= this.start();
      this.busy = true;
      this.count = 0;
      const ask: ToAdvisor = { module, text, chip };
      this.worker.postMessage(ask);
      clearTimeout(this.limit);
      this.limit = setTimeout(() => this.stop(), MOST);
    } catch {
      this.events.failed();
    }
  }

  private start(): Worker {
    const worker = new Worker(new URL('./advice.worker.ts', import.meta.url), { type: 'module' });
    worker.onmessage = ({ data }: MessageEvent<FromAdvisor>) => {
      if (worker === this.worker) this.hear(data);
    };
    worker.onerror = (event) => {
      event.preventDefault();
      if (worker === this.worker) this.hear({ kind: 'failed', message: event.message });
    };
    return worker;
  }

  private hear(message: FromAdvisor): void {
    if (message.kind === 'limits') {
      this.changes = message.limits.changes;
      this.events.limits(message.limits);
      this.tell();
    } else if (message.kind === 'tried') {
      this.count = message.tried;
      if (message.advice) this.events.advice(message.advice);
      this.tell();
    } else {
      this.end();
      this.events.failed();
    }
  }

  private tell(): void {
    const over = this.count === this.changes;
    this.busy = !over;
    if (over) clearTimeout(this.limit);
    this.events.tried(this.count, over);
  }

  /** What has not been tried yet takes too long. */
  private stop(): void {
    if (!this.busy) return;
    this.end();
    this.events.tried(this.count, true);
  }

  private end(): void {
    clearTimeout(this.limit);
    this.worker?.terminate();
    this.worker = null;
    this.busy = false;
  }
}
