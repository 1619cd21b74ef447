// A run in a worker of its own, beside the one on show.

import type { Bench, Source } from '../../bench';
import type { Engine, Hosts } from '../../engine';
import type { Figures, Frame, FromWorker, Pe, Report, View } from '../../protocol';

/** What has come of a run. */
export interface Result {
  source: Source;
  report: Report;
  figures: Figures;
}

export interface LoneEvents {
  progress(done: number): void;
  frame(frame: Frame): void;
  picked(pe: Pe): void;
}

export class Lone {
  readonly engine: Engine;
  private source: Source | null = null;
  /** What is wrong with the chip that was sent last. */
  private problem: string | null = null;
  private settle: { done(result: Result): void; failed(error: Error): void } | null = null;

  constructor(
    bench: Bench,
    hosts: Hosts,
    view: () => View,
    private readonly events: LoneEvents,
  ) {
    this.engine = bench.desk.twin(hosts, view, (message) => this.hear(message));
  }

  /** Runs a program on a chip; errors are for people. One after the other. */
  async run(source: Source): Promise<Result> {
    if (!this.engine.alive) await this.engine.start();
    this.source = source;
    this.problem = null;
    return new Promise((done, failed) => {
      this.settle = { done, failed };
      this.engine.run(source.text, source.chip);
    });
  }

  end(): void {
    this.engine.kill();
    this.fail('it was ended');
  }

  private fail(why: string): void {
    this.settle?.failed(new Error(why));
    this.settle = null;
  }

  private hear(message: FromWorker): void {
    switch (message.kind) {
      case 'chip':
        this.problem = message.state.problems[0]?.message ?? null;
        break;
      case 'checked': {
        const { runs, diagnostics } = message.checked;
        const error = diagnostics.find(({ severity }) => severity === 'error');
        if (!runs) this.fail(this.problem ?? error?.message ?? 'it does not compile');
        break;
      }
      case 'progress':
        this.events.progress(message.done);
        break;
      case 'ran':
        void this.ran(message.report);
        break;
      case 'frame':
        this.events.frame(message.frame);
        break;
      case 'picked':
        if (message.pe) this.events.picked(message.pe);
        break;
      case 'refused':
        this.fail(message.message);
        break;
      case 'crashed':
        this.fail('the simulator stopped because of a mistake of its own');
        break;
    }
  }

  private async ran(report: Report): Promise<void> {
    const { source, settle } = this;
    try {
      const figures = await this.engine.call('figures');
      if (source && figures) settle?.done({ source, report, figures });
      if (this.settle === settle) this.settle = null;
    } catch (error) {
      this.fail(error instanceof Error ? error.message : String(error));
    }
  }
}
