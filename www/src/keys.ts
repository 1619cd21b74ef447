// Every key of the workbench: one table for what listens, the help, the list of commands and docs/keys.md.

/** What can be done by a key, a button or the list of commands. */
export type Action =
  | 'play'
  | 'back'
  | 'forward'
  | 'back10'
  | 'forward10'
  | 'start'
  | 'end'
  | 'faster'
  | 'slower'
  | 'nearer'
  | 'farther'
  | 'whole'
  | 'notation'
  | 'bookmark'
  | 'nextPass'
  | 'nextOfPe'
  | 'nextStall'
  | 'commands'
  | 'programs'
  | 'run'
  | 'format'
  | 'undo'
  | 'redo'
  | 'tour'
  | 'present'
  | 'share'
  | 'help';

/** Where a key is heard. */
export type Where = 'Anywhere' | 'In the program' | 'In the picture' | 'In the timeline' | 'In a presentation';

export interface Key {
  where: Where;
  /** Each of them does it: `Mod` is Ctrl or Cmd, letters are capital. */
  chords: string[];
  does: string;
  /** Without one, the part of the page that has the focus does it. */
  action?: Action;
}

const anywhere = (action: Action, does: string, ...chords: string[]): Key => ({
  where: 'Anywhere',
  chords,
  does,
  action,
});
const within = (where: Where, does: string, ...chords: string[]): Key => ({ where, chords, does });

export const KEYS: Key[] = [
  anywhere('commands', 'all commands, examples, chips and operators', 'Mod+Shift+P', 'Mod+P'),
  anywhere('play', 'play or pause', 'Space'),
  anywhere('back', 'one cycle back', 'ArrowLeft'),
  anywhere('forward', 'one cycle forward', 'ArrowRight'),
  anywhere('back10', 'ten cycles back', 'Shift+ArrowLeft'),
  anywhere('forward10', 'ten cycles forward', 'Shift+ArrowRight'),
  anywhere('start', 'to the start', 'Home'),
  anywhere('end', 'to the end', 'End'),
  anywhere('faster', 'faster', '+'),
  anywhere('slower', 'slower', '-'),
  anywhere('nearer', 'look nearer: array, PE, bits', 'Z'),
  anywhere('farther', 'look less near', 'Shift+Z'),
  anywhere('whole', 'look at the whole chip', 'F', 'Shift+F'),
  anywhere('notation', 'numbers in decimal, in hexadecimal or as indices', 'X'),
  anywhere('nextPass', 'to the next pass', 'N'),
  anywhere('nextOfPe', 'to the next pass of the selected PE', 'Shift+N'),
  anywhere('nextStall', 'to the next stall: weights or inputs are not there', 'S'),
  anywhere('bookmark', 'a bookmark at the cycle shown', 'B', 'Shift+B'),
  anywhere('present', 'present: full screen, bookmarks are steps', 'P'),
  anywhere('undo', 'undo the last change of text, chip or example', 'Mod+Z'),
  anywhere('redo', 'do it again', 'Mod+Shift+Z', 'Mod+Y'),
  anywhere('programs', 'keep the program under a name, or open another', 'Mod+S'),
  anywhere('run', 'compile and run again', 'Mod+Enter'),
  anywhere('format', 'format the program', 'Shift+Alt+F'),
  anywhere('help', 'this help', '?'),
  within('In the program', 'what could be written here; Enter takes it, Esc closes the list', 'Ctrl+Space'),
  within('In the program', 'what stands at the cursor, as pointing at it tells', 'Mod+K Mod+I'),
  within('In the program', 'to where a name is defined, as a click with Ctrl or Cmd', 'F12'),
  within('In the program', 'back from there', 'Mod+U'),
  within('In the program', 'out of the editor, as anywhere else', 'Tab'),
  within('In the picture', 'another PE', 'ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown'),
  within('In the picture', 'look nearer', 'Enter'),
  within('In the picture', 'look less near', 'Escape'),
  within('In a presentation', 'to the next step, or the one before', 'PageDown', 'PageUp', 'ArrowRight', 'ArrowLeft'),
  within('In a presentation', 'to the first step, to the last', 'Home', 'End'),
  within('In a presentation', 'a black screen, and back', 'B', '.'),
  within('In a presentation', 'leave', 'Escape', 'P'),
  within('In the timeline', 'from bar to bar', 'ArrowLeft', 'ArrowRight'),
  within('In the timeline', 'from lane to lane', 'ArrowUp', 'ArrowDown'),
  within('In the timeline', 'to the bar’s first cycle; its operator is picked', 'Enter'),
  within('In the timeline', 'fewer cycles', '+'),
  within('In the timeline', 'more cycles', '-'),
  within('In the timeline', 'the whole run', 'F'),
  within('In the timeline', 'only the bar’s cycles', 'Z'),
  within('In the timeline', 'along the run', 'PageUp', 'PageDown'),
  within('In the timeline', 'selects the bar’s cycles', 'R'),
  within('In the timeline', 'what the bar’s unit does, in the documentation', 'D'),
  within('In the timeline', 'lets go of them', 'Escape'),
];

