// Everything of the page that comes after the first picture: one script and one style for all of it.

import style from './views.css?url';
import type { Bench } from '../bench';
import { byId } from '../dom';
import { notice } from '../notices';
import { mountCompare } from './compare';
import { mountCourse } from './course';
import { firstVisit } from './first-visit';
import { mountLimits } from './limits';
import { mountStops } from './stops';
import { mountRoofline } from './roofline';
import { mountStage } from './stage';
import { styled } from './styled';
import { mountTimeline } from './timeline';

/** Puts all views into the page. */
export async function furnish(bench: Bench): Promise<void> {
  await styled(style);
  mountStage(bench);
  const span = mountTimeline(bench);
  mountStops(bench);
  mountLimits(bench);
  mountRoofline(bench);
  mountCourse(bench);
  mountCompare(bench, span);
  compiled(bench);
  void firstVisit(bench);
}

/** The Compiled tab comes when it is opened. */
function compiled(bench: Bench): void {
  const panel = byId('compiled-panel');
  const load = async () => {
    try {
      const { mountCompiled } = await import('./compiled');
      mountCompiled(bench);
      panel.dispatchEvent(new Event('open'));
    } catch {
      notice('The Compiled tab could not be loaded; opening it again is another try.');
      panel.addEventListener('open', load, { once: true });
    }
  };
  panel.addEventListener('open', load, { once: true });
  if (!panel.hidden) void load();
}
