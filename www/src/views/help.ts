// The help: what one sees, every key, and how a program is written. It is made when somebody asks for it.

import style from './controls.css?url';
import type { Bench } from '../bench';
import { button, byId, make } from '../dom';
import { KEYS, type Key, setSingleKeys, singleKeys, spelled } from '../keys';
import { notice } from '../notices';
import { styled } from './styled';

const SEEN = [
  'A systolic array. With weights stationary, they come in from above and wait in shadow registers. Activations come ' +
    'in from the left, each row one cycle later than the row above it: the skew. Each PE multiplies its activation by ' +
    'its weight, adds the sum from above, and hands both on. Sums leave below, into the accumulators. With inputs ' +
    'stationary the product is transposed: activations stay, weights stream. With outputs stationary both stream, and ' +
    'each PE keeps its sum until it drains.',
  'In each PE: the activation at the top left, the weight at the top right, the sum in the middle; below, the weight ' +
    'that passes by on its way down (↓) and the next tile’s weight, once it has landed. Of a program too large for its ' +
    'values, each PE says which elements it multiplies. X shows all numbers in hexadecimal, as their bits are stored, or as the ' +
    'indices of their elements: of a sum, those of the result that it becomes.',
  'Around the array are DRAM with its bus, a weight FIFO, accumulators, a vector unit and a unified buffer, each with a ' +
    'lane under the picture. Under “Chip” you choose one that was built, or change any field of it.',
];

const GESTURES =
  'In the timeline, Ctrl and the wheel or two fingers zoom, a double click zooms to a bar, dragging with Alt or the ' +
  'middle button moves along, dragging with Shift or over the cycle numbers selects cycles, which are counted at the side.';

const PROGRAM = `input  x : i8[8, 64]  = load("x.npy")   # or made from the name
weight w : i8[64, 10]
h = relu(requant(x @ w, shift=7))
output argmax(h, axis=1)`;

let dialog: HTMLDialogElement | null = null;

export async function help(bench: Bench): Promise<void> {
  await styled(style);
  dialog ??= made(bench);
  if (!dialog.open) dialog.showModal();
}

function made(bench: Bench): HTMLDialogElement {
  const title = make('h2', { id: 'help-title' }, 'What you see');
  const dialog = make('dialog', { id: 'help-dialog', 'aria-labelledby': 'help-title' }, title);
  dialog.append(
    ...SEEN.map((text) => make('p', {}, text)),
    make('p', {}, make('a', { href: './docs/machine.html' }, 'What a cycle is'), ', and what every count means.'),
    make(
      'p',
      {},
      button('Take the tour', () => tourFrom(dialog, bench)),
    ),
    ...keys(),
    make('p', {}, GESTURES),
    make('h3', {}, 'The program'),
    make('pre', { class: 'mono', tabindex: '0' }, PROGRAM),
    make('p', {}, 'All of it is on one page: ', make('a', { href: './docs/language.html' }, 'the language'), '.'),
    credits(bench),
    make(
      'p',
      { class: 'actions' },
      button('Close', () => dialog.close()),
    ),
  );
  byId('drop').after(dialog);
  return dialog;
}

function tourFrom(dialog: HTMLDialogElement, bench: Bench): void {
  dialog.close();
  bench.act('tour');
}

function credits(bench: Bench): HTMLElement {
  const text =
    'The digits: E. Alpaydin and C. Kaynak, UCI Machine Learning Repository, 1998, CC BY 4.0. Systole ' + bench.version;
  return make('p', { class: 'quiet' }, text);
}

/** By where they are heard. */
function keys(): HTMLElement[] {
  const places = [...new Set(KEYS.map(({ where }) => where))];
  const lists = places.flatMap((place) => {
    const ofPlace = KEYS.filter(({ where }) => where === place);
    return [make('h4', {}, place), make('dl', { class: 'keys' }, ...ofPlace.flatMap(entry))];
  });
  return [make('h3', {}, 'Keys'), single(), ...lists];
}

function entry({ chords, does }: Key): HTMLElement[] {
  const shown = chords.flatMap((chord) => [make('kbd', {}, spelled(chord)), ' ']);
  return [make('dt', {}, ...shown), make('dd', {}, does)];
}

/** For those whom letters reach that they did not mean to write, as from speech. */
function single(): HTMLElement {
  const box = make('input', { type: 'checkbox', id: 'single-keys' });
  box.checked = singleKeys();
  box.addEventListener('change', () => {
    if (!setSingleKeys(box.checked)) notice('This browser keeps nothing: the keys stay as they are.');
  });
  const label = make('label', { for: 'single-keys' }, box, ' Keys without Ctrl, Cmd or Alt work anywhere but in text');
  return make('p', {}, label);
}
