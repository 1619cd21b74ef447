// Everything of the page that comes after the first picture: one script and one style for all of it.

import compareStyle from './compare.css?url';
import compiledStyle from './compiled.css?url';
import style from './views.css?url';
import type { Bench } from '../bench';
import { byId } from '../dom';
import { notice } from '../notices';
import { mountAddress } from './address';
import { mountCourse } from './course';
import { firstVisit } from './first-visit';
import { mountNumbers } from './numbers';
import { mountStops } from './stops';
import { mountRoofline } from './roofline';
import { mountStage } from './stage';
import { styled } from './styled';
import { mountTimeline } from './timeline';
import type { Span } from './timeline/span';

/** Puts all views into the page. */
export async function furnish(bench: Bench): Promise<void> {
  await styled(style);
  mountStage(bench);
  mountNumbers(bench);
  const span = mountTimeline(bench);
  mountStops(bench);
  mountRoofline(bench);
  mountCourse(bench, span);
  mountAddress(bench);
  comparisons(bench, span);
  compiled(bench);
  void firstVisit(bench);
  presentation(bench);
  const here = async () => (await import('./here')).mountHere(bench);
  const lost = () => notice('What limits a run, and links to the documentation, could not be loaded.');
  void bench.desk.module().then(here).catch(lost);
}

/** A link may ask for one; the address then is the figure's as ever. */
function presentation(bench: Bench): void {
  const asked = (address: string) => /[#&]p=1(&|$)/.test(address) && bench.act('present');
  addEventListener('hashchange', ({ newURL }) => asked(newURL));
  asked(location.hash);
}

/** Comparisons come when somebody asks for one. */
function comparisons(bench: Bench, span: Span): void {
  const openers = [byId<HTMLButtonElement>('compare'), byId<HTMLButtonElement>('dataflows')];
  openers[0]!.title = 'Pin this run and compare what comes with it';
  openers[1]!.title = 'Run this program with every dataflow';
  let mounted = false;
  bench.on('ran', ({ assembly }) => {
    if (!mounted) for (const opener of openers) opener.disabled = assembly;
  });
  const load = async ({ currentTarget }: Event) => {
    for (const opener of openers) opener.removeEventListener('click', load);
    try {
      const [{ mountCompare }] = await Promise.all([import('./compare'), styled(compareStyle)]);
      mounted = true;
      mountCompare(bench, span);
      (currentTarget as HTMLButtonElement).click();
    } catch {
      notice('Comparing could not be loaded; another click is another try.');
      for (const opener of openers) opener.addEventListener('click', load);
    }
  };
  for (const opener of openers) opener.addEventListener('click', load);
}

/** The Compiled tab comes when it is opened. */
function compiled(bench: Bench): void {
  const panel = byId('compiled-panel');
  const load = async () => {
    try {
      const [{ mountCompiled }] = await Promise.all([import('./compiled'), styled(compiledStyle)]);
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
