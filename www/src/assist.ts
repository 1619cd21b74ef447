// What the module knows of a place in the program, in CodeMirror: what stands there, where it is defined, what could be
// written. Nothing here reads the language.

import {
  autocompletion,
  closeCompletion,
  type Completion,
  type CompletionContext,
  type CompletionResult,
  selectedCompletion,
} from '@codemirror/autocomplete';
import { type EditorState, type Extension, Prec, StateEffect, StateField } from '@codemirror/state';
import {
  closeHoverTooltips,
  Decoration,
  type DecorationSet,
  EditorView,
  hasHoverTooltips,
  hoverTooltip,
  keymap,
  type Rect,
  showTooltip,
  type Tooltip,
} from '@codemirror/view';
import { make } from './dom';
import type { Ask } from './editor';
import type { Diagnostic, Hover, Place } from './protocol';
import { docsLink } from './views/docs-link';
import { topicOf } from './views/topics';

/** What is wrong with a part of the text as it is now. */
export type Problem = Place & Pick<Diagnostic, 'message' | 'hint'>;

/** Everything below. `problems` are those at a place. */
export function assist(ask: Ask, problems: (state: EditorState, at: number) => Problem[]): Extension {
  const about = async (view: EditorView, at: number, letter: number): Promise<Tooltip | null> => {
    const wrong = problems(view.state, at);
    return tooltip(await ask('hover', textOf(view), letter), wrong);
  };
  return [
    // The pointer lies before or behind the place, so over the letter on that side of it.
    hoverTooltip(
      (view, at, side) => (view.state.field(atCaretField) ? null : about(view, at, side < 0 ? at - 1 : at)),
      { hideOnChange: true },
    ),
    untold,
    atCaret((view) => about(view, caret(view), nameAtCaret(view))),
    definitions(ask),
    completions(ask),
  ];
}

/** What the pointer was told goes with the next key: it covers lines that keys may lead to. Who has selected of it may copy it. */
const untold = EditorView.domEventHandlers({
  keydown(_, view) {
    const { isCollapsed, anchorNode } = getSelection() ?? { isCollapsed: true, anchorNode: null };
    const copied = !isCollapsed && !view.contentDOM.contains(anchorNode);
    if (hasHoverTooltips(view.state) && !copied) view.dispatch({ effects: closeHoverTooltips });
  },
});

function textOf(view: EditorView): string {
  return view.state.doc.toString();
}

function caret(view: EditorView): number {
  return view.state.selection.main.head;
}

/** A caret behind a word is at it, too. */
function nameAtCaret(view: EditorView): number {
  return view.state.wordAt(caret(view))?.from ?? caret(view);
}

// --- What stands there ------------------------------------------------------------------------------------------

function tooltip(hover: Hover | null, wrong: Problem[]): Tooltip | null {
  const place = hover ?? wrong[0];
  if (!place) return null;
  const parts = wrong.flatMap(({ message, hint }): HTMLElement[] => [
    make('p', { class: 'problem' }, ...prose(message)),
    ...(hint ? [make('p', {}, ...prose(hint))] : []),
    ...more(topicOf(`${message} ${hint ?? ''}`)),
  ]);
  if (hover) parts.push(make('code', {}, hover.head));
  if (hover?.about) parts.push(make('p', {}, ...prose(hover.about)));
  if (hover) parts.push(...more(hover.topic));
  const create = () => ({ dom: make('div', { class: 'about' }, ...parts) });
  return { pos: place.from, end: place.to, above: true, create };
}

/** Where there is more about a topic. */
function more(topic: string | null): HTMLElement[] {
  const links = topic ? docsLink(topic) : [];
  return links.length > 0 ? [make('p', {}, ...links)] : [];
}

/** A sentence with code between backticks. */
function prose(sentence: string): (string | Node)[] {
  return sentence.split('`').map((part, at) => (at % 2 === 1 ? make('code', {}, part) : part));
}

const setAtCaret = StateEffect.define<Tooltip | null>();

const atCaretField = StateField.define<Tooltip | null>({
  create: () => null,
  update(shown, transaction) {
    for (const effect of transaction.effects) if (effect.is(setAtCaret)) return effect.value;
    return transaction.docChanged || transaction.selection ? null : shown;
  },
  provide: (field) => showTooltip.from(field),
});

