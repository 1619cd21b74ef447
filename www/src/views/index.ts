// Everything of the page that comes after the first picture: one script and one style for all of it.

import style from './views.css?url';
import type { Bench } from '../bench';
import { make } from '../dom';
import { mountCompare } from './compare';
import { mountCompiled } from './compiled';
import { mountCourse } from './course';
import { mountLimits } from './limits';
import { mountRoofline } from './roofline';
import { mountStage } from './stage';
import { mountTimeline } from './timeline';

/** Puts all views into the page. */
export async function furnish(bench: Bench): Promise<void> {
  await styled();
  mountStage(bench);
  const span = mountTimeline(bench);
  mountLimits(bench);
  mountRoofline(bench);
  mountCourse(bench);
  mountCompare(bench, span);
  mountCompiled(bench);
}

/** With its style, or not at all. */
function styled(): Promise<void> {
  const link = make('link', { rel: 'stylesheet', href: style });
  return new Promise((resolve, reject) => {
    link.addEventListener('load', () => resolve());
    link.addEventListener('error', () => {
      link.remove();
      reject(new Error('no style'));
    });
    document.head.append(link);
  });
}
