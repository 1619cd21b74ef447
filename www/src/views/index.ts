// Everything of the page that comes after the first picture: one script and one style for all of it.

import style from './views.css?url';
import type { Bench } from '../bench';
import { styled } from './styled';
import { mountCompiled } from './compiled';
import { mountCourse } from './course';
import { firstVisit } from './first-visit';
import { mountLimits } from './limits';
import { mountStops } from './stops';
import { mountRoofline } from './roofline';
import { mountStage } from './stage';
import { mountTimeline } from './timeline';

/** Puts all views into the page. */
export async function furnish(bench: Bench): Promise<void> {
  await styled(style);
  mountStage(bench);
  mountTimeline(bench);
  mountStops(bench);
  mountLimits(bench);
  mountRoofline(bench);
  mountCourse(bench);
  mountCompiled(bench);
  void firstVisit(bench);
}
