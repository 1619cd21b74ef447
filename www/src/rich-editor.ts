// CodeMirror with what the module says about the text: token classes, errors, operators' colours. It has no lexer.
// Errors are marked here, not by @codemirror/lint, which would be a tenth of the editor.

import { defaultKeymap } from '@codemirror/commands';
import { bracketMatching, indentService, indentUnit } from '@codemirror/language';
import {
  Annotation,
  EditorState,
  RangeSet,
  RangeSetBuilder,
  StateEffect,
  StateField,
  type Text,
  type Transaction,
} from '@codemirror/state';
import {
  Decoration,
  type DecorationSet,
  drawSelection,
  EditorView,
  GutterMarker,
  gutter,
  highlightActiveLine,
  keymap,
  lineNumbers,
} from '@codemirror/view';
import { assist, type Problem } from './assist';
import { opColour } from './dom';
import { difference, type Editor, type EditorEvents, placeIn, utf8Bytes } from './editor';
import type { Deed } from './history';
import { type Diagnostic, type Edit, type Op, TOKEN_CLASSES } from './protocol';

/** Set by the page, not typed: the page knows already. */
const opened = Annotation.define<boolean>();

const setTokens = StateEffect.define<Uint32Array>();

/** Colours move along with edits until the module has read the new text. */
const tokenField = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(marks, transaction) {
    for (const effect of transaction.effects) {
      if (effect.is(setTokens)) return decorate(effect.value, transaction.newDoc.length);
    }
    return marks.map(transaction.changes);
  },
  provide: (field) => EditorView.decorations.from(field),
});

const marksByClass = TOKEN_CLASSES.map((name) => Decoration.mark({ class: `token-${name}` }));

function decorate(tokens: Uint32Array, length: number): DecorationSet {
  const builder = new RangeSetBuilder<Decoration>();
  for (let i = 0; i + 2 < tokens.length; i += 3) {
    const [from, to, kind] = [tokens[i]!, tokens[i + 1]!, tokens[i + 2]!];
    const mark = marksByClass[kind];
    if (mark && to <= length) builder.add(from, to, mark);
  }
  return builder.finish();
}

const setOps = StateEffect.define<ColouredOp[]>();

type ColouredOp = Op & { colour: number };

class OpMarker extends GutterMarker {
  constructor(private readonly op: ColouredOp) {
    super();
  }

  override eq(other: OpMarker): boolean {
    return other.op.name === this.op.name && other.op.colour === this.op.colour;
  }

  override toDOM(): Node {
    const bar = document.createElement('span');
    bar.className = 'op-mark';
    bar.style.background = opColour(this.op.colour);
    bar.title = this.op.name;
    return bar;
  }
}

const opField = StateField.define<RangeSet<GutterMarker>>({
  create: () => RangeSet.empty,
  update(marks, transaction) {
    for (const effect of transaction.effects) {
      if (!effect.is(setOps)) continue;
      const doc = transaction.newDoc;
      const seen = new Set<number>();
      const fresh = effect.value.filter((op) => op.line <= doc.lines && !seen.has(op.line) && seen.add(op.line));
      return RangeSet.of(
        fresh.map((op) => new OpMarker(op).range(doc.line(op.line).from)),
        true,
      );
    }
    return marks.map(transaction.changes);
  },
});

const setMark = StateEffect.define<number | null>();

/** The line that stands out. */
const markField = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(marks, transaction) {
    for (const effect of transaction.effects) {
      if (!effect.is(setMark)) continue;
      const { doc } = transaction.state;
      if (effect.value === null || effect.value > doc.lines) return Decoration.none;
      return Decoration.set(Decoration.line({ class: 'marked-line' }).range(doc.line(effect.value).from));
    }
    return marks.map(transaction.changes);
  },
  provide: (field) => EditorView.decorations.from(field),
});

const setProblems = StateEffect.define<Diagnostic[]>();

/** All problems of a line. */
class ProblemMarker extends GutterMarker {
  private readonly words: string;
  private readonly severity: Diagnostic['severity'];

  constructor(problems: Diagnostic[]) {
    super();
    this.words = problems.map(inWords).join('\n');
    this.severity = problems.some(({ severity }) => severity === 'error') ? 'error' : 'warning';
  }

