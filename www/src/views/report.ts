// A report of a problem: written here, shown whole before it goes anywhere, and sent by whoever wrote it. The page sends nothing.

import style from './report.css?url';
import type { Bench } from '../bench';
import { button, byId, make } from '../dom';
import { download } from '../files';
import { type Facts, issuesOf, told } from './report-text';
import { styled } from './styled';

let box: Report | null = null;

export async function report(bench: Bench): Promise<void> {
  await styled(style);
  box ??= new Report(bench);
  await box.open();
}

class Report {
  private readonly words = make('textarea', {
    id: 'report-words',
    rows: '4',
    maxlength: '20000',
    placeholder: 'What did you do, what did you see, and what did you expect?',
  });
  private readonly program = checked('report-program');
  private readonly chip = checked('report-chip');
  private readonly preview = make('pre', { tabindex: '0', role: 'region', 'aria-label': 'The whole report' });
  private readonly status = make('p', { class: 'quiet', role: 'status' });
  private readonly dialog = make('dialog', { id: 'report-dialog', 'aria-labelledby': 'report-title' });
  private facts: Facts | null = null;

  constructor(private readonly bench: Bench) {
    this.dialog.append(
      make('h2', { id: 'report-title' }, 'Report a problem'),
      make(
        'p',
        {},
        'Nothing is sent from here. This is what a report says: read it, then copy it or save it as a file, and send it ',
        ...this.where(),
      ),
      make('label', { for: 'report-words' }, 'What happened'),
      this.words,
      make(
        'p',
        { class: 'with' },
        make('label', {}, this.program, ' with the program'),
        make('label', {}, this.chip, ' with the chip'),
      ),
      this.preview,
      this.status,
      make(
        'p',
        { class: 'actions' },
        button('Copy', () => void this.copy(), { class: 'primary' }),
        button('Save as a file', () => download('systole-report.md', this.text())),
        button('Close', () => this.dialog.close()),
      ),
    );
    for (const field of [this.words, this.program, this.chip]) field.addEventListener('input', () => this.show());
    byId('drop').after(this.dialog);
  }

  /** To whom: where the project is, if whoever built the page has said so. */
  private where(): (Node | string)[] {
    const issues = issuesOf(__REPOSITORY__);
    if (!issues)
      return ['to whoever gave you this page: it does not know of a place where its problems are collected.'];
    return ['as ', make('a', { href: issues, target: '_blank', rel: 'noopener' }, 'a new issue of the project'), '.'];
  }

  async open(): Promise<void> {
    if (this.dialog.open) return;
    this.status.textContent = '';
    this.facts = await facts(this.bench);
    this.show();
    this.dialog.showModal();
    this.words.focus();
  }

  private text(): string {
    const { facts, program, chip } = this;
    if (!facts) return '';
    const without = { ...(program.checked ? {} : { program: null }), ...(chip.checked ? {} : { chip: null }) };
    return told(this.words.value, { ...facts, ...without });
  }

  private show(): void {
    this.preview.textContent = this.text();
  }

  private async copy(): Promise<void> {
    try {
      await navigator.clipboard.writeText(this.text());
      this.status.textContent = 'Copied.';
    } catch {
      // Without leave, or without https, it can still be copied by hand.
      getSelection()?.selectAllChildren(this.preview);
      this.status.textContent =
        'This browser lets no page copy: the report is selected, copy it with Ctrl or Cmd and C.';
    }
  }
}

function checked(id: string): HTMLInputElement {
  const field = make('input', { type: 'checkbox', id });
  field.checked = true;
  return field;
}

/** What the page knows of itself. */
async function facts({ version, desk, report, cycle }: Bench): Promise<Facts> {
  const { base, words, changes } = desk.chip();
  const form = await desk
    .call('chipForm', base, words, Object.keys(changes), Object.values(changes))
    .catch(() => undefined);
  const { theme, phase } = document.documentElement.dataset;
  return {
    version,
    page: location.origin + location.pathname,
    browser: navigator.userAgent,
    window: `${innerWidth} x ${innerHeight} at ${devicePixelRatio}`,
    theme: theme ?? '',
    state: `${phase ?? ''}, cycle ${cycle} of ${report?.cycles ?? 0}${report?.assembly ? ', an assembly' : ''}`,
    verdict: byId('verdict').textContent,
    problems: [...document.querySelectorAll('#problems li .problem-link')].map((item) => item.textContent),
    program: desk.text(),
    chip: form?.file ?? `based_on = ${JSON.stringify(base)}\n${JSON.stringify(changes)}`,
  };
}
