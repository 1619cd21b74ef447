// What comes with the first sign of somebody: nobody waits for it, and it costs those nothing who only look.

import style from './here.css?url';
import type { Bench } from '../bench';
import { byId, make } from '../dom';
import { docsLink, docsSign } from './docs-link';
import { mountFoot } from './foot';
import { keepSite } from './installed';
import { mountLimits } from './limits';
import { styled } from './styled';
import { topicOf } from './topics';

export async function mountHere(bench: Bench): Promise<void> {
  await styled(style);
  // Nothing is tried for nobody.
  mountLimits(bench);
  headings();
  problems();
  mountFoot(bench);
  keepSite();
}

/** Sections of the side panel, and what each shows. */
const SECTIONS: Record<string, string> = {
  limits: 'advice',
  roofline: 'roofline',
  course: 'course',
};

/** A sign behind each heading leads to what the section shows. */
function headings(): void {
  for (const [id, topic] of Object.entries(SECTIONS)) {
    const heading = byId(id).querySelector('h2');
    heading?.append(' ', ...docsSign(topic, heading.textContent));
  }
}

/** Below each problem is where the documentation tells of what it is about. */
function problems(): void {
  const list = byId('problems').querySelector('ol')!;
  const link = () => {
    for (const item of list.querySelectorAll('li:not(.told)')) {
      item.classList.add('told');
      const topic = topicOf(item.querySelector('.problem-link')?.textContent ?? '');
      if (topic) item.append(make('p', { class: 'problem-docs' }, ...docsLink(topic)));
    }
  };
  new MutationObserver(link).observe(list, { childList: true });
  link();
}