  override eq(other: ProblemMarker): boolean {
    return other.words === this.words && other.severity === this.severity;
  }

  override toDOM(): Node {
    const dot = document.createElement('span');
    dot.className = `problem-dot ${this.severity}`;
    dot.title = this.words;
    return dot;
  }
}

function inWords({ message, hint }: Diagnostic): string {
  return hint ? `${message}. ${hint}` : message;
}

interface Problems {
  places: DecorationSet;
  lines: RangeSet<GutterMarker>;
}

/** Errors move along with edits until the module has read the new text. */
const problemField = StateField.define<Problems>({
  create: () => ({ places: Decoration.none, lines: RangeSet.empty }),
  update({ places, lines }, transaction) {
    for (const effect of transaction.effects) {
      if (effect.is(setProblems)) return markProblems(effect.value, transaction.newDoc);
    }
    return { places: places.map(transaction.changes), lines: lines.map(transaction.changes) };
  },
  provide: (field) => EditorView.decorations.from(field, ({ places }) => places),
});

function markProblems(problems: Diagnostic[], doc: Text): Problems {
  const within = problems.filter(({ to }) => to <= doc.length);
  const places = within.map((problem) => {
    // Where something is missing there is nothing to underline but what stands beside it.
    const to = Math.min(Math.max(problem.to, problem.from + 1), doc.length);
    const from = Math.min(problem.from, Math.max(0, to - 1));
    return { from, to, value: Decoration.mark({ class: `problem-mark ${problem.severity}`, problem }) };
  });
  const byLine = new Map<number, Diagnostic[]>();
  for (const problem of within) {
    const { from } = doc.lineAt(problem.from);
    byLine.set(from, [...(byLine.get(from) ?? []), problem]);
  }
  const lines = [...byLine].map(([line, ofLine]) => new ProblemMarker(ofLine).range(line));
  return {
    places: RangeSet.of(
      places.filter(({ from, to }) => from < to),
      true,
    ),
    lines: RangeSet.of(lines, true),
  };
}

function problemsAt(state: EditorState, at: number): Problem[] {
  const found: Problem[] = [];
  state.field(problemField).places.between(at, at, (from, to, { spec }) => {
    found.push({ ...spec.problem, from, to });
  });
  return found;
}

const INDENT = '    ';

/** A new line begins as the last one that has words, and behind `{` further in. */
const indentation = indentService.of(({ state }, at) => {
  for (let { number } = state.doc.lineAt(at); number > 0; number -= 1) {
    const { from, to } = state.doc.line(number);
    const text = state.sliceDoc(from, Math.min(to, at));
    if (text.trim() !== '') return text.search(/\S/) + (text.trimEnd().endsWith('{') ? INDENT.length : 0);
  }
  return 0;
});

/** A `}` that begins a line ends what is one step further in. */
const closing = EditorView.inputHandler.of((view, from, to, text) => {
  const line = view.state.doc.lineAt(from);
  const before = view.state.sliceDoc(line.from, from);
  if (text !== '}' || before.trim() !== '' || before.length < INDENT.length || view.composing) return false;
  const insert = before.slice(INDENT.length) + text;
  const selection = { anchor: line.from + insert.length };
  view.dispatch({ changes: { from: line.from, to, insert }, selection, userEvent: 'input.type' });
  return true;
});

/**
 * Words that are redrawn, as when their colours change, can leave the browser's caret behind the last one's element. That is
 * the place behind its letters, too, but Chromium 156, when busy, then types before the element.
 */
const caretInText = EditorView.updateListener.of(({ view }) => {
  const { main } = view.state.selection;
  const selection = getSelection();
  if (!view.hasFocus || view.composing || !main.empty || !(selection?.anchorNode instanceof Element)) return;
  const { node, offset } = view.domAtPos(main.head, -1);
  if (node instanceof window.Text) selection.collapse(node, offset);
});

/** Letter by letter, or at once. */
function deedOf(transactions: readonly Transaction[]): Deed {
  const typed = (transaction: Transaction) => ['input.type', 'delete'].some((event) => transaction.isUserEvent(event));
  return transactions.some(typed) ? 'text' : 'done';
}

export class RichEditor implements Editor {
  private readonly view: EditorView;

