// Owns the module: the program, the run, and the canvas that Rust paints. It may be killed at any moment.

import type { Session } from 'systole-wasm/systole.js';
import { addRest, type Module, PartMissing, start } from './module';
import type {
  Answers,
  Assembled,
  CameraMove,
  Calls,
  Checked,
  ChipState,
  Diagnostic,
  Frame,
  FromWorker,
  Limits,
  Pe,
  Preset,
  Report,
  ToWorker,
  View,
} from './protocol';

let module: Module | null = null;
let session: Session | null = null;
/** The run under way, if there is one. */
let running: { id: number; since: number } | null = null;
/** Whether an operator's numbers are being computed. */
let computing = false;
let cycle = 0;
/** Milliseconds that what moves is to take for its way to the next picture. */
let over = 0;
/** Whether the picture shows numbers that can be seen to move. */
let moves = false;
/** What is on its way, and when the camera went on last. */
let arriving: { since: number; over: number } | null = null;
let gliding: number | null = null;
let animating = false;
let view: View | null = null;
/** A picture is due; further wishes before it is painted cost nothing. */
let due = false;

const channel = new MessageChannel();
channel.port1.onmessage = () => guarded(work);

self.onmessage = (event: MessageEvent<ToWorker>) => guarded(() => receive(event.data));

function receive(message: ToWorker): void {
  if (message.kind === 'start') {
    module = start(message.module);
    session = new module.Session(message.canvas);
    session.setTimeline(message.timeline);
    look(message.view);
    const presets = session.presets() as Preset[];
    post({ kind: 'ready', version: session.version(), limits: session.limits() as Limits, presets });
    return;
  }
  if (!session) return;
  switch (message.kind) {
    case 'file':
      refusing(() => {
        if (message.bytes) session!.setFile(message.path, message.bytes);
        else session!.removeFile(message.path);
      });
      break;
    case 'row':
      refusing(() => {
        const bytes = session!.setRow(message.path, message.row, message.values);
        post({ kind: 'file', path: message.path, version: message.version, bytes });
      });
      break;
    case 'run':
      refusing(() => {
        const { base, words, changes } = message.chip;
        const [keys, values] = [Object.keys(changes), Object.values(changes)];
        const state = session!.setChip(base, words, keys, values) as ChipState | undefined;
        if (state) post({ kind: 'chip', chip: message.chip, state });
        const checked = session!.check(message.text) as Checked;
        const { id } = message;
        post({ kind: 'checked', id, checked });
        running = checked.runs ? { id, since: performance.now() } : null;
        later();
      }, message.id);
      break;
    case 'assemble':
      assemble(message.id, message.text);
      break;
    case 'view':
      look(message.view);
      paintTimeline();
      paintSoon();
      break;
    case 'seek':
      cycle = message.cycle;
      over = message.over;
      paintSoon();
      break;
    case 'camera':
      turn(message.move);
      break;
    case 'select':
      session.select(message.pe.row, message.pe.col);
      paintSoon();
      break;
    case 'compute':
      refusing(() => {
        session!.compute(message.op);
        computing = true;
        later();
      });
      break;
    case 'unit':
      post({ kind: 'activity', samples: session.showUnit(message.unit) });
      paintTimeline();
      paintSoon();
      break;
    case 'mark':
      session.mark(message.op ?? undefined);
      paintTimeline();
      paintSoon();
      break;
    case 'call': {
      const { id, name, args } = message;
      const answer = (value: unknown, error: string | null) => post({ kind: 'called', id, value, error });
      forPeople(
        () => answer(called(name)(...args), null),
        (error) => answer(undefined, error),
      );
      break;
    }
    case 'rest':
      addRest(message.module);
      break;
    case 'pick':
      post({ kind: 'picked', pe: (session.pick(message.x, message.y) as Pe | undefined) ?? null });
      break;
    case 'ask': {
      const { id, question, text, offset } = message;
      post({ kind: 'answer', id, answer: module![question](text, offset) as Answers[keyof Answers] | null });
      break;
    }
  }
}

/** What a view calls: a method of the session, or a function that needs none. */
function called(name: keyof Calls): (...args: unknown[]) => unknown {
  type Callable = Record<string, (...args: unknown[]) => unknown>;
  const owner = (name in session! ? session : module) as unknown as Callable;
  return (...args) => owner[name]!(...args);
}

