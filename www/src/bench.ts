// What the views of a run share: the run on show, its cycle, what is picked, and the machine that can be asked about it.

import type { Engine } from './engine';
import type { Example } from './examples';
import type { Action } from './keys';
import type { Figure, Notation } from './link';
import type { Assembled, Calls, CameraMove, Chip, Cycles, Frame, ModuleParts, Pe, Preset, Report } from './protocol';
import type { Draft } from './storage';
import type { Theme } from './theme';

/** What views can hear of. */
export interface Events {
  /** Another run is on show. */
  ran: Report;
  /** A cycle is wanted, and will be painted if no other is wanted before. */
  cycle: number;
  /** A cycle has been painted. */
  frame: Frame;
  /** An operator of the run has been picked, by its number, or none. */
  picked: number | null;
  /** Colours have changed. */
  theme: void;
  /** One looks nearer, or elsewhere. */
  turned: CameraMove;
  /** The run on show is a link's, which says how it is looked at. */
  arrived: Figure;
  /** The timeline shows other cycles, or all. */
  span: Cycles | null;
}

/** What the page does for views. */
export interface Desk {
  seek(cycle: number): void;
  turn(move: CameraMove): void;
  /** Pictures have another size. */
  resize(): void;
  /** What playing stops at, or nothing. */
  arm(next: NextStop | null): void;
  /** Selects a PE; outside the array, the nearest one. */
  select(pe: Pe): void;
  /** Selects the PE so many rows and columns from the selected one, or the nearest one that there is. */
  step(rows: number, cols: number): void;
  call<Name extends keyof Calls>(name: Name, ...args: Calls[Name]['args']): Promise<Calls[Name]['answer']>;
  /** Tells editor and pictures which operator is picked. */
  pick(op: number | null): void;
  showUnit(unit: number): void;
  /** Bookmarks as they were kept with the text: from outside, to be looked at. */
  marks(): unknown;
  keepMarks(marks: unknown): void;
  text(): string;
  /** Runs an assembly in the program's place, if nothing is wrong with it. */
  assemble(text: string): Promise<Assembled>;
  /** Compiles the program and runs it. */
  run(): void;
  chip(): Chip;
  /** Another program and chip, as if somebody had typed them. */
  change(to: Source): void;
  openExample(example: Example): void;
  /** What is there now, as it is kept. */
  draft(): Draft;
  openDraft(draft: Draft): void;
  /** What is seen now, for a link. */
  figure(): Figure;
  /** Arrays that the program loads and that are the reader's own: links do not hold them. */
  ownArrays(): string[];
  /** Arrays that the program loads, as far as they are there. */
  arrays(): [path: string, bytes: Uint8Array][];
  chips(): Preset[];
  /** Shows everything in other colours; what the reader chose is kept. */
  dress(theme: Theme): void;
  takeChip(base: string): void;
  /** For runs of a view's own, with the same files. */
  twin(...args: Parameters<Engine['twin']>): Engine;
  /** The module, for a worker of a view's own, as soon as somebody is there. */
  module(): Promise<ModuleParts>;
}

/** The cycle after another at which playing stops; `undefined` if there is none. */
export type NextStop = (after: number) => Promise<number | undefined>;

/** What a run is of. */
export interface Source {
  text: string;
  chip: Chip;
}

type Listener<Event> = (event: Event) => void;

export class Bench {
  private readonly listeners: { [Event in keyof Events]: Listener<Events[Event]>[] } = {
    ran: [],
    cycle: [],
    frame: [],
    picked: [],
    theme: [],
    turned: [],
    arrived: [],
    span: [],
  };
  private readonly acts = new Map<Action, () => void>();
  /** The run on show, if there is one. */
  report: Report | null = null;
  cycle = 0;
  /** What it is of: what is in the editor may be newer. */
  source: Source | null = null;
  frame: Frame | null = null;
  /** The operator that is picked, by its number in the report. */
  op: number | null = null;
  /** How numbers are written. */
  notation: Notation = 'decimal';
  /** The cycles that the timeline shows, if these are not all. */
  span: Cycles | null = null;
  /** What a link shows of the run on show, if it came by one. */
  private arrival: Figure | null = null;
  /** In how many times its size what is in the picture is shown: there is room for so much less. */
  magnified = 1;
  /** Of the module, once it is there. */
  version = '';

  constructor(readonly desk: Desk) {}

  /** Hears of something from now on; what is known of it already is told at once. */
  on<Event extends keyof Events>(event: Event, listener: Listener<Events[Event]>): void {
    this.listeners[event].push(listener);
    const known: Partial<Events> = { picked: this.op, cycle: this.cycle };
    if (this.report) known.ran = this.report;
    if (this.frame) known.frame = this.frame;
    if (this.arrival) known.arrived = this.arrival;
    const last = known[event];
    if (last !== undefined) listener(last);
  }

  /** Another run, and what a link shows of it. What was picked stays picked if the new one has an operator of that name. */
  ran(report: Report, source: Source | null, arrival: Figure | null): void {
    this.source = source;
    this.arrival = arrival;
    const name = this.op === null ? undefined : this.report?.ops[this.op]?.name;
    this.report = report;
    this.tell('ran', report);
    if (arrival) this.arrive(arrival);
    const again = report.ops.findIndex((op) => op.name === name);
    if (name !== undefined) this.pick(again < 0 ? null : again);
  }

  private arrive(arrival: Figure): void {
    // Until views are there that follow.
    [this.notation, this.span] = [arrival.notation, arrival.span];
    this.tell('arrived', arrival);
  }

  /** The timeline shows other cycles, or all. */
  zoomed(span: Cycles | null): void {
    this.span = span;
    this.tell('span', span);
  }

  moved(cycle: number): void {
    this.cycle = cycle;
    this.tell('cycle', cycle);
  }

  painted(frame: Frame): void {
    this.frame = frame;
    this.tell('frame', frame);
  }

  themed(): void {
    this.tell('theme', undefined);
  }

  magnify(by: number): void {
    this.magnified = by;
    this.desk.resize();
  }

  /** Looks nearer, or elsewhere, in every picture of the array. */
  turn(move: CameraMove): void {
    this.desk.turn(move);
    this.tell('turned', move);
  }

  /** Picks an operator, or none: its line, its bars, its cells and whatever else shows it light up. */
  pick(op: number | null): void {
    this.op = op;
    this.desk.pick(op);
    this.tell('picked', op);
  }

  /** Picks the operator of a line; a line without one changes nothing. Of several, the one behind the picked one. */
  pickLine(line: number): void {
    // Lines of an assembly are not the program's.
    const ops = (this.report?.assembly ? null : this.report?.ops) ?? [];
    const ofLine = ops.flatMap((op, at) => (op.line === line ? [at] : []));
    if (ofLine.length === 0) return;
    const next = this.op === null ? 0 : ofLine.indexOf(this.op) + 1;
    this.pick(ofLine[next % ofLine.length]!);
  }

  /** Says how something is done, for keys and commands. */
  offer(acts: Partial<Record<Action, () => void>>): void {
    for (const [name, act] of Object.entries(acts)) this.acts.set(name as Action, act);
  }

  can(action: Action): boolean {
    return this.acts.has(action);
  }

  act(action: Action): void {
    this.acts.get(action)?.();
  }

  private tell<Event extends keyof Events>(event: Event, what: Events[Event]): void {
    for (const listener of this.listeners[event]) listener(what);
  }
}