/** The same for keys, shown at the caret until it moves, and said. */
function atCaret(about: (view: EditorView) => Promise<Tooltip | null>): Extension {
  const show = (view: EditorView) => {
    const { doc, selection } = view.state;
    void about(view).then((found) => {
      if (found && view.state.doc === doc && view.state.selection.eq(selection)) showAtCaret(view, found);
    });
    return true;
  };
  const hide = (view: EditorView) => {
    if (!view.state.field(atCaretField) && !hasHoverTooltips(view.state)) return false;
    view.dispatch({ effects: [setAtCaret.of(null), closeHoverTooltips] });
    return true;
  };
  return [
    atCaretField,
    keymap.of([
      ...['Mod-k Mod-i', 'Mod-k i'].map((key) => ({ key, run: show, preventDefault: true })),
      { key: 'Escape', run: hide },
    ]),
    EditorView.domEventHandlers({
      blur({ relatedTarget }, view) {
        // What it says may be gone into, for its links.
        if (view.dom.contains(relatedTarget as Node | null)) return;
        if (view.state.field(atCaretField)) view.dispatch({ effects: setAtCaret.of(null) });
      },
    }),
  ];
}

/** Its links can be tabbed to; Escape, or leaving it, closes it. */
function entered(view: EditorView, dom: HTMLElement): HTMLElement {
  dom.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape') return;
    event.stopPropagation();
    view.focus();
    view.dispatch({ effects: setAtCaret.of(null) });
  });
  dom.addEventListener('focusout', ({ relatedTarget }) => {
    if (!view.dom.contains(relatedTarget as Node | null)) view.dispatch({ effects: setAtCaret.of(null) });
  });
  return dom;
}

function showAtCaret(view: EditorView, shown: Tooltip): void {
  const { dom } = shown.create(view);
  const parts = Array.from(dom.children, (part) => part.textContent);
  const words = [...parts, ...(dom.querySelector('a') ? ['Tab leads there'] : [])].join('. ');
  const at = { ...shown, create: () => ({ dom: entered(view, shown.create(view).dom) }) };
  view.dispatch({ effects: [closeHoverTooltips, setAtCaret.of(at), EditorView.announce.of(words)] });
}

// --- Where it is defined ----------------------------------------------------------------------------------------

const setLink = StateEffect.define<Place | null>();

const link = Decoration.mark({ class: 'definition-link' });

/** A name that a click would lead from. */
const linkField = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(links, transaction) {
    for (const effect of transaction.effects) {
      if (!effect.is(setLink)) continue;
      return effect.value ? Decoration.set(link.range(effect.value.from, effect.value.to)) : Decoration.none;
    }
    return transaction.docChanged ? Decoration.none : links;
  },
  provide: (field) => EditorView.decorations.from(field),
});

const isMac = navigator.platform.startsWith('Mac');

function isHeld(event: MouseEvent): boolean {
  return isMac ? event.metaKey : event.ctrlKey;
}

/** The word below the pointer. */
function wordUnder(view: EditorView, { clientX, clientY }: MouseEvent): Place | null {
  const found = view.posAndSideAtCoords({ x: clientX, y: clientY });
  const word = found && view.state.wordAt(found.pos);
  if (!word) return null;
  const letter = found.assoc < 0 ? found.pos - 1 : found.pos;
  return word.from <= letter && letter < word.to ? word : null;
}

/** F12, or a click with Ctrl or Cmd held, goes to where a name is defined. */
function definitions(ask: Ask): Extension {
  const definition = async (view: EditorView, at: number) => {
    const { doc } = view.state;
    const place = await ask('definition', textOf(view), at);
    return place && view.state.doc === doc ? place : null;
  };
  // Whoever is on the way is not called back by a pointer that moves on: that one's question waits.
  let going = Promise.resolve();
  /** Where one was before. */
  const left: number[] = [];
  const go = (view: EditorView, at: number) => (going = arrive(view, at));
  const arrive = async (view: EditorView, at: number) => {
    const place = await definition(view, at);
    if (!place) return;
    left.push(view.state.selection.main.head);
    const selection = { anchor: place.from, head: place.to };
    const scroll = EditorView.scrollIntoView(place.from, { y: 'nearest', yMargin: 40 });
    view.dispatch({ selection, effects: scroll, userEvent: 'select' });
    view.focus();
  };
  const back = (view: EditorView) => {
    const at = left.pop();
    if (at === undefined) return false;
    const selection = { anchor: Math.min(at, view.state.doc.length) };
    view.dispatch({ selection, scrollIntoView: true, userEvent: 'select' });
    return true;
  };
  const leads = async (view: EditorView, at: number) => {
    await going;
    return (await definition(view, at)) !== null;
  };
  const keys = keymap.of([
    { key: 'F12', run: (view) => (void go(view, nameAtCaret(view)), true) },
    { key: 'Mod-u', run: back, preventDefault: true },
  ]);
  return [keys, links(leads, go)];
}

