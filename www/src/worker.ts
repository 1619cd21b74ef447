// Owns the module: the program, the run, and the canvas that Rust paints. It may be killed at any moment.

import { initSync, Session } from 'systole-wasm/systole.js';
import { answerTo, assemblyExplained, explained, passEffect, passes } from './extras';
import type {
  Answers,
  Assembled,
  Checked,
  Chip,
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

let session: Session | null = null;
/** The run under way, if there is one. */
let running: { id: number; since: number } | null = null;
/** The newest run that was asked for. */
let newest = 0;
/** Of the newest run. */
let chip: Chip = { base: '', words: [], changes: {} };
/** Whether an operator's numbers are being computed. */
let computing = false;
let cycle = 0;
let view: View | null = null;
/** A picture is due; further wishes before it is painted cost nothing. */
let due = false;

const channel = new MessageChannel();
channel.port1.onmessage = () => guarded(work);

self.onmessage = (event: MessageEvent<ToWorker>) => guarded(() => receive(event.data));

function receive(message: ToWorker): void {
  if (message.kind === 'start') {
    initSync({ module: message.module });
    session = new Session(message.canvas);
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
        chip = message.chip;
        const { base, words, changes } = chip;
        const [keys, values] = [Object.keys(changes), Object.values(changes)];
        const state = session!.setChip(base, words, keys, values) as ChipState | undefined;
        if (state) post({ kind: 'chip', chip: message.chip, state });
        const checked = session!.check(message.text) as Checked;
        const { id, text } = message;
        running = null;
        newest = id;
        if (checked.diagnostics.every(({ message }) => message !== '')) begin(id, checked);
        else void explained(text, checked.diagnostics).then((diagnostics) => begin(id, { ...checked, diagnostics }));
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
      paintSoon();
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
      const refuse = (error: string) => answer(undefined, error);
      if (name === 'passes' || name === 'passEffect') {
        // The second module has the words.
        const asked = { passes, passEffect }[name] as (...args: unknown[]) => Promise<unknown>;
        asked(...args).then(
          (value) => answer(value, null),
          () => refuse('what explains passes could not be loaded'),
        );
        break;
      }
      forPeople(() => answer((session![name] as (...args: unknown[]) => unknown)(...args), null), refuse);
      break;
    }
    case 'lane':
      post({ kind: 'lane', unit: session.unitAt(message.y) ?? null });
      break;
    case 'pick':
      post({ kind: 'picked', pe: (session.pick(message.x, message.y) as Pe | undefined) ?? null });
      break;
    case 'ask': {
      const { id, question, text, offset } = message;
      const tell = (answer: Answers[keyof Answers] | null) => post({ kind: 'answer', id, answer });
      // Where there is no answer to be had, the program can be written all the same.
      answerTo(question, text, offset).then(tell, () => tell(null));
      break;
    }
  }
}

/** Tells what was found and begins the run, unless there is a newer one: words for findings may have taken their time. */
function begin(id: number, checked: Checked): void {
  if (id !== newest) return;
  post({ kind: 'checked', id, checked });
  running = checked.runs ? { id, since: performance.now() } : null;
  later();
}

/** Assembles a text and begins its run; the second module has the words for what is wrong with it. */
function assemble(id: number, text: string): void {
  running = null;
  newest = id;
  const tell = (assembled: Assembled) => {
    post({ kind: 'assembled', id, assembled });
    if (id !== newest) return;
    running = assembled.runs ? { id, since: performance.now() } : null;
    later();
  };
  const refuse = (message: string) => tell({ diagnostics: [{ ...REFUSAL, message }], runs: false });
  forPeople(() => {
    const assembled = session!.assemble(text) as Assembled;
    void assemblyExplained(text, chip, assembled.diagnostics).then((diagnostics) =>
      tell({ ...assembled, diagnostics }),
    );
  }, refuse);
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
  const frame = session?.seek(cycle) as Frame | undefined;
  if (frame) post({ kind: 'frame', frame });
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
    post({ kind: 'crashed', message: error instanceof Error ? error.message : String(error) });
  }
}