/** Assembles a text and begins its run. */
function assemble(id: number, text: string): void {
  running = null;
  const tell = (assembled: Assembled) => {
    post({ kind: 'assembled', id, assembled });
    running = assembled.runs ? { id, since: performance.now() } : null;
    later();
  };
  const refuse = (message: string) => tell({ diagnostics: [{ ...REFUSAL, message }], runs: false });
  forPeople(() => tell(session!.assemble(text) as Assembled), refuse);
}

/** Of a whole text. */
const REFUSAL: Diagnostic = {
  severity: 'error',
  from: 0,
  to: 0,
  line: 1,
  column: 1,
  message: '',
  hint: null,
  edit: null,
};

/** One slice of work; between slices, messages are heard. */
function work(): void {
  if (!session) return;
  if (due) paint();
  if (!running) {
    compute();
    return;
  }
  const done = session.advance();
  if (done >= 1) {
    const id = running.id;
    running = null;
    computing = false;
    post({ kind: 'ran', id, report: session.report() as Report });
    paintTimeline();
    paint();
    return;
  }
  if (performance.now() - running.since > 200) post({ kind: 'progress', id: running.id, done });
  later();
}

/** One slice of an operator's numbers; at their end they are painted. */
function compute(): void {
  if (!computing || !session) return;
  computing = !session.advanceOperator();
  if (computing) later();
  else paint();
}

function paintSoon(): void {
  due = true;
  later();
}

function paint(): void {
  due = false;
  arriving = over > 0 && moves ? { since: performance.now(), over } : null;
  over = 0;
  const frame = session?.seek(cycle, arriving ? 0 : 1) as Frame | undefined;
  if (!frame) return;
  moves = frame.moves;
  post({ kind: 'frame', frame });
  if (arriving) animate();
}

/** Looks nearer, or elsewhere: at once, or on a way that can be followed. */
function turn(move: CameraMove): void {
  if (move.by === 'zoom') session!.zoom(move.x, move.y, move.factor);
  else if (move.by === 'pan') session!.pan(move.dx, move.dy);
  else {
    session!.look(move.level);
    if (move.smooth) {
      gliding ??= performance.now();
      animate();
      return;
    }
    session!.glide(Infinity);
  }
  gliding = null;
  paintSoon();
}

function animate(): void {
  if (animating) return;
  animating = true;
  nextFrame(() => guarded(step));
}

/** One picture of something that moves. */
function step(): void {
  animating = false;
  if (!session) return;
  const now = performance.now();
  if (gliding !== null) {
    const there = session.glide(now - gliding);
    gliding = there ? null : now;
    if (there) {
      // Now words and tables know of it, too.
      paintSoon();
      return;
    }
  }
  const share = arriving ? Math.min(1, (now - arriving.since) / arriving.over) : 1;
  if (share >= 1) arriving = null;
  session.repaint(1 - (1 - share) ** 3);
  if (arriving || gliding !== null) animate();
}

function nextFrame(draw: () => void): void {
  if (typeof requestAnimationFrame === 'function') requestAnimationFrame(draw);
  else setTimeout(draw, 16);
}

function look(at: View): void {
  view = at;
  session?.view(at.width, at.height, at.pixelRatio, at.theme);
}

function paintTimeline(): void {
  if (view && view.timelineWidth > 0) session?.paintTimeline(view.timelineWidth, view.pixelRatio, view.theme);
}

function later(): void {
  channel.port2.postMessage(null);
}

function post(message: FromWorker): void {
  postMessage(message);
}

/** Errors for people, thrown by the module on purpose, do not end it. */
function refusing(action: () => void, id: number | null = null): void {
  forPeople(action, (message) => post({ kind: 'refused', message, id }));
}

function forPeople(action: () => void, tell: (message: string) => void): void {
  try {
    action();
  } catch (error) {
    // A RuntimeError is a panic, a RangeError a memory that is full: the module may be left in any state.
    // A part that is missing leaves it so, too.
    if (!(error instanceof Error) || error.constructor !== Error) throw error;
    tell(error.message);
  }
}

/** A panic leaves the module in no state to go on. */
function guarded(action: () => void): void {
  try {
    action();
  } catch (error) {
    session = null;
    running = null;
    const message = error instanceof Error ? error.message : String(error);
    post({ kind: 'crashed', message, missing: error instanceof PartMissing });
  }
}