const NAMES: Record<string, string> = {
  Mod: 'Ctrl/Cmd',
  ArrowLeft: '←',
  ArrowRight: '→',
  ArrowUp: '↑',
  ArrowDown: '↓',
  PageUp: 'PgUp',
  PageDown: 'PgDn',
  Escape: 'Esc',
  '-': '−',
};

/** A chord as people write it. */
export function spelled(chord: string): string {
  const part = (text: string) => (text === '+' ? text : text.split('+').map(named).join(' + '));
  return chord.split(' ').map(part).join(', ');
}

function named(key: string): string {
  return NAMES[key] ?? key;
}

/** What a key press asks for, if it is one that is heard anywhere. */
export function actionOf(event: KeyboardEvent): Action | null {
  if (event.defaultPrevented) return null;
  const chord = chordOf(event);
  const action = KEYS.find(({ action, chords }) => action && chords.includes(chord))?.action ?? null;
  return action && heard(event.target as HTMLElement, chord) ? action : null;
}

/** Text fields, and controls that use the key themselves, keep it. */
function heard(target: HTMLElement, chord: string): boolean {
  if (/^Mod\+(Shift\+)?[ZY]$/.test(chord))
    return !target.closest(WRITES) || target.closest('#top, #chip-panel, #editor') !== null;
  if (chord.includes('Mod+') || chord.includes('Alt+')) return !target.closest('dialog') || chord !== 'Mod+Enter';
  if (!singleKeys() || target.closest(`${WRITES}, select, dialog`)) return false;
  return chord !== 'Space' || !target.closest('button, [role=gridcell]');
}

const WRITES = 'input:not([type=range]), textarea, [contenteditable=true]';

/** A key press by the names of the table. */
function chordOf(event: KeyboardEvent): string {
  const { ctrlKey, metaKey, shiftKey, altKey, code } = event;
  // With Alt, letters are others on some keyboards.
  const letter = altKey ? /^Key([A-Z])$/.exec(code)?.[1] : undefined;
  const key = letter ?? (event.key === ' ' ? 'Space' : event.key.length === 1 ? event.key.toUpperCase() : event.key);
  // Of other signs, Shift is the way to write them.
  const shift = shiftKey && /^[A-Z]/.test(key);
  return `${ctrlKey || metaKey ? 'Mod+' : ''}${shift ? 'Shift+' : ''}${altKey ? 'Alt+' : ''}${key}`;
}

const SINGLE = 'systole.single-keys';

/** Whether keys without Ctrl, Cmd and Alt are heard outside of what has the focus. */
export function singleKeys(): boolean {
  try {
    return localStorage.getItem(SINGLE) !== 'off';
  } catch {
    return true;
  }
}

/** Keeps that choice; false if the browser keeps nothing. */
export function setSingleKeys(on: boolean): boolean {
  try {
    localStorage.setItem(SINGLE, on ? 'on' : 'off');
    return true;
  } catch {
    return false;
  }
}
