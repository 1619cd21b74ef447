// Texts to be copied, what they say of how a figure looks in somebody else's page, and a code for phones.

import type { Bench } from '../../bench';
import { button, grouped, make } from '../../dom';
import type { Figure } from '../../link';
import { choice, fileName } from './parts';
import { codeOf, MOST } from './qr';
import { type Shared, textsOf } from './texts';

export class Sharing {
  readonly panel = make('div', { class: 'sharing' });
  private readonly controls = choice('Controls', ['full', 'transport', 'none']);
  private readonly theme = choice('Theme', ['auto', 'light', 'dark']);
  private readonly autoplay = make('input', { type: 'checkbox' });
  private readonly editable = make('input', { type: 'checkbox' });
  private readonly texts = new Map<Shared['name'], HTMLTextAreaElement>();
  private readonly list = make('div', { class: 'share-texts' });
  private readonly code = make('div', { class: 'share-code' });
  private readonly needed = make('p', { class: 'share-needed', hidden: '' });
  private figure: Figure | null = null;
  /** How often texts have been asked for: only the last ones are shown. */
  private asked = 0;

  constructor(
    private readonly bench: Bench,
    private readonly say: (text: string) => void,
  ) {
    const manner = make(
      'fieldset',
      { class: 'share-manner' },
      make('legend', {}, 'In another page'),
      this.controls.label,
      this.theme.label,
      make('label', {}, this.autoplay, ' plays by itself'),
      make('label', {}, this.editable, ' with an editable program'),
    );
    for (const field of [this.controls.field, this.theme.field, this.autoplay, this.editable]) {
      field.addEventListener('input', () => void this.show());
    }
    this.panel.append(this.code, this.needed, manner, this.list);
  }

  /** Shares what is seen now. */
  async open(): Promise<void> {
    this.figure = this.bench.desk.figure();
    const own = this.bench.desk.ownArrays();
    this.needed.hidden = own.length === 0;
    this.needed.replaceChildren(
      'The program reads files of yours, which no link holds: ',
      ...own.flatMap((path, at) => [at > 0 ? ', ' : '', make('code', {}, path)]),
      '. Whoever opens it needs them too, to drop them on the page.',
    );
    await this.show();
  }

  private async show(): Promise<void> {
    const { figure } = this;
    if (!figure) return;
    const asked = ++this.asked;
    const manner = {
      controls: this.controls.field.value,
      theme: this.theme.field.value,
      autoplay: this.autoplay.checked,
      editable: this.editable.checked,
    };
    const picture = fileName(figure, this.bench.cycle, 'svg');
    const shared = await textsOf(figure, manner, folder(), picture);
    if (asked !== this.asked) return;
    for (const each of shared) this.fill(each);
    this.draw(shared[0]!.text);
  }

  private fill({ name, title, text }: Shared): void {
    const field = this.texts.get(name) ?? this.row(name, title);
    field.value = text;
    field.rows = ROWS[name];
  }

  private row(name: Shared['name'], title: string): HTMLTextAreaElement {
    const id = `share-${name}`;
    const field = make('textarea', { id, class: 'mono', readonly: '', spellcheck: 'false', wrap: 'soft' });
    field.addEventListener('focus', () => field.select());
    const copy = button('Copy', () => void this.copy(field, title), { 'aria-label': `Copy ${title}` });
    this.list.append(make('label', { for: id }, title, make('small', {}, ABOUT[name])), field, copy);
    this.texts.set(name, field);
    return field;
  }

  private async copy(field: HTMLTextAreaElement, title: string): Promise<void> {
    try {
      await navigator.clipboard.writeText(field.value);
      this.say(`${title} copied.`);
    } catch {
      // Without leave, or without https, it can still be copied by hand.
      field.focus();
      field.select();
      this.say('This browser lets no page copy: the text is selected, copy it with Ctrl or Cmd and C.');
    }
  }

  private draw(link: string): void {
    const code = codeOf(link);
    const length = `The link has ${grouped(link.length)} characters`;
    const words = code ? `${length}.` : `${length}: a QR code holds ${grouped(MOST)} at most.`;
    this.code.replaceChildren(...(code ? [code] : []), make('p', { class: 'quiet' }, words));
  }
}

const ROWS: Record<Shared['name'], number> = { link: 2, frame: 3, element: 4, markdown: 2, oembed: 4 };

const ABOUT: Record<Shared['name'], string> = {
  link: 'opens what you see',
  frame: 'HTML, works anywhere',
  element: 'HTML, grows with its content',
  markdown: 'a picture that leads here',
  oembed: 'JSON',
};

/** Where the page and its element lie. */
function folder(): string {
  return new URL('./', location.origin + location.pathname).href;
}