/** Names that lead to their definition look so while the key is held, and a click goes there. */
function links(
  leads: (view: EditorView, at: number) => Promise<boolean>,
  go: (view: EditorView, at: number) => Promise<void>,
): Extension {
  let pointed: Place | null = null;
  let last: MouseEvent | null = null;
  const point = async (view: EditorView, word: Place | null) => {
    if (word?.from === pointed?.from) return;
    pointed = word;
    view.dispatch({ effects: setLink.of(null) });
    if (word && (await leads(view, word.from)) && pointed === word) view.dispatch({ effects: setLink.of(word) });
  };
  const leave = (_: Event, view: EditorView) => void point(view, null);
  return [
    linkField,
    EditorView.domEventHandlers({
      mousedown(event, view) {
        const word = event.button === 0 && isHeld(event) ? wordUnder(view, event) : null;
        if (!word) return false;
        view.focus();
        view.dispatch({ selection: { anchor: word.from }, userEvent: 'select.pointer' });
        void go(view, word.from);
        return true;
      },
      mousemove(event, view) {
        last = event;
        void point(view, isHeld(event) ? wordUnder(view, event) : null);
      },
      keydown(event, view) {
        if (last && event.key === (isMac ? 'Meta' : 'Control')) void point(view, wordUnder(view, last));
      },
      mouseleave(event, view) {
        last = null;
        leave(event, view);
      },
      keyup: leave,
      blur: leave,
    }),
  ];
}

// --- What could be written --------------------------------------------------------------------------------------

function completions(ask: Ask): Extension {
  const source = async (context: CompletionContext): Promise<CompletionResult | null> => {
    const typed = context.matchBefore(/[\p{L}_][\p{L}\p{N}_]*|\./u);
    if (!typed && !context.explicit) return null;
    const found = await ask('complete', context.state.doc.toString(), context.pos);
    if (!found || found.list.length === 0) return null;
    // Alike good ones stay in the module's order, nearest names first.
    const options = found.list.map(({ label, kind, detail, about }, at): Completion => ({
      label,
      type: kind,
      detail,
      ...(about === '' ? {} : { info: () => make('div', {}, ...prose(about)) }),
      sortText: String(at).padStart(5, '0'),
    }));
    return { from: found.from, options, validFor: /^[\p{L}\p{N}_]*$/u };
  };
  return [
    Prec.highest(
      keymap.of([
        { key: 'Enter', run: closeOverWholeWord },
        // Tab leaves the editor, not only for the list: that would be the next thing to be tabbed to.
        { key: 'Tab', run: (view) => closeCompletion(view) && false, shift: (view) => closeCompletion(view) && false },
      ]),
    ),
    autocompletion({
      override: [source],
      icons: false,
      optionClass: ({ type }) => `token-${type}`,
      positionInfo: besideList,
    }),
  ];
}

/** What is chosen is explained beside the list, or where there is no room, below or above all of it. */
function besideList(view: EditorView, list: Rect, option: Rect, info: Rect, space: Rect): { style: string } {
  const [width, height] = [info.right - info.left, info.bottom - info.top];
  const top = Math.max(space.top, Math.min(option.top, space.bottom - height)) - list.top;
  if (space.right - list.right >= width) return { style: `left: 100%; top: ${top}px` };
  if (list.left - space.left >= width) return { style: `right: 100%; top: ${top}px` };
  // Rather not between the list and the line that is written.
  const line = view.coordsAtPos(caret(view));
  const below = space.bottom - list.bottom >= height;
  const above = list.top - space.top >= height;
  const side = below && (!above || !line || list.top >= line.top) ? 'top' : 'bottom';
  return { style: `left: 0; max-width: 100%; ${side}: 100%` };
}

/** A word that is written out needs no completion: Enter is then a new line. */
function closeOverWholeWord(view: EditorView): boolean {
  const chosen = selectedCompletion(view.state);
  const word = view.state.wordAt(caret(view));
  if (chosen && word && view.state.sliceDoc(word.from, caret(view)) === chosen.label) closeCompletion(view);
  return false;
}
