// The worker's life: started with a canvas, told what to do, killed and started again at any moment.

import firstUrl from 'systole-wasm/systole_first.wasm.deflate?url';
import restUrl from 'systole-wasm/systole_rest.wasm.deflate?url';
import type { Source } from './bench';
import type {
  Answers,
  Assembled,
  Calls,
  CameraMove,
  Chip,
  FromWorker,
  ModuleParts,
  Pe,
  ToWorker,
  View,
} from './protocol';
import { newWorker } from './new-worker';
import { fetchModule } from './unpack';

/** What holds a canvas each. */
export interface Hosts {
  picture: HTMLElement;
  timeline: HTMLElement;
}

export class Engine {
  private worker: Worker | null = null;
  /** One that has been loaded and not been told anything. */
  private spare: Worker | null = null;
  private module: Promise<WebAssembly.Module> | null = null;
  /** The rest of it, once somebody is there who will need it. */
  private rest: WebAssembly.Module | null = null;
  private completing: Promise<void> | null = null;
  private completed: (parts: ModuleParts) => void = () => {};
  /** Both parts, as soon as somebody is there. */
  readonly whole = new Promise<ModuleParts>((resolve) => (this.completed = resolve));
  private generation = 0;
  private id = 0;
  private wanted: number | null = null;
  private seeking = false;
  private questions = 0;
  /** The newest question of each kind that has no answer yet. */
  private readonly asked = new Map<keyof Answers, { id: number; resolve: (answer: unknown) => void }>();
  /** What a new worker has to be told: files, the selected PE and the matrix unit shown. */
  private readonly files = new Map<string, Uint8Array>();
  /** How often a path has been given or forgotten: answers about an earlier state are stale. */
  private readonly versions = new Map<string, number>();
  /** What views have called and not been answered yet; assemblies by their numbers below 0. */
  private readonly called = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
  /** What runs are of, from the one on show on. */
  private readonly sources = new Map<number, Source>();
  private selected: Pe = { row: 0, col: 0 };
  private unit = 0;
  /** How often files have been given or forgotten: a check made before the last time may be about files that have come since. */
  fileChanges = 0;

  constructor(
    private readonly hosts: Hosts,
    private readonly view: () => View,
    private readonly hear: (message: FromWorker) => void,
  ) {}

  /** Begins to load what a worker is made of, while it is still to be found out what it is to do. */
  prepare(): void {
    // Whoever starts one is told what was wrong.
    this.compiled().catch(() => {});
    this.spare ??= this.newWorker();
  }

  private newWorker(): Worker {
    const worker = newWorker();
    worker.onmessage = (event: MessageEvent<FromWorker>) => this.receive(event.data);
    worker.onerror = (event) => {
      event.preventDefault();
      if (worker === this.spare) this.spare = null;
      else this.receive({ kind: 'crashed', message: event.message || 'the worker could not start', missing: false });
    };
    return worker;
  }

  /** Starts a worker in place of the one before, if there was one. */
  async start(): Promise<void> {
    this.kill();
    const generation = ++this.generation;
    const module = await this.compiled();
    if (generation !== this.generation) return;
    const canvas = canvasIn(this.hosts.picture);
    const timeline = canvasIn(this.hosts.timeline);
    this.worker = this.spare ?? this.newWorker();
    this.spare = null;
    this.send({ kind: 'start', module, canvas, timeline, view: this.view() }, [canvas, timeline]);
    if (this.rest) this.send({ kind: 'rest', module: this.rest });
    for (const [path, bytes] of this.files) this.send({ kind: 'file', path, bytes });
  }

  /** Another one, with the same module and files, for runs beside those of this one. */
  twin(hosts: Hosts, view: () => View, hear: (message: FromWorker) => void): Engine {
    const twin = new Engine(hosts, view, hear);
    [twin.module, twin.rest] = [this.module, this.rest];
    for (const [path, bytes] of this.files) twin.files.set(path, bytes);
    return twin;
  }

  /** The module's first part, compiled once. */
  private compiled(): Promise<WebAssembly.Module> {
    this.module ??= WebAssembly.compileStreaming(fetchModule(firstUrl)).catch((error) => {
      // The next attempt is to try again.
      this.module = null;
      throw error;
    });
    return this.module;
  }

  /** Loads the rest of the module before a worker finds that it needs it: that one would stand still until it is there. */
  complete(): Promise<void> {
    // Whoever needs it in spite of a failure tries again, and says what comes of it.
    this.completing ??= this.loadRest().catch(() => void (this.completing = null));
    return this.completing;
  }

  private async loadRest(): Promise<void> {
    const [first, rest] = await Promise.all([this.compiled(), WebAssembly.compileStreaming(fetchModule(restUrl))]);
    this.rest = rest;
    this.send({ kind: 'rest', module: rest });
    this.completed({ first, rest });
  }

  /** Ends the worker at once, whatever it is doing. */
  kill(): void {
    this.generation++;
    this.worker?.terminate();
    this.worker = null;
    this.seeking = false;
    this.wanted = null;
    for (const { resolve } of this.asked.values()) resolve(null);
    this.asked.clear();
    for (const { reject } of this.called.values()) reject(new Error('the simulator was stopped'));
    this.called.clear();
  }

  /** Whether a worker is there to be told anything. */
  get alive(): boolean {
    return this.worker !== null;
  }

  /** Compiles and runs; returns the number that the answers will carry. */
  run(text: string, chip: Chip): number {
    this.send({ kind: 'run', id: ++this.id, text, chip });
    this.sources.set(this.id, { text, chip });
    return this.id;
  }

