// Styles that come with parts of the page.

import { make } from '../dom';

const links = new Map<string, Promise<void>>();

/** A part with its style, or not at all. */
export function styled(href: string): Promise<void> {
  const link = links.get(href) ?? loaded(href);
  links.set(href, link);
  return link;
}

function loaded(href: string): Promise<void> {
  const link = make('link', { rel: 'stylesheet', href });
  return new Promise((resolve, reject) => {
    link.addEventListener('load', () => resolve());
    link.addEventListener('error', () => {
      link.remove();
      links.delete(href);
      reject(new Error('no style'));
    });
    document.head.append(link);
  });
}
