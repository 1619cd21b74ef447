// Links from the workbench into the documentation.

import { make } from '../dom';
import { addressOf } from './topics';

/** A link to where a topic is told of, beside the page, which stays as it is. Nothing for what is no topic. */
export function docsLink(topic: string, text = `${topic} in the documentation`): HTMLAnchorElement[] {
  const href = addressOf(topic);
  return href === null ? [] : [make('a', { href, target: '_blank', rel: 'noopener', class: 'docs-link' }, text)];
}

/** A sign behind a heading that leads to what stands below it. */
export function docsSign(topic: string, what: string): HTMLAnchorElement[] {
  return docsLink(topic, '?').map((link) => {
    link.classList.add('docs-sign');
    link.setAttribute('aria-label', `${what} in the documentation`);
    return link;
  });
}
