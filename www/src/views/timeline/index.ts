// The timeline under the array: the picture is Rust's; here are its scale, what points at it, and what is said about it.

import type { Bench } from '../../bench';
import { byId, make } from '../../dom';
import { Bookmarks } from './bookmarks';
import { cursor } from './cursor';
import { Gestures } from './gestures';
import { Keys } from './keys';
import { overview } from './overview';
import { Selection } from './selection';
import { ruler } from './ruler';
import { search } from './search';
import { Span } from './span';
import { Tip } from './tip';
import { zoomControls } from './zoom';

/** Puts it into the page; which cycles it shows is for other views to follow. */
export function mountTimeline(bench: Bench): Span {
  const span = new Span(bench, byId('lanes'));
  ruler(span);
  cursor(bench, span);
  overview(bench, span);
  const tip = new Tip(bench, span);
  const selection = new Selection(bench, span);
  new Gestures(bench, span, tip, selection);
  const spoken = make('div', { class: 'unseen', 'aria-live': 'polite' });
  byId('timeline').after(spoken);
  new Keys(bench, span, tip, selection, (text) => (spoken.textContent = text));
  const bookmarks = new Bookmarks(bench, span, (text) => (spoken.textContent = text));
  byId('lookup').append(search(bench, span), selection.toggle, bookmarks.controls, zoomControls(bench, span));
  return span;
}