  constructor(parent: HTMLElement, text: string, most: () => number, events: EditorEvents) {
    // A text that is too long is refused before it becomes part of the document.
    const limit = EditorState.transactionFilter.of((transaction) => {
      if (!transaction.docChanged || transaction.newDoc.length <= transaction.startState.doc.length) return transaction;
      const { length } = transaction.newDoc;
      const bytes = length > most() ? length : utf8Bytes(transaction.newDoc.toString(), most());
      if (bytes <= most()) return transaction;
      events.tooLong(bytes);
      return [];
    });
    const paste = EditorView.domEventHandlers({
      paste(event) {
        const pasted = event.clipboardData?.getData('text/plain') ?? '';
        if (pasted.length <= most()) return false;
        event.preventDefault();
        events.tooLong(pasted.length);
        return true;
      },
    });
    // The browser's own undo, as from a menu.
    const undo = EditorView.domEventHandlers({
      beforeinput(event) {
        const step = { historyUndo: events.undo, historyRedo: events.redo }[event.inputType];
        if (!step) return false;
        event.preventDefault();
        step();
        return true;
      },
    });
    const run = () => {
      events.run();
      return true;
    };
    this.view = new EditorView({
      parent,
      state: EditorState.create({
        doc: text,
        extensions: [
          lineNumbers(),
          gutter({ class: 'op-gutter', markers: (view) => view.state.field(opField) }),
          gutter({ class: 'problem-gutter', markers: (view) => view.state.field(problemField).lines }),
          drawSelection(),
          highlightActiveLine(),
          bracketMatching(),
          indentUnit.of(INDENT),
          indentation,
          closing,
          caretInText,
          assist(events.ask, problemsAt),
          keymap.of([{ key: 'Mod-Enter', run }, ...defaultKeymap]),
          limit,
          paste,
          undo,
          tokenField,
          opField,
          markField,
          problemField,
          EditorView.contentAttributes.of({ 'aria-label': 'Program', spellcheck: 'false' }),
          EditorView.updateListener.of((update) => {
            const silent = update.transactions.some((transaction) => transaction.annotation(opened));
            if (update.docChanged && !silent) events.changed(update.state.doc.toString(), deedOf(update.transactions));
            const put = update.transactions.some((transaction) => transaction.isUserEvent('select'));
            if (put) events.at(update.state.doc.lineAt(update.state.selection.main.head).number);
          }),
        ],
      }),
    });
  }

  text(): string {
    return this.view.state.doc.toString();
  }

  setText(text: string): void {
    const changes = { from: 0, to: this.view.state.doc.length, insert: text };
    this.view.dispatch({ changes, annotations: opened.of(true) });
  }

  revert(text: string): void {
    const { from, to, text: insert } = difference(this.text(), text);
    const selection = { anchor: from + insert.length };
    const annotations = opened.of(true);
    this.view.dispatch({ changes: { from, to, insert }, selection, annotations, scrollIntoView: true });
  }

  edit({ from, to, text }: Edit): void {
    if (to > this.view.state.doc.length) return;
    const selection = { anchor: from + text.length };
    this.view.dispatch({ changes: { from, to, insert: text }, selection, scrollIntoView: true });
    this.view.focus();
  }

  respace(text: string): void {
    const anchor = placeIn(this.text(), this.view.state.selection.main.head, text);
    const changes = { from: 0, to: this.view.state.doc.length, insert: text };
    this.view.dispatch({ changes, selection: { anchor }, scrollIntoView: true });
  }

  show(diagnostics: Diagnostic[], tokens: Uint32Array): void {
    this.view.dispatch({ effects: [setTokens.of(tokens), setProblems.of(diagnostics)] });
  }

  showOps(ops: Op[], colours: number): void {
    const coloured = ops.map((op, at) => ({ ...op, colour: at % colours }));
    this.view.dispatch({ effects: setOps.of(coloured) });
  }

  mark(line: number | null): void {
    this.view.dispatch({ effects: setMark.of(line) });
  }

  goTo(from: number, to: number): void {
    const { length } = this.view.state.doc;
    const selection = { anchor: Math.min(from, length), head: Math.min(to, length) };
    this.view.dispatch({ selection, scrollIntoView: true });
    this.view.focus();
  }
}
