// The beginning of a figure that is one file: everything is in it, and nothing is asked from anywhere.

import { begun } from '../embed/begin';
import { byId } from '../dom';
import { contentOf } from './content';

begun(() => {
  const content = contentOf(byId('content').textContent ?? '');
  document.title = content.title;
  return content;
});
