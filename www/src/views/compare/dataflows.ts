// The same program with each dataflow, one run after the other in a worker of their own.

import type { Bench, Source } from '../../bench';
import { make } from '../../dom';
import { Lone } from './lone';
import type { Way } from './tables';

const FLOWS = [
  ['ws', 'weights stay'],
  ['is', 'inputs stay'],
  ['os', 'outputs stay'],
] as const;

export class Dataflows {
  private lone: Lone | null = null;

  constructor(private readonly bench: Bench) {}

  /** Tells of each way as its run ends; of none any more once others are asked for, or it was ended. */
  async run(source: Source, now: string, told: (ways: Way[], done: boolean) => void): Promise<void> {
    this.end();
    const lone = new Lone(this.bench, { picture: make('div'), timeline: make('div') }, view, QUIET);
    this.lone = lone;
    const ways: Way[] = [];
    for (const [name, title] of FLOWS) {
      const way = await tried(lone, { name, title, now: name === now }, withFlow(source, name));
      if (this.lone !== lone) return;
      ways.push(way);
      told(ways, ways.length === FLOWS.length);
    }
    this.end();
  }

  end(): void {
    const { lone } = this;
    this.lone = null;
    lone?.end();
  }
}

async function tried(lone: Lone, way: Pick<Way, 'name' | 'title' | 'now'>, source: Source): Promise<Way> {
  try {
    return { ...way, result: await lone.run(source), why: '' };
  } catch (error) {
    return { ...way, result: null, why: error instanceof Error ? error.message : String(error) };
  }
}

/** A program on the same chip with another dataflow. */
export function withFlow({ text, chip }: Source, flow: string): Source {
  return { text, chip: { ...chip, changes: { ...chip.changes, dataflow: flow } } };
}

/** Nobody looks at its pictures. */
const view = () => ({ width: 1, height: 1, pixelRatio: 1, theme: 'light' as const, timelineWidth: 0 });
const QUIET = { progress: () => {}, frame: () => {}, picked: () => {} };