  /** What a run is of that has come to its end; nothing for an assembly. Earlier ones come to none any more. */
  source(id: number): Source | null {
    const source = this.sources.get(id) ?? null;
    for (const known of this.sources.keys()) if (known < id) this.sources.delete(known);
    return source;
  }

  /** Assembles a text, and runs it if nothing is wrong with it. */
  assemble(text: string): Promise<Assembled> {
    if (!this.alive) return Promise.reject(new Error('the simulator is not running'));
    const id = ++this.id;
    this.send({ kind: 'assemble', id, text });
    return new Promise((resolve, reject) =>
      this.called.set(-id, { resolve: resolve as (value: unknown) => void, reject }),
    );
  }

  /** The number of the newest run: answers to older ones are stale. */
  get newest(): number {
    return this.id;
  }

  setFile(path: string, bytes: Uint8Array): void {
    this.fileChanges++;
    this.files.set(path, bytes);
    this.versions.set(path, this.version(path) + 1);
    this.send({ kind: 'file', path, bytes });
  }

  /** What a path holds. */
  file(path: string): Uint8Array | null {
    return this.files.get(path) ?? null;
  }

  private version(path: string): number {
    return this.versions.get(path) ?? 0;
  }

  removeFile(path: string): void {
    this.fileChanges++;
    this.files.delete(path);
    this.versions.set(path, this.version(path) + 1);
    this.send({ kind: 'file', path, bytes: null });
  }

  hasFile(path: string): boolean {
    return this.files.has(path);
  }

  setRow(path: string, row: number, values: Int8Array): void {
    this.send({ kind: 'row', path, version: this.version(path), row, values });
  }

  /** Shows a cycle: one wish in flight, and the newest of those that came meanwhile. What moves may take its time. */
  seek(cycle: number, over = 0): void {
    if (this.seeking) {
      this.wanted = cycle;
      return;
    }
    this.seeking = this.alive;
    this.send({ kind: 'seek', cycle, over });
  }

  select(pe: Pe): void {
    this.selected = pe;
    this.send({ kind: 'select', pe });
  }

  showUnit(unit: number): void {
    this.unit = unit;
    this.send({ kind: 'unit', unit });
  }

  /** Computes an operator's numbers, in a run that has none. */
  compute(op: number): void {
    this.send({ kind: 'compute', op });
  }

  /** Looks nearer, or elsewhere. */
  turn(move: CameraMove): void {
    this.send({ kind: 'camera', move });
  }

  /** Lets an operator stand out in the pictures. */
  mark(op: number | null): void {
    this.send({ kind: 'mark', op });
  }

  /** Calls a method of the session, for a view. Every call is answered, in the order they come; errors are for people. */
  call<Name extends keyof Calls>(name: Name, ...args: Calls[Name]['args']): Promise<Calls[Name]['answer']> {
    if (!this.alive) return Promise.reject(new Error('the simulator is not running'));
    const id = ++this.questions;
    // A canvas moves to the worker.
    const canvases = args.filter((arg) => (arg as unknown) instanceof OffscreenCanvas) as unknown[] as Transferable[];
    this.send({ kind: 'call', id, name, args }, canvases);
    return new Promise((resolve, reject) =>
      this.called.set(id, { resolve: resolve as (value: unknown) => void, reject }),
    );
  }

  pick(x: number, y: number): void {
    this.send({ kind: 'pick', x, y });
  }

  resize(): void {
    this.send({ kind: 'view', view: this.view() });
  }

  /** Asks about a place in a text. The newest question of a kind is answered; an older one, and one to nobody, by null. */
  ask<Question extends keyof Answers>(
    question: Question,
    text: string,
    offset: number,
  ): Promise<Answers[Question] | null> {
    this.asked.get(question)?.resolve(null);
    this.asked.delete(question);
    if (!this.alive) return Promise.resolve(null);
    const id = ++this.questions;
    this.send({ kind: 'ask', id, question, text, offset });
    return new Promise((resolve) => this.asked.set(question, { id, resolve: resolve as (answer: unknown) => void }));
  }

  private answered(id: number, answer: unknown): void {
    for (const [question, asked] of this.asked) {
      if (asked.id !== id) continue;
      asked.resolve(answer);
      this.asked.delete(question);
    }
  }

  private receive(message: FromWorker): void {
    if (message.kind === 'file') {
      if (message.version !== this.version(message.path)) return;
      this.files.set(message.path, message.bytes);
    }
    if (message.kind === 'ran') {
      this.send({ kind: 'select', pe: this.selected });
      if (this.unit > 0) this.send({ kind: 'unit', unit: this.unit });
    }
    if (message.kind === 'frame') {
      this.seeking = false;
      const wanted = this.wanted;
      this.wanted = null;
      if (wanted !== null) this.seek(wanted);
    }
    if (message.kind === 'answer') this.answered(message.id, message.answer);
    if (message.kind === 'assembled') {
      this.called.get(-message.id)?.resolve(message.assembled);
      this.called.delete(-message.id);
    }
    if (message.kind === 'called') {
      const { resolve, reject } = this.called.get(message.id)!;
      this.called.delete(message.id);
      if (message.error === null) resolve(message.value);
      else reject(new Error(message.error));
    }
    if (message.kind === 'crashed') this.kill();
    this.hear(message);
  }

  private send(message: ToWorker, transfer: Transferable[] = []): void {
    this.worker?.postMessage(message, transfer);
  }
}

/** A new canvas as all that an element holds, for a worker to paint on. */
function canvasIn(host: HTMLElement): OffscreenCanvas {
  const canvas = document.createElement('canvas');
  canvas.setAttribute('aria-hidden', 'true');
  host.replaceChildren(canvas);
  return canvas.transferControlToOffscreen();
}
